//! The arithmetic of apBFT (docs/protocol/availability.md#settlement, eq. 9-10): how many may fail, who must agree.

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

/// Prices among the eligible ballots of `n` oracles without which an epoch has none: `2f + 1`, of which the honest are
/// more than the faulty.
pub const fn price_quorum(n: u32) -> u32 {
    faults(n).saturating_mul(2).saturating_add(1)
}

/// The lower median: of an even count the lower middle value, so that it is always a value somebody reported.
/// Reorders `values`. `None` for no values.
pub fn lower_median<V: Ord + Copy>(values: &mut [V]) -> Option<V> {
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
        let prices: alloc::vec::Vec<_> = [0, 1, 3, 4, 7, 100].map(price_quorum).to_vec();
        assert_eq!(prices, [1, 1, 1, 3, 5, 67]);
    }

    #[test]
    fn an_honest_quorum_has_enough_prices_and_the_faulty_are_fewer_than_half_of_them() {
        for n in 0..=1_000 {
            assert!(price_quorum(n) <= quorum(n), "{n}");
            assert!(2 * faults(n) < price_quorum(n), "{n}");
        }
        // No arithmetic goes wrong at the end of the numbers either.
        assert_eq!(price_quorum(u32::MAX), u32::MAX / 3 * 2 - 1);
    }

    #[test]
    fn price_median_lies_between_honest_prices_when_a_third_lies() {
        // f = 1 of 4: two honest prices of three, whatever the third says.
        for lie in [0u128, 150, u128::MAX] {
            let median = lower_median(&mut [100, lie, 200]).unwrap();
            assert!((100..=200).contains(&median));
        }
    }

    #[test]
    fn median_is_the_lower_middle_value() {
        assert_eq!(lower_median::<u8>(&mut []), None);
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
