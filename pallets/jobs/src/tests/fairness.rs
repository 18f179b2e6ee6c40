//! That draws are fair: in proportion to reputation, and beyond the reach of who asks.

use super::*;
use ratio1_primitives::jobs::Capacity;

/// How likely each license is found first: it comes upon them in uniform order and takes each with its reputation, pass
/// after pass. `r_i * integral over t of product over the others of (1 - t * r_j)`, over that some are found in a pass.
fn law(reputations: &[u16]) -> Vec<f64> {
    let r: Vec<f64> = reputations.iter().map(|reputation| f64::from(*reputation) / 1_000.0).collect();
    let steps = 20_000;
    let middle = |n: i32| (f64::from(n) + 0.5) / f64::from(steps);
    let first = |i: usize| {
        let others = |t: f64| (0..r.len()).filter(|j| *j != i).map(|j| 1.0 - t * r[j]).product::<f64>();
        r[i] * (0..steps).map(|n| others(middle(n))).sum::<f64>() / f64::from(steps)
    };
    let none: f64 = r.iter().map(|r| 1.0 - r).product();
    (0..r.len()).map(|i| first(i) / (1.0 - none)).collect()
}

#[test]
fn draws_follow_reputation() {
    const REPUTATIONS: [u16; 8] = [50, 150, 300, 500, 500, 700, 900, 1_000];
    const ROUNDS: u32 = 80;
    const JOBS: u32 = 40;
    new_test_ext(8).execute_with(|| {
        Checked::set(false);
        for (id, reputation) in (0..).zip(REPUTATIONS) {
            Reputations::insert(id, Reputation(reputation));
            Profiles::mutate(id, |declared| declared.as_mut().unwrap().profile.capacity = Capacity::MOST);
        }
        let mut counts = [0u32; 8];
        for _ in 0..ROUNDS {
            let asked: Vec<JobId> =
                (0..JOBS).map(|_| ask(alice(), JobRequest { tier: Tier::Micro, epochs: 1, ..request() })).collect();
            for job in &asked {
                counts[draw(slot(*job, 0)) as usize] += 1;
            }
            for job in asked {
                assert_ok!(Jobs::cancel(origin(alice()), job));
            }
            check();
            System::reset_events();
        }
        let law = law(&REPUTATIONS);
        assert!((law.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let draws = f64::from(ROUNDS * JOBS);
        let deviation = |i: usize| (f64::from(counts[i]) - draws * law[i]).powi(2) / (draws * law[i]);
        let chi: f64 = (0..8).map(deviation).sum();
        // Seven degrees of freedom: a fair draw exceeds this once in a million.
        assert!(chi < 40.5, "chi-square is {chi} for {counts:?}, expected shares {law:?}");
        // And the test sees an unfair one: in the same counts, two neighbours taken for each other.
        let mut wrong = law.clone();
        wrong.swap(2, 5);
        let chi: f64 = (0..8).map(|i| (f64::from(counts[i]) - draws * wrong[i]).powi(2) / (draws * wrong[i])).sum();
        assert!(chi > 40.5, "{chi}");
    });
}

/// Who is found for each slot, and with which seed, by draw.
fn outcome(ask_for_all: impl FnOnce()) -> Vec<(u64, Drawn)> {
    new_test_ext(25).execute_with(|| {
        (0..25).for_each(|id| Reputations::insert(id, Reputation(300 + 20 * id as u16)));
        ask_for_all();
        blocks(12);
        check();
        let mut found: Vec<(u64, Drawn)> = events()
            .into_iter()
            .filter_map(|event| match event {
                Event::Offered { drawn, .. } => Some((drawn.draw, drawn)),
                _ => None,
            })
            .collect();
        found.sort_by_key(|(draw, _)| *draw);
        found
    })
}

#[test]
fn draw_is_the_same_when_the_world_is() {
    let asks = || {
        just_ask(alice(), JobRequest { nodes: 4, ..request() });
        just_ask(bob(), JobRequest { nodes: 3, ..request() });
    };
    assert_eq!(outcome(asks), outcome(asks));
    assert_eq!(outcome(asks).len(), 7);
}

#[test]
fn draw_is_another_when_any_of_its_outputs_is() {
    let plain = outcome(|| just_ask(alice(), request()));
    for block in FIRST_BLOCK - 4..FIRST_BLOCK + 10 {
        let changed = outcome(|| {
            Vrf::insert(block, [9; 32]);
            just_ask(alice(), request());
        });
        let counts = (FIRST_BLOCK + 1..=FIRST_BLOCK + 4).contains(&block);
        assert_eq!(plain[0].1.seed != changed[0].1.seed, counts, "output of block {block}");
    }
}

#[test]
fn requester_has_no_say_when_candidates_are_the_same() {
    let plain = outcome(|| just_ask(alice(), request()));
    // What is asked for, by whom, at what price, with what it says that admits the same nodes: nothing of it counts.
    type Variant = fn();
    let variants: Vec<Variant> = vec![
        || just_ask(bob(), request()),
        || just_ask(alice(), JobRequest { epochs: 77, tier: Tier::Micro, spec_bytes: 9, ..request() }),
        || {
            let mut other = request();
            other.spec.0[35] ^= 1;
            other.selectors.exclude.try_push(LicenseId(4_000)).unwrap();
            just_ask(alice(), other)
        },
        || {
            Rate::set(Ok(QUARTER * 2));
            just_ask(carol(), request())
        },
        || {
            // Other requests after it, in the same block and in the next ones.
            just_ask(alice(), request());
            just_ask(alice(), request());
            (0..4).for_each(|_| {
                next_block();
                just_ask(bob(), request());
            });
        },
        || {
            // Money moves, other jobs are cancelled.
            just_ask(alice(), request());
            let other = ask(alice(), request());
            next_block();
            assert_ok!(Jobs::cancel(origin(alice()), other));
        },
    ];
    for (n, variant) in variants.into_iter().enumerate() {
        let found = outcome(variant);
        assert_eq!(found[0], plain[0], "variant {n}");
    }
}

#[test]
fn order_of_requests_changes_only_who_has_which_draw() {
    let one = || just_ask(alice(), request());
    let other = || just_ask(bob(), JobRequest { tier: Tier::Micro, ..request() });
    let (forth, back) = (
        outcome(|| {
            one();
            other();
        }),
        outcome(|| {
            other();
            one();
        }),
    );
    assert_eq!(forth, back);
    assert_eq!(forth.len(), 2);
}

#[test]
fn seed_is_paid_for_when_it_may_be_known() {
    // Asking again is free as long as no seed can be known: to the block before the last of the four outputs.
    for wait in 0..8u32 {
        run(10, || {
            let before = money(&alice(), &alice());
            let job = ask(alice(), request());
            blocks(wait);
            let license = offered(slot(job, 0));
            assert_eq!(license.is_some(), wait >= 5);
            assert_ok!(Jobs::cancel(origin(alice()), job));
            let after = money(&alice(), &alice());
            let lost = before.free - after.free - FEE;
            assert_eq!((lost, after.held), (if wait >= 4 { PRICE } else { 0 }, 0), "{wait} blocks after");
            // Half is burned, half goes to who was drawn.
            let paid = license.map_or(0, |license| free(&operator(license)));
            assert_eq!(paid, if wait >= 5 { PRICE / 2 } else { 0 });
            assert_eq!(after.burned - before.burned, FEE + lost - paid);
            check();
            // What is asked for now has another seed.
            let again = ask(alice(), request());
            draw(slot(again, 0));
            let seed = slot_of(slot(again, 0)).drawn.unwrap().seed;
            assert_ne!(seed, draw::seed(&[1, 2, 3, 4].map(|n| output(FIRST_BLOCK + n)), 0));
        });
    }
}

#[test]
fn every_slot_is_paid_for_when_a_job_is_cancelled_and_asked_for_again() {
    run(10, || {
        let job = ask(alice(), JobRequest { nodes: 6, epochs: 3, ..request() });
        blocks(4);
        let before = money(&alice(), &alice());
        assert_ok!(Jobs::cancel(origin(alice()), job));
        assert_eq!(money(&alice(), &alice()).free, before.free + 6 * (2 * PRICE + DRAWS));
        assert_eq!(Burned::get(), before.burned + 6 * PRICE);
        assert_eq!(closed(job), Some(Closing::Cancelled));
    });
}
