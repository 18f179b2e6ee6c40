//! What is stored about jobs, their slots and services.

use crate::blame::Trial;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec, PalletError};
use ratio1_primitives::{
    jobs::{Drawn, SlotRef, PERIOD},
    kyc::EntityId,
    Balance, BlockNumber, EpochIndex, LicenseId,
};
use scale_info::TypeInfo;

/// Prices a slot can have one after the other: one from the request, others by extensions and lapsed epochs.
pub const MAX_TERMS: u32 = 16;
/// Services of one slot, past and present, that are not paid out completely. A slot that needs more ends.
pub const MAX_OPEN_SERVICES: u32 = 16;
/// Periods of one service that are not released: epochs stay open for as long as 32 of them do.
pub const MAX_OPEN_PERIODS: u32 = 8;
/// Bytes by which a service is judged.
pub const MAX_RECENT: u32 = 5;
/// Draws that a slot has in hand when it is asked for, or extended, beside the one that finds its first node.
pub const SPARE_DRAWS: u8 = 16;
/// Licenses that had a slot and are not drawn for it again. One that had as many ends.
pub const MAX_TRIED: u32 = 16;

/// Where stored data do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo, PalletError)]
pub enum Inconsistency {
    /// The clock of epochs does not run, though jobs are served.
    NoClock,
    /// A slot or a service belongs to no job.
    NoJob,
    /// A job that lives has lost what was asked for.
    NoRequest,
    /// A service belongs to no slot.
    NoSlot,
    /// A slot or a job names a service that does not exist.
    NoService,
    /// A service has no period where one is due, or is to be rejected.
    NoPeriod,
    /// A license that may serve has no owner to be paid.
    NoOwner,
    /// An index that is counted as spare is missing.
    NoSpareIndex,
    /// A node was found for a slot that does not wait for that draw.
    NotDrawing,
    /// A slot with a deadline is not offered.
    NotOffered,
    /// A license has a slot that is neither offered to it nor served by it.
    NotAssigned,
    /// A service that has ended is to end again.
    EndedTwice,
    /// An epoch cannot be accounted for: its period is released, too many are open, or its earnings cannot be counted.
    PeriodClosed,
    /// Jobs, or the slots of one, can be numbered no further.
    OutOfNumbers,
    /// A slot has more services than it can keep.
    TooManyServices,
    /// A slot that is drawn again has no draw in hand.
    NoDrawLeft,
    /// The slots of a job are miscounted.
    SlotsMiscounted,
    /// More is to leave a slot than is held for it.
    SlotOverdrawn,
    /// Less is on hold of the requester's than is held for the slot.
    HoldMissing,
    /// More is to be taken from a service than it has earned.
    ServiceOverdrawn,
    /// A sum of a job's ledger cannot be counted, or has shrunk.
    LedgerOverflow,
}

/// Where a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum JobState {
    /// No node has accepted yet.
    Requested,
    /// All slots that have not ended are served.
    Running,
    /// A slot that has not ended is not served.
    Degraded,
    /// All slots have ended; what they earned is not all released.
    Settling,
    /// Nothing is held any more.
    Closed(Closing),
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Closing {
    /// It was served, if not to its end on all slots.
    Served,
    /// The requester cancelled it.
    Cancelled,
    /// No node ever accepted: everything was returned.
    Unserved,
}

/// The money of a job, in base units. What is held is what was deposited less the rest.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Ledger {
    /// Ever put on hold.
    pub deposited: Balance,
    /// Paid to owners of nodes.
    pub paid: Balance,
    /// Burned.
    pub burned: Balance,
    /// Given back to the requester.
    pub returned: Balance,
}

impl Ledger {
    /// What is on hold.
    pub fn held(&self) -> Balance {
        self.deposited.saturating_sub(self.paid).saturating_sub(self.burned).saturating_sub(self.returned)
    }
}

/// A job. Kept for ever; its slots and its request go when it closes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Job<AccountId> {
    /// Who pays.
    pub owner: AccountId,
    /// On whose behalf.
    pub entity: EntityId,
    /// Where it stands.
    pub state: JobState,
    /// The block of the request.
    pub requested: BlockNumber,
    /// The epoch at whose end its cancellation takes effect.
    pub cancelled: Option<EpochIndex>,
    /// Slots ever; they are numbered from zero.
    pub slots: u16,
    /// Slots that have not ended.
    pub live: u16,
    /// Slots that are served.
    pub running: u16,
    /// Slots that hold money, or wait for what their services earn.
    pub open: u16,
    /// Whether a node ever accepted.
    pub served: bool,
    /// Its money.
    pub ledger: Ledger,
}

