//! Reserving, freeing and barring.

use super::*;
use crate::{Barred, Reserved, BARRED_EPOCHS, MAX_SLOTS_PER_NODE};
use codec::Encode;

const NEED: Capacity = capacity(1_000, 1_024, 10, 0);

fn used(license: LicenseId) -> Option<(Capacity, u32)> {
    Reserved::<Test>::get(license).map(|Reservation { used, slots }| (used, slots))
}

#[test]
fn nothing_is_reserved_when_nothing_is_declared() {
    run(|| {
        assert!(!Nodes::has_room(DEED, &Capacity::default()));
        assert_noop!(Nodes::reserve(DEED, &Capacity::default()), E::NoRoom);
    });
}

#[test]
fn capacity_is_reserved_until_it_is_used_up() {
    run(|| {
        assert_ok!(declare(DEED, &plain(2_500)));
        events();
        let both = capacity(2_000, 2_048, 20, 0);
        for (count, used) in [(1, NEED), (2, both)] {
            assert!(Nodes::has_room(DEED, &NEED));
            assert_ok!(Nodes::reserve(DEED, &NEED));
            assert_eq!(events(), [Event::Reserved { license: DEED, used, slots: count }]);
        }
        assert!(!Nodes::has_room(DEED, &NEED));
        assert_noop!(Nodes::reserve(DEED, &NEED), E::NoRoom);
        assert!(Nodes::has_room(DEED, &Capacity { cpu_milli: 500, ..NEED }));
        assert_eq!(used(DEED), Some((both, 2)));
        let info = Nodes::node_info(DEED);
        assert_eq!(info.reservation, Reservation { used: both, slots: 2 });
        assert_eq!(info.free, capacity(500, 8_192 - 2_048, 80, 0));
        assert_eq!(used(LicenseId(3)), None);
    });
}

#[test]
fn each_resource_limits_what_is_reserved() {
    run(|| {
        let has = capacity(10, 20, 30, 2);
        assert_ok!(declare(DEED, &profile(has, Some(Gpu::Entry), &[])));
        let beyond = [
            Capacity { cpu_milli: 11, ..has },
            Capacity { memory_mib: 21, ..has },
            Capacity { disk_gib: 31, ..has },
            Capacity { gpus: 3, ..has },
        ];
        for need in beyond {
            assert!(!Nodes::has_room(DEED, &need));
            assert_noop!(Nodes::reserve(DEED, &need), E::NoRoom);
        }
        assert_ok!(Nodes::reserve(DEED, &has));
        let all = capacity(u32::MAX, u32::MAX, u32::MAX, u32::MAX);
        assert_noop!(Nodes::reserve(DEED, &all), E::NoRoom);
    });
}

#[test]
fn slots_are_limited_however_small_they_are() {
    run(|| {
        assert_ok!(declare(DEED, &plain(1_000_000)));
        let need = capacity(1, 0, 0, 0);
        for _ in 0..MAX_SLOTS_PER_NODE {
            assert_ok!(Nodes::reserve(DEED, &need));
        }
        assert!(!Nodes::has_room(DEED, &need));
        assert_noop!(Nodes::reserve(DEED, &need), E::NoRoom);
        Nodes::free(DEED, &need);
        assert!(Nodes::has_room(DEED, &need));
    });
}

#[test]
fn room_is_of_the_last_declaration() {
    run(|| {
        assert_ok!(declare(DEED, &plain(500)));
        assert!(!Nodes::has_room(DEED, &NEED));
        epochs(1);
        assert_ok!(declare(DEED, &plain(1_000)));
        assert!(Nodes::has_room(DEED, &NEED));
        epochs(1);
        assert_ok!(declare(DEED, &plain(999)));
        assert!(!Nodes::has_room(DEED, &NEED));
    });
}

#[test]
fn reservation_is_removed_when_the_last_slot_is_freed() {
    run(|| {
        assert_ok!(declare(DEED, &plain(2_000)));
        let small = capacity(500, 512, 5, 0);
        assert_ok!(Nodes::reserve(DEED, &NEED));
        assert_ok!(Nodes::reserve(DEED, &small));
        events();
        Nodes::free(DEED, &NEED);
        assert_eq!(used(DEED), Some((small, 1)));
        Nodes::free(DEED, &small);
        assert_eq!(used(DEED), None);
        assert_eq!(
            events(),
            [
                Event::Freed { license: DEED, used: small, slots: 1 },
                Event::Freed { license: DEED, used: Capacity::default(), slots: 0 }
            ]
        );
    });
}

/// Where debug assertions are on, these are failures on purpose.
#[test]
#[cfg(not(debug_assertions))]
fn freeing_stops_at_nothing_when_more_is_freed_than_is_reserved() {
    run(|| {
        Nodes::free(DEED, &NEED);
        assert_eq!((used(DEED), events()), (None, vec![]));
        assert_ok!(declare(DEED, &plain(4_000)));
        assert_ok!(Nodes::reserve(DEED, &NEED));
        assert_ok!(Nodes::reserve(DEED, &NEED));
        Nodes::free(DEED, &capacity(1_500, u32::MAX, 0, 7));
        assert_eq!(used(DEED), Some((capacity(500, 0, 20, 0), 1)));
        // The last slot leaves nothing behind.
        Nodes::free(DEED, &Capacity::default());
        assert_eq!(used(DEED), None);
        assert!(Nodes::has_room(DEED, &capacity(4_000, 8_192, 100, 0)));
    });
}

