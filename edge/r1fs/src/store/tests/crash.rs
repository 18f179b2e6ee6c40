//! Processes that add, pin, unpin and collect, and are killed by SIGKILL at random moments.

use super::{
    dags::{file, label, links, put_all, root_of},
    on,
};
use crate::store::{Options, PinOrder, Store};
use rand::{rngs::StdRng, Rng, SeedableRng};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::Duration,
};

/// Tells the child, which is this test program too, where its store is and what seeds its chances.
const STORE: &str = "RATIO1_TEST_R1FS_STORE";
const SEED: &str = "RATIO1_TEST_R1FS_SEED";
const THREADS: u64 = 2;
/// Files of each thread. Neighbours share blocks, also across threads.
const FILES: u32 = 6;
const OPTIONS: Options = Options { max_bytes: 1 << 30 };

fn say(text: &str) {
    // One write each, or lines of two threads could mix.
    let _ = std::io::stderr().write_all(format!("\n@{text}\n").as_bytes());
}

/// What a child does until it is killed. Run by hand it does nothing.
#[test]
fn child() {
    let Ok(path) = std::env::var(STORE) else { return };
    let seed: u64 = std::env::var(SEED).unwrap().parse().unwrap();
    let store = Store::open(Path::new(&path), OPTIONS).unwrap();
    say("open");
    std::thread::scope(|scope| {
        scope.spawn(|| loop {
            store.collect(&links, &on).unwrap();
        });
        for thread in 0..THREADS {
            let store = &store;
            scope.spawn(move || {
                let mut random = StdRng::seed_from_u64(seed * THREADS + thread);
                let owner = label(&format!("{thread}"));
                loop {
                    let number = random.gen_range(0..FILES);
                    let blocks = file(number);
                    let lease = store.lease();
                    put_all(&lease, &blocks);
                    if random.gen_ratio(2, 3) {
                        say(&format!("pinning {thread} {number}"));
                        lease.pin(&root_of(&blocks), PinOrder::new(owner.clone(), label("x")), &links).unwrap();
                        say(&format!("pinned {thread} {number}"));
                    } else if random.gen() {
                        say(&format!("unpinning {thread} {number}"));
                        if store.unpin(&root_of(&blocks), &owner, &label("x")).is_ok() {
                            say(&format!("unpinned {thread} {number}"));
                        }
                    }
                }
            });
        }
    });
}

/// The last word of the children about each pin.
type Said = BTreeMap<(String, u32), String>;

/// Run a child for a while, and note what it says until its last word.
fn run_and_kill(path: &Path, seed: u64, lifetime: Duration, said: &mut Said) {
    let mut child: Child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::crash::child", "--nocapture", "--test-threads=1"])
        .env(STORE, path)
        .env(SEED, seed.to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let (is_open, opened) = mpsc::channel();
    let reader = std::thread::spawn(move || {
        let mut words = Vec::new();
        for line in lines.map_while(Result::ok) {
            if let Some(word) = line.strip_prefix('@') {
                if word == "open" {
                    let _ = is_open.send(());
                } else {
                    words.push(word.to_string());
                }
            } else if line.contains("panicked") {
                words.push(format!("panic: {line}"));
            }
        }
        words
    });
    opened.recv_timeout(Duration::from_secs(30)).expect("the child opens its store");
    std::thread::sleep(lifetime);
    child.kill().unwrap();
    child.wait().unwrap();
    for word in reader.join().unwrap() {
        let parts: Vec<&str> = word.split(' ').collect();
        let [what, thread, number] = parts[..] else { panic!("the child says: {word}") };
        let last = said.entry((thread.into(), number.parse().unwrap())).or_default();
        // To pin what is pinned leaves it pinned.
        if !(what == "pinning" && last == "pinned") {
            *last = what.into();
        }
    }
}

/// What must hold after a crash. Collects at the end of some rounds only, so that the next child finds leftovers.
fn check(path: &Path, said: &mut Said, is_collecting: bool) {
    let store = Store::open(path, OPTIONS).unwrap();
    let pins: BTreeSet<(String, cid::Cid)> =
        store.pins().iter().map(|pin| (pin.owner.as_str().to_string(), pin.root)).collect();
    for ((thread, number), what) in said.iter() {
        let is_pinned = pins.contains(&(thread.clone(), root_of(&file(*number))));
        match what.as_str() {
            "pinned" => assert!(is_pinned, "an acknowledged pin is lost: {thread} {number}"),
            "unpinned" => assert!(!is_pinned, "a pin that ended is back: {thread} {number}"),
            // It was being pinned or unpinned.
            _ => {}
        }
    }
    let mut expected = BTreeSet::new();
    for number in 0..FILES {
        let blocks = file(number);
        let is_pinned = pins.iter().any(|(_, root)| *root == root_of(&blocks));
        for (cid, bytes) in blocks {
            let got = store.get(&cid).unwrap();
            assert!(got.as_ref().is_none_or(|got| *got == bytes[..]), "wrong bytes");
            if is_pinned {
                assert!(got.is_some(), "pinned file {number} has lost a block");
                expected.insert(hex::encode(cid.hash().digest()));
            }
        }
    }
    let status = store.status();
    assert!(status.damaged.is_empty() && status.damaged_records == 0, "{status:?}");
    assert_eq!(std::fs::read_dir(path.join("temporary")).unwrap().count(), 0);
    if is_collecting {
        store.collect(&links, &on).unwrap();
        let shards = std::fs::read_dir(path.join("blocks")).unwrap().map(|shard| shard.unwrap().path());
        let files = shards.flat_map(|shard| std::fs::read_dir(shard).unwrap());
        let found: BTreeSet<_> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(found, expected, "orphans, or blocks that are gone");
    }
    // What is pinned now was there after the crash, said or not.
    said.retain(|(thread, number), _| pins.contains(&(thread.clone(), root_of(&file(*number)))));
    said.values_mut().for_each(|what| *what = "pinned".into());
}

fn kill_often(times: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::new();
    let mut random = StdRng::seed_from_u64(times);
    let mut pinned = 0;
    for round in 0..times {
        let lifetime = Duration::from_micros(random.gen_range(0..40_000));
        run_and_kill(folder.path(), round, lifetime, &mut said);
        pinned += said.values().filter(|what| *what == "pinned").count();
        check(folder.path(), &mut said, round % 3 == 0);
    }
    assert!(pinned > 0, "no child came to pin anything");
    println!("{times} kills, {pinned} acknowledged pins looked for");
}

#[test]
fn no_acknowledged_pin_is_lost_when_the_process_is_killed() {
    kill_often(100);
}

/// Ten times as often: for `scripts/soak`.
#[test]
#[ignore = "takes minutes"]
fn soak_no_acknowledged_pin_is_lost_when_the_process_is_killed() {
    kill_often(1000);
}
