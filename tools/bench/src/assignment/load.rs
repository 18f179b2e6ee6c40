//! How long a request waits for its node while others look for theirs, in blocks from the one in which its seed is known.
//!
//! What others look for does not exist, so that their draws go on for ever and each takes all of its turns: that is what an
//! attack does. Nothing is timed. How many blocks it may take follows from the weights: one round of turns, and the
//! request's own.

use super::{account, attest, tag, Wanted, BLOCK};
use crate::{
    figures::{Figure, Outcome},
    state, BenchError,
};
use frame_support::{
    traits::{fungible::Mutate, Hooks},
    weights::{Weight, WeightMeter},
    BoundedVec,
};
use frame_system::RawOrigin;
use pallet_draws::WeightInfo;
use pallet_jobs::SlotState;
use ratio1_primitives::{
    economics::R1,
    jobs::{Cid, JobRequest, Restart, Selectors, Tag, Tier},
    AccountId, Balance, JobId, LicenseId,
};
use ratio1_runtime::{Balances, Jobs, Runtime, System};
use sp_io::TestExternalities;

/// Entities that look for nodes, and how many draws each has open.
const LOADS: [(u32, u32); 4] = [(1, 1), (1, 128), (100, 1), (5_000, 1)];
/// Requests measured in each case, each with a seed of its own, and each come upon in another moment of a round.
const SEEDS: u32 = 6;
/// Blocks after which a request has waited for ever.
const MAX_BLOCKS: u32 = 2_000;
/// Licenses on an include list.
const INCLUDED: u32 = 16;

/// What the request that waits asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Any node.
    Any,
    /// One node in twenty.
    Rare,
    /// One of sixteen licenses.
    Included,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Any, Self::Rare, Self::Included];

    fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Rare => "tag-1-in-20",
            Self::Included => "include-list",
        }
    }

    fn selectors(self, licenses: u32) -> Selectors {
        let mut selectors = Selectors::default();
        match self {
            Self::Any => (),
            Self::Rare => selectors.tags = BoundedVec::truncate_from(vec![tag()]),
            Self::Included => {
                // None of the preset's own licenses, among which are oracles'.
                let chosen = (1..=INCLUDED).map(|n| LicenseId(licenses - n * 7)).collect();
                selectors.include = BoundedVec::truncate_from(chosen);
            }
        }
        selectors
    }
}

/// Measure all loads and kinds, and fail if one waits for longer than a round of turns.
pub fn run(ext: &mut TestExternalities, licenses: u32, outcome: &mut Outcome) -> Result<(), BenchError> {
    ext.execute_with(|| {
        super::finalise(licenses, Wanted::All);
        pallet_jobs::Settings::<Runtime>::mutate(|settings| settings.draw_blocks = 7_200);
    });
    for kind in Kind::ALL {
        let mut base = None;
        for (entities, each) in LOADS {
            ext.execute_with(|| open(entities, each))?;
            let (job, seed_of) = ext.execute_with(|| ask("requester", kind.selectors(licenses), BLOCK))?;
            state::commit(ext)?;
            let waited = (0..SEEDS).map(|n| wait(ext, job, seed_of, entities, n)).collect::<Result<Vec<u32>, _>>()?;
            let mean = f64::from(waited.iter().sum::<u32>()) / f64::from(SEEDS);
            let most = waited.into_iter().max().unwrap_or(0);
            let base = *base.get_or_insert(mean);
            let title = format!("assignment/wait/{}/{entities}-entities-{each}-draws", kind.name());
            let against = "one other draw";
            outcome.figures.push(Figure::new(title.clone(), mean, "blocks to find, mean", against, base));
            outcome.figures.push(Figure::new(title.clone(), most.into(), "blocks to find, most", against, base));
            if kind != Kind::Rare {
                // A turn is of sixteen positions at least. Of as many nodes of reputation 500 one is taken, but for one time
                // in 65 000: two rounds are certain enough.
                let bound = 2 * (1 + ext.execute_with(|| round(entities)));
                outcome.require(most <= bound, || format!("{title}: {most} blocks, where two rounds are {bound}"));
            }
        }
    }
    Ok(())
}

