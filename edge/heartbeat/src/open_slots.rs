//! What is kept for each of the beat slots that beats are accepted for now, and forgotten after.

use ratio1_primitives::{clock::MAX_BEAT_AGE_SLOTS, heartbeat::Heartbeat, width::as_usize, EpochIndex};

/// Beat slots for which a beat is accepted at one moment.
const OPEN_SLOTS: usize = as_usize(MAX_BEAT_AGE_SLOTS) + 1;

/// One `T` for each open beat slot. A newer slot takes the place of the one that is no longer open.
#[derive(Default)]
pub struct OpenSlots<T> {
    slots: [(Option<(EpochIndex, u32)>, T); OPEN_SLOTS],
}

impl<T: Default> OpenSlots<T> {
    /// What is kept for the slot of a beat.
    pub fn get(&self, beat: &Heartbeat) -> Option<&T> {
        let (of, kept) = self.slots.get(as_usize(beat.slot) % OPEN_SLOTS)?;
        (*of == Some((beat.epoch, beat.slot))).then_some(kept)
    }

    /// The same, empty if nothing was kept yet; `None` never happens.
    pub fn get_mut(&mut self, beat: &Heartbeat) -> Option<&mut T> {
        let (of, kept) = self.slots.get_mut(as_usize(beat.slot) % OPEN_SLOTS)?;
        let slot = Some((beat.epoch, beat.slot));
        if *of != slot {
            *of = slot;
            *kept = T::default();
        }
        Some(kept)
    }

    /// All that is kept.
    #[cfg(test)]
    pub fn iter(&self) -> impl Iterator<Item = &T> + '_ {
        self.slots.iter().map(|(_, kept)| kept)
    }
}
