//! Conveniences for accounts: batches, multisigs, proxies.

use super::ProxyType;
use crate::*;
use frame_support::{parameter_types, traits::ConstU32};
use ratio1_primitives::{economics::R1, width::as_u128};
use sp_runtime::traits::BlakeTwo256;

/// What `items` stored items of together `bytes` bytes are held for.
pub(super) const fn deposit(items: u32, bytes: u32) -> Balance {
    as_u128(items).saturating_mul(R1 / 100).saturating_add(as_u128(bytes).saturating_mul(R1 / 100_000))
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
