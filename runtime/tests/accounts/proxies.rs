//! Every call of the runtime, sorted: which proxies may make it.

use crate::common::{
    people::{fund, funded},
    Person, Shape, Sim,
};
use frame_support::{
    assert_ok,
    traits::{GetCallMetadata, InstanceFilter},
};
use ratio1_primitives::{economics::R1, JobId, LicenseId};
use ratio1_runtime::{
    configs::ProxyType::{self, Any, JobManagement, NodeOperation, NonTransfer},
    Runtime, RuntimeCall, RuntimeEvent, System,
};
use sp_runtime::DispatchError;
use std::collections::BTreeSet;

type Proxies = pallet_proxy::Call<Runtime>;

/// Of no narrow type: moves something, speaks for somebody else, is nobody's to sign, or was not found useful.
const NONE: &[ProxyType] = &[];
const SAFE: &[ProxyType] = &[NonTransfer];
const NODES: &[ProxyType] = &[NonTransfer, NodeOperation];
const WORK: &[ProxyType] = &[JobManagement];
const ALL: &[ProxyType] = &[NonTransfer, NodeOperation, JobManagement];

/// The narrow types that may make the calls, by pallet. A call that is in no list fails the test below: think about what
/// its proxy could do to its principal, then sort it, here and in `configs/proxies.rs`.
const SORTED: &[(&str, &[ProxyType], &[&str])] = &[
    ("System", SAFE, &["remark", "remark_with_event"]),
    ("System", NONE, &["set_heap_pages", "set_code", "set_code_without_checks", "set_storage", "kill_storage"]),
    ("System", NONE, &["kill_prefix", "authorize_upgrade", "authorize_upgrade_without_checks"]),
    ("System", NONE, &["apply_authorized_upgrade"]),
    ("Timestamp", NONE, &["set"]),
    ("Babe", NONE, &["report_equivocation", "report_equivocation_unsigned", "plan_config_change"]),
    ("Migrations", NONE, &["force_set_cursor", "force_set_active_cursor", "force_onboard_mbms", "clear_historic"]),
    ("Balances", NONE, &["transfer_allow_death", "transfer_keep_alive", "transfer_all", "force_transfer", "burn"]),
    ("Balances", NONE, &["force_unreserve", "upgrade_accounts", "force_set_balance", "force_adjust_total_issuance"]),
    // No call of it passes the chain's own filter.
    ("Nfts", NONE, &["create", "force_create", "destroy", "mint", "force_mint", "burn", "transfer", "redeposit"]),
    (
        "Nfts",
        NONE,
        &["lock_item_transfer", "unlock_item_transfer", "lock_collection", "transfer_ownership", "set_team"],
    ),
    ("Nfts", NONE, &["force_collection_owner", "force_collection_config", "approve_transfer", "cancel_approval"]),
    ("Nfts", NONE, &["clear_all_transfer_approvals", "lock_item_properties", "set_attribute", "force_set_attribute"]),
    ("Nfts", NONE, &["clear_attribute", "approve_item_attributes", "cancel_item_attributes_approval", "set_metadata"]),
    ("Nfts", NONE, &["clear_metadata", "set_collection_metadata", "clear_collection_metadata", "set_accept_ownership"]),
    ("Nfts", NONE, &["set_collection_max_supply", "update_mint_settings", "set_price", "buy_item", "pay_tips"]),
    ("Nfts", NONE, &["create_swap", "cancel_swap", "claim_swap", "mint_pre_signed", "set_attributes_pre_signed"]),
    ("Kyc", SAFE, &["attest", "revoke"]),
    ("Kyc", NONE, &["add_registrar", "remove_registrar", "prohibit_country", "permit_country", "set_parameters"]),
    ("Kyc", NONE, &["revoke_entity", "restore_entity"]),
    ("Licenses", NODES, &["link", "unlink"]),
    ("Licenses", SAFE, &["cancel_listing"]),
    ("Licenses", NONE, &["transfer", "list", "buy", "ban", "unban", "grant_master", "approve_master_transfer"]),
    ("Oracles", NODES, &["register_keys"]),
    ("Oracles", NONE, &["admit", "remove", "set_minimum"]),
    // Votes, reports and claims are authorised: nobody signs them.
    ("Availability", NONE, &["commit", "reveal_header", "reveal_pages", "report_absence"]),
    ("Availability", NONE, &["resolve_page", "lapse", "set_parameters"]),
    ("Price", NONE, &["administer"]),
    ("Sale", NONE, &["buy"]),
    ("Pools", NONE, &["disburse_liquidity", "disburse", "set_wallet"]),
    ("Rewards", NONE, &["claim"]),
    ("Nodes", NONE, &["declare"]),
    // Cancelling costs up to an epoch's price of each slot, half of it the nodes'.
    ("Jobs", WORK, &["request", "extend", "add_nodes", "cancel", "reject"]),
    ("Jobs", NONE, &["accept", "resign", "set_parameters"]),
    ("Session", NONE, &["set_keys", "purge_keys"]),
    ("Grandpa", NONE, &["report_equivocation", "report_equivocation_unsigned", "note_stalled"]),
    ("Utility", ALL, &["batch", "batch_all", "force_batch"]),
    ("Utility", NONE, &["as_derivative", "dispatch_as", "with_weight", "if_else", "dispatch_as_fallible"]),
    // They speak for another account, without the proxy's filter.
    ("Multisig", NONE, &["as_multi_threshold_1", "as_multi", "approve_as_multi", "cancel_as_multi", "poke_deposit"]),
    ("Proxy", NONE, &["proxy", "proxy_announced", "announce"]),
    ("Proxy", SAFE, &["add_proxy", "remove_proxy", "remove_announcement", "reject_announcement"]),
    ("Proxy", NONE, &["remove_proxies", "create_pure", "kill_pure", "poke_deposit"]),
    ("Sudo", NONE, &["sudo", "sudo_unchecked_weight", "set_key", "sudo_as", "remove_key"]),
    // A member's votes are its own; wrapped they would be operational, and refused.
    ("Council", NONE, &["propose", "vote", "close"]),
    ("Council", NONE, &["set_members", "execute", "disapprove_proposal", "kill", "release_proposal_cost"]),
    ("Governance", NONE, &["schedule", "cancel", "enact", "pause", "resume", "halt", "unhalt", "set_parameters"]),
    ("Scheduler", NONE, &["schedule", "cancel", "schedule_named", "cancel_named", "schedule_after"]),
    (
        "Scheduler",
        NONE,
        &["schedule_named_after", "set_retry", "set_retry_named", "cancel_retry", "cancel_retry_named"],
    ),
    ("Preimage", NONE, &["note_preimage", "unnote_preimage", "request_preimage", "unrequest_preimage"]),
    ("Preimage", NONE, &["ensure_updated"]),
    ("SafeMode", NONE, &["enter", "force_enter", "extend", "force_extend", "force_exit", "force_slash_deposit"]),
    ("SafeMode", NONE, &["release_deposit", "force_release_deposit"]),
    ("TxPause", NONE, &["pause", "unpause"]),
];

