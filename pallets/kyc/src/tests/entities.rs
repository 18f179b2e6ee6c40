//! One entity over several accounts.

use super::*;
use crate::{Entities, Entity};

const ENTITY: EntityId = [7; 32];

fn by_registrar(who: u64, new: Attestation) -> DispatchResult {
    attest_with(Some(REGISTRAR), who, new)
}

#[test]
fn entity_counts_its_accounts_when_several_are_attested_by_anybody() {
    run(|| {
        assert_ok!(by_registrar(ALICE, person(7, RO, 10)));
        assert_ok!(by_registrar(ALICE, person(7, RO, 20)));
        assert_ok!(attest_as(OTHER_REGISTRAR, BOB, 7, RO, 30));
        assert_ok!(attest_with(None, CAROL, person(7, RO, 40)));
        let entity = Entity { kind: EntityKind::Individual, country: RO, accounts: 3, stops: None };
        assert_eq!(Kyc::entity(ENTITY), Some(entity));
        assert_eq!(Kyc::status(BOB).entity, Some(entity));
        // It never falls.
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        epoch(200);
        assert_eq!(Kyc::entity(ENTITY), Some(entity));
    });
}

#[test]
fn account_is_refused_when_the_entity_has_too_many() {
    run(|| {
        for who in 0..u64::from(ACCOUNTS) {
            assert_ok!(by_registrar(100 + who, person(7, RO, 10)));
        }
        for by in [Some(REGISTRAR), Some(OTHER_REGISTRAR), None] {
            assert_noop!(attest_with(by, ALICE, person(7, RO, 10)), Error::<Test>::TooManyAccounts);
        }
        // Neither expiry nor revocation makes room, and those it has can be renewed.
        epoch(200);
        assert_ok!(revoke_as(Some(REGISTRAR), 100));
        assert_noop!(by_registrar(ALICE, person(7, RO, 300)), Error::<Test>::TooManyAccounts);
        assert_ok!(by_registrar(100, person(7, RO, 300)));
        assert_ok!(by_registrar(ALICE, person(8, RO, 300)));
    });
}

#[test]
fn account_is_refused_when_it_is_of_another_kind_than_its_entity() {
    run(|| {
        assert_ok!(by_registrar(ALICE, person(7, RO, 10)));
        assert_noop!(by_registrar(BOB, company(7, RO, 10)), Error::<Test>::EntityKindMismatch);
        assert_noop!(attest_with(None, BOB, company(7, RO, 10)), Error::<Test>::EntityKindMismatch);
        // An error in the only account can be corrected.
        assert_ok!(by_registrar(ALICE, company(7, RO, 10)));
        assert_ok!(by_registrar(BOB, company(7, RO, 10)));
        assert_noop!(by_registrar(ALICE, person(7, RO, 10)), Error::<Test>::EntityKindMismatch);
        assert_noop!(attest_with(None, ALICE, person(7, RO, 10)), Error::<Test>::EntityKindMismatch);
    });
}

#[test]
fn account_of_a_person_is_refused_when_it_names_another_country_unless_the_person_moved() {
    run(|| {
        assert_ok!(by_registrar(ALICE, person(7, RO, 10)));
        assert_noop!(by_registrar(BOB, person(7, IT, 10)), Error::<Test>::EntityCountryMismatch);
        assert_ok!(by_registrar(BOB, person(7, RO, 10)));
        // She moves: one account is renewed, the other follows later.
        assert_ok!(by_registrar(ALICE, person(7, IT, 20)));
        assert_noop!(by_registrar(CAROL, person(7, RO, 10)), Error::<Test>::EntityCountryMismatch);
        assert_ok!(by_registrar(CAROL, person(7, IT, 10)));
        assert_eq!(Kyc::admits(&BOB).map(|a| a.country), Ok(RO));
        assert_ok!(by_registrar(BOB, person(7, IT, 20)));
    });
}

#[test]
fn account_of_a_company_is_attested_when_it_names_another_country() {
    run(|| {
        assert_ok!(by_registrar(ALICE, company(7, RO, 10)));
        assert_ok!(by_registrar(BOB, company(7, IT, 10)));
        assert_eq!(Kyc::admits(&ALICE).map(|a| a.country), Ok(RO));
        assert_eq!(Kyc::admits(&BOB).map(|a| a.country), Ok(IT));
    });
}

