//! Every call, every authorisation, every step of the hook. State is written directly, so that the number of oracles
//! is a component and not what the runtime happens to have.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(clippy::arithmetic_side_effects)]

use super::{hooks::Voted, *};
use alloc::{vec, vec::Vec};
use frame_benchmarking::v2::*;
use frame_support::traits::{Authorize, EnsureOrigin, Time};

use ratio1_primitives::{
    api::{Absence, MAX_ABSENT},
    ballot::{Ballot, Frozen, Page, Phase, RevealedPages, Seat, Summary, Vote, MAX_ORACLES, MAX_PAGES, MAX_REVEAL},
    economics::price::{Price, USD},
    traits::OracleInspect,
    AccountId, EpochIndex, Hash, LicenseId, VoteId, VoteSignature, PAGE_SIZE,
};
use sp_application_crypto::RuntimeAppPublic;
use sp_runtime::transaction_validity::TransactionSource;

/// What the neighbours must have for a report of absence.
pub trait BenchmarkHelper {
    /// As many active oracles as there can be, of which the last votes with `key`, and `n` licenses with slots, in order.
    fn working(key: &VoteId, n: u32) -> Vec<LicenseId>;
}

const EPOCH: EpochIndex = EpochIndex(10);

fn key() -> VoteId {
    VoteId::generate_pair(None)
}

/// A full set of seats, of which the last has `key`.
fn seats(n: u32, key: &VoteId) -> Vec<Seat<AccountId>> {
    (0..n).map(|i| Seat { oracle: account("oracle", i, 0), license: LicenseId(i), vote_key: key.clone() }).collect()
}

fn running(n: u32) -> RunningEpoch {
    let oracles = (0..n).map(|i| account("oracle", i, 0)).collect::<Vec<AccountId>>();
    let (params, oracles) = (Parameters::default(), PerSeat::truncate_from(oracles));
    RunningEpoch { epoch: EPOCH.plus(1), params, oracles, gaps: Default::default() }
}

/// A round of `n` oracles and `pages` full pages, in `phase`.
fn round<T: Config>(epoch: EpochIndex, n: u32, pages: u32, phase: Phase, key: &VoteId) -> Round {
    Running::<T>::put(running(n));
    let params = Parameters::default().epoch_params(EpochLength::<T>::get());
    let seats = PerSeat::truncate_from(seats(n, key));
    let (licenses, gaps) = (pages * PAGE_SIZE, Default::default());
    FrozenSets::<T>::insert(epoch, Frozen { seats, licenses, services: 0, params, gaps });
    let mut round = Round::new(Parameters::default(), Polled::<T>::get());
    round.enter(phase, 100, Polled::<T>::get());
    Rounds::<T>::insert(epoch, &round);
    Open::<T>::mutate(|open| open.try_push(epoch)).expect("room for a round");
    round
}

fn ballot(pages: u32) -> Ballot {
    let bytes = vec![255; (pages * PAGE_SIZE) as usize];
    let summary = Summary { epoch: EPOCH, salt: [1; 32], coverage: 255, price: Some(USD), ..Default::default() };
    Ballot::new(summary, &bytes, &[]).expect("a ballot that fits")
}

/// The complete ballots of `n` oracles, no two pages alike.
fn complete<T: Config>(epoch: EpochIndex, n: u32, pages: u32) {
    let key = FrozenSets::<T>::get(epoch).expect("a frozen set").seats.last().expect("a seat").vote_key.clone();
    for seat in 0..n as u16 {
        let ballot = ballot(pages);
        Commits::<T>::insert(epoch, seat, ballot.header.commitment(Pallet::<T>::genesis_hash(), &key));
        Headers::<T>::insert(epoch, seat, ballot.header);
        for page in 0..pages {
            // Scattered, so that no median is found at once.
            let bytes: Vec<u8> = (0..PAGE_SIZE).map(|i| (i * 7 + u32::from(seat) * 37) as u8).collect();
            BallotPages::<T>::insert((epoch, page, seat), Page::truncate_from(bytes));
        }
        let on_oracles = PerSeat::truncate_from(vec![255; n as usize]);
        // Scattered too, and all sane.
        let price = Some(USD.saturating_add(Price::from(seat.wrapping_mul(37) % 101)));
        Casts::<T>::insert(
            epoch,
            seat,
            Cast { coverage: 255, price, finalised: seat.into(), revealed: pages, on_oracles },
        );
    }
    Rounds::<T>::mutate(epoch, |round| {
        let round = round.as_mut().expect("a round");
        (round.committed, round.complete) = (n, n);
    });
}

