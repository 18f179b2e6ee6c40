//! The workers of `ratio1-heartbeat`, supervised: what fails is logged, counted and started again with back-off.
//!
//! They run on an async runtime of their own. The SDK's panic hook ends the process when a panic happens on one of its
//! threads; on ours a panic only unwinds its task. So no worker, and no blocking call of one, can take consensus down.

use super::{
    fellows::{Fellows, Keeper},
    FullClient, FullPool,
};
use crate::{
    adapters::{
        chain::{ChainAdapter, PoolSink},
        hardware::Machine,
        keys::KeystoreAdapter,
        metrics::Metrics,
        price::PriceFile,
        services::ServicesFile,
        transport::NetTransport,
    },
    callers::{Callers, Reputation},
    health::Inspector,
    network::{Doors, Hall, Inbound},
    rpc::{NodeFacts, NodeRole},
};
use ratio1_heartbeat::{
    channels,
    ports::{Chain, NoPrice, NoServices, PriceFeed, Services, SystemClock, Telemetry},
    run_oracle, run_sender,
    status::Part,
    store::ChainId,
    OracleDeps, SenderDeps, Store,
};
use sc_network::service::traits::NetworkService;
use sc_service::{error::Error, TaskManager};
use sp_panic_handler::AbortGuard;
use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    runtime::Runtime,
    sync::watch,
    task::{JoinError, JoinHandle},
    time::Instant,
};

/// Threads of the workers' runtime.
const THREADS: usize = 2;
/// Back-off between two starts of a worker: at first, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));
/// A worker that ran this long begins its back-off anew.
const HEALTHY: Duration = Duration::from_secs(300);
/// When a node stops, its workers may end this long before they are told to.
const SETTLE: Duration = Duration::from_millis(500);
/// How long the workers have to write what is dirty when the node stops.
const STOPPING: Duration = Duration::from_secs(5);
/// Own beats that may wait while the oracle worker starts again.
const OWN_BEATS: usize = 16;

/// What the workers are made of.
pub struct Deps {
    /// Role, standing and counters.
    pub node: NodeFacts,
    /// The chain.
    pub chain: Arc<ChainAdapter>,
    /// The client.
    pub client: Arc<FullClient>,
    /// The pool.
    pub pool: Arc<FullPool>,
    /// The keystore.
    pub keys: KeystoreAdapter,
    /// The way to the oracles.
    pub transport: Arc<NetTransport>,
    /// What arrives for an oracle.
    pub inbound: Option<Inbound>,
    /// Keeps places for fellow oracles, on a validator.
    pub keeper: Option<Keeper>,
    /// The peers that are oracles.
    pub fellows: Fellows,
    /// The peers that send something.
    pub callers: Arc<Callers>,
    /// Where they are punished.
    pub network: Arc<dyn NetworkService>,
    /// Looks for what is wrong.
    pub inspector: Arc<Inspector>,
    /// Where an oracle's ballots take the R1/USD price from.
    pub r1_usd_file: Option<PathBuf>,
    /// Where an edge node's heartbeats take the states of its services from.
    pub service_states: Option<PathBuf>,
    /// For how long they are believed; zero: for ever.
    pub service_states_max_age: Duration,
    /// The folder of the chain's data.
    pub data: PathBuf,
}

/// Start the workers that the node's role needs. They end with the task manager.
pub fn spawn(task_manager: &mut TaskManager, mut deps: Deps) -> Result<(), Error> {
    let (inbound, keeper) = (deps.inbound.take(), deps.keeper.take());
    let deps = Arc::new(deps);
    let mut crew = Crew::new(deps.node.metrics.clone())?;
    crew.add("dauth", {
        let deps = deps.clone();
        move |stop| {
            let (node, chain, keys) = (deps.node.clone(), deps.chain.clone(), deps.keys.clone());
            stop.or(node.watch.run(chain, keys, node.metrics, node.role))
        }
    });
    crew.add("health", {
        let inspector = deps.inspector.clone();
        move |stop| stop.or(inspector.clone().run())
    });
    if let Some(keeper) = keeper.map(Arc::new) {
        crew.add("fellows", move |stop| {
            let keeper = keeper.clone();
            async move { stop.or(keeper.run()).await }
        });
    }
    let own = inbound.map(|inbound| oracle(&mut crew, &deps, inbound));
    if deps.node.role != NodeRole::Full {
        let services = services(&deps);
        crew.add("sender", move |stop| run_sender(sender_deps(&deps, own.clone(), services.clone()), stop.wait()));
    }
    task_manager.keep_alive(crew);
    Ok(())
}

