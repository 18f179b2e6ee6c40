use crate::fakes::*;
use codec::Encode;
use ratio1_heartbeat::{
    counts::EpochCounts,
    refresh::{Known, Refresh},
    Bringer, Intake,
};
use ratio1_primitives::{
    heartbeat::{BeatRefusal, CountAnswer, CountQuery, Heartbeat, SignedHeartbeat, HEARTBEAT_VERSION, MAX_BEAT_BYTES},
    EpochIndex, EpochParams, Hash, LicenseId, NodeId,
};

const FROM: Source = Source([7; 32]);
const NOW: u32 = 40;

/// Nodes 1 and 2, blocks 50 to 100, epoch 1.
fn intake() -> Intake {
    let nodes = [1, 2].map(|n| (LicenseId(n.into()), node_id(n)));
    let blocks: Vec<_> = (50..=100).map(block).collect();
    Intake::preset(GENESIS, CLOCK, PARAMS, EpochIndex(1), &nodes, &blocks)
}

fn refused(why: BeatRefusal, bytes: Vec<u8>) {
    let mut intake = intake();
    assert_eq!(intake.accept_beat(FROM, &bytes, at(1, NOW)), Err(why));
    assert!(intake.running().is_empty(), "{why:?} left a trace");
}

fn changed(change: impl FnOnce(&mut Heartbeat)) -> Vec<u8> {
    let mut beat = beat(1, 1, NOW);
    change(&mut beat);
    sign(1, beat).encode()
}

#[test]
fn beat_is_counted_when_everything_is_right() {
    let mut intake = intake();
    for slot in NOW - 3..=NOW {
        assert!(intake.accept_beat(FROM, &signed(1, 1, slot).encode(), at(1, NOW)).is_ok());
    }
    assert_eq!(intake.running().accepted(LicenseId(1)), 4);
}

#[test]
fn beat_is_refused_when_replayed() {
    let mut intake = intake();
    let bytes = signed(1, 1, NOW).encode();
    intake.accept_beat(FROM, &bytes, at(1, NOW)).unwrap();
    assert_eq!(intake.accept_beat(FROM, &bytes, at(1, NOW)), Err(BeatRefusal::Duplicate));
    assert_eq!(intake.accept_beat(FROM, &bytes, at(1, NOW + 9)), Err(BeatRefusal::Late));
    assert_eq!(intake.accept_beat(FROM, &bytes, at(2, NOW)), Err(BeatRefusal::Epoch));
    assert_eq!(intake.running().accepted(LicenseId(1)), 1);
}

#[test]
fn beat_is_refused_when_late_future_or_of_another_epoch() {
    refused(BeatRefusal::Late, signed(1, 1, NOW - 4).encode());
    refused(BeatRefusal::Future, signed(1, 1, NOW + 1).encode());
    refused(BeatRefusal::Future, signed(1, 1, u32::MAX).encode());
    refused(BeatRefusal::Epoch, signed(1, 0, NOW).encode());
    refused(BeatRefusal::Epoch, signed(1, 2, NOW).encode());
}

#[test]
fn beat_is_refused_when_its_block_is_not_recent_and_final() {
    let quote = |block: BlockRef| {
        changed(|beat| {
            beat.block_number = block.number;
            beat.block_hash = block.hash;
        })
    };
    // Signed ahead: a block nobody knows yet.
    refused(BeatRefusal::UnknownBlock, quote(block(101)));
    refused(BeatRefusal::UnknownBlock, quote(BlockRef { number: 100, hash: Hash::zero() }));
    refused(BeatRefusal::StaleBlock, quote(block(79)));
    let mut intake = intake();
    assert!(intake.accept_beat(FROM, &quote(block(80)), at(1, NOW)).is_ok());
}

#[test]
fn beat_is_refused_when_unlicensed_forged_or_malformed() {
    refused(BeatRefusal::Unlicensed, signed(3, 1, NOW).encode());
    refused(BeatRefusal::Unlicensed, changed(|beat| beat.license = LicenseId(u32::MAX)));
    refused(BeatRefusal::Signature, changed(|beat| beat.license = LicenseId(2)));
    refused(BeatRefusal::Version, changed(|beat| beat.version = 2));
    refused(BeatRefusal::Malformed, vec![]);
    refused(BeatRefusal::Malformed, vec![1; MAX_BEAT_BYTES + 1]);
    refused(BeatRefusal::Malformed, [signed(1, 1, NOW).encode(), vec![0]].concat());
    let foreign = beat(1, 1, NOW);
    let signature = sp_core::Pair::sign(&node(1), &foreign.payload(Hash::zero()));
    refused(BeatRefusal::Signature, SignedHeartbeat { beat: foreign, signature }.encode());
}