/// Blocks of a round in which each entity has the shortest turn there is.
fn round(entities: u32) -> u32 {
    type W = <Runtime as pallet_draws::Config>::WeightInfo;
    let share = pallet_jobs::Settings::<Runtime>::get().work_share;
    let max = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
    let budget = share * max;
    let turn = W::turn(16).saturating_add(W::skip().saturating_mul(16));
    let all = turn.saturating_mul(entities.into()).ref_time();
    u32::try_from(all.div_ceil(budget.ref_time().max(1))).unwrap_or(u32::MAX)
}

/// So many entities look for nodes that do not exist, with so many draws each; nobody else looks.
fn open(entities: u32, each: u32) -> Result<(), BenchError> {
    let _ = pallet_draws::Draws::<Runtime>::clear(u32::MAX, None);
    let _ = pallet_draws::OpenedAt::<Runtime>::clear(u32::MAX, None);
    let _ = pallet_draws::Turns::<Runtime>::clear(u32::MAX, None);
    for n in 0..entities {
        let who = format!("crowd {n}");
        for _ in 0..each {
            let tags = BoundedVec::truncate_from(vec![Tag::truncate_from(b"nobody".to_vec())]);
            ask(&who, Selectors { tags, ..Default::default() }, BLOCK - 10)?;
        }
    }
    let seed = [[7; 32]; 4];
    pallet_draws::Seeds::<Runtime>::insert(BLOCK - 10, seed);
    Ok(())
}

/// Ask for one node in a block, on behalf of an entity of one's own. The job, and the block that opened its draw.
fn ask(who: &str, selectors: Selectors, block: u32) -> Result<(JobId, u32), BenchError> {
    let owner: AccountId = account(who, 0);
    attest(&owner);
    let funded = Balances::mint_into(&owner, R1 * 1_000);
    funded.map_err(|_| BenchError::Setup("a requester has no money"))?;
    System::set_block_number(block);
    let job = JobId(pallet_jobs::NextJob::<Runtime>::get());
    let request = JobRequest {
        tier: Tier::Entry,
        gpu: None,
        nodes: 1,
        epochs: 1,
        spec: Cid::new(false, [7; 32]),
        spec_bytes: 512,
        selectors,
        restart: Restart::Always,
        same_entity: false,
        health: None,
    };
    let origin = RawOrigin::Signed(owner).into();
    Jobs::request(origin, Box::new(request), Balance::MAX).map_err(|_| BenchError::Setup("a job is refused"))?;
    System::reset_events();
    Ok((job, block))
}

/// Blocks until the job's slot is offered, with the `n`-th seed, while the last turn was that of the `n`-th of the others.
fn wait(ext: &mut TestExternalities, job: JobId, opened: u32, entities: u32, n: u32) -> Result<u32, BenchError> {
    let waited = ext.execute_with(|| {
        let output = |block: u32| sp_io::hashing::blake2_256(&codec::Encode::encode(&("wait", n, block)));
        pallet_draws::Seeds::<Runtime>::insert(opened, [0, 1, 2, 3].map(output));
        let turns: Vec<_> = pallet_draws::Turns::<Runtime>::iter_keys().collect();
        let last = turns.get(n as usize * entities as usize / SEEDS as usize);
        pallet_draws::LastTurn::<Runtime>::set(last.copied());
        let limit: Weight = <Runtime as frame_system::Config>::BlockWeights::get().max_block;
        let is_offered = || {
            let slot = pallet_jobs::Slots::<Runtime>::get(job, 0);
            slot.is_some_and(|slot| matches!(slot.state, SlotState::Offered { .. }))
        };
        (1..=MAX_BLOCKS).find(|blocks| {
            let mut meter = WeightMeter::with_limit(limit);
            <Jobs as Hooks<u32>>::on_poll(BLOCK + blocks, &mut meter);
            is_offered()
        })
    });
    ext.reset_overlay();
    waited.ok_or_else(|| BenchError::WrongResult(format!("assignment: nobody is found in {MAX_BLOCKS} blocks")))
}
