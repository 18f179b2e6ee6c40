//! The sale from its first deed to its last.

use crate::{mock::*, open_tier, revenue, Error, Event, OpenTier, Sold, Spent, MAX_UNITS};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::DispatchResult,
    traits::fungible::{Inspect, Mutate},
};
use proptest::prelude::*;
use ratio1_primitives::{
    economics::{
        pools::Pool,
        price::{r1_for, Usd, USD},
        sale::{split, TIERS},
        NODE_COUNT, R1,
    },
    refusal::{KycRefusal, PriceRefusal},
    traits::IssueDeeds,
    Balance, EpochIndex, LicenseId,
};
use sp_runtime::{traits::Dispatchable, DispatchError};

/// Buy as a transaction does: what fails leaves no trace. A quote says the same, unless the price is what is wrong.
fn buy_for(who: u64, tier: u8, min: u32, max: u32, max_price: Balance) -> DispatchResult {
    let quote = Sale::quote(who, tier, min, max);
    let call = RuntimeCall::Sale(crate::Call::buy { tier, min, max, max_price });
    let outcome = call.dispatch(RuntimeOrigin::signed(who)).map(|_| ()).map_err(|failed| failed.error);
    if outcome != Err(Error::<Test>::PriceAboveMaximum.into()) && !IssueFails::get() {
        assert_eq!(quote.map(|_| ()), outcome, "the view function agrees with the call");
    }
    Sale::do_try_state().expect("invariants hold");
    outcome
}

fn buy(who: u64, tier: u8, min: u32, max: u32) -> DispatchResult {
    buy_for(who, tier, min, max, Balance::MAX)
}

/// Let the sale be so far, by companies that spent all they may.
fn sold(units: u32) {
    Sold::<Test>::put(units);
    PresetDeeds::set(units);
    let (mut left, mut n) = (revenue(units), 0u32);
    while left > 0 {
        let spent = left.min(500_000 * USD);
        let mut entity = [1; 32];
        entity[..4].copy_from_slice(&n.to_be_bytes());
        Spent::<Test>::insert(entity, spent);
        (left, n) = (left - spent, n + 1);
    }
}

#[test]
fn tiers_are_walked_in_order_when_deeds_are_sold_one_by_one() {
    let mut at = 0;
    let mut dollars = 0;
    for (number, tier) in (1u8..).zip(TIERS) {
        for gone in 0..tier.units {
            let left = tier.units - gone;
            assert_eq!(open_tier(at, NODE_COUNT), Some(OpenTier { tier: number, usd: tier.usd, left }));
            assert_eq!(revenue(at), dollars);
            at += 1;
            dollars += Usd::from(tier.usd) * USD;
        }
    }
    assert_eq!((at, open_tier(at, 1)), (NODE_COUNT, None));
    assert_eq!(open_tier(u32::MAX, u32::MAX), None);
    assert_eq!(revenue(u32::MAX), dollars);
    // The class has less room than the tier.
    assert_eq!(open_tier(0, 5), Some(OpenTier { tier: 1, usd: 500, left: 5 }));
    assert_eq!(open_tier(0, 0), None);
}

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
        assert_eq!(DeedOwners::get(), vec![ALICE; 3]);
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
fn buying_takes_what_is_left_when_the_tier_has_fewer_than_the_most() {
    run(|| {
        assert_ok!(buy(ALICE, 1, 1, 80));
        assert_ok!(buy(BOB, 1, 9, 100));
        assert_eq!(Sold::<Test>::get(), 89);
        assert_noop!(buy(BOB, 1, 1, 1), Error::<Test>::WrongTier);
        assert_eq!(Sale::state().open, Some(OpenTier { tier: 2, usd: 750, left: 144 }));
        assert_ok!(buy(BOB, 2, 1, 100));
        assert_noop!(buy(BOB, 2, 45, 100), Error::<Test>::FewerThanMinLeft);
        assert_ok!(buy(BOB, 2, 44, 44));
        assert_eq!(Sale::state().open.map(|open| open.tier), Some(3));
        assert_eq!(DeedOwners::get().len(), 233);
    });
}

