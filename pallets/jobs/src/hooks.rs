//! Every block: what begins with an epoch, and a share of the block's weight for all that goes on by itself.

use crate::{config::WORK_SHARE, pallet::*, types::*, Parameters, WeightInfo, LOG_TARGET, SETTLE_CHUNK};
use frame_support::{
    traits::Get,
    weights::{Weight, WeightMeter},
};
use ratio1_pallet_support::attempt;
use ratio1_primitives::{
    traits::{ClockInspect, Draws},
    EpochIndex,
};
use sp_runtime::{DispatchResult, Percent};

/// Of what a block may take, the part that is kept for draws: they come last.
const DRAWS: Percent = Percent::from_percent(25);

impl<T: Config> Pallet<T> {
    /// The work of one block, within the share of its weight that the parameters grant.
    pub(crate) fn poll(meter: &mut WeightMeter) {
        // ADR 0030: jobs set the pace of draws, which have no hook of their own for it.
        // A block without room even for this counts as one that was not polled.
        if meter.try_consume(T::WeightInfo::poll()).is_err() {
            return;
        }
        let polled = Polled::<T>::get().saturating_add(1);
        Polled::<T>::put(polled);
        let Parameters { work_share, probes, .. } = Settings::<T>::get();
        let share = work_share * T::BlockWeights::get().max_block;
        let budget = share.min(meter.remaining());
        let mut work = WeightMeter::with_limit(budget.saturating_sub(DRAWS * budget));
        Self::step_agenda(&mut work);
        Self::lapse_offers(&mut work);
        Self::step_settlement(&mut work);
        let mut draws = WeightMeter::with_limit(budget.saturating_sub(work.consumed()));
        T::Draws::step(polled, probes, &mut draws);
        meter.consume(work.consumed().saturating_add(draws.consumed()));
    }

    /// The largest step must fit the smallest share, or nothing would ever go on.
    pub(crate) fn assert_steps_fit() {
        let share = Percent::from_percent(WORK_SHARE.0) * T::BlockWeights::get().max_block;
        let draws = DRAWS * share;
        let work = share.saturating_sub(draws);
        let releases = Self::release_weight(MAX_OPEN_PERIODS);
        for (step, limit) in [
            (T::WeightInfo::agenda_entry().saturating_add(releases), work),
            (T::WeightInfo::lapse_offer(), work),
            (
                T::WeightInfo::settle_chunk(SETTLE_CHUNK)
                    .saturating_add(T::WeightInfo::fail())
                    .saturating_add(T::WeightInfo::learn())
                    .saturating_add(releases),
                work,
            ),
            (T::WeightInfo::postpone_chunk(SETTLE_CHUNK).saturating_add(releases), work),
            (T::Draws::largest_step(), draws),
        ] {
            assert!(step.all_lte(limit), "jobs: a step of {step:?} does not fit {limit:?}");
        }
    }

    /// What releasing `periods` periods costs.
    pub(crate) fn release_weight(periods: u32) -> Weight {
        T::WeightInfo::release().saturating_mul(periods.into())
    }

    /// Look at a service when `epoch` begins.
    pub(crate) fn schedule(index: u32, epoch: EpochIndex) {
        Agenda::<T>::insert(epoch.max(AgendaEpoch::<T>::get()), index, ());
    }

    /// Deal with what was to be done up to the running epoch, in the order of epochs. What fails is tried again in
    /// the next one.
    pub(crate) fn step_agenda(meter: &mut WeightMeter) {
        if !Self::ends_are_known(meter) {
            return;
        }
        let current = Self::current();
        while AgendaEpoch::<T>::get() <= current {
            let epoch = AgendaEpoch::<T>::get();
            for index in Agenda::<T>::iter_key_prefix(epoch) {
                if !Self::step_entry(epoch, index, meter) {
                    return;
                }
            }
            // The running epoch stays: it can still get entries.
            if epoch == current || meter.try_consume(T::DbWeight::get().reads_writes(1, 1)).is_err() {
                return;
            }
            AgendaEpoch::<T>::put(epoch.plus(1));
        }
    }

    /// Lapsed epochs postpone the ends of services. While some wait to be settled no service may be ended for having
    /// reached its end.
    fn ends_are_known(meter: &mut WeightMeter) -> bool {
        let Cursor { head, tail, .. } = Settled::<T>::get();
        (head..tail).all(|entry| {
            let fits = meter.try_consume(T::DbWeight::get().reads(1)).is_ok();
            fits && !matches!(Queue::<T>::get(entry), Some(ClosedEpochs::Lapsed { .. }))
        })
    }

    /// One entry of the agenda; whether the meter had room for it.
    fn step_entry(epoch: EpochIndex, index: u32, meter: &mut WeightMeter) -> bool {
        let current = Self::current();
        let due = Services::<T>::get(index).map_or(0, |service| service.due(current));
        let weight = T::WeightInfo::agenda_entry().saturating_add(Self::release_weight(due));
        if meter.try_consume(weight).is_err() {
            return false;
        }
        Agenda::<T>::remove(epoch, index);
        if !attempt(LOG_TARGET, "agenda", || Self::look_at(index).map(|()| true)) {
            Self::schedule(index, current.plus(1));
        }
        true
    }

    /// End a service that has reached its end; pay out one that has left.
    fn look_at(index: u32) -> DispatchResult {
        let Some(service) = Services::<T>::get(index) else { return Ok(()) };
        match service.left {
            Some(_) => Self::release_due(index),
            None if service.ends <= Self::current() => {
                let clock = T::Epochs::clock().ok_or(Error::<T>::Corrupted(Inconsistency::NoClock))?;
                let left = ServiceEnd { at: clock.epoch_start(service.ends), last: service.ends.minus(1) };
                Self::end_service(index, Leaving::Ended, left)
            }
            None => Ok(()),
        }
    }
}
