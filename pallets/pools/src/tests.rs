//! Scenarios in lifecycle order, then properties.

use crate::{mock::*, *};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::CheckIfFeeless,
    traits::fungible::{hold::Inspect as _, Inspect},
};
use proptest::prelude::*;
use ratio1_primitives::{
    economics::{
        pools::{Pool, LOCK_EPOCHS},
        R1,
    },
    traits::Pools as _,
    Balance, EpochIndex,
};
use sp_runtime::{DispatchError, DispatchResult};

const GOVERNED: [Pool; 3] = [Pool::Marketing, Pool::Grants, Pool::Social];

fn text(text: &str) -> Text {
    Text::truncate_from(text.into())
}

fn held(pool: Pool, who: u64) -> Balance {
    let reason = wallets::reason(pool).expect("the pool is held");
    Balances::balance_on_hold(&reason.into(), &who)
}

fn liquidity(who: u64, to: u64, amount: Balance) -> DispatchResult {
    Pools::disburse_liquidity(RuntimeOrigin::signed(who), to, amount, text("market making"))
}

fn is_feeless(who: u64, to: u64, amount: Balance) -> bool {
    let call = RuntimeCall::Pools(Call::disburse_liquidity { to, amount, purpose: text("market making") });
    call.is_feeless(&RuntimeOrigin::signed(who))
}

/// By governance. The view must say the same.
fn disburse(pool: Pool, to: u64, amount: Balance) -> DispatchResult {
    let (purpose, milestone) = (text("hackathon"), Some(text("prizes handed over")));
    let promised = Pools::can_disburse(pool, to, amount, purpose.clone(), milestone.clone());
    let done = Pools::disburse(RuntimeOrigin::root(), pool, to, amount, purpose, milestone);
    assert_eq!(promised, done);
    done
}

fn fill_governed() {
    for pool in GOVERNED {
        fill(pool, 100 * R1);
    }
}

fn info(pool: Pool) -> PoolInfo<u64> {
    Pools::pools().into_iter().find(|info| info.pool == pool).expect("all pools are there")
}

// Wallets and deposits

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

// Liquidity

#[test]
fn liquidity_wallet_pays_without_fee_and_without_balance_when_it_names_counterparty_and_purpose() {
    run(|| {
        fill(Pool::Liquidity, 10 * R1);
        Current::set(7);
        assert!(is_feeless(LIQUIDITY, ALICE, 4 * R1));
        assert_ok!(liquidity(LIQUIDITY, ALICE, 4 * R1));
        System::assert_last_event(
            Event::Disbursed {
                pool: Pool::Liquidity,
                index: 0,
                to: ALICE,
                amount: 4 * R1,
                purpose: text("market making"),
                milestone: None,
            }
            .into(),
        );
        assert_eq!(Balances::balance(&ALICE), 4 * R1);
        assert_eq!((Balances::balance(&LIQUIDITY), held(Pool::Liquidity, LIQUIDITY)), (0, 6 * R1));
        let made = Disbursement {
            to: ALICE,
            amount: 4 * R1,
            purpose: text("market making"),
            milestone: None,
            epoch: EpochIndex(7),
            by: Some(LIQUIDITY),
        };
        assert_eq!(Pools::disbursements(Pool::Liquidity, 0, 100), [made]);
        let expected = PoolInfo {
            pool: Pool::Liquidity,
            account: Some(LIQUIDITY),
            received: 10 * R1,
            spent: 4 * R1,
            balance: 6 * R1,
            disbursements: 1,
            locked: None,
        };
        assert_eq!(info(Pool::Liquidity), expected);
    });
}

#[test]
fn liquidity_is_refused_with_a_fee_when_it_is_not_as_it_should_be() {
    run(|| {
        fill(Pool::Liquidity, 10 * R1);
        let refused = |who, to, amount, purpose: &str, error: Error<Test>| {
            let purpose = text(purpose);
            let origin = RuntimeOrigin::signed(who);
            assert_eq!(Pools::can_disburse_liquidity(who, to, amount, purpose.clone()), Err(error.into()));
            let call = RuntimeCall::Pools(Call::disburse_liquidity { to, amount, purpose: purpose.clone() });
            assert!(!call.is_feeless(&origin));
            let error = Pools::can_disburse_liquidity(who, to, amount, purpose.clone()).expect_err("it is refused");
            assert_noop!(Pools::disburse_liquidity(origin, to, amount, purpose), error);
        };
        refused(ALICE, 11, R1, "x", Error::NotLiquidityWallet);
        refused(FOUNDATION, 11, R1, "x", Error::NotLiquidityWallet);
        refused(LIQUIDITY, ALICE, 0, "x", Error::ZeroAmount);
        refused(LIQUIDITY, ALICE, R1, "", Error::NoPurpose);
        refused(LIQUIDITY, LIQUIDITY, R1, "x", Error::SelfPayment);
        refused(LIQUIDITY, ALICE, 10 * R1 + 1, "x", Error::InsufficientPool);
        refused(LIQUIDITY, ALICE, R1 - 1, "x", Error::AmountTooSmall);
        assert_noop!(Pools::disburse_liquidity(RuntimeOrigin::root(), 1, R1, text("x")), DispatchError::BadOrigin);
        // All that is left may be less.
        assert_ok!(liquidity(LIQUIDITY, ALICE, 9 * R1 + 1));
        refused(LIQUIDITY, ALICE, R1 - 2, "x", Error::AmountTooSmall);
        assert_ok!(liquidity(LIQUIDITY, ALICE, R1 - 1));
        refused(LIQUIDITY, ALICE, 1, "x", Error::InsufficientPool);
    });
}

