//! Jobs from the request to the close, with their money.

use super::*;

#[test]
fn slot_is_served_to_its_end_paid_and_closed() {
    run(3, || {
        let start = money(&alice(), &alice());
        let Served { job, id, index, first_ms } = served(10);
        let license = server(id);
        let operator = operator(license);
        run_closing(FIRST + 10, &[]);
        // The tenth epoch is over: so is the service, at the first block of the next.
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Completed));
        let last = e(FIRST + 9);
        has_event(Event::ServiceEnded { slot: id, license: LicenseId(license), index, why: Leaving::Ended, last });
        has_event(Event::SlotEnded { slot: id, why: SlotEnd::Completed, returned: DRAWS });
        assert_eq!(service(index).left, Some(ServiceEnd { at: clock().epoch_start(e(FIRST + 10)), last }));
        assert_eq!(Reserved::get(license), None);
        assert_eq!(Assigned::<Test>::iter().count(), 0);
        assert_eq!((free(&operator), on_hold(&alice())), (0, 10 * PRICE));
        // Nothing is paid before two epochs have passed in which epochs can be rejected.
        run_closing(FIRST + 10 + REJECTION_EPOCHS, &[]);
        next_block();
        let gross = 9 * PRICE + earns(PRICE, first_ms, 255);
        assert_eq!(released(job), vec![(license, 0, gross)]);
        let burned = tax(gross);
        assert_eq!(free(&operator), gross - burned);
        assert_eq!(on_hold(&alice()), 0);
        assert_eq!(free(&alice()), start.free - FEE - gross);
        assert_eq!(Burned::get(), start.burned + FEE + burned);
        let deposited = 10 * PRICE + DRAWS;
        let ledger = Ledger { deposited, paid: gross - burned, burned, returned: deposited - gross };
        has_event(Event::JobClosed { job, closing: Closing::Served, ledger });
        assert_eq!(states(job), vec![JobState::Running, JobState::Settling, JobState::Closed(Closing::Served)]);
        assert_eq!(noted(), vec![], "ten epochs are no period");
        // Nothing is left but the job.
        assert_eq!(Slots::<Test>::iter().count(), 0);
        assert_eq!(Services::<Test>::iter().count(), 0);
        assert_eq!(Requests::<Test>::iter().count(), 0);
        assert_eq!(job_of(job).ledger, ledger);
        check();
    });
}

#[test]
fn nothing_is_paid_before_its_time() {
    run(1, || {
        let Served { id, .. } = served(10);
        let operator = operator(server(id));
        while free(&operator) == 0 {
            next_block();
            if clock().epoch_start(running()) + BLOCK_MS == Now::get() {
                open_epochs().into_iter().for_each(|open| close_epoch(open.0, &[]));
            }
        }
        assert_eq!(running(), e(FIRST + 10 + REJECTION_EPOCHS));
        assert!(Now::get() - clock().epoch_start(running()) <= 2 * BLOCK_MS, "and not later");
    });
}

#[test]
fn long_service_is_paid_after_every_thirty_epochs() {
    run(1, || {
        let Served { job, id, first_ms, .. } = served(65);
        let license = server(id);
        let gross = [29 * PRICE + earns(PRICE, first_ms, 255), 30 * PRICE, 5 * PRICE];
        for (n, due) in [(0usize, FIRST + 32), (1, FIRST + 62), (2, FIRST + 67)] {
            run_closing(due, &[]);
            let so_far = released(job);
            // The first block of the epoch may do it already.
            assert!(so_far.len() <= n + 1);
            // With the next epoch that is settled.
            open_epochs().into_iter().for_each(|open| close_epoch(open.0, &[]));
            next_block();
            let expected: Vec<_> = gross.iter().take(n + 1).zip(0..).map(|(gross, k)| (license, k, *gross)).collect();
            assert_eq!(released(job), expected, "in epoch {due}");
            assert!(so_far.len() >= n);
        }
        assert_eq!(closed(job), Some(Closing::Served));
        assert_eq!(noted().iter().filter(|(_, outcome)| *outcome == Outcome::Served).count(), 2, "two whole periods");
        let all: Balance = gross.iter().sum();
        assert_eq!(free(&alice()), FUNDS - FEE - all);
    });
}

