//! Measured weights, one file per pallet, made by `scripts/weights`.

pub mod pallet_oracles;
