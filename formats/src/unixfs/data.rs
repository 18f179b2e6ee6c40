//! The message of UnixFS, which is the data of a node.

use super::{
    node::NodeError,
    proto::{self, Fields, ProtoError},
};

/// `murmur3-x64-64`, the hash of sharded directories.
pub(crate) const MURMUR3: u64 = 0x22;
/// Entries of a shard.
pub(crate) const FANOUT: u64 = 256;

pub(crate) const RAW: u64 = 0;
pub(crate) const DIRECTORY: u64 = 1;
pub(crate) const FILE: u64 = 2;
pub(crate) const SYMLINK: u64 = 4;
pub(crate) const SHARD: u64 = 5;

/// The message. Mode and time are neither kept nor minded.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Data<'a> {
    pub(crate) kind: u64,
    pub(crate) data: Option<&'a [u8]>,
    pub(crate) file_size: Option<u64>,
    pub(crate) block_sizes: Vec<u64>,
    pub(crate) hash: Option<u64>,
    pub(crate) fanout: Option<u64>,
}

impl<'a> Data<'a> {
    pub(crate) fn decode(message: &'a [u8]) -> Result<Self, NodeError> {
        let mut fields = Fields::new(message);
        let mut kind = None;
        let mut data = Self::default();
        while let Some((field, value)) = fields.next()? {
            match (field, value) {
                (1, value) => kind = Some(value.number()?),
                (2, value) => data.data = Some(value.bytes()?),
                (3, value) => data.file_size = Some(value.number()?),
                (4, proto::Value::Bytes(many)) => data.block_sizes.extend(proto::packed(many)?),
                (4, value) => data.block_sizes.push(value.number()?),
                (5, value) => data.hash = Some(value.number()?),
                (6, value) => data.fanout = Some(value.number()?),
                _ => {}
            }
        }
        data.kind = kind.ok_or(ProtoError("UnixFS without a type"))?;
        Ok(data)
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        proto::put_number(&mut out, 1, self.kind);
        if let Some(data) = self.data {
            proto::put_bytes(&mut out, 2, data);
        }
        let numbers = [(3, self.file_size)].into_iter().chain(self.block_sizes.iter().map(|size| (4, Some(*size))));
        for (field, value) in numbers.chain([(5, self.hash), (6, self.fanout)]) {
            if let Some(value) = value {
                proto::put_number(&mut out, field, value);
            }
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_reads_as_it_was_written() {
        let data = Data {
            kind: FILE,
            data: Some(b"abc"),
            file_size: Some(300),
            block_sizes: vec![0, 297],
            hash: Some(MURMUR3),
            fanout: Some(FANOUT),
        };
        assert_eq!(Data::decode(&data.encode()).unwrap(), data);
        // As Kubo writes an empty directory, and with a mode and a time.
        assert_eq!(Data::decode(&[8, 1]).unwrap(), Data { kind: DIRECTORY, ..Data::default() });
        let data = Data::decode(&[8, 2, 0x38, 0xa4, 0x03, 0x42, 2, 8, 1]).unwrap();
        assert_eq!(data, Data { kind: FILE, ..Data::default() });
        // Sizes of blocks in one field.
        assert_eq!(Data::decode(&[8, 2, 0x22, 3, 1, 0x80, 1]).unwrap().block_sizes, [1, 128]);
    }

    #[test]
    fn message_is_refused_without_a_type() {
        assert!(Data::decode(&[]).is_err());
        assert!(Data::decode(&[0x12, 0]).is_err());
        assert!(Data::decode(&[8]).is_err());
        assert!(Data::decode(&[0x0a, 0]).is_err());
    }
}
