//! What is stored about pools, and shown of them.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{traits::ConstU32, BoundedVec};
use ratio1_primitives::{economics::pools::Pool, Balance, EpochIndex};
use scale_info::TypeInfo;

/// What a disbursement is for, in words or as a reference to words elsewhere.
pub type Text = BoundedVec<u8, ConstU32<256>>;

/// A keyed account that keeps pools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub enum Wallet {
    /// Keeps liquidity, and disburses it.
    Liquidity,
    /// Gets what is for operations, as free balance.
    Operations,
    /// Keeps marketing, grants and social responsibility, which governance disburses.
    Foundation,
}

impl Wallet {
    /// All wallets.
    pub const ALL: [Self; 3] = [Self::Liquidity, Self::Operations, Self::Foundation];

    /// Which wallet keeps a pool.
    pub const fn of(pool: Pool) -> Self {
        match pool {
            Pool::Liquidity => Self::Liquidity,
            Pool::Operations => Self::Operations,
            Pool::Marketing | Pool::Grants | Pool::Social => Self::Foundation,
        }
    }
}

/// What came to a pool and left it, in base units.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PoolLedger {
    /// Ever received.
    pub received: Balance,
    /// Ever disbursed. Zero for operations, whose wallet spends without this pallet.
    pub spent: Balance,
    /// How often something was disbursed.
    pub disbursements: u32,
}

impl PoolLedger {
    /// What is left to disburse.
    pub fn balance(&self) -> Balance {
        self.received.saturating_sub(self.spent)
    }
}

/// One payment from a pool.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Disbursement<AccountId> {
    /// Who got it.
    pub to: AccountId,
    /// Base units.
    pub amount: Balance,
    /// What for.
    pub purpose: Text,
    /// The milestone it paid for; none for liquidity.
    pub milestone: Option<Text>,
    /// The epoch that ran.
    pub epoch: EpochIndex,
    /// The wallet that signed; none if it was governance.
    pub by: Option<AccountId>,
}

/// Why nothing can be disbursed from a pool yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum Lock {
    /// Until this epoch runs.
    Until(EpochIndex),
    /// Until marketing and grants have both disbursed something.
    MarketingAndGrantsFirst,
}

/// A pool as the outside sees it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct PoolInfo<AccountId> {
    /// Which.
    pub pool: Pool,
    /// The account that keeps it.
    pub account: Option<AccountId>,
    /// Base units ever received.
    pub received: Balance,
    /// Base units ever disbursed.
    pub spent: Balance,
    /// Base units there now; for operations the free balance of the wallet, whatever it came from.
    pub balance: Balance,
    /// Disbursements ever made.
    pub disbursements: u32,
    /// What it is locked by, if it is.
    pub locked: Option<Lock>,
}
