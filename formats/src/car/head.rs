//! What stands before the blocks: `{ roots: [CID], version: 1 }` in dag-cbor, with its length.
//!
//! By hand, since nothing else of CBOR is needed: a map of those two keys, and no third.

use crate::{
    block::{self, wide, BlockError},
    varint,
};
use cid::Cid;

/// Why the beginning of an archive is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeadError {
    /// Not the map that it should be.
    #[error("not a CAR: {0}")]
    Malformed(&'static str),
    /// Of another version.
    #[error("a CAR of version {0} is not read, only version 1; export it as that")]
    Version(u64),
    /// Without a root, or with several.
    #[error("a CAR of {0} roots; export each root by itself")]
    Roots(u64),
    /// A root that we do not follow.
    #[error("the root of the CAR: {0}")]
    Root(#[from] BlockError),
}

/// The bytes before the blocks of an archive with this root.
pub fn encode_head(root: &Cid) -> Vec<u8> {
    let cid = root.to_bytes();
    let mut map = vec![0xa2, 0x65];
    map.extend_from_slice(b"roots");
    map.extend_from_slice(&[0x81, 0xd8, 0x2a]);
    put(&mut map, 2, wide(cid.len()).saturating_add(1));
    // The prefix that CIDs have in dag-cbor.
    map.push(0);
    map.extend_from_slice(&cid);
    map.push(0x67);
    map.extend_from_slice(b"version");
    map.push(1);
    let mut out = Vec::with_capacity(map.len().saturating_add(1));
    varint::put(&mut out, wide(map.len()));
    out.append(&mut map);
    out
}

fn put(out: &mut Vec<u8>, major: u8, value: u64) {
    let major = major << 5;
    match u8::try_from(value) {
        Ok(value) if value < 24 => out.push(major | value),
        Ok(value) => out.extend_from_slice(&[major | 24, value]),
        // Of no CID that a multihash has room for.
        Err(_) => {
            out.push(major | 27);
            out.extend_from_slice(&value.to_be_bytes());
        }
    }
}

/// Reads the map: the root.
pub(super) fn decode(bytes: &[u8]) -> Result<Cid, HeadError> {
    let mut cbor = Cbor(bytes);
    let keys = cbor.expect(5, "it does not begin with a map")?;
    let (mut root, mut version) = (None, None);
    for _ in 0..keys.min(3) {
        match cbor.bytes(3)? {
            b"roots" if root.is_none() => root = Some(cbor.roots()?),
            b"version" if version.is_none() => version = Some(cbor.expect(0, "its version is no number")?),
            _ => return Err(HeadError::Malformed("a key that is neither `roots` nor `version`, or is there twice")),
        }
    }
    match version.ok_or(HeadError::Malformed("it has no version"))? {
        1 if cbor.0.is_empty() => {}
        1 => return Err(HeadError::Malformed("there is something behind its head")),
        version => return Err(HeadError::Version(version)),
    }
    match root.ok_or(HeadError::Malformed("it has no roots"))? {
        (1, Some(cid)) => Ok(block::cid_from(cid)?),
        (count, _) => Err(HeadError::Roots(count)),
    }
}

/// The little of CBOR that is needed.
struct Cbor<'a>(&'a [u8]);

impl<'a> Cbor<'a> {
    /// How many roots there are, and the first one's bytes.
    fn roots(&mut self) -> Result<(u64, Option<&'a [u8]>), HeadError> {
        let count = self.expect(4, "its roots are no list")?;
        let mut first = None;
        // More than fit are missed soon.
        for _ in 0..count {
            if self.expect(6, "a root is no CID")? != 42 {
                return Err(HeadError::Malformed("a root is no CID"));
            }
            let cid = self.bytes(2)?.strip_prefix(&[0]).ok_or(HeadError::Malformed("a root is no CID"))?;
            first = first.or(Some(cid));
        }
        Ok((count, first))
    }

