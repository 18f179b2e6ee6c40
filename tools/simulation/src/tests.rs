//! What holds in every life, and what no life may assume.

use crate::{
    deeds::{spread, MasterCohort},
    ledger::{Broken, Ledger},
    life::{Life, EPOCHS, YEARS},
    plots,
    scenario::{Availability, Demand, Grants, Jobs, Quote, Refusal, Scenario, Spending},
    scenarios, tables, Failure,
};
use proptest::prelude::*;
use ratio1_primitives::{
    economics::{
        self, curve,
        pools::{self, Pool},
        price::{range_after, BOUNDS, USD},
        sale, CAP, GENESIS_SHARE, MASTER_COUNT, MASTER_LIMIT, MASTER_SHARE, NODE_COUNT, NODE_ENTITLEMENT, NODE_EPOCHS,
        NODE_SHARE, R1,
    },
    EpochIndex, LicenseClass,
};
use std::{path::PathBuf, sync::OnceLock};

/// The program's scenarios, lived once for all tests.
fn lives() -> &'static [Life] {
    static LIVES: OnceLock<Vec<Life>> = OnceLock::new();
    LIVES.get_or_init(|| {
        scenarios::all().into_iter().map(|scenario| Life::run(scenario).unwrap_or_else(|e| panic!("{e}"))).collect()
    })
}

fn life(name: &str) -> &'static Life {
    lives().iter().find(|life| life.scenario.name == name).unwrap()
}

fn scenario(name: &str) -> Scenario {
    life(name).scenario.clone()
}

fn refusal(change: impl FnOnce(&mut Scenario)) -> Refusal {
    let mut scenario = scenario("expected");
    change(&mut scenario);
    match Life::run_for(scenario, 10) {
        Err(Failure::Refused("expected", refusal)) => refusal,
        Err(failure) => panic!("{failure}"),
        Ok(_) => panic!("was not refused"),
    }
}

#[test]
fn names_on_the_command_line_are_the_scenarios() {
    let names: Vec<_> = scenarios::all().iter().map(|scenario| scenario.name).collect();
    assert_eq!(names, scenarios::NAMES);
}

#[test]
fn cap_and_shares_hold_in_every_epoch_of_every_scenario() {
    for life in lives() {
        assert_eq!(life.snapshots.len(), EPOCHS as usize);
        for s in &life.snapshots {
            assert!(
                s.minted_genesis <= GENESIS_SHARE && s.minted_master <= MASTER_SHARE && s.minted_node <= NODE_SHARE
            );
            assert!(s.minted <= CAP);
            assert_eq!(s.outstanding, s.minted - s.burned);
            assert_eq!(s.outstanding, s.hands + s.received.iter().map(|pool| pool.balance).sum::<u128>());
            assert!(s.sold <= s.wanted && s.wanted <= NODE_COUNT);
        }
    }
}

#[test]
fn nothing_ever_minted_or_burned_is_taken_back() {
    for life in lives() {
        for pair in life.snapshots.windows(2) {
            assert!(pair[0].minted <= pair[1].minted && pair[0].burned <= pair[1].burned);
            assert!(pair[0].sold <= pair[1].sold);
            let (least, most) = range_after(pair[0].rate);
            assert!(least <= pair[1].rate && pair[1].rate <= most);
        }
    }
}

#[test]
fn nothing_is_minted_before_the_second_epoch_is_over() {
    for life in lives() {
        assert!(life.snapshots[..2].iter().all(|s| s.minted == 0 && s.sold == 0));
        let first = economics::minted(LicenseClass::Genesis, life.scenario.genesis_byte.into());
        assert_eq!(life.snapshots[2].minted, first);
    }
}

#[test]
fn cap_is_reached_to_the_rounding_when_all_is_sold_at_once_and_always_available() {
    let life = life("day-one");
    assert_eq!(life.snapshots[2].sold, NODE_COUNT);
    // Bought in epoch 2, mining from 3 to 1082, and the last epoch is claimed in the one after it.
    let done = 2 + NODE_EPOCHS as usize + 1;
    let dust = NODE_SHARE - NODE_ENTITLEMENT * u128::from(NODE_COUNT);
    assert!(life.snapshots[done - 1].minted < CAP - dust);
    assert_eq!(life.snapshots[done].minted, CAP - dust);
    assert!(dust < u128::from(NODE_COUNT));
    let last = life.year(YEARS);
    assert_eq!((last.minted_genesis, last.minted_master), (GENESIS_SHARE, MASTER_SHARE));
    assert_eq!(last.minted, CAP - dust);
    assert_eq!((last.unclaimed, last.forgone), (0, 0));
}

