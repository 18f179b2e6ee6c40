//! Identifiers. Newtypes, so that a license is never mistaken for an epoch.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode,
            DecodeWithMemTracking, MaxEncodedLen, TypeInfo, Serialize, Deserialize,
        )]
        pub struct $name(pub $inner);

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number_id!(
    /// A Node Deed. Dense: the n-th deed ever issued is `LicenseId(n)`, counted from zero.
    LicenseId(u32)
);
number_id!(
    /// A paid job.
    JobId(u64)
);
number_id!(
    /// The n-th epoch since the genesis moment, counted from zero.
    EpochIndex(u32)
);

impl LicenseId {
    /// The page of 1024 bytes that holds this license.
    pub const fn page(self) -> u32 {
        self.0 / crate::PAGE_SIZE
    }

    /// Where in its page this license stands, below 1024.
    pub const fn offset(self) -> u32 {
        self.0 % crate::PAGE_SIZE
    }
}

impl EpochIndex {
    /// This epoch and `n` more.
    pub const fn plus(self, n: u32) -> Self {
        Self(self.0.saturating_add(n))
    }

    /// `n` epochs earlier, never before the first.
    pub const fn minus(self, n: u32) -> Self {
        Self(self.0.saturating_sub(n))
    }
}

/// A node's identity: the ed25519 public key that signs its heartbeats, apart from session keys and owner.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
    Serialize,
    Deserialize,
)]
pub struct NodeId(pub [u8; 32]);

impl core::fmt::Debug for NodeId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

impl core::fmt::Display for NodeId {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|b| write!(f, "{b:02x}"))
    }
}

impl From<sp_core::ed25519::Public> for NodeId {
    fn from(key: sp_core::ed25519::Public) -> Self {
        Self(key.0)
    }
}

impl NodeId {
    /// The key to verify this node's signatures with.
    pub fn public(&self) -> sp_core::ed25519::Public {
        sp_core::ed25519::Public::from_raw(self.0)
    }
}
