//! The pace of draws: whose turn it is, and how long it may be. Which node is found,
//! [`draw`](ratio1_primitives::jobs::draw) decides, and [`searching`](crate::searching) who may be found.

use crate::{pallet::*, types::*, WeightInfo, LOG_TARGET};
use alloc::collections::vec_deque::VecDeque;
use frame_support::weights::{Weight, WeightMeter};
use ratio1_pallet_support::attempt;
use ratio1_primitives::{
    jobs::{draw, MAX_NODES},
    kyc::EntityId,
    traits::Market,
};
use sp_runtime::DispatchResult;

/// Positions of a turn where so many entities wait that a block has no more for each.
pub(crate) const SHORTEST_TURN: u32 = 16;

/// Positions of a turn, of those that a block has room for: `most`, or fewer if many entities wait for theirs.
fn turn_length(positions: u64, entities: u32, most: u32) -> u32 {
    let share = positions.checked_div(entities.into()).unwrap_or(positions);
    u32::try_from(share).unwrap_or(u32::MAX).max(SHORTEST_TURN).min(most)
}

impl<T: Config> Pallet<T> {
    /// A turn in which one position is looked at as far as there is something to look at, and somebody is found there.
    pub(crate) fn find_weight() -> Weight {
        T::WeightInfo::turn(1)
            .saturating_add(T::WeightInfo::skip())
            .saturating_add(T::WeightInfo::own(MAX_NODES))
            .saturating_add(T::Market::offer_weight())
    }

    /// A turn in which one slot is given up.
    pub(crate) fn give_up_weight() -> Weight {
        T::WeightInfo::turn(0).saturating_add(T::Market::give_up_weight())
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
    pub(crate) fn step_draws(polled: u32, probes: u32, meter: &mut WeightMeter) {
        // ADR 0024: the more entities wait, the shorter a turn, so that nobody's many draws keep others waiting.
        let room = meter.remaining().checked_div_per_component(&Self::probe_weight()).unwrap_or(u64::MAX);
        let turn = turn_length(room, Turns::<T>::count(), probes);
        let mut first = Self::entities_in_turn();
        let mut again: VecDeque<(EntityId, u32)> = VecDeque::new();
        let mut last = None;
        loop {
            let whose = match first.next() {
                Some(entity) => Some((entity, Turns::<T>::get(entity).map_or(0, |looking| looking.draws))),
                None => again.pop_front(),
            };
            let Some((entity, draws)) = whose else { break };
            if meter.try_consume(T::WeightInfo::turn(0)).is_err() {
                break;
            }
            last = Some(entity);
            if let Some(id) = Self::next_draw(entity) {
                attempt(LOG_TARGET, "draw", || Self::take_turn(entity, id, polled, turn, meter));
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
    fn take_turn(entity: EntityId, id: u64, polled: u32, turn: u32, meter: &mut WeightMeter) -> DispatchResult {
        let mut draw = Draws::<T>::get(entity, id).ok_or(Error::<T>::Corrupted(Inconsistency::NoDraw))?;
        let before = draw.slots.len();
        if polled > draw.until {
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

    /// No node was found in time: the market has its slots back, one by one. One that it cannot take is left as it is.
    fn give_up(draw: &mut Draw, meter: &mut WeightMeter) {
        while let Some(slot) = draw.slots.first().copied() {
            if meter.try_consume(T::Market::give_up_weight()).is_err() {
                return;
            }
            attempt(LOG_TARGET, "giving up", || T::Market::give_up(draw.client, slot));
            draw.slots.retain(|other| *other != slot);
        }
    }

    /// Go through some positions of one pass, and offer slots to whom is found there.
    fn look(id: u64, draw: &mut Draw, turn: u32, meter: &mut WeightMeter) -> DispatchResult {
        let Some(order) = draw.permutation() else { return Ok(()) };
        let mut search = Self::search(id, draw)?;
        for _ in 0..turn {
            let Some(slot) = draw.slots.first().copied() else { return Ok(()) };
            let Ok(found) = Self::visit(&mut search, draw, &order, meter) else { return Ok(()) };
            if let Some((drawn, entity)) = found {
                let need = search.need();
                if attempt(LOG_TARGET, "offer", || T::Market::offer(draw.client, slot, drawn, need).map(|()| true)) {
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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn turn_is_shorter_when_more_entities_wait() {
        assert_eq!(turn_length(1_000, 1, 256), 256);
        assert_eq!(turn_length(1_000, 10, 256), 100);
        assert_eq!(turn_length(1_000, 5_000, 256), SHORTEST_TURN);
        assert_eq!(turn_length(0, 0, 256), SHORTEST_TURN);
        assert_eq!(turn_length(u64::MAX, 0, 256), 256);
        assert_eq!(turn_length(u64::MAX, 1, 4), 4);
    }
}
