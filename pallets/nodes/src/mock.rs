//! The pallet alone; deeds, links, epochs and thresholds in memory. License `n` of the mock is linked to node `n`.

use crate::{self as pallet_nodes, Event};
use core::cell::RefCell;
use frame_support::{derive_impl, dispatch::GetDispatchInfo, parameter_types, traits::Authorize, weights::Weight};
use ratio1_primitives::{
    ballot::Page,
    jobs::{Capacity, Gpu, NodeProfile, Tag},
    keys::{pair::NodePair, profile_payload, NodeKey},
    refusal::{AdmissionRefusal, KycRefusal},
    traits::{AvailabilityProvider, EpochInspect, LicenseInspect, PageMask},
    AccountId, Balance, BlockNumber, EpochIndex, Grant, Hash, License, LicenseClass, LicenseId, Link, NodeId,
    NodeSignature, PAGE_SIZE,
};
use sp_core::Pair;
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage,
};
use std::collections::BTreeMap;

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Nodes: pallet_nodes,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
}

impl pallet_nodes::Config for Test {
    type Licenses = Deeds;
    type Epochs = Epochs;
    type Availability = Epochs;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Deeds;
}

parameter_types! {
    pub static Current: u32 = 1;
    pub static AvailableFrom: Option<u8> = Some(THRESHOLD);
}

/// The byte from which a node counts as available.
pub const THRESHOLD: u8 = 250;

pub struct Epochs;

impl EpochInspect for Epochs {
    fn current() -> EpochIndex {
        EpochIndex(Current::get())
    }
    fn is_closed(epoch: EpochIndex) -> bool {
        epoch.0 < Current::get()
    }
    fn oldest_open() -> EpochIndex {
        Self::current()
    }
    fn open_epochs() -> Vec<EpochIndex> {
        Vec::new()
    }
}

impl AvailabilityProvider for Epochs {
    fn byte(_: EpochIndex, _: LicenseId) -> Option<u8> {
        None
    }
    fn last_finalised() -> Option<EpochIndex> {
        None
    }
    fn threshold(_: EpochIndex) -> Option<u8> {
        AvailableFrom::get()
    }
    fn known(_: EpochIndex) -> Option<BlockNumber> {
        None
    }
    fn service_page(_: EpochIndex, _: u32) -> Option<Page> {
        None
    }
}

#[derive(Default)]
struct Registry {
    deeds: Vec<License>,
    /// Licenses whose owner is not in good standing.
    fallen: Vec<LicenseId>,
    /// Who was linked when an epoch ended, where that differs from who is linked now; `None` where it is forgotten.
    history: BTreeMap<(u32, EpochIndex), Option<PageMask>>,
}

thread_local! {
    static REGISTRY: RefCell<Registry> = RefCell::default();
}

/// Deeds in memory. The first is the Genesis deed.
pub struct Deeds;

impl Deeds {
    pub fn issue(class: LicenseClass, node: Option<NodeId>) -> LicenseId {
        REGISTRY.with_borrow_mut(|r| {
            let link = node.map(|node| Link { node, since: EpochIndex(0) });
            r.deeds.push(License { class, link, link_nonce: 1, last_link: None, banned: false });
            LicenseId(r.deeds.len() as u32 - 1)
        })
    }

    pub fn link(license: LicenseId, node: Option<NodeId>) {
        let link = node.map(|node| Link { node, since: EpochIndex(0) });
        REGISTRY.with_borrow_mut(|r| r.deeds[license.0 as usize].link = link);
    }

    pub fn fall(license: LicenseId) {
        REGISTRY.with_borrow_mut(|r| r.fallen.push(license));
    }

    pub fn remember(page: u32, epoch: u32, mask: Option<PageMask>) {
        REGISTRY.with_borrow_mut(|r| r.history.insert((page, EpochIndex(epoch)), mask));
    }
}

