//! Finding oracles by authority discovery and sending them beats and batches over our own protocols.

use crate::{
    adapters::chain::ChainAdapter,
    protocols::{Protocols, MAX_ANSWER_BYTES},
};
use async_trait::async_trait;
use codec::{Decode, Encode};
use parking_lot::Mutex;
use ratio1_heartbeat::ports::Transport;
use ratio1_ports::TransportError;
use ratio1_primitives::{
    ballot::Seat,
    heartbeat::{decode_bounded, BeatAck, BeatRefusal, CountAnswer, CountQuery},
    AccountId,
};
use sc_authority_discovery::Service as Discovery;
use sc_network::{
    multiaddr::Protocol, request_responses::OutboundFailure, service::traits::NetworkService, IfDisconnected,
    Multiaddr, ProtocolName, RequestFailure,
};
use sc_network_types::PeerId;
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant},
};

/// Authority discovery answers from a cache; it is only slow when its worker is stuck.
const DISCOVERY_TIMEOUT: Duration = Duration::from_secs(2);
/// Over the protocol's own time limit, for the case that the network never answers at all.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// Peer ids kept for one oracle; it normally has one.
const MAX_PEERS: usize = 4;
/// Peers found this long ago are looked up again: an oracle may have moved while its old machine still answers.
const FRESH: Duration = Duration::from_secs(600);

/// The peers of an oracle, the one to try first in front.
struct Found {
    peers: VecDeque<PeerId>,
    at: Instant,
}

impl Found {
    fn first(&self, now: Instant) -> Option<PeerId> {
        self.peers.front().copied().filter(|_| now.saturating_duration_since(self.at) < FRESH)
    }
}

/// What an oracle answers: all our protocols refuse alike.
type Answer<T> = Result<T, BeatRefusal>;

/// The network between edges and oracles.
pub struct NetTransport {
    network: Arc<dyn NetworkService>,
    discovery: Discovery,
    chain: Arc<ChainAdapter>,
    protocols: Protocols,
    /// As many entries as there were oracles.
    found: Mutex<HashMap<AccountId, Found>>,
}

impl NetTransport {
    /// Over a network, resolving oracles through `chain` and `discovery`.
    pub fn new(
        network: Arc<dyn NetworkService>,
        discovery: Discovery,
        chain: Arc<ChainAdapter>,
        protocols: Protocols,
    ) -> Self {
        Self { network, discovery, chain, protocols, found: Mutex::default() }
    }

    /// Send to the oracle, and forget the peer that fails or that is no working oracle (any more), so that the next
    /// call tries another or looks it up again.
    async fn send<T: Decode>(
        &self,
        to: &Seat<AccountId>,
        protocol: &ProtocolName,
        bytes: Vec<u8>,
    ) -> Result<Answer<T>, TransportError> {
        let peer = self.peer(&to.oracle).await?;
        let answer = self.request(peer, protocol.clone(), bytes).await;
        if is_wrong_peer(&answer) {
            self.forget(&to.oracle, peer);
        }
        answer
    }

    async fn request<T: Decode>(
        &self,
        peer: PeerId,
        protocol: ProtocolName,
        bytes: Vec<u8>,
    ) -> Result<Answer<T>, TransportError> {
        let request = self.network.request(peer, protocol, bytes, None, IfDisconnected::TryConnect);
        let (answer, _) = tokio::time::timeout(REQUEST_TIMEOUT, request)
            .await
            .map_err(|_| TransportError::Timeout)?
            .map_err(failure)?;
        decode_bounded(&answer, MAX_ANSWER_BYTES)
            .ok_or_else(|| TransportError::Unreachable("it answered in a form this node does not know".into()))
    }

    /// The peer to try for an oracle.
    async fn peer(&self, oracle: &AccountId) -> Result<PeerId, TransportError> {
        if let Some(peer) = self.found.lock().get(oracle).and_then(|found| found.first(Instant::now())) {
            return Ok(peer);
        }
        let mut peers = VecDeque::new();
        for (peer, _) in self.look_up(oracle).await? {
            if !peers.contains(&peer) && peers.len() < MAX_PEERS {
                peers.push_back(peer);
            }
        }
        let first = peers.front().copied().ok_or(TransportError::NoAddress)?;
        self.found.lock().insert(oracle.clone(), Found { peers, at: Instant::now() });
        Ok(first)
    }

