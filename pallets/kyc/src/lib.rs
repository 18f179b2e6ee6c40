//! # Who may take part: registrars and their attestations (protocol section 2)
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
//!   [`Config::RevocationDelay`] after a revocation or after the country became prohibited.
//! - *Provider reference*: what lets an account without balance send transactions. The first attestation gives one,
//!   once and for good; genesis gives it to the keyed accounts and pools of the preset.
//!
//! ## Lifecycle of an attestation
//!
//! `attest` -> (`attest` again, to renew or correct) -> `revoke`, or it expires -> `attest` again restores it.
//! An account stays with the registrar who attested it: no other one can renew, and so none can take over and revoke,
//! unless governance dismissed that registrar. Governance may attest and revoke anybody; what it attested or revoked
//! last, or genesis did, only governance changes. The owner of an oracle is revoked by governance alone, so that no
//! registrar decides who votes.
//!
//! A renewal never rewrites the past: the record it replaces is kept, and answers for the epochs in which it stood.
//! The entity of an account never changes; another entity takes another account.
//!
//! ## Invariants
//!
//! - `standing(who, epoch)` depends on records only, and for an epoch that has ended it answers the same for ever.
//! - Every attested account was given exactly one provider reference by this pallet.
//! - All records of an account name one entity and well-formed countries; each replaced one is older than its
//!   successor. Prohibitions of a country are ordered and do not overlap.
//!
//! Caps on revocations per registrar and the rules for several accounts of one entity are not part of this pallet yet.

#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod standing;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use pallet::*;
pub use types::{Prohibition, Record};
pub use weights::WeightInfo;

/// Epochs for which standing outlives the expiry of an attestation.
pub const GRACE_EPOCHS: u32 = 30;
/// How often one country can become prohibited. Past prohibitions answer for past epochs, so they are kept.
pub const MAX_PROHIBITIONS: u32 = 64;

