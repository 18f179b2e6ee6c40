//! Ballots go after 30 epochs, results after 1080; commits and records stay.

use super::*;

/// Let `n` epochs pass without blocks, then poll a little.
fn skip_epochs(n: u32) {
    Now::mutate(|now| *now += u64::from(n) * EPOCH_MS);
    blocks(5);
}

#[test]
fn ballots_are_forgotten_when_thirty_epochs_passed() {
    at_first_round(2, 1_100, || {
        let bytes = [255; 1_100];
        settle(1, &unanimous(1, 2, &bytes));
        let kept = || BallotPages::<Test>::iter_keys().count() + Headers::<Test>::iter_keys().count();
        skip_epochs(KEEP_BALLOTS - 2);
        assert_eq!(Availability::current(), e(KEEP_BALLOTS));
        assert_eq!(kept(), 2 * 2 + 2);
        skip_epochs(2);
        assert!(BallotPages::<Test>::iter_key_prefix((e(1),)).next().is_none());
        assert!(Headers::<Test>::iter_key_prefix(e(1)).next().is_none());
        assert!(Casts::<Test>::iter_key_prefix(e(1)).next().is_none());
        assert!(Availability::reported_bytes(e(1), LicenseId(0)).is_empty());
        // What remains.
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(1_099)), Some(255));
        assert!(Commits::<Test>::contains_key(e(1), 0));
        let info = Availability::epoch_info(e(1));
        assert!(info.ballots.iter().all(|s| s.committed && s.complete && s.eligible && s.coverage == Some(255)));
    });
}

#[test]
fn results_are_forgotten_when_1080_epochs_passed() {
    at_first_round(2, 1_100, || {
        settle(1, &unanimous(1, 2, &[255; 1_100]));
        run_to_epoch(3);
        settle(2, &unanimous(2, 2, &[255; 1_100]));
        // Nobody votes about epoch 3, and it lapses.
        run_to_phase(3, Some(Phase::Commit));
        run_to_phase(3, Some(Phase::Unresolved));
        run_to_epoch(Availability::current().0 + parameters().governance_delay);
        assert_ok!(Availability::lapse(RuntimeOrigin::root(), e(3)));
        skip_epochs(KEEP_HISTORY + 1 - Availability::current().0);
        assert_eq!(Availability::current(), e(KEEP_HISTORY + 1));
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), Some(255));
        skip_epochs(2);
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), None);
        assert!(!FrozenSets::<Test>::contains_key(e(1)));
        assert!(FinalisedPages::<Test>::iter_key_prefix(e(1)).next().is_none());
        assert!(Tallies::<Test>::get(e(1)).is_empty());
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(state(3), EpochState::Lapsed);
        assert!(Commits::<Test>::contains_key(e(1), 0));
    });
}

#[test]
fn nothing_is_forgotten_when_an_older_round_is_open() {
    at_first_round(4, 8, || {
        settle(1, &unanimous(1, 2, &[255; 8]));
        run_to_phase(1, Some(Phase::Unresolved));
        // One long epoch from its beginning: nothing has lapsed by age when the blocks go on.
        run_to_epoch(Availability::current().0 + 1);
        skip_epochs(KEEP_HISTORY + 100);
        assert_eq!(BallotsPruned::<Test>::get(), PruneCursor { epoch: e(1), page: 0 });
        assert_eq!(Availability::reported_bytes(e(1), LicenseId(0)).len(), 2);
        let values = ratio1_primitives::ballot::Page::try_from(vec![255; 8]).unwrap();
        assert_ok!(Availability::resolve_page(RuntimeOrigin::root(), e(1), 0, values));
        block();
        assert_eq!(state(1), EpochState::Finalised);
        blocks(5);
        assert!(Availability::reported_bytes(e(1), LicenseId(0)).is_empty());
    });
}
