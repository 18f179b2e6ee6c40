//! Draws as a market sees them. What they mean for jobs, money and reputations is told by the tests of `pallet-jobs`.

use crate::{
    mock::{Draws, *},
    *,
};
use alloc::{vec, vec::Vec};
use frame_support::{storage::with_transaction, weights::Weight};
use ratio1_primitives::{
    jobs::{draw, Client, Drawn, Reputation, MAX_NODES},
    traits::Draws as DrawsSeam,
    EpochIndex, Hash, JobId, LicenseId,
};
use sp_runtime::{DispatchError, TransactionOutcome, TryRuntimeError};

type Stored = pallet::Draws<Test>;

/// The seed of a draw opened in `block`, by the rules.
fn seed_of(block: u32, id: u64) -> Hash {
    draw::seed(&[1, 2, 3, 4].map(|n| output(block + n)), id)
}

/// The licenses in the order in which a draw comes upon them.
fn order_of(block: u32, id: u64, licenses: u32) -> Vec<u32> {
    let order = draw::Permutation::new(seed_of(block, id), licenses);
    (0..order.positions()).filter_map(|position| order.at(position)).map(|license| license.0).collect()
}

/// Nothing is left of any draw.
fn nothing_is_left() {
    assert_eq!(Stored::iter().count(), 0);
    assert_eq!(Turns::<Test>::iter().count(), 0);
    assert_eq!(Seeds::<Test>::iter().count() + OpenedAt::<Test>::iter().count(), 0);
}

#[test]
fn draw_is_told_of_when_it_is_opened() {
    run(5, || {
        let all = ask(1, 2);
        let listed = ask_for(1, 1, |order| {
            order.selectors.include = vec![LicenseId(3), LicenseId(4), LicenseId(99)].try_into().unwrap()
        });
        let told = |job: JobId, slots: Vec<u16>, licenses, included| Event::DrawOpened {
            draw: job.0,
            client: Client::Job(job),
            slots: slots.try_into().unwrap(),
            licenses,
            included,
            bytes_of: EpochIndex(9),
            burned: 7,
        };
        assert_eq!(events(), vec![told(all, vec![0, 1], 5, false), told(listed, vec![0], 3, true)]);
        let looking = Turns::<Test>::get(entity(1)).unwrap();
        assert_eq!((looking.draws, looking.slots), (2, 3));
        assert_eq!(Draws::looked_for(entity(1)), 3);
        assert_eq!(Draws::looked_for(entity(2)), 0);
    });
}

#[test]
fn seed_is_of_the_four_blocks_after_the_opening() {
    run(5, || {
        let job = ask(1, 1);
        for n in 1..=4 {
            next_block();
            assert_eq!(found(job), Vec::<u32>::new());
            assert_eq!(Draws::is_seeded(entity(1), job.0), n == 4, "its author may know it with the fourth block");
        }
        next_block();
        assert!(events().contains(&Event::DrawSeeded { draw: job.0, seed: seed_of(FIRST_BLOCK, job.0) }));
        assert_eq!(found(job), order_of(FIRST_BLOCK, job.0, 5)[..1]);
        nothing_is_left();
    });
}

#[test]
fn output_is_kept_when_nothing_is_polled() {
    run(3, || {
        let job = ask(1, 1);
        for number in FIRST_BLOCK + 1..FIRST_BLOCK + 50 {
            System::set_block_number(number);
            <Draws as frame_support::traits::Hooks<u32>>::on_initialize(number);
            check();
        }
        next_block();
        assert_eq!(found(job), order_of(FIRST_BLOCK, job.0, 3)[..1]);
    });
}

#[test]
fn slots_are_offered_in_their_order_to_licenses_in_that_of_the_draw() {
    run(40, || {
        let job = ask(1, 30);
        blocks(5);
        assert_eq!(found(job), order_of(FIRST_BLOCK, job.0, 40)[..30]);
        let Some(Slot::Offered(drawn)) = mock::Slots::get(job, 0) else { panic!("it is offered") };
        let order = draw::Permutation::new(drawn.seed, 40);
        assert_eq!(order.at(drawn.position), Some(drawn.license));
        let Drawn { draw, opened, licenses, included, bytes_of, pass, .. } = drawn;
        assert_eq!((draw, opened, licenses, included, pass), (job.0, FIRST_BLOCK, 40, false, 0));
        assert_eq!(bytes_of, EpochIndex(9));
        nothing_is_left();
    });
}

