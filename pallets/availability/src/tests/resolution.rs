//! Governance chooses within what was revealed, or lets an epoch lapse.

use super::*;
use frame_support::traits::Hooks;
use ratio1_primitives::ballot::Page;

fn page(bytes: &[u8]) -> Page {
    Page::try_from(bytes.to_vec()).unwrap()
}

/// Two of four reveal different bytes for 1030 licenses; nobody else votes; the delay passes.
fn unresolved(test: impl FnOnce()) {
    at_first_round(4, 1_030, || {
        settle(1, &[(0, ballot(1, &[100; 1_030])), (1, ballot(1, &[200; 1_030]))]);
        run_to_phase(1, Some(Phase::Unresolved));
        let delay = parameters().governance_delay;
        let since = Availability::current().0;
        let early = Availability::resolve_page(RuntimeOrigin::root(), e(1), 0, page(&[100; 1_024]));
        assert_eq!(early, Err(E::TooEarly.into()));
        assert_noop!(Availability::lapse(RuntimeOrigin::root(), e(1)), E::TooEarly);
        run_to_epoch(since + delay);
        test()
    })
}

#[test]
fn governance_finalises_when_it_chooses_within_the_revealed_range() {
    unresolved(|| {
        let choose = |index, bytes: &[u8]| Availability::resolve_page(RuntimeOrigin::root(), e(1), index, page(bytes));
        assert_noop!(
            Availability::resolve_page(RuntimeOrigin::signed(account(0)), e(1), 0, page(&[100; 1_024])),
            sp_runtime::DispatchError::BadOrigin
        );
        assert_noop!(choose(1, &[150; 6]), E::WrongPage);
        assert_noop!(choose(0, &[150; 1_023]), E::WrongPageLength);
        assert_noop!(choose(0, &[99; 1_024]), E::ValueOutOfRange);
        assert_noop!(choose(0, &[201; 1_024]), E::ValueOutOfRange);
        let mut one_off = [150; 1_024];
        one_off[1_023] = 201;
        assert_noop!(choose(0, &one_off), E::ValueOutOfRange);
        assert_ok!(choose(0, &[100; 1_024]));
        assert_noop!(choose(0, &[100; 1_024]), E::WrongPage);
        block();
        assert!(credited(1).is_empty(), "nothing is handed on before the last page is chosen");
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), None);
        assert_ok!(choose(1, &[200; 6]));
        assert_noop!(choose(2, &[]), E::NotUnresolved);
        block();
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(Records::<Test>::get(e(1)).unwrap().ending, Ending::Chosen);
        assert_eq!(credited(1), [[100; 1_024].to_vec(), [200; 6].to_vec()].concat());
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(1_029)), Some(200));
    });
}

#[test]
fn epoch_lapses_without_credits_when_governance_lets_it() {
    unresolved(|| {
        assert_noop!(
            Availability::lapse(RuntimeOrigin::signed(account(0)), e(1)),
            sp_runtime::DispatchError::BadOrigin
        );
        // Half chosen, it can still lapse.
        assert_ok!(Availability::resolve_page(RuntimeOrigin::root(), e(1), 0, page(&[150; 1_024])));
        assert_ok!(Availability::lapse(RuntimeOrigin::root(), e(1)));
        assert!(events().contains(&Event::EpochLapsed { epoch: e(1), cause: LapseCause::Governance }));
        assert_eq!(state(1), EpochState::Lapsed);
        assert!(Availability::is_closed(e(1)));
        block();
        assert!(credited(1).is_empty());
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), None);
        assert_noop!(Availability::lapse(RuntimeOrigin::root(), e(1)), E::NotUnresolved);
    });
}

#[test]
fn governance_cannot_choose_when_nothing_is_complete() {
    at_first_round(0, 3, || {
        run_to_epoch(2 + parameters().governance_delay);
        let choice = Availability::resolve_page(RuntimeOrigin::root(), e(1), 0, page(&[0; 3]));
        assert_eq!(choice, Err(E::NothingRevealed.into()));
        assert_ok!(Availability::lapse(RuntimeOrigin::root(), e(1)));
    });
}

#[test]
fn governance_cannot_act_when_the_epoch_is_not_unresolved() {
    at_first_round(1, 3, || {
        for epoch in [0, 1, 2, 50] {
            let choice = Availability::resolve_page(RuntimeOrigin::root(), e(epoch), 0, page(&[0; 3]));
            assert_eq!(choice, Err(E::NotUnresolved.into()));
            assert_noop!(Availability::lapse(RuntimeOrigin::root(), e(epoch)), E::NotUnresolved);
        }
    });
}

