//! Turns: whoever looks for many nodes, others find theirs.

use super::*;
use frame_support::BoundedVec;
use ratio1_primitives::jobs::Capacity;

/// A request that no node can serve but those with this tag.
fn tagged(word: &str) -> JobRequest {
    let mut wanted = JobRequest { tier: Tier::Micro, epochs: 1, ..request() };
    wanted.selectors.tags = BoundedVec::truncate_from(vec![tag(word)]);
    wanted
}

/// Another requester, of an entity of its own, with money.
fn newcomer(n: u32) -> AccountId {
    use frame_support::traits::{fungible::Mutate, tokens::Preservation};
    let who = account(10_000 + n);
    attest(&who, 10_000 + n, b"DE", EntityKind::Individual);
    <Balances as Mutate<_>>::transfer(&carol(), &who, 1_000 * R1, Preservation::Expendable).unwrap();
    who
}

/// Blocks until a slot is offered.
fn waits(id: SlotRef) -> u32 {
    let asked = System::block_number();
    while offered(id).is_none() {
        next_block();
        assert!(System::block_number() < asked + 1_000, "nobody is drawn");
    }
    System::block_number() - asked
}

/// A thousand licenses, and one more of a node that signs and has a tag of its own. Draws go on for as long as on mainnet.
fn large_world(test: impl FnOnce(u32)) {
    many_licenses(1_000).execute_with(|| {
        Checked::set(false);
        Settings::<Test>::mutate(|settings| settings.draw_blocks = 7_200);
        let own = issue(LicenseClass::Node);
        trust_all();
        Profiles::mutate(own, |declared| {
            declared.as_mut().unwrap().profile.tags = BoundedVec::truncate_from(vec![tag("mine")])
        });
        test(own);
        check();
    });
}

/// The attack: jobs that only a node of one's own can serve, and does, so that each can have 63 nodes more that never
/// will be found. As long as that was free and counted by nobody it stopped all other draws.
#[test]
fn request_finds_its_node_at_once_when_another_entity_looks_for_all_it_may() {
    large_world(|_| {
        let wanted = JobRequest { epochs: 1_000, ..tagged("mine") };
        let jobs: Vec<JobId> = (0..64)
            .map(|_| {
                let job = ask(carol(), wanted.clone());
                serve(slot(job, 0));
                job
            })
            .collect();
        let (before, mut opened) = (money(&carol(), &carol()), 0);
        for job in jobs {
            for _ in 0..63 {
                match Jobs::add_nodes(origin(carol()), job, 1, 1, Balance::MAX) {
                    Ok(()) => opened += 1,
                    Err(refused) => assert_eq!(refused, E::TooManyLookedFor.into()),
                }
            }
        }
        assert_eq!(opened, MAX_LOOKED_FOR, "of 4032");
        assert_eq!(pallet_draws::Draws::<Test>::iter_key_prefix(entity(&carol())).count(), 128);
        let after = money(&carol(), &carol());
        assert_eq!(after.burned - before.burned, 128 * FEE);
        blocks(10);
        // Five blocks for the seed, and then it is there: half of a block is the honest one's.
        assert_eq!(waits(slot(ask(bob(), request()), 0)), 5);
        // So it is for one that takes a walk: one license in a hundred.
        (0..10).for_each(|n| {
            Profiles::mutate(100 * n, |declared| {
                declared.as_mut().unwrap().profile.tags = BoundedVec::truncate_from(vec![tag("rare")])
            })
        });
        declare_before(1_000);
        assert!(waits(slot(ask(bob(), tagged("rare")), 0)) <= 9);
    });
}

/// What is declared now was declared long ago.
fn declare_before(licenses: u32) {
    (0..licenses).for_each(|id| Profiles::mutate(id, |declared| declared.as_mut().unwrap().since = 1));
}

#[test]
fn requests_wait_for_a_round_when_many_entities_look_for_all_they_may() {
    large_world(|_| {
        let crowd: Vec<AccountId> = (0..100).map(newcomer).collect();
        for who in &crowd {
            (0..2).for_each(|_| just_ask(who.clone(), JobRequest { nodes: 64, ..tagged("nobody") }));
        }
        blocks(10);
        // A turn is of 16 positions then, and a round of 100 takes about two and a half blocks.
        let asked: Vec<SlotRef> = (0..3).map(|_| slot(ask(bob(), request()), 0)).collect();
        let waited = asked.into_iter().map(waits).sum::<u32>();
        assert!((6..=5 + 3 * 4).contains(&waited), "{waited}");
        for who in crowd {
            for job in Jobs::jobs_of(who.clone(), JobId(0)) {
                assert_ok!(Jobs::cancel(origin(who.clone()), job.id));
            }
        }
    });
}

