//! A chain of this pallet on the real token pallet, which has every feature on, so that only the locker protects deeds.
//! Attestation, epochs, oracles and settling are set by hand.

use crate::{self as pallet_licenses, GenesisDeed, NodeLicense, DEED_COLLECTION};
use frame_support::{
    derive_impl, parameter_types,
    traits::{tokens::nonfungibles_v2, AsEnsureOriginWithArg, ConstU128, ConstU32, ConstU64},
    weights::Weight,
    PalletId,
};
use pallet_nfts::{
    CollectionConfig, CollectionSetting, CollectionSettings, ItemConfig, MintSettings, NextCollectionId, PalletFeatures,
};
pub use ratio1_pallet_testing::{Bound, Current, Epochs, Kyc, Open, Oracles, Working};
use ratio1_pallet_testing::{EvictWeight, OnEvict, Slots};
use ratio1_primitives::{
    economics::{MASTER_COUNT, NODE_COUNT, R1},
    keys::link_payload,
    kyc::{EntityId, EntityKind},
    traits::{DeedToken, SettleRewards},
    AccountId, Balance, LicenseClass, LicenseId, NodeId, NodeSignature,
};
use sp_core::{ed25519, Pair};
use sp_runtime::{
    traits::{AccountIdConversion, IdentityLookup, Verify},
    BuildStorage, DispatchError, DispatchResult, MultiSignature,
};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Nfts: pallet_nfts,
        Licenses: pallet_licenses,
    }
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlock<Test>;
    type AccountId = AccountId;
    type Lookup = IdentityLookup<AccountId>;
    type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type Balance = Balance;
    type ExistentialDeposit = ConstU128<1>;
    type FreezeIdentifier = ();
    type MaxFreezes = ConstU32<1>;
    type AccountStore = System;
}

parameter_types! {
    pub Features: PalletFeatures = PalletFeatures::all_enabled();
}

impl pallet_nfts::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type CollectionId = u32;
    type ItemId = u32;
    type Currency = Balances;
    type CreateOrigin = AsEnsureOriginWithArg<frame_system::EnsureSigned<AccountId>>;
    type ForceOrigin = frame_system::EnsureRoot<AccountId>;
    type Locker = Licenses;
    type CollectionDeposit = ConstU128<0>;
    type ItemDeposit = ConstU128<0>;
    type MetadataDepositBase = ConstU128<0>;
    type AttributeDepositBase = ConstU128<0>;
    type DepositPerByte = ConstU128<0>;
    type StringLimit = ConstU32<50>;
    type KeyLimit = ConstU32<50>;
    type ValueLimit = ConstU32<50>;
    type ApprovalsLimit = ConstU32<10>;
    type ItemAttributesApprovalsLimit = ConstU32<2>;
    type MaxTips = ConstU32<10>;
    type MaxDeadlineDuration = ConstU64<10_000>;
    type MaxAttributesPerCall = ConstU32<2>;
    type Features = Features;
    type OffchainSignature = MultiSignature;
    type OffchainPublic = <MultiSignature as Verify>::Signer;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type Helper = ();
    type BlockNumberProvider = System;
}

/// Owns, administers and issues the collection. Nobody has its key.
pub fn collection_account() -> AccountId {
    PalletId(*b"r1/deeds").into_account_truncating()
}

/// The deeds on `pallet-nfts`.
pub struct Deeds;

impl DeedToken<AccountId> for Deeds {
    fn create_collection() -> Result<(), DispatchError> {
        let owner = collection_account();
        let config = CollectionConfig {
            // Without this setting `issue` reserves the item deposit from the collection's owner, who has nothing.
            settings: CollectionSettings::from_disabled(CollectionSetting::DepositRequired.into()),
            max_supply: Some(1 + MASTER_COUNT + NODE_COUNT),
            // Minted by an issuer only, at no price.
            mint_settings: MintSettings::default(),
        };
        let event = pallet_nfts::Event::ForceCreated { collection: DEED_COLLECTION, owner: owner.clone() };
        Nfts::do_create_collection(DEED_COLLECTION, owner.clone(), owner, config, 0, event)?;
        // `do_create_collection` does not count: the next collection must not take our number.
        NextCollectionId::<Test>::put(DEED_COLLECTION + 1);
        Ok(())
    }

    fn issue(id: LicenseId, owner: &AccountId) -> DispatchResult {
        <Nfts as nonfungibles_v2::Mutate<_, _>>::mint_into(&DEED_COLLECTION, &id.0, owner, &ItemConfig::default(), true)
    }

    fn owner(id: LicenseId) -> Option<AccountId> {
        <Nfts as nonfungibles_v2::Inspect<_>>::owner(&DEED_COLLECTION, &id.0)
    }

    fn transfer(id: LicenseId, to: &AccountId) -> DispatchResult {
        <Nfts as nonfungibles_v2::Transfer<_>>::transfer(&DEED_COLLECTION, &id.0, to)
    }
}

parameter_types! {
    /// What was settled, and who owned it then.
    pub static Settled: Vec<(LicenseId, AccountId)> = Vec::new();
    pub static SettleFails: bool = false;
}

