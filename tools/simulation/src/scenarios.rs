//! The scenarios that come with the program.

use crate::scenario::{Availability, Demand, Grants, Jobs, Quote, Scenario, Spending};
use ratio1_primitives::economics::{
    price::{Price, BOUNDS, USD},
    MASTER_COUNT, MASTER_LIMIT, MASTER_SHARE, NODE_COUNT,
};

/// Their names, in the order of [`all`].
pub const NAMES: [&str; 6] = ["slow", "expected", "fast", "day-one", "half", "crash"];

/// The Master share in equal parts.
const EQUAL: u128 = MASTER_SHARE / MASTER_COUNT as u128;
/// So many Master deeds can be granted the most that one may have.
const LARGEST: u32 = (MASTER_SHARE / MASTER_LIMIT) as u32;

/// All of them.
pub fn all() -> Vec<Scenario> {
    vec![slow(), expected(), fast(), day_one(), half(), crash()]
}

fn cents(n: u128) -> Price {
    USD / 100 * n
}

fn demand<const N: usize>(spans: [(u32, u32, u32); N]) -> Vec<Demand> {
    spans.map(|(first, last, deeds)| Demand { first, last, deeds }).into()
}

fn nodes<const N: usize>(classes: [(u32, u8); N]) -> Vec<Availability> {
    classes.map(|(parts, byte)| Availability { parts, byte }).into()
}

fn rate<const N: usize>(points: [(u32, Price); N]) -> Vec<Quote> {
    points.map(|(epoch, usd)| Quote { epoch, usd }).into()
}

/// The part `deeds` of 499 of the Master share, in as many deeds.
fn equal(epoch: u32, deeds: u32, byte: u8) -> Grants {
    Grants { epoch, deeds, assigned: EQUAL, byte }
}

fn slow() -> Scenario {
    Scenario {
        name: "slow",
        about: "Few buyers, a low price, Masters granted over six years, claims once in a quarter.",
        demand: demand([(30, 1_094, 1_500), (1_095, 2_189, 3_000), (2_190, 3_649, 5_500)]),
        nodes: nodes([(5_000, 255), (2_000, 250), (1_500, 204), (1_000, 102), (500, 0)]),
        genesis_byte: 250,
        grants: (0..6).map(|year| equal(365 * year, 60, 252)).collect(),
        rate: rate([(0, cents(25)), (1_825, cents(40)), (3_650, cents(80))]),
        jobs: Jobs { from: 365, full: 3_649, load: 1_000, cents: 75 },
        spending: Spending { liquidity: 50, operations: 20, unlocked: 5, offered: 30 },
        claim_every: 90,
    }
}

fn expected() -> Scenario {
    Scenario {
        name: "expected",
        about: "Adoption as hoped for: all deeds wanted in seven years, a rising price, jobs for a third of the nodes.",
        demand: demand([(30, 364, 4_000), (365, 1_094, 14_000), (1_095, 2_554, 28_224)]),
        nodes: nodes([(7_000, 255), (1_500, 250), (1_000, 204), (400, 102), (100, 0)]),
        genesis_byte: 255,
        grants: vec![equal(0, 200, 255), equal(365, 100, 254), equal(730, 100, 252), equal(1_460, 99, 250)],
        rate: rate([(0, cents(100)), (365, cents(200)), (1_825, cents(500)), (3_650, cents(800))]),
        jobs: Jobs { from: 180, full: 2_555, load: 3_300, cents: 100 },
        spending: Spending { liquidity: 100, operations: 50, unlocked: 10, offered: 50 },
        claim_every: 30,
    }
}

fn fast() -> Scenario {
    Scenario {
        name: "fast",
        about: "All deeds wanted within two years at a high price, jobs for half of the nodes, claims every week.",
        demand: demand([(2, 179, 9_000), (180, 729, 37_224)]),
        nodes: nodes([(8_500, 255), (1_000, 250), (400, 204), (100, 0)]),
        genesis_byte: 255,
        grants: vec![equal(0, 499, 255)],
        rate: rate([(0, cents(300)), (365, cents(1_000)), (1_095, cents(2_500)), (3_650, cents(2_500))]),
        jobs: Jobs { from: 90, full: 1_095, load: 5_000, cents: 192 },
        spending: Spending { liquidity: 300, operations: 100, unlocked: 20, offered: 100 },
        claim_every: 7,
    }
}

/// The fastest the rules allow: on the first day on which any R1 exists, at the highest rate the chain knows, that
/// day's R1 is just enough to buy every deed there is.
fn day_one() -> Scenario {
    Scenario {
        name: "day-one",
        about: "The cap's worst case: all sold and granted at once, every node always available, no jobs that burn.",
        demand: demand([(2, 2, NODE_COUNT)]),
        nodes: nodes([(10_000, 255)]),
        genesis_byte: 255,
        grants: vec![
            Grants { epoch: 0, deeds: LARGEST, assigned: MASTER_LIMIT, byte: 255 },
            Grants { epoch: 0, deeds: 1, assigned: MASTER_SHARE - LARGEST as u128 * MASTER_LIMIT, byte: 255 },
        ],
        rate: rate([(0, BOUNDS.1), (3, BOUNDS.1), (60, USD), (3_650, USD)]),
        jobs: Jobs { from: 0, full: 0, load: 0, cents: 0 },
        spending: Spending { liquidity: 10_000, operations: 10_000, unlocked: 100, offered: 10_000 },
        claim_every: 1,
    }
}

fn half() -> Scenario {
    Scenario {
        name: "half",
        about: "As expected, but nodes are half available: deeds take twice as long, Masters lose half for good.",
        nodes: nodes([(5_000, 127), (5_000, 128)]),
        genesis_byte: 128,
        grants: vec![equal(0, 200, 128), equal(365, 100, 128), equal(730, 100, 128), equal(1_460, 99, 128)],
        ..expected()
    }
}

fn crash() -> Scenario {
    Scenario {
        name: "crash",
        about: "As expected for two years; then the price falls to a fiftieth in ten days, and recovers slowly.",
        rate: rate([
            (0, cents(100)),
            (365, cents(200)),
            (729, cents(300)),
            (739, cents(6)),
            (1_825, cents(10)),
            (3_650, cents(100)),
        ]),
        ..expected()
    }
}
