//! A second opinion on the money of jobs, from events, the clock and finalised bytes: what each service earned, what a job
//! got, paid and gave back.

use super::money::total;
use pallet_draws::Event as DrawEvent;
use pallet_jobs::{Event, Ledger, Services, Slot, Slots};
use ratio1_primitives::{
    jobs::{Client, SlotRef, PERIOD},
    traits::{AvailabilityProvider, ClockInspect},
    EpochIndex, JobId, LicenseId, PAGE_SIZE,
};
use ratio1_runtime::{AccountId, Availability, Balance, Runtime, RuntimeEvent, RuntimeHoldReason, System};
use std::collections::BTreeMap;

/// One node serving one slot.
struct Served {
    slot: SlotRef,
    license: LicenseId,
    payee: AccountId,
    accepted: u64,
    /// The block of its acceptance.
    block: u32,
    first: EpochIndex,
    /// When it ended, and its last epoch.
    left: Option<(u64, EpochIndex)>,
    /// What is not released, by epoch.
    earned: BTreeMap<EpochIndex, Balance>,
}

impl Served {
    fn is_in(&self, epoch: EpochIndex) -> bool {
        self.first <= epoch && self.left.is_none_or(|(_, last)| epoch <= last)
    }
}

/// A job's money.
struct Account {
    owner: AccountId,
    ledger: Ledger,
}

#[derive(Default)]
pub struct Books {
    jobs: BTreeMap<JobId, Account>,
    services: BTreeMap<u32, Served>,
    /// What was released for an epoch of a slot.
    released: BTreeMap<(SlotRef, EpochIndex), Balance>,
    /// The slots at the end of the last block: one that is paid out is closed at once.
    slots: BTreeMap<SlotRef, Slot>,
    /// The time of the block before.
    moment: u64,
}

impl Books {
    /// Follow what happened in a block, at its end.
    pub fn observe(&mut self, events: &[RuntimeEvent]) {
        let mut closed = vec![];
        for event in events {
            match event {
                RuntimeEvent::Availability(pallet_availability::Event::EpochFinalised { epoch, .. }) => {
                    self.earn(*epoch);
                }
                RuntimeEvent::Jobs(Event::JobClosed { job, ledger, .. }) => closed.push((*job, *ledger)),
                RuntimeEvent::Jobs(event) => self.follow(event, events),
                RuntimeEvent::Draws(DrawEvent::DrawOpened { client: Client::Job(job), burned, .. }) => {
                    self.ledger(*job).burned += burned;
                }
                _ => (),
            }
        }
        // A job that is cancelled closes before it tells what that cost.
        closed.into_iter().for_each(|(job, ledger)| self.close(job, ledger));
        self.moment = now();
    }

    fn follow(&mut self, event: &Event<Runtime>, events: &[RuntimeEvent]) {
        match event {
            Event::Requested { job, owner, held, .. } => {
                let ledger = Ledger { deposited: *held, ..Ledger::default() };
                self.jobs.insert(*job, Account { owner: owner.clone(), ledger });
            }
            Event::Extended { job, held, .. } | Event::NodesAdded { job, held, .. } => {
                self.ledger(*job).deposited += held;
            }
            Event::Accepted { slot, license, payee, index, .. } => self.accept(*slot, *license, payee, *index),
            Event::ServiceEnded { index, last, .. } => self.leave(*index, *last),
            Event::Cancelled { job, burned, paid, .. } => {
                let ledger = self.ledger(*job);
                (ledger.burned, ledger.paid) = (ledger.burned + burned, ledger.paid + paid);
            }
            Event::CameToNothing { slot, burned, .. } => self.ledger(slot.job).burned += burned,
            Event::Rejected { slot, epoch, burned, topped } => self.reject(*slot, *epoch, *burned, *topped),
            Event::Released { .. } => self.release(event, events),
            _ => (),
        }
    }

    fn ledger(&mut self, job: JobId) -> &mut Ledger {
        &mut self.jobs.get_mut(&job).expect("what happens to a job happens after its request").ledger
    }

