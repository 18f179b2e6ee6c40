//! Draws: from the seed to the offer. Which node is found, [`draw`](ratio1_primitives::jobs::draw) decides, and
//! [`searching`](crate::searching) who may be found; this is the pace.

use crate::{pallet::*, place::Place, types::*, WeightInfo};
use alloc::collections::vec_deque::VecDeque;
use frame_support::{ensure, traits::ConstU32, weights::WeightMeter, BoundedVec};
use ratio1_primitives::{
    jobs::{draw, Capacity, SlotRef, MAX_NODES, SEED_BLOCKS},
    kyc::EntityId,
    traits::{AvailabilityProvider, BlockRandomness, LicenseInspect},
    Balance, EpochIndex, JobId,
};
use sp_runtime::{DispatchError, DispatchResult};

/// Positions of a turn where so many entities wait that a block has no more for each.
pub(crate) const SHORTEST_TURN: u32 = 16;

/// VRF outputs of consecutive blocks, the oldest first.
type VrfOutputs = [[u8; 32]; SEED_BLOCKS as usize];

/// `outputs` and one more: the oldest goes.
fn with_newest(mut outputs: VrfOutputs, newest: [u8; 32]) -> VrfOutputs {
    outputs.rotate_left(1);
    if let Some(last) = outputs.last_mut() {
        *last = newest;
    }
    outputs
}

/// Positions of a turn, of those that a block has room for: `most`, or fewer if many entities wait for theirs.
fn turn_length(positions: u64, entities: u32, most: u32) -> u32 {
    let share = positions.checked_div(entities.into()).unwrap_or(positions);
    u32::try_from(share).unwrap_or(u32::MAX).max(SHORTEST_TURN).min(most)
}

impl<T: Config> Pallet<T> {
    /// Keep the VRF output of the block before `now`, and the seed of the draws opened five blocks ago.
    pub(crate) fn note_output(now: u32) {
        let outputs = with_newest(Outputs::<T>::get(), T::Randomness::of_last_block());
        Outputs::<T>::put(outputs);
        if let Some(opened) = now.checked_sub(SEED_BLOCKS.saturating_add(1)) {
            if OpenedAt::<T>::get(opened) > 0 {
                Seeds::<T>::insert(opened, outputs);
            }
        }
    }

    /// Open a draw of nodes for `slots` of a job of `entity`; its number. `burned` of what is held was burned for it.
    pub(crate) fn open_draw(
        job: JobId,
        entity: EntityId,
        slots: BoundedVec<u16, ConstU32<MAX_NODES>>,
        burned: Balance,
    ) -> Result<u64, DispatchError> {
        let id = NextDraw::<T>::get();
        NextDraw::<T>::put(id.checked_add(1).ok_or(Error::<T>::Corrupted)?);
        let include = Requests::<T>::get(job).ok_or(Error::<T>::Corrupted)?.selectors.include;
        let included = !include.is_empty();
        let licenses = match included {
            true => u32::try_from(include.len()).map_err(|_| Error::<T>::Corrupted)?,
            false => T::Licenses::count(),
        };
        let opened = Self::block();
        // Without a finalised epoch nobody is known to be available: epoch 0 is never balloted.
        let bytes_of = T::Availability::last_finalised().unwrap_or(EpochIndex(0));
        let until = Polled::<T>::get().saturating_add(Settings::<T>::get().draw_blocks);
        OpenedAt::<T>::mutate(opened, |draws| *draws = draws.saturating_add(1));
        let more = u32::try_from(slots.len()).map_err(|_| Error::<T>::Corrupted)?;
        let looking = Turns::<T>::get(entity).unwrap_or_default();
        let (draws, all) = (looking.draws.saturating_add(1), looking.slots.saturating_add(more));
        Turns::<T>::insert(entity, Looking { draws, slots: all, ..looking });
        let opening = Event::DrawOpened { draw: id, job, slots: slots.clone(), licenses, included, bytes_of, burned };
        Self::deposit_event(opening);
        let draw = Draw { job, slots, opened, licenses, included, bytes_of, seed: None, pass: 0, position: 0, until };
        Draws::<T>::insert(entity, id, draw);
        Ok(id)
    }

