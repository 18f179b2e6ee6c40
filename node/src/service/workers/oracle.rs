//! The oracle's workers: one that counts, relays and votes, and those that feed it and keep its places.

use super::deps::Deps;
use crate::{
    adapters::price::PriceFile,
    callers::{Callers, Fellows, Reputation},
    protocols::{Doors, Hall, Inbound},
    service::{
        crew::{Crew, Failure, Stop},
        fellows::Keeper,
    },
};
use ratio1_heartbeat::{
    channels,
    ports::{HeartbeatChain, NoPrice, PriceFeed},
    run_oracle,
    store::ChainId,
    OracleDeps, Store,
};
use ratio1_ports::{Chain, Part, SystemClock, Troubles};
use ratio1_primitives::heartbeat::SignedHeartbeat;
use sc_network::service::traits::NetworkService;
use std::sync::Arc;
use tokio::sync::{mpsc, Mutex};

/// Where an oracle keeps its counts and ballots, below the chain's folder.
pub const ORACLE_FOLDER: &str = "oracle";
/// Own beats that may wait while the oracle worker starts again.
const OWN_BEATS: usize = 16;

/// What only an oracle's workers need.
pub struct OracleParts {
    /// What arrives for it.
    pub inbound: Inbound,
    /// Keeps places for its fellow oracles.
    pub keeper: Keeper,
    /// The peers that are oracles.
    pub fellows: Fellows,
    /// Where peers are punished.
    pub network: Arc<dyn NetworkService>,
}

/// Count, relay and vote. Returns where this node's own beats go.
pub fn join(crew: &mut Crew, deps: &Arc<Deps>, parts: OracleParts) -> mpsc::Sender<SignedHeartbeat> {
    let OracleParts { inbound, keeper, fellows, network } = parts;
    let (doors, callers) = (Arc::new(Doors::default()), Arc::new(Callers::default()));
    let (own, waiting) = mpsc::channel(OWN_BEATS);
    let (keeper, waiting) = (Arc::new(keeper), Arc::new(Mutex::new(waiting)));
    crew.add("fellows", move |stop| {
        let keeper = keeper.clone();
        async move { stop.or(keeper.run()).await }
    });
    crew.add("oracle", {
        let (deps, doors, prices) = (deps.clone(), doors.clone(), price_feed(deps));
        let peers = Arc::new(Reputation { callers: callers.clone(), network });
        move |stop| run_counting(deps.clone(), doors.clone(), prices.clone(), peers.clone(), stop)
    });
    crew.add("inbound", {
        let telemetry = deps.node.metrics.clone();
        let hall = Hall { doors: doors.clone(), callers, fellows, telemetry };
        move |stop| stop.or(inbound.clone().run(hall.clone()))
    });
    crew.add("own-beats", move |stop| {
        let (doors, waiting) = (doors.clone(), waiting.clone());
        stop.or(async move {
            let mut waiting = waiting.lock().await;
            while let Some(beat) = waiting.recv().await {
                doors.hand_over_own(beat);
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
    peers: Arc<Reputation>,
    stop: Stop,
) -> Result<(), Failure> {
    // What was counted belongs to one chain, which has a name only when its clock is set.
    let chain = tokio::select! {
        chain = ChainId::of(deps.chain.clone()) => chain,
        _ = stop.clone().wait() => None,
    };
    let Some(chain) = chain else { return Ok(()) };
    let path = deps.data.join(ORACLE_FOLDER);
    let store = tokio::task::spawn_blocking(move || Store::open(&path, chain)).await??;
    deps.node.metrics.set_trouble(Part::Store, store.trouble());
    let (handles, inputs) = channels();
    doors.open_to(handles);
    let oracle = OracleDeps {
        chain: deps.chain.clone(),
        keys: Arc::new(deps.keys.clone()),
        transport: deps.transport.clone(),
        sink: deps.pool.clone(),
        absences: deps.pool.clone(),
        peers,
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
    let Some(path) = deps.flags.r1_usd_file.clone() else { return Arc::new(NoPrice) };
    let chain = deps.chain.clone();
    let epoch_ms = move || chain.clock(chain.finalised().hash).ok()?.clock.map(|clock| clock.epoch_ms);
    Arc::new(PriceFile::new(path, Arc::new(SystemClock), epoch_ms))
}
