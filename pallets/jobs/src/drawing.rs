//! Draws: from the seed to the offer. Which node is found, [`draw`](ratio1_primitives::jobs::draw) decides; this is who may
//! be found, and the pace.

use crate::{pallet::*, place::Place, types::*, WeightInfo};
use alloc::vec::Vec;
use frame_support::{
    ensure,
    traits::ConstU32,
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use ratio1_primitives::{
    jobs::{draw, Capacity, JobRequest, NodeProfile, Selectors, SlotRef, MAX_NODES, SEED_BLOCKS},
    kyc::{Attestation, EntityId},
    traits::{AvailabilityProvider, BlockRandomness, KycInspect, LicenseInspect, OracleInspect, Workers},
    BlockNumber, EpochIndex, Hash, JobId, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

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

/// Whether the lists of licenses admit one. Asked again with all selectors, but this costs nothing.
fn may_be(selectors: &Selectors, license: LicenseId) -> bool {
    let Selectors { include, exclude, .. } = selectors;
    (include.is_empty() || include.contains(&license)) && !exclude.contains(&license)
}

/// Whether a node declared GPUs of the class asked for, or a larger one.
fn has_gpu(request: &JobRequest, profile: &NodeProfile) -> bool {
    request.gpu.is_none_or(|least| profile.gpu.is_some_and(|class| class >= least))
}

/// Whether what a node declared, and what is attested of its owner, is what is asked for.
fn is_met(
    request: &JobRequest,
    need: &Capacity,
    license: LicenseId,
    owner: &Attestation,
    profile: &NodeProfile,
) -> bool {
    has_gpu(request, profile)
        && profile.capacity.covers(need)
        && request.selectors.admit(license, owner.country, owner.kind, &profile.tags)
}

/// What a draw asks of whom it comes upon.
pub(crate) struct Search {
    job: JobId,
    slots: u16,
    request: JobRequest,
    need: Capacity,
    opened: BlockNumber,
    now: BlockNumber,
    epoch: EpochIndex,
    bytes_of: EpochIndex,
    /// The byte from which a license counts as available. `None` if no epoch is finalised.
    threshold: Option<u8>,
    /// Entities of which a node is offered, or serves, a slot of the job: read when first asked for.
    entities: Option<Vec<EntityId>>,
}

impl Search {
    /// Whether a node of `entity` may serve, beside those that are offered or serve the other slots.
    fn admits(&mut self, entity: &EntityId, read: impl FnOnce(&Self) -> Vec<EntityId>) -> bool {
        if self.request.same_entity {
            return true;
        }
        let entities = match self.entities.take() {
            Some(entities) => entities,
            None => read(self),
        };
        let free = !entities.contains(entity);
        self.entities = Some(entities);
        free
    }

    /// A node of `entity` was found.
    fn note(&mut self, entity: EntityId) {
        if let Some(entities) = &mut self.entities {
            entities.push(entity);
        }
    }
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

    /// Open a draw of nodes for `slots` of a job; its number.
    pub(crate) fn open_draw(job: JobId, slots: BoundedVec<u16, ConstU32<MAX_NODES>>) -> Result<u64, DispatchError> {
        let id = NextDraw::<T>::get();
        NextDraw::<T>::put(id.checked_add(1).ok_or(Error::<T>::Corrupted)?);
        let (opened, licenses) = (Self::block(), T::Licenses::count());
        // Without a finalised epoch nobody is known to be available: epoch 0 is never balloted.
        let bytes_of = T::Availability::last_finalised().unwrap_or(EpochIndex(0));
        let until = Polled::<T>::get().saturating_add(Settings::<T>::get().draw_blocks);
        OpenedAt::<T>::mutate(opened, |draws| *draws = draws.saturating_add(1));
        Self::deposit_event(Event::DrawOpened { draw: id, job, slots: slots.clone(), licenses, bytes_of });
        let draw = Draw { job, slots, opened, licenses, bytes_of, seed: None, pass: 0, position: 0, until };
        Draws::<T>::insert(id, draw);
        Ok(id)
    }

    /// Look no more for a node for `slot`.
    pub(crate) fn leave_draw(id: u64, slot: u16) {
        let Some(mut draw) = Draws::<T>::get(id) else { return };
        draw.slots.retain(|other| *other != slot);
        Self::keep_draw(id, draw);
    }

    /// Store a draw, or forget it if it is over; its seed with the last one that needs it.
    fn keep_draw(id: u64, draw: Draw) {
        if !draw.slots.is_empty() {
            Draws::<T>::insert(id, draw);
            return;
        }
        Draws::<T>::remove(id);
        let left = OpenedAt::<T>::get(draw.opened).saturating_sub(1);
        if left > 0 {
            OpenedAt::<T>::insert(draw.opened, left);
        } else {
            OpenedAt::<T>::remove(draw.opened);
            Seeds::<T>::remove(draw.opened);
        }
    }

    /// Whether somebody may know a draw's seed: from the last of the blocks that make it.
    pub(crate) fn is_seeded(id: u64) -> bool {
        Draws::<T>::get(id).is_some_and(|draw| Self::block() >= draw.opened.saturating_add(SEED_BLOCKS))
    }

    /// Whether all epochs of a slot are over, so that nobody is to serve it any more.
    pub(crate) fn is_over(slot: &Slot) -> bool {
        slot.started.is_some() && slot.ends() <= Self::current()
    }

    /// All draws once, those first that were not served in the last block.
    fn draws_in_turn() -> impl Iterator<Item = u64> {
        let last = LastDraw::<T>::get().map(Draws::<T>::hashed_key_for).unwrap_or_default();
        let from = if last.is_empty() { Draws::<T>::iter_keys() } else { Draws::<T>::iter_keys_from(last.clone()) };
        from.chain(Draws::<T>::iter_keys().take_while(move |id| Draws::<T>::hashed_key_for(id) <= last))
    }

    /// Let draws look for nodes, as far as the budget goes.
    pub(crate) fn step_draws(meter: &mut WeightMeter) {
        let polled = Polled::<T>::get();
        for id in Self::draws_in_turn() {
            if meter.try_consume(T::WeightInfo::draw_step(0)).is_err() {
                return;
            }
            LastDraw::<T>::put(id);
            Self::attempt("draw", || Self::step_draw(id, polled, meter));
        }
    }

    /// One draw in one block.
    fn step_draw(id: u64, polled: u32, meter: &mut WeightMeter) -> DispatchResult {
        let mut draw = Draws::<T>::get(id).ok_or(Error::<T>::Corrupted)?;
        if polled > draw.until {
            Self::give_up(&mut draw, meter);
        } else {
            if draw.seed.is_none() {
                let Some(outputs) = Seeds::<T>::get(draw.opened) else { return Ok(()) };
                let seed = draw::seed(&outputs, id);
                draw.seed = Some(seed);
                Self::deposit_event(Event::DrawSeeded { draw: id, seed });
            }
            Self::look(id, &mut draw, meter)?;
        }
        Self::keep_draw(id, draw);
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
    fn look(id: u64, draw: &mut Draw, meter: &mut WeightMeter) -> DispatchResult {
        let (Some(seed), Some(permutation)) = (draw.seed, draw.permutation()) else { return Ok(()) };
        let mut search = Self::search(draw)?;
        let probe = Self::probe_weight();
        for _ in 0..Settings::<T>::get().probes {
            let Some(slot) = draw.slots.first().copied() else { return Ok(()) };
            if meter.try_consume(probe).is_err() {
                return Ok(());
            }
            let found = permutation.at(draw.position).and_then(|license| {
                let entity = Self::candidate(&mut search, license)?;
                draw::is_taken(seed, draw.pass, license, T::Workers::reputation(license)).then_some((license, entity))
            });
            if let Some((license, entity)) = found {
                // The same position is come upon again in the next block.
                if meter.try_consume(T::WeightInfo::offer()).is_err() {
                    return Ok(());
                }
                let drawn = Self::drawn(id, draw, seed, license);
                if Self::attempt("offer", || Self::offer(SlotRef { job: draw.job, slot }, drawn, &search.need)) {
                    draw.slots.retain(|other| *other != slot);
                    search.note(entity);
                }
            }
            draw.position = draw.position.saturating_add(1);
            if draw.position >= permutation.positions() {
                draw.pass = draw.pass.saturating_add(1);
                draw.position = 0;
                return Ok(());
            }
        }
        Ok(())
    }

    /// One position.
    fn probe_weight() -> Weight {
        T::WeightInfo::draw_step(1).saturating_sub(T::WeightInfo::draw_step(0))
    }

    fn drawn(id: u64, draw: &Draw, seed: Hash, license: LicenseId) -> Drawn {
        let Draw { opened, licenses, bytes_of, pass, position, .. } = *draw;
        Drawn { draw: id, opened, seed, licenses, bytes_of, pass, position, license }
    }

    /// Offer a slot to who was found for it. Whether the slot needs no node any more.
    fn offer(id: SlotRef, drawn: Drawn, need: &Capacity) -> Result<bool, DispatchError> {
        let mut place = Place::<T>::load(id)?;
        ensure!(place.slot.state == SlotState::Drawing { draw: drawn.draw }, Error::<T>::Corrupted);
        match Self::is_over(&place.slot) {
            true => place.end(SlotEnd::Completed)?,
            false => Self::make_offer(&mut place, drawn, need)?,
        }
        place.store();
        Ok(true)
    }

    /// What a draw asks of whom it comes upon.
    pub(crate) fn search(draw: &Draw) -> Result<Search, Error<T>> {
        let Draw { job, opened, bytes_of, .. } = *draw;
        let request = Requests::<T>::get(job).ok_or(Error::<T>::Corrupted)?;
        let slots = Jobs::<T>::get(job).ok_or(Error::<T>::Corrupted)?.slots;
        let need = request.need();
        let threshold = T::Availability::threshold(bytes_of);
        let (now, epoch) = (Self::block(), Self::current());
        Ok(Search { job, slots, request, need, opened, now, epoch, bytes_of, threshold, entities: None })
    }

    /// Whether a license may be drawn; if so, whose it is. Cheap checks come first.
    ///
    /// What counts is what it had declared when the draw was opened, and that there is room for it now.
    pub(crate) fn candidate(search: &mut Search, license: LicenseId) -> Option<EntityId> {
        if !may_be(&search.request.selectors, license) {
            return None;
        }
        let deed = T::Licenses::license(license).filter(|deed| deed.class == LicenseClass::Node && !deed.banned)?;
        let node = deed.link?.node;
        let available = T::Availability::byte(search.bytes_of, license)? >= search.threshold?;
        if !available || T::Workers::is_barred(license) || !T::Workers::has_room(license, &search.need) {
            return None;
        }
        if T::Oracles::is_bound(license) || Self::is_assigned(license, search.job) {
            return None;
        }
        let owner = T::Kyc::standing(&T::Licenses::owner(license)?, search.epoch).ok()?;
        let declared = T::Workers::offer(license, &node, search.opened)?;
        if !is_met(&search.request, &search.need, license, &owner, &declared) {
            return None;
        }
        // That there is room now does not tell of which class the GPUs are now.
        let asks_for_gpu = search.request.gpu.is_some();
        if asks_for_gpu
            && !T::Workers::offer(license, &node, search.now).is_some_and(|now| has_gpu(&search.request, &now))
        {
            return None;
        }
        search.admits(&owner.entity, Self::entities).then_some(owner.entity)
    }

    /// Whether a license is offered, or serves, a slot of a job.
    fn is_assigned(license: LicenseId, job: JobId) -> bool {
        Assigned::<T>::iter_key_prefix(license).any(|slot| slot.job == job)
    }

    /// The entities of which a node is offered, or serves, a slot of the job.
    fn entities(search: &Search) -> Vec<EntityId> {
        let license = |number| match Slots::<T>::get(search.job, number)?.state {
            SlotState::Offered { license, .. } => Some(license),
            SlotState::Running { index } => Services::<T>::get(index).map(|service| service.license),
            SlotState::Drawing { .. } | SlotState::Ended(_) => None,
        };
        (0..search.slots).filter_map(license).filter_map(Self::entity_of).collect()
    }

    /// On whose behalf a license works. `None` while its owner is not in good standing.
    pub(crate) fn entity_of(license: LicenseId) -> Option<EntityId> {
        let owner = T::Licenses::owner(license)?;
        T::Kyc::standing(&owner, Self::current()).ok().map(|attestation| attestation.entity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ratio1_primitives::{
        jobs::{
            request::{Cid, Restart},
            Gpu, Tier,
        },
        kyc::{Country, EntityKind},
    };

    fn request(gpu: Option<Gpu>) -> JobRequest {
        JobRequest {
            tier: Tier::Entry,
            gpu,
            nodes: 1,
            epochs: 30,
            spec: Cid::new(false, [7; 32]),
            spec_bytes: 512,
            selectors: Selectors::default(),
            restart: Restart::Always,
            same_entity: false,
            health: None,
        }
    }

    fn owner() -> Attestation {
        let (kind, country) = (EntityKind::Individual, Country(*b"DE"));
        Attestation { entity: [1; 32], kind, country, expires: EpochIndex(9) }
    }

    fn profile(gpu: Option<Gpu>) -> NodeProfile {
        let capacity = Capacity { gpus: u32::from(gpu.is_some()), ..Tier::Entry.capacity() };
        NodeProfile { capacity, gpu, tags: Default::default() }
    }

    fn meets(request: &JobRequest, profile: &NodeProfile) -> bool {
        is_met(request, &request.need(), LicenseId(4), &owner(), profile)
    }

    fn search(same_entity: bool) -> Search {
        let request = JobRequest { same_entity, ..request(None) };
        Search {
            job: JobId(0),
            slots: 2,
            need: request.need(),
            request,
            opened: 1,
            now: 9,
            epoch: EpochIndex(3),
            bytes_of: EpochIndex(2),
            threshold: Some(250),
            entities: None,
        }
    }

    #[test]
    fn profile_meets_a_request_when_its_gpu_is_at_least_the_class_asked_for() {
        for has in Gpu::ALL {
            assert!(meets(&request(None), &profile(Some(has))));
            for asked in Gpu::ALL {
                assert_eq!(meets(&request(Some(asked)), &profile(Some(has))), has >= asked, "{asked:?} {has:?}");
            }
        }
        assert!(meets(&request(None), &profile(None)));
        assert!(!meets(&request(Some(Gpu::Entry)), &profile(None)));
    }

    #[test]
    fn profile_misses_a_request_when_it_declared_too_little() {
        for shrink in [
            |capacity: &mut Capacity| capacity.cpu_milli -= 1,
            |capacity: &mut Capacity| capacity.memory_mib -= 1,
            |capacity: &mut Capacity| capacity.disk_gib -= 1,
            |capacity: &mut Capacity| capacity.gpus -= 1,
        ] {
            let mut small = profile(Some(Gpu::High));
            assert!(meets(&request(Some(Gpu::High)), &small));
            shrink(&mut small.capacity);
            assert!(!meets(&request(Some(Gpu::High)), &small));
        }
    }

    #[test]
    fn profile_misses_a_request_when_the_owner_or_a_tag_is_not_what_is_selected() {
        let with = |change: fn(&mut Selectors)| {
            let mut request = request(None);
            change(&mut request.selectors);
            meets(&request, &profile(None))
        };
        assert!(with(|selectors| selectors.countries = vec![Country(*b"DE")].try_into().unwrap()));
        assert!(!with(|selectors| selectors.countries = vec![Country(*b"FR")].try_into().unwrap()));
        assert!(!with(|selectors| selectors.companies_only = true));
        assert!(!with(|selectors| selectors.exclude = vec![LicenseId(4)].try_into().unwrap()));
        assert!(!with(|selectors| { selectors.tags = vec![b"ssd".to_vec().try_into().unwrap()].try_into().unwrap() }));
    }

    #[test]
    fn search_admits_an_entity_once_when_entities_must_differ() {
        let mut one = search(false);
        let serving = |_: &Search| vec![[1; 32]];
        assert!(!one.admits(&[1; 32], serving));
        assert!(one.admits(&[2; 32], |_| unreachable!("read once")));
        one.note([2; 32]);
        assert!(!one.admits(&[2; 32], |_| unreachable!("read once")));
        let mut any = search(true);
        any.note([2; 32]);
        assert!(any.admits(&[2; 32], |_| unreachable!("not asked for")));
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