fn eligible<T: Config>(epoch: EpochIndex, n: u32) {
    let tally = Tally { coverage: Some(255), complete: true, eligible: true, strays: 0 };
    Tallies::<T>::insert(epoch, PerSeat::truncate_from(vec![tally; n as usize]));
}

fn sign<T: Config>(key: &VoteId, vote: &Vote) -> VoteSignature {
    key.sign(&vote.payload(Pallet::<T>::genesis_hash(), EPOCH, 0, 0)).expect("the key was generated here")
}

fn commit_call<T: Config>() -> Call<T> {
    let key = key();
    round::<T>(EPOCH, MAX_ORACLES, 98, Phase::Commit, &key);
    let hash = Hash::repeat_byte(1);
    Call::commit { epoch: EPOCH, seat: 0, hash, retry: 0, signature: sign::<T>(&key, &Vote::Commit(hash)) }
}

fn header_call<T: Config>(pages: u32) -> Call<T> {
    let key = key();
    round::<T>(EPOCH, MAX_ORACLES, pages, Phase::Reveal, &key);
    let header = ballot(pages).header;
    Commits::<T>::insert(EPOCH, 0, header.commitment(Pallet::<T>::genesis_hash(), &key));
    let signature = sign::<T>(&key, &Vote::Header(header.clone()));
    Call::reveal_header { epoch: EPOCH, seat: 0, header, retry: 0, signature }
}

/// The last reveal of a ballot of exactly these pages.
fn pages_call<T: Config>(pages: u32) -> Call<T> {
    let key = key();
    round::<T>(EPOCH, MAX_ORACLES, pages, Phase::Reveal, &key);
    let ballot = ballot(pages);
    Commits::<T>::insert(EPOCH, 0, ballot.header.commitment(Pallet::<T>::genesis_hash(), &key));
    Headers::<T>::insert(EPOCH, 0, ballot.header);
    let on_oracles = PerSeat::truncate_from(vec![0; MAX_ORACLES as usize]);
    Casts::<T>::insert(EPOCH, 0, Cast { coverage: 255, price: Some(USD), finalised: 0, revealed: 0, on_oracles });
    let revealed = RevealedPages::truncate_from(ballot.pages);
    let signature = sign::<T>(&key, &Vote::Pages { first: 0, pages: revealed.clone() });
    Call::reveal_pages { epoch: EPOCH, seat: 0, first: 0, pages: revealed, retry: 0, signature }
}

/// The report of the last of all oracles that are needed, which names `n` licenses with slots.
fn absence_call<T: Config>(n: u32) -> Call<T> {
    let voter = key();
    let licenses = T::BenchmarkHelper::working(&voter, n);
    let oracles = T::Oracles::active().into_iter().map(|seat| seat.oracle).collect::<Vec<_>>();
    let needed = ratio1_primitives::apbft::quorum(oracles.len() as u32);
    // The epoch that begins now, whatever the time is.
    let epoch = EpochIndex(0);
    Running::<T>::put(RunningEpoch { epoch, oracles: PerSeat::truncate_from(oracles), ..running(1) });
    let (genesis_moment, epoch_ms) = (T::Time::now(), EpochLength::<T>::get());
    Clock::<T>::put(ratio1_primitives::ClockParams { genesis_moment, epoch_ms });
    for license in &licenses {
        let mut silence = Silence::new(0);
        (0..needed.saturating_sub(1) as u16).for_each(|seat| {
            silence.note(0, seat);
        });
        Silences::<T>::insert(epoch, license, silence);
    }
    let absence = Absence { epoch, slot: 0, licenses: frame_support::BoundedVec::truncate_from(licenses) };
    let payload = absence.payload(Pallet::<T>::genesis_hash(), &voter);
    let signature = voter.sign(&payload).expect("the key was generated here");
    Call::report_absence { voter, absence, signature }
}

fn authorise<T: Config>(call: &Call<T>) -> Result<(), BenchmarkError> {
    call.authorize(TransactionSource::External).ok_or("a vote is an authorised call")?.map_err(|_| "refused")?;
    Ok(())
}

fn dispatch<T: Config>(call: Call<T>) -> Result<(), BenchmarkError> {
    use frame_support::traits::UnfilteredDispatchable;
    call.dispatch_bypass_filter(frame_system::Origin::<T>::Authorized.into()).map_err(|e| e.error)?;
    Ok(())
}

fn admin<T: Config>() -> Result<T::RuntimeOrigin, BenchmarkError> {
    T::AdminOrigin::try_successful_origin().map_err(|()| BenchmarkError::Weightless)
}

#[benchmarks]
mod benchmarks {
    use super::*;

    #[benchmark]
    fn commit() -> Result<(), BenchmarkError> {
        let call = commit_call::<T>();
        #[block]
        {
            dispatch(call)?;
        }
        assert!(Commits::<T>::contains_key(EPOCH, 0));
        Ok(())
    }

