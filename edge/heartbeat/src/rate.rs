//! Token buckets per sender, in bounded memory.

use ratio1_ports::Source;
use schnellru::{ByLength, LruMap};

/// Fractions of a token that are kept.
const SCALE: u64 = 1024;
/// Failed signatures a source may send before it is ignored; one is forgiven every sixteen intervals.
const STRIKES: u64 = 8;
const INTERVALS_PER_STRIKE: u64 = 16;

/// How much each sender may send.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Tokens a sender can save up.
    pub burst: u64,
    /// Tokens it gets per interval.
    pub per_interval: u64,
    /// The interval in milliseconds.
    pub interval_ms: u64,
}

#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: u64,
    strikes: u64,
    at: u64,
    forgiven_at: u64,
}

/// A bucket for each recent sender. The least recently seen one is forgotten when there are too many.
pub struct Limiter {
    buckets: LruMap<Source, Bucket, ByLength>,
    rate: Rate,
}

impl Limiter {
    /// For at most `sources` senders at a time.
    pub fn new(sources: u32, rate: Rate) -> Self {
        Self { buckets: LruMap::new(ByLength::new(sources)), rate }
    }

    /// Change what senders may send from now on.
    pub fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// Take `cost` tokens of `from` at `now` (Unix milliseconds); `false` if it has too few, or sent too many forgeries.
    pub fn take(&mut self, from: Source, cost: u64, now: u64) -> bool {
        let Some(bucket) = Self::refilled(&mut self.buckets, self.rate, from, now) else { return false };
        if bucket.strikes < SCALE {
            return false;
        }
        match bucket.tokens.checked_sub(cost.saturating_mul(SCALE)) {
            Some(rest) => {
                bucket.tokens = rest;
                true
            }
            None => false,
        }
    }

    /// Note that `from` sent something forged or malformed.
    pub fn strike(&mut self, from: Source, now: u64) {
        if let Some(bucket) = Self::refilled(&mut self.buckets, self.rate, from, now) {
            bucket.strikes = bucket.strikes.saturating_sub(SCALE);
        }
    }

    /// Senders remembered now.
    pub fn len(&self) -> usize {
        self.buckets.len()
    }

    /// Whether no sender is remembered.
    pub fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }

    fn refilled(
        buckets: &mut LruMap<Source, Bucket, ByLength>,
        rate: Rate,
        from: Source,
        now: u64,
    ) -> Option<&mut Bucket> {
        let full = rate.burst.saturating_mul(SCALE);
        let all = STRIKES.saturating_mul(SCALE);
        let bucket =
            buckets.get_or_insert(from, || Bucket { tokens: full, strikes: all, at: now, forgiven_at: now })?;
        let interval = rate.interval_ms.max(1);
        refill(&mut bucket.tokens, &mut bucket.at, now, rate.per_interval.saturating_mul(SCALE), interval, full);
        let forgiven = interval.saturating_mul(INTERVALS_PER_STRIKE);
        refill(&mut bucket.strikes, &mut bucket.forgiven_at, now, SCALE, forgiven, all);
        Some(bucket)
    }
}

/// Add `amount` per `period` for the time since `at`, which moves on only when that is worth something.
fn refill(level: &mut u64, at: &mut u64, now: u64, amount: u64, period: u64, full: u64) {
    let earned = now.saturating_sub(*at).saturating_mul(amount).checked_div(period).unwrap_or(0);
    if earned > 0 || *level == full || now < *at {
        *level = level.saturating_add(earned).min(full);
        *at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 4, per_interval: 2, interval_ms: 500 };

    #[test]
    fn a_sender_gets_its_burst_and_then_its_rate() {
        let mut limiter = Limiter::new(8, RATE);
        let from = Source([1; 32]);
        let taken = (0..10).filter(|_| limiter.take(from, 1, 1_000)).count();
        assert_eq!(taken, 4);
        assert!(limiter.take(from, 1, 1_250));
        assert!(!limiter.take(from, 1, 1_250));
        assert!(limiter.take(Source([2; 32]), 4, 1_250), "others are not affected");
    }

    #[test]
    fn forgers_are_ignored_for_a_while() {
        let mut limiter = Limiter::new(8, RATE);
        let from = Source([1; 32]);
        (0..STRIKES).for_each(|_| limiter.strike(from, 1_000));
        assert!(!limiter.take(from, 1, 2_000));
        assert!(limiter.take(from, 1, 1_000 + 500 * INTERVALS_PER_STRIKE));
    }

    #[test]
    fn memory_is_bounded_however_many_senders_there_are() {
        let mut limiter = Limiter::new(64, RATE);
        for n in 0..10_000u32 {
            let mut id = [0; 32];
            id[..4].copy_from_slice(&n.to_le_bytes());
            limiter.take(Source(id), 1, 0);
        }
        assert_eq!(limiter.len(), 64);
    }
}
