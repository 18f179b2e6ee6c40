//! What an R1 is worth, where it goes, and what of it was burned.

use crate::{account, key};
use codec::{Decode, Encode};
use frame_support::parameter_types;
use ratio1_primitives::{
    economics::{pools::Pool, price::Price},
    refusal::PriceRefusal,
    traits::{Pools, PriceInspect, SupplyLedger},
    Balance, LicenseClass,
};
use sp_runtime::{DispatchError, DispatchResult};
use std::{cell::RefCell, collections::BTreeMap};

parameter_types! {
    /// The rate.
    pub static Rate: Result<Price, PriceRefusal> = Err(PriceRefusal::Missing);
    /// The lower of the last two rates.
    pub static LowerRate: Result<Price, PriceRefusal> = Err(PriceRefusal::Missing);
    /// What came to the pools, in this order.
    pub static Deposited: Vec<(Pool, Balance)> = Vec::new();
    /// The pool that takes nothing.
    pub static Refusing: Option<Pool> = None;
    /// Base units that were said to be burned.
    pub static Burned: Balance = 0;
}

thread_local! {
    static WALLETS: RefCell<BTreeMap<Pool, Vec<u8>>> = RefCell::default();
}

pub(crate) fn reset() {
    Rate::set(Err(PriceRefusal::Missing));
    LowerRate::set(Err(PriceRefusal::Missing));
    Deposited::set(Vec::new());
    Refusing::set(None);
    Burned::set(0);
    WALLETS.set(BTreeMap::new());
}

/// What an R1 is worth: [`Rate`] and [`LowerRate`]. A mock sets the one that its pallet may ask for.
pub struct Rates;

impl PriceInspect for Rates {
    fn rate() -> Result<Price, PriceRefusal> {
        Rate::get()
    }
    fn lower_rate() -> Result<Price, PriceRefusal> {
        LowerRate::get()
    }
}

/// The pools. None has an account until a test says so.
pub struct Vaults;

impl Vaults {
    /// The account of a pool.
    pub fn open(pool: Pool, account: &impl Encode) {
        WALLETS.with_borrow_mut(|wallets| wallets.insert(pool, key(account)));
    }

    /// The pool has no account.
    pub fn close(pool: Pool) {
        WALLETS.with_borrow_mut(|wallets| wallets.remove(&pool));
    }

    /// What came to a pool.
    pub fn received(pool: Pool) -> Balance {
        Deposited::get().iter().filter(|(to, _)| *to == pool).map(|(_, amount)| amount).sum()
    }
}

impl<AccountId: Decode> Pools<AccountId> for Vaults {
    fn account(pool: Pool) -> Option<AccountId> {
        WALLETS.with_borrow(|wallets| wallets.get(&pool).map(|key| account(key)))
    }
    fn deposited(pool: Pool, amount: Balance) -> DispatchResult {
        if Refusing::get() == Some(pool) {
            return Err(DispatchError::Other("the pool takes nothing"));
        }
        Deposited::mutate(|log| log.push((pool, amount)));
        Ok(())
    }
}

/// Counts what was burned, in [`Burned`].
pub struct Supply;

impl SupplyLedger for Supply {
    fn note_burned(amount: Balance) {
        Burned::mutate(|burned| *burned += amount);
    }
    fn minted(_: LicenseClass) -> Balance {
        0
    }
}
