//! Scenarios in lifecycle order.

use crate::{mock::*, Attestations, Error, Event, Provided, Registrars, Superseded, GRACE_EPOCHS, MAX_PROHIBITIONS};
use frame_support::{assert_noop, assert_ok};
use proptest::prelude::*;
use ratio1_primitives::{
    kyc::{Attestation, Country, EntityKind},
    refusal::KycRefusal,
    traits::KycInspect,
    EpochIndex,
};
use sp_runtime::{BuildStorage, DispatchError, DispatchResult};

fn attest_as(by: u64, who: u64, entity: u8, country: Country, expires: u32) -> DispatchResult {
    let origin = RuntimeOrigin::signed(by);
    Kyc::attest(origin, who, [entity; 32], EntityKind::Individual, country, EpochIndex(expires))
}

fn attest(who: u64, country: Country, expires: u32) {
    assert_ok!(attest_as(REGISTRAR, who, who as u8, country, expires));
}

fn standing(who: u64, epoch: u32) -> Result<(), KycRefusal> {
    Kyc::standing(&who, EpochIndex(epoch)).map(|_| ())
}

fn admits(who: u64) -> Result<(), KycRefusal> {
    Kyc::admits(&who).map(|_| ())
}

#[test]
fn genesis_admits_and_provides_once_when_an_account_is_listed_twice() {
    run(|| {
        assert_ok!(admits(FOUNDER));
        assert_ok!(standing(FOUNDER, 0));
        assert_eq!(System::providers(&FOUNDER), 1);
        assert_eq!(System::providers(&POOL), 1);
        assert_eq!(admits(POOL), Err(KycRefusal::NotAttested));
        assert!(Registrars::<Test>::contains_key(REGISTRAR));
        assert_eq!(Kyc::prohibited_countries(), vec![(KP, EpochIndex(0))]);
    });
}

#[test]
#[should_panic(expected = "prohibited country")]
fn genesis_refuses_when_an_attested_country_is_prohibited() {
    let mut builder = ExtBuilder::default();
    builder.genesis.attestations.push((ALICE, Default::default(), EntityKind::Individual, KP, 10));
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
        assert_ok!(Kyc::add_registrar(RuntimeOrigin::root(), 3));
        System::assert_last_event(Event::RegistrarAdded { registrar: 3 }.into());
        assert_ok!(attest_as(3, ALICE, 1, RO, 10));

        assert_noop!(Kyc::remove_registrar(RuntimeOrigin::signed(REGISTRAR), 3), DispatchError::BadOrigin);
        assert_ok!(Kyc::remove_registrar(RuntimeOrigin::root(), 3));
        System::assert_last_event(Event::RegistrarRemoved { registrar: 3 }.into());
        assert_noop!(Kyc::remove_registrar(RuntimeOrigin::root(), 3), Error::<Test>::NoSuchRegistrar);
        assert_noop!(attest_as(3, BOB, 2, RO, 10), Error::<Test>::NotRegistrar);
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(3), ALICE), Error::<Test>::NotRegistrar);
        assert_ok!(admits(ALICE));
    });
}

#[test]
fn attestation_admits_from_now_when_a_registrar_gives_it() {
    run(|| {
        epoch(5);
        assert_eq!(admits(ALICE), Err(KycRefusal::NotAttested));
        attest(ALICE, RO, 10);
        let expected = Attestation {
            entity: [ALICE as u8; 32],
            kind: EntityKind::Individual,
            country: RO,
            expires: EpochIndex(10),
        };
        assert_eq!(Kyc::admits(&ALICE), Ok(expected));
        assert_eq!(Kyc::standing_of(ALICE), Ok(expected));
        assert_eq!(Kyc::attestation_of(ALICE).map(|r| (r.by, r.since)), Some((Some(REGISTRAR), EpochIndex(5))));
        assert_eq!(standing(ALICE, 4), Err(KycRefusal::NotAttested));
        assert_eq!(System::providers(&ALICE), 1);
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
        assert_ok!(standing(ALICE, 10 + GRACE_EPOCHS - 1));
        assert_eq!(standing(ALICE, 10 + GRACE_EPOCHS), Err(KycRefusal::Expired(EpochIndex(10))));
    });
}

