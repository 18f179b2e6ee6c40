//! In-memory ports for tests: a chain whose head one moves, a clock one sets, keys from a number.

use crate::{BlockRef, Chain, Hardware, NoIdentity, NodeKeys, Services, Standing, StandingSource, VoteKeys, Wallclock};
use codec::Encode;
use futures::{channel::mpsc, stream::BoxStream, StreamExt};
use parking_lot::Mutex;
use ratio1_primitives::{
    heartbeat::{Resources, Service},
    keys::pair::VotePair,
    Hash, NodeId, NodeSignature, VoteId, VoteSignature,
};
use sp_core::{ed25519, Pair};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Block 0 of every fake chain.
pub const GENESIS: Hash = Hash::repeat_byte(0xee);

/// The hash of the block at a height: there are no forks.
pub fn block_hash(number: u32) -> Hash {
    sp_crypto_hashing::blake2_256(&number.encode()).into()
}

/// The block at a height.
pub fn block_at(number: u32) -> BlockRef {
    BlockRef { number, hash: block_hash(number) }
}

type Listeners = Mutex<Vec<mpsc::UnboundedSender<BlockRef>>>;

/// The heads of a fake chain, which only move when they are told to.
#[derive(Default)]
pub struct FakeBlocks {
    finalised: Mutex<u32>,
    /// At least the finalised head.
    best: Mutex<u32>,
    syncing: AtomicBool,
    on_finalised: Listeners,
    on_best: Listeners,
}

impl FakeBlocks {
    /// Both heads at this height.
    pub fn at(number: u32) -> Self {
        Self { finalised: Mutex::new(number), best: Mutex::new(number), ..Self::default() }
    }

    /// The finalised head is this block now.
    pub fn finalise(&self, number: u32) {
        *self.finalised.lock() = number;
        tell(&self.on_finalised, number);
    }

    /// The best block is this one now.
    pub fn import_best(&self, number: u32) {
        *self.best.lock() = number;
        tell(&self.on_best, number);
    }

    /// Whether the node is far behind its peers from now on.
    pub fn set_syncing(&self, syncing: bool) {
        self.syncing.store(syncing, Ordering::SeqCst);
    }

    fn subscribe(listeners: &Listeners) -> BoxStream<'static, BlockRef> {
        let (to, from) = mpsc::unbounded();
        listeners.lock().push(to);
        from.boxed()
    }
}

fn tell(listeners: &Listeners, number: u32) {
    listeners.lock().retain(|to| to.unbounded_send(block_at(number)).is_ok());
}

/// A worker's fake chain that has [`FakeBlocks`] is a [`Chain`]; it adds what the worker reads of the state.
pub trait HasBlocks: Send + Sync + 'static {
    /// Its heads.
    fn blocks(&self) -> &FakeBlocks;
}

impl<T: HasBlocks> Chain for T {
    fn genesis(&self) -> Hash {
        GENESIS
    }
    fn finalised(&self) -> BlockRef {
        block_at(*self.blocks().finalised.lock())
    }
    fn best(&self) -> BlockRef {
        let finalised = *self.blocks().finalised.lock();
        block_at((*self.blocks().best.lock()).max(finalised))
    }
    fn finalised_hash(&self, number: u32) -> Option<Hash> {
        (number <= *self.blocks().finalised.lock()).then(|| block_hash(number))
    }
    fn is_syncing(&self) -> bool {
        self.blocks().syncing.load(Ordering::SeqCst)
    }
    fn finalised_blocks(&self) -> BoxStream<'static, BlockRef> {
        FakeBlocks::subscribe(&self.blocks().on_finalised)
    }
    fn best_blocks(&self) -> BoxStream<'static, BlockRef> {
        FakeBlocks::subscribe(&self.blocks().on_best)
    }
}

/// The key of node `n`.
pub fn node_pair(n: u8) -> ed25519::Pair {
    ed25519::Pair::from_seed(&[n; 32])
}

/// Node `n`.
pub fn node_id(n: u8) -> NodeId {
    node_pair(n).public().into()
}

/// The vote key of oracle `n`.
pub fn vote_pair(n: u8) -> VotePair {
    VotePair::from_seed(&[n; 32])
}

/// The keystore of node and oracle `n`.
#[derive(Clone, Copy, Debug)]
pub struct FakeKeys(pub u8);

impl NodeKeys for FakeKeys {
    fn identity(&self) -> Result<NodeId, NoIdentity> {
        Ok(node_id(self.0))
    }
    fn sign_as_node(&self, payload: &[u8]) -> Option<NodeSignature> {
        Some(node_pair(self.0).sign(payload))
    }
}

impl VoteKeys for FakeKeys {
    fn vote_keys(&self) -> Vec<VoteId> {
        vec![vote_pair(self.0).public()]
    }
    fn sign_vote(&self, key: &VoteId, payload: &[u8]) -> Option<VoteSignature> {
        let pair = vote_pair(self.0);
        (pair.public() == *key).then(|| pair.sign(payload))
    }
}

/// A keystore that is empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoKeys;

impl NodeKeys for NoKeys {
    fn identity(&self) -> Result<NodeId, NoIdentity> {
        Err(NoIdentity::NoKey)
    }
    fn sign_as_node(&self, _: &[u8]) -> Option<NodeSignature> {
        None
    }
}

/// A clock set by hand.
#[derive(Debug, Default)]
pub struct FakeClock(AtomicU64);

impl FakeClock {
    /// At this moment, in Unix milliseconds.
    pub fn at(now_ms: u64) -> Self {
        Self(AtomicU64::new(now_ms))
    }

    /// So many milliseconds pass.
    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// It is this moment now.
    pub fn set(&self, now_ms: u64) {
        self.0.store(now_ms, Ordering::SeqCst);
    }
}

impl Wallclock for FakeClock {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A machine of which this is seen: nothing by default.
#[derive(Clone, Copy, Debug, Default)]
pub struct FakeMachine(pub Resources);

impl Hardware for FakeMachine {
    fn resources(&self) -> Resources {
        self.0
    }
}

/// Services set by hand.
#[derive(Debug, Default)]
pub struct FakeServices(pub Mutex<Vec<Service>>);

impl Services for FakeServices {
    fn service_states(&self) -> Vec<Service> {
        self.0.lock().clone()
    }
}

/// A standing set by hand.
#[derive(Debug)]
pub struct FakeStanding(pub Mutex<Standing>);

impl FakeStanding {
    /// This one.
    pub fn at(standing: Standing) -> Self {
        Self(Mutex::new(standing))
    }
}

impl StandingSource for FakeStanding {
    fn standing(&self) -> Standing {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fake(FakeBlocks);

    impl HasBlocks for Fake {
        fn blocks(&self) -> &FakeBlocks {
            &self.0
        }
    }

    #[test]
    fn fake_chain_tells_its_heads_to_who_listens() {
        let chain = Fake(FakeBlocks::at(7));
        let (mut finalised, mut best) = (chain.finalised_blocks(), chain.best_blocks());
        chain.blocks().import_best(9);
        chain.blocks().finalise(8);
        assert_eq!((chain.best(), chain.finalised()), (block_at(9), block_at(8)));
        assert_eq!((chain.finalised_hash(8), chain.finalised_hash(9)), (Some(block_hash(8)), None));
        let next = |stream: &mut BoxStream<'static, BlockRef>| futures::executor::block_on(stream.next());
        assert_eq!((next(&mut finalised), next(&mut best)), (Some(block_at(8)), Some(block_at(9))));
    }
}
