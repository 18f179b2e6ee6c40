//! A generator for every call of our pallets.

use super::{gen::Gen, governance, jobs, money};
use crate::common::Step;
use codec::Encode;
use rand::Rng;
use ratio1_primitives::{
    api::SignedVote,
    ballot::{Page, Phase, Vote},
    economics::{MASTER_LIMIT, R1},
    keys::link_payload,
    kyc::{Attestation, EntityKind},
    traits::EpochInspect,
    EpochIndex, LicenseId, NodeId, PAGE_SIZE,
};
use ratio1_runtime::{
    facts, AccountId, Availability, Kyc, Licenses, Oracles, Runtime, RuntimeCall, SessionKeys, System,
};
use sp_core::Pair;

/// How often each call is drawn, in relation to the others. Calls that change much are rare.
pub const OURS: &[(&str, &str, u32)] = &[
    ("Kyc", "add_registrar", 3),
    ("Kyc", "remove_registrar", 2),
    ("Kyc", "attest", 30),
    ("Kyc", "revoke", 6),
    ("Kyc", "prohibit_country", 3),
    ("Kyc", "permit_country", 6),
    ("Kyc", "set_parameters", 2),
    ("Kyc", "revoke_entity", 2),
    ("Kyc", "restore_entity", 3),
    ("Licenses", "link", 30),
    ("Licenses", "unlink", 12),
    ("Licenses", "transfer", 12),
    ("Licenses", "ban", 2),
    ("Licenses", "unban", 3),
    ("Licenses", "grant_master", 5),
    ("Licenses", "approve_master_transfer", 6),
    ("Licenses", "list", 20),
    ("Licenses", "cancel_listing", 5),
    ("Licenses", "buy", 20),
    ("Oracles", "register_keys", 8),
    ("Oracles", "admit", 5),
    ("Oracles", "remove", 1),
    ("Oracles", "set_minimum", 1),
    ("Availability", "commit", 3),
    ("Availability", "reveal_header", 3),
    ("Availability", "reveal_pages", 3),
    ("Availability", "resolve_page", 5),
    ("Availability", "lapse", 2),
    ("Availability", "set_parameters", 2),
    ("Rewards", "claim", 20),
    ("Price", "administer", 4),
    ("Sale", "buy", 30),
    ("Pools", "disburse_liquidity", 22),
    ("Pools", "disburse", 10),
    ("Pools", "set_wallet", 1),
    ("Governance", "schedule", 8),
    ("Governance", "cancel", 2),
    ("Governance", "enact", 1),
    ("Governance", "pause", 4),
    ("Governance", "resume", 2),
    ("Governance", "halt", 1),
    ("Governance", "unhalt", 4),
    ("Governance", "set_parameters", 1),
    ("Nodes", "declare", 30),
    ("Jobs", "request", 30),
    ("Jobs", "extend", 6),
    ("Jobs", "add_nodes", 6),
    ("Jobs", "cancel", 6),
    ("Jobs", "reject", 10),
    ("Jobs", "accept", 60),
    ("Jobs", "resign", 6),
    ("Jobs", "set_parameters", 3),
];

pub fn draw(g: &mut Gen, pallet: &str, call: &str) -> Option<Step> {
    match pallet {
        "Kyc" => kyc(g, call),
        "Licenses" => licenses(g, call),
        "Oracles" => oracles(g, call),
        "Availability" => availability(g, call),
        "Rewards" => money::claim(g),
        "Price" => money::price(g),
        "Sale" => money::buy(g),
        "Pools" => money::pools(g, call),
        "Governance" => governance::draw(g, call),
        "Nodes" => jobs::declare(g),
        "Jobs" => jobs::draw(g, call),
        _ => unreachable!("{pallet}.{call} has no generator"),
    }
}

/// A registrar, or governance for none.
fn registrar(g: &mut Gen) -> Option<usize> {
    let registrar = g.rng.gen_range(0..g.registrars.len() + 1);
    g.registrars.get(registrar).copied()
}

/// A registrar or governance does this; now and then somebody without any right.
fn as_registrar(g: &mut Gen, by: Option<usize>, call: impl Into<RuntimeCall>) -> Option<Step> {
    match by {
        _ if g.chance(0.04) => g.by_anyone(call),
        Some(registrar) => g.signed(registrar, call),
        None => g.root(call),
    }
}

