//! What decides about a CID besides the content.

use crate::block::MAX_BLOCK;

/// How content is cut into blocks. Everything else is the same for all: CIDv1, sha2-256, raw leaves,
/// a balanced tree, shards of 256 by murmur3, no mode and no time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    pub(crate) chunk: usize,
    pub(crate) width: usize,
    pub(crate) shard_above: usize,
}

/// Why there is no such profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// Chunks of nothing, or larger than a block.
    #[error("chunks of {0} bytes; give 1 to {MAX_BLOCK}")]
    Chunk(usize),
    /// A node of one link, which would never end, or one that a block cannot hold.
    #[error("{0} links of a node; give 2 to {}", Profile::MAX_WIDTH)]
    Width(usize),
    /// A directory that a block cannot hold.
    #[error("directories of up to {0} bytes in one block; give {MAX_BLOCK} at most")]
    ShardAbove(usize),
}

impl Profile {
    /// `unixfs-v1-2025`: chunks of 1 MiB, 1024 links, and shards where the block of a directory
    /// would have more than 256 KiB.
    pub const V1_2025: Self = Self { chunk: 1024 * 1024, width: 1024, shard_above: 256 * 1024 };

    /// Links of a node: of 64 bytes and less, so that they are within half a block.
    pub const MAX_WIDTH: usize = 16 * 1024;

    /// A profile of one's own: bytes of a chunk, links of a node, and how many bytes the block of a
    /// directory has at most.
    pub const fn new(chunk: usize, width: usize, shard_above: usize) -> Result<Self, ProfileError> {
        if chunk == 0 || chunk > MAX_BLOCK {
            return Err(ProfileError::Chunk(chunk));
        }
        if width < 2 || width > Self::MAX_WIDTH {
            return Err(ProfileError::Width(width));
        }
        if shard_above > MAX_BLOCK {
            return Err(ProfileError::ShardAbove(shard_above));
        }
        Ok(Self { chunk, width, shard_above })
    }

    /// Bytes of a chunk.
    pub const fn chunk(&self) -> usize {
        self.chunk
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::V1_2025
    }
}
