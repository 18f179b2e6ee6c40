//! A place for every member's motions.

use crate::{Config, Error, Motions, OpenMotion, Pallet, MAX_MOTIONS};
use frame_support::{ensure, pallet_prelude::DispatchResult};

impl<T: Config> Pallet<T> {
    /// `proposer` moves the last of the `open` motions: refused if it has as many as a member may have. The collective
    /// has places for all that its members may move, so nobody can take another's.
    pub fn take_place(proposer: &T::AccountId, open: &[T::Hash]) -> DispatchResult {
        Motions::<T>::try_mutate(|motions| {
            // What is closed is found out here: the collective tells nobody.
            motions.retain(|motion| open.contains(&motion.hash));
            let own = motions.iter().filter(|motion| motion.proposer == *proposer).count();
            // ADR 0027: two places are each member's own.
            ensure!(u32::try_from(own).is_ok_and(|own| own < MAX_MOTIONS), Error::<T>::TooManyMotions);
            let Some(hash) = open.last().copied() else { return Ok(()) };
            let motion = OpenMotion { hash, proposer: proposer.clone() };
            motions.try_push(motion).map_err(|_| Error::<T>::TooManyMotions.into())
        })
    }
}
