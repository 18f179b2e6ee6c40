//! What nodes and requesters of jobs do.

use super::{Person, Sim};
use pallet_jobs::{JobInfo, SlotInfo, SlotState};
use ratio1_primitives::{
    api::{Assignment, AssignmentState, NodeCall},
    jobs::{Capacity, Cid, JobRequest, NodeProfile, Restart, SlotRef, Tier},
    keys::{accept_payload, profile_payload, resign_payload},
    JobId, LicenseId,
};
use ratio1_runtime::{facts, Balance, Jobs, Nodes};
use sp_core::Pair as _;
use sp_runtime::ApplyExtrinsicResult;

/// What a node of these tests has to give: eight Micro slots.
pub const CAPACITY: Capacity = Capacity { cpu_milli: 2_000, memory_mib: 4_096, disk_gib: 16, gpus: 0 };

/// A request that any node can serve.
pub fn request(nodes: u16, epochs: u32) -> JobRequest {
    JobRequest {
        tier: Tier::Micro,
        gpu: None,
        nodes,
        epochs,
        spec: Cid::new(false, [7; 32]),
        spec_bytes: 1_000,
        selectors: Default::default(),
        restart: Restart::Always,
        same_entity: false,
        health: None,
    }
}

impl Sim {
    /// `who` asks for a job at whatever price.
    pub fn request(&mut self, who: &Person, request: JobRequest) -> ApplyExtrinsicResult {
        let call = pallet_jobs::Call::request { request: Box::new(request), max_price: Balance::MAX };
        self.submit(who, call)
    }

    /// The node of `operator` declares what it has for `license`.
    pub fn declare(&mut self, operator: &Person, license: LicenseId, profile: NodeProfile) -> ApplyExtrinsicResult {
        let genesis = self.genesis_hash();
        let sequence = self.ext.execute_with(|| Nodes::next_sequence(license));
        let signature = operator.node.sign(&profile_payload(genesis, license, sequence, &profile)).into();
        self.node_call(NodeCall::Declare { license, sequence, profile, signature })
    }

    /// The node of `operator` accepts an offer to `license`.
    pub fn accept(&mut self, operator: &Person, license: LicenseId, slot: SlotRef) -> ApplyExtrinsicResult {
        let genesis = self.genesis_hash();
        let found = self.work_of(license).into_iter().find(|work| work.slot == slot);
        let at = match found.map(|work| work.state) {
            Some(AssignmentState::Offered { at, .. }) => at,
            _ => 0,
        };
        let signature = operator.node.sign(&accept_payload(genesis, license, slot, at)).into();
        self.node_call(NodeCall::Accept { slot, signature })
    }

    /// The node of `operator` resigns a slot.
    pub fn resign(&mut self, operator: &Person, license: LicenseId, slot: SlotRef) -> ApplyExtrinsicResult {
        let genesis = self.genesis_hash();
        let found = self.work_of(license).into_iter().find(|work| work.slot == slot);
        let (index, accepted) = match found.map(|work| work.state) {
            Some(AssignmentState::Serving { index, accepted, .. }) => (index, accepted),
            _ => (0, 0),
        };
        let signature = operator.node.sign(&resign_payload(genesis, license, slot, index, accepted)).into();
        self.node_call(NodeCall::Resign { slot, signature })
    }

    pub fn node_call(&mut self, call: NodeCall) -> ApplyExtrinsicResult {
        let xt = self.ext.execute_with(|| facts::node_extrinsic(call));
        self.include(xt)
    }

    pub fn work_of(&mut self, license: LicenseId) -> Vec<Assignment> {
        self.ext.execute_with(|| Jobs::work_of(license))
    }

    pub fn job(&mut self, id: JobId) -> JobInfo {
        self.ext.execute_with(|| Jobs::job(id)).expect("the job exists")
    }

    pub fn slot(&mut self, job: JobId, slot: u16) -> Option<SlotInfo> {
        self.ext.execute_with(|| Jobs::slot(SlotRef { job, slot }))
    }

    /// Every edge declares [`CAPACITY`].
    pub fn declare_all(&mut self) {
        for (edge, license) in self.working_edges() {
            self.declare(&edge, license, NodeProfile { capacity: CAPACITY, ..Default::default() }).unwrap().unwrap();
        }
    }

    /// The edges with their licenses.
    pub fn working_edges(&self) -> Vec<(Person, LicenseId)> {
        self.edges.iter().cloned().zip((1 + self.shape.oracles..).map(LicenseId)).collect()
    }

    /// Every edge accepts what it is offered now; how many offers that were.
    pub fn accept_all(&mut self) -> usize {
        let mut accepted = 0;
        for (edge, license) in self.working_edges() {
            for work in self.work_of(license) {
                if matches!(work.state, AssignmentState::Offered { .. }) {
                    self.accept(&edge, license, work.slot).unwrap().unwrap();
                    accepted += 1;
                }
            }
        }
        accepted
    }

    /// Make blocks, in which all offers are accepted, until every slot of the job that lives is served.
    pub fn run_until_served(&mut self, job: JobId) {
        for _ in 0..60 {
            self.accept_all();
            let job = self.job(job).job;
            if job.live > 0 && job.live == job.running {
                return;
            }
            self.block(vec![]);
        }
        panic!("job {job} is not served: {:?}", self.job(job));
    }

    /// The license that serves a slot.
    pub fn server(&mut self, job: JobId, slot: u16) -> Option<LicenseId> {
        let info = self.slot(job, slot)?;
        matches!(info.state, SlotState::Running { .. }).then_some(info.license)?
    }
}
