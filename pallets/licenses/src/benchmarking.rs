//! What each call costs at its worst.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::*;
use alloc::vec::Vec;
use frame_benchmarking::v2::*;
use frame_support::{
    traits::{fungible::Mutate, EnsureOrigin, UnfilteredDispatchable},
    BoundedVec,
};
use frame_system::{pallet_prelude::BlockNumberFor, RawOrigin};
use ratio1_primitives::{
    economics::R1,
    keys::{link_payload, NODE_KEY_TYPE},
    traits::{EpochInspect, PageMask},
    AccountId, LicenseClass, LicenseId, NodeId, NodeSignature,
};
use sp_runtime::traits::Zero;

/// What benchmarks need from the neighbours.
pub trait BenchmarkHelper {
    /// Let `who` be admitted and in good standing, as an entity of its own.
    fn attest(who: &AccountId);
    /// Let there be something to settle for `license`, on a page of which every license has earned.
    fn earn(license: LicenseId);
    /// Let as many epochs be open as there can be.
    fn open_epochs();
}

impl BenchmarkHelper for () {
    fn attest(_: &AccountId) {}
    fn earn(_: LicenseId) {}
    fn open_epochs() {}
}

fn attested<T: Config>(name: &'static str) -> AccountId {
    let who = account(name, 0, 0);
    T::BenchmarkHelper::attest(&who);
    who
}

/// The chain may have been built without the Genesis deed.
fn begin<T: Config>(owner: &AccountId) -> Result<(), BenchmarkError> {
    if NextId::<T>::get() == 0 {
        // Fails when genesis created it, which is all that is wanted.
        let _ = T::Token::create_collection();
        Pallet::<T>::do_issue(LicenseClass::Genesis, owner)?;
    }
    Ok(())
}

/// A new Node Deed of `owner`.
fn issued<T: Config>(owner: &AccountId) -> Result<LicenseId, BenchmarkError> {
    begin::<T>(owner)?;
    Ok(Pallet::<T>::do_issue(LicenseClass::Node, owner)?)
}

/// A new Master deed of `owner`, approved for `to`.
fn master<T: Config>(owner: &AccountId, to: &AccountId) -> Result<LicenseId, BenchmarkError> {
    begin::<T>(owner)?;
    let license = Pallet::<T>::do_grant(owner, R1, T::Epochs::current())?;
    Pallet::<T>::do_approve(license, Some(to.clone()))?;
    Ok(license)
}

fn listed<T: Config>(license: LicenseId, seller: &AccountId, to: Option<AccountId>) {
    Listings::<T>::insert(license, Listing { seller: seller.clone(), price: R1, to });
}

/// A Master deed that can move from `owner` to `to` with all there is to do.
fn ready_to_move<T: Config>(owner: &AccountId, to: &AccountId) -> Result<LicenseId, BenchmarkError> {
    let license = master::<T>(owner, to)?;
    full_history::<T>(license);
    T::BenchmarkHelper::open_epochs();
    T::BenchmarkHelper::earn(license);
    listed::<T>(license, owner, Some(to.clone()));
    Ok(license)
}

/// Fill the history of the license's page. Masks stay what they are.
fn full_history<T: Config>(license: LicenseId) {
    let now = T::Epochs::current();
    let mask = LinkedPages::<T>::get(license.page()).last().map_or_else(PageMask::default, |newest| newest.mask);
    let versions = (0..MAX_VERSIONS).rev().map(|age| MaskVersion { since: now.minus(age), mask }).collect::<Vec<_>>();
    LinkedPages::<T>::insert(license.page(), BoundedVec::truncate_from(versions));
}

/// A node and its proof for the next link of `license`.
fn proof<T: Config>(license: LicenseId, owner: &AccountId) -> Result<(NodeId, NodeSignature), BenchmarkError> {
    let key = sp_io::crypto::ed25519_generate(NODE_KEY_TYPE, None);
    let genesis = frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero());
    let nonce = Licenses::<T>::get(license).map(|deed| deed.link_nonce).unwrap_or_default();
    let signature = sp_io::crypto::ed25519_sign(NODE_KEY_TYPE, &key, &link_payload(genesis, license, owner, nonce));
    Ok((key.into(), signature.ok_or("the keystore holds no node key")?))
}

