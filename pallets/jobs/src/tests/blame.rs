//! Whose fault it is: what moves a reputation, and what comes to nothing at the requester's cost.

use super::*;
use frame_support::{dispatch::CheckIfFeeless, traits::fungible::Mutate};
use proptest::prelude::*;
use ratio1_primitives::{jobs::MAX_SLOTS_PER_NODE, traits::Work};

fn absent(license: u32) {
    <Jobs as Work>::absent(LicenseId(license));
}

/// What came to nothing, by the events: the slot, and what was burned for it.
fn wasted() -> Vec<(SlotRef, Balance)> {
    let of = |event| match event {
        Event::CameToNothing { slot, burned, .. } => Some((slot, burned)),
        _ => None,
    };
    events().into_iter().filter_map(of).collect()
}

/// What the fees of draws have burned.
fn fees(job: JobId) -> Balance {
    let of = |event| match event {
        Event::DrawOpened { job: other, burned, .. } if other == job => burned,
        _ => 0,
    };
    events().into_iter().map(of).sum()
}

/// Blocks until the slot is served by the one other license: `first` is not drawn for it any more.
fn served_by_another(id: SlotRef, first: u32) -> (u32, u32) {
    let index = serve(id);
    assert_ne!(server(id), first);
    (index, server(id))
}

/// A slot whose first node was found to provide nothing in its first epoch, and left; the second epoch runs.
fn failed(epochs: u32) -> (Served, u32) {
    let served = served(epochs);
    let license = server(served.id);
    run_to_epoch(FIRST + 1);
    close_epoch(FIRST, &[(served.index, 0)]);
    next_block();
    assert!(service(served.index).left.is_some());
    (served, license)
}

// Reputation.

#[test]
fn nodes_lose_no_reputation_when_a_specification_cannot_be_provided() {
    // Those that say so.
    run(64, || {
        let start = free(&alice());
        let job = ask(alice(), JobRequest { nodes: 64, epochs: 2, ..request() });
        blocks(10);
        let indices = serve_all(job);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &indices.iter().map(|index| (*index, 0)).collect::<Vec<_>>());
        blocks(5);
        assert_eq!(noted(), vec![]);
        assert!(indices.iter().all(|index| service(*index).left.is_some()), "all slots move, or end");
        close_later(FIRST + 1, 0);
        run_dry();
        assert_eq!(noted(), vec![]);
        assert!((0..64).all(|id| Reputations::get(id) == Some(Reputation(1_000))));
        // It costs the requester an epoch's price for each of them, and the draws.
        assert_eq!(wasted().len(), 64);
        assert!(wasted().iter().all(|(_, burned)| *burned == PRICE));
        assert_eq!(start - free(&alice()), 64 * (PRICE + FEE) + fees(job));
    });
    // Those that say nothing.
    run(64, || {
        let job = ask(alice(), JobRequest { nodes: 64, epochs: 2, ..request() });
        blocks(60);
        run_dry();
        assert_eq!(noted(), vec![]);
        assert_eq!(closed(job), Some(Closing::Unserved));
    });
}

#[test]
fn node_that_failed_loses_reputation_when_another_serves_the_slot_well() {
    run(2, || {
        let (Served { id, .. }, first) = failed(10);
        assert_eq!(noted(), vec![]);
        let (index, _) = served_by_another(id, first);
        run_to_epoch(FIRST + 2);
        // Well, but not through the whole epoch.
        close_epoch(FIRST + 1, &[]);
        next_block();
        assert_eq!(noted(), vec![]);
        run_to_epoch(FIRST + 3);
        close_epoch(FIRST + 2, &[]);
        next_block();
        assert_eq!(noted(), vec![(first, Outcome::Failed)]);
        let blame = Blame { entity: entity(&alice()), outcome: Outcome::Failed, epoch: e(FIRST) };
        assert_eq!(Jobs::blames_of(LicenseId(first)), vec![blame]);
        assert!(slot_of(id).trial.suspects.is_empty() && service(index).left.is_none());
    });
}

