//! Scenarios in lifecycle order, then random ones.

mod granting;
mod issuing;
mod linking;
mod market;
mod moving;
mod random;

use crate::mock::*;
use frame_support::dispatch::DispatchResult;
use ratio1_primitives::{
    traits::{LicenseInspect, PageMask},
    AccountId, EpochIndex, LicenseId,
};
use sp_runtime::traits::Dispatchable;

type Call = crate::Call<Test>;
type NftsCall = pallet_nfts::Call<Test>;
type NftsError = pallet_nfts::Error<Test>;

/// Make a call as a transaction does: what fails leaves no trace.
fn call(who: &AccountId, call: impl Into<RuntimeCall>) -> DispatchResult {
    call.into().dispatch(RuntimeOrigin::signed(who.clone())).map(|_| ()).map_err(|failed| failed.error)
}

fn link(n: u8, license: LicenseId, owner: &AccountId) -> DispatchResult {
    call(owner, Call::link { license, node: node(n), proof: proof(n, license, owner) })
}

fn unlink(license: LicenseId, owner: &AccountId) -> DispatchResult {
    call(owner, Call::unlink { license })
}

fn transfer(license: LicenseId, from: &AccountId, to: &AccountId) -> DispatchResult {
    call(from, Call::transfer { license, to: to.clone() })
}

/// The licenses of a page that were linked when an epoch ended of which that is known.
fn linked(page: u32, epoch: u32) -> PageMask {
    Licenses::linked(page, EpochIndex(epoch)).expect("the history reaches back")
}

fn ban(license: LicenseId) -> DispatchResult {
    Licenses::ban(RuntimeOrigin::root(), license)
}
