//! The scene in the world of the tests.

use super::BenchmarkHelper;
use crate::mock::{self, World};
use alloc::collections::BTreeMap;
use frame_benchmarking::BenchmarkError;
use ratio1_primitives::{
    jobs::{Client, NodeProfile, Reputation},
    kyc::{Attestation, Country, EntityId, EntityKind},
    refusal::PriceRefusal,
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
    mock::Attested::insert(who, Attestation { entity, kind, country, expires: EpochIndex(1_000_000) });
}

impl BenchmarkHelper for World {
    fn run_epoch(epoch: EpochIndex) {
        mock::Running::put(epoch);
        mock::Now::put(mock::clock().epoch_start(epoch) + mock::EPOCH_MS / 2);
    }

    fn requester(who: &AccountId) {
        attest(who);
        mock::Rate::put(Ok::<_, PriceRefusal>(mock::QUARTER));
    }

    fn oracles() {}

    fn worker(license: LicenseId, node: NodeId, profile: &NodeProfile, reputation: Reputation) -> AccountId {
        let owner = mock::operator(license.0);
        attest(&owner);
        let (link, last_link) = (Some(Link { node, since: EpochIndex(0) }), Some(EpochIndex(0)));
        let state = License { class: LicenseClass::Node, link, link_nonce: 1, last_link, banned: false };
        mock::Deeds::insert(license.0, mock::Deed { owner: owner.clone(), state, oracle: false });
        mock::Nodes::insert(node, license);
        mock::DeedCount::mutate(|count| *count = (*count).max(license.0 + 1));
        let before = Some((profile.clone(), 0));
        mock::Profiles::insert(license.0, mock::Declared { node, since: 1, profile: profile.clone(), before });
        mock::Reputations::insert(license.0, reputation);
        owner
    }

    fn finalise(epoch: EpochIndex, licenses: u32, services: u32, byte: u8) {
        mock::DeedCount::mutate(|count| *count = (*count).max(licenses));
        let bytes: BTreeMap<u32, u8> = match byte {
            255 => BTreeMap::new(),
            byte => (0..services).map(|index| (index, byte)).collect(),
        };
        mock::Finals::insert(epoch, (services, bytes));
        mock::LastFinalised::mutate(|last| *last = (*last).max(Some(epoch)));
    }
}

impl pallet_draws::BenchmarkHelper for World {
    fn client(draw: u64, others: u32, licenses: u32) -> Result<(EntityId, Client, u16), BenchmarkError> {
        super::client::<mock::Test>(draw, others, licenses)
    }

    fn candidate(license: LicenseId, reputation: Reputation) -> Result<(), BenchmarkError> {
        super::candidate::<mock::Test>(license, reputation)
    }
}
