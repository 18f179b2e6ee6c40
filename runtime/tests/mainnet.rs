//! The `mainnet` preset after a genesis ceremony (`chain-specs/README.md`): what it starts with, and that it reaches its
//! first mint and its first paid transfer by itself.

use crate::common::{Person, Shape, Sim, FOUNDATION, LIQUIDITY, OPERATIONS, REGISTRAR};
use frame_support::{assert_ok, genesis_builder_helper::get_preset};
use ratio1_primitives::{
    economics::{minted, pools::split, R1},
    kyc::{Country, EntityKind},
    EpochIndex, LicenseClass, LicenseId,
};
use ratio1_runtime::{
    facts, presets, Availability, Balance, Balances, Network, Oracles, Pools, Runtime, RuntimeGenesisConfig, Session,
    SLOT_MS,
};
use serde_json::{json, to_value, Value};

/// As many oracles as docs/protocol/units-and-clock.md#one-runtime-four-presets advises.
const ORACLES: u32 = 7;
/// Members of the council, apart from the oracles.
const MEMBERS: u32 = 5;
/// The table of docs/protocol/units-and-clock.md#one-runtime-four-presets.
const SHAPE: Shape = Shape {
    oracles: ORACLES,
    edges: 0,
    epoch_ms: 86_400_000,
    session_blocks: 1_200,
    window_blocks: 200,
    reopenings: 2,
    genesis_linked: true,
};

fn members() -> Vec<Person> {
    (0..MEMBERS).map(|i| Person::new(&format!("Member{i}"))).collect()
}

/// What the ceremony collects, in the form in which it is edited into the plain specification.
fn ceremony(oracles: &[Person]) -> Value {
    let [foundation, liquidity, operations, registrar] =
        [FOUNDATION, LIQUIDITY, OPERATIONS, REGISTRAR].map(Person::new);
    let attestation = |who: &Person, kind: EntityKind| {
        let entity = crate::common::entity(&who.id());
        json!([who.id(), entity, kind, to_value(Country(*b"RO")).unwrap(), 400])
    };
    let mut attestations = vec![attestation(&foundation, EntityKind::Company)];
    attestations.extend(oracles.iter().map(|who| attestation(who, EntityKind::Individual)));
    let mut deeds = vec![json!({ "class": "Genesis", "owner": foundation.id(), "node": foundation.node_id() })];
    let master = |who: &Person| {
        let assigned = (1_000_000 * R1).to_string();
        json!({ "class": "Master", "owner": who.id(), "node": who.node_id(), "assigned": assigned })
    };
    deeds.extend(oracles.iter().map(master));
    let seats: Vec<_> = oracles.iter().zip(1..).map(|(who, deed)| json!([who.id(), deed])).collect();
    let keys: Vec<_> = oracles.iter().map(|who| json!([who.id(), who.id(), who.session_keys()])).collect();
    let mut providers = vec![registrar.id()];
    providers.extend(members().iter().map(Person::id));
    json!({
        "kyc": { "registrars": [registrar.id()], "attestations": attestations, "providers": providers },
        "licenses": { "licenses": deeds },
        "oracles": { "oracles": seats, "minimum": 4 },
        "session": { "keys": keys },
        "pools": { "liquidity": liquidity.id(), "operations": operations.id(), "foundation": foundation.id() },
        "council": { "members": members().iter().map(Person::id).collect::<Vec<_>>() },
    })
}

