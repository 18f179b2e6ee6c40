//! Paid jobs on the real runtime: asked for, drawn, served, measured, moved, paid. Every invariant is checked after every
//! block: among them that what is held is what the slots hold, that every job's ledger adds up, and that all base units are
//! on some account.

use crate::common::{
    people::{attest, fund, funded, newcomer, LATER},
    work::request,
    Person, Shape, Sim,
};
use codec::Encode;
use frame_support::{
    assert_ok,
    traits::fungible::{Inspect, InspectHold},
};
use pallet_jobs::{Closing, Event, JobState, Leaving, SlotEnd, SlotState};
use ratio1_primitives::{
    economics::{price::USD, R1},
    jobs::{draw, price::node_price, ServiceTerm, SlotRef, Tier, PERIOD},
    traits::LicenseInspect,
    EpochIndex, JobId, LicenseId,
};
use ratio1_runtime::{
    AccountId, Balance, Balances, Jobs, Licenses, Nodes, Runtime, RuntimeCall, RuntimeEvent, RuntimeHoldReason, System,
};
use sp_runtime::{DispatchError, MultiAddress};
use std::collections::BTreeMap;

/// Six edges, so that there is somebody to move to. 32 blocks an epoch.
const SHAPE: Shape = Shape {
    oracles: 4,
    edges: 6,
    epoch_ms: 96_000,
    session_blocks: 8,
    window_blocks: 5,
    reopenings: 1,
    genesis_linked: false,
};
const JOB: JobId = JobId(0);
/// What everybody of these tests is paid in: a Micro node at a quarter of a dollar for an R1.
const RATE: u128 = USD / 4;

fn micro() -> Balance {
    node_price(Tier::Micro, None, RATE).unwrap()
}

/// What a draw of a node costs.
const FEE: Balance = R1 / 100;
/// What is held for each slot, for when its node must be drawn again.
const DRAWS: Balance = 16 * FEE;

/// A funded chain whose edges have declared what they have, and were available in the last epoch; and who pays.
fn ready() -> (Sim, Person) {
    let mut sim = funded(SHAPE);
    let requester = newcomer(&mut sim, "Requester", b"DE", 1_000 * R1);
    sim.declare_all();
    next_epoch(&mut sim, |_| 255);
    (sim, requester)
}

/// Let the running epoch end, and settle it with these bytes of services. All nodes were on.
fn next_epoch(sim: &mut Sim, work: impl Fn(&ServiceTerm) -> u8) -> EpochIndex {
    let epoch = sim.current();
    sim.settle_work(epoch, Some(RATE), |_| 255, work);
    epoch
}

fn held(sim: &mut Sim, who: &Person) -> Balance {
    let reason = RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Job);
    sim.ext.execute_with(|| Balances::balance_on_hold(&reason, &who.id()))
}

fn total(sim: &mut Sim, who: &AccountId) -> Balance {
    sim.ext.execute_with(|| Balances::total_balance(who))
}

/// What the jobs pallet said in the block just made.
fn events(sim: &mut Sim) -> Vec<Event<Runtime>> {
    let ours = |record: frame_system::EventRecord<RuntimeEvent, _>| match record.event {
        RuntimeEvent::Jobs(event) => Some(event),
        _ => None,
    };
    sim.ext.execute_with(|| System::events().into_iter().filter_map(ours).collect())
}

fn owner(sim: &mut Sim, license: LicenseId) -> AccountId {
    sim.ext.execute_with(|| <Licenses as LicenseInspect<AccountId>>::owner(license)).unwrap()
}

fn reputation(sim: &mut Sim, license: LicenseId) -> u16 {
    sim.ext.execute_with(|| Nodes::node_info(license).reputation.0)
}

/// What each service should earn in an epoch, recomputed from its times, the price and the byte: eq. 12 by itself.
#[derive(Default)]
struct Books {
    /// By service: its license, and what it earned by period.
    earned: BTreeMap<u32, (LicenseId, BTreeMap<u32, Balance>)>,
}

