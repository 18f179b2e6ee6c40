//! What it takes to close an epoch: from the last revealed ballot to the last credited page, through the runtime's own
//! hook, block by block.
//!
//! A larger state makes every read of it dearer, whoever reads: the trie is deeper and caches hold less of it. So the
//! time per byte is compared with that of merely reading the same ballots from the same state, and that ratio may not
//! grow with the network.

use crate::{
    figures::{time, Figure, Outcome},
    state::{self, Access},
    BenchError,
};
use codec::Encode;
use frame_support::{
    traits::Hooks,
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use pallet_availability::{Cast, Ending, Parameters, Round, RunningEpoch};
use pallet_licenses::MaskVersion;
use ratio1_primitives::{
    ballot::{Frozen, Page, Phase, Seat},
    economics::price::USD,
    pages,
    traits::PageMask,
    AccountId, ClockParams, EpochIndex, LicenseId, VoteId, PAGE_SIZE,
};
use ratio1_runtime::{Availability, Runtime, System};
use sp_io::TestExternalities;
use std::time::Duration;

/// Sizes of the network, the smallest first: the others are compared with it.
const LICENSES: [u32; 3] = [1_000, 10_000, 100_000];
const ORACLES: [u16; 3] = [7, 30, 100];
/// How much more the ratio may be than in the smallest case: what a measurement may be off.
const TOLERANCE: f64 = 1.25;
/// Bytes of ballots to work through per case, so that small cases are repeated until they can be measured.
const BYTES_PER_CASE: u64 = 20_000_000;
/// Repetitions at least, and at most.
const REPEATS: (u64, u64) = (8, 200);
/// Blocks after which an epoch that is still open will never close.
const MAX_BLOCKS: u32 = 10_000;

const EPOCH_MS: u64 = 60_000;
const EPOCH: EpochIndex = EpochIndex(4);
/// Credits licenses have before the epoch.
const CREDITS: u32 = 1_000;

/// One size of the network, measured.
struct Case {
    licenses: u32,
    oracles: u16,
    closed: Closed,
    access: Access,
    /// Bytes of ballots and headers that the epoch left in state.
    ballots: usize,
    /// Seconds, the best of the repetitions.
    spent: f64,
    /// Seconds that merely reading the ballots takes, the best of the repetitions.
    reading: f64,
}

/// How the hook got there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Closed {
    blocks: u32,
    weight: Weight,
}

impl Case {
    fn bytes(&self) -> f64 {
        f64::from(self.licenses) * f64::from(self.oracles)
    }

    fn nanos_per_byte(&self) -> f64 {
        self.spent * 1e9 / self.bytes()
    }

    /// Time of closing over time of reading.
    fn over_reading(&self) -> f64 {
        self.spent / self.reading
    }
}

/// Measure all sizes, and fail if the time per byte grows.
pub fn run() -> Result<Outcome, BenchError> {
    let mut outcome = Outcome::default();
    let mut smallest: Option<Case> = None;
    for (licenses, oracles) in LICENSES.iter().flat_map(|l| ORACLES.iter().map(move |o| (*l, *o))) {
        let case = measure(licenses, oracles)?;
        report(&mut outcome, &case, smallest.as_ref().unwrap_or(&case));
        smallest.get_or_insert(case);
    }
    Ok(outcome)
}

fn report(outcome: &mut Outcome, case: &Case, base: &Case) {
    let name = |c: &Case| format!("{}x{}", c.licenses, c.oracles);
    let mut add = |what: &str, unit, value: f64, base_value: f64| {
        let title = format!("epoch-close/{}/{what}", name(case));
        let figure = Figure::new(title, value, unit, format!("{} licenses x oracles", name(base)), base_value);
        let ratio = figure.ratio;
        outcome.figures.push(figure);
        ratio
    };
    let millis = |c: &Case| c.closed.weight.ref_time() as f64 / 1e9;
    add("weight", "ms of ref time", millis(case), millis(base));
    add("proof", "bytes of proof size", case.closed.weight.proof_size() as f64, base.closed.weight.proof_size() as f64);
    add("blocks", "blocks", case.closed.blocks.into(), base.closed.blocks.into());
    add("state", "bytes written", case.access.bytes as f64, base.access.bytes as f64);
    add("ballots", "bytes kept", case.ballots as f64, base.ballots as f64);
    add("time", "ns per license x oracle", case.nanos_per_byte(), base.nanos_per_byte());
    let growth = add("over-reading", "times as long as reading", case.over_reading(), base.over_reading());
    outcome.require(growth <= TOLERANCE, || {
        let (case, base) = (name(case), name(base));
        format!("epoch-close: over the mere reading, a byte takes {growth:.2} times as long at {case} as at {base}")
    });
}

