//! When the next beat is due, and what was signed for each slot already.
//!
//! A slot is beaten once, in order, as long as the clock runs forward. When it turns out to have been ahead and is set
//! right, the node goes on with the slot that runs: it would be silent otherwise until time comes to where it had been.
//! Then it comes to slots that it signed beats for while it was ahead. Oracles refused those, but whoever kept one can
//! bring it again when its time comes, and two beats of one slot with different states of services count as if nothing
//! ran. So [`Signed`] remembers what was signed for which slot, and a slot is signed again only with the very same
//! states.
//!
//! A restart forgets. So the slot in which the sender starts is left to the run before it, and what that one signed
//! ahead of time quotes a block that oracles accept for the first minutes after it was signed only (ADR 0009).

use codec::Encode;
use ratio1_primitives::{heartbeat::Service, ClockParams, EpochIndex, EpochParams, LicenseId};
use std::collections::BTreeMap;

/// Slots remembered: two days on a network that beats every ten seconds. Past them, those that were first are
/// forgotten.
const MAX_SIGNED: usize = 16_384;

/// A beat to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Due {
    pub epoch: EpochIndex,
    pub slot: u32,
    /// Unix milliseconds.
    pub at: u64,
}

/// The slot of an epoch in which `now` falls, counted on past the epoch's last.
pub(crate) fn running(clock: &ClockParams, params: &EpochParams, now: u64) -> Option<(EpochIndex, u32)> {
    let epoch = clock.epoch_at(now);
    let slot = now.saturating_sub(clock.epoch_start(epoch)).checked_div(u64::from(params.beat_ms))?;
    Some((epoch, u32::try_from(slot).ok()?))
}

/// The next beat after `last`. A slot missed by a stall is made good while it is the one before the running one. If
/// `last` is ahead of the running slot by more than one, the clock was set back: the running slot is next.
pub(crate) fn next_due(
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
    let (epoch, running) = running(clock, params, now)?;
    let start = clock.epoch_start(epoch);
    let slot = match last {
        Some((of, slot)) if of == epoch && slot <= running.saturating_add(1) => {
            slot.saturating_add(1).max(running.saturating_sub(1))
        }
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

/// Which states of services were signed for which slot.
#[derive(Default)]
pub(crate) struct Signed(BTreeMap<(EpochIndex, u32), [u8; 16]>);

impl Signed {
    /// Whether a beat with these states may be signed for the slot, which is noted: not if one with others was.
    pub fn admit(&mut self, epoch: EpochIndex, slot: u32, states: &[Service]) -> bool {
        let digest = sp_crypto_hashing::blake2_128(&states.encode());
        let admitted = *self.0.entry((epoch, slot)).or_insert(digest) == digest;
        while self.0.len() > MAX_SIGNED {
            self.0.pop_first();
        }
        admitted
    }

    /// The newest slot that was signed.
    pub fn newest(&self) -> Option<(EpochIndex, u32)> {
        self.0.last_key_value().map(|(slot, _)| *slot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{heartbeat::ServiceState, JobId};

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

        #[test]
        fn node_is_never_silent_for_more_than_two_slots_when_its_clock_jumps(
            license: u32, now in 61_000u64..10_000_000, epoch in 0u32..200, slot in 0u32..120,
        ) {
            let due = next_due(&CLOCK, &PARAMS, LicenseId(license), now, Some((EpochIndex(epoch), slot))).unwrap();
            proptest::prop_assert!(due.at.saturating_sub(now) <= 3 * 500, "{due:?}");
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
    fn a_stall_is_made_good_by_one_slot_only() {
        let last = Some((EpochIndex(1), 3));
        let due = next_due(&CLOCK, &PARAMS, LicenseId(3), 61_000 + 20 * 500 + 10, last).unwrap();
        assert_eq!((due.epoch, due.slot), (EpochIndex(1), 19));
    }

    #[test]
    fn running_slot_is_next_when_the_clock_was_ahead_and_is_set_right() {
        let now = 61_000 + 10 * 500 + 10;
        for last in [(EpochIndex(1), 90), (EpochIndex(1), 12), (EpochIndex(2), 0), (EpochIndex(700), 3)] {
            let due = next_due(&CLOCK, &PARAMS, LicenseId(3), now, Some(last)).unwrap();
            assert_eq!((due.epoch, due.slot), (EpochIndex(1), 10), "{last:?}");
        }
        // One slot is what two threads' views of the clock may differ by.
        let due = next_due(&CLOCK, &PARAMS, LicenseId(3), now, Some((EpochIndex(1), 11))).unwrap();
        assert_eq!((due.epoch, due.slot), (EpochIndex(1), 12));
    }

    #[test]
    fn slot_is_signed_again_only_with_the_same_states() {
        let mut signed = Signed::default();
        let states = |state| [Service { job: JobId(1), slot: 0, state }];
        assert!(signed.admit(EpochIndex(1), 90, &states(ServiceState::Running)), "while the clock is ahead");
        assert!(signed.admit(EpochIndex(1), 10, &states(ServiceState::Down)), "set right");
        assert!(!signed.admit(EpochIndex(1), 90, &states(ServiceState::Down)));
        assert!(!signed.admit(EpochIndex(1), 90, &[]));
        assert!(signed.admit(EpochIndex(1), 90, &states(ServiceState::Running)));
        assert_eq!(signed.newest(), Some((EpochIndex(1), 90)));
        (0..40_000).for_each(|slot| assert!(signed.admit(EpochIndex(2), slot, &[])));
        assert_eq!(signed.0.len(), MAX_SIGNED);
    }
}
