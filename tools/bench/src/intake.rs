//! How many beats a core takes in, against nothing but the verification of the same signatures over the same payloads:
//!
//! - `heartbeat-intake`: from the bytes of a node's beat to a counted slot.
//! - `heartbeat-path`: all that an oracle among [`ORACLES`] does for them, of which each arrives [`REPLICAS`] times: it takes in
//!   those sent to it, seals and signs them for each of the others, opens what the others relay, and counts what is new.
//! - `heartbeat-seal`: a copy of a batch, signed for one receiver.

use crate::{
    figures::{time, Figure, Outcome},
    BenchError,
};
use codec::Encode;
use ratio1_heartbeat::{
    intake::{Bringer, Intake},
    relay::{seal, Outbox, RelayGate, Sealer},
};
use ratio1_ports::{BlockRef, Source, VoteKeys};
use ratio1_primitives::{
    ballot::Seat,
    heartbeat::{Heartbeat, Service, ServiceState, SignedHeartbeat, HEARTBEAT_VERSION, MAX_BATCH},
    keys::pair::VotePair,
    AccountId, ClockParams, EpochIndex, EpochParams, Hash, JobId, LicenseId, NodeId, NodeSignature, VoteId,
    VoteSignature,
};
use sp_core::{ed25519, Pair};
use std::{hint::black_box, time::Duration};

/// The least the intake may reach of bare verification's rate.
const LEAST: f64 = 0.7;
/// The least the whole path may.
const LEAST_PATH: f64 = 0.5;
/// Oracles there are, to how many of them a node sends its beats, and how often an oracle flushes in an interval.
const ORACLES: u8 = 100;
const REPLICAS: usize = 3;
const FLUSHES: usize = 2;
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
    beat: SignedHeartbeat,
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

    let network = Network::new(genesis, &arrivals)?;
    let (mut bare, mut counted, mut path, mut sealed) = (Duration::MAX, Duration::MAX, Duration::MAX, Duration::MAX);
    for _ in 0..ROUNDS {
        bare = bare.min(verify(&arrivals)?);
        let intake = || Intake::preset(genesis, CLOCK, PARAMS, EpochIndex(0), &nodes, &[block]);
        counted = counted.min(count(intake(), &arrivals)?);
        path = path.min(network.pass(intake(), &arrivals)?);
        sealed = sealed.min(network.seal(&arrivals)?);
    }

    let rate = |spent: Duration| arrivals.len() as f64 / spent.as_secs_f64();
    let against = "bare ed25519 verification";
    let figure = Figure::new("heartbeat-intake", rate(counted), "beats/s per core", against, rate(bare));
    let mut outcome = Outcome::default();
    outcome.require(figure.ratio >= LEAST, || {
        format!("heartbeat-intake: {:.3} of bare verification, must be at least {LEAST}", figure.ratio)
    });
    let whole = Figure::new("heartbeat-path", rate(path), "beats/s per core", against, rate(bare));
    outcome.require(whole.ratio >= LEAST_PATH, || {
        format!("heartbeat-path: {:.3} of bare verification, must be at least {LEAST_PATH}", whole.ratio)
    });
    let seals = f64::from(ORACLES - 1) / sealed.as_secs_f64();
    outcome.figures.push(Figure::new("heartbeat-seal", seals, "copies/s per core", against, rate(bare)));
    outcome.figures.push(whole);
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
            let beat = SignedHeartbeat { beat, signature };
            let bytes = beat.encode();
            let from = Source(pair.public().0);
            let now = u64::from(slot) * u64::from(PARAMS.beat_ms) + 100;
            arrivals.push(Arrival { beat, from, now, bytes, payload, signature, key: pair.public() });
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
        time(|| arrivals.iter().filter(|a| intake.accept_beat(a.from, black_box(&a.bytes), a.now).is_ok()).count());
    all_of(accepted, arrivals, "beats accepted")?;
    // The beats must have left their mark, or something else was measured.
    let marked: u32 = (0..NODES).map(|n| intake.running().accepted(LicenseId(n))).sum();
    all_of(marked as usize, arrivals, "slots marked")?;
    Ok(spent)
}

/// The key of one oracle.
struct VoteKey(VotePair);

impl VoteKeys for VoteKey {
    fn vote_keys(&self) -> Vec<VoteId> {
        vec![self.0.public()]
    }
    fn sign_vote(&self, _: &VoteId, payload: &[u8]) -> Option<VoteSignature> {
        Some(self.0.sign(payload))
    }
}

/// The oracles, and what each of the others relays to the first one.
struct Network {
    genesis: Hash,
    keys: Vec<VoteKey>,
    seats: Vec<Seat<AccountId>>,
    /// Batches of a slot with the peers they come from, slot by slot.
    batches: Vec<Vec<(Source, Vec<u8>)>>,
}

/// To which oracles the node of a license sends its beats.
fn receivers(license: LicenseId) -> impl Iterator<Item = usize> {
    (0..REPLICAS).map(move |n| (license.0 as usize + n) % usize::from(ORACLES))
}

