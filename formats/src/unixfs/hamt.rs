//! Where an entry is in a sharded directory: by the hash of its name, a byte for each level.

/// Levels of shards: bytes of a hash. Names whose hashes are equal cannot be in one directory.
pub(crate) const LEVELS: usize = 8;

/// The hash of a name: the first half of murmur3 x64 of 128 bits, with seed 0.
///
/// Not a hash that withstands anybody: names of equal hashes can be made.
pub(crate) fn hash(name: &str) -> [u8; LEVELS] {
    let bytes = name.as_bytes();
    let (mut h1, mut h2) = (0u64, 0u64);
    let mut rest = bytes;
    while let Some((block, after)) = rest.split_first_chunk::<16>() {
        let (k1, k2) = halves(block);
        h1 ^= mix1(k1);
        h1 = h1.rotate_left(27).wrapping_add(h2).wrapping_mul(5).wrapping_add(0x52dc_e729);
        h2 ^= mix2(k2);
        h2 = h2.rotate_left(31).wrapping_add(h1).wrapping_mul(5).wrapping_add(0x3849_5ab5);
        rest = after;
    }
    // A half of zeros mixes to zero, so what is not there need not be left out.
    let mut tail = [0; 16];
    for (to, from) in tail.iter_mut().zip(rest) {
        *to = *from;
    }
    let (k1, k2) = halves(&tail);
    h1 ^= mix1(k1);
    h2 ^= mix2(k2);
    let length = crate::block::wide(bytes.len());
    h1 ^= length;
    h2 ^= length;
    h1 = h1.wrapping_add(h2);
    h2 = h2.wrapping_add(h1);
    finish(h1).wrapping_add(finish(h2)).to_be_bytes()
}

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

fn mix1(k: u64) -> u64 {
    k.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

fn mix2(k: u64) -> u64 {
    k.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn finish(mut h: u64) -> u64 {
    h ^= h >> 33;
    h = h.wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^= h >> 33;
    h = h.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ h >> 33
}

fn halves(block: &[u8; 16]) -> (u64, u64) {
    let all = u128::from_le_bytes(*block);
    let low = all & u128::from(u64::MAX);
    (u64::try_from(low).unwrap_or_default(), u64::try_from(all >> 64).unwrap_or_default())
}

/// Which of the 256 entries of a shard there are: a bit for each, the last one in the lowest bit of the first
/// byte, without the zeros before.
pub(crate) fn bit_field(indices: impl Iterator<Item = u8>) -> Vec<u8> {
    let mut bits = [0u8; 32];
    for index in indices {
        if let Some(byte) = bits.get_mut(usize::from(index >> 3)) {
            *byte |= 1 << (index & 7);
        }
    }
    bits.into_iter().rev().skip_while(|byte| *byte == 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hash_is_murmur3() {
        // By @multiformats/murmur3 2.2.8.
        for (name, expected) in VECTORS {
            assert_eq!(hex::encode(hash(name)), *expected, "{name}");
        }
    }

    const VECTORS: &[(&str, &str)] = &[
        ("", "0000000000000000"),
        ("a", "85555565f6597889"),
        ("ab", "938b11ea16ed1b2e"),
        ("abcdefg", "a6cd2f9fc09ee499"),
        ("abcdefgh", "cc8a0ab037ef8c02"),
        ("abcdefghi", "0547c0cff13c7964"),
        ("0123456789abcde", "a62dd5f6c0bf2351"),
        ("0123456789abcdef", "4be06d94cf4ad1a7"),
        ("0123456789abcdef0", "eb24ae8785a5c075"),
        ("The quick brown fox jumps over the lazy dog", "e34bbc7bbc071b6c"),
        ("文件", "e212d2b3ab1da89a"),
    ];

    #[test]
    fn bit_field_has_the_highest_entry_first() {
        assert_eq!(bit_field([].into_iter()), [0u8; 0]);
        assert_eq!(bit_field([0].into_iter()), [1]);
        assert_eq!(bit_field([0, 9].into_iter()), [2, 1]);
        assert_eq!(bit_field(0..=255), [0xff; 32]);
        assert_eq!(bit_field([255].into_iter())[0], 0x80);
    }
}
