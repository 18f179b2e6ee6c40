//! How nodes leave slots, and slots their jobs: resigned, cancelled, failed, rejected, evicted, or at their end.

use crate::{
    offers::{NODE_LONGEVITY, NODE_PRIORITY},
    pallet::*,
    slot_account::SlotAccount,
    types::*,
    WeightInfo, LOG_TARGET,
};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    pallet_prelude::{TransactionSource, TransactionValidityWithRefund},
    weights::Weight,
    BoundedVec,
};
use ratio1_pallet_support::{attempt, genesis_hash, refusal, Authorized};
use ratio1_primitives::{
    jobs::{Outcome, SlotRef, MAX_SLOTS_PER_NODE},
    keys::{resign_payload, verify_node},
    traits::{ClockInspect, Draws, JobSlots, LicenseInspect, NodeRegistry},
    width::as_usize,
    AccountId, Balance, EpochIndex, JobId, LicenseId, NodeId, NodeSignature,
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> SlotAccount<T> {
    /// Give up the epochs from the next one on; of a slot never accepted, all. `fee` of what they cost is kept: half of it
    /// goes to `payee`, the rest, or all, is burned. What goes back at once.
    fn call_off(&mut self, fee: Balance, payee: Option<&AccountId>) -> Result<Balance, DispatchError> {
        let next = Pallet::<T>::current().plus(1);
        let coming = self.slot.cost_from(next);
        let fee = fee.min(coming);
        // ADR 0019: who knows the seed knows the draw, so that leaving after it costs an epoch.
        let half = fee / 2;
        if let Some(payee) = payee {
            self.pay(payee, half)?;
            self.burn(fee.saturating_sub(half))?;
        } else {
            self.burn(fee)?;
        }
        let returned = coming.saturating_sub(fee).saturating_add(self.drop_draws());
        self.give_back(returned)?;
        self.slot.cut(self.slot.started.map_or(EpochIndex(0), |_| next));
        Ok(returned)
    }
}

impl<T: Config> Pallet<T> {
    /// An end that comes now, within an epoch.
    pub(crate) fn left_now() -> ServiceEnd {
        ServiceEnd { at: Self::now(), last: Self::current() }
    }

    /// Whether the node of a slot may resign, but for its signature: the node, its license, its service and when that was
    /// accepted.
    pub(crate) fn check_resign(id: SlotRef) -> Result<(NodeId, LicenseId, u32, u64), Error<T>> {
        let SlotAccount { slot, .. } = SlotAccount::<T>::load(id)?;
        let SlotState::Running { index } = slot.state else { return Err(Error::<T>::NotServed) };
        let service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
        ensure!(!service.leaving && service.ends > Self::current().plus(1), Error::<T>::AlreadyLeaving);
        let link = T::Licenses::license(service.license).and_then(|license| license.link);
        let node = link.ok_or(Error::<T>::NotAdmitted)?.node;
        Ok((node, service.license, index, service.accepted))
    }

    pub(crate) fn authorize_resign(
        _: TransactionSource,
        id: &SlotRef,
        signature: &NodeSignature,
    ) -> TransactionValidityWithRefund {
        let accepted = Self::check_signed_resign(*id, signature).map_err(refusal)?;
        let (call, tag) = ("ratio1/jobs/resign", (id, accepted));
        Authorized { call, tag, priority: NODE_PRIORITY, longevity: NODE_LONGEVITY }.refunding(Weight::zero())
    }

    fn check_signed_resign(id: SlotRef, signature: &NodeSignature) -> Result<u64, Error<T>> {
        let (node, license, index, accepted) = Self::check_resign(id)?;
        let payload = resign_payload(genesis_hash::<T>(), license, id, index, accepted);
        ensure!(verify_node(&node, &payload, signature), Error::<T>::BadSignature);
        Ok(accepted)
    }

    /// The node of a slot leaves with the running epoch. It was authorised, and is judged again, all but the signature.
    pub(crate) fn do_resign(id: SlotRef) -> DispatchResult {
        let (_, license, index, _) = Self::check_resign(id)?;
        let mut service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
        Self::leave_next(index, &mut service);
        Self::judge_service(&service, Outcome::Resigned, Self::current())?;
        let last = service.last();
        Services::<T>::insert(index, service);
        Self::deposit_event(Event::Resigned { slot: id, license, last });
        Ok(())
    }

    /// Let a service end with the running epoch, whatever lapses.
    fn leave_next(index: u32, service: &mut Service<AccountId>) {
        Agenda::<T>::remove(service.ends, index);
        service.ends = service.ends.min(Self::current().plus(1));
        service.leaving = true;
        Self::schedule(index, service.ends);
    }

    /// The job of `owner`, if it can be cancelled: then that succeeds, so that it need not cost a fee. Something is held of
    /// every job that lives.
    pub(crate) fn check_cancel(owner: &AccountId, id: JobId) -> Result<Job<AccountId>, Error<T>> {
        let job = Self::job_of(owner, id)?;
        ensure!(job.live > 0 && job.ledger.held() > 0, Error::<T>::JobEnded);
        ensure!(job.cancelled.is_none(), Error::<T>::AlreadyCancelled);
        Ok(job)
    }

    /// End a job: slots that are served with the running epoch, the others at once.
    pub(crate) fn do_cancel(owner: &AccountId, id: JobId) -> DispatchResult {
        let job = Self::check_cancel(owner, id)?;
        let last = Self::current();
        let (slots, before) = (job.slots, job.ledger);
        Jobs::<T>::insert(id, Job { cancelled: Some(last), ..job });
        for slot in 0..slots {
            Self::cancel_slot(SlotRef { job: id, slot })?;
        }
        let after = Jobs::<T>::get(id).ok_or(Error::<T>::Corrupted(Inconsistency::NoJob))?.ledger;
        let shrunk = || Error::<T>::Corrupted(Inconsistency::LedgerOverflow);
        let grown = |after: Balance, before: Balance| after.checked_sub(before).ok_or_else(shrunk);
        let burned = grown(after.burned, before.burned)?;
        let paid = grown(after.paid, before.paid)?;
        let returned = grown(after.returned, before.returned)?;
        Self::deposit_event(Event::Cancelled { job: id, last, burned, paid, returned });
        Ok(())
    }

    fn cancel_slot(id: SlotRef) -> DispatchResult {
        // A slot that is closed already is not there.
        let Ok(mut account) = SlotAccount::<T>::load(id) else { return Ok(()) };
        let price = account.slot.price_or_first(Self::current());
        let returned = match account.slot.state {
            SlotState::Ended(_) => return Ok(()),
            SlotState::Drawing { draw } => {
                let entity = account.job.entity;
                let fee = if T::Draws::is_seeded(entity, draw) { price } else { 0 };
                T::Draws::leave(entity, draw, id.slot);
                account.call_off(fee, None)?
            }
            SlotState::Offered { license, .. } => {
                Self::withdraw_offer(&mut account, license);
                account.call_off(price, T::Licenses::owner(license).as_ref())?
            }
            SlotState::Running { index } => {
                let mut service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
                Self::leave_next(index, &mut service);
                account.call_off(price, Some(&service.payee))?;
                Services::<T>::insert(index, service);
                account.store();
                return Ok(());
            }
        };
        let why = SlotEnd::Cancelled;
        Self::deposit_event(Event::SlotEnded { slot: id, why, returned });
        account.set_state(SlotState::Ended(why));
        account.try_close()?;
        account.store();
        Ok(())
    }

    /// A service serves no more, from `left` on, or from its end if that was earlier. What it earned is paid in time; its
    /// slot is drawn again, or ends.
    pub(crate) fn end_service(index: u32, why: Leaving, left: ServiceEnd) -> DispatchResult {
        let mut service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
        ensure!(service.left.is_none(), Error::<T>::Corrupted(Inconsistency::EndedTwice));
        let (slot, license, last) = (service.slot, service.license, left.last.min(service.ends.minus(1)));
        let end = T::Epochs::clock().ok_or(Error::<T>::Corrupted(Inconsistency::NoClock))?.epoch_start(service.ends);
        service.left = Some(ServiceEnd { at: left.at.min(end), last });
        let request = Requests::<T>::get(slot.job).ok_or(Error::<T>::Corrupted(Inconsistency::NoRequest))?;
        T::NodeRegistry::free(license, &request.need());
        Assigned::<T>::remove(license, slot);
        Agenda::<T>::remove(service.ends, index);
        Self::schedule(index, Self::payday(last));
        Self::touch(index);
        Self::deposit_event(Event::ServiceEnded { slot, license, index, why, last });
        Services::<T>::insert(index, service);
        let setback = match why {
            Leaving::Failed | Leaving::Absent => Some(Setback::Failed),
            Leaving::Rejected => Some(Setback::Rejected),
            Leaving::Ended | Leaving::Evicted => None,
        };
        if let Some(why) = setback {
            let mut account = SlotAccount::<T>::load(slot)?;
            account.slot.leave_out(license, why);
            account.store();
        }
        Self::vacate(slot)
    }

    /// The node of a service has failed in `epoch`: it is judged for it, and the slot moves now. One that fails with several
    /// slots is blamed for one.
    pub(crate) fn fail(index: u32, why: Leaving, epoch: EpochIndex) -> DispatchResult {
        let service = Services::<T>::get(index).ok_or(Error::<T>::Corrupted(Inconsistency::NoService))?;
        Self::judge_service(&service, Outcome::Failed, epoch)?;
        Self::end_service(index, why, Self::left_now())
    }

    /// Nobody serves a slot: it is drawn again, or ends.
    pub(crate) fn vacate(id: SlotRef) -> DispatchResult {
        let mut account = SlotAccount::<T>::load(id)?;
        match Self::end_of(&account) {
            Some(why) => account.end(why)?,
            None => {
                let slots = BoundedVec::truncate_from(alloc::vec![id.slot]);
                // ADR 0024: each further draw costs the fee that was held for it.
                let burned = account.use_draw()?;
                let draw = Self::open_draw(id.job, account.job.entity, slots, burned)?;
                account.set_state(SlotState::Drawing { draw });
            }
        }
        account.store();
        Ok(())
    }

    /// Why a slot that nobody serves ends, if it does. An epoch in which it was served is not drawn for again.
    fn end_of(account: &SlotAccount<T>) -> Option<SlotEnd> {
        let slot = &account.slot;
        let last = slot.services.last().and_then(Services::<T>::get).and_then(|service| service.left);
        let served = last.map_or(EpochIndex(0), |left| left.last.plus(1));
        if account.job.cancelled.is_some() {
            Some(SlotEnd::Cancelled)
        } else if slot.started.is_some() && slot.ends() <= served.max(Self::current()) {
            Some(SlotEnd::Completed)
        } else if slot.services.is_full() {
            Some(SlotEnd::TooManyMoves)
        } else if slot.tried.is_full() {
            Some(SlotEnd::TriedOut)
        } else if slot.draws == 0 {
            Some(SlotEnd::NoDrawLeft)
        } else {
            None
        }
    }

    /// Take one slot away from a license: it is drawn again.
    fn evict_from(id: SlotRef) -> DispatchResult {
        let mut account = SlotAccount::<T>::load(id)?;
        match account.slot.state {
            SlotState::Offered { license, .. } => {
                Self::withdraw_offer(&mut account, license);
                account.store();
                Self::vacate(id)
            }
            SlotState::Running { index } => Self::end_service(index, Leaving::Evicted, Self::left_now()),
            SlotState::Drawing { .. } | SlotState::Ended(_) => {
                Err(Error::<T>::Corrupted(Inconsistency::NotAssigned).into())
            }
        }
    }
}

impl<T: Config> JobSlots for Pallet<T> {
    fn slots(license: LicenseId) -> u32 {
        u32::try_from(Assigned::<T>::iter_key_prefix(license).count()).unwrap_or(u32::MAX)
    }

    fn is_working(license: LicenseId) -> bool {
        Assigned::<T>::iter_key_prefix(license).next().is_some()
    }

    fn evict(license: LicenseId) {
        let slots: Vec<SlotRef> = Assigned::<T>::iter_key_prefix(license).take(as_usize(MAX_SLOTS_PER_NODE)).collect();
        for slot in slots {
            attempt(LOG_TARGET, "evicting", || Self::evict_from(slot));
        }
    }

    fn evict_weight() -> Weight {
        T::WeightInfo::evict(MAX_SLOTS_PER_NODE)
    }

    fn absent(license: LicenseId) {
        let slots: Vec<SlotRef> = Assigned::<T>::iter_key_prefix(license).take(as_usize(MAX_SLOTS_PER_NODE)).collect();
        let served = |id: SlotRef| match Slots::<T>::get(id.job, id.slot)?.state {
            SlotState::Running { index } => Some(index),
            _ => None,
        };
        for index in slots.into_iter().filter_map(served) {
            attempt(LOG_TARGET, "absence", || Self::fail(index, Leaving::Absent, Self::current()));
        }
    }

    fn absent_weight() -> Weight {
        T::WeightInfo::absent(MAX_SLOTS_PER_NODE)
    }
}
