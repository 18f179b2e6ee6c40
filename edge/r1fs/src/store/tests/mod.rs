//! Tests of the store: in memory where faults are needed, on the real disk where processes or scale are.

mod blocks;
mod collecting;
mod concurrency;
mod crash;
mod dags;
mod faults;
mod memory;
mod model;
mod pinning;
mod power;
mod scale;
mod scrubbing;
mod story;

use super::{Clock, Options, Store, StoreError};
use memory::Memory;
use std::{
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicU64, Ordering::Relaxed},
        Arc,
    },
};

/// A clock that is set.
#[derive(Default)]
struct Hands(AtomicU64);

impl Clock for Hands {
    fn unix_seconds(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// A file system in memory, a clock, and a store that can be opened again.
#[derive(Clone)]
struct Bench {
    memory: Memory,
    clock: Arc<Hands>,
    options: Options,
}

impl Bench {
    fn new() -> Self {
        let clock = Arc::new(Hands::default());
        clock.0.store(1_000_000, Relaxed);
        Self { memory: Memory::default(), clock, options: Options { max_bytes: 1 << 30 } }
    }

    fn root() -> &'static Path {
        Path::new("/node/r1fs")
    }

    fn try_open(&self) -> Result<Store, StoreError> {
        Store::open_with(Self::root(), self.options, Arc::new(self.memory.clone()), self.clock.clone())
    }

    fn open(&self) -> Store {
        self.try_open().unwrap()
    }

    /// Where a block lies.
    fn path_of(cid: &cid::Cid) -> PathBuf {
        let name = hex::encode(cid.hash().digest());
        Self::root().join("blocks").join(&name[..2]).join(name)
    }

    /// Files of blocks.
    fn block_files(&self) -> Vec<PathBuf> {
        self.memory.below(&Self::root().join("blocks"))
    }

    fn temporary_files(&self) -> Vec<PathBuf> {
        self.memory.below(&Self::root().join("temporary"))
    }
}

/// Nobody stops.
fn on() -> bool {
    false
}
