//! The chain, as far as every worker needs it.

use futures::stream::BoxStream;
use ratio1_primitives::Hash;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Its height.
    pub number: u32,
    /// Its hash.
    pub hash: Hash,
}

/// Why the chain could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The node does not know the block, or has pruned its state. Ask about a newer block.
    #[error("the state of block {0} is not available")]
    UnknownBlock(Hash),
    /// The runtime call failed: runtime and binary may not fit together. Update the binary.
    #[error("the runtime did not answer: {0}")]
    Runtime(String),
}

/// The heads of the chain. Extended by each worker with what it reads of the state; such reads block for as long as a
/// runtime call lasts, so workers make them on blocking threads.
pub trait Chain: Send + Sync + 'static {
    /// Hash of block 0.
    fn genesis(&self) -> Hash;
    /// The finalised head.
    fn finalised(&self) -> BlockRef;
    /// The best block.
    fn best(&self) -> BlockRef;
    /// Hash of the finalised block at a height; `None` above the finalised head.
    fn finalised_hash(&self, number: u32) -> Option<Hash>;
    /// Whether the node is far behind its peers.
    fn is_syncing(&self) -> bool;
    /// Finalised blocks from now on; may skip heights. Ends when the node shuts down.
    fn finalised_blocks(&self) -> BoxStream<'static, BlockRef>;
    /// Best blocks from now on; may skip heights. Ends when the node shuts down.
    fn best_blocks(&self) -> BoxStream<'static, BlockRef>;
}
