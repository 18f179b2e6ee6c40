//! Offers: made by a draw, accepted by the node, lapsed, or withdrawn.

use crate::{blame::Suspect, pallet::*, slot_account::SlotAccount, types::*, WeightInfo, LOG_TARGET};
use frame_support::{
    ensure,
    pallet_prelude::{TransactionSource, TransactionValidityWithRefund},
    traits::Get,
    weights::{Weight, WeightMeter},
};
use ratio1_pallet_support::{attempt, genesis_hash, refusal, Authorized};
use ratio1_primitives::{
    jobs::{Capacity, Drawn, Outcome, SlotRef},
    keys::{accept_payload, verify_node},
    kyc::EntityId,
    traits::{KycInspect, LicenseInspect, NodeRegistry},
    AccountId, EpochIndex, LicenseId, NodeId, NodeSignature,
};
use sp_runtime::DispatchResult;

/// Blocks an acceptance or a resignation may wait in the pool.
pub(crate) const NODE_LONGEVITY: u64 = 64;
/// ADR 0025: below votes only. An offer lapses soon, and whoever outbids its acceptance has a license barred. The
/// runtime keeps whatever is signed, and tipped, below it.
pub const NODE_PRIORITY: u64 = u64::MAX - 1;

/// At a slot's first acceptance its epochs, counted from zero so far, begin with `current`.
fn begin(slot: &mut Slot, current: EpochIndex) {
    if slot.started.is_some() {
        return;
    }
    slot.started = Some(current);
    for term in slot.terms.iter_mut() {
        term.until = term.until.plus(current.0);
    }
}

impl<T: Config> Pallet<T> {
    /// On whose behalf a license works. `None` while its owner is not in good standing.
    fn entity_of(license: LicenseId) -> Option<EntityId> {
        let owner = T::Licenses::owner(license)?;
        T::Kyc::standing(&owner, Self::current()).ok().map(|attestation| attestation.entity)
    }

    /// Whether what a license does on a job moves its reputation: nobody may raise or lower it by jobs of its own.
    pub(crate) fn counts(job: &Job<AccountId>, slot: SlotRef, license: LicenseId) -> bool {
        let chosen = Requests::<T>::get(slot.job).is_none_or(|request| !request.selectors.include.is_empty());
        !chosen && Self::entity_of(license).is_some_and(|entity| entity != job.entity)
    }

    /// Offer a slot to the license that was drawn for it.
    pub(crate) fn make_offer(account: &mut SlotAccount<T>, drawn: Drawn, need: &Capacity) -> DispatchResult {
        let license = drawn.license;
        T::NodeRegistry::reserve(license, need)?;
        let until = Polled::<T>::get().saturating_add(Settings::<T>::get().accept_blocks);
        Assigned::<T>::insert(license, account.id, ());
        Deadlines::<T>::insert(until, account.id, ());
        account.slot.drawn = Some(drawn);
        Self::deposit_event(Event::Offered { slot: account.id, drawn, until });
        account.set_state(SlotState::Offered { license, at: Self::block(), until });
        Ok(())
    }

    /// Take an offer back: what was reserved is free, and it does not lapse. The caller gives the slot its next state.
    pub(crate) fn withdraw_offer(account: &mut SlotAccount<T>, license: LicenseId) {
        if let SlotState::Offered { until, .. } = account.slot.state {
            Deadlines::<T>::remove(until, account.id);
        }
        Assigned::<T>::remove(license, account.id);
        if let Some(request) = Requests::<T>::get(account.id.job) {
            T::NodeRegistry::free(license, &request.need());
        }
        account.slot.drawn = None;
    }

    /// Whether the node of an offer may accept it, but for its signature. The node, the license, the block of the offer.
    pub(crate) fn check_accept(slot: SlotRef) -> Result<(NodeId, LicenseId, u32), Error<T>> {
        let account = SlotAccount::<T>::load(slot)?;
        let SlotState::Offered { license, at, until } = account.slot.state else {
            return Err(Error::<T>::NotOffered);
        };
        ensure!(Polled::<T>::get() <= until, Error::<T>::OfferOver);
        let link = T::Licenses::license(license).and_then(|deed| deed.link).ok_or(Error::<T>::NotAdmitted)?;
        let admitted = T::Licenses::admission(&link.node).map_err(|_| Error::<T>::NotAdmitted)?;
        ensure!(admitted == license, Error::<T>::NotYours);
        ensure!(Self::has_index(), Error::<T>::NoIndex);
        ensure!(!Self::is_over(&account.slot), Error::<T>::JobEnded);
        Ok((link.node, license, at))
    }

    pub(crate) fn authorize_accept(
        _: TransactionSource,
        slot: &SlotRef,
        signature: &NodeSignature,
    ) -> TransactionValidityWithRefund {
        let (node, license, offered) = Self::check_accept(*slot).map_err(refusal)?;
        let payload = accept_payload(genesis_hash::<T>(), license, *slot, offered);
        ensure!(verify_node(&node, &payload, signature), refusal(Error::<T>::BadSignature));
        let (call, tag) = ("ratio1/jobs/accept", (slot, offered));
        Authorized { call, tag, priority: NODE_PRIORITY, longevity: NODE_LONGEVITY }.refunding(Weight::zero())
    }