fn measure(licenses: u32, oracles: u16) -> Result<Case, BenchError> {
    let mut ext = TestExternalities::new_empty();
    let params = Parameters::default();
    ext.execute_with(|| set_up(licenses, oracles, params))?;
    let ballots = {
        let mut changes = ext.overlayed_changes().clone();
        let ours = [prefix("BallotPages"), prefix("Casts")];
        let kept = changes.changes_mut().filter(|(key, _)| ours.iter().any(|p| key.starts_with(p)));
        kept.map(|(key, entry)| key.len() + entry.value().map_or(0, |value| value.len())).sum()
    };
    state::commit(&mut ext)?;

    let (access, closed) = state::count(&mut ext, || {
        let closed = close()?;
        check(licenses)?;
        Ok::<_, BenchError>(closed)
    });
    let closed = closed?;
    let repeats = (BYTES_PER_CASE / (u64::from(licenses) * u64::from(oracles))).clamp(REPEATS.0, REPEATS.1);
    let (mut best, mut least) = (Duration::MAX, Duration::MAX);
    for _ in 0..repeats {
        let (spent, again) = ext.execute_with(|| time(close));
        ext.reset_overlay();
        if again? != closed {
            return Err(BenchError::WrongResult("epoch-close: two runs took different weight".into()));
        }
        best = best.min(spent);
        let (spent, read) = ext.execute_with(|| time(|| read_ballots(licenses, oracles)));
        if read != u64::from(licenses) * u64::from(oracles) {
            return Err(BenchError::WrongResult("epoch-close: ballots are missing".into()));
        }
        least = least.min(spent);
    }
    Ok(Case { licenses, oracles, closed, access, ballots, spent: best.as_secs_f64(), reading: least.as_secs_f64() })
}

/// Read every page of every ballot, page by page as settling does, and say how many bytes there were.
fn read_ballots(licenses: u32, oracles: u16) -> u64 {
    let keys = (0..pages(licenses)).flat_map(|page| (0..oracles).map(move |n| (EPOCH, page, n)));
    keys.filter_map(pallet_availability::BallotPages::<Runtime>::get).map(|page| page.len() as u64).sum()
}

/// The prefix of an item of the availability pallet.
fn prefix(item: &str) -> Vec<u8> {
    [sp_io::hashing::twox_128(b"Availability"), sp_io::hashing::twox_128(item.as_bytes())].concat()
}

/// An epoch that ended, all its ballots revealed, about to be counted; all licenses linked and credited before.
fn set_up(licenses: u32, oracles: u16, params: Parameters) -> Result<(), BenchError> {
    use pallet_availability::{Clock, FirstEpoch, FrozenSets, Open, Rounds, Running};
    System::set_block_number(1);
    pallet_timestamp::Now::<Runtime>::put(EPOCH_MS * u64::from(EPOCH.0 + 1) + 1);
    Clock::<Runtime>::put(ClockParams { genesis_moment: 0, epoch_ms: EPOCH_MS });
    FirstEpoch::<Runtime>::put(EpochIndex(0));
    let (nobody, gaps) = (Default::default(), Default::default());
    Running::<Runtime>::put(RunningEpoch { epoch: EPOCH.plus(1), params, oracles: nobody, gaps });

    let seats: Vec<_> = (0..oracles).map(seat).collect();
    let seats = seats.try_into().map_err(|_| BenchError::Setup("more oracles than seats"))?;
    let frozen =
        Frozen { seats, licenses, services: 0, params: params.epoch_params(EPOCH_MS), gaps: Default::default() };
    let mut round = Round::new(params, 0);
    round.committed = oracles.into();
    round.complete = oracles.into();
    round.enter(Phase::Settling, 0, 0);
    for n in 0..oracles {
        set_up_ballot(&frozen, n)?;
    }
    FrozenSets::<Runtime>::insert(EPOCH, frozen);
    Rounds::<Runtime>::insert(EPOCH, round);
    Open::<Runtime>::put(BoundedVec::truncate_from(vec![EPOCH]));
    set_up_licenses(licenses);
    Ok(())
}

