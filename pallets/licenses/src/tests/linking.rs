use super::{ban, call, link, linked, unlink, Call};
use crate::{mock::*, Error, Event, LinkRevision, LinkedPages, WeightInfo, MAX_VERSIONS};
use frame_support::{
    assert_noop, assert_ok,
    dispatch::{CheckIfFeeless, GetDispatchInfo},
};
use ratio1_primitives::{
    keys::link_payload, refusal::KycRefusal, traits::LicenseInspect, AccountId, EpochIndex, Hash, LicenseClass,
    LicenseId, Link, NodeSignature,
};
use sp_core::Pair;
use sp_runtime::{DispatchError, DispatchResult};

fn link_with(owner: &AccountId, license: LicenseId, n: u8, proof: NodeSignature) -> DispatchResult {
    let outcome = call(owner, Call::link { license, node: node(n), proof });
    if outcome.is_err() {
        // View function and fee agree with the call.
        assert_eq!(Licenses::can_link(owner.clone(), license, node(n), proof), outcome);
        assert!(!feeless(owner, Call::link { license, node: node(n), proof }));
    }
    outcome
}

fn feeless(who: &AccountId, call: Call) -> bool {
    RuntimeCall::from(call).is_feeless(&RuntimeOrigin::signed(who.clone()))
}

#[test]
fn link_is_made_without_fee_when_the_node_proves_itself() {
    run(|| {
        epoch(3);
        let proof = proof(1, DEED, &alice());
        assert_ok!(Licenses::can_link(alice(), DEED, node(1), proof));
        assert!(feeless(&alice(), Call::link { license: DEED, node: node(1), proof }));
        assert_ok!(link_with(&alice(), DEED, 1, proof));
        System::assert_last_event(Event::Linked { license: DEED, node: node(1), owner: alice(), link_nonce: 1 }.into());
        let deed = Licenses::license(DEED).expect("issued");
        assert_eq!(deed.link, Some(Link { node: node(1), since: EpochIndex(3) }));
        assert_eq!((deed.link_nonce, deed.last_link), (1, Some(EpochIndex(3))));
        assert_eq!(Licenses::license_of(node(1)), Some(DEED));
        assert!(linked(0, 3).get(DEED.0));
        assert!(!linked(0, 2).get(DEED.0));
        assert_eq!(LinkRevision::<Test>::get(0), 1);
    });
}

#[test]
fn link_is_refused_when_the_proof_is_wrong_foreign_or_replayed() {
    run(|| {
        let bad = DispatchError::from(Error::<Test>::BadLinkProof);
        // By another node, for another license, another owner, another nonce, another chain, garbage.
        let foreign_chain = node_pair(1).sign(&link_payload(Hash::repeat_byte(9), DEED, &alice(), 0));
        for wrong in [
            proof(2, DEED, &alice()),
            proof(1, BOBS, &alice()),
            proof(1, DEED, &bob()),
            proof_with(1, DEED, &alice(), 1),
            foreign_chain,
            NodeSignature::from_raw([0xff; 64]),
        ] {
            assert_noop!(link_with(&alice(), DEED, 1, wrong), bad);
        }
        let used = proof(1, DEED, &alice());
        assert_ok!(link_with(&alice(), DEED, 1, used));
        assert_ok!(unlink(DEED, &alice()));
        epoch(1);
        assert_noop!(link_with(&alice(), DEED, 1, used), bad);
    });
}

#[test]
fn link_is_refused_when_license_owner_or_node_do_not_fit() {
    run(|| {
        let unknown = LicenseId(99);
        assert_noop!(link_with(&alice(), unknown, 1, proof(1, unknown, &alice())), Error::<Test>::UnknownLicense);
        assert_noop!(link_with(&bob(), DEED, 1, proof(1, DEED, &bob())), Error::<Test>::NotOwner);
        assert_ok!(link(1, DEED, &alice()));
        assert_noop!(link_with(&alice(), DEED, 2, proof(2, DEED, &alice())), Error::<Test>::AlreadyLinked);
        assert_noop!(link_with(&bob(), BOBS, 1, proof(1, BOBS, &bob())), Error::<Test>::NodeTaken);
        assert_ok!(ban(BOBS));
        assert_noop!(link_with(&bob(), BOBS, 2, proof(2, BOBS, &bob())), Error::<Test>::Banned);
        let anonymous = Licenses::link(RuntimeOrigin::root(), DEED, node(1), proof(1, DEED, &alice()));
        assert_eq!(anonymous, Err(DispatchError::BadOrigin));
    });
}

