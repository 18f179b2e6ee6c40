//! Content, and a store in memory.

#![allow(dead_code, reason = "each test program uses a part")]

use bytes::Bytes;
use cid::Cid;
use ratio1_formats::{
    block::Block,
    unixfs::{add::add_file, read::FileReader, FetchError, Limits, Profile, Traversal, Tree},
};
use std::{collections::HashMap, convert::Infallible, ops::RangeBounds};

/// The bytes of every file, from an offset: those of `vectors/generate.mjs`.
pub fn content(at: u64, size: u64) -> Vec<u8> {
    (at..at + size).map(|i| ((i as u32).wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

/// Blocks by CID.
#[derive(Clone, Debug, Default)]
pub struct Store(pub HashMap<Cid, Bytes>);

impl Store {
    /// What a traversal fetches by.
    pub fn fetch(&self) -> impl FnMut(&Cid) -> Result<Bytes, &'static str> + '_ {
        |cid| self.0.get(cid).cloned().ok_or("there is no such block")
    }

    /// Adds a file.
    pub fn add(&mut self, profile: Profile, mut content: &[u8]) -> Tree {
        let store = |block| {
            self.extend([block]);
            Ok::<_, Infallible>(())
        };
        add_file(profile, &mut content, store).unwrap()
    }
}

impl Extend<Block> for Store {
    fn extend<T: IntoIterator<Item = Block>>(&mut self, blocks: T) {
        self.0.extend(blocks.into_iter().map(Block::into_parts));
    }
}

impl FromIterator<Block> for Store {
    fn from_iter<T: IntoIterator<Item = Block>>(blocks: T) -> Self {
        let mut store = Self::default();
        store.extend(blocks);
        store
    }
}

/// The bytes of a range.
pub fn read_all(
    store: &Store,
    cid: Cid,
    range: impl RangeBounds<u64>,
    limits: Limits,
) -> Result<Vec<u8>, FetchError<&'static str>> {
    let reader = FileReader::new(cid, range, limits)?;
    let parts = reader.fetching(store.fetch()).collect::<Result<Vec<_>, _>>()?;
    Ok(parts.concat())
}
