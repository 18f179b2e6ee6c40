//! Stopped at once, for a while.

use super::*;
use crate::{CallName, Error, Event, MAX_PAUSES};
use frame_support::{assert_noop, assert_ok, traits::GetCallMetadata};
use proptest::prelude::*;
use sp_runtime::DispatchError;

fn transfers() -> CallName {
    name("Balances", "transfer_keep_alive")
}

fn pause((pallet, call): CallName) -> DispatchResult {
    Governance::pause(council(2), pallet, call)
}

fn resume((pallet, call): CallName) -> DispatchResult {
    Governance::resume(council(2), pallet, call)
}

fn can_pause((pallet, call): CallName) -> Result<(), DispatchError> {
    Governance::can_pause(pallet, call)
}

fn filtered() -> DispatchError {
    frame_system::Error::<Test>::CallFiltered.into()
}

#[test]
fn paused_call_works_again_by_itself_when_the_pause_is_over() {
    run(|| {
        assert_ok!(transfer());
        assert_ok!(pause(transfers()));
        let (until, end) = (later(PAUSE), now() + PAUSE);
        assert_eq!(events(), [Event::Paused { call: transfers(), until }]);
        assert_eq!(Governance::paused().iter().map(|p| p.span.until).collect::<Vec<_>>(), [until]);
        while now() < end {
            assert_eq!(transfer(), Err(filtered()), "block {}", now());
            next_block();
        }
        assert_ok!(transfer());
        assert_eq!(events(), [Event::Resumed { call: transfers() }]);
        assert_eq!(Governance::paused(), []);
    });
}

#[test]
fn call_is_not_paused_again_when_it_has_not_worked_for_as_long() {
    run(|| {
        assert_ok!(pause(transfers()));
        assert_noop!(pause(transfers()), Error::<Test>::AlreadyPaused);
        run_to(1 + PAUSE);
        while now() < 1 + 2 * PAUSE {
            assert_noop!(pause(transfers()), Error::<Test>::PauseCooldown);
            assert_eq!(can_pause(transfers()), Err(Error::<Test>::PauseCooldown.into()));
            assert_ok!(transfer());
            next_block();
        }
        assert_ok!(can_pause(transfers()));
        assert_ok!(pause(transfers()));
    });
}

#[test]
fn cooldown_is_as_short_as_the_pause_when_a_majority_ends_it_early() {
    run(|| {
        assert_ok!(pause(transfers()));
        run_to(3);
        let (pallet, call) = transfers();
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(1), council(1)] {
            assert_noop!(Governance::resume(origin, pallet.clone(), call.clone()), DispatchError::BadOrigin);
        }
        assert_ok!(resume(transfers()));
        assert_ok!(transfer());
        assert_noop!(resume(transfers()), Error::<Test>::NotPaused);
        run_to(4);
        assert_noop!(pause(transfers()), Error::<Test>::PauseCooldown);
        run_to(5);
        assert_ok!(pause(transfers()));
    });
}

#[test]
fn pause_is_refused_when_it_is_not_for_the_collective_to_say() {
    run(|| {
        let (pallet, call) = transfers();
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(1), council(1)] {
            assert_noop!(Governance::pause(origin, pallet.clone(), call.clone()), DispatchError::BadOrigin);
        }
        assert_noop!(pause(name("Governance", "cancel")), Error::<Test>::Protected);
        assert_noop!(pause(name("TxPause", "unpause")), Error::<Test>::Protected);
        assert_noop!(pause(name("Balances", "transfer")), Error::<Test>::NoSuchCall);
        assert_noop!(pause(name("Balance", "transfer_keep_alive")), Error::<Test>::NoSuchCall);
        let binary = vec![255u8, 254].try_into().unwrap();
        assert_noop!(Governance::pause(council(2), binary, call), Error::<Test>::NoSuchCall);
    });
}

#[test]
fn pause_is_refused_when_as_many_are_listed_as_can_be() {
    run(|| {
        let calls = RuntimeCall::get_call_names("Scheduler").iter().map(|c| name("Scheduler", c));
        let more = RuntimeCall::get_call_names("Balances").iter().map(|c| name("Balances", c));
        let calls = calls.chain(more).collect::<Vec<_>>();
        let max = MAX_PAUSES as usize;
        for call in &calls[..max] {
            assert_ok!(pause(call.clone()));
        }
        assert_noop!(pause(calls[max].clone()), Error::<Test>::TooManyPauses);
        run_to(2 * PAUSE);
        assert_noop!(pause(calls[max].clone()), Error::<Test>::TooManyPauses);
        run_to(1 + 2 * PAUSE);
        assert_ok!(pause(calls[max].clone()));
    });
}

#[test]
fn everything_but_governance_stops_and_goes_on_by_itself_when_it_is_halted() {
    run(|| {
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(1), council(1)] {
            assert_noop!(Governance::halt(origin), DispatchError::BadOrigin);
        }
        assert_ok!(Governance::halt(council(2)));
        let (until, end) = (later(HALT), now() + HALT);
        System::assert_last_event(Event::Halted { until }.into());
        assert_noop!(Governance::halt(council(2)), Error::<Test>::AlreadyHalted);
        assert_noop!(pause(transfers()), Error::<Test>::AlreadyHalted);
        while now() < end {
            assert_eq!(Governance::halted_until(), Some(until));
            assert_eq!(transfer(), Err(filtered()), "block {}", now());
            let schedule: RuntimeCall = crate::Call::schedule { call: in_place(payment()) }.into();
            assert_ok!(schedule.dispatch(council(2)));
            next_block();
        }
        assert_eq!(Governance::halted_until(), None);
        assert_ok!(transfer());
        assert_noop!(Governance::unhalt(council(2)), Error::<Test>::NotHalted);
    });
}

