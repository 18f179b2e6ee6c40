//! Deeds, their owners, links and grants.

use crate::{account, key};
use codec::{Decode, Encode};
use frame_support::parameter_types;
use ratio1_primitives::{
    refusal::{AdmissionRefusal, KycRefusal},
    traits::{IssueDeeds, LicenseInspect, PageMask},
    Balance, EpochIndex, Grant, License, LicenseClass, LicenseId, Link, NodeId, PAGE_SIZE,
};
use sp_runtime::DispatchError;
use std::{cell::RefCell, collections::BTreeMap};

parameter_types! {
    /// Whether issuing deeds to a buyer fails.
    pub static IssueFails: bool = false;
}

struct Deed {
    license: License,
    owner: Option<Vec<u8>>,
}

#[derive(Default)]
struct Registry {
    deeds: BTreeMap<LicenseId, Deed>,
    count: u32,
    /// How many of them are no Node Deeds.
    others: u32,
    nodes: BTreeMap<NodeId, LicenseId>,
    /// Who was linked when an epoch ended, where that differs from who is linked now; `None` where it is forgotten.
    history: BTreeMap<(u32, EpochIndex), Option<PageMask>>,
    grants: BTreeMap<LicenseId, Grant>,
    /// Licenses whose owners are not in good standing.
    fallen: BTreeMap<LicenseId, KycRefusal>,
}

impl Registry {
    fn deed(&mut self, id: LicenseId) -> &mut Deed {
        self.deeds.get_mut(&id).unwrap_or_else(|| panic!("there is no deed {id:?}"))
    }

    fn insert(&mut self, id: LicenseId, license: License, owner: Option<Vec<u8>>) {
        self.count = self.count.max(id.0 + 1);
        let is_other = |class| u32::from(class != LicenseClass::Node);
        let before = self.deeds.insert(id, Deed { license: License { link: None, ..license }, owner });
        self.others += is_other(license.class);
        self.others -= before.map_or(0, |before| is_other(before.license.class));
        self.link(id, license.link);
    }

    fn link(&mut self, id: LicenseId, link: Option<Link>) {
        let before = core::mem::replace(&mut self.deed(id).license.link, link);
        if let Some(Link { node, .. }) = before.filter(|before| self.nodes.get(&before.node) == Some(&id)) {
            self.nodes.remove(&node);
        }
        if let Some(Link { node, .. }) = link {
            self.nodes.insert(node, id);
        }
    }

    fn linked(&self, page: u32) -> PageMask {
        let mut mask = PageMask::default();
        let first = page.saturating_mul(PAGE_SIZE);
        for (id, deed) in self.deeds.range(LicenseId(first)..LicenseId(first.saturating_add(PAGE_SIZE))) {
            mask.set(id.offset(), deed.license.link.is_some());
        }
        mask
    }
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

pub(crate) fn reset() {
    IssueFails::set(false);
    REGISTRY.set(Registry::default());
}

/// The deeds of a test.
pub struct Deeds;

impl Deeds {
    /// Issue the next deed, not linked.
    pub fn issue(class: LicenseClass, owner: Option<&impl Encode>) -> LicenseId {
        let license = License { class, link: None, link_nonce: 0, last_link: None, banned: false };
        REGISTRY.with_borrow_mut(|r| {
            let id = LicenseId(r.count);
            r.insert(id, license, owner.map(key));
            id
        })
    }

    /// Put a deed in place of whatever there is.
    pub fn insert(id: LicenseId, license: License, owner: &impl Encode) {
        REGISTRY.with_borrow_mut(|r| r.insert(id, license, Some(key(owner))));
    }

    /// There are so many deeds, of which nothing is known but that those not issued here are Node Deeds.
    pub fn set_count(count: u32) {
        REGISTRY.with_borrow_mut(|r| r.count = count);
    }

    /// Give a deed to somebody else.
    pub fn give(id: LicenseId, owner: &impl Encode) {
        REGISTRY.with_borrow_mut(|r| r.deed(id).owner = Some(key(owner)));
    }

    /// Link a deed to a node since epoch 0, or end its link.
    pub fn link(id: LicenseId, node: Option<NodeId>) {
        REGISTRY.with_borrow_mut(|r| r.link(id, node.map(|node| Link { node, since: EpochIndex(0) })));
    }

    /// Change a deed's state.
    pub fn change(id: LicenseId, change: impl FnOnce(&mut License)) {
        REGISTRY.with_borrow_mut(|r| {
            let mut license = r.deed(id).license;
            change(&mut license);
            r.link(id, license.link);
            r.deed(id).license = license;
        });
    }