impl Books {
    /// Settle the running epoch with these bytes, and write down what they are worth.
    fn epoch(&mut self, sim: &mut Sim, price: Balance, work: impl Fn(&ServiceTerm) -> u8) {
        let epoch = sim.current();
        sim.run_to_epoch(epoch.0 + 1);
        // As the oracles see it when the epoch has just ended.
        let services: Vec<_> = sim.ext.execute_with(|| {
            let terms =
                (0..ratio1_primitives::pages(pallet_jobs::Indices::<Runtime>::get())).flat_map(Jobs::services_page);
            terms.map(|term| (term, pallet_jobs::Services::<Runtime>::get(term.index).unwrap())).collect()
        });
        let clock = sim.ext.execute_with(pallet_availability::Clock::<Runtime>::get).unwrap();
        let (begin, end) = (clock.epoch_start(epoch), clock.epoch_start(epoch.plus(1)));
        for (term, service) in &services {
            let from = service.accepted.max(begin);
            let until = service.left.map_or(end, |left| left.at).min(end);
            if !service.is_in(epoch) || until <= from {
                continue;
            }
            let worth = price * Balance::from(until - from) * Balance::from(work(term)) / (96_000 * 255);
            let period = (epoch.0 - service.first.0) / PERIOD;
            let (_, periods) = self.earned.entry(term.index).or_insert((service.license, BTreeMap::new()));
            *periods.entry(period).or_default() += worth;
        }
        sim.settle_work(epoch, Some(RATE), |_| 255, work);
    }

    fn gross(&self) -> Balance {
        self.earned.values().flat_map(|(_, periods)| periods.values()).sum()
    }

    /// What each license's owner should be paid: 85 % of each period, what is burned rounded down.
    fn pay(&self) -> BTreeMap<LicenseId, Balance> {
        let mut pay = BTreeMap::new();
        for (license, periods) in self.earned.values() {
            let net: Balance = periods.values().map(|gross| gross - gross * 15 / 100).sum();
            *pay.entry(*license).or_default() += net;
        }
        pay
    }
}

#[test]
fn a_job_of_thirty_epochs_survives_a_dead_node_and_a_weak_one() {
    let (mut sim, requester) = ready();
    let before = total(&mut sim, &requester.id());
    let owners: Vec<AccountId> = sim.edges.iter().map(Person::id).collect();
    let purses: Vec<Balance> = owners.iter().map(|who| total(&mut sim, who)).collect();
    assert_ok!(sim.request(&requester, request(3, 30)).unwrap());
    assert_eq!(held(&mut sim, &requester), 3 * (30 * micro() + DRAWS));
    sim.run_until_served(JOB);
    assert_eq!(sim.job(JOB).job.state, JobState::Running);

    let mut books = Books::default();
    let first: Vec<LicenseId> = (0..3).map(|slot| sim.server(JOB, slot).unwrap()).collect();
    let (dead, weak) = (first[1], first[2]);
    let started = sim.current();
    for _ in 0..10 {
        books.epoch(&mut sim, micro(), |_| 255);
    }
    // One node dies, and the weak one drops just below what counts: the one moves at once, the other after two epochs.
    let bytes = |term: &ServiceTerm| match term.license {
        license if license == dead => 0,
        license if license == weak => 229,
        _ => 255,
    };
    books.epoch(&mut sim, micro(), bytes);
    assert_eq!(sim.job(JOB).job.state, JobState::Degraded);
    assert_ne!(sim.server(JOB, 1), Some(dead));
    assert_eq!(sim.server(JOB, 2), Some(weak), "one epoch below the threshold is forgiven");
    sim.run_until_served(JOB);
    books.epoch(&mut sim, micro(), bytes);
    assert_ne!(sim.server(JOB, 2), Some(weak), "two in a row are not");
    sim.run_until_served(JOB);
    assert_eq!(sim.server(JOB, 0), Some(first[0]), "who served well stays");
    assert!(reputation(&mut sim, dead) < reputation(&mut sim, first[0]));

    while sim.current() < started.plus(30) {
        books.epoch(&mut sim, micro(), |_| 255);
    }
    sim.block(vec![]);
    assert_eq!(sim.job(JOB).job.state, JobState::Settling);
    for _ in 0..3 {
        books.epoch(&mut sim, micro(), |_| 255);
    }
    let job = sim.job(JOB).job;
    assert_eq!(job.state, JobState::Closed(Closing::Served));
    assert_eq!(held(&mut sim, &requester), 0);

    // Every base unit: what each operator got, what was burned, what came back.
    let pay = books.pay();
    assert!(pay.len() >= 4, "two slots moved: {pay:?}");
    for (who, purse) in owners.iter().zip(&purses) {
        let license = (5..=10).map(LicenseId).find(|license| owner(&mut sim, *license) == *who).unwrap();
        let due = pay.get(&license).copied().unwrap_or(0);
        assert_eq!(total(&mut sim, who) - purse, due, "{license}");
    }
    let ledger = job.ledger;
    let gross = books.gross();
    assert_eq!(ledger.paid, pay.values().sum::<Balance>());
    // Two slots were drawn again.
    assert_eq!(ledger.paid + ledger.burned, gross + 2 * FEE);
    assert_eq!(ledger.returned, 3 * (30 * micro() + DRAWS) - gross - 2 * FEE);
    // Besides, the requester paid the fees of the first draws, and for the transaction.
    let spent = before - total(&mut sim, &requester.id());
    assert!(spent >= gross + 5 * FEE && spent < gross + R1 / 10, "{spent} for {gross}");
}

