//! What the pallet stores and tells.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::{kyc::EntityId, AccountId, Balance, Grant};
use scale_info::TypeInfo;

/// A Master deed's grant, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct MasterGrant {
    /// What it was assigned, and since when.
    pub grant: Grant,
    /// The entity of its owner, for whose sum it counts.
    pub entity: EntityId,
}

/// A deed for sale by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Listing {
    /// Its owner, who gets the whole price.
    pub seller: AccountId,
    /// Base units of R1 it costs.
    pub price: Balance,
    /// The only account that may buy it; none if anyone admitted may.
    pub to: Option<AccountId>,
}

/// What dApps ask about a Master deed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct GrantInfo {
    /// What it was assigned, and since when.
    pub grant: Grant,
    /// The entity of its owner, for whose sum it counts.
    pub entity: EntityId,
    /// Base units by which that entity's Master deeds may still be assigned more.
    pub entity_left: Balance,
    /// The account to which governance lets it move.
    pub approved: Option<AccountId>,
}