#[test]
fn slot_that_moves_is_looked_for_when_its_entity_looks_for_all_it_may() {
    large_world(|own| {
        let job = ask(alice(), JobRequest { epochs: 1_000, ..tagged("mine") });
        let id = slot(job, 0);
        serve(id);
        (0..2).for_each(|_| just_ask(alice(), JobRequest { nodes: 64, ..tagged("nobody") }));
        assert_noop!(Jobs::add_nodes(origin(alice()), job, 1, 1, Balance::MAX), E::TooManyLookedFor);
        assert_eq!(Jobs::can_add_nodes(alice(), job, 1, 1, Balance::MAX), Err(E::TooManyLookedFor.into()));
        let other = issue(LicenseClass::Node);
        Reputations::insert(other, Reputation(1_000));
        Profiles::mutate(other, |declared| {
            declared.as_mut().unwrap().profile.tags = BoundedVec::truncate_from(vec![tag("mine")])
        });
        ban(own);
        assert_eq!(Jobs::looked_for(entity(&alice())), MAX_LOOKED_FOR + 1);
        // Four turns for a pass, in which its two other draws have theirs.
        assert!(waits(id) <= 5 + 4);
        assert_eq!(offered(id), Some(other));
    });
}

#[test]
fn entity_with_one_draw_has_as_many_turns_as_one_with_many() {
    large_world(|_| {
        Settings::<Test>::mutate(|settings| settings.work_share = sp_runtime::Percent::from_percent(5));
        (0..100).for_each(|_| just_ask(alice(), tagged("nobody")));
        just_ask(bob(), tagged("nobody"));
        blocks(5);
        let looked_at = |who: &AccountId| {
            let draws = pallet_draws::Draws::<Test>::iter_prefix_values(entity(who));
            draws.map(|draw| u64::from(draw.pass) * 1_024 + draw.position).sum::<u64>()
        };
        let before = [alice(), bob()].map(|who| looked_at(&who));
        blocks(40);
        let [many, one] = [alice(), bob()].map(|who| looked_at(&who));
        let (many, one) = (many - before[0], one - before[1]);
        assert!(one > 1_000, "{one}");
        assert!(many < one + one / 10, "{many} positions of a hundred draws, {one} of one");
    });
}

#[test]
fn every_draw_gets_its_turn_when_blocks_are_full() {
    let mut parameters = Parameters { draw_blocks: 2_000, ..Default::default() };
    parameters.work_share = sp_runtime::Percent::from_percent(5);
    with_parameters(30, parameters).execute_with(|| {
        Checked::set(false);
        (0..30).for_each(|id| {
            Profiles::mutate(id, |declared| declared.as_mut().unwrap().profile.capacity = Capacity::MOST)
        });
        // Half of them find nobody for ever.
        let asked: Vec<JobId> = (0..120)
            .map(|n| {
                let mut wanted = JobRequest { tier: Tier::Micro, epochs: 1, ..request() };
                if n % 2 == 0 {
                    wanted.selectors.tags = BoundedVec::truncate_from(vec![tag("nobody")]);
                }
                ask(alice(), wanted)
            })
            .collect();
        blocks(5);
        let seeded = |job: &JobId| offered(slot(*job, 0)).is_some();
        let begun = asked.iter().filter(|job| seeded(job)).count();
        assert!(begun < 60, "one block does not do for all");
        for _ in 0..60 {
            next_block();
            if asked.iter().skip(1).step_by(2).all(seeded) {
                check();
                return;
            }
        }
        panic!("{} of 60 are found", asked.iter().skip(1).step_by(2).filter(|job| seeded(job)).count());
    });
}

/// Settlement has more to do than all blocks have room for, and so have the draws: these get the quarter that is kept
/// for them.
#[test]
fn draws_have_their_share_when_settlement_has_much_to_do() {
    new_test_ext(65).execute_with(|| {
        let job = ask(alice(), JobRequest { nodes: 64, epochs: 100, ..request() });
        blocks(12);
        serve_all(job);
        run_to_epoch(FIRST + 20);
        (FIRST..FIRST + 20).for_each(|epoch| close_epoch(epoch, &[]));
        Checked::set(false);
        for _ in 0..3_000 {
            issue(LicenseClass::Node);
        }
        just_ask(bob(), tagged("nobody"));
        PollLimit::set(Weight::zero());
        blocks(5);
        let chunk = <() as WeightInfo>::settle_chunk(SETTLE_CHUNK);
        let probe = <() as pallet_draws::WeightInfo>::turn(1) - <() as pallet_draws::WeightInfo>::turn(0);
        let limit = chunk * 8;
        PollLimit::set(limit);
        let position = || pallet_draws::Draws::<Test>::iter_values().next().unwrap().position;
        for n in 1..=4 {
            next_block();
            let Cursor { head, tail, .. } = Settled::<Test>::get();
            assert!(head < tail, "the backlog is still there");
            // Two chunks' worth of positions, less what comes with a turn; without a share less than one is left.
            let share = (chunk * 2).checked_div_per_component(&probe).unwrap();
            assert!(position() >= n * share * 4 / 5, "{} in {n} blocks of {share}", position());
        }
        PollLimit::set(Weight::MAX);
        blocks(100);
        let Cursor { head, tail, .. } = Settled::<Test>::get();
        assert_eq!(head, tail);
        check();
    });
}
