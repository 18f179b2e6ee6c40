//! What draws and those who have nodes drawn tell each other. Markets know what is to be served and who may pay for it,
//! draws know who may be found: [`traits::Market`](crate::traits::Market) and [`traits::Draws`](crate::traits::Draws)
//! join them.

use super::{Capacity, Gpu, Selectors, MAX_NODES};
use crate::{kyc::EntityId, Balance, BlockNumber, EpochIndex, Hash, JobId, LicenseId};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// Slots of one entity for which nodes can be looked for when more are asked for. Slots that move are never refused.
pub const MAX_LOOKED_FOR: u32 = 128;

/// Numbers of slots of one client.
pub type SlotNumbers = BoundedVec<u16, ConstU32<MAX_NODES>>;

/// For what nodes are drawn. Every market has a variant of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Client {
    /// For slots of this job.
    Job(JobId),
}

/// A draw that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// For what.
    pub client: Client,
    /// On whose behalf: whose turn it takes.
    pub entity: EntityId,
    /// Slots of the client, in the order in which nodes are to be found for them. There is at least one.
    pub slots: SlotNumbers,
    /// Licenses on its include list; zero if all may be found.
    pub included: u32,
    /// The polled block after which it gives up.
    pub until: u32,
    /// Base units that its market burned for it, of what is held for the slot.
    pub burned: Balance,
}

/// What a draw asks of whom it comes upon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which nodes may serve. The include list is that of the draw's opening.
    pub selectors: Selectors,
    /// What a node must have free.
    pub need: Capacity,
    /// The least class of the GPUs in it.
    pub gpu: Option<Gpu>,
    /// Whether several nodes of one entity may serve.
    pub same_entity: bool,
    /// Slots that the client ever had, from zero: among them are those that are served, or offered.
    pub slots: u16,
    /// Who had the slot and does not get it again.
    pub tried: Vec<LicenseId>,
}

/// How a slot came by its node: with the state of the request's block, enough to recompute it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Drawn {
    /// The draw.
    pub draw: u64,
    /// The block in which it was opened: the four blocks after it make the seed.
    pub opened: BlockNumber,
    /// Its seed.
    pub seed: Hash,
    /// Licenses it went through: all there were, or those of the include list.
    pub licenses: u32,
    /// Whether it is the request's include list that it went through: then a position is an entry of that.
    pub included: bool,
    /// The finalised epoch whose bytes counted.
    pub bytes_of: EpochIndex,
    /// The pass.
    pub pass: u32,
    /// The position in it.
    pub position: u64,
    /// Who was found.
    pub license: LicenseId,
}
