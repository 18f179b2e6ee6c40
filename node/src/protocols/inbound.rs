//! What arrives, handed to the oracle worker, and its answers.

use super::{
    doors::Doors,
    entry::{Askers, Entry, Porter},
};
use crate::callers::{Callers, Fellows, MALFORMED};
use codec::Encode;
use futures::StreamExt;
use ratio1_heartbeat::ports::{InboundBatch, InboundBeat, InboundCount, Telemetry};
use ratio1_primitives::heartbeat::BeatRefusal;
use sc_network::{
    config::{IncomingRequest, OutgoingResponse},
    ReputationChange,
};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::sync::{mpsc::error::TrySendError, oneshot};

/// How long an oracle has to answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);
/// Beats whose answer is awaited at once; more stay in the queue.
const BEATS_IN_FLIGHT: usize = 2_048;
/// The same of questions.
const COUNTS_IN_FLIGHT: usize = 64;

/// What a peer that is no oracle pays for each batch beyond what strangers may send: some twenty of them, and it is
/// banned.
const FLOOD: ReputationChange = ReputationChange::new(-(1 << 26), "ratio1: flood of batches");

/// What arrives on our protocols. Clones share the queues.
#[derive(Clone)]
pub struct Inbound {
    pub(super) beats: async_channel::Receiver<IncomingRequest>,
    pub(super) batches: async_channel::Receiver<IncomingRequest>,
    pub(super) counts: async_channel::Receiver<IncomingRequest>,
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
    let beat = InboundBeat { from: hall.callers.note_peer(&peer), bytes: payload, answer };
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
    let count = InboundCount { from: hall.callers.note_peer(&peer), bytes: payload, answer };
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
        Ok(()) => match tokio::time::timeout(ANSWER_TIMEOUT, awaited).await {
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
    let from = hall.callers.note_peer(&peer);
    let entry = porter.let_in(&peer, from, porter.now());
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
    use crate::protocols::{
        entry::{QUESTIONS, STRANGERS},
        names::MAX_ANSWER_BYTES,
    };
    use ratio1_heartbeat::{channels, ports::NoTelemetry, Handles};
    use ratio1_ports::Source;
    use ratio1_primitives::heartbeat::{decode_bounded, BeatAck, CountAnswer};
    use sc_network_types::PeerId;
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
        hall.doors.open_to(Handles { beats, ..channels().0 });
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
        hall.doors.open_to(Handles { counts, ..channels().0 });
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
