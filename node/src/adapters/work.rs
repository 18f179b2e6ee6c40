//! A node's own calls: into the pool through the runtime, and the pallets' refusals by name.

use crate::{
    service::{FullClient, FullPool},
    work::{Refusal, SendError, WorkChain},
};
use ratio1_heartbeat::ports::ChainError;
use ratio1_primitives::{
    api::{Assignment, NodeCall, Ratio1Api, WorkerApi},
    Hash, LicenseId, NodeId,
};
use ratio1_runtime::{Runtime, UncheckedExtrinsic};
use sc_transaction_pool_api::{
    error::{Error as PoolError, IntoPoolError},
    TransactionPool, TransactionSource,
};
use scale_info::{StaticTypeInfo, TypeDef};
use sp_api::ProvideRuntimeApi;
use sp_blockchain::HeaderBackend;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};
use sp_transaction_pool::runtime_api::TaggedTransactionQueue;
use std::sync::Arc;

/// The chain as a node's own calls use it.
pub struct WorkAdapter {
    client: Arc<FullClient>,
    pool: Arc<FullPool>,
}

impl WorkAdapter {
    /// Over a client and its pool.
    pub fn new(client: Arc<FullClient>, pool: Arc<FullPool>) -> Self {
        Self { client, pool }
    }
}

#[async_trait::async_trait]
impl WorkChain for WorkAdapter {
    fn genesis(&self) -> Hash {
        self.client.info().genesis_hash
    }

    fn best(&self) -> Hash {
        self.client.info().best_hash
    }

    fn linked(&self, at: Hash, node: NodeId) -> Result<Option<LicenseId>, ChainError> {
        let node = self.client.runtime_api().node(at, node).map_err(|error| ChainError::Runtime(error.to_string()))?;
        Ok(node.license.map(|license| license.id))
    }

    fn work_of(&self, at: Hash, license: LicenseId) -> Result<Vec<Assignment>, ChainError> {
        self.client.runtime_api().work_of(at, license).map_err(|error| ChainError::Runtime(error.to_string()))
    }

    fn next_declaration(&self, at: Hash, license: LicenseId) -> Result<u32, ChainError> {
        self.client.runtime_api().next_declaration(at, license).map_err(|error| ChainError::Runtime(error.to_string()))
    }

    async fn send(&self, call: NodeCall) -> Result<Hash, SendError> {
        let (client, at) = (self.client.clone(), self.client.info().best_hash);
        let name = refusals_of(&call);
        let built = tokio::task::spawn_blocking(move || build(&client, at, call)).await;
        let extrinsic = built.map_err(|error| SendError::Unavailable(error.to_string()))??;
        let extrinsic = extrinsic.map_err(|error| refused(error, name))?;
        match self.pool.submit_one(at, TransactionSource::Local, extrinsic).await {
            Ok(hash) => Ok(hash),
            Err(error) => Err(not_taken(error.into_pool_error(), name)),
        }
    }
}

/// The transaction, if it is valid now. Asked before the pool is: a pool bans for half an hour what it finds invalid,
/// and the same call may be good a block later.
fn build(
    client: &FullClient,
    at: Hash,
    call: NodeCall,
) -> Result<Result<UncheckedExtrinsic, TransactionValidityError>, SendError> {
    let failed = |error: sp_api::ApiError| SendError::Unavailable(error.to_string());
    let extrinsic = client.runtime_api().node_extrinsic(at, call).map_err(failed)?;
    let local = TransactionSource::Local;
    let validity = client.runtime_api().validate_transaction(at, local, extrinsic.clone(), at).map_err(failed)?;
    Ok(validity.map(|_| extrinsic))
}

/// Names an error of a pallet by its index.
type Name = fn(u8) -> Option<Refusal>;

/// The errors of the pallet that judges a call.
fn refusals_of(call: &NodeCall) -> Name {
    match call {
        NodeCall::Declare { .. } => named::<pallet_nodes::Error<Runtime>>,
        NodeCall::Accept { .. } | NodeCall::Resign { .. } => named::<pallet_jobs::Error<Runtime>>,
    }
}

/// The error at `index` as its own documentation has it. `None` for one that this binary does not know: its chain has
/// a newer runtime.
fn named<E: StaticTypeInfo>(index: u8) -> Option<Refusal> {
    let TypeDef::Variant(errors) = E::type_info().type_def else { return None };
    let variant = errors.variants.into_iter().find(|variant| variant.index == index)?;
    let docs = variant.docs.join(" ");
    let number = format!("{index}: ");
    Some(Refusal { error: variant.name, docs: docs.strip_prefix(&number).unwrap_or(&docs).trim().into() })
}

fn refused(error: TransactionValidityError, name: Name) -> SendError {
    match error {
        TransactionValidityError::Invalid(InvalidTransaction::Custom(code)) => {
            name(code).map_or_else(|| SendError::Invalid(format!("Custom error: {code}")), SendError::Refused)
        }
        TransactionValidityError::Invalid(other) => SendError::Invalid(<&str>::from(other).into()),
        TransactionValidityError::Unknown(other) => SendError::Unavailable(<&str>::from(other).into()),
    }
}

fn not_taken<E: std::fmt::Display>(error: Result<PoolError, E>, name: Name) -> SendError {
    match error {
        Ok(PoolError::InvalidTransaction(why)) => refused(TransactionValidityError::Invalid(why), name),
        Ok(PoolError::AlreadyImported(_) | PoolError::TemporarilyBanned | PoolError::TooLowPriority { .. }) => {
            SendError::Waiting
        }
        Ok(other) => SendError::Unavailable(other.to_string()),
        Err(other) => SendError::Unavailable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use codec::Encode;
    use ratio1_primitives::{jobs::SlotRef, JobId};

    #[test]
    fn refusal_has_the_name_of_the_error_with_that_index() {
        let error = pallet_jobs::Error::<Runtime>::OfferOver;
        let slot = SlotRef { job: JobId(1), slot: 0 };
        let call = NodeCall::Accept { slot, signature: Default::default() };
        let code = error.encode().first().copied().expect("a variant has an index");
        let SendError::Refused(Refusal { error, docs }) =
            refused(TransactionValidityError::Invalid(InvalidTransaction::Custom(code)), refusals_of(&call))
        else {
            panic!("it is known")
        };
        assert_eq!(error, "OfferOver");
        assert!(docs.starts_with("the offer has lapsed"), "{docs}");
    }

    #[test]
    fn refusal_of_a_declaration_is_one_of_its_own_pallet() {
        let code = pallet_nodes::Error::<Runtime>::TooSoon.encode().first().copied().expect("an index");
        let refusal = named::<pallet_nodes::Error<Runtime>>(code).expect("it is known");
        assert_eq!(refusal.error, "TooSoon");
        assert!(!refusal.docs.is_empty());
        assert_eq!(named::<pallet_nodes::Error<Runtime>>(u8::MAX), None);
    }

    #[test]
    fn refusal_of_a_newer_runtime_keeps_its_number() {
        let unknown = TransactionValidityError::Invalid(InvalidTransaction::Custom(200));
        let told = refused(unknown, named::<pallet_jobs::Error<Runtime>>);
        assert_eq!(told, SendError::Invalid("Custom error: 200".into()));
    }

    #[test]
    fn same_call_again_is_no_refusal() {
        for same in [PoolError::TemporarilyBanned, PoolError::AlreadyImported(Box::new(()))] {
            let told = not_taken(Ok::<_, String>(same), named::<pallet_jobs::Error<Runtime>>);
            assert_eq!(told, SendError::Waiting);
        }
    }
}
