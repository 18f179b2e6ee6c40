//! How much a reader does at most.

/// Bounds of one traversal. Whoever asks says how much content they want; the rest follows from it
/// and may be set as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of blocks. A walk counts each block once; readers, which remember nothing, count a
    /// block as often as they are given it.
    pub bytes: u64,
    /// Blocks, counted in the same way. Without it a great many tiny blocks would cost more
    /// than their bytes do.
    pub blocks: u64,
    /// Bytes of content that a reader of files gives out.
    pub size: u64,
    /// Nodes above one another.
    pub depth: usize,
    /// Links that are remembered at one time: of the nodes above the place where a traversal is.
    pub links: usize,
}

impl Limits {
    /// Nodes above one another. A file of the default profile has four at 1 PiB.
    pub const DEPTH: usize = 64;
    /// Links that are remembered at one time: some 10 MiB of them.
    pub const LINKS: usize = 1 << 18;

    /// Bounds for so many bytes of blocks, and of content.
    pub const fn new(bytes: u64, size: u64) -> Self {
        // Trees of small files have many small blocks, and a chunk has 256 bytes at the least in practice.
        let blocks = (bytes >> 8).saturating_add(1 << 16);
        Self { bytes, blocks, size, depth: Self::DEPTH, links: Self::LINKS }
    }
}
