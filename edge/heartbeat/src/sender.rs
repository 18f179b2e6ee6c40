//! The edge side: one signed beat per interval, to two oracles more than may be faulty, and to three at least
//! ([`replicas`]).
//!
//! A beat leaves in the middle half of its slot, at a moment that depends on the license: nodes spread over the
//! interval, and clocks that differ by a quarter of one agree on the slot. Delivering it may take one interval, in
//! which each of the oracles has half a one to answer, so that a slow link is given time and a dead one is replaced
//! while the beat still counts.
//!
//! A beat says how the node's services are, as [`Services`] has it at that moment, as many as fit.
//!
//! A node that has no key or is not admitted waits. Why, and what to do about it, is for the node around to say: here it
//! is logged at debug level only.

use crate::{
    ports::{BlockRef, Chain, ChainError, Hardware, Keys, Services, Telemetry, Transport, TransportError, Wallclock},
    rendezvous::{rendezvous, replicas},
};
use codec::Encode;
use futures::{stream::FuturesUnordered, FutureExt, StreamExt};
use parking_lot::Mutex;
use ratio1_primitives::{
    ballot::Seat,
    heartbeat::{BeatAck, BeatRefusal, Heartbeat, Service, SignedHeartbeat, HEARTBEAT_VERSION, MAX_SERVICES},
    refusal::AdmissionRefusal,
    AccountId, ClockParams, EpochIndex, EpochParams, Hash, LicenseId, NodeId,
};
use sp_core::{bounded::BoundedVec, ConstU32};
use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::mpsc, task::JoinSet};

/// How many blocks behind its own finalised head a node quotes: oracles a little behind know the block too.
pub const QUOTE_DEPTH: u32 = 2;
/// Delivering one beat may take an interval, and this long when intervals are shorter.
const MIN_DELIVERY: Duration = Duration::from_millis(400);
/// The longest that one oracle is waited for, however long the interval.
const MAX_ATTEMPT: Duration = Duration::from_secs(10);
/// How many intervals an oracle that failed is tried last.
const AVOID_INTERVALS: u64 = 8;
/// Beats on their way at a time; more means that the network is gone.
const MAX_IN_FLIGHT: usize = 8;
/// How often to look again when there is nothing to send.
const IDLE: Duration = Duration::from_secs(1);

