//! From earnings to R1: what a claim pays, and paying it.

use crate::*;
use codec::{Decode, Encode};
use frame_support::{pallet_prelude::*, storage::with_storage_layer, traits::fungible::Mutate};
use ratio1_pallet_support::{
    pool::{PATIENCE, PATIENT},
    refusal, Authorized,
};
use ratio1_primitives::{
    economics::{
        self,
        pools::{self, Pool},
    },
    traits::{LicenseInspect, Pools, SettleRewards},
    Balance, LicenseClass, LicenseId,
};

/// The shares cannot exceed the cap, so a class that keeps to its share keeps the whole to the cap.
const _: () = assert!(
    economics::GENESIS_SHARE + economics::MASTER_SHARE + economics::NODE_SHARE <= economics::CAP,
    "shares of the classes exceed the cap"
);

/// An amount for each pool.
pub type Parts = [(Pool, Balance); 5];

/// Who is paid.
#[derive(Debug)]
pub(crate) enum Payee<AccountId> {
    /// The deed's owner.
    Owner(AccountId),
    /// The pools, each its part. Whoever owns the Genesis deed gets nothing.
    Pools(Parts),
}

/// What a license may be paid now.
#[derive(Debug)]
pub(crate) struct Due<AccountId> {
    pub(crate) class: LicenseClass,
    pub(crate) payee: Payee<AccountId>,
    /// Credits collected: those a Node Deed or the Genesis deed is paid for with this claim.
    pub(crate) credits: u32,
    /// Base units the license had minted before.
    pub(crate) minted: Balance,
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
    /// Base units it was assigned in all: what it would mint with full availability.
    pub assigned: Balance,
    /// Base units minted so far.
    pub minted: Balance,
    /// Base units a claim would mint now; zero while the license is banned.
    pub claimable: Balance,
    /// Base units that will never be minted: released to a Master deed while its node was away. Zero for the other
    /// classes, whose clock waits for the node.
    pub forgone: Balance,
    /// Base units it can still mint, the claimable ones included.
    pub residual: Balance,
}

impl<T: Config> Pallet<T> {
    /// What a license of `class` has minted, and what it could have.
    fn minted_and_earned(id: LicenseId, class: LicenseClass, credits: u32) -> (Balance, Balance) {
        match class {
            LicenseClass::Master => {
                let ledger = Masters::<T>::get(id);
                (ledger.paid, ledger.paid.saturating_add(ledger.payable()))
            }
            _ => (economics::minted(class, Paid::<T>::get(id)), economics::minted(class, credits)),
        }
    }

    /// The one judgement about a claim: of the call, its authorisation and the view functions.
    pub(crate) fn check_claim(id: LicenseId) -> Result<Due<T::AccountId>, Error<T>> {
        let license = T::Licenses::license(id).ok_or(Error::<T>::UnknownLicense)?;
        ensure!(!license.banned, Error::<T>::Banned);
        let class = license.class;
        let credits = Self::credits_of(id);
        let (minted, earned) = Self::minted_and_earned(id, class, credits);
        let amount = earned.saturating_sub(minted);
        ensure!(amount > 0, Error::<T>::NothingToClaim);
        let payee = match class {
            LicenseClass::Genesis => {
                // By differences of what was split, so that it does not matter how often one claims.
                let parts = pools::split_between(minted, earned);
                ensure!(parts.iter().all(|(pool, _)| T::Pools::account(*pool).is_some()), Error::<T>::NoPool);
                Payee::Pools(parts)
            }
            _ => Payee::Owner(T::Licenses::owner(id).ok_or(Error::<T>::NoOwner)?),
        };
        let class_minted = Minted::<T>::get(class)
            .checked_add(amount)
            .filter(|sum| *sum <= economics::share(class))
            .ok_or(Error::<T>::ShareExhausted)?;
        Ok(Due { class, payee, credits, minted, amount, class_minted })
    }

