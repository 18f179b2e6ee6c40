//! One bit per slot of an epoch.

use ratio1_primitives::{clock::Gaps, width::as_usize};

/// One bit per slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap(Box<[u8]>);

impl Bitmap {
    /// All clear.
    pub fn new(bits: u32) -> Self {
        Self(vec![0; as_usize(bits.div_ceil(8))].into_boxed_slice())
    }

    /// From bytes of exactly the length that `bits` need, with no bit set past the end.
    pub fn from_bytes(bytes: Vec<u8>, bits: u32) -> Option<Self> {
        let unused = bits.wrapping_neg() & 7;
        let clean = bytes.last().is_none_or(|last| last.leading_zeros() >= unused);
        (bytes.len() == as_usize(bits.div_ceil(8)) && clean).then(|| Self(bytes.into_boxed_slice()))
    }

    /// Whether bit `index` is set; past the end it is not.
    pub fn get(&self, index: u32) -> bool {
        self.0.get(as_usize(index) / 8).is_some_and(|byte| byte & bit(index) != 0)
    }

    /// Set bit `index`; whether that changed anything.
    pub fn set(&mut self, index: u32) -> bool {
        let bit = bit(index);
        match self.0.get_mut(as_usize(index) / 8) {
            Some(byte) if *byte & bit == 0 => {
                *byte |= bit;
                true
            }
            _ => false,
        }
    }

    /// Clear bit `index`; whether that changed anything.
    pub fn clear(&mut self, index: u32) -> bool {
        let bit = bit(index);
        match self.0.get_mut(as_usize(index) / 8) {
            Some(byte) if *byte & bit != 0 => {
                *byte &= !bit;
                true
            }
            _ => false,
        }
    }

    /// Bits set.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Bits set below `end`.
    pub fn count_below(&self, end: u32) -> u32 {
        let whole: u32 = self.0.iter().take(as_usize(end) / 8).map(|byte| byte.count_ones()).sum();
        let rest = self.0.get(as_usize(end) / 8).map_or(0, |byte| (byte & !u8::MAX.wrapping_shl(end % 8)).count_ones());
        whole.saturating_add(rest)
    }

    /// Bits set in `from..to`.
    pub fn count_within(&self, from: u32, to: u32) -> u32 {
        self.count_below(to).saturating_sub(self.count_below(from))
    }

    /// Bits set in `from..to` that are in none of `gaps`.
    pub fn count_outside(&self, from: u32, to: u32, gaps: &Gaps) -> u32 {
        let inside = gaps.iter().map(|gap| self.count_within(gap.from.max(from), gap.to.min(to)));
        inside.fold(self.count_within(from, to), u32::saturating_sub)
    }

    /// The bits that are set, in order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let bytes = (0u32..).step_by(8).zip(self.0.iter().copied());
        bytes.flat_map(|(first, byte)| {
            (0..8).filter(move |index| byte & bit(*index) != 0).map(move |index| first.saturating_add(index))
        })
    }

    /// The bytes: bit `n` is bit `n % 8` of byte `n / 8`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The bit of an index in its byte.
const fn bit(index: u32) -> u8 {
    1_u8.wrapping_shl(index % 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bitmaps_with_bits_past_the_end_are_refused() {
        assert!(Bitmap::from_bytes(vec![0xff, 0x0f], 12).is_some());
        assert!(Bitmap::from_bytes(vec![0xff, 0x1f], 12).is_none());
        assert!(Bitmap::from_bytes(vec![0xff], 12).is_none());
        assert!(Bitmap::from_bytes(vec![0xff], 8).is_some());
    }

    #[test]
    fn bits_below_an_end_are_counted() {
        let mut bits = Bitmap::new(20);
        [0, 7, 8, 19].iter().for_each(|bit| assert!(bits.set(*bit)));
        assert_eq!([0, 1, 7, 8, 9, 19, 20, 99].map(|end| bits.count_below(end)), [0, 1, 1, 2, 3, 3, 4, 4]);
    }

    proptest::proptest! {
        #[test]
        fn bits_outside_gaps_are_counted_one_by_one(
            set in proptest::collection::btree_set(0u32..120, 0..120),
            gaps in proptest::collection::vec((0u32..130, 0u32..30), 0..6),
            from in 0u32..130,
            to in 0u32..130,
        ) {
            let mut bits = Bitmap::new(120);
            set.iter().for_each(|bit| assert!(bits.set(*bit)));
            let mut all = Gaps::default();
            gaps.iter().for_each(|(from, length)| all.add(*from, from + length));
            let counted = set.iter().filter(|bit| (from..to).contains(*bit) && !all.contains(**bit)).count();
            proptest::prop_assert_eq!(bits.count_outside(from, to, &all) as usize, counted);
            proptest::prop_assert_eq!(bits.iter().collect::<Vec<_>>(), set.into_iter().collect::<Vec<_>>());
        }
    }
}