/// What the sender needs.
#[derive(Clone)]
pub struct SenderDeps {
    /// The chain.
    pub chain: Arc<dyn Chain>,
    /// The keystore.
    pub keys: Arc<dyn Keys>,
    /// The way to the oracles.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Arc<dyn Wallclock>,
    /// Metrics.
    pub telemetry: Arc<dyn Telemetry>,
    /// The machine.
    pub hardware: Arc<dyn Hardware>,
    /// What runs on it.
    pub services: Arc<dyn Services>,
    /// The intake of this very node when it runs an oracle worker ([`crate::worker::Handles::own`]).
    pub own: Option<mpsc::Sender<SignedHeartbeat>>,
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idle {
    /// The keystore has no node key.
    NoNodeKey,
    /// The chain has no block 1 yet, so no clock.
    NoClock,
    /// The chain does not admit the node.
    NotAdmitted(AdmissionRefusal),
    /// There is no oracle.
    NoOracles,
}

/// Why the sender ended other than by request.
#[derive(Debug, thiserror::Error)]
pub enum SenderError {
    /// The node's stream of finalised blocks ended: it shuts down, or the client is gone.
    #[error("the stream of finalised blocks ended")]
    ChainEnded,
}

/// What the finalised chain says, as far as sending is concerned.
#[derive(Clone, Debug)]
struct View {
    clock: ClockParams,
    params: EpochParams,
    license: LicenseId,
    quote: BlockRef,
    oracles: Arc<Vec<Seat<AccountId>>>,
}

/// Send until `shutdown` resolves. Refusals by the chain end by themselves.
pub async fn run_sender(deps: SenderDeps, shutdown: impl Future<Output = ()>) -> Result<(), SenderError> {
    let mut shutdown = std::pin::pin!(shutdown.fuse());
    let mut finalised = deps.chain.finalised_blocks();
    let mut sender = Sender::new(deps);
    let mut deliveries = JoinSet::new();
    let mut reading = Some(sender.read());
    let mut stale = false;
    loop {
        let wait = sender.wait();
        tokio::select! {
            biased;
            _ = &mut shutdown => return Ok(()),
            Some(view) = maybe(&mut reading) => {
                sender.take_on(view);
                reading = stale.then(|| sender.read());
                stale = false;
            },
            block = finalised.next() => {
                block.ok_or(SenderError::ChainEnded)?;
                match reading {
                    Some(_) => stale = true,
                    None => reading = Some(sender.read()),
                }
            },
            Some(_) = deliveries.join_next(), if !deliveries.is_empty() => {},
            _ = tokio::time::sleep(wait) => match sender.beat() {
                Some(delivery) if deliveries.len() < MAX_IN_FLIGHT => {
                    deliveries.spawn(delivery);
                },
                Some(_) => sender.deps.telemetry.beat_sent(false),
                None => {},
            },
        }
    }
}

type Read = Result<Result<View, Idle>, ChainError>;
type Reading = tokio::task::JoinHandle<Read>;

async fn maybe(reading: &mut Option<Reading>) -> Option<Result<Read, tokio::task::JoinError>> {
    let read = reading.as_mut()?.await;
    *reading = None;
    Some(read)
}

struct Sender {
    deps: SenderDeps,
    genesis: Hash,
    view: Option<View>,
    shown: Option<Result<LicenseId, Idle>>,
    last: Option<(EpochIndex, u32)>,
    /// Whether it was logged that there are too many services.
    cut: bool,
    health: Arc<Mutex<Health>>,
}

impl Sender {
    fn new(deps: SenderDeps) -> Self {
        let genesis = deps.chain.genesis();
        Self { deps, genesis, view: None, shown: None, last: None, cut: false, health: Default::default() }
    }

    fn read(&self) -> Reading {
        let (chain, node) = (self.deps.chain.clone(), self.deps.keys.node());
        tokio::task::spawn_blocking(move || read_view(&*chain, node))
    }

    fn take_on(&mut self, read: Result<Read, tokio::task::JoinError>) {
        match read {
            Ok(Ok(Ok(view))) => {
                self.show(Ok(view.license));
                self.view = Some(view);
            }
            Ok(Ok(Err(idle))) => {
                self.show(Err(idle));
                self.view = None;
            }
            // What was known last still holds, and the next block brings another try.
            Ok(Err(error)) => tracing::warn!(target: "heartbeat", %error, "could not read the chain for heartbeats"),
            Err(error) => tracing::warn!(target: "heartbeat", %error, "reading the chain for heartbeats failed"),
        }
    }

    /// Log what changed, once.
    fn show(&mut self, now: Result<LicenseId, Idle>) {
        if self.shown.replace(now) == Some(now) {
            return;
        }
        match now {
            Ok(license) => tracing::debug!(target: "heartbeat", %license, "sending heartbeats"),
            Err(idle) => tracing::debug!(target: "heartbeat", ?idle, "no heartbeats"),
        }
    }

    fn next(&self) -> Option<Due> {
        let view = self.view.as_ref()?;
        next_due(&view.clock, &view.params, view.license, self.deps.clock.now_ms(), self.last)
    }

    /// How long until something is to be done.
    fn wait(&self) -> Duration {
        let now = self.deps.clock.now_ms();
        self.next().map_or(IDLE, |due| Duration::from_millis(due.at.saturating_sub(now)).min(IDLE))
    }

