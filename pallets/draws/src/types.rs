//! What is stored about draws and who opened them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::PalletError;
use ratio1_primitives::{
    jobs::{draw, market::SlotNumbers, Client, SEED_BLOCKS},
    width::as_usize,
    BlockNumber, EpochIndex, Hash,
};
use scale_info::TypeInfo;

/// VRF outputs of consecutive blocks, the oldest first.
pub type VrfOutputs = [[u8; 32]; as_usize(SEED_BLOCKS)];

/// Where stored data do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, PalletError)]
pub enum Inconsistency {
    /// An entity has a turn for a draw that does not exist.
    NoDraw,
    /// A draw looks for no slot.
    NoSlot,
    /// The market knows nothing of a slot that is looked for.
    NothingWanted,
    /// Draws can be numbered no further.
    OutOfNumbers,
}

/// A draw that looks for nodes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Draw {
    /// For this client.
    pub client: Client,
    /// For these of its slots, in this order.
    pub slots: SlotNumbers,
    /// The block in which it was opened. Candidates are what they had declared by then.
    pub opened: BlockNumber,
    /// Licenses it goes through: all there were, or those of the include list.
    pub licenses: u32,
    /// Whether it is the include list.
    pub included: bool,
    /// The newest finalised epoch there was: its bytes count.
    pub bytes_of: EpochIndex,
    /// Its seed, once the blocks that make it are there.
    pub seed: Option<Hash>,
    /// The pass it is in.
    pub pass: u32,
    /// The next position of that pass.
    pub position: u64,
    /// The polled block after which it gives up.
    pub until: u32,
}

impl Draw {
    /// The order in which it goes through the licenses. `None` before its seed is known.
    pub fn permutation(&self) -> Option<draw::Permutation> {
        self.seed.map(|seed| draw::Permutation::new(seed, self.licenses))
    }
}

/// An entity that looks for nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Looking {
    /// Its draws.
    pub draws: u32,
    /// The slots they look for.
    pub slots: u32,
    /// The draw that had its last turn.
    pub last: u64,
}
