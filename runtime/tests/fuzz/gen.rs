//! Who acts, and how arguments are drawn: valid-looking ones by asking the chain, and wild ones.

use super::votes::Plan;
use crate::common::{attestation, entity, Person, Step, FOUNDATION, LIQUIDITY, OPERATIONS, REGISTRAR};
use rand::{rngs::StdRng, seq::SliceRandom, Rng, SeedableRng};
use ratio1_primitives::{
    economics::{
        price::{Price as Usd, USD},
        R1,
    },
    keys::{
        pair::{NodePair, VotePair},
        VoteId,
    },
    kyc::{Country, EntityId, EntityKind},
    traits::LicenseInspect,
    EpochIndex, Hash, LicenseId, NodeId,
};
use ratio1_runtime::{AccountId, Availability, Balance, Balances, Licenses, RuntimeCall, RuntimeGenesisConfig};
use sp_core::Pair;
use std::{collections::BTreeMap, rc::Rc};

/// Accounts of the public, besides those with a part in the genesis.
const PUBLIC: usize = 24;
/// Accounts that nobody wants to attest.
const STRANGERS: usize = 4;
/// Of the public, accounts in pairs of one entity.
const PAIRED: usize = 8;
/// Nodes that each account can link.
const NODES: usize = 3;
/// Countries of the public; some are prohibited at times.
const COUNTRIES: [&[u8; 2]; 5] = [b"RO", b"DE", b"FR", b"GB", b"JP"];
/// How often a valid-looking argument is sought before a random one is taken.
const TRIES: usize = 40;

/// An account, what is to be attested of it, and its nodes.
pub struct Actor {
    pub name: String,
    pub person: Person,
    pub id: AccountId,
    pub entity: EntityId,
    pub kind: EntityKind,
    pub country: Country,
    pub nodes: Vec<NodePair>,
}

impl Actor {
    fn new(name: &str, entity_of: &str, kind: EntityKind, country: &[u8; 2]) -> Self {
        let node = |i| NodePair::from_string(&format!("//{name}//node{i}"), None).unwrap();
        let person = Person::new(name);
        let mut nodes: Vec<_> = (0..NODES).map(node).collect();
        nodes.push(person.node.clone());
        Self {
            name: name.into(),
            id: person.id(),
            entity: entity(&Person::new(entity_of).id()).0,
            person,
            kind,
            country: Country(*country),
            nodes,
        }
    }
}

/// Draws calls.
pub struct Gen {
    pub rng: StdRng,
    pub actors: Vec<Actor>,
    pub by_id: BTreeMap<AccountId, usize>,
    ids: Rc<[AccountId]>,
    pub registrars: Vec<usize>,
    /// The pair of every vote key that was ever offered.
    pub vote_keys: BTreeMap<VoteId, VotePair>,
    /// The pair of every node that is ever linked.
    pub node_pairs: BTreeMap<NodeId, NodePair>,
    pub plans: BTreeMap<EpochIndex, Plan>,
    /// What oracles hold for the price of an R1.
    pub market: Usd,
    /// Calls of which multisig accounts have seen the hash only.
    pub multisig_calls: BTreeMap<[u8; 32], (Vec<AccountId>, RuntimeCall)>,
    /// Hashes and lengths of what was offered as a preimage.
    pub noted: Vec<(Hash, u32)>,
    /// Session keys made so far.
    pub keys_made: u32,
}

