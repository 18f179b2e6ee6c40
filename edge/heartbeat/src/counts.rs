//! What an oracle counted in one epoch: a bitmap of slots for each license and each service, and one for itself.
//!
//! With it goes what the counts mean: whose node each license's are of, from when each service was known here, and what
//! was final while the epoch ran.
//!
//! Slots in which the chain made no blocks are counted like all others, since nobody knows of a gap while it lasts. They
//! are left out when the epoch's bytes are computed, from the gaps that the chain froze with it.

pub use crate::bitmap::Bitmap;
use crate::{
    finality::Seen,
    notes::{Notes, NotesPage},
};
use ratio1_primitives::{
    ballot::beats_root,
    clock::{availability_byte, Gaps},
    jobs::{ServiceTerm, MAX_SERVICES},
    traits::PageMask,
    width::as_usize,
    EpochIndex, EpochParams, Hash, LicenseId, NodeId, PAGE_SIZE,
};
use std::collections::BTreeSet;

/// Keys of records as they are stored: a slot, and a page of licenses or services.
pub type Records = BTreeSet<(u32, u32)>;

/// What changed since counts were last written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dirty {
    /// Whether parameters or coverage did.
    pub head: bool,
    /// Records of licenses.
    pub licenses: Records,
    /// Records of services.
    pub services: Records,
    /// Pages of notes.
    pub notes: BTreeSet<NotesPage>,
}

/// A bitmap of slots for each of many things with dense indices, and which of it is to be written.
#[derive(Clone, Debug)]
struct Marks {
    slots: u32,
    maps: Vec<Option<Bitmap>>,
    dirty: Records,
}

impl Marks {
    fn new(slots: u32) -> Self {
        Self { slots, maps: Vec::new(), dirty: Records::new() }
    }

    fn map(&self, index: u32) -> Option<&Bitmap> {
        self.maps.get(as_usize(index)).and_then(Option::as_ref)
    }

    fn get(&self, index: u32, slot: u32) -> bool {
        self.map(index).is_some_and(|slots| slots.get(slot))
    }

    /// Mark a slot; whether it was new.
    fn mark(&mut self, index: u32, slot: u32) -> bool {
        if slot >= self.slots {
            return false;
        }
        let new = self.restore(index, slot);
        if new {
            self.dirty.insert((slot, index / PAGE_SIZE));
        }
        new
    }

    /// Mark a slot that need not be written.
    fn restore(&mut self, index: u32, slot: u32) -> bool {
        let (place, bits) = (as_usize(index), self.slots);
        if self.maps.len() <= place {
            self.maps.resize(place.saturating_add(1), None);
        }
        self.maps.get_mut(place).is_some_and(|slots| slots.get_or_insert_with(|| Bitmap::new(bits)).set(slot))
    }

    fn clear(&mut self, index: u32, slot: u32) {
        let map = self.maps.get_mut(as_usize(index)).and_then(Option::as_mut);
        if map.is_some_and(|slots| slots.clear(slot)) {
            self.dirty.insert((slot, index / PAGE_SIZE));
        }
    }

    /// Clear all slots; whether any was marked.
    fn clear_all(&mut self, index: u32) -> bool {
        let Some(map) = self.maps.get_mut(as_usize(index)).and_then(Option::take) else { return false };
        self.dirty.extend(map.iter().map(|slot| (slot, index / PAGE_SIZE)));
        map.count() > 0
    }

    fn mask(&self, slot: u32, page: u32) -> PageMask {
        let mut mask = PageMask::default();
        let first = page.saturating_mul(PAGE_SIZE);
        for offset in 0..PAGE_SIZE {
            mask.set(offset, self.get(first.saturating_add(offset), slot));
        }
        mask
    }

    fn restore_mask(&mut self, slot: u32, page: u32, mask: &PageMask) {
        let first = page.saturating_mul(PAGE_SIZE);
        for offset in (0..PAGE_SIZE).filter(|offset| mask.get(*offset)) {
            self.restore(first.saturating_add(offset), slot);
        }
    }
}

/// The counts of one epoch. Memory: one bitmap for each license that beat and for each service that was reported to
/// run, a note for each license and service that the chain knows, and nothing else that grows.
#[derive(Clone, Debug)]
pub struct EpochCounts {
    epoch: EpochIndex,
    params: EpochParams,
    licenses: Marks,
    services: Marks,
    coverage: Bitmap,
    notes: Notes,
    seen: Option<Seen>,
    head_dirty: bool,
}

