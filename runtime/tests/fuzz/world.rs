//! The chain that is fuzzed, block by block.

use super::{
    books::{check_totals, totals, Books},
    gen::Gen,
    model::Model,
    ours::{self, OURS},
    sdk::{self, SDK},
    table::{error_name, name, outcome, Table},
};
use crate::common::{genesis, Person, Shape, Sim, Step};
use rand::{seq::SliceRandom, Rng};
use ratio1_primitives::{
    economics::{price::USD, sale::TIERS, CAP, R1},
    traits::KycInspect,
};
use ratio1_runtime::{facts, AccountId, Balance, Kyc, Rewards, Runtime, RuntimeCall, RuntimeEvent, System};
use sp_core::Pair;
use sp_runtime::DispatchError;
use std::collections::VecDeque;

/// Random calls in a block, besides votes.
const CALLS: std::ops::Range<usize> = 4..28;
/// Blocks of which the calls are remembered for a failure.
const REMEMBERED: usize = 3;

/// The fuzzed network: four oracles, two edges, and the foundation's node from the beginning.
const SHAPE: Shape = Shape {
    oracles: 4,
    edges: 2,
    epoch_ms: 24_000,
    session_blocks: 9,
    window_blocks: 5,
    reopenings: 0,
    genesis_linked: true,
};

struct World {
    sim: Sim,
    gen: Gen,
    table: Table,
    model: Model,
    books: Books,
    seed: u64,
    calls: u64,
    /// The last blocks: the slots before each, and what it held.
    recent: VecDeque<(u64, Vec<String>)>,
    /// How likely a block comes long after the last one.
    leaping: f64,
    minted: Balance,
    burned: Balance,
}

impl Drop for World {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        eprintln!("\nfuzzing failed with seed {} at block {} after {} calls", self.seed, self.sim.number, self.calls);
        for (slots, calls) in &self.recent {
            eprintln!("block, {slots} slots after the last one:");
            calls.iter().for_each(|call| eprintln!("  {call}"));
        }
    }
}

/// Fuzz a chain of this seed with at least so many calls.
pub fn run(seed: u64, calls: u64) -> Table {
    let people = |kind: &str, n| (0..n).map(|i| Person::new(&format!("{kind}{i}"))).collect::<Vec<_>>();
    let (oracles, edges) = (people("Oracle", SHAPE.oracles), people("Edge", SHAPE.edges));
    let mut gen = Gen::new(seed, &oracles, &edges);
    let mut genesis = genesis(&SHAPE, &oracles, &edges);
    gen.extend_genesis(&mut genesis);
    // Every second chain grows old; the others stay in their first epochs.
    let leaping = if seed.is_multiple_of(2) { 0.05 } else { 0.002 };
    let mut sim = Sim::from_genesis(genesis, SHAPE, oracles, edges);
    let table = Table::default();
    let model = sim.ext.execute_with(Model::new);
    let recent = VecDeque::new();
    let mut world = World {
        sim,
        gen,
        table,
        model,
        books: Books::default(),
        seed,
        calls: 0,
        recent,
        leaping,
        minted: 0,
        burned: 0,
    };
    while world.calls < calls {
        world.block();
    }
    std::mem::take(&mut world.table)
}

/// Any call that carries no other, by whoever can sign it.
pub fn draw_plain(g: &mut Gen) -> Option<Step> {
    let (pallet, call) = choose(g, OURS)?;
    match (g.rng.gen_range(0..8), call) {
        // What is scheduled carries another call.
        (0, _) | (_, "schedule") => sdk::draw(g, "Balances", "transfer_allow_death"),
        _ => ours::draw(g, pallet, call),
    }
}

fn choose(g: &mut Gen, from: &[(&'static str, &'static str, u32)]) -> Option<(&'static str, &'static str)> {
    from.choose_weighted(&mut g.rng, |(_, _, weight)| *weight).ok().map(|(pallet, call, _)| (*pallet, *call))
}

/// Any call. Who cannot pay for theirs is mostly passed over.
fn draw(g: &mut Gen) -> Option<Step> {
    for _ in 0..8 {
        let Some(step) = draw_any(g) else { continue };
        let broke = match &step {
            Step::Signed(pair, call) if !is_free(call) => {
                g.by_id.get(&AccountId::new(pair.public().0)).is_some_and(|who| g.is_broke(*who))
            }
            _ => false,
        };
        if !broke || g.chance(0.05) {
            return Some(step);
        }
    }
    None
}

