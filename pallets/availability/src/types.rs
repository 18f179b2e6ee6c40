//! What the pallet stores about an epoch, from its opening to the memory of it.

use crate::Parameters;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{BoundedVec, PalletError};
use ratio1_primitives::{
    api::Shortfall,
    ballot::{Frozen, Phase, MAX_ORACLES},
    clock::Gaps,
    economics::price::Price,
    width::as_usize,
    AccountId, BlockNumber, EpochIndex,
};
use scale_info::TypeInfo;
use sp_core::ConstU32;

/// A list with at most one entry for each oracle.
pub type PerSeat<V> = BoundedVec<V, ConstU32<MAX_ORACLES>>;

/// The epoch that runs, as it was opened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct RunningEpoch {
    /// Which.
    pub epoch: EpochIndex,
    /// The parameters it uses to its end, and its votes after it.
    pub params: Parameters,
    /// The oracles active when it opened; only they can vote on it.
    pub oracles: PerSeat<AccountId>,
    /// Slots in which no blocks were made, so far.
    pub gaps: Gaps,
}

/// When the chain made no blocks, with the time nodes have to find each other again, in Unix milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Outage {
    /// The last block before it.
    pub from: u64,
    /// The end of the allowance after the first block.
    pub until: u64,
}

/// Who said of a node that it is silent: a bit for each oracle of the running epoch.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Silence {
    /// The newest period of [`ABSENCE_SLOTS`](ratio1_primitives::clock::ABSENCE_SLOTS) in which somebody did.
    pub(crate) period: u32,
    /// Those who did in it.
    pub(crate) now: [u8; as_usize(MAX_ORACLES).div_ceil(8)],
    /// Those who did in the one before.
    pub(crate) before: [u8; as_usize(MAX_ORACLES).div_ceil(8)],
}

/// Where stored data do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, PalletError)]
pub enum Inconsistency {
    /// An epoch runs without a clock.
    NoClock,
    /// An epoch is open without a round.
    NoRound,
    /// An epoch was voted about without a frozen set.
    NoFrozenSet,
    /// Pages are revealed of a seat that cast nothing.
    NoCast,
    /// A complete ballot lacks a page.
    NoBallotPage,
    /// A page that governance chose is missing.
    NoChosenPage,
    /// The ballots that count have pages of other lengths than the frozen set asks, or are none.
    UnevenBallots,
    /// More rounds are open than can be.
    TooManyRounds,
    /// More oracles are active than have seats.
    TooManySeats,
}

/// The next piece of work of an epoch in [`Phase::Settling`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum Step {
    /// Decide whose ballots count.
    Eligibility,
    /// Take the medians of this page.
    Median(u32),
    /// Hand on this page, which governance chose.
    Chosen(u32),
}

/// An ended epoch that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Round {
    /// Where it stands.
    pub phase: Phase,
    /// The polled block in which the phase began.
    pub since: u32,
    /// Polled blocks the phase may last; zero if it has no limit.
    pub length: u32,
    /// How often the windows were reopened.
    pub reopened: u8,
    /// Seats that committed.
    pub committed: u32,
    /// Seats that revealed everything.
    pub complete: u32,
    /// What settling does next.
    pub step: Step,
    /// Pages governance has chosen.
    pub chosen: u32,
    /// Why the last count found no quorum.
    pub shortfall: Option<Shortfall>,
    /// The epoch that ran when it became unresolved.
    pub unresolved_in: EpochIndex,
    /// The median of the prices in the ballots that counted, until the epoch is closed.
    pub price: Option<Price>,
    /// The median of the heights that were final to those whose ballots counted, until the epoch is closed.
    pub known: Option<BlockNumber>,
    /// Whether settling it failed, which stored data that is missing causes: others go first.
    pub failed: bool,
    /// The parameters of its epoch.
    pub params: Parameters,
}

impl Round {
    /// The round of an epoch that just ended, its commit window open.
    pub fn new(params: Parameters, polled: u32) -> Self {
        Self {
            phase: Phase::Commit,
            since: polled,
            length: params.commit_blocks,
            reopened: 0,
            committed: 0,
            complete: 0,
            step: Step::Eligibility,
            chosen: 0,
            shortfall: None,
            unresolved_in: EpochIndex(0),
            price: None,
            known: None,
            failed: false,
            params,
        }
    }

    /// Go to `phase`, which may last `length` blocks.
    pub fn enter(&mut self, phase: Phase, length: u32, polled: u32) {
        self.phase = phase;
        self.since = polled;
        self.length = length;
    }

    /// Blocks the phase has run.
    pub fn age(&self, polled: u32) -> u32 {
        polled.saturating_sub(self.since)
    }

    /// Whether bytes of the epoch were handed on already, so that it can only be finalised.
    pub fn has_credited(&self) -> bool {
        self.phase == Phase::Settling && matches!(self.step, Step::Median(1..) | Step::Chosen(1..))
    }
}

/// What a seat revealed of its ballot, and of that what eligibility needs: it reads one such value for each seat, and
/// neither headers nor pages.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Cast {
    /// Its coverage.
    pub coverage: u8,
    /// What it says an R1 costs, sane or not.
    pub price: Option<Price>,
    /// The height that was final to it.
    pub finalised: BlockNumber,
    /// Pages revealed.
    pub revealed: u32,
    /// The bytes it gives the seats' own nodes, in seat order: copied from the pages as they come.
    pub on_oracles: PerSeat<u8>,
}

impl Cast {
    /// Whether nothing is missing.
    pub fn is_complete(&self, frozen: &Frozen<AccountId>) -> bool {
        self.revealed == frozen.pages()
    }
}

/// One seat's part in the last count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Tally {
    /// Its coverage, if its header was revealed.
    pub coverage: Option<u8>,
    /// Whether everything was revealed.
    pub complete: bool,
    /// Whether its ballot counted.
    pub eligible: bool,
    /// Bytes more than [`crate::STRAY`] away from the median, if the ballot was complete.
    pub strays: u32,
}

/// How an epoch was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Ending {
    /// By medians of a quorum.
    Finalised,
    /// By governance, within the range of the revealed ballots.
    Chosen,
    /// Without credits.
    Lapsed,
}

/// Why an epoch lapsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum LapseCause {
    /// Governance let it.
    Governance,
    /// It was open for too long ([`crate::MAX_ROUND_AGE`]).
    Age,
    /// Too many were open ([`crate::MAX_OPEN`]).
    NoRoom,
    /// The chain made no blocks in so much of it that less than one in [`crate::LEAST_LEFT`] of its slots is left.
    Outage,
}

/// What is remembered of a closed epoch for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct EpochRecord {
    /// How it was closed.
    pub ending: Ending,
    /// How often the windows were reopened.
    pub reopened: u8,
    /// Oracles that could vote.
    pub seats: u32,
    /// Licenses voted about.
    pub licenses: u32,
    /// Ballots that were complete.
    pub complete: u32,
    /// Ballots that counted.
    pub eligible: u32,
    /// The lower median of the heights that were final to those whose ballots counted; none without a quorum.
    pub known: Option<BlockNumber>,
}

/// Where pruning stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct PruneCursor {
    /// Everything before it is pruned.
    pub epoch: EpochIndex,
    /// In that epoch, everything before this page.
    pub page: u32,
}
