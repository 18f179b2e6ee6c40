//! Our own pallets, and the knots between them.

use super::Deeds;
use crate::*;
use frame_support::{
    traits::{ConstU32, Get},
    weights::Weight,
};
use frame_system::EnsureRoot;
use ratio1_primitives::{
    economics::price::Price as Usd,
    traits::{BlockRandomness, OnEpochEnd},
    EpochIndex,
};

/// Who governs: root, reached through `governance` after its public delay, or by sudo where a preset names a key for it.
// ADR 0008: one origin for every network; only a preset that names a key lets sudo reach it.
type Admin = EnsureRoot<AccountId>;

/// Sessions whose validator sets can still be proven: as long as an equivocation may be reported.
pub struct HistoryDepth;

impl Get<u32> for HistoryDepth {
    fn get() -> u32 {
        let sessions = super::consensus::REPORT_LONGEVITY.checked_div(<Network as Get<u64>>::get()).unwrap_or(0);
        u32::try_from(sessions).unwrap_or(u32::MAX).saturating_add(1)
    }
}

/// The VRF outputs that BABE's authors must reveal in every block.
pub struct VrfOutputs;

impl BlockRandomness for VrfOutputs {
    fn of_last_block() -> [u8; 32] {
        // Set when a block is finalised, so at the beginning of the next it is that of the last.
        pallet_babe::AuthorVrfRandomness::<Runtime>::get().unwrap_or_default()
    }
}

/// Hands on how epochs end: pages to rewards and reputations, lapses to rewards and jobs, results to jobs, prices to the
/// rate.
pub struct EpochEnd;

impl OnEpochEnd for EpochEnd {
    fn on_page(epoch: EpochIndex, page: u32, bytes: &[u8]) {
        Rewards::on_page(epoch, page, bytes);
        Nodes::on_page(epoch, page, bytes);
    }

    fn page_weight(page: u32) -> Weight {
        Rewards::page_weight(page).saturating_add(Nodes::page_weight(page))
    }

    fn on_finalised(epoch: EpochIndex) {
        Jobs::on_finalised(epoch);
    }

    fn finalised_weight() -> Weight {
        Jobs::finalised_weight()
    }

    fn on_price(epoch: EpochIndex, median: Usd) {
        Price::post(epoch, median);
    }

    fn price_weight() -> Weight {
        Price::post_weight()
    }

    fn on_lapsed(first: EpochIndex, last: EpochIndex) {
        Rewards::on_lapsed(first, last);
        Jobs::on_lapsed(first, last);
    }

    fn lapse_weight() -> Weight {
        Rewards::lapse_weight().saturating_add(Jobs::lapse_weight())
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
    type JobSlots = Jobs;
    type Settle = Rewards;
    type Currency = Balances;
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
    type JobSlots = Jobs;
    type HistoryDepth = HistoryDepth;
    type WeightInfo = weights::pallet_oracles::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_availability::Config for Runtime {
    type AdminOrigin = Admin;
    type Time = Timestamp;
    type Licenses = Licenses;
    type Services = Jobs;
    type JobSlots = Jobs;
    type Oracles = Oracles;
    type OnEnd = EpochEnd;
    type WeightInfo = weights::pallet_availability::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_rewards::Config for Runtime {
    type Currency = Balances;
    type Pools = Pools;
    type Licenses = Licenses;
    type WeightInfo = weights::pallet_rewards::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_price::Config for Runtime {
    type AdminOrigin = Admin;
    type Epochs = Availability;
    type WeightInfo = weights::pallet_price::WeightInfo<Runtime>;
}

impl pallet_sale::Config for Runtime {
    type Currency = Balances;
    type Kyc = Kyc;
    type Price = Price;
    type Pools = Pools;
    type Deeds = Licenses;
    type Supply = Rewards;
    type WeightInfo = weights::pallet_sale::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_pools::Config for Runtime {
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type AdminOrigin = Admin;
    type Epochs = Availability;
    type WeightInfo = weights::pallet_pools::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_nodes::Config for Runtime {
    type Licenses = Licenses;
    type Epochs = Availability;
    type Availability = Availability;
    type WeightInfo = weights::pallet_nodes::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_draws::Config for Runtime {
    type Market = Jobs;
    type Kyc = Kyc;
    type Licenses = Licenses;
    type Oracles = Oracles;
    type NodeRegistry = Nodes;
    type Epochs = Availability;
    type Availability = Availability;
    type Randomness = VrfOutputs;
    type WeightInfo = weights::pallet_draws::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}

impl pallet_jobs::Config for Runtime {
    type AdminOrigin = Admin;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type Kyc = Kyc;
    type Price = Price;
    type Licenses = Licenses;
    type Oracles = Oracles;
    type NodeRegistry = Nodes;
    type Epochs = Availability;
    type Availability = Availability;
    type Draws = Draws;
    type Time = Timestamp;
    type Supply = Rewards;
    type WeightInfo = weights::pallet_jobs::WeightInfo<Runtime>;
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = super::benchmarking::Scene;
}
