//! What must hold after every block.

use crate::{pallet::*, types::*};
use frame_support::ensure;
use ratio1_primitives::{
    apbft,
    ballot::{page_hash, Frozen, Phase},
    economics::price::is_sane,
    traits::LicenseInspect,
    width::{as_u32, as_usize},
    AccountId, EpochIndex,
};
use sp_runtime::TryRuntimeError;

type Check = Result<(), TryRuntimeError>;

impl<T: Config> Pallet<T> {
    /// All invariants of this pallet.
    pub fn do_try_state() -> Check {
        let valid = NextParameters::<T>::get().validate(EpochLength::<T>::get());
        ensure!(valid.is_ok(), "parameters are out of bounds");
        let Some(running) = Running::<T>::get() else {
            ensure!(Clock::<T>::get().is_none(), "a clock without an epoch");
            ensure!(Rounds::<T>::iter().next().is_none(), "a round before the first epoch");
            return Ok(());
        };
        ensure!(running.params.validate(EpochLength::<T>::get()).is_ok(), "the epoch's parameters are out of bounds");
        let clock = Clock::<T>::get().ok_or("an epoch without a clock")?;
        ensure!(clock.epoch_ms == EpochLength::<T>::get(), "the epoch's length changed");
        Self::check_open(running.epoch)?;
        let newest = LastFinalised::<T>::get();
        let known = |epoch| Records::<T>::get(epoch).is_some_and(|record| record.ending != Ending::Lapsed);
        ensure!(newest.is_none_or(known), "the newest finalised epoch is not");
        for (epoch, round) in Rounds::<T>::iter() {
            Self::check_round(epoch, round)?;
        }
        for (epoch, record) in Records::<T>::iter() {
            Self::check_record(epoch, record, running.epoch)?;
        }
        Self::check_silences(&running)?;
        Self::check_pages_belong()
    }

    /// What was said of absence is of oracles there are, not too old, and not enough; who is absent waits once.
    fn check_silences(running: &RunningEpoch) -> Check {
        let oracles = running.oracles.len();
        ensure!(Reported::<T>::get().len() <= oracles, "a report of no oracle");
        let pruned = SilencesPruned::<T>::get();
        ensure!(pruned <= running.epoch, "what is said now is forgotten");
        let absentees = Absentees::<T>::get();
        for (epoch, license, silence) in Silences::<T>::iter() {
            ensure!(pruned <= epoch && epoch <= running.epoch, "absence in an epoch that is forgotten");
            let quorum = apbft::quorum(u32::try_from(oracles).unwrap_or(u32::MAX));
            ensure!(epoch < running.epoch || silence.count() < quorum, "absent, and its slots do not move");
            ensure!(silence.count() > 0 && license.0 < T::Licenses::count(), "absence of no license");
        }
        let unique = absentees
            .iter()
            .enumerate()
            .all(|(n, license)| absentees.iter().skip(n.saturating_add(1)).all(|l| l != license));
        ensure!(unique, "a license waits twice");
        let gaps = running.gaps.iter().map(|gap| (gap.from, gap.to)).collect::<alloc::vec::Vec<_>>();
        let slots = running.params.epoch_params(EpochLength::<T>::get()).slots;
        let (ordered, within) =
            (gaps.is_sorted_by(|a, b| a.1 < b.0), gaps.iter().all(|gap| gap.0 < gap.1 && gap.1 <= slots));
        ensure!(ordered && within, "gaps out of order, or past the epoch");
        ensure!(LastOutage::<T>::get().is_none_or(|outage| outage.from < outage.until), "an outage that ends first");
        Ok(())
    }

    fn check_open(running: EpochIndex) -> Check {
        let open = Open::<T>::get();
        ensure!(open.windows(2).all(|pair| pair.first() < pair.last()), "open rounds are out of order");
        ensure!(open.iter().all(|e| *e < running && *e > FirstEpoch::<T>::get()), "an open round that cannot be");
        ensure!(open.iter().all(Rounds::<T>::contains_key), "an open epoch without a round");
        ensure!(Rounds::<T>::iter().count() == open.len(), "a round that is not open");
        let credited = Rounds::<T>::iter_values().filter(Round::has_credited).count();
        ensure!(credited <= 1, "more than one round is half handed on");
        Ok(())
    }

