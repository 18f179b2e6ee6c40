//! A chain of this pallet and balances. Attestations, the rate, the pools and the deeds are set by hand.

use crate as pallet_sale;
use alloc::collections::{BTreeMap, BTreeSet};
use frame_support::{derive_impl, parameter_types, traits::ConstU128};
use ratio1_primitives::{
    economics::{
        pools::Pool,
        price::{Price, USD},
        R1,
    },
    kyc::{Attestation, Country, EntityId, EntityKind},
    refusal::{KycRefusal, PriceRefusal},
    traits::{IssueDeeds, KycInspect, Pools, PriceInspect, SupplyLedger},
    Balance, EpochIndex, LicenseClass, LicenseId,
};
use sp_runtime::{BuildStorage, DispatchError, DispatchResult};

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

parameter_types! {
    /// Who is refused. Everybody else is admitted.
    pub static Refused: BTreeMap<u64, KycRefusal> = BTreeMap::new();
    /// Accounts of an entity other than their own.
    pub static Entities: BTreeMap<u64, EntityId> = BTreeMap::new();
    /// Individuals. Everybody else is a company.
    pub static Individuals: BTreeSet<u64> = BTreeSet::new();
    pub static Rate: Result<Price, PriceRefusal> = Ok(QUARTER);
    pub static Wallets: BTreeMap<Pool, u64> = BTreeMap::new();
    /// What the pools were told.
    pub static Deposited: Vec<(Pool, Balance)> = Vec::new();
    /// Whose each deed is, those of a preset included.
    pub static DeedOwners: Vec<u64> = Vec::new();
    /// Deeds of a preset that nobody lists here.
    pub static PresetDeeds: u32 = 0;
    pub static IssueFails: bool = false;
    pub static Burned: Balance = 0;
}

pub fn entity(who: u64) -> EntityId {
    Entities::get().get(&who).copied().unwrap_or_else(|| {
        let mut entity = [0; 32];
        entity[..8].copy_from_slice(&who.to_be_bytes());
        entity
    })
}

pub struct Kyc;
impl KycInspect<u64> for Kyc {
    fn admits(who: &u64) -> Result<Attestation, KycRefusal> {
        if let Some(refusal) = Refused::get().get(who) {
            return Err(*refusal);
        }
        let individual = Individuals::get().contains(who);
        Ok(Attestation {
            entity: entity(*who),
            kind: if individual { EntityKind::Individual } else { EntityKind::Company },
            country: Country(*b"RO"),
            expires: EpochIndex(1_000),
        })
    }
    fn standing(who: &u64, _: EpochIndex) -> Result<Attestation, KycRefusal> {
        Self::admits(who)
    }
}

pub struct Oracle;
impl PriceInspect for Oracle {
    fn rate() -> Result<Price, PriceRefusal> {
        unreachable!("deeds are sold at the lower rate")
    }
    fn lower_rate() -> Result<Price, PriceRefusal> {
        Rate::get()
    }
}

pub struct Wallet;
impl Pools<u64> for Wallet {
    fn account(pool: Pool) -> Option<u64> {
        Wallets::get().get(&pool).copied()
    }
    fn deposited(pool: Pool, amount: Balance) -> DispatchResult {
        Deposited::mutate(|log| log.push((pool, amount)));
        Ok(())
    }
}

pub struct Deeds;
impl IssueDeeds<u64> for Deeds {
    fn node_deeds() -> u32 {
        PresetDeeds::get() + DeedOwners::get().len() as u32
    }
    fn issue_node_deeds(owner: &u64, units: u32) -> Result<LicenseId, DispatchError> {
        if IssueFails::get() {
            return Err(DispatchError::Other("issuing fails"));
        }
        let first = LicenseId(Self::node_deeds());
        DeedOwners::mutate(|owners| owners.extend((0..units).map(|_| *owner)));
        Ok(first)
    }
}

pub struct Supply;
impl SupplyLedger for Supply {
    fn note_burned(amount: Balance) {
        Burned::mutate(|burned| *burned += amount);
    }
    fn minted(_: LicenseClass) -> Balance {
        0
    }
}

impl pallet_sale::Config for Test {
    type Currency = Balances;
    type Kyc = Kyc;
    type Price = Oracle;
    type Pools = Wallet;
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
    Refused::set(BTreeMap::from([(STRANGER, KycRefusal::NotAttested)]));
    Entities::set(BTreeMap::new());
    Individuals::set(BTreeSet::new());
    Rate::set(Ok(QUARTER));
    Wallets::set(BTreeMap::from([(Pool::Liquidity, LIQUIDITY), (Pool::Operations, OPERATIONS)]));
    Deposited::set(Vec::new());
    DeedOwners::set(Vec::new());
    PresetDeeds::set(0);
    IssueFails::set(false);
    Burned::set(0);
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
