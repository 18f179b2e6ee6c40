//! Blocks: bytes that are known by their hash.
//!
//! A [`Block`] cannot be made but by hashing its bytes, so whoever is handed one need not hash
//! them again: a store that verifies what it reads from disk gives blocks to a reader, which then costs no
//! second hash.
//!
//! Of the many codecs and hashes there are we read two and one: `raw` and `dag-pb`, sha2-256. The
//! rest is refused by name. So is the identity "hash", in which a CID carries the bytes themselves:
//! no store holds such a block, no peer serves it, and no walk can tell whether it was kept.

use bytes::Bytes;
use cid::{multihash::Multihash, Cid};
use sha2::{Digest, Sha256};
use std::fmt;

/// The largest block that is read or written: what IPFS tools exchange.
pub const MAX_BLOCK: usize = 2 * 1024 * 1024;

/// Characters of a CID as text. Ours has 59; decoding base58 takes the square of the length.
const MAX_TEXT: usize = 128;

/// Number of `raw` in the multicodec table.
pub const RAW: u64 = 0x55;
/// Number of `dag-pb` in the multicodec table.
pub const DAG_PB: u64 = 0x70;
/// Number of sha2-256 in the multicodec table.
pub const SHA2_256: u64 = 0x12;
const IDENTITY: u64 = 0x00;
const DIGEST: usize = 32;

/// What a block's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// Bytes and nothing else: a leaf.
    Raw,
    /// A node with links.
    DagPb,
}

impl Codec {
    /// Its number in the multicodec table.
    pub fn code(self) -> u64 {
        match self {
            Self::Raw => RAW,
            Self::DagPb => DAG_PB,
        }
    }
}

/// Why bytes are no block that we read, or a CID none that we follow.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// Not a CID at all.
    #[error("not a CID ({0}); give it as IPFS tools print it, bafy... or Qm...")]
    Malformed(String),
    /// A codec other than raw and dag-pb.
    #[error("codec {code:#x} is not read, only raw (0x55) and dag-pb (0x70); add the content as a file")]
    UnknownCodec {
        /// Its number in the multicodec table.
        code: u64,
    },
    /// A hash other than sha2-256.
    #[error("hash {code:#x} is not read, only sha2-256 (0x12); add the content again with sha2-256")]
    UnknownHash {
        /// Its number in the multicodec table.
        code: u64,
    },
    /// A CID that carries its bytes instead of their hash.
    #[error("a CID with its bytes inside (identity) names no block; add the content without inlining")]
    Identity,
    /// A sha2-256 that was cut.
    #[error("a sha2-256 of {size} bytes instead of 32; a hash that was cut is not read")]
    CutHash {
        /// Bytes of the digest.
        size: u8,
    },
    /// More than [`MAX_BLOCK`].
    #[error("a block of {size} bytes, more than {MAX_BLOCK}; add the content again with smaller chunks")]
    TooLarge {
        /// Bytes of the block.
        size: usize,
    },
    /// The bytes are not those of the CID.
    #[error("the bytes are not those of {cid}; fetch them from elsewhere")]
    Mismatch {
        /// Whose bytes they should have been.
        cid: Box<Cid>,
    },
}

/// Bytes and the CID that they have.
#[derive(Clone, PartialEq, Eq)]
pub struct Block {
    cid: Cid,
    codec: Codec,
    bytes: Bytes,
}

impl Block {
    /// The block of some bytes, under a CIDv1.
    pub fn new(codec: Codec, bytes: impl Into<Bytes>) -> Result<Self, BlockError> {
        let bytes = bytes.into();
        check_size(&bytes)?;
        Ok(Self::hashed(codec, bytes))
    }

    /// As [`Self::new`], of bytes that are known to be few enough.
    pub(crate) fn hashed(codec: Codec, bytes: Bytes) -> Self {
        let cid = Cid::new_v1(codec.code(), sha2_256(&bytes));
        Self { cid, codec, bytes }
    }

    /// The block of a CID, if the bytes are its.
    pub fn verify(cid: Cid, bytes: impl Into<Bytes>) -> Result<Self, BlockError> {
        let bytes = bytes.into();
        let codec = check_cid(&cid)?;
        check_size(&bytes)?;
        if sha2_256(&bytes) != *cid.hash() {
            return Err(BlockError::Mismatch { cid: Box::new(cid) });
        }
        Ok(Self { cid, codec, bytes })
    }

