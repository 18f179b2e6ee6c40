use crate::fakes::*;
use ratio1_heartbeat::{
    ballots::{Outgoing, Voter},
    counts::EpochCounts,
    finality::Seen,
    ports::{NoPrice, NoTelemetry, PriceFeed, SubmitError},
    Store,
};
use ratio1_primitives::{
    api::BallotStatus,
    ballot::{Ballot, Phase, Summary, Vote},
    EpochIndex, Hash, LicenseId,
};
use std::{path::Path, sync::Arc};

/// After epoch 1.
fn now() -> u64 {
    at(2, 20)
}

fn counts() -> Arc<EpochCounts> {
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    (0..120).for_each(|slot| {
        counts.count(LicenseId(1), slot);
        counts.cover(slot);
    });
    Arc::new(counts)
}

fn voter(chain: &Arc<FakeChain>, dir: &Path) -> Voter {
    voter_with(chain, dir, Arc::new(NoPrice))
}

fn voter_with(chain: &Arc<FakeChain>, dir: &Path, prices: Arc<dyn PriceFeed>) -> Voter {
    let store = Arc::new(Store::open(dir, CHAIN).unwrap());
    Voter::new(chain.clone(), Arc::new(FakeKeys(1)), store, prices, Arc::new(NoTelemetry))
}

fn step(voter: &mut Voter, number: u32) -> Vec<Outgoing> {
    voter.next_votes(block(number), &[counts()], now()).unwrap().0
}

#[test]
fn ballot_is_cast_whole_when_nothing_goes_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[0, 1]);
    let mut voter = voter(&chain, dir.path());
    for age in 0..2 {
        chain.round(Phase::Commit, age, 50_000);
        assert!(step(&mut voter, 200 + age).is_empty(), "too early");
    }
    chain.round(Phase::Commit, 2, 50_000);
    let votes = step(&mut voter, 202);
    assert!(matches!(votes[..], [Outgoing { ref vote, .. }] if matches!(vote.vote, Vote::Commit(_)) && vote.seat == 1));
    chain.cast(&votes[0].vote);
    assert!(step(&mut voter, 203).is_empty(), "committed");

    chain.round(Phase::Reveal, 1, 50_000);
    assert!(step(&mut voter, 210).is_empty(), "too early");
    chain.round(Phase::Reveal, 2, 50_000);
    let votes = step(&mut voter, 211);
    assert!(matches!(votes[..], [Outgoing { ref vote, .. }] if matches!(vote.vote, Vote::Header(_))));
    chain.cast(&votes[0].vote);
    let mut calls = 0;
    for number in 212..220 {
        let votes = step(&mut voter, number);
        assert!(votes.len() <= 2);
        calls += votes.len();
        votes.iter().for_each(|vote| chain.cast(&vote.vote));
    }
    assert_eq!(calls, 4, "49 pages, 16 to a call");
    assert!(chain.state.lock().status[&(EpochIndex(1), 1)].missing.is_empty());
}

#[test]
fn same_ballot_is_revealed_when_the_node_restarts_after_the_commit() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    chain.round(Phase::Commit, 2, 10);
    let votes = step(&mut voter(&chain, dir.path()), 202);
    chain.cast(&votes[0].vote);
    // A new process; its memory of the epoch is gone, its disk is not. The chain checks header against commit.
    chain.round(Phase::Reveal, 2, 10);
    let mut voter = voter(&chain, dir.path());
    for number in 210..212 {
        let votes = voter.next_votes(block(number), &[], now()).unwrap().0;
        assert_eq!(votes.len(), 1);
        chain.cast(&votes[0].vote);
    }
    assert!(voter.next_votes(block(213), &[], now()).unwrap().0.is_empty());
    assert_eq!(chain.state.lock().status[&(EpochIndex(1), 0)].missing, Vec::<u32>::new());
}

#[test]
fn commit_is_the_same_when_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    chain.round(Phase::Commit, 2, 10);
    let first = step(&mut voter(&chain, dir.path()), 202).remove(0).vote;
    let mut voter = voter(&chain, dir.path());
    let second = step(&mut voter, 203).remove(0);
    assert_eq!(first.vote, second.vote.vote, "a restart changes nothing");
    assert!(step(&mut voter, 204).is_empty(), "under way");
    voter.note_outcome(second.id, Ok(()));
    let third = step(&mut voter, 206).remove(0);
    assert_eq!(third.vote.vote, first.vote);
    assert_eq!(third.vote.retry, second.vote.retry.wrapping_add(1), "another hash");
    voter.note_outcome(third.id, Err(SubmitError::AlreadyKnown));
    assert_eq!(step(&mut voter, 207).len(), 1, "at once, under another retry");
    chain.cast(&third.vote);
    assert!(step(&mut voter, 220).is_empty());
}

