//! What 100 000 blocks below 10 000 roots cost. Figures are printed; nothing depends on a clock.
//!
//! `cargo test --release -p ratio1-r1fs scale -- --ignored --nocapture --test-threads=1`

use super::{
    dags::{label, leaf, links, node, order, put_all},
    on,
};
use crate::store::{DiskFiles, Files, Options, ScrubCursor, Store};
use ratio1_formats::block::Codec;
use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// Tells the child where the store is.
const STORE: &str = "RATIO1_TEST_R1FS_SCALE";
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

/// What an open store takes in memory.
#[test]
#[ignore = "a part of the next one"]
fn opened() {
    let Ok(path) = std::env::var(STORE) else { return };
    let before = resident();
    let store = timed("open, in a new process", || Store::open(Path::new(&path), OPTIONS).unwrap());
    println!("{} KiB of memory more", resident().saturating_sub(before));
    timed("collect", || store.collect(&links, &on).unwrap());
    println!("{} KiB of memory more", resident().saturating_sub(before));
}

#[test]
#[ignore = "takes minutes, and a disk"]
fn scale_of_many_blocks_and_roots() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), OPTIONS).unwrap();
    let roots = timed("10 000 times: put 10 blocks and pin them", || fill(&store));
    drop(store);
    // In a process of its own, whose memory nothing else has used.
    let opened = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::scale::opened", "--ignored", "--nocapture"])
        .env(STORE, folder.path())
        .status();
    assert!(opened.unwrap().success());
    let store = timed("open", || Store::open(folder.path(), OPTIONS).unwrap());
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
                lease.add(Codec::Raw, bytes.as_bytes()).unwrap();
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
    // Each in a folder that is gone before the next: fresh pages of the page cache cost more than used ones.
    let in_folder = |act: &dyn Fn(&Path)| act(tempfile::tempdir().unwrap().path());
    for _ in 0..3 {
        in_folder(&|folder| timed("512 MiB written and not synced", || by_one(folder, false)));
        in_folder(&|folder| timed("512 MiB, each file synced and its folder", || by_one(folder, true)));
        in_folder(&|folder| {
            let store = Store::open(folder, OPTIONS).unwrap();
            let lease = store.lease();
            let add = || (0..COUNT).map(|at| lease.add(Codec::Raw, &content(at)).unwrap()).collect::<Vec<_>>();
            let leaves = timed("512 MiB added", add);
            let root = node(&leaves);
            lease.put(&root.0, &root.1).unwrap();
            timed("and pinned", || lease.pin(&root.0, order(), &links).unwrap());
            timed("512 MiB read", || leaves.iter().for_each(|cid| drop(store.get(cid).unwrap().unwrap())));
        });
    }
}
