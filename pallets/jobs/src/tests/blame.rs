//! Whose fault it is: what moves a reputation.

use super::*;
use proptest::prelude::*;
use ratio1_primitives::{jobs::MAX_SLOTS_PER_NODE, traits::JobSlots};

// Reputation.

#[test]
fn nodes_lose_no_reputation_when_a_specification_cannot_be_provided() {
    // Those that say so.
    run(64, || {
        let start = free(&alice());
        let job = ask(alice(), JobRequest { nodes: 64, epochs: 2, ..request() });
        blocks(10);
        let indices = serve_all(job);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &indices.iter().map(|index| (*index, 0)).collect::<Vec<_>>());
        blocks(5);
        assert_eq!(noted(), vec![]);
        assert!(indices.iter().all(|index| service(*index).left.is_some()), "all slots move, or end");
        close_later(FIRST + 1, 0);
        run_dry();
        assert_eq!(noted(), vec![]);
        assert!((0..64).all(|id| Reputations::get(id) == Some(Reputation(1_000))));
        // It costs the requester an epoch's price for each of them, and the draws.
        assert_eq!(wasted().len(), 64);
        assert!(wasted().iter().all(|(_, burned)| *burned == PRICE));
        assert_eq!(start - free(&alice()), 64 * (PRICE + FEE) + fees(job));
    });
    // Those that say nothing.
    run(64, || {
        let job = ask(alice(), JobRequest { nodes: 64, epochs: 2, ..request() });
        blocks(60);
        run_dry();
        assert_eq!(noted(), vec![]);
        assert_eq!(closed(job), Some(Closing::Unserved));
    });
}

#[test]
fn node_that_failed_loses_reputation_when_another_serves_the_slot_well() {
    run(2, || {
        let (Served { id, .. }, first) = failed(10);
        assert_eq!(noted(), vec![]);
        let (index, _) = served_by_another(id, first);
        run_to_epoch(FIRST + 2);
        // Well, but not through the whole epoch.
        close_epoch(FIRST + 1, &[]);
        next_block();
        assert_eq!(noted(), vec![]);
        run_to_epoch(FIRST + 3);
        close_epoch(FIRST + 2, &[]);
        next_block();
        assert_eq!(noted(), vec![(first, Outcome::Failed)]);
        let blame = Blame { entity: entity(&alice()), outcome: Outcome::Failed, epoch: e(FIRST) };
        assert_eq!(Jobs::blames_of(LicenseId(first)), vec![blame]);
        assert!(slot_of(id).trial.suspects.is_empty() && service(index).left.is_none());
    });
}

#[test]
fn node_that_failed_keeps_its_reputation_when_the_next_is_no_better() {
    run(3, || {
        let (Served { id, .. }, first) = failed(10);
        let (index, _) = served_by_another(id, first);
        run_to_epoch(FIRST + 3);
        close_epoch(FIRST + 1, &[(index, 255)]);
        close_epoch(FIRST + 2, &[(index, THRESHOLD - 1)]);
        next_block();
        assert_eq!(noted(), vec![]);
        run_to_epoch(FIRST + 4);
        close_epoch(FIRST + 3, &[(index, 0)]);
        next_block();
        assert_eq!(noted(), vec![]);
        let waiting: Vec<u32> = slot_of(id).trial.suspects.iter().map(|suspect| suspect.license.0).collect();
        assert_eq!(waiting.len(), 2);
        run_dry();
        assert_eq!(noted(), vec![]);
    });
}

#[test]
fn node_loses_reputation_at_once_when_it_had_provided_the_slot_before() {
    run(2, || {
        let Served { id, index, .. } = served_well(10);
        let license = server(id);
        run_to_epoch(FIRST + 3);
        close_epoch(FIRST + 2, &[(index, 0)]);
        next_block();
        assert_eq!(noted(), vec![(license, Outcome::Failed)]);
        assert!(!slot_of(id).trial.fit, "it vouches for no more");
    });
}

#[test]
fn slot_vouches_for_nothing_when_nothing_was_expected_of_its_service() {
    // Accepted so late in the epoch that its allowance goes beyond it: whatever the byte is, it says nothing.
    run(2, || {
        let parameters = Parameters { start_allowance_ms: 3 * EPOCH_MS as u32, ..Default::default() };
        assert_ok!(Jobs::set_parameters(RuntimeOrigin::root(), parameters));
        let Served { id, index, .. } = served(10);
        run_to_epoch(FIRST + 2);
        close_epoch(FIRST, &[]);
        close_epoch(FIRST + 1, &[]);
        next_block();
        assert_eq!(slot_of(id).trial, Trial::default());
        run_to_epoch(FIRST + 5);
        (FIRST + 2..FIRST + 5).for_each(|epoch| close_epoch(epoch, &[]));
        next_block();
        assert!(slot_of(id).trial.fit && slot_of(id).trial.earned);
        assert!(service(index).left.is_none());
    });
}

