//! The five pools into which the Genesis deed mines (docs/protocol/rewards.md#five-pools, whitepaper 3.3).

use super::portion;
use crate::Balance;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// A pool.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub enum Pool {
    /// Liquidity: brings R1 to markets and buyers.
    Liquidity,
    /// Operations: research, development, running the network.
    Operations,
    /// Marketing and community.
    Marketing,
    /// Grants and hackathons.
    Grants,
    /// Social responsibility.
    Social,
}

impl Pool {
    /// All pools, in the order of their variants.
    pub const ALL: [Self; 5] = [Self::Liquidity, Self::Operations, Self::Marketing, Self::Grants, Self::Social];

    /// All shares together.
    pub const WHOLE: u32 = 10_000;

    /// What of the Genesis deed's R1 comes here, in hundredths of a percent. Social takes the rounding.
    pub const fn share(self) -> u32 {
        match self {
            Self::Liquidity => 2_671,
            Self::Operations => 1_384,
            Self::Marketing => 754,
            Self::Grants => 3_460,
            Self::Social => 1_731,
        }
    }
}

/// The epochs for which marketing, grants and social are locked.
pub const LOCK_EPOCHS: u32 = 365;

/// `total` split over the pools; the last takes the rounding, so that nothing is lost.
pub fn split(total: Balance) -> [(Pool, Balance); 5] {
    let mut left = total;
    Pool::ALL.map(|pool| {
        let part = match pool {
            Pool::Social => left,
            _ => portion(total, pool.share(), Pool::WHOLE),
        };
        left = left.saturating_sub(part);
        (pool, part)
    })
}

/// What each pool gets when the total grows from `before` to `after`: the differences of [`split`], so that the pools
/// hold the same however often it grew in between. The parts add up to `after - before`, whatever the two are.
///
/// Social takes the rounding, so it loses up to three base units at a step at which the other shares round up together:
/// over a growth of less than 24 base units its difference can be negative. Then it gets nothing and the pools before it
/// that much less. One byte credit of the Genesis deed mints 5 * 10^20 base units, so this never happens on the chain.
pub fn split_between(before: Balance, after: Balance) -> [(Pool, Balance); 5] {
    let mut left = after.saturating_sub(before);
    let mut earlier = split(before).map(|(_, part)| part).into_iter();
    split(after).map(|(pool, part)| {
        let growth = part.saturating_sub(earlier.next().unwrap_or(0));
        let part = match pool {
            Pool::Social => left,
            _ => growth.min(left),
        };
        left = left.saturating_sub(part);
        (pool, part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        economics::{minted, GENESIS_EPOCHS, GENESIS_SHARE},
        LicenseClass::Genesis,
    };
    use proptest::prelude::*;

    const MAX_CREDITS: u32 = GENESIS_EPOCHS * 255;

    fn sum(parts: &[(Pool, Balance)]) -> Balance {
        parts.iter().map(|(_, part)| part).sum()
    }

    /// The differences as they are defined, negative ones included.
    fn differences(before: Balance, after: Balance) -> Vec<i128> {
        let signed = |part: Balance| i128::try_from(part).expect("a test amount");
        split(after).iter().zip(split(before)).map(|(a, b)| signed(a.1) - signed(b.1)).collect()
    }

    fn given(before: Balance, after: Balance) -> Vec<i128> {
        split_between(before, after).iter().map(|(_, part)| i128::try_from(*part).expect("a test amount")).collect()
    }

    #[test]
    fn shares_are_the_whole_and_pools_are_in_order() {
        assert_eq!(Pool::ALL.iter().map(|pool| pool.share()).sum::<u32>(), Pool::WHOLE);
        assert_eq!(Pool::ALL.last(), Some(&Pool::Social));
        assert!(Pool::ALL.is_sorted());
        assert_eq!(split(1).map(|(_, part)| part), [0, 0, 0, 0, 1]);
        assert_eq!(split(10_000).map(|(_, part)| part), [2_671, 1_384, 754, 3_460, 1_731]);
    }

    #[test]
    fn no_pool_loses_at_any_credit_of_the_genesis_deed() {
        for credits in 0..MAX_CREDITS {
            let (before, after) = (minted(Genesis, credits), minted(Genesis, credits + 1));
            let differences = differences(before, after);
            assert!(differences.iter().all(|part| *part > 0), "at {credits}");
            assert_eq!(given(before, after), differences, "at {credits}");
        }
    }

    #[test]
    fn social_gets_nothing_when_the_others_round_up_together() {
        assert_eq!(differences(9_999, 10_000), [1, 1, 1, 1, -3]);
        assert_eq!(split_between(9_999, 10_000).map(|(_, part)| part), [1, 0, 0, 0, 0]);
    }

    #[test]
    fn growth_from_24_base_units_is_split_by_the_differences() {
        // The shares repeat every 10 000 base units, so these are all the cases of a growth just large enough.
        for before in 0..10_000u128 {
            for after in before + 24..before + 48 {
                assert_eq!(given(before, after), differences(before, after), "{before} to {after}");
            }
        }
    }

    #[test]
    fn a_total_that_shrinks_gives_nothing() {
        assert_eq!(sum(&split_between(10, 9)), 0);
        assert_eq!(sum(&split_between(u128::MAX, 0)), 0);
    }

    proptest! {
        #[test]
        fn parts_add_up_for_any_total(total: u128) {
            let parts = split(total);
            // No addition of the parts may overflow.
            let sum = parts.iter().try_fold(0u128, |sum, (_, part)| sum.checked_add(*part));
            prop_assert_eq!(sum, Some(total));
            for (pool, part) in parts {
                let exact = portion(total, pool.share(), Pool::WHOLE);
                prop_assert!(exact <= part && part <= exact + 4);
            }
        }

        #[test]
        fn parts_between_add_up_for_any_totals(before: u128, grown: u128, little in 0u128..100) {
            for after in [before.saturating_add(grown), before.saturating_add(little)] {
                prop_assert_eq!(sum(&split_between(before, after)), after - before);
            }
        }

        #[test]
        fn growth_between_any_totals_is_split_by_the_differences(
            before in 0..=GENESIS_SHARE,
            grown in 24..=GENESIS_SHARE,
        ) {
            let after = before + grown;
            prop_assert_eq!(given(before, after), differences(before, after));
        }

        #[test]
        fn pools_hold_the_same_however_claims_are_split(
            mut claims in proptest::collection::btree_set(1..MAX_CREDITS, 0..200),
            last in 1..=MAX_CREDITS,
        ) {
            claims.retain(|credits| *credits < last);
            claims.insert(last);
            let mut held = [0u128; 5];
            let mut paid = 0;
            for credits in claims {
                let earned = minted(Genesis, credits);
                for (sum, (_, part)) in held.iter_mut().zip(split_between(paid, earned)) {
                    *sum += part;
                }
                paid = earned;
            }
            prop_assert_eq!(held, split(minted(Genesis, last)).map(|(_, part)| part));
        }
    }
}
