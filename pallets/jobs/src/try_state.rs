//! What must hold after every block.
//!
//! One pass over the slots counts what jobs, owners, licenses and services are then compared with.

use crate::{
    blame::{Blame, Trial},
    pallet::*,
    types::*,
};
use alloc::{
    collections::{btree_map::BTreeMap, btree_set::BTreeSet},
    vec::Vec,
};
use frame_support::{ensure, traits::fungible::InspectHold};
use ratio1_primitives::{
    jobs::{Client, SlotRef, MAX_SERVICES, MAX_SLOTS_PER_NODE, PERIOD, REJECTION_EPOCHS},
    pages,
    traits::{Draws, LicenseInspect, OracleInspect},
    width::as_usize,
    AccountId, Balance, EpochIndex, JobId, LicenseClass, LicenseId,
};
use sp_runtime::TryRuntimeError;

type Check = Result<(), TryRuntimeError>;

/// What the slots of one job add up to.
#[derive(Default)]
struct Sums {
    held: Balance,
    live: u16,
    running: u16,
    open: u16,
}

/// What all slots add up to.
#[derive(Default)]
struct Seen {
    jobs: BTreeMap<JobId, Sums>,
    /// Slots each license is offered or serves.
    assigned: BTreeMap<LicenseId, Vec<SlotRef>>,
    offers: usize,
    services: usize,
}

impl<T: Config> Pallet<T> {
    /// All invariants of this pallet.
    pub fn do_try_state() -> Check {
        ensure!(Settings::<T>::get().validate().is_ok(), "parameters are out of bounds");
        let mut seen = Seen::default();
        for (job, number, slot) in Slots::<T>::iter() {
            Self::check_slot(SlotRef { job, slot: number }, slot, &mut seen)?;
        }
        Self::check_jobs(&mut seen)?;
        Self::check_assigned(&seen)?;
        Self::check_deadlines(&seen)?;
        Self::check_services(&seen)?;
        Self::check_agenda()?;
        Self::check_indices()?;
        Self::check_blames()?;
        Self::check_queue()
    }

    fn check_slot(id: SlotRef, slot: Slot, seen: &mut Seen) -> Check {
        let ends: Vec<EpochIndex> = slot.terms.iter().map(|term| term.until).collect();
        ensure!(!ends.is_empty(), "a slot without epochs");
        ensure!(ends.windows(2).all(|pair| pair.first() < pair.last()), "a slot's terms are out of order");
        let sums = seen.jobs.entry(id.job).or_default();
        sums.held = sums.held.saturating_add(slot.held);
        sums.open = sums.open.saturating_add(1);
        sums.live = sums.live.saturating_add(u16::from(!matches!(slot.state, SlotState::Ended(_))));
        sums.running = sums.running.saturating_add(u16::from(matches!(slot.state, SlotState::Running { .. })));
        let services = Self::services_of(id, &slot)?;
        seen.services = seen.services.saturating_add(services.len());
        Self::check_slot_state(id, &slot, &services, seen)?;
        Self::check_trial(&slot.trial)?;
        Self::check_slot_money(&slot, &services)
    }

    /// The services of a slot, each once, and all but the last one gone.
    fn services_of(id: SlotRef, slot: &Slot) -> Result<Vec<Service<AccountId>>, TryRuntimeError> {
        let unique: BTreeSet<u32> = slot.services.iter().copied().collect();
        ensure!(unique.len() == slot.services.len(), "a service counted twice in its slot");
        let mut services: Vec<Service<AccountId>> = Vec::new();
        for index in &slot.services {
            let service = Services::<T>::get(index).ok_or("a slot's service does not exist")?;
            ensure!(service.slot == id, "a slot's service is another's");
            let after = services.last().is_none_or(|before| before.left.is_some_and(|l| l.last <= service.first));
            ensure!(after, "a service began before the one before it had ended");
            services.push(service);
        }
        ensure!(services.is_empty() || slot.started.is_some(), "a slot that never started has a service");
        Ok(services)
    }