    /// Sign the beat that is due, if one is.
    fn beat(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let due = self.next().filter(|due| due.at <= self.deps.clock.now_ms())?;
        self.last = Some((due.epoch, due.slot));
        let view = self.view.clone()?;
        let beat = Heartbeat {
            version: HEARTBEAT_VERSION,
            license: view.license,
            epoch: due.epoch,
            slot: due.slot,
            block_number: view.quote.number,
            block_hash: view.quote.hash,
            resources: self.deps.hardware.resources(),
            services: self.services(),
        };
        let Some(signature) = self.deps.keys.sign_as_node(&beat.payload(self.genesis)) else {
            self.show(Err(Idle::NoNodeKey));
            return None;
        };
        let signed = SignedHeartbeat { beat, signature };
        Some(deliver(self.deps.clone(), view, signed, self.health.clone()))
    }

    /// What runs here, as much of it as a beat can carry.
    fn services(&mut self) -> BoundedVec<Service, ConstU32<MAX_SERVICES>> {
        let states = self.deps.services.states();
        if states.len() > MAX_SERVICES as usize && !std::mem::replace(&mut self.cut, true) {
            tracing::warn!(
                target: "heartbeat", services = states.len(), most = MAX_SERVICES,
                "more services run here than a heartbeat can report: those past the limit are not paid for"
            );
        }
        BoundedVec::truncate_from(states)
    }
}

fn read_view(chain: &dyn Chain, node: Option<NodeId>) -> Read {
    let Some(node) = node else { return Ok(Err(Idle::NoNodeKey)) };
    let head = chain.finalised();
    let info = chain.clock(head.hash)?;
    let Some(clock) = info.clock else { return Ok(Err(Idle::NoClock)) };
    let license = match chain.admission(head.hash, node)? {
        Ok(license) => license,
        Err(refusal) => return Ok(Err(Idle::NotAdmitted(refusal))),
    };
    let oracles = chain.oracles(head.hash)?;
    if oracles.is_empty() {
        return Ok(Err(Idle::NoOracles));
    }
    let number = head.number.saturating_sub(QUOTE_DEPTH);
    let quote = chain.finalised_hash(number).map_or(head, |hash| BlockRef { number, hash });
    Ok(Ok(View { clock, params: info.params, license, quote, oracles: Arc::new(oracles) }))
}

/// A beat to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Due {
    epoch: EpochIndex,
    slot: u32,
    /// Unix milliseconds.
    at: u64,
}

/// The next beat after `last`. A slot missed by a stall is made good while it is the one before the running one.
fn next_due(
    clock: &ClockParams,
    params: &EpochParams,
    license: LicenseId,
    now: u64,
    last: Option<(EpochIndex, u32)>,
) -> Option<Due> {
    if clock.epoch_ms == 0 || params.beat_ms == 0 || params.slots == 0 {
        return None;
    }
    let beat = u64::from(params.beat_ms);
    let epoch = clock.epoch_at(now);
    let start = clock.epoch_start(epoch);
    let running = u32::try_from(now.saturating_sub(start).checked_div(beat)?).ok()?;
    let slot = match last {
        Some((of, slot)) if of == epoch => slot.saturating_add(1).max(running.saturating_sub(1)),
        _ => running,
    };
    let (epoch, slot, start) = match slot < params.slots {
        true => (epoch, slot, start),
        false => (epoch.plus(1), 0, clock.epoch_start(epoch.plus(1))),
    };
    let at = start.saturating_add(beat.saturating_mul(u64::from(slot))).saturating_add(offset(license, beat));
    Some(Due { epoch, slot, at })
}

/// Where in the middle half of an interval of `beat` milliseconds this license sends.
fn offset(license: LicenseId, beat: u64) -> u64 {
    let hash = u64::from_le_bytes(sp_crypto_hashing::twox_64(&(b"ratio1/offset", license).encode()));
    let (quarter, half) = (beat.checked_div(4).unwrap_or(0), beat.checked_div(2).unwrap_or(0).max(1));
    quarter.saturating_add(hash.checked_rem(half).unwrap_or(0))
}

/// Which oracles failed lately, and how the last answers were.
#[derive(Default)]
struct Health {
    avoid: HashMap<AccountId, u64>,
    last: HashMap<AccountId, Outcome>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Counted,
    Refused(BeatRefusal),
    Failed(String),
}

