//! A runtime with balances and this pallet, and deeds in memory.

use crate as pallet_rewards;
use core::cell::RefCell;
use frame_support::{derive_impl, traits::ConstU128};
use ratio1_primitives::{
    refusal::AdmissionRefusal,
    traits::{LicenseInspect, OnEpochFinalised, PageMask},
    AccountId, Balance, EpochIndex, License, LicenseClass, LicenseId, Link, NodeId, PAGE_SIZE,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage};
use std::collections::BTreeMap;

pub type Block = sp_runtime::generic::Block<
    ratio1_primitives::Header,
    sp_runtime::generic::UncheckedExtrinsic<
        AccountId,
        RuntimeCall,
        ratio1_primitives::Signature,
        frame_system::AuthorizeCall<Test>,
    >,
>;

#[frame_support::runtime]
mod runtime {
    #[runtime::runtime]
    #[runtime::derive(
        RuntimeCall,
        RuntimeEvent,
        RuntimeError,
        RuntimeOrigin,
        RuntimeFreezeReason,
        RuntimeHoldReason,
        RuntimeSlashReason,
        RuntimeLockId,
        RuntimeTask,
        RuntimeViewFunction
    )]
    pub struct Test;

    #[runtime::pallet_index(0)]
    pub type System = frame_system::Pallet<Test>;
    #[runtime::pallet_index(1)]
    pub type Balances = pallet_balances::Pallet<Test>;
    #[runtime::pallet_index(2)]
    pub type Rewards = pallet_rewards::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type AccountStore = System;
    type ExistentialDeposit = ConstU128<1>;
    type DustRemoval = pallet_rewards::CountedBurn<Test>;
}

impl pallet_rewards::Config for Test {
    type Currency = Balances;
    type Licenses = Deeds;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Deeds;
}

#[derive(Default)]
struct Registry {
    deeds: Vec<(License, Option<AccountId>)>,
    /// Who was linked when an epoch ended, where that differs from who is linked now.
    history: BTreeMap<(u32, EpochIndex), PageMask>,
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

/// Deeds in memory. The first is the Genesis deed.
pub struct Deeds;

impl Deeds {
    pub fn issue(class: LicenseClass, owner: Option<AccountId>) -> LicenseId {
        REGISTRY.with_borrow_mut(|r| {
            let id = LicenseId(r.deeds.len() as u32);
            let link = Some(Link { node: NodeId([0; 32]), since: EpochIndex(0) });
            let license = License { class, link, link_nonce: 1, last_link: None, banned: false };
            r.deeds.push((license, owner));
            id
        })
    }

    pub fn ban(id: LicenseId, banned: bool) {
        REGISTRY.with_borrow_mut(|r| r.deeds[id.0 as usize].0.banned = banned);
    }

    pub fn linked_in(epoch: u32, id: LicenseId, linked: bool) {
        let mut mask = Self::linked(id.page(), EpochIndex(epoch)).unwrap_or_default();
        mask.set(id.offset(), linked);
        REGISTRY.with_borrow_mut(|r| r.history.insert((id.page(), EpochIndex(epoch)), mask));
    }
}

impl LicenseInspect<AccountId> for Deeds {
    fn count() -> u32 {
        REGISTRY.with_borrow(|r| r.deeds.len() as u32)
    }
    fn license(id: LicenseId) -> Option<License> {
        REGISTRY.with_borrow(|r| r.deeds.get(id.0 as usize).map(|d| d.0))
    }
    fn owner(id: LicenseId) -> Option<AccountId> {
        REGISTRY.with_borrow(|r| r.deeds.get(id.0 as usize).and_then(|d| d.1.clone()))
    }
    fn license_of(_: &NodeId) -> Option<LicenseId> {
        None
    }
    fn linked(page: u32, epoch: EpochIndex) -> Option<PageMask> {
        REGISTRY.with_borrow(|r| {
            if let Some(mask) = r.history.get(&(page, epoch)) {
                return Some(*mask);
            }
            let mut mask = PageMask::default();
            for (offset, (deed, _)) in r.deeds.iter().skip((page * PAGE_SIZE) as usize).take(1024).enumerate() {
                mask.set(offset as u32, deed.link.is_some());
            }
            Some(mask)
        })
    }
    fn admission(_: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        Err(AdmissionRefusal::NotLinked)
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Deeds {
    fn node_deed(owner: &AccountId) -> LicenseId {
        while Deeds::count() < PAGE_SIZE {
            Deeds::issue(LicenseClass::Node, None);
        }
        Deeds::issue(LicenseClass::Node, Some(owner.clone()))
    }
    fn linked_page(_: u32, _: EpochIndex) {
        while Deeds::count() < PAGE_SIZE {
            Deeds::issue(LicenseClass::Node, None);
        }
    }
}

pub fn account(n: u8) -> AccountId {
    AccountId::new([n; 32])
}

/// Hand an epoch's bytes on, page by page, as the availability pallet does.
pub fn finalise(epoch: u32, bytes: &[u8]) {
    for (page, bytes) in bytes.chunks(PAGE_SIZE as usize).enumerate() {
        Rewards::on_page(EpochIndex(epoch), page as u32, bytes);
    }
}

/// Zero issuance, no deeds.
pub fn new_test_ext() -> sp_io::TestExternalities {
    REGISTRY.set(Registry::default());
    let storage = RuntimeGenesisConfig::default().build_storage().expect("the default genesis is valid");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Run on a fresh chain with the Genesis deed, a Master deed and Node Deeds 2, 3, 4 of accounts 2, 3, 4; check the
/// invariants at the end.
pub fn with_deeds(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        issue_deeds();
        test();
        check();
    });
}

pub fn issue_deeds() {
    Deeds::issue(LicenseClass::Genesis, Some(account(0)));
    Deeds::issue(LicenseClass::Master, Some(account(1)));
    for n in 2..5 {
        Deeds::issue(LicenseClass::Node, Some(account(n)));
    }
}

pub fn check() {
    Rewards::do_try_state().expect("the invariants hold");
}
