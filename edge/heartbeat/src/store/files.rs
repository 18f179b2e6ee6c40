//! Files: written whole, or in place, and read with a bound.

use super::StoreError;
use codec::Encode;
use std::{
    fs,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::Path,
};

/// A ballot of as many pages as there can be, its header and the checksum fit; so does everything else that is read
/// whole.
const MAX_FILE: u64 = 1024 * 1024;

/// An encoded value behind its checksum.
pub(super) fn sealed(value: &impl Encode) -> Vec<u8> {
    sealed_bytes(&value.encode())
}

/// The same of what is encoded already.
pub(super) fn sealed_bytes(body: &[u8]) -> Vec<u8> {
    [&sp_crypto_hashing::blake2_256(body), body].concat()
}

/// The value's encoding, if the checksum is right.
pub(super) fn unsealed(bytes: &[u8]) -> Option<&[u8]> {
    let (checksum, body) = bytes.split_first_chunk::<32>()?;
    (sp_crypto_hashing::blake2_256(body) == *checksum).then_some(body)
}

pub(super) fn make_folder(path: &Path) -> Result<(), StoreError> {
    fs::create_dir_all(path).map_err(|source| StoreError::Io { path: path.into(), source })
}

/// A file's content; `None` without such a file. What is longer than anything written here is cut off.
pub(super) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let read = || -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        io::Read::read_to_end(&mut io::Read::take(fs::File::open(path)?, MAX_FILE), &mut bytes)?;
        Ok(bytes)
    };
    match read() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::Io { path: path.into(), source }),
    }
}

/// Write a file whole or not at all, and have it on disk.
pub(super) fn write_file(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let write = || -> io::Result<()> {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        fs::File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
    };
    write().map_err(|source| StoreError::Io { path: path.into(), source })
}

/// Write a file whole or not at all, as far as a process that is killed goes: not waited for.
pub(super) fn replace_file(path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let temporary = path.with_extension("new");
    let write = || fs::write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    write().map_err(|source| StoreError::Io { path: path.into(), source })
}

/// Write parts of a file in place.
pub(super) fn write_at(path: &Path, parts: &[(u64, &[u8])]) -> Result<(), StoreError> {
    let write = || -> io::Result<()> {
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(path)?;
        parts.iter().try_for_each(|(place, bytes)| file.write_all_at(bytes, *place))
    };
    write().map_err(|source| StoreError::Io { path: path.into(), source })
}

pub(super) fn remove(path: &Path) -> Result<(), StoreError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    removed.map_err(|source| StoreError::Io { path: path.into(), source })
}
