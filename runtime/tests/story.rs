//! From zero issuance to the first paid transfer, on the real runtime; and what callers may not do.

use crate::common::{ballot, validity, Person, Shape, Sim};
use frame_support::assert_ok;
use ratio1_primitives::{
    api::EpochState,
    economics::{payable, NODE_ENTITLEMENT, R1},
    keys::link_payload,
    EpochIndex, LicenseClass, LicenseId,
};
use ratio1_runtime::{facts, Availability, Balances, Licenses, Runtime, RuntimeCall};
use sp_core::Pair;
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError};

/// The edge's Node Deed in the default shape: after the Genesis deed and four Master deeds.
const EDGE: LicenseId = LicenseId(5);

/// Everybody present reports these bytes for `epoch`, which is the last ended one.
fn settle(sim: &mut Sim, epoch: EpochIndex, edge_byte: u8) {
    sim.run_to_epoch(epoch.0 + 1);
    let round = sim.round(epoch).expect("the epoch just ended");
    let bytes: Vec<u8> = (0..round.frozen.licenses)
        .map(|l| {
            if l == 0 {
                0
            } else if l == EDGE.0 {
                edge_byte
            } else {
                255
            }
        })
        .collect();
    let ballots: Vec<_> =
        sim.oracles.clone().into_iter().zip(1..).map(|(o, i)| (o.vote, ballot(&round, i, 255, &bytes))).collect();
    sim.cast(epoch, &ballots);
    let state = sim.ext.execute_with(|| Availability::epoch_info(epoch).state);
    assert_eq!(state, EpochState::Finalised);
}

#[test]
fn a_chain_from_zero_reaches_its_first_paid_transfer_by_itself() {
    let mut sim = Sim::new(Shape::default());
    let owner = sim.edges[0].clone();
    let stranger = sim.edges[1].clone();
    assert_eq!(sim.ext.execute_with(Balances::total_issuance), 0);

    // The first epoch is void; nothing is claimable.
    let state = sim.ext.execute_with(|| Availability::epoch_info(EpochIndex(0)).state);
    assert!(matches!(state, EpochState::Running | EpochState::Void));
    let claim = sim.ext.execute_with(|| facts::claim_extrinsic(EDGE));
    assert!(validity(&mut sim, claim.clone()).is_err());

    // A transfer without a balance is refused for its fee.
    let transfer = |sim: &mut Sim, value| {
        let call = pallet_balances::Call::transfer_keep_alive { dest: stranger.id().into(), value };
        sim.signed(&owner, call)
    };
    let broke = transfer(&mut sim, 1);
    assert_eq!(validity(&mut sim, broke), Err(InvalidTransaction::Payment.into()));

    settle(&mut sim, EpochIndex(1), 255);
    assert_ok!(sim.include(claim).unwrap());
    let first = payable(LicenseClass::Node, 0, 255);
    assert_eq!(sim.balance(&owner.id()), first);
    assert_eq!(first, NODE_ENTITLEMENT / 1_080);

    // Claims again: refused before it costs anybody anything.
    let claim = sim.ext.execute_with(|| facts::claim_extrinsic(EDGE));
    assert!(validity(&mut sim, claim.clone()).is_err());

    // The first paid transfer. Half of its fee is burned, half goes to the block's author; nothing is lost.
    let paid = transfer(&mut sim, R1 / 2);
    assert_ok!(sim.include(paid).unwrap());
    assert_eq!(sim.balance(&stranger.id()), R1 / 2);
    let authors: u128 = sim.oracles.clone().iter().map(|o| sim.balance(&o.id())).sum();
    let left = sim.balance(&owner.id());
    let burned = sim.ext.execute_with(facts::supply).burned;
    assert!(authors > 0 && (authors == burned || authors == burned + 1), "{authors}, {burned}");
    assert_eq!(left + authors + burned + R1 / 2, first);

    // Half an epoch pays half.
    let epoch = sim.current();
    settle(&mut sim, epoch, 127);
    let again = sim.ext.execute_with(|| facts::claim_extrinsic(EDGE));
    assert_ne!(again, claim, "a pool bans what was in a block");
    assert_ok!(sim.include(again).unwrap());
    assert_eq!(sim.balance(&owner.id()), left + payable(LicenseClass::Node, 255, 255 + 127));
    let supply = sim.ext.execute_with(facts::supply);
    assert_eq!(supply.outstanding, payable(LicenseClass::Node, 0, 382) - burned);
    assert_eq!(supply.burned, burned);

    // "Why was I paid this": from chain data alone.
    let payout = sim.ext.execute_with(|| facts::payout(epoch, EDGE)).unwrap();
    assert_eq!(payout.byte, Some(127));
    assert_eq!(payout.reported.len(), 4);
    assert!(payout.reported.iter().all(|(_, byte, eligible)| *byte == 127 && *eligible));
}

