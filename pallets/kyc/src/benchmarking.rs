//! What each call costs at its worst.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

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
    Registrars::<T>::insert(&registrar, Revocations::default());
    registrar
}

fn in_epochs<T: Config>(n: u32) -> EpochIndex {
    T::Epochs::current().plus(n)
}

/// An account attested by `by` for 100 epochs.
fn attested<T: Config>(by: T::AccountId) -> Result<T::AccountId, BenchmarkError> {
    Configuration::<T>::put(Parameters::default());
    let who: T::AccountId = account("attested", 0, 0);
    let expires = in_epochs::<T>(100);
    let attestation = Attestation { entity: ENTITY, kind: EntityKind::Individual, country: NOWHERE, expires };
    let change = Pallet::<T>::check_attest(None, &who, &attestation, T::Epochs::current())
        .map_err(|_| BenchmarkError::Stop("the account cannot be attested"))?;
    Pallet::<T>::record(&who, attestation, Some(&by), change);
    Ok(who)
}

fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn add_registrar() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        let who: T::AccountId = account("registrar", 0, 0);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, who.clone());
        assert!(Registrars::<T>::contains_key(who));
        Ok(())
    }

    #[benchmark]
    fn remove_registrar() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        let who = registrar::<T>();
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, who.clone());
        assert!(!Registrars::<T>::contains_key(who));
        Ok(())
    }

    // A person's second account.
    #[benchmark]
    fn attest() -> Result<(), BenchmarkError> {
        let by = registrar::<T>();
        attested::<T>(by.clone())?;
        let who: T::AccountId = account("further", 0, 0);
        let expires = in_epochs::<T>(500);
        #[extrinsic_call]
        _(RawOrigin::Signed(by), who.clone(), ENTITY, EntityKind::Individual, NOWHERE, expires);
        assert!(Attestations::<T>::contains_key(who));
        assert_eq!(Entities::<T>::get(ENTITY).map(|entity| entity.accounts), Some(2));
        Ok(())
    }

    // Earlier expiry of what a registrar attested who was dismissed since.
    #[benchmark]
    fn attest_again() -> Result<(), BenchmarkError> {
        let by = registrar::<T>();
        let who = attested::<T>(account("dismissed", 0, 0))?;
        let expires = in_epochs::<T>(50);
        #[extrinsic_call]
        attest(RawOrigin::Signed(by.clone()), who.clone(), ENTITY, EntityKind::Company, NOWHERE, expires);
        assert_eq!(Attestations::<T>::get(who).map(|r| r.attestation.expires), Some(expires));
        assert_eq!(Registrars::<T>::get(by).map(|used| used.count), Some(1));
        Ok(())
    }

    #[benchmark]
    fn revoke() -> Result<(), BenchmarkError> {
        let by = registrar::<T>();
        let who = attested::<T>(by.clone())?;
        #[extrinsic_call]
        _(RawOrigin::Signed(by.clone()), who.clone());
        let stops = in_epochs::<T>(T::RevocationDelay::get());
        assert_eq!(Attestations::<T>::get(who).and_then(|r| r.stops), Some(stops));
        assert_eq!(Registrars::<T>::get(by).map(|used| used.count), Some(1));
        Ok(())
    }

    #[benchmark]
    fn prohibit_country() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, NOWHERE);
        assert!(Prohibitions::<T>::contains_key(NOWHERE));
        Ok(())
    }

    #[benchmark]
    fn permit_country() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        Prohibitions::<T>::insert(NOWHERE, in_epochs::<T>(1));
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, NOWHERE);
        assert!(!Prohibitions::<T>::contains_key(NOWHERE));
        Ok(())
    }

    #[benchmark]
    fn set_parameters() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        let parameters = Parameters { revocations_per_epoch: REVOCATIONS.1, accounts_per_entity: ACCOUNTS.1 };
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, parameters);
        assert_eq!(Configuration::<T>::get(), parameters);
        Ok(())
    }

    #[benchmark]
    fn revoke_entity() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        attested::<T>(registrar::<T>())?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, ENTITY);
        let stops = in_epochs::<T>(T::RevocationDelay::get());
        assert_eq!(Entities::<T>::get(ENTITY).and_then(|entity| entity.stops), Some(stops));
        Ok(())
    }

    #[benchmark]
    fn restore_entity() -> Result<(), BenchmarkError> {
        let origin = admin::<T>()?;
        attested::<T>(registrar::<T>())?;
        Pallet::<T>::end_entity(ENTITY).map_err(|_| BenchmarkError::Stop("the entity cannot be revoked"))?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, ENTITY);
        assert_eq!(Entities::<T>::get(ENTITY).and_then(|entity| entity.stops), None);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::ExtBuilder::default().build(), crate::mock::Test);
}
