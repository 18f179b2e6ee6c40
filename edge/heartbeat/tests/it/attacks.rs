//! What peers and relays can do to a running worker, over its channels.

use crate::{
    fakes::*,
    worker::{relayed, Running as Worker},
};
use codec::Encode;
use ratio1_heartbeat::{
    ports::{InboundBatch, InboundCount, Offence},
    relay::{seal, JUDGE_MS, STRANGER_MS},
};
use ratio1_primitives::{
    heartbeat::{BeatRefusal, CountAnswer, CountQuery, SignedHeartbeat, HEARTBEAT_VERSION},
    EpochIndex, LicenseId,
};
use sp_core::Pair;
use std::{sync::atomic::Ordering, time::Duration};
use tokio::sync::oneshot;

/// Deeds of one owner.
const DEEDS: [u8; 8] = [11, 12, 13, 14, 15, 16, 17, 18];

fn world() -> World {
    let nodes: Vec<u8> = [1, 2, 9].into_iter().chain(DEEDS).collect();
    let world = World::new(1, &nodes, &[1, 2]);
    world.clock.set(at(1, 10));
    world
}

fn dropped(world: &World, why: BeatRefusal) -> u64 {
    world.metrics.dropped.lock().get(&why).copied().unwrap_or_default()
}

/// All deeds get other nodes in one block.
async fn relink(world: &World, number: u32) {
    let reads = give_other_nodes(&mut world.chain.state.lock());
    world.chain.blocks.finalise(number);
    until("the page is read again", || world.chain.state.lock().page_reads > reads).await;
}

/// How often pages were read before.
fn give_other_nodes(state: &mut State) -> usize {
    for (license, node) in &mut state.admitted {
        if let Some(deed) = DEEDS.iter().find(|deed| LicenseId((**deed).into()) == *license) {
            *node = node_id(deed + 100);
        }
    }
    state.revision += 1;
    state.page_reads
}

/// Beats of all deeds, signed by their old nodes or by their new ones.
fn beats(new: bool, slot: u32) -> Vec<SignedHeartbeat> {
    let signer = |deed| if new { deed + 100 } else { deed };
    DEEDS.iter().map(|deed| sign(signer(*deed), beat(*deed, 1, slot))).collect()
}

