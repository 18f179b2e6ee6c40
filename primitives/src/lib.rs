//! What every room of the Ratio1 chain shares: identities, the epoch clock, the wire formats of heartbeats and
//! ballots, the economics as pure functions, the traits that join the pallets and the runtime API.
//!
//! Nothing here touches storage. Dependencies point one way: primitives <- pallets <- runtime, primitives <- edge.
//!
//! Notation (docs/protocol/units-and-clock.md#rounding): a byte `a` is 0..=255, division is an integer floor, amounts
//! are base units with 18 decimals.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

pub mod apbft;
pub mod api;
pub mod ballot;
pub mod clock;
pub mod economics;
pub mod heartbeat;
pub mod ids;
pub mod jobs;
pub mod keys;
pub mod kyc;
pub mod license;
pub mod refusal;
pub mod text;
pub mod traits;
pub mod width;

pub use clock::{ClockParams, EpochParams};
pub use ids::{EpochIndex, JobId, LicenseId, NodeId};
pub use keys::{NodeKey, NodeSignature, VoteId, VoteSignature};
pub use license::{Grant, License, LicenseClass, Link};

use sp_runtime::{
    generic,
    traits::{BlakeTwo256, IdentifyAccount, Verify},
    MultiSignature,
};

/// Amounts in base units: 10^18 of them are one R1.
pub type Balance = u128;
/// Block height.
pub type BlockNumber = u32;
/// Number of transactions of an account.
pub type Nonce = u32;
/// The chain's hash.
pub type Hash = sp_core::H256;
/// Ed25519, sr25519, ECDSA or Ethereum signatures: an EVM wallet owns a deed and signs like any other.
pub type Signature = MultiSignature;
/// Account on the chain.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// Block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;

/// Bytes in one page of a ballot, of finalised availability, and licenses in one page of credits.
pub const PAGE_SIZE: u32 = 1024;

/// How many pages `count` bytes fill.
pub const fn pages(count: u32) -> u32 {
    count.div_ceil(PAGE_SIZE)
}
