//! Wiring: what runs in a node, and what each part is given.

mod consensus;
mod crew;
mod fellows;
mod network;
mod partial;
mod stopping;
mod workers;

pub use partial::{partial, Partial};
pub use workers::ORACLE_FOLDER;

use crate::{
    adapters::{
        chain::ChainAdapter, hardware::Machine, keystore::KeystoreAdapter, metrics::Metrics, pool::PoolSink,
        transport::NetTransport,
    },
    callers::Fellows,
    client::{FullClient, FullPool},
    dauth::StandingWatch,
    flags::NodeFlags,
    health::{Board, Inspector},
    operator_rpc::OperatorRpc,
    protocols::Inbound,
    rpc::{self, NodeFacts},
    voting::{self, Stage, StageWatch, Watcher},
};
use consensus::Consensus;
use fellows::Keeper;
use network::Prepared;
use ratio1_ports::NodeRole;
use ratio1_primitives::{keys::NODE_KEY_TYPE, Hash};
use ratio1_runtime::Block;
use sc_consensus::DefaultImportQueue;
use sc_consensus_grandpa::{FinalityProofProvider, SharedVoterState};
use sc_network::{
    config::{FullNetworkConfiguration, NetworkBackendType},
    service::{traits::NetworkService, NotificationMetrics},
    NetworkBackend,
};
use sc_network_sync::SyncingService;
use sc_service::{
    config::Configuration, error::Error, BuildNetworkParams, ChainType, SpawnTasksParams, TaskManager, WarpSyncConfig,
};
use sp_blockchain::HeaderBackend;
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};
use workers::OracleParts;

/// Connections live this long without use. Beats may be tens of seconds apart, and each would otherwise begin with
/// dialling its oracle anew.
const IDLE_CONNECTION: Duration = Duration::from_secs(60);

/// What a node is told besides the SDK's configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the operator wants.
    pub flags: NodeFlags,
    /// Where the operator's methods listen.
    pub operator_rpc: OperatorRpc,
}

/// Start a node. It speaks litep2p: a second network backend would double the time it takes to compile, and nothing
/// needs it.
pub fn start_node(mut config: Configuration, options: Options) -> Result<TaskManager, Error> {
    config.network.idle_connection_timeout = IDLE_CONNECTION;
    match config.network.network_backend {
        NetworkBackendType::Litep2p => start_with::<sc_network::Litep2pNetworkBackend>(config, options),
        NetworkBackendType::Libp2p => {
            Err(Error::Other("this node speaks litep2p only: leave `--network-backend` out".into()))
        }
    }
}

fn start_with<N: NetworkBackend<Block, Hash>>(
    mut config: Configuration,
    options: Options,
) -> Result<TaskManager, Error> {
    let Options { flags, operator_rpc } = options;
    let role = role(&config, &flags);
    let (mut parts, import_queue) = partial(&config)?;
    let keystore = parts.keystore.keystore();
    insert_development_node_key(&mut config, role, &keystore)?;

    let genesis = parts.client.info().genesis_hash;
    let Prepared { net_config, notifications, grandpa, protocols, inbound } =
        network::prepare_network::<N>(&config, genesis, role == NodeRole::Validator);
    let node = node_facts(&config, role)?;
    let voting = StageWatch::new(first_stage(&parts, role, flags.vote_without_record)?);
    let voter_state = SharedVoterState::empty();
    let sdk_rpc = sdk_rpc(&config, &parts, voter_state.clone());
    let params = network_params(&config, &parts, import_queue, net_config, notifications);
    let (network, system_rpc_tx, tx_handler_controller, sync, _) = sc_service::build_network(params)?;
    let consensus = Consensus::of(&config, &keystore, parts.telemetry.as_ref());

    let discovery = network::spawn_discovery(&config, &parts, &network, &keystore);
    if config.offchain_worker.enabled {
        network::spawn_offchain_workers(&config, &parts, &network, &keystore)?;
    }
    if voting.stage() != Stage::Voting {
        spawn_watcher(&parts, &voting, &sync, &voter_state);
    }

    let chain = Arc::new(ChainAdapter::new(parts.client.clone(), sync.clone()));
    let transport = Arc::new(NetTransport::new(network.clone(), discovery, chain.clone(), protocols));
    let deps = worker_deps(&config, &parts, node, chain, transport, flags);
    let own_rpc = rpc::OwnDeps { node: deps.node.clone(), jobs: deps.jobs() };
    let oracle = inbound.map(|inbound| oracle_parts(&config, inbound, &deps, &network, &sync));
    let inspector = Arc::new(inspector(&parts, &deps, &sync, &voting, operator_rpc));
    workers::spawn_workers(&mut parts.task_manager, deps, inspector, oracle)?;

    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: parts.client.clone(),
        backend: parts.backend.clone(),
        task_manager: &mut parts.task_manager,
        keystore,
        transaction_pool: parts.pool.clone(),
        rpc_builder: Box::new(move |executor| {
            rpc::build_module(&sdk_rpc, &own_rpc, executor).map_err(Error::Application)
        }),
        network: network.clone(),
        system_rpc_tx,
        tx_handler_controller,
        sync_service: sync.clone(),
        telemetry: parts.telemetry.as_mut(),
        tracing_execute_block: None,
    })?;
    consensus.start(parts, grandpa, network, sync, voter_state, voting)
}

