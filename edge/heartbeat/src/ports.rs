//! The ports of heartbeats alone: what their workers need besides what all workers share ([`ratio1_ports`]). The node
//! writes the adapters, tests the fakes.

use crate::status::{CheckOutcome, Sending};
use async_trait::async_trait;
use ratio1_ports::{Chain, ChainError, Part, Source, TransportError, Trouble, Troubles};
use ratio1_primitives::{
    api::{BallotStatus, ClockInfo, RoundInfo, SignedAbsence, SignedVote},
    ballot::{Phase, Seat},
    economics::price::Price,
    heartbeat::{BeatAck, BeatRefusal, CountAnswer, CountQuery},
    jobs::ServiceTerm,
    refusal::AdmissionRefusal,
    AccountId, EpochIndex, Hash, LicenseId, NodeId,
};
use tokio::sync::oneshot;

/// What heartbeats need of the chain's state. Reads block for as long as a runtime call lasts: the workers make them on
/// blocking threads.
pub trait HeartbeatChain: Chain {
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
    async fn submit_vote(&self, at: Hash, vote: SignedVote) -> Result<(), SubmitError>;
}

/// Where reports of absence go: the same way as votes.
#[async_trait]
pub trait AbsenceSink: Send + Sync + 'static {
    /// Submit `report`, built on the state of block `at`.
    async fn submit_absence(&self, at: Hash, report: SignedAbsence) -> Result<(), SubmitError>;
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
    fn punish_peer(&self, peer: Source, why: Offence);
}

/// For a network without peers that can be punished.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoPeers;

impl Peers for NoPeers {
    fn punish_peer(&self, _: Source, _: Offence) {}
}

/// The fan-in: edge to oracle, oracle to oracle.
#[async_trait]
pub trait Transport: Send + Sync + 'static {
    /// Hand an encoded `SignedHeartbeat` to an oracle and await its answer.
    async fn send_beat(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<BeatAck, TransportError>;
    /// Hand an encoded `RelayBatch` to an oracle.
    async fn send_batch(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<(), TransportError>;
    /// Ask an oracle how many beats of a license it counts.
    async fn ask_count(&self, to: &Seat<AccountId>, query: CountQuery) -> Result<CountAnswer, TransportError>;
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

/// Metrics, and what is wrong. Each method is cheap and never blocks; each does nothing unless implemented.
pub trait Telemetry: Troubles {
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

impl Troubles for NoTelemetry {
    fn set_trouble(&self, _: Part, _: Option<Trouble>) {}
}

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
