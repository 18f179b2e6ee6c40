//! The node's own check: do its beats arrive where it does not send them?
//!
//! An oracle may acknowledge beats and keep them to itself. So [`CHECKS`] times an epoch, at random moments, the node
//! asks an oracle that is none of its receivers how many of its beats it counts, and leaves receivers whose beats do
//! not arrive.
//!
//! # Who is to blame
//!
//! What an honest receiver took, every honest oracle counts a few slots later, whoever else took it too. So an answer
//! *contradicts* a receiver if it is less than the number of slots for which that receiver took the beat ([`Audit`]
//! leaves out the newest ones, and as many as an oracle may miss and still vote). Then receiver or answer lies, or the
//! link between the two is down. A receiver is left when more than `f` oracles contradict it, so at least one that is
//! honest:
//!
//! - *No lie makes a node leave an honest receiver that all honest oracles hear*: at most `f` contradict it.
//! - *Receivers that keep a node's beats to themselves are left*: if one of the three passes them on they arrive, and
//!   no harm is done. If none does, all three are faulty, and each of the `n - f >= 2f + 1` honest oracles that is
//!   asked contradicts all three. That takes `f >= 3`, so ten oracles; among fewer one receiver is always honest.
//! - *An honest receiver with bad links* is left only if its fellow receivers do not reach the same oracles either: of
//!   `j` honest receivers all must lack `4 - j` links to the same oracles, since the other receivers are faulty
//!   themselves and then not among those asked.
//!
//! An answer that contradicts nobody ends the check; one that contradicts somebody is followed by questions to further
//! oracles, in random order, until more than `f` agree or all were asked. That a few faulty receivers pass beats on to
//! some oracles only, just enough not to be left, is the limit of the method (ADR 0026).

