//! Governance: the council, the public delay, what may be stopped for a while and what never, upgrades, and sudo where
//! a preset names a key.

use super::{conveniences::deposit, RuntimeBlockWeights};
use crate::*;
use codec::{Decode, Encode, MaxEncodedLen};
use frame_support::{
    dispatch::DispatchInfo,
    migrations::{FailedMigrationHandler, FailedMigrationHandling},
    parameter_types,
    traits::{
        fungible::HoldConsideration, Consideration, ConstU32, Contains, EqualPrivilegeOnly, GetCallMetadata,
        LinearStoragePrice, MaybeConsideration, Time,
    },
    weights::Weight,
};
use frame_system::{EnsureNever, EnsureRoot};
use pallet_collective::{EnsureProportionAtLeast, EnsureProportionMoreThan};
use scale_info::TypeInfo;
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError, Perbill};

/// The collective that governs.
pub type CouncilInstance = pallet_collective::Instance1;
/// Two thirds of the council: decides, after the delay; pauses and halts, at once.
type TwoThirds = EnsureProportionAtLeast<AccountId, CouncilInstance, 2, 3>;
/// More than half of the council: undoes what two thirds did.
type MoreThanHalf = EnsureProportionMoreThan<AccountId, CouncilInstance, 1, 2>;

/// Members of the council, at most.
pub const MAX_MEMBERS: u32 = 32;
/// The longest signed transaction of a council member that goes with the operational class.
pub const MAX_COUNCIL_BYTES: usize = 8 * 1024;

parameter_types! {
    /// Seven days at full speed. A slow network leaves a motion open for longer, which harms nobody: it is closed as soon
    /// as enough members have voted.
    pub const MotionDuration: BlockNumber = 7 * 24 * 1_200;
    /// Places for all that all members may move at one time.
    pub const MaxMotions: u32 = MAX_MEMBERS.saturating_mul(pallet_governance::MAX_MOTIONS);
    /// What a motion may weigh, and what the scheduler may use of a block.
    pub HalfABlock: Weight = Perbill::from_percent(50) * RuntimeBlockWeights::get().max_block;
    /// What the council's own transactions may use of a block, the motions they close included.
    pub CouncilShare: Weight = Perbill::from_percent(5) * RuntimeBlockWeights::get().max_block;
    /// What an enactment may weigh: the scheduler's own work and what else begins a block come before it.
    pub MaxEnactment: Weight = Perbill::from_percent(33) * RuntimeBlockWeights::get().max_block;
    pub MigrationWeight: Weight = Perbill::from_percent(60) * RuntimeBlockWeights::get().max_block;
    pub const PreimageBase: Balance = deposit(2, 64);
    pub const PreimageByte: Balance = deposit(0, 1);
    pub const PreimageHold: RuntimeHoldReason = RuntimeHoldReason::Preimage(pallet_preimage::HoldReason::Preimage);
    pub const NoDeposit: Option<Balance> = None;
    pub const NoRelease: Option<BlockNumber> = None;
}

/// Who does not vote has not agreed. The other strategies that the pallet brings let one member speak for the silent.
pub struct SilenceIsNo;

impl pallet_collective::DefaultVote for SilenceIsNo {
    fn default_vote(_: Option<bool>, _: u32, _: u32, _: u32) -> bool {
        false
    }
}

impl pallet_collective::Config<CouncilInstance> for Runtime {
    type RuntimeOrigin = RuntimeOrigin;
    type Proposal = RuntimeCall;
    type RuntimeEvent = RuntimeEvent;
    type MotionDuration = MotionDuration;
    type MaxProposals = MaxMotions;
    type MaxMembers = ConstU32<MAX_MEMBERS>;
    type DefaultVote = SilenceIsNo;
    type WeightInfo = pallet_collective::weights::SubstrateWeight<Runtime>;
    type SetMembersOrigin = EnsureRoot<AccountId>;
    type MaxProposalWeight = HalfABlock;
    type DisapproveOrigin = EnsureRoot<AccountId>;
    type KillOrigin = EnsureRoot<AccountId>;
    type Consideration = OwnPlace;
}

/// A place of its proposer's own for every motion: no member can take those of others. Nothing is held, so nothing
/// has to be released.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, MaxEncodedLen, TypeInfo)]
pub struct OwnPlace;

