//! What each call costs at its worst.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::{EnsureOrigin, Get};
use frame_system::RawOrigin;
use ratio1_primitives::{
    kyc::{Attestation, Country, EntityKind},
    traits::EpochInspect,
    EpochIndex,
};

/// No country has this code, so no preset lists it.
const NOWHERE: Country = Country(*b"XX");
const ENTITY: [u8; 32] = [7; 32];

fn registrar<T: Config>() -> T::AccountId {
    let registrar: T::AccountId = account("registrar", 0, 0);
    Registrars::<T>::insert(&registrar, ());
    registrar
}

/// An account whose record is older than the running epoch when that is possible, so that a renewal keeps it.
fn attested<T: Config>(by: T::AccountId) -> T::AccountId {
    let who: T::AccountId = account("attested", 0, 0);
    let expires = T::Epochs::current().plus(100);
    let attestation = Attestation { entity: ENTITY, kind: EntityKind::Company, country: NOWHERE, expires };
    Pallet::<T>::record(&who, attestation, Some(by), T::Epochs::current().minus(1));
    who
}

/// As many past prohibitions as there can be before one more.
fn past_prohibitions<T: Config>() {
    let past = |n: u32| Prohibition { from: EpochIndex(n), until: Some(EpochIndex(n.saturating_add(1))) };
    let spans = (0..MAX_PROHIBITIONS.saturating_sub(1)).map(past).collect::<alloc::vec::Vec<_>>();
    Prohibitions::<T>::insert(NOWHERE, frame_support::BoundedVec::truncate_from(spans));
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn add_registrar() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let who: T::AccountId = account("registrar", 0, 0);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, who.clone());
        assert!(Registrars::<T>::contains_key(who));
        Ok(())
    }

    #[benchmark]
    fn remove_registrar() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let who = registrar::<T>();
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, who.clone());
        assert!(!Registrars::<T>::contains_key(who));
        Ok(())
    }

    // A renewal of what a registrar attested who was dismissed since.
    #[benchmark]
    fn attest() {
        let by = registrar::<T>();
        let who = attested::<T>(account("dismissed", 0, 0));
        past_prohibitions::<T>();
        let expires = T::Epochs::current().plus(500);
        #[extrinsic_call]
        _(RawOrigin::Signed(by), who.clone(), ENTITY, EntityKind::Individual, NOWHERE, expires);
        assert_eq!(Attestations::<T>::get(who).map(|r| r.attestation.expires), Some(expires));
    }

    #[benchmark]
    fn revoke() {
        let by = registrar::<T>();
        let who = attested::<T>(by.clone());
        #[extrinsic_call]
        _(RawOrigin::Signed(by), who.clone());
        let stops = T::Epochs::current().plus(T::RevocationDelay::get());
        assert_eq!(Attestations::<T>::get(who).and_then(|r| r.stops), Some(stops));
    }

    #[benchmark]
    fn prohibit_country() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        past_prohibitions::<T>();
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, NOWHERE);
        assert!(Prohibitions::<T>::get(NOWHERE).last().is_some_and(|p| p.until.is_none()));
        Ok(())
    }

    #[benchmark]
    fn permit_country() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        past_prohibitions::<T>();
        Pallet::<T>::list_country(NOWHERE, T::Epochs::current().plus(1))?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, NOWHERE);
        assert!(Prohibitions::<T>::get(NOWHERE).last().is_some_and(|p| p.until.is_some()));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder::default().build(), crate::mock::Test);
}
