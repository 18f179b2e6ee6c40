//! The neighbours, as a test begins with them.
//!
//! Every license `i` has an owner, an entity and a node of its own, unless a test says otherwise.

use super::*;

/// How many services there were at the end of an epoch.
#[storage_alias]
pub type Frozen = StorageMap<Mock, Twox64Concat, EpochIndex, u32>;
/// VRF outputs that are not those of the salt.
#[storage_alias]
pub type Vrf = StorageMap<Mock, Twox64Concat, u32, [u8; 32]>;
#[storage_alias]
pub type Salt = StorageValue<Mock, u64, frame_support::pallet_prelude::ValueQuery>;

/// The VRF outputs of this chain.
pub struct Randomness;

impl BlockRandomness for Randomness {
    fn of_last_block() -> [u8; 32] {
        output(System::block_number() - 1)
    }
}

/// Sets up what benchmarks begin with.
#[cfg(feature = "runtime-benchmarks")]
pub struct Scene;

/// The VRF output of a block.
pub fn output(block: u32) -> [u8; 32] {
    let salted = || sp_io::hashing::blake2_256(&(b"vrf", Salt::get(), block).encode());
    Vrf::get(block).unwrap_or_else(salted)
}

pub fn clock() -> ClockParams {
    ClockParams { genesis_moment: GENESIS, epoch_ms: EPOCH_MS }
}

pub fn account(i: u32) -> AccountId {
    AccountId::new(sp_io::hashing::blake2_256(&(b"account", i).encode()))
}

/// The owner of license `i`, unless a test gave it away.
pub fn operator(i: u32) -> AccountId {
    account(1_000 + i)
}

/// Requesters.
pub fn alice() -> AccountId {
    account(1)
}
pub fn bob() -> AccountId {
    account(2)
}
pub fn carol() -> AccountId {
    account(3)
}
/// Has money, and no attestation.
pub fn stranger() -> AccountId {
    account(99)
}

/// The entity of an account.
pub fn entity(who: &AccountId) -> EntityId {
    Kyc::entity(who)
}

pub fn attest(who: &AccountId, entity: u32, country: &[u8; 2], kind: EntityKind) {
    let entity = sp_io::hashing::blake2_256(&(b"entity", entity).encode());
    // An attestation provides for its account.
    if <Kyc as KycInspect<AccountId>>::admits(who) == Err(KycRefusal::NotAttested) {
        System::inc_providers(who);
    }
    Kyc::attest(who, Attestation { entity, kind, country: Country(*country), expires: EpochIndex(1_000_000) });
}

/// The owner of a license is not in good standing any more.
pub fn fall(license: u32) {
    Kyc::refuse(&operator(license), KycRefusal::Revoked);
    Deeds::fall(LicenseId(license));
}

/// The owner of a license is in good standing again.
pub fn rise(license: u32) {
    Kyc::restore(&operator(license));
    Deeds::rise(LicenseId(license));
}

pub fn node_pair(i: u32) -> NodePair {
    use sp_core::Pair;
    NodePair::from_seed(&sp_io::hashing::blake2_256(&(b"node", i).encode()))
}

/// The key of the node of license `i`. Its pair is only made where something is signed.
pub fn node(i: u32) -> NodeId {
    use sp_core::Pair;
    NodeId::from(node_pair(i).public())
}

/// What every node offers at first: room for eight `Low2`, and no GPU.
pub fn roomy() -> NodeProfile {
    let capacity = Capacity { cpu_milli: 16_000, memory_mib: 65_536, disk_gib: 256, gpus: 0 };
    NodeProfile { capacity, gpu: None, tags: Default::default() }
}

pub fn declare(license: u32, profile: NodeProfile) {
    let node = Deeds::state(LicenseId(license)).and_then(|deed| deed.link).expect("it is linked").node;
    Nodes::declare(license, node, profile, System::block_number());
}

/// Another deed, linked, with a node that offers.
pub fn issue(class: LicenseClass) -> u32 {
    issue_with(class, node(Deeds::issued()))
}

pub(super) fn issue_with(class: LicenseClass, node: NodeId) -> u32 {
    let owner = operator(Deeds::issued());
    let license = Deeds::issue(class, Some(&owner));
    Deeds::link(license, Some(node));
    attest(&owner, 1_000 + license.0, b"RO", EntityKind::Individual);
    Nodes::declare(license.0, node, roomy(), 1);
    license.0
}

/// The license is an oracle's, and takes no job.
pub fn bind(license: u32) {
    Bound::mutate(|bound| bound.insert(LicenseId(license)));
}

/// The license is no oracle's any more.
pub fn unbind(license: u32) {
    Bound::mutate(|bound| bound.remove(&LicenseId(license)));
}

/// Ban as the licenses pallet does it: the slots go first, then the link.
pub fn ban(license: u32) {
    use ratio1_primitives::traits::JobSlots;
    let license = LicenseId(license);
    <Jobs as JobSlots>::evict(license);
    Deeds::ban(license, true);
    Deeds::link(license, None);
}

/// All licenses are taken when a draw comes upon them.
pub fn trust_all() {
    (0..Deeds::issued()).for_each(|id| Reputations::insert(id, Reputation(Reputation::MOST)));
}