#[test]
fn draw_goes_on_to_the_next_when_the_market_refuses_somebody() {
    run(6, || {
        let order = order_of(FIRST_BLOCK, 0, 6);
        Refused::insert(order[0], ());
        Refused::insert(order[2], ());
        let job = ask(1, 2);
        blocks(5);
        assert_eq!(found(job), [order[1], order[3]]);
        assert_eq!(Reserved::get(order[0]), 0, "what the market did is rolled back");
    });
}

#[test]
fn license_is_left_out_when_it_had_the_slot_or_serves_the_client() {
    run(6, || {
        let order = order_of(FIRST_BLOCK, 0, 6);
        Tried::insert((JobId(0), 0), vec![LicenseId(order[0])]);
        // A slot of the client that is not of this draw.
        let drawn = Drawn {
            draw: 77,
            opened: 1,
            seed: Hash::zero(),
            licenses: 6,
            included: false,
            bytes_of: EpochIndex(9),
            pass: 0,
            position: 0,
            license: LicenseId(order[1]),
        };
        let job = ask_for(1, 2, |order| order.slots = 3);
        mock::Slots::insert(job, 2, Slot::Offered(drawn));
        // The third is of the same entity as the second.
        mock::Shared::insert(order[2], <[u8; 32]>::from(owner(order[1])));
        blocks(5);
        assert_eq!(found(job), [order[3], order[4], order[1]]);
    });
}

#[test]
fn several_of_one_entity_are_found_when_the_client_says_so() {
    let licenses = |same_entity| {
        let mut ext = new_test_ext(3);
        ext.execute_with(|| {
            (0..3).for_each(|id| mock::Shared::insert(id, [9; 32]));
            let job = ask_for(1, 3, |order| order.same_entity = same_entity);
            blocks(8);
            found(job).len()
        })
    };
    assert_eq!((licenses(false), licenses(true)), (1, 3));
}

#[test]
fn pass_follows_on_pass_when_coins_fall_against_everybody() {
    run(4, || {
        (0..4).for_each(|id| Reputations::insert(id, Reputation(0)));
        let job = ask(1, 1);
        blocks(5);
        let at = || Stored::get(entity(1), job.0).map(|draw| (draw.pass, draw.position)).unwrap();
        assert_eq!(at(), (1, 0), "a small world is gone through once in a block");
        next_block();
        assert_eq!(at(), (2, 0));
    });
}

#[test]
fn market_has_its_slots_back_when_nobody_is_found_in_time() {
    run(0, || {
        let (job, stubborn) = (ask(1, 3), ask(2, 2));
        Stubborn::insert(stubborn, ());
        blocks(DRAW_BLOCKS);
        assert_eq!(Stored::iter().count(), 2);
        // One that the market cannot take back is forgotten all the same: nobody looks for it for ever.
        Checked::set(false);
        next_block();
        assert!((0..3).all(|slot| mock::Slots::get(job, slot) == Some(Slot::GivenUp)));
        assert_eq!(mock::Slots::get(stubborn, 0), Some(Slot::Waits(stubborn.0)), "and rolled back");
        nothing_is_left();
        (0..2).for_each(|slot| mock::Slots::remove(stubborn, slot));
    });
}

#[test]
fn draw_is_forgotten_with_its_seed_when_its_market_leaves_it() {
    run(0, || {
        let (one, other) = (ask(1, 2), ask(2, 1));
        blocks(6);
        let leave = |who: u8, job: JobId, slot| {
            mock::Slots::remove(job, slot);
            Draws::leave(entity(who), job.0, slot);
            check();
        };
        leave(1, one, 0);
        assert!(!Draws::looks_for(entity(1), one.0, Client::Job(one), 0));
        assert!(Draws::looks_for(entity(1), one.0, Client::Job(one), 1));
        leave(1, one, 1);
        assert_eq!((Stored::iter().count(), Seeds::<Test>::iter().count()), (1, 1), "the other needs the seed");
        leave(2, other, 0);
        nothing_is_left();
        // What is gone can be left again.
        Draws::leave(entity(2), other.0, 0);
    });
}

#[test]
fn entity_with_one_draw_has_as_many_turns_as_one_with_many() {
    run(1_000, || {
        Checked::set(false);
        (0..1_000).for_each(|id| Reputations::insert(id, Reputation(0)));
        (0..50).for_each(|_| assert!(ask(1, 1).0 < 50));
        ask(2, 1);
        blocks(4);
        let looked_at = |who: u8| {
            let draws = Stored::iter_prefix_values(entity(who));
            draws.map(|draw| u64::from(draw.pass) * 1_024 + draw.position).sum::<u64>()
        };
        // Room for two turns of some positions, and no more.
        let probe = <() as WeightInfo>::turn(1) - <() as WeightInfo>::turn(0);
        Limit::set((<() as WeightInfo>::turn(0) + (probe + <() as WeightInfo>::skip()) * 40) * 2);
        let before = [1, 2].map(looked_at);
        blocks(30);
        let [many, one] = [1, 2].map(looked_at);
        let (many, one) = (many - before[0], one - before[1]);
        assert!(one > 300, "{one}");
        assert!(many < one + one / 5 && one < many + many / 5, "{many} positions of fifty draws, {one} of one");
    });
}

