//! What the calls cost. The runtime brings its measured weights; `()` is a rough stand-in for mocks.

use frame_support::weights::{constants::RocksDbWeight, Weight};

/// Weights of the calls.
pub trait WeightInfo {
    /// See [`crate::Pallet::add_registrar`].
    fn add_registrar() -> Weight;
    /// See [`crate::Pallet::remove_registrar`].
    fn remove_registrar() -> Weight;
    /// See [`crate::Pallet::attest`]: a further account of an entity, which writes the most.
    fn attest() -> Weight;
    /// See [`crate::Pallet::attest`]: the successor of a dismissed registrar shortens, which reads the most.
    fn attest_again() -> Weight;
    /// See [`crate::Pallet::revoke`].
    fn revoke() -> Weight;
    /// See [`crate::Pallet::prohibit_country`].
    fn prohibit_country() -> Weight;
    /// See [`crate::Pallet::permit_country`].
    fn permit_country() -> Weight;
    /// See [`crate::Pallet::set_parameters`].
    fn set_parameters() -> Weight;
    /// See [`crate::Pallet::revoke_entity`].
    fn revoke_entity() -> Weight;
    /// See [`crate::Pallet::restore_entity`].
    fn restore_entity() -> Weight;
}

fn rough(reads: u64, writes: u64) -> Weight {
    Weight::from_parts(10_000_000, 4_096).saturating_add(RocksDbWeight::get().reads_writes(reads, writes))
}

impl WeightInfo for () {
    fn add_registrar() -> Weight {
        rough(1, 1)
    }
    fn remove_registrar() -> Weight {
        rough(1, 1)
    }
    fn attest() -> Weight {
        rough(8, 4)
    }
    fn attest_again() -> Weight {
        rough(11, 3)
    }
    fn revoke() -> Weight {
        rough(7, 2)
    }
    fn prohibit_country() -> Weight {
        rough(2, 1)
    }
    fn permit_country() -> Weight {
        rough(1, 1)
    }
    fn set_parameters() -> Weight {
        rough(0, 1)
    }
    fn revoke_entity() -> Weight {
        rough(2, 1)
    }
    fn restore_entity() -> Weight {
        rough(1, 1)
    }
}
