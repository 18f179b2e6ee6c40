//! Our own pallets, and the knots between them.

use super::Deeds;
use crate::*;
use frame_support::traits::{ConstU32, Get};
use frame_system::EnsureRoot;

/// Who governs: root, reached by sudo where a preset names a key for it.
type Admin = EnsureRoot<AccountId>;

/// Sessions whose validator sets can still be proven: as long as an equivocation may be reported.
pub struct HistoryDepth;

impl Get<u32> for HistoryDepth {
    fn get() -> u32 {
        let sessions = super::consensus::REPORT_LONGEVITY.checked_div(<Network as Get<u64>>::get()).unwrap_or(0);
        u32::try_from(sessions).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl pallet_kyc::Config for Runtime {
    type AdminOrigin = Admin;
    type Epochs = Availability;
    type Oracles = Oracles;
    type RevocationDelay = ConstU32<2>;
    type WeightInfo = weights::pallet_kyc::WeightInfo<Runtime>;
}

impl pallet_licenses::Config for Runtime {
    type AdminOrigin = Admin;
    type Token = Deeds;
    type Kyc = Kyc;
    type Epochs = Availability;
    type Oracles = Oracles;
    type Settle = Rewards;
    type WeightInfo = weights::pallet_licenses::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_oracles::Config for Runtime {
    type AdminOrigin = Admin;
    type Keys = SessionKeys;
    type Session = Session;
    type Licenses = Licenses;
    type Kyc = Kyc;
    type Epochs = Availability;
    type HistoryDepth = HistoryDepth;
    type WeightInfo = weights::pallet_oracles::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_availability::Config for Runtime {
    type AdminOrigin = Admin;
    type Time = Timestamp;
    type Licenses = Licenses;
    type Oracles = Oracles;
    type OnFinalised = Rewards;
    type WeightInfo = weights::pallet_availability::WeightInfo<Runtime>;
}

impl pallet_rewards::Config for Runtime {
    type Currency = Balances;
    type Licenses = Licenses;
    type WeightInfo = weights::pallet_rewards::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}
