//! What it takes to settle a finalised epoch for all running slots, through the runtime's own hook, block by block: an
//! ordinary epoch, and one with which a period of every slot is released.
//!
//! A larger state makes every read of it dearer, whoever reads. So the time per slot is compared with that of merely
//! reading the services from the same state, and that ratio may not grow with the number of slots.

use crate::{
    figures::{time, Figure, Outcome},
    state::{self, Access},
    BenchError,
};
use codec::Encode;
use frame_support::{
    traits::{
        fungible::{Mutate, MutateHold},
        Hooks,
    },
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use pallet_availability::{Ending, EpochRecord, RunningEpoch};
use pallet_jobs::{HoldReason, Job, JobState, Ledger, Period, Service, Slot, SlotState, Term};
use ratio1_primitives::{
    ballot::{Frozen, Seat, MAX_ORACLES},
    economics::R1,
    jobs::{price, Cid, Drawn, JobRequest, Reputation, Restart, Selectors, SlotRef, Tier, PERIOD, REJECTION_EPOCHS},
    pages, AccountId, Balance, ClockParams, EpochIndex, EpochParams, Hash, JobId, LicenseId, VoteId, PAGE_SIZE,
};
use ratio1_runtime::{Balances, Jobs, Runtime, RuntimeHoldReason, System};
use sp_io::TestExternalities;
use std::time::Duration;

/// Slots that run: the second is compared with the first.
const SLOTS: [u32; 2] = [1_000, 10_000];
/// Slots of each job.
const NODES: u32 = 10;
/// How much more the ratio may be than with fewer slots: what a measurement may be off.
const TOLERANCE: f64 = 1.25;
/// Slots to settle for each case, so that small ones are repeated until they can be measured.
const SLOTS_PER_CASE: u32 = 100_000;
/// Blocks after which an epoch that is not settled never will be.
const MAX_BLOCKS: u32 = 10_000;

const EPOCH_MS: u64 = 60_000;
/// The epoch to be settled.
const EPOCH: EpochIndex = EpochIndex(40);
/// What a slot costs per epoch.
const PRICE: Balance = R1;

/// What follows from the epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Every slot earns.
    Ordinary,
    /// It is the last of a period of every slot: all are paid as well.
    Release,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Ordinary, Self::Release];

    fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "earn",
            Self::Release => "release",
        }
    }

    /// Epochs every slot was served before.
    fn epochs(self) -> u32 {
        match self {
            Self::Ordinary => 10,
            Self::Release => PERIOD - 1,
        }
    }

    /// The epoch that runs when the one to be settled is finalised.
    fn current(self) -> EpochIndex {
        match self {
            Self::Ordinary => EPOCH.plus(1),
            Self::Release => EPOCH.plus(1).plus(REJECTION_EPOCHS),
        }
    }
}

/// How the hook got there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Course {
    blocks: u32,
    weight: Weight,
    /// The most of one block.
    most: Weight,
}

/// One number of slots, measured.
struct Case {
    slots: u32,
    course: Course,
    access: Access,
    spent: Duration,
    reading: Duration,
}

impl Case {
    fn micros_per_slot(&self) -> f64 {
        self.spent.as_secs_f64() * 1e6 / f64::from(self.slots)
    }

    fn over_reading(&self) -> f64 {
        self.spent.as_secs_f64() / self.reading.as_secs_f64()
    }
}

/// Measure all, and fail if the time per slot grows, or a block gives more of its weight than it may.
pub fn run() -> Result<Outcome, BenchError> {
    let mut outcome = Outcome::default();
    for kind in Kind::ALL {
        let mut base: Option<Case> = None;
        for slots in SLOTS {
            let case = measure(slots, kind)?;
            report(&mut outcome, kind, &case, base.as_ref().unwrap_or(&case));
            base.get_or_insert(case);
        }
    }
    Ok(outcome)
}

