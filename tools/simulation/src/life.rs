//! One scenario, epoch by epoch.

use crate::{
    deeds::{spread, CreditCohort, MasterCohort},
    ledger::{Broken, Ledger, CLASSES},
    scenario::{as_text, part, Jobs, Scenario},
    Failure,
};
use ratio1_primitives::{
    economics::{
        pools::{self, Pool, LOCK_EPOCHS},
        price::{r1_for, range_after, Price, Usd, USD},
        sale::TIERS,
    },
    Balance, LicenseClass,
};
use serde::Serialize;

/// A year of epochs of a day.
pub const YEAR: u32 = 365;
/// Years of a life.
pub const YEARS: u32 = 10;
/// Epochs of a life.
pub const EPOCHS: u32 = YEAR * YEARS;
/// The first epoch that can be finalised: the one before it, in which the chain starts, is void.
const FIRST: u32 = 1;

/// Where R1 stands at the end of an epoch. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Snapshot {
    pub epoch: u32,
    /// Node Deeds sold.
    pub sold: u32,
    /// Node Deeds wanted so far, sold or not.
    pub wanted: u32,
    /// The chain's rate: USD for one R1, with 18 decimals.
    #[serde(serialize_with = "as_text")]
    pub rate: Price,
    #[serde(serialize_with = "as_text")]
    pub minted_genesis: Balance,
    #[serde(serialize_with = "as_text")]
    pub minted_master: Balance,
    #[serde(serialize_with = "as_text")]
    pub minted_node: Balance,
    #[serde(serialize_with = "as_text")]
    pub minted: Balance,
    #[serde(serialize_with = "as_text")]
    pub burned_sale: Balance,
    #[serde(serialize_with = "as_text")]
    pub burned_jobs: Balance,
    #[serde(serialize_with = "as_text")]
    pub burned: Balance,
    #[serde(serialize_with = "as_text")]
    pub outstanding: Balance,
    /// Earned and not claimed yet.
    #[serde(serialize_with = "as_text")]
    pub unclaimed: Balance,
    /// Released to Master deeds whose nodes were away; never to be minted.
    #[serde(serialize_with = "as_text")]
    pub forgone: Balance,
    /// Paid for deeds, the burned part included.
    #[serde(serialize_with = "as_text")]
    pub paid_for_deeds: Balance,
    /// Paid for jobs, the burned part included.
    #[serde(serialize_with = "as_text")]
    pub paid_for_jobs: Balance,
    /// Ever received, pool by pool.
    pub received: Vec<Received>,
    /// Not in a pool.
    #[serde(serialize_with = "as_text")]
    pub hands: Balance,
}

/// What a pool ever received, from the Genesis deed and the sale, and what of it is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Received {
    pub pool: Pool,
    #[serde(serialize_with = "as_text")]
    pub received: Balance,
    #[serde(serialize_with = "as_text")]
    pub balance: Balance,
}

/// A scenario and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    pub scenario: Scenario,
    /// One for each epoch.
    pub snapshots: Vec<Snapshot>,
}

impl Life {
    /// Let all years of `scenario` happen.
    pub fn run(scenario: Scenario) -> Result<Self, Failure> {
        Self::run_for(scenario, EPOCHS)
    }

    /// Let `epochs` epochs of `scenario` happen, and check everything after each.
    pub fn run_for(scenario: Scenario, epochs: u32) -> Result<Self, Failure> {
        let name = scenario.name;
        scenario.check().map_err(|refusal| Failure::Refused(name, refusal))?;
        let mut world = World::new(&scenario);
        // The end of the last year is the end of its last epoch; the first epoch is number 0.
        let snapshots = (0..epochs)
            .map(|epoch| world.step(epoch).map_err(|broken| Failure::Broken(name, epoch, broken)))
            .collect::<Result<_, _>>()?;
        Ok(Self { scenario, snapshots })
    }

    /// Where R1 stands at the end of year `n`, counted from 1.
    pub fn year(&self, n: u32) -> &Snapshot {
        &self.snapshots[(n * YEAR - 1) as usize]
    }
}

