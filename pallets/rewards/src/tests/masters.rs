//! Master deeds are released by the calendar and earn by availability.

use super::*;
use economics::curve::{release, CLIFF_EPOCHS, CURVE_EPOCHS};

const MND: LicenseId = LicenseId(1);
/// The first epoch after the curve of a deed granted in epoch 0.
const END: u32 = CLIFF_EPOCHS + CURVE_EPOCHS;

fn released(first: u32, last: u32) -> Balance {
    release(ASSIGNED, EpochIndex(0), EpochIndex(first), EpochIndex(last))
}

fn lapse(first: u32, last: u32) {
    Rewards::on_lapsed(EpochIndex(first), EpochIndex(last));
}

fn ledger() -> MasterLedger {
    Rewards::master(MND)
}

#[test]
fn master_earns_nothing_and_nothing_is_written_when_the_cliff_is_not_over() {
    with_deeds(|| {
        for epoch in 0..CLIFF_EPOCHS {
            finalise(epoch, &[0, 255]);
        }
        lapse(0, CLIFF_EPOCHS - 1);
        assert!(!Masters::<Test>::contains_key(MND));
        assert!(!Earned::<Test>::contains_key(LicenseClass::Master));
        assert_noop!(claim(MND), Error::<Test>::NothingToClaim);
        finalise(CLIFF_EPOCHS, &[0, 255]);
        assert_ok!(claim(MND));
    });
}

