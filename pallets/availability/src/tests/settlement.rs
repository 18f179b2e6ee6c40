//! Who is eligible, what the median is, and what happens without a quorum.

use super::*;
use frame_support::weights::Weight;
use ratio1_primitives::{api::Shortfall, ballot::Ballot};

fn eligible(epoch: u32) -> Vec<bool> {
    Tallies::<Test>::get(e(epoch)).iter().map(|tally| tally.eligible).collect()
}

#[test]
fn median_is_the_lower_one_when_the_count_is_even() {
    at_first_round(4, 6, || {
        let bytes = [[10, 20], [20, 10], [40, 40], [200, 0]];
        let ballots: Vec<_> = (0..4).map(|s| (s as u16, ballot(1, &[&[255; 4], &bytes[s][..]].concat()))).collect();
        settle(1, &ballots);
        assert_eq!(credited(1), [255, 255, 255, 255, 20, 10]);
        let strays: Vec<_> = Tallies::<Test>::get(e(1)).iter().map(|t| t.strays).collect();
        assert_eq!(strays, [2, 0, 2, 2]);
    });
}

#[test]
fn stray_is_counted_when_it_is_more_than_five_away() {
    at_first_round(3, 4, || {
        let ballots = [(0, ballot(1, &[255, 255, 255, 100])), (1, ballot(1, &[255, 255, 255, 105]))];
        let third = (2, ballot(1, &[255, 255, 255, 94]));
        settle(1, &[ballots[0].clone(), ballots[1].clone(), third]);
        let strays: Vec<_> = Tallies::<Test>::get(e(1)).iter().map(|t| t.strays).collect();
        assert_eq!((credited(1)[3], strays), (100, vec![0, 0, 1]));
    });
}

#[test]
fn ballot_does_not_count_when_its_coverage_is_low() {
    at_first_round(4, 5, || {
        let mut ballots = unanimous(1, 4, &[255, 255, 255, 255, 7]);
        ballots[2].1 = ballot_with_coverage(1, &[255, 255, 255, 255, 200], 249);
        settle(1, &ballots);
        assert_eq!(eligible(1), [true, true, false, true]);
        assert_eq!(credited(1)[4], 7);
        // It is shown, with its reason.
        let info = Availability::epoch_info(e(1));
        assert_eq!((info.ballots[2].coverage, info.ballots[2].complete), (Some(249), true));
        assert_eq!(Availability::reported_bytes(e(1), LicenseId(4))[2], (account(2), 200, false));
    });
}

#[test]
fn ballot_does_not_count_when_nobody_confirms_its_node() {
    at_first_round(4, 4, || {
        let mut ballots = unanimous(1, 4, &[255, 255, 255, 249]);
        ballots[3].1 = ballot(1, &[255; 4]);
        settle(1, &ballots);
        assert_eq!(eligible(1), [true, true, true, false]);
        assert_eq!(credited(1), [255, 255, 255, 249]);
    });
}

#[test]
fn ballot_does_not_count_when_it_denies_its_own_node() {
    at_first_round(4, 4, || {
        let mut ballots = unanimous(1, 4, &[255; 4]);
        ballots[3].1 = ballot(1, &[255, 255, 255, 0]);
        settle(1, &ballots);
        assert_eq!(eligible(1), [true, true, true, false]);
    });
}

#[test]
fn one_other_confirmation_suffices_when_one_may_be_faulty() {
    at_first_round(4, 4, || {
        let mut ballots = unanimous(1, 4, &[255, 255, 255, 0]);
        ballots[2].1 = ballot(1, &[255, 255, 255, 250]);
        ballots[3].1 = ballot(1, &[255, 255, 255, 250]);
        settle(1, &ballots);
        assert_eq!(eligible(1), [true; 4]);
        assert_eq!(credited(1)[3], 0);
    });
}

#[test]
fn incomplete_ballot_counts_for_nothing_when_the_window_closes() {
    at_first_round(4, 1_100, || {
        let ballots = unanimous(1, 4, &[255; 1_100]);
        ballots.iter().for_each(|(seat, ballot)| commit(1, *seat, ballot));
        block();
        ballots[..3].iter().for_each(|(seat, ballot)| reveal(1, *seat, ballot));
        let last = &ballots[3].1;
        assert_ok!(vote(1, 3, Vote::Header(last.header.clone())));
        let pages = RevealedPages::try_from(last.pages[..1].to_vec()).unwrap();
        assert_ok!(vote(1, 3, Vote::Pages { first: 0, pages }));
        run_to_phase(1, None);
        assert_eq!(eligible(1), [true, true, true, false]);
        assert_eq!(Availability::reported_bytes(e(1), LicenseId(0)).len(), 3);
        let record = Records::<Test>::get(e(1)).unwrap();
        assert_eq!((record.ending, record.complete, record.eligible), (Ending::Finalised, 3, 3));
    });
}

