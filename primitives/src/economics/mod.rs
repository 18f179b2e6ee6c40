//! The life of R1 as pure functions: what a license may mint (docs/protocol/rewards.md#credits, eq. 4-7, 11), how
//! Master deeds are released ([`curve`]), what deeds cost ([`sale`]), what an R1 is worth ([`price`]) and where the
//! Genesis deed's R1 goes ([`pools`]).

pub mod curve;
pub mod pools;
pub mod price;
pub mod sale;

use crate::{width::as_u128, Balance, LicenseClass};

/// One R1 in base units.
pub const R1: Balance = 1_000_000_000_000_000_000;
/// Hard cap on what is ever minted. A burn frees no room.
pub const CAP: Balance = 161_803_398 * R1;
/// The Genesis deed's share of the cap, 28.90 %.
pub const GENESIS_SHARE: Balance = CAP / 10_000 * 2_890;
/// The Master deeds' share of the cap, 26.10 %.
pub const MASTER_SHARE: Balance = CAP / 10_000 * 2_610;
/// The Node Deeds' share of the cap, 45.00 %.
pub const NODE_SHARE: Balance = CAP / 10_000 * 4_500;
/// Master deeds there can be.
pub const MASTER_COUNT: u32 = 499;
/// Node Deeds there can be.
pub const NODE_COUNT: u32 = 46_224;
/// The most one Master deed, or one entity's Master deeds together, may be assigned: 2 % of the cap.
pub const MASTER_LIMIT: Balance = CAP / 50;
/// `N`: what one Node Deed mints in its life.
pub const NODE_ENTITLEMENT: Balance = NODE_SHARE / as_u128(NODE_COUNT);
/// Epoch credits after which a Node Deed has minted everything: 36 months of 30 epochs.
pub const NODE_EPOCHS: u32 = 1_080;
/// Epoch credits after which the Genesis deed has minted everything.
pub const GENESIS_EPOCHS: u32 = 365;
/// Byte credits of one fully available epoch.
pub const CREDITS_PER_EPOCH: u32 = 255;

/// What one license of `class` may mint in its life, and the byte credits at which it has. `None` for a Master deed:
/// its release follows the calendar and its grant, not credits.
pub const fn schedule(class: LicenseClass) -> Option<(Balance, u32)> {
    match class {
        LicenseClass::Genesis => Some((GENESIS_SHARE, GENESIS_EPOCHS * CREDITS_PER_EPOCH)),
        LicenseClass::Master => None,
        LicenseClass::Node => Some((NODE_ENTITLEMENT, NODE_EPOCHS * CREDITS_PER_EPOCH)),
    }
}

/// What the class as a whole may ever mint.
pub const fn share(class: LicenseClass) -> Balance {
    match class {
        LicenseClass::Genesis => GENESIS_SHARE,
        LicenseClass::Master => MASTER_SHARE,
        LicenseClass::Node => NODE_SHARE,
    }
}

/// What a license of `class` has earned in all with `credits` byte credits: `N * min(c, max) / max`. Monotone, exact
/// at the maximum, and any sequence of claims pays the same as one (docs/protocol/rewards.md#what-a-claim-pays).
pub fn minted(class: LicenseClass, credits: u32) -> Balance {
    let Some((entitlement, max)) = schedule(class) else { return 0 };
    // The largest product, the Genesis deed's, is below 2^103.
    entitlement.saturating_mul(Balance::from(credits.min(max))).checked_div(Balance::from(max)).unwrap_or(0)
}

/// What a claim pays when `paid` of `credits` have been paid for.
pub fn payable(class: LicenseClass, paid: u32, credits: u32) -> Balance {
    minted(class, credits).saturating_sub(minted(class, paid))
}

/// What of a Master deed's `release` is earned by a node whose byte is `byte`. The rest is never minted.
pub fn earned(release: Balance, byte: u8) -> Balance {
    portion(release, byte.into(), CREDITS_PER_EPOCH)
}

