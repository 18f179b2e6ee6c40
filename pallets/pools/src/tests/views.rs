//! What dApps see, and what the invariants find.

use super::*;

#[test]
fn history_is_listed_in_parts_when_it_is_long() {
    run(|| {
        fill(Pool::Liquidity, 1_000 * R1);
        for n in 0..150 {
            assert_ok!(liquidity(LIQUIDITY, 100 + n, R1));
        }
        let receivers = |from, count| -> Vec<u64> {
            Pools::disbursements(Pool::Liquidity, from, count).iter().map(|made| made.to).collect()
        };
        assert_eq!(receivers(0, u32::MAX), (100..200).collect::<Vec<_>>());
        assert_eq!(receivers(100, 100), (200..250).collect::<Vec<_>>());
        assert_eq!(receivers(149, 2), [249]);
        assert_eq!(receivers(0, 0), [0u64; 0]);
        assert_eq!(receivers(u32::MAX, 100), [0u64; 0]);
    });
}

#[test]
fn operations_show_the_free_balance_of_their_wallet() {
    run(|| {
        fill(Pool::Operations, 3 * R1);
        assert_ok!(Balances::transfer_allow_death(RuntimeOrigin::signed(OPERATIONS), ALICE, R1));
        let shown = info(Pool::Operations);
        assert_eq!((shown.received, shown.spent, shown.balance, shown.locked), (3 * R1, 0, 2 * R1, None));
    });
}

#[test]
fn try_state_fails_when_r1_leaves_a_pool_or_history_is_lost() {
    let broken = |harm: fn()| {
        new_test_ext().execute_with(|| {
            fill(Pool::Liquidity, 10 * R1);
            fill_governed();
            epoch(LOCK_EPOCHS);
            assert_ok!(liquidity(LIQUIDITY, ALICE, R1));
            assert_ok!(disburse(Pool::Grants, ALICE, R1));
            check();
            harm();
            assert!(Pools::do_try_state().is_err());
        })
    };
    broken(|| {
        let reason = HoldReason::Grants.into();
        let exact = frame_support::traits::tokens::Precision::Exact;
        use frame_support::traits::fungible::hold::Mutate;
        assert_ok!(Balances::release(&reason, &FOUNDATION, 1, exact));
    });
    broken(|| Ledgers::<Test>::mutate(Pool::Social, |l| l.received += 1));
    broken(|| Ledgers::<Test>::mutate(Pool::Grants, |l| l.spent += 1));
    broken(|| Ledgers::<Test>::mutate(Pool::Grants, |l| l.disbursements += 1));
    broken(|| Disbursements::<Test>::remove(Pool::Grants, 0));
    broken(|| Ledgers::<Test>::mutate(Pool::Operations, |l| (l.received, l.spent) = (1, 2)));
    broken(|| Current::set(LOCK_EPOCHS - 1));
    broken(|| Wallets::<Test>::insert(Wallet::Liquidity, ALICE));
    broken(|| Wallets::<Test>::insert(Wallet::Operations, ALICE));
    broken(|| {
        // Social before marketing.
        let made = Disbursements::<Test>::take(Pool::Grants, 0).expect("there is one");
        Disbursements::<Test>::insert(Pool::Social, 0, made);
        let moved = |spent, l: &mut PoolLedger| (l.spent, l.disbursements) = (spent, u32::from(spent > 0));
        Ledgers::<Test>::mutate(Pool::Grants, |l| moved(0, l));
        Ledgers::<Test>::mutate(Pool::Social, |l| moved(R1, l));
    });
}
