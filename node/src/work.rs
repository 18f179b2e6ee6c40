//! What a node does about jobs with its own key: it declares what it has for them, accepts slots and resigns them.
//!
//! Here on demand, through [`crate::rpc`], for operators who run containers by their own means.

use crate::{
    adapters::keys::KeystoreAdapter,
    dauth::{Admission, Standing, Watch},
    rpc::NodeRole,
};
use ratio1_heartbeat::ports::{ChainError, Keys};
use ratio1_primitives::{
    api::{Assignment, AssignmentState, NodeCall},
    jobs::{NodeProfile, SlotRef},
    keys::{accept_payload, profile_payload, resign_payload},
    Hash, LicenseId, NodeSignature,
};
use std::{fmt, sync::Arc};

/// What a node's own calls need of the chain.
#[async_trait::async_trait]
pub trait WorkChain: Send + Sync + 'static {
    /// The hash of block 0.
    fn genesis(&self) -> Hash;
    /// The slots a license is offered or serves, in finalised state: what is accepted there stays offered.
    fn work_of(&self, license: LicenseId) -> Result<Vec<Assignment>, ChainError>;
    /// The number of a license's next declaration, in the best block: the pool judges by that too.
    fn next_declaration(&self, license: LicenseId) -> Result<u32, ChainError>;
    /// Have the runtime make a transaction of a call, and hand it to the pool. Its hash.
    async fn send(&self, call: NodeCall) -> Result<Hash, SendError>;
}

/// An error of a pallet, as its source names and describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its name.
    pub error: &'static str,
    /// What it says, with the remedy.
    pub docs: String,
}

/// Why a call did not get into the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendError {
    /// The pallet refuses it.
    Refused(Refusal),
    /// The runtime refuses it for a reason that this binary can not name.
    Invalid(String),
    /// The very same is in the pool, or was a short while ago.
    Waiting,
    /// The pool, or the runtime, does not work now.
    Unavailable(String),
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkError {
    /// The chain does not admit the node.
    NotAdmitted(Admission),
    /// It is no edge node, so no heartbeat would report what it serves.
    NoEdge,
    /// The keystore did not sign.
    NoKey,
    /// The slot is neither offered to this node nor served by it.
    NotAssigned(SlotRef),
    /// It is served already.
    Accepted(SlotRef),
    /// It is offered and not served.
    NotAccepted(SlotRef),
    /// The chain could not be asked.
    Chain(ChainError),
    /// The call was not taken.
    Send(SendError),
}

impl fmt::Display for WorkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |slot: &SlotRef| format!("slot {} of job {}", slot.slot, slot.job);
        match self {
            Self::NotAdmitted(Admission { condition, remedy, .. }) => write!(
                f,
                "the node may not work: {}. Remedy: {}",
                condition.as_deref().unwrap_or_default(),
                remedy.as_deref().unwrap_or_default(),
            ),
            Self::NoEdge => write!(f, "only an edge node's heartbeats report what it serves: run it with --edge"),
            Self::NoKey => write!(f, "the keystore did not sign: see `r1_status` for what it lacks"),
            Self::NotAssigned(slot) => {
                write!(f, "{} is neither offered to this node nor served by it, as far as is final", name(slot))
            }
            Self::Accepted(slot) => write!(f, "{} is accepted already", name(slot)),
            Self::NotAccepted(slot) => {
                write!(f, "{} is offered and not served: it goes to another node if it is not accepted", name(slot))
            }
            Self::Chain(error) => write!(f, "the chain could not be asked: {error}"),
            Self::Send(SendError::Refused(Refusal { error, docs })) => write!(f, "the chain refuses: {error}: {docs}"),
            Self::Send(SendError::Invalid(why)) => write!(f, "the chain refuses: {why}"),
            Self::Send(SendError::Waiting) => {
                write!(f, "the same was sent a short while ago: wait until it is in a block, and final")
            }
            Self::Send(SendError::Unavailable(why)) => write!(f, "it could not be sent: {why}. Try again"),
        }
    }
}

impl std::error::Error for WorkError {}

impl From<ChainError> for WorkError {
    fn from(error: ChainError) -> Self {
        Self::Chain(error)
    }
}

/// This node's dealings with jobs.
#[derive(Clone)]
pub struct Work {
    /// The chain.
    pub chain: Arc<dyn WorkChain>,
    /// The node's key.
    pub keys: KeystoreAdapter,
    /// Whether it is admitted, and for which license.
    pub watch: Watch,
    /// What it runs as.
    pub role: NodeRole,
}

impl Work {
    /// The slots this node is offered or serves.
    pub async fn assignments(&self) -> Result<Vec<Assignment>, WorkError> {
        let license = self.license()?;
        self.ask(move |chain| chain.work_of(license)).await
    }

