//! Moving a deed: the checks the token pallet cannot make, and the permit.

use crate::{history::mask_at, Config, Error, Event, LinkedPages, Pallet, Permit, DEED_COLLECTION};
use frame_support::{ensure, traits::Locker};
use ratio1_primitives::{
    kyc::EntityId,
    refusal::KycRefusal,
    traits::{DeedToken, EpochInspect, KycInspect, OracleInspect},
    AccountId, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// The entity of an account that may receive a deed, or why it may not.
    pub(crate) fn admitted(receiver: &AccountId) -> Result<EntityId, DispatchError> {
        let attestation = T::Kyc::admits(receiver).map_err(|refusal| match refusal {
            KycRefusal::NotAttested => Error::<T>::ReceiverNotAttested,
            KycRefusal::Expired(_) => Error::<T>::ReceiverAttestationExpired,
            KycRefusal::Revoked => Error::<T>::ReceiverAttestationRevoked,
            KycRefusal::CountryProhibited => Error::<T>::ReceiverCountryProhibited,
        })?;
        Ok(attestation.entity)
    }

    /// Whether a deed can move from its owner `from` to `to`; the receiver's entity.
    pub(crate) fn check_transfer(
        from: &AccountId,
        license: LicenseId,
        to: &AccountId,
    ) -> Result<EntityId, DispatchError> {
        let deed = Self::deed_of(from, license)?;
        ensure!(from != to, Error::<T>::SameOwner);
        match deed.class {
            LicenseClass::Genesis => Err(Error::<T>::GenesisNeverMoves.into()),
            LicenseClass::Master => Self::check_approval(license, Some(to)),
            LicenseClass::Node => Ok(()),
        }?;
        ensure!(!deed.banned, Error::<T>::Banned);
        ensure!(deed.link.is_none(), Error::<T>::StillLinked);
        ensure!(!T::Oracles::is_bound(license), Error::<T>::BoundAsOracle);
        ensure!(!Self::awaits_pay(license), Error::<T>::LinkedEpochsOpen);
        let entity = Self::admitted(to)?;
        Self::check_grant_move(license, entity)?;
        Ok(entity)
    }

    /// Whether an open epoch can still credit an unlinked deed: one at whose end it was linked. The running epoch cannot
    /// , as the deed will not be linked when it ends. Bounded by the open epochs there can be.
    fn awaits_pay(license: LicenseId) -> bool {
        let versions = LinkedPages::<T>::get(license.page());
        let was_linked = |epoch| mask_at(&versions, epoch).is_some_and(|mask| mask.get(license.offset()));
        T::Epochs::open_epochs().into_iter().any(was_linked)
    }

    /// Move a deed, after all checks, under a permit for it alone; `entity` is the receiver's.
    pub(crate) fn move_deed(license: LicenseId, from: AccountId, to: AccountId, entity: EntityId) -> DispatchResult {
        Permit::<T>::put(license);
        let moved = T::Token::transfer(license, &to);
        Permit::<T>::kill();
        moved?;
        Self::move_grant(license, entity);
        Self::bump_revision(license);
        Self::deposit_event(Event::Transferred { license, from, to });
        Ok(())
    }
}

/// Asked by the token pallet before it moves or burns an item: locked but for the deed that holds the permit.
impl<T: Config> Locker<u32, u32> for Pallet<T> {
    fn is_locked(collection: u32, item: u32) -> bool {
        // ADR 0007: nothing moves that a call of ours has not checked.
        collection != DEED_COLLECTION || Permit::<T>::get() != Some(LicenseId(item))
    }
}
