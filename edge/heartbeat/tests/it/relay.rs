use crate::fakes::*;
use codec::Encode;
use ratio1_heartbeat::{
    ports::Offence,
    relay::{seal, Refused, RelayGate, Sealer, JUDGE_MS, SET_GRACE_MS, STRANGER_MS},
};
use ratio1_primitives::{
    heartbeat::{decode_bounded, BeatRefusal, RelayBatch, MAX_BATCH, MAX_BATCH_BYTES},
    keys::pair::VotePair,
    Hash, LicenseId, NodeId,
};
use sp_core::Pair;

const FROM: Source = Source([7; 32]);
const NOW: u64 = 10_000_000;

fn gate() -> RelayGate {
    let mut gate = RelayGate::new(GENESIS);
    gate.set_oracles(&[seat(0), seat(1), seat(2)], &[vote_pair(0).public()], 4, 500, NOW);
    gate
}

fn sealed(genesis: Hash, relay: u8, to: u8, sent_at: u64) -> Vec<u8> {
    let (relay_key, to) = (vote_pair(relay).public(), vote_pair(to).public());
    seal(&FakeKeys(relay), genesis, &relay_key, &to, sent_at, &[signed(1, 1, 1)]).unwrap()
}

#[test]
fn batch_is_opened_when_an_oracle_signed_it_for_us_now() {
    assert_eq!(gate().open_batch(FROM, &sealed(GENESIS, 1, 0, NOW), NOW + 1_000).unwrap().beats.len(), 1);
}

#[test]
fn batch_is_refused_when_anything_about_it_is_wrong() {
    let refuse = |bytes: &[u8]| gate().open_batch(FROM, bytes, NOW).unwrap_err().why;
    assert_eq!(refuse(&sealed(GENESIS, 5, 0, NOW)), BeatRefusal::UnknownRelay, "no oracle");
    assert_eq!(refuse(&sealed(GENESIS, 1, 2, NOW)), BeatRefusal::UnknownRelay, "for somebody else");
    assert_eq!(refuse(&sealed(GENESIS, 1, 0, NOW - 30_001)), BeatRefusal::UnknownRelay, "old");
    assert_eq!(refuse(&sealed(GENESIS, 1, 0, NOW + 30_001)), BeatRefusal::UnknownRelay, "of the future");
    assert_eq!(refuse(&sealed(Hash::zero(), 1, 0, NOW)), BeatRefusal::UnknownRelay, "of another chain");
    let mut tampered = sealed(GENESIS, 1, 0, NOW);
    let beat = tampered.len() - 64 - 70;
    tampered[beat] ^= 1;
    assert!(gate().open_batch(FROM, &tampered, NOW).is_err(), "tampered with");
    assert_eq!(refuse(&[0; 100]), BeatRefusal::Malformed);
    assert_eq!(refuse(&vec![0; 1024 * 1024]), BeatRefusal::Malformed);
}

#[test]
fn sealed_batch_is_the_encoding_of_a_batch() {
    let bytes = sealed(GENESIS, 1, 0, NOW);
    let batch: RelayBatch = decode_bounded(&bytes, MAX_BATCH_BYTES).unwrap();
    let payload = RelayBatch::payload(GENESIS, &batch.relay, &batch.to, NOW, &batch.beats);
    assert!(VotePair::verify(&batch.signature, payload, &vote_pair(1).public()));
    assert_eq!((batch.to.clone(), batch.sent_at), (vote_pair(0).public(), NOW));
    assert_eq!((batch.beats.to_vec(), batch.encode()), (vec![signed(1, 1, 1)], bytes));
    let many = vec![signed(1, 1, 1); MAX_BATCH as usize + 1];
    assert!(Sealer::new(GENESIS, vote_pair(1).public(), NOW, &many).is_none());
}

#[test]
fn peer_is_struck_for_garbage_and_forgeries_and_not_for_what_is_unknown_here() {
    let mut forged = sealed(GENESIS, 1, 0, NOW);
    *forged.last_mut().unwrap() ^= 1;
    let struck = |bytes: &[u8]| {
        let mut gate = gate();
        (0..8).for_each(|_| assert!(gate.open_batch(FROM, bytes, NOW).is_err()));
        gate.open_batch(FROM, &sealed(GENESIS, 1, 0, NOW), NOW).is_err()
    };
    assert!(struck(&[0; 100]) && struck(&forged));
    assert!(!struck(&sealed(GENESIS, 5, 0, NOW)), "no oracle");
    assert!(!struck(&sealed(GENESIS, 1, 2, NOW)), "for somebody else");
    assert!(!struck(&sealed(GENESIS, 1, 0, NOW - 30_001)), "old");
}