    /// Its CID, of the version it was asked for with.
    pub fn cid(&self) -> &Cid {
        &self.cid
    }

    /// What the bytes are.
    pub fn codec(&self) -> Codec {
        self.codec
    }

    /// The bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// CID and bytes.
    pub fn into_parts(self) -> (Cid, Bytes) {
        (self.cid, self.bytes)
    }

    /// Whether a CID is of this block. CIDv0 and the CIDv1 of the same node are.
    pub fn is(&self, cid: &Cid) -> bool {
        self.cid.codec() == cid.codec() && self.cid.hash() == cid.hash()
    }

    /// How many bytes there are.
    pub(crate) fn len(&self) -> u64 {
        wide(self.bytes.len())
    }
}

impl fmt::Debug for Block {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Block({}, {} bytes)", self.cid, self.bytes.len())
    }
}

/// Whether a CID is one that we follow: of which codec, or what is wrong with it.
pub fn check_cid(cid: &Cid) -> Result<Codec, BlockError> {
    let codec = match cid.codec() {
        RAW => Codec::Raw,
        DAG_PB => Codec::DagPb,
        code => return Err(BlockError::UnknownCodec { code }),
    };
    match (cid.hash().code(), cid.hash().size()) {
        (SHA2_256, 32) => Ok(codec),
        (SHA2_256, size) => Err(BlockError::CutHash { size }),
        (IDENTITY, _) => Err(BlockError::Identity),
        (code, _) => Err(BlockError::UnknownHash { code }),
    }
}

/// Reads a CID from text: the CID alone, without `/ipfs/`.
pub fn parse_cid(text: &str) -> Result<Cid, BlockError> {
    if text.len() > MAX_TEXT || text.contains('/') {
        return Err(BlockError::Malformed(format!("{} characters, or a path", text.len())));
    }
    let cid = Cid::try_from(text).map_err(|error| BlockError::Malformed(error.to_string()))?;
    check_cid(&cid)?;
    Ok(cid)
}

/// Reads a CID that is all of some bytes.
pub(crate) fn cid_from(mut bytes: &[u8]) -> Result<Cid, BlockError> {
    let cid = take_cid(&mut bytes)?;
    if !bytes.is_empty() {
        return Err(BlockError::Malformed(format!("{} bytes too many", bytes.len())));
    }
    Ok(cid)
}

/// Reads a CID from the beginning of some bytes, and moves behind it.
pub(crate) fn take_cid(bytes: &mut &[u8]) -> Result<Cid, BlockError> {
    let cid = Cid::read_bytes(bytes).map_err(|error| BlockError::Malformed(error.to_string()))?;
    check_cid(&cid)?;
    Ok(cid)
}

/// A CID in 33 bytes, since [`Cid`] has room for hashes that we do not read, and takes 96.
#[cfg(feature = "unixfs")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Compact {
    form: Form,
    digest: [u8; DIGEST],
}

#[cfg(feature = "unixfs")]
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    Raw,
    DagPb,
    DagPbV0,
}

#[cfg(feature = "unixfs")]
impl Compact {
    /// Fails for CIDs that we do not follow.
    pub(crate) fn new(cid: &Cid) -> Result<Self, BlockError> {
        let form = match (check_cid(cid)?, cid.version()) {
            (Codec::Raw, _) => Form::Raw,
            (Codec::DagPb, cid::Version::V0) => Form::DagPbV0,
            (Codec::DagPb, cid::Version::V1) => Form::DagPb,
        };
        let cut = |_| BlockError::CutHash { size: cid.hash().size() };
        Ok(Self { form, digest: cid.hash().digest().try_into().map_err(cut)? })
    }

    /// That of a block, whose CID was checked when it was made.
    pub(crate) fn of(block: &Block) -> Self {
        let form = match (block.codec, block.cid.version()) {
            (Codec::Raw, _) => Form::Raw,
            (Codec::DagPb, cid::Version::V0) => Form::DagPbV0,
            (Codec::DagPb, cid::Version::V1) => Form::DagPb,
        };
        let mut digest = [0; DIGEST];
        digest.iter_mut().zip(block.cid.hash().digest()).for_each(|(to, from)| *to = *from);
        Self { form, digest }
    }

