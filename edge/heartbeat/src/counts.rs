//! What an oracle counted in one epoch: a bitmap of slots for each license and each service, and one for itself.

use ratio1_primitives::{
    ballot::beats_root, clock::availability_byte, jobs::MAX_SERVICES, traits::PageMask, EpochIndex, EpochParams, Hash,
    LicenseId, PAGE_SIZE,
};
use std::collections::BTreeSet;

/// One bit per slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bitmap(Box<[u8]>);

impl Bitmap {
    /// All clear.
    pub fn new(bits: u32) -> Self {
        Self(vec![0; bits.div_ceil(8) as usize].into_boxed_slice())
    }

    /// From bytes of exactly the length that `bits` need, with no bit set past the end.
    pub fn from_bytes(bytes: Vec<u8>, bits: u32) -> Option<Self> {
        let unused = bits.wrapping_neg() & 7;
        let clean = bytes.last().is_none_or(|last| last.leading_zeros() >= unused);
        (bytes.len() == bits.div_ceil(8) as usize && clean).then(|| Self(bytes.into_boxed_slice()))
    }

    /// Whether bit `index` is set; past the end it is not.
    pub fn get(&self, index: u32) -> bool {
        self.0.get(index as usize / 8).is_some_and(|byte| byte & (1 << (index % 8)) != 0)
    }

    /// Set bit `index`; whether that changed anything.
    pub fn set(&mut self, index: u32) -> bool {
        let bit = 1 << (index % 8);
        match self.0.get_mut(index as usize / 8) {
            Some(byte) if *byte & bit == 0 => {
                *byte |= bit;
                true
            }
            _ => false,
        }
    }

    /// Clear bit `index`; whether that changed anything.
    pub fn clear(&mut self, index: u32) -> bool {
        let bit = 1 << (index % 8);
        match self.0.get_mut(index as usize / 8) {
            Some(byte) if *byte & bit != 0 => {
                *byte &= !bit;
                true
            }
            _ => false,
        }
    }

    /// Bits set.
    pub fn count(&self) -> u32 {
        self.0.iter().map(|byte| byte.count_ones()).sum()
    }

    /// Bits set below `end`.
    pub fn count_below(&self, end: u32) -> u32 {
        let whole: u32 = self.0.iter().take(end as usize / 8).map(|byte| byte.count_ones()).sum();
        let rest = self.0.get(end as usize / 8).map_or(0, |byte| (byte & !(u8::MAX << (end % 8))).count_ones());
        whole.saturating_add(rest)
    }

    /// The bytes: bit `n` is bit `n % 8` of byte `n / 8`.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

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
        self.maps.get(index as usize).and_then(Option::as_ref)
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
        let (place, bits) = (index as usize, self.slots);
        if self.maps.len() <= place {
            self.maps.resize(place.saturating_add(1), None);
        }
        self.maps.get_mut(place).is_some_and(|slots| slots.get_or_insert_with(|| Bitmap::new(bits)).set(slot))
    }

    fn clear(&mut self, index: u32, slot: u32) {
        let map = self.maps.get_mut(index as usize).and_then(Option::as_mut);
        if map.is_some_and(|slots| slots.clear(slot)) {
            self.dirty.insert((slot, index / PAGE_SIZE));
        }
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
/// run, and nothing else that grows.
#[derive(Clone, Debug)]
pub struct EpochCounts {
    epoch: EpochIndex,
    params: EpochParams,
    licenses: Marks,
    services: Marks,
    coverage: Bitmap,
    head_dirty: bool,
}

impl EpochCounts {
    /// Nothing counted yet.
    pub fn new(epoch: EpochIndex, params: EpochParams) -> Self {
        let slots = params.slots;
        let (licenses, services, coverage) = (Marks::new(slots), Marks::new(slots), Bitmap::new(slots));
        Self { epoch, params, licenses, services, coverage, head_dirty: true }
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

    /// The availability byte of each of the first `licenses` licenses, with the epoch's frozen `M`.
    pub fn bytes(&self, licenses: u32, expected: u32) -> Vec<u8> {
        (0..licenses).map(|id| availability_byte(self.accepted(LicenseId(id)), expected)).collect()
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

    /// The root that binds a ballot to the beats behind it, over the first `licenses` licenses. Services are no part of
    /// it: which of them ran is seen in the beats themselves, if an oracle is ever asked for one.
    pub fn beats_root(&self, licenses: u32) -> Hash {
        let counted = self.licenses.maps.iter().take(licenses as usize).zip(0u32..);
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

    /// Coverage as an availability byte, with the epoch's frozen `M`.
    pub fn coverage_byte(&self, expected: u32) -> u8 {
        availability_byte(self.coverage.count(), expected)
    }

    /// Whether nothing at all was received. No service is counted without its license.
    pub fn is_empty(&self) -> bool {
        self.coverage.count() == 0 && self.licenses.maps.iter().flatten().all(|slots| slots.count() == 0)
    }

    /// Take on parameters that turn out to be the epoch's. Other slots than assumed: what was counted means nothing.
    pub fn set_params(&mut self, params: EpochParams) {
        if params.beat_ms != self.params.beat_ms || params.slots != self.params.slots {
            *self = Self::new(self.epoch, params);
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

    /// What changed since the last call.
    pub fn take_dirty(&mut self) -> Dirty {
        Dirty {
            head: std::mem::take(&mut self.head_dirty),
            licenses: std::mem::take(&mut self.licenses.dirty),
            services: std::mem::take(&mut self.services.dirty),
        }
    }

    /// Give back what [`Self::take_dirty`] took, after a failure to write it.
    pub fn put_back_dirty(&mut self, dirty: Dirty) {
        self.head_dirty |= dirty.head;
        self.licenses.dirty.extend(dirty.licenses);
        self.services.dirty.extend(dirty.services);
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
        assert_eq!(counts.bytes(4, 112), [0, 127, 255, 0]);
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
    fn bitmaps_with_bits_past_the_end_are_refused() {
        assert!(Bitmap::from_bytes(vec![0xff, 0x0f], 12).is_some());
        assert!(Bitmap::from_bytes(vec![0xff, 0x1f], 12).is_none());
        assert!(Bitmap::from_bytes(vec![0xff], 12).is_none());
        assert!(Bitmap::from_bytes(vec![0xff], 8).is_some());
    }

    #[test]
    fn bits_below_an_end_are_counted() {
        let mut bits = Bitmap::new(20);
        [0, 7, 8, 19].iter().for_each(|bit| assert!(bits.set(*bit)));
        assert_eq!([0, 1, 7, 8, 9, 19, 20, 99].map(|end| bits.count_below(end)), [0, 1, 1, 2, 3, 3, 4, 4]);
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
            proptest::prop_assert_eq!(counts.bytes(3000, 112), again.bytes(3000, 112));
            proptest::prop_assert_eq!(counts.beats_root(3000), again.beats_root(3000));
        }
    }
}
