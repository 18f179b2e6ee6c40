//! Declarations: what is refused and why, and what is stored.

use crate::{pallet::*, types::*};
use frame_support::{
    ensure,
    pallet_prelude::{TransactionSource, TransactionValidityWithRefund},
    weights::Weight,
};
use ratio1_pallet_support::{
    genesis_hash,
    pool::{PATIENCE, PATIENT},
    refusal, Authorized,
};
use ratio1_primitives::{
    jobs::{request::is_tag, Capacity, NodeProfile, Tag},
    keys::{profile_payload, verify_node},
    traits::{EpochInspect, LicenseInspect},
    BlockNumber, EpochIndex, LicenseClass, LicenseId, NodeId, NodeSignature,
};
use sp_runtime::{traits::SaturatedConversion, DispatchResult};

/// A declaration found good but for its signature: what storing it needs.
pub(crate) struct Accepted {
    /// The linked node, which must have signed.
    node: NodeId,
    /// The running epoch.
    epoch: EpochIndex,
    /// The last declaration, of whatever node.
    last: Option<Declared>,
}

/// Whether tags are well formed, sorted, and none is repeated.
pub(crate) fn are_tags(tags: &[Tag]) -> bool {
    tags.iter().all(|tag| is_tag(tag)) && tags.windows(2).all(|pair| pair.first() < pair.last())
}

/// Whether the GPUs have a class exactly if there are any.
pub(crate) fn has_matching_gpu(profile: &NodeProfile) -> bool {
    profile.gpu.is_some() == (profile.capacity.gpus > 0)
}

impl<T: Config> Pallet<T> {
    fn now() -> BlockNumber {
        frame_system::Pallet::<T>::block_number().saturated_into()
    }

    /// The number the next declaration of `license` must carry.
    pub(crate) fn sequence_after(license: LicenseId) -> u32 {
        Sequence::<T>::get(license).saturating_add(1)
    }

    /// The linked node of `license`, if it may take jobs.
    fn check_node(license: LicenseId) -> Result<NodeId, Error<T>> {
        let deed = T::Licenses::license(license).ok_or(Error::<T>::NotLinked)?;
        let node = deed.link.ok_or(Error::<T>::NotLinked)?.node;
        ensure!(T::Licenses::admission(&node) == Ok(license), Error::<T>::NotAdmitted);
        ensure!(deed.class == LicenseClass::Node, Error::<T>::NotANodeDeed);
        Ok(node)
    }

    fn check_profile(profile: &NodeProfile) -> Result<(), Error<T>> {
        ensure!(Capacity::MOST.covers(&profile.capacity), Error::<T>::CapacityOutOfBounds);
        ensure!(has_matching_gpu(profile), Error::<T>::GpuMismatch);
        ensure!(are_tags(&profile.tags), Error::<T>::BadTags);
        Ok(())
    }

    /// What is reserved stays declared, on GPUs of the class it was reserved on.
    fn check_reserved(license: LicenseId, last: Option<&Declared>, profile: &NodeProfile) -> Result<(), Error<T>> {
        let Some(Reservation { used, .. }) = Reserved::<T>::get(license) else { return Ok(()) };
        let same_gpu = last.is_some_and(|last| last.profile.gpu == profile.gpu);
        ensure!(profile.capacity.covers(&used), Error::<T>::BelowReserved);
        ensure!(used.gpus == 0 || same_gpu, Error::<T>::BelowReserved);
        Ok(())
    }

    /// The one judgement about a declaration, but for its signature: of the call, its authorisation and the view.
    pub(crate) fn check_declare(
        license: LicenseId,
        sequence: u32,
        profile: &NodeProfile,
    ) -> Result<Accepted, Error<T>> {
        let node = Self::check_node(license)?;
        ensure!(Sequence::<T>::get(license).checked_add(1) == Some(sequence), Error::<T>::WrongSequence);
        let last = Profiles::<T>::get(license);
        let epoch = T::Epochs::current();
        ensure!(last.as_ref().is_none_or(|last| last.epoch < epoch), Error::<T>::TooSoon);
        Self::check_profile(profile)?;
        Self::check_reserved(license, last.as_ref(), profile)?;
        let same = last.as_ref().is_some_and(|last| last.node == node && last.profile == *profile);
        ensure!(!same || Self::is_lifted(license), Error::<T>::Unchanged);
        Ok(Accepted { node, epoch, last })
    }

    /// The same with the signature, which is the dearest to check.
    fn check_signed(
        license: LicenseId,
        sequence: u32,
        profile: &NodeProfile,
        signature: &NodeSignature,
    ) -> Result<(), Error<T>> {
        let Accepted { node, .. } = Self::check_declare(license, sequence, profile)?;
        let payload = profile_payload(genesis_hash::<T>(), license, sequence, profile);
        ensure!(verify_node(&node, &payload, signature), Error::<T>::BadSignature);
        Ok(())
    }

    /// Store a declaration that was authorised. It is judged again, all but the signature: an authorised origin that
    /// root made up must not break what is reserved.
    pub(crate) fn do_declare(license: LicenseId, sequence: u32, profile: NodeProfile) -> DispatchResult {
        let Accepted { node, epoch, last } = Self::check_declare(license, sequence, &profile)?;
        let before = last.filter(|last| last.node == node).map(|last| (last.profile, last.since));
        let declared = Declared { node, profile: profile.clone(), since: Self::now(), epoch, before };
        Profiles::<T>::insert(license, declared);
        Sequence::<T>::insert(license, sequence);
        Self::lift_bar(license);
        Self::deposit_event(Event::Declared { license, node, sequence, profile });
        Ok(())
    }

    pub(crate) fn authorize_declare(
        _: TransactionSource,
        license: &LicenseId,
        sequence: &u32,
        profile: &NodeProfile,
        signature: &NodeSignature,
    ) -> TransactionValidityWithRefund {
        Self::check_signed(*license, *sequence, profile, signature).map_err(refusal)?;
        // As patient as claims: below everything that is paid for or urgent.
        let (call, tag) = ("ratio1/nodes/declare", (license, sequence));
        Authorized { call, tag, priority: PATIENT, longevity: PATIENCE }.refunding(Weight::zero())
    }
}