impl EpochCounts {
    /// Nothing counted yet.
    pub fn new(epoch: EpochIndex, params: EpochParams) -> Self {
        let slots = params.slots;
        let (licenses, services, coverage) = (Marks::new(slots), Marks::new(slots), Bitmap::new(slots));
        let (notes, seen) = Default::default();
        Self { epoch, params, licenses, services, coverage, notes, seen, head_dirty: true }
    }

    /// From what was kept of it.
    pub fn restored(epoch: EpochIndex, params: EpochParams, coverage: Bitmap) -> Self {
        Self { coverage, head_dirty: false, ..Self::new(epoch, params) }
    }

    /// Which epoch.
    pub fn epoch(&self) -> EpochIndex {
        self.epoch
    }

    /// The parameters its slots are measured by.
    pub fn params(&self) -> &EpochParams {
        &self.params
    }

    /// Whether the slot of the license is counted.
    pub fn is_counted(&self, license: LicenseId, slot: u32) -> bool {
        self.licenses.get(license.0, slot)
    }

    /// Count a slot of a license that the chain admits (which bounds memory); whether it was new.
    pub fn count(&mut self, license: LicenseId, slot: u32) -> bool {
        self.licenses.mark(license.0, slot)
    }

    /// Slots counted for a license: `|H|`.
    pub fn accepted(&self, license: LicenseId) -> u32 {
        self.licenses.map(license.0).map_or(0, Bitmap::count)
    }

    /// Whether any of the slots `from..to` of a license is counted.
    pub fn any_counted(&self, license: LicenseId, from: u32, to: u32) -> bool {
        self.licenses.map(license.0).is_some_and(|slots| slots.count_within(from, to) > 0)
    }

    /// Beats of this license are of this node from now on. What was counted for another one is taken back: a byte is for
    /// the node that the license is linked to. Whether anything was.
    pub fn assign(&mut self, license: LicenseId, node: NodeId) -> bool {
        self.notes.assign(license, node) && self.licenses.clear_all(license.0)
    }

    /// Whose beats are counted for a license.
    pub fn node(&self, license: LicenseId) -> Option<NodeId> {
        self.notes.node(license)
    }

    /// The availability byte of each of the first `licenses` licenses, with the epoch's frozen gaps and `M`, which is
    /// already less by them.
    pub fn bytes(&self, licenses: u32, expected: u32, gaps: &Gaps) -> Vec<u8> {
        // ADR 0023: slots in which the chain made no blocks are no part of the epoch.
        let all = self.params.slots;
        let counted = |id| self.licenses.map(id).map_or(0, |slots| slots.count_outside(0, all, gaps));
        (0..licenses).map(|id| availability_byte(counted(id), expected)).collect()
    }

    /// A service is known here, and expected to be reported from `expected` on (Unix milliseconds). What was noted first
    /// stands.
    pub fn know(&mut self, term: &ServiceTerm, expected: u64) {
        self.notes.know(term, expected);
    }

    /// From when a service is expected to be reported; `None` if it was not known here while the epoch ran.
    pub fn known(&self, term: &ServiceTerm) -> Option<u64> {
        self.notes.known(term)
    }

    /// A finalised block was learned of while the epoch ran.
    pub fn see(&mut self, seen: Seen) {
        if self.seen != Some(seen) {
            self.seen = Some(seen);
            self.head_dirty = true;
        }
    }

    /// The last finalised block that was learned of while the epoch ran.
    pub fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// Count a slot in which the service with this index, one that the chain knows, was reported to run.
    pub fn count_service(&mut self, index: u32, slot: u32) {
        if index < MAX_SERVICES {
            self.services.mark(index, slot);
        }
    }

    /// Take back what was counted for a slot of a service.
    pub fn clear_service(&mut self, index: u32, slot: u32) {
        self.services.clear(index, slot);
    }

    /// In which slots a service ran; `None` if in none.
    pub fn service(&self, index: u32) -> Option<&Bitmap> {
        self.services.map(index)
    }

    /// The root that binds a ballot to the beats behind it, over the first `licenses` licenses, slots in gaps included:
    /// whoever checks a byte against a leaf knows the gaps. Services are no part of
    /// it: which of them ran is seen in the beats themselves, if an oracle is ever asked for one.
    pub fn beats_root(&self, licenses: u32) -> Hash {
        let counted = self.licenses.maps.iter().take(as_usize(licenses)).zip(0u32..);
        beats_root(counted.filter_map(|(slots, id)| {
            let slots = slots.as_ref().filter(|s| s.count() > 0)?;
            Some((LicenseId(id), slots.as_bytes().to_vec()))
        }))
    }

