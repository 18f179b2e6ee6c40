//! A runtime with balances and this pallet; deeds and pools in memory.

use crate as pallet_rewards;
use frame_support::{derive_impl, traits::ConstU128};
pub use ratio1_pallet_testing::{Deeds, Refusing, Vaults};
use ratio1_primitives::{
    economics::{pools::Pool, R1},
    AccountId, Balance, EpochIndex, LicenseClass, LicenseId, NodeId, PAGE_SIZE,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage};

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
    type BenchmarkHelper = Scene;
}

/// The account of a pool.
fn vault(pool: Pool) -> AccountId {
    account(200 + pool as u8)
}

/// Every pool has an account of its own, but this one.
pub fn name_pools(but: Option<Pool>) {
    Pool::ALL.into_iter().for_each(|pool| Vaults::open(pool, &vault(pool)));
    but.into_iter().for_each(Vaults::close);
}

/// What the pools were told.
pub fn deposits() -> [Balance; 5] {
    Pool::ALL.map(Vaults::received)
}

/// What is on the pools' accounts.
pub fn vaults() -> [Balance; 5] {
    Pool::ALL.map(|pool| Balances::free_balance(vault(pool)))
}

/// Issue the next deed, linked.
pub fn issue(class: LicenseClass, owner: Option<AccountId>) -> LicenseId {
    let license = Deeds::issue(class, owner.as_ref());
    Deeds::link(license, Some(NodeId([0; 32])));
    if class == LicenseClass::Master {
        Deeds::grant(license, ASSIGNED, 0);
    }
    license
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Scene;

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper<AccountId> for Scene {
    fn pools() {}
    fn genesis_deed() -> LicenseId {
        if Deeds::issued() == 0 {
            issue(LicenseClass::Genesis, Some(account(0)));
        }
        LicenseId(0)
    }
    fn node_deed(owner: &AccountId) -> LicenseId {
        Self::genesis_deed();
        issue(LicenseClass::Node, Some(owner.clone()))
    }
    fn master_deed(owner: &AccountId) -> LicenseId {
        Self::genesis_deed();
        issue(LicenseClass::Master, Some(owner.clone()))
    }
    fn linked_page(_: EpochIndex, masters: u32) {
        Self::master_pages(1, masters);
    }
    fn master_pages(pages: u32, masters: u32) {
        // One benchmark runs many times, and only storage is reset in between.
        ratio1_pallet_testing::reset();
        name_pools(None);
        Self::genesis_deed();
        while Deeds::issued() < pages * PAGE_SIZE {
            let class = match Deeds::issued() + masters >= pages * PAGE_SIZE {
                true => LicenseClass::Master,
                false => LicenseClass::Node,
            };
            issue(class, None);
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
    ratio1_pallet_testing::reset();
    name_pools(None);
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
    issue(LicenseClass::Genesis, Some(account(0)));
    issue(LicenseClass::Master, Some(account(1)));
    for n in 2..5 {
        issue(LicenseClass::Node, Some(account(n)));
    }
}

pub fn check() {
    Rewards::do_try_state().expect("the invariants hold");
}
