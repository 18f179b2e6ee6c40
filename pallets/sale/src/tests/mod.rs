//! The sale in the order of its life, then properties.

mod buying;
mod limits;
mod properties;
mod tiers;

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
    Deeds::set_count(units);
    let (mut left, mut n) = (revenue(units), 0u32);
    while left > 0 {
        let spent = left.min(500_000 * USD);
        let mut entity = [1; 32];
        entity[..4].copy_from_slice(&n.to_be_bytes());
        Spent::<Test>::insert(entity, spent);
        (left, n) = (left - spent, n + 1);
    }
}
