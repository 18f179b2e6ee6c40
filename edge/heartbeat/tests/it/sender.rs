use crate::fakes::*;
use ratio1_heartbeat::{rendezvous, run_sender, status::CheckOutcome};
use ratio1_primitives::{
    heartbeat::{decode_bounded, BeatRefusal, Service, ServiceState, SignedHeartbeat, MAX_BEAT_BYTES},
    AccountId, ClockParams, EpochIndex, EpochParams, JobId, LicenseId, NodeId, NodeSignature,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        atomic::{AtomicI64, Ordering},
        Arc,
    },
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
    world.chain.blocks.finalise(100);
    until("beats are sent", || !beats(&world).is_empty()).await;
    world.chain.state.lock().admitted.clear();
    world.chain.blocks.finalise(101);
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

/// A world at the beginning of an epoch of 40 s with 200 beats, of which an oracle may miss twelve and still vote.
fn epoch_begins(me: u8, oracles: &[u8]) -> World {
    let world = World::new(me, &[me], oracles);
    let mut state = world.chain.state.lock();
    let genesis_moment = SystemClock.now_ms() - 3 * 40_000;
    state.clock.clock = Some(ClockParams { genesis_moment, epoch_ms: 40_000 });
    state.clock.current = EpochIndex(3);
    state.clock.params = EpochParams { beat_ms: 200, slots: 200, expected: 192, threshold: 250, ..PARAMS };
    drop(state);
    world
}

/// Oracles in the order in which the node of the world tries them in epoch 3.
fn order(world: &World, oracles: &[u8]) -> Vec<AccountId> {
    let seats: Vec<_> = oracles.iter().map(|n| seat(*n)).collect();
    let license = LicenseId(world.me.into());
    rendezvous(EpochIndex(3), license, &seats).into_iter().map(|index| seats[index].oracle.clone()).collect()
}

