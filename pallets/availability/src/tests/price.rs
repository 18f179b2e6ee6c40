//! What is told besides bytes: the median of the prices, and which epochs bring nothing.

use super::*;
use frame_support::{
    dispatch::GetDispatchInfo,
    traits::Get,
    weights::{RuntimeDbWeight, Weight},
};
use proptest::prelude::*;
use ratio1_primitives::{
    apbft,
    ballot::{Ballot, Page},
    economics::price::{Price, BOUNDS, USD},
};

/// One ballot for each of the first seats, all alike but for the price.
fn naming(epoch: u32, licenses: usize, prices: &[Option<Price>]) -> Vec<(u16, Ballot)> {
    (0u16..).zip(prices).map(|(seat, price)| (seat, priced_ballot(epoch, &vec![255; licenses], *price))).collect()
}

/// Finalise epoch 1 of four oracles who name these prices, and say which was handed on.
fn median_of(prices: [Option<Price>; 4]) -> Option<Price> {
    let mut handed_on = None;
    at_first_round(4, 4, || {
        settle(1, &naming(1, 4, &prices));
        run_to_phase(1, None);
        assert_eq!(state(1), EpochState::Finalised);
        handed_on = match Priced::get()[..] {
            [] => None,
            [(epoch, median)] if epoch == e(1) => Some(median),
            ref other => panic!("handed on {other:?}"),
        };
    });
    handed_on
}

#[test]
fn median_price_is_the_lower_one_when_the_count_is_even() {
    assert_eq!(median_of([Some(4 * USD), Some(USD), Some(3 * USD), Some(2 * USD)]), Some(2 * USD));
    assert_eq!(median_of([Some(4 * USD), None, Some(3 * USD), Some(2 * USD)]), Some(3 * USD));
}

#[test]
fn price_is_none_when_too_few_name_one() {
    // Of four one may be faulty: three prices are needed.
    assert_eq!(median_of([Some(USD), Some(USD), None, None]), None);
    assert_eq!(median_of([None; 4]), None);
    for oracles in [1, 2, 3] {
        at_first_round(oracles, 4, || {
            let mut prices = vec![None; oracles.into()];
            prices[0] = Some(USD);
            settle(1, &naming(1, 4, &prices));
            assert_eq!(Priced::get(), [(e(1), USD)], "up to three tolerate no fault, so one price is enough");
        });
    }
}

#[test]
fn price_does_not_count_when_it_is_absurd() {
    for absurd in [0, 1, BOUNDS.0 - 1, BOUNDS.1 + 1, Price::MAX] {
        assert_eq!(median_of([Some(absurd), Some(USD), Some(2 * USD), None]), None, "{absurd}");
        assert_eq!(median_of([Some(absurd), Some(USD), Some(2 * USD), Some(3 * USD)]), Some(2 * USD), "{absurd}");
    }
    assert_eq!(median_of([Some(BOUNDS.0), Some(BOUNDS.0), Some(BOUNDS.1), None]), Some(BOUNDS.0));
}

#[test]
fn price_does_not_count_when_its_ballot_does_not() {
    at_first_round(4, 4, || {
        let mut ballots = naming(1, 4, &[Some(USD), Some(USD), Some(USD), None]);
        // Its node is confirmed by nobody, itself included.
        ballots[0].1 = priced_ballot(1, &[0, 255, 255, 255], Some(USD));
        settle(1, &ballots);
        assert_eq!(state(1), EpochState::Finalised);
        assert!(!Tallies::<Test>::get(e(1))[0].eligible);
        assert_eq!(Priced::get(), []);
    });
}

#[test]
fn price_comes_after_the_last_page_when_there_are_many() {
    at_first_round(3, 3 * 1_024, || {
        let page = <() as WeightInfo>::settle_page(3).saturating_mul(3) / 2;
        PollLimit::set(<() as WeightInfo>::poll(1).saturating_add(page));
        settle(1, &naming(1, 3 * 1_024, &[Some(USD); 3]));
        for pages in 0..3 {
            assert_eq!(Rounds::<Test>::get(e(1)).map(|round| round.price), Some(Some(USD)));
            assert_eq!((HandedOn::get().len(), Priced::get().len()), (pages, 0));
            block();
        }
        assert_eq!((HandedOn::get().len(), Priced::get()), (3, vec![(e(1), USD)]));
    });
}

