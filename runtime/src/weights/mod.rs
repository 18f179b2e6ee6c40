//! Measured weights, one file per pallet, made by `scripts/weights`.

pub mod pallet_availability;
pub mod pallet_draws;
pub mod pallet_governance;
pub mod pallet_jobs;
pub mod pallet_kyc;
pub mod pallet_licenses;
pub mod pallet_nodes;
pub mod pallet_oracles;
pub mod pallet_pools;
pub mod pallet_price;
pub mod pallet_rewards;
pub mod pallet_sale;