fn calls() -> Vec<(&'static str, &'static str)> {
    let pallets = RuntimeCall::get_module_names().iter();
    pallets.flat_map(|pallet| RuntimeCall::get_call_names(pallet).iter().map(|call| (*pallet, *call))).collect()
}

#[test]
fn every_call_is_sorted_and_no_proxy_may_make_another() {
    let sorted = |pallet, call| -> Vec<&[ProxyType]> {
        let lists = SORTED.iter().filter(|(name, _, calls)| *name == pallet && calls.contains(&call));
        lists.map(|(_, types, _)| *types).collect()
    };
    let mut unsorted = vec![];
    for (pallet, call) in calls() {
        let [types] = sorted(pallet, call)[..] else {
            unsorted.push(format!("{pallet}.{call}"));
            continue;
        };
        for kind in ProxyType::ALL {
            let expected = kind == Any || types.contains(&kind);
            assert_eq!(kind.allows(pallet, call), expected, "{kind:?}: {pallet}.{call}");
        }
    }
    assert!(unsorted.is_empty(), "no proxy may make a call that nobody has sorted, once: {unsorted:?}");
    // Nor is anything sorted that there is not.
    let names: BTreeSet<_> = calls().into_iter().collect();
    for (pallet, _, calls) in SORTED {
        calls.iter().for_each(|call| assert!(names.contains(&(*pallet, *call)), "{pallet}.{call} is no call"));
    }
}

#[test]
fn a_wider_type_may_do_all_that_a_narrower_one_may() {
    for wide in ProxyType::ALL {
        for narrow in ProxyType::ALL {
            let covers = calls().iter().all(|(pallet, call)| !narrow.allows(pallet, call) || wide.allows(pallet, call));
            assert!(!wide.is_superset(&narrow) || covers, "{wide:?} does not cover {narrow:?}");
        }
    }
    assert!(NonTransfer.is_superset(&NodeOperation));
}

