//! What it takes to draw the nodes of a job, from the seed to the last offer, through the runtime's own hook, block by
//! block: among few licenses and among many.
//!
//! How many licenses a draw comes upon is its seed's luck, and follows from reputations and from how rare the wanted nodes
//! are, not from the size of the network. So what is bounded is the cost per license looked at, averaged over many seeds.
//! The positions that lie beyond the last license, whose share does depend on the size, are part of that cost. Reads of a
//! larger state are dearer, whoever reads: the time is compared with that of reading random profiles from the same
//! state. Weight knows of no such thing, and is compared as it is.

mod load;

use crate::{
    figures::{time, Figure, Outcome},
    state, BenchError,
};
use codec::Encode;
use frame_support::{
    traits::{fungible::Mutate, Hooks},
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use frame_system::RawOrigin;
use pallet_availability::{Ending, EpochRecord, RunningEpoch};
use pallet_jobs::SlotState;
use ratio1_primitives::{
    ballot::Frozen,
    economics::R1,
    jobs::{
        draw::Permutation, Capacity, Cid, Drawn, JobRequest, NodeProfile, Reputation, Restart, Selectors, Tag, Tier,
    },
    kyc::{Attestation, Country, EntityId, EntityKind},
    pages, AccountId, Balance, BlockNumber, ClockParams, EpochIndex, EpochParams, JobId, License, LicenseClass,
    LicenseId, Link, NodeId, PAGE_SIZE,
};
use ratio1_runtime::{Balances, Jobs, Licenses, Runtime, System};
use sp_io::TestExternalities;
use std::time::Duration;

/// Sizes of the network: the second is compared with the first.
const LICENSES: [u32; 2] = [1_000, 100_000];
/// Nodes of the job.
const NODES: u16 = 3;
/// How much more the larger network may cost.
const TOLERANCE: f64 = 1.2;
/// Draws measured in each case, each with a seed of its own.
const SEEDS: u32 = 400;
/// Measurements of each draw, of which the best counts.
const REPEATS: u32 = 3;
/// Profiles read to compare each draw with.
const READS: u32 = 100;
/// Blocks after which a draw has given up.
const MAX_BLOCKS: u32 = 1_000;
/// Where nodes are rare, one license of so many is wanted.
const RARITY: u32 = 20;

const EPOCH_MS: u64 = 60_000;
/// The epoch whose bytes count.
const EPOCH: EpochIndex = EpochIndex(4);
/// The block of the request.
const BLOCK: BlockNumber = 100;

/// Who could serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// Every node.
    All,
    /// One in [`RARITY`]: nodes with a tag. That the others do not have it is found out last.
    Tagged,
    /// One in [`RARITY`]: nodes that were available. That the others were not is found out at once.
    Available,
}

impl Wanted {
    const ALL: [Self; 3] = [Self::All, Self::Tagged, Self::Available];

    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Tagged => "tag-1-in-20",
            Self::Available => "available-1-in-20",
        }
    }
}

/// A job whose draw is about to begin.
struct Scene<'a> {
    ext: &'a mut TestExternalities,
    licenses: u32,
    job: JobId,
    draw: (EntityId, u64),
}

/// How a draw went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Course {
    blocks: u32,
    weight: Weight,
    /// Positions gone through.
    positions: u64,
    /// Of them, those at which there was a license.
    looked_at: u64,
}

/// One size of the network, measured: sums over all draws.
#[derive(Default)]
struct Case {
    course: Course,
    reads: usize,
    spent: Duration,
    reading: Duration,
}

impl Case {
    fn per_draw(&self, sum: f64) -> f64 {
        sum / f64::from(SEEDS)
    }

    fn per_license(&self, sum: f64) -> f64 {
        sum / self.course.looked_at as f64
    }

    /// The time per license looked at, in readings of a profile.
    fn over_reading(&self) -> f64 {
        let reading = self.reading.as_secs_f64() / f64::from(SEEDS * READS);
        self.per_license(self.spent.as_secs_f64()) / reading
    }
}

/// Measure both sizes, and fail if the larger costs more.
pub fn run() -> Result<Outcome, BenchError> {
    let mut outcome = Outcome::default();
    let mut exts = Vec::new();
    for licenses in LICENSES {
        let mut ext = state::local()?;
        ext.execute_with(|| set_up(licenses))?;
        state::commit(&mut ext)?;
        exts.push((licenses, ext));
    }
    for wanted in Wanted::ALL {
        let mut base: Option<Case> = None;
        for (licenses, ext) in &mut exts {
            let case = measure(&mut request(ext, *licenses, wanted)?)?;
            report(&mut outcome, wanted, *licenses, &case, base.as_ref().unwrap_or(&case));
            base.get_or_insert(case);
        }
    }
    // How long requests wait for each other, in the larger network.
    if let Some((licenses, ext)) = exts.last_mut() {
        load::run(ext, *licenses, &mut outcome)?;
    }
    Ok(outcome)
}

