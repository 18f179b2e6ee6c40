//! CARv1: blocks in a row, with a root. How DAGs are handed from one IPFS tool to another, as a file or
//! as the answer of a gateway.
//!
//! [`encode_head`] and [`encode_prefix`] are what stands before the blocks, and before each of them, for
//! whoever sends the bytes by their own means; [`CarWriter`] writes them to a [`std::io::Write`].
//! [`CarDecoder`] takes bytes as they come; [`CarReader`] takes them from a [`std::io::Read`].
//!
//! What is read has exactly one root, which is among the blocks, and every block is verified. Whether
//! all blocks under the root are there, and nothing else, an archive does not tell: walk the DAG for that.
//!
//! ```
//! use ratio1_formats::{block::{Block, Codec}, car::{CarReader, CarWriter}};
//!
//! let block = Block::new(Codec::Raw, "hello").unwrap();
//! let mut writer = CarWriter::new(Vec::new(), block.cid()).unwrap();
//! writer.write(&block).unwrap();
//! let archive = writer.finish().unwrap();
//!
//! let mut reader = CarReader::new(&archive[..]).unwrap();
//! assert_eq!(reader.root(), block.cid());
//! let blocks: Vec<Block> = reader.by_ref().collect::<Result<_, _>>().unwrap();
//! assert_eq!(blocks, [block]);
//! ```

mod decode;
mod head;
mod stream;

pub use decode::{CarDecoder, CarError, CarEvent};
pub use head::{encode_head, HeadError};
pub use stream::{CarReader, CarWriter};

use crate::{
    block::{wide, Block},
    varint,
};

/// Bytes of what stands before the blocks. With one root it is 58.
pub const MAX_HEAD: usize = 4096;

/// Bytes of the longest CID that we read.
const MAX_CID: usize = 36;

/// What stands before the bytes of a block: their length with the CID, and the CID.
pub fn encode_prefix(block: &Block) -> Vec<u8> {
    let cid = block.cid().to_bytes();
    let mut out = Vec::with_capacity(cid.len().saturating_add(varint::LONGEST));
    varint::put(&mut out, wide(cid.len()).saturating_add(block.len()));
    out.extend_from_slice(&cid);
    out
}
