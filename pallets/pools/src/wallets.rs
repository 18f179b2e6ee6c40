//! Who keeps the pools: holding what comes, and moving it to another account.

use crate::*;
use frame_support::{
    ensure,
    traits::{
        fungible::hold::{Inspect as _, Mutate as _},
        tokens::{Fortitude, Precision, Restriction},
    },
};
use ratio1_primitives::{
    economics::pools::{Pool, LOCK_EPOCHS},
    traits::{self, EpochInspect},
    Balance, EpochIndex,
};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

/// Under which reason a pool is held. Operations are free.
pub(crate) const fn reason(pool: Pool) -> Option<HoldReason> {
    match pool {
        Pool::Liquidity => Some(HoldReason::Liquidity),
        Pool::Operations => None,
        Pool::Marketing => Some(HoldReason::Marketing),
        Pool::Grants => Some(HoldReason::Grants),
        Pool::Social => Some(HoldReason::Social),
    }
}

impl<T: Config> Pallet<T> {
    /// Give `account` a provider reference, once and for good: without one of its own an account whose whole balance
    /// is held could neither exist nor sign.
    pub(crate) fn provide(account: &T::AccountId) {
        if !Provided::<T>::contains_key(account) {
            frame_system::Pallet::<T>::inc_providers(account);
            Provided::<T>::insert(account, ());
        }
    }

    /// The account that keeps `pool`.
    pub(crate) fn keeper(pool: Pool) -> Option<T::AccountId> {
        Wallets::<T>::get(Wallet::of(pool))
    }

    /// Name `account` as the wallet; what is held goes with it, and stays held.
    pub(crate) fn change_wallet(wallet: Wallet, account: T::AccountId) -> DispatchResult {
        let from = Wallets::<T>::get(wallet);
        ensure!(from.as_ref() != Some(&account), Error::<T>::SameWallet);
        Self::provide(&account);
        let mut moved: Balance = 0;
        if let Some(from) = &from {
            for pool in Pool::ALL.into_iter().filter(|pool| Wallet::of(*pool) == wallet) {
                moved = moved.saturating_add(Self::move_held(pool, from, &account)?);
            }
        }
        Wallets::<T>::insert(wallet, &account);
        Self::deposit_event(Event::WalletSet { wallet, from, account, moved });
        Ok(())
    }

    fn move_held(pool: Pool, from: &T::AccountId, to: &T::AccountId) -> Result<Balance, DispatchError> {
        let Some(reason) = reason(pool).map(T::RuntimeHoldReason::from) else { return Ok(0) };
        let held = T::Currency::balance_on_hold(&reason, from);
        if held == 0 {
            return Ok(0);
        }
        let (exact, on_hold) = (Precision::Exact, Restriction::OnHold);
        T::Currency::transfer_on_hold(&reason, from, to, held, exact, on_hold, Fortitude::Force)
    }

    /// What `pool` is locked by in the running epoch.
    pub(crate) fn lock_of(pool: Pool) -> Option<Lock> {
        if matches!(pool, Pool::Liquidity | Pool::Operations) {
            return None;
        }
        let opens = EpochIndex(LOCK_EPOCHS);
        if T::Epochs::current() < opens {
            return Some(Lock::Until(opens));
        }
        // ADR 0014: "social last" means that both have paid something.
        let untouched = |pool| Ledgers::<T>::get(pool).disbursements == 0;
        let waits = pool == Pool::Social && (untouched(Pool::Marketing) || untouched(Pool::Grants));
        waits.then_some(Lock::MarketingAndGrantsFirst)
    }
}

impl<T: Config> traits::Pools<T::AccountId> for Pallet<T> {
    fn account(pool: Pool) -> Option<T::AccountId> {
        Self::keeper(pool)
    }

    fn deposited(pool: Pool, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        let account = Self::keeper(pool).ok_or(Error::<T>::NoWallet)?;
        let mut ledger = Ledgers::<T>::get(pool);
        ledger.received = ledger.received.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
        // ADR 0014: whoever has the wallet's key sees it, and cannot move it.
        if let Some(reason) = reason(pool) {
            T::Currency::hold(&reason.into(), &account, amount)?;
        }
        Ledgers::<T>::insert(pool, ledger);
        Self::deposit_event(Event::Deposited { pool, amount, received: ledger.received });
        Ok(())
    }
}
