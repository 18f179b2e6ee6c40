//! What the call and posting cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the call and of posting.
pub trait WeightInfo {
    /// See [`crate::Pallet::administer`].
    fn administer() -> Weight;
    /// See [`crate::Pallet::post`].
    fn post() -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(10_000_000, 4_096).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn administer() -> Weight {
        rough(2, 1)
    }
    fn post() -> Weight {
        rough(3, 2)
    }
}
