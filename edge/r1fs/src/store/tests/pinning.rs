//! Pins: what they keep, what they are refused for, and who pays.

use super::{
    dags::{file, label, leaf, links, node, order, put_all, root_of, Block},
    on, Bench,
};
use crate::store::{Bounds, Label, PinOrder, Store, StoreError, MAX_LABEL};
use cid::Cid;
use ratio1_formats::block::{BlockError, Codec, RAW};
use std::{sync::atomic::Ordering::Relaxed, time::Duration};

fn pin(store: &Store, blocks: &[Block], order: PinOrder) -> Result<crate::store::Pin, StoreError> {
    let lease = store.lease();
    put_all(&lease, blocks);
    lease.pin(&root_of(blocks), order, &links)
}

fn with_quota(owner: &str, quota: u64) -> PinOrder {
    PinOrder { quota: Some(quota), ..PinOrder::new(label(owner), label("upload")) }
}

#[test]
fn pin_is_listed_and_kept_across_a_restart_and_gone_when_unpinned() {
    let bench = Bench::new();
    let store = bench.open();
    let blocks = file(1);
    let pinned = pin(&store, &blocks, order()).unwrap();
    assert_eq!(pinned.extent.blocks, 5);
    assert_eq!(pinned.extent.bytes, blocks.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>());
    assert_eq!((pinned.root, pinned.since, pinned.expires), (root_of(&blocks), 1_000_000, None));
    drop(store);
    let store = bench.open();
    assert_eq!(store.pins(), [pinned]);
    store.unpin(&root_of(&blocks), &label("operator"), &label("test")).unwrap();
    assert!(store.pins().is_empty());
    drop(store);
    let store = bench.open();
    assert!(store.pins().is_empty());
    let again = store.unpin(&root_of(&blocks), &label("operator"), &label("test"));
    assert!(matches!(again, Err(StoreError::NotPinned { .. })));
}

#[test]
fn pin_is_one_for_both_names_of_a_root_and_several_for_owners_and_reasons() {
    let store = Bench::new().open();
    let blocks = file(1);
    let root = root_of(&blocks);
    pin(&store, &blocks, order()).unwrap();
    let old = Cid::new_v0(*root.hash()).unwrap();
    assert_eq!(store.lease().pin(&old, order(), &links).unwrap().root, root);
    assert_eq!(store.pins().len(), 1);
    pin(&store, &blocks, PinOrder::new(label("job:5"), label("slot 2"))).unwrap();
    pin(&store, &blocks, PinOrder::new(label("job:5"), label("slot 3"))).unwrap();
    assert_eq!(store.pins().len(), 3);
    store.unpin(&old, &label("operator"), &label("test")).unwrap();
    assert_eq!(store.pins().len(), 2);
}

#[test]
fn pin_is_refused_when_a_block_is_missing_or_damaged() {
    for missing in 0..5 {
        for is_damaged in [false, true] {
            let bench = Bench::new();
            let blocks = file(1);
            let store = bench.open();
            let put: Vec<Block> = blocks
                .iter()
                .enumerate()
                .filter(|(at, _)| is_damaged || *at != missing)
                .map(|(_, b)| b.clone())
                .collect();
            put_all(&store.lease(), &put);
            drop(store);
            if is_damaged {
                bench.memory.damage(&Bench::path_of(&blocks[missing].0), |bytes| bytes[0] ^= 1);
            }
            let store = bench.open();
            let refused = store.lease().pin(&root_of(&blocks), order(), &links);
            let Err(StoreError::Missing { cid }) = refused else { panic!("{refused:?}") };
            assert_eq!(*cid, blocks[missing].0);
            assert!(store.pins().is_empty());
            pin(&store, &blocks, order()).unwrap();
        }
    }
}

#[test]
fn pin_is_refused_when_links_cannot_be_followed() {
    let store = Bench::new().open();
    let lease = store.lease();
    let garbage = lease.add(Codec::DagPb, b"no node").unwrap();
    assert!(matches!(lease.pin(&garbage, order(), &links), Err(StoreError::Unreadable { .. })));
    // As a leaf the same bytes are fine.
    lease.pin(&Cid::new_v1(RAW, *garbage.hash()), order(), &links).unwrap();
    let foreign = node(&[Cid::new_v1(0x71, *garbage.hash())]);
    lease.put(&foreign.0, &foreign.1).unwrap();
    assert!(matches!(
        lease.pin(&foreign.0, order(), &links),
        Err(StoreError::Block { source: BlockError::UnknownCodec { code: 0x71 }, .. })
    ));
}

