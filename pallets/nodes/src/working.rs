//! What jobs take of a node, and give back.

use crate::{pallet::*, types::*};
use frame_support::defensive;
use ratio1_primitives::{
    jobs::{Capacity, NodeProfile, Outcome, Reputation, BARRED_EPOCHS, MAX_SLOTS_PER_NODE},
    traits::{EpochInspect, NodeRegistry},
    BlockNumber, EpochIndex, LicenseId, NodeId,
};
use sp_runtime::DispatchResult;

/// What is left of `used` without `need`; nothing where that is less than nothing.
fn clamped_minus(used: Capacity, need: &Capacity) -> Capacity {
    Capacity {
        cpu_milli: used.cpu_milli.saturating_sub(need.cpu_milli),
        memory_mib: used.memory_mib.saturating_sub(need.memory_mib),
        disk_gib: used.disk_gib.saturating_sub(need.disk_gib),
        gpus: used.gpus.saturating_sub(need.gpus),
    }
}

impl<T: Config> Pallet<T> {
    /// What is reserved of `license` once it has a slot of `need` more. `None` if that does not fit.
    fn reservation_with(license: LicenseId, need: &Capacity) -> Option<Reservation> {
        let capacity = Profiles::<T>::get(license)?.profile.capacity;
        let Reservation { used, slots } = Reserved::<T>::get(license).unwrap_or_default();
        let used = used.plus(need).filter(|used| capacity.covers(used))?;
        let slots = slots.checked_add(1).filter(|slots| *slots <= MAX_SLOTS_PER_NODE)?;
        Some(Reservation { used, slots })
    }

    /// The first epoch in which `license` is drawn again, if it is left out now.
    fn barred_until(license: LicenseId) -> Option<EpochIndex> {
        Barred::<T>::get(license).filter(|until| T::Epochs::current() < *until)
    }

    /// Whether `license` is left out of draws, and would not be any more if its node declared now: it says by that that it is
    /// there again. Not in the epoch in which it let the offer lapse.
    pub(crate) fn is_lifted(license: LicenseId) -> bool {
        Self::barred_until(license).is_some_and(|until| until.minus(BARRED_EPOCHS) <= T::Epochs::current())
    }

    /// Its node declares: remove a bar that is over, or that ends by it.
    pub(crate) fn lift_bar(license: LicenseId) {
        if Self::is_lifted(license) {
            Barred::<T>::remove(license);
        }
        Self::forget_spent_bar(license);
    }

    /// Remove a bar that is over.
    pub(crate) fn forget_spent_bar(license: LicenseId) {
        if Self::barred_until(license).is_none() {
            Barred::<T>::remove(license);
        }
    }

    /// All there is to know of a license.
    pub(crate) fn info(license: LicenseId) -> WorkerInfo {
        let declared = Profiles::<T>::get(license);
        let reservation = Reserved::<T>::get(license).unwrap_or_default();
        let capacity = declared.as_ref().map(|declared| declared.profile.capacity).unwrap_or_default();
        WorkerInfo {
            declared,
            free: capacity.minus(&reservation.used).unwrap_or_default(),
            reservation,
            barred_until: Self::barred_until(license),
            reputation: Self::reputation_of(license),
        }
    }
}

impl<T: Config> NodeRegistry for Pallet<T> {
    fn offer(license: LicenseId, node: &NodeId, at: BlockNumber) -> Option<NodeProfile> {
        Profiles::<T>::get(license)?.held_at(node, at)
    }

    /// Whichever node declared it: that it is the linked one, [`NodeRegistry::offer`] tells.
    fn has_room(license: LicenseId, need: &Capacity) -> bool {
        Self::reservation_with(license, need).is_some()
    }

    fn is_barred(license: LicenseId) -> bool {
        Self::barred_until(license).is_some()
    }

    fn reputation(license: LicenseId) -> Reputation {
        Self::reputation_of(license)
    }

    fn reserve(license: LicenseId, need: &Capacity) -> DispatchResult {
        let reservation = Self::reservation_with(license, need).ok_or(Error::<T>::NoRoom)?;
        Reserved::<T>::insert(license, reservation);
        Self::forget_spent_bar(license);
        let Reservation { used, slots } = reservation;
        Self::deposit_event(Event::Reserved { license, used, slots });
        Ok(())
    }

    fn free(license: LicenseId, need: &Capacity) {
        let Some(Reservation { used, slots }) = Reserved::<T>::get(license) else {
            defensive!("nothing is reserved that could be freed", license);
            return;
        };
        if !used.covers(need) {
            defensive!("more is freed than is reserved", license);
        }
        let (mut used, slots) = (clamped_minus(used, need), slots.saturating_sub(1));
        if slots > 0 {
            Reserved::<T>::insert(license, Reservation { used, slots });
        } else {
            if used != Capacity::default() {
                defensive!("something is reserved for no slot", license);
                used = Capacity::default();
            }
            Reserved::<T>::remove(license);
        }
        Self::deposit_event(Event::Freed { license, used, slots });
    }

    /// It is left out of the rest of the running epoch, and of the whole epochs after it.
    fn bar(license: LicenseId) {
        let until = T::Epochs::current().plus(BARRED_EPOCHS).plus(1);
        Barred::<T>::insert(license, until);
        Self::deposit_event(Event::Barred { license, until });
    }

    fn note(license: LicenseId, outcome: Outcome) {
        Self::move_reputation(license, outcome);
    }
}
