//! All nodes are stopped for four minutes and started again.

use super::{timed, Case, SILENT};
use crate::support::{
    hold, step,
    waiting::{closed, finality_resumes, until},
    Outcome,
};
use pallet_jobs::SlotInfo;
use ratio1_primitives::{api::EpochState, EpochIndex};
use ratio1_testnet::{
    facts::{Check, EpochFacts},
    story::{now_ms, ALWAYS_ON},
    Network, Who,
};
use std::time::Duration;

/// How long no node runs.
const OUTAGE: Duration = Duration::from_secs(240);

/// The epoch that it cuts comes to an end by itself, nobody loses pay or reputation, services go on.
pub async fn outage_of_the_whole_network_costs_nobody_anything(network: &mut Network, case: &mut Case) -> Outcome {
    timed("all nodes are stopped for four minutes", outage(network, case)).await
}

async fn outage(network: &mut Network, case: &mut Case) -> Outcome {
    let lasting = case.lasting.ok_or("a job is served")?;
    let (clock, reputations) = (case.clock, case.reputations().await?);
    // In the middle of an epoch, so that it has beats before the outage and lacks more than a node may miss.
    let running = clock.epoch_at(now_ms());
    if now_ms() > clock.epoch_start(running) + clock.epoch_ms * 2 / 3 {
        until(clock.epoch_start(running.plus(1)) + clock.epoch_ms / 3).await?;
    }
    let before = case.running(lasting).await?;
    let cut = clock.epoch_at(now_ms());
    network.terminate_together(&Who::ALL).await?;
    step(&format!("no node runs; epoch {cut} is cut"));
    tokio::time::sleep(OUTAGE).await;

    network.remember_finality_key(SILENT);
    network.start_together(&Who::ALL).await?;
    case.reconnect(network).await?;
    finality_resumes(&case.client).await?;
    let back = clock.epoch_at(now_ms());
    step(&format!("all nodes run again, in epoch {back}"));

    let mut unpaid = 0;
    for epoch in (cut.0..=back.0).map(EpochIndex) {
        let facts = closed(&case.client, epoch).await?;
        let ended = !matches!(facts.info.state, EpochState::Unresolved(_));
        let what = format!("epoch {epoch} comes to an end by itself");
        hold(Check::new(what, ended, format!("{:?}", facts.info.state)))?;
        match facts.is_finalised() {
            true => everybody_is_paid(&facts)?,
            false => unpaid += 1,
        }
    }
    let whole = closed(&case.client, back.plus(1)).await?;
    hold(Check::new("the next whole epoch settles", whole.is_finalised(), format!("{:?}", whole.info.state)))?;
    everybody_is_paid(&whole)?;

    let (earned, _) = case.earning(lasting, back.plus(1)).await?;
    let right = earned.byte.is_some_and(|byte| ALWAYS_ON.contains(&byte));
    hold(Check::new("the service went on after the outage", right, format!("{earned:?}")))?;
    made_good(&before, &case.running(lasting).await?, unpaid)?;
    case.nobody_was_harmed(&reputations).await
}

/// Every node of the cast has the byte of one that was there all the time.
fn everybody_is_paid(facts: &EpochFacts) -> Outcome {
    let bytes: Vec<_> = Who::ALL.iter().map(|who| (who.name(), facts.byte(*who))).collect();
    let right = bytes.iter().all(|(_, byte)| byte.is_some_and(|byte| ALWAYS_ON.contains(&byte)));
    let what = format!("in epoch {} every node is paid for all the time there was", facts.info.epoch);
    hold(Check::new(what, right, format!("{bytes:?}")))
}

/// It is the same service, and its end is put off by the epochs that were not paid.
fn made_good(before: &SlotInfo, after: &SlotInfo, unpaid: u32) -> Outcome {
    let same = before.state == after.state;
    let detail = format!("{:?} to {}, then {:?} to {}", before.state, before.ends, after.state, after.ends);
    hold(Check::new("it is the same service as before", same, detail.clone()))?;
    let right = after.ends == before.ends.plus(unpaid);
    hold(Check::new(format!("its end is put off by the {unpaid} epochs without result"), right, detail))
}
