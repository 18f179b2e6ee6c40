//! A chain with a real collective, scheduler, preimages, safe mode and pauses.

use crate as pallet_governance;
use crate::{CallName, Instant, Name, Parameters};
use frame_support::{
    derive_impl, parameter_types,
    traits::{Contains, EqualPrivilegeOnly, GetCallMetadata, InsideBoth, OnInitialize, Time},
    weights::Weight,
};
use frame_system::{EnsureNever, EnsureRoot};
use pallet_collective::{EnsureProportionAtLeast, EnsureProportionMoreThan, Instance1};
use sp_runtime::{traits::ConstU32, BuildStorage};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Utility: pallet_utility,
        Council: pallet_collective::<Instance1>,
        Governance: pallet_governance,
        Scheduler: pallet_scheduler,
        Preimage: pallet_preimage,
        SafeMode: pallet_safe_mode,
        TxPause: pallet_tx_pause,
    }
);

parameter_types! {
    pub BlockWeights: frame_system::limits::BlockWeights =
        frame_system::limits::BlockWeights::simple_max(Weight::from_parts(2_000_000_000_000, u64::MAX));
    pub const Half: Weight = Weight::from_parts(1_000_000_000_000, u64::MAX);
    pub const Third: Weight = Weight::from_parts(666_000_000_000, u64::MAX / 3);
    pub const Nothing: Option<u64> = None;
    /// The moment of the block that is being made.
    pub static Moment: u64 = 3_000;
    /// Milliseconds from one block to the next.
    pub static BlockMs: u64 = 3_000;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountData = pallet_balances::AccountData<u64>;
    type BaseCallFilter = InsideBoth<SafeMode, TxPause>;
    type BlockWeights = BlockWeights;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

impl pallet_utility::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = ();
}

impl pallet_collective::Config<Instance1> for Test {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = sp_runtime::traits::ConstU64<20>;
    type MaxProposals = ConstU32<8>;
    type MaxMembers = ConstU32<8>;
    type DefaultVote = pallet_collective::PrimeDefaultVote;
    type WeightInfo = ();
    type SetMembersOrigin = EnsureRoot<u64>;
    type MaxProposalWeight = Half;
    type DisapproveOrigin = EnsureRoot<u64>;
    type KillOrigin = EnsureRoot<u64>;
    type Consideration = ();
}

impl pallet_scheduler::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type MaximumWeight = Half;
    type ScheduleOrigin = EnsureRoot<u64>;
    type OriginPrivilegeCmp = EqualPrivilegeOnly;
    type MaxScheduledPerBlock = ConstU32<50>;
    type WeightInfo = ();
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

impl pallet_preimage::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<u64>;
    type Consideration = ();
}

/// Governance is protected; everything else is not.
pub struct Protected;

fn is_protected(pallet: &[u8]) -> bool {
    [&b"Council"[..], b"Governance", b"System"].contains(&pallet)
}

impl Contains<RuntimeCall> for Protected {
    fn contains(call: &RuntimeCall) -> bool {
        is_protected(call.get_call_metadata().pallet_name.as_bytes())
    }
}

impl Contains<CallName> for Protected {
    fn contains((pallet, _): &CallName) -> bool {
        is_protected(pallet)
    }
}

impl pallet_safe_mode::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WhitelistedCalls = Protected;
    type EnterDuration = sp_runtime::traits::ConstU64<0>;
    type ExtendDuration = sp_runtime::traits::ConstU64<0>;
    type EnterDepositAmount = Nothing;
    type ExtendDepositAmount = Nothing;
    type ForceEnterOrigin = EnsureNever<u64>;
    type ForceExtendOrigin = EnsureNever<u64>;
    type ForceExitOrigin = EnsureRoot<u64>;
    type ForceDepositOrigin = EnsureRoot<u64>;
    type Notify = ();
    type ReleaseDelay = Nothing;
    type WeightInfo = ();
}

