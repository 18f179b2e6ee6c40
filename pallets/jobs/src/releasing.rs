//! What services earned: counted by epoch, released by period, rejected by the requester.

use crate::{indices::page_of, pallet::*, slot_account::SlotAccount, types::*};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    traits::{
        fungible::{Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
    },
};
use ratio1_primitives::{
    ballot::Page,
    jobs::{price::earned, Outcome, SlotRef, PERIOD, REJECTION_EPOCHS},
    traits::{AvailabilityProvider, ClockInspect, NodeRegistry, SupplyLedger},
    width::as_usize,
    AccountId, Balance, BlockNumber, EpochIndex, PAGE_SIZE,
};
use sp_runtime::DispatchResult;

/// The index of a service, the service, and what it earned in an epoch.
type Earned = (u32, Service<AccountId>, Balance);

/// What a rejection takes.
pub(crate) struct Rejection<T: Config> {
    account: SlotAccount<T>,
    services: Vec<Earned>,
    /// Of what is held.
    burned: Balance,
    /// Of the requester's own.
    topped: Balance,
}

/// The bits of a period's first `epochs` epochs.
fn bits(epochs: u32) -> u32 {
    1u32.checked_shl(epochs).unwrap_or(0).wrapping_sub(1)
}

/// The byte of a service in its page.
pub(crate) fn byte_in(page: &Page, index: u32) -> Option<u8> {
    page.get(as_usize(index.checked_rem(PAGE_SIZE)?)).copied()
}

/// Which epochs are accounted for, and what can be released.
///
/// Periods are stored from the first that is not released on. One that is missing before another that is stored lapsed as
/// a whole: after a long halt there can be any number of them, and nothing to be known about each.
impl<A> Service<A> {
    /// The first epoch of a period.
    fn begin(&self, number: u32) -> EpochIndex {
        self.first.plus(number.saturating_mul(PERIOD))
    }

    /// In how many epochs of a period it serves, as things stand.
    fn epochs_in(&self, number: u32) -> u32 {
        self.last().plus(1).0.saturating_sub(self.begin(number).0).min(PERIOD)
    }

    /// Whether an epoch is closed and accounted for.
    pub(crate) fn is_settled(&self, epoch: EpochIndex) -> bool {
        let (number, bit) = self.period_of(epoch);
        let stored = self.periods.iter().find(|period| period.index >= number);
        match stored {
            _ if number < self.released => true,
            Some(period) if period.index == number => period.settled & bit != 0,
            missing => missing.is_some(),
        }
    }

    /// Whether the requester rejected an epoch of it that is not released.
    fn is_rejected(&self, epoch: EpochIndex) -> bool {
        let (number, bit) = self.period_of(epoch);
        self.periods.iter().any(|period| period.index == number && period.rejected & bit != 0)
    }

    /// The period of one of its epochs and its bit there, if the period is stored.
    fn stored(&mut self, epoch: EpochIndex) -> Option<(&mut Period, u32)> {
        let (number, bit) = self.period_of(epoch);
        self.periods.iter_mut().find(|period| period.index == number).map(|period| (period, bit))
    }

    /// Store a period, and those before it that are not. `None` if there are too many.
    fn open(&mut self, number: u32) -> Option<()> {
        let next = self.periods.last().map_or(self.released, |last| last.index.saturating_add(1));
        (next..=number).try_for_each(|number| self.push(number))
    }

    fn push(&mut self, index: u32) -> Option<()> {
        self.periods.try_push(Period { index, accrued: 0, settled: 0, rejected: 0 }).ok()
    }

    /// It earned `amount` in `epoch`. `None` if too many periods are open, or this one is no more.
    #[must_use]
    pub(crate) fn settle(&mut self, epoch: EpochIndex, amount: Balance) -> Option<()> {
        self.open(self.period_of(epoch).0)?;
        let (period, bit) = self.stored(epoch)?;
        period.settled |= bit;
        period.accrued = period.accrued.checked_add(amount)?;
        Some(())
    }

    /// It earns nothing in the epochs `first..=last`, all of them its own. The cost does not grow with them. `None` as
    /// [`Self::settle`].
    #[must_use]
    pub(crate) fn settle_lapsed(&mut self, first: EpochIndex, last: EpochIndex) -> Option<()> {
        let (from, to) = (self.period_of(first).0, self.period_of(last).0);
        self.open(from)?;
        self.stored(first)?;
        if self.periods.last().is_none_or(|stored| stored.index < to) {
            self.push(to)?;
        }
        let origin = self.first;
        for period in self.periods.iter_mut().filter(|period| (from..=to).contains(&period.index)) {
            let begin = origin.plus(period.index.saturating_mul(PERIOD)).0;
            let skipped = first.0.saturating_sub(begin);
            let reached = last.0.saturating_sub(begin).saturating_add(1).min(PERIOD);
            period.settled |= bits(reached) & !bits(skipped);
        }
        Some(())
    }