    #[benchmark]
    fn authorize_commit() -> Result<(), BenchmarkError> {
        let call = commit_call::<T>();
        #[block]
        {
            authorise(&call)?;
        }
        Ok(())
    }

    #[benchmark]
    fn reveal_header(p: Linear<1, MAX_PAGES>) -> Result<(), BenchmarkError> {
        let call = header_call::<T>(p);
        #[block]
        {
            dispatch(call)?;
        }
        assert!(Headers::<T>::contains_key(EPOCH, 0));
        Ok(())
    }

    #[benchmark]
    fn authorize_reveal_header(p: Linear<1, MAX_PAGES>) -> Result<(), BenchmarkError> {
        let call = header_call::<T>(p);
        #[block]
        {
            authorise(&call)?;
        }
        Ok(())
    }

    #[benchmark]
    fn reveal_pages(p: Linear<1, MAX_REVEAL>) -> Result<(), BenchmarkError> {
        let call = pages_call::<T>(p);
        #[block]
        {
            dispatch(call)?;
        }
        assert_eq!(Rounds::<T>::get(EPOCH).map(|round| round.complete), Some(1));
        Ok(())
    }

    #[benchmark]
    fn authorize_reveal_pages(p: Linear<1, MAX_REVEAL>) -> Result<(), BenchmarkError> {
        let call = pages_call::<T>(p);
        #[block]
        {
            authorise(&call)?;
        }
        Ok(())
    }

