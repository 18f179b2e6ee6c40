//! A validator without a record of its votes does not vote until it is safe.
//!
//! What a validator has voted on is in its database. Started on an empty one, from a backup of its keys, or with its
//! keys on what was a full node, it would take part in the round that hangs, and cast a second vote where others have
//! its first: an equivocation, for which an oracle is removed for good. So such a node watches first. It votes from the
//! moment on at which a block is final that was made after its start, and from a round on that is later than the one in
//! which that was settled. Precommits of that round came from more than two thirds after this start, so no honest voter
//! had completed it before; nobody can have cast a vote in a later round but in a life that ended before this one
//! began.
//!
//! Where nothing was ever final there is no such block, and there must not be: a network begins with empty databases. A
//! node that is in touch with others, and to whom none of them shows anything final, votes after a short time.
//!
//! The same for blocks: a validator that starts without a record lets a few slots go by, lest it claims one twice.

mod keystore;
mod rules;
mod stage;

pub use keystore::Withheld;
pub use stage::{Stage, StageWatch};

use crate::client::FullClient;
use futures::StreamExt;
use ratio1_primitives::{BlockNumber, Hash};
use ratio1_runtime::Block;
use rules::{judge, Proof, Verdict, View};
use sc_client_api::AuxStore;
use sc_consensus_grandpa::{GrandpaJustification, GrandpaJustificationStream, SharedAuthoritySet, SharedVoterState};
use sc_network_sync::SyncingService;
use sc_service::error::Error;
use sp_blockchain::HeaderBackend;
use sp_consensus::SyncOracle;
use sp_consensus_babe::SlotDuration;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

/// In the database when this node has voted with it, or may have.
const RECORD: &[u8] = b"ratio1/votes";
/// How often a node that does not vote yet looks whether it may.
const LOOK: Duration = Duration::from_secs(1);
/// Slots that a validator without a record lets go by before it claims one.
const FIRST_SLOTS: u32 = 4;

/// Where a validator begins that has a record, or is told not to ask for one, or has nobody beside it.
pub fn first_stage(client: &FullClient, authorities: usize, without_record: bool) -> Result<Stage, Error> {
    let recorded = client.get_aux(RECORD).map_err(|error| Error::Other(error.to_string()))?.is_some();
    if recorded {
        return Ok(Stage::Voting);
    }
    if !without_record && authorities > 1 {
        return Ok(Stage::Waiting);
    }
    if without_record {
        tracing::warn!(target: "ratio1", "votes without a record of earlier votes, as `--vote-without-record` says");
    }
    record(client)?;
    Ok(Stage::Voting)
}

/// From now on this database belongs to a node that votes.
fn record(client: &FullClient) -> Result<(), Error> {
    client.insert_aux(&[(RECORD, &[1u8][..])], &[]).map_err(|error| Error::Other(error.to_string()))
}

/// What a node that watches looks at.
pub struct Watcher {
    /// Where it notes how far it is.
    pub voting: StageWatch,
    /// The chain and its database.
    pub client: Arc<FullClient>,
    /// Peers and sync.
    pub sync: Arc<SyncingService<Block>>,
    /// Who votes.
    pub authorities: SharedAuthoritySet<Hash, BlockNumber>,
    /// Rounds.
    pub rounds: SharedVoterState,
    /// What becomes final, and in which round.
    pub justifications: GrandpaJustificationStream<Block>,
    /// Slots.
    pub slot_duration: SlotDuration,
}

impl Watcher {
    /// Watch until this node votes.
    pub async fn run(self) {
        tracing::warn!(
            target: "ratio1",
            "the database holds no record of this validator's votes, so it watches before it votes on finality: votes that \
             it does not remember would make new ones an equivocation, which costs an oracle for good. It votes when a \
             block is final that was made from now on. If so many lost their databases that nothing becomes final without \
             them, see `--vote-without-record`",
        );
        let start = self.now();
        let mut justifications = self.justifications.subscribe(1_000);
        let mut view = View { start, ..View::default() };
        let mut ticks = tokio::time::interval(LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                Some(justification) = justifications.next() => view.proof = self.proof(&justification).or(view.proof),
            }
            self.look(&mut view);
            match judge(&view) {
                Verdict::Wait => {}
                Verdict::Listen => {
                    view.listening.get_or_insert(view.slot);
                    self.voting.set(Stage::Listening);
                }
                Verdict::Vote => break,
            }
        }
        // Without it the node would watch again after its next start: a pity, and safe.
        if let Err(error) = record(&self.client) {
            tracing::warn!(target: "ratio1", %error, "could not note in the database that this node votes");
        }
        tracing::info!(target: "ratio1", "votes on finality from now on");
        self.voting.set(Stage::Voting);
    }

    fn look(&self, view: &mut View) {
        let info = self.client.info();
        view.slot = self.now();
        (view.best, view.finalised) = (info.best_number, info.finalized_number);
        view.set = self.authorities.set_id();
        view.round = self.rounds.voter_state().map_or(0, |state| state.best_round.0);
        let in_touch = self.sync.num_connected_peers() > 0 && !self.sync.is_major_syncing();
        view.settled = in_touch.then(|| view.settled.unwrap_or(view.slot));
    }

    /// What a justification proves. The set is read after what it changed, so it may be one too new: then a later one
    /// counts.
    fn proof(&self, justification: &GrandpaJustification<Block>) -> Option<Proof> {
        let header = self.client.header(justification.target().1).ok().flatten()?;
        let slot = sc_consensus_babe::find_pre_digest::<Block>(&header).ok()?.slot();
        Some(Proof { set: self.authorities.set_id(), round: justification.justification.round, slot: *slot })
    }

    fn now(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let millis = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        millis.checked_div(self.slot_duration.as_millis()).unwrap_or(0)
    }
}

/// Keeps BABE from claiming a slot for a while: to it, a node that syncs makes no blocks.
#[derive(Clone)]
pub struct Patient {
    sync: Arc<SyncingService<Block>>,
    until: Instant,
}

impl Patient {
    /// Wait for the first slots if there is no record.
    pub fn new(sync: Arc<SyncingService<Block>>, stage: Stage, slot_duration: SlotDuration) -> Self {
        let wait = match stage {
            Stage::Voting => Duration::ZERO,
            Stage::Waiting | Stage::Listening => slot_duration.as_duration().saturating_mul(FIRST_SLOTS),
        };
        let now = Instant::now();
        Self { sync, until: now.checked_add(wait).unwrap_or(now) }
    }
}

impl SyncOracle for Patient {
    fn is_major_syncing(&self) -> bool {
        Instant::now() < self.until || self.sync.is_major_syncing()
    }

    fn is_offline(&self) -> bool {
        self.sync.is_offline()
    }
}
