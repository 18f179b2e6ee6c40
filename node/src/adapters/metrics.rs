//! Prometheus metrics of the workers. The same counters feed `r1_status`, so they exist without an endpoint too.

use parking_lot::Mutex;
use prometheus_endpoint::{register, Counter, CounterVec, Gauge, GaugeVec, Opts, PrometheusError, Registry, F64, U64};
use ratio1_heartbeat::{
    ports::{Telemetry, VoteKind},
    status::{CheckOutcome, Sending},
};
use ratio1_ports::{Part, Trouble, TroubleBook, Troubles};
use ratio1_primitives::{ballot::Phase, heartbeat::BeatRefusal, EpochIndex};
use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

/// All metrics of this node's workers.
pub struct Metrics {
    sent: CounterVec<U64>,
    checked: CounterVec<U64>,
    left: Counter<U64>,
    set_back: Counter<U64>,
    delivered: Gauge<U64>,
    accepted: Counter<U64>,
    dropped: CounterVec<U64>,
    relayed: Counter<U64>,
    received_batches: Counter<U64>,
    dropped_batches: CounterVec<U64>,
    ballots: CounterVec<U64>,
    phase: GaugeVec<U64>,
    coverage: Gauge<F64>,
    restarts: CounterVec<U64>,
    admitted: Gauge<U64>,
    conditions: GaugeVec<U64>,
    disk_free: Gauge<F64>,
    skew: Gauge<F64>,
    seen: Mutex<Seen>,
    sending: Mutex<Sending>,
    troubles: TroubleBook,
}

/// What happened last, for `r1_status`.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// When coverage was last reported, which happens every second at most while this oracle counts.
    pub counted: Option<Instant>,
    /// Slots covered, of the slots gone by, in the running epoch.
    pub coverage: Option<(u32, u32)>,
    /// Where the epochs stand that are voted about, and when that was last said: at every best block.
    rounds: BTreeMap<EpochIndex, (Phase, Instant)>,
}

/// An oracle that counts says so every second; one that was silent for this long does not count.
const COUNTING: Duration = Duration::from_secs(5);

impl Seen {
    /// Whether this oracle counts.
    pub fn is_counting(&self, now: Instant) -> bool {
        self.counted.is_some_and(|at| now.saturating_duration_since(at) < COUNTING)
    }

    /// The newest epoch voted about, and where it stands; none when no round is open.
    pub fn phase(&self) -> Option<(EpochIndex, Phase)> {
        self.rounds
            .iter()
            .filter(|(_, (_, at))| at.elapsed() < OPEN)
            .map(|(epoch, (phase, _))| (*epoch, *phase))
            .next_back()
    }

    /// Forget rounds that are over.
    fn prune(&mut self) {
        self.rounds.retain(|_, (_, at)| at.elapsed() < OPEN);
    }

    /// The newest epoch in a phase.
    fn newest_in(&self, phase: Phase) -> Option<EpochIndex> {
        self.rounds.iter().filter(|(_, (now, _))| *now == phase).map(|(epoch, _)| *epoch).next_back()
    }
}

/// A round that was not mentioned for this long is over: several blocks went by without it.
const OPEN: Duration = Duration::from_secs(30);
/// All phases.
const PHASES: [Phase; 4] = [Phase::Commit, Phase::Reveal, Phase::Settling, Phase::Unresolved];

// What is told of a metric, where it does not fit into a line with its name.
const SENT: &str = "Heartbeats of this node that an oracle counted, or none.";
const CHECKED: &str = "Answers of oracles that this node does not send to, asked whether they count its beats.";
const LEFT: &str = "Oracles left since beats they took did not arrive elsewhere.";
const COVERAGE: &str = "Share of the running epoch in which this oracle was receiving.";
const CONDITION: &str = "1 when the condition that `r1_status` explains is met, else 0.";
const SKEW: &str = "How long after their moment blocks of others come by this clock; negative: it is behind.";

