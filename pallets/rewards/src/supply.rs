//! What exists of R1: minted by class, burned, outstanding.

use crate::*;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::traits::{
    fungible::{Balanced, Credit, Inspect},
    Imbalance, OnUnbalanced,
};
use ratio1_primitives::{traits::SupplyLedger, Balance, LicenseClass};
use scale_info::TypeInfo;

/// Supply of R1, in base units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Supply {
    /// Ever minted for the Genesis deed.
    pub genesis: Balance,
    /// Ever minted for Master deeds.
    pub master: Balance,
    /// Ever minted for Node Deeds.
    pub node: Balance,
    /// Ever burned.
    pub burned: Balance,
    /// Total issuance.
    pub outstanding: Balance,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn current_supply() -> Supply {
        Supply {
            genesis: Minted::<T>::get(LicenseClass::Genesis),
            master: Minted::<T>::get(LicenseClass::Master),
            node: Minted::<T>::get(LicenseClass::Node),
            burned: Burned::<T>::get(),
            outstanding: T::Currency::total_issuance(),
        }
    }
}

impl<T: Config> SupplyLedger for Pallet<T> {
    fn note_burned(amount: Balance) {
        if amount == 0 {
            return;
        }
        let total = Burned::<T>::mutate(|burned| {
            *burned = burned.saturating_add(amount);
            *burned
        });
        Self::deposit_event(Event::Burned { amount, total });
    }

    fn minted(class: LicenseClass) -> Balance {
        Minted::<T>::get(class)
    }
}

/// Burns an amount and counts it: for fees whose author can not receive, dust, and anything else that ends as a
/// [`Credit`] nobody takes.
///
/// ```ignore
/// type OnChargeTransaction = FungibleAdapter<Balances, CountedBurn<Runtime>>;
/// ```
pub struct CountedBurn<T>(PhantomData<T>);

impl<T> OnUnbalanced<Credit<T::AccountId, T::Currency>> for CountedBurn<T>
where
    T: Config,
    T::Currency: Balanced<T::AccountId>,
{
    fn on_nonzero_unbalanced(credit: Credit<T::AccountId, T::Currency>) {
        Pallet::<T>::note_burned(credit.peek());
        // Dropping a credit takes it out of total issuance.
        drop(credit);
    }
}
