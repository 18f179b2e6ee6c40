//! A chain of this pallet and balances. The neighbours are a small true world in storage: what a failed step did to them is
//! rolled back like everything else.
//!
//! Every license `i` has an owner, an entity and a node of its own, unless a test says otherwise.

use crate::{self as pallet_jobs, Event, HoldReason, Parameters, SlotState};
use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
};
use codec::{Decode, Encode};
use frame_support::{
    derive_impl,
    dispatch::GetDispatchInfo,
    parameter_types, storage_alias,
    traits::{fungible::InspectHold, Authorize, ConstU128, Hooks, Time},
    weights::{Weight, WeightMeter},
    Twox64Concat,
};
use ratio1_primitives::{
    ballot::{Page, Seat},
    economics::{
        price::{Price, USD},
        R1,
    },
    jobs::{
        Capacity, Cid, Gpu, JobRequest, NodeProfile, Outcome, Reputation, Restart, Selectors, SlotRef, Tag, Tier,
        BARRED_EPOCHS, MAX_SLOTS_PER_NODE,
    },
    keys::{accept_payload, pair::NodePair, resign_payload},
    kyc::{Attestation, Country, EntityId, EntityKind},
    refusal::{AdmissionRefusal, KycRefusal, PriceRefusal},
    traits::{
        AvailabilityProvider, BlockRandomness, ClockInspect, EpochInspect, KycInspect, LicenseInspect, OracleInspect,
        PageMask, PriceInspect, SupplyLedger, Workers,
    },
    AccountId, Balance, BlockNumber, ClockParams, EpochIndex, Grant, Hash, JobId, License, LicenseClass, LicenseId,
    Link, NodeId, NodeSignature, PAGE_SIZE,
};
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage, DispatchError, DispatchResult,
};

type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Jobs: pallet_jobs,
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
    type Kyc = World;
    type Price = World;
    type Licenses = World;
    type Oracles = World;
    type Workers = World;
    type Epochs = World;
    type Availability = World;
    type Randomness = World;
    type Time = World;
    type Supply = World;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = World;
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

/// What a deed of the world is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Deed {
    pub owner: AccountId,
    pub state: License,
    pub oracle: bool,
}

/// What a node declared, and before that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Declared {
    pub node: NodeId,
    pub since: u32,
    pub profile: NodeProfile,
    pub before: Option<(NodeProfile, u32)>,
}

#[storage_alias]
pub type Deeds = StorageMap<Mock, Twox64Concat, u32, Deed>;
#[storage_alias]
pub type DeedCount = StorageValue<Mock, u32, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Nodes = StorageMap<Mock, Twox64Concat, NodeId, LicenseId>;
#[storage_alias]
pub type Attested = StorageMap<Mock, Twox64Concat, AccountId, Attestation>;
/// Who may begin nothing.
#[storage_alias]
pub type Refused = StorageMap<Mock, Twox64Concat, AccountId, KycRefusal>;
/// Who may not go on either.
#[storage_alias]
pub type Fallen = StorageMap<Mock, Twox64Concat, AccountId, KycRefusal>;
#[storage_alias]
pub type Rate = StorageValue<Mock, Result<Price, PriceRefusal>>;
#[storage_alias]
pub type Profiles = StorageMap<Mock, Twox64Concat, u32, Declared>;
#[storage_alias]
pub type Reserved = StorageMap<Mock, Twox64Concat, u32, (Capacity, u32)>;
#[storage_alias]
pub type Reputations = StorageMap<Mock, Twox64Concat, u32, Reputation>;
#[storage_alias]
pub type BarredUntil = StorageMap<Mock, Twox64Concat, u32, EpochIndex>;
/// What jobs noted, oldest first.
#[storage_alias]
pub type Noted = StorageValue<Mock, alloc::vec::Vec<(LicenseId, Outcome)>, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Now = StorageValue<Mock, u64, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Running = StorageValue<Mock, EpochIndex, frame_support::pallet_prelude::ValueQuery>;
/// Epochs that ended and are not closed.
#[storage_alias]
pub type Open = StorageValue<Mock, BTreeSet<EpochIndex>, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type LastFinalised = StorageValue<Mock, EpochIndex>;
/// Finalised epochs: how many services were voted about, and the bytes of those that have not 255.
#[storage_alias]
pub type Finals = StorageMap<Mock, Twox64Concat, EpochIndex, (u32, BTreeMap<u32, u8>)>;
/// How many services there were at the end of an epoch.
#[storage_alias]
pub type Frozen = StorageMap<Mock, Twox64Concat, EpochIndex, u32>;
/// Up to which height those who measured an epoch knew the chain, if not all of it.
#[storage_alias]
pub type Known = StorageMap<Mock, Twox64Concat, EpochIndex, BlockNumber>;
/// Bytes of licenses that are not 255.
#[storage_alias]
pub type LicenseBytes = StorageMap<Mock, Twox64Concat, (EpochIndex, u32), u8>;
/// VRF outputs that are not those of the salt.
#[storage_alias]
pub type Vrf = StorageMap<Mock, Twox64Concat, u32, [u8; 32]>;
#[storage_alias]
pub type Salt = StorageValue<Mock, u64, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type BurnedTotal = StorageValue<Mock, Balance, frame_support::pallet_prelude::ValueQuery>;

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