    /// Whether a stored period can be released once those before it are.
    fn is_due(&self, period: &Period, current: EpochIndex) -> bool {
        let epochs = self.epochs_in(period.index);
        let over = epochs == PERIOD || self.left.is_some();
        let all = bits(epochs);
        over && period.settled & all == all && self.begin(period.index).plus(epochs).plus(REJECTION_EPOCHS) <= current
    }

    /// The first epoch that is not closed and accounted for, as far as is known without going through periods that lapsed as
    /// a whole; after its last, if all are.
    pub(crate) fn first_open(&self) -> EpochIndex {
        let open = |period: &Period| {
            let settled = period.settled.trailing_ones().min(PERIOD);
            (settled < self.epochs_in(period.index)).then(|| self.begin(period.index).plus(settled))
        };
        let after = self.periods.last().map_or(self.released, |last| last.index.saturating_add(1));
        self.periods.iter().find_map(open).unwrap_or_else(|| self.begin(after).min(self.last().plus(1)))
    }

    /// How many of its stored periods can be released.
    pub(crate) fn due(&self, current: EpochIndex) -> u32 {
        self.periods.iter().take_while(|period| self.is_due(period, current)).map(|_| 1).sum()
    }

    /// Whether it has left and all is released.
    pub(crate) fn is_done(&self) -> bool {
        self.left.is_some() && self.epochs_in(self.released) == 0
    }

    /// Whether its node served a whole period as it should. Part of one is not enough: short jobs of friends would be a
    /// cheap ladder.
    pub(crate) fn has_served(&self, period: &Period) -> bool {
        self.epochs_in(period.index) == PERIOD && period.rejected == 0 && period.accrued > 0
    }
}

impl<T: Config> Pallet<T> {
    /// Milliseconds of `epoch` between the acceptance of a service and its end.
    pub(crate) fn active_ms(service: &Service<AccountId>, epoch: EpochIndex) -> u64 {
        let Some(clock) = T::Epochs::clock() else { return 0 };
        let begin = clock.epoch_start(epoch);
        let end = begin.saturating_add(clock.epoch_ms);
        let from = service.accepted.max(begin);
        let to = service.left.map_or(end, |left| left.at.min(end));
        to.saturating_sub(from)
    }

    /// What a service earns in `epoch` with this byte.
    pub(crate) fn earning(service: &Service<AccountId>, slot: &Slot, epoch: EpochIndex, byte: u8) -> Balance {
        let epoch_ms = T::Epochs::clock().map_or(0, |clock| clock.epoch_ms);
        earned(slot.price(epoch), Self::active_ms(service, epoch), epoch_ms, byte)
    }

    /// Whether a service was accepted after all that was final to those who measured `epoch`: they cannot have known it.
    pub(crate) fn is_unknown(service: &Service<AccountId>, known: Option<BlockNumber>) -> bool {
        known.is_some_and(|known| known < service.block)
    }

    /// The finalised byte of a service in `epoch`, if it counts.
    pub(crate) fn service_byte(service: &Service<AccountId>, epoch: EpochIndex, index: u32) -> Option<u8> {
        if Self::is_unknown(service, T::Availability::known(epoch)) {
            return None;
        }
        let page = T::Availability::service_page(epoch, page_of(index))?;
        byte_in(&page, index)
    }

    /// Release every period of a service that is due. One that has left and is paid out is forgotten.
    pub(crate) fn release_due(index: u32) -> DispatchResult {
        let Some(mut service) = Services::<T>::get(index) else { return Ok(()) };
        let due = service.due(Self::current());
        if due == 0 && !service.is_done() {
            return Ok(());
        }
        let mut account = SlotAccount::<T>::load(service.slot)?;
        for _ in 0..due {
            Self::release_first(index, &mut service, &mut account)?;
        }
        if service.is_done() {
            Self::forget(index, &service, &mut account)?;
        } else {
            Services::<T>::insert(index, service);
        }
        account.store();
        Ok(())
    }

    fn release_first(index: u32, service: &mut Service<AccountId>, account: &mut SlotAccount<T>) -> DispatchResult {
        let period = *service.periods.first().ok_or(Error::<T>::Corrupted(Inconsistency::NoPeriod))?;
        if service.counts && service.has_served(&period) {
            T::NodeRegistry::note(service.license, Outcome::Served);
        }
        let (burned, paid) = account.release(&service.payee, period.accrued)?;
        let last = service.last();
        if service.period_of(last).0 == period.index && !service.is_rejected(last) {
            let byte = Self::service_byte(service, last, index);
            let amount = byte.map_or(0, |byte| Self::earning(service, &account.slot, last, byte));
            account.slot.trial.note_paid(last, amount);
        }
        service.periods.remove(0);
        service.released = period.index.saturating_add(1);
        let (license, payee) = (service.license, service.payee.clone());
        let (slot, gross, period) = (service.slot, period.accrued, period.index);
        Self::deposit_event(Event::Released { slot, license, index, period, gross, burned, paid, payee });
        Ok(())
    }

