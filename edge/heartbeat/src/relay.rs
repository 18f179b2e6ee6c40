//! Oracle to oracle: accepted beats in batches, each batch signed for one destination.
//!
//! Only beats that came from edge nodes, or from this node itself, are passed on: what a relay brought has been sent to
//! everybody by that relay. A batch is authenticated before a single beat of it is looked at.
//!
//! An oracle sends a batch at every flush, even an empty one: that it arrives is what the receiver's
//! [coverage](crate::coverage) is made of.

use crate::{
    ports::Offence,
    rate::{Limiter, Rate},
};
use codec::Encode;
use ratio1_ports::{Source, VoteKeys};
use ratio1_primitives::{
    ballot::{Seat, MAX_ORACLES},
    heartbeat::{decode_bounded, BeatRefusal, RelayBatch, SignedHeartbeat, MAX_BATCH, MAX_BATCH_BYTES},
    width::as_usize,
    AccountId, Hash, LicenseId, NodeId, VoteId,
};
use schnellru::{ByLength, LruMap};
use sp_core::crypto::ByteArray;
use std::collections::VecDeque;

/// A batch may be this much older or newer than the receiver's clock says, in milliseconds.
pub const MAX_BATCH_SKEW_MS: u64 = 30_000;
/// How long oracles of the set before are still heard: the others learn of a new set at different moments.
pub const SET_GRACE_MS: u64 = 600_000;
/// How long a peer may send batches that nobody here expects: it may be an oracle that this node does not know yet.
pub const STRANGER_MS: u64 = 60_000;
/// After this time a relay is judged that vouched for a beat with a wrong signature: by then both know the same nodes.
pub const JUDGE_MS: u64 = 30_000;
/// Peers that are remembered before they are authenticated.
const MAX_SOURCES: u32 = 16_384;
/// Suspicions against one relay that wait at a time, which is more than it takes to ignore it, and against all.
const SUSPICIONS_EACH: usize = 16;
const MAX_SUSPICIONS: usize = SUSPICIONS_EACH * as_usize(MAX_ORACLES);

/// Beats waiting for the next batch.
#[derive(Debug, Default)]
pub struct Outbox {
    beats: Vec<SignedHeartbeat>,
}

impl Outbox {
    /// Add a beat; a full batch comes back.
    pub fn push(&mut self, beat: SignedHeartbeat) -> Option<Vec<SignedHeartbeat>> {
        self.beats.push(beat);
        (self.beats.len() >= as_usize(MAX_BATCH)).then(|| self.take())
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
        if beats.len() > as_usize(MAX_BATCH) {
            return None;
        }
        let beats = beats.encode();
        // ADR 0026: encoded and hashed once; a copy for each receiver costs one signature.
        let digest = sp_crypto_hashing::blake2_256(&beats);
        Some(Self { genesis, relay, sent_at, beats, digest })
    }

    /// Sign the batch for one destination. `None` if the keystore has lost the key.
    pub fn seal(&self, keys: &dyn VoteKeys, to: &VoteId) -> Option<Vec<u8>> {
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
    keys: &dyn VoteKeys,
    genesis: Hash,
    relay: &VoteId,
    to: &VoteId,
    sent_at: u64,
    beats: &[SignedHeartbeat],
) -> Option<Vec<u8>> {
    Sealer::new(genesis, relay.clone(), sent_at, beats)?.seal(keys, to)
}

/// Why a batch is not read, and what is to be held against the peer that sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The reason.
    pub why: BeatRefusal,
    /// What no honest peer does.
    pub offence: Option<Offence>,
}

