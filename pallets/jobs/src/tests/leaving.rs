//! Leaving: nodes that resign or are banned, requesters that cancel.

use super::*;
use ratio1_primitives::traits::Work;
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
        change_deed(license, |deed| deed.oracle = false);
        run_to_epoch(FIRST + 3);
        let at = clock().epoch_start(e(FIRST + 3));
        assert_eq!(service(index).left, Some(Left { at, last }));
        has_event(Event::Left { slot: id, license: LicenseId(license), index, why: Leaving::Ended, last });
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        assert_eq!(job_of(job).state, JobState::Degraded);
        assert_eq!(slot_of(id).ends(), e(FIRST + 10));
        change_deed(license, |deed| deed.oracle = true);
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

// Cancelling.

/// What a cancel does: to the requester, the burned total and the operator of license 0.
fn cancelled(job: JobId, lost: Balance, burned: Balance, paid: Balance) {
    let before = money(&alice(), &operator(0));
    let (held, total) = (on_hold(&alice()), before.free + before.held);
    assert_ok!(Jobs::cancel(origin(alice()), job));
    let after = money(&alice(), &operator(0));
    assert_eq!(after.free + after.held, total - lost);
    assert_eq!((after.burned - before.burned, after.operator - before.operator), (burned, paid));
    assert_eq!(burned + paid, lost);
    let returned = after.free - before.free;
    assert_eq!(returned, held - after.held - lost);
    has_event(Event::Cancelled { job, last: Running::get(), burned, paid, returned });
    assert_eq!(job_of(job).cancelled, Some(Running::get()));
    assert_noop!(plain(Jobs::cancel(origin(alice()), job)), closed_or_cancelled(job));
    check();
}

fn closed_or_cancelled(job: JobId) -> DispatchError {
    // A job that is closed by its cancel is both; either refusal is true.
    match plain(Jobs::cancel(origin(alice()), job)) {
        Err(error) if error == E::AlreadyCancelled.into() || error == E::JobEnded.into() => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn cancel_is_refused_when_it_is_not_the_owners_or_over() {
    run(1, || {
        assert_noop!(plain(Jobs::cancel(origin(alice()), JobId(0))), E::UnknownJob);
        let Served { job, .. } = served(1);
        assert_noop!(plain(Jobs::cancel(origin(bob()), job)), E::NotOwner);
        assert_noop!(plain(Jobs::cancel(RuntimeOrigin::root(), job)), DispatchError::BadOrigin);
        assert_noop!(plain(Jobs::cancel(RuntimeOrigin::none(), job)), DispatchError::BadOrigin);
        run_closing(FIRST + 1, &[]);
        assert_eq!(job_of(job).state, JobState::Settling);
        assert_noop!(plain(Jobs::cancel(origin(alice()), job)), E::JobEnded);
        run_dry();
        assert_noop!(plain(Jobs::cancel(origin(alice()), job)), E::JobEnded);
    });
}

#[test]
fn cancel_is_free_before_the_seed() {
    run(1, || {
        let job = ask(alice(), JobRequest { nodes: 3, ..request() });
        blocks(3);
        cancelled(job, 0, 0, 0);
        assert_eq!(closed(job), Some(Closing::Cancelled));
        has_event(Event::SlotEnded { slot: slot(job, 2), why: SlotEnd::Cancelled, returned: 10 * PRICE + DRAWS });
        assert_eq!(Draws::<Test>::iter().count(), 0);
        blocks(10);
        assert_eq!(Seeds::<Test>::iter().count(), 0);
        assert_eq!(OpenedAt::<Test>::iter().count(), 0);
    });
}

#[test]
fn cancel_burns_an_epochs_price_when_the_seed_is_known_and_nobody_drawn() {
    run(0, || {
        let job = ask(alice(), JobRequest { nodes: 3, ..request() });
        blocks(4);
        cancelled(job, 3 * PRICE, 3 * PRICE, 0);
        assert_eq!(closed(job), Some(Closing::Cancelled));
        blocks(10);
        assert_eq!(Seeds::<Test>::iter().count() + OpenedAt::<Test>::iter().count(), 0);
    });
}

#[test]
fn cancel_shares_an_epochs_price_with_who_was_drawn() {
    run(1, || {
        // A price that is odd: the odd unit is burned.
        Rate::put(Ok::<_, PriceRefusal>(QUARTER * 7));
        let price = PRICE.div_ceil(7);
        assert_eq!(price % 2, 1, "{price}");
        let job = ask(alice(), request());
        draw(slot(job, 0));
        cancelled(job, price, price - price / 2, price / 2);
        assert_eq!(closed(job), Some(Closing::Cancelled));
        assert_eq!(Reserved::get(0), None);
        assert_eq!(Assigned::<Test>::iter().count() + Deadlines::<Test>::iter().count(), 0);
        assert_eq!(noted(), vec![], "it is no fault of the node");
        assert_eq!(BarredUntil::get(0), None);
    });
}

#[test]
fn cancel_of_a_served_slot_takes_effect_at_the_end_of_the_epoch() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(10);
        run_closing(FIRST + 3, &[]);
        blocks(4);
        cancelled(job, PRICE, PRICE / 2, PRICE / 2);
        // It serves on to the end of the epoch.
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        assert_eq!((service(index).ends, service(index).leaving), (e(FIRST + 4), true));
        assert_eq!(slot_of(id).held, 4 * PRICE);
        assert_eq!(job_of(job).state, JobState::Running);
        let paid = free(&operator(0));
        run_to_epoch(FIRST + 4);
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Cancelled));
        assert_eq!(job_of(job).state, JobState::Settling);
        run_dry();
        // That epoch, and all before it, are paid.
        let gross = earns(PRICE, first_ms, 255) + 3 * PRICE;
        assert_eq!(released(job), vec![(0, 0, gross)]);
        assert_eq!(free(&operator(0)), paid + gross - tax(gross));
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
}

