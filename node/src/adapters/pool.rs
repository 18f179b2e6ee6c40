//! Votes, reports and the node's own calls into the local transaction pool, which spreads them. The runtime makes
//! transactions of them, and names its refusals.

use crate::client::{FullClient, FullPool};
use async_trait::async_trait;
use ratio1_heartbeat::ports::{AbsenceSink, SubmitError, VoteSink};
use ratio1_jobs_worker::ports::{CallError, CallSink};
use ratio1_primitives::{
    api::{NodeCall, SignedAbsence, SignedVote, WorkerApi},
    Hash,
};
use ratio1_runtime::{refusals, UncheckedExtrinsic};
use sc_transaction_pool_api::{
    error::{Error as PoolError, IntoPoolError},
    TransactionPool, TransactionSource,
};
use sp_api::{ApiError, ProvideRuntimeApi};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use sp_transaction_pool::runtime_api::TaggedTransactionQueue;
use std::{fmt::Display, sync::Arc};

/// The local transaction pool.
pub struct PoolSink {
    client: Arc<FullClient>,
    pool: Arc<FullPool>,
}

impl PoolSink {
    /// This pool, with the client whose runtime builds what goes into it.
    pub fn new(client: Arc<FullClient>, pool: Arc<FullPool>) -> Self {
        Self { client, pool }
    }

    /// Have the runtime build a transaction, and give it to the pool.
    async fn build_and_submit(
        &self,
        at: Hash,
        build: impl FnOnce() -> Result<UncheckedExtrinsic, ApiError> + Send + 'static,
    ) -> Result<(), SubmitError> {
        let extrinsic = tokio::task::spawn_blocking(build)
            .await
            .map_err(|error| SubmitError::Unavailable(error.to_string()))?
            .map_err(|error| SubmitError::Unavailable(error.to_string()))?;
        match self.pool.submit_one(at, TransactionSource::Local, extrinsic).await {
            Ok(_) => Ok(()),
            Err(error) => Err(submit_error(error.into_pool_error())),
        }
    }
}

#[async_trait]
impl VoteSink for PoolSink {
    // ADR 0011: operational class and highest priority, which the runtime gives it.
    async fn submit_vote(&self, at: Hash, vote: SignedVote) -> Result<(), SubmitError> {
        let client = self.client.clone();
        self.build_and_submit(at, move || client.runtime_api().vote_extrinsic(at, vote)).await
    }
}

#[async_trait]
impl AbsenceSink for PoolSink {
    async fn submit_absence(&self, at: Hash, report: SignedAbsence) -> Result<(), SubmitError> {
        let client = self.client.clone();
        self.build_and_submit(at, move || client.runtime_api().absence_extrinsic(at, report)).await
    }
}

#[async_trait]
impl CallSink for PoolSink {
    async fn submit_call(&self, at: Hash, call: NodeCall) -> Result<Hash, CallError> {
        let (client, built) = (self.client.clone(), call.clone());
        let built = tokio::task::spawn_blocking(move || build_valid(&client, at, built)).await;
        let extrinsic = built.map_err(|error| CallError::Unavailable(error.to_string()))??;
        let extrinsic = extrinsic.map_err(|error| refused(&call, error))?;
        match self.pool.submit_one(at, TransactionSource::Local, extrinsic).await {
            Ok(hash) => Ok(hash),
            Err(error) => Err(not_taken(&call, error.into_pool_error())),
        }
    }
}

/// What a pool's error means to the voter.
fn submit_error<E: Display>(error: Result<PoolError, E>) -> SubmitError {
    match error {
        Ok(PoolError::AlreadyImported(_) | PoolError::TemporarilyBanned) => SubmitError::AlreadyKnown,
        Ok(error @ (PoolError::InvalidTransaction(_) | PoolError::UnknownTransaction(_))) => {
            SubmitError::Refused(error.to_string())
        }
        Ok(other) => SubmitError::Unavailable(other.to_string()),
        Err(other) => SubmitError::Unavailable(other.to_string()),
    }
}

/// The transaction, if it is valid now. Asked before the pool is: a pool bans for half an hour what it finds invalid,
/// and the same call may be good a block later.
fn build_valid(
    client: &FullClient,
    at: Hash,
    call: NodeCall,
) -> Result<Result<UncheckedExtrinsic, TransactionValidityError>, CallError> {
    let failed = |error: ApiError| CallError::Unavailable(error.to_string());
    let extrinsic = client.runtime_api().node_extrinsic(at, call).map_err(failed)?;
    let local = TransactionSource::Local;
    let validity = client.runtime_api().validate_transaction(at, local, extrinsic.clone(), at).map_err(failed)?;
    Ok(validity.map(|_| extrinsic))
}

fn refused(call: &NodeCall, error: TransactionValidityError) -> CallError {
    match error {
        TransactionValidityError::Invalid(InvalidTransaction::Custom(code)) => match refusals::refusal_of(call, code) {
            Some(refusal) => CallError::Refused(refusal),
            None => CallError::Invalid(format!("Custom error: {code}")),
        },
        TransactionValidityError::Invalid(other) => CallError::Invalid(<&str>::from(other).into()),
        TransactionValidityError::Unknown(other) => CallError::Unavailable(<&str>::from(other).into()),
    }
}

fn not_taken<E: Display>(call: &NodeCall, error: Result<PoolError, E>) -> CallError {
    match error {
        Ok(PoolError::InvalidTransaction(why)) => refused(call, TransactionValidityError::Invalid(why)),
        Ok(PoolError::AlreadyImported(_) | PoolError::TemporarilyBanned | PoolError::TooLowPriority { .. }) => {
            CallError::Waiting
        }
        Ok(other) => CallError::Unavailable(other.to_string()),
        Err(other) => CallError::Unavailable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{jobs::SlotRef, JobId};

    fn call() -> NodeCall {
        NodeCall::Accept { slot: SlotRef { job: JobId(1), slot: 0 }, signature: Default::default() }
    }

    fn custom(code: u8) -> TransactionValidityError {
        TransactionValidityError::Invalid(InvalidTransaction::Custom(code))
    }

    #[test]
    fn refusal_is_told_as_the_runtime_names_it_and_that_of_a_newer_one_keeps_its_number() {
        let named = refusals::refusal_of(&call(), 0).expect("the first of the pallet's");
        assert_eq!(refused(&call(), custom(0)), CallError::Refused(named));
        assert_eq!(refused(&call(), custom(200)), CallError::Invalid("Custom error: 200".into()));
    }

    #[test]
    fn same_call_again_is_no_refusal() {
        for same in [PoolError::TemporarilyBanned, PoolError::AlreadyImported(Box::new(()))] {
            assert_eq!(not_taken(&call(), Ok::<_, String>(same)), CallError::Waiting);
        }
    }
}
