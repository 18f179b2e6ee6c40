//! Application keys, each with a key type of its own in the keystore, and what they sign.

use crate::{
    jobs::{NodeProfile, SlotRef},
    AccountId, Hash, LicenseId, NodeId,
};
use alloc::vec::Vec;
use codec::Encode;
use sp_core::crypto::KeyTypeId;

/// Key type of the node's identity.
pub const NODE_KEY_TYPE: KeyTypeId = KeyTypeId(*b"r1nd");
/// Key type of the key an oracle votes with, one of its session keys.
pub const VOTE_KEY_TYPE: KeyTypeId = KeyTypeId(*b"r1vt");

mod node {
    use sp_application_crypto::{app_crypto, ed25519};
    app_crypto!(ed25519, super::NODE_KEY_TYPE);
}

mod vote {
    use sp_application_crypto::{app_crypto, ed25519};
    app_crypto!(ed25519, super::VOTE_KEY_TYPE);
}

/// The public half of a node's identity key, as the keystore knows it; [`NodeId`] holds the same bytes.
pub type NodeKey = node::Public;
/// Signature by a node's identity key.
pub type NodeSignature = sp_core::ed25519::Signature;
/// An oracle's voting key.
pub type VoteId = vote::Public;
/// Signature by a voting key.
pub type VoteSignature = vote::Signature;

/// The key pair types, for tools and tests that sign without a keystore.
#[cfg(feature = "std")]
pub mod pair {
    pub use super::{node::Pair as NodePair, vote::Pair as VotePair};
}

impl From<NodeKey> for NodeId {
    fn from(key: NodeKey) -> Self {
        use sp_core::crypto::ByteArray;
        let mut raw = [0u8; 32];
        raw.copy_from_slice(key.as_slice());
        Self(raw)
    }
}

/// What a node signs to be linked to `license` by `owner`. `nonce` is the license's link nonce: it grows with every
/// link, so that no proof works twice, and the genesis hash keeps a proof from working on another chain.
pub fn link_payload(genesis: Hash, license: LicenseId, owner: &AccountId, nonce: u32) -> Vec<u8> {
    (b"ratio1/link/v1", genesis, license, owner, nonce).encode()
}

/// Verify a node's signature over `payload`. The same in the runtime and outside of it.
pub fn verify_node(node: &NodeId, payload: &[u8], signature: &NodeSignature) -> bool {
    sp_io::crypto::ed25519_verify(signature, payload, &node.public())
}

/// What a node signs to declare its profile. `sequence` is one more than that of the license's last declaration.
pub fn profile_payload(genesis: Hash, license: LicenseId, sequence: u32, profile: &NodeProfile) -> Vec<u8> {
    (b"ratio1/profile/v1", genesis, license, sequence, profile).encode()
}

/// What a node signs to accept the offer of a slot. `offered` is the block of the offer: no signature serves for a
/// later one.
pub fn accept_payload(genesis: Hash, license: LicenseId, slot: SlotRef, offered: u32) -> Vec<u8> {
    (b"ratio1/accept/v1", genesis, license, slot, offered).encode()
}

/// What a node signs to resign a slot it serves. `index` is its service's place in ballots, `accepted` the moment of its
/// acceptance in Unix milliseconds: no signature serves for a later service.
pub fn resign_payload(genesis: Hash, license: LicenseId, slot: SlotRef, index: u32, accepted: u64) -> Vec<u8> {
    (b"ratio1/resign/v1", genesis, license, slot, index, accepted).encode()
}
