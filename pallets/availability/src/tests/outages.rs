//! Time without blocks is no part of an epoch.

use super::*;
use ratio1_primitives::{clock::Gap, traits::AvailabilityProvider};

/// The gaps of a frozen epoch.
fn gaps(epoch: u32) -> Vec<Gap> {
    FrozenSets::<Test>::get(e(epoch)).unwrap().gaps.iter().collect()
}

fn running_gaps() -> Vec<Gap> {
    Running::<Test>::get().unwrap().gaps.iter().collect()
}

fn expected(epoch: u32) -> u32 {
    FrozenSets::<Test>::get(e(epoch)).unwrap().params.expected
}

/// No blocks for so many seconds, then one.
fn outage(seconds: u64) {
    Now::mutate(|now| *now += seconds * 1_000 - BLOCK_MS);
    block();
}

/// A chain in the first block of epoch 1, which is not void.
fn in_epoch_one(test: impl FnOnce()) {
    new_test_ext(4, 3).execute_with(|| {
        run_to_epoch(1);
        test();
        Availability::do_try_state().unwrap();
    });
}

#[test]
fn epoch_has_no_gap_when_blocks_are_late_by_less_than_the_allowance() {
    in_epoch_one(|| {
        // Authors that back off make a block in twelve seconds; fifteen are no outage yet.
        [12, 15, 12, 9, 12].into_iter().for_each(outage);
        assert_eq!(Availability::current(), e(2));
        assert_eq!((gaps(1), expected(1)), (vec![], 112));
        assert_eq!(LastOutage::<Test>::get(), None);
    });
}

#[test]
fn slots_without_blocks_and_the_time_to_meet_again_are_a_gap_when_the_chain_stands_still() {
    in_epoch_one(|| {
        block();
        // From second 3 to second 21 of the epoch no block, then fifteen seconds of allowance.
        outage(18);
        assert_eq!(running_gaps(), [Gap { from: 6, to: 72 }]);
        assert!(events().contains(&Event::TimeLost { from: START + 63_000, until: START + 96_000 }));
        assert_eq!(Availability::clock_info().params.expected, 112 - 66);
        run_to_epoch(2);
        assert_eq!((gaps(1), expected(1)), (vec![Gap { from: 6, to: 72 }], 112 - 66));
        // Parameters that have nothing to do with it stay.
        let frozen = FrozenSets::<Test>::get(e(1)).unwrap();
        assert_eq!((frozen.params.slots, frozen.params.threshold), (120, 250));
        settle(1, &unanimous(1, 4, &[255; 3]));
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(Availability::epoch_info(e(1)).frozen.unwrap().gaps.within(0, 120), 66);
    });
}

#[test]
fn gap_reaches_into_the_next_epoch_when_the_allowance_does() {
    in_epoch_one(|| {
        blocks(10);
        // From second 30 to second 54, and fifteen more.
        outage(24);
        assert_eq!(running_gaps(), [Gap { from: 60, to: 120 }]);
        run_to_epoch(2);
        assert_eq!((gaps(1), expected(1)), (vec![Gap { from: 60, to: 120 }], 52));
        assert_eq!(running_gaps(), [Gap { from: 0, to: 18 }]);
        run_to_epoch(3);
        assert_eq!((gaps(2), expected(2)), (vec![Gap { from: 0, to: 18 }], 94));
        assert_eq!(running_gaps(), []);
    });
}

