//! What the other pallets may ask.

use crate::{
    history::mask_at, Assigned, Config, Grants, Licenses, LinkedPages, MasterCount, NextId, NodeLicense, Pallet,
};
use alloc::vec::Vec;
use ratio1_primitives::{
    refusal::{AdmissionRefusal, KycRefusal},
    traits::{DeedToken, EpochInspect, KycInspect, LicenseInspect, PageMask},
    AccountId, Balance, EpochIndex, Grant, License, LicenseId, NodeId,
};

impl<T: Config> LicenseInspect<AccountId> for Pallet<T> {
    fn count() -> u32 {
        NextId::<T>::get()
    }

    fn license(id: LicenseId) -> Option<License> {
        Licenses::<T>::get(id)
    }

    fn owner(id: LicenseId) -> Option<AccountId> {
        T::Token::owner(id)
    }

    fn license_of(node: &NodeId) -> Option<LicenseId> {
        NodeLicense::<T>::get(node)
    }

    /// Exact for every epoch that is not closed, and for closed ones as far as versions are kept.
    fn linked(page: u32, epoch: EpochIndex) -> Option<PageMask> {
        mask_at(&LinkedPages::<T>::get(page), epoch)
    }

    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        let license = NodeLicense::<T>::get(node).ok_or(AdmissionRefusal::NotLinked)?;
        let owner = T::Token::owner(license).ok_or(AdmissionRefusal::Owner(KycRefusal::NotAttested))?;
        T::Kyc::standing(&owner, T::Epochs::current()).map_err(AdmissionRefusal::Owner)?;
        Ok(license)
    }
    fn grant(id: LicenseId) -> Option<Grant> {
        Grants::<T>::get(id.page(), id).map(|held| held.grant)
    }

    /// In order of their ids, so that everybody goes through them alike.
    fn masters(page: u32) -> Vec<(LicenseId, Grant)> {
        let mut masters: Vec<_> = Grants::<T>::iter_prefix(page).map(|(id, held)| (id, held.grant)).collect();
        masters.sort_unstable_by_key(|(id, _)| *id);
        masters
    }

    fn master_count(page: u32) -> u32 {
        MasterCount::<T>::get(page)
    }

    fn assigned() -> Balance {
        Assigned::<T>::get()
    }
}