#[test]
fn others_go_first_when_a_block_had_no_room_for_all() {
    run(100, || {
        (0..100).for_each(|id| Reputations::insert(id, Reputation(0)));
        (1..=4).for_each(|who| assert!(ask(who, 1).0 < 4));
        blocks(4);
        let turn = <() as WeightInfo>::turn(0);
        // One turn is begun in each block.
        Limit::set(turn + turn / 2);
        let mut had = vec![];
        for _ in 0..8 {
            next_block();
            had.extend(LastTurn::<Test>::get());
        }
        let (first, second) = had.split_at(4);
        assert_eq!(first, second, "round and round");
        let unique: alloc::collections::BTreeSet<_> = first.iter().collect();
        assert_eq!(unique.len(), 4);
    });
}

#[test]
fn nothing_is_looked_at_when_there_is_no_room() {
    run(5, || {
        let job = ask(1, 1);
        Limit::set(Weight::zero());
        blocks(20);
        assert_eq!(found(job), Vec::<u32>::new());
        assert_eq!(Stored::get(entity(1), job.0).unwrap().seed, None);
        Limit::set(Weight::MAX);
        next_block();
        assert_eq!(found(job).len(), 1);
    });
}

#[test]
fn largest_step_is_more_than_any_single_one() {
    let largest = <Draws as DrawsSeam>::largest_step();
    let own = <() as WeightInfo>::own(MAX_NODES);
    assert!((<() as WeightInfo>::turn(1) + own + OFFER).all_lte(largest));
    assert!((<() as WeightInfo>::turn(0) + OFFER).all_lte(largest));
    // With so much room a draw comes to its end.
    run(1, || {
        Limit::set(largest);
        let job = ask(1, 1);
        blocks(5);
        assert_eq!(found(job), [0]);
    });
}

type Break = fn(JobId);

/// A draw of two slots by entity 1, whose seed is known and who finds nobody.
const BREAKS: [(&str, Break); 14] = [
    ("a draw that looks for nothing", |job| change(job, |draw| draw.slots.clear())),
    ("a draw looks for a slot twice", |job| change(job, |draw| draw.slots.try_push(0).unwrap())),
    ("a draw for a slot that needs none", |job| mock::Slots::insert(job, 1, Slot::GivenUp)),
    ("a slot that another draw looks for", |job| mock::Slots::insert(job, 1, Slot::Waits(77))),
    ("a draw of another's slot", |job| Stored::insert(entity(2), job.0, Stored::get(entity(1), job.0).unwrap())),
    ("a draw beyond the last number", |_| NextDraw::<Test>::put(0)),
    ("a draw of the future", |job| change(job, |draw| draw.opened = 1_000_000)),
    ("a draw through more licenses than there are", |job| change(job, |draw| draw.licenses = 1_000)),
    ("a draw that goes past the include list", |job| {
        change(job, |draw| (draw.included, draw.licenses) = (true, 0));
    }),
    ("a draw's seed is not that of its block", |job| change(job, |draw| draw.seed = Some(Hash::zero()))),
    ("a draw beyond its last position", |job| change(job, |draw| draw.position = 1_000_000)),
    ("draws of a block are miscounted", |_| assert!(OpenedAt::<Test>::drain().next().is_some())),
    ("a seed that no draw needs", |_| Seeds::<Test>::insert(1, [[0; 32]; 4])),
    ("what an entity looks for is miscounted", |_| {
        Turns::<Test>::mutate(entity(1), |looking| looking.as_mut().unwrap().slots += 1)
    }),
];

fn change(job: JobId, change: impl FnOnce(&mut Draw)) {
    Stored::mutate(entity(1), job.0, |draw| change(draw.as_mut().unwrap()));
}

#[test]
fn corruption_is_found_when_storage_is_broken() {
    run(5, || {
        (0..5).for_each(|id| Reputations::insert(id, Reputation(0)));
        let job = ask(1, 2);
        blocks(6);
        for (what, corrupt) in BREAKS {
            let run = || {
                corrupt(job);
                TransactionOutcome::Rollback(Ok::<_, DispatchError>(Draws::do_try_state()))
            };
            assert_eq!(with_transaction(run).unwrap(), Err(TryRuntimeError::Other(what)));
        }
    });
}
