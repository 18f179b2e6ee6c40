//! In the order of the lifecycle: credits, claims, settlement; then properties. What is particular to the Genesis deed, to
//! Master deeds and to supply has files of its own.

use crate::{mock::*, *};
use codec::Encode;
use frame_support::{
    assert_noop, assert_ok,
    pallet_prelude::{Authorize, InvalidTransaction, TransactionSource, TransactionValidityError},
    traits::{
        fungible::{Balanced, Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
        OnUnbalanced,
    },
};
use frame_system::RawOrigin;
use proptest::prelude::*;
use ratio1_primitives::{
    economics::{self, pools::Pool, NODE_ENTITLEMENT, NODE_SHARE},
    traits::{SettleRewards, SupplyLedger},
    Balance, EpochIndex, LicenseClass, LicenseId, PAGE_SIZE,
};
use sp_runtime::BuildStorage;

mod genesis;
mod masters;
mod supply;

const ND: LicenseId = LicenseId(2);
const MAX: u32 = 275_400;

fn claim(id: LicenseId) -> frame_support::dispatch::DispatchResult {
    Rewards::claim(RawOrigin::Authorized.into(), id).map(|_| ()).map_err(|refused| refused.error)
}

fn balance(n: u8) -> Balance {
    Balances::total_balance(&account(n))
}

fn authorize(id: LicenseId) -> Result<Vec<Vec<u8>>, TransactionValidityError> {
    let call = crate::Call::<Test>::claim { license: id };
    call.authorize(TransactionSource::External).expect("claim is authorised").map(|(valid, _)| valid.provides)
}

fn burn(n: u8, amount: Balance) {
    let all = (Preservation::Expendable, Precision::BestEffort, Fortitude::Polite);
    let credit = Balances::withdraw(&account(n), amount, all.1, all.0, all.2).expect("best effort does not fail");
    CountedBurn::<Test>::on_unbalanced(credit);
}

// Genesis

#[test]
#[should_panic(expected = "no pre-mine")]
fn genesis_is_refused_when_it_issues_r1() {
    let balances = pallet_balances::GenesisConfig { balances: vec![(account(2), 1)], ..Default::default() };
    let _ = RuntimeGenesisConfig { balances, ..Default::default() }.build_storage();
}

// Credits

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
        while LicenseId(1_030) != Deeds::issue(LicenseClass::Node, Some(account(9))) {}
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

// Claims

#[test]
fn claim_comes_before_calls_that_are_free_as_well_when_it_waits_in_the_pool() {
    with_deeds(|| {
        finalise(1, &[0, 0, 255]);
        let call = crate::Call::<Test>::claim { license: ND };
        let judged = call.authorize(TransactionSource::External).expect("claim is authorised");
        assert_eq!(judged.map(|(valid, _)| valid.priority), Ok(1));
    });
}

#[test]
fn claim_weighs_what_its_class_costs_when_it_is_known() {
    with_deeds(|| {
        finalise(1, &[255; 5]);
        let call = crate::Call::<Test>::claim { license: ND };
        let (_, unspent) = call.authorize(TransactionSource::External).expect("authorised").expect("it pays");
        let judged = <() as WeightInfo>::authorize_claim_owner();
        assert_eq!(unspent, <() as WeightInfo>::authorize_claim_genesis() - judged);
        let paid = Rewards::claim(RawOrigin::Authorized.into(), ND).expect("it pays");
        assert_eq!(paid.actual_weight, Some(<() as WeightInfo>::claim_node()));
        // Of the Genesis deed it is five times that.
        let paid = Rewards::claim(RawOrigin::Authorized.into(), LicenseId(0)).expect("it pays");
        assert_eq!(paid.actual_weight, Some(<() as WeightInfo>::claim_genesis()));
    });
}

#[test]
fn claim_mints_to_the_owner_when_an_epoch_is_final() {
    with_deeds(|| {
        assert_eq!(Balances::total_issuance(), 0);
        finalise(1, &[0, 0, 255]);
        let worth = NODE_ENTITLEMENT / 1_080;
        assert_eq!(Rewards::claimable(ND), worth);
        assert_ok!(Rewards::can_claim(ND));
        assert_ok!(claim(ND));
        assert_eq!(balance(2), worth);
        System::assert_last_event(
            Event::Claimed { license: ND, owner: account(2), amount: worth, credits: 255 }.into(),
        );
        let emission = Emission {
            credits: 255,
            assigned: NODE_ENTITLEMENT,
            minted: worth,
            claimable: 0,
            forgone: 0,
            residual: NODE_ENTITLEMENT - worth,
        };
        assert_eq!(Rewards::emission(ND), emission);
        assert_eq!(<Rewards as SupplyLedger>::minted(LicenseClass::Node), worth);
    });
}

#[test]
fn claim_is_refused_when_nothing_is_finalised_since_the_last() {
    with_deeds(|| {
        assert_noop!(claim(ND), Error::<Test>::NothingToClaim);
        finalise(1, &[0, 0, 1]);
        assert_ok!(claim(ND));
        assert_noop!(claim(ND), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn claim_is_refused_when_the_license_is_unknown() {
    with_deeds(|| {
        finalise(1, &[255; 6]);
        assert_noop!(claim(LicenseId(5)), Error::<Test>::UnknownLicense);
        assert_eq!(Rewards::claimable(LicenseId(5)), 0);
        assert_eq!(Rewards::emission(LicenseId(5)), Emission::default());
    });
}

#[test]
fn claim_is_frozen_when_banned_and_thaws_with_everything_earned() {
    with_deeds(|| {
        finalise(1, &[0, 0, 100]);
        Deeds::ban(ND, true);
        assert_noop!(claim(ND), Error::<Test>::Banned);
        assert_ok!(<Rewards as SettleRewards>::settle(ND));
        assert_eq!((Rewards::claimable(ND), balance(2)), (0, 0));
        Deeds::ban(ND, false);
        assert_ok!(claim(ND));
        assert_eq!(balance(2), economics::minted(LicenseClass::Node, 100));
    });
}

#[test]
fn claim_is_refused_when_the_deed_has_no_owner() {
    with_deeds(|| {
        let orphan = Deeds::issue(LicenseClass::Node, None);
        finalise(1, &[0, 0, 0, 0, 0, 3]);
        assert_noop!(claim(orphan), Error::<Test>::NoOwner);
        assert_noop!(<Rewards as SettleRewards>::settle(orphan), Error::<Test>::NoOwner);
    });
}

#[test]
fn claim_is_refused_when_the_class_has_minted_its_share() {
    new_test_ext().execute_with(|| {
        issue_deeds();
        finalise(1, &[0, 0, 255]);
        let due = Rewards::claimable(ND);
        Minted::<Test>::insert(LicenseClass::Node, NODE_SHARE - due + 1);
        assert_noop!(claim(ND), Error::<Test>::ShareExhausted);
        Minted::<Test>::insert(LicenseClass::Node, NODE_SHARE - due);
        assert_ok!(claim(ND));
        assert_eq!(Minted::<Test>::get(LicenseClass::Node), NODE_SHARE);
    });
}

#[test]
fn claim_is_refused_when_its_origin_is_not_authorised() {
    with_deeds(|| {
        finalise(1, &[0, 0, 255]);
        let bad = sp_runtime::DispatchError::BadOrigin;
        assert_noop!(Rewards::claim(RawOrigin::Signed(account(2)).into(), ND), bad);
        assert_noop!(Rewards::claim(RawOrigin::None.into(), ND), bad);
    });
}

#[test]
fn authorisation_names_the_refusal_when_the_claim_would_fail() {
    with_deeds(|| {
        let orphan = Deeds::issue(LicenseClass::Node, None);
        finalise(1, &[255, 255, 255, 255, 0, 255]);
        Deeds::ban(LicenseId(3), true);
        Vaults::nameless(Some(Pool::Social));
        let codes = [(9, 0), (3, 1), (0, 2), (1, 3), (4, 3), (orphan.0, 4)];
        for (id, code) in codes {
            assert_eq!(authorize(LicenseId(id)), Err(InvalidTransaction::Custom(code).into()));
            let error = claim(LicenseId(id)).expect_err("what is not authorised fails");
            assert_eq!(Rewards::can_claim(LicenseId(id)), Err(error));
        }
        assert_eq!(Error::<Test>::ShareExhausted.encode(), [5]);
    });
}

#[test]
fn authorisation_tag_changes_when_the_claim_is_paid() {
    with_deeds(|| {
        finalise(1, &[0, 0, 255]);
        let first = authorize(ND).expect("there is something to claim");
        finalise(2, &[0, 0, 255]);
        assert_eq!(authorize(ND), Ok(first.clone()));
        assert_ok!(claim(ND));
        finalise(3, &[0, 0, 255]);
        assert_ne!(authorize(ND), Ok(first));
    });
}

#[test]
fn claim_costs_the_same_after_one_and_after_1080_epochs() {
    let cost = |epochs: u32| {
        let mut ext = new_test_ext();
        ext.execute_with(|| {
            issue_deeds();
            (0..epochs).for_each(|e| finalise(e, &[0, 0, 255]));
            // The account exists, and events stay out of the comparison.
            assert_ok!(Balances::mint_into(&account(2), 1));
            System::reset_events();
        });
        ext.commit_all().expect("no transaction is open");
        let (recorder, reads) = same();
        ext.execute_with_recorder(recorder, || claim(ND)).expect("there is something to claim");
        let reads: usize = reads.recorded_keys().values().map(|keys| keys.len()).sum();
        (reads, ext.overlayed_changes().changes().count())
    };
    let (reads, writes) = cost(1);
    assert!(reads > 0 && writes > 0);
    assert_eq!(cost(1_080), (reads, writes));
}

/// Two handles to one default value, of whatever type the caller needs.
fn same<T: Default + Clone>() -> (T, T) {
    let one = T::default();
    (one.clone(), one)
}

// Settlement

#[test]
fn settle_pays_like_a_claim_and_is_no_error_when_nothing_is_due() {
    with_deeds(|| {
        for id in 0..5 {
            assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
        }
        assert_eq!(Balances::total_issuance(), 0);
        finalise(1, &[255; 5]);
        for id in 0..5 {
            assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
        }
        assert_eq!([0, 1, 2].map(balance), [0, 0, NODE_ENTITLEMENT / 1_080]);
        assert_eq!(Vaults::balances().iter().sum::<Balance>(), economics::GENESIS_SHARE / 365);
        assert_noop!(<Rewards as SettleRewards>::settle(LicenseId(5)), Error::<Test>::UnknownLicense);
        assert_noop!(claim(ND), Error::<Test>::NothingToClaim);
    });
}

// Properties

#[test]
fn half_availability_takes_exactly_twice_the_epochs() {
    with_deeds(|| {
        let mut complete = [None; 2];
        for epoch in 1..=2_200 {
            // 127 and 128 in turns: half of 255.
            let half = if epoch % 2 == 1 { 127 } else { 128 };
            finalise(epoch, &[0, 0, 255, half]);
            for (n, complete) in complete.iter_mut().enumerate() {
                let id = LicenseId(2 + n as u32);
                assert_ok!(<Rewards as SettleRewards>::settle(id));
                if complete.is_none() && Rewards::emission(id).residual == 0 {
                    *complete = Some(epoch);
                }
            }
        }
        assert_eq!(complete, [Some(1_080), Some(2_160)]);
        assert_eq!([2, 3].map(balance), [NODE_ENTITLEMENT; 2]);
    });
}

#[test]
fn entitlement_is_minted_exactly_when_all_epochs_are_credited() {
    with_deeds(|| {
        for epoch in 0..1_200 {
            finalise(epoch, &[0, 0, 253]);
            if epoch % 7 == 0 {
                assert_ok!(<Rewards as SettleRewards>::settle(ND));
            }
        }
        assert_eq!(balance(2), NODE_ENTITLEMENT);
        assert_noop!(claim(ND), Error::<Test>::NothingToClaim);
    });
}

#[test]
fn whole_class_mints_its_share_to_the_last_deed_when_every_deed_is_complete() {
    new_test_ext().execute_with(|| {
        Deeds::issue(LicenseClass::Genesis, Some(account(0)));
        for _ in 0..economics::NODE_COUNT {
            Deeds::issue(LicenseClass::Node, Some(account(7)));
        }
        for page in 0..ratio1_primitives::pages(economics::NODE_COUNT + 1) {
            let first = page * PAGE_SIZE;
            let length = (economics::NODE_COUNT + 1 - first).min(PAGE_SIZE);
            let credits: Vec<u32> = (first..first + length).map(|id| max_credits(LicenseId(id))).collect();
            Credits::<Test>::insert(page, CreditsPage::try_from(credits).expect("a page"));
        }
        Earned::<Test>::insert(LicenseClass::Genesis, economics::GENESIS_SHARE);
        Earned::<Test>::insert(LicenseClass::Node, NODE_ENTITLEMENT * Balance::from(economics::NODE_COUNT));
        for id in 1..=economics::NODE_COUNT {
            assert_ok!(claim(LicenseId(id)));
        }
        // What is left of the share is the remainder of its division by the number of deeds.
        assert_eq!(NODE_SHARE - balance(7), NODE_SHARE % Balance::from(economics::NODE_COUNT));
        check();
    });
}

/// One step of a random life: an epoch with these bytes and links, or without result, a claim, a settlement, a ban or
/// a burn.
#[derive(Clone, Debug)]
enum Step {
    Lapse,
    Epoch([u8; 5], [bool; 5]),
    Claim(u32),
    Settle(u32),
    Ban(u32, bool),
    Burn(u8, Balance),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (any::<[u8; 5]>(), any::<[bool; 5]>()).prop_map(|(bytes, links)| Step::Epoch(bytes, links)),
        1 => Just(Step::Lapse),
        2 => (0u32..6).prop_map(Step::Claim),
        2 => (0u32..5).prop_map(Step::Settle),
        1 => (2u32..5, any::<bool>()).prop_map(|(id, on)| Step::Ban(id, on)),
        1 => (2u8..5, 0..NODE_ENTITLEMENT / 100).prop_map(|(n, amount)| Step::Burn(n, amount)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn issuance_is_minted_less_burned_whatever_happens(steps in proptest::collection::vec(step(), 0..120)) {
        new_test_ext().execute_with(|| {
            issue_deeds();
            let mut expected = [0u32; 5];
            // From where Master deeds are released.
            for (epoch, step) in (640u32..).zip(steps) {
                match step {
                    Step::Lapse => Rewards::on_lapsed(EpochIndex(epoch), EpochIndex(epoch)),
                    Step::Epoch(bytes, links) => {
                        for (n, linked) in (0u32..).zip(links) {
                            Deeds::linked_in(epoch, LicenseId(n), linked);
                        }
                        finalise(epoch, &bytes);
                        for n in 0..5 {
                            expected[n] += u32::from(bytes[n]) * u32::from(links[n]);
                        }
                    },
                    Step::Claim(id) => {
                        let promised = Rewards::can_claim(LicenseId(id));
                        assert_eq!(promised, claim(LicenseId(id)));
                    },
                    Step::Settle(id) => {
                        assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
                    },
                    Step::Ban(id, on) => Deeds::ban(LicenseId(id), on),
                    Step::Burn(n, amount) => burn(n, amount),
                }
                check();
            }
            let supply = Rewards::supply();
            let minted = supply.genesis.minted + supply.master.minted + supply.node.minted;
            assert_eq!(supply.outstanding, minted - supply.burned);
            for n in 0..5 {
                assert_eq!(Rewards::credits(LicenseId(n)), expected[n as usize]);
            }
        });
    }

    #[test]
    fn claims_pay_the_same_however_they_are_split(
        life in proptest::collection::vec((any::<u8>(), any::<bool>()), 1..200),
    ) {
        with_deeds(|| {
            for (epoch, (byte, claims)) in (0u32..).zip(&life) {
                // Deed 2 claims now and then, deed 3 once at the end, deed 4 each epoch.
                finalise(epoch, &[0, 0, *byte, *byte, *byte]);
                if *claims {
                    assert_ok!(<Rewards as SettleRewards>::settle(ND));
                }
                assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(4)));
            }
            for id in 2..5 {
                assert_ok!(<Rewards as SettleRewards>::settle(LicenseId(id)));
            }
            let credits = life.iter().map(|(byte, _)| u32::from(*byte)).sum();
            assert_eq!([2, 3, 4].map(balance), [economics::minted(LicenseClass::Node, credits); 3]);
        });
    }
}
