//! Consensus: BABE makes blocks, GRANDPA makes them final. Essential tasks: a node without them is stopped.

use super::{
    network::GrandpaProtocol,
    partial::{Inherents, Partial, JUSTIFICATION_PERIOD},
    stopping::until_stopped,
};
use crate::{
    client::FullBackend,
    voting::{Patient, Stage, StageWatch, Withheld},
};
use ratio1_primitives::BlockNumber;
use ratio1_runtime::Block;
use sc_consensus_babe::SlotProportion;
use sc_consensus_grandpa::SharedVoterState;
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

/// How block production slows down while nothing becomes final: from 50 blocks on, by a slot for each two more, to one
/// block in four slots and no further.
///
/// ADR 0027: governance counts on one block in four slots at least, whatever becomes of finality.
///
/// It must slow down, for what is not final is kept in memory and is what a fork throws away. It must not stop: the way
/// out of a stall leads through blocks, and votes, windows and delays are counted in them.
const BACK_OFF: BackoffAuthoringOnFinalizedHeadLagging<BlockNumber> =
    BackoffAuthoringOnFinalizedHeadLagging { max_interval: 3, unfinalized_slack: 50, authoring_bias: 2 };

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

    /// Make blocks as a validator; vote on finality as a validator that may, follow it as any other node.
    pub fn start(
        self,
        parts: Partial,
        protocol: GrandpaProtocol,
        network: Arc<dyn NetworkService>,
        sync: Arc<SyncingService<Block>>,
        voter_state: SharedVoterState,
        voting: StageWatch,
    ) -> Result<TaskManager, Error> {
        if self.role.is_authority() {
            self.make_blocks(&parts, sync.clone(), &voting)?;
        }
        Ok(self.finalise(parts, protocol, network, sync, voter_state, voting))
    }

    /// Make blocks in the slots that are ours.
    fn make_blocks(&self, parts: &Partial, sync: Arc<SyncingService<Block>>, voting: &StageWatch) -> Result<(), Error> {
        let slot_duration = parts.babe_link.config().slot_duration();
        let proposer = sc_basic_authorship::ProposerFactory::new(
            parts.task_manager.spawn_handle(),
            parts.client.clone(),
            parts.pool.clone(),
            self.registry.as_ref(),
            self.telemetry.clone(),
        );
        let babe = sc_consensus_babe::start_babe(sc_consensus_babe::BabeParams {
            keystore: self.keystore.clone(),
            client: parts.client.clone(),
            select_chain: parts.select_chain.clone(),
            env: proposer,
            block_import: parts.block_import.clone(),
            sync_oracle: Patient::new(sync.clone(), voting.stage(), slot_duration),
            justification_sync_link: sync,
            create_inherent_data_providers: Inherents { slot_duration },
            force_authoring: self.force_authoring,
            backoff_authoring_blocks: Some(BACK_OFF),
            babe_link: parts.babe_link.clone(),
            block_proposal_slot_portion: SlotProportion::new(PROPOSING),
            max_block_proposal_slot_portion: None,
            telemetry: self.telemetry.clone(),
        })?;
        let babe = until_stopped(babe);
        let handle = parts.task_manager.spawn_essential_handle();
        handle.spawn_blocking("babe-proposer", Some("block-authoring"), babe);
        Ok(())
    }

    /// Vote on finality as a validator that may, follow it as any other node.
    fn finalise(
        self,
        parts: Partial,
        protocol: GrandpaProtocol,
        network: Arc<dyn NetworkService>,
        sync: Arc<SyncingService<Block>>,
        shared_voter_state: SharedVoterState,
        voting: StageWatch,
    ) -> TaskManager {
        let Partial { task_manager, grandpa_link: link, pool, .. } = parts;
        if !self.finality {
            return task_manager;
        }
        // Who does not vote needs no key.
        let keystore: Option<KeystorePtr> = self.role.is_authority().then(|| {
            let withheld = Withheld::new(self.keystore.clone(), voting.clone());
            Arc::new(withheld) as KeystorePtr
        });
        let params = sc_consensus_grandpa::GrandpaParams {
            config: sc_consensus_grandpa::Config {
                gossip_duration: GOSSIP,
                justification_generation_period: JUSTIFICATION_PERIOD,
                observer_enabled: false,
                local_role: self.role,
                name: Some(self.name),
                keystore,
                telemetry: self.telemetry.clone(),
                protocol_name: protocol.name,
            },
            link,
            network,
            sync: Arc::new(sync),
            notification_service: protocol.notifications,
            voting_rule: sc_consensus_grandpa::VotingRulesBuilder::default().build(),
            prometheus_registry: self.registry,
            shared_voter_state,
            telemetry: self.telemetry,
            // Through it GRANDPA reports equivocations.
            offchain_tx_pool_factory: OffchainTransactionPoolFactory::new(pool),
        };
        let voter = async move {
            // GRANDPA asks when it starts whether it spreads commits, so a validator that votes at once starts with its
            // keys.
            voting.reached(Stage::Listening).await;
            match sc_consensus_grandpa::run_grandpa_voter::<_, FullBackend, _, _, _, _, _>(params) {
                Ok(voter) => voter.await,
                Err(error) => tracing::error!(target: "ratio1", %error, "GRANDPA did not start"),
            }
        };
        task_manager.spawn_essential_handle().spawn_blocking("grandpa-voter", None, until_stopped(voter));
        task_manager
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sc_consensus_slots::BackoffAuthoringBlocksStrategy;
    use sp_consensus_babe::Slot;

    /// Slots that `blocks` blocks take while the head that is final stays where it is, if somebody always could make
    /// one.
    fn slots(strategy: &BackoffAuthoringOnFinalizedHeadLagging<BlockNumber>, blocks: BlockNumber) -> u64 {
        let mut slot = 1u64;
        for head in 1..=blocks {
            let made = slot;
            slot += 1;
            while strategy.should_backoff(head, Slot::from(made), 0, Slot::from(slot), "") {
                slot += 1;
            }
        }
        slot - 1
    }

    #[test]
    fn blocks_slow_down_at_most_fourfold_when_nothing_becomes_final() {
        // The delay of governance on mainnet: seven days of blocks.
        const WEEK: BlockNumber = 201_600;
        let taken = slots(&BACK_OFF, WEEK);
        assert!(taken > u64::from(WEEK) * 39 / 10, "{taken}: it does slow down");
        assert!(taken <= u64::from(WEEK) * 4, "{taken} slots");
        assert_eq!(slots(&BACK_OFF, 50), 50, "not before 50 blocks are open");
        // What the SDK would do: a hundred slots for each block, and the week becomes two years.
        let usual = BackoffAuthoringOnFinalizedHeadLagging::default();
        assert!(slots(&usual, WEEK) > u64::from(WEEK) * 100);
    }
}
