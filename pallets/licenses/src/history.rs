//! Which licenses were linked when an epoch ended: versions of a page's mask by epoch.

use crate::{Config, Error, LinkRevision, LinkedPages, Pallet, MAX_VERSIONS};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{ensure, traits::ConstU32, BoundedVec};
use ratio1_primitives::{
    traits::{EpochInspect, PageMask},
    EpochIndex, LicenseId,
};
use scale_info::TypeInfo;
use sp_runtime::DispatchResult;

/// A page's mask as it was when `since` ended, and at the end of every epoch after it up to the next version.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct MaskVersion {
    /// The first epoch for which it holds.
    pub since: EpochIndex,
    /// One bit for each license: linked or not.
    pub mask: PageMask,
}

pub(crate) type Versions = BoundedVec<MaskVersion, ConstU32<MAX_VERSIONS>>;

/// The mask that answers for `epoch`; `None` if its version was dropped. The history of a page begins with epoch 0.
pub(crate) fn mask_at(versions: &Versions, epoch: EpochIndex) -> Option<PageMask> {
    if versions.is_empty() {
        return Some(PageMask::default());
    }
    versions.iter().rev().find(|version| version.since <= epoch).map(|version| version.mask)
}

/// Whether the oldest version answers for closed epochs only, so that nobody who pays needs it.
fn oldest_is_spent<T: Config>(versions: &Versions) -> bool {
    versions.get(1).is_some_and(|second| second.since <= T::Epochs::oldest_open())
}

impl<T: Config> Pallet<T> {
    /// Whether the mask of the license's page can change in the epoch `now`.
    pub(crate) fn check_history(license: LicenseId, now: EpochIndex) -> DispatchResult {
        let versions = LinkedPages::<T>::get(license.page());
        let begun = versions.last().is_some_and(|newest| newest.since == now);
        let room = begun || !versions.is_full() || oldest_is_spent::<T>(&versions);
        ensure!(room, Error::<T>::TooManyOpenEpochs);
        Ok(())
    }

    /// Set the license's bit for the epoch `now` and later ones. Versions nobody needs go only when their room is
    /// needed: until then they answer questions about the past.
    pub(crate) fn set_bit(license: LicenseId, on: bool, now: EpochIndex) -> DispatchResult {
        LinkedPages::<T>::try_mutate(license.page(), |versions| {
            if versions.is_empty() {
                // The time before the first change is part of the history: without it, nobody could tell an epoch in
                // which nothing was linked from one that was forgotten.
                let nothing = MaskVersion { since: EpochIndex(0), mask: PageMask::default() };
                versions.try_push(nothing).map_err(|_| Error::<T>::TooManyOpenEpochs)?;
            }
            let mut mask = versions.last().map(|newest| newest.mask).unwrap_or_default();
            mask.set(license.offset(), on);
            if let Some(newest) = versions.last_mut().filter(|newest| newest.since == now) {
                newest.mask = mask;
                return Ok(());
            }
            // ADR 0003: versions answer which licenses were linked when an epoch ended, however late it is settled.
            if versions.is_full() && oldest_is_spent::<T>(versions) {
                versions.remove(0);
            }
            let version = MaskVersion { since: now, mask };
            versions.try_push(version).map_err(|_| Error::<T>::TooManyOpenEpochs.into())
        })
    }

    /// Tell readers of links that something in the license's page changed.
    pub(crate) fn bump_revision(license: LicenseId) {
        LinkRevision::<T>::mutate(license.page(), |revision| *revision = revision.wrapping_add(1));
    }
}
