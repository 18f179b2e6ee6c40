//! # Jobs pallet
//!
//! Proof of AI: paid work on nodes that the chain chooses (docs/protocol/jobs.md#asking).
//!
//! ## Overview
//!
//! Anyone who needs containers run can request a job and puts its price on hold. The chain draws nodes for it; what
//! they verifiably did is paid, less the 15 % that is burned; what they did not do is returned. Nobody stands in
//! between.
//!
//! Money is kept by slot. It moves through the account of a slot alone (the module `slot_account`), which holds the
//! slot and its job together.
//!
//! ## Terminology
//!
//! - *Job*: a specification to be run on one or more nodes for a number of epochs. It is paid for in advance.
//! - *Slot*: one node's place in a job. It has money of its own, and its own epochs: they begin with its first
//!   acceptance.
//! - *Draw*: looks for nodes for one or more slots, in an order that nobody could foresee: `pallet-draws`, which this
//!   pallet knows by [`Draws`](ratio1_primitives::traits::Draws) alone.
//! - *Service*: one node serving one slot, from its acceptance. When a slot moves it gets another service. Oracles
//!   measure services; each has an index, its place in the service pages of ballots.
//! - *Period*: 30 epochs of a service, whose earnings are released together.
//!
//! ## Lifecycle
//!
//! ```text
//! job:   Requested --accepted--> Running <--> Degraded --all slots ended--> Settling --all released--> Closed
//!            '--no candidate, cancelled---------------------------------------'
//!
//! slot:  Drawing --drawn--> Offered --accepted--> Running --end of its epochs, cancelled--> Ended
//!        ^  '--deadline--> Ended  |                    |
//!        '---offer lapsed---------'                    |
//!        '-failed, absent, resigned, rejected, evicted-'
//! ```
//!
//! - **Request**: `nodes * epochs * price` is held; the price is that of the tier at the rate of the moment. For each
//!   node a fee is burned, and sixteen more of it are held: one is burned whenever its slot is drawn again.
//! - **Draw**: opened here, carried on by `pallet-draws` as far as this pallet's `on_poll` leaves room for it: a quarter
//!   of its share at least. Whom it finds is offered the slot; if it finds nobody in time the slot ends.
//! - **Acceptance** by the node, with its own key, in [`Parameters::accept_blocks`].
//! - **Settlement**: `availability` tells of closed epochs; a cursor goes through the services, some in each block:
//!   `price * time in the epoch * byte / 255` accrues.
//! - **Release**: two epochs after a period, or after the service's end, when all its epochs are closed. Until then the
//!   requester can reject single epochs, at the price of a full one.
//! - **Failure**: below half in one epoch, below the threshold in two in a row, under 90 % on average over five: the
//!   slot is drawn again, with a new seed. It keeps its money and its end.
//! - **Fault**: an outcome moves a license's reputation only if the slot was served well, before it or by another after
//!   it ([`Trial`]), and no more than one for each epoch, and for each requester and period ([`Blame`]). A service that
//!   comes to nothing on a slot that never earned anything costs the requester an epoch's price.
//! - A **lapsed epoch** is neither paid nor charged, and made good at the end of the slot, if the service still runs.
//!
//! Windows are counted in *polled blocks*: those in which `on_poll` ran. During a multi-block migration none passes.
//!
//! ## Usage
//!
//! - *A requester* asks `quote` what a node costs and calls `request`; then `extend` and `add_nodes` for more, `cancel`
//!   to end the job, `reject` to dispute an epoch. A view function `can_...` tells the refusal of each beforehand.
//! - *A node* asks `work_of` what its license is offered, and sends `accept` and `resign`, signed with its key. They are
//!   authorised calls: refused with `InvalidTransaction::Custom(n)`, `n` being the index of the variant of [`Error`].
//! - *To audit a draw or a payout*, `draw_of` and `earnings` tell all that is needed to recompute them.
//! - *Another pallet* asks [`JobSlots`](ratio1_primitives::traits::JobSlots) whether a license works.
//!
//! ## Invariants
//!
//! See [`Pallet::do_try_state`].
//!
//! - What is held of each account for jobs is the sum of what its jobs' slots hold; a job's ledger adds up.
//! - No slot holds less than what its services have accrued and its coming epochs cost.
//! - A draw looks for a node for every slot that waits for one.
//! - Every running slot has one service, whose license is linked, a Node Deed, and no oracle's.
//! - What is reserved on a node is what its slots need; no index serves twice.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

