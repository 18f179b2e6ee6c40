//! A rate's life: none, administered, of the oracles, stale.

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

#[test]
fn rate_is_missing_when_nobody_posted_one() {
    run(None, || {
        assert_eq!(rates(), (Err(PriceRefusal::Missing), Err(PriceRefusal::Missing)));
        assert_eq!((Price::current_rate(), Price::last_rates()), (None, None));
    });
}

#[test]
fn genesis_rate_is_administered_and_never_gets_stale() {
    run(Some(USD / 4), || {
        epoch(1_000_000);
        assert_eq!(rates(), (Ok(USD / 4), Ok(USD / 4)));
        let info = Price::current_rate().unwrap();
        assert_eq!((info.rate.source, info.holds, info.holds_until), (Source::Administered, true, None));
    });
}

#[test]
#[should_panic(expected = "out of bounds")]
fn genesis_fails_when_the_rate_is_out_of_bounds() {
    new_test_ext(Some(BOUNDS.0 - 1));
}

#[test]
fn rate_is_administered_when_there_is_none() {
    run(None, || {
        assert_noop!(Price::administer(RuntimeOrigin::signed(1), USD), DispatchError::BadOrigin);
        assert_ok!(Price::can_administer(BOUNDS.1));
        assert_ok!(Price::administer(ROOT(), BOUNDS.1));
        assert_eq!(rates(), (Ok(BOUNDS.1), Ok(BOUNDS.1)));
        assert_eq!(events(), [posted(0, BOUNDS.1, BOUNDS.1, Source::Administered)]);
    });
}

#[test]
fn rate_is_not_administered_when_it_is_out_of_bounds() {
    run(None, || {
        for price in [0, 1, BOUNDS.0 - 1, BOUNDS.1 + 1, u128::MAX] {
            assert_noop!(Price::administer(ROOT(), price), E::PriceOutOfBounds);
            assert_eq!(Price::can_administer(price), Err(E::PriceOutOfBounds.into()));
        }
        assert_ok!(Price::administer(ROOT(), BOUNDS.0));
    });
}

#[test]
fn rate_is_not_administered_when_the_step_is_too_large() {
    run(Some(USD), || {
        epoch(1);
        for price in [USD / 10 * 8 - 1, USD / 10 * 12 + 1] {
            assert_noop!(Price::administer(ROOT(), price), E::StepTooLarge);
        }
        assert_ok!(Price::administer(ROOT(), USD / 10 * 12));
        epoch(2);
        assert_ok!(Price::administer(ROOT(), USD / 100 * 96));
        assert_eq!(rates(), (Ok(USD / 100 * 96), Ok(USD / 100 * 96)));
        assert_eq!(Price::last_rates().unwrap().before.unwrap().price, USD / 10 * 12);
    });
}

#[test]
fn rate_is_not_administered_when_it_was_in_this_epoch() {
    run(None, || {
        epoch(5);
        assert_ok!(Price::administer(ROOT(), USD));
        assert_noop!(Price::administer(ROOT(), USD), E::AlreadyPostedThisEpoch);
        assert_noop!(Price::administer(ROOT(), USD / 10 * 11), E::AlreadyPostedThisEpoch);
        epoch(6);
        assert_ok!(Price::administer(ROOT(), USD / 10 * 11));
    });
    // The genesis rate was posted in epoch 0.
    run(Some(USD), || {
        assert_noop!(Price::administer(ROOT(), USD), E::AlreadyPostedThisEpoch);
    });
}

#[test]
fn rate_is_not_administered_when_one_of_the_oracles_holds() {
    run(None, || {
        post_in(2, USD);
        for running in 2..=2 + FRESH_EPOCHS {
            epoch(running);
            assert_noop!(Price::administer(ROOT(), USD), E::MarketRateHolds);
            assert!(Price::current_rate().unwrap().holds);
        }
        epoch(3 + FRESH_EPOCHS);
        assert_noop!(Price::administer(ROOT(), 2 * USD), E::StepTooLarge);
        assert_ok!(Price::administer(ROOT(), USD));
        assert_eq!(Price::current_rate().unwrap().rate.source, Source::Administered);
    });
}

