//! Draws as a market sees them. What they mean for jobs, money and reputations is told by the tests of `pallet-jobs`.

mod corruption;
mod finding;
mod opening;
mod turns;

use crate::{
    mock::{Draws, *},
    *,
};
use alloc::{vec, vec::Vec};
use frame_support::{storage::with_transaction, weights::Weight};
use ratio1_primitives::{
    jobs::{draw, Client, Drawn, Reputation, MAX_NODES},
    traits::Draws as DrawsSeam,
    EpochIndex, Hash, JobId, LicenseId,
};
use sp_runtime::{DispatchError, TransactionOutcome, TryRuntimeError};

type Stored = pallet::Draws<Test>;

/// The seed of a draw opened in `block`, by the rules.
fn seed_of(block: u32, id: u64) -> Hash {
    draw::seed(&[1, 2, 3, 4].map(|n| output(block + n)), id)
}

/// The licenses in the order in which a draw comes upon them.
fn order_of(block: u32, id: u64, licenses: u32) -> Vec<u32> {
    let order = draw::Permutation::new(seed_of(block, id), licenses);
    (0..order.positions()).filter_map(|position| order.at(position)).map(|license| license.0).collect()
}

/// Nothing is left of any draw.
fn nothing_is_left() {
    assert_eq!(Stored::iter().count(), 0);
    assert_eq!(Turns::<Test>::iter().count(), 0);
    assert_eq!(Seeds::<Test>::iter().count() + OpenedAt::<Test>::iter().count(), 0);
}