/// All neighbours.
pub struct World;

impl Time for World {
    type Moment = u64;
    fn now() -> u64 {
        Now::get()
    }
}

impl KycInspect<AccountId> for World {
    fn admits(who: &AccountId) -> Result<Attestation, KycRefusal> {
        match (Fallen::get(who), Refused::get(who)) {
            (Some(refusal), _) | (_, Some(refusal)) => Err(refusal),
            _ => Attested::get(who).ok_or(KycRefusal::NotAttested),
        }
    }
    fn standing(who: &AccountId, epoch: EpochIndex) -> Result<Attestation, KycRefusal> {
        assert_eq!(epoch, Running::get(), "standing is asked for the running epoch only");
        match Fallen::get(who) {
            Some(refusal) => Err(refusal),
            None => Attested::get(who).ok_or(KycRefusal::NotAttested),
        }
    }
}

impl PriceInspect for World {
    fn rate() -> Result<Price, PriceRefusal> {
        Rate::get().unwrap_or(Err(PriceRefusal::Missing))
    }
    fn lower_rate() -> Result<Price, PriceRefusal> {
        panic!("jobs are priced at the rate")
    }
}

impl LicenseInspect<AccountId> for World {
    fn count() -> u32 {
        DeedCount::get()
    }
    fn license(id: LicenseId) -> Option<License> {
        Deeds::get(id.0).map(|deed| deed.state)
    }
    fn owner(id: LicenseId) -> Option<AccountId> {
        Deeds::get(id.0).map(|deed| deed.owner)
    }
    fn license_of(node: &NodeId) -> Option<LicenseId> {
        Nodes::get(node)
    }
    fn linked(page: u32, _: EpochIndex) -> Option<PageMask> {
        let mut mask = PageMask::default();
        (0..PAGE_SIZE).for_each(|offset| {
            let linked = Deeds::get(page * PAGE_SIZE + offset).is_some_and(|deed| deed.state.link.is_some());
            mask.set(offset, linked)
        });
        Some(mask)
    }
    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        let license = Nodes::get(node).ok_or(AdmissionRefusal::NotLinked)?;
        let owner = Self::owner(license).ok_or(AdmissionRefusal::NotLinked)?;
        Self::standing(&owner, Running::get()).map_err(AdmissionRefusal::Owner)?;
        Ok(license)
    }
    fn grant(_: LicenseId) -> Option<Grant> {
        None
    }
    fn masters(_: u32) -> alloc::vec::Vec<(LicenseId, Grant)> {
        Default::default()
    }
    fn master_count(_: u32) -> u32 {
        0
    }
    fn assigned() -> Balance {
        0
    }
}

