//! No rate, and that of governance.

use super::*;

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
