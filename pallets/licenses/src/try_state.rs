//! The invariants of the module page, checked on storage.

use crate::{
    issuing::class_limit, Approvals, Assigned, Config, EntityAssigned, Grants, Issued, LastUnlink, Licenses,
    LinkedPages, Listings, MasterCount, NextId, NodeLicense, Pallet, Permit,
};
use alloc::collections::BTreeMap;
use frame_support::ensure;
use ratio1_primitives::{
    economics::{MASTER_LIMIT, MASTER_SHARE},
    kyc::EntityId,
    traits::{DeedToken, EpochInspect, PageMask},
    Balance, LicenseClass, LicenseId,
};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
    /// Check every invariant.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        ensure!(!Permit::<T>::exists(), "a deed is unlocked between calls");
        Self::check_ids()?;
        Self::check_links()?;
        Self::check_masks()?;
        Self::check_grants()?;
        Self::check_market()
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
            let before = LastUnlink::<T>::get(id).is_none_or(|last| last < link.since);
            ensure!(before, "a license was linked again in the epoch in which it was unlinked");
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
    fn check_grants() -> Result<(), TryRuntimeError> {
        let (mut total, mut counts) = (0u128, BTreeMap::<u32, u32>::new());
        let mut entities = BTreeMap::<EntityId, Balance>::new();
        for (page, id, held) in Grants::<T>::iter() {
            let deed = Licenses::<T>::get(id).ok_or("a grant of no deed")?;
            ensure!(deed.class == LicenseClass::Master, "a deed that is no Master deed has a grant");
            ensure!(page == id.page(), "a grant is on a foreign page");
            ensure!(held.grant.granted <= T::Epochs::current(), "a grant from the future");
            let assigned = held.grant.assigned;
            ensure!(assigned > 0 && assigned <= MASTER_LIMIT, "a grant beyond the limit");
            total = total.saturating_add(assigned);
            let sum = entities.entry(held.entity).or_default();
            *sum = sum.saturating_add(assigned);
            let count = counts.entry(page).or_default();
            *count = count.saturating_add(1);
        }
        let masters = counts.values().fold(0u32, |sum, count| sum.saturating_add(*count));
        ensure!(masters == Issued::<T>::get(LicenseClass::Master), "a Master deed has no grant");
        ensure!(MasterCount::<T>::iter().collect::<BTreeMap<_, _>>() == counts, "a count of Master deeds is wrong");
        ensure!(total == Assigned::<T>::get() && total <= MASTER_SHARE, "the sum of all grants is wrong");
        ensure!(entities.values().all(|sum| *sum <= MASTER_LIMIT), "an entity holds too much");
        ensure!(EntityAssigned::<T>::iter().collect::<BTreeMap<_, _>>() == entities, "an entity's sum is wrong");
        Ok(())
    }

    fn check_market() -> Result<(), TryRuntimeError> {
        for (id, to) in Approvals::<T>::iter() {
            let deed = Licenses::<T>::get(id).ok_or("an approval of no deed")?;
            ensure!(
                deed.class == LicenseClass::Master && !deed.banned,
                "an approval of a deed that needs or may have none"
            );
            ensure!(T::Token::owner(id).as_ref() != Some(&to), "an approval for the owner");
        }
        for (id, listing) in Listings::<T>::iter() {
            let deed = Licenses::<T>::get(id).ok_or("a listing of no deed")?;
            ensure!(deed.link.is_none() && !deed.banned, "a linked or banned deed is listed");
            ensure!(T::Token::owner(id).as_ref() == Some(&listing.seller), "a deed is listed by who does not own it");
            ensure!(listing.price > 0 && listing.to.as_ref() != Some(&listing.seller), "an absurd listing");
            match deed.class {
                LicenseClass::Genesis => return Err("the Genesis deed is listed".into()),
                LicenseClass::Master => {
                    let approved = Approvals::<T>::get(id);
                    ensure!(approved.is_some() && approved == listing.to, "a Master deed is listed without approval");
                }
                LicenseClass::Node => {}
            }
        }
        Ok(())
    }
}
