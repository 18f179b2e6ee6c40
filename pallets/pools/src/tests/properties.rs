//! R1 is conserved whatever happens.

use super::*;

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
