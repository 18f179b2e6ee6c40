use crate::{
    fakes::*,
    worker::{open, relayed, Running as Worker},
};
use codec::Encode;
use ratio1_heartbeat::{
    counts::{Bitmap, EpochCounts},
    refresh::{Known, Refresh},
    Bringer, Intake, Store,
};
use ratio1_primitives::{
    ballot::{Phase, Vote},
    heartbeat::{
        BeatRefusal,
        ServiceState::{Down, Running},
        SignedHeartbeat,
    },
    EpochIndex, LicenseId,
};
use std::sync::{atomic::Ordering, Arc};

const FROM: Source = Source([7; 32]);
const NOW: u32 = 40;

/// Oracle 1 and nodes 1, 8 and 9. Node 9 serves slots 0 and 1, as services 3 and 1030; node 8 slot 2, as service 4.
fn chain() -> Arc<FakeChain> {
    let chain = FakeChain::new(&[1, 8, 9], &[1]);
    chain.serve(&[term(3, 9, 0), term(1_030, 9, 1), term(4, 8, 2)]);
    chain
}

fn refresh(chain: &FakeChain, intake: &mut Intake) -> Refresh {
    let refresh = Refresh::read(chain, &FakeKeys(1), &intake.known()).unwrap();
    intake.apply_refresh(&refresh, at(1, 0));
    refresh
}

fn intake(chain: &FakeChain) -> Intake {
    let mut intake = Intake::new(GENESIS);
    refresh(chain, &mut intake);
    intake.open_epoch(EpochCounts::new(EpochIndex(1), PARAMS), at(1, 0));
    intake
}

/// Which of the services 3, 1030 and 4 count as running in a slot.
fn ran(counts: &EpochCounts, slot: u32) -> [bool; 3] {
    [3, 1_030, 4].map(|index| counts.service(index).is_some_and(|slots| slots.get(slot)))
}

#[test]
fn services_are_counted_when_the_chain_knows_them_of_that_license() {
    let mut intake = intake(&chain());
    // Slot 2 is another node's, slot 5 nobody's.
    let states = [(0, Running), (1, Running), (2, Running), (5, Running)];
    intake.accept_beat(FROM, &reporting(9, 1, NOW, &states).encode(), at(1, NOW)).unwrap();
    intake.accept_beat(FROM, &reporting(8, 1, NOW, &[(2, Down)]).encode(), at(1, NOW)).unwrap();
    intake.count_beat(&reporting(9, 1, NOW - 1, &[(0, Down), (1, Running)]), Bringer::Relay, at(1, NOW)).unwrap();
    intake
        .count_beat(&reporting(9, 1, NOW - 2, &[(0, Running), (1, Running), (0, Down)]), Bringer::Relay, at(1, NOW))
        .unwrap();
    assert_eq!(ran(intake.running(), NOW), [true, true, false]);
    assert_eq!(ran(intake.running(), NOW - 1), [false, true, false]);
    assert_eq!(ran(intake.running(), NOW - 2), [false, true, false], "listed twice");
    let forged =
        SignedHeartbeat { signature: signed(8, 1, NOW).signature, ..reporting(9, 1, NOW - 3, &[(0, Running)]) };
    assert_eq!(intake.count_beat(&forged, Bringer::Relay, at(1, NOW)), Err(BeatRefusal::Signature));
    assert_eq!(ran(intake.running(), NOW - 3), [false; 3]);
}

