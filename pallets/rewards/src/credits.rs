//! From availability to credits: one page of a finalised epoch.

use crate::*;
use frame_support::weights::Weight;
use ratio1_primitives::{
    economics::{self, CREDITS_PER_EPOCH, GENESIS_EPOCHS, NODE_EPOCHS},
    traits::{LicenseInspect, PageMask},
    width::as_usize,
    Balance, EpochIndex, Grant, LicenseClass, LicenseId, PAGE_SIZE,
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
        Credits::<T>::get(license.page()).get(as_usize(license.offset())).copied().unwrap_or(0)
    }

    /// Page `page` of the licenses' bytes in `epoch` is final. To be called once for each epoch and page, in whatever
    /// order epochs are closed; for [`OnEpochEnd::on_page`](ratio1_primitives::traits::OnEpochEnd::on_page).
    pub fn on_page(epoch: EpochIndex, page: u32, bytes: &[u8]) {
        // What is unknown pays nothing. It cannot be unknown here: links of an epoch are kept until it is closed, and
        // it is closed only after its last page.
        let linked = T::Licenses::linked(page, epoch).unwrap_or_default();
        let masters = T::Licenses::masters(page);
        Self::earn_masters(epoch, &masters, bytes, &linked);
        Self::credit(page, &masters, bytes, &linked);
    }

    /// The most that [`Pallet::on_page`] costs for this page, as it is now.
    pub fn page_weight(page: u32) -> Weight {
        T::WeightInfo::on_page(T::Licenses::master_count(page))
    }

    /// Add the page's bytes to its credits, and what they are worth to what the classes have earned.
    fn credit(page: u32, masters: &[(LicenseId, Grant)], bytes: &[u8], linked: &PageMask) {
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
        let mut is_master = PageMask::default();
        for (id, _) in masters {
            is_master.set(id.offset(), true);
        }
        let (mut genesis, mut node): (Balance, Balance) = (0, 0);
        for ((license, credit), byte) in (first..).map(LicenseId).zip(credits.iter_mut()).zip(earned) {
            let before = *credit;
            *credit = before.saturating_add(byte).min(max_credits(license));
            let (class, sum) = match license.0 {
                0 => (LicenseClass::Genesis, &mut genesis),
                _ if is_master.get(license.offset()) => continue,
                _ => (LicenseClass::Node, &mut node),
            };
            *sum = sum.saturating_add(economics::payable(class, before, *credit));
        }
        // ADR 0004: one item for 1024 licenses.
        Credits::<T>::insert(page, credits);
        Self::note_earned(LicenseClass::Genesis, genesis);
        Self::note_earned(LicenseClass::Node, node);
    }

    /// Licenses of `class` have earned `amount` more.
    pub(crate) fn note_earned(class: LicenseClass, amount: Balance) {
        if amount > 0 {
            Earned::<T>::mutate(class, |sum| *sum = sum.saturating_add(amount));
        }
    }
}
