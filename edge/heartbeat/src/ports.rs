//! The ports: all that the workers need from the node around them. The node writes the adapters, tests the fakes.

use crate::status::{CheckOutcome, Part, Sending, Trouble};
use async_trait::async_trait;
use futures::stream::BoxStream;
use ratio1_primitives::{
    api::{BallotStatus, ClockInfo, RoundInfo, SignedAbsence, SignedVote},
    ballot::{Phase, Seat},
    economics::price::Price,
    heartbeat::{BeatAck, BeatRefusal, CountAnswer, CountQuery, Resources, Service},
    jobs::ServiceTerm,
    refusal::AdmissionRefusal,
    AccountId, EpochIndex, Hash, LicenseId, NodeId, NodeSignature, VoteId, VoteSignature,
};
use tokio::sync::oneshot;

/// A block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockRef {
    /// Its height.
    pub number: u32,
    /// Its hash.
    pub hash: Hash,
}

/// Why the chain could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The node does not know the block, or has pruned its state. Ask about a newer block.
    #[error("the state of block {0} is not available")]
    UnknownBlock(Hash),
    /// The runtime call failed: runtime and binary may not fit together. Update the binary.
    #[error("the runtime did not answer: {0}")]
    Runtime(String),
}

/// Reads from the chain. They block for as long as a runtime call lasts: the workers make them on blocking threads.
pub trait Chain: Send + Sync + 'static {
    /// Hash of block 0.
    fn genesis(&self) -> Hash;
    /// The finalised head.
    fn finalised(&self) -> BlockRef;
    /// The best block.
    fn best(&self) -> BlockRef;
    /// Hash of the finalised block at a height; `None` above the finalised head.
    fn finalised_hash(&self, number: u32) -> Option<Hash>;
    /// Whether the node is far behind its peers.
    fn is_syncing(&self) -> bool;
    /// The epoch clock.
    fn clock(&self, at: Hash) -> Result<ClockInfo, ChainError>;
    /// Whether `node` may beat, and for which license.
    fn admission(&self, at: Hash, node: NodeId) -> Result<Result<LicenseId, AdmissionRefusal>, ChainError>;
    /// For every page of licenses a number that changes whenever a link in it does.
    fn link_revisions(&self, at: Hash) -> Result<Vec<u32>, ChainError>;
    /// The admitted nodes of one page of licenses.
    fn admitted(&self, at: Hash, page: u32) -> Result<Vec<(LicenseId, NodeId)>, ChainError>;
    /// For every page of services a number that changes whenever one in it begins, ends or is forgotten.
    fn service_revisions(&self, at: Hash) -> Result<Vec<u32>, ChainError>;
    /// The services of one page: those that run, and those that ran in an epoch that is not closed.
    fn services(&self, at: Hash, page: u32) -> Result<Vec<ServiceTerm>, ChainError>;
    /// The current oracles.
    fn oracles(&self, at: Hash) -> Result<Vec<Seat<AccountId>>, ChainError>;
    /// The epochs in which votes are awaited or counted.
    fn rounds(&self, at: Hash) -> Result<Vec<RoundInfo>, ChainError>;
    /// What a seat has cast.
    fn ballot_status(&self, at: Hash, epoch: EpochIndex, seat: u16) -> Result<Option<BallotStatus>, ChainError>;
    /// Finalised blocks from now on; may skip heights. Ends when the node shuts down.
    fn finalised_blocks(&self) -> BoxStream<'static, BlockRef>;
    /// Best blocks from now on; may skip heights. Ends when the node shuts down.
    fn best_blocks(&self) -> BoxStream<'static, BlockRef>;
}

/// Why a vote did not reach the transaction pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// The pool has this very transaction, or banned it for a while. Send it under another `retry`.
    #[error("the pool has or had this very transaction")]
    AlreadyKnown,
    /// The runtime refused it: invalid at this block.
    #[error("the runtime refused the vote: {0}")]
    Refused(String),
    /// Pool or runtime could not be asked. Try again at a later block.
    #[error("the vote could not be submitted: {0}")]
    Unavailable(String),
}