#[test]
fn masters_forgo_what_their_bytes_lack() {
    let last = life("half").year(YEARS);
    let granted: u128 = life("half").scenario.grants.iter().map(|g| u128::from(g.deeds) * g.assigned).sum();
    assert_eq!(last.minted_master + last.forgone, granted);
    // 127 of 255, less one base unit at most for each deed and epoch.
    let lost = granted * 127 / 255;
    assert!(last.forgone >= lost && last.forgone - lost <= u128::from(MASTER_COUNT) * 691);
}

#[test]
fn pools_hold_what_the_split_of_the_genesis_deed_and_the_sale_gives() {
    // No sale: only the Genesis deed.
    let mut quiet = scenario("slow");
    quiet.demand.clear();
    quiet.jobs = Jobs::NONE;
    let life = Life::run_for(quiet, 500).unwrap();
    let last = life.snapshots.last().unwrap();
    for ((pool, part), received) in pools::split(last.minted_genesis).into_iter().zip(&last.received) {
        assert_eq!((pool, part), (received.pool, received.received));
    }
    // A sale in one payment: to the unit what the chain's split gives.
    let mut ledger = Ledger { hands: 1_001, minted: [1_001, 0, 0], ..Ledger::default() };
    ledger.buy_deeds(999).unwrap();
    let parts = sale::split(999);
    assert_eq!((ledger.burned_sale, ledger.hands), (parts.burned, 2));
    assert_eq!((ledger.pool(Pool::Liquidity), ledger.pool(Pool::Operations)), (parts.liquidity, parts.operations));
    assert_eq!(ledger.check(), Ok(()));
}

#[test]
fn locked_pools_pay_nobody_for_a_year_and_social_pays_last() {
    for life in lives() {
        let untouched = |epoch: usize, pool: Pool| {
            let state = life.snapshots[epoch].received.iter().find(|of| of.pool == pool).unwrap();
            state.balance == state.received
        };
        for pool in [Pool::Marketing, Pool::Grants, Pool::Social] {
            assert!((0..365).all(|epoch| untouched(epoch, pool)));
        }
        assert!(!untouched(365, Pool::Marketing) && !untouched(365, Pool::Grants));
        assert!(untouched(365, Pool::Social) && !untouched(366, Pool::Social));
    }
}

#[test]
fn a_cohort_mints_what_its_deeds_mint_one_by_one() {
    // One class, so that each day's deeds are one cohort; then each deed apart, by the chain's own function.
    let mut one = scenario("fast");
    one.nodes = vec![Availability { parts: 10_000, byte: 203 }];
    one.claim_every = 1;
    let epochs = 400;
    let life = Life::run_for(one, epochs).unwrap();
    let mut sum = 0;
    for (epoch, pair) in (1..).zip(life.snapshots.windows(2)) {
        // Finalised by then: from the epoch after the purchase to the one before the last.
        let mined = (epochs - 1u32).saturating_sub(epoch + 1);
        for _ in pair[0].sold..pair[1].sold {
            sum += economics::minted(LicenseClass::Node, mined * 203);
        }
    }
    assert_eq!(life.snapshots.last().unwrap().minted_node, sum);
}

#[test]
fn master_cohorts_are_the_deeds_of_their_grant_whenever_they_are_claimed() {
    let grants = Grants { epoch: 5, deeds: 13, assigned: MASTER_LIMIT, byte: 201 };
    let mut one = 0;
    for epoch in 0..1_000 {
        let epoch = EpochIndex(epoch);
        one += economics::earned(curve::release(grants.assigned, EpochIndex(5), epoch, epoch), 201);
    }
    for every in [1, 2, 7, 13, 14, 90] {
        let mut cohorts: Vec<_> = MasterCohort::of(grants, every).collect();
        assert_eq!(cohorts.len() as u32, every.min(13));
        cohorts.iter_mut().for_each(|cohort| (0..1_000).for_each(|epoch| cohort.finalise(epoch)));
        assert_eq!(cohorts.iter().map(MasterCohort::unclaimed).sum::<u128>(), 13 * one);
    }
}

#[test]
fn a_life_is_the_same_every_time() {
    assert_eq!(&Life::run(scenario("crash")).unwrap(), life("crash"));
    let plots = || plots::draw_all(lives()).unwrap();
    assert_eq!(plots(), plots());
}

#[test]
fn scenario_is_refused_when_it_wants_more_deeds_than_the_sale_has() {
    let extra = Demand { first: 9, last: 9, deeds: 1 };
    assert_eq!(
        refusal(|s| s.demand.push(extra)),
        Refusal::MoreDeedsThanTheSaleHas(u64::from(NODE_COUNT) + 1),
        "the scenario wants all deeds already"
    );
}

