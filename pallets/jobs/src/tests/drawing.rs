//! Draws: the seed, who is eligible, who is found, and giving up.

use super::*;
use frame_support::BoundedVec;
use ratio1_primitives::{
    jobs::{region::Region, Capacity},
    Hash,
};

/// The events' seeds by draw.
fn seeds() -> Vec<(u64, Hash)> {
    draw_events()
        .into_iter()
        .filter_map(|event| match event {
            DrawEvent::DrawSeeded { draw, seed } => Some((draw, seed)),
            _ => None,
        })
        .collect()
}

/// The seed of a draw opened in `block`, by the rules.
fn seed_of(block: u32, id: u64) -> Hash {
    let outputs = [1, 2, 3, 4].map(|n| output(block + n));
    draw::seed(&outputs, id)
}

#[test]
fn draw_takes_its_seed_from_the_next_four_blocks() {
    run(5, || {
        let job = ask(alice(), request());
        for _ in 0..4 {
            next_block();
            assert_eq!(seeds(), vec![]);
            assert_eq!(slot_of(slot(job, 0)).state, SlotState::Drawing { draw: 0 });
        }
        next_block();
        let seed = seed_of(FIRST_BLOCK, 0);
        assert_eq!(seeds(), vec![(0, seed)]);
        // All are of full reputation: the first position that is no gap is taken.
        let order = draw::Permutation::new(seed, 5);
        let (position, license) =
            (0..order.positions()).find_map(|position| order.at(position).map(|found| (position, found))).unwrap();
        let id = slot(job, 0);
        let drawn = Drawn {
            draw: 0,
            opened: FIRST_BLOCK,
            seed,
            licenses: 5,
            included: false,
            bytes_of: e(FIRST - 1),
            pass: 0,
            position,
            license,
        };
        let until = Polled::<Test>::get() + Parameters::default().accept_blocks;
        let stored = slot_of(id);
        assert_eq!(stored.drawn, Some(drawn));
        assert_eq!(stored.state, SlotState::Offered { license, at: FIRST_BLOCK + 5, until });
        has_event(Event::Offered { slot: id, drawn, until });
        // Nothing is left of the draw.
        assert_eq!(pallet_draws::Draws::<Test>::iter().count(), 0);
        assert_eq!(pallet_draws::Seeds::<Test>::iter().count(), 0);
        assert_eq!(pallet_draws::OpenedAt::<Test>::iter().count(), 0);
    });
}

#[test]
fn draws_of_one_block_have_seeds_of_their_own() {
    run(20, || {
        (0..4).for_each(|_| just_ask(alice(), request()));
        next_block();
        (0..2).for_each(|_| just_ask(bob(), request()));
        blocks(5);
        let expected: Vec<_> =
            (0..6).map(|id| (id, seed_of(if id < 4 { FIRST_BLOCK } else { FIRST_BLOCK + 1 }, id))).collect();
        let mut found = seeds();
        found.sort();
        assert_eq!(found, expected);
        assert_eq!(pallet_draws::Seeds::<Test>::iter().count(), 0);
    });
}

#[test]
fn draw_finds_distinct_licenses_in_order_when_a_job_has_many_nodes() {
    run(40, || {
        let job = ask(alice(), JobRequest { nodes: 30, ..request() });
        blocks(5);
        let order = draw::Permutation::new(seed_of(FIRST_BLOCK, 0), 40);
        let expected: Vec<u32> =
            (0..order.positions()).filter_map(|position| order.at(position)).map(|id| id.0).take(30).collect();
        let found: Vec<u32> = (0..30).map(|n| offered(slot(job, n)).unwrap()).collect();
        assert_eq!(found, expected);
    });
}

