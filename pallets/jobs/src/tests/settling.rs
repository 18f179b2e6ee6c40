//! Closed epochs: what fails, what lapses, and in which order they may come.

use super::*;

/// Whether a service whose first epochs had these bytes has failed, and after how many of them.
fn fails_after(bytes: &[u8]) -> Option<usize> {
    run(2, || {
        let Served { id, index, .. } = served(30);
        for (n, byte) in (0..).zip(bytes) {
            run_closing(FIRST + n + 1, &[]);
            close_epoch(FIRST + n, &[(index, *byte)]);
            next_block();
            let service = service(index);
            match service.left {
                Some(left) => {
                    assert_eq!(left.last, e(FIRST + n + 1));
                    // The first epoch was not served as a whole.
                    let shown = bytes.iter().take(n as usize).skip(1).any(|byte| *byte >= THRESHOLD);
                    let failed = shown.then_some((service.license.0, Outcome::Failed));
                    assert_eq!(noted(), failed.into_iter().collect::<Vec<_>>());
                    assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
                    return Some(n as usize + 1);
                }
                None => assert_eq!(slot_of(id).state, SlotState::Running { index }),
            }
        }
        assert_eq!(noted(), vec![]);
        None
    })
}

#[test]
fn service_fails_when_an_epoch_is_below_half() {
    assert_eq!(fails_after(&[127]), Some(1));
    assert_eq!(fails_after(&[128, 255, 255]), None);
    assert_eq!(fails_after(&[255, 255, 127]), Some(3));
    assert_eq!(fails_after(&[0]), Some(1));
}

#[test]
fn service_fails_when_two_epochs_in_a_row_are_below_the_threshold() {
    assert_eq!(fails_after(&[THRESHOLD - 1, THRESHOLD - 1]), Some(2));
    assert_eq!(fails_after(&[THRESHOLD - 1, THRESHOLD, THRESHOLD - 1]), None);
    assert_eq!(fails_after(&[THRESHOLD, THRESHOLD, THRESHOLD]), None);
    assert_eq!(fails_after(&[255, 249, 249]), Some(3));
}

#[test]
fn service_fails_when_five_epochs_are_under_ninety_percent_on_average() {
    // 1147 of 1275 is just less than 90 %, 1148 just more.
    assert_eq!(fails_after(&[213, 255, 213, 255, 211]), Some(5));
    assert_eq!(fails_after(&[213, 255, 213, 255, 212]), None);
    // Not before five are known.
    assert_eq!(fails_after(&[128, 255, 128, 255]), None);
    // The last five: an old bad one counts no more.
    assert_eq!(fails_after(&[130, 255, 255, 255, 255, 213, 255]), None);
    assert_eq!(fails_after(&[255, 255, 130, 255, 200, 255, 255]), Some(5));
}

#[test]
fn failure_moves_no_reputation_when_the_slot_does_not_count() {
    run(2, || {
        let mut chosen = request();
        chosen.selectors.include.try_push(LicenseId(1)).unwrap();
        let id = slot(ask(alice(), chosen), 0);
        let index = serve(id);
        assert!(!service(index).counts);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[(index, 0)]);
        next_block();
        assert!(service(index).left.is_some());
        run_dry();
        assert_eq!(noted(), vec![]);
    });
}

#[test]
fn byte_is_missing_when_the_service_was_not_voted_about() {
    // As if lapsed: nothing is paid, and nobody fails.
    run(1, || {
        let Served { job, id, index, .. } = served(3);
        run_to_epoch(FIRST + 1);
        Frozen::insert(e(FIRST), 0);
        close_epoch(FIRST, &[]);
        Checked::set(false);
        next_block();
        // It cannot be, so it is told.
        Logged::set(Vec::new());
        Checked::set(true);
        check();
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        run_dry();
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        assert!(gross == 2 * PRICE || gross == 3 * PRICE, "two epochs are paid, or that one is made good: {gross}");
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn lapsed_epoch_is_made_good_at_the_end() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(3);
        let license = server(id);
        run_closing(FIRST + 1, &[]);
        run_to_epoch(FIRST + 2);
        close_epoch(FIRST, &[]);
        lapse_epoch(FIRST + 1);
        next_block();
        has_event(Event::EndPostponed { slot: id, ends: e(FIRST + 4) });
        assert_eq!(service(index).ends, e(FIRST + 4));
        assert_eq!(slot_of(id).held, 3 * PRICE + DRAWS, "neither paid nor charged");
        run_closing(FIRST + 4, &[]);
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Completed));
        run_dry();
        let gross = earns(PRICE, first_ms, 255) + 2 * PRICE;
        assert_eq!(released(job), vec![(license, 0, gross)]);
        assert_eq!(job_of(job).ledger.returned, 3 * PRICE + DRAWS - gross);
    });
}