/// Everything that changes.
struct World<'a> {
    scenario: &'a Scenario,
    ledger: Ledger,
    genesis: CreditCohort,
    /// What the Genesis deed has minted.
    genesis_minted: Balance,
    masters: Vec<MasterCohort>,
    nodes: Vec<CreditCohort>,
    sold: u32,
    /// The chain's rate, and the one before it.
    rate: Price,
    earlier_rate: Price,
    paid_for_deeds: Balance,
    paid_for_jobs: Balance,
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let rate = scenario.market(0);
        Self {
            scenario,
            ledger: Ledger::default(),
            genesis: CreditCohort::new(LicenseClass::Genesis, 1, scenario.genesis_byte, FIRST),
            genesis_minted: 0,
            masters: Vec::new(),
            nodes: Vec::new(),
            sold: 0,
            rate,
            earlier_rate: rate,
            paid_for_deeds: 0,
            paid_for_jobs: 0,
        }
    }

    /// One epoch: what the last one earned becomes final and is claimed, and then R1 changes hands.
    fn step(&mut self, epoch: u32) -> Result<Snapshot, Broken> {
        let grants = self.scenario.grants.iter().filter(|grants| grants.epoch == epoch);
        self.masters.extend(grants.flat_map(|grants| MasterCohort::of(*grants, self.scenario.claim_every)));
        self.follow_market(epoch);
        if epoch > FIRST {
            self.finalise(epoch - 1);
        }
        self.claim(epoch);
        self.spend(epoch)?;
        let mut budget = part(self.ledger.hands, self.scenario.spending.offered);
        self.sell_deeds(epoch, &mut budget)?;
        self.run_jobs(epoch, &mut budget)?;
        self.ledger.check()?;
        self.check_by_deed()?;
        self.snapshot(epoch)
    }

    /// The chain's rate follows the market's price as far as it may in one epoch.
    fn follow_market(&mut self, epoch: u32) {
        let (least, most) = range_after(self.rate);
        self.earlier_rate = self.rate;
        self.rate = self.scenario.market(epoch).clamp(least, most);
    }

    fn finalise(&mut self, epoch: u32) {
        self.genesis.finalise(epoch);
        self.masters.iter_mut().for_each(|cohort| cohort.finalise(epoch));
        self.nodes.iter_mut().for_each(|cohort| cohort.finalise(epoch));
    }

    fn claim(&mut self, epoch: u32) {
        let every = self.scenario.claim_every;
        // Anyone may claim for the pools, for nothing.
        let before = self.genesis_minted;
        self.genesis_minted += self.genesis.claim(epoch, 1);
        self.ledger.mint_to_pools(pools::split_between(before, self.genesis_minted));
        let masters = self.masters.iter_mut().map(|cohort| cohort.claim(epoch, every)).sum();
        self.ledger.mint_to_hands(LicenseClass::Master, masters);
        let nodes = self.nodes.iter_mut().map(|cohort| cohort.claim(epoch, every)).sum();
        self.ledger.mint_to_hands(LicenseClass::Node, nodes);
    }

    /// Pools pay people: liquidity sells R1 for money the chain does not see, the others for what they are for.
    fn spend(&mut self, epoch: u32) -> Result<(), Broken> {
        let spending = self.scenario.spending;
        for pool in Pool::ALL {
            let parts = match pool {
                Pool::Liquidity => spending.liquidity,
                Pool::Operations => spending.operations,
                Pool::Marketing | Pool::Grants if epoch >= LOCK_EPOCHS => spending.unlocked,
                // Last: once the two before it have paid something.
                Pool::Social if epoch > LOCK_EPOCHS => spending.unlocked,
                Pool::Marketing | Pool::Grants | Pool::Social => 0,
            };
            let amount = part(self.ledger.pool(pool), parts);
            self.ledger.pay_from_pool(pool, amount)?;
        }
        Ok(())
    }

    /// Buyers take what they want, tier by tier, as long as `budget` pays for it.
    fn sell_deeds(&mut self, epoch: u32, budget: &mut Balance) -> Result<(), Broken> {
        let wanted = self.scenario.wanted(epoch);
        // As the chain charges: by the lower of the last two rates.
        let rate = self.rate.min(self.earlier_rate);
        let mut end = 0;
        for tier in TIERS {
            end += tier.units;
            let open = end.min(wanted).saturating_sub(self.sold);
            if open == 0 {
                continue;
            }
            let each = price(Usd::from(tier.usd) * USD, rate)?;
            let affordable = u32::try_from(*budget / each).unwrap_or(u32::MAX);
            let units = open.min(affordable);
            let paid = each * Balance::from(units);
            self.ledger.buy_deeds(paid)?;
            *budget -= paid;
            self.paid_for_deeds += paid;
            let counts = spread(&self.scenario.nodes, self.sold, units);
            self.sold += units;
            for (class, deeds) in self.scenario.nodes.iter().zip(counts).filter(|(_, deeds)| *deeds > 0) {
                // A node counts from the first epoch that opens with it linked.
                self.nodes.push(CreditCohort::new(LicenseClass::Node, deeds, class.byte, epoch + 1));
            }
            if units < open {
                break;
            }
        }
        Ok(())
    }

    /// Jobs run as far as what is left of `budget` pays for them.
    fn run_jobs(&mut self, epoch: u32, budget: &mut Balance) -> Result<(), Broken> {
        let jobs = self.scenario.jobs;
        let workers: u32 = self.nodes.iter().map(|cohort| cohort.workers(epoch, Jobs::THRESHOLD)).sum();
        // Cents are hundredths, and the load is in hundredths of a percent.
        let usd = Usd::from(workers) * Usd::from(jobs.load_in(epoch)) * Usd::from(jobs.cents) * (USD / 1_000_000);
        let gross = price(usd, self.rate)?.min(*budget);
        self.ledger.pay_jobs(gross, gross * Jobs::BURNED / 100)?;
        *budget -= gross;
        self.paid_for_jobs += gross;
        Ok(())
    }

    /// What the ledger counted claim by claim is what the deeds have minted by their credits and releases.
    fn check_by_deed(&self) -> Result<(), Broken> {
        let by_deed = [
            self.genesis.minted(),
            self.masters.iter().map(MasterCohort::minted).sum(),
            self.nodes.iter().map(CreditCohort::minted).sum(),
        ];
        for ((class, counted), by_deed) in CLASSES.into_iter().zip(self.ledger.minted).zip(by_deed) {
            if counted != by_deed {
                return Err(Broken::MiscountedClaims { class, counted, by_deed });
            }
        }
        Ok(())
    }

    fn snapshot(&self, epoch: u32) -> Result<Snapshot, Broken> {
        let ledger = &self.ledger;
        let [minted_genesis, minted_master, minted_node] = ledger.minted;
        let nodes: Balance = self.nodes.iter().map(CreditCohort::unclaimed).sum();
        let masters: Balance = self.masters.iter().map(MasterCohort::unclaimed).sum();
        Ok(Snapshot {
            epoch,
            sold: self.sold,
            wanted: self.scenario.wanted(epoch),
            rate: self.rate,
            minted_genesis,
            minted_master,
            minted_node,
            minted: ledger.minted_in_all(),
            burned_sale: ledger.burned_sale,
            burned_jobs: ledger.burned_jobs,
            burned: ledger.burned(),
            outstanding: ledger.outstanding()?,
            unclaimed: self.genesis.unclaimed() + masters + nodes,
            forgone: self.masters.iter().map(MasterCohort::forgone).sum(),
            paid_for_deeds: self.paid_for_deeds,
            paid_for_jobs: self.paid_for_jobs,
            received: Pool::ALL
                .into_iter()
                .zip(ledger.received)
                .zip(ledger.pools)
                .map(|((pool, received), balance)| Received { pool, received, balance })
                .collect(),
            hands: ledger.hands,
        })
    }
}

/// Base units of R1 that cost `usd` at `rate`.
fn price(usd: Usd, rate: Price) -> Result<Balance, Broken> {
    r1_for(usd, rate).ok_or(Broken::Unpayable(usd))
}
