//! Periods of a service: what is accounted for, and what can be released.

use super::*;
use proptest::prelude::*;
use ratio1_primitives::jobs::PERIOD;

/// A service of `epochs` epochs that has left, or runs.
fn service(epochs: u32, has_left: bool) -> Service<u8> {
    let ends = e(FIRST + epochs);
    Service {
        slot: SlotRef { job: JobId(3), slot: 1 },
        license: LicenseId(7),
        payee: 0,
        block: 0,
        accepted: 0,
        expected: 0,
        first: e(FIRST),
        ends,
        leaving: false,
        left: has_left.then_some(ServiceEnd { at: 0, last: ends.minus(1) }),
        counts: true,
        recent: Default::default(),
        periods: Default::default(),
        released: 0,
    }
}

fn settle_all(service: &mut Service<u8>, epochs: core::ops::Range<u32>) {
    epochs.for_each(|epoch| service.settle(e(epoch), 1).unwrap());
}

#[test]
fn period_is_due_when_two_epochs_have_passed_and_all_are_settled() {
    let mut service = service(100, false);
    settle_all(&mut service, FIRST..FIRST + 29);
    assert_eq!(service.due(e(FIRST + 90)), 0, "its last epoch is not settled");
    settle_all(&mut service, FIRST + 29..FIRST + 33);
    assert_eq!(service.due(e(FIRST + 31)), 0);
    assert_eq!(service.due(e(FIRST + 32)), 1);
    assert_eq!(service.due(e(FIRST + 90)), 1);
}

#[test]
fn period_waits_when_the_one_before_it_does() {
    let mut service = service(100, false);
    settle_all(&mut service, FIRST..FIRST + 20);
    settle_all(&mut service, FIRST + 21..FIRST + 90);
    assert_eq!(service.due(e(FIRST + 99)), 0);
    service.settle(e(FIRST + 20), 1).unwrap();
    assert_eq!(service.due(e(FIRST + 99)), 3);
}

#[test]
fn last_period_is_due_when_the_service_has_left() {
    let mut runs = service(40, false);
    settle_all(&mut runs, FIRST..FIRST + 40);
    assert_eq!(runs.due(e(FIRST + 99)), 1, "more epochs can be put off to its second period");
    let mut left = service(40, true);
    settle_all(&mut left, FIRST..FIRST + 40);
    assert_eq!(left.due(e(FIRST + 41)), 1);
    assert_eq!(left.due(e(FIRST + 42)), 2);
    assert!(!left.is_done());
    left.released = 2;
    assert!(left.is_done());
}

#[test]
fn service_is_done_when_its_only_epoch_is_released() {
    let mut service = service(1, true);
    settle_all(&mut service, FIRST..FIRST + 1);
    assert_eq!((service.due(e(FIRST + 2)), service.due(e(FIRST + 3))), (0, 1));
    assert!(!service.is_done());
    service.released = 1;
    assert!(service.is_done());
}

#[test]
fn node_has_served_when_a_whole_period_is_not_rejected() {
    let mut service = service(70, false);
    settle_all(&mut service, FIRST..FIRST + 40);
    let (whole, part) = (service.periods[0], service.periods[1]);
    assert!(service.has_served(&whole));
    assert!(!service.has_served(&Period { rejected: 1, ..whole }));
    assert!(!service.has_served(&Period { accrued: 0, ..whole }));
    // It failed later: that is another matter.
    service.left = Some(ServiceEnd { at: 900, last: e(FIRST + 39) });
    assert!(service.has_served(&whole));
    assert!(!service.has_served(&part));
}

