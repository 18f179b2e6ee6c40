//! What the call costs at its worst.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::fungible::Mutate;
use frame_system::RawOrigin;
use ratio1_primitives::{
    economics::{price::USD, sale::TIERS},
    traits::{IssueDeeds, KycInspect},
};

/// What benchmarks need from the neighbours.
pub trait BenchmarkHelper<AccountId> {
    /// Let `buyer` be admitted, as a company that has bought nothing; let there be a rate that holds, the wallets of
    /// liquidity and operations, and the Genesis deed.
    fn ready(buyer: &AccountId);
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn buy(u: Linear<1, MAX_UNITS>) -> Result<(), BenchmarkError> {
        let buyer: T::AccountId = account("buyer", 0, 0);
        T::BenchmarkHelper::ready(&buyer);
        // The second tier is the first that holds as many deeds as one call buys.
        Sold::<T>::put(TIERS[0].units);
        let entity = T::Kyc::admits(&buyer).map_err(|_| "the buyer is not admitted")?.entity;
        Spent::<T>::insert(entity, USD);
        let price = Pallet::<T>::state().price_each.ok_or("the tier is sold")?.map_err(|_| "there is no rate")?;
        T::Currency::set_balance(&buyer, price * u128::from(u) + 1);
        let deeds = T::Deeds::node_deeds();
        #[extrinsic_call]
        _(RawOrigin::Signed(buyer), 2, u, u, price);
        assert_eq!(T::Deeds::node_deeds(), deeds + u);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(), crate::mock::Test);
}
