//! The protocols' names on one chain, and how large their messages are.

use super::inbound::{Inbound, ANSWER_TIMEOUT};
use codec::MaxEncodedLen;
use ratio1_primitives::{
    heartbeat::{CountQuery, MAX_BATCH_BYTES, MAX_BEAT_BYTES},
    Hash,
};
use sc_network::{NetworkBackend, ProtocolName};
use sp_runtime::traits::Block as BlockT;

/// The largest answer of any of them, in bytes.
pub const MAX_ANSWER_BYTES: usize = 16;
/// Requests that wait before this node refuses more.
const BEAT_QUEUE: usize = 4_096;
const BATCH_QUEUE: usize = 64;
const COUNT_QUEUE: usize = 256;
/// Room for framing around the payload.
const FRAMING: u64 = 64;

/// The protocols' names on one chain.
#[derive(Clone, Debug)]
pub struct Protocols {
    /// Carries one encoded `SignedHeartbeat`; answered with a `BeatAck`.
    pub beat: ProtocolName,
    /// Carries one encoded `RelayBatch`; answered with a `BeatAck` when it is handed over, not yet looked at
    /// beat by beat.
    pub relay: ProtocolName,
    /// Carries one encoded `CountQuery`; answered with a `CountAnswer`.
    pub count: ProtocolName,
}

impl Protocols {
    /// Of the chain with this genesis.
    pub fn new(genesis: Hash) -> Self {
        // ADR 0002: inside the chain's own network, and of one chain alone.
        let name = |kind: &str| format!("/{}/ratio1/{kind}/1", hex::encode(genesis)).into();
        Self { beat: name("beat"), relay: name("relay"), count: name("count") }
    }

    /// Configurations for the network, and, where `inbound` is wanted, the queues of what arrives. Without it the
    /// protocols only send.
    pub fn configure<B: BlockT, N: NetworkBackend<B, B::Hash>>(
        &self,
        inbound: bool,
    ) -> (Vec<N::RequestResponseProtocolConfig>, Option<Inbound>) {
        let (beat_tx, beats) = async_channel::bounded(BEAT_QUEUE);
        let (batch_tx, batches) = async_channel::bounded(BATCH_QUEUE);
        let (count_tx, counts) = async_channel::bounded(COUNT_QUEUE);
        let config = |name: &ProtocolName, size: usize, queue| {
            let max_request = u64::try_from(size).unwrap_or(u64::MAX).saturating_add(FRAMING);
            let max_answer = u64::try_from(MAX_ANSWER_BYTES).unwrap_or(u64::MAX);
            N::request_response_config(name.clone(), Vec::new(), max_request, max_answer, ANSWER_TIMEOUT, queue)
        };
        let configs = vec![
            config(&self.beat, MAX_BEAT_BYTES, inbound.then_some(beat_tx)),
            config(&self.relay, MAX_BATCH_BYTES, inbound.then_some(batch_tx)),
            config(&self.count, CountQuery::max_encoded_len(), inbound.then_some(count_tx)),
        ];
        (configs, inbound.then_some(Inbound { beats, batches, counts }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_between_chains_and_protocols() {
        let (one, two) = (Protocols::new(Hash::repeat_byte(1)), Protocols::new(Hash::repeat_byte(2)));
        assert_eq!(&*one.beat, format!("/{}/ratio1/beat/1", "01".repeat(32)));
        assert_ne!(one.beat, two.beat);
        assert_ne!(one.beat, one.relay);
        assert_ne!(one.beat, one.count);
    }
}