impl OracleInspect<AccountId> for World {
    fn active() -> alloc::vec::Vec<Seat<AccountId>> {
        Default::default()
    }
    fn is_barred(_: &AccountId) -> bool {
        false
    }
    fn is_bound(license: LicenseId) -> bool {
        Deeds::get(license.0).is_some_and(|deed| deed.oracle)
    }
}

impl World {
    fn with(license: LicenseId, need: &Capacity) -> Option<(Capacity, u32)> {
        let profile = Profiles::get(license.0)?.profile;
        let (used, slots) = Reserved::get(license.0).unwrap_or_default();
        let used = used.plus(need).filter(|used| profile.capacity.covers(used))?;
        (slots < MAX_SLOTS_PER_NODE).then_some((used, slots + 1))
    }
}

impl Workers for World {
    fn offer(license: LicenseId, node: &NodeId, at: BlockNumber) -> Option<NodeProfile> {
        let declared = Profiles::get(license.0).filter(|declared| declared.node == *node)?;
        match declared.since <= at {
            true => Some(declared.profile),
            false => declared.before.filter(|(_, since)| *since <= at).map(|(profile, _)| profile),
        }
    }
    fn has_room(license: LicenseId, need: &Capacity) -> bool {
        Self::with(license, need).is_some()
    }
    fn is_barred(license: LicenseId) -> bool {
        BarredUntil::get(license.0).is_some_and(|until| Running::get() < until)
    }
    fn reputation(license: LicenseId) -> Reputation {
        Reputations::get(license.0).unwrap_or_default()
    }
    fn reserve(license: LicenseId, need: &Capacity) -> DispatchResult {
        let reserved = Self::with(license, need).ok_or(DispatchError::Other("no room"))?;
        Reserved::insert(license.0, reserved);
        Ok(())
    }
    fn free(license: LicenseId, need: &Capacity) {
        let (used, slots) = Reserved::get(license.0).expect("only what is reserved is freed");
        let used = used.minus(need).expect("no more is freed than is reserved");
        match slots {
            1 => Reserved::remove(license.0),
            _ => Reserved::insert(license.0, (used, slots - 1)),
        }
        assert!(slots > 1 || used == Capacity::default(), "something is reserved for no slot");
    }
    fn bar(license: LicenseId) {
        BarredUntil::insert(license.0, Running::get().plus(BARRED_EPOCHS + 1));
    }
    fn note(license: LicenseId, outcome: Outcome) {
        Reputations::insert(license.0, Self::reputation(license).after(outcome));
        Noted::append((license, outcome));
    }
}

impl EpochInspect for World {
    fn current() -> EpochIndex {
        Running::get()
    }
    fn is_closed(epoch: EpochIndex) -> bool {
        epoch < Running::get() && !Open::get().contains(&epoch)
    }
    fn oldest_open() -> EpochIndex {
        Open::get().first().copied().unwrap_or_else(Running::get)
    }
    fn open_epochs() -> alloc::vec::Vec<EpochIndex> {
        Open::get().into_iter().collect()
    }
}

impl ClockInspect for World {
    fn clock() -> Option<ClockParams> {
        Some(clock())
    }
}

