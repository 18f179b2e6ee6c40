//! The sale of Node Deeds: twelve tiers, where the price goes (docs/protocol/licenses.md#the-sale, whitepaper 3.1.4).

use super::{
    portion,
    price::{Usd, USD},
};
use crate::{kyc::EntityKind, Balance};

/// One tier of the sale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tier {
    /// Whole dollars for one deed.
    pub usd: u32,
    /// Deeds in the tier.
    pub units: u32,
}

/// The tiers, sold in this order.
pub const TIERS: [Tier; 12] = [
    Tier { usd: 500, units: 89 },
    Tier { usd: 750, units: 144 },
    Tier { usd: 1_000, units: 233 },
    Tier { usd: 1_500, units: 377 },
    Tier { usd: 2_000, units: 610 },
    Tier { usd: 2_500, units: 987 },
    Tier { usd: 3_000, units: 1_597 },
    Tier { usd: 3_500, units: 2_584 },
    Tier { usd: 4_000, units: 4_181 },
    Tier { usd: 5_000, units: 6_765 },
    Tier { usd: 7_000, units: 10_946 },
    Tier { usd: 9_500, units: 17_711 },
];

/// Of what a buyer pays, percent burned.
pub const BURNED: u32 = 20;
/// Of what a buyer pays, percent for the liquidity wallet. Operations get the rest, and all rounding.
pub const TO_LIQUIDITY: u32 = 50;

/// Where the price of deeds goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Split {
    /// Burned.
    pub burned: Balance,
    /// To the liquidity wallet.
    pub liquidity: Balance,
    /// To operations.
    pub operations: Balance,
}

/// Split `paid`; the parts add up to it.
pub fn split(paid: Balance) -> Split {
    let (burned, liquidity) = (portion(paid, BURNED, 100), portion(paid, TO_LIQUIDITY, 100));
    Split { burned, liquidity, operations: paid.saturating_sub(burned).saturating_sub(liquidity) }
}

/// What one entity may spend on deeds in all.
pub const fn entity_limit(kind: EntityKind) -> Usd {
    match kind {
        EntityKind::Individual => 10_000 * USD,
        EntityKind::Company => 500_000 * USD,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::economics::NODE_COUNT;

    #[test]
    fn tiers_sell_every_node_deed_and_never_get_cheaper() {
        assert_eq!(TIERS.iter().map(|tier| tier.units).sum::<u32>(), NODE_COUNT);
        assert_eq!(NODE_COUNT, 46_224);
        assert!(TIERS.iter().zip(TIERS.iter().skip(1)).all(|(tier, next)| tier.usd < next.usd));
        assert!(TIERS.iter().all(|tier| tier.usd > 0 && tier.units > 0));
    }

    #[test]
    fn rounding_goes_to_operations() {
        assert_eq!(split(0), Split { burned: 0, liquidity: 0, operations: 0 });
        assert_eq!(split(1), Split { burned: 0, liquidity: 0, operations: 1 });
        assert_eq!(split(9), Split { burned: 1, liquidity: 4, operations: 4 });
        assert_eq!(split(100), Split { burned: 20, liquidity: 50, operations: 30 });
    }

    #[test]
    fn entities_may_spend_whole_dollars() {
        assert_eq!(entity_limit(EntityKind::Individual), 10_000 * USD);
        assert_eq!(entity_limit(EntityKind::Company), 500_000 * USD);
    }

    proptest::proptest! {
        #[test]
        fn parts_add_up_for_any_payment(paid: u128) {
            let Split { burned, liquidity, operations } = split(paid);
            let sum = burned.checked_add(liquidity).and_then(|sum| sum.checked_add(operations));
            proptest::prop_assert_eq!(sum, Some(paid));
            proptest::prop_assert_eq!((burned, liquidity), (paid / 5, paid / 2));
            // All rounding, and no more: less than one base unit from each of the others.
            let exact = portion(paid, 30, 100);
            proptest::prop_assert!(exact <= operations && operations <= exact + 2);
        }
    }
}
