//! Our own request-response protocols inside the chain's network: beats from edge to oracle, batches between oracles.
//!
//! Bounded everywhere: sizes by the protocol, waiting requests by its queue, requests in the worker's hands by the
//! worker's channel. What does not fit is refused and counted, never stored.

use codec::Encode;
use futures::StreamExt;
use parking_lot::Mutex;
use ratio1_heartbeat::{
    ports::{InboundBatch, InboundBeat, Source, Telemetry},
    Handles,
};
use ratio1_primitives::{
    heartbeat::{decode_bounded, BeatAck, BeatRefusal, RelayBatch, SignedHeartbeat, MAX_BATCH_BYTES, MAX_BEAT_BYTES},
    Hash,
};
use sc_network::{
    config::{IncomingRequest, OutgoingResponse},
    NetworkBackend, ProtocolName, ReputationChange,
};
use sc_network_types::PeerId;
use sp_runtime::traits::Block as BlockT;
use std::{sync::Arc, time::Duration};
use tokio::sync::{mpsc::error::TrySendError, oneshot};

/// The largest answer of either protocol, in bytes.
pub const MAX_ANSWER_BYTES: usize = 16;
/// How long an oracle has to answer.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Requests that wait before this node refuses more.
const BEAT_QUEUE: usize = 4_096;
const BATCH_QUEUE: usize = 64;
/// Beats whose answer is awaited at once; more stay in the queue.
const BEATS_IN_FLIGHT: usize = 2_048;
/// Room for framing around the payload.
const FRAMING: u64 = 64;

/// What a peer pays for bytes that are no message: some ninety of them in a short time, and it is banned.
const MALFORMED: ReputationChange = ReputationChange::new(-(1 << 24), "ratio1: malformed message");

/// The protocols' names on one chain.
#[derive(Clone, Debug)]
pub struct Protocols {
    /// Carries one encoded `SignedHeartbeat`; answered with a `BeatAck`.
    pub beat: ProtocolName,
    /// Carries one encoded `RelayBatch`; answered with a `BeatAck` when it is handed over, not yet looked at
    /// beat by beat.
    pub relay: ProtocolName,
}

impl Protocols {
    /// Of the chain with this genesis.
    pub fn new(genesis: Hash) -> Self {
        let name = |kind: &str| format!("/{}/ratio1/{kind}/1", hex::encode(genesis)).into();
        Self { beat: name("beat"), relay: name("relay") }
    }

    /// Configurations for the network, and, where `inbound` is wanted, the queues of what arrives. Without it the
    /// protocols only send.
    pub fn configure<B: BlockT, N: NetworkBackend<B, B::Hash>>(
        &self,
        inbound: bool,
    ) -> (Vec<N::RequestResponseProtocolConfig>, Option<Inbound>) {
        let (beat_tx, beats) = async_channel::bounded(BEAT_QUEUE);
        let (batch_tx, batches) = async_channel::bounded(BATCH_QUEUE);
        let config = |name: &ProtocolName, size: usize, queue| {
            let max_request = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(FRAMING);
            let max_answer = u64::try_from(MAX_ANSWER_BYTES).unwrap_or(u64::MAX);
            N::request_response_config(name.clone(), Vec::new(), max_request, max_answer, TIMEOUT, queue)
        };
        let configs = vec![
            config(&self.beat, MAX_BEAT_BYTES, inbound.then_some(beat_tx)),
            config(&self.relay, MAX_BATCH_BYTES, inbound.then_some(batch_tx)),
        ];
        (configs, inbound.then_some(Inbound { beats, batches }))
    }
}

/// What arrives on our protocols. Clones share the queues.
#[derive(Clone)]
pub struct Inbound {
    beats: async_channel::Receiver<IncomingRequest>,
    batches: async_channel::Receiver<IncomingRequest>,
}

