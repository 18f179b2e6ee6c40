//! DAGs that lie, repeat themselves, or are made to exhaust whoever reads them.

use super::*;
use crate::{
    block::Codec,
    unixfs::{
        dag::Encoder,
        data::{self, Data},
        hamt,
        walk::Walk,
        Limits, NodeError,
    },
};
use std::collections::HashMap;

const LIMITS: Limits = Limits::new(1 << 30, 1 << 30);

#[derive(Default)]
struct Store(HashMap<Cid, Bytes>);

impl Store {
    fn put(&mut self, codec: Codec, bytes: impl Into<Bytes>) -> Cid {
        let (cid, bytes) = Block::new(codec, bytes).unwrap().into_parts();
        self.0.insert(cid, bytes);
        cid
    }

    fn file(&mut self, parts: &[(Cid, u64)]) -> Cid {
        let mut node = Encoder::new(0);
        parts.iter().for_each(|(cid, size)| node.link(cid, "", *size));
        let block_sizes: Vec<u64> = parts.iter().map(|(_, size)| *size).collect();
        let file_size = Some(block_sizes.iter().sum());
        let data = Data { kind: data::FILE, file_size, block_sizes, ..Data::default() };
        self.put(Codec::DagPb, node.finish(&data.encode()).0)
    }

    fn shard(&mut self, links: &[(u8, &str, Cid)]) -> Cid {
        let mut node = Encoder::new(0);
        links.iter().for_each(|(index, name, cid)| node.link(cid, &format!("{index:02X}{name}"), 1));
        let bits = hamt::bit_field(links.iter().map(|(index, ..)| *index));
        let (hash, fanout) = (Some(data::MURMUR3), Some(data::FANOUT));
        let data = Data { kind: data::SHARD, data: Some(&bits), hash, fanout, ..Data::default() };
        self.put(Codec::DagPb, node.finish(&data.encode()).0)
    }

    /// All items, or the error; and how many blocks were fetched.
    fn run<T: Traversal>(&self, traversal: Result<T, ReadError>) -> (Result<Vec<T::Item>, ReadError>, usize) {
        let mut fetched = 0;
        let fetch = |cid: &Cid| {
            fetched += 1;
            self.0.get(cid).cloned().ok_or(())
        };
        let items = traversal.and_then(|traversal| {
            traversal.fetching(fetch).collect::<Result<_, _>>().map_err(|error| match error {
                FetchError::Read(error) => error,
                other => panic!("{other:?}"),
            })
        });
        (items, fetched)
    }

    fn read(&self, cid: Cid, limits: Limits) -> (Result<Vec<Bytes>, ReadError>, usize) {
        self.run(FileReader::new(cid, .., limits))
    }
}

#[test]
fn file_is_refused_when_a_link_claims_another_size() {
    let mut store = Store::default();
    let leaf = store.put(Codec::Raw, "leaf");
    for claimed in [1, 3, 5, 1 << 20] {
        let root = store.file(&[(leaf, 4), (leaf, claimed)]);
        let (read, _) = store.read(root, LIMITS);
        assert!(matches!(read, Err(ReadError::SizeLies { claimed: c, actual: 4, .. }) if c == claimed), "{read:?}");
    }
    let inner = store.file(&[(leaf, 4)]);
    let root = store.file(&[(inner, 5)]);
    assert!(matches!(store.read(root, LIMITS).0, Err(ReadError::SizeLies { claimed: 5, actual: 4, .. })));
    // Of which nothing is fetched when the root claims too much by itself.
    let root = store.file(&[(leaf, u64::MAX)]);
    let (read, fetched) = store.read(root, LIMITS);
    assert!(matches!(read, Err(ReadError::TooLarge { size: u64::MAX, .. })));
    assert_eq!(fetched, 1);
}

