//! A file system in memory whose power can be cut, whose disk can be full, and every operation of which can fail.

use crate::store::{Files, LockGuard};
use parking_lot::Mutex;
use rand::{rngs::StdRng, Rng, SeedableRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// What becomes of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation of that number fails for want of room.
    NoRoom(u64),
    /// All writes from that number on fail for want of room, until [`Memory::mend`].
    NoRoomFrom(u64),
    /// The operation of that number fails otherwise.
    Broken(u64),
    /// The power goes during the operation of that number.
    PowerCut(u64),
}

#[derive(Clone, Default)]
struct File {
    now: Vec<u8>,
    /// What is certainly on the disk.
    synced: Vec<u8>,
    is_synced: bool,
    /// After a sync that failed: what the next one brings to the disk. The kernel takes what it could not write for
    /// written, and writes only what is changed from then on.
    believed: Option<Vec<u8>>,
}

#[derive(Default)]
struct State {
    next: u64,
    files: BTreeMap<u64, File>,
    names: BTreeMap<PathBuf, u64>,
    /// Names that are certainly on the disk.
    synced_names: BTreeMap<PathBuf, u64>,
    folders: BTreeSet<PathBuf>,
    capacity: Option<u64>,
    fault: Option<Fault>,
    operations: u64,
    is_off: bool,
    locked: bool,
    sync_takes: Duration,
}

/// The file system; a clone is another handle of it.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<State>>);

struct Unlock(Memory);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0 .0.lock().locked = false;
    }
}

fn no_room() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

fn missing() -> io::Error {
    io::Error::from(io::ErrorKind::NotFound)
}

impl State {
    /// Count an operation, and fail it if its time has come. `Ok(false)` if it is to be done by half and then fail.
    fn begin(&mut self, is_write: bool) -> io::Result<bool> {
        if self.is_off {
            return Err(io::Error::other("no power"));
        }
        self.operations += 1;
        match self.fault {
            Some(Fault::NoRoom(at)) if at == self.operations && is_write => Ok(false),
            Some(Fault::NoRoomFrom(at)) if at <= self.operations && is_write => Ok(false),
            Some(Fault::Broken(at)) if at == self.operations => Err(io::Error::other("broken")),
            Some(Fault::PowerCut(at)) if at == self.operations => {
                self.is_off = true;
                if is_write {
                    Ok(false)
                } else {
                    Err(io::Error::other("no power"))
                }
            }
            _ => Ok(true),
        }
    }

    fn half_done(&self) -> io::Error {
        if self.is_off {
            io::Error::other("no power")
        } else {
            no_room()
        }
    }

    fn used(&self) -> u64 {
        self.names.values().map(|id| self.files[id].now.len() as u64).sum()
    }

    fn put(&mut self, path: &Path, offset: u64, bytes: &[u8], is_new: bool) -> io::Result<()> {
        let is_whole = self.begin(true)?;
        let bytes = if is_whole { bytes } else { &bytes[..bytes.len() / 2] };
        let id = match self.names.get(path) {
            Some(id) => *id,
            None if !is_new => return Err(missing()),
            None => {
                if !path.parent().is_some_and(|folder| self.folders.contains(folder)) {
                    return Err(missing());
                }
                self.next += 1;
                let id = self.next;
                self.files.insert(id, File::default());
                self.names.insert(path.into(), id);
                id
            }
        };
        let room = self.capacity.map(|capacity| capacity.saturating_sub(self.used()));
        let file = self.files.get_mut(&id).unwrap();
        if is_new {
            file.now.clear();
        }
        file.is_synced = false;
        let end = offset as usize + bytes.len();
        let growth = end.saturating_sub(file.now.len()) as u64;
        let (bytes, is_full) = match room {
            Some(room) if room < growth => {
                (&bytes[..bytes.len() - (growth - room).min(bytes.len() as u64) as usize], true)
            }
            _ => (bytes, false),
        };
        let end = offset as usize + bytes.len();
        if is_new {
            file.believed = None;
        }
        for content in [Some(&mut file.now), file.believed.as_mut()].into_iter().flatten() {
            if content.len() < end {
                content.resize(end, 0);
            }
            content[offset as usize..end].copy_from_slice(bytes);
        }
        if is_whole && !is_full {
            Ok(())
        } else {
            Err(self.half_done())
        }
    }
}

impl Memory {
    pub fn set_fault(&self, fault: Fault) {
        let mut state = self.0.lock();
        state.operations = 0;
        state.fault = Some(fault);
    }