#[test]
fn license_is_left_out_for_the_running_epoch_and_those_after_it_when_barred() {
    run(|| {
        assert!(!Nodes::is_barred(DEED));
        Nodes::bar(DEED);
        let until = EpochIndex(1 + BARRED_EPOCHS + 1);
        assert_eq!(events(), [Event::Barred { license: DEED, until }]);
        for _ in 0..=BARRED_EPOCHS {
            assert!(Nodes::is_barred(DEED));
            assert_eq!(Nodes::node_info(DEED).barred_until, Some(until));
            assert!(!Nodes::is_barred(LicenseId(3)));
            epochs(1);
        }
        assert!(!Nodes::is_barred(DEED));
        assert_eq!(Nodes::node_info(DEED).barred_until, None);
    });
}

#[test]
fn bar_begins_anew_when_another_offer_lapses() {
    run(|| {
        Nodes::bar(DEED);
        epochs(2);
        Nodes::bar(DEED);
        assert_eq!(Nodes::node_info(DEED).barred_until, Some(EpochIndex(3 + BARRED_EPOCHS + 1)));
    });
}

#[test]
fn bar_ends_when_the_node_declares_in_a_later_epoch_that_it_is_there() {
    run(|| {
        assert_ok!(declare(DEED, &plain(4_000)));
        epochs(1);
        Nodes::bar(DEED);
        // What is declared already is no news in the epoch of the missed offer.
        assert_eq!(declare(DEED, &plain(4_000)), Err(E::Unchanged.encode()[0]));
        assert!(Nodes::is_barred(DEED));
        epochs(1);
        assert_eq!(Nodes::can_declare(DEED, Nodes::next_sequence(DEED), plain(4_000)), Ok(()));
        assert_ok!(declare(DEED, &plain(4_000)));
        assert!(!Nodes::is_barred(DEED) && !Barred::<Test>::contains_key(DEED));
        epochs(1);
        assert_eq!(declare(DEED, &plain(4_000)), Err(E::Unchanged.encode()[0]), "there is no bar any more");
        // Something else than before, in the epoch of the missed offer: it is left out of the rest of that.
        Nodes::bar(DEED);
        assert_ok!(declare(DEED, &plain(5_000)));
        assert!(Nodes::is_barred(DEED));
    });
}

#[test]
fn bar_is_removed_only_when_it_is_over() {
    run(|| {
        let kept = || Barred::<Test>::contains_key(DEED);
        Nodes::bar(DEED);
        assert_ok!(declare(DEED, &plain(4_000)));
        assert_ok!(Nodes::reserve(DEED, &NEED));
        assert!(kept());
        epochs(BARRED_EPOCHS + 1);
        assert!(kept());
        assert_ok!(Nodes::reserve(DEED, &NEED));
        assert!(!kept());
        Nodes::bar(DEED);
        epochs(BARRED_EPOCHS + 1);
        assert_ok!(declare(DEED, &plain(5_000)));
        assert!(!kept());
    });
}

#[test]
fn invariants_fail_when_storage_is_broken() {
    let breaks: [(&str, fn()); 9] = [
        ("more is reserved", || {
            Reserved::<Test>::insert(DEED, Reservation { used: capacity(1_001, 0, 0, 0), slots: 1 })
        }),
        ("no slot", || Reserved::<Test>::insert(DEED, Reservation::default())),
        ("more slots", || Reserved::<Test>::insert(DEED, Reservation { used: NEED, slots: MAX_SLOTS_PER_NODE + 1 })),
        ("declared nothing", || Reserved::<Test>::insert(LicenseId(3), Reservation { used: NEED, slots: 1 })),
        ("not linked", || {
            Reserved::<Test>::insert(DEED, Reservation { used: NEED, slots: 1 });
            Deeds::link(DEED, Some(node(9)));
        }),
        ("unsorted", || {
            crate::Profiles::<Test>::mutate(DEED, |declared| {
                declared.as_mut().unwrap().profile = profile(NEED, None, &["b", "a"])
            })
        }),
        ("without a number", || crate::Sequence::<Test>::remove(DEED)),
        ("too long", || Barred::<Test>::insert(DEED, EpochIndex(BARRED_EPOCHS + 3))),
        ("beyond the last", || {
            crate::Reputations::<Test>::insert(0, crate::ReputationPage::truncate_from(vec![Reputation(1); 6]))
        }),
    ];
    for (message, break_it) in breaks {
        new_test_ext().execute_with(|| {
            assert_ok!(declare(DEED, &plain(1_000)));
            check();
            break_it();
            let found = Nodes::do_try_state().unwrap_err();
            assert!(format!("{found:?}").contains(message), "{message}: {found:?}");
        });
    }
}