    /// Note that the oracle was receiving in `slot`.
    pub fn cover(&mut self, slot: u32) {
        if slot < self.params.slots && self.coverage.set(slot) {
            self.head_dirty = true;
        }
    }

    /// In which slots the oracle was receiving.
    pub fn coverage(&self) -> &Bitmap {
        &self.coverage
    }

    /// Coverage as an availability byte, with the epoch's frozen gaps and `M`, which is already less by them.
    pub fn coverage_byte(&self, expected: u32, gaps: &Gaps) -> u8 {
        availability_byte(self.coverage.count_outside(0, self.params.slots, gaps), expected)
    }

    /// Whether nothing at all was received. No service is counted without its license.
    pub fn is_empty(&self) -> bool {
        self.coverage.count() == 0 && self.licenses.maps.iter().flatten().all(|slots| slots.count() == 0)
    }

    /// Take on parameters that turn out to be the epoch's. Other slots than assumed: what was counted means nothing.
    pub fn set_params(&mut self, params: EpochParams) {
        if params.beat_ms != self.params.beat_ms || params.slots != self.params.slots {
            let (notes, seen) = (std::mem::take(&mut self.notes), self.seen);
            *self = Self { notes, seen, ..Self::new(self.epoch, params) };
        } else if params != self.params {
            self.params = params;
            self.head_dirty = true;
        }
    }

    /// Which licenses of `page` are counted in `slot`: the form in which counts are stored, since beats arrive slot by
    /// slot and so a second's worth of them touches few records.
    pub fn mask(&self, slot: u32, page: u32) -> PageMask {
        self.licenses.mask(slot, page)
    }

    /// Put back what [`Self::mask`] gave.
    pub fn restore_mask(&mut self, slot: u32, page: u32, mask: &PageMask) {
        self.licenses.restore_mask(slot, page, mask);
    }

    /// Which services of `page` ran in `slot`.
    pub fn service_mask(&self, slot: u32, page: u32) -> PageMask {
        self.services.mask(slot, page)
    }

    /// Put back what [`Self::service_mask`] gave.
    pub fn restore_service_mask(&mut self, slot: u32, page: u32, mask: &PageMask) {
        self.services.restore_mask(slot, page, mask);
    }

    /// A page of notes as it is stored.
    pub fn notes(&self, page: NotesPage) -> Vec<u8> {
        self.notes.encoded(page)
    }

    /// Put back what [`Self::notes`] gave. `None` if it is damaged.
    pub fn restore_notes(&mut self, page: NotesPage, bytes: &[u8]) -> Option<()> {
        self.notes.restore(page, bytes)
    }

    /// What changed since the last call.
    pub fn take_dirty(&mut self) -> Dirty {
        Dirty {
            head: std::mem::take(&mut self.head_dirty),
            licenses: std::mem::take(&mut self.licenses.dirty),
            services: std::mem::take(&mut self.services.dirty),
            notes: self.notes.take_dirty(),
        }
    }