    /// Declare `profile`. The transaction's hash.
    pub async fn declare(&self, profile: NodeProfile) -> Result<Hash, WorkError> {
        let license = self.license_to_work()?;
        let sequence = self.ask(move |chain| chain.next_declaration(license)).await?;
        let signature = self.sign(&profile_payload(self.chain.genesis(), license, sequence, &profile))?;
        self.send(NodeCall::Declare { license, sequence, profile, signature }).await
    }

    /// Accept a slot that is offered. The transaction's hash.
    pub async fn accept(&self, slot: SlotRef) -> Result<Hash, WorkError> {
        let license = self.license_to_work()?;
        let AssignmentState::Offered { at, .. } = self.state_of(slot).await? else {
            return Err(WorkError::Accepted(slot));
        };
        let signature = self.sign(&accept_payload(self.chain.genesis(), license, slot, at))?;
        self.send(NodeCall::Accept { slot, signature }).await
    }

    /// Resign a slot that is served. The transaction's hash.
    pub async fn resign(&self, slot: SlotRef) -> Result<Hash, WorkError> {
        let license = self.license()?;
        let AssignmentState::Serving { index, accepted, .. } = self.state_of(slot).await? else {
            return Err(WorkError::NotAccepted(slot));
        };
        let signature = self.sign(&resign_payload(self.chain.genesis(), license, slot, index, accepted))?;
        self.send(NodeCall::Resign { slot, signature }).await
    }

    fn license(&self) -> Result<LicenseId, WorkError> {
        match self.watch.standing() {
            Standing::Admitted(_, license) => Ok(license),
            other => Err(WorkError::NotAdmitted(other.admission())),
        }
    }

    fn license_to_work(&self) -> Result<LicenseId, WorkError> {
        let license = self.license()?;
        if self.role == NodeRole::Edge {
            Ok(license)
        } else {
            Err(WorkError::NoEdge)
        }
    }

    async fn state_of(&self, slot: SlotRef) -> Result<AssignmentState, WorkError> {
        let all = self.assignments().await?;
        let found = all.into_iter().find(|assignment| assignment.slot == slot);
        found.map(|assignment| assignment.state).ok_or(WorkError::NotAssigned(slot))
    }

    fn sign(&self, payload: &[u8]) -> Result<NodeSignature, WorkError> {
        self.keys.sign_as_node(payload).ok_or(WorkError::NoKey)
    }

    async fn send(&self, call: NodeCall) -> Result<Hash, WorkError> {
        self.chain.send(call).await.map_err(WorkError::Send)
    }

