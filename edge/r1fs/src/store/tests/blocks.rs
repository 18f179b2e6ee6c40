//! Blocks: what is taken, what is refused by name, and that damage is absence.

use super::{
    dags::{cid_of, leaf, node},
    Bench,
};
use crate::store::{Put, StoreError};
use cid::{multihash::Multihash, Cid};
use ratio1_formats::block::{BlockError, Codec, MAX_BLOCK, RAW};

#[test]
fn block_is_read_as_it_was_put_when_the_store_was_opened_again() {
    let bench = Bench::new();
    let (cid, bytes) = leaf("hello");
    let store = bench.open();
    assert_eq!(store.get(&cid).unwrap(), None);
    assert_eq!(store.lease().put(&cid, &bytes).unwrap(), Put::New);
    assert_eq!(store.lease().put(&cid, &bytes).unwrap(), Put::Known);
    drop(store);
    let store = bench.open();
    assert_eq!(store.get(&cid).unwrap().unwrap(), bytes);
    assert_eq!((store.has(&cid).unwrap(), store.len_of(&cid).unwrap()), (true, Some(5)));
    let status = store.status();
    assert_eq!((status.blocks, status.bytes, status.disk), (1, 5, 4096));
}

#[test]
fn block_is_the_same_by_all_its_names() {
    let store = Bench::new().open();
    let (cid, bytes) = node(&[leaf("a").0]);
    let old = Cid::new_v0(*cid.hash()).unwrap();
    store.lease().put(&old, &bytes).unwrap();
    for name in [old, cid, Cid::new_v1(RAW, *cid.hash())] {
        assert_eq!(store.get(&name).unwrap().unwrap(), bytes, "{name}");
    }
    assert_eq!(store.status().blocks, 1);
    assert_eq!(store.lease().add(Codec::DagPb, &bytes).unwrap(), cid);
}

#[test]
fn block_of_any_size_up_to_the_largest_is_stored() {
    let store = Bench::new().open();
    let lease = store.lease();
    for len in [0, 1, 4095, 4096, MAX_BLOCK] {
        let (cid, bytes) = leaf(vec![7; len]);
        assert_eq!(lease.put(&cid, &bytes).unwrap(), Put::New);
        assert_eq!(store.get(&cid).unwrap().unwrap().len(), len);
    }
    let (cid, bytes) = leaf(vec![7; MAX_BLOCK + 1]);
    assert!(matches!(lease.put(&cid, &bytes), Err(StoreError::Block { source: BlockError::TooLarge { .. }, .. })));
    assert!(matches!(
        lease.add(Codec::Raw, &bytes),
        Err(StoreError::Block { source: BlockError::TooLarge { .. }, .. })
    ));
}

#[test]
fn block_is_refused_by_name_when_it_is_not_of_ours() {
    let store = Bench::new().open();
    let lease = store.lease();
    let (good, bytes) = leaf("x");
    let digest = good.hash().digest();
    let of = |codec, code, digest: &[u8]| Cid::new_v1(codec, Multihash::wrap(code, digest).unwrap());
    assert!(matches!(
        lease.put(&of(0x71, 0x12, digest), &bytes),
        Err(StoreError::Block { source: BlockError::UnknownCodec { code: 0x71 }, .. })
    ));
    assert!(matches!(
        lease.put(&of(RAW, 0x1b, digest), &bytes),
        Err(StoreError::Block { source: BlockError::UnknownHash { code: 0x1b }, .. })
    ));
    assert!(matches!(store.get(&of(RAW, 0x00, b"x")), Err(StoreError::Block { source: BlockError::Identity, .. })));
    assert!(matches!(
        store.has(&of(RAW, 0x12, &digest[..20])),
        Err(StoreError::Block { source: BlockError::CutHash { size: 20 }, .. })
    ));
    assert!(matches!(
        lease.put(&cid_of(RAW, b"y"), &bytes),
        Err(StoreError::Block { source: BlockError::Mismatch { .. }, .. })
    ));
    assert_eq!(store.status().blocks, 0);
}

#[test]
fn block_is_absent_and_can_be_put_again_when_it_is_damaged() {
    type Damage = fn(&mut Vec<u8>);
    let damages: [Damage; 4] = [|b| b[3] ^= 1, |b| b.truncate(4), |b| b.push(0), |b| b.fill(0)];
    for damage in damages {
        for is_reopened in [false, true] {
            let bench = Bench::new();
            let (cid, bytes) = leaf("some content");
            let mut store = bench.open();
            store.lease().put(&cid, &bytes).unwrap();
            bench.memory.damage(&Bench::path_of(&cid), damage);
            if is_reopened {
                drop(store);
                store = bench.open();
                assert!(!store.has(&cid).unwrap());
            }
            assert_eq!(store.get(&cid).unwrap(), None);
            assert_eq!(store.status().damaged, [cid]);
            assert_eq!((store.status().blocks, store.status().disk), (0, 0));
            assert_eq!(bench.memory.below(&Bench::root().join("damaged")).len(), 1);
            assert_eq!(store.lease().put(&cid, &bytes).unwrap(), Put::New);
            assert_eq!(store.get(&cid).unwrap().unwrap(), bytes);
            assert!(store.status().damaged.is_empty());
        }
    }
}