fn report(outcome: &mut Outcome, wanted: Wanted, licenses: u32, case: &Case, base: &Case) {
    let name = wanted.name();
    let mut add = |what: &str, unit, value: &dyn Fn(&Case) -> f64| {
        let title = format!("assignment/{name}/{licenses}/{what}");
        let figure = Figure::new(title, value(case), unit, format!("{} licenses", LICENSES[0]), value(base));
        let ratio = figure.ratio;
        outcome.figures.push(figure);
        ratio
    };
    add("positions", "per draw", &|c| c.per_draw(c.course.positions as f64));
    add("looked-at", "licenses per draw", &|c| c.per_draw(c.course.looked_at as f64));
    add("blocks", "per draw", &|c| c.per_draw(c.course.blocks.into()));
    add("reads", "items per draw", &|c| c.per_draw(c.reads as f64));
    add("time", "us per draw", &|c| c.per_draw(c.spent.as_secs_f64() * 1e6));
    add("weight", "ms of ref time per draw", &|c| c.per_draw(c.course.weight.ref_time() as f64 / 1e9));
    let time = add("over-reading", "profiles read per license", &Case::over_reading);
    let weight =
        add("weight", "ms of ref time per license", &|c| c.per_license(c.course.weight.ref_time() as f64 / 1e9));
    for (what, growth) in [("time over that of reading", time), ("weight", weight)] {
        outcome.require(growth <= TOLERANCE, || {
            format!("assignment/{name}: the {what}, per license looked at, is {growth:.2} times as much at {licenses}")
        });
    }
}

fn measure(scene: &mut Scene) -> Result<Case, BenchError> {
    let mut case = Case::default();
    for n in 0..SEEDS {
        let (access, course) = state::count(scene.ext, || draw(scene.job, scene.draw, n).and_then(|run| run.check()));
        let course = course?;
        let ids: Vec<LicenseId> = (0..READS).map(|i| LicenseId(number(n, i) % scene.licenses)).collect();
        let (mut best, mut least) = (Duration::MAX, Duration::MAX);
        for _ in 0..REPEATS {
            best = best.min(scene.ext.execute_with(|| draw(scene.job, scene.draw, n))?.spent);
            scene.ext.reset_overlay();
            let profiles = || ids.iter().filter_map(pallet_nodes::Profiles::<Runtime>::get).count();
            let (spent, read) = scene.ext.execute_with(|| time(profiles));
            if read != ids.len() {
                return Err(BenchError::WrongResult("assignment: profiles are missing".into()));
            }
            least = least.min(spent);
        }
        case.reads += access.reads;
        case.spent += best;
        case.reading += least;
        let sum = &mut case.course;
        sum.blocks += course.blocks;
        sum.weight = sum.weight.saturating_add(course.weight);
        sum.positions += course.positions;
        sum.looked_at += course.looked_at;
    }
    Ok(case)
}

/// A draw that is over.
struct Run {
    job: JobId,
    blocks: u32,
    weight: Weight,
    spent: Duration,
}

/// Give the draw its `n`-th seed, and run the hook, block after block, until it is over.
fn draw(job: JobId, draw: (EntityId, u64), n: u32) -> Result<Run, BenchError> {
    let output = |block: u32| sp_io::hashing::blake2_256(&("output", n, block).encode());
    pallet_draws::Seeds::<Runtime>::insert(BLOCK, [0, 1, 2, 3].map(output));
    let limit = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
    let (spent, (blocks, weight)) = time(|| {
        let (mut blocks, mut weight) = (0, Weight::zero());
        while blocks < MAX_BLOCKS && pallet_draws::Draws::<Runtime>::contains_key(draw.0, draw.1) {
            blocks += 1;
            let mut meter = WeightMeter::with_limit(limit);
            <Jobs as Hooks<u32>>::on_poll(BLOCK + blocks, &mut meter);
            weight = weight.saturating_add(meter.consumed());
        }
        (blocks, weight)
    });
    match blocks < MAX_BLOCKS {
        true => Ok(Run { job, blocks, weight, spent }),
        false => Err(BenchError::WrongResult(format!("assignment: not over after {MAX_BLOCKS} blocks"))),
    }
}

