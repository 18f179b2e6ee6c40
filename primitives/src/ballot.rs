//! An oracle's ballot: a header, committed to by its hash, and its pages (docs/protocol/availability.md#ballots).

use crate::{
    apbft,
    clock::Gaps,
    economics::price::Price,
    pages,
    width::{as_u32, as_usize},
    BlockNumber, EpochIndex, EpochParams, Hash, LicenseId, VoteId, VoteSignature, PAGE_SIZE,
};
use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_application_crypto::RuntimeAppPublic;
use sp_core::{bounded::BoundedVec, ConstU32};

/// The version of [`BallotHeader`] this code speaks.
pub const BALLOT_VERSION: u8 = 2;
/// Oracles there can be.
pub const MAX_ORACLES: u32 = 100;
/// Pages a ballot can have: 98 for 100 000 licenses, and as many again for service slots.
pub const MAX_PAGES: u32 = 256;
/// Pages one reveal call can carry.
pub const MAX_REVEAL: u32 = 16;

/// One page: availability bytes of 1024 consecutive licenses or service slots; the last page may be shorter.
pub type Page = BoundedVec<u8, ConstU32<PAGE_SIZE>>;
/// The pages of one reveal call.
pub type RevealedPages = BoundedVec<Page, ConstU32<MAX_REVEAL>>;

/// The head of a ballot. Its hash is what an oracle commits to.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct BallotHeader {
    /// [`BALLOT_VERSION`].
    pub version: u8,
    /// Random: without it a commit could be guessed.
    pub salt: [u8; 32],
    /// What the ballot is for.
    pub epoch: EpochIndex,
    /// The share of the epoch in which this oracle was itself receiving, as an availability byte.
    pub coverage: u8,
    /// Price of one R1, if the oracle knows one.
    pub price: Option<Price>,
    /// The height that was final to this oracle when it built the ballot: of what came later it could know nothing.
    pub finalised: BlockNumber,
    /// Root over the beats counted, see [`beats_root`].
    pub beats_root: Hash,
    /// Hashes of all pages: licenses first, then service slots.
    pub page_hashes: BoundedVec<Hash, ConstU32<MAX_PAGES>>,
}

impl BallotHeader {
    /// What `voter` commits to on the chain with this genesis: the domain-separated hash of all three. It is its voter's
    /// alone: who copies a commit, or a whole ballot, cannot reveal it under another key.
    pub fn commitment(&self, genesis: Hash, voter: &VoteId) -> Hash {
        sp_io::hashing::blake2_256(&(b"ratio1/ballot/v2", genesis, self.epoch, voter, self).encode()).into()
    }
}

/// The hash of a page as headers list it.
pub fn page_hash(page: &[u8]) -> Hash {
    sp_io::hashing::blake2_256(page).into()
}

/// Root of an ordered trie over `(license, accepted slots as a bitmap)` of every license with an accepted beat: what
/// an oracle says it counted, so that a single count can later be opened without the rest.
pub fn beats_root(counted: impl Iterator<Item = (LicenseId, Vec<u8>)>) -> Hash {
    sp_io::trie::blake2_256_ordered_root(
        counted.map(|leaf| leaf.encode()).collect(),
        sp_core::storage::StateVersion::V1,
    )
}

/// A complete ballot, as its oracle keeps it until it is revealed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Ballot {
    /// The header.
    pub header: BallotHeader,
    /// The pages, matching the header's hashes.
    pub pages: Vec<Page>,
}

/// What an oracle says of an epoch as a whole: the header without the hashes of its pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// See [`BallotHeader::epoch`].
    pub epoch: EpochIndex,
    /// See [`BallotHeader::salt`].
    pub salt: [u8; 32],
    /// See [`BallotHeader::coverage`].
    pub coverage: u8,
    /// See [`BallotHeader::price`].
    pub price: Option<Price>,
    /// See [`BallotHeader::finalised`].
    pub finalised: BlockNumber,
    /// See [`BallotHeader::beats_root`].
    pub beats_root: Hash,
}

