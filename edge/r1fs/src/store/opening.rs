//! Opening a store, and what it needs of its folder.

use super::{
    files::Files,
    index::{Entry, Index},
    key::Key,
    log::Log,
    Aside, Clock, Inner, Label, Leases, Options, Pins, StoreError,
};
use cid::Cid;
use parking_lot::Mutex;
use ratio1_formats::block::MAX_BLOCK;
use std::{
    io,
    path::{Path, PathBuf},
    sync::{atomic::AtomicU64, Arc},
};

/// What a store's form calls itself.
const FORMAT: &str = "ratio1 r1fs store 1\n";
/// Bytes of the reserve: the log's next five hundred records.
const RESERVE: usize = 256 * 1024;
/// The log's name.
const PINS: &str = "pins";

/// Where things lie.
pub(super) struct Layout {
    pub root: PathBuf,
    pub blocks: PathBuf,
    pub temporary: PathBuf,
    pub damaged: PathBuf,
    format: PathBuf,
    reserve: PathBuf,
    lock: PathBuf,
}

impl Layout {
    fn of(root: &Path) -> Self {
        let at = |name| root.join(name);
        Self {
            root: root.into(),
            blocks: at("blocks"),
            temporary: at("temporary"),
            damaged: at("damaged"),
            format: at("format"),
            reserve: at("reserve"),
            lock: at("lock"),
        }
    }

    /// The folder of a shard.
    pub fn shard(&self, shard: u8) -> PathBuf {
        self.blocks.join(hex::encode([shard]))
    }
}

impl Inner {
    pub(super) fn open(
        path: &Path,
        options: Options,
        files: Arc<dyn Files>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let layout = Layout::of(path);
        at(path, files.create_folder(path))?;
        let lock = files.lock(&layout.lock).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => StoreError::InUse { path: path.into() },
            _ => StoreError::io(&layout.lock, error),
        })?;
        let is_new = check_format(&*files, &layout)?;
        make_folders(&*files, &layout)?;
        for (name, _) in at(&layout.temporary, files.list(&layout.temporary))? {
            let leftover = layout.temporary.join(name);
            at(&leftover, files.remove(&leftover))?;
        }
        let index = list_blocks(&*files, &layout)?;
        let kept = at(&layout.damaged, files.list(&layout.damaged))?.len();
        let pins = Pins::load(Log::open(files.clone(), path, PINS, is_new)?);
        if is_new {
            // Last: a store that has its form has a log of pins, or it was lost.
            write_format(&*files, &layout)?;
        }
        if pins.damaged() > 0 {
            tracing::error!(target: "r1fs", records = pins.damaged(), "records of pins are damaged: nothing is collected");
        }
        let inner = Self {
            layout,
            options,
            files,
            clock,
            index,
            leases: Leases::new(),
            pins: Mutex::new(pins),
            aside: Mutex::new(Aside { kept, ..Aside::default() }),
            lost: Mutex::default(),
            collecting: Mutex::default(),
            charging: Mutex::default(),
            next_temporary: AtomicU64::new(0),
            _lock: lock,
        };
        inner.restore_reserve();
        Ok(inner)
    }

    pub(super) fn unpin(&self, root: &Cid, owner: &Label, reason: &Label) -> Result<(), StoreError> {
        let mut pins = self.pins.lock();
        match pins.remove(root, owner, reason) {
            // Or nobody could ever free a disk that this store has filled.
            Err(StoreError::DiskFull { .. }) if self.files.remove(&self.layout.reserve).is_ok() => {
                pins.remove(root, owner, reason)
            }
            done => done,
        }
    }

    /// Forget pins that have ended; how many.
    pub(super) fn expire(&self) -> usize {
        let now = self.clock.unix_seconds();
        self.pins.lock().expire(now)
    }

    /// Have the reserve, if there is room for it.
    pub(super) fn restore_reserve(&self) {
        let reserve = &self.layout.reserve;
        if matches!(self.files.read_at(reserve, 0, RESERVE), Ok(bytes) if bytes.len() == RESERVE) {
            return;
        }
        // Not zeros: a file system may store those without room.
        let pattern: Vec<u8> = (0u8..=250).cycle().take(RESERVE).collect();
        if let Err(error) = self.files.write(reserve, &pattern) {
            tracing::warn!(target: "r1fs", %error, "there is no room for the reserve, so unpinning may fail");
            let _ = self.files.remove(reserve);
        }
    }
}

