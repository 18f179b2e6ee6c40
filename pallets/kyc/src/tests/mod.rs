//! Scenarios in lifecycle order.

mod attesting;
mod entities;
mod governing;
mod model;
mod revoking;

use crate::{mock::*, Error, Event};
use frame_support::{assert_noop, assert_ok};
use ratio1_primitives::{
    kyc::{Attestation, Country, EntityId, EntityKind},
    refusal::KycRefusal,
    traits::KycInspect,
    EpochIndex,
};
use sp_runtime::{DispatchError, DispatchResult};

/// A registrar's origin, or governance's for none.
fn origin(by: Option<u64>) -> RuntimeOrigin {
    by.map_or(RuntimeOrigin::root(), RuntimeOrigin::signed)
}

/// Attest, having asked the view function, which must know.
fn attest_with(by: Option<u64>, who: u64, new: Attestation) -> DispatchResult {
    let expected = Kyc::can_attest(by, who, new);
    let result = Kyc::attest(origin(by), who, new.entity, new.kind, new.country, new.expires);
    assert_eq!(result, expected);
    result
}

fn person(entity: u8, country: Country, expires: u32) -> Attestation {
    Attestation { entity: [entity; 32], kind: EntityKind::Individual, country, expires: EpochIndex(expires) }
}

fn company(entity: u8, country: Country, expires: u32) -> Attestation {
    Attestation { kind: EntityKind::Company, ..person(entity, country, expires) }
}

/// Attest a person as a registrar.
fn attest_as(by: u64, who: u64, entity: u8, country: Country, expires: u32) -> DispatchResult {
    attest_with(Some(by), who, person(entity, country, expires))
}

/// Attest the only account of a person.
fn attest(who: u64, country: Country, expires: u32) {
    assert_ok!(attest_as(REGISTRAR, who, who as u8, country, expires));
}

/// Revoke, having asked the view function, which must know.
fn revoke_as(by: Option<u64>, who: u64) -> DispatchResult {
    let expected = Kyc::can_revoke(by, who);
    let result = Kyc::revoke(origin(by), who);
    assert_eq!(result, expected);
    result
}

fn standing(who: u64, epoch: u32) -> Result<(), KycRefusal> {
    Kyc::standing(&who, EpochIndex(epoch)).map(|_| ())
}

fn admits(who: u64) -> Result<(), KycRefusal> {
    Kyc::admits(&who).map(|_| ())
}
