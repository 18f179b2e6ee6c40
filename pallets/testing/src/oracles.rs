//! Who votes.

use crate::{account, key};
use codec::{Decode, Encode};
use frame_support::parameter_types;
use ratio1_primitives::{
    ballot::Seat,
    traits::{IsOracle, OracleInspect},
    LicenseId,
};
use std::{cell::RefCell, collections::BTreeSet};

parameter_types! {
    /// Licenses that an oracle holds fast.
    pub static Bound: BTreeSet<LicenseId> = BTreeSet::new();
}

#[derive(Default)]
struct Table {
    active: Vec<Seat<Vec<u8>>>,
    barred: BTreeSet<Vec<u8>>,
    owners: BTreeSet<Vec<u8>>,
}

thread_local! {
    static TABLE: RefCell<Table> = RefCell::default();
}

pub(crate) fn reset() {
    Bound::set(BTreeSet::new());
    TABLE.set(Table::default());
}

/// The oracles. There are none until a test says so.
pub struct Oracles;

impl Oracles {
    /// These vote, in this order.
    pub fn set_active<AccountId: Encode>(seats: impl IntoIterator<Item = Seat<AccountId>>) {
        let encoded =
            |Seat { oracle, license, vote_key }: Seat<AccountId>| Seat { oracle: key(&oracle), license, vote_key };
        TABLE.with_borrow_mut(|table| table.active = seats.into_iter().map(encoded).collect());
    }

    /// These, and no others, are removed or disabled.
    pub fn set_barred<AccountId: Encode>(oracles: impl IntoIterator<Item = AccountId>) {
        TABLE.with_borrow_mut(|table| table.barred = oracles.into_iter().map(|who| key(&who)).collect());
    }

    /// These, and no others, own an oracle.
    pub fn set_owners<AccountId: Encode>(owners: impl IntoIterator<Item = AccountId>) {
        TABLE.with_borrow_mut(|table| table.owners = owners.into_iter().map(|who| key(&who)).collect());
    }
}

impl<AccountId: Encode + Decode> OracleInspect<AccountId> for Oracles {
    fn active() -> Vec<Seat<AccountId>> {
        let decoded = |seat: &Seat<Vec<u8>>| {
            let Seat { oracle, license, vote_key } = seat.clone();
            Seat { oracle: account(&oracle), license, vote_key }
        };
        TABLE.with_borrow(|table| table.active.iter().map(decoded).collect())
    }
    fn is_barred(oracle: &AccountId) -> bool {
        TABLE.with_borrow(|table| table.barred.contains(&key(oracle)))
    }
    fn is_bound(license: LicenseId) -> bool {
        Bound::get().contains(&license)
    }
}

impl<AccountId: Encode> IsOracle<AccountId> for Oracles {
    fn is_oracle(who: &AccountId) -> bool {
        TABLE.with_borrow(|table| table.owners.contains(&key(who)))
    }
}
