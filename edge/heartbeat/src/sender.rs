//! The edge side: one signed beat per interval, to three oracles ([`mod@crate::rendezvous`]), and now and then a question
//! to another whether they arrive ([`crate::probe`]).
//!
//! A beat leaves in the middle half of its slot, at a moment that depends on the license: nodes spread over the
//! interval, and clocks that differ by a quarter of one agree on the slot. Delivering it may take one interval, in
//! which each of the oracles has half a one to answer, so that a slow link is given time and a dead one is replaced
//! while the beat still counts.
//!
//! A beat says how the node's services are, as [`Services`] has it at that moment, as many as fit.
//!
//! A node that has no key or is not admitted waits. Why, and what to do about it, is for the node around to say: here
//! it is logged at debug level only. What goes wrong while it sends is told as a [`Trouble`].

use crate::{
    delivery::{deliver, receivers, Shared},
    due::{next_due, running, Due, Signed},
    ports::{HeartbeatChain, Telemetry, Transport},
    probe::{Prober, Turn},
};
use futures::{FutureExt, StreamExt};
use ratio1_ports::{BlockRef, ChainError, Hardware, NodeKeys, Part, Services, Trouble, Wallclock};
use ratio1_primitives::{
    ballot::Seat,
    heartbeat::{Heartbeat, Service, SignedHeartbeat, HEARTBEAT_VERSION, MAX_SERVICES_PER_BEAT},
    refusal::AdmissionRefusal,
    width::as_usize,
    AccountId, ClockParams, EpochIndex, EpochParams, Hash, LicenseId, NodeId,
};
use sp_core::{bounded::BoundedVec, ConstU32};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{sync::mpsc, task::JoinSet};

/// How many blocks behind its own finalised head a node quotes: oracles a little behind know the block too.
pub const QUOTE_DEPTH: u32 = 2;
/// Beats on their way at a time; more means that the network is gone.
const MAX_IN_FLIGHT: usize = 8;
/// How often to look again when there is nothing to send.
const IDLE: Duration = Duration::from_secs(1);

