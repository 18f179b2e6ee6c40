//! The life of a draw but for its turns: opened, seeded, forgotten.

use crate::{pallet::*, types::*};
use frame_support::weights::{Weight, WeightMeter};
use ratio1_primitives::{
    jobs::{market::Opening, Client, SEED_BLOCKS},
    kyc::EntityId,
    traits::{AvailabilityProvider, BlockRandomness, Draws as DrawsSeam, LicenseInspect},
    width::as_u32,
    EpochIndex,
};
use sp_runtime::{DispatchError, SaturatedConversion};

/// `outputs` and one more: the oldest goes.
fn with_newest(mut outputs: VrfOutputs, newest: [u8; 32]) -> VrfOutputs {
    outputs.rotate_left(1);
    if let Some(last) = outputs.last_mut() {
        *last = newest;
    }
    outputs
}

impl<T: Config> Pallet<T> {
    /// The height of this block.
    pub(crate) fn block() -> u32 {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// Keep the VRF output of the block before `now`, and the seed of the draws opened five blocks ago.
    pub(crate) fn note_output(now: u32) {
        // ADR 0020: of four blocks, so that no single author makes a seed.
        let outputs = with_newest(Outputs::<T>::get(), T::Randomness::of_last_block());
        Outputs::<T>::put(outputs);
        if let Some(opened) = now.checked_sub(SEED_BLOCKS.saturating_add(1)) {
            if OpenedAt::<T>::get(opened) > 0 {
                Seeds::<T>::insert(opened, outputs);
            }
        }
    }

    /// Store a draw that looked for nodes for `before` slots, or forget it if it is over; its seed with the last one that
    /// needs it.
    pub(crate) fn keep_draw(entity: EntityId, id: u64, draw: Draw, before: usize) {
        let gone = as_u32(before.saturating_sub(draw.slots.len()));
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
}

impl<T: Config> DrawsSeam for Pallet<T> {
    fn open(opening: Opening) -> Result<u64, DispatchError> {
        let Opening { client, entity, slots, included, until, burned } = opening;
        let id = NextDraw::<T>::get();
        NextDraw::<T>::put(id.checked_add(1).ok_or(Error::<T>::Corrupted(Inconsistency::OutOfNumbers))?);
        let (included, licenses) = match included {
            0 => (false, T::Licenses::count()),
            listed => (true, listed),
        };
        let opened = Self::block();
        // Without a finalised epoch nobody is known to be available: epoch 0 is never balloted.
        let bytes_of = T::Availability::last_finalised().unwrap_or(EpochIndex(0));
        OpenedAt::<T>::mutate(opened, |draws| *draws = draws.saturating_add(1));
        let more = as_u32(slots.len());
        let looking = Turns::<T>::get(entity).unwrap_or_default();
        let (draws, all) = (looking.draws.saturating_add(1), looking.slots.saturating_add(more));
        Turns::<T>::insert(entity, Looking { draws, slots: all, ..looking });
        let opening =
            Event::DrawOpened { draw: id, client, slots: slots.clone(), licenses, included, bytes_of, burned };
        Self::deposit_event(opening);
        let draw =
            Draw { client, slots, opened, licenses, included, bytes_of, seed: None, pass: 0, position: 0, until };
        Draws::<T>::insert(entity, id, draw);
        Ok(id)
    }

    fn leave(entity: EntityId, id: u64, slot: u16) {
        let Some(mut draw) = Draws::<T>::get(entity, id) else { return };
        let before = draw.slots.len();
        draw.slots.retain(|other| *other != slot);
        Self::keep_draw(entity, id, draw, before);
    }

    /// From the last of the blocks that make its seed.
    fn is_seeded(entity: EntityId, id: u64) -> bool {
        Draws::<T>::get(entity, id).is_some_and(|draw| Self::block() >= draw.opened.saturating_add(SEED_BLOCKS))
    }

    fn looks_for(entity: EntityId, id: u64, client: Client, slot: u16) -> bool {
        Draws::<T>::get(entity, id).is_some_and(|draw| draw.client == client && draw.slots.contains(&slot))
    }

    fn looked_for(entity: EntityId) -> u32 {
        Turns::<T>::get(entity).map_or(0, |looking| looking.slots)
    }

    fn step(polled: u32, probes: u32, meter: &mut WeightMeter) {
        Self::step_draws(polled, probes, meter);
    }

    fn largest_step() -> Weight {
        Self::find_weight().max(Self::give_up_weight())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
