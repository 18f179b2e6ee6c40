//! In-memory ports: a chain one can script, keys, a clock and a network that records.

mod net;

pub use net::*;

use async_trait::async_trait;
use codec::Encode;
use futures::{channel::mpsc, stream::BoxStream, StreamExt};
use parking_lot::Mutex;
use ratio1_heartbeat::{
    ports::*,
    status::{CheckOutcome, Part, Sending, Trouble},
    store::ChainId,
    OracleDeps, SenderDeps, Store,
};
use ratio1_primitives::{
    api::{BallotStatus, ClockInfo, RoundInfo, SignedVote},
    ballot::{page_hash, Frozen, Phase, Seat, Vote},
    economics::price::Price,
    heartbeat::{BeatRefusal, Heartbeat, Resources, Service, ServiceState, SignedHeartbeat, HEARTBEAT_VERSION},
    jobs::{ServiceTerm, SlotRef},
    keys::pair::VotePair,
    refusal::AdmissionRefusal,
    AccountId, ClockParams, EpochIndex, EpochParams, Hash, JobId, LicenseId, NodeId, NodeSignature, VoteId,
    VoteSignature, PAGE_SIZE,
};
use sp_core::{ed25519, Pair};
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::Duration,
};

pub const GENESIS: Hash = Hash::repeat_byte(0xee);
pub const PARAMS: EpochParams =
    EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 20 };
pub const CLOCK: ClockParams = ClockParams { genesis_moment: 1_000_000, epoch_ms: 60_000 };
pub const CHAIN: ChainId = ChainId { genesis: GENESIS, moment: CLOCK.genesis_moment };

pub fn hash(number: u32) -> Hash {
    sp_crypto_hashing::blake2_256(&number.encode()).into()
}

pub fn block(number: u32) -> BlockRef {
    BlockRef { number, hash: hash(number) }
}

pub fn node(n: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[n; 32])
}

pub fn node_id(n: u8) -> NodeId {
    node(n).public().into()
}

pub fn vote_pair(n: u8) -> VotePair {
    VotePair::from_seed(&[n; 32])
}

/// Oracle `n`, whose node is linked to license `n`.
pub fn seat(n: u8) -> Seat<AccountId> {
    Seat { oracle: AccountId::new([n; 32]), license: LicenseId(n.into()), vote_key: vote_pair(n).public() }
}

/// A beat of node `n` for its license, quoting block 100.
pub fn beat(n: u8, epoch: u32, slot: u32) -> Heartbeat {
    Heartbeat {
        version: HEARTBEAT_VERSION,
        license: LicenseId(n.into()),
        epoch: EpochIndex(epoch),
        slot,
        block_number: 100,
        block_hash: hash(100),
        resources: Resources::default(),
        services: Default::default(),
    }
}

pub fn sign(n: u8, beat: Heartbeat) -> SignedHeartbeat {
    let signature = node(n).sign(&beat.payload(GENESIS));
    SignedHeartbeat { beat, signature }
}

pub fn signed(n: u8, epoch: u32, slot: u32) -> SignedHeartbeat {
    sign(n, beat(n, epoch, slot))
}

/// A beat of node `n` that says how slots of job 1 are.
pub fn reporting(n: u8, epoch: u32, slot: u32, states: &[(u16, ServiceState)]) -> SignedHeartbeat {
    let states = states.iter().map(|(slot, state)| Service { job: JobId(1), slot: *slot, state: *state });
    let services = states.collect::<Vec<_>>().try_into().unwrap();
    sign(n, Heartbeat { services, ..beat(n, epoch, slot) })
}

/// The service of node `n` that serves a slot of job 1, since ever and for good.
pub fn term(index: u32, n: u8, slot: u16) -> ServiceTerm {
    let slot = SlotRef { job: JobId(1), slot };
    ServiceTerm { index, slot, license: LicenseId(n.into()), from: 0, until: None }
}

/// Unix milliseconds in the middle of a slot.
pub fn at(epoch: u32, slot: u32) -> u64 {
    CLOCK.epoch_start(EpochIndex(epoch)) + u64::from(slot) * 500 + 250
}

