//! Nodes that leave: they resign, or are banned.

use super::*;
use ratio1_primitives::traits::JobSlots;
use sp_runtime::traits::Dispatchable;

fn refused(call: RuntimeCall, error: E) {
    let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
    assert_eq!(send(call), Err(code(error)));
    assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
}

/// The resignation of the node that serves a slot.
fn resignation(id: SlotRef) -> RuntimeCall {
    let (license, accepted) = (server(id), service(index_of(id)).accepted);
    sign_resign(id, license, index_of(id), accepted, license)
}

#[test]
fn node_that_resigns_serves_to_the_end_of_the_epoch() {
    run(2, || {
        let Served { job, id, index, first_ms } = served_well(10);
        let license = server(id);
        blocks(3);
        assert_eq!(Jobs::can_resign(id), Ok(()));
        let accepted = service(index).accepted;
        let valid = send(resignation(id)).unwrap();
        assert_eq!((valid.priority, valid.longevity, valid.propagate), (u64::MAX - 1, 64, true));
        assert_eq!(valid.provides.len(), 1);
        let last = e(FIRST + 2);
        has_event(Event::Resigned { slot: id, license: LicenseId(license), last });
        assert_eq!(noted(), vec![(license, Outcome::Resigned)]);
        assert_eq!(Reputations::get(license), Some(Reputation(975)));
        assert_eq!(slot_of(id).state, SlotState::Running { index }, "it still serves");
        assert_eq!(job_of(job).state, JobState::Running);
        refused(sign_resign(id, license, index, accepted, license), E::AlreadyLeaving);
        assert_eq!(Jobs::can_resign(id), Err(E::AlreadyLeaving.into()));
        unbind(license);
        run_to_epoch(FIRST + 3);
        let at = clock().epoch_start(e(FIRST + 3));
        assert_eq!(service(index).left, Some(ServiceEnd { at, last }));
        has_event(Event::ServiceEnded { slot: id, license: LicenseId(license), index, why: Leaving::Ended, last });
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        assert_eq!(job_of(job).state, JobState::Degraded);
        assert_eq!(slot_of(id).ends(), e(FIRST + 10));
        bind(license);
        let other = serve(id);
        let rest = rest_of_epoch();
        assert_ne!(other, index);
        run_dry();
        let mut paid = released(job);
        paid.sort_by_key(|(who, ..)| *who != license);
        let first = earns(PRICE, first_ms, 255) + 2 * PRICE;
        let second = earns(PRICE, rest, 255) + 6 * PRICE;
        assert_eq!(paid, vec![(license, 0, first), (1 - license, 0, second)]);
        assert_eq!(job_of(job).ledger.returned, 10 * PRICE + DRAWS - FEE - first - second);
    });
}

#[test]
fn resign_is_refused_when_it_is_not_this_service() {
    run(2, || {
        let Served { id, index, .. } = served(10);
        let (license, accepted) = (server(id), service(index).accepted);
        let good = resignation(id);
        refused(sign_resign(slot(JobId(9), 0), license, index, accepted, license), E::UnknownJob);
        refused(sign_resign(slot(id.job, 9), license, index, accepted, license), E::UnknownSlot);
        refused(sign_resign(id, license, index, accepted, 1 - license), E::BadSignature);
        refused(sign_resign(id, 1 - license, index, accepted, 1 - license), E::BadSignature);
        refused(sign_resign(id, license, index + 1, accepted, license), E::BadSignature);
        refused(sign_resign(id, license, index, accepted + 1, license), E::BadSignature);
        let accept = sign_accept(id, license, 1, license);
        let RuntimeCall::Jobs(Call::accept { signature, .. }) = accept else { panic!("it is an acceptance") };
        refused(Call::resign { slot: id, signature }.into(), E::BadSignature);
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none(), origin(operator(license))] {
            assert_eq!(good.clone().dispatch(origin).unwrap_err().error, DispatchError::BadOrigin);
        }
        send(good).unwrap();
    });
}

