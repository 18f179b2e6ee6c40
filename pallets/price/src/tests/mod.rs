//! A rate's life: none, administered, of the oracles, stale.

mod administering;
mod posting;
mod properties;

use crate::{mock::*, *};
use frame_support::{assert_noop, assert_ok};
use proptest::prelude::*;
use ratio1_primitives::{
    economics::price::{is_sane, range_after, USD},
    refusal::PriceRefusal,
    traits::PriceInspect,
    EpochIndex,
};
use sp_runtime::DispatchError;

type Rate1 = Result<u128, PriceRefusal>;
type E = Error<Test>;
const ROOT: fn() -> RuntimeOrigin = RuntimeOrigin::root;

/// The rate and the lower rate.
fn rates() -> (Rate1, Rate1) {
    assert_eq!(Price::selling_rate(), Price::lower_rate());
    (Price::rate(), Price::lower_rate())
}

fn events() -> Vec<Event<Test>> {
    let events = System::read_events_for_pallet::<Event<Test>>();
    System::reset_events();
    events
}

fn posted(epoch: u32, median: u128, rate: u128, source: Source) -> Event<Test> {
    Event::RatePosted { epoch: EpochIndex(epoch), median, rate, source }
}
