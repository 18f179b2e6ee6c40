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
use sc_consensus_grandpa::{FinalityProofProvider, SharedVoterState};
use sc_network::{config::NetworkBackendType, service::traits::NetworkService, NetworkBackend};
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

/// What the node runs as.
fn role(config: &Configuration, edge: bool) -> NodeRole {
    if config.role.is_authority() {
        NodeRole::Validator
    } else if edge {
        NodeRole::Edge
    } else {
        NodeRole::Full
    }
}

fn start_with<N: NetworkBackend<Block, Hash>>(
    mut config: Configuration,
    options: Options,
) -> Result<TaskManager, Error> {
    let Options { flags, operator_rpc } = options;
    let role = role(&config, flags.edge);
    if flags.r1_usd_file.is_some() && role != NodeRole::Validator {
        tracing::warn!(target: "ratio1", "only validators vote for a price: `--r1-usd-file` is of no effect");
    }
    let mut parts = partial(&config)?;
    let keystore = parts.keystore.keystore();
    insert_development_node_key(&mut config, role, &keystore)?;

    let genesis = parts.client.info().genesis_hash;
    let Prepared { net_config, notifications, grandpa, protocols, inbound } =
        network::prepare_network::<N>(&config, genesis, role == NodeRole::Validator);
    let metrics = Metrics::new(config.prometheus_registry()).map_err(|error| Error::Other(error.to_string()))?;
    let metrics = Arc::new(metrics);
    let node = NodeFacts { role, standing: StandingWatch::default(), metrics, board: Board::default() };
    let voting = StageWatch::new(first_stage(&parts, role, flags.vote_without_record)?);
    let slot_duration = parts.babe_link.config().slot_duration();
    let voter_state = SharedVoterState::empty();
    let sdk_rpc = sdk_rpc(&config, &parts, voter_state.clone());
    let warp_sync = warp_sync(&parts);
    let (network, system_rpc_tx, tx_handler_controller, sync, _) = sc_service::build_network(BuildNetworkParams {
        config: &config,
        net_config,
        client: parts.client.clone(),
        transaction_pool: parts.pool.clone(),
        spawn_handle: parts.task_manager.spawn_handle(),
        spawn_essential_handle: parts.task_manager.spawn_essential_handle(),
        import_queue: parts.import_queue,
        block_announce_validator_builder: None,
        warp_sync_config: Some(warp_sync),
        block_relay: None,
        metrics: notifications,
        gap_sync_body_policy: None,
    })?;
    let consensus = Consensus::of(&config, &keystore, parts.telemetry.as_ref());

    let discovery = network::spawn_discovery(&config, &parts.task_manager, &parts.client, &network, &keystore);
    if config.offchain_worker.enabled {
        let (client, backend, pool) = (&parts.client, &parts.backend, &parts.pool);
        network::spawn_offchain_workers(&config, &parts.task_manager, client, backend, pool, &network, &keystore)?;
    }

    if voting.stage() != Stage::Voting {
        let watcher = Watcher {
            voting: voting.clone(),
            client: parts.client.clone(),
            sync: sync.clone(),
            authorities: parts.grandpa_link.shared_authority_set().clone(),
            rounds: voter_state.clone(),
            justifications: parts.grandpa_link.justification_stream(),
            slot_duration,
        };
        parts.task_manager.spawn_handle().spawn("voting-watcher", None, watcher.run());
    }

    let chain = Arc::new(ChainAdapter::new(parts.client.clone(), sync.clone()));
    let transport = Arc::new(NetTransport::new(network.clone(), discovery, chain.clone(), protocols));
    let deps = workers::Deps {
        node: node.clone(),
        chain: chain.clone(),
        pool: Arc::new(PoolSink::new(parts.client.clone(), parts.pool.clone())),
        keys: KeystoreAdapter::new(parts.keystore.local_keystore()),
        transport,
        machine: Arc::new(Machine::new(config.data_path.clone())),
        flags,
        data: config.data_path.clone(),
    };
    let own_rpc = rpc::OwnDeps { node: node.clone(), jobs: deps.jobs() };
    let oracle = inbound.map(|inbound| oracle_parts(&config, inbound, &deps, &network, &sync));
    let inspector = Arc::new(Inspector {
        role,
        standing: node.standing,
        metrics: node.metrics,
        board: node.board,
        chain,
        client: parts.client.clone(),
        sync: sync.clone(),
        keystore: keystore.clone(),
        voting: voting.clone(),
        operator_rpc,
        slot_duration,
        data: config.data_path.clone(),
    });
    workers::spawn_workers(&mut parts.task_manager, deps, inspector, oracle)?;

    sc_service::spawn_tasks(SpawnTasksParams {
        config,
        client: parts.client.clone(),
        backend: parts.backend,
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

    if role == NodeRole::Validator {
        let (link, import) = (parts.babe_link, parts.block_import);
        consensus.make_blocks(
            &parts.task_manager,
            parts.client,
            &parts.pool,
            parts.select_chain,
            import,
            link,
            sync.clone(),
            &voting,
        )?;
    }
    let (link, pool) = (parts.grandpa_link, parts.pool);
    consensus.finalise(&parts.task_manager, link, grandpa, network, sync, voter_state, pool, voting);
    Ok(parts.task_manager)
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
