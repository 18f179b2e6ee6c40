//! Adding epochs and nodes to jobs.

use super::*;

fn extend(who: AccountId, job: JobId, epochs: u32) -> Result<(), DispatchError> {
    let can = Jobs::can_extend(who.clone(), job, epochs, Balance::MAX);
    let done = plain(Jobs::extend(origin(who), job, epochs, Balance::MAX));
    assert_eq!(can, done);
    done
}

fn add(who: AccountId, job: JobId, nodes: u16, epochs: u32) -> Result<(), DispatchError> {
    let can = Jobs::can_add_nodes(who.clone(), job, nodes, epochs, Balance::MAX);
    let done = Jobs::add_nodes(origin(who), job, nodes, epochs, Balance::MAX);
    assert_eq!(can, done);
    done
}

fn each_refused(job: JobId, error: fn() -> E) {
    assert_noop!(extend(alice(), job, 1), error());
    assert_noop!(add(alice(), job, 1, 1), error());
}

#[test]
fn extension_holds_the_price_of_the_moment_and_puts_off_the_end() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(2);
        let before = money(&alice(), &alice());
        Rate::set(Ok(QUARTER / 2));
        assert_ok!(extend(alice(), job, 3));
        let held = 3 * 2 * PRICE;
        has_event(Event::Extended { job, epochs: 3, price: 2 * PRICE, held });
        let after = money(&alice(), &alice());
        assert_eq!((after.free, after.held), (before.free - held, before.held + held));
        assert_eq!(after.burned, before.burned, "nothing is drawn for it");
        assert_eq!((slot_of(id).ends(), service(index).ends), (e(FIRST + 5), e(FIRST + 5)));
        run_closing(FIRST + 5, &[]);
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Completed));
        run_dry();
        let gross = earns(PRICE, first_ms, 255) + PRICE + 3 * 2 * PRICE;
        assert_eq!(released(job), vec![(0, 0, gross)]);
        assert_eq!(job_of(job).ledger.deposited, 2 * PRICE + DRAWS + held);
    });
}

#[test]
fn extension_is_charged_for_the_slots_of_its_job() {
    run(3, || {
        let Served { job, .. } = served(2);
        assert_ok!(add(alice(), job, 2, 2));
        let weight = |result: frame_support::dispatch::DispatchResultWithPostInfo| match result {
            Ok(info) => info.actual_weight,
            Err(refused) => refused.post_info.actual_weight,
        };
        let three = Some(<() as WeightInfo>::extend(3));
        assert_eq!(weight(Jobs::extend(origin(alice()), job, 1, Balance::MAX)), three);
        assert_eq!(weight(Jobs::extend(origin(alice()), job, MAX_EPOCHS, Balance::MAX)), three);
        assert_eq!(
            weight(Jobs::extend(origin(alice()), JobId(9), 1, Balance::MAX)),
            Some(<() as WeightInfo>::extend(1))
        );
    });
}

#[test]
fn extension_in_the_last_epoch_keeps_the_service() {
    run(1, || {
        let Served { job, id, index, .. } = served(1);
        blocks(10);
        assert_ok!(extend(alice(), job, 1));
        run_closing(FIRST + 1, &[]);
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        run_closing(FIRST + 2, &[]);
        assert!(matches!(slot_of(id).state, SlotState::Ended(_)));
        run_dry();
    });
}

#[test]
fn extension_of_every_slot_counts_from_its_own_end() {
    run(3, || {
        let job = ask(alice(), JobRequest { nodes: 3, epochs: 2, ..request() });
        blocks(5);
        serve(slot(job, 0));
        blocks(15);
        assert_eq!(running(), e(FIRST + 1));
        serve(slot(job, 1));
        let before = money(&alice(), &alice());
        assert_ok!(extend(alice(), job, 4));
        assert_eq!(money(&alice(), &alice()).held, before.held + 12 * PRICE);
        assert_eq!(slot_of(slot(job, 0)).ends(), e(FIRST + 6));
        assert_eq!(slot_of(slot(job, 1)).ends(), e(FIRST + 7));
        assert_eq!((slot_of(slot(job, 2)).ends(), slot_of(slot(job, 2)).started), (e(6), None));
        check();
        run_dry();
    });
}

#[test]
fn extension_before_anybody_has_accepted_counts() {
    run(1, || {
        let job = ask(alice(), request());
        Rate::set(Ok(QUARTER / 2));
        assert_ok!(extend(alice(), job, 2));
        let id = slot(job, 0);
        let index = serve(id);
        let first = rest_of_epoch();
        assert_eq!(service(index).ends, e(FIRST + 12));
        assert_eq!(slot_of(id).held, 10 * PRICE + 4 * PRICE + DRAWS);
        run_dry();
        assert_eq!(released(job)[0].2, earns(PRICE, first, 255) + 9 * PRICE + 4 * PRICE);
        assert_eq!(job_of(job).ledger.returned, PRICE - earns(PRICE, first, 255) + DRAWS);
    });
}