fn report(outcome: &mut Outcome, kind: Kind, case: &Case, base: &Case) {
    let name = kind.name();
    let limit = share();
    let mut add = |what: &str, unit, value: f64, against: String, other: f64| {
        let figure = Figure::new(format!("settlement/{name}/{}/{what}", case.slots), value, unit, against, other);
        let ratio = figure.ratio;
        outcome.figures.push(figure);
        ratio
    };
    let millis = |weight: Weight| weight.ref_time() as f64 / 1e9;
    let fewer = || format!("{} slots", base.slots);
    add("blocks", "blocks", case.course.blocks.into(), fewer(), base.course.blocks.into());
    add("weight", "ms of ref time", millis(case.course.weight), fewer(), millis(base.course.weight));
    let most = millis(case.course.most);
    let taken = add("weight", "ms of ref time, most of a block", most, "what jobs may take".into(), millis(limit));
    add("reads", "items", case.access.reads as f64, fewer(), base.access.reads as f64);
    add("writes", "items", case.access.writes as f64, fewer(), base.access.writes as f64);
    add("time", "us per slot", case.micros_per_slot(), fewer(), base.micros_per_slot());
    let growth = add("over-reading", "times as long as reading", case.over_reading(), fewer(), base.over_reading());
    let slots = case.slots;
    outcome.require(case.course.most.all_lt(limit), || {
        format!("settlement/{name}: a block of {slots} slots takes {taken:.2} of the weight it may take")
    });
    outcome.require(growth <= TOLERANCE, || {
        format!("settlement/{name}: over mere reading, a slot takes {growth:.2} times as long at {slots}")
    });
}

/// The weight that jobs may take of a block.
fn share() -> Weight {
    let share = pallet_jobs::Parameters::default().work_share;
    share * <Runtime as frame_system::Config>::BlockWeights::get().max_block
}

fn measure(slots: u32, kind: Kind) -> Result<Case, BenchError> {
    let mut ext = state::local()?;
    ext.execute_with(|| set_up(slots, kind))?;
    state::commit(&mut ext)?;
    let (access, course) = state::count(&mut ext, || settle().and_then(|course| check(slots, kind).map(|()| course)));
    let course = course?;
    let (mut best, mut least) = (Duration::MAX, Duration::MAX);
    for _ in 0..SLOTS_PER_CASE / slots {
        best = best.min(again(&mut ext, course)?);
        let services = || (0..slots).filter_map(pallet_jobs::Services::<Runtime>::get).count();
        let (spent, read) = ext.execute_with(|| time(services));
        if read != slots as usize {
            return Err(BenchError::WrongResult("settlement: services are missing".into()));
        }
        least = least.min(spent);
    }
    Ok(Case { slots, course, access, spent: best, reading: least })
}

/// The time it takes once more. Its effects are forgotten.
fn again(ext: &mut TestExternalities, course: Course) -> Result<Duration, BenchError> {
    let (spent, again) = ext.execute_with(|| time(settle));
    ext.reset_overlay();
    match again? == course {
        true => Ok(spent),
        false => Err(BenchError::WrongResult("settlement: two runs took different weight".into())),
    }
}

/// Run the hook, block after block, until no epoch waits.
fn settle() -> Result<Course, BenchError> {
    Jobs::on_finalised(EPOCH);
    let limit = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
    let mut course = Course::default();
    let waits = || {
        let cursor = pallet_jobs::Settled::<Runtime>::get();
        cursor.head < cursor.tail
    };
    while waits() {
        course.blocks += 1;
        if course.blocks > MAX_BLOCKS {
            return Err(BenchError::WrongResult(format!("settlement: not over after {MAX_BLOCKS} blocks")));
        }
        // As every block does.
        System::reset_events();
        let mut meter = WeightMeter::with_limit(limit);
        <Jobs as Hooks<u32>>::on_poll(course.blocks, &mut meter);
        course.weight = course.weight.saturating_add(meter.consumed());
        course.most = course.most.max(meter.consumed());
    }
    Ok(course)
}

