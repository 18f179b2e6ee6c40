//! A chain of draws and a market that does nothing else: who is found is kept, who is not is counted. All of the market is
//! in storage, so that what a failed step did is rolled back like everything else.
//!
//! Every license `i` has an owner, an entity and a node of its own, unless a test says otherwise.

use crate as pallet_draws;
use alloc::{collections::BTreeMap, vec::Vec};
use codec::{Decode, Encode};
use frame_support::{
    derive_impl,
    pallet_prelude::{OptionQuery, ValueQuery},
    parameter_types, storage_alias,
    traits::Hooks,
    weights::{Weight, WeightMeter},
    Twox64Concat,
};
use ratio1_pallet_testing::{Deeds, Epochs, LastFinalised, Measured, Nodes, Oracles, Threshold};
pub use ratio1_pallet_testing::{Kyc, Reputations, Reserved};
use ratio1_primitives::{
    jobs::{
        market::{Opening, Wanted},
        Capacity, Client, Drawn, Gpu, NodeProfile, Reputation, Selectors, Tier,
    },
    kyc::{EntityId, EntityKind},
    traits::{BlockRandomness, Draws as DrawsSeam, Market, NodeRegistry},
    AccountId, EpochIndex, JobId, License, LicenseClass, LicenseId, NodeId,
};
use sp_runtime::{traits::IdentityLookup, BuildStorage, DispatchError, DispatchResult};

type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Draws: pallet_draws,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

impl pallet_draws::Config for Test {
    type Market = Clients;
    type Kyc = Kyc;
    type Licenses = Deeds;
    type Oracles = Oracles;
    type NodeRegistry = Nodes;
    type Epochs = Epochs;
    type Availability = Measured;
    type Randomness = Randomness;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Clients;
}

/// The block in which tests begin.
pub const FIRST_BLOCK: u32 = 100;
/// The epoch that runs. The one before is finalised.
pub const EPOCH: EpochIndex = EpochIndex(10);
/// Polled blocks after which draws give up.
pub const DRAW_BLOCKS: u32 = 40;
/// What a market of tests costs.
pub const OFFER: Weight = Weight::from_parts(400_000_000, 8_192);

/// What a client asks for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Order {
    pub entity: EntityId,
    pub selectors: Selectors,
    pub same_entity: bool,
    pub slots: u16,
}

/// Where a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Slot {
    Waits(u64),
    Offered(Drawn),
    GivenUp,
}

#[storage_alias]
pub type Orders = StorageMap<Mock, Twox64Concat, JobId, Order, OptionQuery>;
#[storage_alias]
pub type Slots = StorageDoubleMap<Mock, Twox64Concat, JobId, Twox64Concat, u16, Slot, OptionQuery>;
/// Who had a slot and does not get it again.
#[storage_alias]
pub type Tried = StorageMap<Mock, Twox64Concat, (JobId, u16), Vec<LicenseId>, ValueQuery>;
/// Offers to these fail, after they have changed something.
#[storage_alias]
pub type Refused = StorageMap<Mock, Twox64Concat, u32, (), OptionQuery>;
/// Of these clients no slot can be given up.
#[storage_alias]
pub type Stubborn = StorageMap<Mock, Twox64Concat, JobId, (), OptionQuery>;
#[storage_alias]
pub type Polled = StorageValue<Mock, u32, ValueQuery>;

parameter_types! {
    /// What a step may take.
    pub static Limit: Weight = Weight::MAX;
    /// Positions of a turn.
    pub static Probes: u32 = 256;
    /// Whether to check the chain after every block.
    pub static Checked: bool = true;
}

/// The market.
pub struct Clients;

/// The VRF outputs of this chain.
pub struct Randomness;

fn job_of(client: Client) -> JobId {
    let Client::Job(job) = client;
    job
}

