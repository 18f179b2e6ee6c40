//! Our own request-response protocols inside the chain's network: beats from edge to oracle, batches between oracles,
//! and questions of edges how many of their beats an oracle counts.
//!
//! Bounded everywhere: sizes by the protocol, waiting requests by its queue, requests in the worker's hands by the
//! worker's channel. What does not fit is refused and counted, never stored.
//!
//! Batches come from oracles only, so from anybody else a few are looked at, for the addresses of an oracle may not be
//! known yet, and what goes beyond costs the sender its good name: it is disconnected, and not let in again for a
//! while.

use crate::{
    callers::{Callers, MALFORMED},
    service::Fellows,
};
use codec::{Encode, MaxEncodedLen};
use futures::StreamExt;
use parking_lot::Mutex;
use ratio1_heartbeat::{
    ports::{InboundBatch, InboundBeat, InboundCount, Source, Telemetry},
    rate::{Limiter, Rate},
    Handles,
};
use ratio1_primitives::{
    heartbeat::{BeatRefusal, CountQuery, SignedHeartbeat, MAX_BATCH_BYTES, MAX_BEAT_BYTES},
    Hash,
};
use sc_network::{
    config::{IncomingRequest, OutgoingResponse},
    NetworkBackend, ProtocolName, ReputationChange,
};
use sc_network_types::PeerId;
use sp_runtime::traits::Block as BlockT;
use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::sync::{mpsc::error::TrySendError, oneshot};

/// The largest answer of any of them, in bytes.
pub const MAX_ANSWER_BYTES: usize = 16;
/// How long an oracle has to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Requests that wait before this node refuses more.
const BEAT_QUEUE: usize = 4_096;
const BATCH_QUEUE: usize = 64;
const COUNT_QUEUE: usize = 256;
/// Beats whose answer is awaited at once; more stay in the queue.
const BEATS_IN_FLIGHT: usize = 2_048;
/// The same of questions.
const COUNTS_IN_FLIGHT: usize = 64;
/// Room for framing around the payload.
const FRAMING: u64 = 64;

/// What a peer that is no oracle pays for each batch beyond what strangers may send: some twenty of them, and it is
/// banned.
const FLOOD: ReputationChange = ReputationChange::new(-(1 << 26), "ratio1: flood of batches");

/// Batches that a peer may send which is not known as an oracle. An oracle that was not found yet sends two in each
/// interval, and one more for every 256 beats.
const STRANGERS: Rate = Rate { burst: 32, per_interval: 8, interval_ms: 1_000 };
/// Batches that a peer may send which is: what the worker itself allows.
const ORACLES: Rate = Rate { burst: 256, per_interval: 64, interval_ms: 1_000 };
/// Strangers whose rate is remembered.
const MAX_STRANGERS: u32 = 4_096;
/// Oracles, with a few peers each.
const MAX_ORACLES: u32 = 1_024;
/// Questions that a peer may ask. A node asks eight times in an epoch, and several nodes may share a peer.
const QUESTIONS: Rate = Rate { burst: 16, per_interval: 1, interval_ms: 1_000 };
/// Peers whose questions are remembered.
const MAX_ASKERS: u32 = 16_384;

/// The protocols' names on one chain.
#[derive(Clone, Debug)]
pub struct Protocols {
    /// Carries one encoded `SignedHeartbeat`; answered with a `BeatAck`.
    pub beat: ProtocolName,
    /// Carries one encoded `RelayBatch`; answered with a `BeatAck` when it is handed over, not yet looked at
    /// beat by beat.
    pub relay: ProtocolName,
    /// Carries one encoded `CountQuery`; answered with a `CountAnswer`.
    pub count: ProtocolName,
}

impl Protocols {
    /// Of the chain with this genesis.
    pub fn new(genesis: Hash) -> Self {
        let name = |kind: &str| format!("/{}/ratio1/{kind}/1", hex::encode(genesis)).into();
        Self { beat: name("beat"), relay: name("relay"), count: name("count") }
    }

    /// Configurations for the network, and, where `inbound` is wanted, the queues of what arrives. Without it the
    /// protocols only send.
    pub fn configure<B: BlockT, N: NetworkBackend<B, B::Hash>>(
        &self,
        inbound: bool,
    ) -> (Vec<N::RequestResponseProtocolConfig>, Option<Inbound>) {
        let (beat_tx, beats) = async_channel::bounded(BEAT_QUEUE);
        let (batch_tx, batches) = async_channel::bounded(BATCH_QUEUE);
        let (count_tx, counts) = async_channel::bounded(COUNT_QUEUE);
        let config = |name: &ProtocolName, size: usize, queue| {
            let max_request = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(FRAMING);
            let max_answer = u64::try_from(MAX_ANSWER_BYTES).unwrap_or(u64::MAX);
            N::request_response_config(name.clone(), Vec::new(), max_request, max_answer, TIMEOUT, queue)
        };
        let configs = vec![
            config(&self.beat, MAX_BEAT_BYTES, inbound.then_some(beat_tx)),
            config(&self.relay, MAX_BATCH_BYTES, inbound.then_some(batch_tx)),
            config(&self.count, CountQuery::max_encoded_len(), inbound.then_some(count_tx)),
        ];
        (configs, inbound.then_some(Inbound { beats, batches, counts }))
    }
}

