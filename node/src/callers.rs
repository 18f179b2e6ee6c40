//! Who sends us messages, and what it costs those who send what no honest node does.
//!
//! The workers know a peer by a hash of its id; here is who that was.

use parking_lot::{Mutex, RwLock};
use ratio1_heartbeat::ports::{Offence, Peers};
use ratio1_ports::Source;
use sc_network::{service::traits::NetworkService, ReputationChange};
use sc_network_types::PeerId;
use schnellru::{ByLength, LruMap};
use std::{collections::HashSet, sync::Arc};

/// The peers that are oracles, as far as they are known.
pub type Fellows = Arc<RwLock<HashSet<PeerId>>>;

/// Peers that are remembered: more than can be connected at a time.
const MAX_CALLERS: u32 = 16_384;
/// What bytes cost that are no message: some ninety of them in a short time, and the peer is banned.
pub const MALFORMED: ReputationChange = ReputationChange::new(-(1 << 24), "ratio1: malformed message");
/// What a forged batch costs, and one of somebody who is no oracle: some twenty of them, and the peer is banned.
const FORGED: ReputationChange = ReputationChange::new(-(1 << 26), "ratio1: forged batch");
const STRANGER: ReputationChange = ReputationChange::new(-(1 << 26), "ratio1: batch of no oracle");

/// The peers of late.
pub struct Callers(Mutex<LruMap<Source, PeerId, ByLength>>);

impl Default for Callers {
    fn default() -> Self {
        Self(Mutex::new(LruMap::new(ByLength::new(MAX_CALLERS))))
    }
}

impl Callers {
    /// A peer as the workers know it.
    pub fn note_peer(&self, peer: &PeerId) -> Source {
        let source = Source(sp_io::hashing::blake2_256(&peer.to_bytes()));
        self.0.lock().insert(source, *peer);
        source
    }

    fn peer(&self, source: &Source) -> Option<PeerId> {
        self.0.lock().peek(source).copied()
    }
}

/// Holds what the workers report against peers of a network.
pub struct Reputation {
    /// The peers.
    pub callers: Arc<Callers>,
    /// Their network.
    pub network: Arc<dyn NetworkService>,
}

impl Peers for Reputation {
    fn punish_peer(&self, peer: Source, why: Offence) {
        let change = match why {
            Offence::Malformed => MALFORMED,
            Offence::Forged => FORGED,
            Offence::Stranger => STRANGER,
        };
        // One that is forgotten has been silent for long.
        if let Some(peer) = self.callers.peer(&peer) {
            self.network.report_peer(peer, change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_is_known_by_its_hash_and_memory_is_bounded() {
        let (callers, first) = (Callers::default(), PeerId::random());
        let source = callers.note_peer(&first);
        assert_eq!(callers.peer(&source), Some(first));
        assert_eq!(callers.note_peer(&first), source);
        for _ in 0..MAX_CALLERS {
            callers.note_peer(&PeerId::random());
        }
        assert_eq!(callers.peer(&source), None);
        assert_eq!(callers.0.lock().len(), usize::try_from(MAX_CALLERS).expect("small"));
    }
}