/// As it was seen on a network: all nodes of `local` stopped for four minutes.
#[test]
fn epochs_that_an_outage_cuts_are_voted_about_where_enough_of_them_is_left_and_lapse_where_not() {
    in_epoch_one(|| {
        blocks(15);
        // From second 45 of epoch 1 to second 45 of epoch 5: three epochs have no block at all.
        outage(240);
        assert_eq!(Availability::current(), e(5));
        assert_eq!((gaps(1), expected(1)), (vec![Gap { from: 90, to: 120 }], 82));
        assert_eq!(state(1), EpochState::Voting(Phase::Commit));
        assert_eq!([2, 3, 4].map(state), [EpochState::Void, EpochState::Void, EpochState::Void]);
        // Of epoch 5 nothing is left: by second 45 it had no block, and then nodes look for each other.
        assert_eq!(running_gaps(), [Gap { from: 0, to: 120 }]);
        settle(1, &unanimous(1, 4, &[255; 3]));
        assert_eq!(state(1), EpochState::Finalised);

        run_to_epoch(6);
        assert_eq!(state(5), EpochState::Lapsed);
        assert!(events().contains(&Event::EpochLapsed { epoch: e(5), cause: LapseCause::Outage }));
        assert_eq!(Passed::get().last(), Some(&(e(5), e(5))));
        assert!(Availability::is_closed(e(5)) && Availability::oldest_open() == e(6));
        assert_eq!(Availability::epoch_info(e(5)).frozen.unwrap().gaps.within(0, 120), 120);
        assert_eq!(<Availability as AvailabilityProvider>::known(e(5)), None);
        run_to_epoch(7);
        assert_eq!((state(6), gaps(6)), (EpochState::Voting(Phase::Commit), vec![]));
    });
}

#[test]
fn lost_epoch_and_those_without_blocks_are_told_as_one_range_when_one_follows_the_other() {
    in_epoch_one(|| {
        outage(240);
        assert_eq!(state(1), EpochState::Lapsed);
        assert_eq!([2, 4].map(state), [EpochState::Void, EpochState::Void]);
        assert!(events().contains(&Event::EpochsVoided { first: e(2), last: e(4) }));
        assert_eq!(Passed::get().last(), Some(&(e(1), e(4))));
    });
}

#[test]
fn epoch_is_voted_about_when_an_eighth_of_it_is_left_and_lapses_when_less_is() {
    // The first block after the outage is at second 37.5 or 36 of the epoch: 120 slots less 105, or less 108.
    for (last, seconds, state_then) in [(0, 37_500, EpochState::Voting(Phase::Commit)), (0, 38_000, EpochState::Lapsed)]
    {
        in_epoch_one(|| {
            Now::mutate(|now| *now += last + seconds - BLOCK_MS);
            block();
            run_to_epoch(2);
            assert_eq!(state(1), state_then, "{:?}", gaps(1));
        });
    }
}

#[test]
fn gaps_are_one_when_the_next_outage_begins_within_the_allowance() {
    in_epoch_one(|| {
        outage(18);
        outage(18);
        assert_eq!(running_gaps(), [Gap { from: 0, to: 102 }]);
        assert_eq!(LastOutage::<Test>::get(), Some(Outage { from: START + 60_000, until: START + 111_000 }));
    });
}

#[test]
fn every_gap_is_kept_when_there_are_many() {
    new_test_ext(1, 1).execute_with(|| {
        EpochLength::<Test>::put(24 * EPOCH_MS);
        run_to_epoch_of(24, 1);
        // The allowance of an epoch of 24 minutes is 24 seconds.
        for _ in 0..12 {
            outage(27);
            blocks(15);
        }
        let gaps = running_gaps();
        assert_eq!(gaps.len(), 12, "{gaps:?}");
        assert!(gaps.iter().all(|gap| gap.to - gap.from == 2 * (27 + 24)));
        run_to_epoch_of(24, 2);
        assert_eq!(expected(1), 24 * 120 - 8 - 12 * 102);
    });

    fn run_to_epoch_of(minutes: u64, epoch: u32) {
        while Now::get() < START + u64::from(epoch) * minutes * 60_000 {
            block();
        }
        assert_eq!(Availability::current(), e(epoch));
    }
}

#[test]
fn allowance_is_a_sixtieth_of_an_epoch_within_its_bounds() {
    assert_eq!([24_000, 60_000, 3_600_000, 86_400_000].map(allowance), [15_000, 15_000, 60_000, 60_000]);
    assert_eq!(allowance(1_800_000), 30_000);
}
