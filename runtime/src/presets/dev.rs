//! Networks of well-known keys. Anyone can sign for them: never for value.

use super::{parameters::prohibited, *};
use alloc::vec;
use frame_support::build_struct_json_patch;
use pallet_licenses::GenesisDeed;
use ratio1_primitives::{
    economics::{
        self,
        price::{Price as Usd, USD},
    },
    kyc::{Country, EntityKind},
    width::as_u32,
    LicenseClass, NodeId,
};
use sp_keyring::{Ed25519Keyring, Sr25519Keyring};

/// Attestations of these networks do not run out in practice.
const EXPIRES: u32 = 1_000_000;

/// A participant: the sr25519 account that owns the deed, the ed25519 key of the node.
#[derive(Clone, Copy)]
struct Person(Sr25519Keyring, Ed25519Keyring);

const ALICE: Person = Person(Sr25519Keyring::Alice, Ed25519Keyring::Alice);
const BOB: Person = Person(Sr25519Keyring::Bob, Ed25519Keyring::Bob);
const CHARLIE: Person = Person(Sr25519Keyring::Charlie, Ed25519Keyring::Charlie);
const DAVE: Person = Person(Sr25519Keyring::Dave, Ed25519Keyring::Dave);
const EVE: Person = Person(Sr25519Keyring::Eve, Ed25519Keyring::Eve);
const FERDIE: Person = Person(Sr25519Keyring::Ferdie, Ed25519Keyring::Ferdie);
/// Holds the Genesis deed.
const FOUNDATION: Sr25519Keyring = Sr25519Keyring::One;
/// Attests accounts.
const REGISTRAR: Sr25519Keyring = Sr25519Keyring::Two;
/// The liquidity wallet.
const LIQUIDITY: Sr25519Keyring = Sr25519Keyring::AliceStash;
/// The operations wallet.
const OPERATIONS: Sr25519Keyring = Sr25519Keyring::BobStash;
/// What each oracle's Master deed is assigned.
const ASSIGNED: Balance = 1_000_000 * economics::R1;
/// What an R1 costs until oracles say so: a quarter of a dollar.
const PRICE: Usd = USD / 4;

impl Person {
    fn account(&self) -> AccountId {
        self.0.to_account_id()
    }

    fn node(&self) -> NodeId {
        NodeId::from(self.1.public())
    }

    fn session_keys(&self) -> SessionKeys {
        SessionKeys {
            babe: self.0.public().into(),
            grandpa: self.1.public().into(),
            authority_discovery: self.0.public().into(),
            vote: self.1.public().into(),
        }
    }
}

/// The entity's pseudonym, from its account: of no use outside these networks.
fn entity(account: &AccountId) -> Hash {
    sp_io::hashing::blake2_256(account.as_ref()).into()
}

fn attestation(account: AccountId, kind: EntityKind) -> (AccountId, Hash, EntityKind, Country, u32) {
    let entity = entity(&account);
    (account, entity, kind, Country(*b"RO"), EXPIRES)
}

/// One oracle, Alice, and one Node Deed of Eve's whose node is linked.
pub fn development() -> serde_json::Value {
    network(Parameters::DEVELOPMENT, &[ALICE], &[EVE])
}

/// Four oracles with Master deeds, two edge nodes with Node Deeds, sudo for Alice.
pub fn local() -> serde_json::Value {
    network(Parameters::LOCAL, &[ALICE, BOB, CHARLIE, DAVE], &[EVE, FERDIE])
}

/// Deed 0 is the foundation's Genesis deed, then the oracles' Master deeds, then the edges' Node Deeds.
fn network(p: Parameters, oracles: &[Person], edges: &[Person]) -> serde_json::Value {
    let foundation = FOUNDATION.to_account_id();
    let deed = |class, owner, node, assigned| GenesisDeed { class, owner, node, assigned };
    let mut licenses = vec![deed(LicenseClass::Genesis, foundation.clone(), None, None)];
    licenses.extend(oracles.iter().map(|o| deed(LicenseClass::Master, o.account(), Some(o.node()), Some(ASSIGNED))));
    licenses.extend(edges.iter().map(|e| deed(LicenseClass::Node, e.account(), Some(e.node()), None)));

    let mut attestations = vec![attestation(foundation.clone(), EntityKind::Company)];
    attestations.extend(oracles.iter().chain(edges).map(|p| attestation(p.account(), EntityKind::Individual)));

    let admitted: Vec<(AccountId, u32)> = oracles.iter().map(Person::account).zip(1u32..).collect();
    let keys: Vec<_> = oracles.iter().map(|o| (o.account(), o.account(), o.session_keys())).collect();

    build_struct_json_patch!(RuntimeGenesisConfig {
        network: crate::network::GenesisConfig { session_blocks: p.session_blocks },
        babe: pallet_babe::GenesisConfig { epoch_config: BABE_EPOCH_CONFIG },
        kyc: pallet_kyc::GenesisConfig {
            registrars: vec![REGISTRAR.to_account_id()],
            attestations,
            prohibited: prohibited(),
            providers: vec![REGISTRAR.to_account_id()],
            ..Default::default()
        },
        licenses: pallet_licenses::GenesisConfig { licenses },
        oracles: pallet_oracles::GenesisConfig { oracles: admitted, minimum: as_u32(oracles.len().min(2)) },
        availability: p.availability(),
        session: pallet_session::GenesisConfig { keys },
        price: pallet_price::GenesisConfig { administered: Some(PRICE), ..Default::default() },
        pools: pallet_pools::GenesisConfig {
            liquidity: Some(LIQUIDITY.to_account_id()),
            operations: Some(OPERATIONS.to_account_id()),
            foundation: Some(foundation),
        },
        council: pallet_collective::GenesisConfig {
            members: oracles.iter().map(Person::account).collect(),
            ..Default::default()
        },
        jobs: p.jobs(),
        governance: p.governance(),
        sudo: pallet_sudo::GenesisConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
    })
}
