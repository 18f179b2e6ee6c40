//! Generators for jobs: who asks for them, and the nodes that declare, accept and resign.

use super::gen::Gen;
use crate::common::Step;
use pallet_jobs::{Job, Parameters, Service, SlotState};
use rand::Rng;
use ratio1_primitives::{
    api::NodeCall,
    jobs::{Capacity, Cid, Gpu, HealthCheck, JobRequest, NodeProfile, Restart, Selectors, SlotRef, Tag, Tier},
    keys::{accept_payload, pair::NodePair, profile_payload, resign_payload},
    kyc::Country,
    traits::LicenseInspect,
    EpochIndex, JobId, LicenseClass, LicenseId, NodeSignature,
};
use ratio1_runtime::{facts, AccountId, Availability, Balance, Jobs, Kyc, Licenses, Nodes, Runtime, System};
use sp_core::Pair;
use sp_runtime::Percent;

/// Refusals that guard jobs: each must be reached by the short mode.
pub const ERRORS: &[&str] = &[
    "Nodes.NotLinked",
    "Nodes.NotANodeDeed",
    "Nodes.WrongSequence",
    "Nodes.TooSoon",
    "Nodes.CapacityOutOfBounds",
    "Nodes.GpuMismatch",
    "Nodes.BadTags",
    "Nodes.BelowReserved",
    "Nodes.NotAdmitted",
    "Nodes.Unchanged",
    "Nodes.BadSignature",
    "Jobs.UnknownJob",
    "Jobs.UnknownSlot",
    "Jobs.NotOffered",
    "Jobs.BadSignature",
    "Jobs.NotAdmitted",
    "Jobs.NotServed",
    "Jobs.AlreadyLeaving",
    "Jobs.NotOwner",
    "Jobs.NotAttested",
    "Jobs.AttestationExpired",
    "Jobs.AttestationRevoked",
    "Jobs.RateStale",
    "Jobs.NodesOutOfBounds",
    "Jobs.EpochsOutOfBounds",
    "Jobs.BadCid",
    "Jobs.SpecOutOfBounds",
    "Jobs.BadTag",
    "Jobs.BadCountry",
    "Jobs.ContradictorySelectors",
    "Jobs.TooFewIncluded",
    "Jobs.BadHealthCheck",
    "Jobs.PriceAboveMaximum",
    "Jobs.InsufficientFunds",
    "Jobs.TooManyLookedFor",
    "Jobs.JobEnded",
    "Jobs.AlreadyCancelled",
    "Jobs.NotServedYet",
    "Jobs.NothingToReject",
    "Jobs.NotSettled",
    "Jobs.NothingEarned",
    "Jobs.AlreadyRejected",
    "Licenses.HasSlots",
];

/// Words that nodes declare and jobs ask for.
const TAGS: [&[u8]; 3] = [b"fast", b"ssd", b"x86"];

type Call = pallet_jobs::Call<Runtime>;

pub fn draw(g: &mut Gen, call: &str) -> Option<Step> {
    match call {
        "request" if g.chance(0.05) => greedy_request(g),
        "request" => {
            let draw = |g: &mut Gen| Some((g.actor(), request(g), max_price(g)));
            let ids = g.ids();
            let valid = |(who, request, most): &(usize, JobRequest, Balance)| {
                Jobs::can_request(ids[*who].clone(), request.clone(), *most).is_ok()
            };
            let (who, request, max_price) = g.search(draw, valid)?;
            g.signed(who, Call::request { request: Box::new(request), max_price })
        }
        "extend" => {
            let (who, job) = job_of(g, |job| job.live > 0 && job.cancelled.is_none())?;
            let (epochs, max_price) = (epochs(g), max_price(g));
            g.signed(who, Call::extend { job, epochs, max_price })
        }
        "add_nodes" => {
            let (who, job) = job_of(g, |job| job.live > 0 && job.cancelled.is_none() && job.served)?;
            let (nodes, epochs, max_price) = (nodes(g), epochs(g), max_price(g));
            g.signed(who, Call::add_nodes { job, nodes, epochs, max_price })
        }
        "cancel" => {
            let again = g.chance(0.1);
            let (who, job) = job_of(g, |job| job.live > 0 && job.cancelled.is_some() == again)?;
            g.signed(who, Call::cancel { job })
        }
        "reject" => reject(g),
        "accept" => accept(g),
        "resign" => resign(g),
        "set_parameters" => {
            let parameters = parameters(g);
            g.root(Call::set_parameters { parameters })
        }
        _ => unreachable!("jobs.{call} has no generator"),
    }
}