/// What a proxy's call ended with.
fn through(sim: &mut Sim, proxy: &Person, real: &Person, call: impl Into<RuntimeCall>) -> Result<(), DispatchError> {
    let call: RuntimeCall = call.into();
    let call = Proxies::proxy { real: real.id().into(), force_proxy_type: None, call: Box::new(call) };
    sim.submit(proxy, RuntimeCall::from(call)).unwrap().unwrap();
    let mut results = sim.ext.execute_with(System::events).into_iter().filter_map(|record| match record.event {
        RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result }) => Some(result),
        _ => None,
    });
    results.next_back().expect("the proxy's call was made")
}

fn filtered() -> DispatchError {
    frame_system::Error::<Runtime>::CallFiltered.into()
}

#[test]
fn a_proxy_that_may_not_move_money_cannot_cancel_jobs_nor_announce_what_others_carry_out() {
    let mut sim = funded(Shape::default());
    let (principal, proxy) = (Person::new("Principal"), Person::new("Proxy"));
    for who in [&principal, &proxy] {
        fund(&mut sim, who, 10 * R1);
    }
    let mut appoint = |proxy_type| {
        let call = Proxies::add_proxy { delegate: proxy.id().into(), proxy_type, delay: 0 };
        assert_ok!(sim.submit(&principal, RuntimeCall::from(call)).unwrap());
    };
    appoint(NonTransfer);
    let cancel = || RuntimeCall::from(pallet_jobs::Call::cancel { job: JobId(0) });
    let announce = Proxies::announce { real: proxy.id().into(), call_hash: Default::default() };
    let batch = pallet_utility::Call::batch_all { calls: vec![cancel()] };
    assert_eq!(through(&mut sim, &proxy, &principal, cancel()), Err(filtered()));
    assert_eq!(through(&mut sim, &proxy, &principal, announce), Err(filtered()));
    assert_eq!(through(&mut sim, &proxy, &principal, batch), Err(filtered()));
    // What it is for gets through, and is refused for its own reasons only.
    let unlink = pallet_licenses::Call::unlink { license: LicenseId(1) };
    let not_owner = pallet_licenses::Error::<Runtime>::NotOwner.into();
    assert_eq!(through(&mut sim, &proxy, &principal, unlink), Err(not_owner));
    assert_ok!(through(&mut sim, &proxy, &principal, frame_system::Call::remark { remark: vec![] }));
    let remove = Proxies::remove_proxies {};
    assert_ok!(sim.submit(&principal, RuntimeCall::from(remove)).unwrap());
    let call = Proxies::add_proxy { delegate: proxy.id().into(), proxy_type: JobManagement, delay: 0 };
    assert_ok!(sim.submit(&principal, RuntimeCall::from(call)).unwrap());
    let result = through(&mut sim, &proxy, &principal, cancel());
    assert!(matches!(result, Err(error) if error != filtered()), "{result:?}");
}

#[test]
fn an_account_whose_only_key_is_a_narrow_proxy_is_not_made() {
    let mut sim = funded(Shape::default());
    let principal = Person::new("Principal");
    fund(&mut sim, &principal, 10 * R1);
    let pure = |proxy_type| Proxies::create_pure { proxy_type, delay: 0, index: 0 };
    for proxy_type in [NonTransfer, NodeOperation, JobManagement] {
        let made = sim.submit(&principal, RuntimeCall::from(pure(proxy_type))).unwrap();
        assert_eq!(made, Err(filtered()), "{proxy_type:?}: nothing could ever leave it");
        let batch = pallet_utility::Call::batch_all { calls: vec![RuntimeCall::from(pure(proxy_type))] };
        assert_eq!(sim.submit(&principal, RuntimeCall::from(batch)).unwrap(), Err(filtered()));
    }
    // The way that leaves a way out: one that may do everything, which appoints the narrow one.
    assert_ok!(sim.submit(&principal, RuntimeCall::from(pure(Any))).unwrap());
    let made = sim.ext.execute_with(System::events).into_iter().find_map(|record| match record.event {
        RuntimeEvent::Proxy(pallet_proxy::Event::PureCreated { pure, .. }) => Some(pure),
        _ => None,
    });
    let account = made.expect("it is made");
    let pay = pallet_balances::Call::transfer_keep_alive { dest: account.clone().into(), value: R1 };
    assert_ok!(sim.submit(&principal, RuntimeCall::from(pay)).unwrap());
    let back = pallet_balances::Call::transfer_all { dest: principal.id().into(), keep_alive: false };
    let call = Proxies::proxy {
        real: account.clone().into(),
        force_proxy_type: None,
        call: Box::new(RuntimeCall::from(back)),
    };
    assert_ok!(sim.submit(&principal, RuntimeCall::from(call)).unwrap());
    assert_eq!(sim.balance(&account), 0, "what came to it can leave");
}
