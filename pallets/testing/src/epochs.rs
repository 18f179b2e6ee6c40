//! Time, the epoch clock, and what was measured in epochs that ended.

use frame_support::{parameter_types, traits::Time};
use ratio1_primitives::{
    ballot::Page,
    traits::{AvailabilityProvider, ClockInspect, EpochInspect, ServiceInspect},
    BlockNumber, ClockParams, EpochIndex, LicenseId, PAGE_SIZE,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

parameter_types! {
    /// The epoch that runs.
    pub static Current: u32 = 0;
    /// Epochs that ended and are not closed.
    pub static Open: BTreeSet<u32> = BTreeSet::new();
    /// The moment, in Unix milliseconds.
    pub static Now: u64 = 0;
    /// The byte from which a node counted as available, in every epoch.
    pub static Threshold: Option<u8> = None;
    /// The newest finalised epoch.
    pub static LastFinalised: Option<EpochIndex> = None;
    /// The height that was final to those who measured an epoch, unless [`Measured::set_known`] says otherwise.
    pub static Known: Option<BlockNumber> = None;
    /// One more than the greatest index of a service.
    pub static ServicesInUse: u32 = 0;
}

#[derive(Default)]
struct Results {
    clock: Option<ClockParams>,
    bytes: BTreeMap<(EpochIndex, LicenseId), u8>,
    services: BTreeMap<(EpochIndex, u32), Page>,
    /// Epochs in which whatever has no byte here has 255, with how many services were measured.
    full: BTreeMap<EpochIndex, u32>,
    /// Services that have another byte in those.
    exceptions: BTreeMap<(EpochIndex, u32), u8>,
    known: BTreeMap<EpochIndex, BlockNumber>,
}

impl Results {
    /// A page of services of an epoch that was finalised as a whole. There is none beyond the last service.
    fn full_page(&self, epoch: EpochIndex, page: u32) -> Option<Page> {
        let first = page.saturating_mul(PAGE_SIZE);
        let end = first.saturating_add(PAGE_SIZE).min(*self.full.get(&epoch)?);
        let byte = |index| self.exceptions.get(&(epoch, index)).copied().unwrap_or(u8::MAX);
        (first < end).then(|| Page::truncate_from((first..end).map(byte).collect()))
    }
}

thread_local! {
    static RESULTS: RefCell<Results> = RefCell::default();
}

pub(crate) fn reset() {
    Current::set(0);
    Open::set(BTreeSet::new());
    Now::set(0);
    Threshold::set(None);
    LastFinalised::set(None);
    Known::set(None);
    ServicesInUse::set(0);
    RESULTS.set(Results::default());
}

/// Which epoch runs, and what is still open: all that ended are closed, but those in [`Open`].
pub struct Epochs;

impl Epochs {
    /// The epoch `n` runs, and all before it are closed.
    pub fn run(n: u32) {
        Self::run_from(n, n);
    }

    /// The epoch `n` runs, and those from `oldest` on are open.
    pub fn run_from(oldest: u32, n: u32) {
        Current::set(n);
        Open::set((oldest..n).collect());
    }

    /// The running epoch ends, and is open.
    pub fn end() {
        Open::mutate(|open| open.insert(Current::get()));
        Current::mutate(|epoch| *epoch += 1);
    }

    /// An epoch that is open closes.
    pub fn close(n: u32) {
        Open::mutate(|open| assert!(open.remove(&n), "epoch {n} is not open"));
    }

    /// What the clock is.
    pub fn set_clock(clock: ClockParams) {
        RESULTS.with_borrow_mut(|results| results.clock = Some(clock));
    }
}

impl EpochInspect for Epochs {
    fn current() -> EpochIndex {
        EpochIndex(Current::get())
    }
    fn is_closed(epoch: EpochIndex) -> bool {
        epoch.0 < Current::get() && !Open::get().contains(&epoch.0)
    }
    fn oldest_open() -> EpochIndex {
        Open::get().first().copied().map_or_else(Self::current, EpochIndex)
    }
    fn open_epochs() -> Vec<EpochIndex> {
        Open::get().into_iter().map(EpochIndex).collect()
    }
}

impl ClockInspect for Epochs {
    fn clock() -> Option<ClockParams> {
        RESULTS.with_borrow(|results| results.clock)
    }
}

/// The time by which blocks are made: [`Now`].
pub struct Wallclock;

impl Time for Wallclock {
    type Moment = u64;
    fn now() -> u64 {
        Now::get()
    }
}

/// What was measured.
pub struct Measured;

impl Measured {
    /// The finalised byte of a license.
    pub fn set_byte(epoch: u32, license: LicenseId, byte: u8) {
        RESULTS.with_borrow_mut(|results| results.bytes.insert((EpochIndex(epoch), license), byte));
    }

    /// An epoch is final: every license has 255, and so has each of so many services, but those that are set.
    pub fn finalise(epoch: u32, services: u32) {
        RESULTS.with_borrow_mut(|results| results.full.insert(EpochIndex(epoch), services));
    }

    /// The finalised byte of a service, in an epoch that was finalised as a whole.
    pub fn set_service(epoch: u32, index: u32, byte: u8) {
        RESULTS.with_borrow_mut(|results| results.exceptions.insert((EpochIndex(epoch), index), byte));
    }

    /// The height that was final to those who measured an epoch.
    pub fn set_known(epoch: u32, height: BlockNumber) {
        RESULTS.with_borrow_mut(|results| results.known.insert(EpochIndex(epoch), height));
    }

    /// The finalised bytes of a page of services.
    pub fn set_services(epoch: u32, page: u32, bytes: Page) {
        RESULTS.with_borrow_mut(|results| results.services.insert((EpochIndex(epoch), page), bytes));
    }
}

impl AvailabilityProvider for Measured {
    fn byte(epoch: EpochIndex, license: LicenseId) -> Option<u8> {
        RESULTS.with_borrow(|results| {
            let full = results.full.contains_key(&epoch).then_some(u8::MAX);
            results.bytes.get(&(epoch, license)).copied().or(full)
        })
    }
    fn last_finalised() -> Option<EpochIndex> {
        LastFinalised::get()
    }
    fn threshold(_: EpochIndex) -> Option<u8> {
        Threshold::get()
    }
    fn known(epoch: EpochIndex) -> Option<BlockNumber> {
        RESULTS.with_borrow(|results| results.known.get(&epoch).copied()).or_else(Known::get)
    }
    fn service_page(epoch: EpochIndex, page: u32) -> Option<Page> {
        RESULTS.with_borrow(|results| {
            results.services.get(&(epoch, page)).cloned().or_else(|| results.full_page(epoch, page))
        })
    }
}

/// How many services oracles measure: [`ServicesInUse`].
pub struct Services;

impl ServiceInspect for Services {
    fn services() -> u32 {
        ServicesInUse::get()
    }
}
