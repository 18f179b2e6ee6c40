//! What the hot path knows of services: which ones the finalised chain has, and what was last reported of them.
//!
//! A service is one node serving one slot of a job. The chain gives it an index, in pages like licenses; a beat names
//! job and slot. So the [`ServiceBook`] answers, for a license, which indices its beat speaks about, and [`Reports`]
//! remembers for a few slots what a license said of all its services, in order to see when it says something else.

use crate::{counts::EpochCounts, open_slots::OpenSlots};
use codec::Encode;
use ratio1_primitives::{
    heartbeat::{Heartbeat, Service, ServiceState},
    jobs::{ServiceTerm, SlotRef, MAX_SERVICES},
    width::as_usize,
    LicenseId, PAGE_SIZE,
};
use std::{
    collections::{hash_map::RandomState, HashMap},
    hash::BuildHasher,
};

/// Pages of services there can be.
pub const MAX_SERVICE_PAGES: u32 = MAX_SERVICES / PAGE_SIZE;

/// What is cached of one page.
#[derive(Clone, Debug, Default)]
struct BookPage {
    /// The state it was read at; `None` if never.
    revision: Option<u32>,
    /// The licenses with services in it.
    holders: Vec<LicenseId>,
}

/// The services the chain knows, by license, cached page by page. They are those that run and those that ended and are
/// remembered; a license has a handful of them.
#[derive(Clone, Debug, Default)]
pub struct ServiceBook {
    pages: Vec<BookPage>,
    terms: HashMap<LicenseId, Vec<ServiceTerm>>,
}

impl ServiceBook {
    /// The services of a license.
    pub fn of(&self, license: LicenseId) -> &[ServiceTerm] {
        self.terms.get(&license).map_or(&[], Vec::as_slice)
    }

    /// All services.
    pub fn iter(&self) -> impl Iterator<Item = &ServiceTerm> + '_ {
        self.terms.values().flatten()
    }

    /// The licenses that have services, and these.
    pub fn by_license(&self) -> impl Iterator<Item = (LicenseId, &[ServiceTerm])> + '_ {
        self.terms.iter().map(|(license, terms)| (*license, terms.as_slice()))
    }

    /// What is cached of each page: its revision.
    pub fn revisions(&self) -> Vec<Option<u32>> {
        self.pages.iter().map(|page| page.revision).collect()
    }

    /// Replace one page. Pages past [`MAX_SERVICE_PAGES`] and services of other pages are ignored.
    pub fn set_page(&mut self, page: u32, revision: u32, terms: &[ServiceTerm]) {
        if page >= MAX_SERVICE_PAGES {
            return;
        }
        let place = as_usize(page);
        if self.pages.len() <= place {
            self.pages.resize_with(place.saturating_add(1), BookPage::default);
        }
        let Some(cached) = self.pages.get_mut(place) else { return };
        cached.revision = Some(revision);
        for license in cached.holders.drain(..) {
            if let Some(known) = self.terms.get_mut(&license) {
                known.retain(|term| page_of(term) != page);
                if known.is_empty() {
                    self.terms.remove(&license);
                }
            }
        }
        for term in terms.iter().filter(|term| page_of(term) == page).take(as_usize(PAGE_SIZE)) {
            self.terms.entry(term.license).or_default().push(*term);
            cached.holders.push(term.license);
        }
        cached.holders.sort_unstable();
        cached.holders.dedup();
    }

    /// Count the services that a beat, the first of its license for its slot, reports to run. `began` is when the slot
    /// did, in Unix milliseconds: what had ended by then is left alone, for its index may soon be another's.
    pub fn count_services(&self, beat: &Heartbeat, began: u64, counts: &mut EpochCounts) {
        for term in self.of(beat.license) {
            if term.until.is_none_or(|until| began < until) && is_running(&beat.services, term.slot) {
                counts.count_service(term.index, beat.slot);
            }
        }
    }

    /// Take back what was counted for all services of a license in a slot.
    pub fn clear_services(&self, license: LicenseId, slot: u32, counts: &mut EpochCounts) {
        self.of(license).iter().for_each(|term| counts.clear_service(term.index, slot));
    }
}

