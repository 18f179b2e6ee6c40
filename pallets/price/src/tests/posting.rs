//! The rate of the oracles.

use super::*;

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
