//! Counting: who is eligible, whether they are enough, the median of every byte, and that of the prices.
//!
//! Three kinds of steps, each bounded: one decides eligibility for all seats (it reads one small value for each, which
//! also has the price), then one for each page. A page's work is proportional to its bytes times the ballots.

use crate::{hooks::StepResult, pallet::*, types::*, WeightInfo, LOG_TARGET, STRAY};
use alloc::vec::Vec;
use frame_support::weights::WeightMeter;
use ratio1_pallet_support::attempt;
use ratio1_primitives::{
    apbft,
    api::Shortfall,
    ballot::{Frozen, Page, Phase},
    economics::price::{is_sane, Price},
    traits::OnEpochEnd,
    width::{as_u32, as_usize},
    AccountId, BlockNumber, EpochIndex,
};
use sp_runtime::DispatchError;

/// How far an attempt at a step came.
#[derive(Default)]
enum Progress {
    /// It failed and is rolled back.
    #[default]
    Failed,
    /// One step is done.
    Step,
    /// The budget has no room for the step.
    OutOfBudget,
    /// The round does not settle any more.
    Done,
}

impl<T: Config> Pallet<T> {
    /// Spend the budget on the rounds that settle: first the one of which bytes were handed on, then by age, at last
    /// those that failed before.
    ///
    /// A step only fails if stored data are missing: a bug. It is logged and tried again in every block. A round of
    /// which no byte was handed on does not hold up the others, and lapses when it is too old or there is no room for
    /// it. One half handed on does: to hand on another beside it, or to let it lapse, would leave credits of part of
    /// an epoch. Only a runtime upgrade can mend that; meanwhile later rounds take votes and wait.
    pub(crate) fn settle_rounds(budget: &mut WeightMeter, polled: u32) {
        let mut settling: Vec<(bool, bool, EpochIndex)> = Vec::new();
        for epoch in Open::<T>::get() {
            if let Some(round) = Rounds::<T>::get(epoch).filter(|round| round.phase == Phase::Settling) {
                settling.push((!round.has_credited(), round.failed, epoch));
            }
        }
        settling.sort_unstable();
        for (_, _, epoch) in settling {
            let end = loop {
                match attempt(LOG_TARGET, "settling", || Self::settle_step(budget, epoch, polled)) {
                    Progress::Step => {}
                    end => break end,
                }
            };
            match end {
                Progress::Failed if !Self::note_failure(epoch) => return,
                Progress::OutOfBudget => return,
                _ => {}
            }
        }
    }

    /// Put a round on which settling failed behind the others. Whether they may go on.
    fn note_failure(epoch: EpochIndex) -> bool {
        Rounds::<T>::mutate(epoch, |round| {
            let Some(round) = round else { return true };
            round.failed = true;
            !round.has_credited()
        })
    }

    /// One step of one round.
    fn settle_step(budget: &mut WeightMeter, epoch: EpochIndex, polled: u32) -> Result<Progress, DispatchError> {
        let Some(round) = Rounds::<T>::get(epoch).filter(|round| round.phase == Phase::Settling) else {
            return Ok(Progress::Done);
        };
        let frozen = Self::frozen_of(epoch)?;
        let weight = match round.step {
            Step::Eligibility => T::WeightInfo::settle_eligibility(frozen.oracles()),
            Step::Median(page) => {
                let last = page.saturating_add(1) >= frozen.pages();
                Self::median_weight(frozen.oracles(), last).saturating_add(T::OnEnd::page_weight(page))
            }
            Step::Chosen(page) => {
                let last = page.saturating_add(1) >= frozen.pages();
                let chosen = T::WeightInfo::settle_chosen().saturating_add(Self::closing_weight(last));
                chosen.saturating_add(T::OnEnd::page_weight(page))
            }
        };
        if budget.try_consume(weight).is_err() {
            return Ok(Progress::OutOfBudget);
        }
        match round.step {
            Step::Eligibility => Self::decide_eligibility(epoch, round, &frozen, polled)?,
            Step::Median(page) => Self::settle_page(epoch, round, &frozen, page)?,
            Step::Chosen(page) => Self::hand_on_chosen(epoch, round, &frozen, page)?,
        }
        Ok(Progress::Step)
    }

