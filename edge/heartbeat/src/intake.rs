//! The hot path of an oracle: from bytes to one counted slot, or a reason why not.
//!
//! Checks go from cheap to dear and the signature comes last, so that replayed, foreign and stale beats cost next to
//! nothing. Only a verified beat marks a slot.
//!
//! A beat also counts for the services that it reports to run and that the chain knows of its license. The first beat for
//! a slot decides, unless the node signed another state of its services for the same slot: then none of them counts as
//! running in it. Such a second beat is verified, and passed on like a new one, once. A license's own slot stays counted
//! whatever it says of services.
//!
//! A beat that only relays have brought so far, and that its node now brings itself, is passed on as well, once: nobody
//! can tell whether that relay sent it to everybody. Otherwise one faulty receiver could keep a node's beats from most
//! oracles, by relaying them at once to the node's honest receivers and to nobody else. All others are duplicates.
//!
//! # Example
//!
//! Counting a beat that was signed beforehand, without any node around:
//!
//! ```
//! use ratio1_heartbeat::intake::Intake;
//! use ratio1_ports::{BlockRef, Source};
//! use ratio1_primitives::{heartbeat::*, ClockParams, EpochIndex, EpochParams, Hash, LicenseId, NodeId};
//! use codec::Encode;
//! use sp_core::Pair;
//!
//! let genesis = Hash::repeat_byte(7);
//! let clock = ClockParams { genesis_moment: 0, epoch_ms: 60_000 };
//! let params = EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };
//! let pair = sp_core::ed25519::Pair::from_seed(&[1; 32]);
//! let block = BlockRef { number: 9, hash: Hash::repeat_byte(9) };
//! let nodes = [(LicenseId(0), NodeId::from(pair.public()))];
//! let mut intake = Intake::preset(genesis, clock, params, EpochIndex(0), &nodes, &[block]);
//!
//! let beat = Heartbeat {
//!     version: HEARTBEAT_VERSION, license: LicenseId(0), epoch: EpochIndex(0), slot: 3, block_number: block.number,
//!     block_hash: block.hash, resources: Default::default(), services: Default::default(),
//! };
//! let signature = pair.sign(&beat.payload(genesis));
//! let bytes = SignedHeartbeat { beat, signature }.encode();
//! assert!(intake.accept_beat(Source([0; 32]), &bytes, 1_700).is_ok());
//! assert_eq!(intake.accept_beat(Source([0; 32]), &bytes, 1_700), Err(BeatRefusal::Duplicate));
//! ```

use crate::{
    counts::EpochCounts,
    coverage::CoverageMeter,
    finality::Finality,
    open_slots::OpenSlots,
    rate::{Limiter, Rate},
    refresh::{Known, Refresh},
    registry::{FinalisedRing, Registry, MAX_RING},
    services::{Reports, ServiceBook},
};
use ratio1_ports::{BlockRef, Source};
use ratio1_primitives::{
    clock::MAX_BEAT_AGE_SLOTS,
    heartbeat::{
        decode_bounded, BeatRefusal, CountAnswer, CountQuery, Heartbeat, SignedHeartbeat, HEARTBEAT_VERSION,
        MAX_BEAT_BYTES,
    },
    jobs::ServiceTerm,
    ClockParams, EpochIndex, EpochParams, Hash, LicenseId, NodeId, VoteId,
};
use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
};

/// Senders whose rate is remembered.
const MAX_SOURCES: u32 = 16_384;
/// Bytes of a question at most.
const MAX_QUERY_BYTES: usize = 64;
/// Past epochs kept in memory until their ballots are built; older ones come from the store.
const CLOSED_KEPT: usize = 2;

/// What a beat that passes all checks brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum News {
    /// A slot that is not counted yet.
    Slot,
    /// Another state of services for a slot that is.
    Contradiction,
    /// A slot that is counted, but that others may not have heard of.
    FirstHand,
}

/// Who brought a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bringer {
    /// The node that signed it: nobody else can be expected to pass it on.
    Node,
    /// An oracle that claims to pass it on to all others.
    Relay,
}

