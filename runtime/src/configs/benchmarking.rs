//! What the benchmarks of our pallets need from their neighbours.

use crate::*;
use alloc::{format, vec::Vec};
use codec::Encode;
use frame_benchmarking::BenchmarkError;
use frame_support::BoundedVec;
use frame_system::RawOrigin;
use pallet_pools::Wallet;
use ratio1_primitives::{
    ballot::{Frozen, Page, Seat, MAX_ORACLES},
    economics::{self, price::USD},
    jobs::{Client, NodeProfile, Reputation},
    kyc::{Country, EntityId, EntityKind},
    pages,
    traits::{DeedToken, KycInspect, LicenseInspect, PageMask, PriceInspect},
    ClockParams, EpochIndex, EpochParams, Grant, License, LicenseClass, LicenseId, Link, NodeId, VoteId, PAGE_SIZE,
};
use sp_core::crypto::ByteArray;

/// Milliseconds of an epoch.
const EPOCH_MS: u64 = 86_400_000;

/// Sets the scene.
pub struct Scene;

impl Scene {
    fn attest(who: &AccountId) {
        Self::attest_as(who, EntityKind::Individual);
    }

    fn attest_as(who: &AccountId, kind: EntityKind) {
        let registrar: AccountId = frame_benchmarking::account("registrar", 0, 0);
        // Appointed already from the second time on, which is all that is wanted.
        let _ = Kyc::add_registrar(RawOrigin::Root.into(), registrar.clone());
        let entity = sp_io::hashing::blake2_256(who.as_ref());
        Kyc::attest(
            RawOrigin::Signed(registrar).into(),
            who.clone(),
            entity,
            kind,
            Country(*b"RO"),
            EpochIndex(1_000_000),
        )
        .expect("a benchmark's attestation is valid");
    }

    /// A new Node Deed of `owner`, after the Genesis deed.
    fn issue(owner: &AccountId) -> LicenseId {
        Self::genesis();
        Licenses::do_issue(LicenseClass::Node, owner).expect("deeds are left")
    }

    /// The Genesis deed, which comes before all others.
    fn genesis() {
        if <Licenses as LicenseInspect<AccountId>>::count() == 0 {
            let owner: AccountId = frame_benchmarking::account("foundation", 0, 0);
            Licenses::do_issue(LicenseClass::Genesis, &owner).expect("the first deed");
        }
    }

    /// Let the last `count` licenses of a page be Master deeds, granted in epoch 0.
    fn masters_in(page: u32, count: u32) {
        // The preset's own are in the way.
        let _ = pallet_licenses::Grants::<Runtime>::clear_prefix(page, u32::MAX, None);
        let end = page.saturating_add(1).saturating_mul(PAGE_SIZE);
        for id in (end.saturating_sub(count)..end).map(LicenseId) {
            let grant = Grant { assigned: economics::MASTER_SHARE / 499, granted: EpochIndex(0) };
            let grant = pallet_licenses::MasterGrant { grant, entity: [0; 32] };
            pallet_licenses::Grants::<Runtime>::insert(page, id, grant);
        }
        pallet_licenses::MasterCount::<Runtime>::insert(page, count);
    }

    /// All licenses of page 0 linked since before `epoch`, in the form most costly to look up: as many versions as are
    /// kept, of which the oldest is the one that answers.
    fn link_page(epoch: EpochIndex) {
        pallet_licenses::NextId::<Runtime>::mutate(|next| *next = (*next).max(PAGE_SIZE));
        let all = PageMask([u8::MAX; PAGE_SIZE as usize / 8]);
        let bound = pallet_licenses::MAX_VERSIONS;
        let versions: Vec<_> =
            (0..bound).map(|i| pallet_licenses::MaskVersion { since: epoch.plus(i), mask: all }).collect();
        pallet_licenses::LinkedPages::<Runtime>::insert(0, BoundedVec::truncate_from(versions));
    }

    /// Let `license` be a Node Deed linked to `node`, its owner in good standing as an entity of its own. Deeds of the
    /// preset become such deeds too; those between may be missing.
    fn link(license: LicenseId, node: NodeId) -> AccountId {
        let owner = <Licenses as LicenseInspect<AccountId>>::owner(license).unwrap_or_else(|| {
            let owner: AccountId = frame_benchmarking::account("operator", license.0, 0);
            super::Deeds::issue(license, &owner).expect("the deed is new");
            owner
        });
        if <Kyc as KycInspect<AccountId>>::admits(&owner).is_err() {
            Self::attest(&owner);
        }
        let link = Some(Link { node, since: EpochIndex(0) });
        let deed =
            License { class: LicenseClass::Node, link, link_nonce: 1, last_link: Some(EpochIndex(0)), banned: false };
        pallet_licenses::Licenses::<Runtime>::insert(license, deed);
        pallet_licenses::NodeLicense::<Runtime>::insert(node, license);
        pallet_licenses::NextId::<Runtime>::mutate(|next| *next = (*next).max(license.0.saturating_add(1)));
        owner
    }

