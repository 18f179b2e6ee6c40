//! The audit against liars, dead links and both.

use super::*;
use proptest::{collection::vec, prelude::*};
use ratio1_primitives::VoteId;
use sp_core::crypto::ByteArray;

const CLOCK: ClockParams = ClockParams { genesis_moment: 1_000, epoch_ms: 60_000 };
const PARAMS: EpochParams = EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 100 };
const EPOCH: EpochIndex = EpochIndex(1);

fn oracle(n: usize) -> AccountId {
    AccountId::new([u8::try_from(n).unwrap(); 32])
}

/// One epoch of a node whose receivers are oracles 0, 1 and 2 of `n`.
struct Epoch {
    n: usize,
    faulty: Vec<bool>,
    /// Pairs between which nothing passes.
    cut: Vec<(usize, usize)>,
    audit: Audit,
    sent: u32,
}

impl Epoch {
    fn new(n: usize, faulty: &[usize], cut: &[(usize, usize)]) -> Self {
        let faulty = (0..n).map(|oracle| faulty.contains(&oracle)).collect();
        Self { n, faulty, cut: cut.to_vec(), audit: Audit::new(EPOCH, PARAMS), sent: 0 }
    }

    fn faults(&self) -> u32 {
        apbft::faults(u32::try_from(self.n).unwrap())
    }

    /// All receivers take the beats of so many more slots.
    fn beat(&mut self, slots: u32) {
        for slot in self.sent..self.sent + slots {
            (0..3).for_each(|receiver| self.audit.took(&oracle(receiver), EPOCH, slot));
        }
        self.sent += slots;
    }

    fn hears(&self, asked: usize, receiver: usize) -> bool {
        !self.faulty[receiver] && !self.cut.contains(&(receiver, asked))
    }

    /// Everybody is asked: the honest say what they count, of which they miss `missed`, the faulty say `lie`. Who is
    /// left then?
    fn ask_all(&mut self, lie: impl Fn(usize) -> u32, missed: u32) -> Vec<usize> {
        for asked in 3..self.n {
            let arrived = if (0..3).any(|receiver| self.hears(asked, receiver)) { self.sent } else { 0 };
            let count = if self.faulty[asked] { lie(asked) } else { arrived.saturating_sub(missed) };
            self.audit.answered(&oracle(asked), self.sent, self.sent, count);
        }
        let gone = self.audit.leave(self.faults());
        let mut gone: Vec<_> = (0..self.n).filter(|n| gone.contains(&oracle(*n))).collect();
        gone.sort_unstable();
        gone
    }
}

proptest! {
    #[test]
    fn honest_receiver_is_never_left_whatever_the_faulty_say(
        n in 4usize..60, picks in vec(any::<prop::sample::Index>(), 0..20), lies in vec(any::<u32>(), 60),
        rounds in vec(0u32..30, 1..4), missed in 0u32..19,
    ) {
        let f = usize::try_from(apbft::faults(n as u32)).unwrap();
        let faulty: Vec<_> = picks.iter().take(f).map(|pick| pick.index(n)).collect();
        let mut epoch = Epoch::new(n, &faulty, &[]);
        for slots in rounds {
            epoch.beat(slots);
            let gone = epoch.ask_all(|asked| lies[asked], missed.min(epoch.sent));
            prop_assert!(gone.iter().all(|receiver| epoch.faulty[*receiver]), "{gone:?} of {faulty:?}");
        }
    }

    #[test]
    fn receivers_that_keep_beats_to_themselves_are_all_left(n in 10usize..60, before in 0u32..20) {
        let f = usize::try_from(apbft::faults(n as u32)).unwrap();
        // The other faulty ones cover for them.
        let faulty: Vec<_> = (0..f).collect();
        let mut epoch = Epoch::new(n, &faulty, &[]);
        epoch.beat(before);
        prop_assert_eq!(epoch.ask_all(|_| u32::MAX, 0), [0usize; 0], "too few beats to tell");
        epoch.beat(25 - before);
        prop_assert_eq!(epoch.ask_all(|_| u32::MAX, 0), [0, 1, 2]);
    }

    #[test]
    fn a_turn_comes_in_each_eighth_of_an_epoch(now in 1_000u64..1_000_000) {
        let first = Turn::next(&CLOCK, now, None).unwrap();
        prop_assert!(first.at >= now && first.at < now + 7_500);
        let mut last = first;
        for _ in 0..20 {
            let next = Turn::next(&CLOCK, last.at, Some(last)).unwrap();
            let following = if last.nth < 7 { (last.epoch, last.nth + 1) } else { (last.epoch.plus(1), 0) };
            prop_assert_eq!((next.epoch, next.nth), following);
            let start = CLOCK.epoch_start(next.epoch) + 7_500 * next.nth;
            prop_assert!((start..start + 7_500).contains(&next.at));
            last = next;
        }
    }
}