impl Market for Clients {
    fn wanted(client: Client, slot: u16) -> Option<Wanted> {
        let job = job_of(client);
        let Order { selectors, same_entity, slots, .. } = Orders::get(job)?;
        let (need, tried) = (Tier::Micro.capacity(), Tried::get((job, slot)));
        Some(Wanted { selectors, need, gpu: None, same_entity, slots, tried })
    }
    fn serving(client: Client, slots: u16) -> Vec<LicenseId> {
        let serves = |slot| match Slots::get(job_of(client), slot)? {
            Slot::Offered(drawn) => Some(drawn.license),
            _ => None,
        };
        (0..slots).filter_map(serves).collect()
    }
    fn awaits(client: Client, slot: u16) -> Option<(EntityId, u64)> {
        let job = job_of(client);
        match Slots::get(job, slot)? {
            Slot::Waits(draw) => Some((Orders::get(job)?.entity, draw)),
            _ => None,
        }
    }
    fn offer(client: Client, slot: u16, drawn: Drawn, need: &Capacity) -> DispatchResult {
        Slots::insert(job_of(client), slot, Slot::Offered(drawn));
        Nodes::reserve(drawn.license, need)?;
        match Refused::contains_key(drawn.license.0) {
            true => Err(DispatchError::Other("refused")),
            false => Ok(()),
        }
    }
    fn offer_weight() -> Weight {
        OFFER
    }
    fn give_up(client: Client, slot: u16) -> DispatchResult {
        Slots::insert(job_of(client), slot, Slot::GivenUp);
        match Stubborn::contains_key(job_of(client)) {
            true => Err(DispatchError::Other("stubborn")),
            false => Ok(()),
        }
    }
    fn give_up_weight() -> Weight {
        OFFER
    }
}

