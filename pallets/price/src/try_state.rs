//! The invariants of the module page, checked on storage.

use crate::{pallet::*, types::*};
use frame_support::ensure;
use ratio1_primitives::{
    economics::price::{is_sane, range_after},
    traits::EpochInspect,
};
use sp_runtime::TryRuntimeError;

type Check = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Check {
        let Some(Rates { last, before }) = Posted::<T>::get() else {
            ensure!(Newest::<T>::get().is_none(), "a median was posted and there is no rate");
            return Ok(());
        };
        Self::check_rate(&last)?;
        if last.source == Source::Oracles {
            ensure!(Newest::<T>::get() == Some(last.epoch), "the last rate is not of the newest median");
        }
        let Some(before) = before else { return Ok(()) };
        Self::check_rate(&before)?;
        ensure!(before.posted <= last.posted, "the last two rates are out of order");
        let (low, high) = range_after(before.price);
        ensure!(low <= last.price && last.price <= high, "the last two rates are more than a step apart");
        Ok(())
    }

    fn check_rate(rate: &Rate) -> Check {
        ensure!(is_sane(rate.price), "a rate is out of bounds");
        ensure!(rate.epoch <= rate.posted, "a rate speaks of an epoch after its posting");
        ensure!(rate.posted <= T::Epochs::current(), "a rate was posted in the future");
        match rate.source {
            Source::Oracles => ensure!(Newest::<T>::get() >= Some(rate.epoch), "a median newer than the newest"),
            Source::Administered => ensure!(rate.epoch == rate.posted, "an administered rate speaks of another epoch"),
        }
        Ok(())
    }
}
