//! What a claim pays, and why it is refused.

use super::*;

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
        let orphan = issue(LicenseClass::Node, None);
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
        let orphan = issue(LicenseClass::Node, None);
        finalise(1, &[255, 255, 255, 255, 0, 255]);
        Deeds::ban(LicenseId(3), true);
        name_pools(Some(Pool::Social));
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
        assert_eq!(vaults().iter().sum::<Balance>(), economics::GENESIS_SHARE / 365);
        assert_noop!(<Rewards as SettleRewards>::settle(LicenseId(5)), Error::<Test>::UnknownLicense);
        assert_noop!(claim(ND), Error::<Test>::NothingToClaim);
    });
}
