//! The worker: from what the chain says of a slot to the call that is signed for it.

use crate::{
    capacity::check_capacity,
    ports::{CallSink, JobsChain},
    JobsError,
};
use ratio1_ports::{ChainError, Hardware, NodeKeys, NodeRole, Standing, StandingSource};
use ratio1_primitives::{
    api::{Assignment, AssignmentState, NodeCall},
    jobs::{NodeProfile, SlotRef},
    keys::{accept_payload, profile_payload, resign_payload},
    Hash, LicenseId, NodeSignature,
};
use std::sync::Arc;

/// This node's dealings with jobs.
#[derive(Clone)]
pub struct JobsWorker {
    /// The chain.
    pub chain: Arc<dyn JobsChain>,
    /// The transaction pool.
    pub calls: Arc<dyn CallSink>,
    /// The node's key.
    pub keys: Arc<dyn NodeKeys>,
    /// Whether it is admitted, and for which license.
    pub standing: Arc<dyn StandingSource>,
    /// What it runs as.
    pub role: NodeRole,
    /// What it runs on.
    pub hardware: Arc<dyn Hardware>,
}

impl JobsWorker {
    /// The slots this node is offered or serves. Like [`Self::resign_slot`] it needs no good standing.
    pub async fn assignments(&self) -> Result<Vec<Assignment>, JobsError> {
        let license = self.linked_license().await?;
        self.assignments_of(license).await
    }

    /// Declare `profile`, which the machine must have. The transaction's hash.
    pub async fn declare_profile(&self, profile: NodeProfile) -> Result<Hash, JobsError> {
        let license = self.license_to_work()?;
        let (hardware, capacity) = (self.hardware.clone(), profile.capacity);
        self.ask(move |_| Ok(check_capacity(&hardware.resources(), &capacity))).await??;
        let sequence = self.ask(move |chain| chain.next_declaration(chain.best().hash, license)).await?;
        let signature = self.sign(&profile_payload(self.chain.genesis(), license, sequence, &profile))?;
        self.submit(NodeCall::Declare { license, sequence, profile, signature }).await
    }

    /// Accept a slot that is offered. The transaction's hash.
    pub async fn accept_offer(&self, slot: SlotRef) -> Result<Hash, JobsError> {
        let license = self.license_to_work()?;
        let AssignmentState::Offered { at, .. } = self.state_of(license, slot).await? else {
            return Err(JobsError::AlreadyAccepted(slot));
        };
        let signature = self.sign(&accept_payload(self.chain.genesis(), license, slot, at))?;
        self.submit(NodeCall::Accept { slot, signature }).await
    }

    /// Resign a slot that is served. The transaction's hash. The link is enough: a node that may take nothing new,
    /// since its owner's attestation ran out for example, can still give back what it has.
    pub async fn resign_slot(&self, slot: SlotRef) -> Result<Hash, JobsError> {
        let license = self.linked_license().await?;
        let AssignmentState::Serving { index, accepted, .. } = self.state_of(license, slot).await? else {
            return Err(JobsError::NotAccepted(slot));
        };
        let signature = self.sign(&resign_payload(self.chain.genesis(), license, slot, index, accepted))?;
        self.submit(NodeCall::Resign { slot, signature }).await
    }

    /// The license of a node that may take something new.
    fn license_to_work(&self) -> Result<LicenseId, JobsError> {
        // ADR 0021: oracles count what beats report, so who sends none must promise nothing.
        let license = match self.standing.standing() {
            Standing::Admitted(_, license) => license,
            other => return Err(JobsError::NotAdmitted(other.admission())),
        };
        if self.role == NodeRole::Edge {
            Ok(license)
        } else {
            Err(JobsError::NoEdge)
        }
    }