    /// Give back what [`Self::take_dirty`] took, after a failure to write it.
    pub fn put_back_dirty(&mut self, dirty: Dirty) {
        self.head_dirty |= dirty.head;
        self.licenses.dirty.extend(dirty.licenses);
        self.services.dirty.extend(dirty.services);
        self.notes.put_back_dirty(dirty.notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARAMS: EpochParams =
        EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };

    #[test]
    fn each_slot_counts_once() {
        let mut counts = EpochCounts::new(EpochIndex(3), PARAMS);
        assert!(counts.count(LicenseId(2_000), 5));
        assert!(!counts.count(LicenseId(2_000), 5));
        assert!(!counts.count(LicenseId(2_000), 120));
        assert_eq!(counts.accepted(LicenseId(2_000)), 1);
        assert_eq!(counts.accepted(LicenseId(1)), 0);
        assert_eq!(counts.accepted(LicenseId(9_999)), 0);
    }

    #[test]
    fn half_the_beats_are_half_the_byte() {
        let mut counts = EpochCounts::new(EpochIndex(3), PARAMS);
        (0..56).for_each(|slot| assert!(counts.count(LicenseId(1), slot)));
        (0..120).for_each(|slot| assert!(counts.count(LicenseId(2), slot)));
        assert_eq!(counts.bytes(4, 112, &Gaps::default()), [0, 127, 255, 0]);
    }

    /// A gap of 40 slots, in which one license beat on and another could not.
    #[test]
    fn bytes_and_coverage_leave_out_slots_without_blocks() {
        let mut counts = EpochCounts::new(EpochIndex(3), PARAMS);
        for slot in 0..120 {
            assert!(counts.count(LicenseId(1), slot));
            if !(50..90).contains(&slot) {
                assert!(counts.count(LicenseId(2), slot));
                counts.cover(slot);
            }
            if (50..90).contains(&slot) {
                assert!(counts.count(LicenseId(3), slot));
            }
        }
        let mut gaps = Gaps::default();
        gaps.add(50, 90);
        assert_eq!(counts.bytes(4, 72, &gaps), [0, 255, 255, 0]);
        assert_eq!(counts.coverage_byte(72, &gaps), 255);
        assert_eq!(counts.coverage_byte(112, &Gaps::default()), 182, "what it would be without the gap");
    }

    #[test]
    fn beats_of_another_node_are_taken_back_when_a_license_changes_its_node() {
        let mut counts = EpochCounts::new(EpochIndex(3), PARAMS);
        let (old, new) = (NodeId([1; 32]), NodeId([2; 32]));
        assert!(!counts.assign(LicenseId(5), old));
        (0..108).for_each(|slot| assert!(counts.count(LicenseId(5), slot)));
        counts.count(LicenseId(6), 3);
        assert!(!counts.assign(LicenseId(5), old), "the same node");
        assert_eq!(counts.accepted(LicenseId(5)), 108);
        counts.take_dirty();
        assert!(counts.assign(LicenseId(5), new));
        assert_eq!((counts.accepted(LicenseId(5)), counts.accepted(LicenseId(6))), (0, 1));
        assert_eq!(counts.node(LicenseId(5)), Some(new));
        let dirty = counts.take_dirty();
        assert_eq!(
            (dirty.licenses.len(), dirty.notes),
            (108, [NotesPage::Nodes(0)].into()),
            "the disk must learn of it"
        );
        assert!(counts.count(LicenseId(5), 7), "what the old one sent stands in nobody's way");
    }

    #[test]
    fn root_covers_every_counted_slot() {
        let mut counts = EpochCounts::new(EpochIndex(3), PARAMS);
        let empty = counts.beats_root(10);
        counts.count(LicenseId(1), 7);
        let one = counts.beats_root(10);
        counts.count(LicenseId(1), 8);
        assert_ne!(empty, one);
        assert_ne!(one, counts.beats_root(10));
        assert_eq!(empty, counts.beats_root(1), "licenses the ballot does not cover are left out");
    }

    #[test]
    fn service_slots_are_counted_cleared_and_bounded() {
        let mut counts = EpochCounts::new(EpochIndex(3), PARAMS);
        for (index, slot) in [(1_500, 5), (1_500, 6), (1_500, 6), (1_500, 120), (MAX_SERVICES, 5)] {
            counts.count_service(index, slot);
        }
        counts.clear_service(1_500, 5);
        counts.clear_service(1_500, 7);
        counts.clear_service(9_999, 7);
        assert_eq!(counts.service(1_500).map(Bitmap::as_bytes), Some(&[&[64][..], &[0; 14]].concat()[..]));
        assert!(counts.service(1_499).is_none() && counts.service(MAX_SERVICES).is_none());
        let dirty = counts.take_dirty();
        assert_eq!(dirty.services, [(5, 1), (6, 1)].into(), "what was cleared is written too");
        assert!(dirty.licenses.is_empty());
        assert_eq!(counts.take_dirty(), Dirty::default());
        counts.put_back_dirty(dirty.clone());
        assert_eq!(counts.take_dirty(), dirty);
    }

    proptest::proptest! {
        #[test]
        fn masks_restore_what_was_counted(beats in proptest::collection::vec((0u32..3000, 0u32..120), 0..200)) {
            let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
            for (index, slot) in &beats {
                counts.count(LicenseId(*index), *slot);
                counts.count_service(index / 2, *slot);
                counts.clear_service(index / 3, *slot);
            }
            let mut again = EpochCounts::restored(EpochIndex(1), PARAMS, Bitmap::new(120));
            let dirty = counts.take_dirty();
            for (slot, page) in &dirty.licenses {
                again.restore_mask(*slot, *page, &counts.mask(*slot, *page));
            }
            for (slot, page) in &dirty.services {
                again.restore_service_mask(*slot, *page, &counts.service_mask(*slot, *page));
            }
            for index in 0..1500 {
                let ran = |counts: &EpochCounts| counts.service(index).map_or(0, Bitmap::count);
                proptest::prop_assert_eq!(ran(&counts), ran(&again));
            }
            let none = Gaps::default();
            proptest::prop_assert_eq!(counts.bytes(3000, 112, &none), again.bytes(3000, 112, &none));
            proptest::prop_assert_eq!(counts.beats_root(3000), again.beats_root(3000));
        }
    }
}
