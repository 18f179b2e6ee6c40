//! What this pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};
use sp_runtime::Saturating;

/// How many enactments may be pending.
pub const MAX_PENDING: u32 = 64;
/// How many calls may be paused, or not be pausable again yet, at one time.
pub const MAX_PAUSES: u32 = 16;
/// The longest name of a pallet or a call.
pub const MAX_NAME: u32 = 64;
/// The shortest delay any network may have, in blocks.
pub const LEAST_DELAY: u32 = 10;
/// The longest delay any network may have: 60 days of blocks of three seconds. A longer one would be a chain that
/// nobody can repair.
pub const MOST_DELAY: u32 = 1_728_000;

/// Name of a pallet, or of a call, as the metadata spells it.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// A pallet and one of its calls.
pub type CallName = (Name, Name);

/// How long things take, in blocks.
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
    /// Between the collective's decision and its enactment. At least the network's minimum, at most [`MOST_DELAY`].
    pub delay_blocks: u32,
    /// How long a pause lasts. At most the delay.
    pub pause_blocks: u32,
    /// How long a halt lasts. At most the delay.
    pub halt_blocks: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { delay_blocks: LEAST_DELAY, pause_blocks: 5, halt_blocks: 5 }
    }
}

/// Which bound [`Parameters`] break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersRefusal {
    /// The delay is below the network's minimum or above [`MOST_DELAY`].
    Delay,
    /// The pause is zero or longer than the delay.
    Pause,
    /// The halt is zero or longer than the delay.
    Halt,
}

impl Parameters {
    /// Whether every parameter is within its bounds, on a network with this minimum delay.
    pub fn validate(&self, minimum: u32) -> Result<(), ParametersRefusal> {
        let within = |blocks: u32| (1..=self.delay_blocks).contains(&blocks);
        if !(minimum.max(LEAST_DELAY)..=MOST_DELAY).contains(&self.delay_blocks) {
            return Err(ParametersRefusal::Delay);
        }
        if !within(self.pause_blocks) {
            return Err(ParametersRefusal::Pause);
        }
        if !within(self.halt_blocks) {
            return Err(ParametersRefusal::Halt);
        }
        Ok(())
    }
}

/// A call that waits for its block.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Enactment<Call, BlockNumber> {
    /// What is dispatched as root.
    pub call: Call,
    /// At the beginning of which block.
    pub at: BlockNumber,
    /// In which block the collective decided it.
    pub decided: BlockNumber,
}

/// A pending enactment as the views show it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct PendingEnactment<Call, Hash, BlockNumber> {
    /// Its id.
    pub id: u32,
    /// The call, or where its preimage is.
    pub call: Call,
    /// Hash of the encoded call.
    pub hash: Hash,
    /// Block at whose beginning it is dispatched as root.
    pub at: BlockNumber,
    /// Block in which the collective decided it.
    pub decided: BlockNumber,
}

/// Blocks during which something was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Span<BlockNumber> {
    /// The first one.
    pub since: BlockNumber,
    /// The first one after it.
    pub until: BlockNumber,
}

impl<BlockNumber: Copy + Saturating> Span<BlockNumber> {
    /// The first block in which the same may be stopped again: after as long a time as it was stopped.
    pub fn cooled(&self) -> BlockNumber {
        self.until.saturating_add(self.until.saturating_sub(self.since))
    }
}

/// A call that is paused, or was and can not be paused again yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Pause<BlockNumber> {
    /// Which call.
    pub call: CallName,
    /// When.
    pub span: Span<BlockNumber>,
    /// Whether the call works again.
    pub over: bool,
}