impl AvailabilityProvider for World {
    fn byte(epoch: EpochIndex, license: LicenseId) -> Option<u8> {
        let known = Finals::contains_key(epoch) && license.0 < DeedCount::get();
        known.then(|| LicenseBytes::get((epoch, license.0)).unwrap_or(255))
    }
    fn last_finalised() -> Option<EpochIndex> {
        LastFinalised::get()
    }
    fn threshold(epoch: EpochIndex) -> Option<u8> {
        (epoch < Running::get()).then_some(THRESHOLD)
    }
    fn known(epoch: EpochIndex) -> Option<BlockNumber> {
        Finals::contains_key(epoch).then(|| Known::get(epoch).unwrap_or(BlockNumber::MAX))
    }
    fn service_page(epoch: EpochIndex, page: u32) -> Option<Page> {
        let (services, bytes) = Finals::get(epoch)?;
        let range = (page * PAGE_SIZE)..services.min((page + 1) * PAGE_SIZE);
        let bytes: alloc::vec::Vec<u8> = range.map(|index| bytes.get(&index).copied().unwrap_or(255)).collect();
        (!bytes.is_empty()).then(|| Page::truncate_from(bytes))
    }
}

impl BlockRandomness for World {
    fn of_last_block() -> [u8; 32] {
        output(System::block_number() - 1)
    }
}

impl SupplyLedger for World {
    fn note_burned(amount: Balance) {
        BurnedTotal::mutate(|burned| *burned += amount);
    }
    fn minted(_: LicenseClass) -> Balance {
        0
    }
}

/// The VRF output of a block.
pub fn output(block: u32) -> [u8; 32] {
    let salted = || sp_io::hashing::blake2_256(&(b"vrf", Salt::get(), block).encode());
    Vrf::get(block).unwrap_or_else(salted)
}

pub fn clock() -> ClockParams {
    ClockParams { genesis_moment: GENESIS, epoch_ms: EPOCH_MS }
}

pub fn account(i: u32) -> AccountId {
    AccountId::new(sp_io::hashing::blake2_256(&(b"account", i).encode()))
}

/// The owner of license `i`, unless a test gave it away.
pub fn operator(i: u32) -> AccountId {
    account(1_000 + i)
}

/// Requesters.
pub fn alice() -> AccountId {
    account(1)
}
pub fn bob() -> AccountId {
    account(2)
}
pub fn carol() -> AccountId {
    account(3)
}
/// Has money, and no attestation.
pub fn stranger() -> AccountId {
    account(99)
}

/// The entity of an account.
pub fn entity(who: &AccountId) -> EntityId {
    Attested::get(who).expect("the account is attested").entity
}

pub fn attest(who: &AccountId, entity: u32, country: &[u8; 2], kind: EntityKind) {
    let entity = sp_io::hashing::blake2_256(&(b"entity", entity).encode());
    let attestation = Attestation { entity, kind, country: Country(*country), expires: EpochIndex(1_000_000) };
    // An attestation provides for its account.
    if !Attested::contains_key(who) {
        System::inc_providers(who);
    }
    Attested::insert(who, attestation);
}

pub fn node_pair(i: u32) -> NodePair {
    use sp_core::Pair;
    NodePair::from_seed(&sp_io::hashing::blake2_256(&(b"node", i).encode()))
}

/// The key of the node of license `i`. Its pair is only made where something is signed.
pub fn node(i: u32) -> NodeId {
    use sp_core::Pair;
    NodeId::from(node_pair(i).public())
}

/// What every node offers at first: room for eight `Low2`, and no GPU.
pub fn roomy() -> NodeProfile {
    let capacity = Capacity { cpu_milli: 16_000, memory_mib: 65_536, disk_gib: 256, gpus: 0 };
    NodeProfile { capacity, gpu: None, tags: Default::default() }
}

pub fn declare(license: u32, profile: NodeProfile) {
    let node = Deeds::get(license).and_then(|deed| deed.state.link).expect("it is linked").node;
    let before = Profiles::get(license).map(|declared| (declared.profile, declared.since));
    Profiles::insert(license, Declared { node, since: System::block_number(), profile, before });
}

/// Another deed, linked, with a node that offers.
pub fn issue(class: LicenseClass) -> u32 {
    issue_with(class, NodeId::from(sp_core::Pair::public(&node_pair(DeedCount::get()))))
}

