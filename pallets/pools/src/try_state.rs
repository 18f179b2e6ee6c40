//! The invariants of the module page, checked on storage.

use crate::{wallets::reason, *};
use frame_support::{ensure, traits::fungible::hold::Inspect as _};
use ratio1_primitives::{
    economics::pools::{Pool, LOCK_EPOCHS},
    traits::EpochInspect,
    Balance,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant. Reads all of the history.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        for pool in Pool::ALL {
            Self::check_ledger(pool)?;
            Self::check_held(pool)?;
        }
        Self::check_locks()?;
        for wallet in Wallet::ALL {
            let Some(account) = Wallets::<T>::get(wallet) else { continue };
            ensure!(Provided::<T>::contains_key(&account), "a wallet got no provider reference");
        }
        for account in Provided::<T>::iter_keys() {
            ensure!(frame_system::Pallet::<T>::providers(&account) > 0, "a provider reference was taken back");
        }
        Ok(())
    }

    fn check_ledger(pool: Pool) -> Result<(), TryRuntimeError> {
        let ledger = Ledgers::<T>::get(pool);
        ensure!(ledger.spent <= ledger.received, "a pool has spent more than it received");
        let now = T::Epochs::current();
        let (mut count, mut sum): (u32, Balance) = (0, 0);
        for (index, made) in Disbursements::<T>::iter_prefix(pool) {
            ensure!(index < ledger.disbursements, "a disbursement beyond the last number");
            ensure!(made.epoch <= now, "a disbursement from the future");
            ensure!(!made.purpose.is_empty(), "a disbursement without purpose");
            ensure!(made.milestone.is_some() == made.by.is_none(), "governance, and nobody else, pays for milestones");
            count = count.saturating_add(1);
            sum = sum.saturating_add(made.amount);
        }
        ensure!(count == ledger.disbursements, "a disbursement is missing");
        ensure!(sum == ledger.spent, "what was spent is not the sum of the disbursements");
        ensure!(pool != Pool::Operations || count == 0, "operations were disbursed");
        Ok(())
    }

    fn check_held(pool: Pool) -> Result<(), TryRuntimeError> {
        let Some(reason) = reason(pool) else { return Ok(()) };
        let held = Self::keeper(pool).map_or(0, |account| T::Currency::balance_on_hold(&reason.into(), &account));
        ensure!(held == Ledgers::<T>::get(pool).balance(), "what is held is not what was received and not spent");
        Ok(())
    }

    fn check_locks() -> Result<(), TryRuntimeError> {
        let made = |pool| Ledgers::<T>::get(pool).disbursements > 0;
        let any = [Pool::Marketing, Pool::Grants, Pool::Social].into_iter().any(made);
        ensure!(!any || T::Epochs::current().0 >= LOCK_EPOCHS, "a locked pool was disbursed");
        let social = !made(Pool::Social) || (made(Pool::Marketing) && made(Pool::Grants));
        ensure!(social, "social responsibility was disbursed before marketing and grants");
        Ok(())
    }
}
