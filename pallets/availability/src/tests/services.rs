//! Pages of services: voted about as those of licenses are, and read by who pays, not handed on.

use super::*;
use ratio1_primitives::{
    ballot::Ballot,
    traits::{AvailabilityProvider, ClockInspect},
    PAGE_SIZE,
};

/// A ballot about three licenses and `services`.
fn serving(services: &[u8]) -> Ballot {
    Ballot::new(summary(1), &[255; 3], services).unwrap()
}

fn with_services(count: u32, test: impl FnOnce()) {
    new_test_ext(3, 3).execute_with(|| {
        run_to_epoch(1);
        ServicesInUse::set(count);
        run_to_epoch(2);
        test();
        Availability::do_try_state().unwrap();
    });
}

fn vote(services: [&[u8]; 3]) {
    let ballots: Vec<_> = (0u16..).zip(services).map(|(seat, bytes)| (seat, serving(bytes))).collect();
    settle(1, &ballots);
}

#[test]
fn services_get_the_median_when_an_epoch_is_finalised() {
    with_services(2, || {
        assert_eq!(FrozenSets::<Test>::get(e(1)).unwrap().services, 2);
        assert_eq!(Availability::last_finalised(), None);
        vote([&[255, 0], &[200, 10], &[10, 20]]);
        assert_eq!(Availability::service_page(e(1), 0).unwrap().into_inner(), [200, 10]);
        assert_eq!(Availability::service_page(e(1), 1), None);
        assert_eq!(Availability::service_page(e(2), 0), None);
        // Rewards see the licenses alone.
        assert_eq!(credited(1), [255; 3]);
        assert_eq!(Finalised::get(), [e(1)]);
        assert_eq!(Availability::last_finalised(), Some(e(1)));
        assert_eq!(Availability::threshold(e(1)), Some(parameters().threshold));
    });
}

#[test]
fn services_fill_pages_of_their_own_when_they_are_many() {
    let count = PAGE_SIZE + 2;
    with_services(count, || {
        let bytes = vec![9; count as usize];
        vote([&bytes, &bytes, &bytes]);
        assert_eq!(Availability::service_page(e(1), 0).unwrap().len(), PAGE_SIZE as usize);
        assert_eq!(Availability::service_page(e(1), 1).unwrap().into_inner(), [9, 9]);
    });
}

#[test]
fn number_of_services_is_frozen_when_the_epoch_ends() {
    with_services(1, || {
        ServicesInUse::set(50);
        vote([&[1], &[1], &[1]]);
        assert_eq!(Availability::service_page(e(1), 0).unwrap().into_inner(), [1]);
        run_to_epoch(3);
        assert_eq!(FrozenSets::<Test>::get(e(2)).unwrap().services, 50);
    });
}

#[test]
fn epoch_is_voted_about_when_there_are_services_and_no_licenses() {
    new_test_ext(1, 0).execute_with(|| {
        run_to_epoch(1);
        ServicesInUse::set(1);
        run_to_epoch(2);
        assert!(matches!(state(1), EpochState::Voting(_)));
    });
}

#[test]
fn newest_finalised_epoch_is_told_when_an_older_one_is_open() {
    with_services(0, || {
        run_to_epoch(3);
        let three = |epoch| unanimous(epoch, 3, &[255; 3]);
        run_to_phase(2, Some(Phase::Commit));
        settle(2, &three(2));
        assert_eq!(Availability::last_finalised(), Some(e(2)));
        assert_eq!(Finalised::get(), [e(2)]);
    });
}

#[test]
fn clock_is_known_when_the_first_block_is_made() {
    new_test_ext(1, 1).execute_with(|| {
        assert_eq!(<Availability as ClockInspect>::clock(), None);
        block();
        assert_eq!(<Availability as ClockInspect>::clock(), Clock::<Test>::get());
        assert!(Clock::<Test>::get().is_some());
    });
}
