//! The one configuration of this pallet: bounded in code, from the preset's genesis, changed by governance.

use crate::Error;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_pallet_support::within;
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
        if !within(self.revocations_per_epoch, REVOCATIONS) {
            return Err(ParametersRefusal::Revocations);
        }
        if !within(self.accounts_per_entity, ACCOUNTS) {
            return Err(ParametersRefusal::Accounts);
        }
        Ok(())
    }
}

impl<T> From<ParametersRefusal> for Error<T> {
    fn from(refusal: ParametersRefusal) -> Self {
        match refusal {
            ParametersRefusal::Revocations => Self::RevocationsOutOfBounds,
            ParametersRefusal::Accounts => Self::AccountsOutOfBounds,
        }
    }
}
