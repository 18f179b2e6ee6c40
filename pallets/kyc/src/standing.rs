//! Recording attestations and prohibitions, and what follows from them: admission and standing.

use crate::{
    Attestations, Config, Error, Pallet, Prohibition, Prohibitions, Provided, Record, Registrars, Superseded,
    GRACE_EPOCHS,
};
use frame_support::{
    ensure,
    traits::{EnsureOrigin, Get},
};
use frame_system::ensure_signed;
use ratio1_primitives::{
    kyc::{Attestation, Country},
    refusal::KycRefusal,
    traits::{EpochInspect, IsOracle, KycInspect},
    EpochIndex,
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The first epoch in which what is decided now ends standing: never the running one, let alone an ended one.
    pub(crate) fn biting_epoch() -> EpochIndex {
        T::Epochs::current().plus(T::RevocationDelay::get().max(1))
    }

    /// Who attests or revokes: a registrar, or governance for `None`.
    pub(crate) fn ensure_attestor(origin: T::RuntimeOrigin) -> Result<Option<T::AccountId>, DispatchError> {
        let Err(origin) = T::AdminOrigin::try_origin(origin) else { return Ok(None) };
        let by = ensure_signed(origin)?;
        ensure!(Registrars::<T>::contains_key(&by), Error::<T>::NotRegistrar);
        Ok(Some(by))
    }

    /// Whether `by` may attest `who`: governance anybody; a registrar whom nobody attested, whom it attested itself,
    /// or whose registrar was dismissed.
    pub(crate) fn check_attestor(who: &T::AccountId, by: Option<&T::AccountId>) -> DispatchResult {
        let (Some(by), Some(record)) = (by, Attestations::<T>::get(who)) else { return Ok(()) };
        match record.by {
            Some(other) => ensure!(other == *by || !Registrars::<T>::contains_key(other), Error::<T>::NotAttestor),
            None if record.stops.is_some() => return Err(Error::<T>::RevokedByGovernance.into()),
            None => return Err(Error::<T>::NotAttestor.into()),
        }
        Ok(())
    }

    /// Revoke the record of `who` from the epoch `stops` on, after which only governance can attest `who` if it was
    /// governance, `by == None`, who revoked it. What a registrar revoked, governance may revoke once more.
    /// Returns the first epoch without standing.
    pub(crate) fn end_record(
        who: &T::AccountId,
        by: Option<&T::AccountId>,
        stops: EpochIndex,
    ) -> Result<EpochIndex, DispatchError> {
        Attestations::<T>::try_mutate(who, |record| {
            let record = record.as_mut().ok_or(Error::<T>::NotAttested)?;
            match by {
                Some(by) => {
                    ensure!(record.by.as_ref() == Some(by), Error::<T>::NotAttestor);
                    ensure!(record.stops.is_none(), Error::<T>::AlreadyRevoked);
                    ensure!(!T::Oracles::is_oracle(who), Error::<T>::OwnsOracle);
                }
                None => ensure!(record.stops.is_none() || record.by.is_some(), Error::<T>::AlreadyRevoked),
            }
            record.by = by.cloned();
            // An earlier end stands: it may have decided epochs that ended.
            Ok(*record.stops.get_or_insert(stops))
        })
    }

    /// Whether `who` may be attested so in the running epoch `now`.
    pub(crate) fn check_attestation(who: &T::AccountId, new: &Attestation, now: EpochIndex) -> DispatchResult {
        ensure!(new.country.is_well_formed(), Error::<T>::MalformedCountry);
        ensure!(new.expires > now, Error::<T>::ExpiryPassed);
        ensure!(!Self::is_listed(new.country), Error::<T>::CountryIsProhibited);
        let same_entity = Attestations::<T>::get(who).is_none_or(|old| old.attestation.entity == new.entity);
        ensure!(same_entity, Error::<T>::EntityChanged);
        Ok(())
    }

    /// Store an attestation that was checked. One that already answers for an ended epoch is kept beside it.
    pub(crate) fn record(who: &T::AccountId, attestation: Attestation, by: Option<T::AccountId>, now: EpochIndex) {
        let before = match Attestations::<T>::get(who) {
            Some(old) if old.since < now => {
                let since = old.since;
                Superseded::<T>::insert(who, since, old);
                Some(since)
            }
            Some(old) => old.before,
            None => None,
        };
        Attestations::<T>::insert(who, Record { attestation, by, since: now, stops: None, before });
        Self::provide(who);
    }

    /// Give `who` a provider reference unless this pallet ever did.
    pub(crate) fn provide(who: &T::AccountId) {
        if !Provided::<T>::contains_key(who) {
            Provided::<T>::insert(who, ());
            frame_system::Pallet::<T>::inc_providers(who);
        }
    }

    /// The record of `who` that answers for `epoch`. Reads at most one record for each epoch that has passed since.
    fn record_at(who: &T::AccountId, epoch: EpochIndex) -> Option<Record<T::AccountId>> {
        let mut record = Attestations::<T>::get(who)?;
        while record.since > epoch {
            record = Superseded::<T>::get(who, record.before?)?;
        }
        Some(record)
    }

    /// Whether `country` is on the prohibited list now, biting already or not yet.
    fn is_listed(country: Country) -> bool {
        Prohibitions::<T>::get(country).last().is_some_and(|p| p.until.is_none())
    }

    /// Prohibit `country` from the epoch `from` on.
    pub(crate) fn list_country(country: Country, from: EpochIndex) -> DispatchResult {
        Prohibitions::<T>::try_mutate(country, |spans| {
            ensure!(spans.last().is_none_or(|p| p.until.is_some()), Error::<T>::AlreadyProhibited);
            let span = Prohibition { from, until: None };
            spans.try_push(span).map_err(|_| Error::<T>::TooManyProhibitions.into())
        })
    }

    /// Permit `country` from the running epoch on.
    pub(crate) fn unlist_country(country: Country) -> DispatchResult {
        let now = T::Epochs::current();
        Prohibitions::<T>::try_mutate_exists(country, |entry| {
            let spans = entry.as_mut().ok_or(Error::<T>::NotProhibited)?;
            let last = spans.last_mut().filter(|p| p.until.is_none()).ok_or(Error::<T>::NotProhibited)?;
            if last.from < now {
                last.until = Some(now);
            } else {
                // It decided no ended epoch: forget it.
                spans.pop();
            }
            if spans.is_empty() {
                *entry = None;
            }
            Ok(())
        })
    }
}

