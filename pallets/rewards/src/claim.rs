//! From credits to R1: what a claim pays, and paying it.

use crate::*;
use codec::{Decode, Encode};
use frame_support::{pallet_prelude::*, traits::fungible::Mutate};
use ratio1_primitives::{
    economics,
    traits::{LicenseInspect, SettleRewards},
    Balance, LicenseClass, LicenseId,
};

/// Blocks a claim may wait in the pool.
const CLAIM_LONGEVITY: u64 = 64;
/// Just above the free signed calls, whose priority is zero: whoever can make those for nothing must not be able to keep
/// others from their pay.
const CLAIM_PRIORITY: u64 = 1;

/// The shares can not exceed the cap, so a class that keeps to its share keeps the whole to the cap.
const _: () = assert!(
    economics::GENESIS_SHARE + economics::MASTER_SHARE + economics::NODE_SHARE <= economics::CAP,
    "shares of the classes exceed the cap"
);

/// What a license may be paid now.
#[derive(Debug)]
pub(crate) struct Due<AccountId> {
    pub(crate) class: LicenseClass,
    pub(crate) owner: AccountId,
    /// Credits paid for before and after the claim.
    pub(crate) paid: u32,
    pub(crate) credits: u32,
    /// Never zero.
    pub(crate) amount: Balance,
    /// What the class will have minted with it.
    pub(crate) class_minted: Balance,
}

/// A license's emission so far and to come.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct Emission {
    /// Byte credits collected.
    pub credits: u32,
    /// Base units minted so far.
    pub minted: Balance,
    /// Base units a claim would mint now.
    pub claimable: Balance,
    /// Base units it can still mint, the claimable ones included. Zero for a Master deed, whose emission does not
    /// follow from credits.
    pub residual: Balance,
}

impl<T: Config> Pallet<T> {
    /// The one judgement about a claim: of the call, its authorisation and the view functions.
    pub(crate) fn check_claim(id: LicenseId) -> Result<Due<T::AccountId>, Error<T>> {
        let license = T::Licenses::license(id).ok_or(Error::<T>::UnknownLicense)?;
        ensure!(!license.banned, Error::<T>::Banned);
        match license.class {
            LicenseClass::Genesis => return Err(Error::<T>::ScheduleNotActive),
            LicenseClass::Master => return Err(Error::<T>::NothingToClaim),
            LicenseClass::Node => (),
        }
        let class = license.class;
        let (paid, credits) = (Paid::<T>::get(id), Self::credits_of(id));
        let amount = economics::payable(class, paid, credits);
        ensure!(amount > 0, Error::<T>::NothingToClaim);
        let owner = T::Licenses::owner(id).ok_or(Error::<T>::NoOwner)?;
        let class_minted = Minted::<T>::get(class)
            .checked_add(amount)
            .filter(|sum| *sum <= economics::share(class))
            .ok_or(Error::<T>::ShareExhausted)?;
        Ok(Due { class, owner, paid, credits, amount, class_minted })
    }

    /// Mint what is due and remember that it was paid. Minting comes first: nothing after it can fail, so a caller
    /// without a transaction around it is safe too.
    pub(crate) fn pay(license: LicenseId, due: Due<T::AccountId>) -> DispatchResult {
        let Due { class, owner, credits, amount, class_minted, .. } = due;
        T::Currency::mint_into(&owner, amount)?;
        Paid::<T>::insert(license, credits);
        Minted::<T>::insert(class, class_minted);
        Self::deposit_event(Event::Claimed { license, owner, amount, credits });
        Ok(())
    }

    /// One claim of a license at a time: the tag names the credits it was paid for, which the claim changes. Its
    /// priority is [`CLAIM_PRIORITY`]: it comes before other free calls and yields to all that pay a fee.
    pub(crate) fn authorize_claim(_: TransactionSource, license: &LicenseId) -> TransactionValidityWithRefund {
        let due = Self::check_claim(*license).map_err(refusal)?;
        let validity = ValidTransaction::with_tag_prefix("Ratio1Claim")
            .and_provides((license, due.paid))
            .priority(CLAIM_PRIORITY)
            .longevity(CLAIM_LONGEVITY)
            .propagate(true)
            .build()?;
        Ok((validity, Weight::zero()))
    }

    pub(crate) fn emission_of(id: LicenseId) -> Emission {
        let Some(license) = T::Licenses::license(id) else { return Emission::default() };
        let minted = economics::minted(license.class, Paid::<T>::get(id));
        let entitlement = economics::schedule(license.class).map_or(0, |(entitlement, _)| entitlement);
        Emission {
            credits: Self::credits_of(id),
            minted,
            claimable: Self::check_claim(id).map_or(0, |due| due.amount),
            residual: entitlement.saturating_sub(minted),
        }
    }
}

/// The pool's form of a refusal: the index of the error.
fn refusal<T: Config>(error: Error<T>) -> TransactionValidityError {
    let index = error.using_encoded(|bytes| bytes.first().copied().unwrap_or(u8::MAX));
    InvalidTransaction::Custom(index).into()
}

impl<T: Config> SettleRewards for Pallet<T> {
    fn settle(license: LicenseId) -> DispatchResult {
        match Self::check_claim(license) {
            Ok(due) => Self::pay(license, due),
            // A banned license's earnings wait for the ban to end.
            Err(Error::<T>::NothingToClaim | Error::<T>::ScheduleNotActive | Error::<T>::Banned) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
