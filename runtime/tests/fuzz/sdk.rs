//! Generators for calls of the SDK's pallets that move money or carry other calls.

use super::gen::Gen;
use crate::common::Step;
use codec::{Decode, Encode};
use frame_support::dispatch::GetDispatchInfo;
use rand::Rng;
use ratio1_primitives::{Hash, LicenseId};
use ratio1_runtime::{configs::ProxyType, AccountId, Multisig, Proxy, Runtime, RuntimeCall};
use sp_runtime::traits::IdentifyAccount;

/// Drawn beside [`super::ours::OURS`].
pub const SDK: &[(&str, &str, u32)] = &[
    ("Balances", "transfer_allow_death", 8),
    ("Balances", "transfer_keep_alive", 8),
    ("Balances", "transfer_all", 2),
    ("Balances", "force_transfer", 1),
    ("Balances", "burn", 1),
    ("Nfts", "transfer", 1),
    ("Session", "purge_keys", 1),
    ("Utility", "batch", 4),
    ("Utility", "batch_all", 4),
    ("Utility", "force_batch", 2),
    ("Utility", "as_derivative", 1),
    ("Proxy", "add_proxy", 4),
    ("Proxy", "remove_proxy", 1),
    ("Proxy", "remove_proxies", 1),
    ("Proxy", "proxy", 8),
    ("Proxy", "create_pure", 1),
    ("Multisig", "as_multi", 8),
    ("Multisig", "cancel_as_multi", 1),
    ("Multisig", "as_multi_threshold_1", 1),
    ("Council", "propose", 6),
    ("Council", "vote", 20),
    ("Council", "close", 10),
    ("Preimage", "note_preimage", 3),
    ("Preimage", "unnote_preimage", 1),
    ("Scheduler", "schedule", 1),
    ("Scheduler", "cancel", 1),
    ("SafeMode", "enter", 1),
    ("TxPause", "pause", 1),
    ("Sudo", "sudo", 1),
];

type Council = ratio1_runtime::configs::CouncilInstance;

pub fn draw(g: &mut Gen, pallet: &str, call: &str) -> Option<Step> {
    match pallet {
        "Balances" => balances(g, call),
        "Utility" => utility(g, call),
        "Proxy" => proxy(g, call),
        "Multisig" => multisig(g, call),
        "Council" => council(g, call),
        _ => others(g, pallet, call),
    }
}

fn balances(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_balances::Call<Runtime>;
    let who = g.search(|g| Some(g.actor()), |_| true)?;
    let value = g.balance(who);
    let value = g.amount(value);
    // Multisig accounts get their part, and the liquidity wallet, whose own R1 is all held.
    let dest = match g.rng.gen_range(0..20) {
        0..=2 => pair_account(g).1,
        3 => pallet_pools::Wallets::<Runtime>::get(pallet_pools::Wallet::Liquidity)?,
        _ => g.account(),
    };
    let (source, dest) = (g.actors[who].id.clone().into(), dest.into());
    match call {
        "transfer_allow_death" => g.signed(who, Call::transfer_allow_death { dest, value }),
        "transfer_keep_alive" => g.signed(who, Call::transfer_keep_alive { dest, value }),
        "transfer_all" => {
            let keep_alive = g.rng.gen();
            g.signed(who, Call::transfer_all { dest, keep_alive })
        }
        "force_transfer" => g.root(Call::force_transfer { source, dest, value }),
        "burn" => g.signed(who, Call::burn { value, keep_alive: false }),
        _ => unreachable!("balances.{call} has no generator"),
    }
}

/// Something else that an actor signs.
fn any_signed(g: &mut Gen) -> Option<(usize, RuntimeCall)> {
    for _ in 0..20 {
        if let Some(Step::Signed(pair, call)) = super::draw_plain(g) {
            let id = sp_runtime::MultiSigner::from(sp_core::Pair::public(&*pair)).into_account();
            return Some((*g.by_id.get(&id)?, call));
        }
    }
    None
}

fn utility(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_utility::Call<Runtime>;
    let (who, first) = any_signed(g)?;
    if call == "as_derivative" {
        let call = Box::new(first);
        return g.signed(who, Call::as_derivative { index: 0, call });
    }
    let mut calls = vec![first];
    for _ in 0..g.rng.gen_range(0..3) {
        let (other, call) = any_signed(g)?;
        // Mostly calls that this signer could make.
        if other == who || g.chance(0.2) || matches!(call, RuntimeCall::Balances(_)) {
            calls.push(call);
        }
    }
    match call {
        "batch" => g.signed(who, Call::batch { calls }),
        "batch_all" => g.signed(who, Call::batch_all { calls }),
        "force_batch" => g.signed(who, Call::force_batch { calls }),
        _ => unreachable!("utility.{call} has no generator"),
    }
}