#[test]
fn all_pages_are_settled_when_there_are_many_licenses() {
    let licenses = 20 * 1_024 + 5;
    at_first_round(3, licenses, || {
        let bytes: Vec<u8> = (0..licenses).map(|i| if i < 3 { 255 } else { (i % 251) as u8 }).collect();
        settle(1, &unanimous(1, 3, &bytes));
        run_to_phase(1, None);
        assert_eq!(credited(1), bytes);
        assert_eq!(HandedOn::get().len(), 21);
        assert_eq!(HandedOn::get().last().unwrap().2.len(), 5);
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(licenses - 1)), Some(bytes[bytes.len() - 1]));
    });
}

#[test]
fn settling_is_spread_over_blocks_when_the_budget_is_small() {
    at_first_round(3, 20 * 1_024, || {
        // Each block: the poll, and a page or two.
        let page = <() as WeightInfo>::settle_page(3).saturating_mul(3) / 2;
        PollLimit::set(<() as WeightInfo>::poll(1).saturating_add(page));
        let ballots = unanimous(1, 3, &[255; 20 * 1_024]);
        settle(1, &ballots);
        let Round { phase, step, .. } = Rounds::<Test>::get(e(1)).unwrap();
        assert_eq!((phase, step), (Phase::Settling, Step::Median(0)));
        for pages in 1..20 {
            block();
            assert_eq!(Rounds::<Test>::get(e(1)).unwrap().step, Step::Median(pages));
            assert_eq!(state(1), EpochState::Voting(Phase::Settling));
            assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), None);
        }
        block();
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(HandedOn::get().iter().map(|(_, page, _)| *page).collect::<Vec<_>>(), (0..20).collect::<Vec<_>>());
    });
}

#[test]
fn a_round_half_settled_is_finished_first_when_an_older_one_settles() {
    at_first_round(1, 3 * 1_024, || {
        run_to_epoch(3);
        let all = [255; 3 * 1_024];
        PollLimit::set(<() as WeightInfo>::poll(2));
        // Round 2 is settled halfway, then round 1 is ready.
        settle(2, &unanimous(2, 1, &all));
        let frozen = FrozenSets::<Test>::get(e(2)).unwrap();
        let round = Rounds::<Test>::get(e(2)).unwrap();
        Availability::decide_eligibility(e(2), round, &frozen, 0).unwrap();
        Availability::settle_page(e(2), Rounds::<Test>::get(e(2)).unwrap(), &frozen, 0).unwrap();
        Rounds::<Test>::mutate(e(1), |round| round.as_mut().unwrap().enter(Phase::Commit, 10, Polled::<Test>::get()));
        settle(1, &unanimous(1, 1, &all));
        PollLimit::set(Weight::MAX);
        block();
        let order: Vec<_> = HandedOn::get().into_iter().map(|(epoch, page, _)| (epoch.0, page)).collect();
        assert_eq!(order, [(2, 0), (2, 1), (2, 2), (1, 0), (1, 1), (1, 2)]);
    });
}

/// Two of four vote, the others are silent.
fn half(epoch: u32) -> Vec<(u16, Ballot)> {
    unanimous(epoch, 2, &[255; 8])
}

#[test]
fn windows_reopen_when_two_of_four_are_missing_and_resume() {
    at_first_round(4, 8, || {
        settle(1, &half(1));
        // Three ballots were needed.
        let shortfall = Shortfall { quorum: 3, complete: 2, eligible: 2 };
        assert!(events().contains(&Event::EpochReopened { epoch: e(1), reopened: 1, shortfall }));
        assert_eq!(phase(1), Some(Phase::Commit));
        // Those who voted need not vote again, and cannot change it.
        assert_eq!(
            vote(1, 0, Vote::Commit(ratio1_primitives::Hash::zero())).unwrap_err(),
            refusals::code(E::AlreadyCommitted)
        );
        settle(1, &unanimous(1, 4, &[255; 8])[2..3]);
        run_to_phase(1, None);
        assert_eq!(state(1), EpochState::Finalised);
        assert_eq!(Records::<Test>::get(e(1)).unwrap().reopened, 1);
        assert_eq!(eligible(1), [true, true, true, false]);
    });
}

#[test]
fn committed_oracle_reveals_that_commit_when_the_windows_reopen() {
    at_first_round(4, 8, || {
        let ballots = unanimous(1, 4, &[255; 8]);
        commit(1, 3, &ballots[3].1);
        settle(1, &ballots[..2]);
        run_to_phase(1, Some(Phase::Commit));
        run_to_phase(1, Some(Phase::Reveal));
        let other = ballot(1, &[254; 8]);
        assert_eq!(vote(1, 3, Vote::Header(other.header)).unwrap_err(), refusals::code(E::HeaderMismatch));
        reveal(1, 3, &ballots[3].1);
        run_to_phase(1, None);
        assert_eq!(eligible(1), [true, true, false, true]);
    });
}

