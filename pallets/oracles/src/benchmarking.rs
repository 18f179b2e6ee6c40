//! Benchmarks of the calls and of the offence handler, with as many oracles as there can be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{EnsureOrigin, UnfilteredDispatchable};
use frame_system::RawOrigin;
use pallet_session::SessionInterface;
use ratio1_primitives::{ballot::MAX_ORACLES, LicenseId};
use sp_runtime::Perbill;
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

/// The `n`-th candidate with keys registered.
fn candidate<T: Config>(n: u32) -> (T::AccountId, LicenseId) {
    let (owner, license) = T::BenchmarkHelper::candidate(n);
    let (keys, _) = T::BenchmarkHelper::keys(&owner, n);
    assert!(T::Session::set_keys(&owner, keys).is_ok(), "keys of the {n}-th candidate");
    (owner, license)
}

/// Replace the set by `n` admitted candidates.
fn fill<T: Config>(n: u32) -> alloc::vec::Vec<T::AccountId> {
    Oracles::<T>::kill();
    Minimum::<T>::put(1);
    for i in 0..n {
        let (_, license) = candidate::<T>(i);
        let admitted = Pallet::<T>::check_admit(license).map(Pallet::<T>::do_admit);
        assert!(matches!(admitted, Ok(Ok(()))), "{i}-th candidate: {admitted:?}");
    }
    Pallet::<T>::admitted()
}

#[benchmarks(where
    T: pallet_session::Config<
        ValidatorId = <T as frame_system::Config>::AccountId,
        Keys = <T as Config>::Keys,
    >,
)]
mod benchmarks {
    use super::*;

    // The keys of an oracle, in a full set: the check that makes the call feeless, and the call.
    #[benchmark]
    fn register_keys() -> Result<(), BenchmarkError> {
        fill::<T>(MAX_ORACLES);
        let (owner, license) = T::BenchmarkHelper::candidate(MAX_ORACLES - 1);
        let (keys, proof) = T::BenchmarkHelper::keys(&owner, MAX_ORACLES);
        let call = Call::<T>::register_keys { license, keys: keys.clone(), proof: proof.clone() };
        #[block]
        {
            Pallet::<T>::check_register_keys(&owner, license, &keys, &proof).map_err(|_| "refused")?;
            call.dispatch_bypass_filter(RawOrigin::Signed(owner.clone()).into())?;
        }
        assert!(T::Session::registered(&owner) == Some(keys));
        Ok(())
    }

    #[benchmark]
    fn admit() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
        fill::<T>(MAX_ORACLES - 1);
        let (owner, license) = candidate::<T>(MAX_ORACLES - 1);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, license);
        assert!(Pallet::<T>::admitted().contains(&owner));
        Ok(())
    }

    #[benchmark]
    fn remove() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
        fill::<T>(MAX_ORACLES);
        let (owner, license) = T::BenchmarkHelper::candidate(0);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, license);
        assert!(!Pallet::<T>::admitted().contains(&owner));
        Ok(())
    }

    #[benchmark]
    fn set_minimum() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
        fill::<T>(MAX_ORACLES);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, MAX_ORACLES);
        assert_eq!(Minimum::<T>::get(), MAX_ORACLES);
        Ok(())
    }

    // `n` active oracles offend at once.
    #[benchmark]
    fn on_offence(n: Linear<1, { MAX_ORACLES - 1 }>) {
        let set = fill::<T>(MAX_ORACLES);
        pallet_session::Validators::<T>::put(&set);
        let offenders: alloc::vec::Vec<_> = set
            .into_iter()
            .take(n as usize)
            .map(|who| OffenceDetails { offender: (who, ()), reporters: Default::default() })
            .collect();
        #[block]
        {
            Pallet::<T>::on_offence(&offenders, &[Perbill::one()], 0);
        }
        assert_eq!(Oracles::<T>::decode_len(), Some((MAX_ORACLES - n) as usize));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ext(4, 1), crate::mock::Test);
}
