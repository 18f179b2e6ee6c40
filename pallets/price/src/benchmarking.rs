//! What the call and posting cost at their worst: with two rates, of which the last is stale or gives way.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::EnsureOrigin;
use ratio1_primitives::{economics::price::USD, traits::EpochInspect, EpochIndex};

/// A rate that was administered in `epoch`.
fn administered(epoch: EpochIndex) -> Rate {
    Rate { price: USD, source: Source::Administered, epoch, posted: epoch }
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn administer() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        // In the zeroth epoch nothing can be older than it: then there is no rate yet.
        if let Some(past) = T::Epochs::current().0.checked_sub(1).map(EpochIndex) {
            Posted::<T>::put(Rates { last: administered(past), before: Some(administered(past)) });
        } else {
            Posted::<T>::kill();
        }
        let price = USD / 10 * 11;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, price);
        assert_eq!(Posted::<T>::get().map(|rates| rates.last.price), Some(price));
        Ok(())
    }

    #[benchmark]
    fn post() {
        let now = T::Epochs::current();
        Posted::<T>::put(Rates { last: administered(now), before: Some(administered(now)) });
        Newest::<T>::put(EpochIndex(0));
        #[block]
        {
            Pallet::<T>::post(EpochIndex(1), USD * 2);
        }
        assert_eq!(Posted::<T>::get().map(|rates| rates.last.price), Some(USD / 10 * 12));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(None), crate::mock::Test);
}
