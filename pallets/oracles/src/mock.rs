//! A runtime of the real session, historical and balances pallets and this one; attestations, deeds and the clock are
//! fakes. Account `n` is the owner of deed `n`, linked to node `n`, attested as entity `n`.

use crate as pallet_oracles;
use crate::{KeyProof, Pallet, Unidentified};
use codec::Encode;
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU32, ConstU64, OneSessionHandler},
};
use frame_system::EnsureRoot;
use pallet_session::{disabling::UpToLimitDisablingStrategy, historical, PeriodicSessions};
pub use ratio1_pallet_testing::{Deeds, Epochs, Kyc, Slots, Working};
use ratio1_primitives::{
    keys::pair::VotePair,
    kyc::{Attestation, Country, EntityKind},
    EpochIndex, License, LicenseClass, LicenseId, Link, NodeId, VoteId,
};
use sp_core::{proof_of_possession::statement_of_ownership, Pair};
use sp_runtime::{
    impl_opaque_keys,
    testing::{TestSignature, UintAuthorityId},
    traits::ConvertInto,
    BoundToRuntimeAppPublic, BuildStorage,
};

frame_support::construct_runtime!(
    pub enum Test {
        System: frame_system,
        Balances: pallet_balances,
        Oracles: pallet_oracles,
        Session: pallet_session,
        Historical: pallet_session::historical,
    }
);

impl_opaque_keys! {
    /// A vote key with real signatures, and one for a consensus of numbers.
    pub struct MockKeys {
        pub vote: Oracles,
        pub consensus: Consensus,
    }
}

parameter_types! {
    /// What the other key's handler was told last: the active keys, and who was disabled since.
    pub static Authorities: Vec<u64> = vec![];
    pub static DisabledNow: Vec<u32> = vec![];
    pub static SetChanges: u32 = 0;
}

/// Stands for BABE and GRANDPA.
pub struct Consensus;

impl BoundToRuntimeAppPublic for Consensus {
    type Public = UintAuthorityId;
}

impl OneSessionHandler<u64> for Consensus {
    type Key = UintAuthorityId;

    fn on_genesis_session<'a, I: Iterator<Item = (&'a u64, UintAuthorityId)> + 'a>(validators: I) {
        Authorities::set(validators.map(|(_, key)| key.0).collect());
    }

    fn on_new_session<'a, I: Iterator<Item = (&'a u64, UintAuthorityId)> + 'a>(changed: bool, validators: I, _: I) {
        if changed {
            SetChanges::mutate(|n| *n += 1);
        }
        Authorities::set(validators.map(|(_, key)| key.0).collect());
    }

    fn on_disabled(index: u32) {
        DisabledNow::mutate(|indices| indices.push(index));
    }
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
    type Block = frame_system::mocking::MockBlockU32<Test>;
    type AccountData = pallet_balances::AccountData<u64>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
    type AccountStore = System;
}

/// Blocks in a session.
pub const SESSION: u32 = 3;
/// Sessions for which historical roots are kept.
pub const DEPTH: u32 = 4;

impl pallet_session::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type ValidatorId = u64;
    type ValidatorIdOf = ConvertInto;
    type ShouldEndSession = PeriodicSessions<ConstU32<SESSION>, ConstU32<0>>;
    type NextSessionRotation = PeriodicSessions<ConstU32<SESSION>, ConstU32<0>>;
    type SessionManager = historical::NoteHistoricalRoot<Test, Oracles>;
    type SessionHandler = (Oracles, Consensus);
    type Keys = MockKeys;
    type DisablingStrategy = UpToLimitDisablingStrategy<3>;
    type WeightInfo = ();
    type Currency = Balances;
    type KeyDeposit = ConstU64<0>;
}

impl historical::Config for Test {
    type RuntimeEvent = RuntimeEvent;
    type FullIdentification = ();
    type FullIdentificationOf = Unidentified;
}

impl pallet_oracles::Config for Test {
    type AdminOrigin = EnsureRoot<u64>;
    type Keys = MockKeys;
    type Session = Session;
    type Licenses = Deeds;
    type Kyc = Kyc;
    type Epochs = Epochs;
    type JobSlots = Slots;
    type HistoryDepth = ConstU32<DEPTH>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Scene;
}

