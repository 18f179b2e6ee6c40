//! Every block: the clock, the opening and closing of epochs, and the windows.

use crate::{pallet::*, types::*, WeightInfo, LOG_TARGET, MAX_BALLOT_BYTES, MAX_OPEN, MAX_ROUND_AGE};
use alloc::vec::Vec;
use frame_support::{
    traits::{Get, Time},
    weights::{Weight, WeightMeter},
};
use ratio1_pallet_support::attempt;
use ratio1_primitives::{
    api::Shortfall,
    ballot::{Frozen, Phase, Seat, MAX_ORACLES, MAX_PAGES},
    jobs::MAX_SERVICES,
    pages,
    traits::{LicenseInspect, OnEpochEnd, OracleInspect, ServiceInspect},
    width::as_usize,
    AccountId, ClockParams, EpochIndex, PAGE_SIZE,
};
use sp_runtime::DispatchError;

/// Bytes of a page's hash in a header.
const HASH_BYTES: u32 = 32;
/// At most what a header has besides the hashes, with signature and envelope.
const HEADER_BYTES: u32 = 256;

/// How much there is to vote about.
#[derive(Clone, Copy)]
pub(crate) struct Voted {
    /// Licenses issued.
    pub(crate) licenses: u32,
    /// Service indices in use.
    pub(crate) services: u32,
}

/// What the parts of a poll agree on: work that failed is rolled back.
pub(crate) type StepResult = Result<(), DispatchError>;

impl<T: Config> Pallet<T> {
    /// The work of one block, within the share of the block's weight that the running epoch's parameters grant.
    pub(crate) fn poll(meter: &mut WeightMeter) {
        let open = u32::try_from(Open::<T>::decode_len().unwrap_or(0)).unwrap_or(MAX_OPEN);
        // Counting the block is not optional: windows must pass. Nor is an outage, which reads and writes two values more.
        meter.consume(T::WeightInfo::poll(open).saturating_add(T::DbWeight::get().reads_writes(2, 2)));
        let polled = Polled::<T>::mutate(|polled| {
            *polled = polled.saturating_add(1);
            *polled
        });
        Self::note_moment();
        attempt(LOG_TARGET, "clock", || Self::tick(meter, polled));
        for epoch in Open::<T>::get() {
            attempt(LOG_TARGET, "window", || Self::pass_window(epoch, polled));
        }
        let mut budget = WeightMeter::with_limit(Self::step_limit().min(meter.remaining()));
        // By turns first, so that neither keeps the other waiting, whatever the share.
        if polled.is_multiple_of(2) {
            Self::move_absent(&mut budget);
        }
        Self::settle_rounds(&mut budget, polled);
        Self::move_absent(&mut budget);
        Self::prune(&mut budget);
        meter.consume(budget.consumed());
    }

    fn step_limit() -> Weight {
        let share = match Running::<T>::get() {
            Some(running) => running.params.settle_share,
            None => NextParameters::<T>::get().settle_share,
        };
        share * T::BlockWeights::get().max_block
    }

    /// The largest step must fit the smallest share, or settling could stand still. This is without what a page costs
    /// whom it is handed to, as that may depend on what is stored: see [`Self::page_step_fits`].
    pub(crate) fn assert_steps_fit() {
        let limit = Self::least_limit();
        for step in [
            T::WeightInfo::settle_eligibility(MAX_ORACLES),
            Self::median_weight(MAX_ORACLES, true),
            T::WeightInfo::settle_chosen().saturating_add(Self::closing_weight(true)),
            T::WeightInfo::prune_ballots(MAX_ORACLES),
            T::WeightInfo::prune_silences(),
            Self::absent_weight(),
        ] {
            assert!(step.all_lte(limit), "availability: a step of {step:?} does not fit {limit:?}");
        }
    }

    /// Whether settling `page` fits the smallest share, with what it costs now to hand it on.
    #[cfg(any(feature = "std", feature = "try-runtime"))]
    pub(crate) fn page_step_fits(page: u32) -> bool {
        let chosen = T::WeightInfo::settle_chosen().saturating_add(Self::closing_weight(true));
        let step = Self::median_weight(MAX_ORACLES, true).max(chosen);
        step.saturating_add(T::OnEnd::page_weight(page)).all_lte(Self::least_limit())
    }

    fn least_limit() -> Weight {
        let share = sp_runtime::Percent::from_percent(crate::config::SETTLE_SHARE.0);
        share * T::BlockWeights::get().max_block
    }

    /// What the medians of one page of `oracles` ballots cost; the epoch's last page also closes it.
    pub(crate) fn median_weight(oracles: u32, last: bool) -> Weight {
        T::WeightInfo::settle_page(oracles).saturating_add(Self::closing_weight(last))
    }

    /// What it costs to tell that an epoch is final, if its last page is.
    pub(crate) fn closing_weight(last: bool) -> Weight {
        match last {
            true => T::OnEnd::finalised_weight().saturating_add(T::OnEnd::price_weight()),
            false => Weight::zero(),
        }
    }

