//! What must hold after every block.

use crate::{pallet::*, types::*};
use alloc::collections::{btree_map::BTreeMap, btree_set::BTreeSet};
use frame_support::ensure;
use ratio1_primitives::{
    jobs::{draw, SEED_BLOCKS},
    kyc::EntityId,
    traits::{LicenseInspect, Market},
    width::as_usize,
};
use sp_runtime::TryRuntimeError;

type Check = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// All invariants of this pallet.
    pub fn do_try_state() -> Check {
        let mut opened: BTreeMap<u32, u32> = BTreeMap::new();
        let mut looking: BTreeMap<EntityId, (u32, usize)> = BTreeMap::new();
        for (entity, id, draw) in Draws::<T>::iter() {
            Self::check_slots(entity, id, &draw)?;
            Self::check_draw(id, &draw)?;
            let sums = looking.entry(entity).or_default();
            *sums = (sums.0.saturating_add(1), sums.1.saturating_add(draw.slots.len()));
            let count = opened.entry(draw.opened).or_default();
            *count = count.saturating_add(1);
        }
        Self::check_seeds(&opened)?;
        let stored = Turns::<T>::iter().map(|(entity, it)| (entity, (it.draws, as_usize(it.slots))));
        ensure!(stored.collect::<BTreeMap<_, _>>() == looking, "what an entity looks for is miscounted");
        ensure!(as_usize(Turns::<T>::count()) == looking.len(), "entities that look for nodes are miscounted");
        Ok(())
    }

    /// Every slot waits for this draw, and for no other. That each that waits has one is what its market checks.
    fn check_slots(entity: EntityId, id: u64, draw: &Draw) -> Check {
        ensure!(!draw.slots.is_empty(), "a draw that looks for nothing");
        let unique: BTreeSet<u16> = draw.slots.iter().copied().collect();
        ensure!(unique.len() == draw.slots.len(), "a draw looks for a slot twice");
        for slot in &draw.slots {
            let (whose, which) = T::Market::awaits(draw.client, *slot).ok_or("a draw for a slot that needs none")?;
            ensure!(whose == entity, "a draw of another's slot");
            ensure!(which == id, "a slot that another draw looks for");
        }
        Ok(())
    }

    fn check_draw(id: u64, draw: &Draw) -> Check {
        ensure!(id < NextDraw::<T>::get(), "a draw beyond the last number");
        ensure!(draw.opened <= Self::block(), "a draw of the future");
        let first = draw.slots.first().copied().unwrap_or_default();
        let include = T::Market::wanted(draw.client, first).ok_or("a draw for nothing")?.selectors.include;
        let (all, listed) = (draw.licenses <= T::Licenses::count(), as_usize(draw.licenses) == include.len());
        ensure!(if draw.included { listed } else { all }, "a draw through more licenses than there are");
        ensure!(draw.included != include.is_empty(), "a draw that goes past the include list");
        let known = Seeds::<T>::get(draw.opened);
        let good = draw.seed.is_none() || draw.seed == known.map(|outputs| draw::seed(&outputs, id));
        ensure!(good, "a draw's seed is not that of its block");
        let most = draw.permutation().map_or(0, |order| order.positions());
        ensure!(draw.position <= most, "a draw beyond its last position");
        Ok(())
    }

    /// `opened` is how many draws there are of each block.
    fn check_seeds(opened: &BTreeMap<u32, u32>) -> Check {
        ensure!(&OpenedAt::<T>::iter().collect::<BTreeMap<_, _>>() == opened, "draws of a block are miscounted");
        ensure!(Seeds::<T>::iter_keys().all(|block| opened.contains_key(&block)), "a seed that no draw needs");
        let ready = |block: &u32| block.saturating_add(SEED_BLOCKS) < Self::block();
        ensure!(opened.keys().filter(|block| ready(block)).all(Seeds::<T>::contains_key), "a seed was missed");
        Ok(())
    }
}
