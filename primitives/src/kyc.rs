//! What a registrar attests about an account (docs/protocol/identity.md#what-is-attested).

use crate::EpochIndex;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// A person's or company's 32-byte pseudonym under a secret all registrars share; accounts of one entity share it.
/// Never a plain hash of personal data.
pub type EntityId = [u8; 32];

/// Natural person or legal entity.
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
pub enum EntityKind {
    /// KYC.
    Individual,
    /// KYB.
    Company,
}

/// ISO 3166-1 alpha-2: two upper-case letters.
#[derive(
    Clone,
    Copy,
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
pub struct Country(pub [u8; 2]);

impl Country {
    /// Whether it is two upper-case ASCII letters.
    pub fn is_well_formed(&self) -> bool {
        self.0.iter().all(u8::is_ascii_uppercase)
    }
}

impl core::fmt::Debug for Country {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}{}", char::from(self.0[0]), char::from(self.0[1]))
    }
}

/// One account's attestation.
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
pub struct Attestation {
    /// Whose account it is.
    pub entity: EntityId,
    /// Person or company.
    pub kind: EntityKind,
    /// Country of residence or registration.
    pub country: Country,
    /// The first epoch in which the attestation no longer lets the account begin anything.
    pub expires: EpochIndex,
}
