//! The file system as the store sees it: a thin port, so that tests can fill the disk, fail any operation, and cut the
//! power between any two.

use std::{
    any::Any,
    fs::{self, File, OpenOptions},
    io::{self, Read},
    os::unix::fs::FileExt,
    path::Path,
};

/// What keeps a folder locked until it is dropped.
pub type LockGuard = Box<dyn Any + Send + Sync>;

/// What the store asks of a file system.
///
/// Nothing is durable before it was synced: the content of a file by [`sync_file`](Self::sync_file), its name by
/// [`sync_folder`](Self::sync_folder) of the folder that it is in.
pub trait Files: Send + Sync + 'static {
    /// Take the lock that a file stands for, without waiting; [`io::ErrorKind::WouldBlock`] if somebody has it.
    fn lock(&self, path: &Path) -> io::Result<LockGuard>;
    /// Create a folder and those above it; fine if it is there.
    fn create_folder(&self, path: &Path) -> io::Result<()>;
    /// The names and lengths of the files in a folder.
    fn list(&self, path: &Path) -> io::Result<Vec<(String, u64)>>;
    /// Write a file from its beginning, whether or not one is there.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Write into a file that is there.
    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Read at most `max` bytes from `offset` on; less only at the file's end.
    fn read_at(&self, path: &Path, offset: u64, max: usize) -> io::Result<Vec<u8>>;
    /// Cut a file to `len` bytes.
    fn truncate(&self, path: &Path, len: u64) -> io::Result<()>;
    /// Rename a file, in place of what has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Remove a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Have a file's content on disk.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Have a folder's names on disk.
    fn sync_folder(&self, path: &Path) -> io::Result<()>;
}

/// The operating system's file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn lock(&self, path: &Path) -> io::Result<LockGuard> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        file.try_lock()?;
        Ok(Box::new(file))
    }

    fn create_folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<(String, u64)>> {
        let mut found = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let metadata = match entry.metadata() {
                Ok(metadata) => metadata,
                // Removed since the folder was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            if let (true, Ok(name)) = (metadata.is_file(), entry.file_name().into_string()) {
                found.push((name, metadata.len()));
            }
        }
        Ok(found)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(path, bytes)
    }

    fn write_at(&self, path: &Path, offset: u64, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.write_all_at(bytes, offset)
    }

    fn read_at(&self, path: &Path, offset: u64, max: usize) -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        if offset > 0 {
            io::Seek::seek(&mut file, io::SeekFrom::Start(offset))?;
        }
        // One byte of room more, or reading to the end would grow the buffer before it sees that it is there.
        let mut bytes = Vec::with_capacity(max.saturating_add(1));
        file.take(u64::try_from(max).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn truncate(&self, path: &Path, len: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(len)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// Whether a read failed because what lies on the disk is damaged, and not because the machine is short of something.
pub(super) fn is_damage(error: &io::Error) -> bool {
    /// Linux: a bad sector, a checksum of the file system that does not fit, a structure of it that is damaged.
    const EIO: i32 = 5;
    const EBADMSG: i32 = 74;
    const EUCLEAN: i32 = 117;
    matches!(error.raw_os_error(), Some(EIO | EBADMSG | EUCLEAN))
}