#[test]
fn liquidity_costs_a_fee_when_the_free_disbursements_of_the_epoch_are_made() {
    run(|| {
        fill(Pool::Liquidity, 1_000 * R1);
        for left in (1..=FREE_PER_EPOCH).rev() {
            assert_eq!(Pools::free_disbursements(), left);
            assert!(is_feeless(LIQUIDITY, ALICE, R1));
            assert_ok!(liquidity(LIQUIDITY, ALICE, R1));
        }
        assert_eq!(Pools::free_disbursements(), 0);
        assert!(!is_feeless(LIQUIDITY, ALICE, R1));
        // It is still possible, for who can pay the fee.
        assert_ok!(liquidity(LIQUIDITY, ALICE, R1));
        epoch(1);
        assert_eq!(Pools::free_disbursements(), FREE_PER_EPOCH);
        assert!(is_feeless(LIQUIDITY, ALICE, R1));
    });
}

// Marketing, grants, social responsibility

#[test]
fn governed_pool_is_refused_when_it_is_locked() {
    run(|| {
        fill_governed();
        for n in [0, 1, LOCK_EPOCHS - 1] {
            epoch(n);
            for pool in GOVERNED {
                assert_noop!(disburse(pool, ALICE, R1), Error::<Test>::PoolLocked);
                assert_eq!(info(pool).locked, Some(Lock::Until(EpochIndex(LOCK_EPOCHS))));
            }
        }
        epoch(LOCK_EPOCHS);
        assert_eq!(info(Pool::Marketing).locked, None);
        assert_ok!(disburse(Pool::Marketing, ALICE, R1));
    });
}

#[test]
fn social_is_refused_until_marketing_and_grants_have_both_paid() {
    run(|| {
        fill_governed();
        epoch(LOCK_EPOCHS);
        assert_noop!(disburse(Pool::Social, ALICE, R1), Error::<Test>::SocialOpensLast);
        assert_eq!(info(Pool::Social).locked, Some(Lock::MarketingAndGrantsFirst));
        assert_ok!(disburse(Pool::Grants, ALICE, R1));
        assert_noop!(disburse(Pool::Social, ALICE, R1), Error::<Test>::SocialOpensLast);
        assert_ok!(disburse(Pool::Marketing, ALICE, R1));
        assert_eq!(info(Pool::Social).locked, None);
        assert_ok!(disburse(Pool::Social, ALICE, R1));
    });
}

#[test]
fn governed_pool_pays_for_a_milestone_and_records_it_when_it_is_open() {
    run(|| {
        fill_governed();
        epoch(LOCK_EPOCHS + 3);
        assert_ok!(disburse(Pool::Grants, ALICE, 100 * R1));
        let (purpose, milestone) = (text("hackathon"), Some(text("prizes handed over")));
        System::assert_last_event(
            Event::Disbursed {
                pool: Pool::Grants,
                index: 0,
                to: ALICE,
                amount: 100 * R1,
                purpose: purpose.clone(),
                milestone: milestone.clone(),
            }
            .into(),
        );
        let made = Disbursement {
            to: ALICE,
            amount: 100 * R1,
            purpose,
            milestone,
            epoch: EpochIndex(LOCK_EPOCHS + 3),
            by: None,
        };
        assert_eq!(Pools::disbursements(Pool::Grants, 0, 1), [made]);
        assert_eq!(Balances::balance(&ALICE), 100 * R1);
        assert_eq!(GOVERNED.map(|pool| held(pool, FOUNDATION)), [100 * R1, 0, 100 * R1]);
        assert_eq!(info(Pool::Grants).balance, 0);
    });
}

