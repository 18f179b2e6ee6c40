use super::{ban, call, link, transfer, unlink, Call};
use crate::{mock::*, Error, Event, Listing, Listings};
use frame_support::{
    assert_noop, assert_ok,
    traits::fungible::{Inspect, MutateFreeze},
};
use proptest::prelude::*;
use ratio1_primitives::{
    refusal::KycRefusal, traits::DeedToken, AccountId, Balance, EpochIndex, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

const PRICE: Balance = 300;

fn list(license: LicenseId, seller: &AccountId, price: Balance, to: Option<AccountId>) -> DispatchResult {
    let expected = Licenses::can_list(seller.clone(), license, price, to.clone());
    let outcome = call(seller, Call::list { license, price, to });
    assert_eq!(expected, outcome, "the view function agrees with the call");
    outcome
}

fn buy_for(license: LicenseId, buyer: &AccountId, max_price: Balance) -> DispatchResult {
    let expected = Licenses::can_buy(buyer.clone(), license, max_price);
    let outcome = call(buyer, Call::buy { license, max_price });
    assert_eq!(expected, outcome, "the view function agrees with the call");
    outcome
}

fn buy(license: LicenseId, buyer: &AccountId) -> DispatchResult {
    buy_for(license, buyer, PRICE)
}

fn cancel(license: LicenseId, seller: &AccountId) -> DispatchResult {
    call(seller, Call::cancel_listing { license })
}

fn approve(to: Option<AccountId>) -> DispatchResult {
    Licenses::approve_master_transfer(RuntimeOrigin::root(), MASTER, to)
}

#[test]
fn deed_is_sold_for_the_whole_price_when_it_is_listed() {
    run(|| {
        assert_ok!(list(DEED, &alice(), PRICE, None));
        System::assert_last_event(Event::Listed { license: DEED, seller: alice(), price: PRICE, to: None }.into());
        assert_eq!(Licenses::listing(DEED), Some(Listing { seller: alice(), price: PRICE, to: None }));
        let issuance = Balances::total_issuance();
        assert_ok!(buy(DEED, &bob()));
        assert_eq!(Deeds::owner(DEED), Some(bob()));
        assert_eq!((Balances::balance(&alice()), Balances::balance(&bob())), (FUNDS + PRICE, FUNDS - PRICE));
        assert_eq!(Balances::total_issuance(), issuance);
        assert_eq!(Settled::get(), vec![(DEED, alice())], "what it earned so far is the seller's");
        System::assert_has_event(Event::Transferred { license: DEED, from: alice(), to: bob() }.into());
        System::assert_last_event(Event::Sold { license: DEED, seller: alice(), buyer: bob(), price: PRICE }.into());
        assert_eq!(Licenses::listing(DEED), None);
        assert_noop!(buy(DEED, &account(3)), Error::<Test>::NotListed);
        assert_ok!(link(1, DEED, &bob()));
    });
}

#[test]
fn buyer_may_spend_everything_when_the_price_is_all_they_have() {
    run(|| {
        assert_ok!(list(DEED, &alice(), FUNDS, None));
        assert_ok!(buy_for(DEED, &bob(), Balance::MAX));
        assert_eq!(Balances::balance(&bob()), 0);
    });
}

#[test]
fn listing_is_refused_when_the_deed_can_not_be_sold() {
    run(|| {
        assert_noop!(list(LicenseId(99), &alice(), PRICE, None), Error::<Test>::UnknownLicense);
        assert_noop!(list(DEED, &bob(), PRICE, None), Error::<Test>::NotOwner);
        assert_noop!(list(DEED, &alice(), 0, None), Error::<Test>::ZeroPrice);
        assert_noop!(list(DEED, &alice(), PRICE, Some(alice())), Error::<Test>::SameOwner);
        assert_noop!(list(GENESIS, &alice(), PRICE, None), Error::<Test>::GenesisNeverMoves);
        assert_ok!(link(1, DEED, &alice()));
        assert_noop!(list(DEED, &alice(), PRICE, None), Error::<Test>::StillLinked);
        assert_ok!(ban(DEED));
        assert_noop!(list(DEED, &alice(), PRICE, None), Error::<Test>::Banned);
    });
}

#[test]
fn master_is_listed_for_the_approved_receiver_alone_when_governance_approved() {
    run(|| {
        assert_noop!(list(MASTER, &alice(), PRICE, Some(bob())), Error::<Test>::MasterNeedsApproval);
        assert_ok!(approve(Some(bob())));
        assert_noop!(list(MASTER, &alice(), PRICE, None), Error::<Test>::ApprovedForAnother);
        assert_noop!(list(MASTER, &alice(), PRICE, Some(account(3))), Error::<Test>::ApprovedForAnother);
        assert_ok!(list(MASTER, &alice(), PRICE, Some(bob())));
        // The same approval again leaves the listing, another one ends it, and so does withdrawing.
        assert_ok!(approve(Some(bob())));
        assert!(Licenses::listing(MASTER).is_some());
        assert_ok!(approve(Some(account(3))));
        System::assert_has_event(Event::ListingCancelled { license: MASTER }.into());
        assert_noop!(buy(MASTER, &bob()), Error::<Test>::NotListed);
        assert_ok!(list(MASTER, &alice(), PRICE, Some(account(3))));
        assert_ok!(approve(None));
        assert_eq!(Licenses::listing(MASTER), None);
        assert_ok!(approve(Some(bob())));
        assert_ok!(list(MASTER, &alice(), PRICE, Some(bob())));
        assert_ok!(buy(MASTER, &bob()));
        assert_eq!(Licenses::grant(MASTER).map(|info| (info.entity, info.approved)), Some((entity(&bob()), None)));
        assert_noop!(list(MASTER, &bob(), PRICE, Some(alice())), Error::<Test>::MasterNeedsApproval);
    });
}

#[test]
fn listing_ends_when_its_owner_cancels() {
    run(|| {
        assert_noop!(cancel(LicenseId(99), &alice()), Error::<Test>::UnknownLicense);
        assert_noop!(cancel(DEED, &alice()), Error::<Test>::NotListed);
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_noop!(cancel(DEED, &bob()), Error::<Test>::NotOwner);
        assert_ok!(cancel(DEED, &alice()));
        System::assert_last_event(Event::ListingCancelled { license: DEED }.into());
        assert_noop!(buy(DEED, &bob()), Error::<Test>::NotListed);
    });
}

#[test]
fn listing_ends_when_the_deed_is_linked_moved_or_banned() {
    run(|| {
        let ended = || {
            System::assert_has_event(Event::ListingCancelled { license: DEED }.into());
            System::reset_events();
            assert!(!Listings::<Test>::contains_key(DEED));
        };
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_ok!(link(1, DEED, &alice()));
        ended();
        assert_ok!(unlink(DEED, &alice()));
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_ok!(transfer(DEED, &alice(), &bob()));
        ended();
        assert_ok!(list(DEED, &bob(), PRICE, None));
        assert_ok!(ban(DEED));
        ended();
    });
}

#[test]
fn listing_changes_when_it_is_made_again() {
    run(|| {
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_ok!(list(DEED, &alice(), PRICE + 1, Some(bob())));
        assert_noop!(buy(DEED, &bob()), Error::<Test>::PriceAboveMaximum);
        assert_noop!(buy_for(DEED, &account(3), PRICE + 1), Error::<Test>::ReservedForAnother);
        assert_ok!(buy_for(DEED, &bob(), PRICE + 1));
        assert_eq!(Balances::balance(&alice()), FUNDS + PRICE + 1);
    });
}

#[test]
fn buying_is_refused_when_buyer_or_deed_do_not_fit() {
    run(|| {
        assert_noop!(buy(LicenseId(99), &bob()), Error::<Test>::UnknownLicense);
        assert_noop!(buy(DEED, &bob()), Error::<Test>::NotListed);
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_noop!(buy(DEED, &alice()), Error::<Test>::SameOwner);
        assert_noop!(buy_for(DEED, &bob(), PRICE - 1), Error::<Test>::PriceAboveMaximum);
        for (refusal, error) in [
            (KycRefusal::NotAttested, Error::<Test>::ReceiverNotAttested),
            (KycRefusal::Expired(EpochIndex(1)), Error::<Test>::ReceiverAttestationExpired),
            (KycRefusal::Revoked, Error::<Test>::ReceiverAttestationRevoked),
            (KycRefusal::CountryProhibited, Error::<Test>::ReceiverCountryProhibited),
        ] {
            Kyc::refuse(&bob(), refusal);
            assert_noop!(buy(DEED, &bob()), error);
        }
        Kyc::refuse_nobody();
        Bound::mutate(|bound| bound.insert(DEED));
        assert_noop!(buy(DEED, &bob()), Error::<Test>::BoundAsOracle);
        Bound::mutate(|bound| bound.clear());
        // A master's receiver keeps the limit of its entity.
        assert_ok!(approve(Some(bob())));
        assert_ok!(list(MASTER, &alice(), PRICE, Some(bob())));
        let much = ratio1_primitives::economics::MASTER_LIMIT;
        assert_ok!(Licenses::grant_master(RuntimeOrigin::root(), bob(), much));
        assert_noop!(buy(MASTER, &bob()), Error::<Test>::EntityLimitExceeded);
    });
}

#[test]
fn buying_is_refused_when_the_buyer_can_not_pay() {
    run(|| {
        assert_ok!(list(DEED, &alice(), FUNDS + 1, None));
        assert_noop!(buy_for(DEED, &bob(), Balance::MAX), Error::<Test>::InsufficientFunds);
        // What is frozen cannot be spent.
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_ok!(Balances::set_freeze(&(), &bob(), FUNDS - PRICE + 1));
        assert_noop!(buy(DEED, &bob()), Error::<Test>::InsufficientFunds);
        assert_ok!(Balances::set_freeze(&(), &bob(), FUNDS - PRICE));
        assert_ok!(buy(DEED, &bob()));
    });
}

#[test]
fn buying_waits_when_the_deed_was_linked_in_an_open_epoch() {
    run(|| {
        assert_ok!(link(1, DEED, &alice()));
        Epochs::run_from(0, 3);
        assert_ok!(unlink(DEED, &alice()));
        assert_ok!(list(DEED, &alice(), PRICE, None));
        Epochs::run_from(2, 3);
        assert_noop!(buy(DEED, &bob()), Error::<Test>::LinkedEpochsOpen);
        Epochs::run(3);
        assert_ok!(buy(DEED, &bob()));
    });
}

#[test]
fn buying_leaves_everything_when_settling_fails() {
    run(|| {
        assert_ok!(list(DEED, &alice(), PRICE, None));
        SettleFails::set(true);
        let buy = Call::buy { license: DEED, max_price: PRICE };
        assert_noop!(call(&bob(), buy), DispatchError::Other("settling fails"));
    });
}

#[test]
fn seller_may_leave_when_they_lost_their_standing() {
    run(|| {
        Kyc::refuse(&alice(), KycRefusal::Revoked);
        assert_ok!(list(DEED, &alice(), PRICE, None));
        assert_ok!(buy(DEED, &bob()));
        assert_eq!(Balances::balance(&alice()), FUNDS + PRICE);
    });
}

#[test]
fn listings_are_told_page_by_page_when_there_are_many() {
    run(|| {
        for id in 4..234 {
            assert_ok!(Licenses::do_issue(LicenseClass::Node, &alice()));
            assert_ok!(list(LicenseId(id), &alice(), PRICE, None));
        }
        let (mut seen, mut after) = (std::collections::BTreeSet::new(), None);
        loop {
            let page = Licenses::listings(after);
            assert!(page.len() <= crate::MAX_LISTINGS);
            seen.extend(page.iter().map(|(id, _)| id.0));
            match page.last() {
                Some((last, _)) if page.len() == crate::MAX_LISTINGS => after = Some(*last),
                _ => break,
            }
        }
        assert_eq!(seen, (4..234).collect());
    });
}

#[derive(Clone, Debug)]
enum Step {
    /// A license is listed by its owner at a price, for anyone or one account.
    List(u32, Balance, Option<u8>),
    Buy(u32, u8, Balance),
    Transfer(u32, u8),
    Cancel(u32),
    Approve(Option<u8>),
}

fn step() -> impl Strategy<Value = Step> {
    let (deed, who) = (|| 0u32..6, || 1u8..=ACCOUNTS);
    let price = || prop_oneof![0..5u128, 0..400u128, 900..1_100u128];
    prop_oneof![
        4 => (deed(), price(), proptest::option::weighted(0.3, who())).prop_map(|(d, p, to)| Step::List(d, p, to)),
        6 => (deed(), who(), prop_oneof![Just(Balance::MAX), price()]).prop_map(|(d, by, max)| Step::Buy(d, by, max)),
        1 => (deed(), who()).prop_map(|(d, to)| Step::Transfer(d, to)),
        1 => deed().prop_map(Step::Cancel),
        1 => proptest::option::weighted(0.8, who()).prop_map(Step::Approve),
    ]
}

fn purses() -> Vec<Balance> {
    (1..=ACCOUNTS).map(|n| Balances::balance(&account(n))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A sale takes from the buyer what it gives the seller and nothing else; no other call moves money.
    #[test]
    fn money_is_conserved_when_deeds_change_hands(steps in proptest::collection::vec(step(), 1..120)) {
        let mut deeds = deeds();
        deeds.extend([deed(LicenseClass::Node, bob()), deed(LicenseClass::Node, account(3))]);
        ext(deeds).execute_with(|| {
            let issuance = Balances::total_issuance();
            for step in steps {
                let mut expected = purses();
                let owner = |id| Deeds::owner(LicenseId(id)).expect("every deed has an owner");
                match step {
                    Step::List(id, price, to) => {
                        let _ = list(LicenseId(id), &owner(id), price, to.map(account));
                    }
                    Step::Transfer(id, to) => {
                        let _ = transfer(LicenseId(id), &owner(id), &account(to));
                    }
                    Step::Cancel(id) => {
                        let _ = cancel(LicenseId(id), &owner(id));
                    }
                    Step::Approve(to) => {
                        let _ = approve(to.map(account));
                    }
                    Step::Buy(id, by, max) => {
                        let (license, seller) = (LicenseId(id), owner(id));
                        let listing = Licenses::listing(license);
                        if buy_for(license, &account(by), max).is_ok() {
                            let listing = listing.expect("only listed deeds are sold");
                            assert_eq!(listing.seller, seller);
                            assert!(listing.price <= max);
                            assert_eq!(Deeds::owner(license), Some(account(by)));
                            for (n, purse) in (1..=ACCOUNTS).zip(expected.iter_mut()) {
                                if account(n) == seller {
                                    *purse += listing.price;
                                }
                                if n == by {
                                    *purse -= listing.price;
                                }
                            }
                        }
                    }
                }
                assert_eq!(purses(), expected);
                assert_eq!(Balances::total_issuance(), issuance);
                Licenses::do_try_state().expect("invariants hold");
            }
        });
    }
}
