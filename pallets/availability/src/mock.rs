//! The pallet alone: its neighbours are fakes, oracle `i` has account, license and vote key number `i`.

use crate::{self as pallet_availability, Event, GenesisConfig, Parameters};
use frame_support::{
    derive_impl,
    dispatch::GetDispatchInfo,
    parameter_types,
    traits::{Authorize, Hooks},
    weights::{Weight, WeightMeter},
};
use ratio1_pallet_testing::{AbsentWeight, Services, Slots, Wallclock};
pub use ratio1_pallet_testing::{Deeds, Moved, Now, Oracles, ServicesInUse, Working};
use ratio1_primitives::{
    ballot::{Ballot, BallotHeader, Phase, RevealedPages, Seat, Summary, Vote, MAX_REVEAL},
    economics::price::Price,
    keys::pair::VotePair,
    traits::{EpochInspect, OnEpochEnd},
    AccountId, EpochIndex, LicenseId,
};
use sp_core::Pair;
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage,
};

type Block = frame_system::mocking::MockBlockU32<Test>;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Availability: pallet_availability,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = Block;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

parameter_types! {
    pub static Finalised: Vec<EpochIndex> = Vec::new();
    pub static HandedOn: Vec<(EpochIndex, u32, Vec<u8>)> = Vec::new();
    pub static Priced: Vec<(EpochIndex, Price)> = Vec::new();
    pub static Passed: Vec<(EpochIndex, EpochIndex)> = Vec::new();
    pub static PollLimit: Weight = Weight::MAX;
}

/// Is told how epochs end, and keeps it.
pub struct Told;

impl OnEpochEnd for Told {
    fn on_page(epoch: EpochIndex, page: u32, bytes: &[u8]) {
        HandedOn::mutate(|log| log.push((epoch, page, bytes.to_vec())));
    }
    fn page_weight(_: u32) -> Weight {
        Weight::from_parts(1_000_000, 0)
    }
    fn on_finalised(epoch: EpochIndex) {
        assert!(Availability::is_closed(epoch), "epoch {epoch} is told to be final, and is open");
        Finalised::mutate(|log| log.push(epoch));
    }
    fn finalised_weight() -> Weight {
        FINALISED_WEIGHT
    }
    fn on_price(epoch: EpochIndex, median: Price) {
        assert!(Availability::is_closed(epoch), "a price of epoch {epoch}, which is open");
        Priced::mutate(|log| log.push((epoch, median)));
    }
    fn price_weight() -> Weight {
        PRICE_WEIGHT
    }
    fn on_lapsed(first: EpochIndex, last: EpochIndex) {
        assert!(first <= last);
        assert!([first, last].into_iter().all(Availability::is_closed), "{first} to {last} are not over");
        Passed::mutate(|log| log.push((first, last)));
    }
    fn lapse_weight() -> Weight {
        LAPSE_WEIGHT
    }
}