/// What a service earns in the epoch: it had 253 to 255.
fn byte(index: u32) -> u8 {
    u8::MAX - u8::try_from(index % 3).unwrap_or(0)
}

/// Every service must have earned, and be paid if a period of it was over.
fn check(slots: u32, kind: Kind) -> Result<(), BenchError> {
    for index in 0..slots {
        let earned = PRICE * Balance::from(kind.epochs()) + price::earned(PRICE, EPOCH_MS, EPOCH_MS, byte(index));
        let service = pallet_jobs::Services::<Runtime>::get(index);
        let holds = service.is_some_and(|service| match kind {
            Kind::Ordinary => service.periods.first().is_some_and(|period| period.accrued == earned),
            Kind::Release => service.released == 1 && Balances::free_balance(&service.payee) == price::split(earned).1,
        });
        if !holds {
            return Err(BenchError::WrongResult(format!("settlement: service {index} has not what it earned")));
        }
    }
    Ok(())
}

/// A finalised epoch, and so many running slots that were served in it and in the epochs before.
fn set_up(slots: u32, kind: Kind) -> Result<(), BenchError> {
    System::set_block_number(1);
    let clock = ClockParams { genesis_moment: 0, epoch_ms: EPOCH_MS };
    pallet_timestamp::Now::<Runtime>::put(clock.epoch_start(kind.current()) + 1);
    pallet_availability::Clock::<Runtime>::put(clock);
    let (oracles, gaps) = (Default::default(), Default::default());
    let running = RunningEpoch { epoch: kind.current(), params: Default::default(), oracles, gaps };
    pallet_availability::Running::<Runtime>::put(running);
    pallet_jobs::AgendaEpoch::<Runtime>::put(kind.current());
    pallet_jobs::Settings::<Runtime>::put(pallet_jobs::Parameters::default());
    finalise(slots)?;
    // One license for each slot.
    pallet_licenses::NextId::<Runtime>::put(slots);
    let reputations = BoundedVec::truncate_from(vec![Reputation::default(); PAGE_SIZE as usize]);
    (0..pages(slots)).for_each(|page| pallet_nodes::Reputations::<Runtime>::insert(page, &reputations));
    (0..slots / NODES).try_for_each(|n| set_up_job(n, kind))?;
    pallet_jobs::Indices::<Runtime>::put(slots);
    System::reset_events();
    Ok(())
}

/// Bytes of the epoch: as many services as licenses, as many oracles as there can be.
fn finalise(slots: u32) -> Result<(), BenchError> {
    use pallet_availability::{FinalisedPages, FrozenSets, LastFinalised, Records};
    let params = EpochParams { threshold: 250, ..Default::default() };
    let seats = (0..MAX_ORACLES).map(|n| {
        let vote_key: VoteId = sp_core::ed25519::Public::from_raw([1; 32]).into();
        Seat { oracle: account("oracle", n), license: LicenseId(n), vote_key }
    });
    let seats = seats.collect::<Vec<_>>().try_into().map_err(|_| BenchError::Setup("more oracles than seats"))?;
    let frozen = Frozen { seats, licenses: slots, services: slots, params, gaps: Default::default() };
    FrozenSets::<Runtime>::insert(EPOCH, frozen);
    let (ending, seats) = (Ending::Finalised, MAX_ORACLES);
    let (reopened, complete, eligible, known) = (0, seats, seats, Some(u32::MAX));
    let record = EpochRecord { ending, reopened, seats, licenses: slots, complete, eligible, known };
    Records::<Runtime>::insert(EPOCH, record);
    LastFinalised::<Runtime>::put(EPOCH);
    for page in 0..pages(slots) {
        let first = page * PAGE_SIZE;
        let bytes = (first..slots.min(first + PAGE_SIZE)).map(byte).collect();
        FinalisedPages::<Runtime>::insert(EPOCH, pages(slots) + page, BoundedVec::truncate_from(bytes));
    }
    Ok(())
}

