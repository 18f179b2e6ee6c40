//! What each call costs at its worst.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use alloc::vec;
use frame_benchmarking::v2::*;
use frame_support::traits::{
    fungible::{hold::Inspect as _, Inspect, Mutate},
    EnsureOrigin,
};
use frame_system::RawOrigin;
use ratio1_primitives::{
    economics::pools::{Pool, LOCK_EPOCHS},
    traits::Pools,
    Balance, EpochIndex,
};
use sp_runtime::DispatchError;

/// What the runtime sets up for benchmarks, since the clock is another pallet's.
pub trait BenchmarkHelper {
    /// Let `epoch` run.
    fn run_epoch(epoch: EpochIndex);
}

const AMOUNT: Balance = 1_000 * R1;

fn text() -> Text {
    Text::truncate_from(vec![b'x'; 256])
}

/// Name `wallet`, and fill its pools.
fn wallet<T: Config>(wallet: Wallet) -> Result<T::AccountId, DispatchError> {
    let who: T::AccountId = account("wallet", 0, 0);
    Pallet::<T>::change_wallet(wallet, who.clone())?;
    for pool in Pool::ALL.into_iter().filter(|pool| Wallet::of(*pool) == wallet) {
        T::Currency::mint_into(&who, AMOUNT)?;
        Pallet::<T>::deposited(pool, AMOUNT)?;
    }
    Ok(who)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    // With the check that the pool of transactions and the payment of fees make before.
    #[benchmark]
    fn disburse_liquidity() -> Result<(), BenchmarkError> {
        let who = wallet::<T>(Wallet::Liquidity)?;
        let to: T::AccountId = account("receiver", 0, 0);
        let origin = RawOrigin::Signed(who.clone());

        #[block]
        {
            let check = Pallet::<T>::check_liquidity(&who, &to, R1, &text());
            assert!(Pallet::<T>::free_left() > 0 && check.is_ok());
            Pallet::<T>::disburse_liquidity(origin.into(), to.clone(), R1, text())?;
        }

        assert_eq!(T::Currency::balance(&to), R1);
        Ok(())
    }

    #[benchmark]
    fn disburse() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        T::BenchmarkHelper::run_epoch(EpochIndex(LOCK_EPOCHS));
        wallet::<T>(Wallet::Foundation)?;
        let to: T::AccountId = account("receiver", 0, 0);
        for pool in [Pool::Marketing, Pool::Grants] {
            let other: T::AccountId = account("other", 0, 0);
            Pallet::<T>::disburse(origin.clone(), pool, other, R1, text(), Some(text()))?;
        }

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, Pool::Social, to.clone(), R1, text(), Some(text()));

        assert_eq!(T::Currency::balance(&to), R1);
        Ok(())
    }

    #[benchmark]
    fn set_wallet() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        wallet::<T>(Wallet::Foundation)?;
        let next: T::AccountId = account("next", 0, 0);

        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, Wallet::Foundation, next.clone());

        assert_eq!(T::Currency::total_balance_on_hold(&next), AMOUNT.saturating_mul(3));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
