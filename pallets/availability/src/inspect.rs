//! What others may ask: the traits of the other pallets, and the facts behind the runtime API.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use frame_support::traits::Time;
use ratio1_primitives::{
    api::{BallotStatus, ClockInfo, EpochInfo, EpochState, RoundInfo, SeatInfo},
    ballot::{Frozen, Page, Phase},
    traits::{AvailabilityProvider, ClockInspect, EpochInspect},
    width::as_usize,
    AccountId, BlockNumber, ClockParams, EpochIndex, LicenseId,
};

impl<T: Config> EpochInspect for Pallet<T> {
    fn current() -> EpochIndex {
        Self::running_epoch()
    }

    fn is_closed(epoch: EpochIndex) -> bool {
        epoch < Self::running_epoch() && !Rounds::<T>::contains_key(epoch)
    }

    fn oldest_open() -> EpochIndex {
        Open::<T>::get().first().copied().unwrap_or_else(Self::running_epoch)
    }

    fn open_epochs() -> Vec<EpochIndex> {
        Open::<T>::get().into_inner()
    }
}

impl<T: Config> AvailabilityProvider for Pallet<T> {
    fn byte(epoch: EpochIndex, license: LicenseId) -> Option<u8> {
        Pallet::<T>::byte(epoch, license)
    }

    fn last_finalised() -> Option<EpochIndex> {
        LastFinalised::<T>::get()
    }

    fn threshold(epoch: EpochIndex) -> Option<u8> {
        FrozenSets::<T>::get(epoch).map(|frozen| frozen.params.threshold)
    }

    fn known(epoch: EpochIndex) -> Option<BlockNumber> {
        Records::<T>::get(epoch)?.known
    }

    fn service_page(epoch: EpochIndex, page: u32) -> Option<Page> {
        Records::<T>::get(epoch).filter(|record| record.ending != Ending::Lapsed)?;
        let first = FrozenSets::<T>::get(epoch)?.license_pages();
        FinalisedPages::<T>::get(epoch, first.checked_add(page)?)
    }
}

impl<T: Config> ClockInspect for Pallet<T> {
    fn clock() -> Option<ClockParams> {
        Clock::<T>::get()
    }
}

impl<T: Config> Pallet<T> {
    /// The running epoch; the zeroth before block 1.
    pub(crate) fn running_epoch() -> EpochIndex {
        Running::<T>::get().map_or(EpochIndex(0), |running| running.epoch)
    }

    /// The clock and the running epoch.
    pub fn clock_info() -> ClockInfo {
        let epoch_ms = EpochLength::<T>::get();
        let running = Running::<T>::get();
        let params = match &running {
            Some(running) => running.expectation(epoch_ms),
            None => NextParameters::<T>::get().epoch_params(epoch_ms),
        };
        ClockInfo { clock: Clock::<T>::get(), current: Self::running_epoch(), params }
    }

    /// The block's time in Unix milliseconds, by which epochs open.
    pub fn now() -> u64 {
        T::Time::now()
    }

    /// The rounds that are not closed, oldest first.
    pub fn rounds() -> Vec<RoundInfo> {
        let polled = Polled::<T>::get();
        let info = |epoch| {
            let round = Rounds::<T>::get(epoch)?;
            let frozen = FrozenSets::<T>::get(epoch)?;
            let (age, reopened) = (round.age(polled), round.reopened);
            Some(RoundInfo { epoch, phase: round.phase, age, length: round.length, reopened, frozen })
        };
        Open::<T>::get().into_iter().filter_map(info).collect()
    }

    /// What a seat has cast in an epoch, while its ballots are kept.
    pub fn ballot_status(epoch: EpochIndex, seat: u16) -> Option<BallotStatus> {
        let frozen = FrozenSets::<T>::get(epoch)?;
        frozen.seats.get(usize::from(seat))?;
        let missing = |page: &u32| !BallotPages::<T>::contains_key((epoch, *page, seat));
        Some(BallotStatus {
            commit: Commits::<T>::get(epoch, seat),
            header: Headers::<T>::contains_key(epoch, seat),
            missing: (0..frozen.pages()).filter(missing).collect(),
        })
    }

