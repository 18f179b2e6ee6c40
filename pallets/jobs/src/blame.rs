//! Whose fault it is: which outcomes move a license's reputation, and what comes to nothing at the requester's cost.
//!
//! A specification can be such that no node can provide it, and nobody else can tell that from a node that does not. So
//! an outcome counts only of a slot that was served well: before it, by whomever, or after it, by another node. Until
//! then the node is suspected, no more. Each whole epoch served well vouches for the outcomes that wait, and for the
//! next one.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ratio1_primitives::{
    jobs::{Outcome, SlotRef, PERIOD},
    kyc::EntityId,
    traits::{ClockInspect, NodeRegistry},
    AccountId, Balance, EpochIndex, LicenseId,
};
use scale_info::TypeInfo;
use sp_runtime::DispatchResult;

/// Outcomes of one slot that wait for somebody to serve it well: a requester who lets it be served by an accomplice in
/// the end reaches no more of those before it.
pub const MAX_SUSPECTS: u32 = 4;
/// Outcomes remembered of one license.
pub const MAX_BLAMES: u32 = 8;

/// An outcome of which it is not known whose fault it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Suspect {
    /// Whose node.
    pub license: LicenseId,
    /// What it did.
    pub outcome: Outcome,
    /// In which epoch.
    pub epoch: EpochIndex,
}

/// What is known of a slot itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Trial {
    /// Whether a service of it ever earned anything in a time in which it was measured.
    pub earned: bool,
    /// Whether it was served well, through a whole epoch, since the last outcome that counted.
    pub fit: bool,
    /// Outcomes that count once another node serves it well, the oldest first.
    pub suspects: BoundedVec<Suspect, ConstU32<MAX_SUSPECTS>>,
    /// What services that are paid out earned in the last epoch of the newest of them, and which that was: another service
    /// can have begun in it.
    pub paid: (EpochIndex, Balance),
}

impl Trial {
    /// An outcome of a service or an offer. It counts now if it is returned.
    #[must_use]
    pub(crate) fn weigh(&mut self, suspect: Suspect) -> Option<Suspect> {
        if core::mem::take(&mut self.fit) {
            return Some(suspect);
        }
        // ADR 0025: until somebody serves the slot well, nobody can tell whose fault it was.
        let newest = self.suspects.len();
        // A full list loses its oldest.
        let _ = self.suspects.force_insert_keep_right(newest, suspect);
        None
    }

    /// `license` served it well: what others did before counts. `None` if that changes nothing.
    #[must_use]
    pub(crate) fn vouch(&mut self, license: LicenseId) -> Option<Vec<Suspect>> {
        if self.fit && self.suspects.is_empty() {
            return None;
        }
        self.fit = true;
        let waiting = core::mem::take(&mut self.suspects);
        Some(waiting.into_iter().filter(|suspect| suspect.license != license).collect())
    }

    /// What was released for `epoch` to services that are paid out.
    pub(crate) fn paid_in(&self, epoch: EpochIndex) -> Balance {
        if self.paid.0 == epoch {
            self.paid.1
        } else {
            0
        }
    }

    /// A service that is paid out earned `amount` in its last epoch.
    pub(crate) fn note_paid(&mut self, epoch: EpochIndex, amount: Balance) {
        self.paid = (epoch, self.paid_in(epoch).saturating_add(amount));
    }
}

/// An outcome that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Blame {
    /// On behalf of whom the job was asked for.
    pub entity: EntityId,
    /// What the license did.
    pub outcome: Outcome,
    /// In which epoch.
    pub epoch: EpochIndex,
}

impl Blame {
    /// Whether a further outcome adds nothing to this one: it is no worse, and of the same epoch or for the same entity
    /// within a period. A node that dies with many slots fails once, and no requester, however often it asks,
    /// takes more from a license than one outcome in a period.
    pub(crate) fn covers(&self, other: &Blame) -> bool {
        let (early, late) = (self.epoch.min(other.epoch), self.epoch.max(other.epoch));
        let soon = late < early.plus(PERIOD);
        let same = self.epoch == other.epoch || (self.entity == other.entity && soon);
        same && self.outcome.cost() >= other.outcome.cost()
    }
}

/// The outcomes of one license that counted, the oldest first.
pub type Blames = BoundedVec<Blame, ConstU32<MAX_BLAMES>>;

