//! What 100 000 blocks below 10 000 roots cost. Figures are printed; nothing depends on a clock.
//!
//! `cargo test --release -p ratio1-r1fs scale -- --ignored --nocapture --test-threads=1`

use super::{
    dags::{label, leaf, links, node, order, put_all},
    on,
};
use crate::store::{DiskFiles, Files, Options, ScrubCursor, Store, RAW};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

const ROOTS: u32 = 10_000;
const LEAVES: u32 = 9;
const OPTIONS: Options = Options { max_bytes: 1 << 40 };

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn fill(store: &Store) -> Vec<cid::Cid> {
    let one = |root: u32| {
        let lease = store.lease();
        let leaves: Vec<_> = (0..LEAVES).map(|at| leaf(format!("{root} {at} ").repeat(100))).collect();
        put_all(&lease, &leaves);
        let root = node(&leaves.iter().map(|(cid, _)| *cid).collect::<Vec<_>>());
        lease.put(&root.0, &root.1).unwrap();
        lease.pin(&root.0, order(), &links).unwrap();
        root.0
    };
    (0..ROOTS).map(one).collect()
}

fn timed<T>(what: &str, act: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = act();
    println!("{what}: {:?}", begin.elapsed());
    done
}

#[test]
#[ignore = "takes minutes, and a disk"]
fn scale_of_many_blocks_and_roots() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), OPTIONS).unwrap();
    let roots = timed("10 000 times: put 10 blocks and pin them", || fill(&store));
    drop(store);
    let before = resident();
    let store = timed("open", || Store::open(folder.path(), OPTIONS).unwrap());
    println!("memory of an open store: {} KiB more", resident().saturating_sub(before));
    assert_eq!((store.status().blocks, store.pins().len()), (100_000, 10_000));
    println!("collect, nothing to remove: {:?}", timed("collect", || store.collect(&links, &on).unwrap()));
    timed("survey", || store.survey(&links).unwrap());
    timed("scrub", || store.scrub(&mut ScrubCursor::default(), u64::MAX).unwrap());
    timed("unpin half", || {
        let half = roots.iter().step_by(2);
        half.for_each(|root| store.unpin(root, &label("operator"), &label("test")).unwrap())
    });
    let (worst, puts) = put_while(&store, || {
        let collected = timed("collect, half", || store.collect(&links, &on).unwrap());
        assert_eq!(collected.removed, 50_000);
    });
    println!("{puts} puts meanwhile, the slowest in {worst:?}");
    let (worst, puts) = put_while(&store, || std::thread::sleep(Duration::from_secs(3)));
    println!("{puts} puts without, the slowest in {worst:?}");
}

/// Put small blocks under one lease for as long as something else takes; the slowest, and how many.
fn put_while(store: &Store, act: impl FnOnce()) -> (Duration, u32) {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let putting = scope.spawn(|| {
            let lease = store.lease();
            let (mut worst, mut puts) = (Duration::ZERO, 0);
            while !is_over.load(Relaxed) {
                let bytes = format!("put {puts} {:?}", std::thread::current().id());
                let begin = Instant::now();
                lease.add(RAW, bytes.as_bytes()).unwrap();
                worst = worst.max(begin.elapsed());
                puts += 1;
            }
            (worst, puts)
        });
        act();
        is_over.store(true, Relaxed);
        putting.join().unwrap()
    })
}

/// What it costs to sync blocks one by one, as they are put, and all of them when they are pinned.
#[test]
#[ignore = "takes a disk"]
fn scale_of_syncing() {
    const COUNT: u32 = 512;
    let content = |number: u32| {
        let mut bytes = vec![number as u8; 1 << 20];
        bytes[..4].copy_from_slice(&number.to_le_bytes());
        bytes
    };
    let by_one = |folder: &Path, is_synced: bool| {
        for number in 0..COUNT {
            let path = folder.join(number.to_string());
            DiskFiles.write(&path, &content(number)).unwrap();
            if is_synced {
                DiskFiles.sync_file(&path).unwrap();
                DiskFiles.sync_folder(folder).unwrap();
            }
        }
    };
    for _ in 0..2 {
        let folder = tempfile::tempdir().unwrap();
        timed("512 MiB written and not synced", || by_one(folder.path(), false));
        let folder = tempfile::tempdir().unwrap();
        timed("512 MiB, each file synced and its folder", || by_one(folder.path(), true));
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path(), OPTIONS).unwrap();
        let lease = store.lease();
        let begin = Instant::now();
        let leaves: Vec<_> =
            timed("512 MiB added", || (0..COUNT).map(|at| lease.add(RAW, &content(at)).unwrap()).collect());
        let root = node(&leaves);
        lease.put(&root.0, &root.1).unwrap();
        timed("and pinned", || lease.pin(&root.0, order(), &links).unwrap());
        println!("512 MiB added and pinned: {:?}", begin.elapsed());
        timed("512 MiB read", || leaves.iter().for_each(|cid| drop(store.get(cid).unwrap().unwrap())));
    }
}
