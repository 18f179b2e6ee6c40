//! The account of a slot: the only way by which a slot or its job changes, so that money and counts stay together.

use crate::{pallet::*, types::*};
use frame_support::{
    ensure,
    traits::{
        fungible::{InspectHold, MutateHold},
        tokens::{Fortitude, Precision, Restriction},
        Time,
    },
};
use ratio1_primitives::{
    jobs::{price, SlotRef},
    traits::{EpochInspect, SupplyLedger},
    AccountId, Balance, EpochIndex, JobId,
};
use sp_runtime::{DispatchError, DispatchResult, SaturatedConversion};

/// A slot with its job, read from storage: what is held for the one is on the ledger of the other. [`SlotAccount::store`]
/// writes both back.
pub(crate) struct SlotAccount<T: Config> {
    pub(crate) id: SlotRef,
    pub(crate) job: Job<AccountId>,
    pub(crate) slot: Slot,
    closed: bool,
    _config: core::marker::PhantomData<T>,
}

impl<T: Config> SlotAccount<T> {
    /// A slot and its job, or which of them does not exist.
    pub(crate) fn load(id: SlotRef) -> Result<Self, Error<T>> {
        let job = Jobs::<T>::get(id.job).ok_or(Error::<T>::UnknownJob)?;
        let slot = Slots::<T>::get(id.job, id.slot).ok_or(Error::<T>::UnknownSlot)?;
        Ok(Self { id, job, slot, closed: false, _config: Default::default() })
    }

    /// A slot that is to be added to its job, in a draw.
    pub(crate) fn new(id: SlotRef, mut job: Job<AccountId>, slot: Slot) -> Self {
        job.slots = job.slots.saturating_add(1);
        job.live = job.live.saturating_add(1);
        job.open = job.open.saturating_add(1);
        Self { id, job, slot, closed: false, _config: Default::default() }
    }

    /// Write both back. A slot that is closed goes.
    pub(crate) fn store(self) {
        match self.closed {
            true => Slots::<T>::remove(self.id.job, self.id.slot),
            false => Slots::<T>::insert(self.id.job, self.id.slot, self.slot),
        }
        Jobs::<T>::insert(self.id.job, self.job);
    }

    /// Go on to `state`, and let the job follow.
    pub(crate) fn set_state(&mut self, state: SlotState) {
        let runs = |state: &SlotState| u16::from(matches!(state, SlotState::Running { .. }));
        let lives = |state: &SlotState| u16::from(!matches!(state, SlotState::Ended(_)));
        let (job, old) = (&mut self.job, &self.slot.state);
        job.running = job.running.saturating_sub(runs(old)).saturating_add(runs(&state));
        job.live = job.live.saturating_sub(lives(old)).saturating_add(lives(&state));
        job.served |= runs(&state) == 1;
        self.slot.state = state;
        self.refresh();
    }

    /// The job's state, from its counts.
    fn refresh(&mut self) {
        let Job { live, running, open, served, cancelled, .. } = self.job;
        let closing = match (cancelled, served) {
            (Some(_), _) => Closing::Cancelled,
            (None, true) => Closing::Served,
            (None, false) => Closing::Unserved,
        };
        let state = match (open, live, served) {
            (0, _, _) => JobState::Closed(closing),
            (_, 0, _) => JobState::Settling,
            (_, _, false) => JobState::Requested,
            _ if running == live => JobState::Running,
            _ => JobState::Degraded,
        };
        if state == self.job.state {
            return;
        }
        self.job.state = state;
        let job = self.id.job;
        Pallet::<T>::deposit_event(Event::JobStateChanged { job, state });
        if let JobState::Closed(closing) = state {
            Requests::<T>::remove(job);
            Pallet::<T>::deposit_event(Event::JobClosed { job, closing, ledger: self.job.ledger });
        }
    }

    /// No node will serve the slot any more. What its epochs from the next on cost goes back at once (all, if no node
    /// ever accepted it), and what is left for draws; the rest when its services are paid out.
    pub(crate) fn end(&mut self, why: SlotEnd) -> DispatchResult {
        let next = Pallet::<T>::current().plus(1);
        let returned = self.slot.cost_from(next).saturating_add(self.drop_draws());
        self.slot.cut(next);
        self.give_back(returned)?;
        if why == SlotEnd::TriedOut {
            Pallet::<T>::deposit_event(Event::TriedOut { slot: self.id, tried: self.slot.tried.clone() });
        }
        Pallet::<T>::deposit_event(Event::SlotEnded { slot: self.id, why, returned });
        self.set_state(SlotState::Ended(why));
        self.try_close()
    }

