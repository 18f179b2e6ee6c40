//! Session after session: which set serves, with which keys.

use crate::{Config, KeysChanged, Marked, OracleRecord, OracleSet, Oracles, Pallet, Queued, SessionInspect, Voters};
use alloc::vec::Vec;
use frame_support::{
    defensive,
    traits::{Get, OneSessionHandler},
    BoundedVec,
};
use pallet_session::{historical, SessionInterface, SessionManager};
use ratio1_primitives::{
    ballot::Seat,
    traits::{IsOracle, OracleInspect},
    LicenseId, VoteId,
};
use sp_runtime::BoundToRuntimeAppPublic;
use sp_staking::SessionIndex;

impl<T: Config> Pallet<T> {
    /// The accounts of the admitted set, in validator order.
    pub(crate) fn admitted() -> Vec<T::AccountId> {
        Oracles::<T>::get().into_iter().map(|record| record.oracle).collect()
    }

    /// What the session pallet is to plan, `None` to go on with the set that has just started. See the module's
    /// documentation for why a rotation of keys counts as a change.
    fn plan() -> Option<Vec<T::AccountId>> {
        let admitted = Self::admitted();
        let rotated = KeysChanged::<T>::take();
        // Consensus cannot go on without authorities; the set is never empty on a chain that was given oracles.
        let changed = !admitted.is_empty() && (rotated || admitted != T::Session::validators());
        changed.then_some(admitted)
    }

    /// Remember the active and the queued set with the licenses they stand for. `records` holds those of the active.
    fn note_sets<'a>(
        records: &OracleSet<T::AccountId>,
        active: impl Iterator<Item = (&'a T::AccountId, VoteId)>,
        queued: impl Iterator<Item = (&'a T::AccountId, VoteId)>,
    ) where
        T::AccountId: 'a,
    {
        let admitted = Oracles::<T>::get();
        let voters: Vec<_> = active
            .filter_map(|(who, vote_key)| {
                let OracleRecord { oracle, license, .. } = find(records, who).or_else(|| find(&admitted, who))?;
                Some(Seat { oracle, license, vote_key })
            })
            .collect();
        let queued: Vec<_> = queued.filter_map(|(who, _)| find(&admitted, who)).collect();
        Marked::<T>::mutate(|marks| {
            marks.retain(|mark| {
                let who = &mark.oracle;
                find(&admitted, who).is_some()
                    || voters.iter().any(|seat| seat.oracle == *who)
                    || queued.iter().any(|record| record.oracle == *who)
            })
        });
        // Both are drawn from sets of the same bound, without repetition.
        Voters::<T>::put(BoundedVec::truncate_from(voters));
        Queued::<T>::put(BoundedVec::truncate_from(queued));
    }

    /// Whether `who` is in the active or the queued set.
    pub(crate) fn is_serving(who: &T::AccountId) -> bool {
        Voters::<T>::get().iter().any(|seat| seat.oracle == *who) || find(&Queued::<T>::get(), who).is_some()
    }
}

fn find<AccountId: PartialEq + Clone>(set: &OracleSet<AccountId>, who: &AccountId) -> Option<OracleRecord<AccountId>> {
    set.iter().find(|record| record.oracle == *who).cloned()
}

impl<T: Config> SessionManager<T::AccountId> for Pallet<T> {
    fn new_session(_: SessionIndex) -> Option<Vec<T::AccountId>> {
        Self::plan()
    }

    fn new_session_genesis(_: SessionIndex) -> Option<Vec<T::AccountId>> {
        Some(Self::admitted())
    }

    fn start_session(index: SessionIndex) {
        Self::disable_marked();
        // Not before there is something to prune: the historical pallet tells of each pruning in an event.
        if let Some(up_to) = index.checked_sub(T::HistoryDepth::get()).filter(|up_to| *up_to > 0) {
            T::Session::prune_up_to(up_to);
        }
    }

    fn end_session(_: SessionIndex) {}
}

impl<T: Config> historical::SessionManager<T::AccountId, ()> for Pallet<T> {
    fn new_session(index: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        let set = <Self as SessionManager<_>>::new_session(index)?;
        Some(set.into_iter().map(|who| (who, ())).collect())
    }

    fn new_session_genesis(index: SessionIndex) -> Option<Vec<(T::AccountId, ())>> {
        let set = <Self as SessionManager<_>>::new_session_genesis(index)?;
        Some(set.into_iter().map(|who| (who, ())).collect())
    }

    fn start_session(index: SessionIndex) {
        <Self as SessionManager<_>>::start_session(index)
    }

    fn end_session(index: SessionIndex) {
        <Self as SessionManager<_>>::end_session(index)
    }
}

impl<T: Config> BoundToRuntimeAppPublic for Pallet<T> {
    type Public = VoteId;
}

impl<T: Config> OneSessionHandler<T::AccountId> for Pallet<T> {
    type Key = VoteId;

    /// Panics on a genesis oracle without session keys: such a chain must not start.
    fn on_genesis_session<'a, I>(validators: I)
    where
        I: Iterator<Item = (&'a T::AccountId, VoteId)> + 'a,
        T::AccountId: 'a,
    {
        let validators: Vec<_> = validators.collect();
        let admitted = Oracles::<T>::get();
        assert_eq!(validators.len(), admitted.len(), "every genesis oracle needs session keys");
        Self::note_sets(&admitted, validators.iter().cloned(), validators.iter().cloned());
    }

    fn on_new_session<'a, I>(_: bool, validators: I, queued: I)
    where
        I: Iterator<Item = (&'a T::AccountId, VoteId)> + 'a,
        T::AccountId: 'a,
    {
        // What was queued is what now starts.
        Self::note_sets(&Queued::<T>::get(), validators, queued);
        if Voters::<T>::decode_len() != Some(T::Session::validators().len()) {
            defensive!("a validator is no oracle");
        }
    }

    // Who is disabled is asked of the session pallet when it matters.
    fn on_disabled(_: u32) {}
}

impl<T: Config> IsOracle<T::AccountId> for Pallet<T> {
    fn is_oracle(who: &T::AccountId) -> bool {
        find(&Oracles::<T>::get(), who).is_some() || Self::is_serving(who)
    }
}

impl<T: Config> OracleInspect<T::AccountId> for Pallet<T> {
    fn active() -> Vec<Seat<T::AccountId>> {
        Voters::<T>::get().into_inner()
    }

    fn is_barred(oracle: &T::AccountId) -> bool {
        find(&Oracles::<T>::get(), oracle).is_none() || T::Session::is_disabled(oracle)
    }

    fn is_bound(license: LicenseId) -> bool {
        Oracles::<T>::get().iter().any(|record| record.license == license)
            || Queued::<T>::get().iter().any(|record| record.license == license)
            || Voters::<T>::get().iter().any(|seat| seat.license == license)
    }
}
