//! How much of an epoch an oracle was itself receiving.
//!
//! A slot is covered when, while this process ran, authentic batches of at least `max(1, f)` *other* oracles of the
//! current set arrived in that slot or in one of the three intervals before it. Oracles send batches at every flush, if
//! need be empty ones, so silence means that a link is down. Beats themselves say nothing: an oracle may hear some nodes and
//! be cut off from the others. The only oracle of a set (`n = 1`) has nobody to hear: for it, it is enough that the
//! process runs.
//!
//! More must not be asked for. With `f` silent oracles and `n - 2f - 1` bad links an honest one of `n = 3f + 1` hears no more
//! than `f`, and if it were not covered then, one dead oracle and one bad link would leave the epoch of four without a quorum.
//! The beats it misses over bad links make bytes of its own ballot smaller, and no others: the median bears that.
//!
//! The worker reports each batch and each tick. Slots in which the process did not run are never covered, though
//! their neighbours are: only slots between two reports of one process at most three intervals apart are filled in.

use crate::counts::EpochCounts;
use ratio1_primitives::{apbft, clock::MAX_BEAT_AGE_SLOTS, ClockParams, VoteId};

/// When an oracle was last heard, in Unix milliseconds.
#[derive(Clone, Debug)]
struct Peer {
    key: VoteId,
    heard: Option<u64>,
}

/// Remembers when each of the other oracles was last heard. Not persisted: a restart hears anew.
#[derive(Clone, Debug, Default)]
pub struct CoverageMeter {
    peers: Vec<Peer>,
    /// How many of them must have been heard; `None` before the set is known.
    needed: Option<usize>,
    /// Since when that many have been heard.
    enough: Option<u64>,
    reported: Option<u64>,
}

impl CoverageMeter {
    /// Take on the current set of `n` oracles, which `others` and this one make up. Who stays keeps what was heard.
    pub fn set_oracles(&mut self, n: usize, others: impl Iterator<Item = VoteId>) {
        let before = std::mem::take(&mut self.peers);
        let heard = |key: &VoteId| before.iter().find(|peer| peer.key == *key).and_then(|peer| peer.heard);
        self.peers = others.map(|key| Peer { heard: heard(&key), key }).collect();
        let faults = usize::try_from(apbft::faults(u32::try_from(n).unwrap_or(u32::MAX))).unwrap_or(usize::MAX);
        self.needed = match n {
            0 => None,
            1 => Some(0),
            // ADR 0022: with f silent and n - 2f - 1 bad links f others are left, so no more may be asked for.
            _ => Some(faults.max(1)),
        };
        self.weigh();
    }

    /// An authentic batch of the oracle with this vote key arrived at `now` (Unix milliseconds).
    pub fn heard(&mut self, oracle: &VoteId, now: u64, clock: &ClockParams, counts: &mut EpochCounts) {
        self.tick(now, clock, counts);
        if let Some(peer) = self.peers.iter_mut().find(|peer| peer.key == *oracle) {
            peer.heard = Some(now);
            self.weigh();
            self.tick(now, clock, counts);
        }
    }

    /// The earliest of the newest hearings that are needed.
    fn weigh(&mut self) {
        let Some(needed) = self.needed else { return };
        let mut heard: Vec<_> = self.peers.iter().filter_map(|peer| peer.heard).collect();
        heard.sort_unstable_by(|a, b| b.cmp(a));
        // With nobody to hear, the process itself is heard for ever.
        self.enough = needed.checked_sub(1).map_or(Some(u64::MAX), |last| heard.get(last).copied());
    }