#[test]
fn no_service_counts_when_two_states_are_signed_for_one_slot() {
    let mut intake = intake(&chain());
    let now = at(1, NOW);
    let said = |state| reporting(9, 1, NOW, &[(0, Running), (1, state)]);
    intake.count_beat(&reporting(9, 1, NOW - 1, &[(0, Running), (1, Running)]), Bringer::Relay, now).unwrap();
    intake.accept_beat(FROM, &said(Running).encode(), now).unwrap();
    assert_eq!(intake.accept_beat(FROM, &said(Running).encode(), now), Err(BeatRefusal::Duplicate));
    assert_eq!(ran(intake.running(), NOW), [true, true, false]);
    // Only the node itself can contradict it.
    let forged = SignedHeartbeat { signature: signed(8, 1, NOW).signature, ..said(Down) };
    assert_eq!(intake.accept_beat(FROM, &forged.encode(), now), Err(BeatRefusal::Signature));
    assert_eq!(ran(intake.running(), NOW), [true, true, false]);

    assert_eq!(intake.accept_beat(FROM, &said(Down).encode(), now), Ok(said(Down)), "others must learn of it");
    assert_eq!(ran(intake.running(), NOW), [false; 3]);
    assert_eq!(ran(intake.running(), NOW - 1), [true, true, false], "one slot only");
    for again in [said(Running), said(Down), reporting(9, 1, NOW, &[])] {
        assert_eq!(intake.accept_beat(FROM, &again.encode(), now), Err(BeatRefusal::Duplicate));
    }
    assert_eq!(ran(intake.running(), NOW), [false; 3]);
    assert_eq!(intake.running().accepted(LicenseId(9)), 2, "its own availability is not affected");
}

#[test]
fn other_states_are_plain_duplicates_when_the_license_has_no_service() {
    let chain = chain();
    let mut intake = intake(&chain);
    let now = at(1, NOW);
    intake.count_beat(&reporting(1, 1, NOW, &[]), Bringer::Relay, now).unwrap();
    assert_eq!(
        intake.count_beat(&reporting(1, 1, NOW, &[(0, Running)]), Bringer::Relay, now),
        Err(BeatRefusal::Duplicate)
    );
    assert_eq!(ran(intake.running(), NOW), [false; 3]);
}

#[test]
fn contradiction_is_refused_when_it_quotes_no_recent_block() {
    let mut intake = intake(&chain());
    intake.count_beat(&reporting(9, 1, NOW, &[(0, Running)]), Bringer::Relay, at(1, NOW)).unwrap();
    let stale = sign(9, ratio1_primitives::heartbeat::Heartbeat { block_number: 79, ..beat(9, 1, NOW) });
    assert_eq!(intake.count_beat(&stale, Bringer::Relay, at(1, NOW)), Err(BeatRefusal::StaleBlock));
    assert_eq!(ran(intake.running(), NOW), [true, false, false]);
}

#[test]
fn sender_of_forged_contradictions_is_ignored_after_a_few() {
    let mut intake = intake(&chain());
    let now = at(1, NOW);
    intake.count_beat(&reporting(9, 1, NOW, &[(0, Running)]), Bringer::Relay, now).unwrap();
    let forged = SignedHeartbeat { signature: signed(8, 1, NOW).signature, ..reporting(9, 1, NOW, &[(0, Down)]) };
    let refusals: Vec<_> = (0..9).map(|_| intake.accept_beat(FROM, &forged.encode(), now).unwrap_err()).collect();
    assert!(refusals[..8].iter().all(|why| *why == BeatRefusal::Signature), "{refusals:?}");
    assert_eq!(refusals[8], BeatRefusal::RateLimited);
    assert_eq!(ran(intake.running(), NOW), [true, false, false]);
}

