//! The bounded channels into an oracle worker, and who may put how much into them.
//!
//! Batches come through two of them. A peer from which an authentic batch of an oracle came has a lane of its own kind,
//! others share a narrow one that is served last: a flood by strangers crowds out neither oracles nor beats. What one peer
//! may put into either is bounded before it waits anywhere.

use crate::{
    ports::{InboundBatch, InboundBeat, InboundCount},
    rate::{Limiter, Rate},
};
use parking_lot::Mutex;
use ratio1_ports::Source;
use ratio1_primitives::{
    heartbeat::{BeatRefusal, SignedHeartbeat},
    VoteId,
};
use std::{collections::BTreeMap, sync::Arc, time::Instant};
use tokio::sync::mpsc::{self, error::TrySendError};

/// Beats that may wait for the worker.
pub const BEAT_QUEUE: usize = 4_096;
/// Batches of oracles that may wait: one of each there may be, and 64 MiB at their largest.
pub const BATCH_QUEUE: usize = 128;
/// Batches of strangers that may wait.
pub const STRANGER_QUEUE: usize = 16;
/// Questions that may wait.
pub const COUNT_QUEUE: usize = 256;
/// Beats of this node that may wait.
const OWN_QUEUE: usize = 16;
/// Peers whose rate is remembered.
const MAX_SOURCES: u32 = 16_384;
/// Batches a peer may send: as an oracle, which sends two in an interval and one for every 256 beats of nodes that send to
/// it; and before it has shown that it is one.
const ORACLE_RATE: Rate = Rate { burst: 32, per_interval: 16, interval_ms: 1_000 };
const STRANGER_RATE: Rate = Rate { burst: 8, per_interval: 2, interval_ms: 1_000 };

/// The worker's ends of its channels.
pub struct Inputs {
    pub(crate) beats: mpsc::Receiver<InboundBeat>,
    pub(crate) batches: mpsc::Receiver<InboundBatch>,
    pub(crate) strangers: mpsc::Receiver<InboundBatch>,
    pub(crate) counts: mpsc::Receiver<InboundCount>,
    pub(crate) own: mpsc::Receiver<SignedHeartbeat>,
    pub(crate) relays: Arc<KnownRelays>,
}

/// The other ends. Use `try_send`: a full channel means drop, count, and answer `RateLimited`.
#[derive(Clone)]
pub struct Handles {
    /// Beats from edge nodes.
    pub beats: mpsc::Sender<InboundBeat>,
    /// Batches from other oracles.
    pub batches: BatchDoor,
    /// Questions of edge nodes.
    pub counts: mpsc::Sender<InboundCount>,
    /// This node's own beats, for [`crate::sender::SenderDeps::own`].
    pub own: mpsc::Sender<SignedHeartbeat>,
}

/// The bounded channels into a worker.
pub fn channels() -> (Handles, Inputs) {
    let (beats, beats_rx) = mpsc::channel(BEAT_QUEUE);
    let (known, known_rx) = mpsc::channel(BATCH_QUEUE);
    // ADR 0026: strangers have a narrow queue of their own, which is served last.
    let (strangers, strangers_rx) = mpsc::channel(STRANGER_QUEUE);
    let (counts, counts_rx) = mpsc::channel(COUNT_QUEUE);
    let (own, own_rx) = mpsc::channel(OWN_QUEUE);
    let relays = Arc::new(KnownRelays::default());
    let limits =
        Limits { oracles: Limiter::new(MAX_SOURCES, ORACLE_RATE), strangers: Limiter::new(MAX_SOURCES, STRANGER_RATE) };
    let limits = Arc::new(Mutex::new(limits));
    let batches = BatchDoor { known, strangers, relays: relays.clone(), limits, opened: Instant::now() };
    let inputs =
        Inputs { beats: beats_rx, batches: known_rx, strangers: strangers_rx, counts: counts_rx, own: own_rx, relays };
    (Handles { beats, batches, counts, own }, inputs)
}

