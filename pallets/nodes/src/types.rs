//! What is stored and shown of a node.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ratio1_primitives::{
    jobs::{Capacity, NodeProfile, Reputation},
    BlockNumber, EpochIndex, NodeId, PAGE_SIZE,
};
use scale_info::TypeInfo;

/// The reputations of a page of licenses. Where it ends, and where there is none, they are the default.
pub type ReputationPage = BoundedVec<Reputation, ConstU32<PAGE_SIZE>>;

/// The last declaration of a license.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Declared {
    /// Who declared it. If another node is linked by now, it offers nothing.
    pub node: NodeId,
    /// What it offers.
    pub profile: NodeProfile,
    /// The block from which this holds.
    pub since: BlockNumber,
    /// The epoch that ran then.
    pub epoch: EpochIndex,
    /// What the same node had declared before, and the block from which that held.
    pub before: Option<(NodeProfile, BlockNumber)>,
}

impl Declared {
    /// What `node` had declared in block `at` or before, as far as it is known.
    pub(crate) fn held_at(self, node: &NodeId, at: BlockNumber) -> Option<NodeProfile> {
        if self.node != *node {
            return None;
        }
        if self.since <= at {
            return Some(self.profile);
        }
        self.before.filter(|(_, since)| *since <= at).map(|(profile, _)| profile)
    }
}

/// What is taken of a license's capacity.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Reservation {
    /// By all slots together.
    pub used: Capacity,
    /// By how many slots.
    pub slots: u32,
}

/// A node as the jobs see it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct WorkerInfo {
    /// The last declaration; of another node than the linked one it counts nothing.
    pub declared: Option<Declared>,
    /// What is declared and not reserved.
    pub free: Capacity,
    /// What is reserved.
    pub reservation: Reservation,
    /// The first epoch in which it is drawn again, if it is left out now.
    pub barred_until: Option<EpochIndex>,
    /// Its reputation.
    pub reputation: Reputation,
}
