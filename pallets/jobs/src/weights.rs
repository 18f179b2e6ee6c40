//! What calls and hook steps cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of calls and hook steps.
pub trait WeightInfo {
    /// See [`crate::Pallet::request`], for `n` nodes.
    fn request(n: u32) -> Weight;
    /// See [`crate::Pallet::extend`], of a job with `n` slots.
    fn extend(n: u32) -> Weight;
    /// See [`crate::Pallet::add_nodes`], for `n` nodes.
    fn add_nodes(n: u32) -> Weight;
    /// See [`crate::Pallet::cancel`], of a job with `n` slots.
    fn cancel(n: u32) -> Weight;
    /// See [`crate::Pallet::reject`].
    fn reject() -> Weight;
    /// See [`crate::Pallet::accept`].
    fn accept() -> Weight;
    /// Judging an `accept`.
    fn authorize_accept() -> Weight;
    /// See [`crate::Pallet::resign`].
    fn resign() -> Weight;
    /// Judging a `resign`.
    fn authorize_resign() -> Weight;
    /// See [`crate::Pallet::set_parameters`].
    fn set_parameters() -> Weight;
    /// What `on_poll` costs when there is nothing to do.
    fn poll() -> Weight;
    /// Offering a slot to who was found.
    fn offer() -> Weight;
    /// A draw giving up its only slot, with the end of the draw.
    fn give_up() -> Weight;
    /// An offer lapsing: the slot is drawn again.
    fn lapse_offer() -> Weight;
    /// An entry of the agenda: a service ends, or is paid out.
    fn agenda_entry() -> Weight;
    /// Settling `n` services for a finalised epoch, none of which fails or is released.
    fn settle_chunk(n: u32) -> Weight;
    /// Making good lapsed epochs of `n` services.
    fn postpone_chunk(n: u32) -> Weight;
    /// A service failing: it leaves, and its slot is drawn again.
    fn fail() -> Weight;
    /// What a byte tells of its slot, with all outcomes that wait for it.
    fn learn() -> Weight;
    /// Releasing what a service earned in one period.
    fn release() -> Weight;
    /// Being told of closed epochs.
    fn enqueue() -> Weight;
    /// Taking `n` slots away from a license.
    fn evict(n: u32) -> Weight;
    /// Moving `n` slots that a license serves, as one failure.
    fn absent(n: u32) -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(10_000_000, 4_096).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

fn each(n: u32, reads: u64, writes: u64) -> Weight {
    rough(reads, writes).saturating_mul(n.into())
}

impl WeightInfo for () {
    fn request(n: u32) -> Weight {
        rough(12, 10).saturating_add(each(n, 1, 1))
    }
    fn extend(n: u32) -> Weight {
        rough(8, 4).saturating_add(each(n, 2, 2))
    }
    fn add_nodes(n: u32) -> Weight {
        rough(10, 8).saturating_add(each(n, 1, 1))
    }
    fn cancel(n: u32) -> Weight {
        rough(6, 6).saturating_add(each(n, 8, 8))
    }
    fn reject() -> Weight {
        rough(16, 16)
    }
    fn accept() -> Weight {
        rough(12, 10)
    }
    fn authorize_accept() -> Weight {
        rough(8, 0).saturating_add(Weight::from_parts(50_000_000, 0))
    }
    fn resign() -> Weight {
        rough(6, 4)
    }
    fn authorize_resign() -> Weight {
        rough(6, 0).saturating_add(Weight::from_parts(50_000_000, 0))
    }
    fn set_parameters() -> Weight {
        rough(0, 1)
    }
    fn poll() -> Weight {
        rough(8, 4)
    }
    fn offer() -> Weight {
        rough(8, 8)
    }
    fn give_up() -> Weight {
        rough(6, 6)
    }
    fn lapse_offer() -> Weight {
        rough(12, 12)
    }
    fn agenda_entry() -> Weight {
        rough(20, 20)
    }
    fn settle_chunk(n: u32) -> Weight {
        rough(4, 1).saturating_add(each(n, 2, 1))
    }
    fn postpone_chunk(n: u32) -> Weight {
        rough(4, 1).saturating_add(each(n, 4, 4))
    }
    fn fail() -> Weight {
        rough(16, 16)
    }
    fn learn() -> Weight {
        rough(12, 10)
    }
    fn release() -> Weight {
        rough(24, 8)
    }
    fn enqueue() -> Weight {
        rough(1, 2)
    }
    fn evict(n: u32) -> Weight {
        each(n, 16, 16)
    }
    fn absent(n: u32) -> Weight {
        each(n, 20, 18)
    }
}
