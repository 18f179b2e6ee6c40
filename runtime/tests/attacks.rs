//! What an attack on reputations costs, and what it achieves, on the real runtime.

use crate::common::{
    people::{funded, newcomer},
    work::{request, CAPACITY},
    Person, Shape, Sim,
};
use codec::Encode;
use frame_support::{assert_ok, storage::with_transaction, traits::fungible::Inspect};
use pallet_jobs::{Event, Leaving};
use ratio1_primitives::{
    api::{AssignmentState, NodeCall},
    economics::{price::USD, R1},
    jobs::{price::node_price, JobRequest, NodeProfile, Reputation, Tier},
    keys::{accept_payload, profile_payload},
    EpochIndex, JobId, LicenseId,
};
use ratio1_runtime::{
    configs::tx_extension, facts, Balance, Balances, Executive, Jobs, Nodes, Runtime, RuntimeCall, RuntimeEvent,
    SignedPayload, System, UncheckedExtrinsic,
};
use sp_core::Pair as _;
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionPriority, TransactionSource, TransactionValidityError},
    ApplyExtrinsicResult, DispatchError, TransactionOutcome,
};

const EDGES: u32 = 64;
/// 32 blocks an epoch, and 64 nodes that can be hit.
const SHAPE: Shape = Shape {
    oracles: 4,
    edges: EDGES,
    epoch_ms: 96_000,
    session_blocks: 8,
    window_blocks: 5,
    reopenings: 1,
    genesis_linked: false,
};
/// What everybody of these tests is paid in: a Micro node at a quarter of a dollar for an R1.
const RATE: u128 = USD / 4;

fn micro() -> Balance {
    node_price(Tier::Micro, None, RATE).unwrap()
}

/// The fee of a draw.
const FEE: Balance = R1 / 100;

/// A funded chain whose edges have declared what they have and were available; and who attacks.
fn ready() -> (Sim, Person) {
    let mut sim = funded(SHAPE);
    let attacker = newcomer(&mut sim, "Attacker", b"DE", 1_000 * R1);
    let profile = NodeProfile { capacity: CAPACITY, ..Default::default() };
    let genesis = sim.genesis_hash();
    let declare = |(edge, license): (Person, LicenseId)| {
        let signature = edge.node.sign(&profile_payload(genesis, license, 1, &profile)).into();
        NodeCall::Declare { license, sequence: 1, profile: profile.clone(), signature }
    };
    let calls = sim.working_edges().into_iter().map(declare).collect();
    at_once(&mut sim, calls);
    next_epoch(&mut sim, 255);
    (sim, attacker)
}

/// What nodes do, in as few blocks as have room for it.
fn at_once(sim: &mut Sim, calls: Vec<NodeCall>) {
    let mut left: Vec<_> = sim.ext.execute_with(|| calls.into_iter().map(facts::node_extrinsic).collect());
    loop {
        let results = sim.block(left.clone());
        let full = |result: &ApplyExtrinsicResult| *result == Err(InvalidTransaction::ExhaustsResources.into());
        let rest = left.into_iter().zip(&results).filter(|(_, result)| full(result)).map(|(xt, _)| xt).collect();
        results.into_iter().filter(|result| !full(result)).for_each(|result| {
            assert_ok!(result.unwrap());
        });
        left = rest;
        if left.is_empty() {
            return;
        }
    }
}

/// Blocks, in which every node accepts what it is offered, until all slots of the job are served.
fn all_accept(sim: &mut Sim, job: JobId) {
    let genesis = sim.genesis_hash();
    for _ in 0..60 {
        let mut calls = Vec::new();
        for (edge, license) in sim.working_edges() {
            for work in sim.work_of(license) {
                let AssignmentState::Offered { at, .. } = work.state else { continue };
                let signature = edge.node.sign(&accept_payload(genesis, license, work.slot, at)).into();
                calls.push(NodeCall::Accept { slot: work.slot, signature });
            }
        }
        at_once(sim, calls);
        let job = sim.job(job).job;
        if job.live == job.running {
            return;
        }
    }
    panic!("not all slots are served");
}

/// Settle the running epoch with this byte for every service.
fn next_epoch(sim: &mut Sim, byte: u8) {
    let epoch = sim.current();
    sim.settle_work(epoch, Some(RATE), |_| 255, |_| byte);
}

fn reputations(sim: &mut Sim) -> Vec<Reputation> {
    let licenses: Vec<LicenseId> = sim.working_edges().into_iter().map(|(_, license)| license).collect();
    sim.ext.execute_with(|| licenses.into_iter().map(|license| Nodes::node_info(license).reputation).collect())
}

fn reputation(sim: &mut Sim, license: LicenseId) -> u16 {
    sim.ext.execute_with(|| Nodes::node_info(license)).reputation.0
}

fn total(sim: &mut Sim, who: &Person) -> Balance {
    sim.ext.execute_with(|| Balances::total_balance(&who.id()))
}