    fn check_slot_state(id: SlotRef, slot: &Slot, services: &[Service<AccountId>], seen: &mut Seen) -> Check {
        let last = services.last();
        let served = last.is_some_and(|service| service.left.is_none());
        ensure!(served == matches!(slot.state, SlotState::Running { .. }), "a service that runs on no running slot");
        match slot.state {
            SlotState::Drawing { draw } => {
                let entity = Jobs::<T>::get(id.job).ok_or("a slot of no job")?.entity;
                let listed = T::Draws::looks_for(entity, draw, Client::Job(id.job), id.slot);
                ensure!(listed, "a slot that no draw looks for");
            }
            SlotState::Offered { license, at, until } => {
                ensure!(slot.drawn.is_some_and(|drawn| drawn.license == license), "an offer without a draw");
                ensure!(at <= Self::block(), "an offer of the future");
                ensure!(Deadlines::<T>::contains_key(until, id), "an offer that never lapses");
                seen.offers = seen.offers.saturating_add(1);
                seen.assigned.entry(license).or_default().push(id);
            }
            SlotState::Running { index } => {
                ensure!(slot.services.last() == Some(&index), "a slot is served by another than its last service");
                let service = last.ok_or("a running slot without a service")?;
                ensure!(slot.drawn.is_some_and(|drawn| drawn.license == service.license), "a service without a draw");
                let (ends, slot_ends) = (service.ends, slot.ends());
                ensure!(ends == slot_ends || (service.leaving && ends < slot_ends), "a service ends without its slot");
                seen.assigned.entry(service.license).or_default().push(id);
            }
            SlotState::Ended(_) => {
                ensure!(!services.is_empty(), "a slot that is to be closed");
                ensure!(slot.draws == 0, "a slot that has ended has draws in hand");
            }
        }
        ensure!(slot.draws <= SPARE_DRAWS, "a slot with more draws in hand than it can have");
        let tried: BTreeSet<LicenseId> = slot.tried.iter().map(|tried| tried.license).collect();
        ensure!(tried.len() == slot.tried.len(), "a license is left out of a slot twice");
        Ok(())
    }

    /// A slot holds what its services have earned, what epochs that are not settled may still earn, what the running
    /// epoch and those to come cost, and what its draws do.
    fn check_slot_money(slot: &Slot, services: &[Service<AccountId>]) -> Check {
        if slot.started.is_none() {
            let due = slot.cost_from(EpochIndex(0)).saturating_add(slot.draw_money());
            ensure!(slot.held == due, "a slot never accepted does not hold its price");
            return Ok(());
        }
        let current = Self::current();
        let mut owed = slot.cost_from(current).saturating_add(slot.draw_money());
        for period in services.iter().flat_map(|service| &service.periods) {
            owed = owed.saturating_add(period.accrued);
        }
        // Epochs before this one that no service of the slot is settled for.
        let mut unsettled: BTreeSet<EpochIndex> = BTreeSet::new();
        let mut settled: BTreeSet<EpochIndex> = BTreeSet::new();
        for service in services {
            let first = service.first.plus(service.released.saturating_mul(PERIOD));
            let last = service.last().min(current.minus(1));
            for epoch in (first.0..=last.0).map(EpochIndex).filter(|epoch| *epoch < current) {
                match service.is_settled(epoch) {
                    true => settled.insert(epoch),
                    false => unsettled.insert(epoch),
                };
            }
        }
        for epoch in unsettled.difference(&settled) {
            owed = owed.saturating_add(slot.price(*epoch));
        }
        ensure!(owed <= slot.held, "a slot holds less than it may have to pay");
        Ok(())
    }

    fn check_jobs(seen: &mut Seen) -> Check {
        let mut held: BTreeMap<AccountId, Balance> = BTreeMap::new();
        let mut count = 0u64;
        for (id, job) in Jobs::<T>::iter() {
            ensure!(id.0 < NextJob::<T>::get(), "a job beyond the last number");
            ensure!(JobsOf::<T>::contains_key(&job.owner, id.0.to_be_bytes()), "a job that its owner does not list");
            let sums = seen.jobs.remove(&id).unwrap_or_default();
            Self::check_job(id, &job, &sums)?;
            count = count.saturating_add(1);
            let sum = held.entry(job.owner).or_default();
            *sum = sum.saturating_add(sums.held);
        }
        ensure!(count == NextJob::<T>::get(), "a job is missing");
        ensure!(
            u64::try_from(JobsOf::<T>::iter_keys().count()) == Ok(count),
            "an account lists a job that does not exist"
        );
        ensure!(seen.jobs.is_empty(), "a slot of no job");
        ensure!(Requests::<T>::iter_keys().all(Jobs::<T>::contains_key), "a request of no job");
        for (owner, sum) in held {
            let on_hold = T::Currency::balance_on_hold(&HoldReason::Job.into(), &owner);
            ensure!(on_hold == sum, "what is held of an account is not what its slots hold");
        }
        Ok(())
    }

