//! Random sequences of everything, against a model of what must be there.

use super::{
    dags::{file, label, links, root_of},
    on, Bench,
};
use crate::store::{Lease, PinOrder, Store, StoreError};
use cid::Cid;
use proptest::prelude::*;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::Ordering::Relaxed,
};

const FILES: u32 = 5;
const OWNERS: [&str; 2] = ["eve", "bob"];
const LEASES: usize = 3;

#[derive(Clone, Debug)]
enum Op {
    Begin(usize),
    End(usize),
    /// Put a file's blocks from this one on.
    Put {
        lease: usize,
        file: u32,
        from: usize,
    },
    Pin {
        lease: usize,
        file: u32,
        owner: usize,
        seconds: Option<u64>,
    },
    Unpin {
        file: u32,
        owner: usize,
    },
    Collect,
    Damage {
        file: u32,
        block: usize,
    },
    Wait(u64),
    Reopen,
    PowerCut(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let (lease, file, owner) = (0..LEASES, 0..FILES, 0..OWNERS.len());
    prop_oneof![
        3 => lease.clone().prop_map(Op::Begin),
        3 => lease.clone().prop_map(Op::End),
        8 => (lease.clone(), file.clone(), prop_oneof![4 => Just(0), 1 => 0..5usize])
            .prop_map(|(lease, file, from)| Op::Put { lease, file, from }),
        8 => (lease, file.clone(), owner.clone(), proptest::option::of(1..50u64))
            .prop_map(|(lease, file, owner, seconds)| Op::Pin { lease, file, owner, seconds }),
        4 => (file.clone(), owner).prop_map(|(file, owner)| Op::Unpin { file, owner }),
        5 => Just(Op::Collect),
        1 => (file, 0..5usize).prop_map(|(file, block)| Op::Damage { file, block }),
        1 => (1..30u64).prop_map(Op::Wait),
        1 => Just(Op::Reopen),
        1 => any::<u64>().prop_map(Op::PowerCut),
    ]
}

/// What must be there.
#[derive(Default)]
struct Model {
    /// When the pins end.
    pins: BTreeMap<(u32, usize), Option<u64>>,
    /// What each live lease has put.
    leases: [Option<BTreeSet<Cid>>; LEASES],
    /// What was damaged and not put again.
    damaged: BTreeSet<Cid>,
}

impl Model {
    fn pinned(&self, now: u64) -> BTreeSet<Cid> {
        let live = self.pins.iter().filter(|(_, end)| end.is_none_or(|end| end > now));
        live.flat_map(|((number, _), _)| file(*number)).map(|(cid, _)| cid).collect()
    }

    fn must_have(&self, now: u64) -> BTreeSet<Cid> {
        let leased = self.leases.iter().flatten().flatten().copied();
        let wanted: BTreeSet<Cid> = self.pinned(now).into_iter().chain(leased).collect();
        wanted.difference(&self.damaged).copied().collect()
    }
}

struct World {
    bench: Bench,
    store: Option<Store>,
    leases: [Option<Lease>; LEASES],
    model: Model,
}

impl World {
    fn new() -> Self {
        let bench = Bench::new();
        let store = Some(bench.open());
        Self { bench, store, leases: Default::default(), model: Model::default() }
    }

    fn store(&self) -> &Store {
        self.store.as_ref().unwrap()
    }

    fn now(&self) -> u64 {
        self.bench.clock.0.load(Relaxed)
    }

    fn begin(&mut self, lease: usize) {
        if self.leases[lease].is_none() {
            self.leases[lease] = Some(self.store().lease());
            self.model.leases[lease] = Some(BTreeSet::new());
        }
    }

    fn put(&mut self, lease: usize, number: u32, from: usize) {
        self.begin(lease);
        for (cid, bytes) in &file(number)[from..] {
            let held = self.leases[lease].as_ref().unwrap();
            held.put(cid, bytes).unwrap();
            // As whoever mends a pin must.
            if self.model.damaged.remove(cid) {
                held.sync(&[*cid]).unwrap();
            }
            self.model.leases[lease].as_mut().unwrap().insert(*cid);
        }
    }

