//! Requesters that cancel: what that costs, and what comes back.

use super::*;

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
    has_event(Event::Cancelled { job, last: running(), burned, paid, returned });
    assert_eq!(job_of(job).cancelled, Some(running()));
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
        assert_eq!(pallet_draws::Draws::<Test>::iter().count(), 0);
        blocks(10);
        assert_eq!(pallet_draws::Seeds::<Test>::iter().count(), 0);
        assert_eq!(pallet_draws::OpenedAt::<Test>::iter().count(), 0);
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
        assert_eq!(pallet_draws::Seeds::<Test>::iter().count() + pallet_draws::OpenedAt::<Test>::iter().count(), 0);
    });
}

#[test]
fn cancel_shares_an_epochs_price_with_who_was_drawn() {
    run(1, || {
        // A price that is odd: the odd unit is burned.
        Rate::set(Ok(QUARTER * 7));
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
        Rate::set(Ok(QUARTER * 8));
        assert_ok!(Jobs::extend(origin(alice()), job, 1, Balance::MAX));
        let future = PRICE / 8;
        cancelled(job, future, future / 2, future / 2);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
    // What comes is dearer: the price is that of the running epoch.
    run(1, || {
        let Served { job, .. } = served(1);
        Rate::set(Ok(QUARTER / 8));
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
        (1..4).for_each(bind);
        let job = ask(alice(), JobRequest { nodes: 3, ..request() });
        // One is served, one drawn again after its node failed, one looks still.
        blocks(5);
        let first = (0..3).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).unwrap();
        accept(first);
        unbind(1);
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
        bind(0);
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
