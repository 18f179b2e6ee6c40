//! The state that the benchmarks begin with.

use super::BenchmarkHelper;
use crate::{slot_account::SlotAccount, *};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::{account, BenchmarkError};
use frame_support::{
    pallet_prelude::TransactionSource,
    traits::{fungible::Mutate, Authorize, ConstU32},
    BoundedVec,
};
use frame_system::pallet_prelude::BlockNumberFor;
use ratio1_primitives::{
    economics::R1,
    jobs::{
        node::MAX_TAGS,
        region::Region,
        request::{MAX_PATH, MAX_SELECTED, MAX_SPEC_BYTES},
        Capacity, Cid, Client, Drawn, Gpu, HealthCheck, JobRequest, NodeProfile, Outcome, Reputation, Restart,
        Selectors, SlotRef, Tag, Tier, MAX_SERVICES, PERIOD,
    },
    keys::{accept_payload, resign_payload, NodeKey},
    kyc::{Country, EntityId},
    traits::{KycInspect, NodeRegistry},
    AccountId, Balance, EpochIndex, Hash, JobId, LicenseId, NodeId, NodeSignature, PAGE_SIZE,
};
use sp_runtime::RuntimeAppPublic;

/// The running epoch.
pub(super) const NOW: EpochIndex = EpochIndex(1_000);
/// The block.
pub(super) const BLOCK: u32 = 1_000;
/// Blocks polled.
pub(super) const POLLED: u32 = 900;
/// What a slot costs per epoch.
pub(super) const PRICE: Balance = R1;
/// Licenses of a draw: all positions of its permutation are licenses, on 64 pages.
pub(super) const LICENSES: u32 = 1 << 16;

/// A tag of full length.
pub(super) fn tag(n: u8) -> Tag {
    BoundedVec::truncate_from([&[b'x'; 31][..], &[b'a'.saturating_add(n)]].concat())
}

pub(super) fn tags(first: u8) -> BoundedVec<Tag, ConstU32<MAX_TAGS>> {
    BoundedVec::truncate_from((first..).take(MAX_TAGS as usize).map(tag).collect())
}

/// A node that has more than anybody asks for.
pub(super) fn profile() -> NodeProfile {
    NodeProfile { capacity: Capacity::MOST, gpu: Some(Gpu::Ultra), tags: tags(0) }
}

pub(super) fn countries(second: u8) -> Vec<Country> {
    (b'A'..).take(MAX_SELECTED as usize).map(|first| Country([first, second])).collect()
}

/// A request with every list full, that the nodes of benchmarks serve.
pub(super) fn full_request(nodes: u16) -> JobRequest {
    let mut wanted = countries(b'A');
    // The last that is looked at.
    if let Some(last) = wanted.last_mut() {
        *last = Country(*b"RO");
    }
    let excluded = (0..MAX_SELECTED).map(|i| LicenseId(u32::MAX.saturating_sub(i))).collect();
    let regions = [Region::Africa, Region::Asia, Region::NorthAmerica, Region::SouthAmerica, Region::Europe];
    let selectors = Selectors {
        countries: BoundedVec::truncate_from(wanted),
        not_countries: BoundedVec::truncate_from(countries(b'B')),
        regions: BoundedVec::truncate_from(regions.to_vec()),
        companies_only: false,
        tags: tags(0),
        not_tags: tags(12),
        include: Default::default(),
        exclude: BoundedVec::truncate_from(excluded),
    };
    let path = [&b"/"[..], &[b'p'; MAX_PATH as usize - 1]].concat();
    JobRequest {
        tier: Tier::Micro,
        gpu: Some(Gpu::Entry),
        nodes,
        epochs: 100,
        spec: Cid::new(true, [7; 32]),
        spec_bytes: MAX_SPEC_BYTES,
        selectors,
        restart: Restart::Always,
        same_entity: false,
        health: Some(HealthCheck { port: 80, path: BoundedVec::truncate_from(path) }),
    }
}

/// A node's key that is no key: it signs nothing.
pub(super) fn keyless(license: LicenseId) -> NodeId {
    NodeId([&license.0.to_le_bytes()[..], &[9; 28]].concat().try_into().unwrap_or_default())
}

/// As many outcomes as can wait for somebody to serve a slot well, of licenses on pages of their own.
pub(super) fn trial() -> Trial {
    let suspect = |n: u32| Suspect { license: license(n), outcome: Outcome::Failed, epoch: NOW.minus(n) };
    Trial { suspects: BoundedVec::truncate_from((1..=MAX_SUSPECTS).map(suspect).collect()), ..Default::default() }
}

