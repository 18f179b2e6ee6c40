//! Reads from the chain, through client and runtime API.

use crate::client::FullClient;
use futures::{future, stream::BoxStream, StreamExt};
use ratio1_heartbeat::ports::HeartbeatChain;
use ratio1_jobs_worker::ports::JobsChain;
use ratio1_ports::{BlockRef, Chain, ChainError};
use ratio1_primitives::{
    api::{Assignment, BallotStatus, ClockInfo, Ratio1Api, RoundInfo, WorkerApi},
    ballot::Seat,
    jobs::ServiceTerm,
    refusal::AdmissionRefusal,
    AccountId, EpochIndex, Hash, LicenseId, NodeId,
};
use sc_client_api::BlockchainEvents;
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_blockchain::HeaderBackend;
use sp_consensus::{BlockStatus, SyncOracle};
use std::sync::Arc;

/// The chain as this node sees it.
pub struct ChainAdapter {
    client: Arc<FullClient>,
    sync: Arc<dyn SyncOracle + Send + Sync>,
}

impl ChainAdapter {
    /// Over a client and its sync.
    pub fn new(client: Arc<FullClient>, sync: Arc<dyn SyncOracle + Send + Sync>) -> Self {
        Self { client, sync }
    }

    /// The discovery key of an oracle in finalised state.
    pub fn discovery_key(&self, oracle: AccountId) -> Result<Option<sp_core::sr25519::Public>, ChainError> {
        let at = self.finalised().hash;
        self.client.runtime_api().discovery_key(at, oracle).map_err(|error| self.explain(at, error))
    }

    /// Tell state that is not there from a runtime that fails.
    fn explain(&self, at: Hash, error: ApiError) -> ChainError {
        match self.client.block_status(at) {
            Ok(BlockStatus::Unknown | BlockStatus::InChainPruned) => ChainError::UnknownBlock(at),
            _ => ChainError::Runtime(error.to_string()),
        }
    }
}

/// One method of the runtime API at one block.
macro_rules! ask {
    ($self:ident, $at:expr, $method:ident $(, $argument:expr)*) => {
        $self.client.runtime_api().$method($at $(, $argument)*).map_err(|error| $self.explain($at, error))
    };
}

impl Chain for ChainAdapter {
    fn genesis(&self) -> Hash {
        self.client.info().genesis_hash
    }

    fn finalised(&self) -> BlockRef {
        let info = self.client.info();
        BlockRef { number: info.finalized_number, hash: info.finalized_hash }
    }

    fn best(&self) -> BlockRef {
        let info = self.client.info();
        BlockRef { number: info.best_number, hash: info.best_hash }
    }

    fn finalised_hash(&self, number: u32) -> Option<Hash> {
        if number > self.client.info().finalized_number {
            return None;
        }
        self.client.hash(number).ok().flatten()
    }

    fn is_syncing(&self) -> bool {
        self.sync.is_major_syncing()
    }

    fn finalised_blocks(&self) -> BoxStream<'static, BlockRef> {
        self.client.finality_notification_stream().map(|n| BlockRef { number: n.header.number, hash: n.hash }).boxed()
    }

    fn best_blocks(&self) -> BoxStream<'static, BlockRef> {
        self.client
            .import_notification_stream()
            .filter(|n| future::ready(n.is_new_best))
            .map(|n| BlockRef { number: n.header.number, hash: n.hash })
            .boxed()
    }
}

impl HeartbeatChain for ChainAdapter {
    fn clock(&self, at: Hash) -> Result<ClockInfo, ChainError> {
        ask!(self, at, clock)
    }

    fn admission(&self, at: Hash, node: NodeId) -> Result<Result<LicenseId, AdmissionRefusal>, ChainError> {
        ask!(self, at, admission, node)
    }

    fn link_revisions(&self, at: Hash) -> Result<Vec<u32>, ChainError> {
        ask!(self, at, link_revisions)
    }

    fn admitted(&self, at: Hash, page: u32) -> Result<Vec<(LicenseId, NodeId)>, ChainError> {
        ask!(self, at, admitted, page)
    }

    fn service_revisions(&self, at: Hash) -> Result<Vec<u32>, ChainError> {
        ask!(self, at, service_revisions)
    }

    fn services(&self, at: Hash, page: u32) -> Result<Vec<ServiceTerm>, ChainError> {
        ask!(self, at, services, page)
    }

    fn oracles(&self, at: Hash) -> Result<Vec<Seat<AccountId>>, ChainError> {
        ask!(self, at, oracles)
    }

    fn rounds(&self, at: Hash) -> Result<Vec<RoundInfo>, ChainError> {
        ask!(self, at, rounds)
    }

    fn ballot_status(&self, at: Hash, epoch: EpochIndex, seat: u16) -> Result<Option<BallotStatus>, ChainError> {
        ask!(self, at, ballot_status, epoch, seat)
    }
}

impl JobsChain for ChainAdapter {
    fn linked_license(&self, at: Hash, node: NodeId) -> Result<Option<LicenseId>, ChainError> {
        ask!(self, at, node, node).map(|info| info.license.map(|license| license.id))
    }

    fn assignments(&self, at: Hash, license: LicenseId) -> Result<Vec<Assignment>, ChainError> {
        ask!(self, at, work_of, license)
    }

    fn next_declaration(&self, at: Hash, license: LicenseId) -> Result<u32, ChainError> {
        ask!(self, at, next_declaration, license)
    }
}
