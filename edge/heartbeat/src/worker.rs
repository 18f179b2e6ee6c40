//! The oracle worker: one task that owns the counts, fed by bounded channels.
//!
//! Chain reads, ballot building and submission run beside it, one of each at a time; what comes from the network is
//! served last, so that a flood delays neither votes nor bookkeeping. There, a batch of an oracle and as many beats as it
//! can carry take turns, and strangers wait for both. What does not fit into a channel is dropped where it would enter, and
//! counted.
//!
//! A disk that refuses ends nothing: counts stay in memory, and are written when it takes them again (`saving.rs`).

use crate::{
    absence::AbsenceWatch,
    ballots::{Voter, VoterError},
    door::{Inputs, KnownRelays},
    intake::{Bringer, Intake},
    ports::{
        AbsenceSink, HeartbeatChain, InboundBatch, InboundBeat, InboundCount, Peers, PriceFeed, SubmitError, Telemetry,
        Transport, VoteSink,
    },
    refresh::Refresh,
    relay::{Outbox, RelayGate, Sealer},
    saving::Saving,
    store::{Store, StoreError},
};
use futures::{stream::FuturesUnordered, FutureExt, StreamExt};
use ratio1_ports::{BlockRef, ChainError, VoteKeys, Wallclock};
use ratio1_primitives::{
    api::{Absence, SignedAbsence},
    ballot::Seat,
    heartbeat::{BeatRefusal, SignedHeartbeat, MAX_BATCH},
    width::as_usize,
    AccountId, EpochIndex, Hash,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::task::{JoinHandle, JoinSet};

/// Beats served at a time before batches have their turn again: as many as a batch can carry.
const TURN: usize = as_usize(MAX_BATCH);
/// Relay flushes under way at a time.
const MAX_FLUSHES: usize = 32;
/// The longest that handing a batch to one oracle may take.
const RELAY_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest that submitting a vote may take.
const SUBMIT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often dirty counts are written.
const SAVE_EVERY: Duration = Duration::from_secs(1);
/// How often the chain is looked at when no block is finalised.
const REFRESH_EVERY: Duration = Duration::from_secs(5);
/// How often, in milliseconds, the worker ticks at least and at most.
const TICK_MS: (u64, u64) = (50, 1_000);
/// Past epochs whose counts and ballots are kept even when their rounds are over: so that a chain that goes back finds
/// them again.
const KEEP_EPOCHS: u32 = 3;
/// Looks at the best block between two prunings: after a halt of the chain, the round of an old epoch may open a block
/// or two later than the running epoch jumps.
const PRUNE_EVERY: u32 = 16;

/// What the worker needs.
#[derive(Clone)]
pub struct OracleDeps {
    /// The chain.
    pub chain: Arc<dyn HeartbeatChain>,
    /// The keystore.
    pub keys: Arc<dyn VoteKeys>,
    /// The way to the other oracles.
    pub transport: Arc<dyn Transport>,
    /// The transaction pool.
    pub sink: Arc<dyn VoteSink>,
    /// The same, for reports of absence.
    pub absences: Arc<dyn AbsenceSink>,
    /// The peers that messages come from.
    pub peers: Arc<dyn Peers>,
    /// The clock.
    pub clock: Arc<dyn Wallclock>,
    /// What an R1 costs.
    pub prices: Arc<dyn PriceFeed>,
    /// Metrics.
    pub telemetry: Arc<dyn Telemetry>,
    /// Counts and ballots.
    pub store: Arc<Store>,
}

/// Why the worker ended other than by request. Counts were written as far as that was possible.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// What was counted before cannot be read, or at the end not be written. The message names the remedy.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stream of blocks ended: the node shuts down, or the client is gone.
    #[error("the stream of blocks ended")]
    ChainEnded,
    /// All senders of an input channel are gone.
    #[error("the transport that feeds the worker is gone")]
    InputEnded,
    /// A part of the worker panicked. Start it again.
    #[error("a part of the worker failed: {0}")]
    Part(#[from] tokio::task::JoinError),
}

/// Count, relay and vote until `shutdown` resolves; then write what is dirty.
pub async fn run_oracle(
    deps: OracleDeps,
    inputs: Inputs,
    shutdown: impl Future<Output = ()>,
) -> Result<(), WorkerError> {
    let mut worker = Worker::new(deps, inputs.relays.clone());
    let ended = worker.run(inputs, shutdown).await;
    let saved = worker.saving.save_rest(&worker.deps, &mut worker.intake);
    ended.and(saved.map_err(Into::into))
}

type VoterDone = (Voter, Option<Vec<EpochIndex>>);

struct Worker {
    deps: OracleDeps,
    genesis: Hash,
    intake: Intake,
    gate: RelayGate,
    outbox: Outbox,
    seat: Option<Seat<AccountId>>,
    oracles: Arc<Vec<Seat<AccountId>>>,
    voter: Option<Voter>,
    voting: FuturesUnordered<JoinHandle<VoterDone>>,
    reading: FuturesUnordered<JoinHandle<Result<Refresh, ChainError>>>,
    best: Option<BlockRef>,
    steps: u32,
    stale: bool,
    flushes: JoinSet<()>,
    flushed_at: u64,
    relays: Arc<KnownRelays>,
    saving: Saving,
    watch: AbsenceWatch,
    /// Whether the report under way got out.
    reporting: FuturesUnordered<JoinHandle<bool>>,
}

impl Worker {
    fn new(deps: OracleDeps, relays: Arc<KnownRelays>) -> Self {
        let genesis = deps.chain.genesis();
        let OracleDeps { chain, keys, store, prices, telemetry, .. } = deps.clone();
        let voter = Voter::new(chain, keys, store, prices, telemetry);
        Self {
            genesis,
            intake: Intake::new(genesis),
            gate: RelayGate::new(genesis),
            outbox: Outbox::default(),
            seat: None,
            oracles: Default::default(),
            voter: Some(voter),
            voting: FuturesUnordered::new(),
            reading: FuturesUnordered::new(),
            best: None,
            steps: 0,
            stale: false,
            flushes: JoinSet::new(),
            flushed_at: 0,
            relays,
            saving: Saving::default(),
            watch: AbsenceWatch::default(),
            reporting: FuturesUnordered::new(),
            deps,
        }
    }

    async fn run(&mut self, mut inputs: Inputs, shutdown: impl Future<Output = ()>) -> Result<(), WorkerError> {
        let mut shutdown = std::pin::pin!(shutdown.fuse());
        let mut finalised = self.deps.chain.finalised_blocks();
        let mut best = self.deps.chain.best_blocks();
        let mut save = tokio::time::interval(SAVE_EVERY);
        let mut again = tokio::time::interval(REFRESH_EVERY);
        save.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let tick = tokio::time::sleep(Duration::ZERO);
        let mut tick = std::pin::pin!(tick);
        loop {
            tokio::select! {
                biased;
                _ = &mut shutdown => return Ok(()),
                Some(read) = self.reading.next() => self.take_on(read?)?,
                Some(voted) = self.voting.next() => self.voted(voted?)?,
                block = finalised.next() => {
                    block.ok_or(WorkerError::ChainEnded)?;
                    self.refresh();
                },
                block = best.next() => {
                    self.best = Some(block.ok_or(WorkerError::ChainEnded)?);
                    self.vote()?;
                },
                _ = again.tick() => self.refresh(),
                _ = save.tick() => self.saving.save_counts(&self.deps, &mut self.intake),
                _ = &mut tick => {
                    self.tick()?;
                    tick.as_mut().reset(self.next_tick());
                },
                Some(_) = self.flushes.join_next(), if !self.flushes.is_empty() => {},
                Some(reported) = self.reporting.next() => if !reported? {
                    self.watch.note_failed_report();
                },
                beat = inputs.own.recv() => self.own_beat(beat.ok_or(WorkerError::InputEnded)?)?,
                batch = inputs.batches.recv() => {
                    self.batch(batch.ok_or(WorkerError::InputEnded)?)?;
                    self.turn(&mut inputs).await?;
                },
                beat = inputs.beats.recv() => {
                    self.beat(beat.ok_or(WorkerError::InputEnded)?)?;
                    self.turn(&mut inputs).await?;
                },
                batch = inputs.strangers.recv() => self.batch(batch.ok_or(WorkerError::InputEnded)?)?,
                count = inputs.counts.recv() => self.answer(count.ok_or(WorkerError::InputEnded)?)?,
            }
        }
    }

    /// Serve beats that wait, as many as a batch can carry, then one question and one batch of a stranger: so none of
    /// them can shut out another.
    // ADR 0026: beats, batches and questions take turns.
    async fn turn(&mut self, inputs: &mut Inputs) -> Result<(), WorkerError> {
        for _ in 0..TURN {
            let Ok(beat) = inputs.beats.try_recv() else { break };
            self.beat(beat)?;
        }
        if let Ok(count) = inputs.counts.try_recv() {
            self.answer(count)?;
        }
        if let Ok(batch) = inputs.strangers.try_recv() {
            self.batch(batch)?;
        }
        // That may have been milliseconds of verification: let others have the thread.
        tokio::task::yield_now().await;
        Ok(())
    }

    /// Read the finalised chain beside the loop; once more afterwards if it moved meanwhile.
    fn refresh(&mut self) {
        if !self.reading.is_empty() {
            self.stale = true;
            return;
        }
        self.stale = false;
        let (chain, keys, known) = (self.deps.chain.clone(), self.deps.keys.clone(), self.intake.known());
        self.reading.push(tokio::task::spawn_blocking(move || Refresh::read(&*chain, &*keys, &known)));
    }

    fn take_on(&mut self, read: Result<Refresh, ChainError>) -> Result<(), WorkerError> {
        match read {
            Ok(refresh) => {
                let (was, now) = (self.intake.is_counting(), self.deps.clock.now_ms());
                self.intake.apply_refresh(&refresh, now);
                let (beat_ms, admitted) = (self.intake.params().beat_ms, self.intake.admitted());
                self.gate.set_oracles(&refresh.oracles, &refresh.vote_keys, admitted, beat_ms, now);
                self.relays.retain(|relay| self.gate.knows(relay, now));
                self.oracles = Arc::new(refresh.oracles);
                self.seat = refresh.seat;
                self.roll(now)?;
                if was != self.intake.is_counting() {
                    tracing::info!(target: "heartbeat", counting = !was, "the oracle worker changed its role");
                }
            }
            Err(error) => tracing::warn!(target: "heartbeat", %error, "could not read the finalised chain"),
        }
        if self.stale {
            self.refresh();
        }
        Ok(())
    }

    /// Open the epoch that runs now, with what is stored of it.
    fn roll(&mut self, now: u64) -> Result<(), WorkerError> {
        if let Some(epoch) = self.intake.due_epoch(now) {
            let counts = self.saving.turn_over(&self.deps, &mut self.intake, epoch)?;
            self.intake.open_epoch(counts, now);
        }
        Ok(())
    }

    fn next_tick(&self) -> tokio::time::Instant {
        let half = u64::from(self.intake.params().beat_ms).checked_div(2).unwrap_or(0);
        let wait = Duration::from_millis(half.clamp(TICK_MS.0, TICK_MS.1));
        let now = tokio::time::Instant::now();
        now.checked_add(wait).unwrap_or(now)
    }

    fn tick(&mut self) -> Result<(), WorkerError> {
        let now = self.deps.clock.now_ms();
        self.roll(now)?;
        self.intake.tick(now);
        let half = u64::from(self.intake.params().beat_ms).checked_div(2).unwrap_or(0);
        // A tick may come a little early; a clock set back must not hold beats back.
        if now.abs_diff(self.flushed_at).saturating_add(TICK_MS.0) >= half {
            self.flushed_at = now;
            let beats = self.outbox.take();
            self.flush(beats, now);
        }
        if let Some(clock) = self.intake.clock().filter(|_| self.intake.is_counting()) {
            let counts = self.intake.running();
            // The running slot has not gone by yet, and counts on neither side.
            let passed = clock.slot_at(counts.epoch(), now, counts.params());
            let passed = passed.unwrap_or(counts.params().slots);
            self.deps.telemetry.coverage(counts.coverage().count_below(passed), passed);
        }
        self.gate.judge_suspicions(now, self.intake.steady_since(now), |license| self.intake.node(license));
        if self.reporting.is_empty() {
            if let Some(absence) = self.watch.find_silent(&self.intake, now) {
                self.report(absence);
            }
        }
        Ok(())
    }

    /// Say on chain which nodes are silent.
    fn report(&mut self, absence: Absence) {
        let Some(voter) = self.seat.as_ref().map(|seat| seat.vote_key.clone()) else { return };
        let Some(signature) = self.deps.keys.sign_vote(&voter, &absence.payload(self.genesis, &voter)) else {
            tracing::warn!(target: "heartbeat", "the keystore did not sign a report of absence");
            return self.watch.note_failed_report();
        };
        let (chain, sink, telemetry) =
            (self.deps.chain.clone(), self.deps.absences.clone(), self.deps.telemetry.clone());
        self.reporting.push(tokio::spawn(async move {
            let silent = absence.licenses.len();
            let report = SignedAbsence { voter, absence, signature };
            match tokio::time::timeout(SUBMIT_TIMEOUT, sink.submit_absence(chain.best().hash, report)).await {
                Ok(Ok(())) => {
                    tracing::info!(target: "heartbeat", silent, "nodes that serve jobs are silent: reported");
                    telemetry.absence_reported(silent);
                    return true;
                }
                Ok(Err(error)) => {
                    tracing::debug!(target: "heartbeat", %error, silent, "a report of absence was not taken")
                }
                Err(_) => {
                    tracing::debug!(target: "heartbeat", silent, "the pool did not take a report of absence in time")
                }
            }
            false
        }));
    }

    fn beat(&mut self, inbound: InboundBeat) -> Result<(), WorkerError> {
        let now = self.deps.clock.now_ms();
        self.roll(now)?;
        let counted = self.intake.accept_beat(inbound.from, &inbound.bytes, now);
        // A sender that does not wait for its answer is no concern of ours.
        let _ = inbound.answer.send(counted.as_ref().map(|_| ()).map_err(|refusal| *refusal));
        self.counted(counted, now);
        Ok(())
    }

    fn own_beat(&mut self, beat: SignedHeartbeat) -> Result<(), WorkerError> {
        let now = self.deps.clock.now_ms();
        self.roll(now)?;
        let counted = self.intake.count_beat(&beat, Bringer::Node, now).map(|()| beat);
        self.counted(counted, now);
        Ok(())
    }

    /// Count in the metrics, and pass on what is new.
    fn counted(&mut self, counted: Result<SignedHeartbeat, BeatRefusal>, now: u64) {
        match counted {
            Ok(beat) => {
                self.deps.telemetry.beat_accepted();
                if let Some(full) = self.outbox.push(beat) {
                    self.flush(full, now);
                }
            }
            Err(refusal) => self.deps.telemetry.beat_dropped(refusal),
        }
    }

    fn answer(&mut self, inbound: InboundCount) -> Result<(), WorkerError> {
        let now = self.deps.clock.now_ms();
        self.roll(now)?;
        let answer = self.intake.answer_query(inbound.from, &inbound.bytes, now);
        self.deps.telemetry.count_answered(&answer);
        // Who does not wait for the answer is no concern of ours.
        let _ = inbound.answer.send(answer);
        Ok(())
    }

    fn batch(&mut self, inbound: InboundBatch) -> Result<(), WorkerError> {
        let now = self.deps.clock.now_ms();
        self.roll(now)?;
        if !self.intake.is_counting() {
            self.deps.telemetry.batch_dropped(BeatRefusal::NotCounting);
            return Ok(());
        }
        let batch = match self.gate.open_batch(inbound.from, &inbound.bytes, now) {
            Ok(batch) => batch,
            Err(refused) => {
                self.deps.telemetry.batch_dropped(refused.why);
                if let Some(offence) = refused.offence {
                    self.deps.peers.punish_peer(inbound.from, offence);
                }
                return Ok(());
            }
        };
        self.relays.note(&batch.relay, inbound.from);
        self.deps.telemetry.batch_received();
        self.intake.hear_relay(&batch.relay, now);
        for beat in &batch.beats {
            match self.intake.count_beat(beat, Bringer::Relay, now) {
                Ok(()) => self.deps.telemetry.beat_accepted(),
                Err(refusal) => {
                    let license = beat.beat.license;
                    if let Some(node) = self.intake.node(license).filter(|_| refusal == BeatRefusal::Signature) {
                        self.gate.suspect_relay(&batch.relay, license, node, now);
                    }
                    self.deps.telemetry.beat_dropped(refusal);
                }
            }
        }
        Ok(())
    }

    /// Send a batch to every other oracle, each copy signed for its receiver. An empty one too: it tells the others
    /// that this oracle counts and that they hear it.
    fn flush(&mut self, beats: Vec<SignedHeartbeat>, now: u64) {
        let Some(seat) = self.seat.clone().filter(|_| self.intake.is_counting()) else { return };
        if self.flushes.len() >= MAX_FLUSHES {
            tracing::debug!(target: "heartbeat", beats = beats.len(), "relays are too slow: a batch is dropped");
            return;
        }
        let (deps, genesis, oracles) = (self.deps.clone(), self.genesis, self.oracles.clone());
        self.flushes.spawn(async move {
            let Some(sealer) = Sealer::new(genesis, seat.vote_key.clone(), now, &beats) else { return };
            let others = oracles.iter().filter(|to| to.oracle != seat.oracle);
            let copies = others.map(|to| async {
                let Some(bytes) = sealer.seal(&*deps.keys, &to.vote_key) else { return };
                match tokio::time::timeout(RELAY_TIMEOUT, deps.transport.send_batch(to, bytes)).await {
                    Ok(Ok(())) => deps.telemetry.beats_relayed(beats.len()),
                    Ok(Err(error)) => {
                        tracing::debug!(target: "heartbeat", oracle = %to.oracle, %error, "could not relay")
                    }
                    Err(_) => tracing::debug!(target: "heartbeat", oracle = %to.oracle, "relaying took too long"),
                }
            });
            copies.collect::<FuturesUnordered<_>>().collect::<Vec<()>>().await;
        });
    }

    /// Let the voter look at the best block, beside the loop.
    fn vote(&mut self) -> Result<(), WorkerError> {
        let Some(best) = self.best else { return Ok(()) };
        let now = self.deps.clock.now_ms();
        // What is voted on must be closed first: the store alone may lack its last second.
        self.roll(now)?;
        let Some(mut voter) = self.voter.take() else { return Ok(()) };
        self.best = None;
        let (closed, sink) = (self.intake.closed(), self.deps.sink.clone());
        self.voting.push(tokio::spawn(async move {
            let step = tokio::task::spawn_blocking(move || {
                let step = voter.next_votes(best, &closed, now);
                (voter, step)
            });
            let (mut voter, step) = match step.await {
                Ok(done) => done,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Cancelled: the executor shuts down, and this task with it.
                    Err(_) => std::future::pending().await,
                },
            };
            let (votes, open) = match step {
                Ok(decided) => decided,
                Err(error) => {
                    note_voter_error(&error);
                    return (voter, None);
                }
            };
            for vote in votes {
                let submitted = tokio::time::timeout(SUBMIT_TIMEOUT, sink.submit_vote(vote.at, vote.vote)).await;
                let late = |_| Err(SubmitError::Unavailable("the pool did not answer in time".into()));
                voter.note_outcome(vote.id, submitted.unwrap_or_else(late));
            }
            (voter, Some(open))
        }));
        Ok(())
    }

    fn voted(&mut self, (voter, open): VoterDone) -> Result<(), WorkerError> {
        self.voter = Some(voter);
        self.steps = self.steps.saturating_add(1);
        if let Some(open) = open.filter(|_| self.steps >= PRUNE_EVERY) {
            self.steps = 0;
            let oldest = self.intake.running().epoch().minus(KEEP_EPOCHS);
            if let Err(error) = self.deps.store.prune(|epoch| epoch >= oldest || open.contains(&epoch)) {
                tracing::warn!(target: "heartbeat", %error, "could not remove counts of old epochs");
            }
        }
        // A block may have come meanwhile.
        self.vote()
    }
}

fn note_voter_error(error: &VoterError) {
    match error {
        VoterError::Chain(error) => tracing::debug!(target: "ballots", %error, "could not read the rounds"),
        VoterError::Store(error) => tracing::error!(target: "ballots", %error, "could not read counts or ballots"),
    }
}
