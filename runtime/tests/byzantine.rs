//! docs/protocol/availability.md#what-is-promised, on the real runtime and coverage meter: with at most `f` faulty
//! oracles, which need not even relay, and up to `n - 2f - 1` bad links for each honest one, every finalised byte lies
//! between the least and the greatest byte of the honest ballots, and the epoch is finalised. With more faults it may fail
//! to finalise, but no value is ever invented. Where none may be faulty (`n` of two or three) each must still hear one
//! other, so one link less may be bad.

use crate::common::{ballot, Shape, Sim};
use proptest::prelude::*;
use ratio1_heartbeat::{counts::EpochCounts, coverage::CoverageMeter};
use ratio1_primitives::{
    apbft,
    api::{EpochState, RoundInfo},
    ballot::{Ballot, Phase, Vote},
    clock::Gaps,
    keys::pair::VotePair,
    traits::AvailabilityProvider,
    ClockParams, EpochIndex, EpochParams, LicenseId, VoteId,
};
use ratio1_runtime::{Availability, RuntimeCall, UncheckedExtrinsic};
use sp_core::Pair;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

/// How an oracle misbehaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
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

const FAULTS: [Fault; 12] = [
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
struct Case {
    oracles: u32,
    faults: Vec<(usize, Fault)>,
    /// Faulty oracles that send no batches to the others.
    mute: Vec<usize>,
    /// For each oracle: of whom it hears no batches, and hardly any beats.
    bad_links: Vec<Vec<usize>>,
    /// Subtracted by each oracle from each license's true byte.
    noise: Vec<Vec<u8>>,
    truth: Vec<u8>,
}

impl Case {
    fn fault(&self, oracle: usize) -> Option<Fault> {
        self.faults.iter().find(|(i, _)| *i == oracle).map(|(_, f)| *f)
    }

    /// The coverage that an oracle's meter finds over an epoch in which every other one sends it a batch in each slot,
    /// unless it is mute or the link is bad.
    fn coverage(&self, oracle: usize, clock: &ClockParams, epoch: EpochIndex, params: &EpochParams) -> u8 {
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
    fn finalised(&self, oracle: usize) -> u32 {
        match (self.fault(oracle), self.noise[oracle][0]) {
            (None, noise) => 1_000 + u32::from(noise),
            (Some(_), noise) if noise % 2 == 0 => 0,
            (Some(_), _) => u32::MAX,
        }
    }

    /// Whose ballot one that copies takes: some honest oracle's.
    fn copied(&self) -> usize {
        (0..self.oracles as usize).find(|i| self.fault(*i).is_none()).expect("most are honest")
    }

    /// What an oracle that works measures: oracles' nodes are always on, up to a bad link.
    fn measured(&self, oracle: usize) -> Vec<u8> {
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

    fn reported(&self, oracle: usize) -> Vec<u8> {
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

/// Votes, and whether the chain must take them.
type Votes = Vec<(UncheckedExtrinsic, bool)>;

fn expect(votes: impl IntoIterator<Item = UncheckedExtrinsic>, taken: bool) -> Votes {
    votes.into_iter().map(|vote| (vote, taken)).collect()
}

/// Send votes in one block, and in the next those for which the block had no room: each must be taken, or refused as
/// invalid, as expected.
fn send(sim: &mut Sim, case: &Case, mut votes: Votes) {
    for _ in 0..3 {
        let results = sim.block(votes.iter().map(|(vote, _)| vote.clone()).collect());
        let mut left = vec![];
        for ((vote, taken), result) in votes.into_iter().zip(results) {
            match result {
                Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => {
                    left.push((vote, taken));
                }
                Ok(Ok(())) => assert!(taken, "{:?} is taken: {case:?}", vote.function),
                Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(_))) => {
                    assert!(!taken, "{:?} is refused: {result:?}: {case:?}", vote.function)
                }
                other => panic!("{:?}: {other:?}: {case:?}", vote.function),
            }
        }
        if left.is_empty() {
            return;
        }
        votes = left;
    }
    panic!("no room for votes in three blocks: {case:?}");
}

/// The ballot of each oracle, with the coverage that its meter finds.
fn ballots(sim: &mut Sim, round: &RoundInfo, case: &Case) -> Vec<Ballot> {
    let clock = sim.ext.execute_with(|| Availability::clock_info().clock).expect("the clock runs");
    assert!(round.frozen.gaps.is_empty());
    let ballot = |i: usize| {
        let coverage = case.coverage(i, &clock, round.epoch, &round.frozen.params);
        let mut ballot = ballot(round, i as u8 + 1, coverage, &case.reported(i));
        ballot.header.finalised = case.finalised(i);
        ballot
    };
    (0..case.oracles as usize).map(ballot).collect()
}

/// Cast the case's ballots on a fresh epoch and say what came of it.
fn run(sim: &mut Sim, epoch: EpochIndex, case: &Case) -> EpochState {
    sim.run_to_epoch(epoch.0 + 1);
    let round = sim.round(epoch).expect("the epoch just ended");
    assert_eq!(round.frozen.oracles(), case.oracles);
    let voters: Vec<VotePair> = sim.oracles.iter().map(|o| o.vote.clone()).collect();
    let ballots = ballots(sim, &round, case);

    let commitment = |sim: &mut Sim, i: usize| ballots[i].header.commitment(sim.genesis_hash(), &voters[i].public());
    let (mut commits, mut late_commits) = (Votes::new(), Votes::new());
    for (i, voter) in voters.iter().enumerate() {
        let fault = case.fault(i);
        let hash = match fault {
            Some(Fault::Silent) => continue,
            Some(Fault::Garbage) => [0xAB; 32].into(),
            Some(Fault::Copies) => commitment(sim, case.copied()),
            _ => commitment(sim, i),
        };
        let commit = sim.vote(voter, epoch, Vote::Commit(hash));
        match fault {
            Some(Fault::LateCommit) => late_commits.extend(expect(commit, false)),
            _ => commits.extend(expect(commit, true)),
        }
        if fault == Some(Fault::Double) {
            commits.extend(expect(sim.vote(voter, epoch, Vote::Commit([0xCD; 32].into())), false));
        }
    }
    send(sim, case, commits);
    sim.run_to_phase(epoch, Phase::Reveal);

    let (mut reveals, mut late) = (late_commits, Votes::new());
    for (i, ballot) in ballots.iter().enumerate() {
        match case.fault(i) {
            Some(Fault::Silent | Fault::NoReveal) => {}
            Some(Fault::Partial) => reveals.extend(expect(sim.reveals(&voters[i], ballot, usize::MAX), true)),
            Some(Fault::Late) => late.extend(expect(sim.reveals(&voters[i], ballot, 0), false)),
            Some(Fault::Garbage | Fault::LateCommit) => {
                reveals.extend(expect(sim.reveals(&voters[i], ballot, 0), false));
            }
            Some(Fault::Copies) => {
                reveals.extend(expect(sim.reveals(&voters[i], &ballots[case.copied()], 0), false));
            }
            _ => reveals.extend(expect(sim.reveals(&voters[i], ballot, 0), true)),
        }
    }
    send(sim, case, reveals);
    for _ in 0..12 {
        if sim.round(epoch).is_none_or(|r| r.phase != Phase::Reveal) {
            break;
        }
        sim.block(vec![]);
    }
    assert!(sim.round(epoch).is_none_or(|r| r.phase != Phase::Reveal), "the window is over");
    send(sim, case, late);
    sim.run_until_closed(epoch);
    sim.ext.execute_with(|| Availability::epoch_info(epoch).state)
}

/// Every finalised byte lies within the honest range, and so does what was final.
fn assert_within_honest_range(sim: &mut Sim, epoch: EpochIndex, case: &Case) {
    let works = || (0..case.oracles as usize).filter(|i| case.fault(*i).is_none());
    let known = sim.ext.execute_with(|| <Availability as AvailabilityProvider>::known(epoch)).expect("it is finalised");
    let heights = || works().map(|i| case.finalised(i));
    assert!(heights().min() <= Some(known) && Some(known) <= heights().max(), "{known} was final to nobody: {case:?}");
    let honest: Vec<Vec<u8>> = works().map(|i| case.measured(i)).collect();
    for license in 0..case.truth.len() {
        let byte = sim
            .ext
            .execute_with(|| <Availability as AvailabilityProvider>::byte(epoch, LicenseId(license as u32)))
            .expect("finalised bytes are kept");
        let least = honest.iter().map(|b| b[license]).min().unwrap();
        let greatest = honest.iter().map(|b| b[license]).max().unwrap();
        assert!((least..=greatest).contains(&byte), "license {license}: {byte} not in {least}..={greatest}: {case:?}");
    }
}

fn case(
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

fn shape(oracles: u32) -> Shape {
    // No reopening and room for late reveals: a case takes one epoch's windows.
    Shape { oracles, reopenings: 0, epoch_ms: 60_000, session_blocks: 6, ..Default::default() }
}

/// Links of an honest oracle that may be bad beside `f` faulty ones: `n - 2f - 1`; one less where none may be faulty, since
/// whoever is not alone must hear one other.
fn bad_links_allowed(oracles: u32) -> usize {
    let f = apbft::faults(oracles);
    oracles.saturating_sub(1 + f + f.max(1)) as usize
}

/// As many bad links as each oracle may have, both ways, the nearest first; another set for another `turn`.
fn worst_links(oracles: u32, turn: usize) -> Vec<Vec<usize>> {
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
fn fault_sets(oracles: u32) -> Vec<Vec<(usize, Fault)>> {
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

/// The arithmetic of the coverage rule, at the meter: with `f` faulty oracles that send nothing an honest one is covered
/// though as many of its links are bad as may be, and not if one more is.
#[test]
fn honest_oracle_is_covered_when_f_are_mute_and_the_most_links_are_bad() {
    let clock = ClockParams { genesis_moment: 0, epoch_ms: 60_000 };
    let params = EpochParams { beat_ms: 500, slots: 120, expected: 112, threshold: 230, max_quote_lag: 8 };
    for oracles in 1..=100u32 {
        let n = oracles as usize;
        let f = apbft::faults(oracles) as usize;
        // The last `f` are mute, the links to the first others are bad.
        let faults: Vec<_> = (n - f..n).map(|i| (i, Fault::Silent)).collect();
        let coverage = |bad: usize| {
            let mut bad_links = vec![vec![]; n];
            bad_links[0] = (1..=bad).collect();
            let case = case(oracles, faults.clone(), bad_links, || 0, 0);
            case.coverage(0, &clock, EpochIndex(3), &params)
        };
        assert_eq!(coverage(bad_links_allowed(oracles)), 255, "{oracles}");
        if oracles > 1 {
            assert_eq!(coverage(bad_links_allowed(oracles) + 1), 0, "{oracles}");
        }
        if f > 0 {
            assert_eq!(bad_links_allowed(oracles), n - 2 * f - 1, "as the protocol promises");
        }
    }
}

/// All ways in which up to `f` of few oracles fail (see [`fault_sets`]), with good links and with the most bad ones.
#[test]
fn every_byte_is_honest_in_all_small_cases() {
    let mut finalised = 0;
    for oracles in 1..=7u32 {
        let mut byte = 7u8;
        let (mut sim, mut epoch, mut cases) = (Sim::new(shape(oracles)), EpochIndex(1), 0);
        for (turn, faults) in fault_sets(oracles).into_iter().enumerate() {
            let bad = worst_links(oracles, turn);
            // Of the many pairs each has one kind of links, the others both.
            let kinds = match faults.len() {
                2 if turn % 2 == 0 => vec![bad],
                2 => vec![vec![vec![]; oracles as usize]],
                _ => vec![vec![vec![]; oracles as usize], bad],
            };
            for links in kinds {
                let noise = || {
                    byte = byte.wrapping_mul(167).wrapping_add(41);
                    byte
                };
                let case = case(oracles, faults.clone(), links, noise, 2);
                cases += 1;
                if cases % 8 == 0 {
                    // Invariants are checked over all that is remembered: a young chain is faster.
                    (sim, epoch) = (Sim::new(shape(oracles)), EpochIndex(1));
                }
                sim.run_to_epoch(epoch.0);
                assert_eq!(run(&mut sim, epoch, &case), EpochState::Finalised, "{case:?}");
                assert_within_honest_range(&mut sim, epoch, &case);
                finalised += 1;
                epoch = sim.current();
            }
        }
    }
    println!("{finalised} cases, all finalised within the honest range");
}

/// One fault too many of the kind that casts nothing: no result, and nothing invented.
#[test]
fn an_epoch_stays_unresolved_when_too_many_are_silent() {
    for oracles in 1..=7u32 {
        let mut sim = Sim::new(shape(oracles));
        let silent = (0..=apbft::faults(oracles) as usize).map(|i| (i, Fault::Silent)).collect();
        let case = case(oracles, silent, vec![vec![]; oracles as usize], || 5, 2);
        let state = run(&mut sim, EpochIndex(1), &case);
        assert!(matches!(state, EpochState::Unresolved(_)), "{oracles}: {state:?}");
        let byte = sim.ext.execute_with(|| <Availability as AvailabilityProvider>::byte(EpochIndex(1), LicenseId(1)));
        assert_eq!(byte, None);
        let supply = sim.ext.execute_with(ratio1_runtime::facts::supply);
        assert_eq!(supply.outstanding, 0);
    }
}

/// Honest ballots of whoever has a seat, with the license's own noise, for the last ended epoch.
fn cast_honestly(sim: &mut Sim, voters: &[VotePair], epoch: EpochIndex) -> EpochState {
    let round = sim.round(epoch).expect("the epoch just ended");
    let ballots: Vec<_> = voters
        .iter()
        .zip(1u8..)
        .map(|(voter, salt)| {
            let bytes: Vec<u8> = (0..round.frozen.licenses).map(|l| if l == 0 { 0 } else { 255 - salt }).collect();
            (voter.clone(), ballot(&round, salt, 255, &bytes))
        })
        .collect();
    sim.cast(epoch, &ballots);
    sim.ext.execute_with(|| Availability::epoch_info(epoch).state)
}

/// Governance removes an oracle while the epoch runs: it loses its say at once, and the others settle without it.
#[test]
fn an_epoch_settles_without_an_oracle_that_was_removed_in_it() {
    for oracles in 2..=7u32 {
        let mut sim = Sim::new(shape(oracles));
        sim.run_to_epoch(1);
        let removed = sim.oracles[0].clone();
        let remove = RuntimeCall::from(pallet_oracles::Call::remove { license: LicenseId(1) });
        sim.as_root(remove).expect("the set stays above its minimum");
        sim.run_to_epoch(2);

        let epoch = EpochIndex(1);
        let round = sim.round(epoch).unwrap();
        assert_eq!(round.frozen.oracles(), oracles - 1);
        assert!(round.frozen.seats.iter().all(|seat| seat.oracle != removed.id()));
        let everybody: Vec<VotePair> = sim.oracles.iter().map(|o| o.vote.clone()).collect();
        assert!(sim.vote(&everybody[0], epoch, Vote::Commit(Default::default())).is_none());
        assert_eq!(cast_honestly(&mut sim, &everybody[1..], epoch), EpochState::Finalised);

        // It never comes back, by itself or by anyone.
        let admit = RuntimeCall::from(pallet_oracles::Call::admit { license: LicenseId(1) });
        assert!(sim.as_root(admit).is_err());
    }
}

/// Keys rotate in the window: what is frozen counts, and the new key votes from the first epoch it was active in.
#[test]
fn frozen_keys_vote_when_session_keys_rotate_in_the_window() {
    let mut sim = Sim::new(shape(4));
    sim.run_to_epoch(2);
    let old: Vec<VotePair> = sim.oracles.iter().map(|o| o.vote.clone()).collect();
    let mut new = old.clone();

    let rotating = sim.oracles[1].clone();
    let rotated = sim.register_new_keys(&rotating, LicenseId(2), "//Rotated");
    assert_eq!(rotated, Ok(Ok(())));
    new[1] = VotePair::from_string("//Rotated", None).unwrap();

    // Epoch 1 was frozen before: the old key votes, whatever sessions pass.
    assert!(sim.vote(&new[1], EpochIndex(1), Vote::Commit(Default::default())).is_none());
    assert_eq!(cast_honestly(&mut sim, &old, EpochIndex(1)), EpochState::Finalised);

    // The new key became active within epoch 2, whose set is frozen with the keys active at its end.
    sim.run_to_epoch(3);
    let round = sim.round(EpochIndex(2)).unwrap();
    assert_eq!(round.frozen.oracles(), 4);
    assert!(round.frozen.seats.iter().any(|seat| seat.vote_key == new[1].public()));
    assert_eq!(cast_honestly(&mut sim, &new, EpochIndex(2)), EpochState::Finalised);
}

fn any_case() -> impl Strategy<Value = Case> {
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..Default::default() })]

    #[test]
    fn every_byte_is_honest_in_random_large_cases(case in any_case()) {
        let edges = case.truth.len() as u32 - 1 - case.oracles;
        let mut sim = Sim::new(Shape { edges, ..shape(case.oracles) });
        prop_assert_eq!(run(&mut sim, EpochIndex(1), &case), EpochState::Finalised);
        assert_within_honest_range(&mut sim, EpochIndex(1), &case);
    }
}