fn kyc(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_kyc::Call<Runtime>;
    match call {
        "add_registrar" => {
            let registrar =
                if g.chance(0.8) { g.registrars[g.rng.gen_range(0..g.registrars.len())] } else { g.actor() };
            let registrar = g.actors[registrar].id.clone();
            g.root(Call::add_registrar { registrar })
        }
        "remove_registrar" => {
            let all: Vec<AccountId> = pallet_kyc::Registrars::<Runtime>::iter_keys().collect();
            let registrar = if all.len() > 1 { g.pick(&all)? } else { g.account() };
            g.root(Call::remove_registrar { registrar })
        }
        "attest" => {
            let now = Availability::clock_info().current;
            let draw = |g: &mut Gen| {
                let i = g.known_actor();
                let actor = &g.actors[i];
                let (who, entity, kind, country) = (actor.id.clone(), actor.entity, actor.kind, actor.country);
                let expires = now.plus(match g.rng.gen_range(0..10) {
                    0..=2 => g.rng.gen_range(1..40),
                    _ => g.rng.gen_range(300..900),
                });
                let mut attestation = Attestation { entity, kind, country, expires };
                match g.rng.gen_range(0..30) {
                    0 => attestation.entity = g.rng.gen(),
                    1 => attestation.kind = EntityKind::Company,
                    2 => attestation.country = g.country(),
                    3 => attestation.expires = g.epoch(),
                    4 => attestation.expires = EpochIndex(u32::MAX),
                    _ => (),
                }
                Some((registrar(g), who, attestation))
            };
            let ids = g.ids();
            let valid = |(by, who, attestation): &(Option<usize>, AccountId, Attestation)| {
                Kyc::can_attest(by.map(|by| ids[by].clone()), who.clone(), *attestation).is_ok()
            };
            let (by, who, Attestation { entity, kind, country, expires }) = g.search(draw, valid)?;
            as_registrar(g, by, Call::attest { who, entity, kind, country, expires })
        }
        "revoke" => {
            let ids = g.ids();
            let valid = |(by, who): &(Option<usize>, AccountId)| {
                Kyc::can_revoke(by.map(|by| ids[by].clone()), who.clone()).is_ok()
            };
            let (by, who) = g.search(|g| Some((registrar(g), g.account())), valid)?;
            as_registrar(g, by, Call::revoke { who })
        }
        "prohibit_country" => {
            let country = g.country();
            g.root(Call::prohibit_country { country })
        }
        "permit_country" => {
            let listed: Vec<_> = Kyc::prohibited_countries().into_iter().map(|(country, _)| country).collect();
            let ours: Vec<_> =
                listed.iter().copied().filter(|c| g.actors.iter().any(|actor| actor.country == *c)).collect();
            let country = match g.chance(0.8) {
                true => g.pick(&ours)?,
                false => g.country(),
            };
            g.root(Call::permit_country { country })
        }
        "set_parameters" => {
            let parameters = pallet_kyc::Parameters {
                revocations_per_epoch: g.rng.gen_range(0..8),
                accounts_per_entity: g.rng.gen_range(0..5),
            };
            g.root(Call::set_parameters { parameters })
        }
        "revoke_entity" => {
            let i = g.actor();
            let entity = if g.chance(0.05) { g.rng.gen() } else { g.actors[i].entity };
            g.root(Call::revoke_entity { entity })
        }
        "restore_entity" => {
            let revoked = |entity: &[u8; 32]| Kyc::entity(*entity).is_some_and(|entity| entity.stops.is_some());
            let entity = g.search(|g| Some(g.actor()).map(|i| g.actors[i].entity), revoked)?;
            g.root(Call::restore_entity { entity })
        }
        _ => unreachable!("kyc.{call} has no generator"),
    }
}