impl<T: Config> Pallet<T> {
    /// What a license did on a slot for `entity`. The slot is stored by the caller.
    pub(crate) fn judge(slot: &mut Slot, entity: EntityId, suspect: Suspect) {
        if let Some(Suspect { license, outcome, epoch }) = slot.trial.weigh(suspect) {
            Self::blame(license, Blame { entity, outcome, epoch });
        }
    }

    /// What the node of a service did in `epoch`, if that is to be judged at all.
    pub(crate) fn judge_service(service: &Service<AccountId>, outcome: Outcome, epoch: EpochIndex) -> DispatchResult {
        if !service.counts {
            return Ok(());
        }
        let SlotRef { job, slot } = service.slot;
        let entity = Jobs::<T>::get(job).ok_or(Error::<T>::Corrupted(Inconsistency::NoJob))?.entity;
        let mut stored = Slots::<T>::get(job, slot).ok_or(Error::<T>::Corrupted(Inconsistency::NoSlot))?;
        Self::judge(&mut stored, entity, Suspect { license: service.license, outcome, epoch });
        Slots::<T>::insert(job, slot, stored);
        Ok(())
    }

    /// It was the license's fault.
    fn blame(license: LicenseId, blame: Blame) {
        let mut known = Blamed::<T>::get(license);
        if known.iter().any(|other| other.covers(&blame)) {
            return;
        }
        let newest = known.len();
        let _ = known.force_insert_keep_right(newest, blame);
        Blamed::<T>::insert(license, known);
        T::NodeRegistry::note(license, blame.outcome);
    }

    /// What a finalised byte of a service tells of its slot that was not known: the slot with it, and whose outcomes count
    /// now. A byte tells nothing of a time in which nothing was expected, and only a whole epoch vouches.
    pub(crate) fn lesson(
        service: &Service<AccountId>,
        epoch: EpochIndex,
        byte: u8,
        threshold: Option<u8>,
    ) -> Option<(Slot, Vec<Suspect>)> {
        let clock = T::Epochs::clock()?;
        let (begin, end) = (clock.epoch_start(epoch), clock.epoch_start(epoch.plus(1)));
        if byte == 0 || service.expected >= end {
            return None;
        }
        let mut slot = Slots::<T>::get(service.slot.job, service.slot.slot)?;
        let first = !core::mem::replace(&mut slot.trial.earned, true);
        let whole = service.expected <= begin && service.left.is_none_or(|left| left.at >= end);
        let well = service.counts && whole && threshold.is_some_and(|threshold| byte >= threshold);
        let guilty = if well { slot.trial.vouch(service.license) } else { None };
        match guilty {
            Some(guilty) => Some((slot, guilty)),
            None if first => Some((slot, Vec::new())),
            None => None,
        }
    }

    /// Keep what was learnt of a slot, and let those bear the blame whose fault it was.
    pub(crate) fn learn(id: SlotRef, slot: Slot, guilty: Vec<Suspect>) -> DispatchResult {
        let entity = Jobs::<T>::get(id.job).ok_or(Error::<T>::Corrupted(Inconsistency::NoJob))?.entity;
        Slots::<T>::insert(id.job, id.slot, slot);
        for Suspect { license, outcome, epoch } in guilty {
            Self::blame(license, Blame { entity, outcome, epoch });
        }
        Ok(())
    }

    /// What of a slot's money is owed to nobody and saved for nothing: at least so much, since everything from the first
    /// epoch that a service has not settled is left out.
    pub(crate) fn spare(slot: &Slot) -> Balance {
        let mut first = Self::current();
        let mut owed = slot.draw_money();
        for service in slot.services.iter().filter_map(Services::<T>::get) {
            let accrued = service.periods.iter().fold(0, |sum: Balance, period| sum.saturating_add(period.accrued));
            owed = owed.saturating_add(accrued);
            first = first.min(service.first_open());
        }
        slot.held.saturating_sub(owed).saturating_sub(slot.cost_from(first))
    }