impl Consideration<AccountId, u32> for OwnPlace {
    /// The collective has just put the motion on its list.
    fn new(proposer: &AccountId, _: u32) -> Result<Self, DispatchError> {
        Governance::take_place(proposer, &pallet_collective::Proposals::<Runtime, CouncilInstance>::get())?;
        Ok(Self)
    }

    fn update(self, _: &AccountId, _: u32) -> Result<Self, DispatchError> {
        Ok(self)
    }

    fn drop(self, _: &AccountId) -> Result<(), DispatchError> {
        Ok(())
    }

    #[cfg(feature = "runtime-benchmarks")]
    fn ensure_successful(_: &AccountId, _: u32) {}
}

impl MaybeConsideration<AccountId, u32> for OwnPlace {
    fn is_none(&self) -> bool {
        true
    }
}

/// The moment of the slot that a block is made for: known from the block's beginning, and never the same twice.
pub struct SlotTime;

impl Time for SlotTime {
    type Moment = u64;

    fn now() -> u64 {
        u64::from(pallet_babe::CurrentSlot::<Runtime>::get()).saturating_mul(SLOT_MS)
    }
}

impl pallet_governance::Config for Runtime {
    type RuntimeCall = RuntimeCall;
    type PalletsOrigin = OriginCaller;
    type DecideOrigin = TwoThirds;
    type UndoOrigin = MoreThanHalf;
    type AdminOrigin = EnsureRoot<AccountId>;
    type Time = SlotTime;
    type MaxMotions = MaxMotions;
    type Scheduler = Scheduler;
    type Preimages = Preimage;
    type Pauses = TxPause;
    type SafeMode = SafeMode;
    type MaxWeight = MaxEnactment;
    type WeightInfo = weights::pallet_governance::WeightInfo<Runtime>;
}

impl pallet_scheduler::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeOrigin = RuntimeOrigin;
    type PalletsOrigin = OriginCaller;
    type RuntimeCall = RuntimeCall;
    type MaximumWeight = HalfABlock;
    type ScheduleOrigin = EnsureRoot<AccountId>;
    type OriginPrivilegeCmp = EqualPrivilegeOnly;
    type MaxScheduledPerBlock = ConstU32<50>;
    type WeightInfo = pallet_scheduler::weights::SubstrateWeight<Runtime>;
    type Preimages = Preimage;
    type BlockNumberProvider = System;
}

impl pallet_preimage::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type WeightInfo = pallet_preimage::weights::SubstrateWeight<Runtime>;
    type Currency = Balances;
    type ManagerOrigin = EnsureRoot<AccountId>;
    type Consideration =
        HoldConsideration<AccountId, Balances, PreimageHold, LinearStoragePrice<PreimageBase, PreimageByte, Balance>>;
}

/// Pallets no call of which is ever paused or halted: what makes blocks, the oracles' votes, governance itself, and
/// what only wraps calls, which are asked about themselves.
pub const PROTECTED_PALLETS: [&str; 17] = [
    "System",
    "Timestamp",
    "Babe",
    "Migrations",
    "Availability",
    "Session",
    "Grandpa",
    "Utility",
    "Multisig",
    "Proxy",
    "Sudo",
    "Council",
    "Governance",
    "Scheduler",
    "Preimage",
    "SafeMode",
    "TxPause",
];

/// Calls that are never paused or halted, of pallets others of whose calls may be: an oracle's keys, and what is
/// somebody's due. Unlinking pays out what was earned; an offer can always be withdrawn; who paid for a job can end it
/// and refuse what was not delivered; and a node that may not accept or resign would be punished for it.
pub const PROTECTED_CALLS: [(&str, &str); 8] = [
    ("Oracles", "register_keys"),
    ("Rewards", "claim"),
    ("Licenses", "unlink"),
    ("Licenses", "cancel_listing"),
    ("Jobs", "cancel"),
    ("Jobs", "reject"),
    ("Jobs", "accept"),
    ("Jobs", "resign"),
];

/// Whether a call is out of reach of pauses and halts.
pub fn is_protected(pallet: &str, call: &str) -> bool {
    PROTECTED_PALLETS.contains(&pallet) || PROTECTED_CALLS.contains(&(pallet, call))
}

/// What pauses and halts never cover.
pub struct Protected;