/// The block, the epoch, and who asks for jobs, with money.
pub(super) fn scene<T: Config>() -> AccountId {
    T::BenchmarkHelper::run_epoch(NOW);
    T::BenchmarkHelper::oracles();
    frame_system::Pallet::<T>::set_block_number(BlockNumberFor::<T>::from(BLOCK));
    Polled::<T>::put(POLLED);
    DeadlinesDone::<T>::put(POLLED.saturating_sub(1));
    AgendaEpoch::<T>::put(NOW);
    Indices::<T>::put(MAX_SERVICES.saturating_sub(PAGE_SIZE));
    Settled::<T>::put(Cursor::default());
    let owner: AccountId = account("requester", 0, 0);
    T::BenchmarkHelper::requester(&owner);
    T::Currency::set_balance(&owner, R1.saturating_mul(10_000_000));
    owner
}

/// The `n`-th license, on a page of its own.
pub(super) fn license(n: u32) -> LicenseId {
    LicenseId(n.saturating_add(1).saturating_mul(PAGE_SIZE).saturating_sub(1))
}

/// A job of `owner` without slots, that was or was not served.
pub(super) fn job<T: Config>(owner: &AccountId, nodes: u16, served: bool) -> JobId {
    let id = JobId(NextJob::<T>::mutate(|next| core::mem::replace(next, next.saturating_add(1))));
    let entity = T::Kyc::admits(owner).map(|attestation| attestation.entity).unwrap_or_default();
    let state = if served { JobState::Running } else { JobState::Requested };
    let job = Job {
        owner: owner.clone(),
        entity,
        state,
        requested: 1,
        cancelled: None,
        slots: 0,
        live: 0,
        running: 0,
        open: 0,
        served,
        ledger: Ledger::default(),
    };
    JobsOf::<T>::insert(owner, id.0.to_be_bytes(), ());
    Requests::<T>::insert(id, full_request(nodes));
    Jobs::<T>::insert(id, job);
    id
}

/// Terms of which one more can be added; the first ends with the running epoch, all of another price.
pub(super) fn terms(started: bool) -> BoundedVec<Term, ConstU32<MAX_TERMS>> {
    let begin = if started { NOW } else { EpochIndex(0) };
    let term = |n: u32| Term { until: begin.plus(n.saturating_mul(10)), price: PRICE.saturating_add(n.into()) };
    BoundedVec::truncate_from((1..MAX_TERMS).map(term).collect())
}

/// As many licenses as can have had a slot that is not ended for it, none of them of a benchmark.
pub(super) fn tried() -> BoundedVec<Tried, ConstU32<MAX_TRIED>> {
    let tried = |n: u32| Tried { license: LicenseId(u32::MAX.saturating_sub(n)), why: Setback::Failed };
    BoundedVec::truncate_from((1..MAX_TRIED).map(tried).collect())
}

/// One more slot of a job, in `state`, with the money for all its epochs and as much again for what was earned.
pub(super) fn slot<T: Config>(job: JobId, state: SlotState, started: bool) -> Result<SlotRef, BenchmarkError> {
    let record = Jobs::<T>::get(job).ok_or("a job")?;
    let id = SlotRef { job, slot: record.slots };
    let slot = Slot {
        state,
        held: 0,
        started: started.then(|| NOW.minus(PERIOD)),
        terms: terms(started),
        services: Default::default(),
        drawn: None,
        draws: SPARE_DRAWS.saturating_sub(1),
        draw_fee: PRICE,
        tried: tried(),
        trial: trial(),
    };
    let cost = slot.cost_from(EpochIndex(if started { NOW.0 } else { 0 }));
    let draws = slot.draw_money();
    let mut account = SlotAccount::<T>::new(id, record, slot);
    account.hold(cost.saturating_mul(if started { 2 } else { 1 }).saturating_add(draws))?;
    let running = u16::from(matches!(state, SlotState::Running { .. }));
    account.job.running = account.job.running.saturating_add(running);
    account.store();
    Ok(id)
}

pub(super) fn drawn(license: LicenseId, draw: u64) -> Drawn {
    let (opened, bytes_of) = (BLOCK.saturating_sub(10), NOW.minus(1));
    let (seed, licenses, included) = (Hash::zero(), LICENSES, false);
    Drawn { draw, opened, seed, licenses, included, bytes_of, pass: 0, position: 0, license }
}

