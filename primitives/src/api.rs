//! The runtime API: what the node's workers need, derived facts for dApps (docs/protocol/interfaces.md#reading).

use crate::{
    ballot::{Frozen, Phase, Seat, Vote},
    jobs::{JobRequest, NodeProfile, ServiceTerm, SlotRef},
    refusal::AdmissionRefusal,
    AccountId, Balance, BlockNumber, ClockParams, EpochIndex, EpochParams, Hash, LicenseClass, LicenseId, NodeId,
    NodeSignature, VoteId, VoteSignature,
};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use scale_info::TypeInfo;
use sp_application_crypto::RuntimeAppPublic;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The clock and the running epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ClockInfo {
    /// Fixed at block 1. `None` before it.
    pub clock: Option<ClockParams>,
    /// The running epoch.
    pub current: EpochIndex,
    /// Its parameters.
    pub params: EpochParams,
}

/// An epoch in which oracles vote.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct RoundInfo {
    /// Which.
    pub epoch: EpochIndex,
    /// Where it stands.
    pub phase: Phase,
    /// Blocks the phase has run.
    pub age: BlockNumber,
    /// Blocks the phase may last.
    pub length: BlockNumber,
    /// How often the windows were reopened.
    pub reopened: u8,
    /// What is voted about.
    pub frozen: Frozen<AccountId>,
}

/// What one seat has cast.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct BallotStatus {
    /// Its commit.
    pub commit: Option<Hash>,
    /// Whether the header is revealed.
    pub header: bool,
    /// Indices of the pages that are still to be revealed.
    pub missing: Vec<u32>,
}

/// A signed vote, ready for a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SignedVote {
    /// For this epoch.
    pub epoch: EpochIndex,
    /// From this seat of its frozen set.
    pub seat: u16,
    /// Another value when the same vote is sent again.
    pub retry: u8,
    /// The vote.
    pub vote: Vote,
    /// By the seat's vote key.
    pub signature: VoteSignature,
}

/// Licenses one report of absence can name.
pub const MAX_ABSENT: u32 = 512;

/// An oracle's word that nodes with running slots are silent: no beat of theirs in the last
/// [`ABSENCE_SLOTS`](crate::clock::ABSENCE_SLOTS) beat slots, in which it was itself covered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, codec::DecodeWithMemTracking, TypeInfo)]
pub struct Absence {
    /// The epoch that runs.
    pub epoch: EpochIndex,
    /// The newest of these slots.
    pub slot: u32,
    /// Whose nodes, in order, none twice.
    pub licenses: BoundedVec<LicenseId, ConstU32<MAX_ABSENT>>,
}

impl Absence {
    /// The bytes the oracle's vote key signs.
    pub fn payload(&self, genesis: Hash, voter: &VoteId) -> Vec<u8> {
        let digest = sp_io::hashing::blake2_256(&self.encode());
        (b"ratio1/absence/v1", genesis, voter, digest).encode()
    }

    /// Whether `voter` signed this for the chain with this genesis.
    pub fn is_signed_by(&self, voter: &VoteId, genesis: Hash, signature: &VoteSignature) -> bool {
        voter.verify(&self.payload(genesis, voter), signature)
    }
}

/// A signed report of absence, ready for a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SignedAbsence {
    /// The vote key of an active oracle.
    pub voter: VoteId,
    /// What it says.
    pub absence: Absence,
    /// By `voter`, over [`Absence::payload`].
    pub signature: VoteSignature,
}

/// A call that a node signs with its own key: feeless, without an account.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum NodeCall {
    /// Declare what the node offers; the signature is over [`crate::keys::profile_payload`].
    Declare {
        /// The license it is linked to.
        license: LicenseId,
        /// One more than at its last declaration.
        sequence: u32,
        /// What it offers.
        profile: NodeProfile,
        /// By the node.
        signature: NodeSignature,
    },
    /// Accept the offer of a slot; the signature is over [`crate::keys::accept_payload`].
    Accept {
        /// The slot.
        slot: SlotRef,
        /// By the node.
        signature: NodeSignature,
    },
    /// Resign a slot from the end of the running epoch; the signature is over [`crate::keys::resign_payload`].
    Resign {
        /// The slot.
        slot: SlotRef,
        /// By the node.
        signature: NodeSignature,
    },
}