#[test]
fn past_epochs_keep_their_answer_when_an_expired_attestation_is_renewed() {
    run(|| {
        attest(ALICE, RO, 10);
        epoch(50);
        attest(ALICE, IT, 100);
        assert_ok!(admits(ALICE));
        assert_ok!(standing(ALICE, 39));
        assert_eq!(standing(ALICE, 40), Err(KycRefusal::Expired(EpochIndex(10))));
        assert_eq!(standing(ALICE, 49), Err(KycRefusal::Expired(EpochIndex(10))));
        assert_ok!(standing(ALICE, 50));
        assert_eq!(Kyc::standing(&ALICE, EpochIndex(39)).map(|a| a.country), Ok(RO));
        assert_eq!(Kyc::standing(&ALICE, EpochIndex(50)).map(|a| a.country), Ok(IT));
    });
}

#[test]
fn renewal_replaces_in_place_when_it_comes_in_the_same_epoch() {
    run(|| {
        epoch(3);
        attest(ALICE, RO, 10);
        attest(ALICE, IT, 12);
        assert_eq!(Superseded::<Test>::iter().count(), 0);
        epoch(4);
        attest(ALICE, RO, 13);
        attest(ALICE, RO, 14);
        assert_eq!(Superseded::<Test>::iter().count(), 1);
        assert_eq!(Kyc::standing(&ALICE, EpochIndex(3)).map(|a| a.country), Ok(IT));
    });
}

#[test]
fn revocation_ends_admission_now_and_standing_later_when_the_attestor_revokes() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(OTHER_REGISTRAR), ALICE), Error::<Test>::NotAttestor);
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(ALICE), ALICE), Error::<Test>::NotRegistrar);
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), BOB), Error::<Test>::NotAttested);
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), FOUNDER), Error::<Test>::NotAttestor);
        assert_ok!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE));
        let stops = EpochIndex(7 + DELAY);
        System::assert_last_event(Event::Revoked { who: ALICE, by: Some(REGISTRAR), stops }.into());
        assert_eq!(admits(ALICE), Err(KycRefusal::Revoked));
        assert_ok!(standing(ALICE, 7 + DELAY - 1));
        assert_eq!(standing(ALICE, 7 + DELAY), Err(KycRefusal::Revoked));
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE), Error::<Test>::AlreadyRevoked);

        assert_ok!(Kyc::revoke(RuntimeOrigin::root(), FOUNDER));
        System::assert_last_event(Event::Revoked { who: FOUNDER, by: None, stops }.into());
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
        assert_ok!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE));
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
        let by_root = |who, entity| {
            let expires = EpochIndex(99);
            Kyc::attest(RuntimeOrigin::root(), who, [entity; 32], EntityKind::Individual, RO, expires)
        };
        attest(ALICE, RO, 10);
        assert_noop!(by_root(ALICE, 99), Error::<Test>::EntityChanged);
        assert_ok!(by_root(ALICE, ALICE as u8));
        assert_eq!(Kyc::attestation_of(ALICE).map(|r| r.by), Some(None));
        assert_noop!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 20), Error::<Test>::NotAttestor);
        assert_noop!(attest_as(REGISTRAR, FOUNDER, 30, RO, 20), Error::<Test>::NotAttestor);
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE), Error::<Test>::NotAttestor);
        assert_ok!(by_root(FOUNDER, 30));
        let (kind, country, expires) = (EntityKind::Individual, RO, EpochIndex(99));
        System::assert_last_event(
            Event::Attested { who: FOUNDER, by: None, entity: [30; 32], kind, country, expires }.into(),
        );
    });
}

