//! A chain of this pallet alone; the epoch is set by hand.

use crate::{self as pallet_kyc, Parameters};
use frame_support::{derive_impl, parameter_types};
pub use ratio1_pallet_testing::{Epochs, Oracles};
use ratio1_primitives::kyc::{Country, EntityKind};
use sp_core::H256;
use sp_runtime::BuildStorage;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Kyc: pallet_kyc,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
}

parameter_types! {
    pub const Delay: u32 = DELAY;
}

/// Epochs from a revocation to the end of standing.
pub const DELAY: u32 = 2;

/// Revocations of a registrar in an epoch.
pub const CAP: u32 = 3;
/// Accounts of an entity.
pub const ACCOUNTS: u32 = 3;

impl pallet_kyc::Config for Test {
    type AdminOrigin = frame_system::EnsureRoot<u64>;
    type Epochs = Epochs;
    type Oracles = Oracles;
    type RevocationDelay = Delay;
    type WeightInfo = ();
}

pub const REGISTRAR: u64 = 1;
pub const OTHER_REGISTRAR: u64 = 2;
pub const ALICE: u64 = 10;
pub const BOB: u64 = 11;
pub const CAROL: u64 = 12;
pub const DAVE: u64 = 13;
pub const POOL: u64 = 20;
/// Attested by genesis, expires in epoch 50.
pub const FOUNDER: u64 = 30;

pub const RO: Country = Country(*b"RO");
pub const IT: Country = Country(*b"IT");
/// On the list from the beginning.
pub const KP: Country = Country(*b"KP");

pub struct ExtBuilder {
    pub genesis: pallet_kyc::GenesisConfig<Test>,
}

impl Default for ExtBuilder {
    fn default() -> Self {
        let genesis = pallet_kyc::GenesisConfig {
            parameters: Parameters { revocations_per_epoch: CAP, accounts_per_entity: ACCOUNTS },
            registrars: vec![REGISTRAR, OTHER_REGISTRAR],
            attestations: vec![(FOUNDER, H256([30; 32]), EntityKind::Company, RO, 50)],
            prohibited: vec![KP],
            providers: vec![POOL, FOUNDER],
        };
        Self { genesis }
    }
}

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        ratio1_pallet_testing::reset();
        let storage = RuntimeGenesisConfig { system: Default::default(), kyc: self.genesis }.build_storage();
        let mut ext = sp_io::TestExternalities::new(storage.expect("genesis builds"));
        ext.execute_with(|| System::set_block_number(1));
        ext
    }
}

/// Run a test on the default genesis and check the invariants after it.
pub fn run(test: impl FnOnce()) {
    ExtBuilder::default().build().execute_with(|| {
        test();
        Kyc::do_try_state().expect("invariants hold");
    });
}

/// The epoch `n` runs.
pub fn epoch(n: u32) {
    Kyc::do_try_state().expect("invariants hold");
    Epochs::run(n);
}
