//! Wallets, and what comes to them.

use super::*;

#[test]
fn genesis_names_wallets_and_gives_each_a_provider_reference_and_no_r1() {
    run(|| {
        let accounts = Pool::ALL.map(Pools::account);
        assert_eq!(accounts, [LIQUIDITY, OPERATIONS, FOUNDATION, FOUNDATION, FOUNDATION].map(Some));
        for who in [LIQUIDITY, OPERATIONS, FOUNDATION] {
            assert_eq!(System::providers(&who), 1);
        }
        assert_eq!(Balances::total_issuance(), 0);
        assert_eq!(Pools::pools().len(), 5);
    });
}

#[test]
fn deposit_is_refused_when_the_pool_has_no_wallet() {
    build(GenesisConfig::default()).execute_with(|| {
        for pool in Pool::ALL {
            assert_eq!(Pools::account(pool), None);
            assert_noop!(Pools::deposited(pool, 1), Error::<Test>::NoWallet);
        }
        check();
    });
}

#[test]
fn deposit_is_held_to_the_last_unit_when_the_pool_is_not_operations() {
    run(|| {
        for (pool, amount) in Pool::ALL.into_iter().zip(1..) {
            fill(pool, amount * R1);
            let received = amount * R1;
            System::assert_last_event(Event::Deposited { pool, amount: received, received }.into());
        }
        assert_eq!(held(Pool::Liquidity, LIQUIDITY), R1);
        assert_eq!(
            [Pool::Marketing, Pool::Grants, Pool::Social].map(|p| held(p, FOUNDATION)),
            [3 * R1, 4 * R1, 5 * R1]
        );
        assert_eq!([LIQUIDITY, OPERATIONS, FOUNDATION].map(|who| Balances::balance(&who)), [0, 2 * R1, 0]);
        // The keys cannot move it.
        let transfer = Balances::transfer_allow_death(RuntimeOrigin::signed(FOUNDATION), ALICE, 1);
        assert!(transfer.is_err());
        assert_ok!(Pools::deposited(Pool::Social, 0));
        assert_eq!(Ledgers::<Test>::get(Pool::Social).received, 5 * R1);
    });
}

#[test]
fn deposit_is_refused_when_it_did_not_come() {
    run(|| {
        assert!(Pools::deposited(Pool::Grants, R1).is_err());
        assert_eq!(Ledgers::<Test>::get(Pool::Grants), PoolLedger::default());
    });
}

#[test]
fn held_r1_moves_and_stays_held_when_a_wallet_is_replaced() {
    run(|| {
        fill(Pool::Liquidity, 5 * R1);
        fill_governed();
        let set = |wallet, account| Pools::set_wallet(RuntimeOrigin::root(), wallet, account);
        assert_noop!(
            Pools::set_wallet(RuntimeOrigin::signed(LIQUIDITY), Wallet::Liquidity, ALICE),
            DispatchError::BadOrigin
        );
        assert_noop!(set(Wallet::Liquidity, LIQUIDITY), Error::<Test>::SameWallet);
        // ALICE has no account yet.
        assert_ok!(set(Wallet::Liquidity, ALICE));
        let event = |wallet, from, moved| Event::WalletSet { wallet, from: Some(from), account: ALICE, moved };
        System::assert_last_event(event(Wallet::Liquidity, LIQUIDITY, 5 * R1).into());
        assert_eq!((held(Pool::Liquidity, ALICE), held(Pool::Liquidity, LIQUIDITY)), (5 * R1, 0));
        assert_noop!(liquidity(LIQUIDITY, 11, R1), Error::<Test>::NotLiquidityWallet);
        assert_ok!(liquidity(ALICE, 11, R1));

        assert_ok!(set(Wallet::Foundation, ALICE));
        System::assert_last_event(event(Wallet::Foundation, FOUNDATION, 300 * R1).into());
        assert_eq!(GOVERNED.map(|pool| held(pool, ALICE)), [100 * R1; 3]);

        // What operations have is theirs: only what comes from now on goes elsewhere.
        fill(Pool::Operations, R1);
        assert_ok!(set(Wallet::Operations, ALICE));
        System::assert_last_event(event(Wallet::Operations, OPERATIONS, 0).into());
        assert_eq!(Balances::balance(&OPERATIONS), R1);
        assert_eq!(System::providers(&ALICE), 1);
    });
}

#[test]
fn wallet_is_named_later_when_genesis_named_none() {
    build(GenesisConfig::default()).execute_with(|| {
        assert_ok!(Pools::set_wallet(RuntimeOrigin::root(), Wallet::Liquidity, ALICE));
        System::assert_last_event(
            Event::WalletSet { wallet: Wallet::Liquidity, from: None, account: ALICE, moved: 0 }.into(),
        );
        fill(Pool::Liquidity, R1);
        assert_ok!(liquidity(ALICE, 11, R1));
        check();
    });
}