fn licenses(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_licenses::Call<Runtime>;
    match call {
        "link" => {
            let draw = |g: &mut Gen| {
                let license = g.license();
                let owner = g.owner_or_other(license);
                let nonce = Licenses::link_nonce(license)? + u32::from(g.chance(0.03));
                let node = g.rng.gen_range(0..g.actors[owner].nodes.len());
                let actor = &g.actors[owner];
                let pair = &actor.nodes[node];
                let payload = link_payload(System::block_hash(0), license, &actor.id, nonce);
                Some((owner, license, NodeId::from(pair.public()), pair.sign(&payload).into()))
            };
            let ids = g.ids();
            let (owner, license, node, proof) =
                g.search(draw, |(o, l, n, p)| Licenses::can_link(ids[*o].clone(), *l, *n, *p).is_ok())?;
            g.signed(owner, Call::link { license, node, proof })
        }
        "unlink" => {
            let draw = |g: &mut Gen| {
                let license = g.license();
                Some((g.owner_or_other(license), license))
            };
            let ids = g.ids();
            let (owner, license) = g.search(draw, |(o, l)| Licenses::can_unlink(ids[*o].clone(), *l).is_ok())?;
            g.signed(owner, Call::unlink { license })
        }
        // Nobody comes upon the one license that never moves by accident.
        "transfer" if g.chance(0.05) => {
            let (owner, to) = (g.owner_or_other(LicenseId(0)), g.account());
            g.signed(owner, Call::transfer { license: LicenseId(0), to })
        }
        "transfer" => {
            let draw = |g: &mut Gen| {
                let license = g.license();
                Some((g.owner_or_other(license), license, g.account()))
            };
            let ids = g.ids();
            let valid = |(o, l, to): &(usize, LicenseId, AccountId)| {
                Licenses::can_transfer(ids[*o].clone(), *l, to.clone()).is_ok()
            };
            let (owner, license, to) = g.search(draw, valid)?;
            g.signed(owner, Call::transfer { license, to })
        }
        "ban" => {
            let license = g.license();
            g.root(Call::ban { license })
        }
        "unban" => {
            let banned = |l: &LicenseId| Licenses::license(*l).is_some_and(|deed| deed.banned);
            let license = g.search(|g| Some(g.license()), banned)?;
            g.root(Call::unban { license })
        }
        "grant_master" => {
            let draw = |g: &mut Gen| {
                let assigned = match g.rng.gen_range(0..10) {
                    0 => 0,
                    1 => MASTER_LIMIT,
                    2 => MASTER_LIMIT + 1,
                    3 => g.amount(MASTER_LIMIT),
                    _ => R1 * g.rng.gen_range(1..3_000_000),
                };
                Some((g.account(), assigned))
            };
            let valid =
                |(owner, assigned): &(AccountId, u128)| Licenses::can_grant_master(owner.clone(), *assigned).is_ok();
            let (owner, assigned) = g.search(draw, valid)?;
            g.root(Call::grant_master { owner, assigned })
        }
        "approve_master_transfer" => {
            let license = g.search(|g| Some(g.license()), |l| Licenses::grant(*l).is_some())?;
            let to = if g.chance(0.85) { Some(g.account()) } else { None };
            g.root(Call::approve_master_transfer { license, to })
        }
        "list" => {
            let draw = |g: &mut Gen| {
                let license = g.license();
                let approved = Licenses::grant(license).and_then(|grant| grant.approved);
                let to = match approved {
                    Some(to) if !g.chance(0.1) => Some(to),
                    _ if g.chance(0.2) => Some(g.account()),
                    _ => None,
                };
                Some((g.owner_or_other(license), license, g.price(), to))
            };
            let ids = g.ids();
            let (owner, license, price, to) =
                g.search(draw, |(o, l, p, to)| Licenses::can_list(ids[*o].clone(), *l, *p, to.clone()).is_ok())?;
            g.signed(owner, Call::list { license, price, to })
        }
        "cancel_listing" => {
            let license = listed(g);
            let seller = g.owner_or_other(license);
            g.signed(seller, Call::cancel_listing { license })
        }
        "buy" => {
            let draw = |g: &mut Gen| {
                let license = listed(g);
                let listing = Licenses::listing(license);
                let reserved = listing.as_ref().and_then(|l| g.by_id.get(l.to.as_ref()?).copied());
                let buyer = reserved.filter(|_| !g.chance(0.1)).unwrap_or_else(|| g.actor());
                let price = listing.map_or(0, |l| l.price);
                let max_price = if g.chance(0.08) { price.saturating_sub(1) } else { price };
                Some((buyer, license, max_price))
            };
            let ids = g.ids();
            let (buyer, license, max_price) =
                g.search(draw, |(b, l, m)| Licenses::can_buy(ids[*b].clone(), *l, *m).is_ok())?;
            g.signed(buyer, Call::buy { license, max_price })
        }
        _ => unreachable!("licenses.{call} has no generator"),
    }
}

/// A deed for sale, or any.
fn listed(g: &mut Gen) -> LicenseId {
    let listed: Vec<LicenseId> = Licenses::listings(None).into_iter().map(|(id, _)| id).collect();
    match g.pick(&listed) {
        Some(id) if !g.chance(0.05) => id,
        _ => g.license(),
    }
}

fn oracles(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_oracles::Call<Runtime>;
    match call {
        "register_keys" => {
            let linked = |l: &LicenseId| Licenses::license(*l).is_some_and(|deed| deed.link.is_some());
            let license = g.search(|g| Some(g.license()), linked)?;
            let owner = g.owner_or_other(license);
            // A proof for somebody else now and then.
            let proven = if g.chance(0.05) { g.actor() } else { owner };
            g.keys_made += 1;
            let seed = format!("//made{}", g.keys_made);
            let made = SessionKeys::generate(&g.actors[proven].id.encode(), Some(seed.clone().into_bytes()));
            let proof = made.proof.encode().try_into().ok()?;
            let pair = ratio1_primitives::keys::pair::VotePair::from_string(&seed, None).ok()?;
            g.vote_keys.insert(pair.public(), pair);
            g.signed(owner, Call::register_keys { license, keys: made.keys, proof })
        }
        "admit" => {
            let license = g.search(|g| Some(g.license()), |l| Oracles::can_admit(*l).is_ok())?;
            g.root(Call::admit { license })
        }
        "remove" => {
            let all: Vec<LicenseId> = Oracles::oracles().into_iter().map(|record| record.license).collect();
            let license = if g.chance(0.8) { g.pick(&all)? } else { g.license() };
            g.root(Call::remove { license })
        }
        "set_minimum" => {
            let size = Oracles::oracles().len() as u32;
            // High at times, so that the set does not dwindle.
            let minimum = g.rng.gen_range(0..=size + 1);
            g.root(Call::set_minimum { minimum })
        }
        _ => unreachable!("oracles.{call} has no generator"),
    }
}

