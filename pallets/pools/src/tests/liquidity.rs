//! What the liquidity wallet disburses.

use super::*;

#[test]
fn liquidity_wallet_pays_without_fee_and_without_balance_when_it_names_counterparty_and_purpose() {
    run(|| {
        fill(Pool::Liquidity, 10 * R1);
        Current::set(7);
        assert!(is_feeless(LIQUIDITY, ALICE, 4 * R1));
        assert_ok!(liquidity(LIQUIDITY, ALICE, 4 * R1));
        System::assert_last_event(
            Event::Disbursed {
                pool: Pool::Liquidity,
                index: 0,
                to: ALICE,
                amount: 4 * R1,
                purpose: text("market making"),
                milestone: None,
            }
            .into(),
        );
        assert_eq!(Balances::balance(&ALICE), 4 * R1);
        assert_eq!((Balances::balance(&LIQUIDITY), held(Pool::Liquidity, LIQUIDITY)), (0, 6 * R1));
        let made = Disbursement {
            to: ALICE,
            amount: 4 * R1,
            purpose: text("market making"),
            milestone: None,
            epoch: EpochIndex(7),
            by: Some(LIQUIDITY),
        };
        assert_eq!(Pools::disbursements(Pool::Liquidity, 0, 100), [made]);
        let expected = PoolInfo {
            pool: Pool::Liquidity,
            account: Some(LIQUIDITY),
            received: 10 * R1,
            spent: 4 * R1,
            balance: 6 * R1,
            disbursements: 1,
            locked: None,
        };
        assert_eq!(info(Pool::Liquidity), expected);
    });
}

#[test]
fn liquidity_is_refused_with_a_fee_when_it_is_not_as_it_should_be() {
    run(|| {
        fill(Pool::Liquidity, 10 * R1);
        let refused = |who, to, amount, purpose: &str, error: Error<Test>| {
            let purpose = text(purpose);
            let origin = RuntimeOrigin::signed(who);
            assert_eq!(Pools::can_disburse_liquidity(who, to, amount, purpose.clone()), Err(error.into()));
            let call = RuntimeCall::Pools(Call::disburse_liquidity { to, amount, purpose: purpose.clone() });
            assert!(!call.is_feeless(&origin));
            let error = Pools::can_disburse_liquidity(who, to, amount, purpose.clone()).expect_err("it is refused");
            assert_noop!(Pools::disburse_liquidity(origin, to, amount, purpose), error);
        };
        refused(ALICE, 11, R1, "x", Error::NotLiquidityWallet);
        refused(FOUNDATION, 11, R1, "x", Error::NotLiquidityWallet);
        refused(LIQUIDITY, ALICE, 0, "x", Error::ZeroAmount);
        refused(LIQUIDITY, ALICE, R1, "", Error::NoPurpose);
        refused(LIQUIDITY, LIQUIDITY, R1, "x", Error::SelfPayment);
        refused(LIQUIDITY, ALICE, 10 * R1 + 1, "x", Error::InsufficientPool);
        refused(LIQUIDITY, ALICE, R1 - 1, "x", Error::AmountTooSmall);
        assert_noop!(Pools::disburse_liquidity(RuntimeOrigin::root(), 1, R1, text("x")), DispatchError::BadOrigin);
        // All that is left may be less.
        assert_ok!(liquidity(LIQUIDITY, ALICE, 9 * R1 + 1));
        refused(LIQUIDITY, ALICE, R1 - 2, "x", Error::AmountTooSmall);
        assert_ok!(liquidity(LIQUIDITY, ALICE, R1 - 1));
        refused(LIQUIDITY, ALICE, 1, "x", Error::InsufficientPool);
    });
}

#[test]
fn liquidity_costs_a_fee_when_the_free_disbursements_of_the_epoch_are_made() {
    run(|| {
        fill(Pool::Liquidity, 1_000 * R1);
        for left in (1..=FREE_PER_EPOCH).rev() {
            assert_eq!(Pools::free_disbursements(), left);
            assert!(is_feeless(LIQUIDITY, ALICE, R1));
            assert_ok!(liquidity(LIQUIDITY, ALICE, R1));
        }
        assert_eq!(Pools::free_disbursements(), 0);
        assert!(!is_feeless(LIQUIDITY, ALICE, R1));
        // It is still possible, for who can pay the fee.
        assert_ok!(liquidity(LIQUIDITY, ALICE, R1));
        epoch(1);
        assert_eq!(Pools::free_disbursements(), FREE_PER_EPOCH);
        assert!(is_feeless(LIQUIDITY, ALICE, R1));
    });
}
