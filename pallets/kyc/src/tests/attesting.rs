//! Genesis, registrars, attesting, renewing, expiring.

use super::*;
use crate::{Provided, Registrars, GRACE_EPOCHS};
use sp_runtime::BuildStorage;

#[test]
fn genesis_admits_and_provides_once_when_an_account_is_listed_twice() {
    run(|| {
        assert_ok!(admits(FOUNDER));
        assert_ok!(standing(FOUNDER, 0));
        assert_eq!(System::providers(&FOUNDER), 1);
        assert_eq!(System::providers(&POOL), 1);
        assert_eq!(admits(POOL), Err(KycRefusal::NotAttested));
        assert!(Registrars::<Test>::contains_key(REGISTRAR));
        assert_eq!(Kyc::entity([30; 32]).map(|e| (e.kind, e.country, e.accounts)), Some((EntityKind::Company, RO, 1)));
        assert_eq!(Kyc::prohibited_countries(), vec![(KP, EpochIndex(0))]);
    });
}

#[test]
#[should_panic(expected = "CountryIsProhibited")]
fn genesis_is_refused_when_an_attested_country_is_prohibited() {
    let mut builder = ExtBuilder::default();
    builder.genesis.attestations.push((ALICE, Default::default(), EntityKind::Individual, KP, 10));
    builder.build();
}

#[test]
#[should_panic(expected = "EntityKindMismatch")]
fn genesis_is_refused_when_accounts_of_an_entity_differ_in_kind() {
    let mut builder = ExtBuilder::default();
    builder.genesis.attestations.push((ALICE, [30; 32].into(), EntityKind::Individual, RO, 10));
    builder.build();
}

#[test]
#[should_panic(expected = "attested twice")]
fn genesis_is_refused_when_an_account_is_attested_twice() {
    let mut builder = ExtBuilder::default();
    builder.genesis.attestations.push((FOUNDER, [30; 32].into(), EntityKind::Company, RO, 10));
    builder.build();
}

#[test]
#[should_panic(expected = "listed twice")]
fn genesis_is_refused_when_a_country_is_listed_twice() {
    let mut builder = ExtBuilder::default();
    builder.genesis.prohibited.push(KP);
    builder.build();
}

#[test]
fn genesis_survives_json() {
    let genesis = RuntimeGenesisConfig { system: Default::default(), kyc: ExtBuilder::default().genesis };
    let text = serde_json::to_string(&genesis).expect("serialises");
    assert!(text.contains("0x1e1e1e1e"), "entities are hexadecimal: {text}");
    let again: RuntimeGenesisConfig = serde_json::from_str(&text).expect("deserialises");
    assert_eq!(again.build_storage().expect("builds").top, genesis.build_storage().expect("builds").top);
}

#[test]
fn registrar_is_appointed_and_dismissed_when_governance_says_so() {
    run(|| {
        assert_noop!(Kyc::add_registrar(RuntimeOrigin::signed(REGISTRAR), 3), DispatchError::BadOrigin);
        assert_noop!(Kyc::add_registrar(RuntimeOrigin::root(), REGISTRAR), Error::<Test>::AlreadyRegistrar);
        assert!(!Kyc::is_registrar(3));
        assert_ok!(Kyc::add_registrar(RuntimeOrigin::root(), 3));
        System::assert_last_event(Event::RegistrarAdded { registrar: 3 }.into());
        assert!(Kyc::is_registrar(3));
        assert_ok!(attest_as(3, ALICE, 1, RO, 10));

        assert_noop!(Kyc::remove_registrar(RuntimeOrigin::signed(REGISTRAR), 3), DispatchError::BadOrigin);
        assert_ok!(Kyc::remove_registrar(RuntimeOrigin::root(), 3));
        System::assert_last_event(Event::RegistrarRemoved { registrar: 3 }.into());
        assert_noop!(Kyc::remove_registrar(RuntimeOrigin::root(), 3), Error::<Test>::NoSuchRegistrar);
        assert_noop!(attest_as(3, BOB, 2, RO, 10), Error::<Test>::NotRegistrar);
        assert_noop!(revoke_as(Some(3), ALICE), Error::<Test>::NotRegistrar);
        assert_ok!(admits(ALICE));
    });
}

#[test]
fn attestation_admits_from_now_when_a_registrar_gives_it() {
    run(|| {
        epoch(5);
        let before = Kyc::status(ALICE);
        assert_eq!((before.attestation, before.entity), (None, None));
        assert_eq!((before.admitted, before.standing), (Err(KycRefusal::NotAttested), Err(KycRefusal::NotAttested)));

        attest(ALICE, RO, 10);
        let expected = person(ALICE as u8, RO, 10);
        assert_eq!(Kyc::admits(&ALICE), Ok(expected));
        assert_eq!(Kyc::standing_of(ALICE), Ok(expected));
        assert_eq!(System::providers(&ALICE), 1);
        let status = Kyc::status(ALICE);
        assert_eq!(status.attestation, Kyc::attestation_of(ALICE));
        assert_eq!(status.attestation.map(|r| (r.by, r.attestation)), Some((Some(REGISTRAR), expected)));
        assert_eq!(status.entity.map(|entity| entity.accounts), Some(1));
        assert_eq!((status.admitted, status.standing), (Ok(()), Ok(())));
        let Attestation { entity, kind, country, expires } = expected;
        System::assert_last_event(
            Event::Attested { who: ALICE, by: Some(REGISTRAR), entity, kind, country, expires }.into(),
        );
    });
}

