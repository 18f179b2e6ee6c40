//! Who is attested.

use crate::{key, Current};
use codec::Encode;
use ratio1_primitives::{
    kyc::{Attestation, Country, EntityId, EntityKind},
    refusal::KycRefusal,
    traits::KycInspect,
    EpochIndex,
};
use std::{cell::RefCell, collections::BTreeMap};

struct Registry {
    /// What holds for accounts of which a test said nothing.
    strangers: Result<EntityKind, KycRefusal>,
    attested: BTreeMap<Vec<u8>, Attestation>,
    /// Who may begin nothing.
    lapsed: BTreeMap<Vec<u8>, KycRefusal>,
    /// Who may not go on either.
    refused: BTreeMap<Vec<u8>, KycRefusal>,
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            strangers: Err(KycRefusal::NotAttested),
            attested: BTreeMap::new(),
            lapsed: BTreeMap::new(),
            refused: BTreeMap::new(),
        }
    }
}

impl Registry {
    fn attestation(&self, who: &[u8]) -> Result<Attestation, KycRefusal> {
        match (self.attested.get(who), self.strangers) {
            (Some(attestation), _) => Ok(*attestation),
            (None, Ok(kind)) => Ok(own(who, kind)),
            (None, Err(refusal)) => Err(refusal),
        }
    }
}

/// The attestation of an account that is an entity of its own: its pseudonym begins with the account.
fn own(who: &[u8], kind: EntityKind) -> Attestation {
    let mut entity = EntityId::default();
    entity.iter_mut().zip(who).for_each(|(own, byte)| *own = *byte);
    Attestation { entity, kind, country: Country(*b"RO"), expires: EpochIndex(1_000) }
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

pub(crate) fn reset() {
    REGISTRY.set(Registry::default());
}

/// Registrars' word. Nobody is attested until a test says so.
pub struct Kyc;

impl Kyc {
    /// Everybody is attested, as an entity of its own and of this kind, until a test says otherwise.
    pub fn admit_all(kind: EntityKind) {
        REGISTRY.with_borrow_mut(|r| r.strangers = Ok(kind));
    }

    /// `who` is attested so.
    pub fn attest(who: &impl Encode, attestation: Attestation) {
        REGISTRY.with_borrow_mut(|r| {
            r.lapsed.remove(&key(who));
            r.refused.remove(&key(who));
            r.attested.insert(key(who), attestation)
        });
    }

    /// The same attestation for `who`, changed. Whoever has none gets one of an individual.
    pub fn change(who: &impl Encode, change: impl FnOnce(&mut Attestation)) {
        REGISTRY.with_borrow_mut(|r| {
            let mut attestation = r.attestation(&key(who)).unwrap_or_else(|_| own(&key(who), EntityKind::Individual));
            change(&mut attestation);
            r.attested.insert(key(who), attestation);
        });
    }

    /// `who` belongs to this entity.
    pub fn join(who: &impl Encode, entity: EntityId) {
        Self::change(who, |attestation| attestation.entity = entity);
    }

    /// The entity of `who`.
    pub fn entity(who: &impl Encode) -> EntityId {
        let attestation = REGISTRY.with_borrow(|r| r.attestation(&key(who)));
        attestation.unwrap_or_else(|_| own(&key(who), EntityKind::Individual)).entity
    }

    /// `who` may begin nothing, and go on with what it began.
    pub fn lapse(who: &impl Encode, refusal: KycRefusal) {
        REGISTRY.with_borrow_mut(|r| r.lapsed.insert(key(who), refusal));
    }

    /// `who` may neither begin anything nor go on.
    pub fn refuse(who: &impl Encode, refusal: KycRefusal) {
        REGISTRY.with_borrow_mut(|r| r.refused.insert(key(who), refusal));
    }

    /// `who` is not refused any more, if attested.
    pub fn restore(who: &impl Encode) {
        REGISTRY.with_borrow_mut(|r| {
            r.lapsed.remove(&key(who));
            r.refused.remove(&key(who));
        });
    }

    /// Nobody is refused any more who is attested.
    pub fn refuse_nobody() {
        REGISTRY.with_borrow_mut(|r| {
            r.lapsed.clear();
            r.refused.clear();
        });
    }
}

impl<AccountId: Encode> KycInspect<AccountId> for Kyc {
    fn admits(who: &AccountId) -> Result<Attestation, KycRefusal> {
        REGISTRY.with_borrow(|r| match r.lapsed.get(&key(who)) {
            Some(refusal) => Err(*refusal),
            None => Self::standing_in(r, who),
        })
    }
    fn standing(who: &AccountId, epoch: EpochIndex) -> Result<Attestation, KycRefusal> {
        assert_eq!(epoch.0, Current::get(), "standing is asked for the running epoch only");
        REGISTRY.with_borrow(|r| Self::standing_in(r, who))
    }
}

impl Kyc {
    fn standing_in(registry: &Registry, who: &impl Encode) -> Result<Attestation, KycRefusal> {
        match registry.refused.get(&key(who)) {
            Some(refusal) => Err(*refusal),
            None => registry.attestation(&key(who)),
        }
    }
}
