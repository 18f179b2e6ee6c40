//! A story of pins, puts and collections, told against a store that may fail at any step, and what must hold of it.

use super::{
    dags::{file, label, links, order, put_all, root_of},
    on, Bench,
};
use crate::store::{Store, StoreError};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// What is known of a file of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Pinned,
    Unpinned,
    /// It was being pinned or unpinned, and that was not acknowledged.
    Open,
}

/// A step.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    Pin(u32),
    Unpin(u32),
    /// Put, and not pinned.
    Put(u32),
    Collect,
}

/// Long enough that the log is written anew, twice.
pub fn story() -> Vec<Step> {
    use Step::*;
    let mut steps = vec![Pin(1), Pin(2), Put(7), Collect, Unpin(1), Collect, Put(1), Pin(3)];
    for _ in 0..4 {
        steps.extend([Pin(4), Pin(1), Unpin(4), Put(8), Unpin(1)]);
    }
    steps.extend([Collect, Pin(5), Pin(8), Unpin(2), Collect]);
    steps
}

/// What was acknowledged.
#[derive(Default)]
pub struct Acknowledged(pub BTreeMap<u32, Fate>);

impl Acknowledged {
    /// Take a step.
    pub fn take(&mut self, store: &Store, step: Step) -> Result<(), StoreError> {
        match step {
            Step::Pin(number) => {
                self.0
                    .entry(number)
                    .and_modify(|fate| {
                        if *fate != Fate::Pinned {
                            *fate = Fate::Open
                        }
                    })
                    .or_insert(Fate::Open);
                let lease = store.lease();
                for (cid, bytes) in file(number).iter().rev() {
                    lease.put(cid, bytes)?;
                }
                lease.pin(&root_of(&file(number)), order(), &links)?;
                self.0.insert(number, Fate::Pinned);
            }
            Step::Unpin(number) => {
                let before = self.0.insert(number, Fate::Open);
                match store.unpin(&root_of(&file(number)), &label("operator"), &label("test")) {
                    Ok(()) => drop(self.0.insert(number, Fate::Unpinned)),
                    // It was never acknowledged. Whether its record is on the disk nobody knows if the power is off.
                    Err(StoreError::NotPinned { .. }) if before != Some(Fate::Pinned) => {}
                    Err(error) => return Err(error),
                }
            }
            Step::Put(number) => {
                let lease = store.lease();
                for (cid, bytes) in file(number) {
                    lease.put(&cid, &bytes)?;
                }
            }
            Step::Collect => {
                store.collect(&links, &on)?;
            }
        }
        Ok(())
    }

    /// What must hold whenever the store was opened: no acknowledged pin is lost, none that ended is back, every pin
    /// has all its blocks, nothing that is read is wrong, and after a collection nothing else is left.
    pub fn check(&self, bench: &Bench, store: &Store, what: &str) {
        let pinned: BTreeSet<_> = store.pins().iter().map(|pin| pin.root).collect();
        let mut expected = BTreeSet::<PathBuf>::new();
        for (number, fate) in &self.0 {
            let blocks = file(*number);
            let is_pinned = pinned.contains(&root_of(&blocks));
            assert!(*fate == Fate::Open || is_pinned == (*fate == Fate::Pinned), "{what}: file {number} is {fate:?}");
            for (cid, bytes) in &blocks {
                let got = store.get(cid).unwrap();
                assert!(got.is_none_or(|got| got == bytes[..]), "{what}: wrong bytes");
                if is_pinned {
                    assert!(store.has(cid).unwrap(), "{what}: pinned file {number}, {fate:?}, has lost {cid}");
                    expected.insert(Bench::path_of(cid));
                }
            }
        }
        assert_eq!(store.status().damaged_records, 0, "{what}");
        store.collect(&links, &on).unwrap();
        let found: BTreeSet<_> = bench.block_files().into_iter().collect();
        assert_eq!(found, expected, "{what}: orphans, or blocks that are gone");
        assert_eq!(bench.temporary_files(), Vec::<PathBuf>::new(), "{what}");
    }
}

/// Pin one more file, to see that the store still works.
pub fn goes_on(store: &Store) {
    let lease = store.lease();
    put_all(&lease, &file(9));
    lease.pin(&root_of(&file(9)), order(), &links).unwrap();
    store.unpin(&root_of(&file(9)), &label("operator"), &label("test")).unwrap();
}
