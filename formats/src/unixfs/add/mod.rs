//! Makes blocks of files, directories and symbolic links.
//!
//! Blocks are appended to a list of the caller's, who stores them before going on: every block
//! comes after those that it links to, the root last.

mod directory;
mod file;

pub use directory::{DirectoryAdder, DirectoryError};
pub use file::{add_file, AddError, FileAdder};

use super::{data, Tree};
use crate::block::{wide, Block, Codec};
use data::Data;

/// Bytes of a symbolic link's target: what systems take.
pub const MAX_TARGET: usize = 4096;

/// A target that no symbolic link has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a symbolic link to {0} bytes; give 1 to {MAX_TARGET} without a zero among them")]
pub struct TargetError(usize);

/// A symbolic link, kept as it is: nobody follows it, here or when it is read.
pub fn add_symlink(target: &str, out: &mut Vec<Block>) -> Result<Tree, TargetError> {
    if target.is_empty() || target.len() > MAX_TARGET || target.contains('\0') {
        return Err(TargetError(target.len()));
    }
    let data = Data { kind: data::SYMLINK, data: Some(target.as_bytes()), ..Data::default() };
    let (bytes, dag_size) = super::dag::Encoder::new(0).finish(&data.encode());
    let block = Block::hashed(Codec::DagPb, bytes.into());
    let tree = Tree { cid: *block.cid(), size: 0, dag_size };
    out.push(block);
    Ok(tree)
}

/// Where lengths in memory and sizes of content meet.
fn room(capacity: usize, taken: usize) -> u64 {
    wide(capacity.saturating_sub(taken))
}