#[test]
fn nobody_is_left_while_one_receiver_passes_beats_on() {
    let mut epoch = Epoch::new(10, &[0, 1, 9], &[]);
    epoch.beat(60);
    assert_eq!(epoch.ask_all(|_| 0, 0), [0usize; 0]);
}

#[test]
fn honest_receiver_among_faulty_ones_is_kept_when_two_of_its_links_are_down() {
    // Seven oracles that are no receivers, of which one is faulty and says that nothing arrives: f is 3.
    for (cut, left) in [(2, vec![]), (3, vec![0, 1, 2])] {
        let cut: Vec<_> = (3..3 + cut).map(|asked| (2, asked)).collect();
        let mut epoch = Epoch::new(10, &[0, 1, 9], &cut);
        epoch.beat(60);
        assert_eq!(epoch.ask_all(|_| 0, 0), left, "{cut:?}");
    }
}

#[test]
fn receivers_that_begin_to_keep_beats_are_left_when_the_same_oracles_are_asked_again() {
    let mut epoch = Epoch::new(10, &[], &[]);
    epoch.beat(60);
    assert_eq!(epoch.ask_all(|_| 0, 0), [0usize; 0]);
    // From here on nothing arrives: each of the honest still counts sixty.
    epoch.beat(30);
    for asked in 3..10 {
        epoch.audit.answered(&oracle(asked), epoch.sent, epoch.sent, 60);
    }
    assert_eq!(epoch.audit.leave(3).len(), 3);
}

#[test]
fn what_the_asked_oracle_took_itself_is_expected_of_it_too() {
    let mut audit = Audit::new(EPOCH, PARAMS);
    (0..30).for_each(|slot| audit.took(&oracle(0), EPOCH, slot));
    (30..60).for_each(|slot| audit.took(&oracle(7), EPOCH, slot));
    assert!(audit.answered(&oracle(7), 64, 64, 30), "the thirty are its own");
    assert!(!audit.answered(&oracle(8), 64, 64, 30));
}

#[test]
fn audit_begins_anew_with_an_epoch_and_with_a_license() {
    let seats = |all: std::ops::Range<usize>| -> Vec<_> {
        let seat =
            |n| Seat { oracle: oracle(n), license: LicenseId(0), vote_key: VoteId::from_slice(&[0; 32]).unwrap() };
        all.map(seat).collect()
    };
    let mut audit = Audit::default();
    audit.roll(EPOCH, &PARAMS, LicenseId(5), &seats(0..10));
    (0..60).for_each(|slot| audit.took(&oracle(0), EPOCH, slot));
    (4..8).for_each(|asked| assert!(audit.answered(&oracle(asked), 64, 64, 0)));
    assert_eq!(audit.leave(3), [oracle(0)]);

    audit.roll(EPOCH, &PARAMS, LicenseId(5), &seats(0..20));
    assert_eq!((audit.left().len(), audit.delivered()), (1, 60), "the same epoch");
    assert!(audit.is_member(&oracle(9)) && !audit.is_member(&oracle(10)), "who came later cannot have counted all");

    audit.roll(EPOCH.plus(1), &PARAMS, LicenseId(5), &seats(0..20));
    assert_eq!((audit.left().len(), audit.delivered(), audit.is_member(&oracle(10))), (0, 0, true));
    audit.took(&oracle(0), EPOCH, 3);
    assert_eq!(audit.delivered(), 0, "a beat of the epoch before");

    audit.took(&oracle(0), EPOCH.plus(1), 3);
    audit.roll(EPOCH.plus(1), &PARAMS, LicenseId(6), &seats(0..20));
    assert_eq!(audit.delivered(), 0, "nobody counts for the new license what was sent for the old one");
}
