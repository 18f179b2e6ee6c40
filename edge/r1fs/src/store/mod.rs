//! The store: blocks on the node's disk, and what keeps them there.
//!
//! # Overview
//!
//! ```text
//! format              which form all that follows has
//! lock                held by the process that has the store open
//! blocks/<2>/<64>     a block: the first byte of its sha2-256, and all of it, in hexadecimal digits
//! temporary/          blocks that are being written; emptied when the store is opened
//! damaged/            blocks that were damaged, a few of them
//! pins                the log of pins
//! reserve             room that is given up when something must be unpinned on a full disk
//! ```
//!
//! Everything is done under a [`Lease`], which an add, a fetch or a walk holds while it runs: [`Lease::put`] and
//! [`Lease::add`] store blocks, [`Lease::pin`] keeps what lies below a root. [`Store::collect`] removes what no pin
//! reaches, [`Store::scrub`] reads everything now and then.
//!
//! The interface blocks, since a disk does; callers in async code use `spawn_blocking`. [`Store`] is a handle: clone it.
//! Why files and not a database, what is synced when, and what it costs at scale: ADR 0032.
//!
//! # Invariants
//!
//! 1. Whoever reads a block gets the bytes that its CID names. What is torn or damaged is absent: it is set aside, and
//!    can be put again.
//! 2. When a pin is acknowledged, all blocks below its root were seen whole; they, their names and the record of the pin
//!    were synced.
//! 3. Collection removes no block that a pin reaches, and none that a live lease put or touched. If it cannot tell what
//!    a pin reaches, it removes nothing and says so.
//! 4. An operation that fails leaves nothing that counts, and what was stored before can be read; whatever the
//!    step at which it failed, the disk being full included.
//! 5. Blocks occupy [`Options::max_bytes`] at most.

mod blocks;
mod collect;
mod error;
mod files;
mod index;
mod key;
mod lease;
mod log;
mod opening;
mod pinning;
mod pins;
mod scrub;
mod walk;

#[cfg(test)]
mod tests;

pub use blocks::Put;
pub use collect::Collected;
pub use error::{LinksError, StoreError};
pub use files::{DiskFiles, Files, LockGuard};
pub use lease::Lease;
pub use pins::{Bounds, Extent, Label, Pin, PinOrder, MAX_LABEL, MAX_PINS};
pub use scrub::{ScrubCursor, Scrubbed};
pub use walk::{Links, MAX_DEPTH};

use bytes::Bytes;
use cid::Cid;
use index::Index;
use key::{Key, Named};
use lease::Leases;
use opening::Layout;
use parking_lot::Mutex;
use pins::Pins;
use ratio1_formats::block::Codec;
use std::{
    collections::BTreeSet,
    path::Path,
    sync::{atomic::AtomicU64, Arc},
    time::{SystemTime, UNIX_EPOCH},
};

/// Tells the time at which pins end.
pub trait Clock: Send + Sync + 'static {
    /// Unix seconds.
    fn unix_seconds(&self) -> u64;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn unix_seconds(&self) -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }
}

/// What an operator decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// What all blocks may occupy on the disk, each in whole units of 4 KiB.
    pub max_bytes: u64,
}

/// A block that a pin needs and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The block.
    pub cid: Cid,
    /// Pinned roots above it: all of them after a survey, the first that was met after a collection.
    pub roots: Vec<Cid>,
}

/// What a store says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// What they occupy on the disk, with those that are being written.
    pub disk: u64,
    /// What they may occupy.
    pub max_bytes: u64,
    /// Pins.
    pub pins: usize,
    /// Operations in progress.
    pub leases: usize,
    /// Blocks that were set aside since the store was opened and were not put again, as `raw` CIDs; at most 4096.
    pub damaged: Vec<Cid>,
    /// What the last survey or collection missed below pins and is still missing; at most 4096.
    pub lost: Vec<Lost>,
    /// Records of pins that cannot be read. Nothing is collected before [`Store::confirm_pins`].
    pub damaged_records: u64,
}

/// Blocks that were set aside.
#[derive(Default)]
struct Aside {
    /// How many files are kept.
    kept: usize,
    blocks: BTreeSet<Key>,
}

/// What handles and leases share.
struct Inner {
    layout: Layout,
    options: Options,
    files: Arc<dyn Files>,
    clock: Arc<dyn Clock>,
    index: Index,
    leases: Leases,
    pins: Mutex<Pins>,
    aside: Mutex<Aside>,
    lost: Mutex<Vec<Lost>>,
    /// Held by the one collection, and by the one pin with a quota.
    collecting: Mutex<()>,
    charging: Mutex<()>,
    next_temporary: AtomicU64,
    _lock: LockGuard,
}