use crate::{
    counts::Bitmap,
    ports::{Telemetry, Transport},
    status::{Check, CheckOutcome},
};
use parking_lot::Mutex;
use rand::seq::SliceRandom;
use ratio1_ports::{Part, TransportError, Trouble, Wallclock};
use ratio1_primitives::{
    apbft,
    ballot::Seat,
    clock::MAX_BEAT_AGE_SLOTS,
    heartbeat::{CountAnswer, CountQuery, HEARTBEAT_VERSION},
    AccountId, ClockParams, EpochIndex, EpochParams, LicenseId,
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Checks in an epoch.
pub const CHECKS: u32 = 8;
/// Slots that are too new to be asked about: a beat that has not arrived by then counts nowhere.
const SETTLE_SLOTS: u32 = MAX_BEAT_AGE_SLOTS + 1;
/// Oracles asked at a time once one of them contradicts a receiver.
const BATCH: usize = 8;
/// Oracles that may stay silent before a check is given up, as long as none contradicts a receiver.
const TRIES: usize = 3;
/// How long an oracle may take to answer: it may have to be dialled first.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Answers kept for the status.
const SHOWN: usize = 16;
/// Answers of one oracle kept within an epoch.
const KEPT: usize = 32;

/// What an oracle answered.
#[derive(Clone, Copy, Debug)]
struct Answer {
    /// Beats it counts.
    count: u32,
    /// What was taken for slots below this one has arrived with every honest oracle.
    settled: u32,
    /// Beats for slots from this one on cannot be among them.
    open: u32,
}

/// Which beats of an epoch were taken by whom, and what others said of them.
#[derive(Debug)]
pub struct Audit {
    epoch: EpochIndex,
    params: EpochParams,
    license: LicenseId,
    /// The oracles when it began: one that came later cannot count what was sent before.
    members: BTreeSet<AccountId>,
    taken: HashMap<AccountId, Bitmap>,
    all: Bitmap,
    answers: HashMap<AccountId, VecDeque<Answer>>,
    left: BTreeSet<AccountId>,
    shown: VecDeque<Check>,
}

impl Default for Audit {
    fn default() -> Self {
        Self::new(EpochIndex(0), EpochParams::default())
    }
}

impl Audit {
    /// Of an epoch of which nothing was sent yet.
    pub fn new(epoch: EpochIndex, params: EpochParams) -> Self {
        Self {
            epoch,
            params,
            license: LicenseId::default(),
            members: BTreeSet::new(),
            taken: HashMap::new(),
            all: Bitmap::new(params.slots),
            answers: HashMap::new(),
            left: BTreeSet::new(),
            shown: VecDeque::new(),
        }
    }

    /// Begin anew if this is another epoch, one with other slots than assumed, or if beats count for another license
    /// now.
    pub fn roll(&mut self, epoch: EpochIndex, params: &EpochParams, license: LicenseId, oracles: &[Seat<AccountId>]) {
        let is_same = epoch == self.epoch
            && license == self.license
            && params.slots == self.params.slots
            && params.beat_ms == self.params.beat_ms;
        if !is_same {
            let members = oracles.iter().map(|seat| seat.oracle.clone()).collect();
            *self = Self { license, members, ..Self::new(epoch, *params) };
        }
    }

    /// Whether an oracle can be held to what it counts: it was one when the audit began.
    pub fn is_member(&self, oracle: &AccountId) -> bool {
        self.members.contains(oracle)
    }

    /// Which epoch it is about.
    pub fn epoch(&self) -> EpochIndex {
        self.epoch
    }

    /// `oracle`, one of the current set, took the beat for a slot.
    pub fn took(&mut self, oracle: &AccountId, epoch: EpochIndex, slot: u32) {
        if epoch == self.epoch && slot < self.params.slots {
            self.all.set(slot);
            let slots = self.params.slots;
            self.taken.entry(oracle.clone()).or_insert_with(|| Bitmap::new(slots)).set(slot);
        }
    }

    /// Slots for which anybody took the beat.
    pub fn delivered(&self) -> u32 {
        self.all.count()
    }

    /// Receivers that are sent nothing any more.
    pub fn left(&self) -> &BTreeSet<AccountId> {
        &self.left
    }

    /// The newest answers.
    pub fn shown(&self) -> Vec<Check> {
        self.shown.iter().cloned().collect()
    }

    /// Slots for which anybody took the beat, of those that have settled when slot `now` runs.
    fn settled_by(&self, now: u32) -> u32 {
        self.all.count_below(now.saturating_sub(SETTLE_SLOTS).min(self.params.slots))
    }

    /// An oracle was asked while one slot ran, and answered while another did; whether it contradicts a receiver.
    pub fn answered(&mut self, oracle: &AccountId, asked_at: u32, answered_at: u32, count: u32) -> bool {
        let answers = self.answers.entry(oracle.clone()).or_default();
        if answers.len() >= KEPT {
            answers.pop_front();
        }
        answers.push_back(Answer {
            count,
            settled: asked_at.saturating_sub(SETTLE_SLOTS).min(self.params.slots),
            open: answered_at.saturating_add(1),
        });
        self.taken.keys().any(|receiver| !self.left.contains(receiver) && self.contradicts(oracle, receiver))
    }

    /// Leave the receivers that more than `faults` oracles contradict; these.
    pub fn leave(&mut self, faults: u32) -> Vec<AccountId> {
        let contradicted = |receiver: &AccountId| {
            let against = self.answers.keys().filter(|asked| self.contradicts(asked, receiver)).count();
            u32::try_from(against).is_ok_and(|against| against > faults)
        };
        let gone: Vec<_> =
            self.taken.keys().filter(|oracle| !self.left.contains(*oracle) && contradicted(oracle)).cloned().collect();
        self.left.extend(gone.iter().cloned());
        gone
    }

    /// What an oracle may miss and still vote: coverage below the threshold excludes its ballot.
    fn slack(&self) -> u32 {
        let needed = u64::from(self.params.expected).saturating_mul(self.params.threshold.into()).div_ceil(255);
        self.params.slots.saturating_sub(u32::try_from(needed).unwrap_or(u32::MAX))
    }

    /// Whether what `asked` said last cannot be if `receiver` passes on what it takes: since the epoch began, or since
    /// an earlier answer, its count grew by less than the slots for which one of the two took the beat from this node.
    fn contradicts(&self, asked: &AccountId, receiver: &AccountId) -> bool {
        let Some((last, earlier)) = self.answers.get(asked).and_then(|all| {
            let last = all.back()?;
            Some((last, all.iter().take(all.len().saturating_sub(1))))
        }) else {
            return false;
        };
        let began = Answer { count: 0, settled: 0, open: 0 };
        std::iter::once(&began).chain(earlier).any(|base| {
            let grown = last.count.saturating_sub(base.count);
            self.taken_by(receiver, asked, base.open, last.settled) > grown.saturating_add(self.slack())
        })
    }

    /// Slots of `from..to` for which one of two oracles took the beat.
    fn taken_by(&self, one: &AccountId, other: &AccountId, from: u32, to: u32) -> u32 {
        let (one, other) = (self.taken.get(one), self.taken.get(other));
        let took = |slot: &u32| [one, other].into_iter().flatten().any(|slots| slots.get(*slot));
        u32::try_from((from..to).filter(took).count()).unwrap_or(u32::MAX)
    }

    fn show(&mut self, check: Check) {
        if self.shown.len() >= SHOWN {
            self.shown.pop_front();
        }
        self.shown.push_back(check);
    }
}

/// When the next check is due: one in each [`CHECKS`]th of an epoch, at a random moment of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    epoch: EpochIndex,
    nth: u64,
    /// Unix milliseconds.
    pub at: u64,
}

impl Turn {
    /// Whether it is one of this epoch.
    pub fn is_of(&self, epoch: EpochIndex) -> bool {
        self.epoch == epoch
    }

    /// The one after `last` at `now`. `None` if epochs have no length.
    pub fn next(clock: &ClockParams, now: u64, last: Option<Self>) -> Option<Self> {
        let epoch = clock.epoch_at(now);
        let stretch = clock.epoch_ms.checked_div(CHECKS.into()).filter(|stretch| *stretch > 0)?;
        let start = clock.epoch_start(epoch);
        let running = now.saturating_sub(start).checked_div(stretch)?;
        let nth = match last {
            Some(last) if last.epoch == epoch => last.nth.saturating_add(1).max(running),
            _ => running,
        };
        let (epoch, nth) = if nth < u64::from(CHECKS) { (epoch, nth) } else { (epoch.plus(1), 0) };
        let start = clock.epoch_start(epoch);
        let from = start.saturating_add(stretch.saturating_mul(nth));
        let first = from.max(now);
        let left = from.saturating_add(stretch).saturating_sub(first).max(1);
        let into = rand::random::<u64>().checked_rem(left).unwrap_or(0);
        Some(Self { epoch, nth, at: first.saturating_add(into) })
    }
}

