//! What governance may do about an epoch without a quorum: choose inside what was revealed, or let it pass.

use crate::{pallet::*, types::*};
use alloc::vec::Vec;
use frame_support::ensure;
use ratio1_primitives::{
    ballot::{Frozen, Page, Phase},
    width::as_u32,
    AccountId, EpochIndex,
};
use sp_runtime::DispatchResult;

impl<T: Config> Pallet<T> {
    /// The round, if governance may act on it.
    fn unresolved(epoch: EpochIndex) -> Result<Round, Error<T>> {
        let round = Rounds::<T>::get(epoch).filter(|round| round.phase == Phase::Unresolved);
        let round = round.ok_or(Error::<T>::NotUnresolved)?;
        let earliest = round.unresolved_in.plus(round.params.governance_delay);
        ensure!(Self::running_epoch() >= earliest, Error::<T>::TooEarly);
        Ok(round)
    }

    /// Store the bytes chosen for the next page. Nothing is handed on before the last page is chosen, so that an epoch
    /// half chosen can still lapse without having credited anything.
    pub(crate) fn choose_page(epoch: EpochIndex, page: u32, values: Page) -> DispatchResult {
        let mut round = Self::unresolved(epoch)?;
        let frozen = Self::frozen_of(epoch)?;
        ensure!(page == round.chosen && page < frozen.pages(), Error::<T>::WrongPage);
        ensure!(as_u32(values.len()) == frozen.page_len(page), Error::<T>::WrongPageLength);
        let revealed = Self::complete_pages(epoch, &frozen, page)?;
        ensure!(!revealed.is_empty(), Error::<T>::NothingRevealed);
        for (index, value) in values.iter().enumerate() {
            let bytes = || revealed.iter().filter_map(|page| page.get(index));
            let inside = bytes().min() <= Some(value) && bytes().max() >= Some(value);
            ensure!(inside, Error::<T>::ValueOutOfRange);
        }
        FinalisedPages::<T>::insert(epoch, page, values);
        round.chosen = round.chosen.saturating_add(1);
        if round.chosen >= frozen.pages() {
            round.step = Step::Chosen(0);
            round.enter(Phase::Settling, 0, Polled::<T>::get());
        }
        Rounds::<T>::insert(epoch, round);
        Self::deposit_event(Event::PageChosen { epoch, page });
        Ok(())
    }

    /// One page of every complete ballot.
    fn complete_pages(epoch: EpochIndex, frozen: &Frozen<AccountId>, page: u32) -> Result<Vec<Page>, Error<T>> {
        let mut pages = Vec::new();
        for (seat, _) in (0u16..).zip(&frozen.seats) {
            if Casts::<T>::get(epoch, seat).is_some_and(|cast| cast.is_complete(frozen)) {
                pages.push(Self::ballot_page(epoch, page, seat)?);
            }
        }
        Ok(pages)
    }

    /// Close the epoch without credits. Pages chosen so far are of no effect.
    pub(crate) fn let_lapse(epoch: EpochIndex) -> DispatchResult {
        Self::unresolved(epoch)?;
        Self::close_lapsed(epoch, LapseCause::Governance)
    }
}
