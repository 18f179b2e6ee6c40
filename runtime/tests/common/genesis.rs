//! The genesis of a simulated network.

use super::{Person, Shape};
use pallet_licenses::GenesisDeed;
use ratio1_primitives::{
    economics::{
        price::{Price as Usd, USD},
        R1,
    },
    kyc::{Country, EntityKind},
    Hash, LicenseClass,
};
use ratio1_runtime::{presets, AccountId, Balance, RuntimeGenesisConfig};

/// Holds the Genesis deed, and the pools of marketing, grants and social responsibility.
pub const FOUNDATION: &str = "Foundation";
/// The liquidity wallet.
pub const LIQUIDITY: &str = "Liquidity";
/// The operations wallet.
pub const OPERATIONS: &str = "Operations";
/// Attests accounts.
pub const REGISTRAR: &str = "Registrar";

/// What each oracle's Master deed is assigned.
pub const ASSIGNED: Balance = 1_000_000 * R1;
/// What an R1 costs until oracles say so.
pub const PRICE: Usd = USD / 4;

/// The pseudonym of an account that is its entity's only one.
pub fn entity(account: &AccountId) -> Hash {
    sp_io::hashing::blake2_256(account.as_ref()).into()
}

/// An attestation of a person from Romania as a genesis has it.
pub fn attestation(account: AccountId) -> (AccountId, Hash, EntityKind, Country, u32) {
    let entity = entity(&account);
    (account, entity, EntityKind::Individual, Country(*b"RO"), 1_000_000)
}

/// License 0 is the foundation's Genesis deed, 1..=n are the oracles' Master deeds, then the edges' Node Deeds. The
/// oracles are the council.
pub fn genesis(shape: &Shape, oracles: &[Person], edges: &[Person]) -> RuntimeGenesisConfig {
    let foundation = Person::new(FOUNDATION);
    let (liquidity, operations, registrar) = (Person::new(LIQUIDITY), Person::new(OPERATIONS), Person::new(REGISTRAR));
    let everyone = || std::iter::once(&foundation).chain(oracles).chain(edges);
    let deed = |class, owner: &Person, node, assigned| GenesisDeed { class, owner: owner.id(), node, assigned };
    let node = shape.genesis_linked.then(|| foundation.node_id());
    let mut licenses = vec![deed(LicenseClass::Genesis, &foundation, node, None)];
    licenses.extend(oracles.iter().map(|p| deed(LicenseClass::Master, p, Some(p.node_id()), Some(ASSIGNED))));
    licenses.extend(edges.iter().map(|p| deed(LicenseClass::Node, p, Some(p.node_id()), None)));
    let parameters = pallet_availability::Parameters {
        beat_ms: 500,
        threshold: 230,
        commit_blocks: shape.window_blocks,
        reveal_blocks_min: shape.window_blocks,
        reopenings: shape.reopenings,
        ..Default::default()
    };
    RuntimeGenesisConfig {
        network: ratio1_runtime::network::GenesisConfig { session_blocks: shape.session_blocks, ..Default::default() },
        babe: pallet_babe::GenesisConfig { epoch_config: presets::BABE_EPOCH_CONFIG, ..Default::default() },
        kyc: pallet_kyc::GenesisConfig {
            registrars: vec![registrar.id()],
            attestations: everyone().map(|p| attestation(p.id())).collect(),
            prohibited: presets::PROHIBITED_COUNTRIES.iter().map(|code| Country(**code)).collect(),
            providers: vec![registrar.id(), liquidity.id(), operations.id()],
            ..Default::default()
        },
        licenses: pallet_licenses::GenesisConfig { licenses },
        oracles: pallet_oracles::GenesisConfig {
            oracles: oracles.iter().map(Person::id).zip(1..).collect(),
            minimum: 1,
        },
        availability: pallet_availability::GenesisConfig {
            epoch_ms: shape.epoch_ms,
            genesis_moment: None,
            parameters,
            ..Default::default()
        },
        session: pallet_session::GenesisConfig {
            keys: oracles.iter().map(|p| (p.id(), p.id(), p.session_keys())).collect(),
            ..Default::default()
        },
        price: pallet_price::GenesisConfig { administered: Some(PRICE), ..Default::default() },
        pools: pallet_pools::GenesisConfig {
            liquidity: Some(liquidity.id()),
            operations: Some(operations.id()),
            foundation: Some(foundation.id()),
        },
        council: pallet_collective::GenesisConfig {
            members: oracles.iter().map(Person::id).collect(),
            ..Default::default()
        },
        sudo: pallet_sudo::GenesisConfig { key: Some(foundation.id()) },
        ..Default::default()
    }
}