    #[benchmark]
    fn resolve_page(n: Linear<1, MAX_ORACLES>) -> Result<(), BenchmarkError> {
        let mut stuck = round::<T>(EPOCH, n, 2, Phase::Unresolved, &key());
        stuck.unresolved_in = EpochIndex(0);
        Rounds::<T>::insert(EPOCH, stuck);
        complete::<T>(EPOCH, n, 2);
        let values = BallotPages::<T>::get((EPOCH, 0, 0)).ok_or("a revealed page")?;
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, EPOCH, 0, values);
        assert!(FinalisedPages::<T>::contains_key(EPOCH, 0));
        Ok(())
    }

    #[benchmark]
    fn lapse() -> Result<(), BenchmarkError> {
        let mut stuck = round::<T>(EPOCH, MAX_ORACLES, 1, Phase::Unresolved, &key());
        stuck.unresolved_in = EpochIndex(0);
        Rounds::<T>::insert(EPOCH, stuck);
        eligible::<T>(EPOCH, MAX_ORACLES);
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, EPOCH);
        assert!(Records::<T>::contains_key(EPOCH));
        Ok(())
    }

    #[benchmark]
    fn set_parameters() -> Result<(), BenchmarkError> {
        let parameters = Parameters { beat_ms: 1_000, ..Default::default() };
        let origin = admin::<T>()?;
        #[extrinsic_call]
        _(origin as T::RuntimeOrigin, parameters);
        assert_eq!(NextParameters::<T>::get(), parameters);
        Ok(())
    }

    /// Every round leaves its commit window.
    #[benchmark]
    fn poll(o: Linear<0, MAX_OPEN>) {
        let key = key();
        Running::<T>::put(running(MAX_ORACLES));
        Clock::<T>::put(ratio1_primitives::ClockParams { genesis_moment: u64::MAX, epoch_ms: 1 });
        for i in 0..o {
            let epoch = EpochIndex(i);
            let mut round = round::<T>(epoch, MAX_ORACLES, 1, Phase::Commit, &key);
            round.length = 0;
            Rounds::<T>::insert(epoch, round);
        }
        let mut meter = frame_support::weights::WeightMeter::new();
        #[block]
        {
            Pallet::<T>::poll(&mut meter);
        }
        assert!(Rounds::<T>::iter_values().all(|round| round.phase == Phase::Reveal));
    }

    /// The dearest: an epoch is frozen, the oldest round lapses for it, and epochs are skipped.
    #[benchmark]
    fn roll_over(n: Linear<1, MAX_ORACLES>) -> Result<(), BenchmarkError> {
        let key = key();
        for i in 0..MAX_OPEN {
            round::<T>(EpochIndex(i), n, 1, Phase::Commit, &key);
            eligible::<T>(EpochIndex(i), n);
        }
        let ended = RunningEpoch { epoch: EpochIndex(MAX_OPEN), ..running(n) };
        let opened: Vec<AccountId> = ended.oracles.to_vec();
        let next = EpochIndex(MAX_OPEN + 3);
        #[block]
        {
            Pallet::<T>::roll_over(ended, next, seats(n, &key), Voted { licenses: 1, services: 1 }, opened, 1)?;
        }
        assert_eq!(Running::<T>::get().map(|running| running.epoch), Some(next));
        Ok(())
    }

    #[benchmark]
    fn settle_eligibility(n: Linear<1, MAX_ORACLES>) -> Result<(), BenchmarkError> {
        let _ = round::<T>(EPOCH, n, 1, Phase::Settling, &key());
        complete::<T>(EPOCH, n, 1);
        let (round, frozen) = (Rounds::<T>::get(EPOCH).ok_or("round")?, FrozenSets::<T>::get(EPOCH).ok_or("frozen")?);
        #[block]
        {
            Pallet::<T>::decide_eligibility(EPOCH, round, &frozen, 1)?;
        }
        let counted = Rounds::<T>::get(EPOCH).ok_or("round")?;
        assert_eq!((counted.step, counted.price.is_some()), (Step::Median(0), true));
        Ok(())
    }

    /// The dearest: a full page, and the epoch is closed with it.
    #[benchmark]
    fn settle_page(n: Linear<1, MAX_ORACLES>) -> Result<(), BenchmarkError> {
        let _ = round::<T>(EPOCH, n, 1, Phase::Settling, &key());
        complete::<T>(EPOCH, n, 1);
        eligible::<T>(EPOCH, n);
        let mut round = Rounds::<T>::get(EPOCH).ok_or("round")?;
        round.price = Some(USD);
        #[block]
        {
            let frozen = FrozenSets::<T>::get(EPOCH).ok_or("frozen")?;
            Pallet::<T>::settle_page(EPOCH, round, &frozen, 0)?;
        }
        assert!(Records::<T>::contains_key(EPOCH));
        Ok(())
    }

    #[benchmark]
    fn settle_chosen() -> Result<(), BenchmarkError> {
        let round = round::<T>(EPOCH, MAX_ORACLES, 1, Phase::Settling, &key());
        FinalisedPages::<T>::insert(EPOCH, 0, Page::truncate_from(vec![255; PAGE_SIZE as usize]));
        #[block]
        {
            let frozen = FrozenSets::<T>::get(EPOCH).ok_or("frozen")?;
            Pallet::<T>::hand_on_chosen(EPOCH, round, &frozen, 0)?;
        }
        assert!(Records::<T>::contains_key(EPOCH));
        Ok(())
    }

    #[benchmark]
    fn prune_ballots(n: Linear<0, MAX_ORACLES>) {
        let _ = round::<T>(EPOCH, n, 1, Phase::Settling, &key());
        complete::<T>(EPOCH, n, 1);
        // The last step removes two values for each seat.
        let cursor = PruneCursor { epoch: EPOCH, page: 1 };
        let after;
        #[block]
        {
            after = Pallet::<T>::prune_ballots(cursor, FrozenSets::<T>::get(EPOCH));
            BallotsPruned::<T>::put(after);
        }
        assert_eq!(after, PruneCursor { epoch: EPOCH.plus(1), page: 0 });
    }

    #[benchmark]
    fn prune_history() {
        let _ = round::<T>(EPOCH, MAX_ORACLES, 1, Phase::Settling, &key());
        eligible::<T>(EPOCH, MAX_ORACLES);
        let cursor = PruneCursor { epoch: EPOCH, page: 1 };
        let after;
        #[block]
        {
            after = Pallet::<T>::prune_history(cursor);
            HistoryPruned::<T>::put(after);
        }
        assert_eq!(after, PruneCursor { epoch: EPOCH.plus(1), page: 0 });
    }

    /// The dearest: each license named is the last that a node needs to be absent.
    #[benchmark]
    fn report_absence(n: Linear<1, MAX_ABSENT>) -> Result<(), BenchmarkError> {
        let call = absence_call::<T>(n);
        #[block]
        {
            dispatch(call)?;
        }
        assert_eq!(Absentees::<T>::get().len() as u32, n);
        Ok(())
    }

    #[benchmark]
    fn authorize_report_absence(n: Linear<1, MAX_ABSENT>) -> Result<(), BenchmarkError> {
        let call = absence_call::<T>(n);
        #[block]
        {
            authorise(&call)?;
        }
        Ok(())
    }

    #[benchmark]
    fn prune_silences() {
        for license in 0..=absence::FORGET {
            Silences::<T>::insert(EPOCH, LicenseId(license), Silence::new(0));
        }
        let after;
        #[block]
        {
            after = Pallet::<T>::forget_silences(EPOCH);
            SilencesPruned::<T>::put(after);
        }
        assert_eq!((after, Silences::<T>::iter_prefix(EPOCH).count()), (EPOCH, 1));
    }

    impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(4, 10), crate::mock::Test);
}
