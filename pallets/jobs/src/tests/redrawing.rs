//! A slot whose node must be replaced: what that costs, and who does not get it again.

use super::*;
use frame_support::BoundedVec;

/// A slot is offered, and nobody takes it, until it is drawn again. Whose node did not.
fn lapse(id: SlotRef) -> u32 {
    let license = draw(id);
    while offered(id).is_some() {
        next_block();
    }
    license
}

/// The license that serves a slot fails in the epoch that runs.
fn fail(id: SlotRef) {
    let (index, epoch) = (index_of(id), running().0);
    run_to_epoch(epoch + 1);
    close_epoch(epoch, &[(index, 0)]);
    next_block();
}

/// What has a slot of a job in hand: draws, and the money for them.
fn in_hand(id: SlotRef) -> (u8, Balance) {
    (slot_of(id).draws, slot_of(id).draw_money())
}

#[test]
fn each_further_draw_of_a_slot_burns_one_fee_of_what_it_holds() {
    run(5, || {
        let job = ask(alice(), request());
        let id = slot(job, 0);
        let before = money(&alice(), &alice());
        assert_eq!(in_hand(id), (16, 16 * FEE));
        lapse(id);
        assert_eq!(in_hand(id), (15, 15 * FEE));
        serve(id);
        assert_eq!(in_hand(id), (15, 15 * FEE), "to be found costs nothing");
        ban(server(id));
        assert_eq!(in_hand(id), (14, 14 * FEE));
        let after = money(&alice(), &alice());
        assert_eq!((after.free, after.held), (before.free, before.held - 2 * FEE));
        assert_eq!(after.burned, before.burned + 2 * FEE);
        assert_eq!(job_of(job).ledger.burned, 2 * FEE);
        assert_eq!(burned_for_draws(job), [0, FEE, FEE]);
    });
}

#[test]
fn draws_in_hand_return_when_the_slot_ends() {
    type End = fn(JobId);
    let ends: [(&str, End); 4] = [
        ("nobody was found", |_| {
            bar_all();
            blocks(41);
        }),
        ("cancelled before", |job| {
            assert_ok!(Jobs::cancel(origin(alice()), job));
        }),
        ("cancelled while it is served", |job| {
            serve(slot(job, 0));
            let before = free(&alice());
            let refundable = Jobs::job(job).unwrap().refundable;
            assert_ok!(Jobs::cancel(origin(alice()), job));
            assert_eq!(free(&alice()) - before, refundable);
            assert_eq!(in_hand(slot(job, 0)), (0, 0), "it is not drawn again");
        }),
        ("served", |job| {
            serve(slot(job, 0));
            run_closing(FIRST + 10, &[]);
            next_block();
        }),
    ];
    for (what, end) in ends {
        run(1, || {
            let before = money(&alice(), &operator(0));
            let job = ask(alice(), request());
            end(job);
            assert!(slot_is_over(slot(job, 0)), "{what}");
            run_dry();
            let Ledger { deposited, paid, burned, returned } = job_of(job).ledger;
            assert_eq!(deposited, 10 * PRICE + DRAWS);
            assert!(returned >= DRAWS && paid + burned <= 10 * PRICE, "{what}");
            let after = money(&alice(), &operator(0));
            assert_eq!(before.free - after.free, FEE + paid + burned, "{what}");
        });
    }
}

fn slot_is_over(id: SlotRef) -> bool {
    Slots::<Test>::get(id.job, id.slot).is_none_or(|slot| slot.draws == 0 && slot.draw_money() == 0)
}

#[test]
fn extension_fills_up_the_draws_that_were_used() {
    run(5, || {
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        let (one, other) = (slot(job, 0), slot(job, 1));
        serve(one);
        serve(other);
        (0..2).for_each(|_| {
            ban(server(one));
            serve(one);
        });
        assert_eq!((in_hand(one).0, in_hand(other).0), (14, 16));
        // Also where the fee is another one by now: a slot keeps that of its request.
        Settings::<Test>::mutate(|settings| settings.creation_fee_milli = 77);
        let before = money(&alice(), &alice());
        assert_ok!(Jobs::extend(origin(alice()), job, 3, Balance::MAX));
        let held = 2 * 3 * PRICE + 2 * FEE;
        has_event(Event::Extended { job, epochs: 3, price: PRICE, held });
        let after = money(&alice(), &alice());
        assert_eq!((after.free, after.held), (before.free - held, before.held + held));
        assert_eq!((in_hand(one), in_hand(other)), ((16, DRAWS), (16, DRAWS)));
        run_dry();
    });
}