/// What the jobs pallet said in the block just made.
fn events(sim: &mut Sim) -> Vec<Event<Runtime>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Jobs(event) => Some(event),
        _ => None,
    };
    sim.ext.execute_with(|| System::events().into_iter().filter_map(ours).collect())
}

/// Blocks, in which nobody accepts anything, until the epoch is `epoch`; what was said in them.
fn run_to(sim: &mut Sim, epoch: EpochIndex) -> Vec<Event<Runtime>> {
    let mut said = Vec::new();
    while sim.current() < epoch {
        sim.block(vec![]);
        said.extend(events(sim));
    }
    said
}

/// What the pool would take a transaction as. Leaves no trace.
fn priority(sim: &mut Sim, xt: UncheckedExtrinsic) -> Result<TransactionPriority, TransactionValidityError> {
    sim.ext.execute_with(|| {
        with_transaction(|| {
            let found = Executive::validate_transaction(TransactionSource::External, xt, Default::default());
            TransactionOutcome::Rollback(Ok::<_, DispatchError>(found))
        })
        .unwrap()
        .map(|valid| valid.priority)
    })
}

/// A transaction of `who` that tips.
fn tipping(sim: &mut Sim, who: &Person, call: impl Into<RuntimeCall>, tip: Balance) -> UncheckedExtrinsic {
    let call = call.into();
    sim.ext.execute_with(|| {
        let extension = tx_extension(System::account_nonce(who.id()), tip);
        let payload = SignedPayload::new(call.clone(), extension.clone()).unwrap();
        let signature = payload.using_encoded(|bytes| who.account.sign(bytes));
        UncheckedExtrinsic::new_signed(call, who.id().into(), signature.into(), extension)
    })
}

/// H4: 64 nodes asked to run what cannot be run. Before, each that said so lost 100 of reputation, for the float.
#[test]
fn honest_nodes_keep_their_reputation_when_a_specification_cannot_be_run_and_the_attacker_pays_for_each() {
    let (mut sim, attacker) = ready();
    let (before, start) = (reputations(&mut sim), total(&mut sim, &attacker));
    let job = JobId(0);
    assert_ok!(sim.request(&attacker, JobRequest { same_entity: true, ..request(EDGES as u16, 2) }).unwrap());
    let asking = start - total(&mut sim, &attacker);
    all_accept(&mut sim, job);
    // All say what is true: nothing runs.
    next_epoch(&mut sim, 0);
    for _ in 0..5 {
        next_epoch(&mut sim, 0);
    }
    let after = reputations(&mut sim);
    assert!(before.iter().zip(&after).all(|(before, after)| before <= after), "{before:?} {after:?}");
    let ledger = sim.job(job).job.ledger;
    assert_eq!(ledger.paid, 0, "nobody is paid for nothing");
    let burned = start - total(&mut sim, &attacker);
    assert_eq!(burned, asking + ledger.burned);
    // 64 times a fee for asking, an epoch's price for coming to nothing: 26.24 R1 for nothing at all.
    assert!(ledger.burned >= Balance::from(EDGES) * micro(), "{}", ledger.burned);
    assert!(burned >= Balance::from(EDGES) * (micro() + FEE) && burned < 2 * Balance::from(EDGES) * micro());
    println!("64 nodes hit: the attacker burned {} milli-R1, they lost nothing", burned / (R1 / 1_000));
}

/// The same by offers: 64 nodes that do not answer what nobody can serve.
#[test]
fn silent_nodes_keep_their_reputation_when_nobody_shows_that_the_slots_can_be_served() {
    let (mut sim, attacker) = ready();
    let before = reputations(&mut sim);
    assert_ok!(sim.request(&attacker, JobRequest { same_entity: true, ..request(EDGES as u16, 2) }).unwrap());
    let next = sim.current().plus(2);
    let said = run_to(&mut sim, next);
    let lapsed = said.iter().filter(|event| matches!(event, Event::OfferLapsed { .. })).count();
    assert!(lapsed >= EDGES as usize, "{lapsed}");
    assert!(before.iter().zip(reputations(&mut sim)).all(|(before, after)| *before <= after));
    // Each is left out until it says that it is there: then it takes offers again.
    let (edge, license) = sim.working_edges().remove(0);
    let info = sim.ext.execute_with(|| Nodes::node_info(license));
    assert!(info.barred_until.is_some());
    assert_ok!(sim.declare(&edge, license, info.declared.unwrap().profile).unwrap());
    assert_eq!(sim.ext.execute_with(|| Nodes::node_info(license)).barred_until, None);
}

/// A node that fails what the next one serves well is to blame: no node can take jobs and drop them at no cost.
#[test]
fn node_loses_reputation_when_another_serves_well_what_it_dropped() {
    let (mut sim, requester) = ready();
    let job = JobId(0);
    assert_ok!(sim.request(&requester, request(1, 8)).unwrap());
    sim.run_until_served(job);
    let first = sim.server(job, 0).unwrap();
    let before = reputation(&mut sim, first);
    next_epoch(&mut sim, 0);
    assert!(reputation(&mut sim, first) >= before);
    sim.run_until_served(job);
    assert_ne!(sim.server(job, 0), Some(first));
    for _ in 0..2 {
        next_epoch(&mut sim, 255);
    }
    let blames = sim.ext.execute_with(|| Jobs::blames_of(first));
    assert_eq!(blames.len(), 1);
    // Being available has raised it by one in each of the three epochs.
    assert_eq!(reputation(&mut sim, first), before + 3 - 100);
}

