//! Within the limits whatever happens.

use super::*;

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