#[test]
fn draw_takes_a_license_as_its_coin_and_reputation_say() {
    run(12, || {
        (0..12).for_each(|id| Reputations::insert(id, Reputation(100 + 40 * id as u16)));
        let job = ask(alice(), JobRequest { nodes: 3, ..request() });
        blocks(12);
        // Recomputed from the seed, pass by pass.
        let seed = seed_of(FIRST_BLOCK, 0);
        let order = draw::Permutation::new(seed, 12);
        let mut expected = Vec::new();
        'found: for pass in 0.. {
            for position in 0..order.positions() {
                let Some(license) = order.at(position) else { continue };
                let free = !expected.iter().any(|(_, _, taken)| *taken == license);
                if free && draw::coin(seed, pass, license) < 100 + 40 * license.0 as u16 {
                    expected.push((pass, position, license));
                    if expected.len() == 3 {
                        break 'found;
                    }
                }
            }
        }
        let drawn = (0..3).map(|n| slot_of(slot(job, n)).drawn.unwrap());
        assert_eq!(drawn.map(|drawn| (drawn.pass, drawn.position, drawn.license)).collect::<Vec<_>>(), expected);
    });
}

#[test]
fn draw_never_takes_a_license_without_reputation() {
    run(2, || {
        Reputations::insert(1, Reputation(0));
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        zero_accepts(job);
        blocks(41);
        assert_only_zero_serves(job);
    });
}

/// Of two slots one was offered to license 0, the other has found nobody.
fn assert_only_zero_serves(job: JobId) {
    let offers: Vec<u32> = events()
        .into_iter()
        .filter_map(|event| match event {
            Event::Offered { slot, drawn, .. } if slot.job == job => Some(drawn.license.0),
            _ => None,
        })
        .collect();
    assert_eq!(offers.first(), Some(&0), "license 0 is offered a slot, and no other: {offers:?}");
    assert!(offers.iter().all(|license| *license == 0), "{offers:?}");
    let ends = events()
        .into_iter()
        .filter(|event| matches!(event, Event::SlotEnded { slot, why: SlotEnd::NoCandidate, .. } if slot.job == job));
    assert_eq!(ends.count(), 1, "the other slot finds nobody");
}

/// Whichever slot is offered first, it is accepted: an offer that lapses would be drawn again later.
fn zero_accepts(job: JobId) {
    blocks(5);
    let id = (0..2).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).expect("license 0 is drawn");
    accept(id);
}

/// Asks for two nodes where `spoil` spoils license 1.
fn only_zero_serves(what: &str, spoil: impl FnOnce(&mut JobRequest)) {
    run(2, || {
        let mut wanted = JobRequest { nodes: 2, ..request() };
        spoil(&mut wanted);
        let job = ask(alice(), wanted);
        zero_accepts(job);
        blocks(41);
        println!("not drawn: {what}");
        assert_only_zero_serves(job);
    });
}

fn profile_of_one(change: impl FnOnce(&mut ratio1_primitives::jobs::NodeProfile)) {
    Profiles::mutate(1, |declared| change(&mut declared.as_mut().unwrap().profile));
}

fn one<X, S: frame_support::traits::Get<u32>>(entry: X) -> BoundedVec<X, S> {
    BoundedVec::truncate_from(vec![entry])
}

#[test]
fn license_is_not_drawn_when_it_is_not_eligible() {
    only_zero_serves("a Master deed", |_| Deeds::change(LicenseId(1), |deed| deed.class = LicenseClass::Master));
    only_zero_serves("the Genesis deed", |_| Deeds::change(LicenseId(1), |deed| deed.class = LicenseClass::Genesis));
    only_zero_serves("not linked", |_| Deeds::change(LicenseId(1), |deed| deed.link = None));
    only_zero_serves("banned", |_| Deeds::change(LicenseId(1), |deed| deed.banned = true));
    only_zero_serves("an oracle's", |_| bind(1));
    only_zero_serves("owner fallen", |_| fall(1));
    only_zero_serves("below the threshold", |_| Measured::set_byte(FIRST - 1, LicenseId(1), THRESHOLD - 1));
    only_zero_serves("nothing declared", |_| Profiles::remove(1));
    only_zero_serves("declared by another node", |_| {
        Profiles::mutate(1, |declared| declared.as_mut().unwrap().node = node(0))
    });
    only_zero_serves("too little declared", |_| profile_of_one(|profile| profile.capacity.memory_mib = 8_191));
    only_zero_serves("nothing offered", |_| profile_of_one(|profile| profile.capacity = Capacity::default()));
    only_zero_serves("barred", |_| BarredUntil::insert(1, e(FIRST + 50)));
}