impl pallet_tx_pause::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PauseOrigin = EnsureNever<u64>;
    type UnpauseOrigin = EnsureRoot<u64>;
    type WhitelistedCalls = Protected;
    type MaxNameLen = ConstU32<{ crate::MAX_NAME }>;
    type WeightInfo = ();
}

/// The moment set by hand.
pub struct Clock;

impl Time for Clock {
    type Moment = u64;

    fn now() -> u64 {
        Moment::get()
    }
}

impl pallet_governance::Config for Test {
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type DecideOrigin = EnsureProportionAtLeast<u64, Instance1, 2, 3>;
    type UndoOrigin = EnsureProportionMoreThan<u64, Instance1, 1, 2>;
    type AdminOrigin = EnsureRoot<u64>;
    type Time = Clock;
    type MaxMotions = ConstU32<8>;
    type Scheduler = Scheduler;
    type Preimages = Preimage;
    type Pauses = TxPause;
    type SafeMode = SafeMode;
    type MaxWeight = Third;
    type WeightInfo = ();
}

/// Members of the collective.
pub const MEMBERS: [u64; 3] = [1, 2, 3];
/// Somebody with money.
pub const ALICE: u64 = 10;
pub const BOB: u64 = 11;
/// Blocks of the default genesis, at three seconds each.
pub const DELAY: u64 = 12;
pub const PAUSE: u64 = 6;
pub const HALT: u64 = 4;
pub const MINIMUM: u64 = 11;

/// So many blocks in milliseconds.
pub fn ms(blocks: u64) -> u64 {
    blocks * 3_000
}

/// The instant so many blocks from now, on a network in health.
pub fn later(blocks: u64) -> Instant<u64> {
    Governance::now().after(ms(blocks))
}

pub struct ExtBuilder {
    pub genesis: pallet_governance::GenesisConfig<Test>,
}

impl Default for ExtBuilder {
    fn default() -> Self {
        let parameters = Parameters { delay_ms: ms(DELAY), pause_ms: ms(PAUSE), halt_ms: ms(HALT) };
        let genesis =
            pallet_governance::GenesisConfig { minimum_delay: ms(MINIMUM), parameters, _config: Default::default() };
        Self { genesis }
    }
}

impl ExtBuilder {
    pub fn build(self) -> sp_io::TestExternalities {
        let genesis = RuntimeGenesisConfig {
            balances: pallet_balances::GenesisConfig { balances: vec![(ALICE, 1_000_000)], ..Default::default() },
            council: pallet_collective::GenesisConfig { members: MEMBERS.to_vec(), ..Default::default() },
            governance: self.genesis,
            ..Default::default()
        };
        let mut ext = sp_io::TestExternalities::new(genesis.build_storage().expect("genesis builds"));
        ext.execute_with(|| System::set_block_number(1));
        ext
    }
}

/// Run a test on the default genesis and check the invariants after it.
pub fn run(test: impl FnOnce()) {
    ExtBuilder::default().build().execute_with(|| {
        test();
        Governance::do_try_state().expect("invariants hold");
    });
}

pub fn now() -> u64 {
    System::block_number()
}

/// Begin the next block.
pub fn next_block() {
    Governance::do_try_state().expect("invariants hold");
    System::finalize();
    System::reset_events();
    Moment::mutate(|moment| *moment += BlockMs::get());
    System::initialize(&(now() + 1), &Default::default(), &Default::default());
    AllPalletsWithSystem::on_initialize(now());
    Governance::do_try_state().expect("invariants hold");
}

/// Begin blocks until this one.
pub fn run_to(block: u64) {
    while now() < block {
        next_block();
    }
}

/// So many of the collective.
pub fn council(ayes: u32) -> RuntimeOrigin {
    pallet_collective::RawOrigin::Members(ayes, MEMBERS.len() as u32).into()
}

pub fn name(pallet: &str, call: &str) -> CallName {
    let bounded = |text: &str| Name::try_from(text.as_bytes().to_vec()).expect("a short name");
    (bounded(pallet), bounded(call))
}
