//! What holds for any content, and for any bytes that somebody may send.

#![cfg(all(feature = "car", feature = "unixfs"))]

mod common;

use bytes::Bytes;
use cid::Cid;
use common::{content, read_all, Store};
use proptest::{collection::vec, prelude::*, sample::Index};
use ratio1_formats::{
    block::{parse_cid, Block, BlockError, Codec},
    car::{CarDecoder, CarEvent, CarReader, CarWriter},
    unixfs::{
        add::{DirectoryAdder, FileAdder},
        read::{DirectoryReader, FileReader, Resolver},
        walk::{links, Walk},
        FetchError, Limits, Node, Profile, ReadError, Step, Traversal,
    },
};
use std::collections::BTreeSet;

const LIMITS: Limits = Limits::new(1 << 24, 1 << 24);

fn profile() -> impl Strategy<Value = Profile> {
    (1usize..300, 2usize..9).prop_map(|(chunk, width)| Profile::new(chunk, width, 256 * 1024).unwrap())
}

/// A file of a few levels, in a store.
fn file() -> impl Strategy<Value = (Vec<u8>, Store, Cid)> {
    (profile(), 0u64..5000).prop_map(|(profile, size)| {
        let (content, mut store) = (content(size, size), Store::default());
        let tree = store.add(profile, &content);
        (content, store, tree.cid)
    })
}

fn names() -> impl Strategy<Value = BTreeSet<String>> {
    let name = prop_oneof!["[a-z]{1,3}", "\\PC{1,12}"]
        .prop_filter("a name", |name: &String| !name.contains('/') && !name.is_empty() && name != "." && name != "..");
    proptest::collection::btree_set(name, 0..60)
}

