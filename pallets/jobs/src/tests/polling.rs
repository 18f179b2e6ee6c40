//! What goes on in every block: that nothing is passed over, and nothing done too early.

use super::*;

#[test]
fn service_is_put_off_before_it_is_ended_when_the_chain_stood_still() {
    run(1, || {
        let id = slot(ask(alice(), request()), 0);
        let index = serve(id);
        run_closing(FIRST + 5, &[]);
        block_after(1_000 * EPOCH_MS);
        next_block();
        // All but the epoch in which it stopped, which is still voted about, and the one that runs.
        let ends = EpochIndex(FIRST + 10 + 999);
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        assert_eq!(slot_of(id).ends(), ends);
        assert!(Agenda::<Test>::contains_key(ends, index));
        run_fast(ends.0);
        next_block();
        assert_eq!(slot_of(id).state, SlotState::Ended(SlotEnd::Completed));
    });
}

#[test]
fn agenda_is_caught_up_when_blocks_had_no_room() {
    run(1, || {
        let id = slot(ask(alice(), request()), 0);
        let index = serve(id);
        PollLimit::set(Weight::zero());
        run_fast(FIRST + 200);
        assert_eq!(slot_of(id).state, SlotState::Running { index });
        // Room for some steps.
        PollLimit::set(Weight::from_parts(12_000_000_000, u64::MAX));
        next_block();
        assert!(Services::<Test>::contains_key(index));
        blocks(20);
        assert_eq!(AgendaEpoch::<Test>::get(), running());
        assert!(!Slots::<Test>::contains_key(id.job, id.slot), "it was served to its end and paid");
    });
}
