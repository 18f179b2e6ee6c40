//! Decided, public, enacted.

use super::*;
use crate::{Error, Event, NextId, Pending, MAX_PENDING};
use frame_support::{assert_noop, assert_ok, traits::QueryPreimage, weights::Weight};
use sp_runtime::{traits::Hash, DispatchError};

#[test]
fn call_is_dispatched_as_root_when_the_delay_is_over_and_not_a_block_before() {
    run(|| {
        let id = decide(in_place(payment()));
        // Due after the delay, and enacted at the beginning of the block after that.
        let at = now() + DELAY + 1;
        let pending = Governance::pending();
        let expected = [(id, later(DELAY), later(0))];
        assert_eq!(pending.iter().map(|p| (p.id, p.due, p.decided)).collect::<Vec<_>>(), expected);
        assert_eq!(pending[0].hash, sp_runtime::traits::BlakeTwo256::hash_of(&payment()));
        run_to(at - 1);
        assert_eq!(Balances::free_balance(BOB), 0);
        assert_eq!(Governance::pending().len(), 1);
        next_block();
        assert_eq!(Balances::free_balance(BOB), 100);
        assert_eq!(Governance::pending(), []);
        let hash = sp_runtime::traits::BlakeTwo256::hash_of(&payment());
        assert_eq!(events(), [Event::Enacted { id, hash, result: Ok(()) }]);
    });
}

#[test]
fn call_comes_through_a_motion_when_two_of_three_vote_for_it() {
    run(|| {
        let schedule: RuntimeCall = crate::Call::schedule { call: in_place(payment()) }.into();
        let length = schedule.encoded_size() as u32;
        let hash = sp_runtime::traits::BlakeTwo256::hash_of(&schedule);
        assert_ok!(Council::propose(RuntimeOrigin::signed(1), 2, Box::new(schedule), length));
        assert_ok!(Council::vote(RuntimeOrigin::signed(1), hash, 0, true));
        let close = || Council::close(RuntimeOrigin::signed(1), hash, 0, Third::get(), length);
        assert_noop!(close().map_err(|e| e.error), pallet_collective::Error::<Test, _>::TooEarly);
        assert_ok!(Council::vote(RuntimeOrigin::signed(3), hash, 0, true));
        assert_ok!(close());
        assert_eq!(Governance::pending().len(), 1);
    });
}

#[test]
fn decision_is_refused_when_fewer_than_two_thirds_make_it() {
    run(|| {
        let everybody_else =
            [RuntimeOrigin::root(), RuntimeOrigin::none(), RuntimeOrigin::signed(1), council(1), council(0)];
        for origin in everybody_else {
            assert_noop!(Governance::schedule(origin, in_place(payment())), DispatchError::BadOrigin);
        }
        let of_four = pallet_collective::RawOrigin::Members(2, 4);
        assert_noop!(Governance::schedule(of_four.into(), in_place(payment())), DispatchError::BadOrigin);
    });
}

#[test]
fn same_call_waits_twice_when_it_is_decided_twice() {
    run(|| {
        let first = decide(in_place(payment()));
        next_block();
        let second = decide(in_place(payment()));
        assert_ne!(first, second);
        run_to(2 + DELAY);
        assert_eq!(Balances::free_balance(BOB), 100);
        next_block();
        assert_eq!(Balances::free_balance(BOB), 200);
        assert_eq!(NextId::<Test>::get(), 2);
    });
}

#[test]
fn failed_call_says_so_and_changes_nothing_when_it_is_enacted() {
    run(|| {
        // The second half fails, so the first one is undone.
        let too_much = pallet_balances::Call::force_transfer { source: ALICE, dest: BOB, value: 10_000_000 };
        let batch = pallet_utility::Call::batch_all { calls: vec![payment(), too_much.into()] };
        let id = decide(in_place(batch));
        run_to(2 + DELAY);
        assert_eq!(Balances::free_balance(BOB), 0);
        assert!(matches!(&events()[..], [Event::Enacted { id: i, result: Err(_), .. }] if *i == id));
        assert_eq!(Governance::pending(), []);
    });
}

#[test]
fn preimage_stays_readable_for_the_whole_delay_when_its_owner_withdraws_it() {
    run(|| {
        let remark = frame_system::Call::remark { remark: vec![7; 5_000] };
        let call = noted(remark);
        let hash = call.hash();
        decide(call);
        assert_ok!(Preimage::unnote_preimage(RuntimeOrigin::signed(ALICE), hash));
        run_to(1 + DELAY);
        assert!(<Preimage as QueryPreimage>::len(&hash).is_some());
        next_block();
        assert!(matches!(events()[..], [Event::Enacted { result: Ok(()), .. }]));
        assert!(<Preimage as QueryPreimage>::len(&hash).is_none(), "nobody keeps it any more");
    });
}