#[test]
fn pin_is_refused_when_it_is_beyond_its_bounds() {
    let store = Bench::new().open();
    let blocks = file(1);
    let within = |blocks, bytes| PinOrder { bounds: Bounds { blocks, bytes }, ..order() };
    let bytes = blocks.iter().map(|(_, bytes)| bytes.len() as u64).sum::<u64>();
    assert!(matches!(pin(&store, &blocks, within(4, bytes)), Err(StoreError::TooManyBlocks { max: 4, .. })));
    assert!(matches!(pin(&store, &blocks, within(5, bytes - 1)), Err(StoreError::TooManyBytes { .. })));
    pin(&store, &blocks, within(5, bytes)).unwrap();
    let mut chain = vec![leaf("end")];
    for depth in 1..=65 {
        chain.insert(0, node(&[root_of(&chain)]));
        let pinned = pin(&store, &chain, order());
        assert_eq!(pinned.is_ok(), depth <= 64, "{depth}: {pinned:?}");
    }
}

#[test]
fn pin_counts_a_block_once_when_many_links_lead_to_it() {
    let store = Bench::new().open();
    // 2^30 paths.
    let mut blocks = vec![leaf("end")];
    for _ in 0..30 {
        let below = root_of(&blocks);
        blocks.insert(0, node(&[below, below]));
    }
    assert_eq!(pin(&store, &blocks, order()).unwrap().extent.blocks, 31);
    store.collect(&links, &on).unwrap();
    assert_eq!(store.status().blocks, 31);
}

#[test]
fn owner_is_charged_the_distinct_blocks_of_its_own_pins() {
    let store = Bench::new().open();
    let [shared, a, b, c] = [leaf("shared"), leaf("a"), leaf("b"), leaf("c")];
    let both = |other: &Block| vec![node(&[shared.0, other.0]), shared.clone(), other.clone()];
    // Five distinct blocks of two files: one is shared.
    pin(&store, &both(&a), with_quota("eve", 5 * 4096)).unwrap();
    pin(&store, &both(&b), with_quota("eve", 5 * 4096)).unwrap();
    assert_eq!(store.usage(&label("eve"), &links).unwrap().blocks, 5);
    let refused = pin(&store, &both(&c), with_quota("eve", 6 * 4096));
    assert!(matches!(refused, Err(StoreError::QuotaReached { quota: 24576, needed: 28672, .. })), "{refused:?}");
    // Another owner pays for itself, and what is pinned again costs nothing.
    pin(&store, &both(&c), with_quota("bob", 3 * 4096)).unwrap();
    pin(&store, &both(&b), with_quota("eve", 5 * 4096)).unwrap();
    assert_eq!(store.usage(&label("bob"), &links).unwrap().disk, 3 * 4096);
    // What is unpinned is free again.
    store.unpin(&both(&a)[0].0, &label("eve"), &label("upload")).unwrap();
    pin(&store, &both(&c), with_quota("eve", 5 * 4096)).unwrap();
}