#[test]
fn oracle_that_left_is_heard_for_a_grace_only() {
    let mut gate = gate();
    gate.set_oracles(&[seat(0), seat(2)], &[vote_pair(0).public()], 4, 500, NOW);
    assert!(gate.open_batch(FROM, &sealed(GENESIS, 1, 0, NOW), NOW).is_ok());
    let later = NOW + SET_GRACE_MS;
    assert_eq!(gate.open_batch(FROM, &sealed(GENESIS, 1, 0, later), later).unwrap_err().why, BeatRefusal::UnknownRelay);
}

/// Eight beats that the node of their license did not sign, judged half a minute later.
fn judged(steady: Option<u64>, node_then: NodeId) -> RelayGate {
    let mut gate = gate();
    (0..8).for_each(|_| gate.suspect_relay(&vote_pair(1).public(), LicenseId(7), node_id(7), NOW));
    gate.judge_suspicions(NOW + JUDGE_MS - 1, steady, |_| Some(node_then));
    assert!(gate.open_batch(FROM, &sealed(GENESIS, 1, 0, NOW), NOW + JUDGE_MS - 1).is_ok(), "not judged yet");
    gate.judge_suspicions(NOW + JUDGE_MS, steady, |_| Some(node_then));
    gate
}

fn opened(gate: &mut RelayGate, relay: u8) -> Result<(), BeatRefusal> {
    let now = NOW + JUDGE_MS;
    gate.open_batch(FROM, &sealed(GENESIS, relay, 0, now), now).map(drop).map_err(|refused| refused.why)
}

#[test]
fn relay_is_ignored_for_a_while_when_it_vouches_for_forgeries() {
    let mut gate = judged(Some(0), node_id(7));
    assert_eq!(opened(&mut gate, 1), Err(BeatRefusal::RateLimited));
    assert_eq!(opened(&mut gate, 2), Ok(()));
}

#[test]
fn relay_is_not_struck_when_it_only_knew_of_a_new_node_earlier() {
    assert_eq!(opened(&mut judged(Some(0), node_id(8)), 1), Ok(()));
}

#[test]
fn relay_is_not_struck_when_finality_stood_still_here() {
    for steady in [None, Some(NOW + 1)] {
        assert_eq!(opened(&mut judged(steady, node_id(7)), 1), Ok(()));
    }
}

#[test]
fn suspicions_are_bounded_for_each_relay() {
    let mut gate = gate();
    for n in 0..100_000u32 {
        gate.suspect_relay(&vote_pair(1).public(), LicenseId(n), node_id(7), NOW);
    }
    gate.suspect_relay(&vote_pair(2).public(), LicenseId(1), node_id(7), NOW);
    let judged = std::cell::Cell::new(0);
    gate.judge_suspicions(NOW + JUDGE_MS, Some(0), |_| {
        judged.set(judged.get() + 1);
        None
    });
    assert_eq!(judged.get(), 17);
}

#[test]
fn stranger_pays_when_it_goes_on_for_longer_than_it_takes_to_learn_of_an_oracle() {
    let (minute, stranger) = (STRANGER_MS, Source([9; 32]));
    for (relay, to) in [(5, 0), (1, 2)] {
        let mut gate = gate();
        let refused =
            |gate: &mut RelayGate, now| gate.open_batch(stranger, &sealed(GENESIS, relay, to, now), now).unwrap_err();
        let unknown = |offence| Refused { why: BeatRefusal::UnknownRelay, offence };
        assert_eq!(refused(&mut gate, NOW), unknown(None));
        assert_eq!(refused(&mut gate, NOW + minute - 1), unknown(None));
        for _ in 0..8 {
            assert_eq!(refused(&mut gate, NOW + minute), unknown(Some(Offence::Stranger)));
        }
        assert_eq!(refused(&mut gate, NOW + minute).why, BeatRefusal::RateLimited, "not even looked at");
    }
    // An oracle that this node learns of within that time has nothing to fear.
    let mut gate = gate();
    assert!(gate.open_batch(stranger, &sealed(GENESIS, 5, 0, NOW), NOW).is_err());
    gate.set_oracles(&[seat(0), seat(1), seat(5)], &[vote_pair(0).public()], 4, 500, NOW + 1_000);
    assert!(gate.open_batch(stranger, &sealed(GENESIS, 5, 0, NOW + minute), NOW + minute).is_ok());
}

#[test]
fn peer_with_a_wrong_clock_is_not_punished() {
    let refused = gate().open_batch(FROM, &sealed(GENESIS, 1, 0, NOW - 40_000), NOW).unwrap_err();
    assert_eq!(refused, Refused { why: BeatRefusal::UnknownRelay, offence: None });
}