type OwnBeats = tokio::sync::mpsc::Sender<ratio1_primitives::heartbeat::SignedHeartbeat>;

/// The oracle worker with what feeds it. Returns where this node's own beats go.
fn oracle(crew: &mut Crew, deps: &Arc<Deps>, inbound: Inbound) -> OwnBeats {
    let doors = Arc::new(Doors::default());
    let (own, waiting) = tokio::sync::mpsc::channel(OWN_BEATS);
    let waiting = Arc::new(tokio::sync::Mutex::new(waiting));
    crew.add("oracle", {
        let (deps, doors, prices) = (deps.clone(), doors.clone(), price_feed(deps));
        move |stop| run_counting(deps.clone(), doors.clone(), prices.clone(), stop)
    });
    crew.add("inbound", {
        let hall = Hall {
            doors: doors.clone(),
            callers: deps.callers.clone(),
            fellows: deps.fellows.clone(),
            telemetry: deps.node.metrics.clone(),
        };
        move |stop| stop.or(inbound.clone().run(hall.clone()))
    });
    crew.add("own-beats", move |stop| {
        let (doors, waiting) = (doors.clone(), waiting.clone());
        stop.or(async move {
            let mut waiting = waiting.lock().await;
            while let Some(beat) = waiting.recv().await {
                doors.own_beat(beat);
            }
        })
    });
    own
}

/// Count, relay and vote, on a store that is opened anew, so that a broken one can recover.
async fn run_counting(
    deps: Arc<Deps>,
    doors: Arc<Doors>,
    prices: Arc<dyn PriceFeed>,
    stop: Stop,
) -> Result<(), Failure> {
    // What was counted belongs to one chain, which has a name only when its clock is set.
    let chain = tokio::select! {
        chain = ChainId::of(deps.chain.clone()) => chain,
        _ = stop.clone().wait() => None,
    };
    let Some(chain) = chain else { return Ok(()) };
    let path = deps.data.join(super::ORACLE_FOLDER);
    let store = tokio::task::spawn_blocking(move || Store::open(&path, chain)).await??;
    deps.node.metrics.trouble(Part::Store, store.trouble());
    let (handles, inputs) = channels();
    doors.open(handles);
    let sink = Arc::new(PoolSink::new(deps.client.clone(), deps.pool.clone()));
    let oracle = OracleDeps {
        chain: deps.chain.clone(),
        keys: Arc::new(deps.keys.clone()),
        transport: deps.transport.clone(),
        sink: sink.clone(),
        absences: sink,
        peers: Arc::new(Reputation { callers: deps.callers.clone(), network: deps.network.clone() }),
        clock: Arc::new(SystemClock),
        prices,
        telemetry: deps.node.metrics.clone(),
        store: Arc::new(store),
    };
    Ok(run_oracle(oracle, inputs, stop.wait()).await?)
}

/// Where ballots take the price from. One for as long as the node runs, so that a worker that is started again does not
/// log anew what is known of the file.
fn price_feed(deps: &Deps) -> Arc<dyn PriceFeed> {
    let Some(path) = deps.r1_usd_file.clone() else { return Arc::new(NoPrice) };
    let chain = deps.chain.clone();
    let epoch_ms = move || chain.clock(chain.finalised().hash).ok()?.clock.map(|clock| clock.epoch_ms);
    Arc::new(PriceFile::new(path, Arc::new(SystemClock), epoch_ms))
}

/// What runs on this node. One for as long as it runs, as with [`price_feed`]. Without a file it reports no services.
fn services(deps: &Deps) -> Arc<dyn Services> {
    match &deps.service_states {
        Some(path) => Arc::new(ServicesFile::new(path.clone(), deps.service_states_max_age, Arc::new(SystemClock))),
        None => Arc::new(NoServices),
    }
}

fn sender_deps(deps: &Deps, own: Option<OwnBeats>, services: Arc<dyn Services>) -> SenderDeps {
    SenderDeps {
        chain: deps.chain.clone(),
        keys: Arc::new(deps.keys.clone()),
        transport: deps.transport.clone(),
        clock: Arc::new(SystemClock),
        telemetry: deps.node.metrics.clone(),
        hardware: Arc::new(Machine::new(deps.data.clone())),
        services,
        own,
    }
}

/// Why a worker ended.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Resolves when the node stops.
#[derive(Clone)]
struct Stop(watch::Receiver<bool>);

