//! Pins: what is kept, for whom, why, and until when.

use super::{
    key::{Key, Named},
    log::{Loaded, Log, PinRecord, Record},
    Codec, StoreError,
};
use cid::Cid;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Bytes of the longest label.
pub const MAX_LABEL: usize = 64;
/// How many pins there may be.
pub const MAX_PINS: usize = 1 << 18;
/// Records that do not count any more, beyond as many as there are pins, before the log is written anew. Few in tests,
/// so that they see it often.
const SLACK: u64 = if cfg!(test) { 8 } else { 1024 };

/// A short text: an owner, or a reason. Without control characters, so that it may be shown as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(String);

impl Label {
    /// Check a text.
    pub fn new(text: impl Into<String>) -> Result<Self, StoreError> {
        let label = text.into();
        if label.is_empty() || label.len() > MAX_LABEL || label.chars().any(char::is_control) {
            return Err(StoreError::BadLabel { label: label.chars().take(MAX_LABEL).collect() });
        }
        Ok(Self(label))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Label {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How much lies below a root, each distinct block counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
    /// What they occupy on the disk: each of them in whole units of 4 KiB. Quotas count this.
    pub disk: u64,
}

/// What a pin may reach at most. Sizes that links claim are not believed: blocks are counted as they are met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Distinct blocks.
    pub blocks: u64,
    /// Bytes in them.
    pub bytes: u64,
}

impl Default for Bounds {
    /// The largest storage job, 1 TiB, in chunks of 256 KiB and larger.
    fn default() -> Self {
        Self { blocks: 1 << 23, bytes: 1 << 40 }
    }
}

/// How something is to be pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinOrder {
    /// Who wants it, and is charged.
    pub owner: Label,
    /// What for. An owner may pin a root for several reasons.
    pub reason: Label,
    /// When it ends by itself, in Unix seconds.
    pub expires: Option<u64>,
    /// How many bytes the owner's pins may occupy, this one included: each distinct block below them counts once.
    pub quota: Option<u64>,
    /// What it may reach.
    pub bounds: Bounds,
}

impl PinOrder {
    /// Without an end, a quota or other bounds than the usual.
    pub fn new(owner: Label, reason: Label) -> Self {
        Self { owner, reason, expires: None, quota: None, bounds: Bounds::default() }
    }
}

/// Something that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Everything below it is kept. A CIDv1, also if it was pinned by its CIDv0.
    pub root: Cid,
    /// Who wants it.
    pub owner: Label,
    /// What for.
    pub reason: Label,
    /// How much it is.
    pub extent: Extent,
    /// When it was pinned, or pinned again, in Unix seconds.
    pub since: u64,
    /// When it ends by itself.
    pub expires: Option<u64>,
}

impl Pin {
    /// Whether it has ended by itself.
    pub fn is_over(&self, now: u64) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }

    pub(super) fn named(&self) -> Result<Named, StoreError> {
        Named::by(&self.root)
    }
}

/// What tells pins apart.
type PinId = (Key, Codec, Label, Label);

/// All pins, and their log.
pub(super) struct Pins {
    log: Log,
    pins: BTreeMap<PinId, Pin>,
    damaged: u64,
}

impl Pins {
    /// Those that a log tells of.
    pub fn load(loaded: Loaded) -> Self {
        let Loaded { log, records, mut damaged } = loaded;
        let mut pins = BTreeMap::new();
        for record in records {
            let more = match record {
                Record::Damaged(count) => count,
                // A record with a right checksum that says nothing was written by something else.
                record => apply(&mut pins, record).map_or(1, |()| 0),
            };
            damaged = damaged.saturating_add(more);
        }
        Self { log, pins, damaged }
    }

    pub fn list(&self) -> Vec<Pin> {
        self.pins.values().cloned().collect()
    }

    pub fn count(&self) -> usize {
        self.pins.len()
    }

    /// The pins of an owner that have not ended.
    pub fn of<'a>(&'a self, owner: &'a Label, now: u64) -> impl Iterator<Item = &'a Pin> {
        self.pins.values().filter(move |pin| pin.owner == *owner && !pin.is_over(now))
    }

    /// The distinct roots.
    pub fn roots(&self) -> BTreeSet<(Key, Codec)> {
        self.pins.keys().map(|(key, kind, ..)| (*key, *kind)).collect()
    }

    /// Records that cannot be read.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }

    /// The error that says so, if there are any.
    pub fn check_whole(&self) -> Result<(), StoreError> {
        match self.damaged {
            0 => Ok(()),
            count => Err(StoreError::DamagedRecords { count, path: self.log.path().into() }),
        }
    }

