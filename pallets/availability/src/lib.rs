//! # Availability pallet
//!
//! Measures nothing and decides everything: which epoch runs, who votes about it, and what byte every license gets
//! (docs/protocol/units-and-clock.md#time, docs/protocol/availability.md#ballots; apBFT, whitepaper 3.2.3, 3.2.4).
//!
//! ## Overview
//!
//! Oracles count heartbeats off chain. When an epoch ends, this pallet freezes what they vote about, collects their
//! ballots by commit and reveal, takes the lower median of the ballots that count, and hands the result page by page
//! to [`Config::OnEnd`]. No value is ever invented: a finalised byte was reported by an oracle, or chosen by
//! governance between two reported bytes.
//!
//! With its bytes an oracle may report what an R1 costs. When an epoch is finalised, the lower median of the sane
//! prices in its eligible ballots is handed on too, if they are at least `2f + 1`: then those of honest oracles are
//! more than the others, and the median lies between two of them. An epoch that governance chose, or that lapsed, has
//! no price.
//!
//! ## Terminology
//!
//! - *Round*: an epoch that ended and is not closed. Several can be open at once; later ones never wait.
//! - *Seat*: an oracle's place in the set frozen for an epoch.
//! - *Ballot*: a header and the pages it lists; *complete* once all of it is revealed, *eligible* if it counts.
//! - *Polled block*: a block in which `on_poll` ran. Windows are counted in those: during a multi-block migration
//!   neither hooks nor votes run, and no window passes.
//!
//! ## Lifecycle
//!
//! ```text
//! running --ends--> Commit --> Reveal --> Settling --> Finalised
//!    |                 ^                     |
//!    |                 '----- reopened <-----+-- no quorum --> Unresolved --chosen--> Settling --> Chosen
//!    '-- first, without blocks, or nothing to vote about: Void           '-- lapsed by governance, or too old: Lapsed
//! ```
//!
//! An epoch with licenses and without an oracle that was active from its beginning to its end is `Unresolved` at
//! once; as nothing can be revealed, it can only lapse. One without licenses and services has no result to miss: it is
//! `Void`, like the first epoch and those in which no block was made. Void epochs are not stored.
//!
//! Whenever an epoch ends, at most one round lapses by itself: the oldest that has been unresolved too long
//! ([`MAX_ROUND_AGE`]), or the oldest of all if [`MAX_OPEN`] are open. Never one of which bytes were handed on already.
//!
//! [`Config::OnEnd`] is told of every epoch once it is closed: of each page of licenses as it becomes final, then that all
//! are, and of the price; or that the epoch lapsed or is void, as are those before block 1. Pages of services are not
//! handed on: who pays for services reads them, at its own pace.
//!
//! ## Usage
//!
//! - *An oracle* asks `rounds` what is voted about and in which window, and sends `commit`, `reveal_header` and
//!   `reveal_pages`; `ballot_status` tells what is still missing.
//! - *Anyone* asks `epoch_state` where an epoch stands, `finalised_byte` what a license got, and `reported_bytes` who
//!   said what.
//! - *Governance* acts on an epoch without a quorum, after its delay: `resolve_page` for each page, or `lapse`.
//! - *Another pallet* asks [`EpochInspect`](ratio1_primitives::traits::EpochInspect) and
//!   [`AvailabilityProvider`](ratio1_primitives::traits::AvailabilityProvider), or is told through [`Config::OnEnd`].
//!
//! ## Votes
//!
//! `commit`, `reveal_header` and `reveal_pages` are authorised calls: no fee, no account, signed by the vote key that
//! was frozen with the seat. `authorize` checks everything, signature last; the call itself only stores. A refusal is
//! `InvalidTransaction::Custom(n)`, `n` being the index of the variant of [`Error`]; the view functions `can_commit`,
//! `can_reveal_header` and `can_reveal_pages` return the typed error. The one exception is [`Error::BlockFull`]: it is
//! `InvalidTransaction::ExhaustsResources`, which makes an author skip the vote until the next block instead of dropping
//! it. A page of more than 1024 bytes, or more than 16 of them, is no call at all: it does not decode.
//!
//! ## Outages
//!
//! Time without blocks is nobody's fault. Where two blocks are further apart than [`allowance`], the beat slots from the
//! one to the other, and as long after it, are a gap: nobody's beats or coverage are expected in them, and `M` is less by
//! them. An epoch of which less than one slot in [`LEAST_LEFT`] is left lapses at its end, as [`LapseCause::Outage`].
//!
//! ## Absence
//!
//! `report_absence` is an authorised call too, signed by the vote key that an oracle has now. When `n - f` oracles of the
//! running epoch have said of late that a node is silent, [`Config::JobSlots`] moves the slots it serves, within the next
//! blocks. See the module `absence`; `can_report_absence` is its view function.
//!
//! ## Invariants
//!
//! See [`Pallet::do_try_state`]: `Open` and `Rounds` agree, counters equal what is stored, every finalised epoch has all
//! its pages, of exactly the frozen length: no byte beyond the last license.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

