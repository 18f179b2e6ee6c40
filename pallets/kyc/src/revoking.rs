//! Taking away: accounts by registrars within their cap, accounts, entities and countries by governance.

use crate::{
    Attestations, Config, Configuration, Entities, Error, Pallet, Prohibitions, Record, Registrars, Revocations,
};
use frame_support::{ensure, traits::Get};
use ratio1_primitives::{
    kyc::{Country, EntityId},
    traits::{EpochInspect, IsOracle},
    EpochIndex,
};

/// What a revocation leaves behind, once it was checked.
pub(crate) struct Revocation<AccountId> {
    /// The account's record, revoked.
    record: Record<AccountId>,
    /// The first epoch without standing.
    pub stops: EpochIndex,
    /// What the registrar has used then of its revocations.
    used: Option<Revocations>,
}

impl<T: Config> Pallet<T> {
    /// The first epoch in which what is decided now ends standing: never the running one.
    pub(crate) fn biting_epoch() -> EpochIndex {
        T::Epochs::current().plus(T::RevocationDelay::get().max(1))
    }

    /// What the registrar `by` has used of its revocations with one more in the running epoch `now`.
    pub(crate) fn one_more(by: &T::AccountId, now: EpochIndex) -> Result<Revocations, Error<T>> {
        let used = Registrars::<T>::get(by).ok_or(Error::<T>::NotRegistrar)?.used(now);
        ensure!(used < Configuration::<T>::get().revocations_per_epoch, Error::<T>::RevocationCapReached);
        Ok(Revocations { epoch: now, count: used.saturating_add(1) })
    }

    /// Whether `by` may revoke the attestation of `who` now. What a registrar revoked, governance, for `None`, may
    /// revoke once more.
    pub(crate) fn check_revoke(
        by: Option<&T::AccountId>,
        who: &T::AccountId,
    ) -> Result<Revocation<T::AccountId>, Error<T>> {
        if let Some(by) = by {
            ensure!(Registrars::<T>::contains_key(by), Error::<T>::NotRegistrar);
        }
        let old = Attestations::<T>::get(who).ok_or(Error::<T>::NotAttested)?;
        let used = match by {
            Some(by) => {
                ensure!(old.by.as_ref() == Some(by), Error::<T>::NotAttestor);
                ensure!(old.stops.is_none(), Error::<T>::AlreadyRevoked);
                ensure!(!T::Oracles::is_oracle(who), Error::<T>::OwnsOracle);
                Some(Self::one_more(by, T::Epochs::current())?)
            }
            None => {
                ensure!(old.stops.is_none() || old.by.is_some(), Error::<T>::AlreadyRevoked);
                None
            }
        };
        // An earlier end stands: a second revocation never gives standing back.
        let stops = old.stops.unwrap_or_else(Self::biting_epoch);
        Ok(Revocation { record: Record { by: by.cloned(), stops: Some(stops), ..old }, stops, used })
    }

    /// Store a revocation that was checked.
    pub(crate) fn end_record(who: &T::AccountId, by: Option<&T::AccountId>, revocation: Revocation<T::AccountId>) {
        if let (Some(by), Some(used)) = (by, revocation.used) {
            Registrars::<T>::insert(by, used);
        }
        Attestations::<T>::insert(who, revocation.record);
    }

    /// Revoke an entity. Returns the first epoch in which its accounts are not in good standing.
    pub(crate) fn end_entity(id: EntityId) -> Result<EpochIndex, Error<T>> {
        Entities::<T>::try_mutate(id, |entity| {
            let entity = entity.as_mut().ok_or(Error::<T>::NoSuchEntity)?;
            ensure!(entity.stops.is_none(), Error::<T>::EntityAlreadyRevoked);
            Ok(*entity.stops.insert(Self::biting_epoch()))
        })
    }

    /// Take an entity's revocation back.
    pub(crate) fn reopen_entity(id: EntityId) -> Result<(), Error<T>> {
        Entities::<T>::try_mutate(id, |entity| {
            let entity = entity.as_mut().ok_or(Error::<T>::NoSuchEntity)?;
            ensure!(entity.stops.take().is_some(), Error::<T>::EntityNotRevoked);
            Ok(())
        })
    }

    /// Prohibit `country`: its accounts are not in good standing from the epoch `from` on.
    pub(crate) fn list_country(country: Country, from: EpochIndex) -> Result<(), Error<T>> {
        ensure!(country.is_well_formed(), Error::<T>::MalformedCountry);
        ensure!(!Prohibitions::<T>::contains_key(country), Error::<T>::AlreadyProhibited);
        Prohibitions::<T>::insert(country, from);
        Ok(())
    }

    /// Permit `country` again.
    pub(crate) fn unlist_country(country: Country) -> Result<(), Error<T>> {
        ensure!(Prohibitions::<T>::take(country).is_some(), Error::<T>::NotProhibited);
        Ok(())
    }
}
