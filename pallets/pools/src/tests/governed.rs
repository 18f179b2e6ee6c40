//! Marketing, grants and social responsibility.

use super::*;

#[test]
fn governed_pool_is_refused_when_it_is_locked() {
    run(|| {
        fill_governed();
        for n in [0, 1, LOCK_EPOCHS - 1] {
            epoch(n);
            for pool in GOVERNED {
                assert_noop!(disburse(pool, ALICE, R1), Error::<Test>::PoolLocked);
                assert_eq!(info(pool).locked, Some(Lock::Until(EpochIndex(LOCK_EPOCHS))));
            }
        }
        epoch(LOCK_EPOCHS);
        assert_eq!(info(Pool::Marketing).locked, None);
        assert_ok!(disburse(Pool::Marketing, ALICE, R1));
    });
}

#[test]
fn social_is_refused_until_marketing_and_grants_have_both_paid() {
    run(|| {
        fill_governed();
        epoch(LOCK_EPOCHS);
        assert_noop!(disburse(Pool::Social, ALICE, R1), Error::<Test>::SocialOpensLast);
        assert_eq!(info(Pool::Social).locked, Some(Lock::MarketingAndGrantsFirst));
        assert_ok!(disburse(Pool::Grants, ALICE, R1));
        assert_noop!(disburse(Pool::Social, ALICE, R1), Error::<Test>::SocialOpensLast);
        assert_ok!(disburse(Pool::Marketing, ALICE, R1));
        assert_eq!(info(Pool::Social).locked, None);
        assert_ok!(disburse(Pool::Social, ALICE, R1));
    });
}

#[test]
fn governed_pool_pays_for_a_milestone_and_records_it_when_it_is_open() {
    run(|| {
        fill_governed();
        epoch(LOCK_EPOCHS + 3);
        assert_ok!(disburse(Pool::Grants, ALICE, 100 * R1));
        let (purpose, milestone) = (text("hackathon"), Some(text("prizes handed over")));
        System::assert_last_event(
            Event::Disbursed {
                pool: Pool::Grants,
                index: 0,
                to: ALICE,
                amount: 100 * R1,
                purpose: purpose.clone(),
                milestone: milestone.clone(),
            }
            .into(),
        );
        let made = Disbursement {
            to: ALICE,
            amount: 100 * R1,
            purpose,
            milestone,
            epoch: EpochIndex(LOCK_EPOCHS + 3),
            by: None,
        };
        assert_eq!(Pools::disbursements(Pool::Grants, 0, 1), [made]);
        assert_eq!(Balances::balance(&ALICE), 100 * R1);
        assert_eq!(GOVERNED.map(|pool| held(pool, FOUNDATION)), [100 * R1, 0, 100 * R1]);
        assert_eq!(info(Pool::Grants).balance, 0);
    });
}

#[test]
fn governed_disbursement_is_refused_when_it_is_not_as_it_should_be() {
    run(|| {
        fill(Pool::Liquidity, R1);
        fill(Pool::Operations, R1);
        fill(Pool::Marketing, R1);
        epoch(LOCK_EPOCHS);
        let pool = Pool::Marketing;
        assert_noop!(
            Pools::disburse(RuntimeOrigin::signed(FOUNDATION), pool, ALICE, R1, text("x"), Some(text("y"))),
            DispatchError::BadOrigin
        );
        assert_noop!(disburse(Pool::Liquidity, ALICE, R1), Error::<Test>::NotGoverned);
        assert_noop!(disburse(Pool::Operations, ALICE, R1), Error::<Test>::NotGoverned);
        assert_noop!(disburse(pool, ALICE, 0), Error::<Test>::ZeroAmount);
        assert_noop!(disburse(pool, FOUNDATION, R1), Error::<Test>::SelfPayment);
        assert_noop!(disburse(pool, ALICE, R1 + 1), Error::<Test>::InsufficientPool);
        assert_noop!(disburse(Pool::Grants, ALICE, 1), Error::<Test>::InsufficientPool);
        let root = RuntimeOrigin::root;
        let milestone = |milestone| Pools::disburse(root(), pool, ALICE, R1, text("x"), milestone);
        assert_noop!(milestone(None), Error::<Test>::NoMilestone);
        assert_noop!(milestone(Some(text(""))), Error::<Test>::NoMilestone);
        assert_noop!(Pools::disburse(root(), pool, ALICE, R1, text(""), Some(text("y"))), Error::<Test>::NoPurpose);
        // Governance need not leave anything.
        assert_ok!(disburse(pool, ALICE, R1 - 1));
        assert_ok!(disburse(pool, ALICE, 1));
    });
}

#[test]
fn governed_disbursement_is_refused_when_the_pool_has_no_wallet() {
    build(GenesisConfig::default()).execute_with(|| {
        Current::set(LOCK_EPOCHS);
        assert_noop!(disburse(Pool::Grants, ALICE, R1), Error::<Test>::NoWallet);
    });
}
