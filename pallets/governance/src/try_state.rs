//! The invariants of the module page, checked on storage.

use crate::{
    pallet::InstantOf, Config, Configuration, LastHalt, MinimumDelay, Motions, NextId, Pallet, Pauses, Pending, Timers,
    MAX_MOTIONS, MAX_PENDING,
};
use frame_support::{
    ensure,
    traits::{QueryPreimage, SafeMode},
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let valid = Configuration::<T>::get().validate(MinimumDelay::<T>::get());
        ensure!(valid.is_ok(), "the parameters are out of bounds");
        Self::check_pending()?;
        Self::check_motions()?;
        Self::check_stopped()
    }

    fn check_pending() -> Result<(), TryRuntimeError> {
        ensure!(Pending::<T>::count() <= MAX_PENDING, "more is pending than can be");
        for (id, enactment) in Pending::<T>::iter() {
            ensure!(id < NextId::<T>::get(), "an id that was not given out");
            let earliest = enactment.decided.after(MinimumDelay::<T>::get());
            ensure!(earliest.has_come(&enactment.due), "an enactment comes before the minimum delay is over");
            if let Some(hash) = enactment.call.lookup_hash() {
                ensure!(T::Preimages::is_requested(&hash), "the preimage of an enactment can be withdrawn");
            }
        }
        let timers = Timers::<T>::get();
        for (i, timer) in timers.iter().enumerate() {
            let enactment = Pending::<T>::get(timer.id).ok_or("a timer of nothing")?;
            ensure!(enactment.due == timer.due, "a timer rings at another time than its enactment is due");
            ensure!(timers.iter().skip(i.saturating_add(1)).all(|t| t.id != timer.id), "an enactment has two timers");
        }
        let rings = |id| timers.iter().any(|timer| timer.id == id);
        let now = Self::now();
        ensure!(
            Pending::<T>::iter().all(|(id, enactment)| rings(id) || enactment.due.has_come(&now)),
            "an enactment that is not due has no timer"
        );
        Ok(())
    }

    fn check_motions() -> Result<(), TryRuntimeError> {
        let motions = Motions::<T>::get();
        for motion in &motions {
            let own = motions.iter().filter(|other| other.proposer == motion.proposer).count();
            ensure!(u32::try_from(own).is_ok_and(|own| own <= MAX_MOTIONS), "a member has too many motions");
        }
        Ok(())
    }

    fn check_stopped() -> Result<(), TryRuntimeError> {
        let now = Self::now();
        let ordered = |since: &InstantOf<T>, until: &InstantOf<T>| since.ms <= until.ms && since.block <= until.block;
        let pauses = Pauses::<T>::get();
        for (i, pause) in pauses.iter().enumerate() {
            ensure!(ordered(&pause.span.since, &pause.span.until), "a pause ends before it begins");
            ensure!(pause.over == pause.span.until.has_come(&now), "a pause outlasts its end, or ended before it");
            ensure!(pauses.iter().skip(i.saturating_add(1)).all(|p| p.call != pause.call), "a call is listed twice");
        }
        if let Some(halt) = LastHalt::<T>::get() {
            ensure!(ordered(&halt.since, &halt.until), "a halt ends before it begins");
            ensure!(!T::SafeMode::is_entered() || !halt.until.has_come(&now), "a halt outlasts its end");
        }
        Ok(())
    }
}