/// M6: a block full of tips outbid acceptances by 210 base units each.
#[test]
fn acceptance_goes_before_a_transfer_that_tips_all_there_is() {
    let (mut sim, requester) = ready();
    let job = JobId(0);
    assert_ok!(sim.request(&requester, request(1, 2)).unwrap());
    let offered = loop {
        sim.block(vec![]);
        let all = sim.working_edges();
        let found = all.into_iter().find_map(|(edge, license)| {
            let work = sim.work_of(license).into_iter().find(|work| work.slot.job == job)?;
            Some((edge, license, work))
        });
        if let Some(found) = found {
            break found;
        }
    };
    let (edge, license, work) = offered;
    let AssignmentState::Offered { at, .. } = work.state else { panic!("{work:?}") };
    let payload = accept_payload(sim.genesis_hash(), license, work.slot, at);
    let signature = edge.node.sign(&payload).into();
    let accept = sim.ext.execute_with(|| facts::node_extrinsic(NodeCall::Accept { slot: work.slot, signature }));
    let accepting = priority(&mut sim, accept).unwrap();
    assert_eq!(accepting, u64::MAX - 1);
    // What everybody together could tip, and a bit of it.
    let transfer = || pallet_balances::Call::transfer_all { dest: edge.id().into(), keep_alive: false };
    let bound = ratio1_runtime::extension::HIGHEST_PAID;
    for tip in [1, 1_000, R1 / 250, 900 * R1] {
        let xt = tipping(&mut sim, &requester, transfer(), tip);
        let paid = priority(&mut sim, xt).unwrap();
        assert!(paid <= bound && bound < accepting, "a tip of {tip} buys {paid}");
    }
    let xt = tipping(&mut sim, &requester, transfer(), R1);
    assert_eq!(priority(&mut sim, xt).unwrap(), bound, "without a bound this were as high as there is");
    // Nobody has more than that; and if they had it, it would buy no more.
    let xt = tipping(&mut sim, &requester, transfer(), u128::MAX);
    let refusal = priority(&mut sim, xt).unwrap_err();
    assert_eq!(refusal, TransactionValidityError::Invalid(InvalidTransaction::Payment));
}

/// T14: what is held for a job may be all that its owner has.
#[test]
fn job_is_cancelled_when_its_owner_has_nothing_free() {
    let (mut sim, requester) = ready();
    let job = JobId(0);
    assert_ok!(sim.request(&requester, request(1, 10)).unwrap());
    sim.run_until_served(job);
    let other = sim.edges[0].id();
    let give = pallet_balances::Call::transfer_all { dest: other.into(), keep_alive: false };
    assert_ok!(sim.submit(&requester, give).unwrap());
    let left = sim.balance(&requester.id());
    assert!(left < R1 / 10_000, "not enough for a fee: {left}");
    assert!(sim.ext.execute_with(|| Jobs::can_cancel(requester.id(), job)).is_ok());
    assert_ok!(sim.submit(&requester, pallet_jobs::Call::cancel { job }).unwrap());
    let returned = sim.job(job).job.ledger.returned;
    assert_eq!(sim.balance(&requester.id()), left + returned, "no fee");
    // Once: further ones cost one, and fail.
    let again = sim.submit(&requester, pallet_jobs::Call::cancel { job }).unwrap();
    assert_eq!(again, Err(pallet_jobs::Error::<Runtime>::AlreadyCancelled.into()));
    assert!(sim.balance(&requester.id()) < left + returned);
}

/// A node that falls silent loses all it serves at once, for one failure.
#[test]
fn silent_node_is_replaced_at_once_when_its_absence_is_found() {
    use ratio1_primitives::traits::JobSlots;
    let (mut sim, requester) = ready();
    let job = JobId(0);
    assert_ok!(sim.request(&requester, request(1, 8)).unwrap());
    sim.run_until_served(job);
    let first = sim.server(job, 0).unwrap();
    for _ in 0..2 {
        next_epoch(&mut sim, 255);
    }
    let before = reputation(&mut sim, first);
    sim.ext.execute_with(|| {
        <Jobs as JobSlots>::absent(first);
        let left = |record: &frame_system::EventRecord<RuntimeEvent, _>| {
            matches!(record.event, RuntimeEvent::Jobs(Event::ServiceEnded { why: Leaving::Absent, .. }))
        };
        assert_eq!(System::events().iter().filter(|record| left(record)).count(), 1);
        assert_eq!(Nodes::node_info(first).reputation.0, before - 100);
    });
    sim.run_until_served(job);
    assert_ne!(sim.server(job, 0), Some(first));
}
