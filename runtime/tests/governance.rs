//! What a captured council cannot do: the delay, the limits of what is immediate, and upgrades through both.

mod upgrades;

use crate::common::{
    council::{bounded, capture, chain, run_delay, schedule, settle},
    work::CAPACITY,
    Person, Sim,
};
use codec::Encode;
use frame_support::{assert_ok, traits::GetCallMetadata, weights::Weight};
use ratio1_primitives::{
    economics::R1,
    jobs::{Capacity, NodeProfile},
    kyc::Country,
    EpochIndex, LicenseId,
};
use ratio1_runtime::{
    configs::{is_protected, tx_extension, CouncilInstance, PROTECTED_CALLS, PROTECTED_PALLETS},
    Governance, Kyc, Runtime, RuntimeCall, SafeMode, System, UncheckedExtrinsic, SLOT_MS,
};
use sp_core::Pair;
use sp_runtime::{
    traits::{BlakeTwo256, Hash},
    transaction_validity::InvalidTransaction,
    ApplyExtrinsicResult, DispatchError,
};
use std::collections::{BTreeMap, BTreeSet};

/// The first edge's Node Deed in the default shape.
const EDGE: LicenseId = LicenseId(5);
/// Blocks from a decision to its enactment with the default genesis.
const DELAY: u32 = (pallet_governance::LEAST_DELAY_MS / SLOT_MS) as u32 + 1;

fn name(text: &str) -> pallet_governance::Name {
    text.as_bytes().to_vec().try_into().expect("a short name")
}

fn pause(pallet: &str, call: &str) -> RuntimeCall {
    pallet_governance::Call::pause { pallet: name(pallet), call: name(call) }.into()
}

