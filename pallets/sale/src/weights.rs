//! What the call costs. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the calls.
pub trait WeightInfo {
    /// See [`crate::Pallet::buy`]: `u` deeds, issued to an entity that bought before.
    fn buy(u: u32) -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(90_000_000, 12_288).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn buy(u: u32) -> Weight {
        let deeds = u64::from(u);
        let each = Weight::from_parts(20_000_000, 4_096).saturating_add(RocksDbWeight::get().reads_writes(3, 5));
        rough(16, 10).saturating_add(each.saturating_mul(deeds))
    }
}
