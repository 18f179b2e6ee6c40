//! A second opinion on credits, from events and finalised bytes alone: a byte counts for a license exactly if it was
//! linked when the epoch was frozen.

use ratio1_primitives::{
    ballot::Phase,
    economics::{CREDITS_PER_EPOCH, GENESIS_EPOCHS, NODE_EPOCHS},
    traits::LicenseInspect,
    EpochIndex, LicenseId,
};
use ratio1_runtime::{AccountId, Availability, Licenses, Rewards, RuntimeEvent};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Model {
    linked: BTreeSet<LicenseId>,
    frozen: BTreeMap<EpochIndex, BTreeSet<LicenseId>>,
    credits: BTreeMap<LicenseId, u32>,
}

impl Model {
    /// With the links that there are.
    pub fn new() -> Self {
        let linked = all().filter(|id| Licenses::license(*id).is_some_and(|deed| deed.link.is_some())).collect();
        Self { linked, ..Self::default() }
    }

    /// Follow what happened, in its order.
    pub fn observe(&mut self, events: &[RuntimeEvent]) {
        use pallet_availability::Event as Epochs;
        use pallet_licenses::Event as Deeds;
        for event in events {
            match event {
                RuntimeEvent::Licenses(Deeds::Linked { license, .. }) => {
                    self.linked.insert(*license);
                }
                RuntimeEvent::Licenses(Deeds::Unlinked { license, .. }) => {
                    self.linked.remove(license);
                }
                RuntimeEvent::Availability(Epochs::EpochFrozen { epoch, .. }) => {
                    self.frozen.insert(*epoch, self.linked.clone());
                }
                RuntimeEvent::Availability(Epochs::EpochFinalised { epoch, .. }) => self.credit(*epoch),
                _ => (),
            }
        }
    }

    fn credit(&mut self, epoch: EpochIndex) {
        for license in self.frozen.remove(&epoch).expect("what is finalised was frozen once") {
            let most = if license.0 == 0 { GENESIS_EPOCHS } else { NODE_EPOCHS } * CREDITS_PER_EPOCH;
            let byte = Availability::finalised_byte(epoch, license).unwrap_or(0);
            let credits = self.credits.entry(license).or_default();
            *credits = (*credits + u32::from(byte)).min(most);
        }
    }

    /// That the chain agrees, unless it is in the middle of a count.
    pub fn check(&self) {
        if Availability::rounds().iter().any(|round| round.phase == Phase::Settling) {
            return;
        }
        for license in all() {
            let expected = self.credits.get(&license).copied().unwrap_or(0);
            assert_eq!(Rewards::credits(license), expected, "credits of {license:?}");
        }
    }
}

fn all() -> impl Iterator<Item = LicenseId> {
    (0..<Licenses as LicenseInspect<AccountId>>::count()).map(LicenseId)
}
