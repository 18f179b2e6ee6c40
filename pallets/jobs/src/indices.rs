//! Indices of services: their places in the service pages of ballots.

use crate::{
    pallet::*,
    types::{Inconsistency, Service},
};
use alloc::vec::Vec;
use frame_support::ensure;
use ratio1_primitives::{
    jobs::{ServiceTerm, MAX_SERVICES},
    pages,
    traits::ServiceInspect,
    AccountId, PAGE_SIZE,
};

/// The page of an index.
pub(crate) fn page_of(index: u32) -> u32 {
    index.checked_div(PAGE_SIZE).unwrap_or(0)
}

/// What oracles need to know of a service. Its end is told once it has left: until then it can be postponed.
fn term(index: u32, service: Service<AccountId>) -> ServiceTerm {
    let Service { slot, license, expected, left, .. } = service;
    ServiceTerm { index, slot, license, from: expected, until: left.map(|left| left.at) }
}

impl<T: Config> Pallet<T> {
    /// Whether an index is free.
    pub(crate) fn has_index() -> bool {
        SpareCount::<T>::get() > 0 || Indices::<T>::get() < MAX_SERVICES
    }

    /// Take an index: one used before if there is, so that ballots stay short.
    pub(crate) fn take_index() -> Result<u32, Error<T>> {
        if let Some(top) = SpareCount::<T>::get().checked_sub(1) {
            let index = Spare::<T>::take(top).ok_or(Error::<T>::Corrupted(Inconsistency::NoSpareIndex))?;
            SpareCount::<T>::put(top);
            return Ok(index);
        }
        let index = Indices::<T>::get();
        ensure!(index < MAX_SERVICES, Error::<T>::NoIndex);
        Indices::<T>::put(index.saturating_add(1));
        Ok(index)
    }

    /// Give an index back. All epochs in which its service ran must be closed.
    pub(crate) fn free_index(index: u32) {
        // ADR 0021: whenever an oracle reads the list, it reads the same of an epoch that is open.
        let count = SpareCount::<T>::get();
        Spare::<T>::insert(count, index);
        SpareCount::<T>::put(count.saturating_add(1));
    }

    /// Let whoever remembers the page of `index` read it again.
    pub(crate) fn touch(index: u32) {
        Revisions::<T>::mutate(page_of(index), |revision| *revision = revision.wrapping_add(1));
    }

    /// The services of one page, in order of their indices: all that ran in an epoch that is not closed.
    pub fn services_page(page: u32) -> Vec<ServiceTerm> {
        let first = page.saturating_mul(PAGE_SIZE);
        let end = first.saturating_add(PAGE_SIZE).min(Indices::<T>::get());
        (first..end).filter_map(|index| Services::<T>::get(index).map(|service| term(index, service))).collect()
    }

    /// For every page of services a number that changes whenever a service in it begins, ends or is forgotten.
    pub fn revisions() -> Vec<u32> {
        (0..pages(Indices::<T>::get())).map(Revisions::<T>::get).collect()
    }
}

impl<T: Config> ServiceInspect for Pallet<T> {
    fn services() -> u32 {
        Indices::<T>::get()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::ServiceEnd;
    use ratio1_primitives::{jobs::SlotRef, EpochIndex, JobId, LicenseId};

    fn service(left: Option<ServiceEnd>) -> Service<AccountId> {
        Service {
            slot: SlotRef { job: JobId(3), slot: 1 },
            license: LicenseId(7),
            payee: AccountId::new([1; 32]),
            block: 1,
            accepted: 1_000,
            expected: 16_000,
            first: EpochIndex(4),
            ends: EpochIndex(9),
            leaving: false,
            left,
            counts: true,
            recent: Default::default(),
            periods: Default::default(),
            released: 0,
        }
    }

    #[test]
    fn term_has_no_end_when_the_service_has_not_left() {
        let told = term(5, service(None));
        assert_eq!((told.index, told.license, told.from, told.until), (5, LicenseId(7), 16_000, None));
        let told = term(5, service(Some(ServiceEnd { at: 60_000, last: EpochIndex(4) })));
        assert_eq!(told.until, Some(60_000));
    }

    #[test]
    fn page_changes_when_1024_indices_are_full() {
        assert_eq!((page_of(0), page_of(1_023), page_of(1_024)), (0, 0, 1));
    }
}
