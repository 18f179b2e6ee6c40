//! docs/protocol/availability.md#what-is-promised, on the real runtime and coverage meter: with at most `f` faulty
//! oracles, which need not even relay, and up to `n - 2f - 1` bad links for each honest one, every finalised byte lies
//! between the least and the greatest byte of the honest ballots, and the epoch is finalised. With more faults it may fail
//! to finalise, but no value is ever invented. Where none may be faulty (`n` of two or three) each must still hear one
//! other, so one link less may be bad.

mod cases;

use crate::common::{ballot, Shape, Sim};
use cases::{any_case, bad_links_allowed, case, fault_sets, worst_links, Case, Fault};
use proptest::prelude::*;
use ratio1_primitives::{
    apbft,
    api::{EpochState, RoundInfo},
    ballot::{Ballot, Phase, Vote},
    keys::pair::VotePair,
    traits::AvailabilityProvider,
    ClockParams, EpochIndex, EpochParams, LicenseId,
};
use ratio1_runtime::{Availability, RuntimeCall, UncheckedExtrinsic};
use sp_core::Pair;
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

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

fn shape(oracles: u32) -> Shape {
    // No reopening and room for late reveals: a case takes one epoch's windows.
    Shape { oracles, reopenings: 0, epoch_ms: 60_000, session_blocks: 6, ..Default::default() }
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