    /// Runtime calls take their time, which is not that of the threads that serve connections.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn WorkChain) -> Result<T, ChainError> + Send + 'static,
    ) -> Result<T, WorkError> {
        let chain = self.chain.clone();
        let answer = tokio::task::spawn_blocking(move || question(&*chain)).await;
        Ok(answer.map_err(|error| ChainError::Runtime(error.to_string()))??)
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use parking_lot::Mutex;
    use ratio1_primitives::{
        jobs::{Capacity, Cid, Gpu, JobRequest, Restart, Tier},
        keys::{verify_node, NODE_KEY_TYPE},
        EpochIndex, JobId, NodeId,
    };
    use sp_keystore::Keystore;

    /// The license of the node under test.
    pub const LICENSE: LicenseId = LicenseId(5);
    /// A slot it is offered,
    pub const OFFERED: SlotRef = SlotRef { job: JobId(7), slot: 1 };
    /// and one it serves.
    pub const SERVED: SlotRef = SlotRef { job: JobId(3), slot: 0 };
    const GENESIS: Hash = Hash::repeat_byte(9);

    /// A chain on which the node has two slots; it keeps what it is sent.
    #[derive(Default)]
    pub struct FakeChain {
        pub sent: Mutex<Vec<NodeCall>>,
        pub refuse: Option<SendError>,
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

    #[async_trait::async_trait]
    impl WorkChain for FakeChain {
        fn genesis(&self) -> Hash {
            GENESIS
        }

        fn work_of(&self, license: LicenseId) -> Result<Vec<Assignment>, ChainError> {
            assert_eq!(license, LICENSE);
            let serving = AssignmentState::Serving { index: 4, accepted: 1_700_000_000_000, ends: EpochIndex(40) };
            Ok(vec![
                Assignment { slot: SERVED, state: serving, request: request() },
                Assignment { slot: OFFERED, state: AssignmentState::Offered { at: 120, left: 15 }, request: request() },
            ])
        }

        fn next_declaration(&self, license: LicenseId) -> Result<u32, ChainError> {
            assert_eq!(license, LICENSE);
            Ok(3)
        }

        async fn send(&self, call: NodeCall) -> Result<Hash, SendError> {
            self.sent.lock().push(call);
            self.refuse.clone().map_or(Ok(Hash::repeat_byte(1)), Err)
        }
    }

    /// An edge node in good standing, if it is `admitted`, on that chain.
    pub fn work_on(chain: Arc<FakeChain>, admitted: bool) -> (Work, NodeId) {
        let store = Arc::new(sc_keystore::LocalKeystore::in_memory());
        let node = NodeId::from(store.ed25519_generate_new(NODE_KEY_TYPE, Some("//Eve")).expect("a seed"));
        let standing = if admitted { Standing::Admitted(node, LICENSE) } else { Standing::Unknown };
        (Work { chain, keys: KeystoreAdapter(store), watch: Watch::at(standing), role: NodeRole::Edge }, node)
    }

    #[tokio::test]
    async fn calls_are_signed_for_what_the_chain_says() {
        let chain = Arc::new(FakeChain::default());
        let (work, node) = work_on(chain.clone(), true);
        let profile = NodeProfile { capacity: Capacity { cpu_milli: 250, ..Default::default() }, ..Default::default() };
        assert_eq!(work.declare(profile.clone()).await, Ok(Hash::repeat_byte(1)));
        assert_eq!(work.accept(OFFERED).await, Ok(Hash::repeat_byte(1)));
        assert_eq!(work.resign(SERVED).await, Ok(Hash::repeat_byte(1)));

        let sent = std::mem::take(&mut *chain.sent.lock());
        let [declare, accept, resign] = <[NodeCall; 3]>::try_from(sent).expect("three calls");
        let NodeCall::Declare { license: LICENSE, sequence: 3, profile: sent, signature } = declare else {
            panic!("{declare:?}");
        };
        assert_eq!(sent, profile);
        assert!(verify_node(&node, &profile_payload(GENESIS, LICENSE, 3, &profile), &signature));
        let NodeCall::Accept { slot: OFFERED, signature } = accept else { panic!("{accept:?}") };
        assert!(verify_node(&node, &accept_payload(GENESIS, LICENSE, OFFERED, 120), &signature));
        let NodeCall::Resign { slot: SERVED, signature } = resign else { panic!("{resign:?}") };
        assert!(verify_node(&node, &resign_payload(GENESIS, LICENSE, SERVED, 4, 1_700_000_000_000), &signature));
    }

    #[tokio::test]
    async fn nothing_is_sent_when_the_slot_is_not_the_nodes_or_not_in_that_state() {
        let chain = Arc::new(FakeChain::default());
        let (work, _) = work_on(chain.clone(), true);
        let foreign = SlotRef { slot: 0, ..OFFERED };
        assert_eq!(work.accept(foreign).await, Err(WorkError::NotAssigned(foreign)));
        assert_eq!(work.resign(foreign).await, Err(WorkError::NotAssigned(foreign)));
        assert_eq!(work.accept(SERVED).await, Err(WorkError::Accepted(SERVED)));
        assert_eq!(work.resign(OFFERED).await, Err(WorkError::NotAccepted(OFFERED)));
        assert_eq!(*chain.sent.lock(), []);
    }

    #[tokio::test]
    async fn nothing_is_sent_when_the_node_is_not_admitted_or_sends_no_heartbeats() {
        let chain = Arc::new(FakeChain::default());
        let (work, _) = work_on(chain.clone(), false);
        for refused in [
            work.assignments().await.map(|_| Hash::zero()),
            work.declare(NodeProfile::default()).await,
            work.accept(OFFERED).await,
            work.resign(SERVED).await,
        ] {
            assert!(matches!(refused, Err(WorkError::NotAdmitted(_))), "{refused:?}");
        }
        let full = Work { role: NodeRole::Full, ..work_on(chain.clone(), true).0 };
        assert_eq!(full.declare(NodeProfile::default()).await, Err(WorkError::NoEdge));
        assert_eq!(full.accept(OFFERED).await, Err(WorkError::NoEdge));
        assert_eq!(*chain.sent.lock(), []);
        assert!(full.resign(SERVED).await.is_ok(), "what it can not serve it may give back");
    }

    #[tokio::test]
    async fn refusal_is_told_with_its_name_and_remedy() {
        let refusal = Refusal { error: "OfferOver", docs: "the offer has lapsed.".into() };
        let chain = FakeChain { refuse: Some(SendError::Refused(refusal)), ..Default::default() };
        let (work, _) = work_on(Arc::new(chain), true);
        let told = work.accept(OFFERED).await.expect_err("it is refused").to_string();
        assert_eq!(told, "the chain refuses: OfferOver: the offer has lapsed.");
    }
}
