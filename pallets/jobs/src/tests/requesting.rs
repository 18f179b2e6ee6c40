//! Asking for jobs: what is refused and why, what it costs.

use super::*;
use frame_support::BoundedVec;
use ratio1_primitives::jobs::{region::Region, Cid, HealthCheck};

type Change = fn(&mut JobRequest);

fn list<X: Clone, S: frame_support::traits::Get<u32>>(entries: &[X]) -> BoundedVec<X, S> {
    BoundedVec::truncate_from(entries.to_vec())
}

fn refuse(who: AccountId, request: JobRequest, max_price: Balance, error: E) {
    let expected: DispatchError = error.into();
    assert_eq!(Jobs::can_request(who.clone(), request.clone(), max_price), Err(expected), "{request:?}");
    assert_noop!(Jobs::request(origin(who), Box::new(request), max_price), expected);
}

#[test]
fn request_is_refused_when_it_makes_no_sense() {
    const DE: Country = Country(*b"DE");
    const RO: Country = Country(*b"RO");
    let cases: Vec<(Change, fn() -> E)> = vec![
        (|r| r.nodes = 0, || E::NodesOutOfBounds),
        (|r| r.nodes = MAX_NODES as u16 + 1, || E::NodesOutOfBounds),
        (|r| r.nodes = u16::MAX, || E::NodesOutOfBounds),
        (|r| r.epochs = 0, || E::EpochsOutOfBounds),
        (|r| r.epochs = MAX_EPOCHS + 1, || E::EpochsOutOfBounds),
        (|r| r.epochs = u32::MAX, || E::EpochsOutOfBounds),
        (|r| r.spec = Cid([0; 36]), || E::BadCid),
        (|r| r.spec.0[1] = 0x71, || E::BadCid),
        (|r| r.spec_bytes = 0, || E::SpecOutOfBounds),
        (|r| r.spec_bytes = 1024 * 1024 + 1, || E::SpecOutOfBounds),
        (|r| r.selectors.tags = list(&[tag("")]), || E::BadTag),
        (|r| r.selectors.tags = list(&[tag("ssd"), tag("SSD")]), || E::BadTag),
        (|r| r.selectors.not_tags = list(&[tag("a b")]), || E::BadTag),
        (|r| r.selectors.countries = list(&[DE, Country(*b"ro")]), || E::BadCountry),
        (|r| r.selectors.not_countries = list(&[Country(*b"R1")]), || E::BadCountry),
        (|r| r.selectors.countries = list(&[DE, DE]), || E::ContradictorySelectors),
        (|r| r.selectors.not_countries = list(&[DE, RO, DE]), || E::ContradictorySelectors),
        (
            |r| {
                r.selectors.countries = list(&[DE, RO]);
                r.selectors.not_countries = list(&[RO]);
            },
            || E::ContradictorySelectors,
        ),
        (|r| r.selectors.regions = list(&[Region::Europe, Region::Europe]), || E::ContradictorySelectors),
        (|r| r.selectors.tags = list(&[tag("ssd"), tag("ssd")]), || E::ContradictorySelectors),
        (|r| r.selectors.not_tags = list(&[tag("ssd"), tag("ssd")]), || E::ContradictorySelectors),
        (
            |r| {
                r.selectors.tags = list(&[tag("ssd")]);
                r.selectors.not_tags = list(&[tag("hdd"), tag("ssd")]);
            },
            || E::ContradictorySelectors,
        ),
        (|r| r.selectors.include = list(&[LicenseId(1), LicenseId(1)]), || E::ContradictorySelectors),
        (|r| r.selectors.exclude = list(&[LicenseId(1), LicenseId(1)]), || E::ContradictorySelectors),
        (
            |r| {
                r.selectors.include = list(&[LicenseId(1), LicenseId(2)]);
                r.selectors.exclude = list(&[LicenseId(2)]);
            },
            || E::ContradictorySelectors,
        ),
        (
            |r| {
                r.nodes = 2;
                r.selectors.include = list(&[LicenseId(1)]);
            },
            || E::TooFewIncluded,
        ),
        (|r| r.health = Some(HealthCheck { port: 0, path: list(b"/") }), || E::BadHealthCheck),
        (|r| r.health = Some(HealthCheck { port: 80, path: list(b"") }), || E::BadHealthCheck),
        (|r| r.health = Some(HealthCheck { port: 80, path: list(b"health") }), || E::BadHealthCheck),
    ];
    run(1, || {
        for (change, error) in cases {
            let mut bad = request();
            change(&mut bad);
            refuse(alice(), bad, Balance::MAX, error());
        }
    });
}

