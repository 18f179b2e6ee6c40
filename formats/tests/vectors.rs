//! Golden vectors by foreign software: what it makes of a content we make, and what it made we read.

#![cfg(all(feature = "car", feature = "unixfs"))]

mod common;

use bytes::Bytes;
use cid::Cid;
use common::{content, read_all, Store};
use ratio1_formats::{
    block::{parse_cid, Block, Codec},
    car::{CarReader, CarWriter},
    unixfs::{
        add::{add_symlink, DirectoryAdder, FileAdder},
        read::{DirectoryReader, Resolver},
        walk::Walk,
        Limits, Node, Profile, Traversal, Tree,
    },
};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};

#[derive(Deserialize)]
struct Vectors {
    profile: String,
    check: String,
    files: Vec<FileVector>,
    directories: Vec<DirectoryVector>,
    foreign: Vec<ForeignVector>,
    archives: Vec<ArchiveVector>,
}

#[derive(Deserialize)]
struct FileVector {
    size: u64,
    chunk: Option<usize>,
    width: Option<usize>,
    cid: String,
    dag_size: u64,
    unique_bytes: u64,
    blocks: usize,
}

#[derive(Deserialize)]
struct DirectoryVector {
    about: String,
    numbers: Vec<Numbers>,
    entries: Vec<(String, Option<Content>)>,
    cid: String,
    dag_size: u64,
    unique_bytes: u64,
    blocks: usize,
}

#[derive(Deserialize)]
struct Numbers {
    prefix: String,
    count: usize,
    length: Option<usize>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Link { link: String },
}

#[derive(Deserialize)]
struct ForeignVector {
    about: String,
    size: u64,
    cid: String,
    unique_bytes: u64,
    blocks: HashMap<String, String>,
}

#[derive(Deserialize)]
struct ArchiveVector {
    size: u64,
    cid: String,
    car: String,
}

fn vectors() -> Vectors {
    let vectors: Vectors = serde_json::from_str(include_str!("vectors/unixfs.json")).unwrap();
    assert_eq!(vectors.profile, "unixfs-v1-2025");
    // Both sides make the same content.
    assert_eq!(vectors.check, hex::encode(Sha256::digest(content(0, 1000))));
    vectors
}

#[test]
fn file_has_the_cid_that_others_give_it() {
    let vectors = vectors();
    assert!(vectors.files.len() > 150);
    for vector in vectors.files {
        let profile = match (vector.chunk, vector.width) {
            (Some(chunk), Some(width)) => Profile::new(chunk, width, 0).unwrap(),
            _ => Profile::V1_2025,
        };
        let mut file = FileAdder::new(profile);
        let (mut blocks, mut unique) = (Vec::new(), HashMap::new());
        let mut at = 0;
        while at < vector.size {
            // Pieces that have nothing to do with chunks.
            let piece = 300_007.min(vector.size - at);
            file.push(&content(at, piece), &mut blocks);
            unique.extend(blocks.drain(..).map(|block: Block| (*block.cid(), block.bytes().len() as u64)));
            at += piece;
        }
        let tree = file.finish(&mut blocks);
        unique.extend(blocks.drain(..).map(|block| (*block.cid(), block.bytes().len() as u64)));
        let about = format!("{} bytes by {:?}, {:?}", vector.size, vector.chunk, vector.width);
        let expected = Tree { cid: vector.cid.parse().unwrap(), size: vector.size, dag_size: vector.dag_size };
        assert_eq!(tree, expected, "{about}");
        assert_eq!(unique.len(), vector.blocks, "{about}");
        assert_eq!(unique.values().sum::<u64>(), vector.unique_bytes, "{about}");
    }
}

/// A tree of directories, to be added from the bottom up.
#[derive(Default)]
struct Folder {
    entries: BTreeMap<String, Item>,
}

enum Item {
    Folder(Folder),
    Tree(Tree),
}

impl Folder {
    fn at(&mut self, path: &[&str]) -> &mut Self {
        let Some((first, rest)) = path.split_first() else { return self };
        match self.entries.entry((*first).into()).or_insert_with(|| Item::Folder(Self::default())) {
            Item::Folder(folder) => folder.at(rest),
            Item::Tree(_) => panic!("{first} is a file"),
        }
    }

    fn insert(&mut self, path: &str, tree: Tree) {
        let (folder, name) =
            path.rsplit_once('/').map_or((vec![], path), |(above, name)| (above.split('/').collect(), name));
        self.at(&folder).entries.insert(name.into(), Item::Tree(tree));
    }

    fn add(self, store: &mut Store) -> Tree {
        let mut directory = DirectoryAdder::new(Profile::V1_2025);
        for (name, item) in self.entries {
            let tree = match item {
                Item::Folder(folder) => folder.add(store),
                Item::Tree(tree) => tree,
            };
            directory.insert(&name, tree.cid, tree.dag_size).unwrap();
        }
        let mut blocks = Vec::new();
        let tree = directory.finish(&mut blocks).unwrap();
        store.extend(blocks);
        tree
    }
}

