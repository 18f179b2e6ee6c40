//! How many beats a core takes in: the oracle's whole hot path, from bytes to a counted slot, against nothing but the
//! verification of the same signatures over the same payloads.

use crate::{
    figures::{time, Figure, Outcome},
    BenchError,
};
use codec::Encode;
use ratio1_heartbeat::{
    ports::{BlockRef, Source},
    Intake,
};
use ratio1_primitives::{
    heartbeat::{Heartbeat, Service, ServiceState, SignedHeartbeat, HEARTBEAT_VERSION},
    ClockParams, EpochIndex, EpochParams, Hash, JobId, LicenseId, NodeId, NodeSignature,
};
use sp_core::{ed25519, Pair};
use std::{hint::black_box, time::Duration};

/// The least the intake may reach of bare verification's rate.
const LEAST: f64 = 0.7;
/// Edge nodes that beat.
const NODES: u32 = 2_000;
/// Beats of each.
const SLOTS: u32 = 10;
/// How often both are measured, in turns; the best of each counts.
const ROUNDS: usize = 5;
/// Services a beat reports.
const SERVICES: u16 = 4;

const CLOCK: ClockParams = ClockParams { genesis_moment: 0, epoch_ms: 60_000 };
const PARAMS: EpochParams = EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 32 };

/// A beat as it arrives, and the parts that bare verification needs.
struct Arrival {
    from: Source,
    now: u64,
    bytes: Vec<u8>,
    payload: Vec<u8>,
    signature: NodeSignature,
    key: ed25519::Public,
}

/// Measure, and hold the intake to its bound.
pub fn run() -> Result<Outcome, BenchError> {
    let genesis = Hash::repeat_byte(1);
    let block = BlockRef { number: 7, hash: Hash::repeat_byte(7) };
    let pairs: Vec<_> =
        (0..NODES).map(|n| ed25519::Pair::from_seed(&sp_io::hashing::blake2_256(&n.encode()))).collect();
    let nodes: Vec<_> = (0..).map(LicenseId).zip(pairs.iter().map(|pair| NodeId::from(pair.public()))).collect();
    let arrivals = arrivals(genesis, block, &pairs);

    let (mut bare, mut counted) = (Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        bare = bare.min(verify(&arrivals)?);
        let intake = Intake::preset(genesis, CLOCK, PARAMS, EpochIndex(0), &nodes, &[block]);
        counted = counted.min(count(intake, &arrivals)?);
    }

    let rate = |spent: Duration| arrivals.len() as f64 / spent.as_secs_f64();
    let against = "bare ed25519 verification";
    let figure = Figure::new("heartbeat-intake", rate(counted), "beats/s per core", against, rate(bare));
    let mut outcome = Outcome::default();
    outcome.require(figure.ratio >= LEAST, || {
        format!("heartbeat-intake: {:.3} of bare verification, must be at least {LEAST}", figure.ratio)
    });
    outcome.figures.push(Figure::new("heartbeat-verify", rate(bare), "signatures/s per core", against, rate(bare)));
    outcome.figures.push(figure);
    Ok(outcome)
}

/// The beats of all nodes, slot by slot.
fn arrivals(genesis: Hash, block: BlockRef, pairs: &[ed25519::Pair]) -> Vec<Arrival> {
    let services: Vec<_> =
        (0..SERVICES).map(|slot| Service { job: JobId(1), slot, state: ServiceState::Running }).collect();
    let mut arrivals = Vec::new();
    for slot in 0..SLOTS {
        for (n, pair) in (0u32..).zip(pairs) {
            let beat = Heartbeat {
                version: HEARTBEAT_VERSION,
                license: LicenseId(n),
                epoch: EpochIndex(0),
                slot,
                block_number: block.number,
                block_hash: block.hash,
                resources: Default::default(),
                services: services.clone().try_into().unwrap_or_default(),
            };
            let payload = beat.payload(genesis);
            let signature = pair.sign(&payload);
            let bytes = SignedHeartbeat { beat, signature }.encode();
            let from = Source(pair.public().0);
            let now = u64::from(slot) * u64::from(PARAMS.beat_ms) + 100;
            arrivals.push(Arrival { from, now, bytes, payload, signature, key: pair.public() });
        }
    }
    arrivals
}

fn verify(arrivals: &[Arrival]) -> Result<Duration, BenchError> {
    let (spent, valid) = time(|| {
        let check = |a: &&Arrival| ed25519::Pair::verify(&a.signature, black_box(&a.payload), &a.key);
        arrivals.iter().filter(check).count()
    });
    all_of(valid, arrivals, "signatures verified")?;
    Ok(spent)
}

fn count(mut intake: Intake, arrivals: &[Arrival]) -> Result<Duration, BenchError> {
    let (spent, accepted) =
        time(|| arrivals.iter().filter(|a| intake.accept(a.from, black_box(&a.bytes), a.now).is_ok()).count());
    all_of(accepted, arrivals, "beats accepted")?;
    // The beats must have left their mark, or something else was measured.
    let marked: u32 = (0..NODES).map(|n| intake.running().accepted(LicenseId(n))).sum();
    all_of(marked as usize, arrivals, "slots marked")?;
    Ok(spent)
}

fn all_of(got: usize, arrivals: &[Arrival], what: &str) -> Result<(), BenchError> {
    match got == arrivals.len() {
        true => Ok(()),
        false => Err(BenchError::WrongResult(format!("heartbeat-intake: {got} of {} {what}", arrivals.len()))),
    }
}