/// What arrives on our protocols. Clones share the queues.
#[derive(Clone)]
pub struct Inbound {
    beats: async_channel::Receiver<IncomingRequest>,
    batches: async_channel::Receiver<IncomingRequest>,
    counts: async_channel::Receiver<IncomingRequest>,
}

/// What everything that arrives is met with.
#[derive(Clone)]
pub struct Hall {
    /// The worker.
    pub doors: Arc<Doors>,
    /// Who comes.
    pub callers: Arc<Callers>,
    /// Who of them is an oracle.
    pub fellows: Fellows,
    /// What is counted.
    pub telemetry: Arc<dyn Telemetry>,
}

impl Inbound {
    /// Hand everything to the oracle worker until the network ends.
    pub async fn run(self, hall: Hall) {
        let mut porter = Porter::new(hall.fellows.clone());
        let mut askers = Askers::default();
        let beats = self.beats.for_each_concurrent(BEATS_IN_FLIGHT, |request| on_beat(request, &hall));
        let batches = self.batches.for_each(|request| {
            on_batch(request, &mut porter, &hall);
            futures::future::ready(())
        });
        let counts = self.counts.for_each_concurrent(COUNTS_IN_FLIGHT, |request| on_count(request, &mut askers, &hall));
        futures::join!(beats, batches, counts);
    }
}

/// Where the running oracle worker takes its messages. A worker that is started again opens new doors.
#[derive(Default)]
pub struct Doors {
    open: Mutex<Option<Handles>>,
}

impl Doors {
    /// From now on hand messages over here.
    pub fn open(&self, handles: Handles) {
        *self.open.lock() = Some(handles);
    }

    /// Hand over a beat of this very node; while no worker takes it, it is lost like any other.
    pub fn own_beat(&self, beat: SignedHeartbeat) {
        let Ok(handles) = self.handles() else { return };
        if handles.own.try_send(beat).is_err() {
            tracing::debug!(target: "ratio1", "the oracle worker took no beat of its own node");
        }
    }

    fn handles(&self) -> Result<Handles, BeatRefusal> {
        self.open.lock().clone().ok_or(BeatRefusal::NotCounting)
    }
}

/// Decides whose batches are looked at, by the peer alone, before a byte is read.
struct Porter {
    fellows: Fellows,
    oracles: Limiter,
    strangers: Limiter,
    since: Instant,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    /// It is looked at.
    Admitted,
    /// It is one too many of an oracle's.
    TooMany,
    /// It is one too many of a stranger's.
    Flood,
}

impl Porter {
    fn new(fellows: Fellows) -> Self {
        Self {
            fellows,
            oracles: Limiter::new(MAX_ORACLES, ORACLES),
            strangers: Limiter::new(MAX_STRANGERS, STRANGERS),
            since: Instant::now(),
        }
    }

    /// At this time of a clock that is never set.
    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn enter(&mut self, peer: &PeerId, from: Source, now: u64) -> Entry {
        let (limiter, beyond) = if self.fellows.read().contains(peer) {
            (&mut self.oracles, Entry::TooMany)
        } else {
            (&mut self.strangers, Entry::Flood)
        };
        if limiter.take(from, 1, now) {
            Entry::Admitted
        } else {
            beyond
        }
    }
}

/// Who asked how much.
struct Askers {
    rates: Limiter,
    since: Instant,
}

impl Default for Askers {
    fn default() -> Self {
        Self { rates: Limiter::new(MAX_ASKERS, QUESTIONS), since: Instant::now() }
    }
}

impl Askers {
    fn may_ask(&mut self, count: &InboundCount) -> bool {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.rates.take(count.from, 1, now)
    }
}

/// Why a channel took nothing, as the sender is told.
fn refused<T>(error: TrySendError<T>) -> BeatRefusal {
    match error {
        TrySendError::Full(_) => BeatRefusal::RateLimited,
        TrySendError::Closed(_) => BeatRefusal::NotCounting,
    }
}

