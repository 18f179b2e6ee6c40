//! How far a validator is on its way to vote, for those who wait for it.

use std::sync::Arc;
use tokio::sync::watch;

/// How far a validator is on its way to vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It looks for others, and takes no part in finality.
    Waiting,
    /// It follows the votes of others.
    Listening,
    /// It votes.
    Voting,
}

/// Where this node stands, for those who wait for it and for those who are asked.
#[derive(Clone)]
pub struct StageWatch(Arc<watch::Sender<Stage>>);

impl StageWatch {
    /// At a stage.
    pub fn new(stage: Stage) -> Self {
        Self(Arc::new(watch::Sender::new(stage)))
    }

    /// Now.
    pub fn stage(&self) -> Stage {
        *self.0.borrow()
    }

    /// Once it is at this stage or beyond.
    pub async fn reached(&self, stage: Stage) {
        // The sender is ours, so it does not go away.
        let _ = self.0.subscribe().wait_for(|now| *now >= stage).await;
    }

    /// It is at this stage from now on.
    pub(super) fn set(&self, stage: Stage) {
        self.0.send_replace(stage);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test]
    async fn who_waits_for_a_stage_is_told_when_it_or_a_later_one_is_reached() {
        let watch = StageWatch::new(Stage::Waiting);
        let waiting = tokio::spawn({
            let watch = watch.clone();
            async move { watch.reached(Stage::Listening).await }
        });
        watch.set(Stage::Voting);
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("in time").expect("no panic");
        assert_eq!(watch.stage(), Stage::Voting);
        watch.reached(Stage::Waiting).await;
    }
}
