//! # Governance pallet
//!
//! The public delay, and pauses that expire (docs/protocol/governance.md#deciding).
//!
//! ## Overview
//!
//! A collective decides, everybody can read what, and only then it happens. Two thirds of the collective put a call on
//! the list; after the delay it is dispatched as root. Nothing of root is reached faster. What the collective can do at
//! once is to stop things for a while: pause a call, or halt everything that is not protected. Both end by themselves.
//!
//! Said plainly: two thirds of the collective can replace the runtime. The delay is the protection: time to read, to
//! object, to leave, and for a majority to [`cancel`](Pallet::cancel).
//!
//! ## Terminology
//!
//! - *Enactment*: a call that was decided and waits until the delay is over. Its encoding is on chain for the whole
//!   delay: in the list if it is short, else as a preimage that is requested and so cannot be withdrawn.
//! - *Time*: delays, pauses, halts and cooldowns are measured in milliseconds, with a floor in blocks
//!   ([`FLOOR_BLOCK_MS`]). A network that makes few blocks stays governable, and one that made none for days does not
//!   find, in its first block, that everybody's time to object has passed.
//! - *Pause*: one call that nobody can make, but root. *Halt*: all calls but the protected ones (safe mode).
//! - *Cooldown*: as long as something was stopped, the same cannot be stopped again. After a halt nothing can be
//!   stopped at all, so that pauses and halts in turn cannot stop a call for good either.
//! - *Protected*: what the runtime never lets be paused or halted: governance, votes, claims, refunds.
//!
//! ## Lifecycle
//!
//! Of an enactment: `schedule` -> (the delay) -> handed to the scheduler, which calls [`enact`](Pallet::enact) in the next
//! block; or `cancel`.
//! The outcome is in the event [`Event::Enacted`]: a call that fails does not fail silently. What the scheduler gave up
//! (its event tells) stays on the list, overdue, until it is cancelled; decide it again.
//!
//! Of a pause: `pause` -> `resume`, or it ends -> as long again -> it can be paused again. A halt likewise.
//!
//! ## Usage
//!
//! - *To decide something*, the collective passes a motion whose call is `schedule`; a call of more than 128 bytes is
//!   noted at `preimage` first.
//! - *To object*, read `pending` during the delay, and have more than half of the collective pass `cancel`.
//! - *To stop harm at once*, two thirds of the collective pass `pause` or `halt`; `can_pause` and `can_halt` tell whether
//!   they may.
//!
//! ## Invariants
//!
//! - An enactment is dispatched `delay_ms` after it was decided, with the delay of then, and not earlier, whoever calls
//!   `enact`: in the block after the one in which its time comes, or in the first one with room (the last block of a
//!   session has none).
//! - The delay is never below the network's minimum, which is written at genesis and never again. Pauses and halts are
//!   never longer than the delay: none outlasts what can be decided about it.
//! - Ids are never used twice. What waits is at most [`MAX_PENDING`]; preimages of what waits are requested.
//! - No call has two entries among the pauses; an entry that is over, is over.
//! - No member has more than [`MAX_MOTIONS`] open motions, so that none can take all the places there are.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

extern crate alloc;

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod config;
mod enacting;
mod hooks;
mod motions;
mod pausing;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

#[cfg(test)]
mod mock;
#[cfg(test)]
mod tests;

pub use config::{Parameters, ParametersRefusal, LEAST_BLOCK_MS, LEAST_DELAY_MS, MOST_DELAY_MS};
pub use pallet::*;
pub use types::{
    floor_blocks, most_blocks, CallName, Enactment, Instant, Name, OpenMotion, Pause, PendingEnactment, Span, Timer,
    FLOOR_BLOCK_MS, MAX_MOTIONS, MAX_NAME, MAX_PAUSES, MAX_PENDING,
};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(clippy::expect_used, reason = "FRAME writes them: names of storage, and weights of hooks")]
pub mod pallet {
    use super::*;
    use alloc::vec::Vec;
    use frame_support::{
        dispatch::{DispatchInfo, GetDispatchInfo, PostDispatchInfo},
        pallet_prelude::*,
        traits::{
            schedule::v3::Named, Bounded, GetCallMetadata, QueryPreimage, SafeMode, StorePreimage, Time,
            TransactionPause,
        },
    };
    use frame_system::pallet_prelude::*;
    use sp_runtime::traits::Dispatchable;

