//! Chain specifications: the runtime's own genesis presets, headed with what a node needs to find its network.

use ratio1_runtime::{Block, WASM_BINARY};
use sc_chain_spec::{ChainSpecExtension, ChainType, GenericChainSpec, Properties};
use sc_cli::ChainSpec as AnyChainSpec;
use serde::{Deserialize, Serialize};

/// What a specification can carry besides genesis. All optional.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ChainSpecExtension)]
#[serde(rename_all = "camelCase", default)]
pub struct Extensions {
    /// Block numbers with known hashes.
    pub fork_blocks: sc_client_api::ForkBlocks<Block>,
    /// Known bad block hashes.
    pub bad_blocks: sc_client_api::BadBlocks<Block>,
    /// Where a light client may start; filled by `sync_state_genSyncSpec`.
    pub light_sync_state: sc_sync_state_rpc::LightSyncStateExtension,
}

/// The specification of a Ratio1 network.
pub type ChainSpec = GenericChainSpec<Extensions>;

/// A network that this binary knows by name.
struct Network {
    /// Names on the command line; the first is the chain's id.
    names: &'static [&'static str],
    /// What people call it.
    title: &'static str,
    /// Decides about development keys and local addresses.
    kind: ChainType,
    /// The runtime's genesis preset.
    preset: &'static str,
}

const DEVELOPMENT: Network = Network {
    names: &["dev", "development"],
    title: "Ratio1 Development",
    kind: ChainType::Development,
    preset: "development",
};
const LOCAL: Network = Network { names: &["local"], title: "Ratio1 Local", kind: ChainType::Local, preset: "local" };
const TESTNET: Network =
    Network { names: &["testnet"], title: "Ratio1 Testnet", kind: ChainType::Live, preset: "testnet" };
const MAINNET: Network = Network { names: &["mainnet"], title: "Ratio1", kind: ChainType::Live, preset: "mainnet" };

const NETWORKS: [Network; 4] = [DEVELOPMENT, LOCAL, TESTNET, MAINNET];

/// The specification called `id`: `dev`, `local`, `testnet`, `mainnet`, or the path of a JSON file.
///
/// No name means `dev`: whoever tries the binary without a word joins nothing and risks nothing.
pub fn load_spec(id: &str) -> Result<Box<dyn AnyChainSpec>, String> {
    let name = if id.is_empty() { "dev" } else { id };
    match NETWORKS.iter().find(|network| network.names.contains(&name)) {
        Some(network) => Ok(Box::new(build(network)?)),
        None => Ok(Box::new(ChainSpec::from_json_file(name.into()).map_err(|error| {
            format!("`{name}` is neither dev, local, testnet or mainnet nor a readable chain specification: {error}")
        })?)),
    }
}

fn build(network: &Network) -> Result<ChainSpec, String> {
    let wasm = WASM_BINARY.ok_or(
        "this binary was built without its wasm runtime (SKIP_WASM_BUILD was set): build it again, or give --chain the path \
         of a raw chain specification",
    )?;
    let id = network.names.first().copied().unwrap_or(network.preset);
    Ok(ChainSpec::builder(wasm, Extensions::default())
        .with_name(network.title)
        .with_id(id)
        .with_protocol_id(&format!("ratio1-{id}"))
        .with_chain_type(network.kind.clone())
        .with_properties(properties())
        .with_genesis_config_preset_name(network.preset)
        .build())
}

/// How wallets show amounts and addresses.
fn properties() -> Properties {
    let mut properties = Properties::new();
    properties.insert("tokenSymbol".into(), "R1".into());
    properties.insert("tokenDecimals".into(), 18.into());
    properties.insert("ss58Format".into(), 42.into());
    properties
}

/// Whether a genesis state has validators. Without one, BABE and GRANDPA have nothing to begin with.
pub fn names_oracles(genesis: &sp_runtime::Storage) -> bool {
    sp_io::TestExternalities::new(genesis.clone())
        .execute_with(|| !ratio1_runtime::Grandpa::grandpa_authorities().is_empty())
}

/// Hash of the genesis block that a specification gives, without opening a database.
///
/// # Errors
/// When the genesis state cannot be built, or its runtime names no version.
pub fn genesis_hash(spec: &dyn AnyChainSpec) -> Result<ratio1_primitives::Hash, String> {
    use sp_runtime::traits::{Block as _, HashingFor};

    let executor = sc_executor::WasmExecutor::<crate::client::HostFunctions>::builder().build();
    let storage = spec.as_storage_builder().build_storage()?;
    let version = sc_chain_spec::resolve_state_version_from_wasm::<_, HashingFor<Block>>(&storage, &executor)
        .map_err(|error| error.to_string())?;
    if !storage.children_default.is_empty() {
        return Err("a genesis with child tries is not supported: give --genesis".into());
    }
    let entries: Vec<_> = storage.top.into_iter().collect();
    let root = <HashingFor<Block> as sp_runtime::traits::Hash>::trie_root(entries, version);
    Ok(sc_chain_spec::construct_genesis_block::<Block>(root, version).header().hash())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_to_one_network() {
        let mut names: Vec<_> = NETWORKS.iter().flat_map(|n| n.names).collect();
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }

    #[test]
    fn genesis_without_authorities_names_no_oracle() {
        assert!(!names_oracles(&sp_runtime::Storage::default()));
    }

    #[test]
    fn spec_is_refused_when_neither_name_nor_file() {
        let refusal = load_spec("no-such-network").err().unwrap_or_default();
        assert!(refusal.contains("no-such-network"), "{refusal}");
    }
}
