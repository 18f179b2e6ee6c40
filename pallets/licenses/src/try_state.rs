//! The invariants of the module page, checked on storage.

use crate::{issuing::class_limit, Config, Issued, Licenses, LinkedPages, NextId, NodeLicense, Pallet, Permit};
use alloc::collections::BTreeMap;
use frame_support::ensure;
use ratio1_primitives::{
    traits::{DeedToken, EpochInspect, PageMask},
    LicenseClass, LicenseId,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(!Permit::<T>::exists(), "a deed is unlocked between calls");
        Self::check_ids()?;
        Self::check_links()?;
        Self::check_masks()
    }

    fn check_ids() -> Result<(), TryRuntimeError> {
        let next = NextId::<T>::get();
        let mut issued = BTreeMap::<LicenseClass, u32>::new();
        for id in (0..next).map(LicenseId) {
            let deed = Licenses::<T>::get(id).ok_or("license ids are not dense")?;
            ensure!(T::Token::owner(id).is_some(), "a deed has no owner");
            let genesis = deed.class == LicenseClass::Genesis;
            ensure!(genesis == (id == LicenseId(0)), "the first deed, and no other, is the Genesis deed");
            let count = issued.entry(deed.class).or_default();
            *count = count.saturating_add(1);
        }
        ensure!(Licenses::<T>::iter_keys().all(|id| id.0 < next), "a license beyond the last id");
        for class in [LicenseClass::Genesis, LicenseClass::Master, LicenseClass::Node] {
            let count = issued.get(&class).copied().unwrap_or_default();
            ensure!(count == Issued::<T>::get(class), "a class count is wrong");
            ensure!(count <= class_limit(class), "too many deeds of a class");
        }
        Ok(())
    }

    fn check_links() -> Result<(), TryRuntimeError> {
        let mut linked = 0usize;
        for (id, deed) in Licenses::<T>::iter() {
            let Some(link) = deed.link else { continue };
            ensure!(!deed.banned, "a banned license is linked");
            ensure!(NodeLicense::<T>::get(link.node) == Some(id), "a linked node does not know its license");
            ensure!(deed.last_link == Some(link.since), "a link and the last link disagree");
            linked = linked.saturating_add(1);
        }
        ensure!(NodeLicense::<T>::iter_keys().count() == linked, "a node knows a license that is not linked to it");
        Ok(())
    }

    fn check_masks() -> Result<(), TryRuntimeError> {
        let mut masks = BTreeMap::<u32, PageMask>::new();
        for (id, deed) in Licenses::<T>::iter() {
            masks.entry(id.page()).or_default().set(id.offset(), deed.link.is_some());
        }
        let now = T::Epochs::current();
        for (page, versions) in LinkedPages::<T>::iter() {
            let newest = versions.last().ok_or("a page with an empty history is stored")?;
            ensure!(newest.since <= now, "a mask from the future");
            let ordered = versions.iter().zip(versions.iter().skip(1)).all(|(older, newer)| older.since < newer.since);
            ensure!(ordered, "masks are out of order");
            ensure!(masks.remove(&page) == Some(newest.mask), "a mask and the links disagree");
        }
        ensure!(masks.values().all(|mask| *mask == PageMask::default()), "a linked license is in no mask");
        Ok(())
    }
}
