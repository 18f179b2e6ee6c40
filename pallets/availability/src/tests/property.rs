//! apBFT against random oracles: whatever at most `f` of them do, an epoch is finalised inside the honest range, and
//! to exactly what a naive model computes.

use super::*;
use proptest::prelude::*;
use ratio1_primitives::{apbft, ballot::Ballot};

/// What a faulty oracle does.
#[derive(Clone, Debug)]
enum Fault {
    Silent,
    OnlyCommits,
    OnlyHeader,
    Garbage,
    Lies(Vec<u8>, u8),
    Deaf,
}

fn fault(licenses: usize) -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Silent),
        Just(Fault::OnlyCommits),
        Just(Fault::OnlyHeader),
        Just(Fault::Garbage),
        (proptest::collection::vec(any::<u8>(), licenses), any::<u8>()).prop_map(|(b, c)| Fault::Lies(b, c)),
        (proptest::collection::vec(Just(255u8), licenses), Just(255)).prop_map(|(b, c)| Fault::Lies(b, c)),
        Just(Fault::Deaf),
    ]
}

const LICENSES: usize = 20;

#[derive(Clone, Debug)]
struct Case {
    n: u8,
    faulty: Vec<(u8, Fault)>,
    honest: Vec<Vec<u8>>,
}

fn case() -> impl Strategy<Value = Case> {
    (1u8..=13).prop_flat_map(|n| {
        let f = apbft::faults(n.into()) as usize;
        let ids: Vec<u8> = (0..n).collect();
        let faulty = proptest::sample::subsequence(ids, 0..=f)
            .prop_flat_map(|ids| ids.into_iter().map(|id| (Just(id), fault(LICENSES))).collect::<Vec<_>>());
        let honest = proptest::collection::vec(proptest::collection::vec(any::<u8>(), LICENSES), usize::from(n));
        (Just(n), faulty, honest).prop_map(|(n, faulty, honest)| Case { n, faulty, honest })
    })
}

/// Honest oracles hear each other, and differ about everybody else.
fn honest_bytes(case: &Case, i: u8) -> Vec<u8> {
    let mut bytes = case.honest[usize::from(i)].clone();
    for other in 0..case.n {
        if !case.faulty.iter().any(|(id, _)| *id == other) {
            bytes[usize::from(other)] |= 250;
        }
    }
    bytes
}

/// The ballots that are complete in the end, and whether they come from an honest oracle.
fn play(case: &Case) -> Vec<(u8, Ballot, bool)> {
    let mut complete = Vec::new();
    let mut later: Vec<(u8, Ballot, Option<Fault>)> = Vec::new();
    for i in 0..case.n {
        let fault = case.faulty.iter().find(|(id, _)| *id == i).map(|(_, fault)| fault.clone());
        let b = match &fault {
            Some(Fault::Silent) => continue,
            Some(Fault::Garbage) => {
                vote(1, i.into(), Vote::Commit(ratio1_primitives::Hash::repeat_byte(i))).unwrap();
                continue;
            }
            Some(Fault::Lies(bytes, coverage)) => ballot_with_coverage(1, bytes, *coverage),
            Some(Fault::Deaf) => ballot_with_coverage(1, &[0; LICENSES], 0),
            _ => ballot(1, &honest_bytes(case, i)),
        };
        commit(1, i.into(), &b);
        later.push((i, b, fault));
    }
    run_to_phase(1, Some(Phase::Reveal));
    for (i, b, fault) in later {
        match fault {
            Some(Fault::OnlyCommits) => {}
            Some(Fault::OnlyHeader) => {
                vote(1, i.into(), Vote::Header(b.header.clone())).unwrap();
            }
            _ => {
                reveal(1, i.into(), &b);
                complete.push((i, b, fault.is_none()));
            }
        }
    }
    run_to_phase(1, None);
    complete
}

/// Settlement as the protocol words it, without regard to cost.
fn model(n: u8, complete: &[(u8, Ballot, bool)]) -> Vec<u8> {
    let byte = |b: &Ballot, k: usize| b.pages[k / 1_024][k % 1_024];
    let counts = |(i, b, _): &&(u8, Ballot, bool)| {
        let k = usize::from(*i);
        let confirmed = complete.iter().filter(|(_, other, _)| byte(other, k) >= 250).count() as u32;
        b.header.coverage >= 250 && byte(b, k) >= 250 && confirmed > apbft::faults(n.into())
    };
    let eligible: Vec<_> = complete.iter().filter(counts).collect();
    (0..LICENSES)
        .map(|k| {
            let mut column: Vec<u8> = eligible.iter().map(|(_, b, _)| byte(b, k)).collect();
            column.sort();
            column[(column.len() - 1) / 2]
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..Default::default() })]

    #[test]
    fn result_is_within_the_honest_range_when_at_most_f_are_faulty(case in case()) {
        at_first_round(case.n, LICENSES as u32, || {
            let complete = play(&case);
            assert_eq!(state(1), EpochState::Finalised, "not finalised");
            let result = credited(1);
            assert_eq!(result, model(case.n, &complete));
            for (k, byte) in result.iter().enumerate() {
                let honest = || complete.iter().filter(|(_, _, honest)| *honest).map(|(_, b, _)| b.pages[0][k]);
                assert!(honest().min() <= Some(*byte) && Some(*byte) <= honest().max(), "license {k}");
            }
        });
    }
}