fn issue_with(class: LicenseClass, node: NodeId) -> u32 {
    let id = DeedCount::get();
    let owner = operator(id);
    let link = Link { node, since: EpochIndex(1) };
    let state = License { class, link: Some(link), link_nonce: 1, last_link: Some(EpochIndex(1)), banned: false };
    attest(&owner, 1_000 + id, b"RO", EntityKind::Individual);
    Deeds::insert(id, Deed { owner, state, oracle: false });
    Nodes::insert(link.node, LicenseId(id));
    DeedCount::put(id + 1);
    declare(id, roomy());
    Profiles::mutate(id, |declared| declared.as_mut().expect("just declared").since = 1);
    id
}

pub fn change_deed(license: u32, change: impl FnOnce(&mut Deed)) {
    Deeds::mutate(license, |deed| change(deed.as_mut().expect("there is such a deed")));
}

/// Ban as the licenses pallet does it: the slots go first, then the link.
pub fn ban(license: u32) {
    use ratio1_primitives::traits::Work;
    <Jobs as Work>::evict(LicenseId(license));
    change_deed(license, |deed| {
        deed.state.banned = true;
        let link = deed.state.link.take().expect("it is linked");
        Nodes::remove(link.node);
    });
}

/// All licenses are taken when a draw comes upon them.
pub fn trust_all() {
    (0..DeedCount::get()).for_each(|id| Reputations::insert(id, Reputation(Reputation::MOST)));
}

fn build(licenses: u32, parameters: Parameters, cheap: bool) -> sp_io::TestExternalities {
    let balances = [alice(), bob(), carol(), stranger()].map(|who| (who, FUNDS)).to_vec();
    let genesis = RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
        jobs: pallet_jobs::GenesisConfig { parameters, ..Default::default() },
    };
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
        Now::put(clock().epoch_start(EpochIndex(FIRST)));
        Running::put(EpochIndex(FIRST));
        LastFinalised::put(EpochIndex(FIRST - 1));
        Finals::insert(EpochIndex(FIRST - 1), (0u32, BTreeMap::<u32, u8>::new()));
        Rate::put(Ok::<Price, PriceRefusal>(QUARTER));
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
    Jobs::do_try_state().unwrap_or_else(|error| panic!("block {}: {error:?}", System::block_number()));
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
    assert_eq!(owned + BurnedTotal::get(), Issued::get(), "what is missing was burned");
}

/// The next block, `BLOCK_MS` after the last one.
pub fn next_block() {
    block_after(BLOCK_MS);
}

