//! # Pools pallet
//!
//! Where the Genesis deed's R1 goes, and how it leaves (docs/protocol/rewards.md#pools).
//!
//! ## Overview
//!
//! The Genesis deed mines into five pools. Their R1 lies on keyed accounts, *held* there by this pallet, so that whoever
//! has the key can see it and not move it: it leaves by disbursements only, each recorded for ever with its receiver,
//! amount, purpose and, where governance pays, the milestone it pays for. Operations alone get free balance.
//!
//! | Pool | Wallet | Leaves by |
//! |---|---|---|
//! | liquidity | liquidity | [`Pallet::disburse_liquidity`], signed by the wallet |
//! | operations | operations | ordinary transfers of the wallet |
//! | marketing, grants | foundation | [`Pallet::disburse`], by governance, from epoch 365 on |
//! | social responsibility | foundation | the same, and only once marketing and grants have both paid something |
//!
//! ## Terminology
//!
//! - *Wallet*: a keyed account that keeps the R1 of one or more pools. Named by genesis, replaced by governance.
//! - *Balance of a pool*: what it received less what it spent; for a held pool exactly what is held for it.
//! - *Provider reference*: what lets an account without balance send transactions, and have all of its balance held.
//!   Every wallet is given one when it is named, once and for good.
//!
//! ## Lifecycle
//!
//! 1. R1 comes to [`Pools::account`] (minted by a claim of the Genesis deed, or paid by a buyer of deeds), and
//!    [`Pools::deposited`] holds it.
//! 2. It is disbursed: to anybody but the wallet itself, as free balance.
//! 3. [`Pallet::set_wallet`]: a key was lost or changed hands; governance moves everything held to another account.
//!
//! ## Usage
//!
//! - *The liquidity wallet* pays a counterparty with `disburse_liquidity`, naming the purpose.
//! - *Governance* pays for a milestone with `disburse`, and names another account with `set_wallet`.
//! - *Anyone* reads `pools` and `disbursements`, and asks `can_disburse` or `can_disburse_liquidity` why a payment would
//!   be refused.
//!
//! ## What is free of fees
//!
//! On a chain that begins without R1 the liquidity wallet pays everybody's first fees and cannot pay its own: all it
//! has is held. So its disbursements are feeless, where they succeed. So that this is no way to fill blocks for nothing,
//! a disbursement moves at least [`MIN_LIQUIDITY`] (or all that is left), and only the first [`FREE_PER_EPOCH`] of an
//! epoch are free; the others, and all that fail, cost an ordinary fee of the wallet's free balance.
//! [`Pallet::can_disburse_liquidity`] tells why one would fail, [`Pallet::free_disbursements`] how many are free.
//!
//! ## Invariants
//!
//! - What is held on a wallet for a pool is what the pool received less what it spent. Operations spend nothing here.
//! - The history of a pool is complete: as many entries as the ledger counts, and their sum is what was spent.
//! - No locked pool has spent anything before its lock ended; social has spent nothing before marketing and grants have.
//! - Every wallet has a provider reference.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod disburse;
mod inspect;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
mod wallets;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::{Disbursement, Lock, PoolInfo, PoolLedger, Text, Wallet};
pub use weights::WeightInfo;

use ratio1_primitives::{economics::R1, Balance};

#[cfg(doc)]
use ratio1_primitives::traits::Pools;