#[test]
fn sale_ends_when_the_last_deed_is_sold() {
    ext().execute_with(|| {
        // A company for each purchase, of as much as it may spend.
        let mut buyer = 1_000;
        while let Some(open) = Sale::state().open {
            let units = (500_000 / open.usd).min(MAX_UNITS);
            buyer += 1;
            Balances::set_balance(&buyer, FUNDS);
            let call = crate::Call::<Test>::buy { tier: open.tier, min: 1, max: units, max_price: Balance::MAX };
            assert_ok!(RuntimeCall::Sale(call).dispatch(RuntimeOrigin::signed(buyer)));
        }
        assert_eq!((Sold::<Test>::get(), Deeds::node_deeds()), (NODE_COUNT, NODE_COUNT));
        assert_noop!(buy(ALICE, 12, 1, 1), Error::<Test>::SoldOut);
        assert_noop!(buy(ALICE, 13, 1, 1), Error::<Test>::SoldOut);
        assert_eq!(Sale::state().price_each, None);
    });
}

#[test]
fn sale_ends_when_the_class_is_full_of_deeds_it_did_not_sell() {
    run(|| {
        PresetDeeds::set(NODE_COUNT - 2);
        assert_noop!(buy(ALICE, 1, 3, 5), Error::<Test>::FewerThanMinLeft);
        assert_ok!(buy(ALICE, 1, 1, 5));
        assert_eq!(DeedOwners::get().len(), 2);
        assert_noop!(buy(ALICE, 1, 1, 5), Error::<Test>::SoldOut);
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
            (KycRefusal::Expired(EpochIndex(1)), Error::<Test>::Expired),
            (KycRefusal::Revoked, Error::<Test>::Revoked),
            (KycRefusal::CountryProhibited, Error::<Test>::CountryProhibited),
        ] {
            Refused::mutate(|refused| refused.insert(STRANGER, refusal));
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
            Rate::set(Err(refusal));
            assert_noop!(buy(ALICE, 1, 1, 1), error);
            assert_eq!(Sale::state().price_each, Some(Err(refusal)));
        }
        // Rates that the price pallet never tells sell nothing for nothing.
        Rate::set(Ok(0));
        assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::RateMissing);
        Rate::set(Ok(1));
        assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::RateMissing);
        Rate::set(Ok(2));
        assert_noop!(buy(ALICE, 1, 1, 89), Error::<Test>::InsufficientFunds);
        Rate::set(Ok(u128::MAX));
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
            let wallets = Wallets::get();
            Wallets::mutate(|wallets| wallets.remove(&pool));
            assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::NoWallet);
            Wallets::set(wallets);
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
        PresetDeeds::set(NODE_COUNT);
        Rate::set(Err(PriceRefusal::Missing));
        Wallets::set(Default::default());
        Individuals::mutate(|individuals| individuals.insert(STRANGER));
        Balances::set_balance(&STRANGER, 0);
        let refused = |min, max, price, error: Error<Test>| {
            assert_eq!(buy_for(STRANGER, 1, min, max, price), Err(error.into()));
        };
        refused(0, 0, 0, Error::ZeroUnits);
        refused(102, 101, 0, Error::MinAboveMax);
        refused(90, 101, 0, Error::TooManyUnits);
        refused(90, 100, 0, Error::SoldOut);
        PresetDeeds::set(0);
        assert_eq!(buy(STRANGER, 2, 90, 100), Err(Error::<Test>::WrongTier.into()));
        refused(90, 100, 0, Error::FewerThanMinLeft);
        refused(80, 100, 0, Error::NotAttested);
        Refused::set(Default::default());
        refused(80, 100, 0, Error::RateMissing);
        Rate::set(Ok(QUARTER));
        refused(80, 100, 0, Error::PriceAboveMaximum);
        refused(80, 100, 2_000 * R1, Error::LimitExceeded);
        refused(1, 20, 2_000 * R1, Error::InsufficientFunds);
        Balances::set_balance(&STRANGER, 40_000 * R1);
        refused(1, 20, 2_000 * R1, Error::NoWallet);
    });
}

