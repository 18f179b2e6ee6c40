//! Rejecting epochs: it costs the requester as much as the node.

use super::*;

/// A slot served in its first epoch and closed with `byte`; the service goes on in the second epoch.
fn closed_with(byte: u8, test: impl FnOnce(Served)) {
    run(2, || {
        let served = served(10);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[(served.index, byte)]);
        next_block();
        test(served);
    });
}

fn refused(who: AccountId, id: SlotRef, epoch: u32, error: E) {
    assert_noop!(Jobs::reject(origin(who), id, e(epoch)), error);
}

#[test]
fn rejected_epoch_is_burned_topped_up_and_the_slot_drawn_again() {
    closed_with(240, |Served { job, id, index, first_ms }| {
        let license = server(id);
        let before = money(&alice(), &operator(license));
        let held = slot_of(id).held;
        let now = Now::get();
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
        let burned = earns(PRICE, first_ms, 240);
        let topped = PRICE - burned;
        has_event(Event::Rejected { slot: id, epoch: e(FIRST), burned, topped });
        let after = money(&alice(), &operator(license));
        assert_eq!(after.burned, before.burned + PRICE + FEE, "a whole epoch's price is burned, and the fee of a draw");
        assert_eq!(after.held, before.held - burned - FEE);
        assert_eq!(after.free, before.free - topped);
        assert_eq!(after.operator, 0);
        assert_eq!(slot_of(id).held, held - burned - FEE);
        // The node loses the slot, and reputation if somebody shows that it can be served.
        assert_eq!(noted(), vec![]);
        let waits = Suspect { license: LicenseId(license), outcome: Outcome::Rejected, epoch: e(FIRST + 1) };
        assert_eq!(slot_of(id).trial.suspects.to_vec(), vec![waits]);
        let last = e(FIRST + 1);
        has_event(Event::ServiceEnded { slot: id, license: LicenseId(license), index, why: Leaving::Rejected, last });
        assert_eq!(service(index).left, Some(ServiceEnd { at: now, last }));
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        refused(alice(), id, FIRST, E::AlreadyRejected);
        check();
        // What it did in the epoch it was sent away in is paid.
        run_to_epoch(FIRST + 2);
        run_dry();
        let rest = earns(PRICE, now - clock().epoch_start(e(FIRST + 1)), 255);
        let paid: Balance = released(job).iter().filter(|(who, ..)| *who == license).map(|(_, _, gross)| gross).sum();
        assert!(paid >= rest && paid < rest + 9 * PRICE);
        let ledger = job_of(job).ledger;
        assert_eq!(ledger.paid + ledger.burned + ledger.returned, ledger.deposited);
    });
}

#[test]
fn nothing_is_topped_up_when_the_whole_price_was_earned() {
    closed_with(255, |Served { id, index, .. }| {
        run_closing(FIRST + 2, &[]);
        close_epoch(FIRST + 1, &[(index, 255)]);
        next_block();
        let before = money(&alice(), &alice());
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
        has_event(Event::Rejected { slot: id, epoch: e(FIRST + 1), burned: PRICE, topped: 0 });
        assert_eq!(money(&alice(), &alice()).free, before.free);
    });
}

#[test]
fn several_epochs_are_rejected_one_by_one() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(4);
        run_closing(FIRST + 3, &[]);
        close_epoch(FIRST + 2, &[(index, 255)]);
        next_block();
        let burned = Burned::get();
        for epoch in [FIRST + 2, FIRST] {
            assert_ok!(Jobs::reject(origin(alice()), id, e(epoch)));
        }
        assert_eq!(Burned::get(), burned + 2 * PRICE);
        assert_eq!(noted().iter().filter(|(_, outcome)| *outcome == Outcome::Rejected).count(), 1, "blamed once");
        let left = Now::get() - clock().epoch_start(e(FIRST + 3));
        bind(0);
        run_dry();
        let kept = PRICE + earns(PRICE, left, 255);
        assert_eq!(released(job), vec![(0, 0, kept)]);
        let rejected = PRICE + earns(PRICE, first_ms, 255);
        assert_eq!(job_of(job).ledger.burned, tax(kept) + rejected, "what was topped up is not the job's");
    });
}

