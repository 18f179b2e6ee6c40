//! Which nodes that serve slots of jobs went silent, so that their slots move at once.
//!
//! An oracle says so of a node when in the last [`ABSENCE_SLOTS`] beat slots it has no beat of it, and is sure that it
//! would have one: in all of them but 2 % it was itself covered, finality moved all the while (so the chain made blocks, and
//! what it knows of nodes and services is not old), the license has had the same node for as long, and a service of it was
//! expected for as long. So neither a stall, nor its own deafness, nor its own start makes it report anybody: what is
//! not known to be silence is not.
//!
//! A report names as many nodes as it can hold, and a node again only after a while: enough for the chain to have the
//! words of all oracles at the same time.

use crate::{counts::EpochCounts, intake::Intake};
use ratio1_primitives::{
    api::{Absence, MAX_ABSENT},
    clock::{ABSENCE_SLOTS, ABSENCE_SPACING},
    width::as_usize,
    ClockParams, EpochIndex, LicenseId,
};
use std::{collections::BTreeMap, sync::Arc};

/// Slots of these in which the oracle need not have been covered: 2 %.
pub const UNCOVERED: u32 = ABSENCE_SLOTS * 2 / 100;
/// Slots after which a license is named again.
pub const REPEAT_SLOTS: u32 = 45;

/// The slots in question: up to `newest` of the running epoch, and the rest of them from the end of the one before.
struct Window {
    before: Option<(Arc<EpochCounts>, u32)>,
    first: u32,
    past: u32,
    began: u64,
}

impl Window {
    /// `None` if what was counted in the epoch before is needed and not in memory.
    fn new(intake: &Intake, clock: &ClockParams, newest: u32) -> Option<Self> {
        let running = intake.running();
        let past = newest.saturating_add(1);
        let missing = ABSENCE_SLOTS.saturating_sub(past);
        let length = u64::from(ABSENCE_SLOTS).saturating_mul(running.params().beat_ms.into());
        let end = u64::from(past).saturating_mul(running.params().beat_ms.into());
        let began = clock.epoch_start(running.epoch()).saturating_add(end).checked_sub(length)?;
        let before = match missing {
            0 => None,
            missing => {
                let is_before = |counts: &&Arc<EpochCounts>| {
                    counts.epoch().0.checked_add(1) == Some(running.epoch().0)
                        && counts.params().beat_ms == running.params().beat_ms
                };
                let closed = intake.closed();
                let counts = closed.iter().find(is_before)?;
                Some((counts.clone(), counts.params().slots.checked_sub(missing)?))
            }
        };
        Some(Self { before, first: past.saturating_sub(ABSENCE_SLOTS), past, began })
    }

    fn covered(&self, running: &EpochCounts) -> u32 {
        let before = self.before.as_ref();
        let earlier = before.map_or(0, |(counts, from)| counts.coverage().count_within(*from, counts.params().slots));
        running.coverage().count_within(self.first, self.past).saturating_add(earlier)
    }

    fn is_silent(&self, running: &EpochCounts, license: LicenseId) -> bool {
        let before = self.before.as_ref();
        !running.any_counted(license, self.first, self.past)
            && !before.is_some_and(|(counts, from)| counts.any_counted(license, *from, counts.params().slots))
    }
}

/// Looks for silent nodes, once in each slot at most. Not persisted.
#[derive(Clone, Debug, Default)]
pub struct AbsenceWatch {
    epoch: EpochIndex,
    looked: Option<u32>,
    reported: Option<u32>,
    /// When each license was last named, for as long as that matters.
    named: BTreeMap<LicenseId, u32>,
}

impl AbsenceWatch {
    /// What this oracle has to report at `now`, if anything; it counts as reported then.
    pub fn find_silent(&mut self, intake: &Intake, now: u64) -> Option<Absence> {
        let clock = intake.clock().filter(|_| intake.is_counting())?;
        let running = intake.running();
        let epoch = running.epoch();
        if epoch != self.epoch {
            // What was said goes with its epoch, on the chain too.
            *self = Self { epoch, ..Self::default() };
        }
        let slot = clock.slot_at(epoch, now, running.params())?.checked_sub(1)?;
        if self.looked.is_some_and(|looked| slot <= looked) {
            return None;
        }
        self.looked = Some(slot);
        if self.reported.is_some_and(|reported| slot < reported.saturating_add(ABSENCE_SPACING)) {
            return None;
        }
        let window = Window::new(intake, &clock, slot)?;
        // ADR 0023: only what an oracle was covered for, with finality moving, is a word against a silent node.
        let is_sure = intake.steady_since(now).is_some_and(|since| since <= window.began)
            && window.covered(running).saturating_add(UNCOVERED) >= ABSENCE_SLOTS;
        if !is_sure {
            return None;
        }
        self.named.retain(|_, named| slot < named.saturating_add(REPEAT_SLOTS));
        let is_absent = |license: &LicenseId| {
            !self.named.contains_key(license)
                && intake.linked_since(*license).is_some_and(|since| since <= window.began)
                && window.is_silent(running, *license)
        };
        let expected = intake.expected_since(window.began);
        let mut licenses: Vec<_> = expected.filter(is_absent).collect();
        licenses.sort_unstable();
        licenses.truncate(as_usize(MAX_ABSENT));
        if licenses.is_empty() {
            return None;
        }
        self.reported = Some(slot);
        self.named.extend(licenses.iter().map(|license| (*license, slot)));
        Some(Absence { epoch, slot, licenses: licenses.try_into().ok()? })
    }

    /// The last report did not get out: its licenses may be named again with the next one.
    pub fn note_failed_report(&mut self) {
        self.named.clear();
    }
}
