//! The real runtime, block by block, without a node: real extrinsics, real signatures, every invariant after every
//! block.

#![allow(dead_code)] // every test binary uses its own part

use codec::Encode;
use frame_support::traits::UnfilteredDispatchable;
use ratio1_primitives::{
    api::{RoundInfo, SignedVote},
    ballot::{Ballot, Phase, RevealedPages, Vote, MAX_REVEAL},
    keys::pair::{NodePair, VotePair},
    kyc::{Country, EntityKind},
    EpochIndex, LicenseClass, LicenseId, NodeId,
};
use ratio1_runtime::{
    configs::tx_extension, facts, presets, AccountId, Availability, Balance, Balances, Executive, Header, Kyc,
    Licenses, Oracles, Rewards, RuntimeCall, RuntimeGenesisConfig, RuntimeOrigin, SessionKeys, System,
    UncheckedExtrinsic, SLOT_MS,
};
use sp_core::{crypto::Pair as _, sr25519};
use sp_runtime::{
    generic::{Digest, DigestItem},
    traits::{Header as _, IdentifyAccount},
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    ApplyExtrinsicResult, BuildStorage, DispatchError, DispatchResult, MultiSigner, TransactionOutcome,
};

/// Somebody with all the keys an operator has.
#[derive(Clone)]
pub struct Person {
    pub account: sr25519::Pair,
    pub node: NodePair,
    pub vote: VotePair,
    pub grandpa: sp_consensus_grandpa::AuthorityPair,
}

impl Person {
    pub fn new(name: &str) -> Self {
        let seed = format!("//{name}");
        Self {
            account: sr25519::Pair::from_string(&seed, None).unwrap(),
            node: NodePair::from_string(&seed, None).unwrap(),
            vote: VotePair::from_string(&format!("{seed}//vote"), None).unwrap(),
            grandpa: sp_consensus_grandpa::AuthorityPair::from_string(&seed, None).unwrap(),
        }
    }

    pub fn id(&self) -> AccountId {
        MultiSigner::from(self.account.public()).into_account()
    }

    pub fn node_id(&self) -> NodeId {
        NodeId::from(self.node.public())
    }

    pub fn session_keys(&self) -> SessionKeys {
        SessionKeys {
            babe: self.account.public().into(),
            grandpa: self.grandpa.public(),
            authority_discovery: self.account.public().into(),
            vote: self.vote.public(),
        }
    }
}

/// Shape of a simulated network.
#[derive(Clone, Copy)]
pub struct Shape {
    pub oracles: u32,
    pub edges: u32,
    pub epoch_ms: u64,
    pub session_blocks: u64,
    pub window_blocks: u32,
    pub reopenings: u8,
}

impl Default for Shape {
    fn default() -> Self {
        // Eight blocks an epoch: a session ends inside each.
        Self { oracles: 4, edges: 2, epoch_ms: 24_000, session_blocks: 5, window_blocks: 5, reopenings: 1 }
    }
}

/// A chain of the real runtime.
pub struct Sim {
    pub ext: sp_io::TestExternalities,
    pub shape: Shape,
    pub oracles: Vec<Person>,
    pub edges: Vec<Person>,
    pub number: u32,
    slot: u64,
    parent: ratio1_primitives::Hash,
}

impl Sim {
    /// License 0 is the foundation's Genesis deed, 1..=n are the oracles' Master deeds, then the edges' Node Deeds.
    pub fn new(shape: Shape) -> Self {
        let people = |kind: &str, n| (0..n).map(|i| Person::new(&format!("{kind}{i}"))).collect::<Vec<_>>();
        let (oracles, edges) = (people("Oracle", shape.oracles), people("Edge", shape.edges));
        let genesis = genesis(&shape, &oracles, &edges);
        let mut ext: sp_io::TestExternalities = genesis.build_storage().unwrap().into();
        let keystore = sp_keystore::testing::MemoryKeystore::new();
        ext.register_extension(sp_keystore::KeystoreExt::new(keystore));
        let mut sim = Self { ext, shape, oracles, edges, number: 0, slot: 600_000_000, parent: Default::default() };
        sim.block(vec![]);
        sim
    }

    /// Make a block with these extrinsics; panics if an invariant breaks.
    pub fn block(&mut self, extrinsics: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
        self.block_after(1, extrinsics)
    }

