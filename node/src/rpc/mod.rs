//! The node's RPC: the SDK's methods, and `r1_*` for what is about this node alone: facts that no chain knows, and
//! calls signed by its key.

mod jobs;

use crate::{
    adapters::metrics::{phase_label, Metrics},
    client::{FullBackend, FullClient, FullPool, SelectChain},
    dauth::StandingWatch,
    health::{Board, Condition},
};
use jsonrpsee::{core::RpcResult, proc_macros::rpc, RpcModule};
use ratio1_heartbeat::status::{Check, Sending};
use ratio1_jobs_worker::JobsWorker;
use ratio1_ports::{Admission, NodeRole, StandingSource};
use ratio1_primitives::{AccountId, Balance, BlockNumber, Hash, Nonce};
use ratio1_runtime::Block;
use sc_consensus_babe::BabeWorkerHandle;
use sc_consensus_grandpa::{FinalityProofProvider, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_rpc::SubscriptionTaskExecutor;
use serde::Serialize;
use sp_keystore::KeystorePtr;
use std::{collections::BTreeMap, sync::Arc, time::Instant};

/// This node, now.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// What it runs as.
    pub role: NodeRole,
    /// Its identity, 0x and 64 hexadecimal digits, if it has one.
    pub node: Option<String>,
    /// Whether the chain admits it; if not, why, and what helps.
    pub admission: Admission,
    /// All that can be wrong with it, and what helps where something is.
    pub conditions: Vec<Condition>,
    /// Heartbeats it sent; none on a plain full node.
    pub beats: Beats,
    /// Its oracle worker, on a validator.
    pub oracle: Option<OracleStatus>,
}

/// Heartbeats sent since the start.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Beats {
    /// Counted by an oracle.
    pub sent: u64,
    /// Counted by none.
    pub failed: u64,
    /// The running epoch.
    pub epoch: u32,
    /// Its slots for which an oracle took the beat, since the start.
    pub delivered: u32,
    /// The oracles they are sent to.
    pub receivers: Vec<String>,
    /// Oracles left in this epoch, since what they took did not arrive elsewhere.
    pub left: Vec<String>,
    /// What oracles say that they are not sent to.
    pub arrival: Vec<Arrival>,
}

/// How many beats of the running epoch an oracle counts that they are not sent to: they came there from others.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Arrival {
    /// The oracle.
    pub oracle: String,
    /// When it was asked, in Unix milliseconds.
    pub at: u64,
    /// Slots delivered until then.
    pub delivered: u32,
    /// Slots it counts.
    pub counted: Option<u32>,
    /// Why it does not say.
    pub error: Option<String>,
}

impl Beats {
    fn of(metrics: &Metrics) -> Self {
        let (sent, failed) = metrics.sent();
        let Sending { epoch, delivered, receivers, left, checks } = metrics.sending();
        let names = |oracles: Vec<AccountId>| oracles.iter().map(ToString::to_string).collect();
        let arrival = checks.into_iter().map(|Check { oracle, at, delivered, counted }| Arrival {
            oracle: oracle.to_string(),
            at,
            delivered,
            counted: counted.as_ref().ok().copied(),
            error: counted.err(),
        });
        Self {
            sent,
            failed,
            epoch: epoch.0,
            delivered,
            receivers: names(receivers),
            left: names(left),
            arrival: arrival.collect(),
        }
    }
}

/// The oracle worker since the start.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OracleStatus {
    /// Whether it counts heartbeats now.
    pub counting: bool,
    /// Slots of the running epoch that it covered.
    pub covered_slots: Option<u32>,
    /// Slots of the running epoch that have passed.
    pub passed_slots: Option<u32>,
    /// The newest epoch that is voted about; none when no round is open.
    pub epoch: Option<u32>,
    /// Where that epoch stands.
    pub phase: Option<&'static str>,
    /// Heartbeats counted.
    pub accepted: u64,
    /// Heartbeats passed on, once for each oracle.
    pub relayed: u64,
    /// Heartbeats dropped, by reason.
    pub dropped: BTreeMap<&'static str, u64>,
    /// Votes handed to the pool, by kind.
    pub ballots: BTreeMap<&'static str, u64>,
}

/// Facts about this node only. Chain data comes from the standard methods.
#[rpc(server, namespace = "r1")]
pub trait NodeApi {
    /// This node, now.
    #[method(name = "status")]
    fn status(&self) -> RpcResult<Status>;
}

/// Where `r1_*` gets its answers.
#[derive(Clone)]
pub struct NodeFacts {
    /// What the node runs as.
    pub role: NodeRole,
    /// Its standing.
    pub standing: StandingWatch,
    /// Its counters.
    pub metrics: Arc<Metrics>,
    /// What is wrong with it.
    pub board: Board,
}