/// Counts beats.
pub struct Intake {
    genesis: Hash,
    clock: Option<ClockParams>,
    params: EpochParams,
    registry: Registry,
    services: ServiceBook,
    reports: Reports,
    /// The licenses whose beat for an open slot only relays have brought. At most one entry for each admitted license
    /// and open slot. Not persisted: after a restart such a beat is a duplicate.
    relayed: OpenSlots<HashSet<LicenseId>>,
    ring: FinalisedRing,
    edges: Limiter,
    questions: Limiter,
    finality: Finality,
    counting: bool,
    /// Whether an epoch was opened; before that there is one in name only.
    opened: bool,
    running: EpochCounts,
    closed: VecDeque<Arc<EpochCounts>>,
    meter: CoverageMeter,
}

impl Intake {
    /// Counts nothing until the first [`Self::apply_refresh`].
    pub fn new(genesis: Hash) -> Self {
        let params = EpochParams::default();
        Self {
            genesis,
            clock: None,
            params,
            registry: Registry::default(),
            services: ServiceBook::default(),
            reports: Reports::default(),
            relayed: OpenSlots::default(),
            ring: FinalisedRing::default(),
            edges: Limiter::new(MAX_SOURCES, edge_rate(&params)),
            questions: Limiter::new(MAX_SOURCES, question_rate(&params)),
            finality: Finality::default(),
            counting: false,
            opened: false,
            running: EpochCounts::new(EpochIndex(0), params),
            closed: VecDeque::new(),
            meter: CoverageMeter::default(),
        }
    }

    /// Ready to count `epoch` for these nodes, which may quote these blocks (ascending, without gaps): for benchmarks
    /// and tests, without a chain.
    pub fn preset(
        genesis: Hash,
        clock: ClockParams,
        params: EpochParams,
        epoch: EpochIndex,
        nodes: &[(LicenseId, NodeId)],
        blocks: &[BlockRef],
    ) -> Self {
        let mut intake = Self::new(genesis);
        intake.set_clock(Some(clock), params);
        let mut pages = std::collections::BTreeMap::<u32, Vec<_>>::new();
        nodes.iter().for_each(|(license, node)| pages.entry(license.page()).or_default().push((*license, *node)));
        pages.iter().for_each(|(page, admitted)| intake.registry.set_page(*page, (0, epoch), admitted, 0));
        blocks.iter().for_each(|block| intake.ring.push(*block, MAX_RING));
        intake.open_epoch(EpochCounts::new(epoch, params), clock.epoch_start(epoch));
        intake.counting = true;
        intake
    }

    /// Take one beat off the network. The beat counted comes back, for relaying.
    pub fn accept_beat(&mut self, from: Source, bytes: &[u8], now: u64) -> Result<SignedHeartbeat, BeatRefusal> {
        if !self.counting {
            return Err(BeatRefusal::NotCounting);
        }
        if !self.edges.take(from, 1, now) {
            return Err(BeatRefusal::RateLimited);
        }
        let beat = decode(bytes).inspect_err(|_| self.edges.strike(from, now))?;
        match self.count_beat(&beat, Bringer::Node, now) {
            Ok(()) => Ok(beat),
            Err(refusal) => {
                if refusal == BeatRefusal::Signature {
                    self.edges.strike(from, now);
                }
                Err(refusal)
            }
        }
    }

    /// Count a decoded beat: from this node itself, or from an authenticated batch. `Ok` if it is news: to be passed on if
    /// the node brought it.
    pub fn count_beat(&mut self, signed: &SignedHeartbeat, from: Bringer, now: u64) -> Result<(), BeatRefusal> {
        let (node, news) = self.check(signed, from, now)?;
        if !signed.is_signed_by(&node, self.genesis) {
            // ADR 0026: whoever passes on what the node of before signed may just not know yet that it is another one now.
            let previous = self.registry.previous(signed.beat.license, now);
            return Err(match previous.is_some_and(|node| signed.is_signed_by(&node, self.genesis)) {
                true => BeatRefusal::Unlicensed,
                false => BeatRefusal::Signature,
            });
        }
        match news {
            News::Slot => self.count_first(&signed.beat),
            News::Contradiction => self.contradict(&signed.beat),
            News::FirstHand => {}
        }
        self.note_bringer(&signed.beat, from, news);
        self.tick(now);
        Ok(())
    }