/// What the node runs as. Says so where a flag is of no effect then.
fn role(config: &Configuration, flags: &NodeFlags) -> NodeRole {
    let role = if config.role.is_authority() {
        NodeRole::Validator
    } else if flags.edge {
        NodeRole::Edge
    } else {
        NodeRole::Full
    };
    if flags.r1_usd_file.is_some() && role != NodeRole::Validator {
        tracing::warn!(target: "ratio1", "only validators vote for a price: `--r1-usd-file` is of no effect");
    }
    role
}

/// What a node that just starts can say of itself.
fn node_facts(config: &Configuration, role: NodeRole) -> Result<NodeFacts, Error> {
    let metrics = Metrics::new(config.prometheus_registry()).map_err(|error| Error::Other(error.to_string()))?;
    Ok(NodeFacts { role, standing: StandingWatch::default(), metrics: Arc::new(metrics), board: Board::default() })
}

/// What the SDK builds the network of.
fn network_params<'a, N: NetworkBackend<Block, Hash>>(
    config: &'a Configuration,
    parts: &Partial,
    import_queue: DefaultImportQueue<Block>,
    net_config: FullNetworkConfiguration<Block, Hash, N>,
    metrics: NotificationMetrics,
) -> BuildNetworkParams<'a, Block, N, FullPool, DefaultImportQueue<Block>, FullClient> {
    BuildNetworkParams {
        config,
        net_config,
        client: parts.client.clone(),
        transaction_pool: parts.pool.clone(),
        spawn_handle: parts.task_manager.spawn_handle(),
        spawn_essential_handle: parts.task_manager.spawn_essential_handle(),
        import_queue,
        block_announce_validator_builder: None,
        warp_sync_config: Some(warp_sync(parts)),
        block_relay: None,
        metrics,
        gap_sync_body_policy: None,
    }
}

/// Has a validator that does not vote yet watch until it may.
fn spawn_watcher(
    parts: &Partial,
    voting: &StageWatch,
    sync: &Arc<SyncingService<Block>>,
    voter_state: &SharedVoterState,
) {
    let watcher = Watcher {
        voting: voting.clone(),
        client: parts.client.clone(),
        sync: sync.clone(),
        authorities: parts.grandpa_link.shared_authority_set().clone(),
        rounds: voter_state.clone(),
        justifications: parts.grandpa_link.justification_stream(),
        slot_duration: parts.babe_link.config().slot_duration(),
    };
    parts.task_manager.spawn_handle().spawn("voting-watcher", None, watcher.run());
}

/// What every worker may be given.
fn worker_deps(
    config: &Configuration,
    parts: &Partial,
    node: NodeFacts,
    chain: Arc<ChainAdapter>,
    transport: Arc<NetTransport>,
    flags: NodeFlags,
) -> workers::Deps {
    workers::Deps {
        node,
        chain,
        pool: Arc::new(PoolSink::new(parts.client.clone(), parts.pool.clone())),
        keys: KeystoreAdapter::new(parts.keystore.local_keystore()),
        transport,
        machine: Arc::new(Machine::new(config.data_path.clone())),
        flags,
        data: config.data_path.clone(),
    }
}

