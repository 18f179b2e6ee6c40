//! # Licenses pallet
//!
//! Node Deeds: their classes, owners and links to nodes (docs/protocol/licenses.md#classes).
//!
//! ## Overview
//!
//! A license, or Node Deed, is a non-fungible token: what lets a node earn. This pallet issues deeds, moves them, links
//! each to at most one node, and tells the other pallets ([`LicenseInspect`]) who is linked and admitted. Ownership is
//! kept in the token pallet behind [`DeedToken`] alone, so that wallets and explorers see ordinary NFTs.
//!
//! ## Terminology
//!
//! - *Link*: the bond between a license and a node, made by the owner with the node's signature as proof.
//! - *Permit*: the license that may move right now. The token pallet's locker knows neither sender nor receiver, so a
//!   deed is always locked for it, except while a call of this pallet that checked both holds the permit.
//! - *Mask*: for a page of 1024 licenses one bit each: linked or not. Kept as versions by epoch, so that it can be told
//!   which licenses were linked when an epoch ended.
//! - *Grant*: what a Master deed was assigned, from which epoch on, and the entity whose sum it counts for.
//! - *Approval*: governance's leave to move one Master deed to one account, once.
//! - *Listing*: an owner's offer of a deed at a price in R1, to anyone admitted or to one account.
//!
//! ## Lifecycle
//!
//! issued (genesis, `grant_master`, sale) -> `link` -> `unlink` -> `transfer`, or `list` and `buy`, once every epoch it
//! was linked at the end of is closed -> `link` by the new owner. `ban` unlinks and freezes claims and transfer, `unban`
//! thaws them.
//!
//! The Genesis deed never moves. A Master deed moves with an approval, within the limit of the receiver's entity; the
//! move uses the approval up, a ban ends it. Link, transfer and ban end a listing. A deed's price goes wholly to its
//! seller, who need not be in good standing: what they own is theirs, and selling is how one leaves.
//!
//! ## Usage
//!
//! - *To earn*, the node signs [`link_payload`](ratio1_primitives::keys::link_payload) with the nonce that `link_nonce`
//!   tells, and the deed's owner calls `link`.
//! - *To replace a node*, the owner calls `unlink`, and links the other one in the next epoch (`link_from`).
//! - *To sell*, the owner unlinks the deed, waits until its epochs are closed, and calls `list`; the buyer calls `buy`.
//! - *To give away*, the owner calls `transfer`; a Master deed needs `approve_master_transfer` by governance first.
//!
//! `link` and `unlink` cost no fee when they succeed; the view functions `can_link` and `can_unlink` tell the refusal.
//! A call that would fail is charged like any other, so an account without balance is refused with `Payment`.
//!
//! ## Invariants
//!
//! - One license <-> one node, both ways; a linked license exists and is not banned.
//! - The newest mask of every page agrees with the links. In no epoch two nodes are linked to one license, not even one
//!   after the other.
//! - Ids are dense; class counts are right and within docs/protocol/licenses.md#classes-of-licenses.
//! - Every deed has an owner, and between calls none is unlocked.
//! - Every Master deed has a grant and no other deed has; the sums, of all and by entity, are those of the grants and
//!   within the limits. Only Master deeds that are not banned have approvals.
//! - Whatever is listed is neither linked nor banned and belongs to its seller; a Master deed is listed for the
//!   approved receiver alone.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod errors;
mod events;
mod genesis;
mod granting;
mod history;
mod inspect;
mod issuing;
mod linking;
mod market;
mod moving;
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
pub use genesis::GenesisDeed;
pub use history::MaskVersion;
pub use pallet::*;
pub use types::{GrantInfo, Listing, MasterGrant};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;
use ratio1_primitives::traits::{DeedToken, LicenseInspect};

/// The one collection of deeds in the token pallet; a license's item has the license's number.
pub const DEED_COLLECTION: u32 = 0;
/// Versions kept of a page's mask: one for each epoch with a change, and one for the time before the first. Linking
/// must wait only when all of them are needed for epochs that are still open.
pub const MAX_VERSIONS: u32 = 64;
/// The most that the view function `listings` tells at once.
pub const MAX_LISTINGS: usize = 100;

