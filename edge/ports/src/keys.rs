//! The node's keystore, split by who needs what of it: every worker the node's key, an oracle its vote keys too.

use ratio1_primitives::{NodeId, NodeSignature, VoteId, VoteSignature};

/// Why there is no telling who a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoIdentity {
    /// The keystore has no node key.
    NoKey,
    /// It has several.
    ManyKeys(usize),
}

/// The node's own key.
pub trait NodeKeys: Send + Sync + 'static {
    /// The node's identity: its one node key.
    fn identity(&self) -> Result<NodeId, NoIdentity>;
    /// Sign by the node key; `None` if there is not exactly one, or if it does not sign.
    fn sign_as_node(&self, payload: &[u8]) -> Option<NodeSignature>;
}

/// An oracle's vote keys.
pub trait VoteKeys: Send + Sync + 'static {
    /// All vote keys it holds, old ones included: an epoch is voted on with the key it was frozen with.
    fn vote_keys(&self) -> Vec<VoteId>;
    /// Sign by one of them.
    fn sign_vote(&self, key: &VoteId, payload: &[u8]) -> Option<VoteSignature>;
}
