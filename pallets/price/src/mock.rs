//! A chain of this pallet alone; the epoch is set by hand.

use crate as pallet_price;
use frame_support::derive_impl;
pub use ratio1_pallet_testing::{Current, Epochs};
use ratio1_primitives::{economics::price::Price as Usd, EpochIndex};
use sp_runtime::BuildStorage;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Price: pallet_price,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
}

impl pallet_price::Config for Test {
    type AdminOrigin = frame_system::EnsureRoot<u64>;
    type Epochs = Epochs;
    type WeightInfo = ();
}

pub fn new_test_ext(administered: Option<Usd>) -> sp_io::TestExternalities {
    ratio1_pallet_testing::reset();
    let price = pallet_price::GenesisConfig { administered, ..Default::default() };
    let storage = RuntimeGenesisConfig { system: Default::default(), price }.build_storage();
    let mut ext = sp_io::TestExternalities::new(storage.expect("genesis builds"));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

/// Run a test on a chain that begins with this rate, and check the invariants after it.
pub fn run(administered: Option<Usd>, test: impl FnOnce()) {
    new_test_ext(administered).execute_with(|| {
        test();
        Price::do_try_state().expect("invariants hold");
    });
}

/// The epoch `n` runs.
pub fn epoch(n: u32) {
    Price::do_try_state().expect("invariants hold");
    Epochs::run(n);
}

/// In epoch `n` the median of the epoch before is final.
pub fn post_in(n: u32, median: Usd) {
    epoch(n);
    Price::post(EpochIndex(n - 1), median);
    Price::do_try_state().expect("invariants hold");
}