fn merge(base: &mut Value, patch: Value) {
    match (base, patch) {
        (Value::Object(base), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

/// The default genesis, with the preset, with what the ceremony added.
fn mainnet() -> Sim {
    let oracles: Vec<Person> = (0..ORACLES).map(|i| Person::new(&format!("Oracle{i}"))).collect();
    let preset = |id: Option<&str>| -> Value {
        let json = sp_io::TestExternalities::new_empty().execute_with(|| {
            get_preset::<RuntimeGenesisConfig>(&id.map(Into::into), presets::get).expect("a known preset")
        });
        serde_json::from_slice(&json).unwrap()
    };
    let mut genesis = preset(None);
    merge(&mut genesis, preset(Some(presets::MAINNET)));
    merge(&mut genesis, ceremony(&oracles));
    let genesis: RuntimeGenesisConfig = serde_json::from_value(genesis).expect("the ceremony's patch fits");
    Sim::from_genesis(genesis, SHAPE, oracles, vec![])
}

/// A block a minute until `epoch` runs: with fewer, the time between them would be no part of an epoch.
fn walk_to_epoch(sim: &mut Sim, epoch: u32) {
    while sim.current().0 < epoch {
        sim.block_after(60_000 / SLOT_MS, vec![]);
    }
}

#[test]
fn mainnet_starts_with_assignments_and_without_r1_or_sudo() {
    let mut sim = mainnet();
    sim.ext.execute_with(|| {
        assert_eq!(Balances::total_issuance(), 0);
        assert_eq!(pallet_sudo::Key::<Runtime>::get(), None);
        assert_eq!(frame_system::Account::<Runtime>::iter().map(|(_, a)| a.data.free + a.data.reserved).max(), Some(0));

        // The table of docs/protocol/units-and-clock.md#one-runtime-four-presets.
        let info = Availability::clock_info();
        assert_eq!(info.clock.unwrap().epoch_ms, 86_400_000);
        let params = info.params;
        assert_eq!((params.beat_ms, params.expected, params.threshold), (10_000, 8_632, 250));
        assert_eq!(<Network as frame_support::traits::Get<u64>>::get(), 1_200);
        assert_eq!(pallet_kyc::Prohibitions::<Runtime>::iter().count(), 43);

        // Who takes part.
        assert_eq!(Session::validators().len(), ORACLES as usize);
        assert_eq!(Oracles::oracles().len(), ORACLES as usize);
        let members = pallet_collective::Members::<Runtime, pallet_collective::Instance1>::get();
        assert_eq!(members.len(), MEMBERS as usize);
        let supply = facts::supply();
        let issued: Vec<_> = supply.classes.iter().map(|c| (c.class, c.issued, c.minted)).collect();
        let expected = [(LicenseClass::Genesis, 1, 0), (LicenseClass::Master, ORACLES, 0), (LicenseClass::Node, 0, 0)];
        assert_eq!(issued, expected);
        for pool in Pools::pools() {
            assert!(pool.account.is_some() && pool.received == 0, "{:?}", pool.pool);
        }
    });
}

#[test]
fn mainnet_walks_to_its_first_mint_and_its_first_paid_transfer() {
    let mut sim = mainnet();
    let genesis = LicenseId(0);
    let [liquidity, customer, friend] = [LIQUIDITY, "Customer", "Friend"].map(Person::new);

    // Day 0 is void; in day 1 everybody is there; in day 2 the oracles commit and reveal.
    walk_to_epoch(&mut sim, 2);
    assert!(sim.claim(genesis).is_err());
    sim.settle(EpochIndex(1), None, |_| 255);
    assert_eq!(sim.ext.execute_with(Balances::total_issuance), 0, "nothing is minted before somebody claims");

    // The first mint fills the pools; nobody paid for it.
    assert_ok!(sim.claim(genesis).unwrap());
    let mined = minted(LicenseClass::Genesis, 255);
    assert_eq!(sim.ext.execute_with(Balances::total_issuance), mined);
    let parts = split(mined);
    let pools = sim.ext.execute_with(Pools::pools);
    for (pool, amount) in parts {
        let info = pools.iter().find(|info| info.pool == pool).unwrap();
        assert_eq!((info.received, info.balance), (amount, amount), "{pool:?}");
    }

    // Master deeds are within their cliff.
    assert!(sim.claim(LicenseId(1)).is_err());

    // The liquidity wallet pays the first customer for nothing, who makes the first transfer that costs a fee.
    let purpose = b"first liquidity".to_vec().try_into().unwrap();
    let call = pallet_pools::Call::disburse_liquidity { to: customer.id(), amount: 1_000 * R1, purpose };
    assert_ok!(sim.submit(&liquidity, call).unwrap());
    assert_eq!(sim.balance(&customer.id()), 1_000 * R1);
    let call = pallet_balances::Call::transfer_keep_alive { dest: friend.id().into(), value: 10 * R1 };
    assert_ok!(sim.submit(&customer, call).unwrap());
    assert_eq!(sim.balance(&friend.id()), 10 * R1);
    let fee = 990 * R1 - sim.balance(&customer.id());
    assert!(fee > 0 && fee < R1 / 10, "{fee}");
    let authors: Balance = sim.oracles.clone().iter().map(|who| sim.balance(&who.id())).sum();
    assert_eq!(authors, fee - fee / 2, "half of the fee is the author's");
    assert_eq!(sim.ext.execute_with(Balances::total_issuance), mined - fee / 2, "and half is burned");

    // A day without a word of the oracles leaves the next one as it is.
    walk_to_epoch(&mut sim, 4);
    sim.settle(EpochIndex(3), None, |license| if license == genesis { 127 } else { 255 });
    assert_ok!(sim.claim(genesis).unwrap());
    let issued = sim.ext.execute_with(Balances::total_issuance);
    assert_eq!(issued, minted(LicenseClass::Genesis, 255 + 127) - fee / 2);
}
