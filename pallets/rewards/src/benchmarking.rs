//! Benchmarks of the call, its authorisation and the hook steps, each at its worst case.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use crate::*;
use frame_benchmarking::v2::*;
use frame_support::{
    pallet_prelude::{Authorize, TransactionSource},
    traits::fungible::Inspect,
};
use frame_system::RawOrigin;
use ratio1_primitives::{
    economics::{self, R1},
    traits::{LicenseInspect, Pools},
    EpochIndex, LicenseClass, LicenseId, PAGE_SIZE,
};

/// What the runtime sets up for benchmarks, since deeds and pools are other pallets'.
pub trait BenchmarkHelper<AccountId> {
    /// Give every pool an account of its own where that is possible.
    fn pools();
    /// The Genesis deed, issued if it is not.
    fn genesis_deed() -> LicenseId;
    /// Issue a Node Deed to `owner`.
    fn node_deed(owner: &AccountId) -> LicenseId;
    /// Issue a Master deed to `owner`.
    fn master_deed(owner: &AccountId) -> LicenseId;
    /// Make all licenses of page 0 exist, the last `masters` of them Master deeds granted in epoch 0, and all count as
    /// linked when `epoch` ended, in the form most costly to look up.
    fn linked_page(epoch: EpochIndex, masters: u32);
    /// Make `pages` full pages of licenses exist, with `masters` Master deeds granted in epoch 0 among them, in whatever
    /// pages.
    fn master_pages(pages: u32, masters: u32);
}

/// The epoch after whose end Master deeds granted in epoch 0 are released most.
const STEEPEST: EpochIndex = EpochIndex(660);

/// A page on which every license has `credit`.
fn full_page(credit: u32) -> CreditsPage {
    alloc::vec![credit; PAGE_SIZE as usize].try_into().unwrap_or_default()
}

fn genesis_deed<T: Config>() -> LicenseId {
    T::BenchmarkHelper::pools();
    let license = T::BenchmarkHelper::genesis_deed();
    Credits::<T>::insert(license.page(), full_page(1_000));
    license
}

fn node_deed<T: Config>() -> (LicenseId, T::AccountId) {
    let owner: T::AccountId = whitelisted_caller();
    let license = T::BenchmarkHelper::node_deed(&owner);
    Credits::<T>::insert(license.page(), full_page(1_000));
    (license, owner)
}

/// Every Master deed of page 0 has a ledger with something carried, so that all of them are written.
fn carry<T: Config>() {
    for (id, _) in T::Licenses::masters(0) {
        Masters::<T>::insert(id, MasterLedger { carried: R1, lapsed: EpochIndex(659), ..Default::default() });
    }
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn claim_genesis() {
        let license = genesis_deed::<T>();

        #[extrinsic_call]
        claim(RawOrigin::Authorized, license);

        assert_eq!(Minted::<T>::get(LicenseClass::Genesis), economics::minted(LicenseClass::Genesis, 1_000));
        assert!(economics::pools::Pool::ALL.iter().all(|pool| T::Pools::account(*pool).is_some()));
    }

    #[benchmark]
    fn claim_master() {
        let owner: T::AccountId = whitelisted_caller();
        let license = T::BenchmarkHelper::master_deed(&owner);
        Masters::<T>::insert(license, MasterLedger { earned: R1, ..Default::default() });
        Credits::<T>::insert(license.page(), full_page(1_000));

        #[extrinsic_call]
        claim(RawOrigin::Authorized, license);

        assert_eq!(T::Currency::total_balance(&owner), R1);
    }

    #[benchmark]
    fn claim_node() {
        let (license, owner) = node_deed::<T>();

        #[extrinsic_call]
        claim(RawOrigin::Authorized, license);

        let earned = economics::minted(LicenseClass::Node, 1_000);
        assert_eq!(T::Currency::total_balance(&owner), earned);
        assert_eq!(Paid::<T>::get(license), 1_000);
    }

    #[benchmark]
    fn authorize_claim_genesis() -> Result<(), BenchmarkError> {
        let license = genesis_deed::<T>();
        let call = Call::<T>::claim { license };

        #[block]
        {
            call.authorize(TransactionSource::External).ok_or("claim is an authorised call")??;
        }

        Ok(())
    }

    #[benchmark]
    fn authorize_claim_owner() -> Result<(), BenchmarkError> {
        let (license, _) = node_deed::<T>();
        let call = Call::<T>::claim { license };

        #[block]
        {
            call.authorize(TransactionSource::External).ok_or("claim is an authorised call")??;
        }

        Ok(())
    }

    // Asking for the weight is part of it.
    #[benchmark]
    fn on_page(m: Linear<0, { economics::MASTER_COUNT }>) {
        T::BenchmarkHelper::linked_page(STEEPEST, m);
        Credits::<T>::insert(0, full_page(1_000));
        carry::<T>();
        let bytes = [255; PAGE_SIZE as usize];

        #[block]
        {
            let _ = Pallet::<T>::page_weight(0);
            Pallet::<T>::on_page(STEEPEST, 0, &bytes);
        }

        assert_eq!(Credits::<T>::get(0).last(), Some(&1_255));
        assert_eq!(T::Licenses::master_count(0), m);
        assert!(m == 0 || Earned::<T>::get(LicenseClass::Master) > 0);
    }

    // Asking for the weight is part of it.
    #[benchmark]
    fn on_lapsed(m: Linear<0, { economics::MASTER_COUNT }>, p: Linear<1, 98>) {
        T::BenchmarkHelper::master_pages(p, m);

        #[block]
        {
            let _ = Pallet::<T>::lapse_weight();
            Pallet::<T>::on_lapsed(STEEPEST, STEEPEST.plus(1));
        }

        assert_eq!(Masters::<T>::iter().count(), m as usize);
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