const TEN: [u8; 10] = [10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receivers_are_left_when_their_beats_do_not_arrive_elsewhere() {
    let world = epoch_begins(9, &TEN);
    let order = order(&world, &TEN);
    world.net.hoarders.lock().extend(order[..3].iter().cloned());
    let task = tokio::spawn(run_sender(world.sender(Arc::new(SystemClock)), futures::future::pending()));
    let next: BTreeSet<_> = order[3..6].iter().cloned().collect();
    until("the next three get all beats", || beats(&world).values().filter(|to| **to == next).count() >= 5).await;
    task.abort();
    assert_eq!(world.metrics.left.load(Ordering::SeqCst), 3);
    assert!(world.net.asked.lock().iter().all(|asked| !order[..3].contains(asked)), "receivers are not asked");
    let sending = world.metrics.sending.lock().clone();
    assert_eq!((sending.epoch, sending.receivers.iter().cloned().collect()), (EpochIndex(3), next));
    assert_eq!(sending.left.iter().cloned().collect::<BTreeSet<_>>(), order[..3].iter().cloned().collect());
    assert!(sending.checks.iter().any(|check| check.counted == Ok(0) && check.delivered > 12), "{sending:?}");
    assert!(world.metrics.troubles.troubles().contains_key(&Part::Arrival));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn honest_receivers_are_kept_when_those_asked_lie_and_others_are_dead() {
    let world = epoch_begins(9, &TEN);
    let order = order(&world, &TEN);
    world.net.lies.lock().extend(order[3..6].iter().map(|liar| (liar.clone(), 0)));
    world.net.dead.lock().extend(order[6..].iter().cloned());
    let task = tokio::spawn(run_sender(world.sender(Arc::new(SystemClock)), futures::future::pending()));
    // As many as may be faulty say that nothing arrives, and nobody else says anything. A check may meet three dead ones
    // first and give up, so several are waited for.
    let count = |outcome| world.metrics.checks.lock().iter().filter(|check| **check == outcome).count();
    let deadline = SystemClock.now_ms() + 36_000;
    while count(CheckOutcome::Missing) < 3 || count(CheckOutcome::Unanswered) < 4 {
        assert!(SystemClock.now_ms() < deadline, "no lie was looked into");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    task.abort();
    assert_eq!(world.metrics.left.load(Ordering::SeqCst), 0);
    let three: BTreeSet<_> = order[..3].iter().cloned().collect();
    assert!(beats(&world).values().all(|to| to.is_subset(&three)));
}

/// The system's clock, set ahead or back.
struct Wrong(AtomicI64);

impl Wallclock for Wrong {
    fn now_ms(&self) -> u64 {
        SystemClock.now_ms().saturating_add_signed(self.0.load(Ordering::SeqCst))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn node_goes_on_and_tells_one_story_for_each_slot_when_its_clock_was_ahead() {
    let world = world(9, &[9], &[0]);
    let clock = Arc::new(Wrong(AtomicI64::new(2_000)));
    let state = |state| Service { job: JobId(7), slot: 0, state };
    *world.services.0.lock() = vec![state(ServiceState::Running)];
    let task = tokio::spawn(run_sender(world.sender(clock.clone()), futures::future::pending()));
    until("three beats ahead of time", || beats(&world).len() >= 3).await;
    let ahead = *beats(&world).keys().last().unwrap();
    clock.0.store(0, Ordering::SeqCst);
    *world.services.0.lock() = vec![state(ServiceState::Down)];
    until("beats of the time that is", || beats(&world).keys().filter(|slot| **slot < ahead - 3).count() >= 3).await;
    assert!(world.metrics.troubles.troubles().contains_key(&Part::Clock));
    assert_eq!(world.metrics.set_back.load(Ordering::SeqCst), 1);
    until("time has come to where the clock was", || beats(&world).keys().any(|slot| *slot > ahead + 2)).await;
    assert!(!world.metrics.troubles.troubles().contains_key(&Part::Clock));
    task.abort();

    let mut told = BTreeMap::<u32, BTreeSet<Vec<u8>>>::new();
    for (_, bytes) in world.net.beats.lock().iter() {
        let signed: SignedHeartbeat = decode_bounded(bytes, MAX_BEAT_BYTES).unwrap();
        told.entry(signed.beat.slot).or_default().insert(codec::Encode::encode(&signed.beat.services));
    }
    assert!(told.values().all(|stories| stories.len() == 1), "{told:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slot_in_which_the_sender_starts_is_left_to_the_run_before_it() {
    let world = world(9, &[9], &[0]);
    for _ in 0..3 {
        let task = tokio::spawn(run_sender(world.sender(Arc::new(SystemClock)), futures::future::pending()));
        let sent = world.net.beats.lock().len();
        until("a beat", || world.net.beats.lock().len() > sent).await;
        task.abort();
    }
    let mut slots: Vec<u32> = Vec::new();
    for (_, bytes) in world.net.beats.lock().iter() {
        slots.push(decode_bounded::<SignedHeartbeat>(bytes, MAX_BEAT_BYTES).unwrap().beat.slot);
    }
    let distinct: BTreeSet<_> = slots.iter().collect();
    assert_eq!(distinct.len(), slots.len(), "{slots:?}");
}

/// A keystore that knows its node and does not sign for it, as with a wrong password.
struct Locked;

impl NodeKeys for Locked {
    fn identity(&self) -> Result<NodeId, NoIdentity> {
        Ok(node_id(9))
    }
    fn sign_as_node(&self, _: &[u8]) -> Option<NodeSignature> {
        None
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beats_count_as_failed_when_the_keystore_does_not_sign() {
    let world = world(9, &[9], &[0, 1, 2]);
    let mut deps = world.sender(Arc::new(SystemClock));
    deps.keys = Arc::new(Locked);
    let task = tokio::spawn(run_sender(deps, futures::future::pending()));
    until("three beats failed", || world.metrics.sent.lock().len() >= 3).await;
    task.abort();
    assert!(world.metrics.sent.lock().iter().all(|ok| !ok));
    assert!(world.metrics.troubles.troubles().contains_key(&Part::Key));
    assert!(world.net.beats.lock().is_empty());
}