    /// Add or replace a pin, and have it on the disk.
    pub fn add(&mut self, pin: Pin) -> Result<(), StoreError> {
        let id = id(&pin.root, &pin.owner, &pin.reason)?;
        if self.pins.len() >= MAX_PINS && !self.pins.contains_key(&id) {
            return Err(StoreError::TooManyPins { max: MAX_PINS });
        }
        self.append(&record_of(&pin))?;
        self.pins.insert(id, pin);
        self.compact_if_worth();
        Ok(())
    }

    /// Remove a pin, and have that on the disk.
    pub fn remove(&mut self, root: &Cid, owner: &Label, reason: &Label) -> Result<(), StoreError> {
        let id = id(root, owner, reason)?;
        if !self.pins.contains_key(&id) {
            let (owner, reason) = (owner.clone(), reason.clone());
            return Err(StoreError::NotPinned { root: Box::new(*root), owner, reason });
        }
        self.append(&unpin_of(&id))?;
        self.pins.remove(&id);
        self.compact_if_worth();
        Ok(())
    }

    /// Remove what has ended; how many. If the log cannot say so, they end again after the next start.
    pub fn expire(&mut self, now: u64) -> usize {
        let before = self.pins.len();
        self.pins.retain(|_, pin| !pin.is_over(now));
        let expired = before.saturating_sub(self.pins.len());
        if expired == 0 {
            return 0;
        }
        if let Err(error) = self.append(&Record::Expire(now)) {
            tracing::debug!(target: "r1fs", %error, "the end of pins could not be logged");
        }
        self.compact_if_worth();
        expired
    }

    /// Write the log anew, without what was damaged.
    pub fn confirm(&mut self) -> Result<(), StoreError> {
        let damaged = std::mem::take(&mut self.damaged);
        self.compact().inspect_err(|_| self.damaged = damaged)
    }

    fn append(&mut self, record: &Record) -> Result<(), StoreError> {
        if self.log.is_doubtful() {
            self.compact()?;
        }
        self.log.append(record)
    }

    fn compact_if_worth(&mut self) {
        let live = u64::try_from(self.pins.len()).unwrap_or(u64::MAX);
        // What is damaged stays as it is until somebody has looked.
        if self.damaged > 0 || self.log.slots() <= live.saturating_mul(2).saturating_add(SLACK) {
            return;
        }
        if let Err(error) = self.compact() {
            tracing::debug!(target: "r1fs", %error, "the log of pins could not be written anew; it goes on growing");
        }
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        let damaged = (self.damaged > 0).then_some(Record::Damaged(self.damaged));
        let records: Vec<Record> = damaged.into_iter().chain(self.pins.values().map(record_of)).collect();
        self.log.rewrite(&records)
    }
}

fn id(root: &Cid, owner: &Label, reason: &Label) -> Result<PinId, StoreError> {
    let named = Named::by(root)?;
    Ok((named.key, named.codec, owner.clone(), reason.clone()))
}

fn record_of(pin: &Pin) -> Record {
    Record::Pin(PinRecord {
        root: pin.root.to_bytes(),
        owner: pin.owner.0.clone(),
        reason: pin.reason.0.clone(),
        blocks: pin.extent.blocks,
        bytes: pin.extent.bytes,
        disk: pin.extent.disk,
        since: pin.since,
        expires: pin.expires,
    })
}

fn unpin_of((key, kind, owner, reason): &PinId) -> Record {
    Record::Unpin { root: key.cid(*kind).to_bytes(), owner: owner.0.clone(), reason: reason.0.clone() }
}

/// Apply a record; `None` if it says nothing.
fn apply(pins: &mut BTreeMap<PinId, Pin>, record: Record) -> Option<()> {
    let read = |root: &[u8], owner: String, reason: String| -> Option<(PinId, Cid, Label, Label)> {
        let root = Cid::try_from(root).ok()?;
        let (owner, reason) = (Label::new(owner).ok()?, Label::new(reason).ok()?);
        Some((id(&root, &owner, &reason).ok()?, root, owner, reason))
    };
    match record {
        Record::Pin(record) => {
            let (id, root, owner, reason) = read(&record.root, record.owner, record.reason)?;
            let extent = Extent { blocks: record.blocks, bytes: record.bytes, disk: record.disk };
            let pin = Pin { root, owner, reason, extent, since: record.since, expires: record.expires };
            pins.insert(id, pin);
        }
        Record::Unpin { root, owner, reason } => {
            let (id, ..) = read(&root, owner, reason)?;
            pins.remove(&id);
        }
        Record::Expire(now) => pins.retain(|_, pin| !pin.is_over(now)),
        Record::Damaged(_) => {}
    }
    Some(())
}
