//! Scrubbing and surveys.

use super::{
    dags::{file, label, leaf, links, node, order, put_all, root_of},
    Bench,
};
use crate::store::{PinOrder, ScrubCursor, Scrubbed, Store};

/// One pass, in steps of `max_bytes`.
fn pass(store: &Store, max_bytes: u64) -> (usize, Scrubbed) {
    let mut cursor = ScrubCursor::default();
    let (mut steps, mut all) = (0, Scrubbed::default());
    while !all.is_over {
        let step = store.scrub(&mut cursor, max_bytes).unwrap();
        steps += 1;
        all.blocks += step.blocks;
        all.bytes += step.bytes;
        all.damaged.extend(step.damaged);
        all.is_over = step.is_over;
        assert!(steps < 10_000);
    }
    assert_eq!(cursor, ScrubCursor::default(), "a new pass begins");
    (steps, all)
}

#[test]
fn scrubber_reads_every_block_once_and_finds_what_is_damaged() {
    let bench = Bench::new();
    let store = bench.open();
    let blocks: Vec<_> = (0..500).map(|number| leaf(format!("{number}"))).collect();
    put_all(&store.lease(), &blocks);
    for max_bytes in [1, 100, u64::MAX] {
        let (steps, all) = pass(&store, max_bytes);
        assert_eq!((all.blocks, all.damaged.len()), (500, 0));
        assert_eq!(steps == 1, max_bytes == u64::MAX);
    }
    for at in [0, 77, 499] {
        bench.memory.damage(&Bench::path_of(&blocks[at].0), |bytes| bytes.push(1));
    }
    let (_, all) = pass(&store, 100);
    let mut damaged = [blocks[0].0, blocks[77].0, blocks[499].0];
    damaged.sort();
    let mut found = all.damaged;
    found.sort();
    assert_eq!(found, damaged);
    assert_eq!(pass(&store, 100).1.blocks, 497);
}

#[test]
fn survey_tells_every_pin_that_misses_a_block() {
    let bench = Bench::new();
    let store = bench.open();
    let (one, two, three) = (file(1), file(2), file(3));
    {
        let lease = store.lease();
        for blocks in [&one, &two, &three] {
            put_all(&lease, blocks);
            lease.pin(&root_of(blocks), order(), &links).unwrap();
        }
        lease.pin(&root_of(&one), PinOrder::new(label("job:5"), label("slot 2")), &links).unwrap();
    }
    assert!(store.survey(&links).unwrap().is_empty());
    // Files 1 and 2 share their leaf 2; of file 3 the inner node goes.
    let shared = one.iter().find(|block| two.contains(block)).unwrap();
    for cid in [shared.0, three[1].0] {
        bench.memory.damage(&Bench::path_of(&cid), |bytes| bytes.clear());
    }
    assert_eq!(pass(&store, u64::MAX).1.damaged.len(), 2);
    let lost = store.survey(&links).unwrap();
    assert_eq!(lost.len(), 2);
    let of_shared = lost.iter().find(|lost| lost.cid == shared.0).unwrap();
    let mut roots = [root_of(&one), root_of(&two)];
    roots.sort();
    let mut found = of_shared.roots.clone();
    found.sort();
    assert_eq!(found, roots);
    assert_eq!(lost.iter().find(|lost| lost.cid == three[1].0).unwrap().roots, [root_of(&three)]);
    assert_eq!(store.status().lost, lost);
    put_all(&store.lease(), &[shared.clone(), three[1].clone()]);
    assert!(store.status().lost.is_empty());
    assert!(store.survey(&links).unwrap().is_empty());
}

#[test]
fn survey_knows_losses_again_after_a_restart() {
    let bench = Bench::new();
    let block = leaf("x");
    let top = node(&[block.0]);
    {
        let store = bench.open();
        let lease = store.lease();
        put_all(&lease, &[top.clone(), block.clone()]);
        lease.pin(&top.0, order(), &links).unwrap();
    }
    bench.memory.lose(&Bench::path_of(&block.0));
    let store = bench.open();
    assert!(store.status().lost.is_empty(), "nobody has looked yet");
    assert_eq!(store.survey(&links).unwrap()[0].cid, block.0);
}