    /// As [`Self::block`], `slots` slots after the last one.
    pub fn block_after(&mut self, slots: u64, extrinsics: Vec<UncheckedExtrinsic>) -> Vec<ApplyExtrinsicResult> {
        self.number += 1;
        self.slot += slots;
        let (number, slot, parent) = (self.number, self.slot, self.parent);
        let (results, header) = self.ext.execute_with(|| {
            // In turn, but those that are disabled.
            let authorities = ratio1_runtime::Babe::authorities().len() as u64;
            let disabled = ratio1_runtime::Session::disabled_validators();
            let mut turn = (0..authorities).map(|i| ((slot + i) % authorities) as u32);
            let authority_index = turn.find(|i| !disabled.contains(i)).unwrap_or(0);
            let pre = sp_consensus_babe::digests::PreDigest::SecondaryPlain(
                sp_consensus_babe::digests::SecondaryPlainPreDigest { authority_index, slot: slot.into() },
            );
            let digest = Digest { logs: vec![DigestItem::PreRuntime(sp_consensus_babe::BABE_ENGINE_ID, pre.encode())] };
            let header = Header::new(number, Default::default(), Default::default(), parent, digest);
            Executive::initialize_block(&header);
            let now = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_MS });
            Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(now)).unwrap().unwrap();
            let results = extrinsics.into_iter().map(apply).collect::<Vec<_>>();
            let header = Executive::finalize_block();
            check_invariants();
            (results, header)
        });
        self.parent = header.hash();
        self.ext.commit_all().unwrap();
        results
    }

    /// Include one extrinsic: now, or in the next block if a session ends in this one and leaves no room.
    pub fn include(&mut self, xt: UncheckedExtrinsic) -> ApplyExtrinsicResult {
        match self.block(vec![xt.clone()])[0] {
            Err(TransactionValidityError::Invalid(InvalidTransaction::ExhaustsResources)) => self.block(vec![xt])[0],
            result => result,
        }
    }

    /// Governance does this, inside a block of its own.
    pub fn as_root(&mut self, call: RuntimeCall) -> DispatchResult {
        let result = self.ext.execute_with(|| call.dispatch_bypass_filter(RuntimeOrigin::root()));
        self.block(vec![]);
        result.map(|_| ()).map_err(|e| e.error)
    }

    /// An oracle registers session keys made from a new seed.
    pub fn register_new_keys(&mut self, oracle: &Person, license: LicenseId, seed: &str) -> ApplyExtrinsicResult {
        let owner = oracle.id();
        let made = self.ext.execute_with(|| SessionKeys::generate(&owner.encode(), Some(seed.as_bytes().to_vec())));
        let proof = made.proof.encode().try_into().unwrap();
        let xt = self.signed(oracle, pallet_oracles::Call::register_keys { license, keys: made.keys, proof });
        self.include(xt)
    }

    /// Make empty blocks until the running epoch is `epoch`.
    pub fn run_to_epoch(&mut self, epoch: u32) {
        while self.current().0 < epoch {
            self.block(vec![]);
        }
    }

    pub fn current(&mut self) -> EpochIndex {
        self.ext.execute_with(|| Availability::clock_info().current)
    }

    pub fn round(&mut self, epoch: EpochIndex) -> Option<RoundInfo> {
        self.ext.execute_with(|| Availability::rounds().into_iter().find(|r| r.epoch == epoch))
    }

    pub fn genesis_hash(&mut self) -> ratio1_primitives::Hash {
        self.ext.execute_with(|| System::block_hash(0))
    }

    pub fn balance(&mut self, who: &AccountId) -> Balance {
        self.ext.execute_with(|| Balances::free_balance(who))
    }

    /// A transaction signed by `who`.
    pub fn signed(&mut self, who: &Person, call: impl Into<RuntimeCall>) -> UncheckedExtrinsic {
        self.ext.execute_with(|| {
            let call = call.into();
            let ext = tx_extension(System::account_nonce(who.id()), 0);
            let payload = ratio1_runtime::SignedPayload::new(call.clone(), ext.clone()).unwrap();
            let signature = payload.using_encoded(|bytes| who.account.sign(bytes));
            UncheckedExtrinsic::new_signed(call, who.id().into(), signature.into(), ext)
        })
    }

    /// A vote of the oracle with these keys as a transaction; `None` if it has no seat.
    pub fn vote(&mut self, voter: &VotePair, epoch: EpochIndex, vote: Vote) -> Option<UncheckedExtrinsic> {
        let genesis = self.genesis_hash();
        let round = self.round(epoch)?;
        let seat = round.frozen.seats.iter().position(|s| s.vote_key == voter.public())? as u16;
        let signature = voter.sign(&vote.payload(genesis, epoch, seat, 0));
        let signed = SignedVote { epoch, seat, retry: 0, vote, signature };
        Some(self.ext.execute_with(|| facts::vote_extrinsic(signed)))
    }

    /// All reveals of a ballot but the last `withheld` pages.
    pub fn reveals(&mut self, voter: &VotePair, ballot: &Ballot, withheld: usize) -> Vec<UncheckedExtrinsic> {
        let epoch = ballot.header.epoch;
        let mut votes = vec![Vote::Header(ballot.header.clone())];
        let kept = &ballot.pages[..ballot.pages.len().saturating_sub(withheld)];
        for (i, chunk) in kept.chunks(MAX_REVEAL as usize).enumerate() {
            let pages = RevealedPages::try_from(chunk.to_vec()).unwrap();
            votes.push(Vote::Pages { first: i as u32 * MAX_REVEAL, pages });
        }
        votes.into_iter().filter_map(|v| self.vote(voter, epoch, v)).collect()
    }

    /// Cast all these ballots honestly and run until the epoch leaves its windows and is counted.
    pub fn cast(&mut self, epoch: EpochIndex, ballots: &[(VotePair, Ballot)]) {
        let commits = ballots
            .iter()
            .filter_map(|(voter, b)| self.vote(voter, epoch, Vote::Commit(b.header.commitment())))
            .collect();
        self.block(commits);
        self.run_to_phase(epoch, Phase::Reveal);
        let reveals = ballots.iter().flat_map(|(voter, b)| self.reveals(voter, b, 0)).collect();
        self.block(reveals);
        self.run_until_closed(epoch);
    }

    pub fn run_to_phase(&mut self, epoch: EpochIndex, phase: Phase) {
        for _ in 0..100 {
            match self.round(epoch) {
                Some(round) if round.phase != phase => self.block(vec![]),
                _ => return,
            };
        }
        panic!("epoch {epoch} never reached {phase:?}");
    }

    /// Run until `epoch` is closed or unresolved.
    pub fn run_until_closed(&mut self, epoch: EpochIndex) {
        for _ in 0..200 {
            match self.round(epoch) {
                Some(round) if round.phase != Phase::Unresolved => self.block(vec![]),
                _ => return,
            };
        }
        panic!("epoch {epoch} is stuck");
    }
}

