//! A node in memory that has two slots: one it is offered, and one it serves.

use crate::{
    ports::{CallError, CallSink, JobsChain},
    JobsWorker,
};
use async_trait::async_trait;
use parking_lot::Mutex;
use ratio1_ports::{
    testing::{node_id, FakeBlocks, FakeKeys, FakeMachine, FakeStanding, HasBlocks},
    Chain, ChainError, NodeRole, Standing,
};
use ratio1_primitives::{
    api::{Assignment, AssignmentState, NodeCall},
    jobs::{Cid, Gpu, JobRequest, Restart, SlotRef, Tier},
    EpochIndex, Hash, JobId, LicenseId, NodeId,
};
use std::sync::Arc;

/// The node under test,
const NODE: u8 = 5;
/// and its license.
pub const LICENSE: LicenseId = LicenseId(5);
/// A slot it is offered,
pub const OFFERED: SlotRef = SlotRef { job: JobId(7), slot: 1 };
/// and one it serves.
pub const SERVED: SlotRef = SlotRef { job: JobId(3), slot: 0 };
/// The last final block: long before the node was linked.
pub const FINAL: u32 = 1;
/// The best block.
pub const BEST: u32 = 121;

/// A chain on which the node has its two slots at the best block, and nothing at the finalised one; it keeps what it is
/// sent.
pub struct FakeChain {
    /// What it was sent.
    pub sent: Mutex<Vec<NodeCall>>,
    /// What it says to that, if it refuses.
    pub refuse: Option<CallError>,
    /// Whether nobody is linked at the best block either.
    pub unlinked: bool,
    /// Its heads.
    pub blocks: FakeBlocks,
}

impl Default for FakeChain {
    fn default() -> Self {
        let blocks = FakeBlocks::at(FINAL);
        blocks.import_best(BEST);
        Self { sent: Mutex::default(), refuse: None, unlinked: false, blocks }
    }
}

fn request() -> JobRequest {
    JobRequest {
        tier: Tier::Low1,
        gpu: Some(Gpu::Entry),
        nodes: 2,
        epochs: 30,
        spec: Cid::new(false, [0; 32]),
        spec_bytes: 512,
        selectors: Default::default(),
        restart: Restart::OnFailure,
        same_entity: false,
        health: None,
    }
}

impl HasBlocks for FakeChain {
    fn blocks(&self) -> &FakeBlocks {
        &self.blocks
    }
}

impl JobsChain for FakeChain {
    fn linked_license(&self, at: Hash, _: NodeId) -> Result<Option<LicenseId>, ChainError> {
        Ok((at == self.best().hash && !self.unlinked).then_some(LICENSE))
    }

    fn assignments(&self, at: Hash, license: LicenseId) -> Result<Vec<Assignment>, ChainError> {
        assert_eq!(license, LICENSE);
        if at != self.best().hash {
            return Ok(Vec::new());
        }
        let serving = AssignmentState::Serving { index: 4, accepted: 1_700_000_000_000, ends: EpochIndex(40) };
        let offered = AssignmentState::Offered { at: 120, left: 15 };
        Ok(vec![
            Assignment { slot: SERVED, state: serving, request: request() },
            Assignment { slot: OFFERED, state: offered, request: request() },
        ])
    }

    fn next_declaration(&self, at: Hash, license: LicenseId) -> Result<u32, ChainError> {
        assert_eq!(license, LICENSE);
        Ok(if at == self.best().hash { 3 } else { 0 })
    }
}

#[async_trait]
impl CallSink for FakeChain {
    async fn submit_call(&self, at: Hash, call: NodeCall) -> Result<Hash, CallError> {
        assert_eq!(at, self.best().hash);
        self.sent.lock().push(call);
        self.refuse.clone().map_or(Ok(Hash::repeat_byte(1)), Err)
    }
}

/// An edge node in good standing, if it is `admitted`, on that chain.
pub fn worker_on(chain: Arc<FakeChain>, admitted: bool) -> (JobsWorker, NodeId) {
    let node = node_id(NODE);
    let standing = if admitted { Standing::Admitted(node, LICENSE) } else { Standing::Unknown };
    let worker = JobsWorker {
        chain: chain.clone(),
        calls: chain,
        keys: Arc::new(FakeKeys(NODE)),
        standing: Arc::new(FakeStanding::at(standing)),
        role: NodeRole::Edge,
        hardware: Arc::new(FakeMachine::default()),
    };
    (worker, node)
}