#[test]
fn license_is_not_drawn_when_selectors_do_not_admit_it() {
    use ratio1_primitives::kyc::Country;
    only_zero_serves("GPU missing", |request| {
        declare_gpu(0, Gpu::Entry);
        request.gpu = Some(Gpu::Entry);
    });
    only_zero_serves("GPU of a smaller class", |request| {
        declare_gpu(0, Gpu::Ultra);
        declare_gpu(1, Gpu::Med);
        request.gpu = Some(Gpu::High);
    });
    only_zero_serves("country", |request| {
        attest(&operator(1), 1_001, b"MD", EntityKind::Individual);
        request.selectors.countries = one(Country(*b"RO"));
    });
    only_zero_serves("not this country", |request| {
        attest(&operator(1), 1_001, b"MD", EntityKind::Individual);
        request.selectors.not_countries = one(Country(*b"MD"));
    });
    only_zero_serves("region", |request| {
        attest(&operator(1), 1_001, b"US", EntityKind::Individual);
        request.selectors.regions = one(Region::Europe);
    });
    only_zero_serves("companies only", |request| {
        attest(&operator(0), 1_000, b"RO", EntityKind::Company);
        request.selectors.companies_only = true;
    });
    only_zero_serves("tag missing", |request| {
        Profiles::mutate(0, |declared| declared.as_mut().unwrap().profile.tags = one(tag("ssd")));
        request.selectors.tags = one(tag("ssd"));
    });
    only_zero_serves("tag unwanted", |request| {
        profile_of_one(|profile| profile.tags = one(tag("hdd")));
        request.selectors.not_tags = one(tag("hdd"));
    });
    only_zero_serves("not included", |request| {
        request.selectors.include = BoundedVec::truncate_from(vec![LicenseId(0), LicenseId(77)]);
    });
    only_zero_serves("excluded", |request| request.selectors.exclude = one(LicenseId(1)));
}

fn declare_gpu(license: u32, class: Gpu) {
    Profiles::mutate(license, |declared| declared.as_mut().unwrap().profile = with_gpu(class, 1));
}

#[test]
fn license_is_drawn_by_what_held_in_the_block_of_the_request() {
    only_zero_serves("declared after the request", |_| declare_later(|profile| profile.tags = one(tag("late"))));
    run(2, || {
        // A tag declared later helps not, and one taken away later hurts not.
        for id in 0..2 {
            Profiles::mutate(id, |declared| declared.as_mut().unwrap().profile.tags = one(tag("old")));
        }
        let mut old = JobRequest { nodes: 2, ..request() };
        old.selectors.tags = one(tag("old"));
        let mut new = request();
        new.selectors.tags = one(tag("new"));
        let (old, new) = (ask(alice(), old), ask(alice(), new));
        next_block();
        let mut profile = roomy();
        profile.tags = one(tag("new"));
        (0..2).for_each(|id| declare(id, profile.clone()));
        blocks(4);
        assert!(offered(slot(old, 0)).is_some() && offered(slot(old, 1)).is_some());
        blocks(40);
        assert_eq!(closed(new), Some(Closing::Unserved));
    });
    run(1, || {
        // Deeds issued after the request are not gone through.
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        next_block();
        let late = issue(LicenseClass::Node);
        Reputations::insert(late, Reputation(1_000));
        zero_accepts(job);
        blocks(41);
        assert_only_zero_serves(job);
    });
    run(2, || {
        // Nor does a later epoch's byte count.
        Measured::set_byte(FIRST - 1, LicenseId(1), 0);
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        zero_accepts(job);
        blocks(20);
        close_epoch(FIRST, &[]);
        blocks(21);
        assert_only_zero_serves(job);
    });
}

