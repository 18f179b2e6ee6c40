//! Linking a license to a node, and ending the link.

use crate::{Config, Error, Event, LastUnlink, Licenses, NodeLicense, Pallet};
use frame_support::ensure;
use ratio1_pallet_support::genesis_hash;
use ratio1_primitives::{
    keys::{link_payload, verify_node},
    traits::{DeedToken, EpochInspect, JobSlots, KycInspect, OracleInspect},
    AccountId, EpochIndex, License, LicenseId, Link, NodeId, NodeSignature,
};
use sp_runtime::{DispatchError, DispatchResult};

// Of the owner who links; what a receiver lacks has a prefix.
ratio1_pallet_support::impl_from_kyc_refusal!(Error);

impl<T: Config> Pallet<T> {
    /// A deed's state, or that it does not exist.
    pub(crate) fn deed(license: LicenseId) -> Result<License, DispatchError> {
        Licenses::<T>::get(license).ok_or_else(|| Error::<T>::UnknownLicense.into())
    }

    /// The same, if `who` owns it.
    pub(crate) fn deed_of(who: &AccountId, license: LicenseId) -> Result<License, DispatchError> {
        let deed = Self::deed(license)?;
        ensure!(T::Token::owner(license).as_ref() == Some(who), Error::<T>::NotOwner);
        Ok(deed)
    }

    /// Whether `link` would succeed. The signature comes last: it is the most expensive to check.
    pub(crate) fn check_link(
        owner: &AccountId,
        license: LicenseId,
        node: &NodeId,
        proof: &NodeSignature,
    ) -> DispatchResult {
        let deed = Self::deed_of(owner, license)?;
        ensure!(!deed.banned, Error::<T>::Banned);
        ensure!(deed.link.is_none(), Error::<T>::AlreadyLinked);
        T::Kyc::admits(owner).map_err(Error::<T>::from)?;
        ensure!(!NodeLicense::<T>::contains_key(node), Error::<T>::NodeTaken);
        let now = T::Epochs::current();
        ensure!(deed.last_link.is_none_or(|last| now > last), Error::<T>::LinkCooldown);
        // Else the beats of two nodes would count for one license in one epoch.
        ensure!(LastUnlink::<T>::get(license).is_none_or(|last| now > last), Error::<T>::UnlinkCooldown);
        Self::check_history(license, now)?;
        let payload = link_payload(genesis_hash::<T>(), license, owner, deed.link_nonce);
        ensure!(verify_node(node, &payload, proof), Error::<T>::BadLinkProof);
        Ok(())
    }

    /// Whether `unlink` would succeed. Settling is not tried: it fails only where an invariant of rewards is broken.
    pub(crate) fn check_unlink(owner: &AccountId, license: LicenseId) -> DispatchResult {
        let deed = Self::deed_of(owner, license)?;
        ensure!(deed.link.is_some(), Error::<T>::NotLinked);
        ensure!(!T::Oracles::is_bound(license), Error::<T>::BoundAsOracle);
        ensure!(T::JobSlots::slots(license) == 0, Error::<T>::HasSlots);
        Self::check_history(license, T::Epochs::current())
    }

    /// Link, after all checks, in the epoch `now`. The nonce the next proof must carry.
    pub(crate) fn set_link(license: LicenseId, node: NodeId, now: EpochIndex) -> Result<u32, DispatchError> {
        let mut deed = Self::deed(license)?;
        Self::set_bit(license, true, now)?;
        deed.link = Some(Link { node, since: now });
        deed.last_link = Some(now);
        deed.link_nonce = deed.link_nonce.saturating_add(1);
        Licenses::<T>::insert(license, deed);
        NodeLicense::<T>::insert(node, license);
        Self::bump_revision(license);
        Ok(deed.link_nonce)
    }

    /// End a link, after all checks, in the running epoch.
    pub(crate) fn clear_link(license: LicenseId) -> DispatchResult {
        let mut deed = Self::deed(license)?;
        let link = deed.link.take().ok_or(Error::<T>::NotLinked)?;
        let epoch = T::Epochs::current();
        Self::set_bit(license, false, epoch)?;
        LastUnlink::<T>::insert(license, epoch);
        Licenses::<T>::insert(license, deed);
        NodeLicense::<T>::remove(link.node);
        Self::bump_revision(license);
        Self::deposit_event(Event::Unlinked { license, node: link.node, epoch });
        Ok(())
    }

    /// Bar a license or let it in again, after all checks.
    pub(crate) fn set_banned(license: LicenseId, banned: bool) {
        Licenses::<T>::mutate(license, |deed| {
            if let Some(deed) = deed {
                deed.banned = banned;
            }
        });
        Self::bump_revision(license);
    }
}
