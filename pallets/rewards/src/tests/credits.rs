//! From availability to credits.

use super::*;

#[test]
fn page_credits_each_byte_when_licenses_are_linked() {
    with_deeds(|| {
        finalise(1, &[255, 200, 0, 17, 128]);
        finalise(2, &[255, 200, 1, 17, 128]);
        assert_eq!((0..5).map(|n| Rewards::credits(LicenseId(n))).collect::<Vec<_>>(), [510, 400, 1, 34, 256]);
        assert_eq!(Credits::<Test>::iter().count(), 1);
    });
}

#[test]
fn byte_pays_nothing_when_the_license_was_not_linked_as_the_epoch_ended() {
    with_deeds(|| {
        Deeds::linked_in(1, ND, false);
        finalise(1, &[0, 0, 255, 255, 0]);
        finalise(2, &[0, 0, 10, 10, 0]);
        assert_eq!(Rewards::credits(ND), 10);
        assert_eq!(Rewards::credits(LicenseId(3)), 265);
    });
}

#[test]
fn byte_is_dropped_when_it_is_beyond_the_last_license() {
    with_deeds(|| {
        // Even a mask that claims more licenses than there are does not make any.
        Deeds::linked_in(1, LicenseId(7), true);
        finalise(1, &[9; 1024]);
        assert_eq!(Credits::<Test>::get(0).len(), 5);
        Rewards::on_page(EpochIndex(1), 1, &[9; 1024]);
        Rewards::on_page(EpochIndex(1), u32::MAX, &[9; 1024]);
        assert_eq!(Credits::<Test>::iter().count(), 1);
    });
}

#[test]
fn second_page_credits_its_own_licenses_when_there_are_more_than_1024() {
    with_deeds(|| {
        while LicenseId(1_030) != issue(LicenseClass::Node, Some(account(9))) {}
        let bytes: Vec<u8> = (0..1_031u32).map(|n| (n % 251) as u8).collect();
        finalise(1, &bytes);
        for (n, byte) in bytes.iter().enumerate() {
            assert_eq!(Rewards::credits(LicenseId(n as u32)), u32::from(*byte));
        }
        assert_eq!(Credits::<Test>::get(1).len(), 7);
    });
}

#[test]
fn page_is_not_written_when_nothing_was_earned() {
    with_deeds(|| {
        finalise(1, &[0; 5]);
        assert!(!Credits::<Test>::contains_key(0));
        finalise(2, &[]);
        finalise(2, &[0, 0, 1]);
        assert_eq!(Credits::<Test>::get(0).to_vec(), [0, 0, 1]);
    });
}

#[test]
fn credits_stop_when_they_reach_the_schedules_maximum() {
    with_deeds(|| {
        for epoch in 0..1_100 {
            finalise(epoch, &[255, 255, 255, 254, 0]);
        }
        assert_eq!(Rewards::credits(LicenseId(0)), 93_075);
        assert_eq!(Rewards::credits(LicenseId(1)), MAX);
        assert_eq!(Rewards::credits(ND), MAX);
        assert_eq!(Rewards::credits(LicenseId(3)), MAX);
        assert_eq!(Rewards::credits(LicenseId(4)), 0);
    });
}
