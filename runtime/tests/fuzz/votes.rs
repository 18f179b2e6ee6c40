//! The oracles' part: in each round most of them vote, some lie, some are silent, and at times an epoch fails.

use super::gen::Gen;
use crate::common::Step;
use frame_support::BoundedVec;
use rand::{seq::SliceRandom, Rng};
use ratio1_primitives::{
    api::{Absence, RoundInfo, SignedAbsence, SignedVote},
    ballot::{Ballot, Phase, RevealedPages, Summary, Vote},
    economics::price::{Price as Usd, BOUNDS, USD},
    keys::pair::VotePair,
    traits::LicenseInspect,
    LicenseId,
};
use ratio1_runtime::{facts, AccountId, Availability, Licenses, Runtime, System};
use sp_core::Pair;

/// What the oracles make of one round.
pub struct Plan {
    /// The ballot of each seat; none if it is silent.
    ballots: Vec<Option<Ballot>>,
    /// Whether each seat reveals what it committed to.
    reveals: Vec<bool>,
}

impl Plan {
    fn draw(g: &mut Gen, round: &RoundInfo) -> Self {
        let (seats, licenses) = (round.frozen.seats.len(), round.frozen.licenses);
        let truth: Vec<u8> = (0..licenses)
            .map(|_| match g.rng.gen_range(0..10) {
                0 => 0,
                1 => g.rng.gen(),
                _ => 255,
            })
            .collect();
        // Services run, or their node is away, or they are just too slow.
        let work: Vec<u8> = (0..round.frozen.services)
            .map(|_| match g.rng.gen_range(0..40) {
                0 => 0,
                1..=3 => 229,
                4 => g.rng.gen(),
                _ => 255,
            })
            .collect();
        let own: Vec<u32> = round.frozen.seats.iter().map(|seat| seat.license.0).collect();
        // The market moves a little with every epoch.
        g.market = (g.market / 1_000 * g.rng.gen_range(850..1_180)).clamp(USD / 20, USD * 2);
        // At times nearly nobody votes, and nobody at all now and then.
        let absent = match g.rng.gen_range(0..100) {
            0..=7 => 0.7,
            8..=9 => 1.0,
            _ => 0.04,
        };
        let lying = if g.chance(0.1) { 0.5 } else { 0.05 };
        let mut ballot = || {
            if g.chance(absent) {
                return None;
            }
            let lie = g.chance(lying);
            let honest = |(l, a): (usize, &u8)| match own.contains(&(l as u32)) {
                true => 255,
                false => a.saturating_sub(g.rng.gen_range(0..4)),
            };
            let mut bytes: Vec<u8> = truth.iter().enumerate().map(honest).collect();
            let mut services = work.clone();
            if lie {
                bytes.iter_mut().chain(&mut services).for_each(|a| *a = g.rng.gen());
            }
            let price = match g.rng.gen_range(0..20) {
                0 => Some(g.wild_price()),
                1 => None,
                _ => Some(g.market / 100 * g.rng.gen_range(97..104)),
            };
            let coverage = if g.chance(0.04) { g.rng.gen() } else { 255 };
            let salt = g.rng.gen();
            // At times finality lags, or the oracle says so.
            let now = System::block_number();
            let finalised = if g.chance(0.1) { g.rng.gen_range(0..=now) } else { now };
            let epoch = round.epoch;
            let summary = Summary { epoch, salt: [salt; 32], coverage, price, finalised, ..Default::default() };
            let ballot = Ballot::new(summary, &bytes, &services);
            Some(ballot.expect("a ballot of a round"))
        };
        let ballots = (0..seats).map(|_| ballot()).collect();
        let reveals = (0..seats).map(|_| g.chance(0.96)).collect();
        Self { ballots, reveals }
    }
}

impl Gen {
    pub fn wild_price(&mut self) -> Usd {
        match self.rng.gen_range(0..6) {
            0 => 0,
            1 => u128::MAX,
            2 => BOUNDS.0 - 1,
            3 => BOUNDS.1 + 1,
            4 => self.market.saturating_mul(3),
            _ => self.rng.gen(),
        }
    }

