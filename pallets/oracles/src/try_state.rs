//! The invariants (docs/protocol/invariants.md#6-the-oracle-set).

use crate::{
    Config, Marked, Minimum, OracleRecord, Oracles, Pallet, Queued, Removed, RemovedLicenses, SessionInspect, Voters,
};
use alloc::{collections::BTreeSet, vec::Vec};
use frame_support::ensure;
use pallet_session::SessionInterface;
use ratio1_primitives::{
    apbft,
    keys::VOTE_KEY_TYPE,
    traits::LicenseInspect,
    width::{as_u32, as_usize},
};
use sp_runtime::{traits::OpaqueKeys, TryRuntimeError};
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
    /// Check what must hold between blocks; see the module's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        Self::try_admitted()?;
        Self::try_mirrors()?;
        Self::try_agreement()?;
        Self::try_marks()
    }

    fn try_admitted() -> Result<(), TryRuntimeError> {
        let oracles = Oracles::<T>::get();
        ensure!(oracles.len() >= as_usize(Minimum::<T>::get()), "fewer oracles than the minimum");
        let mut entities = BTreeSet::new();
        let mut accounts: Vec<T::AccountId> = Vec::new();
        for OracleRecord { oracle, license, entity, .. } in oracles {
            let deed = T::Licenses::license(license).ok_or("the license of an oracle does not exist")?;
            ensure!(deed.link.is_some(), "the license of an oracle is not linked");
            ensure!(!deed.banned, "the license of an oracle is banned");
            ensure!(T::Licenses::owner(license).as_ref() == Some(&oracle), "an oracle does not own its license");
            ensure!(entities.insert(entity), "an entity runs two oracles");
            ensure!(!accounts.contains(&oracle), "an account is two oracles");
            ensure!(T::Session::registered(&oracle).is_some(), "an oracle has no session keys");
            ensure!(!Removed::<T>::contains_key(&oracle), "an oracle was removed");
            ensure!(!RemovedLicenses::<T>::contains_key(license), "the license of an oracle was removed");
            accounts.push(oracle);
        }
        Ok(())
    }

    /// Our sets are those of the session pallet.
    fn try_mirrors() -> Result<(), TryRuntimeError> {
        let voters: Vec<_> = Voters::<T>::get().into_iter().map(|seat| seat.oracle).collect();
        ensure!(voters == T::Session::validators(), "the voters are not the validators");
        let ours: Vec<_> = Queued::<T>::get().into_iter().map(|record| record.oracle).collect();
        let theirs = T::Session::queued();
        ensure!(theirs.iter().all(|(_, keys)| !keys.get_raw(VOTE_KEY_TYPE).is_empty()), "a validator has no vote key");
        ensure!(ours == theirs.into_iter().map(|(who, _)| who).collect::<Vec<_>>(), "the queued sets differ");
        Ok(())
    }

    /// The sets differ only by what happened since they were planned.
    fn try_agreement() -> Result<(), TryRuntimeError> {
        let now = T::Session::current_index();
        let removed_in = |who: &T::AccountId, session: Option<SessionIndex>| {
            Removed::<T>::get(who).is_some_and(|removal| Some(removal.session) == session)
        };
        let (oracles, queued, voters) = (Oracles::<T>::get(), Queued::<T>::get(), Voters::<T>::get());
        let is_admitted = |who: &T::AccountId| oracles.iter().any(|record| record.oracle == *who);
        let is_queued = |who: &T::AccountId| queued.iter().any(|record| record.oracle == *who);
        let is_active = |who: &T::AccountId| voters.iter().any(|seat| seat.oracle == *who);
        for record in &oracles {
            ensure!(is_queued(&record.oracle) || record.since == now, "an oracle admitted earlier is not queued");
        }
        for record in &queued {
            let who = &record.oracle;
            ensure!(is_admitted(who) || removed_in(who, Some(now)), "queued, but not admitted when it was planned");
            ensure!(is_active(who) || record.since.checked_add(1) == Some(now), "queued before, but not active");
        }
        for seat in &voters {
            let who = &seat.oracle;
            ensure!(is_queued(who) || removed_in(who, now.checked_sub(1)), "active, but removed long ago");
        }
        Ok(())
    }

    fn try_marks() -> Result<(), TryRuntimeError> {
        let validators = T::Session::validators();
        let disabled = validators.iter().filter(|who| T::Session::is_disabled(who)).count();
        let limit = as_usize(apbft::faults(as_u32(validators.len())));
        ensure!(disabled <= limit, "more disabled than the Byzantine limit");
        for mark in Marked::<T>::get() {
            let who = &mark.oracle;
            ensure!(Self::admitted().contains(who) || Self::is_serving(who), "a mark outlives its oracle");
            let at_work = validators.contains(who) && !T::Session::is_disabled(who);
            ensure!(!at_work || disabled == limit, "an offender is at work below the limit");
        }
        Ok(())
    }
}
