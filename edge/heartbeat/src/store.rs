//! Counts and ballots on disk, so that a restart loses none of them.
//!
//! ```text
//! format                       which chain, and which form: all that follows belongs to it
//! counts/<epoch>/params        the parameters that slots are measured by
//! counts/<epoch>/coverage-<beat_ms>            a byte for each slot
//! counts/<epoch>/licenses-<page>-<beat_ms>     a record for each slot: which licenses of the page beat
//! counts/<epoch>/services-<page>-<beat_ms>     the same of services
//! counts/<epoch>/seen                          the last finalised block that was learned of while the epoch ran
//! counts/<epoch>/nodes-<page>, known-<page>    whose nodes were counted, and which services were known since when
//! ballots/<epoch>.ballot, <epoch>.submitted    a ballot, and the mark that its commit may be out
//! ```
//!
//! Counts are written where they belong, each record with a checksum of its own. So a record costs the same whatever
//! was counted before, what is damaged costs what it held and nothing else, and no damage can take the process down.
//! They are handed to the operating system and not waited for: a process that is killed loses none, a machine that
//! loses power some seconds. A ballot must never be lost once its commit is sent, so it is synced before it counts as
//! kept.
//!
//! What belongs to another chain, to another form, or is too damaged to be read is *set aside*: renamed, a few of them
//! kept, and said in [`Store::trouble`]. Counting goes on with what is left. Two chains can have the same genesis,
//! since a local network that is started anew begins with the same block 0; the moment at which their clocks start
//! tells them apart.

mod files;

use crate::{
    counts::{Bitmap, EpochCounts, Records},
    finality::Seen,
    notes::NotesPage,
    ports::HeartbeatChain,
    services::MAX_SERVICE_PAGES,
};
use codec::{Decode, DecodeAll, Encode};
use files::{make_folder, read_file, remove, replace_file, sealed, sealed_bytes, unsealed, write_at, write_file};
use futures::StreamExt;
use parking_lot::Mutex;
use ratio1_ports::Trouble;
use ratio1_primitives::{
    ballot::{Ballot, MAX_PAGES},
    traits::PageMask,
    width::{as_u32, as_usize},
    EpochIndex, EpochParams, Hash, PAGE_SIZE,
};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Form of everything in the folder.
const FORMAT: u32 = 2;
/// Names in the folder.
const IDENTITY: &str = "format";
const COUNTS: &str = "counts";
const BALLOTS: &str = "ballots";
const PARAMS: &str = "params";
const SEEN: &str = "seen";
/// Endings of the files of an epoch's ballot, and of the mark that its commit may be out.
const BALLOT: &str = "ballot";
const SUBMITTED: &str = "submitted";
/// Bytes of a mask, and of a record: a checksum before it.
const MASK: usize = as_usize(PAGE_SIZE) / 8;
const RECORD: usize = MASK + 8;
/// A slot that was covered, as a byte that nothing else is likely to leave behind.
const COVERED: u8 = 0xc5;
/// How many of the things that were set aside in one place are kept.
const KEPT_ASIDE: usize = 2;

/// Which chain counts belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct ChainId {
    /// Hash of block 0.
    pub genesis: Hash,
    /// The moment at which its clock starts, in Unix milliseconds: on most networks that of block 1.
    pub moment: u64,
}

impl ChainId {
    /// Of this chain, as soon as it has a clock in finalised state. `None` if the node shuts down before.
    pub async fn of(chain: Arc<dyn HeartbeatChain>) -> Option<Self> {
        let mut blocks = chain.finalised_blocks();
        loop {
            let asked = chain.clone();
            let clock = tokio::task::spawn_blocking(move || asked.clock(asked.finalised().hash)).await.ok()?;
            match clock {
                Ok(info) => {
                    if let Some(clock) = info.clock {
                        return Some(Self { genesis: chain.genesis(), moment: clock.genesis_moment });
                    }
                }
                Err(error) => tracing::debug!(target: "heartbeat", %error, "could not read the chain's clock"),
            }
            blocks.next().await?;
        }
    }
}