#[test]
fn reject_is_refused_when_it_is_not_the_owners_or_does_not_exist() {
    closed_with(255, |Served { id, .. }| {
        refused(bob(), id, FIRST, E::NotOwner);
        refused(alice(), slot(JobId(9), 0), FIRST, E::UnknownJob);
        refused(alice(), slot(id.job, 1), FIRST, E::UnknownSlot);
        assert_noop!(Jobs::reject(RuntimeOrigin::root(), id, e(FIRST)), DispatchError::BadOrigin);
        assert_noop!(Jobs::reject(RuntimeOrigin::none(), id, e(FIRST)), DispatchError::BadOrigin);
    });
}

#[test]
fn reject_is_refused_when_the_slot_was_not_served_in_that_epoch() {
    closed_with(255, |Served { id, .. }| {
        refused(alice(), id, FIRST - 1, E::NothingToReject);
        refused(alice(), id, FIRST + 10, E::NothingToReject);
        refused(alice(), id, u32::MAX, E::NothingToReject);
        let drawing = ask(alice(), request());
        refused(alice(), slot(drawing, 0), FIRST, E::NothingToReject);
    });
}

#[test]
fn reject_is_refused_when_the_epoch_is_not_settled() {
    run(2, || {
        let Served { id, index, .. } = served(10);
        refused(alice(), id, FIRST, E::NotSettled);
        run_to_epoch(FIRST + 1);
        refused(alice(), id, FIRST, E::NotSettled);
        close_epoch(FIRST, &[(index, 255)]);
        // Final, and not settled before the next block.
        refused(alice(), id, FIRST, E::NotSettled);
        next_block();
        refused(alice(), id, FIRST + 1, E::NotSettled);
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
    });
}

#[test]
fn reject_is_refused_when_nothing_was_earned() {
    closed_with(0, |Served { id, .. }| refused(alice(), id, FIRST, E::NothingEarned));
    // Or the epoch lapsed.
    run(2, || {
        let Served { id, .. } = served(10);
        run_to_epoch(FIRST + 1);
        lapse_epoch(FIRST);
        next_block();
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        let refusal = Jobs::reject(origin(alice()), id, e(FIRST)).unwrap_err();
        assert!([E::NothingEarned.into(), E::NothingToReject.into()].contains(&refusal), "{refusal:?}");
        assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
    });
}

#[test]
fn reject_is_refused_when_the_requester_can_not_top_up() {
    closed_with(200, |Served { id, first_ms, .. }| {
        let topped = PRICE - earns(PRICE, first_ms, 200);
        let give = |amount| {
            use frame_support::traits::fungible::Mutate;
            let all = frame_support::traits::tokens::Preservation::Expendable;
            <Balances as Mutate<_>>::transfer(&alice(), &carol(), amount, all).unwrap();
        };
        give(free(&alice()) - topped + 1);
        refused(alice(), id, FIRST, E::InsufficientFunds);
        assert_eq!(noted(), vec![]);
        let all = frame_support::traits::tokens::Preservation::Expendable;
        frame_support::assert_ok!(<Balances as frame_support::traits::fungible::Mutate<_>>::transfer(
            &carol(),
            &alice(),
            1,
            all
        ));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
        assert_eq!(free(&alice()), 0);
        check();
        run_dry();
    });
}

#[test]
fn epoch_can_be_rejected_until_its_period_is_released() {
    // A service that goes on: up to the last block before its first period is due.
    run(2, || {
        let Served { id, .. } = served(40);
        run_closing(FIRST + 31, &[]);
        blocks(19);
        assert_eq!(running(), e(FIRST + 31));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 5)));
        run_dry();
    });
    run(2, || {
        let Served { job, id, .. } = served(40);
        run_closing(FIRST + 32, &[]);
        close_epoch(FIRST + 31, &[]);
        next_block();
        assert_eq!(released(job).len(), 1);
        refused(alice(), id, FIRST + 5, E::NothingToReject);
        refused(alice(), id, FIRST + 29, E::NothingToReject);
        // Those of the next one still can be.
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 30)));
        run_dry();
    });
    // One that has ended: two epochs long.
    run(2, || {
        let Served { job, id, .. } = served(3);
        run_closing(FIRST + 4, &[]);
        blocks(19);
        assert_eq!(running(), e(FIRST + 4));
        assert_eq!(job_of(job).state, JobState::Settling);
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 2)));
        // Nobody is looked for any more.
        assert_eq!(job_of(job).state, JobState::Settling);
        assert_eq!(pallet_draws::Draws::<Test>::iter().count(), 0);
        run_dry();
        assert_eq!(released(job).len(), 1);
    });
    run(2, || {
        let Served { job, id, .. } = served(3);
        run_closing(FIRST + 5, &[]);
        next_block();
        assert_eq!(closed(job), Some(Closing::Served));
        refused(alice(), id, FIRST + 2, E::UnknownSlot);
    });
}