/// Let a license serve, or be offered, one more slot.
pub(super) fn assign<T: Config>(license: LicenseId, id: SlotRef) -> Result<(), BenchmarkError> {
    T::NodeRegistry::reserve(license, &full_request(1).need())?;
    Assigned::<T>::insert(license, id, ());
    Slots::<T>::mutate(id.job, id.slot, |slot| {
        if let Some(slot) = slot {
            slot.drawn = Some(drawn(license, 0));
        }
    });
    Ok(())
}

/// A slot of `job` offered to `license`.
pub(super) fn offered<T: Config>(job: JobId, license: LicenseId, started: bool) -> Result<SlotRef, BenchmarkError> {
    let (at, until) = (BLOCK.saturating_sub(1), POLLED.saturating_add(5));
    let id = slot::<T>(job, SlotState::Offered { license, at, until }, started)?;
    Deadlines::<T>::insert(until, id, ());
    assign::<T>(license, id)?;
    Ok(id)
}

/// A service of `license`: the running epoch is the last of its first period, and all of that but the last three epochs
/// is settled.
pub(super) fn service(id: SlotRef, license: LicenseId, payee: AccountId) -> Service<AccountId> {
    let period = Period { index: 0, accrued: PRICE, settled: ((1 << PERIOD) - 1) >> 3, rejected: 0 };
    let recent = (3..8).rev().map(|back| (NOW.minus(back), 255)).collect();
    Service {
        slot: id,
        license,
        payee,
        block: 1,
        accepted: 1,
        expected: 2,
        first: NOW.minus(PERIOD - 1),
        ends: NOW.plus(150),
        leaving: false,
        left: None,
        counts: true,
        recent: BoundedVec::truncate_from(recent),
        periods: BoundedVec::truncate_from(vec![period]),
        released: 0,
    }
}

/// Let the `n`-th license have as many outcomes as are remembered, for other requesters long ago.
pub(super) fn blamed<T: Config>(n: u32) {
    let blame = |i: u32| Blame { entity: [7; 32], outcome: Outcome::Missed, epoch: NOW.minus(i.saturating_add(100)) };
    Blamed::<T>::insert(license(n), Blames::truncate_from((0..MAX_BLAMES).map(blame).collect()));
}

/// A slot of `job` that `license`, whose owner is `payee`, serves as service `index`.
pub(super) fn running<T: Config>(
    job: JobId,
    license: LicenseId,
    payee: AccountId,
    index: u32,
) -> Result<SlotRef, BenchmarkError> {
    let id = slot::<T>(job, SlotState::Running { index }, true)?;
    let service = service(id, license, payee);
    Agenda::<T>::insert(service.ends, index, ());
    Services::<T>::insert(index, service);
    Slots::<T>::mutate(id.job, id.slot, |slot| {
        if let Some(slot) = slot {
            slot.services = BoundedVec::truncate_from(vec![index]);
        }
    });
    assign::<T>(license, id)?;
    Ok(id)
}

/// The `n`-th node, that cannot sign.
pub(super) fn worker<T: Config>(n: u32) -> (LicenseId, AccountId) {
    let license = license(n);
    (license, T::BenchmarkHelper::worker(license, keyless(license), &profile(), Reputation::default()))
}

/// A job whose `n` slots run, each on a license and in a service page of its own.
pub(super) fn served<T: Config>(owner: &AccountId, n: u32) -> Result<JobId, BenchmarkError> {
    let job = job::<T>(owner, 1, true);
    for i in 0..n {
        let (license, payee) = worker::<T>(i);
        running::<T>(job, license, payee, i.saturating_mul(PAGE_SIZE))?;
    }
    Ok(job)
}

/// The first slot of a job.
pub(super) fn first(job: JobId) -> SlotRef {
    SlotRef { job, slot: 0 }
}