/// What evicting costs here.
pub const EVICT_WEIGHT: Weight = Weight::from_parts(7_000_000, 0);

fn check_linked(license: LicenseId) {
    assert!(NodeLicense::<Test>::iter_values().any(|linked| linked == license), "evicted after the link ended");
}

/// Each account is its own entity until a test says otherwise.
pub fn entity(who: &AccountId) -> EntityId {
    Kyc::entity(who)
}

pub struct Settle;
impl SettleRewards for Settle {
    fn settle(license: LicenseId) -> DispatchResult {
        if SettleFails::get() {
            return Err(DispatchError::Other("settling fails"));
        }
        let owner = Deeds::owner(license).ok_or(DispatchError::CannotLookup)?;
        Settled::mutate(|settled| settled.push((license, owner)));
        Ok(())
    }
}

impl pallet_licenses::Config for Test {
    type AdminOrigin = frame_system::EnsureRoot<AccountId>;
    type Token = Deeds;
    type Kyc = Kyc;
    type Epochs = Epochs;
    type Oracles = Oracles;
    type JobSlots = Slots;
    type Settle = Settle;
    type Currency = Balances;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = ();
}

pub fn account(n: u8) -> AccountId {
    AccountId::new([n; 32])
}

pub fn alice() -> AccountId {
    account(1)
}

pub fn bob() -> AccountId {
    account(2)
}

/// Everybody these tests know has some R1.
pub const ACCOUNTS: u8 = 4;
/// So much, in base units.
pub const FUNDS: Balance = 1_000;

pub const GENESIS: LicenseId = LicenseId(0);
pub const MASTER: LicenseId = LicenseId(1);
/// Alice's Node Deed.
pub const DEED: LicenseId = LicenseId(2);
/// Bob's Node Deed.
pub const BOBS: LicenseId = LicenseId(3);

pub fn node_pair(n: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[n; 32])
}

pub fn node(n: u8) -> NodeId {
    node_pair(n).public().into()
}

/// Node `n`'s proof for `owner` and the given nonce.
pub fn proof_with(n: u8, license: LicenseId, owner: &AccountId, nonce: u32) -> NodeSignature {
    node_pair(n).sign(&link_payload(System::block_hash(0), license, owner, nonce))
}

/// Node `n`'s proof for the next link of `license`.
pub fn proof(n: u8, license: LicenseId, owner: &AccountId) -> NodeSignature {
    proof_with(n, license, owner, Licenses::link_nonce(license).unwrap_or_default())
}

/// What Alice's Master deed is assigned.
pub const ASSIGNED: Balance = 1_000 * R1;

/// A deed of the preset, not linked.
pub fn deed(class: LicenseClass, owner: AccountId) -> GenesisDeed<AccountId> {
    let assigned = (class == LicenseClass::Master).then_some(ASSIGNED);
    GenesisDeed { class, owner, node: None, assigned }
}

/// Genesis and Master deed and a Node Deed for Alice, one for Bob; nothing is linked.
pub fn deeds() -> Vec<GenesisDeed<AccountId>> {
    vec![
        deed(LicenseClass::Genesis, alice()),
        deed(LicenseClass::Master, alice()),
        deed(LicenseClass::Node, alice()),
        deed(LicenseClass::Node, bob()),
    ]
}

/// The chain begins with these deeds.
pub fn ext(licenses: Vec<GenesisDeed<AccountId>>) -> sp_io::TestExternalities {
    reset();
    build(licenses)
}

/// Neighbours as they are before a test.
pub fn reset() {
    ratio1_pallet_testing::reset();
    Kyc::admit_all(EntityKind::Individual);
    EvictWeight::set(EVICT_WEIGHT);
    OnEvict::set(check_linked);
    Settled::set(Vec::new());
    SettleFails::set(false);
}

/// As [`ext`], on neighbours that a test has prepared.
pub fn build(licenses: Vec<GenesisDeed<AccountId>>) -> sp_io::TestExternalities {
    let balances = (1..=ACCOUNTS).map(|n| (account(n), FUNDS)).collect();
    let genesis = RuntimeGenesisConfig {
        system: Default::default(),
        balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
        licenses: pallet_licenses::GenesisConfig { licenses },
    };
    let mut ext = sp_io::TestExternalities::new(genesis.build_storage().expect("genesis builds"));
    ext.execute_with(|| System::set_block_number(1));
    ext
}

#[cfg(feature = "runtime-benchmarks")]
pub fn benchmark_ext() -> sp_io::TestExternalities {
    let mut ext = ext(deeds());
    let keystore = sp_keystore::testing::MemoryKeystore::new();
    ext.register_extension(sp_keystore::KeystoreExt::new(keystore));
    ext
}

/// Run a test on [`deeds`] and check the invariants after it.
pub fn run(test: impl FnOnce()) {
    ext(deeds()).execute_with(|| {
        test();
        Licenses::do_try_state().expect("invariants hold");
    });
}

/// The epoch `n` runs and all earlier ones are closed.
pub fn epoch(n: u32) {
    Licenses::do_try_state().expect("invariants hold");
    Epochs::run(n);
}