    /// Count the first beat for a slot, and the services it reports.
    fn count_first(&mut self, beat: &Heartbeat) {
        self.running.count(beat.license, beat.slot);
        let Some(clock) = self.clock.filter(|_| !self.services.of(beat.license).is_empty()) else { return };
        let into = u64::from(self.running.params().beat_ms).saturating_mul(beat.slot.into());
        let began = clock.epoch_start(beat.epoch).saturating_add(into);
        self.services.count_services(beat, began, &mut self.running);
        self.reports.note(beat);
    }

    /// Two states are signed for one slot: no service of the license counts as running in it.
    fn contradict(&mut self, beat: &Heartbeat) {
        tracing::debug!(target: "heartbeat", license = %beat.license, slot = beat.slot, "a node signed two states of its services");
        self.services.clear_services(beat.license, beat.slot, &mut self.running);
        self.reports.contradict(beat);
    }

    /// Remember whether others can have the beat from its node, by way of this oracle.
    fn note_bringer(&mut self, beat: &Heartbeat, from: Bringer, news: News) {
        let Some(relayed) = self.relayed.get_mut(beat) else { return };
        match (from, news) {
            (Bringer::Node, _) => relayed.remove(&beat.license),
            (Bringer::Relay, News::Slot) => relayed.insert(beat.license),
            (Bringer::Relay, _) => false,
        };
    }

    /// Everything but the signature; the node that must have signed, and what its beat brings.
    fn check(&self, signed: &SignedHeartbeat, from: Bringer, now: u64) -> Result<(NodeId, News), BeatRefusal> {
        let beat = &signed.beat;
        let clock = self.clock.filter(|_| self.counting).ok_or(BeatRefusal::NotCounting)?;
        if beat.version != HEARTBEAT_VERSION {
            return Err(BeatRefusal::Version);
        }
        if beat.epoch != self.running.epoch() || clock.epoch_at(now) != beat.epoch {
            return Err(BeatRefusal::Epoch);
        }
        let params = self.running.params();
        let slot = clock.slot_at(beat.epoch, now, params).unwrap_or(params.slots);
        let age = slot.checked_sub(beat.slot).ok_or(BeatRefusal::Future)?;
        if age > MAX_BEAT_AGE_SLOTS {
            return Err(BeatRefusal::Late);
        }
        if beat.slot >= params.slots {
            return Err(BeatRefusal::Future);
        }
        let node = self.registry.node(beat.license).ok_or(BeatRefusal::Unlicensed)?;
        let news = match self.running.is_counted(beat.license, beat.slot) {
            false => News::Slot,
            // ADR 0021: two signed beats of one slot with different lists count as not running.
            true if self.reports.is_contradicted_by(beat) => News::Contradiction,
            // ADR 0026: once more first hand, lest a faulty receiver makes a duplicate of it at the honest ones.
            true if from == Bringer::Node && self.is_only_relayed(beat) => News::FirstHand,
            true => return Err(BeatRefusal::Duplicate),
        };
        self.ring.check_quote(beat.block_number, &beat.block_hash, params.max_quote_lag)?;
        Ok((node, news))
    }

    fn is_only_relayed(&self, beat: &Heartbeat) -> bool {
        self.relayed.get(beat).is_some_and(|licenses| licenses.contains(&beat.license))
    }

    /// An authentic batch of another oracle arrived: what coverage is made of.
    pub fn hear_relay(&mut self, relay: &VoteId, now: u64) {
        if let Some(clock) = self.clock.filter(|_| self.counting) {
            self.meter.heard(relay, now, &clock, &mut self.running);
        }
    }

