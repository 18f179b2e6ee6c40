//! The byte of a service in a ballot: how much of what could be expected of it in the epoch it ran.

use crate::{
    counts::{Bitmap, EpochCounts},
    ports::HeartbeatChain,
};
use ratio1_ports::ChainError;
use ratio1_primitives::{
    ballot::Frozen,
    clock::{availability_byte, Gaps},
    jobs::ServiceTerm,
    pages, AccountId, ClockParams, EpochIndex, EpochParams, Hash, PAGE_SIZE,
};

/// The availability byte of a service in `epoch`, from the slots in which it was reported to run.
///
/// Beats are expected to report it in the slots that begin within its term and within the epoch and are in no gap: its
/// window `W`. As much grace as a license has in the whole epoch is taken off that (`E = W - (slots - gaps - M)`), and the
/// byte is the share of `E` in which it ran, 255 at most. In particular:
///
/// - A service the chain does not know, or whose term ended before the epoch began, has 0: it did not run in it.
/// - One that was accepted in the epoch but is still within the allowance for its start when the epoch ends has 255, and
///   so has one whose window is no longer than the grace: nothing could be expected. The chain pays it only for the time
///   since its acceptance.
/// - One that this oracle learned of late, since finality stood still, is expected from later: by as long as it did.
/// - One that this oracle did not know while the epoch ran (`expected` is `None`) has 255: it counted nothing, and could
///   not. If most oracles were in that case, [`finalised`](crate::ballots::finalised) tells the chain, which then neither pays
///   nor charges nor judges the epoch, so the byte serves nobody. If this one was alone, the median is that of the others: a
///   0 would be a word against an honest node without a measurement behind it, while 255 is what all honest oracles say of
///   an honest one, and it takes more than half of them to lift a node that was down.
pub fn service_byte(
    term: Option<&ServiceTerm>,
    expected: Option<u64>,
    running: Option<&Bitmap>,
    clock: &ClockParams,
    epoch: EpochIndex,
    frozen: (&EpochParams, &Gaps),
) -> u8 {
    let (params, gaps) = frozen;
    let start = clock.epoch_start(epoch);
    let end = start.saturating_add(clock.epoch_ms);
    let Some(term) = term.filter(|term| term.until.is_none_or(|until| until > start)) else { return 0 };
    let Some(from) = expected.map(|expected| expected.max(term.from)).filter(|from| *from < end) else {
        // ADR 0021: what nothing could be expected of, or nobody here knew, has no byte against it.
        return u8::MAX;
    };
    // The first slot that does not begin before a moment of the epoch.
    let slot_from = |moment: u64| {
        let slot = moment.saturating_sub(start).div_ceil(u64::from(params.beat_ms).max(1));
        u32::try_from(slot).unwrap_or(u32::MAX).min(params.slots)
    };
    let (first, past) = (slot_from(from), slot_from(term.until.unwrap_or(end).min(end)));
    let outside = |from: u32, to: u32| to.saturating_sub(from).saturating_sub(gaps.within(from, to));
    let grace = outside(0, params.slots).saturating_sub(params.expected);
    match outside(first, past).saturating_sub(grace) {
        0 => u8::MAX,
        expected => {
            let ran = running.map_or(0, |slots| slots.count_outside(first, past, gaps));
            availability_byte(ran, expected)
        }
    }
}