pub struct State {
    pub finalised: u32,
    pub clock: ClockInfo,
    pub admitted: Vec<(LicenseId, NodeId)>,
    pub revision: u32,
    pub oracles: Vec<Seat<AccountId>>,
    pub rounds: Vec<RoundInfo>,
    pub status: BTreeMap<(EpochIndex, u16), BallotStatus>,
    pub page_reads: usize,
    pub services: Vec<ServiceTerm>,
    pub service_revisions: Vec<u32>,
    /// Pages of services that were read.
    pub service_reads: Vec<u32>,
    pub syncing: bool,
}

pub struct FakeChain {
    pub state: Mutex<State>,
    finalised: Mutex<Vec<mpsc::UnboundedSender<BlockRef>>>,
    best: Mutex<Vec<mpsc::UnboundedSender<BlockRef>>>,
}

impl FakeChain {
    /// Nodes and oracles by number, in epoch 1, with block 100 finalised.
    pub fn new(nodes: &[u8], oracles: &[u8]) -> Arc<Self> {
        let state = State {
            finalised: 100,
            clock: ClockInfo { clock: Some(CLOCK), current: EpochIndex(1), params: PARAMS },
            admitted: nodes.iter().map(|n| (LicenseId((*n).into()), node_id(*n))).collect(),
            revision: 1,
            oracles: oracles.iter().map(|n| seat(*n)).collect(),
            rounds: Vec::new(),
            status: BTreeMap::new(),
            page_reads: 0,
            services: Vec::new(),
            service_revisions: Vec::new(),
            service_reads: Vec::new(),
            syncing: false,
        };
        Arc::new(Self { state: Mutex::new(state), finalised: Default::default(), best: Default::default() })
    }

    pub fn finalise(&self, number: u32) {
        self.state.lock().finalised = number;
        self.finalised.lock().retain(|to| to.unbounded_send(block(number)).is_ok());
    }

    pub fn best_block(&self, number: u32) {
        self.best.lock().retain(|to| to.unbounded_send(block(number)).is_ok());
    }

    /// The one round: epoch 1 with its oracles as seats.
    pub fn round(&self, phase: Phase, age: u32, licenses: u32) {
        let mut state = self.state.lock();
        let seats = state.oracles.clone().try_into().unwrap();
        let services = state.services.iter().map(|term| term.index + 1).max().unwrap_or(0);
        let frozen = Frozen { seats, licenses, services, params: PARAMS, gaps: Default::default() };
        state.rounds = vec![RoundInfo { epoch: EpochIndex(1), phase, age, length: 20, reopened: 0, frozen }];
    }

    /// Services, all of them new.
    pub fn serve(&self, services: &[ServiceTerm]) {
        let mut state = self.state.lock();
        state.services = services.to_vec();
        let pages = services.iter().map(|term| term.index / PAGE_SIZE + 1).max().unwrap_or(0) as usize;
        let revisions = &mut state.service_revisions;
        revisions.iter_mut().for_each(|revision| *revision += 1);
        revisions.resize(pages.max(revisions.len()), 1);
    }

    /// What the runtime would do with a vote.
    pub fn cast(&self, signed: &SignedVote) {
        let mut state = self.state.lock();
        let frozen = state.rounds[0].frozen.clone();
        let key = &frozen.seats[usize::from(signed.seat)].vote_key;
        let SignedVote { epoch, seat, retry, vote, signature } = signed;
        assert!(vote.is_signed_by(key, GENESIS, *epoch, *seat, *retry, signature));
        let status = state.status.entry((*epoch, *seat)).or_default();
        match vote {
            Vote::Commit(commit) => assert!(status.commit.replace(*commit).is_none(), "committed twice"),
            Vote::Header(header) => {
                assert_eq!(status.commit, Some(header.commitment(GENESIS, key)));
                assert!(!std::mem::replace(&mut status.header, true));
                status.missing = (0..frozen.pages()).collect();
            }
            Vote::Pages { first, pages } => {
                assert!(status.header);
                for (index, page) in (*first..).zip(pages) {
                    assert_eq!(page.len() as u32, frozen.page_len(index));
                    let before = status.missing.len();
                    status.missing.retain(|missing| *missing != index);
                    assert_eq!(status.missing.len() + 1, before, "page {index} {:?} revealed twice", page_hash(page));
                }
            }
        }
    }
}

