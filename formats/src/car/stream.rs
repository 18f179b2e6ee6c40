//! Archives from a reader, and to a writer.

use super::{decode::CarEvent, encode_head, encode_prefix, CarDecoder, CarError};
use crate::block::Block;
use bytes::Bytes;
use cid::Cid;
use std::io::{self, Read, Write};

/// Bytes that are read at one time.
const STEP: usize = 64 * 1024;

/// Writes an archive.
pub struct CarWriter<W> {
    writer: W,
}

impl<W: Write> CarWriter<W> {
    /// Writes what stands before the blocks.
    pub fn new(mut writer: W, root: &Cid) -> io::Result<Self> {
        writer.write_all(&encode_head(root))?;
        Ok(Self { writer })
    }

    /// Writes a block. Which, and in what order, is the caller's: [`crate::unixfs::walk`] has the order that
    /// IPFS tools expect.
    pub fn write(&mut self, block: &Block) -> io::Result<()> {
        self.writer.write_all(&encode_prefix(block))?;
        self.writer.write_all(block.bytes())
    }

    /// Flushes, and gives the writer back.
    pub fn finish(mut self) -> io::Result<W> {
        self.writer.flush()?;
        Ok(self.writer)
    }
}

/// Reads an archive: an iterator over its blocks. It ends after the first error; without one, the
/// archive was whole.
pub struct CarReader<R> {
    reader: R,
    decoder: CarDecoder,
    input: Bytes,
    root: Cid,
    is_over: bool,
}

impl<R: Read> CarReader<R> {
    /// Reads what stands before the blocks.
    pub fn new(mut reader: R) -> Result<Self, CarError> {
        let (mut decoder, mut input) = (CarDecoder::new(), Bytes::new());
        match next(&mut reader, &mut decoder, &mut input)? {
            Some(CarEvent::Root(root)) => Ok(Self { reader, decoder, input, root, is_over: false }),
            _ => Err(CarError::Truncated { blocks: 0 }),
        }
    }

    /// The root.
    pub fn root(&self) -> &Cid {
        &self.root
    }
}

impl<R: Read> Iterator for CarReader<R> {
    type Item = Result<Block, CarError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let block = match next(&mut self.reader, &mut self.decoder, &mut self.input) {
            Ok(Some(CarEvent::Block(block))) => Some(Ok(block)),
            // A root comes first and once.
            Ok(_) => None,
            Err(error) => Some(Err(error)),
        };
        self.is_over = !matches!(block, Some(Ok(_)));
        block
    }
}

/// The next event, or nothing at an end that is one.
fn next(reader: &mut impl Read, decoder: &mut CarDecoder, input: &mut Bytes) -> Result<Option<CarEvent>, CarError> {
    loop {
        if let Some(event) = decoder.decode(input)? {
            return Ok(Some(event));
        }
        let mut step = Vec::with_capacity(STEP);
        if reader.by_ref().take(crate::block::wide(STEP)).read_to_end(&mut step)? == 0 {
            return decoder.finish().map(|()| None);
        }
        *input = step.into();
    }
}
