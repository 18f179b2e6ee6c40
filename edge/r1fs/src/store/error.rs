//! Why the store refuses.

use super::Label;
use cid::Cid;
use ratio1_formats::block::BlockError;
use std::{
    io,
    path::{Path, PathBuf},
};

/// Why an operation of the store failed. Each variant says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A CID that we do not follow, or bytes that are not its block.
    #[error("{cid}: {source}")]
    Block {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong with it.
        source: BlockError,
    },
    /// A block that is needed is not there, or was damaged and set aside.
    #[error("block {cid} is not in the store: fetch it first")]
    Missing {
        /// The block.
        cid: Box<Cid>,
    },
    /// A block whose links cannot be read.
    #[error("the links of block {cid} cannot be read ({source}): it was made by a broken tool; add the data again")]
    Unreadable {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong with it.
        source: LinksError,
    },
    /// More blocks below a root than were allowed.
    #[error("{root} has more than {max} blocks: raise the bound, or add the data in larger chunks")]
    TooManyBlocks {
        /// The root.
        root: Box<Cid>,
        /// What was allowed.
        max: u64,
    },
    /// More bytes below a root than were allowed.
    #[error("{root} has more than {max} bytes in distinct blocks: raise the bound, or pin less of it")]
    TooManyBytes {
        /// The root.
        root: Box<Cid>,
        /// What was allowed.
        max: u64,
    },
    /// Blocks nested deeper than is allowed.
    #[error("{root} is nested more than {max} blocks deep: no usual tool makes such a thing; add the data again")]
    TooDeep {
        /// The root.
        root: Box<Cid>,
        /// What is allowed.
        max: u32,
    },
    /// The disk has no room. Nothing was changed, and what is stored can be read.
    #[error("{path}: the disk is full ({source}): free space there, or unpin something and collect")]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// The file system's error.
        source: io::Error,
    },
    /// The store has reached its own limit.
    #[error("the store is full: {max} bytes are its limit; unpin something and collect, or raise the limit")]
    StoreFull {
        /// The limit.
        max: u64,
    },
    /// An owner has reached its quota.
    #[error(
        "{owner} may keep {quota} bytes here and needs {needed} at least: unpin something of its own, or order storage"
    )]
    QuotaReached {
        /// Whose quota.
        owner: Label,
        /// The quota.
        quota: u64,
        /// What its pins would occupy at least, with the new one.
        needed: u64,
    },
    /// An operation has written what it was allowed to.
    #[error("this operation may write {budget} bytes and they are written: send less, or ask for a larger quota")]
    BudgetSpent {
        /// What it was allowed.
        budget: u64,
    },
    /// As many pins as there may be.
    #[error("there are {max} pins, as many as there may be: put several things into one directory and pin that")]
    TooManyPins {
        /// The limit.
        max: usize,
    },
    /// Something that was to be unpinned is not pinned so.
    #[error("{root} is not pinned for {owner} as {reason}: look at the list of pins")]
    NotPinned {
        /// The root.
        root: Box<Cid>,
        /// The owner that was named.
        owner: Label,
        /// The reason that was named.
        reason: Label,
    },
    /// A pin that would be over before it began.
    #[error("the pin would expire at {expires} and it is {now} (Unix seconds): give a later time")]
    Expired {
        /// When it would have expired.
        expires: u64,
        /// The time.
        now: u64,
    },
    /// A label that is empty, too long, or has control characters.
    #[error("{label:?} is no label: 1 to 64 bytes without control characters are")]
    BadLabel {
        /// What was given.
        label: String,
    },
    /// A pinned block with links is lost, so nobody knows what lies below it.
    #[error(
        "nothing can be collected: block {cid} of pin {root} is lost, and with it what the pin keeps; \
         fetch the block again or unpin the root"
    )]
    HeldUp {
        /// The pin's root.
        root: Box<Cid>,
        /// The block that is lost.
        cid: Box<Cid>,
    },
    /// Records of pins are damaged, so nobody knows what they kept.
    #[error(
        "nothing can be collected: {count} records of pins in {path} are damaged; look whether the list of pins is \
         whole, pin again what is not in it, and confirm it"
    )]
    DamagedRecords {
        /// How many.
        count: u64,
        /// The log.
        path: PathBuf,
    },
    /// Another process has the store open.
    #[error("{path} is in use by another process: end that one, or give this one another folder")]
    InUse {
        /// The store's folder.
        path: PathBuf,
    },
    /// The folder holds something else, or another form of a store.
    #[error("{path} is not a store of this form ({found:?}): use the version that wrote it, or another folder")]
    Format {
        /// The store's folder.
        path: PathBuf,
        /// What its form calls itself.
        found: String,
    },
    /// The file system refused for another reason than room.
    #[error("{path}: {source}: check the disk and the permissions")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The file system's error.
        source: io::Error,
    },
}

/// Why the links of a block cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LinksError(pub String);

impl StoreError {
    /// Of a file system's error.
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path, source },
            _ => Self::Io { path, source },
        }
    }

    /// Of a block that is not there.
    pub(super) fn missing(cid: Cid) -> Self {
        Self::Missing { cid: Box::new(cid) }
    }
}
