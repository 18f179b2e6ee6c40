//! # Nodes pallet
//!
//! What nodes offer for jobs, what of it is reserved, and how they stand (docs/protocol/jobs.md#declarations).
//!
//! ## Overview
//!
//! A node that wants jobs declares what it has for them. This pallet keeps the declarations, what of them is reserved
//! for slots, who is left out of draws, and every license's reputation. Who gets which job is decided elsewhere: jobs ask
//! and reserve through [`NodeRegistry`](ratio1_primitives::traits::NodeRegistry). Country, KYB and class of a node are
//! never declared, they come from the chain.
//!
//! ## Terminology
//!
//! - *Profile*: capacity, class of GPU and tags, all as the node says. Nothing of it is measured.
//! - *Offer*: the profile that held in some block. A draw uses the offers of the block of its request, so that nobody can
//!   fit a profile to a request it has seen.
//! - *Reservation*: what the slots of a license take of its capacity. What is reserved stays declared.
//! - *Barred*: left out of draws for having let an offer lapse: in the rest of that epoch and in
//!   [`BARRED_EPOCHS`] more, or until its node declares in one of them that it is there.
//! - *Reputation*: 0 to 1000, of a license and not of a node; it begins at 500. Being available raises it to that and no
//!   further, serving raises it beyond.
//!
//! ## Lifecycle
//!
//! ```text
//! nothing --declare--> declared --declare, in a later epoch--> declared ...
//!                         |  ^
//!                 reserve |  | free (the last slot)
//!                         v  |
//!                       reserved --declare, not below what is reserved--> reserved ...
//! ```
//!
//! A declaration belongs to the node that made it. When another node is linked to the license, it offers nothing until
//! it declares; what was declared before it is then forgotten. A license with slots is not unlinked, so
//! that reservations are always of the linked node.
//!
//! Only the last two declarations of a node are known. One that declared twice since a request has no offer for it.
//!
//! ## Usage
//!
//! - *To offer capacity*, a linked node signs its profile with the number that `next_sequence` tells, and sends
//!   `declare`; `can_declare` tells why it would be refused.
//! - *To stop taking jobs*, it declares nothing: all zero.
//! - *Anyone* asks `node_info` what a node offers, what of it is free, and how it stands.
//! - *The pallet of jobs* asks and reserves through [`NodeRegistry`](ratio1_primitives::traits::NodeRegistry).
//!
//! ## Declarations
//!
//! `declare` is an authorised general transaction: no fee, no account, signed by the linked node over
//! [`profile_payload`](ratio1_primitives::keys::profile_payload). A refusal is `InvalidTransaction::Custom(n)`, `n` being
//! the index of the variant of [`Error`]; the view function `can_declare` returns the typed error. A pool bans what it
//! found invalid for a while, so ask before sending. Each declaration of a license carries a number, one more than
//! the last one, and numbers are kept for ever: no signature works twice, on whatever node the license goes.
//!
//! ## Reputation
//!
//! It moves with what a license does ([`Outcome`](ratio1_primitives::jobs::Outcome)): by every finalised epoch at whose
//! end the license was linked, for all classes of deeds, and by what jobs [note](ratio1_primitives::traits::NodeRegistry::note).
//!
//! ## Invariants
//!
//! See [`Pallet::do_try_state`]: what is reserved fits what is declared now, is of the linked node, and for one to
//! [`MAX_SLOTS_PER_NODE`] slots; profiles are well formed; reputations are at most 1000, and none is beyond the last
//! license.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

