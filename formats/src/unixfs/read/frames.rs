//! What all traversals share: the block that is wanted, the nodes above it, and what both may cost.

use super::{ReadError, Step};
use crate::{
    block::{Block, BlockError, Compact},
    unixfs::Limits,
};
use cid::Cid;

/// A block that is wanted, with what the traversal knows of it.
#[derive(Clone, Copy)]
pub(crate) struct Want<K> {
    pub(crate) cid: Compact,
    /// Nodes above it.
    depth: u16,
    pub(crate) known: K,
}

impl<K> Want<K> {
    pub(crate) fn new(cid: &Cid, known: K) -> Result<Self, BlockError> {
        Ok(Self { cid: Compact::new(cid)?, depth: 0, known })
    }
}

/// A stack of nodes, each with those of its links that were not followed yet.
pub(crate) struct Frames<K> {
    limits: Limits,
    bytes: u64,
    blocks: u64,
    links: usize,
    /// Links in reverse, so that the next one is the last.
    stack: Vec<Vec<Want<K>>>,
    want: Option<Want<K>>,
    has_failed: bool,
}

impl<K: Copy> Frames<K> {
    pub(crate) fn new(root: Want<K>, limits: Limits) -> Self {
        Self { limits, bytes: 0, blocks: 0, links: 0, stack: Vec::new(), want: Some(root), has_failed: false }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The block that is wanted.
    pub(crate) fn wanted(&self) -> Option<&Want<K>> {
        self.want.as_ref()
    }

    /// Wants a block that is none of the links of those before: [`super::Resolver`] remembers no others.
    pub(crate) fn want(&mut self, next: Want<K>) {
        self.want = Some(next);
    }

    /// Wants nothing.
    pub(crate) fn forget(&mut self) {
        self.want = None;
    }

    /// Wants the next link that is not to be passed over.
    pub(crate) fn advance(&mut self, mut passes: impl FnMut(&Want<K>) -> bool) {
        while self.want.is_none() {
            let Some(frame) = self.stack.last_mut() else { return };
            match frame.pop() {
                Some(next) => {
                    self.links = self.links.saturating_sub(1);
                    if !passes(&next) {
                        self.want = Some(next);
                    }
                }
                None => {
                    self.stack.pop();
                }
            }
        }
    }

    /// The end of a step: what is wanted, or that nothing is.
    pub(crate) fn step<T>(&self) -> Step<T> {
        self.want.as_ref().map_or(Step::Done, |want| Step::Want(want.cid.cid()))
    }

    pub(crate) fn check(&self) -> Result<(), ReadError> {
        if self.has_failed {
            return Err(ReadError::Failed);
        }
        Ok(())
    }

    /// Takes the block that is wanted, and counts it unless it costs nothing.
    pub(crate) fn take(&mut self, block: &Block) -> Result<Want<K>, ReadError> {
        self.check()?;
        match self.want {
            Some(want) if want.cid.whatever_version() == Compact::of(block).whatever_version() => {
                self.want = None;
                Ok(want)
            }
            _ => Err(ReadError::NotWanted { cid: Box::new(*block.cid()) }),
        }
    }

    /// A block counts.
    pub(crate) fn count(&mut self, block: &Block) -> Result<(), ReadError> {
        self.bytes = self.bytes.saturating_add(block.len());
        self.blocks = self.blocks.saturating_add(1);
        if self.bytes > self.limits.bytes {
            return Err(ReadError::TooManyBytes { limit: self.limits.bytes });
        }
        if self.blocks > self.limits.blocks {
            return Err(ReadError::TooManyBlocks { limit: self.limits.blocks });
        }
        Ok(())
    }

    /// The links of a block, which was wanted, are next.
    pub(crate) fn descend(&mut self, from: &Want<K>, mut links: Vec<Want<K>>) -> Result<(), ReadError> {
        if links.is_empty() {
            return Ok(());
        }
        let depth = from.depth.saturating_add(1);
        if usize::from(depth) >= self.limits.depth {
            return Err(ReadError::TooDeep { cid: Box::new(from.cid.cid()), limit: self.limits.depth });
        }
        // A node of which nothing is left takes no room.
        while self.stack.last().is_some_and(Vec::is_empty) {
            self.stack.pop();
        }
        self.links = self.links.saturating_add(links.len());
        if self.links > self.limits.links {
            return Err(ReadError::TooWide { cid: Box::new(from.cid.cid()), limit: self.limits.links });
        }
        links.iter_mut().for_each(|link| link.depth = depth);
        links.reverse();
        self.stack.push(links);
        Ok(())
    }

    /// After a block was read: what went wrong ends the traversal.
    pub(crate) fn settle(&mut self, result: Result<(), ReadError>) -> Result<(), ReadError> {
        self.has_failed |= result.is_err();
        result
    }

    /// The block that is wanted, and the links that are next, less those passed over.
    pub(crate) fn upcoming(&self, most: usize, mut passes: impl FnMut(&Want<K>) -> bool) -> Vec<Cid> {
        let next = self.stack.iter().rev().flat_map(|frame| frame.iter().rev()).filter(|next| !passes(next));
        self.want.iter().chain(next).take(most).map(|want| want.cid.cid()).collect()
    }
}