#[test]
fn put_replaces_a_block_when_what_is_there_since_the_last_start_is_torn() {
    let bench = Bench::new();
    let (cid, bytes) = leaf("some content");
    bench.open().lease().put(&cid, &bytes).unwrap();
    bench.memory.damage(&Bench::path_of(&cid), |bytes| bytes.fill(0));
    let store = bench.open();
    assert_eq!(store.lease().put(&cid, &bytes).unwrap(), Put::New);
    assert_eq!(store.get(&cid).unwrap().unwrap(), bytes);
}

#[test]
fn block_is_absent_when_its_file_was_removed_by_hand() {
    let bench = Bench::new();
    let (cid, bytes) = leaf("x");
    let store = bench.open();
    store.lease().put(&cid, &bytes).unwrap();
    bench.memory.lose(&Bench::path_of(&cid));
    assert_eq!(store.get(&cid).unwrap(), None);
    assert_eq!(store.lease().put(&cid, &bytes).unwrap(), Put::New);
    assert_eq!(store.get(&cid).unwrap().unwrap(), bytes);
}

#[test]
fn damaged_files_are_kept_up_to_a_number() {
    let bench = Bench::new();
    let store = bench.open();
    let lease = store.lease();
    for number in 0..100 {
        let (cid, bytes) = leaf(format!("{number}"));
        lease.put(&cid, &bytes).unwrap();
        bench.memory.damage(&Bench::path_of(&cid), |bytes| bytes.push(0));
        assert_eq!(store.get(&cid).unwrap(), None);
    }
    assert_eq!(bench.memory.below(&Bench::root().join("damaged")).len(), 64);
    assert_eq!((store.status().damaged.len(), bench.block_files().len()), (100, 0));
}

#[test]
fn put_is_refused_when_the_limit_is_reached_and_works_when_there_is_room_again() {
    let mut bench = Bench::new();
    bench.options.max_bytes = 3 * 4096;
    let store = bench.open();
    let [a, b, c] = [leaf("a"), leaf(vec![1; 5000]), leaf("c")];
    {
        let lease = store.lease();
        lease.put(&a.0, &a.1).unwrap();
        lease.put(&b.0, &b.1).unwrap();
        assert!(matches!(lease.put(&c.0, &c.1), Err(StoreError::StoreFull { max: 12288 })));
        assert_eq!(lease.put(&a.0, &a.1).unwrap(), Put::Known);
        assert_eq!(store.status().disk, 12288);
        assert!(bench.temporary_files().is_empty());
    }
    store.collect(&super::dags::links, &super::on).unwrap();
    assert_eq!(store.lease().put(&c.0, &c.1).unwrap(), Put::New);
}

#[test]
fn operation_is_stopped_when_its_budget_is_spent() {
    let store = Bench::new().open();
    let [a, b, c] = [leaf("a"), leaf("b"), leaf("c")];
    store.lease().put(&a.0, &a.1).unwrap();
    let lease = store.lease_within(4096);
    // What was there costs nothing: it is charged when it is pinned.
    assert_eq!(lease.put(&a.0, &a.1).unwrap(), Put::Known);
    assert_eq!(lease.put(&b.0, &b.1).unwrap(), Put::New);
    assert!(matches!(lease.put(&c.0, &c.1), Err(StoreError::BudgetSpent { budget: 4096 })));
    assert!(!store.has(&c.0).unwrap());
}

#[test]
fn store_is_opened_by_one_at_a_time_and_only_if_it_is_one() {
    let bench = Bench::new();
    let store = bench.open();
    assert!(matches!(bench.try_open(), Err(StoreError::InUse { .. })));
    // A lease keeps it open too.
    let lease = store.lease();
    drop(store);
    assert!(matches!(bench.try_open(), Err(StoreError::InUse { .. })));
    drop(lease);
    bench.open();
    bench.memory.damage(&Bench::root().join("format"), |bytes| *bytes = b"ratio1 r1fs store 9\n".to_vec());
    assert!(matches!(bench.try_open(), Err(StoreError::Format { found, .. }) if found == "ratio1 r1fs store 9"));
}

#[test]
fn real_folder_is_locked_and_refused_when_it_holds_something_else() {
    let folder = tempfile::tempdir().unwrap();
    let options = super::Options { max_bytes: 1 << 20 };
    let store = super::Store::open(folder.path(), options).unwrap();
    assert!(matches!(super::Store::open(folder.path(), options), Err(StoreError::InUse { .. })));
    drop(store);
    super::Store::open(folder.path(), options).unwrap();
    let other = tempfile::tempdir().unwrap();
    std::fs::write(other.path().join("thesis.txt"), "years of work").unwrap();
    assert!(matches!(super::Store::open(other.path(), options), Err(StoreError::Format { .. })));
}
