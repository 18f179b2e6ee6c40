//! The power is cut at every step of a story, and what was not synced is what chance makes of it.

use super::{
    dags::{file, links, order, put_all, root_of},
    memory::Fault,
    story::{goes_on, story, Acknowledged},
    Bench,
};

/// How many outcomes of a loss of power are tried at each step.
const OUTCOMES: u64 = 6;

#[test]
fn nothing_acknowledged_is_lost_when_the_power_goes_at_any_step() {
    let mut cut = 0;
    for step in 1.. {
        let mut is_over = false;
        for outcome in 0..OUTCOMES {
            let bench = Bench::new();
            let mut acknowledged = Acknowledged::default();
            let store = bench.open();
            bench.memory.set_fault(Fault::PowerCut(step));
            // Once the power is gone, all fails.
            story().into_iter().for_each(|step| drop(acknowledged.take(&store, step)));
            is_over = !bench.memory.is_off();
            drop(store);
            let what = format!("power cut at {step}, outcome {outcome}");
            bench.memory.restart(step * 1000 + outcome);
            acknowledged.check(&bench, &bench.open(), &what);
            goes_on(&bench.open());
            // And once more, right behind the recovery.
            bench.memory.restart(step);
            acknowledged.check(&bench, &bench.open(), &what);
            cut += 1;
        }
        if is_over {
            break;
        }
    }
    assert!(cut > 1000, "{cut}");
    println!("{cut} power cuts");
}

#[test]
fn store_opens_when_the_power_went_while_it_was_opened() {
    for is_new in [true, false] {
        for step in 1.. {
            let bench = Bench::new();
            let mut acknowledged = Acknowledged::default();
            if !is_new {
                let store = bench.open();
                story().into_iter().for_each(|step| acknowledged.take(&store, step).unwrap());
            }
            bench.memory.set_fault(Fault::PowerCut(step));
            let opened = bench.try_open();
            assert!(opened.is_ok() || bench.memory.is_off());
            let is_over = !bench.memory.is_off();
            drop(opened);
            bench.memory.restart(step);
            let store = bench.open();
            acknowledged.check(&bench, &store, &format!("power cut at {step} of opening"));
            goes_on(&store);
            if is_over {
                break;
            }
        }
    }
}

#[test]
fn block_that_was_lost_and_put_back_is_kept_when_it_was_synced() {
    let mut kept = [0; 2];
    for is_synced in [false, true] {
        for outcome in 0..20 {
            let bench = Bench::new();
            let store = bench.open();
            let blocks = file(1);
            put_all(&store.lease(), &blocks);
            store.lease().pin(&root_of(&blocks), order(), &links).unwrap();
            let (cid, bytes) = &blocks[3];
            bench.memory.damage(&Bench::path_of(cid), |bytes| bytes.clear());
            assert_eq!(store.get(cid).unwrap(), None);
            let lease = store.lease();
            assert!(lease.sync(&[*cid]).is_err(), "it is not there");
            lease.put(cid, bytes).unwrap();
            if is_synced {
                lease.sync(&[*cid]).unwrap();
            }
            drop((lease, store));
            bench.memory.restart(outcome);
            kept[usize::from(is_synced)] += usize::from(bench.open().has(cid).unwrap());
        }
    }
    assert!(kept[0] < 20, "the power cuts of this test lose nothing");
    assert_eq!(kept[1], 20);
}