#[test]
fn node_that_failed_keeps_its_reputation_when_the_next_is_no_better() {
    run(3, || {
        let (Served { id, .. }, first) = failed(10);
        let (index, _) = served_by_another(id, first);
        run_to_epoch(FIRST + 3);
        close_epoch(FIRST + 1, &[(index, 255)]);
        close_epoch(FIRST + 2, &[(index, THRESHOLD - 1)]);
        next_block();
        assert_eq!(noted(), vec![]);
        run_to_epoch(FIRST + 4);
        close_epoch(FIRST + 3, &[(index, 0)]);
        next_block();
        assert_eq!(noted(), vec![]);
        let waiting: Vec<u32> = slot_of(id).trial.suspects.iter().map(|suspect| suspect.license.0).collect();
        assert_eq!(waiting.len(), 2);
        run_dry();
        assert_eq!(noted(), vec![]);
    });
}

#[test]
fn node_loses_reputation_at_once_when_it_had_provided_the_slot_before() {
    run(2, || {
        let Served { id, index, .. } = served_well(10);
        let license = server(id);
        run_to_epoch(FIRST + 3);
        close_epoch(FIRST + 2, &[(index, 0)]);
        next_block();
        assert_eq!(noted(), vec![(license, Outcome::Failed)]);
        assert!(!slot_of(id).trial.fit, "it vouches for no more");
    });
}

#[test]
fn slot_vouches_for_nothing_when_nothing_was_expected_of_its_service() {
    // Accepted so late in the epoch that its allowance goes beyond it: whatever the byte is, it says nothing.
    run(2, || {
        let parameters = Parameters { start_allowance_ms: 3 * EPOCH_MS as u32, ..Default::default() };
        assert_ok!(Jobs::set_parameters(RuntimeOrigin::root(), parameters));
        let Served { id, index, .. } = served(10);
        run_to_epoch(FIRST + 2);
        close_epoch(FIRST, &[]);
        close_epoch(FIRST + 1, &[]);
        next_block();
        assert_eq!(slot_of(id).trial, Trial::default());
        run_to_epoch(FIRST + 5);
        (FIRST + 2..FIRST + 5).for_each(|epoch| close_epoch(epoch, &[]));
        next_block();
        assert!(slot_of(id).trial.fit && slot_of(id).trial.earned);
        assert!(service(index).left.is_none());
    });
}

#[test]
fn slot_vouches_for_nothing_when_its_service_is_the_requesters_own() {
    run(2, || {
        attest(&operator(0), 1, b"DE", EntityKind::Company);
        attest(&operator(1), 1, b"DE", EntityKind::Company);
        let Served { id, .. } = served(10);
        run_closing(FIRST + 4, &[]);
        assert!(slot_of(id).trial.earned && !slot_of(id).trial.fit);
    });
}

#[test]
fn missed_offer_counts_when_another_node_serves_the_slot_well() {
    run(2, || {
        let id = slot(ask(alice(), request()), 0);
        let first = draw(id);
        blocks(Parameters::default().accept_blocks + 1);
        assert_eq!(noted(), vec![]);
        served_by_another(id, first);
        run_closing(Running::get().0 + 3, &[]);
        assert_eq!(noted(), vec![(first, Outcome::Missed)]);
    });
}

#[test]
fn several_slots_that_fall_in_one_epoch_are_one_failure() {
    run(1, || {
        let asked = [alice(), bob(), carol()].map(|who| slot(ask(who, request()), 0));
        let indices = asked.map(serve);
        run_closing(FIRST + 3, &[]);
        assert!(asked.iter().all(|id| slot_of(*id).trial.fit));
        close_epoch(FIRST + 2, &indices.map(|index| (index, 0)));
        blocks(2);
        assert!(indices.iter().all(|index| service(*index).left.is_some()));
        assert_eq!(noted(), vec![(0, Outcome::Failed)]);
    });
}

#[test]
fn requester_takes_one_outcome_from_a_license_in_a_period() {
    run(1, || {
        let fail = |who: AccountId| {
            BarredUntil::remove(0);
            let id = slot(ask(who, request()), 0);
            let index = serve(id);
            let start = Running::get().0;
            run_closing(start + 3, &[]);
            run_closing(start + 4, &[(index, 0)]);
            let left = service(index).left.is_some();
            assert!(left);
            blocks(5);
        };
        fail(alice());
        fail(alice());
        assert_eq!(noted(), vec![(0, Outcome::Failed)]);
        fail(bob());
        assert_eq!(noted(), vec![(0, Outcome::Failed); 2]);
        run_closing(FIRST + 45, &[]);
        fail(alice());
        assert_eq!(noted(), vec![(0, Outcome::Failed); 3]);
    });
}

