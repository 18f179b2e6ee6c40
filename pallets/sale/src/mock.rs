//! A chain of this pallet and balances. Attestations, the rate, the pools and the deeds are set by hand.

use crate as pallet_sale;
use frame_support::{derive_impl, traits::ConstU128};
pub use ratio1_pallet_testing::{Burned, Deeds, Deposited, IssueFails, Kyc, LowerRate, Rates, Supply, Vaults};
use ratio1_primitives::{
    economics::{
        pools::Pool,
        price::{Price, USD},
        R1,
    },
    kyc::{EntityId, EntityKind},
    refusal::KycRefusal,
    Balance,
};
use sp_runtime::BuildStorage;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Sale: pallet_sale,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
}

pub const ALICE: u64 = 1;
pub const BOB: u64 = 2;
pub const STRANGER: u64 = 99;
pub const LIQUIDITY: u64 = 1_000_001;
pub const OPERATIONS: u64 = 1_000_002;
/// What the buyers begin with: enough for whatever one may spend at [`QUARTER`].
pub const FUNDS: Balance = 10_000_000 * R1;
/// A quarter of a dollar.
pub const QUARTER: Price = USD / 4;

pub fn entity(who: u64) -> EntityId {
    Kyc::entity(&who)
}

/// These accounts are individuals. Everybody else is a company.
pub fn individuals(who: &[u64]) {
    who.iter().for_each(|who| Kyc::change(who, |attestation| attestation.kind = EntityKind::Individual));
}

/// The wallets that are paid.
pub fn open_wallets() {
    Vaults::open(Pool::Liquidity, &LIQUIDITY);
    Vaults::open(Pool::Operations, &OPERATIONS);
}

impl pallet_sale::Config for Test {
    type Currency = Balances;
    type Kyc = Kyc;
    type Price = Rates;
    type Pools = Vaults;
    type Deeds = Deeds;
    type Supply = Supply;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Ready;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Ready;
#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64> for Ready {
    fn ready(_: &u64) {}
}

pub fn ext() -> sp_io::TestExternalities {
    ratio1_pallet_testing::reset();
    Kyc::admit_all(EntityKind::Company);
    Kyc::refuse(&STRANGER, KycRefusal::NotAttested);
    LowerRate::set(Ok(QUARTER));
    open_wallets();
    let balances = [ALICE, BOB, 3, 4, STRANGER].map(|who| (who, FUNDS)).to_vec();
    let genesis = RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
    };
    let mut ext = sp_io::TestExternalities::new(genesis.build_storage().expect("genesis builds"));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Run a test and check the invariants after it.
pub fn run<R>(test: impl FnOnce() -> R) -> R {
    ext().execute_with(|| {
        let outcome = test();
        Sale::do_try_state().expect("invariants hold");
        outcome
    })
}