#[test]
fn linking_is_feeless_for_an_attested_owner_without_balance() {
    let mut sim = Sim::new(Shape::default());
    let owner = sim.edges[0].clone();
    sim.run_to_epoch(1);
    let unlink = sim.signed(&owner, pallet_licenses::Call::unlink { license: EDGE });
    assert_ok!(sim.include(unlink).unwrap());
    let state = sim.ext.execute_with(|| facts::license(EDGE)).unwrap();
    assert_eq!(state.node, None);

    // The same proof as at genesis has an old nonce; a new node signs a new one.
    let node = Person::new("Replacement");
    let nonce = state.link_nonce;
    let payload = link_payload(sim.genesis_hash(), EDGE, &owner.id(), nonce);
    let proof = node.node.sign(&payload).into();
    let link = |license| pallet_licenses::Call::link { license, node: node.node_id(), proof };
    // Not in the epoch in which the old one went: no epoch counts two nodes' beats for one license.
    let xt = sim.signed(&owner, link(EDGE));
    assert_eq!(validity(&mut sim, xt), Err(InvalidTransaction::Payment.into()));
    let refused = sim.ext.execute_with(|| Licenses::can_link(owner.id(), EDGE, node.node_id(), proof));
    assert_eq!(refused, Err(pallet_licenses::Error::<Runtime>::UnlinkCooldown.into()));
    let next = sim.ext.execute_with(|| Licenses::link_from(EDGE));
    sim.run_to_epoch(next.0);
    let xt = sim.signed(&owner, link(EDGE));
    assert_ok!(sim.include(xt).unwrap());
    assert_eq!(sim.ext.execute_with(|| facts::admission(&node.node_id())), Ok(EDGE));
    assert_eq!(sim.balance(&owner.id()), 0);

    // Replayed for another license, or by somebody else: not feeless, and nobody there can pay.
    let xt = sim.signed(&owner, link(LicenseId(6)));
    assert_eq!(validity(&mut sim, xt), Err(InvalidTransaction::Payment.into()));
    let stranger = Person::new("Nobody");
    let xt = sim.signed(&stranger, link(EDGE));
    assert_eq!(validity(&mut sim, xt), Err(InvalidTransaction::Payment.into()));
}

#[test]
fn callers_can_not_reach_around_the_protocol() {
    let mut sim = Sim::new(Shape::default());
    let oracle = sim.oracles[0].clone();
    settle(&mut sim, EpochIndex(1), 255);
    let owner = sim.edges[0].clone();
    let claim = sim.ext.execute_with(|| facts::claim_extrinsic(EDGE));
    assert_ok!(sim.include(claim).unwrap());

    let filtered: Vec<RuntimeCall> = vec![
        pallet_balances::Call::burn { value: 1, keep_alive: false }.into(),
        pallet_session::Call::purge_keys {}.into(),
        pallet_session::Call::set_keys { keys: oracle.session_keys(), proof: vec![] }.into(),
        pallet_nfts::Call::transfer { collection: 0, item: EDGE.0, dest: oracle.id().into() }.into(),
        pallet_nfts::Call::burn { collection: 0, item: EDGE.0 }.into(),
        pallet_nfts::Call::set_price { collection: 0, item: EDGE.0, price: Some(1), whitelisted_buyer: None }.into(),
    ];
    for call in filtered {
        // Directly, and wrapped.
        let batch = pallet_utility::Call::batch_all { calls: vec![call.clone()] };
        for call in [call, batch.into()] {
            let xt = sim.signed(&owner, call.clone());
            let result = sim.include(xt);
            let expected: DispatchError = frame_system::Error::<Runtime>::CallFiltered.into();
            assert_eq!(result, Ok(Err(expected)), "{call:?}");
        }
    }
}

#[test]
fn fees_nobody_can_receive_are_burned_and_counted() {
    let mut sim = Sim::new(Shape::default());
    settle(&mut sim, EpochIndex(1), 255);
    let claim = sim.ext.execute_with(|| facts::claim_extrinsic(EDGE));
    assert_ok!(sim.include(claim).unwrap());
    sim.ext.execute_with(|| {
        use frame_support::traits::tokens::{Fortitude, Precision, Preservation};
        use frame_support::traits::{fungible::Balanced, OnUnbalanced};
        let owner = crate::common::Person::new("Edge0").id();
        let credit =
            Balances::withdraw(&owner, 1_000, Precision::Exact, Preservation::Preserve, Fortitude::Polite).unwrap();
        pallet_rewards::CountedBurn::<Runtime>::on_unbalanced(credit);
        assert_eq!(facts::supply().burned, 1_000);
    });
    sim.block(vec![]);
}

#[test]
fn nobody_crowds_out_votes_with_operational_calls_of_their_own() {
    let mut sim = Sim::new(Shape::default());
    settle(&mut sim, EpochIndex(1), 255);
    let owner = sim.edges[0].clone();
    let claim = sim.ext.execute_with(|| facts::claim_extrinsic(EDGE));
    assert_ok!(sim.include(claim).unwrap());
    let operational: RuntimeCall = pallet_availability::Call::commit {
        epoch: EpochIndex(1),
        seat: 0,
        hash: Default::default(),
        retry: 0,
        signature: sp_core::ed25519::Signature::default().into(),
    }
    .into();
    // Directly, and with the class it lends to what wraps it.
    let wrapped = pallet_utility::Call::batch { calls: vec![operational.clone()] };
    for call in [operational, wrapped.into()] {
        let xt = sim.signed(&owner, call);
        assert_eq!(validity(&mut sim, xt), Err(InvalidTransaction::Call.into()));
    }
}
