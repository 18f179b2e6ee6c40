//! What a block is called: by its CID outside, by its digest inside.

use super::StoreError;
use cid::{multihash::Multihash, Cid};
use sha2::{Digest, Sha256};
use std::fmt;

/// The codec of blocks without links.
pub const RAW: u64 = 0x55;
/// The codec of blocks with links: files of several blocks, and directories.
pub const DAG_PB: u64 = 0x70;
/// The one hash.
pub const SHA2_256: u64 = 0x12;

/// A block's digest: its key in the index and the name of its file. Codecs are no part of it, so that bytes that two
/// codecs name are stored once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u8; 32]);

/// Whether a block is read for links. The same bytes may be named both ways; then they are a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// `raw`: has no links, whatever its bytes look like.
    Leaf,
    /// `dag-pb`.
    Node,
}

/// What a CID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub key: Key,
    pub kind: Kind,
}

impl Key {
    /// Of a block's bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Whether these are its bytes.
    pub fn fits(&self, bytes: &[u8]) -> bool {
        Self::of(bytes) == *self
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        hex::encode(self.0)
    }

    /// The key of a file's name. Only the one spelling that [`Self::file_name`] gives.
    pub fn parse(name: &str) -> Option<Self> {
        let mut key = [0; 32];
        hex::decode_to_slice(name, &mut key).ok()?;
        (name == hex::encode(key)).then_some(Self(key))
    }

    /// Its shard: the first byte.
    pub fn shard(&self) -> u8 {
        self.0[0]
    }

    /// Its CIDv1.
    pub fn cid(&self, kind: Kind) -> Cid {
        // 32 bytes always fit.
        let hash = Multihash::wrap(SHA2_256, &self.0).unwrap_or_default();
        Cid::new_v1(kind.codec(), hash)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file_name())
    }
}

impl Kind {
    /// The codec in CIDs.
    pub fn codec(self) -> u64 {
        match self {
            Self::Leaf => RAW,
            Self::Node => DAG_PB,
        }
    }

    /// Of a codec, if it is one of ours.
    pub fn of_codec(codec: u64) -> Option<Self> {
        match codec {
            RAW => Some(Self::Leaf),
            DAG_PB => Some(Self::Node),
            _ => None,
        }
    }
}

impl Named {
    /// What `cid` names; refused by name if it is of another codec or hash.
    pub fn by(cid: &Cid) -> Result<Self, StoreError> {
        let kind = Kind::of_codec(cid.codec())
            .ok_or_else(|| StoreError::UnknownCodec { cid: Box::new(*cid), codec: cid.codec() })?;
        let hash = cid.hash();
        if hash.code() != SHA2_256 {
            return Err(StoreError::UnknownHash { cid: Box::new(*cid), code: hash.code() });
        }
        let key = hash.digest().try_into().map(Key).map_err(|_| StoreError::CutHash { cid: Box::new(*cid) })?;
        Ok(Self { key, kind })
    }

    /// Its CIDv1.
    pub fn cid(&self) -> Cid {
        self.key.cid(self.kind)
    }
}
