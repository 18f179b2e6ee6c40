//! The places of services in ballots.

use super::*;
use ratio1_primitives::{jobs::ServiceTerm, traits::ServiceInspect};

fn services() -> u32 {
    <Jobs as ServiceInspect>::services()
}

#[test]
fn service_is_told_to_oracles_from_its_acceptance() {
    run(1, || {
        assert_eq!((services(), Jobs::revisions(), Jobs::services_page(0)), (0, vec![], vec![]));
        let Served { id, index, .. } = served(3);
        assert_eq!((index, services()), (0, 1));
        let from = service(index).accepted + 15_000;
        let pages = Jobs::services_page(0);
        assert_eq!(pages.len(), 1);
        let ServiceTerm { until, .. } = pages[0];
        assert_eq!(pages[0], ServiceTerm { index, slot: id, license: LicenseId(0), from, until });
        assert!(until.is_none() || until == Some(clock().epoch_start(e(FIRST + 3))));
        assert_eq!(Jobs::services_page(1), vec![]);
    });
}

#[test]
fn revision_changes_when_a_service_begins_leaves_or_is_forgotten() {
    run(2, || {
        let mut seen = Vec::new();
        let mut page = Vec::new();
        let mut look = || {
            let revision = Jobs::revisions();
            let now = Jobs::services_page(0);
            if now != page {
                assert!(!seen.contains(&revision), "{revision:?} told of another page: {now:?}");
                page = now;
                seen.push(revision);
            }
        };
        let id = slot(ask(alice(), JobRequest { epochs: 2, ..request() }), 0);
        draw(id);
        accept(id);
        look();
        assert_ok!(Jobs::extend(origin(alice()), id.job, 1, Balance::MAX));
        look();
        next_block();
        look();
        resign(id);
        look();
        for _ in 0..400 {
            next_block();
            look();
            if let SlotState::Offered { .. } =
                Slots::<Test>::get(id.job, 0).map_or(SlotState::Drawing { draw: 0 }, |slot| slot.state)
            {
                accept(id);
                look();
            }
            open_epochs().into_iter().for_each(|open| close_epoch(open.0, &[]));
        }
        assert!(closed(id.job).is_some());
        assert_eq!(page, vec![], "all are forgotten");
        assert!(seen.len() >= 5, "{seen:?}");
    });
}

#[test]
fn index_is_used_again_only_when_all_its_epochs_are_closed() {
    run(1, || {
        let Served { job, index, .. } = served(1);
        run_to_epoch(FIRST + 6);
        // Its only epoch is open.
        let Served { index: second, job: other, .. } = {
            let job = ask(alice(), JobRequest { epochs: 1, ..request() });
            let index = serve(slot(job, 0));
            Served { job, id: slot(job, 0), index, first_ms: 0 }
        };
        assert_ne!(second, index);
        assert_eq!(services(), 2);
        assert!(Jobs::services_page(0).iter().any(|term| term.index == index), "it is remembered");
        close_epoch(FIRST, &[]);
        blocks(2);
        assert_eq!(closed(job), Some(Closing::Served));
        assert!(!Jobs::services_page(0).iter().any(|term| term.index == index));
        let third = serve(slot(ask(alice(), JobRequest { epochs: 1, ..request() }), 0));
        assert_eq!(third, index, "it is used again");
        assert_eq!(services(), 2, "and the page does not grow");
        run_dry();
        assert!(closed(other).is_some());
        assert_eq!(services(), 2, "it never shrinks");
    });
}

#[test]
fn no_two_services_of_an_epoch_share_an_index() {
    // Many short services; closing runs late. What each index meant in each open epoch must be unique.
    run(12, || {
        let mut meant: alloc::collections::BTreeMap<(u32, u32), (SlotRef, u64)> = Default::default();
        for round in 0..30u32 {
            for who in [alice(), bob(), carol()] {
                let job = ask(who, JobRequest { epochs: 1 + round % 2, ..request() });
                blocks(2);
                let _ = job;
            }
            for (id, n, slot) in Slots::<Test>::iter().collect::<Vec<_>>() {
                if matches!(slot.state, SlotState::Offered { .. }) {
                    accept(SlotRef { job: id, slot: n });
                }
            }
            blocks(6);
            for (index, service) in Services::<Test>::iter() {
                for epoch in open_epochs().into_iter().chain([running()]) {
                    let serves =
                        service.first <= epoch && service.left.map_or(epoch < service.ends, |left| epoch <= left.last);
                    if serves {
                        let this = (service.slot, service.accepted);
                        let before = *meant.entry((index, epoch.0)).or_insert(this);
                        assert_eq!(before, this, "index {index} in {epoch:?}");
                    }
                }
            }
            let open: Vec<_> = open_epochs();
            if open.len() > 3 {
                // The newest first.
                open.into_iter().rev().take(2).for_each(|epoch| close_epoch(epoch.0, &[]));
            }
        }
        assert!(meant.len() > 50, "{}", meant.len());
        run_dry();
        assert_eq!(Spare::<Test>::iter().count() as u32, SpareCount::<Test>::get());
        assert_eq!(SpareCount::<Test>::get(), Indices::<Test>::get(), "all are free in the end");
    });
}
