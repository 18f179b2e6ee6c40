//! The neighbours: a small true world in storage.
//!
//! Every license `i` has an owner, an entity and a node of its own, unless a test says otherwise.

use super::*;

/// What a deed of the world is.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Deed {
    pub owner: AccountId,
    pub state: License,
    pub oracle: bool,
}

/// What a node declared, and before that.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Declared {
    pub node: NodeId,
    pub since: u32,
    pub profile: NodeProfile,
    pub before: Option<(NodeProfile, u32)>,
}

#[storage_alias]
pub type Deeds = StorageMap<Mock, Twox64Concat, u32, Deed>;
#[storage_alias]
pub type DeedCount = StorageValue<Mock, u32, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Nodes = StorageMap<Mock, Twox64Concat, NodeId, LicenseId>;
#[storage_alias]
pub type Attested = StorageMap<Mock, Twox64Concat, AccountId, Attestation>;
/// Who may begin nothing.
#[storage_alias]
pub type Refused = StorageMap<Mock, Twox64Concat, AccountId, KycRefusal>;
/// Who may not go on either.
#[storage_alias]
pub type Fallen = StorageMap<Mock, Twox64Concat, AccountId, KycRefusal>;
#[storage_alias]
pub type Rate = StorageValue<Mock, Result<Price, PriceRefusal>>;
#[storage_alias]
pub type Profiles = StorageMap<Mock, Twox64Concat, u32, Declared>;
#[storage_alias]
pub type Reserved = StorageMap<Mock, Twox64Concat, u32, (Capacity, u32)>;
#[storage_alias]
pub type Reputations = StorageMap<Mock, Twox64Concat, u32, Reputation>;
#[storage_alias]
pub type BarredUntil = StorageMap<Mock, Twox64Concat, u32, EpochIndex>;
/// What jobs noted, oldest first.
#[storage_alias]
pub type Noted = StorageValue<Mock, alloc::vec::Vec<(LicenseId, Outcome)>, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Now = StorageValue<Mock, u64, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type Running = StorageValue<Mock, EpochIndex, frame_support::pallet_prelude::ValueQuery>;
/// Epochs that ended and are not closed.
#[storage_alias]
pub type Open = StorageValue<Mock, BTreeSet<EpochIndex>, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type LastFinalised = StorageValue<Mock, EpochIndex>;
/// Finalised epochs: how many services were voted about, and the bytes of those that have not 255.
#[storage_alias]
pub type Finals = StorageMap<Mock, Twox64Concat, EpochIndex, (u32, BTreeMap<u32, u8>)>;
/// How many services there were at the end of an epoch.
#[storage_alias]
pub type Frozen = StorageMap<Mock, Twox64Concat, EpochIndex, u32>;
/// Up to which height those who measured an epoch knew the chain, if not all of it.
#[storage_alias]
pub type Known = StorageMap<Mock, Twox64Concat, EpochIndex, BlockNumber>;
/// Bytes of licenses that are not 255.
#[storage_alias]
pub type LicenseBytes = StorageMap<Mock, Twox64Concat, (EpochIndex, u32), u8>;
/// VRF outputs that are not those of the salt.
#[storage_alias]
pub type Vrf = StorageMap<Mock, Twox64Concat, u32, [u8; 32]>;
#[storage_alias]
pub type Salt = StorageValue<Mock, u64, frame_support::pallet_prelude::ValueQuery>;
#[storage_alias]
pub type BurnedTotal = StorageValue<Mock, Balance, frame_support::pallet_prelude::ValueQuery>;

/// All neighbours.
pub struct World;

impl Time for World {
    type Moment = u64;
    fn now() -> u64 {
        Now::get()
    }
}

impl KycInspect<AccountId> for World {
    fn admits(who: &AccountId) -> Result<Attestation, KycRefusal> {
        match (Fallen::get(who), Refused::get(who)) {
            (Some(refusal), _) | (_, Some(refusal)) => Err(refusal),
            _ => Attested::get(who).ok_or(KycRefusal::NotAttested),
        }
    }
    fn standing(who: &AccountId, epoch: EpochIndex) -> Result<Attestation, KycRefusal> {
        assert_eq!(epoch, Running::get(), "standing is asked for the running epoch only");
        match Fallen::get(who) {
            Some(refusal) => Err(refusal),
            None => Attested::get(who).ok_or(KycRefusal::NotAttested),
        }
    }
}

