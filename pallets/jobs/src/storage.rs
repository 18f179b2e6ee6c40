//! What is stored, as a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The storage.
#[pallet_section]
mod storage {
    /// What holds now.
    #[pallet::storage]
    pub type Settings<T> = StorageValue<_, Parameters, ValueQuery>;

    /// Every job ever asked for.
    #[pallet::storage]
    pub type Jobs<T> = StorageMap<_, Twox64Concat, JobId, Job<AccountId>>;

    /// The next job's number.
    #[pallet::storage]
    pub type NextJob<T> = StorageValue<_, u64, ValueQuery>;

    /// What was asked for, until the job is closed.
    #[pallet::storage]
    pub type Requests<T> = StorageMap<_, Twox64Concat, JobId, JobRequest>;

    /// The slots of jobs that are not closed.
    #[pallet::storage]
    pub type Slots<T> = StorageDoubleMap<_, Twox64Concat, JobId, Twox64Concat, u16, Slot>;

    /// The jobs of each account, closed ones too: in the order of their numbers, which are written big-endian for that.
    #[pallet::storage]
    pub type JobsOf<T> = StorageDoubleMap<_, Blake2_128Concat, AccountId, Identity, [u8; 8], ()>;

    /// Blocks in which `on_poll` ran.
    #[pallet::storage]
    pub type Polled<T> = StorageValue<_, u32, ValueQuery>;

    /// Offers by the polled block after which they lapse.
    #[pallet::storage]
    pub type Deadlines<T> = StorageDoubleMap<_, Twox64Concat, u32, Twox64Concat, SlotRef, ()>;

    /// All offers that lapse up to this polled block are dealt with.
    #[pallet::storage]
    pub type DeadlinesDone<T> = StorageValue<_, u32, ValueQuery>;

    /// The slots each license is offered or serves.
    #[pallet::storage]
    pub type Assigned<T> = StorageDoubleMap<_, Twox64Concat, LicenseId, Twox64Concat, SlotRef, ()>;

    /// Services that are not paid out completely, by index.
    #[pallet::storage]
    pub type Services<T> = StorageMap<_, Twox64Concat, u32, Service<AccountId>>;

    /// One more than the greatest index ever used.
    #[pallet::storage]
    pub type Indices<T> = StorageValue<_, u32, ValueQuery>;

    /// Indices that can be used again: a stack.
    #[pallet::storage]
    pub type Spare<T> = StorageMap<_, Twox64Concat, u32, u32>;

    /// How many there are.
    #[pallet::storage]
    pub type SpareCount<T> = StorageValue<_, u32, ValueQuery>;

    /// For each page of 1024 indices a number that changes whenever a service in it begins, ends or is forgotten.
    #[pallet::storage]
    pub type Revisions<T> = StorageMap<_, Twox64Concat, u32, u32, ValueQuery>;

    /// Services to be looked at when an epoch begins: to end, or to be paid out.
    #[pallet::storage]
    pub type Agenda<T> = StorageDoubleMap<_, Twox64Concat, EpochIndex, Twox64Concat, u32, ()>;

    /// The agenda of all epochs before this one is dealt with.
    #[pallet::storage]
    pub type AgendaEpoch<T> = StorageValue<_, EpochIndex, ValueQuery>;

    /// Outcomes of each license that moved its reputation: the newest.
    #[pallet::storage]
    pub type Blamed<T> = StorageMap<_, Twox64Concat, LicenseId, Blames, ValueQuery>;

    /// Closed epochs whose services are to be settled, in the order in which they were closed.
    #[pallet::storage]
    pub type Queue<T> = StorageMap<_, Twox64Concat, u64, ClosedEpochs>;

    /// Where settling stands.
    #[pallet::storage]
    pub type Settled<T> = StorageValue<_, Cursor, ValueQuery>;
}
