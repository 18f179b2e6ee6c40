//! # Sale pallet
//!
//! The sale of Node Deeds in twelve tiers (docs/protocol/licenses.md#the-sale).
//!
//! ## Overview
//!
//! Whoever is attested buys Node Deeds from the network, for R1, at a price fixed in dollars. Twelve tiers are sold one
//! after the other, each dearer than the one before. Of what is paid 20 % is burned, 50 % goes to the liquidity wallet,
//! the rest to operations; nobody is paid for selling. Deeds that were bought once are traded in `pallet-licenses`.
//!
//! ## Terminology
//!
//! - *Tier*: a number of deeds at one price in dollars. Numbered 1 to 12, as the whitepaper does.
//! - *Open tier*: the one that is sold now. It follows from the number of deeds sold, and from nothing else.
//! - *Rate*: dollars per R1. Deeds are sold at the lower of the last two rates, so that nobody buys cheaply by lifting
//!   the rate for one epoch.
//!
//! ## Lifecycle
//!
//! `state` and `quote` tell what there is and what it costs. `buy` names the tier, so that nobody pays the next tier's
//! price unasked; how many deeds at least and at most, as others buy at the same time; and the highest price of one
//! deed, as the rate moves. It takes what is left in the tier, never deeds of two tiers. The deeds are the buyer's at
//! once. When the last deed is sold, or the class has no room for more, the sale is over for good.
//!
//! ## Usage
//!
//! - *To buy*, an attested account asks `quote` and calls `buy` with the tier, the fewest and the most deeds, and the
//!   highest price it would pay for one.
//! - *To plan*, `state` tells the open tier and its price, `left_for` what an entity may still spend.
//!
//! ## Invariants
//!
//! - The dollars spent by all entities together are those that the deeds sold cost.
//! - No entity spent more than the larger limit; the smaller one, of individuals, is enforced at each purchase.
//! - No more deeds were sold than were issued.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod buying;
mod tiers;
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
pub use tiers::{open_tier, revenue, OpenTier};
pub use types::{Quote, SaleState};
pub use weights::WeightInfo;