    /// A call, in place or as a noted preimage.
    pub type BoundedCallOf<T> = Bounded<<T as Config>::RuntimeCall, <T as frame_system::Config>::Hashing>;
    pub(crate) type EnactmentOf<T> = Enactment<BoundedCallOf<T>, BlockNumberFor<T>>;
    pub(crate) type PendingOf<T> =
        PendingEnactment<BoundedCallOf<T>, <T as frame_system::Config>::Hash, BlockNumberFor<T>>;
    pub(crate) type InstantOf<T> = Instant<BlockNumberFor<T>>;
    pub(crate) type MotionsOf<T> = BoundedVec<
        OpenMotion<<T as frame_system::Config>::AccountId, <T as frame_system::Config>::Hash>,
        <T as Config>::MaxMotions,
    >;
    pub(crate) type PausesOf<T> = BoundedVec<Pause<BlockNumberFor<T>>, ConstU32<MAX_PAUSES>>;

    /// Version of the storage's layout.
    const STORAGE_VERSION: StorageVersion = StorageVersion::new(2);

    #[pallet::pallet]
    #[pallet::storage_version(STORAGE_VERSION)]
    pub struct Pallet<T>(_);

    /// What this pallet needs from the runtime.
    #[pallet::config]
    pub trait Config: frame_system::Config<RuntimeEvent: From<Event<Self>>> {
        /// The runtime's call.
        type RuntimeCall: Parameter
            + Dispatchable<RuntimeOrigin = Self::RuntimeOrigin, Info = DispatchInfo, PostInfo = PostDispatchInfo>
            + GetDispatchInfo
            + GetCallMetadata
            + From<Call<Self>>
            + From<frame_system::Call<Self>>;

        /// The runtime's caller.
        type PalletsOrigin: From<frame_system::RawOrigin<Self::AccountId>>;

        /// Who decides, pauses and halts: two thirds of the collective.
        type DecideOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who undoes that: cancels, resumes, ends a halt. More than half of the collective.
        type UndoOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// Who changes the parameters: root, hence after the delay.
        type AdminOrigin: EnsureOrigin<Self::RuntimeOrigin>;

        /// The moment of the block that is being made, known from its very beginning: that of its slot.
        type Time: Time<Moment = u64>;

        /// The places for motions that the collective has.
        type MaxMotions: Get<u32>;

        /// Calls `enact` when it is time.
        type Scheduler: Named<
            BlockNumberFor<Self>,
            <Self as Config>::RuntimeCall,
            Self::PalletsOrigin,
            Hasher = Self::Hashing,
        >;

        /// Where long calls are noted.
        type Preimages: QueryPreimage<H = Self::Hashing> + StorePreimage;

        /// Pauses calls.
        type Pauses: TransactionPause<CallIdentifier = CallName>;

        /// Halts everything that is not protected.
        type SafeMode: SafeMode<BlockNumber = BlockNumberFor<Self>>;

        /// The heaviest enactment: what the scheduler certainly finds room for.
        #[pallet::constant]
        type MaxWeight: Get<Weight>;

        /// Weights of the calls and the hook.
        type WeightInfo: WeightInfo;
    }

    #[pallet::type_value]
    pub fn DefaultMinimum() -> u64 {
        LEAST_DELAY_MS
    }

    /// The shortest delay this network may have, in milliseconds. Written at genesis and never again.
    #[pallet::storage]
    pub type MinimumDelay<T: Config> = StorageValue<_, u64, ValueQuery, DefaultMinimum>;

    /// How long things take.
    #[pallet::storage]
    pub type Configuration<T: Config> = StorageValue<_, Parameters, ValueQuery>;

