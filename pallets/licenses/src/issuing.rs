//! Issuing deeds.

use crate::{Config, Error, Event, Issued, Licenses, NextId, Pallet};
use frame_support::ensure;
use ratio1_primitives::{
    economics::{MASTER_COUNT, NODE_COUNT},
    traits::{DeedToken, IssueDeeds},
    AccountId, License, LicenseClass, LicenseId,
};
use sp_runtime::{DispatchError, DispatchResult};

/// How many deeds of `class` there can ever be (docs/protocol/licenses.md#classes-of-licenses).
pub const fn class_limit(class: LicenseClass) -> u32 {
    match class {
        LicenseClass::Genesis => 1,
        LicenseClass::Master => MASTER_COUNT,
        LicenseClass::Node => NODE_COUNT,
    }
}

impl<T: Config> Pallet<T> {
    /// Whether `units` deeds of `class` can be issued.
    pub(crate) fn check_issue(class: LicenseClass, units: u32) -> DispatchResult {
        let issued = Issued::<T>::get(class).saturating_add(units);
        ensure!(issued <= class_limit(class), Error::<T>::ClassExhausted);
        let first = NextId::<T>::get() == 0;
        ensure!(first == (class == LicenseClass::Genesis), Error::<T>::GenesisComesFirst);
        Ok(())
    }

    /// Issue the next deed, of `class`, to `owner`, whose admission the caller has checked. Must run inside a storage
    /// layer, as calls do. A Master deed without a grant breaks an invariant: those come from `grant_master`.
    ///
    /// Errors: [`Error::ClassExhausted`], [`Error::GenesisComesFirst`], and those of the token.
    pub fn do_issue(class: LicenseClass, owner: &AccountId) -> Result<LicenseId, DispatchError> {
        Self::check_issue(class, 1)?;
        let id = NextId::<T>::get();
        let license = LicenseId(id);
        T::Token::issue(license, owner)?;
        let deed = License { class, link: None, link_nonce: 0, last_link: None, banned: false };
        Licenses::<T>::insert(license, deed);
        Issued::<T>::mutate(class, |issued| *issued = issued.saturating_add(1));
        // The class limits keep ids far below the end of u32.
        NextId::<T>::put(id.saturating_add(1));
        Self::deposit_event(Event::Issued { license, class, owner: owner.clone() });
        Ok(license)
    }
}

impl<T: Config> IssueDeeds<AccountId> for Pallet<T> {
    fn node_deeds() -> u32 {
        Issued::<T>::get(LicenseClass::Node)
    }

    fn issue_node_deeds(owner: &AccountId, units: u32) -> Result<LicenseId, DispatchError> {
        Self::check_issue(LicenseClass::Node, units)?;
        let first = LicenseId(NextId::<T>::get());
        for _ in 0..units {
            Self::do_issue(LicenseClass::Node, owner)?;
        }
        Ok(first)
    }
}
