//! What the pallet stores.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::{kyc::Attestation, EpochIndex};
use scale_info::TypeInfo;

/// An attestation as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Record<AccountId> {
    /// What is attested.
    pub attestation: Attestation,
    /// The registrar who renews and revokes it; none if that is left to governance, which attested or revoked the
    /// account, or genesis did.
    pub by: Option<AccountId>,
    /// The epoch that ran when it was recorded: it answers for this epoch and later ones.
    pub since: EpochIndex,
    /// Set by a revocation: the first epoch in which it gives no standing.
    pub stops: Option<EpochIndex>,
    /// Since when the record stood that this one replaced.
    pub before: Option<EpochIndex>,
}

/// A time in which a country was prohibited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Prohibition {
    /// The first epoch in which it ends standing.
    pub from: EpochIndex,
    /// The first epoch in which it no longer does; none while the country is on the list.
    pub until: Option<EpochIndex>,
}

impl Prohibition {
    /// Whether it ends standing in `epoch`.
    pub fn bites(&self, epoch: EpochIndex) -> bool {
        self.from <= epoch && self.until.is_none_or(|until| epoch < until)
    }
}