#[test]
fn attestation_is_restored_by_governance_alone_when_governance_revoked_it() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_ok!(Kyc::revoke(RuntimeOrigin::root(), ALICE));
        assert_noop!(Kyc::revoke(RuntimeOrigin::root(), ALICE), Error::<Test>::AlreadyRevoked);
        for registrar in [REGISTRAR, OTHER_REGISTRAR] {
            let attest = || attest_as(registrar, ALICE, ALICE as u8, RO, 100);
            assert_noop!(attest(), Error::<Test>::RevokedByGovernance);
        }
        let (entity, expires) = ([ALICE as u8; 32], EpochIndex(100));
        assert_ok!(Kyc::attest(RuntimeOrigin::root(), ALICE, entity, EntityKind::Individual, RO, expires));
        assert_ok!(admits(ALICE));
    });
}

#[test]
fn governance_has_the_last_word_when_a_registrar_revoked_first() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_ok!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE));
        epoch(20);
        assert_ok!(Kyc::revoke(RuntimeOrigin::root(), ALICE));
        // The earlier end stands.
        let stops = EpochIndex(7 + DELAY);
        System::assert_last_event(Event::Revoked { who: ALICE, by: None, stops }.into());
        assert_eq!(standing(ALICE, 7 + DELAY), Err(KycRefusal::Revoked));
        assert_noop!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 100), Error::<Test>::RevokedByGovernance);
    });
}

#[test]
fn revocation_is_left_to_governance_when_the_account_owns_an_oracle() {
    run(|| {
        attest(ALICE, RO, 100);
        OracleOwner::set(Some(ALICE));
        assert_noop!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE), Error::<Test>::OwnsOracle);
        assert_ok!(Kyc::revoke(RuntimeOrigin::root(), ALICE));
    });
}

#[test]
fn provider_reference_is_given_once_when_an_account_is_revoked_and_attested_again() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_ok!(Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), ALICE));
        assert_eq!(System::providers(&ALICE), 1);
        epoch(20);
        attest(ALICE, RO, 100);
        assert_eq!(System::providers(&ALICE), 1);
        assert!(Provided::<Test>::contains_key(ALICE));
        assert_ok!(admits(ALICE));
        // The gap stays a gap.
        assert_ok!(standing(ALICE, 8));
        assert_eq!(standing(ALICE, 9), Err(KycRefusal::Revoked));
        assert_eq!(standing(ALICE, 19), Err(KycRefusal::Revoked));
        assert_ok!(standing(ALICE, 20));
    });
}

#[test]
fn prohibition_ends_admission_now_and_standing_later_when_a_country_is_listed() {
    run(|| {
        attest(ALICE, IT, 500);
        epoch(10);
        assert_noop!(Kyc::prohibit_country(RuntimeOrigin::signed(REGISTRAR), IT), DispatchError::BadOrigin);
        assert_noop!(Kyc::prohibit_country(RuntimeOrigin::root(), Country(*b"it")), Error::<Test>::MalformedCountry);
        assert_noop!(Kyc::permit_country(RuntimeOrigin::root(), IT), Error::<Test>::NotProhibited);
        assert_ok!(Kyc::prohibit_country(RuntimeOrigin::root(), IT));
        System::assert_last_event(Event::CountryProhibited { country: IT, from: EpochIndex(10 + DELAY) }.into());
        assert_noop!(Kyc::prohibit_country(RuntimeOrigin::root(), IT), Error::<Test>::AlreadyProhibited);
        assert_eq!(admits(ALICE), Err(KycRefusal::CountryProhibited));
        assert_ok!(standing(ALICE, 11));
        assert_eq!(standing(ALICE, 12), Err(KycRefusal::CountryProhibited));

        epoch(20);
        assert_noop!(Kyc::permit_country(RuntimeOrigin::signed(REGISTRAR), IT), DispatchError::BadOrigin);
        assert_ok!(Kyc::permit_country(RuntimeOrigin::root(), IT));
        System::assert_last_event(Event::CountryPermitted { country: IT }.into());
        assert_ok!(admits(ALICE));
        assert_eq!(standing(ALICE, 19), Err(KycRefusal::CountryProhibited));
        assert_ok!(standing(ALICE, 20));
        assert_noop!(Kyc::permit_country(RuntimeOrigin::root(), IT), Error::<Test>::NotProhibited);
    });
}

