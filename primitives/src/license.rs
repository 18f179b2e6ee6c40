//! Node Deeds as the pallets pass them to each other.

use crate::{Balance, EpochIndex, NodeId};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use serde::{Deserialize, Serialize};

/// The three classes of deeds (docs/protocol/licenses.md#classes-of-licenses, whitepaper 3.1.4).
#[derive(
    Clone,
    Copy,
    Debug,
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
pub enum LicenseClass {
    /// The one Genesis Node Deed, always `LicenseId(0)`.
    Genesis,
    /// Master Node Deeds, granted by governance.
    Master,
    /// Node Deeds, bought by anyone attested.
    Node,
}

/// A running link between a license and a node.
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
pub struct Link {
    /// The linked node.
    pub node: NodeId,
    /// The epoch that ran when it was linked.
    pub since: EpochIndex,
}

/// One deed's state. Its owner is the owner of the NFT of the same number, kept in `pallet-nfts` alone.
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
pub struct License {
    /// Its class, for good.
    pub class: LicenseClass,
    /// The node it is linked to now.
    pub link: Option<Link>,
    /// Grows with every link; part of what a node signs, so that a proof works once.
    pub link_nonce: u32,
    /// The epoch that ran at its last link; the next link needs a later epoch.
    pub last_link: Option<EpochIndex>,
    /// Barred by governance: no link, no claim, no transfer.
    pub banned: bool,
}

/// What a Master deed was granted.
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
pub struct Grant {
    /// Base units it may mint in all.
    pub assigned: Balance,
    /// The epoch that ran when it was granted.
    pub granted: EpochIndex,
}
