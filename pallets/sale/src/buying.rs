//! Buying: every check before anything is touched, then the payment, then the deeds.

use crate::{open_tier, Config, Error, Event, OpenTier, Pallet, Quote, SaleState, Sold, Spent, MAX_UNITS};
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use ratio1_primitives::{
    economics::{
        pools::Pool,
        price::{r1_for, Price, Usd},
        sale::{entity_limit, split},
        NODE_COUNT,
    },
    kyc::Attestation,
    refusal::PriceRefusal,
    traits::{IssueDeeds, KycInspect, Pools, PriceInspect, SupplyLedger},
    Balance,
};
use sp_runtime::{DispatchError, DispatchResult};

ratio1_pallet_support::impl_from_kyc_refusal!(Error);
ratio1_pallet_support::impl_from_price_refusal!(Error);

/// A purchase that would succeed.
pub(crate) struct Order<AccountId> {
    pub(crate) quote: Quote,
    pub(crate) liquidity: AccountId,
    pub(crate) operations: AccountId,
}

impl<T: Config> Pallet<T> {
    /// The open tier. Deeds of a preset take no place in the tiers, but they do in the class.
    fn open() -> Option<OpenTier> {
        open_tier(Sold::<T>::get(), NODE_COUNT.saturating_sub(T::Deeds::node_deeds()))
    }

    /// What one deed of a tier costs now, and the rate. A rate at which it costs nothing that can be counted is none.
    fn price_of(tier: &OpenTier) -> Result<(Balance, Price), PriceRefusal> {
        let rate = T::Price::lower_rate()?;
        let price = r1_for(tier.cost(1), rate).ok_or(PriceRefusal::Missing)?;
        Ok((price, rate))
    }

    /// The dollars the attested entity may still spend.
    pub(crate) fn left(attestation: &Attestation) -> Usd {
        entity_limit(attestation.kind).saturating_sub(Spent::<T>::get(attestation.entity))
    }

    pub(crate) fn current_state() -> SaleState {
        let open = Self::open();
        let price_each = open.as_ref().map(|tier| Self::price_of(tier).map(|(price, _)| price));
        SaleState { sold: Sold::<T>::get(), open, price_each }
    }

    /// Whether `buy` would succeed, and what it would do.
    pub(crate) fn check_buy(
        buyer: &T::AccountId,
        tier: u8,
        min: u32,
        max: u32,
        max_price: Balance,
    ) -> Result<Order<T::AccountId>, DispatchError> {
        ensure!(min > 0 && max > 0, Error::<T>::ZeroUnits);
        ensure!(min <= max, Error::<T>::MinAboveMax);
        ensure!(max <= MAX_UNITS, Error::<T>::TooManyUnits);
        let open = Self::open().ok_or(Error::<T>::SoldOut)?;
        // ADR 0018: nobody pays the next tier's price unasked, and no purchase spans two tiers.
        ensure!(tier == open.tier, Error::<T>::WrongTier);
        ensure!(min <= open.left, Error::<T>::FewerThanMinLeft);
        let units = max.min(open.left);

        let attestation = T::Kyc::admits(buyer).map_err(Error::<T>::from)?;
        let (price_each, rate) = Self::price_of(&open).map_err(Error::<T>::from)?;
        ensure!(price_each <= max_price, Error::<T>::PriceAboveMaximum);
        let usd = open.cost(units);
        ensure!(usd <= Self::left(&attestation), Error::<T>::LimitExceeded);

        let paid = price_each.saturating_mul(Balance::from(units));
        // The account may be emptied: its attestation keeps it alive.
        let funds = T::Currency::reducible_balance(buyer, Preservation::Expendable, Fortitude::Polite);
        ensure!(paid <= funds, Error::<T>::InsufficientFunds);
        let liquidity = T::Pools::account(Pool::Liquidity).ok_or(Error::<T>::NoWallet)?;
        let operations = T::Pools::account(Pool::Operations).ok_or(Error::<T>::NoWallet)?;

        let parts = split(paid);
        let quote = Quote {
            entity: attestation.entity,
            tier,
            units,
            usd,
            rate,
            price_each,
            paid,
            burned: parts.burned,
            liquidity: parts.liquidity,
            operations: parts.operations,
        };
        Ok(Order { quote, liquidity, operations })
    }

    /// Buy; how many deeds it were.
    pub(crate) fn do_buy(
        buyer: T::AccountId,
        tier: u8,
        min: u32,
        max: u32,
        max_price: Balance,
    ) -> Result<u32, DispatchError> {
        let order = Self::check_buy(&buyer, tier, min, max, max_price)?;
        let Quote { entity, units, usd, rate, price_each, paid, burned, liquidity, operations, .. } = order.quote;
        T::Currency::burn_from(&buyer, burned, Preservation::Expendable, Precision::Exact, Fortitude::Polite)?;
        T::Supply::note_burned(burned);
        Self::pay(&buyer, Pool::Liquidity, &order.liquidity, liquidity)?;
        Self::pay(&buyer, Pool::Operations, &order.operations, operations)?;
        Sold::<T>::mutate(|sold| *sold = sold.saturating_add(units));
        Spent::<T>::mutate(entity, |spent| *spent = spent.saturating_add(usd));
        let first = T::Deeds::issue_node_deeds(&buyer, units)?;
        Self::deposit_event(Event::Bought {
            buyer,
            entity,
            tier,
            first,
            units,
            price_each,
            paid,
            burned,
            liquidity,
            operations,
            rate,
        });
        Ok(units)
    }

    /// Pay a pool, and let it put the amount under its rules.
    fn pay(buyer: &T::AccountId, pool: Pool, account: &T::AccountId, amount: Balance) -> DispatchResult {
        T::Currency::transfer(buyer, account, amount, Preservation::Expendable)?;
        T::Pools::deposited(pool, amount)
    }
}
