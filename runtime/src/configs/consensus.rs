//! BABE and GRANDPA, with equivocations reported for both.

use crate::*;
use frame_support::{
    parameter_types,
    traits::{ConstU32, ConstU64},
};
use ratio1_primitives::ballot::MAX_ORACLES;

/// How long an equivocation may be reported after the fact: 28 days of slots.
pub const REPORT_LONGEVITY: u64 = 28 * 24 * 60 * 60 * 1_000 / SLOT_MS;
/// GRANDPA's set-to-session entries: one per set change, kept as long as a report may come.
const MAX_SET_ID_SESSIONS: u64 = 1_000;

parameter_types! {
    pub const ReportLongevity: u64 = REPORT_LONGEVITY;
}

impl pallet_babe::Config for Runtime {
    type EpochDuration = Network;
    type ExpectedBlockTime = ConstU64<SLOT_MS>;
    type EpochChangeTrigger = pallet_babe::ExternalTrigger;
    type DisabledValidators = Session;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_ORACLES>;
    type MaxNominators = ConstU32<0>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem = pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}

impl pallet_grandpa::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = ();
    type MaxAuthorities = ConstU32<MAX_ORACLES>;
    type MaxNominators = ConstU32<0>;
    type MaxSetIdSessionEntries = ConstU64<MAX_SET_ID_SESSIONS>;
    type KeyOwnerProof = sp_session::MembershipProof;
    type EquivocationReportSystem =
        pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
}