impl Run {
    /// Every slot must be offered to another license. How far the draw came for that.
    fn check(&self) -> Result<Course, BenchError> {
        let offered = |slot| {
            let slot = pallet_jobs::Slots::<Runtime>::get(self.job, slot)?;
            let drawn = slot.drawn?;
            matches!(slot.state, SlotState::Offered { license, .. } if license == drawn.license).then_some(drawn)
        };
        let mut drawn: Vec<Drawn> = (0..NODES).filter_map(offered).collect();
        drawn.sort_by_key(|drawn| drawn.license);
        drawn.dedup_by_key(|drawn| drawn.license);
        let last = drawn.iter().max_by_key(|drawn| (drawn.pass, drawn.position));
        let Some(last) = last.filter(|_| drawn.len() == usize::from(NODES)) else {
            return Err(BenchError::WrongResult("assignment: a slot is not offered to a license of its own".into()));
        };
        let order = Permutation::new(last.seed, last.licenses);
        let passes = u64::from(last.pass);
        let looked_at = (0..=last.position).filter(|position| order.at(*position).is_some()).count() as u64;
        Ok(Course {
            blocks: self.blocks,
            weight: self.weight,
            positions: passes * order.positions() + last.position + 1,
            looked_at: passes * u64::from(last.licenses) + looked_at,
        })
    }
}

/// The `i`-th of some numbers of the `n`-th draw.
fn number(n: u32, i: u32) -> u32 {
    let [a, b, c, d, ..] = sp_io::hashing::blake2_128(&("read", n, i).encode());
    u32::from_le_bytes([a, b, c, d])
}

/// Whether a license is one of the rare ones. None of the preset's is.
fn is_rare(license: u32) -> bool {
    license % RARITY == RARITY / 2
}

fn tag() -> Tag {
    BoundedVec::truncate_from(b"rare".to_vec())
}

/// A network of so many licenses, each of an owner of its own, all linked and declared.
fn set_up(licenses: u32) -> Result<(), BenchError> {
    System::set_block_number(1);
    pallet_timestamp::Now::<Runtime>::put(EPOCH_MS * u64::from(EPOCH.0 + 1) + 1);
    pallet_availability::Clock::<Runtime>::put(ClockParams { genesis_moment: 0, epoch_ms: EPOCH_MS });
    let epoch = EPOCH.plus(1);
    let running =
        RunningEpoch { epoch, params: Default::default(), oracles: Default::default(), gaps: Default::default() };
    pallet_availability::Running::<Runtime>::put(running);
    pallet_jobs::AgendaEpoch::<Runtime>::put(EPOCH.plus(1));

    // More deeds than there will ever be: what a larger network would cost.
    let collections = pallet_nfts::CollectionConfigOf::<Runtime>::iter_keys().collect::<Vec<_>>();
    for collection in collections {
        pallet_nfts::CollectionConfigOf::<Runtime>::mutate(collection, |config| {
            if let Some(config) = config {
                config.max_supply = None;
            }
        });
    }
    for id in pallet_licenses::NextId::<Runtime>::get()..licenses {
        pallet_licenses::Issued::<Runtime>::remove(LicenseClass::Node);
        let owner = account("operator", id);
        Licenses::do_issue(LicenseClass::Node, &owner).map_err(|_| BenchError::Setup("a deed is not issued"))?;
        attest(&owner);
    }
    System::reset_events();
    (0..licenses).map(LicenseId).try_for_each(set_up_node)?;
    let reputations = BoundedVec::truncate_from(vec![Reputation::default(); PAGE_SIZE as usize]);
    (0..pages(licenses)).for_each(|page| pallet_nodes::Reputations::<Runtime>::insert(page, &reputations));

    let requester = account("requester", 0);
    attest(&requester);
    let minted = Balances::mint_into(&requester, R1 * 1_000_000);
    minted.map(|_| ()).map_err(|_| BenchError::Setup("the requester has no money"))
}

fn account(who: &str, n: u32) -> AccountId {
    AccountId::new(sp_io::hashing::blake2_256(&(who, n).encode()))
}

fn attest(who: &AccountId) {
    let (kind, country) = (EntityKind::Individual, Country(*b"RO"));
    let entity = sp_io::hashing::blake2_256(who.as_ref());
    let attestation = Attestation { entity, kind, country, expires: EpochIndex(1_000_000) };
    pallet_kyc::Entities::<Runtime>::insert(entity, pallet_kyc::Entity { kind, country, accounts: 1, stops: None });
    pallet_kyc::Attestations::<Runtime>::insert(who, pallet_kyc::Record { attestation, by: None, stops: None });
}

