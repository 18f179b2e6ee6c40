//! Forgetting, a little in every block: ballots after 30 epochs, results after 1080. Nothing of an open round.

use crate::{pallet::*, types::*, WeightInfo, KEEP_BALLOTS, KEEP_HISTORY};
use frame_support::weights::WeightMeter;
use ratio1_primitives::{ballot::Frozen, traits::EpochInspect, AccountId, EpochIndex};

/// Steps of each kind in a block: far more than epochs bring, also while catching up with void epochs.
const STEPS: u32 = 16;

impl<T: Config> Pallet<T> {
    /// Prune within the budget.
    pub(crate) fn prune(budget: &mut WeightMeter) {
        let Some(RunningEpoch { epoch: current, .. }) = Running::<T>::get() else { return };
        let open = <Self as EpochInspect>::oldest_open();
        Self::prune_silences(budget, current, STEPS);
        let mut cursor = BallotsPruned::<T>::get();
        for _ in 0..STEPS {
            if cursor.epoch >= open.min(current.minus(KEEP_BALLOTS)) {
                break;
            }
            let frozen = FrozenSets::<T>::get(cursor.epoch);
            let oracles = frozen.as_ref().map_or(0, Frozen::oracles);
            if budget.try_consume(T::WeightInfo::prune_ballots(oracles)).is_err() {
                break;
            }
            cursor = Self::prune_ballots(cursor, frozen);
            BallotsPruned::<T>::put(cursor);
        }
        // History goes last: the frozen set tells what there is of ballots.
        let ballots = cursor.epoch;
        let mut cursor = HistoryPruned::<T>::get();
        for _ in 0..STEPS {
            let done = cursor.epoch >= ballots.min(current.minus(KEEP_HISTORY));
            if done || budget.try_consume(T::WeightInfo::prune_history()).is_err() {
                break;
            }
            cursor = Self::prune_history(cursor);
            HistoryPruned::<T>::put(cursor);
        }
    }

    /// Remove one page of all ballots of an epoch, or what they have besides pages. Where the next step begins.
    pub(crate) fn prune_ballots(cursor: PruneCursor, frozen: Option<Frozen<AccountId>>) -> PruneCursor {
        let PruneCursor { epoch, page } = cursor;
        let Some(frozen) = frozen else { return after(epoch) };
        let seats = (0u16..).zip(&frozen.seats).map(|(seat, _)| seat);
        if page < frozen.pages() {
            seats.for_each(|seat| BallotPages::<T>::remove((epoch, page, seat)));
            return PruneCursor { epoch, page: page.saturating_add(1) };
        }
        for seat in seats {
            Headers::<T>::remove(epoch, seat);
            Casts::<T>::remove(epoch, seat);
        }
        after(epoch)
    }

    /// Remove one finalised page of an epoch, or what there is besides pages. Where the next step begins.
    pub(crate) fn prune_history(cursor: PruneCursor) -> PruneCursor {
        let PruneCursor { epoch, page } = cursor;
        if FinalisedPages::<T>::take(epoch, page).is_some() {
            return PruneCursor { epoch, page: page.saturating_add(1) };
        }
        FrozenSets::<T>::remove(epoch);
        Tallies::<T>::remove(epoch);
        after(epoch)
    }
}

fn after(epoch: EpochIndex) -> PruneCursor {
    PruneCursor { epoch: epoch.plus(1), page: 0 }
}