    /// The process runs at `now`: to be called at least once per interval, for coverage.
    pub fn tick(&mut self, now: u64) {
        if let Some(clock) = self.clock.filter(|_| self.counting) {
            self.meter.tick(now, &clock, &mut self.running);
        }
    }

    /// The epoch that runs at `now` if it is another than the one being counted: then [`Self::open_epoch`] it.
    pub fn due_epoch(&self, now: u64) -> Option<EpochIndex> {
        let epoch = self.clock?.epoch_at(now);
        (!self.opened || epoch != self.running.epoch()).then_some(epoch)
    }

    /// Tell a node how many of its beats of the running epoch are counted: it finds out whether they arrive where it does
    /// not send them. Anyone may ask about anyone; who asks too often is not answered.
    pub fn answer_query(&mut self, from: Source, bytes: &[u8], now: u64) -> CountAnswer {
        if !self.counting {
            return Err(BeatRefusal::NotCounting);
        }
        if !self.questions.take(from, 1, now) {
            return Err(BeatRefusal::RateLimited);
        }
        let query: CountQuery = decode_bounded(bytes, MAX_QUERY_BYTES).ok_or(BeatRefusal::Malformed)?;
        if query.version != HEARTBEAT_VERSION {
            return Err(BeatRefusal::Version);
        }
        if query.epoch != self.running.epoch() {
            return Err(BeatRefusal::Epoch);
        }
        self.registry.node(query.license).ok_or(BeatRefusal::Unlicensed)?;
        Ok(self.running.accepted(query.license))
    }

    /// Begin or resume an epoch at `now`; the one before is kept for its ballot.
    pub fn open_epoch(&mut self, mut counts: EpochCounts, now: u64) {
        self.opened = true;
        counts.set_params(self.params);
        self.closed.retain(|closed| closed.epoch() != counts.epoch());
        let closed = std::mem::replace(&mut self.running, counts);
        if let (Some(before), Some(clock)) = (self.running.seen(), self.clock) {
            self.finality.resume(before, now, &clock);
        }
        for term in self.services.iter() {
            // A new epoch takes over what was known; one that is resumed has what was known before the restart.
            let expected = match self.running.seen() {
                None => closed.known(term).unwrap_or(term.from),
                Some(_) => self.expected_of(term, now),
            };
            self.running.know(term, expected);
        }
        self.registry.iter().for_each(|(license, node)| {
            self.running.assign(license, node);
        });
        if let Some(seen) = self.finality.seen() {
            self.running.see(seen);
        }
        if closed.epoch() != self.running.epoch() && !closed.is_empty() {
            self.closed.push_back(Arc::new(closed));
        }
        while self.closed.len() > CLOSED_KEPT {
            self.closed.pop_front();
        }
    }

    /// From when a service that is learned of at `now` is expected in beats.
    fn expected_of(&self, term: &ServiceTerm, now: u64) -> u64 {
        let late = self.clock.map_or(0, |clock| self.finality.late(now, &clock));
        term.from.saturating_add(late)
    }

    /// Take on what a newer finalised state says, at `now`.
    pub fn apply_refresh(&mut self, refresh: &Refresh, now: u64) {
        self.set_clock(refresh.clock.clock, refresh.clock.params);
        if refresh.clock.current == self.running.epoch() {
            self.running.set_params(refresh.clock.params);
        }
        let keep = self.params.max_quote_lag.saturating_add(1);
        refresh.blocks.iter().for_each(|block| self.ring.push(*block, keep));
        if let (Some(head), Some(clock)) = (self.ring.head(), self.clock) {
            self.finality.observe(head, now, &clock);
            self.finality.seen().into_iter().for_each(|seen| self.running.see(seen));
        }
        for page in &refresh.pages {
            self.registry.set_page(page.page, page.key, &page.admitted, now);
            for (license, node) in &page.admitted {
                if self.running.assign(*license, *node) {
                    tracing::info!(target: "heartbeat", %license, "a license has another node: its beats count anew");
                }
            }
        }
        for page in &refresh.services {
            self.services.set_page(page.page, page.revision, &page.terms);
            for term in &page.terms {
                let expected = self.expected_of(term, now);
                self.running.know(term, expected);
            }
        }
        let others = refresh.oracles.iter().map(|seat| seat.vote_key.clone());
        self.meter.set_oracles(refresh.oracles.len(), others.filter(|key| !refresh.vote_keys.contains(key)));
        self.counting = refresh.seat.is_some() && !refresh.syncing && self.clock.is_some();
        if !self.counting {
            self.finality.interrupt();
        }
    }

