//! What deeds earn and mint. Deeds with the same history are one cohort: what one of them gets is what the chain's
//! functions give, and the cohort gets it as often as it has deeds.

use crate::scenario::{Availability, Grants, WHOLE};
use ratio1_primitives::{
    economics::{curve, earned, minted, payable, schedule},
    Balance, EpochIndex, LicenseClass,
};

/// Deeds paid by credits, the Genesis deed or Node Deeds, of one age and availability.
#[derive(Clone, Debug)]
pub struct CreditCohort {
    class: LicenseClass,
    deeds: u32,
    byte: u8,
    /// The first epoch in which they mine.
    since: u32,
    credits: u32,
    paid: u32,
}

impl CreditCohort {
    pub fn new(class: LicenseClass, deeds: u32, byte: u8, since: u32) -> Self {
        Self { class, deeds, byte, since, credits: 0, paid: 0 }
    }

    /// `epoch` is final.
    pub fn finalise(&mut self, epoch: u32) {
        if epoch >= self.since {
            let most = schedule(self.class).map_or(0, |(_, credits)| credits);
            self.credits = self.credits.saturating_add(self.byte.into()).min(most);
        }
    }

    /// What is claimed in `epoch`, where each deed is claimed once in `every` epochs.
    pub fn claim(&mut self, epoch: u32, every: u32) -> Balance {
        if !is_due(self.since, 0, epoch, every) {
            return 0;
        }
        let amount = self.unclaimed();
        self.paid = self.credits;
        amount
    }

    /// What a claim of all of them would pay.
    pub fn unclaimed(&self) -> Balance {
        match self.paid == self.credits {
            true => 0,
            false => Balance::from(self.deeds) * payable(self.class, self.paid, self.credits),
        }
    }

    /// What all of them have minted.
    pub fn minted(&self) -> Balance {
        Balance::from(self.deeds) * minted(self.class, self.paid)
    }

    /// How many of them may take jobs: all if they mine, and their byte reaches `threshold`.
    pub fn workers(&self, epoch: u32, threshold: u8) -> u32 {
        match epoch >= self.since && self.byte >= threshold {
            true => self.deeds,
            false => 0,
        }
    }
}

/// Master deeds of one grant that are claimed in the same epochs.
#[derive(Clone, Debug)]
pub struct MasterCohort {
    grants: Grants,
    /// In which of the epochs from one claim to the next they are claimed.
    shift: u32,
    /// Of one deed, in base units.
    earned: Balance,
    forgone: Balance,
    paid: Balance,
}

impl MasterCohort {
    /// The deeds of `grants`. Each is claimed once in `every` epochs, but not all in the same.
    pub fn of(grants: Grants, every: u32) -> impl Iterator<Item = Self> {
        (0..every.min(grants.deeds)).map(move |shift| {
            // Deed number n is claimed with those of the same remainder.
            let deeds = (grants.deeds - shift).div_ceil(every);
            Self { grants: Grants { deeds, ..grants }, shift, earned: 0, forgone: 0, paid: 0 }
        })
    }

    /// `epoch` is final.
    pub fn finalise(&mut self, epoch: u32) {
        // Once all is released there is nothing more to ask for.
        if self.earned + self.forgone == self.grants.assigned {
            return;
        }
        let (granted, epoch) = (EpochIndex(self.grants.epoch), EpochIndex(epoch));
        let release = curve::release(self.grants.assigned, granted, epoch, epoch);
        let earned = earned(release, self.grants.byte);
        self.earned += earned;
        self.forgone += release - earned;
    }

    /// What is claimed in `epoch`, where each deed is claimed once in `every` epochs.
    pub fn claim(&mut self, epoch: u32, every: u32) -> Balance {
        if !is_due(self.grants.epoch, self.shift, epoch, every) {
            return 0;
        }
        let amount = self.unclaimed();
        self.paid = self.earned;
        amount
    }

    pub fn unclaimed(&self) -> Balance {
        Balance::from(self.grants.deeds) * (self.earned - self.paid)
    }

    pub fn minted(&self) -> Balance {
        Balance::from(self.grants.deeds) * self.paid
    }

    /// Released while the nodes were away, and never to be minted.
    pub fn forgone(&self) -> Balance {
        Balance::from(self.grants.deeds) * self.forgone
    }
}

/// Whether deeds that began in epoch `first` are claimed in `epoch`: once in `every`, some `shift` later than others.
fn is_due(first: u32, shift: u32, epoch: u32, every: u32) -> bool {
    epoch > first && (epoch - first) % every == shift
}

/// Spread the deeds number `sold..sold + units` of the sale over availability classes: a count for each.
///
/// The class follows from the deed's number alone. 7919 is a prime that does not divide a whole, so every 10 000
/// deeds in a row have each class exactly in its parts, and fewer nearly so.
pub fn spread(classes: &[Availability], sold: u32, units: u32) -> Vec<u32> {
    let mut counts = vec![0; classes.len()];
    for number in sold..sold + units {
        let mut place = u128::from(number) * 7_919 % WHOLE;
        for (count, class) in counts.iter_mut().zip(classes) {
            if place < class.parts.into() {
                *count += 1;
                break;
            }
            place -= u128::from(class.parts);
        }
    }
    counts
}
