//! What an R1 is worth in USD, and what USD are worth in R1 (docs/protocol/governance.md#price).

use super::{portion, R1};
use crate::Balance;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// Price of one R1 in USD, with 18 decimals.
pub type Price = u128;
/// An amount of USD, with 18 decimals.
pub type Usd = u128;

/// One dollar.
pub const USD: Usd = 1_000_000_000_000_000_000;
/// The least and the most an R1 can be said to cost: a hundredth of a cent, and ten thousand dollars.
pub const BOUNDS: (Price, Price) = (USD / 10_000, USD * 10_000);
/// By how many percent the rate may change from one epoch to the next.
pub const MAX_STEP: u32 = 20;
/// Epochs after its finalisation in which a rate of the oracles is used.
pub const FRESH_EPOCHS: u32 = 3;

/// Whether `price` lies within [`BOUNDS`].
pub const fn is_sane(price: Price) -> bool {
    BOUNDS.0 <= price && price <= BOUNDS.1
}

/// The least and the most that may follow `last`: 20 % less or more, within [`BOUNDS`]. Never empty.
pub fn range_after(last: Price) -> (Price, Price) {
    let step = portion(last, MAX_STEP, 100);
    (bounded(last.saturating_sub(step)), bounded(last.saturating_add(step)))
}

/// The price within [`BOUNDS`] that is nearest to `price`.
const fn bounded(price: Price) -> Price {
    if price < BOUNDS.0 {
        BOUNDS.0
    } else if price > BOUNDS.1 {
        BOUNDS.1
    } else {
        price
    }
}

/// Base units of R1 that cost `usd` at `price`, rounded up. `None` for a price of zero, or more than can be counted.
pub fn r1_for(usd: Usd, price: Price) -> Option<Balance> {
    if price == 0 {
        return None;
    }
    multiply_by_rational_with_rounding(usd, R1, price, Rounding::Up)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::economics::sale::TIERS;
    use proptest::prelude::*;

    const MOST: Usd = 1_000_000_000 * USD;

    #[test]
    fn prices_are_sane_only_within_the_bounds() {
        assert!(is_sane(BOUNDS.0) && is_sane(USD) && is_sane(BOUNDS.1));
        assert!(!is_sane(0) && !is_sane(BOUNDS.0 - 1) && !is_sane(BOUNDS.1 + 1) && !is_sane(u128::MAX));
    }

    #[test]
    fn range_is_a_fifth_to_either_side() {
        assert_eq!(range_after(USD), (USD / 10 * 8, USD / 10 * 12));
        assert_eq!(range_after(BOUNDS.0), (BOUNDS.0, BOUNDS.0 / 10 * 12));
        assert_eq!(range_after(BOUNDS.1), (BOUNDS.1 / 10 * 8, BOUNDS.1));
        // A last price that never was sane leads back, not to an empty range.
        assert_eq!(range_after(0), (BOUNDS.0, BOUNDS.0));
        assert_eq!(range_after(u128::MAX), (BOUNDS.1, BOUNDS.1));
    }

    #[test]
    fn every_sane_price_is_reached_from_every_other() {
        let (mut up, mut down) = (BOUNDS.0, BOUNDS.1);
        for _ in 0..150 {
            (up, down) = (range_after(up).1, range_after(down).0);
        }
        assert_eq!((up, down), (BOUNDS.1, BOUNDS.0));
    }

    #[test]
    fn r1_is_rounded_up() {
        assert_eq!(r1_for(USD, USD), Some(R1));
        assert_eq!(r1_for(500 * USD, USD / 4), Some(2_000 * R1));
        assert_eq!(r1_for(USD, 3 * USD), Some(R1 / 3 + 1));
        assert_eq!(r1_for(0, USD), Some(0));
        assert_eq!(r1_for(1, u128::MAX), Some(1));
    }

    #[test]
    fn r1_is_none_when_there_is_no_price_or_no_number_for_it() {
        assert_eq!(r1_for(USD, 0), None);
        assert_eq!(r1_for(0, 0), None);
        assert_eq!(r1_for(u128::MAX, 1), None);
        assert_eq!(r1_for(u128::MAX, USD), Some(u128::MAX));
        assert_eq!(r1_for(u128::MAX, USD - 1), None);
    }

    #[test]
    fn every_tier_costs_something_that_can_be_counted_at_every_sane_price() {
        for tier in TIERS {
            for price in [BOUNDS.0, BOUNDS.1] {
                let deed = r1_for(Usd::from(tier.usd) * USD, price).expect("a sane price");
                assert!(deed > 0 && deed.checked_mul(Balance::from(tier.units)).is_some());
            }
        }
    }

    proptest! {
        #[test]
        fn range_holds_the_last_price_and_only_sane_ones(last: u128, sane in BOUNDS.0..=BOUNDS.1) {
            let (low, high) = range_after(last);
            prop_assert!(low <= high && is_sane(low) && is_sane(high));
            let (low, high) = range_after(sane);
            prop_assert!(low <= sane && sane <= high);
            // Never more than a fifth.
            prop_assert!((sane - low) * 5 <= sane && (high - sane) * 5 <= sane);
            // And no less, where the bounds do not cut.
            prop_assert!(low == BOUNDS.0 || (sane - low + 1) * 5 > sane);
            prop_assert!(high == BOUNDS.1 || (high - sane + 1) * 5 > sane);
        }

        #[test]
        fn r1_is_the_least_that_pays_for_the_usd(usd in 0..=MOST, price in BOUNDS.0..=BOUNDS.1) {
            let r1 = r1_for(usd, price).expect("a sane price");
            let worth = |r1| multiply_by_rational_with_rounding(r1, price, R1, Rounding::Down);
            let exactly = multiply_by_rational_with_rounding(r1, price, R1, Rounding::Up);
            prop_assert!(exactly.is_some_and(|worth| worth >= usd));
            // One base unit less is worth less.
            prop_assert!(r1 == 0 || worth(r1 - 1).is_some_and(|worth| worth < usd));
        }

        #[test]
        fn r1_rises_with_the_usd_and_falls_with_the_price(
            usd in 0..=MOST,
            more in 0..=MOST,
            price in BOUNDS.0..=BOUNDS.1,
            dearer in 0..=BOUNDS.1,
        ) {
            prop_assert!(r1_for(usd, price) <= r1_for(usd + more, price));
            prop_assert!(r1_for(usd, price) >= r1_for(usd, price + dearer));
        }

        #[test]
        fn r1_is_exact_against_small_numbers(usd in 0..1u128 << 64, price in 1..1u128 << 100) {
            prop_assert_eq!(r1_for(usd, price), Some((usd * R1).div_ceil(price)));
        }

        #[test]
        fn r1_never_panics(usd: u128, price: u128) {
            let _ = r1_for(usd, price);
        }
    }
}