    /// Steps 1 and 2 of settlement: whose ballots count, and whether that is a quorum.
    pub(crate) fn decide_eligibility(
        epoch: EpochIndex,
        mut round: Round,
        frozen: &Frozen<AccountId>,
        polled: u32,
    ) -> StepResult {
        let casts: Vec<Option<Cast>> = (0u16..).take(frozen.seats.len()).map(|s| Casts::<T>::get(epoch, s)).collect();
        let tallies = tally(&casts, frozen);
        let price = median_price(&casts, &tallies);
        let known = median_known(&casts, &tallies);
        let complete = as_u32(tallies.iter().filter(|t| t.complete).count());
        let eligible = as_u32(tallies.iter().filter(|t| t.eligible).count());
        Tallies::<T>::insert(epoch, PerSeat::truncate_from(tallies));
        let shortfall = Shortfall { quorum: frozen.quorum(), complete, eligible };
        if eligible >= shortfall.quorum {
            round.shortfall = None;
            round.price = price;
            round.known = known;
            round.step = Step::Median(0);
        } else {
            round.shortfall = Some(shortfall);
            Self::fall_short(epoch, &mut round, frozen, shortfall, polled);
        }
        Rounds::<T>::insert(epoch, round);
        Ok(())
    }

    /// No quorum. If ballots are missing the windows reopen; if none is, or they reopened often enough, it is stuck.
    fn fall_short(epoch: EpochIndex, round: &mut Round, frozen: &Frozen<AccountId>, shortfall: Shortfall, polled: u32) {
        if round.reopened >= round.params.reopenings || shortfall.complete >= frozen.oracles() {
            round.unresolved_in = Self::running_epoch();
            round.enter(Phase::Unresolved, 0, polled);
            Self::deposit_event(Event::EpochUnresolved { epoch, shortfall });
            return;
        }
        round.reopened = round.reopened.saturating_add(1);
        if round.committed < frozen.oracles() {
            round.enter(Phase::Commit, round.params.commit_blocks, polled);
        } else {
            round.enter(Phase::Reveal, Self::reveal_window(frozen, round.params.reveal_blocks_min), polled);
        }
        Self::deposit_event(Event::EpochReopened { epoch, reopened: round.reopened, shortfall });
        Self::note_window(epoch, round);
    }

    /// Step 3: the lower median of every byte of one page, handed on if it is a page of licenses.
    pub(crate) fn settle_page(
        epoch: EpochIndex,
        mut round: Round,
        frozen: &Frozen<AccountId>,
        page: u32,
    ) -> StepResult {
        let mut tallies = Tallies::<T>::get(epoch);
        let mut counted: Vec<(&mut Tally, Page)> = Vec::with_capacity(tallies.len());
        for (seat, tally) in (0u16..).zip(tallies.iter_mut()).filter(|(_, tally)| tally.complete) {
            let bytes = Self::ballot_page(epoch, page, seat)?;
            counted.push((tally, bytes));
        }
        let uneven = || Self::corrupted(epoch, Inconsistency::UnevenBallots);
        let medians = medians(&mut counted, frozen.page_len(page)).ok_or_else(uneven)?;
        Tallies::<T>::insert(epoch, tallies);
        Self::hand_on(epoch, frozen, page, &medians);
        FinalisedPages::<T>::insert(epoch, page, medians);
        let next = page.saturating_add(1);
        round.step = Step::Median(next);
        Self::store_or_close(epoch, round, next >= frozen.pages(), Ending::Finalised)
    }

    /// Hand on one page that governance chose.
    pub(crate) fn hand_on_chosen(
        epoch: EpochIndex,
        mut round: Round,
        frozen: &Frozen<AccountId>,
        page: u32,
    ) -> StepResult {
        let missing = || Self::corrupted(epoch, Inconsistency::NoChosenPage);
        let bytes = FinalisedPages::<T>::get(epoch, page).ok_or_else(missing)?;
        Self::hand_on(epoch, frozen, page, &bytes);
        let next = page.saturating_add(1);
        round.step = Step::Chosen(next);
        Self::store_or_close(epoch, round, next >= frozen.pages(), Ending::Chosen)
    }

    fn hand_on(epoch: EpochIndex, frozen: &Frozen<AccountId>, page: u32, bytes: &Page) {
        if page < frozen.license_pages() {
            T::OnEnd::on_page(epoch, page, bytes);
        }
    }

    fn store_or_close(epoch: EpochIndex, round: Round, last: bool, ending: Ending) -> StepResult {
        if !last {
            Rounds::<T>::insert(epoch, round);
            return Ok(());
        }
        let EpochRecord { licenses, complete, eligible, .. } = Self::close(epoch, ending)?;
        Self::deposit_event(Event::EpochFinalised { epoch, ending, licenses, complete, eligible });
        LastFinalised::<T>::mutate(|last| *last = (*last).max(Some(epoch)));
        T::OnEnd::on_finalised(epoch);
        // What governance chose bytes for had no quorum, and so no price.
        if let Some(median) = round.price.filter(|_| ending == Ending::Finalised) {
            T::OnEnd::on_price(epoch, median);
        }
        Ok(())
    }