/// What a check needs.
pub(crate) struct Prober {
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Wallclock>,
    pub telemetry: Arc<dyn Telemetry>,
    pub audit: Arc<Mutex<Audit>>,
    pub timing: ClockParams,
    pub params: EpochParams,
    pub license: LicenseId,
    /// How many oracles there are.
    pub oracles: usize,
}

impl Prober {
    /// Ask until it is clear that beats arrive, or who is to be left.
    pub async fn check(self, mut candidates: Vec<Seat<AccountId>>) {
        let faults = apbft::faults(u32::try_from(self.oracles).unwrap_or(u32::MAX));
        let epoch = self.audit.lock().epoch();
        candidates.shuffle(&mut rand::thread_rng());
        let (mut suspicious, mut tries) = (false, 0usize);
        while !candidates.is_empty() {
            let batch = if suspicious { BATCH } else { 1 };
            let asked: Vec<_> = candidates.drain(..batch.min(candidates.len())).collect();
            let answers = futures::future::join_all(asked.iter().map(|seat| self.ask(seat, epoch))).await;
            let mut audit = self.audit.lock();
            if audit.epoch() != epoch {
                return;
            }
            let mut answered = false;
            for (seat, answer) in asked.iter().zip(answers) {
                if let Some(contradicts) = self.note(&mut audit, seat, answer) {
                    answered = true;
                    suspicious |= contradicts;
                }
            }
            if suspicious {
                if self.leave(&mut audit, faults) {
                    return;
                }
                continue;
            }
            tries = tries.saturating_add(1);
            if answered || tries >= TRIES {
                return;
            }
        }
    }

    async fn ask(&self, seat: &Seat<AccountId>, epoch: EpochIndex) -> Asked {
        let query = CountQuery { version: HEARTBEAT_VERSION, license: self.license, epoch };
        let asked_at = self.slot(epoch);
        let answer = match tokio::time::timeout(TIMEOUT, self.transport.ask_count(seat, query)).await {
            Ok(answer) => answer,
            Err(_) => Err(TransportError::Timeout),
        };
        Asked { asked_at, answered_at: self.slot(epoch), answer }
    }

    /// The slot of the epoch that runs now; its last when it is over.
    fn slot(&self, epoch: EpochIndex) -> u32 {
        let now = self.clock.now_ms();
        self.timing.slot_at(epoch, now, &self.params).unwrap_or(self.params.slots)
    }

    /// Take an answer down; whether it contradicts a receiver. `None` if it is none.
    fn note(&self, audit: &mut Audit, seat: &Seat<AccountId>, asked: Asked) -> Option<bool> {
        let delivered = audit.settled_by(asked.asked_at);
        let counted = match asked.answer {
            Ok(Ok(count)) => Ok(count),
            Ok(Err(refusal)) => Err(format!("it refused the question: {}", refusal.label())),
            Err(error) => Err(error.to_string()),
        };
        let verdict = counted.as_ref().ok().map(|count| {
            let contradicts = audit.answered(&seat.oracle, asked.asked_at, asked.answered_at, *count);
            if contradicts {
                let oracle = &seat.oracle;
                tracing::info!(target: "heartbeat", %oracle, delivered, count, "an oracle misses our beats");
            }
            contradicts
        });
        self.telemetry.beats_checked(match verdict {
            Some(false) => CheckOutcome::Arrived,
            Some(true) => CheckOutcome::Missing,
            None => CheckOutcome::Unanswered,
        });
        audit.show(Check { oracle: seat.oracle.clone(), at: self.clock.now_ms(), delivered, counted });
        verdict
    }

    /// Leave receivers whose beats do not arrive; whether there were any.
    fn leave(&self, audit: &mut Audit, faults: u32) -> bool {
        let gone = audit.leave(faults);
        for oracle in &gone {
            self.telemetry.receiver_left();
            tracing::warn!(
                target: "heartbeat", %oracle,
                "beats that this oracle takes do not arrive elsewhere: it is left for the rest of the epoch"
            );
        }
        if gone.is_empty() {
            return false;
        }
        let left: Vec<_> = audit.left().iter().map(ToString::to_string).collect();
        self.telemetry.set_trouble(
            Part::Arrival,
            Some(Trouble::new(
                format!("beats that {} took did not arrive with other oracles", left.join(", ")),
                "nothing: beats go to others for the rest of the epoch. If it goes on, tell the council",
            )),
        );
        true
    }
}

/// A question and its answer.
struct Asked {
    asked_at: u32,
    answered_at: u32,
    answer: Result<CountAnswer, TransportError>,
}

#[cfg(test)]
mod tests;
