//! # KYC pallet
//!
//! Who may take part: registrars and their attestations (docs/protocol/identity.md#attestations).
//!
//! ## Overview
//!
//! Registrars, appointed by governance, attest accounts: a pseudonym of the entity behind the account, whether it is a
//! person or a company, its country, and when the attestation runs out. The other pallets ask through
//! [`KycInspect`](ratio1_primitives::traits::KycInspect) and know nothing of registrars or countries.
//!
//! ## Terminology
//!
//! - *Admitted*: may begin something now (receive a deed, link a node, become an oracle, open a job). Strict.
//! - *In good standing*: what was begun may go on. Outlives admission by [`GRACE_EPOCHS`] after expiry, and by
//!   [`Config::RevocationDelay`] after a revocation or after the country became prohibited. The owner of an oracle does
//!   not lose it by expiry: no registrar ends an oracle by looking away.
//! - *Provider reference*: what lets an account without balance send transactions. The first attestation gives one,
//!   once and for good; genesis gives it to the keyed accounts and pools of the preset.
//! - *Entity*: the person or company behind one or several accounts. Nothing but its pseudonym is known here.
//!
//! ## Lifecycle
//!
//! Of an attestation: `attest` -> (`attest` again, to renew or correct) -> `revoke`, or it expires -> `attest` again restores it.
//! An account stays with the registrar who attested it: no other one can renew, and so none can take over and revoke,
//! unless governance dismissed that registrar. Governance may attest and revoke anybody; what it attested or revoked
//! last, or genesis did, only governance changes. The owner of an oracle is revoked by governance alone, so that no
//! registrar decides who votes.
//!
//! A registrar revokes at most [`Parameters::revocations_per_epoch`] attestations in an epoch. A renewal that brings the
//! expiry forward takes away like a revocation, so it counts as one and is refused for the owner of an oracle.
//! Governance has no cap. A registrar who is dismissed and appointed again begins at zero.
//!
//! Of an entity: the first attested account makes it, further ones join it, up to [`Parameters::accounts_per_entity`], and
//! none ever leaves: an account belongs to its entity for good; another entity takes another account.
//! - All accounts of an entity are of one kind. An error can be corrected while there is only one account.
//! - A person has one country: a further account must name the one of the person's newest attestation. A person who
//!   moves has one account renewed with the new country; the others follow when they are renewed. A company may be
//!   registered in several countries.
//! - `revoke_entity` ends admission of all its accounts at once and their standing after [`Config::RevocationDelay`],
//!   and nobody can attest them or further ones: a fraud does not go on with the next account. `restore_entity` takes
//!   that back from its moment on; accounts that are revoked themselves stay revoked. Both are governance's, so the
//!   owner of an oracle needs no exception.
//!
//! ## Usage
//!
//! - *A registrar* is appointed with `add_registrar`, then calls `attest` and `revoke`; `can_attest` and `can_revoke`
//!   tell beforehand whether a call would succeed.
//! - *A wallet* asks `status` what an account may do, and why not.
//! - *Another pallet* asks `admits` before something begins, and `standing` while it goes on.
//! - *Governance* acts on entities and countries: `revoke_entity`, `restore_entity`, `prohibit_country`,
//!   `permit_country`.
//!
//! ## What is not kept
//!
//! Only the newest record of each account and the present list of countries are stored: whoever asks for standing asks
//! for the running epoch and keeps what follows from the answer. Past epochs cannot be asked for. What is restored or
//! permitted again gives standing from that moment on.
//!
//! ## Invariants
//!
//! - Who is admitted is in good standing.
//! - Every attested account was given exactly one provider reference by this pallet.
//! - An entity counts the accounts attested for it, at least one, and all are of its kind. A person's country is that
//!   of at least one of the person's accounts.
//! - Countries of records and prohibitions are well-formed, parameters within their bounds.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

mod attesting;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod config;
mod errors;
mod revoking;
mod standing;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use config::{Parameters, ParametersRefusal, ACCOUNTS, REVOCATIONS};
pub use pallet::*;
pub use types::{AccountStatus, Entity, Record, Revocations};
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// Epochs for which standing outlives the expiry of an attestation.
pub const GRACE_EPOCHS: u32 = 30;

