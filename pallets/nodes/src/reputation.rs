//! How reputations move.

use crate::{pallet::*, WeightInfo};
use frame_support::{defensive, weights::Weight};
use ratio1_primitives::{
    jobs::{Outcome, Reputation},
    traits::{AvailabilityProvider, LicenseInspect},
    width::as_usize,
    EpochIndex, LicenseId, PAGE_SIZE,
};

impl<T: Config> Pallet<T> {
    pub(crate) fn reputation_of(license: LicenseId) -> Reputation {
        Reputations::<T>::get(license.page()).get(as_usize(license.offset())).copied().unwrap_or_default()
    }

    /// Move the reputation of one license.
    pub(crate) fn move_reputation(license: LicenseId, outcome: Outcome) {
        if T::Licenses::count() <= license.0 {
            defensive!("no such license has a reputation", license);
            return;
        }
        let reputation = Self::reputation_of(license).after(outcome);
        let offset = as_usize(license.offset());
        Reputations::<T>::mutate(license.page(), |page| {
            if page.len() <= offset {
                page.bounded_resize(offset.saturating_add(1), Reputation::default());
            }
            if let Some(stored) = page.get_mut(offset) {
                *stored = reputation;
            }
        });
        // What every epoch does to everybody is to be read from its bytes.
        if !matches!(outcome, Outcome::Available | Outcome::Unavailable) {
            Self::deposit_event(Event::ReputationMoved { license, outcome, reputation });
        }
    }

    /// Page `page` of the licenses' bytes in `epoch` is final: it moves the reputations of those that were linked when
    /// the epoch ended. To be called once for each epoch and page, in whatever order epochs are closed; for
    /// [`OnEpochEnd::on_page`](ratio1_primitives::traits::OnEpochEnd::on_page). Bytes past the page are ignored.
    pub fn on_page(epoch: EpochIndex, page: u32, bytes: &[u8]) {
        // What is unknown moves nothing. It cannot be unknown here: both are kept until the epoch is closed, and it is
        // closed only after its last page.
        let Some(threshold) = T::Availability::threshold(epoch) else { return };
        let Some(linked) = T::Licenses::linked(page, epoch) else { return };
        let issued = T::Licenses::count().saturating_sub(page.saturating_mul(PAGE_SIZE)).min(PAGE_SIZE);
        let judged = (0..issued).zip(bytes.iter().copied()).filter(|(offset, _)| linked.get(*offset));
        // A page grows no further than its last linked license.
        let Some((last, _)) = judged.clone().next_back() else { return };
        let mut reputations = Reputations::<T>::get(page);
        let length = as_usize(last).saturating_add(1);
        if reputations.len() < length {
            reputations.bounded_resize(length, Reputation::default());
        }
        for (offset, byte) in judged {
            let outcome = if byte >= threshold { Outcome::Available } else { Outcome::Unavailable };
            if let Some(reputation) = reputations.get_mut(as_usize(offset)) {
                *reputation = reputation.after(outcome);
            }
        }
        Reputations::<T>::insert(page, reputations);
    }

    /// The most that [`Pallet::on_page`] costs for this page.
    pub fn page_weight(_page: u32) -> Weight {
        T::WeightInfo::on_page()
    }
}
