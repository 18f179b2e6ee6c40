//! Master deeds: what governance grants, within which limits, and to whom it lets them move.

use crate::{
    Approvals, Assigned, Config, EntityAssigned, Error, Event, GrantInfo, Grants, Listings, MasterCount, MasterGrant,
    Pallet,
};
use frame_support::ensure;
use ratio1_primitives::{
    economics::{MASTER_LIMIT, MASTER_SHARE},
    kyc::EntityId,
    traits::DeedToken,
    AccountId, Balance, EpochIndex, Grant, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

impl<T: Config> Pallet<T> {
    /// Whether `owner` could be granted a Master deed with `assigned`; the entity it would count for.
    pub(crate) fn check_grant(owner: &AccountId, assigned: Balance) -> Result<EntityId, DispatchError> {
        let entity = Self::admitted(owner)?;
        ensure!(assigned > 0, Error::<T>::ZeroAssignment);
        ensure!(assigned <= MASTER_LIMIT, Error::<T>::AssignmentTooLarge);
        Self::check_entity(entity, assigned)?;
        let total = Assigned::<T>::get().saturating_add(assigned);
        ensure!(total <= MASTER_SHARE, Error::<T>::ShareExceeded);
        Self::check_issue(LicenseClass::Master, 1)?;
        Ok(entity)
    }

    /// Whether the entity's Master deeds may be assigned so much more.
    fn check_entity(entity: EntityId, assigned: Balance) -> DispatchResult {
        let sum = EntityAssigned::<T>::get(entity).saturating_add(assigned);
        ensure!(sum <= MASTER_LIMIT, Error::<T>::EntityLimitExceeded);
        Ok(())
    }

    /// Issue a Master deed with its grant, after all checks.
    pub(crate) fn do_grant(
        owner: &AccountId,
        assigned: Balance,
        granted: EpochIndex,
    ) -> Result<LicenseId, DispatchError> {
        let entity = Self::check_grant(owner, assigned)?;
        let license = Self::do_issue(LicenseClass::Master, owner)?;
        let page = license.page();
        Grants::<T>::insert(page, license, MasterGrant { grant: Grant { assigned, granted }, entity });
        MasterCount::<T>::mutate(page, |count| *count = count.saturating_add(1));
        EntityAssigned::<T>::mutate(entity, |sum| *sum = sum.saturating_add(assigned));
        let total = Assigned::<T>::mutate(|total| {
            *total = total.saturating_add(assigned);
            *total
        });
        Self::deposit_event(Event::MasterGranted { license, owner: owner.clone(), entity, assigned, granted, total });
        Ok(license)
    }

    /// Approve a Master deed's one receiver, or withdraw the approval.
    pub(crate) fn do_approve(license: LicenseId, to: Option<AccountId>) -> DispatchResult {
        let deed = Self::deed(license)?;
        ensure!(deed.class == LicenseClass::Master, Error::<T>::NotMaster);
        let Some(to) = to else {
            ensure!(Approvals::<T>::contains_key(license), Error::<T>::NoApproval);
            Self::drop_listing(license);
            Self::drop_approval(license);
            return Ok(());
        };
        ensure!(!deed.banned, Error::<T>::Banned);
        ensure!(T::Token::owner(license).as_ref() != Some(&to), Error::<T>::SameOwner);
        if Listings::<T>::get(license).is_some_and(|listing| listing.to.as_ref() != Some(&to)) {
            Self::drop_listing(license);
        }
        Approvals::<T>::insert(license, &to);
        Self::deposit_event(Event::MasterApproved { license, to });
        Ok(())
    }

    /// End an approval, if there is one, without a transfer.
    pub(crate) fn drop_approval(license: LicenseId) {
        if let Some(to) = Approvals::<T>::take(license) {
            Self::deposit_event(Event::ApprovalWithdrawn { license, to });
        }
    }

    /// Whether governance lets a Master deed move to `to`.
    pub(crate) fn check_approval(license: LicenseId, to: Option<&AccountId>) -> DispatchResult {
        let approved = Approvals::<T>::get(license).ok_or(Error::<T>::MasterNeedsApproval)?;
        ensure!(to == Some(&approved), Error::<T>::ApprovedForAnother);
        Ok(())
    }

    /// Whether a deed's grant, if it has one, may count for `entity`.
    pub(crate) fn check_grant_move(license: LicenseId, entity: EntityId) -> DispatchResult {
        match Grants::<T>::get(license.page(), license) {
            Some(held) if held.entity != entity => Self::check_entity(entity, held.grant.assigned),
            _ => Ok(()),
        }
    }

    /// Let the grant of a deed that moves, if it has one, count for the new owner's entity, and use up its approval.
    pub(crate) fn move_grant(license: LicenseId, to: EntityId) {
        let Some(MasterGrant { grant, entity: from }) = Grants::<T>::get(license.page(), license) else { return };
        Approvals::<T>::remove(license);
        if from == to {
            return;
        }
        let assigned = grant.assigned;
        EntityAssigned::<T>::mutate_exists(from, |sum| {
            *sum = sum.map(|sum| sum.saturating_sub(assigned)).filter(|sum| *sum > 0);
        });
        EntityAssigned::<T>::mutate(to, |sum| *sum = sum.saturating_add(assigned));
        Grants::<T>::insert(license.page(), license, MasterGrant { grant, entity: to });
        Self::deposit_event(Event::GrantMoved { license, from, to, assigned });
    }

    pub(crate) fn grant_info(license: LicenseId) -> Option<GrantInfo> {
        let MasterGrant { grant, entity } = Grants::<T>::get(license.page(), license)?;
        let entity_left = MASTER_LIMIT.saturating_sub(EntityAssigned::<T>::get(entity));
        Some(GrantInfo { grant, entity, entity_left, approved: Approvals::<T>::get(license) })
    }
}
