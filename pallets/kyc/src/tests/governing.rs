//! What governance alone decides: the prohibited countries and the parameters.

use super::*;
use crate::{Configuration, Parameters, Registrars, Revocations, ACCOUNTS as ACCOUNT_BOUNDS, REVOCATIONS};

fn set(revocations_per_epoch: u32, accounts_per_entity: u32) -> DispatchResult {
    Kyc::set_parameters(RuntimeOrigin::root(), Parameters { revocations_per_epoch, accounts_per_entity })
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
        let mut listed = Kyc::prohibited_countries();
        listed.sort();
        assert_eq!(listed, vec![(IT, EpochIndex(10 + DELAY)), (KP, EpochIndex(0))]);

        epoch(20);
        assert_eq!(Kyc::standing_of(ALICE), Err(KycRefusal::CountryProhibited));
        assert_noop!(Kyc::permit_country(RuntimeOrigin::signed(REGISTRAR), IT), DispatchError::BadOrigin);
        assert_ok!(Kyc::permit_country(RuntimeOrigin::root(), IT));
        System::assert_last_event(Event::CountryPermitted { country: IT }.into());
        assert_ok!(admits(ALICE));
        assert_ok!(Kyc::standing_of(ALICE));
        assert_noop!(Kyc::permit_country(RuntimeOrigin::root(), IT), Error::<Test>::NotProhibited);
    });
}

#[test]
fn prohibition_leaves_no_trace_when_it_is_lifted() {
    run(|| {
        attest(ALICE, IT, 500);
        for n in 1..100 {
            assert_ok!(Kyc::prohibit_country(RuntimeOrigin::root(), IT));
            assert_ok!(Kyc::standing_of(ALICE));
            epoch(n);
            assert_ok!(Kyc::permit_country(RuntimeOrigin::root(), IT));
        }
        assert_eq!(Kyc::prohibited_countries(), vec![(KP, EpochIndex(0))]);
        assert_ok!(admits(ALICE));
    });
}

#[test]
fn parameters_are_refused_when_they_are_out_of_bounds() {
    run(|| {
        let (revocations, accounts) = (REVOCATIONS, ACCOUNT_BOUNDS);
        assert_eq!((revocations, accounts), ((1, 1_000), (1, 256)));
        assert_noop!(set(0, 16), Error::<Test>::RevocationsOutOfBounds);
        assert_noop!(set(revocations.1 + 1, 16), Error::<Test>::RevocationsOutOfBounds);
        assert_noop!(set(10, 0), Error::<Test>::AccountsOutOfBounds);
        assert_noop!(set(10, accounts.1 + 1), Error::<Test>::AccountsOutOfBounds);
        assert_ok!(set(revocations.0, accounts.0));
        assert_ok!(set(revocations.1, accounts.1));
        let parameters = Parameters { revocations_per_epoch: 1_000, accounts_per_entity: 256 };
        System::assert_last_event(Event::ParametersSet { parameters }.into());
        assert_eq!(Kyc::parameters(), parameters);
        let signed = Kyc::set_parameters(RuntimeOrigin::signed(REGISTRAR), Parameters::default());
        assert_eq!(signed, Err(DispatchError::BadOrigin));
    });
}

#[test]
fn what_was_done_stands_when_parameters_are_lowered() {
    run(|| {
        for who in [ALICE, BOB, CAROL] {
            assert_ok!(attest_as(REGISTRAR, who, 7, RO, 100));
        }
        assert_ok!(revoke_as(Some(REGISTRAR), ALICE));
        assert_ok!(revoke_as(Some(REGISTRAR), BOB));
        assert_ok!(set(1, 1));
        assert_eq!(Kyc::revocations_left(REGISTRAR), 0);
        assert_noop!(revoke_as(Some(REGISTRAR), CAROL), Error::<Test>::RevocationCapReached);
        assert_ok!(admits(CAROL));
        assert_ok!(attest_as(REGISTRAR, CAROL, 7, RO, 200));
        assert_noop!(attest_as(REGISTRAR, DAVE, 7, RO, 200), Error::<Test>::TooManyAccounts);
        assert_ok!(set(3, 4));
        assert_ok!(revoke_as(Some(REGISTRAR), CAROL));
        assert_ok!(attest_as(REGISTRAR, DAVE, 7, RO, 200));
    });
}

#[test]
fn genesis_is_refused_when_its_parameters_are_out_of_bounds() {
    let built = |revocations_per_epoch, accounts_per_entity| {
        std::panic::catch_unwind(|| {
            let mut builder = ExtBuilder::default();
            builder.genesis.parameters = Parameters { revocations_per_epoch, accounts_per_entity };
            builder.build();
        })
        .is_ok()
    };
    assert!(built(1, 1));
    assert!(!built(0, 1));
    assert!(!built(1, 0));
    assert_eq!(Parameters::default(), Parameters { revocations_per_epoch: 10, accounts_per_entity: 16 });
    assert_ok!(Parameters::default().validate());
}

#[test]
fn invariants_are_violated_when_caps_are_tampered_with() {
    ExtBuilder::default().build().execute_with(|| {
        Registrars::<Test>::insert(REGISTRAR, Revocations { epoch: EpochIndex(0), count: REVOCATIONS.1 + 1 });
        assert!(Kyc::do_try_state().is_err());
        Registrars::<Test>::insert(REGISTRAR, Revocations { epoch: EpochIndex(1), count: 0 });
        assert!(Kyc::do_try_state().is_err());
        Registrars::<Test>::insert(REGISTRAR, Revocations::default());
        assert_ok!(Kyc::do_try_state());
        Configuration::<Test>::mutate(|p| p.accounts_per_entity = 0);
        assert!(Kyc::do_try_state().is_err());
    });
}
