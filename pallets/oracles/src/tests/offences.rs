//! What an offence costs.

use super::*;

#[test]
fn offender_is_disabled_at_once_and_removed_when_above_the_minimum() {
    run(5, 4, || {
        offend(&[2]);
        assert_eq!(disabled(), [2]);
        assert_eq!(admitted(), [0, 1, 3, 4]);
        assert!(Oracles::is_barred(&2));
        assert_eq!(Removed::<Test>::get(2).map(|r| r.reason), Some(RemovalReason::Offence));
        let events = System::read_events_for_pallet::<Event<Test>>();
        assert_eq!(
            events,
            [
                Event::OracleDisabled { oracle: 2 },
                Event::OracleRemoved { oracle: 2, license: LicenseId(2), reason: RemovalReason::Offence },
                Event::OracleOffended { oracle: 2, removed: true },
            ]
        );
    });
}

#[test]
fn offender_is_disabled_at_every_session_start_until_it_has_left() {
    run(5, 4, || {
        // A change on its way makes the session pallet forget who is disabled at both next rotations.
        join(7);
        rotate();
        offend(&[2]);
        DisabledNow::take();
        rotate();
        assert!(active().contains(&2) && disabled() == [2]);
        assert_eq!(DisabledNow::take(), [2]);
        rotate();
        assert_eq!(active(), [0, 1, 3, 4, 7]);
        assert!(disabled().is_empty() && DisabledNow::take().is_empty());
        assert!(Marked::<Test>::get().is_empty());
    });
}

#[test]
fn offender_is_disabled_but_kept_when_the_set_is_at_its_minimum() {
    run(4, 4, || {
        offend(&[2]);
        assert_eq!((admitted(), disabled()), (vec![0, 1, 2, 3], vec![2]));
        assert_eq!(last_event(), Event::OracleOffended { oracle: 2, removed: false });
        assert!(Oracles::is_barred(&2) && !Removed::<Test>::contains_key(2));
        // It stays disabled, whatever changes around it, until governance replaces it.
        assert_ok!(register(0, 50));
        for _ in 0..4 {
            rotate();
            assert_eq!(disabled(), [2]);
        }
        join(7);
        assert_ok!(remove(2));
        rotate();
        assert_eq!(disabled(), [2]);
        rotate();
        assert_eq!(active(), [0, 1, 3, 7]);
        assert!(disabled().is_empty());
    });
}

#[test]
fn offence_changes_nothing_when_it_is_reported_again() {
    run(7, 4, || {
        offend(&[2]);
        let before = (admitted(), disabled(), Marked::<Test>::get(), System::events().len());
        offend(&[2]);
        offend(&[2, 2]);
        assert_eq!(before, (admitted(), disabled(), Marked::<Test>::get(), System::events().len()));
        // With a concurrent offender, as the offences pallet reports them: only the new one pays.
        offend(&[2, 5]);
        assert_eq!((admitted(), disabled()), (vec![0, 1, 3, 4, 6], vec![2, 5]));
        // Long after it has left.
        (0..3).for_each(|_| rotate());
        let before = System::events().len();
        offend(&[2, 5]);
        assert_eq!((admitted(), before), (vec![0, 1, 3, 4, 6], System::events().len()));
    });
}

#[test]
fn offenders_are_disabled_within_the_byzantine_limit() {
    run(7, 4, || {
        offend(&[0, 1, 2, 3, 4]);
        // Two of seven are disabled, three removed, two kept at the minimum.
        assert_eq!(disabled(), [0, 1]);
        assert_eq!(admitted(), [3, 4, 5, 6]);
        rotate();
        assert_eq!(disabled(), [0, 1]);
        rotate();
        // Of the four that are left, one.
        assert_eq!(active(), [3, 4, 5, 6]);
        assert_eq!(disabled(), [0]);
        assert!(Oracles::is_barred(&3) && !Oracles::is_barred(&4));
    });
}

#[test]
fn nobody_is_disabled_when_there_are_fewer_than_four() {
    run(1, 1, || {
        offend(&[0]);
        assert!(disabled().is_empty() && !Oracles::is_barred(&0));
        assert_eq!(admitted(), [0]);
        rotate();
        assert_eq!(active(), [0]);
    });
}

#[test]
fn stranger_s_offence_is_ignored() {
    run(4, 1, || {
        offend(&[9]);
        offend(&[]);
        assert!(Marked::<Test>::get().is_empty() && System::events().is_empty());
    });
}

#[test]
fn queued_offender_is_disabled_when_it_becomes_active() {
    run(4, 4, || {
        join(7);
        rotate();
        offend(&[7]);
        assert!(disabled().is_empty() && !admitted().contains(&7));
        rotate();
        assert!(active().contains(&7));
        assert_eq!(disabled(), [4]);
        rotate();
        assert!(!active().contains(&7) && disabled().is_empty());
    });
}