impl Network {
    fn new(genesis: Hash, arrivals: &[Arrival]) -> Result<Self, BenchError> {
        let keys: Vec<_> = (0..ORACLES).map(|n| VoteKey(VotePair::from_seed(&[n.saturating_add(1); 32]))).collect();
        let seat = |(n, key): (u8, &VoteKey)| Seat {
            oracle: AccountId::new([n; 32]),
            license: LicenseId(n.into()),
            vote_key: key.0.public(),
        };
        let seats: Vec<_> = (0..ORACLES).zip(&keys).map(seat).collect();
        let mut network = Self { genesis, keys, seats, batches: Vec::new() };
        for slot in arrivals.chunks(NODES as usize) {
            let mut batches = Vec::new();
            for relay in 1..usize::from(ORACLES) {
                let is_its = |arrival: &&Arrival| receivers(arrival.beat.beat.license).any(|to| to == relay);
                let beats: Vec<_> = slot.iter().filter(is_its).map(|arrival| arrival.beat.clone()).collect();
                let now = slot.first().map_or(0, |arrival| arrival.now);
                for beats in beats.chunks(beats.len().div_ceil(FLUSHES).clamp(1, MAX_BATCH as usize)) {
                    batches.push((
                        Source([u8::try_from(relay).unwrap_or_default(); 32]),
                        network.sealed(relay, 0, now, beats)?,
                    ));
                }
            }
            network.batches.push(batches);
        }
        Ok(network)
    }

    fn sealed(&self, relay: usize, to: usize, now: u64, beats: &[SignedHeartbeat]) -> Result<Vec<u8>, BenchError> {
        let missing = || BenchError::Setup("an oracle is missing");
        let (key, from) = self.keys.get(relay).zip(self.seats.get(relay)).ok_or_else(missing)?;
        let to = self.seats.get(to).ok_or_else(missing)?;
        let bytes = seal(key, self.genesis, &from.vote_key, &to.vote_key, now, beats);
        bytes.ok_or(BenchError::Setup("a batch could not be sealed"))
    }

    /// What the first oracle does for everybody's beats.
    fn pass(&self, mut intake: Intake, arrivals: &[Arrival]) -> Result<Duration, BenchError> {
        let own: Vec<_> = self.seats.first().map(|seat| seat.vote_key.clone()).into_iter().collect();
        let mut gate = RelayGate::new(self.genesis);
        gate.set_oracles(&self.seats, &own, NODES as usize, PARAMS.beat_ms, 0);
        let (mut opened, mut copies) = (0usize, 0usize);
        let (spent, ()) = time(|| {
            for (slot, batches) in arrivals.chunks(NODES as usize).zip(&self.batches) {
                let direct = slot.iter().filter(|a| receivers(a.beat.beat.license).any(|to| to == 0));
                let direct: Vec<_> = direct.collect();
                for part in direct.chunks(direct.len().div_ceil(FLUSHES).max(1)) {
                    let mut outbox = Outbox::default();
                    let taken = part.iter().filter_map(|a| intake.accept_beat(a.from, black_box(&a.bytes), a.now).ok());
                    let full: Vec<_> = taken.filter_map(|beat| outbox.push(beat)).collect();
                    let now = slot.first().map_or(0, |arrival| arrival.now);
                    for beats in full.into_iter().chain([outbox.take()]) {
                        copies = copies.saturating_add(self.flush(&beats, now).map_or(0, |copies| copies.len()));
                    }
                }
                for (from, bytes) in batches {
                    let now = slot.first().map_or(0, |arrival| arrival.now);
                    let Ok(batch) = gate.open_batch(*from, black_box(bytes), now) else { continue };
                    intake.hear_relay(&batch.relay, now);
                    // Two of three are duplicates.
                    for beat in &batch.beats {
                        let _ = intake.count_beat(beat, Bringer::Relay, now);
                    }
                    opened = opened.saturating_add(1);
                }
            }
        });
        let marked: u32 = (0..NODES).map(|n| intake.running().accepted(LicenseId(n))).sum();
        all_of(marked as usize, arrivals, "slots marked over relays")?;
        let batches: usize = self.batches.iter().map(Vec::len).sum();
        let sealed = SLOTS as usize * FLUSHES * (usize::from(ORACLES) - 1);
        if (opened, copies) != (batches, sealed) {
            let what =
                format!("heartbeat-path: {opened} of {batches} batches opened, {copies} of {sealed} copies sealed");
            return Err(BenchError::WrongResult(what));
        }
        Ok(spent)
    }

    /// A copy for each of the other oracles.
    fn flush(&self, beats: &[SignedHeartbeat], now: u64) -> Option<Vec<Vec<u8>>> {
        let (key, (seat, others)) = self.keys.first().zip(self.seats.split_first())?;
        let sealer = Sealer::new(self.genesis, seat.vote_key.clone(), now, beats)?;
        others.iter().map(|to| sealer.seal(key, &to.vote_key)).collect()
    }

    /// One flush of a full batch.
    fn seal(&self, arrivals: &[Arrival]) -> Result<Duration, BenchError> {
        let beats: Vec<_> = arrivals.iter().take(MAX_BATCH as usize).map(|arrival| arrival.beat.clone()).collect();
        let (spent, copies) = time(|| self.flush(black_box(&beats), 0));
        match copies.is_some_and(|copies| copies.len() == usize::from(ORACLES) - 1) {
            true => Ok(spent),
            false => Err(BenchError::Setup("a batch could not be sealed")),
        }
    }
}

fn all_of(got: usize, arrivals: &[Arrival], what: &str) -> Result<(), BenchError> {
    match got == arrivals.len() {
        true => Ok(()),
        false => Err(BenchError::WrongResult(format!("heartbeat-intake: {got} of {} {what}", arrivals.len()))),
    }
}