/// A relay vouched for a beat that the node of the license, as known here, did not sign.
#[derive(Clone, Debug)]
struct Suspicion {
    relay: VoteId,
    license: LicenseId,
    node: NodeId,
    at: u64,
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
    /// Since when a peer has been sending batches that nobody here expects.
    strangers: LruMap<Source, u64, ByLength>,
    suspicions: VecDeque<Suspicion>,
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
            strangers: LruMap::new(ByLength::new(MAX_SOURCES)),
            suspicions: VecDeque::new(),
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
    /// gets a strike for what no honest one sends: garbage, wrong signatures, and, for longer than it can take to learn of a
    /// new set, batches in the name of somebody who is no oracle or to somebody else.
    pub fn open_batch(&mut self, from: Source, bytes: &[u8], now: u64) -> Result<RelayBatch, Refused> {
        let refused = |why| Refused { why, offence: None };
        if !self.sources.take(from, 1, now) {
            return Err(refused(BeatRefusal::RateLimited));
        }
        let Some(batch) = decode_bounded::<RelayBatch>(bytes, MAX_BATCH_BYTES) else {
            return Err(self.strike(from, BeatRefusal::Malformed, Offence::Malformed, now));
        };
        if !self.knows(&batch.relay, now) || !self.own.contains(&batch.to) {
            let since = self.strangers.get_or_insert(from, || now).copied().unwrap_or(now);
            return Err(match now.saturating_sub(since) < STRANGER_MS {
                true => refused(BeatRefusal::UnknownRelay),
                false => self.strike(from, BeatRefusal::UnknownRelay, Offence::Stranger, now),
            });
        }
        // Of an oracle whose clock is wrong: no offence.
        if batch.sent_at.abs_diff(now) > MAX_BATCH_SKEW_MS {
            return Err(refused(BeatRefusal::UnknownRelay));
        }
        let payload = RelayBatch::payload(self.genesis, &batch.relay, &batch.to, batch.sent_at, &batch.beats);
        if !is_signed(&batch.relay, &payload, &batch.signature) {
            return Err(self.strike(from, BeatRefusal::UnknownRelay, Offence::Forged, now));
        }
        self.strangers.remove(&from);
        // The signature speaks for the relay, wherever the bytes came from: from here on it is the one that pays.
        let relay = source_of(&batch.relay);
        let cost = u64::try_from(batch.beats.len()).unwrap_or(u64::MAX).saturating_add(1);
        if !self.relays.take(relay, cost, now) {
            return Err(refused(BeatRefusal::RateLimited));
        }
        Ok(batch)
    }

    fn strike(&mut self, from: Source, why: BeatRefusal, offence: Offence, now: u64) -> Refused {
        self.sources.strike(from, now);
        Refused { why, offence: Some(offence) }
    }

    /// Note that a relay vouched for a beat that `node`, which is the node of its license here, did not sign. An honest one
    /// does so only while one of the two does not know yet which node the license has now: so it is judged later.
    pub fn suspect_relay(&mut self, relay: &VoteId, license: LicenseId, node: NodeId, now: u64) {
        let before = self.suspicions.iter().filter(|suspicion| suspicion.relay == *relay).count();
        if before < SUSPICIONS_EACH && self.suspicions.len() < MAX_SUSPICIONS {
            self.suspicions.push_back(Suspicion { relay: relay.clone(), license, node, at: now });
        }
    }

    /// Give a strike to relays that were suspected a while ago, if the license still has the node it was thought to have.
    /// While finality stands still that says nothing: `steady` is since when it does not.
    pub fn judge_suspicions(&mut self, now: u64, steady: Option<u64>, node: impl Fn(LicenseId) -> Option<NodeId>) {
        let is_ripe = |suspicion: &Suspicion| suspicion.at.saturating_add(JUDGE_MS) <= now;
        while let Some(suspicion) = self.suspicions.pop_front_if(|suspicion| is_ripe(suspicion)) {
            let is_sure = steady.is_some_and(|since| since <= suspicion.at);
            if is_sure && node(suspicion.license) == Some(suspicion.node) {
                self.relays.strike(source_of(&suspicion.relay), now);
            }
        }
    }

    /// Whether this key is one of an oracle, or of one that was until lately.
    pub fn knows(&self, relay: &VoteId, now: u64) -> bool {
        self.current.contains(relay) || (now < self.previous_until && self.previous.contains(relay))
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
