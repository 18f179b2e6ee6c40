//! # Draws pallet
//!
//! Which node serves (docs/protocol/jobs.md#the-draw).
//!
//! ## Overview
//!
//! Whoever has something to be served opens a draw, and the chain goes through the licenses in an order that nobody
//! could foresee. Neither who asks nor a node nor the author of a block chooses. Nothing of money is known here.
//!
//! ## Terminology
//!
//! - *Market*: who has nodes drawn, and decides what becomes of whom is found: `pallet-jobs`. Draws know it by the trait
//!   [`Market`](ratio1_primitives::traits::Market) alone, and it knows them by [`Draws`](ratio1_primitives::traits::Draws).
//! - *Client*: for what of a market nodes are drawn: a job. It has *slots*, one for each node.
//! - *Draw*: looks for nodes for one or more slots of one client.
//! - *Turn*: some positions of the order of one draw, looked at in one block.
//!
//! ## Lifecycle
//!
//! ```text
//! opened --four blocks--> seeded --turn after turn--> all slots offered, or left by their market
//!    '-----------------------'-----deadline---------> the market gives up its slots
//! ```
//!
//! - **Seed**: the hash of the VRF outputs of the four blocks after the one that opened it, and of its number.
//!   [`draw`](ratio1_primitives::jobs::draw) tells the order; a license is taken if it is eligible, and with a
//!   probability of its reputation in thousandths.
//! - **Turns** go round by entity: each that looks for nodes has one, then each that has more draws another. No draw has
//!   two in a block, and nobody's many draws keep another's only one waiting.
//! - **Eligible**: what the market asks for ([`Wanted`](ratio1_primitives::jobs::market::Wanted)), had been declared when
//!   the draw was opened, and there is room for it now. Nobody who had the slot and lost it, nor serves the client
//!   already.
//! - **The pace** is that of whoever polls: this pallet has no hook but for the outputs, which must not be missed. It is
//!   told once in each polled block how much of it is left ([`Draws::step`](ratio1_primitives::traits::Draws::step)).
//!
//! ## Usage
//!
//! - *A market* opens a draw with [`Draws::open`](ratio1_primitives::traits::Draws::open), leaves it with `leave`, and
//!   lets draws look with `step`; it answers as a [`Market`](ratio1_primitives::traits::Market).
//! - *To audit a draw*, `jobs.draw_of` tells all that is needed to recompute it; [`Event::DrawSeeded`] tells the seed.
//!
//! ## Invariants
//!
//! See [`Pallet::do_try_state`].
//!
//! - Every slot of a draw waits for it, and for no other.
//! - What is counted of entities and of blocks is what their draws add up to.
//! - A seed is kept as long as a draw needs it, and is that of its block.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

// Benchmarks run for developers: where they overflow, or miss an index, they fail and nothing else does.
#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
mod benchmarking;
mod drawing;
mod opening;
mod searching;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

/// Where this pallet logs.
pub(crate) const LOG_TARGET: &str = "runtime::draws";

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use ratio1_primitives::{
        jobs::{market::SlotNumbers, Client},
        kyc::EntityId,
        traits::{
            AvailabilityProvider, BlockRandomness, EpochInspect, KycInspect, LicenseInspect, Market, NodeRegistry,
            OracleInspect,
        },
        AccountId, Balance, BlockNumber, EpochIndex, Hash,
    };
    use sp_runtime::SaturatedConversion;

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = Hash, RuntimeEvent: From<Event<Self>>>
    {
        /// Who has nodes drawn.
        type Market: Market;
        /// In which country operators are, and of which entity.
        type Kyc: KycInspect<AccountId>;
        /// The licenses that are drawn.
        type Licenses: LicenseInspect<AccountId>;
        /// Who is an oracle, and is not drawn.
        type Oracles: OracleInspect<AccountId>;
        /// What nodes offer, and how they stand.
        type NodeRegistry: NodeRegistry;
        /// Which epoch runs.
        type Epochs: EpochInspect;
        /// Finalised bytes.
        type Availability: AvailabilityProvider;
        /// What seeds are made of.
        type Randomness: BlockRandomness;
        /// Weights of hook steps.
        type WeightInfo: WeightInfo;
        /// Sets up the market for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    /// Entities that look for nodes: they take turns.
    #[pallet::storage]
    pub type Turns<T> = CountedStorageMap<_, Blake2_128Concat, EntityId, Looking>;

    /// Draws that look for nodes, by the entity that pays for them.
    #[pallet::storage]
    pub type Draws<T> = StorageDoubleMap<_, Blake2_128Concat, EntityId, Twox64Concat, u64, Draw>;

    /// The next draw's number.
    #[pallet::storage]
    pub type NextDraw<T> = StorageValue<_, u64, ValueQuery>;

    /// The entity that had the last turn: the others go first.
    #[pallet::storage]
    pub type LastTurn<T> = StorageValue<_, EntityId>;

    /// How many of the draws opened in a block still look.
    #[pallet::storage]
    pub type OpenedAt<T> = StorageMap<_, Twox64Concat, BlockNumber, u32, ValueQuery>;

    /// The VRF outputs of the last four blocks, the oldest first.
    #[pallet::storage]
    pub type Outputs<T> = StorageValue<_, VrfOutputs, ValueQuery>;

    /// Those of the four blocks after one in which draws were opened, while those draws look.
    #[pallet::storage]
    pub type Seeds<T> = StorageMap<_, Twox64Concat, BlockNumber, VrfOutputs>;

    /// What happened, with enough to recompute it.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Nodes are looked for. The VRF outputs of the four blocks after this one make the seed.
        DrawOpened {
            /// The draw.
            draw: u64,
            /// For this client.
            client: Client,
            /// For these of its slots.
            slots: SlotNumbers,
            /// Licenses it goes through.
            licenses: u32,
            /// Whether those are the request's include list.
            included: bool,
            /// The finalised epoch whose bytes count.
            bytes_of: EpochIndex,
            /// Of what is held for the slot, burned for it, in base units. The fees of a request's and of added nodes' are
            /// burned before.
            burned: Balance,
        },
        /// A draw's seed is known.
        DrawSeeded {
            /// The draw.
            draw: u64,
            /// Its seed.
            seed: Hash,
        },
    }

    /// Why the pallet refuses.
    #[pallet::error]
    pub enum Error<T> {
        /// Stored data is missing that must be there, or does not fit together: a bug. Report it with what is named.
        Corrupted(Inconsistency),
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        /// Keep the VRF output of the block before, also while a migration keeps everything else from running.
        fn on_initialize(now: BlockNumberFor<T>) -> Weight {
            Self::note_output(now.saturated_into());
            T::WeightInfo::note_output()
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
