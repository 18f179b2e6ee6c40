//! One block of UnixFS, taken apart and checked as far as one block can be.

use super::{
    dag::{self, Parts},
    data::{self, Data},
    hamt,
    name::{check_name, NameError},
    proto::ProtoError,
};
use crate::block::{wide, Block, BlockError, Codec};
use bytes::Bytes;
use cid::Cid;
use std::fmt;

/// A block of UnixFS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Node {
    /// A file, or a part of one.
    File(File),
    /// A directory in one block: its entries, sorted by name.
    Directory(Vec<Entry>),
    /// A directory in several blocks, or a part of one.
    Shard(Shard),
    /// A symbolic link: where to. Nobody follows it.
    Symlink(String),
}

/// A file, or a part of one: first `data`, then all `parts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// What is in this block.
    pub data: Bytes,
    /// What is in others.
    pub parts: Vec<Part>,
    /// Bytes of both: as the block claims, for the parts.
    pub size: u64,
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its root.
    pub cid: Cid,
    /// Bytes of it, as the block claims that has the link.
    pub size: u64,
}

/// An entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name, which [`check_name`] passed.
    pub name: String,
    /// Its root.
    pub cid: Cid,
    /// Bytes of all its blocks, as the link claims. Nothing is decided by it.
    pub dag_size: u64,
}

/// A directory in several blocks, or a part of one. Whether its entries belong here the place of the shard decides:
/// [`super::read`] sees to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shard {
    /// What is in it, by the index, which ascends.
    pub links: Vec<(u8, ShardLink)>,
}

/// What is at an index of a shard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShardLink {
    /// An entry of the directory.
    Entry(Entry),
    /// A shard of those whose hashes have the same bytes so far.
    Shard(Cid),
}

/// What a block is, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file.
    File,
    /// A directory, of one block or of several.
    Directory,
    /// A symbolic link.
    Symlink,
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Symlink => "a symbolic link",
        })
    }
}