impl LicenseInspect<AccountId> for Deeds {
    fn count() -> u32 {
        REGISTRY.with_borrow(|r| r.deeds.len() as u32)
    }
    fn license(id: LicenseId) -> Option<License> {
        REGISTRY.with_borrow(|r| r.deeds.get(id.0 as usize).copied())
    }
    fn owner(_: LicenseId) -> Option<AccountId> {
        None
    }
    fn license_of(node: &NodeId) -> Option<LicenseId> {
        let linked = |deed: &License| deed.link.is_some_and(|link| link.node == *node);
        REGISTRY.with_borrow(|r| r.deeds.iter().position(linked)).map(|index| LicenseId(index as u32))
    }
    fn linked(page: u32, epoch: EpochIndex) -> Option<PageMask> {
        REGISTRY.with_borrow(|r| {
            if let Some(mask) = r.history.get(&(page, epoch)) {
                return *mask;
            }
            let mut mask = PageMask::default();
            let size = PAGE_SIZE as usize;
            for (offset, deed) in r.deeds.iter().skip(page as usize * size).take(size).enumerate() {
                mask.set(offset as u32, deed.link.is_some());
            }
            Some(mask)
        })
    }
    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        let license = Self::license_of(node).ok_or(AdmissionRefusal::NotLinked)?;
        match REGISTRY.with_borrow(|r| r.fallen.contains(&license)) {
            true => Err(AdmissionRefusal::Owner(KycRefusal::Revoked)),
            false => Ok(license),
        }
    }
    fn grant(_: LicenseId) -> Option<Grant> {
        None
    }
    fn masters(_: u32) -> Vec<(LicenseId, Grant)> {
        Vec::new()
    }
    fn master_count(_: u32) -> u32 {
        0
    }
    fn assigned() -> Balance {
        0
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for Deeds {
    fn run_epoch(epoch: EpochIndex) {
        Current::set(epoch.0);
    }
    fn linked_deed(node: NodeId) -> LicenseId {
        Self::issue(LicenseClass::Node, Some(node))
    }
    fn linked_page(_: EpochIndex) {
        while Self::count() < PAGE_SIZE {
            Self::issue(LicenseClass::Node, Some(NodeId([1; 32])));
        }
    }
}

pub fn pair(n: u8) -> NodePair {
    NodePair::from_seed(&[n; 32])
}

pub fn node(n: u8) -> NodeId {
    NodeId::from(pair(n).public() as NodeKey)
}

/// The Genesis deed, a Master deed, and Node Deeds 2, 3 and 4, all linked.
pub fn new_test_ext() -> sp_io::TestExternalities {
    REGISTRY.set(Registry::default());
    Current::set(1);
    AvailableFrom::set(Some(THRESHOLD));
    let storage = RuntimeGenesisConfig::default().build_storage().expect("the default genesis is valid");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    ext.execute_with(|| {
        frame_system::BlockHash::<Test>::insert(0, GENESIS);
        System::set_block_number(1);
        Deeds::issue(LicenseClass::Genesis, Some(node(0)));
        Deeds::issue(LicenseClass::Master, Some(node(1)));
        (2..5).for_each(|n| {
            Deeds::issue(LicenseClass::Node, Some(node(n)));
        });
    });
    ext
}

/// The chain's identity.
pub const GENESIS: Hash = Hash::repeat_byte(0x77);

/// Run a test on a fresh chain, and check the invariants after it.
pub fn run(test: impl FnOnce()) {
    new_test_ext().execute_with(|| {
        test();
        check();
    });
}

pub fn check() {
    Nodes::do_try_state().expect("the invariants hold");
}

/// `n` more epochs begin, ten blocks each.
pub fn epochs(n: u32) {
    check();
    Current::mutate(|epoch| *epoch += n);
    System::set_block_number(System::block_number() + 10 * n);
}

pub const fn capacity(cpu_milli: u32, memory_mib: u32, disk_gib: u32, gpus: u32) -> Capacity {
    Capacity { cpu_milli, memory_mib, disk_gib, gpus }
}

pub fn tag(text: &str) -> Tag {
    text.as_bytes().to_vec().try_into().expect("a tag of at most 32 bytes")
}

pub fn profile(capacity: Capacity, gpu: Option<Gpu>, tags: &[&str]) -> NodeProfile {
    let tags: Vec<Tag> = tags.iter().map(|text| tag(text)).collect();
    NodeProfile { capacity, gpu, tags: tags.try_into().expect("few tags") }
}

/// A profile without GPUs and tags, told from others by its vCPUs.
pub fn plain(cpu_milli: u32) -> NodeProfile {
    profile(capacity(cpu_milli, 8_192, 100, 0), None, &[])
}

pub fn sign(n: u8, license: LicenseId, sequence: u32, profile: &NodeProfile) -> NodeSignature {
    pair(n).sign(&profile_payload(GENESIS, license, sequence, profile)).into()
}

/// Send a declaration as a transaction: authorise, then dispatch.
pub fn send(
    license: LicenseId,
    sequence: u32,
    profile: &NodeProfile,
    signature: NodeSignature,
) -> Result<ValidTransaction, TransactionValidityError> {
    let call: RuntimeCall = crate::Call::declare { license, sequence, profile: profile.clone(), signature }.into();
    let (valid, _) = call.authorize(TransactionSource::External).expect("an authorised call")?;
    assert_ne!(call.get_dispatch_info().total_weight(), Weight::zero());
    call.dispatch(frame_system::RawOrigin::Authorized.into()).expect("an authorised declaration succeeds");
    Ok(valid)
}

/// Declare by the linked node, with the right number; the variant's index if it is refused.
pub fn declare(license: LicenseId, profile: &NodeProfile) -> Result<(), u8> {
    let sequence = Nodes::next_sequence(license);
    let deed = Deeds::license(license).expect("a license");
    let signer = (0..=u8::MAX).find(|n| deed.link.is_some_and(|link| link.node == node(*n))).unwrap_or_default();
    match send(license, sequence, profile, sign(signer, license, sequence, profile)) {
        Ok(_) => Ok(()),
        Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => Err(code),
        Err(other) => panic!("{other:?}"),
    }
}

/// The events since the last time.
pub fn events() -> Vec<Event<Test>> {
    let events = System::read_events_for_pallet::<Event<Test>>();
    System::reset_events();
    events
}
