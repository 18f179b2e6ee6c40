//! What a purchase does, and why it is refused.

use super::*;

#[test]
fn buying_pays_burns_and_issues_when_all_is_well() {
    run(|| {
        let quote = Sale::quote(ALICE, 1, 1, 3).expect("all is well");
        assert_ok!(buy_for(ALICE, 1, 1, 3, 2_000 * R1));
        // 500 dollars at a quarter of a dollar.
        let paid = 6_000 * R1;
        let (burned, liquidity, operations) = (paid / 5, paid / 2, paid * 3 / 10);
        assert_eq!(Balances::balance(&ALICE), FUNDS - paid);
        assert_eq!(Balances::balance(&LIQUIDITY), liquidity);
        assert_eq!(Balances::balance(&OPERATIONS), operations);
        assert_eq!(Burned::get(), burned);
        assert_eq!(Balances::total_issuance(), 5 * FUNDS - burned);
        assert_eq!(Deposited::get(), vec![(Pool::Liquidity, liquidity), (Pool::Operations, operations)]);
        assert_eq!(Deeds::owners::<u64>(), vec![ALICE; 3]);
        assert_eq!((Sold::<Test>::get(), Sale::spent_by(entity(ALICE))), (3, 1_500 * USD));
        assert_eq!((quote.units, quote.paid, quote.usd, quote.rate), (3, paid, 1_500 * USD, QUARTER));
        System::assert_last_event(
            Event::Bought {
                buyer: ALICE,
                entity: entity(ALICE),
                tier: 1,
                first: LicenseId(0),
                units: 3,
                price_each: 2_000 * R1,
                paid,
                burned,
                liquidity,
                operations,
                rate: QUARTER,
            }
            .into(),
        );
        let state = Sale::state();
        assert_eq!((state.sold, state.open), (3, Some(OpenTier { tier: 1, usd: 500, left: 86 })));
        assert_eq!(state.price_each, Some(Ok(2_000 * R1)));
    });
}

#[test]
fn buying_is_refused_when_the_numbers_make_no_sense() {
    run(|| {
        assert_eq!(Sale::buy(RuntimeOrigin::root(), 1, 1, 1, R1).map_err(|e| e.error), Err(DispatchError::BadOrigin));
        assert_noop!(buy(ALICE, 1, 0, 0), Error::<Test>::ZeroUnits);
        assert_noop!(buy(ALICE, 1, 0, 5), Error::<Test>::ZeroUnits);
        assert_noop!(buy(ALICE, 1, 5, 0), Error::<Test>::ZeroUnits);
        assert_noop!(buy(ALICE, 1, 5, 4), Error::<Test>::MinAboveMax);
        assert_noop!(buy(ALICE, 1, 1, MAX_UNITS + 1), Error::<Test>::TooManyUnits);
        assert_noop!(buy(ALICE, 1, 1, u32::MAX), Error::<Test>::TooManyUnits);
        assert_noop!(buy(ALICE, 1, 90, 100), Error::<Test>::FewerThanMinLeft);
        for tier in [0, 2, 12, 13, u8::MAX] {
            assert_noop!(buy(ALICE, tier, 1, 1), Error::<Test>::WrongTier);
        }
    });
}

#[test]
fn buying_is_refused_when_the_buyer_is_not_admitted() {
    run(|| {
        for (refusal, error) in [
            (KycRefusal::NotAttested, Error::<Test>::NotAttested),
            (KycRefusal::Expired(EpochIndex(1)), Error::<Test>::AttestationExpired),
            (KycRefusal::Revoked, Error::<Test>::AttestationRevoked),
            (KycRefusal::CountryProhibited, Error::<Test>::CountryProhibited),
        ] {
            Kyc::refuse(&STRANGER, refusal);
            assert_noop!(buy(STRANGER, 1, 1, 1), error);
            assert_eq!(Sale::left_for(STRANGER), Err(refusal));
        }
    });
}

