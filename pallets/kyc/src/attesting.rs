//! Attesting accounts: who may, what an entity's accounts have in common, and what is stored.

use crate::{
    Attestations, Config, Configuration, Entities, Entity, Error, Pallet, Prohibitions, Provided, Record, Registrars,
    Revocations,
};
use frame_support::{ensure, traits::EnsureOrigin};
use frame_system::ensure_signed;
use ratio1_primitives::{
    kyc::{Attestation, EntityKind},
    traits::IsOracle,
    EpochIndex,
};
use sp_runtime::DispatchError;

/// What an attestation changes besides the account's record, once it was checked.
pub(crate) struct Change {
    /// The entity with this attestation.
    entity: Entity,
    /// What the registrar has used then of its revocations, if the attestation counts as one.
    used: Option<Revocations>,
}

impl<T: Config> Pallet<T> {
    /// Who attests or revokes: a registrar, or governance for `None`.
    pub(crate) fn ensure_attestor(origin: T::RuntimeOrigin) -> Result<Option<T::AccountId>, DispatchError> {
        let Err(origin) = T::AdminOrigin::try_origin(origin) else { return Ok(None) };
        Ok(Some(ensure_signed(origin)?))
    }

    /// Whether `by` may attest `who` so in the running epoch `now`, and what that changes.
    pub(crate) fn check_attest(
        by: Option<&T::AccountId>,
        who: &T::AccountId,
        new: &Attestation,
        now: EpochIndex,
    ) -> Result<Change, Error<T>> {
        let old = Attestations::<T>::get(who);
        if let Some(by) = by {
            Self::check_attestor(by, old.as_ref())?;
        }
        ensure!(new.country.is_well_formed(), Error::<T>::MalformedCountry);
        ensure!(new.expires > now, Error::<T>::ExpiryPassed);
        ensure!(!Prohibitions::<T>::contains_key(new.country), Error::<T>::CountryIsProhibited);
        let entity = Self::entity_with(old.as_ref(), new)?;
        let shortened = old.is_some_and(|old| old.stops.is_none() && new.expires < old.attestation.expires);
        let used = match by {
            // Otherwise a registrar could revoke, a little later, by letting an attestation expire.
            Some(by) if shortened => {
                ensure!(!T::Oracles::is_oracle(who), Error::<T>::OwnsOracle);
                Some(Self::one_more(by, now)?)
            }
            _ => None,
        };
        Ok(Change { entity, used })
    }

    /// Whether the registrar `by` may replace `old`: there is none, it attested itself, or the registrar who did was
    /// dismissed.
    fn check_attestor(by: &T::AccountId, old: Option<&Record<T::AccountId>>) -> Result<(), Error<T>> {
        ensure!(Registrars::<T>::contains_key(by), Error::<T>::NotRegistrar);
        let Some(old) = old else { return Ok(()) };
        match &old.by {
            Some(other) => ensure!(other == by || !Registrars::<T>::contains_key(other), Error::<T>::NotAttestor),
            None if old.stops.is_some() => return Err(Error::<T>::RevokedByGovernance),
            None => return Err(Error::<T>::NotAttestor),
        }
        Ok(())
    }

    /// The entity as it is when `new` replaces `old`, or is the first attestation of an account.
    fn entity_with(old: Option<&Record<T::AccountId>>, new: &Attestation) -> Result<Entity, Error<T>> {
        ensure!(old.is_none_or(|old| old.attestation.entity == new.entity), Error::<T>::EntityChanged);
        let (kind, country) = (new.kind, new.country);
        let Some(entity) = Entities::<T>::get(new.entity) else {
            return Ok(Entity { kind, country, accounts: 1, stops: None });
        };
        ensure!(entity.stops.is_none(), Error::<T>::EntityIsRevoked);
        if old.is_some() {
            // There is nothing to agree with in the renewal of the only account.
            ensure!(entity.kind == kind || entity.accounts == 1, Error::<T>::EntityKindMismatch);
            return Ok(Entity { kind, country, ..entity });
        }
        ensure!(entity.kind == kind, Error::<T>::EntityKindMismatch);
        let elsewhere = kind == EntityKind::Individual && entity.country != country;
        ensure!(!elsewhere, Error::<T>::EntityCountryMismatch);
        let most = Configuration::<T>::get().accounts_per_entity;
        ensure!(entity.accounts < most, Error::<T>::TooManyAccounts);
        Ok(Entity { kind, country, accounts: entity.accounts.saturating_add(1), ..entity })
    }

    /// Store an attestation that was checked.
    pub(crate) fn record(who: &T::AccountId, attestation: Attestation, by: Option<&T::AccountId>, change: Change) {
        if let (Some(by), Some(used)) = (by, change.used) {
            Registrars::<T>::insert(by, used);
        }
        Entities::<T>::insert(attestation.entity, change.entity);
        Attestations::<T>::insert(who, Record { attestation, by: by.cloned(), stops: None });
        Self::provide(who);
    }

    /// Give `who` a provider reference unless this pallet ever did.
    pub(crate) fn provide(who: &T::AccountId) {
        if !Provided::<T>::contains_key(who) {
            Provided::<T>::insert(who, ());
            frame_system::Pallet::<T>::inc_providers(who);
        }
    }
}