/// Signed calls that cost nothing when they succeed, so that who cannot pay a fee may send them.
fn is_free(call: &RuntimeCall) -> bool {
    matches!(
        call,
        RuntimeCall::Licenses(pallet_licenses::Call::link { .. } | pallet_licenses::Call::unlink { .. })
            | RuntimeCall::Oracles(pallet_oracles::Call::register_keys { .. })
            | RuntimeCall::Pools(pallet_pools::Call::disburse_liquidity { .. })
            | RuntimeCall::Jobs(pallet_jobs::Call::cancel { .. } | pallet_jobs::Call::reject { .. })
    )
}

fn draw_any(g: &mut Gen) -> Option<Step> {
    let ours: u32 = OURS.iter().map(|(_, _, weight)| weight).sum();
    let sdk: u32 = SDK.iter().map(|(_, _, weight)| weight).sum();
    if g.rng.gen_range(0..ours + sdk) < ours {
        let (pallet, call) = choose(g, OURS)?;
        ours::draw(g, pallet, call)
    } else {
        let (pallet, call) = choose(g, SDK)?;
        sdk::draw(g, pallet, call)
    }
}

impl World {
    fn slots(&mut self) -> u64 {
        if self.gen.chance(self.leaping) {
            // Up to a hundred epochs of eight slots.
            return self.gen.rng.gen_range(8..800);
        }
        if self.gen.chance(0.05) {
            return self.gen.rng.gen_range(2..10);
        }
        1
    }

    fn block(&mut self) {
        let slots = self.slots();
        let Self { sim, gen, table, model, books, recent, .. } = self;
        let steps = sim.ext.execute_with(|| {
            let mut steps = gen.votes();
            let more = gen.rng.gen_range(CALLS);
            steps.extend((0..more).filter_map(|_| draw(gen)));
            steps
        });
        let calls: Vec<RuntimeCall> = steps.iter().map(call_of).cloned().collect();
        recent.push_back((slots, steps.iter().map(|step| describe(gen, step)).collect()));
        if recent.len() > REMEMBERED {
            recent.pop_front();
        }
        // Before its first transaction a block does the work of its hooks: with a transaction that nobody pays for, nobody
        // pays for anything else.
        let unpaid = matches!(steps.first(), Some(Step::Xt(_)));
        let ids = gen.ids();
        let (mut before, mut all) = (vec![], vec![]);
        sim.steps_after(slots, steps, |index, result| {
            let events = take_events();
            model.observe(&events);
            match index {
                None => before = totals(&ids),
                Some(0) if unpaid => check_totals(&ids, &before, &books.spent(&events)),
                Some(_) => (),
            }
            all.extend(events.iter().cloned());
            match index {
                None => count_scheduled(table, &events),
                Some(i) => {
                    check_events(&events);
                    table.count(&name(&calls[i]), outcome(&calls[i], result, inner_error(&events)));
                }
            }
        });
        sim.ext.execute_with(|| {
            // Without a transaction in the block the clock moved after the last step.
            let events = take_events();
            model.observe(&events);
            model.check();
            all.extend(events);
            books.observe(&all);
            books.check();
        });
        self.calls += calls.len() as u64;
        self.check_supply();
    }

    /// Neither what was minted nor what was burned ever shrinks, and the cap holds.
    fn check_supply(&mut self) {
        let supply = self.sim.ext.execute_with(facts::supply);
        let minted: Balance = supply.classes.iter().map(|class| class.minted).sum();
        assert!(minted >= self.minted && supply.burned >= self.burned, "supply went back");
        assert!(minted <= CAP, "more was minted than the cap allows");
        assert_eq!(supply.outstanding, minted - supply.burned);
        (self.minted, self.burned) = (minted, supply.burned);
    }
}

/// What was deposited since the last time.
fn take_events() -> Vec<RuntimeEvent> {
    let events = System::read_events_no_consensus().map(|record| record.event).collect();
    System::reset_events();
    events
}

fn call_of(step: &Step) -> &RuntimeCall {
    match step {
        Step::Xt(xt) => &xt.function,
        Step::Signed(_, call) | Step::Root(call) | Step::Council(_, call) => call,
    }
}

fn describe(g: &Gen, step: &Step) -> String {
    let by = match step {
        Step::Xt(_) => "nobody".into(),
        Step::Root(_) => "root".into(),
        Step::Council(ayes, _) => format!("{ayes} of the council"),
        Step::Signed(pair, _) => {
            let id = AccountId::new(pair.public().0);
            g.by_id.get(&id).map_or_else(|| id.to_string(), |i| g.actors[*i].name.clone())
        }
    };
    let mut call = format!("{:?}", call_of(step));
    call.truncate((0..=400).rev().find(|n| call.is_char_boundary(*n)).unwrap_or(0));
    format!("{by}: {call}")
}