#[test]
fn extension_leaves_ended_slots_alone() {
    run(2, || {
        bind(1);
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        blocks(5);
        let first = (0..2).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).unwrap();
        let other = slot(job, 1 - first.slot);
        accept(first);
        blocks(41);
        assert!(!Slots::<Test>::contains_key(job, other.slot), "nobody was found for it");
        let held = on_hold(&alice());
        assert_ok!(extend(alice(), job, 2));
        assert_eq!(on_hold(&alice()), held + 2 * PRICE);
        check();
    });
}

#[test]
fn extension_keeps_a_node_that_resigned_from_staying() {
    run(2, || {
        let Served { job, id, index, .. } = served(5);
        let first = server(id);
        resign(id);
        assert_ok!(extend(alice(), job, 5));
        assert_eq!(service(index).ends, e(FIRST + 1));
        assert_eq!(slot_of(id).ends(), e(FIRST + 10));
        run_to_epoch(FIRST + 1);
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        bind(first);
        let other = serve(id);
        assert_eq!(service(other).ends, e(FIRST + 10));
        run_dry();
    });
}

#[test]
fn extension_is_refused_when_it_is_out_of_bounds_or_not_the_owners() {
    run(1, || {
        assert_noop!(extend(alice(), JobId(0), 1), E::UnknownJob);
        let Served { job, .. } = served(1_000);
        assert_noop!(extend(bob(), job, 1), E::NotOwner);
        for nobody in [RuntimeOrigin::root(), RuntimeOrigin::none()] {
            assert_noop!(Jobs::extend(nobody, job, 1, Balance::MAX), DispatchError::BadOrigin);
        }
        assert_noop!(extend(alice(), job, 0), E::EpochsOutOfBounds);
        assert_noop!(extend(alice(), job, MAX_EPOCHS + 1), E::EpochsOutOfBounds);
        assert_noop!(extend(alice(), job, u32::MAX), E::EpochsOutOfBounds);
        // No more than 1080 in advance.
        assert_noop!(extend(alice(), job, 82), E::EpochsOutOfBounds);
        assert_ok!(extend(alice(), job, 80));
        // Those that are over make room again.
        run_fast(FIRST + 5);
        assert_ok!(extend(alice(), job, 4));
        assert_noop!(extend(alice(), job, 2), E::EpochsOutOfBounds);
    });
}

#[test]
fn changes_are_refused_when_the_job_is_over() {
    run(1, || {
        let Served { job, .. } = served(1);
        run_closing(FIRST + 1, &[]);
        next_block();
        each_refused(job, || E::JobEnded);
        run_dry();
        each_refused(job, || E::JobEnded);
    });
    run(1, || {
        let Served { job, .. } = served(5);
        assert_ok!(Jobs::cancel(origin(alice()), job));
        each_refused(job, || E::AlreadyCancelled);
    });
}

#[test]
fn changes_are_refused_when_the_account_or_the_rate_is_not_good() {
    run(1, || {
        let Served { job, .. } = served(5);
        for (refusal, error) in [
            (KycRefusal::NotAttested, (|| E::NotAttested) as fn() -> E),
            (KycRefusal::Expired(e(3)), || E::AttestationExpired),
            (KycRefusal::Revoked, || E::AttestationRevoked),
            (KycRefusal::CountryProhibited, || E::CountryProhibited),
        ] {
            Kyc::lapse(&alice(), refusal);
            each_refused(job, error);
        }
        Kyc::restore(&alice());
        Rate::set(Err(PriceRefusal::Missing));
        each_refused(job, || E::RateMissing);
        Rate::set(Err(PriceRefusal::Stale(e(3))));
        each_refused(job, || E::RateStale);
        Rate::set(Ok(QUARTER / 2));
        frame_support::assert_err_ignore_postinfo!(
            Jobs::extend(origin(alice()), job, 1, 2 * PRICE - 1),
            E::PriceAboveMaximum
        );
        assert_noop!(Jobs::add_nodes(origin(alice()), job, 1, 1, 2 * PRICE - 1), E::PriceAboveMaximum);
        assert_ok!(Jobs::extend(origin(alice()), job, 1, 2 * PRICE));
        assert_ok!(Jobs::add_nodes(origin(alice()), job, 1, 1, 2 * PRICE));
    });
}

#[test]
fn changes_are_refused_when_the_account_can_not_pay() {
    run(1, || {
        let Served { job, .. } = served(5);
        use frame_support::traits::{fungible::Mutate, tokens::Preservation};
        let keep = 3 * PRICE - 1;
        <Balances as Mutate<_>>::transfer(&alice(), &carol(), free(&alice()) - keep, Preservation::Expendable).unwrap();
        assert_noop!(extend(alice(), job, 3), E::InsufficientFunds);
        assert_noop!(add(alice(), job, 1, 3), E::InsufficientFunds);
        assert_noop!(add(alice(), job, 3, 1), E::InsufficientFunds);
        <Balances as Mutate<_>>::transfer(&carol(), &alice(), 1, Preservation::Expendable).unwrap();
        assert_ok!(extend(alice(), job, 3));
        assert_eq!(free(&alice()), 0);
    });
}