/// A node that can sign, offered the only slot of a job that was never served.
pub(super) fn acceptance<T: Config>() -> Result<(SlotRef, NodeSignature), BenchmarkError> {
    let owner = scene::<T>();
    let key = NodeKey::generate_pair(None);
    let license = license(0);
    T::BenchmarkHelper::worker(license, NodeId::from(key.clone()), &profile(), Reputation::default());
    let job = job::<T>(&owner, 1, false);
    let id = offered::<T>(job, license, false)?;
    // An index used before is dearer to find than a new one.
    Spare::<T>::insert(0, PAGE_SIZE);
    SpareCount::<T>::put(1);
    let payload = accept_payload(ratio1_pallet_support::genesis_hash::<T>(), license, id, BLOCK.saturating_sub(1));
    let signature = key.sign(&payload).ok_or("the keystore holds the node's key")?;
    Ok((id, signature.into()))
}

/// A node that can sign, serving the only slot of a job.
pub(super) fn resignation<T: Config>() -> Result<(SlotRef, NodeSignature), BenchmarkError> {
    let owner = scene::<T>();
    let key = NodeKey::generate_pair(None);
    let (license, index) = (license(0), PAGE_SIZE);
    let payee = T::BenchmarkHelper::worker(license, NodeId::from(key.clone()), &profile(), Reputation::default());
    let job = job::<T>(&owner, 1, true);
    let id = running::<T>(job, license, payee, index)?;
    let payload = resign_payload(ratio1_pallet_support::genesis_hash::<T>(), license, id, index, 1);
    let signature = key.sign(&payload).ok_or("the keystore holds the node's key")?;
    Ok((id, signature.into()))
}

pub(super) fn authorise<T: Config>(call: &Call<T>) -> Result<(), BenchmarkError> {
    call.authorize(TransactionSource::External).ok_or("a node's call is authorised")?.map_err(|_| "refused")?;
    Ok(())
}

/// On whose behalf a job was asked for.
pub(super) fn entity<T: Config>(job: JobId) -> EntityId {
    Jobs::<T>::get(job).map(|job| job.entity).unwrap_or_default()
}

/// What a draw needs for benchmarks: a job whose request has every list full and whose last slot waits for `draw`; its
/// `others` other slots are served, by licenses beyond the first `licenses`. The epoch before the running one is finalised
/// for those. On whose behalf, the client, and the slot that waits.
pub fn client<T: Config>(draw: u64, others: u32, licenses: u32) -> Result<(EntityId, Client, u16), BenchmarkError> {
    let owner = scene::<T>();
    T::BenchmarkHelper::finalise(NOW.minus(1), licenses, 0, 255);
    let job = job::<T>(&owner, 1, others > 0);
    for i in 0..others {
        let (license, payee) = worker::<T>(i.saturating_add(licenses / PAGE_SIZE));
        running::<T>(job, license, payee, i.saturating_mul(PAGE_SIZE))?;
    }
    let id = slot::<T>(job, SlotState::Drawing { draw }, false)?;
    Ok((entity::<T>(job), Client::Job(job), id.slot))
}

/// Let `license` be one that could serve that job, with this reputation. It has a slot of another.
pub fn candidate<T: Config>(license: LicenseId, reputation: Reputation) -> Result<(), BenchmarkError> {
    T::BenchmarkHelper::worker(license, keyless(license), &profile(), reputation);
    Ok(T::NodeRegistry::reserve(license, &Capacity { cpu_milli: 1, ..Default::default() })?)
}

/// Services 0..`n` of running slots of as many jobs, all but one period settled, around the end of a page of indices;
/// and a closed epoch in the queue.
pub(super) fn settling<T: Config>(n: u32, closed: ClosedEpochs) -> Result<u32, BenchmarkError> {
    let owner = scene::<T>();
    let begin = PAGE_SIZE.saturating_sub(n / 2);
    for i in 0..n {
        let (license, payee) = worker::<T>(i);
        let job = job::<T>(&owner, 1, true);
        running::<T>(job, license, payee, begin.saturating_add(i))?;
    }
    Indices::<T>::put(begin.saturating_add(n));
    T::BenchmarkHelper::finalise(NOW.minus(2), PAGE_SIZE, begin.saturating_add(n), 255);
    T::BenchmarkHelper::finalise(NOW.minus(1), PAGE_SIZE, begin.saturating_add(n), 255);
    Queue::<T>::insert(0, closed);
    Settled::<T>::put(Cursor { head: 0, tail: 1, index: begin });
    Ok(begin)
}

pub(super) fn settled_bits<T: Config>(index: u32) -> u32 {
    let periods = Services::<T>::get(index).map(|service| service.periods).unwrap_or_default();
    periods.iter().fold(0, |sum: u32, period| sum.saturating_add(period.settled.count_ones()))
}
