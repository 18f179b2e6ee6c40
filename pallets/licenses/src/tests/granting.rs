use super::{ban, transfer};
use crate::{mock::*, Approvals, Assigned, EntityAssigned, Error, Event, Grants, MasterCount};
use frame_support::{assert_noop, assert_ok};
use ratio1_primitives::{
    economics::{MASTER_LIMIT, MASTER_SHARE},
    refusal::KycRefusal,
    traits::{DeedToken, LicenseInspect},
    AccountId, Balance, EpochIndex, Grant, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

fn grant(owner: &AccountId, assigned: Balance) -> DispatchResult {
    let expected = Licenses::can_grant_master(owner.clone(), assigned);
    let outcome = frame_support::storage::with_storage_layer(|| {
        Licenses::grant_master(RuntimeOrigin::root(), owner.clone(), assigned)
    });
    assert_eq!(expected, outcome, "the view function agrees with the call");
    outcome
}

fn approve(license: LicenseId, to: Option<AccountId>) -> DispatchResult {
    Licenses::approve_master_transfer(RuntimeOrigin::root(), license, to)
}

fn sum(who: &AccountId) -> Balance {
    EntityAssigned::<Test>::get(entity(who))
}

#[test]
fn grant_issues_a_master_deed_when_it_is_within_the_limits() {
    run(|| {
        epoch(7);
        assert_noop!(Licenses::grant_master(RuntimeOrigin::signed(bob()), bob(), 5), DispatchError::BadOrigin);
        assert_ok!(grant(&bob(), 5));
        let (license, granted) = (LicenseId(4), EpochIndex(7));
        System::assert_last_event(
            Event::MasterGranted {
                license,
                owner: bob(),
                entity: entity(&bob()),
                assigned: 5,
                granted,
                total: ASSIGNED + 5,
            }
            .into(),
        );
        assert_eq!(Licenses::license(license).map(|deed| deed.class), Some(LicenseClass::Master));
        assert_eq!(Deeds::owner(license), Some(bob()));
        let expected = Grant { assigned: 5, granted };
        assert_eq!(<Licenses as LicenseInspect<_>>::grant(license), Some(expected));
        assert_eq!(<Licenses as LicenseInspect<_>>::grant(DEED), None);
        let genesis = Grant { assigned: ASSIGNED, granted: EpochIndex(0) };
        assert_eq!(Licenses::masters(0), vec![(MASTER, genesis), (license, expected)]);
        assert_eq!((Licenses::master_count(0), Licenses::master_count(1)), (2, 0));
        assert_eq!(Licenses::masters(1), vec![]);
        assert_eq!(Licenses::assigned(), ASSIGNED + 5);
        let info = Licenses::grant(license).expect("granted");
        assert_eq!((info.grant, info.entity, info.approved), (expected, entity(&bob()), None));
        assert_eq!(info.entity_left, MASTER_LIMIT - 5);
        assert_eq!(Licenses::grant(DEED), None);
    });
}

#[test]
fn grant_is_refused_when_the_owner_is_not_admitted() {
    run(|| {
        for (refusal, error) in [
            (KycRefusal::NotAttested, Error::<Test>::ReceiverNotAttested),
            (KycRefusal::Expired(EpochIndex(1)), Error::<Test>::ReceiverAttestationExpired),
            (KycRefusal::Revoked, Error::<Test>::ReceiverAttestationRevoked),
            (KycRefusal::CountryProhibited, Error::<Test>::ReceiverCountryProhibited),
        ] {
            Kyc::refuse(&bob(), refusal);
            assert_noop!(grant(&bob(), 5), error);
        }
    });
}

#[test]
fn grant_is_refused_when_it_is_beyond_a_limit() {
    run(|| {
        assert_noop!(grant(&bob(), 0), Error::<Test>::ZeroAssignment);
        assert_noop!(grant(&bob(), MASTER_LIMIT + 1), Error::<Test>::AssignmentTooLarge);
        assert_noop!(grant(&bob(), Balance::MAX), Error::<Test>::AssignmentTooLarge);
        assert_ok!(grant(&bob(), MASTER_LIMIT));
        assert_noop!(grant(&bob(), 1), Error::<Test>::EntityLimitExceeded);
        // Another account of the same entity counts for the same sum.
        Kyc::join(&account(3), entity(&bob()));
        assert_noop!(grant(&account(3), 1), Error::<Test>::EntityLimitExceeded);
        assert_noop!(grant(&alice(), MASTER_LIMIT), Error::<Test>::EntityLimitExceeded);
        assert_ok!(grant(&alice(), MASTER_LIMIT - ASSIGNED));
    });
}

#[test]
fn grant_is_refused_when_the_share_of_the_class_is_used_up() {
    run(|| {
        let mut n = 10;
        while Assigned::<Test>::get() + MASTER_LIMIT <= MASTER_SHARE {
            assert_ok!(grant(&account(n), MASTER_LIMIT));
            n += 1;
        }
        let left = MASTER_SHARE - Assigned::<Test>::get();
        assert!(left > 0 && left < MASTER_LIMIT);
        assert_noop!(grant(&account(n), left + 1), Error::<Test>::ShareExceeded);
        assert_ok!(grant(&account(n), left));
        assert_noop!(grant(&account(n + 1), 1), Error::<Test>::ShareExceeded);
    });
}

#[test]
fn grant_is_refused_when_there_is_no_genesis_deed_yet() {
    ext(Vec::new()).execute_with(|| {
        assert_noop!(grant(&bob(), 1), Error::<Test>::GenesisComesFirst);
    });
}

#[test]
fn grants_are_listed_by_page_when_masters_are_far_apart() {
    run(|| {
        for _ in 4..1_030 {
            assert_ok!(Licenses::do_issue(LicenseClass::Node, &bob()));
        }
        assert_ok!(grant(&bob(), 5));
        assert_eq!((MasterCount::<Test>::get(0), MasterCount::<Test>::get(1)), (1, 1));
        let ids = |page| Licenses::masters(page).into_iter().map(|(id, _)| id.0).collect::<Vec<_>>();
        assert_eq!((ids(0), ids(1)), (vec![1], vec![1_030]));
    });
}

#[test]
fn master_moves_once_when_governance_approved_the_receiver() {
    run(|| {
        assert_noop!(transfer(MASTER, &alice(), &bob()), Error::<Test>::MasterNeedsApproval);
        assert_ok!(approve(MASTER, Some(bob())));
        System::assert_last_event(Event::MasterApproved { license: MASTER, to: bob() }.into());
        assert_eq!(Licenses::grant(MASTER).and_then(|info| info.approved), Some(bob()));
        assert_noop!(transfer(MASTER, &alice(), &account(3)), Error::<Test>::ApprovedForAnother);
        assert_ok!(transfer(MASTER, &alice(), &bob()));
        let (from, to) = (entity(&alice()), entity(&bob()));
        System::assert_has_event(Event::GrantMoved { license: MASTER, from, to, assigned: ASSIGNED }.into());
        System::assert_last_event(Event::Transferred { license: MASTER, from: alice(), to: bob() }.into());
        // The grant itself is what it was; only whose sum it is has changed.
        let expected = Grant { assigned: ASSIGNED, granted: EpochIndex(0) };
        assert_eq!(<Licenses as LicenseInspect<_>>::grant(MASTER), Some(expected));
        assert_eq!((sum(&alice()), sum(&bob())), (0, ASSIGNED));
        assert!(!EntityAssigned::<Test>::contains_key(from));
        // The approval is used up.
        assert_noop!(transfer(MASTER, &bob(), &alice()), Error::<Test>::MasterNeedsApproval);
    });
}

#[test]
fn master_moves_only_within_the_limit_when_the_receivers_entity_has_deeds() {
    run(|| {
        assert_ok!(grant(&bob(), MASTER_LIMIT - ASSIGNED + 1));
        assert_ok!(approve(MASTER, Some(bob())));
        assert_noop!(transfer(MASTER, &alice(), &bob()), Error::<Test>::EntityLimitExceeded);
        // Between two accounts of one entity the sum stays, however large.
        assert_ok!(grant(&alice(), MASTER_LIMIT - ASSIGNED));
        Kyc::join(&account(3), entity(&alice()));
        assert_ok!(approve(MASTER, Some(account(3))));
        assert_ok!(transfer(MASTER, &alice(), &account(3)));
        assert_eq!(sum(&alice()), MASTER_LIMIT);
        assert_eq!(Deeds::owner(MASTER), Some(account(3)));
    });
}

#[test]
fn approval_is_refused_when_it_makes_no_sense() {
    run(|| {
        let foreign = Licenses::approve_master_transfer(RuntimeOrigin::signed(alice()), MASTER, Some(bob()));
        assert_eq!(foreign, Err(DispatchError::BadOrigin));
        assert_noop!(approve(LicenseId(99), Some(bob())), Error::<Test>::UnknownLicense);
        assert_noop!(approve(DEED, Some(bob())), Error::<Test>::NotMaster);
        assert_noop!(approve(GENESIS, Some(bob())), Error::<Test>::NotMaster);
        assert_noop!(approve(MASTER, Some(alice())), Error::<Test>::SameOwner);
        assert_noop!(approve(MASTER, None), Error::<Test>::NoApproval);
        assert_ok!(ban(MASTER));
        assert_noop!(approve(MASTER, Some(bob())), Error::<Test>::Banned);
    });
}

#[test]
fn approval_ends_when_it_is_withdrawn_or_the_deed_is_banned() {
    run(|| {
        assert_ok!(approve(MASTER, Some(bob())));
        assert_ok!(approve(MASTER, None));
        System::assert_last_event(Event::ApprovalWithdrawn { license: MASTER, to: bob() }.into());
        assert_noop!(transfer(MASTER, &alice(), &bob()), Error::<Test>::MasterNeedsApproval);
        assert_ok!(approve(MASTER, Some(bob())));
        assert_ok!(ban(MASTER));
        System::assert_has_event(Event::ApprovalWithdrawn { license: MASTER, to: bob() }.into());
        assert_ok!(Licenses::unban(RuntimeOrigin::root(), MASTER));
        assert!(!Approvals::<Test>::contains_key(MASTER));
        assert_noop!(transfer(MASTER, &alice(), &bob()), Error::<Test>::MasterNeedsApproval);
    });
}

#[test]
fn invariants_fail_when_grants_and_sums_disagree() {
    run(|| {
        let broken = |change: &dyn Fn()| {
            let outcome = frame_support::storage::with_transaction(|| {
                change();
                sp_runtime::TransactionOutcome::Rollback(Ok::<_, DispatchError>(Licenses::do_try_state()))
            });
            assert!(outcome.expect("rolls back").is_err());
        };
        broken(&|| Assigned::<Test>::put(1));
        broken(&|| EntityAssigned::<Test>::insert([9; 32], 1));
        broken(&|| MasterCount::<Test>::insert(0, 2));
        broken(&|| Grants::<Test>::remove(0, MASTER));
        broken(&|| Approvals::<Test>::insert(DEED, bob()));
        broken(&|| {
            // A deed issued past `grant_master`.
            assert_ok!(Licenses::do_issue(LicenseClass::Master, &bob()));
        });
    });
}