#[test]
fn entity_is_revoked_with_all_its_accounts_when_governance_says_so() {
    run(|| {
        assert_ok!(by_registrar(ALICE, person(7, RO, 100)));
        assert_ok!(attest_as(OTHER_REGISTRAR, BOB, 7, RO, 100));
        attest(DAVE, RO, 100);
        Oracles::set_owners([BOB]);
        epoch(5);
        let revoke = |origin| Kyc::revoke_entity(origin, ENTITY);
        assert_noop!(revoke(RuntimeOrigin::signed(REGISTRAR)), DispatchError::BadOrigin);
        assert_noop!(Kyc::revoke_entity(RuntimeOrigin::root(), [8; 32]), Error::<Test>::NoSuchEntity);
        assert_ok!(revoke(RuntimeOrigin::root()));
        let stops = EpochIndex(5 + DELAY);
        System::assert_last_event(Event::EntityRevoked { entity: ENTITY, stops }.into());
        assert_noop!(revoke(RuntimeOrigin::root()), Error::<Test>::EntityAlreadyRevoked);
        for who in [ALICE, BOB] {
            assert_eq!(admits(who), Err(KycRefusal::Revoked));
            assert_ok!(standing(who, 5 + DELAY - 1));
            assert_eq!(standing(who, 5 + DELAY), Err(KycRefusal::Revoked));
            assert_eq!(Kyc::status(who).admitted, Err(KycRefusal::Revoked));
        }
        assert_ok!(admits(DAVE));
        // There is no way around it: neither a renewal nor another account, by nobody.
        for by in [Some(REGISTRAR), None] {
            assert_noop!(attest_with(by, ALICE, person(7, RO, 200)), Error::<Test>::EntityIsRevoked);
            assert_noop!(attest_with(by, CAROL, person(7, RO, 200)), Error::<Test>::EntityIsRevoked);
        }
        // An account's own revocation still counts, and the earlier end holds.
        epoch(6);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        assert_eq!(standing(ALICE, 5 + DELAY), Err(KycRefusal::Revoked));
    });
}

#[test]
fn entity_goes_on_when_governance_restores_it() {
    run(|| {
        for who in [ALICE, BOB, CAROL] {
            assert_ok!(by_registrar(who, person(7, RO, 50)));
        }
        let restore = |origin| Kyc::restore_entity(origin, ENTITY);
        assert_noop!(Kyc::restore_entity(RuntimeOrigin::root(), [8; 32]), Error::<Test>::NoSuchEntity);
        assert_noop!(restore(RuntimeOrigin::root()), Error::<Test>::EntityNotRevoked);
        assert_ok!(revoke_as(Some(REGISTRAR), BOB));
        assert_ok!(Kyc::revoke_entity(RuntimeOrigin::root(), ENTITY));
        epoch(20);
        assert_noop!(restore(RuntimeOrigin::signed(REGISTRAR)), DispatchError::BadOrigin);
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::Revoked));
        assert_ok!(restore(RuntimeOrigin::root()));
        System::assert_last_event(Event::EntityRestored { entity: ENTITY }.into());
        assert_ok!(admits(ALICE));
        assert_ok!(Kyc::standing_of(ALICE));
        // But not what was revoked by itself.
        assert_eq!(admits(BOB), Err(KycRefusal::Revoked));
        assert_eq!(Kyc::standing_of(BOB), Err(KycRefusal::Revoked));
        assert_ok!(by_registrar(CAROL, person(7, RO, 60)));
        assert_noop!(restore(RuntimeOrigin::root()), Error::<Test>::EntityNotRevoked);
        // Revoked again, the delay is the whole one.
        assert_ok!(Kyc::revoke_entity(RuntimeOrigin::root(), ENTITY));
        assert_eq!(Entities::<Test>::get(ENTITY).and_then(|e| e.stops), Some(EpochIndex(20 + DELAY)));
        assert_ok!(Kyc::standing_of(ALICE));
    });
}

#[test]
fn invariants_are_violated_when_an_entity_is_tampered_with() {
    let broken = |tamper: fn(&mut Entity), expected: &'static str| {
        ExtBuilder::default().build().execute_with(|| {
            assert_ok!(by_registrar(ALICE, person(7, RO, 50)));
            Entities::<Test>::mutate(ENTITY, |entity| tamper(entity.as_mut().unwrap()));
            assert_eq!(Kyc::do_try_state(), Err(sp_runtime::TryRuntimeError::Other(expected)));
        })
    };
    broken(|e| e.accounts = 2, "an entity's number of accounts is wrong");
    broken(|e| e.kind = EntityKind::Company, "accounts of one entity differ in kind");
    broken(|e| e.country = IT, "no account of a person is in the person's country");
    ExtBuilder::default().build().execute_with(|| {
        assert_ok!(by_registrar(ALICE, person(7, RO, 50)));
        Entities::<Test>::remove(ENTITY);
        assert!(Kyc::do_try_state().is_err());
    });
}
