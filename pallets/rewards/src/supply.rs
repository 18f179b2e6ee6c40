//! What exists of R1: granted, minted and unclaimed by class, burned, outstanding.

use crate::*;
use codec::{Decode, Encode};
use core::marker::PhantomData;
use frame_support::traits::{
    fungible::{Balanced, Credit, Inspect},
    Imbalance, OnUnbalanced,
};
use ratio1_primitives::{
    economics,
    traits::{LicenseInspect, SupplyLedger},
    Balance, LicenseClass,
};
use scale_info::TypeInfo;

/// Supply of one class, in base units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ClassSupply {
    /// Its share of the cap: what it may ever mint.
    pub cap: Balance,
    /// What the deeds issued may mint in all: assigned to Master deeds, sold as Node Deeds; the Genesis deed's is all
    /// of the share from the beginning.
    pub granted: Balance,
    /// Ever minted.
    pub minted: Balance,
    /// Earned and not minted yet. That of banned licenses counts: it thaws when they are unbanned.
    pub unclaimed: Balance,
}

/// Supply of R1, in base units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Supply {
    /// The Genesis deed.
    pub genesis: ClassSupply,
    /// Master deeds.
    pub master: ClassSupply,
    /// Node Deeds.
    pub node: ClassSupply,
    /// Ever burned.
    pub burned: Balance,
    /// Total issuance.
    pub outstanding: Balance,
}

impl<T: Config> Pallet<T> {
    pub(crate) fn current_supply() -> Supply {
        Supply {
            genesis: Self::class_supply(LicenseClass::Genesis, economics::GENESIS_SHARE),
            master: Self::class_supply(LicenseClass::Master, T::Licenses::assigned()),
            node: Self::class_supply(
                LicenseClass::Node,
                Balance::from(Self::node_deeds()).saturating_mul(economics::NODE_ENTITLEMENT),
            ),
            burned: Burned::<T>::get(),
            outstanding: T::Currency::total_issuance(),
        }
    }

    fn class_supply(class: LicenseClass, granted: Balance) -> ClassSupply {
        let minted = Minted::<T>::get(class);
        let unclaimed = Earned::<T>::get(class).saturating_sub(minted);
        ClassSupply { cap: economics::share(class), granted, minted, unclaimed }
    }

    /// Node Deeds issued: all deeds but the first, which is the Genesis deed, and the Master deeds.
    fn node_deeds() -> u32 {
        let masters = Self::count_masters();
        T::Licenses::count().saturating_sub(1).saturating_sub(masters)
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

/// Burns an amount and counts it: for fees whose author cannot receive, dust, and anything else that ends as a
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
