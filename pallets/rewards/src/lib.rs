//! # Rewards pallet
//!
//! Proof of Availability: what finalised availability mints (docs/protocol/rewards.md#credits).
//!
//! ## Overview
//!
//! Turns finalised availability into R1. There is no pre-mine: whatever R1 exists was minted here. A genesis that issues
//! any is refused.
//!
//! A Node Deed mines for its owner and the Genesis deed for the five pools, both by *byte credits*: every finalised
//! epoch adds the license's availability byte, and a claim mints what these credits have earned and was not paid yet. A
//! Master deed mines by the calendar: every epoch releases a part of what it was assigned, and the byte says how much of
//! that part it earns; the rest is never minted.
//!
//! ## Terminology
//!
//! - *Byte credits*: the sum of a license's finalised availability bytes, at most the maximum of its schedule. Kept
//!   in pages of 1024 licenses, so that closing an epoch reads and writes one item for each 1024 licenses.
//! - *Paid*: how many of its credits a license was paid for. What it has minted follows from it:
//!   [`economics::minted`], so that is not stored a second time.
//! - *Release*: what an epoch sets free of a Master deed's assignment ([`economics::curve`]). It is *earned*,
//!   *forgone* or *carried* to the next finalised epoch ([`MasterLedger`]).
//! - *Share*: what a class of licenses may ever mint. The shares together are the cap, and a burn frees no room.
//!
//! ## Lifecycle
//!
//! 1. [`Pallet::on_page`]: a page of an epoch is final. Only licenses that were linked when the epoch ended earn.
//!    [`Pallet::on_lapsed`]: epochs are closed without result; credits wait, and what they release to Master deeds is
//!    carried. Both are told in whatever order epochs are closed.
//! 2. [`Pallet::claim`]: anyone sends it, without a fee; the license's owner is paid, or for the Genesis deed the pools.
//!    One claim costs the same after one epoch and after a thousand, and any number of claims pays what one claim would
//!    have.
//! 3. [`SettleRewards::settle`]: the same, from inside the chain, before a link ends or a deed moves.
//! 4. [`SupplyLedger::note_burned`] and [`CountedBurn`]: whoever burns R1 says so, so that total issuance can always
//!    be explained as minted less burned.
//!
//! Credits of Master deeds are statistics, for they earn nothing by themselves.
//!
//! ## Usage
//!
//! - *To be paid*, anyone calls `claim` with the license's number; `claimable` tells what it would mint, `can_claim` why
//!   it would be refused.
//! - *To explain a payout*, `credits`, `emission` and, for a Master deed, `master` tell what was collected, earned and
//!   forgone; `supply` tells it of each class.
//! - *A pallet that burns R1* says so through [`SupplyLedger`]; fees and dust go through [`CountedBurn`].
//!
//! ## Refusals of the feeless claim
//!
//! `claim` is an authorised general transaction. Where it is refused the pool says `InvalidTransaction::Custom(n)`,
//! `n` being the index of the variant of [`Error`]; [`Pallet::can_claim`] gives the typed error.
//!
//! | Code | Error |
//! |---|---|
//! | 0 | `UnknownLicense` |
//! | 1 | `Banned` |
//! | 2 | `NoPool` |
//! | 3 | `NothingToClaim` |
//! | 4 | `NoOwner` |
//! | 5 | `ShareExhausted` |
//!
//! ## Invariants
//!
//! - Total issuance is what was minted less what was burned.
//! - What a class has minted is the sum over its licenses of what they were paid, at most what they have earned, and at
//!   most its share; all classes together at most the cap.
//! - What a class has earned is the sum over its licenses.
//! - `paid <= credits <= maximum` for every license, and no credits beyond the last license.
//! - For every Master deed `earned + forgone + carried`, and what the epochs still open or to come release, is what it
//!   was assigned; `paid <= earned`.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod claim;
mod credits;
mod masters;
mod supply;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use claim::{Emission, Parts};
pub use credits::max_credits;
pub use masters::MasterLedger;
pub use pallet::*;
pub use supply::{ClassSupply, CountedBurn, Supply};
pub use weights::WeightInfo;

