//! What the calls cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the calls.
pub trait WeightInfo {
    /// See [`crate::Pallet::link`]: a listed license, a full history, a valid signature, and the feeless check before
    /// the call.
    fn link() -> Weight;
    /// See [`crate::Pallet::unlink`]: a full history, settling included, and the feeless check before the call.
    fn unlink() -> Weight;
    /// See [`crate::Pallet::transfer`]: a listed Master deed whose grant goes to another entity, a full history, as
    /// many open epochs as there can be, settling included.
    fn transfer() -> Weight;
    /// See [`crate::Pallet::ban`]: a linked Master deed with an approval, a full history.
    fn ban() -> Weight;
    /// See [`crate::Pallet::unban`].
    fn unban() -> Weight;
    /// See [`crate::Pallet::grant_master`].
    fn grant_master() -> Weight;
    /// See [`crate::Pallet::approve_master_transfer`]: an approval that replaces another and ends a listing.
    fn approve_master_transfer() -> Weight;
    /// See [`crate::Pallet::list`]: a Master deed.
    fn list() -> Weight;
    /// See [`crate::Pallet::cancel_listing`].
    fn cancel_listing() -> Weight;
    /// See [`crate::Pallet::buy`]: as `transfer`, and the payment.
    fn buy() -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(90_000_000, 12_288).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn link() -> Weight {
        rough(11, 5)
    }
    fn unlink() -> Weight {
        rough(12, 8)
    }
    fn transfer() -> Weight {
        rough(23, 16)
    }
    fn ban() -> Weight {
        rough(8, 6)
    }
    fn unban() -> Weight {
        rough(2, 2)
    }
    fn grant_master() -> Weight {
        rough(14, 14)
    }
    fn approve_master_transfer() -> Weight {
        rough(4, 2)
    }
    fn list() -> Weight {
        rough(4, 1)
    }
    fn cancel_listing() -> Weight {
        rough(3, 1)
    }
    fn buy() -> Weight {
        rough(25, 18)
    }
}
