//! Every preset builds, from zero issuance, with the prohibited countries and without surprises.

use codec::{Decode, Encode};
use frame_support::genesis_builder_helper::{build_state, get_preset};
use ratio1_primitives::{economics::MASTER_COUNT, LicenseClass};
use ratio1_runtime::{facts, presets, AccountId, Balances, Oracles, Runtime, RuntimeGenesisConfig, Session};

fn with_preset<R>(name: &str, f: impl FnOnce() -> R) -> R {
    sp_io::TestExternalities::new_empty().execute_with(|| {
        let patch = get_preset::<RuntimeGenesisConfig>(&Some(name.into()), presets::get).expect("a known preset");
        let mut genesis: serde_json::Value =
            serde_json::from_slice(&get_preset::<RuntimeGenesisConfig>(&None, presets::get).unwrap()).unwrap();
        merge(&mut genesis, serde_json::from_slice(&patch).unwrap());
        let json = serde_json::to_vec(&genesis).unwrap();
        presets::check_json(&json).expect("the preset agrees with itself");
        build_state::<RuntimeGenesisConfig>(json).expect("the preset builds");
        f()
    })
}

fn merge(base: &mut serde_json::Value, patch: serde_json::Value) {
    match (base, patch) {
        (serde_json::Value::Object(base), serde_json::Value::Object(patch)) => {
            for (key, value) in patch {
                merge(base.entry(key).or_insert(serde_json::Value::Null), value);
            }
        }
        (base, patch) => *base = patch,
    }
}

#[test]
fn every_preset_starts_from_zero_issuance() {
    for name in presets::names() {
        with_preset(name.as_ref(), || {
            assert_eq!(Balances::total_issuance(), 0, "{name:?}");
            assert_eq!(pallet_kyc::Prohibitions::<Runtime>::iter().count(), 43, "{name:?}");
        });
    }
}

#[test]
fn local_has_four_oracles_and_two_edges() {
    with_preset(presets::LOCAL, || {
        assert_eq!(Session::validators().len(), 4);
        let supply = facts::supply();
        let issued: Vec<_> = supply.classes.iter().map(|c| (c.class, c.issued)).collect();
        assert_eq!(issued, [(LicenseClass::Genesis, 1), (LicenseClass::Master, 4), (LicenseClass::Node, 2)]);
        assert!(supply.classes[1].issued <= MASTER_COUNT);
        assert!(pallet_sudo::Key::<Runtime>::get().is_some());
        Oracles::do_try_state().unwrap();
    });
}

#[test]
fn development_has_one_oracle() {
    with_preset(presets::DEVELOPMENT, || assert_eq!(Session::validators().len(), 1));
}

#[test]
fn mainnet_has_no_sudo() {
    for name in [presets::MAINNET, presets::TESTNET] {
        with_preset(name, || {
            assert!(pallet_sudo::Key::<Runtime>::get().is_none());
        });
    }
}

#[test]
fn metadata_is_offered_in_version_16_with_view_functions() {
    sp_io::TestExternalities::new_empty().execute_with(|| {
        assert!(Runtime::metadata_versions().contains(&16));
        let metadata = Runtime::metadata_at_version(16).expect("version 16 is offered");
        for name in ["can_link", "can_register_keys", "can_claim", "can_commit", "standing_of"] {
            let found = metadata.windows(name.len()).any(|bytes| bytes == name.as_bytes());
            assert!(found, "{name} is not in the metadata");
        }
    });
}

/// Settling spends a share of the block, of which governance may leave 5 %. A step that did not fit would stand still.
#[test]
fn largest_step_of_settling_fits_the_smallest_share() {
    use pallet_availability::WeightInfo as _;
    use pallet_price::WeightInfo as _;
    use pallet_rewards::WeightInfo as _;
    type Availability = <Runtime as pallet_availability::Config>::WeightInfo;
    type Rewards = <Runtime as pallet_rewards::Config>::WeightInfo;
    type Price = <Runtime as pallet_price::Config>::WeightInfo;
    let step =
        Availability::settle_page(100).saturating_add(Rewards::on_page(MASTER_COUNT)).saturating_add(Price::post());
    let share = sp_runtime::Perbill::from_percent(5) * ratio1_runtime::configs::RuntimeBlockWeights::get().max_block;
    assert!(step.all_lte(share), "{step:?} of {share:?}");
}

