//! Everything at once, in any order: money is conserved, and all ends.

use super::*;
use alloc::collections::BTreeMap;
use proptest::prelude::*;
use ratio1_primitives::traits::AvailabilityProvider;

const LICENSES: u32 = 7;

#[derive(Clone, Debug)]
enum Op {
    Blocks(u8),
    Epoch,
    Halt(u16),
    Request { who: u8, nodes: u8, epochs: u8, tier: u8, chosen: bool, same_entity: bool },
    Accept(u8),
    AcceptAll,
    Resign(u8),
    Reject { slot: u8, back: u8 },
    Extend { job: u8, epochs: u8 },
    AddNodes { job: u8, nodes: u8, epochs: u8 },
    Cancel(u8),
    Ban(u8),
    Absent(u8),
    Lag(u8),
    Unban(u8),
    Fall(u8),
    Rise(u8),
    Rate(u16),
    Close { which: u8, bytes: u64 },
    CloseAll(u64),
    Lapse(u8),
    Busy(bool),
    Trust { license: u8, reputation: u16 },
}

fn op() -> impl Strategy<Value = Op> {
    use Op::*;
    let any8 = any::<u8>;
    prop_oneof![
        6 => (1u8..12).prop_map(Blocks),
        5 => Just(Epoch),
        1 => (1u16..80).prop_map(Halt),
        6 => (any8(), 1u8..4, prop_oneof![5 => 1u8..8, 1 => 25u8..100], any8(), prop::bool::weighted(0.2), any::<bool>()).prop_map(
            |(who, nodes, epochs, tier, chosen, same_entity)| Request { who, nodes, epochs, tier, chosen, same_entity }
        ),
        2 => any8().prop_map(Accept),
        6 => Just(AcceptAll),
        2 => any8().prop_map(Resign),
        6 => (any8(), 0u8..5).prop_map(|(slot, back)| Reject { slot, back }),
        2 => (any8(), 0u8..6).prop_map(|(job, epochs)| Extend { job, epochs }),
        2 => (any8(), 1u8..3, 1u8..6).prop_map(|(job, nodes, epochs)| AddNodes { job, nodes, epochs }),
        2 => any8().prop_map(Cancel),
        1 => any8().prop_map(Ban),
        1 => any8().prop_map(Absent),
        1 => (0u8..8).prop_map(Lag),
        1 => any8().prop_map(Unban),
        1 => any8().prop_map(Fall),
        1 => any8().prop_map(Rise),
        1 => (1u16..2_000).prop_map(Rate),
        4 => (any8(), any::<u64>()).prop_map(|(which, bytes)| Close { which, bytes }),
        4 => any::<u64>().prop_map(CloseAll),
        1 => any8().prop_map(Lapse),
        1 => any::<bool>().prop_map(Busy),
        1 => (any8(), 100u16..1_001).prop_map(|(license, reputation)| Trust { license, reputation }),
    ]
}

/// What one service earned in one epoch.
struct Amount {
    license: u32,
    amount: Balance,
    index: u32,
    period: u32,
}

/// What the rules say, counted apart from the pallet.
#[derive(Default)]
struct Model {
    /// What a slot's services of a license earned and was not rejected, in closed epochs.
    earned: BTreeMap<(SlotRef, u32), Balance>,
    /// What of it can still be rejected, by slot and epoch.
    amounts: BTreeMap<(SlotRef, u32), Vec<Amount>>,
    /// Burned by rejections, of what was held.
    rejected: BTreeMap<JobId, Balance>,
    /// Burned for services that came to nothing.
    wasted: BTreeMap<JobId, Balance>,
    /// Fees of cancels.
    fees: BTreeMap<JobId, Balance>,
    /// Fees of requests and of added nodes.
    asked: Balance,
    /// Draws of each job's slots.
    draws: BTreeMap<SlotRef, u32>,
    topped: Balance,
    /// By events.
    released: BTreeMap<(SlotRef, u32), Balance>,
    closed: BTreeMap<JobId, Ledger>,
    accepted: u32,
    moved: u32,
}

/// A byte that is mostly good; of some services never.
fn byte(seed: u64, index: u32) -> u8 {
    if index % 7 == 3 {
        return 0;
    }
    let hash = sp_io::hashing::blake2_256(&codec::Encode::encode(&(seed, index)));
    match hash[0] {
        0..=159 => 255,
        160..=199 => 250 + hash[1] % 6,
        200..=239 => 128 + hash[1] % 128,
        _ => hash[1],
    }
}