#[test]
fn scenario_is_refused_when_governance_could_not_grant_so_much() {
    let grants = |deeds, assigned| Grants { epoch: 0, deeds, assigned, byte: 255 };
    let only = |grants: Grants| refusal(move |s| s.grants = vec![grants]);
    assert_eq!(only(grants(1, MASTER_LIMIT + 1)), Refusal::GrantAboveLimit(MASTER_LIMIT + 1));
    assert_eq!(only(grants(14, MASTER_LIMIT)), Refusal::GrantsAboveShare);
    assert_eq!(only(grants(MASTER_COUNT + 1, R1)), Refusal::TooManyMasters(500));
}

#[test]
fn scenario_is_refused_when_its_numbers_make_no_sense() {
    let backwards = Demand { first: 9, last: 8, deeds: 0 };
    assert_eq!(refusal(|s| s.demand.push(backwards)), Refusal::EndsBeforeItBegins { first: 9, last: 8 });
    assert_eq!(refusal(|s| s.jobs.full = 0), Refusal::EndsBeforeItBegins { first: 180, last: 0 });
    assert_eq!(refusal(|s| s.nodes[0].parts += 1), Refusal::PartsNotWhole(10_001));
    assert_eq!(refusal(|s| s.rate.clear()), Refusal::PriceNotInOrder);
    assert_eq!(refusal(|s| s.rate[1].epoch = 0), Refusal::PriceNotInOrder);
    assert_eq!(refusal(|s| s.rate[0].usd = BOUNDS.1 + 1), Refusal::PriceNotSane(BOUNDS.1 + 1));
    assert_eq!(refusal(|s| s.spending.offered = 10_001), Refusal::MoreThanAWhole(10_001));
    assert_eq!(refusal(|s| s.jobs.load = 10_001), Refusal::MoreThanAWhole(10_001));
    assert_eq!(refusal(|s| s.claim_every = 0), Refusal::NeverClaimed);
}

#[test]
fn ledger_tells_when_a_promise_is_broken() {
    let with = |change: fn(&mut Ledger)| {
        let mut ledger = Ledger::default();
        change(&mut ledger);
        ledger.check()
    };
    assert_eq!(with(|_| ()), Ok(()));
    assert!(matches!(
        with(|l| l.mint_to_hands(LicenseClass::Node, NODE_SHARE + 1)),
        Err(Broken::AboveShare { class: LicenseClass::Node, .. })
    ));
    assert!(matches!(with(|l| l.burned_jobs = 1), Err(Broken::BurnedMoreThanMinted { minted: 0, burned: 1 })));
    assert!(matches!(with(|l| l.hands = 1), Err(Broken::NotConserved { outstanding: 0, held: 1 })));
    // Nobody pays with R1 that is not there.
    assert_eq!(Ledger::default().buy_deeds(1), Err(Broken::PaidMoreThanThereIs { there: 0, asked: 1 }));
    assert_eq!(Ledger::default().pay_jobs(1, 0), Err(Broken::PaidMoreThanThereIs { there: 0, asked: 1 }));
    let pool = Ledger::default().pay_from_pool(Pool::Grants, 1);
    assert_eq!(pool, Err(Broken::PaidMoreThanThereIs { there: 0, asked: 1 }));
}

#[test]
fn document_shows_what_the_program_prints() {
    let document = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let text = std::fs::read_to_string(document.join("simulation.md")).unwrap();
    let renew = "renew docs/simulation.md with what `cargo run --release -p ratio1-simulation` prints";
    for life in lives() {
        for table in [tables::assumptions(&life.scenario), tables::years(life)] {
            assert!(text.contains(&table.to_string()), "{}: {renew}", life.scenario.name);
        }
    }
    for table in [tables::comparison(lives()), tables::pools(lives())] {
        assert!(text.contains(&table.to_string()), "{renew}");
    }
    for (name, svg) in plots::draw_all(lives()).unwrap() {
        let kept = std::fs::read_to_string(document.join("simulation").join(&name)).unwrap_or_default();
        assert!(kept == svg, "{name}: renew the plots with `--out docs/simulation`");
        assert!(text.contains(&format!("(simulation/{name})")), "{name} is not shown in the document");
    }
}

prop_compose! {
    /// Grants of up to the whole share.
    fn grants()(list in prop::collection::vec((0u32..900, 1u32..100, any::<u8>(), 0..=MASTER_LIMIT), 0..4))
        -> Vec<Grants>
    {
        let mut left = MASTER_SHARE;
        list.into_iter().map(|(epoch, deeds, byte, assigned)| {
            let assigned = assigned.min(left / u128::from(deeds));
            left -= assigned * u128::from(deeds);
            Grants { epoch, deeds, assigned, byte }
        }).collect()
    }
}

