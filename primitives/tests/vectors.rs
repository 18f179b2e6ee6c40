//! The economics against numbers that were computed without them: `scripts/vectors` works them out from the formulas of
//! docs/protocol/README.md#the-protocol in rational and 60-digit arithmetic; `scripts/vectors --check` does so again.

use ratio1_primitives::{
    economics::{
        self,
        curve::{self, CURVE_EPOCHS},
        minted, payable, pools,
        price::{r1_for, range_after, BOUNDS, USD},
        sale::{self, Split, TIERS},
    },
    jobs::{
        draw::{self, Permutation},
        price as job, Capacity, Gpu, Tier,
    },
    EpochIndex, Hash,
    LicenseClass::{self, Genesis, Master, Node},
    LicenseId,
};
use serde::{Deserialize, Deserializer};

/// JSON has no numbers of 128 bits, so amounts are strings.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Amount(u128);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}

/// The file. No unknown field is let through, so that nothing in it goes unchecked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    about: String,
    constants: Constants,
    per_epoch: Vec<PerEpoch>,
    cumulative: Vec<Cumulative>,
    completion: Vec<Completion>,
    minted: Vec<Minted>,
    curve: Vec<String>,
    releases: Vec<Release>,
    tier_walks: Vec<TierWalk>,
    sale_splits: Vec<[Amount; 4]>,
    pool_splits: Vec<PoolSplit>,
    pool_claims: Vec<PoolClaim>,
    price_steps: Vec<PriceStep>,
    job_tiers: Vec<JobTier>,
    job_prices: Vec<JobPrice>,
    job_earnings: Vec<JobEarning>,
    job_draws: Vec<JobDraw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Constants {
    cap: Amount,
    genesis_share: Amount,
    master_share: Amount,
    node_share: Amount,
    master_limit: Amount,
    node_entitlement: Amount,
    node_credits: u32,
    genesis_credits: u32,
    node_deeds: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PerEpoch {
    byte: u32,
    node: Amount,
    genesis: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cumulative {
    about: String,
    runs: Vec<(u32, u32)>,
    credits: u32,
    node: Amount,
    complete: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Completion {
    cycle: Vec<u32>,
    node: u32,
    genesis: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Minted {
    credits: u32,
    node: Amount,
    genesis: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    assigned: Amount,
    granted: u32,
    epoch: u32,
    released: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TierWalk {
    rate: Amount,
    deeds: u32,
    usd: u128,
    paid: Amount,
    steps: Vec<Step>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Step {
    tier: u8,
    units: u32,
    each: Amount,
    paid: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolSplit {
    total: Amount,
    parts: [Amount; 5],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PoolClaim {
    paid: u32,
    credits: u32,
    parts: [Amount; 5],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceStep {
    last: Amount,
    low: Amount,
    high: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobTier {
    tier: String,
    cpu_milli: u32,
    memory_mib: u32,
    disk_gib: u32,
    usd: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobPrice {
    tier: String,
    gpu: Option<String>,
    rate: Amount,
    price: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobEarning {
    price: Amount,
    active: u64,
    epoch: u64,
    byte: u8,
    earned: Amount,
    burned: Amount,
    paid: Amount,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct JobDraw {
    draw: u64,
    outputs: [String; 4],
    seed: String,
    licenses: u32,
    positions: u64,
    order: Vec<Option<u32>>,
    coins: [u16; 3],
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../vectors/economics.json")).expect("the file is what this test describes")
}

/// A share with 30 decimals, as the number of its last decimals.
fn decimals(text: &str) -> u128 {
    let (whole, rest) = text.split_once('.').expect("a decimal point");
    assert_eq!(rest.len(), 30, "{text}");
    format!("{whole}{rest}").parse().expect("digits")
}

#[test]
fn constants_are_those_of_the_formulas() {
    let Vectors { about, constants, .. } = vectors();
    assert!(about.contains("scripts/vectors"));
    assert_eq!(constants.cap.0, economics::CAP);
    assert_eq!(constants.genesis_share.0, economics::share(Genesis));
    assert_eq!(constants.master_share.0, economics::share(Master));
    assert_eq!(constants.node_share.0, economics::share(Node));
    assert_eq!(constants.master_limit.0, economics::MASTER_LIMIT);
    assert_eq!(economics::schedule(Node), Some((constants.node_entitlement.0, constants.node_credits)));
    assert_eq!(economics::schedule(Genesis), Some((constants.genesis_share.0, constants.genesis_credits)));
    assert_eq!(constants.node_deeds, economics::NODE_COUNT);
}

#[test]
fn first_epoch_mints_what_equations_4_and_11_say_for_every_byte() {
    let rows = vectors().per_epoch;
    assert!(rows.iter().map(|row| row.byte).eq(0..=255));
    for row in rows {
        assert_eq!(minted(Node, row.byte), row.node.0, "byte {}", row.byte);
        assert_eq!(minted(Genesis, row.byte), row.genesis.0, "byte {}", row.byte);
    }
}

#[test]
fn minted_accumulates_as_equations_5_and_6_say() {
    let rows = vectors().cumulative;
    assert!(rows.iter().any(|row| row.complete) && rows.iter().any(|row| !row.complete));
    for row in rows {
        // Epoch by epoch, with a claim after each.
        let (mut credits, mut sum) = (0, 0);
        for (byte, epochs) in row.runs {
            for _ in 0..epochs {
                sum += payable(Node, credits, credits + byte);
                credits += byte;
            }
        }
        assert_eq!((credits, sum), (row.credits, row.node.0), "{}", row.about);
        assert_eq!(sum == economics::NODE_ENTITLEMENT, row.complete, "{}", row.about);
    }
}

#[test]
fn minting_ends_in_the_epoch_of_equations_6_and_7() {
    let first = |class: LicenseClass, cycle: &[u32]| {
        let (entitlement, _) = economics::schedule(class).expect("a class with credits");
        let mut credits = 0;
        let done = cycle.iter().cycle().position(|byte| {
            credits += byte;
            minted(class, credits) == entitlement
        });
        done.and_then(|epochs| u32::try_from(epochs + 1).ok())
    };
    let rows = vectors().completion;
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(first(Node, &row.cycle), Some(row.node), "{:?}", row.cycle);
        assert_eq!(first(Genesis, &row.cycle), Some(row.genesis), "{:?}", row.cycle);
    }
}

#[test]
fn minted_is_exact_for_any_credits() {
    let rows = vectors().minted;
    assert!(rows.len() > 100);
    for row in rows {
        assert_eq!(minted(Node, row.credits), row.node.0, "{} credits", row.credits);
        assert_eq!(minted(Genesis, row.credits), row.genesis.0, "{} credits", row.credits);
        assert_eq!(minted(Master, row.credits), 0);
    }
}

#[test]
fn share_is_the_curve_rounded_down_at_every_epoch() {
    /// 30 decimals of the file less 18 of the chain.
    const MORE_DECIMALS: u128 = 1_000_000_000_000;
    let rows = vectors().curve;
    assert_eq!(u32::try_from(rows.len()), Ok(CURVE_EPOCHS + 1));
    let mut worst = 0;
    for (x, text) in (0..).zip(&rows) {
        let (exact, share) = (decimals(text), curve::share(x));
        assert_eq!(share, exact / MORE_DECIMALS, "x = {x}: {text}");
        worst = worst.max(exact - share * MORE_DECIMALS);
    }
    assert_eq!((curve::share(0), curve::share(CURVE_EPOCHS)), (0, curve::ONE));
    println!("share(x) is at most {worst}e-30 below the curve");
    // docs/protocol/rewards.md#the-curve-in-fixed-point asks for 1e-12, which is 1e18 here.
    assert!(worst < MORE_DECIMALS);
}

#[test]
fn releases_are_the_curves_to_one_base_unit() {
    let rows = vectors().releases;
    assert!(rows.len() > 100);
    let mut inexact = 0;
    for row in rows {
        let released = curve::released(row.assigned.0, EpochIndex(row.granted), EpochIndex(row.epoch));
        let error = released.abs_diff(row.released.0);
        assert!(error <= 1, "{} granted in {} at {}: {released}", row.assigned.0, row.granted, row.epoch);
        inexact += error;
    }
    println!("{inexact} releases are one base unit off");
}

#[test]
fn tier_walks_cost_what_the_tiers_say() {
    let rows = vectors().tier_walks;
    assert!(rows.iter().any(|row| row.deeds == economics::NODE_COUNT));
    for row in rows {
        let mut left = row.deeds;
        let mut steps = Vec::new();
        let mut usd = 0;
        for (number, tier) in (1..).zip(TIERS) {
            let units = left.min(tier.units);
            if units == 0 {
                break;
            }
            left -= units;
            usd += u128::from(tier.usd) * u128::from(units);
            let each = r1_for(u128::from(tier.usd) * USD, row.rate.0).expect("a rate within the bounds");
            steps.push(Step { tier: number, units, each: Amount(each), paid: Amount(each * u128::from(units)) });
        }
        assert_eq!((left, usd), (0, row.usd));
        assert_eq!(steps.iter().map(|step| step.paid.0).sum::<u128>(), row.paid.0);
        assert_eq!(steps, row.steps, "{} deeds at {}", row.deeds, row.rate.0);
    }
}

#[test]
fn sale_splits_are_exact() {
    let rows = vectors().sale_splits;
    assert!(!rows.is_empty());
    for [paid, burned, liquidity, operations] in rows {
        let expected = Split { burned: burned.0, liquidity: liquidity.0, operations: operations.0 };
        assert_eq!(sale::split(paid.0), expected, "{}", paid.0);
    }
}

#[test]
fn pool_splits_are_exact() {
    let rows = vectors().pool_splits;
    assert!(!rows.is_empty());
    for row in rows {
        assert_eq!(pools::split(row.total.0).map(|(_, part)| Amount(part)), row.parts, "{}", row.total.0);
    }
}

#[test]
fn pool_claims_are_exact() {
    let rows = vectors().pool_claims;
    assert!(!rows.is_empty());
    for row in rows {
        let parts = pools::split_between(minted(Genesis, row.paid), minted(Genesis, row.credits));
        assert_eq!(parts.map(|(_, part)| Amount(part)), row.parts, "{} to {}", row.paid, row.credits);
    }
}

#[test]
fn price_steps_are_exact() {
    let rows = vectors().price_steps;
    assert!(rows.iter().any(|row| row.last.0 == BOUNDS.0) && rows.iter().any(|row| row.last.0 == BOUNDS.1));
    for row in rows {
        assert_eq!(range_after(row.last.0), (row.low.0, row.high.0), "{}", row.last.0);
    }
}

/// The one of `all` that the protocol calls by this name.
fn named<T: Copy + std::fmt::Debug>(all: &[T], name: &str) -> T {
    let is_meant = |one: &&T| format!("{one:?}").eq_ignore_ascii_case(&name.replace('-', ""));
    *all.iter().find(is_meant).expect("a name of the protocol")
}

#[test]
fn job_tiers_are_those_of_the_protocol() {
    let rows = vectors().job_tiers;
    assert_eq!(rows.len(), Tier::ALL.len());
    for (tier, row) in Tier::ALL.into_iter().zip(rows) {
        let JobTier { tier: name, cpu_milli, memory_mib, disk_gib, usd } = row;
        assert_eq!(tier, named(&Tier::ALL, &name));
        assert_eq!(tier.capacity(), Capacity { cpu_milli, memory_mib, disk_gib, gpus: 0 }, "{name}");
        assert_eq!(tier.usd(), usd.0, "{name}");
    }
}

#[test]
fn job_prices_are_exact_for_every_tier_and_gpu() {
    let rows = vectors().job_prices;
    assert_eq!(rows.len(), 2 * Tier::ALL.len() * (1 + Gpu::ALL.len()));
    for JobPrice { tier, gpu, rate, price } in rows {
        let class = gpu.as_deref().map(|gpu| named(&Gpu::ALL, gpu));
        assert_eq!(
            job::node_price(named(&Tier::ALL, &tier), class, rate.0),
            Some(price.0),
            "{tier} {gpu:?} {}",
            rate.0
        );
    }
}

#[test]
fn job_earnings_and_their_splits_are_exact() {
    let rows = vectors().job_earnings;
    assert!(rows.len() > 500);
    for JobEarning { price, active, epoch, byte, earned, burned, paid } in rows {
        assert_eq!(job::earned(price.0, active, epoch, byte), earned.0, "{} {active}/{epoch} {byte}", price.0);
        assert_eq!(job::split(earned.0), (burned.0, paid.0), "{}", earned.0);
    }
}

#[test]
fn job_draws_are_recomputed_without_the_chain() {
    let hash = |hex: &str| hex.parse::<Hash>().expect("32 bytes in hexadecimal");
    let rows = vectors().job_draws;
    assert!(!rows.is_empty());
    for row in rows {
        let seed = draw::seed(&row.outputs.each_ref().map(|output| hash(output).0), row.draw);
        assert_eq!(seed, hash(&row.seed), "draw {}", row.draw);
        let order = Permutation::new(seed, row.licenses);
        assert_eq!(order.positions(), row.positions, "{} licenses", row.licenses);
        let licenses: Vec<_> = (0..).take(row.order.len()).map(|position| order.at(position).map(|id| id.0)).collect();
        assert_eq!(licenses, row.order, "{} licenses", row.licenses);
        let throws = [(0, 0), (1, 0), (0, row.licenses - 1)];
        assert_eq!(throws.map(|(pass, id)| draw::coin(seed, pass, LicenseId(id))), row.coins, "draw {}", row.draw);
    }
}