    /// As many seats as there can be, of licenses that nobody else has.
    fn seats() -> Vec<Seat<AccountId>> {
        let seat = |i: u32| Seat {
            oracle: frame_benchmarking::account("oracle", i, 0),
            license: LicenseId(u32::MAX.saturating_sub(i)),
            vote_key: VoteId::from_slice(&[1; 32]).expect("a key has 32 bytes"),
        };
        (0..MAX_ORACLES).map(seat).collect()
    }

    /// Freeze what was voted about in `epoch`, with as many seats as there can be.
    fn freeze(epoch: EpochIndex, licenses: u32, services: u32) {
        let params = EpochParams { threshold: 250, ..Default::default() };
        let seats = BoundedVec::truncate_from(Self::seats());
        pallet_availability::FrozenSets::<Runtime>::insert(
            epoch,
            Frozen { seats, licenses, services, params, gaps: Default::default() },
        );
    }
}

impl pallet_licenses::BenchmarkHelper for Scene {
    fn attest(who: &AccountId) {
        Self::attest(who);
    }

    fn earn(license: LicenseId) {
        let page = BoundedVec::truncate_from(alloc::vec![1_000; PAGE_SIZE as usize]);
        pallet_rewards::Credits::<Runtime>::insert(license.page(), page);
        if license == LicenseId(0) {
            <Self as pallet_rewards::benchmarking::BenchmarkHelper<AccountId>>::pools();
        } else if <Licenses as LicenseInspect<AccountId>>::grant(license).is_some() {
            let ledger = pallet_rewards::MasterLedger { earned: economics::R1, ..Default::default() };
            pallet_rewards::Masters::<Runtime>::insert(license, ledger);
        }
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
    fn pools() {
        for (n, wallet) in [Wallet::Liquidity, Wallet::Operations, Wallet::Foundation].into_iter().enumerate() {
            let account: AccountId = frame_benchmarking::account("pool", n as u32, 0);
            if pallet_pools::Wallets::<Runtime>::get(wallet).as_ref() != Some(&account) {
                Pools::set_wallet(RawOrigin::Root.into(), wallet, account).expect("root names wallets");
            }
        }
    }

    fn genesis_deed() -> LicenseId {
        Self::genesis();
        LicenseId(0)
    }

    fn node_deed(owner: &AccountId) -> LicenseId {
        Self::issue(owner)
    }

    fn master_deed(owner: &AccountId) -> LicenseId {
        Self::genesis();
        Self::attest(owner);
        let id = LicenseId(<Licenses as LicenseInspect<AccountId>>::count());
        Licenses::grant_master(RawOrigin::Root.into(), owner.clone(), economics::MASTER_LIMIT).expect("within limits");
        id
    }

    fn linked_page(epoch: EpochIndex, masters: u32) {
        Self::masters_in(0, masters);
        Self::link_page(epoch);
    }

    fn master_pages(pages: u32, masters: u32) {
        pallet_licenses::NextId::<Runtime>::put(pages.saturating_mul(PAGE_SIZE));
        let share = masters.checked_div(pages).unwrap_or(0);
        for page in 0..pages {
            let rest = if page == 0 { masters.saturating_sub(share.saturating_mul(pages)) } else { 0 };
            Self::masters_in(page, share.saturating_add(rest));
        }
    }
}

impl pallet_availability::benchmarking::BenchmarkHelper for Scene {
    fn working(key: &VoteId, n: u32) -> Vec<LicenseId> {
        let mut seats = Self::seats();
        if let Some(last) = seats.last_mut() {
            last.vote_key = key.clone();
        }
        let records = seats.iter().map(|seat| pallet_oracles::OracleRecord {
            oracle: seat.oracle.clone(),
            license: seat.license,
            entity: Default::default(),
            since: 0,
        });
        pallet_oracles::Oracles::<Runtime>::put(BoundedVec::truncate_from(records.collect()));
        pallet_oracles::Voters::<Runtime>::put(BoundedVec::truncate_from(seats));
        let slot = ratio1_primitives::jobs::SlotRef { job: ratio1_primitives::JobId(0), slot: 0 };
        let licenses: Vec<LicenseId> = (0..n).map(LicenseId).collect();
        licenses.iter().for_each(|license| pallet_jobs::Assigned::<Runtime>::insert(license, slot, ()));
        licenses
    }
}

impl pallet_pools::benchmarking::BenchmarkHelper for Scene {
    fn run_epoch(epoch: EpochIndex) {
        pallet_availability::Running::<Runtime>::put(pallet_availability::RunningEpoch {
            epoch,
            params: Default::default(),
            oracles: Default::default(),
            gaps: Default::default(),
        });
    }
}

impl pallet_sale::BenchmarkHelper<AccountId> for Scene {
    fn ready(buyer: &AccountId) {
        Self::attest_as(buyer, EntityKind::Company);
        Self::genesis();
        <Self as pallet_rewards::benchmarking::BenchmarkHelper<AccountId>>::pools();
        if <Price as PriceInspect>::rate().is_err() {
            Price::administer(RawOrigin::Root.into(), USD).expect("the first rate");
        }
    }
}

impl pallet_nodes::BenchmarkHelper for Scene {
    fn run_epoch(epoch: EpochIndex) {
        <Self as pallet_pools::benchmarking::BenchmarkHelper>::run_epoch(epoch);
    }