    fn set_clock(&mut self, clock: Option<ClockParams>, params: EpochParams) {
        self.clock = clock;
        self.params = params;
        self.edges.set_rate(edge_rate(&params));
        self.questions.set_rate(question_rate(&params));
    }

    /// What the next [`Refresh`] need not read again.
    pub fn known(&self) -> Known {
        Known { head: self.ring.head(), pages: self.registry.pages().to_vec(), services: self.services.revisions() }
    }

    /// Whether beats are counted now.
    pub fn is_counting(&self) -> bool {
        self.counting
    }

    /// The clock, once known.
    pub fn clock(&self) -> Option<ClockParams> {
        self.clock
    }

    /// The parameters assumed for the running epoch.
    pub fn params(&self) -> &EpochParams {
        &self.params
    }

    /// The node that may beat for a license.
    pub fn node(&self, license: LicenseId) -> Option<NodeId> {
        self.registry.node(license)
    }

    /// Since when this process knows that node, in Unix milliseconds.
    pub fn linked_since(&self, license: LicenseId) -> Option<u64> {
        self.registry.since(license)
    }

    /// The licenses with a service that has been expected in beats since `moment`, and still is.
    pub fn expected_since(&self, moment: u64) -> impl Iterator<Item = LicenseId> + '_ {
        let is_expected = move |term: &ServiceTerm| {
            let known = self.running.known(term).map(|expected| expected.max(term.from));
            term.until.is_none() && known.is_some_and(|expected| expected <= moment)
        };
        self.services.by_license().filter(move |(_, terms)| terms.iter().any(is_expected)).map(|(license, _)| license)
    }

    /// Since when finality has moved, and this oracle counted, without a break; `None` if that is not so at `now`.
    pub fn steady_since(&self, now: u64) -> Option<u64> {
        self.clock.and_then(|clock| self.finality.steady_since(now, &clock))
    }

    /// How many nodes are admitted.
    pub fn admitted(&self) -> usize {
        self.registry.admitted()
    }

    /// The epoch being counted.
    pub fn running(&self) -> &EpochCounts {
        &self.running
    }

    /// The epoch being counted, to write what is dirty of it.
    pub fn running_mut(&mut self) -> &mut EpochCounts {
        &mut self.running
    }

    /// Past epochs still in memory.
    pub fn closed(&self) -> Vec<Arc<EpochCounts>> {
        self.closed.iter().cloned().collect()
    }
}

/// A node sends one beat an interval to an oracle, and a few more after a stall or when others fail.
fn edge_rate(params: &EpochParams) -> Rate {
    Rate { burst: 32, per_interval: 4, interval_ms: u64::from(params.beat_ms) }
}

/// A node asks eight times an epoch, and not the same oracle each time.
fn question_rate(params: &EpochParams) -> Rate {
    Rate { burst: 8, per_interval: 1, interval_ms: u64::from(params.beat_ms) }
}

/// Decode a beat. The version is its first byte, and is judged before the rest, which may have another form.
fn decode(bytes: &[u8]) -> Result<SignedHeartbeat, BeatRefusal> {
    if bytes.len() > MAX_BEAT_BYTES {
        return Err(BeatRefusal::Malformed);
    }
    match bytes.first() {
        Some(version) if *version == HEARTBEAT_VERSION => {}
        Some(_) => return Err(BeatRefusal::Version),
        None => return Err(BeatRefusal::Malformed),
    }
    decode_bounded(bytes, MAX_BEAT_BYTES).ok_or(BeatRefusal::Malformed)
}