#[test]
fn limit_holds_for_the_entity_when_it_buys_from_several_accounts() {
    run(|| {
        Individuals::mutate(|individuals| individuals.extend([ALICE, BOB, 3]));
        Entities::mutate(|entities| entities.insert(BOB, entity(ALICE)));
        assert_eq!(Sale::left_for(ALICE), Ok(10_000 * USD));
        assert_noop!(buy(ALICE, 1, 1, 21), Error::<Test>::LimitExceeded);
        assert_ok!(buy(ALICE, 1, 1, 15));
        assert_eq!(Sale::left_for(BOB), Ok(2_500 * USD));
        assert_noop!(buy(BOB, 1, 1, 6), Error::<Test>::LimitExceeded);
        assert_ok!(buy(BOB, 1, 1, 5));
        assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::LimitExceeded);
        assert_eq!((Sale::left_for(ALICE), Sale::spent_by(entity(ALICE))), (Ok(0), 10_000 * USD));
        // Another entity is not touched, and a company may spend more.
        assert_ok!(buy(3, 1, 1, 1));
        assert_eq!(Sale::left_for(4), Ok(500_000 * USD));
        assert_ok!(buy(4, 1, 1, 60));
    });
}

#[test]
fn company_spends_half_a_million_and_no_more_when_tiers_get_dear() {
    run(|| {
        sold(NODE_COUNT - 17_711);
        assert_noop!(buy(ALICE, 12, 1, 53), Error::<Test>::LimitExceeded);
        assert_ok!(buy(ALICE, 12, 1, 52));
        assert_eq!(Sale::left_for(ALICE), Ok(6_000 * USD));
        assert_noop!(buy(ALICE, 12, 1, 1), Error::<Test>::LimitExceeded);
    });
}

#[test]
fn invariants_fail_when_the_books_are_wrong() {
    ext().execute_with(|| {
        assert_ok!(buy(ALICE, 1, 1, 3));
        Spent::<Test>::insert(entity(BOB), 500 * USD);
        assert!(Sale::do_try_state().is_err());
        Sold::<Test>::put(4);
        assert!(Sale::do_try_state().is_err(), "a deed was sold and not issued");
        PresetDeeds::set(1);
        Sale::do_try_state().expect("three and one");
    });
}

#[derive(Clone, Debug)]
struct Purchase {
    who: u64,
    /// How far from the open tier the one that is named.
    off: u8,
    min: u32,
    max: u32,
    rate: u128,
}

fn purchase() -> impl Strategy<Value = Purchase> {
    let off = prop_oneof![9 => Just(0u8), 1 => 1u8..3];
    let rate = prop_oneof![USD / 100..USD, USD..1_000 * USD, Just(USD / 3)];
    (1u64..=5, off, 0u32..40, 0u32..110, rate).prop_map(|(who, off, min, max, rate)| {
        let who = if who == 5 { STRANGER } else { who };
        Purchase { who, off, min, max, rate }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What the buyer loses is what is burned and what the wallets gain, to the base unit; a refusal moves nothing.
    #[test]
    fn money_is_conserved_when_deeds_are_sold(
        start in 0u32..3_000,
        purchases in proptest::collection::vec(purchase(), 1..40),
    ) {
        run(|| {
            sold(start);
            for Purchase { who, off, min, max, rate } in purchases {
                Rate::set(Ok(rate));
                let open = Sale::state().open.expect("never sold out here");
                let purses = || [who, LIQUIDITY, OPERATIONS].map(|who| Balances::balance(&who));
                let ([purse, liquidity, operations], burned) = (purses(), Burned::get());
                let (issuance, deeds) = (Balances::total_issuance(), DeedOwners::get().len());
                let bought = buy(who, open.tier + off, min, max).is_ok();
                let units = if bought { max.min(open.left) } else { 0 };
                let price = r1_for(Usd::from(open.usd) * USD, rate).expect("a sane rate");
                let parts = split(price * u128::from(units));
                let [after, to_liquidity, to_operations] = purses();
                prop_assert_eq!(purse - after, price * u128::from(units));
                prop_assert_eq!(parts.burned + parts.liquidity + parts.operations, purse - after);
                prop_assert_eq!(to_liquidity - liquidity, parts.liquidity);
                prop_assert_eq!(to_operations - operations, parts.operations);
                prop_assert_eq!(Burned::get() - burned, parts.burned);
                prop_assert_eq!(issuance - Balances::total_issuance(), parts.burned);
                prop_assert_eq!(DeedOwners::get().len() - deeds, units as usize);
                prop_assert!(DeedOwners::get()[deeds..].iter().all(|owner| *owner == who));
            }
            Ok(())
        })?;
    }
}