fn page_of(term: &ServiceTerm) -> u32 {
    term.index / PAGE_SIZE
}

/// Whether the list says that the slot runs, and nowhere that it does not.
fn is_running(services: &[Service], slot: SlotRef) -> bool {
    let mut states = services.iter().filter(|s| s.job == slot.job && s.slot == slot.slot).map(|s| s.state).peekable();
    states.peek().is_some() && states.all(|state| state == ServiceState::Running)
}

/// What a license reported of its services for one slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Report {
    /// This.
    Digest(u64),
    /// Two things.
    Contradicted,
}

/// The reports for the slots that beats are accepted for now, of the licenses with services: nothing else is ever looked
/// up, so no more is kept. Not persisted: after a restart, a second state for a slot that was counted before it is a plain
/// duplicate. So is one for a slot whose first beat arrived before the service was known here, within the allowance for
/// its start.
pub struct Reports {
    /// Keyed anew by every process: nobody outside can look for two lists with the same digest.
    hasher: RandomState,
    slots: OpenSlots<HashMap<LicenseId, Report>>,
}

impl Default for Reports {
    fn default() -> Self {
        Self { hasher: RandomState::new(), slots: Default::default() }
    }
}

impl Reports {
    /// Whether the beat, for a slot already counted, says for the first time something else than the one counted. Cheap
    /// for a license without services.
    pub fn is_contradicted_by(&self, beat: &Heartbeat) -> bool {
        match self.slots.get(beat).and_then(|reports| reports.get(&beat.license)) {
            Some(Report::Digest(digest)) => *digest != self.digest(beat),
            Some(Report::Contradicted) | None => false,
        }
    }

    /// Remember what a counted beat says.
    pub fn note(&mut self, beat: &Heartbeat) {
        let report = Report::Digest(self.digest(beat));
        self.put(beat, report);
    }

    /// Remember that the license contradicted itself.
    pub fn contradict(&mut self, beat: &Heartbeat) {
        self.put(beat, Report::Contradicted);
    }

    fn put(&mut self, beat: &Heartbeat, report: Report) {
        if let Some(reports) = self.slots.get_mut(beat) {
            reports.insert(beat.license, report);
        }
    }

    fn digest(&self, beat: &Heartbeat) -> u64 {
        self.hasher.hash_one(beat.services.encode())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{heartbeat::HEARTBEAT_VERSION, EpochIndex, EpochParams, Hash, JobId};
    use ServiceState::{Down, Running};

    const PARAMS: EpochParams =
        EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };

    fn term(index: u32, license: u32, job: u64, slot: u16) -> ServiceTerm {
        ServiceTerm {
            index,
            slot: SlotRef { job: JobId(job), slot },
            license: LicenseId(license),
            from: 0,
            until: None,
        }
    }

    fn beat(license: u32, slot: u32, services: &[(u64, u16, ServiceState)]) -> Heartbeat {
        let services =
            services.iter().map(|(job, slot, state)| Service { job: JobId(*job), slot: *slot, state: *state });
        Heartbeat {
            version: HEARTBEAT_VERSION,
            license: LicenseId(license),
            epoch: EpochIndex(1),
            slot,
            block_number: 0,
            block_hash: Hash::zero(),
            resources: Default::default(),
            services: services.collect::<Vec<_>>().try_into().unwrap(),
        }
    }

    fn indices(book: &ServiceBook, license: u32) -> Vec<u32> {
        book.of(LicenseId(license)).iter().map(|term| term.index).collect()
    }