/// Where votes go: the runtime builds the transaction, the node's pool spreads it.
#[async_trait]
pub trait VoteSink: Send + Sync + 'static {
    /// Submit `vote`, built on the state of block `at`.
    async fn submit(&self, at: Hash, vote: SignedVote) -> Result<(), SubmitError>;
}

/// Where reports of absence go: the same way as votes.
#[async_trait]
pub trait AbsenceSink: Send + Sync + 'static {
    /// Submit `report`, built on the state of block `at`.
    async fn report(&self, at: Hash, report: SignedAbsence) -> Result<(), SubmitError>;
}

/// What a peer did that no honest one does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offence {
    /// It sent bytes that are no message.
    Malformed,
    /// It sent a batch with a wrong signature.
    Forged,
    /// For a while it has been sending batches in the name of somebody who is no oracle, or to somebody else.
    Stranger,
}

/// The peers that messages come from.
pub trait Peers: Send + Sync + 'static {
    /// Hold something against the peer that [`Source`] stands for: its reputation falls, in the end it is disconnected.
    /// Called at most once for each message of it, and it must not block.
    fn punish(&self, peer: Source, why: Offence);
}

/// For a network without peers that can be punished.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeers;

impl Peers for NoPeers {
    fn punish(&self, _: Source, _: Offence) {}
}

/// The node's keystore.
pub trait Keys: Send + Sync + 'static {
    /// The node's identity; `None` without a node key.
    fn node(&self) -> Option<NodeId>;
    /// Sign by the node key.
    fn sign_as_node(&self, payload: &[u8]) -> Option<NodeSignature>;
    /// All vote keys it holds, old ones included: an epoch is voted on with the key it was frozen with.
    fn vote_keys(&self) -> Vec<VoteId>;
    /// Sign by one of them.
    fn sign_vote(&self, key: &VoteId, payload: &[u8]) -> Option<VoteSignature>;
}

/// Why a message did not reach an oracle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Authority discovery knows no address of it yet.
    #[error("no address of the oracle is known yet")]
    NoAddress,
    /// No answer in time.
    #[error("the oracle did not answer in time")]
    Timeout,
    /// Could not connect, or the connection broke.
    #[error("the oracle could not be reached: {0}")]
    Unreachable(String),
}

/// The fan-in: edge to oracle, oracle to oracle.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hand an encoded `SignedHeartbeat` to an oracle and await its answer.
    async fn send_beat(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<BeatAck, TransportError>;
    /// Hand an encoded `RelayBatch` to an oracle.
    async fn relay(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<(), TransportError>;
    /// Ask an oracle how many beats of a license it counts.
    async fn count(&self, to: &Seat<AccountId>, query: CountQuery) -> Result<CountAnswer, TransportError>;
}

/// The wall clock.
pub trait Wallclock: Send + Sync + 'static {
    /// Unix milliseconds.
    fn now_ms(&self) -> u64;
}

/// The operating system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Wallclock for SystemClock {
    fn now_ms(&self) -> u64 {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }
}

/// Which vote was cast, as a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VoteKind {
    /// A commit.
    Commit,
    /// A header.
    Header,
    /// Up to 16 pages.
    Pages,
}

impl VoteKind {
    /// The metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Header => "header",
            Self::Pages => "pages",
        }
    }
}