    /// Start the clock, or leave an epoch that is over.
    fn tick(meter: &mut WeightMeter, polled: u32) -> StepResult {
        let now = T::Time::now();
        let Some(running) = Running::<T>::get() else {
            return Self::start(now);
        };
        let clock = Clock::<T>::get().ok_or_else(|| Self::corrupted(running.epoch, Inconsistency::NoClock))?;
        let next = clock.epoch_at(now);
        if next <= running.epoch {
            return Ok(());
        }
        // On top of what this pallet does itself: two reads for each oracle, to ask whether it is barred, one for the
        // services, and to tell of one round that lapses and of one range of void epochs.
        let asked = T::DbWeight::get().reads(2).saturating_mul(u64::from(MAX_ORACLES));
        let asked = asked.saturating_add(T::DbWeight::get().reads(1));
        let told = T::OnEnd::lapse_weight().saturating_mul(2);
        if meter.try_consume(T::WeightInfo::roll_over(MAX_ORACLES).saturating_add(asked).saturating_add(told)).is_err()
        {
            return Ok(());
        }
        let mut active = T::Oracles::active();
        active.truncate(as_usize(MAX_ORACLES));
        let opened: Vec<AccountId> = active.iter().map(|seat| seat.oracle.clone()).collect();
        active.retain(|seat| running.oracles.contains(&seat.oracle) && !T::Oracles::is_barred(&seat.oracle));
        let voted = Voted { licenses: T::Licenses::count(), services: T::Services::services() };
        Self::roll_over(running, next, active, voted, opened, polled)
    }

    fn start(now: u64) -> StepResult {
        let genesis_moment = GenesisMoment::<T>::get().unwrap_or(now);
        let clock = ClockParams { genesis_moment, epoch_ms: EpochLength::<T>::get() };
        Clock::<T>::put(clock);
        let first = clock.epoch_at(now);
        FirstEpoch::<T>::put(first);
        let cursor = PruneCursor { epoch: first, page: 0 };
        BallotsPruned::<T>::put(cursor);
        HistoryPruned::<T>::put(cursor);
        SilencesPruned::<T>::put(first);
        Self::open(first, T::Oracles::active().into_iter().map(|seat| seat.oracle).collect());
        Ok(())
    }

    fn open(epoch: EpochIndex, oracles: Vec<AccountId>) {
        let params = NextParameters::<T>::get();
        let gaps = Self::gaps_at_opening(epoch, &params);
        Running::<T>::put(RunningEpoch { epoch, params, oracles: PerSeat::truncate_from(oracles), gaps });
        Reported::<T>::kill();
        Self::deposit_event(Event::EpochOpened { epoch });
    }

    /// Close `ended`, void every epoch between it and `next`, open `next` with the oracles in `opened`.
    /// `voters` and what is voted about are those of `ended`. Constant in the number of epochs skipped.
    pub(crate) fn roll_over(
        ended: RunningEpoch,
        next: EpochIndex,
        voters: Vec<Seat<AccountId>>,
        voted: Voted,
        opened: Vec<AccountId>,
        polled: u32,
    ) -> StepResult {
        Self::lapse_one(ended.epoch);
        let services = voted.services.min(MAX_SERVICES);
        let licenses = voted.licenses.min(MAX_PAGES.saturating_sub(pages(services)).saturating_mul(PAGE_SIZE));
        let is_first = ended.epoch == FirstEpoch::<T>::get();
        let void = is_first || (licenses == 0 && services == 0);
        let epoch_ms = EpochLength::<T>::get();
        let lost = !void && ended.is_lost(epoch_ms);
        let (first_void, first_passed) = match (is_first, void) {
            // With those before block 1, if the preset's moment is older.
            (true, _) => (EpochIndex(0), EpochIndex(0)),
            (false, true) => (ended.epoch, ended.epoch),
            (false, false) if lost => (ended.epoch.plus(1), ended.epoch),
            (false, false) => (ended.epoch.plus(1), ended.epoch.plus(1)),
        };
        if !void {
            let frozen = Frozen {
                seats: PerSeat::truncate_from(voters),
                licenses,
                services,
                params: ended.expectation(epoch_ms),
                gaps: ended.gaps.clone(),
            };
            if lost {
                Self::let_go(ended.epoch, frozen);
            } else {
                Self::freeze(ended, frozen, polled)?;
            }
        }
        let last = next.minus(1);
        if first_void < next {
            Self::deposit_event(Event::EpochsVoided { first: first_void, last });
        }
        Self::open(next, opened);
        // Only now are they over for whoever asks.
        if first_passed < next {
            T::OnEnd::on_lapsed(first_passed, last);
        }
        Ok(())
    }