// A long list kept in a file of its own.
#[import_section(errors::errors)]
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::pallet_prelude::*;
    use frame_system::pallet_prelude::*;
    use ratio1_primitives::{
        kyc::{Attestation, Country, EntityId, EntityKind},
        refusal::KycRefusal,
        traits::{EpochInspect, IsOracle, KycInspect},
        EpochIndex,
    };
    use sp_core::H256;

    #[pallet::pallet]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// Governance: appoints registrars, lists countries, sets parameters, revokes entities, may attest anybody and
        /// revoke any attestation.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Which epoch runs.
        type Epochs: EpochInspect;

        /// Who owns an oracle.
        type Oracles: IsOracle<Self::AccountId>;

        /// Epochs, at least one, between a revocation or a prohibition and the end of standing.
        #[pallet::constant]
        type RevocationDelay: Get<u32>;

        /// Weights of the calls.
        type WeightInfo: WeightInfo;
    }

    /// What governance may tune.
    #[pallet::storage]
    pub type Configuration<T: Config> = StorageValue<_, Parameters, ValueQuery>;

    /// Who may attest, and what each used of its revocations.
    #[pallet::storage]
    pub type Registrars<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Revocations>;

    /// The newest record of each account ever attested.
    #[pallet::storage]
    pub type Attestations<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Record<T::AccountId>>;

    /// Each entity that ever had an account attested.
    #[pallet::storage]
    pub type Entities<T: Config> = StorageMap<_, Blake2_128Concat, EntityId, Entity>;

    /// The prohibited countries, each with the first epoch in which its accounts are not in good standing.
    #[pallet::storage]
    pub type Prohibitions<T: Config> = StorageMap<_, Twox64Concat, Country, EpochIndex>;

    /// Accounts that got their provider reference, which is never taken back and never given twice.
    #[pallet::storage]
    pub type Provided<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

    /// What a preset assigns: nothing that is issued, only who may take part.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The first parameters.
        pub parameters: Parameters,
        /// The first registrars.
        pub registrars: Vec<T::AccountId>,
        /// `(account, entity, kind, country, expires)`. Without registrar: only governance can revoke them.
        pub attestations: Vec<(T::AccountId, H256, EntityKind, Country, u32)>,
        /// Countries prohibited from the first epoch on.
        pub prohibited: Vec<Country>,
        /// Keyed accounts and pools that get a provider reference without attestation.
        pub providers: Vec<T::AccountId>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let valid = self.parameters.validate();
            assert!(valid.is_ok(), "genesis: the parameters of KYC are out of bounds: {valid:?}");
            Configuration::<T>::put(self.parameters);
            for registrar in &self.registrars {
                Registrars::<T>::insert(registrar, Revocations::default());
            }
            let start = EpochIndex(0);
            for country in &self.prohibited {
                let listed = Pallet::<T>::list_country(*country, start);
                assert!(listed.is_ok(), "genesis: a prohibited country is malformed or listed twice: {listed:?}");
            }
            for (who, entity, kind, country, expires) in &self.attestations {
                let attestation =
                    Attestation { entity: entity.0, kind: *kind, country: *country, expires: EpochIndex(*expires) };
                assert!(!Attestations::<T>::contains_key(who), "genesis: an account is attested twice");
                match Pallet::<T>::check_attest(None, who, &attestation, start) {
                    Ok(change) => Pallet::<T>::record(who, attestation, None, change),
                    Err(refusal) => panic!("genesis: an attestation is refused: {refusal:?}"),
                }
            }
            for account in &self.providers {
                Pallet::<T>::provide(account);
            }
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// Governance appointed a registrar.
        RegistrarAdded { registrar: T::AccountId },
        /// Governance dismissed a registrar. What it attested stands.
        RegistrarRemoved { registrar: T::AccountId },
        /// An account was attested, for the first time or again.
        Attested {
            who: T::AccountId,
            /// The registrar; none if it was governance.
            by: Option<T::AccountId>,
            /// Whose account it is.
            entity: EntityId,
            kind: EntityKind,
            country: Country,
            /// The first epoch in which the account is no longer admitted.
            expires: EpochIndex,
        },
        /// An attestation was revoked: the account is not admitted from now on.
        Revoked {
            who: T::AccountId,
            /// The registrar; none if it was governance.
            by: Option<T::AccountId>,
            /// The first epoch in which the account is not in good standing.
            stops: EpochIndex,
        },
        /// Governance revoked an entity: none of its accounts is admitted from now on.
        EntityRevoked {
            entity: EntityId,
            /// The first epoch in which its accounts are not in good standing.
            stops: EpochIndex,
        },
        /// Governance took an entity's revocation back.
        EntityRestored { entity: EntityId },
        /// A country was put on the list: its accounts are not admitted from now on.
        CountryProhibited {
            country: Country,
            /// The first epoch in which its accounts are not in good standing.
            from: EpochIndex,
        },
        /// A country was taken off the list.
        CountryPermitted { country: Country },
        /// Governance changed the parameters.
        ParametersSet { parameters: Parameters },
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Appoint a registrar.
        ///
        /// Origin: governance. Errors: [`Error::AlreadyRegistrar`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::add_registrar())]
        pub fn add_registrar(origin: OriginFor<T>, registrar: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(!Registrars::<T>::contains_key(&registrar), Error::<T>::AlreadyRegistrar);
            Registrars::<T>::insert(&registrar, Revocations::default());
            Self::deposit_event(Event::RegistrarAdded { registrar });
            Ok(())
        }

        /// Dismiss a registrar. What it attested stands until it expires or governance revokes it.
        ///
        /// Origin: governance. Errors: [`Error::NoSuchRegistrar`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::remove_registrar())]
        pub fn remove_registrar(origin: OriginFor<T>, registrar: T::AccountId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(Registrars::<T>::take(&registrar).is_some(), Error::<T>::NoSuchRegistrar);
            Self::deposit_event(Event::RegistrarRemoved { registrar });
            Ok(())
        }

        /// Attest an account, or renew or correct its attestation; the account's entity cannot change. `expires` is
        /// the first epoch in which the account is no longer admitted. To bring it forward counts as a revocation.
        ///
        /// Origin: governance; or a registrar, if nobody attested the account before, this registrar did, or one who was
        /// dismissed since. Errors: [`Error::NotRegistrar`], [`Error::NotAttestor`], [`Error::RevokedByGovernance`],
        /// [`Error::MalformedCountry`], [`Error::ExpiryPassed`], [`Error::CountryIsProhibited`],
        /// [`Error::EntityChanged`], [`Error::EntityIsRevoked`], [`Error::EntityKindMismatch`],
        /// [`Error::EntityCountryMismatch`], [`Error::TooManyAccounts`]; for a registrar who brings the expiry forward
        /// also [`Error::OwnsOracle`], [`Error::RevocationCapReached`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::attest().max(T::WeightInfo::attest_again()))]
        pub fn attest(
            origin: OriginFor<T>,
            who: T::AccountId,
            entity: EntityId,
            kind: EntityKind,
            country: Country,
            expires: EpochIndex,
        ) -> DispatchResult {
            let by = Self::ensure_attestor(origin)?;
            let attestation = Attestation { entity, kind, country, expires };
            let change = Self::check_attest(by.as_ref(), &who, &attestation, T::Epochs::current())?;
            Self::record(&who, attestation, by.as_ref(), change);
            Self::deposit_event(Event::Attested { who, by, entity, kind, country, expires });
            Ok(())
        }

        /// Revoke an attestation: admission ends now, standing after [`Config::RevocationDelay`] epochs.
        ///
        /// Governance may also revoke what a registrar revoked: the end of standing stays, but from then on only
        /// governance can restore the attestation.
        ///
        /// Origin: the registrar who attested, or governance. Errors: [`Error::NotRegistrar`],
        /// [`Error::NotAttested`], [`Error::NotAttestor`], [`Error::AlreadyRevoked`]; for a registrar also
        /// [`Error::OwnsOracle`], [`Error::RevocationCapReached`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::revoke())]
        pub fn revoke(origin: OriginFor<T>, who: T::AccountId) -> DispatchResult {
            let by = Self::ensure_attestor(origin)?;
            let revocation = Self::check_revoke(by.as_ref(), &who)?;
            let stops = revocation.stops;
            Self::end_record(&who, by.as_ref(), revocation);
            Self::deposit_event(Event::Revoked { who, by, stops });
            Ok(())
        }

        /// Put a country on the prohibited list: admission ends now, standing after [`Config::RevocationDelay`]
        /// epochs.
        ///
        /// Origin: governance. Errors: [`Error::MalformedCountry`], [`Error::AlreadyProhibited`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::prohibit_country())]
        pub fn prohibit_country(origin: OriginFor<T>, country: Country) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let from = Self::biting_epoch();
            Self::list_country(country, from)?;
            Self::deposit_event(Event::CountryProhibited { country, from });
            Ok(())
        }

        /// Take a country off the prohibited list: its accounts are as if it had never been on it, from now on.
        ///
        /// Origin: governance. Errors: [`Error::NotProhibited`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::permit_country())]
        pub fn permit_country(origin: OriginFor<T>, country: Country) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::unlist_country(country)?;
            Self::deposit_event(Event::CountryPermitted { country });
            Ok(())
        }

        /// Set the parameters. What was attested and revoked before stands.
        ///
        /// Origin: governance. Errors: [`Error::RevocationsOutOfBounds`], [`Error::AccountsOutOfBounds`].
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::set_parameters())]
        pub fn set_parameters(origin: OriginFor<T>, parameters: Parameters) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            parameters.validate().map_err(Error::<T>::from)?;
            Configuration::<T>::put(parameters);
            Self::deposit_event(Event::ParametersSet { parameters });
            Ok(())
        }

        /// Revoke an entity with all its accounts: admission ends now, standing after [`Config::RevocationDelay`]
        /// epochs. Costs the same however many accounts it has.
        ///
        /// Origin: governance. Errors: [`Error::NoSuchEntity`], [`Error::EntityAlreadyRevoked`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::revoke_entity())]
        pub fn revoke_entity(origin: OriginFor<T>, entity: EntityId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            let stops = Self::end_entity(entity)?;
            Self::deposit_event(Event::EntityRevoked { entity, stops });
            Ok(())
        }

        /// Take an entity's revocation back: its accounts are admitted and in good standing from now on, if nothing
        /// else stands against them.
        ///
        /// Origin: governance. Errors: [`Error::NoSuchEntity`], [`Error::EntityNotRevoked`].
        #[pallet::call_index(8)]
        #[pallet::weight(T::WeightInfo::restore_entity())]
        pub fn restore_entity(origin: OriginFor<T>, entity: EntityId) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::reopen_entity(entity)?;
            Self::deposit_event(Event::EntityRestored { entity });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether `attest` of `who` by the registrar `by`, or by governance for none, would succeed now, and if not
        /// why.
        pub fn can_attest(
            by: Option<T::AccountId>,
            who: T::AccountId,
            attestation: Attestation,
        ) -> Result<(), DispatchError> {
            Self::check_attest(by.as_ref(), &who, &attestation, T::Epochs::current())?;
            Ok(())
        }

        /// Whether `revoke` of `who` by the registrar `by`, or by governance for none, would succeed now, and if not
        /// why.
        pub fn can_revoke(by: Option<T::AccountId>, who: T::AccountId) -> Result<(), DispatchError> {
            Self::check_revoke(by.as_ref(), &who)?;
            Ok(())
        }

        /// Everything about `who`: attestation, entity, and whether admitted and in good standing or why not.
        pub fn status(who: T::AccountId) -> AccountStatus<T::AccountId> {
            Self::status_of(&who)
        }

        /// Whether `who` is in good standing in the running epoch, and if not why.
        pub fn standing_of(who: T::AccountId) -> Result<Attestation, KycRefusal> {
            <Self as KycInspect<T::AccountId>>::standing(&who, T::Epochs::current())
        }

        /// The newest record of `who`, valid or not.
        pub fn attestation_of(who: T::AccountId) -> Option<Record<T::AccountId>> {
            Attestations::<T>::get(who)
        }

        /// What is known of an entity.
        pub fn entity(id: EntityId) -> Option<Entity> {
            Entities::<T>::get(id)
        }

        /// Whether `who` may attest.
        pub fn is_registrar(who: T::AccountId) -> bool {
            Registrars::<T>::contains_key(who)
        }

        /// How many attestations the registrar may still revoke or shorten in the running epoch; none who is no
        /// registrar.
        pub fn revocations_left(registrar: T::AccountId) -> u32 {
            let most = Configuration::<T>::get().revocations_per_epoch;
            let left = |used: Revocations| most.saturating_sub(used.used(T::Epochs::current()));
            Registrars::<T>::get(registrar).map_or(0, left)
        }

        /// The countries on the list, each with the first epoch in which its accounts are not in good standing.
        pub fn prohibited_countries() -> Vec<(Country, EpochIndex)> {
            Prohibitions::<T>::iter().collect()
        }

        /// What governance may tune.
        pub fn parameters() -> Parameters {
            Configuration::<T>::get()
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::RevocationDelay::get() >= 1, "a delay of zero would end standing within the running epoch");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
