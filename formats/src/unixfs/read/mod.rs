//! Reads files and directories, block by block.
//!
//! A reader is a [`Traversal`]. It names the block that it wants, and waits for nothing: a store with
//! blocks at hand gives them at once, a client of several peers fetches what is [`Traversal::upcoming`]
//! as well. A block that a peer made up never gets here, since a [`Block`] has the bytes of its CID.

mod directory;
mod error;
mod file;
mod frames;
mod resolve;
#[cfg(test)]
mod tests;

pub use directory::DirectoryReader;
pub use error::ReadError;
pub use file::FileReader;
pub use resolve::{Resolved, Resolver};

pub(crate) use frames::{Frames, Want};

use crate::block::{Block, BlockError};
use bytes::Bytes;
use cid::Cid;

/// What a traversal is at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step<T> {
    /// It goes on when it is given this block. Asked again, it says so again.
    Want(Cid),
    /// Something that was read.
    Item(T),
    /// There is nothing more.
    Done,
}

/// Something that goes through blocks.
///
/// [`Self::step`] and [`Self::give`] take turns. After an error of either there is no result: from then on `step` says
/// [`ReadError::Failed`], so that what was cut short is not taken for the whole. There is one exception: a block that
/// is not the one wanted changes nothing.
pub trait Traversal {
    /// What it gives out.
    type Item;

    /// The next item, or the block without which there is none.
    fn step(&mut self) -> Result<Step<Self::Item>, ReadError>;

    /// Takes the block that is wanted.
    fn give(&mut self, block: Block) -> Result<(), ReadError>;

    /// The block that is wanted, and those that will probably be next, for whoever fetches ahead. They may occur twice.
    fn upcoming(&self, most: usize) -> Vec<Cid>;

    /// Goes through all of it with blocks from a function.
    fn fetching<F, E>(self, fetch: F) -> Fetching<Self, F>
    where
        Self: Sized,
        F: FnMut(&Cid) -> Result<Bytes, E>,
    {
        Fetching { traversal: self, fetch, is_over: false }
    }
}

/// A traversal with somebody who fetches blocks. It ends after the first error.
pub struct Fetching<T, F> {
    traversal: T,
    fetch: F,
    is_over: bool,
}

/// Why a traversal that fetches blocks ended.
#[derive(Debug, thiserror::Error)]
pub enum FetchError<E> {
    /// There was no block.
    #[error("block {cid} cannot be had: {source}")]
    Fetch {
        /// The block.
        cid: Box<Cid>,
        /// What whoever fetches says.
        source: E,
    },
    /// It was not what it should have been.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// It was, and could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
}

impl<T: Traversal, F, E> Fetching<T, F>
where
    F: FnMut(&Cid) -> Result<Bytes, E>,
{
    fn advance(&mut self) -> Result<Option<T::Item>, FetchError<E>> {
        loop {
            match self.traversal.step()? {
                Step::Item(item) => return Ok(Some(item)),
                Step::Done => return Ok(None),
                Step::Want(cid) => {
                    let fetched = (self.fetch)(&cid);
                    let bytes = fetched.map_err(|source| FetchError::Fetch { cid: Box::new(cid), source })?;
                    self.traversal.give(Block::verify(cid, bytes)?)?;
                }
            }
        }
    }
}

impl<T: Traversal, F, E> Iterator for Fetching<T, F>
where
    F: FnMut(&Cid) -> Result<Bytes, E>,
{
    type Item = Result<T::Item, FetchError<E>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let next = self.advance().transpose();
        self.is_over = !matches!(next, Some(Ok(_)));
        next
    }
}
