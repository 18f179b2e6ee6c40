//! What the hot path knows of the finalised chain: the admitted nodes and the recent blocks.

use crate::ports::BlockRef;
use ratio1_primitives::{ballot::MAX_PAGES, heartbeat::BeatRefusal, EpochIndex, Hash, LicenseId, NodeId, PAGE_SIZE};
use std::collections::VecDeque;

/// Recent finalised blocks kept at most, whatever the chain's parameter `K` says.
pub const MAX_RING: u32 = 8_192;

/// Which state of a page is cached: its link revision, and the epoch for which standing was judged.
pub type PageKey = (u32, EpochIndex);

/// The admitted nodes by license, cached page by page.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    nodes: Vec<Option<NodeId>>,
    pages: Vec<PageKey>,
    admitted: usize,
}

impl Registry {
    /// The node that may beat for `license`.
    pub fn node(&self, license: LicenseId) -> Option<NodeId> {
        self.nodes.get(license.0 as usize).copied().flatten()
    }

    /// How many nodes are admitted.
    pub fn admitted(&self) -> usize {
        self.admitted
    }

    /// What is cached of each page.
    pub fn pages(&self) -> &[PageKey] {
        &self.pages
    }

    /// Replace one page. Pages past [`MAX_PAGES`] and licenses of other pages are ignored.
    pub fn set_page(&mut self, page: u32, key: PageKey, admitted: &[(LicenseId, NodeId)]) {
        if page >= MAX_PAGES {
            return;
        }
        let (index, end) = (page as usize, page.saturating_add(1).saturating_mul(PAGE_SIZE) as usize);
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
        let start = end.saturating_sub(PAGE_SIZE as usize);
        for slot in self.nodes.get_mut(start..end).unwrap_or_default() {
            if slot.take().is_some() {
                self.admitted = self.admitted.saturating_sub(1);
            }
        }
        for (license, node) in admitted.iter().filter(|(license, _)| license.page() == page) {
            if let Some(slot) = self.nodes.get_mut(license.0 as usize) {
                if slot.replace(*node).is_none() {
                    self.admitted = self.admitted.saturating_add(1);
                }
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
        while self.hashes.len() > keep.clamp(1, MAX_RING) as usize {
            self.hashes.pop_front();
            self.first = self.first.saturating_add(1);
        }
    }

    /// Whether a beat may quote this block: canonical, finalised, at most `max_lag` behind the finalised head. One above
    /// the head is unknown: senders quote a block a little behind their own head, so that oracles slightly behind know it.
    pub fn check_quote(&self, number: u32, hash: &Hash, max_lag: u32) -> Result<(), BeatRefusal> {
        let head = self.head().ok_or(BeatRefusal::NotCounting)?;
        let lag = head.checked_sub(number).ok_or(BeatRefusal::UnknownBlock)?;
        if lag > max_lag {
            return Err(BeatRefusal::StaleBlock);
        }
        let known = number.checked_sub(self.first).and_then(|index| self.hashes.get(index as usize));
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
        );
        registry.set_page(1, (1, EpochIndex(1)), &[(LicenseId(1_024), NodeId([2; 32]))]);
        assert_eq!(registry.admitted(), 2);
        registry.set_page(0, (2, EpochIndex(1)), &[(LicenseId(3), NodeId([3; 32]))]);
        assert_eq!(registry.node(LicenseId(1)), None);
        assert_eq!(registry.node(LicenseId(3)), Some(NodeId([3; 32])));
        assert_eq!(registry.node(LicenseId(1_024)), Some(NodeId([2; 32])));
        assert_eq!(registry.node(LicenseId(2_000)), None);
        assert_eq!(registry.admitted(), 2);
        registry.set_page(MAX_PAGES, (2, EpochIndex(1)), &[]);
        assert_eq!(registry.pages().len(), 2);
    }
}