/// Why counts or ballots cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The ballot is damaged, and its commit may be out. The oracle abstains in this epoch.
    #[error("the ballot in {path} is damaged and may be committed to: this oracle abstains in its epoch")]
    Corrupt {
        /// The file.
        path: PathBuf,
    },
    /// The file system refused. Check space and permissions.
    #[error("{path}: {source}: check space and permissions")]
    Io {
        /// The file.
        path: PathBuf,
        /// Its error.
        source: io::Error,
    },
}

/// Why something was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It belongs to another chain.
    Foreign(ChainId),
    /// It has another form: it was written by another version of this program.
    Format(Option<u32>),
    /// It is damaged.
    Damaged(&'static str),
}

/// The counts and ballots of one oracle on one chain.
pub struct Store {
    path: PathBuf,
    chain: ChainId,
    /// One writer of ballots at a time.
    ballots: Mutex<()>,
    /// The epoch and parameters that were written last.
    params: Mutex<Option<(EpochIndex, EpochParams)>>,
    trouble: Mutex<Option<Trouble>>,
}

impl Store {
    /// Open the folder, or create it. What is there and cannot be used is set aside first.
    pub fn open(path: &Path, chain: ChainId) -> Result<Self, StoreError> {
        let store = Self {
            path: path.into(),
            chain,
            ballots: Mutex::new(()),
            params: Mutex::new(None),
            trouble: Mutex::new(None),
        };
        if let Some(reason) = store.misfit()? {
            store.set_aside(path, reason)?;
        }
        let identity = path.join(IDENTITY);
        make_folder(path)?;
        if !identity.exists() {
            write_file(&identity, &sealed(&(FORMAT, chain)))?;
        }
        make_folder(&path.join(COUNTS))?;
        make_folder(&path.join(BALLOTS))?;
        Ok(store)
    }

    /// Why what is in the folder cannot be used, if something is.
    fn misfit(&self) -> Result<Option<Reason>, StoreError> {
        let Some(identity) = read_file(&self.path.join(IDENTITY))? else {
            let is_empty = match fs::read_dir(&self.path) {
                Ok(mut entries) => entries.next().is_none(),
                Err(error) if error.kind() == io::ErrorKind::NotFound => true,
                Err(source) => return Err(StoreError::Io { path: self.path.clone(), source }),
            };
            return Ok((!is_empty).then_some(Reason::Format(None)));
        };
        let Some(body) = unsealed(&identity) else { return Ok(Some(Reason::Damaged("the description of its form"))) };
        Ok(match <(u32, ChainId)>::decode_all(&mut &body[..]) {
            Ok((FORMAT, chain)) if chain == self.chain => None,
            Ok((FORMAT, chain)) => Some(Reason::Foreign(chain)),
            _ => Some(Reason::Format(u32::decode(&mut &body[..]).ok())),
        })
    }

