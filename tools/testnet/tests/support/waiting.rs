//! Waiting for what a chain does by itself.

use super::{hold, Outcome};
use ratio1_primitives::{api::EpochState, EpochIndex};
use ratio1_testnet::{
    client::Head,
    facts::{Check, EpochFacts},
    story::now_ms,
    wait::wait_for,
    Client, Error,
};
use std::time::Duration;

/// Until an epoch that runs is settled: the rest of it, its windows at half the block rate, and slack.
pub const EPOCH_LIMIT: Duration = Duration::from_secs(240);
/// Until blocks are made, finality moves, a node answers.
pub const LIVENESS_LIMIT: Duration = Duration::from_secs(120);
/// Blocks without a finalised one that show a stall.
const STALL_BLOCKS: u32 = 5;

/// Blocks go on and none becomes final. Returns the last final one.
pub async fn finality_stalls(client: &Client) -> Outcome<Head> {
    // What was voted on before the kill may still become final.
    let from = client.best().await?.number;
    let grow = |to: u32| {
        wait_for(format!("block {to}"), LIVENESS_LIMIT, move || async move {
            Ok::<_, Error>((client.best().await?.number >= to).then_some(()))
        })
    };
    grow(from + 2).await?;
    let stalled = client.finalised().await?;
    grow(from + 2 + STALL_BLOCKS).await?;
    let now = client.finalised().await?;
    let detail = format!("finalised {} and {}, {STALL_BLOCKS} blocks apart", stalled.number, now.number);
    hold(Check::new("finality stalls, blocks go on", now.number == stalled.number, detail))?;
    Ok(stalled)
}

/// Wait until an epoch is over and has come to an end, good or bad.
pub async fn closed(client: &Client, epoch: EpochIndex) -> Outcome<EpochFacts> {
    let facts = wait_for(format!("epoch {epoch} to settle"), EPOCH_LIMIT, || async {
        let at = client.finalised().await?.hash;
        let info = client.epoch(at, epoch).await?;
        match is_over(&info.state) {
            true => EpochFacts::read(client, at, epoch).await.map(Some),
            false => Ok(None),
        }
    });
    Ok(facts.await?)
}

/// Wait until the wall clock reaches `moment` (Unix milliseconds).
pub async fn until(moment: u64) -> Outcome {
    let what = "the moment in the epoch";
    Ok(wait_for(what, EPOCH_LIMIT, || async { Ok::<_, Error>((now_ms() >= moment).then_some(())) }).await?)
}

/// Whether an epoch has come to an end, good or bad.
pub fn is_over(state: &EpochState) -> bool {
    !matches!(state, EpochState::Future | EpochState::Running | EpochState::Voting(_))
}

/// Wait until what the chain was at when this is called is final.
pub async fn finality_resumes(client: &Client) -> Outcome<Head> {
    let best = client.best().await?;
    let head = wait_for(format!("block {} to become final", best.number), LIVENESS_LIMIT, || async {
        let head = client.finalised().await?;
        Ok::<_, Error>((head.number >= best.number).then_some(head))
    });
    Ok(head.await?)
}