#[test]
fn epoch_is_unresolved_when_no_window_brings_a_quorum() {
    at_first_round(4, 8, || {
        settle(1, &half(1));
        run_to_phase(1, Some(Phase::Unresolved));
        let shortfall = Shortfall { quorum: 3, complete: 2, eligible: 2 };
        assert_eq!(state(1), EpochState::Unresolved(shortfall));
        let round = Rounds::<Test>::get(e(1)).unwrap();
        assert_eq!(round.reopened, parameters().reopenings);
        assert!(HandedOn::get().iter().all(|(epoch, _, _)| *epoch != e(1)));
        assert_eq!(Availability::finalised_byte(e(1), LicenseId(0)), None);
        assert!(!Availability::is_closed(e(1)));
        // It takes no more votes, and later epochs go on.
        assert_eq!(
            vote(1, 2, Vote::Commit(ratio1_primitives::Hash::zero())).unwrap_err(),
            refusals::code(E::NotCommitWindow)
        );
        let next = Availability::current().0;
        run_to_epoch(next + 1);
        settle(next, &unanimous(next, 4, &[255; 8]));
        assert_eq!(state(next), EpochState::Finalised);
        assert_eq!(Availability::oldest_open(), e(1));
    });
}

#[test]
fn epoch_is_unresolved_at_once_when_nothing_is_missing_but_eligibility() {
    at_first_round(4, 8, || {
        let mut ballots = unanimous(1, 4, &[255; 8]);
        for (_, b) in &mut ballots[..2] {
            *b = ballot_with_coverage(1, &[255; 8], 3);
        }
        settle(1, &ballots);
        assert_eq!(state(1), EpochState::Unresolved(Shortfall { quorum: 3, complete: 4, eligible: 2 }));
    });
}

#[test]
fn epoch_is_unresolved_at_once_when_there_is_no_oracle() {
    at_first_round(0, 8, || {
        assert_eq!(state(1), EpochState::Unresolved(Shortfall { quorum: 1, complete: 0, eligible: 0 }));
        assert_eq!(Availability::rounds()[0].frozen.seats.len(), 0);
    });
}

#[test]
fn reveal_window_has_room_for_three_times_the_ballots() {
    use ratio1_primitives::ballot::Frozen;
    let frozen = |n: u8, licenses| Frozen {
        seats: (0..n).map(seat).collect::<Vec<_>>().try_into().unwrap(),
        licenses,
        services: 0,
        params: Default::default(),
        gaps: Default::default(),
    };
    assert_eq!(Availability::reveal_window(&frozen(4, 10), 5), 5);
    // 100 ballots of 100 000 bytes and their headers: 10 MiB.
    assert_eq!(Availability::reveal_window(&frozen(100, 100_000), 5), 30);
}

#[test]
fn what_was_final_to_most_is_remembered_when_an_epoch_is_finalised() {
    use ratio1_primitives::{
        ballot::{Ballot, Summary},
        traits::AvailabilityProvider,
    };
    let known = |epoch| <Availability as AvailabilityProvider>::known(e(epoch));
    at_first_round(4, 5, || {
        let heights = [30, 10, 12, u32::MAX];
        let ballot = |finalised| Ballot::new(Summary { finalised, ..summary(1) }, &[255; 5], &[]).unwrap();
        let ballots: Vec<_> = (0u16..).zip(heights).map(|(seat, height)| (seat, ballot(height))).collect();
        assert_eq!(known(1), None);
        settle(1, &ballots);
        assert_eq!(known(1), Some(12), "the lower middle one of four: a liar's is not reached");
        // Not that of a ballot that does not count.
        run_to_epoch(3);
        let deaf = Ballot::new(Summary { finalised: 1, coverage: 0, ..summary(2) }, &[255; 5], &[]).unwrap();
        let other = |finalised| Ballot::new(Summary { finalised, ..summary(2) }, &[255; 5], &[]).unwrap();
        settle(2, &[(0, deaf), (1, other(40)), (2, other(41)), (3, other(42))]);
        assert_eq!(known(2), Some(41));
        // Nor is anything known of one that lapsed.
        run_to_epoch(4);
        run_to_phase(3, Some(Phase::Unresolved));
        run_to_epoch(8);
        assert_ok!(Availability::lapse(RuntimeOrigin::root(), e(3)));
        assert_eq!(known(3), None);
    });
}
