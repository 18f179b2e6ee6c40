//! A directory: a block of links, or a tree of shards where one block would be too large.

use crate::{
    block::{check_cid, Block, BlockError, Codec},
    unixfs::{
        check_name,
        dag::{link_len, Encoder},
        data::{self, Data},
        hamt, proto, NameError, Profile, Tree,
    },
};
use cid::Cid;
use std::collections::BTreeMap;

/// Why an entry, or a directory, was not added.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is an entry of this name already.
    #[error("there is an entry {name:?} already; rename one of them")]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A CID that we do not follow.
    #[error("entry {name:?}: {source}")]
    Link {
        /// The name.
        name: String,
        /// What is wrong with its CID.
        source: BlockError,
    },
    /// Two names of one hash in a directory that needs shards. They were made so.
    #[error("{one:?} and {other:?} have the same hash, so that no sharded directory holds both; rename one of them")]
    Collision {
        /// A name.
        one: String,
        /// Another.
        other: String,
    },
}

/// Makes the blocks of a directory from its entries, whose own blocks were made before.
///
/// It holds the entries. How many there may be is for whoever inserts them to bound.
pub struct DirectoryAdder {
    profile: Profile,
    entries: BTreeMap<String, Target>,
    /// What one block of all entries would have.
    block_bytes: usize,
}

#[derive(Clone, Copy)]
struct Target {
    cid: Cid,
    dag_size: u64,
}

/// An entry, with the hash of its name.
type Hashed<'a> = ([u8; hamt::LEVELS], &'a str, Target);

impl DirectoryAdder {
    /// An empty directory.
    pub fn new(profile: Profile) -> Self {
        Self { profile, entries: BTreeMap::new(), block_bytes: proto::bytes_len(directory_data().len()) }
    }

    /// Adds an entry: its name, its root, and bytes of all its blocks ([`Tree::dag_size`]).
    pub fn insert(&mut self, name: &str, cid: Cid, dag_size: u64) -> Result<(), DirectoryError> {
        check_name(name)?;
        check_cid(&cid).map_err(|source| DirectoryError::Link { name: name.into(), source })?;
        if self.entries.contains_key(name) {
            return Err(DirectoryError::Duplicate { name: name.into() });
        }
        self.block_bytes = self.block_bytes.saturating_add(link_len(cid.encoded_len(), name.len(), dag_size));
        self.entries.insert(name.into(), Target { cid, dag_size });
        Ok(())
    }

    /// Appends the blocks, the root last.
    pub fn finish(self, out: &mut Vec<Block>) -> Result<Tree, DirectoryError> {
        if self.block_bytes <= self.profile.shard_above {
            return Ok(self.flat(out));
        }
        let entries = self.entries.iter().map(|(name, target)| (hamt::hash(name), name.as_str(), *target));
        let mut entries: Vec<Hashed<'_>> = entries.collect();
        entries.sort_by_key(|(hash, name, _)| (*hash, *name));
        for ((hash, one, _), (next, other, _)) in entries.iter().zip(entries.iter().skip(1)) {
            if hash == next {
                return Err(DirectoryError::Collision { one: (*one).into(), other: (*other).into() });
            }
        }
        Ok(shard(&entries, 0, out))
    }

    fn flat(&self, out: &mut Vec<Block>) -> Tree {
        let mut links = Encoder::new(self.block_bytes);
        for (name, target) in &self.entries {
            links.link(&target.cid, name, target.dag_size);
        }
        push(links, &directory_data(), out)
    }
}

/// The shard of some entries, sorted, whose hashes are the same up to a level. It calls itself eight deep at the most, for
/// no two hashes are equal.
fn shard(entries: &[Hashed<'_>], level: usize, out: &mut Vec<Block>) -> Tree {
    let index = |(hash, _, _): &Hashed<'_>| hash.get(level).copied().unwrap_or_default();
    let mut links = Encoder::new(entries.len().min(256).saturating_mul(64));
    let mut indices = Vec::new();
    for group in entries.chunk_by(|one, next| index(one) == index(next)) {
        let Some(at) = group.first().map(index) else { continue };
        indices.push(at);
        match group {
            [(_, name, target)] => links.link(&target.cid, &format!("{at:02X}{name}"), target.dag_size),
            group => {
                let below = shard(group, level.saturating_add(1), out);
                links.link(&below.cid, &format!("{at:02X}"), below.dag_size);
            }
        }
    }
    let bits = hamt::bit_field(indices.into_iter());
    let (hash, fanout) = (Some(data::MURMUR3), Some(data::FANOUT));
    let data = Data { kind: data::SHARD, data: Some(&bits), hash, fanout, ..Data::default() };
    push(links, &data.encode(), out)
}

fn push(links: Encoder, data: &[u8], out: &mut Vec<Block>) -> Tree {
    let (bytes, dag_size) = links.finish(data);
    let block = Block::hashed(Codec::DagPb, bytes.into());
    let tree = Tree { cid: *block.cid(), size: 0, dag_size };
    out.push(block);
    tree
}

fn directory_data() -> Vec<u8> {
    Data { kind: data::DIRECTORY, ..Data::default() }.encode()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unixfs::add::add_symlink;

    #[test]
    fn entry_is_refused_when_its_name_or_cid_is_not_ours() {
        let mut directory = DirectoryAdder::new(Profile::V1_2025);
        let cid = *Block::new(Codec::Raw, "a").unwrap().cid();
        directory.insert("a", cid, 1).unwrap();
        assert!(matches!(directory.insert("a", cid, 1), Err(DirectoryError::Duplicate { name }) if name == "a"));
        assert!(matches!(directory.insert("..", cid, 1), Err(DirectoryError::Name(NameError::Dots(_)))));
        let cbor = Cid::new_v1(0x71, *cid.hash());
        let refused = directory.insert("b", cbor, 1);
        assert!(matches!(refused, Err(DirectoryError::Link { source: BlockError::UnknownCodec { .. }, .. })));
    }

    #[test]
    fn size_of_the_block_is_known_before_it_is_made() {
        let mut directory = DirectoryAdder::new(Profile::V1_2025);
        let cid = *Block::new(Codec::Raw, "a").unwrap().cid();
        for (name, size) in [("a", 0), ("b", 1 << 40), (&*"c".repeat(200), 300)] {
            directory.insert(name, cid, size).unwrap();
        }
        let bytes = directory.block_bytes;
        let mut out = Vec::new();
        directory.finish(&mut out).unwrap();
        assert_eq!(out[0].bytes().len(), bytes);
    }

    #[test]
    fn symlink_is_refused_when_no_system_would_take_it() {
        let mut out = Vec::new();
        for target in ["", "a\0b", &"x".repeat(4097)] {
            assert!(add_symlink(target, &mut out).is_err());
        }
        assert!(add_symlink("../outside", &mut out).is_ok());
        assert_eq!(out.len(), 1);
    }
}
