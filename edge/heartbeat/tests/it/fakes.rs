//! In-memory ports: a chain one can script, and a network that records. Keys, clock and heads are those of
//! [`ratio1_ports::testing`].

mod net;

pub use net::*;
pub use ratio1_ports::{
    testing::{
        block_at as block, block_hash as hash, node_id, node_pair as node, vote_pair, FakeBlocks, FakeClock, FakeKeys,
        FakeMachine, FakeServices, HasBlocks, GENESIS,
    },
    BlockRef, Chain, NoIdentity, NodeKeys, Part, Source, SystemClock, Trouble, Wallclock,
};

use async_trait::async_trait;
use parking_lot::Mutex;
use ratio1_heartbeat::{
    ports::*,
    status::{CheckOutcome, Sending},
    store::ChainId,
    OracleDeps, SenderDeps, Store,
};
use ratio1_ports::{ChainError, TransportError, TroubleBook, Troubles};
use ratio1_primitives::{
    api::{BallotStatus, ClockInfo, RoundInfo, SignedVote},
    ballot::{page_hash, Frozen, Phase, Seat, Vote},
    economics::price::Price,
    heartbeat::{BeatRefusal, Heartbeat, Resources, Service, ServiceState, SignedHeartbeat, HEARTBEAT_VERSION},
    jobs::{ServiceTerm, SlotRef},
    refusal::AdmissionRefusal,
    AccountId, ClockParams, EpochIndex, EpochParams, Hash, JobId, LicenseId, NodeId, PAGE_SIZE,
};
use sp_core::Pair;
use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        atomic::{AtomicU64, Ordering},
        Arc,
    },
    time::Duration,
};

pub const PARAMS: EpochParams =
    EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 20 };
pub const CLOCK: ClockParams = ClockParams { genesis_moment: 1_000_000, epoch_ms: 60_000 };
pub const CHAIN: ChainId = ChainId { genesis: GENESIS, moment: CLOCK.genesis_moment };

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
}

pub struct FakeChain {
    pub state: Mutex<State>,
    pub blocks: FakeBlocks,
}

impl FakeChain {
    /// Nodes and oracles by number, in epoch 1, with block 100 finalised.
    pub fn new(nodes: &[u8], oracles: &[u8]) -> Arc<Self> {
        let state = State {
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
        };
        Arc::new(Self { state: Mutex::new(state), blocks: FakeBlocks::at(100) })
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

impl HasBlocks for FakeChain {
    fn blocks(&self) -> &FakeBlocks {
        &self.blocks
    }
}

impl HeartbeatChain for FakeChain {
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
}

/// Puts votes on the chain at once.
pub struct FakeSink(pub Arc<FakeChain>, pub Mutex<Vec<SignedVote>>);

#[async_trait]
impl VoteSink for FakeSink {
    async fn submit_vote(&self, _: Hash, vote: SignedVote) -> Result<(), SubmitError> {
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
    pub troubles: TroubleBook,
}

impl Troubles for Metrics {
    fn set_trouble(&self, part: Part, now: Option<Trouble>) {
        self.troubles.set_trouble(part, now);
    }
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
            hardware: Arc::new(FakeMachine::default()),
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
