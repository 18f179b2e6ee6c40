//! A runtime of the real session, historical and balances pallets and this one; attestations, deeds and the clock are
//! tables. Account `n` is the owner of deed `n`, linked to node `n`, attested as entity `n`.

use crate as pallet_oracles;
use crate::{KeyProof, Pallet, Unidentified};
use codec::Encode;
use frame_support::{
    derive_impl, parameter_types,
    traits::{ConstU32, ConstU64, OneSessionHandler},
};
use frame_system::EnsureRoot;
use pallet_session::{disabling::UpToLimitDisablingStrategy, historical, PeriodicSessions};
use ratio1_primitives::{
    keys::pair::VotePair,
    kyc::{Attestation, Country, EntityKind},
    refusal::{AdmissionRefusal, KycRefusal},
    traits::{EpochInspect, KycInspect, LicenseInspect, PageMask, Work},
    EpochIndex, License, LicenseClass, LicenseId, Link, NodeId, VoteId,
};
use sp_core::{proof_of_possession::statement_of_ownership, Pair};
use sp_runtime::{
    impl_opaque_keys,
    testing::{TestSignature, UintAuthorityId},
    traits::ConvertInto,
    BoundToRuntimeAppPublic, BuildStorage,
};
use std::collections::BTreeMap;

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
    /// The neighbours' tables.
    pub static Deeds: BTreeMap<u32, (u64, License)> = BTreeMap::new();
    pub static Attested: BTreeMap<u64, Result<Attestation, KycRefusal>> = BTreeMap::new();
    pub static Working: Vec<LicenseId> = Vec::new();
    pub static Epoch: u32 = 0;
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
    type Licenses = Tables;
    type Kyc = Tables;
    type Epochs = Tables;
    type Work = Tables;
    type HistoryDepth = ConstU32<DEPTH>;
    type WeightInfo = ();
    #[cfg(feature = "runtime-benchmarks")]
    type BenchmarkHelper = Tables;
}

/// The neighbours.
pub struct Tables;

impl EpochInspect for Tables {
    fn current() -> EpochIndex {
        EpochIndex(Epoch::get())
    }
    fn is_closed(epoch: EpochIndex) -> bool {
        epoch < Self::current()
    }
    fn oldest_open() -> EpochIndex {
        Self::current()
    }
    fn open_epochs() -> Vec<EpochIndex> {
        Vec::new()
    }
}

impl Work for Tables {
    fn slots(license: LicenseId) -> u32 {
        u32::from(Working::get().contains(&license))
    }
    fn evict(_: LicenseId) {}
    fn evict_weight() -> frame_support::weights::Weight {
        Default::default()
    }
    fn absent(_: LicenseId) {}
    fn absent_weight() -> frame_support::weights::Weight {
        Default::default()
    }
}

impl KycInspect<u64> for Tables {
    fn admits(who: &u64) -> Result<Attestation, KycRefusal> {
        Attested::get().get(who).copied().unwrap_or(Err(KycRefusal::NotAttested))
    }
    fn standing(who: &u64, _: EpochIndex) -> Result<Attestation, KycRefusal> {
        Self::admits(who)
    }
}

impl LicenseInspect<u64> for Tables {
    fn count() -> u32 {
        Deeds::get().len() as u32
    }
    fn license(id: LicenseId) -> Option<License> {
        Deeds::get().get(&id.0).map(|(_, license)| *license)
    }
    fn owner(id: LicenseId) -> Option<u64> {
        Deeds::get().get(&id.0).map(|(owner, _)| *owner)
    }
    fn license_of(node: &NodeId) -> Option<LicenseId> {
        let is_linked = |license: &License| license.link.is_some_and(|link| link.node == *node);
        Deeds::get().iter().find(|(_, (_, license))| is_linked(license)).map(|(id, _)| LicenseId(*id))
    }
    fn linked(_: u32, _: EpochIndex) -> Option<PageMask> {
        Some(PageMask::default())
    }
    fn admission(node: &NodeId) -> Result<LicenseId, AdmissionRefusal> {
        Self::license_of(node).ok_or(AdmissionRefusal::NotLinked)
    }

    fn grant(_: LicenseId) -> Option<ratio1_primitives::Grant> {
        None
    }

    fn masters(_: u32) -> Vec<(LicenseId, ratio1_primitives::Grant)> {
        Vec::new()
    }

    fn master_count(_: u32) -> u32 {
        0
    }

    fn assigned() -> ratio1_primitives::Balance {
        0
    }
}

#[cfg(feature = "runtime-benchmarks")]
impl crate::BenchmarkHelper<u64, MockKeys> for Tables {
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
    Deeds::mutate(|deeds| {
        let link = Link { node: NodeId([id as u8; 32]), since: EpochIndex(0) };
        let (_, license) = deeds.entry(id).or_insert((
            u64::from(id),
            License {
                class: LicenseClass::Node,
                link: Some(link),
                link_nonce: 1,
                last_link: Some(EpochIndex(0)),
                banned: false,
            },
        ));
        change(license);
    });
}

/// Attest `who` as one of `entity`.
pub fn attest(who: u64, entity: u8) {
    let attestation = Attestation {
        entity: [entity; 32],
        kind: EntityKind::Company,
        country: Country(*b"CH"),
        expires: EpochIndex(1000),
    };
    Attested::mutate(|table| table.insert(who, Ok(attestation)));
}

/// The attestation of `who` no longer holds.
pub fn refuse(who: u64, refusal: KycRefusal) {
    Attested::mutate(|table| table.insert(who, Err(refusal)));
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
    Epoch::set(1);
    Authorities::take();
    DisabledNow::take();
    SetChanges::take();
    Deeds::take();
    Attested::take();
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