#[test]
fn slot_vouches_for_nothing_when_its_service_is_the_requesters_own() {
    run(2, || {
        attest(&operator(0), 1, b"DE", EntityKind::Company);
        attest(&operator(1), 1, b"DE", EntityKind::Company);
        let Served { id, .. } = served(10);
        run_closing(FIRST + 4, &[]);
        assert!(slot_of(id).trial.earned && !slot_of(id).trial.fit);
    });
}

#[test]
fn missed_offer_counts_when_another_node_serves_the_slot_well() {
    run(2, || {
        let id = slot(ask(alice(), request()), 0);
        let first = draw(id);
        blocks(Parameters::default().accept_blocks + 1);
        assert_eq!(noted(), vec![]);
        served_by_another(id, first);
        run_closing(running().0 + 3, &[]);
        assert_eq!(noted(), vec![(first, Outcome::Missed)]);
    });
}

#[test]
fn several_slots_that_fall_in_one_epoch_are_one_failure() {
    run(1, || {
        let asked = [alice(), bob(), carol()].map(|who| slot(ask(who, request()), 0));
        let indices = asked.map(serve);
        run_closing(FIRST + 3, &[]);
        assert!(asked.iter().all(|id| slot_of(*id).trial.fit));
        close_epoch(FIRST + 2, &indices.map(|index| (index, 0)));
        blocks(2);
        assert!(indices.iter().all(|index| service(*index).left.is_some()));
        assert_eq!(noted(), vec![(0, Outcome::Failed)]);
    });
}

#[test]
fn requester_takes_one_outcome_from_a_license_in_a_period() {
    run(1, || {
        let fail = |who: AccountId| {
            BarredUntil::remove(0);
            let id = slot(ask(who, request()), 0);
            let index = serve(id);
            let start = running().0;
            run_closing(start + 3, &[]);
            run_closing(start + 4, &[(index, 0)]);
            let left = service(index).left.is_some();
            assert!(left);
            blocks(5);
        };
        fail(alice());
        fail(alice());
        assert_eq!(noted(), vec![(0, Outcome::Failed)]);
        fail(bob());
        assert_eq!(noted(), vec![(0, Outcome::Failed); 2]);
        run_closing(FIRST + 45, &[]);
        fail(alice());
        assert_eq!(noted(), vec![(0, Outcome::Failed); 3]);
    });
}

// Absence.

#[test]
fn absent_license_loses_all_it_serves_at_once_as_one_failure() {
    run(3, || {
        (1..3).for_each(bind);
        let asked = [alice(), bob(), carol()].map(|who| slot(ask(who, request()), 0));
        blocks(6);
        let served = [asked[0], asked[1]];
        let indices = served.map(accept);
        run_to_epoch(FIRST + 1);
        // The third was let go, and is offered to it again.
        run_closing(FIRST + 3, &[]);
        assert!(served.iter().all(|id| slot_of(*id).trial.fit));
        let waits = slot(ask(carol(), request()), 0);
        BarredUntil::remove(0);
        assert_eq!(draw(waits), 0);
        (1..3).for_each(unbind);
        let (before, now) = (money(&alice(), &operator(0)), Now::get());
        absent(0);
        for (id, index) in served.into_iter().zip(indices) {
            let (license, why, last) = (LicenseId(0), Leaving::Absent, running());
            has_event(Event::ServiceEnded { slot: id, license, index, why, last });
            assert_eq!(service(index).left, Some(ServiceEnd { at: now, last }));
            assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }), "it is drawn again at once");
        }
        assert_eq!(noted(), vec![(0, Outcome::Failed)]);
        assert_eq!(offered(waits), Some(0), "what it is only offered stays");
        assert_eq!(<Jobs as JobSlots>::slots(LicenseId(0)), 1);
        let after = money(&alice(), &operator(0));
        assert_eq!(after.burned - before.burned, 2 * FEE, "two more draws");
        check();
        for id in served {
            assert_ne!(draw(id), 0, "it is not drawn for them again");
            accept(id);
        }
        run_dry();
        assert!(served.iter().all(|id| closed(id.job) == Some(Closing::Served)));
    });
}

