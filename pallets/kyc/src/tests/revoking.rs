//! Revoking accounts, and the registrars' caps.

use super::*;
use crate::GRACE_EPOCHS;

/// The only accounts of so many persons.
fn persons(n: u32) -> std::ops::Range<u64> {
    let all = 100..100 + u64::from(n);
    all.clone().for_each(|who| attest(who, RO, 500));
    all
}

#[test]
fn revocation_ends_admission_now_and_standing_later_when_the_attestor_revokes() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_noop!(revoke_as(Some(OTHER_REGISTRAR), ALICE), Error::<Test>::NotAttestor);
        assert_noop!(revoke_as(Some(ALICE), ALICE), Error::<Test>::NotRegistrar);
        assert_noop!(revoke_as(Some(REGISTRAR), BOB), Error::<Test>::NotAttested);
        assert_noop!(revoke_as(Some(REGISTRAR), FOUNDER), Error::<Test>::NotAttestor);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        let stops = EpochIndex(7 + DELAY);
        System::assert_last_event(Event::Revoked { who: ALICE, by: Some(REGISTRAR), stops }.into());
        assert_eq!(admits(ALICE), Err(KycRefusal::Revoked));
        assert_ok!(standing(ALICE, 7 + DELAY - 1));
        assert_eq!(standing(ALICE, 7 + DELAY), Err(KycRefusal::Revoked));
        assert_noop!(revoke_as(Some(REGISTRAR), ALICE), Error::<Test>::AlreadyRevoked);

        assert_ok!(revoke_as(None, FOUNDER));
        System::assert_last_event(Event::Revoked { who: FOUNDER, by: None, stops }.into());
    });
}

#[test]
fn attestation_is_restored_by_governance_alone_when_governance_revoked_it() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_ok!(revoke_as(None, ALICE));
        assert_noop!(revoke_as(None, ALICE), Error::<Test>::AlreadyRevoked);
        for registrar in [REGISTRAR, OTHER_REGISTRAR] {
            assert_noop!(attest_as(registrar, ALICE, ALICE as u8, RO, 100), Error::<Test>::RevokedByGovernance);
        }
        assert_ok!(attest_with(None, ALICE, person(ALICE as u8, RO, 100)));
        assert_ok!(admits(ALICE));
    });
}

#[test]
fn governance_has_the_last_word_when_a_registrar_revoked_first() {
    run(|| {
        attest(ALICE, RO, 100);
        epoch(7);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        epoch(20);
        assert_ok!(revoke_as(None, ALICE));
        // The earlier end stands.
        let stops = EpochIndex(7 + DELAY);
        System::assert_last_event(Event::Revoked { who: ALICE, by: None, stops }.into());
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::Revoked));
        assert_noop!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 100), Error::<Test>::RevokedByGovernance);
    });
}

#[test]
fn revocation_is_left_to_governance_when_the_account_owns_an_oracle() {
    run(|| {
        attest(ALICE, RO, 100);
        Oracles::set_owners([ALICE]);
        assert_noop!(revoke_as(Some(REGISTRAR), ALICE), Error::<Test>::OwnsOracle);
        // Nor can it be let expire early.
        assert_noop!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 1), Error::<Test>::OwnsOracle);
        assert_ok!(attest_as(REGISTRAR, ALICE, ALICE as u8, RO, 101));
        assert_ok!(attest_with(None, ALICE, person(ALICE as u8, RO, 1)));
        assert_ok!(revoke_as(None, ALICE));
        assert_eq!(Kyc::revocations_left(REGISTRAR), CAP);
    });
}

#[test]
fn standing_does_not_lapse_when_the_account_owns_an_oracle() {
    run(|| {
        attest(ALICE, RO, 10);
        Oracles::set_owners([ALICE]);
        // Nobody renews it. No new right comes of it, but the oracle goes on until governance removes it.
        epoch(10 + 5 * GRACE_EPOCHS);
        assert_ok!(Kyc::standing_of(ALICE));
        assert_eq!(admits(ALICE), Err(KycRefusal::Expired(EpochIndex(10))));
        Oracles::set_owners::<u64>([]);
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::Expired(EpochIndex(10))));
        // What governance decides is heard.
        attest(ALICE, RO, 500);
        Oracles::set_owners([ALICE]);
        assert_ok!(revoke_as(None, ALICE));
        epoch(10 + 5 * GRACE_EPOCHS + DELAY);
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::Revoked));
    });
}