/// Adds what a vector tells, and says which entries it has at which paths.
fn add_directory(vector: &DirectoryVector, store: &mut Store) -> (Tree, BTreeMap<String, Cid>) {
    let mut root = Folder::default();
    let mut paths = BTreeMap::new();
    let numbered = vector.numbers.iter().flat_map(|some| {
        let width = some.length.map_or(0, |length| length - some.prefix.len());
        (0..some.count).map(move |i| (format!("{}{i:0width$}", some.prefix), Some(Content::Text(i.to_string()))))
    });
    let mut add = |path: &str, content: Option<&Content>| {
        let mut blocks = Vec::new();
        let tree = match content {
            Some(Content::Text(text)) => {
                let mut file = FileAdder::new(Profile::V1_2025);
                file.push(text.as_bytes(), &mut blocks);
                file.finish(&mut blocks)
            }
            Some(Content::Link { link }) => add_symlink(link, &mut blocks).unwrap(),
            None => DirectoryAdder::new(Profile::V1_2025).finish(&mut blocks).unwrap(),
        };
        store.extend(blocks);
        paths.insert(path.to_string(), tree.cid);
        root.insert(path, tree);
    };
    numbered.for_each(|(path, content)| add(&path, content.as_ref()));
    vector.entries.iter().for_each(|(path, content)| add(path, content.as_ref()));
    (root.add(store), paths)
}

#[test]
fn directory_has_the_cid_that_others_give_it_and_is_read_as_it_was_added() {
    let vectors = vectors();
    assert!(vectors.directories.len() > 10);
    for vector in vectors.directories {
        let about = &vector.about;
        let mut store = Store::default();
        let (tree, paths) = add_directory(&vector, &mut store);
        let expected = Tree { cid: vector.cid.parse().unwrap(), size: 0, dag_size: vector.dag_size };
        assert_eq!(tree, expected, "{about}");

        let mut walk = Walk::new(tree.cid, Limits::new(vector.unique_bytes, 0)).unwrap().fetching(store.fetch());
        let walked = walk.by_ref().collect::<Result<Vec<_>, _>>().unwrap();
        assert_eq!(walked.len(), vector.blocks, "{about}");
        assert_eq!(walked.iter().map(|block| block.bytes().len() as u64).sum::<u64>(), vector.unique_bytes, "{about}");
        let too_few = Walk::new(tree.cid, Limits::new(vector.unique_bytes - 1, 0)).unwrap().fetching(store.fetch());
        assert!(too_few.last().unwrap().is_err(), "{about}");

        let limits = Limits::new(vector.unique_bytes, 0);
        let entries = DirectoryReader::new(tree.cid, limits).unwrap().fetching(store.fetch());
        let names: Vec<String> = entries.map(|entry| entry.unwrap().name).collect();
        let tops: std::collections::BTreeSet<&str> = paths.keys().map(|path| path.split('/').next().unwrap()).collect();
        assert_eq!(names.len(), tops.len(), "{about}");
        assert!(names.iter().all(|name| tops.contains(&**name)), "{about}");
        for (path, cid) in paths.iter().step_by(1 + paths.len() / 500) {
            let resolver = Resolver::new(tree.cid, path, limits).unwrap();
            let found: Vec<_> = resolver.fetching(store.fetch()).collect::<Result<_, _>>().unwrap();
            assert_eq!(found.iter().map(|found| found.cid).collect::<Vec<_>>(), [*cid], "{about}: {path}");
        }
        let missing = Resolver::new(tree.cid, "there is none", limits).unwrap();
        assert!(missing.fetching(store.fetch()).last().unwrap().is_err(), "{about}");
    }
}

#[test]
fn files_of_others_are_read_whatever_they_chose() {
    for vector in vectors().foreign {
        let about = &vector.about;
        let blocks = vector
            .blocks
            .iter()
            .map(|(cid, bytes)| Block::verify(parse_cid(cid).unwrap(), hex::decode(bytes).unwrap()).unwrap());
        let store: Store = blocks.collect();
        let cid = parse_cid(&vector.cid).unwrap();
        if vector.blocks.len() == 1 && vector.size > 1000 {
            // The root alone, of a file that is larger.
            let root = Block::verify(cid, store.fetch()(&cid).unwrap()).unwrap();
            let Node::File(file) = Node::decode(&root).unwrap() else { panic!("{about}") };
            assert_eq!(file.size, vector.size, "{about}");
            continue;
        }
        let limits = Limits::new(vector.unique_bytes, vector.size);
        let whole = content(0, vector.size);
        assert_eq!(read_all(&store, cid, .., limits).unwrap(), whole, "{about}");
        for (from, to) in
            [(0, 1), (255, 257), (256, 512), (1000, 1500), (vector.size - vector.size.min(1), vector.size)]
        {
            let (from, to) = (from.min(vector.size), to.min(vector.size));
            let part = read_all(&store, cid, from..to, limits).unwrap();
            assert_eq!(part, whole[from as usize..to as usize], "{about}: {from}..{to}");
        }
    }
}

#[test]
fn archive_of_others_is_read_and_ours_is_the_same() {
    for vector in vectors().archives {
        let car = hex::decode(&vector.car).unwrap();
        let mut reader = CarReader::new(&car[..]).unwrap();
        let root = *reader.root();
        assert_eq!(root.to_string(), vector.cid);
        let blocks: Vec<Block> = reader.by_ref().collect::<Result<_, _>>().unwrap();
        let store: Store = blocks.iter().cloned().collect();
        let content = content(0, vector.size);
        assert_eq!(read_all(&store, root, .., Limits::new(1 << 20, 1 << 20)).unwrap(), content);

        // Theirs has the blocks in the order of a walk, as ours has.
        let mut writer = CarWriter::new(Vec::new(), &root).unwrap();
        for block in Walk::new(root, Limits::new(1 << 20, 0)).unwrap().fetching(store.fetch()) {
            writer.write(&block.unwrap()).unwrap();
        }
        assert_eq!(hex::encode(writer.finish().unwrap()), vector.car);
    }
}

#[test]
fn block_of_nothing_is_what_everybody_knows() {
    let block = Block::new(Codec::Raw, Bytes::new()).unwrap();
    assert_eq!(block.cid().to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
}
