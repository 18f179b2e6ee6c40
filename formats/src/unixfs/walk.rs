//! All blocks under a root, whatever they are: for pins, for archives, and for walks that see whether
//! somebody still has them.

use super::{dag, Limits, NodeError, ReadError, Step, Traversal};
use crate::{
    block::{Block, Codec, Compact},
    unixfs::read::{Frames, Want},
};
use cid::Cid;
use std::collections::HashSet;

/// The CIDs that a block links to, in order, as often as they occur. A leaf has none.
pub fn links(block: &Block) -> Result<Vec<Cid>, NodeError> {
    match block.codec() {
        Codec::Raw => Ok(Vec::new()),
        Codec::DagPb => Ok(dag::decode(block.bytes())?.links.into_iter().map(|link| link.cid).collect()),
    }
}

/// What a walk has been given. It decides what is counted, and that no node is gone through twice.
pub trait Seen {
    /// Notes a CID, of either version. Whether it was not noted before.
    fn note(&mut self, cid: &Cid) -> bool;
}

/// What a walk has been given, in memory: some 50 bytes for each block.
#[derive(Default)]
pub struct InMemory(HashSet<Compact>);

impl Seen for InMemory {
    fn note(&mut self, cid: &Cid) -> bool {
        // What is not followed is never given, so nothing is lost of it.
        Compact::new(cid).is_ok_and(|cid| self.0.insert(cid.whatever_version()))
    }
}

/// Gives every block under a root once, each before those that it links to, and in the order of
/// links. Its bounds are for what is distinct: [`Limits::bytes`] is the sum of the sizes of all
/// blocks, each counted once, which [`Self::bytes`] tells.
pub struct Walk<S = InMemory> {
    frames: Frames<()>,
    seen: S,
    ready: Option<Block>,
    bytes: u64,
}

impl Walk<InMemory> {
    /// A walk that remembers blocks in memory.
    pub fn new(root: Cid, limits: Limits) -> Result<Self, ReadError> {
        Self::remembering(root, limits, InMemory::default())
    }
}

impl<S: Seen> Walk<S> {
    /// A walk that remembers blocks in something else: of a terabyte there are a million.
    pub fn remembering(root: Cid, limits: Limits, mut seen: S) -> Result<Self, ReadError> {
        let want = Want::new(&root, ())?;
        seen.note(&root);
        Ok(Self { frames: Frames::new(want, limits), seen, ready: None, bytes: 0 })
    }

    /// Bytes of the blocks so far, each counted once.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    fn read(&mut self, want: &Want<()>, block: &Block) -> Result<(), ReadError> {
        self.frames.count(block)?;
        let links = links(block).map_err(|source| ReadError::Node { cid: Box::new(*block.cid()), source })?;
        let links = links.iter().map(|cid| Want::new(cid, ())).collect::<Result<_, _>>()?;
        self.frames.descend(want, links)?;
        self.bytes = self.bytes.saturating_add(block.len());
        self.ready = Some(block.clone());
        Ok(())
    }
}

impl<S: Seen> Traversal for Walk<S> {
    type Item = Block;

    fn step(&mut self) -> Result<Step<Block>, ReadError> {
        self.frames.check()?;
        if let Some(block) = self.ready.take() {
            return Ok(Step::Item(block));
        }
        let Self { frames, seen, .. } = self;
        frames.advance(|next| !seen.note(&next.cid.cid()));
        Ok(frames.step())
    }

    fn give(&mut self, block: Block) -> Result<(), ReadError> {
        let want = self.frames.take(&block)?;
        let read = self.read(&want, &block);
        self.frames.settle(read)
    }

    fn upcoming(&self, most: usize) -> Vec<Cid> {
        self.frames.upcoming(most, |_| false)
    }
}
