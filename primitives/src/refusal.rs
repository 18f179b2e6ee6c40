//! Why the network does not work with an account, a node or a call, each with its remedy.

use crate::EpochIndex;
use alloc::string::String;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Why an account may not take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum KycRefusal {
    /// No registrar attested the account.
    NotAttested,
    /// The attestation ran out in this epoch.
    Expired(EpochIndex),
    /// A registrar or governance revoked the attestation.
    Revoked,
    /// The account's country is on the prohibited list.
    CountryProhibited,
}

impl KycRefusal {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NotAttested => "complete KYC/KYB with a registrar, who then attests the owner's account",
            Self::Expired(_) => "renew KYC/KYB with a registrar, who then attests the owner's account again",
            Self::Revoked => "ask the registrar why the attestation was revoked; only a new one restores it",
            Self::CountryProhibited => "accounts from this country cannot take part while it is on the list",
        }
    }
}

/// Why there is no R1/USD rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum PriceRefusal {
    /// Nobody has posted one yet.
    Missing,
    /// The last one is too old. It was finalised in this epoch.
    Stale(EpochIndex),
}

/// Why a pallet refuses a call: an error, as its source names and describes it. Native only, like the names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRefusal {
    /// Its name.
    pub error: &'static str,
    /// What it says, with the remedy.
    pub docs: String,
}

/// Why a node is not admitted to send heartbeats and take work (docs/protocol/identity.md#dauth).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum AdmissionRefusal {
    /// No license is linked to the node in finalised state.
    NotLinked,
    /// The license's owner is not in good standing.
    Owner(KycRefusal),
}

impl AdmissionRefusal {
    /// What to do about it.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NotLinked => {
                "sign a link proof with `ratio1-node key link-proof` and have the license's owner submit \
                 `licenses.link`; a banned license is unlinked, and governance must unban it first"
            }
            Self::Owner(refusal) => refusal.remedy(),
        }
    }
}
