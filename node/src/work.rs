//! What a node does about jobs with its own key: it declares what it has for them, accepts slots and resigns them.
//!
//! Here on demand, through [`crate::rpc`], for operators who run containers by their own means.
//!
//! A node acts on the best block: an offer runs out in blocks, final or not, so a stall of finality must not hide it.
//! What it signs for a block that is reverted later does no harm: it names the offer or the service it is for.

use crate::{
    adapters::{
        hardware::{Machine, TooMuch},
        keys::KeystoreAdapter,
    },
    dauth::{Admission, Standing, Watch},
    rpc::NodeRole,
};
use ratio1_heartbeat::ports::{ChainError, Keys};
use ratio1_primitives::{
    api::{Assignment, AssignmentState, NodeCall},
    jobs::{NodeProfile, SlotRef},
    keys::{accept_payload, profile_payload, resign_payload},
    Hash, LicenseId, NodeId, NodeSignature,
};
use std::{fmt, sync::Arc};

/// What a node's own calls need of the chain.
#[async_trait::async_trait]
pub trait WorkChain: Send + Sync + 'static {
    /// The hash of block 0.
    fn genesis(&self) -> Hash;
    /// The best block: the pool judges by it too.
    fn best(&self) -> Hash;
    /// The license that a node is linked to at a block, admitted or not.
    fn linked(&self, at: Hash, node: NodeId) -> Result<Option<LicenseId>, ChainError>;
    /// The slots a license is offered or serves at a block.
    fn work_of(&self, at: Hash, license: LicenseId) -> Result<Vec<Assignment>, ChainError>;
    /// The number of a license's next declaration at a block.
    fn next_declaration(&self, at: Hash, license: LicenseId) -> Result<u32, ChainError>;
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
    /// The runtime refuses it for a reason that this binary cannot name.
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
    /// The keystore has no node key, or several.
    NoNode(Admission),
    /// The node is linked to no license.
    NotLinked(NodeId),
    /// The keystore did not sign.
    NoKey,
    /// More is declared than the machine has.
    TooMuch(TooMuch),
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
            Self::NoNode(Admission { condition, remedy, .. }) => write!(
                f,
                "there is nobody to sign: {}. Remedy: {}",
                condition.as_deref().unwrap_or_default(),
                remedy.as_deref().unwrap_or_default(),
            ),
            Self::NotLinked(node) => {
                write!(f, "node {node} is linked to no license: its owner links it with `licenses.link`")
            }
            Self::TooMuch(what) => what.fmt(f),
            Self::NoEdge => write!(f, "only an edge node's heartbeats report what it serves: run it with --edge"),
            Self::NoKey => write!(f, "the keystore did not sign: see `r1_status` for what it lacks"),
            Self::NotAssigned(slot) => {
                write!(f, "{} is neither offered to this node nor served by it", name(slot))
            }
            Self::Accepted(slot) => write!(f, "{} is accepted already", name(slot)),
            Self::NotAccepted(slot) => {
                write!(f, "{} is offered and not served: it goes to another node if it is not accepted", name(slot))
            }
            Self::Chain(error) => write!(f, "the chain could not be asked: {error}"),
            Self::Send(SendError::Refused(Refusal { error, docs })) => write!(f, "the chain refuses: {error}: {docs}"),
            Self::Send(SendError::Invalid(why)) => write!(f, "the chain refuses: {why}"),
            Self::Send(SendError::Waiting) => {
                write!(f, "the same was sent a short while ago: wait until it is in a block")
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
    /// What it runs on.
    pub machine: Machine,
}

impl Work {
    /// The slots this node is offered or serves. Like [`Self::resign`] it needs no good standing.
    pub async fn assignments(&self) -> Result<Vec<Assignment>, WorkError> {
        let license = self.linked().await?;
        self.work_of(license).await
    }

    /// Declare `profile`, which the machine must have. The transaction's hash.
    pub async fn declare(&self, profile: NodeProfile) -> Result<Hash, WorkError> {
        let license = self.license_to_work()?;
        let (machine, capacity) = (self.machine.clone(), profile.capacity);
        self.ask(move |_| Ok(machine.check(&capacity))).await?.map_err(WorkError::TooMuch)?;
        let sequence = self.ask(move |chain| chain.next_declaration(chain.best(), license)).await?;
        let signature = self.sign(&profile_payload(self.chain.genesis(), license, sequence, &profile))?;
        self.send(NodeCall::Declare { license, sequence, profile, signature }).await
    }

    /// Accept a slot that is offered. The transaction's hash.
    pub async fn accept(&self, slot: SlotRef) -> Result<Hash, WorkError> {
        let license = self.license_to_work()?;
        let AssignmentState::Offered { at, .. } = self.state_of(license, slot).await? else {
            return Err(WorkError::Accepted(slot));
        };
        let signature = self.sign(&accept_payload(self.chain.genesis(), license, slot, at))?;
        self.send(NodeCall::Accept { slot, signature }).await
    }

