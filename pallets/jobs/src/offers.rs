//! Offers: made by a draw, accepted by the node, lapsed, or withdrawn.

use crate::{blame::Suspect, pallet::*, place::Place, types::*, WeightInfo};
use codec::Encode;
use frame_support::{
    ensure,
    pallet_prelude::{InvalidTransaction, TransactionSource, TransactionValidityWithRefund, ValidTransaction},
    traits::Get,
    weights::{Weight, WeightMeter},
};
use frame_system::pallet_prelude::BlockNumberFor;
use ratio1_primitives::{
    jobs::{Capacity, Drawn, Outcome, SlotRef},
    keys::{accept_payload, verify_node},
    kyc::EntityId,
    traits::{KycInspect, LicenseInspect, NodeRegistry},
    AccountId, EpochIndex, Hash, LicenseId, NodeId, NodeSignature,
};
use sp_runtime::{traits::Zero, DispatchResult};

/// Blocks an acceptance or a resignation may wait in the pool.
pub(crate) const NODE_LONGEVITY: u64 = 64;
/// Below votes only: an offer lapses soon, and whoever outbids its acceptance has a license barred. The runtime keeps
/// whatever is signed, and tipped, below it.
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
    /// The chain's identity, part of everything that is signed.
    pub(crate) fn genesis_hash() -> Hash {
        frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
    }

    /// On whose behalf a license works. `None` while its owner is not in good standing.
    fn entity_of(license: LicenseId) -> Option<EntityId> {
        let owner = T::Licenses::owner(license)?;
        T::Kyc::standing(&owner, Self::current()).ok().map(|attestation| attestation.entity)
    }

    /// Whether what a license does on a job moves its reputation: nobody may raise or lower it by jobs of its own.
    pub(crate) fn counts(job: &Job<AccountId>, place: SlotRef, license: LicenseId) -> bool {
        let chosen = Requests::<T>::get(place.job).is_none_or(|request| !request.selectors.include.is_empty());
        !chosen && Self::entity_of(license).is_some_and(|entity| entity != job.entity)
    }

    /// Offer a slot to the license that was drawn for it.
    pub(crate) fn make_offer(place: &mut Place<T>, drawn: Drawn, need: &Capacity) -> DispatchResult {
        let license = drawn.license;
        T::Workers::reserve(license, need)?;
        let until = Polled::<T>::get().saturating_add(Settings::<T>::get().accept_blocks);
        Assigned::<T>::insert(license, place.id, ());
        Deadlines::<T>::insert(until, place.id, ());
        place.slot.drawn = Some(drawn);
        Self::deposit_event(Event::Offered { slot: place.id, drawn, until });
        place.set_state(SlotState::Offered { license, at: Self::block(), until });
        Ok(())
    }

    /// Take an offer back: what was reserved is free, and it does not lapse. The caller gives the slot its next state.
    pub(crate) fn withdraw_offer(place: &mut Place<T>, license: LicenseId) {
        if let SlotState::Offered { until, .. } = place.slot.state {
            Deadlines::<T>::remove(until, place.id);
        }
        Assigned::<T>::remove(license, place.id);
        if let Some(request) = Requests::<T>::get(place.id.job) {
            T::Workers::free(license, &request.need());
        }
        place.slot.drawn = None;
    }

    /// Whether the node of an offer may accept it, but for its signature. The node, the license, the block of the offer.
    pub(crate) fn check_accept(slot: SlotRef) -> Result<(NodeId, LicenseId, u32), Error<T>> {
        let place = Place::<T>::load(slot)?;
        let SlotState::Offered { license, at, until } = place.slot.state else {
            return Err(Error::<T>::NotOffered);
        };
        ensure!(Polled::<T>::get() <= until, Error::<T>::OfferOver);
        let link = T::Licenses::license(license).and_then(|deed| deed.link).ok_or(Error::<T>::NotAdmitted)?;
        let admitted = T::Licenses::admission(&link.node).map_err(|_| Error::<T>::NotAdmitted)?;
        ensure!(admitted == license, Error::<T>::NotYours);
        ensure!(Self::has_index(), Error::<T>::NoIndex);
        ensure!(!Self::is_over(&place.slot), Error::<T>::JobEnded);
        Ok((link.node, license, at))
    }

    pub(crate) fn authorize_accept(
        _: TransactionSource,
        slot: &SlotRef,
        signature: &NodeSignature,
    ) -> TransactionValidityWithRefund {
        let (node, license, offered) = Self::check_accept(*slot).map_err(refusal)?;
        let payload = accept_payload(Self::genesis_hash(), license, *slot, offered);
        ensure!(verify_node(&node, &payload, signature), refusal(Error::<T>::BadSignature));
        let valid = ValidTransaction::with_tag_prefix("ratio1-job")
            .priority(NODE_PRIORITY)
            .and_provides((b"accept", slot, offered))
            .longevity(NODE_LONGEVITY)
            .propagate(true)
            .build()?;
        Ok((valid, Weight::zero()))
    }

    /// Accept an offer. It is judged again, all but the signature: an origin that root made up must not break anything.
    pub(crate) fn do_accept(id: SlotRef) -> DispatchResult {
        let (_, license, _) = Self::check_accept(id)?;
        let mut place = Place::<T>::load(id)?;
        if let SlotState::Offered { until, .. } = place.slot.state {
            Deadlines::<T>::remove(until, id);
        }
        let payee = T::Licenses::owner(license).ok_or(Error::<T>::Corrupted)?;
        let (index, current, accepted) = (Self::take_index()?, Self::current(), Self::now());
        begin(&mut place.slot, current);
        let ends = place.slot.ends();
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
            counts: Self::counts(&place.job, id, license),
            recent: Default::default(),
            periods: Default::default(),
            released: 0,
        };
        Services::<T>::insert(index, service);
        place.slot.services.try_push(index).map_err(|_| Error::<T>::Corrupted)?;
        Self::schedule(index, ends);
        Self::touch(index);
        Self::deposit_event(Event::Accepted { slot: id, license, payee, index, ends });
        place.set_state(SlotState::Running { index });
        place.store();
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
                Self::attempt("offer", || Self::lapse(slot));
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
        let mut place = Place::<T>::load(id)?;
        let SlotState::Offered { license, .. } = place.slot.state else {
            return Err(Error::<T>::Corrupted.into());
        };
        let excused = Self::is_over(&place.slot) || !Self::has_index();
        Self::withdraw_offer(&mut place, license);
        if !excused {
            place.slot.leave_out(license, Setback::Missed);
            if Self::counts(&place.job, id, license) {
                T::Workers::bar(license);
                let missed = Suspect { license, outcome: Outcome::Missed, epoch: Self::current() };
                Self::judge(&mut place.slot, place.job.entity, missed);
            }
        }
        Self::deposit_event(Event::OfferLapsed { slot: id, license });
        place.store();
        Self::vacate(id)
    }
}

/// How the pool hears of a refusal.
pub(crate) fn refusal<T: Config>(error: Error<T>) -> InvalidTransaction {
    InvalidTransaction::Custom(error.encode().first().copied().unwrap_or(u8::MAX))
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
