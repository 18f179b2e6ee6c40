//! The parameters, and their bounds.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_pallet_support::within;
use ratio1_primitives::{economics::R1, Balance};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Percent;

/// What governance may change.
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
    /// Thousandths of an R1 burned for each draw of a slot's node.
    pub creation_fee_milli: u32,
    /// Blocks in which an offer can be accepted.
    pub accept_blocks: u32,
    /// Blocks after which a draw gives up.
    pub draw_blocks: u32,
    /// Milliseconds after its acceptance in which a service is not expected to run.
    pub start_allowance_ms: u32,
    /// Positions that a draw looks at in one turn, at most. Where many wait for theirs it is fewer.
    pub probes: u32,
    /// The share of a block's weight that draws and settlement may take.
    pub work_share: Percent,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            creation_fee_milli: 10,
            accept_blocks: 20,
            draw_blocks: 40,
            start_allowance_ms: 15_000,
            probes: 256,
            work_share: Percent::from_percent(20),
        }
    }
}

/// Bounds of `creation_fee_milli`: a draw that costs nothing is one that anybody may have for ever.
pub const FEE_MILLI: (u32, u32) = (1, 1_000_000);
/// Bounds of `accept_blocks`: an acceptance follows finalised state, and needs a block.
pub const ACCEPT_BLOCKS: (u32, u32) = (10, 28_800);
/// Bounds of `draw_blocks`: the seed takes five.
pub const DRAW_BLOCKS: (u32, u32) = (10, 28_800);
/// The longest `start_allowance_ms`.
pub const MAX_ALLOWANCE_MS: u32 = 3_600_000;
/// Bounds of `probes`.
pub const PROBES: (u32, u32) = (16, 4_096);
/// Bounds of `work_share`, in percent.
pub const WORK_SHARE: (u8, u8) = (5, 40);

/// Which bound a configuration breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersRefusal {
    /// `creation_fee_milli` is outside [`FEE_MILLI`].
    Fee,
    /// `accept_blocks` is outside [`ACCEPT_BLOCKS`], or `draw_blocks` outside [`DRAW_BLOCKS`].
    Blocks,
    /// `start_allowance_ms` is above [`MAX_ALLOWANCE_MS`].
    Allowance,
    /// `probes` is outside [`PROBES`].
    Probes,
    /// `work_share` is outside [`WORK_SHARE`].
    Share,
}

impl Parameters {
    /// Whether every value is within its bounds.
    pub fn validate(&self) -> Result<(), ParametersRefusal> {
        let check = |holds: bool, refusal| if holds { Ok(()) } else { Err(refusal) };
        check(within(self.creation_fee_milli, FEE_MILLI), ParametersRefusal::Fee)?;
        let blocks = within(self.accept_blocks, ACCEPT_BLOCKS) && within(self.draw_blocks, DRAW_BLOCKS);
        check(blocks, ParametersRefusal::Blocks)?;
        check(self.start_allowance_ms <= MAX_ALLOWANCE_MS, ParametersRefusal::Allowance)?;
        check(within(self.probes, PROBES), ParametersRefusal::Probes)?;
        check(within(self.work_share.deconstruct(), WORK_SHARE), ParametersRefusal::Share)
    }

    /// Base units burned for each draw of a slot's node.
    pub fn creation_fee(&self) -> Balance {
        (R1 / 1_000).saturating_mul(self.creation_fee_milli.into())
    }
}
