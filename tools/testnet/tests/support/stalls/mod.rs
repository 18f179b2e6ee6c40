//! What must cost nobody anything: finality that stalls, with a job in every state, and an outage of the whole network.
//!
//! Finality needs three of the four oracles. [`SILENT`] lacks its GRANDPA key from the beginning, so that all of it
//! hangs by [`LATE`]: with one restart it stalls, with another it goes on, and the ballots of the other three make a
//! quorum all the time.

mod finality;
mod outage;

use super::{
    chain::{self, events, view, Log},
    hold, step, Outcome,
};
use jsonrpsee::rpc_params;
use pallet_jobs::{EarningInfo, EarningsViewFunction, Event, Leaving, SlotEnd, SlotInfo, SlotState, SlotViewFunction};
use pallet_nodes::NodeInfoViewFunction;
use ratio1_primitives::{
    economics::R1,
    jobs::{JobRequest, Outcome as Conduct, Reputation, Restart, Selectors, SlotRef, Tier},
    Balance, ClockParams, EpochIndex, Hash,
};
use ratio1_runtime::{Runtime, RuntimeCall, RuntimeEvent};
use ratio1_testnet::{client::Head, facts::Check, launch, wait::wait_for, Client, Error, Network, Who};
use serde_json::{json, Value};
use std::{path::PathBuf, time::Duration};

pub use finality::stall_of_finality_costs_nobody_anything;
pub use outage::outage_of_the_whole_network_costs_nobody_anything;

/// Follows finality and does not vote on it.
pub const SILENT: Who = Who::Charlie;
/// The oracle whose vote is missing while finality stalls.
const LATE: Who = Who::Dave;
/// Who asks and pays. Its own node is left out.
const CUSTOMER: Who = Who::Ferdie;
/// Whose node serves.
const OPERATOR: Who = Who::Eve;
/// What the operator's owner gives to the customer.
const HELP: Balance = 3 * R1;
/// Slots for which the operator's node has room.
const ROOM: u32 = 4;
/// What a transaction, a draw and an acceptance take at most.
const SOON: Duration = Duration::from_secs(120);
/// Until an epoch is accounted for in a job.
const LATER: Duration = Duration::from_secs(300);

/// The jobs that go through both, and everything that was seen of them.
pub struct Case {
    client: Client,
    /// The RPC of the operator's node.
    operator: Client,
    /// Its file of service states.
    states: PathBuf,
    log: Log,
    clock: ClockParams,
    /// Slots that the operator's node serves, or is about to.
    served: Vec<SlotRef>,
    /// The job that is served all the time.
    lasting: Option<SlotRef>,
}

impl Case {
    /// On a network whose customer has earned enough for three jobs.
    pub async fn begin(network: &Network) -> Outcome<Self> {
        let client = network.client(Who::Alice).await?;
        let head = client.finalised().await?;
        let clock = client.clock(head.hash).await?.clock.ok_or("a chain that runs has a clock")?;
        let states = network.node(OPERATOR).service_states().ok_or("an edge node has a file of service states")?;
        Ok(Self {
            operator: network.operator(OPERATOR).await?,
            states: states.into(),
            log: Log::from(client.clone(), head.number.saturating_add(1)),
            client,
            clock,
            served: Vec::new(),
            lasting: None,
        })
    }

    /// Connect anew, after the nodes were restarted.
    async fn reconnect(&mut self, network: &Network) -> Outcome {
        self.client = network.client(Who::Alice).await?;
        self.operator = network.operator(OPERATOR).await?;
        self.log.reconnect(self.client.clone());
        Ok(())
    }

