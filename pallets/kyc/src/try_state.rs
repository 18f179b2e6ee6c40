//! The invariants of the module page, checked on storage.

use crate::{
    Attestations, Config, Configuration, Entities, Pallet, Prohibitions, Provided, Registrars, ACCOUNTS, REVOCATIONS,
};
use alloc::collections::BTreeMap;
use frame_support::ensure;
use ratio1_primitives::{
    kyc::{EntityId, EntityKind},
    traits::EpochInspect,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::check_providers()?;
        Self::check_entities()?;
        Self::check_caps()?;
        Self::check_countries()
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

    fn check_entities() -> Result<(), TryRuntimeError> {
        // How many accounts each entity has, and how many of them are where it is.
        let mut counted = BTreeMap::<EntityId, (u32, u32)>::new();
        for record in Attestations::<T>::iter_values() {
            let attestation = record.attestation;
            let entity = Entities::<T>::get(attestation.entity).ok_or("an attested entity is missing")?;
            ensure!(entity.kind == attestation.kind, "accounts of one entity differ in kind");
            let (accounts, there) = counted.entry(attestation.entity).or_default();
            *accounts = accounts.saturating_add(1);
            *there = there.saturating_add(u32::from(entity.country == attestation.country));
        }
        for (id, entity) in Entities::<T>::iter() {
            let (accounts, there) = counted.get(&id).copied().unwrap_or_default();
            ensure!(entity.accounts == accounts, "an entity's number of accounts is wrong");
            ensure!((ACCOUNTS.0..=ACCOUNTS.1).contains(&accounts), "an entity has no account, or too many");
            let homeless = entity.kind == EntityKind::Individual && there == 0;
            ensure!(!homeless, "no account of a person is in the person's country");
        }
        Ok(())
    }

    fn check_caps() -> Result<(), TryRuntimeError> {
        ensure!(Configuration::<T>::get().validate().is_ok(), "the parameters are out of bounds");
        let now = T::Epochs::current();
        for used in Registrars::<T>::iter_values() {
            ensure!(used.epoch <= now, "a registrar revoked in the future");
            // Not the present cap, which may have been lowered since.
            ensure!(used.count <= REVOCATIONS.1, "a registrar revoked more than any cap permits");
        }
        Ok(())
    }

    fn check_countries() -> Result<(), TryRuntimeError> {
        for record in Attestations::<T>::iter_values() {
            ensure!(record.attestation.country.is_well_formed(), "an attestation names a malformed country");
        }
        let from = Self::biting_epoch();
        for (country, bites) in Prohibitions::<T>::iter() {
            ensure!(country.is_well_formed(), "a malformed country is prohibited");
            ensure!(bites <= from, "a prohibition bites later than one decided now");
        }
        Ok(())
    }
}