/// What a hostile council would like to do, by what it takes.
fn wishes(sim: &Sim) -> Vec<(&'static str, RuntimeCall)> {
    let thief = Person::new("Thief").id();
    let victim = sim.edges[0].id();
    let parameters = pallet_governance::Parameters { delay_ms: 30_000, pause_ms: 30_000, halt_ms: 30_000 };
    let short = pallet_governance::Parameters { delay_ms: 3_000, pause_ms: 3_000, halt_ms: 3_000 };
    let availability = pallet_availability::Parameters { beat_ms: 500, threshold: 1, ..Default::default() };
    vec![
        ("replace the code", frame_system::Call::set_code_without_checks { code: vec![1, 2, 3] }.into()),
        (
            "replace the code later",
            frame_system::Call::authorize_upgrade_without_checks { code_hash: [1; 32].into() }.into(),
        ),
        ("write storage", frame_system::Call::set_storage { items: vec![(b":code".to_vec(), vec![0])] }.into()),
        ("erase storage", frame_system::Call::kill_prefix { prefix: vec![], subkeys: 10 }.into()),
        ("mint", pallet_balances::Call::force_set_balance { who: thief.clone().into(), new_free: 1_000 * R1 }.into()),
        (
            "take money",
            pallet_balances::Call::force_transfer {
                source: victim.clone().into(),
                dest: thief.clone().into(),
                value: 1,
            }
            .into(),
        ),
        (
            "move a deed",
            pallet_nfts::Call::force_collection_owner { collection: 0, owner: thief.clone().into() }.into(),
        ),
        ("ban a deed", pallet_licenses::Call::ban { license: EDGE }.into()),
        ("grant a Master deed", pallet_licenses::Call::grant_master { owner: victim.clone(), assigned: R1 }.into()),
        ("appoint a registrar", pallet_kyc::Call::add_registrar { registrar: thief.clone() }.into()),
        ("revoke an owner", pallet_kyc::Call::revoke { who: victim.clone() }.into()),
        ("prohibit a country", pallet_kyc::Call::prohibit_country { country: Country(*b"RO") }.into()),
        ("remove an oracle", pallet_oracles::Call::remove { license: LicenseId(1) }.into()),
        ("admit an oracle", pallet_oracles::Call::admit { license: EDGE }.into()),
        ("lower the minimum of oracles", pallet_oracles::Call::set_minimum { minimum: 1 }.into()),
        ("change what an epoch needs", pallet_availability::Call::set_parameters { parameters: availability }.into()),
        ("let an epoch lapse", pallet_availability::Call::lapse { epoch: EpochIndex(2) }.into()),
        (
            "name wallets",
            pallet_pools::Call::set_wallet { wallet: pallet_pools::Wallet::Operations, account: thief.clone() }.into(),
        ),
        (
            "replace the council",
            pallet_collective::Call::set_members { new_members: vec![thief.clone()], prime: None, old_count: 3 }.into(),
        ),
        ("take sudo", pallet_sudo::Call::set_key { new: thief.clone().into() }.into()),
        (
            "use sudo",
            pallet_sudo::Call::sudo { call: Box::new(frame_system::Call::set_heap_pages { pages: 1 }.into()) }.into(),
        ),
        ("shorten the delay", pallet_governance::Call::set_parameters { parameters }.into()),
        ("abolish the delay", pallet_governance::Call::set_parameters { parameters: short }.into()),
        ("enact at once", pallet_governance::Call::enact { id: 0, call_weight: Weight::MAX, length: 9 }.into()),
        (
            "schedule without delay",
            pallet_scheduler::Call::schedule_after {
                after: 1,
                maybe_periodic: None,
                priority: 0,
                call: Box::new(frame_system::Call::set_heap_pages { pages: 1 }.into()),
            }
            .into(),
        ),
        (
            "act as somebody",
            pallet_utility::Call::dispatch_as {
                as_origin: Box::new(frame_system::RawOrigin::Signed(victim.clone()).into()),
                call: Box::new(
                    pallet_balances::Call::transfer_all { dest: thief.clone().into(), keep_alive: false }.into(),
                ),
            }
            .into(),
        ),
        ("halt without end", pallet_safe_mode::Call::force_enter {}.into()),
        ("extend a halt", pallet_safe_mode::Call::force_extend {}.into()),
        (
            "pause without end",
            pallet_tx_pause::Call::pause { full_name: (name("Balances"), name("transfer_keep_alive")) }.into(),
        ),
        (
            "stop migrations",
            pallet_migrations::Call::force_set_cursor { cursor: Some(pallet_migrations::MigrationCursor::Stuck) }
                .into(),
        ),
        ("withdraw a preimage", pallet_preimage::Call::unrequest_preimage { hash: [1; 32].into() }.into()),
    ]
}

/// The whole state but what counts blocks and what governance itself writes down.
fn state(sim: &mut Sim) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let own = ["Governance", "Scheduler", "Preimage"].map(|p| sp_io::hashing::twox_128(p.as_bytes()).to_vec());
    let system = sp_io::hashing::twox_128(b"System");
    let kept =
        ["Account", "AuthorizedUpgrade"].map(|s| [&system[..], &sp_io::hashing::twox_128(s.as_bytes())].concat());
    let parameters = pallet_governance::Configuration::<Runtime>::hashed_key();
    sim.ext.execute_with(|| {
        let mut all = BTreeMap::new();
        let mut key = Vec::new();
        while let Some(next) = sp_io::storage::next_key(&key) {
            let in_system = next.starts_with(&system) && !kept.iter().any(|k| next.starts_with(k));
            let governs = own.iter().any(|p| next.starts_with(p)) && next != parameters;
            if !in_system && !governs {
                all.insert(next.clone(), sp_io::storage::get(&next).map(|v| v.to_vec()).unwrap_or_default());
            }
            key = next;
        }
        all
    })
}

/// In which pallets two states differ, as far as their names are known.
fn differing(a: &BTreeMap<Vec<u8>, Vec<u8>>, b: &BTreeMap<Vec<u8>, Vec<u8>>) -> BTreeSet<String> {
    let names = RuntimeCall::get_module_names().iter().map(|n| (sp_io::hashing::twox_128(n.as_bytes()).to_vec(), *n));
    let names: BTreeMap<_, _> = names.collect();
    let keys = a.keys().chain(b.keys()).filter(|k| a.get(*k) != b.get(*k));
    keys.map(|k| {
        let prefix = k.get(..16).unwrap_or(k);
        names.get(prefix).map_or_else(|| format!("{k:02x?}"), |n| (*n).to_string())
    })
    .collect()
}

