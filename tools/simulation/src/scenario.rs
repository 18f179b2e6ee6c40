//! What a scenario assumes about people and markets, as data.

use ratio1_primitives::{
    economics::{
        price::{is_sane, Price},
        MASTER_COUNT, MASTER_LIMIT, MASTER_SHARE, NODE_COUNT,
    },
    Balance,
};
use serde::{Serialize, Serializer};

/// One whole, in the hundredths of a percent in which parts are stated.
pub const WHOLE: u128 = 10_000;

/// `amount` times `parts` hundredths of a percent, rounded down. Amounts are below the cap, far from overflow.
pub const fn part(amount: Balance, parts: u32) -> Balance {
    amount * parts as u128 / WHOLE
}

/// Serialise an amount as text: base units do not fit the numbers of most JSON readers.
pub fn as_text<S: Serializer>(amount: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

/// Everything a scenario assumes. The chain decides none of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Scenario {
    /// What it is called on the command line, and its plot's file name.
    pub name: &'static str,
    /// In one sentence.
    pub about: &'static str,
    /// How many Node Deeds buyers want, over time. They get them once there is R1 to pay with.
    pub demand: Vec<Demand>,
    /// How well the Node Deeds' nodes are available. The parts add up to a whole.
    pub nodes: Vec<Availability>,
    /// The Genesis deed's availability byte in every epoch.
    pub genesis_byte: u8,
    /// Master deeds granted.
    pub grants: Vec<Grants>,
    /// What one R1 costs.
    pub rate: Vec<Quote>,
    /// Revenue of jobs.
    pub jobs: Jobs,
    /// How fast R1 changes hands.
    pub spending: Spending,
    /// Every deed is claimed once in so many epochs, different deeds in different ones. The Genesis deed is in every
    /// epoch.
    pub claim_every: u32,
}

/// `deeds` Node Deeds are wanted, evenly over the epochs `first..=last`. Those for which there is not enough R1 are
/// bought as soon as there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Demand {
    pub first: u32,
    pub last: u32,
    pub deeds: u32,
}

impl Demand {
    /// How many of them are wanted until the end of `epoch`.
    fn wanted(&self, epoch: u32) -> u32 {
        let span = u64::from(self.last - self.first) + 1;
        let elapsed = (u64::from(epoch) + 1).saturating_sub(self.first.into()).min(span);
        (u64::from(self.deeds) * elapsed / span) as u32
    }
}

/// A part of the Node Deeds whose nodes have this availability byte in every epoch. The byte of a node that is away for
/// days is the mean over its days, and a node that never runs has zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Availability {
    /// Hundredths of a percent of the deeds.
    pub parts: u32,
    pub byte: u8,
}

/// `deeds` Master deeds, granted `assigned` each in `epoch`, whose nodes run from that epoch on with `byte`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Grants {
    pub epoch: u32,
    pub deeds: u32,
    /// Base units.
    #[serde(serialize_with = "as_text")]
    pub assigned: Balance,
    pub byte: u8,
}

/// The market's price in `epoch`. Between two of these it moves in a straight line; after the last it stays. The
/// chain's rate follows as fast as the chain lets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Quote {
    pub epoch: u32,
    /// USD per R1, with 18 decimals.
    #[serde(serialize_with = "as_text")]
    pub usd: Price,
}

/// Revenue of jobs. They are not simulated one by one: this is an assumption about demand, and nothing else follows
/// from it than the burn. It grows in a straight line from `from` to `full`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Jobs {
    /// The epoch in which the first job runs.
    pub from: u32,
    /// The epoch from which on `load` holds.
    pub full: u32,
    /// Hundredths of a percent of the nodes that may take jobs that have one.
    pub load: u32,
    /// US cents such a node earns in an epoch, gross.
    pub cents: u32,
}

impl Jobs {
    /// No job ever.
    #[cfg(test)]
    pub const NONE: Self = Self { from: 0, full: 0, load: 0, cents: 0 };
    /// Of the gross, percent burned (docs/protocol/jobs.md#release).
    pub const BURNED: u128 = 15;
    /// The byte from which on a node may take jobs: mainnet's threshold.
    pub const THRESHOLD: u8 = 250;

    /// The load in `epoch`, in hundredths of a percent.
    pub fn load_in(&self, epoch: u32) -> u32 {
        match epoch {
            e if e < self.from => 0,
            e if e >= self.full => self.load,
            e => (u64::from(self.load) * u64::from(e - self.from) / u64::from(self.full - self.from)) as u32,
        }
    }
}

/// How fast R1 changes hands, in hundredths of a percent of what is there, in every epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Spending {
    /// Of the liquidity wallet, sold to whoever wants R1.
    pub liquidity: u32,
    /// Of operations.
    pub operations: u32,
    /// Of marketing, grants and social responsibility once they are unlocked.
    pub unlocked: u32,
    /// Of the R1 that people have: what is offered to those who buy deeds or jobs. No more is ever paid.
    pub offered: u32,
}