/// A slot a node is offered or serves: what its worker needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Assignment {
    /// Which.
    pub slot: SlotRef,
    /// Offered, or served.
    pub state: AssignmentState,
    /// What is to be run.
    pub request: JobRequest,
}

/// Where an assignment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum AssignmentState {
    /// To be accepted.
    Offered {
        /// The block of the offer, which the acceptance is signed for.
        at: BlockNumber,
        /// Blocks in which it can still be accepted.
        left: BlockNumber,
    },
    /// Accepted.
    Serving {
        /// Its place in the service pages of ballots.
        index: u32,
        /// The moment of acceptance, in Unix milliseconds.
        accepted: u64,
        /// The first epoch in which it is no longer served, as things stand.
        ends: EpochIndex,
    },
}

/// A license, with its emission (docs/protocol/rewards.md#what-can-be-read).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct LicenseInfo {
    /// Which.
    pub id: LicenseId,
    /// Its class.
    pub class: LicenseClass,
    /// Whose it is.
    pub owner: Option<AccountId>,
    /// The node linked to it.
    pub node: Option<NodeId>,
    /// Since which epoch.
    pub linked_since: Option<EpochIndex>,
    /// The nonce a link proof must carry.
    pub link_nonce: u32,
    /// Barred by governance.
    pub banned: bool,
    /// Whether its node is an oracle's.
    pub oracle: bool,
    /// Byte credits collected.
    pub credits: u32,
    /// Base units it could mint when it was issued.
    pub entitlement: Balance,
    /// Base units minted so far.
    pub minted: Balance,
    /// Base units a claim would mint now.
    pub claimable: Balance,
    /// Base units it can still mint, the claimable ones included.
    pub residual: Balance,
}

/// A node as the chain knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct NodeInfo {
    /// Its license, or why it is not admitted.
    pub admission: Result<LicenseId, AdmissionRefusal>,
    /// The license linked to it, admitted or not.
    pub license: Option<LicenseInfo>,
    /// Its byte in the last epochs finalised, newest first, 30 at most.
    pub recent: Vec<(EpochIndex, u8)>,
}

/// Why an epoch has no result.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, codec::DecodeWithMemTracking, codec::MaxEncodedLen, TypeInfo,
)]
pub struct Shortfall {
    /// Eligible ballots needed.
    pub quorum: u32,
    /// Ballots that were complete.
    pub complete: u32,
    /// Ballots that were complete and eligible.
    pub eligible: u32,
}

/// How an epoch ended, or how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum EpochState {
    /// Not begun.
    Future,
    /// It runs.
    Running,
    /// Oracles vote, or the chain counts.
    Voting(Phase),
    /// Every window passed without a quorum.
    Unresolved(Shortfall),
    /// Its bytes are final: medians, or chosen by governance. `Availability.Records` tells which.
    Finalised,
    /// Governance let it pass without credits, or it was too old to wait for.
    Lapsed,
    /// Never balloted: the first, or one without blocks.
    Void,
}

/// An epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct EpochInfo {
    /// Which.
    pub epoch: EpochIndex,
    /// Where it stands.
    pub state: EpochState,
    /// What was voted about.
    pub frozen: Option<Frozen<AccountId>>,
    /// For each seat: its coverage once its header is revealed, whether it was eligible, and how many of its bytes
    /// strayed.
    pub ballots: Vec<SeatInfo>,
}

/// One oracle's part in an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SeatInfo {
    /// The oracle.
    pub seat: Seat<AccountId>,
    /// Its commit.
    pub committed: bool,
    /// Its coverage, once its header is revealed.
    pub coverage: Option<u8>,
    /// Whether everything is revealed.
    pub complete: bool,
    /// Whether its ballot was counted.
    pub eligible: bool,
    /// Bytes more than 5 away from the median.
    pub strays: u32,
}