/// Let epochs pass until `epoch` runs, with a commit window in every open round that does not end.
fn run_with_endless_windows(epoch: u32) {
    while Availability::current() < e(epoch) {
        for (open, mut round) in Rounds::<Test>::iter().collect::<Vec<_>>() {
            if round.phase != Phase::Unresolved {
                round.enter(Phase::Commit, u32::MAX, Polled::<Test>::get());
                Rounds::<Test>::insert(open, round);
            }
        }
        block();
    }
}

fn lapsed(epoch: u32, cause: LapseCause) -> bool {
    events().contains(&Event::EpochLapsed { epoch: e(epoch), cause })
}

#[test]
fn oldest_round_lapses_when_too_many_are_open() {
    at_first_round(4, 3, || {
        run_with_endless_windows(1 + MAX_OPEN);
        assert_eq!(Open::<Test>::get().len() as u32, MAX_OPEN);
        assert_eq!(state(1), EpochState::Voting(Phase::Commit));
        run_with_endless_windows(2 + MAX_OPEN);
        assert_eq!(state(1), EpochState::Lapsed);
        assert!(lapsed(1, LapseCause::NoRoom));
        assert_eq!(Availability::oldest_open(), e(2));
        assert_eq!(Open::<Test>::get().len() as u32, MAX_OPEN);
    });
}

#[test]
fn unresolved_epoch_lapses_when_it_ended_thirty_epochs_ago() {
    unresolved(|| {
        // Half chosen makes no difference, nor do later epochs that are settled.
        assert_ok!(Availability::resolve_page(RuntimeOrigin::root(), e(1), 0, page(&[150; 1_024])));
        while Availability::current() < e(1 + MAX_ROUND_AGE) {
            let ended = Availability::current().0;
            run_to_epoch(ended + 1);
            settle(ended, &unanimous(ended, 4, &[255; 1_030]));
        }
        assert!(matches!(state(1), EpochState::Unresolved(_)));
        run_to_epoch(2 + MAX_ROUND_AGE);
        assert_eq!(state(1), EpochState::Lapsed);
        assert!(lapsed(1, LapseCause::Age));
        assert!(credited(1).is_empty());
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), None);
        assert!(matches!(state(2), EpochState::Unresolved(_)), "one epoch at a time");
        assert_noop!(Availability::lapse(RuntimeOrigin::root(), e(1)), E::NotUnresolved);
    });
}

#[test]
fn unresolved_epochs_lapse_one_by_one_when_many_are_too_old() {
    at_first_round(0, 3, || {
        run_to_epoch(6);
        // To its end, so that it is not lost.
        blocks(18);
        // A halt: nothing lapses in the first epoch after it, so that governance can act.
        Now::mutate(|now| *now += 100 * EPOCH_MS);
        block();
        assert_eq!(Open::<Test>::get().len(), 6);
        for lapsing in 1..=6 {
            assert!(matches!(state(lapsing), EpochState::Unresolved(_)));
            let next = Availability::current().0 + 1;
            run_to_epoch(next);
            assert!(lapsed(lapsing, LapseCause::Age));
        }
        // Those that ended after the halt wait their own thirty epochs.
        assert!(matches!(state(107), EpochState::Unresolved(_)));
    });
}

#[test]
fn a_chosen_epoch_is_handed_on_when_it_was_chosen_at_the_last_moment() {
    unresolved(|| {
        run_to_epoch(1 + MAX_ROUND_AGE);
        for (index, bytes) in [(0, page(&[150; 1_024])), (1, page(&[150; 6]))] {
            assert_ok!(Availability::resolve_page(RuntimeOrigin::root(), e(1), index, bytes));
        }
        // The very next block ends the epoch.
        Now::mutate(|now| *now += EPOCH_MS);
        block();
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(credited(1), [150; 1_030]);
    });
}

#[test]
fn a_round_in_its_windows_lapses_when_it_is_twice_too_old() {
    at_first_round(4, 3, || {
        // One block for each epoch: no window ends in time.
        while Availability::current() < e(2 * MAX_ROUND_AGE + 1) {
            for epoch in Open::<Test>::get().into_iter().skip(1) {
                Availability::close(epoch, Ending::Lapsed).unwrap();
            }
            run_with_endless_windows(Availability::current().0 + 1);
        }
        assert_eq!(state(1), EpochState::Voting(Phase::Commit));
        run_with_endless_windows(2 * MAX_ROUND_AGE + 2);
        assert!(lapsed(1, LapseCause::Age));
    });
}