// Absence.

#[test]
fn absent_license_loses_all_it_serves_at_once_as_one_failure() {
    run(3, || {
        (1..3).for_each(|id| change_deed(id, |deed| deed.oracle = true));
        let asked = [alice(), bob(), carol()].map(|who| slot(ask(who, request()), 0));
        blocks(6);
        let served = [asked[0], asked[1]];
        let indices = served.map(accept);
        run_to_epoch(FIRST + 1);
        // The third was let go, and is offered to it again.
        run_closing(FIRST + 3, &[]);
        assert!(served.iter().all(|id| slot_of(*id).trial.fit));
        let waits = slot(ask(carol(), request()), 0);
        BarredUntil::remove(0);
        assert_eq!(draw(waits), 0);
        (1..3).for_each(|id| change_deed(id, |deed| deed.oracle = false));
        let (before, now) = (money(&alice(), &operator(0)), Now::get());
        absent(0);
        for (id, index) in served.into_iter().zip(indices) {
            let (license, why, last) = (LicenseId(0), Leaving::Absent, Running::get());
            has_event(Event::Left { slot: id, license, index, why, last });
            assert_eq!(service(index).left, Some(Left { at: now, last }));
            assert!(matches!(slot_of(id).state, SlotState::Drawing { .. }), "it is drawn again at once");
        }
        assert_eq!(noted(), vec![(0, Outcome::Failed)]);
        assert_eq!(offered(waits), Some(0), "what it is only offered stays");
        assert_eq!(<Jobs as Work>::slots(LicenseId(0)), 1);
        let after = money(&alice(), &operator(0));
        assert_eq!(after.burned - before.burned, 2 * FEE, "two more draws");
        check();
        for id in served {
            assert_ne!(draw(id), 0, "it is not drawn for them again");
            accept(id);
        }
        run_dry();
        assert!(served.iter().all(|id| closed(id.job) == Some(Closing::Served)));
    });
}

#[test]
fn absence_does_nothing_when_a_license_serves_nothing() {
    run(2, || {
        let Served { id, .. } = served(4);
        let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
        absent(1 - server(id));
        absent(4_711);
        assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
    });
}

#[test]
fn absence_weighs_as_many_slots_as_a_node_can_serve() {
    let most = <() as WeightInfo>::absent(MAX_SLOTS_PER_NODE);
    assert!(most.all_lte(<Jobs as Work>::absent_weight()));
    assert!(<() as WeightInfo>::evict(MAX_SLOTS_PER_NODE).all_lte(most));
}

#[test]
fn absent_node_moves_no_reputation_when_nobody_served_its_slot_well() {
    run(2, || {
        let Served { id, .. } = served(10);
        let first = server(id);
        absent(first);
        assert_eq!(noted(), vec![]);
        let (_, second) = served_by_another(id, first);
        run_closing(FIRST + 3, &[]);
        assert_eq!(noted(), vec![(first, Outcome::Failed)], "it was its fault: {second} served it");
        assert_eq!(wasted(), vec![]);
    });
}

// What comes to nothing.

#[test]
fn move_costs_the_requester_an_epochs_price_when_nothing_was_ever_earned() {
    run(1, || {
        let before = money(&alice(), &operator(0));
        let (Served { job, id, .. }, _) = failed(10);
        let left = Now::get() - clock().epoch_start(e(FIRST + 1));
        close_later(FIRST + 1, 0);
        let deposited = job_of(job).ledger.deposited;
        run_dry();
        assert_eq!(wasted(), vec![(id, PRICE)]);
        let ledger = job_of(job).ledger;
        assert_eq!(ledger.burned, PRICE + fees(job));
        assert_eq!((ledger.paid, ledger.returned), (0, deposited - PRICE - fees(job)), "{left}");
        let after = money(&alice(), &operator(0));
        assert_eq!(before.free - after.free, PRICE + FEE + fees(job));
        assert_eq!(after.burned - before.burned, PRICE + FEE + fees(job));
        assert_eq!(noted(), vec![]);
    });
}