#[test]
fn pages_of_services_are_read_only_when_they_changed() {
    let chain = chain();
    let mut intake = intake(&chain);
    let reads = || std::mem::take(&mut chain.state.lock().service_reads);
    assert_eq!(reads(), [0, 1]);
    assert!(refresh(&chain, &mut intake).services.is_empty());
    assert!(reads().is_empty());
    // A new epoch changes nothing about services.
    chain.state.lock().clock.current = EpochIndex(2);
    refresh(&chain, &mut intake);
    assert!(reads().is_empty());
    chain.state.lock().services[1].license = LicenseId(8);
    chain.state.lock().service_revisions[1] += 1;
    refresh(&chain, &mut intake);
    assert_eq!(reads(), [1]);
    chain.state.lock().clock.current = EpochIndex(1);
    refresh(&chain, &mut intake);
    intake.count_beat(&reporting(9, 1, NOW, &[(0, Running), (1, Running)]), Bringer::Relay, at(1, NOW)).unwrap();
    assert_eq!(ran(intake.running(), NOW), [true, false, false]);
    assert_eq!(Known::default().services, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ballot_has_half_when_a_service_is_down_half_of_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(1, &[1, 8, 9], &[1]);
    world.chain = chain();
    world.sink = Arc::new(FakeSink(world.chain.clone(), Default::default()));
    world.clock.set(at(1, 0));
    let worker = Worker::start(&world, dir.path()).await;
    for slot in 0..112 {
        world.clock.set(at(1, slot));
        let half = if slot % 2 == 0 { Running } else { Down };
        let beat = reporting(9, 1, slot, &[(0, Running), (1, half), (2, Running)]);
        assert_eq!(worker.send(beat.encode()).await, Ok(()));
    }
    world.clock.set(at(2, 10));
    for (number, phase) in [(200, Phase::Commit), (210, Phase::Reveal), (211, Phase::Reveal)] {
        let before = world.sink.1.lock().len();
        world.chain.round(phase, 3, 10);
        world.chain.blocks.import_best(number);
        until("a vote", || world.sink.1.lock().len() > before).await;
    }
    let votes = world.sink.1.lock().clone();
    let Vote::Pages { first: 0, pages } = &votes[2].vote else { panic!("no pages") };
    assert_eq!(pages[0][..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 255]);
    assert_eq!((pages[1][3], pages[1][4], pages[2][6]), (255, 0, 127));
    assert_eq!(pages[1].iter().chain(pages[2].iter()).filter(|byte| **byte > 0).count(), 2);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn service_counts_survive_when_the_worker_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(1, &[1, 8, 9], &[1]);
    world.chain = chain();
    world.clock.set(at(1, 10));
    let worker = Worker::start(&world, dir.path()).await;
    let send = |slot, states: &[_]| worker.send(reporting(9, 1, slot, states).encode());
    assert_eq!(send(9, &[(0, Running), (1, Running)]).await, Ok(()));
    assert_eq!(send(10, &[(0, Running), (1, Running)]).await, Ok(()));
    assert_eq!(send(10, &[(0, Running), (1, Down)]).await, Ok(()), "a contradiction");
    worker.stop().await;

    world.clock.set(at(1, 11));
    let worker = Worker::start(&world, dir.path()).await;
    let send = |slot, states: &[_]| worker.send(reporting(9, 1, slot, states).encode());
    assert_eq!(send(11, &[(0, Running)]).await, Ok(()));
    assert_eq!(send(10, &[(0, Running), (1, Running)]).await, Err(BeatRefusal::Duplicate));
    assert_eq!(send(9, &[(0, Down)]).await, Err(BeatRefusal::Duplicate), "the report was forgotten, the count was not");
    worker.stop().await;
    let counts = Store::open(dir.path(), CHAIN).unwrap().load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!([9, 10, 11].map(|slot| ran(&counts, slot)), [[true, true, false], [false; 3], [true, false, false]]);
    assert_eq!(counts.service(3).map(Bitmap::count), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contradiction_is_passed_on_once_when_it_came_from_the_edge() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(1, &[1, 8, 9], &[1, 2]);
    world.chain = chain();
    world.chain.state.lock().oracles.push(seat(2));
    world.clock.set(at(1, 10));
    let worker = Worker::start(&world, dir.path()).await;
    // Another oracle was told that all is well; the node tells us something else, and then more.
    worker.handles.batches.try_send(relayed(&[reporting(9, 1, 10, &[(0, Running)])], 1, at(1, 10))).unwrap();
    until("the relayed one is counted", || world.metrics.accepted.load(Ordering::SeqCst) == 1).await;
    let other = reporting(9, 1, 10, &[(0, Down)]);
    assert_eq!(worker.send(other.encode()).await, Ok(()));
    assert_eq!(worker.send(other.encode()).await, Err(BeatRefusal::Duplicate));
    assert_eq!(worker.send(reporting(9, 1, 10, &[]).encode()).await, Err(BeatRefusal::Duplicate));
    let sent =
        || -> Vec<_> { world.net.batches.lock().iter().flat_map(|(_, bytes)| open(bytes).beats.to_vec()).collect() };
    until("it is passed on", || {
        world.clock.advance(1);
        !sent().is_empty()
    })
    .await;
    worker.stop().await;
    assert_eq!(sent(), [other]);
    let counts = Store::open(dir.path(), CHAIN).unwrap().load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!((ran(&counts, 10), counts.accepted(LicenseId(9))), ([false; 3], 1));
}