// Two long lists kept in files of their own.
#[import_section(events::events)]
#[import_section(errors::errors)]
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{pallet_prelude::*, traits::fungible};
    use frame_system::pallet_prelude::*;
    use ratio1_pallet_support::is_feeless_for;
    use ratio1_primitives::{
        kyc::EntityId,
        refusal::AdmissionRefusal,
        traits::{EpochInspect, JobSlots, KycInspect, OracleInspect, SettleRewards},
        AccountId, Balance, EpochIndex, Hash, License, LicenseClass, LicenseId, NodeId, NodeSignature,
    };

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = Hash, RuntimeEvent: From<Event<Self>>>
    {
        /// Governance: grants Master deeds and approves their moves, bans and unbans.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The deeds as tokens. Its locker must be this pallet.
        type Token: DeedToken<AccountId>;

        /// Who may link and receive.
        type Kyc: KycInspect<AccountId>;

        /// Which epoch runs, and what is still open.
        type Epochs: EpochInspect;

        /// Which licenses are held fast by an oracle.
        type Oracles: OracleInspect<AccountId>;

        /// The slots of jobs that hold a link fast.
        type JobSlots: JobSlots;

        /// Pays the owner before a link ends or a deed moves.
        type Settle: SettleRewards;

        /// What deeds are paid with.
        type Currency: fungible::Mutate<AccountId, Balance = Balance>;

        /// Weights of the calls. Those of `unlink`, `transfer` and `buy` include settling; those of `link` and `unlink`
        /// the check that makes them feeless.
        type WeightInfo: WeightInfo;

        /// Sets up the neighbours for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    /// Every deed ever issued.
    #[pallet::storage]
    pub type Licenses<T: Config> = StorageMap<_, Twox64Concat, LicenseId, License>;

    /// The id of the next deed: how many were issued.
    #[pallet::storage]
    pub type NextId<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Deeds issued of each class.
    #[pallet::storage]
    pub type Issued<T: Config> = StorageMap<_, Twox64Concat, LicenseClass, u32, ValueQuery>;

    /// The license each linked node is linked to.
    #[pallet::storage]
    pub type NodeLicense<T: Config> = StorageMap<_, Blake2_128Concat, NodeId, LicenseId>;

    /// The epoch in which each license's link last ended.
    #[pallet::storage]
    pub type LastUnlink<T: Config> = StorageMap<_, Twox64Concat, LicenseId, EpochIndex>;

    /// The deed that may move right now. Dead between calls.
    #[pallet::storage]
    pub type Permit<T: Config> = StorageValue<_, LicenseId>;

    /// For each page of 1024 licenses which of them were linked, by the epoch from which that held, oldest first. Begins
    /// with epoch 0 until the oldest versions are dropped.
    #[pallet::storage]
    pub type LinkedPages<T: Config> =
        StorageMap<_, Twox64Concat, u32, BoundedVec<MaskVersion, ConstU32<MAX_VERSIONS>>, ValueQuery>;

    /// For each page a number that grows with every change a reader of links must know: link, unlink, ban, unban,
    /// transfer.
    #[pallet::storage]
    pub type LinkRevision<T: Config> = StorageMap<_, Twox64Concat, u32, u32, ValueQuery>;

    /// What each Master deed was assigned, by page of 1024 licenses.
    #[pallet::storage]
    pub type Grants<T: Config> = StorageDoubleMap<_, Twox64Concat, u32, Twox64Concat, LicenseId, MasterGrant>;

    /// Master deeds on each page.
    #[pallet::storage]
    pub type MasterCount<T: Config> = StorageMap<_, Twox64Concat, u32, u32, ValueQuery>;

    /// What all Master deeds were assigned together.
    #[pallet::storage]
    pub type Assigned<T: Config> = StorageValue<_, Balance, ValueQuery>;

    /// What the Master deeds of each entity were assigned together.
    #[pallet::storage]
    pub type EntityAssigned<T: Config> = StorageMap<_, Blake2_128Concat, EntityId, Balance, ValueQuery>;

    /// To whom governance lets a Master deed move.
    #[pallet::storage]
    pub type Approvals<T: Config> = StorageMap<_, Twox64Concat, LicenseId, AccountId>;

    /// The deeds for sale by their owners.
    #[pallet::storage]
    pub type Listings<T: Config> = StorageMap<_, Twox64Concat, LicenseId, Listing>;

    /// The deeds a preset assigns.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The deeds, numbered in order. If there are any, the first is the Genesis deed.
        pub licenses: Vec<GenesisDeed<T::AccountId>>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(&self.licenses);
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Link a license to `node`, and end its listing. The node proves with `proof` over
        /// [`link_payload`](ratio1_primitives::keys::link_payload) that it agrees.
        ///
        /// Origin: the deed's owner. Feeless when it succeeds. Errors: [`Error::UnknownLicense`],
        /// [`Error::NotOwner`], [`Error::Banned`], [`Error::AlreadyLinked`], [`Error::NotAttested`],
        /// [`Error::AttestationExpired`], [`Error::AttestationRevoked`], [`Error::CountryProhibited`],
        /// [`Error::NodeTaken`], [`Error::LinkCooldown`], [`Error::UnlinkCooldown`], [`Error::TooManyOpenEpochs`],
        /// [`Error::BadLinkProof`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::link())]
        #[pallet::feeless_if(
            |origin: &OriginFor<T>, license: &LicenseId, node: &NodeId, proof: &NodeSignature| -> bool {
                is_feeless_for::<T, _, _>(origin, |owner| Pallet::<T>::check_link(&owner, *license, node, proof))
            }
        )]
        pub fn link(origin: OriginFor<T>, license: LicenseId, node: NodeId, proof: NodeSignature) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::check_link(&owner, license, &node, &proof)?;
            let link_nonce = Self::set_link(license, node, T::Epochs::current())?;
            Self::drop_listing(license);
            Self::deposit_event(Event::Linked { license, node, owner, link_nonce });
            Ok(())
        }

        /// Settle a license and end its link. Bytes of the epochs in which it was linked to their end still count.
        ///
        /// Origin: the deed's owner. Feeless when it succeeds. Errors: [`Error::UnknownLicense`],
        /// [`Error::NotOwner`], [`Error::NotLinked`], [`Error::BoundAsOracle`], [`Error::HasSlots`],
        /// [`Error::TooManyOpenEpochs`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::unlink())]
        #[pallet::feeless_if(|origin: &OriginFor<T>, license: &LicenseId| -> bool {
            is_feeless_for::<T, _, _>(origin, |owner| Pallet::<T>::check_unlink(&owner, *license))
        })]
        pub fn unlink(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::check_unlink(&owner, license)?;
            T::Settle::settle(license)?;
            Self::clear_link(license)
        }

        /// Settle a deed and move it to an attested account; a Master deed only to the account approved for it. A
        /// listing ends.
        ///
        /// Origin: the deed's owner. Errors: [`Error::UnknownLicense`], [`Error::NotOwner`], [`Error::SameOwner`],
        /// [`Error::GenesisNeverMoves`], [`Error::MasterNeedsApproval`], [`Error::ApprovedForAnother`],
        /// [`Error::Banned`], [`Error::StillLinked`], [`Error::BoundAsOracle`], [`Error::LinkedEpochsOpen`],
        /// [`Error::ReceiverNotAttested`], [`Error::ReceiverAttestationExpired`], [`Error::ReceiverAttestationRevoked`],
        /// [`Error::ReceiverCountryProhibited`], [`Error::EntityLimitExceeded`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(origin: OriginFor<T>, license: LicenseId, to: AccountId) -> DispatchResult {
            let from = ensure_signed(origin)?;
            let entity = Self::check_transfer(&from, license, &to)?;
            T::Settle::settle(license)?;
            Self::drop_listing(license);
            Self::move_deed(license, from, to, entity)
        }

        /// Bar a license: its slots of jobs are taken away, it is unlinked without being settled, and its claims and
        /// transfer are frozen. Its listing and its approval end.
        ///
        /// Origin: governance. Errors: [`Error::UnknownLicense`], [`Error::AlreadyBanned`],
        /// [`Error::BoundAsOracle`] (remove the oracle first), [`Error::TooManyOpenEpochs`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::ban().saturating_add(T::JobSlots::evict_weight()))]
        pub fn ban(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let deed = Self::deed(license)?;
            ensure!(!deed.banned, Error::<T>::AlreadyBanned);
            ensure!(!T::Oracles::is_bound(license), Error::<T>::BoundAsOracle);
            if deed.link.is_some() {
                T::JobSlots::evict(license);
                Self::clear_link(license)?;
            }
            Self::drop_listing(license);
            Self::drop_approval(license);
            Self::set_banned(license, true);
            Self::deposit_event(Event::Banned { license });
            Ok(())
        }

        /// Lift a ban. The owner may claim, link and transfer again.
        ///
        /// Origin: governance. Errors: [`Error::UnknownLicense`], [`Error::NotBanned`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::unban())]
        pub fn unban(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(Self::deed(license)?.banned, Error::<T>::NotBanned);
            Self::set_banned(license, false);
            Self::deposit_event(Event::Unbanned { license });
            Ok(())
        }

        /// Grant `owner` a Master deed that may mint `assigned` base units, released from the running epoch on.
        ///
        /// Origin: governance. Errors: [`Error::ReceiverNotAttested`], [`Error::ReceiverAttestationExpired`],
        /// [`Error::ReceiverAttestationRevoked`], [`Error::ReceiverCountryProhibited`], [`Error::ZeroAssignment`],
        /// [`Error::AssignmentTooLarge`], [`Error::EntityLimitExceeded`], [`Error::ShareExceeded`],
        /// [`Error::ClassExhausted`], [`Error::GenesisComesFirst`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::grant_master())]
        pub fn grant_master(origin: OriginFor<T>, owner: AccountId, assigned: Balance) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_grant(&owner, assigned, T::Epochs::current()).map(|_| ())
        }

        /// Let a Master deed move to `to`, once, in place of any earlier approval; `None` withdraws it. A listing for
        /// anybody else ends.
        ///
        /// Origin: governance. Errors: [`Error::UnknownLicense`], [`Error::NotMaster`], [`Error::Banned`],
        /// [`Error::SameOwner`], [`Error::NoApproval`].
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::approve_master_transfer())]
        pub fn approve_master_transfer(
            origin: OriginFor<T>,
            license: LicenseId,
            to: Option<AccountId>,
        ) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_approve(license, to)
        }

        /// Offer a deed for `price` base units of R1, to anyone admitted or to `to` alone; a Master deed only to the
        /// account approved for it. Again: another price or buyer.
        ///
        /// Origin: the deed's owner. Errors: [`Error::UnknownLicense`], [`Error::NotOwner`], [`Error::ZeroPrice`],
        /// [`Error::SameOwner`], [`Error::GenesisNeverMoves`], [`Error::MasterNeedsApproval`],
        /// [`Error::ApprovedForAnother`], [`Error::Banned`], [`Error::StillLinked`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::list())]
        pub fn list(origin: OriginFor<T>, license: LicenseId, price: Balance, to: Option<AccountId>) -> DispatchResult {
            let seller = ensure_signed(origin)?;
            Self::check_list(&seller, license, price, to.as_ref())?;
            Listings::<T>::insert(license, Listing { seller: seller.clone(), price, to: to.clone() });
            Self::deposit_event(Event::Listed { license, seller, price, to });
            Ok(())
        }

        /// Take a deed off the market.
        ///
        /// Origin: the deed's owner. Errors: [`Error::UnknownLicense`], [`Error::NotOwner`], [`Error::NotListed`].
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::cancel_listing())]
        pub fn cancel_listing(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            Self::deed_of(&ensure_signed(origin)?, license)?;
            ensure!(Self::drop_listing(license), Error::<T>::NotListed);
            Ok(())
        }

        /// Buy a listed deed: it is settled to its seller, who gets the whole price, then it moves.
        ///
        /// Origin: any account admitted but the owner's. Errors: [`Error::UnknownLicense`], [`Error::NotListed`],
        /// [`Error::SameOwner`], [`Error::ReservedForAnother`], [`Error::PriceAboveMaximum`], those of
        /// [`Pallet::transfer`] to the buyer, [`Error::InsufficientFunds`].
        #[pallet::call_index(9)]
        #[pallet::weight(T::WeightInfo::buy())]
        pub fn buy(origin: OriginFor<T>, license: LicenseId, max_price: Balance) -> DispatchResult {
            let buyer = ensure_signed(origin)?;
            Self::do_buy(buyer, license, max_price)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether `link` by `owner` would succeed now, without fee, and if not why.
        pub fn can_link(
            owner: AccountId,
            license: LicenseId,
            node: NodeId,
            proof: NodeSignature,
        ) -> Result<(), DispatchError> {
            Self::check_link(&owner, license, &node, &proof)
        }

        /// Whether `unlink` by `owner` would succeed now, without fee, and if not why.
        pub fn can_unlink(owner: AccountId, license: LicenseId) -> Result<(), DispatchError> {
            Self::check_unlink(&owner, license)
        }

        /// Whether `transfer` by `from` would succeed now, and if not why.
        pub fn can_transfer(from: AccountId, license: LicenseId, to: AccountId) -> Result<(), DispatchError> {
            Self::check_transfer(&from, license, &to).map(|_| ())
        }

        /// Whether `grant_master` would succeed now, and if not why.
        pub fn can_grant_master(owner: AccountId, assigned: Balance) -> Result<(), DispatchError> {
            Self::check_grant(&owner, assigned).map(|_| ())
        }

        /// Whether `list` by `owner` would succeed now, and if not why.
        pub fn can_list(
            owner: AccountId,
            license: LicenseId,
            price: Balance,
            to: Option<AccountId>,
        ) -> Result<(), DispatchError> {
            Self::check_list(&owner, license, price, to.as_ref())
        }

        /// Whether `buy` by `buyer` would succeed now, and if not why. The transaction's fee comes on top of the price.
        pub fn can_buy(buyer: AccountId, license: LicenseId, max_price: Balance) -> Result<(), DispatchError> {
            Self::check_buy(&buyer, license, max_price).map(|_| ())
        }

        /// A deed's listing, if it is for sale.
        pub fn listing(id: LicenseId) -> Option<Listing> {
            Listings::<T>::get(id)
        }

        /// Up to [`MAX_LISTINGS`] deeds for sale, in no order of meaning, from the one that comes after `after`. Name the
        /// last one told to be told more; none are left when fewer come.
        pub fn listings(after: Option<LicenseId>) -> Vec<(LicenseId, Listing)> {
            let all = after.map_or_else(Listings::<T>::iter, Listings::<T>::iter_from_key);
            all.take(MAX_LISTINGS).collect()
        }

        /// What a Master deed was assigned, what its entity may be assigned more, and to whom it may move.
        pub fn grant(id: LicenseId) -> Option<GrantInfo> {
            Self::grant_info(id)
        }

        /// A deed's state.
        pub fn license(id: LicenseId) -> Option<License> {
            Licenses::<T>::get(id)
        }

        /// The license a node is linked to.
        pub fn license_of(node: NodeId) -> Option<LicenseId> {
            NodeLicense::<T>::get(node)
        }

        /// The license by which a node may beat and work, or why it may not.
        pub fn admission(node: NodeId) -> Result<LicenseId, AdmissionRefusal> {
            <Self as LicenseInspect<AccountId>>::admission(&node)
        }

        /// The first epoch in which a license may be linked again, cooldowns alone considered.
        pub fn link_from(id: LicenseId) -> EpochIndex {
            let linked = Licenses::<T>::get(id).and_then(|deed| deed.last_link);
            let last = linked.max(LastUnlink::<T>::get(id));
            last.map_or(EpochIndex(0), |last| last.plus(1))
        }

        /// The nonce the next link proof of a license must carry.
        pub fn link_nonce(id: LicenseId) -> Option<u32> {
            Licenses::<T>::get(id).map(|deed| deed.link_nonce)
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