/// "Why was I paid this": one license in one epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct PayoutInfo {
    /// The epoch.
    pub epoch: EpochIndex,
    /// The license.
    pub license: LicenseId,
    /// Its class.
    pub class: LicenseClass,
    /// Whether it was linked when the epoch ended; if not, its byte counts nothing. `None` for an old epoch of which
    /// that is no longer known.
    pub linked: Option<bool>,
    /// What each oracle reported, and whether that ballot was eligible. Kept 30 epochs.
    pub reported: Vec<(AccountId, u8, bool)>,
    /// The median, or what governance chose, once final.
    pub byte: Option<u8>,
    /// Beat slots in which the chain made no blocks: no part of the epoch, and nobody is less for them.
    pub lost_slots: u32,
    /// Whether it reached the threshold of 98 % (`S_e`), which does not affect pay.
    pub available: Option<bool>,
    /// Base units the byte is worth: at an even pace entitlement * byte / maximum credits; of a Master deed the epoch's
    /// own release * byte / 255, without what lapsed epochs carried into it. Zero if the license was not
    /// linked; where that is no longer known, what it was worth if it was.
    pub worth: Balance,
}

/// Supply of one class.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct ClassSupply {
    /// The class.
    pub class: LicenseClass,
    /// What it may ever mint.
    pub share: Balance,
    /// Deeds issued.
    pub issued: u32,
    /// What these deeds may mint together.
    pub granted: Balance,
    /// Ever minted.
    pub minted: Balance,
    /// Earned in finalised epochs and not claimed.
    pub unclaimed: Balance,
}

/// Supply of R1.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct SupplyInfo {
    /// By class.
    pub classes: Vec<ClassSupply>,
    /// Ever burned.
    pub burned: Balance,
    /// Minted less burned: total issuance.
    pub outstanding: Balance,
}

sp_api::decl_runtime_apis! {
    /// What a node's workers ask the chain.
    pub trait WorkerApi {
        /// The epoch clock.
        fn clock() -> ClockInfo;
        /// Whether a node may beat and work, and for which license.
        fn admission(node: NodeId) -> Result<LicenseId, AdmissionRefusal>;
        /// For every page of licenses a number that changes whenever a link in it does.
        fn link_revisions() -> Vec<u32>;
        /// The admitted nodes of one page of licenses.
        fn admitted(page: u32) -> Vec<(LicenseId, NodeId)>;
        /// For every page of services a number that changes whenever a service in it begins, ends or is forgotten.
        fn service_revisions() -> Vec<u32>;
        /// The services of one page, in order of their indices: those that run, and those that ended and are remembered,
        /// so all that ran in an epoch that is not closed.
        fn services(page: u32) -> Vec<ServiceTerm>;
        /// The slots a license is offered or serves.
        fn work_of(license: LicenseId) -> Vec<Assignment>;
        /// The current oracles, in validator order.
        fn oracles() -> Vec<Seat<AccountId>>;
        /// The key by which the oracle of this account is discovered.
        fn discovery_key(oracle: AccountId) -> Option<sp_core::sr25519::Public>;
        /// The epochs in which votes are awaited or counted.
        fn rounds() -> Vec<RoundInfo>;
        /// What a seat has cast in an epoch.
        fn ballot_status(epoch: EpochIndex, seat: u16) -> Option<BallotStatus>;
        /// A vote as a transaction. The runtime builds it, so that old binaries survive a new extrinsic format.
        fn vote_extrinsic(vote: SignedVote) -> Block::Extrinsic;
        /// A report of absence as a transaction.
        fn absence_extrinsic(report: SignedAbsence) -> Block::Extrinsic;
        /// A node's own call as a transaction.
        fn node_extrinsic(call: NodeCall) -> Block::Extrinsic;
        /// The number the node of a license must sign its next declaration with.
        fn next_declaration(license: LicenseId) -> u32;
    }

    /// Derived facts for dApps.
    pub trait Ratio1Api {
        /// A license with minted, claimable and residual emission.
        fn license(id: LicenseId) -> Option<LicenseInfo>;
        /// The licenses of an owner, at most 100, from the first with an id of at least `from`.
        fn licenses_of(owner: AccountId, from: LicenseId) -> Vec<LicenseInfo>;
        /// A node: its license or why it is refused, and its recent bytes.
        fn node(node: NodeId) -> NodeInfo;
        /// An epoch: state, voters, ballots.
        fn epoch(epoch: EpochIndex) -> EpochInfo;
        /// Why a license was paid what it was for an epoch.
        fn payout(epoch: EpochIndex, license: LicenseId) -> Option<PayoutInfo>;
        /// Minted, burned and outstanding.
        fn supply() -> SupplyInfo;
        /// The claim of a license as a transaction; anyone may send it, it pays the owner.
        fn claim_extrinsic(license: LicenseId) -> Block::Extrinsic;
    }
}
