//! Who is found, and in which order.

use super::*;

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
        assert_eq!(Reserved::get(order[0]), None, "what the market did is rolled back");
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
        Kyc::join(&owner(order[2]), Kyc::entity(&owner(order[1])));
        blocks(5);
        assert_eq!(found(job), [order[3], order[4], order[1]]);
    });
}

#[test]
fn several_of_one_entity_are_found_when_the_client_says_so() {
    let licenses = |same_entity| {
        let mut ext = new_test_ext(3);
        ext.execute_with(|| {
            (0..3).for_each(|id| Kyc::join(&owner(id), [9; 32]));
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