/// Metrics. Each method is cheap and never blocks; each does nothing unless implemented.
pub trait Telemetry: Send + Sync + 'static {
    /// This node's beat reached an oracle that counted it (`true`; already having it counts too), or none (`false`).
    fn beat_sent(&self, _ok: bool) {}
    /// An oracle that this node does not send to was asked whether it counts its beats.
    fn beats_checked(&self, _outcome: CheckOutcome) {}
    /// This node left a receiver whose beats do not arrive elsewhere.
    fn receiver_left(&self) {}
    /// This machine's clock was set back while the node was sending.
    fn clock_set_back(&self) {}
    /// How sending fares now; told after each beat and each question.
    fn sending(&self, _now: &Sending) {}
    /// What is wrong with a part of the node now; `None`: nothing. Told again and again, changed or not.
    fn trouble(&self, _part: Part, _now: Option<Trouble>) {}
    /// This oracle counted a beat.
    fn beat_accepted(&self) {}
    /// This oracle dropped a beat.
    fn beat_dropped(&self, _why: BeatRefusal) {}
    /// Passed `count` beats on to one other oracle.
    fn beats_relayed(&self, _count: usize) {}
    /// An authentic batch arrived.
    fn batch_received(&self) {}
    /// A batch was dropped unread.
    fn batch_dropped(&self, _why: BeatRefusal) {}
    /// A report that names `licenses` absent nodes was handed to the pool.
    fn absence_reported(&self, _licenses: usize) {}
    /// A node was told how many of its beats are counted, or why not.
    fn count_answered(&self, _answer: &CountAnswer) {}
    /// A vote was handed to the pool.
    fn ballot_cast(&self, _kind: VoteKind) {}
    /// Where an epoch stands.
    fn phase(&self, _epoch: EpochIndex, _phase: Phase) {}
    /// This oracle's coverage of the running epoch so far: slots covered, of the slots gone by.
    fn coverage(&self, _covered: u32, _passed: u32) {}
}

/// Telemetry that goes nowhere.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTelemetry;

impl Telemetry for NoTelemetry {}

/// What an R1 costs, from wherever the operator knows it.
pub trait PriceFeed: Send + Sync + 'static {
    /// USD per R1 now, with 18 decimals; `None` if it is not known well enough to vote for. Asked once for each ballot,
    /// when it is built, on a thread that may block. The chain ignores what is out of bounds.
    fn price(&self) -> Option<Price>;
}

/// For an operator who knows no price.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPrice;

impl PriceFeed for NoPrice {
    fn price(&self) -> Option<Price> {
        None
    }
}

/// The machine.
pub trait Hardware: Send + Sync + 'static {
    /// What it has, and what of it is free. Informative.
    fn resources(&self) -> Resources;
}

/// What runs on this node.
pub trait Services: Send + Sync + 'static {
    /// Every service slot it knows of, and how it is. Asked for each beat, so it must answer at once. More than a beat can
    /// carry ([`MAX_SERVICES_PER_BEAT`](ratio1_primitives::heartbeat::MAX_SERVICES_PER_BEAT)) are cut off. A slot that is listed as running
    /// and as down does not count as running.
    fn states(&self) -> Vec<Service>;
    /// Why what it said last may be less than what runs.
    fn trouble(&self) -> Option<Trouble> {
        None
    }
}

/// For a node that runs no services.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn states(&self) -> Vec<Service> {
        Vec::new()
    }
}

/// Who handed something over: any 32 bytes that stand for one network peer, such as a hash of its peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(pub [u8; 32]);

/// A beat from the network, as bytes. The node's protocol handler puts it into the worker's channel with `try_send`
/// and, when that is full, answers `RateLimited` by itself.
#[derive(Debug)]
pub struct InboundBeat {
    /// The peer that sent it.
    pub from: Source,
    /// An encoded `SignedHeartbeat`, not yet looked at; the transport limits it to `MAX_BEAT_BYTES`.
    pub bytes: Vec<u8>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<BeatAck>,
}

/// A batch from the network, as bytes.
#[derive(Debug)]
pub struct InboundBatch {
    /// The peer that sent it.
    pub from: Source,
    /// An encoded `RelayBatch`, not yet looked at; the transport limits it to `MAX_BATCH_BYTES`.
    pub bytes: Vec<u8>,
}

/// A question from the network, as bytes: how many beats of a license this oracle counts. Handled like a beat.
#[derive(Debug)]
pub struct InboundCount {
    /// The peer that asks.
    pub from: Source,
    /// An encoded [`CountQuery`], not yet looked at.
    pub bytes: Vec<u8>,
    /// Where the answer goes.
    pub answer: oneshot::Sender<CountAnswer>,
}