    /// Look no more for a node for `slot`.
    pub(crate) fn leave_draw(entity: EntityId, id: u64, slot: u16) {
        let Some(mut draw) = Draws::<T>::get(entity, id) else { return };
        let before = draw.slots.len();
        draw.slots.retain(|other| *other != slot);
        Self::keep_draw(entity, id, draw, before);
    }

    /// Store a draw that looked for nodes for `before` slots, or forget it if it is over; its seed with the last one that
    /// needs it.
    fn keep_draw(entity: EntityId, id: u64, draw: Draw, before: usize) {
        let gone = u32::try_from(before.saturating_sub(draw.slots.len())).unwrap_or(u32::MAX);
        let over = draw.slots.is_empty();
        if gone > 0 {
            Turns::<T>::mutate_exists(entity, |looking| {
                if let Some(looking) = looking {
                    looking.slots = looking.slots.saturating_sub(gone);
                    looking.draws = looking.draws.saturating_sub(over.into());
                }
                *looking = looking.filter(|looking| looking.draws > 0);
            });
        }
        if !over {
            Draws::<T>::insert(entity, id, draw);
            return;
        }
        Draws::<T>::remove(entity, id);
        let left = OpenedAt::<T>::get(draw.opened).saturating_sub(1);
        if left > 0 {
            OpenedAt::<T>::insert(draw.opened, left);
        } else {
            OpenedAt::<T>::remove(draw.opened);
            Seeds::<T>::remove(draw.opened);
        }
    }

    /// Whether somebody may know a draw's seed: from the last of the blocks that make it.
    pub(crate) fn is_seeded(entity: EntityId, id: u64) -> bool {
        Draws::<T>::get(entity, id).is_some_and(|draw| Self::block() >= draw.opened.saturating_add(SEED_BLOCKS))
    }

    /// Whether all epochs of a slot are over, so that nobody is to serve it any more.
    pub(crate) fn is_over(slot: &Slot) -> bool {
        slot.started.is_some() && slot.ends() <= Self::current()
    }

    /// All entities that look for nodes once, those first that had no turn in the last block.
    fn entities_in_turn() -> impl Iterator<Item = EntityId> {
        let last = LastTurn::<T>::get().map(Turns::<T>::hashed_key_for).unwrap_or_default();
        let mut from = Turns::<T>::iter_keys();
        if !last.is_empty() {
            from.set_last_raw_key(last.clone());
        }
        from.chain(Turns::<T>::iter_keys().take_while(move |entity| Turns::<T>::hashed_key_for(entity) <= last))
    }

    /// The draw of an entity whose turn it is: they follow each other round and round.
    fn next_draw(entity: EntityId) -> Option<u64> {
        let looking = Turns::<T>::get(entity)?;
        let from = Draws::<T>::hashed_key_for(entity, looking.last);
        let next = Draws::<T>::iter_key_prefix_from(entity, from).next();
        let last = next.or_else(|| Draws::<T>::iter_key_prefix(entity).next())?;
        Turns::<T>::insert(entity, Looking { last, ..looking });
        Some(last)
    }

    /// Let draws look for nodes, as far as the budget goes. Each entity has a turn, then each that has more draws another,
    /// and so on: no draw has two in a block, and nobody's many draws keep another's only one waiting.
    pub(crate) fn step_draws(meter: &mut WeightMeter) {
        let room = meter.remaining().checked_div_per_component(&Self::probe_weight()).unwrap_or(u64::MAX);
        let turn = turn_length(room, Turns::<T>::count(), Settings::<T>::get().probes);
        let mut first = Self::entities_in_turn();
        let mut again: VecDeque<(EntityId, u32)> = VecDeque::new();
        let mut last = None;
        loop {
            let whose = match first.next() {
                Some(entity) => Some((entity, Turns::<T>::get(entity).map_or(0, |looking| looking.draws))),
                None => again.pop_front(),
            };
            let Some((entity, draws)) = whose else { break };
            if meter.try_consume(T::WeightInfo::draw_step(0)).is_err() {
                break;
            }
            last = Some(entity);
            if let Some(id) = Self::next_draw(entity) {
                Self::attempt("draw", || Self::take_turn(entity, id, turn, meter));
            }
            if let Some(more) = draws.checked_sub(1).filter(|more| *more > 0) {
                again.push_back((entity, more));
            }
        }
        if let Some(entity) = last {
            LastTurn::<T>::put(entity);
        }
    }

