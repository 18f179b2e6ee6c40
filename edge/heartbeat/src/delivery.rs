//! Handing one beat to its receivers, side by side, each lane taking the next oracle in order when one fails.

use crate::{
    probe::Audit,
    rendezvous::{rendezvous, replicas},
    sender::{SenderDeps, View},
    status::Sending,
};
use codec::Encode;
use futures::{stream::FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use ratio1_ports::{Part, TransportError, Trouble};
use ratio1_primitives::{
    ballot::Seat,
    heartbeat::{BeatAck, BeatRefusal, SignedHeartbeat},
    AccountId, EpochIndex, LicenseId,
};
use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

/// Delivering one beat may take an interval, and this long when intervals are shorter.
const MIN_DELIVERY: Duration = Duration::from_millis(400);
/// The longest that one oracle is waited for, however long the interval.
const MAX_ATTEMPT: Duration = Duration::from_secs(10);
/// How many intervals an oracle that failed is tried last.
const AVOID_INTERVALS: u64 = 8;

/// What deliveries and checks know together.
#[derive(Clone, Default)]
pub(crate) struct Shared {
    pub health: Arc<Mutex<Health>>,
    pub audit: Arc<Mutex<Audit>>,
}

impl Shared {
    /// How sending fares, for whoever asks the node.
    pub fn sending(&self, view: &View) -> Sending {
        let audit = self.audit.lock();
        Sending {
            epoch: audit.epoch(),
            delivered: audit.delivered(),
            receivers: receivers(audit.epoch(), view.license, &view.oracles, audit.left()),
            left: audit.left().iter().cloned().collect(),
            checks: audit.shown(),
        }
    }
}

/// To whom a node sends as long as all answer: the first [`replicas`] in its order that it has not left.
pub(crate) fn receivers(
    epoch: EpochIndex,
    license: LicenseId,
    seats: &[Seat<AccountId>],
    left: &BTreeSet<AccountId>,
) -> Vec<AccountId> {
    let order = rendezvous(epoch, license, seats).into_iter().filter_map(|index| seats.get(index));
    let others = order.filter(|seat| seat.license != license && !left.contains(&seat.oracle));
    others.take(replicas(seats.len())).map(|seat| seat.oracle.clone()).collect()
}

/// Which oracles failed lately, and how the last answers were.
#[derive(Default)]
pub(crate) struct Health {
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
    /// The seats to try, in order, this node's own excepted: first those that did not fail lately, and last of all
    /// those that the node has left.
    fn order(
        &mut self,
        epoch: EpochIndex,
        license: LicenseId,
        seats: &[Seat<AccountId>],
        left: &BTreeSet<AccountId>,
        now: u64,
    ) -> VecDeque<usize> {
        self.avoid.retain(|oracle, until| now < *until && seats.iter().any(|seat| seat.oracle == *oracle));
        self.last.retain(|oracle, _| seats.iter().any(|seat| seat.oracle == *oracle));
        let others = rendezvous(epoch, license, seats)
            .into_iter()
            .filter(|i| seats.get(*i).is_some_and(|s| s.license != license));
        let mut order: Vec<_> = others.collect();
        // Stable: within each group the order stays.
        order.sort_by_key(|i| {
            seats.get(*i).map(|seat| (left.contains(&seat.oracle), self.avoid.contains_key(&seat.oracle)))
        });
        order.into()
    }

    /// Why no oracle took a beat: the last refusal, since that says most, or else that nobody was reached.
    fn trouble(&self) -> Trouble {
        let refusal = self.last.values().find_map(|outcome| match outcome {
            Outcome::Refused(refusal) => Some(*refusal),
            Outcome::Counted | Outcome::Failed(_) => None,
        });
        match refusal {
            Some(refusal) => {
                Trouble::new(format!("no oracle took the last heartbeat: {}", refusal.label()), remedy(refusal))
            }
            None => Trouble::new(
                "no oracle could be reached with the last heartbeat",
                "check this machine's connection to the network and that the node has peers",
            ),
        }
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
pub(crate) async fn deliver(deps: SenderDeps, view: View, signed: SignedHeartbeat, shared: Shared) {
    let (budget, attempt) = budgets(view.params.beat_ms);
    let is_oracle = view.oracles.iter().any(|seat| seat.license == view.license);
    let own = deps.own.as_ref().filter(|_| is_oracle).is_some_and(|own| own.try_send(signed.clone()).is_ok());

    let (epoch, slot, now) = (signed.beat.epoch, signed.beat.slot, deps.clock.now_ms());
    let left = shared.audit.lock().left().clone();
    let order = shared.health.lock().order(epoch, view.license, &view.oracles, &left, now);
    let lanes = replicas(view.oracles.len()).min(order.len());
    // Each lane tries two oracles at most.
    let queue = Arc::new(Mutex::new(order.into_iter().take(lanes.saturating_mul(2)).collect::<VecDeque<_>>()));
    let avoid = u64::from(view.params.beat_ms).saturating_mul(AVOID_INTERVALS);
    let bytes = signed.encode();
    let lane = |_| {
        let (queue, shared, deps, oracles, bytes) = (&queue, &shared, &deps, &view.oracles, &bytes);
        async move {
            loop {
                let next = queue.lock().pop_front();
                let Some(seat) = next.and_then(|index| oracles.get(index)) else { return false };
                let answer = match tokio::time::timeout(attempt, deps.transport.send_beat(seat, bytes.clone())).await {
                    Ok(answer) => answer,
                    Err(_) => Err(TransportError::Timeout),
                };
                let until = deps.clock.now_ms().saturating_add(avoid);
                if note_answer(&mut shared.health.lock(), &seat.oracle, answer, until) {
                    shared.audit.lock().took(&seat.oracle, epoch, slot);
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
    deps.telemetry.set_trouble(Part::Delivery, (!counted).then(|| shared.health.lock().trouble()));
    deps.telemetry.sending(&shared.sending(&view));
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
                let (refusal, remedy) = (refusal.label(), remedy(*refusal));
                tracing::warn!(target: "heartbeat", %oracle, refusal, remedy, "an oracle refused our beat")
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
    use sp_core::crypto::ByteArray;

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
    fn oracles_that_failed_are_tried_late_and_those_left_last() {
        let seats: Vec<_> = (0..6u8)
            .map(|n| Seat {
                oracle: AccountId::new([n; 32]),
                license: LicenseId(n.into()),
                vote_key: ratio1_primitives::VoteId::from_slice(&[n; 32]).unwrap(),
            })
            .collect();
        let license = LicenseId(99);
        let order = rendezvous(EpochIndex(1), license, &seats);
        let oracle = |place: usize| seats[order[place]].oracle.clone();
        let mut health = Health::default();
        health.note(&oracle(0), Outcome::Failed(String::new()), 100);
        health.note(&oracle(2), Outcome::Failed(String::new()), 100);
        let left = BTreeSet::from([oracle(1), oracle(2)]);
        let places = |health: &mut Health, now| {
            let tried = health.order(EpochIndex(1), license, &seats, &left, now);
            tried.iter().map(|index| order.iter().position(|other| other == index).unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(places(&mut health, 99), [3, 4, 5, 0, 1, 2]);
        assert_eq!(places(&mut health, 100), [0, 3, 4, 5, 1, 2], "they failed long ago");
        assert_eq!(receivers(EpochIndex(1), license, &seats, &left), [oracle(0), oracle(3), oracle(4)]);
        assert_eq!(receivers(EpochIndex(1), seats[order[0]].license, &seats, &BTreeSet::new()).len(), 3);
    }
}