#[test]
fn several_lapsed_epochs_are_made_good_each() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(4);
        run_to_epoch(FIRST + 3);
        lapse_epoch(FIRST + 2);
        lapse_epoch(FIRST + 1);
        blocks(2);
        close_epoch(FIRST, &[]);
        assert_eq!(service(index).ends, e(FIRST + 6));
        run_dry();
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        assert_eq!(gross, earns(PRICE, first_ms, 255) + 3 * PRICE);
        assert_eq!(closed(job), Some(Closing::Served));
        assert_eq!(
            events().iter().filter(|event| matches!(event, Event::EndPostponed { slot, .. } if *slot == id)).count(),
            2
        );
    });
}

#[test]
fn lapsed_epoch_of_its_start_is_made_good_too() {
    run(1, || {
        let Served { job, .. } = served(2);
        run_to_epoch(FIRST + 1);
        lapse_epoch(FIRST);
        run_dry();
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        assert_eq!(gross, 2 * PRICE);
        assert_eq!(job_of(job).ledger.returned, DRAWS);
    });
}

#[test]
fn lapsed_epoch_is_put_off_at_its_own_price() {
    run(1, || {
        // Four R1 for two epochs, then two R1 for two more.
        let Served { job, id, first_ms, .. } = served(2);
        Rate::set(Ok(QUARTER * 2));
        assert_ok!(Jobs::extend(origin(alice()), job, 2, Balance::MAX));
        run_closing(FIRST + 4, &[]);
        assert!(matches!(slot_of(id).state, SlotState::Ended(_)), "without a lapse it ends here");
        run_dry();
        assert_eq!(released(job)[0].2, earns(PRICE, first_ms, 255) + PRICE + PRICE);
    });
    run(1, || {
        let Served { job, id, first_ms, .. } = served(2);
        Rate::set(Ok(QUARTER * 2));
        assert_ok!(Jobs::extend(origin(alice()), job, 2, Balance::MAX));
        let held = slot_of(id).held;
        assert_eq!(held, 6 * R1 * 2 + DRAWS);
        run_to_epoch(FIRST + 2);
        lapse_epoch(FIRST + 1);
        close_epoch(FIRST, &[]);
        next_block();
        assert_eq!(slot_of(id).ends(), e(FIRST + 5));
        assert_eq!(slot_of(id).held, held, "nothing is charged for it");
        run_dry();
        // It lapsed at four, and is made good at four.
        assert_eq!(released(job)[0].2, earns(PRICE, first_ms, 255) + PRICE / 2 * 2 + PRICE);
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn nothing_is_put_off_when_the_service_leaves_or_has_left() {
    // It resigned.
    run(2, || {
        let Served { id, index, .. } = served(5);
        run_to_epoch(FIRST + 1);
        resign(id);
        lapse_epoch(FIRST);
        next_block();
        assert_eq!(service(index).ends, e(FIRST + 2));
        assert_eq!(slot_of(id).ends(), e(FIRST + 5));
        run_dry();
    });
    // It was cancelled.
    run(1, || {
        let Served { job, id, index, .. } = served(5);
        run_to_epoch(FIRST + 1);
        assert_ok!(Jobs::cancel(origin(alice()), job));
        lapse_epoch(FIRST);
        next_block();
        assert_eq!(service(index).ends, e(FIRST + 2));
        assert_eq!(slot_of(id).ends(), e(FIRST + 2));
        run_dry();
    });
    // It is over.
    run(1, || {
        let Served { job, id, first_ms, .. } = served(2);
        run_to_epoch(FIRST + 2);
        next_block();
        assert!(matches!(slot_of(id).state, SlotState::Ended(_)));
        lapse_epoch(FIRST + 1);
        next_block();
        assert!(matches!(slot_of(id).state, SlotState::Ended(_)));
        run_dry();
        assert_eq!(job_of(job).ledger.returned, 2 * PRICE + DRAWS - earns(PRICE, first_ms, 255));
        assert!(!events().iter().any(|event| matches!(event, Event::EndPostponed { .. })));
    });
}

#[test]
fn nothing_is_put_off_into_epochs_that_are_closed_already() {
    // Its only epoch lapses when the one after it is void already, and before its end was noticed.
    run(1, || {
        let Served { job, .. } = served(1);
        block_after(2 * EPOCH_MS);
        assert_eq!(running(), e(FIRST + 2));
        lapse_epoch(FIRST);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
        assert_eq!(job_of(job).ledger.returned, PRICE + DRAWS);
    });
}

#[test]
fn slot_that_has_moved_is_paid_for_what_its_first_node_did_not_lapse() {
    // The epoch that lapses was served by a node that has left: returned, not made good.
    run(2, || {
        let Served { job, id, index, first_ms } = served(5);
        run_to_epoch(FIRST + 2);
        close_epoch(FIRST, &[(index, 10)]);
        next_block();
        let left = Now::get() - clock().epoch_start(e(FIRST + 2));
        assert!(service(index).left.is_some());
        bind(service(index).license.0);
        let other = serve(id);
        let rest = clock().epoch_start(service(other).first.plus(1)) - service(other).accepted;
        lapse_epoch(FIRST + 1);
        blocks(2);
        assert_eq!(slot_of(id).ends(), e(FIRST + 5));
        run_dry();
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        let expected = earns(PRICE, first_ms, 10) + earns(PRICE, left, 255) + earns(PRICE, rest, 255) + 2 * PRICE;
        assert_eq!(gross, expected);
    });
}

#[test]
fn thousand_void_epochs_are_made_good_in_few_steps() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(1_080);
        let license = server(id);
        run_closing(FIRST + 40, &[]);
        // The chain stands still.
        block_after(1_000 * EPOCH_MS);
        assert_eq!(running(), e(FIRST + 1_040));
        blocks(2);
        assert_eq!(slot_of(id).state, SlotState::Running { index }, "it is still served");
        // All between the epoch that ended with the halt and the running one.
        let ends = e(FIRST + 1_080 + 999);
        has_event(Event::EndPostponed { slot: id, ends });
        assert_eq!((service(index).ends, slot_of(id).ends()), (ends, ends));
        run_fast(ends.0);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
        assert!(released(job).iter().all(|(who, ..)| *who == license));
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        assert_eq!(gross, earns(PRICE, first_ms, 255) + 1_079 * PRICE);
        assert_eq!(job_of(job).ledger.returned, 1_080 * PRICE + DRAWS - gross);
    });
}

