//! The one configuration of this pallet: bounded in code, from the preset's genesis, changed by governance.

use crate::Error;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_pallet_support::within;
use ratio1_primitives::EpochParams;
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Percent;

/// The log target of this pallet.
pub(crate) const LOG_TARGET: &str = "runtime::availability";
/// Rounds that can be open at once.
pub const MAX_OPEN: u32 = 32;
/// Epochs after its end, as seen when an epoch ends, that an unresolved epoch waits for governance before it lapses.
/// Anything else of which no byte was handed on lapses after twice as many: it is stuck.
///
/// Nothing that has to remember every open epoch (versions of link masks, ballots) then needs to do so for longer.
pub const MAX_ROUND_AGE: u32 = 30;
/// Licenses whose slots wait to be moved. Whoever does not find room is reported again.
pub const MAX_ABSENTEES: u32 = 512;
/// Bytes of ballots that one block takes.
pub const MAX_BALLOT_BYTES: u32 = 1024 * 1024;
/// A byte further than this from the median is a stray.
pub const STRAY: u8 = 5;
/// Epochs for which ballots are kept; their commits are kept for ever.
pub const KEEP_BALLOTS: u32 = 30;
/// Epochs for which finalised pages, frozen sets and tallies are kept.
pub const KEEP_HISTORY: u32 = 1080;

/// What governance may change. Every epoch uses the values that stood when it opened.
#[derive(
    Clone,
    Copy,
    Debug,
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
pub struct Parameters {
    /// Milliseconds between two heartbeats. Divides the epoch.
    pub beat_ms: u32,
    /// Heartbeat slots that may be missed without loss: `M = slots - grace_slots`.
    pub grace_slots: u32,
    /// The byte from which a node counts as available, and an oracle's coverage as sufficient.
    pub threshold: u8,
    /// How many blocks behind the oracle's finalised head the block quoted by a beat may be.
    pub max_quote_lag: u32,
    /// Blocks the commit window lasts, unless everybody commits earlier.
    pub commit_blocks: u32,
    /// The fewest blocks a reveal window may last; more when the ballots need more.
    pub reveal_blocks_min: u32,
    /// How often the windows reopen before an epoch is unresolved.
    pub reopenings: u8,
    /// Epochs an epoch stays unresolved before governance may act on it.
    pub governance_delay: u32,
    /// The share of a block's weight that counting and pruning may take.
    pub settle_share: Percent,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            beat_ms: 500,
            grace_slots: 8,
            threshold: 250,
            max_quote_lag: 32,
            commit_blocks: 5,
            reveal_blocks_min: 5,
            reopenings: 2,
            governance_delay: 2,
            settle_share: Percent::from_percent(25),
        }
    }
}

/// Which bound a configuration breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersRefusal {
    /// `beat_ms` is outside [`BEAT_MS`].
    Beat,
    /// The epoch is no multiple of `beat_ms`, or has more than [`MAX_SLOTS`] slots.
    Slots,
    /// `grace_slots` leaves no beat to expect.
    Grace,
    /// `threshold` is zero: everybody would be available.
    Threshold,
    /// `max_quote_lag` is outside [`QUOTE_LAG`].
    QuoteLag,
    /// A window is outside [`WINDOW_BLOCKS`].
    Window,
    /// `reopenings` is above [`MAX_REOPENINGS`].
    Reopenings,
    /// All windows together take more than half of [`MAX_ROUND_AGE`] epochs where blocks are slow ([`SLOW_BLOCK_MS`]).
    Round,
    /// `governance_delay` is outside [`GOVERNANCE_DELAY`].
    Delay,
    /// `settle_share` is outside [`SETTLE_SHARE`].
    Share,
}

/// Bounds of `beat_ms`.
pub const BEAT_MS: (u32, u32) = (100, 600_000);
/// The most heartbeat slots in an epoch: oracles keep one bit for each and license.
pub const MAX_SLOTS: u32 = 100_000;
/// Bounds of `max_quote_lag`, in blocks.
pub const QUOTE_LAG: (u32, u32) = (1, 28_800);
/// Bounds of both windows, in blocks. A vote is submitted two blocks into a window and needs one more.
pub const WINDOW_BLOCKS: (u32, u32) = (4, 2_400);
/// The most reopenings.
pub const MAX_REOPENINGS: u8 = 10;
/// Bounds of `governance_delay`, in epochs. With the windows' half of [`MAX_ROUND_AGE`] it leaves time to act.
pub const GOVERNANCE_DELAY: (u32, u32) = (1, 10);
/// Milliseconds between two blocks.
pub const BLOCK_MS: u64 = 3_000;
/// As many while finality stalls and authors back off: four slots. Windows are compared with epochs at this pace.
pub const SLOW_BLOCK_MS: u64 = 12_000;
/// Bounds of `settle_share`, in percent.
pub const SETTLE_SHARE: (u8, u8) = (5, 50);

