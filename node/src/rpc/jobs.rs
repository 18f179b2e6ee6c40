//! `r1_work`, and the calls by which an operator who runs containers by own means takes part in jobs. Those sign with
//! the node's key, so they are unsafe: refused on connections that may not call unsafe methods.

use jsonrpsee::{
    core::{async_trait, RpcResult},
    proc_macros::rpc,
    types::{error::ErrorCode, ErrorObjectOwned},
    Extensions, RpcModule,
};
use ratio1_jobs_worker::{ports::CallError, JobsError, JobsWorker};
use ratio1_primitives::{
    api::{Assignment, AssignmentState},
    jobs::{request::Tag, Capacity, Cid, Gpu, JobRequest, NodeProfile, Restart, SlotRef, Tier},
    Hash, JobId,
};
use sc_rpc::DenyUnsafe;
use serde::{Deserialize, Serialize};

/// The node cannot do that now: it is not admitted, or the slot is not in that state.
const NOT_NOW: i32 = 7001;
/// The chain refuses it; the data names the error.
const REFUSED: i32 = 7002;
/// It could not be sent or asked.
const UNAVAILABLE: i32 = 7003;
/// The machine has less than is declared.
const TOO_MUCH: i32 = 7004;

/// What a node offers for jobs.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Offer {
    /// Thousandths of a vCPU.
    pub cpu_milli: u32,
    /// MiB of memory.
    pub memory_mib: u32,
    /// GiB of disk.
    pub disk_gib: u32,
    /// GPUs.
    #[serde(default)]
    pub gpus: u32,
    /// Their class.
    #[serde(default)]
    pub gpu: Option<GpuClass>,
    /// Words by which jobs can select it, in any order.
    #[serde(default)]
    pub tags: Vec<String>,
}

/// A class of GPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs)]
pub enum GpuClass {
    Entry,
    Med,
    High,
    Ultra,
}

/// A slot of a job.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotName {
    /// The job.
    pub job: u64,
    /// Which of its slots.
    pub slot: u16,
}

/// A slot this node is offered or serves.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkItem {
    /// The job.
    pub job: u64,
    /// Which of its slots.
    pub slot: u16,
    /// Where it stands.
    #[serde(flatten)]
    pub stage: Stage,
    /// The tier, as the protocol names it.
    pub tier: &'static str,
    /// The class of the GPU that is asked for.
    pub gpu: Option<GpuClass>,
    /// Where the specification of the container is: a CIDv1 in base32.
    pub spec: String,
    /// How large it is.
    pub spec_bytes: u32,
    /// Nodes the job was asked for with.
    pub nodes: u16,
    /// Epochs it was asked for with.
    pub epochs: u32,
    /// What is done when the container ends.
    pub restart: &'static str,
}

/// Where a slot stands.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Stage {
    /// It can be accepted.
    Offered {
        /// The block of the offer.
        offered_at: u32,
        /// Blocks in which it can still be accepted.
        blocks_left: u32,
    },
    /// It is accepted.
    Serving {
        /// Its place in ballots.
        index: u32,
        /// Unix milliseconds.
        accepted: u64,
        /// The first epoch in which it is no longer served.
        ends: u32,
    },
}

/// The methods, answered by `jobs`.
pub fn into_rpc(jobs: JobsWorker) -> RpcModule<JobsRpc> {
    JobsRpc(jobs).into_rpc()
}

/// Answers them.
pub struct JobsRpc(JobsWorker);

/// A node and its jobs.
#[rpc(server, namespace = "r1")]
pub trait JobsApi {
    /// The slots this node is offered or serves, in the best block.
    #[method(name = "work")]
    async fn work(&self) -> RpcResult<Vec<WorkItem>>;

    /// Declare what this node has for jobs from now on; all zero: it takes no more. Unsafe.
    #[method(name = "declare", with_extensions)]
    async fn declare(&self, offer: Offer) -> RpcResult<Hash>;

    /// Accept the offer of a slot. Unsafe.
    #[method(name = "accept", with_extensions)]
    async fn accept(&self, slot: SlotName) -> RpcResult<Hash>;