#[test]
fn slot_ends_when_no_draw_is_left() {
    run(20, || {
        let job = ask(alice(), JobRequest { epochs: 1_000, ..request() });
        let id = slot(job, 0);
        for n in 0..16 {
            draw(id);
            // Banned while it is offered: nobody's fault, and a draw all the same.
            ban(offered(id).unwrap());
            assert_eq!(in_hand(id).0, 15 - n);
        }
        draw(id);
        let before = free(&alice());
        ban(offered(id).unwrap());
        has_event(Event::SlotEnded { slot: id, why: SlotEnd::NoDrawLeft, returned: 1_000 * PRICE });
        assert_eq!(free(&alice()), before + 1_000 * PRICE);
        let ledger = job_of(job).ledger;
        assert_eq!((ledger.deposited, ledger.burned), (1_000 * PRICE + DRAWS, DRAWS));
        assert_eq!(closed(job), Some(Closing::Unserved));
    });
}

#[test]
fn license_is_not_drawn_again_for_a_slot_that_it_missed_or_failed() {
    run(2, || {
        let mut chosen = request();
        chosen.selectors.include = vec![LicenseId(0), LicenseId(1)].try_into().unwrap();
        let id = slot(ask(alice(), JobRequest { epochs: 1_000, ..chosen }), 0);
        let first = lapse(id);
        let missed = Tried { license: LicenseId(first), why: Setback::Missed };
        assert_eq!(slot_of(id).tried.to_vec(), [missed]);
        BarredUntil::remove(first);
        assert_eq!(serve(id), 0);
        let second = server(id);
        assert_ne!(second, first);
        fail(id);
        let failed = Tried { license: LicenseId(second), why: Setback::Failed };
        assert_eq!(Jobs::slot(id).unwrap().tried, [missed, failed]);
        trust_all();
        blocks(41);
        assert!(matches!(slot_of(id).state, SlotState::Ended(SlotEnd::NoCandidate)), "both are left out");
        // Of this slot only.
        let other = slot(ask(bob(), request()), 0);
        draw(other);
        run_dry();
    });
}

#[test]
fn license_is_not_drawn_again_for_a_slot_in_which_it_was_rejected() {
    run(2, || {
        let Served { id, .. } = served(10);
        let first = server(id);
        run_closing(FIRST + 1, &[]);
        close_epoch(FIRST, &[]);
        next_block();
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST)));
        assert_eq!(slot_of(id).tried.to_vec(), [Tried { license: LicenseId(first), why: Setback::Rejected }]);
        trust_all();
        assert_ne!(draw(id), first);
        run_dry();
    });
}

#[test]
fn license_may_be_drawn_again_for_a_slot_that_it_resigned() {
    run(1, || {
        let Served { id, .. } = served(10);
        resign(id);
        run_to_epoch(FIRST + 1);
        assert_eq!(slot_of(id).tried.len(), 0);
        assert_eq!(draw(id), 0);
        run_dry();
    });
}

#[test]
fn slot_ends_when_as_many_licenses_as_it_can_have_missed_it() {
    run(20, || {
        let job = ask(alice(), request());
        let id = slot(job, 0);
        let missed: Vec<u32> = (0..15).map(|_| lapse(id)).collect();
        let distinct: alloc::collections::BTreeSet<u32> = missed.iter().copied().collect();
        assert_eq!(distinct.len(), 15, "no license twice: {missed:?}");
        assert_eq!(in_hand(id).0, 1);
        let last = draw(id);
        blocks(Parameters::default().accept_blocks + 1);
        let tried: Vec<Tried> = missed
            .into_iter()
            .chain([last])
            .map(|license| Tried { license: LicenseId(license), why: Setback::Missed })
            .collect();
        has_event(Event::TriedOut { slot: id, tried: tried.try_into().unwrap() });
        has_event(Event::SlotEnded { slot: id, why: SlotEnd::TriedOut, returned: 10 * PRICE + FEE });
        assert_eq!(closed(job), Some(Closing::Unserved));
    });
}

#[test]
fn include_list_is_what_is_gone_through_when_there_is_one() {
    many_licenses(3_000).execute_with(|| {
        let mut chosen = request();
        let list: Vec<LicenseId> = [2_999, 17, 1_234, 77_777].map(LicenseId).to_vec();
        chosen.selectors.include = BoundedVec::truncate_from(list.clone());
        let id = slot(ask(alice(), JobRequest { nodes: 3, same_entity: true, ..chosen }), 0);
        blocks(5);
        let seed = slot_of(id).drawn.unwrap().seed;
        let order = draw::Permutation::new(seed, 4);
        let expected: Vec<u32> = (0..order.positions())
            .filter_map(|position| draw::found(&order, Some(&list), position))
            .map(|license| license.0)
            .filter(|license| *license < 3_000)
            .collect();
        let found: Vec<u32> = (0..3).filter_map(|n| offered(slot(id.job, n))).collect();
        assert_eq!(found, expected, "all in the first block after the seed");
        for n in 0..3 {
            let info = Jobs::draw_of(slot(id.job, n)).unwrap();
            assert!(info.matches && info.drawn.included);
            assert_eq!((info.drawn.licenses, info.positions), (4, 4));
        }
        check();
    });
}
