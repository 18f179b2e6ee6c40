//! Generators for the calls by which R1 is minted, priced and spent.

use super::gen::Gen;
use crate::common::Step;
use pallet_pools::{Text, Wallet};
use rand::Rng;
use ratio1_primitives::{
    economics::{pools::Pool, sale::TIERS, R1},
    traits::LicenseInspect,
    LicenseId,
};
use ratio1_runtime::{facts, AccountId, Balances, Licenses, Pools, Price, Rewards, Runtime, Sale};

/// Refusals that guard money: each must be reached by the short mode.
pub const ERRORS: &[&str] = &[
    "Sale.ZeroUnits",
    "Sale.MinAboveMax",
    "Sale.TooManyUnits",
    "Sale.WrongTier",
    "Sale.NotAttested",
    "Sale.CountryProhibited",
    "Sale.RateStale",
    "Sale.PriceAboveMaximum",
    "Sale.LimitExceeded",
    "Sale.InsufficientFunds",
    "Licenses.EntityLimitExceeded",
    "Licenses.AssignmentTooLarge",
    "Licenses.ZeroAssignment",
    "Licenses.ZeroPrice",
    "Licenses.PriceAboveMaximum",
    "Licenses.InsufficientFunds",
    "Licenses.ReservedForAnother",
    "Licenses.NotOwner",
    "Licenses.MasterNeedsApproval",
    "Licenses.GenesisNeverMoves",
    "Licenses.LinkedEpochsOpen",
    "Rewards.NothingToClaim",
    "Rewards.Banned",
    "Rewards.UnknownLicense",
    "Pools.NotLiquidityWallet",
    "Pools.AmountTooSmall",
    "Pools.InsufficientPool",
    "Pools.SelfPayment",
    "Pools.PoolLocked",
    "Pools.NotGoverned",
    "Pools.NoMilestone",
    "BadOrigin",
    "Invalid.Payment",
    "System.CallFiltered",
];

pub fn claim(g: &mut Gen) -> Option<Step> {
    let license = match g.chance(0.1) {
        true => LicenseId(0),
        false => {
            let count = <Licenses as LicenseInspect<AccountId>>::count();
            let due: Vec<LicenseId> = (0..count).map(LicenseId).filter(|l| Rewards::can_claim(*l).is_ok()).collect();
            match g.pick(&due) {
                Some(license) if !g.chance(0.2) => license,
                _ => g.license(),
            }
        }
    };
    Some(Step::Xt(Box::new(facts::claim_extrinsic(license))))
}

pub fn price(g: &mut Gen) -> Option<Step> {
    let draw = |g: &mut Gen| match g.chance(0.2) {
        true => Some(g.wild_price()),
        false => {
            let last = Price::current_rate().map_or(g.market, |info| info.rate.price);
            Some(last / 100 * g.rng.gen_range(70..130))
        }
    };
    let price = g.search(draw, |price| Price::can_administer(*price).is_ok())?;
    g.root(pallet_price::Call::administer { price })
}

pub fn buy(g: &mut Gen) -> Option<Step> {
    let state = Sale::state();
    let open = state.open.map_or(12, |open| open.tier);
    let each = state.price_each.and_then(Result::ok).unwrap_or(R1);
    let draw = |g: &mut Gen| {
        let tier = if g.chance(0.05) { g.rng.gen_range(0..TIERS.len() as u8 + 2) } else { open };
        let (min, max) = match g.rng.gen_range(0..20) {
            0 => (0, 0),
            1 => (2, 1),
            2 => (1, u32::MAX),
            3 => (200, 250),
            4..=6 => (1, g.rng.gen_range(6..60)),
            _ => (1, g.rng.gen_range(1..6)),
        };
        let max_price = if g.chance(0.05) { each.saturating_sub(1) } else { each };
        Some((g.actor(), tier, min, max, max_price))
    };
    let ids = g.ids();
    let (buyer, tier, min, max, max_price) =
        g.search(draw, |(b, t, min, max, _)| Sale::quote(ids[*b].clone(), *t, *min, *max).is_ok())?;
    g.signed(buyer, pallet_sale::Call::buy { tier, min, max, max_price })
}

pub fn pools(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_pools::Call<Runtime>;
    match call {
        "disburse_liquidity" => {
            let wallet = pallet_pools::Wallets::<Runtime>::get(Wallet::Liquidity)?;
            let who = match g.by_id.get(&wallet).copied() {
                Some(wallet) if !g.chance(0.05) => wallet,
                _ => g.actor(),
            };
            let draw = |g: &mut Gen| {
                let left = left_of(Pool::Liquidity);
                let amount = match g.chance(0.15) {
                    true => g.amount(left),
                    // For a fee or two, or for a deed or two.
                    false if g.chance(0.3) => R1 * g.rng.gen_range(1..50),
                    false if g.chance(0.05) => R1 / 2,
                    false => (R1 * g.rng.gen_range(100..8_000)).min(left / 4),
                };
                if g.chance(0.03) {
                    return Some((wallet.clone(), amount, text(g)));
                }
                // Whoever cannot pay a fee comes first.
                let poor: Vec<usize> = (0..g.actors.len()).filter(|i| g.is_broke(*i)).collect();
                let to = match g.pick(&poor) {
                    Some(i) if g.chance(0.6) => g.actors[i].id.clone(),
                    _ => g.account(),
                };
                Some((to, amount, text(g)))
            };
            let valid = |(to, amount, purpose): &(AccountId, u128, Text)| {
                Pools::can_disburse_liquidity(wallet.clone(), to.clone(), *amount, purpose.clone()).is_ok()
            };
            let (to, amount, purpose) = g.search(draw, valid)?;
            g.signed(who, Call::disburse_liquidity { to, amount, purpose })
        }
        "disburse" => {
            let draw = |g: &mut Gen| {
                let pool = g.pick(&Pool::ALL)?;
                let amount = match g.chance(0.3) {
                    true => g.amount(left_of(pool)),
                    false => R1 * g.rng.gen_range(1..5_000),
                };
                let to = match g.chance(0.05) {
                    true => pallet_pools::Wallets::<Runtime>::get(Wallet::of(pool))?,
                    false => g.account(),
                };
                let milestone = if g.chance(0.95) { Some(text(g)) } else { None };
                Some((pool, to, amount, text(g), milestone))
            };
            let valid = |(pool, to, amount, purpose, milestone): &(Pool, AccountId, u128, Text, Option<Text>)| {
                Pools::can_disburse(*pool, to.clone(), *amount, purpose.clone(), milestone.clone()).is_ok()
            };
            let (pool, to, amount, purpose, milestone) = g.search(draw, valid)?;
            g.root(Call::disburse { pool, to, amount, purpose, milestone })
        }
        "set_wallet" => {
            let wallet = g.pick(&Wallet::ALL)?;
            let account = g.account();
            // A wallet without a key is a dead end for this chain: the public has keys.
            let account = if g.by_id.contains_key(&account) { account } else { g.actors[0].id.clone() };
            g.root(Call::set_wallet { wallet, account })
        }
        _ => unreachable!("pools.{call} has no generator"),
    }
}

fn left_of(pool: Pool) -> u128 {
    pallet_pools::Ledgers::<Runtime>::get(pool).balance()
}

/// Words, or none.
fn text(g: &mut Gen) -> Text {
    let bytes = if g.chance(0.97) { b"for a reason".to_vec() } else { vec![] };
    Text::try_from(bytes).unwrap_or_default()
}

/// What an account has, held or not.
pub fn total(who: &AccountId) -> u128 {
    <Balances as frame_support::traits::fungible::Inspect<AccountId>>::total_balance(who)
}
