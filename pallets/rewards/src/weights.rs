//! What calls and hook steps cost. The runtime replaces these by measured weights.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of this pallet.
pub trait WeightInfo {
    /// [`crate::Pallet::claim`].
    fn claim() -> Weight;
    /// Judging whether a claim pays, before it is taken into the pool or a block.
    fn authorize_claim() -> Weight;
    /// Crediting one full page of licenses.
    fn on_page() -> Weight;
}

/// Rough values for mocks: an estimate of the computation, and the items read and written.
impl WeightInfo for () {
    fn claim() -> Weight {
        Weight::from_parts(40_000_000, 12_000).saturating_add(RocksDbWeight::get().reads_writes(7, 4))
    }
    fn authorize_claim() -> Weight {
        Weight::from_parts(20_000_000, 12_000).saturating_add(RocksDbWeight::get().reads(5))
    }
    fn on_page() -> Weight {
        Weight::from_parts(30_000_000, 8_000).saturating_add(RocksDbWeight::get().reads_writes(3, 1))
    }
}