    /// Leave a slot at the end of the running epoch. Unsafe.
    #[method(name = "resign", with_extensions)]
    async fn resign(&self, slot: SlotName) -> RpcResult<Hash>;
}

#[async_trait]
impl JobsApiServer for JobsRpc {
    async fn work(&self) -> RpcResult<Vec<WorkItem>> {
        let assignments = self.0.assignments().await.map_err(rpc_error)?;
        Ok(assignments.iter().map(WorkItem::from).collect())
    }

    async fn declare(&self, extensions: &Extensions, offer: Offer) -> RpcResult<Hash> {
        check_if_safe(extensions)?;
        self.0.declare_profile(offer.profile()?).await.map_err(rpc_error)
    }

    async fn accept(&self, extensions: &Extensions, slot: SlotName) -> RpcResult<Hash> {
        check_if_safe(extensions)?;
        self.0.accept_offer(slot.into()).await.map_err(rpc_error)
    }

    async fn resign(&self, extensions: &Extensions, slot: SlotName) -> RpcResult<Hash> {
        check_if_safe(extensions)?;
        self.0.resign_slot(slot.into()).await.map_err(rpc_error)
    }
}

/// The SDK's server says for every connection whether unsafe methods are denied.
fn check_if_safe(extensions: &Extensions) -> RpcResult<()> {
    let deny = extensions.get::<DenyUnsafe>().copied().unwrap_or(DenyUnsafe::Yes);
    deny.check_if_safe().map_err(Into::into)
}

fn rpc_error(error: JobsError) -> ErrorObjectOwned {
    let (code, name) = match &error {
        JobsError::Call(CallError::Refused(refusal)) => (REFUSED, Some(refusal.error)),
        JobsError::Call(CallError::Invalid(_)) => (REFUSED, None),
        JobsError::Call(CallError::Unavailable(_)) | JobsError::Chain(_) => (UNAVAILABLE, None),
        JobsError::TooMuch(_) => (TOO_MUCH, None),
        _ => (NOT_NOW, None),
    };
    ErrorObjectOwned::owned(code, error.to_string(), name)
}

impl Offer {
    /// As the chain has it: with sorted tags.
    fn profile(self) -> RpcResult<NodeProfile> {
        let Self { cpu_milli, memory_mib, disk_gib, gpus, gpu, mut tags } = self;
        tags.sort_unstable();
        let tags = tags.into_iter().map(|tag| Tag::try_from(tag.into_bytes())).collect::<Result<Vec<_>, _>>();
        let tags = tags.ok().and_then(|tags| tags.try_into().ok()).ok_or_else(|| {
            let bounds = "a node declares at most 8 tags, each of 1 to 32 of a-z, 0-9 and -";
            ErrorObjectOwned::owned(ErrorCode::InvalidParams.code(), bounds, None::<()>)
        })?;
        let capacity = Capacity { cpu_milli, memory_mib, disk_gib, gpus };
        Ok(NodeProfile { capacity, gpu: gpu.map(Gpu::from), tags })
    }
}

impl From<SlotName> for SlotRef {
    fn from(SlotName { job, slot }: SlotName) -> Self {
        Self { job: JobId(job), slot }
    }
}

impl From<GpuClass> for Gpu {
    fn from(class: GpuClass) -> Self {
        match class {
            GpuClass::Entry => Self::Entry,
            GpuClass::Med => Self::Med,
            GpuClass::High => Self::High,
            GpuClass::Ultra => Self::Ultra,
        }
    }
}

impl From<Gpu> for GpuClass {
    fn from(gpu: Gpu) -> Self {
        match gpu {
            Gpu::Entry => Self::Entry,
            Gpu::Med => Self::Med,
            Gpu::High => Self::High,
            Gpu::Ultra => Self::Ultra,
        }
    }
}

impl From<&Assignment> for WorkItem {
    fn from(Assignment { slot, state, request }: &Assignment) -> Self {
        let JobRequest { tier, gpu, nodes, epochs, spec, spec_bytes, restart, .. } = request;
        Self {
            job: slot.job.0,
            slot: slot.slot,
            stage: match *state {
                AssignmentState::Offered { at, left } => Stage::Offered { offered_at: at, blocks_left: left },
                AssignmentState::Serving { index, accepted, ends } => Stage::Serving { index, accepted, ends: ends.0 },
            },
            tier: tier_name(*tier),
            gpu: gpu.map(GpuClass::from),
            spec: cid_text(spec),
            spec_bytes: *spec_bytes,
            nodes: *nodes,
            epochs: *epochs,
            restart: match restart {
                Restart::Always => "always",
                Restart::OnFailure => "onFailure",
                Restart::Never => "never",
            },
        }
    }
}