#[test]
fn attestation_is_refused_when_it_is_malformed() {
    run(|| {
        epoch(5);
        for bad in [*b"ro", *b"R1", *b"R ", [0, 0]] {
            assert_noop!(attest_as(REGISTRAR, ALICE, 1, Country(bad), 10), Error::<Test>::MalformedCountry);
        }
        assert_noop!(attest_as(REGISTRAR, ALICE, 1, RO, 5), Error::<Test>::ExpiryPassed);
        assert_noop!(attest_as(REGISTRAR, ALICE, 1, KP, 10), Error::<Test>::CountryIsProhibited);
        assert_noop!(attest_as(ALICE, ALICE, 1, RO, 10), Error::<Test>::NotRegistrar);
        let unsigned = Kyc::attest(RuntimeOrigin::none(), ALICE, [1; 32], EntityKind::Company, RO, EpochIndex(10));
        assert_eq!(unsigned, Err(DispatchError::BadOrigin));
        attest(ALICE, RO, 10);
        assert_noop!(attest_as(REGISTRAR, ALICE, 99, RO, 20), Error::<Test>::EntityChanged);
    });
}

#[test]
fn standing_outlives_admission_by_the_grace_when_an_attestation_expires() {
    run(|| {
        attest(ALICE, RO, 10);
        epoch(9);
        assert_ok!(admits(ALICE));
        epoch(10);
        assert_eq!(admits(ALICE), Err(KycRefusal::Expired(EpochIndex(10))));
        assert_eq!(standing(ALICE, 10 + GRACE_EPOCHS), Err(KycRefusal::Expired(EpochIndex(10))));
        epoch(10 + GRACE_EPOCHS - 1);
        assert_ok!(Kyc::standing_of(ALICE));
        epoch(10 + GRACE_EPOCHS);
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::Expired(EpochIndex(10))));
        // Renewed, it begins anew.
        attest(ALICE, RO, 100);
        assert_ok!(admits(ALICE));
        assert_ok!(Kyc::standing_of(ALICE));
    });
}

#[test]
fn attestation_is_refused_when_another_registrar_gave_it() {
    run(|| {
        attest(ALICE, RO, 10);
        let other = |expires| attest_as(OTHER_REGISTRAR, ALICE, ALICE as u8, RO, expires);
        assert_noop!(other(20), Error::<Test>::NotAttestor);
        // Neither an end of the attestation nor a revocation opens it to others.
        epoch(50);
        assert_noop!(other(60), Error::<Test>::NotAttestor);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        assert_noop!(other(60), Error::<Test>::NotAttestor);
        attest(ALICE, RO, 60);
        assert_ok!(Kyc::remove_registrar(RuntimeOrigin::root(), REGISTRAR));
        assert_ok!(other(70));
        assert_eq!(Kyc::attestation_of(ALICE).map(|r| r.by), Some(Some(OTHER_REGISTRAR)));
        // Who comes back finds it taken.
        assert_ok!(Kyc::add_registrar(RuntimeOrigin::root(), REGISTRAR));
        assert_noop!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 80), Error::<Test>::NotAttestor);
    });
}

#[test]
fn governance_attests_and_keeps_what_it_attested_when_a_registrar_could_not() {
    run(|| {
        let by_root = |who, entity| attest_with(None, who, person(entity, RO, 99));
        attest(ALICE, RO, 10);
        assert_noop!(by_root(ALICE, 99), Error::<Test>::EntityChanged);
        assert_ok!(by_root(ALICE, ALICE as u8));
        assert_eq!(Kyc::attestation_of(ALICE).map(|r| r.by), Some(None));
        assert_noop!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 100), Error::<Test>::NotAttestor);
        assert_noop!(attest_as(REGISTRAR, FOUNDER, 30, RO, 100), Error::<Test>::NotAttestor);
        assert_noop!(revoke_as(Some(REGISTRAR), ALICE), Error::<Test>::NotAttestor);
        assert_ok!(by_root(FOUNDER, 30));
        let (kind, country, expires) = (EntityKind::Individual, RO, EpochIndex(99));
        System::assert_last_event(
            Event::Attested { who: FOUNDER, by: None, entity: [30; 32], kind, country, expires }.into(),
        );
    });
}

#[test]
fn provider_reference_is_given_once_when_an_account_is_revoked_and_attested_again() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        assert_eq!(System::providers(&ALICE), 1);
        epoch(20);
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::Revoked));
        attest(ALICE, RO, 100);
        assert_eq!(System::providers(&ALICE), 1);
        assert!(Provided::<Test>::contains_key(ALICE));
        assert_ok!(admits(ALICE));
        assert_ok!(Kyc::standing_of(ALICE));
    });
}