#[test]
fn resign_is_refused_when_nobody_serves_or_the_end_is_near() {
    run(1, || {
        let id = slot(ask(alice(), JobRequest { epochs: 2, ..request() }), 0);
        refused(sign_resign(id, 0, 0, 0, 0), E::NotServed);
        draw(id);
        refused(sign_resign(id, 0, 0, 0, 0), E::NotServed);
        assert_eq!(Jobs::can_resign(id), Err(E::NotServed.into()));
        accept(id);
        run_closing(FIRST + 1, &[]);
        // Its last epoch runs.
        refused(resignation(id), E::AlreadyLeaving);
        assert_eq!(noted(), vec![]);
    });
}

#[test]
fn resignation_moves_no_reputation_when_the_slot_does_not_count() {
    run(1, || {
        attest(&operator(0), 1, b"DE", EntityKind::Company);
        let Served { id, .. } = served(10);
        run_closing(FIRST + 3, &[]);
        resign(id);
        assert_eq!(noted(), vec![]);
        assert!(slot_of(id).trial.suspects.is_empty());
    });
}

#[test]
fn resigned_node_that_fails_meanwhile_leaves_at_once() {
    run(2, || {
        let Served { id, index, .. } = served(10);
        run_to_epoch(FIRST + 1);
        resign(id);
        close_epoch(FIRST, &[(index, 1)]);
        next_block();
        let left = service(index).left.unwrap();
        assert_eq!(left.last, e(FIRST + 1));
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        run_dry();
    });
}

// Bans.

#[test]
fn evicted_license_loses_all_its_slots_at_once() {
    run(3, || {
        (1..3).for_each(bind);
        let jobs: Vec<JobId> = (0..4).map(|_| ask(alice(), request())).collect();
        blocks(6);
        let (runs, waits): (Vec<_>, Vec<_>) = jobs.iter().map(|job| slot(*job, 0)).partition(|id| id.job.0 < 2);
        let indices: Vec<u32> = runs.iter().map(|id| accept(*id)).collect();
        run_closing(FIRST + 1, &[]);
        // The offers stand to the twentieth block.
        assert_eq!(<Jobs as JobSlots>::slots(LicenseId(0)), 4);
        assert_eq!(<Jobs as JobSlots>::slots(LicenseId(1)), 0);
        let before = money(&alice(), &operator(0));
        let now = Now::get();
        (1..3).for_each(unbind);
        ban(0);
        assert_eq!(<Jobs as JobSlots>::slots(LicenseId(0)), 0);
        // Four draws, each paid for.
        let after = money(&alice(), &operator(0));
        assert_eq!((after.held, after.burned), (before.held - 4 * FEE, before.burned + 4 * FEE));
        assert_eq!((after.free, after.operator), (before.free, before.operator));
        assert_eq!(Reserved::get(0), None);
        check();
        for (id, index) in runs.iter().zip(&indices) {
            let last = e(FIRST + 1);
            has_event(Event::ServiceEnded {
                slot: *id,
                license: LicenseId(0),
                index: *index,
                why: Leaving::Evicted,
                last,
            });
            assert_eq!(service(*index).left, Some(ServiceEnd { at: now, last }));
            assert!(matches!(slot_of(*id).state, SlotState::Drawing { .. }));
        }
        for id in &waits {
            assert!(matches!(slot_of(*id).state, SlotState::Drawing { .. }));
        }
        assert_eq!(noted(), vec![], "a ban is no outcome of a service");
        for id in runs.iter().chain(&waits) {
            assert_ne!(draw(*id), 0);
            accept(*id);
        }
        run_dry();
        // What it earned is paid.
        let gross: Balance =
            runs.iter().flat_map(|id| released(id.job)).filter(|(who, ..)| *who == 0).map(|(_, _, gross)| gross).sum();
        assert!(gross > 0);
        assert_eq!(
            free(&operator(0)),
            runs.iter()
                .flat_map(|id| released(id.job))
                .filter(|(who, ..)| *who == 0)
                .map(|(_, _, gross)| gross - tax(gross))
                .sum::<Balance>()
        );
        assert!(jobs.iter().all(|job| closed(*job) == Some(Closing::Served)));
    });
}

