//! Upgrades of the runtime through the council and its delay, and the migration that comes with one.

use super::DELAY;
use crate::common::{
    council::{chain, run_delay, schedule},
    Sim,
};
use codec::Encode;
use frame_support::{
    assert_ok,
    migrations::VersionedMigration,
    traits::{GetStorageVersion, OnRuntimeUpgrade, StorageVersion, UncheckedOnRuntimeUpgrade},
    weights::Weight,
};
use ratio1_runtime::{Governance, Runtime, System, UncheckedExtrinsic, VERSION};
use sp_runtime::traits::{BlakeTwo256, Hash};

/// Reads the version from "code" that is nothing but an encoded version.
struct ReadVersion;

impl sp_core::traits::ReadRuntimeVersion for ReadVersion {
    fn read_runtime_version(&self, code: &[u8], _: &mut dyn sp_core::traits::Externalities) -> Result<Vec<u8>, String> {
        Ok(code.to_vec())
    }
}

fn new_code(spec_version: u32) -> Vec<u8> {
    sp_version::RuntimeVersion { spec_version, ..VERSION }.encode()
}

fn code(sim: &mut Sim) -> Option<Vec<u8>> {
    sim.ext.execute_with(|| frame_support::storage::unhashed::get_raw(sp_core::storage::well_known_keys::CODE))
}

#[test]
fn an_upgrade_is_enacted_after_the_delay_when_the_council_schedules_the_code() {
    let (mut sim, _) = chain();
    sim.ext.register_extension(sp_core::traits::ReadRuntimeVersionExt::new(ReadVersion));
    let new = new_code(VERSION.spec_version + 1);
    assert_ok!(schedule(&mut sim, frame_system::Call::set_code { code: new.clone() }));
    for _ in 1..DELAY {
        sim.block(vec![]);
        assert_ne!(code(&mut sim), Some(new.clone()));
    }
    run_delay(&mut sim);
    assert_eq!(code(&mut sim), Some(new));
}

#[test]
fn an_upgrade_is_brought_by_anybody_when_the_council_authorised_its_hash() {
    let (mut sim, _) = chain();
    sim.ext.register_extension(sp_core::traits::ReadRuntimeVersionExt::new(ReadVersion));
    let new = new_code(VERSION.spec_version + 1);
    let code_hash = BlakeTwo256::hash(&new);
    let bring =
        || UncheckedExtrinsic::new_bare(frame_system::Call::apply_authorized_upgrade { code: new.clone() }.into());
    assert_ok!(schedule(&mut sim, frame_system::Call::authorize_upgrade { code_hash }));
    assert!(crate::common::validity(&mut sim, bring()).is_err(), "nothing is authorised yet");
    run_delay(&mut sim);
    assert_ok!(sim.include(bring()).unwrap());
    assert_eq!(code(&mut sim), Some(new));
}

#[test]
fn a_downgrade_is_refused_when_the_council_schedules_it() {
    let (mut sim, _) = chain();
    sim.ext.register_extension(sp_core::traits::ReadRuntimeVersionExt::new(ReadVersion));
    let old = new_code(VERSION.spec_version);
    let before = code(&mut sim);
    assert_ok!(schedule(&mut sim, frame_system::Call::set_code { code: old }));
    run_delay(&mut sim);
    assert_eq!(code(&mut sim), before);
}

/// What the migration below does: it leaves a mark.
struct Mark;

const MARK: &[u8] = b":migrated";

impl UncheckedOnRuntimeUpgrade for Mark {
    fn on_runtime_upgrade() -> Weight {
        let before: u32 = frame_support::storage::unhashed::get_or_default(MARK);
        frame_support::storage::unhashed::put(MARK, &(before + 1));
        Weight::zero()
    }
}

/// From the version that governance's storage has to the next one.
type Migration = VersionedMigration<2, 3, Mark, Governance, <Runtime as frame_system::Config>::DbWeight>;

/// As the executive of the next runtime: this one, and the migration.
type NextExecutive = frame_executive::Executive<
    Runtime,
    ratio1_runtime::Block,
    frame_system::ChainContext<Runtime>,
    Runtime,
    ratio1_runtime::AllPalletsWithSystem,
    Migration,
>;

#[test]
fn a_versioned_migration_runs_once_when_the_version_has_changed() {
    let (mut sim, _) = chain();
    sim.ext.execute_with(|| {
        assert_eq!(Governance::on_chain_storage_version(), StorageVersion::new(2));
        // What `initialize_block` does when the last block was made by an older version.
        frame_system::LastRuntimeUpgrade::<Runtime>::put(frame_system::LastRuntimeUpgradeInfo {
            spec_version: (VERSION.spec_version - 1).into(),
            spec_name: VERSION.spec_name,
        });
        let header = |number| {
            let slot = u64::from(pallet_babe::CurrentSlot::<Runtime>::get()) + 1;
            let pre = sp_consensus_babe::digests::PreDigest::SecondaryPlain(
                sp_consensus_babe::digests::SecondaryPlainPreDigest { authority_index: 0, slot: slot.into() },
            );
            let item = sp_runtime::DigestItem::PreRuntime(sp_consensus_babe::BABE_ENGINE_ID, pre.encode());
            let digest = sp_runtime::Digest { logs: vec![item] };
            <ratio1_runtime::Header as sp_runtime::traits::Header>::new(
                number,
                Default::default(),
                Default::default(),
                Default::default(),
                digest,
            )
        };
        let next = System::block_number() + 1;
        NextExecutive::initialize_block(&header(next));
        let mark = || frame_support::storage::unhashed::get_or_default::<u32>(MARK);
        assert_eq!(mark(), 1);
        assert_eq!(Governance::on_chain_storage_version(), StorageVersion::new(3));
        // The version is known now, and the migration has its own: neither the next block nor a second run repeats it.
        NextExecutive::initialize_block(&header(next + 1));
        Migration::on_runtime_upgrade();
        assert_eq!(mark(), 1);
    });
}
