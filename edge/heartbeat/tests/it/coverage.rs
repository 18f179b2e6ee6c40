use crate::fakes::*;
use ratio1_heartbeat::{channels, run_oracle, WorkerError};
use ratio1_primitives::{ClockParams, EpochIndex, EpochParams};
use sp_core::Pair;
use std::{path::Path, sync::Arc, time::Duration};
use tokio::{sync::oneshot, task::JoinHandle};

type Worker = JoinHandle<Result<(), WorkerError>>;

/// One of four oracles on the real clock, with intervals of 300 ms and no node that beats.
struct Oracle {
    world: World,
    dir: tempfile::TempDir,
    running: Option<(oneshot::Sender<()>, Worker)>,
}

impl Oracle {
    fn new(me: u8, net: &Arc<FakeNet>, genesis_moment: u64) -> Self {
        let mut world = World::new(me, &[0, 1, 2, 3], &[0, 1, 2, 3]);
        world.net = net.clone();
        let mut state = world.chain.state.lock();
        state.clock.clock = Some(ClockParams { genesis_moment, epoch_ms: 600_000 });
        state.clock.current = EpochIndex(0);
        state.clock.params = EpochParams { beat_ms: 300, slots: 2_000, ..PARAMS };
        drop(state);
        let mut oracle = Self { world, dir: tempfile::tempdir().unwrap(), running: None };
        oracle.start();
        oracle
    }

    fn start(&mut self) {
        let (handles, inputs) = channels();
        self.world.net.doors.lock().insert(seat(self.world.me).oracle, handles);
        let (stop, stopped) = oneshot::channel::<()>();
        let path: &Path = self.dir.path();
        let mut deps = self.world.oracle(path);
        deps.clock = Arc::new(SystemClock);
        let task = tokio::spawn(run_oracle(deps, inputs, async move { drop(stopped.await) }));
        self.running = Some((stop, task));
    }

    async fn stop(&mut self) {
        let (stop, task) = self.running.take().unwrap();
        stop.send(()).unwrap();
        task.await.unwrap().unwrap();
        self.world.net.doors.lock().remove(&seat(self.world.me).oracle);
    }

    fn coverage(&self) -> (u32, u32) {
        self.world.metrics.coverage.lock().unwrap_or_default()
    }
}

/// Over ten intervals, how many slots of each that runs were covered, and how many went by.
async fn gained(oracles: &[Oracle]) -> Vec<(u32, u32)> {
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    let before: Vec<_> = oracles.iter().map(Oracle::coverage).collect();
    tokio::time::sleep(Duration::from_millis(3_000)).await;
    let gain = |(oracle, (covered, passed)): (&Oracle, (u32, u32))| {
        let now = oracle.coverage();
        (now.0 - covered, now.1 - passed)
    };
    oracles.iter().zip(before).map(gain).collect()
}

fn all_covered(gained: &[(u32, u32)]) -> bool {
    gained.iter().all(|(covered, passed)| *passed >= 8 && covered + 1 >= *passed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_oracles_cover_each_other_with_one_dead_and_a_bad_link_and_after_it_is_back() {
    let net = Arc::new(FakeNet::default());
    let genesis_moment = SystemClock.now_ms() - 60_000;
    let mut oracles: Vec<_> = (0..4).map(|me| Oracle::new(me, &net, genesis_moment)).collect();
    let all = gained(&oracles).await;
    assert!(all_covered(&all), "{all:?}");
    let kept = oracles[3].coverage().0;
    oracles[3].stop().await;
    let three = gained(&oracles[..3]).await;
    assert!(all_covered(&three), "{three:?}");
    // As many faults and bad links as the protocol allows: one oracle dead, and one link of each that it cuts.
    for (from, to) in [(0, 1), (1, 0)] {
        net.cut.lock().insert((vote_pair(from).public().into_inner().0, seat(to).oracle));
    }
    let three = gained(&oracles[..3]).await;
    assert!(all_covered(&three), "{three:?}");
    net.cut.lock().clear();
    oracles[3].start();
    let all = gained(&oracles).await;
    assert!(all_covered(&all), "{all:?}");
    assert!(oracles[3].coverage().0 >= kept, "what was covered before the restart is remembered");
    // Who hears nobody is not covered, however many there are.
    for n in [3, 2, 1] {
        oracles[n].stop().await;
    }
    let one = gained(&oracles[..1]).await;
    assert!(one.iter().all(|(covered, passed)| *passed >= 8 && *covered == 0), "{one:?}");
}