/// Close `epoch` once it is over, with the same byte for every service.
fn close_later(epoch: u32, byte: u8) {
    run_to_epoch(epoch + 1);
    let all: Vec<(u32, u8)> = (0..Indices::<Test>::get()).map(|index| (index, byte)).collect();
    close_epoch(epoch, &all);
    next_block();
}

#[test]
fn job_of_one_epoch_costs_its_price_when_it_came_to_nothing() {
    run(1, || {
        let Served { job, id, .. } = served(1);
        close_later(FIRST, 0);
        run_dry();
        assert_eq!(wasted(), vec![(id, PRICE)]);
        assert_eq!(job_of(job).ledger.returned, DRAWS);
    });
}

#[test]
fn nothing_is_burned_when_something_was_earned_or_nothing_measured() {
    // Something was earned before.
    run(1, || {
        let Served { job, .. } = served(5);
        close_later(FIRST, 200);
        close_later(FIRST + 1, 0);
        run_dry();
        assert_eq!((wasted(), closed(job)), (vec![], Some(Closing::Served)));
    });
    // All of it lapsed.
    run(1, || {
        let Served { job, .. } = served(1);
        run_to_epoch(FIRST + 1);
        next_block();
        lapse_epoch(FIRST);
        run_dry();
        assert_eq!((wasted(), job_of(job).ledger.returned), (vec![], PRICE + DRAWS));
    });
    // Its license was banned before anything was expected of it.
    run(1, || {
        let Served { .. } = served(5);
        ban(0);
        run_dry();
        assert_eq!(wasted(), vec![]);
    });
}

#[test]
fn every_service_that_came_to_nothing_is_charged_while_nothing_is_earned() {
    run(3, || {
        let (Served { job, id, .. }, first) = failed(10);
        let (index, second) = served_by_another(id, first);
        close_later(FIRST + 1, 0);
        assert!(service(index).left.is_some());
        let third = serve(id);
        assert!(![first, second].contains(&server(id)));
        close_later(FIRST + 2, 0);
        assert!(service(third).left.is_some());
        close_later(FIRST + 3, 0);
        run_dry();
        assert_eq!(wasted().len(), 3);
        assert!(wasted().iter().all(|(slot, burned)| *slot == id && *burned == PRICE));
        assert_eq!(job_of(job).ledger.paid, 0);
    });
}

// Finality that lags.

#[test]
fn service_is_made_good_when_those_who_measured_it_cannot_have_known_it() {
    run(1, || {
        let Served { job, id, index, .. } = served(3);
        let accepted = service(index).block;
        assert_eq!(accepted, System::block_number());
        Known::insert(e(FIRST), accepted - 1);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 0)]);
        next_block();
        // Neither failed, nor paid, nor charged.
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        has_event(Event::PutOff { slot: id, ends: e(FIRST + 4) });
        assert_eq!((service(index).ends, service(index).recent.len()), (e(FIRST + 4), 0));
        assert_eq!(slot_of(id).held, 3 * PRICE + DRAWS);
        assert_eq!(Jobs::earnings(id, e(FIRST))[0].byte, None);
        assert_eq!(Jobs::can_reject(alice(), id, e(FIRST)), Err(E::NothingEarned.into()));
        run_dry();
        assert_eq!(released(job), vec![(0, 0, 3 * PRICE)]);
        assert_eq!((noted(), wasted()), (vec![], vec![]));
    });
    // One block more was known: then it counts.
    run(1, || {
        let Served { id, index, .. } = served(3);
        Known::insert(e(FIRST), service(index).block);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(index, 0)]);
        next_block();
        assert!(service(index).left.is_some() && slot_of(id).ends() == e(FIRST + 3));
    });
}

#[test]
fn service_is_not_made_good_when_another_is_paid_for_a_part_of_the_same_epoch() {
    run(2, || {
        let Served { job, id, index, .. } = served(4);
        let first = server(id);
        blocks(2);
        let at = Now::get();
        absent(first);
        let (second, _) = served_by_another(id, first);
        let part = earns(PRICE, at - service(index).accepted, 255);
        Known::insert(e(FIRST), service(second).block - 1);
        run_to_epoch(FIRST + 1);
        close_epoch(FIRST, &[(second, 0)]);
        next_block();
        assert_eq!(slot_of(id).state, SlotState::Running { index: second });
        assert_eq!(slot_of(id).ends(), e(FIRST + 4));
        run_dry();
        let mut paid = released(job);
        paid.sort_by_key(|(who, ..)| *who != first);
        assert_eq!(paid, vec![(first, 0, part), (1 - first, 0, 3 * PRICE)]);
        assert_eq!(job_of(job).ledger.returned, PRICE - part + DRAWS - FEE);
    });
}

