//! From availability to credits: one page of a finalised epoch.

use crate::*;
use frame_support::weights::Weight;
use ratio1_primitives::{
    economics::{CREDITS_PER_EPOCH, GENESIS_EPOCHS, NODE_EPOCHS},
    traits::{LicenseInspect, OnEpochFinalised},
    EpochIndex, LicenseId, PAGE_SIZE,
};

/// The most byte credits `license` can collect. The Genesis deed is always the first; a Master deed, whose credits earn
/// nothing, has a Node Deed's maximum, so that no class has to be looked up to close an epoch.
pub const fn max_credits(license: LicenseId) -> u32 {
    match license.0 {
        0 => GENESIS_EPOCHS * CREDITS_PER_EPOCH,
        _ => NODE_EPOCHS * CREDITS_PER_EPOCH,
    }
}

impl<T: Config> Pallet<T> {
    pub(crate) fn credits_of(license: LicenseId) -> u32 {
        Credits::<T>::get(license.page()).get(license.offset() as usize).copied().unwrap_or(0)
    }
}

impl<T: Config> OnEpochFinalised for Pallet<T> {
    fn on_page(epoch: EpochIndex, page: u32, bytes: &[u8]) {
        // What is unknown pays nothing. It can not be unknown here: links of an epoch are kept until it is closed, and
        // it is closed only after its last page.
        let linked = T::Licenses::linked(page, epoch).unwrap_or_default();
        let first = page.saturating_mul(PAGE_SIZE);
        let issued = T::Licenses::count().saturating_sub(first).min(PAGE_SIZE);
        let earned = (0..issued).zip(bytes.iter().copied()).map(|(offset, byte)| match linked.get(offset) {
            true => u32::from(byte),
            false => 0,
        });
        // A page without earnings is not written, and grows no further than its last earning license.
        let Some(last) = earned.clone().rposition(|byte| byte > 0) else { return };
        let mut credits = Credits::<T>::get(page);
        let length = last.saturating_add(1);
        if credits.len() < length {
            credits.bounded_resize(length, 0);
        }
        for ((license, credit), byte) in (first..).map(LicenseId).zip(credits.iter_mut()).zip(earned) {
            *credit = credit.saturating_add(byte).min(max_credits(license));
        }
        Credits::<T>::insert(page, credits);
    }

    fn page_weight() -> Weight {
        T::WeightInfo::on_page()
    }
}
