//! The heartbeat: what a node signs, and what carries it (docs/protocol/availability.md#what-a-heartbeat-says).
//!
//! Never a transaction. Versioned and domain-separated: the signature covers the domain, the genesis hash and the
//! beat, so that nothing signed for one purpose or chain serves another.

use crate::{width::as_usize, EpochIndex, Hash, JobId, LicenseId, NodeId, NodeSignature, VoteId, VoteSignature};
use alloc::vec::Vec;
use codec::{Decode, DecodeLimit, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The version of [`Heartbeat`] this code speaks.
pub const HEARTBEAT_VERSION: u8 = 1;
/// Service states one beat can carry.
pub const MAX_SERVICES_PER_BEAT: u32 = 64;
/// Beats one relay batch can carry.
pub const MAX_BATCH: u32 = 256;
/// The largest encoded [`SignedHeartbeat`] accepted from the network, in bytes.
pub const MAX_BEAT_BYTES: usize = 2 * 1024;
/// The largest encoded [`RelayBatch`] accepted from the network, in bytes.
pub const MAX_BATCH_BYTES: usize = as_usize(MAX_BATCH) * MAX_BEAT_BYTES;

// All that runs on a node fits into each of its beats.
const _: () = assert!(crate::jobs::MAX_SLOTS_PER_NODE <= MAX_SERVICES_PER_BEAT);

/// What the node has, and what of it is free. Informative: paid capacity is what it declares on chain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Resources {
    /// Thousandths of a CPU.
    pub cpu_milli: Amount,
    /// MiB of memory.
    pub memory_mib: Amount,
    /// MiB of disk.
    pub disk_mib: Amount,
    /// GPUs.
    pub gpu: Amount,
}

/// Total and free of one resource.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Amount {
    /// Installed.
    pub total: u64,
    /// Not in use.
    pub free: u64,
}

/// State of one service slot as its node reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum ServiceState {
    /// Up and, where it has a probe, healthy.
    Running,
    /// Anything else.
    Down,
}

/// One service slot of one job on this node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Service {
    /// The job.
    pub job: JobId,
    /// Which of the job's slots.
    pub slot: u16,
    /// How it is.
    pub state: ServiceState,
}

/// One proof of presence.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Heartbeat {
    /// [`HEARTBEAT_VERSION`].
    pub version: u8,
    /// The license the sender is linked to.
    pub license: LicenseId,
    /// The running epoch.
    pub epoch: EpochIndex,
    /// The slot of the epoch this beat is for.
    pub slot: u32,
    /// Height of a recent finalised block: nobody can sign ahead of it.
    pub block_number: u32,
    /// Hash of that block.
    pub block_hash: Hash,
    /// What the node has.
    pub resources: Resources,
    /// The services it runs.
    pub services: BoundedVec<Service, ConstU32<MAX_SERVICES_PER_BEAT>>,
}

impl Heartbeat {
    /// The bytes the node's key signs.
    pub fn payload(&self, genesis: Hash) -> Vec<u8> {
        (b"ratio1/heartbeat/v1", genesis, self).encode()
    }
}

/// A beat and its node's signature.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct SignedHeartbeat {
    /// What was signed.
    pub beat: Heartbeat,
    /// By the node linked to `beat.license`.
    pub signature: NodeSignature,
}

impl SignedHeartbeat {
    /// Whether `node` signed this for the chain with this genesis.
    pub fn is_signed_by(&self, node: &NodeId, genesis: Hash) -> bool {
        crate::keys::verify_node(node, &self.beat.payload(genesis), &self.signature)
    }
}

/// Beats that one oracle accepted from edge nodes and passes to the others, signed once as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RelayBatch {
    /// The relaying oracle's vote key.
    pub relay: VoteId,
    /// The oracle this copy is for: a batch cannot be passed on to others.
    pub to: VoteId,
    /// Unix milliseconds by the relay's clock.
    pub sent_at: u64,
    /// What it passes on.
    pub beats: BoundedVec<SignedHeartbeat, ConstU32<MAX_BATCH>>,
    /// By `relay`, over [`RelayBatch::payload`].
    pub signature: VoteSignature,
}

impl RelayBatch {
    /// The bytes a relay's vote key signs for a batch.
    pub fn payload(genesis: Hash, relay: &VoteId, to: &VoteId, sent_at: u64, beats: &[SignedHeartbeat]) -> Vec<u8> {
        let digest = sp_io::hashing::blake2_256(&beats.encode());
        (b"ratio1/relay/v1", genesis, relay, to, sent_at, digest).encode()
    }
}

/// Why an oracle does not count a beat. Each is a label of the metric of dropped beats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, TypeInfo)]
pub enum BeatRefusal {
    /// Larger than allowed, or not SCALE.
    Malformed,
    /// A version this oracle does not speak.
    Version,
    /// The license is linked to no node in good standing in finalised state.
    Unlicensed,
    /// Not signed by the node linked to the license.
    Signature,
    /// For an epoch that does not run.
    Epoch,
    /// More than three intervals old.
    Late,
    /// For a slot that has not begun.
    Future,
    /// The quoted block is not in the finalised chain.
    UnknownBlock,
    /// The quoted block is too far behind the oracle's finalised head.
    StaleBlock,
    /// Already counted.
    Duplicate,
    /// The sender sent too much, too fast.
    RateLimited,
    /// A relay that is no oracle of the current set, or whose signature is wrong.
    UnknownRelay,
    /// This oracle counts nothing now: it is syncing, or no oracle at all.
    NotCounting,
}

impl BeatRefusal {
    /// All of them, in order.
    pub const ALL: [Self; 13] = [
        Self::Malformed,
        Self::Version,
        Self::Unlicensed,
        Self::Signature,
        Self::Epoch,
        Self::Late,
        Self::Future,
        Self::UnknownBlock,
        Self::StaleBlock,
        Self::Duplicate,
        Self::RateLimited,
        Self::UnknownRelay,
        Self::NotCounting,
    ];

    /// The metric's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Version => "version",
            Self::Unlicensed => "unlicensed",
            Self::Signature => "signature",
            Self::Epoch => "epoch",
            Self::Late => "late",
            Self::Future => "future",
            Self::UnknownBlock => "unknown_block",
            Self::StaleBlock => "stale_block",
            Self::Duplicate => "duplicate",
            Self::RateLimited => "rate_limited",
            Self::UnknownRelay => "unknown_relay",
            Self::NotCounting => "not_counting",
        }
    }
}

/// An oracle's answer to one beat.
pub type BeatAck = Result<(), BeatRefusal>;

/// A node asks an oracle how many of its beats it counts: so it finds out whether they arrive where it does not send them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct CountQuery {
    /// [`HEARTBEAT_VERSION`].
    pub version: u8,
    /// The license whose beats are meant.
    pub license: LicenseId,
    /// The epoch, which runs.
    pub epoch: EpochIndex,
}

/// How many beats of the epoch an oracle counts for the license so far, or why it does not say.
pub type CountAnswer = Result<u32, BeatRefusal>;

/// Decode a message from the network: bounded in size and depth, all of it used.
pub fn decode_bounded<T: Decode>(bytes: &[u8], max: usize) -> Option<T> {
    if bytes.len() > max {
        return None;
    }
    T::decode_all_with_depth_limit(8, &mut &bytes[..]).ok()
}