impl Parameters {
    /// Whether every value is within its bounds, and all fit an epoch of `epoch_ms` milliseconds.
    pub fn validate(&self, epoch_ms: u64) -> Result<(), ParametersRefusal> {
        let check = |holds: bool, refusal| if holds { Ok(()) } else { Err(refusal) };
        check(within(self.beat_ms, BEAT_MS), ParametersRefusal::Beat)?;
        let slots = epoch_ms.checked_div(u64::from(self.beat_ms)).unwrap_or(0);
        let whole = epoch_ms.checked_rem(u64::from(self.beat_ms)) == Some(0);
        check(whole && slots <= u64::from(MAX_SLOTS), ParametersRefusal::Slots)?;
        check(slots > u64::from(self.grace_slots), ParametersRefusal::Grace)?;
        check(self.threshold > 0, ParametersRefusal::Threshold)?;
        check(within(self.max_quote_lag, QUOTE_LAG), ParametersRefusal::QuoteLag)?;
        let windows = within(self.commit_blocks, WINDOW_BLOCKS) && within(self.reveal_blocks_min, WINDOW_BLOCKS);
        check(windows, ParametersRefusal::Window)?;
        check(self.reopenings <= MAX_REOPENINGS, ParametersRefusal::Reopenings)?;
        let most = epoch_ms.saturating_mul(u64::from(MAX_ROUND_AGE / 2));
        check(self.longest_round_ms() <= most, ParametersRefusal::Round)?;
        check(within(self.governance_delay, GOVERNANCE_DELAY), ParametersRefusal::Delay)?;
        check(within(self.settle_share.deconstruct(), SETTLE_SHARE), ParametersRefusal::Share)
    }

    /// Milliseconds until a round without a quorum is through all its windows, if its reveals fit the shortest window
    /// and blocks are as slow as a stall of finality makes them.
    fn longest_round_ms(&self) -> u64 {
        let windows = u64::from(self.commit_blocks).saturating_add(u64::from(self.reveal_blocks_min));
        windows.saturating_mul(u64::from(self.reopenings).saturating_add(1)).saturating_mul(SLOW_BLOCK_MS)
    }

    /// What oracles and nodes need to know of an epoch of `epoch_ms` milliseconds.
    pub fn epoch_params(&self, epoch_ms: u64) -> EpochParams {
        let slots = epoch_ms.checked_div(u64::from(self.beat_ms)).unwrap_or(0);
        let slots = u32::try_from(slots).unwrap_or(MAX_SLOTS);
        EpochParams {
            beat_ms: self.beat_ms,
            slots,
            expected: slots.saturating_sub(self.grace_slots).max(1),
            threshold: self.threshold,
            max_quote_lag: self.max_quote_lag,
        }
    }
}

impl<T> From<ParametersRefusal> for Error<T> {
    fn from(refusal: ParametersRefusal) -> Self {
        match refusal {
            ParametersRefusal::Beat => Self::BeatOutOfBounds,
            ParametersRefusal::Slots => Self::SlotsOutOfBounds,
            ParametersRefusal::Grace => Self::GraceOutOfBounds,
            ParametersRefusal::Threshold => Self::ThresholdOutOfBounds,
            ParametersRefusal::QuoteLag => Self::QuoteLagOutOfBounds,
            ParametersRefusal::Window => Self::WindowOutOfBounds,
            ParametersRefusal::Reopenings => Self::ReopeningsOutOfBounds,
            ParametersRefusal::Round => Self::RoundOutOfBounds,
            ParametersRefusal::Delay => Self::DelayOutOfBounds,
            ParametersRefusal::Share => Self::ShareOutOfBounds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EPOCH: u64 = 60_000;

    #[test]
    fn presets_of_the_protocol_are_valid_and_expect_their_beats() {
        for (epoch_ms, beat_ms, threshold, expected) in
            [(EPOCH, 500, 230, 112), (3_600_000, 5_000, 250, 712), (86_400_000, 10_000, 250, 8_632)]
        {
            let p = Parameters { beat_ms, threshold, ..Default::default() };
            assert_eq!(p.validate(epoch_ms), Ok(()));
            assert_eq!(p.epoch_params(epoch_ms).expected, expected);
        }
    }

    #[test]
    fn each_bound_has_its_own_refusal() {
        let d = Parameters::default();
        let cases = [
            (Parameters { beat_ms: 0, ..d }, ParametersRefusal::Beat),
            (Parameters { beat_ms: 700, ..d }, ParametersRefusal::Slots),
            (Parameters { grace_slots: 120, ..d }, ParametersRefusal::Grace),
            (Parameters { threshold: 0, ..d }, ParametersRefusal::Threshold),
            (Parameters { max_quote_lag: 0, ..d }, ParametersRefusal::QuoteLag),
            (Parameters { commit_blocks: 3, ..d }, ParametersRefusal::Window),
            (Parameters { reveal_blocks_min: 2_401, ..d }, ParametersRefusal::Window),
            (Parameters { reopenings: 11, ..d }, ParametersRefusal::Reopenings),
            // Three times 26 slow blocks are 936 seconds, fifteen epochs are 900.
            (Parameters { commit_blocks: 21, ..d }, ParametersRefusal::Round),
            (Parameters { governance_delay: 0, ..d }, ParametersRefusal::Delay),
            (Parameters { governance_delay: 11, ..d }, ParametersRefusal::Delay),
            (Parameters { settle_share: Percent::from_percent(4), ..d }, ParametersRefusal::Share),
        ];
        for (p, refusal) in cases {
            assert_eq!(p.validate(EPOCH), Err(refusal));
        }
        assert_eq!(Parameters { commit_blocks: 20, ..d }.validate(EPOCH), Ok(()));
        assert_eq!(d.validate(0), Err(ParametersRefusal::Grace));
    }
}