/// Reads all that a root could be, with a bound on steps, and says whether anything was read.
fn read_as_anything(store: &Store, root: Cid) -> bool {
    let limits = Limits { blocks: 2000, ..LIMITS };
    let file =
        FileReader::new(root, .., limits).is_ok_and(|reader| reader.fetching(store.fetch()).all(|part| part.is_ok()));
    let directory = DirectoryReader::new(root, limits)
        .is_ok_and(|reader| reader.fetching(store.fetch()).all(|entry| entry.is_ok()));
    let path =
        Resolver::new(root, "a/b", limits).is_ok_and(|reader| reader.fetching(store.fetch()).all(|one| one.is_ok()));
    let walk = Walk::new(root, limits).is_ok_and(|walk| walk.fetching(store.fetch()).all(|block| block.is_ok()));
    file || directory || path || walk
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn file_is_read_as_it_was_added((content, store, cid) in file()) {
        prop_assert_eq!(read_all(&store, cid, .., LIMITS).unwrap(), content);
    }

    #[test]
    fn file_is_the_same_however_it_is_pushed(profile in profile(), pieces in vec(vec(any::<u8>(), 0..700), 0..12)) {
        let mut adder = FileAdder::new(profile);
        let mut blocks = Vec::new();
        pieces.iter().for_each(|piece| adder.push(piece, &mut blocks));
        let tree = adder.finish(&mut blocks);
        let mut store = Store::default();
        prop_assert_eq!(store.add(profile, &pieces.concat()), tree);
        // Every block comes after those that it links to.
        let mut seen = BTreeSet::new();
        for block in &blocks {
            prop_assert!(links(block).unwrap().iter().all(|cid| seen.contains(cid)));
            seen.insert(*block.cid());
        }
        prop_assert_eq!(blocks.last().map(|root| *root.cid()), Some(tree.cid));
        prop_assert_eq!(blocks.iter().map(|block| block.bytes().len() as u64).sum::<u64>(), tree.dag_size);
    }

    #[test]
    fn range_is_a_slice((content, store, cid) in file(), one in any::<Index>(), other in any::<Index>(), beyond in 0u64..10) {
        let (one, other) = (one.index(content.len() + 1), other.index(content.len() + 1));
        let (from, to) = (one.min(other), one.max(other));
        let (start, end) = (from as u64, to as u64);
        prop_assert_eq!(read_all(&store, cid, start..end, LIMITS).unwrap(), &content[from..to]);
        prop_assert_eq!(read_all(&store, cid, start.., LIMITS).unwrap(), &content[from..]);
        prop_assert_eq!(read_all(&store, cid, start..content.len() as u64 + beyond, LIMITS).unwrap(), &content[from..]);
        let outside = read_all(&store, cid, content.len() as u64 + 1 + beyond.., LIMITS);
        prop_assert!(matches!(outside, Err(FetchError::Read(ReadError::RangeOutside { .. }))), "{:?}", outside);
        // No more content is given than was allowed.
        let few = Limits { size: (end - start).saturating_sub(1), ..LIMITS };
        prop_assert_eq!(read_all(&store, cid, start..end, few).is_ok(), start == end);
    }

    #[test]
    fn file_is_refused_when_a_block_is_damaged(
        (content, store, cid) in file(), which in any::<Index>(), at in any::<Index>(), how in 0u8..4, bit in 0u8..8,
    ) {
        let mut cids: Vec<&Cid> = store.0.keys().collect();
        cids.sort();
        let wrong = *cids[which.index(cids.len())];
        let mut bytes = store.0[&wrong].to_vec();
        match how {
            0 if !bytes.is_empty() => { let at = at.index(bytes.len()); bytes[at] ^= 1 << bit; }
            1 if !bytes.is_empty() => bytes.truncate(at.index(bytes.len())),
            2 => bytes.push(bit),
            // Another block of the same file.
            _ => bytes = store.0[cids[at.index(cids.len())]].to_vec(),
        }
        prop_assume!(bytes != store.0[&wrong]);
        let mut damaged = store.clone();
        damaged.0.insert(wrong, bytes.into());
        let read = read_all(&damaged, cid, .., LIMITS);
        prop_assert!(matches!(read, Err(FetchError::Block(BlockError::Mismatch { .. }))), "{:?}", read);
        let walk = Walk::new(cid, LIMITS).unwrap().fetching(damaged.fetch());
        prop_assert!(matches!(walk.last(), Some(Err(FetchError::Block(_)))));
        // What came before it was right.
        let reader = FileReader::new(cid, .., LIMITS).unwrap().fetching(damaged.fetch());
        let before: Vec<u8> = reader.map_while(Result::ok).flatten().collect();
        prop_assert!(content.starts_with(&before));
    }

    #[test]
    fn upcoming_begins_with_what_is_wanted_and_is_wanted_later((_, store, cid) in file(), from in 0u64..4000) {
        let mut reader = FileReader::new(cid, from.., LIMITS).unwrap();
        let (mut asked, mut announced) = (Vec::new(), BTreeSet::new());
        loop {
            match reader.step() {
                Ok(Step::Want(cid)) => {
                    let upcoming = reader.upcoming(5);
                    prop_assert_eq!(upcoming.first(), Some(&cid));
                    announced.extend(upcoming);
                    asked.push(cid);
                    // A block that nobody asked for changes nothing.
                    let other = Block::new(Codec::Raw, "nobody asked for this").unwrap();
                    let refused = matches!(reader.give(other), Err(ReadError::NotWanted { .. }));
                    prop_assert!(refused);
                    if reader.give(Block::verify(cid, store.0[&cid].clone()).unwrap()).is_err() {
                        return Ok(());
                    }
                }
                Ok(Step::Item(_)) => {}
                Ok(Step::Done) => break,
                Err(_) => return Ok(()),
            }
        }
        prop_assert_eq!(announced, asked.into_iter().collect::<BTreeSet<_>>());
    }

    #[test]
    fn directory_is_read_as_it_was_added(names in names(), shard_above in prop_oneof![Just(0usize), Just(256 * 1024)]) {
        let mut directory = DirectoryAdder::new(Profile::new(1024, 4, shard_above).unwrap());
        let leaf = Block::new(Codec::Raw, "leaf").unwrap();
        for name in &names {
            directory.insert(name, *leaf.cid(), 4).unwrap();
        }
        let mut blocks = vec![leaf];
        let tree = directory.finish(&mut blocks).unwrap();
        let store: Store = blocks.into_iter().collect();
        let entries = DirectoryReader::new(tree.cid, LIMITS).unwrap().fetching(store.fetch());
        let read: Vec<String> = entries.map(|entry| entry.unwrap().name).collect();
        prop_assert_eq!(read.len(), names.len());
        prop_assert_eq!(read.into_iter().collect::<BTreeSet<_>>(), names.clone());
        for name in &names {
            let resolver = Resolver::new(tree.cid, name, LIMITS).unwrap();
            prop_assert!(resolver.fetching(store.fetch()).all(|found| found.is_ok()));
        }
    }

    #[test]
    fn bytes_of_anybody_are_refused_and_nothing_panics(bytes in vec(any::<u8>(), 0..400)) {
        let block = Block::new(Codec::DagPb, bytes.clone()).unwrap();
        let _ = (Node::decode(&block), links(&block));
        read_as_anything(&[block.clone()].into_iter().collect(), *block.cid());
        let mut input = Bytes::from(bytes.clone());
        let mut decoder = CarDecoder::new();
        while let Ok(Some(_)) = decoder.decode(&mut input) {}
        let _ = (decoder.finish(), parse_cid(&String::from_utf8_lossy(&bytes)));
    }

    #[test]
    fn nodes_that_are_nearly_right_do_not_panic(
        (_, store, cid) in file(), names in names(), edits in vec((any::<Index>(), any::<u8>()), 1..4), cut in any::<Index>(),
    ) {
        let mut directory = DirectoryAdder::new(Profile::new(1024, 4, 0).unwrap());
        for name in &names {
            directory.insert(name, cid, 4).unwrap();
        }
        let mut blocks = Vec::new();
        let root = directory.finish(&mut blocks).unwrap().cid;
        let file_root = Block::verify(cid, store.0[&cid].clone()).unwrap();
        for block in blocks.iter().chain([&file_root]) {
            let mut bytes = block.bytes().to_vec();
            for (at, value) in &edits {
                if !bytes.is_empty() {
                    let at = at.index(bytes.len());
                    bytes[at] = *value;
                }
            }
            let cut = bytes[..cut.index(bytes.len() + 1)].to_vec();
            for bytes in [bytes, cut] {
                let edited = Block::new(Codec::DagPb, bytes).unwrap();
                let mut all = store.clone();
                all.extend(blocks.iter().cloned().chain([edited.clone()]));
                read_as_anything(&all, *edited.cid());
            }
        }
        let mut all = store.clone();
        all.extend(blocks);
        prop_assert!(read_as_anything(&all, root));
    }

    #[test]
    fn archive_is_read_as_it_was_written_however_it_comes((_, store, cid) in file(), pieces in vec(1usize..200, 1..50)) {
        let (blocks, archive) = archive(&store, cid);
        let read: Vec<Block> = CarReader::new(&archive[..]).unwrap().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&read, &blocks);
        let (mut decoder, mut rest, mut events) = (CarDecoder::new(), Bytes::from(archive), Vec::new());
        for piece in pieces.iter().cycle() {
            let mut input = rest.split_to((*piece).min(rest.len()));
            while let Some(event) = decoder.decode(&mut input).unwrap() {
                events.push(event);
            }
            prop_assert!(input.is_empty());
            if rest.is_empty() {
                break;
            }
        }
        decoder.finish().unwrap();
        let expected: Vec<CarEvent> = [CarEvent::Root(cid)].into_iter().chain(blocks.into_iter().map(CarEvent::Block)).collect();
        prop_assert_eq!(events, expected);
    }

    #[test]
    fn archive_is_refused_when_it_is_damaged((_, store, cid) in file(), at in any::<Index>(), bit in 0u8..8, how in 0u8..3) {
        let (blocks, mut archive) = archive(&store, cid);
        let at = at.index(archive.len());
        match how {
            0 => archive[at] ^= 1 << bit,
            1 => archive.truncate(at),
            _ => archive.push(bit),
        }
        let read = CarReader::new(&archive[..]).and_then(|reader| reader.collect::<Result<Vec<_>, _>>());
        // Without an error it is another archive that is whole: cut between blocks, or with a block under another codec.
        if let Ok(read) = read {
            prop_assert!(how < 2);
            prop_assert_ne!(&read, &blocks);
            let rest: Store = read.into_iter().collect();
            prop_assert!(Walk::new(cid, LIMITS).unwrap().fetching(rest.fetch()).any(|block| block.is_err()));
        }
    }
}

fn archive(store: &Store, cid: Cid) -> (Vec<Block>, Vec<u8>) {
    let walk = Walk::new(cid, LIMITS).unwrap().fetching(store.fetch());
    let blocks: Vec<Block> = walk.collect::<Result<_, _>>().unwrap();
    let mut writer = CarWriter::new(Vec::new(), &cid).unwrap();
    blocks.iter().for_each(|block| writer.write(block).unwrap());
    (blocks, writer.finish().unwrap())
}
