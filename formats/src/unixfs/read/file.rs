//! The bytes of a file.

use super::{Frames, ReadError, Step, Traversal, Want};
use crate::{
    block::{wide, Block},
    unixfs::{File, Limits, Node},
};
use bytes::Bytes;
use cid::Cid;
use std::ops::{Bound, Range, RangeBounds};

/// Gives the bytes of a range, in order, without those around it being fetched.
///
/// A node says how large its parts are, and the range is found by that. Each part that is read must be as large as
/// the node above it said. What is passed over is not read, so that it may be smaller or larger than claimed:
/// a file that lies so has other bytes at an offset, but no reader of all of it takes it for a file.
///
/// Parts that claim no bytes are passed over: they add nothing, and could be repeated without end.
pub struct FileReader {
    frames: Frames<Option<u64>>,
    asked: (u64, Option<u64>),
    /// What of the file is wanted: once its size is known.
    range: Range<u64>,
    size: Option<u64>,
    /// Bytes of the file before what is next.
    position: u64,
    ready: Option<Bytes>,
}

impl FileReader {
    /// A reader of a range: `..` for all of it. A range may end behind the end of the file, not begin there.
    pub fn new(root: Cid, range: impl RangeBounds<u64>, limits: Limits) -> Result<Self, ReadError> {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => Some(last.saturating_add(1)),
            Bound::Excluded(end) => Some(*end),
            Bound::Unbounded => None,
        };
        Ok(Self {
            frames: Frames::new(Want::new(&root, None)?, limits),
            asked: (start, end),
            range: 0..0,
            size: None,
            position: 0,
            ready: None,
        })
    }

    /// Bytes of the file, as its root claims: once the root was read.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    fn read(&mut self, want: Want<Option<u64>>, block: &Block) -> Result<(), ReadError> {
        self.frames.count(block)?;
        let cid = || Box::new(*block.cid());
        let file = match Node::decode(block).map_err(|source| ReadError::Node { cid: cid(), source })? {
            Node::File(file) => file,
            other => return Err(ReadError::NotAFile { cid: cid(), kind: other.kind() }),
        };
        match want.known {
            None => self.begin(file.size)?,
            Some(claimed) if claimed == file.size => {}
            Some(claimed) => return Err(ReadError::SizeLies { cid: cid(), claimed, actual: file.size }),
        }
        self.take(&want, file)
    }

    /// The size of the file is known, so what is wanted of it is as well.
    fn begin(&mut self, size: u64) -> Result<(), ReadError> {
        let (start, end) = self.asked;
        let end = end.unwrap_or(size).min(size);
        if start > size {
            return Err(ReadError::RangeOutside { start, size });
        }
        let wanted = end.saturating_sub(start);
        let limit = self.frames.limits().size;
        if wanted > limit {
            return Err(ReadError::TooLarge { size: wanted, limit });
        }
        self.size = Some(size);
        self.range = start..end.max(start);
        Ok(())
    }

    /// What is in a node is next, then its parts.
    fn take(&mut self, want: &Want<Option<u64>>, file: File) -> Result<(), ReadError> {
        self.ready = self.within(&file.data);
        self.position = self.position.saturating_add(wide(file.data.len()));
        let parts = file.parts.iter().filter(|part| part.size > 0);
        let parts = parts.map(|part| Want::new(&part.cid, Some(part.size)));
        self.frames.descend(want, parts.collect::<Result<_, _>>()?)
    }

    /// What is wanted of bytes that are next.
    fn within(&self, bytes: &Bytes) -> Option<Bytes> {
        let length = wide(bytes.len());
        let from = self.range.start.saturating_sub(self.position).min(length);
        let to = self.range.end.saturating_sub(self.position).min(length);
        let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
        (from < to).then(|| bytes.slice(from..to))
    }
}

/// Whether a part of so many bytes has nothing that is wanted. Moves behind it if so.
fn passes(range: &Range<u64>, position: &mut u64, size: Option<u64>) -> bool {
    let end = position.saturating_add(size.unwrap_or_default());
    let passes = end <= range.start || *position >= range.end;
    if passes {
        *position = end;
    }
    passes
}

impl Traversal for FileReader {
    type Item = Bytes;

    fn step(&mut self) -> Result<Step<Bytes>, ReadError> {
        self.frames.check()?;
        if let Some(bytes) = self.ready.take() {
            return Ok(Step::Item(bytes));
        }
        let Self { frames, range, position, .. } = self;
        frames.advance(|next| passes(range, position, next.known));
        Ok(frames.step())
    }

    fn give(&mut self, block: Block) -> Result<(), ReadError> {
        let want = self.frames.take(&block)?;
        let read = self.read(want, &block);
        self.frames.settle(read)
    }

    fn upcoming(&self, most: usize) -> Vec<Cid> {
        let wanted = self.frames.wanted().and_then(|want| want.known).unwrap_or_default();
        let mut position = self.position.saturating_add(wanted);
        self.frames.upcoming(most, |next| {
            let end = position.saturating_add(next.known.unwrap_or_default());
            let passes = end <= self.range.start || position >= self.range.end;
            position = end;
            passes
        })
    }
}
