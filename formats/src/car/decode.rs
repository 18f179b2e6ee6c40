//! Reads an archive from bytes as they come.

use super::{
    head::{self, HeadError},
    MAX_CID, MAX_HEAD,
};
use crate::{
    block::{self, Block, BlockError, MAX_BLOCK},
    varint::{self, Varint},
};
use bytes::{Buf, Bytes, BytesMut};
use cid::Cid;
use std::io;

/// Why an archive was not read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarError {
    /// Its beginning.
    #[error(transparent)]
    Head(#[from] HeadError),
    /// A block that is not its CID's, or none that we read.
    #[error("block {index} of the CAR: {source}")]
    Block {
        /// Which block, from 0.
        index: u64,
        /// What is wrong with it.
        source: BlockError,
    },
    /// A part that is longer than it may be.
    #[error(
        "a part of the CAR claims {claimed} bytes, more than {limit}; it is damaged, or was made with larger blocks"
    )]
    TooLong {
        /// Bytes that it claims.
        claimed: u64,
        /// The bound.
        limit: usize,
    },
    /// A length that is no number, or of nothing.
    #[error("a part of the CAR has no length; it is damaged")]
    Length,
    /// It ends in the middle.
    #[error("the CAR ends in the middle, after {blocks} blocks; fetch it again")]
    Truncated {
        /// Whole blocks before.
        blocks: u64,
    },
    /// The root is not among the blocks.
    #[error("the CAR has {blocks} blocks and not its root {root}; export it again")]
    NoRoot {
        /// The root.
        root: Box<Cid>,
        /// Blocks that there are.
        blocks: u64,
    },
    /// There was an error before.
    #[error("there was an error in the CAR before this; begin anew")]
    Failed,
    /// It could not be read.
    #[error("the CAR cannot be read: {0}")]
    Read(#[from] io::Error),
}

/// What there is in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarEvent {
    /// Its root, before all blocks.
    Root(Cid),
    /// A block, verified.
    Block(Block),
}

/// Reads an archive from bytes as they come. It holds one block.
#[derive(Default)]
pub struct CarDecoder {
    /// What there is of a part, or of its length.
    part: BytesMut,
    /// How long the part is, once that is known.
    length: Option<usize>,
    root: Option<Cid>,
    has_root: bool,
    blocks: u64,
    has_failed: bool,
}

impl CarDecoder {
    /// At the beginning of an archive.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes bytes up to the next event; nothing when they are used up. After an error there is no
    /// other event.
    pub fn decode(&mut self, input: &mut Bytes) -> Result<Option<CarEvent>, CarError> {
        if self.has_failed {
            return Err(CarError::Failed);
        }
        let event = self.next(input);
        self.has_failed = event.is_err();
        event
    }

    /// The end of the archive. What is missing is an error.
    pub fn finish(&self) -> Result<(), CarError> {
        match self.root {
            _ if self.has_failed => Err(CarError::Failed),
            Some(root) if self.is_between_parts() && !self.has_root => {
                Err(CarError::NoRoot { root: Box::new(root), blocks: self.blocks })
            }
            Some(_) if self.is_between_parts() => Ok(()),
            _ => Err(CarError::Truncated { blocks: self.blocks }),
        }
    }

    fn is_between_parts(&self) -> bool {
        self.length.is_none() && self.part.is_empty()
    }

    fn next(&mut self, input: &mut Bytes) -> Result<Option<CarEvent>, CarError> {
        let Some(part) = self.next_part(input)? else { return Ok(None) };
        if self.root.is_none() {
            let root = head::decode(&part)?;
            self.root = Some(root);
            return Ok(Some(CarEvent::Root(root)));
        }
        let index = self.blocks;
        let block = block_of(part).map_err(|source| CarError::Block { index, source })?;
        self.blocks = self.blocks.saturating_add(1);
        self.has_root |= self.root.is_some_and(|root| block.is(&root));
        Ok(Some(CarEvent::Block(block)))
    }

    /// The next part as soon as it is whole.
    fn next_part(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, CarError> {
        let Some(length) = self.length_of_part(input)? else { return Ok(None) };
        // Without a copy, if all of it is there.
        if self.part.is_empty() && input.len() >= length {
            self.length = None;
            return Ok(Some(input.split_to(length)));
        }
        let missing = length.saturating_sub(self.part.len());
        self.part.reserve(missing);
        self.part.extend_from_slice(&input.split_to(missing.min(input.len())));
        if self.part.len() < length {
            return Ok(None);
        }
        self.length = None;
        Ok(Some(std::mem::take(&mut self.part).freeze()))
    }

    fn length_of_part(&mut self, input: &mut Bytes) -> Result<Option<usize>, CarError> {
        while self.length.is_none() && input.has_remaining() {
            self.part.extend_from_slice(&input.split_to(1));
            let claimed = match varint::read(&self.part) {
                Varint::Short => continue,
                Varint::Long | Varint::Is(0, _) => return Err(CarError::Length),
                Varint::Is(claimed, _) => claimed,
            };
            let limit = if self.root.is_none() { MAX_HEAD } else { MAX_BLOCK.saturating_add(MAX_CID) };
            let length = usize::try_from(claimed).ok().filter(|length| *length <= limit);
            self.length = Some(length.ok_or(CarError::TooLong { claimed, limit })?);
            self.part.clear();
        }
        Ok(self.length)
    }
}

fn block_of(mut part: Bytes) -> Result<Block, BlockError> {
    let mut rest = part.as_ref();
    let cid = block::take_cid(&mut rest)?;
    let at = part.len().saturating_sub(rest.len());
    part.advance(at);
    Block::verify(cid, part)
}
