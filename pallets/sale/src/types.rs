//! What the sale tells.

use crate::OpenTier;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::{
    economics::price::{Price, Usd},
    kyc::EntityId,
    refusal::PriceRefusal,
    Balance,
};
use scale_info::TypeInfo;

/// How far the sale is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct SaleState {
    /// Deeds sold so far, in all tiers.
    pub sold: u32,
    /// The tier that is sold now; none when all is sold.
    pub open: Option<OpenTier>,
    /// Base units of R1 that one deed of it costs now, or why there is no rate; none when all is sold.
    pub price_each: Option<Result<Balance, PriceRefusal>>,
}

/// What a purchase takes and costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Quote {
    /// For whose limit it counts.
    pub entity: EntityId,
    /// The tier, 1 to 12.
    pub tier: u8,
    /// Deeds.
    pub units: u32,
    /// Dollars for all of them, by which the entity's limit shrinks.
    pub usd: Usd,
    /// Dollars per R1.
    pub rate: Price,
    /// Base units of R1 for each.
    pub price_each: Balance,
    /// Base units for all of them.
    pub paid: Balance,
    /// Of these, burned.
    pub burned: Balance,
    /// Of these, to the liquidity wallet.
    pub liquidity: Balance,
    /// Of these, to operations.
    pub operations: Balance,
}