impl Inbound {
    /// Hand everything to the oracle worker until the network ends.
    pub async fn run(self, doors: Arc<Doors>, telemetry: Arc<dyn Telemetry>) {
        let beats = self
            .beats
            .for_each_concurrent(BEATS_IN_FLIGHT, |request| on_beat(request, doors.clone(), telemetry.clone()));
        let batches = self.batches.for_each(|request| {
            on_batch(request, &doors, &*telemetry);
            futures::future::ready(())
        });
        futures::join!(beats, batches);
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

/// Why a channel took nothing, as the sender is told.
fn refused<T>(error: TrySendError<T>) -> BeatRefusal {
    match error {
        TrySendError::Full(_) => BeatRefusal::RateLimited,
        TrySendError::Closed(_) => BeatRefusal::NotCounting,
    }
}

async fn on_beat(request: IncomingRequest, doors: Arc<Doors>, telemetry: Arc<dyn Telemetry>) {
    let IncomingRequest { peer, payload, pending_response } = request;
    let (answer, awaited) = oneshot::channel();
    let beat = InboundBeat { from: source(&peer), bytes: payload, answer };
    let handed = doors.handles().and_then(|handles| handles.beats.try_send(beat).map_err(refused));
    let ack = match handed {
        // The worker has not seen it, so it is counted here.
        Err(refusal) => {
            telemetry.beat_dropped(refusal);
            Err(refusal)
        }
        Ok(()) => match tokio::time::timeout(TIMEOUT, awaited).await {
            Ok(Ok(ack)) => ack,
            Ok(Err(_)) => Err(BeatRefusal::NotCounting),
            // The sender has given up too.
            Err(_) => return,
        },
    };
    respond(pending_response, ack);
}

fn on_batch(request: IncomingRequest, doors: &Doors, telemetry: &dyn Telemetry) {
    let IncomingRequest { peer, payload, pending_response } = request;
    // Decoded here only to know whether the peer sends rubbish; that costs a hundredth of checking its signatures.
    let handed = if decode_bounded::<RelayBatch>(&payload, MAX_BATCH_BYTES).is_none() {
        Err(BeatRefusal::Malformed)
    } else {
        let batch = InboundBatch { from: source(&peer), bytes: payload };
        doors.handles().and_then(|handles| handles.batches.try_send(batch).map_err(refused))
    };
    if let Err(refusal) = handed {
        telemetry.batch_dropped(refusal);
    }
    respond(pending_response, handed);
}

fn respond(to: futures::channel::oneshot::Sender<OutgoingResponse>, answer: BeatAck) {
    let reputation_changes = if answer == Err(BeatRefusal::Malformed) { vec![MALFORMED] } else { Vec::new() };
    // The peer may have gone: then nobody waits.
    let _ = to.send(OutgoingResponse { result: Ok(answer.encode()), reputation_changes, sent_feedback: None });
}

/// A peer as the worker knows it.
fn source(peer: &PeerId) -> Source {
    Source(sp_io::hashing::blake2_256(&peer.to_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_heartbeat::ports::NoTelemetry;
    use tokio::sync::mpsc;

    fn handles(beats: mpsc::Sender<InboundBeat>) -> Handles {
        Handles { beats, batches: mpsc::channel(1).0, own: mpsc::channel(1).0 }
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
    }

    #[tokio::test]
    async fn beat_is_refused_when_no_worker_runs_or_its_channel_is_full() {
        let doors = Arc::new(Doors::default());
        let (incoming, answer) = request(vec![1]);
        on_beat(incoming, doors.clone(), Arc::new(NoTelemetry)).await;
        assert_eq!(decoded(answer.await.expect("answered")), (Err(BeatRefusal::NotCounting), 0));

        let (beats, _beats) = mpsc::channel(1);
        let (answer_to, _) = oneshot::channel();
        beats
            .try_send(InboundBeat { from: Source([0; 32]), bytes: Vec::new(), answer: answer_to })
            .expect("room for one");
        doors.open(handles(beats));
        let (incoming, answer) = request(vec![1]);
        on_beat(incoming, doors.clone(), Arc::new(NoTelemetry)).await;
        assert_eq!(decoded(answer.await.expect("answered")), (Err(BeatRefusal::RateLimited), 0));
    }

    #[tokio::test]
    async fn beat_gets_the_workers_answer_and_costs_reputation_when_malformed() {
        let doors = Arc::new(Doors::default());
        let (beats, mut worker) = mpsc::channel::<InboundBeat>(8);
        doors.open(handles(beats));
        tokio::spawn(async move {
            while let Some(beat) = worker.recv().await {
                let _ = beat.answer.send(if beat.bytes == [1] { Ok(()) } else { Err(BeatRefusal::Malformed) });
            }
        });
        for (payload, expected) in [(vec![1], (Ok(()), 0)), (vec![2], (Err(BeatRefusal::Malformed), 1))] {
            let (incoming, answer) = request(payload);
            on_beat(incoming, doors.clone(), Arc::new(NoTelemetry)).await;
            assert_eq!(decoded(answer.await.expect("answered")), expected);
        }
    }

    #[tokio::test]
    async fn batch_costs_reputation_when_it_is_no_batch() {
        let doors = Doors::default();
        let (incoming, answer) = request(vec![0xff; 100]);
        on_batch(incoming, &doors, &NoTelemetry);
        assert_eq!(decoded(answer.await.expect("answered")), (Err(BeatRefusal::Malformed), 1));
    }
}
