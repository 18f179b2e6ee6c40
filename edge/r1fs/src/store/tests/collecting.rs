//! Collection: what goes, what stays, and when it refuses.

use super::{
    dags::{file, label, leaf, links, node, order, put_all, root_of},
    on, Bench,
};
use crate::store::{Store, StoreError};
use cid::Cid;
use ratio1_formats::block::RAW;
use std::cell::Cell;

fn collect(store: &Store) -> u64 {
    store.collect(&links, &on).unwrap().removed
}

#[test]
fn collection_removes_what_no_pin_reaches() {
    let bench = Bench::new();
    let store = bench.open();
    {
        let lease = store.lease();
        // These share a leaf.
        put_all(&lease, &file(1));
        put_all(&lease, &file(2));
        lease.pin(&root_of(&file(1)), order(), &links).unwrap();
        assert_eq!(collect(&store), 0, "a lease lives");
    }
    assert_eq!(collect(&store), 4);
    assert!(file(1).iter().all(|(cid, bytes)| store.get(cid).unwrap().unwrap() == bytes[..]));
    assert_eq!((bench.block_files().len(), store.status().blocks), (5, 5));
    store.unpin(&root_of(&file(1)), &label("operator"), &label("test")).unwrap();
    let collected = store.collect(&links, &on).unwrap();
    assert_eq!((collected.removed, collected.roots), (5, 0));
    assert_eq!((bench.block_files().len(), store.status().disk), (0, 0));
}

#[test]
fn collection_follows_the_links_of_a_node_that_was_met_as_a_leaf_before() {
    let store = Bench::new().open();
    let lease = store.lease();
    let blocks = file(1);
    put_all(&lease, &blocks);
    // The root's bytes by a raw link, met first, and as what they are.
    let as_leaf = Cid::new_v1(RAW, *root_of(&blocks).hash());
    for links_of in [[as_leaf, root_of(&blocks)], [root_of(&blocks), as_leaf]] {
        let top = node(&links_of);
        lease.put(&top.0, &top.1).unwrap();
        let pinned = lease.pin(&top.0, order(), &links).unwrap();
        assert_eq!(pinned.extent.blocks, 6);
    }
    drop(lease);
    assert_eq!(collect(&store), 0);
    assert_eq!(store.usage(&label("operator"), &links).unwrap().blocks, 7);
    // Pinned as a leaf it keeps nothing else.
    let store = Bench::new().open();
    put_all(&store.lease(), &blocks);
    store.lease().pin(&as_leaf, order(), &links).unwrap();
    assert_eq!(collect(&store), 4);
}

#[test]
fn lease_keeps_what_it_put_or_touched_and_nothing_older() {
    let store = Bench::new().open();
    let [put, known, got, had, other] = ["put", "known", "got", "had", "other"].map(leaf);
    put_all(&store.lease(), &[known.clone(), got.clone(), had.clone(), other]);
    // A collection that is stopped at once begins a generation too: now all these are older than the lease.
    assert!(store.collect(&links, &|| true).unwrap().is_stopped);
    let lease = store.lease();
    lease.put(&put.0, &put.1).unwrap();
    lease.put(&known.0, &known.1).unwrap();
    lease.get(&got.0).unwrap().unwrap();
    assert!(lease.has(&had.0).unwrap());
    assert_eq!([collect(&store), collect(&store), collect(&store)], [1, 0, 0], "the other one goes");
    for kept in [&put, &known, &got, &had] {
        assert!(store.has(&kept.0).unwrap());
    }
    drop(lease);
    assert_eq!(collect(&store), 4);
}

#[test]
fn lease_keeps_what_was_damaged_and_put_again_under_an_older_lease() {
    let bench = Bench::new();
    let store = bench.open();
    let block = leaf("x");
    let older = store.lease();
    store.collect(&links, &on).unwrap();
    let younger = store.lease();
    younger.put(&block.0, &block.1).unwrap();
    bench.memory.damage(&Bench::path_of(&block.0), |bytes| bytes.clear());
    assert_eq!(store.get(&block.0).unwrap(), None);
    older.put(&block.0, &block.1).unwrap();
    drop(older);
    assert_eq!(collect(&store), 0);
    assert!(younger.has(&block.0).unwrap());
}

#[test]
fn collection_refuses_when_a_node_below_a_pin_is_lost_and_goes_on_when_it_is_back() {
    let bench = Bench::new();
    let store = bench.open();
    let blocks = file(1);
    {
        let lease = store.lease();
        put_all(&lease, &blocks);
        put_all(&lease, &[leaf("garbage")]);
        lease.pin(&root_of(&blocks), order(), &links).unwrap();
    }
    bench.memory.damage(&Bench::path_of(&blocks[1].0), |bytes| bytes[1] ^= 1);
    let refused = store.collect(&links, &on);
    assert!(
        matches!(&refused, Err(StoreError::HeldUp { cid, root }) if **cid == blocks[1].0 && **root == blocks[0].0),
        "{refused:?}"
    );
    assert_eq!(store.status().lost[0].cid, blocks[1].0);
    assert_eq!(store.status().blocks, 5, "all but the lost one");
    store.lease().put(&blocks[1].0, &blocks[1].1).unwrap();
    assert!(store.status().lost.is_empty());
    assert_eq!(collect(&store), 1);
    // A leaf that is lost hides nothing.
    bench.memory.damage(&Bench::path_of(&blocks[2].0), |bytes| bytes[1] ^= 1);
    assert_eq!(store.get(&blocks[2].0).unwrap(), None);
    put_all(&store.lease(), &[leaf("garbage")]);
    assert_eq!(collect(&store), 1);
    assert_eq!(store.status().lost[0].cid, blocks[2].0);
    // Or the operator gives the pin up.
    bench.memory.damage(&Bench::path_of(&blocks[0].0), |bytes| bytes[1] ^= 1);
    assert!(store.collect(&links, &on).is_err());
    store.unpin(&blocks[0].0, &label("operator"), &label("test")).unwrap();
    assert_eq!(collect(&store), 3);
}

#[test]
fn collection_stops_when_it_is_told_to() {
    let store = Bench::new().open();
    let many: Vec<_> = (0..6000).map(|number| leaf(format!("{number}"))).collect();
    put_all(&store.lease(), &many);
    let asked = Cell::new(0);
    let stopped = store.collect(&links, &|| asked.replace(asked.get() + 1) == 100).unwrap();
    assert!(stopped.is_stopped && stopped.removed > 0 && stopped.removed < 6000, "{stopped:?}");
    assert_eq!(store.status().blocks, 6000 - stopped.removed);
    assert_eq!(collect(&store), 6000 - stopped.removed);
}