#[test]
fn a_draw_is_recomputed_from_the_chain_alone() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(3, 2)).unwrap());
    let opened = sim.number;
    // The VRF output of each block, as its author's signature makes it; the chain shows it in the next one.
    let mut outputs = Vec::new();
    for _ in 0..4 {
        sim.block(vec![]);
        outputs.push(sim.ext.execute_with(pallet_babe::AuthorVrfRandomness::<Runtime>::get).expect("a VRF output"));
    }
    assert_eq!(sim.number, opened + 4);
    sim.block(vec![]);
    assert!(outputs.windows(2).all(|pair| pair[0] != pair[1]));
    let seed = draw::seed(&outputs.try_into().unwrap(), 0);
    let licenses = sim.ext.execute_with(<Licenses as LicenseInspect<AccountId>>::count);
    let order = draw::Permutation::new(seed, licenses);
    let mut expected = Vec::new();
    'draw: for pass in 0.. {
        for license in (0..order.positions()).filter_map(|position| order.at(position)) {
            let known = (5..=10).contains(&license.0) && !expected.contains(&license);
            let reputation = sim.ext.execute_with(|| Nodes::node_info(license).reputation);
            if known && draw::is_taken(seed, pass, license, reputation) {
                expected.push(license);
            }
            if expected.len() == 3 {
                break 'draw;
            }
        }
    }
    // One pass a block, if it takes several.
    (0..20).for_each(|_| drop(sim.block(vec![])));
    let drawn: Vec<LicenseId> = (0..3).map(|slot| sim.slot(JOB, slot).unwrap().drawn.unwrap().license).collect();
    assert_eq!(drawn, expected);
    for slot in 0..3 {
        let info = sim.ext.execute_with(|| Jobs::draw_of(SlotRef { job: JOB, slot })).unwrap();
        assert!(info.matches);
        assert_eq!((info.drawn.seed, info.drawn.opened), (seed, opened));
    }
}

#[test]
fn a_banned_license_loses_its_slots_and_keeps_what_it_earned() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 4)).unwrap());
    sim.run_until_served(JOB);
    let license = sim.server(JOB, 0).unwrap();
    let payee = owner(&mut sim, license);
    next_epoch(&mut sim, |_| 255);
    let purse = total(&mut sim, &payee);
    assert_ok!(sim.as_root(pallet_licenses::Call::ban { license }.into()));
    assert_eq!(sim.work_of(license), []);
    assert_eq!(sim.job(JOB).job.state, JobState::Degraded);
    sim.run_until_served(JOB);
    assert_ne!(sim.server(JOB, 0), Some(license));
    for _ in 0..4 {
        next_epoch(&mut sim, |_| 255);
    }
    assert!(total(&mut sim, &payee) > purse, "earned before the ban, paid after it");
}