impl Chain for FakeChain {
    fn genesis(&self) -> Hash {
        GENESIS
    }
    fn finalised(&self) -> BlockRef {
        block(self.state.lock().finalised)
    }
    fn best(&self) -> BlockRef {
        self.finalised()
    }
    fn finalised_hash(&self, number: u32) -> Option<Hash> {
        (number <= self.state.lock().finalised).then(|| hash(number))
    }
    fn is_syncing(&self) -> bool {
        self.state.lock().syncing
    }
    fn clock(&self, _: Hash) -> Result<ClockInfo, ChainError> {
        Ok(self.state.lock().clock.clone())
    }
    fn admission(&self, _: Hash, node: NodeId) -> Result<Result<LicenseId, AdmissionRefusal>, ChainError> {
        let state = self.state.lock();
        let found = state.admitted.iter().find(|(_, linked)| *linked == node);
        Ok(found.map(|(license, _)| *license).ok_or(AdmissionRefusal::NotLinked))
    }
    fn link_revisions(&self, _: Hash) -> Result<Vec<u32>, ChainError> {
        Ok(vec![self.state.lock().revision])
    }
    fn admitted(&self, _: Hash, page: u32) -> Result<Vec<(LicenseId, NodeId)>, ChainError> {
        let mut state = self.state.lock();
        state.page_reads += 1;
        Ok(state.admitted.iter().filter(|(license, _)| license.page() == page).copied().collect())
    }
    fn service_revisions(&self, _: Hash) -> Result<Vec<u32>, ChainError> {
        Ok(self.state.lock().service_revisions.clone())
    }
    fn services(&self, _: Hash, page: u32) -> Result<Vec<ServiceTerm>, ChainError> {
        let mut state = self.state.lock();
        state.service_reads.push(page);
        Ok(state.services.iter().filter(|term| term.index / PAGE_SIZE == page).copied().collect())
    }
    fn oracles(&self, _: Hash) -> Result<Vec<Seat<AccountId>>, ChainError> {
        Ok(self.state.lock().oracles.clone())
    }
    fn rounds(&self, _: Hash) -> Result<Vec<RoundInfo>, ChainError> {
        Ok(self.state.lock().rounds.clone())
    }
    fn ballot_status(&self, _: Hash, epoch: EpochIndex, seat: u16) -> Result<Option<BallotStatus>, ChainError> {
        Ok(self.state.lock().status.get(&(epoch, seat)).cloned())
    }
    fn finalised_blocks(&self) -> BoxStream<'static, BlockRef> {
        let (to, from) = mpsc::unbounded();
        self.finalised.lock().push(to);
        from.boxed()
    }
    fn best_blocks(&self) -> BoxStream<'static, BlockRef> {
        let (to, from) = mpsc::unbounded();
        self.best.lock().push(to);
        from.boxed()
    }
}

/// The keys of node and oracle `0`.
pub struct FakeKeys(pub u8);

impl Keys for FakeKeys {
    fn node(&self) -> Option<NodeId> {
        Some(node_id(self.0))
    }
    fn sign_as_node(&self, payload: &[u8]) -> Option<NodeSignature> {
        Some(node(self.0).sign(payload))
    }
    fn vote_keys(&self) -> Vec<VoteId> {
        vec![vote_pair(self.0).public()]
    }
    fn sign_vote(&self, key: &VoteId, payload: &[u8]) -> Option<VoteSignature> {
        let pair = vote_pair(self.0);
        (pair.public() == *key).then(|| pair.sign(payload))
    }
}

/// A clock set by hand.
#[derive(Default)]
pub struct FakeClock(pub AtomicU64);

impl FakeClock {
    pub fn set(&self, now: u64) {
        self.0.store(now, Ordering::SeqCst);
    }
}

impl Wallclock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// Puts votes on the chain at once.
pub struct FakeSink(pub Arc<FakeChain>, pub Mutex<Vec<SignedVote>>);

#[async_trait]
impl VoteSink for FakeSink {
    async fn submit(&self, _: Hash, vote: SignedVote) -> Result<(), SubmitError> {
        self.0.cast(&vote);
        self.1.lock().push(vote);
        Ok(())
    }
}