/// A ballot for `round` with these bytes.
pub fn ballot(round: &RoundInfo, salt: u8, coverage: u8, bytes: &[u8]) -> Ballot {
    assert_eq!(bytes.len(), round.frozen.licenses as usize);
    Ballot::new(round.epoch, [salt; 32], coverage, None, Default::default(), bytes, &[]).unwrap()
}

/// As a block's author applies it: what is not included leaves no trace.
fn apply(xt: UncheckedExtrinsic) -> ApplyExtrinsicResult {
    frame_support::storage::with_transaction(|| {
        let result = Executive::apply_extrinsic(xt);
        match result {
            Ok(_) => TransactionOutcome::Commit(Ok::<_, DispatchError>(result)),
            Err(_) => TransactionOutcome::Rollback(Ok(result)),
        }
    })
    .unwrap()
}

/// What the pool says of an extrinsic. Leaves no trace.
pub fn validity(sim: &mut Sim, xt: UncheckedExtrinsic) -> Result<(), TransactionValidityError> {
    let parent = sim.parent;
    sim.ext.execute_with(|| {
        frame_support::storage::with_transaction(|| {
            let source = sp_runtime::transaction_validity::TransactionSource::External;
            let validity = Executive::validate_transaction(source, xt, parent);
            TransactionOutcome::Rollback(Ok::<_, DispatchError>(validity))
        })
        .unwrap()
        .map(|_| ())
    })
}

/// Every invariant of our pallets.
pub fn check_invariants() {
    Kyc::do_try_state().expect("kyc");
    Licenses::do_try_state().expect("licenses");
    Oracles::do_try_state().expect("oracles");
    Availability::do_try_state().expect("availability");
    Rewards::do_try_state().expect("rewards");
}

fn genesis(shape: &Shape, oracles: &[Person], edges: &[Person]) -> RuntimeGenesisConfig {
    let foundation = Person::new("Foundation");
    let everyone = || std::iter::once(&foundation).chain(oracles).chain(edges);
    let attestation = |p: &Person| {
        (
            p.id(),
            sp_io::hashing::blake2_256(&p.id().encode()).into(),
            EntityKind::Individual,
            Country(*b"RO"),
            1_000_000,
        )
    };
    let mut licenses = vec![(LicenseClass::Genesis, foundation.id(), None)];
    licenses.extend(oracles.iter().map(|p| (LicenseClass::Master, p.id(), Some(p.node_id()))));
    licenses.extend(edges.iter().map(|p| (LicenseClass::Node, p.id(), Some(p.node_id()))));
    let parameters = pallet_availability::Parameters {
        beat_ms: 500,
        threshold: 230,
        commit_blocks: shape.window_blocks,
        reveal_blocks_min: shape.window_blocks,
        reopenings: shape.reopenings,
        ..Default::default()
    };
    RuntimeGenesisConfig {
        network: ratio1_runtime::network::GenesisConfig { session_blocks: shape.session_blocks, ..Default::default() },
        babe: pallet_babe::GenesisConfig { epoch_config: presets::BABE_EPOCH_CONFIG, ..Default::default() },
        kyc: pallet_kyc::GenesisConfig { attestations: everyone().map(attestation).collect(), ..Default::default() },
        licenses: pallet_licenses::GenesisConfig { licenses },
        oracles: pallet_oracles::GenesisConfig {
            oracles: oracles.iter().map(Person::id).zip(1..).collect(),
            minimum: 1,
        },
        availability: pallet_availability::GenesisConfig {
            epoch_ms: shape.epoch_ms,
            genesis_moment: None,
            parameters,
            ..Default::default()
        },
        session: pallet_session::GenesisConfig {
            keys: oracles.iter().map(|p| (p.id(), p.id(), p.session_keys())).collect(),
            ..Default::default()
        },
        sudo: pallet_sudo::GenesisConfig { key: Some(foundation.id()) },
        ..Default::default()
    }
}
