//! How a rate is posted, by the oracles or by governance, and whether it holds.

use crate::{pallet::*, types::*, WeightInfo, BOUNDS};
use frame_support::{ensure, weights::Weight};
use ratio1_primitives::{
    economics::price::{is_sane, range_after, Price},
    refusal::PriceRefusal,
    traits::{EpochInspect, PriceInspect},
    EpochIndex,
};

impl<T: Config> Pallet<T> {
    /// The oracles' median of `epoch` is final. To be called at most once for each epoch, in whatever order epochs are
    /// closed; for [`OnEpochEnd::on_price`](ratio1_primitives::traits::OnEpochEnd::on_price).
    pub fn post(epoch: EpochIndex, median: Price) {
        if let Some(newest) = Newest::<T>::get().filter(|newest| epoch <= *newest) {
            return Self::deposit_event(Event::MedianOutdated { epoch, median, newest });
        }
        let now = T::Epochs::current();
        let rates = Posted::<T>::get();
        // ADR 0015: measured from the rate with which this epoch began, so that steps do not add up.
        let (low, high) = rates.map_or(BOUNDS, |rates| range_after(rates.anchor(now).price));
        let price = median.max(low).min(high);
        Newest::<T>::put(epoch);
        Self::store(rates, Rate { price, source: Source::Oracles, epoch, posted: now }, median);
    }

    /// The most that [`Pallet::post`] costs.
    pub fn post_weight() -> Weight {
        T::WeightInfo::post()
    }

    /// Whether governance may set the rate to `price` now; with what it then replaces, and the running epoch.
    pub(crate) fn check_administer(price: Price) -> Result<(Option<Rates>, EpochIndex), Error<T>> {
        ensure!(is_sane(price), Error::<T>::PriceOutOfBounds);
        let now = T::Epochs::current();
        let rates = Posted::<T>::get();
        if let Some(Rates { last, .. }) = rates {
            ensure!(last.source == Source::Administered || !last.holds_in(now), Error::<T>::MarketRateHolds);
            ensure!(last.posted < now, Error::<T>::AlreadyPostedThisEpoch);
            let (low, high) = range_after(last.price);
            ensure!(low <= price && price <= high, Error::<T>::StepTooLarge);
        }
        Ok((rates, now))
    }

    /// Set the rate for governance.
    pub(crate) fn do_administer(price: Price) -> Result<(), Error<T>> {
        let (rates, now) = Self::check_administer(price)?;
        Self::store(rates, Rate { price, source: Source::Administered, epoch: now, posted: now }, price);
        Ok(())
    }

    /// Make `rate` the last one. The one before it is what it was measured against, so that what was posted earlier in
    /// the same epoch gives way, and two rates are never two steps of one epoch.
    fn store(rates: Option<Rates>, rate: Rate, median: Price) {
        let before = rates.map(|rates| rates.anchor(rate.posted));
        Posted::<T>::put(Rates { last: rate, before });
        let Rate { price, source, epoch, .. } = rate;
        Self::deposit_event(Event::RatePosted { epoch, median, rate: price, source });
    }

    /// The last two rates, if the last one holds.
    fn holding() -> Result<Rates, PriceRefusal> {
        let rates = Posted::<T>::get().ok_or(PriceRefusal::Missing)?;
        if rates.last.holds_in(T::Epochs::current()) {
            Ok(rates)
        } else {
            Err(PriceRefusal::Stale(rates.last.posted))
        }
    }
}

impl<T: Config> PriceInspect for Pallet<T> {
    fn rate() -> Result<Price, PriceRefusal> {
        Self::holding().map(|rates| rates.last.price)
    }

    fn lower_rate() -> Result<Price, PriceRefusal> {
        Self::holding().map(|rates| rates.lower())
    }
}