fn account(who: &str, n: u32) -> AccountId {
    AccountId::new(sp_io::hashing::blake2_256(&(who, n).encode()))
}

/// The `n`-th job, of a requester of its own, all its slots served.
fn set_up_job(n: u32, kind: Kind) -> Result<(), BenchError> {
    let (id, owner, first) = (JobId(n.into()), account("requester", n), EPOCH.minus(kind.epochs()));
    let epochs = 3 * PERIOD;
    let each = PRICE * Balance::from(epochs);
    let deposited = each * Balance::from(NODES);
    let held = Balances::mint_into(&owner, deposited + R1).and_then(|_| {
        let reason = RuntimeHoldReason::Jobs(HoldReason::Job);
        Balances::hold(&reason, &owner, deposited)
    });
    held.map_err(|_| BenchError::Setup("the requester has no money"))?;
    let request = JobRequest {
        tier: Tier::Entry,
        gpu: None,
        nodes: 10,
        epochs,
        spec: Cid::new(false, [7; 32]),
        spec_bytes: 512,
        selectors: Selectors::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    };
    let job = Job {
        owner: owner.clone(),
        entity: sp_io::hashing::blake2_256(owner.as_ref()),
        state: JobState::Running,
        requested: 1,
        cancelled: None,
        slots: 10,
        live: 10,
        running: 10,
        open: 10,
        served: true,
        ledger: Ledger { deposited, ..Default::default() },
    };
    pallet_jobs::Jobs::<Runtime>::insert(id, job);
    pallet_jobs::JobsOf::<Runtime>::insert(&owner, id.0.to_be_bytes(), ());
    pallet_jobs::Requests::<Runtime>::insert(id, request);
    for slot in 0..NODES {
        let slot = u16::try_from(slot).map_err(|_| BenchError::Setup("too many slots"))?;
        set_up_slot(SlotRef { job: id, slot }, n * NODES + u32::from(slot), first, each, kind);
    }
    Ok(())
}

/// A slot, and the service of this index on it.
fn set_up_slot(id: SlotRef, index: u32, first: EpochIndex, held: Balance, kind: Kind) {
    let (license, ends) = (LicenseId(index), first.plus(3 * PERIOD));
    let drawn = Drawn {
        draw: index.into(),
        opened: 1,
        seed: Hash::repeat_byte(1),
        licenses: 1,
        included: false,
        bytes_of: first,
        pass: 0,
        position: 0,
        license,
    };
    let slot = Slot {
        state: SlotState::Running { index },
        held,
        started: Some(first),
        terms: BoundedVec::truncate_from(vec![Term { until: ends, price: PRICE }]),
        services: BoundedVec::truncate_from(vec![index]),
        drawn: Some(drawn),
        draws: 0,
        draw_fee: 0,
        tried: Default::default(),
        trial: Default::default(),
    };
    let before = kind.epochs();
    let accrued = PRICE * Balance::from(before);
    let period = Period { index: 0, accrued, settled: (1 << before) - 1, rejected: 0 };
    let recent = (1..=pallet_jobs::MAX_RECENT).rev().map(|back| (EPOCH.minus(back), u8::MAX)).collect();
    let service = Service {
        slot: id,
        license,
        payee: account("payee", index),
        accepted: 1,
        block: 1,
        expected: 2,
        first,
        ends,
        leaving: false,
        left: None,
        counts: true,
        recent: BoundedVec::truncate_from(recent),
        periods: BoundedVec::truncate_from(vec![period]),
        released: 0,
    };
    pallet_jobs::Slots::<Runtime>::insert(id.job, id.slot, slot);
    pallet_jobs::Services::<Runtime>::insert(index, service);
    pallet_jobs::Agenda::<Runtime>::insert(ends, index, ());
    pallet_jobs::Assigned::<Runtime>::insert(license, id, ());
}