#[test]
fn true_beat_is_counted_when_a_forged_one_came_first() {
    let mut intake = intake();
    let forged = SignedHeartbeat { signature: signed(2, 1, NOW).signature, ..signed(1, 1, NOW) };
    assert_eq!(intake.accept_beat(FROM, &forged.encode(), at(1, NOW)), Err(BeatRefusal::Signature));
    assert!(intake.accept_beat(FROM, &signed(1, 1, NOW).encode(), at(1, NOW)).is_ok());
}

#[test]
fn sender_is_limited_when_it_floods() {
    let mut intake = intake();
    let bytes = signed(3, 1, NOW).encode();
    let refusals: Vec<_> = (0..100).map(|_| intake.accept_beat(FROM, &bytes, at(1, NOW)).unwrap_err()).collect();
    assert!(refusals[..32].iter().all(|r| *r == BeatRefusal::Unlicensed));
    assert!(refusals[32..].iter().all(|r| *r == BeatRefusal::RateLimited));
    assert!(intake.accept_beat(Source([8; 32]), &signed(1, 1, NOW).encode(), at(1, NOW)).is_ok());
}

#[test]
fn random_bytes_neither_panic_nor_leave_a_trace() {
    use rand::{Rng, RngCore, SeedableRng};
    let mut rng = rand::rngs::StdRng::seed_from_u64(1);
    let mut intake = intake();
    for n in 0..200_000u32 {
        let mut bytes = vec![0; rng.gen_range(0..400)];
        rng.fill_bytes(&mut bytes);
        if let Some(version) = bytes.first_mut() {
            *version = 1;
        }
        let mut from = [0; 32];
        from[..4].copy_from_slice(&n.to_le_bytes());
        assert!(intake.accept_beat(Source(from), &bytes, at(1, NOW)).is_err());
    }
    assert!(intake.running().is_empty());
    assert!(intake.accept_beat(FROM, &signed(1, 1, NOW).encode(), at(1, NOW)).is_ok());
}

/// The intake of oracle 1, whose own node is 1.
fn oracle_intake(nodes: &[u8], oracles: &[u8]) -> Intake {
    let chain = FakeChain::new(nodes, oracles);
    let mut intake = Intake::new(GENESIS);
    intake.apply_refresh(&Refresh::read(&*chain, &FakeKeys(1), &Known::default()).unwrap(), at(1, 0));
    intake.open_epoch(EpochCounts::new(intake.due_epoch(at(1, NOW)).unwrap(), PARAMS), at(1, 0));
    assert_eq!(intake.running().epoch(), EpochIndex(1));
    intake
}

#[test]
fn beats_cover_nothing_unless_there_is_no_other_oracle() {
    let covered = |oracles: &[u8]| {
        let mut intake = oracle_intake(&[1, 2], oracles);
        intake.count_beat(&signed(1, 1, NOW), Bringer::Relay, at(1, NOW)).unwrap();
        intake.accept_beat(FROM, &signed(2, 1, NOW).encode(), at(1, NOW)).unwrap();
        intake.running().coverage().count()
    };
    assert_eq!(covered(&[1, 2]), 0);
    assert_eq!(covered(&[1]), 1, "the only oracle");
}

#[test]
fn slot_is_covered_when_as_many_others_are_heard_as_may_be_faulty() {
    let mut intake = oracle_intake(&[1, 2], &[1, 2, 3, 4, 5, 6, 7]);
    let heard = |intake: &mut Intake, n| intake.hear_relay(&sp_core::Pair::public(&vote_pair(n)), at(1, NOW));
    [1, 2, 2, 9].iter().for_each(|n| heard(&mut intake, *n));
    assert_eq!(intake.running().coverage().count(), 0, "itself, one other twice, and a stranger");
    heard(&mut intake, 4);
    assert!(intake.running().coverage().get(NOW));
}

#[test]
fn counts_of_an_epoch_begin_anew_when_its_slots_turn_out_different() {
    let mut intake = intake();
    intake.accept_beat(FROM, &signed(1, 1, NOW).encode(), at(1, NOW)).unwrap();
    intake.running_mut().set_params(EpochParams { threshold: 1, ..PARAMS });
    assert_eq!(intake.running().accepted(LicenseId(1)), 1);
    intake.running_mut().set_params(EpochParams { beat_ms: 1_000, slots: 60, ..PARAMS });
    assert!(intake.running().is_empty());
}

fn ask(intake: &mut Intake, change: impl FnOnce(&mut CountQuery)) -> CountAnswer {
    let mut query = CountQuery { version: HEARTBEAT_VERSION, license: LicenseId(1), epoch: EpochIndex(1) };
    change(&mut query);
    intake.answer_query(Source(sp_crypto_hashing::blake2_256(&query.encode())), &query.encode(), at(1, NOW))
}

