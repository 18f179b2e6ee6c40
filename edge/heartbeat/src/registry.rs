//! What the hot path knows of the finalised chain: the admitted nodes and the recent blocks.

use ratio1_ports::BlockRef;
use ratio1_primitives::{
    ballot::MAX_PAGES, heartbeat::BeatRefusal, width::as_usize, EpochIndex, Hash, LicenseId, NodeId, PAGE_SIZE,
};
use std::collections::{HashMap, VecDeque};

/// Recent finalised blocks kept at most, whatever the chain's parameter `K` says.
pub const MAX_RING: u32 = 8_192;

/// Which state of a page is cached: its link revision, and the epoch for which standing was judged.
pub type PageKey = (u32, EpochIndex);

/// For how long, in milliseconds, the node that a license had before is remembered.
pub const PREVIOUS_MS: u64 = 600_000;

/// A node that may beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Admitted {
    node: NodeId,
    /// Since when this process knows it, in Unix milliseconds.
    since: u64,
}

/// The admitted nodes by license, cached page by page.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    nodes: Vec<Option<Admitted>>,
    pages: Vec<PageKey>,
    admitted: usize,
    /// The node that a license had, and until when that is remembered.
    previous: HashMap<LicenseId, (NodeId, u64)>,
}

impl Registry {
    fn admitted_for(&self, license: LicenseId) -> Option<&Admitted> {
        self.nodes.get(as_usize(license.0)).and_then(Option::as_ref)
    }

    /// The node that may beat for `license`.
    pub fn node(&self, license: LicenseId) -> Option<NodeId> {
        self.admitted_for(license).map(|admitted| admitted.node)
    }

    /// Since when this process knows that node.
    pub fn since(&self, license: LicenseId) -> Option<u64> {
        self.admitted_for(license).map(|admitted| admitted.since)
    }

    /// The node that might beat for `license` until lately: others may not know yet that it may no longer.
    pub fn previous(&self, license: LicenseId, now: u64) -> Option<NodeId> {
        self.previous.get(&license).filter(|(_, until)| now < *until).map(|(node, _)| *node)
    }

    /// How many nodes are admitted.
    pub fn admitted(&self) -> usize {
        self.admitted
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (LicenseId, NodeId)> + '_ {
        (0..).map(LicenseId).zip(&self.nodes).filter_map(|(license, admitted)| Some((license, admitted.as_ref()?.node)))
    }

    /// What is cached of each page.
    pub fn pages(&self) -> &[PageKey] {
        &self.pages
    }

    /// Replace one page at `now`. Pages past [`MAX_PAGES`] and licenses of other pages are ignored.
    pub fn set_page(&mut self, page: u32, key: PageKey, admitted: &[(LicenseId, NodeId)], now: u64) {
        if page >= MAX_PAGES {
            return;
        }
        let (index, end) = (as_usize(page), as_usize(page.saturating_add(1).saturating_mul(PAGE_SIZE)));
        if self.pages.len() <= index {
            // A page never read has a key that no revision of the running epoch equals.
            self.pages.resize(index.saturating_add(1), (u32::MAX, EpochIndex(u32::MAX)));
        }
        if let Some(slot) = self.pages.get_mut(index) {
            *slot = key;
        }
        if self.nodes.len() < end {
            self.nodes.resize(end, None);
        }
        let start = end.saturating_sub(as_usize(PAGE_SIZE));
        let mut before: HashMap<LicenseId, Admitted> = HashMap::new();
        let first = page.saturating_mul(PAGE_SIZE);
        for (license, slot) in (first..).map(LicenseId).zip(self.nodes.get_mut(start..end).unwrap_or_default()) {
            if let Some(admitted) = slot.take() {
                self.admitted = self.admitted.saturating_sub(1);
                before.insert(license, admitted);
            }
        }
        for (license, node) in admitted.iter().filter(|(license, _)| license.page() == page) {
            let known = before.get(license).filter(|admitted| admitted.node == *node).copied();
            let slot = self.nodes.get_mut(as_usize(license.0));
            if slot.is_some_and(|slot| slot.replace(known.unwrap_or(Admitted { node: *node, since: now })).is_none()) {
                self.admitted = self.admitted.saturating_add(1);
            }
        }
        self.previous.retain(|_, (_, until)| now < *until);
        for (license, Admitted { node, .. }) in before {
            if self.node(license) != Some(node) {
                self.previous.insert(license, (node, now.saturating_add(PREVIOUS_MS)));
            }
        }
    }
}

/// The last finalised blocks, without gaps.
#[derive(Clone, Debug, Default)]
pub struct FinalisedRing {
    first: u32,
    hashes: VecDeque<Hash>,
}

impl FinalisedRing {
    /// Height of the newest block.
    pub fn head(&self) -> Option<u32> {
        let above = u32::try_from(self.hashes.len()).ok()?.checked_sub(1)?;
        self.first.checked_add(above)
    }