impl Contains<RuntimeCall> for Protected {
    fn contains(call: &RuntimeCall) -> bool {
        let metadata = call.get_call_metadata();
        is_protected(metadata.pallet_name, metadata.function_name)
    }
}

impl Contains<pallet_governance::CallName> for Protected {
    fn contains((pallet, call): &pallet_governance::CallName) -> bool {
        match (core::str::from_utf8(pallet), core::str::from_utf8(call)) {
            (Ok(pallet), Ok(call)) => is_protected(pallet, call),
            // No call has such a name.
            _ => false,
        }
    }
}

// Entered by `governance` alone, through its trait, so that every halt ends by itself. Root can end one.
impl pallet_safe_mode::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type Currency = Balances;
    type RuntimeHoldReason = RuntimeHoldReason;
    type WhitelistedCalls = Protected;
    type EnterDuration = ConstU32<0>;
    type ExtendDuration = ConstU32<0>;
    type EnterDepositAmount = NoDeposit;
    type ExtendDepositAmount = NoDeposit;
    type ForceEnterOrigin = EnsureNever<BlockNumber>;
    type ForceExtendOrigin = EnsureNever<BlockNumber>;
    type ForceExitOrigin = EnsureRoot<AccountId>;
    type ForceDepositOrigin = EnsureRoot<AccountId>;
    type Notify = ();
    type ReleaseDelay = NoRelease;
    type WeightInfo = pallet_safe_mode::weights::SubstrateWeight<Runtime>;
}

// Likewise.
impl pallet_tx_pause::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type PauseOrigin = EnsureNever<AccountId>;
    type UnpauseOrigin = EnsureRoot<AccountId>;
    type WhitelistedCalls = Protected;
    type MaxNameLen = ConstU32<{ pallet_governance::MAX_NAME }>;
    type WeightInfo = pallet_tx_pause::weights::SubstrateWeight<Runtime>;
}

/// A chain whose migration failed is halted, but not frozen: without sudo, nothing but the next enactment can repair it.
/// Twice the delay leaves time to decide on one and to see it enacted; then the halt ends as every halt does.
pub struct HaltOnFailedMigration;

impl FailedMigrationHandler for HaltOnFailedMigration {
    fn failed(_: Option<u32>) -> FailedMigrationHandling {
        let (parameters, _) = Governance::parameters();
        Governance::halt_for(parameters.delay_ms.saturating_mul(2));
        FailedMigrationHandling::ForceUnstuck
    }
}

impl pallet_migrations::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    /// The multi-block migrations of this version.
    #[cfg(not(feature = "runtime-benchmarks"))]
    type Migrations = ();
    #[cfg(feature = "runtime-benchmarks")]
    type Migrations = pallet_migrations::mock_helpers::MockedMigrations;
    type CursorMaxLen = ConstU32<65_536>;
    type IdentifierMaxLen = ConstU32<256>;
    type MigrationStatusHandler = ();
    type FailedMigrationHandler = HaltOnFailedMigration;
    type MaxServiceWeight = MigrationWeight;
    type WeightInfo = pallet_migrations::weights::SubstrateWeight<Runtime>;
}

impl pallet_sudo::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}

/// What of the operational class a signer may send: a council member their own business, while there is room for it.
///
/// The council's calls are operational in the SDK's pallet. That class is the votes': so only members, only short calls,
/// never `execute` (which carries any call at all), and only while the class has used no more than [`CouncilShare`] of
/// this block. A council that floods the chain waits for the next block; the votes do not.
pub fn check_council_business(
    who: &AccountId,
    call: &RuntimeCall,
    info: &DispatchInfo,
    bytes: usize,
) -> Result<(), InvalidTransaction> {
    use pallet_collective::Call;
    let own = matches!(call, RuntimeCall::Council(Call::propose { .. } | Call::vote { .. } | Call::close { .. }));
    let (share, weight) = (CouncilShare::get().ref_time(), info.call_weight);
    if !own || bytes > MAX_COUNCIL_BYTES || weight.ref_time() > share || !Council::is_member(who) {
        return Err(InvalidTransaction::Call);
    }
    let used = System::block_weight().get(info.class).saturating_add(weight);
    if used.ref_time() > share {
        // Stays in the pool.
        return Err(InvalidTransaction::ExhaustsResources);
    }
    Ok(())
}