    /// One draw in one block.
    fn take_turn(entity: EntityId, id: u64, turn: u32, meter: &mut WeightMeter) -> DispatchResult {
        let mut draw = Draws::<T>::get(entity, id).ok_or(Error::<T>::Corrupted)?;
        let before = draw.slots.len();
        if Polled::<T>::get() > draw.until {
            Self::give_up(&mut draw, meter);
        } else {
            if draw.seed.is_none() {
                let Some(outputs) = Seeds::<T>::get(draw.opened) else { return Ok(()) };
                let seed = draw::seed(&outputs, id);
                draw.seed = Some(seed);
                Self::deposit_event(Event::DrawSeeded { draw: id, seed });
            }
            Self::look(id, &mut draw, turn, meter)?;
        }
        Self::keep_draw(entity, id, draw, before);
        Ok(())
    }

    /// No node was found in time: the slots end, one by one. One that can not be ended is left as it is, with its money.
    fn give_up(draw: &mut Draw, meter: &mut WeightMeter) {
        while let Some(slot) = draw.slots.first().copied() {
            if meter.try_consume(T::WeightInfo::give_up()).is_err() {
                return;
            }
            let id = SlotRef { job: draw.job, slot };
            Self::attempt("giving up", || Self::end_undrawn(id, SlotEnd::NoCandidate));
            draw.slots.retain(|other| *other != slot);
        }
    }

    fn end_undrawn(id: SlotRef, why: SlotEnd) -> DispatchResult {
        let mut place = Place::<T>::load(id)?;
        let why = if Self::is_over(&place.slot) { SlotEnd::Completed } else { why };
        place.end(why)?;
        place.store();
        Ok(())
    }

    /// Go through some positions of one pass, and offer slots to whom is found there.
    fn look(id: u64, draw: &mut Draw, turn: u32, meter: &mut WeightMeter) -> DispatchResult {
        let Some(order) = draw.permutation() else { return Ok(()) };
        let mut search = Self::search(id, draw)?;
        for _ in 0..turn {
            let Some(slot) = draw.slots.first().copied() else { return Ok(()) };
            let Ok(found) = Self::visit(&mut search, draw, &order, meter) else { return Ok(()) };
            if let Some((drawn, entity)) = found {
                if Self::attempt("offer", || Self::offer(SlotRef { job: draw.job, slot }, drawn, &search.need)) {
                    draw.slots.retain(|other| *other != slot);
                    search.note(drawn.license, entity);
                }
            }
            draw.position = draw.position.saturating_add(1);
            if draw.position >= order.positions() {
                draw.pass = draw.pass.saturating_add(1);
                draw.position = 0;
                return Ok(());
            }
        }
        Ok(())
    }

    /// Offer a slot to who was found for it. Whether the slot needs no node any more.
    pub(crate) fn offer(id: SlotRef, drawn: Drawn, need: &Capacity) -> Result<bool, DispatchError> {
        let mut place = Place::<T>::load(id)?;
        ensure!(place.slot.state == SlotState::Drawing { draw: drawn.draw }, Error::<T>::Corrupted);
        match Self::is_over(&place.slot) {
            true => place.end(SlotEnd::Completed)?,
            false => Self::make_offer(&mut place, drawn, need)?,
        }
        place.store();
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn turn_is_shorter_when_more_entities_wait() {
        assert_eq!(turn_length(1_000, 1, 256), 256);
        assert_eq!(turn_length(1_000, 10, 256), 100);
        assert_eq!(turn_length(1_000, 5_000, 256), SHORTEST_TURN);
        assert_eq!(turn_length(0, 0, 256), SHORTEST_TURN);
        assert_eq!(turn_length(u64::MAX, 0, 256), 256);
        assert_eq!(turn_length(u64::MAX, 1, 4), 4);
    }

    proptest! {
        #[test]
        fn outputs_are_those_of_the_last_four_blocks_when_each_block_adds_one(
            all in proptest::collection::vec(any::<[u8; 32]>(), 4..20),
        ) {
            let kept = all.iter().fold(VrfOutputs::default(), |outputs, newest| with_newest(outputs, *newest));
            prop_assert_eq!(kept.as_slice(), &all[all.len() - 4..]);
        }
    }
}