#[test]
fn last_page_waits_when_the_budget_has_no_room_for_the_price() {
    at_first_round(3, 4, || {
        let ballots = naming(1, 4, &[Some(USD); 3]);
        ballots.iter().for_each(|(seat, ballot)| commit(1, *seat, ballot));
        run_to_phase(1, Some(Phase::Reveal));
        ballots.iter().for_each(|(seat, ballot)| reveal(1, *seat, ballot));
        let page = Weight::from_parts(1_000_000, 0);
        let needed =
            [<() as WeightInfo>::poll(1), <() as WeightInfo>::settle_page(3), page, PRICE_WEIGHT, FINALISED_WEIGHT];
        let needed = needed.into_iter().fold(Weight::zero(), |sum, part| sum.saturating_add(part));
        PollLimit::set(needed.saturating_sub(Weight::from_parts(1, 0)));
        blocks(3);
        assert_eq!(Rounds::<Test>::get(e(1)).map(|round| round.step), Some(Step::Median(0)));
        PollLimit::set(needed);
        block();
        assert_eq!(Priced::get(), [(e(1), USD)]);
    });
}

#[test]
fn prices_come_in_the_order_of_closing_when_a_later_epoch_is_first() {
    at_first_round(4, 4, || {
        // Epoch 1 lacks a quorum until its windows reopen, after epoch 2 is closed.
        settle(1, &naming(1, 4, &[Some(USD); 2]));
        assert_eq!(phase(1), Some(Phase::Commit));
        Rounds::<Test>::mutate(e(1), |round| {
            round.as_mut().unwrap().enter(Phase::Commit, 100, Polled::<Test>::get());
        });
        run_to_epoch(3);
        settle(2, &naming(2, 4, &[Some(2 * USD); 4]));
        assert_eq!(Priced::get(), [(e(2), 2 * USD)]);

        let late = naming(1, 4, &[None, None, Some(3 * USD), Some(4 * USD)]);
        late[2..].iter().for_each(|(seat, ballot)| commit(1, *seat, ballot));
        run_to_phase(1, Some(Phase::Reveal));
        late[2..].iter().for_each(|(seat, ballot)| reveal(1, *seat, ballot));
        run_to_phase(1, None);
        assert_eq!(Priced::get(), [(e(2), 2 * USD), (e(1), USD)]);
    });
}

#[test]
fn chosen_epoch_has_no_price_when_its_ballots_name_one() {
    at_first_round(4, 4, || {
        settle(1, &naming(1, 4, &[Some(USD); 2]));
        run_to_phase(1, Some(Phase::Unresolved));
        run_to_epoch(Availability::current().0 + parameters().governance_delay);
        let page = Page::try_from(vec![255; 4]).unwrap();
        assert_ok!(Availability::resolve_page(RuntimeOrigin::root(), e(1), 0, page));
        block();
        assert_eq!(Records::<Test>::get(e(1)).map(|record| record.ending), Some(Ending::Chosen));
        assert_eq!(Priced::get(), []);
        assert!(!Passed::get().iter().any(|(first, last)| *first <= e(1) && e(1) <= *last), "it was not lapsed");
    });
}

#[test]
fn epochs_without_result_are_told_once_each() {
    new_test_ext(4, 4).execute_with(|| {
        // With those before block 1.
        GenesisMoment::<Test>::put(START - 10 * EPOCH_MS);
        block();
        assert_eq!((Availability::current(), Passed::get()), (e(10), vec![]));
        blocks(20);
        assert_eq!(Passed::get(), [(e(0), e(10))]);

        // A halt at the end of an epoch.
        blocks(18);
        Now::mutate(|now| *now += 5 * EPOCH_MS);
        block();
        assert_eq!(Passed::get()[1..], [(e(12), e(15))]);

        // Nothing to vote about.
        Deeds::set_count(0);
        blocks(20);
        assert_eq!(Passed::get()[2..], [(e(16), e(16))]);

        // Governance.
        run_to_phase(11, Some(Phase::Unresolved));
        Now::mutate(|now| *now += u64::from(parameters().governance_delay) * EPOCH_MS);
        block();
        Passed::set(Vec::new());
        assert_ok!(Availability::lapse(RuntimeOrigin::root(), e(11)));
        assert_eq!(Passed::get(), [(e(11), e(11))]);
        assert_noop!(Availability::lapse(RuntimeOrigin::root(), e(11)), E::NotUnresolved);
        assert_eq!(Passed::get().len(), 1);
    });
}

#[test]
fn lapse_of_age_and_of_want_of_room_are_told() {
    at_first_round(0, 3, || {
        run_to_epoch(2 + MAX_ROUND_AGE);
        Passed::set(Vec::new());
        run_to_epoch(3 + MAX_ROUND_AGE);
        assert_eq!(Passed::get(), [(e(2), e(2))], "too old");
    });
    at_first_round(4, 3, || {
        for epoch in 2..=MAX_OPEN {
            let running = Running::<Test>::get().unwrap();
            let set = vec![account(0)];
            Availability::roll_over(running, e(epoch + 1), vec![seat(0)], voted(3), set, Polled::<Test>::get())
                .unwrap();
        }
        assert!(Open::<Test>::get().is_full());
        Passed::set(Vec::new());
        let running = Running::<Test>::get().unwrap();
        Availability::roll_over(running, e(MAX_OPEN + 2), vec![seat(0)], voted(3), vec![], Polled::<Test>::get())
            .unwrap();
        assert_eq!(Passed::get(), [(e(1), e(1))], "no room");
        // Let the clock catch up with those epochs.
        Now::mutate(|now| *now += u64::from(MAX_OPEN) * EPOCH_MS);
    });
}

