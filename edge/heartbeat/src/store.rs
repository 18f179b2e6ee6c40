//! What an oracle keeps across a restart: counts and its own ballots.
//!
//! Counts live in a parity-db, as one record per slot and page of licenses or services, so that a second's beats touch a
//! handful of records however many nodes beat. They are written behind: a crash loses about a second of them, which the grace of
//! an epoch forgives. A ballot must never be lost once its commit is sent, and parity-db does not say when a commit has
//! reached the disk: so each ballot is a file of its own, synced before it counts as kept.

use crate::{
    counts::{Bitmap, EpochCounts},
    services::MAX_SERVICE_PAGES,
};
use codec::{Decode, DecodeAll, Encode};
use parity_db::{ColumnOptions, Db, Options};
use parking_lot::Mutex;
use ratio1_primitives::{
    ballot::{Ballot, MAX_PAGES},
    traits::PageMask,
    EpochIndex, EpochParams, Hash,
};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
};

/// Format of everything in the directory.
const FORMAT: u32 = 1;
const META: u8 = 0;
const HEADS: u8 = 1;
const SLOTS: u8 = 2;
/// From this one on, the pages in the keys of records are of services: a space of their own that needs no column.
const SERVICE_PAGES: u32 = 1 << 31;
const META_KEY: &[u8] = b"format";
/// Endings of the files of an epoch's ballot, and of the mark that its commit may be out.
const BALLOT: &str = "ballot";
const SUBMITTED: &str = "submitted";
/// Records deleted at most by one call of [`Store::prune`].
const PRUNE_BATCH: usize = 4_096;
/// A ballot of [`MAX_PAGES`] pages, its header and the checksum fit.
const MAX_BALLOT_FILE: u64 = 1024 * 1024;

/// Why counts or ballots can not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory belongs to another chain. Choose another base path, or remove it if that chain is of no interest.
    #[error("{path} holds the counts of the chain with genesis {found:?}, but this node runs the one with {expected:?}: choose another base path, or remove the directory")]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        found: Hash,
        /// Whose it should be.
        expected: Hash,
    },
    /// The directory was written by another version of this program. Run that version, or move the directory away
    /// between an epoch's reveal and the end of the next one.
    #[error("{path} has format {found}, this program writes {FORMAT}: run a version that reads it, or move the directory away")]
    Format {
        /// The directory.
        path: PathBuf,
        /// What it has.
        found: u32,
    },
    /// Something in the directory is damaged. Move the directory away; the counts of the running epoch are lost, and a
    /// ballot already committed can not be revealed.
    #[error(
        "{what} in {path} is damaged: move the directory away and start again; counts of the running epoch are lost"
    )]
    Corrupt {
        /// The directory or file.
        path: PathBuf,
        /// What is damaged.
        what: &'static str,
    },
    /// The database refused. See the message; another process may use the directory.
    #[error("the database of counts in {path}: {source}")]
    Db {
        /// The directory.
        path: PathBuf,
        /// Its error.
        source: parity_db::Error,
    },
    /// The file system refused. Check space and permissions.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its error.
        source: std::io::Error,
    },
}

/// The counts and ballots of one oracle on one chain.
pub struct Store {
    path: PathBuf,
    genesis: Hash,
    db: Db,
    /// One writer of ballots at a time.
    ballots: Mutex<()>,
}

#[derive(Encode, Decode)]
struct Head {
    params: EpochParams,
    coverage: Vec<u8>,
}

#[derive(Encode, Decode)]
struct Record {
    beat_ms: u32,
    mask: PageMask,
}

impl Store {
    /// Open the directory, or create it.
    pub fn open(path: &Path, genesis: Hash) -> Result<Self, StoreError> {
        let ballots = path.join("ballots");
        fs::create_dir_all(&ballots).map_err(|source| StoreError::Io { path: ballots, source })?;
        let mut options = Options::with_columns(&path.join("counts"), 3);
        for column in options.columns.iter_mut().skip(1) {
            *column = ColumnOptions { btree_index: true, ..Default::default() };
        }
        let db = Db::open_or_create(&options).map_err(|source| StoreError::Db { path: path.into(), source })?;
        let store = Self { path: path.into(), genesis, db, ballots: Mutex::new(()) };
        store.check_identity()?;
        Ok(store)
    }

    fn check_identity(&self) -> Result<(), StoreError> {
        let Some(meta) = self.db.get(META, META_KEY).map_err(|e| self.db_error(e))? else {
            let meta = (FORMAT, self.genesis).encode();
            return self.db.commit([(META, META_KEY, Some(meta))]).map_err(|e| self.db_error(e));
        };
        let (found, genesis) =
            <(u32, Hash)>::decode_all(&mut &meta[..]).map_err(|_| self.corrupt("the description of the format"))?;
        if found != FORMAT {
            return Err(StoreError::Format { path: self.path.clone(), found });
        }
        if genesis != self.genesis {
            return Err(StoreError::Foreign { path: self.path.clone(), found: genesis, expected: self.genesis });
        }
        Ok(())
    }