#[frame_support::pallet]
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
        /// Governance: appoints registrars, lists countries, may attest anybody and revoke any attestation.
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

    /// Who may attest.
    #[pallet::storage]
    pub type Registrars<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

    /// The newest record of each account ever attested.
    #[pallet::storage]
    pub type Attestations<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, Record<T::AccountId>>;

    /// Replaced records by the epoch from which they stood, so that ended epochs keep their answer. At most one for
    /// each epoch, for what is replaced within the epoch in which it was made never decided an ended epoch.
    #[pallet::storage]
    pub type Superseded<T: Config> =
        StorageDoubleMap<_, Blake2_128Concat, T::AccountId, Twox64Concat, EpochIndex, Record<T::AccountId>>;

    /// When each country was prohibited, oldest first. The country is on the list now if the last one has no end.
    #[pallet::storage]
    pub type Prohibitions<T: Config> =
        StorageMap<_, Twox64Concat, Country, BoundedVec<Prohibition, ConstU32<MAX_PROHIBITIONS>>, ValueQuery>;

    /// Accounts that got their provider reference, which is never taken back and never given twice.
    #[pallet::storage]
    pub type Provided<T: Config> = StorageMap<_, Blake2_128Concat, T::AccountId, ()>;

    /// What a preset assigns: nothing that is issued, only who may take part.
    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
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
            for registrar in &self.registrars {
                Registrars::<T>::insert(registrar, ());
            }
            let start = EpochIndex(0);
            for country in &self.prohibited {
                assert!(country.is_well_formed(), "genesis: malformed country in the prohibited list");
                let added = Pallet::<T>::list_country(*country, start);
                assert!(added.is_ok(), "genesis: a country is listed twice");
            }
            for (who, entity, kind, country, expires) in &self.attestations {
                let attestation =
                    Attestation { entity: entity.0, kind: *kind, country: *country, expires: EpochIndex(*expires) };
                assert!(!Attestations::<T>::contains_key(who), "genesis: an account is attested twice");
                let valid = Pallet::<T>::check_attestation(who, &attestation, start);
                assert!(valid.is_ok(), "genesis: an attestation is malformed, expired or from a prohibited country");
                Pallet::<T>::record(who, attestation, None, start);
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
        RegistrarAdded {
            /// The registrar.
            registrar: T::AccountId,
        },
        /// Governance dismissed a registrar. What it attested stands.
        RegistrarRemoved {
            /// The registrar.
            registrar: T::AccountId,
        },
        /// An account was attested, for the first time or again.
        Attested {
            /// The account.
            who: T::AccountId,
            /// The registrar; none if it was governance.
            by: Option<T::AccountId>,
            /// Whose account it is.
            entity: EntityId,
            /// Person or company.
            kind: EntityKind,
            /// Its country.
            country: Country,
            /// The first epoch in which the account is no longer admitted.
            expires: EpochIndex,
        },
        /// An attestation was revoked: the account is not admitted from now on.
        Revoked {
            /// The account.
            who: T::AccountId,
            /// The registrar; none if it was governance.
            by: Option<T::AccountId>,
            /// The first epoch in which the account is not in good standing.
            stops: EpochIndex,
        },
        /// A country was put on the list: its accounts are not admitted from now on.
        CountryProhibited {
            /// The country.
            country: Country,
            /// The first epoch in which its accounts are not in good standing.
            from: EpochIndex,
        },
        /// A country was taken off the list.
        CountryPermitted {
            /// The country.
            country: Country,
        },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// The account is a registrar already; nothing is left to do.
        AlreadyRegistrar,
        /// The account is no registrar; check the address.
        NoSuchRegistrar,
        /// Only registrars attest and revoke; ask governance to be appointed.
        NotRegistrar,
        /// A country is two upper-case letters (ISO 3166-1 alpha-2); correct it.
        MalformedCountry,
        /// The attestation would have expired already; give an epoch after the running one.
        ExpiryPassed,
        /// The country is on the prohibited list; its accounts can not be attested while it is.
        CountryIsProhibited,
        /// The account belongs to another entity for good; attest another account of the new entity.
        EntityChanged,
        /// The account has no attestation; check the address.
        NotAttested,
        /// The attestation is revoked already; nothing is left to do.
        AlreadyRevoked,
        /// This account was attested by another registrar, who still serves, or by governance; ask the one who did, or
        /// governance, to renew or revoke.
        NotAttestor,
        /// Governance revoked this account's attestation; only governance can restore it, so ask there.
        RevokedByGovernance,
        /// The account owns an oracle; ask governance to revoke it, or to remove the oracle first.
        OwnsOracle,
        /// The country is on the list already; nothing is left to do.
        AlreadyProhibited,
        /// The country is not on the list; nothing is left to do.
        NotProhibited,
        /// The country was prohibited too often for another entry; revoke its attestations instead.
        TooManyProhibitions,
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn integrity_test() {
            assert!(T::RevocationDelay::get() >= 1, "a delay of zero would change an epoch while it is frozen");
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
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
            Registrars::<T>::insert(&registrar, ());
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

        /// Attest an account, or renew or correct its attestation; the account's entity can not change. `expires` is
        /// the first epoch in which the account is no longer admitted.
        ///
        /// Origin: governance; or a registrar, if nobody attested the account before, this registrar did, or one who was
        /// dismissed since. Errors: [`Error::NotRegistrar`], [`Error::NotAttestor`], [`Error::RevokedByGovernance`],
        /// [`Error::MalformedCountry`], [`Error::ExpiryPassed`], [`Error::CountryIsProhibited`],
        /// [`Error::EntityChanged`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::attest())]
        pub fn attest(
            origin: OriginFor<T>,
            who: T::AccountId,
            entity: EntityId,
            kind: EntityKind,
            country: Country,
            expires: EpochIndex,
        ) -> DispatchResult {
            let by = Self::ensure_attestor(origin)?;
            Self::check_attestor(&who, by.as_ref())?;
            let now = T::Epochs::current();
            let attestation = Attestation { entity, kind, country, expires };
            Self::check_attestation(&who, &attestation, now)?;
            Self::record(&who, attestation, by.clone(), now);
            Self::deposit_event(Event::Attested { who, by, entity, kind, country, expires });
            Ok(())
        }

        /// Revoke an attestation: admission ends now, standing after [`Config::RevocationDelay`] epochs.
        ///
        /// Governance may also revoke what a registrar revoked: the end of standing stays, but from then on only
        /// governance can restore the attestation.
        ///
        /// Origin: the registrar who attested, or governance. Errors: [`Error::NotRegistrar`],
        /// [`Error::NotAttested`], [`Error::NotAttestor`], [`Error::AlreadyRevoked`], [`Error::OwnsOracle`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::revoke())]
        pub fn revoke(origin: OriginFor<T>, who: T::AccountId) -> DispatchResult {
            let by = Self::ensure_attestor(origin)?;
            let stops = Self::end_record(&who, by.as_ref(), Self::biting_epoch())?;
            Self::deposit_event(Event::Revoked { who, by, stops });
            Ok(())
        }

        /// Put a country on the prohibited list: admission ends now, standing after [`Config::RevocationDelay`]
        /// epochs.
        ///
        /// Origin: governance. Errors: [`Error::MalformedCountry`], [`Error::AlreadyProhibited`],
        /// [`Error::TooManyProhibitions`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::prohibit_country())]
        pub fn prohibit_country(origin: OriginFor<T>, country: Country) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            ensure!(country.is_well_formed(), Error::<T>::MalformedCountry);
            let from = Self::biting_epoch();
            Self::list_country(country, from)?;
            Self::deposit_event(Event::CountryProhibited { country, from });
            Ok(())
        }

        /// Take a country off the prohibited list. Epochs that ended while it was prohibited stay so.
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
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether `who` is in good standing in the running epoch, and if not why.
        pub fn standing_of(who: T::AccountId) -> Result<Attestation, KycRefusal> {
            <Self as KycInspect<T::AccountId>>::standing(&who, T::Epochs::current())
        }

        /// The newest record of `who`, valid or not.
        pub fn attestation_of(who: T::AccountId) -> Option<Record<T::AccountId>> {
            Attestations::<T>::get(who)
        }

        /// The countries on the list, each with the first epoch in which its accounts are not in good standing.
        pub fn prohibited_countries() -> Vec<(Country, EpochIndex)> {
            Prohibitions::<T>::iter()
                .filter_map(|(country, spans)| spans.last().filter(|p| p.until.is_none()).map(|p| (country, p.from)))
                .collect()
        }
    }
}