/// For as many nodes as a request may name, by whoever looks for the most already: nobody looks for too many by accident.
fn greedy_request(g: &mut Gen) -> Option<Step> {
    let ids = g.ids();
    let looked_for =
        |who: &usize| Kyc::attestation_of(ids[*who].clone()).map(|record| Jobs::looked_for(record.attestation.entity));
    let who = (0..ids.len()).max_by_key(looked_for)?;
    let draw = |g: &mut Gen| Some(JobRequest { nodes: 64, epochs: g.rng.gen_range(1..4), ..request(g) });
    let fitting = |request: &JobRequest| {
        let refusal = Jobs::can_request(ids[who].clone(), request.clone(), Balance::MAX).err();
        refusal.is_none_or(|refusal| refusal == pallet_jobs::Error::<Runtime>::TooManyLookedFor.into())
    };
    let request = g.search(draw, fitting)?;
    g.signed(who, Call::request { request: Box::new(request), max_price: Balance::MAX })
}

/// How long: mostly so short that the end is seen.
fn epochs(g: &mut Gen) -> u32 {
    match g.rng.gen_range(0..40) {
        0 => 0,
        1 => 1_081,
        2 => g.rng.gen(),
        3..=6 => g.rng.gen_range(20..70),
        _ => g.rng.gen_range(1..7),
    }
}

fn nodes(g: &mut Gen) -> u16 {
    match g.rng.gen_range(0..40) {
        0 => 0,
        1 => 65,
        2 => g.rng.gen(),
        3..=5 => 64,
        _ => g.rng.gen_range(1..4),
    }
}

fn max_price(g: &mut Gen) -> Balance {
    match g.rng.gen_range(0..20) {
        0 => g.rng.gen_range(0..1_000),
        _ => Balance::MAX,
    }
}

/// A list of any bounded kind.
fn list<V, B: TryFrom<Vec<V>> + Default>(entries: Vec<V>) -> B {
    B::try_from(entries).unwrap_or_default()
}

fn tag(word: &[u8]) -> Tag {
    list(word.to_vec())
}

/// What makes sense, but for one thing now and then.
fn request(g: &mut Gen) -> JobRequest {
    let tiers = [Tier::Micro, Tier::Micro, Tier::Lite, Tier::Entry, Tier::Low1, Tier::Ultra2];
    let mut request = JobRequest {
        tier: g.pick(&tiers).unwrap_or(Tier::Micro),
        gpu: if g.chance(0.1) { g.pick(&[Gpu::Entry, Gpu::High]) } else { None },
        nodes: nodes(g),
        epochs: epochs(g),
        spec: Cid::new(g.rng.gen(), g.rng.gen()),
        spec_bytes: g.rng.gen_range(1..10_000),
        selectors: selectors(g),
        restart: g.pick(&[Restart::Always, Restart::OnFailure, Restart::Never]).unwrap_or(Restart::Never),
        same_entity: g.chance(0.6),
        health: g.chance(0.2).then(|| HealthCheck { port: 80, path: list(b"/health".to_vec()) }),
    };
    spoil(g, &mut request);
    request
}

fn spoil(g: &mut Gen, request: &mut JobRequest) {
    let selectors = &mut request.selectors;
    match g.rng.gen_range(0..30) {
        0 => request.spec.0[g.rng.gen_range(0..4)] ^= 1,
        1 => request.spec_bytes = if g.chance(0.5) { 0 } else { u32::MAX },
        2 => selectors.tags = list(vec![tag(b"Fast")]),
        3 => selectors.not_countries = list(vec![Country(*b"de")]),
        4 => selectors.exclude = list(vec![LicenseId(7), LicenseId(7)]),
        5 => selectors.not_tags = list(vec![tag(b"ssd"), tag(b"ssd")]),
        6 => (selectors.include, request.nodes) = (list(vec![LicenseId(6)]), 2),
        7 => request.health = Some(HealthCheck { port: 0, path: list(b"/".to_vec()) }),
        8 => request.health = Some(HealthCheck { port: 80, path: list(b"no slash".to_vec()) }),
        _ => (),
    }
}

