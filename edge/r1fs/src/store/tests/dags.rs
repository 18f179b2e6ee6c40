//! Small DAGs in a format that is easier to write than dag-pb.

use crate::store::{Label, Lease, LinksError, PinOrder};
use cid::{multihash::Multihash, Cid};
use ratio1_formats::block::{DAG_PB, RAW};
use sha2::{Digest, Sha256};

/// A block and its name.
pub type Block = (Cid, Vec<u8>);

pub fn cid_of(codec: u64, bytes: &[u8]) -> Cid {
    let digest: [u8; 32] = Sha256::digest(bytes).into();
    Cid::new_v1(codec, Multihash::wrap(0x12, &digest).unwrap())
}

pub fn leaf(bytes: impl Into<Vec<u8>>) -> Block {
    let bytes = bytes.into();
    (cid_of(RAW, &bytes), bytes)
}

/// A node: `N`, the length of each link and the link.
pub fn node(links: &[Cid]) -> Block {
    let mut bytes = b"N".to_vec();
    for link in links {
        let link = link.to_bytes();
        bytes.push(link.len() as u8);
        bytes.extend(link);
    }
    (cid_of(DAG_PB, &bytes), bytes)
}

/// Reads the links of [`node`].
pub fn links(_: &Cid, bytes: &[u8]) -> Result<Vec<Cid>, LinksError> {
    let error = |what: &str| LinksError(what.into());
    let mut rest = bytes.strip_prefix(b"N").ok_or_else(|| error("no node"))?;
    let mut found = Vec::new();
    while let Some((len, after)) = rest.split_first() {
        let (link, after) = after.split_at_checked(usize::from(*len)).ok_or_else(|| error("cut"))?;
        found.push(Cid::try_from(link).map_err(|_| error("no CID"))?);
        rest = after;
    }
    Ok(found)
}

/// A file of a few leaves under two levels of nodes. Files with neighbouring seeds share a leaf.
pub fn file(seed: u32) -> Vec<Block> {
    let leaf_of = |number: u32| leaf(format!("leaf {number} ").repeat(1 + (number % 7) as usize * 100));
    let leaves: Vec<Block> = (seed..seed + 2).map(leaf_of).chain([leaf_of(1000 + seed)]).collect();
    let inner = node(&[leaves[0].0, leaves[1].0]);
    let root = node(&[inner.0, leaves[2].0]);
    let mut blocks = vec![root, inner];
    blocks.extend(leaves);
    blocks
}

pub fn root_of(blocks: &[Block]) -> Cid {
    blocks[0].0
}

pub fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

/// An order of an operator's.
pub fn order() -> PinOrder {
    PinOrder::new(label("operator"), label("test"))
}

/// Put all blocks, leaves first as an importer does.
pub fn put_all(lease: &Lease, blocks: &[Block]) {
    for (cid, bytes) in blocks.iter().rev() {
        lease.put(cid, bytes).unwrap();
    }
}
