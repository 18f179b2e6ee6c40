use crate::fakes::*;
use ratio1_heartbeat::{
    ports::{SystemClock, Wallclock},
    run_sender,
};
use ratio1_primitives::{
    heartbeat::{decode_bounded, BeatRefusal, Service, ServiceState, SignedHeartbeat, MAX_BEAT_BYTES},
    AccountId, ClockParams, EpochIndex, EpochParams, JobId, LicenseId,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};
use tokio::sync::{mpsc, oneshot};

/// A world on the real clock, with beats of 200 ms.
fn world(me: u8, nodes: &[u8], oracles: &[u8]) -> World {
    let world = World::new(me, nodes, oracles);
    let mut state = world.chain.state.lock();
    let genesis_moment = SystemClock.now_ms() - 60_000;
    state.clock.clock = Some(ClockParams { genesis_moment, epoch_ms: 600_000 });
    state.clock.current = EpochIndex(0);
    state.clock.params = EpochParams { beat_ms: 200, slots: 3_000, ..PARAMS };
    drop(state);
    world
}

fn beats(world: &World) -> BTreeMap<u32, BTreeSet<AccountId>> {
    let mut slots = BTreeMap::<_, BTreeSet<_>>::new();
    for (to, bytes) in world.net.beats.lock().iter() {
        let signed: SignedHeartbeat = decode_bounded(bytes, MAX_BEAT_BYTES).unwrap();
        assert!(signed.is_signed_by(&node_id(world.me), GENESIS));
        assert_eq!((signed.beat.license, signed.beat.block_number), (LicenseId(world.me.into()), 98));
        assert_eq!(signed.beat.block_hash, hash(98));
        slots.entry(signed.beat.slot).or_default().insert(to.clone());
    }
    slots
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_beat_reaches_three_oracles_when_some_are_dead_or_refuse() {
    let world = world(9, &[9], &[0, 1, 2, 3, 4, 5]);
    world.net.dead.lock().insert(seat(0).oracle);
    world.net.silent.lock().insert(seat(1).oracle);
    world.net.refusals.lock().insert(seat(2).oracle, BeatRefusal::NotCounting);
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(run_sender(world.sender(Arc::new(SystemClock)), async move { drop(stopped.await) }));
    let good: BTreeSet<_> = [3, 4, 5].map(|n| seat(n).oracle).into();
    until("three oracles have five beats each", || beats(&world).values().filter(|to| **to == good).count() >= 5).await;
    stop.send(()).unwrap();
    task.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_until_the_chain_admits_the_node() {
    let world = world(9, &[], &[0]);
    let task = tokio::spawn(run_sender(world.sender(Arc::new(SystemClock)), futures::future::pending()));
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert!(world.net.beats.lock().is_empty());
    world.chain.state.lock().admitted.push((LicenseId(9), node_id(9)));
    world.chain.finalise(100);
    until("beats are sent", || !beats(&world).is_empty()).await;
    world.chain.state.lock().admitted.clear();
    world.chain.finalise(101);
    // What is on its way may still arrive.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let sent = world.net.beats.lock().len();
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(world.net.beats.lock().len(), sent);
    task.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn oracle_hands_its_own_beats_to_its_own_intake() {
    let world = world(1, &[1], &[1, 2]);
    let (own, mut handed) = mpsc::channel(16);
    let mut deps = world.sender(Arc::new(SystemClock));
    deps.own = Some(own);
    let task = tokio::spawn(run_sender(deps, futures::future::pending()));
    let beat = handed.recv().await.unwrap();
    assert!(beat.is_signed_by(&node_id(1), GENESIS));
    until("the other oracle has it too", || beats(&world).values().any(|to| *to == [seat(2).oracle].into())).await;
    assert!(world.metrics.sent.lock().iter().all(|ok| *ok));
    task.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beats_say_how_services_are_as_far_as_they_fit() {
    let world = world(9, &[9], &[0]);
    let state = |slot, state| Service { job: JobId(7), slot, state };
    let said = |world: &World| {
        let sent = world.net.beats.lock();
        let last: Option<SignedHeartbeat> = sent.last().and_then(|(_, bytes)| decode_bounded(bytes, MAX_BEAT_BYTES));
        last.map(|signed| signed.beat.services.to_vec())
    };
    let task = tokio::spawn(run_sender(world.sender(Arc::new(SystemClock)), futures::future::pending()));
    until("a beat without services", || said(&world) == Some(vec![])).await;
    let two = vec![state(0, ServiceState::Running), state(1, ServiceState::Down)];
    *world.services.0.lock() = two.clone();
    until("a beat with two", || said(&world).as_ref() == Some(&two)).await;
    let many: Vec<_> = (0..70).map(|slot| state(slot, ServiceState::Running)).collect();
    *world.services.0.lock() = many.clone();
    until("a beat with as many as fit", || said(&world).as_deref() == Some(&many[..64])).await;
    task.abort();
}