/// Link a Node Deed, and declare what its node has.
fn set_up_node(id: LicenseId) -> Result<(), BenchError> {
    let deed = pallet_licenses::Licenses::<Runtime>::get(id).ok_or(BenchError::Setup("a deed is missing"))?;
    let node = NodeId(sp_io::hashing::blake2_256(&("node", id).encode()));
    let link = deed.link.unwrap_or(Link { node, since: EpochIndex(0) });
    pallet_licenses::NodeLicense::<Runtime>::insert(link.node, id);
    pallet_licenses::Licenses::<Runtime>::insert(id, License { link: Some(link), link_nonce: 1, ..deed });

    let words = [&b"amd64"[..], b"ssd"].map(|word| BoundedVec::truncate_from(word.to_vec()));
    let tags = words.into_iter().chain(is_rare(id.0).then(tag));
    let tags = BoundedVec::truncate_from(tags.collect::<Vec<Tag>>());
    let profile = NodeProfile { capacity: Capacity { gpus: 0, ..Capacity::MOST }, gpu: None, tags };
    let declared = pallet_nodes::Declared { node: link.node, profile, since: 1, epoch: EpochIndex(0), before: None };
    pallet_nodes::Profiles::<Runtime>::insert(id, declared);
    pallet_nodes::Sequence::<Runtime>::insert(id, 1);
    Ok(())
}

/// Ask for a job such nodes can serve, its draw the only one.
fn request(ext: &mut TestExternalities, licenses: u32, wanted: Wanted) -> Result<Scene<'_>, BenchError> {
    let (job, draw) = ext.execute_with(|| {
        System::set_block_number(BLOCK);
        finalise(licenses, wanted);
        let _ = pallet_draws::Draws::<Runtime>::clear(u32::MAX, None);
        let _ = pallet_draws::OpenedAt::<Runtime>::clear(u32::MAX, None);
        let _ = pallet_draws::Turns::<Runtime>::clear(u32::MAX, None);
        let (job, draw) = (pallet_jobs::NextJob::<Runtime>::get(), pallet_draws::NextDraw::<Runtime>::get());
        let tags = BoundedVec::truncate_from((wanted == Wanted::Tagged).then(tag).into_iter().collect::<Vec<_>>());
        let request = JobRequest {
            tier: Tier::Entry,
            gpu: None,
            nodes: NODES,
            epochs: 30,
            spec: Cid::new(false, [7; 32]),
            spec_bytes: 512,
            selectors: Selectors { tags, ..Default::default() },
            restart: Restart::Always,
            same_entity: false,
            health: None,
        };
        let origin = RawOrigin::Signed(account("requester", 0)).into();
        Jobs::request(origin, Box::new(request), Balance::MAX).map_err(|_| BenchError::Setup("the job is refused"))?;
        System::reset_events();
        let job = JobId(job);
        let entity = pallet_jobs::Jobs::<Runtime>::get(job).ok_or(BenchError::Setup("a job is missing"))?.entity;
        Ok::<_, BenchError>((job, (entity, draw)))
    })?;
    state::commit(ext)?;
    Ok(Scene { ext, licenses, job, draw })
}

/// Bytes of the epoch before.
fn finalise(licenses: u32, wanted: Wanted) {
    use pallet_availability::{FinalisedPages, FrozenSets, LastFinalised, Records};
    let params = EpochParams { threshold: 250, ..Default::default() };
    let frozen = Frozen { seats: Default::default(), licenses, services: 0, params, gaps: Default::default() };
    FrozenSets::<Runtime>::insert(EPOCH, frozen);
    let ending = Ending::Finalised;
    let record = EpochRecord { ending, reopened: 0, seats: 4, licenses, complete: 4, eligible: 4, known: Some(1) };
    Records::<Runtime>::insert(EPOCH, record);
    LastFinalised::<Runtime>::put(EPOCH);
    let byte = |license| if wanted != Wanted::Available || is_rare(license) { u8::MAX } else { 0 };
    for page in 0..pages(licenses) {
        let first = page * PAGE_SIZE;
        let bytes = (first..licenses.min(first + PAGE_SIZE)).map(byte).collect();
        FinalisedPages::<Runtime>::insert(EPOCH, page, BoundedVec::truncate_from(bytes));
    }
}