#[test]
fn cancel_costs_no_more_than_the_epochs_that_are_cancelled() {
    // The last epoch runs: nothing is cancelled.
    run(1, || {
        let Served { job, .. } = served(2);
        run_closing(FIRST + 1, &[]);
        cancelled(job, 0, 0, 0);
        run_dry();
        assert!(closed(job).is_some());
        assert_eq!(released(job).len(), 1);
    });
    // What comes is cheaper than what runs.
    run(1, || {
        let Served { job, .. } = served(1);
        Rate::put(Ok::<_, PriceRefusal>(QUARTER * 8));
        assert_ok!(Jobs::extend(origin(alice()), job, 1, Balance::MAX));
        let future = PRICE / 8;
        cancelled(job, future, future / 2, future / 2);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
    // What comes is dearer: the price is that of the running epoch.
    run(1, || {
        let Served { job, .. } = served(1);
        Rate::put(Ok::<_, PriceRefusal>(QUARTER / 8));
        assert_ok!(Jobs::extend(origin(alice()), job, 5, Balance::MAX));
        cancelled(job, PRICE, PRICE / 2, PRICE / 2);
        run_dry();
    });
    // A single epoch, before it is accepted.
    run(1, || {
        let job = ask(alice(), JobRequest { epochs: 1, ..request() });
        draw(slot(job, 0));
        cancelled(job, PRICE, PRICE / 2, PRICE / 2);
    });
}

#[test]
fn cancel_ends_slots_at_every_stage() {
    run(4, || {
        (1..4).for_each(|id| change_deed(id, |deed| deed.oracle = true));
        let job = ask(alice(), JobRequest { nodes: 3, ..request() });
        // One is served, one drawn again after its node failed, one looks still.
        blocks(5);
        let first = (0..3).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).unwrap();
        accept(first);
        change_deed(1, |deed| deed.oracle = false);
        next_block();
        let second = (0..3).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).unwrap();
        let before = money(&alice(), &operator(0));
        assert_ok!(Jobs::cancel(origin(alice()), job));
        // Three times an epoch's price: two shared, one burned.
        let after = money(&alice(), &operator(0));
        assert_eq!(after.burned - before.burned, 2 * PRICE);
        assert_eq!(after.operator - before.operator, PRICE / 2);
        assert_eq!(free(&operator(1)), PRICE / 2);
        assert_eq!(after.held, PRICE, "the running epoch of the served one");
        assert_eq!(after.free - before.free, (8 + 9 + 9) * PRICE + 3 * DRAWS);
        assert!(matches!(slot_of(first).state, SlotState::Running { .. }));
        assert!(!Slots::<Test>::contains_key(second.job, second.slot));
        check();
        run_dry();
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
}

#[test]
fn cancel_of_a_slot_that_moves_pays_what_was_earned() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(10);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 100)]);
        next_block();
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        let left = Now::get() - clock().epoch_start(e(FIRST + 1));
        // Its new seed is not known yet.
        cancelled(job, 0, 0, 0);
        assert_eq!(job_of(job).state, JobState::Settling);
        run_dry();
        let gross = earns(PRICE, first_ms, 100) + earns(PRICE, left, 255);
        assert_eq!(released(job), vec![(0, 0, gross)]);
        assert_eq!(job_of(job).ledger.returned, 10 * PRICE + DRAWS - FEE - gross);
    });
    // The seed of the move is known.
    run(1, || {
        let Served { job, id, index, .. } = served(10);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 100)]);
        change_deed(0, |deed| deed.oracle = true);
        blocks(5);
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        cancelled(job, PRICE, PRICE, 0);
        run_dry();
    });
}

