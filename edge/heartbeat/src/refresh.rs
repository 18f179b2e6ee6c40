//! Reads what the hot path needs of the finalised chain, off the hot path: only pages of licenses and services that
//! changed.

use crate::{
    ports::HeartbeatChain,
    registry::{PageKey, MAX_RING},
    services::MAX_SERVICE_PAGES,
};
use ratio1_ports::{BlockRef, ChainError, VoteKeys};
use ratio1_primitives::{
    api::ClockInfo,
    ballot::{Seat, MAX_PAGES},
    jobs::ServiceTerm,
    width::as_usize,
    AccountId, LicenseId, NodeId, VoteId,
};

/// What is known already.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// Height of the newest finalised block known.
    pub head: Option<u32>,
    /// What is cached of each page of licenses.
    pub pages: Vec<PageKey>,
    /// What is cached of each page of services: its revision.
    pub services: Vec<Option<u32>>,
}

/// One page of licenses read anew.
#[derive(Clone, Debug)]
pub struct PageUpdate {
    /// Which.
    pub page: u32,
    /// The state it was read at.
    pub key: PageKey,
    /// Its admitted nodes.
    pub admitted: Vec<(LicenseId, NodeId)>,
}

/// One page of services read anew.
#[derive(Clone, Debug)]
pub struct ServicesUpdate {
    /// Which.
    pub page: u32,
    /// Its revision when it was read.
    pub revision: u32,
    /// Its services.
    pub terms: Vec<ServiceTerm>,
}

/// What changed, as of the finalised head.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// Finalised blocks not known yet, ascending.
    pub blocks: Vec<BlockRef>,
    /// Clock and running epoch.
    pub clock: ClockInfo,
    /// Pages of licenses that changed.
    pub pages: Vec<PageUpdate>,
    /// Pages of services that changed.
    pub services: Vec<ServicesUpdate>,
    /// The current oracles.
    pub oracles: Vec<Seat<AccountId>>,
    /// This node's seat among them.
    pub seat: Option<Seat<AccountId>>,
    /// All vote keys this node holds.
    pub vote_keys: Vec<VoteId>,
    /// Whether the node is far behind its peers.
    pub syncing: bool,
}

impl Refresh {
    /// Read at the finalised head. Blocks the thread for several runtime calls.
    pub fn read(chain: &dyn HeartbeatChain, keys: &dyn VoteKeys, known: &Known) -> Result<Self, ChainError> {
        let head = chain.finalised();
        let clock = chain.clock(head.hash)?;
        let keep = clock.params.max_quote_lag.saturating_add(1).min(MAX_RING);
        let oldest = head.number.saturating_sub(keep.saturating_sub(1));
        let first = known.head.map_or(oldest, |known| known.saturating_add(1).max(oldest));
        let hash = |number| match number == head.number {
            true => Some(head.hash),
            false => chain.finalised_hash(number),
        };
        let blocks =
            (first..=head.number).filter_map(|number| Some(BlockRef { number, hash: hash(number)? })).collect();

        let mut pages = Vec::new();
        let mut revisions = chain.link_revisions(head.hash)?;
        // A page that is gone holds nobody.
        revisions.resize(revisions.len().max(known.pages.len()), 0);
        for (page, revision) in (0..MAX_PAGES).zip(revisions) {
            let key = (revision, clock.current);
            if known.pages.get(as_usize(page)) != Some(&key) {
                pages.push(PageUpdate { page, key, admitted: chain.admitted(head.hash, page)? });
            }
        }
        let services = read_services(chain, head, &known.services)?;
        let oracles = chain.oracles(head.hash)?;
        let vote_keys = keys.vote_keys();
        let seat = oracles.iter().find(|seat| vote_keys.contains(&seat.vote_key)).cloned();
        Ok(Self { blocks, clock, pages, services, oracles, seat, vote_keys, syncing: chain.is_syncing() })
    }
}

fn read_services(
    chain: &dyn HeartbeatChain,
    head: BlockRef,
    known: &[Option<u32>],
) -> Result<Vec<ServicesUpdate>, ChainError> {
    let mut revisions = chain.service_revisions(head.hash)?;
    // A page that is gone holds nothing.
    revisions.resize(revisions.len().max(known.len()), 0);
    let mut updates = Vec::new();
    for (page, revision) in (0..MAX_SERVICE_PAGES).zip(revisions) {
        if known.get(as_usize(page)) != Some(&Some(revision)) {
            updates.push(ServicesUpdate { page, revision, terms: chain.services(head.hash, page)? });
        }
    }
    Ok(updates)
}
