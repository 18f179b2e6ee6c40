//! What the pallet stores and tells.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::{
    kyc::{Attestation, Country, EntityKind},
    refusal::KycRefusal,
    EpochIndex,
};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// Bounds of `revocations_per_epoch`. Not zero: a registrar must be able to stop a fraud.
pub const REVOCATIONS: (u32, u32) = (1, 1_000);
/// Bounds of `accounts_per_entity`.
pub const ACCOUNTS: (u32, u32) = (1, 256);

/// What governance may tune.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct Parameters {
    /// How many attestations one registrar may revoke or shorten in an epoch. Within [`REVOCATIONS`].
    pub revocations_per_epoch: u32,
    /// How many accounts one entity may have. Within [`ACCOUNTS`]. Those it has already stay when this is lowered.
    pub accounts_per_entity: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self { revocations_per_epoch: 10, accounts_per_entity: 16 }
    }
}

/// Which bound [`Parameters`] break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParametersRefusal {
    /// `revocations_per_epoch` is outside [`REVOCATIONS`].
    Revocations,
    /// `accounts_per_entity` is outside [`ACCOUNTS`].
    Accounts,
}

impl Parameters {
    /// Whether every parameter is within its bounds.
    pub fn validate(&self) -> Result<(), ParametersRefusal> {
        let within = |value: u32, (least, most): (u32, u32)| (least..=most).contains(&value);
        if !within(self.revocations_per_epoch, REVOCATIONS) {
            return Err(ParametersRefusal::Revocations);
        }
        if !within(self.accounts_per_entity, ACCOUNTS) {
            return Err(ParametersRefusal::Accounts);
        }
        Ok(())
    }
}

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