#[test]
fn prohibition_leaves_no_trace_when_it_is_lifted_before_it_bites() {
    run(|| {
        attest(ALICE, IT, 500);
        for _ in 0..MAX_PROHIBITIONS + 1 {
            assert_ok!(Kyc::prohibit_country(RuntimeOrigin::root(), IT));
            assert_ok!(Kyc::permit_country(RuntimeOrigin::root(), IT));
        }
        assert_ok!(standing(ALICE, 100));
        assert_eq!(crate::Prohibitions::<Test>::iter_keys().collect::<Vec<_>>(), vec![KP]);
    });
}

#[test]
fn prohibition_is_refused_when_the_history_is_full() {
    run(|| {
        for n in 0..MAX_PROHIBITIONS {
            epoch(n * 10);
            assert_ok!(Kyc::prohibit_country(RuntimeOrigin::root(), IT));
            epoch(n * 10 + 5);
            assert_ok!(Kyc::permit_country(RuntimeOrigin::root(), IT));
        }
        assert_noop!(Kyc::prohibit_country(RuntimeOrigin::root(), IT), Error::<Test>::TooManyProhibitions);
    });
}

#[derive(Clone, Debug)]
enum Step {
    Attest(u64, Country, u32),
    Revoke(u64),
    Prohibit(Country),
    Permit(Country),
    Advance(u32),
}

fn step() -> impl Strategy<Value = Step> {
    let who = || ALICE..=BOB;
    let country = || prop_oneof![Just(RO), Just(IT)];
    prop_oneof![
        3 => (who(), country(), 1u32..60).prop_map(|(w, c, e)| Step::Attest(w, c, e)),
        2 => who().prop_map(Step::Revoke),
        1 => country().prop_map(Step::Prohibit),
        1 => country().prop_map(Step::Permit),
        4 => prop_oneof![4 => 1u32..4, 1 => 30u32..50].prop_map(Step::Advance),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn standing_never_changes_when_its_epoch_has_ended(steps in proptest::collection::vec(step(), 1..80)) {
        ExtBuilder::default().build().execute_with(|| {
            let mut ended: Vec<(u64, u32, Result<Attestation, KycRefusal>)> = Vec::new();
            let mut now = 0;
            for step in steps {
                // Refusals are part of the game.
                let _ = match step {
                    Step::Attest(who, country, ahead) => attest_as(REGISTRAR, who, who as u8, country, now + ahead),
                    Step::Revoke(who) => Kyc::revoke(RuntimeOrigin::signed(REGISTRAR), who),
                    Step::Prohibit(country) => Kyc::prohibit_country(RuntimeOrigin::root(), country),
                    Step::Permit(country) => Kyc::permit_country(RuntimeOrigin::root(), country),
                    Step::Advance(by) => {
                        for who in [ALICE, BOB] {
                            ended.extend((now..now + by).map(|e| (who, e, Kyc::standing(&who, EpochIndex(e)))));
                        }
                        now += by;
                        epoch(now);
                        Ok(())
                    },
                };
                for (who, epoch, answer) in &ended {
                    assert_eq!(&Kyc::standing(who, EpochIndex(*epoch)), answer, "account {who}, epoch {epoch}");
                }
                for who in [ALICE, BOB] {
                    // Whoever may begin something may go on with it in this epoch.
                    assert!(admits(who).is_err() || standing(who, now).is_ok());
                    assert_eq!(System::providers(&who), u32::from(Attestations::<Test>::contains_key(who)));
                }
                Kyc::do_try_state().expect("invariants hold");
            }
        });
    }
}
