use crate::{mock::*, Error, Event, Issued, NextId};
use frame_support::{assert_noop, assert_ok};
use ratio1_primitives::{
    economics::{MASTER_COUNT, MASTER_LIMIT, NODE_COUNT},
    refusal::{AdmissionRefusal, KycRefusal},
    traits::{DeedToken, IssueDeeds, LicenseInspect},
    EpochIndex, LicenseClass, LicenseId, Link,
};
use sp_runtime::BuildStorage;

#[test]
fn genesis_issues_and_links_when_the_preset_says_so() {
    let mut deeds = deeds();
    deeds[1].node = Some(node(1));
    ext(deeds).execute_with(|| {
        Licenses::do_try_state().expect("invariants hold");
        assert_eq!(<Licenses as LicenseInspect<_>>::count(), 4);
        assert_eq!(<Licenses as LicenseInspect<_>>::owner(BOBS), Some(bob()));
        let master = Licenses::license(MASTER).expect("issued");
        assert_eq!(master.link, Some(Link { node: node(1), since: EpochIndex(0) }));
        assert_eq!((master.class, master.link_nonce), (LicenseClass::Master, 1));
        assert_eq!(Licenses::license_of(node(1)), Some(MASTER));
        assert!(super::linked(0, 0).get(1));
        assert_eq!(Licenses::admission(node(1)), Ok(MASTER));
        assert_eq!(pallet_nfts::Collection::<Test>::get(0).map(|c| c.items), Some(4));
    });
}

#[test]
fn genesis_creates_the_collection_when_there_are_no_deeds() {
    ext(Vec::new()).execute_with(|| {
        assert!(pallet_nfts::Collection::<Test>::contains_key(0));
        assert_noop!(Licenses::do_issue(LicenseClass::Node, &alice()), Error::<Test>::GenesisComesFirst);
        assert_eq!(Licenses::do_issue(LicenseClass::Genesis, &alice()), Ok(GENESIS));
        Licenses::do_try_state().expect("invariants hold");
    });
}

#[test]
#[should_panic(expected = "GenesisComesFirst")]
fn genesis_panics_when_the_first_deed_is_not_the_genesis_deed() {
    ext(vec![deed(LicenseClass::Node, alice())]);
}

#[test]
#[should_panic(expected = "linked twice")]
fn genesis_panics_when_a_node_is_linked_twice() {
    let mut deeds = deeds();
    deeds[1].node = Some(node(1));
    deeds[2].node = Some(node(1));
    ext(deeds);
}

#[test]
#[should_panic(expected = "a Master deed needs `assigned`")]
fn genesis_panics_when_a_master_deed_is_assigned_nothing() {
    let mut deeds = deeds();
    deeds[1].assigned = None;
    ext(deeds);
}

#[test]
#[should_panic(expected = "only Master deeds have `assigned`")]
fn genesis_panics_when_another_deed_is_assigned_something() {
    let mut deeds = deeds();
    deeds[2].assigned = Some(1);
    ext(deeds);
}

#[test]
#[should_panic(expected = "EntityLimitExceeded")]
fn genesis_panics_when_an_entity_is_assigned_too_much() {
    let mut deeds = deeds();
    deeds[1].assigned = Some(MASTER_LIMIT);
    deeds.push(deed(LicenseClass::Master, alice()));
    ext(deeds);
}

#[test]
#[should_panic(expected = "ReceiverNotAttested")]
fn genesis_panics_when_a_master_deeds_owner_is_not_attested() {
    reset();
    Kyc::refuse(&alice(), KycRefusal::NotAttested);
    build(deeds());
}

