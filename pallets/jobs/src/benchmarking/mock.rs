//! The scene in the world of the tests.

use super::BenchmarkHelper;
use crate::mock::{self, Deeds, Epochs, Kyc, LastFinalised, Measured, Now, Profiles, Rate, Reputations, Scene};
use frame_benchmarking::BenchmarkError;
use ratio1_pallet_testing::Declared;
use ratio1_primitives::{
    jobs::{Client, NodeProfile, Reputation},
    kyc::{Attestation, Country, EntityId, EntityKind},
    AccountId, EpochIndex, License, LicenseClass, LicenseId, Link, NodeId,
};

pub fn ext() -> sp_io::TestExternalities {
    let mut ext = mock::new_test_ext(0);
    ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    ext
}

fn attest(who: &AccountId) {
    let entity = sp_io::hashing::blake2_256(who.as_ref());
    let (kind, country) = (EntityKind::Individual, Country(*b"RO"));
    Kyc::attest(who, Attestation { entity, kind, country, expires: EpochIndex(1_000_000) });
}

/// So many deeds exist at least.
fn count_at_least(count: u32) {
    Deeds::set_count(Deeds::issued().max(count));
}

impl BenchmarkHelper for Scene {
    fn run_epoch(epoch: EpochIndex) {
        Epochs::run(epoch.0);
        Now::set(mock::clock().epoch_start(epoch) + mock::EPOCH_MS / 2);
    }

    fn requester(who: &AccountId) {
        attest(who);
        Rate::set(Ok(mock::QUARTER));
    }

    fn oracles() {}

    fn worker(license: LicenseId, node: NodeId, profile: &NodeProfile, reputation: Reputation) -> AccountId {
        let owner = mock::operator(license.0);
        attest(&owner);
        let (link, last_link) = (Some(Link { node, since: EpochIndex(0) }), Some(EpochIndex(0)));
        let state = License { class: LicenseClass::Node, link, link_nonce: 1, last_link, banned: false };
        Deeds::insert(license, state, &owner);
        let before = Some((profile.clone(), 0));
        Profiles::insert(license.0, Declared { node, since: 1, profile: profile.clone(), before });
        Reputations::insert(license.0, reputation);
        owner
    }

    fn finalise(epoch: EpochIndex, licenses: u32, services: u32, byte: u8) {
        count_at_least(licenses);
        Measured::finalise(epoch.0, services);
        if byte != 255 {
            (0..services).for_each(|index| Measured::set_service(epoch.0, index, byte));
        }
        LastFinalised::mutate(|last| *last = (*last).max(Some(epoch)));
    }
}

impl pallet_draws::BenchmarkHelper for Scene {
    fn client(draw: u64, others: u32, licenses: u32) -> Result<(EntityId, Client, u16), BenchmarkError> {
        super::client::<mock::Test>(draw, others, licenses)
    }

    fn candidate(license: LicenseId, reputation: Reputation) -> Result<(), BenchmarkError> {
        super::candidate::<mock::Test>(license, reputation)
    }
}