    fn linked_deed(node: NodeId) -> LicenseId {
        let license = LicenseId(<Licenses as LicenseInspect<AccountId>>::count());
        Self::link(license, node);
        license
    }

    fn linked_page(epoch: EpochIndex) {
        Self::link_page(epoch);
        Self::freeze(epoch, PAGE_SIZE, 0);
    }
}

impl pallet_draws::BenchmarkHelper for Scene {
    fn client(draw: u64, others: u32, licenses: u32) -> Result<(EntityId, Client, u16), BenchmarkError> {
        pallet_jobs::benchmarking::client::<Runtime>(draw, others, licenses)
    }

    fn candidate(license: LicenseId, reputation: Reputation) -> Result<(), BenchmarkError> {
        pallet_jobs::benchmarking::candidate::<Runtime>(license, reputation)
    }
}

impl pallet_jobs::BenchmarkHelper for Scene {
    fn run_epoch(epoch: EpochIndex) {
        <Self as pallet_pools::benchmarking::BenchmarkHelper>::run_epoch(epoch);
        let clock = ClockParams { genesis_moment: 0, epoch_ms: EPOCH_MS };
        pallet_timestamp::Now::<Runtime>::put(clock.epoch_start(epoch).saturating_add(EPOCH_MS / 2));
        pallet_availability::Clock::<Runtime>::put(clock);
    }

    fn requester(who: &AccountId) {
        Self::attest_as(who, EntityKind::Company);
        if <Price as PriceInspect>::rate().is_err() {
            Price::administer(RawOrigin::Root.into(), USD).expect("the first rate");
        }
    }

    fn oracles() {
        let record = |seat: &Seat<AccountId>| pallet_oracles::OracleRecord {
            oracle: seat.oracle.clone(),
            license: seat.license,
            entity: [0; 32],
            since: 0,
        };
        let set: Vec<_> = Self::seats().iter().map(record).collect();
        pallet_oracles::Oracles::<Runtime>::put(BoundedVec::truncate_from(set.clone()));
        pallet_oracles::Queued::<Runtime>::put(BoundedVec::truncate_from(set));
        pallet_oracles::Voters::<Runtime>::put(BoundedVec::truncate_from(Self::seats()));
    }

    fn worker(license: LicenseId, node: NodeId, profile: &NodeProfile, reputation: Reputation) -> AccountId {
        let declared = pallet_nodes::Declared {
            node,
            profile: profile.clone(),
            since: 1,
            epoch: EpochIndex(0),
            before: Some((profile.clone(), 0)),
        };
        pallet_nodes::Profiles::<Runtime>::insert(license, declared);
        pallet_nodes::Sequence::<Runtime>::insert(license, 2);
        pallet_nodes::Barred::<Runtime>::insert(license, EpochIndex(1));
        pallet_nodes::Reputations::<Runtime>::mutate(license.page(), |page| {
            page.bounded_resize(PAGE_SIZE as usize, Reputation::default());
            if let Some(own) = page.get_mut(license.offset() as usize) {
                *own = reputation;
            }
        });
        Self::link(license, node)
    }

    fn finalise(epoch: EpochIndex, licenses: u32, services: u32, byte: u8) {
        Self::freeze(epoch, licenses, services);
        let record = pallet_availability::EpochRecord {
            ending: pallet_availability::Ending::Finalised,
            reopened: 0,
            seats: MAX_ORACLES,
            licenses,
            complete: MAX_ORACLES,
            eligible: MAX_ORACLES,
            known: Some(u32::MAX),
        };
        pallet_availability::Records::<Runtime>::insert(epoch, record);
        let full = |byte: u8| Page::truncate_from(alloc::vec![byte; PAGE_SIZE as usize]);
        for page in 0..pages(licenses) {
            pallet_availability::FinalisedPages::<Runtime>::insert(epoch, page, full(u8::MAX));
        }
        for page in 0..pages(services) {
            let index = pages(licenses).saturating_add(page);
            pallet_availability::FinalisedPages::<Runtime>::insert(epoch, index, full(byte));
        }
        pallet_availability::LastFinalised::<Runtime>::mutate(|last| *last = (*last).max(Some(epoch)));
    }
}