/// The least that one disbursement of the liquidity wallet moves, unless it moves all that is left.
pub const MIN_LIQUIDITY: Balance = R1;
/// Disbursements of the liquidity wallet that are free of fees in one epoch.
pub const FREE_PER_EPOCH: u32 = 100;
/// Disbursements that one view call returns at most.
pub const MAX_DISBURSEMENTS_LISTED: u32 = 100;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use ratio1_pallet_support::is_feeless_for;
    use ratio1_primitives::{economics::pools::Pool, traits::EpochInspect, EpochIndex};

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Where R1 lives.
        type Currency: fungible::Mutate<Self::AccountId, Balance = Balance>
            + fungible::hold::Mutate<Self::AccountId, Reason = Self::RuntimeHoldReason>;

        /// The runtime's reasons for holds, ours among them.
        type RuntimeHoldReason: From<HoldReason>;

        /// Governance: disburses marketing, grants and social responsibility, and names wallets.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Which epoch runs.
        type Epochs: EpochInspect;

        /// Weights of the calls. That of `disburse_liquidity` includes the check that makes it feeless.
        type WeightInfo: WeightInfo;

        /// Sets the clock for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper;
    }

    /// For which pool R1 is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// Liquidity: the wallet disburses it to named counterparties.
        #[codec(index = 0)]
        Liquidity,
        /// Marketing: governance disburses it.
        #[codec(index = 1)]
        Marketing,
        /// Grants: governance disburses it.
        #[codec(index = 2)]
        Grants,
        /// Social responsibility: governance disburses it, last.
        #[codec(index = 3)]
        Social,
    }

    /// The accounts that keep the pools.
    #[pallet::storage]
    pub type Wallets<T: Config> = StorageMap<_, Twox64Concat, Wallet, T::AccountId>;

    /// Accounts that got their provider reference, which is never taken back and never given twice.
    #[pallet::storage]
    pub type Provided<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

    /// What each pool received and spent.
    #[pallet::storage]
    pub type Ledgers<T: Config> = StorageMap<_, Twox64Concat, Pool, PoolLedger, ValueQuery>;

    /// Every disbursement ever made, by pool and number, counted from zero.
    #[pallet::storage]
    pub type Disbursements<T: Config> =
        StorageDoubleMap<_, Twox64Concat, Pool, Twox64Concat, u32, Disbursement<T::AccountId>>;

    /// The epoch of the liquidity wallet's last disbursement, and how many it made in it.
    #[pallet::storage]
    pub type LiquidityUse<T: Config> = StorageValue<_, (EpochIndex, u32), ValueQuery>;

    /// The wallets a preset names. Accounts, never balances.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// Keeps liquidity, and disburses it.
        pub liquidity: Option<T::AccountId>,
        /// Gets what is for operations, as free balance.
        pub operations: Option<T::AccountId>,
        /// Keeps marketing, grants and social responsibility, which governance disburses.
        pub foundation: Option<T::AccountId>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let wallets = [
                (Wallet::Liquidity, &self.liquidity),
                (Wallet::Operations, &self.operations),
                (Wallet::Foundation, &self.foundation),
            ];
            for (wallet, account) in wallets {
                if let Some(account) = account {
                    Pallet::<T>::provide(account);
                    Wallets::<T>::insert(wallet, account);
                }
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// R1 came to a pool.
        Deposited {
            pool: Pool,
            /// Base units that came.
            amount: Balance,
            /// Base units the pool received in all.
            received: Balance,
        },
        /// R1 left a pool.
        Disbursed {
            pool: Pool,
            /// The number of the disbursement within the pool.
            index: u32,
            /// Who got it.
            to: T::AccountId,
            /// Base units.
            amount: Balance,
            purpose: Text,
            /// The milestone it pays for; none for liquidity.
            milestone: Option<Text>,
        },
        /// A wallet is another account now.
        WalletSet {
            wallet: Wallet,
            /// The account it was, if it was named before.
            from: Option<T::AccountId>,
            /// The account it is.
            account: T::AccountId,
            /// Base units, held, that moved with it.
            moved: Balance,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// Only the liquidity wallet disburses liquidity; sign with its account.
        NotLiquidityWallet,
        /// A disbursement of zero; name an amount.
        ZeroAmount,
        /// Less than one R1; disburse at least that, or all that is left.
        AmountTooSmall,
        /// The pool has less than that; ask for at most its balance, or wait until more comes.
        InsufficientPool,
        /// The purpose is empty; say what the disbursement is for.
        NoPurpose,
        /// The milestone is missing or empty; name the one this pays for.
        NoMilestone,
        /// The receiver is the wallet that keeps the pool; name whoever really gets it.
        SelfPayment,
        /// The pool is locked for its first 365 epochs; wait until they are over.
        PoolLocked,
        /// Social responsibility comes last; disburse something from marketing and something from grants first.
        SocialOpensLast,
        /// Governance does not disburse this pool; liquidity is disbursed by its wallet, and operations are free balance
        /// of theirs.
        NotGoverned,
        /// The wallet is this account already; nothing is left to do.
        SameWallet,
        /// The pool has no wallet; ask governance to name one.
        NoWallet,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Pay `amount` of the liquidity pool to the counterparty `to`, who gets it as free balance.
        ///
        /// Origin: the liquidity wallet. Feeless when it succeeds, [`FREE_PER_EPOCH`] times in an epoch. Errors:
        /// [`Error::NotLiquidityWallet`], [`Error::ZeroAmount`], [`Error::NoPurpose`], [`Error::SelfPayment`],
        /// [`Error::InsufficientPool`], [`Error::AmountTooSmall`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::disburse_liquidity())]
        #[pallet::feeless_if(|origin: &OriginFor<T>, to: &T::AccountId, amount: &Balance, purpose: &Text| -> bool {
            let check = |who| Pallet::<T>::check_liquidity(&who, to, *amount, purpose);
            Pallet::<T>::free_left() > 0 && is_feeless_for::<T, _, _>(origin, check)
        })]
        pub fn disburse_liquidity(
            origin: OriginFor<T>,
            to: T::AccountId,
            amount: Balance,
            purpose: Text,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::check_liquidity(&who, &to, amount, &purpose)?;
            Self::note_liquidity_use();
            Self::pay(
                Pool::Liquidity,
                who.clone(),
                Disbursement { to, amount, purpose, milestone: None, epoch: T::Epochs::current(), by: Some(who) },
            )
        }

        /// Pay `amount` of marketing, grants or social responsibility to `to`, for a milestone.
        ///
        /// Origin: governance. Errors: [`Error::NotGoverned`], [`Error::ZeroAmount`], [`Error::NoPurpose`],
        /// [`Error::NoMilestone`], [`Error::PoolLocked`], [`Error::SocialOpensLast`], [`Error::NoWallet`],
        /// [`Error::SelfPayment`], [`Error::InsufficientPool`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::disburse())]
        pub fn disburse(
            origin: OriginFor<T>,
            pool: Pool,
            to: T::AccountId,
            amount: Balance,
            purpose: Text,
            milestone: Option<Text>,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let from = Self::check_governed(pool, &to, amount, &purpose, milestone.as_ref())?;
            let epoch = T::Epochs::current();
            Self::pay(pool, from, Disbursement { to, amount, purpose, milestone, epoch, by: None })
        }

        /// Make `account` the wallet, and move to it everything held for the wallet's pools. What is free on the former
        /// account stays there. The account gets a provider reference.
        ///
        /// Origin: governance. Errors: [`Error::SameWallet`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::set_wallet())]
        pub fn set_wallet(origin: OriginFor<T>, wallet: Wallet, account: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::change_wallet(wallet, account)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Every pool: wallet, received, spent, balance, and what it is locked by.
        pub fn pools() -> Vec<PoolInfo<T::AccountId>> {
            Self::infos()
        }

        /// Disbursements of `pool` from the number `from` on, at most `count` and never more than [`MAX_DISBURSEMENTS_LISTED`].
        pub fn disbursements(pool: Pool, from: u32, count: u32) -> Vec<Disbursement<T::AccountId>> {
            Self::listed(pool, from, count)
        }

        /// Whether `disburse_liquidity` signed by `who` would succeed now, and if not why. Whether it is free of fees
        /// tells [`Pallet::free_disbursements`].
        pub fn can_disburse_liquidity(
            who: T::AccountId,
            to: T::AccountId,
            amount: Balance,
            purpose: Text,
        ) -> Result<(), DispatchError> {
            Self::check_liquidity(&who, &to, amount, &purpose)
        }

        /// Disbursements of the liquidity wallet that are still free of fees in this epoch.
        pub fn free_disbursements() -> u32 {
            Self::free_left()
        }

        /// Whether `disburse` by governance would succeed now, and if not why.
        pub fn can_disburse(
            pool: Pool,
            to: T::AccountId,
            amount: Balance,
            purpose: Text,
            milestone: Option<Text>,
        ) -> Result<(), DispatchError> {
            Self::check_governed(pool, &to, amount, &purpose, milestone.as_ref()).map(|_| ())
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