/// What a slot costs per epoch, up to an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Term {
    /// The first epoch for which it no longer holds. Before the slot's first acceptance: counted from that.
    pub until: EpochIndex,
    /// Base units per epoch.
    pub price: Balance,
}

/// Where a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum SlotState {
    /// A node is looked for.
    Drawing {
        /// By this draw.
        draw: u64,
    },
    /// A node was drawn, and may accept.
    Offered {
        /// Its license.
        license: LicenseId,
        /// The block of the offer.
        at: BlockNumber,
        /// The polled block after which the offer lapses.
        until: u32,
    },
    /// A node serves it.
    Running {
        /// The index of the service.
        index: u32,
    },
    /// No node will serve it any more.
    Ended(SlotEnd),
}

/// Why a slot ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum SlotEnd {
    /// Its epochs are over.
    Completed,
    /// The job was cancelled.
    Cancelled,
    /// No node was found in time.
    NoCandidate,
    /// It moved too often for what its services earned to be released in between.
    TooManyMoves,
    /// All the draws that were paid for are used up.
    NoDrawLeft,
    /// As many nodes as a slot can have had failed it, or let its offer lapse: the event before tells which.
    TriedOut,
}

/// Why a license is not drawn for a slot again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Setback {
    /// It let the offer lapse.
    Missed,
    /// Its service failed.
    Failed,
    /// What its service had earned was rejected.
    Rejected,
}

/// A license that had a slot, and is not drawn for it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Tried {
    /// The license.
    pub license: LicenseId,
    /// Why.
    pub why: Setback,
}

/// Why a service ended before its slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Leaving {
    /// It reached the end it was given: the slot's end, or that of the epoch in which its node resigned.
    Ended,
    /// Below half in one epoch, below the threshold in two in a row, or below 90 % over five.
    Failed,
    /// The requester burned what it had earned.
    Rejected,
    /// Its license was banned.
    Evicted,
    /// Enough oracles said that its node was silent.
    Absent,
}

/// One node's place in a job.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Slot {
    /// Where it stands.
    pub state: SlotState,
    /// Base units of the requester that are on hold for it.
    pub held: Balance,
    /// The epoch of its first acceptance.
    pub started: Option<EpochIndex>,
    /// What it costs, in order. The last one's end is the slot's.
    pub terms: BoundedVec<Term, ConstU32<MAX_TERMS>>,
    /// Its services that are not paid out completely, oldest first.
    pub services: BoundedVec<u32, ConstU32<MAX_OPEN_SERVICES>>,
    /// How it came by the node it is offered to, or that serves it.
    pub drawn: Option<Drawn>,
    /// Draws it has in hand, for when its node must be replaced.
    pub draws: u8,
    /// Base units that each of them costs. What all cost is a part of what is held.
    pub draw_fee: Balance,
    /// Licenses that are not drawn for it again, the oldest first.
    pub tried: BoundedVec<Tried, ConstU32<MAX_TRIED>>,
    /// What is known of it that decides whose fault outcomes are.
    pub trial: Trial,
}

impl Slot {
    /// What is held for the draws in hand.
    pub fn draw_money(&self) -> Balance {
        self.draw_fee.saturating_mul(self.draws.into())
    }

    /// Draw a license for it no more.
    pub(crate) fn leave_out(&mut self, license: LicenseId, why: Setback) {
        // ADR 0024: who failed a slot does not get it again. A full list ends the slot.
        let _ = self.tried.try_push(Tried { license, why });
    }

    /// The first epoch after it, counted like [`Term::until`].
    pub fn ends(&self) -> EpochIndex {
        self.terms.last().map_or(EpochIndex(0), |term| term.until)
    }

    /// What it costs in `epoch`. Zero outside of its epochs, and before its first acceptance.
    pub fn price(&self, epoch: EpochIndex) -> Balance {
        if self.started.is_none_or(|started| epoch < started) {
            return 0;
        }
        self.terms.iter().find(|term| epoch < term.until).map_or(0, |term| term.price)
    }