/// Counts metrics.
#[derive(Default)]
pub struct Metrics {
    pub sent: Mutex<Vec<bool>>,
    pub accepted: AtomicU64,
    pub dropped: Mutex<BTreeMap<BeatRefusal, u64>>,
    pub batches: AtomicU64,
    pub batches_dropped: Mutex<Vec<BeatRefusal>>,
    pub coverage: Mutex<Option<(u32, u32)>>,
    pub checks: Mutex<Vec<CheckOutcome>>,
    pub left: AtomicU64,
    pub set_back: AtomicU64,
    pub sending: Mutex<Sending>,
    pub troubles: Mutex<BTreeMap<Part, Trouble>>,
}

impl Telemetry for Metrics {
    fn beat_sent(&self, ok: bool) {
        self.sent.lock().push(ok);
    }
    fn beats_checked(&self, outcome: CheckOutcome) {
        self.checks.lock().push(outcome);
    }
    fn receiver_left(&self) {
        self.left.fetch_add(1, Ordering::SeqCst);
    }
    fn clock_set_back(&self) {
        self.set_back.fetch_add(1, Ordering::SeqCst);
    }
    fn sending(&self, now: &Sending) {
        *self.sending.lock() = now.clone();
    }
    fn trouble(&self, part: Part, now: Option<Trouble>) {
        let mut troubles = self.troubles.lock();
        match now {
            Some(trouble) => drop(troubles.insert(part, trouble)),
            None => drop(troubles.remove(&part)),
        }
    }
    fn beat_accepted(&self) {
        self.accepted.fetch_add(1, Ordering::SeqCst);
    }
    fn beat_dropped(&self, why: BeatRefusal) {
        *self.dropped.lock().entry(why).or_default() += 1;
    }
    fn batch_dropped(&self, why: BeatRefusal) {
        self.batches_dropped.lock().push(why);
    }
    fn batch_received(&self) {
        self.batches.fetch_add(1, Ordering::SeqCst);
    }
    fn coverage(&self, covered: u32, passed: u32) {
        assert!(covered <= passed);
        *self.coverage.lock() = Some((covered, passed));
    }
}

/// A price set by hand.
#[derive(Default)]
pub struct FakePrices(pub Mutex<Option<Price>>);

impl PriceFeed for FakePrices {
    fn price(&self) -> Option<Price> {
        *self.0.lock()
    }
}

pub struct NoHardware;

impl Hardware for NoHardware {
    fn resources(&self) -> Resources {
        Resources::default()
    }
}

/// Services set by hand.
#[derive(Default)]
pub struct FakeServices(pub Mutex<Vec<Service>>);

impl Services for FakeServices {
    fn states(&self) -> Vec<Service> {
        self.0.lock().clone()
    }
}

/// Everything around one node.
pub struct World {
    pub chain: Arc<FakeChain>,
    pub clock: Arc<FakeClock>,
    pub net: Arc<FakeNet>,
    pub sink: Arc<FakeSink>,
    pub absences: Arc<Reports>,
    pub peers: Arc<Punished>,
    pub prices: Arc<FakePrices>,
    pub services: Arc<FakeServices>,
    pub metrics: Arc<Metrics>,
    pub me: u8,
}

impl World {
    pub fn new(me: u8, nodes: &[u8], oracles: &[u8]) -> Self {
        let chain = FakeChain::new(nodes, oracles);
        let sink = Arc::new(FakeSink(chain.clone(), Default::default()));
        let (clock, net, absences, peers, prices, services, metrics) = Default::default();
        Self { chain, clock, net, sink, absences, peers, prices, services, metrics, me }
    }

    pub fn oracle(&self, store: &Path) -> OracleDeps {
        OracleDeps {
            chain: self.chain.clone(),
            keys: Arc::new(FakeKeys(self.me)),
            transport: self.net.clone(),
            sink: self.sink.clone(),
            absences: self.absences.clone(),
            peers: self.peers.clone(),
            clock: self.clock.clone(),
            prices: self.prices.clone(),
            telemetry: self.metrics.clone(),
            store: Arc::new(Store::open(store, CHAIN).unwrap()),
        }
    }

    pub fn sender(&self, clock: Arc<dyn Wallclock>) -> SenderDeps {
        SenderDeps {
            chain: self.chain.clone(),
            keys: Arc::new(FakeKeys(self.me)),
            transport: self.net.clone(),
            clock,
            telemetry: self.metrics.clone(),
            hardware: Arc::new(NoHardware),
            services: self.services.clone(),
            own: None,
        }
    }
}

/// Wait for a condition, with a deadline.
pub async fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if condition() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never came true: {what}");
}