    /// The license this node is linked to, whether the chain admits it or not.
    async fn linked_license(&self) -> Result<LicenseId, JobsError> {
        let nobody = |none| JobsError::Nobody(Standing::Nobody(none).admission());
        let node = self.keys.identity().map_err(nobody)?;
        let license = self.ask(move |chain| chain.linked_license(chain.best().hash, node)).await?;
        license.ok_or(JobsError::NotLinked(node))
    }

    async fn assignments_of(&self, license: LicenseId) -> Result<Vec<Assignment>, JobsError> {
        self.ask(move |chain| chain.assignments(chain.best().hash, license)).await
    }

    async fn state_of(&self, license: LicenseId, slot: SlotRef) -> Result<AssignmentState, JobsError> {
        let all = self.assignments_of(license).await?;
        let found = all.into_iter().find(|assignment| assignment.slot == slot);
        found.map(|assignment| assignment.state).ok_or(JobsError::NotAssigned(slot))
    }

    fn sign(&self, payload: &[u8]) -> Result<NodeSignature, JobsError> {
        self.keys.sign_as_node(payload).ok_or(JobsError::NotSigned)
    }

    /// Built on the best block: the pool judges by it too.
    async fn submit(&self, call: NodeCall) -> Result<Hash, JobsError> {
        Ok(self.calls.submit_call(self.chain.best().hash, call).await?)
    }