    /// Close the slot if it has ended and its services are paid out: what is left of its money goes back.
    pub(crate) fn try_close(&mut self) -> DispatchResult {
        let over = matches!(self.slot.state, SlotState::Ended(_)) && self.slot.services.is_empty();
        if !over || self.closed {
            return Ok(());
        }
        self.give_back(self.slot.held)?;
        self.closed = true;
        let miscounted = Error::<T>::Corrupted(Inconsistency::SlotsMiscounted);
        self.job.open = self.job.open.checked_sub(1).ok_or(miscounted)?;
        self.refresh();
        Ok(())
    }

    /// Use up one of the draws in hand: its fee is burned. How much that was.
    pub(crate) fn use_draw(&mut self) -> Result<Balance, DispatchError> {
        self.slot.draws = self.slot.draws.checked_sub(1).ok_or(Error::<T>::Corrupted(Inconsistency::NoDrawLeft))?;
        let fee = self.slot.draw_fee;
        self.burn(fee)?;
        Ok(fee)
    }

    /// Give up the draws in hand: what is held for them, and is for nothing now.
    pub(crate) fn drop_draws(&mut self) -> Balance {
        let money = self.slot.draw_money();
        self.slot.draws = 0;
        money
    }

    /// Put `amount` of the owner's on hold for the slot.
    pub(crate) fn hold(&mut self, amount: Balance) -> DispatchResult {
        T::Currency::hold(&HoldReason::Job.into(), &self.job.owner, amount)?;
        self.slot.held = Self::sum(self.slot.held, amount)?;
        self.job.ledger.deposited = Self::sum(self.job.ledger.deposited, amount)?;
        Ok(())
    }

    /// Pay `gross` for work: 15 % is burned, the rest goes to `payee`. What was burned, and what was paid.
    pub(crate) fn release(&mut self, payee: &AccountId, gross: Balance) -> Result<(Balance, Balance), DispatchError> {
        let (burned, paid) = price::split(gross);
        self.burn(burned)?;
        self.pay(payee, paid)?;
        Ok((burned, paid))
    }

    /// Pay `amount` of what is held to `payee`.
    pub(crate) fn pay(&mut self, payee: &AccountId, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        self.take(amount)?;
        let (reason, owner) = (HoldReason::Job.into(), &self.job.owner);
        if payee == owner {
            T::Currency::release(&reason, owner, amount, Precision::Exact)?;
        } else {
            // By force: a freeze on the account does not bind what it owes.
            let (exact, free) = (Precision::Exact, Restriction::Free);
            T::Currency::transfer_on_hold(&reason, owner, payee, amount, exact, free, Fortitude::Force)?;
        }
        self.job.ledger.paid = Self::sum(self.job.ledger.paid, amount)?;
        Ok(())
    }

    /// Burn `amount` of what is held.
    pub(crate) fn burn(&mut self, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        self.take(amount)?;
        T::Currency::burn_held(&HoldReason::Job.into(), &self.job.owner, amount, Precision::Exact, Fortitude::Force)?;
        T::Supply::note_burned(amount);
        self.job.ledger.burned = Self::sum(self.job.ledger.burned, amount)?;
        Ok(())
    }

    /// Give `amount` of what is held back.
    pub(crate) fn give_back(&mut self, amount: Balance) -> DispatchResult {
        if amount == 0 {
            return Ok(());
        }
        self.take(amount)?;
        T::Currency::release(&HoldReason::Job.into(), &self.job.owner, amount, Precision::Exact)?;
        self.job.ledger.returned = Self::sum(self.job.ledger.returned, amount)?;
        Ok(())
    }

    /// Take `amount` off what is held for the slot. Nothing is ever cut to what there is: money that is missing is a bug
    /// that must be seen.
    fn take(&mut self, amount: Balance) -> DispatchResult {
        let overdrawn = Error::<T>::Corrupted(Inconsistency::SlotOverdrawn);
        let left = self.slot.held.checked_sub(amount).ok_or(overdrawn)?;
        let on_hold = T::Currency::balance_on_hold(&HoldReason::Job.into(), &self.job.owner);
        ensure!(amount <= on_hold, Error::<T>::Corrupted(Inconsistency::HoldMissing));
        self.slot.held = left;
        Ok(())
    }

    /// A sum of money that can be counted.
    fn sum(one: Balance, other: Balance) -> Result<Balance, Error<T>> {
        one.checked_add(other).ok_or(Error::Corrupted(Inconsistency::LedgerOverflow))
    }
}

impl<T: Config> Pallet<T> {
    /// The running epoch.
    pub(crate) fn current() -> EpochIndex {
        T::Epochs::current()
    }

    /// The block's time in Unix milliseconds.
    pub(crate) fn now() -> u64 {
        T::Time::now()
    }

    /// The height of this block.
    pub(crate) fn block() -> u32 {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// A job, if `who` owns it.
    pub(crate) fn job_of(who: &AccountId, job: JobId) -> Result<Job<AccountId>, Error<T>> {
        let found = Jobs::<T>::get(job).ok_or(Error::<T>::UnknownJob)?;
        ensure!(found.owner == *who, Error::<T>::NotOwner);
        Ok(found)
    }
}
