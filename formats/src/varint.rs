//! Numbers of seven bits a byte, as protobuf and CAR have them.

/// More bytes than a number of 64 bits can have.
pub(crate) const LONGEST: usize = 10;

/// What the beginning of some bytes is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Varint {
    /// A number, and how many bytes it has.
    Is(u64, usize),
    /// The beginning of one.
    Short,
    /// A number of more than 64 bits.
    Long,
}

/// Reads the number at the beginning. It may have more bytes than it needs, as elsewhere.
pub(crate) fn read(bytes: &[u8]) -> Varint {
    let mut value = 0u64;
    for (at, byte) in bytes.iter().take(LONGEST).enumerate() {
        let bits = u64::from(byte & 0x7f);
        let Some(shift) = u32::try_from(at).ok().and_then(|at| at.checked_mul(7)) else { break };
        let Some(shifted) = bits.checked_shl(shift).filter(|shifted| shifted.wrapping_shr(shift) == bits) else {
            break;
        };
        value |= shifted;
        if byte & 0x80 == 0 {
            return Varint::Is(value, at.saturating_add(1));
        }
    }
    if bytes.len() < LONGEST {
        Varint::Short
    } else {
        Varint::Long
    }
}

/// Appends a number.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    loop {
        // Cut to seven bits.
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

/// How many bytes a number takes.
#[cfg(feature = "unixfs")]
pub(crate) fn len(value: u64) -> usize {
    let bits = u64::BITS.saturating_sub((value | 1).leading_zeros());
    usize::try_from(bits.div_ceil(7)).unwrap_or(LONGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_reads_as_it_was_written() {
        for value in (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, (1 << bit) + 1]).chain([u64::MAX]) {
            let mut out = Vec::new();
            put(&mut out, value);
            #[cfg(feature = "unixfs")]
            assert_eq!(out.len(), len(value), "{value}");
            assert_eq!(read(&out), Varint::Is(value, out.len()));
            assert_eq!(read(&out[..out.len() - 1]), Varint::Short);
            out.push(7);
            assert_eq!(read(&out), Varint::Is(value, out.len() - 1));
        }
    }

    #[test]
    fn number_of_more_than_64_bits_is_refused() {
        assert_eq!(read(&[0xff; 10]), Varint::Long);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02]), Varint::Long);
        assert_eq!(read(&[0x80; 12]), Varint::Long);
        // Longer than it need be.
        assert_eq!(read(&[0x81, 0x80, 0x00]), Varint::Is(1, 3));
    }
}