/// A block `ms` after the last one.
pub fn block_after(ms: u64) {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    Jobs::on_initialize(number);
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

/// What the availability pallet does when an epoch is over.
fn tick() {
    let (ended, next) = (Running::get(), clock().epoch_at(Now::get()));
    if next <= ended {
        return;
    }
    let services = <Jobs as ratio1_primitives::traits::ServiceInspect>::services();
    let open = Open::get();
    if let Some(oldest) = open.first().filter(|oldest| open.len() >= MAX_OPEN || oldest.plus(MAX_AGE) <= ended) {
        lapse_epoch(oldest.0);
    }
    Open::mutate(|open| open.insert(ended));
    Frozen::insert(ended, services);
    Running::put(next);
    if ended.plus(1) < next {
        Jobs::on_lapsed(ended.plus(1), next.minus(1));
    }
}

pub fn blocks(n: u32) {
    (0..n).for_each(|_| next_block());
}

/// Blocks until the first one of `epoch`.
pub fn run_to_epoch(epoch: u32) {
    while Running::get() < EpochIndex(epoch) {
        next_block();
    }
    assert_eq!(Running::get(), EpochIndex(epoch));
}

/// Close an epoch that ended. Services not listed have 255.
pub fn close_epoch(epoch: u32, bytes: &[(u32, u8)]) {
    let epoch = EpochIndex(epoch);
    assert!(Open::mutate(|open| open.remove(&epoch)), "{epoch:?} ended and is open");
    let services = Frozen::take(epoch).unwrap_or_default();
    Finals::insert(epoch, (services, bytes.iter().copied().collect::<BTreeMap<u32, u8>>()));
    LastFinalised::mutate(|last| *last = (*last).max(Some(epoch)));
    Jobs::on_finalised(epoch);
}

/// An epoch that ended lapses.
pub fn lapse_epoch(epoch: u32) {
    let epoch = EpochIndex(epoch);
    assert!(Open::mutate(|open| open.remove(&epoch)), "{epoch:?} ended and is open");
    Frozen::remove(epoch);
    Jobs::on_lapsed(epoch, epoch);
}

/// Blocks until the first one of `epoch`; every epoch is closed two blocks after its end, with these bytes.
pub fn run_closing(epoch: u32, bytes: &[(u32, u8)]) {
    while Running::get() < EpochIndex(epoch) {
        next_block();
        if clock().epoch_start(Running::get()) + 2 * BLOCK_MS == Now::get() {
            Open::get().into_iter().for_each(|open| close_epoch(open.0, bytes));
        }
    }
}

/// Half an epoch in each block, up to `epoch`; every epoch is closed with 255 when it is over.
pub fn run_fast(epoch: u32) {
    while Running::get() < EpochIndex(epoch) {
        Open::get().into_iter().for_each(|open| close_epoch(open.0, &[]));
        block_after(EPOCH_MS / 2);
    }
}

/// Nobody is drawn any more.
pub fn bar_all() {
    (0..DeedCount::get()).for_each(|id| BarredUntil::insert(id, EpochIndex(u32::MAX)));
}

/// Run through whole epochs until nothing is left of any job, closing all with 255. Nobody else is drawn. Fails if that
/// takes too long.
pub fn run_dry() {
    for _ in 0..2_000 {
        if crate::Slots::<Test>::iter().next().is_none() {
            return;
        }
        bar_all();
        Open::get().into_iter().for_each(|open| close_epoch(open.0, &[]));
        block_after(EPOCH_MS / 4);
    }
    panic!("not all is closed: {:?}", crate::Slots::<Test>::iter().collect::<alloc::vec::Vec<_>>());
}

/// A request for one `Low2` node for ten epochs.
pub fn request() -> JobRequest {
    JobRequest {
        tier: Tier::Low2,
        gpu: None,
        nodes: 1,
        epochs: 10,
        spec: Cid::new(false, [7; 32]),
        spec_bytes: 1_000,
        selectors: Selectors::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    }
}

pub fn with_gpu(class: Gpu, gpus: u32) -> NodeProfile {
    let mut profile = roomy();
    profile.capacity.gpus = gpus;
    profile.gpu = Some(class);
    profile
}

pub fn tag(word: &str) -> Tag {
    Tag::try_from(word.as_bytes().to_vec()).expect("tags are short")
}

pub fn origin(who: AccountId) -> RuntimeOrigin {
    RuntimeOrigin::signed(who)
}

/// Ask for a job as `who`; its number.
pub fn ask(who: AccountId, request: JobRequest) -> JobId {
    let job = JobId(crate::NextJob::<Test>::get());
    Jobs::request(origin(who), Box::new(request), Balance::MAX).expect("the request is good");
    job
}

pub fn slot(job: JobId, slot: u16) -> SlotRef {
    SlotRef { job, slot }
}

pub fn slot_of(id: SlotRef) -> crate::Slot {
    crate::Slots::<Test>::get(id.job, id.slot).expect("there is such a slot")
}

pub fn job_of(id: JobId) -> crate::Job<AccountId> {
    crate::Jobs::<Test>::get(id).expect("there is such a job")
}

/// The license a slot is offered to.
pub fn offered(id: SlotRef) -> Option<u32> {
    match slot_of(id).state {
        SlotState::Offered { license, .. } => Some(license.0),
        _ => None,
    }
}

/// The index of the service of a slot.
pub fn index_of(id: SlotRef) -> u32 {
    match slot_of(id).state {
        SlotState::Running { index } => index,
        state => panic!("{id:?} is not served: {state:?}"),
    }
}

/// The license that serves a slot.
pub fn server(id: SlotRef) -> u32 {
    crate::Services::<Test>::get(index_of(id)).expect("it is stored").license.0
}

/// Blocks until a slot is offered; to whom.
pub fn draw(id: SlotRef) -> u32 {
    for _ in 0..100 {
        if let Some(license) = offered(id) {
            return license;
        }
        next_block();
    }
    panic!("nobody is drawn: {:?}", slot_of(id).state)
}

pub fn genesis_hash() -> Hash {
    System::block_hash(0)
}

/// Send a node's call as a transaction: authorise, then dispatch.
pub fn send(call: RuntimeCall) -> Result<ValidTransaction, TransactionValidityError> {
    let (valid, _) = call.authorize(TransactionSource::External).expect("nodes' calls are authorised")?;
    assert_ne!(call.get_dispatch_info().total_weight(), Weight::zero());
    call.dispatch(frame_system::RawOrigin::Authorized.into()).expect("what is authorised succeeds");
    Ok(valid)
}

pub fn sign_accept(id: SlotRef, license: u32, offered: u32, key: u32) -> RuntimeCall {
    use sp_core::Pair;
    let payload = accept_payload(genesis_hash(), LicenseId(license), id, offered);
    let signature: NodeSignature = node_pair(key).sign(&payload).into();
    crate::Call::accept { slot: id, signature }.into()
}

pub fn sign_resign(id: SlotRef, license: u32, index: u32, accepted: u64, key: u32) -> RuntimeCall {
    use sp_core::Pair;
    let payload = resign_payload(genesis_hash(), LicenseId(license), id, index, accepted);
    let signature: NodeSignature = node_pair(key).sign(&payload).into();
    crate::Call::resign { slot: id, signature }.into()
}

/// The node a slot is offered to accepts; the service's index.
pub fn try_accept(id: SlotRef) -> Result<u32, TransactionValidityError> {
    let (license, at) = match slot_of(id).state {
        SlotState::Offered { license, at, .. } => (license.0, at),
        state => panic!("{id:?} is not offered: {state:?}"),
    };
    send(sign_accept(id, license, at, license))?;
    Ok(index_of(id))
}

pub fn accept(id: SlotRef) -> u32 {
    try_accept(id).expect("the acceptance is good")
}

/// The node that serves a slot resigns.
pub fn resign(id: SlotRef) {
    let index = index_of(id);
    let service = crate::Services::<Test>::get(index).expect("it is stored");
    send(sign_resign(id, service.license.0, index, service.accepted, service.license.0)).expect("it may resign");
}

/// Blocks until a slot is drawn, and its node accepts; the service's index.
pub fn serve(id: SlotRef) -> u32 {
    draw(id);
    accept(id)
}

/// Blocks until all slots of a job are served; the indices.
pub fn serve_all(job: JobId) -> alloc::vec::Vec<u32> {
    (0..job_of(job).slots).map(|n| serve(slot(job, n))).collect()
}

pub fn events() -> alloc::vec::Vec<Event<Test>> {
    System::read_events_for_pallet::<Event<Test>>()
}

pub fn free(who: &AccountId) -> Balance {
    Balances::free_balance(who)
}

pub fn on_hold(who: &AccountId) -> Balance {
    Balances::balance_on_hold(&HoldReason::Job.into(), who)
}

pub fn noted() -> alloc::vec::Vec<(u32, Outcome)> {
    Noted::get().into_iter().map(|(license, outcome)| (license.0, outcome)).collect()
}
