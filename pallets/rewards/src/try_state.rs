//! docs/protocol/invariants.md#1-supply, docs/protocol/invariants.md#5-credits, and those of the module page.

use crate::*;
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::Inspect};
use ratio1_primitives::{
    economics::{minted, share, CAP},
    traits::LicenseInspect,
    width::as_u32,
    Balance, LicenseClass, LicenseId, PAGE_SIZE,
};
use sp_runtime::TryRuntimeError;

const CLASSES: [LicenseClass; 3] = [LicenseClass::Genesis, LicenseClass::Master, LicenseClass::Node];

/// Base units by class.
#[derive(Default)]
struct Sums(BTreeMap<LicenseClass, Balance>);

impl Sums {
    fn add(&mut self, class: LicenseClass, amount: Balance) {
        let sum = self.0.entry(class).or_default();
        *sum = sum.saturating_add(amount);
    }

    fn of(&self, class: LicenseClass) -> Balance {
        self.0.get(&class).copied().unwrap_or(0)
    }
}

impl<T: Config> Pallet<T> {
    /// Check every invariant of this pallet. Reads all of its state.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let (mut earned, mut paid) = (Sums::default(), Sums::default());
        Self::try_credits(&mut earned)?;
        Self::try_paid(&mut paid)?;
        Self::try_masters(&mut earned, &mut paid)?;
        Self::try_supply(&earned, &paid)
    }

    /// Credits exist only for issued licenses and stay below the maximum.
    fn try_credits(earned: &mut Sums) -> Result<(), TryRuntimeError> {
        let issued = u64::from(T::Licenses::count());
        for (page, credits) in Credits::<T>::iter() {
            let first = u64::from(page).saturating_mul(u64::from(PAGE_SIZE));
            ensure!(
                first.saturating_add(u64::from(as_u32(credits.len()))) <= issued,
                "credits beyond the last license"
            );
            for (id, credit) in (page.saturating_mul(PAGE_SIZE)..).map(LicenseId).zip(&credits) {
                ensure!(*credit <= max_credits(id), "a license has more credits than its maximum");
                let license = T::Licenses::license(id).ok_or("a license that does not exist has credits")?;
                earned.add(license.class, minted(license.class, *credit));
            }
        }
        Ok(())
    }

    /// No license is paid for credits it does not have.
    fn try_paid(sums: &mut Sums) -> Result<(), TryRuntimeError> {
        for (id, paid) in Paid::<T>::iter() {
            let license = T::Licenses::license(id).ok_or("a license that does not exist was paid")?;
            ensure!(license.class != LicenseClass::Master, "a Master deed was paid for credits");
            ensure!(paid <= Self::credits_of(id), "a license was paid for more credits than it has");
            sums.add(license.class, minted(license.class, paid));
        }
        Ok(())
    }

    /// No Master deed has more than it was assigned, or was paid more than it has earned.
    fn try_masters(earned: &mut Sums, paid: &mut Sums) -> Result<(), TryRuntimeError> {
        for (id, ledger) in Masters::<T>::iter() {
            let grant = T::Licenses::grant(id).ok_or("a deed without grant has a Master deed's ledger")?;
            let released = ledger.earned.saturating_add(ledger.forgone).saturating_add(ledger.carried);
            ensure!(released <= grant.assigned, "more was released to a Master deed than it was assigned");
            ensure!(ledger.paid <= ledger.earned, "a Master deed was paid more than it has earned");
            earned.add(LicenseClass::Master, ledger.earned);
            paid.add(LicenseClass::Master, ledger.paid);
        }
        ensure!(T::Licenses::assigned() <= share(LicenseClass::Master), "more is assigned than the Masters' share");
        Ok(())
    }

    /// Classes keep to what their licenses earned and were paid and to their shares; issuance is explained.
    fn try_supply(earned: &Sums, paid: &Sums) -> Result<(), TryRuntimeError> {
        let mut total: Balance = 0;
        for class in CLASSES {
            let sum = Minted::<T>::get(class);
            ensure!(sum <= share(class), "a class has minted more than its share");
            ensure!(sum == paid.of(class), "a class has not minted what its licenses were paid");
            ensure!(Earned::<T>::get(class) == earned.of(class), "a class has not earned what its licenses have");
            ensure!(earned.of(class) <= share(class), "a class has earned more than its share");
            ensure!(sum <= earned.of(class), "a class has minted more than it has earned");
            total = total.saturating_add(sum);
        }
        ensure!(total <= CAP, "more was minted than the cap allows");
        let outstanding = total.checked_sub(Burned::<T>::get()).ok_or("more was burned than minted")?;
        ensure!(T::Currency::total_issuance() == outstanding, "total issuance is not minted less burned");
        Ok(())
    }
}