    /// Nothing of a service is left to be done: its index is free, and its slot can be closed. If it came to nothing, and
    /// nothing else did of the slot, that is at the requester's cost.
    fn forget(index: u32, service: &Service<AccountId>, account: &mut SlotAccount<T>) -> DispatchResult {
        account.slot.services.retain(|other| *other != index);
        Services::<T>::remove(index);
        let burned = Self::waste(&account.slot, service);
        if burned > 0 {
            account.burn(burned)?;
            let (slot, license) = (service.slot, service.license);
            Self::deposit_event(Event::CameToNothing { slot, license, index, burned });
        }
        Agenda::<T>::remove(Self::payday(service.last()), index);
        Self::touch(index);
        Self::free_index(index);
        account.try_close()
    }

    /// When a service whose last epoch is `last` can be paid out, if all of its epochs are closed by then.
    pub(crate) fn payday(last: EpochIndex) -> EpochIndex {
        last.plus(1).plus(REJECTION_EPOCHS)
    }

    /// The services of a slot that were in `epoch` and are not released, with what they earned in it.
    fn rejectable(slot: &Slot, epoch: EpochIndex) -> Result<Vec<Earned>, Error<T>> {
        let mut found = Vec::new();
        for index in &slot.services {
            let service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
            if service.is_in(epoch) && service.period_of(epoch).0 >= service.released {
                found.push((*index, service));
            }
        }
        ensure!(!found.is_empty(), Error::<T>::NothingToReject);
        ensure!(found.iter().all(|(_, service)| service.is_settled(epoch)), Error::<T>::NotSettled);
        ensure!(!found.iter().any(|(_, service)| service.is_rejected(epoch)), Error::<T>::AlreadyRejected);
        let earned = |(index, service): (u32, Service<AccountId>)| -> Earned {
            let byte = Self::service_byte(&service, epoch, index);
            let amount = byte.map_or(0, |byte| Self::earning(&service, slot, epoch, byte));
            (index, service, amount)
        };
        Ok(found.into_iter().map(earned).collect())
    }

    /// What rejecting `epoch` of a slot of `owner` takes, if it can be rejected: then that succeeds, so that it need not cost
    /// a fee.
    pub(crate) fn check_reject(owner: &AccountId, id: SlotRef, epoch: EpochIndex) -> Result<Rejection<T>, Error<T>> {
        let account = SlotAccount::<T>::load(id)?;
        ensure!(account.job.owner == *owner, Error::<T>::NotOwner);
        let services = Self::rejectable(&account.slot, epoch)?;
        let burned = services.iter().fold(0, |sum: Balance, (_, _, amount)| sum.saturating_add(*amount));
        ensure!(burned > 0, Error::<T>::NothingEarned);
        // ADR 0019: an epoch's price, or rejecting one that earned nothing would be a free draw.
        // What was released for the epoch is paid and burned: it is part of the price.
        let spent = account.slot.trial.paid_in(epoch).saturating_add(burned);
        let topped = account.slot.price(epoch).saturating_sub(spent);
        let funds = T::Currency::reducible_balance(owner, Preservation::Expendable, Fortitude::Polite);
        ensure!(topped <= funds, Error::<T>::InsufficientFunds);
        Ok(Rejection { account, services, burned, topped })
    }

    /// Burn what a slot's services earned in `epoch`, and of the owner's own what is missing to the epoch's price.
    pub(crate) fn do_reject(owner: &AccountId, id: SlotRef, epoch: EpochIndex) -> DispatchResult {
        let Rejection { mut account, services, burned, topped } = Self::check_reject(owner, id, epoch)?;
        if topped > 0 {
            T::Currency::burn_from(owner, topped, Preservation::Expendable, Precision::Exact, Fortitude::Polite)?;
            T::Supply::note_burned(topped);
        }
        account.burn(burned)?;
        account.store();
        Self::deposit_event(Event::Rejected { slot: id, epoch, burned, topped });
        for (index, service, amount) in services {
            Self::reject_service(index, service, epoch, amount)?;
        }
        Ok(())
    }

    /// Take `amount` from what a service is to be paid. If it still serves it leaves.
    fn reject_service(
        index: u32,
        mut service: Service<AccountId>,
        epoch: EpochIndex,
        amount: Balance,
    ) -> DispatchResult {
        // One service is blamed once: further rejections burn what it earned, not its reputation again.
        let blamed = service.periods.iter().any(|period| period.rejected != 0);
        let (period, bit) = service.stored(epoch).ok_or(Error::<T>::Corrupted(Inconsistency::NoPeriod))?;
        period.accrued =
            period.accrued.checked_sub(amount).ok_or(Error::<T>::Corrupted(Inconsistency::ServiceOverdrawn))?;
        period.rejected |= bit;
        let serves = service.left.is_none();
        Services::<T>::insert(index, &service);
        if !blamed {
            Self::judge_service(&service, Outcome::Rejected, Self::current())?;
        }
        if serves {
            Self::end_service(index, Leaving::Rejected, Self::left_now())?;
        }
        Ok(())
    }
}
