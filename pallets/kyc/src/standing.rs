//! What follows from the records: admission and standing.

use crate::{AccountStatus, Attestations, Config, Entities, Pallet, Prohibitions, Record, GRACE_EPOCHS};
use frame_support::ensure;
use ratio1_primitives::{
    kyc::Attestation,
    refusal::KycRefusal,
    traits::{EpochInspect, IsOracle, KycInspect},
    EpochIndex,
};

impl<T: Config> Pallet<T> {
    /// The first epoch in which a revocation, of the account or of its entity, ends standing.
    fn revoked_from(record: &Record<T::AccountId>) -> Option<EpochIndex> {
        let entity = Entities::<T>::get(record.attestation.entity).and_then(|entity| entity.stops);
        record.stops.into_iter().chain(entity).min()
    }

    /// Everything about `who`.
    pub(crate) fn status_of(who: &T::AccountId) -> AccountStatus<T::AccountId> {
        let attestation = Attestations::<T>::get(who);
        AccountStatus {
            entity: attestation.as_ref().and_then(|record| Entities::<T>::get(record.attestation.entity)),
            attestation,
            admitted: Self::admits(who).map(|_| ()),
            standing: Self::standing(who, T::Epochs::current()).map(|_| ()),
        }
    }
}

impl<T: Config> KycInspect<T::AccountId> for Pallet<T> {
    fn admits(who: &T::AccountId) -> Result<Attestation, KycRefusal> {
        let record = Attestations::<T>::get(who).ok_or(KycRefusal::NotAttested)?;
        let attestation = record.attestation;
        ensure!(Self::revoked_from(&record).is_none(), KycRefusal::Revoked);
        ensure!(T::Epochs::current() < attestation.expires, KycRefusal::Expired(attestation.expires));
        ensure!(!Prohibitions::<T>::contains_key(attestation.country), KycRefusal::CountryProhibited);
        Ok(attestation)
    }

    /// For the running epoch. For a later one it tells what follows if nothing changes until then; for an ended one
    /// it tells nothing, since what was replaced is not kept.
    fn standing(who: &T::AccountId, epoch: EpochIndex) -> Result<Attestation, KycRefusal> {
        let record = Attestations::<T>::get(who).ok_or(KycRefusal::NotAttested)?;
        let attestation = record.attestation;
        ensure!(Self::revoked_from(&record).is_none_or(|stops| epoch < stops), KycRefusal::Revoked);
        // A registrar cannot revoke an oracle's owner, and so cannot end an oracle by not renewing its owner either: enough
        // of them together would leave no quorum. Governance can, by removing the oracle.
        let lapsed = epoch >= attestation.expires.plus(GRACE_EPOCHS);
        ensure!(!lapsed || T::Oracles::is_oracle(who), KycRefusal::Expired(attestation.expires));
        let prohibited = Prohibitions::<T>::get(attestation.country).is_some_and(|from| from <= epoch);
        ensure!(!prohibited, KycRefusal::CountryProhibited);
        Ok(attestation)
    }
}