    fn accept(&mut self, slot: SlotRef, license: LicenseId, payee: &AccountId, index: u32) {
        let first = Availability::clock_info().current;
        let (payee, accepted, earned) = (payee.clone(), now(), BTreeMap::new());
        let block = System::block_number();
        let served = Served { slot, license, payee, accepted, block, first, left: None, earned };
        if let Some(before) = self.services.insert(index, served) {
            assert!(before.left.is_some(), "service {index} began while another had its index");
            assert!(before.earned.values().all(|amount| *amount == 0), "service {index} was not paid out");
        }
    }

    /// A service ended in this block: by what is done before the block's own time is known, at the time of the one before.
    fn leave(&mut self, index: u32, last: EpochIndex) {
        let end = Availability::clock().unwrap().epoch_start(last.plus(1));
        let told = Services::<Runtime>::get(index).and_then(|service| service.left).map(|left| left.at);
        let at = told.unwrap_or(now()).min(end);
        let within = self.moment.min(end)..=now().min(end);
        assert!(within.contains(&at), "service {index} left at {at}, not within {within:?}");
        self.services.get_mut(&index).unwrap().left = Some((at, last));
    }

    /// By the protocol's words: the price, for the time it was there, at its byte; nothing of what the oracles could not
    /// know of.
    fn earn(&mut self, epoch: EpochIndex) {
        let clock = Availability::clock().unwrap();
        let begin = clock.epoch_start(epoch);
        let end = begin + clock.epoch_ms;
        let known = Availability::known(epoch);
        let measured = |service: &Served| service.is_in(epoch) && known.is_none_or(|known| service.block <= known);
        for (index, service) in self.services.iter_mut().filter(|(_, service)| measured(service)) {
            let page = Availability::service_page(epoch, index / PAGE_SIZE);
            let byte = page.and_then(|page| page.get((index % PAGE_SIZE) as usize).copied()).unwrap_or(0);
            let stored = Slots::<Runtime>::get(service.slot.job, service.slot.slot);
            let slot = stored.as_ref().or_else(|| self.slots.get(&service.slot));
            let price = slot.map_or(0, |slot| slot.price(epoch));
            let to = service.left.map_or(end, |(at, _)| at.min(end));
            let active = to.saturating_sub(service.accepted.max(begin));
            let amount = price * Balance::from(active) * Balance::from(byte) / (Balance::from(clock.epoch_ms) * 255);
            assert!(service.earned.insert(epoch, amount).is_none(), "{epoch} is finalised twice");
        }
    }

    fn reject(&mut self, slot: SlotRef, epoch: EpochIndex, burned: Balance, topped: Balance) {
        let mut sum = 0;
        for service in self.services.values_mut().filter(|service| service.slot == slot) {
            if let Some(earned) = service.earned.get_mut(&epoch) {
                sum += std::mem::take(earned);
            }
        }
        assert_eq!(burned, sum, "what {slot:?} earned in {epoch} is burned");
        let price = Slots::<Runtime>::get(slot.job, slot.slot).map_or(0, |s| s.price(epoch));
        let paid = self.released.get(&(slot, epoch)).copied().unwrap_or(0);
        assert_eq!(topped, price.saturating_sub(paid + burned), "rejecting {slot:?} in {epoch} costs an epoch's price");
        self.ledger(slot.job).burned += burned;
    }

