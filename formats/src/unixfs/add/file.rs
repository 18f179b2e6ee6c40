//! A file: chunks, and above them a balanced tree of nodes.

use super::room;
use crate::{
    block::{wide, Block, Codec, Compact},
    unixfs::{
        dag::Encoder,
        data::{self, Data},
        Profile, Tree,
    },
};
use bytes::Bytes;
use std::io::{self, Read};

/// Makes blocks of a stream of bytes, which come as they come: how they are pushed changes nothing.
///
/// It holds a chunk, and for each level of the tree the links of one node.
///
/// ```
/// use ratio1_formats::unixfs::{add::FileAdder, Profile};
///
/// let mut file = FileAdder::new(Profile::new(4, 2, 0).unwrap());
/// let mut blocks = Vec::new();
/// file.push(b"hel", &mut blocks);
/// file.push(b"lo", &mut blocks);
/// let tree = file.finish(&mut blocks);
/// assert_eq!((tree.size, blocks.len()), (5, 3));
/// assert_eq!(blocks.last().map(|root| *root.cid()), Some(tree.cid));
/// ```
pub struct FileAdder {
    profile: Profile,
    chunk: Vec<u8>,
    /// Children of the node that is not finished yet, for each level: leaves first.
    levels: Vec<Vec<Child>>,
}

/// A root below a node that is not finished.
struct Child {
    cid: Compact,
    size: u64,
    dag_size: u64,
}

impl FileAdder {
    /// A file without anything in it yet.
    pub fn new(profile: Profile) -> Self {
        Self { profile, chunk: Vec::new(), levels: Vec::new() }
    }

    /// Takes bytes, and appends the blocks that they completed: about as many bytes. So push some chunks at a
    /// time, not a whole file.
    pub fn push(&mut self, mut bytes: &[u8], out: &mut Vec<Block>) {
        while !bytes.is_empty() {
            let free = self.profile.chunk.saturating_sub(self.chunk.len());
            let (taken, rest) = bytes.split_at_checked(free).unwrap_or((bytes, &[]));
            self.chunk.reserve_exact(free);
            self.chunk.extend_from_slice(taken);
            bytes = rest;
            self.flush_full(out);
        }
    }

    /// Takes what is left of a chunk from a reader, without a copy, and appends the blocks that it completed.
    /// Returns how many bytes there were; none at the end.
    pub fn fill(&mut self, reader: &mut impl Read, out: &mut Vec<Block>) -> io::Result<usize> {
        let free = room(self.profile.chunk, self.chunk.len());
        self.chunk.reserve_exact(self.profile.chunk.saturating_sub(self.chunk.len()));
        let read = reader.by_ref().take(free).read_to_end(&mut self.chunk)?;
        self.flush_full(out);
        Ok(read)
    }

    /// Appends the rest of the blocks, the root last.
    pub fn finish(mut self, out: &mut Vec<Block>) -> Tree {
        if !self.chunk.is_empty() || self.levels.is_empty() {
            self.flush(out);
        }
        let mut level = 0usize;
        loop {
            let above = level.saturating_add(1);
            let is_top = self.levels.len() == above;
            let children = self.levels.get_mut(level).map(std::mem::take).unwrap_or_default();
            match children.as_slice() {
                [root] if is_top => return Tree { cid: root.cid.cid(), size: root.size, dag_size: root.dag_size },
                [] => {}
                children => {
                    let child = node(children, out);
                    self.put(above, child, out);
                }
            }
            level = above;
        }
    }

    fn flush_full(&mut self, out: &mut Vec<Block>) {
        if self.chunk.len() >= self.profile.chunk {
            self.flush(out);
        }
    }

    /// The chunk becomes a leaf.
    fn flush(&mut self, out: &mut Vec<Block>) {
        let mut chunk = std::mem::take(&mut self.chunk);
        // What is handed out may be kept for long.
        chunk.shrink_to_fit();
        let bytes = Bytes::from(chunk);
        let size = wide(bytes.len());
        let child = push(Block::hashed(Codec::Raw, bytes), size, size, out);
        self.put(0, child, out);
    }

    /// A root is below the node of a level, and completes it, and those above, if it is the last that fits.
    fn put(&mut self, mut level: usize, mut child: Child, out: &mut Vec<Block>) {
        loop {
            if self.levels.len() <= level {
                self.levels.resize_with(level.saturating_add(1), Vec::new);
            }
            let Some(children) = self.levels.get_mut(level) else { return };
            children.push(child);
            if children.len() < self.profile.width {
                return;
            }
            child = node(children, out);
            children.clear();
            level = level.saturating_add(1);
        }
    }
}

/// A node of some children.
fn node(children: &[Child], out: &mut Vec<Block>) -> Child {
    let mut links = Encoder::new(children.len().saturating_mul(64));
    for child in children {
        links.link(&child.cid.cid(), "", child.dag_size);
    }
    let block_sizes: Vec<u64> = children.iter().map(|child| child.size).collect();
    let size = block_sizes.iter().fold(0u64, |sum, size| sum.saturating_add(*size));
    let data = Data { kind: data::FILE, file_size: Some(size), block_sizes, ..Data::default() };
    let (bytes, dag_size) = links.finish(&data.encode());
    push(Block::hashed(Codec::DagPb, bytes.into()), size, dag_size, out)
}

fn push(block: Block, size: u64, dag_size: u64, out: &mut Vec<Block>) -> Child {
    let child = Child { cid: Compact::of(&block), size, dag_size };
    out.push(block);
    child
}

/// Why a file was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddError<E> {
    /// It could not be read.
    #[error("the file cannot be read: {0}")]
    Read(#[source] io::Error),
    /// A block could not be stored.
    #[error("a block cannot be stored: {0}")]
    Store(E),
}

/// Adds all of a reader, a chunk at a time, and stores each block as it is made.
pub fn add_file<E>(
    profile: Profile,
    reader: &mut impl Read,
    mut store: impl FnMut(Block) -> Result<(), E>,
) -> Result<Tree, AddError<E>> {
    let mut file = FileAdder::new(profile);
    let mut blocks = Vec::new();
    while file.fill(reader, &mut blocks).map_err(AddError::Read)? > 0 {
        blocks.drain(..).try_for_each(&mut store).map_err(AddError::Store)?;
    }
    let tree = file.finish(&mut blocks);
    blocks.drain(..).try_for_each(&mut store).map_err(AddError::Store)?;
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_does_not_grow_with_the_file() {
        let mut file = FileAdder::new(Profile::new(16, 4, 0).unwrap());
        let mut out = Vec::new();
        for _ in 0..100_000 {
            file.push(&[7; 16], &mut out);
            assert!(out.len() <= 10, "a leaf, and a node for each level");
            out.clear();
        }
        assert!(file.levels.len() <= 10);
        assert!(file.levels.iter().all(|children| children.capacity() <= 8));
        assert!(file.chunk.capacity() <= 16);
    }

    #[test]
    fn file_is_not_added_when_it_cannot_be_read_or_stored() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let added = add_file(Profile::V1_2025, &mut Broken, |_| Ok::<_, ()>(()));
        assert!(matches!(added, Err(AddError::Read(_))));
        let added = add_file(Profile::V1_2025, &mut &b"x"[..], |_| Err("full"));
        assert!(matches!(added, Err(AddError::Store("full"))));
    }
}
