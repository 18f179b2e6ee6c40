//! The slots of jobs by which a license is bound.

use frame_support::{parameter_types, weights::Weight};
use ratio1_primitives::{traits::JobSlots, LicenseId};
use std::collections::BTreeSet;

parameter_types! {
    /// Licenses with a slot.
    pub static Working: BTreeSet<LicenseId> = BTreeSet::new();
    /// Licenses whose slots moved because their nodes are absent, in this order.
    pub static Moved: Vec<LicenseId> = Vec::new();
    /// What a mock checks when a license is evicted.
    pub static OnEvict: fn(LicenseId) = |_| ();
    /// What evicting a license costs.
    pub static EvictWeight: Weight = Weight::zero();
    /// What moving the slots of an absent node costs.
    pub static AbsentWeight: Weight = Weight::zero();
}

pub(crate) fn reset() {
    Working::set(BTreeSet::new());
    Moved::set(Vec::new());
    OnEvict::set(|_| ());
    EvictWeight::set(Weight::zero());
    AbsentWeight::set(Weight::zero());
}

/// One slot for each license in [`Working`].
pub struct Slots;

impl JobSlots for Slots {
    fn slots(license: LicenseId) -> u32 {
        u32::from(Working::get().contains(&license))
    }
    fn evict(license: LicenseId) {
        OnEvict::get()(license);
        Working::mutate(|working| working.remove(&license));
    }
    fn evict_weight() -> Weight {
        EvictWeight::get()
    }
    fn absent(license: LicenseId) {
        Moved::mutate(|moved| moved.push(license));
        Working::mutate(|working| working.remove(&license));
    }
    fn absent_weight() -> Weight {
        AbsentWeight::get()
    }
}
