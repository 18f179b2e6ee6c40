//! # Node Deeds: classes, ownership, linking to nodes (protocol section 2)
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
//!
//! ## Lifecycle
//!
//! issued (genesis, grant, sale) -> `link` -> `unlink` -> `transfer` once every epoch it was linked at the end of is closed
//! -> `link` by the new owner. `ban` unlinks and freezes claims and transfer, `unban` thaws them.
//!
//! `link` and `unlink` cost no fee when they succeed; the view functions `can_link` and `can_unlink` tell the refusal.
//! A call that would fail is charged like any other, so an account without balance is refused with `Payment`.
//!
//! ## Invariants
//!
//! - One license <-> one node, both ways; a linked license exists and is not banned.
//! - The newest mask of every page agrees with the links.
//! - Ids are dense; class counts are right and within the limits of the whitepaper.
//! - Every deed has an owner, and between calls none is unlocked.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod history;
mod inspect;
mod issuing;
mod linking;
mod moving;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

#[cfg(feature = "runtime-benchmarks")]
pub use benchmarking::BenchmarkHelper;
pub use history::MaskVersion;
pub use pallet::*;
pub use weights::WeightInfo;

use ratio1_primitives::traits::{DeedToken, LicenseInspect};

/// The one collection of deeds in the token pallet; a license's item has the license's number.
pub const DEED_COLLECTION: u32 = 0;
/// Versions kept of a page's mask: one for each epoch with a change, and one for the time before the first. Linking
/// must wait only when all of them are needed for epochs that are still open.
pub const MAX_VERSIONS: u32 = 64;