#[cfg(doc)]
use ratio1_primitives::{
    economics,
    traits::{SettleRewards, SupplyLedger},
};

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use ratio1_primitives::{
        traits::{LicenseInspect, Pools},
        Balance, LicenseClass, LicenseId, PAGE_SIZE,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    /// Byte credits of 1024 consecutive licenses; shorter when the later ones have none.
    pub type CreditsPage = BoundedVec<u32, ConstU32<PAGE_SIZE>>;

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Where R1 lives. Nothing else may mint it.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>;
        /// Where the Genesis deed's R1 goes.
        type Pools: Pools<Self::AccountId>;
        /// Deeds, their owners, links and grants.
        type Licenses: LicenseInspect<Self::AccountId>;
        /// What calls and hook steps cost.
        type WeightInfo: WeightInfo;
        /// Makes deeds for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper<Self::AccountId>;
    }

    /// Byte credits by page of 1024 licenses.
    #[pallet::storage]
    pub type Credits<T: Config> = StorageMap<_, Twox64Concat, u32, CreditsPage, ValueQuery>;

    /// How many of its byte credits each Node Deed and the Genesis deed were paid for.
    #[pallet::storage]
    pub type Paid<T: Config> = StorageMap<_, Twox64Concat, LicenseId, u32, ValueQuery>;

    /// What became of each Master deed's assignment. Nothing for a deed to which no closed epoch released anything.
    #[pallet::storage]
    pub type Masters<T: Config> = StorageMap<_, Twox64Concat, LicenseId, MasterLedger, ValueQuery>;

    /// Base units ever earned by each class, claimed or not.
    #[pallet::storage]
    pub type Earned<T: Config> = StorageMap<_, Twox64Concat, LicenseClass, Balance, ValueQuery>;

    /// Base units ever minted for each class.
    #[pallet::storage]
    pub type Minted<T: Config> = StorageMap<_, Twox64Concat, LicenseClass, Balance, ValueQuery>;

    /// Base units ever burned.
    #[pallet::storage]
    pub type Burned<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// Nothing to set: the genesis of this pallet only checks that there is no pre-mine. In a runtime this pallet comes
    /// after all those whose genesis can issue R1.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Holds nothing.
        #[serde(skip)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let issued = <T::Currency as fungible::Inspect<T::AccountId>>::total_issuance();
            assert!(issued == 0, "genesis: no pre-mine, but {issued} base units of R1 are issued");
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// R1 was minted for a license's availability.
        Claimed {
            license: LicenseId,
            /// Who was paid.
            owner: T::AccountId,
            /// Base units minted.
            amount: Balance,
            /// Byte credits the license has collected; a Node Deed is now paid for all of them.
            credits: u32,
        },
        /// R1 was minted into the pools for the Genesis deed's availability.
        GenesisClaimed {
            license: LicenseId,
            /// Base units minted, to all pools together.
            amount: Balance,
            /// Base units minted to each pool.
            parts: Parts,
            /// Byte credits the deed is now paid for, in all.
            credits: u32,
        },
        /// R1 left issuance for good.
        Burned {
            /// Base units burned now.
            amount: Balance,
            /// Base units ever burned.
            total: Balance,
        },
    }

    /// The order of the variants is part of the interface: a refused claim carries the variant's index.
    #[pallet::error]
    pub enum Error<T> {
        /// No such license was issued. Look the number up: deeds are numbered without gaps, from zero.
        UnknownLicense,
        /// Governance barred the license and froze its claims. They thaw, with everything earned, when it is unbanned.
        Banned,
        /// A pool has no account to which the Genesis deed's R1 could go. Nothing is lost; ask governance to name the
        /// pools' wallets, then claim.
        NoPool,
        /// Everything finalised so far is paid. Claim again once another epoch with this license's availability is
        /// finalised. A Master deed earns nothing in the first seven months of its schedule, nor after its last.
        NothingToClaim,
        /// The deed has no owner to pay.
        NoOwner,
        /// The class has minted its share of the cap. There is no remedy: nothing is left to mint.
        ShareExhausted,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Mint to the owner of `license` everything it has earned in finalised epochs and was not paid; for the Genesis
        /// deed to the pools.
        ///
        /// An authorised general transaction: no signer, no fee, anyone may send it, valid only when it pays.
        ///
        /// Errors: each of [`Error`].
        #[pallet::call_index(0)]
        #[pallet::weight(Pallet::<T>::claim_weight())]
        #[pallet::authorize(Self::authorize_claim)]
        #[pallet::weight_of_authorize(Pallet::<T>::authorize_weight())]
        pub fn claim(origin: OriginFor<T>, license: LicenseId) -> DispatchResultWithPostInfo {
            ensure_authorized(origin)?;
            let due = Self::check_claim(license)?;
            // The class is known only now: what the largest of them would have cost beyond it is given back to the block.
            let used = Self::claim_weight_of(due.class);
            Self::pay(license, due)?;
            Ok(Some(used).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether a claim for `license` would succeed now, and if not, why.
        pub fn can_claim(license: LicenseId) -> Result<(), DispatchError> {
            Self::check_claim(license)?;
            Ok(())
        }

        /// Base units a claim for `license` would mint now; zero where it would be refused.
        pub fn claimable(license: LicenseId) -> Balance {
            Self::check_claim(license).map_or(0, |due| due.amount)
        }

        /// Byte credits `license` has collected.
        pub fn credits(license: LicenseId) -> u32 {
            Self::credits_of(license)
        }

        /// Cap, granted, minted and unclaimed by class; burned and outstanding.
        pub fn supply() -> Supply {
            Self::current_supply()
        }

        /// Credits, and assigned, minted, claimable, forgone and residual emission of `license`; all zero for a license
        /// that does not exist.
        pub fn emission(license: LicenseId) -> Emission {
            Self::emission_of(license)
        }

        /// What became of a Master deed's assignment so far; all zero before its first release.
        pub fn master(license: LicenseId) -> MasterLedger {
            Masters::<T>::get(license)
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
