//! Genesis, keys and admission.

use super::*;

// Genesis

#[test]
fn genesis_oracles_are_admitted_queued_and_active() {
    run(4, 4, || {
        assert_eq!((admitted(), queued(), active()), (vec![0, 1, 2, 3], vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
        let seats = Oracles::active();
        assert_eq!(seats[2].license, LicenseId(2));
        assert_eq!(seats[2].vote_key, vote_key(2));
        assert!(bound(3) && !bound(4));
        assert!(!Oracles::is_barred(&0));
        assert!(Oracles::is_barred(&4));
    });
}

#[test]
#[should_panic(expected = "genesis minimum 5 for 4 oracles")]
fn genesis_panics_when_minimum_exceeds_the_set() {
    ext(4, 5);
}

#[test]
#[should_panic(expected = "genesis minimum 0 for 4 oracles")]
fn genesis_panics_when_minimum_is_zero() {
    ext(4, 0);
}

#[test]
fn chain_without_oracles_starts() {
    run(0, 0, || assert!(active().is_empty()));
}

// Keys

#[test]
fn keys_are_registered_without_funds_when_everything_holds() {
    run(4, 1, || {
        assert_eq!(System::consumers(&7), 0);
        assert_ok!(register(7, 7));
        assert_eq!(last_event(), Event::KeysRegistered { who: 7, license: LicenseId(7) });
        assert_eq!(Session::load_keys(&7), Some(keys(7, 7).0));
        assert_eq!(System::consumers(&7), 0);
    });
}

#[test]
fn keys_are_refused_when_the_license_does_not_serve() {
    run(4, 1, || {
        let (keys, proof) = keys(7, 7);
        let refused = |license, error: Error<Test>| {
            assert_noop!(register_as(7, license, keys.clone(), proof.clone()), error);
        };
        refused(99, Error::UnknownLicense);
        refused(8, Error::NotOwner);
        deed(7, |deed| deed.banned = true);
        refused(7, Error::LicenseBanned);
        deed(7, |deed| {
            deed.banned = false;
            deed.link = None;
        });
        refused(7, Error::NotLinked);
    });
}

#[test]
fn keys_are_refused_when_the_owner_is_not_attested() {
    run(4, 1, || {
        for (refusal, error) in [
            (KycRefusal::NotAttested, Error::<Test>::NotAttested),
            (KycRefusal::Expired(ratio1_primitives::EpochIndex(1)), Error::AttestationExpired),
            (KycRefusal::Revoked, Error::AttestationRevoked),
            (KycRefusal::CountryProhibited, Error::CountryProhibited),
        ] {
            Kyc::refuse(&7u64, refusal);
            assert_noop!(register(7, 7), error);
            assert_noop!(
                admit(7),
                match refusal {
                    KycRefusal::NotAttested => Error::<Test>::NotAttested,
                    KycRefusal::Expired(_) => Error::AttestationExpired,
                    KycRefusal::Revoked => Error::AttestationRevoked,
                    KycRefusal::CountryProhibited => Error::CountryProhibited,
                }
            );
        }
    });
}

#[test]
fn keys_are_refused_when_the_proof_is_wrong_or_foreign() {
    run(4, 1, || {
        let (keys_7, proof_7) = keys(7, 7);
        let (keys_8, proof_8) = keys(8, 8);
        let refused = |keys: &MockKeys, proof: Vec<u8>| {
            let proof = KeyProof::try_from(proof).expect("short");
            assert_noop!(register_as(7, 7, keys.clone(), proof), Error::<Test>::InvalidProof);
        };
        refused(&keys_7, vec![]);
        refused(&keys_7, proof_7[1..].to_vec());
        refused(&keys_7, [&proof_7[..], &[0]].concat());
        // The keys and the proof of somebody else, who has not registered them yet.
        refused(&keys_8, proof_8.to_vec());
        // Own keys, proven for another owner.
        refused(&keys_7, keys(7, 8).1.to_vec());
        // One own key, one foreign.
        let mixed = MockKeys { vote: keys_8.vote.clone(), consensus: keys_7.consensus.clone() };
        refused(&mixed, proof_7.to_vec());
    });
}

#[test]
fn keys_are_refused_when_another_account_has_one_of_them() {
    run(4, 1, || {
        assert_noop!(register(7, 0), Error::<Test>::KeysInUse);
        assert_ok!(register(8, 8));
        assert_noop!(register(7, 8), Error::<Test>::KeysInUse);
    });
}

#[test]
fn keys_are_refused_when_they_are_the_same_or_the_epoch_has_seen_others() {
    run(4, 1, || {
        assert_noop!(register(0, 0), Error::<Test>::SameKeys);
        assert_ok!(register(7, 7));
        assert_noop!(register(7, 7), Error::<Test>::RegisteredThisEpoch);
        assert_noop!(register(7, 70), Error::<Test>::RegisteredThisEpoch);
        Epochs::run(2);
        assert_noop!(register(7, 7), Error::<Test>::SameKeys);
        assert_ok!(register(7, 70));
    });
}

#[test]
fn unsigned_registration_is_neither_feeless_nor_accepted() {
    run(4, 1, || {
        let (keys, proof) = keys(7, 7);
        let call = Call::<Test>::register_keys { license: LicenseId(7), keys, proof };
        for origin in [RuntimeOrigin::none(), root()] {
            assert!(!call.is_feeless(&origin));
            assert_eq!(call.clone().dispatch_bypass_filter(origin).unwrap_err().error, BadOrigin.into());
        }
    });
}

// Admission

#[test]
fn admission_is_governance_s() {
    run(4, 1, || {
        let origin = || RuntimeOrigin::signed(0);
        assert_noop!(Oracles::admit(origin(), LicenseId(7)), BadOrigin);
        assert_noop!(Oracles::remove(origin(), LicenseId(0)), BadOrigin);
        assert_noop!(Oracles::set_minimum(origin(), 2), BadOrigin);
    });
}

#[test]
fn oracle_becomes_active_at_the_second_rotation_when_admitted() {
    run(4, 1, || {
        join(7);
        let since = Session::current_index();
        assert_eq!(last_event(), Event::OracleAdmitted { oracle: 7, license: LicenseId(7), since });
        assert!(bound(7));
        assert!(!queued().contains(&7));
        rotate();
        assert!(queued().contains(&7) && !active().contains(&7));
        rotate();
        assert_eq!(active(), [0, 1, 2, 3, 7]);
        assert_eq!(Authorities::get(), [0, 1, 2, 3, 7]);
        assert_eq!(Oracles::active()[4].vote_key, vote_key(7));
        assert!(!Oracles::is_barred(&7));
    });
}

#[test]
fn admission_is_refused_when_the_license_does_not_serve() {
    run(4, 1, || {
        assert_noop!(admit(99), Error::<Test>::UnknownLicense);
        assert_noop!(admit(7), Error::<Test>::KeysNotRegistered);
        assert_eq!(Oracles::can_admit(LicenseId(7)), Err(Error::<Test>::KeysNotRegistered.into()));
        assert_ok!(register(7, 7));
        assert_ok!(Oracles::can_admit(LicenseId(7)));
        Working::set([LicenseId(7)].into());
        assert_noop!(admit(7), Error::<Test>::HasSlots);
        Working::take();
        deed(7, |deed| deed.banned = true);
        assert_noop!(admit(7), Error::<Test>::LicenseBanned);
        deed(7, |deed| {
            deed.banned = false;
            deed.link = None;
        });
        assert_noop!(admit(7), Error::<Test>::NotLinked);
    });
}

#[test]
fn admission_is_refused_when_license_account_or_entity_runs_an_oracle() {
    run(4, 1, || {
        assert_noop!(admit(0), Error::<Test>::AlreadyOracle);
        // Another license of an oracle's owner.
        deed(8, |_| ());
        Deeds::give(LicenseId(8), &0u64);
        assert_noop!(admit(8), Error::<Test>::AlreadyOracle);
        // Another account of an oracle's entity, also after the oracle's own attestation has lapsed.
        attest(7, 3);
        assert_ok!(register(7, 7));
        assert_noop!(admit(7), Error::<Test>::EntityRunsOracle);
        Kyc::refuse(&3u64, KycRefusal::Revoked);
        assert_noop!(admit(7), Error::<Test>::EntityRunsOracle);
        // The entity may replace its oracle.
        assert_ok!(remove(3));
        assert_ok!(admit(7));
        rotate();
        rotate();
        assert_eq!(active(), [0, 1, 2, 7]);
    });
}

#[test]
fn admission_is_refused_when_the_set_is_full() {
    run(4, 1, || {
        for id in 20..MAX_ORACLES + 17 {
            deed(id, |_| ());
            attest(u64::from(id), id as u8);
        }
        (20..MAX_ORACLES + 16).for_each(join);
        assert_eq!(admitted().len() as u32, MAX_ORACLES);
        assert_ok!(register(u64::from(MAX_ORACLES + 16), u64::from(MAX_ORACLES + 16)));
        assert_noop!(admit(MAX_ORACLES + 16), Error::<Test>::SetFull);
        rotate();
        rotate();
        assert_eq!(active().len() as u32, MAX_ORACLES);
    });
}