impl Health {
    /// The seats to try, in order, this node's own excepted: first those that did not fail lately.
    fn order(&mut self, epoch: EpochIndex, license: LicenseId, seats: &[Seat<AccountId>], now: u64) -> VecDeque<usize> {
        self.avoid.retain(|oracle, until| now < *until && seats.iter().any(|seat| seat.oracle == *oracle));
        self.last.retain(|oracle, _| seats.iter().any(|seat| seat.oracle == *oracle));
        let others = rendezvous(epoch, license, seats)
            .into_iter()
            .filter(|i| seats.get(*i).is_some_and(|s| s.license != license));
        let (bad, good): (Vec<_>, Vec<_>) =
            others.partition(|i| seats.get(*i).is_some_and(|seat| self.avoid.contains_key(&seat.oracle)));
        good.into_iter().chain(bad).collect()
    }

    /// Note an answer; `true` if it is news.
    fn note(&mut self, oracle: &AccountId, outcome: Outcome, avoid_until: u64) -> bool {
        if outcome == Outcome::Counted {
            self.avoid.remove(oracle);
        } else {
            self.avoid.insert(oracle.clone(), avoid_until);
        }
        let news = self.last.get(oracle) != Some(&outcome);
        self.last.insert(oracle.clone(), outcome);
        news
    }
}

/// How long delivering one beat may take, and how long each oracle has to answer: an interval of `beat_ms` (and
/// [`MIN_DELIVERY`] at least), and half of it ([`MAX_ATTEMPT`] at most).
fn budgets(beat_ms: u32) -> (Duration, Duration) {
    let delivery = Duration::from_millis(u64::from(beat_ms)).max(MIN_DELIVERY);
    (delivery, delivery.checked_div(2).unwrap_or(delivery).min(MAX_ATTEMPT))
}

/// Hand one beat to [`replicas`] oracles, side by side, each lane taking the next oracle in order when one fails.
async fn deliver(deps: SenderDeps, view: View, signed: SignedHeartbeat, health: Arc<Mutex<Health>>) {
    let (budget, attempt) = budgets(view.params.beat_ms);
    let is_oracle = view.oracles.iter().any(|seat| seat.license == view.license);
    let own = deps.own.as_ref().filter(|_| is_oracle).is_some_and(|own| own.try_send(signed.clone()).is_ok());

    let now = deps.clock.now_ms();
    let order = health.lock().order(signed.beat.epoch, view.license, &view.oracles, now);
    let lanes = replicas(view.oracles.len()).min(order.len());
    // Each lane tries two oracles at most.
    let queue = Arc::new(Mutex::new(order.into_iter().take(lanes.saturating_mul(2)).collect::<VecDeque<_>>()));
    let avoid = u64::from(view.params.beat_ms).saturating_mul(AVOID_INTERVALS);
    let bytes = signed.encode();
    let lane = |_| {
        let (queue, health, deps, oracles, bytes) = (&queue, &health, &deps, &view.oracles, &bytes);
        async move {
            loop {
                let next = queue.lock().pop_front();
                let Some(seat) = next.and_then(|index| oracles.get(index)) else { return false };
                let answer = match tokio::time::timeout(attempt, deps.transport.send_beat(seat, bytes.clone())).await {
                    Ok(answer) => answer,
                    Err(_) => Err(TransportError::Timeout),
                };
                let until = deps.clock.now_ms().saturating_add(avoid);
                if note_answer(&mut health.lock(), &seat.oracle, answer, until) {
                    return true;
                }
            }
        }
    };
    let mut lanes: FuturesUnordered<_> = (0..lanes).map(lane).collect();
    let mut counted = own;
    let all = async {
        while let Some(ok) = lanes.next().await {
            counted |= ok;
        }
    };
    let _ = tokio::time::timeout(budget, all).await;
    deps.telemetry.beat_sent(counted);
}

