//! Pinning: everything below a root is looked at, charged, synced, and then recorded.

use super::{
    index::{on_disk, Shard},
    key::{Key, Named},
    lease::Lease,
    pins::{Bounds, Extent, Pin, PinOrder},
    walk::{Links, Visitor, MAX_DEPTH},
    Codec, Inner, Label, StoreError,
};
use cid::Cid;
use std::{
    collections::{btree_map, BTreeMap},
    io,
};

/// How often blocks may be set aside and put again while they are being synced.
const ATTEMPTS: usize = 8;

impl Inner {
    pub(super) fn pin(&self, lease: &Lease, root: &Cid, order: PinOrder, links: &dyn Links) -> Result<Pin, StoreError> {
        let named = Named::by(root)?;
        let now = self.clock.unix_seconds();
        if let Some(expires) = order.expires.filter(|expires| *expires <= now) {
            return Err(StoreError::Expired { expires, now });
        }
        let mut reach = Reach::new(lease, &named, order.bounds);
        self.walk(&named, links, &mut reach)?;
        let (extent, seen) = (reach.extent, reach.seen);
        // Of two pins of an owner at a time, one could not know of the other what it will be charged.
        let _one_at_a_time = order.quota.map(|_| self.charging.lock());
        if let Some(quota) = order.quota {
            self.check_quota(&named, &order.owner, extent, quota, links)?;
        }
        self.make_durable(&seen)?;
        let PinOrder { owner, reason, expires, .. } = order;
        let pin = Pin { root: named.cid(), owner, reason, extent, since: now, expires };
        self.pins.lock().add(pin.clone())?;
        Ok(pin)
    }

    /// Whether an owner's pins are within its quota, with this one.
    fn check_quota(
        &self,
        root: &Named,
        owner: &Label,
        extent: Extent,
        quota: u64,
        links: &dyn Links,
    ) -> Result<(), StoreError> {
        let now = self.clock.unix_seconds();
        let pins: Vec<Pin> = self.pins.lock().of(owner, now).cloned().collect();
        // What no two of them share. Looking at all blocks is needed only where this is too much.
        let at_most = pins.iter().fold(extent.disk, |sum, pin| sum.saturating_add(pin.extent.disk));
        if at_most <= quota {
            return Ok(());
        }
        let mut usage = Usage::new(self, owner, Some(quota));
        self.walk(root, links, &mut usage)?;
        pins.iter().try_for_each(|pin| self.walk(&pin.named()?, links, &mut usage))
    }

    /// What an owner's pins occupy, each distinct block counted once.
    pub(super) fn usage(&self, owner: &Label, links: &dyn Links) -> Result<Extent, StoreError> {
        let now = self.clock.unix_seconds();
        let pins: Vec<Pin> = self.pins.lock().of(owner, now).cloned().collect();
        let mut usage = Usage::new(self, owner, None);
        pins.iter().try_for_each(|pin| self.walk(&pin.named()?, links, &mut usage))?;
        Ok(usage.extent)
    }

    /// Have blocks and their names on the disk. A lease must have touched them.
    pub(super) fn make_durable(&self, blocks: &BTreeMap<Key, Codec>) -> Result<(), StoreError> {
        // Keys are in the order of their shards.
        let mut rest: Vec<&Key> = blocks.keys().collect();
        while let Some(shard) = rest.last().map(|key| key.shard()) {
            let begin = rest.partition_point(|key| key.shard() < shard);
            let keys = rest.split_off(begin);
            self.make_shard_durable(shard, &keys, blocks)?;
        }
        Ok(())
    }

    fn make_shard_durable(&self, shard: u8, keys: &[&Key], blocks: &BTreeMap<Key, Codec>) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let state = Unsynced::of(&self.index.shard_at(shard), keys, blocks)?;
            state.files.iter().try_for_each(|key| self.sync_block(key))?;
            if state.is_folder {
                let folder = self.layout.shard(shard);
                self.files.sync_folder(&folder).map_err(|error| StoreError::io(&folder, error))?;
            }
            if state.note(&mut self.index.shard_at(shard)) {
                return Ok(());
            }
        }
        keys.first().map_or(Ok(()), |key| Err(StoreError::missing(key.cid(Codec::Raw))))
    }

    fn sync_block(&self, key: &Key) -> Result<(), StoreError> {
        let path = self.path_of(key);
        self.files.sync_file(&path).map_err(|error| {
            self.distrust(key);
            match error.kind() {
                io::ErrorKind::NotFound => StoreError::missing(key.cid(Codec::Raw)),
                _ => StoreError::io(&path, error),
            }
        })
    }
}

/// What of a shard is not known to be on the disk.
struct Unsynced {
    files: Vec<Key>,
    is_folder: bool,
    /// The shard's counters when this was read.
    renamed: u64,
    taken: u64,
}

