//! A chain of this pallet, the draws and balances. The other neighbours are set by hand; what jobs reserve on nodes is in
//! storage, so that it is rolled back with a step that failed.

mod acts;
mod world;

pub use acts::*;
pub use world::*;

use crate::{self as pallet_jobs, Event, HoldReason, Parameters, SlotState};
use alloc::{boxed::Box, collections::BTreeMap};
use codec::Encode;
use frame_support::{
    derive_impl,
    dispatch::GetDispatchInfo,
    parameter_types, storage_alias,
    traits::{fungible::InspectHold, Authorize, ConstU128, Hooks},
    weights::{Weight, WeightMeter},
    Twox64Concat,
};
pub use ratio1_pallet_testing::{
    BarredUntil, Bound, Burned, Current, Deeds, Epochs, Kyc, LastFinalised, Measured, Nodes, Noted, Now, Open,
    Profiles, Rate, Reputations, Reserved, Threshold,
};
use ratio1_pallet_testing::{Oracles, Rates, Supply, Wallclock};
use ratio1_primitives::{
    economics::{
        price::{Price, USD},
        R1,
    },
    jobs::{
        Capacity, Cid, Client, Gpu, JobRequest, NodeProfile, Outcome, Reputation, Restart, Selectors, SlotRef, Tag,
        Tier,
    },
    keys::{accept_payload, pair::NodePair, resign_payload},
    kyc::{Attestation, Country, EntityId, EntityKind},
    refusal::KycRefusal,
    traits::{BlockRandomness, EpochInspect, KycInspect},
    AccountId, Balance, ClockParams, EpochIndex, Hash, JobId, LicenseClass, LicenseId, NodeId, NodeSignature,
};
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage,
};

type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Jobs: pallet_jobs,
        Draws: pallet_draws,
    }
);

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
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
    type RuntimeHoldReason = RuntimeHoldReason;
}

impl pallet_jobs::Config for Test {
    type AdminOrigin = frame_system::EnsureRoot<AccountId>;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Kyc = Kyc;
    type Price = Rates;
    type Licenses = Deeds;
    type Oracles = Oracles;
    type NodeRegistry = Nodes;
    type Epochs = Epochs;
    type Availability = Measured;
    type Draws = Draws;
    type Time = Wallclock;
    type Supply = Supply;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Scene;
}

impl pallet_draws::Config for Test {
    type Market = Jobs;
    type Kyc = Kyc;
    type Licenses = Deeds;
    type Oracles = Oracles;
    type NodeRegistry = Nodes;
    type Epochs = Epochs;
    type Availability = Measured;
    type Randomness = Randomness;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Scene;
}

/// Milliseconds at which epoch 0 began.
pub const GENESIS: u64 = 1_700_000_000_000;
/// Length of an epoch: twenty blocks.
pub const EPOCH_MS: u64 = 60_000;
/// Length of a block.
pub const BLOCK_MS: u64 = 3_000;
/// The epoch in which tests begin: in its first block. All epochs before it are closed, the last with bytes of 255.
pub const FIRST: u32 = 10;
/// The block in which tests begin.
pub const FIRST_BLOCK: u32 = 201;
/// The threshold of every epoch.
pub const THRESHOLD: u8 = 250;
/// A quarter of a dollar for an R1: a `Low2` node costs four R1 per epoch.
pub const QUARTER: Price = USD / 4;
/// What the requesters begin with.
pub const FUNDS: Balance = 10_000_000 * R1;

/// Epochs that can be open: the oldest lapses where there would be more.
const MAX_OPEN: usize = 32;
/// How old an open epoch can be when another one ends: it lapses.
const MAX_AGE: u32 = 60;

parameter_types! {
    /// What `on_poll` may take.
    pub static PollLimit: Weight = Weight::MAX;
    /// Issuance at genesis.
    pub static Issued: Balance = 0;
    /// Whether to check the chain after every block. Off only where thousands of blocks are made of a checked kind.
    pub static Checked: bool = true;
    /// What was logged as an error: steps that were rolled back, things that cannot be.
    pub static Logged: alloc::vec::Vec<alloc::string::String> = alloc::vec::Vec::new();
}

/// Keeps errors of the thread that logs them.
struct Logger;

impl log::Log for Logger {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        metadata.level() <= log::Level::Error
    }
    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            Logged::mutate(|logged| logged.push(alloc::format!("{}: {}", record.target(), record.args())));
        }
    }
    fn flush(&self) {}
}