// Without a free balance.

#[test]
fn cancel_is_free_when_it_succeeds_and_only_then() {
    run(1, || {
        let Served { job, .. } = served(10);
        let call = RuntimeCall::from(Call::cancel { job });
        let free_for = |who: &AccountId| call.is_feeless(&origin(who.clone()));
        let refusal = |who: AccountId| Jobs::can_cancel(who, job).err();
        assert!(!free_for(&bob()) && !call.is_feeless(&RuntimeOrigin::root()));
        assert_eq!(refusal(bob()), Some(E::NotOwner.into()));
        assert!(!RuntimeCall::from(Call::cancel { job: JobId(7) }).is_feeless(&origin(alice())));
        assert!(free_for(&alice()) && refusal(alice()).is_none());
        // Everything that is free is gone.
        let all = frame_support::traits::tokens::Preservation::Expendable;
        assert_ok!(<Balances as Mutate<_>>::transfer(&alice(), &carol(), free(&alice()), all));
        assert!(free_for(&alice()));
        assert_ok!(Jobs::cancel(origin(alice()), job));
        assert!(!free_for(&alice()), "once for each job");
        assert_eq!(refusal(alice()), Some(E::AlreadyCancelled.into()));
        assert!(free(&alice()) > 0);
        run_dry();
        assert_eq!(refusal(alice()), Some(E::JobEnded.into()));
    });
}

#[test]
fn cancel_and_extend_weigh_the_slots_there_are() {
    run(2, || {
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        serve_all(job);
        let extended = Jobs::extend(origin(alice()), job, 1, Balance::MAX).unwrap();
        assert_eq!(extended.actual_weight, Some(<() as WeightInfo>::extend(2)));
        let refused = Jobs::cancel(origin(bob()), job).unwrap_err();
        assert_eq!(refused.error, E::NotOwner.into());
        assert_eq!(refused.post_info.actual_weight, Some(<() as WeightInfo>::cancel(2)));
        let cancelled = Jobs::cancel(origin(alice()), job).unwrap();
        assert_eq!(cancelled.actual_weight, Some(<() as WeightInfo>::cancel(2)));
    });
}

#[test]
fn rejection_is_free_when_it_succeeds_and_only_then() {
    run(1, || {
        let Served { id, .. } = served_well(10);
        let call = |epoch| RuntimeCall::from(Call::reject { slot: id, epoch: e(epoch) });
        assert!(call(FIRST + 1).is_feeless(&origin(alice())));
        assert!(!call(FIRST + 1).is_feeless(&origin(bob())));
        assert!(!call(FIRST + 2).is_feeless(&origin(alice())));
        assert_eq!(Jobs::can_reject(alice(), id, e(FIRST + 2)), Err(E::NotSettled.into()));
        // A whole price was earned: that needs nothing of what is free.
        let all = frame_support::traits::tokens::Preservation::Expendable;
        assert_ok!(<Balances as Mutate<_>>::transfer(&alice(), &carol(), free(&alice()), all));
        assert_eq!(Jobs::can_reject(alice(), id, e(FIRST)), Err(E::InsufficientFunds.into()), "the first was shorter");
        assert!(!call(FIRST).is_feeless(&origin(alice())));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
        assert!(!call(FIRST + 1).is_feeless(&origin(alice())));
        check();
    });
}