#[test]
fn a_round_half_handed_on_does_not_lapse_when_too_many_are_open() {
    at_first_round(4, 1_030, || {
        settle(1, &[(0, ballot(1, &[100; 1_030])), (1, ballot(1, &[200; 1_030]))]);
        run_to_phase(1, Some(Phase::Unresolved));
        run_to_epoch(Availability::current().0 + parameters().governance_delay);
        for (index, bytes) in [(0, page(&[150; 1_024])), (1, page(&[150; 6]))] {
            assert_ok!(Availability::resolve_page(RuntimeOrigin::root(), e(1), index, bytes));
        }
        let (round, frozen) = (Rounds::<Test>::get(e(1)).unwrap(), FrozenSets::<Test>::get(e(1)).unwrap());
        Availability::hand_on_chosen(e(1), round, &frozen, 0).unwrap();
        // Epochs end without a block's work, so that it stays half handed on: longer than anything may be open.
        for _ in 0..3 * MAX_ROUND_AGE {
            let running = Running::<Test>::get().unwrap();
            let next = running.epoch.plus(1);
            Availability::roll_over(running, next, vec![seat(0)], voted(3), vec![account(0)], Polled::<Test>::get())
                .unwrap();
        }
        assert_eq!(state(2), EpochState::Lapsed);
        assert_eq!(Open::<Test>::get().len() as u32, MAX_OPEN);
        assert_eq!(state(1), EpochState::Voting(Phase::Settling));
        Availability::do_try_state().unwrap();
        // Enough time for the clock to catch up with those epochs.
        Now::mutate(|now| *now += u64::from(3 * MAX_ROUND_AGE) * EPOCH_MS);
        block();
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(credited(1), [150; 1_030]);
    });
}

/// Blocks without the check of invariants, which a corrupt state does not pass.
fn block_unchecked() {
    Now::mutate(|now| *now += BLOCK_MS);
    Availability::on_poll(System::block_number(), &mut frame_support::weights::WeightMeter::new());
}

#[test]
fn later_rounds_settle_when_an_older_one_is_corrupt() {
    at_first_round(1, 1_030, || {
        commit(1, 0, &ballot(1, &[255; 1_030]));
        run_to_phase(1, Some(Phase::Reveal));
        reveal(1, 0, &ballot(1, &[255; 1_030]));
        BallotPages::<Test>::remove((e(1), 0, 0));
        block_unchecked();
        block_unchecked();
        assert_eq!(Rounds::<Test>::get(e(1)).map(|round| (round.step, round.failed)), Some((Step::Median(0), true)));

        while Availability::current() < e(3) {
            block_unchecked();
        }
        commit(2, 0, &ballot(2, &[255; 1_030]));
        block_unchecked();
        reveal(2, 0, &ballot(2, &[255; 1_030]));
        block_unchecked();
        assert_eq!(state(2), EpochState::Finalised);
        assert_eq!(state(1), EpochState::Voting(Phase::Settling));

        // What is lost stays lost, and the epoch lapses.
        while Availability::current() < e(2 + 2 * MAX_ROUND_AGE) {
            assert_eq!(state(1), EpochState::Voting(Phase::Settling));
            block_unchecked();
        }
        assert!(lapsed(1, LapseCause::Age));
    });
}

#[test]
fn later_rounds_wait_when_a_half_handed_on_one_is_corrupt() {
    at_first_round(1, 1_030, || {
        run_to_epoch(3);
        for epoch in [1, 2] {
            Rounds::<Test>::mutate(e(epoch), |round| {
                round.as_mut().unwrap().enter(Phase::Commit, 100, Polled::<Test>::get())
            });
            commit(epoch, 0, &ballot(epoch, &[255; 1_030]));
        }
        block();
        reveal(1, 0, &ballot(1, &[255; 1_030]));
        let lost = BallotPages::<Test>::take((e(1), 1, 0)).unwrap();
        block_unchecked();
        assert_eq!(Rounds::<Test>::get(e(1)).map(|round| (round.step, round.failed)), Some((Step::Median(1), true)));
        reveal(2, 0, &ballot(2, &[255; 1_030]));
        block_unchecked();
        assert_eq!(state(2), EpochState::Voting(Phase::Settling));
        BallotPages::<Test>::insert((e(1), 1, 0), lost);
        block();
        assert_eq!((state(1), state(2)), (EpochState::Finalised, EpochState::Finalised));
    });
}