impl Metrics {
    /// Register with `registry`; without one the counters only feed `r1_status`.
    pub fn new(registry: Option<&Registry>) -> Result<Self, PrometheusError> {
        let own = Registry::new();
        let r = registry.unwrap_or(&own);
        let counter = |name: &str, help: &str| register(Counter::<U64>::new(name, help)?, r);
        let counters =
            |name: &str, help: &str, label: &str| register(CounterVec::<U64>::new(Opts::new(name, help), &[label])?, r);
        let count = |name: &str, help: &str| register(Gauge::<U64>::new(name, help)?, r);
        let counts =
            |name: &str, help: &str, label: &str| register(GaugeVec::<U64>::new(Opts::new(name, help), &[label])?, r);
        let measure = |name: &str, help: &str| register(Gauge::<F64>::new(name, help)?, r);
        let metrics = Self {
            sent: counters("ratio1_beats_sent_total", SENT, "result")?,
            checked: counters("ratio1_beats_checked_total", CHECKED, "outcome")?,
            left: counter("ratio1_receivers_left_total", LEFT)?,
            set_back: counter("ratio1_clock_set_back_total", "Times this machine's clock was set back while sending.")?,
            delivered: count("ratio1_beats_delivered", "Slots of the running epoch whose beat an oracle took.")?,
            accepted: counter("ratio1_beats_accepted_total", "Heartbeats that were news to this oracle.")?,
            dropped: counters("ratio1_beats_dropped_total", "Heartbeats that this oracle dropped.", "reason")?,
            relayed: counter("ratio1_beats_relayed_total", "Heartbeats passed on, once for each oracle they went to.")?,
            received_batches: counter("ratio1_relay_batches_received_total", "Authentic batches from other oracles.")?,
            dropped_batches: counters("ratio1_relay_batches_dropped_total", "Batches dropped unread.", "reason")?,
            ballots: counters("ratio1_ballots_cast_total", "Votes handed to the transaction pool.", "kind")?,
            phase: counts("ratio1_phase", "The newest epoch in each phase; absent without one.", "phase")?,
            coverage: measure("ratio1_coverage", COVERAGE)?,
            restarts: counters(
                "ratio1_worker_restarts_total",
                "Times a worker ended and was started again.",
                "worker",
            )?,
            admitted: count("ratio1_admitted", "1 when the chain admits this node's key, else 0.")?,
            conditions: counts("ratio1_condition", CONDITION, "condition")?,
            disk_free: measure("ratio1_disk_free_bytes", "Free space where the node keeps its data.")?,
            skew: measure("ratio1_block_lateness_seconds", SKEW)?,
            seen: Mutex::default(),
            sending: Mutex::default(),
            troubles: TroubleBook::default(),
        };
        metrics.count_from_zero();
        Ok(metrics)
    }

    /// Zeros from the start: an alert on a rate needs the first increase too.
    fn count_from_zero(&self) {
        for reason in BeatRefusal::ALL {
            self.dropped.with_label_values(&[reason.label()]).inc_by(0);
        }
        for result in ["ok", "failed"] {
            self.sent.with_label_values(&[result]).inc_by(0);
        }
        for outcome in CheckOutcome::ALL {
            self.checked.with_label_values(&[outcome.label()]).inc_by(0);
        }
    }

    /// A worker ended and is started again.
    pub fn worker_restarted(&self, worker: &str) {
        self.restarts.with_label_values(&[worker]).inc();
    }

    /// Whether the chain admits this node.
    pub fn set_admitted(&self, admitted: bool) {
        self.admitted.set(u64::from(admitted));
    }

    /// Whether a condition is met.
    pub fn set_condition(&self, name: &str, ok: bool) {
        self.conditions.with_label_values(&[name]).set(u64::from(ok));
    }

    /// What is known of disk and clock.
    #[allow(clippy::cast_precision_loss)] // Metrics are floating point.
    pub fn set_machine(&self, disk_free: Option<u64>, lateness_ms: Option<i64>) {
        self.disk_free.set(disk_free.unwrap_or(0) as f64);
        self.skew.set(lateness_ms.unwrap_or(0) as f64 / 1_000.0);
    }

    /// Beats sent: counted by an oracle, and by none.
    pub fn sent(&self) -> (u64, u64) {
        (self.sent.with_label_values(&["ok"]).get(), self.sent.with_label_values(&["failed"]).get())
    }

    /// How sending fares.
    pub fn sending(&self) -> Sending {
        self.sending.lock().clone()
    }

    /// What workers say is wrong now.
    pub fn troubles(&self) -> BTreeMap<Part, Trouble> {
        self.troubles.troubles()
    }

    /// Beats this oracle counted.
    pub fn accepted(&self) -> u64 {
        self.accepted.get()
    }

    /// Beats passed on.
    pub fn relayed(&self) -> u64 {
        self.relayed.get()
    }

    /// Beats dropped, by reason; reasons that never occurred are left out.
    pub fn dropped(&self) -> BTreeMap<&'static str, u64> {
        BeatRefusal::ALL
            .iter()
            .map(|reason| (reason.label(), self.dropped.with_label_values(&[reason.label()]).get()))
            .filter(|(_, count)| *count > 0)
            .collect()
    }

    /// Votes cast, by kind.
    pub fn ballots(&self) -> BTreeMap<&'static str, u64> {
        [VoteKind::Commit, VoteKind::Header, VoteKind::Pages]
            .iter()
            .map(|kind| (kind.label(), self.ballots.with_label_values(&[kind.label()]).get()))
            .collect()
    }

    /// Show the epochs that are in a phase now, and no phase without one.
    fn show_phases(&self, seen: &mut Seen) {
        seen.prune();
        for phase in PHASES {
            match seen.newest_in(phase) {
                Some(epoch) => self.phase.with_label_values(&[phase_label(phase)]).set(u64::from(epoch.0)),
                // An error means that it was not shown.
                None => drop(self.phase.remove_label_values(&[phase_label(phase)])),
            }
        }
    }

    /// What happened last.
    pub fn seen(&self) -> Seen {
        self.seen.lock().clone()
    }
}

