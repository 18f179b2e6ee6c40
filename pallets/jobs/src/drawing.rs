//! Draws: from the seed to the offer. Which node is found, [`draw`](ratio1_primitives::jobs::draw) decides; this is who may
//! be found, and the pace.

use crate::{pallet::*, place::Place, types::*, WeightInfo};
use alloc::{collections::vec_deque::VecDeque, vec::Vec};
use frame_support::{
    ensure,
    traits::ConstU32,
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use ratio1_primitives::{
    jobs::{draw, Capacity, JobRequest, NodeProfile, SlotRef, MAX_NODES, SEED_BLOCKS},
    kyc::{Attestation, EntityId},
    traits::{AvailabilityProvider, BlockRandomness, KycInspect, LicenseInspect, OracleInspect, Workers},
    Balance, BlockNumber, EpochIndex, JobId, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

/// Positions of a turn where so many entities wait that a block has no more for each.
pub(crate) const SHORTEST_TURN: u32 = 16;

/// VRF outputs of consecutive blocks, the oldest first.
type VrfOutputs = [[u8; 32]; SEED_BLOCKS as usize];

/// The meter has no room for what is next: it is come upon again in the next block.
struct NoRoom;

/// `outputs` and one more: the oldest goes.
fn with_newest(mut outputs: VrfOutputs, newest: [u8; 32]) -> VrfOutputs {
    outputs.rotate_left(1);
    if let Some(last) = outputs.last_mut() {
        *last = newest;
    }
    outputs
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

/// Positions of a turn, of those that a block has room for: `most`, or fewer if many entities wait for theirs.
fn turn_length(positions: u64, entities: u32, most: u32) -> u32 {
    let share = positions.checked_div(entities.into()).unwrap_or(positions);
    u32::try_from(share).unwrap_or(u32::MAX).max(SHORTEST_TURN).min(most)
}

/// Who is offered, or serves, the slots of a job.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) licenses: Vec<LicenseId>,
    entities: Vec<EntityId>,
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
    /// Who had the slot and does not get it again.
    tried: BoundedVec<Tried, ConstU32<MAX_TRIED>>,
    /// The job's own slots: read once, when somebody could serve but for them.
    pub(crate) own: Option<Own>,
}

impl Search {
    /// The license at a draw's position, if there is one that is not left out. That takes no look at the state.
    pub(crate) fn license_at(&self, draw: &Draw, order: &draw::Permutation) -> Option<LicenseId> {
        let selectors = &self.request.selectors;
        let license = draw::found(order, draw.included.then_some(&selectors.include), draw.position)?;
        let tried = self.tried.iter().any(|tried| tried.license == license);
        let serves = self.own.as_ref().is_some_and(|own| own.licenses.contains(&license));
        (!tried && !serves && !selectors.exclude.contains(&license)).then_some(license)
    }

    /// Whether `license`, of `entity`, may serve beside those that are offered or serve the other slots.
    fn admits(&self, own: &Own, license: LicenseId, entity: &EntityId) -> bool {
        !own.licenses.contains(&license) && (self.request.same_entity || !own.entities.contains(entity))
    }

    /// A license of `entity` was found.
    fn note(&mut self, license: LicenseId, entity: EntityId) {
        if let Some(own) = &mut self.own {
            own.licenses.push(license);
            own.entities.push(entity);
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
        let opening =
            Event::DrawOpened { draw: id, job, slots: slots.clone(), licenses, included, bytes_of, burned };
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
        let mut search = Self::search(draw)?;
        for _ in 0..turn {
            let Some(slot) = draw.slots.first().copied() else { return Ok(()) };
            let Ok(found) = Self::visit(&mut search, draw, &order, meter) else { return Ok(()) };
            if let Some((drawn, entity)) = found {
                let drawn = Drawn { draw: id, ..drawn };
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

    /// Look at one position. Each part is paid for when it is come to: at most positions there is little to do.
    fn visit(
        search: &mut Search,
        draw: &Draw,
        order: &draw::Permutation,
        meter: &mut WeightMeter,
    ) -> Result<Option<(Drawn, EntityId)>, NoRoom> {
        let mut pay = |weight| meter.try_consume(weight).map_err(|()| NoRoom);
        pay(T::WeightInfo::draw_skip())?;
        let Some(license) = search.license_at(draw, order) else { return Ok(None) };
        pay(Self::probe_weight())?;
        let Draw { opened, licenses, included, bytes_of, pass, position, .. } = *draw;
        let Some(seed) = draw.seed else { return Ok(None) };
        let Some(entity) = Self::candidate(search, license) else { return Ok(None) };
        if !draw::is_taken(seed, pass, license, T::Workers::reputation(license)) {
            return Ok(None);
        }
        let own = match search.own.take() {
            Some(own) => own,
            None => {
                pay(T::WeightInfo::draw_own(search.slots.into()))?;
                Self::own(search)
            }
        };
        let admitted = search.admits(&own, license, &entity);
        search.own = Some(own);
        if !admitted {
            return Ok(None);
        }
        pay(T::WeightInfo::offer())?;
        let drawn = Drawn { draw: 0, opened, seed, licenses, included, bytes_of, pass, position, license };
        Ok(Some((drawn, entity)))
    }

    /// One position at which there is a license to look at.
    fn probe_weight() -> Weight {
        T::WeightInfo::draw_step(1).saturating_sub(T::WeightInfo::draw_step(0))
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

    /// What a draw asks of whom it comes upon.
    pub(crate) fn search(draw: &Draw) -> Result<Search, Error<T>> {
        let Draw { job, opened, bytes_of, .. } = *draw;
        let request = Requests::<T>::get(job).ok_or(Error::<T>::Corrupted)?;
        let slots = Jobs::<T>::get(job).ok_or(Error::<T>::Corrupted)?.slots;
        // A draw of several slots is their first: nobody had them before.
        let first = draw.slots.first().and_then(|slot| Slots::<T>::get(job, slot));
        let tried = first.map(|slot| slot.tried).unwrap_or_default();
        let need = request.need();
        let threshold = T::Availability::threshold(bytes_of);
        let (now, epoch) = (Self::block(), Self::current());
        Ok(Search { job, slots, request, need, opened, now, epoch, bytes_of, threshold, tried, own: None })
    }

    /// Whether a license may be drawn, but for the job's other slots; if so, whose it is. Cheap checks come first.
    ///
    /// What counts is what it had declared when the draw was opened, and that there is room for it now.
    pub(crate) fn candidate(search: &Search, license: LicenseId) -> Option<EntityId> {
        let deed = T::Licenses::license(license).filter(|deed| deed.class == LicenseClass::Node && !deed.banned)?;
        let node = deed.link?.node;
        let available = T::Availability::byte(search.bytes_of, license)? >= search.threshold?;
        if !available || T::Workers::is_barred(license) || !T::Workers::has_room(license, &search.need) {
            return None;
        }
        if T::Oracles::is_bound(license) {
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
        Some(owner.entity)
    }

    /// The licenses that are offered, or serve, slots of the job, and their entities if those must differ: one pass over
    /// its slots.
    pub(crate) fn own(search: &Search) -> Own {
        let serving = |number| {
            let slot = Slots::<T>::get(search.job, number)?;
            let serves = matches!(slot.state, SlotState::Offered { .. } | SlotState::Running { .. });
            slot.drawn.filter(|_| serves).map(|drawn| drawn.license)
        };
        let licenses: Vec<LicenseId> = (0..search.slots).filter_map(serving).collect();
        let entities = match search.request.same_entity {
            true => Vec::new(),
            false => licenses.iter().copied().filter_map(Self::entity_of).collect(),
        };
        Own { licenses, entities }
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
            Gpu, Selectors, Tier,
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
            tried: Default::default(),
            own: None,
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
        one.own = Some(Own { licenses: vec![LicenseId(1)], entities: vec![[1; 32]] });
        one.note(LicenseId(2), [2; 32]);
        let own = one.own.take().unwrap();
        assert!(!one.admits(&own, LicenseId(9), &[1; 32]));
        assert!(!one.admits(&own, LicenseId(9), &[2; 32]));
        assert!(one.admits(&own, LicenseId(9), &[3; 32]));
        let any = search(true);
        assert!(any.admits(&own, LicenseId(9), &[2; 32]));
        assert!(!any.admits(&own, LicenseId(2), &[3; 32]), "but no license twice");
    }

    #[test]
    fn position_is_passed_over_when_its_license_is_left_out() {
        let draw = Draw {
            job: JobId(0),
            slots: Default::default(),
            opened: 1,
            licenses: 3,
            included: true,
            bytes_of: EpochIndex(2),
            seed: Some([7; 32].into()),
            pass: 0,
            position: 0,
            until: 9,
        };
        let order = draw.permutation().unwrap();
        let found = |search: &Search| {
            let at = |position| search.license_at(&Draw { position, ..draw.clone() }, &order);
            let mut found: Vec<u32> = (0..order.positions()).filter_map(at).map(|license| license.0).collect();
            found.sort();
            found
        };
        let mut search = search(false);
        search.request.selectors.include = [7, 70, 700].map(LicenseId).to_vec().try_into().unwrap();
        assert_eq!(found(&search), [7, 70, 700]);
        search.tried = vec![Tried { license: LicenseId(70), why: Setback::Missed }].try_into().unwrap();
        assert_eq!(found(&search), [7, 700]);
        search.own = Some(Own { licenses: vec![LicenseId(7)], entities: vec![] });
        assert_eq!(found(&search), [700]);
    }

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