    /// The CID, of the version that it had.
    pub(crate) fn cid(&self) -> Cid {
        let hash = multihash(&self.digest);
        match self.form {
            Form::Raw => Cid::new_v1(RAW, hash),
            Form::DagPb => Cid::new_v1(DAG_PB, hash),
            Form::DagPbV0 => Cid::new_v0(hash).unwrap_or(Cid::new_v1(DAG_PB, hash)),
        }
    }

    /// The same for both versions of a CID.
    pub(crate) fn whatever_version(mut self) -> Self {
        if self.form == Form::DagPbV0 {
            self.form = Form::DagPb;
        }
        self
    }
}

/// Whether a block may have so many bytes.
pub fn check_size(bytes: &[u8]) -> Result<(), BlockError> {
    if bytes.len() > MAX_BLOCK {
        return Err(BlockError::TooLarge { size: bytes.len() });
    }
    Ok(())
}

fn sha2_256(bytes: &[u8]) -> Multihash<64> {
    multihash(&Sha256::digest(bytes).into())
}

#[expect(clippy::expect_used, reason = "32 bytes fit into the 64 that a multihash has room for")]
fn multihash(digest: &[u8; DIGEST]) -> Multihash<64> {
    Multihash::wrap(SHA2_256, digest).expect("32 bytes are fewer than 64")
}

/// A length where sizes of content are counted. No machine has more than 64 bits of address.
pub(crate) fn wide(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    #[test]
    fn block_has_the_cid_of_its_bytes_and_no_other() {
        let block = Block::new(Codec::Raw, Bytes::new()).unwrap();
        assert_eq!(block.cid().to_string(), EMPTY);
        assert_eq!(Block::verify(*block.cid(), Bytes::new()).unwrap(), block);
        assert!(matches!(Block::verify(*block.cid(), "x"), Err(BlockError::Mismatch { .. })));
    }

    #[test]
    fn block_is_refused_when_it_is_larger_than_two_mebibytes() {
        assert!(Block::new(Codec::Raw, vec![0; MAX_BLOCK]).is_ok());
        let error = Block::new(Codec::Raw, vec![0; MAX_BLOCK + 1]);
        assert!(matches!(error, Err(BlockError::TooLarge { size }) if size == MAX_BLOCK + 1));
    }

    #[test]
    fn cid_is_refused_by_name_when_its_codec_or_hash_is_not_ours() {
        let hash = |code, digest: &[u8]| Multihash::<64>::wrap(code, digest).unwrap();
        let check = |codec, hash| check_cid(&Cid::new_v1(codec, hash));
        assert!(matches!(check(RAW, hash(SHA2_256, &[1; 32])), Ok(Codec::Raw)));
        assert!(matches!(check(0x71, hash(SHA2_256, &[1; 32])), Err(BlockError::UnknownCodec { code: 0x71 })));
        assert!(matches!(check(RAW, hash(0x13, &[1; 64])), Err(BlockError::UnknownHash { code: 0x13 })));
        assert!(matches!(check(RAW, hash(0x1e, &[1; 32])), Err(BlockError::UnknownHash { code: 0x1e })));
        assert!(matches!(check(DAG_PB, hash(IDENTITY, b"inline")), Err(BlockError::Identity)));
        assert!(matches!(check(RAW, hash(SHA2_256, &[1; 20])), Err(BlockError::CutHash { size: 20 })));
    }

    #[test]
    fn cid_is_read_from_text_of_either_version() {
        for text in [EMPTY, "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"] {
            assert_eq!(parse_cid(text).unwrap().to_string(), text);
        }
        let long = "z".repeat(100_000);
        for text in ["", "b", "hello", "bafkrei", "Qm", &format!("/ipfs/{EMPTY}"), &format!("{EMPTY}/a"), &long] {
            assert!(matches!(parse_cid(text), Err(BlockError::Malformed(_))), "{text}");
        }
    }

    #[cfg(feature = "unixfs")]
    #[test]
    fn cid_comes_out_of_33_bytes_as_it_went_in() {
        assert_eq!(std::mem::size_of::<Compact>(), 33);
        let raw = Block::new(Codec::Raw, "a").unwrap();
        let node = Block::new(Codec::DagPb, "a").unwrap();
        let old = Cid::new_v0(*node.cid().hash()).unwrap();
        for cid in [*raw.cid(), *node.cid(), old] {
            assert_eq!(Compact::new(&cid).unwrap().cid(), cid);
        }
        assert!(node.is(&old) && !raw.is(&old));
        assert!(cid_from(&[old.to_bytes(), vec![0]].concat()).is_err());
    }
}