fn availability(g: &mut Gen, call: &str) -> Option<Step> {
    type Call = pallet_availability::Call<Runtime>;
    match call {
        "commit" | "reveal_header" | "reveal_pages" => wild_vote(g, call),
        "resolve_page" => {
            let epoch = unresolved(g)?;
            let frozen = Availability::epoch_info(epoch).frozen;
            let (licenses, services) = frozen.map_or((3, 3), |frozen| (frozen.licenses, frozen.services));
            let wild = g.chance(0.1);
            let mut byte = |l: u32| {
                let reported = Availability::reported(epoch, LicenseId(l));
                let byte = reported.iter().map(|(_, byte, _)| *byte).min().unwrap_or(0);
                if wild {
                    g.rng.gen()
                } else {
                    byte
                }
            };
            // First the licenses' page, then that of the services.
            let values: Vec<u8> = (0..licenses.min(PAGE_SIZE)).map(&mut byte).collect();
            let (page, values) = match g.rng.gen_range(0..20) {
                0 => (1, values),
                1 => (2, values),
                2..=8 => (1, vec![255; services.min(PAGE_SIZE) as usize]),
                _ => (0, values),
            };
            let values = Page::try_from(values).ok()?;
            g.root(Call::resolve_page { epoch, page, values })
        }
        "lapse" => {
            let epoch = unresolved(g)?;
            g.root(Call::lapse { epoch })
        }
        "set_parameters" => {
            let mut parameters = pallet_availability::Parameters {
                beat_ms: 500,
                threshold: g.rng.gen_range(200..=250),
                commit_blocks: g.rng.gen_range(4..7),
                reveal_blocks_min: g.rng.gen_range(4..7),
                reopenings: g.rng.gen_range(0..2),
                governance_delay: g.rng.gen_range(1..4),
                ..Default::default()
            };
            match g.rng.gen_range(0..24) {
                0 => parameters.beat_ms = g.rng.gen(),
                1 => parameters.grace_slots = g.rng.gen(),
                2 => parameters.threshold = 0,
                3 => parameters.max_quote_lag = g.rng.gen(),
                4 => parameters.commit_blocks = g.rng.gen(),
                5 => parameters.reopenings = g.rng.gen(),
                6 => parameters.governance_delay = g.rng.gen(),
                7 => parameters.settle_share = sp_runtime::Percent::from_percent(g.rng.gen_range(0..101)),
                _ => (),
            }
            g.root(Call::set_parameters { parameters })
        }
        _ => unreachable!("availability.{call} has no generator"),
    }
}

/// An epoch without result, if there is one.
fn unresolved(g: &mut Gen) -> Option<EpochIndex> {
    let all: Vec<EpochIndex> =
        Availability::rounds().into_iter().filter(|r| r.phase == Phase::Unresolved).map(|r| r.epoch).collect();
    match g.pick(&all) {
        None if g.chance(0.15) => Some(g.epoch()),
        epoch => epoch,
    }
}

/// A vote that does not count: those that do come from the oracles.
fn wild_vote(g: &mut Gen, call: &str) -> Option<Step> {
    let open = <Availability as EpochInspect>::open_epochs();
    let epoch = g.pick(&open).unwrap_or_else(|| g.epoch());
    let seat = g.rng.gen_range(0..6);
    // Something that another seat cast, or nothing anybody cast.
    let header = pallet_availability::Headers::<Runtime>::iter_values().next();
    let vote = match call {
        "commit" => Vote::Commit(g.rng.gen::<[u8; 32]>().into()),
        "reveal_header" => Vote::Header(header?),
        _ => {
            let page = Page::try_from(vec![255; g.rng.gen_range(0..20)]).ok()?;
            let pages = vec![page; g.rng.gen_range(0..3)].try_into().ok()?;
            Vote::Pages { first: g.rng.gen_range(0..2), pages }
        }
    };
    let keys: Vec<_> = g.vote_keys.values().cloned().collect();
    let pair = g.pick(&keys)?;
    let signature = pair.sign(&vote.payload(System::block_hash(0), epoch, seat, 0));
    Some(Step::Xt(Box::new(facts::vote_extrinsic(SignedVote { epoch, seat, retry: 0, vote, signature }))))
}
