//! Oracle to oracle: accepted beats in batches, each batch signed for one destination.
//!
//! Only beats that came from edge nodes, or from this node itself, are passed on: what a relay brought has been sent to
//! everybody by that relay. A batch is authenticated before a single beat of it is looked at.
//!
//! An oracle sends a batch at every flush, even an empty one: that it arrives is what the receiver's
//! [coverage](crate::coverage) is made of.

use crate::{
    ports::{Keys, Source},
    rate::{Limiter, Rate},
};
use codec::Encode;
use ratio1_primitives::{
    ballot::{Seat, MAX_ORACLES},
    heartbeat::{decode_bounded, BeatRefusal, RelayBatch, SignedHeartbeat, MAX_BATCH, MAX_BATCH_BYTES},
    AccountId, Hash, VoteId,
};
use sp_core::crypto::ByteArray;

/// A batch may be this much older or newer than the receiver's clock says, in milliseconds.
pub const MAX_BATCH_SKEW_MS: u64 = 30_000;
/// How long oracles of the set before are still heard: the others learn of a new set at different moments.
pub const SET_GRACE_MS: u64 = 600_000;
/// Peers whose rate of batches is remembered, before they are authenticated.
const MAX_SOURCES: u32 = 1_024;

/// Beats waiting for the next batch.
#[derive(Debug, Default)]
pub struct Outbox {
    beats: Vec<SignedHeartbeat>,
}

impl Outbox {
    /// Add a beat; a full batch comes back.
    pub fn push(&mut self, beat: SignedHeartbeat) -> Option<Vec<SignedHeartbeat>> {
        self.beats.push(beat);
        (self.beats.len() >= MAX_BATCH as usize).then(|| self.take())
    }

    /// Everything that waits.
    pub fn take(&mut self) -> Vec<SignedHeartbeat> {
        std::mem::take(&mut self.beats)
    }
}

/// The beats of one flush, encoded and hashed once for all receivers.
#[derive(Clone, Debug)]
pub struct Sealer {
    genesis: Hash,
    relay: VoteId,
    sent_at: u64,
    beats: Vec<u8>,
    digest: [u8; 32],
}

impl Sealer {
    /// For batches of `relay`. `None` if there are more beats than a batch may carry.
    pub fn new(genesis: Hash, relay: VoteId, sent_at: u64, beats: &[SignedHeartbeat]) -> Option<Self> {
        if beats.len() > MAX_BATCH as usize {
            return None;
        }
        let beats = beats.encode();
        let digest = sp_crypto_hashing::blake2_256(&beats);
        Some(Self { genesis, relay, sent_at, beats, digest })
    }

    /// Sign the batch for one destination. `None` if the keystore has lost the key.
    pub fn seal(&self, keys: &dyn Keys, to: &VoteId) -> Option<Vec<u8>> {
        // What `RelayBatch::payload` makes of the beats themselves, and below the encoding of a `RelayBatch`: a test
        // holds them together.
        let payload = (b"ratio1/relay/v1", self.genesis, &self.relay, to, self.sent_at, self.digest).encode();
        let signature = keys.sign_vote(&self.relay, &payload)?;
        let mut bytes = (&self.relay, to, self.sent_at).encode();
        bytes.extend_from_slice(&self.beats);
        signature.encode_to(&mut bytes);
        Some(bytes)
    }
}

/// Sign a batch for one destination. `None` if the keystore has lost the key or there are too many beats.
pub fn seal(
    keys: &dyn Keys,
    genesis: Hash,
    relay: &VoteId,
    to: &VoteId,
    sent_at: u64,
    beats: &[SignedHeartbeat],
) -> Option<Vec<u8>> {
    Sealer::new(genesis, relay.clone(), sent_at, beats)?.seal(keys, to)
}

/// Decides whose batches are read.
pub struct RelayGate {
    genesis: Hash,
    own: Vec<VoteId>,
    current: Vec<VoteId>,
    previous: Vec<VoteId>,
    previous_until: u64,
    sources: Limiter,
    relays: Limiter,
}