#[test]
fn link_is_refused_when_the_owner_is_not_admitted() {
    run(|| {
        for (refusal, error) in [
            (KycRefusal::NotAttested, Error::<Test>::NotAttested),
            (KycRefusal::Expired(EpochIndex(1)), Error::<Test>::AttestationExpired),
            (KycRefusal::Revoked, Error::<Test>::AttestationRevoked),
            (KycRefusal::CountryProhibited, Error::<Test>::CountryProhibited),
        ] {
            Kyc::refuse(&alice(), refusal);
            assert_noop!(link_with(&alice(), DEED, 1, proof(1, DEED, &alice())), error);
        }
    });
}

#[test]
fn link_waits_for_the_next_epoch_when_the_license_was_linked_in_this_one() {
    run(|| {
        epoch(5);
        assert_ok!(link(1, DEED, &alice()));
        assert_ok!(unlink(DEED, &alice()));
        assert_noop!(link_with(&alice(), DEED, 2, proof(2, DEED, &alice())), Error::<Test>::LinkCooldown);
        epoch(6);
        assert_ok!(link(2, DEED, &alice()));
    });
}

#[test]
fn unlink_settles_first_and_costs_no_fee_when_the_owner_asks() {
    run(|| {
        assert_ok!(link(1, DEED, &alice()));
        epoch(4);
        assert!(feeless(&alice(), Call::unlink { license: DEED }));
        assert_ok!(unlink(DEED, &alice()));
        assert_eq!(Settled::get(), vec![(DEED, alice())]);
        System::assert_last_event(Event::Unlinked { license: DEED, node: node(1), epoch: EpochIndex(4) }.into());
        let deed = Licenses::license(DEED).expect("issued");
        assert_eq!((deed.link, deed.last_link), (None, Some(EpochIndex(0))));
        assert_eq!(Licenses::license_of(node(1)), None);
        assert!(linked(0, 3).get(DEED.0), "the epochs it was linked in still pay");
        assert!(!linked(0, 4).get(DEED.0));
        assert_eq!(LinkRevision::<Test>::get(0), 2);
    });
}

#[test]
fn unlink_is_refused_when_it_is_not_the_owners_to_end() {
    run(|| {
        let refused = |who: &AccountId, license, error: Error<Test>| {
            assert!(!feeless(who, Call::unlink { license }));
            assert_noop!(unlink(license, who), error);
        };
        refused(&alice(), LicenseId(99), Error::UnknownLicense);
        refused(&alice(), DEED, Error::NotLinked);
        assert_ok!(link(1, DEED, &alice()));
        refused(&bob(), DEED, Error::NotOwner);
        Working::mutate(|working| working.insert(DEED));
        refused(&alice(), DEED, Error::HasSlots);
        Bound::mutate(|bound| bound.insert(DEED));
        refused(&alice(), DEED, Error::BoundAsOracle);
        assert_eq!(Licenses::can_unlink(alice(), DEED), Err(Error::<Test>::BoundAsOracle.into()));
    });
}

#[test]
fn unlink_leaves_the_link_when_settling_fails() {
    run(|| {
        assert_ok!(link(1, DEED, &alice()));
        SettleFails::set(true);
        assert_noop!(unlink(DEED, &alice()), DispatchError::Other("settling fails"));
    });
}

