//! What the calls cost. The runtime generates the real weights from the benchmarks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of this pallet.
pub trait WeightInfo {
    /// `register_keys`, with the check before it.
    fn register_keys() -> Weight;
    /// `admit`, into an almost full set.
    fn admit() -> Weight;
    /// `remove`, from a full set.
    fn remove() -> Weight;
    /// `set_minimum`.
    fn set_minimum() -> Weight;
    /// The offence handler for `n` offenders in a full set.
    fn on_offence(n: u32) -> Weight;
}

/// Rough values, for mocks.
impl WeightInfo for () {
    fn register_keys() -> Weight {
        rough(700_000_000, 12, 12)
    }
    fn admit() -> Weight {
        rough(60_000_000, 9, 1)
    }
    fn remove() -> Weight {
        rough(50_000_000, 4, 3)
    }
    fn set_minimum() -> Weight {
        rough(15_000_000, 1, 1)
    }
    fn on_offence(n: u32) -> Weight {
        rough(100_000_000, 9, 5).saturating_mul(u64::from(n))
    }
}

fn rough(ref_time: u64, reads: u64, writes: u64) -> Weight {
    // Every read may prove one set of oracles: some ten kilobytes.
    Weight::from_parts(ref_time, reads.saturating_mul(10_000))
        .saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}
