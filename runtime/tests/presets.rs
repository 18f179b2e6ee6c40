//! Every preset builds, from zero issuance, with the prohibited countries and without surprises.

use frame_support::genesis_builder_helper::{build_state, get_preset};
use ratio1_primitives::{economics::MASTER_COUNT, LicenseClass};
use ratio1_runtime::{facts, presets, Balances, Oracles, Runtime, RuntimeGenesisConfig, Session};

fn with_preset<R>(name: &str, f: impl FnOnce() -> R) -> R {
    sp_io::TestExternalities::new_empty().execute_with(|| {
        let patch = get_preset::<RuntimeGenesisConfig>(&Some(name.into()), presets::get).expect("a known preset");
        let mut genesis: serde_json::Value =
            serde_json::from_slice(&get_preset::<RuntimeGenesisConfig>(&None, presets::get).unwrap()).unwrap();
        merge(&mut genesis, serde_json::from_slice(&patch).unwrap());
        build_state::<RuntimeGenesisConfig>(serde_json::to_vec(&genesis).unwrap()).expect("the preset builds");
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
