//! Follows finality, and prints how each epoch ended, from the last one that did; with a number, so many and no more:
//!
//! `epochs ws://127.0.0.1:9944 1`

use ratio1_primitives::api::{EpochInfo, EpochState};
use ratio1_testnet::{facts::r1, Client};
use std::error::Error;

const USAGE: &str = "usage: epochs URL [COUNT]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let url = arguments.next().ok_or(USAGE)?;
    let mut left = arguments.next().map_or(Ok(u32::MAX), |count| count.parse())?;

    let client = Client::connect(&url).await?;
    let mut finality = client.follow_finality().await?;
    let mut head = finality.next().await?;
    let mut next = client.clock(head.hash).await?.current;
    while next.0 > 0 && !is_over(&client.epoch(head.hash, next).await?.state) {
        next = next.minus(1);
    }
    while left > 0 {
        let epoch = client.epoch(head.hash, next).await?;
        if is_over(&epoch.state) {
            let outstanding = client.supply(head.hash).await?.outstanding;
            println!("{}; {} R1 outstanding in block {}", ending(&epoch), r1(outstanding), head.number);
            (next, left) = (next.plus(1), left - 1);
        } else {
            // Blocks between this one and the next are final too: nothing is missed by not looking at them.
            head = finality.next().await?;
        }
    }
    Ok(())
}

/// Whether nothing more is awaited of it. Governance may still choose the bytes of one that is unresolved: later epochs do
/// not wait for that, and neither does this program.
fn is_over(state: &EpochState) -> bool {
    !matches!(state, EpochState::Future | EpochState::Running | EpochState::Voting(_))
}

fn ending(epoch: &EpochInfo) -> String {
    let (seats, eligible) = (epoch.ballots.len(), epoch.ballots.iter().filter(|seat| seat.eligible).count());
    match &epoch.state {
        EpochState::Finalised => format!("epoch {}: finalised, {eligible} of {seats} ballots counted", epoch.epoch),
        EpochState::Unresolved(why) => {
            format!("epoch {}: unresolved, {} eligible ballots of {} needed", epoch.epoch, why.eligible, why.quorum)
        }
        other => format!("epoch {}: {other:?}", epoch.epoch),
    }
}