mod absence;
mod ballots;
#[cfg(feature = "runtime-benchmarks")]
pub mod benchmarking;
mod config;
mod errors;
mod events;
mod hooks;
mod inspect;
#[cfg(test)]
mod mock;
mod outage;
mod prune;
mod resolve;
mod settle;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use config::{
    Parameters, ParametersRefusal, KEEP_BALLOTS, KEEP_HISTORY, MAX_ABSENTEES, MAX_BALLOT_BYTES, MAX_OPEN,
    MAX_ROUND_AGE, STRAY,
};
pub use outage::{allowance, ALLOWANCE_MS, LEAST_LEFT};
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use config::LOG_TARGET;
use frame_support::pallet_macros::import_section;

// Two long lists kept in files of their own.
#[import_section(events::events)]
#[import_section(errors::errors)]
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{pallet_prelude::*, traits::Time, weights::WeightMeter};
    use frame_system::{ensure_authorized, pallet_prelude::*};
    use ratio1_primitives::{
        api::{Absence, EpochState, Shortfall},
        ballot::{BallotHeader, Frozen, Page, Phase, RevealedPages, MAX_ORACLES},
        traits::{JobSlots, LicenseInspect, OnEpochEnd, OracleInspect, ServiceInspect},
        width::as_u32,
        AccountId, ClockParams, EpochIndex, Hash, LicenseId, VoteId, VoteSignature,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = Hash, RuntimeEvent: From<Event<Self>>>
    {
        /// Sets parameters, chooses for unresolved epochs, lets them lapse.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// The block's time in Unix milliseconds.
        type Time: Time<Moment = u64>;
        /// How many licenses there are.
        type Licenses: LicenseInspect<AccountId>;
        /// How many services there are.
        type Services: ServiceInspect;
        /// Whose slots move when their nodes are absent.
        type JobSlots: JobSlots;
        /// Who votes.
        type Oracles: OracleInspect<AccountId>;
        /// Who is told how epochs end.
        type OnEnd: OnEpochEnd;
        /// Weights of calls and hook steps.
        type WeightInfo: WeightInfo;
        /// Sets up the neighbours.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: benchmarking::BenchmarkHelper;
    }

    /// Length of an epoch in milliseconds, from genesis and never changed.
    #[pallet::storage]
    pub type EpochLength<T> = StorageValue<_, u64, ValueQuery, DefaultEpochLength>;

    /// One minute, for a state built without genesis.
    #[pallet::type_value]
    pub fn DefaultEpochLength() -> u64 {
        60_000
    }

    /// Unix milliseconds at which epoch 0 begins, if the preset fixed it; else the time of block 1.
    #[pallet::storage]
    pub type GenesisMoment<T> = StorageValue<_, u64>;

    /// The clock, fixed at block 1 and never changed.
    #[pallet::storage]
    pub type Clock<T> = StorageValue<_, ClockParams>;

    /// What the next epoch to open will use.
    #[pallet::storage]
    pub type NextParameters<T> = StorageValue<_, Parameters, ValueQuery>;

    /// The epoch that runs.
    #[pallet::storage]
    pub type Running<T> = StorageValue<_, RunningEpoch>;

    /// The epoch that ran at block 1: void, as are all before it.
    #[pallet::storage]
    pub type FirstEpoch<T> = StorageValue<_, EpochIndex, ValueQuery>;

    /// The moment of the last block, in Unix milliseconds.
    #[pallet::storage]
    pub type LastMoment<T> = StorageValue<_, u64>;

    /// The last time in which the chain made no blocks.
    #[pallet::storage]
    pub type LastOutage<T> = StorageValue<_, Outage>;

    /// For each oracle of the running epoch, the slot of its last report of absence in it.
    #[pallet::storage]
    pub type Reported<T> = StorageValue<_, PerSeat<Option<u32>>, ValueQuery>;

    /// Which oracles said in the running epoch that the node of a license is silent. Goes with the epoch.
    #[pallet::storage]
    pub type Silences<T> = StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, LicenseId, Silence>;

    /// The first epoch of which something that was said may be left.
    #[pallet::storage]
    pub type SilencesPruned<T> = StorageValue<_, EpochIndex, ValueQuery>;

    /// Licenses whose slots move, as enough oracles said that their nodes are silent.
    #[pallet::storage]
    pub type Absentees<T> = StorageValue<_, BoundedVec<LicenseId, ConstU32<MAX_ABSENTEES>>, ValueQuery>;

    /// Blocks in which `on_poll` ran.
    #[pallet::storage]
    pub type Polled<T> = StorageValue<_, u32, ValueQuery>;

    /// Rounds that are not closed, oldest first.
    #[pallet::storage]
    pub type Open<T> = StorageValue<_, BoundedVec<EpochIndex, ConstU32<MAX_OPEN>>, ValueQuery>;

    /// Where each open round stands.
    #[pallet::storage]
    pub type Rounds<T> = StorageMap<_, Twox64Concat, EpochIndex, Round>;

    /// What was voted about; kept [`KEEP_HISTORY`] epochs.
    #[pallet::storage]
    pub type FrozenSets<T> = StorageMap<_, Twox64Concat, EpochIndex, Frozen<AccountId>>;

    /// The commit of each seat; kept for ever.
    #[pallet::storage]
    pub type Commits<T> = StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, u16, Hash>;

    /// Revealed headers; kept [`KEEP_BALLOTS`] epochs.
    #[pallet::storage]
    pub type Headers<T> = StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, u16, BallotHeader>;

    /// How much of each ballot is revealed; kept [`KEEP_BALLOTS`] epochs.
    #[pallet::storage]
    pub type Casts<T> = StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, u16, Cast>;

    /// Revealed pages by epoch, page and seat; kept [`KEEP_BALLOTS`] epochs.
    #[pallet::storage]
    pub type BallotPages<T> = StorageNMap<
        _,
        (NMapKey<Twox64Concat, EpochIndex>, NMapKey<Twox64Concat, u32>, NMapKey<Twox64Concat, u16>),
        Page,
    >;

    /// Bytes of ballots taken by the block of this number.
    #[pallet::storage]
    pub type Taken<T> = StorageValue<_, (BlockNumberFor<T>, u32), ValueQuery>;

    /// The last count of each epoch, seat by seat; kept [`KEEP_HISTORY`] epochs.
    #[pallet::storage]
    pub type Tallies<T> = StorageMap<_, Twox64Concat, EpochIndex, PerSeat<Tally>, ValueQuery>;

    /// Results by epoch and page: final once the epoch is; kept [`KEEP_HISTORY`] epochs.
    #[pallet::storage]
    pub type FinalisedPages<T> = StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, u32, Page>;

    /// How each epoch that was voted about was closed; kept for ever.
    #[pallet::storage]
    pub type Records<T> = StorageMap<_, Twox64Concat, EpochIndex, EpochRecord>;

    /// The newest epoch that was finalised.
    #[pallet::storage]
    pub type LastFinalised<T> = StorageValue<_, EpochIndex>;

    /// Where pruning of ballots stands.
    #[pallet::storage]
    pub type BallotsPruned<T> = StorageValue<_, PruneCursor, ValueQuery>;

    /// Where pruning of history stands.
    #[pallet::storage]
    pub type HistoryPruned<T> = StorageValue<_, PruneCursor, ValueQuery>;

    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// Length of an epoch in milliseconds. Immutable.
        pub epoch_ms: u64,
        /// Unix milliseconds at which epoch 0 begins; the time of block 1 if `None`. Immutable.
        pub genesis_moment: Option<u64>,
        /// The first parameters.
        pub parameters: Parameters,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self {
                epoch_ms: DefaultEpochLength::get(),
                genesis_moment: None,
                parameters: Default::default(),
                _config: Default::default(),
            }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let valid = self.parameters.validate(self.epoch_ms);
            assert!(valid.is_ok(), "availability: parameters of the preset are out of bounds: {valid:?}");
            EpochLength::<T>::put(self.epoch_ms);
            GenesisMoment::<T>::set(self.genesis_moment);
            NextParameters::<T>::put(self.parameters);
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Commit to a ballot by the hash of its header. Signed by the seat's frozen vote key.
        #[pallet::call_index(0)]
        #[pallet::weight((T::WeightInfo::commit(), DispatchClass::Operational))]
        #[pallet::authorize(Self::authorize_commit)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_commit())]
        pub fn commit(
            origin: OriginFor<T>,
            epoch: EpochIndex,
            seat: u16,
            hash: Hash,
            _retry: u8,
            _signature: VoteSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::apply_commit(epoch, seat, hash)
        }

        /// Reveal the header that was committed to.
        #[pallet::call_index(1)]
        #[pallet::weight((T::WeightInfo::reveal_header(as_u32(header.page_hashes.len())), DispatchClass::Operational))]
        #[pallet::authorize(Self::authorize_reveal_header)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_reveal_header(as_u32(header.page_hashes.len())))]
        pub fn reveal_header(
            origin: OriginFor<T>,
            epoch: EpochIndex,
            seat: u16,
            header: BallotHeader,
            _retry: u8,
            _signature: VoteSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::apply_header(epoch, seat, header)
        }

        /// Reveal consecutive pages of the ballot, starting with page `first`.
        #[pallet::call_index(2)]
        #[pallet::weight((T::WeightInfo::reveal_pages(as_u32(pages.len())), DispatchClass::Operational))]
        #[pallet::authorize(Self::authorize_reveal_pages)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_reveal_pages(as_u32(pages.len())))]
        pub fn reveal_pages(
            origin: OriginFor<T>,
            epoch: EpochIndex,
            seat: u16,
            first: u32,
            pages: RevealedPages,
            _retry: u8,
            _signature: VoteSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::apply_pages(epoch, seat, first, pages)
        }

        /// Choose the bytes of the next page of an unresolved epoch, each between the least and the greatest byte of
        /// the complete ballots. After the last page the epoch is finalised.
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::resolve_page(MAX_ORACLES))]
        pub fn resolve_page(origin: OriginFor<T>, epoch: EpochIndex, page: u32, values: Page) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::choose_page(epoch, page, values)
        }

        /// Close an unresolved epoch without credits.
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::lapse().saturating_add(T::OnEnd::lapse_weight()))]
        pub fn lapse(origin: OriginFor<T>, epoch: EpochIndex) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            Self::let_lapse(epoch)
        }

        /// Set the parameters from the next epoch on. The epoch's length cannot be changed.
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::set_parameters())]
        pub fn set_parameters(origin: OriginFor<T>, parameters: Parameters) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            parameters.validate(EpochLength::<T>::get()).map_err(Error::<T>::from)?;
            NextParameters::<T>::put(parameters);
            Self::deposit_event(Event::ParametersSet { parameters });
            Ok(())
        }

        /// Say that nodes with running slots are silent. Signed by the vote key of an active oracle. When enough oracles
        /// say so of one, the slots it serves move.
        #[pallet::call_index(6)]
        #[pallet::weight((T::WeightInfo::report_absence(as_u32(absence.licenses.len())), DispatchClass::Operational))]
        #[pallet::authorize(Self::authorize_report_absence)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_report_absence(as_u32(absence.licenses.len())))]
        pub fn report_absence(
            origin: OriginFor<T>,
            voter: VoteId,
            absence: Absence,
            _signature: VoteSignature,
        ) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::apply_absence(voter, absence)
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// Whether `commit` would be accepted now, or why not.
        pub fn can_commit(
            epoch: EpochIndex,
            seat: u16,
            hash: Hash,
            retry: u8,
            signature: VoteSignature,
        ) -> Result<(), DispatchError> {
            Self::check_commit(epoch, seat, &hash, retry, &signature).map(|_| ()).map_err(Into::into)
        }

        /// Whether `reveal_header` would be accepted now, or why not.
        pub fn can_reveal_header(
            epoch: EpochIndex,
            seat: u16,
            header: BallotHeader,
            retry: u8,
            signature: VoteSignature,
        ) -> Result<(), DispatchError> {
            Self::check_header(epoch, seat, &header, retry, &signature).map(|_| ()).map_err(Into::into)
        }

        /// Whether `reveal_pages` would be accepted now, or why not.
        pub fn can_reveal_pages(
            epoch: EpochIndex,
            seat: u16,
            first: u32,
            pages: RevealedPages,
            retry: u8,
            signature: VoteSignature,
        ) -> Result<(), DispatchError> {
            Self::check_pages(epoch, seat, first, &pages, retry, &signature).map(|_| ()).map_err(Into::into)
        }

        /// Whether `report_absence` would be accepted now, or why not.
        pub fn can_report_absence(
            voter: VoteId,
            absence: Absence,
            signature: VoteSignature,
        ) -> Result<(), DispatchError> {
            Self::check_absence(&voter, &absence, &signature).map(|_| ()).map_err(Into::into)
        }

        /// Where an epoch stands.
        pub fn epoch_state(epoch: EpochIndex) -> EpochState {
            Self::state_of(epoch)
        }

        /// The final byte of a license in an epoch, while it is kept.
        pub fn finalised_byte(epoch: EpochIndex, license: LicenseId) -> Option<u8> {
            Self::byte(epoch, license)
        }

        /// What each complete ballot of an epoch gives a license, and whether that ballot counted; while it is kept.
        pub fn reported_bytes(epoch: EpochIndex, license: LicenseId) -> Vec<(AccountId, u8, bool)> {
            Self::reported(epoch, license)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        fn on_poll(_: BlockNumberFor<T>, meter: &mut WeightMeter) {
            Self::poll(meter);
        }

        fn integrity_test() {
            Self::assert_steps_fit();
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