    /// The number of an item of some kind.
    fn expect(&mut self, major: u8, otherwise: &'static str) -> Result<u64, HeadError> {
        let [head] = *self.take_array::<1>()?;
        if head >> 5 != major {
            return Err(HeadError::Malformed(otherwise));
        }
        Ok(match head & 31 {
            value @ 0..=23 => u64::from(value),
            24 => u64::from(u8::from_be_bytes(*self.take_array()?)),
            25 => u64::from(u16::from_be_bytes(*self.take_array()?)),
            26 => u64::from(u32::from_be_bytes(*self.take_array()?)),
            27 => u64::from_be_bytes(*self.take_array()?),
            _ => return Err(HeadError::Malformed("an item without a length")),
        })
    }

    /// An item of bytes (2) or of text (3).
    fn bytes(&mut self, major: u8) -> Result<&'a [u8], HeadError> {
        let length = self.expect(major, "a key or a CID is something else")?;
        let at = usize::try_from(length).ok();
        let (taken, rest) =
            at.and_then(|at| self.0.split_at_checked(at)).ok_or(HeadError::Malformed("its head is cut"))?;
        self.0 = rest;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<&'a [u8; N], HeadError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(HeadError::Malformed("its head is cut"))?;
        self.0 = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, Codec};

    fn cid() -> Cid {
        *Block::new(Codec::DagPb, "").unwrap().cid()
    }

    fn root() -> Vec<u8> {
        [&[0xd8, 0x2a, 0x58, 37, 0][..], &cid().to_bytes()].concat()
    }

    fn head(parts: &[&[u8]]) -> Result<Cid, HeadError> {
        decode(&parts.concat())
    }

    #[test]
    fn head_reads_as_it_was_written() {
        for cid in [cid(), Cid::new_v0(*cid().hash()).unwrap()] {
            let head = encode_head(&cid);
            assert_eq!(usize::from(head[0]), head.len() - 1);
            assert_eq!(decode(&head[1..]).unwrap(), cid);
            for end in 1..head.len() {
                assert!(decode(&head[1..end]).is_err());
            }
        }
    }

    #[test]
    fn head_may_have_its_keys_in_either_order() {
        assert_eq!(head(&[b"\xa2\x67version\x01\x65roots\x81", &root()]).unwrap(), cid());
    }

    #[test]
    fn head_is_refused_by_name_when_it_is_not_ours() {
        assert!(matches!(head(&[b"\xa1\x67version\x02"]), Err(HeadError::Version(2))));
        assert!(matches!(head(&[b"\xa2\x65roots\x80\x67version\x01"]), Err(HeadError::Roots(0))));
        let two = [&b"\xa2\x65roots\x82"[..], &root(), &root(), b"\x67version\x01"].concat();
        assert!(matches!(decode(&two), Err(HeadError::Roots(2))));
        let many = [&b"\xa2\x65roots\x9b\xff\xff\xff\xff\xff\xff\xff\xff"[..], &root()].concat();
        assert!(matches!(decode(&many), Err(HeadError::Malformed(_))));
        let cbor = Cid::new_v1(0x71, *cid().hash());
        assert!(matches!(decode(&encode_head(&cbor)[1..]), Err(HeadError::Root(BlockError::UnknownCodec { .. }))));
        for wrong in
            [&b""[..], b"\x80", b"\xa0", b"\xa1\x65roots\x80", b"\xa1\x64root\x80", b"\xbf", b"\xa1\x67version\x01"]
        {
            assert!(matches!(decode(wrong), Err(HeadError::Malformed(_))), "{wrong:?}");
        }
        assert!(matches!(head(&[&encode_head(&cid())[1..], b"\0"]), Err(HeadError::Malformed(_))));
        let twice = b"\xa3\x67version\x01\x67version\x01";
        assert!(matches!(decode(twice), Err(HeadError::Malformed(_))));
    }
}
