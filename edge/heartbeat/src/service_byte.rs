//! The byte of a service in a ballot: how much of what could be expected of it in the epoch it ran.

use crate::{
    counts::{Bitmap, EpochCounts},
    ports::{Chain, ChainError},
};
use ratio1_primitives::{
    clock::availability_byte, jobs::ServiceTerm, pages, ClockParams, EpochIndex, EpochParams, Hash, PAGE_SIZE,
};

/// The availability byte of a service in `epoch`, from the slots in which it was reported to run.
///
/// Beats are expected to report it in the slots that begin within its term and within the epoch: its window `W`. As much
/// grace as a license has in the whole epoch is taken off that (`E = W - (slots - M)`), and the byte is the share of
/// `E` in which it ran, 255 at most. In particular:
///
/// - A service the chain does not know, or whose term ended before the epoch began, has 0: it did not run in it.
/// - One that was accepted in the epoch but is still within the allowance for its start when the epoch ends has 255, and
///   so has one whose window is no longer than the grace: nothing could be expected. The chain pays it only for the time
///   since its acceptance.
pub fn service_byte(
    term: Option<&ServiceTerm>,
    running: Option<&Bitmap>,
    clock: &ClockParams,
    epoch: EpochIndex,
    params: &EpochParams,
) -> u8 {
    let start = clock.epoch_start(epoch);
    let end = start.saturating_add(clock.epoch_ms);
    let Some(term) = term.filter(|term| term.until.is_none_or(|until| until > start)) else { return 0 };
    if term.from >= end {
        return u8::MAX;
    }
    // The first slot that does not begin before a moment of the epoch.
    let slot_from = |moment: u64| {
        let slot = moment.saturating_sub(start).div_ceil(u64::from(params.beat_ms).max(1));
        u32::try_from(slot).unwrap_or(u32::MAX).min(params.slots)
    };
    let (first, past) = (slot_from(term.from), slot_from(term.until.unwrap_or(end).min(end)));
    let grace = params.slots.saturating_sub(params.expected);
    match past.saturating_sub(first).saturating_sub(grace) {
        0 => u8::MAX,
        expected => {
            let ran = running.map_or(0, |slots| slots.count_below(past).saturating_sub(slots.count_below(first)));
            availability_byte(ran, expected)
        }
    }
}

/// The bytes of the first `services` services, by the terms that the chain knows at block `at`.
pub fn service_bytes(
    chain: &dyn Chain,
    at: Hash,
    clock: &ClockParams,
    counts: &EpochCounts,
    services: u32,
    params: &EpochParams,
) -> Result<Vec<u8>, ChainError> {
    let mut bytes = Vec::new();
    for page in 0..pages(services) {
        let first = page.saturating_mul(PAGE_SIZE);
        let past = first.saturating_add(PAGE_SIZE).min(services);
        let mut terms = chain.services(at, page)?;
        terms.sort_unstable_by_key(|term| term.index);
        bytes.extend((first..past).map(|index| {
            let term = terms.binary_search_by_key(&index, |term| term.index).ok().and_then(|place| terms.get(place));
            service_byte(term, counts.service(index), clock, counts.epoch(), params)
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

    /// In epoch 2.
    fn byte(from: u64, until: Option<u64>, slots: impl IntoIterator<Item = u32>) -> u8 {
        service_byte(Some(&term(from, until)), Some(&ran(slots)), &CLOCK, EpochIndex(2), &PARAMS)
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
        assert_eq!(service_byte(Some(&term(0, None)), None, &CLOCK, EpochIndex(2), &PARAMS), 0, "never reported");
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
        assert_eq!(service_byte(None, Some(&ran(0..120)), &CLOCK, EpochIndex(2), &PARAMS), 0);
    }

    #[test]
    fn odd_parameters_neither_panic_nor_invent_beats() {
        let odd = |params: EpochParams| service_byte(Some(&term(0, None)), None, &CLOCK, EpochIndex(2), &params);
        assert_eq!(odd(EpochParams { beat_ms: 0, ..PARAMS }), 0);
        assert_eq!(odd(EpochParams { expected: 200, ..PARAMS }), 0);
        assert_eq!(odd(EpochParams::default()), 255);
        let last = service_byte(Some(&term(0, None)), None, &CLOCK, EpochIndex(u32::MAX), &PARAMS);
        assert_eq!(last, 0);
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
