//! Finality that stalls while a job is served, one ends, one is offered and one is asked for.

use super::{timed, Case, LATE, OPERATOR};
use crate::support::{
    hold, step,
    waiting::{finality_resumes, finality_stalls, is_over, EPOCH_LIMIT},
    Outcome,
};
use ratio1_primitives::{jobs::SlotRef, EpochIndex};
use ratio1_testnet::{client::Head, facts::Check, story::ALWAYS_ON, wait::wait_for, Error, Network};

/// Epochs of the job that lasts: the stall, the outage and some more.
const LASTING: u32 = 8;
/// Epochs of the job that ends in the stall.
const ENDING: u32 = 2;
/// Epochs of the jobs accepted in the stall.
const ACCEPTED_IN_STALL: u32 = 3;

/// Nobody loses reputation, is barred, or loses pay or a slot, and offers are accepted as ever.
pub async fn stall_of_finality_costs_nobody_anything(network: &mut Network, case: &mut Case) -> Outcome {
    timed("finality stalls, with a job in every state", stall(network, case)).await
}

async fn stall(network: &mut Network, case: &mut Case) -> Outcome {
    case.prepare().await?;
    let reputations = case.reputations().await?;
    let (lasting, _) = case.serve("request of a job that lasts", LASTING).await?;
    case.lasting = Some(lasting);
    case.serve("request of a job that ends in the stall", ENDING).await?;
    let offered = case.request("request of a job that is offered when the stall begins", ACCEPTED_IN_STALL).await?;
    case.offered(offered).await?;

    step("dave is started anew without its GRANDPA key: with charlie's, two of four are missing");
    network.kill(LATE);
    network.forget_finality_key(LATE).await?;
    network.start(LATE).await?;
    let stalled = finality_stalls(&case.client).await?;
    case.accept(offered).await?;
    let asked = case.request("request of a job in the stall", ACCEPTED_IN_STALL).await?;
    case.offered(asked).await?;
    let epoch = case.accept(asked).await?;

    step(&format!("the stall lasts until epoch {epoch}, in which both were accepted, is voted on"));
    over_on_the_best_chain(case, epoch).await?;
    still_stalled(case, stalled).await?;

    step("dave is started with all its keys");
    network.kill(LATE);
    network.remember_finality_key(LATE);
    network.start(LATE).await?;
    let head = finality_resumes(&case.client).await?;
    let detail = format!("stalled at {}, now {}", stalled.number, head.number);
    hold(Check::new("finality resumes", head.number > stalled.number, detail))?;

    let (earned, _) = case.earning(lasting, epoch).await?;
    let right = earned.byte.is_some_and(|byte| ALWAYS_ON.contains(&byte)) && earned.amount > 0;
    hold(Check::new("the job that was served all the time is paid for the stall", right, format!("{earned:?}")))?;
    for slot in [offered, asked] {
        paid_or_made_good(case, slot, epoch).await?;
    }
    for slot in [lasting, offered, asked] {
        case.running(slot).await?;
    }
    case.nobody_was_harmed(&reputations).await
}

/// An epoch in which oracles could not know the service: it is paid as what it was, or neither paid nor charged, and
/// made good at the end.
async fn paid_or_made_good(case: &Case, slot: SlotRef, epoch: EpochIndex) -> Outcome {
    let (earned, info) = case.earning(slot, epoch).await?;
    let paid = earned.byte.is_some_and(|byte| ALWAYS_ON.contains(&byte)) && earned.amount > 0;
    let end = info.started.map(|started| started.plus(ACCEPTED_IN_STALL));
    let made_good = earned.amount == 0 && end.is_some_and(|end| info.ends > end);
    let what = format!("epoch {epoch} of job {}, accepted in the stall, is paid or made good", slot.job);
    let detail = format!("{earned:?}; from {:?} to {} instead of {end:?}", info.started, info.ends);
    hold(Check::new(what, (paid || made_good) && earned.license == OPERATOR.license(), detail))
}

/// Wait until an epoch is over and has come to an end, final or not.
async fn over_on_the_best_chain(case: &Case, epoch: EpochIndex) -> Outcome {
    let state = wait_for(format!("epoch {epoch} to settle in blocks that are not final"), EPOCH_LIMIT, || async {
        let info = case.client.epoch(case.client.best().await?.hash, epoch).await?;
        Ok::<_, Error>(is_over(&info.state).then_some(info.state))
    });
    let state = state.await?;
    let right = state == ratio1_primitives::api::EpochState::Finalised;
    hold(Check::new(format!("epoch {epoch} is voted on although nothing becomes final"), right, format!("{state:?}")))
}

async fn still_stalled(case: &Case, stalled: Head) -> Outcome {
    let now = case.client.finalised().await?;
    let detail = format!("final at {} and {}", stalled.number, now.number);
    hold(Check::new("all of it happened while nothing became final", now.number == stalled.number, detail))
}