#[test]
fn quota_holds_when_an_owner_pins_several_things_at_once() {
    let bench = Bench::new();
    // Between the look at the quota and the record of the pin.
    bench.memory.set_sync_takes(Duration::from_millis(2));
    let store = bench.open();
    let pinned: usize = std::thread::scope(|scope| {
        let one = |number: u32| {
            let store = &store;
            move || {
                (0..20)
                    .filter(|at| pin(store, &[leaf(format!("{number} {at}"))], with_quota("eve", 10 * 4096)).is_ok())
                    .count()
            }
        };
        let threads: Vec<_> = (0..4).map(|number| scope.spawn(one(number))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!((pinned, store.pins().len()), (10, 10));
}

#[test]
fn pin_ends_by_itself_and_another_owner_keeps_its_blocks() {
    let bench = Bench::new();
    let store = bench.open();
    let blocks = file(1);
    let until = |expires, owner| PinOrder { expires: Some(expires), ..PinOrder::new(label(owner), label("upload")) };
    assert!(matches!(pin(&store, &blocks, until(1_000_000, "eve")), Err(StoreError::Expired { .. })));
    pin(&store, &blocks, until(1_086_400, "eve")).unwrap();
    bench.clock.0.store(1_086_399, Relaxed);
    assert_eq!(store.collect(&links, &on).unwrap().expired, 0);
    // Ordered meanwhile.
    pin(&store, &blocks, PinOrder::new(label("job:5"), label("slot 2"))).unwrap();
    bench.clock.0.store(1_086_400, Relaxed);
    assert_eq!(store.usage(&label("eve"), &links).unwrap().blocks, 0);
    let collected = store.collect(&links, &on).unwrap();
    assert_eq!((collected.expired, collected.removed), (1, 0));
    drop(store);
    // It is over for good, also if the clock is set back.
    bench.clock.0.store(1_000_000, Relaxed);
    let store = bench.open();
    assert_eq!(store.pins().len(), 1);
    store.unpin(&root_of(&blocks), &label("job:5"), &label("slot 2")).unwrap();
    assert_eq!(store.collect(&links, &on).unwrap().removed, 5);
}

#[test]
fn label_is_short_and_can_be_shown() {
    for bad in ["", "two\nlines", "\u{1b}[2J", "x".repeat(MAX_LABEL + 1).as_str()] {
        assert!(matches!(Label::new(bad), Err(StoreError::BadLabel { .. })), "{bad:?}");
    }
    assert_eq!(label("entity:17").as_str(), "entity:17");
}

#[test]
fn log_is_written_anew_when_most_of_it_does_not_count() {
    let bench = Bench::new();
    let store = bench.open();
    let keep = leaf("keep");
    pin(&store, std::slice::from_ref(&keep), order()).unwrap();
    let blocks = [leaf("x")];
    for _ in 0..100 {
        pin(&store, &blocks, order()).unwrap();
        store.unpin(&root_of(&blocks), &label("operator"), &label("test")).unwrap();
    }
    drop(store);
    let log = Bench::root().join("pins");
    let mut len = 0;
    bench.memory.damage(&log, |bytes| len = bytes.len());
    assert!(len < 16 * 512, "{len}");
    assert_eq!(bench.open().pins()[0].root, keep.0);
}

#[test]
fn record_of_a_pin_that_is_damaged_costs_itself_and_nothing_is_collected_before_somebody_looked() {
    type Damage = fn(&mut Vec<u8>);
    // A bit, a sector of zeros in the middle, a whole record at the end.
    let damages: [(Damage, usize); 3] =
        [(|b| b[512 + 20] ^= 1, 1), (|b| b[512..1024].fill(0), 1), (|b| b[1024 + 100] ^= 1, 2)];
    for (damage, lost) in damages {
        let bench = Bench::new();
        let store = bench.open();
        let blocks: Vec<Block> = (0..3).map(|number| leaf(format!("{number}"))).collect();
        blocks.iter().for_each(|block| drop(pin(&store, std::slice::from_ref(block), order()).unwrap()));
        drop(store);
        bench.memory.damage(&Bench::root().join("pins"), damage);
        for _ in 0..2 {
            let store = bench.open();
            assert_eq!(store.pins().len(), 2);
            assert!(store.pins().iter().all(|pin| pin.root != blocks[lost].0));
            assert_eq!(store.status().damaged_records, 1);
            assert!(matches!(store.collect(&links, &on), Err(StoreError::DamagedRecords { count: 1, .. })));
            // Pinning goes on, and hides nothing.
            pin(&store, &[leaf("more")], order()).unwrap();
            store.unpin(&leaf("more").0, &label("operator"), &label("test")).unwrap();
        }
        let store = bench.open();
        pin(&store, std::slice::from_ref(&blocks[lost]), order()).unwrap();
        store.confirm_pins().unwrap();
        assert_eq!(store.collect(&links, &on).unwrap().removed, 1);
        drop(store);
        let store = bench.open();
        assert_eq!((store.pins().len(), store.status().damaged_records, store.status().blocks), (3, 0, 3));
    }
}

#[test]
fn log_that_is_gone_is_damage_and_not_an_empty_list() {
    let bench = Bench::new();
    pin(&bench.open(), &file(1), order()).unwrap();
    bench.memory.lose(&Bench::root().join("pins"));
    for _ in 0..2 {
        let store = bench.open();
        assert!(matches!(store.collect(&links, &on), Err(StoreError::DamagedRecords { .. })));
        assert_eq!(store.status().blocks, 5);
    }
}
