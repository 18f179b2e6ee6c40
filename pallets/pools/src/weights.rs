//! What the calls cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the calls.
pub trait WeightInfo {
    /// See [`crate::Pallet::disburse_liquidity`]: to a new account, and the check that makes it feeless.
    fn disburse_liquidity() -> Weight;
    /// See [`crate::Pallet::disburse`]: social responsibility, to a new account.
    fn disburse() -> Weight;
    /// See [`crate::Pallet::set_wallet`]: the foundation's, with three pools.
    fn set_wallet() -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(60_000_000, 8_192).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn disburse_liquidity() -> Weight {
        rough(7, 6)
    }
    fn disburse() -> Weight {
        rough(8, 5)
    }
    fn set_wallet() -> Weight {
        rough(8, 8)
    }
}