    /// The votes the oracles cast in the next block.
    pub fn votes(&mut self) -> Vec<Step> {
        let mut steps = vec![];
        let rounds = Availability::rounds();
        self.plans.retain(|epoch, _| rounds.iter().any(|round| round.epoch == *epoch));
        for round in &rounds {
            if !matches!(round.phase, Phase::Commit | Phase::Reveal) {
                continue;
            }
            if !self.plans.contains_key(&round.epoch) {
                let plan = Plan::draw(self, round);
                self.plans.insert(round.epoch, plan);
            }
            for seat in 0..round.frozen.seats.len() {
                // Not everybody is quick.
                if self.chance(0.25) {
                    continue;
                }
                for vote in self.votes_of(round, seat) {
                    steps.extend(self.vote(round, seat as u16, vote));
                }
            }
        }
        steps.extend(self.absences());
        steps
    }

    /// Now and then somebody's node is silent, and most oracles say so; or one lies.
    fn absences(&mut self) -> Vec<Step> {
        if !self.chance(0.04) {
            return vec![];
        }
        let working: Vec<LicenseId> =
            pallet_jobs::Assigned::<Runtime>::iter_keys().map(|(license, _)| license).collect();
        let count = <Licenses as LicenseInspect<AccountId>>::count();
        let license = match working.choose(&mut self.rng) {
            Some(license) if self.chance(0.8) => *license,
            _ => LicenseId(self.rng.gen_range(0..count + 2)),
        };
        let share = if self.chance(0.6) { 0.95 } else { 0.2 };
        let info = Availability::clock_info();
        let slot = info.clock.and_then(|clock| clock.slot_at(info.current, Availability::now(), &info.params));
        let slot = slot.unwrap_or(0);
        let licenses: BoundedVec<_, _> = vec![license].try_into().unwrap();
        let mut steps = vec![];
        for seat in facts::oracles() {
            let Some(pair) = self.vote_keys.get(&seat.vote_key).cloned() else { continue };
            if !self.chance(share) {
                continue;
            }
            let absence = Absence { epoch: info.current, slot, licenses: licenses.clone() };
            let signature = pair.sign(&absence.payload(System::block_hash(0), &seat.vote_key));
            let report = SignedAbsence { voter: seat.vote_key, absence, signature };
            steps.push(Step::Xt(Box::new(facts::absence_extrinsic(report))));
        }
        steps
    }

    fn votes_of(&self, round: &RoundInfo, seat: usize) -> Vec<Vote> {
        let Some(plan) = self.plans.get(&round.epoch) else { return vec![] };
        let Some(ballot) = &plan.ballots[seat] else { return vec![] };
        let Some(status) = Availability::ballot_status(round.epoch, seat as u16) else { return vec![] };
        if round.phase == Phase::Commit {
            let key = &round.frozen.seats[seat].vote_key;
            let commit = || Vote::Commit(ballot.header.commitment(System::block_hash(0), key));
            return status.commit.is_none().then(commit).into_iter().collect();
        }
        if status.commit.is_none() || !plan.reveals[seat] {
            return vec![];
        }
        let header = (!status.header).then(|| Vote::Header(ballot.header.clone()));
        let page = |index: &u32| {
            let page = ballot.pages[*index as usize].clone();
            Vote::Pages { first: *index, pages: RevealedPages::try_from(vec![page]).unwrap() }
        };
        header.into_iter().chain(status.missing.iter().map(page)).collect()
    }

    fn vote(&self, round: &RoundInfo, seat: u16, vote: Vote) -> Option<Step> {
        let key = &round.frozen.seats[usize::from(seat)].vote_key;
        let pair: &VotePair = self.vote_keys.get(key)?;
        let signature = pair.sign(&vote.payload(System::block_hash(0), round.epoch, seat, 0));
        let signed = SignedVote { epoch: round.epoch, seat, retry: 0, vote, signature };
        Some(Step::Xt(Box::new(facts::vote_extrinsic(signed))))
    }
}
