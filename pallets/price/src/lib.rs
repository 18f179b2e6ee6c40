//! # Price pallet
//!
//! The R1/USD rate (docs/protocol/governance.md#price).
//!
//! ## Overview
//!
//! What an R1 costs in USD. The oracles name a price with their ballots; the median of each finalised epoch is posted
//! here and becomes the rate, at most a fifth away from the one before. Until there is a market, governance administers
//! the rate, and every reader sees that it did. Deeds and jobs ask through
//! [`PriceInspect`](ratio1_primitives::traits::PriceInspect), and are refused when no rate holds.
//!
//! ## Terminology
//!
//! - *Rate*: a price that was posted, with its [`Source`], the epoch it speaks of and the epoch that ran when it was
//!   posted. Its price is the posted one brought within the limits, which may be less or more than was asked for.
//! - *Limits*: [`BOUNDS`], and [`MAX_STEP`] percent from the rate before. One epoch's changes do not add up: all that is
//!   posted while one epoch runs is measured against the rate with which it began.
//! - *To hold*: an administered rate holds until another one is posted; one of the oracles in the epoch in which it was
//!   posted and [`FRESH_EPOCHS`] after it. Then it is *stale*: it is shown, but nothing is sold at it.
//!
//! ## Lifecycle
//!
//! ```text
//! none --genesis or administer--> Administered --post--> Oracles --post--> Oracles ...
//!                                   ^      |                |
//!                                   '------' administer     '--stale, administer--> Administered
//! ```
//!
//! Rounds may close out of order. The median of an epoch that is not newer than the newest of which one was posted is
//! old news: it is reported by an event and otherwise ignored.
//!
//! ## Usage
//!
//! - *A wallet* asks `current_rate` for the rate and how long it holds, `selling_rate` for what deeds are sold at.
//! - *Governance* sets the rate with `administer` while the oracles have none that holds; `can_administer` tells whether
//!   it may.
//! - *The runtime* hands each epoch's median to [`Pallet::post`].
//!
//! ## Invariants
//!
//! See [`Pallet::do_try_state`]: every rate is within the bounds, the last within a step of the one before, and neither
//! posted before the other nor in an epoch that has not begun.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod rates;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use ratio1_primitives::economics::price::{BOUNDS, FRESH_EPOCHS, MAX_STEP};
pub use types::{Rate, RateInfo, Rates, Source};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use ratio1_primitives::{
        economics::price::{is_sane, Price},
        refusal::PriceRefusal,
        traits::{EpochInspect, PriceInspect},
        EpochIndex,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Governance: administers the rate while the oracles have none.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Which epoch runs.
        type Epochs: EpochInspect;

        /// Weights of the call and of posting a median.
        type WeightInfo: WeightInfo;
    }

    /// The last two rates, once there is one.
    #[pallet::storage]
    pub type Posted<T> = StorageValue<_, Rates>;

    /// The newest epoch of which the oracles' median was posted.
    #[pallet::storage]
    pub type Newest<T> = StorageValue<_, EpochIndex>;

    /// What a preset assigns.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The rate to begin with, in USD with 18 decimals, as text; none if governance is to administer the first one.
        #[serde(default, with = "ratio1_primitives::text")]
        pub administered: Option<Price>,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let Some(price) = self.administered else { return };
            assert!(is_sane(price), "genesis: the administered rate is out of bounds");
            let start = EpochIndex(0);
            let last = Rate { price, source: Source::Administered, epoch: start, posted: start };
            Posted::<T>::put(Rates { last, before: None });
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// There is a new rate.
        RatePosted {
            /// What it speaks of: the epoch voted about, or the one that ran when it was administered.
            epoch: EpochIndex,
            /// What the oracles or governance said.
            median: Price,
            /// What became of it within the limits.
            rate: Price,
            /// Who said it.
            source: Source,
        },
        /// A median came later than that of a newer epoch. The rate stays as it is.
        MedianOutdated {
            /// The epoch voted about.
            epoch: EpochIndex,
            /// What the oracles said.
            median: Price,
            /// The newest epoch of which a median was posted.
            newest: EpochIndex,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The price is zero, below a hundredth of a cent or above ten thousand dollars, in USD with 18 decimals; check
        /// the decimals.
        PriceOutOfBounds,
        /// The oracles posted a rate that holds; the market decides until it is stale.
        MarketRateHolds,
        /// A rate was posted in this epoch already, and steps of one epoch do not add up; try again in the next one.
        AlreadyPostedThisEpoch,
        /// The price is more than a fifth below or above the last rate; get there in several epochs.
        StepTooLarge,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Set the rate, in USD per R1 with 18 decimals, while the oracles have none that holds.
        ///
        /// Origin: governance. Errors: [`Error::PriceOutOfBounds`], [`Error::MarketRateHolds`],
        /// [`Error::AlreadyPostedThisEpoch`], [`Error::StepTooLarge`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::administer())]
        pub fn administer(origin: OriginFor<T>, price: Price) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_administer(price)?;
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// The last rate with its source, and how long it holds. It is shown also when it is stale.
        pub fn current_rate() -> Option<RateInfo> {
            Posted::<T>::get().map(|rates| rates.last.info(T::Epochs::current()))
        }

        /// What deeds are sold at: the lower of the last two rates, or why there is none.
        pub fn selling_rate() -> Result<Price, PriceRefusal> {
            <Self as PriceInspect>::lower_rate()
        }

        /// The last rate and the one before it.
        pub fn last_rates() -> Option<Rates> {
            Posted::<T>::get()
        }

        /// Whether governance may set the rate to `price` now, or why not.
        pub fn can_administer(price: Price) -> Result<(), DispatchError> {
            Self::check_administer(price).map(|_| ()).map_err(Into::into)
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