    /// No fault any more.
    pub fn mend(&self) {
        self.0.lock().fault = None;
    }

    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.0.lock().capacity = capacity;
    }

    pub fn set_sync_takes(&self, time: Duration) {
        self.0.lock().sync_takes = time;
    }

    pub fn used(&self) -> u64 {
        self.0.lock().used()
    }

    /// Operations since the fault was set.
    pub fn operations(&self) -> u64 {
        self.0.lock().operations
    }

    pub fn is_off(&self) -> bool {
        self.0.lock().is_off
    }

    /// The power comes back. Of what was not synced, `seed` decides what is there: names as before or after, contents
    /// as before, as after, cut, or zeros.
    pub fn restart(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut state = self.0.lock();
        state.is_off = false;
        state.fault = None;
        state.locked = false;
        let all: BTreeSet<PathBuf> = state.names.keys().chain(state.synced_names.keys()).cloned().collect();
        let mut names = BTreeMap::new();
        for path in all {
            let (now, synced) = (state.names.get(&path), state.synced_names.get(&path));
            let kept = if now == synced || random.gen() { now } else { synced };
            if let Some(id) = kept {
                names.insert(path, *id);
            }
        }
        for file in state.files.values_mut().filter(|file| !file.is_synced) {
            let now = std::mem::take(&mut file.now);
            let now = file.believed.take().unwrap_or(now);
            file.now = match random.gen_range(0..4) {
                0 => file.synced.clone(),
                1 => now,
                // Overwritten in part: the file keeps what was synced of it, and gains a part of the rest.
                2 => {
                    let len = random.gen_range(0..=now.len());
                    let mut torn = now[..len].to_vec();
                    torn.extend(file.synced.get(len..).unwrap_or_default());
                    torn
                }
                _ => {
                    let mut zeros = file.synced.clone();
                    zeros.resize(now.len().max(zeros.len()), 0);
                    zeros
                }
            };
        }
        for file in state.files.values_mut() {
            // What was synced after a failure is not what was read then.
            if file.is_synced {
                file.now = file.synced.clone();
            }
            *file = File { now: file.now.clone(), synced: file.now.clone(), is_synced: true, believed: None };
        }
        state.synced_names = names.clone();
        state.names = names;
    }

    /// Change a file behind the store's back.
    pub fn damage(&self, path: &Path, change: impl FnOnce(&mut Vec<u8>)) {
        let mut state = self.0.lock();
        let id = state.names[path];
        let file = state.files.get_mut(&id).unwrap();
        change(&mut file.now);
        if file.is_synced {
            file.synced = file.now.clone();
        }
    }

    /// Remove a file behind the store's back.
    pub fn lose(&self, path: &Path) {
        self.0.lock().names.remove(path).unwrap();
    }

    /// The files below a folder.
    pub fn below(&self, folder: &Path) -> Vec<PathBuf> {
        self.0.lock().names.keys().filter(|path| path.starts_with(folder)).cloned().collect()
    }
}

impl Files for Memory {
    fn lock(&self, _: &Path) -> io::Result<LockGuard> {
        let mut state = self.0.lock();
        state.begin(false)?;
        if std::mem::replace(&mut state.locked, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Unlock(self.clone())))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        // Folders are not what these tests are about: their names are durable at once.
        if state.folders.contains(path) {
            return Ok(());
        }
        state.begin(false)?;
        state.folders.extend(path.ancestors().map(Path::to_path_buf));
        Ok(())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(String, u64)>> {
        let state = self.0.lock();
        let inside = state.names.iter().filter(|(name, _)| name.parent() == Some(path));
        let told = |(name, id): (&PathBuf, &u64)| {
            (name.file_name().unwrap().to_str().unwrap().to_string(), state.files[id].now.len() as u64)
        };
        Ok(inside.map(told).collect())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().put(path, 0, bytes, true)
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.lock().put(path, offset, bytes, false)
    }

    fn read_at(&self, path: &Path, offset: u64, max: usize) -> io::Result<Vec<u8>> {
        let mut state = self.0.lock();
        state.begin(false)?;
        let id = state.names.get(path).ok_or_else(missing)?;
        let rest = state.files[id].now.get(offset as usize..).unwrap_or_default();
        Ok(rest[..rest.len().min(max)].to_vec())
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(false)?;
        let id = *state.names.get(path).ok_or_else(missing)?;
        let file = state.files.get_mut(&id).unwrap();
        file.now.resize(len as usize, 0);
        if let Some(believed) = &mut file.believed {
            believed.resize(len as usize, 0);
        }
        file.is_synced = false;
        Ok(())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(false)?;
        let id = state.names.remove(from).ok_or_else(missing)?;
        state.names.insert(to.into(), id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(false)?;
        state.names.remove(path).map(drop).ok_or_else(missing)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        let takes = self.0.lock().sync_takes;
        if !takes.is_zero() {
            std::thread::sleep(takes);
        }
        let mut state = self.0.lock();
        let begun = state.begin(true);
        let id = *state.names.get(path).ok_or_else(missing)?;
        let file = state.files.get_mut(&id).unwrap();
        if !matches!(begun, Ok(true)) {
            file.believed.get_or_insert_with(|| file.synced.clone());
            begun?;
            return Err(state.half_done());
        }
        file.synced = file.believed.as_ref().unwrap_or(&file.now).clone();
        file.is_synced = true;
        Ok(())
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        let mut state = self.0.lock();
        state.begin(false)?;
        let is_inside = |name: &Path| name.parent() == Some(path);
        let now: Vec<_> =
            state.names.iter().filter(|(name, _)| is_inside(name)).map(|(n, i)| (n.clone(), *i)).collect();
        state.synced_names.retain(|name, _| !is_inside(name));
        state.synced_names.extend(now);
        Ok(())
    }
}