#[test]
fn request_is_taken_when_it_is_at_its_bounds() {
    let cases: Vec<Change> = vec![
        |r| r.nodes = MAX_NODES as u16,
        |r| r.epochs = MAX_EPOCHS,
        |r| r.spec = Cid::new(true, [0; 32]),
        |r| r.spec_bytes = 1,
        |r| r.spec_bytes = 1024 * 1024,
        |r| r.selectors.tags = list(&[tag("a-9"), tag(&"z".repeat(32))]),
        |r| r.selectors.include = list(&[LicenseId(9_999)]),
        |r| r.health = Some(HealthCheck { port: 1, path: list(b"/") }),
    ];
    for change in cases {
        run(1, || {
            let mut good = request();
            change(&mut good);
            assert_eq!(Jobs::can_request(alice(), good.clone(), Balance::MAX), Ok(()));
            ask(alice(), good);
        });
    }
}

#[test]
fn request_is_refused_when_the_account_is_not_admitted() {
    run(1, || {
        refuse(stranger(), request(), Balance::MAX, E::NotAttested);
        for (refusal, error) in [
            (KycRefusal::NotAttested, E::NotAttested),
            (KycRefusal::Expired(e(3)), E::AttestationExpired),
            (KycRefusal::Revoked, E::AttestationRevoked),
            (KycRefusal::CountryProhibited, E::CountryProhibited),
        ] {
            Kyc::lapse(&alice(), refusal);
            refuse(alice(), request(), Balance::MAX, error);
        }
        assert_noop!(Jobs::request(RuntimeOrigin::root(), Box::new(request()), Balance::MAX), DispatchError::BadOrigin);
        assert_noop!(Jobs::request(RuntimeOrigin::none(), Box::new(request()), Balance::MAX), DispatchError::BadOrigin);
    });
}

#[test]
fn request_is_refused_when_there_is_no_rate() {
    run(1, || {
        Rate::set(Err(PriceRefusal::Missing));
        refuse(alice(), request(), Balance::MAX, E::RateMissing);
        Rate::set(Err(PriceRefusal::Stale(e(3))));
        refuse(alice(), request(), Balance::MAX, E::RateStale);
        // At which nothing has a price, or one that nobody can count.
        Rate::set(Ok(0));
        refuse(alice(), request(), Balance::MAX, E::RateMissing);
        Rate::set(Ok(1));
        let most = JobRequest { nodes: 64, epochs: MAX_EPOCHS, ..request() };
        refuse(alice(), most, Balance::MAX, E::InsufficientFunds);
    });
}

#[test]
fn request_is_refused_when_its_price_is_above_the_maximum() {
    run(1, || {
        refuse(alice(), request(), PRICE - 1, E::PriceAboveMaximum);
        assert_ok!(Jobs::request(origin(alice()), Box::new(request()), PRICE));
        // A price that is no whole number of base units is rounded up.
        Rate::set(Ok(QUARTER * 3));
        let price = (PRICE / 3) + 1;
        refuse(alice(), request(), price - 1, E::PriceAboveMaximum);
        assert_ok!(Jobs::request(origin(alice()), Box::new(request()), price));
        assert_eq!(Jobs::quote(Tier::Low2, None).unwrap().price, price);
    });
}

#[test]
fn request_is_refused_when_the_entity_looks_for_too_many_nodes() {
    run(0, || {
        // Bob's account is another one of Alice's entity.
        attest(&bob(), 1, b"FR", EntityKind::Individual);
        let of = |nodes| JobRequest { nodes, ..request() };
        ask(alice(), of(64));
        ask(bob(), of(63));
        assert_eq!(Jobs::looked_for(entity(&alice())), 127);
        for who in [alice(), bob()] {
            refuse(who.clone(), of(2), Balance::MAX, E::TooManyLookedFor);
        }
        ask(bob(), of(1));
        refuse(alice(), of(1), Balance::MAX, E::TooManyLookedFor);
        ask(carol(), of(64));
        // A cancelled one makes room for as many.
        assert_ok!(Jobs::cancel(origin(bob()), JobId(1)));
        refuse(alice(), of(64), Balance::MAX, E::TooManyLookedFor);
        ask(bob(), of(63));
        assert_eq!(Jobs::looked_for(entity(&bob())), MAX_LOOKED_FOR);
    });
}

#[test]
fn slot_is_looked_for_no_more_when_it_is_offered_or_has_ended() {
    run(1, || {
        let entity = entity(&alice());
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        assert_eq!(Jobs::looked_for(entity), 2);
        blocks(5);
        assert_eq!(Jobs::looked_for(entity), 1, "one is offered");
        let id = (0..2).map(|n| slot(job, n)).find(|id| offered(*id).is_some()).unwrap();
        accept(id);
        assert_eq!(Jobs::looked_for(entity), 1);
        ask(alice(), JobRequest { nodes: 64, ..request() });
        blocks(Parameters::default().draw_blocks + 30);
        assert_eq!(Jobs::looked_for(entity), 0);
        assert_eq!(pallet_draws::Turns::<Test>::count(), 0);
    });
}

