//! How fast files are added and read, against sha2-256 of the same bytes: the least that can be done.
//!
//! `cargo run --release -p ratio1-formats --example speed [MIB]`

use bytes::Bytes;
use ratio1_formats::unixfs::{add::add_file, read::FileReader, Limits, Profile, Step, Traversal};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, convert::Infallible, error::Error, time::Instant};

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let mib: usize = std::env::args().nth(1).map_or(Ok(256), |mib| mib.parse())?;
    let content: Vec<u8> = (0u32..).take(mib << 20).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut best = [f64::MAX; 5];
    let mut time = |at: usize, begun: Instant| best[at] = best[at].min(begun.elapsed().as_secs_f64());
    for _ in 0..ROUNDS {
        let begun = Instant::now();
        std::hint::black_box(Sha256::digest(&content));
        time(0, begun);

        let begun = Instant::now();
        std::hint::black_box(Sha256::digest(std::hint::black_box(content.clone())));
        time(1, begun);

        let begun = Instant::now();
        add_file(Profile::V1_2025, &mut &content[..], |_| Ok::<_, Infallible>(()))?;
        time(2, begun);

        let mut blocks = HashMap::new();
        let tree = add_file(Profile::V1_2025, &mut &content[..], |block| {
            blocks.insert(*block.cid(), block);
            Ok::<_, Infallible>(())
        })?;
        let limits = Limits::new(2 * (content.len() as u64) + (1 << 20), content.len() as u64);
        let begun = Instant::now();
        let fetch = |cid: &_| Ok::<_, Infallible>(blocks[cid].bytes().clone());
        let read: Vec<Bytes> = FileReader::new(tree.cid, .., limits)?.fetching(fetch).collect::<Result<_, _>>()?;
        time(3, begun);
        assert_eq!(read.iter().map(Bytes::len).sum::<usize>(), content.len());

        // By a store that verified the blocks.
        let begun = Instant::now();
        let mut reader = FileReader::new(tree.cid, .., limits)?;
        loop {
            match reader.step()? {
                Step::Want(cid) => reader.give(blocks[&cid].clone())?,
                Step::Item(bytes) => drop(std::hint::black_box(bytes)),
                Step::Done => break,
            }
        }
        time(4, begun);
    }
    let names = ["sha2-256", "copy and sha2-256", "add", "read, hashing", "read, of blocks that were hashed"];
    for (name, seconds) in names.into_iter().zip(best) {
        println!(
            "{name:<34} {:>9.0} MB/s  {:>8.2} of sha2-256",
            content.len() as f64 / 1e6 / seconds,
            best[0] / seconds
        );
    }
    Ok(())
}