#[test]
fn file_is_read_up_to_64_nodes_and_refused_beyond() {
    for (nodes, is_read) in [(63, true), (64, false), (1000, false)] {
        let mut store = Store::default();
        let mut root = store.put(Codec::Raw, "leaf");
        for _ in 0..nodes {
            root = store.file(&[(root, 4)]);
        }
        let (read, fetched) = store.read(root, LIMITS);
        assert_eq!(read.is_ok(), is_read, "{nodes}: {read:?}");
        assert!(is_read || matches!(read, Err(ReadError::TooDeep { limit: 64, .. })));
        assert!(fetched <= 64);
        assert_eq!(store.run(Walk::new(root, LIMITS)).0.is_ok(), is_read);
    }
}

#[test]
fn file_that_repeats_itself_costs_no_more_than_was_allowed() {
    let mut store = Store::default();
    // Each node three times in the next: 3^40 leaves of a byte, in 41 blocks.
    let (mut root, mut size) = (store.put(Codec::Raw, "a"), 1u64);
    for _ in 0..40 {
        root = store.file(&[(root, size), (root, size), (root, size)]);
        size = size.saturating_mul(3);
    }
    let (read, fetched) = store.read(root, LIMITS);
    assert!(matches!(read, Err(ReadError::TooLarge { .. })) && fetched == 1, "{read:?}");
    let (read, fetched) = store.read(root, Limits { size: u64::MAX, blocks: 5000, ..LIMITS });
    assert!(matches!(read, Err(ReadError::TooManyBlocks { limit: 5000 })) && fetched == 5001);
    let (read, _) = store.read(root, Limits { size: u64::MAX, bytes: 100_000, ..LIMITS });
    assert!(matches!(read, Err(ReadError::TooManyBytes { limit: 100_000 })));
    // A walk has each block once.
    let (walked, fetched) = store.run(Walk::new(root, LIMITS));
    assert_eq!((walked.unwrap().len(), fetched), (41, 41));
}

#[test]
fn file_that_repeats_nothing_costs_nothing() {
    let mut store = Store::default();
    let mut root = store.put(Codec::Raw, "");
    for _ in 0..40 {
        root = store.file(&[(root, 0); 100]);
    }
    let leaf = store.put(Codec::Raw, "leaf");
    let root = store.file(&[(root, 0), (leaf, 4), (root, 0), (leaf, 4), (root, 0)]);
    let (read, fetched) = store.read(root, LIMITS);
    assert_eq!((read.unwrap().concat(), fetched), (b"leafleaf".to_vec(), 3));
}

#[test]
fn links_that_are_remembered_are_bounded() {
    let mut store = Store::default();
    let leaf = store.put(Codec::Raw, "leaf");
    let inner = store.file(&[(leaf, 4); 60]);
    let root = store.file(&[(inner, 240), (leaf, 4), (inner, 240)]);
    for (links, is_read) in [(62, true), (61, false)] {
        let limits = Limits { links, ..LIMITS };
        let (read, _) = store.read(root, limits);
        assert_eq!(read.is_ok(), is_read, "{links}");
        assert!(is_read || matches!(read, Err(ReadError::TooWide { limit: 61, .. })));
    }
}

#[test]
fn names_of_a_sharded_directory_are_refused_where_they_do_not_belong() {
    let mut store = Store::default();
    let leaf = store.put(Codec::Raw, "leaf");
    let [first, second, ..] = hamt::hash("name");
    let right = store.shard(&[(first, "name", leaf)]);
    assert_eq!(store.run(DirectoryReader::new(right, LIMITS)).0.unwrap().len(), 1);
    let wrong = store.shard(&[(first ^ 1, "name", leaf)]);
    let (read, _) = store.run(DirectoryReader::new(wrong, LIMITS));
    assert!(matches!(read, Err(ReadError::Misplaced { .. })));

    // A shard that is right one level below one index, and not below another: so no name occurs twice.
    let below = store.shard(&[(second, "name", leaf)]);
    let right = store.shard(&[(first, "", below)]);
    assert_eq!(store.run(DirectoryReader::new(right, LIMITS)).0.unwrap().len(), 1);
    assert_eq!(store.run(Resolver::new(right, "name", LIMITS)).0.unwrap()[0].cid, leaf);
    let twice = store.shard(&[(first, "", below), (first ^ 1, "", below)]);
    assert!(matches!(store.run(DirectoryReader::new(twice, LIMITS)).0, Err(ReadError::Misplaced { .. })));

    // Below each index the same shard again, without an end.
    let mut endless = right;
    for _ in 0..20 {
        let links: Vec<_> = (0..=255).map(|index| (index, "", endless)).collect();
        endless = store.shard(&links);
    }
    let (read, fetched) = store.run(DirectoryReader::new(endless, LIMITS));
    assert!(matches!(read, Err(ReadError::Misplaced { .. })) && fetched <= 8, "{read:?}");
}

