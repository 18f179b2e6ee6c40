//! How long things take, and that governance cannot take away its own delay.

use super::*;
use crate::{Error, Event, Parameters, LEAST_DELAY_MS, MOST_DELAY_MS};
use frame_support::{assert_noop, assert_ok};
use sp_runtime::{BuildStorage, DispatchError};

fn set(delay_ms: u64, pause_ms: u64, halt_ms: u64) -> DispatchResult {
    Governance::set_parameters(RuntimeOrigin::root(), Parameters { delay_ms, pause_ms, halt_ms })
}

#[test]
fn parameters_are_refused_when_they_are_out_of_bounds() {
    run(|| {
        let (slot, minimum) = (ms(1), ms(MINIMUM));
        assert_noop!(set(minimum - 1, slot, slot), Error::<Test>::DelayOutOfBounds);
        assert_noop!(set(MOST_DELAY_MS + 1, slot, slot), Error::<Test>::DelayOutOfBounds);
        assert_noop!(set(minimum, slot - 1, slot), Error::<Test>::PauseOutOfBounds);
        assert_noop!(set(minimum, minimum + 1, slot), Error::<Test>::PauseOutOfBounds);
        assert_noop!(set(minimum, slot, slot - 1), Error::<Test>::HaltOutOfBounds);
        assert_noop!(set(minimum, slot, minimum + 1), Error::<Test>::HaltOutOfBounds);
        assert_ok!(set(minimum, slot, slot));
        assert_ok!(set(MOST_DELAY_MS, MOST_DELAY_MS, MOST_DELAY_MS));
        assert_ok!(set(minimum, minimum, minimum));
        let parameters = Parameters { delay_ms: minimum, pause_ms: minimum, halt_ms: minimum };
        System::assert_last_event(Event::ParametersSet { parameters }.into());
        assert_eq!(Governance::parameters(), (parameters, minimum));
        for origin in [RuntimeOrigin::signed(1), council(3)] {
            assert_noop!(Governance::set_parameters(origin, parameters), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn delay_stands_until_the_delay_is_over_when_the_collective_shortens_it() {
    run(|| {
        let parameters = Parameters { delay_ms: ms(MINIMUM), pause_ms: ms(1), halt_ms: ms(1) };
        decide(in_place(crate::Call::set_parameters { parameters }));
        next_block();
        decide(in_place(payment()));
        run_to(2 + DELAY);
        assert_eq!(Governance::parameters().0, parameters);
        // What was decided before keeps its time.
        assert_eq!(Balances::free_balance(BOB), 0);
        decide(in_place(payment()));
        assert_eq!(Governance::pending().last().map(|p| p.due), Some(later(MINIMUM)));
        next_block();
        assert_eq!(Balances::free_balance(BOB), 100);
    });
}

#[test]
fn genesis_is_refused_when_its_parameters_are_out_of_bounds() {
    let built = |minimum_delay, delay_ms, pause_ms| {
        std::panic::catch_unwind(|| {
            let parameters = Parameters { delay_ms, pause_ms, halt_ms: ms(1) };
            let genesis = crate::GenesisConfig { minimum_delay, parameters, _config: Default::default() };
            ExtBuilder { genesis }.build();
        })
        .is_ok()
    };
    assert!(built(100_000, 100_000, 100_000));
    assert!(!built(100_000, 99_999, 3_000));
    assert!(!built(100_000, 100_000, 100_001));
    assert!(!built(LEAST_DELAY_MS - 1, 100_000, 3_000));
}

#[test]
fn genesis_survives_json() {
    let genesis = RuntimeGenesisConfig { governance: ExtBuilder::default().genesis, ..Default::default() };
    let text = serde_json::to_string(&genesis).expect("serialises");
    let again: RuntimeGenesisConfig = serde_json::from_str(&text).expect("deserialises");
    assert_eq!(again.build_storage().expect("builds").top, genesis.build_storage().expect("builds").top);
}
