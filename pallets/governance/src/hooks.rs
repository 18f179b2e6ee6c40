//! Every block, before anything else.

use crate::{Config, Pallet};
use frame_support::weights::Weight;

impl<T: Config> Pallet<T> {
    /// End the pauses and the halt that are over, and hand to the scheduler what is due. What it cost.
    pub(crate) fn begin_block() -> Weight {
        let now = Self::now();
        Self::end_pauses(now).saturating_add(Self::end_halt(now)).saturating_add(Self::hand_over(now))
    }
}