impl PriceInspect for World {
    fn rate() -> Result<Price, PriceRefusal> {
        Rate::get().unwrap_or(Err(PriceRefusal::Missing))
    }
    fn lower_rate() -> Result<Price, PriceRefusal> {
        panic!("jobs are priced at the rate")
    }
}

impl LicenseInspect<AccountId> for World {
    fn count() -> u32 {
        DeedCount::get()
    }
    fn license(id: LicenseId) -> Option<License> {
        Deeds::get(id.0).map(|deed| deed.state)
    }
    fn owner(id: LicenseId) -> Option<AccountId> {
        Deeds::get(id.0).map(|deed| deed.owner)
    }
    fn license_of(node: &NodeId) -> Option<LicenseId> {
        Nodes::get(node)
    }
    fn linked(page: u32, _: EpochIndex) -> Option<PageMask> {
        let mut mask = PageMask::default();
        (0..PAGE_SIZE).for_each(|offset| {
            let linked = Deeds::get(page * PAGE_SIZE + offset).is_some_and(|deed| deed.state.link.is_some());
            mask.set(offset, linked)
        });
        Some(mask)
    }
    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        let license = Nodes::get(node).ok_or(AdmissionRefusal::NotLinked)?;
        let owner = Self::owner(license).ok_or(AdmissionRefusal::NotLinked)?;
        Self::standing(&owner, Running::get()).map_err(AdmissionRefusal::Owner)?;
        Ok(license)
    }
    fn grant(_: LicenseId) -> Option<Grant> {
        None
    }
    fn masters(_: u32) -> alloc::vec::Vec<(LicenseId, Grant)> {
        Default::default()
    }
    fn master_count(_: u32) -> u32 {
        0
    }
    fn assigned() -> Balance {
        0
    }
}

impl OracleInspect<AccountId> for World {
    fn active() -> alloc::vec::Vec<Seat<AccountId>> {
        Default::default()
    }
    fn is_barred(_: &AccountId) -> bool {
        false
    }
    fn is_bound(license: LicenseId) -> bool {
        Deeds::get(license.0).is_some_and(|deed| deed.oracle)
    }
}

impl World {
    fn with(license: LicenseId, need: &Capacity) -> Option<(Capacity, u32)> {
        let profile = Profiles::get(license.0)?.profile;
        let (used, slots) = Reserved::get(license.0).unwrap_or_default();
        let used = used.plus(need).filter(|used| profile.capacity.covers(used))?;
        (slots < MAX_SLOTS_PER_NODE).then_some((used, slots + 1))
    }
}

impl NodeRegistry for World {
    fn offer(license: LicenseId, node: &NodeId, at: BlockNumber) -> Option<NodeProfile> {
        let declared = Profiles::get(license.0).filter(|declared| declared.node == *node)?;
        match declared.since <= at {
            true => Some(declared.profile),
            false => declared.before.filter(|(_, since)| *since <= at).map(|(profile, _)| profile),
        }
    }
    fn has_room(license: LicenseId, need: &Capacity) -> bool {
        Self::with(license, need).is_some()
    }
    fn is_barred(license: LicenseId) -> bool {
        BarredUntil::get(license.0).is_some_and(|until| Running::get() < until)
    }
    fn reputation(license: LicenseId) -> Reputation {
        Reputations::get(license.0).unwrap_or_default()
    }
    fn reserve(license: LicenseId, need: &Capacity) -> DispatchResult {
        let reserved = Self::with(license, need).ok_or(DispatchError::Other("no room"))?;
        Reserved::insert(license.0, reserved);
        Ok(())
    }
    fn free(license: LicenseId, need: &Capacity) {
        let (used, slots) = Reserved::get(license.0).expect("only what is reserved is freed");
        let used = used.minus(need).expect("no more is freed than is reserved");
        match slots {
            1 => Reserved::remove(license.0),
            _ => Reserved::insert(license.0, (used, slots - 1)),
        }
        assert!(slots > 1 || used == Capacity::default(), "something is reserved for no slot");
    }
    fn bar(license: LicenseId) {
        BarredUntil::insert(license.0, Running::get().plus(BARRED_EPOCHS + 1));
    }
    fn note(license: LicenseId, outcome: Outcome) {
        Reputations::insert(license.0, Self::reputation(license).after(outcome));
        Noted::append((license, outcome));
    }
}