impl Model {
    fn close(&mut self, epoch: EpochIndex, seed: u64) {
        // Lapsed epochs that wait to be settled put ends off: who serves in which epoch is not known before.
        let waits = || Queue::<Test>::iter_values().any(|closed| matches!(closed, ClosedEpochs::Lapsed { .. }));
        while waits() {
            PollLimit::set(Weight::MAX);
            next_block();
        }
        // Meanwhile it may have lapsed, for being too old.
        if !open_epochs().contains(&epoch) {
            return;
        }
        let bytes: Vec<(u32, u8)> = (0..Indices::<Test>::get()).map(|index| (index, byte(seed, index))).collect();
        let begins = clock().epoch_start(epoch);
        let voted = Frozen::get(epoch).unwrap_or_default();
        for (index, service) in Services::<Test>::iter() {
            let last = service.left.map_or(e(service.ends.0 - 1), |left| left.last);
            if epoch < service.first || last < epoch {
                continue;
            }
            assert!(index < voted, "what served in an epoch was voted about");
            if Measured::known(epoch).is_some_and(|known| known < service.block) {
                continue;
            }
            let until = service.left.map_or(u64::MAX, |left| left.at).min(begins + EPOCH_MS);
            let active = until.saturating_sub(service.accepted.max(begins));
            let terms = slot_of(service.slot).terms;
            let price = terms.iter().find(|term| epoch < term.until).map_or(0, |term| term.price);
            let amount = earns(price, active, bytes[index as usize].1);
            let key = (service.slot, service.license.0);
            *self.earned.entry(key).or_default() += amount;
            let period = (epoch.0 - service.first.0) / ratio1_primitives::jobs::PERIOD;
            let amount = Amount { license: service.license.0, amount, index, period };
            self.amounts.entry((service.slot, epoch.0)).or_default().push(amount);
        }
        close_epoch(epoch.0, &bytes);
    }

    /// What a cancel costs: for each slot the lesser of an epoch's price and what is cancelled.
    fn cancel_fee(job: JobId) -> Balance {
        let current = running();
        let fee = |n: u16| {
            let Some(slot) = Slots::<Test>::get(job, n) else { return 0 };
            let begin = slot.started.map_or(0, |_| current.0 + 1);
            let mut from = begin;
            let mut future = 0;
            for term in &slot.terms {
                future += Balance::from(term.until.0.saturating_sub(from)) * term.price;
                from = from.max(term.until.0);
            }
            let price = match slot.started {
                None => slot.terms[0].price,
                Some(_) => slot.terms.iter().find(|term| current < term.until).map_or(0, |term| term.price),
            };
            match slot.state {
                SlotState::Ended(_) => 0,
                SlotState::Drawing { draw } => {
                    let opened =
                        pallet_draws::Draws::<Test>::get(job_of(job).entity, draw).expect("it is looked for").opened;
                    if System::block_number() < opened + 4 {
                        0
                    } else {
                        price.min(future)
                    }
                }
                SlotState::Offered { .. } | SlotState::Running { .. } => price.min(future),
            }
        };
        (0..job_of(job).slots).map(fee).sum()
    }

    fn read_draws(&mut self) {
        for event in draw_events() {
            let DrawEvent::DrawOpened { client: Client::Job(job), slots, burned, .. } = event else { continue };
            for slot in slots {
                let draws = self.draws.entry(SlotRef { job, slot }).or_default();
                assert_eq!(burned, if *draws == 0 { 0 } else { FEE }, "the first was paid for before");
                *draws += 1;
            }
        }
    }

