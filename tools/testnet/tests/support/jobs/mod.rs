//! A job from its request to its last base unit: followed block by block, and everything computed again.

mod asking;
mod drawing;
mod paying;
mod serving;

pub use asking::spec;

use super::{chain::Log, hold, step, Outcome};
use jsonrpsee::{core::ClientError, rpc_params};
use pallet_jobs::Event;
use ratio1_primitives::{economics::R1, Balance, ClockParams, EpochIndex, Hash};
use ratio1_runtime::{Runtime, RuntimeEvent};
use ratio1_testnet::{client::Head, facts::Check, wait::wait_for, Client, Error, Network, Who};
use serde_json::Value;
use std::{
    fmt::Debug,
    path::PathBuf,
    time::{Duration, Instant},
};

/// Who asks and pays, with what it earned in the demonstration. Its own node is left out.
const CUSTOMER: Who = Who::Ferdie;
/// Whose node serves.
const OPERATOR: Who = Who::Eve;
/// Epochs of the job.
const EPOCHS: u32 = 2;
/// A Micro node costs 0.1 USD an epoch, and an R1 0.25 USD.
const PRICE: Balance = R1 / 10 * 4;
/// Burned for asking, and for each time another node has to be drawn.
const FEE: Balance = R1 / 100;
/// What is held for drawing another node sixteen times.
const DRAWS: Balance = FEE * 16;
/// What is held for both epochs and those draws.
const HELD: Balance = PRICE * EPOCHS as Balance + DRAWS;
/// What a draw, an acceptance and a block take at most.
const SOON: Duration = Duration::from_secs(150);
/// Until an epoch of the job is settled, or what it earned released: some epochs.
const LATER: Duration = Duration::from_secs(420);

/// A job of one node for two epochs, while the network goes on. Nobody else may mint or burn meanwhile.
pub async fn job_is_served_and_paid(preparation: Preparation) -> Outcome {
    let began = Instant::now();
    let mut case = preparation.begin().await?;
    case.declare().await?;
    let (slot, asked) = case.request().await?;
    let offered = case.draw(slot).await?;
    let service = case.accept(slot, offered).await?;
    let earned = case.measure(slot, &service).await?;
    let block = case.release(slot, &service, earned).await?;
    case.account(block, earned, asked).await?;
    case.nothing_is_left(slot, block.hash).await?;
    step(&format!("the job took {} s", began.elapsed().as_secs()));
    Ok(())
}

/// What the job needs of a network, so that others can go on using it.
pub struct Preparation {
    client: Client,
    operator: Client,
    states: PathBuf,
}

impl Preparation {
    /// On `network`.
    pub async fn on(network: &Network) -> Outcome<Self> {
        let states = network.node(OPERATOR).service_states().ok_or("an edge node has a file of service states")?;
        Ok(Self {
            client: network.client(Who::Alice).await?,
            operator: network.operator(OPERATOR).await?,
            states: states.into(),
        })
    }

    async fn begin(self) -> Outcome<Case> {
        let Self { client, operator, states } = self;
        let head = client.finalised().await?;
        let clock = client.clock(head.hash).await?.clock.ok_or("a chain that runs has a clock")?;
        let before = Money::at(&client, head.hash).await?;
        let log = Log::from(client.clone(), head.number.saturating_add(1));
        Ok(Case { client, operator, states, log, clock, before })
    }
}

/// The running job.
struct Case {
    client: Client,
    /// The node that serves.
    operator: Client,
    /// Its file of service states.
    states: PathBuf,
    log: Log,
    clock: ClockParams,
    /// Before the request.
    before: Money,
}

/// What the operator's node does for the job.
struct Served {
    index: u32,
    /// Unix milliseconds.
    accepted: u64,
    first: EpochIndex,
}

impl Case {
    /// Call a method of the operator's node.
    async fn ask(&self, method: &str, argument: Value) -> Result<Value, Error> {
        self.operator.rpc(method, rpc_params![argument]).await
    }

    /// What the operator's node says of its slots, once `pick` finds something in it.
    async fn work<T>(&self, what: &str, pick: impl Fn(Vec<Value>) -> Option<T>) -> Outcome<T> {
        let probe = || async { Ok::<_, Error>(pick(self.operator.rpc("r1_work", rpc_params![]).await?)) };
        Ok(wait_for(what, SOON, probe).await?)
    }

    /// The first event of the jobs pallet that `pick` takes.
    async fn event<T>(
        &mut self,
        what: &str,
        limit: Duration,
        pick: impl Fn(&Event<Runtime>) -> Option<T>,
    ) -> Outcome<(Head, T)> {
        let pick = |event: &RuntimeEvent| match event {
            RuntimeEvent::Jobs(event) => pick(event),
            _ => None,
        };
        self.log.find(what, limit, pick).await
    }
}

/// What everybody has, at one block.
#[derive(Clone, Copy, Debug)]
struct Money {
    /// The customer's, free and on hold.
    customer: (Balance, Balance),
    /// The operator's, free.
    operator: Balance,
    issuance: Balance,
    burned: Balance,
}

impl Money {
    async fn at(client: &Client, at: Hash) -> Outcome<Self> {
        Ok(Self {
            customer: client.free_and_reserved(at, &CUSTOMER.owner()).await?,
            operator: client.free_and_reserved(at, &OPERATOR.owner()).await?.0,
            issuance: client.issuance(at).await?,
            burned: client.supply(at).await?.burned,
        })
    }

    /// Before and after a block.
    async fn around(client: &Client, block: Head) -> Outcome<(Self, Self)> {
        Ok((Self::at(client, block.parent).await?, Self::at(client, block.hash).await?))
    }

    fn of_customer(&self) -> Balance {
        self.customer.0 + self.customer.1
    }

    /// Whether `amount` was burned, and nothing else minted or burned.
    fn burned_since(&self, before: &Self, amount: Balance) -> bool {
        before.issuance == self.issuance + amount && self.burned == before.burned + amount
    }
}

/// A call that must be refused with this code, and these data.
fn refused<T: Debug>(what: &str, called: Result<T, Error>, code: i32, data: Option<&str>) -> Outcome {
    let right = match &called {
        Err(Error::Rpc { source: ClientError::Call(error), .. }) => {
            let told: Option<String> = error.data().and_then(|data| serde_json::from_str(data.get()).ok());
            error.code() == code && (data.is_none() || told.as_deref() == data)
        }
        _ => false,
    };
    hold(Check::new(format!("{what} is refused"), right, format!("{called:?}")))
}