#[test]
fn genesis_reads_large_amounts_when_they_are_text() {
    let text = format!(r#"{{"class":"Master","owner":"{}","assigned":"3236067960000000000000000"}}"#, alice());
    let deed: crate::GenesisDeed<ratio1_primitives::AccountId> = serde_json::from_str(&text).expect("deserialises");
    assert_eq!((deed.assigned, deed.node), (Some(MASTER_LIMIT), None));
    // As presets do it, which pass through values that hold no such number.
    let value = serde_json::to_value(&deed).expect("serialises");
    assert_eq!(serde_json::from_value::<crate::GenesisDeed<_>>(value).expect("deserialises"), deed);
    for bad in ["-1", "1.5", "many", ""] {
        let text = text.replace("3236067960000000000000000", bad);
        assert!(serde_json::from_str::<crate::GenesisDeed<ratio1_primitives::AccountId>>(&text).is_err());
    }
}

#[test]
fn genesis_survives_json() {
    reset();
    let mut licenses = deeds();
    licenses[1].node = Some(node(1));
    let config = crate::GenesisConfig::<Test> { licenses };
    let text = serde_json::to_string(&config).expect("serialises");
    let again: crate::GenesisConfig<Test> = serde_json::from_str(&text).expect("deserialises");
    let built = |config: crate::GenesisConfig<Test>| {
        RuntimeGenesisConfig { licenses: config, ..Default::default() }.build_storage().expect("builds").top
    };
    assert_eq!(built(again), built(config));
}

#[test]
fn issuing_is_dense_and_bounded_when_a_class_is_exhausted() {
    run(|| {
        assert_noop!(Licenses::do_issue(LicenseClass::Genesis, &bob()), Error::<Test>::ClassExhausted);
        assert_eq!(Licenses::do_issue(LicenseClass::Node, &bob()), Ok(LicenseId(4)));
        let (license, class) = (LicenseId(4), LicenseClass::Node);
        System::assert_last_event(Event::Issued { license, class, owner: bob() }.into());
        for _ in 1..MASTER_COUNT {
            assert_ok!(Licenses::grant_master(RuntimeOrigin::root(), bob(), 1));
        }
        let grant = || Licenses::grant_master(RuntimeOrigin::root(), bob(), 1);
        assert_noop!(grant(), Error::<Test>::ClassExhausted);
        assert_eq!(Licenses::can_grant_master(bob(), 1), Err(Error::<Test>::ClassExhausted.into()));
        assert_eq!(Issued::<Test>::get(LicenseClass::Master), MASTER_COUNT);
        assert_eq!(NextId::<Test>::get(), 4 + MASTER_COUNT);
        assert_eq!(crate::issuing::class_limit(LicenseClass::Node), 46_224);
    });
}

#[test]
fn issuing_for_the_sale_is_all_or_nothing_when_units_are_asked_for() {
    run(|| {
        assert_eq!(<Licenses as IssueDeeds<_>>::node_deeds(), 2);
        assert_eq!(<Licenses as IssueDeeds<_>>::issue_node_deeds(&bob(), 3), Ok(LicenseId(4)));
        assert_eq!(<Licenses as IssueDeeds<_>>::node_deeds(), 5);
        for id in 4..7 {
            assert_eq!(<Licenses as LicenseInspect<_>>::owner(LicenseId(id)), Some(bob()));
        }
        Issued::<Test>::insert(LicenseClass::Node, NODE_COUNT - 1);
        let two = || <Licenses as IssueDeeds<_>>::issue_node_deeds(&bob(), 2);
        assert_noop!(two(), Error::<Test>::ClassExhausted);
        Issued::<Test>::insert(LicenseClass::Node, 5);
    });
}

#[test]
fn admission_names_the_refusal_when_a_node_is_not_admitted() {
    run(|| {
        assert_eq!(Licenses::admission(node(1)), Err(AdmissionRefusal::NotLinked));
        assert_ok!(super::link(1, DEED, &alice()));
        assert_eq!(Licenses::admission(node(1)), Ok(DEED));
        Kyc::refuse(&alice(), KycRefusal::Revoked);
        assert_eq!(Licenses::admission(node(1)), Err(AdmissionRefusal::Owner(KycRefusal::Revoked)));
    });
}

#[test]
fn collection_belongs_to_the_pallet_when_it_is_created() {
    run(|| {
        use frame_support::traits::tokens::nonfungibles_v2::InspectRole;
        let ours = collection_account();
        assert_eq!(Nfts::collection_owner(0), Some(ours.clone()));
        assert!(Nfts::is_admin(&0, &ours) && Nfts::is_issuer(&0, &ours) && Nfts::is_freezer(&0, &ours));
        assert_eq!(Deeds::create_collection(), Err(super::NftsError::CollectionIdInUse.into()));
        // Nobody else mints into it, and the next collection takes another number.
        let mint = super::NftsCall::mint { collection: 0, item: 99, mint_to: alice(), witness_data: None };
        assert!(super::call(&alice(), mint).is_err());
        assert_eq!(pallet_nfts::NextCollectionId::<Test>::get(), Some(1));
        assert_eq!(Balances::reserved_balance(ours), 0);
    });
}
