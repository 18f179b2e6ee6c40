//! A small file that a tool of the operator's keeps fresh: read whenever it is needed, believed while it is young, and
//! what was found in it told once for each change.

use parking_lot::Mutex;
use ratio1_ports::Wallclock;
use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// Why a file says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFault {
    /// It cannot be read.
    Unreadable(io::ErrorKind),
    /// It is a folder, a pipe or a device.
    NoFile,
    /// It was not modified for longer than this, or is from the future.
    Old(Duration),
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(why) => write!(f, "it cannot be read ({why})"),
            Self::NoFile => write!(f, "it is no file"),
            Self::Old(most) => {
                write!(f, "it was not modified for more than {} s, or is from the future", most.as_secs())
            }
        }
    }
}

impl FileFault {
    /// What helps, where `if_old` keeps the file fresh.
    pub const fn remedy(&self, if_old: &'static str) -> &'static str {
        match self {
            Self::Unreadable(_) => "check the path and its permissions",
            Self::NoFile => "name a file, no folder and no pipe",
            Self::Old(_) => if_old,
        }
    }
}

/// Such a file, and what was found in it last.
pub struct WatchedFile<Found> {
    path: PathBuf,
    /// The longest content that is of use.
    max_bytes: usize,
    clock: Arc<dyn Wallclock>,
    last: Mutex<Option<Found>>,
}

impl<Found: Clone + PartialEq> WatchedFile<Found> {
    /// At `path`.
    pub fn new(path: PathBuf, max_bytes: usize, clock: Arc<dyn Wallclock>) -> Self {
        Self { path, max_bytes, clock, last: Mutex::new(None) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its content, and one byte more than is of use if there is more; nothing if it is older than `max_age`.
    pub fn read(&self, max_age: Option<Duration>) -> Result<Vec<u8>, FileFault> {
        let unreadable = |error: io::Error| FileFault::Unreadable(error.kind());
        // Before it is opened: opening a pipe waits for somebody to write into it.
        if !std::fs::metadata(&self.path).map_err(unreadable)?.is_file() {
            return Err(FileFault::NoFile);
        }
        let file = File::open(&self.path).map_err(unreadable)?;
        if let Some(max_age) = max_age {
            let modified = file.metadata().and_then(|meta| meta.modified()).map_err(unreadable)?;
            let modified = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
            // A time that has not come would keep it fresh for ever.
            if modified.abs_diff(Duration::from_millis(self.clock.now_ms())) > max_age {
                return Err(FileFault::Old(max_age));
            }
        }
        let most = u64::try_from(self.max_bytes).unwrap_or(u64::MAX).saturating_add(1);
        let mut bytes = Vec::new();
        file.take(most).read_to_end(&mut bytes).map_err(unreadable)?;
        Ok(bytes)
    }

    /// Keep what was found; whether it is something else than before, and so to be told.
    pub fn is_news(&self, found: &Found) -> bool {
        let mut last = self.last.lock();
        if last.as_ref() == Some(found) {
            return false;
        }
        *last = Some(found.clone());
        true
    }

    /// What was found last.
    pub fn last(&self) -> Option<Found> {
        self.last.lock().clone()
    }
}

/// A file with this content, modified at `modified` in Unix milliseconds.
#[cfg(test)]
pub fn write_at(path: &Path, content: &[u8], modified: u64) {
    std::fs::write(path, content).expect("a temporary file");
    let time = UNIX_EPOCH + Duration::from_millis(modified);
    File::options().write(true).open(path).and_then(|file| file.set_modified(time)).expect("just written");
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_ports::testing::FakeClock;

    const NOW: u64 = 1_800_000_000_000;

    fn file(path: PathBuf, now: u64) -> WatchedFile<u8> {
        WatchedFile::new(path, 4, Arc::new(FakeClock::at(now)))
    }

    #[test]
    fn file_is_not_used_when_it_is_missing_or_no_file() {
        let dir = tempfile::tempdir().expect("a folder");
        let missing = file(dir.path().join("file"), NOW).read(None);
        assert_eq!(missing, Err(FileFault::Unreadable(io::ErrorKind::NotFound)));
        assert_eq!(file(dir.path().into(), NOW).read(None), Err(FileFault::NoFile));
    }

    #[test]
    fn file_is_not_used_when_it_is_old_or_of_a_time_to_come() {
        let dir = tempfile::tempdir().expect("a folder");
        let (path, minute) = (dir.path().join("file"), Duration::from_secs(60));
        write_at(&path, b"1234", NOW);
        let read = |now| file(path.clone(), now).read(Some(minute));
        assert_eq!(read(NOW + 60_000), Ok(b"1234".to_vec()));
        assert_eq!(read(NOW + 60_001), Err(FileFault::Old(minute)));
        assert_eq!(read(NOW - 60_001), Err(FileFault::Old(minute)));
        assert!(file(path, NOW + 60_001).read(None).is_ok());
    }

    #[test]
    fn content_is_read_up_to_one_byte_more_than_is_of_use() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("file");
        write_at(&path, b"123456", NOW);
        assert_eq!(file(path, NOW).read(None), Ok(b"12345".to_vec()));
    }

    #[test]
    fn finding_is_news_once_per_change() {
        let watched = file("file".into(), NOW);
        assert_eq!([1, 1, 2, 1].map(|found| watched.is_news(&found)), [true, false, true, true]);
        assert_eq!(watched.last(), Some(1));
    }
}
