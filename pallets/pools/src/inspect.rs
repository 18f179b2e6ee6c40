//! What dApps see of the pools.

use crate::*;
use alloc::vec::Vec;
use frame_support::traits::fungible::Inspect;
use ratio1_primitives::economics::pools::Pool;

impl<T: Config> Pallet<T> {
    pub(crate) fn infos() -> Vec<PoolInfo<T::AccountId>> {
        let info = |pool| {
            let account = Self::keeper(pool);
            let ledger = Ledgers::<T>::get(pool);
            let balance = match (pool, &account) {
                (Pool::Operations, Some(account)) => T::Currency::balance(account),
                (Pool::Operations, None) => 0,
                _ => ledger.balance(),
            };
            let PoolLedger { received, spent, disbursements } = ledger;
            PoolInfo { pool, account, received, spent, balance, disbursements, locked: Self::lock_of(pool) }
        };
        Pool::ALL.into_iter().map(info).collect()
    }

    pub(crate) fn listed(pool: Pool, from: u32, count: u32) -> Vec<Disbursement<T::AccountId>> {
        let until = from.saturating_add(count.min(MAX_DISBURSEMENTS_LISTED));
        (from..until).map_while(|index| Disbursements::<T>::get(pool, index)).collect()
    }
}
