//! What the calls cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the calls.
pub trait WeightInfo {
    /// See [`crate::Pallet::link`]: a full history, a valid signature, and the feeless check before the call.
    fn link() -> Weight;
    /// See [`crate::Pallet::unlink`]: a full history, settling included, and the feeless check before the call.
    fn unlink() -> Weight;
    /// See [`crate::Pallet::transfer`]: a full history, as many open epochs as there can be, settling included.
    fn transfer() -> Weight;
    /// See [`crate::Pallet::ban`]: a linked license, a full history.
    fn ban() -> Weight;
    /// See [`crate::Pallet::unban`].
    fn unban() -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(90_000_000, 12_288).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn link() -> Weight {
        rough(10, 4)
    }
    fn unlink() -> Weight {
        rough(12, 8)
    }
    fn transfer() -> Weight {
        rough(18, 10)
    }
    fn ban() -> Weight {
        rough(6, 4)
    }
    fn unban() -> Weight {
        rough(2, 2)
    }
}
