//! What is at the end of a path.

use super::{directory::Place, Frames, ReadError, Step, Traversal, Want};
use crate::{
    block::Block,
    unixfs::{hamt, split_path, Limits, Node, Shard, ShardLink},
};
use cid::Cid;
use std::vec;

/// What is at the end of a path. Its own block was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Its root.
    pub cid: Cid,
    /// Bytes of all its blocks, as the link claims; nothing at the end of an empty path.
    pub dag_size: Option<u64>,
}

/// Follows a path such as `/a/b/c` through directories, and gives the one thing at its end. Of a sharded directory it
/// wants the shards on the way alone. Symbolic links are not followed.
pub struct Resolver {
    frames: Frames<Place>,
    /// The directory that is looked through.
    directory: Cid,
    /// What is looked for in it, and what after that.
    name: Option<String>,
    names: vec::IntoIter<String>,
    found: Option<Resolved>,
}

impl Resolver {
    /// Follows a path from a root.
    pub fn new(root: Cid, path: &str, limits: Limits) -> Result<Self, ReadError> {
        let mut names = split_path(path)?.into_iter().map(String::from).collect::<Vec<_>>().into_iter();
        let mut frames = Frames::new(Want::new(&root, Place::default())?, limits);
        let name = names.next();
        let found = name.is_none().then_some(Resolved { cid: root, dag_size: None });
        if found.is_some() {
            frames.forget();
        }
        Ok(Self { frames, directory: root, name, names, found })
    }

    fn read(&mut self, want: &Want<Place>, block: &Block) -> Result<(), ReadError> {
        self.frames.count(block)?;
        let cid = || Box::new(*block.cid());
        let Some(name) = self.name.take() else { return Ok(()) };
        match Node::decode(block).map_err(|source| ReadError::Node { cid: cid(), source })? {
            Node::Directory(entries) if want.known == Place::default() => {
                let place = entries.binary_search_by(|entry| entry.name.cmp(&name));
                match place.ok().and_then(|at| entries.get(at)) {
                    Some(entry) => self.enter(entry.cid, entry.dag_size),
                    None => Err(self.not_found(name)),
                }
            }
            Node::Shard(shard) => self.look_up(want, block, &shard, name),
            Node::Directory(_) => Err(ReadError::Misplaced { cid: cid() }),
            other => Err(ReadError::NotADirectory { cid: cid(), kind: other.kind() }),
        }
    }

    fn look_up(&mut self, want: &Want<Place>, block: &Block, shard: &Shard, name: String) -> Result<(), ReadError> {
        let index = want.known.index(hamt::hash(&name));
        let at = shard.links.iter().find(|(at, _)| Some(*at) == index);
        match at {
            Some((_, ShardLink::Entry(entry))) if entry.name == name => self.enter(entry.cid, entry.dag_size),
            Some((at, ShardLink::Shard(cid))) => {
                let below =
                    want.known.below(*at).ok_or_else(|| ReadError::Misplaced { cid: Box::new(*block.cid()) })?;
                self.name = Some(name);
                self.frames.want(Want::new(cid, below)?);
                Ok(())
            }
            _ => Err(self.not_found(name)),
        }
    }

    /// An entry was found: the end, or where to look for the next name.
    fn enter(&mut self, cid: Cid, dag_size: u64) -> Result<(), ReadError> {
        self.name = self.names.next();
        if self.name.is_some() {
            self.directory = cid;
            self.frames.want(Want::new(&cid, Place::default())?);
        } else {
            self.found = Some(Resolved { cid, dag_size: Some(dag_size) });
        }
        Ok(())
    }

    fn not_found(&self, name: String) -> ReadError {
        ReadError::NotFound { cid: Box::new(self.directory), name }
    }
}

impl Traversal for Resolver {
    type Item = Resolved;

    fn step(&mut self) -> Result<Step<Resolved>, ReadError> {
        self.frames.check()?;
        Ok(self.found.take().map_or_else(|| self.frames.step(), Step::Item))
    }

    fn give(&mut self, block: Block) -> Result<(), ReadError> {
        let want = self.frames.take(&block)?;
        let read = self.read(&want, &block);
        self.frames.settle(read)
    }

    fn upcoming(&self, most: usize) -> Vec<Cid> {
        self.frames.upcoming(most, |_| false)
    }
}
