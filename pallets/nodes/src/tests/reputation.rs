//! How reputations move.

use super::*;
use crate::{ReputationPage, Reputations};
use proptest::prelude::*;
use ratio1_primitives::{traits::PageMask, LicenseClass, PAGE_SIZE};

fn stored(page: u32) -> Vec<u16> {
    Reputations::<Test>::get(page).iter().map(|reputation| reputation.0).collect()
}

fn of(license: u32) -> u16 {
    assert_eq!(Nodes::node_info(LicenseId(license)).reputation, Nodes::reputation(LicenseId(license)));
    Nodes::reputation(LicenseId(license)).0
}

/// Let the five licenses of these tests begin low enough for being available to raise them.
fn begin_at(value: u16) {
    Reputations::<Test>::insert(0, ReputationPage::truncate_from(vec![Reputation(value); 5]));
}

fn mask(offsets: &[u32]) -> PageMask {
    let mut mask = PageMask::default();
    offsets.iter().for_each(|offset| mask.set(*offset, true));
    mask
}

#[test]
fn reputation_begins_in_the_middle() {
    run(|| {
        assert_eq!((of(2), of(1_000_000)), (500, 500));
        assert!(stored(0).is_empty());
    });
}

#[test]
fn reputation_moves_and_tells_when_a_job_notes_an_outcome() {
    run(|| {
        let noted = [
            (Outcome::Served, 520),
            (Outcome::Missed, 470),
            (Outcome::Resigned, 445),
            (Outcome::Failed, 345),
            (Outcome::Rejected, 245),
        ];
        for (outcome, value) in noted {
            Nodes::note(DEED, outcome);
            assert_eq!(of(2), value);
            let reputation = Reputation(value);
            assert_eq!(events(), [Event::ReputationMoved { license: DEED, outcome, reputation }]);
        }
        for (outcome, value) in [(Outcome::Available, 246), (Outcome::Unavailable, 236)] {
            Nodes::note(DEED, outcome);
            assert_eq!((of(2), events()), (value, vec![]));
        }
        assert_eq!(stored(0), [500, 500, 236]);
        Nodes::note(LicenseId(3), Outcome::Served);
        assert_eq!(stored(0), [500, 500, 236, 520]);
    });
}

#[test]
#[cfg(not(debug_assertions))]
fn reputation_is_not_kept_when_there_is_no_such_license() {
    run(|| {
        Nodes::note(LicenseId(5), Outcome::Served);
        assert_eq!((stored(0), events()), (vec![], vec![]));
    });
}

#[test]
fn page_moves_reputations_of_the_licenses_linked_when_the_epoch_ended() {
    run(|| {
        // Now 2 is unlinked and 3 linked; when the epoch ended it was the other way round.
        Deeds::link(DEED, None);
        Deeds::remember(0, 7, Some(mask(&[0, 1, 2, 4])));
        begin_at(400);
        Nodes::on_page(EpochIndex(7), 0, &[255, THRESHOLD, THRESHOLD - 1, 0, 0]);
        assert_eq!(stored(0), [401, 401, 390, 400, 390]);
        assert!(events().is_empty());
    });
}

#[test]
fn page_raises_no_reputation_beyond_its_beginning_when_nodes_are_only_available() {
    run(|| {
        let value = |value| Reputation(value);
        let page = vec![value(499), value(500), value(720), value(1_000), value(0)];
        Reputations::<Test>::insert(0, ReputationPage::truncate_from(page));
        Deeds::remember(0, 7, Some(mask(&[0, 1, 2, 3, 4])));
        (0..3).for_each(|_| Nodes::on_page(EpochIndex(7), 0, &[255; 5]));
        assert_eq!(stored(0), [500, 500, 720, 1_000, 3]);
    });
}

#[test]
fn page_is_not_written_when_nobody_was_linked() {
    run(|| {
        Deeds::remember(0, 7, Some(PageMask::default()));
        Nodes::on_page(EpochIndex(7), 0, &[255; 5]);
        assert!(!Reputations::<Test>::contains_key(0));
    });
}

#[test]
fn page_moves_nothing_when_links_or_threshold_are_not_known() {
    run(|| {
        Deeds::remember(0, 7, None);
        Nodes::on_page(EpochIndex(7), 0, &[255; 5]);
        Threshold::set(None);
        Nodes::on_page(EpochIndex(8), 0, &[255; 5]);
        assert!(!Reputations::<Test>::contains_key(0));
    });
}

