//! The parts that every command needs: client, pool, import queue with BABE and GRANDPA.

use super::stopping::Spawner;
use crate::{
    chain_spec,
    client::{Executor, FullBackend, FullClient, FullPool, SelectChain},
};
use ratio1_runtime::Block;
use sc_chain_spec::GenesisBlockBuilder;
use sc_consensus::DefaultImportQueue;
use sc_consensus_babe::{BabeBlockImport, BabeLink, BabeWorkerHandle};
use sc_consensus_grandpa::{GrandpaBlockImport, LinkHalf};
use sc_service::{Configuration, Error, KeystoreContainer, TaskManager};
use sc_telemetry::{Telemetry, TelemetryHandle, TelemetryWorker};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_consensus_babe::SlotDuration;
use std::sync::Arc;

type Parts = (FullClient, Arc<FullBackend>, KeystoreContainer, TaskManager);
type GrandpaImport = GrandpaBlockImport<FullBackend, Block, FullClient, SelectChain>;

/// Block import: BABE around GRANDPA around the client.
pub type BlockImport = BabeBlockImport<Block, FullClient, GrandpaImport, Inherents, SelectChain>;

/// Blocks between two justifications that GRANDPA stores and serves even when nothing changes.
pub const JUSTIFICATION_PERIOD: u32 = 512;

/// The inherents of a block: slot and time.
#[derive(Clone, Copy, Debug)]
pub struct Inherents {
    /// BABE's slot duration, fixed at genesis.
    pub slot_duration: SlotDuration,
}

#[async_trait::async_trait]
impl sp_inherents::CreateInherentDataProviders<Block, ()> for Inherents {
    type InherentDataProviders =
        (sp_consensus_babe::inherents::InherentDataProvider, sp_timestamp::InherentDataProvider);

    async fn create_inherent_data_providers(
        &self,
        _: ratio1_primitives::Hash,
        _: (),
    ) -> Result<Self::InherentDataProviders, Box<dyn std::error::Error + Send + Sync>> {
        let time = sp_timestamp::InherentDataProvider::from_system_time();
        let slot = sp_consensus_babe::inherents::InherentDataProvider::from_timestamp_and_slot_duration(
            *time,
            self.slot_duration,
        );
        Ok((slot, time))
    }
}

/// A node without network. What verifies and imports blocks stands beside it, since whoever uses it uses it up.
pub struct Partial {
    /// The client.
    pub client: Arc<FullClient>,
    /// The database.
    pub backend: Arc<FullBackend>,
    /// Runs and ends all tasks.
    pub task_manager: TaskManager,
    /// The keystore.
    pub keystore: KeystoreContainer,
    /// Which fork is best.
    pub select_chain: SelectChain,
    /// The transaction pool.
    pub pool: Arc<FullPool>,
    /// Where authored blocks go.
    pub block_import: BlockImport,
    /// GRANDPA's link to the import.
    pub grandpa_link: LinkHalf<Block, FullClient, SelectChain>,
    /// BABE's link to the import.
    pub babe_link: BabeLink<Block>,
    /// Answers questions about BABE's epochs.
    pub babe_worker: BabeWorkerHandle<Block>,
    /// Telemetry, if it was asked for.
    pub telemetry: Option<Telemetry>,
}

/// Open the database and build all that does not need a network.
pub fn partial(config: &Configuration) -> Result<(Partial, DefaultImportQueue<Block>), Error> {
    let telemetry = telemetry(config)?;
    let handle = telemetry.as_ref().map(|(_, telemetry)| telemetry.handle());
    let executor = sc_service::new_wasm_executor(&config.executor);
    let (client, backend, keystore, task_manager) = database(config, handle.clone(), executor)?;
    let client = Arc::new(client);
    let telemetry = telemetry.map(|(worker, telemetry)| {
        task_manager.spawn_handle().spawn("telemetry", None, worker.run());
        telemetry
    });

    let select_chain = SelectChain::new(backend.clone());
    let pool = Arc::new(transaction_pool(config, &task_manager, &client));
    let (grandpa_import, grandpa_link) = sc_consensus_grandpa::block_import(
        client.clone(),
        JUSTIFICATION_PERIOD,
        &client,
        select_chain.clone(),
        handle.clone(),
    )?;
    let babe_config = sc_consensus_babe::configuration(&*client)?;
    let slot_duration = babe_config.slot_duration();
    let (block_import, babe_link) = sc_consensus_babe::block_import(
        babe_config,
        grandpa_import.clone(),
        client.clone(),
        Inherents { slot_duration },
        select_chain.clone(),
        // Through it BABE reports equivocations.
        OffchainTransactionPoolFactory::new(pool.clone()),
    )?;
    let (import_queue, babe_worker) = sc_consensus_babe::import_queue(sc_consensus_babe::ImportQueueParams {
        link: babe_link.clone(),
        block_import: block_import.clone(),
        justification_import: Some(Box::new(grandpa_import)),
        client: client.clone(),
        slot_duration,
        spawner: &Spawner(task_manager.spawn_essential_handle()),
        registry: config.prometheus_registry(),
        telemetry: handle,
    })?;

    let parts = Partial {
        client,
        backend,
        task_manager,
        keystore,
        select_chain,
        pool,
        block_import,
        grandpa_link,
        babe_link,
        babe_worker,
        telemetry,
    };
    Ok((parts, import_queue))
}

/// The transaction pool, as the command line has it.
fn transaction_pool(config: &Configuration, task_manager: &TaskManager, client: &Arc<FullClient>) -> FullPool {
    sc_transaction_pool::Builder::new(
        Spawner(task_manager.spawn_essential_handle()),
        client.clone(),
        config.role.is_authority().into(),
    )
    .with_options(config.transaction_pool.clone())
    .with_prometheus(config.prometheus_registry())
    .build()
}

/// Client and database. Refuses a specification without oracles before it leaves a database behind, which would be in
/// the way of the network's real one.
fn database(config: &Configuration, telemetry: Option<TelemetryHandle>, executor: Executor) -> Result<Parts, Error> {
    let genesis = config.chain_spec.as_storage_builder().build_storage().map_err(Error::Other)?;
    if !chain_spec::names_oracles(&genesis) {
        return Err(Error::Other(format!(
            "the specification `{}` names no oracle, so no block could ever be made or be final. Presets of networks of \
             real participants hold parameters only: make a specification by the ceremony in chain-specs/README.md and \
             give its path to --chain",
            config.chain_spec.id(),
        )));
    }
    let backend = sc_service::new_db_backend(config.db_config())?;
    let commit = !config.no_genesis();
    let genesis = GenesisBlockBuilder::new_with_storage(genesis, commit, backend.clone(), executor.clone())?;
    sc_service::new_full_parts_with_genesis_builder(config, telemetry, executor, backend, genesis, false)
}

/// Telemetry to the endpoints that were named; none is named by default.
fn telemetry(config: &Configuration) -> Result<Option<(TelemetryWorker, Telemetry)>, Error> {
    let Some(endpoints) = config.telemetry_endpoints.clone().filter(|endpoints| !endpoints.is_empty()) else {
        return Ok(None);
    };
    let worker = TelemetryWorker::new(16)?;
    let telemetry = worker.handle().new_telemetry(endpoints);
    Ok(Some((worker, telemetry)))
}