#[test]
fn a_node_with_slots_is_neither_unlinked_nor_admitted_until_it_has_resigned() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 4)).unwrap());
    sim.run_until_served(JOB);
    let license = sim.server(JOB, 0).unwrap();
    let (operator, _) = sim.working_edges().into_iter().find(|(_, of)| *of == license).unwrap();
    let unlink = || RuntimeCall::from(pallet_licenses::Call::unlink { license });
    // What is refused is not free, and the operator has nothing to pay with.
    assert!(sim.submit(&operator, unlink()).is_err());
    let refusal = sim.ext.execute_with(|| Licenses::can_unlink(operator.id(), license));
    assert_eq!(refusal, Err(pallet_licenses::Error::<Runtime>::HasSlots.into()));
    assert_ok!(sim.register_new_keys(&operator, license, "//new").unwrap());
    let admit = sim.as_root(pallet_oracles::Call::admit { license }.into());
    assert_eq!(admit, Err(pallet_oracles::Error::<Runtime>::HasSlots.into()));

    let slot = SlotRef { job: JOB, slot: 0 };
    assert_ok!(sim.resign(&operator, license, slot).unwrap());
    assert!(sim.resign(&operator, license, slot).is_err(), "once is enough");
    next_epoch(&mut sim, |_| 255);
    assert_eq!(sim.work_of(license), []);
    assert_ok!(sim.submit(&operator, unlink()).unwrap());
    // Who buys the deed buys no claim to what it earned.
    for _ in 0..2 {
        next_epoch(&mut sim, |_| 255);
    }
    let buyer = newcomer(&mut sim, "Buyer", b"FR", R1);
    fund(&mut sim, &operator, R1);
    let to = buyer.id();
    assert_ok!(sim.submit(&operator, pallet_licenses::Call::transfer { license, to }).unwrap());
    let (seller_had, buyer_had) = (total(&mut sim, &operator.id()), total(&mut sim, &buyer.id()));
    for _ in 0..3 {
        next_epoch(&mut sim, |_| 255);
    }
    assert!(total(&mut sim, &operator.id()) >= seller_had);
    assert_eq!(total(&mut sim, &buyer.id()), buyer_had);
    let paid = sim.job(JOB).job.ledger.paid;
    assert!(paid > 0, "the epoch it served was released");
}

#[test]
fn a_cancelled_job_pays_the_running_epoch_and_returns_the_rest() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(2, 10)).unwrap());
    sim.run_until_served(JOB);
    next_epoch(&mut sim, |_| 255);
    let before = held(&mut sim, &requester);
    assert_eq!(before, 2 * (10 * micro() + DRAWS));
    let refundable = sim.job(JOB).refundable;
    assert_ok!(sim.submit(&requester, pallet_jobs::Call::cancel { job: JOB }).unwrap());
    let job = sim.job(JOB).job;
    // Eight epochs of each slot are called off; one price of each is the fee.
    assert_eq!(job.ledger.returned, 2 * (7 * micro() + DRAWS));
    assert_eq!(job.ledger.returned, refundable);
    assert_eq!(job.ledger.burned + job.ledger.paid, 2 * micro());
    assert_eq!(held(&mut sim, &requester), 2 * 2 * micro());
    for _ in 0..5 {
        next_epoch(&mut sim, |_| 255);
    }
    let job = sim.job(JOB).job;
    assert_eq!(job.state, JobState::Closed(Closing::Cancelled));
    assert_eq!(held(&mut sim, &requester), 0);
    let again = sim.submit(&requester, pallet_jobs::Call::cancel { job: JOB }).unwrap();
    assert_eq!(again, Err(pallet_jobs::Error::<Runtime>::JobEnded.into()));
}

#[test]
fn a_job_without_candidates_is_returned_in_full() {
    let (mut sim, requester) = ready();
    let mut asked = request(2, 5);
    asked.selectors.countries = vec![ratio1_primitives::kyc::Country(*b"NZ")].try_into().unwrap();
    assert_ok!(sim.request(&requester, asked).unwrap());
    let before = held(&mut sim, &requester);
    assert_eq!(before, 10 * micro() + 2 * DRAWS);
    let mut seen = Vec::new();
    for _ in 0..60 {
        sim.block(vec![]);
        seen.extend(events(&mut sim));
    }
    let ended = seen.iter().filter(|event| matches!(event, Event::SlotEnded { why: SlotEnd::NoCandidate, .. }));
    assert_eq!(ended.count(), 2);
    let job = sim.job(JOB).job;
    assert_eq!(job.state, JobState::Closed(Closing::Unserved));
    assert_eq!((job.ledger.returned, held(&mut sim, &requester)), (10 * micro() + 2 * DRAWS, 0));
}