#[test]
fn registrar_waits_for_the_next_epoch_when_the_cap_is_reached() {
    run(|| {
        let mut all = persons(2 * CAP + 2);
        for n in 0..CAP {
            assert_eq!(Kyc::revocations_left(REGISTRAR), CAP - n);
            assert_ok!(revoke_as(Some(REGISTRAR), all.next().unwrap()));
        }
        let next = all.next().unwrap();
        assert_eq!(Kyc::revocations_left(REGISTRAR), 0);
        assert_noop!(revoke_as(Some(REGISTRAR), next), Error::<Test>::RevocationCapReached);
        assert_ok!(admits(next));
        // Each registrar has a cap of its own, governance none.
        assert_eq!(Kyc::revocations_left(OTHER_REGISTRAR), CAP);
        assert_ok!(revoke_as(None, next));
        // What was revoked and restored was revoked.
        attest(100, RO, 500);
        assert_noop!(revoke_as(Some(REGISTRAR), 100), Error::<Test>::RevocationCapReached);

        epoch(1);
        assert_eq!(Kyc::revocations_left(REGISTRAR), CAP);
        for _ in 0..CAP {
            assert_ok!(revoke_as(Some(REGISTRAR), all.next().unwrap()));
        }
        assert_noop!(revoke_as(Some(REGISTRAR), all.next().unwrap()), Error::<Test>::RevocationCapReached);
        assert_eq!(Kyc::revocations_left(ALICE), 0);
    });
}

#[test]
fn refused_revocation_uses_nothing_when_the_cap_is_counted() {
    run(|| {
        attest(ALICE, RO, 100);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        for _ in 0..2 * CAP {
            assert_noop!(revoke_as(Some(REGISTRAR), ALICE), Error::<Test>::AlreadyRevoked);
        }
        assert_eq!(Kyc::revocations_left(REGISTRAR), CAP - 1);
    });
}

#[test]
fn shortening_counts_as_revocation_when_a_registrar_does_it() {
    run(|| {
        let mut all = persons(CAP + 1);
        for _ in 0..CAP {
            attest(all.next().unwrap(), RO, 1);
        }
        let last = all.next().unwrap();
        let shorten = |by, expires| attest_with(by, last, person(last as u8, RO, expires));
        assert_noop!(shorten(Some(REGISTRAR), 499), Error::<Test>::RevocationCapReached);
        assert_noop!(revoke_as(Some(REGISTRAR), last), Error::<Test>::RevocationCapReached);
        // Renewals and governance are free.
        assert_ok!(shorten(Some(REGISTRAR), 500));
        assert_ok!(shorten(Some(REGISTRAR), 501));
        assert_ok!(attest_with(None, FOUNDER, company(30, RO, 1)));

        // Nothing is taken away from who has nothing.
        epoch(1);
        assert_ok!(revoke_as(Some(REGISTRAR), last));
        assert_ok!(shorten(Some(REGISTRAR), 20));
        assert_eq!(Kyc::revocations_left(REGISTRAR), CAP - 1);
        epoch(20 + GRACE_EPOCHS);
        assert_ok!(shorten(Some(REGISTRAR), 20 + GRACE_EPOCHS + 1));
        assert_eq!(Kyc::revocations_left(REGISTRAR), CAP);
    });
}

#[test]
fn registrar_begins_at_zero_when_dismissed_and_appointed_again() {
    run(|| {
        attest(ALICE, RO, 100);
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        assert_ok!(Kyc::remove_registrar(RuntimeOrigin::root(), REGISTRAR));
        assert_eq!(Kyc::revocations_left(REGISTRAR), 0);
        assert_ok!(Kyc::add_registrar(RuntimeOrigin::root(), REGISTRAR));
        assert_eq!(Kyc::revocations_left(REGISTRAR), CAP);
    });
}