#[cfg(feature = "runtime-benchmarks")]
pub struct Scene;

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64, MockKeys> for Scene {
    fn candidate(n: u32) -> (u64, LicenseId) {
        let id = 1000 + n;
        deed(id, |_| ());
        attest(u64::from(id), n as u8);
        (u64::from(id), LicenseId(id))
    }
    fn keys(owner: &u64, n: u32) -> (MockKeys, KeyProof) {
        let (keys, proof) = keys(1000 + u64::from(n), *owner);
        (keys, proof)
    }
}

/// Change deed `id`; it is made if it is new.
pub fn deed(id: u32, change: impl FnOnce(&mut License)) {
    let license = LicenseId(id);
    if Deeds::state(license).is_none() {
        let (class, epoch) = (LicenseClass::Node, EpochIndex(0));
        let link = Some(Link { node: NodeId([id as u8; 32]), since: epoch });
        let deed = License { class, link, link_nonce: 1, last_link: Some(epoch), banned: false };
        Deeds::insert(license, deed, &u64::from(id));
    }
    Deeds::change(license, change);
}

/// Attest `who` as one of `entity`.
pub fn attest(who: u64, entity: u8) {
    let (kind, country) = (EntityKind::Company, Country(*b"CH"));
    Kyc::attest(&who, Attestation { entity: [entity; 32], kind, country, expires: EpochIndex(1000) });
}

/// The `seed`-th vote key.
pub fn vote_pair(seed: u64) -> VotePair {
    VotePair::from_string(&format!("//{seed}"), None).expect("a derivation path")
}

/// The public half of it.
pub fn vote_key(seed: u64) -> VoteId {
    vote_pair(seed).public()
}

/// The `seed`-th session keys, with the proof that `owner` holds them.
pub fn keys(seed: u64, owner: u64) -> (MockKeys, KeyProof) {
    let pair = vote_pair(seed);
    let signature = pair.sign(&statement_of_ownership(&owner.encode()));
    let proof = (signature, TestSignature(seed, owner.encode())).encode();
    let keys = MockKeys { vote: pair.public(), consensus: UintAuthorityId(seed) };
    (keys, proof.try_into().expect("short"))
}

/// A chain with deeds and attestations 0..20, of which the first `oracles` are oracles with the keys of their number.
pub fn ext(oracles: u32, minimum: u32) -> sp_io::TestExternalities {
    ratio1_pallet_testing::reset();
    Epochs::run(1);
    Authorities::take();
    DisabledNow::take();
    SetChanges::take();
    for id in 0..20 {
        deed(id, |_| ());
        attest(u64::from(id), id as u8);
    }
    let set: Vec<_> = (0..oracles).map(|id| (u64::from(id), id)).collect();
    let storage = RuntimeGenesisConfig {
        // In the place of the provider reference that comes with an attestation.
        balances: pallet_balances::GenesisConfig {
            balances: set.iter().map(|(who, _)| (*who, 1)).collect(),
            ..Default::default()
        },
        oracles: pallet_oracles::GenesisConfig { oracles: set.clone(), minimum },
        session: pallet_session::GenesisConfig {
            keys: set.into_iter().map(|(who, _)| (who, who, keys(who, who).0)).collect(),
            non_authority_keys: vec![],
        },
        ..Default::default()
    }
    .build_storage()
    .expect("a valid genesis");
    let mut ext = sp_io::TestExternalities::new(storage);
    ext.execute_with(|| {
        System::set_block_number(1);
        checked();
    });
    ext
}

/// Run `test` on it and check the invariants after.
pub fn run(oracles: u32, minimum: u32, test: impl FnOnce()) {
    ext(oracles, minimum).execute_with(|| {
        test();
        checked();
    });
}

/// The invariants hold.
pub fn checked() {
    Pallet::<Test>::do_try_state().expect("an invariant is broken");
}

/// To the first block of the next session, checking the invariants after each block.
pub fn rotate() {
    let session = Session::current_index();
    while Session::current_index() == session {
        System::run_to_block::<AllPalletsWithSystem>(System::block_number() + 1);
        checked();
    }
}
