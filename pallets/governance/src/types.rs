//! What this pallet stores.

use crate::LEAST_BLOCK_MS;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, weights::Weight, BoundedVec};
use scale_info::TypeInfo;
use sp_runtime::Saturating;

/// How many enactments may be pending.
pub const MAX_PENDING: u32 = 64;
/// How many calls may be paused, or not be pausable again yet, at one time.
pub const MAX_PAUSES: u32 = 16;
/// The longest name of a pallet or a call.
pub const MAX_NAME: u32 = 64;
/// How many motions of one member may be open at one time.
pub const MAX_MOTIONS: u32 = 2;
/// A span of time takes at least one block for each so many milliseconds of it, a twentieth of what a network in health
/// makes. Time alone would let a delay run out while nobody could read, object or leave, because no block was made;
/// blocks alone would stretch it without end where few are made. Down to a block a minute, time decides.
pub const FLOOR_BLOCK_MS: u64 = 60_000;

/// Name of a pallet, or of a call, as the metadata spells it.
pub type Name = BoundedVec<u8, ConstU32<MAX_NAME>>;
/// A pallet and one of its calls.
pub type CallName = (Name, Name);

/// The fewest blocks in which so many milliseconds pass for governance.
pub fn floor_blocks(ms: u64) -> u32 {
    u32::try_from(ms.div_ceil(FLOOR_BLOCK_MS)).unwrap_or(u32::MAX)
}

/// The most blocks that can be made in so many milliseconds.
pub fn most_blocks(ms: u64) -> u32 {
    u32::try_from(ms.div_ceil(LEAST_BLOCK_MS)).unwrap_or(u32::MAX)
}

/// A point in the life of the chain: it has come when both its moment and its block have.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Instant<BlockNumber> {
    /// Milliseconds since 1970.
    pub ms: u64,
    /// The block.
    pub block: BlockNumber,
}

impl<BlockNumber: Copy + PartialOrd + Saturating + From<u32>> Instant<BlockNumber> {
    /// Whether it has come at `now`.
    pub fn has_come(&self, now: &Self) -> bool {
        now.ms >= self.ms && now.block >= self.block
    }

    /// So many milliseconds later, and no fewer blocks than [`floor_blocks`] of them.
    pub fn after(self, ms: u64) -> Self {
        // ADR 0027: time decides, and blocks are its floor.
        let block = self.block.saturating_add(floor_blocks(ms).into());
        Self { ms: self.ms.saturating_add(ms), block }
    }
}

/// A call that waits until its delay is over.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Enactment<Call, BlockNumber> {
    /// What is dispatched as root.
    pub call: Call,
    /// What it may weigh.
    pub call_weight: Weight,
    /// Length of its encoding.
    pub length: u32,
    /// When the collective decided it.
    pub decided: Instant<BlockNumber>,
    /// When it is handed to the scheduler.
    pub due: Instant<BlockNumber>,
}

/// An enactment whose time has not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Timer<BlockNumber> {
    /// The enactment's id.
    pub id: u32,
    /// When its time comes.
    pub due: Instant<BlockNumber>,
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
    /// When it is handed to the scheduler, which dispatches it as root at the beginning of the next block with room.
    pub due: Instant<BlockNumber>,
    /// When the collective decided it.
    pub decided: Instant<BlockNumber>,
}

/// Time during which something was stopped.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Span<BlockNumber> {
    /// From when on.
    pub since: Instant<BlockNumber>,
    /// The first instant after it.
    pub until: Instant<BlockNumber>,
}

impl<BlockNumber: Copy + PartialOrd + Saturating + From<u32>> Span<BlockNumber> {
    /// When the same may be stopped again: after as long a time as it was stopped.
    pub fn cooled(&self) -> Instant<BlockNumber> {
        self.until.after(self.until.ms.saturating_sub(self.since.ms))
    }
}

/// A motion that is open, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct OpenMotion<AccountId, Hash> {
    /// Hash of the call that is moved.
    pub hash: Hash,
    /// Who moved it.
    pub proposer: AccountId,
}

/// A call that is paused, or was and cannot be paused again yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Pause<BlockNumber> {
    /// Which call.
    pub call: CallName,
    /// When.
    pub span: Span<BlockNumber>,
    /// Whether the call works again.
    pub over: bool,
}