    /// What was set aside or found damaged since the store was opened, the newest of it.
    pub fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().clone()
    }

    /// Rename a file or folder out of the way, and remove what was set aside before in excess of [`KEPT_ASIDE`].
    fn set_aside(&self, path: &Path, reason: Reason) -> Result<(), StoreError> {
        let io = |source| StoreError::Io { path: path.into(), source };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let prefix = format!("{name}.aside-");
        let folder = path.parent().unwrap_or(Path::new("."));
        let mut before: Vec<u64> = fs::read_dir(folder)
            .map_err(io)?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_prefix(&prefix)?.parse().ok())
            .collect();
        before.sort_unstable();
        let number = before.last().map_or(1, |last| last.saturating_add(1));
        let aside = folder.join(format!("{prefix}{number}"));
        fs::rename(path, &aside).map_err(io)?;
        *self.params.lock() = None;
        let excess = before.len().saturating_add(1).saturating_sub(KEPT_ASIDE);
        for old in before.iter().take(excess) {
            remove(&folder.join(format!("{prefix}{old}")))?;
        }
        let why = match &reason {
            Reason::Foreign(_) => "belong to another chain or to an earlier start of this one".into(),
            Reason::Format(_) => "were written by another version of this program".into(),
            Reason::Damaged(what) => format!("are damaged ({what})"),
        };
        tracing::warn!(
            target: "heartbeat", path = %path.display(), aside = %aside.display(), ?reason,
            "an oracle's counts or ballots are set aside and counting goes on without them"
        );
        self.say(
            format!("counts or ballots in {} {why}; they were set aside as {}", path.display(), aside.display()),
            "nothing: counting goes on without them. Remove what was set aside when it is of no interest",
        );
        Ok(())
    }

    fn say(&self, condition: String, remedy: &str) {
        *self.trouble.lock() = Some(Trouble::new(condition, remedy));
    }

    /// Write what changed of `counts` since it was last written.
    pub fn save(&self, counts: &mut EpochCounts) -> Result<(), StoreError> {
        let dirty = counts.take_dirty();
        let saved = self.save_head(counts, dirty.head).and_then(|()| {
            let folder = self.epoch_folder(counts.epoch());
            dirty.notes.iter().try_for_each(|page| {
                replace_file(&folder.join(notes_name(*page)), &sealed_bytes(&counts.notes(*page)))
            })?;
            self.save_records(counts, "licenses", &dirty.licenses, EpochCounts::mask)?;
            self.save_records(counts, "services", &dirty.services, EpochCounts::service_mask)
        });
        saved.inspect_err(|_| counts.put_back_dirty(dirty))
    }

    fn save_head(&self, counts: &EpochCounts, is_dirty: bool) -> Result<(), StoreError> {
        let (epoch, params) = (counts.epoch(), *counts.params());
        if !is_dirty {
            return Ok(());
        }
        let folder = self.epoch_folder(epoch);
        if *self.params.lock() != Some((epoch, params)) {
            make_folder(&folder)?;
            write_file(&folder.join(PARAMS), &sealed(&params))?;
            *self.params.lock() = Some((epoch, params));
        }
        let covered = |slot| if counts.coverage().get(slot) { COVERED } else { 0 };
        let bytes: Vec<u8> = (0..params.slots).map(covered).collect();
        let path = folder.join(coverage_name(&params));
        write_at(&path, &[(0, &bytes)])?;
        counts.seen().map_or(Ok(()), |seen| replace_file(&folder.join(SEEN), &sealed(&seen)))
    }

    fn save_records(
        &self,
        counts: &EpochCounts,
        kind: &str,
        dirty: &Records,
        mask: impl Fn(&EpochCounts, u32, u32) -> PageMask,
    ) -> Result<(), StoreError> {
        let mut pages = BTreeMap::<u32, Vec<(u64, Vec<u8>)>>::new();
        for (slot, page) in dirty {
            let place = u64::from(*slot).saturating_mul(u64::from(as_u32(RECORD)));
            pages.entry(*page).or_default().push((place, record(*slot, &mask(counts, *slot, *page))));
        }
        for (page, records) in pages {
            let path = self.epoch_folder(counts.epoch()).join(records_name(kind, page, counts.params()));
            let parts: Vec<_> = records.iter().map(|(place, bytes)| (*place, bytes.as_slice())).collect();
            write_at(&path, &parts)?;
        }
        Ok(())
    }

    /// The counts of an epoch, if any are kept. What of them is damaged is left out.
    pub fn load(&self, epoch: EpochIndex) -> Result<Option<EpochCounts>, StoreError> {
        let folder = self.epoch_folder(epoch);
        let Some(params) = read_file(&folder.join(PARAMS))? else { return Ok(None) };
        let params = unsealed(&params).and_then(|body| EpochParams::decode_all(&mut &body[..]).ok());
        let Some(params) = params else {
            self.set_aside(&folder, Reason::Damaged("the parameters of an epoch"))?;
            return Ok(None);
        };
        let mut coverage = Bitmap::new(params.slots);
        let bytes = read_file(&folder.join(coverage_name(&params)))?.unwrap_or_default();
        (0..params.slots).zip(&bytes).filter(|(_, byte)| **byte == COVERED).for_each(|(slot, _)| {
            coverage.set(slot);
        });
        let mut counts = EpochCounts::restored(epoch, params, coverage);
        let mut damaged = self.load_notes(&folder, &mut counts)?;
        for page in 0..MAX_PAGES {
            let path = folder.join(records_name("licenses", page, &params));
            damaged = damaged.saturating_add(read_records(&path, &params, |slot, mask| {
                counts.restore_mask(slot, page, mask);
            })?);
        }
        for page in 0..MAX_SERVICE_PAGES {
            let path = folder.join(records_name("services", page, &params));
            damaged = damaged.saturating_add(read_records(&path, &params, |slot, mask| {
                counts.restore_service_mask(slot, page, mask);
            })?);
        }
        if damaged > 0 {
            tracing::warn!(target: "heartbeat", %epoch, damaged, "damaged records of counts are left out");
            self.say(
                format!("{damaged} records of the counts of epoch {epoch} are damaged and were left out"),
                "check the disk: they may have been damaged by a loss of power",
            );
        }
        Ok(Some(counts))
    }

    /// Put back what was noted of an epoch; how much of it is damaged.
    fn load_notes(&self, folder: &Path, counts: &mut EpochCounts) -> Result<usize, StoreError> {
        let mut damaged = 0usize;
        let mut take = |name: String, restore: &mut dyn FnMut(&[u8]) -> Option<()>| -> Result<(), StoreError> {
            let Some(bytes) = read_file(&folder.join(name))? else { return Ok(()) };
            if unsealed(&bytes).and_then(restore).is_none() {
                damaged = damaged.saturating_add(1);
            }
            Ok(())
        };
        take(SEEN.into(), &mut |body| {
            counts.see(Seen::decode_all(&mut &*body).ok()?);
            Some(())
        })?;
        let pages = (0..MAX_PAGES).map(NotesPage::Nodes).chain((0..MAX_SERVICE_PAGES).map(NotesPage::Services));
        for page in pages {
            take(notes_name(page), &mut |body| counts.restore_notes(page, body))?;
        }
        Ok(damaged)
    }

    /// Forget counts and ballots of epochs that `keep` does not name; of how many epochs or ballots.
    pub fn prune(&self, keep: impl Fn(EpochIndex) -> bool) -> Result<usize, StoreError> {
        let _one = self.ballots.lock();
        *self.params.lock() = None;
        let mut gone = 0usize;
        for folder in [self.path.join(COUNTS), self.path.join(BALLOTS)] {
            let io = |source| StoreError::Io { path: folder.clone(), source };
            for file in fs::read_dir(&folder).map_err(io)? {
                let file = file.map_err(io)?;
                let name = file.file_name();
                let stem = name.to_str().map(|name| name.split_once('.').map_or(name, |(stem, _)| stem));
                let epoch = stem.and_then(|stem| stem.parse().ok()).map(EpochIndex);
                if epoch.is_some_and(|epoch| !keep(epoch)) {
                    remove(&file.path())?;
                    gone = gone.saturating_add(1);
                }
            }
        }
        Ok(gone)
    }

    /// Keep a ballot in place of the one kept, unless a commit of that may have been submitted: then it comes back. On
    /// return the ballot that came back is on disk.
    pub fn replace_ballot(&self, ballot: Ballot) -> Result<Ballot, StoreError> {
        let _one = self.ballots.lock();
        let epoch = ballot.header.epoch;
        match self.ballot(epoch)? {
            Some(kept) if self.is_submitted(epoch)? => Ok(kept),
            _ => self.write_ballot(ballot),
        }
    }

    fn write_ballot(&self, ballot: Ballot) -> Result<Ballot, StoreError> {
        write_file(&self.ballot_path(ballot.header.epoch), &sealed(&ballot))?;
        Ok(ballot)
    }

    /// Note that a commit of the epoch's ballot is about to be submitted: on return that is on disk.
    pub fn mark_submitted(&self, epoch: EpochIndex) -> Result<(), StoreError> {
        let _one = self.ballots.lock();
        match self.is_submitted(epoch)? {
            true => Ok(()),
            false => write_file(&self.ballot_path(epoch).with_extension(SUBMITTED), &[]),
        }
    }

    /// Whether a commit of the epoch's ballot may have been submitted, by this or an earlier run.
    pub fn is_submitted(&self, epoch: EpochIndex) -> Result<bool, StoreError> {
        let path = self.ballot_path(epoch).with_extension(SUBMITTED);
        path.try_exists().map_err(|source| StoreError::Io { path, source })
    }

    /// The ballot of an epoch, if one was built. A damaged one whose commit was never sent is set aside.
    pub fn ballot(&self, epoch: EpochIndex) -> Result<Option<Ballot>, StoreError> {
        let path = self.ballot_path(epoch);
        let Some(bytes) = read_file(&path)? else { return Ok(None) };
        let ballot = unsealed(&bytes).and_then(|body| Ballot::decode_all(&mut &body[..]).ok());
        match ballot.filter(|ballot| ballot.header.epoch == epoch) {
            Some(ballot) => Ok(Some(ballot)),
            None if self.is_submitted(epoch)? => Err(StoreError::Corrupt { path }),
            None => {
                self.set_aside(&path, Reason::Damaged("a ballot"))?;
                Ok(None)
            }
        }
    }

    fn ballot_path(&self, epoch: EpochIndex) -> PathBuf {
        self.path.join(BALLOTS).join(format!("{epoch}.{BALLOT}"))
    }

    fn epoch_folder(&self, epoch: EpochIndex) -> PathBuf {
        self.path.join(COUNTS).join(epoch.to_string())
    }
}