fn build(licenses: u32, parameters: Parameters, cheap: bool) -> sp_io::TestExternalities {
    let balances = [alice(), bob(), carol(), stranger()].map(|who| (who, FUNDS)).to_vec();
    let genesis = RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
        jobs: pallet_jobs::GenesisConfig { parameters, ..Default::default() },
    };
    ratio1_pallet_testing::reset();
    let mut ext = sp_io::TestExternalities::new(genesis.build_storage().expect("genesis builds"));
    PollLimit::set(Weight::MAX);
    Checked::set(true);
    Logged::set(Default::default());
    // Fails where it is set already.
    let _ = log::set_logger(&Logger);
    log::set_max_level(log::LevelFilter::Error);
    ext.execute_with(|| {
        Issued::set(Balances::total_issuance());
        System::set_block_number(FIRST_BLOCK);
        Now::set(clock().epoch_start(EpochIndex(FIRST)));
        Epochs::set_clock(clock());
        Epochs::run(FIRST);
        LastFinalised::set(Some(EpochIndex(FIRST - 1)));
        Measured::finalise(FIRST - 1, 0);
        Threshold::set(Some(THRESHOLD));
        Rate::set(Ok(QUARTER));
        attest(&alice(), 1, b"DE", EntityKind::Company);
        attest(&bob(), 2, b"FR", EntityKind::Individual);
        attest(&carol(), 3, b"US", EntityKind::Individual);
        for id in 0..licenses {
            // Nobody signs where there are thousands.
            let key = if cheap { NodeId(account(50_000 + id).into()) } else { node(id) };
            issue_with(LicenseClass::Node, key);
        }
        trust_all();
    });
    ext
}

/// A chain in the first block of epoch [`FIRST`], with `licenses` Node Deeds of full reputation.
pub fn new_test_ext(licenses: u32) -> sp_io::TestExternalities {
    build(licenses, Parameters::default(), false)
}

pub fn with_parameters(licenses: u32, parameters: Parameters) -> sp_io::TestExternalities {
    build(licenses, parameters, false)
}

/// The same, with nodes that cannot sign.
pub fn many_licenses(licenses: u32) -> sp_io::TestExternalities {
    build(licenses, Parameters::default(), true)
}

/// Run a test on `licenses` licenses and check the chain after it.
pub fn run<R>(licenses: u32, test: impl FnOnce() -> R) -> R {
    new_test_ext(licenses).execute_with(|| {
        let result = test();
        check();
        result
    })
}

/// Everything that must always hold: the pallet's own invariants, and the same money and reservations counted here.
pub fn check() {
    let all = Jobs::do_try_state().and_then(|()| Draws::do_try_state());
    all.unwrap_or_else(|error| panic!("block {}: {error:?}", System::block_number()));
    assert!(Logged::get().is_empty(), "nothing goes wrong unseen: {:?}", Logged::get());
    check_issuance();
    let mut held: BTreeMap<AccountId, Balance> = BTreeMap::new();
    let mut slots_of: BTreeMap<JobId, Balance> = BTreeMap::new();
    let mut reserved: BTreeMap<u32, (Capacity, u32)> = BTreeMap::new();
    for (id, _, slot) in crate::Slots::<Test>::iter() {
        let job = crate::Jobs::<Test>::get(id).expect("a slot has a job");
        *held.entry(job.owner).or_default() += slot.held;
        *slots_of.entry(id).or_default() += slot.held;
        let license = match slot.state {
            SlotState::Offered { license, .. } => Some(license),
            SlotState::Running { index } => Some(crate::Services::<Test>::get(index).expect("it is served").license),
            SlotState::Drawing { .. } | SlotState::Ended(_) => None,
        };
        if let Some(license) = license {
            let need = crate::Requests::<Test>::get(id).expect("it is not closed").need();
            let entry = reserved.entry(license.0).or_default();
            *entry = (entry.0.plus(&need).expect("it can be counted"), entry.1 + 1);
        }
    }
    for (id, job) in crate::Jobs::<Test>::iter() {
        assert_eq!(job.ledger.held(), slots_of.get(&id).copied().unwrap_or(0), "{id:?} holds what its slots hold");
        let crate::Ledger { deposited, paid, burned, returned } = job.ledger;
        assert!(paid + burned + returned <= deposited, "{id:?} spends no more than it has");
    }
    for who in [alice(), bob(), carol(), stranger()] {
        let on_hold = Balances::balance_on_hold(&HoldReason::Job.into(), &who);
        assert_eq!(on_hold, held.remove(&who).unwrap_or(0), "what is held of an account");
    }
    assert!(held.is_empty(), "something is held of others: {held:?}");
    assert_eq!(Reserved::iter().collect::<BTreeMap<_, _>>(), reserved, "reservations are of slots");
}

