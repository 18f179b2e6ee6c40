use super::{ban, call, link, transfer, unlink, NftsCall, NftsError};
use crate::{mock::*, Error, Event, LinkRevision, Permit};
use frame_support::{assert_noop, assert_ok, traits::Locker};
use ratio1_primitives::{
    refusal::KycRefusal,
    traits::{DeedToken, LicenseInspect},
    AccountId, EpochIndex, LicenseId,
};
use sp_runtime::{DispatchError, TransactionOutcome};

#[test]
fn transfer_settles_then_moves_when_everything_is_paid() {
    run(|| {
        assert_ok!(transfer(DEED, &alice(), &bob()));
        assert_eq!(Settled::get(), vec![(DEED, alice())]);
        assert_eq!(<Licenses as LicenseInspect<_>>::owner(DEED), Some(bob()));
        assert_eq!(LinkRevision::<Test>::get(0), 1);
        System::assert_last_event(Event::Transferred { license: DEED, from: alice(), to: bob() }.into());
        // A proof made for the former owner is worth nothing now.
        assert_noop!(link(1, DEED, &alice()), Error::<Test>::NotOwner);
        assert_ok!(link(1, DEED, &bob()));
    });
}

#[test]
fn transfer_is_refused_when_the_deed_may_not_move() {
    let transfer = |license, from: &AccountId, to: &AccountId| {
        let outcome = transfer(license, from, to);
        // The view function agrees with the call.
        assert_eq!(Licenses::can_transfer(from.clone(), license, to.clone()), outcome);
        outcome
    };
    run(|| {
        assert_noop!(transfer(LicenseId(99), &alice(), &bob()), Error::<Test>::UnknownLicense);
        assert_noop!(transfer(DEED, &bob(), &alice()), Error::<Test>::NotOwner);
        assert_noop!(transfer(DEED, &alice(), &alice()), Error::<Test>::SameOwner);
        assert_noop!(transfer(GENESIS, &alice(), &bob()), Error::<Test>::GenesisNeverMoves);
        assert_noop!(transfer(MASTER, &alice(), &bob()), Error::<Test>::MasterNeedsApproval);
        assert_ok!(link(1, DEED, &alice()));
        assert_noop!(transfer(DEED, &alice(), &bob()), Error::<Test>::StillLinked);
        assert_ok!(ban(DEED));
        assert_noop!(transfer(DEED, &alice(), &bob()), Error::<Test>::Banned);
        Bound::mutate(|bound| bound.insert(BOBS));
        assert_noop!(transfer(BOBS, &bob(), &alice()), Error::<Test>::BoundAsOracle);
    });
}

#[test]
fn transfer_is_refused_when_the_receiver_is_not_admitted() {
    run(|| {
        for (refusal, error) in [
            (KycRefusal::NotAttested, Error::<Test>::ReceiverNotAttested),
            (KycRefusal::Expired(EpochIndex(1)), Error::<Test>::ReceiverAttestationExpired),
            (KycRefusal::Revoked, Error::<Test>::ReceiverAttestationRevoked),
            (KycRefusal::CountryProhibited, Error::<Test>::ReceiverCountryProhibited),
        ] {
            Kyc::refuse(&bob(), refusal);
            assert_noop!(transfer(DEED, &alice(), &bob()), error);
        }
        // The sender need not be in good standing: selling is how one leaves.
        Kyc::refuse(&alice(), KycRefusal::Revoked);
        assert_ok!(transfer(DEED, &alice(), &account(3)));
    });
}

#[test]
fn transfer_waits_for_the_epochs_it_was_linked_in_when_it_was_unlinked() {
    run(|| {
        assert_ok!(link(1, DEED, &alice()));
        Epochs::run_from(0, 3);
        assert_ok!(unlink(DEED, &alice()));
        Epochs::run_from(2, 9);
        assert_noop!(transfer(DEED, &alice(), &bob()), Error::<Test>::LinkedEpochsOpen);
        Epochs::run_from(3, 9);
        assert_ok!(transfer(DEED, &alice(), &bob()));
    });
}

