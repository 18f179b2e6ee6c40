//! What an entity may spend, and what the invariants find.

use super::*;

#[test]
fn limit_holds_for_the_entity_when_it_buys_from_several_accounts() {
    run(|| {
        individuals(&[ALICE, BOB, 3]);
        Kyc::join(&BOB, entity(ALICE));
        assert_eq!(Sale::left_for(ALICE), Ok(10_000 * USD));
        assert_noop!(buy(ALICE, 1, 1, 21), Error::<Test>::LimitExceeded);
        assert_ok!(buy(ALICE, 1, 1, 15));
        assert_eq!(Sale::left_for(BOB), Ok(2_500 * USD));
        assert_noop!(buy(BOB, 1, 1, 6), Error::<Test>::LimitExceeded);
        assert_ok!(buy(BOB, 1, 1, 5));
        assert_noop!(buy(ALICE, 1, 1, 1), Error::<Test>::LimitExceeded);
        assert_eq!((Sale::left_for(ALICE), Sale::spent_by(entity(ALICE))), (Ok(0), 10_000 * USD));
        // Another entity is not touched, and a company may spend more.
        assert_ok!(buy(3, 1, 1, 1));
        assert_eq!(Sale::left_for(4), Ok(500_000 * USD));
        assert_ok!(buy(4, 1, 1, 60));
    });
}

#[test]
fn company_spends_half_a_million_and_no_more_when_tiers_get_dear() {
    run(|| {
        sold(NODE_COUNT - 17_711);
        assert_noop!(buy(ALICE, 12, 1, 53), Error::<Test>::LimitExceeded);
        assert_ok!(buy(ALICE, 12, 1, 52));
        assert_eq!(Sale::left_for(ALICE), Ok(6_000 * USD));
        assert_noop!(buy(ALICE, 12, 1, 1), Error::<Test>::LimitExceeded);
    });
}

#[test]
fn invariants_fail_when_the_books_are_wrong() {
    ext().execute_with(|| {
        assert_ok!(buy(ALICE, 1, 1, 3));
        Spent::<Test>::insert(entity(BOB), 500 * USD);
        assert!(Sale::do_try_state().is_err());
        Sold::<Test>::put(4);
        assert!(Sale::do_try_state().is_err(), "a deed was sold and not issued");
        Deeds::set_count(4);
        Sale::do_try_state().expect("three and one");
    });
}