#[test]
fn decision_is_refused_when_nobody_can_read_the_call() {
    run(|| {
        let bytes = payment().encode();
        let hash = sp_io::hashing::blake2_256(&bytes).into();
        let unknown = Bounded::Lookup { hash, len: bytes.len() as u32 };
        assert_noop!(Governance::schedule(council(2), unknown), Error::<Test>::NotNoted);
        noted(payment());
        let wrong_length = Bounded::Lookup { hash, len: 1 };
        assert_noop!(Governance::schedule(council(2), wrong_length), Error::<Test>::NotNoted);
        let legacy = Bounded::Legacy { hash, dummy: Default::default() };
        assert_noop!(Governance::schedule(council(2), legacy), Error::<Test>::NotNoted);
    });
}

#[test]
fn decision_is_refused_when_the_bytes_are_no_call() {
    run(|| {
        let nonsense = Bounded::Inline(vec![255, 1, 2].try_into().unwrap());
        assert_noop!(Governance::schedule(council(2), nonsense), Error::<Test>::Malformed);
        let mut trailing = payment().encode();
        trailing.push(0);
        assert_noop!(
            Governance::schedule(council(2), Bounded::Inline(trailing.try_into().unwrap())),
            Error::<Test>::Malformed
        );
        // Nested more deeply than a transaction may be.
        let mut deep = payment().encode();
        let wrapper: RuntimeCall = pallet_utility::Call::batch { calls: vec![] }.into();
        let prefix = &wrapper.encode()[..2];
        for _ in 0..300 {
            deep = [prefix, &[4], &deep].concat();
        }
        assert_ok!(Preimage::note_preimage(RuntimeOrigin::signed(ALICE), deep.clone()));
        let deep = Bounded::Lookup { hash: sp_io::hashing::blake2_256(&deep).into(), len: deep.len() as u32 };
        assert_noop!(Governance::schedule(council(2), deep), Error::<Test>::Malformed);
    });
}

#[test]
fn decision_is_refused_when_the_call_is_too_heavy() {
    run(|| {
        let weight = Third::get();
        let call = Box::new(payment());
        let heavy = pallet_utility::Call::with_weight { call, weight };
        assert_noop!(Governance::schedule(council(2), in_place(heavy)), Error::<Test>::TooHeavy);
        let call = Box::new(payment());
        let lighter = weight.saturating_sub(Weight::from_parts(10_000_000_000, 1_000_000));
        decide(in_place(pallet_utility::Call::with_weight { call, weight: lighter }));
        run_to(2 + DELAY);
        assert_eq!(Balances::free_balance(BOB), 100);
    });
}

#[test]
fn decision_is_refused_when_as_many_wait_as_can() {
    run(|| {
        // More than the scheduler takes for one block: the rest is handed over in the next one.
        for _ in 0..MAX_PENDING {
            decide(in_place(payment()));
        }
        assert_noop!(Governance::schedule(council(2), in_place(payment())), Error::<Test>::TooManyPending);
        assert_ok!(Governance::cancel(council(2), 5));
        assert_eq!(decide(in_place(payment())), MAX_PENDING);
        run_to(5 + DELAY);
        assert_eq!(Governance::pending(), []);
    });
}

#[test]
fn decision_is_refused_when_every_id_is_used() {
    run(|| {
        NextId::<Test>::put(u32::MAX);
        assert_noop!(Governance::schedule(council(2), in_place(payment())), Error::<Test>::NoIdLeft);
    });
}

#[test]
fn nothing_happens_when_a_majority_cancels() {
    run(|| {
        let call = noted(pallet_utility::Call::batch_all { calls: vec![payment(); 9] });
        let hash = call.hash();
        let id = decide(call);
        run_to(DELAY);
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(1), council(1)] {
            assert_noop!(Governance::cancel(origin, id), DispatchError::BadOrigin);
        }
        // Three of five: more than half, less than two thirds.
        let three_of_five = || RuntimeOrigin::from(pallet_collective::RawOrigin::Members(3, 5));
        assert_noop!(Governance::schedule(three_of_five(), in_place(payment())), DispatchError::BadOrigin);
        assert_ok!(Governance::cancel(three_of_five(), id));
        System::assert_last_event(Event::Cancelled { id, hash }.into());
        assert!(!Preimage::is_requested(&hash));
        assert_noop!(Governance::cancel(council(2), id), Error::<Test>::UnknownEnactment);
        run_to(2 * DELAY);
        assert_eq!(Balances::free_balance(BOB), 0);
    });
}

