//! Closed epochs: what each service earned, who failed, and what is made good.
//!
//! Epochs wait in a queue in the order in which they were closed. A cursor goes through all services for the one at the
//! head, some in each block.

use crate::{
    blame::Suspect, indices::page_of, pallet::*, releasing::byte_in, slot_account::SlotAccount, types::*, WeightInfo,
    LOG_TARGET, SETTLE_CHUNK,
};
use alloc::vec::Vec;
use frame_support::{
    traits::ConstU32,
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use ratio1_pallet_support::attempt;
use ratio1_primitives::{
    ballot::Page, jobs::SlotRef, traits::AvailabilityProvider, AccountId, Balance, BlockNumber, EpochIndex, PAGE_SIZE,
};
use sp_runtime::DispatchError;

/// The bytes a service is judged by.
type Recent = BoundedVec<(EpochIndex, u8), ConstU32<MAX_RECENT>>;

/// A step of settling: what is the same for all its services.
struct Step {
    closed: ClosedEpochs,
    /// The bytes of its page of services, and the epoch's threshold, if the epoch is finalised.
    page: Option<Page>,
    threshold: Option<u8>,
    /// The height that was final to those who measured it.
    known: Option<BlockNumber>,
}

impl Step {
    /// The epoch, if it is finalised.
    fn epoch(&self) -> Option<EpochIndex> {
        match self.closed {
            ClosedEpochs::Finalised(epoch) => Some(epoch),
            ClosedEpochs::Lapsed { .. } => None,
        }
    }
}

/// Remember a byte if it is among the newest.
fn remember(recent: &mut Recent, epoch: EpochIndex, byte: u8) {
    let at = recent.iter().position(|(other, _)| epoch < *other).unwrap_or(recent.len());
    // A full list loses its oldest entry, and does not take one that is older still.
    let _ = recent.force_insert_keep_right(at, (epoch, byte));
}

/// Whether a service fails with its byte of `epoch`: below half; below the threshold in this and a neighbouring epoch;
/// or under 90 % on average over the newest five that are known. Epochs can be closed in any order.
fn is_failing(recent: &[(EpochIndex, u8)], epoch: EpochIndex, threshold: impl Fn(EpochIndex) -> Option<u8>) -> bool {
    let byte_of = |epoch: EpochIndex| recent.iter().find(|(other, _)| *other == epoch).map(|(_, byte)| *byte);
    let Some(byte) = byte_of(epoch) else { return false };
    let low = |epoch: EpochIndex| {
        byte_of(epoch).is_some_and(|byte| threshold(epoch).is_some_and(|threshold| byte < threshold))
    };
    let neighbours = [epoch.0.checked_sub(1), epoch.0.checked_add(1)];
    let twice = low(epoch) && neighbours.into_iter().flatten().any(|other| low(EpochIndex(other)));
    let sum: u32 = recent.iter().map(|(_, byte)| u32::from(*byte)).sum();
    let known = u32::try_from(recent.len()).unwrap_or(0);
    let weak = known == MAX_RECENT && sum.saturating_mul(10) < known.saturating_mul(255 * 9);
    u32::from(byte).saturating_mul(2) < 255 || twice || weak
}

/// The lowest price that a slot has in the epochs `first..=last`; zero if it has none.
fn lowest_price(slot: &Slot, first: EpochIndex, last: EpochIndex) -> Balance {
    let mut begin = EpochIndex(0);
    let mut lowest: Option<Balance> = None;
    for term in &slot.terms {
        if begin <= last && first < term.until {
            lowest = Some(lowest.map_or(term.price, |lowest| lowest.min(term.price)));
        }
        begin = term.until;
    }
    lowest.unwrap_or(0)
}

impl<T: Config> Pallet<T> {
    /// The bytes of `epoch` are final.
    pub fn on_finalised(epoch: EpochIndex) {
        Self::enqueue(ClosedEpochs::Finalised(epoch));
    }

    /// The most that [`Pallet::on_finalised`] costs.
    pub fn finalised_weight() -> Weight {
        T::WeightInfo::enqueue()
    }

    /// The epochs `first..=last` are closed without result.
    pub fn on_lapsed(first: EpochIndex, last: EpochIndex) {
        Self::enqueue(ClosedEpochs::Lapsed { first, last });
    }

    /// The most that [`Pallet::on_lapsed`] costs.
    pub fn lapse_weight() -> Weight {
        T::WeightInfo::enqueue()
    }

    fn enqueue(closed: ClosedEpochs) {
        let mut cursor = Settled::<T>::get();
        Queue::<T>::insert(cursor.tail, closed);
        cursor.tail = cursor.tail.saturating_add(1);
        Settled::<T>::put(cursor);
    }

    /// Settle services for closed epochs while the meter has room.
    pub(crate) fn step_settlement(meter: &mut WeightMeter) {
        let services = Indices::<T>::get();
        let mut cursor = Settled::<T>::get();
        while cursor.head < cursor.tail {
            let Some(closed) = Queue::<T>::get(cursor.head) else {
                log::error!(target: LOG_TARGET, "entry {} of the queue is missing", cursor.head);
                Self::next_entry(&mut cursor);
                continue;
            };
            // A step stays within a page.
            let page = page_of(cursor.index);
            let end = services.min(cursor.index.saturating_add(SETTLE_CHUNK));
            let end = end.min(page.saturating_add(1).saturating_mul(PAGE_SIZE));
            let count = end.saturating_sub(cursor.index);
            let weight = match closed {
                ClosedEpochs::Finalised(_) => T::WeightInfo::settle_chunk(count),
                ClosedEpochs::Lapsed { .. } => T::WeightInfo::postpone_chunk(count),
            };
            if meter.try_consume(weight).is_err() {
                return;
            }
            let step = Self::step(closed, page);
            while cursor.index < end && Self::settle_one(cursor.index, &step, meter) {
                cursor.index = cursor.index.saturating_add(1);
            }
            let stopped = cursor.index < end;
            if cursor.index >= services {
                Self::next_entry(&mut cursor);
            }
            Settled::<T>::put(cursor);
            if stopped {
                return;
            }
        }
    }

    fn step(closed: ClosedEpochs, page: u32) -> Step {
        let (page, threshold, known) = match closed {
            ClosedEpochs::Finalised(epoch) => (
                T::Availability::service_page(epoch, page),
                T::Availability::threshold(epoch),
                T::Availability::known(epoch),
            ),
            ClosedEpochs::Lapsed { .. } => (None, None, None),
        };
        Step { closed, page, threshold, known }
    }

    fn next_entry(cursor: &mut Cursor) {
        Queue::<T>::remove(cursor.head);
        cursor.head = cursor.head.saturating_add(1);
        cursor.index = 0;
        Settled::<T>::put(*cursor);
    }

    /// Settle one service; whether the meter had room for what follows from it. That it fails or is paid are pieces of
    /// work of their own: what it earned stands whatever becomes of them.
    fn settle_one(index: u32, step: &Step, meter: &mut WeightMeter) -> bool {
        let Some(service) = Services::<T>::get(index) else { return true };
        let byte = step.page.as_ref().and_then(|page| byte_in(page, index));
        let settled = attempt(LOG_TARGET, "settling", || match step.closed {
            ClosedEpochs::Finalised(epoch) if Self::is_unknown(&service, step.known) => {
                Self::settle_unknown(index, service, epoch)
            }
            ClosedEpochs::Finalised(epoch) => Self::settle_finalised(index, service, epoch, byte),
            ClosedEpochs::Lapsed { first, last } => Self::settle_lapsed(index, service, first, last, true),
        });
        let Some(service) = settled else { return true };
        let failed = step.epoch().filter(|epoch| service.left.is_none() && Self::has_failed(&service, *epoch, step));
        let lesson = Self::lesson_of(&service, byte, step);
        let due = service.due(Self::current());
        let failing = failed.map_or(Weight::zero(), |_| T::WeightInfo::fail());
        let learning = lesson.as_ref().map_or(Weight::zero(), |_| T::WeightInfo::learn());
        let needed = failing.saturating_add(learning).saturating_add(Self::release_weight(due));
        if meter.try_consume(needed).is_err() {
            return false;
        }
        if let Some((slot, guilty)) = lesson {
            attempt(LOG_TARGET, "learning", || Self::learn(service.slot, slot, guilty));
        }
        if let Some(epoch) = failed {
            attempt(LOG_TARGET, "failing", || Self::fail(index, Leaving::Failed, epoch));
        }
        if due > 0 {
            attempt(LOG_TARGET, "releasing", || Self::release_due(index));
        }
        true
    }

    fn has_failed(service: &Service<AccountId>, epoch: EpochIndex, step: &Step) -> bool {
        let other = |other| if other == epoch { step.threshold } else { T::Availability::threshold(other) };
        is_failing(&service.recent, epoch, other)
    }

    /// What is new of the slot of a service that was settled with `byte`.
    fn lesson_of(service: &Service<AccountId>, byte: Option<u8>, step: &Step) -> Option<(Slot, Vec<Suspect>)> {
        let epoch = step.epoch()?;
        // It is not among these if it was not known to be measured.
        let counted = service.recent.iter().any(|(other, _)| *other == epoch);
        Self::lesson(service, epoch, byte.filter(|_| counted)?, step.threshold)
    }

    /// Account for what a service earned in `epoch`. `None` if it did not serve in it; no harm if it is done twice.
    fn settle_finalised(
        index: u32,
        mut service: Service<AccountId>,
        epoch: EpochIndex,
        byte: Option<u8>,
    ) -> Result<Option<Service<AccountId>>, DispatchError> {
        if !service.is_in(epoch) || service.is_settled(epoch) {
            return Ok(Some(service).filter(|service| service.is_in(epoch)));
        }
        let Some(byte) = byte else {
            log::error!(target: LOG_TARGET, "service {index} has no byte in epoch {epoch}: it counts as lapsed");
            return Self::settle_lapsed(index, service, epoch, epoch, true);
        };
        let SlotRef { job, slot } = service.slot;
        let slot = Slots::<T>::get(job, slot).ok_or(Error::<T>::Corrupted(Inconsistency::NoSlot))?;
        let amount = Self::earning(&service, &slot, epoch, byte);
        service.settle(epoch, amount).ok_or(Error::<T>::Corrupted(Inconsistency::PeriodClosed))?;
        remember(&mut service.recent, epoch, byte);
        Services::<T>::insert(index, &service);
        Ok(Some(service))
    }

    /// Account for an epoch in which a service was accepted after everything that was final to those who measured it: they
    /// cannot have known it. It is as if it had lapsed, but made good only if no other service of the slot may be paid for a
    /// part of it.
    fn settle_unknown(
        index: u32,
        service: Service<AccountId>,
        epoch: EpochIndex,
    ) -> Result<Option<Service<AccountId>>, DispatchError> {
        let slot =
            Slots::<T>::get(service.slot.job, service.slot.slot).ok_or(Error::<T>::Corrupted(Inconsistency::NoSlot))?;
        let others = slot.services.iter().filter(|other| **other != index).filter_map(Services::<T>::get);
        // ADR 0025: one that is paid for a part of the epoch has spent the money.
        let alone = slot.trial.paid.0 != epoch && !others.into_iter().any(|other| other.is_in(epoch));
        Self::settle_lapsed(index, service, epoch, epoch, alone)
    }

    /// Account for the epochs `first..=last`, which lapsed, and postpone the end of the service by as many if it still
    /// serves, and they are to be made good. `None` as in [`Self::settle_finalised`]; no harm if it is done twice.
    fn settle_lapsed(
        index: u32,
        mut service: Service<AccountId>,
        first: EpochIndex,
        last: EpochIndex,
        made_good: bool,
    ) -> Result<Option<Service<AccountId>>, DispatchError> {
        let first = first.max(service.first);
        if first > last || !service.is_in(first) || service.is_settled(first) {
            return Ok(Some(service).filter(|service| first <= last && service.is_in(first)));
        }
        let (slot, stays) = (service.slot, made_good && service.left.is_none() && !service.leaving);
        if stays && Self::postpone_end(index, &mut service, first, last)? {
            Self::deposit_event(Event::EndPostponed { slot, ends: service.ends });
        }
        service
            .settle_lapsed(first, last.min(service.last()))
            .ok_or(Error::<T>::Corrupted(Inconsistency::PeriodClosed))?;
        Services::<T>::insert(index, &service);
        Ok(Some(service))
    }

    /// Postpone the end of a slot and of its service by the epochs `first..=last`, all closed, of which `first` is the
    /// slot's. All count, also those after its end: what is left of the slot from `first` on is served after `last`. It
    /// then costs the lowest of the prices that were not charged. `false` if the slot has had too many prices, or if its end
    /// has passed and was not among these epochs: those after it may be closed already, and would never be settled.
    fn postpone_end(
        index: u32,
        service: &mut Service<AccountId>,
        first: EpochIndex,
        last: EpochIndex,
    ) -> Result<bool, DispatchError> {
        let mut account = SlotAccount::<T>::load(service.slot)?;
        let passed = service.ends < Self::current() && last < service.ends;
        if passed || account.slot.state != (SlotState::Running { index }) {
            return Ok(false);
        }
        // ADR 0019: at its own price, so that what is held always covers what can still be earned.
        let price = lowest_price(&account.slot, first, last);
        let epochs = last.0.saturating_sub(first.0).saturating_add(1);
        if !account.slot.append(epochs, price) {
            return Ok(false);
        }
        Agenda::<T>::remove(service.ends, index);
        service.ends = account.slot.ends();
        Self::schedule(index, service.ends);
        account.store();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const THRESHOLD: u8 = 250;

    fn e(epoch: u32) -> EpochIndex {
        EpochIndex(epoch)
    }

    fn known(bytes: &[(u32, u8)]) -> Recent {
        let mut recent = Recent::default();
        bytes.iter().for_each(|(epoch, byte)| remember(&mut recent, e(*epoch), *byte));
        recent
    }

    /// Whether a service fails with the last byte that comes.
    fn fails(bytes: &[(u32, u8)]) -> bool {
        is_failing(&known(bytes), e(bytes.last().unwrap().0), |_| Some(THRESHOLD))
    }

    #[test]
    fn service_fails_when_an_epoch_is_below_half() {
        assert!(fails(&[(7, 127)]));
        assert!(!fails(&[(7, 128)]));
        // What came before does not count again.
        assert!(!fails(&[(7, 0), (8, 255)]));
    }

    #[test]
    fn service_fails_when_two_epochs_in_a_row_are_below_the_threshold() {
        assert!(fails(&[(7, 249), (8, 249)]));
        assert!(fails(&[(8, 249), (7, 249)]), "in whatever order they are closed");
        assert!(!fails(&[(7, 249), (9, 249)]), "an epoch is between them");
        assert!(!fails(&[(7, 249), (8, 250)]));
        assert!(!fails(&[(7, 250), (8, 249)]));
        assert!(!fails(&[(7, 249), (8, 249), (9, 255)]));
    }

    #[test]
    fn service_is_not_judged_when_the_threshold_is_forgotten() {
        let recent = known(&[(7, 249), (8, 249)]);
        assert!(is_failing(&recent, e(8), |_| Some(THRESHOLD)));
        assert!(!is_failing(&recent, e(8), |epoch| (epoch == e(8)).then_some(THRESHOLD)));
        assert!(!is_failing(&recent, e(8), |epoch| Some(if epoch == e(7) { 249 } else { THRESHOLD })));
    }

    #[test]
    fn service_fails_when_five_epochs_are_under_ninety_percent() {
        // 90 % of five times 255 is 1147.5.
        assert!(fails(&[(1, 255), (2, 192), (3, 255), (4, 190), (5, 255)]));
        assert!(!fails(&[(1, 255), (2, 192), (3, 255), (4, 191), (5, 255)]));
        assert!(!fails(&[(2, 192), (4, 190), (6, 192), (8, 192)]), "four are too few");
        assert!(!fails(&[(0, 130), (1, 255), (2, 192), (3, 255), (4, 191), (5, 255)]), "the sixth is too old");
    }

    #[test]
    fn byte_is_not_remembered_when_five_newer_are_known() {
        let full: Vec<(u32, u8)> = (3..8).map(|epoch| (epoch, 255)).collect();
        let mut late = full.clone();
        late.push((2, 9));
        assert_eq!(known(&late), known(&full));
        assert!(!fails(&late));
    }

    fn slot(terms: &[(u32, Balance)]) -> Slot {
        let terms: Vec<Term> = terms.iter().map(|(until, price)| Term { until: e(*until), price: *price }).collect();
        Slot {
            state: SlotState::Drawing { draw: 0 },
            held: 0,
            started: Some(EpochIndex(10)),
            terms: terms.try_into().unwrap(),
            services: Default::default(),
            drawn: None,
            draws: 0,
            draw_fee: 0,
            tried: Default::default(),
            trial: Default::default(),
        }
    }

    #[test]
    fn lowest_price_is_that_of_the_epochs_asked_for_when_there_are_several() {
        let slot = slot(&[(13, 7), (15, 3), (20, 5)]);
        assert_eq!(lowest_price(&slot, e(10), e(12)), 7);
        assert_eq!(lowest_price(&slot, e(12), e(13)), 3);
        assert_eq!(lowest_price(&slot, e(15), e(19)), 5);
        assert_eq!(lowest_price(&slot, e(14), e(1_000)), 3);
        assert_eq!(lowest_price(&slot, e(20), e(1_000)), 0);
    }

    proptest! {
        #[test]
        fn recent_are_the_newest_bytes_when_they_come_in_any_order(
            epochs in proptest::sample::subsequence((0u32..40).collect::<Vec<_>>(), 0..20).prop_shuffle(),
        ) {
            let recent = known(&epochs.iter().map(|epoch| (*epoch, *epoch as u8)).collect::<Vec<_>>());
            let mut newest = epochs.clone();
            newest.sort_unstable();
            let newest = newest.split_off(newest.len().saturating_sub(MAX_RECENT as usize));
            let expected: Vec<_> = newest.into_iter().map(|epoch| (e(epoch), epoch as u8)).collect();
            prop_assert_eq!(recent.into_inner(), expected);
        }

        /// What is put off costs no more than what lapsed.
        #[test]
        fn slot_costs_no_more_when_its_epochs_are_put_off(
            lengths in proptest::collection::vec((1u32..20, 1u128..5), 1..6),
            from in 0u32..120,
            lapsed in 1u32..200,
        ) {
            let mut until = 10;
            let terms: Vec<(u32, Balance)> = lengths.iter().map(|(length, price)| { until += length; (until, *price) }).collect();
            let mut slot = slot(&terms);
            let (first, last) = (e(10 + from % (until - 10)), e(10 + from % (until - 10) + lapsed - 1));
            let before = slot.cost_from(first);
            let left = until - first.0;
            let price = lowest_price(&slot, first, last);
            prop_assert!(slot.append(lapsed, price));
            prop_assert!(slot.cost_from(last.plus(1)) <= before);
            let epochs = slot.ends().0 - last.plus(1).0;
            prop_assert_eq!(epochs, left, "as many epochs as were left are still to come");
        }
    }
}
