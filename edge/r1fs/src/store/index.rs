//! What is stored, in memory: a key, a length and a few marks for each block, in shards as the files are.

use super::{key::Key, Codec};
use parking_lot::{Mutex, MutexGuard};
use std::{
    array,
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

/// Folders of blocks.
const SHARDS: usize = 256;
/// What a file system gives to a file at least.
const UNIT: u64 = 4096;

/// What a block of `len` bytes takes on the disk, as quotas and the limit count it. An empty file has its inode too.
pub(super) fn on_disk(len: u64) -> u64 {
    len.max(1).div_ceil(UNIT).saturating_mul(UNIT)
}

/// What is known of a block. Small: there may be millions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub len: u32,
    /// The generation in which a lease put or touched it last.
    pub generation: u32,
    /// The collection that reached it last.
    marked_by: u32,
    /// Whether that reached it as a node.
    marked_as_node: bool,
    /// Whether its content was written or verified since the store was opened.
    pub checked: bool,
    /// Whether its content is known to be on the disk.
    pub synced: bool,
}

impl Entry {
    /// Of a file that was found at start.
    pub fn found(len: u32) -> Self {
        Self { len, generation: 0, marked_by: 0, marked_as_node: false, checked: false, synced: false }
    }

    /// Of a block that was just written.
    pub fn written(len: u32, generation: u32) -> Self {
        Self { generation, checked: true, ..Self::found(len) }
    }

    /// Note that a lease relies on it.
    pub fn renew(&mut self, generation: u32) {
        self.generation = self.generation.max(generation);
    }

    /// Whether `collection` reached it.
    pub fn is_marked(&self, collection: u32) -> bool {
        self.marked_by == collection
    }

    /// Note that `collection` reached it; whether that is news. A leaf that turns out to be a node as well is news:
    /// its links were not followed yet.
    pub fn mark(&mut self, collection: u32, kind: Codec) -> bool {
        let is_node = kind == Codec::DagPb;
        let is_news = self.marked_by != collection || (is_node && !self.marked_as_node);
        self.marked_as_node = is_node || (self.marked_by == collection && self.marked_as_node);
        self.marked_by = collection;
        is_news
    }
}

/// The blocks of one folder. Its lock is the one in which a put renews a generation and collection deletes.
#[derive(Default)]
pub(super) struct Shard {
    pub entries: HashMap<Key, Entry>,
    /// How many files were renamed into the folder, and how many of these names are known to be on the disk.
    pub renamed: u64,
    pub synced: u64,
    /// How often a file was set aside, so that another one may have its name.
    pub taken: u64,
}

/// All blocks.
pub(super) struct Index {
    shards: Box<[Mutex<Shard>; SHARDS]>,
    blocks: AtomicU64,
    bytes: AtomicU64,
    /// What is occupied and reserved.
    disk: AtomicU64,
}

impl Index {
    /// An empty one. The names in the folders count as not synced: who had them open before may have been killed.
    pub fn new() -> Self {
        let shard = |_| Mutex::new(Shard { renamed: 1, ..Shard::default() });
        Self {
            shards: Box::new(array::from_fn(shard)),
            blocks: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            disk: AtomicU64::new(0),
        }
    }

    /// The locked shard of a block.
    pub fn shard(&self, key: &Key) -> MutexGuard<'_, Shard> {
        self.shard_at(key.shard())
    }

    /// A locked shard.
    pub fn shard_at(&self, shard: u8) -> MutexGuard<'_, Shard> {
        let [first, ..] = &*self.shards;
        // There are as many shards as a byte has values.
        self.shards.get(usize::from(shard)).unwrap_or(first).lock()
    }

    /// Read or change what is known of a block.
    pub fn with<T>(&self, key: &Key, act: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        self.shard(key).entries.get_mut(key).map(act)
    }

    /// Whether a block is there; not whether its file is whole.
    pub fn contains(&self, key: &Key) -> bool {
        self.shard(key).entries.contains_key(key)
    }

    /// Reserve the room of a block of `len` bytes; whether it is within `max`.
    pub fn reserve(&self, len: u32, max: u64) -> bool {
        let room = on_disk(len.into());
        let more = |disk: u64| disk.checked_add(room).filter(|disk| *disk <= max);
        self.disk.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    /// Give back what was reserved for a block that is not stored.
    pub fn unreserve(&self, len: u32) {
        self.disk.fetch_sub(on_disk(len.into()), Relaxed);
    }

    /// Add a block for which room is reserved.
    pub fn insert(&self, shard: &mut Shard, key: Key, entry: Entry) {
        shard.renamed = shard.renamed.saturating_add(1);
        shard.entries.insert(key, entry);
        self.blocks.fetch_add(1, Relaxed);
        self.bytes.fetch_add(entry.len.into(), Relaxed);
    }

    /// Forget a block.
    pub fn remove(&self, shard: &mut Shard, key: &Key) {
        if let Some(entry) = shard.entries.remove(key) {
            self.blocks.fetch_sub(1, Relaxed);
            self.bytes.fetch_sub(entry.len.into(), Relaxed);
            self.unreserve(entry.len);
        }
    }

    /// How many blocks and bytes there are, and what they occupy on the disk, with what is reserved.
    pub fn totals(&self) -> (u64, u64, u64) {
        (self.blocks.load(Relaxed), self.bytes.load(Relaxed), self.disk.load(Relaxed))
    }
}