#[test]
fn extension_is_refused_when_there_are_too_many_prices() {
    run(1, || {
        let Served { job, id, .. } = served(1);
        for n in 1..MAX_TERMS {
            Rate::set(Ok(QUARTER + Balance::from(n)));
            assert_ok!(extend(alice(), job, 1));
        }
        assert_eq!(slot_of(id).terms.len(), MAX_TERMS as usize);
        Rate::set(Ok(QUARTER * 2));
        assert_noop!(extend(alice(), job, 1), E::TooManyTerms);
        // The last price again is no other one.
        Rate::set(Ok(QUARTER + Balance::from(MAX_TERMS - 1)));
        assert_ok!(extend(alice(), job, 1));
        // A lapsed epoch that cannot be put off is returned.
        Rate::set(Ok(QUARTER));
        run_to_epoch(FIRST + 1);
        lapse_epoch(FIRST);
        next_block();
        run_dry();
        assert!(closed(job).is_some());
    });
}

#[test]
fn added_nodes_are_drawn_and_paid_like_others() {
    run(4, || {
        let Served { job, first_ms, .. } = served(3);
        run_closing(FIRST + 1, &[]);
        Rate::set(Ok(QUARTER / 2));
        let before = money(&alice(), &alice());
        assert_ok!(add(alice(), job, 2, 5));
        let (price, held, fee) = (2 * PRICE, 2 * (5 * 2 * PRICE + DRAWS), 2 * FEE);
        has_event(Event::NodesAdded { job, first: 1, nodes: 2, epochs: 5, price, held, fee });
        let after = money(&alice(), &alice());
        assert_eq!((after.held, after.burned), (before.held + held, before.burned + fee));
        assert_eq!(after.free, before.free - held - fee);
        assert_eq!(job_of(job).state, JobState::Degraded);
        assert_eq!((job_of(job).slots, job_of(job).live), (3, 3));
        let added = [slot(job, 1), slot(job, 2)];
        let indices = added.map(serve);
        let began = rest_of_epoch();
        assert_eq!(job_of(job).state, JobState::Running);
        let licenses: alloc::collections::BTreeSet<u32> = (0..3).map(|n| server(slot(job, n))).collect();
        assert_eq!(licenses.len(), 3, "no license twice");
        assert!(indices.iter().all(|index| service(*index).ends == e(FIRST + 6)));
        run_dry();
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        let expected = earns(PRICE, first_ms, 255) + 2 * PRICE + 2 * (earns(price, began, 255) + 4 * price);
        assert_eq!(gross, expected);
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn added_nodes_are_refused_when_they_are_out_of_bounds() {
    run(2, || {
        assert_noop!(add(alice(), JobId(0), 1, 1), E::UnknownJob);
        let waiting = ask(alice(), request());
        assert_noop!(add(alice(), waiting, 1, 1), E::NotServedYet);
        let Served { job, .. } = served(5);
        assert_noop!(add(bob(), job, 1, 1), E::NotOwner);
        assert_noop!(Jobs::add_nodes(RuntimeOrigin::root(), job, 1, 1, Balance::MAX), DispatchError::BadOrigin);
        assert_noop!(Jobs::add_nodes(RuntimeOrigin::none(), job, 1, 1, Balance::MAX), DispatchError::BadOrigin);
        for nodes in [0, MAX_NODES as u16, u16::MAX] {
            assert_noop!(add(alice(), job, nodes, 1), E::NodesOutOfBounds);
        }
        for epochs in [0, MAX_EPOCHS + 1, u32::MAX] {
            assert_noop!(add(alice(), job, 1, epochs), E::EpochsOutOfBounds);
        }
        assert_ok!(add(alice(), job, MAX_NODES as u16 - 1, 1));
        assert_noop!(add(alice(), job, 1, 1), E::NodesOutOfBounds);
        check();
    });
}

#[test]
fn added_nodes_are_refused_when_too_few_are_included() {
    run(3, || {
        let mut chosen = request();
        chosen.selectors.include = vec![LicenseId(0), LicenseId(1)].try_into().unwrap();
        let job = ask(alice(), chosen);
        serve(slot(job, 0));
        assert_noop!(add(alice(), job, 2, 1), E::TooFewIncluded);
        assert_ok!(add(alice(), job, 1, 1));
        serve(slot(job, 1));
    });
}

#[test]
fn job_that_finds_no_added_nodes_goes_on_without() {
    run(1, || {
        let Served { job, id, index, .. } = served(10);
        assert_ok!(add(alice(), job, 2, 3));
        let held = on_hold(&alice());
        blocks(41 + 5);
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        assert_eq!(job_of(job).state, JobState::Running);
        assert_eq!(on_hold(&alice()), held - 6 * PRICE - 2 * DRAWS);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
    });
}
