//! Who may be found by a draw: what it asks of the license at a position, and what that costs.

use crate::{pallet::*, types::*, WeightInfo};
use alloc::vec::Vec;
use frame_support::weights::{Weight, WeightMeter};
use ratio1_primitives::{
    jobs::{draw, market::Wanted, Capacity, Client, Drawn, NodeProfile},
    kyc::{Attestation, EntityId},
    traits::{AvailabilityProvider, EpochInspect, KycInspect, LicenseInspect, Market, NodeRegistry, OracleInspect},
    BlockNumber, EpochIndex, LicenseClass, LicenseId,
};

/// The meter has no room for what is next: it is come upon again in the next block.
pub(crate) struct NoRoom;

/// Whether a node declared GPUs of the class asked for, or a larger one.
fn has_gpu(wanted: &Wanted, profile: &NodeProfile) -> bool {
    wanted.gpu.is_none_or(|least| profile.gpu.is_some_and(|class| class >= least))
}

/// Whether what a node declared, and what is attested of its owner, is what is asked for.
fn is_met(wanted: &Wanted, license: LicenseId, owner: &Attestation, profile: &NodeProfile) -> bool {
    has_gpu(wanted, profile)
        && profile.capacity.covers(&wanted.need)
        && wanted.selectors.admit(license, owner.country, owner.kind, &profile.tags)
}

/// Who is offered, or serves, the slots of a client.
#[derive(Default)]
pub(crate) struct Own {
    pub(crate) licenses: Vec<LicenseId>,
    entities: Vec<EntityId>,
}

/// What a draw requires of a candidate.
pub(crate) struct Search {
    draw: u64,
    client: Client,
    wanted: Wanted,
    opened: BlockNumber,
    now: BlockNumber,
    epoch: EpochIndex,
    bytes_of: EpochIndex,
    /// The byte from which a license counts as available. `None` if no epoch is finalised.
    threshold: Option<u8>,
    /// The client's own slots: read once, when somebody could serve but for them.
    pub(crate) own: Option<Own>,
}

impl Search {
    /// What a node must have free.
    pub(crate) fn need(&self) -> &Capacity {
        &self.wanted.need
    }

    /// The license at a draw's position, if there is one that is not left out. That takes no look at the state.
    pub(crate) fn license_at(&self, draw: &Draw, order: &draw::Permutation) -> Option<LicenseId> {
        let Wanted { selectors, tried, .. } = &self.wanted;
        let license = draw::found(order, draw.included.then_some(&selectors.include), draw.position)?;
        let serves = self.own.as_ref().is_some_and(|own| own.licenses.contains(&license));
        (!tried.contains(&license) && !serves && !selectors.exclude.contains(&license)).then_some(license)
    }

    /// Whether `license`, of `entity`, may serve beside those that are offered or serve the other slots.
    fn admits(&self, own: &Own, license: LicenseId, entity: &EntityId) -> bool {
        !own.licenses.contains(&license) && (self.wanted.same_entity || !own.entities.contains(entity))
    }

    /// A license of `entity` was found.
    pub(crate) fn note(&mut self, license: LicenseId, entity: EntityId) {
        if let Some(own) = &mut self.own {
            own.licenses.push(license);
            own.entities.push(entity);
        }
    }
}

impl<T: Config> Pallet<T> {
    /// Look at one position. Each part is paid for when it is come to: at most positions there is little to do.
    pub(crate) fn visit(
        search: &mut Search,
        draw: &Draw,
        order: &draw::Permutation,
        meter: &mut WeightMeter,
    ) -> Result<Option<(Drawn, EntityId)>, NoRoom> {
        let mut pay = |weight| meter.try_consume(weight).map_err(|()| NoRoom);
        pay(T::WeightInfo::skip())?;
        let Some(license) = search.license_at(draw, order) else { return Ok(None) };
        pay(Self::probe_weight())?;
        let Draw { opened, licenses, included, bytes_of, pass, position, .. } = *draw;
        let Some(seed) = draw.seed else { return Ok(None) };
        let Some(entity) = Self::candidate(search, license) else { return Ok(None) };
        if !draw::is_taken(seed, pass, license, T::NodeRegistry::reputation(license)) {
            return Ok(None);
        }
        let own = match search.own.take() {
            Some(own) => own,
            None => {
                pay(T::WeightInfo::own(search.wanted.slots.into()))?;
                Self::own(search)
            }
        };
        let admitted = search.admits(&own, license, &entity);
        search.own = Some(own);
        if !admitted {
            return Ok(None);
        }
        pay(T::Market::offer_weight())?;
        let drawn = Drawn { draw: search.draw, opened, seed, licenses, included, bytes_of, pass, position, license };
        Ok(Some((drawn, entity)))
    }

    /// One position at which there is a license to look at.
    pub(crate) fn probe_weight() -> Weight {
        T::WeightInfo::turn(1).saturating_sub(T::WeightInfo::turn(0))
    }

    /// What a draw requires of a candidate. A draw of several slots is their first: nobody had them before.
    pub(crate) fn search(id: u64, draw: &Draw) -> Result<Search, Error<T>> {
        let Draw { client, opened, bytes_of, .. } = *draw;
        let first = draw.slots.first().ok_or(Error::<T>::Corrupted(Inconsistency::NoSlot))?;
        let wanted = T::Market::wanted(client, *first).ok_or(Error::<T>::Corrupted(Inconsistency::NothingWanted))?;
        let threshold = T::Availability::threshold(bytes_of);
        let (now, epoch) = (Self::block(), T::Epochs::current());
        Ok(Search { draw: id, client, wanted, opened, now, epoch, bytes_of, threshold, own: None })
    }

