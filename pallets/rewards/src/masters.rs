//! Master deeds: what each epoch releases, and who gets it.

use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::weights::Weight;
use ratio1_primitives::{
    economics::{self, curve, MASTER_COUNT, NODE_COUNT},
    pages,
    traits::{LicenseInspect, PageMask},
    width::as_usize,
    Balance, EpochIndex, Grant, LicenseClass, LicenseId,
};
use scale_info::TypeInfo;

/// What became of a Master deed's assignment so far, in base units. Every epoch that is closed has put its release into
/// `earned`, `forgone` or `carried`, exactly once.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct MasterLedger {
    /// Earned by availability.
    pub earned: Balance,
    /// Released while the node was away, and never minted.
    pub forgone: Balance,
    /// Released by epochs that lapsed or were void; the next finalised epoch decides about it.
    pub carried: Balance,
    /// The latest of those epochs. Only a later one is "the next": an older one that is finalised afterwards, in which
    /// the deed may not even have been linked, does not take the carried release.
    pub lapsed: EpochIndex,
    /// Minted: what was earned and claimed.
    pub paid: Balance,
}

impl MasterLedger {
    /// `epoch` is final with `byte`, and releases `release` on its own. Returns what was earned; `None` if nothing
    /// changed.
    pub(crate) fn finalise(&mut self, epoch: EpochIndex, release: Balance, byte: u8) -> Option<Balance> {
        let mut release = release;
        // ADR 0017: an older epoch decides about its own release and nothing else.
        if self.lapsed < epoch {
            release = release.saturating_add(core::mem::take(&mut self.carried));
        }
        if release == 0 {
            return None;
        }
        let earned = economics::earned(release, byte);
        self.earned = self.earned.saturating_add(earned);
        self.forgone = self.forgone.saturating_add(release.saturating_sub(earned));
        Some(earned)
    }

    /// What a claim pays.
    pub(crate) fn payable(&self) -> Balance {
        self.earned.saturating_sub(self.paid)
    }
}

impl<T: Config> Pallet<T> {
    /// Give the page's Master deeds what `epoch` releases, in proportion to their bytes.
    pub(crate) fn earn_masters(epoch: EpochIndex, masters: &[(LicenseId, Grant)], bytes: &[u8], linked: &PageMask) {
        let mut sum: Balance = 0;
        for (id, grant) in masters {
            let offset = id.offset();
            let byte = match linked.get(offset) {
                true => bytes.get(as_usize(offset)).copied().unwrap_or(0),
                false => 0,
            };
            let release = curve::release(grant.assigned, grant.granted, epoch, epoch);
            let mut ledger = Masters::<T>::get(id);
            if let Some(earned) = ledger.finalise(epoch, release, byte) {
                Masters::<T>::insert(id, ledger);
                sum = sum.saturating_add(earned);
            }
        }
        Self::note_earned(LicenseClass::Master, sum);
    }

    /// The epochs `first..=last` are closed without result, each once: what they release to Master deeds is carried. For
    /// [`OnEpochEnd::on_lapsed`](ratio1_primitives::traits::OnEpochEnd::on_lapsed).
    pub fn on_lapsed(first: EpochIndex, last: EpochIndex) {
        for page in 0..pages(T::Licenses::count()) {
            for (id, grant) in T::Licenses::masters(page) {
                // Nothing before the cliff and after the last epoch of the curve, so nothing is written then.
                let release = curve::release(grant.assigned, grant.granted, first, last);
                if release > 0 {
                    Masters::<T>::mutate(id, |ledger| {
                        ledger.carried = ledger.carried.saturating_add(release);
                        ledger.lapsed = ledger.lapsed.max(last);
                    });
                }
            }
        }
    }

    /// The most that [`Pallet::on_lapsed`] costs with all deeds there can be: it is part of a call's weight, which must
    /// not depend on state.
    pub fn lapse_weight() -> Weight {
        T::WeightInfo::on_lapsed(MASTER_COUNT, pages(NODE_COUNT.saturating_add(MASTER_COUNT).saturating_add(1)))
    }

    /// How many Master deeds there are.
    pub(crate) fn count_masters() -> u32 {
        let pages = 0..pages(T::Licenses::count());
        pages.fold(0, |sum, page| sum.saturating_add(T::Licenses::master_count(page)))
    }
}