impl Unsynced {
    /// Of these blocks, all of which must be there.
    fn of(shard: &Shard, keys: &[&Key], blocks: &BTreeMap<Key, Codec>) -> Result<Self, StoreError> {
        let mut files = Vec::new();
        for key in keys {
            let kind = blocks.get(key).copied().unwrap_or(Codec::Raw);
            let entry = shard.entries.get(key).ok_or_else(|| StoreError::missing(key.cid(kind)))?;
            if !entry.synced {
                files.push(**key);
            }
        }
        let is_folder = shard.synced < shard.renamed;
        Ok(Self { files, is_folder, renamed: shard.renamed, taken: shard.taken })
    }

    /// Note that it is synced now. `false` if a file was set aside meanwhile: another one may have its name by now,
    /// and nothing is known. (Collection takes none of these: a lease touched them.)
    fn note(&self, shard: &mut Shard) -> bool {
        if shard.taken != self.taken {
            return false;
        }
        for key in &self.files {
            if let Some(entry) = shard.entries.get_mut(key) {
                entry.synced = true;
            }
        }
        shard.synced = shard.synced.max(self.renamed);
        true
    }
}

/// Looks at everything that a pin is to keep: all of it must be there and whole.
struct Reach<'a> {
    lease: &'a Lease,
    root: Cid,
    bounds: Bounds,
    extent: Extent,
    seen: BTreeMap<Key, Codec>,
}

impl<'a> Reach<'a> {
    fn new(lease: &'a Lease, root: &Named, bounds: Bounds) -> Self {
        Self { lease, root: root.cid(), bounds, extent: Extent::default(), seen: BTreeMap::new() }
    }

    fn count(&mut self, len: u32) -> Result<(), StoreError> {
        count(&mut self.extent, len);
        let root = || Box::new(self.root);
        if self.extent.blocks > self.bounds.blocks {
            return Err(StoreError::TooManyBlocks { root: root(), max: self.bounds.blocks });
        }
        if self.extent.bytes > self.bounds.bytes {
            return Err(StoreError::TooManyBytes { root: root(), max: self.bounds.bytes });
        }
        Ok(())
    }
}

impl Visitor for Reach<'_> {
    fn visit(&mut self, block: &Named, depth: u32) -> Result<bool, StoreError> {
        if depth > MAX_DEPTH {
            return Err(StoreError::TooDeep { root: Box::new(self.root), max: MAX_DEPTH });
        }
        let (is_new, is_news) = note_seen(&mut self.seen, block);
        if is_new {
            // First touched, so that it cannot be collected, then looked at.
            let len = self.lease.touch(&block.key).ok_or_else(|| StoreError::missing(block.cid()))?;
            self.count(len)?;
            // A node is verified when its links are read.
            if block.codec == Codec::Raw && !self.lease.inner().verified(&block.key)? {
                return Err(StoreError::missing(block.cid()));
            }
        }
        Ok(is_news)
    }

    fn stuck(&mut self, _: &Named, why: StoreError) -> Result<(), StoreError> {
        Err(why)
    }
}

/// Adds up what an owner's pins occupy.
struct Usage<'a> {
    inner: &'a Inner,
    owner: &'a Label,
    quota: Option<u64>,
    extent: Extent,
    seen: BTreeMap<Key, Codec>,
}

impl<'a> Usage<'a> {
    fn new(inner: &'a Inner, owner: &'a Label, quota: Option<u64>) -> Self {
        Self { inner, owner, quota, extent: Extent::default(), seen: BTreeMap::new() }
    }
}

impl Visitor for Usage<'_> {
    fn visit(&mut self, block: &Named, _: u32) -> Result<bool, StoreError> {
        let (is_new, is_news) = note_seen(&mut self.seen, block);
        // What is lost occupies nothing.
        if let (true, Some(len)) = (is_new, self.inner.index.with(&block.key, |entry| entry.len)) {
            count(&mut self.extent, len);
        }
        match self.quota.filter(|quota| self.extent.disk > *quota) {
            Some(quota) => {
                let needed = self.extent.disk;
                Err(StoreError::QuotaReached { owner: self.owner.clone(), quota, needed })
            }
            None => Ok(is_news),
        }
    }

    fn stuck(&mut self, _: &Named, _: StoreError) -> Result<(), StoreError> {
        Ok(())
    }
}

fn count(extent: &mut Extent, len: u32) {
    extent.blocks = extent.blocks.saturating_add(1);
    extent.bytes = extent.bytes.saturating_add(len.into());
    extent.disk = extent.disk.saturating_add(on_disk(len.into()));
}

/// Note that a walk met a block: whether it is new, and whether its links may have to be followed now. A leaf that
/// turns out to be a node as well is not new.
pub(super) fn note_seen(seen: &mut BTreeMap<Key, Codec>, block: &Named) -> (bool, bool) {
    match seen.entry(block.key) {
        btree_map::Entry::Vacant(entry) => {
            entry.insert(block.codec);
            (true, true)
        }
        btree_map::Entry::Occupied(mut entry) => {
            let is_news = *entry.get() < block.codec;
            if is_news {
                entry.insert(block.codec);
            }
            (false, is_news)
        }
    }
}