    /// The id of the next enactment.
    #[pallet::storage]
    pub type NextId<T: Config> = StorageValue<_, u32, ValueQuery>;

    /// What was decided and waits.
    #[pallet::storage]
    pub type Pending<T: Config> = CountedStorageMap<_, Twox64Concat, u32, EnactmentOf<T>>;

    /// What of it has not been handed to the scheduler.
    #[pallet::storage]
    pub type Timers<T: Config> =
        StorageValue<_, BoundedVec<Timer<BlockNumberFor<T>>, ConstU32<MAX_PENDING>>, ValueQuery>;

    /// The motions that were open when somebody last moved one, and whose they are.
    #[pallet::storage]
    pub type Motions<T: Config> = StorageValue<_, MotionsOf<T>, ValueQuery>;

    /// What is paused, or cannot be paused again yet.
    #[pallet::storage]
    pub type Pauses<T: Config> = StorageValue<_, PausesOf<T>, ValueQuery>;

    /// The last halt.
    #[pallet::storage]
    pub type LastHalt<T: Config> = StorageValue<_, Span<BlockNumberFor<T>>>;

    /// What a preset sets.
    #[pallet::genesis_config]
    pub struct GenesisConfig<T: Config> {
        /// The shortest delay, in milliseconds. Immutable.
        pub minimum_delay: u64,
        /// The first parameters.
        pub parameters: Parameters,
        #[serde(skip)]
        #[doc(hidden)]
        pub _config: core::marker::PhantomData<T>,
    }

    impl<T: Config> Default for GenesisConfig<T> {
        fn default() -> Self {
            Self { minimum_delay: LEAST_DELAY_MS, parameters: Default::default(), _config: Default::default() }
        }
    }