#[test]
fn enactment_is_refused_when_it_is_early_unknown_or_not_by_root() {
    run(|| {
        let id = decide(in_place(payment()));
        let weight = Third::get();
        for origin in [RuntimeOrigin::signed(1), council(3)] {
            assert_noop!(Governance::enact(origin, id, weight, 128), DispatchError::BadOrigin);
        }
        let enact = |id, length| Governance::enact(RuntimeOrigin::root(), id, weight, length).map_err(|e| e.error);
        assert_noop!(enact(id, 128), Error::<Test>::TooEarly);
        assert_noop!(enact(id + 1, 128), Error::<Test>::UnknownEnactment);
        System::set_block_number(1 + DELAY);
        assert_noop!(enact(id, 128), Error::<Test>::TooEarly);
        Moment::set(ms(1 + DELAY));
        assert_noop!(enact(id, 1), Error::<Test>::WitnessTooLow);
        assert_ok!(enact(id, 128));
        assert_noop!(enact(id, 128), Error::<Test>::UnknownEnactment);
        assert_eq!(Balances::free_balance(BOB), 100);
    });
}

#[test]
fn decision_can_not_enact_another_early_when_it_is_enacted() {
    run(|| {
        let enact_next = crate::Call::enact { id: 1, call_weight: Weight::from_parts(1_000_000_000, 0), length: 128 };
        decide(in_place(enact_next));
        run_to(3);
        decide(in_place(payment()));
        run_to(2 + DELAY);
        let early: DispatchError = Error::<Test>::TooEarly.into();
        assert!(matches!(events()[..], [Event::Enacted { id: 0, result: Err(e), .. }] if e == early));
        run_to(4 + DELAY);
        assert_eq!(Balances::free_balance(BOB), 100);
    });
}

#[test]
fn enactment_fails_aloud_when_the_call_became_heavier_or_its_preimage_is_gone() {
    run(|| {
        let id = decide(in_place(payment()));
        let long = noted(pallet_utility::Call::batch_all { calls: vec![payment(); 9] });
        let hash = long.hash();
        let gone = decide(long);
        System::set_block_number(1 + DELAY);
        Moment::set(ms(1 + DELAY));
        // As if a new runtime weighed the call differently than the witness says.
        assert_ok!(Governance::enact(RuntimeOrigin::root(), id, Weight::zero(), 128));
        let heavy: DispatchError = Error::<Test>::TooHeavy.into();
        assert!(matches!(events().last(), Some(Event::Enacted { result: Err(e), .. }) if *e == heavy));
        // Only root can do this.
        pallet_preimage::PreimageFor::<Test>::remove((hash, Pending::<Test>::get(gone).unwrap().call.len().unwrap()));
        assert_ok!(Governance::enact(RuntimeOrigin::root(), gone, Third::get(), 1_000));
        let unread: DispatchError = Error::<Test>::NotNoted.into();
        assert!(matches!(events().last(), Some(Event::Enacted { result: Err(e), .. }) if *e == unread));
        assert_eq!(Balances::free_balance(BOB), 0);
    });
}

#[test]
fn call_is_dispatched_in_time_when_a_block_takes_twelve_seconds() {
    run(|| {
        BlockMs::set(12_000);
        let decided = Moment::get();
        decide(in_place(payment()));
        while Balances::free_balance(BOB) == 0 {
            assert!(now() < 1 + DELAY, "a slow network waits for as many blocks as a fast one");
            next_block();
        }
        let waited = Moment::get() - decided;
        assert!((ms(DELAY)..=ms(DELAY) + 24_000).contains(&waited), "{waited} ms");
    });
}

#[test]
fn call_waits_for_blocks_when_no_block_was_made_for_days() {
    let mut builder = ExtBuilder::default();
    let hour = 3_600_000;
    builder.genesis.parameters.delay_ms = hour;
    builder.build().execute_with(|| {
        let id = decide(in_place(payment()));
        assert_eq!(Governance::pending()[0].due.block, 1 + 60, "a block for each minute");
        // Everybody was away for three days: nobody could have objected meanwhile.
        Moment::mutate(|moment| *moment += 72 * hour);
        run_to(60);
        assert_eq!(Balances::free_balance(BOB), 0);
        assert_eq!(Governance::pending().len(), 1);
        run_to(62);
        assert_eq!(Balances::free_balance(BOB), 100);
        // And who objects within those blocks is heard.
        decide(in_place(payment()));
        Moment::mutate(|moment| *moment += 72 * hour);
        next_block();
        assert_ok!(Governance::cancel(council(2), id + 1));
        run_to(200);
        assert_eq!(Balances::free_balance(BOB), 100);
    });
}