impl Stop {
    async fn wait(mut self) {
        // An error means that the crew is gone: stop too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }

    /// `work` until it is done or the node stops.
    async fn or(self, work: impl Future<Output = ()>) -> Result<(), Failure> {
        tokio::select! {
            _ = self.wait() => {},
            _ = work => {},
        }
        Ok(())
    }

    /// Whether the node stops within this time.
    async fn within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.clone().wait()).await.is_ok()
    }
}

/// Supervised tasks on a runtime of their own. Dropping it stops them.
struct Crew {
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    supervisors: Vec<JoinHandle<()>>,
    metrics: Arc<Metrics>,
}

impl Crew {
    fn new(metrics: Arc<Metrics>) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("ratio1-worker")
            // Never dropped on purpose: it holds for as long as the thread lives.
            .on_thread_start(|| std::mem::forget(AbortGuard::never_abort()))
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime), stop: watch::channel(false).0, supervisors: Vec::new(), metrics })
    }

    /// Run `start` again and again until the node stops.
    fn add<F, Fut, E>(&mut self, name: &'static str, start: F)
    where
        F: Fn(Stop) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), E>> + Send + 'static,
        E: std::fmt::Display + Send + 'static,
    {
        let Some(runtime) = &self.runtime else { return };
        let supervisor = supervise(name, self.metrics.clone(), Stop(self.stop.subscribe()), start);
        self.supervisors.push(runtime.spawn(supervisor));
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        let Some(runtime) = self.runtime.take() else { return };
        let supervisors = std::mem::take(&mut self.supervisors);
        // A thread of its own, as this may be called from async code, which must not block on a runtime.
        let stopping = std::thread::spawn(move || {
            let all = futures::future::join_all(supervisors);
            if runtime.block_on(async { tokio::time::timeout(STOPPING, all).await }).is_err() {
                tracing::warn!(target: "ratio1", "a worker did not stop in time");
            }
            runtime.shutdown_background();
        });
        let _ = stopping.join();
    }
}

async fn supervise<F, Fut, E>(name: &'static str, metrics: Arc<Metrics>, stop: Stop, start: F)
where
    F: Fn(Stop) -> Fut,
    Fut: Future<Output = Result<(), E>> + Send + 'static,
    E: std::fmt::Display + Send + 'static,
{
    let (first, most) = BACKOFF;
    let mut delay = first;
    loop {
        let began = Instant::now();
        let mut worker = tokio::spawn(start(stop.clone()));
        let ended = tokio::select! {
            ended = &mut worker => ended,
            // A worker stops by itself; one that hangs is ended.
            _ = stop.clone().wait() => {
                if tokio::time::timeout(STOPPING / 2, &mut worker).await.is_err() {
                    worker.abort();
                }
                return;
            },
        };
        // What a worker needs may be gone a moment before the crew is told to stop.
        if stop.within(SETTLE).await {
            return;
        }
        if began.elapsed() >= HEALTHY {
            delay = first;
        }
        metrics.worker_restarted(name);
        tracing::error!(target: "ratio1", worker = name, ?delay, "worker ended and is started again: {}", why(ended));
        // Jitter, so that workers that failed together do not come back together.
        let wait = delay.mul_f64(0.75 + rand::random::<f64>() / 2.0);
        if stop.within(wait).await {
            return;
        }
        delay = delay.saturating_mul(2).min(most);
    }
}

fn why<E: std::fmt::Display>(ended: Result<Result<(), E>, JoinError>) -> String {
    match ended {
        Ok(Ok(())) => "it came to an end".into(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => format!("it panicked: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn worker_is_started_again_when_it_panics_and_stops_when_the_crew_is_dropped() {
        let starts = Arc::new(AtomicU32::new(0));
        let (done, is_done) = std::sync::mpsc::channel();
        let metrics = Arc::new(Metrics::new(None).expect("a registry of its own"));
        let mut crew = Crew::new(metrics).expect("a runtime");
        crew.add("test", {
            let starts = starts.clone();
            move |stop| {
                let (start, done) = (starts.fetch_add(1, Ordering::SeqCst), done.clone());
                async move {
                    assert!(start > 0, "the first start fails");
                    let _ = done.send("started");
                    stop.wait().await;
                    let _ = done.send("stopped");
                    Ok::<_, Failure>(())
                }
            }
        });
        let deadline = Duration::from_secs(20);
        assert_eq!(is_done.recv_timeout(deadline), Ok("started"));
        drop(crew);
        assert_eq!(is_done.recv_timeout(deadline), Ok("stopped"));
        assert_eq!(starts.load(Ordering::SeqCst), 2);
    }
}