impl BlockRandomness for Randomness {
    fn of_last_block() -> [u8; 32] {
        output(System::block_number() - 1)
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl pallet_draws::BenchmarkHelper for Clients {
    fn client(
        draw: u64,
        others: u32,
        licenses: u32,
    ) -> Result<(EntityId, Client, u16), frame_benchmarking::BenchmarkError> {
        let (job, last) = (JobId(0), u16::try_from(others).map_err(|_| "too many slots")?);
        Deeds::set_count(licenses + others);
        let order = Order { entity: [7; 32], selectors: Selectors::default(), same_entity: false, slots: last + 1 };
        Orders::insert(job, order);
        for slot in 0..last {
            let drawn = Drawn {
                draw: 0,
                opened: 1,
                seed: Default::default(),
                licenses,
                included: false,
                bytes_of: EPOCH.minus(1),
                pass: 0,
                position: 0,
                license: LicenseId(licenses + u32::from(slot)),
            };
            Slots::insert(job, slot, Slot::Offered(drawn));
        }
        Slots::insert(job, last, Slot::Waits(draw));
        Ok(([7; 32], Client::Job(job), last))
    }

    fn candidate(license: LicenseId, reputation: Reputation) -> Result<(), frame_benchmarking::BenchmarkError> {
        issue(license, reputation);
        Ok(())
    }
}

/// The VRF output of a block.
pub fn output(block: u32) -> [u8; 32] {
    sp_io::hashing::blake2_256(&(b"vrf", block).encode())
}

/// The owner of license `i`: its first bytes are the number.
pub fn owner(license: u32) -> AccountId {
    let mut account = [0xAA; 32];
    account[..4].copy_from_slice(&license.to_le_bytes());
    AccountId::new(account)
}

pub fn node(license: u32) -> NodeId {
    NodeId(sp_io::hashing::blake2_256(&(b"node", license).encode()))
}

/// Let a license be one whose node could serve anybody.
fn issue(id: LicenseId, reputation: Reputation) {
    let state = License { class: LicenseClass::Node, link: None, link_nonce: 0, last_link: None, banned: false };
    Deeds::insert(id, state, &owner(id.0));
    Deeds::link(id, Some(node(id.0)));
    let roomy = NodeProfile { capacity: Capacity::MOST, gpu: Some(Gpu::Entry), tags: Default::default() };
    Nodes::declare(id.0, node(id.0), roomy, 1);
    Reputations::insert(id.0, reputation);
}

pub fn new_test_ext(licenses: u32) -> sp_io::TestExternalities {
    let storage = RuntimeGenesisConfig::default().build_storage().expect("genesis builds");
    let mut ext = sp_io::TestExternalities::new(storage);
    Limit::set(Weight::MAX);
    Probes::set(256);
    Checked::set(true);
    ratio1_pallet_testing::reset();
    Epochs::run(EPOCH.0);
    LastFinalised::set(Some(EPOCH.minus(1)));
    Measured::finalise(EPOCH.0 - 1, 0);
    Threshold::set(Some(250));
    Kyc::admit_all(EntityKind::Individual);
    ext.execute_with(|| {
        System::set_block_number(FIRST_BLOCK);
        (0..licenses).for_each(|id| issue(LicenseId(id), Reputation(Reputation::MOST)));
    });
    ext
}

/// Run a test on `licenses` licenses of full reputation and check the chain after it.
pub fn run(licenses: u32, test: impl FnOnce()) {
    new_test_ext(licenses).execute_with(|| {
        test();
        check();
    })
}

/// Every slot that waits is looked for, and all invariants hold.
pub fn check() {
    Draws::do_try_state().unwrap_or_else(|error| panic!("block {}: {error:?}", System::block_number()));
    let mut waiting: BTreeMap<EntityId, u32> = BTreeMap::new();
    for (job, slot, state) in Slots::iter() {
        if let Slot::Waits(draw) = state {
            let entity = Orders::get(job).expect("a slot is of an order").entity;
            assert!(Draws::looks_for(entity, draw, Client::Job(job), slot), "{job:?} {slot}");
            *waiting.entry(entity).or_default() += 1;
        }
    }
    for (entity, slots) in waiting {
        assert_eq!(Draws::looked_for(entity), slots);
    }
}

/// The next block.
pub fn next_block() {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    Draws::on_initialize(number);
    Polled::mutate(|polled| *polled += 1);
    let mut meter = WeightMeter::with_limit(Limit::get());
    <Draws as DrawsSeam>::step(Polled::get(), Probes::get(), &mut meter);
    assert!(meter.consumed().all_lte(Limit::get()), "a step takes what it may");
    if Checked::get() {
        check();
    }
}

pub fn blocks(n: u32) {
    (0..n).for_each(|_| next_block());
}

/// An entity.
pub fn entity(n: u8) -> EntityId {
    [n; 32]
}

/// Look for nodes for all slots of a new client of an entity; its number, which is that of its draw.
pub fn ask_for(who: u8, slots: u16, change: impl FnOnce(&mut Order)) -> JobId {
    let job = JobId(pallet_draws::NextDraw::<Test>::get());
    let mut order = Order { entity: entity(who), selectors: Selectors::default(), same_entity: false, slots };
    change(&mut order);
    let included = order.selectors.include.len() as u32;
    Orders::insert(job, order);
    let opening = Opening {
        client: Client::Job(job),
        entity: entity(who),
        slots: (0..slots).collect::<Vec<_>>().try_into().expect("few slots"),
        included,
        until: Polled::get() + DRAW_BLOCKS,
        burned: 7,
    };
    let draw = Draws::open(opening).expect("it can be opened");
    assert_eq!(draw, job.0);
    (0..slots).for_each(|slot| Slots::insert(job, slot, Slot::Waits(draw)));
    job
}

pub fn ask(who: u8, slots: u16) -> JobId {
    ask_for(who, slots, |_| ())
}

/// Who was found for the slots of a client, in their order.
pub fn found(job: JobId) -> Vec<u32> {
    (0..Orders::get(job).expect("it was asked for").slots)
        .filter_map(|slot| match Slots::get(job, slot)? {
            Slot::Offered(drawn) => Some(drawn.license.0),
            _ => None,
        })
        .collect()
}

pub fn events() -> Vec<pallet_draws::Event<Test>> {
    System::read_events_for_pallet::<pallet_draws::Event<Test>>()
}
