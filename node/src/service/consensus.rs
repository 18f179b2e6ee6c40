//! Consensus: BABE makes blocks, GRANDPA makes them final. Essential tasks: a node without them is stopped.

use super::{
    network::GrandpaProtocol,
    partial::{BlockImport, Inherents, JUSTIFICATION_PERIOD},
    FullBackend, FullClient, FullPool, SelectChain,
};
use ratio1_runtime::Block;
use sc_consensus_babe::{BabeLink, SlotProportion};
use sc_consensus_grandpa::{LinkHalf, SharedVoterState};
use sc_consensus_slots::BackoffAuthoringOnFinalizedHeadLagging;
use sc_network::service::traits::NetworkService;
use sc_network_sync::SyncingService;
use sc_service::{config::Configuration, error::Error, TaskManager};
use sc_telemetry::{Telemetry, TelemetryHandle};
use sc_transaction_pool_api::OffchainTransactionPoolFactory;
use sp_keystore::KeystorePtr;
use std::{sync::Arc, time::Duration};

/// How long a GRANDPA message takes to be spread.
const GOSSIP: Duration = Duration::from_millis(333);
/// The part of a slot that may be spent on making its block.
const PROPOSING: f32 = 0.5;

/// What consensus takes from the node's configuration.
pub struct Consensus {
    name: String,
    role: sc_service::Role,
    force_authoring: bool,
    finality: bool,
    registry: Option<prometheus_endpoint::Registry>,
    telemetry: Option<TelemetryHandle>,
    keystore: KeystorePtr,
}

impl Consensus {
    /// From a configuration that is consumed later.
    pub fn of(config: &Configuration, keystore: &KeystorePtr, telemetry: Option<&Telemetry>) -> Self {
        Self {
            name: config.network.node_name.clone(),
            role: config.role,
            force_authoring: config.force_authoring,
            finality: !config.disable_grandpa,
            registry: config.prometheus_registry().cloned(),
            telemetry: telemetry.map(Telemetry::handle),
            keystore: keystore.clone(),
        }
    }

    /// Make blocks in the slots that are ours.
    #[allow(clippy::too_many_arguments)]
    pub fn make_blocks(
        &self,
        task_manager: &TaskManager,
        client: Arc<FullClient>,
        pool: &Arc<FullPool>,
        select_chain: SelectChain,
        block_import: BlockImport,
        babe_link: BabeLink<Block>,
        sync: Arc<SyncingService<Block>>,
    ) -> Result<(), Error> {
        let proposer = sc_basic_authorship::ProposerFactory::new(
            task_manager.spawn_handle(),
            client.clone(),
            pool.clone(),
            self.registry.as_ref(),
            self.telemetry.clone(),
        );
        let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
            keystore: self.keystore.clone(),
            client,
            select_chain,
            env: proposer,
            block_import,
            sync_oracle: sync.clone(),
            justification_sync_link: sync,
            create_inherent_data_providers: Inherents { slot_duration: babe_link.config().slot_duration() },
            force_authoring: self.force_authoring,
            backoff_authoring_blocks: Some(BackoffAuthoringOnFinalizedHeadLagging::default()),
            babe_link,
            block_proposal_slot_portion: SlotProportion::new(PROPOSING),
            max_block_proposal_slot_portion: None,
            telemetry: self.telemetry.clone(),
        })?;
        task_manager.spawn_essential_handle().spawn_blocking("babe-proposer", Some("block-authoring"), babe);
        Ok(())
    }

    /// Vote on finality as a validator, follow it as any other node.
    #[allow(clippy::too_many_arguments)]
    pub fn finalise(
        &self,
        task_manager: &TaskManager,
        link: LinkHalf<Block, FullClient, SelectChain>,
        protocol: GrandpaProtocol,
        network: Arc<dyn NetworkService>,
        sync: Arc<SyncingService<Block>>,
        shared_voter_state: SharedVoterState,
        pool: Arc<FullPool>,
    ) -> Result<(), Error> {
        if !self.finality {
            return Ok(());
        }
        let config = sc_consensus_grandpa::Config {
            gossip_duration: GOSSIP,
            justification_generation_period: JUSTIFICATION_PERIOD,
            observer_enabled: false,
            local_role: self.role,
            name: Some(self.name.clone()),
            // Who does not vote needs no key.
            keystore: self.role.is_authority().then(|| self.keystore.clone()),
            telemetry: self.telemetry.clone(),
            protocol_name: protocol.name,
        };
        let voter = sc_consensus_grandpa::run_grandpa_voter::<_, FullBackend, _, _, _, _, _>(
            sc_consensus_grandpa::GrandpaParams {
                config,
                link,
                network,
                sync: Arc::new(sync),
                notification_service: protocol.notifications,
                voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
                prometheus_registry: self.registry.clone(),
                shared_voter_state,
                telemetry: self.telemetry.clone(),
                // Through it GRANDPA reports equivocations.
                offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(pool),
            },
        )?;
        task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, voter);
        Ok(())
    }
}
