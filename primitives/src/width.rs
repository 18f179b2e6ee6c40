//! Between the width of indices, which is the machine's, and that of counts on chain, which is 32 bits.
//!
//! In what runs on chain `as` is left to this file, since it drops bits in silence. Here it cannot.

const _: () = assert!(usize::BITS >= u32::BITS, "a target of fewer than 32 bits");

/// A count of the chain as an index of the machine.
pub const fn as_usize(count: u32) -> usize {
    count as usize
}

/// A length of the machine as a count of the chain: the greatest where it is none.
pub const fn as_u32(length: usize) -> u32 {
    if length > u32::MAX as usize {
        u32::MAX
    } else {
        length as u32
    }
}

/// A count of the chain as an amount, where `From` is not to be had: in constants.
pub const fn as_u128(count: u32) -> u128 {
    count as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_keep_their_value_and_lengths_saturate() {
        assert_eq!((as_usize(0), as_usize(u32::MAX), as_u128(u32::MAX)), (0, 0xffff_ffff, 0xffff_ffff));
        assert_eq!((as_u32(7), as_u32(0xffff_ffff), as_u32(usize::MAX)), (7, u32::MAX, u32::MAX));
    }
}