/// Whether the oracle has the beat now. News are logged with what to do about them.
fn note_answer(health: &mut Health, oracle: &AccountId, answer: Result<BeatAck, TransportError>, until: u64) -> bool {
    let outcome = match answer {
        Ok(Ok(())) | Ok(Err(BeatRefusal::Duplicate)) => Outcome::Counted,
        Ok(Err(refusal)) => Outcome::Refused(refusal),
        Err(error) => Outcome::Failed(error.to_string()),
    };
    let counted = outcome == Outcome::Counted;
    if health.note(oracle, outcome.clone(), until) {
        match &outcome {
            Outcome::Counted => tracing::debug!(target: "heartbeat", %oracle, "the oracle counts our beats"),
            Outcome::Refused(refusal) => {
                tracing::warn!(target: "heartbeat", %oracle, refusal = refusal.label(), remedy = remedy(*refusal), "an oracle refused our beat")
            }
            Outcome::Failed(error) => {
                tracing::info!(target: "heartbeat", %oracle, %error, "an oracle could not be reached; trying the next")
            }
        }
    }
    counted
}

/// What the operator of a node can do when an oracle refuses its beats.
pub const fn remedy(refusal: BeatRefusal) -> &'static str {
    match refusal {
        BeatRefusal::Version | BeatRefusal::Malformed => {
            "this binary and the oracle's speak different versions: update the one that is older"
        }
        BeatRefusal::Unlicensed => "nothing yet: the oracle may not have seen the block that linked this node",
        BeatRefusal::Signature => "the node key is not the one that is linked: check the keystore, or link this key",
        BeatRefusal::Epoch | BeatRefusal::Late | BeatRefusal::Future => {
            "this machine's clock or the oracle's is wrong: synchronise it with NTP"
        }
        BeatRefusal::UnknownBlock | BeatRefusal::StaleBlock => {
            "this node or the oracle is behind, or on another fork: check that it finalises blocks"
        }
        BeatRefusal::RateLimited => "two nodes may run with the same key, or share one address: run each key once",
        BeatRefusal::Duplicate => "nothing: the oracle has the beat",
        BeatRefusal::UnknownRelay | BeatRefusal::NotCounting => "nothing: the oracle is syncing or has left the set",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: ClockParams = ClockParams { genesis_moment: 1_000, epoch_ms: 60_000 };
    const PARAMS: EpochParams =
        EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };

    proptest::proptest! {
        #[test]
        fn beats_leave_in_the_middle_half_of_their_slot(license: u32, now in 1_000u64..10_000_000) {
            let due = next_due(&CLOCK, &PARAMS, LicenseId(license), now, None).unwrap();
            let slot_start = CLOCK.epoch_start(due.epoch) + u64::from(due.slot) * 500;
            proptest::prop_assert!((125..375).contains(&(due.at - slot_start)), "{due:?}");
        }
    }

    #[test]
    fn every_slot_is_sent_once_and_in_order() {
        let (mut last, mut sent, mut now) = (None, Vec::new(), 61_000);
        while now < 61_000 + 120_000 {
            let due = next_due(&CLOCK, &PARAMS, LicenseId(3), now, last).unwrap();
            if due.at <= now {
                last = Some((due.epoch, due.slot));
                sent.push((due.epoch.0, due.slot));
            } else {
                now = due.at;
            }
        }
        let expected: Vec<_> = (1..=2).flat_map(|epoch| (0..120).map(move |slot| (epoch, slot))).collect();
        assert_eq!(sent[..240], expected[..]);
    }

    #[test]
    fn an_oracle_has_half_of_an_interval_to_answer() {
        let ms = |beat_ms| {
            let (delivery, attempt) = budgets(beat_ms);
            (delivery.as_millis(), attempt.as_millis())
        };
        assert_eq!(
            [ms(200), ms(500), ms(10_000), ms(60_000)],
            [(400, 200), (500, 250), (10_000, 5_000), (60_000, 10_000)]
        );
    }

    #[test]
    fn a_stall_is_made_good_by_one_slot_only() {
        let last = Some((EpochIndex(1), 3));
        let due = next_due(&CLOCK, &PARAMS, LicenseId(3), 61_000 + 20 * 500 + 10, last).unwrap();
        assert_eq!((due.epoch, due.slot), (EpochIndex(1), 19));
    }
}
