//! Deeds for sale by their owners.

use crate::{Config, Error, Event, Listing, Listings, Pallet};
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Preservation},
    },
};
use ratio1_primitives::{kyc::EntityId, traits::SettleRewards, AccountId, Balance, LicenseClass, LicenseId};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Whether `list` would succeed. Epochs that are still open, and the seat of an oracle, only matter to the buyer:
    /// they pass by themselves.
    pub(crate) fn check_list(
        owner: &AccountId,
        license: LicenseId,
        price: Balance,
        to: Option<&AccountId>,
    ) -> DispatchResult {
        let deed = Self::deed_of(owner, license)?;
        ensure!(price > 0, Error::<T>::ZeroPrice);
        ensure!(to != Some(owner), Error::<T>::SameOwner);
        match deed.class {
            LicenseClass::Genesis => Err(Error::<T>::GenesisNeverMoves.into()),
            LicenseClass::Master => Self::check_approval(license, to),
            LicenseClass::Node => Ok(()),
        }?;
        ensure!(!deed.banned, Error::<T>::Banned);
        // ADR 0018: nobody buys a deed with somebody else's running node.
        ensure!(deed.link.is_none(), Error::<T>::StillLinked);
        Ok(())
    }

    /// Whether `buy` would succeed; the listing, and the buyer's entity.
    pub(crate) fn check_buy(
        buyer: &AccountId,
        license: LicenseId,
        max_price: Balance,
    ) -> Result<(Listing, EntityId), DispatchError> {
        Self::deed(license)?;
        let listing = Listings::<T>::get(license).ok_or(Error::<T>::NotListed)?;
        ensure!(*buyer != listing.seller, Error::<T>::SameOwner);
        ensure!(listing.to.as_ref().is_none_or(|to| to == buyer), Error::<T>::ReservedForAnother);
        ensure!(listing.price <= max_price, Error::<T>::PriceAboveMaximum);
        let entity = Self::check_transfer(&listing.seller, license, buyer)?;
        // The account may be emptied: its attestation keeps it alive.
        let funds = T::Currency::reducible_balance(buyer, Preservation::Expendable, Fortitude::Polite);
        ensure!(listing.price <= funds, Error::<T>::InsufficientFunds);
        Ok((listing, entity))
    }

    /// Settle to the seller, pay the seller, move the deed, in this order: what it earned so far is the seller's.
    pub(crate) fn do_buy(buyer: AccountId, license: LicenseId, max_price: Balance) -> DispatchResult {
        let (Listing { seller, price, .. }, entity) = Self::check_buy(&buyer, license, max_price)?;
        T::Settle::settle(license)?;
        // ADR 0018: all of it, whether the seller is in good standing or not.
        T::Currency::transfer(&buyer, &seller, price, Preservation::Expendable)?;
        Listings::<T>::remove(license);
        Self::move_deed(license, seller.clone(), buyer.clone(), entity)?;
        Self::deposit_event(Event::Sold { license, seller, buyer, price });
        Ok(())
    }

    /// Take a deed off the market; whether it was on it.
    pub(crate) fn drop_listing(license: LicenseId) -> bool {
        let listed = Listings::<T>::take(license).is_some();
        if listed {
            Self::deposit_event(Event::ListingCancelled { license });
        }
        listed
    }
}