/// License 1 has declared nothing but in the block after the request.
fn declare_later(change: impl FnOnce(&mut ratio1_primitives::jobs::NodeProfile)) {
    Profiles::mutate(1, |declared| {
        let declared = declared.as_mut().unwrap();
        declared.since = FIRST_BLOCK + 1;
        change(&mut declared.profile);
    });
}

#[test]
fn license_is_drawn_when_its_gpu_is_of_a_larger_class() {
    run(1, || {
        declare_gpu(0, Gpu::Ultra);
        let id = slot(ask(alice(), JobRequest { gpu: Some(Gpu::Entry), ..request() }), 0);
        assert_eq!(draw(id), 0);
        // That was its only one.
        let other = slot(ask(bob(), JobRequest { gpu: Some(Gpu::Entry), ..request() }), 0);
        blocks(20);
        assert_eq!(offered(other), None);
    });
}

#[test]
fn entity_is_drawn_more_than_once_only_when_the_request_says_so() {
    let offers = |same_entity| {
        new_test_ext(3).execute_with(|| {
            (1..3).for_each(|id| attest(&operator(id), 1_000, b"RO", EntityKind::Individual));
            let job = ask(alice(), JobRequest { nodes: 4, same_entity, ..request() });
            blocks(6);
            let found: Vec<u32> = (0..4).filter_map(|n| offered(slot(job, n))).collect();
            check();
            found
        })
    };
    assert_eq!(offers(false).len(), 1);
    let mut found = offers(true);
    found.sort();
    assert_eq!(found, vec![0, 1, 2], "no license twice, even so");
}

#[test]
fn license_is_drawn_for_several_jobs_of_one_requester() {
    run(1, || {
        let jobs: Vec<JobId> = (0..3).map(|_| ask(alice(), request())).collect();
        blocks(8);
        assert!(jobs.iter().all(|job| offered(slot(*job, 0)) == Some(0)));
    });
}

#[test]
fn one_of_two_jobs_waits_when_there_is_room_for_one() {
    run(1, || {
        Profiles::mutate(0, |declared| declared.as_mut().unwrap().profile.capacity.memory_mib = 8_192);
        let (first, second) = (ask(alice(), request()), ask(bob(), request()));
        blocks(8);
        let (won, lost) = match (offered(slot(first, 0)), offered(slot(second, 0))) {
            (Some(0), None) => (first, second),
            (None, Some(0)) => (second, first),
            other => panic!("one of them is drawn: {other:?}"),
        };
        let before = free(&job_of(lost).owner);
        blocks(40);
        // The winner's offer has lapsed meanwhile, and barred the license.
        assert_eq!(closed(lost), Some(Closing::Unserved));
        assert_eq!(free(&job_of(lost).owner), before + 10 * PRICE + DRAWS);
        assert_ne!(closed(won), Some(Closing::Unserved));
    });
}

#[test]
fn slot_waits_for_room_until_the_draw_gives_up() {
    run(1, || {
        Profiles::mutate(0, |declared| declared.as_mut().unwrap().profile.capacity.memory_mib = 8_192);
        let first = slot(ask(alice(), JobRequest { epochs: 1, ..request() }), 0);
        serve(first);
        let second = slot(ask(bob(), request()), 0);
        // The first ends with the epoch; the license is free for the second, whose draw still looks.
        run_to_epoch(FIRST + 1);
        blocks(3);
        assert_eq!(offered(second), Some(0));
    });
}

#[test]
fn nobody_is_drawn_when_no_epoch_was_ever_finalised() {
    run(3, || {
        LastFinalised::set(None);
        let job = ask(alice(), request());
        blocks(41);
        assert_eq!(closed(job), Some(Closing::Unserved));
    });
}

