//! What a claim costs after one finalised epoch and after all 1080 of a Node Deed's life.

use crate::{
    figures::{time, Figure, Outcome},
    state, BenchError,
};
use frame_support::{
    pallet_prelude::{Authorize, TransactionSource},
    traits::{fungible::Inspect, UnfilteredDispatchable},
};
use frame_system::RawOrigin;
use ratio1_primitives::{
    economics::{self, NODE_EPOCHS},
    traits::LicenseInspect,
    AccountId, Balance, EpochIndex, LicenseClass, LicenseId, PAGE_SIZE,
};
use ratio1_runtime::{Balances, Licenses, Rewards, Runtime, RuntimeCall, System};
use sp_io::TestExternalities;
use std::time::Duration;

/// Claims measured in each state, in turns; the best half of them is averaged.
const ROUNDS: usize = 2_000;

/// A chain on which a Node Deed has credits to claim.
struct Scene {
    ext: TestExternalities,
    license: LicenseId,
    owner: AccountId,
}

/// Measure both, and fail if a claim touches more items after more epochs.
pub fn run() -> Result<Outcome, BenchError> {
    let (mut young, mut old) = (scene(1)?, scene(NODE_EPOCHS)?);
    let (few, first) = state::count(&mut young.ext, claim(young.license));
    let (many, second) = state::count(&mut old.ext, claim(old.license));
    first.and(second)?;
    check(&mut young, 1)?;
    check(&mut old, NODE_EPOCHS)?;

    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        fast.push(one(&mut young)?);
        slow.push(one(&mut old)?);
    }
    let (fast, slow) = (typical(fast), typical(slow));

    let mut outcome = Outcome::default();
    outcome.require((few.reads, few.writes) == (many.reads, many.writes), || {
        format!("claim: touches {few:?} after one epoch, but {many:?} after {NODE_EPOCHS}")
    });
    let against = "after 1 epoch";
    let mut add = |what: &str, unit, young: f64, old: f64| {
        outcome.figures.push(Figure::new(format!("claim/1/{what}"), young, unit, against, young));
        outcome.figures.push(Figure::new(format!("claim/{NODE_EPOCHS}/{what}"), old, unit, against, young));
    };
    add("time", "us", fast, slow);
    add("reads", "items", few.reads as f64, many.reads as f64);
    add("writes", "items", few.writes as f64, many.writes as f64);
    Ok(outcome)
}

/// The `local` network after `epochs` epochs in which every linked node was always on.
fn scene(epochs: u32) -> Result<Scene, BenchError> {
    let mut ext = state::local()?;
    let (license, owner) = ext.execute_with(|| {
        System::set_block_number(1);
        let bytes = [255; PAGE_SIZE as usize];
        (1..=epochs).for_each(|epoch| Rewards::on_page(EpochIndex(epoch), 0, &bytes));
        System::reset_events();
        let is_node = |id: &LicenseId| Licenses::license(*id).is_some_and(|l| l.class == LicenseClass::Node);
        let license = (0..Licenses::count()).map(LicenseId).find(is_node);
        let license = license.ok_or(BenchError::Setup("the local preset has no Node Deed"))?;
        let owner = Licenses::owner(license).ok_or(BenchError::Setup("the Node Deed has no owner"))?;
        Ok::<_, BenchError>((license, owner))
    })?;
    state::commit(&mut ext)?;
    Ok(Scene { ext, license, owner })
}

/// Authorise and dispatch the claim, as a block does.
fn claim(license: LicenseId) -> impl FnOnce() -> Result<(), BenchError> {
    let call = RuntimeCall::Rewards(pallet_rewards::Call::<Runtime>::claim { license });
    move || {
        let wrong = |what: String| BenchError::WrongResult(format!("claim: {what}"));
        let authorised = call.authorize(TransactionSource::InBlock).ok_or_else(|| wrong("not authorised".into()))?;
        authorised.map_err(|e| wrong(format!("{e:?}")))?;
        call.dispatch_bypass_filter(RawOrigin::Authorized.into()).map_err(|e| wrong(format!("{:?}", e.error)))?;
        Ok(())
    }
}

/// One claim's time. Its effects are forgotten.
fn one(scene: &mut Scene) -> Result<Duration, BenchError> {
    let claim = claim(scene.license);
    let (spent, result) = scene.ext.execute_with(|| time(claim));
    scene.ext.reset_overlay();
    result.map(|()| spent)
}

/// The claim must have paid exactly what the credits are worth.
fn check(scene: &mut Scene, epochs: u32) -> Result<(), BenchError> {
    let (claim, owner) = (claim(scene.license), scene.owner.clone());
    let paid: Result<Balance, BenchError> = scene.ext.execute_with(|| {
        claim()?;
        Ok(Balances::total_balance(&owner))
    });
    scene.ext.reset_overlay();
    let earned = economics::minted(LicenseClass::Node, epochs * economics::CREDITS_PER_EPOCH);
    match paid? == earned {
        true => Ok(()),
        false => Err(BenchError::WrongResult(format!("claim: did not pay {earned} after {epochs} epochs"))),
    }
}

/// The average of the faster half, in microseconds: what interrupts the run does not count.
fn typical(mut spent: Vec<Duration>) -> f64 {
    spent.sort_unstable();
    spent.truncate(ROUNDS / 2);
    spent.iter().map(Duration::as_secs_f64).sum::<f64>() * 1e6 / spent.len() as f64
}
