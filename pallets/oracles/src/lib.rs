//! # Oracles pallet
//!
//! Who validates and votes: admission, session keys, removal, offences (docs/protocol/oracles.md#becoming-an-oracle).
//!
//! ## Overview
//!
//! Oracles are the validators. The validator id is the account that owns the oracle's license, so the fees of a block
//! go to that owner. Governance admits and removes; an oracle cannot leave by itself (the runtime filters
//! `Session::set_keys` and `Session::purge_keys`) and one that is removed never returns, neither with that license nor
//! with that account. The set never falls below [`Minimum`].
//!
//! ## Terminology
//!
//! - *Admitted*: in [`Oracles`], what the next planned session takes.
//! - *Queued*: the set of the next session. *Active*: the set of this session.
//! - *Serving*: active or queued. A removed oracle serves until the second rotation after its removal, an admitted one
//!   becomes active at the second rotation after its admission.
//! - *Bound*: a license whose owner is admitted or serving. It must not be unlinked, moved or banned.
//! - *Marked*: proven to have offended, and admitted or serving.
//!
//! ## Lifecycle
//!
//! 1. The owner of a linked license registers session keys with [`Pallet::register_keys`], without a fee. The proof is
//!    the SCALE encoded tuple of the keys' proofs of possession for the owner's account. It is refused whenever it
//!    would change nothing, and more than once in an epoch, or it were free spam. The transaction pool can only answer
//!    `Payment` to a refused call by an account without funds: ask [`Pallet::can_register_keys`] for the reason.
//! 2. Governance admits the license with [`Pallet::admit`].
//! 3. At the next rotation it is queued, at the one after it is active.
//! 4. [`Pallet::remove`] or an offence takes it out of [`Oracles`]; two rotations later it no longer serves.
//!
//! **Offences** reach [`OnOffenceHandler`](sp_staking::offence::OnOffenceHandler) with all concurrent offenders each
//! time, hence the handler is idempotent. An offender is disabled at once, as far as the Byzantine limit `(n - 1) / 3`
//! permits, and removed, unless the set is at the minimum: then it stays in the set, disabled, until governance
//! replaces it. `pallet-session` forgets who is disabled whenever the set changes, so marked oracles are disabled again
//! at every session start.
//!
//! ## Usage
//!
//! - *To become an oracle*, the owner of a linked license calls `register_keys`, then asks governance for `admit`.
//! - *To rotate keys*, an oracle's owner calls `register_keys` again, at most once in an epoch.
//! - *To leave*, an oracle's owner asks governance for `remove`; two rotations later the license is free.
//! - *Another pallet* asks [`OracleInspect`](ratio1_primitives::traits::OracleInspect) who votes and which licenses are
//!   bound.
//!
//! ## Planning sessions
//!
//! A planned set is handed to `pallet-session` only if it or the keys of an oracle have changed. Returning the same
//! set each time would start a new GRANDPA set and wipe the disabled validators every session. Returning none after a
//! rotation of keys would not do either: the session pallet would queue the new keys, but the historical pallet would
//! copy the root of the old ones, and no equivocation with a new key could be proven once its session is over.
//!
//! ## Weights
//!
//! `pallet-session` charges a whole block for a rotation, which covers what this pallet does in it: a few reads and
//! writes of sets of at most 100 oracles.
//!
//! ## Invariants
//!
//! - The admitted set is never below the minimum; each oracle's license exists, is linked, not banned, and owned by the
//!   oracle; licenses, accounts and entities are distinct.
//! - [`Voters`] and [`Queued`] are the active and the queued set of `pallet-session`, in order.
//! - They agree with the admitted set but for what happened since they were planned: an oracle serves without being
//!   admitted only if it was removed in this or the last session, and is admitted without being queued only if that
//!   happened in this session.
//! - A marked oracle that is active is disabled, unless the Byzantine limit is reached.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

mod admission;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
#[cfg(test)]
mod mock;
mod offences;
mod sessions;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(feature = "runtime-benchmarks")]
pub use types::BenchmarkHelper;
pub use types::{
    KeyProof, Mark, Marks, OracleRecord, OracleSet, Removal, RemovalReason, SessionInspect, Unidentified, MAX_PROOF,
};
pub use weights::WeightInfo;

