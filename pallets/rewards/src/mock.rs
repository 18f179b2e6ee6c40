//! A runtime with balances and this pallet; deeds and pools in memory.

use crate as pallet_rewards;
use core::cell::RefCell;
use frame_support::{derive_impl, traits::ConstU128};
use ratio1_primitives::{
    economics::{pools::Pool, R1},
    refusal::AdmissionRefusal,
    traits::{LicenseInspect, PageMask, Pools},
    AccountId, Balance, EpochIndex, Grant, License, LicenseClass, LicenseId, Link, NodeId, PAGE_SIZE,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, DispatchResult};
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
    type Pools = Vaults;
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
    grants: BTreeMap<LicenseId, Grant>,
}

/// What was said to have come to the pools, and the one pool that has no account or refuses what comes.
#[derive(Default)]
struct Chest {
    deposited: BTreeMap<Pool, Balance>,
    nameless: Option<Pool>,
    closed: Option<Pool>,
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
    static CHEST: RefCell<Chest> = RefCell::default();
}

/// Pools in memory, each with an account of its own.
pub struct Vaults;

impl Vaults {
    pub fn nameless(pool: Option<Pool>) {
        CHEST.with_borrow_mut(|c| c.nameless = pool);
    }

    pub fn closed(pool: Option<Pool>) {
        CHEST.with_borrow_mut(|c| c.closed = pool);
    }

    pub fn deposits() -> [Balance; 5] {
        CHEST.with_borrow(|c| Pool::ALL.map(|pool| c.deposited.get(&pool).copied().unwrap_or(0)))
    }

    pub fn balances() -> [Balance; 5] {
        Pool::ALL.map(|pool| Balances::free_balance(account(200 + pool as u8)))
    }
}

impl Pools<AccountId> for Vaults {
    fn account(pool: Pool) -> Option<AccountId> {
        let nameless = CHEST.with_borrow(|c| c.nameless);
        (nameless != Some(pool)).then(|| account(200 + pool as u8))
    }
    fn deposited(pool: Pool, amount: Balance) -> DispatchResult {
        CHEST.with_borrow_mut(|c| {
            if c.closed == Some(pool) {
                return Err(DispatchError::Other("closed"));
            }
            *c.deposited.entry(pool).or_default() += amount;
            Ok(())
        })
    }
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
            if class == LicenseClass::Master {
                r.grants.insert(id, Grant { assigned: ASSIGNED, granted: EpochIndex(0) });
            }
            id
        })
    }

    pub fn regrant(id: LicenseId, assigned: Balance, granted: u32) {
        REGISTRY.with_borrow_mut(|r| r.grants.insert(id, Grant { assigned, granted: EpochIndex(granted) }));
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
            for (offset, (deed, _)) in r.deeds.iter().skip(page as usize * PAGE_SIZE as usize).take(1024).enumerate() {
                mask.set(offset as u32, deed.link.is_some());
            }
            Some(mask)
        })
    }
    fn admission(_: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        Err(AdmissionRefusal::NotLinked)
    }
    fn grant(id: LicenseId) -> Option<Grant> {
        REGISTRY.with_borrow(|r| r.grants.get(&id).copied())
    }
    fn masters(page: u32) -> Vec<(LicenseId, Grant)> {
        REGISTRY.with_borrow(|r| r.grants.iter().map(|(id, g)| (*id, *g)).filter(|(id, _)| id.page() == page).collect())
    }
    fn master_count(page: u32) -> u32 {
        Self::masters(page).len() as u32
    }
    fn assigned() -> Balance {
        REGISTRY.with_borrow(|r| r.grants.values().map(|grant| grant.assigned).sum())
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Deeds {
    fn pools() {}
    fn genesis_deed() -> LicenseId {
        if Deeds::count() == 0 {
            Deeds::issue(LicenseClass::Genesis, Some(account(0)));
        }
        LicenseId(0)
    }
    fn node_deed(owner: &AccountId) -> LicenseId {
        Self::genesis_deed();
        Deeds::issue(LicenseClass::Node, Some(owner.clone()))
    }
    fn master_deed(owner: &AccountId) -> LicenseId {
        Self::genesis_deed();
        Deeds::issue(LicenseClass::Master, Some(owner.clone()))
    }
    fn linked_page(_: EpochIndex, masters: u32) {
        Self::master_pages(1, masters);
    }
    fn master_pages(pages: u32, masters: u32) {
        // One benchmark runs many times, and only storage is reset in between.
        REGISTRY.set(Registry::default());
        Self::genesis_deed();
        while Deeds::count() < pages * PAGE_SIZE {
            let class = match Deeds::count() + masters >= pages * PAGE_SIZE {
                true => LicenseClass::Master,
                false => LicenseClass::Node,
            };
            Deeds::issue(class, None);
        }
    }
}

/// What a Master deed of this mock is assigned, in epoch 0, unless a test says otherwise.
pub const ASSIGNED: Balance = 80_000 * R1;

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
    CHEST.set(Chest::default());
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
