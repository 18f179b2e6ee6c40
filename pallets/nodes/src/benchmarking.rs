//! What the call, its authorisation and a page of reputations cost at their worst.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{pallet_prelude::TransactionSource, traits::Authorize, BoundedVec};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use ratio1_primitives::{
    jobs::{node::MAX_TAGS, Capacity, Gpu, NodeProfile, Reputation, Tag},
    keys::{profile_payload, NODE_KEY_TYPE},
    EpochIndex, LicenseId, NodeId, NodeSignature, PAGE_SIZE,
};
use sp_runtime::traits::Zero;

/// What benchmarks need from the neighbours.
pub trait BenchmarkHelper {
    /// Let `epoch` run.
    fn run_epoch(epoch: EpochIndex);
    /// A Node Deed linked to `node`, its owner in good standing.
    fn linked_deed(node: NodeId) -> LicenseId;
    /// Make all licenses of page 0 exist, let all count as linked when `epoch` ended, in the form most costly to look up,
    /// and let the threshold of `epoch` be known.
    fn linked_page(epoch: EpochIndex);
}

const EPOCH: EpochIndex = EpochIndex(10);
const LAST: u32 = 7;

/// A profile with the longest tags, which differ in their last byte.
fn profile(cpu_milli: u32) -> NodeProfile {
    let tag = |n: u8| -> Tag { BoundedVec::truncate_from([&[b'x'; 31][..], &[b'a'.saturating_add(n)]].concat()) };
    let tags: Vec<Tag> = (0u8..).take(MAX_TAGS as usize).map(tag).collect();
    let capacity = Capacity { cpu_milli, ..Capacity::MOST };
    NodeProfile { capacity, gpu: Some(Gpu::Ultra), tags: BoundedVec::truncate_from(tags) }
}

/// A declaration that changes one before it, with slots reserved and a bar that is over; signed.
fn declaration<T: Config>() -> Result<(LicenseId, u32, NodeProfile, NodeSignature), BenchmarkError> {
    T::BenchmarkHelper::run_epoch(EPOCH);
    frame_system::Pallet::<T>::set_block_number(BlockNumberFor::<T>::from(100u32));
    let key = sp_io::crypto::ed25519_generate(NODE_KEY_TYPE, None);
    let node = NodeId::from(key);
    let license = T::BenchmarkHelper::linked_deed(node);
    let before = Some((profile(3_000), 1));
    Profiles::<T>::insert(license, Declared { node, profile: profile(2_000), since: 2, epoch: EpochIndex(1), before });
    Sequence::<T>::insert(license, LAST);
    let used = Capacity { cpu_milli: 1_000, memory_mib: 1_000, disk_gib: 1_000, gpus: 1 };
    Reserved::<T>::insert(license, Reservation { used, slots: MAX_SLOTS_PER_NODE });
    Barred::<T>::insert(license, EPOCH);
    let (sequence, profile) = (LAST.saturating_add(1), profile(1_000));
    let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
    let payload = profile_payload(genesis, license, sequence, &profile);
    let signature = sp_io::crypto::ed25519_sign(NODE_KEY_TYPE, &key, &payload);
    Ok((license, sequence, profile, signature.ok_or("the keystore holds the node's key")?))
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn declare() -> Result<(), BenchmarkError> {
        let (license, sequence, profile, signature) = declaration::<T>()?;
        #[extrinsic_call]
        _(RawOrigin::Authorized, license, sequence, profile, signature);
        assert_eq!((Sequence::<T>::get(license), Barred::<T>::get(license)), (sequence, None));
        Ok(())
    }

    #[benchmark]
    fn authorize_declare() -> Result<(), BenchmarkError> {
        let (license, sequence, profile, signature) = declaration::<T>()?;
        let call = Call::<T>::declare { license, sequence, profile, signature };
        #[block]
        {
            call.authorize(TransactionSource::External)
                .ok_or("a declaration is an authorised call")?
                .map_err(|_| "refused")?;
        }
        Ok(())
    }

    /// Everybody was linked, and every other one available.
    #[benchmark]
    fn on_page() {
        T::BenchmarkHelper::linked_page(EPOCH);
        let before = ReputationPage::truncate_from(alloc::vec![Reputation(700); PAGE_SIZE as usize]);
        Reputations::<T>::insert(0, before);
        let bytes: Vec<u8> = [255, 0].into_iter().cycle().take(PAGE_SIZE as usize).collect();
        #[block]
        {
            let _ = Pallet::<T>::page_weight(0);
            Pallet::<T>::on_page(EPOCH, 0, &bytes);
        }
        assert_eq!(Reputations::<T>::get(0).last(), Some(&Reputation(690)));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
