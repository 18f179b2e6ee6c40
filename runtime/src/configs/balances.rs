//! R1 itself, and fees.
//!
//! The existential deposit is one base unit, so that no dust is ever removed, and fees go to the block's author. What
//! an author can not receive is burned and counted: total issuance stays minted less burned.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        ConstU128, ConstU32, ConstU8, OnUnbalanced, VariantCountOf,
    },
    weights::{ConstantMultiplier, Weight, WeightToFee as WeightToFeeTrait},
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use sp_runtime::{traits::Bounded, FixedPointNumber, Perquintill};

impl pallet_balances::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeHoldReason = RuntimeHoldReason;
    type RuntimeFreezeReason = RuntimeFreezeReason;
    type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
    type Balance = Balance;
    type DustRemoval = pallet_rewards::CountedBurn<Runtime>;
    type ExistentialDeposit = ConstU128<1>;
    type AccountStore = System;
    type ReserveIdentifier = [u8; 8];
    type FreezeIdentifier = RuntimeFreezeReason;
    type MaxLocks = ConstU32<0>;
    type MaxReserves = ConstU32<0>;
    type MaxFreezes = VariantCountOf<RuntimeFreezeReason>;
    type DoneSlashHandler = ();
}

/// One second of execution costs one R1.
pub struct WeightToFee;

impl WeightToFeeTrait for WeightToFee {
    type Balance = Balance;

    fn weight_to_fee(weight: &Weight) -> Balance {
        /// Base units per picosecond: 10^18 per 10^12.
        const PER_PICOSECOND: Balance = 1_000_000;
        Balance::from(weight.ref_time()).saturating_mul(PER_PICOSECOND)
    }
}

parameter_types! {
    /// One thousandth of an R1 for each kibibyte, rounded to a round figure per byte.
    pub const FeePerByte: Balance = 1_000_000_000_000;
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(3, 100_000);
    pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
    pub MaximumMultiplier: Multiplier = Bounded::max_value();
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, ToAuthor>;
    type WeightToFee = WeightToFee;
    type LengthToFee = ConstantMultiplier<Balance, FeePerByte>;
    type FeeMultiplierUpdate =
        TargetedFeeAdjustment<Self, TargetFullness, AdjustmentVariable, MinimumMultiplier, MaximumMultiplier>;
    type OperationalFeeMultiplier = ConstU8<5>;
    type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
}

impl pallet_skip_feeless_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
}

/// Pays fees and tips to the block's author; what the author can not receive is burned and counted.
pub struct ToAuthor;

impl OnUnbalanced<Credit<AccountId, Balances>> for ToAuthor {
    fn on_nonzero_unbalanced(credit: Credit<AccountId, Balances>) {
        let left = match Authorship::author() {
            Some(author) => Balances::resolve(&author, credit).err(),
            None => Some(credit),
        };
        if let Some(credit) = left {
            pallet_rewards::CountedBurn::<Runtime>::on_unbalanced(credit);
        }
    }
}