pub use pallet::*;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use pallet_session::SessionInterface;
    use ratio1_pallet_support::is_feeless_for;
    use ratio1_primitives::{
        ballot::{Seat, MAX_ORACLES},
        traits::{EpochInspect, JobSlots, KycInspect, LicenseInspect},
        width::as_usize,
        EpochIndex, LicenseId,
    };
    use sp_runtime::traits::{Member, OpaqueKeys};
    use sp_staking::SessionIndex;

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Governance: admits, removes, sets the minimum.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The session keys, [`ratio1_primitives::VoteId`] among them.
        type Keys: OpaqueKeys + Member + Parameter;
        /// The session pallet. Its `DisablingStrategy` must be `UpToLimitDisablingStrategy<3>`, its `SessionManager`
        /// `NoteHistoricalRoot<Runtime, Oracles>`, and `Oracles` one of its session handlers.
        type Session: SessionInterface<ValidatorId = Self::AccountId, AccountId = Self::AccountId, Keys = Self::Keys>
            + SessionInspect<Self::AccountId, Self::Keys>;
        /// Deeds and links.
        type Licenses: LicenseInspect<Self::AccountId>;
        /// Attestations.
        type Kyc: KycInspect<Self::AccountId>;
        /// The epoch clock.
        type Epochs: EpochInspect;
        /// The slots of jobs that a candidate must not have.
        type JobSlots: JobSlots;
        /// Sessions for which the roots of validator sets are kept, and so equivocations can be proven.
        #[pallet::constant]
        type HistoryDepth: Get<SessionIndex>;
        /// Weights.
        type WeightInfo: WeightInfo;
        /// Sets the neighbours up for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper<Self::AccountId, Self::Keys>;
    }

    /// The oracle set.
    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// The admitted oracles, in the order of their admission, which is validator order.
    #[pallet::storage]
    pub type Oracles<T: Config> = StorageValue<_, OracleSet<T::AccountId>, ValueQuery>;

    /// The set is never smaller than this. Zero only on a chain without oracles at genesis.
    #[pallet::storage]
    pub type Minimum<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// Accounts that were oracles and never will be again.
    #[pallet::storage]
    pub type Removed<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Removal>;

    /// The removed oracles by license: it does not become an oracle's again, whoever owns it.
    #[pallet::storage]
    pub type RemovedLicenses<T: Config> = StorageMap<_, Twox64Concat, LicenseId, T::AccountId>;

    /// The active validators with their active vote keys, in validator order.
    #[pallet::storage]
    pub type Voters<T: Config> = StorageValue<_, BoundedVec<Seat<T::AccountId>, ConstU32<MAX_ORACLES>>, ValueQuery>;

    /// The validators of the next session, in order.
    #[pallet::storage]
    pub type Queued<T: Config> = StorageValue<_, OracleSet<T::AccountId>, ValueQuery>;

    /// Offenders, to be disabled again at each session start while they serve.
    #[pallet::storage]
    pub type Marked<T: Config> = StorageValue<_, Marks<T::AccountId>, ValueQuery>;

    /// Whether an admitted oracle registered other keys since the last session was planned.
    #[pallet::storage]
    pub type KeysChanged<T: Config> = StorageValue<_, bool, ValueQuery>;

    /// The epoch in which an account last registered keys.
    #[pallet::storage]
    pub type LastRegistered<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, EpochIndex>;

    /// The oracles a chain starts with. Attestations, licenses and links come from the genesis of other pallets, which
    /// is built before; session keys from the session pallet's, which is built after.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The owner and the license of each, in validator order.
        pub oracles: Vec<(T::AccountId, u32)>,
        /// The smallest the set may become: at least one and at most the number of oracles.
        pub minimum: u32,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            Pallet::<T>::build_genesis(&self.oracles, self.minimum);
        }
    }

    /// What happened to the set.
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The owner of `license` registered session keys; they are active from the second session rotation on, if
        /// the owner is an oracle.
        KeysRegistered { who: T::AccountId, license: LicenseId },
        /// Governance admitted an oracle. It is queued at the next rotation.
        OracleAdmitted { oracle: T::AccountId, license: LicenseId, since: SessionIndex },
        /// An oracle was removed for good. It serves until the second rotation from now.
        OracleRemoved { oracle: T::AccountId, license: LicenseId, reason: RemovalReason },
        /// An offender is disabled: it makes no blocks in this session.
        OracleDisabled { oracle: T::AccountId },
        /// An offence was proven. `removed` tells whether it cost the oracle its place; if not, the set is at its
        /// minimum.
        OracleOffended { oracle: T::AccountId, removed: bool },
        /// The set may no longer become smaller than `minimum`.
        MinimumSet { minimum: u32 },
    }

    /// Why a call was refused.
    #[pallet::error]
    pub enum Error<T> {
        /// There is no such license. Use the id of a deed that was issued.
        UnknownLicense,
        /// The license belongs to somebody else. Sign with its owner's account.
        NotOwner,
        /// Governance banned the license. Ask governance to lift the ban.
        LicenseBanned,
        /// No node is linked to the license. Link one with `licenses.link`.
        NotLinked,
        /// The owner is not attested. Complete KYC/KYB with a registrar.
        NotAttested,
        /// The owner's attestation ran out. Renew it with a registrar.
        AttestationExpired,
        /// The owner's attestation was revoked. Ask the registrar for a new one.
        AttestationRevoked,
        /// The owner's country is prohibited. Nothing can be done while it is on the list.
        CountryProhibited,
        /// This license or account was an oracle and was removed. Use another license of another account.
        RemovedForGood,
        /// Keys were already registered in this epoch. Wait for the next one.
        RegisteredThisEpoch,
        /// These keys are the ones registered. Generate new ones, or do nothing.
        SameKeys,
        /// One of the keys is registered by another account. Generate new keys.
        KeysInUse,
        /// The proof does not show that the signer holds all the keys. Generate it for the signer's account, on the
        /// machine that holds the keys.
        InvalidProof,
        /// The owner registered no session keys. It must call `register_keys` first.
        KeysNotRegistered,
        /// The license or its owner is an oracle already.
        AlreadyOracle,
        /// The owner's entity runs an oracle. Remove that one first.
        EntityRunsOracle,
        /// The set is full. Remove an oracle first.
        SetFull,
        /// No admitted oracle has this license. Use one from `oracles`.
        NotOracle,
        /// The set is at its minimum. Admit another oracle or lower the minimum first.
        AtMinimum,
        /// The minimum must be at least one and at most the size of the set.
        MinimumOutOfBounds,
        /// Oracles take no jobs, and the node is offered or serves slots. Its owner must resign them first, and wait for
        /// the end of the epoch.
        HasSlots,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Register the session keys of the signer, who owns `license`. Feeless exactly if it succeeds. The weight
        /// includes the check made before the call.
        ///
        /// Errors: see [`Pallet::can_register_keys`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::register_keys())]
        #[pallet::feeless_if(|origin: &OriginFor<T>, license: &LicenseId, keys: &T::Keys, proof: &KeyProof| -> bool {
            is_feeless_for::<T, _, _>(origin, |who| Pallet::<T>::check_register_keys(&who, *license, keys, proof))
        })]
        pub fn register_keys(
            origin: OriginFor<T>,
            license: LicenseId,
            keys: T::Keys,
            proof: KeyProof,
        ) -> DispatchResult {
            let who = ensure_signed(origin)?;
            Self::check_register_keys(&who, license, &keys, &proof)?;
            T::Session::set_keys(&who, keys)?;
            Self::note_registered(who, license);
            Ok(())
        }

        /// Admit the owner of `license` as an oracle. It is active from the second session rotation on.
        ///
        /// Errors: see [`Pallet::can_admit`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::admit())]
        pub fn admit(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let record = Self::check_admit(license)?;
            Self::do_admit(record)
        }

        /// Remove the oracle with `license`, for good.
        ///
        /// Errors: [`Error::NotOracle`], [`Error::AtMinimum`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::remove())]
        pub fn remove(origin: OriginFor<T>, license: LicenseId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::do_remove(license, RemovalReason::Governance)
        }

        /// Change the least size of the set.
        ///
        /// Errors: [`Error::MinimumOutOfBounds`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::set_minimum())]
        pub fn set_minimum(origin: OriginFor<T>, minimum: u32) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let size = Oracles::<T>::decode_len().unwrap_or_default();
            ensure!((1..=size).contains(&as_usize(minimum)), Error::<T>::MinimumOutOfBounds);
            Minimum::<T>::put(minimum);
            Self::deposit_event(Event::MinimumSet { minimum });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Why [`Pallet::register_keys`] signed by `who` would be refused: the license is unknown, another's, banned,
        /// or not linked; the owner is not attested, or was removed; keys were registered in this epoch, are the
        /// same, or another's; the proof is wrong.
        pub fn can_register_keys(
            who: T::AccountId,
            license: LicenseId,
            keys: T::Keys,
            proof: KeyProof,
        ) -> Result<(), DispatchError> {
            Ok(Self::check_register_keys(&who, license, &keys, &proof)?)
        }

        /// Why [`Pallet::admit`] would be refused: the license is unknown, banned or not linked; its owner is not
        /// attested, was removed, is an oracle, belongs to an entity that runs one, or registered no keys; the set is
        /// full.
        pub fn can_admit(license: LicenseId) -> Result<(), DispatchError> {
            Self::check_admit(license)?;
            Ok(())
        }

        /// The admitted oracles, in validator order.
        pub fn oracles() -> Vec<OracleRecord<T::AccountId>> {
            Oracles::<T>::get().into_inner()
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
