//! The invariants of the module page, checked on storage.

use crate::{
    declaring::{are_tags, has_matching_gpu},
    pallet::*,
    types::*,
};
use frame_support::ensure;
use ratio1_primitives::{
    jobs::{Capacity, NodeProfile, Reputation, BARRED_EPOCHS, MAX_SLOTS_PER_NODE},
    traits::{EpochInspect, LicenseInspect},
    width::as_u32,
    LicenseId, PAGE_SIZE,
};
use sp_runtime::TryRuntimeError;

type Check = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Check {
        for (license, declared) in Profiles::<T>::iter() {
            Self::check_declared(license, &declared)?;
        }
        for (license, reservation) in Reserved::<T>::iter() {
            Self::check_reservation(license, &reservation)?;
        }
        let latest = T::Epochs::current().plus(BARRED_EPOCHS).plus(1);
        ensure!(Barred::<T>::iter_values().all(|until| until <= latest), "a license is barred for too long");
        for (page, reputations) in Reputations::<T>::iter() {
            let end =
                u64::from(page).saturating_mul(PAGE_SIZE.into()).saturating_add(u64::from(as_u32(reputations.len())));
            ensure!(end <= T::Licenses::count().into(), "a reputation beyond the last license");
            ensure!(reputations.iter().all(|r| r.0 <= Reputation::MOST), "a reputation above the best");
        }
        Ok(())
    }

    fn check_declared(license: LicenseId, declared: &Declared) -> Check {
        ensure!(license.0 < T::Licenses::count(), "a declaration of no license");
        ensure!(Sequence::<T>::get(license) > 0, "a declaration without a number");
        ensure!(declared.epoch <= T::Epochs::current(), "a declaration in the future");
        Self::check_stored(&declared.profile)?;
        if let Some((profile, since)) = &declared.before {
            ensure!(*since < declared.since, "declarations out of order");
            Self::check_stored(profile)?;
        }
        Ok(())
    }

    fn check_stored(profile: &NodeProfile) -> Check {
        ensure!(Capacity::MOST.covers(&profile.capacity), "a declared capacity is out of bounds");
        ensure!(has_matching_gpu(profile), "GPUs without a class, or a class without GPUs");
        ensure!(are_tags(&profile.tags), "tags are malformed, unsorted or repeated");
        Ok(())
    }

    fn check_reservation(license: LicenseId, reservation: &Reservation) -> Check {
        let declared = Profiles::<T>::get(license).ok_or("a reservation of a license that declared nothing")?;
        ensure!(declared.profile.capacity.covers(&reservation.used), "more is reserved than is declared");
        ensure!(reservation.slots > 0, "a reservation for no slot");
        ensure!(reservation.slots <= MAX_SLOTS_PER_NODE, "more slots than a node can run");
        let node = T::Licenses::license(license).and_then(|deed| deed.link).map(|link| link.node);
        ensure!(node == Some(declared.node), "a reservation of a node that is not linked");
        Ok(())
    }
}
