//! Collection: what no pin reaches, and no lease relies on, is removed.
//!
//! Marks are kept in the index, so that marking needs no memory for itself. The sweep holds the lock of one shard for a
//! few files at a time: whoever puts a block there waits that long at most.

use super::{
    key::{Key, Named},
    walk::{Links, Visitor},
    Codec, Inner, Lost, StoreError,
};
use std::{collections::BTreeMap, io};

/// Files that are removed under one lock.
const STEP: usize = 16;
/// Lost blocks that are remembered for `status`.
const MAX_LOST: usize = 4096;

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Pins that had ended.
    pub expired: usize,
    /// Distinct roots that were walked.
    pub roots: u64,
    /// Blocks that were removed.
    pub removed: u64,
    /// Bytes in them.
    pub freed: u64,
    /// Blocks whose files could not be removed. They are tried again by the next collection.
    pub failed: u64,
    /// Whether it was stopped before its end.
    pub is_stopped: bool,
}

impl Inner {
    pub(super) fn collect(&self, links: &dyn Links, stop: &dyn Fn() -> bool) -> Result<Collected, StoreError> {
        let _one_at_a_time = self.collecting.lock();
        self.pins.lock().check_whole()?;
        let mut report = Collected { expired: self.expire(), ..Default::default() };
        // In this order. Whoever is pinning has a lease: if that is seen here, what it touched is left alone; if it has
        // ended, its pin is in the list; if it begins later, what it touches is too young.
        let (collection, oldest) = self.leases.begin_collection();
        let roots = self.pins.lock().roots();
        let mut mark = Mark { inner: self, collection, lost: BTreeMap::new(), root: None };
        for (key, codec) in roots {
            if stop() {
                return Ok(Collected { is_stopped: true, ..report });
            }
            let root = Named { key, codec };
            mark.root = Some(root);
            self.walk(&root, links, &mut mark)?;
            report.roots = report.roots.saturating_add(1);
        }
        let lost = mark.lost;
        let held_up = lost
            .iter()
            .find(|(node, _)| node.codec == Codec::DagPb)
            .map(|(node, root)| StoreError::HeldUp { root: Box::new(root.cid()), cid: Box::new(node.cid()) });
        self.remember_lost(lost.into_iter().map(|(block, root)| (block, vec![root])).collect());
        // Below a lost node there may be anything.
        held_up.map_or(Ok(()), Err)?;
        for shard in 0..=u8::MAX {
            let mut may_be_more = true;
            while may_be_more {
                if stop() {
                    return Ok(Collected { is_stopped: true, ..report });
                }
                may_be_more = self.sweep(shard, collection, oldest, &mut report);
            }
        }
        self.restore_reserve();
        Ok(report)
    }

    /// Remove a few blocks of a shard; whether there may be more.
    fn sweep(&self, shard: u8, collection: u32, oldest: u32, report: &mut Collected) -> bool {
        let mut shard = self.index.shard_at(shard);
        let is_garbage = |entry: &super::index::Entry| !entry.is_marked(collection) && entry.generation < oldest;
        let garbage: Vec<(Key, u32)> = shard
            .entries
            .iter()
            .filter(|(_, entry)| is_garbage(entry))
            .map(|(key, entry)| (*key, entry.len))
            .take(STEP)
            .collect();
        for (key, len) in &garbage {
            let path = self.path_of(key);
            match self.files.remove(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(target: "r1fs", block = ?key, %error, "a block could not be removed");
                    report.failed = report.failed.saturating_add(1);
                    // Or this collection would try for ever.
                    if let Some(entry) = shard.entries.get_mut(key) {
                        entry.mark(collection, Codec::Raw);
                    }
                }
                _ => {
                    self.index.remove(&mut shard, key);
                    report.removed = report.removed.saturating_add(1);
                    report.freed = report.freed.saturating_add(u64::from(*len));
                }
            }
        }
        garbage.len() == STEP
    }

    /// Walk every pin by itself, and tell what is missing below which of them. Reads the blocks that have links, and
    /// looks whether the others are there: it is the scrubber that reads those.
    pub(super) fn survey(&self, links: &dyn Links) -> Result<Vec<Lost>, StoreError> {
        let roots = self.pins.lock().roots();
        let mut lost = BTreeMap::<Named, Vec<Named>>::new();
        for (key, codec) in roots {
            let root = Named { key, codec };
            let mut survey = Survey { inner: self, seen: BTreeMap::new(), lost: Vec::new() };
            self.walk(&root, links, &mut survey)?;
            survey.lost.into_iter().for_each(|block| lost.entry(block).or_default().push(root));
        }
        self.remember_lost(lost);
        Ok(self.lost.lock().clone())
    }

    fn remember_lost(&self, lost: BTreeMap<Named, Vec<Named>>) {
        let told = |(block, roots): (Named, Vec<Named>)| Lost {
            cid: block.cid(),
            roots: roots.iter().map(Named::cid).collect(),
        };
        *self.lost.lock() = lost.into_iter().take(MAX_LOST).map(told).collect();
    }
}

/// Marks what it meets.
struct Mark<'a> {
    inner: &'a Inner,
    collection: u32,
    /// What is lost, and below which root it was met first.
    lost: BTreeMap<Named, Named>,
    root: Option<Named>,
}

impl Mark<'_> {
    fn lose(&mut self, block: &Named) {
        let root = self.root.unwrap_or(*block);
        self.lost.entry(*block).or_insert(root);
    }
}

impl Visitor for Mark<'_> {
    fn visit(&mut self, block: &Named, _: u32) -> Result<bool, StoreError> {
        let marked = self.inner.index.with(&block.key, |entry| entry.mark(self.collection, block.codec));
        if marked.is_none() {
            self.lose(block);
        }
        Ok(marked.unwrap_or(false))
    }

    fn stuck(&mut self, node: &Named, why: StoreError) -> Result<(), StoreError> {
        tracing::warn!(target: "r1fs", node = %node.cid(), %why, "what is below a pinned block is not known");
        self.lose(node);
        Ok(())
    }
}

/// Looks for what is missing below one root.
struct Survey<'a> {
    inner: &'a Inner,
    seen: BTreeMap<Key, Codec>,
    lost: Vec<Named>,
}

impl Visitor for Survey<'_> {
    fn visit(&mut self, block: &Named, _: u32) -> Result<bool, StoreError> {
        let (is_new, is_news) = super::pinning::note_seen(&mut self.seen, block);
        let is_there = self.inner.index.contains(&block.key);
        if is_new && !is_there {
            self.lost.push(*block);
        }
        Ok(is_news && is_there)
    }

    fn stuck(&mut self, node: &Named, _: StoreError) -> Result<(), StoreError> {
        self.lost.push(*node);
        Ok(())
    }
}
