//! The sale from its first deed to its last.

use super::*;

#[test]
fn tiers_are_walked_in_order_when_deeds_are_sold_one_by_one() {
    let mut at = 0;
    let mut dollars = 0;
    for (number, tier) in (1u8..).zip(TIERS) {
        for gone in 0..tier.units {
            let left = tier.units - gone;
            assert_eq!(open_tier(at, NODE_COUNT), Some(OpenTier { tier: number, usd: tier.usd, left }));
            assert_eq!(revenue(at), dollars);
            at += 1;
            dollars += Usd::from(tier.usd) * USD;
        }
    }
    assert_eq!((at, open_tier(at, 1)), (NODE_COUNT, None));
    assert_eq!(open_tier(u32::MAX, u32::MAX), None);
    assert_eq!(revenue(u32::MAX), dollars);
    // The class has less room than the tier.
    assert_eq!(open_tier(0, 5), Some(OpenTier { tier: 1, usd: 500, left: 5 }));
    assert_eq!(open_tier(0, 0), None);
}

#[test]
fn buying_takes_what_is_left_when_the_tier_has_fewer_than_the_most() {
    run(|| {
        assert_ok!(buy(ALICE, 1, 1, 80));
        assert_ok!(buy(BOB, 1, 9, 100));
        assert_eq!(Sold::<Test>::get(), 89);
        assert_noop!(buy(BOB, 1, 1, 1), Error::<Test>::WrongTier);
        assert_eq!(Sale::state().open, Some(OpenTier { tier: 2, usd: 750, left: 144 }));
        assert_ok!(buy(BOB, 2, 1, 100));
        assert_noop!(buy(BOB, 2, 45, 100), Error::<Test>::FewerThanMinLeft);
        assert_ok!(buy(BOB, 2, 44, 44));
        assert_eq!(Sale::state().open.map(|open| open.tier), Some(3));
        assert_eq!(Deeds::owners::<u64>().len(), 233);
    });
}

#[test]
fn sale_ends_when_the_last_deed_is_sold() {
    ext().execute_with(|| {
        // A company for each purchase, of as much as it may spend.
        let mut buyer = 1_000;
        while let Some(open) = Sale::state().open {
            let units = (500_000 / open.usd).min(MAX_UNITS);
            buyer += 1;
            Balances::set_balance(&buyer, FUNDS);
            let call = crate::Call::<Test>::buy { tier: open.tier, min: 1, max: units, max_price: Balance::MAX };
            assert_ok!(RuntimeCall::Sale(call).dispatch(RuntimeOrigin::signed(buyer)));
        }
        assert_eq!((Sold::<Test>::get(), <Deeds as IssueDeeds<u64>>::node_deeds()), (NODE_COUNT, NODE_COUNT));
        assert_noop!(buy(ALICE, 12, 1, 1), Error::<Test>::SoldOut);
        assert_noop!(buy(ALICE, 13, 1, 1), Error::<Test>::SoldOut);
        assert_eq!(Sale::state().price_each, None);
    });
}

#[test]
fn sale_ends_when_the_class_is_full_of_deeds_it_did_not_sell() {
    run(|| {
        Deeds::set_count(NODE_COUNT - 2);
        assert_noop!(buy(ALICE, 1, 3, 5), Error::<Test>::FewerThanMinLeft);
        assert_ok!(buy(ALICE, 1, 1, 5));
        assert_eq!(Deeds::owners::<u64>().len(), 2);
        assert_noop!(buy(ALICE, 1, 1, 5), Error::<Test>::SoldOut);
    });
}