/// Not async as a whole, like the next: what it needs of the hall it takes at once.
fn on_beat(request: IncomingRequest, hall: &Hall) -> impl Future<Output = ()> {
    let IncomingRequest { peer, payload, pending_response } = request;
    let (answer, awaited) = oneshot::channel();
    let beat = InboundBeat { from: hall.callers.note(&peer), bytes: payload, answer };
    let handed = hall.doors.handles().and_then(|handles| handles.beats.try_send(beat).map_err(refused));
    // The worker has not seen it, so it is counted here.
    if let Err(refusal) = handed {
        hall.telemetry.beat_dropped(refusal);
    }
    answered(pending_response, handed, awaited)
}

fn on_count(request: IncomingRequest, askers: &mut Askers, hall: &Hall) -> impl Future<Output = ()> {
    let IncomingRequest { peer, payload, pending_response } = request;
    let (answer, awaited) = oneshot::channel();
    let count = InboundCount { from: hall.callers.note(&peer), bytes: payload, answer };
    let handed = if askers.may_ask(&count) {
        hall.doors.handles().and_then(|handles| handles.counts.try_send(count).map_err(refused))
    } else {
        Err(BeatRefusal::RateLimited)
    };
    answered(pending_response, handed, awaited)
}

/// Pass on what the worker answers to what it was handed, or why it was not.
async fn answered<T: Encode>(
    to: futures::channel::oneshot::Sender<OutgoingResponse>,
    handed: Result<(), BeatRefusal>,
    awaited: oneshot::Receiver<Result<T, BeatRefusal>>,
) {
    let answer = match handed {
        Err(refusal) => Err(refusal),
        Ok(()) => match tokio::time::timeout(TIMEOUT, awaited).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Err(BeatRefusal::NotCounting),
            // The sender has given up too.
            Err(_) => return,
        },
    };
    let price = price(&answer);
    respond(to, answer.encode(), price);
}

fn on_batch(request: IncomingRequest, porter: &mut Porter, hall: &Hall) {
    let IncomingRequest { peer, payload, pending_response } = request;
    let from = hall.callers.note(&peer);
    let entry = porter.enter(&peer, from, porter.now());
    let handed = match entry {
        // What is in it the worker sees, and punishes.
        Entry::Admitted => {
            let batch = InboundBatch { from, bytes: payload };
            hall.doors.handles().and_then(|handles| handles.batches.try_send(batch))
        }
        Entry::TooMany | Entry::Flood => Err(BeatRefusal::RateLimited),
    };
    if let Err(refusal) = handed {
        hall.telemetry.batch_dropped(refusal);
    }
    respond(pending_response, handed.encode(), (entry == Entry::Flood).then_some(FLOOD));
}

/// What an answer costs the peer that gets it.
fn price<T>(answer: &Result<T, BeatRefusal>) -> Option<ReputationChange> {
    matches!(answer, Err(BeatRefusal::Malformed)).then_some(MALFORMED)
}