    /// Both owners claim what they earned, and the operator's, which earned more, helps the customer out, so that four jobs
    /// can be paid for whatever the network went through before. The operator's node declares room for them.
    async fn prepare(&mut self) -> Outcome {
        for who in Who::EDGES {
            let at = self.client.finalised().await?.hash;
            if self.client.license(at, who.license()).await?.claimable > 0 {
                self.client.claim(who.license()).await?;
            }
        }
        let help = pallet_balances::Call::transfer_keep_alive { dest: CUSTOMER.owner().into(), value: HELP };
        chain::send(&self.client, OPERATOR, "transfer to the customer", RuntimeCall::Balances(help)).await?;
        let micro = Tier::Micro.capacity();
        let offer = json!({
            "cpuMilli": micro.cpu_milli * ROOM, "memoryMib": micro.memory_mib * ROOM, "diskGib": micro.disk_gib * ROOM,
            "tags": [],
        });
        // At most once an epoch, and it may have declared in this one.
        let declare = || async { self.operator.rpc::<Value>("r1_declare", rpc_params![offer.clone()]).await.map(Some) };
        wait_for("eve's node to declare room for four", SOON, declare).await?;
        let declared = self.log.find("the declaration", SOON, |event| match event {
            RuntimeEvent::Nodes(pallet_nodes::Event::Declared { license, profile, .. }) => {
                (*license == OPERATOR.license() && profile.capacity.cpu_milli == micro.cpu_milli * ROOM).then_some(())
            }
            _ => None,
        });
        declared.await.map(drop)
    }

    /// Ask for a Micro node. In a block of the best chain: it may be that nothing becomes final.
    async fn request(&self, what: &str, epochs: u32) -> Outcome<SlotRef> {
        let exclude = vec![CUSTOMER.license()].try_into().map_err(|_| "one fits")?;
        let request = JobRequest {
            tier: Tier::Micro,
            gpu: None,
            nodes: 1,
            epochs,
            spec: super::jobs::spec(),
            spec_bytes: 512,
            selectors: Selectors { exclude, ..Default::default() },
            restart: Restart::Always,
            same_entity: false,
            health: None,
        };
        let call = pallet_jobs::Call::request { request: Box::new(request), max_price: u128::MAX };
        let block = chain::send_to_best(&self.client, CUSTOMER, what, RuntimeCall::Jobs(call)).await?;
        let requested = events(&self.client, block.hash).await?.into_iter().find_map(|event| match event {
            RuntimeEvent::Jobs(Event::Requested { job, owner, .. }) if owner == CUSTOMER.owner() => Some(job),
            _ => None,
        });
        // The event of a call that failed is another: the customer may not have enough for it.
        let job = requested.ok_or_else(|| format!("block {} holds the {what}, which failed", block.number))?;
        Ok(SlotRef { job, slot: 0 })
    }

    /// Wait for the offer, on the best chain.
    async fn offered(&self, slot: SlotRef) -> Outcome {
        let offer = wait_for(format!("the offer of job {}", slot.job), SOON, || async {
            let info = self.slot(self.client.best().await?, slot).await?;
            let offered = info.is_some_and(
                |info| matches!(info.state, SlotState::Offered { license, .. } if license == OPERATOR.license()),
            );
            Ok::<_, Error>(offered.then_some(()))
        });
        Ok(offer.await?)
    }

    /// The operator's node sees the offer, accepts, and reports the service from then on. Returns the epoch in which it
    /// was accepted. On the best chain.
    async fn accept(&mut self, slot: SlotRef) -> Outcome<EpochIndex> {
        wait_for(format!("eve's node to be shown the offer of job {}", slot.job), SOON, || async {
            let work: Vec<Value> = self.operator.rpc("r1_work", rpc_params![]).await?;
            let offered = work.iter().any(|item| item["job"] == json!(slot.job) && item["state"] == "offered");
            Ok::<_, Error>(offered.then_some(()))
        })
        .await?;
        self.served.push(slot);
        let lines: Vec<_> = self.served.iter().map(|slot| format!("{} {} running\n", slot.job, slot.slot)).collect();
        launch::replace(&self.states, &lines.concat())?;
        let name = json!({"job": slot.job, "slot": slot.slot});
        let accepted: Result<Value, Error> = self.operator.rpc("r1_accept", rpc_params![name]).await;
        let what = format!("eve's node accepts job {}", slot.job);
        hold(Check::new(what, accepted.is_ok(), format!("{accepted:?}")))?;
        let started = wait_for(format!("job {} to be served", slot.job), SOON, || async {
            let info = self.slot(self.client.best().await?, slot).await?;
            Ok::<_, Error>(info.filter(|info| matches!(info.state, SlotState::Running { .. })).and_then(|i| i.started))
        });
        Ok(started.await?)
    }