#[test]
fn nothing_is_stopped_again_when_a_halt_was_not_over_for_as_long() {
    run(|| {
        assert_ok!(Governance::halt(council(2)));
        run_to(1 + HALT);
        while now() < 1 + 2 * HALT {
            assert_noop!(Governance::halt(council(2)), Error::<Test>::HaltCooldown);
            assert_noop!(pause(transfers()), Error::<Test>::HaltCooldown);
            assert_eq!(Governance::can_halt(), Err(Error::<Test>::HaltCooldown.into()));
            next_block();
        }
        assert_ok!(Governance::can_halt());
        assert_ok!(Governance::halt(council(2)));
        next_block();
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(1), council(1)] {
            assert_noop!(Governance::unhalt(origin), DispatchError::BadOrigin);
        }
        assert_ok!(Governance::unhalt(council(2)));
        System::assert_last_event(Event::Unhalted.into());
        assert_ok!(transfer());
        assert_noop!(Governance::halt(council(2)), Error::<Test>::HaltCooldown);
        next_block();
        assert_ok!(Governance::halt(council(2)));
    });
}

#[test]
fn pauses_and_halts_have_no_other_way_in_when_somebody_goes_around_this_pallet() {
    run(|| {
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(ALICE), council(3)] {
            assert_noop!(SafeMode::force_enter(origin.clone()), DispatchError::BadOrigin);
            assert_noop!(TxPause::pause(origin, transfers()), DispatchError::BadOrigin);
        }
        assert_noop!(SafeMode::enter(RuntimeOrigin::signed(ALICE)), pallet_safe_mode::Error::<Test>::NotConfigured);
        // Root may end them. A pause that root ended still has its cooldown.
        assert_ok!(pause(transfers()));
        assert_ok!(TxPause::unpause(RuntimeOrigin::root(), transfers()));
        assert_ok!(transfer());
        run_to(1 + PAUSE);
        assert_noop!(pause(transfers()), Error::<Test>::PauseCooldown);
    });
}

#[test]
fn what_was_stopped_works_again_in_time_when_a_block_takes_twelve_seconds() {
    let mut builder = ExtBuilder::default();
    builder.genesis.parameters.delay_ms = ms(200);
    builder.genesis.parameters.pause_ms = ms(40);
    builder.genesis.parameters.halt_ms = ms(40);
    builder.build().execute_with(|| {
        BlockMs::set(12_000);
        assert_ok!(pause(transfers()));
        let stopped = Moment::get();
        while transfer().is_err() {
            next_block();
        }
        assert_eq!(Moment::get() - stopped, ms(40));
        assert_ok!(Governance::halt(council(2)));
        let stopped = Moment::get();
        while transfer().is_err() {
            next_block();
        }
        assert_eq!(Moment::get() - stopped, ms(40));
        assert_eq!(events(), [Event::Unhalted]);
        while Governance::can_halt().is_err() {
            next_block();
        }
        assert_eq!(Moment::get() - stopped, ms(80), "and may be stopped again after as long");
    });
}

#[test]
fn halt_keeps_some_blocks_when_no_block_was_made_for_days() {
    let mut builder = ExtBuilder::default();
    builder.genesis.parameters = crate::Parameters { delay_ms: ms(200), pause_ms: ms(200), halt_ms: ms(200) };
    builder.build().execute_with(|| {
        assert_ok!(Governance::halt(council(2)));
        Moment::mutate(|moment| *moment += 72 * 3_600_000);
        // What was to be kept off is kept off for ten blocks yet: a block for each minute.
        while now() < 11 {
            assert_eq!(transfer(), Err(filtered()), "block {}", now());
            next_block();
        }
        assert_ok!(transfer());
    });
}

#[test]
fn halt_ends_by_itself_and_need_not_cool_when_nobody_decided_it() {
    run(|| {
        assert_ok!(Governance::halt(council(2)));
        Governance::halt_for(ms(10));
        assert_eq!(Governance::halted_until(), Some(later(10)));
        run_to(10);
        assert_eq!(transfer(), Err(filtered()));
        next_block();
        assert_ok!(transfer());
        assert_ok!(Governance::can_halt());
        // Ended early, likewise.
        Governance::halt_for(ms(10));
        assert_ok!(Governance::unhalt(council(2)));
        assert_ok!(Governance::can_halt());
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    // Whatever a hostile collective does, in whatever order: a call is never stopped for longer than a pause and a
    // halt together, and works at least a quarter of the time.
    #[test]
    fn call_works_a_quarter_of_the_time_when_the_collective_is_hostile(
        moves in proptest::collection::vec(0u8..8, 400),
        pause_blocks in 1u64..12,
        halt_blocks in 1u64..12,
    ) {
        let mut builder = ExtBuilder::default();
        builder.genesis.parameters.pause_ms = ms(pause_blocks);
        builder.genesis.parameters.halt_ms = ms(halt_blocks);
        builder.build().execute_with(|| {
            let (mut streak, mut worked) = (0, 0);
            for step in &moves {
                // Mostly greedy; sometimes it waits, or ends early what it began.
                match step {
                    0 => {}
                    1 => drop(Governance::unhalt(council(2))),
                    2 => drop(resume(transfers())),
                    3 => drop(Governance::halt(council(2))),
                    _ => {
                        let _ = pause(transfers());
                        let _ = Governance::halt(council(2));
                    }
                }
                if transfer().is_ok() {
                    streak = 0;
                    worked += 1;
                } else {
                    streak += 1;
                }
                prop_assert!(streak <= pause_blocks + halt_blocks, "stopped for {streak} blocks");
                next_block();
            }
            prop_assert!(worked * 4 >= moves.len() - 50, "worked in {worked} blocks");
            Ok(())
        })?;
    }
}
