//! The network, and where reports about it go.

use super::*;
use codec::Decode;
use ratio1_heartbeat::Handles;
use ratio1_primitives::{
    api::SignedAbsence,
    heartbeat::{BeatAck, CountAnswer, CountQuery},
};
use std::{
    collections::{HashMap, HashSet},
    sync::atomic::AtomicBool,
};

/// Records what was sent; some oracles are dead, some refuse, some never answer.
#[derive(Default)]
pub struct FakeNet {
    pub dead: Mutex<HashSet<AccountId>>,
    pub silent: Mutex<HashSet<AccountId>>,
    pub refusals: Mutex<HashMap<AccountId, BeatRefusal>>,
    pub beats: Mutex<Vec<(AccountId, Vec<u8>)>>,
    /// Oracles that keep the beats they take to themselves.
    pub hoarders: Mutex<HashSet<AccountId>>,
    /// What some oracles say that they count.
    pub lies: Mutex<HashMap<AccountId, u32>>,
    /// Who was asked.
    pub asked: Mutex<Vec<AccountId>>,
    pub batches: Mutex<Vec<(AccountId, Vec<u8>)>>,
    /// Links between oracles that carry nothing: a relay's vote key, and to whom.
    pub cut: Mutex<HashSet<([u8; 32], AccountId)>>,
    /// Workers that get what is relayed to them.
    pub doors: Mutex<HashMap<AccountId, Handles>>,
}

#[async_trait]
impl Transport for FakeNet {
    async fn send_beat(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<BeatAck, TransportError> {
        if self.silent.lock().contains(&to.oracle) {
            futures::future::pending::<()>().await;
        }
        if self.dead.lock().contains(&to.oracle) {
            return Err(TransportError::NoAddress);
        }
        if let Some(refusal) = self.refusals.lock().get(&to.oracle) {
            return Ok(Err(*refusal));
        }
        self.beats.lock().push((to.oracle.clone(), bytes));
        Ok(Ok(()))
    }
    async fn ask_count(&self, to: &Seat<AccountId>, query: CountQuery) -> Result<CountAnswer, TransportError> {
        self.asked.lock().push(to.oracle.clone());
        if self.dead.lock().contains(&to.oracle) {
            return Err(TransportError::NoAddress);
        }
        let lie = self.lies.lock().get(&to.oracle).copied();
        Ok(Ok(lie.unwrap_or_else(|| self.counted(&to.oracle, query.epoch))))
    }
    async fn send_batch(&self, to: &Seat<AccountId>, bytes: Vec<u8>) -> Result<(), TransportError> {
        // A batch begins with the key of its relay, which stands for its peer here.
        let relay: [u8; 32] = bytes[..32].try_into().unwrap();
        if self.cut.lock().contains(&(relay, to.oracle.clone())) {
            return Err(TransportError::Timeout);
        }
        if let Some(door) = self.doors.lock().get(&to.oracle) {
            let _ = door.batches.try_send(InboundBatch { from: Source(relay), bytes: bytes.clone() });
        }
        self.batches.lock().push((to.oracle.clone(), bytes));
        Ok(())
    }
}

impl FakeNet {
    /// Slots of the epoch for which an oracle has the beat, from the node or from an oracle that passes beats on.
    fn counted(&self, oracle: &AccountId, epoch: EpochIndex) -> u32 {
        let hoarders = self.hoarders.lock();
        let arrived = |(to, bytes): &(AccountId, Vec<u8>)| {
            let beat = SignedHeartbeat::decode(&mut &bytes[..]).unwrap().beat;
            ((to == oracle || !hoarders.contains(to)) && beat.epoch == epoch).then_some(beat.slot)
        };
        self.beats.lock().iter().filter_map(arrived).collect::<HashSet<_>>().len() as u32
    }
}

/// Keeps reports of absence; refuses them while `broken`.
#[derive(Default)]
pub struct Reports {
    pub taken: Mutex<Vec<SignedAbsence>>,
    pub broken: AtomicBool,
}

#[async_trait]
impl AbsenceSink for Reports {
    async fn submit_absence(&self, _: Hash, report: SignedAbsence) -> Result<(), SubmitError> {
        if self.broken.load(Ordering::SeqCst) {
            return Err(SubmitError::Unavailable("broken".into()));
        }
        self.taken.lock().push(report);
        Ok(())
    }
}

/// Remembers who was punished.
#[derive(Default)]
pub struct Punished(pub Mutex<Vec<(Source, Offence)>>);

impl Peers for Punished {
    fn punish_peer(&self, peer: Source, why: Offence) {
        self.0.lock().push((peer, why));
    }
}