    /// Append the next block and keep no more than `keep`. After a gap the ring begins anew; older blocks are ignored.
    pub fn push(&mut self, block: BlockRef, keep: u32) {
        match self.head() {
            Some(head) if block.number <= head => return,
            Some(head) if block.number == head.saturating_add(1) => {}
            _ => {
                self.hashes.clear();
                self.first = block.number;
            }
        }
        self.hashes.push_back(block.hash);
        while self.hashes.len() > as_usize(keep.clamp(1, MAX_RING)) {
            self.hashes.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// Whether a beat may quote this block: canonical, finalised, at most `max_lag` behind the finalised head. One above
    /// the head is unknown: senders quote a block a little behind their own head, so that oracles slightly behind know it.
    pub fn check_quote(&self, number: u32, hash: &Hash, max_lag: u32) -> Result<(), BeatRefusal> {
        // ADR 0009: behind this head, never behind the clock: a stall of finality must not silence the network.
        let head = self.head().ok_or(BeatRefusal::NotCounting)?;
        let lag = head.checked_sub(number).ok_or(BeatRefusal::UnknownBlock)?;
        if lag > max_lag {
            return Err(BeatRefusal::StaleBlock);
        }
        let known = number.checked_sub(self.first).and_then(|index| self.hashes.get(as_usize(index)));
        if known == Some(hash) {
            Ok(())
        } else {
            Err(BeatRefusal::UnknownBlock)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: u32) -> BlockRef {
        BlockRef { number, hash: Hash::repeat_byte(number as u8) }
    }

    #[test]
    fn quotes_are_canonical_finalised_and_recent() {
        let mut ring = FinalisedRing::default();
        assert_eq!(ring.check_quote(0, &Hash::zero(), 5), Err(BeatRefusal::NotCounting));
        (1..=20).for_each(|n| ring.push(block(n), 6));
        assert_eq!(ring.head(), Some(20));
        assert_eq!(ring.check_quote(20, &block(20).hash, 5), Ok(()));
        assert_eq!(ring.check_quote(15, &block(15).hash, 5), Ok(()));
        assert_eq!(ring.check_quote(14, &block(14).hash, 5), Err(BeatRefusal::StaleBlock));
        assert_eq!(ring.check_quote(21, &block(21).hash, 5), Err(BeatRefusal::UnknownBlock));
        assert_eq!(ring.check_quote(19, &block(20).hash, 5), Err(BeatRefusal::UnknownBlock));
        ring.push(block(30), 6);
        assert_eq!(ring.check_quote(29, &block(29).hash, 5), Err(BeatRefusal::UnknownBlock), "after a gap");
        assert_eq!(ring.check_quote(30, &block(30).hash, 5), Ok(()));
    }

    #[test]
    fn a_page_replaces_what_was_cached_of_it_alone() {
        let mut registry = Registry::default();
        registry.set_page(
            0,
            (1, EpochIndex(1)),
            &[(LicenseId(1), NodeId([1; 32])), (LicenseId(2_000), NodeId([9; 32]))],
            0,
        );
        registry.set_page(1, (1, EpochIndex(1)), &[(LicenseId(1_024), NodeId([2; 32]))], 0);
        assert_eq!(registry.admitted(), 2);
        registry.set_page(0, (2, EpochIndex(1)), &[(LicenseId(3), NodeId([3; 32]))], 0);
        assert_eq!(registry.node(LicenseId(1)), None);
        assert_eq!(registry.node(LicenseId(3)), Some(NodeId([3; 32])));
        assert_eq!(registry.node(LicenseId(1_024)), Some(NodeId([2; 32])));
        assert_eq!(registry.node(LicenseId(2_000)), None);
        assert_eq!(registry.admitted(), 2);
        registry.set_page(MAX_PAGES, (2, EpochIndex(1)), &[], 0);
        assert_eq!(registry.pages().len(), 2);
    }

    #[test]
    fn the_node_before_is_remembered_for_a_while_and_the_same_one_keeps_its_time() {
        let (old, new) = (NodeId([1; 32]), NodeId([2; 32]));
        let (one, other) = (LicenseId(1), LicenseId(2));
        let mut registry = Registry::default();
        let mut set = |nodes: &[(LicenseId, NodeId)], now| {
            registry.set_page(0, (1, EpochIndex(1)), nodes, now);
            registry.clone()
        };
        set(&[(one, old), (other, old)], 100);
        let now = set(&[(one, new), (other, old)], 500);
        assert_eq!((now.since(one), now.since(other)), (Some(500), Some(100)));
        assert_eq!((now.previous(one, 500), now.previous(other, 500)), (Some(old), None));
        assert_eq!(now.previous(one, 500 + PREVIOUS_MS), None);
        let now = set(&[(other, old)], 900);
        assert_eq!((now.previous(one, 900), now.node(one)), (Some(new), None), "who is not admitted any more");
        assert_eq!(now.iter().collect::<Vec<_>>(), [(other, old)]);
        let later = set(&[(other, old)], 900 + PREVIOUS_MS);
        assert!(later.previous.is_empty(), "nothing grows");
    }
}
