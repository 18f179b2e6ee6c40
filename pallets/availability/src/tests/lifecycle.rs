//! Epochs open, end, are frozen, or are void.

use super::*;

#[test]
fn clock_starts_with_the_time_of_block_one_when_no_moment_is_set() {
    new_test_ext(1, 1).execute_with(|| {
        assert_eq!(Availability::clock_info().clock, None);
        assert_eq!(state(0), EpochState::Future);
        block();
        let info = Availability::clock_info();
        assert_eq!(info.clock.unwrap().genesis_moment, START);
        assert_eq!((info.current, info.params.expected), (e(0), 112));
        assert_eq!(state(0), EpochState::Running);
        assert!(!Availability::is_closed(e(0)));
        assert_eq!(Availability::oldest_open(), e(0));
    });
}

#[test]
fn clock_counts_from_the_preset_moment_when_one_is_set() {
    new_test_ext(1, 1).execute_with(|| {
        GenesisMoment::<Test>::put(START - 10 * EPOCH_MS);
        block();
        assert_eq!(Availability::current(), e(10));
        assert_eq!(state(9), EpochState::Void);
        run_to_phase_after_epochs(12);
    });

    fn run_to_phase_after_epochs(epoch: u32) {
        while Availability::current() < e(epoch) {
            block();
        }
        assert_eq!(state(10), EpochState::Void);
        assert_eq!(state(11), EpochState::Voting(Phase::Commit));
    }
}

#[test]
fn first_epoch_is_void_when_it_ends() {
    new_test_ext(1, 1).execute_with(|| {
        run_to_epoch(1);
        assert_eq!(state(0), EpochState::Void);
        assert!(Availability::is_closed(e(0)));
        assert!(events().contains(&Event::EpochsVoided { first: e(0), last: e(0) }));
        assert_eq!(Availability::rounds(), vec![]);
    });
}

#[test]
fn epochs_without_blocks_are_void_when_time_jumps() {
    new_test_ext(1, 1).execute_with(|| {
        run_to_epoch(1);
        // To its end, so that it is not lost.
        blocks(18);
        Now::mutate(|now| *now += 1_000_000 * EPOCH_MS);
        block();
        assert_eq!(Availability::current(), e(1_000_001));
        assert_eq!(state(1), EpochState::Voting(Phase::Commit));
        assert_eq!(state(2), EpochState::Void);
        assert_eq!(state(1_000_000), EpochState::Void);
        assert!(events().contains(&Event::EpochsVoided { first: e(2), last: e(1_000_000) }));
        assert_eq!(Availability::oldest_open(), e(1));
    });
}

#[test]
fn epoch_is_void_when_there_is_nothing_to_vote_about() {
    new_test_ext(1, 0).execute_with(|| {
        run_to_epoch(2);
        assert_eq!(state(1), EpochState::Void);
        assert!(!FrozenSets::<Test>::contains_key(e(1)));
    });
}

#[test]
fn epoch_is_finalised_when_everybody_votes() {
    for n in [1u8, 2, 3, 4, 7] {
        at_first_round(n, 10, || {
            assert_eq!(state(1), EpochState::Voting(Phase::Commit));
            let bytes = [255, 254, 253, 252, 251, 250, 250, 100, 0, 9];
            settle(1, &unanimous(1, n.into(), &bytes));
            assert_eq!(state(1), EpochState::Finalised, "{n} oracles");
            assert_eq!(credited(1), bytes);
            assert_eq!(Availability::finalised_byte(e(1), LicenseId(7)), Some(100));
            assert_eq!(Availability::finalised_byte(e(1), LicenseId(10)), None);
            assert_eq!(Availability::reported_bytes(e(1), LicenseId(9)).len(), usize::from(n));
            assert!(Availability::is_closed(e(1)));
            assert_eq!(Availability::oldest_open(), e(2));
            let info = Availability::epoch_info(e(1));
            assert!(info.ballots.iter().all(|s| s.committed && s.complete && s.eligible && s.strays == 0));
            assert_eq!(info.frozen.unwrap().licenses, 10);
        });
    }
}

#[test]
fn windows_close_early_when_nothing_more_can_come() {
    at_first_round(2, 5, || {
        let all = unanimous(1, 2, &[255; 5]);
        all.iter().for_each(|(seat, ballot)| commit(1, *seat, ballot));
        assert_eq!(phase(1), Some(Phase::Commit));
        block();
        assert_eq!(phase(1), Some(Phase::Reveal));
        all.iter().for_each(|(seat, ballot)| reveal(1, *seat, ballot));
        block();
        assert_eq!(state(1), EpochState::Finalised);
    });
}

