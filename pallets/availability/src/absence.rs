//! Nodes that went silent: oracles say so, and when so many do that an honest one's word decides, the slots the node
//! serves move at once, not after the epoch.
//!
//! The oracles asked are those of the running epoch, active when it opened; `n - f` of them must agree, so at least
//! `n - 2f`, more than `f`, are honest, and the faulty alone can remove nobody. What an oracle said counts for one to two
//! periods of [`ABSENCE_SLOTS`] beat slots, which two masks remember without a list of moments: of the period that runs,
//! and of the one before.
//!
//! What a liar can cost is bounded: an oracle reports once in [`ABSENCE_SPACING`] slots, one report of it is in the pool at
//! a time, licenses without slots are passed over, and what was said goes with the epoch.

use crate::{config::BLOCK_MS, pallet::*, types::*, WeightInfo};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    pallet_prelude::{TransactionSource, TransactionValidityWithRefund},
    traits::{Get, Time},
    weights::{Weight, WeightMeter},
};
use ratio1_pallet_support::{refusal, Authorized};
use ratio1_primitives::{
    apbft,
    api::Absence,
    clock::{ABSENCE_SLOTS, ABSENCE_SPACING},
    traits::{JobSlots, OracleInspect},
    width::as_usize,
    AccountId, EpochIndex, LicenseId, VoteId, VoteSignature,
};
use sp_runtime::DispatchResult;

/// Next to votes, and before all that tips can buy.
const ABSENCE_PRIORITY: u64 = u64::MAX.saturating_sub(1);
/// Entries of one ended epoch that one step forgets.
pub(crate) const FORGET: u32 = 64;

/// A report found good.
pub(crate) struct Reporter {
    /// Its place among the oracles of the running epoch.
    seat: u16,
    oracle: AccountId,
    running: RunningEpoch,
    /// The beat slot in which this block was made.
    now: u32,
}

impl<T: Config> Pallet<T> {
    /// Whether a report is to be accepted.
    pub(crate) fn check_absence(
        voter: &VoteId,
        absence: &Absence,
        signature: &VoteSignature,
    ) -> Result<Reporter, Error<T>> {
        let reporter = Self::check_reporter(voter, absence)?;
        let signed = absence.is_signed_by(voter, Self::genesis_hash(), signature);
        ensure!(signed, Error::<T>::BadReportSignature);
        Ok(reporter)
    }

    /// All but the signature.
    fn check_reporter(voter: &VoteId, absence: &Absence) -> Result<Reporter, Error<T>> {
        ensure!(!absence.licenses.is_empty(), Error::<T>::NobodyNamed);
        ensure!(absence.licenses.is_sorted_by(|a, b| a < b), Error::<T>::NamedOutOfOrder);
        let running = Running::<T>::get().filter(|running| running.epoch == absence.epoch);
        let running = running.ok_or(Error::<T>::EpochNotRunning)?;
        let clock = Clock::<T>::get().ok_or_else(|| Self::corrupted(running.epoch, Inconsistency::NoClock))?;
        let params = running.params.epoch_params(clock.epoch_ms);
        // An epoch may run on for a block or two if a block had no room to end it.
        let now = clock.slot_at(running.epoch, T::Time::now(), &params).ok_or(Error::<T>::EpochNotRunning)?;
        let near = absence.slot < params.slots && absence.slot.abs_diff(now) <= ABSENCE_SPACING;
        ensure!(near, Error::<T>::SlotNotNow);
        // From the beginning of the first slot meant.
        let ends = u64::from(absence.slot).saturating_add(1);
        let length = u64::from(ABSENCE_SLOTS).saturating_mul(params.beat_ms.into());
        let end = clock.epoch_start(running.epoch).saturating_add(ends.saturating_mul(params.beat_ms.into()));
        let outage = LastOutage::<T>::get();
        ensure!(outage.is_none_or(|outage| outage.until <= end.saturating_sub(length)), Error::<T>::AfterOutage);

        let active = T::Oracles::active().into_iter().find(|seat| seat.vote_key == *voter);
        let oracle = active.ok_or(Error::<T>::NotActive)?.oracle;
        let seat = running.oracles.iter().position(|known| *known == oracle).ok_or(Error::<T>::NotActive)?;
        ensure!(!T::Oracles::is_barred(&oracle), Error::<T>::NotActive);
        let last = Reported::<T>::get().get(seat).copied().flatten();
        let spaced = last.is_none_or(|last| last.saturating_add(ABSENCE_SPACING) <= absence.slot);
        ensure!(spaced, Error::<T>::ReportedLately);
        let too_many = |_| Self::corrupted(running.epoch, Inconsistency::TooManySeats);
        let seat = u16::try_from(seat).map_err(too_many)?;
        Ok(Reporter { seat, oracle, running, now })
    }