/// Who looks after everything.
fn inspector(
    parts: &Partial,
    deps: &workers::Deps,
    sync: &Arc<SyncingService<Block>>,
    voting: &StageWatch,
    operator_rpc: OperatorRpc,
) -> Inspector {
    let NodeFacts { role, standing, metrics, board } = deps.node.clone();
    Inspector {
        role,
        standing,
        metrics,
        board,
        chain: deps.chain.clone(),
        client: parts.client.clone(),
        sync: sync.clone(),
        keystore: parts.keystore.keystore(),
        voting: voting.clone(),
        operator_rpc,
        slot_duration: parts.babe_link.config().slot_duration(),
        data: deps.data.clone(),
    }
}

/// Where a node begins on its way to vote.
fn first_stage(parts: &Partial, role: NodeRole, without_record: bool) -> Result<Stage, Error> {
    match role {
        NodeRole::Validator => {
            let authorities = parts.grandpa_link.shared_authority_set().current_authorities().iter().count();
            voting::first_stage(&parts.client, authorities, without_record)
        }
        // Nothing to vote with.
        NodeRole::Edge | NodeRole::Full => Ok(Stage::Voting),
    }
}

/// What only an oracle's workers need.
fn oracle_parts(
    config: &Configuration,
    inbound: Inbound,
    deps: &workers::Deps,
    network: &Arc<dyn NetworkService>,
    sync: &Arc<SyncingService<Block>>,
) -> OracleParts {
    let fellows = Fellows::default();
    let keeper = Keeper {
        chain: deps.chain.clone(),
        transport: deps.transport.clone(),
        network: network.clone(),
        sync: sync.clone(),
        fellows: fellows.clone(),
        configured: config.network.default_peers_set.reserved_nodes.iter().map(|node| node.peer_id).collect(),
        every: network::fellows_every(config),
    };
    OracleParts { inbound, keeper, fellows, network: network.clone() }
}

/// Lets others sync from finality proofs alone, and this node from theirs.
fn warp_sync(parts: &Partial) -> WarpSyncConfig<Block> {
    WarpSyncConfig::WithProvider(Arc::new(sc_consensus_grandpa::warp_proof::NetworkProvider::new(
        parts.backend.clone(),
        parts.grandpa_link.shared_authority_set().clone(),
        Vec::new(),
    )))
}

fn sdk_rpc(config: &Configuration, parts: &Partial, voter_state: SharedVoterState) -> rpc::SdkDeps {
    let authority_set = parts.grandpa_link.shared_authority_set().clone();
    let proofs = FinalityProofProvider::new_for_service(parts.backend.clone(), Some(authority_set.clone()));
    rpc::SdkDeps {
        client: parts.client.clone(),
        pool: parts.pool.clone(),
        select_chain: parts.select_chain.clone(),
        chain_spec: config.chain_spec.cloned_box(),
        keystore: parts.keystore.keystore(),
        babe: parts.babe_worker.clone(),
        grandpa: rpc::GrandpaDeps {
            voter_state,
            authority_set,
            justifications: parts.grandpa_link.justification_stream(),
            proofs,
        },
    }
}

/// On development and local networks the node key comes from the account's seed too, as their genesis links it.
/// An edge node takes nothing else from the seed: it has no session keys.
fn insert_development_node_key(
    config: &mut Configuration,
    role: NodeRole,
    keystore: &KeystorePtr,
) -> Result<(), Error> {
    let Some(seed) = config.dev_key_seed.clone() else { return Ok(()) };
    if role != NodeRole::Validator {
        config.dev_key_seed = None;
    }
    match config.chain_spec.chain_type() {
        ChainType::Development | ChainType::Local => {
            keystore
                .ed25519_generate_new(NODE_KEY_TYPE, Some(&seed))
                .map_err(|error| Error::Other(format!("the development node key was not inserted: {error}")))?;
        }
        _ => {
            tracing::warn!(target: "ratio1", "{seed} is a development account: this network takes no node key from it")
        }
    }
    Ok(())
}
