//! Files and directories as IPFS has them: blocks of `raw` and `dag-pb`, found by CID.
//!
//! # Overview
//!
//! - [`add`] makes blocks: [`add::FileAdder`] of a stream of bytes, [`add::DirectoryAdder`] of names
//!   and CIDs, [`add::add_symlink`] of a target. What it makes follows a [`Profile`], by default
//!   [`Profile::V1_2025`], so that every IPFS tool with that profile gives the same CID.
//! - [`read`] takes blocks: [`read::FileReader`] gives the bytes of a range, [`read::DirectoryReader`]
//!   the entries of a directory, [`read::Resolver`] the CID at the end of a path.
//! - [`walk`] goes through all blocks under a CID, whatever they are: for pins and archives.
//! - [`Node`] is one block, taken apart.
//!
//! Nothing here fetches or stores. An adder hands blocks out in an order in which every block comes
//! after those it links to. A reader is a [`Traversal`]: it names the block that it wants next,
//! and goes on when it is given; who drives it may wait, fetch ahead, or ask several peers.
//!
//! # What is kept true
//!
//! - Memory does not grow with a file: an adder holds one chunk and the links of unfinished nodes, a
//!   reader the links of the nodes above where it is.
//! - A reader is given blocks, never bytes that nobody hashed. Beyond that nothing is believed: neither
//!   the sizes that links claim, nor names, nor the place of an entry in a sharded directory. Everything it
//!   does is within [`Limits`].
//! - What is refused is refused by name: every error says what was wrong, and where.
//!
//! # Example
//!
//! ```
//! use ratio1_formats::unixfs::{add::add_file, read::FileReader, Limits, Profile, Traversal};
//! use std::{collections::HashMap, convert::Infallible};
//!
//! let mut blocks = HashMap::new();
//! let tree = add_file(Profile::V1_2025, &mut &b"hello"[..], |block| {
//!     let (cid, bytes) = block.into_parts();
//!     blocks.insert(cid, bytes);
//!     Ok::<_, Infallible>(())
//! })
//! .unwrap();
//!
//! let reader = FileReader::new(tree.cid, 1..4, Limits::new(1 << 20, 1 << 20)).unwrap();
//! let fetch = |cid: &_| blocks.get(cid).cloned().ok_or("there is no such block");
//! let parts: Vec<_> = reader.fetching(fetch).collect::<Result<_, _>>().unwrap();
//! assert_eq!(parts.concat(), b"ell");
//! ```

pub mod add;
mod dag;
mod data;
mod hamt;
mod limits;
mod name;
mod node;
mod profile;
mod proto;
pub mod read;
pub mod walk;

pub use limits::Limits;
pub use name::{check_name, split_path, NameError, MAX_ENTRY_NAME, MAX_SEGMENTS};
pub use node::{Entry, File, Kind, Node, NodeError, Part, Shard, ShardLink};
pub use profile::{Profile, ProfileError};
pub use proto::ProtoError;
pub use read::{FetchError, Fetching, ReadError, Step, Traversal};

use cid::Cid;

/// What was added, and what a directory needs to link to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tree {
    /// The root.
    pub cid: Cid,
    /// Bytes of the file; 0 for a directory or a symbolic link.
    pub size: u64,
    /// Bytes of all blocks, those that occur twice counted twice: `Tsize` of a link to it.
    pub dag_size: u64,
}