    /// Runtime calls take their time, which is not that of the threads that serve connections.
    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn JobsChain) -> Result<T, ChainError> + Send + 'static,
    ) -> Result<T, JobsError> {
        let chain = self.chain.clone();
        let answer = tokio::task::spawn_blocking(move || question(&*chain)).await;
        Ok(answer.map_err(|error| ChainError::Runtime(error.to_string()))??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        ports::CallError,
        testing::{worker_on, FakeChain, FINAL, LICENSE, OFFERED, SERVED},
    };
    use ratio1_ports::testing::{FakeMachine, NoKeys, GENESIS};
    use ratio1_primitives::{
        heartbeat::{Amount, Resources},
        jobs::Capacity,
        keys::verify_node,
        refusal::CallRefusal,
    };

    #[tokio::test]
    async fn calls_are_signed_for_what_the_chain_says() {
        let chain = Arc::new(FakeChain::default());
        let (jobs, node) = worker_on(chain.clone(), true);
        let profile = NodeProfile { capacity: Capacity { cpu_milli: 250, ..Default::default() }, ..Default::default() };
        assert_eq!(jobs.declare_profile(profile.clone()).await, Ok(Hash::repeat_byte(1)));
        assert_eq!(jobs.accept_offer(OFFERED).await, Ok(Hash::repeat_byte(1)));
        assert_eq!(jobs.resign_slot(SERVED).await, Ok(Hash::repeat_byte(1)));

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
        let finalised = ratio1_ports::testing::block_hash(FINAL);
        assert_eq!(chain.assignments(finalised, LICENSE), Ok(vec![]), "nothing of it is final");
        let (jobs, _) = worker_on(chain.clone(), true);
        let seen = jobs.assignments().await.expect("it is linked");
        assert!(seen.iter().any(|assignment| assignment.slot == OFFERED));
        assert!(jobs.accept_offer(OFFERED).await.is_ok() && jobs.resign_slot(SERVED).await.is_ok());
        assert_eq!(chain.sent.lock().len(), 2);
    }

    #[tokio::test]
    async fn nothing_is_sent_when_the_slot_is_not_the_nodes_or_not_in_that_state() {
        let chain = Arc::new(FakeChain::default());
        let (jobs, _) = worker_on(chain.clone(), true);
        let foreign = SlotRef { slot: 0, ..OFFERED };
        assert_eq!(jobs.accept_offer(foreign).await, Err(JobsError::NotAssigned(foreign)));
        assert_eq!(jobs.resign_slot(foreign).await, Err(JobsError::NotAssigned(foreign)));
        assert_eq!(jobs.accept_offer(SERVED).await, Err(JobsError::AlreadyAccepted(SERVED)));
        assert_eq!(jobs.resign_slot(OFFERED).await, Err(JobsError::NotAccepted(OFFERED)));
        assert_eq!(*chain.sent.lock(), []);
    }

    #[tokio::test]
    async fn nothing_is_sent_when_the_node_is_not_admitted_or_sends_no_heartbeats() {
        let chain = Arc::new(FakeChain::default());
        let (jobs, _) = worker_on(chain.clone(), false);
        for refused in [jobs.declare_profile(NodeProfile::default()).await, jobs.accept_offer(OFFERED).await] {
            assert!(matches!(refused, Err(JobsError::NotAdmitted(_))), "{refused:?}");
        }
        let full = JobsWorker { role: NodeRole::Full, ..worker_on(chain.clone(), true).0 };
        assert_eq!(full.declare_profile(NodeProfile::default()).await, Err(JobsError::NoEdge));
        assert_eq!(full.accept_offer(OFFERED).await, Err(JobsError::NoEdge));
        assert_eq!(*chain.sent.lock(), []);
        assert!(full.resign_slot(SERVED).await.is_ok(), "what it cannot serve it may give back");
    }

    #[tokio::test]
    async fn slot_is_seen_and_resigned_when_the_node_is_linked_but_not_admitted() {
        let chain = Arc::new(FakeChain::default());
        let (jobs, node) = worker_on(chain.clone(), false);
        assert_eq!(jobs.assignments().await.map(|all| all.len()), Ok(2));
        assert_eq!(jobs.resign_slot(SERVED).await, Ok(Hash::repeat_byte(1)));
        assert!(matches!(chain.sent.lock()[..], [NodeCall::Resign { slot: SERVED, .. }]));

        let (jobs, _) = worker_on(Arc::new(FakeChain { unlinked: true, ..Default::default() }), true);
        assert_eq!(jobs.assignments().await, Err(JobsError::NotLinked(node)));
        assert_eq!(jobs.resign_slot(SERVED).await, Err(JobsError::NotLinked(node)));
        let nobody = JobsWorker { keys: Arc::new(NoKeys), ..jobs };
        assert!(matches!(nobody.resign_slot(SERVED).await, Err(JobsError::Nobody(_))));
    }

    #[tokio::test]
    async fn declaration_is_refused_when_it_is_more_than_the_machine_has() {
        let chain = Arc::new(FakeChain::default());
        let cpu_milli = Amount { total: 4_000, free: 4_000 };
        let hardware = Arc::new(FakeMachine(Resources { cpu_milli, ..Default::default() }));
        let jobs = JobsWorker { hardware, ..worker_on(chain.clone(), true).0 };
        let capacity = Capacity { cpu_milli: 4_001, ..Default::default() };
        let refused = jobs.declare_profile(NodeProfile { capacity, ..Default::default() }).await;
        assert!(matches!(refused, Err(JobsError::TooMuch(_))), "{refused:?}");
        assert_eq!(*chain.sent.lock(), []);
    }

    #[tokio::test]
    async fn refusal_is_told_with_its_name_and_remedy() {
        let refusal = CallRefusal { error: "OfferOver", docs: "the offer has lapsed.".into() };
        let chain = FakeChain { refuse: Some(CallError::Refused(refusal)), ..Default::default() };
        let (jobs, _) = worker_on(Arc::new(chain), true);
        let told = jobs.accept_offer(OFFERED).await.expect_err("it is refused").to_string();
        assert_eq!(told, "the chain refuses: OfferOver: the offer has lapsed.");
    }

    #[test]
    fn refusals_tell_what_helps() {
        let unadmitted = JobsError::NotAdmitted(Standing::Unknown.admission()).to_string();
        let wait = "the chain was not asked yet. Remedy: wait for the next finalised block";
        assert_eq!(unadmitted, format!("the node may not work: {wait}"));
        assert!(JobsError::AlreadyAccepted(OFFERED).to_string().starts_with("slot 1 of job 7 is accepted"));
    }
}