fn linked<T: Config>(license: LicenseId) -> Result<LicenseId, BenchmarkError> {
    Pallet::<T>::set_link(license, NodeId([9; 32]), T::Epochs::current())?;
    full_history::<T>(license);
    Ok(license)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    // The check that makes the call feeless, and the call.
    #[benchmark]
    fn link() -> Result<(), BenchmarkError> {
        let owner = attested::<T>("owner");
        let license = issued::<T>(&owner)?;
        full_history::<T>(license);
        listed::<T>(license, &owner, None);
        let (node, proof) = proof::<T>(license, &owner)?;
        let call = Call::<T>::link { license, node, proof };
        #[block]
        {
            Pallet::<T>::check_link(&owner, license, &node, &proof)?;
            call.dispatch_bypass_filter(RawOrigin::Signed(owner.clone()).into())?;
        }
        assert_eq!(NodeLicense::<T>::get(node), Some(license));
        Ok(())
    }

    // The check that makes the call feeless, and the call, which has something to settle.
    #[benchmark]
    fn unlink() -> Result<(), BenchmarkError> {
        // Settling the Genesis deed, into five pools, costs most.
        begin::<T>(&attested::<T>("owner"))?;
        let license = linked::<T>(LicenseId(0))?;
        let owner = T::Token::owner(license).ok_or("the Genesis deed has an owner")?;
        T::BenchmarkHelper::earn(license);
        let call = Call::<T>::unlink { license };
        #[block]
        {
            Pallet::<T>::check_unlink(&owner, license)?;
            call.dispatch_bypass_filter(RawOrigin::Signed(owner.clone()).into())?;
        }
        assert_eq!(Licenses::<T>::get(license).map(|deed| deed.link), Some(None));
        Ok(())
    }

    #[benchmark]
    fn transfer() -> Result<(), BenchmarkError> {
        let owner = attested::<T>("owner");
        let receiver = attested::<T>("receiver");
        let license = ready_to_move::<T>(&owner, &receiver)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), license, receiver.clone());
        assert_eq!(T::Token::owner(license), Some(receiver));
        Ok(())
    }

    #[benchmark]
    fn ban() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let owner = attested::<T>("owner");
        let license = linked::<T>(master::<T>(&owner, &attested::<T>("receiver"))?)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, license);
        assert_eq!(Licenses::<T>::get(license).map(|deed| deed.banned), Some(true));
        Ok(())
    }

    #[benchmark]
    fn unban() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let license = issued::<T>(&attested::<T>("owner"))?;
        Pallet::<T>::set_banned(license, true);
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, license);
        assert_eq!(Licenses::<T>::get(license).map(|deed| deed.banned), Some(false));
        Ok(())
    }

    #[benchmark]
    fn grant_master() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let owner = attested::<T>("owner");
        begin::<T>(&owner)?;
        let license = LicenseId(NextId::<T>::get());
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, owner, R1);
        assert!(Grants::<T>::contains_key(license.page(), license));
        Ok(())
    }

    #[benchmark]
    fn approve_master_transfer() -> Result<(), BenchmarkError> {
        let origin = T::AdminOrigin::try_successful_origin().map_err(|_| BenchmarkError::Weightless)?;
        let owner = attested::<T>("owner");
        let (first, second) = (attested::<T>("first"), attested::<T>("second"));
        let license = master::<T>(&owner, &first)?;
        listed::<T>(license, &owner, Some(first));
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, license, Some(second.clone()));
        assert_eq!(Approvals::<T>::get(license), Some(second));
        assert!(!Listings::<T>::contains_key(license));
        Ok(())
    }

    #[benchmark]
    fn list() -> Result<(), BenchmarkError> {
        let owner = attested::<T>("owner");
        let receiver = attested::<T>("receiver");
        let license = master::<T>(&owner, &receiver)?;
        listed::<T>(license, &owner, Some(receiver.clone()));
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), license, 2 * R1, Some(receiver));
        assert_eq!(Listings::<T>::get(license).map(|listing| listing.price), Some(2 * R1));
        Ok(())
    }

    #[benchmark]
    fn cancel_listing() -> Result<(), BenchmarkError> {
        let owner = attested::<T>("owner");
        let license = issued::<T>(&owner)?;
        listed::<T>(license, &owner, None);
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), license);
        assert!(!Listings::<T>::contains_key(license));
        Ok(())
    }

    #[benchmark]
    fn buy() -> Result<(), BenchmarkError> {
        let owner = attested::<T>("owner");
        let buyer = attested::<T>("buyer");
        let license = ready_to_move::<T>(&owner, &buyer)?;
        T::Currency::set_balance(&buyer, 2 * R1);
        #[extrinsic_call]
        _(RawOrigin::Signed(buyer.clone()), license, R1);
        assert_eq!(T::Token::owner(license), Some(buyer));
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::benchmark_ext(), crate::mock::Test);
}