/// Issuance is what there was less what was burned, and somebody has each base unit of it.
pub fn check_issuance() {
    let owned: Balance =
        frame_system::Account::<Test>::iter_values().map(|account| account.data.free + account.data.reserved).sum();
    assert_eq!(owned, Balances::total_issuance(), "somebody has each base unit");
    assert_eq!(owned + Burned::get(), Issued::get(), "what is missing was burned");
}

/// The next block, `BLOCK_MS` after the last one.
pub fn next_block() {
    block_after(BLOCK_MS);
}

/// A block `ms` after the last one.
pub fn block_after(ms: u64) {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    Draws::on_initialize(number);
    Now::mutate(|now| *now += ms);
    tick();
    let mut meter = WeightMeter::with_limit(PollLimit::get());
    Jobs::on_poll(number, &mut meter);
    // Counting the block is not optional.
    let may = PollLimit::get().max(<() as crate::WeightInfo>::poll());
    assert!(meter.consumed().all_lte(may), "on_poll takes what it may");
    if Checked::get() {
        check();
    }
}

/// The epoch that runs.
pub fn running() -> EpochIndex {
    Epochs::current()
}

/// Epochs that ended and are not closed.
pub fn open_epochs() -> alloc::vec::Vec<EpochIndex> {
    Epochs::open_epochs()
}

/// What the availability pallet does when an epoch is over.
fn tick() {
    let (ended, next) = (running(), clock().epoch_at(Now::get()));
    if next <= ended {
        return;
    }
    let services = <Jobs as ratio1_primitives::traits::ServiceInspect>::services();
    let open = open_epochs();
    if let Some(oldest) = open.first().filter(|oldest| open.len() >= MAX_OPEN || oldest.plus(MAX_AGE) <= ended) {
        lapse_epoch(oldest.0);
    }
    Open::mutate(|open| open.insert(ended.0));
    Frozen::insert(ended, services);
    Current::set(next.0);
    if ended.plus(1) < next {
        Jobs::on_lapsed(ended.plus(1), next.minus(1));
    }
}

pub fn blocks(n: u32) {
    (0..n).for_each(|_| next_block());
}

/// Blocks until the first one of `epoch`.
pub fn run_to_epoch(epoch: u32) {
    while running() < EpochIndex(epoch) {
        next_block();
    }
    assert_eq!(running(), EpochIndex(epoch));
}

/// Close an epoch that ended. Services not listed have 255.
pub fn close_epoch(epoch: u32, bytes: &[(u32, u8)]) {
    Epochs::close(epoch);
    Measured::finalise(epoch, Frozen::take(EpochIndex(epoch)).unwrap_or_default());
    bytes.iter().for_each(|(index, byte)| Measured::set_service(epoch, *index, *byte));
    LastFinalised::mutate(|last| *last = (*last).max(Some(EpochIndex(epoch))));
    Jobs::on_finalised(EpochIndex(epoch));
}

/// An epoch that ended lapses.
pub fn lapse_epoch(epoch: u32) {
    Epochs::close(epoch);
    Frozen::remove(EpochIndex(epoch));
    Jobs::on_lapsed(EpochIndex(epoch), EpochIndex(epoch));
}

/// Blocks until the first one of `epoch`; every epoch is closed two blocks after its end, with these bytes.
pub fn run_closing(epoch: u32, bytes: &[(u32, u8)]) {
    while running() < EpochIndex(epoch) {
        next_block();
        if clock().epoch_start(running()) + 2 * BLOCK_MS == Now::get() {
            open_epochs().into_iter().for_each(|open| close_epoch(open.0, bytes));
        }
    }
}

/// Half an epoch in each block, up to `epoch`; every epoch is closed with 255 when it is over.
pub fn run_fast(epoch: u32) {
    while running() < EpochIndex(epoch) {
        open_epochs().into_iter().for_each(|open| close_epoch(open.0, &[]));
        block_after(EPOCH_MS / 2);
    }
}

/// Nobody is drawn any more.
pub fn bar_all() {
    (0..Deeds::issued()).for_each(|id| BarredUntil::insert(id, EpochIndex(u32::MAX)));
}

/// Run through whole epochs until nothing is left of any job, closing all with 255. Nobody else is drawn. Fails if that
/// takes too long.
pub fn run_dry() {
    for _ in 0..2_000 {
        if crate::Slots::<Test>::iter().next().is_none() {
            return;
        }
        bar_all();
        open_epochs().into_iter().for_each(|open| close_epoch(open.0, &[]));
        block_after(EPOCH_MS / 4);
    }
    panic!("not all is closed: {:?}", crate::Slots::<Test>::iter().collect::<alloc::vec::Vec<_>>());
}