    /// Write what changed of `counts` since it was last written.
    pub fn save(&self, counts: &mut EpochCounts) -> Result<(), StoreError> {
        let dirty = counts.take_dirty();
        let (epoch, beat_ms) = (counts.epoch(), counts.params().beat_ms);
        let mut changes = Vec::new();
        if dirty.head {
            let head = Head { params: *counts.params(), coverage: counts.coverage().as_bytes().to_vec() };
            changes.push((HEADS, epoch.0.to_be_bytes().to_vec(), Some(head.encode())));
        }
        for (slot, page) in &dirty.licenses {
            let record = Record { beat_ms, mask: counts.mask(*slot, *page) };
            changes.push((SLOTS, record_key(epoch, *slot, *page), Some(record.encode())));
        }
        for (slot, page) in &dirty.services {
            let record = Record { beat_ms, mask: counts.service_mask(*slot, *page) };
            changes.push((SLOTS, record_key(epoch, *slot, page | SERVICE_PAGES), Some(record.encode())));
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.db.commit(changes).map_err(|e| {
            counts.put_back_dirty(dirty);
            self.db_error(e)
        })
    }

    /// The counts of an epoch, if any are kept.
    pub fn load(&self, epoch: EpochIndex) -> Result<Option<EpochCounts>, StoreError> {
        let Some(head) = self.db.get(HEADS, &epoch.0.to_be_bytes()).map_err(|e| self.db_error(e))? else {
            return Ok(None);
        };
        let head = Head::decode_all(&mut &head[..]).map_err(|_| self.corrupt("the head of an epoch"))?;
        let coverage =
            Bitmap::from_bytes(head.coverage, head.params.slots).ok_or_else(|| self.corrupt("a coverage bitmap"))?;
        let mut counts = EpochCounts::restored(epoch, head.params, coverage);
        let mut records = self.db.iter(SLOTS).map_err(|e| self.db_error(e))?;
        records.seek(&epoch.0.to_be_bytes()).map_err(|e| self.db_error(e))?;
        while let Some((key, value)) = records.next().map_err(|e| self.db_error(e))? {
            let (of, slot, page) = split_key(&key).ok_or_else(|| self.corrupt("the key of a record of counts"))?;
            if of != epoch {
                break;
            }
            let record = Record::decode_all(&mut &value[..]).map_err(|_| self.corrupt("a record of counts"))?;
            // Records from before the epoch was begun anew under other parameters mean nothing.
            if record.beat_ms != head.params.beat_ms || slot >= head.params.slots {
                continue;
            }
            match page.checked_sub(SERVICE_PAGES) {
                None if page < MAX_PAGES => counts.restore_mask(slot, page, &record.mask),
                Some(page) if page < MAX_SERVICE_PAGES => counts.restore_service_mask(slot, page, &record.mask),
                _ => {}
            }
        }
        Ok(Some(counts))
    }

    /// Forget counts and ballots of epochs that `keep` does not name, a bounded number of records per call; how many.
    pub fn prune(&self, keep: impl Fn(EpochIndex) -> bool) -> Result<usize, StoreError> {
        let mut gone = Vec::new();
        for column in [HEADS, SLOTS] {
            let mut records = self.db.iter(column).map_err(|e| self.db_error(e))?;
            records.seek_to_first().map_err(|e| self.db_error(e))?;
            while gone.len() < PRUNE_BATCH {
                let Some((key, _)) = records.next().map_err(|e| self.db_error(e))? else { break };
                let Some(epoch) = leading_epoch(&key) else { return Err(self.corrupt("the key of a record")) };
                if !keep(epoch) {
                    gone.push((column, key, None));
                    continue;
                }
                // Go on behind this epoch, however many records it has.
                let Some(next) = epoch.0.checked_add(1) else { break };
                records.seek(&next.to_be_bytes()).map_err(|e| self.db_error(e))?;
            }
        }
        let count = gone.len();
        if count > 0 {
            self.db.commit(gone).map_err(|e| self.db_error(e))?;
        }
        Ok(count.saturating_add(self.prune_ballots(keep)?))
    }

    fn prune_ballots(&self, keep: impl Fn(EpochIndex) -> bool) -> Result<usize, StoreError> {
        let _one = self.ballots.lock();
        let folder = self.path.join("ballots");
        let io = |source| StoreError::Io { path: folder.clone(), source };
        let mut gone = 0usize;
        for file in fs::read_dir(&folder).map_err(io)? {
            let file = file.map_err(io)?;
            let name = file.file_name();
            let Some((stem, kind)) = name.to_str().and_then(|name| name.split_once('.')) else { continue };
            let epoch = stem.parse().ok().filter(|_| matches!(kind, BALLOT | SUBMITTED));
            if epoch.is_some_and(|epoch| !keep(EpochIndex(epoch))) {
                fs::remove_file(file.path()).map_err(io)?;
                gone = gone.saturating_add(1);
            }
        }
        Ok(gone)
    }

    /// Keep a ballot: on return it is on disk. One that is kept already is not replaced: it comes back.
    pub fn put_ballot(&self, ballot: Ballot) -> Result<Ballot, StoreError> {
        let _one = self.ballots.lock();
        match self.ballot(ballot.header.epoch)? {
            Some(kept) => Ok(kept),
            None => self.write_ballot(ballot),
        }
    }

    /// Keep a ballot in place of the one kept, unless a commit of that may have been submitted: then it comes back.
    pub fn replace_ballot(&self, ballot: Ballot) -> Result<Ballot, StoreError> {
        let _one = self.ballots.lock();
        let epoch = ballot.header.epoch;
        match self.ballot(epoch)? {
            Some(kept) if self.is_submitted(epoch)? => Ok(kept),
            _ => self.write_ballot(ballot),
        }
    }

    fn write_ballot(&self, ballot: Ballot) -> Result<Ballot, StoreError> {
        let body = (FORMAT, self.genesis, &ballot).encode();
        let checksum = sp_crypto_hashing::blake2_256(&body);
        self.write_file(&self.ballot_path(ballot.header.epoch), &[&checksum, &body])?;
        Ok(ballot)
    }

    /// Note that a commit of the epoch's ballot is about to be submitted: on return that is on disk.
    pub fn mark_submitted(&self, epoch: EpochIndex) -> Result<(), StoreError> {
        let _one = self.ballots.lock();
        match self.is_submitted(epoch)? {
            true => Ok(()),
            false => self.write_file(&self.ballot_path(epoch).with_extension(SUBMITTED), &[]),
        }
    }

    /// Whether a commit of the epoch's ballot may have been submitted, by this or an earlier run.
    pub fn is_submitted(&self, epoch: EpochIndex) -> Result<bool, StoreError> {
        let path = self.ballot_path(epoch).with_extension(SUBMITTED);
        path.try_exists().map_err(|source| StoreError::Io { path, source })
    }

    /// Write a file of the ballots' folder whole or not at all, and have it on disk.
    fn write_file(&self, path: &Path, parts: &[&[u8]]) -> Result<(), StoreError> {
        let temporary = path.with_extension("new");
        let write = || -> std::io::Result<()> {
            let mut file = fs::File::create(&temporary)?;
            parts.iter().try_for_each(|part| file.write_all(part))?;
            file.sync_all()?;
            fs::rename(&temporary, path)?;
            fs::File::open(self.path.join("ballots"))?.sync_all()
        };
        write().map_err(|source| StoreError::Io { path: path.into(), source })
    }

    /// The ballot of an epoch, if one was built.
    pub fn ballot(&self, epoch: EpochIndex) -> Result<Option<Ballot>, StoreError> {
        let path = self.ballot_path(epoch);
        let corrupt = || StoreError::Corrupt { path: path.clone(), what: "the ballot" };
        let io = |source| StoreError::Io { path: path.clone(), source };
        match fs::metadata(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(io(e)),
            Ok(meta) if meta.len() > MAX_BALLOT_FILE => return Err(corrupt()),
            Ok(_) => {}
        }
        let bytes = fs::read(&path).map_err(io)?;
        let (checksum, body) = bytes.split_first_chunk::<32>().ok_or_else(corrupt)?;
        if sp_crypto_hashing::blake2_256(body) != *checksum {
            return Err(corrupt());
        }
        let (format, genesis, ballot) = <(u32, Hash, Ballot)>::decode_all(&mut &body[..]).map_err(|_| corrupt())?;
        if format != FORMAT {
            return Err(StoreError::Format { path, found: format });
        }
        if genesis != self.genesis {
            return Err(StoreError::Foreign { path, found: genesis, expected: self.genesis });
        }
        (ballot.header.epoch == epoch).then_some(Some(ballot)).ok_or_else(corrupt)
    }

    fn ballot_path(&self, epoch: EpochIndex) -> PathBuf {
        self.path.join("ballots").join(format!("{epoch}.{BALLOT}"))
    }

    fn db_error(&self, source: parity_db::Error) -> StoreError {
        StoreError::Db { path: self.path.clone(), source }
    }

    fn corrupt(&self, what: &'static str) -> StoreError {
        StoreError::Corrupt { path: self.path.clone(), what }
    }
}

fn record_key(epoch: EpochIndex, slot: u32, page: u32) -> Vec<u8> {
    [epoch.0.to_be_bytes(), slot.to_be_bytes(), page.to_be_bytes()].concat()
}

fn leading_epoch(key: &[u8]) -> Option<EpochIndex> {
    key.first_chunk().map(|epoch| EpochIndex(u32::from_be_bytes(*epoch)))
}

fn split_key(key: &[u8]) -> Option<(EpochIndex, u32, u32)> {
    let (epoch, rest) = key.split_first_chunk()?;
    let (slot, page) = rest.split_first_chunk()?;
    let page: &[u8; 4] = page.try_into().ok()?;
    Some((EpochIndex(u32::from_be_bytes(*epoch)), u32::from_be_bytes(*slot), u32::from_be_bytes(*page)))
}
