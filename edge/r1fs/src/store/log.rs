//! The log of pins: a record in a slot of fixed size, each with a checksum.
//!
//! A slot is a sector of a disk. So a damaged one costs its own record and no other, and is told from one that was being
//! written when the power went: that one is empty or cut short.

use super::{files::Files, StoreError};
use codec::{Decode, DecodeAll, Encode};
use sha2::{Digest, Sha256};
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Bytes of a slot: a checksum, a length, the record, and zeros.
pub(super) const SLOT: usize = 512;
const CHECKSUM: usize = 8;
const HEAD: usize = CHECKSUM + 2;
/// Bytes that are read at once: whole slots.
const BATCH: usize = 2048 * SLOT;

/// What a record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// Something is pinned, or pinned again.
    Pin(PinRecord),
    /// It is not any more.
    Unpin { root: Vec<u8>, owner: String, reason: String },
    /// Everything is over that was to end by this time.
    Expire(u64),
    /// So many records were damaged when the log was written anew, and nobody has looked at the list since.
    Damaged(u64),
}

/// The first byte of each kind of record.
const PIN: u8 = 0;
const UNPIN: u8 = 1;
const EXPIRE: u8 = 2;
const DAMAGED: u8 = 3;

/// A pin as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct PinRecord {
    /// Bytes of the root's CID.
    pub root: Vec<u8>,
    pub owner: String,
    pub reason: String,
    pub blocks: u64,
    pub bytes: u64,
    pub disk: u64,
    pub since: u64,
    pub expires: Option<u64>,
}

impl Record {
    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Pin(pin) => (PIN, pin).encode(),
            Self::Unpin { root, owner, reason } => (UNPIN, root, owner, reason).encode(),
            Self::Expire(now) => (EXPIRE, now).encode(),
            Self::Damaged(count) => (DAMAGED, count).encode(),
        }
    }

    fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, mut body) = bytes.split_first()?;
        let body = &mut body;
        match *kind {
            PIN => PinRecord::decode_all(body).ok().map(Self::Pin),
            UNPIN => {
                let (root, owner, reason) = DecodeAll::decode_all(body).ok()?;
                Some(Self::Unpin { root, owner, reason })
            }
            EXPIRE => u64::decode_all(body).ok().map(Self::Expire),
            DAMAGED => u64::decode_all(body).ok().map(Self::Damaged),
            _ => None,
        }
    }
}

/// The log, open.
pub(super) struct Log {
    files: Arc<dyn Files>,
    folder: PathBuf,
    path: PathBuf,
    /// Slots that are written and synced. The next record goes behind them, over what a failure may have left there.
    slots: u64,
    /// A sync failed: what the file holds is not known, and it is written anew before anything is added.
    is_doubtful: bool,
}

/// What a log held.
pub(super) struct Loaded {
    pub log: Log,
    pub records: Vec<Record>,
    /// Records that were there and cannot be read.
    pub damaged: u64,
}

impl Loaded {
    /// Take the next slot, after so many that were empty.
    fn take(&mut self, slot: Slot, empty: &mut u64) {
        match slot {
            Slot::Empty => {
                *empty = empty.saturating_add(1);
                return;
            }
            Slot::Record(record) => self.records.push(record),
            Slot::Damaged => self.damaged = self.damaged.saturating_add(1),
        }
        // Records are added one by one, each synced before the next: an empty slot before another one was wiped.
        self.damaged = self.damaged.saturating_add(*empty);
        self.log.slots = self.log.slots.saturating_add(*empty).saturating_add(1);
        *empty = 0;
    }
}