#[test]
fn a_captured_council_changes_nothing_before_the_delay_is_over() {
    let (mut control, _) = chain();
    let (mut captured, _) = chain();
    assert_eq!(differing(&state(&mut control), &state(&mut captured)), BTreeSet::new(), "the chains begin alike");

    // At once: every door is shut.
    for (wish, call) in wishes(&captured) {
        let result = capture(&mut captured, call.clone());
        assert!(result.is_err(), "{wish}: {result:?}");
        // In a batch no door opens either.
        let batch = pallet_utility::Call::force_batch { calls: vec![call] };
        let _ = capture(&mut captured, batch);
    }
    assert_eq!(differing(&state(&mut control), &state(&mut captured)), BTreeSet::new());

    // In public: everything is taken down, and nothing happens until the delay is over.
    let wishes = wishes(&captured);
    let mut taken = 0;
    for (wish, call) in wishes {
        match schedule(&mut captured, call) {
            Ok(()) => taken += 1,
            // What cannot even be announced: too heavy for the beginning of a block.
            Err(e) => assert_eq!(e, pallet_governance::Error::<Runtime>::TooHeavy.into(), "{wish}"),
        }
    }
    assert!(taken >= 28, "{taken} were announced");
    assert_eq!(captured.ext.execute_with(|| Governance::pending().len()), taken);
    for _ in 1..DELAY {
        control.block(vec![]);
        captured.block(vec![]);
        assert_eq!(differing(&state(&mut control), &state(&mut captured)), BTreeSet::new(), "{}", captured.number);
    }
    assert_eq!(captured.ext.execute_with(|| Governance::pending().len()), taken);

    // A majority that wakes up in time undoes all of it.
    for pending in captured.ext.execute_with(Governance::pending) {
        assert_ok!(capture(&mut captured, pallet_governance::Call::cancel { id: pending.id }));
    }
    for _ in 0..DELAY {
        control.block(vec![]);
        captured.block(vec![]);
    }
    assert_eq!(differing(&state(&mut control), &state(&mut captured)), BTreeSet::new());

    // Nobody wakes up: the comparison sees it.
    let registrar = Person::new("Thief").id();
    assert_ok!(schedule(&mut captured, pallet_kyc::Call::add_registrar { registrar }));
    run_delay(&mut captured);
    while control.number < captured.number {
        control.block(vec![]);
    }
    assert_eq!(differing(&state(&mut control), &state(&mut captured)), BTreeSet::from(["Kyc".to_string()]));
}

