//! The invariants of the module page, checked on storage.

use crate::{Config, Configuration, LastHalt, MinimumDelay, NextId, Pallet, Pauses, Pending, MAX_PENDING};
use frame_support::{ensure, traits::QueryPreimage};
use sp_runtime::{traits::Saturating, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let valid = Configuration::<T>::get().validate(MinimumDelay::<T>::get());
        ensure!(valid.is_ok(), "the parameters are out of bounds");
        Self::check_pending()?;
        Self::check_stopped()
    }

    fn check_pending() -> Result<(), TryRuntimeError> {
        ensure!(Pending::<T>::count() <= MAX_PENDING, "more is pending than can be");
        for (id, enactment) in Pending::<T>::iter() {
            ensure!(id < NextId::<T>::get(), "an id that was not given out");
            let earliest = enactment.decided.saturating_add(MinimumDelay::<T>::get().into());
            ensure!(enactment.at >= earliest, "an enactment comes before the minimum delay is over");
            if let Some(hash) = enactment.call.lookup_hash() {
                ensure!(T::Preimages::is_requested(&hash), "the preimage of an enactment can be withdrawn");
            }
        }
        Ok(())
    }

    fn check_stopped() -> Result<(), TryRuntimeError> {
        let now = frame_system::Pallet::<T>::block_number();
        let pauses = Pauses::<T>::get();
        for (i, pause) in pauses.iter().enumerate() {
            ensure!(pause.span.since <= pause.span.until, "a pause ends before it begins");
            ensure!(pause.over == (pause.span.until <= now), "a pause outlasts its end, or ended before it");
            ensure!(pauses.iter().skip(i.saturating_add(1)).all(|p| p.call != pause.call), "a call is listed twice");
        }
        if let Some(halt) = LastHalt::<T>::get() {
            ensure!(halt.since <= halt.until, "a halt ends before it begins");
        }
        Ok(())
    }
}