#[test]
fn epochs_are_made_good_when_a_halt_goes_beyond_the_end() {
    run(2, || {
        let Served { job, id, index, first_ms } = served(10);
        run_closing(FIRST + 5, &[]);
        block_after(1_000 * EPOCH_MS);
        blocks(3);
        // Four epochs were to come after the one in which it stopped, and are.
        assert_eq!(slot_of(id).ends(), e(FIRST + 1_009));
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        run_fast(FIRST + 1_009);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
        let gross: Balance = released(job).iter().map(|(_, _, gross)| gross).sum();
        assert_eq!(gross, earns(PRICE, first_ms, 255) + 9 * PRICE);
    });
}

#[test]
fn services_that_begin_after_a_long_halt_are_like_others() {
    run(1, || {
        block_after(5_000 * EPOCH_MS);
        LastFinalised::set(Some(e(FIRST + 4_999)));
        Measured::finalise(FIRST + 4_999, 0);
        let job = ask(alice(), request());
        serve(slot(job, 0));
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn epochs_may_be_closed_in_any_order() {
    let orders: [[u32; 4]; 4] = [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]];
    let bytes = [255u8, 240, 251, 230];
    let paid = orders.map(|order| {
        run(1, || {
            let Served { job, index, .. } = served(4);
            run_to_epoch(FIRST + 4);
            for n in order {
                close_epoch(FIRST + n, &[(index, bytes[n as usize])]);
                next_block();
            }
            run_dry();
            assert_eq!(closed(job), Some(Closing::Served));
            released(job)
        })
    });
    assert!(paid.iter().all(|each| *each == paid[0]), "{paid:?}");
    assert!(paid[0][0].2 > 0);
}

#[test]
fn later_period_waits_for_an_open_epoch_of_an_earlier_one() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(70);
        let license = server(id);
        run_closing(FIRST + 5, &[]);
        // Epoch FIRST + 4 stays unresolved for long.
        run_to_epoch(FIRST + 6);
        let hold_back = e(FIRST + 4);
        let close_others = || {
            open_epochs().into_iter().filter(|open| *open != hold_back).for_each(|open| close_epoch(open.0, &[]));
        };
        for epoch in FIRST + 7..FIRST + 64 {
            close_others();
            run_to_epoch(epoch);
        }
        assert_eq!(released(job), vec![], "periods are released in order");
        assert_eq!(free(&operator(license)), 0);
        close_epoch(FIRST + 4, &[(index, 240)]);
        blocks(3);
        let expected = [28 * PRICE + earns(PRICE, first_ms, 255) + earns(PRICE, EPOCH_MS, 240), 30 * PRICE];
        assert_eq!(released(job), vec![(license, 0, expected[0]), (license, 1, expected[1])]);
        run_dry();
        assert_eq!(released(job).len(), 3);
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn job_settles_only_when_its_last_open_epoch_is_closed() {
    run(1, || {
        let Served { job, index, .. } = served(3);
        run_to_epoch(FIRST + 20);
        [0, 2].into_iter().for_each(|n| close_epoch(FIRST + n, &[]));
        blocks(3);
        assert_eq!(job_of(job).state, JobState::Settling);
        assert_eq!(on_hold(&alice()), 3 * PRICE);
        assert!(Services::<Test>::contains_key(index));
        lapse_epoch(FIRST + 1);
        blocks(3);
        assert_eq!(closed(job), Some(Closing::Served));
        assert_eq!(on_hold(&alice()), 0);
    });
}

#[test]
fn settling_goes_on_over_blocks_when_they_are_full() {
    run(64, || {
        let parameters = Parameters { work_share: sp_runtime::Percent::from_percent(5), ..Default::default() };
        assert_ok!(Jobs::set_parameters(RuntimeOrigin::root(), parameters));
        let job = ask(alice(), JobRequest { nodes: 64, epochs: 3, ..request() });
        blocks(12);
        let indices = serve_all(job);
        run_closing(FIRST + 1, &[]);
        // All fail at once.
        let bytes: Vec<(u32, u8)> = indices.iter().map(|index| (*index, 1)).collect();
        close_epoch(FIRST, &bytes);
        let mut waited = 0;
        let failed = || {
            let left = |event: &Event<Test>| matches!(event, Event::ServiceEnded { why: Leaving::Failed, .. });
            events().iter().filter(|event| left(event)).count()
        };
        while failed() < 64 {
            next_block();
            waited += 1;
            assert!(waited < 60, "{} of 64 have failed", failed());
        }
        run_dry();
        assert!(closed(job).is_some());
    });
}

#[test]
fn nothing_moves_when_a_block_has_no_room_and_everything_later() {
    run(2, || {
        let Served { job, .. } = served(2);
        run_to_epoch(FIRST + 2);
        PollLimit::set(<() as WeightInfo>::poll());
        [0, 1].into_iter().for_each(|n| close_epoch(FIRST + n, &[]));
        run_to_epoch(FIRST + 8);
        PollLimit::set(Weight::MAX);
        run_dry();
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

/// The epochs that lapse go beyond the end of a slot that cannot be put off.
#[test]
fn slot_ends_in_time_when_it_has_too_many_prices_to_be_put_off() {
    run(1, || {
        let job = ask(alice(), request());
        let id = slot(job, 0);
        let index = serve(id);
        for n in 1..MAX_TERMS {
            let rate = QUARTER - QUARTER / 100 * Balance::from(n);
            Rate::set(Ok(rate));
            Jobs::extend(origin(alice()), job, 1, Balance::MAX).unwrap();
        }
        let ends = slot_of(id).ends();
        assert_eq!(ends, e(FIRST + 10 + MAX_TERMS - 1));
        run_closing(FIRST + 2, &[]);
        block_after(1_000 * EPOCH_MS);
        next_block();
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Completed));
        assert_eq!(service(index).last(), ends.minus(1));
        run_dry();
    });
}
