//! Why something was not read.

use crate::{
    block::BlockError,
    unixfs::{Kind, NameError, NodeError},
};
use cid::Cid;

/// Why something was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// A CID that we do not follow.
    #[error(transparent)]
    Cid(#[from] BlockError),
    /// A path with a name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A block that is not UnixFS, or damaged UnixFS.
    #[error("{cid}: {source}")]
    Node {
        /// The block.
        cid: Box<Cid>,
        /// What is wrong with it.
        source: NodeError,
    },
    /// Another block than the one that is wanted. That one still is.
    #[error("{cid} is not the block that is wanted; give that one")]
    NotWanted {
        /// The block that was given.
        cid: Box<Cid>,
    },
    /// There was an error before.
    #[error("there was an error before this; begin anew")]
    Failed,
    /// More nodes above one another than may be.
    #[error("{cid} is more than {limit} nodes deep; nobody needs that many, so it was made to exhaust readers")]
    TooDeep {
        /// The block whose links go too deep.
        cid: Box<Cid>,
        /// The bound.
        limit: usize,
    },
    /// More links than may be remembered at one time.
    #[error("{cid} and the nodes above it have more than {limit} links; add the content with fewer for each node")]
    TooWide {
        /// The block whose links are too many.
        cid: Box<Cid>,
        /// The bound.
        limit: usize,
    },
    /// More bytes of blocks than whoever asked allows.
    #[error("there are more than {limit} bytes of blocks; allow more, or ask for less")]
    TooManyBytes {
        /// The bound.
        limit: u64,
    },
    /// More blocks than whoever asked allows.
    #[error("there are more than {limit} blocks; allow more, or ask for less")]
    TooManyBlocks {
        /// The bound.
        limit: u64,
    },
    /// More content than whoever asked allows.
    #[error("it is {size} bytes of content, more than {limit}; allow more, or ask for a part")]
    TooLarge {
        /// Bytes of the content asked for.
        size: u64,
        /// The bound.
        limit: u64,
    },
    /// A part that is not as large as the node above it says.
    #[error("{cid} has {actual} bytes, its link claims {claimed}; the file was damaged when it was made, or lies")]
    SizeLies {
        /// The part.
        cid: Box<Cid>,
        /// Bytes that the link claims.
        claimed: u64,
        /// Bytes that the part has, or claims.
        actual: u64,
    },
    /// A range that begins behind the end.
    #[error("the range begins at {start}, and the file has {size} bytes; begin before its end")]
    RangeOutside {
        /// Where it begins.
        start: u64,
        /// Bytes of the file.
        size: u64,
    },
    /// Not a file.
    #[error("{cid} is {kind}, not a file; list it, or give the path of a file in it")]
    NotAFile {
        /// What should have been a file.
        cid: Box<Cid>,
        /// What it is.
        kind: Kind,
    },
    /// Not a directory.
    #[error("{cid} is {kind}, not a directory; there is nothing below it")]
    NotADirectory {
        /// What should have been a directory.
        cid: Box<Cid>,
        /// What it is.
        kind: Kind,
    },
    /// No such entry.
    #[error("there is no {name:?} in {cid}; list it to see what there is")]
    NotFound {
        /// The directory.
        cid: Box<Cid>,
        /// The name.
        name: String,
    },
    /// A part of a sharded directory at a place where it does not belong.
    #[error("{cid} is no shard of this directory at this place; the directory was damaged when it was made, or lies")]
    Misplaced {
        /// The shard.
        cid: Box<Cid>,
    },
}