#[test]
fn few_periods_are_stored_when_thousands_lapse() {
    let mut service = service(9_000, false);
    settle_all(&mut service, FIRST..FIRST + 35);
    // The epoch in which the chain stopped is still open.
    service.settle_lapsed(e(FIRST + 36), e(FIRST + 7_000)).unwrap();
    let stored: Vec<u32> = service.periods.iter().map(|period| period.index).collect();
    assert_eq!(stored, [0, 1, 233]);
    let settled = |epoch| service.is_settled(e(epoch));
    assert!(settled(FIRST + 34) && !settled(FIRST + 35) && settled(FIRST + 36));
    assert!(settled(FIRST + 3_000) && settled(FIRST + 7_000) && !settled(FIRST + 7_001));
    assert_eq!(service.due(e(FIRST + 7_100)), 1);
    service.settle(e(FIRST + 35), 1).unwrap();
    assert_eq!(service.due(e(FIRST + 7_100)), 2);
}

#[test]
fn settling_fails_when_too_many_periods_are_open() {
    let mut service = service(9_000, false);
    let most = MAX_OPEN_PERIODS * PERIOD;
    service.settle(e(FIRST + most - 1), 1).unwrap();
    assert_eq!(service.settle(e(FIRST + most), 1), None);
    service.periods.remove(0);
    service.released = 1;
    assert_eq!(service.settle(e(FIRST + most), 1), Some(()));
    assert_eq!(service.settle(e(FIRST), 1), None, "it is released");
    assert_eq!(service.settle_lapsed(e(FIRST), e(FIRST)), None);
}

/// What becomes of the epochs of a service, in order: for each range how many they are, whether they lapse, and how
/// many ranges late they are closed at most.
fn fates() -> impl Strategy<Value = Vec<(u32, bool, usize)>> {
    let finalised = (Just(1u32), Just(false), 0usize..20);
    let lapsed = (Just(1u32), Just(true), 0usize..20);
    // Void epochs are closed as soon as they are over.
    let void = (1u32..400, Just(true), Just(0usize));
    proptest::collection::vec(prop_oneof![5 => finalised, 2 => lapsed, 1 => void], 1..100)
}

/// The ranges in the order in which they are closed: none is open for more than 60 epochs.
fn in_order(fates: Vec<(u32, bool, usize)>) -> Vec<(u32, u32, bool)> {
    let begins: Vec<u32> =
        fates.iter().scan(FIRST, |next, fate| Some(core::mem::replace(next, *next + fate.0))).collect();
    let mut ranges = Vec::new();
    for (at, ((length, lapses, late), first)) in fates.into_iter().zip(&begins).enumerate() {
        let young = begins[at..].iter().filter(|begin| **begin < first + 60).count() - 1;
        ranges.push((at + late.min(young), (*first, first + length - 1, lapses)));
    }
    ranges.sort_unstable();
    ranges.into_iter().map(|(_, range)| range).collect()
}

proptest! {
    /// Whatever order epochs are closed in, and whatever is released meanwhile.
    #[test]
    fn every_epoch_is_settled_once_when_they_close_in_any_order(fates in fates()) {
        let next = FIRST + fates.iter().map(|fate| fate.0).sum::<u32>();
        let ranges = in_order(fates);
        let mut service = service(next - FIRST, true);
        let (mut closed, mut released) = (alloc::collections::BTreeSet::new(), 0);
        for (first, last, lapses) in &ranges {
            prop_assert!(!service.is_settled(e(*first)));
            let done = match lapses {
                true => service.settle_lapsed(e(*first), e(*last)),
                false => service.settle(e(*first), 1),
            };
            prop_assert_eq!(done, Some(()));
            closed.extend(*first..=*last);
            for epoch in FIRST..next {
                prop_assert_eq!(service.is_settled(e(epoch)), closed.contains(&epoch), "{}", epoch);
            }
            for _ in 0..service.due(e(next + REJECTION_EPOCHS)) {
                let period = service.periods.remove(0);
                service.released = period.index + 1;
                released += period.accrued;
            }
        }
        prop_assert!(service.is_done());
        prop_assert!(service.periods.is_empty());
        prop_assert_eq!(released, ranges.iter().filter(|range| !range.2).count() as u128);
    }
}
