//! What is stored and shown of a rate.

use crate::FRESH_EPOCHS;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use ratio1_primitives::{economics::price::Price, EpochIndex};
use scale_info::TypeInfo;

/// Who said what an R1 costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Source {
    /// The median of the oracles' ballots.
    Oracles,
    /// Governance, or the preset: there is no market yet.
    Administered,
}

/// A rate that was posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Rate {
    /// USD per R1, with 18 decimals.
    pub price: Price,
    /// Who said it.
    pub source: Source,
    /// What it speaks of: the epoch voted about, or the one that ran when it was administered.
    pub epoch: EpochIndex,
    /// The epoch that ran when it was posted.
    pub posted: EpochIndex,
}

impl Rate {
    /// The last epoch in which it holds; `None` if it never gets stale.
    pub fn holds_until(&self) -> Option<EpochIndex> {
        match self.source {
            Source::Oracles => Some(self.posted.plus(FRESH_EPOCHS)),
            Source::Administered => None,
        }
    }

    /// Whether it holds while `epoch` runs.
    pub fn holds_in(&self, epoch: EpochIndex) -> bool {
        self.holds_until().is_none_or(|last| epoch <= last)
    }

    /// What is shown of it while `epoch` runs.
    pub(crate) fn info(self, epoch: EpochIndex) -> RateInfo {
        RateInfo { rate: self, holds: self.holds_in(epoch), holds_until: self.holds_until() }
    }
}

/// The last two rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Rates {
    /// The last one.
    pub last: Rate,
    /// The one before it: the rate with which the epoch began in which the last one was posted.
    pub before: Option<Rate>,
}

impl Rates {
    /// What a rate posted while `epoch` runs is measured against: the one with which it began. In the epoch of the very
    /// first rate that is the first.
    pub(crate) fn anchor(&self, epoch: EpochIndex) -> Rate {
        match self.before {
            Some(before) if self.last.posted >= epoch => before,
            _ => self.last,
        }
    }

    /// The lower of the two prices.
    pub(crate) fn lower(&self) -> Price {
        self.before.map_or(self.last.price, |before| before.price.min(self.last.price))
    }
}

/// A rate as it is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct RateInfo {
    /// The rate.
    pub rate: Rate,
    /// Whether it holds now; else it is stale.
    pub holds: bool,
    /// The last epoch in which it holds; `None` if it never gets stale.
    pub holds_until: Option<EpochIndex>,
}