    #[pallet::genesis_build]
    impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
        fn build(&self) {
            assert!(self.minimum_delay >= LEAST_DELAY_MS, "genesis: the minimum delay is below that of any network");
            let valid = self.parameters.validate(self.minimum_delay);
            assert!(valid.is_ok(), "genesis: the parameters of governance are out of bounds: {valid:?}");
            MinimumDelay::<T>::put(self.minimum_delay);
            Configuration::<T>::put(self.parameters);
        }
    }

    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// The collective decided on a call.
        Scheduled {
            id: u32,
            /// The call, or where its preimage is.
            call: BoundedCallOf<T>,
            /// Hash of the encoded call.
            hash: T::Hash,
            /// Length of the encoded call.
            length: u32,
            /// When it is handed to the scheduler, to be dispatched as root.
            due: InstantOf<T>,
        },
        /// A decision was undone.
        Cancelled {
            id: u32,
            /// Hash of the encoded call.
            hash: T::Hash,
        },
        /// A call was dispatched as root.
        Enacted {
            id: u32,
            /// Hash of the encoded call.
            hash: T::Hash,
            /// How it ended. A call that failed changed nothing.
            result: DispatchResult,
        },
        /// Nobody but root can make this call.
        Paused {
            call: CallName,
            /// When it works again.
            until: InstantOf<T>,
        },
        /// The call works again: the pause ended, or was ended.
        Resumed { call: CallName },
        /// Only protected calls can be made.
        Halted {
            /// When everything works again.
            until: InstantOf<T>,
        },
        /// The halt ended, or was ended.
        Unhalted,
        /// Governance changed the parameters. What waits keeps its time, what is stopped its end.
        ParametersSet { parameters: Parameters },
    }

    #[pallet::error]
    pub enum Error<T> {
        /// As many enactments wait as can; try again when one is enacted or cancelled.
        TooManyPending,
        /// Every id has been used; only a runtime upgrade helps.
        NoIdLeft,
        /// The call is longer than 128 bytes and there is no preimage of this hash and length; note it at `preimage`
        /// first and give the length of the encoded call.
        NotNoted,
        /// The bytes are not a call of this runtime, or one nested too deeply; encode it again from this runtime's
        /// metadata.
        Malformed,
        /// The call is too heavy to be dispatched at the beginning of a block; split it, or, for a runtime, authorise
        /// the upgrade by its hash.
        TooHeavy,
        /// No enactment of this id waits; see `pending`.
        UnknownEnactment,
        /// The public delay is not over; wait until the enactment is due.
        TooEarly,
        /// The call is longer than announced; give its real length.
        WitnessTooLow,
        /// The runtime has no such pallet and call; spell both as the metadata does.
        NoSuchCall,
        /// This call is never paused; it is governance, a vote, a claim or a refund.
        Protected,
        /// The call is paused already; nothing is left to do.
        AlreadyPaused,
        /// The call is not paused, or not by the collective; nothing is left to do.
        NotPaused,
        /// The call was paused and is not paused again until it has worked for as long; wait.
        PauseCooldown,
        /// As many calls are paused or cooling down as can be; wait, or halt everything.
        TooManyPauses,
        /// Everything is halted already; nothing is left to do.
        AlreadyHalted,
        /// Nothing is halted; nothing is left to do.
        NotHalted,
        /// There was a halt, and nothing is paused or halted again until everything has worked for as long; wait.
        HaltCooldown,
        /// The delay is below the network's minimum or above the maximum; choose one between.
        DelayOutOfBounds,
        /// A pause lasts at least a slot and at most the delay; choose one between.
        PauseOutOfBounds,
        /// A halt lasts at least a slot and at most the delay; choose one between.
        HaltOutOfBounds,
        /// You have as many open motions as a member may; close one first, or ask another member to move it.
        TooManyMotions,
    }

    #[pallet::call]
    impl<T: Config> Pallet<T> {
        /// Decide that `call` be dispatched as root after the delay. The same call may wait twice.
        ///
        /// A call of at most 128 bytes is given in place; a longer one is noted at `preimage` before, so that everybody
        /// can read it during the whole delay.
        ///
        /// Origin: two thirds of the collective. Errors: [`Error::TooManyPending`], [`Error::NotNoted`],
        /// [`Error::Malformed`], [`Error::TooHeavy`], [`Error::NoIdLeft`].
        #[pallet::call_index(0)]
        #[pallet::weight(T::WeightInfo::schedule(call.lookup_len().unwrap_or(128)))]
        pub fn schedule(origin: OriginFor<T>, call: BoundedCallOf<T>) -> DispatchResult {
            T::DecideOrigin::ensure_origin(origin)?;
            Self::do_schedule(call)
        }

        /// Undo a decision before it is enacted.
        ///
        /// Origin: more than half of the collective. Errors: [`Error::UnknownEnactment`].
        #[pallet::call_index(1)]
        #[pallet::weight(T::WeightInfo::cancel())]
        pub fn cancel(origin: OriginFor<T>, id: u32) -> DispatchResult {
            T::UndoOrigin::ensure_origin(origin)?;
            Self::do_cancel(id)
        }

        /// Dispatch a decided call as root: the scheduler does it when the delay is over. `call_weight` and `length`
        /// are what the call may weigh and how long its encoding is. How the call ended is in [`Event::Enacted`].
        ///
        /// Origin: root. Errors: [`Error::UnknownEnactment`], [`Error::TooEarly`], [`Error::WitnessTooLow`].
        #[pallet::call_index(2)]
        #[pallet::weight(T::WeightInfo::enact(*length).saturating_add(*call_weight))]
        pub fn enact(origin: OriginFor<T>, id: u32, call_weight: Weight, length: u32) -> DispatchResultWithPostInfo {
            ensure_root(origin)?;
            Self::do_enact(id, call_weight, length)
        }

        /// Pause a call for a while, at once.
        ///
        /// Origin: two thirds of the collective. Errors: [`Error::NoSuchCall`], [`Error::AlreadyHalted`],
        /// [`Error::HaltCooldown`], [`Error::AlreadyPaused`], [`Error::PauseCooldown`], [`Error::Protected`],
        /// [`Error::TooManyPauses`].
        #[pallet::call_index(3)]
        #[pallet::weight(T::WeightInfo::pause())]
        pub fn pause(origin: OriginFor<T>, pallet: Name, call: Name) -> DispatchResult {
            T::DecideOrigin::ensure_origin(origin)?;
            Self::do_pause((pallet, call))
        }

        /// End a pause early.
        ///
        /// Origin: more than half of the collective. Errors: [`Error::NotPaused`].
        #[pallet::call_index(4)]
        #[pallet::weight(T::WeightInfo::resume())]
        pub fn resume(origin: OriginFor<T>, pallet: Name, call: Name) -> DispatchResult {
            T::UndoOrigin::ensure_origin(origin)?;
            Self::do_resume((pallet, call))
        }

        /// Halt everything but protected calls for a while, at once.
        ///
        /// Origin: two thirds of the collective. Errors: [`Error::AlreadyHalted`], [`Error::HaltCooldown`].
        #[pallet::call_index(5)]
        #[pallet::weight(T::WeightInfo::halt())]
        pub fn halt(origin: OriginFor<T>) -> DispatchResult {
            T::DecideOrigin::ensure_origin(origin)?;
            Self::do_halt()
        }

        /// End a halt early.
        ///
        /// Origin: more than half of the collective. Errors: [`Error::NotHalted`].
        #[pallet::call_index(6)]
        #[pallet::weight(T::WeightInfo::unhalt())]
        pub fn unhalt(origin: OriginFor<T>) -> DispatchResult {
            T::UndoOrigin::ensure_origin(origin)?;
            Self::do_unhalt()
        }

        /// Change how long things take. What waits keeps its time, what is stopped its end.
        ///
        /// Origin: governance. Errors: [`Error::DelayOutOfBounds`], [`Error::PauseOutOfBounds`],
        /// [`Error::HaltOutOfBounds`].
        #[pallet::call_index(7)]
        #[pallet::weight(T::WeightInfo::set_parameters())]
        pub fn set_parameters(origin: OriginFor<T>, parameters: Parameters) -> DispatchResult {
            T::AdminOrigin::ensure_origin(origin)?;
            parameters.validate(MinimumDelay::<T>::get()).map_err(Error::<T>::from)?;
            Configuration::<T>::put(parameters);
            Self::deposit_event(Event::ParametersSet { parameters });
            Ok(())
        }
    }

    #[pallet::view_functions]
    impl<T: Config> Pallet<T> {
        /// What was decided and waits, by id.
        pub fn pending() -> Vec<PendingOf<T>> {
            let mut pending: Vec<_> = Pending::<T>::iter()
                .map(|(id, Enactment { call, due, decided, .. })| {
                    let hash = call.hash();
                    PendingEnactment { id, call, hash, due, decided }
                })
                .collect();
            pending.sort_by_key(|p| p.id);
            pending
        }

        /// Which calls are paused, and until when.
        pub fn paused() -> Vec<Pause<BlockNumberFor<T>>> {
            Pauses::<T>::get().into_iter().filter(|p| !p.over).collect()
        }

        /// When everything works again, if it is halted.
        pub fn halted_until() -> Option<InstantOf<T>> {
            Self::halt_ends()
        }

        /// How long things take, and the shortest delay of this network.
        pub fn parameters() -> (Parameters, u64) {
            (Configuration::<T>::get(), MinimumDelay::<T>::get())
        }

        /// Whether the collective could pause this call now, or why not.
        pub fn can_pause(pallet: Name, call: Name) -> Result<(), DispatchError> {
            Self::check_pause(&(pallet, call)).map_err(Into::into)
        }

        /// Whether the collective could halt everything now, or why not.
        pub fn can_halt() -> Result<(), DispatchError> {
            Self::check_halt().map_err(Into::into)
        }
    }

    #[pallet::hooks]
    impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
        // Not `on_poll`: a pause has to end during multi-block migrations too.
        fn on_initialize(_: BlockNumberFor<T>) -> Weight {
            Self::begin_block()
        }

        #[cfg(feature = "try-runtime")]
        fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
            Self::do_try_state()
        }
    }
}