    fn read_events(&mut self) {
        self.read_draws();
        for event in events() {
            match event {
                Event::Requested { request, fee, .. } => {
                    assert_eq!(fee, Balance::from(request.nodes) * FEE);
                    self.asked += fee
                }
                Event::NodesAdded { nodes, fee, .. } => {
                    assert_eq!(fee, Balance::from(nodes) * FEE);
                    self.asked += fee
                }
                Event::SlotEnded { slot, why: SlotEnd::NoDrawLeft, .. } => {
                    assert!(self.draws[&slot] > u32::from(SPARE_DRAWS), "{slot:?} had its draws");
                }
                Event::CameToNothing { slot, burned, .. } => {
                    assert!(burned > 0);
                    *self.wasted.entry(slot.job).or_default() += burned;
                }
                Event::Released { slot, license, index, period, gross, burned, paid, .. } => {
                    assert_eq!((burned, paid), (tax(gross), gross - tax(gross)));
                    // What is paid stays paid, also if another service of the slot is rejected for that epoch.
                    for amounts in self.amounts.iter_mut().filter(|((other, _), _)| *other == slot) {
                        amounts.1.retain(|amount| (amount.index, amount.period) != (index, period));
                    }
                    *self.released.entry((slot, license.0)).or_default() += gross;
                }
                Event::Rejected { slot, epoch, burned, topped } => {
                    let amounts = self.amounts.remove(&(slot, epoch.0)).expect("something was earned");
                    assert_eq!(burned, amounts.iter().map(|Amount { amount, .. }| amount).sum::<Balance>());
                    for Amount { license, amount, .. } in amounts {
                        *self.earned.get_mut(&(slot, license)).unwrap() -= amount;
                    }
                    *self.rejected.entry(slot.job).or_default() += burned;
                    self.topped += topped;
                }
                Event::JobClosed { job, ledger, .. } => {
                    assert!(self.closed.insert(job, ledger).is_none(), "it closes once");
                    self.check_closed(job, &ledger);
                }
                Event::Accepted { .. } => self.accepted += 1,
                Event::ServiceEnded { why, .. } if why != Leaving::Ended => self.moved += 1,
                _ => (),
            }
        }
        System::reset_events();
    }

    fn check_closed(&self, job: JobId, ledger: &Ledger) {
        let of = |map: &BTreeMap<(SlotRef, u32), Balance>| {
            let mut all: Vec<_> = map
                .iter()
                .filter(|((slot, _), sum)| slot.job == job && **sum > 0)
                .map(|(key, sum)| (*key, *sum))
                .collect();
            all.sort();
            all
        };
        assert_eq!(of(&self.released), of(&self.earned), "{job:?} has paid what was earned, and to whom");
        let gross: Balance = of(&self.earned).iter().map(|(_, sum)| sum).sum();
        let rejected = self.rejected.get(&job).copied().unwrap_or_default();
        let fees = self.fees.get(&job).copied().unwrap_or_default();
        let draws = self.draws.iter().filter(|(slot, _)| slot.job == job).map(|(_, draws)| Balance::from(draws - 1));
        let wasted = self.wasted.get(&job).copied().unwrap_or_default();
        let spent = gross + rejected + fees + wasted + draws.sum::<Balance>() * FEE;
        assert_eq!(ledger.paid + ledger.burned, spent, "{job:?} has spent what it cost");
        assert_eq!(ledger.paid + ledger.burned + ledger.returned, ledger.deposited);
        assert_eq!(job_of(job).ledger, *ledger);
    }

