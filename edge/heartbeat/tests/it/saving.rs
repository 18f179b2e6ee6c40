//! A disk that refuses, under a running worker.

use crate::{fakes::*, worker::Running as Worker};
use codec::Encode;
use ratio1_heartbeat::Store;
use ratio1_primitives::{EpochIndex, LicenseId};
use std::fs;

/// A file where the folder of epoch 1 should be: nothing can be written there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn counts_are_kept_in_memory_and_written_later_when_the_disk_refuses_over_the_end_of_an_epoch() {
    let dir = tempfile::tempdir().unwrap();
    let world = World::new(1, &[1, 9], &[1]);
    world.clock.set(at(1, 10));
    let worker = Worker::start(&world, dir.path()).await;
    let blocked = dir.path().join("counts/1");
    // A store that was opened has the parameters of the epoch: none yet, as nothing was counted.
    let _ = fs::remove_dir_all(&blocked);
    fs::write(&blocked, "full").unwrap();
    let trouble = || world.metrics.troubles.troubles().get(&Part::Store).cloned();
    for slot in 10..20 {
        world.clock.set(at(1, slot));
        assert_eq!(worker.send(signed(9, 1, slot).encode()).await, Ok(()));
    }
    until("the operator is told", || trouble().is_some()).await;
    assert!(trouble().unwrap().condition.contains("kept in memory"), "{:?}", trouble());
    // The worker lives, counts on, and the epoch ends before the disk is mended.
    world.clock.set(at(1, 20));
    assert_eq!(worker.send(signed(9, 1, 20).encode()).await, Ok(()));
    world.clock.set(at(2, 1));
    assert_eq!(worker.send(signed(9, 2, 1).encode()).await, Ok(()));
    fs::remove_file(&blocked).unwrap();
    until("all is well", || trouble().is_none()).await;
    worker.stop().await;
    let store = Store::open(dir.path(), CHAIN).unwrap();
    let accepted = |epoch| store.load(EpochIndex(epoch)).unwrap().unwrap().accepted(LicenseId(9));
    assert_eq!((accepted(1), accepted(2)), (11, 1));
}