/// `amount * parts / of`, rounded down, for `parts <= of`: of no amount is it too large to be counted.
fn portion(amount: Balance, parts: u32, of: u32) -> Balance {
    let (parts, of) = (Balance::from(parts), Balance::from(of));
    let (whole, rest) = (amount.checked_div(of).unwrap_or(0), amount.checked_rem(of).unwrap_or(0));
    whole.saturating_mul(parts).saturating_add(rest.saturating_mul(parts).checked_div(of).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use LicenseClass::*;

    #[test]
    fn portion_is_exact_for_the_largest_amount() {
        assert_eq!(portion(u128::MAX, 10_000, 10_000), u128::MAX);
        assert_eq!(portion(u128::MAX, 1, 2), u128::MAX / 2);
        assert_eq!(portion(9_999, 3_460, 10_000), 3_459);
        assert_eq!(portion(1, 1, 0), 0);
    }

    #[test]
    fn release_is_earned_in_proportion_to_the_byte_and_rounded_down() {
        assert_eq!(earned(u128::MAX, 255), u128::MAX);
        assert_eq!(earned(R1, 0), 0);
        assert_eq!(earned(510, 128), 256);
        assert_eq!(earned(254, 128), 127);
    }

    #[test]
    fn shares_are_the_whitepapers_and_fill_the_cap() {
        assert_eq!(GENESIS_SHARE, 46_761_182_022 * R1 / 1_000);
        assert_eq!(MASTER_SHARE, 42_230_686_878 * R1 / 1_000);
        assert_eq!(NODE_SHARE, 728_115_291 * R1 / 10);
        assert_eq!(GENESIS_SHARE + MASTER_SHARE + NODE_SHARE, CAP);
        assert_eq!(MASTER_LIMIT, 323_606_796 * R1 / 100);
        assert_eq!(NODE_ENTITLEMENT, 1_575_188_843_457_943_925_233);
        assert!(NODE_ENTITLEMENT * Balance::from(NODE_COUNT) <= NODE_SHARE);
    }

    #[test]
    fn the_end_of_the_schedule_is_exact() {
        assert_eq!(minted(Node, 275_400), NODE_ENTITLEMENT);
        assert_eq!(minted(Node, u32::MAX), NODE_ENTITLEMENT);
        assert_eq!(minted(Genesis, 93_075), GENESIS_SHARE);
        assert_eq!(minted(Master, u32::MAX), 0);
        // One third of the epochs mint one third (whitepaper 3.2.1, docs/protocol/rewards.md#byte-credits).
        assert_eq!(minted(Node, 360 * 255), NODE_ENTITLEMENT / 3);
    }

    #[test]
    fn half_availability_takes_exactly_twice_the_epochs() {
        let epochs = |a: u32| (1u32..).find(|e| minted(Node, e * a) == NODE_ENTITLEMENT);
        assert_eq!(epochs(254), Some(1_085));
        assert_eq!(epochs(255), Some(1_080));
        assert_eq!(epochs(102), Some(2_700));
        assert_eq!(epochs(51), Some(5_400));
        // 127.5 of 255 on average: alternate 127 and 128.
        let alternate = (1u32..).find(|e| minted(Node, e / 2 * 255 + e % 2 * 127) == NODE_ENTITLEMENT);
        assert_eq!(alternate, Some(2_160));
    }

    proptest::proptest! {
        #[test]
        fn claims_pay_the_same_however_they_are_split(
            bytes in proptest::collection::vec((0u32..=255, proptest::bool::ANY), 0..2_000),
        ) {
            let (mut credits, mut paid, mut sum) = (0u32, 0u32, 0u128);
            for (a, claim) in bytes {
                credits += a;
                if claim {
                    sum += payable(Node, paid, credits);
                    paid = credits;
                }
            }
            sum += payable(Node, paid, credits);
            proptest::prop_assert_eq!(sum, minted(Node, credits));
            proptest::prop_assert!(sum <= NODE_ENTITLEMENT);
        }

        #[test]
        fn portion_is_the_quotient_rounded_down(amount in 0..=u128::MAX >> 32, parts in 0u32..=10_000) {
            let expected = amount * u128::from(parts) / 10_000;
            proptest::prop_assert_eq!(portion(amount, parts, 10_000), expected);
        }

        #[test]
        fn more_credits_never_mint_less(c in 0u32..300_000, d in 0u32..300_000) {
            proptest::prop_assert!(minted(Node, c) <= minted(Node, c.saturating_add(d)));
            proptest::prop_assert!(minted(Genesis, c) <= minted(Genesis, c.saturating_add(d)));
        }
    }
}
