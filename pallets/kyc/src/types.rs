//! What the pallet stores and tells.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::{
    kyc::{Attestation, Country, EntityKind},
    refusal::KycRefusal,
    EpochIndex,
};
use scale_info::TypeInfo;

/// What a registrar has used of its revocations. Only its last epoch counts, so this never grows.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Revocations {
    /// The epoch of the last one.
    pub epoch: EpochIndex,
    /// How many in that epoch.
    pub count: u32,
}

impl Revocations {
    /// How many are used in the running epoch `now`.
    pub fn used(&self, now: EpochIndex) -> u32 {
        if self.epoch == now {
            self.count
        } else {
            0
        }
    }
}

/// An attestation as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Record<AccountId> {
    /// What is attested.
    pub attestation: Attestation,
    /// The registrar who renews and revokes it; none if that is left to governance, which attested or revoked the
    /// account, or genesis did.
    pub by: Option<AccountId>,
    /// Set by a revocation: the first epoch in which it gives no standing.
    pub stops: Option<EpochIndex>,
}

/// The person or company behind one or several accounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Entity {
    /// Person or company, for all its accounts.
    pub kind: EntityKind,
    /// The country its newest attestation names.
    pub country: Country,
    /// How many accounts it has. Never falls: an account belongs to its entity for good.
    pub accounts: u32,
    /// Set while the entity is revoked: the first epoch in which its accounts are not in good standing.
    pub stops: Option<EpochIndex>,
}

/// All that an application wants to know about an account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct AccountStatus<AccountId> {
    /// The newest attestation, valid or not.
    pub attestation: Option<Record<AccountId>>,
    /// The entity behind the account and how many accounts it has.
    pub entity: Option<Entity>,
    /// Whether the account may begin something now, and if not why.
    pub admitted: Result<(), KycRefusal>,
    /// Whether what it began may go on in the running epoch, and if not why.
    pub standing: Result<(), KycRefusal>,
}