/// From which peer authentic batches of which oracle came last.
#[derive(Debug, Default)]
pub struct KnownRelays(Mutex<BTreeMap<VoteId, Source>>);

impl KnownRelays {
    /// An authentic batch of `relay` came from this peer.
    pub fn note(&self, relay: &VoteId, from: Source) {
        let mut known = self.0.lock();
        if known.get(relay) != Some(&from) {
            known.insert(relay.clone(), from);
        }
    }

    /// Forget those that are no oracles any more.
    pub fn retain(&self, is_oracle: impl Fn(&VoteId) -> bool) {
        self.0.lock().retain(|relay, _| is_oracle(relay));
    }

    fn contains(&self, from: Source) -> bool {
        self.0.lock().values().any(|known| *known == from)
    }
}

struct Limits {
    oracles: Limiter,
    strangers: Limiter,
}

/// Where batches enter.
#[derive(Clone)]
pub struct BatchDoor {
    known: mpsc::Sender<InboundBatch>,
    strangers: mpsc::Sender<InboundBatch>,
    relays: Arc<KnownRelays>,
    limits: Arc<Mutex<Limits>>,
    opened: Instant,
}

impl BatchDoor {
    /// Hand a batch over. Refused at once when its peer sent too much, when too many wait, or when no worker runs.
    pub fn try_send(&self, batch: InboundBatch) -> Result<(), BeatRefusal> {
        // Only for the rates: they need a clock that nobody sets.
        let now = u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(u64::MAX);
        let is_known = self.relays.contains(batch.from);
        let mut limits = self.limits.lock();
        let limit = if is_known { &mut limits.oracles } else { &mut limits.strangers };
        if !limit.take(batch.from, 1, now) {
            return Err(BeatRefusal::RateLimited);
        }
        drop(limits);
        let lane = if is_known { &self.known } else { &self.strangers };
        lane.try_send(batch).map_err(|error| match error {
            TrySendError::Full(_) => BeatRefusal::RateLimited,
            TrySendError::Closed(_) => BeatRefusal::NotCounting,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sp_core::crypto::ByteArray;

    fn batch(from: u8) -> InboundBatch {
        InboundBatch { from: Source([from; 32]), bytes: Vec::new() }
    }

    fn oracle(n: u8) -> VoteId {
        VoteId::from_slice(&[n; 32]).unwrap()
    }

    #[test]
    fn a_flood_of_strangers_takes_no_place_of_an_oracle() {
        let (handles, mut inputs) = channels();
        inputs.relays.note(&oracle(1), Source([1; 32]));
        let taken = (10..200u8).filter(|n| handles.batches.try_send(batch(*n)).is_ok()).count();
        assert_eq!(taken, STRANGER_QUEUE);
        assert_eq!(handles.batches.try_send(batch(1)), Ok(()));
        assert_eq!(inputs.batches.try_recv().map(|batch| batch.from), Ok(Source([1; 32])));
        // Who is no oracle any more is one of them.
        inputs.relays.retain(|_| false);
        assert_eq!(handles.batches.try_send(batch(1)), Err(BeatRefusal::RateLimited));
        drop(inputs);
        assert_eq!(handles.batches.try_send(batch(2)), Err(BeatRefusal::NotCounting));
    }

    #[test]
    fn one_peer_is_limited_before_anything_of_it_waits() {
        let (handles, mut inputs) = channels();
        let sent = |from| (0..64).filter(|_| handles.batches.try_send(batch(from)).is_ok()).count();
        assert!((8..12).contains(&sent(9)));
        assert_eq!(handles.batches.try_send(batch(8)), Ok(()), "others are not affected");
        inputs.relays.note(&oracle(1), Source([1; 32]));
        assert!((32..40).contains(&sent(1)), "and an oracle cannot fill the queue of all");
        assert!(inputs.strangers.try_recv().is_ok());
    }
}
