//! What a node can say of its own sending, for `r1_status` and metrics.

use ratio1_primitives::{AccountId, EpochIndex};

/// How the node's beats of the running epoch fare.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// The running epoch.
    pub epoch: EpochIndex,
    /// Its slots for which at least one oracle took the node's beat, since the node started.
    pub delivered: u32,
    /// To whom beats are sent, unless one of them does not answer.
    pub receivers: Vec<AccountId>,
    /// Receivers that were left since their beats do not arrive elsewhere.
    pub left: Vec<AccountId>,
    /// What oracles that the node does not send to said of its beats, the newest last.
    pub checks: Vec<Check>,
}

/// What one oracle that the node does not send to said of its beats of the running epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// The oracle.
    pub oracle: AccountId,
    /// When, in Unix milliseconds.
    pub at: u64,
    /// Slots for which at least one receiver had taken the beat by then, but for the newest.
    pub delivered: u32,
    /// How many it counts, or why it does not say.
    pub counted: Result<u32, String>,
}

/// How a question about the node's beats was answered, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CheckOutcome {
    /// The oracle counts what was delivered.
    Arrived,
    /// It counts less.
    Missing,
    /// It did not say.
    Unanswered,
}

impl CheckOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Arrived, Self::Missing, Self::Unanswered];

    /// The metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Arrived => "arrived",
            Self::Missing => "missing",
            Self::Unanswered => "unanswered",
        }
    }
}
