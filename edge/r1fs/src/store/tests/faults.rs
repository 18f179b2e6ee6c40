//! Every operation of the file system fails once, for want of room or otherwise; and a disk that stays full.

use super::{
    dags::{file, label, leaf, links, order, put_all, root_of},
    memory::Fault,
    on,
    story::{goes_on, story, Acknowledged},
    Bench,
};
use crate::store::StoreError;

/// Tell the story with a fault; what failed is tried again once it is mended.
fn tell_with(fault: fn(u64) -> Fault, is_expected: fn(&StoreError) -> bool) -> u64 {
    let mut failures = 0;
    for at in 1.. {
        let bench = Bench::new();
        let store = bench.open();
        let mut acknowledged = Acknowledged::default();
        bench.memory.set_fault(fault(at));
        for step in story() {
            if let Err(error) = acknowledged.take(&store, step) {
                assert!(is_expected(&error), "operation {at}, {step:?}: {error:?}");
                failures += 1;
                acknowledged
                    .take(&store, step)
                    .unwrap_or_else(|error| panic!("again, after {at}, {step:?}: {error:?}"));
            }
        }
        let is_over = bench.memory.operations() < at;
        bench.memory.mend();
        let what = format!("fault {:?}", fault(at));
        acknowledged.check(&bench, &store, &what);
        let before = store.status();
        drop(store);
        // What was counted is what is there.
        let store = bench.open();
        let after = store.status();
        assert_eq!((before.blocks, before.bytes, before.disk), (after.blocks, after.bytes, after.disk), "{what}");
        acknowledged.check(&bench, &store, &what);
        goes_on(&store);
        drop(store);
        // What was tried again with success is on the disk, also where the kernel believed that it was before.
        bench.memory.restart(at);
        acknowledged.check(&bench, &bench.open(), &format!("power cut after {what}"));
        if is_over {
            return failures;
        }
    }
    failures
}

#[test]
fn nothing_is_half_done_when_any_operation_finds_no_room() {
    let failures = tell_with(Fault::NoRoom, |error| matches!(error, StoreError::DiskFull { .. }));
    assert!(failures > 50, "{failures}");
}

#[test]
fn nothing_is_half_done_when_any_operation_fails() {
    let failures = tell_with(Fault::Broken, |error| matches!(error, StoreError::Io { .. }));
    assert!(failures > 100, "{failures}");
}

#[test]
fn nothing_acknowledged_is_lost_when_the_disk_is_full_from_any_operation_on() {
    let mut failures = 0;
    for at in 1.. {
        let bench = Bench::new();
        let store = bench.open();
        let mut acknowledged = Acknowledged::default();
        bench.memory.set_fault(Fault::NoRoomFrom(at));
        let mut failed = 0;
        for step in story() {
            if let Err(error) = acknowledged.take(&store, step) {
                assert!(matches!(error, StoreError::DiskFull { .. }), "from {at} on, {step:?}: {error:?}");
                failed += 1;
            }
        }
        bench.memory.mend();
        acknowledged.check(&bench, &store, &format!("no room from {at} on"));
        goes_on(&store);
        failures += failed;
        if failed == 0 {
            break;
        }
    }
    assert!(failures > 100, "{failures}");
}

#[test]
fn full_disk_is_read_unpinned_and_collected_and_written_again() {
    let bench = Bench::new();
    let store = bench.open();
    for number in [1, 2] {
        let lease = store.lease();
        put_all(&lease, &file(number));
        lease.pin(&root_of(&file(number)), order(), &links).unwrap();
    }
    put_all(&store.lease(), &file(3));
    bench.memory.set_capacity(Some(bench.memory.used()));
    {
        let lease = store.lease();
        let (cid, bytes) = leaf("one more");
        for _ in 0..3 {
            let refused = lease.put(&cid, &bytes);
            assert!(
                matches!(&refused, Err(StoreError::DiskFull { path, .. }) if path.starts_with(Bench::root())),
                "{refused:?}"
            );
        }
        assert!(matches!(lease.pin(&root_of(&file(3)), order(), &links), Err(StoreError::DiskFull { .. })));
    }
    assert_eq!((store.pins().len(), bench.temporary_files().len()), (2, 0));
    assert!(file(1).iter().all(|(cid, bytes)| store.get(cid).unwrap().unwrap() == bytes[..]));
    store.unpin(&root_of(&file(2)), &label("operator"), &label("test")).unwrap();
    assert!(store.collect(&links, &on).unwrap().removed > 0);
    drop(store);
    let store = bench.open();
    assert_eq!(store.pins().len(), 1);
    let lease = store.lease();
    lease.put(&leaf("one more").0, b"one more").unwrap();
    assert!(file(1).iter().all(|(cid, _)| store.has(cid).unwrap()));
}

#[test]
fn block_whose_sync_failed_must_be_put_again() {
    let bench = Bench::new();
    let store = bench.open();
    let lease = store.lease();
    let (cid, bytes) = leaf("x");
    lease.put(&cid, &bytes).unwrap();
    // The first write-like operation of a pin is the sync of its file; reading comes before.
    for at in 1..10 {
        bench.memory.set_fault(Fault::NoRoom(at));
        if lease.pin(&cid, order(), &links).is_err() {
            break;
        }
        assert!(at < 9, "no sync failed");
    }
    bench.memory.mend();
    assert!(matches!(lease.pin(&cid, order(), &links), Err(StoreError::Missing { .. })));
    lease.put(&cid, &bytes).unwrap();
    lease.pin(&cid, order(), &links).unwrap();
}