    fn check_round(epoch: EpochIndex, round: Round) -> Check {
        let frozen = FrozenSets::<T>::get(epoch).ok_or("a round without a frozen set")?;
        ensure!(!Records::<T>::contains_key(epoch), "a round that is closed");
        let commits = Commits::<T>::iter_key_prefix(epoch);
        ensure!(as_u32(commits.count()) == round.committed, "commits are miscounted");
        ensure!(Commits::<T>::iter_key_prefix(epoch).all(|s| u32::from(s) < frozen.oracles()), "a commit without seat");
        let complete = Casts::<T>::iter_prefix_values(epoch).filter(|cast| cast.is_complete(&frozen)).count();
        ensure!(as_u32(complete) == round.complete, "complete ballots are miscounted");
        ensure!(round.reopened <= round.params.reopenings, "reopened too often");
        for (seat, cast) in Casts::<T>::iter_prefix(epoch) {
            Self::check_ballot(epoch, seat, cast, &frozen)?;
        }
        let settled = match (round.phase, round.step) {
            (Phase::Settling, Step::Median(page)) => page,
            _ => round.chosen,
        };
        ensure!(settled <= frozen.pages(), "a cursor past the last page");
        ensure!(round.phase != Phase::Unresolved || round.shortfall.is_some(), "unresolved without a reason");
        let counted = round.phase == Phase::Settling && matches!(round.step, Step::Median(_));
        ensure!(round.price.is_none() || counted, "a price without a quorum");
        ensure!(round.known.is_none() || counted, "what was known without a quorum");
        ensure!(round.price.is_none_or(is_sane), "a price out of bounds");
        ensure!((0..frozen.license_pages()).all(Self::page_step_fits), "a page that no block has room for");
        Self::check_results(epoch, &frozen, settled)
    }

    fn check_ballot(epoch: EpochIndex, seat: u16, cast: Cast, frozen: &Frozen<AccountId>) -> Check {
        let header = Headers::<T>::get(epoch, seat).ok_or("a ballot without a header")?;
        let commit = Commits::<T>::get(epoch, seat).ok_or("a ballot without a commit")?;
        let key = &frozen.seats.get(usize::from(seat)).ok_or("a ballot without a seat")?.vote_key;
        ensure!(header.commitment(Self::genesis_hash(), key) == commit, "a header that was not committed to");
        let same = header.price == cast.price && header.coverage == cast.coverage && header.finalised == cast.finalised;
        ensure!(same, "a header miscopied");
        let mut revealed = 0u32;
        for index in 0..frozen.pages() {
            let Some(page) = BallotPages::<T>::get((epoch, index, seat)) else { continue };
            revealed = revealed.saturating_add(1);
            ensure!(header.page_hashes.get(as_usize(index)) == Some(&page_hash(&page)), "a page not in its header");
            ensure!(as_u32(page.len()) == frozen.page_len(index), "a page of the wrong length");
        }
        ensure!(revealed == cast.revealed, "revealed pages are miscounted");
        Ok(())
    }

    fn check_record(epoch: EpochIndex, record: EpochRecord, running: EpochIndex) -> Check {
        ensure!(epoch < running, "a closed epoch that runs");
        ensure!(record.eligible <= record.complete && record.complete <= record.seats, "more ballots than seats");
        ensure!((record.ending == Ending::Finalised) == record.known.is_some(), "what was known of no result");
        if record.ending == Ending::Lapsed || epoch <= HistoryPruned::<T>::get().epoch {
            return Ok(());
        }
        let frozen = FrozenSets::<T>::get(epoch).ok_or("a finalised epoch without a frozen set")?;
        let quorum = record.eligible >= frozen.quorum();
        ensure!(quorum || record.ending == Ending::Chosen, "finalised without a quorum");
        ensure!(record.licenses == frozen.licenses, "the number of licenses changed");
        Self::check_results(epoch, &frozen, frozen.pages())
    }

    /// Exactly the first `count` pages exist, and none has a byte beyond the last license.
    fn check_results(epoch: EpochIndex, frozen: &Frozen<AccountId>, count: u32) -> Check {
        ensure!(as_u32(FinalisedPages::<T>::iter_key_prefix(epoch).count()) == count, "results missing or too many");
        for (index, page) in FinalisedPages::<T>::iter_prefix(epoch) {
            ensure!(index < count, "a result out of order");
            ensure!(as_u32(page.len()) == frozen.page_len(index), "a result of the wrong length");
        }
        Ok(())
    }

    /// No page, header or cast of an epoch that was never frozen or is pruned.
    fn check_pages_belong() -> Check {
        let kept = BallotsPruned::<T>::get().epoch;
        let known = |epoch: EpochIndex| epoch >= kept && FrozenSets::<T>::contains_key(epoch);
        ensure!(BallotPages::<T>::iter_keys().all(|(epoch, _, _)| known(epoch)), "a page of no epoch");
        ensure!(Headers::<T>::iter_keys().all(|(epoch, _)| known(epoch)), "a header of no epoch");
        ensure!(Casts::<T>::iter_keys().all(|(epoch, _)| known(epoch)), "a ballot of no epoch");
        Ok(())
    }
}