#[test]
fn oracle_abstains_when_the_chain_has_a_commit_it_does_not_know() {
    for stored in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let chain = FakeChain::new(&[1], &[1]);
        if stored {
            chain.round(Phase::Commit, 2, 10);
            assert_eq!(step(&mut voter(&chain, dir.path()), 202).len(), 1);
        }
        let foreign = BallotStatus { commit: Some(Hash::repeat_byte(9)), ..Default::default() };
        chain.state.lock().status.insert((EpochIndex(1), 0), foreign);
        let mut voter = voter(&chain, dir.path());
        for phase in [Phase::Commit, Phase::Reveal] {
            chain.round(phase, 5, 10);
            assert!(step(&mut voter, 210).is_empty());
        }
    }
}

#[test]
fn ballot_is_built_only_when_the_window_has_settled() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    let mut voter = voter(&chain, dir.path());
    for (age, licenses, built) in [(0, 3_000, false), (1, 10, false), (2, 10, true)] {
        chain.round(Phase::Commit, age, licenses);
        assert_eq!(step(&mut voter, 200 + age).len(), usize::from(built));
        assert_eq!(dir.path().join("ballots/1.ballot").exists(), built);
    }
}

/// A ballot about 3000 licenses is stored, and the chain then says 10.
#[test]
fn ballot_that_does_not_fit_is_replaced_unless_its_commit_may_be_out() {
    for submitted in [false, true] {
        let dir = tempfile::tempdir().unwrap();
        let chain = FakeChain::new(&[1], &[1]);
        {
            let store = Store::open(dir.path(), CHAIN).unwrap();
            let other = Ballot::new(Summary { epoch: EpochIndex(1), ..Default::default() }, &[1; 3_000], &[]).unwrap();
            store.replace_ballot(other).unwrap();
            if submitted {
                store.mark_submitted(EpochIndex(1)).unwrap();
            }
        }
        chain.round(Phase::Commit, 2, 10);
        let votes = step(&mut voter(&chain, dir.path()), 202);
        assert_eq!(votes.len(), usize::from(!submitted));
        votes.iter().for_each(|vote| chain.cast(&vote.vote));
        let store = Store::open(dir.path(), CHAIN).unwrap();
        let kept = store.ballot(EpochIndex(1)).unwrap().unwrap();
        assert_eq!(kept.pages[0].len(), if submitted { 1_024 } else { 10 });
        assert!(store.is_submitted(EpochIndex(1)).unwrap());
    }
}

#[test]
fn ballot_is_not_replaced_on_another_fork_once_its_commit_was_sent() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    let mut voter = voter(&chain, dir.path());
    chain.round(Phase::Commit, 2, 10);
    let first = step(&mut voter, 202).remove(0).vote;
    chain.round(Phase::Commit, 3, 11);
    assert!(step(&mut voter, 210).is_empty(), "another fork froze something else");
    chain.round(Phase::Commit, 4, 10);
    assert_eq!(step(&mut voter, 211).remove(0).vote.vote, first.vote, "back again");
}

#[test]
fn oracle_abstains_when_it_heard_nothing_or_the_epoch_still_runs() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    chain.round(Phase::Commit, 2, 10);
    let mut voter = voter(&chain, dir.path());
    assert!(voter.next_votes(block(202), &[], now()).unwrap().0.is_empty());
    assert!(voter.next_votes(block(203), &[counts()], at(1, 119)).unwrap().0.is_empty());
    assert_eq!(voter.next_votes(block(204), &[counts()], now()).unwrap().0.len(), 1);
}

#[test]
fn ballot_measures_services_over_several_pages() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    // Indices 7 and 2000 are free; 2047 began in the middle of the epoch and 1024 ended there; 1 has not begun.
    let middle = at(1, 60) - 250;
    let mut terms: Vec<_> = (0..2_500).filter(|index| ![7, 2_000].contains(index)).map(|i| term(i, 1, 0)).collect();
    terms.iter_mut().for_each(|term| match term.index {
        1 => term.from = at(2, 0),
        1_024 => term.until = Some(middle),
        2_047 => term.from = middle,
        _ => {}
    });
    chain.serve(&terms);
    let mut counts = Arc::unwrap_or_clone(counts());
    // 8 was not known here while the epoch ran, and 9 from its middle on.
    terms.iter().filter(|term| term.index != 8).for_each(|term| match term.index {
        9 => counts.know(term, middle),
        _ => counts.know(term, term.from),
    });
    (60..86).for_each(|slot| counts.count_service(9, slot));
    for slot in 0..26 {
        [0, 7, 1_023, 1_024, 2_000, 2_047, 2_499].iter().for_each(|index| counts.count_service(*index, slot));
    }
    let counts = [Arc::new(counts)];
    let mut voter = voter(&chain, dir.path());
    chain.round(Phase::Commit, 2, 10);
    chain.cast(&voter.next_votes(block(202), &counts, now()).unwrap().0[0].vote);
    // What the chain says of services later changes no ballot.
    chain.round(Phase::Reveal, 2, 10);
    chain.state.lock().services.clear();
    chain.cast(&voter.next_votes(block(210), &counts, now()).unwrap().0[0].vote);
    let Vote::Pages { first: 0, pages } = voter.next_votes(block(211), &counts, now()).unwrap().0.remove(0).vote.vote
    else {
        panic!("no pages")
    };
    assert_eq!(pages.iter().map(|page| page.len()).collect::<Vec<_>>(), [10, 1_024, 1_024, 452]);
    let bytes: Vec<u8> = pages[1..].iter().flat_map(|page| page.to_vec()).collect();
    // 26 of 112 slots, and of 52 where the term has half an epoch.
    let expected = |index| match index {
        0 | 1_023 | 2_499 => 59,
        1 | 8 => 255,
        9 | 1_024 => 127,
        _ => 0,
    };
    (0..2_500).for_each(|index| assert_eq!(bytes[index], expected(index), "{index}"));
    assert_eq!(chain.state.lock().service_reads, [0, 1, 2]);
}

