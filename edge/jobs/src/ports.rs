//! The ports of this worker alone.

use async_trait::async_trait;
use ratio1_ports::{Chain, ChainError};
use ratio1_primitives::{
    api::{Assignment, NodeCall},
    refusal::CallRefusal,
    Hash, LicenseId, NodeId,
};

/// What a node's own calls need of the chain's state. Reads block for as long as a runtime call lasts.
pub trait JobsChain: Chain {
    /// The license that a node is linked to at a block, admitted or not.
    fn linked_license(&self, at: Hash, node: NodeId) -> Result<Option<LicenseId>, ChainError>;
    /// The slots a license is offered or serves at a block.
    fn assignments(&self, at: Hash, license: LicenseId) -> Result<Vec<Assignment>, ChainError>;
    /// The number of a license's next declaration at a block.
    fn next_declaration(&self, at: Hash, license: LicenseId) -> Result<u32, ChainError>;
}

/// Where a node's own calls go: the runtime builds the transaction, the node's pool spreads it.
#[async_trait]
pub trait CallSink: Send + Sync + 'static {
    /// Submit `call`, built on the state of block `at`. The transaction's hash.
    async fn submit_call(&self, at: Hash, call: NodeCall) -> Result<Hash, CallError>;
}

/// Why a call did not get into the pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The pallet refuses it.
    #[error("the chain refuses: {}: {}", .0.error, .0.docs)]
    Refused(CallRefusal),
    /// The runtime refuses it for a reason that this binary cannot name.
    #[error("the chain refuses: {0}")]
    Invalid(String),
    /// The very same is in the pool, or was a short while ago.
    #[error("the same was sent a short while ago: wait until it is in a block")]
    Waiting,
    /// The pool, or the runtime, does not work now.
    #[error("it could not be sent: {0}. Try again")]
    Unavailable(String),
}
