//! What hook steps cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of hook steps.
pub trait WeightInfo {
    /// Keeping a VRF output, with a seed to be kept.
    fn note_output() -> Weight;
    /// One turn of a draw, that looks at the licenses of `p` positions and takes none.
    fn turn(p: u32) -> Weight;
    /// A position at which there is no license to look at.
    fn skip() -> Weight;
    /// Reading the other slots of a client with `n` slots.
    fn own(n: u32) -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(10_000_000, 4_096).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

fn each(n: u32, reads: u64, writes: u64) -> Weight {
    rough(reads, writes).saturating_mul(n.into())
}

impl WeightInfo for () {
    fn note_output() -> Weight {
        rough(3, 2)
    }
    fn turn(p: u32) -> Weight {
        rough(8, 2).saturating_add(each(p, 8, 0))
    }
    fn skip() -> Weight {
        Weight::from_parts(10_000_000, 0)
    }
    fn own(n: u32) -> Weight {
        each(n, 4, 0)
    }
}