    /// Close an epoch of which too little is left to vote about.
    fn let_go(epoch: EpochIndex, frozen: Frozen<AccountId>) {
        let (seats, licenses) = (frozen.oracles(), frozen.licenses);
        let ending = Ending::Lapsed;
        let record = EpochRecord { ending, reopened: 0, seats, licenses, complete: 0, eligible: 0, known: None };
        Records::<T>::insert(epoch, record);
        FrozenSets::<T>::insert(epoch, frozen);
        Self::deposit_event(Event::EpochLapsed { epoch, cause: LapseCause::Outage });
    }

    fn freeze(ended: RunningEpoch, frozen: Frozen<AccountId>, polled: u32) -> StepResult {
        let epoch = ended.epoch;
        let oracles = frozen.oracles();
        Self::deposit_event(Event::EpochFrozen {
            epoch,
            oracles,
            licenses: frozen.licenses,
            services: frozen.services,
        });
        let mut round = Round::new(ended.params, polled);
        if oracles == 0 {
            round.unresolved_in = epoch.plus(1);
            round.enter(Phase::Unresolved, 0, polled);
            let shortfall = Shortfall { quorum: frozen.quorum(), complete: 0, eligible: 0 };
            round.shortfall = Some(shortfall);
            Self::deposit_event(Event::EpochUnresolved { epoch, shortfall });
        } else {
            Self::note_window(epoch, &round);
        }
        FrozenSets::<T>::insert(epoch, frozen);
        Rounds::<T>::insert(epoch, round);
        Open::<T>::try_append(epoch).map_err(|_| Self::corrupted(epoch, Inconsistency::TooManyRounds).into())
    }

    /// As `ended` ends, let at most one round lapse: the oldest that is too old, else the oldest if there is no room for
    /// another. As an epoch brings at most one round, one is enough, and its cost is constant.
    ///
    /// Age is that at `ended`, which had blocks: after a halt of many epochs nothing lapses before an epoch has passed
    /// in which it could be settled or governance could act. A round of which bytes were handed on stays; settling
    /// finishes one before it begins another, so at most one such round exists. One that cannot be closed because its
    /// data are missing is left, and the next one tried: the clock must go on.
    fn lapse_one(ended: EpochIndex) {
        let open = Open::<T>::get();
        let older = |epoch: &EpochIndex, age: u32| epoch.plus(age) <= ended;
        let idle = |epoch: &EpochIndex| Rounds::<T>::get(epoch).filter(|round| !round.has_credited());
        let too_old = |epoch: &&EpochIndex| {
            let stuck =
                |round: Round| round.phase == Phase::Unresolved || older(epoch, MAX_ROUND_AGE.saturating_mul(2));
            older(epoch, MAX_ROUND_AGE) && idle(epoch).is_some_and(stuck)
        };
        let close = |epoch, cause| Self::close_lapsed(epoch, cause).map(|()| true);
        let lapse = |epoch: &EpochIndex, cause| attempt(LOG_TARGET, "lapse", || close(*epoch, cause));
        let lapsed = open.iter().filter(too_old).any(|epoch| lapse(epoch, LapseCause::Age));
        if !lapsed && open.is_full() {
            open.iter().filter(|epoch| idle(epoch).is_some()).any(|epoch| lapse(epoch, LapseCause::NoRoom));
        }
    }

    pub(crate) fn note_window(epoch: EpochIndex, round: &Round) {
        Self::deposit_event(Event::WindowOpened {
            epoch,
            phase: round.phase,
            blocks: round.length,
            reopened: round.reopened,
        });
    }

    /// Close a window whose time is over, or in which nothing more can come.
    fn pass_window(epoch: EpochIndex, polled: u32) -> StepResult {
        let mut round = Rounds::<T>::get(epoch).ok_or_else(|| Self::corrupted(epoch, Inconsistency::NoRound))?;
        let over = round.age(polled) >= round.length;
        match round.phase {
            Phase::Commit => {
                let frozen = Self::frozen_of(epoch)?;
                if !over && round.committed < frozen.oracles() {
                    return Ok(());
                }
                let length = Self::reveal_window(&frozen, round.params.reveal_blocks_min);
                round.enter(Phase::Reveal, length, polled);
                Self::note_window(epoch, &round);
            }
            Phase::Reveal if over || round.complete == round.committed => {
                round.step = Step::Eligibility;
                round.enter(Phase::Settling, 0, polled);
            }
            Phase::Reveal | Phase::Settling | Phase::Unresolved => return Ok(()),
        }
        Rounds::<T>::insert(epoch, round);
        Ok(())
    }

    /// Blocks for three times the reveals needed, at the bytes one block takes.
    pub(crate) fn reveal_window(frozen: &Frozen<AccountId>, least: u32) -> u32 {
        let hashes = frozen.pages().saturating_mul(HASH_BYTES);
        let header = hashes.saturating_add(HEADER_BYTES);
        let ballot = frozen.licenses.saturating_add(frozen.services).saturating_add(header);
        let blocks = ballot.saturating_mul(frozen.oracles()).div_ceil(MAX_BALLOT_BYTES);
        least.max(blocks.saturating_mul(3))
    }
}