fn seat(n: u16) -> Seat<AccountId> {
    let key = sp_io::hashing::blake2_256(&n.encode());
    let vote_key: VoteId = sp_core::ed25519::Public::from_raw(key).into();
    Seat { oracle: AccountId::new(key), license: LicenseId(n.into()), vote_key }
}

/// A complete ballot: the oracles' own nodes always on, everything else noise around the same value.
fn set_up_ballot(frozen: &Frozen<AccountId>, n: u16) -> Result<(), BenchError> {
    use pallet_availability::{BallotPages, Casts};
    let oracles = frozen.oracles();
    for page in 0..frozen.pages() {
        let first = page * PAGE_SIZE;
        let bytes = (first..first + frozen.page_len(page)).map(|license| match license < oracles {
            true => 255,
            false => noise(license, n),
        });
        let bytes: Page = bytes.collect::<Vec<u8>>().try_into().map_err(|_| BenchError::Setup("page too long"))?;
        BallotPages::<Runtime>::insert((EPOCH, page, n), bytes);
    }
    let on_oracles = BoundedVec::truncate_from(vec![255; oracles as usize]);
    let (price, revealed) = (Some(USD), frozen.pages());
    Casts::<Runtime>::insert(EPOCH, n, Cast { coverage: 255, price, finalised: 1, revealed, on_oracles });
    Ok(())
}

/// What oracle `n` counted for `license`: a value of the license's own, off by up to 15.
fn noise(license: u32, n: u16) -> u8 {
    let mix = |x: u32| (x ^ (x >> 15)).wrapping_mul(0x2c1b_3c6d).rotate_left(13).wrapping_mul(0x297a_2d39) >> 16;
    let value = mix(license) % 241 + mix(license.wrapping_mul(31).wrapping_add(n.into())) % 16;
    u8::try_from(value).unwrap_or(u8::MAX)
}

fn set_up_licenses(licenses: u32) {
    pallet_licenses::NextId::<Runtime>::put(licenses);
    let mask = PageMask([u8::MAX; PAGE_SIZE as usize / 8]);
    for page in 0..pages(licenses) {
        let versions = BoundedVec::truncate_from(vec![MaskVersion { since: EpochIndex(0), mask }]);
        pallet_licenses::LinkedPages::<Runtime>::insert(page, versions);
        let length = (licenses - page * PAGE_SIZE).min(PAGE_SIZE) as usize;
        pallet_rewards::Credits::<Runtime>::insert(page, BoundedVec::truncate_from(vec![CREDITS; length]));
    }
}

/// Run the hook, block after block, until nothing is open.
fn close() -> Result<Closed, BenchError> {
    let limit = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
    let mut closed = Closed { blocks: 0, weight: Weight::zero() };
    while !pallet_availability::Open::<Runtime>::get().is_empty() {
        closed.blocks += 1;
        if closed.blocks > MAX_BLOCKS {
            return Err(BenchError::WrongResult(format!("epoch-close: still open after {MAX_BLOCKS} blocks")));
        }
        let mut meter = WeightMeter::with_limit(limit);
        <Availability as Hooks<u32>>::on_poll(closed.blocks, &mut meter);
        closed.weight = closed.weight.saturating_add(meter.consumed());
    }
    Ok(closed)
}

/// The epoch must be finalised, and every license credited with its byte.
fn check(licenses: u32) -> Result<(), BenchError> {
    let wrong = |what: String| Err(BenchError::WrongResult(format!("epoch-close: {what}")));
    match pallet_availability::Records::<Runtime>::get(EPOCH) {
        Some(record) if record.ending == Ending::Finalised && record.complete == record.eligible => {}
        record => return wrong(format!("the epoch ended as {record:?}")),
    }
    for page in 0..pages(licenses) {
        let Some(bytes) = pallet_availability::FinalisedPages::<Runtime>::get(EPOCH, page) else {
            return wrong(format!("page {page} is not final"));
        };
        let credits = pallet_rewards::Credits::<Runtime>::get(page);
        let expected = bytes.iter().map(|byte| CREDITS + u32::from(*byte));
        if bytes.iter().all(|byte| *byte == 0) || !credits.iter().copied().eq(expected) {
            return wrong(format!("page {page} is not credited with its bytes"));
        }
    }
    Ok(())
}
