//! The entries of a directory.

use super::{Frames, ReadError, Step, Traversal, Want};
use crate::{
    block::Block,
    unixfs::{hamt, Entry, Limits, Node, Shard, ShardLink},
};
use cid::Cid;
use std::vec;

/// Gives the entries of a directory, in the order of their names, or of their hashes if there are shards.
///
/// No name occurs twice: in one block they are compared, in shards a name has one place, and is refused at any other.
pub struct DirectoryReader {
    frames: Frames<Place>,
    ready: vec::IntoIter<Entry>,
}

/// Where a shard is: the bytes with which the hashes of its names begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    bytes: [u8; hamt::LEVELS],
    level: usize,
}

impl Place {
    /// The place of a shard at an index of this one, unless there is none deeper.
    pub(super) fn below(mut self, index: u8) -> Option<Self> {
        *self.bytes.get_mut(self.level)? = index;
        self.level = self.level.saturating_add(1);
        (self.level < hamt::LEVELS).then_some(self)
    }

    /// The index at which a name is in the shard here.
    pub(super) fn index(self, hash: [u8; hamt::LEVELS]) -> Option<u8> {
        hash.get(self.level).copied()
    }

    /// Whether a name belongs to an index of the shard here.
    fn holds(self, index: u8, name: &str) -> bool {
        let hash = hamt::hash(name);
        hash.get(..self.level) == self.bytes.get(..self.level) && self.index(hash) == Some(index)
    }
}

impl DirectoryReader {
    /// A reader of all entries.
    pub fn new(root: Cid, limits: Limits) -> Result<Self, ReadError> {
        let root = Want::new(&root, Place::default())?;
        Ok(Self { frames: Frames::new(root, limits), ready: Vec::new().into_iter() })
    }

    fn read(&mut self, want: &Want<Place>, block: &Block) -> Result<(), ReadError> {
        self.frames.count(block)?;
        let cid = || Box::new(*block.cid());
        match Node::decode(block).map_err(|source| ReadError::Node { cid: cid(), source })? {
            Node::Directory(entries) if want.known == Place::default() => {
                self.ready = entries.into_iter();
                Ok(())
            }
            Node::Shard(shard) => self.take(want, block, shard),
            Node::Directory(_) => Err(ReadError::Misplaced { cid: cid() }),
            other => Err(ReadError::NotADirectory { cid: cid(), kind: other.kind() }),
        }
    }

    fn take(&mut self, want: &Want<Place>, block: &Block, shard: Shard) -> Result<(), ReadError> {
        let misplaced = || ReadError::Misplaced { cid: Box::new(*block.cid()) };
        let mut entries = Vec::new();
        let mut shards = Vec::new();
        for (index, link) in shard.links {
            match link {
                ShardLink::Entry(entry) if want.known.holds(index, &entry.name) => entries.push(entry),
                ShardLink::Entry(_) => return Err(misplaced()),
                ShardLink::Shard(cid) => {
                    shards.push(Want::new(&cid, want.known.below(index).ok_or_else(misplaced)?)?);
                }
            }
        }
        self.ready = entries.into_iter();
        self.frames.descend(want, shards)
    }
}

impl Traversal for DirectoryReader {
    type Item = Entry;

    fn step(&mut self) -> Result<Step<Entry>, ReadError> {
        self.frames.check()?;
        if let Some(entry) = self.ready.next() {
            return Ok(Step::Item(entry));
        }
        self.frames.advance(|_| false);
        Ok(self.frames.step())
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