#[test]
fn node_is_told_how_many_of_its_beats_are_counted() {
    let mut intake = intake();
    (NOW - 2..=NOW).for_each(|slot| intake.count_beat(&signed(1, 1, slot), Bringer::Relay, at(1, NOW)).unwrap());
    assert_eq!(ask(&mut intake, |_| {}), Ok(3));
    assert_eq!(ask(&mut intake, |query| query.license = LicenseId(2)), Ok(0));
    assert_eq!(ask(&mut intake, |query| query.license = LicenseId(3)), Err(BeatRefusal::Unlicensed));
    assert_eq!(ask(&mut intake, |query| query.epoch = EpochIndex(0)), Err(BeatRefusal::Epoch));
    assert_eq!(ask(&mut intake, |query| query.version = 9), Err(BeatRefusal::Version));
    assert_eq!(intake.answer_query(Source([9; 32]), &[1; 100], at(1, NOW)), Err(BeatRefusal::Malformed));
    assert_eq!(Intake::new(GENESIS).answer_query(FROM, &[], at(1, NOW)), Err(BeatRefusal::NotCounting));
}

#[test]
fn question_is_not_answered_when_a_peer_asks_too_often() {
    let mut intake = intake();
    let query = CountQuery { version: HEARTBEAT_VERSION, license: LicenseId(1), epoch: EpochIndex(1) }.encode();
    let answered = (0..100).filter(|_| intake.answer_query(FROM, &query, at(1, NOW)).is_ok()).count();
    assert_eq!(answered, 8);
    assert_eq!(intake.answer_query(FROM, &query, at(1, NOW)), Err(BeatRefusal::RateLimited));
    assert_eq!(intake.answer_query(FROM, &query, at(1, NOW + 1)), Ok(0), "one an interval");
    assert_eq!(intake.answer_query(Source([8; 32]), &query, at(1, NOW)), Ok(0));
}

/// License 2 goes over to node 12 when most of the epoch is gone.
#[test]
fn beats_of_the_node_before_do_not_count_when_a_license_is_linked_anew() {
    let chain = FakeChain::new(&[1, 2], &[1]);
    let mut intake = Intake::new(GENESIS);
    let refresh = |intake: &mut Intake, now| {
        let refresh = Refresh::read(&*chain, &FakeKeys(1), &intake.known()).unwrap();
        intake.apply_refresh(&refresh, now);
    };
    refresh(&mut intake, at(1, 0));
    intake.open_epoch(EpochCounts::new(EpochIndex(1), PARAMS), at(1, 0));
    for slot in 0..108 {
        [1, 2].iter().for_each(|n| intake.count_beat(&signed(*n, 1, slot), Bringer::Relay, at(1, slot)).unwrap());
    }
    // First nobody's for a while, then another node's.
    for linked in [None, Some(node_id(12))] {
        let mut state = chain.state.lock();
        state.admitted.truncate(1);
        state.admitted.extend(linked.map(|node| (LicenseId(2), node)));
        state.revision += 1;
        drop(state);
        refresh(&mut intake, at(1, 108));
    }
    assert_eq!((intake.running().accepted(LicenseId(1)), intake.running().accepted(LicenseId(2))), (108, 0));
    let mut of_new = beat(2, 1, 108);
    let new = sign(12, of_new.clone());
    intake.count_beat(&new, Bringer::Relay, at(1, 108)).unwrap();
    // What the old node signs is nobody's any more, but no forgery: who passes it on may not know yet.
    assert_eq!(intake.count_beat(&signed(2, 1, 107), Bringer::Relay, at(1, 108)), Err(BeatRefusal::Unlicensed));
    of_new.slot = 107;
    assert_eq!(intake.count_beat(&sign(13, of_new), Bringer::Relay, at(1, 108)), Err(BeatRefusal::Signature));
    assert_eq!(intake.running().accepted(LicenseId(2)), 1);
}

/// The license changed hands while the process was away.
#[test]
fn beats_of_the_node_before_do_not_count_after_a_restart() {
    let nodes = |of_two: NodeId| [(LicenseId(1), node_id(1)), (LicenseId(2), of_two)];
    let blocks: Vec<_> = (50..=100).map(block).collect();
    let start = |of_two| Intake::preset(GENESIS, CLOCK, PARAMS, EpochIndex(1), &nodes(of_two), &blocks);
    let mut before = start(node_id(2));
    (0..=NOW).for_each(|slot| {
        [1, 2].iter().for_each(|n| before.count_beat(&signed(*n, 1, slot), Bringer::Relay, at(1, slot)).unwrap());
    });
    let dir = tempfile::tempdir().unwrap();
    let store = ratio1_heartbeat::Store::open(dir.path(), CHAIN).unwrap();
    store.save(before.running_mut()).unwrap();
    for (of_two, counted) in [(node_id(2), NOW + 1), (node_id(12), 0)] {
        let mut after = start(of_two);
        after.open_epoch(store.load(EpochIndex(1)).unwrap().unwrap(), at(1, NOW));
        assert_eq!(after.running().accepted(LicenseId(1)), NOW + 1);
        assert_eq!(after.running().accepted(LicenseId(2)), counted);
    }
}
