//! Adds, pins and collections at the same time.

use super::{
    dags::{file, label, links, put_all, root_of},
    on, Bench,
};
use crate::store::{PinOrder, Store};
use rand::{rngs::StdRng, Rng, SeedableRng};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Each thread works on the same few files, so that puts mostly find what others are about to lose.
fn work(store: &Store, thread: u64, rounds: u64) {
    let mut random = StdRng::seed_from_u64(thread);
    let owner = label(&format!("thread {thread}"));
    for round in 0..rounds {
        let blocks = file(random.gen_range(0..12));
        let is_there = |when: &str| {
            for (cid, bytes) in &blocks {
                let got = store.get(cid).unwrap().unwrap_or_else(|| panic!("{thread}, {round}: lost {when}"));
                assert_eq!(got, bytes[..]);
            }
        };
        let lease = store.lease();
        put_all(&lease, &blocks);
        is_there("under a lease");
        if random.gen() {
            let order = PinOrder::new(owner.clone(), label("work"));
            lease.pin(&root_of(&blocks), order, &links).unwrap();
            drop(lease);
            is_there("under a pin");
            store.unpin(&root_of(&blocks), &owner, &label("work")).unwrap();
        }
    }
}

#[test]
fn nothing_that_an_operation_relies_on_is_collected_while_others_add_and_unpin() {
    let bench = Bench::new();
    let store = bench.open();
    let is_over = AtomicBool::new(false);
    let removed = std::thread::scope(|scope| {
        let collector = scope.spawn(|| {
            let mut removed = 0;
            while !is_over.load(Relaxed) {
                removed += store.collect(&links, &on).unwrap().removed;
            }
            removed
        });
        let store = &store;
        let workers: Vec<_> = (0..2).map(|thread| scope.spawn(move || work(store, thread, 3000))).collect();
        let done: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        is_over.store(true, Relaxed);
        done.into_iter().for_each(|worker| worker.unwrap());
        collector.join().unwrap()
    });
    assert!(removed > 100, "{removed}: collection had nothing to do");
    store.collect(&links, &on).unwrap();
    assert_eq!((store.status().blocks, store.status().disk, bench.block_files().len()), (0, 0, 0));
}
