//! Who is faulty and how, and which links are bad: each case by itself, all small ones, and random large ones.

use proptest::prelude::*;
use ratio1_heartbeat::{counts::EpochCounts, coverage::CoverageMeter};
use ratio1_primitives::{apbft, clock::Gaps, ClockParams, EpochIndex, EpochParams, VoteId};

/// How an oracle misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Casts nothing.
    Silent,
    /// Commits, never reveals.
    NoReveal,
    /// Reveals the header, not the pages.
    Partial,
    /// Commits to garbage.
    Garbage,
    /// Says that everybody was away, itself excepted.
    LiesLow,
    /// Says that everybody was always there.
    LiesHigh,
    /// Says whatever.
    LiesRandomly,
    /// Votes twice: another commit after the first.
    Double,
    /// Reveals after the window.
    Late,
    /// Commits after the window, and reveals.
    LateCommit,
    /// Heard nothing, and says so.
    Deaf,
    /// Commits to what another committed to, and reveals that one's ballot.
    Copies,
}

pub const FAULTS: [Fault; 12] = [
    Fault::Silent,
    Fault::NoReveal,
    Fault::Partial,
    Fault::Garbage,
    Fault::LiesLow,
    Fault::LiesHigh,
    Fault::LiesRandomly,
    Fault::Double,
    Fault::Late,
    Fault::LateCommit,
    Fault::Deaf,
    Fault::Copies,
];

/// One case: who is faulty and how, which links are bad, what noise the honest see.
#[derive(Clone, Debug)]
pub struct Case {
    pub oracles: u32,
    pub faults: Vec<(usize, Fault)>,
    /// Faulty oracles that send no batches to the others.
    pub mute: Vec<usize>,
    /// For each oracle: of whom it hears no batches, and hardly any beats.
    pub bad_links: Vec<Vec<usize>>,
    /// Subtracted by each oracle from each license's true byte.
    pub noise: Vec<Vec<u8>>,
    pub truth: Vec<u8>,
}

impl Case {
    pub fn fault(&self, oracle: usize) -> Option<Fault> {
        self.faults.iter().find(|(i, _)| *i == oracle).map(|(_, f)| *f)
    }

    /// The coverage that an oracle's meter finds over an epoch in which every other one sends it a batch in each slot,
    /// unless it is mute or the link is bad.
    pub fn coverage(&self, oracle: usize, clock: &ClockParams, epoch: EpochIndex, params: &EpochParams) -> u8 {
        let key = |i: usize| VoteId::from(sp_core::ed25519::Public::from_raw([i as u8; 32]));
        let others = || (0..self.oracles as usize).filter(|i| *i != oracle);
        let heard = |i: &usize| {
            self.fault(oracle) != Some(Fault::Deaf) && !self.mute.contains(i) && !self.bad_links[oracle].contains(i)
        };
        let (mut meter, mut counts) = (CoverageMeter::default(), EpochCounts::new(epoch, *params));
        meter.set_oracles(self.oracles as usize, others().map(key));
        for slot in 0..params.slots {
            let now = clock.epoch_start(epoch) + u64::from(slot) * u64::from(params.beat_ms) + 10;
            others().filter(heard).for_each(|i| meter.heard(&key(i), now, clock, &mut counts));
            meter.tick(now, clock, &mut counts);
        }
        counts.coverage_byte(params.expected, &Gaps::default())
    }

    /// The height that an oracle says was final to it.
    pub fn finalised(&self, oracle: usize) -> u32 {
        match (self.fault(oracle), self.noise[oracle][0]) {
            (None, noise) => 1_000 + u32::from(noise),
            (Some(_), noise) if noise % 2 == 0 => 0,
            (Some(_), _) => u32::MAX,
        }
    }

    /// Whose ballot one that copies takes: some honest oracle's.
    pub fn copied(&self) -> usize {
        (0..self.oracles as usize).find(|i| self.fault(*i).is_none()).expect("most are honest")
    }

    /// What an oracle that works measures: oracles' nodes are always on, up to a bad link.
    pub fn measured(&self, oracle: usize) -> Vec<u8> {
        let n = self.oracles as usize;
        (0..self.truth.len())
            .map(|license| {
                let noise = self.noise[oracle][license];
                match license {
                    // The Genesis deed is not linked.
                    0 => 0,
                    l if l <= n && l - 1 == oracle => 255,
                    l if l <= n && self.bad_links[oracle].contains(&(l - 1)) => noise,
                    l if l <= n => 255 - noise % 26,
                    _ => self.truth[license].saturating_sub(noise % 26),
                }
            })
            .collect()
    }