#[test]
fn all_is_returned_but_the_fee_when_nobody_is_found() {
    run(0, || {
        let before = money(&alice(), &alice());
        let job = ask(alice(), JobRequest { nodes: 5, ..request() });
        let asked = Polled::<Test>::get();
        while closed(job).is_none() {
            assert_eq!(on_hold(&alice()), 50 * PRICE + 5 * DRAWS);
            next_block();
        }
        let draw_blocks = Parameters::default().draw_blocks;
        assert_eq!(Polled::<Test>::get(), asked + draw_blocks + 1, "it looks until then, and no longer");
        let after = money(&alice(), &alice());
        assert_eq!((after.free, after.held), (before.free - 5 * FEE, 0));
        assert_eq!(after.burned, before.burned + 5 * FEE);
        for n in 0..5 {
            has_event(Event::SlotEnded { slot: slot(job, n), why: SlotEnd::NoCandidate, returned: 10 * PRICE + DRAWS });
        }
        let all = 50 * PRICE + 5 * DRAWS;
        let ledger = Ledger { deposited: all, returned: all, ..Default::default() };
        has_event(Event::JobClosed { job, closing: Closing::Unserved, ledger });
        assert_eq!(pallet_draws::Draws::<Test>::iter().count(), 0);
        assert_eq!(pallet_draws::OpenedAt::<Test>::iter().count(), 0);
        assert_eq!(pallet_draws::Seeds::<Test>::iter().count(), 0);
        assert_eq!(Slots::<Test>::iter().count(), 0);
        assert_eq!(Requests::<Test>::iter().count(), 0);
        assert_eq!(states(job).last(), Some(&JobState::Closed(Closing::Unserved)));
    });
}

#[test]
fn draw_finds_rare_selectors_among_many_licenses() {
    many_licenses(3_000).execute_with(|| {
        Checked::set(false);
        Profiles::mutate(2_345, |declared| declared.as_mut().unwrap().profile.tags = one(tag("rare")));
        let mut rare = request();
        rare.selectors.tags = one(tag("rare"));
        let id = slot(ask(alice(), rare), 0);
        blocks(5);
        let opened = Polled::<Test>::get();
        assert_eq!(draw(id), 2_345);
        // 4096 positions, 256 in a block.
        assert!(Polled::<Test>::get() - opened <= 16);
        check();
    });
}

#[test]
fn draw_looks_at_no_more_positions_in_a_block_than_its_parameter_says() {
    many_licenses(1_000).execute_with(|| {
        Checked::set(false);
        let mut nobody = request();
        nobody.selectors.tags = one(tag("nobody"));
        ask(alice(), nobody);
        blocks(5);
        let position =
            || pallet_draws::Draws::<Test>::iter_values().map(|draw| (draw.pass, draw.position)).next().unwrap();
        assert_eq!(position(), (0, 256));
        blocks(1);
        assert_eq!(position(), (0, 512));
        blocks(2);
        assert_eq!(position(), (1, 0));
        check();
    });
}

#[test]
fn small_world_is_gone_through_once_in_a_block() {
    run(3, || {
        (0..3).for_each(|id| Reputations::insert(id, Reputation(0)));
        ask(alice(), request());
        blocks(5);
        let passes =
            || pallet_draws::Draws::<Test>::iter_values().map(|draw| (draw.pass, draw.position)).next().unwrap();
        assert_eq!(passes(), (1, 0));
        next_block();
        assert_eq!(passes(), (2, 0));
    });
}

#[test]
fn draw_is_seeded_late_and_goes_on_when_polls_are_left_out() {
    run(3, || {
        // Nothing is polled, as during a migration: the outputs are kept all the same.
        let id = slot(ask(alice(), request()), 0);
        for _ in 0..30 {
            let number = System::block_number() + 1;
            System::set_block_number(number);
            <Draws as frame_support::traits::Hooks<u32>>::on_initialize(number);
            Now::mutate(|now| *now += 1_000);
            check();
        }
        assert_eq!(Polled::<Test>::get(), 0);
        next_block();
        assert_eq!(seeds(), vec![(0, seed_of(FIRST_BLOCK, 0))]);
        assert!(offered(id).is_some());
    });
}