#[test]
fn ballot_names_the_price_of_the_moment_it_is_built() {
    for known in [Some(250_000_000_000_000_000), None] {
        let dir = tempfile::tempdir().unwrap();
        let chain = FakeChain::new(&[1], &[1]);
        let prices = Arc::new(FakePrices::default());
        *prices.0.lock() = known;
        let mut voter = voter_with(&chain, dir.path(), prices.clone());
        chain.round(Phase::Commit, 2, 10);
        chain.cast(&step(&mut voter, 202)[0].vote);
        // What the price is later changes no ballot.
        *prices.0.lock() = Some(1);
        chain.round(Phase::Reveal, 2, 10);
        let Vote::Header(header) = step(&mut voter, 210).remove(0).vote.vote else { panic!("no header") };
        assert_eq!(header.price, known);
    }
}

#[test]
fn commit_stands_when_the_windows_are_reopened() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    let mut voter = voter(&chain, dir.path());
    chain.round(Phase::Commit, 2, 10);
    chain.cast(&step(&mut voter, 202)[0].vote);
    chain.round(Phase::Commit, 3, 10);
    chain.state.lock().rounds[0].reopened = 1;
    assert!(step(&mut voter, 230).is_empty());
    chain.round(Phase::Reveal, 3, 10);
    chain.state.lock().rounds[0].reopened = 1;
    chain.cast(&step(&mut voter, 240)[0].vote);
}

/// The chain's finalised head is at 100.
#[test]
fn ballot_says_what_was_final_when_the_epoch_ended_if_finality_stood_still_then() {
    for (height, last, expected) in [(90, 60, 90), (90, 110, 100), (90, 89, 90), (200, 60, 100)] {
        let dir = tempfile::tempdir().unwrap();
        let chain = FakeChain::new(&[1], &[1]);
        let mut voter = voter(&chain, dir.path());
        let mut counts = Arc::unwrap_or_clone(counts());
        counts.see(Seen { height, at: at(1, last) });
        let counts = [Arc::new(counts)];
        chain.round(Phase::Commit, 2, 10);
        chain.cast(&voter.next_votes(block(202), &counts, now()).unwrap().0[0].vote);
        chain.round(Phase::Reveal, 2, 10);
        let votes = voter.next_votes(block(210), &counts, now()).unwrap().0;
        let Vote::Header(header) = &votes[0].vote.vote else { panic!("no header") };
        assert_eq!(header.finalised, expected, "{height} at slot {last}");
    }
}

#[test]
fn ballot_leaves_out_slots_without_blocks() {
    let dir = tempfile::tempdir().unwrap();
    let chain = FakeChain::new(&[1], &[1]);
    let mut voter = voter(&chain, dir.path());
    // Node and oracle were up in all slots in which there were blocks.
    let mut counts = EpochCounts::new(EpochIndex(1), PARAMS);
    for slot in (0..20).chain(90..120) {
        counts.count(LicenseId(1), slot);
        counts.cover(slot);
    }
    let counts = [Arc::new(counts)];
    for phase in [Phase::Commit, Phase::Reveal, Phase::Reveal] {
        chain.round(phase, 2, 3);
        let mut state = chain.state.lock();
        let frozen = &mut state.rounds[0].frozen;
        frozen.gaps.add(20, 90);
        frozen.params.expected = 42;
        drop(state);
        let votes = voter.next_votes(block(202), &counts, now()).unwrap().0;
        match &votes[0].vote.vote {
            Vote::Commit(_) => {}
            Vote::Header(header) => assert_eq!(header.coverage, 255),
            Vote::Pages { pages, .. } => assert_eq!(pages[0][..], [0, 255, 0]),
        }
        chain.cast(&votes[0].vote);
    }
}