#[cfg(feature = "runtime-benchmarks")]
extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod declaring;
mod reputation;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;
mod working;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use pallet::*;
pub use ratio1_primitives::jobs::{BARRED_EPOCHS, MAX_SLOTS_PER_NODE};
pub use types::{Declared, ReputationPage, Reservation, WorkerInfo};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use frame_support::pallet_prelude::*;
    use frame_system::{ensure_authorized, pallet_prelude::*};
    use ratio1_primitives::{
        jobs::{Capacity, NodeProfile, Outcome, Reputation},
        traits::{AvailabilityProvider, EpochInspect, LicenseInspect},
        AccountId, EpochIndex, Hash, LicenseId, NodeId, NodeSignature,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = Hash, RuntimeEvent: From<Event<Self>>>
    {
        /// Deeds and links.
        type Licenses: LicenseInspect<AccountId>;

        /// Which epoch runs.
        type Epochs: EpochInspect;

        /// From which byte a node counts as available.
        type Availability: AvailabilityProvider;

        /// Weights of the call, its authorisation and the hook step.
        type WeightInfo: WeightInfo;

        /// Sets up the neighbours for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    /// The last declaration of each license.
    #[pallet::storage]
    pub type Profiles<T> = StorageMap<_, Twox64Concat, LicenseId, Declared>;

    /// The number of each license's last declaration; kept for ever.
    #[pallet::storage]
    pub type Sequence<T> = StorageMap<_, Twox64Concat, LicenseId, u32, ValueQuery>;

    /// What slots take of each license's capacity. None without slots.
    #[pallet::storage]
    pub type Reserved<T> = StorageMap<_, Twox64Concat, LicenseId, Reservation>;

    /// The first epoch in which a license that let an offer lapse is drawn again, unless its node declares before. One that is
    /// reached is removed when the license next declares or is given a slot.
    #[pallet::storage]
    pub type Barred<T> = StorageMap<_, Twox64Concat, LicenseId, EpochIndex>;

    /// The reputations of each page of licenses.
    #[pallet::storage]
    pub type Reputations<T> = StorageMap<_, Twox64Concat, u32, ReputationPage, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A node declared what it offers.
        Declared {
            /// The license it is linked to.
            license: LicenseId,
            node: NodeId,
            sequence: u32,
            /// What it offers from now on.
            profile: NodeProfile,
        },
        /// Capacity was reserved for one more slot.
        Reserved {
            license: LicenseId,
            /// What is reserved of it now, for all its slots.
            used: Capacity,
            /// How many slots it has now.
            slots: u32,
        },
        /// What was reserved for one slot is free.
        Freed {
            license: LicenseId,
            /// What is still reserved of it.
            used: Capacity,
            /// How many slots it has now.
            slots: u32,
        },
        /// A license is left out of draws.
        Barred {
            license: LicenseId,
            /// The first epoch in which it is drawn again.
            until: EpochIndex,
        },
        /// A reputation moved by something else than availability.
        ReputationMoved {
            license: LicenseId,
            outcome: Outcome,
            /// What it is now.
            reputation: Reputation,
        },
    }

    /// The index of a variant is the code of a refused declaration.
    #[pallet::error]
    pub enum Error<T> {
        /// 0: no node is linked to the license. Have its owner link this node.
        NotLinked,
        /// 1: the license's owner is not in good standing. Ask `admission` why, and have the owner attested again.
        NotAdmitted,
        /// 2: only nodes of Node Deeds take jobs; the Genesis deed and Master deeds have nothing to declare.
        NotANodeDeed,
        /// 3: the declaration has another number than the next one. Sign it again with the number `next_sequence` tells.
        WrongSequence,
        /// 4: the license declared in this epoch already. Declare again in the next one.
        TooSoon,
        /// 5: the capacity is more than a node can have. Declare what it has for jobs, in thousandths of a vCPU, MiB and
        /// GiB.
        CapacityOutOfBounds,
        /// 6: GPUs without a class, or a class without GPUs. Declare both or neither.
        GpuMismatch,
        /// 7: a tag is not 1 to 32 of `a-z`, `0-9` and `-`, or they are not sorted, or one is there twice. Mend the list.
        BadTags,
        /// 8: slots of the license need more than is declared, or GPUs of the class declared before. Declare at least
        /// what `node_info` shows as reserved, or resign slots first.
        BelowReserved,
        /// 9: this is declared already. There is nothing to do. To declare the same again ends a bar, from the epoch after the
        /// missed offer on.
        Unchanged,
        /// 10: not signed by the linked node for this chain, license, number and profile.
        BadSignature,
        /// What a slot needs does not fit into what is declared and not reserved, or the node has all the slots it can
        /// run.
        NoRoom,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Declare what the node linked to `license` has for jobs, from this block on. All zero: it takes no more.
        ///
        /// An authorised general transaction: no signer, no fee, signed by the node. At most one for each license and
        /// epoch.
        ///
        /// Errors: each of [`Error`] up to [`Error::BadSignature`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::declare())]
        #[pallet::authorize(Self::authorize_declare)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_declare())]
        pub fn declare(
            origin: OriginFor<T>,
            license: LicenseId,
            sequence: u32,
            profile: NodeProfile,
            _signature: NodeSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_declare(license, sequence, profile)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether `declare` would be accepted now if the node signs it, or why not.
        pub fn can_declare(license: LicenseId, sequence: u32, profile: NodeProfile) -> Result<(), DispatchError> {
            Self::check_declare(license, sequence, &profile).map(|_| ()).map_err(Into::into)
        }

        /// The number the next declaration of a license must carry.
        pub fn next_sequence(license: LicenseId) -> u32 {
            Self::sequence_after(license)
        }

        /// What a license offers, what of it is free and reserved, whether it is barred, and its reputation.
        pub fn node_info(license: LicenseId) -> WorkerInfo {
            Self::info(license)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