impl<T: Config> KycInspect<T::AccountId> for Pallet<T> {
    fn admits(who: &T::AccountId) -> Result<Attestation, KycRefusal> {
        let record = Attestations::<T>::get(who).ok_or(KycRefusal::NotAttested)?;
        let attestation = record.attestation;
        ensure!(record.stops.is_none(), KycRefusal::Revoked);
        ensure!(T::Epochs::current() < attestation.expires, KycRefusal::Expired(attestation.expires));
        ensure!(!Self::is_listed(attestation.country), KycRefusal::CountryProhibited);
        Ok(attestation)
    }

    fn standing(who: &T::AccountId, epoch: EpochIndex) -> Result<Attestation, KycRefusal> {
        let record = Self::record_at(who, epoch).ok_or(KycRefusal::NotAttested)?;
        let attestation = record.attestation;
        ensure!(record.stops.is_none_or(|stops| epoch < stops), KycRefusal::Revoked);
        ensure!(epoch < attestation.expires.plus(GRACE_EPOCHS), KycRefusal::Expired(attestation.expires));
        let prohibited = Prohibitions::<T>::get(attestation.country).iter().any(|p| p.bites(epoch));
        ensure!(!prohibited, KycRefusal::CountryProhibited);
        Ok(attestation)
    }
}
