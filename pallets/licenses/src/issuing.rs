//! Issuing deeds.

use crate::{Config, Error, Event, Issued, Licenses, NextId, Pallet};
use frame_support::ensure;
use ratio1_primitives::{
    economics::{MASTER_COUNT, NODE_COUNT},
    traits::DeedToken,
    AccountId, License, LicenseClass, LicenseId,
};
use sp_runtime::DispatchError;

/// How many deeds of `class` there can ever be (protocol section 2).
pub const fn class_limit(class: LicenseClass) -> u32 {
    match class {
        LicenseClass::Genesis => 1,
        LicenseClass::Master => MASTER_COUNT,
        LicenseClass::Node => NODE_COUNT,
    }
}

impl<T: Config> Pallet<T> {
    /// Issue the next deed, of `class`, to `owner`, whose admission the caller has checked. Must run inside a storage
    /// layer, as calls do.
    ///
    /// Errors: [`Error::ClassExhausted`], [`Error::GenesisComesFirst`], and those of the token.
    pub fn do_issue(class: LicenseClass, owner: &AccountId) -> Result<LicenseId, DispatchError> {
        let id = NextId::<T>::get();
        let issued = Issued::<T>::get(class);
        ensure!(issued < class_limit(class), Error::<T>::ClassExhausted);
        ensure!((id == 0) == (class == LicenseClass::Genesis), Error::<T>::GenesisComesFirst);
        let license = LicenseId(id);
        T::Token::issue(license, owner)?;
        let deed = License { class, link: None, link_nonce: 0, last_link: None, banned: false };
        Licenses::<T>::insert(license, deed);
        Issued::<T>::insert(class, issued.saturating_add(1));
        // The class limits keep ids far below the end of u32.
        NextId::<T>::put(id.saturating_add(1));
        Self::deposit_event(Event::Issued { license, class, owner: owner.clone() });
        Ok(license)
    }
}
