//! What comes to nothing at the requester's cost, and what those who measured cannot have known.

use super::*;

// What comes to nothing.

#[test]
fn move_costs_the_requester_an_epochs_price_when_nothing_was_ever_earned() {
    run(1, || {
        let before = money(&alice(), &operator(0));
        let (Served { job, id, .. }, _) = failed(10);
        let left = Now::get() - clock().epoch_start(e(FIRST + 1));
        close_later(FIRST + 1, 0);
        let deposited = job_of(job).ledger.deposited;
        run_dry();
        assert_eq!(wasted(), vec![(id, PRICE)]);
        let ledger = job_of(job).ledger;
        assert_eq!(ledger.burned, PRICE + fees(job));
        assert_eq!((ledger.paid, ledger.returned), (0, deposited - PRICE - fees(job)), "{left}");
        let after = money(&alice(), &operator(0));
        assert_eq!(before.free - after.free, PRICE + FEE + fees(job));
        assert_eq!(after.burned - before.burned, PRICE + FEE + fees(job));
        assert_eq!(noted(), vec![]);
    });
}

#[test]
fn job_of_one_epoch_costs_its_price_when_it_came_to_nothing() {
    run(1, || {
        let Served { job, id, .. } = served(1);
        close_later(FIRST, 0);
        run_dry();
        assert_eq!(wasted(), vec![(id, PRICE)]);
        assert_eq!(job_of(job).ledger.returned, DRAWS);
    });
}

#[test]
fn nothing_is_burned_when_something_was_earned_or_nothing_measured() {
    // Something was earned before.
    run(1, || {
        let Served { job, .. } = served(5);
        close_later(FIRST, 200);
        close_later(FIRST + 1, 0);
        run_dry();
        assert_eq!((wasted(), closed(job)), (vec![], Some(Closing::Served)));
    });
    // All of it lapsed.
    run(1, || {
        let Served { job, .. } = served(1);
        run_to_epoch(FIRST + 1);
        next_block();
        lapse_epoch(FIRST);
        run_dry();
        assert_eq!((wasted(), job_of(job).ledger.returned), (vec![], PRICE + DRAWS));
    });
    // Its license was banned before anything was expected of it.
    run(1, || {
        let Served { .. } = served(5);
        ban(0);
        run_dry();
        assert_eq!(wasted(), vec![]);
    });
}

#[test]
fn every_service_that_came_to_nothing_is_charged_while_nothing_is_earned() {
    run(3, || {
        let (Served { job, id, .. }, first) = failed(10);
        let (index, second) = served_by_another(id, first);
        close_later(FIRST + 1, 0);
        assert!(service(index).left.is_some());
        let third = serve(id);
        assert!(![first, second].contains(&server(id)));
        close_later(FIRST + 2, 0);
        assert!(service(third).left.is_some());
        close_later(FIRST + 3, 0);
        run_dry();
        assert_eq!(wasted().len(), 3);
        assert!(wasted().iter().all(|(slot, burned)| *slot == id && *burned == PRICE));
        assert_eq!(job_of(job).ledger.paid, 0);
    });
}

// Finality that lags.

#[test]
fn service_is_made_good_when_those_who_measured_it_cannot_have_known_it() {
    run(1, || {
        let Served { job, id, index, .. } = served(3);
        let accepted = service(index).block;
        assert_eq!(accepted, System::block_number());
        Measured::set_known(FIRST, accepted - 1);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 0)]);
        next_block();
        // Neither failed, nor paid, nor charged.
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        has_event(Event::EndPostponed { slot: id, ends: e(FIRST + 4) });
        assert_eq!((service(index).ends, service(index).recent.len()), (e(FIRST + 4), 0));
        assert_eq!(slot_of(id).held, 3 * PRICE + DRAWS);
        assert_eq!(Jobs::earnings(id, e(FIRST))[0].byte, None);
        assert_eq!(Jobs::can_reject(alice(), id, e(FIRST)), Err(E::NothingEarned.into()));
        run_dry();
        assert_eq!(released(job), vec![(0, 0, 3 * PRICE)]);
        assert_eq!((noted(), wasted()), (vec![], vec![]));
    });
    // One block more was known: then it counts.
    run(1, || {
        let Served { id, index, .. } = served(3);
        Measured::set_known(FIRST, service(index).block);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 0)]);
        next_block();
        assert!(service(index).left.is_some() && slot_of(id).ends() == e(FIRST + 3));
    });
}

#[test]
fn service_is_not_made_good_when_another_is_paid_for_a_part_of_the_same_epoch() {
    run(2, || {
        let Served { job, id, index, .. } = served(4);
        let first = server(id);
        blocks(2);
        let at = Now::get();
        absent(first);
        let (second, _) = served_by_another(id, first);
        let part = earns(PRICE, at - service(index).accepted, 255);
        Measured::set_known(FIRST, service(second).block - 1);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(second, 0)]);
        next_block();
        assert_eq!(slot_of(id).state, SlotState::Running { index: second });
        assert_eq!(slot_of(id).ends(), e(FIRST + 4));
        run_dry();
        let mut paid = released(job);
        paid.sort_by_key(|(who, ..)| *who != first);
        assert_eq!(paid, vec![(first, 0, part), (1 - first, 0, 3 * PRICE)]);
        assert_eq!(job_of(job).ledger.returned, PRICE - part + DRAWS - FEE);
    });
}
