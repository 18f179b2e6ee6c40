//! In the order of the lifecycle, then properties.

mod claiming;
mod credits;
mod genesis;
mod masters;
mod properties;
mod supply;

use crate::{mock::*, *};
use codec::Encode;
use frame_support::{
    assert_noop, assert_ok,
    pallet_prelude::{Authorize, InvalidTransaction, TransactionSource, TransactionValidityError},
    traits::{
        fungible::{Balanced, Inspect, Mutate},
        tokens::{Fortitude, Precision, Preservation},
        OnUnbalanced,
    },
};
use frame_system::RawOrigin;
use proptest::prelude::*;
use ratio1_primitives::{
    economics::{self, pools::Pool, NODE_ENTITLEMENT, NODE_SHARE},
    traits::{SettleRewards, SupplyLedger},
    Balance, EpochIndex, LicenseClass, LicenseId, PAGE_SIZE,
};
use sp_runtime::BuildStorage;

const ND: LicenseId = LicenseId(2);
const MAX: u32 = 275_400;

fn claim(id: LicenseId) -> frame_support::dispatch::DispatchResult {
    Rewards::claim(RawOrigin::Authorized.into(), id).map(|_| ()).map_err(|refused| refused.error)
}

fn balance(n: u8) -> Balance {
    Balances::total_balance(&account(n))
}

fn authorize(id: LicenseId) -> Result<Vec<Vec<u8>>, TransactionValidityError> {
    let call = crate::Call::<Test>::claim { license: id };
    call.authorize(TransactionSource::External).expect("claim is authorised").map(|(valid, _)| valid.provides)
}

fn burn(n: u8, amount: Balance) {
    let all = (Preservation::Expendable, Precision::BestEffort, Fortitude::Polite);
    let credit = Balances::withdraw(&account(n), amount, all.1, all.0, all.2).expect("best effort does not fail");
    CountedBurn::<Test>::on_unbalanced(credit);
}
