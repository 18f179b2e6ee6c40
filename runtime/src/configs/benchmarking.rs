//! What the benchmarks of our pallets need from their neighbours.

use crate::*;
use alloc::{format, vec::Vec};
use codec::Encode;
use frame_support::BoundedVec;
use frame_system::RawOrigin;
use ratio1_primitives::{
    kyc::{Country, EntityKind},
    traits::{LicenseInspect, PageMask},
    EpochIndex, LicenseClass, LicenseId, Link, NodeId, PAGE_SIZE,
};

/// Sets the scene.
pub struct Scene;

impl Scene {
    fn attest(who: &AccountId) {
        let registrar: AccountId = frame_benchmarking::account("registrar", 0, 0);
        // Appointed already from the second time on, which is all that is wanted.
        let _ = Kyc::add_registrar(RawOrigin::Root.into(), registrar.clone());
        let entity = sp_io::hashing::blake2_256(who.as_ref());
        Kyc::attest(
            RawOrigin::Signed(registrar).into(),
            who.clone(),
            entity,
            EntityKind::Individual,
            Country(*b"RO"),
            EpochIndex(1_000_000),
        )
        .expect("a benchmark's attestation is valid");
    }

    /// A new Node Deed of `owner`, after the Genesis deed.
    fn issue(owner: &AccountId) -> LicenseId {
        if <Licenses as LicenseInspect<AccountId>>::count() == 0 {
            Licenses::do_issue(LicenseClass::Genesis, owner).expect("the first deed");
        }
        Licenses::do_issue(LicenseClass::Node, owner).expect("deeds are left")
    }
}

impl pallet_licenses::BenchmarkHelper for Scene {
    fn attest(who: &AccountId) {
        Self::attest(who);
    }

    fn earn(license: LicenseId) {
        let page = BoundedVec::truncate_from(alloc::vec![1_000; PAGE_SIZE as usize]);
        pallet_rewards::Credits::<Runtime>::insert(license.page(), page);
    }

    fn open_epochs() {
        let open = (0..pallet_availability::MAX_OPEN).map(EpochIndex).collect();
        pallet_availability::Open::<Runtime>::put(BoundedVec::truncate_from(open));
    }
}

impl pallet_oracles::BenchmarkHelper<AccountId, SessionKeys> for Scene {
    fn candidate(n: u32) -> (AccountId, LicenseId) {
        let owner: AccountId = frame_benchmarking::account("candidate", n, 0);
        let node = NodeId(sp_io::hashing::blake2_256(&n.encode()));
        if let Some(license) = pallet_licenses::NodeLicense::<Runtime>::get(node) {
            return (owner, license);
        }
        Self::attest(&owner);
        let license = Self::issue(&owner);
        pallet_licenses::Licenses::<Runtime>::mutate(license, |l| {
            if let Some(l) = l {
                l.link = Some(Link { node, since: EpochIndex(0) });
            }
        });
        pallet_licenses::NodeLicense::<Runtime>::insert(node, license);
        (owner, license)
    }

    fn keys(owner: &AccountId, n: u32) -> (SessionKeys, pallet_oracles::KeyProof) {
        let generated = SessionKeys::generate(&owner.encode(), Some(format!("//Bench{n}").into_bytes()));
        let proof = generated.proof.encode().try_into().expect("four proofs fit");
        (generated.keys, proof)
    }
}

impl pallet_rewards::benchmarking::BenchmarkHelper<AccountId> for Scene {
    fn node_deed(owner: &AccountId) -> LicenseId {
        Self::issue(owner)
    }

    fn linked_page(page: u32, epoch: EpochIndex) {
        pallet_licenses::NextId::<Runtime>::put(page.saturating_add(1).saturating_mul(PAGE_SIZE));
        let all = PageMask([u8::MAX; PAGE_SIZE as usize / 8]);
        let bound = pallet_licenses::MAX_VERSIONS;
        // As many versions as are kept; the oldest is the one that answers.
        let versions: Vec<_> =
            (0..bound).map(|i| pallet_licenses::MaskVersion { since: epoch.plus(i), mask: all }).collect();
        pallet_licenses::LinkedPages::<Runtime>::insert(page, BoundedVec::truncate_from(versions));
    }
}
