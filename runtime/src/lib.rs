//! The Ratio1 runtime. One wasm blob serves every network; what differs between them is written at genesis by the
//! presets in [`presets`].
//!
//! - [`configs`]: one file per pallet or group of pallets, tying the seams of `ratio1-primitives` together.
//! - [`apis`]: the runtime APIs.
//! - [`presets`]: `development`, `local`, `testnet`, `mainnet`.
//! - `refusals`: what the number means by which the pool refuses a node's own call.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]
#![recursion_limit = "512"]

extern crate alloc;

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

pub mod apis;
#[cfg(feature = "runtime-benchmarks")]
mod benches;
pub mod configs;
pub mod extension;
pub mod facts;
pub mod network;
pub mod presets;
#[cfg(feature = "std")]
pub mod refusals;
mod weights;

#[cfg(feature = "std")]
pub use apis::api;
pub use apis::RuntimeApi;
pub use ratio1_primitives::{AccountId, Balance, BlockNumber, Hash, Nonce, Signature};

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{generic, impl_opaque_keys, traits::BlakeTwo256, MultiAddress};
use sp_version::RuntimeVersion;

/// Block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// Address of an account.
pub type Address = MultiAddress<AccountId, ()>;

/// What a transaction carries besides its call. `AuthorizeCall` comes first: it decides the origin.
pub type TxExtension = (
    frame_system::AuthorizeCall<Runtime>,
    extension::OperationalIsForVotes,
    frame_system::CheckNonZeroSender<Runtime>,
    frame_system::CheckSpecVersion<Runtime>,
    frame_system::CheckTxVersion<Runtime>,
    frame_system::CheckGenesis<Runtime>,
    frame_system::CheckMortality<Runtime>,
    frame_system::CheckNonce<Runtime>,
    frame_system::CheckWeight<Runtime>,
    pallet_skip_feeless_payment::SkipCheckIfFeeless<
        Runtime,
        extension::BelowNodes<pallet_transaction_payment::ChargeTransactionPayment<Runtime>>,
    >,
    frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
    frame_system::WeightReclaim<Runtime>,
);
/// Extrinsic as it comes from the network.
pub type UncheckedExtrinsic = generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Executes blocks.
pub type Executive =
    frame_executive::Executive<Runtime, Block, frame_system::ChainContext<Runtime>, Runtime, AllPalletsWithSystem>;

impl_opaque_keys! {
    /// An oracle's session keys. The vote key signs its ballots.
    pub struct SessionKeys {
        /// Block production.
        pub babe: Babe,
        /// Finality.
        pub grandpa: Grandpa,
        /// Address records.
        pub authority_discovery: AuthorityDiscovery,
        /// Ballots.
        pub vote: Oracles,
    }
}

/// Version of the runtime.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
    spec_name: Cow::Borrowed("ratio1"),
    impl_name: Cow::Borrowed("ratio1"),
    authoring_version: 1,
    spec_version: 1,
    impl_version: 1,
    apis: apis::RUNTIME_API_VERSIONS,
    transaction_version: 1,
    system_version: 1,
};

/// Milliseconds between two slots.
pub const SLOT_MS: u64 = 3_000;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Runtime;

    #[runtime::pallet_index(0)]
    pub type System = frame_system;
    #[runtime::pallet_index(1)]
    pub type Timestamp = pallet_timestamp;
    #[runtime::pallet_index(2)]
    pub type Network = crate::network;
    #[runtime::pallet_index(3)]
    pub type Babe = pallet_babe;
    #[runtime::pallet_index(4)]
    pub type Authorship = pallet_authorship;
    #[runtime::pallet_index(5)]
    pub type Migrations = pallet_migrations;

    // Money and tokens.
    #[runtime::pallet_index(10)]
    pub type Balances = pallet_balances;
    #[runtime::pallet_index(11)]
    pub type TransactionPayment = pallet_transaction_payment;
    #[runtime::pallet_index(12)]
    pub type SkipFeelessPayment = pallet_skip_feeless_payment;
    #[runtime::pallet_index(13)]
    pub type Nfts = pallet_nfts;

    // Ratio1. Before the session, whose genesis asks the oracles for the first validators.
    #[runtime::pallet_index(20)]
    pub type Kyc = pallet_kyc;
    #[runtime::pallet_index(21)]
    pub type Licenses = pallet_licenses;
    #[runtime::pallet_index(22)]
    pub type Oracles = pallet_oracles;
    #[runtime::pallet_index(23)]
    pub type Availability = pallet_availability;
    #[runtime::pallet_index(25)]
    pub type Price = pallet_price;
    #[runtime::pallet_index(26)]
    pub type Sale = pallet_sale;
    #[runtime::pallet_index(27)]
    pub type Pools = pallet_pools;
    #[runtime::pallet_index(24)]
    pub type Rewards = pallet_rewards;
    #[runtime::pallet_index(28)]
    pub type Nodes = pallet_nodes;
    #[runtime::pallet_index(29)]
    pub type Jobs = pallet_jobs;

    // Consensus.
    #[runtime::pallet_index(30)]
    pub type Session = pallet_session;
    #[runtime::pallet_index(31)]
    pub type Historical = pallet_session::historical;
    #[runtime::pallet_index(32)]
    pub type Grandpa = pallet_grandpa;
    #[runtime::pallet_index(33)]
    pub type Offences = pallet_offences;
    #[runtime::pallet_index(34)]
    pub type AuthorityDiscovery = pallet_authority_discovery;

    // Conveniences and governance.
    #[runtime::pallet_index(40)]
    pub type Utility = pallet_utility;
    #[runtime::pallet_index(41)]
    pub type Multisig = pallet_multisig;
    #[runtime::pallet_index(42)]
    pub type Proxy = pallet_proxy;
    #[runtime::pallet_index(43)]
    pub type Sudo = pallet_sudo;
    #[runtime::pallet_index(44)]
    pub type Council = pallet_collective<Instance1>;
    #[runtime::pallet_index(45)]
    pub type Governance = pallet_governance;
    #[runtime::pallet_index(46)]
    pub type Scheduler = pallet_scheduler;
    #[runtime::pallet_index(47)]
    pub type Preimage = pallet_preimage;
    #[runtime::pallet_index(48)]
    pub type SafeMode = pallet_safe_mode;
    #[runtime::pallet_index(49)]
    pub type TxPause = pallet_tx_pause;

    // Draws of nodes. The last, so that no index moved: it has no calls, and goes on when `Jobs` lets it.
    #[runtime::pallet_index(50)]
    pub type Draws = pallet_draws;
}