#[frame_support::pallet]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use ratio1_primitives::{
        refusal::AdmissionRefusal,
        traits::{EpochInspect, KycInspect, OracleInspect, SettleRewards},
        AccountId, EpochIndex, Hash, License, LicenseClass, LicenseId, NodeId, NodeSignature,
    };

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = Hash, RuntimeEvent: From<Event<Self>>>
    {
        /// Governance: bans and unbans.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The deeds as tokens. Its locker must be this pallet.
        type Token: DeedToken<AccountId>;

        /// Who may link and receive.
        type Kyc: KycInspect<AccountId>;

        /// Which epoch runs, and what is still open.
        type Epochs: EpochInspect;

        /// Which licenses are held fast by an oracle.
        type Oracles: OracleInspect<AccountId>;

        /// Pays the owner before a link ends or a deed moves.
        type Settle: SettleRewards;

        /// Weights of the calls. Those of `unlink` and `transfer` include settling; those of `link` and `unlink` the
        /// check that makes them feeless.
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

    /// The deeds a preset assigns.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// `(class, owner, linked node)`, numbered in order. If there are any, the first is the Genesis deed.
        pub licenses: Vec<(LicenseClass, T::AccountId, Option<NodeId>)>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let start = EpochIndex(0);
            fn fail(what: &str, error: DispatchError) -> ! {
                panic!("genesis: {what}: {error:?}")
            }
            T::Token::create_collection().unwrap_or_else(|e| fail("the deed collection can not be created", e));
            for (class, owner, node) in &self.licenses {
                let issued = Pallet::<T>::do_issue(*class, owner);
                let id = issued.unwrap_or_else(|e| fail("a deed can not be issued", e));
                if let Some(node) = node {
                    assert!(!NodeLicense::<T>::contains_key(node), "genesis: node {node} is linked twice");
                    if let Err(e) = Pallet::<T>::set_link(id, *node, start) {
                        fail("a node can not be linked", e)
                    }
                }
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A deed was issued.
        Issued {
            /// The deed.
            license: LicenseId,
            /// Its class.
            class: LicenseClass,
            /// Its first owner.
            owner: AccountId,
        },
        /// A license was linked to a node.
        Linked {
            /// The license.
            license: LicenseId,
            /// The node.
            node: NodeId,
            /// The owner who linked it.
            owner: AccountId,
            /// The nonce the next link proof must carry.
            link_nonce: u32,
        },
        /// A license was unlinked, by its owner or by a ban.
        Unlinked {
            /// The license.
            license: LicenseId,
            /// The node it was linked to.
            node: NodeId,
            /// The epoch in which, when it ends, the license is no longer linked.
            epoch: EpochIndex,
        },
        /// A deed moved.
        Transferred {
            /// The deed.
            license: LicenseId,
            /// Its former owner.
            from: AccountId,
            /// Its new owner.
            to: AccountId,
        },
        /// A license was barred from links, claims and transfer.
        Banned {
            /// The license.
            license: LicenseId,
        },
        /// A license was let in again.
        Unbanned {
            /// The license.
            license: LicenseId,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// No such deed was issued; check the number.
        UnknownLicense,
        /// Only the deed's owner may do this; sign with the owner's account.
        NotOwner,
        /// The license is banned; ask governance to lift the ban.
        Banned,
        /// The license is linked already; unlink it first.
        AlreadyLinked,
        /// The license is not linked; nothing is left to do.
        NotLinked,
        /// The node is linked to another license; unlink that one first or use another node.
        NodeTaken,
        /// The license was linked in this epoch already; wait for the next epoch.
        LinkCooldown,
        /// The proof is not the node's signature over this chain, license, owner and the license's current link nonce
        /// (`link_nonce`): wrong, made for somebody else, or used before. Have the node sign a new one.
        BadLinkProof,
        /// Too many epochs with changes wait to be closed; wait until the oldest is closed, or ask governance to
        /// settle it.
        TooManyOpenEpochs,
        /// The owner is not attested; complete KYC/KYB with a registrar.
        OwnerNotAttested,
        /// The owner's attestation expired; renew KYC/KYB with a registrar.
        OwnerExpired,
        /// The owner's attestation was revoked; ask the registrar.
        OwnerRevoked,
        /// The owner's country is prohibited; wait until it is permitted.
        OwnerCountryProhibited,
        /// The license's node is an oracle, or leaves the set only in a later session; have governance remove the
        /// oracle, then wait for two sessions.
        BoundAsOracle,
        /// The Genesis deed never moves.
        GenesisNeverMoves,
        /// A Master deed moves only with governance's approval of deed and receiver.
        MasterNeedsApproval,
        /// The deed is linked to a node; unlink it first.
        StillLinked,
        /// An epoch at whose end the deed was linked is still open; wait until it is closed, so that its pay reaches you.
        LinkedEpochsOpen,
        /// The receiver owns the deed already.
        SameOwner,
        /// The receiver is not attested; it must complete KYC/KYB with a registrar.
        ReceiverNotAttested,
        /// The receiver's attestation expired; it must renew KYC/KYB with a registrar.
        ReceiverExpired,
        /// The receiver's attestation was revoked; it must ask its registrar.
        ReceiverRevoked,
        /// The receiver's country is prohibited; choose another receiver.
        ReceiverCountryProhibited,
        /// The license is banned already; nothing is left to do.
        AlreadyBanned,
        /// The license is not banned; nothing is left to do.
        NotBanned,
        /// All deeds of this class are issued; choose another class.
        ClassExhausted,
        /// The first deed, and no other, is the Genesis deed; issue it at genesis.
        GenesisComesFirst,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Link a license to `node`, which proves with `proof` over
        /// [`link_payload`](ratio1_primitives::keys::link_payload) that it agrees.
        ///
        /// Origin: the deed's owner. Feeless when it succeeds. Errors: [`Error::UnknownLicense`],
        /// [`Error::NotOwner`], [`Error::Banned`], [`Error::AlreadyLinked`], [`Error::OwnerNotAttested`],
        /// [`Error::OwnerExpired`], [`Error::OwnerRevoked`], [`Error::OwnerCountryProhibited`],
        /// [`Error::NodeTaken`], [`Error::LinkCooldown`], [`Error::TooManyOpenEpochs`], [`Error::BadLinkProof`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::link())]
        #[pallet::feeless_if(
            |origin: &OriginFor<T>, license: &LicenseId, node: &NodeId, proof: &NodeSignature| -> bool {
                ensure_signed(origin.clone()).is_ok_and(|owner| {
                    Pallet::<T>::check_link(&owner, *license, node, proof).is_ok()
                })
            }
        )]
        pub fn link(origin: OriginFor<T>, license: LicenseId, node: NodeId, proof: NodeSignature) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::check_link(&owner, license, &node, &proof)?;
            let link_nonce = Self::set_link(license, node, T::Epochs::current())?;
            Self::deposit_event(Event::Linked { license, node, owner, link_nonce });
            Ok(())
        }

        /// Settle a license and end its link. Bytes of the epochs in which it was linked to their end still count.
        ///
        /// Origin: the deed's owner. Feeless when it succeeds. Errors: [`Error::UnknownLicense`],
        /// [`Error::NotOwner`], [`Error::NotLinked`], [`Error::BoundAsOracle`], [`Error::TooManyOpenEpochs`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::unlink())]
        #[pallet::feeless_if(|origin: &OriginFor<T>, license: &LicenseId| -> bool {
            ensure_signed(origin.clone()).is_ok_and(|owner| Pallet::<T>::check_unlink(&owner, *license).is_ok())
        })]
        pub fn unlink(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::check_unlink(&owner, license)?;
            T::Settle::settle(license)?;
            Self::clear_link(license)
        }

        /// Settle a Node Deed and move it to an attested account.
        ///
        /// Origin: the deed's owner. Errors: [`Error::UnknownLicense`], [`Error::NotOwner`], [`Error::SameOwner`],
        /// [`Error::GenesisNeverMoves`], [`Error::MasterNeedsApproval`], [`Error::Banned`], [`Error::StillLinked`],
        /// [`Error::BoundAsOracle`], [`Error::LinkedEpochsOpen`], [`Error::ReceiverNotAttested`],
        /// [`Error::ReceiverExpired`], [`Error::ReceiverRevoked`], [`Error::ReceiverCountryProhibited`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::transfer())]
        pub fn transfer(origin: OriginFor<T>, license: LicenseId, to: AccountId) -> DispatchResult {
            let from = ensure_signed(origin)?;
            Self::check_transfer(&from, license, &to)?;
            T::Settle::settle(license)?;
            Self::move_deed(license, &to)?;
            Self::deposit_event(Event::Transferred { license, from, to });
            Ok(())
        }

        /// Bar a license: it is unlinked without being settled, and its claims and transfer are frozen.
        ///
        /// Origin: governance. Errors: [`Error::UnknownLicense`], [`Error::AlreadyBanned`],
        /// [`Error::BoundAsOracle`] (remove the oracle first), [`Error::TooManyOpenEpochs`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::ban())]
        pub fn ban(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let deed = Self::deed(license)?;
            ensure!(!deed.banned, Error::<T>::AlreadyBanned);
            ensure!(!T::Oracles::is_bound(license), Error::<T>::BoundAsOracle);
            if deed.link.is_some() {
                Self::clear_link(license)?;
            }
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

        /// The nonce the next link proof of a license must carry.
        pub fn link_nonce(id: LicenseId) -> Option<u32> {
            Licenses::<T>::get(id).map(|deed| deed.link_nonce)
        }
    }
}