#[test]
fn both_services_of_an_epoch_are_rejected_together() {
    run(2, || {
        let Served { job, id, index, .. } = served(10);
        let first = server(id);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[(index, 20)]);
        next_block();
        let left = Now::get() - clock().epoch_start(e(FIRST + 1));
        bind(first);
        let other = serve(id);
        let second = server(id);
        let rest = rest_of_epoch();
        run_closing(FIRST + 2, &[]);
        close_epoch(FIRST + 1, &[(index, 255), (other, 250)]);
        next_block();
        let before = money(&alice(), &operator(first));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
        let burned = earns(PRICE, left, 255) + earns(PRICE, rest, 250);
        has_event(Event::Rejected { slot: id, epoch: e(FIRST + 1), burned, topped: PRICE - burned });
        assert_eq!(money(&alice(), &operator(first)).burned, before.burned + PRICE + FEE);
        let rejected: Vec<u32> = slot_of(id)
            .trial
            .suspects
            .iter()
            .filter(|suspect| suspect.outcome == Outcome::Rejected)
            .map(|suspect| suspect.license.0)
            .collect();
        assert_eq!(rejected, vec![first, second]);
        assert!(service(other).left.is_some());
        check();
        bind(second);
        run_dry();
        assert!(closed(job).is_some());
        assert_eq!(free(&operator(first)), earned_net(job, first));
    });
}

fn earned_net(job: JobId, license: u32) -> Balance {
    released(job).iter().filter(|(who, ..)| *who == license).map(|(_, _, gross)| gross - tax(*gross)).sum()
}

#[test]
fn slot_goes_on_when_an_epoch_of_a_former_service_is_rejected() {
    run(2, || {
        let Served { id, index, .. } = served(10);
        let first = server(id);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[(index, 120)]);
        next_block();
        bind(first);
        let other = serve(id);
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
        assert_eq!(slot_of(id).state, SlotState::Running { index: other }, "its successor is not to blame");
        assert_eq!(noted(), vec![]);
        check();
        run_dry();
        assert_eq!(noted(), vec![(first, Outcome::Failed)], "once for what it did to one requester");
    });
}

#[test]
fn rejection_moves_no_reputation_when_the_slot_does_not_count() {
    run(1, || {
        let mut chosen = request();
        chosen.selectors.include.try_push(LicenseId(0)).unwrap();
        let id = slot(ask(alice(), chosen), 0);
        let index = serve(id);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[(index, 255)]);
        next_block();
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
        assert_eq!(noted(), vec![]);
        run_dry();
    });
}

#[test]
fn period_with_a_rejected_epoch_is_not_noted_as_served() {
    for rejects in [false, true] {
        run(1, || {
            let Served { job, id, .. } = served(30);
            run_closing(FIRST + 31, &[]);
            if rejects {
                assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
            }
            run_dry();
            assert_eq!(noted(), vec![(0, if rejects { Outcome::Rejected } else { Outcome::Served })]);
            assert!(closed(job).is_some());
        });
    }
}

#[test]
fn requester_gains_nothing_by_rejecting() {
    // Whatever the byte: with a rejection the requester is left with at most what it has without one.
    for byte in [128u8, 200, 255] {
        let spent = |rejects: bool| {
            let mut spent = 0;
            run(1, || {
                let Served { job, id, index, .. } = served(2);
                run_closing(FIRST + 1, &[]);
                close_epoch(FIRST, &[(index, byte)]);
                next_block();
                if rejects {
                    assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
                }
                bind(0);
                if !rejects {
                    // The same work without the rejection.
                    evict(0);
                }
                run_dry();
                assert!(closed(job).is_some());
                spent = FUNDS - free(&alice());
            });
            spent
        };
        assert!(spent(true) >= spent(false), "{byte}");
    }
}

fn evict(license: u32) {
    <Jobs as ratio1_primitives::traits::JobSlots>::evict(LicenseId(license));
}