fn tier_name(tier: Tier) -> &'static str {
    match tier {
        Tier::Micro => "micro",
        Tier::Lite => "lite",
        Tier::Entry => "entry",
        Tier::Low1 => "low-1",
        Tier::Low2 => "low-2",
        Tier::Med1 => "med-1",
        Tier::Med2 => "med-2",
        Tier::High1 => "high-1",
        Tier::High2 => "high-2",
        Tier::Ultra1 => "ultra-1",
        Tier::Ultra2 => "ultra-2",
    }
}

/// The usual text of an identifier. The chain takes none that has no such text; hexadecimal digits stand for it if one
/// did.
fn cid_text(cid: &Cid) -> String {
    cid::Cid::try_from(cid.0.as_slice()).map_or_else(|_| format!("0x{}", hex::encode(cid.0)), |cid| cid.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_jobs_worker::testing::{worker_on, FakeChain};
    use ratio1_ports::testing::FakeMachine;
    use ratio1_primitives::{
        api::NodeCall,
        heartbeat::{Amount, Resources},
        refusal::CallRefusal,
    };
    use serde_json::{json, Value};
    use std::sync::Arc;

    fn module(chain: Arc<FakeChain>, deny: Option<DenyUnsafe>) -> RpcModule<JobsRpc> {
        module_of(worker_on(chain, true).0, deny)
    }

    fn module_of(jobs: JobsWorker, deny: Option<DenyUnsafe>) -> RpcModule<JobsRpc> {
        let mut module = into_rpc(jobs);
        if let Some(deny) = deny {
            module.extensions_mut().insert(deny);
        }
        module
    }

    async fn call(module: &RpcModule<JobsRpc>, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let (answer, _) = module.raw_json_request(&request.to_string(), 1).await.expect("a valid request");
        serde_json::from_str(&answer).expect("a valid answer")
    }

    fn calls() -> [(&'static str, Value); 3] {
        [
            ("r1_declare", json!([{"cpuMilli": 1, "memoryMib": 1, "diskGib": 1}])),
            ("r1_accept", json!([{"job": 7, "slot": 1}])),
            ("r1_resign", json!([{"job": 3, "slot": 0}])),
        ]
    }

    #[tokio::test]
    async fn calls_with_the_nodes_key_are_denied_where_unsafe_methods_are() {
        let chain = Arc::new(FakeChain::default());
        for deny in [None, Some(DenyUnsafe::Yes)] {
            let module = module(chain.clone(), deny);
            for (method, params) in calls() {
                let answer = call(&module, method, params).await;
                let code = answer.pointer("/error/code").and_then(Value::as_i64);
                assert_eq!(code, Some(ErrorCode::MethodNotFound.code().into()), "{method}: {answer}");
            }
            assert!(call(&module, "r1_work", json!([])).await.get("result").is_some(), "reading is safe");
        }
        assert_eq!(chain.sent.lock().len(), 0);
        let module = module(chain.clone(), Some(DenyUnsafe::No));
        for (method, params) in calls() {
            let answer = call(&module, method, params).await;
            assert_eq!(answer.get("result"), Some(&json!(Hash::repeat_byte(1))), "{method}: {answer}");
        }
        assert_eq!(chain.sent.lock().len(), 3);
    }

    #[tokio::test]
    async fn work_tells_slots_with_what_is_to_be_run() {
        let answer = call(&module(Arc::default(), None), "r1_work", json!([])).await;
        let spec = "bafkreiaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
        let rest = |mut item: Value| {
            let fields = json!({
                "tier": "low-1", "gpu": "entry", "spec": spec, "specBytes": 512, "nodes": 2, "epochs": 30,
                "restart": "onFailure",
            });
            let (Value::Object(item), Value::Object(fields)) = (&mut item, fields) else { panic!("objects") };
            item.extend(fields);
            json!(item)
        };
        let expected = json!([
            rest(
                json!({"job": 3, "slot": 0, "state": "serving", "index": 4, "accepted": 1_700_000_000_000u64, "ends": 40})
            ),
            rest(json!({"job": 7, "slot": 1, "state": "offered", "offeredAt": 120, "blocksLeft": 15})),
        ]);
        assert_eq!(answer.get("result"), Some(&expected), "{answer}");
    }

    #[tokio::test]
    async fn declaration_sorts_tags_and_refuses_what_is_no_offer() {
        let chain = Arc::new(FakeChain::default());
        let module = module(chain.clone(), Some(DenyUnsafe::No));
        let offer = json!([{
            "cpuMilli": 1000, "memoryMib": 512, "diskGib": 1, "gpus": 0, "gpu": "med", "tags": ["ssd", "eu", "fast"],
        }]);
        assert!(call(&module, "r1_declare", offer).await.get("result").is_some());
        let sent = chain.sent.lock().pop();
        let Some(NodeCall::Declare { profile, .. }) = sent else { panic!("{sent:?}") };
        assert_eq!(profile.capacity, Capacity { cpu_milli: 1000, memory_mib: 512, disk_gib: 1, gpus: 0 });
        assert_eq!(profile.gpu, Some(Gpu::Med));
        let tags: Vec<_> = profile.tags.iter().map(|tag| String::from_utf8_lossy(tag).into_owned()).collect();
        assert_eq!(tags, ["eu", "fast", "ssd"]);

        let zero = |more: Value| {
            let mut offer = json!({"cpuMilli": 0, "memoryMib": 0, "diskGib": 0});
            offer.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
            json!([offer])
        };
        for wrong in [
            json!([{"cpuMilli": 1}]),
            zero(json!({"cpuMilli": -1})),
            zero(json!({"memoryMib": u64::MAX})),
            zero(json!({"gpu": "huge"})),
            zero(json!({"ram": 1})),
            zero(json!({"tags": ["x".repeat(33)]})),
            zero(json!({"tags": ["a", "b", "c", "d", "e", "f", "g", "h", "i"]})),
        ] {
            let answer = call(&module, "r1_declare", wrong.clone()).await;
            let code = answer.pointer("/error/code").and_then(Value::as_i64);
            assert_eq!(code, Some(ErrorCode::InvalidParams.code().into()), "{wrong}: {answer}");
        }
        assert_eq!(chain.sent.lock().len(), 0);
    }

    #[tokio::test]
    async fn declaration_of_more_than_the_machine_has_is_refused_with_what_was_seen() {
        let chain = Arc::new(FakeChain::default());
        let cpu_milli = Amount { total: 4_000, free: 4_000 };
        let hardware = Arc::new(FakeMachine(Resources { cpu_milli, ..Default::default() }));
        let jobs = JobsWorker { hardware, ..worker_on(chain.clone(), true).0 };
        let module = module_of(jobs, Some(DenyUnsafe::No));
        let offer = json!([{"cpuMilli": 1_024_000_000, "memoryMib": 1, "diskGib": 1}]);
        let answer = call(&module, "r1_declare", offer).await;
        let error = answer.get("error").expect("it is refused");
        assert_eq!(error.get("code"), Some(&json!(TOO_MUCH)));
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default();
        assert!(message.starts_with("1024000000 thousandths of a vCPU are more than this node sees"), "{message}");
        assert_eq!(chain.sent.lock().len(), 0);
    }

    #[tokio::test]
    async fn refusal_is_named_in_the_answer() {
        let refusal = CallRefusal { error: "OfferOver", docs: "the offer has lapsed.".into() };
        let chain = FakeChain { refuse: Some(CallError::Refused(refusal)), ..Default::default() };
        let module = module(Arc::new(chain), Some(DenyUnsafe::No));
        let answer = call(&module, "r1_accept", json!([{"job": 7, "slot": 1}])).await;
        let error = answer.get("error").expect("it is refused");
        assert_eq!(error.get("code"), Some(&json!(REFUSED)));
        assert_eq!(error.get("data"), Some(&json!("OfferOver")));
    }
}