    /// Oracle -> discovery key (chain) -> addresses (authority discovery), which the network may dial from now on. Each
    /// comes without the peer it ends in.
    pub async fn look_up(&self, oracle: &AccountId) -> Result<Vec<(PeerId, Multiaddr)>, TransportError> {
        let (chain, account) = (self.chain.clone(), oracle.clone());
        let key = tokio::task::spawn_blocking(move || chain.discovery_key(account))
            .await
            .map_err(|error| TransportError::Unreachable(error.to_string()))?
            .map_err(|error| TransportError::Unreachable(error.to_string()))?
            .ok_or(TransportError::NoAddress)?;
        let mut discovery = self.discovery.clone();
        let addresses = tokio::time::timeout(DISCOVERY_TIMEOUT, discovery.get_addresses_by_authority_id(key.into()))
            .await
            .map_err(|_| TransportError::Timeout)?
            .ok_or(TransportError::NoAddress)?;
        let mut found = Vec::new();
        for mut address in addresses {
            let Some(peer) = peer_of(&address) else { continue };
            self.network.add_known_address(peer, address.clone());
            address.pop();
            found.push((peer, address));
        }
        Ok(found)
    }

    fn forget(&self, oracle: &AccountId, peer: PeerId) {
        if let Some(found) = self.found.lock().get_mut(oracle) {
            found.peers.retain(|known| *known != peer);
        }
    }
}

#[async_trait]
impl Transport for NetTransport {
    async fn send_beat(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<BeatAck, TransportError> {
        self.send(to, &self.protocols.beat, bytes).await
    }

    async fn send_batch(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<(), TransportError> {
        self.send(to, &self.protocols.relay, bytes)
            .await?
            .map_err(|refusal| TransportError::Unreachable(format!("it refused the batch: {}", refusal.label())))
    }

    async fn ask_count(&self, to: &Seat<AccountId>, query: CountQuery) -> Result<CountAnswer, TransportError> {
        self.send(to, &self.protocols.count, query.encode()).await
    }
}

/// The peer an address ends in.
fn peer_of(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last()? {
        Protocol::P2p(hash) => PeerId::from_multihash(hash).ok(),
        _ => None,
    }
}

/// Whether an answer is a reason to look for the oracle elsewhere. What a machine answers that counts nothing is one:
/// it may be the oracle's former one.
fn is_wrong_peer<T>(answer: &Result<Answer<T>, TransportError>) -> bool {
    matches!(answer, Err(_) | Ok(Err(BeatRefusal::NotCounting | BeatRefusal::UnknownRelay)))
}

fn failure(error: RequestFailure) -> TransportError {
    match error {
        RequestFailure::Network(OutboundFailure::Timeout) => TransportError::Timeout,
        other => TransportError::Unreachable(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peer_is_looked_up_again_when_it_is_old_or_counts_nothing() {
        let (peer, at) = (PeerId::random(), Instant::now());
        let found = Found { peers: VecDeque::from([peer]), at };
        assert_eq!(found.first(at), Some(peer));
        assert_eq!(found.first(at + FRESH), None);
        let refused = |refusal| Ok::<BeatAck, _>(Err(refusal));
        assert!(is_wrong_peer(&refused(BeatRefusal::NotCounting)));
        assert!(is_wrong_peer(&Err::<BeatAck, _>(TransportError::Timeout)));
        assert!(!is_wrong_peer(&refused(BeatRefusal::Duplicate)));
        assert!(!is_wrong_peer(&Ok(Ok(()))));
    }

    #[test]
    fn peer_is_found_only_where_an_address_ends_in_one() {
        let peer = PeerId::random();
        let address: Multiaddr = format!("/ip4/127.0.0.1/tcp/30333/p2p/{peer}").parse().expect("an address");
        assert_eq!(peer_of(&address), Some(peer));
        assert_eq!(peer_of(&"/ip4/127.0.0.1/tcp/30333".parse().expect("an address")), None);
    }
}
