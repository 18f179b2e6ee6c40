//! A peer that speaks the protocols of beats and of relays on the real wire, and means ill.

use super::Outcome;
use codec::Encode;
use futures::StreamExt;
use litep2p::{
    config::ConfigBuilder,
    crypto::ed25519::Keypair,
    protocol::request_response::{ConfigBuilder as Protocol, DialOptions, RequestResponseEvent, RequestResponseHandle},
    transport::tcp::config::Config as TcpConfig,
    types::multiaddr::Multiaddr,
    Litep2p, PeerId, ProtocolName,
};
use ratio1_primitives::{
    heartbeat::{decode_bounded, BeatAck, Heartbeat, Resources, SignedHeartbeat, HEARTBEAT_VERSION},
    EpochIndex, Hash, LicenseId,
};
use ratio1_testnet::{client::Head, Network, Who};
use sp_core::{ed25519, Pair};
use std::{collections::HashMap, time::Duration};
use tokio::task::JoinHandle;

/// The longest an oracle may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// What this peer itself would send at most, in bytes: more than any oracle takes.
const MAX_SENT: usize = 4 * 1024 * 1024;

/// The peer.
pub struct Attacker {
    beats: RequestResponseHandle,
    batches: RequestResponseHandle,
    peers: HashMap<Who, PeerId>,
    transport: JoinHandle<()>,
}

impl Attacker {
    /// A peer of its own identity that knows the oracles' addresses.
    pub fn new(network: &Network, genesis: Hash) -> Outcome<Self> {
        let protocol = |kind: &str| {
            let name = ProtocolName::from(format!("/{}/ratio1/{kind}/1", hex::encode(genesis)));
            Protocol::new(name).with_max_size(MAX_SENT).with_timeout(ANSWER_LIMIT).build()
        };
        let ((beat, beats), (relay, batches)) = (protocol("beat"), protocol("relay"));
        let tcp = TcpConfig { listen_addresses: vec!["/ip4/127.0.0.1/tcp/0".parse()?], ..Default::default() };
        let mut addresses = HashMap::new();
        for who in Who::ORACLES {
            let address: Multiaddr = network.node(who).address().parse()?;
            let peer = PeerId::try_from_multiaddr(&address).ok_or("an address without peer identity")?;
            addresses.insert(who, (peer, address));
        }
        let known: Vec<_> = addresses.values().map(|(peer, address)| (*peer, vec![address.clone()])).collect();
        let config = ConfigBuilder::new()
            .with_keypair(Keypair::generate())
            .with_tcp(tcp)
            .with_request_response_protocol(beat)
            .with_request_response_protocol(relay)
            .with_known_addresses(known.into_iter())
            .build();
        let mut litep2p = Litep2p::new(config)?;
        let transport = tokio::spawn(async move { while litep2p.next_event().await.is_some() {} });
        let peers = addresses.into_iter().map(|(who, (peer, _))| (who, peer)).collect();
        Ok(Self { beats, batches, peers, transport })
    }

    /// Send `bytes` as a heartbeat. `None` if the oracle's network layer refused to read them or to answer.
    pub async fn send(&mut self, to: Who, bytes: Vec<u8>) -> Outcome<Option<BeatAck>> {
        let peer = *self.peers.get(&to).ok_or("no oracle")?;
        Self::ask(&mut self.beats, peer, bytes).await
    }

    /// Send `bytes` as a batch of an oracle. What is answered says only whether it was taken to be looked at.
    pub async fn relay(&mut self, to: Who, bytes: Vec<u8>) -> Outcome<Option<BeatAck>> {
        let peer = *self.peers.get(&to).ok_or("no oracle")?;
        Self::ask(&mut self.batches, peer, bytes).await
    }

    async fn ask(handle: &mut RequestResponseHandle, peer: PeerId, bytes: Vec<u8>) -> Outcome<Option<BeatAck>> {
        let id = handle.send_request(peer, bytes, DialOptions::Dial).await.map_err(|e| format!("{e:?}"))?;
        loop {
            let event = tokio::time::timeout(ANSWER_LIMIT * 2, handle.next()).await;
            match event.map_err(|_| "neither answer nor refusal")?.ok_or("the transport ended")? {
                RequestResponseEvent::ResponseReceived { request_id, response, .. } if request_id == id => {
                    return Ok(Some(ack(&response)?));
                }
                RequestResponseEvent::RequestFailed { request_id, .. } if request_id == id => return Ok(None),
                _ => {}
            }
        }
    }
}

fn ack(response: &[u8]) -> Outcome<BeatAck> {
    Ok(decode_bounded(response, response.len()).ok_or_else(|| format!("not an ack: {response:?}"))?)
}

impl Drop for Attacker {
    fn drop(&mut self) {
        self.transport.abort();
    }
}

/// A beat to be bent: genuine but for its signature.
pub fn beat(license: LicenseId, epoch: EpochIndex, slot: u32, quoted: Head) -> Heartbeat {
    Heartbeat {
        version: HEARTBEAT_VERSION,
        license,
        epoch,
        slot,
        block_number: quoted.number,
        block_hash: quoted.hash,
        resources: Resources::default(),
        services: Default::default(),
    }
}

/// Sign and encode.
pub fn signed(beat: Heartbeat, genesis: Hash, by: &ed25519::Pair) -> Vec<u8> {
    let signature = by.sign(&beat.payload(genesis));
    SignedHeartbeat { beat, signature }.encode()
}
