//! Benchmarks of the call, its authorisation and the hook step, each at its worst case.

use crate::*;
use frame_benchmarking::v2::*;
use frame_support::{
    pallet_prelude::{Authorize, TransactionSource},
    traits::fungible::Inspect,
};
use frame_system::RawOrigin;
use ratio1_primitives::{economics, traits::OnEpochFinalised, EpochIndex, LicenseClass, LicenseId, PAGE_SIZE};

/// What the runtime sets up for benchmarks, since deeds are another pallet's.
pub trait BenchmarkHelper<AccountId> {
    /// Issue a Node Deed to `owner`.
    fn node_deed(owner: &AccountId) -> LicenseId;
    /// Make all licenses of `page` exist and count as linked when `epoch` ended, in the form most costly to look up.
    fn linked_page(page: u32, epoch: EpochIndex);
}

/// A page on which every license has `credit`.
fn full_page(credit: u32) -> CreditsPage {
    alloc::vec![credit; PAGE_SIZE as usize].try_into().unwrap_or_default()
}

fn claimable_deed<T: Config>() -> (LicenseId, T::AccountId) {
    let owner: T::AccountId = whitelisted_caller();
    let license = T::BenchmarkHelper::node_deed(&owner);
    Credits::<T>::insert(license.page(), full_page(1_000));
    (license, owner)
}

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn claim() {
        let (license, owner) = claimable_deed::<T>();

        #[extrinsic_call]
        _(RawOrigin::Authorized, license);

        let earned = economics::minted(LicenseClass::Node, 1_000);
        assert_eq!(T::Currency::total_balance(&owner), earned);
        assert_eq!(Paid::<T>::get(license), 1_000);
    }

    #[benchmark]
    fn authorize_claim() -> Result<(), BenchmarkError> {
        let (license, _) = claimable_deed::<T>();
        let call = Call::<T>::claim { license };

        #[block]
        {
            call.authorize(TransactionSource::External).ok_or("claim is an authorised call")??;
        }

        Ok(())
    }

    #[benchmark]
    fn on_page() {
        let epoch = EpochIndex(1);
        T::BenchmarkHelper::linked_page(0, epoch);
        Credits::<T>::insert(0, full_page(1_000));
        let bytes = [255; PAGE_SIZE as usize];

        #[block]
        {
            Pallet::<T>::on_page(epoch, 0, &bytes);
        }

        assert_eq!(Credits::<T>::get(0).last(), Some(&1_255));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