/// Why a scenario cannot be: it assumes something that the chain refuses, or nothing that means something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0} Node Deeds are wanted, but the sale has {NODE_COUNT}; want fewer")]
    MoreDeedsThanTheSaleHas(u64),
    #[error("a span ends in epoch {last}, before it begins in {first}; turn it round")]
    EndsBeforeItBegins { first: u32, last: u32 },
    #[error("the parts of the availability classes add up to {0} of {WHOLE}; make them whole")]
    PartsNotWhole(u64),
    #[error("a Master deed is granted {0} base units, but {MASTER_LIMIT} is the most; grant less")]
    GrantAboveLimit(Balance),
    #[error("Master deeds are granted more than {MASTER_SHARE} base units together; grant less")]
    GrantsAboveShare,
    #[error("{0} Master deeds are granted, but there can be {MASTER_COUNT}; grant fewer")]
    TooManyMasters(u64),
    #[error("the price has no point, or its points are not in order; give at least one, each later than the last")]
    PriceNotInOrder,
    #[error("the chain takes no rate of {0} (18 decimals); stay within its bounds")]
    PriceNotSane(Price),
    #[error("{0} is more than a whole of {WHOLE}; take at most that")]
    MoreThanAWhole(u32),
    #[error("claims every 0 epochs; take at least 1")]
    NeverClaimed,
}

impl Scenario {
    /// Whether the chain lets all of this happen.
    pub fn check(&self) -> Result<(), Refusal> {
        for (first, last) in self.demand.iter().map(|d| (d.first, d.last)).chain([(self.jobs.from, self.jobs.full)]) {
            if last < first {
                return Err(Refusal::EndsBeforeItBegins { first, last });
            }
        }
        let wanted = self.demand.iter().map(|d| u64::from(d.deeds)).sum();
        if wanted > NODE_COUNT.into() {
            return Err(Refusal::MoreDeedsThanTheSaleHas(wanted));
        }
        let parts = self.nodes.iter().map(|class| u64::from(class.parts)).sum();
        if u128::from(parts) != WHOLE {
            return Err(Refusal::PartsNotWhole(parts));
        }
        self.check_grants()?;
        if self.rate.is_empty() || self.rate.windows(2).any(|pair| pair[1].epoch <= pair[0].epoch) {
            return Err(Refusal::PriceNotInOrder);
        }
        if let Some(quote) = self.rate.iter().find(|quote| !is_sane(quote.usd)) {
            return Err(Refusal::PriceNotSane(quote.usd));
        }
        let Spending { liquidity, operations, unlocked, offered } = self.spending;
        for parts in [liquidity, operations, unlocked, offered, self.jobs.load] {
            if u128::from(parts) > WHOLE {
                return Err(Refusal::MoreThanAWhole(parts));
            }
        }
        if self.claim_every == 0 {
            return Err(Refusal::NeverClaimed);
        }
        Ok(())
    }

    /// Whether governance could make these grants.
    fn check_grants(&self) -> Result<(), Refusal> {
        let deeds = self.grants.iter().map(|grants| u64::from(grants.deeds)).sum();
        if deeds > MASTER_COUNT.into() {
            return Err(Refusal::TooManyMasters(deeds));
        }
        if let Some(grants) = self.grants.iter().find(|grants| grants.assigned > MASTER_LIMIT) {
            return Err(Refusal::GrantAboveLimit(grants.assigned));
        }
        // At most 499 times 2 % of the cap.
        let sum: Balance = self.grants.iter().map(|grants| Balance::from(grants.deeds) * grants.assigned).sum();
        if sum > MASTER_SHARE {
            return Err(Refusal::GrantsAboveShare);
        }
        Ok(())
    }

    /// How many Node Deeds are wanted in all until the end of `epoch`.
    pub fn wanted(&self, epoch: u32) -> u32 {
        self.demand.iter().map(|demand| demand.wanted(epoch)).sum()
    }

    /// The market's price in `epoch`.
    pub fn market(&self, epoch: u32) -> Price {
        let after = self.rate.iter().position(|quote| quote.epoch > epoch);
        match after {
            None => self.rate[self.rate.len() - 1].usd,
            Some(0) => self.rate[0].usd,
            Some(next) => {
                let (from, to) = (self.rate[next - 1], self.rate[next]);
                let (span, elapsed) = (u128::from(to.epoch - from.epoch), u128::from(epoch - from.epoch));
                // A weighted mean lies between its two values, so it is as sane as they are.
                (from.usd * (span - elapsed) + to.usd * elapsed) / span
            }
        }
    }
}