#[test]
fn windows_last_their_blocks_when_somebody_is_silent() {
    at_first_round(4, 5, || {
        let p = parameters();
        let some = unanimous(1, 3, &[255; 5]);
        some.iter().for_each(|(seat, ballot)| commit(1, *seat, ballot));
        blocks(p.commit_blocks - 1);
        assert_eq!(phase(1), Some(Phase::Commit));
        block();
        assert_eq!(phase(1), Some(Phase::Reveal));
        some.iter().take(2).for_each(|(seat, ballot)| reveal(1, *seat, ballot));
        blocks(p.reveal_blocks_min - 1);
        assert_eq!(phase(1), Some(Phase::Reveal));
        let info = &Availability::rounds()[0];
        assert_eq!((info.age, info.length, info.reopened), (p.reveal_blocks_min - 1, p.reveal_blocks_min, 0));
        reveal(1, 2, &some[2].1);
        block();
        assert_eq!(state(1), EpochState::Finalised);
    });
}

#[test]
fn windows_do_not_pass_when_hooks_do_not_run() {
    at_first_round(4, 5, || {
        System::set_block_number(System::block_number() + 1_000);
        blocks(parameters().commit_blocks - 1);
        assert_eq!(phase(1), Some(Phase::Commit));
    });
}

#[test]
fn only_oracles_active_throughout_vote_when_the_set_changes() {
    new_test_ext(4, 10).execute_with(|| {
        run_to_epoch(1);
        // 0 leaves, 1 is barred, 4 joins too late.
        Oracles::set_active([1, 2, 3, 4].map(seat));
        Oracles::set_barred([account(1)]);
        run_to_epoch(2);
        let frozen = FrozenSets::<Test>::get(e(1)).unwrap();
        assert_eq!(frozen.seats.to_vec(), [2, 3].map(seat).to_vec());
        Oracles::set_barred::<ratio1_primitives::AccountId>([]);
        run_to_epoch(3);
        assert_eq!(FrozenSets::<Test>::get(e(2)).unwrap().seats.to_vec(), [1, 2, 3, 4].map(seat).to_vec());
        // Nothing later changes epoch 1.
        assert_eq!(FrozenSets::<Test>::get(e(1)).unwrap(), frozen);
    });
}

#[test]
fn frozen_key_votes_when_the_key_rotates_in_the_window() {
    at_first_round(1, 1, || {
        Oracles::set_active([Seat { vote_key: pair(9).public(), ..seat(0) }]);
        let b = ballot(1, &[255]);
        let vote = committing(0, &b.header);
        assert_eq!(send(call(1, 0, 9, vote.clone())).unwrap_err(), refusals::code(E::BadSignature));
        assert_ok!(send(call(1, 0, 0, vote)));
        run_to_epoch(3);
        assert_eq!(FrozenSets::<Test>::get(e(2)).unwrap().seats[0].vote_key, pair(9).public());
    });
    use ratio1_primitives::ballot::Seat;
    use sp_core::Pair;
}

#[test]
fn licenses_are_frozen_when_more_are_issued_in_the_window() {
    at_first_round(1, 3, || {
        Deeds::set_count(2_000);
        settle(1, &unanimous(1, 1, &[255; 3]));
        assert_eq!(credited(1), [255; 3]);
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(3)), None);
    });
}

#[test]
fn later_epochs_do_not_wait_when_a_round_is_open() {
    at_first_round(2, 3, || {
        commit(1, 0, &ballot(1, &[255; 3]));
        run_to_epoch(3);
        assert_eq!(Availability::oldest_open(), e(1));
        assert_eq!(Open::<Test>::get().to_vec(), [e(1), e(2)]);
        settle(2, &unanimous(2, 2, &[254; 3]));
        assert_eq!(state(2), EpochState::Finalised);
        assert!(matches!(state(1), EpochState::Voting(_)));
        assert!(!Availability::is_closed(e(1)) && Availability::is_closed(e(2)));
        assert_eq!(credited(2), [254; 3]);
    });
}

#[test]
fn parameters_count_from_the_next_epoch_when_they_change() {
    at_first_round(1, 1, || {
        let p = Parameters { beat_ms: 1_000, threshold: 200, commit_blocks: 9, ..parameters() };
        assert_noop!(
            Availability::set_parameters(RuntimeOrigin::signed(account(1)), p),
            sp_runtime::DispatchError::BadOrigin
        );
        let bad = Parameters { beat_ms: 700, ..p };
        assert_noop!(Availability::set_parameters(RuntimeOrigin::root(), bad), E::SlotsOutOfBounds);
        assert_ok!(Availability::set_parameters(RuntimeOrigin::root(), p));
        assert_eq!(Availability::clock_info().params.beat_ms, 500);
        run_to_epoch(3);
        assert_eq!(Availability::clock_info().params.beat_ms, 1_000);
        assert_eq!(FrozenSets::<Test>::get(e(2)).unwrap().params.threshold, 250);
        assert_eq!(Availability::rounds().last().unwrap().length, parameters().commit_blocks);
        run_to_epoch(4);
        assert_eq!(FrozenSets::<Test>::get(e(3)).unwrap().params.threshold, 200);
        assert_eq!(Availability::rounds().last().unwrap().length, 9);
    });
}

#[test]
#[should_panic(expected = "out of bounds")]
fn genesis_fails_when_the_preset_is_invalid() {
    use frame_support::traits::BuildGenesisConfig;
    sp_io::TestExternalities::default().execute_with(|| {
        GenesisConfig::<Test> { epoch_ms: 61_234, ..Default::default() }.build();
    });
}