    fn pin(&mut self, lease: usize, number: u32, owner: usize, seconds: Option<u64>) {
        self.begin(lease);
        let blocks = file(number);
        let expires = seconds.map(|seconds| self.now() + seconds);
        let order = PinOrder { expires, ..PinOrder::new(label(OWNERS[owner]), label("model")) };
        match self.leases[lease].as_ref().unwrap().pin(&root_of(&blocks), order, &links) {
            Ok(_) => {
                assert!(blocks.iter().all(|(cid, _)| !self.model.damaged.contains(cid)));
                self.model.pins.insert((number, owner), expires);
                self.model.leases[lease].as_mut().unwrap().extend(blocks.iter().map(|(cid, _)| *cid));
            }
            Err(StoreError::Missing { cid }) => assert!(!self.model.must_have(self.now()).contains(&cid), "{cid}"),
            Err(error) => panic!("{error:?}"),
        }
    }

    fn collect(&mut self) {
        let now = self.now();
        let collected = self.store().collect(&links, &on);
        self.model.pins.retain(|_, end| end.is_none_or(|end| end > now));
        let pinned = self.model.pinned(now);
        match collected {
            Ok(_) if self.leases.iter().all(Option::is_none) => {
                let expected = pinned.difference(&self.model.damaged).map(Bench::path_of).collect::<BTreeSet<_>>();
                assert_eq!(self.bench.block_files().into_iter().collect::<BTreeSet<_>>(), expected);
            }
            Ok(_) => {}
            Err(StoreError::HeldUp { cid, .. }) => {
                assert!(pinned.contains(&cid) && self.model.damaged.contains(&cid));
            }
            Err(error) => panic!("{error:?}"),
        }
    }

    fn damage(&mut self, number: u32, block: usize) {
        let cid = file(number)[block].0;
        let path = Bench::path_of(&cid);
        if self.bench.block_files().contains(&path) {
            self.bench.memory.damage(&path, |bytes| bytes.push(0));
            assert_eq!(self.store().get(&cid).unwrap(), None);
            self.model.damaged.insert(cid);
        }
    }

    fn reopen(&mut self, power_cut: Option<u64>) {
        self.leases = Default::default();
        self.model.leases = Default::default();
        self.store = None;
        if let Some(seed) = power_cut {
            self.bench.memory.restart(seed);
        }
        self.store = Some(self.bench.open());
    }

    fn take(&mut self, op: Op) {
        match op {
            Op::Begin(lease) => self.begin(lease),
            Op::End(lease) => {
                self.leases[lease] = None;
                self.model.leases[lease] = None;
            }
            Op::Put { lease, file, from } => self.put(lease, file, from),
            Op::Pin { lease, file, owner, seconds } => self.pin(lease, file, owner, seconds),
            Op::Unpin { file: number, owner } => {
                let (root, owner_label) = (root_of(&file(number)), label(OWNERS[owner]));
                let unpinned = self.store().unpin(&root, &owner_label, &label("model")).is_ok();
                assert_eq!(unpinned, self.model.pins.remove(&(number, owner)).is_some());
            }
            Op::Collect => self.collect(),
            Op::Damage { file, block } => self.damage(file, block),
            Op::Wait(seconds) => {
                self.bench.clock.0.fetch_add(seconds, Relaxed);
            }
            Op::Reopen => self.reopen(None),
            Op::PowerCut(seed) => self.reopen(Some(seed)),
        }
    }

    fn check(&self) {
        let store = self.store();
        for cid in self.model.must_have(self.now()) {
            assert!(store.has(&cid).unwrap(), "{cid} is gone");
        }
        for (cid, bytes) in (0..FILES).flat_map(file) {
            assert!(store.get(&cid).unwrap().is_none_or(|got| got == bytes[..]));
        }
        let found: BTreeSet<_> = store.pins().iter().map(|pin| (pin.root, pin.owner.as_str().to_string())).collect();
        let named = |(number, owner): &(u32, usize)| (root_of(&file(*number)), OWNERS[*owner].to_string());
        assert_eq!(found, self.model.pins.keys().map(named).collect());
        let status = store.status();
        assert_eq!(status.blocks as usize, self.bench.block_files().len());
        assert_eq!(status.leases, self.leases.iter().flatten().count());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn store_does_what_the_model_says(ops in proptest::collection::vec(op(), 1..60)) {
        let mut world = World::new();
        for op in ops {
            world.take(op);
            world.check();
        }
    }
}