#[test]
fn a_rate_that_changes_prices_what_is_added_and_nothing_else() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 3)).unwrap());
    sim.run_until_served(JOB);
    let epoch = sim.current();
    // An R1 gets dearer, so that a node costs fewer of them.
    sim.settle(epoch, Some(RATE * 11 / 10), |_| 255);
    let price = node_price(Tier::Micro, None, RATE * 11 / 10).unwrap();
    let cheap = pallet_jobs::Call::extend { job: JOB, epochs: 2, max_price: price - 1 };
    let refused = sim.submit(&requester, cheap).unwrap();
    assert_eq!(refused, Err(pallet_jobs::Error::<Runtime>::PriceAboveMaximum.into()));
    assert_ok!(sim.submit(&requester, pallet_jobs::Call::extend { job: JOB, epochs: 2, max_price: price }).unwrap());
    assert_eq!(held(&mut sim, &requester), 3 * micro() + 2 * price + DRAWS);
    let terms = sim.slot(JOB, 0).unwrap().terms;
    assert_eq!(terms.iter().map(|term| term.price).collect::<Vec<_>>(), [micro(), price]);
}

#[test]
fn a_stale_rate_stops_new_jobs_and_none_that_runs() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 10)).unwrap());
    sim.run_until_served(JOB);
    for _ in 0..5 {
        let epoch = sim.current();
        sim.settle(epoch, None, |_| 255);
    }
    let refused = sim.request(&requester, request(1, 1)).unwrap();
    assert_eq!(refused, Err(pallet_jobs::Error::<Runtime>::RateStale.into()));
    assert_eq!(sim.job(JOB).job.state, JobState::Running);
    let accrued: Balance = sim.slot(JOB, 0).unwrap().services.iter().map(|service| service.accrued).sum();
    assert!(accrued > 4 * micro());
}

#[test]
fn an_operator_who_lost_their_standing_loses_the_slot_when_oracles_hear_no_more() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 10)).unwrap());
    sim.run_until_served(JOB);
    let license = sim.server(JOB, 0).unwrap();
    let (operator, _) = sim.working_edges().into_iter().find(|(_, of)| *of == license).unwrap();
    assert_ok!(sim.as_root(pallet_kyc::Call::revoke { who: operator.id() }.into()));
    for _ in 0..3 {
        // Who is not admitted is not heard.
        let admitted =
            sim.ext.execute_with(|| <Licenses as LicenseInspect<AccountId>>::admission(&operator.node_id()).is_ok());
        next_epoch(&mut sim, |term| if term.license == license && !admitted { 0 } else { 255 });
    }
    assert_ne!(sim.server(JOB, 0), Some(license));
    sim.run_until_served(JOB);
    assert!(attest(&mut sim, &operator, b"RO", LATER).is_err(), "governance revoked it");
}

#[test]
fn a_proxy_for_jobs_manages_them_and_moves_nothing_else() {
    let (mut sim, requester) = ready();
    let helper = newcomer(&mut sim, "Helper", b"DE", 10 * R1);
    let delegate = MultiAddress::Id(helper.id());
    let proxy_type = ratio1_runtime::configs::ProxyType::JobManagement;
    let add = pallet_proxy::Call::add_proxy { delegate, proxy_type, delay: 0 };
    assert_ok!(sim.submit(&requester, add).unwrap());
    let real = requester.id();
    let through = |call: RuntimeCall| pallet_proxy::Call::<Runtime>::proxy {
        real: MultiAddress::Id(real.clone()),
        force_proxy_type: None,
        call: Box::new(call),
    };
    let asked = pallet_jobs::Call::request { request: Box::new(request(1, 2)), max_price: Balance::MAX };
    assert_ok!(sim.submit(&helper, through(asked.into())).unwrap());
    assert_eq!(sim.job(JOB).job.owner, requester.id(), "the principal's");
    assert_eq!(held(&mut sim, &requester), 2 * micro() + DRAWS);
    let before = total(&mut sim, &requester.id());
    let steal = pallet_balances::Call::transfer_allow_death { dest: MultiAddress::Id(helper.id()), value: R1 };
    assert_ok!(sim.submit(&helper, through(steal.into())).unwrap());
    assert_eq!(total(&mut sim, &requester.id()), before);
    assert_ok!(sim.submit(&helper, through(pallet_jobs::Call::cancel { job: JOB }.into())).unwrap());
    assert!(matches!(sim.job(JOB).job.state, JobState::Closed(_)));
}