    fn apply(&mut self, op: Op) {
        let pick = |n: usize, which: u8| (n > 0).then(|| usize::from(which) % n);
        let jobs = || NextJob::<Test>::get();
        let job = |which: u8| pick(jobs() as usize, which).map(|n| JobId(n as u64));
        let slots = |wanted: fn(&SlotState) -> bool| -> Vec<SlotRef> {
            let mut found: Vec<_> = Slots::<Test>::iter()
                .filter(|(_, _, slot)| wanted(&slot.state))
                .map(|(job, slot, _)| SlotRef { job, slot })
                .collect();
            found.sort();
            found
        };
        let offers = || slots(|state| matches!(state, SlotState::Offered { .. }));
        let owner = |job: JobId| job_of(job).owner;
        let fine = |result: Result<(), DispatchError>| {
            if let Err(DispatchError::Module(error)) = result {
                assert_ne!(error.message, Some("Corrupted"), "{error:?}");
            }
            result.is_ok()
        };
        let try_one = |id: SlotRef| {
            if let Err(error) = try_accept(id) {
                let known = [E::NotAdmitted, E::OfferOver, E::JobEnded, E::NotYours];
                assert!(known.into_iter().any(|known| code(known) == error), "{error:?}");
            }
        };
        match op {
            Op::Blocks(n) => blocks(n.into()),
            Op::Epoch => block_after(EPOCH_MS - EPOCH_MS / 7),
            Op::Halt(n) => block_after(u64::from(n) * EPOCH_MS),
            Op::Request { who, nodes, epochs, tier, chosen, same_entity } => {
                let who = [alice(), bob(), carol()][usize::from(who) % 3].clone();
                let tier = [Tier::Micro, Tier::Low2, Tier::High2][usize::from(tier) % 3];
                let mut wanted =
                    JobRequest { tier, nodes: nodes.into(), epochs: epochs.into(), same_entity, ..request() };
                if chosen {
                    let include: Vec<LicenseId> = (0..4).map(LicenseId).collect();
                    wanted.selectors.include = include.try_into().unwrap();
                }
                fine(Jobs::request(origin(who), Box::new(wanted), Balance::MAX));
            }
            Op::Accept(which) => {
                let offers = offers();
                pick(offers.len(), which).map(|n| offers[n]).into_iter().for_each(try_one)
            }
            Op::AcceptAll => offers().into_iter().for_each(try_one),
            Op::Resign(which) => {
                let running = slots(|state| matches!(state, SlotState::Running { .. }));
                if let Some(id) = pick(running.len(), which).map(|n| running[n]) {
                    let index = index_of(id);
                    let service = service(index);
                    let license = service.license.0;
                    let can = Jobs::can_resign(id).is_ok();
                    let sent = send(sign_resign(id, license, index, service.accepted, license));
                    assert_eq!(sent.is_ok(), can, "{sent:?}");
                    assert!(Jobs::can_resign(id).is_err(), "it resigns once");
                }
            }
            Op::Reject { slot, back } => {
                let all = slots(|_| true);
                if let Some(id) = pick(all.len(), slot).map(|n| all[n]) {
                    // Mostly an epoch that was earned in.
                    let of_slot = self.amounts.keys().filter(|(other, _)| *other == id).map(|(_, epoch)| e(*epoch));
                    let earned: Vec<EpochIndex> = of_slot.collect();
                    let some = pick(earned.len(), back).map(|n| earned[n]);
                    let epoch = some.unwrap_or_else(|| running().minus(u32::from(back) + 1));
                    fine(Jobs::reject(origin(owner(id.job)), id, epoch));
                }
            }
            Op::Extend { job: which, epochs } => {
                if let Some(job) = job(which) {
                    let extended = Jobs::extend(origin(owner(job)), job, epochs.into(), Balance::MAX);
                    fine(plain(extended));
                }
            }
            Op::AddNodes { job: which, nodes, epochs } => {
                if let Some(job) = job(which) {
                    fine(Jobs::add_nodes(origin(owner(job)), job, nodes.into(), epochs.into(), Balance::MAX));
                }
            }
            Op::Cancel(which) => {
                if let Some(job) = job(which) {
                    let fee = Self::cancel_fee(job);
                    let spent = |job| job_of(job).ledger.paid + job_of(job).ledger.burned;
                    let before = spent(job);
                    self.fees.entry(job).or_default();
                    if fine(plain(Jobs::cancel(origin(owner(job)), job))) {
                        assert_eq!(spent(job) - before, fee, "a cancel costs what it says");
                        self.fees.insert(job, fee);
                    }
                }
            }
            Op::Ban(license) => {
                let license = u32::from(license) % LICENSES;
                if Deeds::state(LicenseId(license)).unwrap().link.is_some() {
                    ban(license);
                }
            }
            Op::Absent(license) => {
                <Jobs as ratio1_primitives::traits::JobSlots>::absent(LicenseId(u32::from(license) % LICENSES))
            }
            // Finality lags: oracles will not know what is accepted from here on in this epoch.
            Op::Lag(behind) => Measured::set_known(running().0, System::block_number() - u32::from(behind)),
            Op::Unban(license) => {
                let license = u32::from(license) % LICENSES;
                Deeds::ban(LicenseId(license), false);
                Deeds::link(LicenseId(license), Some(node(license)));
            }
            Op::Fall(license) => fall(u32::from(license) % LICENSES),
            Op::Rise(license) => rise(u32::from(license) % LICENSES),
            Op::Rate(milli) => Rate::set(Ok(QUARTER / 1_000 * Balance::from(milli) + 7)),
            Op::Close { which, bytes } => {
                let open: Vec<_> = open_epochs().into_iter().collect();
                if let Some(n) = pick(open.len(), which) {
                    self.close(open[n], bytes);
                }
            }
            Op::CloseAll(bytes) => {
                open_epochs().into_iter().for_each(|epoch| self.close(epoch, bytes ^ u64::from(epoch.0)))
            }
            Op::Lapse(which) => {
                let open: Vec<_> = open_epochs().into_iter().collect();
                if let Some(n) = pick(open.len(), which) {
                    lapse_epoch(open[n].0);
                }
            }
            Op::Busy(busy) => PollLimit::set(match busy {
                // Enough for a few steps.
                true => Weight::from_parts(15_000_000_000, u64::MAX),
                false => Weight::MAX,
            }),
            Op::Trust { license, reputation } => {
                Reputations::insert(u32::from(license) % LICENSES, Reputation(reputation))
            }
        }
        self.read_events();
        check();
    }