/// A handle of an open store.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

impl Store {
    /// Open the store in a folder, or create it. Lists the blocks and reads the log of pins; reads no block.
    pub fn open(path: &Path, options: Options) -> Result<Self, StoreError> {
        Self::open_with(path, options, Arc::new(DiskFiles), Arc::new(SystemClock))
    }

    /// The same on another file system, by another clock.
    pub fn open_with(
        path: &Path,
        options: Options,
        files: Arc<dyn Files>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        Ok(Self { inner: Arc::new(Inner::open(path, options, files, clock)?) })
    }

    /// Begin an operation.
    pub fn lease(&self) -> Lease {
        Lease::begin(self.inner.clone(), None)
    }

    /// Begin an operation that may write `budget` bytes, each block in whole units of 4 KiB. For who is not trusted:
    /// quotas are checked when something is pinned, and what was not pinned yet needs a bound too.
    pub fn lease_within(&self, budget: u64) -> Lease {
        Lease::begin(self.inner.clone(), Some(budget))
    }

    /// A block's content, if it is there and whole.
    pub fn get(&self, cid: &Cid) -> Result<Option<Bytes>, StoreError> {
        self.inner.read(&Named::by(cid)?.key)
    }

    /// Whether a block is there and whole.
    pub fn has(&self, cid: &Cid) -> Result<bool, StoreError> {
        self.inner.verified(&Named::by(cid)?.key)
    }

    /// A block's length, if it is there. Not whether it is whole.
    pub fn len_of(&self, cid: &Cid) -> Result<Option<u32>, StoreError> {
        Ok(self.inner.index.with(&Named::by(cid)?.key, |entry| entry.len))
    }

    /// End a pin, and have that on the disk. Works on a full disk. Collection then removes what nothing else keeps.
    pub fn unpin(&self, root: &Cid, owner: &Label, reason: &Label) -> Result<(), StoreError> {
        self.inner.unpin(root, owner, reason)
    }

    /// All pins, by the hash of their roots.
    pub fn pins(&self) -> Vec<Pin> {
        self.inner.pins.lock().list()
    }

    /// What an owner's pins occupy, each distinct block counted once: what its quota is compared with.
    pub fn usage(&self, owner: &Label, links: &dyn Links) -> Result<Extent, StoreError> {
        self.inner.usage(owner, links)
    }

    /// Remove what no pin reaches and no lease relies on. `stop` is asked between steps of a few milliseconds.
    pub fn collect(&self, links: &dyn Links, stop: &dyn Fn() -> bool) -> Result<Collected, StoreError> {
        self.inner.collect(links, stop)
    }

    /// Read blocks and set damaged ones aside, until `max_bytes` are read: the caller decides on the pace. After a pass
    /// that found damage, [`survey`](Self::survey) tells which pins it concerns.
    pub fn scrub(&self, cursor: &mut ScrubCursor, max_bytes: u64) -> Result<Scrubbed, StoreError> {
        self.inner.scrub(cursor, max_bytes)
    }

    /// What pins need and is not there, with all pinned roots above it. Reads blocks with links, no others.
    pub fn survey(&self, links: &dyn Links) -> Result<Vec<Lost>, StoreError> {
        self.inner.survey(links)
    }

    /// Accept the list of pins as it is, although records of it are damaged: they are forgotten.
    pub fn confirm_pins(&self) -> Result<(), StoreError> {
        self.inner.pins.lock().confirm()
    }

    /// What the store says of itself. Cheap.
    pub fn status(&self) -> Status {
        let inner = &self.inner;
        let (blocks, bytes, disk) = inner.index.totals();
        let is_lost = |lost: &&Lost| Named::by(&lost.cid).is_ok_and(|named| !inner.index.contains(&named.key));
        let lost = inner.lost.lock().iter().filter(is_lost).cloned().collect();
        let damaged = inner.aside.lock().blocks.iter().map(|key| key.cid(Codec::Raw)).collect();
        let leases = inner.leases.count();
        let pins = inner.pins.lock();
        Status {
            blocks,
            bytes,
            disk,
            max_bytes: inner.options.max_bytes,
            pins: pins.count(),
            leases,
            damaged,
            lost,
            damaged_records: pins.damaged(),
        }
    }
}