/// The `local` preset as it is built, changed.
fn changed(change: impl FnOnce(&mut RuntimeGenesisConfig)) -> Result<(), String> {
    let preset = |id: Option<&str>| -> serde_json::Value {
        let json = sp_io::TestExternalities::new_empty()
            .execute_with(|| get_preset::<RuntimeGenesisConfig>(&id.map(Into::into), presets::get).unwrap());
        serde_json::from_slice(&json).unwrap()
    };
    let mut genesis = preset(None);
    merge(&mut genesis, preset(Some(presets::LOCAL)));
    let mut genesis: RuntimeGenesisConfig = serde_json::from_value(genesis).unwrap();
    change(&mut genesis);
    let json = serde_json::to_vec(&genesis).unwrap();
    sp_io::TestExternalities::new_empty()
        .execute_with(|| ratio1_runtime::api::dispatch("GenesisBuilder_build_state", &json.encode()))
        .map(|bytes| Result::<(), String>::decode(&mut &bytes[..]).unwrap())
        .expect("the runtime has this API")
}

/// A change that makes a genesis contradict itself.
type Change = fn(&mut RuntimeGenesisConfig);

#[test]
fn a_genesis_that_contradicts_itself_is_refused_with_a_message() {
    assert_eq!(changed(|_| ()), Ok(()));
    let stranger = || AccountId::new([7; 32]);
    let cases: [(&str, Change); 18] = [
        ("balances gives some to", |g| g.balances.balances = vec![(AccountId::new([7; 32]), 1)]),
        ("twice", |g| g.council.members.push(g.council.members[0].clone())),
        ("at most 32 fit", |g| g.council.members = (0..33).map(|n| AccountId::new([n; 32])).collect()),
        ("council.members", |g| g.council.members.push(AccountId::new([7; 32]))),
        ("kyc.registrars", |g| g.kyc.registrars.push(AccountId::new([7; 32]))),
        ("sudo.key", |g| g.sudo.key = Some(AccountId::new([7; 32]))),
        ("is not in kyc.attestations", |g| g.licenses.licenses[5].owner = AccountId::new([7; 32])),
        ("country", |g| g.kyc.prohibited.push(ratio1_primitives::kyc::Country(*b"RO"))),
        ("expired", |g| g.kyc.attestations[0].4 = 0),
        ("same node", |g| g.licenses.licenses[5].node = g.licenses.licenses[6].node),
        ("assigned", |g| g.licenses.licenses[1].assigned = None),
        ("there is no deed 99", |g| g.oracles.oracles[0].1 = 99),
        ("belongs to", |g| g.oracles.oracles[0].1 = 2),
        ("no session keys", |g| g.session.keys.truncate(g.session.keys.len() - 1)),
        ("is no oracle", |g| g.oracles.oracles.truncate(g.oracles.oracles.len() - 1)),
        ("minimum of 9", |g| g.oracles.minimum = 9),
        ("pools.operations", |g| g.pools.operations = None),
        ("nobody could govern", |g| {
            g.council.members.clear();
            g.sudo.key = None;
        }),
    ];
    for (expected, change) in cases {
        let refused = changed(change).expect_err(expected);
        assert!(refused.contains(expected), "{expected}: {refused}");
    }
    // Whoever is named is told.
    let named = changed(|g| g.council.members.push(AccountId::new([7; 32]))).unwrap_err();
    assert!(named.contains(&stranger().to_string()), "{named}");
}

/// Else what a pallet thinks cannot happen would be logged in tests, and nobody would see it.
#[test]
fn every_pallet_is_tested_with_debug_assertions() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let mut pallets = 0;
    for folder in std::fs::read_dir(root.join("pallets")).unwrap() {
        let Ok(own) = std::fs::read_to_string(folder.unwrap().path().join("Cargo.toml")) else { continue };
        let name = own.lines().find_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).expect("a name");
        let section = format!("[profile.release.package.{name}]\ndebug-assertions = true\noverflow-checks = true\n");
        assert!(manifest.contains(&section), "{name}");
        pallets += 1;
    }
    assert!(pallets >= 11, "{pallets}");
}