#[test]
fn evict_weighs_as_many_slots_as_a_node_can_have() {
    let one = <() as WeightInfo>::evict(1);
    let most = <Jobs as JobSlots>::evict_weight();
    assert!(one.saturating_mul(ratio1_primitives::jobs::MAX_SLOTS_PER_NODE.into()).all_lte(most));
}

#[test]
fn evicting_nobody_does_nothing() {
    run(2, || {
        let Served { .. } = served(2);
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        let idle = 1 - server(slot(JobId(0), 0));
        <Jobs as JobSlots>::evict(LicenseId(idle));
        <Jobs as JobSlots>::evict(LicenseId(4_711));
        assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
    });
}

#[test]
fn slot_that_is_evicted_in_its_last_epoch_ends() {
    run(2, || {
        let Served { job, id, .. } = served(2);
        let first = server(id);
        run_closing(FIRST + 1, &[]);
        blocks(2);
        ban(first);
        assert_eq!(
            slot_of(id).state,
            SlotState::Ended(SlotEnd::Completed),
            "nobody is looked for the rest of an epoch"
        );
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn slot_that_was_drawn_too_late_ends_with_its_epochs() {
    // Offered in the last epoch, and not accepted in it.
    run(2, || {
        let Served { job, id, .. } = served(2);
        let (first, second) = (server(id), 1 - server(id));
        blocks(12);
        bind(second);
        ban(first);
        run_closing(FIRST + 1, &[]);
        blocks(12);
        unbind(second);
        blocks(2);
        assert_eq!(offered(id), Some(second));
        let at = System::block_number() - 1;
        run_to_epoch(FIRST + 2);
        blocks(2);
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        if offered(id).is_some() {
            assert_eq!(Jobs::can_accept(id), Err(E::JobEnded.into()));
        }
        assert!(send(sign_accept(id, second, at, second)).is_err(), "its epochs are over");
        assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
        blocks(30);
        assert_eq!(BarredUntil::get(second), None);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
        assert_eq!(noted(), vec![], "nobody is blamed");
        let ended: Vec<_> = events()
            .into_iter()
            .filter_map(|event| match event {
                Event::SlotEnded { slot, why, .. } if slot == id => Some(why),
                _ => None,
            })
            .collect();
        assert_eq!(ended, vec![SlotEnd::Completed]);
    });
    // Still looked for when they are over.
    run(1, || {
        let Served { job, id, .. } = served(2);
        blocks(10);
        ban(0);
        run_closing(FIRST + 3, &[]);
        blocks(2);
        assert!(!matches!(
            Slots::<Test>::get(id.job, id.slot).map(|slot| slot.state),
            Some(SlotState::Offered { .. } | SlotState::Running { .. })
        ));
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn slot_that_moves_too_often_ends() {
    run(20, || {
        let Served { job, id, .. } = served(50);
        // No epoch is closed, so nothing is paid out, and services pile up.
        for _ in 0..MAX_OPEN_SERVICES {
            let serving = match slot_of(id).state {
                SlotState::Running { index } => service(index).license.0,
                SlotState::Ended(_) => break,
                _ => {
                    serve(id);
                    server(id)
                }
            };
            assert!(slot_of(id).services.len() <= MAX_OPEN_SERVICES as usize);
            ban(serving);
            check();
        }
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::TooManyMoves));
        assert_eq!(job_of(job).state, JobState::Settling);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

/// Blocks have no room, so that a service is not ended in time; its license is banned after its end.
#[test]
fn service_left_at_its_end_when_it_is_evicted_after_it() {
    run(1, || {
        let id = slot(ask(alice(), request()), 0);
        let index = serve(id);
        let license = server(id);
        PollLimit::set(Weight::zero());
        run_fast(FIRST + 15);
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        ban(license);
        let left = ServiceEnd { at: clock().epoch_start(EpochIndex(FIRST + 10)), last: EpochIndex(FIRST + 9) };
        assert_eq!(Services::<Test>::get(index).unwrap().left, Some(left));
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Completed));
        PollLimit::set(Weight::MAX);
        run_dry();
    });
}