#[test]
fn rejection_tops_up_less_when_a_part_of_the_epoch_is_released() {
    run(2, || {
        let Served { job, id, index, .. } = served(40);
        let first = server(id);
        run_closing(FIRST + 1, &[]);
        blocks(7);
        absent(first);
        let left = service(index).left.unwrap().at - clock().epoch_start(e(FIRST + 1));
        let (second, _) = served_by_another(id, first);
        let rest = rest_of_epoch();
        assert_eq!(Running::get(), e(FIRST + 1));
        // The first is paid for its part of the epoch; the second's period is not over.
        run_closing(FIRST + 6, &[]);
        assert!(!Services::<Test>::contains_key(index));
        assert_eq!(released(job).len(), 1);
        let before = money(&alice(), &operator(first));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
        let (paid, burned) = (earns(PRICE, left, 255), earns(PRICE, rest, 255));
        let topped = PRICE - paid - burned;
        assert!(topped > 0 && paid > 0);
        has_event(Event::Rejected { slot: id, epoch: e(FIRST + 1), burned, topped });
        let after = money(&alice(), &operator(first));
        assert_eq!(before.free - after.free, topped);
        assert_eq!(after.burned - before.burned, burned + topped + FEE, "and the next draw");
        assert!(service(second).left.is_some());
        run_dry();
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

// Whatever happens.

#[derive(Clone, Debug)]
enum Op {
    Blocks(u8),
    Ask { nodes: u8, epochs: u8 },
    Accept(u8),
    Resign(u8),
    Reject(u8),
    Absent(u8),
    Cancel(u8),
    Close(u64),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1u8..25).prop_map(Op::Blocks),
        2 => (1u8..4, 1u8..6).prop_map(|(nodes, epochs)| Op::Ask { nodes, epochs }),
        5 => any::<u8>().prop_map(Op::Accept),
        1 => any::<u8>().prop_map(Op::Resign),
        2 => any::<u8>().prop_map(Op::Reject),
        1 => any::<u8>().prop_map(Op::Absent),
        1 => any::<u8>().prop_map(Op::Cancel),
        5 => any::<u64>().prop_map(Op::Close),
    ]
}

/// Bytes of all sorts below the threshold.
fn bad_bytes(seed: u64) -> Vec<(u32, u8)> {
    let byte = |index: u32| sp_io::hashing::blake2_256(&codec::Encode::encode(&(seed, index)))[0] % THRESHOLD;
    (0..Indices::<Test>::get()).map(|index| (index, byte(index))).collect()
}

fn apply(op: Op) {
    let slots = |wanted: fn(&SlotState) -> bool| -> Vec<SlotRef> {
        let mut found: Vec<_> = Slots::<Test>::iter()
            .filter(|(_, _, slot)| wanted(&slot.state))
            .map(|(job, slot, _)| SlotRef { job, slot })
            .collect();
        found.sort();
        found
    };
    let pick = |found: Vec<SlotRef>, which: u8| found.get(usize::from(which) % found.len().max(1)).copied();
    match op {
        Op::Blocks(n) => blocks(n.into()),
        Op::Ask { nodes, epochs } => {
            let wanted = JobRequest { nodes: nodes.into(), epochs: epochs.into(), ..request() };
            let _ = Jobs::request(origin(bob()), Box::new(wanted), Balance::MAX);
        }
        Op::Accept(which) => {
            let offers = slots(|state| matches!(state, SlotState::Offered { .. }));
            if let Some(id) = pick(offers, which) {
                let _ = try_accept(id);
            }
        }
        Op::Resign(which) => {
            let running = slots(|state| matches!(state, SlotState::Running { .. }));
            pick(running, which).filter(|id| Jobs::can_resign(*id).is_ok()).into_iter().for_each(resign);
        }
        Op::Reject(which) => {
            if let Some(id) = pick(slots(|_| true), which) {
                for back in 1..5 {
                    let _ = Jobs::reject(origin(bob()), id, Running::get().minus(back));
                }
            }
        }
        Op::Absent(license) => absent(u32::from(license) % 5),
        Op::Cancel(which) => {
            let _ = Jobs::cancel(origin(bob()), JobId(u64::from(which) % NextJob::<Test>::get().max(1)));
        }
        Op::Close(seed) => Open::get().into_iter().for_each(|epoch| {
            let voted = Frozen::get(epoch).unwrap_or_default();
            close_epoch(epoch.0, &bad_bytes(seed).into_iter().filter(|(index, _)| *index < voted).collect::<Vec<_>>())
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever a requester does, alone, with whatever specification: as long as no slot is served well, nobody loses
    /// reputation.
    #[test]
    fn reputation_never_moves_for_slots_that_were_never_served_well(ops in proptest::collection::vec(op(), 1..60)) {
        run(5, || {
            for op in ops {
                apply(op);
                check();
                assert_eq!(noted(), vec![]);
            }
        });
    }
}