impl EpochInspect for World {
    fn current() -> EpochIndex {
        Running::get()
    }
    fn is_closed(epoch: EpochIndex) -> bool {
        epoch < Running::get() && !Open::get().contains(&epoch)
    }
    fn oldest_open() -> EpochIndex {
        Open::get().first().copied().unwrap_or_else(Running::get)
    }
    fn open_epochs() -> alloc::vec::Vec<EpochIndex> {
        Open::get().into_iter().collect()
    }
}

impl ClockInspect for World {
    fn clock() -> Option<ClockParams> {
        Some(clock())
    }
}

impl AvailabilityProvider for World {
    fn byte(epoch: EpochIndex, license: LicenseId) -> Option<u8> {
        let known = Finals::contains_key(epoch) && license.0 < DeedCount::get();
        known.then(|| LicenseBytes::get((epoch, license.0)).unwrap_or(255))
    }
    fn last_finalised() -> Option<EpochIndex> {
        LastFinalised::get()
    }
    fn threshold(epoch: EpochIndex) -> Option<u8> {
        (epoch < Running::get()).then_some(THRESHOLD)
    }
    fn known(epoch: EpochIndex) -> Option<BlockNumber> {
        Finals::contains_key(epoch).then(|| Known::get(epoch).unwrap_or(BlockNumber::MAX))
    }
    fn service_page(epoch: EpochIndex, page: u32) -> Option<Page> {
        let (services, bytes) = Finals::get(epoch)?;
        let range = (page * PAGE_SIZE)..services.min((page + 1) * PAGE_SIZE);
        let bytes: alloc::vec::Vec<u8> = range.map(|index| bytes.get(&index).copied().unwrap_or(255)).collect();
        (!bytes.is_empty()).then(|| Page::truncate_from(bytes))
    }
}

impl BlockRandomness for World {
    fn of_last_block() -> [u8; 32] {
        output(System::block_number() - 1)
    }
}

impl SupplyLedger for World {
    fn note_burned(amount: Balance) {
        BurnedTotal::mutate(|burned| *burned += amount);
    }
    fn minted(_: LicenseClass) -> Balance {
        0
    }
}

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
    Attested::get(who).expect("the account is attested").entity
}

pub fn attest(who: &AccountId, entity: u32, country: &[u8; 2], kind: EntityKind) {
    let entity = sp_io::hashing::blake2_256(&(b"entity", entity).encode());
    let attestation = Attestation { entity, kind, country: Country(*country), expires: EpochIndex(1_000_000) };
    // An attestation provides for its account.
    if !Attested::contains_key(who) {
        System::inc_providers(who);
    }
    Attested::insert(who, attestation);
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
    let node = Deeds::get(license).and_then(|deed| deed.state.link).expect("it is linked").node;
    let before = Profiles::get(license).map(|declared| (declared.profile, declared.since));
    Profiles::insert(license, Declared { node, since: System::block_number(), profile, before });
}

/// Another deed, linked, with a node that offers.
pub fn issue(class: LicenseClass) -> u32 {
    issue_with(class, NodeId::from(sp_core::Pair::public(&node_pair(DeedCount::get()))))
}

pub(super) fn issue_with(class: LicenseClass, node: NodeId) -> u32 {
    let id = DeedCount::get();
    let owner = operator(id);
    let link = Link { node, since: EpochIndex(1) };
    let state = License { class, link: Some(link), link_nonce: 1, last_link: Some(EpochIndex(1)), banned: false };
    attest(&owner, 1_000 + id, b"RO", EntityKind::Individual);
    Deeds::insert(id, Deed { owner, state, oracle: false });
    Nodes::insert(link.node, LicenseId(id));
    DeedCount::put(id + 1);
    declare(id, roomy());
    Profiles::mutate(id, |declared| declared.as_mut().expect("just declared").since = 1);
    id
}

pub fn change_deed(license: u32, change: impl FnOnce(&mut Deed)) {
    Deeds::mutate(license, |deed| change(deed.as_mut().expect("there is such a deed")));
}

/// Ban as the licenses pallet does it: the slots go first, then the link.
pub fn ban(license: u32) {
    use ratio1_primitives::traits::JobSlots;
    <Jobs as JobSlots>::evict(LicenseId(license));
    change_deed(license, |deed| {
        deed.state.banned = true;
        let link = deed.state.link.take().expect("it is linked");
        Nodes::remove(link.node);
    });
}

/// All licenses are taken when a draw comes upon them.
pub fn trust_all() {
    (0..DeedCount::get()).for_each(|id| Reputations::insert(id, Reputation(Reputation::MOST)));
}
