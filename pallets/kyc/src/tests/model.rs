//! Random sequences of calls against a model that keeps lists and counts them.

use super::*;
use crate::{Parameters, GRACE_EPOCHS};
use proptest::prelude::*;
use ratio1_primitives::traits::IsOracle;
use std::collections::{BTreeMap, BTreeSet};

const WHO: [u64; 5] = [ALICE, BOB, CAROL, DAVE, 14];
const ENTITIES: [u8; 2] = [1, 2];
const BY: [u64; 2] = [REGISTRAR, OTHER_REGISTRAR];

#[derive(Clone, Debug)]
enum Step {
    /// Attest so for so many epochs, as a registrar or governance.
    Attest {
        by: Option<u64>,
        who: u64,
        new: Attestation,
    },
    /// Attest once more what was attested, for so many epochs, as who did.
    Renew {
        who: u64,
        country: Country,
        ahead: u32,
    },
    /// As who attested, or governance.
    Revoke {
        who: u64,
        governance: bool,
    },
    RevokeEntity(u8),
    RestoreEntity(u8),
    Prohibit(Country),
    Permit(Country),
    Appoint(u64),
    Dismiss(u64),
    Set(Parameters),
    Advance(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || proptest::sample::select(WHO.to_vec());
    let by = || proptest::sample::select(BY.to_vec());
    let entity = || proptest::sample::select(ENTITIES.to_vec());
    let country = || prop_oneof![4 => Just(RO), 1 => Just(IT)];
    let ahead = || 0u32..60;
    // The kind goes with the entity, mostly.
    let new = (entity(), country(), ahead(), 0..10).prop_map(|(e, c, a, odd)| match (e == 1) == (odd > 0) {
        true => person(e, c, a),
        false => company(e, c, a),
    });
    let by_some = prop_oneof![5 => by().prop_map(Some), 1 => Just(None)];
    let parameters = (1u32..4, 1u32..5)
        .prop_map(|(r, a)| Step::Set(Parameters { revocations_per_epoch: r, accounts_per_entity: a }));
    prop_oneof![
        8 => (by_some, who(), new).prop_map(|(by, who, new)| Step::Attest { by, who, new }),
        4 => (who(), country(), ahead()).prop_map(|(who, country, ahead)| Step::Renew { who, country, ahead }),
        4 => (who(), proptest::bool::weighted(0.2)).prop_map(|(who, governance)| Step::Revoke { who, governance }),
        1 => entity().prop_map(Step::RevokeEntity),
        2 => entity().prop_map(Step::RestoreEntity),
        1 => country().prop_map(Step::Prohibit),
        2 => country().prop_map(Step::Permit),
        1 => by().prop_map(Step::Appoint),
        1 => by().prop_map(Step::Dismiss),
        1 => parameters,
        3 => prop_oneof![4 => 1u32..4, 1 => 30u32..50].prop_map(Step::Advance),
    ]
}

/// An account's newest attestation.
#[derive(Clone, Debug)]
struct Known {
    attestation: Attestation,
    by: Option<u64>,
    stops: Option<u32>,
    /// Grows from attestation to attestation.
    turn: usize,
}

#[derive(Default)]
struct Model {
    now: u32,
    turns: usize,
    parameters: Parameters,
    registrars: BTreeSet<u64>,
    known: BTreeMap<u64, Known>,
    /// Revoked entities and prohibited countries, with the first epoch without standing.
    gone: BTreeMap<u8, u32>,
    prohibited: BTreeMap<Country, u32>,
    /// What registrars took away: who and in which epoch.
    taken: Vec<(u64, u32)>,
}

impl Model {
    fn of_entity(&self, entity: EntityId) -> impl Iterator<Item = &Known> {
        self.known.values().filter(move |known| known.attestation.entity == entity)
    }

    fn left(&self, by: u64) -> u32 {
        let used = self.taken.iter().filter(|taken| **taken == (by, self.now)).count() as u32;
        u32::from(self.registrars.contains(&by)) * self.parameters.revocations_per_epoch.saturating_sub(used)
    }