#[test]
fn a_halted_chain_still_lets_nodes_accept_and_requesters_cancel() {
    use frame_support::traits::SafeMode as Halt;
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 5)).unwrap());
    assert!(sim.ext.execute_with(|| <ratio1_runtime::SafeMode as Halt>::enter(1_000)).is_ok());
    let refused = sim.request(&requester, request(1, 5));
    let filtered = frame_system::Error::<Runtime>::CallFiltered.into();
    assert_eq!(refused, Ok(Err(filtered)));
    sim.run_until_served(JOB);
    next_epoch(&mut sim, |_| 255);
    let (slot, epoch) = (SlotRef { job: JOB, slot: 0 }, sim.current().minus(1));
    assert_ok!(sim.submit(&requester, pallet_jobs::Call::reject { slot, epoch }).unwrap());
    assert!(matches!(sim.slot(JOB, 0).unwrap().state, SlotState::Drawing { .. }));
    assert_ok!(sim.submit(&requester, pallet_jobs::Call::cancel { job: JOB }).unwrap());
    for _ in 0..5 {
        next_epoch(&mut sim, |_| 255);
    }
    assert!(matches!(sim.job(JOB).job.state, JobState::Closed(Closing::Cancelled)));
}

#[test]
fn a_node_that_is_silent_about_an_offer_is_passed_over_for_a_while() {
    let (mut sim, requester) = ready();
    assert_ok!(sim.request(&requester, request(1, 5)).unwrap());
    let mut offered = None;
    let mut seen = Vec::new();
    for _ in 0..60 {
        sim.block(vec![]);
        seen.extend(events(&mut sim));
        offered = offered.or(sim.slot(JOB, 0).unwrap().license);
    }
    let offered = offered.expect("somebody was drawn");
    let lapsed = |event: &Event<Runtime>| matches!(event, Event::OfferLapsed { license, .. } if *license == offered);
    assert!(seen.iter().any(lapsed));
    let before = reputation(&mut sim, offered);
    assert!(before >= 490, "it may be that nobody can serve it: {before}");
    assert!(!seen.iter().any(|event| matches!(event, Event::ServiceEnded { why: Leaving::Failed, .. })));
    // Another one takes it, and shows that it can be served.
    sim.run_until_served(JOB);
    assert_ne!(sim.server(JOB, 0), Some(offered));
    for _ in 0..2 {
        next_epoch(&mut sim, |_| 255);
    }
    assert!(reputation(&mut sim, offered) < before - 40);
}

#[test]
fn strangers_and_unpaid_requests_are_refused_and_change_nothing() {
    let (mut sim, requester) = ready();
    let stranger = Person::new("Stranger");
    fund(&mut sim, &requester, R1);
    assert!(sim.request(&stranger, request(1, 1)).is_err(), "an account nobody attested cannot even pay fees");
    type E = pallet_jobs::Error<Runtime>;
    let mut refused = |request, error: E| {
        let result = sim.request(&requester, request).unwrap();
        assert_eq!(result, Err(DispatchError::from(error)));
    };
    refused(request(0, 1), E::NodesOutOfBounds);
    refused(request(1, 0), E::EpochsOutOfBounds);
    refused(request(64, 1_080), E::InsufficientFunds);
    assert_eq!(sim.ext.execute_with(pallet_jobs::NextJob::<Runtime>::get), 0);
    assert_eq!(held(&mut sim, &requester), 0);
    assert!(request(1, 1).encoded_size() < 200);
}