    #[test]
    fn a_page_replaces_what_was_cached_of_it_alone() {
        let mut book = ServiceBook::default();
        book.set_page(1, 7, &[term(1_024, 5, 1, 0), term(1_030, 5, 1, 1), term(3, 5, 9, 9)]);
        book.set_page(0, 1, &[term(3, 5, 2, 0), term(4, 6, 2, 1)]);
        assert_eq!((indices(&book, 5), indices(&book, 6)), (vec![1_024, 1_030, 3], vec![4]));
        assert_eq!(book.revisions(), [Some(1), Some(7)]);
        book.set_page(0, 2, &[term(4, 5, 2, 1)]);
        assert_eq!((indices(&book, 5), indices(&book, 6)), (vec![1_024, 1_030, 4], vec![]));
        book.set_page(1, 8, &[]);
        assert_eq!(indices(&book, 5), [4]);
        book.set_page(MAX_SERVICE_PAGES, 1, &[term(MAX_SERVICES, 5, 1, 0)]);
        book.set_page(3, 0, &[]);
        assert_eq!(book.revisions(), [Some(2), Some(8), None, Some(0)]);
        assert_eq!(indices(&book, 5), [4]);
    }

    #[test]
    fn service_runs_when_its_license_says_so_and_nothing_else() {
        let mut book = ServiceBook::default();
        let ended = ServiceTerm { until: Some(1_000), ..term(9, 5, 4, 0) };
        book.set_page(0, 1, &[term(1, 5, 1, 0), term(2, 5, 1, 1), term(3, 5, 2, 0), term(4, 6, 3, 0), ended]);
        let said = [(1, 0, Running), (1, 1, Down), (2, 0, Running), (2, 0, Down), (3, 0, Running), (4, 0, Running)];
        let counted = |said: &[_], began| {
            let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
            book.count_services(&beat(5, 8, said), began, &mut counts);
            (0..10).filter(|index| counts.service(*index).is_some_and(|slots| slots.get(8))).collect::<Vec<_>>()
        };
        assert_eq!(counted(&said, 1_000), [1]);
        assert_eq!(counted(&said, 999), [1, 9], "before it ended");
        assert!(counted(&[(2, 0, Down), (2, 0, Running)], 1_000).is_empty());
        assert_eq!(counted(&[(2, 0, Running), (2, 0, Running)], 1_000), [3]);
        assert!(counted(&[], 1_000).is_empty());
    }

    #[test]
    fn report_is_contradicted_once_and_only_by_another_state() {
        let mut reports = Reports::default();
        let (up, down) = (beat(5, 8, &[(1, 0, Running)]), beat(5, 8, &[(1, 0, Down)]));
        assert!(!reports.is_contradicted_by(&down), "nothing is known");
        reports.note(&up);
        assert!(!reports.is_contradicted_by(&up));
        assert!(!reports.is_contradicted_by(&Heartbeat { block_number: 9, ..up.clone() }), "the same services");
        assert!(reports.is_contradicted_by(&down));
        assert!(reports.is_contradicted_by(&beat(5, 8, &[])));
        assert!(!reports.is_contradicted_by(&Heartbeat { license: LicenseId(6), ..down.clone() }));
        assert!(!reports.is_contradicted_by(&Heartbeat { epoch: EpochIndex(2), ..down.clone() }));
        reports.contradict(&down);
        assert!(!reports.is_contradicted_by(&down) && !reports.is_contradicted_by(&up));
    }

    #[test]
    fn reports_are_kept_as_long_as_beats_for_their_slot_are_accepted() {
        let mut reports = Reports::default();
        (0..1_000).for_each(|license| reports.note(&beat(license, 7, &[])));
        (8..11).for_each(|slot| reports.note(&beat(5, slot, &[])));
        let other = |slot| beat(5, slot, &[(1, 0, Running)]);
        assert!((7..11).all(|slot| reports.is_contradicted_by(&other(slot))));
        reports.note(&beat(5, 11, &[]));
        assert!(!reports.is_contradicted_by(&other(7)));
        assert_eq!(reports.slots.iter().map(HashMap::len).sum::<usize>(), 4);
    }
}