/// Mostly none: there are few nodes.
fn selectors(g: &mut Gen) -> Selectors {
    let mut selectors = Selectors::default();
    match g.rng.gen_range(0..20) {
        0 => selectors.tags = list(vec![tag(TAGS[g.rng.gen_range(0..TAGS.len())])]),
        1 => selectors.not_tags = list(vec![tag(b"ssd")]),
        2 => selectors.countries = list(vec![Country(*b"RO"), g.country()]),
        3 => selectors.not_countries = list(vec![Country(*b"FR")]),
        4 => selectors.companies_only = true,
        5 => selectors.exclude = list(vec![g.license()]),
        6 | 7 => {
            let mut all: Vec<LicenseId> = node_deeds().into_iter().map(|(license, _)| license).collect();
            all.truncate(g.rng.gen_range(1..16));
            selectors.include = list(all);
        }
        _ => (),
    }
    selectors
}

/// A job that is mostly `fitting`, and mostly its owner.
fn job_of(g: &mut Gen, fitting: impl Fn(&Job<AccountId>) -> bool) -> Option<(usize, JobId)> {
    let all: Vec<(JobId, Job<AccountId>)> = pallet_jobs::Jobs::<Runtime>::iter().collect();
    let some: Vec<_> = match g.chance(0.15) {
        true => all,
        false => all.into_iter().filter(|(_, job)| fitting(job)).collect(),
    };
    let (id, job) = g.pick(&some)?;
    let owner = g.by_id.get(&job.owner).copied().filter(|_| !g.chance(0.05));
    let id = if g.chance(0.03) { JobId(g.rng.gen()) } else { id };
    Some((owner.unwrap_or_else(|| g.actor()), id))
}

/// An epoch of a service that is likely to be settled and not released.
fn reject(g: &mut Gen) -> Option<Step> {
    let services: Vec<Service<AccountId>> = pallet_jobs::Services::<Runtime>::iter_values().collect();
    let rejected = services.iter().filter(|s| s.periods.iter().any(|period| period.rejected != 0));
    let rejected: Vec<_> = rejected.cloned().collect();
    let service = g.pick(&rejected).filter(|_| g.chance(0.15)).or_else(|| g.pick(&services))?;
    let current = Availability::clock_info().current;
    let last = service.last().min(current.minus(1));
    let epoch = match g.rng.gen_range(0..20) {
        0 => current.plus(g.rng.gen_range(0..3)),
        1 => g.epoch(),
        _ if last >= service.first => EpochIndex(last.0 - g.rng.gen_range(0..=(last.0 - service.first.0).min(3))),
        _ => service.first,
    };
    let mut slot = service.slot;
    match g.rng.gen_range(0..30) {
        0 => slot.slot = g.rng.gen_range(0..100),
        1 => slot.job = JobId(g.rng.gen()),
        _ => (),
    }
    let owner = pallet_jobs::Jobs::<Runtime>::get(service.slot.job)?.owner;
    let owner = g.by_id.get(&owner).copied().filter(|_| !g.chance(0.05));
    let who = owner.unwrap_or_else(|| g.actor());
    g.signed(who, Call::reject { slot, epoch })
}

/// A node of nobody's in particular, or the one linked to `license`.
fn node_of(g: &mut Gen, license: LicenseId) -> Option<NodePair> {
    let linked = <Licenses as LicenseInspect<AccountId>>::license(license).and_then(|deed| deed.link);
    let pair = linked.and_then(|link| g.node_pairs.get(&link.node).cloned());
    match pair {
        Some(pair) if !g.chance(0.06) => Some(pair),
        _ => {
            let actor = g.actor();
            let nodes = g.actors[actor].nodes.clone();
            g.pick(&nodes)
        }
    }
}

fn by_node(call: NodeCall) -> Option<Step> {
    Some(Step::Xt(Box::new(facts::node_extrinsic(call))))
}

/// A slot in a state that is mostly `fitting`.
fn slot(g: &mut Gen, fitting: impl Fn(&SlotState) -> bool) -> Option<(SlotRef, SlotState)> {
    let all = pallet_jobs::Slots::<Runtime>::iter().map(|(job, slot, is)| (SlotRef { job, slot }, is.state));
    let any = g.chance(0.04);
    let some: Vec<_> = all.filter(|(_, state)| any || fitting(state)).collect();
    g.pick(&some)
}

fn accept(g: &mut Gen) -> Option<Step> {
    let (mut slot, state) = slot(g, |state| matches!(state, SlotState::Offered { .. }))?;
    let (license, at) = match state {
        SlotState::Offered { license, at, .. } => (license, if g.chance(0.03) { at + 1 } else { at }),
        _ => (g.license(), 1),
    };
    let pair = node_of(g, license)?;
    let signature: NodeSignature = pair.sign(&accept_payload(System::block_hash(0), license, slot, at)).into();
    if g.chance(0.02) {
        slot.slot = g.rng.gen_range(0..70);
    }
    by_node(NodeCall::Accept { slot, signature })
}