/// The most deeds that one call buys.
pub const MAX_UNITS: u32 = 100;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use ratio1_primitives::{
        economics::price::{Price, Usd},
        kyc::EntityId,
        refusal::KycRefusal,
        traits::{IssueDeeds, KycInspect, Pools, PriceInspect, SupplyLedger},
        Balance, LicenseId,
    };

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// What deeds are paid with.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>;

        /// Who may buy.
        type Kyc: KycInspect<Self::AccountId>;

        /// What an R1 is worth.
        type Price: PriceInspect;

        /// Where the liquidity wallet and operations are paid.
        type Pools: Pools<Self::AccountId>;

        /// Issues what was bought.
        type Deeds: IssueDeeds<Self::AccountId>;

        /// Is told what was burned.
        type Supply: SupplyLedger;

        /// Weight of the call.
        type WeightInfo: WeightInfo;

        /// Sets up the neighbours for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId>;
    }

    /// Deeds that this pallet sold, from which the open tier follows. Deeds of a preset are not counted.
    #[pallet::storage]
    pub type Sold<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Dollars that each entity spent here, over its whole life.
    #[pallet::storage]
    pub type Spent<T: Config> = StorageMap<_, Blake2_128Concat, EntityId, Usd, ValueQuery>;

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Deeds were sold. `burned`, `liquidity` and `operations` add up to `paid`.
        Bought {
            /// Who paid, and owns them.
            buyer: T::AccountId,
            /// For whose limit they count.
            entity: EntityId,
            /// The tier, 1 to 12.
            tier: u8,
            /// The first of their ids, which follow each other.
            first: LicenseId,
            units: u32,
            /// Base units of R1 paid for each.
            price_each: Balance,
            /// Base units paid in all.
            paid: Balance,
            /// Of it, burned.
            burned: Balance,
            /// Of it, to the liquidity wallet.
            liquidity: Balance,
            /// Of it, to operations.
            operations: Balance,
            /// Dollars per R1 at which they were sold.
            rate: Price,
        },
    }

    /// In the order in which they are checked.
    #[pallet::error]
    pub enum Error<T> {
        /// Nothing, or at least nothing, is asked for; ask for one deed or more.
        ZeroUnits,
        /// The least number of deeds is above the most; exchange them.
        MinAboveMax,
        /// More than [`MAX_UNITS`] deeds in one call; buy in several.
        TooManyUnits,
        /// All Node Deeds are sold; buy one from its owner, see `licenses.listings`.
        SoldOut,
        /// Another tier is open; the view function `state` tells which.
        WrongTier,
        /// The open tier has fewer deeds left than you want at least; ask for fewer, the next tier opens after them.
        FewerThanMinLeft,
        /// The buyer is not attested; complete KYC/KYB with a registrar.
        NotAttested,
        /// The buyer's attestation expired; renew KYC/KYB with a registrar.
        AttestationExpired,
        /// The buyer's attestation was revoked; ask the registrar.
        AttestationRevoked,
        /// The buyer's country is prohibited; wait until it is permitted.
        CountryProhibited,
        /// There is no usable R1/USD rate yet; wait until the oracles posted one.
        RateMissing,
        /// The last R1/USD rate is too old; wait until the oracles posted one.
        RateStale,
        /// A deed costs more R1 than the most you would pay; look at the quote and raise it, or wait for another rate.
        PriceAboveMaximum,
        /// Your entity would spend more dollars on deeds than it may; the view function `left_for` tells what is left.
        LimitExceeded,
        /// You cannot spend what the deeds cost; bring R1 into the account, free some that is held, or buy fewer.
        InsufficientFunds,
        /// The liquidity wallet or that of operations is not set up; tell governance.
        NoWallet,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Buy between `min` and `max` Node Deeds of `tier`, which is 1 to 12 and must be the open one, for at most
        /// `max_price` base units of R1 each. Takes `max`, or what is left in the tier.
        ///
        /// Origin: any account admitted. Errors, in this order: [`Error::ZeroUnits`], [`Error::MinAboveMax`],
        /// [`Error::TooManyUnits`], [`Error::SoldOut`], [`Error::WrongTier`], [`Error::FewerThanMinLeft`],
        /// [`Error::NotAttested`], [`Error::AttestationExpired`], [`Error::AttestationRevoked`],
        /// [`Error::CountryProhibited`], [`Error::RateMissing`], [`Error::RateStale`], [`Error::PriceAboveMaximum`],
        /// [`Error::LimitExceeded`], [`Error::InsufficientFunds`], [`Error::NoWallet`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::buy((*max).min(MAX_UNITS)))]
        pub fn buy(
            origin: OriginFor<T>,
            tier: u8,
            min: u32,
            max: u32,
            max_price: Balance,
        ) -> DispatchResultWithPostInfo {
            let buyer = ensure_signed(origin)?;
            let units = Self::do_buy(buyer, tier, min, max, max_price)?;
            Ok(Some(T::WeightInfo::buy(units)).into())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// How far the sale is, and what a deed costs now.
        pub fn state() -> SaleState {
            Self::current_state()
        }

        /// What `buy` with these arguments would take and cost now, at whatever price, and if it would be refused why.
        /// The transaction's fee comes on top.
        pub fn quote(buyer: T::AccountId, tier: u8, min: u32, max: u32) -> Result<Quote, DispatchError> {
            Self::check_buy(&buyer, tier, min, max, Balance::MAX).map(|order| order.quote)
        }

        /// The dollars that the entity of `who` may still spend here, or why it may spend none.
        pub fn left_for(who: T::AccountId) -> Result<Usd, KycRefusal> {
            T::Kyc::admits(&who).map(|attestation| Self::left(&attestation))
        }

        /// The dollars that an entity spent here.
        pub fn spent_by(entity: EntityId) -> Usd {
            Spent::<T>::get(entity)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            let units = ratio1_primitives::economics::NODE_COUNT;
            assert_eq!(open_tier(units, units), None, "the tiers hold more than the class");
            assert!(units.checked_sub(1).is_some_and(|last| open_tier(last, 1).is_some()), "the tiers hold too few");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
