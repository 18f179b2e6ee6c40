//! What a block is called: by its CID outside, by its digest inside.

use super::StoreError;
use cid::{multihash::Multihash, Cid};
use ratio1_formats::block::{check_cid, BlockError, Codec, SHA2_256};
use sha2::{Digest, Sha256};
use std::fmt;

/// A block's digest: its key in the index and the name of its file. Codecs are no part of it, so that bytes that two
/// codecs name are stored once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Key([u8; 32]);

/// What a CID names. The same bytes may be named as either codec; then they are a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Named {
    pub key: Key,
    pub codec: Codec,
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
    pub fn cid(&self, codec: Codec) -> Cid {
        // 32 bytes always fit.
        let hash = Multihash::wrap(SHA2_256, &self.0).unwrap_or_default();
        Cid::new_v1(codec.code(), hash)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file_name())
    }
}

impl Named {
    /// What `cid` names; refused by name if it is of a codec or hash that we do not read.
    pub fn by(cid: &Cid) -> Result<Self, StoreError> {
        let refused = |source| StoreError::Block { cid: Box::new(*cid), source };
        let codec = check_cid(cid).map_err(refused)?;
        let digest = cid.hash().digest().try_into();
        let key = digest.map(Key).map_err(|_| refused(BlockError::CutHash { size: cid.hash().size() }))?;
        Ok(Self { key, codec })
    }

    /// Its CIDv1.
    pub fn cid(&self) -> Cid {
        self.key.cid(self.codec)
    }
}