    pub fn reported(&self, oracle: usize) -> Vec<u8> {
        let n = self.oracles as usize;
        let honest = self.measured(oracle);
        let own = |l: usize| l > 0 && l <= n && l - 1 == oracle;
        let lie = |f: &dyn Fn(usize) -> u8| (0..honest.len()).map(|l| if own(l) { 255 } else { f(l) }).collect();
        match self.fault(oracle) {
            Some(Fault::LiesLow) => lie(&|_| 0),
            Some(Fault::LiesHigh) => lie(&|_| 255),
            Some(Fault::LiesRandomly) => lie(&|l| self.noise[oracle][l].wrapping_mul(151)),
            Some(Fault::Deaf) => lie(&|_| 0),
            _ => honest,
        }
    }
}

pub fn case(
    oracles: u32,
    faults: Vec<(usize, Fault)>,
    bad_links: Vec<Vec<usize>>,
    mut seed: impl FnMut() -> u8,
    edges: u32,
) -> Case {
    let licenses = (1 + oracles + edges) as usize;
    let noise = (0..oracles).map(|_| (0..licenses).map(|_| seed()).collect()).collect();
    let truth = (0..licenses).map(|_| seed()).collect();
    let mute = faults.iter().map(|(i, _)| *i).collect();
    Case { oracles, faults, mute, bad_links, noise, truth }
}

/// Links of an honest oracle that may be bad beside `f` faulty ones: `n - 2f - 1`; one less where none may be faulty, since
/// whoever is not alone must hear one other.
pub fn bad_links_allowed(oracles: u32) -> usize {
    let f = apbft::faults(oracles);
    oracles.saturating_sub(1 + f + f.max(1)) as usize
}

/// As many bad links as each oracle may have, both ways, the nearest first; another set for another `turn`.
pub fn worst_links(oracles: u32, turn: usize) -> Vec<Vec<usize>> {
    let n = oracles as usize;
    let most = bad_links_allowed(oracles);
    let mut links = vec![vec![]; n];
    for distance in 1..n {
        for at in 0..n {
            let (i, j) = ((at + turn) % n, (at + turn + distance) % n);
            if links[i].len() < most && links[j].len() < most && !links[i].contains(&j) {
                links[i].push(j);
                links[j].push(i);
            }
        }
    }
    links
}

/// The fault sets of the exhaustive test: none, each fault at each seat, and for f = 2 all pairs of faults at two seats,
/// and pairs of the most different ones at all pairs of seats.
pub fn fault_sets(oracles: u32) -> Vec<Vec<(usize, Fault)>> {
    const TELLING: [Fault; 3] = [Fault::LiesLow, Fault::LiesHigh, Fault::NoReveal];
    let n = oracles as usize;
    let f = apbft::faults(oracles);
    let mut sets = vec![vec![]];
    if f >= 1 {
        sets.extend(FAULTS.iter().flat_map(|x| (0..n).map(move |i| vec![(i, *x)])));
    }
    if f >= 2 {
        sets.extend(FAULTS.iter().flat_map(|x| FAULTS.iter().map(move |y| vec![(0, *x), (3, *y)])));
        for (i, j) in (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))) {
            sets.extend(TELLING.iter().flat_map(|x| TELLING.iter().map(move |y| vec![(i, *x), (j, *y)])));
        }
    }
    sets
}

pub fn any_case() -> impl Strategy<Value = Case> {
    (1u32..=13, any::<u64>()).prop_map(|(oracles, seed)| {
        use rand::{rngs::StdRng, seq::SliceRandom, Rng, SeedableRng};
        let mut rng = StdRng::seed_from_u64(seed);
        let n = oracles as usize;
        let f = apbft::faults(oracles) as usize;
        let mut order: Vec<usize> = (0..n).collect();
        order.shuffle(&mut rng);
        let failing = rng.gen_range(0..=f);
        let faults: Vec<_> =
            order.iter().take(failing).map(|i| (*i, *FAULTS.choose(&mut rng).expect("there are faults"))).collect();
        let most_bad = bad_links_allowed(oracles);
        // A link is bad both ways, so that no honest oracle is unheard by more than it does not hear.
        let mut bad_links = vec![vec![]; n];
        for i in 0..n {
            for j in i + 1..n {
                let room = bad_links[i].len() < most_bad && bad_links[j].len() < most_bad;
                if room && rng.gen_bool(0.3) {
                    bad_links[i].push(j);
                    bad_links[j].push(i);
                }
            }
        }
        let edges = rng.gen_range(0..4);
        let mut case = case(oracles, faults, bad_links, || rng.gen(), edges);
        // Some of the faulty relay as they should.
        case.mute.retain(|_| rng.gen_bool(0.7));
        case
    })
}
