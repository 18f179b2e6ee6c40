//! What the counts of an epoch mean: whose node a license's are of, and from when a service is expected in beats.
//!
//! Both come from finalised state while the epoch runs, and are kept with the counts: after a restart nobody could tell
//! any more whether a node or a service was known before.

use codec::{Decode, DecodeAll, Encode};
use ratio1_primitives::{jobs::ServiceTerm, LicenseId, NodeId, PAGE_SIZE};
use std::collections::{BTreeMap, BTreeSet};

/// A page of notes: what is written at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotesPage {
    /// The nodes of a page of licenses.
    Nodes(u32),
    /// A page of services.
    Services(u32),
}

/// A service that was known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Known {
    /// Its index.
    index: u32,
    /// Where its term begins: an index may be another service's in a later epoch.
    from: u64,
    /// From when it is expected in beats.
    expected: u64,
}

/// The notes of one epoch.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    nodes: BTreeMap<LicenseId, NodeId>,
    services: BTreeMap<u32, Known>,
    dirty: BTreeSet<NotesPage>,
}

impl Notes {
    /// The license is linked to this node; whether it was to another one.
    pub fn assign(&mut self, license: LicenseId, node: NodeId) -> bool {
        match self.nodes.insert(license, node) {
            Some(before) if before == node => false,
            before => {
                self.dirty.insert(NotesPage::Nodes(license.page()));
                before.is_some()
            }
        }
    }

    /// Whose node a license has, or had last.
    pub fn node(&self, license: LicenseId) -> Option<NodeId> {
        self.nodes.get(&license).copied()
    }

    /// A service is known, and expected in beats from `expected` on. What was noted first stands.
    pub fn know(&mut self, term: &ServiceTerm, expected: u64) {
        if self.known(term).is_none() {
            self.services.insert(term.index, Known { index: term.index, from: term.from, expected });
            self.dirty.insert(NotesPage::Services(term.index / PAGE_SIZE));
        }
    }

    /// From when a service is expected; `None` if it is not known.
    pub fn known(&self, term: &ServiceTerm) -> Option<u64> {
        self.services.get(&term.index).filter(|known| known.from == term.from).map(|known| known.expected)
    }

    /// One page.
    pub fn encoded(&self, page: NotesPage) -> Vec<u8> {
        match page {
            NotesPage::Nodes(page) => {
                let nodes: Vec<_> =
                    self.nodes.range(LicenseId(first(page))..LicenseId(first(page.saturating_add(1)))).collect();
                nodes.encode()
            }
            NotesPage::Services(page) => {
                let known: Vec<_> =
                    self.services.range(first(page)..first(page.saturating_add(1))).map(|(_, known)| *known).collect();
                known.encode()
            }
        }
    }

    /// Put back what [`Self::encoded`] gave. `None` if it is damaged.
    pub fn restore(&mut self, page: NotesPage, bytes: &[u8]) -> Option<()> {
        match page {
            NotesPage::Nodes(_) => self.nodes.extend(Vec::<(LicenseId, NodeId)>::decode_all(&mut &bytes[..]).ok()?),
            NotesPage::Services(_) => {
                let known = Vec::<Known>::decode_all(&mut &bytes[..]).ok()?;
                self.services.extend(known.into_iter().map(|known| (known.index, known)));
            }
        }
        Some(())
    }

    /// Pages changed since the last call.
    pub fn take_dirty(&mut self) -> BTreeSet<NotesPage> {
        std::mem::take(&mut self.dirty)
    }

    /// Give back what [`Self::take_dirty`] took.
    pub fn put_back_dirty(&mut self, pages: BTreeSet<NotesPage>) {
        self.dirty.extend(pages);
    }
}

const fn first(page: u32) -> u32 {
    page.saturating_mul(PAGE_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{jobs::SlotRef, JobId};

    fn term(index: u32, from: u64) -> ServiceTerm {
        let slot = SlotRef { job: JobId(1), slot: 0 };
        ServiceTerm { index, slot, license: LicenseId(0), from, until: None }
    }

    #[test]
    fn notes_survive_page_by_page() {
        let mut notes = Notes::default();
        assert!(!notes.assign(LicenseId(1_023), NodeId([1; 32])));
        assert!(!notes.assign(LicenseId(1_024), NodeId([2; 32])));
        assert!(notes.assign(LicenseId(1_024), NodeId([3; 32])));
        notes.know(&term(5, 100), 250);
        notes.know(&term(5, 100), 900);
        notes.know(&term(2_048, 100), 100);
        let pages = notes.take_dirty();
        assert_eq!(pages.len(), 4);
        let mut again = Notes::default();
        for page in pages {
            again.restore(page, &notes.encoded(page)).expect("whole");
            assert!(Notes::default().restore(page, &[1]).is_none());
        }
        assert_eq!(again.node(LicenseId(1_023)), Some(NodeId([1; 32])));
        assert_eq!(again.node(LicenseId(1_024)), Some(NodeId([3; 32])));
        assert_eq!(
            [term(5, 100), term(5, 101), term(2_048, 100)].map(|t| again.known(&t)),
            [Some(250), None, Some(100)]
        );
        assert!(again.take_dirty().is_empty());
    }
}
