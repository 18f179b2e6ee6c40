//! What can be asked: that it is true.

use super::*;
use ratio1_primitives::api::AssignmentState;

#[test]
fn job_is_told_with_its_money() {
    run(3, || {
        let asked = JobRequest { nodes: 2, ..request() };
        let job = ask(alice(), asked.clone());
        blocks(5);
        let first = (0..2).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).unwrap();
        accept(first);
        let info = Jobs::job(job).unwrap();
        assert_eq!((info.id, info.job.clone(), info.request), (job, job_of(job), Some(asked)));
        assert_eq!((info.held, info.spent, info.prices), (20 * PRICE + 2 * DRAWS, 0, vec![PRICE]));
        assert_eq!((info.counts.running, info.counts.offered), (1, 1));
        // What it says would be returned is what is returned.
        let before = free(&alice());
        assert_ok!(Jobs::cancel(origin(alice()), job));
        assert_eq!(free(&alice()) - before, info.refundable);
        run_dry();
        let info = Jobs::job(job).unwrap();
        assert_eq!((info.held, info.request, info.refundable), (0, None, 0));
        assert_eq!(info.spent, info.job.ledger.paid + info.job.ledger.burned);
        assert_eq!(Jobs::job(JobId(9)), None);
    });
}

#[test]
fn refund_is_foretold_at_every_stage() {
    for wait in [0u32, 3, 4, 5, 12, 21, 45, 62] {
        run(2, || {
            let job = ask(alice(), JobRequest { nodes: 2, epochs: 3, ..request() });
            for _ in 0..wait {
                next_block();
                if wait > 5 && Slots::<Test>::contains_key(job, 0) && offered(slot(job, 0)).is_some() {
                    accept(slot(job, 0));
                }
            }
            let (info, before) = (Jobs::job(job).unwrap(), free(&alice()));
            if Jobs::cancel(origin(alice()), job).is_ok() {
                assert_eq!(free(&alice()) - before, info.refundable, "{wait} blocks after");
            } else {
                assert_eq!(info.refundable, 0);
            }
        });
    }
}

#[test]
fn jobs_of_an_account_are_listed_from_a_number() {
    run(1, || {
        let jobs: Vec<JobId> = (0..5).map(|_| ask(alice(), request())).collect();
        ask(bob(), request());
        let ids = |from| Jobs::jobs_of(alice(), JobId(from)).into_iter().map(|info| info.id).collect::<Vec<_>>();
        assert_eq!(ids(0), jobs);
        assert_eq!(ids(3), jobs[3..]);
        assert_eq!(ids(6), vec![]);
        assert_eq!(Jobs::jobs_of(stranger(), JobId(0)), vec![]);
    });
}

#[test]
fn node_is_told_what_it_is_to_run() {
    run(1, || {
        assert_eq!(Jobs::work_of(LicenseId(0)), vec![]);
        let job = ask(alice(), request());
        let id = slot(job, 0);
        draw(id);
        let at = System::block_number();
        let work = Jobs::work_of(LicenseId(0));
        assert_eq!(work.len(), 1);
        assert_eq!((work[0].slot, work[0].request.clone()), (id, request()));
        // The last block in which it is told to accept is one in which it can.
        let AssignmentState::Offered { at: offered_at, left } = work[0].state else { panic!("{work:?}") };
        assert_eq!((offered_at, left), (at, Parameters::default().accept_blocks));
        blocks(left);
        let index = accept(id);
        let work = Jobs::work_of(LicenseId(0));
        let accepted = service(index).accepted;
        let ends = service(index).ends;
        assert_eq!(work[0].state, AssignmentState::Serving { index, accepted, ends });
        run_dry();
        assert_eq!(Jobs::work_of(LicenseId(0)), vec![]);
    });
}

#[test]
fn slot_is_told_with_its_services_and_its_draw_recomputed() {
    run(2, || {
        let Served { id, index, first_ms, .. } = served(5);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 200)]);
        next_block();
        let info = Jobs::slot(id).unwrap();
        let license = LicenseId(server(id));
        assert_eq!((info.license, info.owner), (Some(license), Some(operator(license.0))));
        assert_eq!((info.held, info.started, info.ends), (5 * PRICE + DRAWS, Some(e(FIRST)), e(FIRST + 5)));
        assert_eq!(info.services.len(), 1);
        let accrued = earns(PRICE, first_ms, 200);
        assert_eq!((info.services[0].index, info.services[0].accrued), (index, accrued));
        let drawn = Jobs::draw_of(id).unwrap();
        assert!(drawn.matches);
        assert_eq!(drawn.found, Some(license));
        assert!(drawn.coin < drawn.reputation.0);
        let earnings = Jobs::earnings(id, e(FIRST));
        assert_eq!(earnings.len(), 1);
        assert_eq!((earnings[0].license, earnings[0].index), (license, index));
        assert_eq!(earnings[0].byte, Some(200));
        assert_eq!(Jobs::slot(slot(JobId(9), 0)), None);
        assert_eq!(Jobs::draw_of(slot(JobId(9), 0)), None);
        assert_eq!(Jobs::earnings(id, e(FIRST - 1)), vec![]);
    });
}

#[test]
fn quote_is_refused_when_there_is_no_rate() {
    run(0, || {
        Rate::set(Err(PriceRefusal::Stale(e(1))));
        assert_eq!(Jobs::quote(Tier::Micro, None), Err(E::RateStale.into()));
        Rate::set(Err(PriceRefusal::Missing));
        assert_eq!(Jobs::quote(Tier::Micro, None), Err(E::RateMissing.into()));
    });
}

#[test]
fn jobs_are_listed_in_pages_when_there_are_many() {
    let parameters = Parameters { draw_blocks: 10, ..Default::default() };
    with_parameters(0, parameters).execute_with(|| {
        Checked::set(false);
        let mut mine = Vec::new();
        for n in 0..250u32 {
            mine.push(ask(alice(), JobRequest { tier: Tier::Micro, ..request() }));
            assert_ok!(Jobs::cancel(origin(alice()), mine[n as usize]));
            if n % 3 == 0 {
                let other = ask(bob(), request());
                assert_ok!(Jobs::cancel(origin(bob()), other));
            }
        }
        let (mut listed, mut from) = (Vec::new(), JobId(0));
        loop {
            let page: Vec<JobId> = Jobs::jobs_of(alice(), from).into_iter().map(|info| info.id).collect();
            assert!(page.len() <= MAX_LISTED);
            let Some(last) = page.last() else { break };
            from = JobId(last.0 + 1);
            listed.extend(page);
        }
        assert_eq!(listed, mine);
        check();
    });
}
