//! Where the sale stands, from the number of deeds sold alone.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::economics::{
    price::{Usd, USD},
    sale::TIERS,
};
use scale_info::TypeInfo;

/// The tier that is sold now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct OpenTier {
    /// Its number, 1 to 12.
    pub tier: u8,
    /// Whole dollars for one deed.
    pub usd: u32,
    /// Deeds left in it.
    pub left: u32,
}

impl OpenTier {
    /// What `units` deeds of this tier cost.
    pub fn cost(&self, units: u32) -> Usd {
        Usd::from(self.usd).saturating_mul(Usd::from(units)).saturating_mul(USD)
    }
}

/// The open tier after `sold` deeds, where `room` more can be issued at all. `None` if nothing is left to sell.
pub fn open_tier(sold: u32, room: u32) -> Option<OpenTier> {
    let mut end = 0u32;
    for (number, tier) in (1u8..).zip(TIERS) {
        end = end.saturating_add(tier.units);
        let left = end.saturating_sub(sold).min(room);
        if sold < end {
            return (left > 0).then_some(OpenTier { tier: number, usd: tier.usd, left });
        }
    }
    None
}

/// The dollars that the first `sold` deeds cost together.
pub fn revenue(sold: u32) -> Usd {
    let (mut left, mut sum) = (sold, 0);
    for tier in TIERS {
        let units = left.min(tier.units);
        left = left.saturating_sub(units);
        sum = Usd::from(tier.usd).saturating_mul(Usd::from(units)).saturating_mul(USD).saturating_add(sum);
    }
    sum
}