    /// Ban a deed or let it in again; its link stays.
    pub fn ban(id: LicenseId, banned: bool) {
        Self::change(id, |license| license.banned = banned);
    }

    /// What a Master deed was assigned, and in which epoch.
    pub fn grant(id: LicenseId, assigned: Balance, granted: u32) {
        REGISTRY.with_borrow_mut(|r| r.grants.insert(id, Grant { assigned, granted: EpochIndex(granted) }));
    }

    /// The owner of a deed is not in good standing.
    pub fn fall(id: LicenseId) {
        REGISTRY.with_borrow_mut(|r| r.fallen.insert(id, KycRefusal::Revoked));
    }

    /// The owner of a deed is in good standing again.
    pub fn rise(id: LicenseId) {
        REGISTRY.with_borrow_mut(|r| r.fallen.remove(&id));
    }

    /// Which deeds of a page were linked when an epoch ended; `None`: it is forgotten.
    pub fn remember(page: u32, epoch: u32, mask: Option<PageMask>) {
        REGISTRY.with_borrow_mut(|r| r.history.insert((page, EpochIndex(epoch)), mask));
    }

    /// Whether a deed was linked when an epoch ended.
    pub fn linked_in(epoch: u32, id: LicenseId, linked: bool) {
        let mut mask = linked_at(id.page(), EpochIndex(epoch)).unwrap_or_default();
        mask.set(id.offset(), linked);
        Self::remember(id.page(), epoch, Some(mask));
    }

    /// A deed's state, whatever the type of accounts.
    pub fn state(id: LicenseId) -> Option<License> {
        REGISTRY.with_borrow(|r| r.deeds.get(&id).map(|deed| deed.license))
    }

    /// How many deeds there are, whatever the type of accounts.
    pub fn issued() -> u32 {
        REGISTRY.with_borrow(|r| r.count)
    }

    /// Whose the deeds issued here are, in order.
    pub fn owners<AccountId: Decode>() -> Vec<AccountId> {
        let owner = |deed: &Deed| deed.owner.as_deref().map(account);
        REGISTRY.with_borrow(|r| r.deeds.values().filter_map(owner).collect())
    }
}

fn linked_at(page: u32, epoch: EpochIndex) -> Option<PageMask> {
    REGISTRY.with_borrow(|r| r.history.get(&(page, epoch)).copied().unwrap_or_else(|| Some(r.linked(page))))
}

impl<AccountId: Decode> LicenseInspect<AccountId> for Deeds {
    fn count() -> u32 {
        Self::issued()
    }
    fn license(id: LicenseId) -> Option<License> {
        Self::state(id)
    }
    fn owner(id: LicenseId) -> Option<AccountId> {
        REGISTRY.with_borrow(|r| r.deeds.get(&id).and_then(|deed| deed.owner.as_deref().map(account)))
    }
    fn license_of(node: &NodeId) -> Option<LicenseId> {
        REGISTRY.with_borrow(|r| r.nodes.get(node).copied())
    }
    fn linked(page: u32, epoch: EpochIndex) -> Option<PageMask> {
        linked_at(page, epoch)
    }
    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        REGISTRY.with_borrow(|r| {
            let license = r.nodes.get(node).copied().ok_or(AdmissionRefusal::NotLinked)?;
            r.fallen.get(&license).map_or(Ok(license), |refusal| Err(AdmissionRefusal::Owner(*refusal)))
        })
    }
    fn grant(id: LicenseId) -> Option<Grant> {
        REGISTRY.with_borrow(|r| r.grants.get(&id).copied())
    }
    fn masters(page: u32) -> Vec<(LicenseId, Grant)> {
        let on_page = |(id, grant): (&LicenseId, &Grant)| (id.page() == page).then_some((*id, *grant));
        REGISTRY.with_borrow(|r| r.grants.iter().filter_map(on_page).collect())
    }
    fn master_count(page: u32) -> u32 {
        REGISTRY.with_borrow(|r| r.grants.keys().filter(|id| id.page() == page).count()) as u32
    }
    fn assigned() -> Balance {
        REGISTRY.with_borrow(|r| r.grants.values().map(|grant| grant.assigned).sum())
    }
}

impl<AccountId: Encode> IssueDeeds<AccountId> for Deeds {
    fn node_deeds() -> u32 {
        REGISTRY.with_borrow(|r| r.count - r.others)
    }
    fn issue_node_deeds(owner: &AccountId, units: u32) -> Result<LicenseId, DispatchError> {
        if IssueFails::get() {
            return Err(DispatchError::Other("issuing fails"));
        }
        let first = LicenseId(Self::issued());
        (0..units).for_each(|_| {
            Self::issue(LicenseClass::Node, Some(owner));
        });
        Ok(first)
    }
}
