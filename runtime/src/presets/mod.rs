//! What each network's genesis holds. The genesis holds assignments, never issuance: R1 begins at zero everywhere.
//!
//! `development` and `local` are complete, with well-known keys. `testnet` and `mainnet` carry the parameters; who
//! takes part there comes from a genesis ceremony (see `chain-specs/README.md`).

mod check;
mod dev;
mod parameters;

use crate::*;
use alloc::vec::Vec;
use sp_genesis_builder::PresetId;

pub use check::{check, check_json, Contradiction};
pub use parameters::{Parameters, PROHIBITED_COUNTRIES};

/// One machine, one oracle.
pub const DEVELOPMENT: &str = "development";
/// Four oracles and two edge nodes with well-known keys.
pub const LOCAL: &str = "local";
/// The public test network.
pub const TESTNET: &str = "testnet";
/// The real thing.
pub const MAINNET: &str = "mainnet";

/// BABE with VRF outputs in every block: randomness needs them.
pub const BABE_EPOCH_CONFIG: sp_consensus_babe::BabeEpochConfiguration = sp_consensus_babe::BabeEpochConfiguration {
    c: (1, 4),
    allowed_slots: sp_consensus_babe::AllowedSlots::PrimaryAndSecondaryVRFSlots,
};

/// All presets.
pub fn names() -> Vec<PresetId> {
    [DEVELOPMENT, LOCAL, TESTNET, MAINNET].into_iter().map(PresetId::from).collect()
}

/// A preset as a JSON patch of the default genesis.
pub fn get(id: &PresetId) -> Option<Vec<u8>> {
    let patch = match id.as_ref() {
        DEVELOPMENT => dev::development(),
        LOCAL => dev::local(),
        // ADR 0010: participants bring their public halves to a ceremony; no key of a public network is in the source.
        TESTNET => parameters::without_participants(Parameters::TESTNET),
        MAINNET => parameters::without_participants(Parameters::MAINNET),
        _ => return None,
    };
    serde_json::to_vec(&patch).ok()
}
