//! The S-shaped release of Master deeds (docs/protocol/rewards.md#the-curve, whitepaper 3.1.4), in fixed point.
//!
//! With `sigma(u) = 1 / (1 + e^-u)` and `u = (t - 22) / 2` the protocol's
//!
//! ```text
//! S(t) = (sigma(u) - sigma(-7.5)) / (sigma(4) - sigma(-7.5)),    t = 7 + x / 30
//! ```
//!
//! is, once the fractions are cleared and with `q = e^(-1/60)`,
//!
//! ```text
//!         1 - q^x         q^450 + q^690
//! S = --------------- * -----------------
//!      q^450 + q^x          1 - q^690
//! ```
//!
//! so that one constant and its integer powers are enough, with no exponential to approximate. Numerator and
//! denominator are the same product at `x = 690` and the numerator is zero at `x = 0`: both ends are exact by
//! construction. Fixed point has 120 bits after the point here; all roundings together lose less than 2^-100 of the
//! result, so that a release is the real curve's, rounded down.

use crate::{Balance, EpochIndex};
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Rounding};

/// `S = 1`: shares have 18 decimals.
pub const ONE: u128 = 1_000_000_000_000_000_000;
/// Epochs of the cliff: seven months of 30 epochs. No Master deed releases anything before this epoch.
pub const CLIFF_EPOCHS: u32 = 210;
/// Epochs from the end of the cliff to the full release: months 7 to 30.
pub const CURVE_EPOCHS: u32 = 690;
/// Epochs from the end of the cliff to the steepest point: months 7 to 22.
const STEEPEST: u32 = 450;

/// Bits after the binary point.
const BITS: u32 = 120;
/// The number one in fixed point.
const UNIT: u128 = 1 << BITS;
/// `q = e^(-1/60)`: 60 epochs are two months, the unit of the curve's argument. Rounded to the nearest.
const Q: u128 = 1_307_257_789_474_986_057_842_494_394_776_988_830;
/// `q^450`, where the curve is steepest.
const Q_STEEPEST: u128 = power(STEEPEST);
/// `q^690`, at the end.
const Q_END: u128 = power(CURVE_EPOCHS);

/// `a * b` of two numbers in fixed point, each at most two, rounded down.
const fn times(a: u128, b: u128) -> u128 {
    const LOW: u128 = (1 << 64) - 1;
    // By halves of 64 bits. The upper halves are at most 2^57, so that the cross products are at most 2^121 and nothing
    // here can saturate.
    let (a1, a0) = (a >> 64, a & LOW);
    let (b1, b0) = (b >> 64, b & LOW);
    let cross = a1.saturating_mul(b0).saturating_add(a0.saturating_mul(b1)).saturating_add(a0.saturating_mul(b0) >> 64);
    a1.saturating_mul(b1).saturating_mul(1 << (128 - BITS)).saturating_add(cross >> (BITS - 64))
}

/// `q^n` by squaring: at most two multiplications for each bit of `n`.
const fn power(n: u32) -> u128 {
    let (mut result, mut square, mut bits) = (UNIT, Q, n);
    while bits > 0 {
        if bits & 1 == 1 {
            result = times(result, square);
        }
        square = times(square, square);
        bits >>= 1;
    }
    result
}

/// `amount * S(7 + x / 30)`, rounded down.
fn part(amount: Balance, x: u32) -> Balance {
    if x >= CURVE_EPOCHS {
        return amount;
    }
    let q_x = power(x);
    let numerator = times(UNIT.saturating_sub(q_x), Q_STEEPEST.saturating_add(Q_END));
    let denominator = times(UNIT.saturating_sub(Q_END), Q_STEEPEST.saturating_add(q_x));
    // Not above `amount`, as the fraction is not above one, so that there always is a result.
    multiply_by_rational_with_rounding(amount, numerator, denominator, Rounding::Down).unwrap_or_default()
}

/// `S(7 + x / 30)`: the share released `x` epochs after the curve began, of [`ONE`]. Zero at `0`, exactly [`ONE`] from
/// [`CURVE_EPOCHS`] on, monotone, the real curve rounded down to 18 decimals.
pub fn share(x: u32) -> u128 {
    part(ONE, x)
}

/// What of `assigned` is released before epoch `epoch` begins, for a deed granted in epoch `granted`.
pub fn released(assigned: Balance, granted: EpochIndex, epoch: EpochIndex) -> Balance {
    // A later grant runs the same curve from its grant.
    let begin = granted.0.max(CLIFF_EPOCHS);
    part(assigned, epoch.0.saturating_sub(begin))
}

