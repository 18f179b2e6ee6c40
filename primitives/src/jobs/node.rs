//! What a node offers, and what it is worth.

use super::{Gpu, Tag};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{bounded::BoundedVec, ConstU32};

/// Tags a node can declare, or a job ask for.
pub const MAX_TAGS: u32 = 8;

/// A list of tags.
pub type Tags = BoundedVec<Tag, ConstU32<MAX_TAGS>>;

/// Resources for jobs.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Capacity {
    /// Thousandths of a vCPU.
    pub cpu_milli: u32,
    /// MiB of memory.
    pub memory_mib: u32,
    /// GiB of disk.
    pub disk_gib: u32,
    /// GPUs, all of the class the node declares.
    pub gpus: u32,
}

impl Capacity {
    /// The most a node can sanely declare: 1024 vCPU, 16 TiB of memory, 1 PiB of disk, 64 GPUs.
    pub const MOST: Self = Self { cpu_milli: 1_024_000, memory_mib: 16 << 20, disk_gib: 1 << 20, gpus: 64 };

    /// Whether `other` fits into it.
    pub const fn covers(&self, other: &Self) -> bool {
        other.cpu_milli <= self.cpu_milli
            && other.memory_mib <= self.memory_mib
            && other.disk_gib <= self.disk_gib
            && other.gpus <= self.gpus
    }

    /// Both together. `None` if that cannot be counted.
    pub fn plus(&self, other: &Self) -> Option<Self> {
        Some(Self {
            cpu_milli: self.cpu_milli.checked_add(other.cpu_milli)?,
            memory_mib: self.memory_mib.checked_add(other.memory_mib)?,
            disk_gib: self.disk_gib.checked_add(other.disk_gib)?,
            gpus: self.gpus.checked_add(other.gpus)?,
        })
    }

    /// What is left without `other`. `None` if it does not cover it.
    pub fn minus(&self, other: &Self) -> Option<Self> {
        Some(Self {
            cpu_milli: self.cpu_milli.checked_sub(other.cpu_milli)?,
            memory_mib: self.memory_mib.checked_sub(other.memory_mib)?,
            disk_gib: self.disk_gib.checked_sub(other.disk_gib)?,
            gpus: self.gpus.checked_sub(other.gpus)?,
        })
    }
}

/// What a node declares about itself. Country, KYB and class are never declared: they come from the chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct NodeProfile {
    /// What it has for jobs. All zero: it takes none.
    pub capacity: Capacity,
    /// The class of its GPUs; `None` exactly if it has none.
    pub gpu: Option<Gpu>,
    /// Its tags, sorted, without repetition.
    pub tags: Tags,
}

/// What a license did that moves its reputation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Outcome {
    /// Linked, and available in a finalised epoch.
    Available,
    /// Linked, and not available in a finalised epoch.
    Unavailable,
    /// Served a slot through a whole period of 30 epochs.
    Served,
    /// Let an offer lapse.
    Missed,
    /// Resigned a slot.
    Resigned,
    /// Failed on a slot.
    Failed,
    /// The requester burned what it had earned.
    Rejected,
}

impl Outcome {
    /// What it costs a reputation, in thousandths.
    pub const fn cost(self) -> u16 {
        match self {
            Self::Available | Self::Served => 0,
            Self::Unavailable => 10,
            Self::Missed => 50,
            Self::Resigned => 25,
            Self::Failed | Self::Rejected => 100,
        }
    }
}

/// Reputation of a license, 0 to 1000: in thousandths, how likely it is taken when a draw comes upon it.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Reputation(pub u16);

impl Default for Reputation {
    fn default() -> Self {
        Self(Self::BEGIN)
    }
}

impl Reputation {
    /// The best.
    pub const MOST: u16 = 1_000;

    /// Where every license begins, and as far as being available leads: what is better than that is earned by service.
    pub const BEGIN: u16 = 500;