    fn check_job(id: JobId, job: &Job<AccountId>, sums: &Sums) -> Check {
        let Ledger { deposited, paid, burned, returned } = job.ledger;
        let out = paid.saturating_add(burned).saturating_add(returned);
        ensure!(out.checked_add(sums.held) == Some(deposited), "a job's money does not add up");
        let counted = job.live == sums.live && job.running == sums.running && job.open == sums.open;
        ensure!(counted, "the slots of a job are miscounted");
        ensure!(job.open <= job.slots, "more slots than a job ever had");
        ensure!(job.served || job.running == 0, "a running slot of a job never served");
        ensure!(job.cancelled.is_none() || job.live == job.running, "a cancelled job looks for nodes");
        ensure!(job.requested <= Self::block(), "a job of the future");
        let closed = matches!(job.state, JobState::Closed(_));
        ensure!(Requests::<T>::contains_key(id) != closed, "a request is missing, or outlived its job");
        ensure!(Slots::<T>::iter_key_prefix(id).all(|slot| slot < job.slots), "a slot beyond the last number");
        let expected = match (job.open, job.live, job.served) {
            (0, _, _) if job.cancelled.is_some() => JobState::Closed(Closing::Cancelled),
            (0, _, true) => JobState::Closed(Closing::Served),
            (0, _, false) => JobState::Closed(Closing::Unserved),
            (_, 0, _) => JobState::Settling,
            (_, _, false) => JobState::Requested,
            (_, live, true) if live == job.running => JobState::Running,
            _ => JobState::Degraded,
        };
        ensure!(job.state == expected, "a job's state is not what its slots say");
        Ok(())
    }

    /// Licenses have exactly the slots they are offered or serve, and are such that may serve.
    fn check_assigned(seen: &Seen) -> Check {
        let mut count = 0usize;
        for (license, slots) in &seen.assigned {
            ensure!(slots.len() <= as_usize(MAX_SLOTS_PER_NODE), "a license with more slots than a node can run");
            ensure!(slots.iter().all(|slot| Assigned::<T>::contains_key(license, slot)), "a slot its license misses");
            let jobs: BTreeSet<JobId> = slots.iter().map(|slot| slot.job).collect();
            ensure!(jobs.len() == slots.len(), "a license has two slots of one job");
            let deed = T::Licenses::license(*license).ok_or("a slot of a license that does not exist")?;
            ensure!(deed.class == LicenseClass::Node, "a slot of another deed than a Node Deed");
            ensure!(deed.link.is_some() && !deed.banned, "a slot of a license that is not linked, or banned");
            ensure!(!T::Oracles::is_bound(*license), "a slot of an oracle");
            count = count.saturating_add(slots.len());
        }
        ensure!(Assigned::<T>::iter_keys().count() == count, "a license has a slot that is not its own");
        Ok(())
    }

    fn check_deadlines(seen: &Seen) -> Check {
        let done = DeadlinesDone::<T>::get();
        ensure!(done <= Polled::<T>::get(), "deadlines are dealt with before they are reached");
        ensure!(Deadlines::<T>::iter_keys().all(|(until, _)| until > done), "a deadline was passed over");
        ensure!(Deadlines::<T>::iter_keys().count() == seen.offers, "a deadline of no offer");
        Ok(())
    }

    fn check_services(seen: &Seen) -> Check {
        let mut count = 0usize;
        for (index, service) in Services::<T>::iter() {
            count = count.saturating_add(1);
            ensure!(index < Indices::<T>::get(), "a service beyond the last index");
            Self::check_service(&service)?;
            let due = match service.left {
                None => Some(service.ends),
                // Once its epoch began it is dealt with, or waits for epochs that are not settled.
                Some(left) => Some(left.last.plus(1).plus(REJECTION_EPOCHS)).filter(|due| *due > Self::current()),
            };
            let listed = due.is_none_or(|due| Agenda::<T>::contains_key(due, index));
            ensure!(listed, "a service that is not on the agenda");
        }
        ensure!(count == seen.services, "a service that its slot does not list");
        Ok(())
    }