impl Ballot {
    /// Cut `licenses` and `services` bytes into pages and head them. `None` if they are more than a ballot can hold.
    pub fn new(summary: Summary, licenses: &[u8], services: &[u8]) -> Option<Self> {
        let cut = |bytes: &[u8]| -> Option<Vec<Page>> {
            bytes.chunks(as_usize(PAGE_SIZE)).map(|c| Page::try_from(c.to_vec()).ok()).collect()
        };
        let mut pages = cut(licenses)?;
        pages.extend(cut(services)?);
        let page_hashes = pages.iter().map(|p| page_hash(p)).collect::<Vec<_>>().try_into().ok()?;
        let Summary { epoch, salt, coverage, price, finalised, beats_root } = summary;
        let version = BALLOT_VERSION;
        let header = BallotHeader { version, salt, epoch, coverage, price, finalised, beats_root, page_hashes };
        Some(Self { header, pages })
    }
}

/// One oracle's place in the frozen set of an epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Seat<AccountId> {
    /// The validator.
    pub oracle: AccountId,
    /// The license its node is linked to.
    pub license: LicenseId,
    /// The key its votes of this epoch are signed with, whatever it rotates to later.
    pub vote_key: VoteId,
}

/// What everybody votes about: frozen when an epoch ends, never changed after.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Frozen<AccountId> {
    /// Who votes, in order of the validator set.
    pub seats: BoundedVec<Seat<AccountId>, ConstU32<MAX_ORACLES>>,
    /// How many licenses there were: the length of the first part of a ballot.
    pub licenses: u32,
    /// How many service slots ran: the length of the second part.
    pub services: u32,
    /// The epoch's parameters. What is expected is less by the slots of `gaps`.
    pub params: EpochParams,
    /// Slots in which the chain made no blocks: they are no part of the epoch.
    pub gaps: Gaps,
}

impl<AccountId> Frozen<AccountId> {
    /// Number of oracles.
    pub fn oracles(&self) -> u32 {
        as_u32(self.seats.len())
    }

    /// Eligible ballots needed.
    pub fn quorum(&self) -> u32 {
        apbft::quorum(self.oracles())
    }

    /// Pages of licenses.
    pub fn license_pages(&self) -> u32 {
        pages(self.licenses)
    }

    /// Pages in a complete ballot.
    pub fn pages(&self) -> u32 {
        self.license_pages().saturating_add(pages(self.services))
    }

    /// How many bytes page `index` has; zero past the end.
    pub fn page_len(&self, index: u32) -> u32 {
        let (count, first) = match index.checked_sub(self.license_pages()) {
            None => (self.licenses, index),
            Some(service_page) => (self.services, service_page),
        };
        count.saturating_sub(first.saturating_mul(PAGE_SIZE)).min(PAGE_SIZE)
    }
}

/// Where an epoch stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Phase {
    /// Oracles commit to their ballots.
    Commit,
    /// Oracles reveal headers and pages.
    Reveal,
    /// The chain computes eligibility and medians.
    Settling,
    /// No quorum in any window: governance chooses or lets it lapse.
    Unresolved,
}

/// One of the three votes an oracle casts, before it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub enum Vote {
    /// The hash of the header.
    Commit(Hash),
    /// The header.
    Header(BallotHeader),
    /// Consecutive pages from `first`.
    Pages {
        /// Index of the first.
        first: u32,
        /// Their bytes.
        pages: RevealedPages,
    },
}

impl Vote {
    /// The bytes a vote key signs. `retry` lets a dropped transaction be sent again under another hash.
    pub fn payload(&self, genesis: Hash, epoch: EpochIndex, seat: u16, retry: u8) -> Vec<u8> {
        let digest = sp_io::hashing::blake2_256(&self.encode());
        (b"ratio1/vote/v1", genesis, epoch, seat, retry, digest).encode()
    }

    /// Whether `key` signed this vote.
    pub fn is_signed_by(
        &self,
        key: &VoteId,
        genesis: Hash,
        epoch: EpochIndex,
        seat: u16,
        retry: u8,
        signature: &VoteSignature,
    ) -> bool {
        key.verify(&self.payload(genesis, epoch, seat, retry), signature)
    }
}