fn respond(to: futures::channel::oneshot::Sender<OutgoingResponse>, answer: Vec<u8>, price: Option<ReputationChange>) {
    let reputation_changes = price.into_iter().collect();
    // The peer may have gone: then nobody waits.
    let _ = to.send(OutgoingResponse { result: Ok(answer), reputation_changes, sent_feedback: None });
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_heartbeat::{channels, ports::NoTelemetry};
    use ratio1_primitives::heartbeat::{decode_bounded, BeatAck, CountAnswer};
    use tokio::sync::mpsc;

    fn hall() -> Hall {
        Hall {
            doors: Arc::default(),
            callers: Arc::default(),
            fellows: Fellows::default(),
            telemetry: Arc::new(NoTelemetry),
        }
    }

    fn open(hall: &Hall, beats: mpsc::Sender<InboundBeat>) {
        hall.doors.open(Handles { beats, ..channels().0 });
    }

    fn request(payload: Vec<u8>) -> (IncomingRequest, futures::channel::oneshot::Receiver<OutgoingResponse>) {
        let (pending_response, answer) = futures::channel::oneshot::channel();
        (IncomingRequest { peer: PeerId::random(), payload, pending_response }, answer)
    }

    fn decoded(response: OutgoingResponse) -> (BeatAck, usize) {
        let bytes = response.result.expect("always an answer");
        assert!(bytes.len() <= MAX_ANSWER_BYTES);
        (decode_bounded(&bytes, MAX_ANSWER_BYTES).expect("an ack"), response.reputation_changes.len())
    }

    #[test]
    fn names_differ_between_chains_and_protocols() {
        let (one, two) = (Protocols::new(Hash::repeat_byte(1)), Protocols::new(Hash::repeat_byte(2)));
        assert_eq!(&*one.beat, format!("/{}/ratio1/beat/1", "01".repeat(32)));
        assert_ne!(one.beat, two.beat);
        assert_ne!(one.beat, one.relay);
        assert_ne!(one.beat, one.count);
    }

    #[tokio::test]
    async fn beat_is_refused_when_no_worker_runs_or_its_channel_is_full() {
        let hall = hall();
        let (incoming, answer) = request(vec![1]);
        on_beat(incoming, &hall).await;
        assert_eq!(decoded(answer.await.expect("answered")), (Err(BeatRefusal::NotCounting), 0));

        let (beats, _beats) = mpsc::channel(1);
        let (answer_to, _) = oneshot::channel();
        beats
            .try_send(InboundBeat { from: Source([0; 32]), bytes: Vec::new(), answer: answer_to })
            .expect("room for one");
        open(&hall, beats);
        let (incoming, answer) = request(vec![1]);
        on_beat(incoming, &hall).await;
        assert_eq!(decoded(answer.await.expect("answered")), (Err(BeatRefusal::RateLimited), 0));
    }

    #[tokio::test]
    async fn beat_gets_the_workers_answer_and_costs_reputation_when_malformed() {
        let hall = hall();
        let (beats, mut worker) = mpsc::channel::<InboundBeat>(8);
        open(&hall, beats);
        tokio::spawn(async move {
            while let Some(beat) = worker.recv().await {
                let _ = beat.answer.send(if beat.bytes == [1] { Ok(()) } else { Err(BeatRefusal::Malformed) });
            }
        });
        for (payload, expected) in [(vec![1], (Ok(()), 0)), (vec![2], (Err(BeatRefusal::Malformed), 1))] {
            let (incoming, answer) = request(payload);
            on_beat(incoming, &hall).await;
            assert_eq!(decoded(answer.await.expect("answered")), expected);
        }
    }

    #[tokio::test]
    async fn question_gets_the_workers_answer_until_its_peer_asks_too_much() {
        let (hall, mut askers) = (hall(), Askers::default());
        let (counts, mut worker) = mpsc::channel::<InboundCount>(8);
        hall.doors.open(Handles { counts, ..channels().0 });
        tokio::spawn(async move {
            while let Some(count) = worker.recv().await {
                let _ = count.answer.send(Ok(u32::MAX));
            }
        });
        let peer = PeerId::random();
        let mut refusals = 0;
        for _ in 0..QUESTIONS.burst * 2 {
            let (mut incoming, answer) = request(vec![1]);
            incoming.peer = peer;
            on_count(incoming, &mut askers, &hall).await;
            let bytes = answer.await.expect("answered").result.expect("an answer");
            match decode_bounded::<CountAnswer>(&bytes, MAX_ANSWER_BYTES).expect("of the right form") {
                Ok(count) => assert_eq!(count, u32::MAX),
                Err(refusal) => {
                    assert_eq!(refusal, BeatRefusal::RateLimited);
                    refusals += 1;
                }
            }
        }
        assert!(refusals > 0);
    }

    #[test]
    fn flood_of_batches_costs_the_stranger_that_sends_it_and_nobody_else() {
        let (stranger, oracle, newcomer) = (PeerId::random(), PeerId::random(), PeerId::random());
        let (mut porter, callers) =
            (Porter::new(Arc::new(parking_lot::RwLock::new([oracle].into()))), Callers::default());
        let mut entries = |peer: &PeerId, count: u64, now: u64| {
            (0..count).map(|_| porter.enter(peer, callers.note(peer), now)).collect::<Vec<_>>()
        };
        let burst = usize::try_from(STRANGERS.burst).expect("small");
        let flood = entries(&stranger, 100, 0);
        assert_eq!(flood.iter().filter(|entry| **entry == Entry::Admitted).count(), burst);
        assert!(flood.iter().skip(burst).all(|entry| *entry == Entry::Flood));
        let honest = entries(&oracle, ORACLES.burst, 0);
        assert!(honest.iter().all(|entry| *entry == Entry::Admitted), "an oracle is not crowded out");
        assert_eq!(entries(&oracle, 1, 0), [Entry::TooMany], "and has bounds too, but keeps its name");
        // An oracle that was not found yet, and sends four times what it should.
        for second in 0..60 {
            assert_eq!(entries(&newcomer, 8, second * 1_000), [Entry::Admitted; 8]);
        }
    }

    #[tokio::test]
    async fn flood_is_refused_unread_and_bans_its_sender() {
        let (hall, mut porter) = (hall(), Porter::new(Fellows::default()));
        let stranger = PeerId::random();
        let mut changes = 0;
        for _ in 0..STRANGERS.burst + 30 {
            let (mut incoming, answer) = request(vec![0xff; 100]);
            incoming.peer = stranger;
            on_batch(incoming, &mut porter, &hall);
            let response = answer.await.expect("answered");
            changes += response.reputation_changes.iter().map(|change| i64::from(change.value)).sum::<i64>();
        }
        // The SDK bans below 82 hundredths of the least reputation.
        assert!(changes < i64::from(i32::MIN) / 100 * 82, "{changes}");
    }
}