    /// Whether a registrar may take something from `who`, who must not own an oracle; if so it is counted.
    fn takes(&mut self, by: Option<u64>, who: u64) -> bool {
        let Some(by) = by else { return true };
        let may = self.left(by) > 0 && !Oracles::is_oracle(&who);
        if may {
            self.taken.push((by, self.now));
        }
        may
    }

    fn attest(&mut self, by: Option<u64>, who: u64, new: Attestation) -> bool {
        let old = self.known.get(&who).cloned();
        let may = match (by, &old) {
            (None, _) => true,
            (Some(by), None) => self.registrars.contains(&by),
            (Some(by), Some(old)) => {
                let free = old.by.is_some_and(|other| other == by || !self.registrars.contains(&other));
                self.registrars.contains(&by) && free
            }
        };
        let timely = new.expires.0 > self.now && !self.prohibited.contains_key(&new.country);
        let stays = old.as_ref().is_none_or(|old| old.attestation.entity == new.entity);
        let others: Vec<&Known> =
            self.of_entity(new.entity).filter(|other| old.as_ref().is_none_or(|old| old.turn != other.turn)).collect();
        let agrees = others.iter().all(|other| other.attestation.kind == new.kind);
        let home = others.iter().max_by_key(|other| other.turn).map(|other| other.attestation.country);
        let joins = old.is_some()
            || (others.len() < self.parameters.accounts_per_entity as usize
                && (new.kind == EntityKind::Company || home.is_none_or(|home| home == new.country)));
        let open = !self.gone.contains_key(&new.entity[0]);
        if !(may && timely && stays && agrees && joins && open) {
            return false;
        }
        let shorter = old.is_some_and(|old| old.stops.is_none() && new.expires < old.attestation.expires);
        if shorter && !self.takes(by, who) {
            return false;
        }
        self.turns += 1;
        self.known.insert(who, Known { attestation: new, by, stops: None, turn: self.turns });
        true
    }

    fn revoke(&mut self, by: Option<u64>, who: u64) -> bool {
        let Some(old) = self.known.get(&who).cloned() else { return false };
        let may = match by {
            Some(_) => old.by == by && old.stops.is_none(),
            None => old.by.is_some() || old.stops.is_none(),
        };
        if !(may && self.takes(by, who)) {
            return false;
        }
        let stops = old.stops.or(Some(self.now + DELAY));
        self.known.insert(who, Known { by, stops, ..old });
        true
    }

    fn admits(&self, who: u64) -> Result<(), KycRefusal> {
        let known = self.known.get(&who).ok_or(KycRefusal::NotAttested)?;
        let Attestation { entity, country, expires, .. } = known.attestation;
        if known.stops.is_some() || self.gone.contains_key(&entity[0]) {
            Err(KycRefusal::Revoked)
        } else if expires.0 <= self.now {
            Err(KycRefusal::Expired(expires))
        } else if self.prohibited.contains_key(&country) {
            Err(KycRefusal::CountryProhibited)
        } else {
            Ok(())
        }
    }

    fn standing(&self, who: u64) -> Result<(), KycRefusal> {
        let known = self.known.get(&who).ok_or(KycRefusal::NotAttested)?;
        let Attestation { entity, country, expires, .. } = known.attestation;
        let over = |from: Option<u32>| from.is_some_and(|from| from <= self.now);
        if over(known.stops) || over(self.gone.get(&entity[0]).copied()) {
            Err(KycRefusal::Revoked)
        } else if expires.0 + GRACE_EPOCHS <= self.now && !Oracles::is_oracle(&who) {
            Err(KycRefusal::Expired(expires))
        } else if over(self.prohibited.get(&country).copied()) {
            Err(KycRefusal::CountryProhibited)
        } else {
            Ok(())
        }
    }

