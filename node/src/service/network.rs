//! The network: its configuration with our protocols, authority discovery, and the SDK's offchain workers.

use super::partial::Partial;
use crate::protocols::{Inbound, Protocols};
use futures::{FutureExt, StreamExt};
use ratio1_primitives::Hash;
use ratio1_runtime::Block;
use sc_client_api::Backend;
use sc_network::{
    config::FullNetworkConfiguration,
    service::{traits::NetworkService, NotificationMetrics},
    Event, NetworkBackend, NotificationService, ProtocolName,
};
use sc_service::{config::Configuration, error::Error, ChainType};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};

/// On networks of one machine or one desk, addresses are published and looked up this often: nodes come and go.
const LOCAL_DISCOVERY: Duration = Duration::from_secs(20);
/// How often oracles' addresses are looked for, to keep places for them: on such networks, and on others.
const FELLOWS: (Duration, Duration) = (Duration::from_secs(10), Duration::from_secs(60));

/// GRANDPA's protocol.
pub struct GrandpaProtocol {
    /// Its name.
    pub name: ProtocolName,
    /// Its messages.
    pub notifications: Box<dyn NotificationService>,
}

/// A network about to be built.
pub struct Prepared<N: NetworkBackend<Block, Hash>> {
    /// Its configuration.
    pub net_config: FullNetworkConfiguration<Block, Hash, N>,
    /// Metrics of its notifications.
    pub notifications: NotificationMetrics,
    /// GRANDPA's protocol in it.
    pub grandpa: GrandpaProtocol,
    /// Our protocols in it.
    pub protocols: Protocols,
    /// What arrives on them, on a validator.
    pub inbound: Option<Inbound>,
}

/// Configure the network of the chain with this genesis; `inbound` for an oracle, which answers beats and batches.
pub fn prepare_network<N: NetworkBackend<Block, Hash>>(
    config: &Configuration,
    genesis: Hash,
    inbound: bool,
) -> Prepared<N> {
    let registry = config.prometheus_registry();
    let notifications = N::register_notification_metrics(registry);
    let mut net_config = FullNetworkConfiguration::<_, _, N>::new(&config.network, registry.cloned());
    let name = sc_consensus_grandpa::protocol_standard_name(&genesis, &config.chain_spec);
    let (grandpa_config, grandpa_notifications) = sc_consensus_grandpa::grandpa_peers_set_config::<_, N>(
        name.clone(),
        notifications.clone(),
        net_config.peer_store_handle(),
    );
    net_config.add_notification_protocol(grandpa_config);
    let protocols = Protocols::new(genesis);
    let (own, inbound) = protocols.configure::<Block, N>(inbound);
    own.into_iter().for_each(|config| net_config.add_request_response_protocol(config));
    let grandpa = GrandpaProtocol { name, notifications: grandpa_notifications };
    Prepared { net_config, notifications, grandpa, protocols, inbound }
}

/// Find oracles' addresses, and as a validator publish our own.
pub fn spawn_discovery(
    config: &Configuration,
    parts: &Partial,
    network: &Arc<dyn NetworkService>,
    keystore: &KeystorePtr,
) -> sc_authority_discovery::Service {
    use sc_authority_discovery::{Role, WorkerConfig};

    let role = if config.role.is_authority() { Role::PublishAndDiscover(keystore.clone()) } else { Role::Discover };
    let mut worker_config = WorkerConfig {
        publish_non_global_ips: config.network.allow_non_globals_in_dht,
        public_addresses: config.network.public_addresses.clone(),
        strict_record_validation: true,
        persisted_cache_directory: config.network.net_config_path.clone(),
        ..Default::default()
    };
    if !matches!(config.chain_spec.chain_type(), ChainType::Live) {
        worker_config.max_publish_interval = LOCAL_DISCOVERY;
        worker_config.max_query_interval = LOCAL_DISCOVERY;
        // What was cached before a restart is another run's addresses.
        worker_config.persisted_cache_directory = None;
    }
    let events = network.event_stream("authority-discovery").filter_map(|event| {
        futures::future::ready(match event {
            Event::Dht(event) => Some(event),
            _ => None,
        })
    });
    let (worker, service) = sc_authority_discovery::new_worker_and_service_with_config(
        worker_config,
        parts.client.clone(),
        Arc::new(network.clone()),
        Box::pin(events),
        role,
        config.prometheus_registry().cloned(),
        parts.task_manager.spawn_handle(),
    );
    parts.task_manager.spawn_handle().spawn("authority-discovery-worker", Some("networking"), worker.run());
    service
}

/// How often a validator looks for its fellow oracles.
pub fn fellows_every(config: &Configuration) -> Duration {
    if matches!(config.chain_spec.chain_type(), ChainType::Live) {
        FELLOWS.1
    } else {
        FELLOWS.0
    }
}

/// The SDK's offchain workers; of the runtime's pallets only equivocation reports use them.
pub fn spawn_offchain_workers(
    config: &Configuration,
    parts: &Partial,
    network: &Arc<dyn NetworkService>,
    keystore: &KeystorePtr,
) -> Result<(), Error> {
    let workers = sc_offchain::OffchainWorkers::new(sc_offchain::OffchainWorkerOptions {
        runtime_api_provider: parts.client.clone(),
        keystore: Some(keystore.clone()),
        offchain_db: parts.backend.offchain_storage(),
        transaction_pool: Some(OffchainTransactionPoolFactory::new(parts.pool.clone())),
        network_provider: Arc::new(network.clone()),
        is_validator: config.role.is_authority(),
        // The runtime asks nobody on the web.
        enable_http_requests: false,
        custom_extensions: |_| Vec::new(),
    })?;
    let spawner = parts.task_manager.spawn_handle();
    let run = workers.run(parts.client.clone(), spawner.clone()).boxed();
    spawner.spawn("offchain-workers-runner", Some("offchain-worker"), run);
    Ok(())
}
