//! What every call, every authorisation and every step of the hook costs at its worst.
//!
//! State is written directly, as large as it can be; only the neighbours are asked to set themselves up.

#[cfg(test)]
mod mock;
mod scene;

use crate::{config::PROBES, slot_account::SlotAccount, *};
use alloc::{boxed::Box, vec};
use frame_benchmarking::v2::*;
use frame_support::{traits::EnsureOrigin, weights::WeightMeter, BoundedVec};
use frame_system::RawOrigin;
use ratio1_primitives::{
    jobs::{market::Opening, Client, NodeProfile, Reputation, MAX_NODES, MAX_SLOTS_PER_NODE, PERIOD, REJECTION_EPOCHS},
    traits::{Draws, JobSlots, Market},
    AccountId, Balance, EpochIndex, JobId, LicenseId, NodeId, PAGE_SIZE,
};
use scene::*;
pub use scene::{candidate, client};

/// What benchmarks need from the neighbours.
pub trait BenchmarkHelper {
    /// Let `epoch` run, and be half over; let the clock be known.
    fn run_epoch(epoch: EpochIndex);
    /// Let `who` be admitted, as an entity of its own; let there be a rate that holds.
    fn requester(who: &AccountId);
    /// Let there be as many oracles as there can be, none of them of a license of a benchmark.
    fn oracles();
    /// Let `license` be a Node Deed linked to `node`, its owner, who is returned, in good standing as an entity of its own
    /// from Romania. Let `node` have declared `profile` twice, long ago; nothing of it is reserved, a bar is over.
    /// Licenses before it exist as well, or are not asked for.
    fn worker(license: LicenseId, node: NodeId, profile: &NodeProfile, reputation: Reputation) -> AccountId;
    /// Finalise `epoch`, the newest so far, by as many oracles as there can be: bytes of 255 for the first `licenses`
    /// licenses, and of `byte` for the first `services` services.
    fn finalise(epoch: EpochIndex, licenses: u32, services: u32, byte: u8);
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn request(n: Linear<1, MAX_NODES>) -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let wanted = Box::new(full_request(u16::try_from(n).unwrap_or(1)));
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), wanted, Balance::MAX);
        assert_eq!(Jobs::<T>::get(JobId(0)).map(|job| u32::from(job.live)), Some(n));
        Ok(())
    }

    #[benchmark]
    fn extend(n: Linear<1, MAX_NODES>) -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, n)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), job, 100, Balance::MAX);
        assert_eq!(Slots::<T>::get(job, 0).map(|slot| slot.ends()), Some(NOW.plus(250)));
        Ok(())
    }

    #[benchmark]
    fn add_nodes(n: Linear<1, { MAX_NODES - 1 }>) -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, 1)?;
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), job, u16::try_from(n).unwrap_or(1), 100, Balance::MAX);
        assert_eq!(Jobs::<T>::get(job).map(|job| u32::from(job.live)), Some(n + 1));
        Ok(())
    }

    /// All slots are offered, and half of the fee goes to another account for each; none holds anything after it, so
    /// that the job closes as well.
    #[benchmark]
    fn cancel(n: Linear<1, MAX_NODES>) -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = job::<T>(&owner, 1, true);
        for i in 0..n {
            let (license, _) = worker::<T>(i);
            offered::<T>(job, license, true)?;
        }
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), job);
        assert_eq!(Jobs::<T>::get(job).map(|job| job.state), Some(JobState::Closed(Closing::Cancelled)));
        Ok(())
    }

    /// As many services as a slot can have were in the epoch, and the last of them still runs.
    #[benchmark]
    fn reject() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, 1)?;
        let mut services = vec![];
        for i in 1..MAX_OPEN_SERVICES {
            let (license, payee) = worker::<T>(i);
            let index = i.saturating_mul(PAGE_SIZE);
            let mut gone = service(first(job), license, payee);
            gone.left = Some(ServiceEnd { at: 2, last: NOW.minus(4) });
            Services::<T>::insert(index, gone);
            services.push(index);
        }
        services.push(0);
        Slots::<T>::mutate(job, 0, |slot| {
            if let Some(slot) = slot {
                slot.services = BoundedVec::truncate_from(services);
                slot.terms = BoundedVec::truncate_from(vec![Term { until: NOW.plus(150), price: PRICE }]);
            }
        });
        T::BenchmarkHelper::finalise(NOW.minus(4), PAGE_SIZE, MAX_OPEN_SERVICES * PAGE_SIZE, 2);
        #[extrinsic_call]
        _(RawOrigin::Signed(owner), first(job), NOW.minus(4));
        assert!(Services::<T>::get(0).is_some_and(|service| service.left.is_some()));
        Ok(())
    }

    #[benchmark]
    fn accept() -> Result<(), BenchmarkError> {
        let (id, signature) = acceptance::<T>()?;
        #[extrinsic_call]
        _(RawOrigin::Authorized, id, signature);
        assert!(Services::<T>::contains_key(PAGE_SIZE));
        Ok(())
    }

    #[benchmark]
    fn authorize_accept() -> Result<(), BenchmarkError> {
        let (slot, signature) = acceptance::<T>()?;
        let call = Call::<T>::accept { slot, signature };
        #[block]
        {
            authorise(&call)?;
        }
        Ok(())
    }

    #[benchmark]
    fn resign() -> Result<(), BenchmarkError> {
        let (id, signature) = resignation::<T>()?;
        #[extrinsic_call]
        _(RawOrigin::Authorized, id, signature);
        assert!(Services::<T>::get(PAGE_SIZE).is_some_and(|service| service.leaving));
        Ok(())
    }

    #[benchmark]
    fn authorize_resign() -> Result<(), BenchmarkError> {
        let (slot, signature) = resignation::<T>()?;
        let call = Call::<T>::resign { slot, signature };
        #[block]
        {
            authorise(&call)?;
        }
        Ok(())
    }

    #[benchmark]
    fn set_parameters() -> Result<(), BenchmarkError> {
        let parameters = Parameters { probes: 512, ..Default::default() };
        let origin = T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, parameters);
        assert_eq!(Settings::<T>::get(), parameters);
        Ok(())
    }

    #[benchmark]
    fn poll() {
        scene::<T>();
        let mut meter = WeightMeter::new();
        #[block]
        {
            Pallet::<T>::poll(&mut meter);
        }
        assert_eq!(Polled::<T>::get(), POLLED + 1);
    }

    /// The last of the draw's slots, to a license found by it.
    #[benchmark]
    fn offer() -> Result<(), BenchmarkError> {
        let (_, client, slot) = client::<T>(0, 0, LICENSES)?;
        let license = license(0);
        candidate::<T>(license, Reputation(Reputation::MOST))?;
        let need = full_request(1).need();
        #[block]
        {
            <Pallet<T> as Market>::offer(client, slot, drawn(license, 0), &need)?;
        }
        let Client::Job(job) = client;
        assert!(Slots::<T>::get(job, slot).is_some_and(|slot| matches!(slot.state, SlotState::Offered { .. })));
        Ok(())
    }

    /// The only slot of a job never served: the job closes with it, and so does the draw.
    #[benchmark]
    fn give_up() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = job::<T>(&owner, 1, false);
        let (client, slots) = (Client::Job(job), BoundedVec::truncate_from(vec![0]));
        let until = POLLED.saturating_sub(1);
        let opening = Opening { client, entity: entity::<T>(job), slots, included: 0, until, burned: 0 };
        let draw = T::Draws::open(opening)?;
        slot::<T>(job, SlotState::Drawing { draw }, false)?;
        let mut meter = WeightMeter::new();
        #[block]
        {
            T::Draws::step(POLLED, PROBES.0, &mut meter);
        }
        assert_eq!(Jobs::<T>::get(job).map(|job| job.state), Some(JobState::Closed(Closing::Unserved)));
        Ok(())
    }

    #[benchmark]
    fn lapse_offer() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let (license, _) = worker::<T>(0);
        let job = job::<T>(&owner, 1, true);
        let id = offered::<T>(job, license, true)?;
        let until = POLLED.saturating_add(5);
        Polled::<T>::put(until.saturating_add(1));
        DeadlinesDone::<T>::put(until.saturating_sub(1));
        let mut meter = WeightMeter::new();
        #[block]
        {
            Pallet::<T>::lapse_offers(&mut meter);
        }
        assert!(Slots::<T>::get(id.job, 0).is_some_and(|slot| matches!(slot.state, SlotState::Drawing { .. })));
        Ok(())
    }

    /// A service that resigned ends, and its slot is drawn again.
    #[benchmark]
    fn agenda_entry() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, 1)?;
        Services::<T>::mutate(0, |service| {
            if let Some(service) = service {
                Agenda::<T>::remove(service.ends, 0);
                (service.ends, service.leaving) = (NOW, true);
            }
        });
        Agenda::<T>::insert(NOW, 0, ());
        let mut meter = WeightMeter::new();
        #[block]
        {
            Pallet::<T>::step_agenda(&mut meter);
        }
        assert!(Slots::<T>::get(job, 0).is_some_and(|slot| matches!(slot.state, SlotState::Drawing { .. })));
        Ok(())
    }

    #[benchmark]
    fn settle_chunk(n: Linear<1, SETTLE_CHUNK>) -> Result<(), BenchmarkError> {
        let begin = settling::<T>(n, ClosedEpochs::Finalised(NOW.minus(1)))?;
        let before = settled_bits::<T>(begin);
        let mut meter = WeightMeter::new();
        #[block]
        {
            Pallet::<T>::step_settlement(&mut meter);
        }
        assert_eq!(Settled::<T>::get().head, 1);
        for index in begin..begin + n {
            assert_eq!(settled_bits::<T>(index), before + 1);
        }
        Ok(())
    }

    #[benchmark]
    fn postpone_chunk(n: Linear<1, SETTLE_CHUNK>) -> Result<(), BenchmarkError> {
        let lapsed = ClosedEpochs::Lapsed { first: NOW.minus(2), last: NOW.minus(1) };
        let begin = settling::<T>(n, lapsed)?;
        let mut meter = WeightMeter::new();
        #[block]
        {
            Pallet::<T>::step_settlement(&mut meter);
        }
        assert_eq!(Settled::<T>::get().head, 1);
        for index in begin..begin + n {
            assert!(Services::<T>::get(index).is_some_and(|service| service.ends > NOW.plus(150)));
        }
        Ok(())
    }

    #[benchmark]
    fn fail() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, 1)?;
        #[block]
        {
            Pallet::<T>::fail(0, Leaving::Failed, NOW)?;
        }
        assert!(Slots::<T>::get(job, 0).is_some_and(|slot| matches!(slot.state, SlotState::Drawing { .. })));
        Ok(())
    }

    /// As many outcomes as there can be have waited for it, each of a license with as many blames as can be kept.
    #[benchmark]
    fn learn() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, 1)?;
        let id = first(job);
        for n in 1..=MAX_SUSPECTS {
            worker::<T>(n);
            blamed::<T>(n);
        }
        let (service, threshold) = (Services::<T>::get(0).ok_or("a service")?, Some(250));
        #[block]
        {
            let lesson = Pallet::<T>::lesson(&service, NOW.minus(1), 255, threshold);
            let (slot, guilty) = lesson.ok_or("something new")?;
            Pallet::<T>::learn(id, slot, guilty)?;
        }
        assert!(Slots::<T>::get(job, 0).is_some_and(|slot| slot.trial.fit && slot.trial.suspects.is_empty()));
        Ok(())
    }

    /// The last period of the last service of the last slot: the job closes with it.
    #[benchmark]
    fn release() -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let job = served::<T>(&owner, 1)?;
        let mut account = SlotAccount::<T>::load(first(job)).map_err(|_| "a slot")?;
        account.set_state(SlotState::Ended(SlotEnd::Completed));
        account.store();
        Services::<T>::mutate(0, |service| {
            let Some(service) = service else { return };
            // A whole period, that also moves its license's reputation.
            let last = NOW.minus(REJECTION_EPOCHS + 1);
            (service.first, service.left) = (last.minus(PERIOD - 1), Some(ServiceEnd { at: u64::MAX, last }));
            if let Some(period) = service.periods.iter_mut().next() {
                period.settled = (1 << PERIOD) - 1;
            }
        });
        #[block]
        {
            Pallet::<T>::release_due(0)?;
        }
        assert_eq!(Jobs::<T>::get(job).map(|job| job.state), Some(JobState::Closed(Closing::Served)));
        Ok(())
    }

    #[benchmark]
    fn enqueue() {
        scene::<T>();
        #[block]
        {
            Pallet::<T>::on_lapsed(NOW.minus(2), NOW.minus(1));
        }
        assert_eq!(Settled::<T>::get().tail, 1);
    }

    /// All slots run, each of another job.
    #[benchmark]
    fn evict(n: Linear<1, MAX_SLOTS_PER_NODE>) -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let (license, payee) = worker::<T>(0);
        for i in 0..n {
            let job = job::<T>(&owner, 1, true);
            running::<T>(job, license, payee.clone(), i.saturating_mul(PAGE_SIZE))?;
        }
        #[block]
        {
            <Pallet<T> as JobSlots>::evict(license);
        }
        assert_eq!(<Pallet<T> as JobSlots>::slots(license), 0);
        Ok(())
    }

    /// All slots run, each of another job that was served well.
    #[benchmark]
    fn absent(n: Linear<1, MAX_SLOTS_PER_NODE>) -> Result<(), BenchmarkError> {
        let owner = scene::<T>();
        let (license, payee) = worker::<T>(0);
        blamed::<T>(0);
        for i in 0..n {
            let job = job::<T>(&owner, 1, true);
            let id = running::<T>(job, license, payee.clone(), i.saturating_mul(PAGE_SIZE))?;
            Slots::<T>::mutate(id.job, id.slot, |slot| {
                if let Some(slot) = slot {
                    slot.trial.fit = true;
                }
            });
        }
        #[block]
        {
            <Pallet<T> as JobSlots>::absent(license);
        }
        assert_eq!(<Pallet<T> as JobSlots>::slots(license), 0);
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, super::mock::ext(), crate::mock::Test);
}
