//! What it costs to look for nodes that do not exist, and what it achieves, on the real runtime with its real weights.

use crate::common::{
    people::{funded, newcomer},
    work::request,
    Person, Shape, Sim,
};
use frame_support::{
    assert_ok,
    storage::with_transaction,
    traits::fungible::{Inspect, InspectHold},
};
use pallet_jobs::{Error, Event, SlotEnd};
use ratio1_primitives::{
    economics::{price::USD, R1},
    jobs::{price::node_price, JobRequest, Tier, MAX_LOOKED_FOR},
    kyc::Country,
    JobId,
};
use ratio1_runtime::{Balance, Balances, Jobs, Runtime, RuntimeEvent, RuntimeHoldReason, RuntimeOrigin, System};
use sp_runtime::TransactionOutcome;

const SHAPE: Shape = Shape {
    oracles: 4,
    edges: 6,
    epoch_ms: 96_000,
    session_blocks: 8,
    window_blocks: 5,
    reopenings: 1,
    genesis_linked: false,
};
/// What everybody of these tests is paid in: a Micro node at a quarter of a dollar for an R1.
const RATE: u128 = USD / 4;
/// The fee of a draw.
const FEE: Balance = R1 / 100;

/// A funded chain whose edges have declared what they have and were available; who attacks, and who does not.
fn ready() -> (Sim, Person, Person) {
    let mut sim = funded(SHAPE);
    let attacker = newcomer(&mut sim, "Attacker", b"DE", 1_000 * R1);
    let honest = newcomer(&mut sim, "Honest", b"FR", 100 * R1);
    sim.declare_all();
    let epoch = sim.current();
    sim.settle_work(epoch, Some(RATE), |_| 255, |_| 255);
    (sim, attacker, honest)
}

/// Nodes that nobody has.
fn nowhere(nodes: u16) -> JobRequest {
    let mut wanted = request(nodes, 1);
    wanted.selectors.countries = vec![Country(*b"NZ")].try_into().unwrap();
    wanted
}

#[test]
fn request_finds_its_node_at_once_when_another_entity_looks_for_all_it_may() {
    let (mut sim, attacker, honest) = ready();
    let reason = RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Job);
    let money = |sim: &mut Sim| {
        sim.ext.execute_with(|| {
            let who = attacker.id();
            (Balances::total_balance(&who), Balances::balance_on_hold(&reason, &who))
        })
    };
    let before = money(&mut sim);
    // All in one block.
    let ask = |sim: &mut Sim| {
        sim.ext.execute_with(|| {
            let wanted = Box::new(nowhere(1));
            assert_eq!(
                Jobs::can_request(attacker.id(), nowhere(1), Balance::MAX),
                with_transaction(|| {
                    let asked = Jobs::request(RuntimeOrigin::signed(attacker.id()), wanted.clone(), Balance::MAX);
                    TransactionOutcome::Rollback(asked)
                })
            );
            Jobs::request(RuntimeOrigin::signed(attacker.id()), wanted, Balance::MAX)
        })
    };
    for _ in 0..MAX_LOOKED_FOR {
        assert_ok!(ask(&mut sim));
    }
    assert_eq!(ask(&mut sim), Err(Error::<Runtime>::TooManyLookedFor.into()));
    // What it costs: a fee for each is burned, and sixteen are held with its price until it ends.
    let each = node_price(Tier::Micro, None, RATE).unwrap() + 16 * FEE;
    let draws = Balance::from(MAX_LOOKED_FOR);
    assert_eq!(money(&mut sim), (before.0 - draws * FEE, draws * each));

    // What it achieves: nothing. Five blocks for the seed, as ever.
    let job = JobId(sim.ext.execute_with(pallet_jobs::NextJob::<Runtime>::get));
    assert_ok!(sim.request(&honest, request(1, 1)).unwrap());
    let mut waited = 0;
    while sim.slot(job, 0).unwrap().license.is_none() {
        sim.block(vec![]);
        waited += 1;
        assert!(waited < 60, "nobody is drawn");
    }
    // Nodes are of reputation 500 at first, and there are six: now and then a pass takes none of them.
    assert!((5..=8).contains(&waited), "{waited}");
}

#[test]
fn slots_that_nobody_can_serve_end_and_cost_a_fee_each() {
    let (mut sim, attacker, _) = ready();
    assert_ok!(sim.request(&attacker, nowhere(64)).unwrap());
    assert_ok!(sim.request(&attacker, nowhere(64)).unwrap());
    let mut ended = 0;
    for _ in 0..80 {
        sim.block(vec![]);
        ended += sim.ext.execute_with(|| {
            let nobody = |record: frame_system::EventRecord<RuntimeEvent, _>| {
                matches!(record.event, RuntimeEvent::Jobs(Event::SlotEnded { why: SlotEnd::NoCandidate, .. }))
            };
            System::events().into_iter().filter(|record| nobody(record.clone())).count()
        });
    }
    assert_eq!(ended as u32, MAX_LOOKED_FOR);
    let reason = RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Job);
    assert_eq!(sim.ext.execute_with(|| Balances::balance_on_hold(&reason, &attacker.id())), 0);
    assert_eq!(sim.ext.execute_with(pallet_draws::Turns::<Runtime>::count), 0);
}
