//! Oracles keep places for each other.
//!
//! Who has all its places taken refuses further peers. Peer ids are free, and edge nodes are many, so without places of
//! their own oracles would be strangers to each other: one that was restarted might find no other. So a validator keeps
//! every oracle of the finalised set as a reserved peer, which it looks for and which takes no place of anybody.

use crate::{
    adapters::{chain::ChainAdapter, transport::NetTransport},
    callers::Fellows,
};
use futures::StreamExt;
use ratio1_heartbeat::ports::HeartbeatChain;
use ratio1_ports::Chain;
use ratio1_primitives::AccountId;
use ratio1_runtime::Block;
use sc_network::{config::MultiaddrWithPeerId, service::traits::NetworkService, Multiaddr};
use sc_network_sync::SyncingService;
use sc_network_types::PeerId;
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

/// Oracles whose addresses are looked for at the same time.
const AT_ONCE: usize = 8;

/// Where one oracle is.
type Found = Vec<(PeerId, Multiaddr)>;

/// Keeps the reserved set in step with the oracles.
pub struct Keeper {
    /// The oracles.
    pub chain: Arc<ChainAdapter>,
    /// Where they are.
    pub transport: Arc<NetTransport>,
    /// Whom it tells.
    pub network: Arc<dyn NetworkService>,
    /// Whom it tells too: sync counts places by itself.
    pub sync: Arc<SyncingService<Block>>,
    /// What it found, for whoever asks.
    pub fellows: Fellows,
    /// Peers that the operator reserved: they stay.
    pub configured: HashSet<PeerId>,
    /// How often it looks.
    pub every: Duration,
}

impl Keeper {
    /// Look for as long as the node runs. What is reserved outlives a restart of this task, so it begins with that.
    pub async fn run(&self) {
        let mut register = Register::default();
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let chain = self.chain.clone();
            let oracles = tokio::task::spawn_blocking(move || chain.oracles(chain.finalised().hash)).await;
            // The chain cannot be read while it syncs by proofs alone: later.
            let Ok(Ok(seats)) = oracles else { continue };
            let oracles: Vec<_> = seats.into_iter().map(|seat| seat.oracle).collect();
            let found: HashMap<_, _> = futures::stream::iter(oracles.iter().cloned())
                .map(|oracle| async move { Some((oracle.clone(), self.transport.look_up(&oracle).await.ok()?)) })
                .buffer_unordered(AT_ONCE)
                .filter_map(futures::future::ready)
                .collect()
                .await;
            let wanted = register.wanted(&oracles, found, self.network.local_peer_id());
            self.reserve(wanted);
        }
    }

    fn reserve(&self, wanted: HashMap<PeerId, Multiaddr>) {
        let held = self.fellows.read().clone();
        let change = Change::between(&held, &wanted, &self.configured);
        if change.add.is_empty() && change.remove.is_empty() {
            return;
        }
        let peers: HashSet<_> = wanted.into_keys().collect();
        // Before they are dialled, so that no answer is counted as a stranger's.
        self.sync.set_no_slot_peers(peers.clone());
        for (peer_id, multiaddr) in change.add {
            let peer = MultiaddrWithPeerId { multiaddr, peer_id };
            if let Err(error) = self.network.add_reserved_peer(peer) {
                tracing::debug!(target: "ratio1", %peer_id, %error, "an oracle was not reserved");
            }
        }
        change.remove.into_iter().for_each(|peer| self.network.remove_reserved_peer(peer));
        tracing::info!(target: "ratio1", peers = peers.len(), "keeps places for its fellow oracles");
        *self.fellows.write() = peers;
    }
}

/// Where every oracle was last seen.
#[derive(Default)]
struct Register(BTreeMap<AccountId, Found>);

impl Register {
    /// Take on what was found. An oracle that is not found just now keeps its place: that it is hard to find is when it
    /// needs it. One that left the set loses it.
    fn wanted(
        &mut self,
        oracles: &[AccountId],
        found: HashMap<AccountId, Found>,
        own: PeerId,
    ) -> HashMap<PeerId, Multiaddr> {
        let set: HashSet<_> = oracles.iter().collect();
        self.0.retain(|oracle, _| set.contains(oracle));
        self.0.extend(found.into_iter().filter(|(oracle, found)| set.contains(oracle) && !found.is_empty()));
        self.0.values().flatten().filter(|(peer, _)| *peer != own).cloned().collect()
    }
}

/// What is to be told to the network.
struct Change {
    add: Vec<(PeerId, Multiaddr)>,
    remove: Vec<PeerId>,
}

impl Change {
    fn between(held: &HashSet<PeerId>, wanted: &HashMap<PeerId, Multiaddr>, configured: &HashSet<PeerId>) -> Self {
        let add =
            wanted.iter().filter(|(peer, _)| !held.contains(peer)).map(|(peer, at)| (*peer, at.clone())).collect();
        let remove =
            held.iter().filter(|peer| !wanted.contains_key(peer) && !configured.contains(peer)).copied().collect();
        Self { add, remove }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oracle(n: u8) -> AccountId {
        AccountId::from([n; 32])
    }

    fn at(peer: PeerId) -> Found {
        vec![(peer, "/ip4/127.0.0.1/tcp/40000".parse().expect("an address"))]
    }

    #[test]
    fn oracle_keeps_its_place_until_it_leaves_the_set() {
        let (own, peer, moved) = (PeerId::random(), PeerId::random(), PeerId::random());
        let mut register = Register::default();
        let all = [oracle(1), oracle(2)];
        let found = HashMap::from([(oracle(1), at(own)), (oracle(2), at(peer)), (oracle(3), at(PeerId::random()))]);
        let wanted = register.wanted(&all, found, own);
        assert_eq!(wanted.into_keys().collect::<Vec<_>>(), [peer], "neither itself nor strangers");
        let wanted = register.wanted(&all, HashMap::new(), own);
        assert!(wanted.contains_key(&peer), "it is not found just now");
        let wanted = register.wanted(&all, HashMap::from([(oracle(2), at(moved))]), own);
        assert_eq!(wanted.into_keys().collect::<Vec<_>>(), [moved]);
        assert!(register.wanted(&all[..1], HashMap::new(), own).is_empty());
    }

    #[test]
    fn reserved_set_follows_the_oracles_and_keeps_what_the_operator_reserved() {
        let (stays, comes, goes, operators) = (PeerId::random(), PeerId::random(), PeerId::random(), PeerId::random());
        let held = HashSet::from([stays, goes, operators]);
        let wanted = [stays, comes].into_iter().flat_map(at).collect();
        let change = Change::between(&held, &wanted, &HashSet::from([operators]));
        assert_eq!(change.add.into_iter().map(|(peer, _)| peer).collect::<Vec<_>>(), [comes]);
        assert_eq!(change.remove, [goes]);
    }
}
