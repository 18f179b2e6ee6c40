//! Leases: what an operation in progress has put or touched is not collected before it ends.
//!
//! Every collection begins a *generation*. A lease remembers the generation in which it began; a block that is put or
//! touched under a lease is stamped with the one that runs, under the lock of the block's shard, in which collection
//! deletes too. A collection leaves every block alone that is as young as itself or as the oldest lease that lives when
//! it begins.
//!
//! The running generation, and not the lease's own: a block that was damaged, and is put again under an old lease, is
//! as good for those that began later and rely on it.

use super::{
    blocks::Put,
    key::{Key, Named},
    pins::PinOrder,
    walk::Links,
    Inner, Pin, StoreError,
};
use bytes::Bytes;
use cid::Cid;
use parking_lot::Mutex;
use ratio1_formats::block::{check_size, BlockError, Codec};
use std::{
    collections::BTreeMap,
    sync::{
        atomic::{
            AtomicU32, AtomicU64,
            Ordering::{Relaxed, SeqCst},
        },
        Arc,
    },
};

/// The leases that live, and the generation that runs.
#[derive(Debug)]
pub(super) struct Leases {
    /// Blocks that were there at start are of generation 0, before all leases.
    generation: AtomicU32,
    /// How many leases live, by generation.
    live: Mutex<BTreeMap<u32, usize>>,
}

impl Leases {
    pub fn new() -> Self {
        Self { generation: AtomicU32::new(1), live: Mutex::default() }
    }

    /// The generation that runs.
    fn generation(&self) -> u32 {
        self.generation.load(SeqCst)
    }

    fn begin(&self) -> u32 {
        let mut live = self.live.lock();
        let generation = self.generation();
        let count = live.entry(generation).or_default();
        *count = count.saturating_add(1);
        generation
    }

    fn end(&self, generation: u32) {
        let mut live = self.live.lock();
        if let Some(count) = live.get_mut(&generation) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                live.remove(&generation);
            }
        }
    }

    /// Begin a collection: its generation, and the first generation that it must leave alone.
    pub fn begin_collection(&self) -> (u32, u32) {
        let live = self.live.lock();
        let generation = self.generation().saturating_add(1);
        self.generation.store(generation, SeqCst);
        (generation, live.keys().next().copied().unwrap_or(generation))
    }

    /// How many leases live.
    pub fn count(&self) -> usize {
        self.live.lock().values().sum()
    }
}

/// An operation in progress: an add, a fetch, a walk. Everything it puts or touches stays until it is dropped.
pub struct Lease {
    inner: Arc<Inner>,
    generation: u32,
    /// How many bytes it may write, and how many it has.
    budget: Option<u64>,
    written: AtomicU64,
}

impl Lease {
    pub(super) fn begin(inner: Arc<Inner>, budget: Option<u64>) -> Self {
        let generation = inner.leases.begin();
        Self { inner, generation, budget, written: AtomicU64::new(0) }
    }

    /// Store a block that was received as `cid`, if these are its bytes.
    pub fn put(&self, cid: &Cid, bytes: &[u8]) -> Result<Put, StoreError> {
        let refused = |source| StoreError::Block { cid: Box::new(*cid), source };
        let named = Named::by(cid)?;
        check_size(bytes).map_err(refused)?;
        if !named.key.fits(bytes) {
            return Err(refused(BlockError::Mismatch { cid: Box::new(*cid) }));
        }
        self.store(&named, bytes)
    }

    /// Store a block that was made here, and name it. Its bytes are hashed once; [`put`](Self::put) would do it again.
    pub fn add(&self, codec: Codec, bytes: &[u8]) -> Result<Cid, StoreError> {
        let named = Named { key: Key::of(bytes), codec };
        check_size(bytes).map_err(|source| StoreError::Block { cid: Box::new(named.cid()), source })?;
        self.store(&named, bytes)?;
        Ok(named.cid())
    }

    fn store(&self, named: &Named, bytes: &[u8]) -> Result<Put, StoreError> {
        self.inner.put(named, bytes, self.inner.leases.generation(), |len| self.spend(super::index::on_disk(len)))
    }

    /// Count what is about to be written. What then fails stays counted: trying again costs too.
    fn spend(&self, room: u64) -> Result<(), StoreError> {
        let Some(budget) = self.budget else { return Ok(()) };
        let more = |written: u64| written.checked_add(room).filter(|written| *written <= budget);
        match self.written.fetch_update(Relaxed, Relaxed, more) {
            Ok(_) => Ok(()),
            Err(_) => Err(StoreError::BudgetSpent { budget }),
        }
    }

    /// A block's content, if it is there and whole; it stays until the lease ends.
    pub fn get(&self, cid: &Cid) -> Result<Option<Bytes>, StoreError> {
        let named = Named::by(cid)?;
        self.touch(&named.key);
        self.inner.read(&named.key)
    }

    /// Whether a block is there and whole; it stays until the lease ends.
    pub fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        let named = Named::by(cid)?;
        self.touch(&named.key);
        self.inner.verified(&named.key)
    }

    /// Keep a block until the lease ends; its length, if it is there.
    pub(super) fn touch(&self, key: &Key) -> Option<u32> {
        let generation = self.inner.leases.generation();
        self.inner.index.with(key, |entry| {
            entry.renew(generation);
            entry.len
        })
    }

    /// Keep everything below `root` until it is unpinned, or until the order says. Who pins the same root again as the
    /// same owner for the same reason replaces that pin.
    ///
    /// All of it must be there. When this returns, the blocks, their names and the pin itself are on the disk.
    pub fn pin(&self, root: &Cid, order: PinOrder, links: &dyn Links) -> Result<Pin, StoreError> {
        self.inner.pin(self, root, order, links)
    }

    /// Have blocks on the disk that were put: for who puts back what a pin had lost. [`pin`](Self::pin) does it by itself.
    pub fn sync(&self, cids: &[Cid]) -> Result<(), StoreError> {
        let named = cids.iter().map(Named::by).collect::<Result<Vec<_>, _>>()?;
        named.iter().for_each(|named| {
            self.touch(&named.key);
        });
        self.inner.make_durable(&named.iter().map(|named| (named.key, named.codec)).collect())
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.inner.leases.end(self.generation);
    }
}
