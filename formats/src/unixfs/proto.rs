//! As much of protobuf as dag-pb and UnixFS need: numbers, and bytes with their length.
//!
//! By hand, since dag-pb is stricter than protobuf (order and number of fields are part of it) and a
//! general decoder would accept what no other IPFS tool does.

use crate::{
    block::wide,
    varint::{self, Varint},
};

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ProtoError(pub(crate) &'static str);

/// What is in a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// Of four or eight bytes. Nothing that we read is one.
    Fixed,
}

impl<'a> Value<'a> {
    pub(crate) fn number(self) -> Result<u64, ProtoError> {
        match self {
            Self::Number(value) => Ok(value),
            _ => Err(ProtoError("a field that should be a number is none")),
        }
    }

    pub(crate) fn bytes(self) -> Result<&'a [u8], ProtoError> {
        match self {
            Self::Bytes(bytes) => Ok(bytes),
            _ => Err(ProtoError("a field that should be bytes is a number")),
        }
    }
}

/// The fields of a message, one after the other.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self(message)
    }

    /// The next field: its number and what is in it.
    pub(crate) fn next(&mut self) -> Result<Option<(u64, Value<'a>)>, ProtoError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.take(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.number()?;
                Value::Bytes(self.take(length)?)
            }
            5 => self.take(4).map(|_| Value::Fixed)?,
            _ => return Err(ProtoError("a field of no known kind")),
        };
        Ok(Some((key >> 3, value)))
    }

    fn number(&mut self) -> Result<u64, ProtoError> {
        match varint::read(self.0) {
            Varint::Is(value, length) => self.take(wide(length)).map(|_| value),
            Varint::Short => Err(ProtoError("a number that ends too early")),
            Varint::Long => Err(ProtoError("a number of more than 64 bits")),
        }
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], ProtoError> {
        let at = usize::try_from(length).ok();
        let (taken, rest) = at
            .and_then(|at| self.0.split_at_checked(at))
            .ok_or(ProtoError("a field that is longer than the message"))?;
        self.0 = rest;
        Ok(taken)
    }
}

/// The numbers of a packed field.
pub(crate) fn packed(bytes: &[u8]) -> Result<Vec<u64>, ProtoError> {
    let mut fields = Fields(bytes);
    let mut numbers = Vec::new();
    while !fields.0.is_empty() {
        numbers.push(fields.number()?);
    }
    Ok(numbers)
}

/// Appends a field that is a number.
pub(crate) fn put_number(out: &mut Vec<u8>, field: u8, value: u64) {
    varint::put(out, u64::from(field) << 3);
    varint::put(out, value);
}

/// Appends a field that is bytes.
pub(crate) fn put_bytes(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    put_head(out, field, bytes.len());
    out.extend_from_slice(bytes);
}

/// Appends what comes before so many bytes of a field.
pub(crate) fn put_head(out: &mut Vec<u8>, field: u8, length: usize) {
    varint::put(out, u64::from(field) << 3 | 2);
    varint::put(out, wide(length));
}

/// Bytes of a field of up to 15 with so many bytes in it.
pub(crate) fn bytes_len(length: usize) -> usize {
    length.saturating_add(varint::len(wide(length))).saturating_add(1)
}

/// Bytes of a field of up to 15 that is a number.
pub(crate) fn number_len(value: u64) -> usize {
    varint::len(value).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn message_reads_as_it_was_written() {
        let mut out = Vec::new();
        put_number(&mut out, 3, 300);
        assert_eq!(out.len(), number_len(300));
        put_bytes(&mut out, 1, b"abc");
        assert_eq!(out.len(), number_len(300) + bytes_len(3));
        let mut fields = Fields::new(&out);
        assert_eq!(fields.next(), Ok(Some((3, Value::Number(300)))));
        assert_eq!(fields.next(), Ok(Some((1, Value::Bytes(b"abc")))));
        assert_eq!(fields.next(), Ok(None));
    }

    #[test]
    fn message_is_refused_when_a_field_is_longer_than_it() {
        for bytes in
            [&[0x0a, 0x05, 1][..], &[0x0a], &[0x80], &[0x0d, 0, 0, 0], &[0x0b], &[0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f]]
        {
            assert!(Fields::new(bytes).next().is_err(), "{bytes:?}");
        }
    }
}
