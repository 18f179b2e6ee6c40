//! How long things take, and that governance can not take away its own delay.

use super::*;
use crate::{Error, Event, Parameters, LEAST_DELAY, MOST_DELAY};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{BuildStorage, DispatchError};

fn set(delay_blocks: u32, pause_blocks: u32, halt_blocks: u32) -> DispatchResult {
    Governance::set_parameters(RuntimeOrigin::root(), Parameters { delay_blocks, pause_blocks, halt_blocks })
}

#[test]
fn parameters_are_refused_when_they_are_out_of_bounds() {
    run(|| {
        assert_noop!(set(MINIMUM - 1, 1, 1), Error::<Test>::DelayOutOfBounds);
        assert_noop!(set(MOST_DELAY + 1, 1, 1), Error::<Test>::DelayOutOfBounds);
        assert_noop!(set(20, 0, 1), Error::<Test>::PauseOutOfBounds);
        assert_noop!(set(20, 21, 1), Error::<Test>::PauseOutOfBounds);
        assert_noop!(set(20, 1, 0), Error::<Test>::HaltOutOfBounds);
        assert_noop!(set(20, 1, 21), Error::<Test>::HaltOutOfBounds);
        assert_ok!(set(MINIMUM, 1, 1));
        assert_ok!(set(MOST_DELAY, MOST_DELAY, MOST_DELAY));
        assert_ok!(set(20, 20, 20));
        let parameters = Parameters { delay_blocks: 20, pause_blocks: 20, halt_blocks: 20 };
        System::assert_last_event(Event::ParametersSet { parameters }.into());
        assert_eq!(Governance::parameters(), (parameters, MINIMUM));
        for origin in [RuntimeOrigin::signed(1), council(3)] {
            assert_noop!(Governance::set_parameters(origin, parameters), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn delay_stands_until_the_delay_is_over_when_the_collective_shortens_it() {
    run(|| {
        let parameters = Parameters { delay_blocks: MINIMUM, pause_blocks: 1, halt_blocks: 1 };
        decide(in_place(crate::Call::set_parameters { parameters }));
        next_block();
        decide(in_place(payment()));
        run_to(1 + DELAY);
        assert_eq!(Governance::parameters().0, parameters);
        // What was decided before keeps its block.
        assert_eq!(Balances::free_balance(BOB), 0);
        decide(in_place(payment()));
        assert_eq!(Governance::pending().last().map(|p| p.at), Some(now() + u64::from(MINIMUM)));
        next_block();
        assert_eq!(Balances::free_balance(BOB), 100);
    });
}

#[test]
fn genesis_is_refused_when_its_parameters_are_out_of_bounds() {
    let built = |minimum_delay, delay_blocks, pause_blocks| {
        std::panic::catch_unwind(|| {
            let parameters = Parameters { delay_blocks, pause_blocks, halt_blocks: 1 };
            let genesis = crate::GenesisConfig { minimum_delay, parameters, _config: Default::default() };
            ExtBuilder { genesis }.build();
        })
        .is_ok()
    };
    assert!(built(100, 100, 100));
    assert!(!built(100, 99, 1));
    assert!(!built(100, 100, 101));
    assert!(!built(LEAST_DELAY - 1, 100, 1));
}

#[test]
fn genesis_survives_json() {
    let genesis = RuntimeGenesisConfig { governance: ExtBuilder::default().genesis, ..Default::default() };
    let text = serde_json::to_string(&genesis).expect("serialises");
    let again: RuntimeGenesisConfig = serde_json::from_str(&text).expect("deserialises");
    assert_eq!(again.build_storage().expect("builds").top, genesis.build_storage().expect("builds").top);
}
