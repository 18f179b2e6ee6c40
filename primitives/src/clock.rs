//! The epoch clock: epochs, and the heartbeat slots inside an epoch, from wall-clock milliseconds.

use crate::{width::as_usize, EpochIndex};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_core::{bounded::BoundedVec, ConstU32};

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

/// Beat slots without a beat after which a node that serves slots of jobs is absent.
pub const ABSENCE_SLOTS: u32 = 90;

/// Beat slots between two reports of absence by one oracle, and the most that the slot of a report is from that of the
/// block that takes it.
pub const ABSENCE_SPACING: u32 = 30;

/// Gaps one epoch can have. Where there are more, those that lie closest together become one.
pub const MAX_GAPS: u32 = 16;

/// Consecutive beat slots of an epoch in which the chain made no blocks: nobody's fault, so no part of the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Gap {
    /// The first.
    pub from: u32,
    /// The one after the last.
    pub to: u32,
}

/// The gaps of one epoch, in order, none touching another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Gaps(BoundedVec<Gap, ConstU32<MAX_GAPS>>);

impl Gaps {
    /// Add the slots `from..to`; what touches becomes one. Empty ones are ignored.
    pub fn add(&mut self, from: u32, to: u32) {
        if from >= to {
            return;
        }
        let mut all: Vec<Gap> = self.0.iter().copied().collect();
        all.push(Gap { from, to });
        all.sort_unstable_by_key(|gap| gap.from);
        let mut merged: Vec<Gap> = Vec::with_capacity(all.len());
        for gap in all {
            match merged.last_mut() {
                Some(last) if gap.from <= last.to => last.to = last.to.max(gap.to),
                _ => merged.push(gap),
            }
        }
        while merged.len() > as_usize(MAX_GAPS) {
            let between = |pair: &[Gap]| match pair {
                [a, b] => b.from.saturating_sub(a.to),
                _ => u32::MAX,
            };
            let closest = merged.windows(2).enumerate().min_by_key(|(_, pair)| between(pair)).map_or(0, |(at, _)| at);
            let next = merged.remove(closest.saturating_add(1));
            if let Some(gap) = merged.get_mut(closest) {
                gap.to = next.to;
            }
        }
        self.0 = BoundedVec::truncate_from(merged);
    }

    /// Whether `slot` is in one.
    pub fn contains(&self, slot: u32) -> bool {
        self.0.iter().any(|gap| gap.from <= slot && slot < gap.to)
    }

    /// How many of the slots `from..to` are in one.
    pub fn within(&self, from: u32, to: u32) -> u32 {
        let overlap = |gap: &Gap| gap.to.min(to).saturating_sub(gap.from.max(from));
        self.0.iter().fold(0, |sum, gap| sum.saturating_add(overlap(gap)))
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = Gap> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A beat older than this many intervals is refused.
pub const MAX_BEAT_AGE_SLOTS: u32 = 3;

/// `H`: the byte for `accepted` beats of `expected` (docs/protocol/availability.md#the-availability-byte, eq. 8).
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
    fn gaps_merge_where_they_touch_and_where_they_are_too_many() {
        let mut gaps = Gaps::default();
        gaps.add(5, 5);
        assert!(gaps.is_empty());
        gaps.add(10, 20);
        gaps.add(30, 40);
        gaps.add(20, 25);
        assert_eq!(gaps.iter().collect::<Vec<_>>(), [Gap { from: 10, to: 25 }, Gap { from: 30, to: 40 }]);
        assert!(gaps.contains(24) && !gaps.contains(25) && gaps.contains(30));
        assert_eq!((gaps.within(0, 120), gaps.within(20, 35), gaps.within(25, 30)), (25, 10, 0));
        gaps.add(0, 120);
        assert_eq!(gaps.iter().collect::<Vec<_>>(), [Gap { from: 0, to: 120 }]);
        let mut many = Gaps::default();
        (0..=MAX_GAPS).for_each(|n| many.add(n * 10, n * 10 + if n == 3 { 9 } else { 1 }));
        assert_eq!(many.iter().count(), MAX_GAPS as usize);
        assert!(many.contains(39) && !many.contains(29), "the two that lie closest became one");
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