#[test]
fn a_decision_is_enacted_in_its_block_and_tells_how_it_ended() {
    let (mut sim, _) = chain();
    let registrar = Person::new("NewRegistrar").id();
    assert_ok!(schedule(&mut sim, pallet_kyc::Call::add_registrar { registrar: registrar.clone() }));
    assert_ok!(schedule(&mut sim, pallet_kyc::Call::remove_registrar { registrar: Person::new("Nobody").id() }));
    let appointed =
        |sim: &mut Sim| sim.ext.execute_with(|| pallet_kyc::Registrars::<Runtime>::contains_key(&registrar));
    let at = sim.number + DELAY;
    let due = sim.ext.execute_with(|| Governance::pending()[0].due);
    assert_eq!(due.ms, sim.ext.execute_with(pallet_timestamp::Now::<Runtime>::get) + pallet_governance::LEAST_DELAY_MS);
    while sim.number < at - 1 {
        sim.block(vec![]);
        assert!(!appointed(&mut sim));
    }
    run_delay(&mut sim);
    assert!(appointed(&mut sim));
    let results = sim.ext.execute_with(|| {
        let events = System::events().into_iter();
        events
            .filter_map(|r| match r.event {
                ratio1_runtime::RuntimeEvent::Governance(pallet_governance::Event::Enacted { result, .. }) => {
                    Some(result)
                }
                _ => None,
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(results, [Ok(()), Err(pallet_kyc::Error::<Runtime>::NoSuchRegistrar.into())]);
    // Nobody attested anything: the registrar is there, that is all.
    assert!(sim.ext.execute_with(|| Kyc::attestation_of(registrar)).is_none());
}

#[test]
fn members_govern_with_real_transactions_and_strangers_do_not() {
    let (mut sim, members) = chain();
    let stranger = sim.oracles[0].clone();
    let decision: RuntimeCall = pallet_governance::Call::schedule {
        call: bounded(&mut sim, &pallet_oracles::Call::set_minimum { minimum: 2 }.into()),
    }
    .into();
    let (hash, length) = (BlakeTwo256::hash_of(&decision), decision.encoded_size() as u32);
    let propose = || pallet_collective::Call::<Runtime, CouncilInstance>::propose {
        threshold: 2,
        proposal: Box::new(decision.clone()),
        length_bound: length,
    };
    let refused = |sim: &mut Sim, who: &Person, call: RuntimeCall| {
        let xt = sim.signed(who, call);
        assert_eq!(crate::common::validity(sim, xt), Err(InvalidTransaction::Call.into()));
    };
    refused(&mut sim, &stranger, propose().into());
    // A member may not carry other calls with that class, nor long ones.
    let remark = Box::new(frame_system::Call::remark { remark: vec![] }.into());
    refused(&mut sim, &members[0], pallet_collective::Call::execute { proposal: remark, length_bound: 10 }.into());
    let long = Box::new(frame_system::Call::remark { remark: vec![0; 9_000] }.into());
    refused(
        &mut sim,
        &members[0],
        pallet_collective::Call::propose { threshold: 2, proposal: long, length_bound: 10_000 }.into(),
    );
    // Nor one that would fill the council's share of a block by itself.
    let heavy = pallet_collective::Call::close {
        proposal_hash: hash,
        index: 0,
        proposal_weight_bound: Weight::from_parts(100_000_000_000, 0),
        length_bound: length,
    };
    refused(&mut sim, &members[0], heavy.into());

    let mut send = |who: &Person, call: RuntimeCall| -> ApplyExtrinsicResult {
        let xt = sim.signed(who, call);
        sim.include(xt)
    };
    let vote =
        |approve| pallet_collective::Call::<Runtime, CouncilInstance>::vote { proposal: hash, index: 0, approve };
    assert_ok!(send(&members[0], propose().into()).unwrap());
    assert_ok!(send(&members[0], vote(true).into()).unwrap());
    let close = || pallet_collective::Call::<Runtime, CouncilInstance>::close {
        proposal_hash: hash,
        index: 0,
        proposal_weight_bound: Weight::from_parts(10_000_000_000, 10_000_000),
        length_bound: length,
    };
    // One of three is not enough, and those who are silent have not agreed.
    assert!(send(&members[0], close().into()).unwrap().is_err());
    assert_ok!(send(&members[2], vote(true).into()).unwrap());
    assert_ok!(send(&members[1], close().into()).unwrap());
    assert_eq!(sim.ext.execute_with(|| Governance::pending().len()), 1);
    run_delay(&mut sim);
    assert_eq!(sim.ext.execute_with(pallet_oracles::Minimum::<Runtime>::get), 2);
}

#[test]
fn a_flooding_council_leaves_the_block_to_the_votes() {
    let (mut sim, members) = chain();
    let flood = |sim: &mut Sim| -> Vec<UncheckedExtrinsic> {
        sim.ext.execute_with(|| {
            let who = &members[0];
            let nonce = System::account_nonce(who.id());
            let sign = |i: u32| {
                let proposal = Box::new(frame_system::Call::remark { remark: i.to_le_bytes().to_vec() }.into());
                let call: RuntimeCall =
                    pallet_collective::Call::propose { threshold: 2, proposal, length_bound: 100 }.into();
                let ext = tx_extension(nonce + i, 0);
                let payload = ratio1_runtime::SignedPayload::new(call.clone(), ext.clone()).unwrap();
                let signature = payload.using_encoded(|bytes| who.account.sign(bytes));
                UncheckedExtrinsic::new_signed(call, who.id().into(), signature.into(), ext)
            };
            (0..2_000).map(sign).collect()
        })
    };
    let xts = flood(&mut sim);
    let results = sim.block(xts);
    let exhausted = Err(InvalidTransaction::ExhaustsResources.into());
    assert!(results.contains(&exhausted), "the council's share is bounded");
    let share = ratio1_runtime::configs::RuntimeBlockWeights::get().max_block.ref_time() / 10;
    let used =
        sim.ext.execute_with(|| *System::block_weight().get(frame_support::dispatch::DispatchClass::Operational));
    assert!(used.ref_time() < share, "{used:?}");
}

#[test]
fn halts_and_pauses_cover_neither_votes_nor_claims_nor_governance() {
    let (mut sim, members) = chain();
    for (pallet, call) in
        [("Rewards", "claim"), ("Availability", "commit"), ("Governance", "cancel"), ("Council", "vote")]
    {
        let protected: DispatchError = pallet_governance::Error::<Runtime>::Protected.into();
        assert_eq!(capture(&mut sim, pause(pallet, call)), Err(protected), "{pallet}.{call}");
    }
    let epoch = sim.current();
    sim.run_to_epoch(epoch.0 + 1);
    assert_ok!(schedule(
        &mut sim,
        pallet_governance::Call::set_parameters {
            parameters: pallet_governance::Parameters { delay_ms: 600_000, pause_ms: 300_000, halt_ms: 300_000 },
        }
    ));
    run_delay(&mut sim);
    assert_ok!(capture(&mut sim, pallet_governance::Call::halt {}));

    // A transfer is refused.
    let (payer, payee) = (members[0].clone(), members[1].id());
    let transfer = |sim: &mut Sim| {
        let call = pallet_balances::Call::transfer_keep_alive { dest: payee.clone().into(), value: 1 };
        let xt = sim.signed(&payer, call);
        sim.include(xt)
    };
    let filtered: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
    assert_eq!(transfer(&mut sim), Ok(Err(filtered)));
    // Wrapped, too.
    let call = pallet_balances::Call::transfer_keep_alive { dest: payee.clone().into(), value: 1 };
    let batch = sim.signed(&payer, pallet_utility::Call::batch_all { calls: vec![call.into()] });
    assert_eq!(sim.include(batch), Ok(Err(filtered)));

    // Votes settle an epoch that ran during the halt, and its pay is claimed.
    let epoch = sim.current();
    settle(&mut sim, epoch);
    assert!(sim.ext.execute_with(SafeMode::is_entered));
    let before = sim.balance(&payer.id());
    assert_ok!(sim.claim(EDGE).unwrap());
    assert!(sim.balance(&payer.id()) > before);
    // Governance goes on, and ends it.
    assert_ok!(schedule(&mut sim, pallet_oracles::Call::set_minimum { minimum: 2 }));
    assert_ok!(capture(&mut sim, pallet_governance::Call::unhalt {}));
    assert_ok!(transfer(&mut sim).unwrap());
}

#[test]
fn a_free_call_is_refused_by_the_pool_when_it_is_paused_or_everything_is_halted() {
    let (mut sim, members) = chain();
    let declared = |sim: &mut Sim, cpu_milli| {
        let profile = NodeProfile { capacity: Capacity { cpu_milli, ..CAPACITY }, ..Default::default() };
        sim.declare(&members[0], EDGE, profile)
    };
    let refused = Err(InvalidTransaction::Call.into());
    // By its own authorisation.
    assert_ok!(capture(&mut sim, pause("Nodes", "declare")));
    assert_eq!(declared(&mut sim, 1_000), refused);
    let resume = pallet_governance::Call::resume { pallet: name("Nodes"), call: name("declare") };
    assert_ok!(capture(&mut sim, resume));
    assert_ok!(declared(&mut sim, 1_000).unwrap());
    let next = sim.current().0 + 1;
    sim.run_to_epoch(next);
    assert_ok!(capture(&mut sim, pallet_governance::Call::halt {}));
    assert_eq!(declared(&mut sim, 2_000), refused);
    // By its signer.
    let link = sim.link_call(&Person::new(crate::common::FOUNDATION), LicenseId(0), &Person::new("NewNode"));
    assert_eq!(sim.submit(&Person::new(crate::common::FOUNDATION), link.clone()), refused);
    // What is protected is as free as ever, and the rest is again when the halt is over.
    let vote = sim.ext.execute_with(|| ratio1_runtime::facts::claim_extrinsic(EDGE));
    assert_ne!(crate::common::validity(&mut sim, vote), Err(InvalidTransaction::Call.into()));
    assert_ok!(capture(&mut sim, pallet_governance::Call::unhalt {}));
    assert_ok!(sim.submit(&Person::new(crate::common::FOUNDATION), link).unwrap());
    assert_ok!(declared(&mut sim, 2_000).unwrap());
}

#[test]
fn a_member_cannot_take_the_places_of_others_when_it_moves_all_it_can() {
    let (mut sim, members) = chain();
    let mut propose = |who: &Person, n: u32| {
        let proposal = Box::new(frame_system::Call::remark { remark: n.to_le_bytes().to_vec() }.into());
        let call =
            pallet_collective::Call::<Runtime, CouncilInstance>::propose { threshold: 2, proposal, length_bound: 99 };
        sim.submit(who, RuntimeCall::from(call)).unwrap()
    };
    let most = pallet_governance::MAX_MOTIONS;
    let full: DispatchError = pallet_governance::Error::<Runtime>::TooManyMotions.into();
    for n in 0..most {
        assert_ok!(propose(&members[0], n));
    }
    for n in most..40 {
        assert_eq!(propose(&members[0], n), Err(full), "motion {n}");
    }
    // The others' places are theirs.
    for (n, who) in (100..).zip([&members[1], &members[1], &members[2], &members[2]]) {
        assert_ok!(propose(who, n));
    }
    // A place is free when its motion is closed.
    let hash =
        BlakeTwo256::hash_of(&RuntimeCall::from(frame_system::Call::remark { remark: 0u32.to_le_bytes().to_vec() }));
    for who in &members[1..] {
        let vote = pallet_collective::Call::vote { proposal: hash, index: 0, approve: false };
        assert_ok!(sim.submit(who, RuntimeCall::from(vote)).unwrap());
    }
    let close = pallet_collective::Call::<Runtime, CouncilInstance>::close {
        proposal_hash: hash,
        index: 0,
        proposal_weight_bound: Weight::from_parts(1_000_000_000, 10_000),
        length_bound: 99,
    };
    assert_ok!(sim.submit(&members[1], RuntimeCall::from(close)).unwrap());
    let proposal = Box::new(frame_system::Call::remark { remark: vec![7] }.into());
    let again =
        pallet_collective::Call::<Runtime, CouncilInstance>::propose { threshold: 2, proposal, length_bound: 99 };
    assert_ok!(sim.submit(&members[0], RuntimeCall::from(again)).unwrap());
    // There are places for all that a full council may move.
    let places = <Runtime as pallet_governance::Config>::MaxMotions::get();
    assert_eq!(places, ratio1_runtime::configs::MAX_MEMBERS * most);
}

#[test]
fn protected_names_are_calls_of_this_runtime() {
    let names = RuntimeCall::get_module_names();
    for pallet in PROTECTED_PALLETS {
        assert!(names.contains(&pallet), "{pallet}");
    }
    for (pallet, call) in PROTECTED_CALLS {
        assert!(RuntimeCall::get_call_names(pallet).contains(&call), "{pallet}.{call}");
    }
    assert!(!is_protected("Balances", "transfer_keep_alive"));
    assert!(!is_protected("Sale", "buy"));
}
