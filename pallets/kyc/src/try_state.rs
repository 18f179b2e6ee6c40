//! The invariants of the module page, checked on storage.

use crate::{Attestations, Config, Pallet, Prohibitions, Provided, Superseded};
use frame_support::ensure;
use ratio1_primitives::traits::EpochInspect;
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_providers()?;
        Self::check_records()?;
        Self::check_prohibitions()
    }

    fn check_providers() -> Result<(), TryRuntimeError> {
        for who in Attestations::<T>::iter_keys() {
            ensure!(Provided::<T>::contains_key(&who), "an attested account got no provider reference");
        }
        for who in Provided::<T>::iter_keys() {
            ensure!(frame_system::Pallet::<T>::providers(&who) > 0, "a provider reference was taken back");
        }
        Ok(())
    }

    fn check_records() -> Result<(), TryRuntimeError> {
        let now = T::Epochs::current();
        let mut reached = 0usize;
        for (who, newest) in Attestations::<T>::iter() {
            ensure!(newest.since <= now, "a record from the future");
            let mut record = newest;
            while let Some(before) = record.before {
                let older = Superseded::<T>::get(&who, before).ok_or("a replaced record is missing")?;
                ensure!(older.since == before && before < record.since, "replaced records are out of order");
                ensure!(older.attestation.entity == record.attestation.entity, "an account changed its entity");
                ensure!(record.attestation.country.is_well_formed(), "a record names a malformed country");
                record = older;
                reached = reached.saturating_add(1);
            }
            ensure!(record.attestation.country.is_well_formed(), "a record names a malformed country");
        }
        ensure!(Superseded::<T>::iter_keys().count() == reached, "a replaced record nobody refers to");
        Ok(())
    }

    fn check_prohibitions() -> Result<(), TryRuntimeError> {
        for (country, spans) in Prohibitions::<T>::iter() {
            ensure!(country.is_well_formed(), "a malformed country is prohibited");
            ensure!(!spans.is_empty(), "an empty list of prohibitions is stored");
            for (earlier, later) in spans.iter().zip(spans.iter().skip(1)) {
                let apart = earlier.until.is_some_and(|until| earlier.from < until && until <= later.from);
                ensure!(apart, "prohibitions of a country overlap");
            }
        }
        Ok(())
    }
}
