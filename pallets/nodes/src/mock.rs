//! The pallet alone; deeds, links, epochs and thresholds in memory. License `n` of the mock is linked to node `n`.

use crate::{self as pallet_nodes, Event};
use frame_support::{derive_impl, dispatch::GetDispatchInfo, traits::Authorize, weights::Weight};
pub use ratio1_pallet_testing::{Current, Deeds, Epochs, Measured, Threshold};
use ratio1_primitives::{
    jobs::{Capacity, Gpu, NodeProfile, Tag},
    keys::{pair::NodePair, profile_payload, NodeKey},
    AccountId, Hash, LicenseClass, LicenseId, NodeId, NodeSignature,
};
use sp_core::Pair;
use sp_runtime::{
    traits::{Dispatchable, IdentityLookup},
    transaction_validity::{InvalidTransaction, TransactionSource, TransactionValidityError, ValidTransaction},
    BuildStorage,
};

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
    type Availability = Measured;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Scene;
}

/// The byte from which a node counts as available.
pub const THRESHOLD: u8 = 250;

/// Issue the next deed, linked to `node` if there is one.
pub fn issue(class: LicenseClass, node: Option<NodeId>) -> LicenseId {
    let license = Deeds::issue(class, None::<&AccountId>);
    Deeds::link(license, node);
    license
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Scene;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper for Scene {
    fn run_epoch(epoch: ratio1_primitives::EpochIndex) {
        Epochs::run(epoch.0);
    }
    fn linked_deed(node: NodeId) -> LicenseId {
        issue(LicenseClass::Node, Some(node))
    }
    fn linked_page(_: ratio1_primitives::EpochIndex) {
        while Deeds::issued() < ratio1_primitives::PAGE_SIZE {
            issue(LicenseClass::Node, Some(NodeId([1; 32])));
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
    ratio1_pallet_testing::reset();
    Epochs::run(1);
    Threshold::set(Some(THRESHOLD));
    let storage = RuntimeGenesisConfig::default().build_storage().expect("the default genesis is valid");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.register_extension(sp_keystore::KeystoreExt::new(sp_keystore::testing::MemoryKeystore::new()));
    ext.execute_with(|| {
        frame_system::BlockHash::<Test>::insert(0, GENESIS);
        System::set_block_number(1);
        issue(LicenseClass::Genesis, Some(node(0)));
        issue(LicenseClass::Master, Some(node(1)));
        (2..5).for_each(|n| {
            issue(LicenseClass::Node, Some(node(n)));
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
    let deed = Deeds::state(license).expect("a license");
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