#[test]
fn governed_disbursement_is_refused_when_it_is_not_as_it_should_be() {
    run(|| {
        fill(Pool::Liquidity, R1);
        fill(Pool::Operations, R1);
        fill(Pool::Marketing, R1);
        epoch(LOCK_EPOCHS);
        let pool = Pool::Marketing;
        assert_noop!(
            Pools::disburse(RuntimeOrigin::signed(FOUNDATION), pool, ALICE, R1, text("x"), Some(text("y"))),
            DispatchError::BadOrigin
        );
        assert_noop!(disburse(Pool::Liquidity, ALICE, R1), Error::<Test>::NotGoverned);
        assert_noop!(disburse(Pool::Operations, ALICE, R1), Error::<Test>::NotGoverned);
        assert_noop!(disburse(pool, ALICE, 0), Error::<Test>::ZeroAmount);
        assert_noop!(disburse(pool, FOUNDATION, R1), Error::<Test>::SelfPayment);
        assert_noop!(disburse(pool, ALICE, R1 + 1), Error::<Test>::InsufficientPool);
        assert_noop!(disburse(Pool::Grants, ALICE, 1), Error::<Test>::InsufficientPool);
        let root = RuntimeOrigin::root;
        let milestone = |milestone| Pools::disburse(root(), pool, ALICE, R1, text("x"), milestone);
        assert_noop!(milestone(None), Error::<Test>::NoMilestone);
        assert_noop!(milestone(Some(text(""))), Error::<Test>::NoMilestone);
        assert_noop!(Pools::disburse(root(), pool, ALICE, R1, text(""), Some(text("y"))), Error::<Test>::NoPurpose);
        // Governance need not leave anything.
        assert_ok!(disburse(pool, ALICE, R1 - 1));
        assert_ok!(disburse(pool, ALICE, 1));
    });
}

#[test]
fn governed_disbursement_is_refused_when_the_pool_has_no_wallet() {
    build(GenesisConfig::default()).execute_with(|| {
        Current::set(LOCK_EPOCHS);
        assert_noop!(disburse(Pool::Grants, ALICE, R1), Error::<Test>::NoWallet);
    });
}

// Views

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

// Invariants

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

// Properties

/// One step of a random life.
#[derive(Clone, Debug)]
enum Step {
    Fill(Pool, Balance),
    Liquidity(u64, u64, Balance),
    Disburse(Pool, u64, Balance),
    Wallet(Wallet, u64),
    Epochs(u32),
}

fn pool() -> impl Strategy<Value = Pool> {
    proptest::sample::select(Pool::ALL.to_vec())
}

fn step() -> impl Strategy<Value = Step> {
    let amount = || prop_oneof![0..3u128, 0..20 * R1, Just(R1)];
    prop_oneof![
        3 => (pool(), amount()).prop_map(|(pool, amount)| Step::Fill(pool, amount)),
        3 => (1u64..6, 1u64..6, amount()).prop_map(|(who, to, amount)| Step::Liquidity(who, to, amount)),
        3 => (pool(), 1u64..6, amount()).prop_map(|(pool, to, amount)| Step::Disburse(pool, to, amount)),
        1 => (proptest::sample::select(Wallet::ALL.to_vec()), 1u64..6).prop_map(|(w, who)| Step::Wallet(w, who)),
        1 => (0u32..200).prop_map(Step::Epochs),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn r1_is_conserved_whatever_happens(steps in proptest::collection::vec(step(), 0..100)) {
        new_test_ext().execute_with(|| {
            let mut minted = 0;
            for step in steps {
                match step {
                    Step::Fill(pool, amount) => {
                        fill(pool, amount);
                        minted += amount;
                    },
                    Step::Liquidity(who, to, amount) => {
                        let promised = Pools::can_disburse_liquidity(who, to, amount, text("market making"));
                        let free = is_feeless(who, to, amount);
                        let done = liquidity(who, to, amount);
                        assert_eq!(promised, done);
                        assert!(done.is_ok() || !free, "what is free succeeds");
                    },
                    Step::Disburse(pool, to, amount) => {
                        let _ = disburse(pool, to, amount);
                    },
                    Step::Wallet(wallet, who) => {
                        let _ = Pools::set_wallet(RuntimeOrigin::root(), wallet, who);
                    },
                    Step::Epochs(n) => Current::set(Current::get() + n),
                }
                check();
            }
            assert_eq!(Balances::total_issuance(), minted);
            // What was received is still held, or was paid out, or is operations'.
            let infos = Pools::pools();
            assert_eq!(infos.iter().map(|info| info.received).sum::<Balance>(), minted);
            let held: Balance = (1..6).map(|who| Balances::total_balance_on_hold(&who)).sum();
            let left: Balance = infos.iter().filter(|i| i.pool != Pool::Operations).map(|i| i.balance).sum();
            assert_eq!(held, left);
        });
    }
}