#[test]
fn telling_is_paid_for_when_epochs_end_without_result() {
    let lapse = RuntimeCall::from(Call::lapse { epoch: e(1) }).get_dispatch_info().call_weight;
    assert_eq!(lapse, <() as WeightInfo>::lapse().saturating_add(LAPSE_WEIGHT));

    // An epoch does not end in a block that has no room for all that its end may bring.
    new_test_ext(1, 1).execute_with(|| {
        block();
        let oracles = ratio1_primitives::ballot::MAX_ORACLES;
        let reads =
            <<Test as frame_system::Config>::DbWeight as Get<RuntimeDbWeight>>::get().reads(2 * u64::from(oracles) + 1);
        let end = <() as WeightInfo>::roll_over(oracles).saturating_add(reads).saturating_add(LAPSE_WEIGHT * 2);
        let needed = <() as WeightInfo>::poll(0).saturating_add(end);
        PollLimit::set(needed.saturating_sub(Weight::from_parts(1, 0)));
        Now::mutate(|now| *now += EPOCH_MS);
        block();
        assert_eq!(Availability::current(), e(0));
        PollLimit::set(needed);
        block();
        assert_eq!((Availability::current(), Passed::get()), (e(1), vec![(e(0), e(0))]));
    });
}

/// What each of `n` oracles names: of at most `f` of them anything at all, of the others a sane price.
#[derive(Clone, Debug)]
struct Case {
    liars: Vec<usize>,
    prices: Vec<Option<Price>>,
}

fn case() -> impl Strategy<Value = Case> {
    let lie = prop_oneof![
        Just(None),
        Just(Some(0)),
        Just(Some(BOUNDS.0)),
        Just(Some(BOUNDS.1)),
        any::<Price>().prop_map(Some)
    ];
    (1usize..=13).prop_flat_map(move |n| {
        let f = apbft::faults(n as u32) as usize;
        let liars = proptest::sample::subsequence((0..n).collect::<Vec<_>>(), 0..=f);
        let honest = proptest::collection::vec((BOUNDS.0..=BOUNDS.1).prop_map(Some), n);
        let lies = proptest::collection::vec(lie.clone(), n);
        (liars, honest, lies).prop_map(|(liars, mut prices, lies)| {
            liars.iter().for_each(|i| prices[*i] = lies[*i]);
            Case { liars, prices }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..Default::default() })]

    #[test]
    fn median_price_lies_between_honest_ones_when_at_most_f_lie(case in case(), silent: bool) {
        let n = case.prices.len();
        at_first_round(n as u8, n as u32, || {
            let mut ballots = naming(1, n, &case.prices);
            if silent {
                // Liars who do not vote at all change nothing.
                ballots.retain(|(seat, _)| !case.liars.contains(&usize::from(*seat)));
            }
            settle(1, &ballots);
            run_to_phase(1, None);
            let honest = || (0..n).filter(|i| !case.liars.contains(i)).filter_map(|i| case.prices[i]);
            let [(_, median)] = Priced::get()[..] else { panic!("no price of {case:?}") };
            assert!(honest().min() <= Some(median) && Some(median) <= honest().max(), "{median} of {case:?}");
        });
    }

    #[test]
    fn median_price_is_within_the_honest_ones_or_none_when_some_honest_know_none(
        case in case(),
        ignorant in proptest::collection::vec(any::<bool>(), 13),
    ) {
        let n = case.prices.len();
        let prices = (0..n).map(|i| case.prices[i].filter(|_| case.liars.contains(&i) || !ignorant[i]));
        let prices: Vec<_> = prices.collect();
        let cast = |price| Some(Cast { coverage: 255, price, finalised: 0, revealed: 1, on_oracles: Default::default() });
        let casts: Vec<_> = prices.iter().copied().map(cast).collect();
        let tallies = vec![Tally { eligible: true, ..Default::default() }; n];
        if let Some(median) = crate::settle::median_price(&casts, &tallies) {
            let honest = || (0..n).filter(|i| !case.liars.contains(i)).filter_map(|i| prices[i]);
            prop_assert!(honest().min() <= Some(median) && Some(median) <= honest().max());
        }
    }
}
