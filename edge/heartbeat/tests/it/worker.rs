use crate::fakes::*;
use codec::Encode;
use ratio1_heartbeat::{
    channels,
    ports::{InboundBatch, InboundBeat},
    relay::seal,
    run_oracle, Handles, Store, WorkerError,
};
use ratio1_primitives::{
    ballot::{Phase, Vote},
    heartbeat::{decode_bounded, BeatAck, BeatRefusal, RelayBatch, SignedHeartbeat, MAX_BATCH_BYTES},
    EpochIndex, LicenseId,
};
use sp_core::Pair;
use std::{path::Path, sync::atomic::Ordering, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

pub struct Running {
    pub handles: Handles,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    pub async fn start(world: &World, dir: &Path) -> Self {
        let (handles, inputs) = channels();
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(run_oracle(world.oracle(dir), inputs, async move { drop(stopped.await) }));
        let running = Self { handles, stop, task };
        for _ in 0..1_000 {
            if running.send(vec![]).await != Err(BeatRefusal::NotCounting) {
                return running;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the worker never began to count");
    }

    pub async fn send(&self, bytes: Vec<u8>) -> BeatAck {
        let (answer, answered) = oneshot::channel();
        let from = Source(sp_crypto_hashing::blake2_256(&bytes));
        self.handles.beats.send(InboundBeat { from, bytes, answer }).await.unwrap();
        answered.await.unwrap()
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        self.task.await.unwrap().unwrap();
    }
}

pub fn relayed(beats: &[SignedHeartbeat], to: u8, now: u64) -> InboundBatch {
    let (relay, to) = (vote_pair(2).public(), vote_pair(to).public());
    InboundBatch { from: Source([3; 32]), bytes: seal(&FakeKeys(2), GENESIS, &relay, &to, now, beats).unwrap() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_survive_when_the_worker_restarts() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 2, 8, 9], &[1, 2]);
    world.clock.set(at(1, 10));
    let worker = Running::start(&world, dir.path()).await;
    worker.handles.batches.try_send(relayed(&[], 1, at(1, 10))).unwrap();
    assert_eq!(worker.send(signed(9, 1, 9).encode()).await, Ok(()));
    assert_eq!(worker.send(signed(9, 1, 10).encode()).await, Ok(()));
    assert_eq!(worker.send(signed(9, 1, 10).encode()).await, Err(BeatRefusal::Duplicate));
    assert_eq!(worker.send(signed(77, 1, 10).encode()).await, Err(BeatRefusal::Unlicensed));
    worker.stop().await;

    world.clock.set(at(1, 12));
    let worker = Running::start(&world, dir.path()).await;
    worker.handles.batches.try_send(relayed(&[], 1, at(1, 12))).unwrap();
    assert_eq!(worker.send(signed(9, 1, 10).encode()).await, Err(BeatRefusal::Duplicate), "remembered");
    assert_eq!(worker.send(signed(9, 1, 12).encode()).await, Ok(()));
    worker.stop().await;
    let counts = Store::open(dir.path(), CHAIN).unwrap().load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!(counts.accepted(LicenseId(9)), 3);
    assert!(counts.coverage().get(10) && !counts.coverage().get(11) && counts.coverage().get(12));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beats_from_edges_are_relayed_and_relayed_ones_are_not() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 2, 8, 9], &[1, 2]);
    world.clock.set(at(1, 10));
    let worker = Running::start(&world, dir.path()).await;
    worker.handles.batches.try_send(relayed(&[signed(8, 1, 10)], 1, at(1, 10))).unwrap();
    worker.handles.batches.try_send(relayed(&[signed(8, 1, 9)], 2, at(1, 10))).unwrap();
    until("the batch for us is counted", || world.metrics.accepted.load(Ordering::SeqCst) == 1).await;
    assert_eq!(worker.send(signed(9, 1, 10).encode()).await, Ok(()));
    worker.handles.own.send(signed(1, 1, 10)).await.unwrap();
    until("both are relayed", || {
        world.clock.advance(1);
        let sent: usize = world.net.batches.lock().iter().map(|(_, bytes)| open(bytes).beats.len()).sum();
        sent == 2
    })
    .await;
    for (to, bytes) in world.net.batches.lock().iter() {
        assert_eq!(*to, seat(2).oracle);
        assert!(open(bytes).beats.iter().all(|beat| beat.beat.license != LicenseId(8)));
    }
    worker.stop().await;
    assert_eq!(world.metrics.batches.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beat_is_relayed_once_when_its_node_brings_it_after_a_relay_did() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 2, 8, 9], &[1, 2]);
    world.clock.set(at(1, 10));
    let worker = Running::start(&world, dir.path()).await;
    // Another receiver of node 8 relays its beat at once, perhaps to this oracle alone.
    worker.handles.batches.try_send(relayed(&[signed(8, 1, 10)], 1, at(1, 10))).unwrap();
    until("it is counted", || world.metrics.accepted.load(Ordering::SeqCst) == 1).await;
    assert_eq!(worker.send(signed(8, 1, 10).encode()).await, Ok(()));
    assert_eq!(worker.send(signed(8, 1, 10).encode()).await, Err(BeatRefusal::Duplicate));
    // By now a relay brings nothing new, and nobody else's signature will do.
    worker.handles.batches.try_send(relayed(&[signed(8, 1, 10)], 1, at(1, 10))).unwrap();
    worker.handles.batches.try_send(relayed(&[signed(9, 1, 10)], 1, at(1, 10))).unwrap();
    until("the other is counted", || world.metrics.accepted.load(Ordering::SeqCst) == 3).await;
    let forged = SignedHeartbeat { signature: signed(8, 1, 10).signature, ..signed(9, 1, 10) };
    assert_eq!(worker.send(forged.encode()).await, Err(BeatRefusal::Signature));
    assert_eq!(worker.send(signed(8, 1, 10).encode()).await, Err(BeatRefusal::Duplicate));
    until("it is relayed", || {
        world.clock.advance(1);
        world.net.batches.lock().iter().any(|(_, bytes)| !open(bytes).beats.is_empty())
    })
    .await;
    worker.stop().await;
    let relayed: Vec<_> = world.net.batches.lock().iter().flat_map(|(_, bytes)| open(bytes).beats).collect();
    assert_eq!(relayed, [signed(8, 1, 10)]);
    let counts = Store::open(dir.path(), CHAIN).unwrap().load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!((counts.accepted(LicenseId(8)), counts.accepted(LicenseId(9))), (1, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn empty_batches_are_sent_when_there_is_nothing_to_relay() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 9], &[1, 2, 3]);
    world.clock.set(at(1, 10));
    let worker = Running::start(&world, dir.path()).await;
    until("both others hear", || {
        world.clock.advance(1);
        let sent = world.net.batches.lock();
        [2, 3].iter().all(|n| sent.iter().any(|(to, bytes)| *to == seat(*n).oracle && open(bytes).beats.is_empty()))
    })
    .await;
    worker.stop().await;
}