prop_compose! {
    /// Prices between the bounds, low ones as likely as high ones.
    fn rates()(list in prop::collection::vec((1u32..400, 0u32..9, 1u128..10), 1..5)) -> Vec<Quote> {
        let mut epoch = 0;
        list.into_iter().map(|(later, magnitude, digit)| {
            epoch += later;
            let usd = BOUNDS.0 * 10u128.pow(magnitude) * digit;
            Quote { epoch, usd: usd.min(BOUNDS.1) }
        }).collect()
    }
}

prop_compose! {
    fn demands()(list in prop::collection::vec((0u32..900, 0u32..500, 0u32..11_556), 0..5)) -> Vec<Demand> {
        list.into_iter().map(|(first, span, deeds)| Demand { first, last: first + span, deeds }).collect()
    }
}

prop_compose! {
    fn nodes()(parts in 0u32..=10_000, first: u8, second: u8) -> Vec<Availability> {
        vec![Availability { parts, byte: first }, Availability { parts: 10_000 - parts, byte: second }]
    }
}

prop_compose! {
    /// Anything that is not refused.
    fn any_scenario()(
        demand in demands(),
        nodes in nodes(),
        genesis_byte: u8,
        grants in grants(),
        rate in rates(),
        jobs in (0u32..500, 0u32..500, 0u32..=10_000, 0u32..100_000),
        spending in [0u32..=10_000, 0u32..=10_000, 0u32..=10_000, 0u32..=10_000],
        claim_every in 1u32..200,
    ) -> Scenario {
        let [liquidity, operations, unlocked, offered] = spending;
        let (from, ramp, load, cents) = jobs;
        Scenario {
            name: "any",
            about: "",
            demand, nodes, genesis_byte, grants, rate, claim_every,
            jobs: Jobs { from, full: from + ramp, load, cents },
            spending: Spending { liquidity, operations, unlocked, offered },
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_promise_holds_in_any_life(scenario in any_scenario()) {
        // The life itself checks after each epoch.
        let life = Life::run_for(scenario.clone(), 1_200);
        prop_assert!(life.is_ok(), "{}", life.unwrap_err());
        let life = life.unwrap();
        for s in &life.snapshots {
            prop_assert!(s.minted <= CAP);
            prop_assert_eq!(s.minted - s.burned, s.outstanding);
            prop_assert!(s.hands <= s.outstanding);
            prop_assert!(s.burned_sale <= s.paid_for_deeds / 5);
            prop_assert!(s.burned_jobs <= s.paid_for_jobs * 15 / 100);
        }
        prop_assert_eq!(Life::run_for(scenario, 1_200).unwrap(), life);
    }

    #[test]
    fn what_deeds_earn_does_not_depend_on_when_they_are_claimed(
        scenario in any_scenario(),
        every in 1u32..300,
    ) {
        // Without a sale, since buyers need what was claimed.
        let quiet = Scenario { demand: vec![], ..scenario };
        let other = Scenario { claim_every: every, ..quiet.clone() };
        let earned = |scenario| {
            let life = Life::run_for(scenario, 1_000).unwrap();
            life.snapshots.iter().map(|s| s.minted + s.unclaimed).collect::<Vec<_>>()
        };
        prop_assert_eq!(earned(quiet), earned(other));
    }

    #[test]
    fn market_price_stays_between_its_points(scenario in any_scenario(), epoch in 0u32..2_000) {
        let price = scenario.market(epoch);
        let (least, most) = scenario.rate.iter().fold((u128::MAX, 0), |(l, m), q| (l.min(q.usd), m.max(q.usd)));
        prop_assert!(least <= price && price <= most);
    }

    #[test]
    fn deeds_are_spread_over_classes_exactly_by_their_parts(nodes in nodes(), cut in 0u32..=10_000) {
        let (early, late) = (spread(&nodes, 0, cut), spread(&nodes, cut, 10_000 - cut));
        prop_assert_eq!(early.iter().sum::<u32>(), cut);
        for ((early, late), class) in early.into_iter().zip(late).zip(nodes) {
            prop_assert_eq!(early + late, class.parts);
        }
    }
}

#[test]
fn day_one_costs_what_the_tiers_say() {
    let usd: u128 = sale::TIERS.iter().map(|tier| u128::from(tier.usd) * u128::from(tier.units)).sum();
    assert_eq!(usd, 313_899_000);
    let paid = life("day-one").snapshots[2].paid_for_deeds;
    assert_eq!(paid, usd * R1 / (BOUNDS.1 / USD), "at the highest rate there is");
}