    fn check_service(service: &Service<AccountId>) -> Check {
        ensure!(service.first <= service.last(), "a service without epochs");
        ensure!(service.left.is_none_or(|left| left.last <= Self::current()), "a service left in the future");
        ensure!(service.accepted <= Self::now(), "a service of the future");
        ensure!(service.accepted <= service.expected, "a service is expected before it is accepted");
        let ordered = |pair: &[(EpochIndex, u8)]| pair.first().map(|byte| byte.0) < pair.last().map(|byte| byte.0);
        ensure!(service.recent.windows(2).all(ordered), "bytes out of order");
        ensure!(service.recent.iter().all(|(epoch, _)| service.is_in(*epoch)), "a byte of an epoch not served");
        let ordered = |pair: &[Period]| pair.first().map(|p| p.index) < pair.last().map(|p| p.index);
        ensure!(service.periods.windows(2).all(ordered), "periods out of order");
        for period in &service.periods {
            ensure!(period.index >= service.released, "a period that is released");
            ensure!(period.rejected & !period.settled == 0, "an epoch rejected that is not settled");
            ensure!(period.settled.checked_shr(PERIOD).unwrap_or(0) == 0, "a period with too many epochs");
            let begin = service.first.plus(period.index.saturating_mul(PERIOD));
            let late = |offset: u32| {
                period.settled.checked_shr(offset).unwrap_or(0) & 1 == 1 && begin.plus(offset) > service.last()
            };
            ensure!(!(0..PERIOD).any(late), "an epoch settled that was not served");
        }
        Ok(())
    }

    /// Nothing is on the agenda but ends and payments of services, each where it belongs.
    fn check_agenda() -> Check {
        let begin = AgendaEpoch::<T>::get();
        ensure!(begin <= Self::current().plus(1), "the agenda of the future is dealt with");
        for (epoch, index) in Agenda::<T>::iter_keys() {
            ensure!(epoch >= begin, "an entry of the agenda was passed over");
            let service = Services::<T>::get(index).ok_or("an entry of the agenda for no service")?;
            let due = service.left.map_or(service.ends, |left| left.last.plus(1).plus(REJECTION_EPOCHS));
            ensure!(epoch == due, "an entry of the agenda for another epoch");
        }
        Ok(())
    }

    /// Every index is used once, or spare.
    fn check_indices() -> Check {
        let (indices, count) = (Indices::<T>::get(), SpareCount::<T>::get());
        ensure!(indices <= MAX_SERVICES, "more indices than a ballot has places for");
        ensure!(Spare::<T>::iter_keys().all(|place| place < count), "a spare index beyond the top");
        let spare: BTreeSet<u32> = Spare::<T>::iter_values().collect();
        ensure!(spare.len() == as_usize(count), "a spare index is missing, or there twice");
        ensure!(spare.iter().all(|index| *index < indices), "a spare index that was never used");
        ensure!(!spare.iter().any(Services::<T>::contains_key), "a spare index that is in use");
        let used = Services::<T>::iter_keys().count().saturating_add(spare.len());
        ensure!(used == as_usize(indices), "an index is lost");
        ensure!(Revisions::<T>::iter_keys().all(|page| page < pages(indices)), "a revision beyond the last page");
        Ok(())
    }

    /// What counted against a license was done by one, and in no epoch to come; the same outcome not twice.
    fn check_blames() -> Check {
        for (license, blames) in Blamed::<T>::iter() {
            ensure!(license.0 < T::Licenses::count(), "a license that does not exist is blamed");
            ensure!(!blames.is_empty(), "a license is blamed for nothing");
            ensure!(blames.iter().all(|blame| blame.epoch <= Self::current()), "a license is blamed for the future");
            let twice = |(n, blame): (usize, &Blame)| blames.iter().take(n).any(|before| before.covers(blame));
            ensure!(!blames.iter().enumerate().any(twice), "a license is blamed for what was covered");
        }
        Ok(())
    }

    /// Only what was done waits to be judged, and nothing does while the slot vouches for outcomes.
    fn check_trial(trial: &Trial) -> Check {
        ensure!(!trial.fit || trial.earned, "a slot was served well, and nothing earned");
        ensure!(!trial.fit || trial.suspects.is_empty(), "an outcome waits for a slot that is known to be fit");
        let now = Self::current();
        ensure!(trial.suspects.iter().all(|suspect| suspect.epoch <= now), "an outcome of the future waits");
        ensure!(trial.paid.0 <= now, "an epoch of the future is paid");
        Ok(())
    }

    fn check_queue() -> Check {
        let Cursor { head, tail, index } = Settled::<T>::get();
        ensure!(head <= tail, "more epochs are settled than were closed");
        let mut queued: Vec<u64> = Queue::<T>::iter_keys().collect();
        queued.sort_unstable();
        ensure!(queued.into_iter().eq(head..tail), "a closed epoch is missing, or settled and there");
        ensure!(index <= Indices::<T>::get(), "settling is beyond the last service");
        for closed in Queue::<T>::iter_values() {
            let (first, last) = match closed {
                ClosedEpochs::Finalised(epoch) => (epoch, epoch),
                ClosedEpochs::Lapsed { first, last } => (first, last),
            };
            ensure!(first <= last && last < Self::current(), "an epoch is closed before it has ended");
        }
        Ok(())
    }
}