/// A phase's label.
pub const fn phase_label(phase: Phase) -> &'static str {
    match phase {
        Phase::Commit => "commit",
        Phase::Reveal => "reveal",
        Phase::Settling => "settling",
        Phase::Unresolved => "unresolved",
    }
}

impl Troubles for Metrics {
    fn set_trouble(&self, part: Part, now: Option<Trouble>) {
        self.troubles.set_trouble(part, now);
    }
}

impl Telemetry for Metrics {
    fn beat_sent(&self, ok: bool) {
        self.sent.with_label_values(&[if ok { "ok" } else { "failed" }]).inc();
    }

    fn beats_checked(&self, outcome: CheckOutcome) {
        self.checked.with_label_values(&[outcome.label()]).inc();
    }

    fn receiver_left(&self) {
        self.left.inc();
    }

    fn clock_set_back(&self) {
        self.set_back.inc();
    }

    fn sending(&self, now: &Sending) {
        self.delivered.set(u64::from(now.delivered));
        *self.sending.lock() = now.clone();
    }

    fn beat_accepted(&self) {
        self.accepted.inc();
    }

    fn beat_dropped(&self, why: BeatRefusal) {
        self.dropped.with_label_values(&[why.label()]).inc();
    }

    fn beats_relayed(&self, count: usize) {
        self.relayed.inc_by(u64::try_from(count).unwrap_or(u64::MAX));
    }

    fn batch_received(&self) {
        self.received_batches.inc();
    }

    fn batch_dropped(&self, why: BeatRefusal) {
        self.dropped_batches.with_label_values(&[why.label()]).inc();
    }

    fn ballot_cast(&self, kind: VoteKind) {
        self.ballots.with_label_values(&[kind.label()]).inc();
    }

    fn phase(&self, epoch: EpochIndex, phase: Phase) {
        let mut seen = self.seen.lock();
        seen.rounds.insert(epoch, (phase, Instant::now()));
        self.show_phases(&mut seen);
    }

    fn coverage(&self, covered: u32, passed: u32) {
        let share = if passed == 0 { 0.0 } else { f64::from(covered) / f64::from(passed) };
        self.coverage.set(share);
        let mut seen = self.seen.lock();
        seen.counted = Some(Instant::now());
        seen.coverage = Some((covered, passed));
        self.show_phases(&mut seen);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_show_what_was_told() {
        let registry = Registry::new();
        let metrics = Metrics::new(Some(&registry)).expect("an empty registry");
        metrics.beat_sent(true);
        metrics.beat_sent(false);
        metrics.beat_sent(false);
        metrics.beat_dropped(BeatRefusal::Late);
        metrics.beats_relayed(3);
        metrics.ballot_cast(VoteKind::Commit);
        assert_eq!(metrics.sent(), (1, 2));
        assert_eq!(metrics.dropped(), BTreeMap::from([("late", 1)]));
        assert_eq!(metrics.relayed(), 3);
        assert_eq!(metrics.ballots().get("commit"), Some(&1));
        let names: Vec<_> = registry.gather().iter().map(|family| family.get_name().to_string()).collect();
        assert!(names.iter().any(|name| name == "ratio1_beats_dropped_total"), "{names:?}");
    }

    #[test]
    fn coverage_says_that_it_counts_and_the_newest_phase_is_kept() {
        let metrics = Metrics::new(None).expect("a registry of its own");
        assert!(metrics.seen().counted.is_none());
        metrics.coverage(1, 5);
        assert!(metrics.seen().counted.is_some());
        assert_eq!(metrics.seen().coverage, Some((1, 5)));
        metrics.phase(EpochIndex(7), Phase::Commit);
        metrics.phase(EpochIndex(6), Phase::Settling);
        assert_eq!(metrics.seen().phase(), Some((EpochIndex(7), Phase::Commit)));
    }

    #[test]
    fn phase_is_cleared_when_no_round_is_open() {
        let registry = Registry::new();
        let metrics = Metrics::new(Some(&registry)).expect("an empty registry");
        let shown = || registry.gather().iter().any(|family| family.get_name() == "ratio1_phase");
        metrics.phase(EpochIndex(7), Phase::Commit);
        assert!(shown());
        metrics.seen.lock().rounds.values_mut().for_each(|(_, at)| {
            *at = at.checked_sub(OPEN).expect("the machine runs for longer than a round's silence");
        });
        assert_eq!(metrics.seen().phase(), None);
        metrics.coverage(1, 5);
        assert!(!shown());
    }
}
