//! Scenarios in the order of an oracle's life: genesis, keys, admission, rotation, removal, offences.

mod admission;
mod offences;
mod service;

use crate::{mock::*, pallet::Call, Error, Event, KeyProof, Marked, Minimum, Pallet, RemovalReason, Removed};
use codec::Encode;
use frame_support::{
    assert_noop, assert_ok,
    dispatch::CheckIfFeeless,
    traits::{KeyOwnerProofSystem, UnfilteredDispatchable},
    weights::Weight,
};
use pallet_session::historical;
use ratio1_primitives::{
    ballot::MAX_ORACLES, keys::VOTE_KEY_TYPE, refusal::KycRefusal, traits::OracleInspect, LicenseId,
};
use sp_core::crypto::ByteArray;
use sp_runtime::{traits::BadOrigin, DispatchError, DispatchResult, Perbill};
use sp_staking::offence::{OffenceDetails, OnOffenceHandler};

fn root() -> RuntimeOrigin {
    RuntimeOrigin::root()
}

fn admit(license: u32) -> DispatchResult {
    Oracles::admit(root(), LicenseId(license))
}

fn remove(license: u32) -> DispatchResult {
    Oracles::remove(root(), LicenseId(license))
}

/// `who` registers the `seed`-th keys for license `who`. Call, feeless condition and view function must agree.
fn register(who: u64, seed: u64) -> DispatchResult {
    let (keys, proof) = keys(seed, who);
    register_as(who, who as u32, keys, proof)
}

fn register_as(who: u64, license: u32, keys: MockKeys, proof: KeyProof) -> DispatchResult {
    let license = LicenseId(license);
    let view = Pallet::<Test>::can_register_keys(who, license, keys.clone(), proof.clone());
    let call = Call::<Test>::register_keys { license, keys, proof };
    let feeless = call.is_feeless(&RuntimeOrigin::signed(who));
    let result = call.dispatch_bypass_filter(RuntimeOrigin::signed(who)).map(|_| ()).map_err(|e| e.error);
    assert_eq!(view, result);
    assert_eq!(feeless, result.is_ok());
    result
}

/// A new oracle with the keys of its number.
fn join(license: u32) {
    assert_ok!(register(u64::from(license), u64::from(license)));
    assert_ok!(admit(license));
}

fn offend(who: &[u64]) {
    let details: Vec<_> = who.iter().map(|who| OffenceDetails { offender: (*who, ()), reporters: vec![] }).collect();
    let fractions = vec![Perbill::one(); who.len()];
    let weight = Pallet::<Test>::on_offence(&details, &fractions, Session::current_index());
    assert_eq!(weight == Weight::zero(), who.is_empty());
    checked();
}

fn admitted() -> Vec<u64> {
    Oracles::oracles().into_iter().map(|record| record.oracle).collect()
}

fn queued() -> Vec<u64> {
    Session::queued_keys().into_iter().map(|(who, _)| who).collect()
}

fn active() -> Vec<u64> {
    Oracles::active().into_iter().map(|seat| seat.oracle).collect()
}

fn disabled() -> Vec<u32> {
    Session::disabled_validators()
}

fn bound(license: u32) -> bool {
    Oracles::is_bound(LicenseId(license))
}

fn last_event() -> Event<Test> {
    let events = System::read_events_for_pallet::<Event<Test>>();
    events.into_iter().last().expect("an event of this pallet")
}

/// The workspace's profile sees to it: a log line would be overlooked.
#[test]
#[should_panic(expected = "cannot happen")]
fn test_fails_when_something_happens_that_cannot() {
    frame_support::defensive!("cannot happen");
}