    /// The process runs at `now`. To be called at least once per interval.
    pub fn tick(&mut self, now: u64, clock: &ClockParams, counts: &mut EpochCounts) {
        if self.reported.is_some_and(|reported| now < reported) {
            // The clock was set back: what was heard in the future was heard now at the latest.
            self.peers.iter_mut().for_each(|peer| peer.heard = peer.heard.map(|heard| heard.min(now)));
            self.weigh();
            self.reported = None;
        }
        let (epoch, params) = (counts.epoch(), *counts.params());
        let beat = u64::from(params.beat_ms).max(1);
        let reach = beat.saturating_mul(u64::from(MAX_BEAT_AGE_SLOTS));
        let start = clock.epoch_start(epoch);
        let since = match self.reported.replace(now) {
            Some(reported) if now.saturating_sub(reported) <= reach => reported,
            _ => now,
        };
        let (Some(enough), Some(last)) = (self.enough, clock.slot_at(epoch, now, &params)) else { return };
        let first = since.saturating_sub(start).checked_div(beat).unwrap_or(0);
        for slot in u32::try_from(first).unwrap_or(u32::MAX)..=last {
            let slot_start = start.saturating_add(beat.saturating_mul(u64::from(slot)));
            let earliest = slot_start.saturating_sub(reach);
            if enough >= earliest {
                counts.cover(slot);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{EpochIndex, EpochParams};
    use sp_core::crypto::ByteArray;

    const CLOCK: ClockParams = ClockParams { genesis_moment: 0, epoch_ms: 60_000 };
    const PARAMS: EpochParams =
        EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };

    fn covered(counts: &EpochCounts) -> Vec<u32> {
        (0..120).filter(|slot| counts.coverage().get(*slot)).collect()
    }

    fn oracle(n: u8) -> VoteId {
        VoteId::from_slice(&[n; 32]).unwrap()
    }

    /// Oracle 0 of `n`.
    fn meter(n: u8) -> CoverageMeter {
        let mut meter = CoverageMeter::default();
        meter.set_oracles(n.into(), (1..n).map(oracle));
        meter
    }

    fn fresh(n: u8) -> (CoverageMeter, EpochCounts) {
        (meter(n), EpochCounts::new(EpochIndex(0), PARAMS))
    }

    #[test]
    fn one_batch_covers_its_slot_and_three_more_while_the_process_runs() {
        let (mut meter, mut counts) = fresh(2);
        meter.heard(&oracle(1), 5_100, &CLOCK, &mut counts);
        (0..40).for_each(|n| meter.tick(5_100 + n * 250, &CLOCK, &mut counts));
        assert_eq!(covered(&counts), [10, 11, 12, 13]);
    }

    #[test]
    fn as_many_oracles_must_be_heard_as_may_be_faulty_and_one_at_least() {
        for (n, needed) in [(2, 1), (3, 1), (4, 1), (7, 2), (10, 3), (40, 13)] {
            let (mut meter, mut counts) = fresh(n);
            (1..needed).chain(1..needed).for_each(|n| meter.heard(&oracle(n), 5_100, &CLOCK, &mut counts));
            meter.heard(&oracle(99), 5_100, &CLOCK, &mut counts);
            assert_eq!(counts.coverage().count(), 0, "{n}");
            meter.heard(&oracle(needed), 5_100, &CLOCK, &mut counts);
            assert_eq!(covered(&counts), [10], "{n}");
        }
    }

    /// The least that the protocol promises: `f` silent, and `n - 2f - 1` of the honest ones out of reach.
    #[test]
    fn oracle_is_covered_when_faults_and_bad_links_are_as_many_as_may_be() {
        for f in 1..=33u8 {
            let n = 3 * f + 1;
            let (mut meter, mut counts) = fresh(n);
            let (silent, out_of_reach) = (1..=f, f + 1..=f + (n - 2 * f - 1));
            let heard = (1..n).filter(|n| !silent.contains(n) && !out_of_reach.contains(n));
            let heard: Vec<_> = heard.collect();
            for slot in 0..120 {
                heard.iter().for_each(|n| meter.heard(&oracle(*n), slot * 500 + 100, &CLOCK, &mut counts));
            }
            assert_eq!(counts.coverage_byte(112, &Default::default()), 255, "{n}: heard {}", heard.len());
        }
    }

    #[test]
    fn the_one_heard_longest_ago_decides() {
        let (mut meter, mut counts) = fresh(7);
        meter.heard(&oracle(1), 5_100, &CLOCK, &mut counts);
        meter.heard(&oracle(2), 6_100, &CLOCK, &mut counts);
        (0..40).for_each(|n| meter.tick(6_100 + n * 250, &CLOCK, &mut counts));
        assert_eq!(covered(&counts), [12, 13]);
    }

    #[test]
    fn silence_covers_nothing_unless_there_is_nobody_to_hear() {
        for (n, byte) in [(1, 255), (2, 0), (4, 0)] {
            let (mut meter, mut counts) = fresh(n);
            (0..240).for_each(|n| meter.tick(n * 250, &CLOCK, &mut counts));
            assert_eq!(counts.coverage_byte(112, &Default::default()), byte);
        }
        let mut counts = EpochCounts::new(EpochIndex(0), PARAMS);
        CoverageMeter::default().tick(5_100, &CLOCK, &mut counts);
        assert_eq!(counts.coverage().count(), 0, "no set is known");
    }

    #[test]
    fn who_stays_in_the_set_keeps_what_was_heard() {
        let (mut meter, mut counts) = fresh(7);
        meter.heard(&oracle(1), 5_100, &CLOCK, &mut counts);
        meter.heard(&oracle(2), 5_100, &CLOCK, &mut counts);
        meter.set_oracles(7, [1, 5, 6, 7, 8, 9].map(oracle).into_iter());
        meter.tick(5_600, &CLOCK, &mut counts);
        assert_eq!(covered(&counts), [10]);
        meter.heard(&oracle(5), 5_600, &CLOCK, &mut counts);
        assert_eq!(covered(&counts), [10, 11]);
    }

    #[test]
    fn slots_in_which_the_process_did_not_run_are_not_covered() {
        let (mut before, mut counts) = fresh(2);
        before.heard(&oracle(1), 5_100, &CLOCK, &mut counts);
        // Restarted two slots later: what the old process heard does not serve the new one.
        let mut after = meter(2);
        after.tick(6_100, &CLOCK, &mut counts);
        after.heard(&oracle(1), 6_600, &CLOCK, &mut counts);
        assert_eq!(covered(&counts), [10, 13]);
    }

    #[test]
    fn a_short_stall_is_filled_in_and_a_long_one_is_not() {
        let (mut meter, mut counts) = fresh(2);
        [5_100, 6_200, 10_100].iter().for_each(|now| meter.heard(&oracle(1), *now, &CLOCK, &mut counts));
        assert_eq!(covered(&counts), [10, 11, 12, 20]);
    }

    #[test]
    fn hearing_reaches_over_the_end_of_an_epoch() {
        let (mut meter, mut counts) = fresh(2);
        meter.heard(&oracle(1), 59_900, &CLOCK, &mut counts);
        let mut next = EpochCounts::new(EpochIndex(1), PARAMS);
        (0..20).for_each(|n| meter.tick(60_000 + n * 250, &CLOCK, &mut next));
        assert_eq!(covered(&next), [0, 1, 2]);
    }

    #[test]
    fn a_clock_set_back_covers_no_slot_for_ever() {
        let (mut meter, mut counts) = fresh(2);
        meter.heard(&oracle(1), 50_000, &CLOCK, &mut counts);
        (0..40).for_each(|n| meter.tick(10_000 + n * 250, &CLOCK, &mut counts));
        assert_eq!(covered(&counts), [20, 21, 22, 23, 100]);
    }
}