    fn release(&mut self, event: &Event<Runtime>, events: &[RuntimeEvent]) {
        let Event::Released { slot, license, index, period, gross, burned, paid, payee } = event else { return };
        let service = self.services.get_mut(index).expect("what is paid was accepted");
        assert_eq!((slot, license, payee), (&service.slot, &service.license, &service.payee), "{event:?}");
        let begin = service.first.plus(period * PERIOD);
        let mut later = service.earned.split_off(&begin);
        service.earned.append(&mut later.split_off(&begin.plus(PERIOD)));
        assert_eq!(*gross, later.values().sum::<Balance>(), "{event:?} for {later:?}");
        for (epoch, amount) in later {
            *self.released.entry((*slot, epoch)).or_default() += amount;
        }
        assert_eq!((*burned, burned + paid), (gross * 15 / 100, *gross), "{event:?}");
        let account = self.jobs.get_mut(&slot.job).expect("what is paid was asked for");
        account.ledger.burned += burned;
        account.ledger.paid += paid;
        if *paid > 0 && *payee != account.owner {
            let (source, dest) = (account.owner.clone(), payee.clone());
            let reason = RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Job);
            let moved = pallet_balances::Event::TransferOnHold { reason, source, dest, amount: *paid };
            assert!(events.contains(&RuntimeEvent::Balances(moved)), "{event:?} moved nothing");
        }
    }

    /// What a job did not spend is returned.
    fn close(&mut self, job: JobId, ledger: Ledger) {
        let mut expected = *self.ledger(job);
        expected.returned = expected.deposited - expected.paid - expected.burned;
        assert_eq!(ledger, expected, "the money of {job:?}");
        let owed: Balance = self.services.values().filter(|s| s.slot.job == job).flat_map(|s| s.earned.values()).sum();
        assert_eq!(owed, 0, "{job:?} is closed before all is paid");
    }

    /// That what is held is the slots', and no slot keeps more than all of its epochs and further draws cost.
    pub fn check(&mut self) {
        let reason = RuntimeHoldReason::Jobs(pallet_jobs::HoldReason::Job);
        let holds = pallet_balances::Holds::<Runtime>::iter_values().flatten();
        let held: Balance = holds.filter(|hold| hold.id == reason).map(|hold| hold.amount).sum();
        let stored = Slots::<Runtime>::iter().map(|(job, number, slot)| (SlotRef { job, slot: number }, slot));
        self.slots = stored.collect();
        for (place, slot) in &self.slots {
            let most = slot.cost_from(slot.started.unwrap_or(EpochIndex(0))) + slot.draw_money();
            assert!(slot.held <= most, "{place:?} keeps {} of {most}: {slot:?}", slot.held);
        }
        assert_eq!(
            held,
            self.slots.values().map(|slot| slot.held).sum::<Balance>(),
            "what is held for jobs is not what their slots hold"
        );
        for (index, service) in Services::<Runtime>::iter() {
            let known = self.services.get(&index).expect("what serves was accepted");
            assert_eq!((known.slot, known.first), (service.slot, service.first), "service {index}");
        }
    }

    /// How much each owner may have lost by what `events` tell of jobs.
    pub fn spent(&self, events: &[RuntimeEvent]) -> BTreeMap<AccountId, Balance> {
        let mut spent = BTreeMap::new();
        for event in events {
            let (job, amount) = match event {
                RuntimeEvent::Jobs(Event::Released { slot, gross, .. }) => (slot.job, gross),
                RuntimeEvent::Jobs(Event::CameToNothing { slot, burned, .. }) => (slot.job, burned),
                RuntimeEvent::Draws(DrawEvent::DrawOpened { client: Client::Job(job), burned, .. }) => (*job, burned),
                _ => continue,
            };
            if let Some(job) = pallet_jobs::Jobs::<Runtime>::get(job) {
                *spent.entry(job.owner).or_default() += amount;
            }
        }
        spent
    }
}

/// The block's time in Unix milliseconds.
fn now() -> u64 {
    pallet_timestamp::Now::<Runtime>::get()
}

/// What each of these has in all.
pub fn totals(who: &[AccountId]) -> Vec<Balance> {
    who.iter().map(total).collect()
}

/// Settling takes nothing from anybody but what it says.
pub fn check_totals(who: &[AccountId], before: &[Balance], spent: &BTreeMap<AccountId, Balance>) {
    for ((who, before), after) in who.iter().zip(before).zip(totals(who)) {
        let most = spent.get(who).copied().unwrap_or(0);
        assert!(after + most >= *before, "{who} had {before}, has {after}, and paid {most} at most");
    }
}
