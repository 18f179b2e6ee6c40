//! Blocks: written whole or not at all, verified when read, set aside when damaged.

use super::{
    files::is_damage,
    index::{Entry, Shard},
    key::{Key, Named},
    Inner, StoreError,
};
use bytes::Bytes;
use ratio1_formats::block::MAX_BLOCK;
use std::{io, path::PathBuf, sync::atomic::Ordering::Relaxed};

/// How many damaged files are kept for whoever wants to know what became of them.
const KEPT_ASIDE: usize = 64;
/// How many keys of damaged blocks are remembered for `status`.
pub(super) const REMEMBERED: usize = 4096;

/// What a put did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// The block is new.
    New,
    /// It was there.
    Known,
}

impl Inner {
    /// Where a block lies.
    pub(super) fn path_of(&self, key: &Key) -> PathBuf {
        self.layout.shard(key.shard()).join(key.file_name())
    }

    /// A block's content, if it is there and whole.
    pub(super) fn read(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let Some(len) = self.index.with(key, |entry| entry.len) else { return Ok(None) };
        let content = match self.load(key, len)? {
            Some(content) => Some(content),
            None => self.set_aside(key)?,
        };
        if content.is_some() {
            self.index.with(key, |entry| entry.checked = true);
        }
        Ok(content)
    }

    /// Whether a block is there and whole. Its content is read once in the life of a process.
    pub(super) fn verified(&self, key: &Key) -> Result<bool, StoreError> {
        match self.index.with(key, |entry| entry.checked) {
            None => Ok(false),
            Some(true) => Ok(true),
            Some(false) => Ok(self.read(key)?.is_some()),
        }
    }

    /// Read a file; `None` if it is not what the key names.
    fn load(&self, key: &Key, len: u32) -> Result<Option<Bytes>, StoreError> {
        let path = self.path_of(key);
        let len = usize::try_from(len).unwrap_or(MAX_BLOCK);
        // One byte more shows that a file has grown.
        match self.files.read_at(&path, 0, len.saturating_add(1)) {
            Ok(bytes) => Ok((bytes.len() == len && key.fits(&bytes)).then(|| bytes.into())),
            Err(error) if error.kind() == io::ErrorKind::NotFound || is_damage(&error) => Ok(None),
            Err(error) => Err(StoreError::io(&path, error)),
        }
    }

    /// Take a block away that was read and found damaged; its content, if it is whole after all, because somebody set
    /// it aside and put it again meanwhile.
    fn set_aside(&self, key: &Key) -> Result<Option<Bytes>, StoreError> {
        let mut shard = self.index.shard(key);
        let Some(len) = shard.entries.get(key).map(|entry| entry.len) else { return Ok(None) };
        if let Some(content) = self.load(key, len)? {
            return Ok(Some(content));
        }
        self.take_away(&mut shard, key);
        Ok(None)
    }

    /// Take a block away whose content may not have reached the disk. The kernel tells that once, and may then believe
    /// that it did.
    pub(super) fn distrust(&self, key: &Key) {
        let mut shard = self.index.shard(key);
        if shard.entries.contains_key(key) {
            self.take_away(&mut shard, key);
        }
    }

    /// Move a file to those that are damaged, or remove it if enough of them are kept.
    fn take_away(&self, shard: &mut Shard, key: &Key) {
        shard.taken = shard.taken.saturating_add(1);
        self.index.remove(shard, key);
        let path = self.path_of(key);
        let mut aside = self.aside.lock();
        let is_kept = aside.kept < KEPT_ASIDE;
        let moved = match is_kept {
            true => self.files.rename(&path, &self.layout.damaged.join(key.file_name())),
            false => self.files.remove(&path),
        };
        // A file that cannot be moved stays under its name, is absent for us, and is replaced by the next put.
        tracing::warn!(target: "r1fs", block = ?key, kept = is_kept, ?moved, "a damaged block is set aside");
        if is_kept && moved.is_ok() {
            aside.kept = aside.kept.saturating_add(1);
        }
        if aside.blocks.len() < REMEMBERED {
            aside.blocks.insert(*key);
        }
    }

    /// Store a block, whose bytes fit its key and are not too many, or renew it, in `generation`. `may_write` is asked before anything new is
    /// written.
    pub(super) fn put(
        &self,
        named: &Named,
        bytes: &[u8],
        generation: u32,
        may_write: impl FnOnce(u64) -> Result<(), StoreError>,
    ) -> Result<Put, StoreError> {
        let key = &named.key;
        // First the generation: what is there now is there until the lease ends, unless it is damaged.
        if self.index.with(key, |entry| entry.renew(generation)).is_some() && self.verified(key)? {
            return Ok(Put::Known);
        }
        // A block has two megabytes at the most.
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        may_write(len.into())?;
        if !self.index.reserve(len, self.options.max_bytes) {
            return Err(StoreError::StoreFull { max: self.options.max_bytes });
        }
        let put = self.write(key, bytes, Entry::written(len, generation));
        if !matches!(put, Ok(Put::New)) {
            self.index.unreserve(len);
        }
        put
    }

    /// Write a block under a name of its own, and give it the block's.
    fn write(&self, key: &Key, bytes: &[u8], entry: Entry) -> Result<Put, StoreError> {
        let temporary = self.layout.temporary.join(self.next_temporary.fetch_add(1, Relaxed).to_string());
        let give_up = |error| {
            // What cannot be removed now is removed when the store is opened.
            let _ = self.files.remove(&temporary);
            StoreError::io(&temporary, error)
        };
        self.files.write(&temporary, bytes).map_err(give_up)?;
        let mut shard = self.index.shard(key);
        if let Some(known) = shard.entries.get_mut(key) {
            known.renew(entry.generation);
            drop(shard);
            let _ = self.files.remove(&temporary);
            return Ok(Put::Known);
        }
        self.files.rename(&temporary, &self.path_of(key)).map_err(give_up)?;
        self.index.insert(&mut shard, *key, entry);
        self.aside.lock().blocks.remove(key);
        Ok(Put::New)
    }
}
