//! Into the set and out of it: keys, admission, removal.

use crate::{
    Config, Error, Event, KeyProof, KeysChanged, LastRegistered, Minimum, OracleRecord, OracleSet, Oracles, Pallet,
    Removal, RemovalReason, Removed, RemovedLicenses, SessionInspect,
};
use codec::Encode;
use frame_support::{dispatch::DispatchResult, ensure};
use ratio1_primitives::{
    kyc::EntityId,
    traits::{EpochInspect, JobSlots, KycInspect, LicenseInspect},
    width::as_usize,
    LicenseId,
};
use sp_runtime::traits::OpaqueKeys;

ratio1_pallet_support::impl_from_kyc_refusal!(Error);

impl<T: Config> Pallet<T> {
    /// Everything that can refuse `register_keys`, the signatures last. Shared by the call, its feeless condition and
    /// the view function.
    pub(crate) fn check_register_keys(
        who: &T::AccountId,
        license: LicenseId,
        keys: &T::Keys,
        proof: &KeyProof,
    ) -> Result<(), Error<T>> {
        let owner = Self::check_license(license)?;
        ensure!(owner == *who, Error::<T>::NotOwner);
        Self::check_owner(who)?;
        // ADR 0012: at any time otherwise, also in the block of an equivocation.
        ensure!(LastRegistered::<T>::get(who) != Some(T::Epochs::current()), Error::<T>::RegisteredThisEpoch);
        ensure!(T::Session::registered(who).as_ref() != Some(keys), Error::<T>::SameKeys);
        let free = |id| T::Session::key_owner(id, keys.get_raw(id)).is_none_or(|owner| owner == *who);
        ensure!(T::Keys::key_ids().iter().all(|id| free(*id)), Error::<T>::KeysInUse);
        ensure!(keys.ownership_proof_is_valid(&who.encode(), proof), Error::<T>::InvalidProof);
        Ok(())
    }

    /// `who` registered keys for `license`.
    pub(crate) fn note_registered(who: T::AccountId, license: LicenseId) {
        LastRegistered::<T>::insert(&who, T::Epochs::current());
        if Oracles::<T>::get().iter().any(|record| record.oracle == who) {
            KeysChanged::<T>::put(true);
        }
        Self::deposit_event(Event::KeysRegistered { who, license });
    }

    /// The license's owner, if it may be an oracle's license: known, not banned, linked, never removed.
    fn check_license(license: LicenseId) -> Result<T::AccountId, Error<T>> {
        let deed = T::Licenses::license(license).ok_or(Error::<T>::UnknownLicense)?;
        let owner = T::Licenses::owner(license).ok_or(Error::<T>::UnknownLicense)?;
        ensure!(!deed.banned, Error::<T>::LicenseBanned);
        ensure!(deed.link.is_some(), Error::<T>::NotLinked);
        ensure!(!RemovedLicenses::<T>::contains_key(license), Error::<T>::RemovedForGood);
        Ok(owner)
    }

    /// Who `owner` is, if it may run an oracle: never removed, attested now.
    fn check_owner(owner: &T::AccountId) -> Result<EntityId, Error<T>> {
        ensure!(!Removed::<T>::contains_key(owner), Error::<T>::RemovedForGood);
        Ok(T::Kyc::admits(owner)?.entity)
    }

    /// The record of `license` as one more oracle beside `others`, session keys aside.
    fn check_candidate(
        license: LicenseId,
        others: &OracleSet<T::AccountId>,
    ) -> Result<OracleRecord<T::AccountId>, Error<T>> {
        let oracle = Self::check_license(license)?;
        let is_oracle = others.iter().any(|other| other.license == license || other.oracle == oracle);
        ensure!(!is_oracle, Error::<T>::AlreadyOracle);
        let entity = Self::check_owner(&oracle)?;
        ensure!(others.iter().all(|other| other.entity != entity), Error::<T>::EntityRunsOracle);
        ensure!(others.len() < OracleSet::<T::AccountId>::bound(), Error::<T>::SetFull);
        // ADR 0005: the validator is the account that owns the deed.
        Ok(OracleRecord { oracle, license, entity, since: T::Session::current_index() })
    }

    /// Everything that can refuse `admit`; the record to be added.
    ///
    /// Only admitted oracles count for the entity, not removed ones that still serve: those are gone when the
    /// candidate becomes active.
    pub(crate) fn check_admit(license: LicenseId) -> Result<OracleRecord<T::AccountId>, Error<T>> {
        let record = Self::check_candidate(license, &Oracles::<T>::get())?;
        ensure!(T::Session::registered(&record.oracle).is_some(), Error::<T>::KeysNotRegistered);
        ensure!(T::JobSlots::slots(license) == 0, Error::<T>::HasSlots);
        Ok(record)
    }

    /// Add a checked record.
    pub(crate) fn do_admit(record: OracleRecord<T::AccountId>) -> DispatchResult {
        let OracleRecord { oracle, license, since, .. } = record.clone();
        Oracles::<T>::try_append(record).map_err(|()| Error::<T>::SetFull)?;
        Self::deposit_event(Event::OracleAdmitted { oracle, license, since });
        Ok(())
    }

    /// Whether the set may lose an oracle. It never loses the last, whatever the minimum.
    fn is_above_minimum(size: usize) -> bool {
        size > as_usize(Minimum::<T>::get().max(1))
    }

    /// Take the oracle with `license` out of the set, for good.
    pub(crate) fn do_remove(license: LicenseId, reason: RemovalReason) -> DispatchResult {
        let record = Oracles::<T>::try_mutate(|oracles| {
            let index = oracles.iter().position(|r| r.license == license).ok_or(Error::<T>::NotOracle)?;
            ensure!(Self::is_above_minimum(oracles.len()), Error::<T>::AtMinimum);
            Ok::<_, Error<T>>(oracles.remove(index))
        })?;
        let removal = Removal { license, reason, epoch: T::Epochs::current(), session: T::Session::current_index() };
        Removed::<T>::insert(&record.oracle, removal);
        RemovedLicenses::<T>::insert(license, &record.oracle);
        Self::deposit_event(Event::OracleRemoved { oracle: record.oracle, license, reason });
        Ok(())
    }

    /// The set a chain starts with. Panics on a preset that contradicts itself: such a chain must not start.
    pub(crate) fn build_genesis(oracles: &[(T::AccountId, u32)], minimum: u32) {
        let mut set = OracleSet::<T::AccountId>::default();
        for (owner, license) in oracles {
            let record = Self::check_candidate(LicenseId(*license), &set)
                .unwrap_or_else(|error| panic!("genesis oracle with license {license}: {error:?}"));
            assert!(record.oracle == *owner, "genesis oracle with license {license}: owned by {:?}", record.oracle);
            assert!(set.try_push(record).is_ok(), "genesis oracle with license {license}: {:?}", Error::<T>::SetFull);
        }
        assert!(
            set.is_empty() && minimum == 0 || (1..=set.len()).contains(&as_usize(minimum)),
            "genesis minimum {minimum} for {} oracles",
            set.len(),
        );
        Oracles::<T>::put(set);
        Minimum::<T>::put(minimum);
    }
}