pub fn open(bytes: &[u8]) -> RelayBatch {
    decode_bounded(bytes, MAX_BATCH_BYTES).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_licenses_are_read_only_when_they_changed() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 9], &[1, 2]);
    world.clock.set(at(1, 10));
    let worker = Running::start(&world, dir.path()).await;
    (101..110).for_each(|number| world.chain.blocks.finalise(number));
    world.chain.state.lock().admitted.push((LicenseId(8), node_id(8)));
    assert_eq!(worker.send(signed(8, 1, 10).encode()).await, Err(BeatRefusal::Unlicensed));
    assert_eq!(world.chain.state.lock().page_reads, 1);
    world.chain.state.lock().revision = 2;
    world.chain.blocks.finalise(110);
    until("the page is read again", || world.chain.state.lock().page_reads == 2).await;
    for _ in 0..100 {
        if worker.send(signed(8, 1, 10).encode()).await.is_ok() {
            return worker.stop().await;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the new node was never admitted");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ballot_is_cast_from_what_was_counted() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 9], &[1]);
    world.clock.set(at(1, 0));
    let worker = Running::start(&world, dir.path()).await;
    for slot in 0..56 {
        world.clock.set(at(1, slot));
        assert_eq!(worker.send(signed(9, 1, slot).encode()).await, Ok(()));
    }
    world.clock.set(at(2, 10));
    *world.prices.0.lock() = Some(7);
    world.chain.round(Phase::Commit, 3, 10);
    world.chain.blocks.import_best(200);
    until("committed", || world.sink.1.lock().len() == 1).await;
    world.chain.round(Phase::Reveal, 3, 10);
    world.chain.blocks.import_best(210);
    until("header", || world.sink.1.lock().len() == 2).await;
    world.chain.blocks.import_best(211);
    until("pages", || world.sink.1.lock().len() == 3).await;
    let votes = world.sink.1.lock().clone();
    let Vote::Header(header) = &votes[1].vote else { panic!("no header") };
    assert!((127..=138).contains(&header.coverage), "{}", header.coverage);
    assert_eq!(header.price, Some(7));
    let Vote::Pages { first: 0, pages } = &votes[2].vote else { panic!("no pages") };
    assert_eq!(pages[0][..], [0, 0, 0, 0, 0, 0, 0, 0, 0, 127]);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_that_is_no_oracle_counts_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(5, &[5, 9], &[1, 2]);
    world.clock.set(at(1, 10));
    let (handles, inputs) = channels();
    let task = tokio::spawn(run_oracle(world.oracle(dir.path()), inputs, futures::future::pending()));
    for _ in 0..20 {
        let (answer, answered) = oneshot::channel();
        let bytes = signed(9, 1, 10).encode();
        handles.beats.send(InboundBeat { from: Source([1; 32]), bytes, answer }).await.unwrap();
        assert_eq!(answered.await.unwrap(), Err(BeatRefusal::NotCounting));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    task.abort();
}