fn coverage_name(params: &EpochParams) -> String {
    format!("coverage-{}", params.beat_ms)
}

fn records_name(kind: &str, page: u32, params: &EpochParams) -> String {
    format!("{kind}-{page}-{}", params.beat_ms)
}

fn notes_name(page: NotesPage) -> String {
    match page {
        NotesPage::Nodes(page) => format!("nodes-{page}"),
        NotesPage::Services(page) => format!("known-{page}"),
    }
}

/// A slot's record: a mask behind the checksum of both.
fn record(slot: u32, mask: &PageMask) -> Vec<u8> {
    let mask = mask.encode();
    let mut bytes = sp_crypto_hashing::twox_64(&(slot, &mask).encode()).to_vec();
    bytes.extend(mask);
    bytes
}

/// Read the records of one page; how many are damaged. One that was never written is all zero.
fn read_records(
    path: &Path,
    params: &EpochParams,
    mut restore: impl FnMut(u32, &PageMask),
) -> Result<usize, StoreError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(source) => return Err(StoreError::Io { path: path.into(), source }),
    };
    let mut damaged = 0usize;
    for (slot, bytes) in (0..params.slots).zip(bytes.chunks(RECORD)) {
        if bytes.iter().all(|byte| *byte == 0) {
            continue;
        }
        let mask = bytes.split_at_checked(RECORD - MASK).and_then(|(_, mask)| PageMask::decode_all(&mut &*mask).ok());
        match mask.filter(|mask| record(slot, mask) == bytes) {
            Some(mask) => restore(slot, &mask),
            None => damaged = damaged.saturating_add(1),
        }
    }
    Ok(damaged)
}
