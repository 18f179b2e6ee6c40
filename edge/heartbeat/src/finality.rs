//! How finality moves, as this oracle sees it.
//!
//! What an oracle knows of nodes and services it knows from finalised state. While finality stands still it learns of
//! nothing new, and must hold that against nobody: not against services that were accepted meanwhile, and not against
//! nodes that it takes to be absent.

use codec::{Decode, Encode};
use ratio1_primitives::{BlockNumber, ClockParams};

/// Between two finalised blocks there may be this part of an epoch, within bounds, before finality stands still: the
/// measure by which the chain tells a gap between two blocks.
const PART_OF_EPOCH: u64 = 60;
const BOUNDS_MS: (u64, u64) = (15_000, 60_000);

/// How long, in milliseconds, finality may take before it stands still.
pub fn patience_ms(clock: &ClockParams) -> u64 {
    clock.epoch_ms.checked_div(PART_OF_EPOCH).unwrap_or(0).clamp(BOUNDS_MS.0, BOUNDS_MS.1)
}

/// A finalised block, and when this oracle learned of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Seen {
    /// Its height.
    pub height: BlockNumber,
    /// Unix milliseconds.
    pub at: u64,
}

impl Seen {
    /// For how long finality has stood still at `now`; zero while that is no longer than usual.
    pub fn standstill(&self, now: u64, clock: &ClockParams) -> u64 {
        let passed = now.saturating_sub(self.at);
        if passed > patience_ms(clock) {
            passed
        } else {
            0
        }
    }
}

/// Follows finality. Not persisted: a process that starts has seen nothing yet, but for what [`Self::resume`] tells it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Finality {
    seen: Option<Seen>,
    since: Option<u64>,
    /// When it last moved after standing still, and for how long it had.
    stood: Option<(u64, u64)>,
}

impl Finality {
    /// The finalised head is at `height` at `now`.
    pub fn observe(&mut self, height: BlockNumber, now: u64, clock: &ClockParams) {
        let standstill = match self.seen {
            Some(seen) if height <= seen.height => return,
            Some(seen) => seen.standstill(now, clock),
            None => 0,
        };
        if standstill > 0 {
            self.stood = Some((now, standstill));
        }
        if standstill > 0 || self.since.is_none_or(|since| since > now) {
            self.since = Some(now);
        }
        self.seen = Some(Seen { height, at: now });
    }

    /// An earlier process had last seen this, and this one goes on at `now`: what became final between is learned late.
    pub fn resume(&mut self, before: Seen, now: u64, clock: &ClockParams) {
        let standstill = before.standstill(now, clock);
        if standstill > 0 {
            self.stood = Some((now, standstill));
        }
    }

    /// By how much what is learned at `now` may be later than it would be with a finality that moves: as long as it had
    /// stood still. Catching up may take some blocks, so that holds for a little longer.
    pub fn late(&self, now: u64, clock: &ClockParams) -> u64 {
        let recent = self.stood.filter(|(ended, _)| now.saturating_sub(*ended) <= patience_ms(clock));
        recent.map_or(0, |(_, standstill)| standstill)
    }

    /// The newest finalised block.
    pub fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// Since when finality has moved without standing still; `None` if it does not at `now`.
    pub fn steady_since(&self, now: u64, clock: &ClockParams) -> Option<u64> {
        self.seen.filter(|seen| seen.standstill(now, clock) == 0).and(self.since)
    }

    /// The oracle does not count now: it is steady from the next block on.
    pub fn interrupt(&mut self) {
        self.since = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: ClockParams = ClockParams { genesis_moment: 0, epoch_ms: 60_000 };

    #[test]
    fn finality_stands_still_when_it_takes_longer_than_the_chain_forgives() {
        let patience = |epoch_ms| patience_ms(&ClockParams { epoch_ms, ..CLOCK });
        assert_eq!(
            [24_000, 60_000, 1_200_000, 3_600_000, 86_400_000].map(patience),
            [15_000, 15_000, 20_000, 60_000, 60_000]
        );
        let mut finality = Finality::default();
        assert_eq!((finality.seen(), finality.steady_since(0, &CLOCK)), (None, None));
        finality.observe(10, 1_000, &CLOCK);
        finality.observe(11, 16_000, &CLOCK);
        assert_eq!(finality.late(16_000, &CLOCK), 0, "as long as usual");
        finality.observe(11, 30_000, &CLOCK);
        assert_eq!(finality.seen(), Some(Seen { height: 11, at: 16_000 }), "the same block");
        assert_eq!(finality.steady_since(31_000, &CLOCK), Some(1_000));
        assert_eq!(finality.steady_since(31_001, &CLOCK), None, "it stands still");
        finality.observe(12, 40_000, &CLOCK);
        assert_eq!([40_000, 55_000, 55_001].map(|now| finality.late(now, &CLOCK)), [24_000, 24_000, 0]);
        assert_eq!(finality.steady_since(40_000, &CLOCK), Some(40_000));
        finality.interrupt();
        assert_eq!(finality.steady_since(40_000, &CLOCK), None);
        finality.observe(13, 41_000, &CLOCK);
        assert_eq!(finality.steady_since(41_000, &CLOCK), Some(41_000));
    }

    #[test]
    fn what_became_final_while_the_process_was_away_is_learned_late() {
        let mut finality = Finality::default();
        finality.observe(50, 100_000, &CLOCK);
        finality.resume(Seen { height: 40, at: 90_000 }, 100_000, &CLOCK);
        assert_eq!(finality.late(100_000, &CLOCK), 0, "away for a moment");
        finality.resume(Seen { height: 40, at: 60_000 }, 100_000, &CLOCK);
        assert_eq!(finality.late(100_000, &CLOCK), 40_000);
    }
}