    /// Accept an offer. It is judged again, all but the signature: an origin that root made up must not break anything.
    pub(crate) fn do_accept(id: SlotRef) -> DispatchResult {
        let (_, license, _) = Self::check_accept(id)?;
        let mut account = SlotAccount::<T>::load(id)?;
        if let SlotState::Offered { until, .. } = account.slot.state {
            Deadlines::<T>::remove(until, id);
        }
        let payee = T::Licenses::owner(license).ok_or(Error::<T>::Corrupted(Inconsistency::NoOwner))?;
        let (index, current, accepted) = (Self::take_index()?, Self::current(), Self::now());
        begin(&mut account.slot, current);
        let ends = account.slot.ends();
        let service = Service {
            slot: id,
            license,
            payee: payee.clone(),
            block: Self::block(),
            accepted,
            expected: accepted.saturating_add(Settings::<T>::get().start_allowance_ms.into()),
            first: current,
            ends,
            leaving: false,
            left: None,
            counts: Self::counts(&account.job, id, license),
            recent: Default::default(),
            periods: Default::default(),
            released: 0,
        };
        Services::<T>::insert(index, service);
        account.slot.services.try_push(index).map_err(|_| Error::<T>::Corrupted(Inconsistency::TooManyServices))?;
        Self::schedule(index, ends);
        Self::touch(index);
        Self::deposit_event(Event::Accepted { slot: id, license, payee, index, ends });
        account.set_state(SlotState::Running { index });
        account.store();
        Ok(())
    }

    /// Deal with the offers whose time is over, as far as the budget goes.
    pub(crate) fn lapse_offers(meter: &mut WeightMeter) {
        let polled = Polled::<T>::get();
        let mut next = DeadlinesDone::<T>::get().saturating_add(1);
        while next < polled {
            // One that has not been looked at for long has many empty ones to go through.
            if meter.try_consume(T::DbWeight::get().reads_writes(1, 1)).is_err() {
                return;
            }
            while let Some(slot) = Deadlines::<T>::iter_key_prefix(next).next() {
                if meter.try_consume(T::WeightInfo::lapse_offer()).is_err() {
                    return;
                }
                attempt(LOG_TARGET, "offer", || Self::lapse(slot));
                // If that failed, the slot stays as it is, with its money.
                Deadlines::<T>::remove(next, slot);
            }
            DeadlinesDone::<T>::put(next);
            next = next.saturating_add(1);
        }
    }

    /// An offer was not accepted in time. No fault of the node's if it could not be any more.
    ///
    /// It is not drawn for the slot again, whoever asks, and left out of all draws for some epochs unless it was picked by
    /// hand: otherwise an invitation would do that to whom it names. Its reputation falls as with other outcomes: only if
    /// another node shows that the slot can be served.
    fn lapse(id: SlotRef) -> DispatchResult {
        let mut account = SlotAccount::<T>::load(id)?;
        let SlotState::Offered { license, .. } = account.slot.state else {
            return Err(Error::<T>::Corrupted(Inconsistency::NotOffered).into());
        };
        let excused = Self::is_over(&account.slot) || !Self::has_index();
        Self::withdraw_offer(&mut account, license);
        if !excused {
            account.slot.leave_out(license, Setback::Missed);
            // ADR 0025: or an invitation would bar whom it names.
            if Self::counts(&account.job, id, license) {
                T::NodeRegistry::bar(license);
                let missed = Suspect { license, outcome: Outcome::Missed, epoch: Self::current() };
                Self::judge(&mut account.slot, account.job.entity, missed);
            }
        }
        Self::deposit_event(Event::OfferLapsed { slot: id, license });
        account.store();
        Self::vacate(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        let term = |until, price| Term { until: EpochIndex(until), price };
        Slot {
            state: SlotState::Drawing { draw: 0 },
            held: 0,
            started: None,
            terms: vec![term(3, 10), term(5, 7)].try_into().unwrap(),
            services: Default::default(),
            drawn: None,
            draws: 0,
            draw_fee: 0,
            tried: Default::default(),
            trial: Default::default(),
        }
    }

    #[test]
    fn epochs_begin_with_the_first_acceptance_when_it_comes() {
        let mut slot = slot();
        let cost = slot.cost_from(EpochIndex(0));
        begin(&mut slot, EpochIndex(100));
        assert_eq!((slot.started, slot.ends()), (Some(EpochIndex(100)), EpochIndex(105)));
        assert_eq!(slot.cost_from(EpochIndex(100)), cost);
        let prices: Vec<_> = (99..106).map(|epoch| slot.price(EpochIndex(epoch))).collect();
        assert_eq!(prices, [0, 10, 10, 10, 7, 7, 0]);
    }

    #[test]
    fn epochs_stay_when_a_moved_slot_is_accepted_again() {
        let mut slot = slot();
        begin(&mut slot, EpochIndex(100));
        let before = slot.clone();
        begin(&mut slot, EpochIndex(102));
        assert_eq!(slot, before);
    }
}
