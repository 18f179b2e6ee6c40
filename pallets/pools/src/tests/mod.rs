//! Scenarios in lifecycle order, then properties.

mod governed;
mod liquidity;
mod properties;
mod views;
mod wallets;

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
    let reason = crate::wallets::reason(pool).expect("the pool is held");
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
