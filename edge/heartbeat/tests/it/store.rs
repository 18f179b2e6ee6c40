use crate::fakes::*;
use ratio1_heartbeat::{counts::EpochCounts, Store, StoreError};
use ratio1_primitives::{ballot::{Ballot, Summary}, EpochIndex, Hash, LicenseId};

fn ballot(epoch: u32, salt: u8) -> Ballot {
    Ballot::new(Summary { epoch: EpochIndex(epoch), salt: [salt; 32], ..Default::default() }, &[1; 3_000], &[]).unwrap()
}

#[test]
fn counts_survive_when_the_store_is_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    {
        let store = Store::open(dir.path(), GENESIS).unwrap();
        (0..60).for_each(|slot| assert!(counts.count(LicenseId(5), slot)));
        counts.cover(3);
        store.save(&mut counts).unwrap();
        assert!(counts.count(LicenseId(3_000), 59));
        store.save(&mut counts).unwrap();
        let mut other = EpochCounts::new(EpochIndex(2), PARAMS);
        other.count(LicenseId(5), 100);
        store.save(&mut other).unwrap();
    }
    let store = Store::open(dir.path(), GENESIS).unwrap();
    let again = store.load(EpochIndex(1)).unwrap().unwrap();
    assert_eq!(again.bytes(4_000, 112), counts.bytes(4_000, 112));
    assert_eq!(again.coverage(), counts.coverage());
    assert_eq!(again.beats_root(4_000), counts.beats_root(4_000));
    assert!(store.load(EpochIndex(3)).unwrap().is_none());
}

#[test]
fn service_counts_survive_when_the_store_is_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    {
        let store = Store::open(dir.path(), GENESIS).unwrap();
        for slot in 0..60 {
            counts.count(LicenseId(5), slot);
            counts.count_service(5, slot);
            counts.count_service(3_000, slot);
        }
        store.save(&mut counts).unwrap();
        counts.clear_service(3_000, 7);
        counts.count_service(4, 7);
        store.save(&mut counts).unwrap();
    }
    let store = Store::open(dir.path(), GENESIS).unwrap();
    let again = store.load(EpochIndex(1)).unwrap().unwrap();
    for index in 0..4_000 {
        assert_eq!(again.service(index), counts.service(index), "{index}");
    }
    assert_eq!(again.service(3_000).unwrap().count(), 59);
    assert_eq!(again.bytes(4_000, 112), counts.bytes(4_000, 112), "licenses are apart from services");
    assert_eq!(again.beats_root(4_000), counts.beats_root(4_000));
    // A head, and 60 slots of one page of licenses and two of services.
    assert_eq!(store.prune(|_| false).unwrap(), 1 + 60 * 3);
    assert!(store.load(EpochIndex(1)).unwrap().is_none());
}

#[test]
fn store_is_refused_when_it_belongs_to_another_chain() {
    let dir = tempfile::tempdir().unwrap();
    drop(Store::open(dir.path(), GENESIS).unwrap());
    assert!(matches!(Store::open(dir.path(), Hash::zero()), Err(StoreError::Foreign { .. })));
    assert!(Store::open(dir.path(), GENESIS).is_ok());
}

#[test]
fn ballot_is_never_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), GENESIS).unwrap();
    assert_eq!(store.put_ballot(ballot(1, 1)).unwrap(), ballot(1, 1));
    assert_eq!(store.put_ballot(ballot(1, 2)).unwrap(), ballot(1, 1));
    drop(store);
    let store = Store::open(dir.path(), GENESIS).unwrap();
    assert_eq!(store.ballot(EpochIndex(1)).unwrap(), Some(ballot(1, 1)));
    assert_eq!(store.ballot(EpochIndex(2)).unwrap(), None);
}

#[test]
fn ballot_is_replaced_on_demand_until_its_commit_may_be_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), GENESIS).unwrap();
    store.put_ballot(ballot(1, 1)).unwrap();
    assert_eq!(store.replace_ballot(ballot(1, 2)).unwrap(), ballot(1, 2));
    assert!(!store.is_submitted(EpochIndex(1)).unwrap());
    store.mark_submitted(EpochIndex(1)).unwrap();
    drop(store);
    let store = Store::open(dir.path(), GENESIS).unwrap();
    assert!(store.is_submitted(EpochIndex(1)).unwrap());
    assert_eq!(store.replace_ballot(ballot(1, 3)).unwrap(), ballot(1, 2));
    assert_eq!(store.prune(|_| false).unwrap(), 2);
    assert!(!store.is_submitted(EpochIndex(1)).unwrap());
}

#[test]
fn ballot_is_refused_when_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), GENESIS).unwrap();
    store.put_ballot(ballot(1, 1)).unwrap();
    let path = dir.path().join("ballots/1.ballot");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    assert!(matches!(store.ballot(EpochIndex(1)), Err(StoreError::Corrupt { .. })));
    std::fs::write(&path, [0; 8]).unwrap();
    assert!(matches!(store.ballot(EpochIndex(1)), Err(StoreError::Corrupt { .. })));
}

#[test]
fn old_epochs_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), GENESIS).unwrap();
    for epoch in 1..=5 {
        let mut counts = EpochCounts::new(EpochIndex(epoch), PARAMS);
        (0..10).for_each(|slot| assert!(counts.count(LicenseId(5), slot)));
        store.save(&mut counts).unwrap();
        store.put_ballot(ballot(epoch, 1)).unwrap();
    }
    let keep = |epoch: EpochIndex| epoch.0 == 2 || epoch.0 >= 5;
    assert_eq!(store.prune(keep).unwrap(), 3 * (1 + 10 + 1));
    assert_eq!(store.prune(keep).unwrap(), 0);
    for epoch in 1..=5 {
        let kept = keep(EpochIndex(epoch));
        assert_eq!(store.load(EpochIndex(epoch)).unwrap().is_some(), kept);
        assert_eq!(store.ballot(EpochIndex(epoch)).unwrap().is_some(), kept);
    }
}