    /// Resign a slot that is served. The transaction's hash. The link is enough: a node that may take nothing new,
    /// since its owner's attestation ran out for example, can still give back what it has.
    pub async fn resign(&self, slot: SlotRef) -> Result<Hash, WorkError> {
        let license = self.linked().await?;
        let AssignmentState::Serving { index, accepted, .. } = self.state_of(license, slot).await? else {
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

    /// The license this node is linked to, whether the chain admits it or not.
    async fn linked(&self) -> Result<LicenseId, WorkError> {
        let node = self.keys.node().ok_or_else(|| match self.keys.node_keys().len() {
            0 => WorkError::NoNode(Standing::NoNodeKey.admission()),
            many => WorkError::NoNode(Standing::ManyNodeKeys(many).admission()),
        })?;
        self.ask(move |chain| chain.linked(chain.best(), node)).await?.ok_or(WorkError::NotLinked(node))
    }

    async fn work_of(&self, license: LicenseId) -> Result<Vec<Assignment>, WorkError> {
        self.ask(move |chain| chain.work_of(chain.best(), license)).await
    }

    async fn state_of(&self, license: LicenseId, slot: SlotRef) -> Result<AssignmentState, WorkError> {
        let all = self.work_of(license).await?;
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
        EpochIndex, JobId,
    };
    use sp_keystore::Keystore;

    /// The license of the node under test.
    pub const LICENSE: LicenseId = LicenseId(5);
    /// A slot it is offered,
    pub const OFFERED: SlotRef = SlotRef { job: JobId(7), slot: 1 };
    /// and one it serves.
    pub const SERVED: SlotRef = SlotRef { job: JobId(3), slot: 0 };
    const GENESIS: Hash = Hash::repeat_byte(9);
    /// The best block.
    const BEST: Hash = Hash::repeat_byte(2);
    /// The last final one.
    const FINAL: Hash = Hash::repeat_byte(1);

    /// A chain on which the node has two slots at the best block, and which is final up to a block long before the node
    /// was linked; it keeps what it is sent.
    #[derive(Default)]
    pub struct FakeChain {
        pub sent: Mutex<Vec<NodeCall>>,
        pub refuse: Option<SendError>,
        pub unlinked: bool,
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

        fn best(&self) -> Hash {
            BEST
        }

        fn linked(&self, at: Hash, _: NodeId) -> Result<Option<LicenseId>, ChainError> {
            Ok((at == BEST && !self.unlinked).then_some(LICENSE))
        }

        fn work_of(&self, at: Hash, license: LicenseId) -> Result<Vec<Assignment>, ChainError> {
            assert_eq!(license, LICENSE);
            if at != BEST {
                return Ok(Vec::new());
            }
            let serving = AssignmentState::Serving { index: 4, accepted: 1_700_000_000_000, ends: EpochIndex(40) };
            Ok(vec![
                Assignment { slot: SERVED, state: serving, request: request() },
                Assignment { slot: OFFERED, state: AssignmentState::Offered { at: 120, left: 15 }, request: request() },
            ])
        }

        fn next_declaration(&self, at: Hash, license: LicenseId) -> Result<u32, ChainError> {
            assert_eq!(license, LICENSE);
            Ok(if at == BEST { 3 } else { 0 })
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
        let (keys, watch, machine) = (KeystoreAdapter::new(store), Watch::at(standing), Machine::new("/".into()));
        (Work { chain, keys, watch, role: NodeRole::Edge, machine }, node)
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
    async fn offer_is_seen_and_accepted_when_finality_lags() {
        let chain = Arc::new(FakeChain::default());
        assert_eq!(chain.work_of(FINAL, LICENSE), Ok(vec![]), "nothing of it is final");
        let (work, _) = work_on(chain.clone(), true);
        let seen = work.assignments().await.expect("it is linked");
        assert!(seen.iter().any(|assignment| assignment.slot == OFFERED));
        assert!(work.accept(OFFERED).await.is_ok() && work.resign(SERVED).await.is_ok());
        assert_eq!(chain.sent.lock().len(), 2);
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
        for refused in [work.declare(NodeProfile::default()).await, work.accept(OFFERED).await] {
            assert!(matches!(refused, Err(WorkError::NotAdmitted(_))), "{refused:?}");
        }
        let full = Work { role: NodeRole::Full, ..work_on(chain.clone(), true).0 };
        assert_eq!(full.declare(NodeProfile::default()).await, Err(WorkError::NoEdge));
        assert_eq!(full.accept(OFFERED).await, Err(WorkError::NoEdge));
        assert_eq!(*chain.sent.lock(), []);
        assert!(full.resign(SERVED).await.is_ok(), "what it cannot serve it may give back");
    }

    #[tokio::test]
    async fn slot_is_seen_and_resigned_when_the_node_is_linked_but_not_admitted() {
        let chain = Arc::new(FakeChain::default());
        let (work, node) = work_on(chain.clone(), false);
        assert_eq!(work.assignments().await.map(|all| all.len()), Ok(2));
        assert_eq!(work.resign(SERVED).await, Ok(Hash::repeat_byte(1)));
        assert!(matches!(chain.sent.lock()[..], [NodeCall::Resign { slot: SERVED, .. }]));

        let (work, _) = work_on(Arc::new(FakeChain { unlinked: true, ..Default::default() }), true);
        assert_eq!(work.assignments().await, Err(WorkError::NotLinked(node)));
        assert_eq!(work.resign(SERVED).await, Err(WorkError::NotLinked(node)));
        let keys = KeystoreAdapter::new(Arc::new(sc_keystore::LocalKeystore::in_memory()));
        let nobody = Work { keys, ..work };
        assert!(matches!(nobody.resign(SERVED).await, Err(WorkError::NoNode(_))));
    }

    #[tokio::test]
    async fn declaration_is_refused_when_it_is_more_than_the_machine_has() {
        let chain = Arc::new(FakeChain::default());
        let (work, _) = work_on(chain.clone(), true);
        let capacity = Capacity { cpu_milli: u32::MAX, ..Default::default() };
        let refused = work.declare(NodeProfile { capacity, ..Default::default() }).await;
        assert!(matches!(refused, Err(WorkError::TooMuch(_))), "{refused:?}");
        assert_eq!(*chain.sent.lock(), []);
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
