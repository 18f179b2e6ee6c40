//! The arithmetic of apBFT (whitepaper 3.2.3, 3.2.4, eq. 9-10): how many may fail, who must agree, which value wins.

/// `f`: how many of `n` oracles may be faulty without bending a result.
pub const fn faults(n: u32) -> u32 {
    n.saturating_sub(1) / 3
}

/// Eligible ballots needed to finalise an epoch among `n` oracles: `n - f`, and at least one.
pub const fn quorum(n: u32) -> u32 {
    let q = n.saturating_sub(faults(n));
    if q == 0 {
        1
    } else {
        q
    }
}

/// Complete ballots, the oracle's own included, that must call an oracle's node available before its ballot counts.
pub const fn confirmations(n: u32) -> u32 {
    faults(n).saturating_add(1)
}

/// The lower median: of an even count the lower middle value, so that it is always a value somebody reported.
/// Reorders `values`. `None` for no values.
pub fn lower_median(values: &mut [u8]) -> Option<u8> {
    let middle = values.len().checked_sub(1)? / 2;
    Some(*values.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_than_a_third_may_fail() {
        let f: alloc::vec::Vec<_> = (0..=13).map(faults).collect();
        assert_eq!(f, [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
        assert_eq!(quorum(0), 1);
        assert_eq!(quorum(4), 3);
        assert_eq!(quorum(7), 5);
        assert_eq!(confirmations(1), 1);
        assert_eq!(confirmations(4), 2);
    }

    #[test]
    fn median_is_the_lower_middle_value() {
        assert_eq!(lower_median(&mut []), None);
        assert_eq!(lower_median(&mut [7]), Some(7));
        assert_eq!(lower_median(&mut [9, 7]), Some(7));
        assert_eq!(lower_median(&mut [1, 255, 128]), Some(128));
        assert_eq!(lower_median(&mut [0, 0, 255, 255]), Some(0));
    }

    proptest::proptest! {
        #[test]
        fn median_is_what_sorting_gives(mut v in proptest::collection::vec(0u8..=255, 1..100)) {
            let got = lower_median(&mut v.clone());
            v.sort_unstable();
            proptest::prop_assert_eq!(got, Some(v[(v.len() - 1) / 2]));
        }
    }
}
