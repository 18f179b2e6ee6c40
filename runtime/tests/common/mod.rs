//! The real runtime, block by block, without a node: real extrinsics, real signatures, every invariant after every
//! block.

mod checks;
pub mod council;
mod genesis;
pub mod people;
pub mod work;

pub use checks::check_invariants;
pub use genesis::{attestation, entity, genesis, FOUNDATION, LIQUIDITY, OPERATIONS, REGISTRAR};

use codec::Encode;
use frame_support::traits::UnfilteredDispatchable;
use ratio1_primitives::{
    api::{EpochState, RoundInfo, SignedVote},
    ballot::{Ballot, Phase, RevealedPages, Summary, Vote, MAX_REVEAL},
    economics::price::Price as Usd,
    jobs::ServiceTerm,
    keys::{
        link_payload,
        pair::{NodePair, VotePair},
    },
    EpochIndex, LicenseId, NodeId, NodeSignature,
};
use ratio1_runtime::{
    configs::tx_extension, facts, AccountId, Availability, Babe, Balance, Balances, Executive, Header, Jobs, Runtime,
    RuntimeCall, RuntimeGenesisConfig, RuntimeOrigin, SessionKeys, System, UncheckedExtrinsic, SLOT_MS,
};
use sp_consensus_babe::digests::{PreDigest, SecondaryPlainPreDigest, SecondaryVRFPreDigest};
use sp_core::{
    crypto::{Pair as _, VrfSecret as _},
    sr25519,
};
use sp_runtime::{
    generic::{Digest, DigestItem},
    traits::{Dispatchable, Header as _, IdentifyAccount},
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
    /// Whether the Genesis deed is linked to the foundation's node from the beginning.
    pub genesis_linked: bool,
}

impl Default for Shape {
    fn default() -> Self {
        // Eight blocks an epoch: a session ends inside each.
        Self {
            oracles: 4,
            edges: 2,
            epoch_ms: 24_000,
            session_blocks: 5,
            window_blocks: 5,
            reopenings: 1,
            genesis_linked: false,
        }
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
        Self::from_genesis(genesis, shape, oracles, edges)
    }

    /// A chain of this genesis, after its first block.
    pub fn from_genesis(genesis: RuntimeGenesisConfig, shape: Shape, oracles: Vec<Person>, edges: Vec<Person>) -> Self {
        Self::from_storage(genesis.build_storage().unwrap(), shape, oracles, edges)
    }

    /// A chain of this genesis state, after its first block.
    pub fn from_storage(storage: sp_runtime::Storage, shape: Shape, oracles: Vec<Person>, edges: Vec<Person>) -> Self {
        let mut ext: sp_io::TestExternalities = storage.into();
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
        self.steps_after(slots, extrinsics.into_iter().map(|xt| Step::Xt(Box::new(xt))).collect(), |_, _| ())
    }