/// The error of a call that another one carried.
fn inner_error(events: &[RuntimeEvent]) -> Option<DispatchError> {
    events.iter().find_map(|event| match event {
        RuntimeEvent::Utility(pallet_utility::Event::ItemFailed { error })
        | RuntimeEvent::Utility(pallet_utility::Event::BatchInterrupted { error, .. }) => Some(*error),
        RuntimeEvent::Proxy(pallet_proxy::Event::ProxyExecuted { result })
        | RuntimeEvent::Multisig(pallet_multisig::Event::MultisigExecuted { result, .. })
        | RuntimeEvent::Council(pallet_collective::Event::Executed { result, .. })
        | RuntimeEvent::Council(pallet_collective::Event::MemberExecuted { result, .. })
        | RuntimeEvent::Sudo(pallet_sudo::Event::Sudid { sudo_result: result }) => result.err(),
        _ => None,
    })
}

/// What the scheduler dispatched before the block's first transaction.
fn count_scheduled(table: &mut Table, events: &[RuntimeEvent]) {
    for event in events {
        // The scheduler reports how the enactment went, and governance how what it enacted.
        let (call, result) = match event {
            RuntimeEvent::Governance(pallet_governance::Event::Enacted { result, .. }) => ("Governance.enact", result),
            RuntimeEvent::Scheduler(pallet_scheduler::Event::Dispatched { result: result @ Err(_), .. }) => {
                ("(scheduled)", result)
            }
            _ => continue,
        };
        table.count(call, result.map_or_else(|error| format!("> {}", error_name(&error)), |()| "Ok".into()));
    }
}

/// Whatever call they came from: nobody who is not admitted gets a deed, links a node or becomes an oracle, and money is
/// split without loss.
fn check_events(events: &[RuntimeEvent]) {
    for event in events {
        let begins = match event {
            RuntimeEvent::Licenses(pallet_licenses::Event::Issued { owner, .. }) => owner,
            RuntimeEvent::Licenses(pallet_licenses::Event::Transferred { license, to, .. }) => {
                assert_eq!(Rewards::claimable(*license), 0, "what was earned before is the last owner's: {event:?}");
                to
            }
            RuntimeEvent::Licenses(pallet_licenses::Event::Sold { seller, buyer, price, .. }) => {
                let paid = pallet_balances::Event::Transfer { from: buyer.clone(), to: seller.clone(), amount: *price };
                assert!(events.contains(&RuntimeEvent::Balances(paid)), "the seller gets the whole price: {event:?}");
                continue;
            }
            RuntimeEvent::Licenses(pallet_licenses::Event::Linked { owner, .. }) => owner,
            RuntimeEvent::Oracles(pallet_oracles::Event::OracleAdmitted { oracle, .. }) => oracle,
            RuntimeEvent::Sale(sale) => {
                check_sale(sale);
                continue;
            }
            RuntimeEvent::Rewards(pallet_rewards::Event::GenesisClaimed { amount, parts, .. }) => {
                assert_eq!(parts.iter().map(|(_, part)| part).sum::<Balance>(), *amount, "{event:?}");
                continue;
            }
            _ => continue,
        };
        let admitted = <Kyc as KycInspect<AccountId>>::admits(begins);
        assert!(admitted.is_ok(), "{event:?} for somebody who is not admitted: {admitted:?}");
    }
}

/// By the protocol's words: a fifth burned, half to liquidity, all else to operations; the price of the tier at a rate.
fn check_sale(event: &pallet_sale::Event<Runtime>) {
    let pallet_sale::Event::Bought { tier, units, price_each, paid, burned, liquidity, operations, rate, .. } = event
    else {
        return;
    };
    assert_eq!(*paid, price_each * Balance::from(*units), "{event:?}");
    assert_eq!((*burned, *liquidity), (paid / 5, paid / 2), "{event:?}");
    assert_eq!(burned + liquidity + operations, *paid, "{event:?}");
    let usd = Balance::from(TIERS[usize::from(*tier) - 1].usd);
    let exact = sp_core::U256::from(usd * USD) * sp_core::U256::from(R1);
    let (least, most) = (exact / *rate, exact / *rate + 1);
    assert!((least..=most).contains(&(*price_each).into()), "{event:?}");
}