#[test]
fn period_is_not_released_an_epoch_too_early() {
    run(1, || {
        let Served { job, .. } = served(65);
        run_closing(FIRST + 31, &[]);
        blocks(19);
        assert_eq!(running(), e(FIRST + 31));
        assert_eq!(released(job), vec![]);
    });
}

#[test]
fn node_earns_its_byte_of_every_epoch() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(5);
        let license = server(id);
        // None of these fails: every other one is full, and none is below half.
        let bytes = [200u8, 255, 230, 255, 240];
        for (n, byte) in (0..).zip(bytes) {
            run_closing(FIRST + n + 1, &[]);
            close_epoch(FIRST + n, &[(index, byte)]);
        }
        run_closing(FIRST + 8, &[]);
        let first = earns(PRICE, first_ms, bytes[0]);
        let gross = first + bytes[1..].iter().map(|byte| earns(PRICE, EPOCH_MS, *byte)).sum::<Balance>();
        run_dry();
        assert_eq!(released(job), vec![(license, 0, gross)]);
        assert_eq!(job_of(job).ledger.returned, 5 * PRICE + DRAWS - gross, "what was not earned is returned");
    });
}

#[test]
fn slot_moves_in_the_middle_and_both_nodes_are_paid() {
    run(2, || {
        let Served { job, id, index, first_ms } = served(6);
        let first = server(id);
        run_closing(FIRST + 2, &[]);
        // The second epoch had less than half.
        close_epoch(FIRST + 1, &[(index, 100)]);
        next_block();
        let failed_at = Now::get();
        let (left, last) = (failed_at - clock().epoch_start(e(FIRST + 2)), e(FIRST + 2));
        has_event(Event::ServiceEnded { slot: id, license: LicenseId(first), index, why: Leaving::Failed, last });
        assert_eq!(service(index).left, Some(ServiceEnd { at: failed_at, last }));
        assert_eq!(noted(), vec![], "nobody has served it through an epoch yet");
        assert_eq!(job_of(job).state, JobState::Degraded);
        assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }));
        assert_eq!(Reserved::get(first), None);
        // The other one takes over; make sure that it is the other one.
        bind(first);
        let second = draw(id);
        assert_ne!(second, first);
        let other = accept(id);
        assert_ne!(other, index, "an index serves once");
        let rest = rest_of_epoch();
        assert_eq!(service(other).first, e(FIRST + 2));
        assert_eq!(slot_of(id).ends(), e(FIRST + 6), "the slot keeps its end");
        run_dry();
        let one = earns(PRICE, first_ms, 255) + earns(PRICE, EPOCH_MS, 100) + earns(PRICE, left, 255);
        let two = earns(PRICE, rest, 255) + 3 * PRICE;
        let mut paid = released(job);
        paid.sort_by_key(|(license, ..)| *license != first);
        assert_eq!(paid, vec![(first, 0, one), (second, 0, two)]);
        assert_eq!(free(&operator(first)), one - tax(one));
        assert_eq!(free(&operator(second)), two - tax(two));
        assert_eq!(job_of(job).ledger.returned, 6 * PRICE + DRAWS - FEE - one - two);
        assert_eq!(
            states(job),
            vec![
                JobState::Running,
                JobState::Degraded,
                JobState::Running,
                JobState::Settling,
                JobState::Closed(Closing::Served)
            ]
        );
        assert_eq!(noted(), vec![(first, Outcome::Failed)], "the other one showed whose fault it was");
    });
}

