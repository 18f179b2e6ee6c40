//! A chain of balances and this pallet; the epoch is set by hand.

use crate as pallet_pools;
use frame_support::{
    derive_impl,
    traits::{fungible::Mutate, ConstU128},
};
pub use ratio1_pallet_testing::{Current, Epochs};
use ratio1_primitives::{economics::pools::Pool, traits::Pools as _, Balance};
use sp_runtime::BuildStorage;

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
    pub type Pools = pallet_pools::Pallet<Test>;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type AccountStore = System;
    type ExistentialDeposit = ConstU128<1>;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Scene;

#[cfg(feature = "runtime-benchmarks")]
impl pallet_pools::benchmarking::BenchmarkHelper for Scene {
    fn run_epoch(epoch: ratio1_primitives::EpochIndex) {
        Epochs::run(epoch.0);
    }
}

impl pallet_pools::Config for Test {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type AdminOrigin = frame_system::EnsureRoot<u64>;
    type Epochs = Epochs;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Scene;
}

pub const LIQUIDITY: u64 = 1;
pub const OPERATIONS: u64 = 2;
pub const FOUNDATION: u64 = 3;
/// Has neither balance nor provider reference.
pub const ALICE: u64 = 10;

/// Three wallets, no R1.
pub fn new_test_ext() -> sp_io::TestExternalities {
    build(pallet_pools::GenesisConfig {
        liquidity: Some(LIQUIDITY),
        operations: Some(OPERATIONS),
        foundation: Some(FOUNDATION),
    })
}

pub fn build(pools: pallet_pools::GenesisConfig<Test>) -> sp_io::TestExternalities {
    ratio1_pallet_testing::reset();
    let genesis = RuntimeGenesisConfig { system: Default::default(), balances: Default::default(), pools };
    let mut ext = sp_io::TestExternalities::new(genesis.build_storage().expect("genesis builds"));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Run a test on the default genesis and check the invariants after it.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check();
    });
}

pub fn check() {
    Pools::do_try_state().expect("invariants hold");
}

/// The epoch `n` runs.
pub fn epoch(n: u32) {
    check();
    Epochs::run(n);
}

/// Mint to a pool, as the Genesis deed does.
pub fn fill(pool: Pool, amount: Balance) {
    let account = Pools::account(pool).expect("the pool has a wallet");
    if amount > 0 {
        Balances::mint_into(&account, amount).expect("minting succeeds");
    }
    Pools::deposited(pool, amount).expect("the pool takes it");
    check();
}