    /// What a service that is over costs if it came to nothing, on a slot on which nothing was ever earned: an epoch's price,
    /// as far as the slot can spare it. Its nodes are not to blame, unless another one serves it well.
    pub(crate) fn waste(slot: &Slot, service: &Service<AccountId>) -> Balance {
        let nothing = service.recent.iter().any(|(_, byte)| *byte == 0);
        if slot.trial.earned || !nothing {
            return 0;
        }
        slot.price(service.first).min(Self::spare(slot))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn suspect(license: u32, epoch: u32) -> Suspect {
        Suspect { license: LicenseId(license), outcome: Outcome::Failed, epoch: EpochIndex(epoch) }
    }

    fn blame(entity: u8, outcome: Outcome, epoch: u32) -> Blame {
        Blame { entity: [entity; 32], outcome, epoch: EpochIndex(epoch) }
    }

    #[test]
    fn outcome_waits_when_nobody_has_served_the_slot_well() {
        let mut trial = Trial::default();
        assert_eq!(trial.weigh(suspect(1, 7)), None);
        assert_eq!(trial.suspects.to_vec(), [suspect(1, 7)]);
    }

    #[test]
    fn outcome_counts_once_when_the_slot_was_served_well() {
        let mut trial = Trial::default();
        assert_eq!(trial.vouch(LicenseId(1)), Some(vec![]));
        assert_eq!(trial.vouch(LicenseId(1)), None, "that is known");
        assert_eq!(trial.weigh(suspect(1, 7)), Some(suspect(1, 7)), "also of who served it");
        assert_eq!(trial.weigh(suspect(2, 8)), None, "the requester may have spoilt it meanwhile");
        assert_eq!(trial.vouch(LicenseId(3)), Some(vec![suspect(2, 8)]), "or not");
    }

    #[test]
    fn outcome_does_not_count_when_only_the_same_node_served_the_slot_well_after_it() {
        let mut trial = Trial::default();
        let _ = trial.weigh(suspect(1, 7));
        let _ = trial.weigh(suspect(2, 8));
        assert_eq!(trial.vouch(LicenseId(1)), Some(vec![suspect(2, 8)]));
        assert!(trial.suspects.is_empty());
    }

    #[test]
    fn failure_is_covered_when_another_of_the_epoch_or_of_the_requester_counted() {
        let failed = blame(1, Outcome::Failed, 40);
        assert!(failed.covers(&blame(2, Outcome::Failed, 40)), "one failure an epoch");
        assert!(!failed.covers(&blame(2, Outcome::Failed, 41)));
        assert!(failed.covers(&blame(1, Outcome::Rejected, 69)) && failed.covers(&blame(1, Outcome::Missed, 11)));
        assert!(!failed.covers(&blame(1, Outcome::Rejected, 70)) && !failed.covers(&blame(1, Outcome::Failed, 10)));
        assert!(!blame(1, Outcome::Resigned, 40).covers(&failed), "resigning in time must not save who then fails");
    }

    #[test]
    fn payment_of_an_epoch_is_forgotten_when_a_later_one_is_noted() {
        let mut trial = Trial::default();
        trial.note_paid(EpochIndex(7), 3);
        trial.note_paid(EpochIndex(7), 4);
        assert_eq!((trial.paid_in(EpochIndex(7)), trial.paid_in(EpochIndex(8))), (7, 0));
        trial.note_paid(EpochIndex(9), 1);
        assert_eq!((trial.paid_in(EpochIndex(7)), trial.paid_in(EpochIndex(9))), (0, 1));
    }

    proptest! {
        /// However outcomes and good epochs follow each other: none counts without one, each counts at most once, and a good
        /// epoch reaches no more than those that waited and the next.
        #[test]
        fn outcomes_count_no_more_often_than_good_epochs_allow(
            steps in proptest::collection::vec((0u32..4, any::<bool>()), 0..60),
        ) {
            let (mut trial, mut counted, mut good) = (Trial::default(), 0usize, 0usize);
            for ((license, well), epoch) in steps.into_iter().zip(0..) {
                if well {
                    good += 1;
                    let guilty = trial.vouch(LicenseId(license)).unwrap_or_default();
                    prop_assert!(guilty.iter().all(|suspect| suspect.license != LicenseId(license)));
                    counted += guilty.len();
                } else {
                    counted += usize::from(trial.weigh(suspect(license, epoch)).is_some());
                }
                prop_assert!(counted <= good * (MAX_SUSPECTS as usize + 1), "{counted} of {good}");
            }
        }
    }
}