#[test]
fn absence_does_nothing_when_a_license_serves_nothing() {
    run(2, || {
        let Served { id, .. } = served(4);
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        absent(1 - server(id));
        absent(4_711);
        assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
    });
}

#[test]
fn absence_weighs_as_many_slots_as_a_node_can_serve() {
    let most = <() as WeightInfo>::absent(MAX_SLOTS_PER_NODE);
    assert!(most.all_lte(<Jobs as JobSlots>::absent_weight()));
    assert!(<() as WeightInfo>::evict(MAX_SLOTS_PER_NODE).all_lte(most));
}

#[test]
fn absent_node_moves_no_reputation_when_nobody_served_its_slot_well() {
    run(2, || {
        let Served { id, .. } = served(10);
        let first = server(id);
        absent(first);
        assert_eq!(noted(), vec![]);
        let (_, second) = served_by_another(id, first);
        run_closing(FIRST + 3, &[]);
        assert_eq!(noted(), vec![(first, Outcome::Failed)], "it was its fault: {second} served it");
        assert_eq!(wasted(), vec![]);
    });
}

// Whatever happens.

#[derive(Clone, Debug)]
enum Op {
    Blocks(u8),
    Ask { nodes: u8, epochs: u8 },
    Accept(u8),
    Resign(u8),
    Reject(u8),
    Absent(u8),
    Cancel(u8),
    Close(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1u8..25).prop_map(Op::Blocks),
        2 => (1u8..4, 1u8..6).prop_map(|(nodes, epochs)| Op::Ask { nodes, epochs }),
        5 => any::<u8>().prop_map(Op::Accept),
        1 => any::<u8>().prop_map(Op::Resign),
        2 => any::<u8>().prop_map(Op::Reject),
        1 => any::<u8>().prop_map(Op::Absent),
        1 => any::<u8>().prop_map(Op::Cancel),
        5 => any::<u64>().prop_map(Op::Close),
    ]
}

/// Bytes of all sorts below the threshold.
fn bad_bytes(seed: u64) -> Vec<(u32, u8)> {
    let byte = |index: u32| sp_io::hashing::blake2_256(&codec::Encode::encode(&(seed, index)))[0] % THRESHOLD;
    (0..Indices::<Test>::get()).map(|index| (index, byte(index))).collect()
}

fn apply(op: Op) {
    let slots = |wanted: fn(&SlotState) -> bool| -> Vec<SlotRef> {
        let mut found: Vec<_> = Slots::<Test>::iter()
            .filter(|(_, _, slot)| wanted(&slot.state))
            .map(|(job, slot, _)| SlotRef { job, slot })
            .collect();
        found.sort();
        found
    };
    let pick = |found: Vec<SlotRef>, which: u8| found.get(usize::from(which) % found.len().max(1)).copied();
    match op {
        Op::Blocks(n) => blocks(n.into()),
        Op::Ask { nodes, epochs } => {
            let wanted = JobRequest { nodes: nodes.into(), epochs: epochs.into(), ..request() };
            let _ = Jobs::request(origin(bob()), Box::new(wanted), Balance::MAX);
        }
        Op::Accept(which) => {
            let offers = slots(|state| matches!(state, SlotState::Offered { .. }));
            if let Some(id) = pick(offers, which) {
                let _ = try_accept(id);
            }
        }
        Op::Resign(which) => {
            let running = slots(|state| matches!(state, SlotState::Running { .. }));
            pick(running, which).filter(|id| Jobs::can_resign(*id).is_ok()).into_iter().for_each(resign);
        }
        Op::Reject(which) => {
            if let Some(id) = pick(slots(|_| true), which) {
                for back in 1..5 {
                    let _ = Jobs::reject(origin(bob()), id, running().minus(back));
                }
            }
        }
        Op::Absent(license) => absent(u32::from(license) % 5),
        Op::Cancel(which) => {
            let _ = Jobs::cancel(origin(bob()), JobId(u64::from(which) % NextJob::<Test>::get().max(1)));
        }
        Op::Close(seed) => open_epochs().into_iter().for_each(|epoch| {
            let voted = Frozen::get(epoch).unwrap_or_default();
            close_epoch(epoch.0, &bad_bytes(seed).into_iter().filter(|(index, _)| *index < voted).collect::<Vec<_>>())
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever a requester does, alone, with whatever specification: as long as no slot is served well, nobody loses
    /// reputation.
    #[test]
    fn reputation_never_moves_for_slots_that_were_never_served_well(ops in proptest::collection::vec(op(), 1..60)) {
        run(5, || {
            for op in ops {
                apply(op);
                check();
                assert_eq!(noted(), vec![]);
            }
        });
    }
}