    /// As [`Self::block_after`], with steps of any kind. `probe` runs inside the block: once before the first step,
    /// with its number `None`, and after each step.
    pub fn steps_after(
        &mut self,
        slots: u64,
        steps: Vec<Step>,
        mut probe: impl FnMut(Option<usize>, &ApplyExtrinsicResult),
    ) -> Vec<ApplyExtrinsicResult> {
        self.number += 1;
        self.slot += slots;
        let (number, slot, parent) = (self.number, self.slot, self.parent);
        let authors = self.oracles.clone();
        let (results, header) = self.ext.execute_with(|| {
            // In turn, but those that are disabled.
            let authorities = ratio1_runtime::Babe::authorities().len() as u64;
            let disabled = ratio1_runtime::Session::disabled_validators();
            let mut turn = (0..authorities).map(|i| ((slot + i) % authorities) as u32);
            let authority_index = turn.find(|i| !disabled.contains(i)).unwrap_or(0);
            let pre = pre_digest(&authors, number, slot, authority_index);
            let digest = Digest { logs: vec![DigestItem::PreRuntime(sp_consensus_babe::BABE_ENGINE_ID, pre.encode())] };
            let header = Header::new(number, Default::default(), Default::default(), parent, digest);
            Executive::initialize_block(&header);
            let now = RuntimeCall::Timestamp(pallet_timestamp::Call::set { now: slot * SLOT_MS });
            Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(now)).unwrap().unwrap();
            probe(None, &Ok(Ok(())));
            let take = |(i, step): (usize, Step)| {
                let result = match step {
                    Step::Xt(xt) => apply(*xt),
                    Step::Signed(who, call) => apply(sign(&who, call)),
                    Step::Root(call) => Ok(dispatch(RuntimeOrigin::root(), call)),
                    Step::Council(ayes, call) => {
                        let origin = pallet_collective::RawOrigin::<_, pallet_collective::Instance1>::Members(ayes, 4);
                        Ok(dispatch(origin.into(), call))
                    }
                };
                probe(Some(i), &result);
                result
            };
            let results = steps.into_iter().enumerate().map(take).collect::<Vec<_>>();
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
        self.ext.execute_with(|| sign(&who.account, call.into()))
    }

    /// `who` does this, and pays for it if it must.
    pub fn submit(&mut self, who: &Person, call: impl Into<RuntimeCall>) -> ApplyExtrinsicResult {
        let xt = self.signed(who, call);
        self.include(xt)
    }

    /// Somebody claims for `license`.
    pub fn claim(&mut self, license: LicenseId) -> ApplyExtrinsicResult {
        let xt = self.ext.execute_with(|| facts::claim_extrinsic(license));
        self.include(xt)
    }

    /// The call by which `owner` links `license` to the node of `node` now.
    pub fn link_call(&mut self, owner: &Person, license: LicenseId, node: &Person) -> RuntimeCall {
        self.ext.execute_with(|| {
            let nonce = facts::license(license).map_or(0, |info| info.link_nonce);
            let payload = link_payload(System::block_hash(0), license, &owner.id(), nonce);
            let proof: NodeSignature = node.node.sign(&payload).into();
            pallet_licenses::Call::link { license, node: node.node_id(), proof }.into()
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

    /// The commit of the oracle with these keys to a ballot.
    pub fn commit(&mut self, voter: &VotePair, ballot: &Ballot) -> Option<UncheckedExtrinsic> {
        let commitment = ballot.header.commitment(self.genesis_hash(), &voter.public());
        self.vote(voter, ballot.header.epoch, Vote::Commit(commitment))
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
        let commits = ballots.iter().filter_map(|(voter, b)| self.commit(voter, b)).collect();
        self.block(commits);
        self.run_to_phase(epoch, Phase::Reveal);
        let reveals = ballots.iter().flat_map(|(voter, b)| self.reveals(voter, b, 0)).collect();
        self.block(reveals);
        self.run_until_closed(epoch);
    }

    /// Every oracle gives license `l` the byte `byte(l)` for `epoch`, which is the last ended one, names `price`, and finds
    /// that all services ran.
    pub fn settle(&mut self, epoch: EpochIndex, price: Option<Usd>, byte: impl Fn(LicenseId) -> u8) {
        self.settle_work(epoch, price, byte, |_| 255);
    }

    /// As [`Self::settle`], and gives each service `t` the byte `work(t)`.
    pub fn settle_work(
        &mut self,
        epoch: EpochIndex,
        price: Option<Usd>,
        byte: impl Fn(LicenseId) -> u8,
        work: impl Fn(&ServiceTerm) -> u8,
    ) {
        self.run_to_epoch(epoch.0 + 1);
        let round = self.round(epoch).expect("the epoch just ended");
        let bytes: Vec<u8> = (0..round.frozen.licenses).map(|l| byte(LicenseId(l))).collect();
        let services = self.ext.execute_with(|| service_bytes(&round, work));
        let ballot = |salt| working_ballot(&round, salt, price, &bytes, &services);
        let ballots: Vec<_> = self.oracles.iter().zip(1..).map(|(o, salt)| (o.vote.clone(), ballot(salt))).collect();
        self.cast(epoch, &ballots);
        let state = self.ext.execute_with(|| Availability::epoch_info(epoch).state);
        assert_eq!(state, EpochState::Finalised);
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

/// What a block holds.
pub enum Step {
    /// A finished extrinsic.
    Xt(Box<UncheckedExtrinsic>),
    /// A call by the holder of these keys, signed with the nonce it then has.
    Signed(Box<sr25519::Pair>, RuntimeCall),
    /// What governance decided.
    Root(RuntimeCall),
    /// What so many of the council's four members agreed on.
    Council(u32, RuntimeCall),
}

fn sign(who: &sr25519::Pair, call: RuntimeCall) -> UncheckedExtrinsic {
    let id = MultiSigner::from(who.public()).into_account();
    let ext = tx_extension(System::account_nonce(&id), 0);
    let payload = ratio1_runtime::SignedPayload::new(call.clone(), ext.clone()).unwrap();
    let signature = payload.using_encoded(|bytes| who.sign(bytes));
    UncheckedExtrinsic::new_signed(call, id.into(), signature.into(), ext)
}

/// As the scheduler dispatches it: what fails leaves no trace.
fn dispatch(origin: RuntimeOrigin, call: RuntimeCall) -> DispatchResult {
    frame_support::storage::with_transaction(|| {
        let result = call.dispatch(origin).map(|_| ()).map_err(|e| e.error);
        match result {
            Ok(()) => TransactionOutcome::Commit(Ok::<_, DispatchError>(result)),
            Err(_) => TransactionOutcome::Rollback(Ok(result)),
        }
    })
    .unwrap()
}

/// A ballot for `round` with these bytes.
pub fn ballot(round: &RoundInfo, salt: u8, coverage: u8, bytes: &[u8]) -> Ballot {
    priced_ballot(round, salt, coverage, None, bytes)
}

/// What an oracle that heard everything, and to which everything is final, says of a round.
fn summary(round: &RoundInfo, salt: u8, price: Option<Usd>) -> Summary {
    let (epoch, finalised) = (round.epoch, u32::MAX);
    Summary { epoch, salt: [salt; 32], coverage: 255, price, finalised, ..Default::default() }
}

/// A ballot for `round` with these bytes that names a price, and finds that all services ran.
pub fn priced_ballot(round: &RoundInfo, salt: u8, coverage: u8, price: Option<Usd>, bytes: &[u8]) -> Ballot {
    assert_eq!(bytes.len(), round.frozen.licenses as usize);
    let services = vec![255; round.frozen.services as usize];
    Ballot::new(Summary { coverage, ..summary(round, salt, price) }, bytes, &services).unwrap()
}

/// A ballot for `round` with these bytes of licenses and services.
pub fn working_ballot(round: &RoundInfo, salt: u8, price: Option<Usd>, bytes: &[u8], services: &[u8]) -> Ballot {
    assert_eq!(services.len(), round.frozen.services as usize);
    Ballot::new(summary(round, salt, price), bytes, services).unwrap()
}

/// The byte of each service of a round, as `work` says of those there are. Inside externalities.
pub fn service_bytes(round: &RoundInfo, work: impl Fn(&ServiceTerm) -> u8) -> Vec<u8> {
    let mut bytes = vec![0; round.frozen.services as usize];
    let pages = ratio1_primitives::pages(round.frozen.services);
    for term in (0..pages).flat_map(Jobs::services_page) {
        if let Some(byte) = bytes.get_mut(term.index as usize) {
            *byte = work(&term);
        }
    }
    bytes
}

/// What the author of a block says of itself: a secondary slot with its VRF output, as networks have it. An authority
/// whose key no person has brings no output. Inside externalities, before the block.
fn pre_digest(authors: &[Person], number: u32, slot: u64, authority_index: u32) -> PreDigest {
    let authority = Babe::authorities().get(authority_index as usize).map(|(key, _)| key.clone().into_inner());
    let author = authors.iter().find(|person| Some(person.account.public()) == authority);
    let Some(author) = author else {
        return PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index, slot: slot.into() });
    };
    // A session that ends with this block changes what is signed.
    let (mut randomness, mut epoch) = (Babe::randomness(), pallet_babe::EpochIndex::<Runtime>::get());
    let begun = u64::from(Babe::current_epoch_start());
    if number > 1 && slot.saturating_sub(begun) >= <ratio1_runtime::Network as frame_support::traits::Get<u64>>::get() {
        (randomness, epoch) = (pallet_babe::NextRandomness::<Runtime>::get(), epoch + 1);
    }
    let transcript = sp_consensus_babe::make_vrf_transcript(&randomness, slot.into(), epoch);
    let vrf_signature = author.account.vrf_sign(&transcript.into_sign_data());
    PreDigest::SecondaryVRF(SecondaryVRFPreDigest { authority_index, slot: slot.into(), vrf_signature })
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