#[test]
fn request_is_refused_when_the_account_can_not_pay() {
    run(1, || {
        let due = 10 * PRICE + DRAWS + FEE;
        let poor = account(7);
        attest(&poor, 7, b"DE", EntityKind::Individual);
        let fund = |amount| {
            use frame_support::traits::fungible::Mutate;
            <Balances as Mutate<_>>::transfer(
                &carol(),
                &poor,
                amount,
                frame_support::traits::tokens::Preservation::Expendable,
            )
            .unwrap();
        };
        refuse(poor.clone(), request(), Balance::MAX, E::InsufficientFunds);
        fund(due - 1);
        refuse(poor.clone(), request(), Balance::MAX, E::InsufficientFunds);
        fund(1);
        // Its last base unit can be spent.
        let job = ask(poor.clone(), request());
        assert_eq!((free(&poor), on_hold(&poor)), (0, 10 * PRICE + DRAWS));
        // And it comes back.
        assert_ok!(Jobs::cancel(origin(poor.clone()), job));
        assert_eq!((free(&poor), on_hold(&poor)), (10 * PRICE + DRAWS, 0));
    });
}

#[test]
fn request_holds_the_price_and_burns_the_fee() {
    run(3, || {
        let before = money(&alice(), &operator(0));
        let wanted = JobRequest { nodes: 3, epochs: 7, gpu: Some(Gpu::Med), ..request() };
        let price = 4 * (R1 + R1 * 24 / 10);
        let quote = Jobs::quote(Tier::Low2, Some(Gpu::Med)).unwrap();
        assert_eq!((quote.price, quote.fee, quote.draws, quote.rate), (price, FEE, DRAWS, QUARTER));
        let job = ask(alice(), wanted.clone());
        let (held, fee) = (21 * price + 3 * DRAWS, 3 * FEE);
        let after = money(&alice(), &operator(0));
        assert_eq!(
            after,
            Money { free: before.free - held - fee, held, burned: before.burned + fee, operator: before.operator }
        );
        has_event(Event::Requested { job, owner: alice(), request: Box::new(wanted.clone()), price, held, fee });
        has_draw_event(DrawEvent::DrawOpened {
            draw: 0,
            client: Client::Job(job),
            slots: vec![0, 1, 2].try_into().unwrap(),
            licenses: 3,
            included: false,
            bytes_of: e(FIRST - 1),
            burned: 0,
        });
        let stored = job_of(job);
        assert_eq!(stored.state, JobState::Requested);
        assert_eq!((stored.slots, stored.live, stored.running, stored.open), (3, 3, 0, 3));
        assert_eq!((stored.requested, stored.cancelled, stored.served), (FIRST_BLOCK, None, false));
        assert_eq!(stored.ledger, Ledger { deposited: held, ..Default::default() });
        assert_eq!(Requests::<Test>::get(job), Some(wanted));
        for n in 0..3 {
            let stored = slot_of(slot(job, n));
            assert_eq!(stored.state, SlotState::Drawing { draw: 0 });
            assert_eq!((stored.held, stored.started, stored.ends()), (7 * price + DRAWS, None, e(7)));
            assert_eq!((stored.draws, stored.draw_fee, stored.tried.len()), (16, FEE, 0));
        }
        assert_eq!(ask(bob(), request()), JobId(1));
        check();
    });
}

#[test]
fn parameters_are_set_when_they_are_within_bounds() {
    run(0, || {
        let good = Parameters { probes: 64, ..Default::default() };
        assert_noop!(Jobs::set_parameters(origin(alice()), good), DispatchError::BadOrigin);
        type Bound = (fn(&mut Parameters), E);
        let bad: Vec<Bound> = vec![
            (|p| p.creation_fee_milli = 0, E::FeeOutOfBounds),
            (|p| p.creation_fee_milli = 1_000_001, E::FeeOutOfBounds),
            (|p| p.accept_blocks = 9, E::BlocksOutOfBounds),
            (|p| p.accept_blocks = 28_801, E::BlocksOutOfBounds),
            (|p| p.draw_blocks = 9, E::BlocksOutOfBounds),
            (|p| p.draw_blocks = 28_801, E::BlocksOutOfBounds),
            (|p| p.start_allowance_ms = 3_600_001, E::AllowanceOutOfBounds),
            (|p| p.probes = 15, E::ProbesOutOfBounds),
            (|p| p.probes = 4_097, E::ProbesOutOfBounds),
            (|p| p.work_share = sp_runtime::Percent::from_percent(4), E::ShareOutOfBounds),
            (|p| p.work_share = sp_runtime::Percent::from_percent(41), E::ShareOutOfBounds),
        ];
        for (change, error) in bad {
            let mut parameters = Parameters::default();
            change(&mut parameters);
            assert_noop!(Jobs::set_parameters(RuntimeOrigin::root(), parameters), error);
        }
        assert_ok!(Jobs::set_parameters(RuntimeOrigin::root(), good));
        assert_eq!(Jobs::parameters(), good);
        has_event(Event::ParametersSet { parameters: good });
    });
}

#[test]
fn fee_may_be_small_or_large() {
    for milli in [1, 1_000_000] {
        with_parameters(1, Parameters { creation_fee_milli: milli, ..Default::default() }).execute_with(|| {
            let burned = Burned::get();
            ask(alice(), request());
            assert_eq!(Burned::get() - burned, Balance::from(milli) * R1 / 1_000);
            check();
        });
    }
}
