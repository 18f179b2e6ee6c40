//! Invariants 1 and 5 of the protocol.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::Inspect};
use ratio1_primitives::{
    economics::{minted, share, CAP},
    traits::LicenseInspect,
    Balance, LicenseClass, LicenseId, PAGE_SIZE,
};
use sp_runtime::TryRuntimeError;

const CLASSES: [LicenseClass; 3] = [LicenseClass::Genesis, LicenseClass::Master, LicenseClass::Node];

impl<T: Config> Pallet<T> {
    /// Check every invariant of this pallet. Reads all of its state.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_credits()?;
        let paid = Self::try_paid()?;
        Self::try_supply(&paid)
    }

    /// Credits exist only for issued licenses and stay below the maximum.
    fn try_credits() -> Result<(), TryRuntimeError> {
        let issued = u64::from(T::Licenses::count());
        for (page, credits) in Credits::<T>::iter() {
            let first = u64::from(page).saturating_mul(u64::from(PAGE_SIZE));
            ensure!(first.saturating_add(credits.len() as u64) <= issued, "credits beyond the last license");
            for (id, credit) in (page.saturating_mul(PAGE_SIZE)..).map(LicenseId).zip(&credits) {
                ensure!(*credit <= max_credits(id), "a license has more credits than its maximum");
            }
        }
        Ok(())
    }

    /// No license is paid for credits it does not have. Returns what the paid credits are worth, by class.
    fn try_paid() -> Result<BTreeMap<LicenseClass, Balance>, TryRuntimeError> {
        let mut sums = BTreeMap::<LicenseClass, Balance>::new();
        for (id, paid) in Paid::<T>::iter() {
            let license = T::Licenses::license(id).ok_or("a license that does not exist was paid")?;
            ensure!(paid <= Self::credits_of(id), "a license was paid for more credits than it has");
            let sum = sums.entry(license.class).or_default();
            *sum = sum.saturating_add(minted(license.class, paid));
        }
        Ok(sums)
    }

    /// Classes keep to what their licenses were paid and to their shares; issuance is explained.
    fn try_supply(paid: &BTreeMap<LicenseClass, Balance>) -> Result<(), TryRuntimeError> {
        let mut total: Balance = 0;
        for class in CLASSES {
            let sum = Minted::<T>::get(class);
            ensure!(sum <= share(class), "a class has minted more than its share");
            ensure!(
                sum == paid.get(&class).copied().unwrap_or(0),
                "a class has not minted what its licenses were paid"
            );
            total = total.saturating_add(sum);
        }
        ensure!(total <= CAP, "more was minted than the cap allows");
        let outstanding = total.checked_sub(Burned::<T>::get()).ok_or("more was burned than minted")?;
        ensure!(T::Currency::total_issuance() == outstanding, "total issuance is not minted less burned");
        Ok(())
    }
}