    /// What its epochs from `from` on cost together; of a slot never accepted, all of them.
    pub fn cost_from(&self, from: EpochIndex) -> Balance {
        let mut begin = if self.started.is_some() { from } else { EpochIndex(0) };
        let mut cost: Balance = 0;
        for term in &self.terms {
            let epochs = term.until.0.saturating_sub(begin.0);
            cost = cost.saturating_add(term.price.saturating_mul(epochs.into()));
            begin = begin.max(term.until);
        }
        cost
    }

    /// Drop its epochs from `from` on.
    pub fn cut(&mut self, from: EpochIndex) {
        let whole = self.terms.iter().take_while(|term| term.until < from).count();
        self.terms.truncate(whole.saturating_add(1));
        for term in self.terms.iter_mut() {
            term.until = term.until.min(from);
        }
    }

    /// Append `epochs` epochs at `price` each. `false` if it has too many prices already.
    #[must_use]
    pub fn append(&mut self, epochs: u32, price: Balance) -> bool {
        let until = self.ends().plus(epochs);
        match self.terms.iter_mut().last() {
            Some(last) if last.price == price => {
                last.until = until;
                true
            }
            _ => self.terms.try_push(Term { until, price }).is_ok(),
        }
    }
}

/// Up to 30 epochs of a service whose earnings are released together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Period {
    /// Which, from zero, counted from the service's first epoch.
    pub index: u32,
    /// Base units earned, less what was rejected.
    pub accrued: Balance,
    /// Which of its epochs are closed and accounted for: bit `n` for the n-th.
    pub settled: u32,
    /// Which of them were rejected.
    pub rejected: u32,
}

/// When a service ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct ServiceEnd {
    /// Unix milliseconds.
    pub at: u64,
    /// The last epoch in which it served.
    pub last: EpochIndex,
}

/// One node serving one slot, from its acceptance until it is paid out completely.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Service<AccountId> {
    /// The slot.
    pub slot: SlotRef,
    /// Whose node.
    pub license: LicenseId,
    /// Who is paid: the license's owner at its acceptance. It cannot change while the node serves.
    pub payee: AccountId,
    /// The block of its acceptance.
    pub block: BlockNumber,
    /// The moment of its acceptance, in Unix milliseconds.
    pub accepted: u64,
    /// From when beats are expected to report it: with the start allowance.
    pub expected: u64,
    /// The epoch of its acceptance.
    pub first: EpochIndex,
    /// The first epoch in which it serves no more, as things stand.
    pub ends: EpochIndex,
    /// Whether it resigned, or its job was cancelled: its end is not postponed any more.
    pub leaving: bool,
    /// When it ended, if it did.
    pub left: Option<ServiceEnd>,
    /// Whether its outcomes move the license's reputation: drawn without an include list, for another entity.
    pub counts: bool,
    /// The bytes it is judged by, by epoch, the newest at most [`MAX_RECENT`].
    pub recent: BoundedVec<(EpochIndex, u8), ConstU32<MAX_RECENT>>,
    /// Its periods that are not released, in order.
    pub periods: BoundedVec<Period, ConstU32<MAX_OPEN_PERIODS>>,
    /// Periods released.
    pub released: u32,
}

impl<AccountId> Service<AccountId> {
    /// The last epoch in which it serves, as things stand.
    pub fn last(&self) -> EpochIndex {
        self.left.map_or(self.ends.minus(1), |left| left.last)
    }

    /// Whether it serves, or served, in `epoch`.
    pub fn is_in(&self, epoch: EpochIndex) -> bool {
        self.first <= epoch && epoch <= self.last()
    }

    /// The period of one of its epochs, and its bit there.
    pub fn period_of(&self, epoch: EpochIndex) -> (u32, u32) {
        let offset = epoch.0.saturating_sub(self.first.0);
        let bit = offset.checked_rem(PERIOD).and_then(|bit| 1u32.checked_shl(bit)).unwrap_or(0);
        (offset.checked_div(PERIOD).unwrap_or(0), bit)
    }
}

/// Epochs that are closed, and whose services are to be settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub enum ClosedEpochs {
    /// Its bytes are final.
    Finalised(EpochIndex),
    /// Without result: lapsed, or void. Both ends are included.
    Lapsed {
        /// The first.
        first: EpochIndex,
        /// The last.
        last: EpochIndex,
    },
}

/// Where settling stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct Cursor {
    /// The next entry of the queue to settle.
    pub head: u64,
    /// The next free entry.
    pub tail: u64,
    /// In the entry at the head, the next service.
    pub index: u32,
}