#[test]
fn buying_is_refused_when_there_is_no_rate() {
    run(|| {
        for (refusal, error) in [
            (PriceRefusal::Missing, Error::<Test>::RateMissing),
            (PriceRefusal::Stale(EpochIndex(4)), Error::<Test>::RateStale),
        ] {
            LowerRate::set(Err(refusal));
            assert_noop!(buy(ALICE, 1, 1, 1), error);
            assert_eq!(Sale::state().price_each, Some(Err(refusal)));
        }
        // Rates that the price pallet never tells sell nothing for nothing.
        LowerRate::set(Ok(0));
        assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::RateMissing);
        LowerRate::set(Ok(1));
        assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::RateMissing);
        LowerRate::set(Ok(2));
        assert_noop!(buy(ALICE, 1, 1, 89), Error::<Test>::InsufficientFunds);
        LowerRate::set(Ok(u128::MAX));
        assert_ok!(buy(ALICE, 1, 1, 1));
        assert_eq!(Balances::balance(&ALICE), FUNDS - 2, "rounded up to the base unit");
    });
}

#[test]
fn buying_is_refused_when_it_costs_more_than_the_buyer_would_pay() {
    run(|| {
        assert_noop!(buy_for(ALICE, 1, 1, 1, 2_000 * R1 - 1), Error::<Test>::PriceAboveMaximum);
        assert_ok!(buy_for(ALICE, 1, 1, 1, 2_000 * R1));
    });
}

#[test]
fn buying_is_refused_when_the_buyer_can_not_pay_all_of_it() {
    run(|| {
        Balances::set_balance(&ALICE, 6_000 * R1 - 1);
        assert_noop!(buy(ALICE, 1, 1, 3), Error::<Test>::InsufficientFunds);
        assert_ok!(buy(ALICE, 1, 1, 2));
        // To the last base unit.
        Balances::set_balance(&ALICE, 2_000 * R1);
        assert_ok!(buy(ALICE, 1, 1, 1));
        assert_eq!(Balances::balance(&ALICE), 0);
    });
}

#[test]
fn buying_is_refused_when_a_wallet_is_missing() {
    run(|| {
        for pool in [Pool::Liquidity, Pool::Operations] {
            Vaults::close(pool);
            assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::NoWallet);
            open_wallets();
        }
    });
}

#[test]
fn buying_leaves_everything_when_issuing_fails() {
    run(|| {
        IssueFails::set(true);
        assert_noop!(buy(ALICE, 1, 1, 1), DispatchError::Other("issuing fails"));
    });
}

#[test]
fn refusals_come_in_their_order_when_everything_is_wrong() {
    run(|| {
        Deeds::set_count(NODE_COUNT);
        LowerRate::set(Err(PriceRefusal::Missing));
        [Pool::Liquidity, Pool::Operations].into_iter().for_each(Vaults::close);
        individuals(&[STRANGER]);
        Balances::set_balance(&STRANGER, 0);
        let refused = |min, max, price, error: Error<Test>| {
            assert_eq!(buy_for(STRANGER, 1, min, max, price), Err(error.into()));
        };
        refused(0, 0, 0, Error::ZeroUnits);
        refused(102, 101, 0, Error::MinAboveMax);
        refused(90, 101, 0, Error::TooManyUnits);
        refused(90, 100, 0, Error::SoldOut);
        Deeds::set_count(0);
        assert_eq!(buy(STRANGER, 2, 90, 100), Err(Error::<Test>::WrongTier.into()));
        refused(90, 100, 0, Error::FewerThanMinLeft);
        refused(80, 100, 0, Error::NotAttested);
        Kyc::refuse_nobody();
        refused(80, 100, 0, Error::RateMissing);
        LowerRate::set(Ok(QUARTER));
        refused(80, 100, 0, Error::PriceAboveMaximum);
        refused(80, 100, 2_000 * R1, Error::LimitExceeded);
        refused(1, 20, 2_000 * R1, Error::InsufficientFunds);
        Balances::set_balance(&STRANGER, 40_000 * R1);
        refused(1, 20, 2_000 * R1, Error::NoWallet);
    });
}