#[test]
fn path_is_refused_by_name_when_it_leads_nowhere() {
    let mut store = Store::default();
    let leaf = store.put(Codec::Raw, "leaf");
    let link = {
        let data = Data { kind: data::SYMLINK, data: Some(b".."), ..Data::default() };
        store.put(Codec::DagPb, Encoder::new(0).finish(&data.encode()).0)
    };
    let root = {
        let mut node = Encoder::new(0);
        node.link(&leaf, "leaf", 4);
        node.link(&link, "link", 4);
        let data = Data { kind: data::DIRECTORY, ..Data::default() };
        store.put(Codec::DagPb, node.finish(&data.encode()).0)
    };
    let at = |path: &str| store.run(Resolver::new(root, path, LIMITS)).0;
    assert_eq!(at("/").unwrap()[0], Resolved { cid: root, dag_size: None });
    assert_eq!(at("/leaf").unwrap()[0], Resolved { cid: leaf, dag_size: Some(4) });
    assert_eq!(at("link").unwrap()[0].cid, link);
    assert!(matches!(at("none"), Err(ReadError::NotFound { name, .. }) if name == "none"));
    assert!(matches!(at("leaf/a"), Err(ReadError::NotADirectory { kind: crate::unixfs::Kind::File, .. })));
    assert!(matches!(at("link/a"), Err(ReadError::NotADirectory { kind: crate::unixfs::Kind::Symlink, .. })));
    assert!(matches!(at("../leaf"), Err(ReadError::Name(_))));
    let (read, _) = store.read(root, LIMITS);
    assert!(matches!(read, Err(ReadError::NotAFile { kind: crate::unixfs::Kind::Directory, .. })));
}

#[test]
fn links_to_what_we_do_not_follow_are_refused_by_name() {
    let mut store = Store::default();
    let leaf = store.put(Codec::Raw, "leaf");
    let root = store.file(&[(Cid::new_v1(0x71, *leaf.hash()), 4)]);
    let (read, _) = store.read(root, LIMITS);
    let Err(ReadError::Node { source: NodeError::Link { index: 0, source }, .. }) = read else { panic!("{read:?}") };
    assert!(matches!(source, BlockError::UnknownCodec { code: 0x71 }));
    assert!(matches!(FileReader::new(Cid::default(), .., LIMITS), Err(ReadError::Cid(_))));
}

#[test]
fn traversal_that_failed_does_not_say_that_it_is_done() {
    let mut store = Store::default();
    let leaf = store.put(Codec::Raw, "leaf");
    let root = store.file(&[(leaf, 5)]);
    let mut reader = FileReader::new(root, .., LIMITS).unwrap();
    reader.give(Block::verify(root, store.0[&root].clone()).unwrap()).unwrap();
    assert_eq!(reader.size(), Some(5));
    assert_eq!(reader.step().unwrap(), Step::Want(leaf));
    let leaf = Block::verify(leaf, "leaf").unwrap();
    assert!(matches!(reader.give(leaf.clone()), Err(ReadError::SizeLies { .. })));
    assert!(matches!(reader.step(), Err(ReadError::Failed)));
    assert!(matches!(reader.give(leaf), Err(ReadError::Failed)));
}