#[test]
fn cancel_of_a_slot_whose_node_has_resigned() {
    run(2, || {
        let Served { job, id, .. } = served(10);
        let license = server(id);
        run_closing(FIRST + 1, &[]);
        resign(id);
        let before = money(&alice(), &operator(license));
        assert_ok!(Jobs::cancel(origin(alice()), job));
        let after = money(&alice(), &operator(license));
        assert_eq!((after.burned - before.burned, after.operator - before.operator), (PRICE / 2, PRICE / 2));
        run_to_epoch(FIRST + 2);
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Cancelled), "it is not drawn again");
        run_dry();
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
}

#[test]
fn job_that_is_cancelled_moves_no_more() {
    run(3, || {
        let Served { job, id, index, .. } = served(10);
        run_to_epoch(FIRST + 1);
        assert_ok!(Jobs::cancel(origin(alice()), job));
        close_epoch(FIRST, &[(index, 1)]);
        next_block();
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Cancelled));
        assert_noop!(plain(Jobs::extend(origin(alice()), job, 1, Balance::MAX)), E::JobEnded);
        assert_noop!(Jobs::add_nodes(origin(alice()), job, 1, 1, Balance::MAX), E::JobEnded);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
}

// Bans.

#[test]
fn evicted_license_loses_all_its_slots_at_once() {
    run(3, || {
        (1..3).for_each(|id| change_deed(id, |deed| deed.oracle = true));
        let jobs: Vec<JobId> = (0..4).map(|_| ask(alice(), request())).collect();
        blocks(6);
        let (runs, waits): (Vec<_>, Vec<_>) = jobs.iter().map(|job| slot(*job, 0)).partition(|id| id.job.0 < 2);
        let indices: Vec<u32> = runs.iter().map(|id| accept(*id)).collect();
        run_closing(FIRST + 1, &[]);
        // The offers stand to the twentieth block.
        assert_eq!(<Jobs as Work>::slots(LicenseId(0)), 4);
        assert_eq!(<Jobs as Work>::slots(LicenseId(1)), 0);
        let before = money(&alice(), &operator(0));
        let now = Now::get();
        (1..3).for_each(|id| change_deed(id, |deed| deed.oracle = false));
        ban(0);
        assert_eq!(<Jobs as Work>::slots(LicenseId(0)), 0);
        // Four draws, each paid for.
        let after = money(&alice(), &operator(0));
        assert_eq!((after.held, after.burned), (before.held - 4 * FEE, before.burned + 4 * FEE));
        assert_eq!((after.free, after.operator), (before.free, before.operator));
        assert_eq!(Reserved::get(0), None);
        check();
        for (id, index) in runs.iter().zip(&indices) {
            let last = e(FIRST + 1);
            has_event(Event::Left { slot: *id, license: LicenseId(0), index: *index, why: Leaving::Evicted, last });
            assert_eq!(service(*index).left, Some(Left { at: now, last }));
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
    let most = <Jobs as Work>::evict_weight();
    assert!(one.saturating_mul(ratio1_primitives::jobs::MAX_SLOTS_PER_NODE.into()).all_lte(most));
}

#[test]
fn evicting_nobody_does_nothing() {
    run(2, || {
        let Served { .. } = served(2);
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        let idle = 1 - server(slot(JobId(0), 0));
        <Jobs as Work>::evict(LicenseId(idle));
        <Jobs as Work>::evict(LicenseId(4_711));
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
        change_deed(second, |deed| deed.oracle = true);
        ban(first);
        run_closing(FIRST + 1, &[]);
        blocks(12);
        change_deed(second, |deed| deed.oracle = false);
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
