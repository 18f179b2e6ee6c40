//! What workers are made of.

use crate::{
    adapters::{
        chain::ChainAdapter, hardware::Machine, keystore::KeystoreAdapter, pool::PoolSink, transport::NetTransport,
    },
    flags::NodeFlags,
    rpc::NodeFacts,
};
use ratio1_jobs_worker::JobsWorker;
use std::{path::PathBuf, sync::Arc};

/// What every worker may be given.
pub struct Deps {
    /// Role, standing and counters.
    pub node: NodeFacts,
    /// The chain.
    pub chain: Arc<ChainAdapter>,
    /// The transaction pool.
    pub pool: Arc<PoolSink>,
    /// The keystore. One for all, as it holds keys that were unlocked.
    pub keys: KeystoreAdapter,
    /// The way to the oracles.
    pub transport: Arc<NetTransport>,
    /// The machine.
    pub machine: Arc<Machine>,
    /// What the operator wants.
    pub flags: NodeFlags,
    /// The folder of the chain's data.
    pub data: PathBuf,
}

impl Deps {
    /// The node's dealings with jobs: nothing that runs, it acts when it is called.
    pub fn jobs(&self) -> JobsWorker {
        JobsWorker {
            chain: self.chain.clone(),
            calls: self.pool.clone(),
            keys: Arc::new(self.keys.clone()),
            standing: Arc::new(self.node.standing.clone()),
            role: self.node.role,
            hardware: self.machine.clone(),
        }
    }
}
