//! Fees: what a transaction costs, and who gets it.
//!
//! Half of every fee is burned and counted, the other half and the tip go to the block's author. Were all of it the
//! author's, an oracle could fill its own blocks for nothing, and drive up what everybody else pays. What an author cannot
//! receive is burned as well: total issuance stays minted less burned.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{
        fungible::{Balanced, Credit},
        ConstU8, Get, Imbalance as _, OnUnbalanced,
    },
    weights::{ConstantMultiplier, Weight, WeightToFee as WeightToFeeTrait},
};
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use ratio1_primitives::economics::price::{Usd, USD};
use sp_runtime::{FixedPointNumber, Perquintill};

/// One second of execution costs one R1 while the multiplier is one.
pub struct WeightToFee;

impl WeightToFeeTrait for WeightToFee {
    type Balance = Balance;

    fn weight_to_fee(weight: &Weight) -> Balance {
        /// Base units per picosecond: 10^18 per 10^12.
        const PER_PICOSECOND: Balance = 1_000_000;
        Balance::from(weight.ref_time()).saturating_mul(PER_PICOSECOND)
    }
}

/// What a second of execution costs at the least: two and a half cents, so that a day of full blocks costs some 800
/// dollars.
const LEAST_USD: Usd = USD / 40;

parameter_types! {
    /// One thousandth of an R1 for each kibibyte, rounded to a round figure per byte.
    pub const FeePerByte: Balance = 1_000_000_000_000;
    pub const TargetFullness: Perquintill = Perquintill::from_percent(25);
    pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(3, 100_000);
    /// Whoever pays to fill blocks for months cannot shut out everybody for good.
    pub MaximumMultiplier: Multiplier = Multiplier::saturating_from_integer(1_000);
}

/// The least the multiplier can be: where a second of execution costs `LEAST_USD` at the last rate, stale or not.
///
/// Deeds and jobs are priced in dollars; so is protection from spam. Bounded, so that no rate makes fees vanish or
/// leaves no room below the ceiling: the upper bound is reached at the lowest rate there can be. A tenth while there has been
/// no rate.
pub struct MinimumMultiplier;

impl Get<Multiplier> for MinimumMultiplier {
    fn get() -> Multiplier {
        let (low, high) = (Multiplier::saturating_from_rational(1, 1_000), Multiplier::saturating_from_integer(250));
        match pallet_price::Posted::<Runtime>::get() {
            // ADR 0028: by the dollar, also where the rate is stale.
            Some(rates) => Multiplier::saturating_from_rational(LEAST_USD, rates.last.price).clamp(low, high),
            None => Multiplier::saturating_from_rational(1, 10),
        }
    }
}

impl pallet_transaction_payment::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type OnChargeTransaction = FungibleAdapter<Balances, BurnAndPay>;
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

type R1Credit = Credit<AccountId, Balances>;

/// Burns half of the fee, and pays the rest and the tip to the block's author; what the author cannot receive is burned
/// too.
pub struct BurnAndPay;

impl BurnAndPay {
    fn burn(credit: R1Credit) {
        pallet_rewards::CountedBurn::<Runtime>::on_unbalanced(credit);
    }

    fn pay(credit: R1Credit) {
        let left = match Authorship::author() {
            Some(author) => Balances::resolve(&author, credit).err(),
            None => Some(credit),
        };
        if let Some(credit) = left {
            Self::burn(credit);
        }
    }
}

impl OnUnbalanced<R1Credit> for BurnAndPay {
    /// The fee comes first, then the tip, if there is one.
    fn on_unbalanceds(mut credits: impl Iterator<Item = R1Credit>) {
        let Some(fee) = credits.next() else { return };
        let (burned, earned) = split(fee);
        Self::burn(burned);
        let earned = credits.fold(earned, |sum, tip| sum.merge(tip));
        if earned.peek() > 0 {
            Self::pay(earned);
        }
    }

    fn on_nonzero_unbalanced(fee: R1Credit) {
        let (burned, earned) = split(fee);
        Self::burn(burned);
        Self::pay(earned);
    }
}

/// The half that is burned, and the other one, which takes the rounding.
fn split(fee: R1Credit) -> (R1Credit, R1Credit) {
    // ADR 0028: whoever fills its own blocks loses half of what it charges.
    let half = fee.peek().saturating_div(2);
    fee.split(half)
}