impl pallet_availability::Config for Test {
    type AdminOrigin = frame_system::EnsureRoot<AccountId>;
    type Time = Wallclock;
    type Licenses = Deeds;
    type Services = Services;
    type JobSlots = Slots;
    type Oracles = Oracles;
    type OnEnd = Told;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Scene;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Scene;

#[cfg(feature = "runtime-benchmarks")]
impl crate::benchmarking::BenchmarkHelper for Scene {
    fn working(key: &ratio1_primitives::VoteId, n: u32) -> Vec<LicenseId> {
        let last = Seat { vote_key: key.clone(), ..seat(99) };
        Oracles::set_active((0..99).map(seat).chain([last]));
        Working::set((0..n).map(LicenseId).collect());
        Working::get().into_iter().collect()
    }
}

/// The time of block 1.
pub const START: u64 = 1_700_000_000_000;
/// What it costs to tell of a price.
pub const PRICE_WEIGHT: Weight = Weight::from_parts(2_000_000, 0);
/// What telling that an epoch is final costs here.
pub const FINALISED_WEIGHT: Weight = Weight::from_parts(500_000, 0);
/// What moving the slots of an absent node costs here.
pub const ABSENT_WEIGHT: Weight = Weight::from_parts(45_000_000_000, 0);
/// What it costs to tell of epochs without result.
pub const LAPSE_WEIGHT: Weight = Weight::from_parts(3_000_000, 0);
/// Length of an epoch: twenty blocks.
pub const EPOCH_MS: u64 = 60_000;
/// Length of a block.
pub const BLOCK_MS: u64 = 3_000;

pub fn account(i: u8) -> AccountId {
    AccountId::new([i; 32])
}

pub fn pair(i: u8) -> VotePair {
    VotePair::from_seed(&[i; 32])
}

pub fn seat(i: u8) -> Seat<AccountId> {
    Seat { oracle: account(i), license: LicenseId(u32::from(i)), vote_key: pair(i).public() }
}

pub fn parameters() -> Parameters {
    Parameters::default()
}

/// A chain before block 1, with `oracles` and `licenses`.
pub fn new_test_ext(oracles: u8, licenses: u32) -> sp_io::TestExternalities {
    let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
    let genesis = GenesisConfig::<Test> { epoch_ms: EPOCH_MS, parameters: parameters(), ..Default::default() };
    genesis.assimilate_storage(&mut storage).unwrap();
    let mut ext = sp_io::TestExternalities::from(storage);
    ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    ext.execute_with(|| {
        ratio1_pallet_testing::reset();
        Now::set(START - BLOCK_MS);
        Deeds::set_count(licenses);
        Oracles::set_active((0..oracles).map(seat));
        AbsentWeight::set(ABSENT_WEIGHT);
        HandedOn::set(Vec::new());
        Priced::set(Vec::new());
        Passed::set(Vec::new());
        Finalised::set(Vec::new());
        PollLimit::set(Weight::MAX);
    });
    ext
}

/// A chain in the first block of epoch 2: epoch 0 is void, epoch 1 is frozen.
pub fn at_first_round(oracles: u8, licenses: u32, test: impl FnOnce()) {
    new_test_ext(oracles, licenses).execute_with(|| {
        run_to_epoch(2);
        test();
        Availability::do_try_state().unwrap();
    });
}

/// One block.
pub fn block() {
    let number = System::block_number() + 1;
    System::set_block_number(number);
    Now::mutate(|now| *now += BLOCK_MS);
    let mut meter = WeightMeter::with_limit(PollLimit::get());
    Availability::on_poll(number, &mut meter);
    assert!(meter.consumed().all_lte(meter.limit()));
    Availability::do_try_state().unwrap();
}

pub fn blocks(n: u32) {
    (0..n).for_each(|_| block());
}

/// Blocks until `epoch` runs.
pub fn run_to_epoch(epoch: u32) {
    while Now::get() + BLOCK_MS < START + EPOCH_MS * u64::from(epoch) {
        block();
    }
    block();
    assert_eq!(crate::Running::<Test>::get().unwrap().epoch, EpochIndex(epoch));
}

pub fn phase(epoch: u32) -> Option<Phase> {
    crate::Rounds::<Test>::get(EpochIndex(epoch)).map(|round| round.phase)
}

/// Blocks until `epoch` is in `wanted`, or closed for `None`.
pub fn run_to_phase(epoch: u32, wanted: Option<Phase>) {
    for _ in 0..5_000 {
        if phase(epoch) == wanted {
            return;
        }
        block();
    }
    panic!("epoch {epoch} is in {:?}, not in {wanted:?}", phase(epoch));
}

/// What an oracle that heard everything says of an epoch.
pub fn summary(epoch: u32) -> Summary {
    let (epoch, finalised) = (EpochIndex(epoch), 20 * epoch);
    Summary { epoch, salt: [7; 32], coverage: 255, finalised, ..Default::default() }
}

pub fn ballot_with_coverage(epoch: u32, bytes: &[u8], coverage: u8) -> Ballot {
    Ballot::new(Summary { coverage, ..summary(epoch) }, bytes, &[]).unwrap()
}

pub fn priced_ballot(epoch: u32, bytes: &[u8], price: Option<Price>) -> Ballot {
    Ballot::new(Summary { price, ..summary(epoch) }, bytes, &[]).unwrap()
}

pub fn ballot(epoch: u32, bytes: &[u8]) -> Ballot {
    ballot_with_coverage(epoch, bytes, 255)
}

/// The call of a vote by the key of oracle `i`.
pub fn call(epoch: u32, seat: u16, i: u8, vote: Vote) -> RuntimeCall {
    let (epoch, retry) = (EpochIndex(epoch), 0);
    let signature = pair(i).sign(&vote.payload(Availability::genesis_hash(), epoch, seat, retry));
    match vote {
        Vote::Commit(hash) => crate::Call::commit { epoch, seat, hash, retry, signature },
        Vote::Header(header) => crate::Call::reveal_header { epoch, seat, header, retry, signature },
        Vote::Pages { first, pages } => crate::Call::reveal_pages { epoch, seat, first, pages, retry, signature },
    }
    .into()
}

/// Send a vote as a transaction: authorise, then dispatch.
pub fn send(call: RuntimeCall) -> Result<ValidTransaction, TransactionValidityError> {
    let (valid, _) = call.authorize(TransactionSource::External).unwrap()?;
    assert_ne!(call.get_dispatch_info().total_weight(), Weight::zero());
    call.dispatch(frame_system::RawOrigin::Authorized.into()).expect("an authorised vote succeeds");
    Ok(valid)
}

/// A vote from `seat` with the key of the oracle of the same number.
pub fn vote(epoch: u32, seat: u16, vote: Vote) -> Result<ValidTransaction, TransactionValidityError> {
    send(call(epoch, seat, seat as u8, vote))
}

/// The commit of the oracle at `seat` to a header.
pub fn committing(seat: u16, header: &BallotHeader) -> Vote {
    Vote::Commit(header.commitment(Availability::genesis_hash(), &pair(seat as u8).public()))
}

pub fn commit(epoch: u32, seat: u16, ballot: &Ballot) {
    vote(epoch, seat, committing(seat, &ballot.header)).unwrap();
}

pub fn reveal(epoch: u32, seat: u16, ballot: &Ballot) {
    vote(epoch, seat, Vote::Header(ballot.header.clone())).unwrap();
    for (first, pages) in (0u32..).step_by(MAX_REVEAL as usize).zip(ballot.pages.chunks(MAX_REVEAL as usize)) {
        vote(epoch, seat, Vote::Pages { first, pages: RevealedPages::try_from(pages.to_vec()).unwrap() }).unwrap();
    }
}

/// The whole of a round in which the listed seats vote as listed.
pub fn settle(epoch: u32, ballots: &[(u16, Ballot)]) {
    ballots.iter().for_each(|(seat, ballot)| commit(epoch, *seat, ballot));
    run_to_phase(epoch, Some(Phase::Reveal));
    ballots.iter().for_each(|(seat, ballot)| reveal(epoch, *seat, ballot));
    block();
}

/// The same ballot for the first `n` seats.
pub fn unanimous(epoch: u32, n: u16, bytes: &[u8]) -> Vec<(u16, Ballot)> {
    (0..n).map(|seat| (seat, ballot(epoch, bytes))).collect()
}

pub fn events() -> Vec<Event<Test>> {
    System::read_events_for_pallet::<Event<Test>>()
}
