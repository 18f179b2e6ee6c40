//! Money is conserved whatever is bought.

use super::*;

#[derive(Clone, Debug)]
struct Purchase {
    who: u64,
    /// How far from the open tier the one that is named.
    off: u8,
    min: u32,
    max: u32,
    rate: u128,
}

fn purchase() -> impl Strategy<Value = Purchase> {
    let off = prop_oneof![9 => Just(0u8), 1 => 1u8..3];
    let rate = prop_oneof![USD / 100..USD, USD..1_000 * USD, Just(USD / 3)];
    (1u64..=5, off, 0u32..40, 0u32..110, rate).prop_map(|(who, off, min, max, rate)| {
        let who = if who == 5 { STRANGER } else { who };
        Purchase { who, off, min, max, rate }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What the buyer loses is what is burned and what the wallets gain, to the base unit; a refusal moves nothing.
    #[test]
    fn money_is_conserved_when_deeds_are_sold(
        start in 0u32..3_000,
        purchases in proptest::collection::vec(purchase(), 1..40),
    ) {
        run(|| {
            sold(start);
            for Purchase { who, off, min, max, rate } in purchases {
                LowerRate::set(Ok(rate));
                let open = Sale::state().open.expect("never sold out here");
                let purses = || [who, LIQUIDITY, OPERATIONS].map(|who| Balances::balance(&who));
                let ([purse, liquidity, operations], burned) = (purses(), Burned::get());
                let (issuance, deeds) = (Balances::total_issuance(), Deeds::owners::<u64>().len());
                let bought = buy(who, open.tier + off, min, max).is_ok();
                let units = if bought { max.min(open.left) } else { 0 };
                let price = r1_for(Usd::from(open.usd) * USD, rate).expect("a sane rate");
                let parts = split(price * u128::from(units));
                let [after, to_liquidity, to_operations] = purses();
                prop_assert_eq!(purse - after, price * u128::from(units));
                prop_assert_eq!(parts.burned + parts.liquidity + parts.operations, purse - after);
                prop_assert_eq!(to_liquidity - liquidity, parts.liquidity);
                prop_assert_eq!(to_operations - operations, parts.operations);
                prop_assert_eq!(Burned::get() - burned, parts.burned);
                prop_assert_eq!(issuance - Balances::total_issuance(), parts.burned);
                prop_assert_eq!(Deeds::owners::<u64>().len() - deeds, units as usize);
                prop_assert!(Deeds::owners::<u64>()[deeds..].iter().all(|owner| *owner == who));
            }
            Ok(())
        })?;
    }
}