/// Add the path to a file system's error.
fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, StoreError> {
    result.map_err(|error| StoreError::io(path, error))
}

/// Whether the store has yet to be made. An error if the folder holds something else.
fn check_format(files: &dyn Files, layout: &Layout) -> Result<bool, StoreError> {
    let wrong = |found: String| Err(StoreError::Format { path: layout.root.clone(), found });
    match files.read_at(&layout.format, 0, FORMAT.len().saturating_add(1)) {
        Ok(bytes) if bytes == FORMAT.as_bytes() => Ok(false),
        Ok(bytes) => wrong(String::from_utf8_lossy(&bytes).trim_end().into()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // The form is written last. A store that was begun and not finished has nobody's pins yet.
            let found = at(&layout.root, files.list(&layout.root))?;
            let is_ours = |name: &str| ["lock", "format.new", PINS, "pins.new"].contains(&name);
            match found.iter().find(|(name, _)| !is_ours(name)) {
                Some((name, _)) => wrong(format!("none, and a file {name}")),
                None => Ok(true),
            }
        }
        Err(error) => Err(StoreError::io(&layout.format, error)),
    }
}

/// Make what is missing, and have its names on the disk: those of blocks are synced into these folders.
fn make_folders(files: &dyn Files, layout: &Layout) -> Result<(), StoreError> {
    for folder in [&layout.blocks, &layout.temporary, &layout.damaged] {
        at(folder, files.create_folder(folder))?;
    }
    for shard in 0..=u8::MAX {
        let folder = layout.shard(shard);
        at(&folder, files.create_folder(&folder))?;
    }
    at(&layout.blocks, files.sync_folder(&layout.blocks))?;
    at(&layout.root, files.sync_folder(&layout.root))
}

/// Say which form the store has.
fn write_format(files: &dyn Files, layout: &Layout) -> Result<(), StoreError> {
    let new = layout.format.with_extension("new");
    at(&new, files.write(&new, FORMAT.as_bytes()))?;
    at(&new, files.sync_file(&new))?;
    at(&layout.format, files.rename(&new, &layout.format))?;
    // The name of the folder itself may be new as well.
    if let Some(above) = layout.root.parent().filter(|above| !above.as_os_str().is_empty()) {
        at(above, files.sync_folder(above))?;
    }
    at(&layout.root, files.sync_folder(&layout.root))
}

/// The index of the files that are there. What has another name or size than a block can have is left alone.
fn list_blocks(files: &dyn Files, layout: &Layout) -> Result<Index, StoreError> {
    let index = Index::new();
    let mut strange = 0usize;
    for shard in 0..=u8::MAX {
        let folder = layout.shard(shard);
        let found = at(&folder, files.list(&folder))?;
        let mut entries = index.shard_at(shard);
        for (name, len) in found {
            let len = u32::try_from(len).ok().filter(|len| usize::try_from(*len).is_ok_and(|len| len <= MAX_BLOCK));
            match (Key::parse(&name).filter(|key| key.shard() == shard), len) {
                (Some(key), Some(len)) => {
                    // What is there is there, whatever the limit has become.
                    index.reserve(len, u64::MAX);
                    index.insert(&mut entries, key, Entry::found(len));
                }
                _ => strange = strange.saturating_add(1),
            }
        }
    }
    if strange > 0 {
        tracing::warn!(target: "r1fs", strange, "files that are no blocks lie among them and are left alone");
    }
    Ok(index)
}