    /// Where an epoch stands.
    pub(crate) fn state_of(epoch: EpochIndex) -> EpochState {
        match Running::<T>::get() {
            Some(running) if epoch < running.epoch => Self::state_of_ended(epoch),
            Some(running) if epoch == running.epoch => EpochState::Running,
            _ => EpochState::Future,
        }
    }

    fn state_of_ended(epoch: EpochIndex) -> EpochState {
        if let Some(round) = Rounds::<T>::get(epoch) {
            return match (round.phase, round.shortfall) {
                (Phase::Unresolved, Some(shortfall)) => EpochState::Unresolved(shortfall),
                (phase, _) => EpochState::Voting(phase),
            };
        }
        match Records::<T>::get(epoch).map(|record| record.ending) {
            Some(Ending::Finalised | Ending::Chosen) => EpochState::Finalised,
            Some(Ending::Lapsed) => EpochState::Lapsed,
            None => EpochState::Void,
        }
    }

    /// State, voters and ballots of an epoch.
    pub fn epoch_info(epoch: EpochIndex) -> EpochInfo {
        let frozen = FrozenSets::<T>::get(epoch);
        let ballots = frozen.as_ref().map_or_else(Vec::new, |frozen| Self::seats_of(epoch, frozen));
        EpochInfo { epoch, state: Self::state_of(epoch), frozen, ballots }
    }

    /// Each seat's part: from its ballot while that is kept, then from the last count.
    fn seats_of(epoch: EpochIndex, frozen: &Frozen<AccountId>) -> Vec<SeatInfo> {
        let tallies = Tallies::<T>::get(epoch);
        let info = |(index, seat): (u16, &ratio1_primitives::ballot::Seat<AccountId>)| {
            let tally = tallies.get(usize::from(index)).copied().unwrap_or_default();
            let cast = Casts::<T>::get(epoch, index);
            SeatInfo {
                seat: seat.clone(),
                committed: Commits::<T>::contains_key(epoch, index),
                coverage: cast.as_ref().map(|cast| cast.coverage).or(tally.coverage),
                complete: cast.map_or(tally.complete, |cast| cast.is_complete(frozen)),
                eligible: tally.eligible,
                strays: tally.strays,
            }
        };
        (0u16..).zip(&frozen.seats).map(info).collect()
    }

    /// What each complete ballot gives a license, and whether it counted. Kept [`crate::KEEP_BALLOTS`] epochs.
    pub fn reported(epoch: EpochIndex, license: LicenseId) -> Vec<(AccountId, u8, bool)> {
        let Some(frozen) = FrozenSets::<T>::get(epoch).filter(|frozen| license.0 < frozen.licenses) else {
            return Vec::new();
        };
        let tallies = Tallies::<T>::get(epoch);
        let report = |(index, seat): (u16, &ratio1_primitives::ballot::Seat<AccountId>)| {
            Casts::<T>::get(epoch, index).filter(|cast| cast.is_complete(&frozen))?;
            let page = BallotPages::<T>::get((epoch, license.page(), index))?;
            let eligible = tallies.get(usize::from(index)).is_some_and(|tally| tally.eligible);
            Some((seat.oracle.clone(), *page.get(as_usize(license.offset()))?, eligible))
        };
        (0u16..).zip(&frozen.seats).filter_map(report).collect()
    }

    /// The final byte of a license in an epoch. `None` if the epoch is not finalised, lapsed, is older than
    /// [`crate::KEEP_HISTORY`] epochs, or ended before the license existed.
    pub fn byte(epoch: EpochIndex, license: LicenseId) -> Option<u8> {
        Records::<T>::get(epoch).filter(|record| record.ending != Ending::Lapsed && license.0 < record.licenses)?;
        FinalisedPages::<T>::get(epoch, license.page())?.get(as_usize(license.offset())).copied()
    }
}
