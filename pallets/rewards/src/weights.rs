//! What calls and hook steps cost. The runtime replaces these by measured weights.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of this pallet.
pub trait WeightInfo {
    /// [`crate::Pallet::claim`] for the Genesis deed: into five pools.
    fn claim_genesis() -> Weight;
    /// [`crate::Pallet::claim`] for a Master deed.
    fn claim_master() -> Weight;
    /// [`crate::Pallet::claim`] for a Node Deed.
    fn claim_node() -> Weight;
    /// Judging whether a claim pays the pools, before it is taken into the pool or a block.
    fn authorize_claim_genesis() -> Weight;
    /// Judging whether a claim pays the deed's owner.
    fn authorize_claim_owner() -> Weight;
    /// [`crate::Pallet::on_page`] for one full page of licenses with `m` Master deeds among them.
    fn on_page(m: u32) -> Weight;
    /// [`crate::Pallet::on_lapsed`] with `m` Master deeds in `p` pages of licenses.
    fn on_lapsed(m: u32, p: u32) -> Weight;
}

fn rough(time: u64, reads: u64, writes: u64) -> Weight {
    Weight::from_parts(time, 12_000).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

/// Rough values for mocks: an estimate of the computation, and the items read and written.
impl WeightInfo for () {
    fn claim_genesis() -> Weight {
        rough(300_000_000, 20, 16)
    }
    fn claim_master() -> Weight {
        rough(40_000_000, 7, 4)
    }
    fn claim_node() -> Weight {
        rough(40_000_000, 7, 4)
    }
    fn authorize_claim_genesis() -> Weight {
        rough(25_000_000, 7, 0)
    }
    fn authorize_claim_owner() -> Weight {
        rough(20_000_000, 5, 0)
    }
    fn on_page(m: u32) -> Weight {
        rough(100_000_000, 6, 3).saturating_add(rough(3_000_000, 2, 1).saturating_mul(m.into()))
    }
    fn on_lapsed(m: u32, p: u32) -> Weight {
        rough(5_000_000, 1, 0)
            .saturating_add(rough(3_000_000, 2, 1).saturating_mul(m.into()))
            .saturating_add(rough(3_000_000, 3, 0).saturating_mul(p.into()))
    }
}