#[test]
fn master_earns_its_byte_of_the_release_when_an_epoch_is_final() {
    with_deeds(|| {
        let whole = released(660, 660);
        assert!(whole > 0);
        finalise(660, &[0, 100]);
        let earned = whole * 100 / 255;
        assert_eq!(ledger(), MasterLedger { earned, forgone: whole - earned, ..Default::default() });
        assert_eq!(Rewards::claimable(MND), earned);
        assert_ok!(claim(MND));
        System::assert_last_event(
            Event::Claimed { license: MND, owner: account(1), amount: earned, credits: 100 }.into(),
        );
        assert_eq!((balance(1), Balances::total_issuance()), (earned, earned));
        let emission = Emission {
            credits: 100,
            assigned: ASSIGNED,
            minted: earned,
            claimable: 0,
            forgone: whole - earned,
            residual: ASSIGNED - whole,
        };
        assert_eq!(Rewards::emission(MND), emission);
        assert_noop!(claim(MND), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn release_is_forgone_when_the_master_was_not_linked_or_the_page_is_short() {
    with_deeds(|| {
        Deeds::linked_in(660, MND, false);
        finalise(660, &[0, 255]);
        finalise(661, &[0]);
        assert_eq!(ledger(), MasterLedger { forgone: released(660, 661), ..Default::default() });
        // No credits were earned on the page either, and yet it counts.
        assert!(!Credits::<Test>::contains_key(0));
        assert_noop!(claim(MND), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn release_is_carried_to_the_next_finalised_epoch_when_epochs_lapse() {
    with_deeds(|| {
        lapse(660, 662);
        assert_eq!(
            ledger(),
            MasterLedger { carried: released(660, 662), lapsed: EpochIndex(662), ..Default::default() }
        );
        assert_noop!(claim(MND), Error::<Test>::NothingToClaim);
        assert_eq!(Rewards::emission(MND).residual, ASSIGNED);
        finalise(663, &[0, 51]);
        let whole = released(660, 663);
        assert_eq!(ledger().earned, whole / 5);
        assert_eq!((ledger().forgone, ledger().carried), (whole - whole / 5, 0));
    });
}

#[test]
fn carried_release_waits_for_a_later_epoch_when_older_ones_close_after_it() {
    with_deeds(|| {
        // 661 lapses while 660 still waits for its oracles: 660 decides about its own release only.
        lapse(661, 661);
        Deeds::linked_in(660, MND, false);
        finalise(660, &[0, 255]);
        assert_eq!((ledger().forgone, ledger().carried), (released(660, 660), released(661, 661)));
        finalise(662, &[0, 255]);
        assert_eq!((ledger().earned, ledger().carried), (released(661, 662), 0));
    });
}

#[test]
fn carried_release_is_kept_when_an_epoch_before_the_grant_closes_late() {
    with_deeds(|| {
        Deeds::grant(MND, ASSIGNED, 700);
        lapse(700, 700);
        let carried = release(ASSIGNED, EpochIndex(700), EpochIndex(700), EpochIndex(700));
        assert!(carried > 0);
        finalise(699, &[0, 0]);
        assert_eq!(ledger().carried, carried);
        finalise(701, &[0, 255]);
        assert_eq!(ledger().earned, release(ASSIGNED, EpochIndex(700), EpochIndex(700), EpochIndex(701)));
    });
}

#[test]
fn last_release_is_paid_after_the_curve_when_its_epoch_lapsed() {
    with_deeds(|| {
        for epoch in 0..END - 1 {
            finalise(epoch, &[0, 255]);
        }
        lapse(END - 1, END + 5);
        assert_ok!(claim(MND));
        assert!(balance(1) < ASSIGNED);
        finalise(END + 6, &[0, 255]);
        assert_ok!(claim(MND));
        assert_eq!(balance(1), ASSIGNED);
        assert_eq!(Rewards::emission(MND).residual, 0);
    });
}

#[test]
fn whole_assignment_is_minted_when_every_byte_is_255() {
    with_deeds(|| {
        for epoch in 0..=END {
            finalise(epoch, &[0, 255]);
            if epoch % 30 == 0 {
                assert_ok!(<Rewards as SettleRewards>::settle(MND));
            }
        }
        assert_ok!(<Rewards as SettleRewards>::settle(MND));
        assert_eq!(balance(1), ASSIGNED);
        assert_eq!(ledger(), MasterLedger { earned: ASSIGNED, paid: ASSIGNED, ..Default::default() });
        // Later epochs are not even written.
        finalise(END + 1, &[0, 0]);
        lapse(END + 2, END + 9);
        assert_eq!(ledger(), MasterLedger { earned: ASSIGNED, paid: ASSIGNED, ..Default::default() });
    });
}

#[test]
fn earnings_of_a_master_freeze_and_thaw_when_it_is_banned_and_unbanned() {
    with_deeds(|| {
        finalise(660, &[0, 255]);
        Deeds::ban(MND, true);
        assert_noop!(claim(MND), Error::<Test>::Banned);
        assert_ok!(<Rewards as SettleRewards>::settle(MND));
        assert_eq!((Rewards::claimable(MND), balance(1)), (0, 0));
        Deeds::ban(MND, false);
        assert_ok!(claim(MND));
        assert_eq!(balance(1), released(660, 660));
    });
}

#[test]
fn masters_on_every_page_are_told_when_epochs_lapse() {
    with_deeds(|| {
        while LicenseId(2_059) != issue(LicenseClass::Node, None) {}
        let far = issue(LicenseClass::Master, Some(account(9)));
        lapse(660, 660);
        assert_eq!(Rewards::master(far), ledger());
        let mut bytes = [0; 2_061];
        bytes[1] = 255;
        bytes[2_060] = 255;
        finalise(661, &bytes);
        assert_eq!(Rewards::master(far), ledger());
        assert_eq!(ledger().earned, released(660, 661));
        let page = |n| Rewards::page_weight(n);
        assert!(page(0).all_gt(page(1)));
        assert_eq!(page(0), page(2));
        assert_eq!(Rewards::lapse_weight(), <() as WeightInfo>::on_lapsed(499, 46));
    });
}

/// How an epoch ends: final with these bytes for two deeds, linked or not, or without result.
type End = Option<([u8; 2], [bool; 2])>;

fn end() -> impl Strategy<Value = End> {
    prop_oneof![
        3 => (any::<[u8; 2]>(), any::<[bool; 2]>()).prop_map(Some),
        1 => Just(None),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Epochs close in random order within a window, by bytes or by lapsing; one deed is granted at the beginning and
    /// one in the midst of it.
    #[test]
    fn every_release_is_earned_forgone_or_carried_once_in_whatever_order_epochs_close(
        ends in proptest::collection::vec((end(), 0u32..8, any::<bool>()), 200..1_100),
        granted in 150u32..400,
        assigned in 0..economics::MASTER_LIMIT,
    ) {
        with_deeds(|| {
            let late = issue(LicenseClass::Master, Some(account(9)));
            Deeds::grant(late, assigned, granted);
            let grants = [(MND, ASSIGNED, EpochIndex(0)), (late, assigned, EpochIndex(granted))];
            let mut order: Vec<_> = (0u32..).zip(ends).collect();
            order.sort_by_key(|(epoch, (_, delay, _))| epoch + delay);
            let mut closed = [0; 2];
            for (n, (epoch, (end, _, claims))) in order.into_iter().enumerate() {
                match end {
                    Some((bytes, links)) => {
                        for ((id, _, granted), linked) in grants.into_iter().zip(links) {
                            Deeds::linked_in(epoch, id, linked && granted.0 <= epoch);
                        }
                        finalise(epoch, &[0, bytes[0], 0, 0, 0, bytes[1]]);
                    },
                    None => lapse(epoch, epoch),
                }
                for ((id, assigned, granted), closed) in grants.into_iter().zip(&mut closed) {
                    *closed += release(assigned, granted, EpochIndex(epoch), EpochIndex(epoch));
                    let MasterLedger { earned, forgone, carried, .. } = Rewards::master(id);
                    assert_eq!(earned + forgone + carried, *closed);
                    if claims {
                        assert_ok!(<Rewards as SettleRewards>::settle(id));
                        assert_eq!(Rewards::master(id).paid, earned);
                    }
                }
                if n % 64 == 0 {
                    check();
                }
            }
        });
    }

    #[test]
    fn master_claims_pay_the_same_however_they_are_split(
        life in proptest::collection::vec((any::<u8>(), any::<bool>()), 1..300),
    ) {
        with_deeds(|| {
            let twin = issue(LicenseClass::Master, Some(account(9)));
            for (epoch, (byte, claims)) in (600u32..).zip(&life) {
                finalise(epoch, &[0, *byte, 0, 0, 0, *byte]);
                if *claims {
                    assert_ok!(<Rewards as SettleRewards>::settle(MND));
                }
            }
            assert_ok!(<Rewards as SettleRewards>::settle(MND));
            assert_ok!(<Rewards as SettleRewards>::settle(twin));
            assert_eq!(balance(1), balance(9));
            assert_eq!(balance(1), ledger().earned);
        });
    }

    /// Whatever lapses, nothing is lost while the node is there.
    #[test]
    fn assignment_is_minted_exactly_when_the_node_is_there_in_every_epoch_that_is_final(
        lapses in proptest::collection::vec(proptest::bool::weighted(0.2), (END as usize)..=(END as usize)),
    ) {
        with_deeds(|| {
            for (epoch, lapses) in (0u32..).zip(lapses) {
                if lapses {
                    lapse(epoch, epoch);
                } else {
                    finalise(epoch, &[0, 255]);
                }
            }
            finalise(END, &[0, 255]);
            assert_ok!(claim(MND));
            assert_eq!(balance(1), ASSIGNED);
        });
    }
}
