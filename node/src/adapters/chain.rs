//! Reads from the chain through runtime API and client, and votes through the transaction pool.

use crate::service::{FullClient, FullPool};
use futures::{future, stream::BoxStream, StreamExt};
use ratio1_heartbeat::ports::{AbsenceSink, BlockRef, Chain, ChainError, SubmitError, VoteSink};
use ratio1_primitives::{
    api::{BallotStatus, ClockInfo, RoundInfo, SignedAbsence, SignedVote, WorkerApi},
    ballot::Seat,
    jobs::ServiceTerm,
    refusal::AdmissionRefusal,
    AccountId, EpochIndex, Hash, LicenseId, NodeId,
};
use ratio1_runtime::Block;
use sc_client_api::BlockchainEvents;
use sc_transaction_pool_api::{
    error::{Error as PoolError, IntoPoolError},
    TransactionPool, TransactionSource,
};
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

/// One method of [`WorkerApi`] at one block.
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

type Extrinsic = <Block as sp_runtime::traits::Block>::Extrinsic;

/// Votes and reports into the local transaction pool, which spreads them.
pub struct PoolSink {
    client: Arc<FullClient>,
    pool: Arc<FullPool>,
}

impl PoolSink {
    /// Into this pool.
    pub fn new(client: Arc<FullClient>, pool: Arc<FullPool>) -> Self {
        Self { client, pool }
    }

    /// Have the runtime build a transaction, and give it to the pool.
    async fn hand_in(
        &self,
        at: Hash,
        build: impl FnOnce() -> Result<Extrinsic, ApiError> + Send + 'static,
    ) -> Result<(), SubmitError> {
        let extrinsic = tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| SubmitError::Unavailable(error.to_string()))?
            .map_err(|error| SubmitError::Unavailable(error.to_string()))?;
        match self.pool.submit_one(at, TransactionSource::Local, extrinsic).await {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal(error.into_pool_error())),
        }
    }
}

#[async_trait::async_trait]
impl VoteSink for PoolSink {
    async fn submit(&self, at: Hash, vote: SignedVote) -> Result<(), SubmitError> {
        let client = self.client.clone();
        self.hand_in(at, move || client.runtime_api().vote_extrinsic(at, vote)).await
    }
}

#[async_trait::async_trait]
impl AbsenceSink for PoolSink {
    async fn report(&self, at: Hash, report: SignedAbsence) -> Result<(), SubmitError> {
        let client = self.client.clone();
        self.hand_in(at, move || client.runtime_api().absence_extrinsic(at, report)).await
    }
}

/// What a pool's error means to the voter.
fn refusal<E: std::fmt::Display>(error: Result<PoolError, E>) -> SubmitError {
    match error {
        Ok(PoolError::AlreadyImported(_) | PoolError::TemporarilyBanned) => SubmitError::AlreadyKnown,
        Ok(error @ (PoolError::InvalidTransaction(_) | PoolError::UnknownTransaction(_))) => {
            SubmitError::Refused(error.to_string())
        }
        Ok(other) => SubmitError::Unavailable(other.to_string()),
        Err(other) => SubmitError::Unavailable(other.to_string()),
    }
}
