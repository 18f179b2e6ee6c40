//! The epoch clock: epochs, and the heartbeat slots inside an epoch, from wall-clock milliseconds.

use crate::EpochIndex;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// What never changes about the clock once block 1 is made.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct ClockParams {
    /// Unix milliseconds at which epoch 0 begins.
    pub genesis_moment: u64,
    /// Length of an epoch in milliseconds, never zero.
    pub epoch_ms: u64,
}

impl ClockParams {
    /// The epoch in which the moment `now` (Unix milliseconds) falls; before the genesis moment it is epoch 0.
    pub fn epoch_at(&self, now: u64) -> EpochIndex {
        let epoch = now.saturating_sub(self.genesis_moment).checked_div(self.epoch_ms).unwrap_or(0);
        EpochIndex(u32::try_from(epoch).unwrap_or(u32::MAX))
    }

    /// Unix milliseconds at which `epoch` begins.
    pub fn epoch_start(&self, epoch: EpochIndex) -> u64 {
        self.genesis_moment.saturating_add(self.epoch_ms.saturating_mul(u64::from(epoch.0)))
    }

    /// The heartbeat slot of `epoch` in which `now` falls, if `now` falls into `epoch` at all.
    pub fn slot_at(&self, epoch: EpochIndex, now: u64, params: &EpochParams) -> Option<u32> {
        let into = now.checked_sub(self.epoch_start(epoch))?;
        let slot = into.checked_div(u64::from(params.beat_ms))?;
        let slot = u32::try_from(slot).ok()?;
        (slot < params.slots).then_some(slot)
    }
}

/// The parameters of one epoch, frozen when it opens.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct EpochParams {
    /// Milliseconds between two heartbeats.
    pub beat_ms: u32,
    /// Heartbeat slots in the epoch.
    pub slots: u32,
    /// `M`, the beats expected of a node that is always on: slots less the grace. At least one.
    pub expected: u32,
    /// The byte from which a node counts as available, and an oracle's coverage as sufficient.
    pub threshold: u8,
    /// `K`: how many blocks behind the oracle's own finalised head the block quoted by a beat may be.
    pub max_quote_lag: u32,
}

/// A beat older than this many intervals is refused.
pub const MAX_BEAT_AGE_SLOTS: u32 = 3;

/// `H`: the availability byte for `accepted` beats out of `expected` (whitepaper eq. 8).
pub fn availability_byte(accepted: u32, expected: u32) -> u8 {
    let scaled = u64::from(accepted).saturating_mul(255).checked_div(u64::from(expected)).unwrap_or(0);
    u8::try_from(scaled).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_saturates_at_the_expected_number_of_beats() {
        assert_eq!(availability_byte(0, 112), 0);
        assert_eq!(availability_byte(56, 112), 127);
        assert_eq!(availability_byte(111, 112), 252);
        assert_eq!(availability_byte(112, 112), 255);
        assert_eq!(availability_byte(120, 112), 255);
        assert_eq!(availability_byte(u32::MAX, 0), 0);
    }

    #[test]
    fn slots_are_found_only_inside_their_epoch() {
        let clock = ClockParams { genesis_moment: 1_000, epoch_ms: 60_000 };
        let params = EpochParams { beat_ms: 500, slots: 120, ..Default::default() };
        assert_eq!(clock.epoch_at(0), EpochIndex(0));
        assert_eq!(clock.epoch_at(60_999), EpochIndex(0));
        assert_eq!(clock.epoch_at(61_000), EpochIndex(1));
        assert_eq!(clock.slot_at(EpochIndex(1), 61_000, &params), Some(0));
        assert_eq!(clock.slot_at(EpochIndex(1), 120_999, &params), Some(119));
        assert_eq!(clock.slot_at(EpochIndex(1), 121_000, &params), None);
        assert_eq!(clock.slot_at(EpochIndex(1), 60_999, &params), None);
    }
}