    /// Do it here and on the chain: both permit it or neither.
    fn play(&mut self, step: Step) {
        let root = RuntimeOrigin::root;
        let text = format!("{step:?}");
        let (mine, theirs) = match step {
            Step::Attest { by, who, new } => {
                let new = Attestation { expires: EpochIndex(self.now + new.expires.0), ..new };
                (self.attest(by, who, new), attest_with(by, who, new))
            }
            Step::Renew { who, country, ahead } => {
                let Some(known) = self.known.get(&who) else { return };
                let (by, expires) = (known.by, EpochIndex(self.now + ahead));
                let new = Attestation { expires, country, ..known.attestation };
                (self.attest(by, who, new), attest_with(by, who, new))
            }
            Step::Revoke { who, governance } => {
                let by = self.known.get(&who).and_then(|known| known.by).filter(|_| !governance);
                // One who was dismissed can revoke nothing.
                let may = by.is_none_or(|by| self.registrars.contains(&by));
                (may && self.revoke(by, who), revoke_as(by, who))
            }
            Step::RevokeEntity(entity) => {
                let may = self.of_entity([entity; 32]).next().is_some() && !self.gone.contains_key(&entity);
                if may {
                    self.gone.insert(entity, self.now + DELAY);
                }
                (may, Kyc::revoke_entity(root(), [entity; 32]))
            }
            Step::RestoreEntity(entity) => {
                (self.gone.remove(&entity).is_some(), Kyc::restore_entity(root(), [entity; 32]))
            }
            Step::Prohibit(country) => {
                let may = !self.prohibited.contains_key(&country);
                self.prohibited.entry(country).or_insert(self.now + DELAY);
                (may, Kyc::prohibit_country(root(), country))
            }
            Step::Permit(country) => (self.prohibited.remove(&country).is_some(), Kyc::permit_country(root(), country)),
            Step::Appoint(by) => (self.registrars.insert(by), Kyc::add_registrar(root(), by)),
            Step::Dismiss(by) => {
                self.taken.retain(|(who, _)| *who != by);
                (self.registrars.remove(&by), Kyc::remove_registrar(root(), by))
            }
            Step::Set(parameters) => {
                self.parameters = parameters;
                (true, Kyc::set_parameters(root(), parameters))
            }
            Step::Advance(by) => {
                self.now += by;
                epoch(self.now);
                (true, Ok(()))
            }
        };
        assert_eq!(mine, theirs.is_ok(), "{text}: {theirs:?}");
    }

    /// Everybody's answers agree.
    fn compare(&self) {
        for who in WHO {
            let status = Kyc::status(who);
            assert_eq!((admits(who), status.admitted), (self.admits(who), self.admits(who)));
            assert_eq!((standing(who, self.now), status.standing), (self.standing(who), self.standing(who)));
            assert!(admits(who).is_err() || standing(who, self.now).is_ok());
            assert_eq!(System::providers(&who), u32::from(self.known.contains_key(&who)));
        }
        for entity in ENTITIES {
            let (accounts, kind) = Kyc::entity([entity; 32]).map_or((0, None), |e| (e.accounts, Some(e.kind)));
            assert_eq!(accounts as usize, self.of_entity([entity; 32]).count());
            assert!(self.of_entity([entity; 32]).all(|known| Some(known.attestation.kind) == kind));
        }
        for by in BY {
            assert_eq!(Kyc::revocations_left(by), self.left(by));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn chain_and_model_agree_when_calls_are_random(steps in proptest::collection::vec(step(), 1..100)) {
        ExtBuilder::default().build().execute_with(|| {
            Oracles::set_owners([DAVE]);
            let mut model = Model {
                parameters: Parameters { revocations_per_epoch: CAP, accounts_per_entity: ACCOUNTS },
                registrars: BY.into(),
                ..Default::default()
            };
            for step in steps {
                model.play(step);
                model.compare();
                Kyc::do_try_state().expect("invariants hold");
            }
        });
    }
}