/// What the epochs `first..=last` release of `assigned`. Summed over all epochs this is exactly `assigned`.
pub fn release(assigned: Balance, granted: EpochIndex, first: EpochIndex, last: EpochIndex) -> Balance {
    let until = released(assigned, granted, last.plus(1));
    until.saturating_sub(released(assigned, granted, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::economics::{CAP, MASTER_LIMIT, MASTER_SHARE, R1};
    use proptest::prelude::*;

    #[test]
    fn fixed_point_products_are_exact_at_one_and_rounded_down() {
        assert_eq!(times(UNIT, UNIT), UNIT);
        assert_eq!(times(UNIT, Q), Q);
        assert_eq!(times(0, Q), 0);
        assert_eq!(times(1, UNIT - 1), 0);
        assert_eq!(power(0), UNIT);
        assert_eq!(power(1), Q);
    }

    #[test]
    fn share_is_exact_at_both_ends_and_rises_with_every_epoch() {
        assert_eq!(share(0), 0);
        assert_eq!(share(CURVE_EPOCHS), ONE);
        assert_eq!(share(u32::MAX), ONE);
        for x in 0..CURVE_EPOCHS {
            assert!(share(x) < share(x + 1), "at {x}");
        }
    }

    #[test]
    fn share_is_continuous_at_the_end_because_numerator_and_denominator_meet() {
        let numerator = times(UNIT - Q_END, Q_STEEPEST + Q_END);
        let denominator = times(UNIT - Q_END, Q_STEEPEST + power(CURVE_EPOCHS));
        assert_eq!(numerator, denominator);
    }

    #[test]
    fn release_is_steepest_around_month_22() {
        let daily = |x: u32| share(x + 1) - share(x);
        let steepest = (22 - 7) * 30;
        // Symmetric around it, but for the rounding of three shares.
        assert!(daily(steepest - 1).abs_diff(daily(steepest)) <= 2);
        assert!((1..steepest - 1).all(|x| daily(x) > daily(x - 1)));
        assert!((steepest..CURVE_EPOCHS - 1).all(|x| daily(x) > daily(x + 1)));
    }

    #[test]
    fn nothing_is_released_in_the_cliff() {
        let at = |granted, epoch| released(MASTER_LIMIT, EpochIndex(granted), EpochIndex(epoch));
        assert_eq!(at(0, 0), 0);
        assert_eq!(at(0, 210), 0);
        assert!(at(0, 211) > 0);
        assert_eq!(at(0, 899), MASTER_LIMIT - release(MASTER_LIMIT, EpochIndex(0), EpochIndex(899), EpochIndex(899)));
        assert_eq!(at(0, 900), MASTER_LIMIT);
        // A grant within the cliff runs with the first, a later one from its own epoch.
        assert_eq!(at(210, 500), at(0, 500));
        assert_eq!(at(211, 501), at(0, 500));
        assert_eq!(at(1_000, 1_000), 0);
        assert_eq!(at(1_000, 1_690), MASTER_LIMIT);
        // Asked about an epoch before the grant.
        assert_eq!(at(1_000, 3), 0);
    }

    #[test]
    fn release_is_total_for_any_argument() {
        let (zero, last) = (EpochIndex(0), EpochIndex(u32::MAX));
        assert_eq!(release(u128::MAX, zero, zero, last), u128::MAX);
        assert_eq!(release(u128::MAX, last, zero, last), 0);
        assert_eq!(release(R1, zero, EpochIndex(600), EpochIndex(300)), 0);
        assert_eq!(release(0, zero, zero, last), 0);
    }

    /// Any amount that can be assigned, and some that cannot.
    fn amounts() -> impl Strategy<Value = Balance> {
        prop_oneof![0..=MASTER_LIMIT, 0..=1_000u128, Just(MASTER_SHARE), Just(CAP), any::<u128>()]
    }

    proptest! {
        #[test]
        fn releases_sum_to_the_assigned_however_epochs_are_cut(
            assigned in amounts(),
            granted in 0u32..3_000,
            mut cuts in proptest::collection::btree_set(1u32..4_000, 0..60),
        ) {
            let granted = EpochIndex(granted);
            // The last range ends with the last epoch of the latest grant's curve.
            cuts.insert(4_000);
            let (mut first, mut sum) = (0, 0u128);
            for end in cuts {
                sum += release(assigned, granted, EpochIndex(first), EpochIndex(end - 1));
                prop_assert_eq!(sum, released(assigned, granted, EpochIndex(end)));
                first = end;
            }
            prop_assert_eq!(sum, assigned);
        }

        #[test]
        fn releases_epoch_by_epoch_sum_to_the_assigned(assigned in amounts(), granted in 0u32..2_000) {
            let one = |e| release(assigned, EpochIndex(granted), EpochIndex(e), EpochIndex(e));
            prop_assert_eq!((0..2_700).map(one).sum::<u128>(), assigned);
        }

        #[test]
        fn released_never_falls_and_never_exceeds_the_assigned(
            assigned in amounts(),
            more in 0..=CAP,
            granted in 0u32..2_000,
            epoch in 0u32..3_000,
            later in 0u32..3_000,
        ) {
            let at = |assigned, granted, epoch| released(assigned, EpochIndex(granted), EpochIndex(epoch));
            let now = at(assigned, granted, epoch);
            prop_assert!(now <= assigned);
            prop_assert!(now <= at(assigned, granted, epoch + later));
            prop_assert!(now <= at(assigned.saturating_add(more), granted, epoch));
            // An earlier grant is never behind.
            prop_assert!(at(assigned, granted + later, epoch) <= now);
        }
    }
}