    /// Take note of a report that was authorised.
    pub(crate) fn apply_absence(voter: VoteId, absence: Absence) -> DispatchResult {
        let Reporter { seat, oracle, running, now } = Self::check_reporter(&voter, &absence)?;
        Reported::<T>::mutate(|reported| {
            let missing = usize::from(seat).saturating_add(1).saturating_sub(reported.len());
            for _ in 0..missing {
                // Not more than there are oracles, so there is room.
                let _ = reported.try_push(None);
            }
            if let Some(last) = reported.get_mut(usize::from(seat)) {
                *last = Some(absence.slot);
            }
        });
        // ADR 0023: n - f words, so that liars alone remove nobody.
        let needed = apbft::quorum(u32::try_from(running.oracles.len()).unwrap_or(u32::MAX));
        let period = now.checked_div(ABSENCE_SLOTS).unwrap_or(0);
        let (epoch, slot) = (absence.epoch, absence.slot);
        let mut queue = Absentees::<T>::get();
        let (mut counted, mut absent) = (0u32, Vec::new());
        for license in absence.licenses {
            if !T::JobSlots::is_working(license) || queue.contains(&license) {
                continue;
            }
            counted = counted.saturating_add(1);
            let mut silence = Silences::<T>::get(epoch, license).unwrap_or(Silence::new(period));
            let said = silence.note(period, seat);
            if said < needed {
                Silences::<T>::insert(epoch, license, silence);
            } else if queue.try_push(license).is_ok() {
                Silences::<T>::remove(epoch, license);
                absent.push(license);
            }
            // If the queue is full, the word that was missing is said again when there is room.
        }
        Self::deposit_event(Event::AbsenceReported { epoch, oracle, slot, licenses: counted });
        if !absent.is_empty() {
            Absentees::<T>::put(queue);
        }
        for license in absent {
            Self::deposit_event(Event::NodeAbsent { epoch, license });
        }
        Ok(())
    }

    /// Take the slots of those that are absent away, in the order in which they became so.
    pub(crate) fn move_absent(budget: &mut WeightMeter) {
        if Absentees::<T>::decode_len().unwrap_or(0) == 0 {
            return;
        }
        let mut queue = Absentees::<T>::get().into_inner();
        let mut done = 0usize;
        for license in &queue {
            if budget.try_consume(Self::absent_weight()).is_err() {
                break;
            }
            T::JobSlots::absent(*license);
            done = done.saturating_add(1);
        }
        queue.drain(..done);
        Absentees::<T>::put(frame_support::BoundedVec::truncate_from(queue));
    }

    /// What it costs to move the slots of one license: `Absentees` is read and written, and the rest is of who has them.
    pub(crate) fn absent_weight() -> Weight {
        T::DbWeight::get().reads_writes(1, 1).saturating_add(T::JobSlots::absent_weight())
    }

    /// Forget what was said in epochs that ended.
    pub(crate) fn prune_silences(budget: &mut WeightMeter, current: EpochIndex, steps: u32) {
        let mut cursor = SilencesPruned::<T>::get();
        if cursor >= current {
            return;
        }
        for _ in 0..steps {
            if cursor >= current || budget.try_consume(T::WeightInfo::prune_silences()).is_err() {
                break;
            }
            cursor = Self::forget_silences(cursor);
        }
        SilencesPruned::<T>::put(cursor);
    }

    /// Forget some of what was said in one epoch. The epoch to go on with.
    pub(crate) fn forget_silences(epoch: EpochIndex) -> EpochIndex {
        let keys: Vec<LicenseId> = Silences::<T>::iter_key_prefix(epoch).take(as_usize(FORGET)).collect();
        keys.iter().for_each(|license| Silences::<T>::remove(epoch, license));
        if keys.len() < as_usize(FORGET) {
            epoch.plus(1)
        } else {
            epoch
        }
    }

    pub(crate) fn authorize_report_absence(
        _: TransactionSource,
        voter: &VoteId,
        absence: &Absence,
        signature: &VoteSignature,
    ) -> TransactionValidityWithRefund {
        let Reporter { running, .. } = Self::check_absence(voter, absence, signature).map_err(refusal)?;
        let spacing_ms = u64::from(ABSENCE_SPACING).saturating_mul(running.params.beat_ms.into());
        let authorized = Authorized {
            call: "ratio1/availability/report_absence",
            // Whatever its slot and licenses: one report of an oracle at a time.
            tag: (absence.epoch, voter),
            priority: ABSENCE_PRIORITY,
            longevity: spacing_ms.checked_div(BLOCK_MS).unwrap_or(0).max(1),
        };
        authorized.refunding(Weight::zero())
    }
}

/// A bit for each oracle.
type Said = [u8; as_usize(ratio1_primitives::ballot::MAX_ORACLES).div_ceil(8)];

impl Silence {
    /// Nobody has said anything.
    pub(crate) fn new(period: u32) -> Self {
        Self { period, now: Said::default(), before: Said::default() }
    }

    /// The oracle at `seat` says so in `period`. How many have in it and the one before.
    pub(crate) fn note(&mut self, period: u32, seat: u16) -> u32 {
        if period != self.period {
            let follows = self.period.checked_add(1) == Some(period);
            self.before = if follows { self.now } else { Said::default() };
            self.now = Said::default();
            self.period = period;
        }
        if let Some(byte) = self.now.get_mut(usize::from(seat / 8)) {
            *byte |= 1u8.rotate_left(u32::from(seat % 8));
        }
        self.count()
    }

    /// How many have said so.
    pub(crate) fn count(&self) -> u32 {
        self.now.iter().zip(&self.before).map(|(now, before)| (now | before).count_ones()).sum()
    }
}
