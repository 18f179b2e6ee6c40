//! What the calls and the hook cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the calls and the hook.
pub trait WeightInfo {
    /// See [`crate::Pallet::schedule`]: of a call of `l` bytes, which is read and decoded.
    fn schedule(l: u32) -> Weight;
    /// See [`crate::Pallet::cancel`].
    fn cancel() -> Weight;
    /// See [`crate::Pallet::enact`]: of a call of `l` bytes, without what the call itself costs.
    fn enact(l: u32) -> Weight;
    /// See [`crate::Pallet::pause`]: with as many others as there can be.
    fn pause() -> Weight;
    /// See [`crate::Pallet::resume`].
    fn resume() -> Weight;
    /// See [`crate::Pallet::halt`].
    fn halt() -> Weight;
    /// See [`crate::Pallet::unhalt`].
    fn unhalt() -> Weight;
    /// See [`crate::Pallet::set_parameters`].
    fn set_parameters() -> Weight;
    /// The beginning of a block in which `n` pauses end.
    fn end_pauses(n: u32) -> Weight;
    /// The beginning of a block in which `n` halts end, none or one.
    fn end_halt(n: u32) -> Weight;
    /// The beginning of a block in which `n` enactments are handed to the scheduler.
    fn hand_over(n: u32) -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(10_000_000, 4_096).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

fn per_byte(l: u32) -> Weight {
    Weight::from_parts(2_000, 1).saturating_mul(l.into())
}

impl WeightInfo for () {
    fn schedule(l: u32) -> Weight {
        rough(8, 7).saturating_add(per_byte(l))
    }
    fn cancel() -> Weight {
        rough(6, 6)
    }
    fn enact(l: u32) -> Weight {
        rough(4, 4).saturating_add(per_byte(l))
    }
    fn pause() -> Weight {
        rough(5, 2)
    }
    fn resume() -> Weight {
        rough(2, 2)
    }
    fn halt() -> Weight {
        rough(3, 2)
    }
    fn unhalt() -> Weight {
        rough(2, 2)
    }
    fn set_parameters() -> Weight {
        rough(1, 1)
    }
    fn end_pauses(n: u32) -> Weight {
        rough(1, 0).saturating_add(RocksDbWeight::get().reads_writes(1, 2).saturating_mul(n.into()))
    }
    fn end_halt(n: u32) -> Weight {
        rough(2, 0).saturating_add(rough(0, 2).saturating_mul(n.into()))
    }
    fn hand_over(n: u32) -> Weight {
        rough(1, 1).saturating_add(rough(3, 2).saturating_mul(n.into()))
    }
}