#[test]
fn page_counts_by_the_threshold_of_the_epoch() {
    run(|| {
        Threshold::set(Some(10));
        begin_at(400);
        Nodes::on_page(EpochIndex(7), 0, &[9, 10, 11]);
        // Licenses without a byte are left alone.
        assert_eq!(stored(0), [390, 401, 401, 400, 400]);
    });
}

#[test]
fn page_is_cut_when_bytes_go_beyond_it_or_the_last_license() {
    run(|| {
        // Whatever the links say: there is nobody beyond the last license.
        (0..2).for_each(|page| Deeds::remember(page, 7, Some(PageMask([u8::MAX; PAGE_SIZE as usize / 8]))));
        begin_at(400);
        Nodes::on_page(EpochIndex(7), 0, &[255; 2_000]);
        assert_eq!(stored(0), [401; 5]);
        Nodes::on_page(EpochIndex(7), 1, &[255; 2_000]);
        Nodes::on_page(EpochIndex(7), u32::MAX, &[255; 2_000]);
        assert_eq!(Reputations::<Test>::iter().count(), 1);
        while issue(LicenseClass::Node, Some(node(5))).0 < PAGE_SIZE + 1 {}
        Nodes::on_page(EpochIndex(8), 0, &[0; 2_000]);
        Nodes::on_page(EpochIndex(8), 1, &[0; 2_000]);
        assert_eq!((stored(0).len(), stored(1)), (PAGE_SIZE as usize, vec![490, 490]));
        assert_eq!((of(0), of(1_023), of(1_024), of(1_025), of(1_026)), (391, 490, 490, 490, 500));
    });
}

#[test]
fn reputation_of_a_license_is_its_own_when_others_are_on_other_pages() {
    run(|| {
        while issue(LicenseClass::Node, Some(node(5))).0 < PAGE_SIZE + 2 {}
        Nodes::note(LicenseId(PAGE_SIZE + 2), Outcome::Failed);
        assert_eq!((of(2), of(PAGE_SIZE + 2)), (500, 400));
        assert_eq!((stored(0), stored(1)), (vec![], vec![500, 500, 400]));
    });
}

fn any_outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Available),
        Just(Outcome::Unavailable),
        Just(Outcome::Served),
        Just(Outcome::Missed),
        Just(Outcome::Resigned),
        Just(Outcome::Failed),
        Just(Outcome::Rejected),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever happens, in whatever order: every reputation is what its own outcomes make of it, within its bounds.
    #[test]
    fn reputations_stay_within_bounds(
        start in proptest::collection::vec(0..=Reputation::MOST, 0..=5),
        steps in proptest::collection::vec(
            prop_oneof![
                (0..5u32, any_outcome()).prop_map(|(license, outcome)| Ok((license, outcome))),
                (proptest::collection::vec(any::<u8>(), 0..8), 0..32u8).prop_map(Err),
            ],
            0..60,
        ),
    ) {
        new_test_ext().execute_with(|| {
            let mut expected = [Reputation::default(); 5];
            expected.iter_mut().zip(&start).for_each(|(reputation, value)| *reputation = Reputation(*value));
            let page: Vec<_> = start.into_iter().map(Reputation).collect();
            Reputations::<Test>::insert(0, ReputationPage::truncate_from(page));
            for step in steps {
                match step {
                    Ok((license, outcome)) => {
                        Nodes::note(LicenseId(license), outcome);
                        let reputation = &mut expected[license as usize];
                        *reputation = reputation.after(outcome);
                    }
                    Err((bytes, linked)) => {
                        let offsets: Vec<u32> = (0..5).filter(|offset| linked & (1 << offset) != 0).collect();
                        Deeds::remember(0, 7, Some(mask(&offsets)));
                        Nodes::on_page(EpochIndex(7), 0, &bytes);
                        for offset in offsets {
                            let Some(byte) = bytes.get(offset as usize) else { continue };
                            let up = *byte >= THRESHOLD;
                            let reputation = &mut expected[offset as usize];
                            *reputation = reputation.after(if up { Outcome::Available } else { Outcome::Unavailable });
                        }
                    }
                }
                check();
                for (license, reputation) in (0u32..).zip(expected) {
                    assert_eq!(Nodes::reputation(LicenseId(license)), reputation);
                    assert!(reputation.0 <= Reputation::MOST);
                }
            }
        });
    }
}