    /// Whether a license may be drawn, but for the client's other slots; if so, whose it is. Cheap checks come first.
    ///
    /// What counts is what it had declared when the draw was opened, and that there is room for it now.
    pub(crate) fn candidate(search: &Search, license: LicenseId) -> Option<EntityId> {
        let wanted = &search.wanted;
        let deed = T::Licenses::license(license).filter(|deed| deed.class == LicenseClass::Node && !deed.banned)?;
        let node = deed.link?.node;
        let available = T::Availability::byte(search.bytes_of, license)? >= search.threshold?;
        if !available || T::NodeRegistry::is_barred(license) || !T::NodeRegistry::has_room(license, &wanted.need) {
            return None;
        }
        if T::Oracles::is_bound(license) {
            return None;
        }
        let owner = T::Kyc::standing(&T::Licenses::owner(license)?, search.epoch).ok()?;
        let declared = T::NodeRegistry::offer(license, &node, search.opened)?;
        if !is_met(wanted, license, &owner, &declared) {
            return None;
        }
        // ADR 0020: a node must not be assigned what it cannot take. That there is room now does not tell of which class
        // the GPUs are now.
        if wanted.gpu.is_some()
            && !T::NodeRegistry::offer(license, &node, search.now).is_some_and(|now| has_gpu(wanted, &now))
        {
            return None;
        }
        Some(owner.entity)
    }

    /// The licenses that are offered, or serve, slots of the client, and their entities if those must differ: one pass over
    /// its slots.
    pub(crate) fn own(search: &Search) -> Own {
        let licenses = T::Market::serving(search.client, search.wanted.slots);
        let entity_of = |license| {
            let owner = T::Licenses::owner(license)?;
            // None while the owner is not in good standing.
            T::Kyc::standing(&owner, search.epoch).ok().map(|attestation| attestation.entity)
        };
        let entities = match search.wanted.same_entity {
            true => Vec::new(),
            false => licenses.iter().copied().filter_map(entity_of).collect(),
        };
        Own { licenses, entities }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{
        jobs::{Gpu, Selectors, Tier},
        kyc::{Country, EntityKind},
        JobId,
    };

    fn wanted(gpu: Option<Gpu>) -> Wanted {
        let need = Capacity { gpus: u32::from(gpu.is_some()), ..Tier::Entry.capacity() };
        Wanted { selectors: Selectors::default(), need, gpu, same_entity: false, slots: 2, tried: vec![] }
    }

    fn owner() -> Attestation {
        let (kind, country) = (EntityKind::Individual, Country(*b"DE"));
        Attestation { entity: [1; 32], kind, country, expires: EpochIndex(9) }
    }

    fn profile(gpu: Option<Gpu>) -> NodeProfile {
        let capacity = Capacity { gpus: u32::from(gpu.is_some()), ..Tier::Entry.capacity() };
        NodeProfile { capacity, gpu, tags: Default::default() }
    }

    fn meets(wanted: &Wanted, profile: &NodeProfile) -> bool {
        is_met(wanted, LicenseId(4), &owner(), profile)
    }

    fn search(same_entity: bool) -> Search {
        Search {
            draw: 0,
            client: Client::Job(JobId(0)),
            wanted: Wanted { same_entity, ..wanted(None) },
            opened: 1,
            now: 9,
            epoch: EpochIndex(3),
            bytes_of: EpochIndex(2),
            threshold: Some(250),
            own: None,
        }
    }

    #[test]
    fn profile_meets_a_request_when_its_gpu_is_at_least_the_class_asked_for() {
        for has in Gpu::ALL {
            assert!(meets(&wanted(None), &profile(Some(has))));
            for asked in Gpu::ALL {
                assert_eq!(meets(&wanted(Some(asked)), &profile(Some(has))), has >= asked, "{asked:?} {has:?}");
            }
        }
        assert!(meets(&wanted(None), &profile(None)));
        assert!(!meets(&wanted(Some(Gpu::Entry)), &profile(None)));
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
            assert!(meets(&wanted(Some(Gpu::High)), &small));
            shrink(&mut small.capacity);
            assert!(!meets(&wanted(Some(Gpu::High)), &small));
        }
    }

    #[test]
    fn profile_misses_a_request_when_the_owner_or_a_tag_is_not_what_is_selected() {
        let with = |change: fn(&mut Selectors)| {
            let mut wanted = wanted(None);
            change(&mut wanted.selectors);
            meets(&wanted, &profile(None))
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
            client: Client::Job(JobId(0)),
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
        search.wanted.selectors.include = [7, 70, 700].map(LicenseId).to_vec().try_into().unwrap();
        assert_eq!(found(&search), [7, 70, 700]);
        search.wanted.tried = vec![LicenseId(70)];
        assert_eq!(found(&search), [7, 700]);
        search.own = Some(Own { licenses: vec![LicenseId(7)], entities: vec![] });
        assert_eq!(found(&search), [700]);
    }
}