/// The bytes of the services of a frozen epoch, by the terms that the chain knows at block `at`.
pub fn service_bytes(
    chain: &dyn HeartbeatChain,
    at: Hash,
    clock: &ClockParams,
    counts: &EpochCounts,
    frozen: &Frozen<AccountId>,
) -> Result<Vec<u8>, ChainError> {
    let mut bytes = Vec::new();
    for page in 0..pages(frozen.services) {
        let first = page.saturating_mul(PAGE_SIZE);
        let past = first.saturating_add(PAGE_SIZE).min(frozen.services);
        let mut terms = chain.services(at, page)?;
        terms.sort_unstable_by_key(|term| term.index);
        bytes.extend((first..past).map(|index| {
            let term = terms.binary_search_by_key(&index, |term| term.index).ok().and_then(|place| terms.get(place));
            let expected = term.and_then(|term| counts.known(term));
            let ran = counts.service(index);
            service_byte(term, expected, ran, clock, counts.epoch(), (&frozen.params, &frozen.gaps))
        }));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{jobs::SlotRef, JobId, LicenseId};

    const CLOCK: ClockParams = ClockParams { genesis_moment: 1_000, epoch_ms: 60_000 };
    const PARAMS: EpochParams =
        EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };
    /// Epoch 2 begins.
    const START: u64 = 121_000;
    const END: u64 = START + 60_000;

    fn term(from: u64, until: Option<u64>) -> ServiceTerm {
        let slot = SlotRef { job: JobId(1), slot: 0 };
        ServiceTerm { index: 0, slot, license: LicenseId(0), from, until }
    }

    fn ran(slots: impl IntoIterator<Item = u32>) -> Bitmap {
        let mut bits = Bitmap::new(PARAMS.slots);
        slots.into_iter().for_each(|slot| assert!(bits.set(slot)));
        bits
    }

    /// In epoch 2, known since ever.
    fn byte(from: u64, until: Option<u64>, slots: impl IntoIterator<Item = u32>) -> u8 {
        known_byte(Some(0), from, until, slots)
    }

    fn known_byte(expected: Option<u64>, from: u64, until: Option<u64>, slots: impl IntoIterator<Item = u32>) -> u8 {
        let frozen = (&PARAMS, &Gaps::default());
        service_byte(Some(&term(from, until)), expected, Some(&ran(slots)), &CLOCK, EpochIndex(2), frozen)
    }

    fn never_reported(term: Option<&ServiceTerm>, epoch: u32, params: &EpochParams) -> u8 {
        service_byte(term, Some(0), None, &CLOCK, EpochIndex(epoch), (params, &Gaps::default()))
    }

    #[test]
    fn service_is_expected_from_later_when_this_oracle_learned_of_it_late() {
        // Accepted in time for the whole epoch, and known here in the middle of it.
        assert_eq!(known_byte(Some(START + 30_000), START, None, 60..120), 255);
        assert_eq!(known_byte(Some(START + 30_000), START, None, 60..86), 127);
        assert_eq!(known_byte(Some(START + 30_000), START, None, []), 0);
        assert_eq!(known_byte(Some(START), START + 30_000, None, 60..120), 255, "never before its term");
    }

    #[test]
    fn service_has_all_when_this_oracle_could_not_know_it_while_the_epoch_ran() {
        assert_eq!(known_byte(None, START, None, []), 255);
        assert_eq!(known_byte(Some(END), START, None, []), 255);
        assert_eq!(known_byte(Some(END - 1), START, None, []), 255);
        assert_eq!(known_byte(None, 0, Some(START), []), 0, "it did not run in the epoch at all");
    }

    /// Slots 40 to 79 had no blocks, so M is 72.
    #[test]
    fn slots_without_blocks_are_no_part_of_a_service() {
        let params = EpochParams { expected: 72, ..PARAMS };
        let mut gaps = Gaps::default();
        gaps.add(40, 80);
        let byte = |from, slots: Vec<u32>| {
            service_byte(Some(&term(from, None)), Some(0), Some(&ran(slots)), &CLOCK, EpochIndex(2), (&params, &gaps))
        };
        assert_eq!(byte(0, (0..40).chain(80..120).collect()), 255);
        assert_eq!(byte(0, (0..120).collect()), 255);
        assert_eq!(byte(0, (0..36).collect()), 127);
        assert_eq!(byte(0, (40..80).collect()), 0, "beats within the gap make up for nothing");
        assert_eq!(byte(START + 30_000, (80..112).collect()), 255, "half of the gap is before its term");
        assert_eq!(byte(START + 30_000, (80..96).collect()), 127);
    }

    #[test]
    fn service_is_measured_like_a_license_when_its_term_spans_the_epoch() {
        for until in [None, Some(END), Some(END + 1)] {
            for from in [0, START - 1, START] {
                assert_eq!(byte(from, until, 0..120), 255);
                assert_eq!(byte(from, until, 8..120), 255, "grace");
                assert_eq!(byte(from, until, 9..120), 252);
                assert_eq!(byte(from, until, 0..56), 127);
                assert_eq!(byte(from, until, []), 0);
            }
        }
        assert_eq!(never_reported(Some(&term(0, None)), 2, &PARAMS), 0, "never reported");
    }

    #[test]
    fn service_is_measured_within_its_term_when_it_begins_or_ends_in_the_epoch() {
        // 60 slots, less 8 of grace.
        assert_eq!(byte(START + 30_000, None, 60..120), 255);
        assert_eq!(byte(START + 30_000, None, 60..112), 255);
        assert_eq!(byte(START + 30_000, None, 60..86), 127);
        assert_eq!(byte(START + 30_000, None, 0..60), 0, "before its term");
        assert_eq!(byte(0, Some(START + 30_000), 0..26), 127);
        assert_eq!(byte(0, Some(START + 30_000), 60..120), 0, "after its term");
        // A slot belongs to the term if it begins within it: here slots 1 to 60 do, then 61 to 119.
        assert_eq!(byte(START + 1, Some(START + 30_001), [0, 61]), 0);
        assert_eq!(byte(START + 1, Some(START + 30_001), 1..=52), 255);
        assert_eq!(byte(START + 1, Some(START + 30_001), 1..=51), 250);
        assert_eq!(byte(START + 30_001, None, 61..=110), 250);
        assert_eq!(byte(START + 30_001, None, 61..=111), 255);
    }

    #[test]
    fn nothing_is_lost_when_nothing_could_be_expected() {
        assert_eq!(byte(END, None, []), 255, "still starting");
        assert_eq!(byte(END + 90_000, None, []), 255);
        assert_eq!(byte(END - 1, None, []), 255, "no slot begins within the term");
        assert_eq!(byte(END - 8 * 500, None, []), 255, "no more than grace");
        assert_eq!(byte(END - 9 * 500, None, []), 0);
        assert_eq!(byte(END - 9 * 500, None, [119]), 255);
        assert_eq!(byte(0, Some(START + 1), []), 255);
        assert_eq!(byte(START + 40_000, Some(START + 10_000), []), 255, "ended while it was starting");
    }

    #[test]
    fn service_that_did_not_run_in_the_epoch_has_nothing() {
        assert_eq!(byte(0, Some(START), 0..120), 0);
        assert_eq!(byte(0, Some(START - 1), 0..120), 0);
        assert_eq!(byte(END, Some(START), 0..120), 0, "ended while it was starting, before the epoch");
        assert_eq!(never_reported(None, 2, &PARAMS), 0);
    }

    #[test]
    fn odd_parameters_neither_panic_nor_invent_beats() {
        let odd = |params: EpochParams| never_reported(Some(&term(0, None)), 2, &params);
        assert_eq!(odd(EpochParams { beat_ms: 0, ..PARAMS }), 0);
        assert_eq!(odd(EpochParams { expected: 200, ..PARAMS }), 0);
        assert_eq!(odd(EpochParams::default()), 255);
        assert_eq!(never_reported(Some(&term(0, None)), u32::MAX, &PARAMS), 0);
    }

    proptest::proptest! {
        /// Against the definition, slot by slot.
        #[test]
        fn byte_is_the_share_of_the_window_in_which_it_ran(
            from in START - 10_000..END + 10_000,
            until in proptest::option::of(START - 10_000..END + 10_000),
            slots in proptest::collection::btree_set(0u32..120, 0..120),
        ) {
            let begin = |slot: u32| START + u64::from(slot) * 500;
            let within = |slot: &u32| begin(*slot) >= from && until.is_none_or(|until| begin(*slot) < until);
            let window = (0..120).filter(within).count();
            let good = slots.iter().filter(|slot| within(slot)).count();
            let expected = match (until, window.saturating_sub(8)) {
                (Some(until), _) if until <= START => 0,
                _ if from >= END => 255,
                (_, 0) => 255,
                (_, expected) => (good * 255 / expected).min(255),
            };
            proptest::prop_assert_eq!(usize::from(byte(from, until, slots)), expected);
        }
    }
}
