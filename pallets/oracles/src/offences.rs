//! What a proven offence costs.

use crate::{Config, Event, Mark, Marked, Oracles, Pallet, RemovalReason, SessionInspect, WeightInfo};
use frame_support::{defensive, weights::Weight};
use pallet_session::SessionInterface;
use sp_runtime::Perbill;
use sp_staking::{
    offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
    SessionIndex,
};

impl<T: Config> OnOffenceHandler<T::AccountId, (T::AccountId, ()), Weight> for Pallet<T> {
    /// Mark, disable and remove each offender; nothing for those to whom it has been done. One that neither is
    /// admitted nor serves any more has left for good and is past caring.
    fn on_offence(
        offenders: &[OffenceDetails<T::AccountId, (T::AccountId, ())>],
        fractions: &[Perbill],
        _: SessionIndex,
    ) -> Weight {
        let severities = fractions.iter().copied().chain(core::iter::repeat(Perbill::one()));
        for (details, severity) in offenders.iter().zip(severities) {
            Self::punish(&details.offender.0, severity);
        }
        T::WeightInfo::on_offence(u32::try_from(offenders.len()).unwrap_or(u32::MAX))
    }
}

impl<T: Config> Pallet<T> {
    fn punish(who: &T::AccountId, severity: Perbill) {
        let license = Oracles::<T>::get().into_iter().find(|record| record.oracle == *who).map(|record| record.license);
        if license.is_none() && !Self::is_serving(who) {
            return;
        }
        let news = Self::mark(who, severity);
        Self::disable(who, severity);
        let removed = license.is_some_and(|license| Self::do_remove(license, RemovalReason::Offence).is_ok());
        if news || removed {
            Self::deposit_event(Event::OracleOffended { oracle: who.clone(), removed });
        }
    }

    /// Remember an offender; `false` if it was.
    fn mark(who: &T::AccountId, severity: Perbill) -> bool {
        Marked::<T>::mutate(|marks| match marks.iter_mut().find(|mark| mark.oracle == *who) {
            Some(mark) => {
                mark.severity = mark.severity.max(severity);
                false
            }
            None => {
                if marks.try_push(Mark { oracle: who.clone(), severity }).is_err() {
                    defensive!("more marks than oracles");
                }
                true
            }
        })
    }

    /// Disable an active validator, as far as the session pallet's strategy permits.
    fn disable(who: &T::AccountId, severity: Perbill) {
        if T::Session::is_disabled(who) {
            return;
        }
        T::Session::report_offence(who.clone(), OffenceSeverity(severity));
        if T::Session::is_disabled(who) {
            Self::deposit_event(Event::OracleDisabled { oracle: who.clone() });
        }
    }

    /// Disable whom the session pallet has forgotten because the set changed.
    pub(crate) fn disable_marked() {
        for mark in Marked::<T>::get() {
            Self::disable(&mark.oracle, mark.severity);
        }
    }
}