impl NodeFacts {
    fn oracle(&self) -> OracleStatus {
        let seen = self.metrics.seen();
        let round = seen.phase();
        OracleStatus {
            counting: seen.is_counting(Instant::now()),
            covered_slots: seen.coverage.map(|(covered, _)| covered),
            passed_slots: seen.coverage.map(|(_, passed)| passed),
            epoch: round.map(|(epoch, _)| epoch.0),
            phase: round.map(|(_, phase)| phase_label(phase)),
            accepted: self.metrics.accepted(),
            relayed: self.metrics.relayed(),
            dropped: self.metrics.dropped(),
            ballots: self.metrics.ballots(),
        }
    }
}

impl NodeApiServer for NodeFacts {
    fn status(&self) -> RpcResult<Status> {
        let standing = self.standing.standing();
        Ok(Status {
            role: self.role,
            node: standing.node().map(|node| node.to_string()),
            admission: standing.admission(),
            conditions: self.board.conditions(),
            beats: Beats::of(&self.metrics),
            oracle: (self.role == NodeRole::Validator).then(|| self.oracle()),
        })
    }
}

/// What GRANDPA's methods need.
#[derive(Clone)]
pub struct GrandpaDeps {
    /// The running round.
    pub voter_state: SharedVoterState,
    /// The authorities.
    pub authority_set: SharedAuthoritySet<Hash, BlockNumber>,
    /// Justifications as they come.
    pub justifications: GrandpaJustificationStream<Block>,
    /// Proofs of finality.
    pub proofs: Arc<FinalityProofProvider<FullBackend, Block>>,
}

/// What the SDK's methods need.
pub struct SdkDeps {
    /// The client.
    pub client: Arc<FullClient>,
    /// The pool.
    pub pool: Arc<FullPool>,
    /// Which fork is best.
    pub select_chain: SelectChain,
    /// The specification the node runs with.
    pub chain_spec: Box<dyn sc_chain_spec::ChainSpec>,
    /// The keystore.
    pub keystore: KeystorePtr,
    /// BABE's epochs.
    pub babe: BabeWorkerHandle<Block>,
    /// Finality.
    pub grandpa: GrandpaDeps,
}

/// What `r1_*` needs: a field for each worker that answers.
pub struct OwnDeps {
    /// This node.
    pub node: NodeFacts,
    /// Its dealings with jobs.
    pub jobs: JobsWorker,
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// All methods beyond those that the SDK's service adds itself.
pub fn build_module(
    sdk: &SdkDeps,
    own: &OwnDeps,
    executor: SubscriptionTaskExecutor,
) -> Result<RpcModule<()>, Failure> {
    let mut module = RpcModule::new(());
    merge_sdk(&mut module, sdk, executor)?;
    module.merge(NodeApiServer::into_rpc(own.node.clone()))?;
    module.merge(jobs::into_rpc(own.jobs.clone()))?;
    Ok(module)
}

fn merge_sdk(module: &mut RpcModule<()>, deps: &SdkDeps, executor: SubscriptionTaskExecutor) -> Result<(), Failure> {
    use pallet_transaction_payment::RuntimeDispatchInfo;
    use pallet_transaction_payment_rpc::{TransactionPayment, TransactionPaymentApiServer};
    use sc_consensus_babe_rpc::{Babe, BabeApiServer};
    use sc_consensus_grandpa_rpc::{Grandpa, GrandpaApiServer};
    use sc_sync_state_rpc::{SyncState, SyncStateApiServer};
    use substrate_frame_rpc_system::{System, SystemApiServer};

    let SdkDeps { client, pool, select_chain, chain_spec, keystore, babe, grandpa } = deps;
    module.merge(SystemApiServer::<Hash, AccountId, Nonce>::into_rpc(System::new(client.clone(), pool.clone())))?;
    module.merge(TransactionPaymentApiServer::<Hash, RuntimeDispatchInfo<Balance>>::into_rpc(
        TransactionPayment::new(client.clone()),
    ))?;
    module.merge(Babe::new(client.clone(), babe.clone(), keystore.clone(), select_chain.clone()).into_rpc())?;
    module.merge(
        Grandpa::new(
            executor,
            grandpa.authority_set.clone(),
            grandpa.voter_state.clone(),
            grandpa.justifications.clone(),
            grandpa.proofs.clone(),
        )
        .into_rpc(),
    )?;
    module.merge(
        SyncState::new(chain_spec.cloned_box(), client.clone(), grandpa.authority_set.clone(), babe.clone())?
            .into_rpc(),
    )?;
    Ok(())
}