    /// After `outcome`. Stays within its bounds.
    pub const fn after(self, outcome: Outcome) -> Self {
        let up = match outcome {
            Outcome::Available if self.0 < Self::BEGIN => 1,
            Outcome::Served => 20,
            _ => 0,
        };
        let value = self.0.saturating_add(up).saturating_sub(outcome.cost());
        Self(if value > Self::MOST { Self::MOST } else { value })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::Tier;
    use proptest::prelude::*;

    const OUTCOMES: [Outcome; 7] = [
        Outcome::Available,
        Outcome::Unavailable,
        Outcome::Served,
        Outcome::Missed,
        Outcome::Resigned,
        Outcome::Failed,
        Outcome::Rejected,
    ];

    /// One unit of each resource.
    const UNITS: [Capacity; 4] = [
        Capacity { cpu_milli: 1, memory_mib: 0, disk_gib: 0, gpus: 0 },
        Capacity { cpu_milli: 0, memory_mib: 1, disk_gib: 0, gpus: 0 },
        Capacity { cpu_milli: 0, memory_mib: 0, disk_gib: 1, gpus: 0 },
        Capacity { cpu_milli: 0, memory_mib: 0, disk_gib: 0, gpus: 1 },
    ];

    const ALL: Capacity = Capacity { cpu_milli: u32::MAX, memory_mib: u32::MAX, disk_gib: u32::MAX, gpus: u32::MAX };

    fn fields(c: &Capacity) -> [u64; 4] {
        [c.cpu_milli, c.memory_mib, c.disk_gib, c.gpus].map(u64::from)
    }

    /// Often close to another: small numbers, and the greatest.
    fn capacity() -> impl Strategy<Value = Capacity> {
        let number = || prop_oneof![0..4u32, Just(u32::MAX), any::<u32>()];
        (number(), number(), number(), number()).prop_map(|(cpu_milli, memory_mib, disk_gib, gpus)| Capacity {
            cpu_milli,
            memory_mib,
            disk_gib,
            gpus,
        })
    }

    #[test]
    fn capacity_is_short_when_any_one_resource_is() {
        let have = Capacity { cpu_milli: 5, memory_mib: 5, disk_gib: 5, gpus: 5 };
        assert!(have.covers(&have));
        assert_eq!(have.minus(&have), Some(Capacity::default()));
        for unit in UNITS {
            let more = have.plus(&unit).expect("small");
            assert!(more.covers(&have) && !have.covers(&more), "{unit:?}");
            assert_eq!(have.minus(&more), None, "{unit:?}");
            assert_eq!(more.minus(&have), Some(unit));
            assert_eq!(ALL.plus(&unit), None, "{unit:?}");
        }
        assert_eq!(ALL.plus(&Capacity::default()), Some(ALL));
    }

    #[test]
    fn greatest_capacity_is_what_it_says() {
        assert_eq!(fields(&Capacity::MOST), [1_024 * 1_000, 16 * 1_024 * 1_024, 1_024 * 1_024, 64]);
        assert!(Tier::ALL.iter().all(|tier| Capacity::MOST.covers(&tier.capacity())));
        // As many slots as a node can have of the largest tier can be added up.
        let all = (0..crate::jobs::MAX_SLOTS_PER_NODE)
            .try_fold(Capacity::default(), |sum, _| sum.plus(&Tier::Ultra2.capacity()));
        assert!(all.is_some());
    }

    #[test]
    fn node_that_declared_nothing_has_room_for_no_tier() {
        let profile = NodeProfile::default();
        assert!(Tier::ALL.iter().all(|tier| !profile.capacity.covers(&tier.capacity())));
        assert!(profile.gpu.is_none() && profile.tags.is_empty());
    }

    #[test]
    fn profile_fits_its_greatest_length() {
        let tag = Tag::try_from(vec![b'z'; 32]).expect("32 bytes");
        let tags = Tags::try_from(vec![tag; MAX_TAGS as usize]).expect("as many as there can be");
        let profile = NodeProfile { capacity: Capacity::MOST, gpu: Some(Gpu::Ultra), tags };
        assert!(profile.encoded_size() <= NodeProfile::max_encoded_len());
        assert_eq!(NodeProfile::decode(&mut &profile.encode()[..]), Ok(profile));
    }

    #[test]
    fn reputation_moves_as_far_as_the_outcome_says() {
        let moves = [1, -10, 20, -50, -25, -100, -100];
        assert_eq!(Reputation::default(), Reputation(500));
        for (outcome, by) in OUTCOMES.into_iter().zip(moves) {
            assert_eq!(Reputation(499).after(outcome), Reputation(499u16.saturating_add_signed(by)), "{outcome:?}");
            assert_eq!(outcome.cost(), u16::try_from(-by).unwrap_or(0), "{outcome:?}");
        }
    }

    #[test]
    fn reputation_rises_no_further_than_its_beginning_when_a_node_is_only_available() {
        for (before, after) in [(0, 1), (499, 500), (500, 500), (501, 501), (1_000, 1_000)] {
            assert_eq!(Reputation(before).after(Outcome::Available), Reputation(after));
        }
        assert_eq!(Reputation(500).after(Outcome::Served), Reputation(520));
    }

    #[test]
    fn reputation_never_wraps_at_its_ends() {
        for outcome in OUTCOMES {
            let (worst, best) = (Reputation(0).after(outcome), Reputation(Reputation::MOST).after(outcome));
            assert!(worst.0 <= 20 && (900..=1_000).contains(&best.0), "{outcome:?}: {worst:?} {best:?}");
        }
        assert_eq!(Reputation(0).after(Outcome::Failed), Reputation(0));
        assert_eq!(Reputation(99).after(Outcome::Failed), Reputation(0));
        assert_eq!(Reputation(981).after(Outcome::Served), Reputation(1_000));
        assert_eq!(Reputation(1_000).after(Outcome::Available), Reputation(1_000));
        // What never was a reputation becomes one.
        assert!(OUTCOMES.iter().all(|outcome| Reputation(u16::MAX).after(*outcome) == Reputation(1_000)));
    }

    #[test]
    fn missing_an_offer_costs_more_than_resigning_and_less_than_failing() {
        let after = |outcome| Reputation(500).after(outcome);
        assert!(after(Outcome::Resigned) > after(Outcome::Missed));
        assert!(after(Outcome::Missed) > after(Outcome::Failed));
    }

    proptest! {
        #[test]
        fn sums_and_differences_of_capacity_are_those_of_each_resource(a in capacity(), b in capacity()) {
            let fits = fields(&a).iter().zip(fields(&b)).all(|(a, b)| b <= *a);
            prop_assert_eq!(a.covers(&b), fits);
            prop_assert_eq!(a.minus(&b).is_some(), fits);
            let countable = fields(&a).iter().zip(fields(&b)).all(|(a, b)| a + b <= u64::from(u32::MAX));
            prop_assert_eq!(a.plus(&b).is_some(), countable);
            prop_assert_eq!(a.plus(&b), b.plus(&a));
            if let Some(sum) = a.plus(&b) {
                prop_assert_eq!(sum.minus(&b), Some(a));
                prop_assert!(sum.covers(&a) && sum.covers(&b));
            }
            if let Some(rest) = a.minus(&b) {
                prop_assert_eq!(rest.plus(&b), Some(a));
            }
        }

        #[test]
        fn reputation_stays_within_its_bounds_in_any_sequence(
            start in 0..=Reputation::MOST,
            sequence in prop::collection::vec(prop::sample::select(&OUTCOMES[..]), 0..400),
        ) {
            let mut reputation = Reputation(start);
            for outcome in sequence {
                let next = reputation.after(outcome);
                prop_assert!(next.0 <= Reputation::MOST);
                let good = matches!(outcome, Outcome::Available | Outcome::Served);
                prop_assert_eq!(next.cmp(&reputation).is_ge(), good || next == reputation);
                // It stands still only at an end, or where being available leads no further.
                let idle = outcome == Outcome::Available && reputation.0 >= Reputation::BEGIN;
                prop_assert!(next != reputation || idle || [0, Reputation::MOST].contains(&next.0));
                reputation = next;
            }
        }
    }
}
