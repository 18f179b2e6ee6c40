//! The life of a draw: opened, seeded, left, given up.

use super::*;

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