/// What the sender needs.
#[derive(Clone)]
pub struct SenderDeps {
    /// The chain.
    pub chain: Arc<dyn HeartbeatChain>,
    /// The keystore.
    pub keys: Arc<dyn NodeKeys>,
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
    /// The intake of this very node when it runs an oracle worker ([`crate::Handles::own`]).
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
pub(crate) struct View {
    pub clock: ClockParams,
    pub params: EpochParams,
    pub license: LicenseId,
    pub quote: BlockRef,
    pub oracles: Arc<Vec<Seat<AccountId>>>,
}

/// Send until `shutdown` resolves. Refusals by the chain end by themselves.
pub async fn run_sender(deps: SenderDeps, shutdown: impl Future<Output = ()>) -> Result<(), SenderError> {
    let mut shutdown = std::pin::pin!(shutdown.fuse());
    let mut finalised = deps.chain.finalised_blocks();
    let mut sender = Sender::new(deps);
    let mut deliveries = JoinSet::new();
    let mut checks = JoinSet::new();
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
            Some(_) = checks.join_next(), if !checks.is_empty() => {},
            _ = tokio::time::sleep(wait) => {
                match sender.beat() {
                    Some(delivery) if deliveries.len() < MAX_IN_FLIGHT => {
                        deliveries.spawn(delivery);
                    },
                    Some(_) => sender.deps.telemetry.beat_sent(false),
                    None => {},
                }
                // One at a time: a turn that comes while a check is still under way is left out.
                if let Some(check) = sender.check().filter(|_| checks.is_empty()) {
                    checks.spawn(check);
                }
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
    signed: Signed,
    turn: Option<Turn>,
    /// Whether it was logged that there are too many services.
    cut: bool,
    shared: Shared,
}

impl Sender {
    fn new(deps: SenderDeps) -> Self {
        let genesis = deps.chain.genesis();
        Self {
            deps,
            genesis,
            view: None,
            shown: None,
            last: None,
            signed: Signed::default(),
            turn: None,
            cut: false,
            shared: Shared::default(),
        }
    }

    fn read(&self) -> Reading {
        let (chain, node) = (self.deps.chain.clone(), self.deps.keys.identity().ok());
        tokio::task::spawn_blocking(move || read_view(&*chain, node))
    }

    fn take_on(&mut self, read: Result<Read, tokio::task::JoinError>) {
        match read {
            Ok(Ok(Ok(view))) => {
                self.show(Ok(view.license));
                // An earlier run may have signed other states for the slot in which this one begins.
                let now = self.deps.clock.now_ms();
                self.last = self.last.or_else(|| running(&view.clock, &view.params, now));
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
        let next = [self.next().map(|due| due.at), self.turn.map(|turn| turn.at)].into_iter().flatten().min();
        next.map_or(IDLE, |at| Duration::from_millis(at.saturating_sub(now)).min(IDLE))
    }

    /// Sign the beat that is due, if one is.
    fn beat(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let due = self.next().filter(|due| due.at <= self.deps.clock.now_ms())?;
        self.watch_clock(&due);
        self.last = Some((due.epoch, due.slot));
        let view = self.view.clone()?;
        self.shared.audit.lock().roll(due.epoch, &view.params, view.license, &view.oracles);
        let services = self.services();
        if !self.signed.admit(due.epoch, due.slot, &services) {
            tracing::warn!(
                target: "heartbeat", epoch = %due.epoch, slot = due.slot,
                "no beat: one for this slot was signed while the clock was ahead, and services are in another state now"
            );
            self.deps.telemetry.beat_sent(false);
            return None;
        }
        let beat = Heartbeat {
            version: HEARTBEAT_VERSION,
            license: view.license,
            epoch: due.epoch,
            slot: due.slot,
            block_number: view.quote.number,
            block_hash: view.quote.hash,
            resources: self.deps.hardware.resources(),
            services,
        };
        let Some(signature) = self.deps.keys.sign_as_node(&beat.payload(self.genesis)) else {
            self.show(Err(Idle::NoNodeKey));
            self.deps.telemetry.beat_sent(false);
            self.deps.telemetry.set_trouble(
                Part::Key,
                Some(Trouble::new("the keystore does not sign heartbeats", "see what `admission` says in `r1_status`")),
            );
            return None;
        };
        self.deps.telemetry.set_trouble(Part::Key, None);
        let signed = SignedHeartbeat { beat, signature };
        Some(deliver(self.deps.clone(), view, signed, self.shared.clone()))
    }

    /// Say so when the clock was set back, until time has come to where it was.
    fn watch_clock(&self, due: &Due) {
        let slot = (due.epoch, due.slot);
        let Some(newest) = self.signed.newest() else { return };
        if slot > newest {
            self.deps.telemetry.set_trouble(Part::Clock, None);
        } else if self.last.is_some_and(|last| slot <= last) {
            let (epoch, ahead) = newest;
            tracing::warn!(
                target: "heartbeat", epoch = %due.epoch, slot = due.slot,
                "this machine's clock was set back from slot {ahead} of epoch {epoch}: going on with the slot that runs"
            );
            self.deps.telemetry.clock_set_back();
            self.deps.telemetry.set_trouble(
                Part::Clock,
                Some(Trouble::new(
                    format!("the clock was ahead, at slot {ahead} of epoch {epoch}, and was set back"),
                    "synchronise this machine with NTP before the node starts, and keep it so",
                )),
            );
        }
    }

    /// Ask an oracle that is no receiver whether it counts our beats, if it is time.
    fn check(&mut self) -> Option<impl Future<Output = ()> + Send + 'static> {
        let view = self.view.clone()?;
        let now = self.deps.clock.now_ms();
        let is_due = self.turn.is_some_and(|turn| turn.at <= now && turn.is_of(view.clock.epoch_at(now)));
        // One that is far off was chosen by a clock that was ahead.
        let far = now.saturating_add(view.clock.epoch_ms.saturating_mul(2));
        if self.turn.is_none_or(|turn| turn.at <= now || turn.at > far) {
            self.turn = Turn::next(&view.clock, now, self.turn);
        }
        if !is_due {
            return None;
        }
        let candidates: Vec<_> = {
            let audit = self.shared.audit.lock();
            let receivers = receivers(audit.epoch(), view.license, &view.oracles, audit.left());
            let may_ask = |seat: &&Seat<AccountId>| {
                let oracle = &seat.oracle;
                let is_other = seat.license != view.license && !receivers.contains(oracle);
                is_other && audit.is_member(oracle) && !audit.left().contains(oracle)
            };
            view.oracles.iter().filter(may_ask).cloned().collect()
        };
        let prober = Prober {
            transport: self.deps.transport.clone(),
            clock: self.deps.clock.clone(),
            telemetry: self.deps.telemetry.clone(),
            audit: self.shared.audit.clone(),
            timing: view.clock,
            params: view.params,
            license: view.license,
            oracles: view.oracles.len(),
        };
        let (telemetry, shared) = (self.deps.telemetry.clone(), self.shared.clone());
        Some(async move {
            prober.check(candidates).await;
            telemetry.sending(&shared.sending(&view));
        })
    }

    /// What runs here, as much of it as a beat can carry.
    fn services(&mut self) -> BoundedVec<Service, ConstU32<MAX_SERVICES_PER_BEAT>> {
        let states = self.deps.services.service_states();
        self.deps.telemetry.set_trouble(Part::Services, self.deps.services.trouble());
        if states.len() > as_usize(MAX_SERVICES_PER_BEAT) && !std::mem::replace(&mut self.cut, true) {
            tracing::warn!(
                target: "heartbeat", services = states.len(), most = MAX_SERVICES_PER_BEAT,
                "more services run here than a heartbeat can report: those past the limit are not paid for"
            );
        }
        BoundedVec::truncate_from(states)
    }
}

fn read_view(chain: &dyn HeartbeatChain, node: Option<NodeId>) -> Read {
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
    // ADR 0009: not the head itself, which oracles may learn of a moment later.
    let number = head.number.saturating_sub(QUOTE_DEPTH);
    let quote = chain.finalised_hash(number).map_or(head, |hash| BlockRef { number, hash });
    Ok(Ok(View { clock, params: info.params, license, quote, oracles: Arc::new(oracles) }))
}