#[test]
fn first_median_is_the_rate_when_there_is_none() {
    run(None, || {
        post_in(2, 123 * USD);
        assert_eq!(rates(), (Ok(123 * USD), Ok(123 * USD)));
        assert_eq!(events(), [posted(1, 123 * USD, 123 * USD, Source::Oracles)]);
    });
    for (absurd, bound) in [(0, BOUNDS.0), (u128::MAX, BOUNDS.1)] {
        run(None, || {
            post_in(2, absurd);
            assert_eq!(Price::rate(), Ok(bound));
            assert_eq!(events(), [posted(1, absurd, bound, Source::Oracles)]);
        });
    }
}

#[test]
fn median_replaces_an_administered_rate_within_a_step() {
    run(Some(USD), || {
        post_in(2, 7 * USD);
        assert_eq!(events(), [posted(1, 7 * USD, USD / 10 * 12, Source::Oracles)]);
        let expected =
            Rate { price: USD / 10 * 12, source: Source::Oracles, epoch: EpochIndex(1), posted: EpochIndex(2) };
        assert_eq!(Price::last_rates().unwrap().last, expected);
        assert_eq!(Price::current_rate().unwrap().holds_until, Some(EpochIndex(5)));
        // Sold at the lower of the two.
        assert_eq!(rates(), (Ok(USD / 10 * 12), Ok(USD)));
        post_in(3, USD / 2);
        assert_eq!(rates(), (Ok(USD / 100 * 96), Ok(USD / 100 * 96)));
    });
}

#[test]
fn rate_stays_within_the_bounds_when_medians_go_beyond() {
    run(Some(BOUNDS.0), || {
        post_in(2, 0);
        assert_eq!(Price::rate(), Ok(BOUNDS.0));
    });
    run(Some(BOUNDS.1), || {
        post_in(2, u128::MAX);
        assert_eq!(Price::rate(), Ok(BOUNDS.1));
    });
}

#[test]
fn rate_is_stale_when_no_median_follows_for_three_epochs() {
    run(None, || {
        post_in(10, USD);
        epoch(13);
        assert_eq!(rates(), (Ok(USD), Ok(USD)));
        epoch(14);
        let stale = Err(PriceRefusal::Stale(EpochIndex(10)));
        assert_eq!(rates(), (stale, stale));
        let info = Price::current_rate().unwrap();
        assert_eq!((info.rate.price, info.holds, info.holds_until), (USD, false, Some(EpochIndex(13))));
        // However long it lasted, it goes on a step from where it was.
        post_in(100, 5 * USD);
        assert_eq!(rates(), (Ok(USD / 10 * 12), Ok(USD)));
    });
}

#[test]
fn freshness_counts_from_the_posting_when_an_epoch_was_closed_late() {
    run(None, || {
        epoch(20);
        Price::post(EpochIndex(5), USD);
        epoch(23);
        assert_eq!(Price::rate(), Ok(USD));
        epoch(24);
        assert_eq!(Price::rate(), Err(PriceRefusal::Stale(EpochIndex(20))));
    });
}

#[test]
fn median_is_ignored_when_a_newer_one_was_posted() {
    run(None, || {
        epoch(8);
        Price::post(EpochIndex(6), USD);
        events();
        for old in [6, 5, 0] {
            Price::post(EpochIndex(old), 2 * USD);
            let (epoch, newest) = (EpochIndex(old), EpochIndex(6));
            assert_eq!(events(), [Event::MedianOutdated { epoch, median: 2 * USD, newest }]);
        }
        assert_eq!(Price::rate(), Ok(USD));
        // Also after two administered rates.
        for running in [12, 13] {
            epoch(running);
            assert_ok!(Price::administer(ROOT(), USD));
        }
        Price::post(EpochIndex(6), 2 * USD);
        assert_eq!(Price::current_rate().unwrap().rate.source, Source::Administered);
        Price::post(EpochIndex(7), 2 * USD);
        assert_eq!(Price::current_rate().unwrap().rate.source, Source::Oracles);
    });
}