#[test]
fn ban_unlinks_without_settling_and_unban_restores_when_governance_decides() {
    run(|| {
        assert_ok!(link(1, DEED, &alice()));
        epoch(2);
        assert_noop!(Licenses::ban(RuntimeOrigin::signed(alice()), DEED), DispatchError::BadOrigin);
        assert_noop!(ban(LicenseId(99)), Error::<Test>::UnknownLicense);
        Bound::mutate(|bound| bound.insert(DEED));
        assert_noop!(ban(DEED), Error::<Test>::BoundAsOracle);
        Bound::mutate(|bound| bound.clear());
        Working::mutate(|working| working.insert(DEED));
        let weight = RuntimeCall::from(Call::ban { license: DEED }).get_dispatch_info().call_weight;
        assert_eq!(weight, <() as WeightInfo>::ban().saturating_add(EVICT_WEIGHT));
        assert_ok!(ban(DEED));
        assert!(Working::get().is_empty(), "its slots are taken away before the link ends");
        System::assert_has_event(Event::Unlinked { license: DEED, node: node(1), epoch: EpochIndex(2) }.into());
        System::assert_last_event(Event::Banned { license: DEED }.into());
        assert!(Settled::get().is_empty());
        assert_eq!(Licenses::license_of(node(1)), None);
        assert_noop!(ban(DEED), Error::<Test>::AlreadyBanned);
        assert_noop!(unlink(DEED, &alice()), Error::<Test>::NotLinked);

        assert_noop!(Licenses::unban(RuntimeOrigin::signed(alice()), DEED), DispatchError::BadOrigin);
        let revision = LinkRevision::<Test>::get(0);
        assert_ok!(Licenses::unban(RuntimeOrigin::root(), DEED));
        assert_eq!(LinkRevision::<Test>::get(0), revision + 1);
        System::assert_last_event(Event::Unbanned { license: DEED }.into());
        assert_noop!(Licenses::unban(RuntimeOrigin::root(), DEED), Error::<Test>::NotBanned);
        assert_noop!(Licenses::unban(RuntimeOrigin::root(), LicenseId(99)), Error::<Test>::UnknownLicense);
        epoch(3);
        assert_ok!(link(1, DEED, &alice()));
    });
}

#[test]
fn links_must_wait_when_too_many_epochs_are_open() {
    run(|| {
        for n in 0..MAX_VERSIONS {
            Epochs::run_from(0, n);
            let changed = if n % 2 == 0 { link(1, DEED, &alice()) } else { unlink(DEED, &alice()) };
            assert_ok!(changed);
        }
        // In the epoch of the newest version a change still finds room.
        assert_ok!(link(2, BOBS, &bob()));
        Epochs::run_from(0, MAX_VERSIONS);
        let full = DispatchError::from(Error::<Test>::TooManyOpenEpochs);
        assert_noop!(link_with(&alice(), DEED, 1, proof(1, DEED, &alice())), full);
        assert_noop!(unlink(BOBS, &bob()), full);
        assert!(!feeless(&bob(), Call::unlink { license: BOBS }));
        assert_noop!(ban(BOBS), full);
        // Epoch 0 closes: its version is not needed any more.
        Epochs::close(0);
        assert_ok!(link(1, DEED, &alice()));
        assert_eq!(LinkedPages::<Test>::get(0).len() as u32, MAX_VERSIONS);
        assert_eq!(Licenses::linked(0, EpochIndex(0)), None, "it is told from an epoch in which nothing was linked");
        assert!(!linked(0, 1).get(DEED.0));
        assert!(linked(0, 2).get(DEED.0));
    });
}

#[test]
fn pages_are_apart_when_licenses_fill_more_than_one() {
    run(|| {
        for _ in 4..1_026 {
            assert_ok!(Licenses::do_issue(LicenseClass::Node, &alice()));
        }
        assert_ok!(link(1, LicenseId(1_024), &alice()));
        assert!(linked(1, 0).get(0));
        assert_eq!(Licenses::linked(0, EpochIndex(0)), Some(Default::default()));
        assert_eq!((LinkRevision::<Test>::get(0), LinkRevision::<Test>::get(1)), (0, 1));
    });
}

#[test]
fn link_is_refused_when_the_license_was_unlinked_in_the_same_epoch() {
    run(|| {
        assert_ok!(link(1, DEED, &alice()));
        epoch(4);
        assert_ok!(unlink(DEED, &alice()));
        // Until now one node's beats were counted for it in this epoch; another's would be added to them.
        assert_eq!(Licenses::link_from(DEED), EpochIndex(5));
        let refused = Error::<Test>::UnlinkCooldown;
        assert_noop!(link_with(&alice(), DEED, 2, proof(2, DEED, &alice())), refused);
        // The same node is no exception, nor is a ban a way round, nor another owner.
        assert_noop!(link_with(&alice(), DEED, 1, proof(1, DEED, &alice())), Error::<Test>::UnlinkCooldown);
        epoch(5);
        assert_ok!(link_with(&alice(), DEED, 2, proof(2, DEED, &alice())));
        epoch(6);
        assert_ok!(ban(DEED));
        assert_ok!(call_unban(DEED));
        assert_noop!(link_with(&alice(), DEED, 1, proof(1, DEED, &alice())), Error::<Test>::UnlinkCooldown);
    });
}

fn call_unban(license: LicenseId) -> DispatchResult {
    Licenses::unban(RuntimeOrigin::root(), license)
}
