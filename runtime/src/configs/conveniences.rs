//! Conveniences for accounts: batches, multisigs, proxies.

use crate::*;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    parameter_types,
    traits::{ConstU32, InstanceFilter},
};
use ratio1_primitives::economics::R1;
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

/// What `items` stored items of together `bytes` bytes are held for.
pub(super) const fn deposit(items: u32, bytes: u32) -> Balance {
    items as Balance * R1 / 100 + bytes as Balance * R1 / 100_000
}

impl pallet_utility::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

parameter_types! {
    pub const MultisigBase: Balance = deposit(1, 88);
    pub const MultisigFactor: Balance = deposit(0, 32);
    pub const ProxyBase: Balance = deposit(1, 8);
    pub const ProxyFactor: Balance = deposit(0, 33);
    pub const AnnouncementBase: Balance = deposit(1, 8);
    pub const AnnouncementFactor: Balance = deposit(0, 66);
}

impl pallet_multisig::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type DepositBase = MultisigBase;
    type DepositFactor = MultisigFactor;
    type MaxSignatories = ConstU32<100>;
    type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
    type BlockNumberProvider = System;
}

/// What a proxy may do for its principal.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    Any,
    /// Everything but moving R1 or deeds: neither sending, buying nor paying for jobs, and neither giving nor offering.
    NonTransfer,
    /// Linking and unlinking nodes, and registering session keys: what running a node takes.
    NodeOperation,
    /// Asking for jobs, extending, cancelling and rejecting them: spends R1, but on jobs alone, whose owner is the
    /// principal.
    JobManagement,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            Self::Any => true,
            Self::NonTransfer => !matches!(
                call,
                RuntimeCall::Balances(_)
                    | RuntimeCall::Licenses(
                        pallet_licenses::Call::transfer { .. }
                            | pallet_licenses::Call::list { .. }
                            | pallet_licenses::Call::buy { .. }
                    )
                    | RuntimeCall::Sale(pallet_sale::Call::buy { .. })
                    | RuntimeCall::Pools(pallet_pools::Call::disburse_liquidity { .. })
                    | RuntimeCall::Jobs(
                        pallet_jobs::Call::request { .. }
                            | pallet_jobs::Call::extend { .. }
                            | pallet_jobs::Call::add_nodes { .. }
                            | pallet_jobs::Call::reject { .. }
                    )
                    // They speak for other accounts, without this filter.
                    | RuntimeCall::Multisig(_)
                    | RuntimeCall::Proxy(
                        pallet_proxy::Call::proxy { .. } | pallet_proxy::Call::proxy_announced { .. }
                    )
                    | RuntimeCall::Sudo(_)
            ),
            Self::NodeOperation => matches!(
                call,
                RuntimeCall::Licenses(pallet_licenses::Call::link { .. } | pallet_licenses::Call::unlink { .. })
                    | RuntimeCall::Oracles(pallet_oracles::Call::register_keys { .. })
                    | RuntimeCall::Utility(_)
            ),
            Self::JobManagement => matches!(
                call,
                RuntimeCall::Jobs(
                    pallet_jobs::Call::request { .. }
                        | pallet_jobs::Call::extend { .. }
                        | pallet_jobs::Call::add_nodes { .. }
                        | pallet_jobs::Call::cancel { .. }
                        | pallet_jobs::Call::reject { .. }
                ) | RuntimeCall::Utility(_)
            ),
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        match (self, other) {
            (a, b) if a == b => true,
            (Self::Any, _) => true,
            (Self::NonTransfer, Self::NodeOperation) => true,
            _ => false,
        }
    }
}

impl pallet_proxy::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = ProxyType;
    type ProxyDepositBase = ProxyBase;
    type ProxyDepositFactor = ProxyFactor;
    type MaxProxies = ConstU32<32>;
    type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
    type MaxPending = ConstU32<32>;
    type CallHasher = BlakeTwo256;
    type AnnouncementDepositBase = AnnouncementBase;
    type AnnouncementDepositFactor = AnnouncementFactor;
    type BlockNumberProvider = System;
}