impl Gen {
    pub fn new(seed: u64, oracles: &[Person], edges: &[Person]) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut actors = vec![];
        let mut add = |name: String, entity_of: String, rng: &mut StdRng, public: bool| {
            let kind = if public && rng.gen() { EntityKind::Company } else { EntityKind::Individual };
            let country = if public { COUNTRIES.choose(rng).unwrap() } else { b"RO" };
            actors.push(Actor::new(&name, &entity_of, kind, country));
            actors.len() - 1
        };
        for i in 0..oracles.len() {
            add(format!("Oracle{i}"), format!("Oracle{i}"), &mut rng, false);
        }
        for i in 0..edges.len() {
            add(format!("Edge{i}"), format!("Edge{i}"), &mut rng, false);
        }
        let registrars =
            [REGISTRAR, "Registrar1", "Registrar2"].map(|name| add(name.into(), name.into(), &mut rng, false)).to_vec();
        for name in [FOUNDATION, LIQUIDITY, OPERATIONS] {
            add(name.into(), name.into(), &mut rng, false);
        }
        for i in 0..PUBLIC {
            let of = if i < PAIRED { i / 2 * 2 } else { i };
            add(format!("Public{i}"), format!("Public{of}"), &mut rng, true);
        }
        for i in 0..STRANGERS {
            add(format!("Stranger{i}"), format!("Stranger{i}"), &mut rng, true);
        }
        // One entity is one thing, whatever account.
        for i in 0..actors.len() {
            let first = actors.iter().position(|a: &Actor| a.entity == actors[i].entity).unwrap();
            (actors[i].kind, actors[i].country) = (actors[first].kind, actors[first].country);
        }
        let by_id = actors.iter().map(|a| a.id.clone()).zip(0..).collect();
        let vote_keys = actors.iter().map(|a| (a.person.vote.public(), a.person.vote.clone())).collect();
        let nodes = actors.iter().flat_map(|a| &a.nodes);
        let node_pairs = nodes.map(|node| (NodeId::from(node.public()), node.clone())).collect();
        Self {
            rng,
            ids: actors.iter().map(|a| a.id.clone()).collect(),
            actors,
            by_id,
            registrars,
            vote_keys,
            node_pairs,
            plans: BTreeMap::new(),
            market: USD / 4,
            multisig_calls: BTreeMap::new(),
            noted: vec![],
            keys_made: 0,
        }
    }

    /// Half of the public is attested from the beginning, some of it not for long.
    pub fn extend_genesis(&mut self, genesis: &mut RuntimeGenesisConfig) {
        let strangers = self.actors.len() - STRANGERS;
        for i in (strangers - PUBLIC..strangers).filter(|i| i % 2 == 0) {
            let expires = if self.chance(0.3) { self.rng.gen_range(5..60) } else { 1_000_000 };
            let (actor, (who, ..)) = (&self.actors[i], attestation(self.actors[i].id.clone()));
            genesis.kyc.attestations.push((who, actor.entity.into(), actor.kind, actor.country, expires));
        }
    }

    /// The accounts of the actors, to look them up while something is drawn.
    pub fn ids(&self) -> Rc<[AccountId]> {
        self.ids.clone()
    }

    pub fn chance(&mut self, p: f64) -> bool {
        self.rng.gen_bool(p)
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        from.choose(&mut self.rng).cloned()
    }

    /// Draw until `is_valid`, or give up; now and then the first draw, whatever it is.
    pub fn search<T>(
        &mut self,
        mut draw: impl FnMut(&mut Self) -> Option<T>,
        is_valid: impl Fn(&T) -> bool,
    ) -> Option<T> {
        let tries = if self.chance(0.3) { 1 } else { TRIES };
        let mut last = None;
        for _ in 0..tries {
            last = draw(self);
            if last.as_ref().is_some_and(&is_valid) {
                break;
            }
        }
        last
    }

    pub fn actor(&mut self) -> usize {
        self.rng.gen_range(0..self.actors.len())
    }

    /// Somebody to attest: hardly ever a stranger.
    pub fn known_actor(&mut self) -> usize {
        let strangers = self.actors.len() - STRANGERS;
        if self.chance(0.005) {
            return self.actor();
        }
        self.rng.gen_range(0..strangers)
    }

    /// Some account: nearly always somebody's, else nobody's.
    pub fn account(&mut self) -> AccountId {
        if self.chance(0.02) {
            return AccountId::new(self.rng.gen());
        }
        let i = self.actor();
        self.actors[i].id.clone()
    }

    /// Some license, nearly always one that exists.
    pub fn license(&mut self) -> LicenseId {
        let count = <Licenses as LicenseInspect<AccountId>>::count();
        if self.chance(0.02) {
            return LicenseId(self.rng.gen_range(count..u32::MAX));
        }
        LicenseId(self.rng.gen_range(0..count))
    }

    /// Who owns a license, if it is one of us.
    pub fn owner(&self, license: LicenseId) -> Option<usize> {
        self.by_id.get(&<Licenses as LicenseInspect<AccountId>>::owner(license)?).copied()
    }

    /// Its owner, or now and then somebody else.
    pub fn owner_or_other(&mut self, license: LicenseId) -> usize {
        match self.owner(license) {
            Some(owner) if !self.chance(0.05) => owner,
            _ => self.actor(),
        }
    }

    /// An amount around what there is, or a wild one.
    pub fn amount(&mut self, available: Balance) -> Balance {
        match self.rng.gen_range(0..20) {
            0 => 0,
            1 => 1,
            2 => available,
            3 => available.saturating_add(1),
            4 => u128::MAX,
            5 => self.rng.gen(),
            _ => available / 1_000 * self.rng.gen_range(0..400),
        }
    }

    /// What a deed may be worth to somebody.
    pub fn price(&mut self) -> Balance {
        match self.rng.gen_range(0..12) {
            0 => 0,
            1 => u128::MAX,
            _ => R1 / 10 * self.rng.gen_range(1..20_000),
        }
    }

    pub fn balance(&self, i: usize) -> Balance {
        Balances::free_balance(&self.actors[i].id)
    }

    /// Whether somebody cannot pay a fee.
    pub fn is_broke(&self, i: usize) -> bool {
        self.balance(i) < R1 / 10
    }

    pub fn country(&mut self) -> Country {
        match self.rng.gen_range(0..20) {
            0 => Country(*b"ru"),
            1 => Country(*b"RU"),
            // The oracles' own: everything stops for a while.
            2 => Country(*b"RO"),
            n => Country(*COUNTRIES[1..][n % (COUNTRIES.len() - 1)]),
        }
    }

    pub fn epoch(&mut self) -> EpochIndex {
        let now = Availability::clock_info().current;
        match self.rng.gen_range(0..10) {
            0 => EpochIndex(self.rng.gen()),
            _ => now.minus(self.rng.gen_range(0..40)),
        }
    }

    /// The actor `who` makes this call.
    pub fn signed(&self, who: usize, call: impl Into<RuntimeCall>) -> Option<Step> {
        Some(Step::Signed(Box::new(self.actors[who].person.account.clone()), call.into()))
    }

    /// Anybody makes this call.
    pub fn by_anyone(&mut self, call: impl Into<RuntimeCall>) -> Option<Step> {
        let who = self.actor();
        self.signed(who, call)
    }

    /// Governance decided this; now and then somebody tries it without.
    pub fn root(&mut self, call: impl Into<RuntimeCall>) -> Option<Step> {
        if self.chance(0.1) {
            return self.by_anyone(call);
        }
        Some(Step::Root(call.into()))
    }

    /// The council decided this, nearly always with enough votes.
    pub fn council(&mut self, call: impl Into<RuntimeCall>) -> Option<Step> {
        match self.rng.gen_range(0..20) {
            0 => self.by_anyone(call),
            1 => Some(Step::Root(call.into())),
            2 => Some(Step::Council(2, call.into())),
            _ => Some(Step::Council(3, call.into())),
        }
    }
}