    /// Mint what is due and remember that it was paid: all of it or nothing, with or without a transaction around it.
    pub(crate) fn pay(license: LicenseId, due: Due<T::AccountId>) -> DispatchResult {
        with_storage_layer(|| {
            let Due { class, payee, credits, minted, amount, class_minted } = due;
            match class {
                LicenseClass::Master => {
                    Masters::<T>::mutate(license, |ledger| ledger.paid = minted.saturating_add(amount))
                }
                _ => Paid::<T>::insert(license, credits),
            }
            Minted::<T>::insert(class, class_minted);
            match payee {
                Payee::Owner(owner) => {
                    T::Currency::mint_into(&owner, amount)?;
                    Self::deposit_event(Event::Claimed { license, owner, amount, credits });
                }
                Payee::Pools(parts) => {
                    Self::pay_pools(&parts)?;
                    Self::deposit_event(Event::GenesisClaimed { license, amount, parts, credits });
                }
            }
            Ok(())
        })
    }

    /// Mint to each pool its part, and put it under the pool's rules.
    fn pay_pools(parts: &Parts) -> DispatchResult {
        for (pool, part) in parts.iter().filter(|(_, part)| *part > 0) {
            let account = T::Pools::account(*pool).ok_or(Error::<T>::NoPool)?;
            T::Currency::mint_into(&account, *part)?;
            T::Pools::deposited(*pool, *part)?;
        }
        Ok(())
    }

    /// What a claim costs whatever the class, which is known only once the license is read.
    pub(crate) fn claim_weight() -> Weight {
        T::WeightInfo::claim_genesis().max(T::WeightInfo::claim_master()).max(T::WeightInfo::claim_node())
    }

    /// What a claim of a license of this class costs.
    pub(crate) fn claim_weight_of(class: LicenseClass) -> Weight {
        match class {
            LicenseClass::Genesis => T::WeightInfo::claim_genesis(),
            LicenseClass::Master => T::WeightInfo::claim_master(),
            LicenseClass::Node => T::WeightInfo::claim_node(),
        }
    }

    /// What judging a claim costs whatever the class.
    pub(crate) fn authorize_weight() -> Weight {
        T::WeightInfo::authorize_claim_genesis().max(T::WeightInfo::authorize_claim_owner())
    }

    /// One claim of a license at a time: the tag names what it had minted before, which the claim changes. It comes
    /// before other free calls and yields to all that pay a fee.
    pub(crate) fn authorize_claim(_: TransactionSource, license: &LicenseId) -> TransactionValidityWithRefund {
        let due = Self::check_claim(*license).map_err(refusal)?;
        let used = match due.class {
            LicenseClass::Genesis => T::WeightInfo::authorize_claim_genesis(),
            _ => T::WeightInfo::authorize_claim_owner(),
        };
        let (call, tag) = ("ratio1/rewards/claim", (license, due.minted));
        Authorized { call, tag, priority: PATIENT, longevity: PATIENCE }
            .refunding(Self::authorize_weight().saturating_sub(used))
    }

    pub(crate) fn emission_of(id: LicenseId) -> Emission {
        let Some(license) = T::Licenses::license(id) else { return Emission::default() };
        let credits = Self::credits_of(id);
        let (minted, _) = Self::minted_and_earned(id, license.class, credits);
        let (assigned, forgone) = match economics::schedule(license.class) {
            Some((entitlement, _)) => (entitlement, 0),
            None => (T::Licenses::grant(id).map_or(0, |grant| grant.assigned), Masters::<T>::get(id).forgone),
        };
        Emission {
            credits,
            assigned,
            minted,
            claimable: Self::check_claim(id).map_or(0, |due| due.amount),
            forgone,
            residual: assigned.saturating_sub(forgone).saturating_sub(minted),
        }
    }
}

impl<T: Config> SettleRewards for Pallet<T> {
    fn settle(license: LicenseId) -> DispatchResult {
        match Self::check_claim(license) {
            Ok(due) => Self::pay(license, due),
            // The earnings of a banned license wait for the ban to end, and those of the Genesis deed, which never has
            // another owner, for the pools to be named.
            Err(Error::<T>::NothingToClaim | Error::<T>::Banned | Error::<T>::NoPool) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