fn proxy_type(g: &mut Gen) -> ProxyType {
    let types = [ProxyType::Any, ProxyType::NonTransfer, ProxyType::NodeOperation];
    g.pick(&types).unwrap_or_default()
}

fn proxy(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_proxy::Call<Runtime>;
    let who = g.actor();
    match call {
        "add_proxy" => {
            let (delegate, proxy_type) = (g.account().into(), proxy_type(g));
            g.signed(who, Call::add_proxy { delegate, proxy_type, delay: 0 })
        }
        "remove_proxy" => {
            let (proxies, _) = Proxy::proxies(g.actors[who].id.clone());
            let proxy = g.pick(&proxies)?;
            let (delegate, proxy_type, delay) = (proxy.delegate.into(), proxy.proxy_type, proxy.delay);
            g.signed(who, Call::remove_proxy { delegate, proxy_type, delay })
        }
        "remove_proxies" => g.signed(who, Call::remove_proxies {}),
        "create_pure" => {
            let proxy_type = proxy_type(g);
            g.signed(who, Call::create_pure { proxy_type, delay: 0, index: 0 })
        }
        "proxy" => {
            let real = pallet_proxy::Proxies::<Runtime>::iter_keys().filter_map(|id| g.by_id.get(&id).copied());
            let reals: Vec<usize> = real.collect();
            let real = if g.chance(0.9) { g.pick(&reals)? } else { g.actor() };
            let (proxies, _) = Proxy::proxies(g.actors[real].id.clone());
            let delegate = g.pick(&proxies).and_then(|proxy| g.by_id.get(&proxy.delegate).copied());
            let delegate = delegate.filter(|_| !g.chance(0.1)).unwrap_or(who);
            let mut inner = None;
            for _ in 0..60 {
                let (signer, call) = any_signed(g)?;
                inner = Some(Box::new(call));
                if signer == real {
                    break;
                }
            }
            let call = inner?;
            let real = g.actors[real].id.clone().into();
            g.signed(delegate, Call::proxy { real, force_proxy_type: None, call })
        }
        _ => unreachable!("proxy.{call} has no generator"),
    }
}

/// Two actors and the account that is theirs together. There are few such pairs, so that they meet again.
fn pair_account(g: &mut Gen) -> ([usize; 2], AccountId) {
    let a = g.rng.gen_range(0..g.actors.len() / 2);
    let b = a + g.actors.len() / 2;
    let mut ids = [g.actors[a].id.clone(), g.actors[b].id.clone()];
    ids.sort();
    ([a, b], Multisig::multi_account_id(&ids, 2))
}

fn multisig(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_multisig::Call<Runtime>;
    let ([a, b], account) = pair_account(g);
    let max_weight = frame_support::weights::Weight::from_parts(50_000_000_000, 1_000_000);
    if call == "as_multi_threshold_1" {
        let (_, call) = any_signed(g)?;
        let other_signatories = vec![g.actors[b].id.clone()];
        return g.signed(a, Call::as_multi_threshold_1 { other_signatories, call: Box::new(call) });
    }
    // What waits for a second approval goes first.
    let waiting: Vec<_> = pallet_multisig::Multisigs::<Runtime>::iter().map(|(_, hash, open)| (hash, open)).collect();
    if let Some((hash, open)) = g.pick(&waiting).filter(|_| !g.chance(0.3)) {
        let (ids, inner) = g.multisig_calls.get(&hash)?.clone();
        let approves = if call == "cancel_as_multi" {
            open.depositor.clone()
        } else {
            ids.iter().find(|id| !open.approvals.contains(id))?.clone()
        };
        let who = *g.by_id.get(&approves)?;
        let other_signatories = ids.into_iter().filter(|id| *id != approves).collect();
        return match call {
            "as_multi" => {
                let (maybe_timepoint, call) = (Some(open.when), Box::new(inner));
                g.signed(who, Call::as_multi { threshold: 2, other_signatories, maybe_timepoint, call, max_weight })
            }
            _ => {
                let timepoint = open.when;
                g.signed(who, Call::cancel_as_multi { threshold: 2, other_signatories, timepoint, call_hash: hash })
            }
        };
    }
    if call == "cancel_as_multi" {
        return None;
    }
    let value = g.amount(super::money::total(&account));
    let inner: RuntimeCall = match g.rng.gen_range(0..4) {
        0 => any_signed(g)?.1,
        _ => pallet_balances::Call::transfer_allow_death { dest: g.account().into(), value }.into(),
    };
    let hash = sp_io::hashing::blake2_256(&inner.encode());
    let ids = vec![g.actors[a].id.clone(), g.actors[b].id.clone()];
    g.multisig_calls.insert(hash, (ids.clone(), inner.clone()));
    let (other_signatories, call) = (vec![ids[1].clone()], Box::new(inner));
    g.signed(a, Call::as_multi { threshold: 2, other_signatories, maybe_timepoint: None, call, max_weight })
}