/// Half a minute later, in which finality moves on, is relay 2 still heard?
async fn is_still_heard(world: &World, worker: &Worker) -> bool {
    let before = world.metrics.batches.load(Ordering::SeqCst);
    let began = world.clock.now_ms();
    for step in 1..=6u32 {
        world.clock.set(began + u64::from(step) * JUDGE_MS / 6);
        let number = world.chain.finalised().number + 1;
        world.chain.blocks.finalise(number);
        // The worker learns of the block and, when it ticks, judges: neither is seen from outside.
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let limited = dropped_batches(world);
    worker.handles.batches.try_send(relayed(&[], 1, began + JUDGE_MS)).unwrap();
    until("it is taken or not", || {
        world.metrics.batches.load(Ordering::SeqCst) > before || dropped_batches(world) > limited
    })
    .await;
    world.metrics.batches.load(Ordering::SeqCst) > before
}

fn dropped_batches(world: &World) -> usize {
    world.metrics.batches_dropped.lock().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_relay_is_heard_when_an_owner_relinks_eight_deeds_and_the_old_nodes_go_on() {
    let (dir, world) = (tempfile::tempdir().unwrap(), world());
    let worker = Worker::start(&world, dir.path()).await;
    relink(&world, 101).await;
    // The relay is a block behind: for it these are still the nodes.
    worker.handles.batches.try_send(relayed(&beats(false, 10), 1, at(1, 10))).unwrap();
    until("all are dropped", || dropped(&world, BeatRefusal::Unlicensed) == 8).await;
    assert_eq!(dropped(&world, BeatRefusal::Signature), 0);
    assert!(is_still_heard(&world, &worker).await);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_relay_is_heard_when_it_learned_of_new_nodes_before_this_oracle() {
    let (dir, world) = (tempfile::tempdir().unwrap(), world());
    let worker = Worker::start(&world, dir.path()).await;
    worker.handles.batches.try_send(relayed(&beats(true, 10), 1, at(1, 10))).unwrap();
    until("all are dropped", || dropped(&world, BeatRefusal::Signature) == 8).await;
    relink(&world, 101).await;
    assert!(is_still_heard(&world, &worker).await);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn relay_is_ignored_when_it_forges_beats() {
    let (dir, world) = (tempfile::tempdir().unwrap(), world());
    let worker = Worker::start(&world, dir.path()).await;
    worker.handles.batches.try_send(relayed(&beats(true, 10), 1, at(1, 10))).unwrap();
    until("all are dropped", || dropped(&world, BeatRefusal::Signature) == 8).await;
    // The licenses keep their nodes.
    assert!(!is_still_heard(&world, &worker).await);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_flood_takes_nothing_from_oracles_and_beats_and_costs_the_strangers() {
    let (dir, world) = (tempfile::tempdir().unwrap(), world());
    let worker = Worker::start(&world, dir.path()).await;
    worker.handles.batches.try_send(relayed(&[], 1, at(1, 10))).unwrap();
    until("the oracle is known", || world.metrics.batches.load(Ordering::SeqCst) == 1).await;
    // Signed once: while thousands are signed, a slow machine lets more of them in.
    let strange = |now| {
        let (relay, to) = (vote_pair(200).public(), vote_pair(1).public());
        seal(&FakeKeys(200), GENESIS, &relay, &to, now, &beats(false, 10)).unwrap()
    };
    let flood = |now| {
        let bytes = strange(now);
        let batch = |n| InboundBatch { from: Source([n; 32]), bytes: bytes.clone() };
        let batches = (0..30).flat_map(|_| 100..250u8);
        batches.filter(|n| worker.handles.batches.try_send(batch(*n)).is_err()).count()
    };
    assert!(flood(at(1, 10)) > 2_000, "most of it does not get in");
    // In the midst of it.
    assert_eq!(worker.send(signed(9, 1, 10).encode()).await, Ok(()));
    worker.handles.batches.try_send(relayed(&[signed(2, 1, 10)], 1, at(1, 10))).unwrap();
    until("the oracle's batch is counted", || world.metrics.accepted.load(Ordering::SeqCst) == 2).await;
    assert!(world.peers.0.lock().is_empty(), "one of them might be an oracle that is not known here yet");

    let later = at(1, 10) + STRANGER_MS;
    world.clock.set(later);
    until("those that go on pay for it", || {
        flood(later);
        !world.peers.0.lock().is_empty()
    })
    .await;
    assert!(world.peers.0.lock().iter().all(|(from, why)| from.0[0] >= 100 && *why == Offence::Stranger));
    // And garbage at once.
    let garbage = InboundBatch { from: Source([77; 32]), bytes: vec![0xff; 100] };
    until("there is room", || {
        worker.handles.batches.try_send(InboundBatch { from: garbage.from, bytes: garbage.bytes.clone() }).is_ok()
    })
    .await;
    until("it pays", || world.peers.0.lock().contains(&(Source([77; 32]), Offence::Malformed))).await;
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_learns_over_the_workers_channel_what_is_counted() {
    let (dir, world) = (tempfile::tempdir().unwrap(), world());
    let worker = Worker::start(&world, dir.path()).await;
    worker.send(signed(9, 1, 10).encode()).await.unwrap();
    let (answer, answered) = oneshot::channel::<CountAnswer>();
    let bytes = CountQuery { version: HEARTBEAT_VERSION, license: LicenseId(9), epoch: EpochIndex(1) }.encode();
    worker.handles.counts.send(InboundCount { from: Source([5; 32]), bytes, answer }).await.unwrap();
    assert_eq!(answered.await.unwrap(), Ok(1));
    worker.stop().await;
}
