//! Time in which the chain made no blocks. It is nobody's fault, so it is no part of any epoch: no beat of its slots is
//! expected, and no coverage. A block's moment is that of its slot, so no author can claim a gap that was not there.

use crate::{pallet::*, types::*, Parameters};
use frame_support::traits::Time;
use ratio1_primitives::{clock::Gaps, EpochIndex, EpochParams};

/// Bounds of [`allowance`], in milliseconds.
pub const ALLOWANCE_MS: (u64, u64) = (15_000, 60_000);
/// What must be left of an epoch's slots, so that it is voted about: one of so many.
pub const LEAST_LEFT: u32 = 8;

/// The longest two blocks may be apart in milliseconds without a gap, where an epoch has `epoch_ms`; and how long after a
/// gap nodes have to find each other again. It is more than a chain that backs off at a stall of finality needs.
pub fn allowance(epoch_ms: u64) -> u64 {
    epoch_ms.checked_div(60).unwrap_or(0).clamp(ALLOWANCE_MS.0, ALLOWANCE_MS.1)
}

impl<T: Config> Pallet<T> {
    /// Note when this block was made. If the one before is long ago, the time since then is lost to the running epoch,
    /// and what is after it to the next ones, when they open.
    pub(crate) fn note_moment() {
        let now = T::Time::now();
        let Some(last) = LastMoment::<T>::mutate(|moment| moment.replace(now)) else { return };
        let allowance = allowance(EpochLength::<T>::get());
        // ADR 0023: time without blocks is nobody's fault.
        if now.saturating_sub(last) <= allowance {
            return;
        }
        let until = now.saturating_add(allowance);
        // The allowance of the outage before may not be over: then they are one.
        let joined = LastOutage::<T>::get().filter(|before| before.until >= last);
        let from = joined.map_or(last, |before| before.from);
        LastOutage::<T>::put(Outage { from, until });
        Running::<T>::mutate(|running| {
            let Some(running) = running else { return };
            let params = running.params.epoch_params(EpochLength::<T>::get());
            Self::add_outage(&mut running.gaps, running.epoch, &params);
        });
        Self::deposit_event(Event::TimeLost { from: last, until });
    }

    /// The gaps of an epoch that opens: what the last outage reaches into it.
    pub(crate) fn gaps_at_opening(epoch: EpochIndex, params: &Parameters) -> Gaps {
        let mut gaps = Gaps::default();
        Self::add_outage(&mut gaps, epoch, &params.epoch_params(EpochLength::<T>::get()));
        gaps
    }

    /// Add every slot of `epoch` that the last outage touches.
    fn add_outage(gaps: &mut Gaps, epoch: EpochIndex, params: &EpochParams) {
        let (Some(clock), Some(outage)) = (Clock::<T>::get(), LastOutage::<T>::get()) else { return };
        let (start, beat) = (clock.epoch_start(epoch), u64::from(params.beat_ms).max(1));
        let slot = |slot: u64| u32::try_from(slot).unwrap_or(u32::MAX).min(params.slots);
        let first = outage.from.saturating_sub(start).checked_div(beat).unwrap_or(0);
        let end = outage.until.saturating_sub(start).div_ceil(beat);
        gaps.add(slot(first), slot(end));
    }
}

impl RunningEpoch {
    /// What is expected in the epoch: its parameters less its gaps.
    pub fn expectation(&self, epoch_ms: u64) -> EpochParams {
        let params = self.params.epoch_params(epoch_ms);
        let lost = self.gaps.within(0, params.slots);
        EpochParams { expected: params.expected.saturating_sub(lost).max(1), ..params }
    }

    /// Whether outages left too little of the epoch to measure anybody by.
    pub fn is_lost(&self, epoch_ms: u64) -> bool {
        let slots = self.params.epoch_params(epoch_ms).slots;
        slots.saturating_sub(self.gaps.within(0, slots)) < slots.div_ceil(LEAST_LEFT)
    }
}