    /// All epochs are closed, nobody accepts any more: nothing is left.
    fn finish(&mut self) {
        PollLimit::set(Weight::MAX);
        for n in 0..1_200u64 {
            self.read_events();
            if Slots::<Test>::iter().next().is_none() {
                break;
            }
            bar_all();
            open_epochs().into_iter().for_each(|epoch| self.close(epoch, n));
            block_after(EPOCH_MS / 3);
        }
        blocks(30);
        open_epochs().into_iter().for_each(|epoch| self.close(epoch, 1));
        blocks(10);
        self.read_events();
        let jobs = NextJob::<Test>::get();
        for job in (0..jobs).map(JobId) {
            assert!(closed(job).is_some(), "{job:?} is {:?}", job_of(job).state);
            assert!(self.closed.contains_key(&job));
        }
        for who in [alice(), bob(), carol()] {
            assert_eq!(on_hold(&who), 0);
            assert_eq!(Jobs::looked_for(entity(&who)), 0);
        }
        let burned: Balance = self.closed.values().map(|ledger| ledger.burned).sum();
        assert_eq!(Burned::get(), burned + self.asked + self.topped, "nothing else is burned");
        assert_eq!(Services::<Test>::iter().count(), 0, "services");
        assert_eq!(pallet_draws::Draws::<Test>::iter().count(), 0, "draws");
        assert_eq!(
            pallet_draws::OpenedAt::<Test>::iter().count() + pallet_draws::Seeds::<Test>::iter().count(),
            0,
            "seeds"
        );
        assert_eq!(Deadlines::<Test>::iter().count(), 0, "deadlines");
        assert_eq!(Assigned::<Test>::iter().count(), 0, "assigned");
        assert_eq!(Agenda::<Test>::iter().count(), 0, "agenda: {:?}", Agenda::<Test>::iter().collect::<Vec<_>>());
        assert_eq!(Queue::<Test>::iter().count(), 0, "queue");
        assert_eq!(Requests::<Test>::iter().count(), 0, "requests");
        assert_eq!(SpareCount::<Test>::get(), Indices::<Test>::get(), "all indices are free");
        assert_eq!(Reserved::iter().count(), 0, "reservations");
        check();
    }
}

fn play(ops: Vec<Op>) -> Model {
    new_test_ext(LICENSES).execute_with(|| {
        // Two licenses have one owner's entity, and one is Alice's own.
        attest(&operator(1), 1_000, b"RO", EntityKind::Individual);
        attest(&operator(2), 1, b"DE", EntityKind::Company);
        let mut model = Model::default();
        for op in ops {
            model.apply(op);
        }
        model.finish();
        model
    })
}

/// Few unless asked for more: each is a chain of hundreds of blocks, all of them checked.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(96)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn money_is_conserved_and_all_ends_whatever_happens(ops in prop::collection::vec(op(), 1..90)) {
        play(ops);
    }
}

#[test]
fn model_sees_services_and_moves() {
    // That the property is not about nothing.
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut accepted, mut moved, mut rejected, mut fees, mut wasted) = (0, 0, 0, 0, 0);
    for _ in 0..24 {
        let ops = prop::collection::vec(op(), 80).new_tree(&mut runner).unwrap().current();
        let model = play(ops);
        accepted += model.accepted;
        moved += model.moved;
        rejected += model.rejected.len();
        fees += model.fees.values().filter(|fee| **fee > 0).count();
        wasted += model.wasted.len();
    }
    let seen = accepted > 60 && moved > 10 && rejected > 3 && fees > 3 && wasted > 0;
    assert!(seen, "{accepted} {moved} {rejected} {fees} {wasted}");
}
