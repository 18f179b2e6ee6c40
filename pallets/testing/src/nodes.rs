//! What nodes declared, what of it is reserved for slots, and how they stand.
//!
//! Kept in the storage of the mock's chain: what a pallet reserved must be gone when the step that did it is rolled back.

use crate::Current;
use codec::{Decode, Encode};
use frame_support::{pallet_prelude::ValueQuery, storage_alias, Twox64Concat};
use ratio1_primitives::{
    jobs::{Capacity, NodeProfile, Outcome, Reputation, BARRED_EPOCHS, MAX_SLOTS_PER_NODE},
    traits::NodeRegistry,
    BlockNumber, EpochIndex, LicenseId, NodeId,
};
use sp_runtime::DispatchResult;

/// What a node declared, and what it had before that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Declared {
    /// The node.
    pub node: NodeId,
    /// The block of it.
    pub since: BlockNumber,
    /// What it has.
    pub profile: NodeProfile,
    /// What it had, and since when.
    pub before: Option<(NodeProfile, BlockNumber)>,
}

/// What was declared for each license.
#[storage_alias]
pub type Profiles = StorageMap<Testing, Twox64Concat, u32, Declared>;
/// What is reserved of each license's node, and for how many slots.
#[storage_alias]
pub type Reserved = StorageMap<Testing, Twox64Concat, u32, (Capacity, u32)>;
/// Reputations that are not those of a new node.
#[storage_alias]
pub type Reputations = StorageMap<Testing, Twox64Concat, u32, Reputation>;
/// The first epoch in which each license is not barred any more.
#[storage_alias]
pub type BarredUntil = StorageMap<Testing, Twox64Concat, u32, EpochIndex>;
/// The outcomes that moved a reputation, oldest first.
#[storage_alias]
pub type Noted = StorageValue<Testing, Vec<(LicenseId, Outcome)>, ValueQuery>;

/// What nodes offer and how they stand. None offers anything until a test says so.
pub struct Nodes;

impl Nodes {
    /// The node of a license declares what it has, in block `since`.
    pub fn declare(license: u32, node: NodeId, profile: NodeProfile, since: BlockNumber) {
        let before = Profiles::get(license).map(|declared| (declared.profile, declared.since));
        Profiles::insert(license, Declared { node, since, profile, before });
    }

    /// What would be reserved with one slot more, if there is room for it.
    fn with(license: LicenseId, need: &Capacity) -> Option<(Capacity, u32)> {
        let profile = Profiles::get(license.0)?.profile;
        let (used, slots) = Reserved::get(license.0).unwrap_or_default();
        let used = used.plus(need).filter(|used| profile.capacity.covers(used))?;
        (slots < MAX_SLOTS_PER_NODE).then_some((used, slots + 1))
    }
}

impl NodeRegistry for Nodes {
    fn offer(license: LicenseId, node: &NodeId, at: BlockNumber) -> Option<NodeProfile> {
        let declared = Profiles::get(license.0).filter(|declared| declared.node == *node)?;
        match declared.since <= at {
            true => Some(declared.profile),
            false => declared.before.filter(|(_, since)| *since <= at).map(|(profile, _)| profile),
        }
    }
    fn has_room(license: LicenseId, need: &Capacity) -> bool {
        Self::with(license, need).is_some()
    }
    fn is_barred(license: LicenseId) -> bool {
        BarredUntil::get(license.0).is_some_and(|until| Current::get() < until.0)
    }
    fn reputation(license: LicenseId) -> Reputation {
        Reputations::get(license.0).unwrap_or_default()
    }
    fn reserve(license: LicenseId, need: &Capacity) -> DispatchResult {
        let reserved = Self::with(license, need).expect("only who has room is found");
        Reserved::insert(license.0, reserved);
        Ok(())
    }
    fn free(license: LicenseId, need: &Capacity) {
        let (used, slots) = Reserved::get(license.0).expect("only what is reserved is freed");
        let used = used.minus(need).expect("no more is freed than is reserved");
        match slots {
            1 => Reserved::remove(license.0),
            _ => Reserved::insert(license.0, (used, slots - 1)),
        }
        assert!(slots > 1 || used == Capacity::default(), "something is reserved for no slot");
    }
    fn bar(license: LicenseId) {
        BarredUntil::insert(license.0, EpochIndex(Current::get()).plus(BARRED_EPOCHS + 1));
    }
    fn note(license: LicenseId, outcome: Outcome) {
        Reputations::insert(license.0, Self::reputation(license).after(outcome));
        Noted::append((license, outcome));
    }
}