#[test]
fn slot_that_finds_nobody_after_a_failure_returns_its_remainder() {
    run(1, || {
        let Served { job, id, index, first_ms } = served(20);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[(index, 0)]);
        next_block();
        let left = Now::get() - clock().epoch_start(e(FIRST + 1));
        bind(0);
        blocks(41);
        let now = running();
        // At once for what is to come, the rest when what was earned is paid.
        let returned = Balance::from(FIRST + 20 - now.0 - 1) * PRICE + DRAWS - FEE;
        has_event(Event::SlotEnded { slot: id, why: SlotEnd::NoCandidate, returned });
        assert_eq!(job_of(job).state, JobState::Settling);
        run_dry();
        let gross = earns(PRICE, first_ms, 0) + earns(PRICE, left, 255);
        assert_eq!(released(job).iter().map(|(_, _, gross)| gross).sum::<Balance>(), gross);
        assert_eq!(job_of(job).ledger.returned, 20 * PRICE + DRAWS - FEE - gross);
        assert_eq!(closed(job), Some(Closing::Served));
    });
}

#[test]
fn requester_may_pay_a_node_of_its_own() {
    run(1, || {
        Deeds::give(LicenseId(0), &alice());
        let Served { job, first_ms, .. } = served(2);
        run_closing(FIRST + 5, &[]);
        let gross = PRICE + earns(PRICE, first_ms, 255);
        assert_eq!(closed(job), Some(Closing::Served));
        assert_eq!(free(&alice()), FUNDS - FEE - tax(gross));
        assert_eq!(noted(), vec![], "and gains nothing else by it");
        check();
    });
}

#[test]
fn many_slots_of_one_job_are_counted_apart() {
    run(10, || {
        let job = ask(alice(), JobRequest { nodes: 8, epochs: 3, ..request() });
        let indices = serve_all(job);
        let first_ms = rest_of_epoch();
        assert_eq!(job_of(job).state, JobState::Running);
        assert_eq!(job_of(job).running, 8);
        let bytes: Vec<(u32, u8)> = indices.iter().map(|index| (*index, 250 - *index as u8)).collect();
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &bytes);
        run_dry();
        let gross: Balance = bytes.iter().map(|(_, byte)| earns(PRICE, first_ms, *byte) + 2 * PRICE).sum();
        assert_eq!(released(job).iter().map(|(_, _, gross)| gross).sum::<Balance>(), gross);
        assert_eq!(released(job).len(), 8);
        assert_eq!(job_of(job).ledger.returned, 24 * PRICE + 8 * DRAWS - gross);
    });
}

#[test]
fn services_are_settled_when_there_are_more_than_a_step_takes() {
    run(64, || {
        let jobs = [alice(), bob()].map(|who| ask(who, JobRequest { nodes: 64, epochs: 2, ..request() }));
        for job in jobs {
            blocks(10);
            serve_all(job);
        }
        assert!(Indices::<Test>::get() > 2 * SETTLE_CHUNK);
        let expected: Vec<Balance> = Services::<Test>::iter_values()
            .map(|service| {
                let first = clock().epoch_start(service.first.plus(1)) - service.accepted;
                earns(PRICE, first, 255) + PRICE
            })
            .collect();
        run_dry();
        let gross: Balance = jobs.iter().flat_map(|job| released(*job)).map(|(_, _, gross)| gross).sum();
        assert_eq!(gross, expected.iter().sum::<Balance>());
        assert!(jobs.iter().all(|job| closed(*job) == Some(Closing::Served)));
    });
}

#[test]
fn job_is_kept_and_numbers_never_return() {
    run(1, || {
        let first = ask(alice(), request());
        assert_ok!(Jobs::cancel(origin(alice()), first));
        assert_eq!(closed(first), Some(Closing::Cancelled));
        assert_eq!(ask(alice(), request()), JobId(1));
        assert_eq!(JobsOf::<Test>::iter_prefix(alice()).count(), 2);
    });
}