/// Why a block is none of UnixFS that we read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// Not dag-pb, or its data is not UnixFS.
    #[error("not UnixFS: {0}; it was damaged when it was made, or made by other software")]
    Proto(#[from] ProtoError),
    /// A link to what we do not follow.
    #[error("link {index}: {source}")]
    Link {
        /// Which link, from 0.
        index: usize,
        /// What is wrong with its CID.
        source: BlockError,
    },
    /// A name that is not text.
    #[error("the name of link {index} is not UTF-8; rename it where it was added")]
    NotUtf8 {
        /// Which link, from 0.
        index: usize,
    },
    /// A name that is none.
    #[error("a directory with a name that we do not take: {0}")]
    Name(#[from] NameError),
    /// Two entries of one name.
    #[error("a directory with two entries {name:?}; remove one where it was added")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// dag-pb without UnixFS in it.
    #[error("a dag-pb node without UnixFS in it; it is neither a file nor a directory")]
    NoData,
    /// A type that UnixFS does not have, or that nobody uses.
    #[error("UnixFS of type {kind} is not read; add the content again as a file or a directory")]
    UnknownKind {
        /// The number of the type.
        kind: u64,
    },
    /// A file with as many links as sizes it has not.
    #[error("a file with {links} links and {sizes} sizes of them; it was damaged when it was made")]
    Sizes {
        /// Links of the node.
        links: usize,
        /// Sizes that it has of them.
        sizes: usize,
    },
    /// A file that is not as large as what is in it.
    #[error("a file that claims {claimed} bytes and has {actual}; it was damaged when it was made, or lies")]
    FileSize {
        /// Bytes that the node claims.
        claimed: u64,
        /// Bytes of its data and, as claimed, of its links.
        actual: u64,
    },
    /// A shard of another make.
    #[error("a sharded directory by hash {hash:#x} of {fanout} is not read, only murmur3 (0x22) of 256; add it again")]
    UnknownShard {
        /// Number of the hash; 0 if there is none.
        hash: u64,
        /// Entries of a shard; 0 if the number is missing.
        fanout: u64,
    },
    /// A shard whose links are not those of its bits, or whose names do not begin with an index.
    #[error("a sharded directory whose {0}; it was damaged when it was made")]
    Shard(&'static str),
}

impl Node {
    /// Takes a block apart.
    pub fn decode(block: &Block) -> Result<Self, NodeError> {
        if block.codec() == Codec::Raw {
            return Ok(Self::File(File { data: block.bytes().clone(), parts: Vec::new(), size: block.len() }));
        }
        let parts = dag::decode(block.bytes())?;
        let data = Data::decode(parts.data.ok_or(NodeError::NoData)?)?;
        match data.kind {
            data::FILE | data::RAW => file(block, &parts, &data).map(Self::File),
            data::DIRECTORY => directory(&parts).map(Self::Directory),
            data::SHARD => shard(&parts, &data).map(Self::Shard),
            data::SYMLINK => symlink(&data).map(Self::Symlink),
            kind => Err(NodeError::UnknownKind { kind }),
        }
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Directory(_) | Self::Shard(_) => Kind::Directory,
            Self::Symlink(_) => Kind::Symlink,
        }
    }
}

fn file(block: &Block, parts: &Parts<'_>, data: &Data<'_>) -> Result<File, NodeError> {
    let (links, sizes) = (parts.links.len(), data.block_sizes.len());
    if links != sizes {
        return Err(NodeError::Sizes { links, sizes });
    }
    let inside = data.data.unwrap_or_default();
    let total = data.block_sizes.iter().try_fold(wide(inside.len()), |sum, size| sum.checked_add(*size));
    let actual = total.ok_or(ProtoError("a file of more bytes than can be counted"))?;
    match data.file_size {
        Some(claimed) if claimed != actual => return Err(NodeError::FileSize { claimed, actual }),
        _ => {}
    }
    let parts = parts.links.iter().zip(&data.block_sizes).map(|(link, size)| Part { cid: link.cid, size: *size });
    Ok(File { data: block.bytes().slice_ref(inside), parts: parts.collect(), size: actual })
}

fn directory(parts: &Parts<'_>) -> Result<Vec<Entry>, NodeError> {
    let mut entries = Vec::with_capacity(parts.links.len());
    for link in &parts.links {
        check_name(link.name)?;
        entries.push(Entry { name: link.name.into(), cid: link.cid, dag_size: link.dag_size });
    }
    // They should be sorted, and need not be.
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    let twice = entries.iter().zip(entries.iter().skip(1)).find(|(one, next)| one.name == next.name);
    match twice {
        Some((entry, _)) => Err(NodeError::Duplicate { name: entry.name.clone() }),
        None => Ok(entries),
    }
}

fn shard(parts: &Parts<'_>, data: &Data<'_>) -> Result<Shard, NodeError> {
    let (hash, fanout) = (data.hash.unwrap_or_default(), data.fanout.unwrap_or_default());
    if (hash, fanout) != (data::MURMUR3, data::FANOUT) {
        return Err(NodeError::UnknownShard { hash, fanout });
    }
    let mut links = Vec::with_capacity(parts.links.len());
    for link in &parts.links {
        let (index, name) = split_index(link.name).ok_or(NodeError::Shard("names do not begin with an index"))?;
        if name.is_empty() {
            links.push((index, ShardLink::Shard(link.cid)));
        } else {
            check_name(name)?;
            let entry = Entry { name: name.into(), cid: link.cid, dag_size: link.dag_size };
            links.push((index, ShardLink::Entry(entry)));
        }
    }
    links.sort_by_key(|(index, _)| *index);
    if links.iter().zip(links.iter().skip(1)).any(|((one, _), (next, _))| one == next) {
        return Err(NodeError::Shard("indices occur twice"));
    }
    let bits = data.data.unwrap_or_default();
    let bits = bits.iter().skip_while(|byte| **byte == 0);
    if !hamt::bit_field(links.iter().map(|(index, _)| *index)).iter().eq(bits) {
        return Err(NodeError::Shard("links are not those of its bits"));
    }
    Ok(Shard { links })
}

/// The index, two hexadecimal digits, and what follows. Others' names are not ASCII, so nothing is cut by bytes.
fn split_index(name: &str) -> Option<(u8, &str)> {
    let (digits, rest) = name.split_at_checked(2)?;
    let is_digit = |digit: u8| digit.is_ascii_digit() || (b'A'..=b'F').contains(&digit);
    digits.bytes().all(is_digit).then(|| u8::from_str_radix(digits, 16).ok()).flatten().map(|index| (index, rest))
}

fn symlink(data: &Data<'_>) -> Result<String, NodeError> {
    let target = std::str::from_utf8(data.data.unwrap_or_default());
    target.map(String::from).map_err(|_| ProtoError("a symbolic link whose target is not UTF-8").into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unixfs::dag::Encoder;

    fn leaf() -> Cid {
        *Block::new(Codec::Raw, "leaf").unwrap().cid()
    }

    fn decode(names: &[&str], data: &Data<'_>) -> Result<Node, NodeError> {
        let mut node = Encoder::new(0);
        names.iter().for_each(|name| node.link(&leaf(), name, 4));
        Node::decode(&Block::new(Codec::DagPb, node.finish(&data.encode()).0).unwrap())
    }

    fn directory(names: &[&str]) -> Result<Node, NodeError> {
        decode(names, &Data { kind: data::DIRECTORY, ..Data::default() })
    }

    fn sharded(names: &[&str], indices: &[u8], fanout: u64) -> Result<Node, NodeError> {
        let bits = hamt::bit_field(indices.iter().copied());
        let (hash, fanout) = (Some(data::MURMUR3), Some(fanout));
        decode(names, &Data { kind: data::SHARD, data: Some(&bits), hash, fanout, ..Data::default() })
    }

    #[test]
    fn directory_is_refused_when_a_name_leads_elsewhere_or_occurs_twice() {
        for name in ["", ".", "..", "a/b", "/etc/passwd", "a\0"] {
            assert!(matches!(directory(&["a", name]), Err(NodeError::Name(_))), "{name:?}");
        }
        assert!(matches!(directory(&["b", "a", "b"]), Err(NodeError::Duplicate { name }) if name == "b"));
        let Node::Directory(entries) = directory(&["b", "a"]).unwrap() else { panic!() };
        assert_eq!(entries.iter().map(|entry| &*entry.name).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn shard_is_refused_when_it_is_not_as_we_know_them() {
        assert!(sharded(&["00a", "FF"], &[0, 255], 256).is_ok());
        assert!(matches!(sharded(&["00a"], &[0], 16), Err(NodeError::UnknownShard { fanout: 16, .. })));
        // A name that has no characters where bytes would be cut.
        for name in ["€a", "0€", "€", "é", "0", "", "0g", "ffa", "+1a"] {
            assert!(matches!(sharded(&[name], &[0], 256), Err(NodeError::Shard(_))), "{name:?}");
        }
        assert!(matches!(sharded(&["00.."], &[0], 256), Err(NodeError::Name(_))));
        assert!(matches!(sharded(&["00a", "00b"], &[0], 256), Err(NodeError::Shard(_))));
        assert!(matches!(sharded(&["00a", "01b"], &[0], 256), Err(NodeError::Shard(_))));
        assert!(matches!(sharded(&["00a"], &[0, 1], 256), Err(NodeError::Shard(_))));
    }

    #[test]
    fn file_is_refused_when_its_sizes_do_not_add_up() {
        let file = |names: &[&str], block_sizes: &[u64], file_size| {
            let block_sizes = block_sizes.to_vec();
            decode(names, &Data { kind: data::FILE, data: Some(b"ab"), block_sizes, file_size, ..Data::default() })
        };
        assert!(file(&["", ""], &[4, 4], Some(10)).is_ok());
        assert!(file(&["", ""], &[4, 4], None).is_ok());
        assert!(matches!(file(&[""], &[4, 4], Some(10)), Err(NodeError::Sizes { links: 1, sizes: 2 })));
        assert!(matches!(file(&[""], &[4], Some(7)), Err(NodeError::FileSize { claimed: 7, actual: 6 })));
        assert!(matches!(file(&["", ""], &[u64::MAX, 4], Some(1)), Err(NodeError::Proto(_))));
    }

    #[test]
    fn node_is_refused_when_it_is_not_unixfs() {
        let node = Node::decode(&Block::new(Codec::DagPb, "").unwrap());
        assert!(matches!(node, Err(NodeError::NoData)));
        let node = decode(&[], &Data { kind: 3, ..Data::default() });
        assert!(matches!(node, Err(NodeError::UnknownKind { kind: 3 })));
        let node = decode(&[], &Data { kind: data::SYMLINK, data: Some(b"../a"), ..Data::default() });
        assert_eq!(node.unwrap(), Node::Symlink("../a".into()));
    }
}