fn council(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_collective::Call<Runtime, Council>;
    let members = pallet_collective::Members::<Runtime, Council>::get();
    let member = match g.pick(&members) {
        Some(id) if !g.chance(0.05) => *g.by_id.get(&id)?,
        _ => g.actor(),
    };
    let proposals = pallet_collective::Proposals::<Runtime, Council>::get();
    match call {
        "propose" => {
            let proposal = super::governance::motion(g)?;
            let length_bound = proposal.encoded_size() as u32;
            let threshold = if g.chance(0.9) { 3 } else { g.rng.gen_range(0..6) };
            g.signed(member, Call::propose { threshold, proposal: Box::new(proposal), length_bound })
        }
        "vote" => {
            let proposal = g.pick(&proposals)?;
            let (index, _, ayes, nays, _) = votes_of(&proposal)?;
            let silent: Vec<_> = members.iter().filter(|m| !ayes.contains(m) && !nays.contains(m)).cloned().collect();
            let silent = g.pick(&silent).and_then(|id| g.by_id.get(&id).copied());
            let member = silent.filter(|_| !g.chance(0.2)).unwrap_or(member);
            let approve = g.chance(0.9);
            g.signed(member, Call::vote { proposal, index, approve })
        }
        "close" => {
            let decided = |hash: &Hash| {
                votes_of(hash)
                    .is_some_and(|(_, threshold, ayes, nays, _)| ayes.len() as u32 >= threshold || nays.len() > 1)
            };
            let proposal_hash = g.search(|g| g.pick(&proposals), decided)?;
            if !decided(&proposal_hash) && g.chance(0.7) {
                return None;
            }
            let proposal = pallet_collective::ProposalOf::<Runtime, Council>::get(proposal_hash)?;
            let ((index, ..), length_bound) = (votes_of(&proposal_hash)?, proposal.encoded_size() as u32);
            let proposal_weight_bound = proposal.get_dispatch_info().call_weight;
            g.signed(member, Call::close { proposal_hash, index, proposal_weight_bound, length_bound })
        }
        _ => unreachable!("council.{call} has no generator"),
    }
}

/// Number, threshold, ayes, nays and end of a motion, whose fields are private.
type Votes = (u32, u32, Vec<AccountId>, Vec<AccountId>, u32);

fn votes_of(proposal: &Hash) -> Option<Votes> {
    let votes = pallet_collective::Voting::<Runtime, Council>::get(proposal)?;
    Votes::decode(&mut &votes.encode()[..]).ok()
}

/// Calls that are filtered, or for governance alone.
fn others(g: &mut Gen, pallet: &str, call: &str) -> Option<Step> {
    let who = g.actor();
    match (pallet, call) {
        ("Nfts", "transfer") => {
            let (item, dest) = (g.license().0, g.account().into());
            let owner = g.owner_or_other(LicenseId(item));
            g.signed(owner, pallet_nfts::Call::transfer { collection: 0, item, dest })
        }
        ("Session", "purge_keys") => g.signed(who, pallet_session::Call::purge_keys {}),
        ("Preimage", "note_preimage") => {
            // A call that governance may then schedule.
            let bytes = match super::draw_plain(g)? {
                Step::Root(call) | Step::Council(_, call) => call.encode(),
                _ => vec![g.rng.gen(); g.rng.gen_range(0..100)],
            };
            g.noted.push((sp_io::hashing::blake2_256(&bytes).into(), bytes.len() as u32));
            g.signed(who, pallet_preimage::Call::note_preimage { bytes })
        }
        ("Preimage", "unnote_preimage") => {
            let noted = g.noted.clone();
            let (hash, _) = g.pick(&noted)?;
            g.signed(who, pallet_preimage::Call::unnote_preimage { hash })
        }
        ("Scheduler", "schedule") => {
            let (_, inner) = any_signed(g)?;
            let when = ratio1_runtime::System::block_number() + g.rng.gen_range(0..5);
            let call = Box::new(inner);
            g.by_anyone(pallet_scheduler::Call::schedule { when, maybe_periodic: None, priority: 0, call })
        }
        ("Scheduler", "cancel") => {
            let when = ratio1_runtime::System::block_number() + g.rng.gen_range(0..5);
            g.by_anyone(pallet_scheduler::Call::cancel { when, index: 0 })
        }
        ("SafeMode", "enter") => g.signed(who, pallet_safe_mode::Call::enter {}),
        ("TxPause", "pause") => {
            let name = |bytes: &[u8]| bytes.to_vec().try_into().ok();
            let full_name = (name(b"Balances")?, name(b"transfer_keep_alive")?);
            g.signed(who, pallet_tx_pause::Call::pause { full_name })
        }
        ("Sudo", "sudo") => {
            let (_, inner) = any_signed(g)?;
            g.signed(who, pallet_sudo::Call::sudo { call: Box::new(inner) })
        }
        _ => unreachable!("{pallet}.{call} has no generator"),
    }
}