impl Log {
    /// Open the log in `folder`. In a store that is new it is created; in another one its absence is damage.
    pub fn open(files: Arc<dyn Files>, folder: &Path, name: &str, is_new: bool) -> Result<Loaded, StoreError> {
        let path = folder.join(name);
        let log = Self { files, folder: folder.into(), path, slots: 0, is_doubtful: false };
        let mut loaded = Loaded { log, records: Vec::new(), damaged: 0 };
        // Slots that were allotted and never written, or so it seems until another one follows.
        let mut empty = 0u64;
        let mut offset = 0u64;
        loop {
            let bytes = match loaded.log.files.read_at(&loaded.log.path, offset, BATCH) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    loaded.records.extend((!is_new).then_some(Record::Damaged(1)));
                    loaded.log.rewrite(&loaded.records)?;
                    return Ok(loaded);
                }
                Err(error) => return Err(StoreError::io(&loaded.log.path, error)),
            };
            // What is shorter than a slot was being written when the power went, and was never acknowledged.
            for slot in bytes.chunks_exact(SLOT) {
                loaded.take(decode(slot), &mut empty);
            }
            if bytes.len() < BATCH {
                return Ok(loaded);
            }
            offset = offset.saturating_add(u64::try_from(BATCH).unwrap_or(u64::MAX));
        }
    }

    /// How many slots are used, also by what does not count any more.
    pub fn slots(&self) -> u64 {
        self.slots
    }

    /// Whether it must be written anew before anything can be added.
    pub fn is_doubtful(&self) -> bool {
        self.is_doubtful
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn offset(&self) -> u64 {
        self.slots.saturating_mul(u64::try_from(SLOT).unwrap_or(u64::MAX))
    }

    /// Add a record, and have it on the disk.
    pub fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        let written = self.files.write_at(&self.path, self.offset(), &encode(record));
        if let Err(error) = written {
            if self.files.truncate(&self.path, self.offset()).is_err() {
                self.is_doubtful = true;
            }
            return Err(StoreError::io(&self.path, error));
        }
        if let Err(error) = self.files.sync_file(&self.path) {
            // The kernel may believe now that what it could not write is on the disk.
            self.is_doubtful = true;
            let _ = self.files.truncate(&self.path, self.offset());
            return Err(StoreError::io(&self.path, error));
        }
        self.slots = self.slots.saturating_add(1);
        Ok(())
    }

    /// Put a log with these records in its place.
    pub fn rewrite(&mut self, records: &[Record]) -> Result<(), StoreError> {
        let new = self.path.with_extension("new");
        let bytes: Vec<u8> = records.iter().flat_map(encode).collect();
        let written = self.files.write(&new, &bytes).and_then(|()| self.files.sync_file(&new));
        if let Err(error) = written {
            let _ = self.files.remove(&new);
            return Err(StoreError::io(&new, error));
        }
        self.files.rename(&new, &self.path).map_err(|error| StoreError::io(&self.path, error))?;
        self.slots = u64::try_from(records.len()).unwrap_or(u64::MAX);
        // Which of the two files has the name after a loss of power is not known before the folder is synced. Both say
        // the same until something is added.
        self.is_doubtful = true;
        self.files.sync_folder(&self.folder).map_err(|error| StoreError::io(&self.folder, error))?;
        self.is_doubtful = false;
        Ok(())
    }
}

/// What a slot holds.
enum Slot {
    Record(Record),
    Empty,
    Damaged,
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let hash: [u8; 32] = Sha256::digest(bytes).into();
    hash.first_chunk().copied().unwrap_or_default()
}

fn encode(record: &Record) -> Vec<u8> {
    let body = record.to_bytes();
    let mut rest = u16::try_from(body.len()).unwrap_or(u16::MAX).to_le_bytes().to_vec();
    rest.extend_from_slice(&body);
    // Labels are bounded, so that every record fits.
    rest.resize(SLOT.saturating_sub(CHECKSUM), 0);
    [&checksum(&rest)[..], &rest].concat()
}

fn decode(slot: &[u8]) -> Slot {
    if slot.iter().all(|byte| *byte == 0) {
        return Slot::Empty;
    }
    let record = || -> Option<Record> {
        let (sum, rest) = slot.split_first_chunk::<CHECKSUM>()?;
        if *sum != checksum(rest) {
            return None;
        }
        let len = u16::from_le_bytes(*rest.first_chunk()?);
        let end = HEAD.saturating_add(usize::from(len));
        Record::of_bytes(slot.get(HEAD..end)?)
    };
    record().map_or(Slot::Damaged, Slot::Record)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_of_any_size_fits_its_slot() {
        let long = "x".repeat(super::super::MAX_LABEL);
        let pin = PinRecord {
            root: vec![1; 36],
            owner: long.clone(),
            reason: long,
            blocks: u64::MAX,
            bytes: u64::MAX,
            disk: u64::MAX,
            since: u64::MAX,
            expires: Some(u64::MAX),
        };
        let slot = encode(&Record::Pin(pin.clone()));
        assert_eq!(slot.len(), SLOT);
        assert!(matches!(decode(&slot), Slot::Record(Record::Pin(read)) if read == pin));
    }

    #[test]
    fn slot_is_damaged_when_any_byte_of_it_changed() {
        let record = Record::Unpin { root: vec![7; 36], owner: "a".into(), reason: "b".into() };
        let slot = encode(&record);
        for at in 0..SLOT {
            let mut changed = slot.clone();
            changed[at] ^= 1;
            assert!(matches!(decode(&changed), Slot::Damaged), "byte {at}");
        }
        assert!(matches!(decode(&[0; SLOT]), Slot::Empty));
    }
}