fn resign(g: &mut Gen) -> Option<Step> {
    let (slot, state) = slot(g, |state| matches!(state, SlotState::Running { .. }))?;
    let (license, index, accepted) = match state {
        SlotState::Running { index } => {
            let service = pallet_jobs::Services::<Runtime>::get(index)?;
            (service.license, index, service.accepted)
        }
        _ => (g.license(), 0, 0),
    };
    let pair = node_of(g, license)?;
    let payload = resign_payload(System::block_hash(0), license, slot, index, accepted);
    by_node(NodeCall::Resign { slot, signature: pair.sign(&payload).into() })
}

/// The Node Deeds, and whether each is linked.
fn node_deeds() -> Vec<(LicenseId, bool)> {
    let deed = |id| <Licenses as LicenseInspect<AccountId>>::license(id).map(|deed| (id, deed));
    let all = (0..<Licenses as LicenseInspect<AccountId>>::count()).map(LicenseId).filter_map(deed);
    all.filter(|(_, deed)| deed.class == LicenseClass::Node).map(|(id, deed)| (id, deed.link.is_some())).collect()
}

pub fn declare(g: &mut Gen) -> Option<Step> {
    let linked: Vec<LicenseId> = node_deeds().into_iter().filter_map(|(id, linked)| linked.then_some(id)).collect();
    let draw = |g: &mut Gen| {
        let license = if g.chance(0.1) { g.license() } else { g.pick(&linked)? };
        let sequence = Nodes::next_sequence(license).wrapping_add(u32::from(g.chance(0.03)));
        Some((license, sequence, profile(g, license)))
    };
    let valid = |(license, sequence, profile): &(LicenseId, u32, NodeProfile)| {
        Nodes::can_declare(*license, *sequence, profile.clone()).is_ok()
    };
    let (license, sequence, profile) = g.search(draw, valid)?;
    let pair = node_of(g, license)?;
    let payload = profile_payload(System::block_hash(0), license, sequence, &profile);
    by_node(NodeCall::Declare { license, sequence, profile, signature: pair.sign(&payload).into() })
}

/// Room for some slots: more than before, or less.
fn profile(g: &mut Gen, license: LicenseId) -> NodeProfile {
    let times = g.rng.gen_range(1..24);
    let (gpu, gpus) = if g.chance(0.3) { (Some(Gpu::High), 2) } else { (None, 0) };
    let tags = TAGS.iter().filter(|_| g.rng.gen()).map(|word| tag(word)).collect();
    let capacity = Capacity { cpu_milli: 1_000 * times, memory_mib: 5_000 * times, disk_gib: 16 * times, gpus };
    let mut profile = NodeProfile { capacity, gpu, tags: list(tags) };
    match g.rng.gen_range(0..24) {
        0 => profile = NodeProfile::default(),
        1 => profile.capacity.cpu_milli = u32::MAX,
        2 => profile.gpu = if gpus == 0 { Some(Gpu::Med) } else { None },
        3 => profile.tags = list(vec![tag(b"b"), tag(b"a")]),
        4 => profile.capacity.memory_mib = 1,
        5 => profile = Nodes::node_info(license).declared.map_or(profile, |declared| declared.profile),
        _ => (),
    }
    profile
}

fn parameters(g: &mut Gen) -> Parameters {
    let mut parameters = Parameters {
        creation_fee_milli: g.rng.gen_range(1..50),
        accept_blocks: g.rng.gen_range(10..20),
        draw_blocks: g.rng.gen_range(10..40),
        start_allowance_ms: g.rng.gen_range(0..30_000),
        probes: g.rng.gen_range(16..64),
        work_share: Percent::from_percent(g.rng.gen_range(5..=40)),
    };
    match g.rng.gen_range(0..24) {
        0 => parameters.creation_fee_milli = g.rng.gen(),
        1 => parameters.creation_fee_milli = 0,
        2 => parameters.accept_blocks = g.rng.gen(),
        3 => parameters.draw_blocks = 0,
        4 => parameters.start_allowance_ms = g.rng.gen(),
        5 => parameters.probes = 0,
        6 => parameters.work_share = Percent::from_percent(g.rng.gen_range(0..101)),
        _ => (),
    }
    parameters
}