    /// Close a round without credits.
    pub(crate) fn close_lapsed(epoch: EpochIndex, cause: LapseCause) -> StepResult {
        Self::close(epoch, Ending::Lapsed)?;
        Self::deposit_event(Event::EpochLapsed { epoch, cause });
        T::OnEnd::on_lapsed(epoch, epoch);
        Ok(())
    }

    /// Close a round: it leaves the open ones, and a record of it stays.
    pub(crate) fn close(epoch: EpochIndex, ending: Ending) -> Result<EpochRecord, DispatchError> {
        let round = Rounds::<T>::take(epoch).ok_or_else(|| Self::corrupted(epoch, Inconsistency::NoRound))?;
        let frozen = Self::frozen_of(epoch)?;
        let eligible = as_u32(Tallies::<T>::get(epoch).iter().filter(|tally| tally.eligible).count());
        let record = EpochRecord {
            ending,
            reopened: round.reopened,
            seats: frozen.oracles(),
            licenses: frozen.licenses,
            complete: round.complete,
            eligible,
            known: round.known.filter(|_| ending == Ending::Finalised),
        };
        Records::<T>::insert(epoch, record);
        Open::<T>::mutate(|open| open.retain(|e| *e != epoch));
        Ok(record)
    }
}

/// Step 1 of settlement. A ballot counts if it is complete, its coverage reaches the threshold, and at least `f + 1`
/// complete ballots, itself one of them, give its oracle's node the threshold.
pub(crate) fn tally(casts: &[Option<Cast>], frozen: &Frozen<AccountId>) -> Vec<Tally> {
    let threshold = frozen.params.threshold;
    // ADR 0022: f + 1 ballots confirm it, which no f liars can give or refuse alone.
    let needed = as_usize(apbft::confirmations(frozen.oracles()));
    let complete: Vec<&Cast> = casts.iter().flatten().filter(|cast| cast.is_complete(frozen)).collect();
    let confirms = |cast: &Cast, seat: usize| cast.on_oracles.get(seat).is_some_and(|byte| *byte >= threshold);
    let judge = |(seat, cast): (usize, &Option<Cast>)| {
        let Some(cast) = cast else { return Tally::default() };
        let is_complete = cast.is_complete(frozen);
        let eligible = is_complete
            && cast.coverage >= threshold
            && confirms(cast, seat)
            && complete.iter().filter(|other| confirms(other, seat)).count() >= needed;
        Tally { coverage: Some(cast.coverage), complete: is_complete, eligible, strays: 0 }
    };
    casts.iter().enumerate().map(judge).collect()
}

/// The lower median of the sane prices in the eligible ballots, if they are enough: those of honest oracles are then
/// more than those of others, and it lies between two of them.
pub(crate) fn median_price(casts: &[Option<Cast>], tallies: &[Tally]) -> Option<Price> {
    let eligible = casts.iter().zip(tallies).filter(|(_, tally)| tally.eligible);
    let named = eligible.filter_map(|(cast, _)| cast.as_ref()?.price);
    let mut prices: Vec<Price> = named.filter(|price| is_sane(*price)).collect();
    // ADR 0015: 2f + 1 prices, so that honest ones are more than the others.
    let needed = as_usize(apbft::price_quorum(as_u32(casts.len())));
    if prices.len() < needed {
        return None;
    }
    apbft::lower_median(&mut prices)
}

/// The lower median of the heights that were final to those whose ballots count: as every byte, it lies between two that
/// honest oracles reported.
pub(crate) fn median_known(casts: &[Option<Cast>], tallies: &[Tally]) -> Option<BlockNumber> {
    let eligible = casts.iter().zip(tallies).filter(|(_, tally)| tally.eligible);
    let mut heights: Vec<BlockNumber> = eligible.filter_map(|(cast, _)| Some(cast.as_ref()?.finalised)).collect();
    apbft::lower_median(&mut heights)
}

/// The lower medians of `len` bytes over the eligible ballots, and every complete ballot's strays from them.
fn medians(ballots: &mut [(&mut Tally, Page)], len: u32) -> Option<Page> {
    let mut column: Vec<u8> = Vec::with_capacity(ballots.len());
    let mut result: Vec<u8> = Vec::with_capacity(as_usize(len));
    for index in 0..as_usize(len) {
        column.clear();
        for (_, page) in ballots.iter().filter(|(tally, _)| tally.eligible) {
            column.push(*page.get(index)?);
        }
        let median = apbft::lower_median(&mut column)?;
        for (tally, page) in ballots.iter_mut() {
            if page.get(index)?.abs_diff(median) > STRAY {
                tally.strays = tally.strays.saturating_add(1);
            }
        }
        result.push(median);
    }
    Page::try_from(result).ok()
}
