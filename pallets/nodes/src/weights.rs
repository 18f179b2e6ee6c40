//! What the call and the hook step cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of this pallet.
pub trait WeightInfo {
    /// See [`crate::Pallet::declare`].
    fn declare() -> Weight;
    /// Judging a declaration before it is taken into the pool or a block.
    fn authorize_declare() -> Weight;
    /// [`crate::Pallet::on_page`] for one full page of licenses.
    fn on_page() -> Weight;
}

fn rough(time: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(time, 4_096).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn declare() -> Weight {
        rough(30_000_000, 10, 3)
    }
    fn authorize_declare() -> Weight {
        rough(80_000_000, 9, 0)
    }
    fn on_page() -> Weight {
        rough(30_000_000, 5, 1)
    }
}
