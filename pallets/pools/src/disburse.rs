//! How R1 leaves the pools: the judgement about a disbursement, and making it.

use crate::{wallets::reason, *};
use frame_support::{
    ensure,
    traits::{
        fungible::{hold::Mutate as _, Inspect},
        tokens::{Fortitude, Precision, Provenance, Restriction},
    },
};
use ratio1_primitives::{economics::pools::Pool, traits::EpochInspect, Balance};
use sp_runtime::{ArithmeticError, DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The one judgement about a disbursement of liquidity: of the call, of whether it is feeless, and of the view.
    pub(crate) fn check_liquidity(
        who: &T::AccountId,
        to: &T::AccountId,
        amount: Balance,
        purpose: &Text,
    ) -> DispatchResult {
        ensure!(Self::keeper(Pool::Liquidity).as_ref() == Some(who), Error::<T>::NotLiquidityWallet);
        let left = Self::check_payment(Pool::Liquidity, who, to, amount, purpose)?;
        ensure!(amount >= MIN_LIQUIDITY || amount == left, Error::<T>::AmountTooSmall);
        Ok(())
    }

    /// The one judgement about a disbursement by governance. Returns the account that keeps the pool.
    pub(crate) fn check_governed(
        pool: Pool,
        to: &T::AccountId,
        amount: Balance,
        purpose: &Text,
        milestone: Option<&Text>,
    ) -> Result<T::AccountId, DispatchError> {
        ensure!(Wallet::of(pool) == Wallet::Foundation, Error::<T>::NotGoverned);
        ensure!(milestone.is_some_and(|text| !text.is_empty()), Error::<T>::NoMilestone);
        match Self::lock_of(pool) {
            Some(Lock::Until(_)) => return Err(Error::<T>::PoolLocked.into()),
            Some(Lock::MarketingAndGrantsFirst) => return Err(Error::<T>::SocialOpensLast.into()),
            None => (),
        }
        let from = Self::keeper(pool).ok_or(Error::<T>::NoWallet)?;
        Self::check_payment(pool, &from, to, amount, purpose)?;
        Ok(from)
    }

    /// What holds for every disbursement. Returns the pool's balance.
    fn check_payment(
        pool: Pool,
        from: &T::AccountId,
        to: &T::AccountId,
        amount: Balance,
        purpose: &Text,
    ) -> Result<Balance, DispatchError> {
        ensure!(amount > 0, Error::<T>::ZeroAmount);
        ensure!(!purpose.is_empty(), Error::<T>::NoPurpose);
        ensure!(to != from, Error::<T>::SelfPayment);
        let left = Ledgers::<T>::get(pool).balance();
        ensure!(amount <= left, Error::<T>::InsufficientPool);
        T::Currency::can_deposit(to, amount, Provenance::Extant).into_result()?;
        Ok(left)
    }

    /// How many disbursements of liquidity are free until the epoch ends.
    pub(crate) fn free_left() -> u32 {
        FREE_PER_EPOCH.saturating_sub(Self::liquidity_use())
    }

    /// Disbursements the liquidity wallet made in the running epoch.
    fn liquidity_use() -> u32 {
        match LiquidityUse::<T>::get() {
            (epoch, made) if epoch == T::Epochs::current() => made,
            _ => 0,
        }
    }

    pub(crate) fn note_liquidity_use() {
        LiquidityUse::<T>::put((T::Epochs::current(), Self::liquidity_use().saturating_add(1)));
    }

    /// Move what was judged well from the hold on `from` to the receiver's free balance, and record it.
    pub(crate) fn pay(pool: Pool, from: T::AccountId, disbursement: Disbursement<T::AccountId>) -> DispatchResult {
        let Disbursement { to, amount, purpose, milestone, .. } = disbursement.clone();
        let reason = reason(pool).ok_or(Error::<T>::NotGoverned)?.into();
        // By force: a freeze on the wallet does not bind what was never its owner's to freeze.
        let (exact, free) = (Precision::Exact, Restriction::Free);
        T::Currency::transfer_on_hold(&reason, &from, &to, amount, exact, free, Fortitude::Force)?;
        let mut ledger = Ledgers::<T>::get(pool);
        let index = ledger.disbursements;
        ledger.disbursements = index.checked_add(1).ok_or(ArithmeticError::Overflow)?;
        ledger.spent = ledger.spent.checked_add(amount).ok_or(ArithmeticError::Overflow)?;
        Ledgers::<T>::insert(pool, ledger);
        Disbursements::<T>::insert(pool, index, disbursement);
        Self::deposit_event(Event::Disbursed { pool, index, to, amount, purpose, milestone });
        Ok(())
    }
}
