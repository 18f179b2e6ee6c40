//! dag-pb: a node is links, and data.
//!
//! Written as everybody writes it: links first, each with hash, name and size. Read as strictly as
//! others read it: known fields alone, each once, in their order. Data may come before the links, as a
//! choice of some tools.

use super::{
    node::NodeError,
    proto::{self, Fields, ProtoError},
};
use crate::block::{cid_from, wide};
use cid::Cid;

/// A link as it is in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    pub(crate) cid: Cid,
    pub(crate) name: &'a str,
    /// What it claims all blocks below have.
    pub(crate) dag_size: u64,
}

/// A node as it is in a block.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts<'a> {
    pub(crate) links: Vec<Link<'a>>,
    pub(crate) data: Option<&'a [u8]>,
}

const DATA: u64 = 1;
const LINKS: u64 = 2;

/// Takes a block apart.
pub(crate) fn decode(block: &[u8]) -> Result<Parts<'_>, NodeError> {
    let mut parts = Parts { links: Vec::new(), data: None };
    let mut fields = Fields::new(block);
    let mut links_are_over = false;
    while let Some((field, value)) = fields.next()? {
        match field {
            DATA if parts.data.is_some() => return Err(ProtoError("data twice").into()),
            DATA => {
                parts.data = Some(value.bytes()?);
                links_are_over = !parts.links.is_empty();
            }
            LINKS if links_are_over => return Err(ProtoError("links before and after data").into()),
            LINKS => {
                let link = decode_link(value.bytes()?, parts.links.len())?;
                parts.links.push(link);
            }
            _ => return Err(ProtoError("a field that a node does not have").into()),
        }
    }
    Ok(parts)
}

fn decode_link(message: &[u8], index: usize) -> Result<Link<'_>, NodeError> {
    let mut fields = Fields::new(message);
    let (mut cid, mut name, mut dag_size, mut last) = (None, "", 0, 0);
    while let Some((field, value)) = fields.next()? {
        if field <= last {
            return Err(ProtoError("fields of a link out of order").into());
        }
        last = field;
        match field {
            1 => cid = Some(cid_from(value.bytes()?).map_err(|source| NodeError::Link { index, source })?),
            2 => name = std::str::from_utf8(value.bytes()?).map_err(|_| NodeError::NotUtf8 { index })?,
            3 => dag_size = value.number()?,
            _ => return Err(ProtoError("a field that a link does not have").into()),
        }
    }
    let cid = cid.ok_or(ProtoError("a link without a hash"))?;
    Ok(Link { cid, name, dag_size })
}

/// A node being written. Links are in the order of their names, which is the caller's care.
pub(crate) struct Encoder {
    out: Vec<u8>,
    /// Of all links and what is below them.
    dag_size: u64,
}

impl Encoder {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { out: Vec::with_capacity(capacity), dag_size: 0 }
    }

    pub(crate) fn link(&mut self, cid: &Cid, name: &str, dag_size: u64) {
        let cid = cid.to_bytes();
        proto::put_head(&mut self.out, 2, inner_len(cid.len(), name.len(), dag_size));
        proto::put_bytes(&mut self.out, 1, &cid);
        proto::put_bytes(&mut self.out, 2, name.as_bytes());
        proto::put_number(&mut self.out, 3, dag_size);
        self.dag_size = self.dag_size.saturating_add(dag_size);
    }

    /// The block, and bytes of it and all below.
    pub(crate) fn finish(mut self, data: &[u8]) -> (Vec<u8>, u64) {
        proto::put_bytes(&mut self.out, 1, data);
        let dag_size = self.dag_size.saturating_add(wide(self.out.len()));
        (self.out, dag_size)
    }
}

fn inner_len(cid: usize, name: usize, dag_size: u64) -> usize {
    proto::bytes_len(cid).saturating_add(proto::bytes_len(name)).saturating_add(proto::number_len(dag_size))
}

/// Bytes that a link takes in a block.
pub(crate) fn link_len(cid: usize, name: usize, dag_size: u64) -> usize {
    proto::bytes_len(inner_len(cid, name, dag_size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::block::{Block, BlockError, Codec};

    fn field(field: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        proto::put_bytes(&mut out, field, bytes);
        out
    }

    #[test]
    fn node_reads_as_it_was_written_and_is_as_long_as_computed() {
        let cid = *Block::new(Codec::Raw, "a").unwrap().cid();
        for (name, size) in [("", 0), ("a", 127), (&*"n".repeat(100), 128), (&*"n".repeat(1000), u64::MAX)] {
            let mut node = Encoder::new(0);
            node.link(&cid, name, size);
            let (block, dag_size) = node.finish(b"data");
            assert_eq!(block.len(), link_len(36, name.len(), size) + 6);
            assert_eq!(dag_size, size.saturating_add(block.len() as u64));
            let parts = decode(&block).unwrap();
            assert_eq!(parts.links, [Link { cid, name, dag_size: size }]);
            assert_eq!(parts.data, Some(&b"data"[..]));
        }
    }

    #[test]
    fn node_is_refused_when_others_would_refuse_it() {
        let cid = Block::new(Codec::Raw, "a").unwrap().cid().to_bytes();
        let hash = field(1, &cid);
        let name = field(2, b"n");
        let link = field(2, &hash);
        let data = field(1, b"d");
        assert!(decode(&[link.clone(), data.clone()].concat()).is_ok());
        assert!(decode(&[data.clone(), link.clone()].concat()).is_ok());
        let wrong = [
            [data.clone(), data.clone()].concat(),
            [link.clone(), data.clone(), link.clone()].concat(),
            field(3, b""),
            field(2, b""),
            field(2, &name),
            field(2, &[name.clone(), hash.clone()].concat()),
            field(2, &[hash.clone(), hash.clone()].concat()),
            field(2, &[hash.clone(), name.clone(), name.clone()].concat()),
            field(2, &[hash.clone(), field(4, b"")].concat()),
            field(2, &[hash.clone(), vec![0x10, 1]].concat()),
            vec![0x08, 1],
        ];
        for block in wrong {
            assert!(matches!(decode(&block), Err(NodeError::Proto(_))), "{block:?}");
        }
        let name = field(2, &[hash.clone(), field(2, &[0xff])].concat());
        assert!(matches!(decode(&name), Err(NodeError::NotUtf8 { index: 0 })));
        for cid in [&cid[..35], &[&cid[..], &[0]].concat(), b""] {
            let found = decode(&field(2, &field(1, cid))).map(|_| ());
            assert!(matches!(found, Err(NodeError::Link { index: 0, source: BlockError::Malformed(_) })), "{found:?}");
        }
    }
}