    /// Ask for a job and have it served. Returns the slot and the epoch of its acceptance.
    async fn serve(&mut self, what: &str, epochs: u32) -> Outcome<(SlotRef, EpochIndex)> {
        let slot = self.request(what, epochs).await?;
        self.offered(slot).await?;
        Ok((slot, self.accept(slot).await?))
    }

    async fn slot(&self, at: Head, slot: SlotRef) -> Result<Option<SlotInfo>, Error> {
        view(&self.client, at.hash, SlotViewFunction::<Runtime>::new(slot)).await
    }

    /// A slot as it must be: served by the operator's node.
    async fn running(&self, slot: SlotRef) -> Outcome<SlotInfo> {
        let info = self.slot(self.client.finalised().await?, slot).await?;
        let served = info.as_ref().is_some_and(|info| {
            matches!(info.state, SlotState::Running { .. }) && info.license == Some(OPERATOR.license())
        });
        let detail = info.as_ref().map_or("it is closed".into(), |info| format!("{:?} {:?}", info.state, info.license));
        hold(Check::new(format!("eve's node serves job {}", slot.job), served, detail))?;
        info.ok_or_else(|| "a slot that is served is there".into())
    }

    /// What an epoch earned, once it is accounted for.
    async fn earning(&self, slot: SlotRef, epoch: EpochIndex) -> Outcome<(EarningInfo, SlotInfo)> {
        let what = format!("epoch {epoch} of job {} to be accounted for", slot.job);
        let settled = wait_for(what, LATER, || async {
            let at = self.client.finalised().await?;
            let infos = view(&self.client, at.hash, EarningsViewFunction::<Runtime>::new(slot, epoch)).await?;
            let info = infos.into_iter().find(|info| info.settled);
            Ok::<_, Error>(info.zip(self.slot(at, slot).await?))
        });
        Ok(settled.await?)
    }

    /// Reputations of the edge nodes.
    async fn reputations(&self) -> Outcome<Vec<Reputation>> {
        let at: Hash = self.client.finalised().await?.hash;
        let mut found = Vec::new();
        for who in Who::EDGES {
            found.push(view(&self.client, at, NodeInfoViewFunction::<Runtime>::new(who.license())).await?.reputation);
        }
        Ok(found)
    }

    /// Nobody lost reputation or a slot, was barred or accused.
    async fn nobody_was_harmed(&mut self, before: &[Reputation]) -> Outcome {
        let harm = self.log.all(harm).await?;
        let detail: Vec<_> = harm.iter().map(|(head, what)| format!("block {}: {what}", head.number)).collect();
        hold(Check::new("no slot was lost, nobody was barred or accused", detail.is_empty(), detail.join("; ")))?;
        let now = self.reputations().await?;
        let kept = before.iter().zip(&now).all(|(before, now)| now >= before);
        hold(Check::new("no reputation fell", kept, format!("{before:?}, now {now:?}")))
    }
}

/// What an event tells of harm to a node or an oracle.
fn harm(event: &RuntimeEvent) -> Option<String> {
    use pallet_nodes::Event as OfNode;
    use pallet_oracles::Event as OfOracle;
    let harmful = match event {
        RuntimeEvent::Jobs(Event::OfferLapsed { .. } | Event::TriedOut { .. }) => true,
        RuntimeEvent::Jobs(Event::ServiceEnded { why, .. }) => *why != Leaving::Ended,
        RuntimeEvent::Jobs(Event::SlotEnded { why, .. }) => !matches!(why, SlotEnd::Completed | SlotEnd::Cancelled),
        RuntimeEvent::Nodes(OfNode::Barred { .. }) => true,
        RuntimeEvent::Nodes(OfNode::ReputationMoved { outcome, .. }) => *outcome != Conduct::Served,
        RuntimeEvent::Oracles(
            OfOracle::OracleOffended { .. } | OfOracle::OracleDisabled { .. } | OfOracle::OracleRemoved { .. },
        ) => true,
        _ => false,
    };
    harmful.then(|| format!("{event:?}"))
}

/// Say what begins, and when it ends how long it took.
async fn timed<T>(what: &str, work: impl std::future::Future<Output = Outcome<T>>) -> Outcome<T> {
    let began = std::time::Instant::now();
    step(what);
    let done = work.await?;
    step(&format!("that took {} s", began.elapsed().as_secs()));
    Ok(done)
}