#[test]
fn steps_do_not_add_up_when_several_epochs_are_closed_in_one() {
    run(Some(USD), || {
        epoch(9);
        (1..9).for_each(|voted| Price::post(EpochIndex(voted), 100 * USD));
        assert_eq!(rates(), (Ok(USD / 10 * 12), Ok(USD)));
        // The newest decides.
        epoch(10);
        Price::post(EpochIndex(9), 100 * USD);
        assert_eq!(rates(), (Ok(USD / 100 * 144), Ok(USD / 10 * 12)));
    });
    // Nor with an administered one.
    run(Some(USD), || {
        epoch(1);
        assert_ok!(Price::administer(ROOT(), USD / 10 * 12));
        Price::post(EpochIndex(0), 100 * USD);
        assert_eq!(rates(), (Ok(USD / 10 * 12), Ok(USD)));
        assert_eq!(Price::last_rates().unwrap().before.unwrap().posted, EpochIndex(0));
    });
    // Nor in the epoch of the first one, which is free.
    run(None, || {
        epoch(9);
        (1..9).for_each(|voted| Price::post(EpochIndex(voted), u128::from(voted) * USD));
        assert_eq!(rates(), (Ok(USD / 10 * 12), Ok(USD)));
    });
}

#[test]
fn posting_costs_what_is_named_for_it() {
    assert_eq!(Price::post_weight(), <() as WeightInfo>::post());
    let call = RuntimeCall::from(Call::administer { price: USD });
    let info = frame_support::dispatch::GetDispatchInfo::get_dispatch_info(&call);
    assert_eq!(info.call_weight, <() as WeightInfo>::administer());
}

#[derive(Clone, Debug)]
enum Step {
    /// Epochs pass.
    Pass(u32),
    /// The median of an epoch this much before the running one.
    Post(u32, u128),
    /// Governance sets this rate.
    Administer(u128),
    /// Governance sets the last rate times this in a thousand.
    Nudge(u128),
}

fn price() -> impl Strategy<Value = u128> {
    prop_oneof![
        any::<u128>(),
        BOUNDS.0..=BOUNDS.1,
        USD / 2..=USD * 2,
        Just(0),
        Just(BOUNDS.0),
        Just(BOUNDS.1),
        Just(u128::MAX)
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (1..6u32).prop_map(Step::Pass),
        (1..6u32, price()).prop_map(|(age, median)| Step::Post(age, median)),
        price().prop_map(Step::Administer),
        (750..1_250u128).prop_map(Step::Nudge),
    ]
}

proptest! {
    #[test]
    fn rate_never_leaves_the_bounds_nor_moves_more_than_a_fifth_in_an_epoch(
        first in proptest::option::of(BOUNDS.0..=BOUNDS.1),
        steps in proptest::collection::vec(step(), 1..80),
    ) {
        run(first, || {
            // What the epoch began with.
            let mut anchor = first;
            for step in steps {
                let last = Price::last_rates().map(|rates| rates.last);
                match step {
                    Step::Pass(epochs) => {
                        epoch(Current::get() + epochs);
                        anchor = last.map(|rate| rate.price);
                    }
                    Step::Post(age, median) => {
                        if let Some(voted) = Current::get().checked_sub(age) {
                            Price::post(EpochIndex(voted), median);
                        }
                    }
                    Step::Administer(price) => {
                        assert_eq!(Price::can_administer(price).is_ok(), Price::administer(ROOT(), price).is_ok());
                    }
                    Step::Nudge(parts) => {
                        if let Some(last) = last {
                            let _ = Price::administer(ROOT(), last.price / 1_000 * parts);
                        }
                    }
                }
                Price::do_try_state().expect("invariants hold");
                let Some(rates) = Price::last_rates() else { continue };
                assert!(is_sane(rates.last.price));
                let (low, high) = range_after(*anchor.get_or_insert(rates.last.price));
                assert!(low <= rates.last.price && rates.last.price <= high, "a step too far");
                if let Ok(lower) = Price::lower_rate() {
                    assert!(lower <= Price::rate().unwrap());
                    assert!(is_sane(lower));
                }
            }
        });
    }
}
