//! Turns: what they cost, and that nobody has too many.

use super::*;

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