impl RelayGate {
    /// Lets nobody in until the first [`Self::set_oracles`].
    pub fn new(genesis: Hash) -> Self {
        let sources = Rate { burst: 256, per_interval: 64, interval_ms: 1_000 };
        Self {
            genesis,
            own: Vec::new(),
            current: Vec::new(),
            previous: Vec::new(),
            previous_until: 0,
            sources: Limiter::new(MAX_SOURCES, sources),
            relays: Limiter::new(MAX_ORACLES.saturating_mul(2), relay_rate(0, 1_000)),
        }
    }

    /// Take on the current oracles and this node's vote keys. A relay may bring every admitted node's beats, and again
    /// as many.
    pub fn set_oracles(&mut self, seats: &[Seat<AccountId>], own: &[VoteId], admitted: usize, beat_ms: u32, now: u64) {
        let current: Vec<_> = seats.iter().map(|seat| seat.vote_key.clone()).collect();
        if current != self.current {
            self.previous = std::mem::replace(&mut self.current, current);
            self.previous_until = now.saturating_add(SET_GRACE_MS);
        }
        self.own = own.to_vec();
        self.relays.set_rate(relay_rate(admitted, beat_ms));
    }

    /// Authenticate a batch: from an oracle, to this node, of now, signed, and within what a relay may send. A peer
    /// gets a strike for what no honest one sends: garbage and wrong signatures. A batch of an oracle that is not
    /// known here is none: one of the two may just not have seen the newest set.
    pub fn open(&mut self, from: Source, bytes: &[u8], now: u64) -> Result<RelayBatch, BeatRefusal> {
        if !self.sources.take(from, 1, now) {
            return Err(BeatRefusal::RateLimited);
        }
        let batch: RelayBatch = decode_bounded(bytes, MAX_BATCH_BYTES)
            .ok_or(BeatRefusal::Malformed)
            .inspect_err(|_| self.sources.strike(from, now))?;
        if !self.expects(&batch, now) {
            return Err(BeatRefusal::UnknownRelay);
        }
        let payload = RelayBatch::payload(self.genesis, &batch.relay, &batch.to, batch.sent_at, &batch.beats);
        if !is_signed(&batch.relay, &payload, &batch.signature) {
            self.sources.strike(from, now);
            return Err(BeatRefusal::UnknownRelay);
        }
        // The signature speaks for the relay, wherever the bytes came from: from here on it is the one that pays.
        let relay = source_of(&batch.relay);
        let cost = u64::try_from(batch.beats.len()).unwrap_or(u64::MAX).saturating_add(1);
        if !self.relays.take(relay, cost, now) {
            return Err(BeatRefusal::RateLimited);
        }
        Ok(batch)
    }

    /// Note that a relay vouched for a beat with a wrong signature: an honest one never does.
    pub fn blame(&mut self, relay: &VoteId, now: u64) {
        self.relays.strike(source_of(relay), now);
    }

    /// Whether the batch names a known oracle, this node and this moment.
    fn expects(&self, batch: &RelayBatch, now: u64) -> bool {
        let known =
            self.current.contains(&batch.relay) || (now < self.previous_until && self.previous.contains(&batch.relay));
        known && self.own.contains(&batch.to) && batch.sent_at.abs_diff(now) <= MAX_BATCH_SKEW_MS
    }
}

fn is_signed(key: &VoteId, payload: &[u8], signature: &ratio1_primitives::VoteSignature) -> bool {
    use sp_core::Pair;
    ratio1_primitives::keys::pair::VotePair::verify(signature, payload, key)
}

fn source_of(key: &VoteId) -> Source {
    let mut raw = [0; 32];
    raw.iter_mut().zip(key.as_slice()).for_each(|(to, from)| *to = *from);
    Source(raw)
}

fn relay_rate(admitted: usize, beat_ms: u32) -> Rate {
    let admitted = u64::try_from(admitted).unwrap_or(u64::MAX);
    let per_interval = admitted.saturating_mul(2).saturating_add(64);
    Rate { burst: per_interval.saturating_mul(4), per_interval, interval_ms: u64::from(beat_ms) }
}