// Benchmarks run for developers: where they overflow, or miss an index, they fail and nothing else does.
#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::indexing_slicing, clippy::arithmetic_side_effects)]
pub mod benchmarking;
mod blame;
mod config;
mod errors;
mod events;
mod hooks;
mod indices;
mod inspect;
mod leaving;
mod market;
mod offers;
mod releasing;
mod requesting;
mod settling;
mod slot_account;
mod storage;
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
pub use blame::{Blame, Blames, Suspect, Trial, MAX_BLAMES, MAX_SUSPECTS};
pub use config::{Parameters, ParametersRefusal};
pub use inspect::{DrawInfo, EarningInfo, JobInfo, PeriodInfo, QuoteInfo, ServiceInfo, SlotCounts, SlotInfo};
pub use offers::NODE_PRIORITY;
pub use pallet::*;
pub use types::*;
pub use weights::WeightInfo;

use frame_support::pallet_macros::import_section;

/// Where this pallet logs.
pub(crate) const LOG_TARGET: &str = "runtime::jobs";
/// Services settled in one step.
pub const SETTLE_CHUNK: u32 = 32;
/// Jobs, or slots, that a view function tells at once.
pub const MAX_LISTED: usize = 100;

// Long lists kept in files of their own.
#[import_section(events::events)]
#[import_section(errors::errors)]
#[import_section(storage::storage)]
#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{
        dispatch::{DispatchErrorWithPostInfo, PostDispatchInfo},
        pallet_prelude::*,
        traits::{fungible, Time},
        weights::WeightMeter,
    };
    use frame_system::{ensure_authorized, pallet_prelude::*};
    use ratio1_pallet_support::is_feeless_for;
    use ratio1_primitives::{
        api::Assignment,
        jobs::{Drawn, Gpu, JobRequest, SlotRef, Tier, MAX_NODES},
        kyc::EntityId,
        traits::{
            AvailabilityProvider, ClockInspect, Draws, EpochInspect, KycInspect, LicenseInspect, NodeRegistry,
            OracleInspect, PriceInspect, SupplyLedger,
        },
        AccountId, Balance, EpochIndex, Hash, JobId, LicenseId, NodeSignature,
    };

    const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config:
        frame_system::Config<AccountId = AccountId, Hash = Hash, RuntimeEvent: From<Event<Self>>>
    {
        /// Sets parameters.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;
        /// What jobs are paid with.
        type Currency: fungible::hold::Mutate<AccountId, Balance = Balance, Reason = Self::RuntimeHoldReason>
            + fungible::Mutate<AccountId>;
        /// The runtime's reasons for holds.
        type RuntimeHoldReason: From<HoldReason>;
        /// Who may ask for jobs, and in which country operators are.
        type Kyc: KycInspect<AccountId>;
        /// What an R1 is worth.
        type Price: PriceInspect;
        /// The licenses that are drawn.
        type Licenses: LicenseInspect<AccountId>;
        /// Who is an oracle, and takes no job.
        type Oracles: OracleInspect<AccountId>;
        /// What nodes offer, and how they stand.
        type NodeRegistry: NodeRegistry;
        /// Which epoch runs.
        type Epochs: EpochInspect + ClockInspect;
        /// Finalised bytes.
        type Availability: AvailabilityProvider;
        /// Looks for nodes.
        type Draws: Draws;
        /// The block's time in Unix milliseconds.
        type Time: Time<Moment = u64>;
        /// Is told what was burned.
        type Supply: SupplyLedger;
        /// Weights of calls and hook steps.
        type WeightInfo: WeightInfo;
        /// Sets up the neighbours for benchmarks.
        #[cfg(feature = "runtime-benchmarks")]
        type BenchmarkHelper: BenchmarkHelper;
    }

    /// Why R1 is held.
    #[pallet::composite_enum]
    pub enum HoldReason {
        /// For jobs of the account.
        Job,
    }

    #[pallet::genesis_config]
    #[derive(frame_support::DefaultNoBound)]
    pub struct GenesisConfig<T: Config> {
        /// The first parameters.
        pub parameters: Parameters,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            let valid = self.parameters.validate();
            assert!(valid.is_ok(), "jobs: parameters of the preset are out of bounds: {valid:?}");
            Settings::<T>::put(self.parameters);
        }
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Ask for a job. Its price is put on hold, and sixteen small fees for each node; one is burned. `max_price` is the
        /// most that one node may cost per epoch, in base units.
        ///
        /// Origin: an attested account. Errors: those of an invalid request, of the account's attestation, of
        /// the rate, [`Error::PriceAboveMaximum`], [`Error::TooManyLookedFor`], [`Error::InsufficientFunds`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::request(request.nodes.into()))]
        pub fn request(
            origin: OriginFor<T>,
            request: alloc::boxed::Box<JobRequest>,
            max_price: Balance,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_request(owner, *request, max_price)
        }

        /// Add `epochs` epochs to every slot of a job that has not ended, at the rate of the moment, and fill up its draws.
        ///
        /// Origin: the job's owner. Errors: [`Error::UnknownJob`], [`Error::NotOwner`], [`Error::JobEnded`],
        /// [`Error::AlreadyCancelled`], [`Error::EpochsOutOfBounds`], [`Error::TooManyTerms`], those of the attestation
        /// and the rate, [`Error::PriceAboveMaximum`], [`Error::InsufficientFunds`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::extend(MAX_NODES))]
        pub fn extend(origin: OriginFor<T>, job: JobId, epochs: u32, max_price: Balance) -> DispatchResultWithPostInfo {
            let owner = ensure_signed(origin)?;
            let slots = Jobs::<T>::get(job).map_or(1, |job| job.slots);
            let used = PostDispatchInfo::from(Some(T::WeightInfo::extend(slots.into())));
            let extended = Self::do_extend(owner, job, epochs, max_price);
            extended.map(|()| used).map_err(|error| DispatchErrorWithPostInfo { post_info: used, error })
        }

        /// Add slots to a job that is served, for `epochs` epochs each, at the rate of the moment. They cost fees as those
        /// of a request do.
        ///
        /// Origin: the job's owner. Errors: as `extend`, and [`Error::NodesOutOfBounds`], [`Error::NotServedYet`],
        /// [`Error::TooFewIncluded`], [`Error::TooManyLookedFor`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::add_nodes((*nodes).into()))]
        pub fn add_nodes(
            origin: OriginFor<T>,
            job: JobId,
            nodes: u16,
            epochs: u32,
            max_price: Balance,
        ) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_add_nodes(owner, job, nodes, epochs, max_price)
        }

        /// End a job. Slots that are served end with the running epoch, and that epoch and all not finalised still pay.
        /// Once a slot's seed is known it costs an epoch's price, but not more than the epochs that are cancelled: half
        /// is burned, half goes to the owner of the node that was drawn; if none was, all is burned.
        ///
        /// Origin: the job's owner. Feeless when it succeeds, which it does once for each job: what was held may be all the
        /// owner has. Errors: [`Error::UnknownJob`], [`Error::NotOwner`], [`Error::JobEnded`],
        /// [`Error::AlreadyCancelled`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::cancel(MAX_NODES))]
        #[pallet::feeless_if(|origin: &OriginFor<T>, job: &JobId| -> bool {
            is_feeless_for::<T, _, _>(origin, |owner| Pallet::<T>::check_cancel(&owner, *job))
        })]
        pub fn cancel(origin: OriginFor<T>, job: JobId) -> DispatchResultWithPostInfo {
            let owner = ensure_signed(origin)?;
            let slots = Jobs::<T>::get(job).map_or(1, |job| job.slots);
            let used = PostDispatchInfo::from(Some(T::WeightInfo::cancel(slots.into())));
            let cancelled = Self::do_cancel(&owner, job);
            cancelled.map(|()| used).map_err(|error| DispatchErrorWithPostInfo { post_info: used, error })
        }

        /// Burn what a slot's services earned in an epoch and was not released, and what is then missing to an epoch's price
        /// from the requester's own balance. If the service still runs the slot is drawn again.
        ///
        /// Origin: the job's owner. Feeless when it succeeds: each success costs an epoch's price. Errors:
        /// [`Error::UnknownJob`], [`Error::UnknownSlot`], [`Error::NotOwner`], [`Error::NothingToReject`],
        /// [`Error::NotSettled`], [`Error::AlreadyRejected`], [`Error::NothingEarned`], [`Error::InsufficientFunds`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::reject())]
        #[pallet::feeless_if(|origin: &OriginFor<T>, slot: &SlotRef, epoch: &EpochIndex| -> bool {
            is_feeless_for::<T, _, _>(origin, |owner| Pallet::<T>::check_reject(&owner, *slot, *epoch))
        })]
        pub fn reject(origin: OriginFor<T>, slot: SlotRef, epoch: EpochIndex) -> DispatchResult {
            let owner = ensure_signed(origin)?;
            Self::do_reject(&owner, slot, epoch)
        }

        /// Accept the offer of a slot. Signed by the node over
        /// [`accept_payload`](ratio1_primitives::keys::accept_payload).
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::accept())]
        #[pallet::authorize(Self::authorize_accept)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_accept())]
        pub fn accept(origin: OriginFor<T>, slot: SlotRef, _signature: NodeSignature) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_accept(slot)
        }

        /// Leave a slot at the end of the running epoch. Signed by the node over
        /// [`resign_payload`](ratio1_primitives::keys::resign_payload).
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::resign())]
        #[pallet::authorize(Self::authorize_resign)]
        #[pallet::weight_of_authorize(T::WeightInfo::authorize_resign())]
        pub fn resign(origin: OriginFor<T>, slot: SlotRef, _signature: NodeSignature) -> DispatchResult {
            ensure_authorized(origin)?;
            Self::do_resign(slot)
        }

        /// Set the parameters.
        ///
        /// Origin: governance. Errors: one for each bound.
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::set_parameters())]
        pub fn set_parameters(origin: OriginFor<T>, parameters: Parameters) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            parameters.validate().map_err(Error::<T>::from)?;
            Settings::<T>::put(parameters);
            Self::deposit_event(Event::ParametersSet { parameters });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// A job with its money; `None` if it never existed.
        pub fn job(id: JobId) -> Option<JobInfo> {
            Self::job_info(id)
        }

        /// The jobs of an account, at most 100, from the first with a number of at least `from`.
        pub fn jobs_of(owner: AccountId, from: JobId) -> Vec<JobInfo> {
            Self::owned(&owner, from)
        }

        /// A slot of a job that is not closed: its node, its money, its services.
        pub fn slot(slot: SlotRef) -> Option<SlotInfo> {
            Self::slot_info(slot)
        }

        /// The slots a license is offered or serves.
        pub fn work_of(license: LicenseId) -> Vec<Assignment> {
            Self::assignments(license)
        }

        /// What a node costs per epoch now, and the fees of its draws.
        pub fn quote(tier: Tier, gpu: Option<Gpu>) -> Result<QuoteInfo, DispatchError> {
            Self::quote_info(tier, gpu)
        }

        /// Why a slot has the node it has: everything that [`ratio1_primitives::jobs::draw`] needs to recompute it.
        pub fn draw_of(slot: SlotRef) -> Option<DrawInfo> {
            Self::draw_info(slot)
        }

        /// What a slot's services earned in an epoch, with all that is needed to recompute it.
        pub fn earnings(slot: SlotRef, epoch: EpochIndex) -> Vec<EarningInfo> {
            Self::earning_infos(slot, epoch)
        }

        /// Whether `request` would succeed.
        pub fn can_request(owner: AccountId, request: JobRequest, max_price: Balance) -> Result<(), DispatchError> {
            Self::check_request(&owner, &request, max_price).map(|_| ())
        }

        /// Whether `extend` would.
        pub fn can_extend(owner: AccountId, job: JobId, epochs: u32, max_price: Balance) -> Result<(), DispatchError> {
            Self::check_extend(&owner, job, epochs, max_price).map(|_| ()).map_err(Into::into)
        }

        /// Whether `add_nodes` would.
        pub fn can_add_nodes(
            owner: AccountId,
            job: JobId,
            nodes: u16,
            epochs: u32,
            max_price: Balance,
        ) -> Result<(), DispatchError> {
            Self::check_add_nodes(&owner, job, nodes, epochs, max_price).map(|_| ()).map_err(Into::into)
        }

        /// Slots for which nodes are looked for on behalf of an entity:
        /// [`MAX_LOOKED_FOR`](ratio1_primitives::jobs::MAX_LOOKED_FOR) at most when more are asked for.
        pub fn looked_for(entity: EntityId) -> u32 {
            T::Draws::looked_for(entity)
        }

        /// Whether `cancel` would.
        pub fn can_cancel(owner: AccountId, job: JobId) -> Result<(), DispatchError> {
            Self::check_cancel(&owner, job).map(|_| ()).map_err(Into::into)
        }

        /// Whether `reject` would.
        pub fn can_reject(owner: AccountId, slot: SlotRef, epoch: EpochIndex) -> Result<(), DispatchError> {
            Self::check_reject(&owner, slot, epoch).map(|_| ()).map_err(Into::into)
        }

        /// What moved a license's reputation: the newest outcomes of its work that were found its fault.
        pub fn blames_of(license: LicenseId) -> Vec<Blame> {
            Blamed::<T>::get(license).into_inner()
        }

        /// Whether a node's `accept` would, if its signature is good.
        pub fn can_accept(slot: SlotRef) -> Result<(), DispatchError> {
            Self::check_accept(slot).map(|_| ()).map_err(Into::into)
        }

        /// Whether a node's `resign` would, if its signature is good.
        pub fn can_resign(slot: SlotRef) -> Result<(), DispatchError> {
            Self::check_resign(slot).map(|_| ()).map_err(Into::into)
        }

        /// The parameters.
        pub fn parameters() -> Parameters {
            Settings::<T>::get()
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

impl<T> From<ParametersRefusal> for Error<T> {
    fn from(refusal: ParametersRefusal) -> Self {
        match refusal {
            ParametersRefusal::Fee => Self::FeeOutOfBounds,
            ParametersRefusal::Blocks => Self::BlocksOutOfBounds,
            ParametersRefusal::Allowance => Self::AllowanceOutOfBounds,
            ParametersRefusal::Probes => Self::ProbesOutOfBounds,
            ParametersRefusal::Share => Self::ShareOutOfBounds,
        }
    }
}
