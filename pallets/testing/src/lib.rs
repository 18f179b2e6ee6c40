//! The neighbours of a pallet under test: one fake for each trait of [`ratio1_primitives::traits`], so that the mocks of
//! pallets hold no copies.
//!
//! A fake is a type without values, to be named in the mock's `Config`, and tables of the running thread that a test
//! sets: a chain in which everything is as a test says. Every mock calls [`reset`] before it builds its chain.
//!
//! Accounts are of whatever type the mock has: tables keep their encoding. What a pallet tells a fake is kept in the
//! thread, not in the chain's storage: it is not rolled back with a call that fails, so that a test sees what was told.
//! A neighbour whose answers depend on what the pallet told it before, and which must be rolled back with it, is kept in
//! the storage of the mock's chain, as [`Nodes`] is.
//!
//! A development dependency. It depends on no pallet, and no pallet on it but in tests.

mod deeds;
mod epochs;
mod kyc;
mod money;
mod nodes;
mod oracles;
mod slots;

pub use deeds::{Deeds, IssueFails};
pub use epochs::{
    Current, Epochs, Known, LastFinalised, Measured, Now, Open, Services, ServicesInUse, Threshold, Wallclock,
};
pub use kyc::Kyc;
pub use money::{Burned, Deposited, LowerRate, Rate, Rates, Refusing, Supply, Vaults};
pub use nodes::{BarredUntil, Declared, Nodes, Noted, Profiles, Reputations, Reserved};
pub use oracles::{Bound, Oracles};
pub use slots::{AbsentWeight, EvictWeight, Moved, OnEvict, Slots, Working};

/// Everything as it is before a test: epoch 0 runs, nothing exists, nobody is attested, nothing has a price.
pub fn reset() {
    deeds::reset();
    epochs::reset();
    kyc::reset();
    money::reset();
    oracles::reset();
    slots::reset();
}

/// The encoding of an account.
fn key(who: &impl codec::Encode) -> Vec<u8> {
    who.encode()
}

/// The account of an encoding.
fn account<AccountId: codec::Decode>(key: &[u8]) -> AccountId {
    AccountId::decode(&mut &*key).expect("tables hold accounts of one type")
}
