//! Who is let in, by the peer alone, before a byte is read.

use crate::callers::Fellows;
use ratio1_heartbeat::{
    ports::InboundCount,
    rate::{Limiter, Rate},
};
use ratio1_ports::Source;
use sc_network_types::PeerId;
use std::time::Instant;

/// Batches that a peer may send which is not known as an oracle. An oracle that was not found yet sends two in each
/// interval, and one more for every 256 beats.
pub const STRANGERS: Rate = Rate { burst: 32, per_interval: 8, interval_ms: 1_000 };
/// Batches that a peer may send which is: what the worker itself allows.
const ORACLES: Rate = Rate { burst: 256, per_interval: 64, interval_ms: 1_000 };
/// Strangers whose rate is remembered.
const MAX_STRANGERS: u32 = 4_096;
/// Oracles, with a few peers each.
const MAX_ORACLES: u32 = 1_024;
/// Questions that a peer may ask. A node asks eight times in an epoch, and several nodes may share a peer.
pub const QUESTIONS: Rate = Rate { burst: 16, per_interval: 1, interval_ms: 1_000 };
/// Peers whose questions are remembered.
const MAX_ASKERS: u32 = 16_384;

/// Decides whose batches are looked at, by the peer alone, before a byte is read.
pub struct Porter {
    fellows: Fellows,
    oracles: Limiter,
    strangers: Limiter,
    since: Instant,
}

/// What becomes of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// It is looked at.
    Admitted,
    /// It is one too many of an oracle's.
    TooMany,
    /// It is one too many of a stranger's.
    Flood,
}

impl Porter {
    /// Oracles are these.
    pub fn new(fellows: Fellows) -> Self {
        Self {
            fellows,
            oracles: Limiter::new(MAX_ORACLES, ORACLES),
            strangers: Limiter::new(MAX_STRANGERS, STRANGERS),
            since: Instant::now(),
        }
    }

    /// At this time of a clock that is never set.
    pub fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether a batch of this peer is looked at.
    pub fn let_in(&mut self, peer: &PeerId, from: Source, now: u64) -> Entry {
        // ADR 0026: a batch from anybody else costs the oracle more than its sender, so strangers may send a few.
        let (limiter, beyond) = if self.fellows.read().contains(peer) {
            (&mut self.oracles, Entry::TooMany)
        } else {
            (&mut self.strangers, Entry::Flood)
        };
        if limiter.take(from, 1, now) {
            Entry::Admitted
        } else {
            beyond
        }
    }
}

/// Who asked how much.
pub struct Askers {
    rates: Limiter,
    since: Instant,
}

impl Default for Askers {
    fn default() -> Self {
        Self { rates: Limiter::new(MAX_ASKERS, QUESTIONS), since: Instant::now() }
    }
}

impl Askers {
    /// Whether this question is one its peer may still ask.
    pub fn may_ask(&mut self, count: &InboundCount) -> bool {
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.rates.take(count.from, 1, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::callers::Callers;
    use std::sync::Arc;

    #[test]
    fn flood_of_batches_costs_the_stranger_that_sends_it_and_nobody_else() {
        let (stranger, oracle, newcomer) = (PeerId::random(), PeerId::random(), PeerId::random());
        let (mut porter, callers) =
            (Porter::new(Arc::new(parking_lot::RwLock::new([oracle].into()))), Callers::default());
        let mut entries = |peer: &PeerId, count: u64, now: u64| {
            (0..count).map(|_| porter.let_in(peer, callers.note_peer(peer), now)).collect::<Vec<_>>()
        };
        let burst = usize::try_from(STRANGERS.burst).expect("small");
        let flood = entries(&stranger, 100, 0);
        assert_eq!(flood.iter().filter(|entry| **entry == Entry::Admitted).count(), burst);
        assert!(flood.iter().skip(burst).all(|entry| *entry == Entry::Flood));
        let honest = entries(&oracle, ORACLES.burst, 0);
        assert!(honest.iter().all(|entry| *entry == Entry::Admitted), "an oracle is not crowded out");
        assert_eq!(entries(&oracle, 1, 0), [Entry::TooMany], "and has bounds too, but keeps its name");
        // An oracle that was not found yet, and sends four times what it should.
        for second in 0..60 {
            assert_eq!(entries(&newcomer, 8, second * 1_000), [Entry::Admitted; 8]);
        }
    }
}
