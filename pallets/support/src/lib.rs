//! What several pallets do alike, written once. A library, not a pallet: it keeps nothing and has no configuration.
//!
//! - [`attempt`]: one bounded piece of a block's work, rolled back and logged where it fails.
//! - [`pool`]: what the transaction pool is told of calls that are free of fees, and why it is told no.
//! - [`refusals`]: one set of names for the errors that say why an account may not take part.
//! - [`genesis_hash`], [`within`]: the chain's identity, and the bounds of parameters.

#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod pool;
pub mod refusals;

#[cfg(test)]
mod tests;

pub use pool::{is_feeless_for, refusal, Authorized};
pub use ratio1_primitives::refusal::{KycRefusal, PriceRefusal};

use frame_support::storage::with_storage_layer;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{traits::Zero, DispatchError};

/// Runs one bounded piece of work in a storage layer of its own.
///
/// What fails is rolled back and logged for `target` with `what` was tried, and the default is returned: the block goes
/// on without it.
pub fn attempt<R: Default>(target: &str, what: &str, work: impl FnOnce() -> Result<R, DispatchError>) -> R {
    with_storage_layer(work).unwrap_or_else(|error| {
        log::error!(target: target, "{what}: rolled back: {error:?}");
        R::default()
    })
}

/// The chain's identity, part of everything that is signed.
pub fn genesis_hash<T: frame_system::Config>() -> T::Hash {
    frame_system::Pallet::<T>::block_hash(BlockNumberFor::<T>::zero())
}

/// Whether a parameter is within its bounds, both included.
pub fn within<N: PartialOrd>(value: N, (least, most): (N, N)) -> bool {
    (least..=most).contains(&value)
}
