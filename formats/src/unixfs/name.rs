//! Names of entries, and paths of them.
//!
//! A name becomes the name of a file on somebody's disk. So what would lead elsewhere is refused,
//! when it is added and when it is read. What only some systems mind (a backslash, `CON`) is for those
//! who write there.

/// Bytes of a name: several times what file systems take.
pub const MAX_ENTRY_NAME: usize = 1024;

/// Names of a path.
pub const MAX_SEGMENTS: usize = 64;

/// Why a name, or a path, is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// No name.
    #[error("a name is empty; give every entry a name, and no `//` in a path")]
    Empty,
    /// `.` or `..`
    #[error("`{0}` is a way, not a name; rename the entry, or give the path without it")]
    Dots(String),
    /// It has a `/`.
    #[error("{0:?} has a `/`; put the entry into a directory instead")]
    Slash(String),
    /// It has a zero byte.
    #[error("{0:?} has a zero byte; rename the entry")]
    Zero(String),
    /// It is longer than [`MAX_ENTRY_NAME`].
    #[error("a name of {0} bytes; shorten it to {MAX_ENTRY_NAME}")]
    Long(usize),
    /// A path has more names than [`MAX_SEGMENTS`].
    #[error("a path of {0} names; give {MAX_SEGMENTS} at most, and go on from the CID that they lead to")]
    Deep(usize),
}

/// Whether a name is one.
pub fn check_name(name: &str) -> Result<(), NameError> {
    match name {
        "" => Err(NameError::Empty),
        "." | ".." => Err(NameError::Dots(name.into())),
        _ if name.len() > MAX_ENTRY_NAME => Err(NameError::Long(name.len())),
        _ if name.contains('/') => Err(NameError::Slash(name.into())),
        _ if name.contains('\0') => Err(NameError::Zero(name.into())),
        _ => Ok(()),
    }
}

/// The names of a path such as `/a/b/c`, of which one `/` at the beginning and one at the end mean
/// nothing.
pub fn split_path(path: &str) -> Result<Vec<&str>, NameError> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let count = path.split('/').count();
    if count > MAX_SEGMENTS {
        return Err(NameError::Deep(count));
    }
    path.split('/').map(|name| check_name(name).map(|()| name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_is_refused_when_it_leads_elsewhere() {
        assert_eq!(check_name(""), Err(NameError::Empty));
        assert_eq!(check_name("."), Err(NameError::Dots(".".into())));
        assert_eq!(check_name(".."), Err(NameError::Dots("..".into())));
        assert_eq!(check_name("a/b"), Err(NameError::Slash("a/b".into())));
        assert_eq!(check_name("/"), Err(NameError::Slash("/".into())));
        assert_eq!(check_name("a\0"), Err(NameError::Zero("a\0".into())));
        assert_eq!(check_name(&"x".repeat(MAX_ENTRY_NAME + 1)), Err(NameError::Long(MAX_ENTRY_NAME + 1)));
        for name in ["...", "..a", "-", " ", "文件", "\\", &"x".repeat(MAX_ENTRY_NAME)] {
            assert_eq!(check_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn path_is_split_at_every_slash() {
        assert_eq!(split_path("/a/b/c"), Ok(vec!["a", "b", "c"]));
        assert_eq!(split_path("a/b/"), Ok(vec!["a", "b"]));
        assert_eq!(split_path("/"), Ok(vec![]));
        assert_eq!(split_path(""), Ok(vec![]));
        assert_eq!(split_path("a//b"), Err(NameError::Empty));
        assert_eq!(split_path("//"), Ok(vec![]));
        assert_eq!(split_path("///"), Err(NameError::Empty));
        assert_eq!(split_path("a/../b"), Err(NameError::Dots("..".into())));
        assert_eq!(split_path(&"a/".repeat(65)), Err(NameError::Deep(65)));
    }
}