#[test]
fn transfer_does_not_wait_when_the_open_epochs_ended_without_the_deed() {
    run(|| {
        // Epoch 1 stays unresolved. Nobody was linked when it ended.
        Current::set(5);
        Open::set([1].into());
        assert_ok!(link(1, DEED, &alice()));
        assert_ok!(link(2, BOBS, &bob()));
        Epochs::end();
        assert_ok!(unlink(DEED, &alice()));
        assert_noop!(transfer(DEED, &alice(), &bob()), Error::<Test>::LinkedEpochsOpen);
        Epochs::close(5);
        assert_ok!(transfer(DEED, &alice(), &bob()));
        // Linked and unlinked within the running epoch: it will end without the deed.
        Epochs::end();
        assert_ok!(link(1, DEED, &bob()));
        assert_ok!(unlink(DEED, &bob()));
        assert_ok!(transfer(DEED, &bob(), &alice()));
        Epochs::end();
        assert_ok!(transfer(DEED, &alice(), &bob()));
    });
}

#[test]
fn transfer_leaves_no_permit_when_settling_or_moving_fails() {
    run(|| {
        SettleFails::set(true);
        assert_noop!(transfer(DEED, &alice(), &bob()), DispatchError::Other("settling fails"));
        SettleFails::set(false);
        // Somebody freezes the item in the token pallet.
        assert_ok!(call(&collection_account(), NftsCall::lock_item_transfer { collection: 0, item: DEED.0 }));
        assert_noop!(transfer(DEED, &alice(), &bob()), NftsError::ItemLocked);
        assert!(!Permit::<Test>::exists());
    });
}

#[test]
fn every_item_is_locked_when_no_permit_is_open() {
    run(|| {
        for item in 0..5 {
            assert!(Licenses::is_locked(0, item));
        }
        Permit::<Test>::put(DEED);
        assert!(!Licenses::is_locked(0, DEED.0));
        assert!(Licenses::is_locked(0, BOBS.0));
        assert!(Licenses::is_locked(1, DEED.0));
        assert!(Licenses::do_try_state().is_err(), "an open permit between calls breaks an invariant");
        Permit::<Test>::kill();
    });
}

#[test]
fn deed_stays_when_its_owner_goes_around_the_pallet() {
    run(|| {
        let locked = DispatchError::from(NftsError::ItemLocked);
        let (collection, item) = (0, DEED.0);
        assert_noop!(call(&alice(), NftsCall::transfer { collection, item, dest: bob() }), locked);
        assert_noop!(call(&alice(), NftsCall::burn { collection, item }), locked);
        assert_noop!(Nfts::burn(RuntimeOrigin::root(), collection, item), locked);

        // Through a delegate.
        let delegate = account(3);
        let approve = NftsCall::approve_transfer { collection, item, delegate: delegate.clone(), maybe_deadline: None };
        assert_ok!(call(&alice(), approve));
        assert_noop!(call(&delegate, NftsCall::transfer { collection, item, dest: delegate.clone() }), locked);

        // Through a sale.
        let price = NftsCall::set_price { collection, item, price: Some(10), whitelisted_buyer: None };
        assert_ok!(call(&alice(), price));
        assert_noop!(call(&bob(), NftsCall::buy_item { collection, item, bid_price: 10 }), locked);

        // Through a swap.
        let swap = NftsCall::create_swap {
            offered_collection: collection,
            offered_item: item,
            desired_collection: collection,
            maybe_desired_item: Some(BOBS.0),
            maybe_price: None,
            duration: 100,
        };
        assert_ok!(call(&alice(), swap));
        let claim = NftsCall::claim_swap {
            send_collection: collection,
            send_item: BOBS.0,
            receive_collection: collection,
            receive_item: item,
            witness_price: None,
        };
        assert_noop!(call(&bob(), claim), locked);

        // Nor does a sale or an approval survive our own transfer.
        assert_ok!(transfer(DEED, &alice(), &bob()));
        assert!(!pallet_nfts::ItemPriceOf::<Test>::contains_key(collection, item));
        assert!(!pallet_nfts::PendingSwapOf::<Test>::contains_key(collection, item));
        assert_noop!(call(&delegate, NftsCall::transfer { collection, item, dest: delegate.clone() }), locked);
        assert_eq!(Deeds::owner(DEED), Some(bob()));
    });
}

#[test]
fn deed_moves_only_by_the_permit_when_the_adapter_is_called() {
    run(|| {
        frame_support::storage::with_transaction(|| {
            assert_eq!(Deeds::transfer(DEED, &bob()), Err(NftsError::ItemLocked.into()));
            Permit::<Test>::put(BOBS);
            assert_eq!(Deeds::transfer(DEED, &bob()), Err(NftsError::ItemLocked.into()));
            Permit::<Test>::put(DEED);
            assert_ok!(Deeds::transfer(DEED, &bob()));
            TransactionOutcome::Rollback(Ok::<(), DispatchError>(()))
        })
        .expect("rolls back");
    });
}
