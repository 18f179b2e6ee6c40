//! What can be wrong with this node, each with its cause and what helps: in `r1_status`, in a metric, and in the log
//! when it changes.

mod clock;
mod conditions;

pub use conditions::{Condition, Facts, Seating};

use crate::{
    adapters::{chain::ChainAdapter, metrics::Metrics},
    client::FullClient,
    dauth::StandingWatch,
    operator_rpc::OperatorRpc,
    voting::StageWatch,
};
use clock::Skew;
use futures::StreamExt;
use parking_lot::Mutex;
use ratio1_heartbeat::ports::HeartbeatChain;
use ratio1_ports::{NodeRole, StandingSource, SystemClock, Wallclock};
use ratio1_primitives::{keys::VOTE_KEY_TYPE, Hash, VoteId};
use ratio1_runtime::Block;
use sc_client_api::{BlockImportNotification, BlockchainEvents};
use sc_network_sync::SyncingService;
use sp_blockchain::HeaderBackend;
use sp_consensus::{BlockOrigin, SyncOracle};
use sp_consensus_babe::SlotDuration;
use sp_core::{
    crypto::{key_types, KeyTypeId},
    ed25519,
};
use sp_keystore::KeystorePtr;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

/// How often everything is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// How often the admitted nodes are counted, which takes a runtime call for each page of licenses.
const CENSUS: Duration = Duration::from_secs(600);
/// The keys of a session, by what they are for.
const SESSION_KEYS: [(&str, KeyTypeId); 4] = [
    ("BABE", key_types::BABE),
    ("GRANDPA", key_types::GRANDPA),
    ("authority discovery", key_types::AUTHORITY_DISCOVERY),
    ("votes", VOTE_KEY_TYPE),
];

/// The latest findings, shared with the RPC.
#[derive(Clone, Default)]
pub struct Board(Arc<Mutex<Vec<Condition>>>);

impl Board {
    /// The latest.
    pub fn conditions(&self) -> Vec<Condition> {
        self.0.lock().clone()
    }

    /// Take on what was found, and say what has changed.
    fn update(&self, now: Vec<Condition>, metrics: &Metrics) {
        let mut last = self.0.lock();
        for condition in &now {
            metrics.set_condition(condition.name, condition.ok);
            let before = last.iter().find(|before| before.name == condition.name);
            if before.is_none_or(|before| before.ok) != condition.ok {
                condition.log();
            }
        }
        *last = now;
    }
}

/// Looks after everything.
pub struct Inspector {
    /// What the node runs as.
    pub role: NodeRole,
    /// Its standing with the chain.
    pub standing: StandingWatch,
    /// Its counters.
    pub metrics: Arc<Metrics>,
    /// Where its findings go.
    pub board: Board,
    /// The chain.
    pub chain: Arc<ChainAdapter>,
    /// Its blocks.
    pub client: Arc<FullClient>,
    /// Peers.
    pub sync: Arc<SyncingService<Block>>,
    /// Keys.
    pub keystore: KeystorePtr,
    /// Whether it votes on finality.
    pub voting: StageWatch,
    /// Where the operator's methods listen.
    pub operator_rpc: OperatorRpc,
    /// Slots.
    pub slot_duration: SlotDuration,
    /// The folder of the chain's data.
    pub data: PathBuf,
}

impl Inspector {
    /// Look for as long as the node runs.
    pub async fn run(self: Arc<Self>) {
        let mut skew = Skew::default();
        let mut blocks = self.client.import_notification_stream();
        // Not at once: a node that just started has no peer yet, and nothing to say.
        let start = tokio::time::Instant::now();
        let mut ticks = tokio::time::interval_at(start.checked_add(LOOK).unwrap_or(start), LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut census: Option<(Instant, Option<u32>)> = None;
        loop {
            tokio::select! {
                Some(block) = blocks.next() => {
                    if let Some(lateness) = self.lateness(&block) {
                        skew.add(lateness);
                    }
                }
                _ = ticks.tick() => {
                    let (this, median, counted) = (self.clone(), skew.median(), census.take());
                    // Runtime calls, and a file system that may be slow.
                    let looked = tokio::task::spawn_blocking(move || this.look(median, counted)).await;
                    // A panic in there is in the log; the next look may fare better.
                    let Ok((facts, counted)) = looked else { continue };
                    census = counted;
                    self.metrics.set_machine(facts.disk_free, facts.skew_ms);
                    self.board.update(facts.conditions(), &self.metrics);
                }
            }
        }
    }

    /// How long after its moment a block of somebody else arrived, in milliseconds. What comes while the node catches
    /// up tells nothing.
    fn lateness(&self, block: &BlockImportNotification<Block>) -> Option<i64> {
        if block.origin != BlockOrigin::NetworkBroadcast || self.sync.is_major_syncing() {
            return None;
        }
        let moment = self.moment(&block.header)?;
        i64::try_from(SystemClock.now_ms()).ok()?.checked_sub(i64::try_from(moment).ok()?)
    }

    /// When a block's slot began, in Unix milliseconds.
    fn moment(&self, header: &<Block as sp_runtime::traits::Block>::Header) -> Option<u64> {
        let slot = sc_consensus_babe::find_pre_digest::<Block>(header).ok()?.slot();
        (*slot).checked_mul(self.slot_duration.as_millis())
    }

    fn look(
        &self,
        skew_ms: Option<i64>,
        census: Option<(Instant, Option<u32>)>,
    ) -> (Facts, Option<(Instant, Option<u32>)>) {
        let info = self.client.info();
        let census = census.filter(|(at, _)| at.elapsed() < CENSUS);
        let is_validator = self.role == NodeRole::Validator;
        let census = census.or_else(|| is_validator.then(|| (Instant::now(), self.admitted(info.finalized_hash))));
        let newest = self.client.header(info.best_hash).ok().flatten().and_then(|header| self.moment(&header));
        let oracles = self.chain.oracles(info.finalized_hash).unwrap_or_default();
        let seen = self.metrics.seen();
        let facts = Facts {
            role: self.role,
            admission: self.standing.standing().admission(),
            missing_keys: self.missing_keys(),
            seating: if oracles.iter().any(|seat| self.holds(&seat.vote_key)) {
                Seating::Oracle
            } else {
                Seating::None
            },
            stage: self.voting.stage(),
            counting: seen.is_counting(Instant::now()),
            peers: self.sync.num_connected_peers(),
            syncing: self.sync.is_major_syncing(),
            newest_age_ms: newest
                .filter(|_| info.best_number > 0)
                .map(|moment| SystemClock.now_ms().saturating_sub(moment)),
            not_final: info.best_number.saturating_sub(info.finalized_number),
            slot_ms: self.slot_duration.as_millis(),
            skew_ms,
            disk_free: disk_free(&self.data),
            operator_rpc: self.operator_rpc,
            oracles: u32::try_from(oracles.len()).unwrap_or(u32::MAX),
            admitted: census.and_then(|(_, admitted)| admitted),
            troubles: self.metrics.troubles(),
        };
        (facts, census)
    }

    fn holds(&self, key: &VoteId) -> bool {
        use sp_core::crypto::ByteArray;
        let public = ed25519::Public::from_slice(key.as_slice());
        public.is_ok_and(|key| self.keystore.has_keys(&[(key.0.to_vec(), VOTE_KEY_TYPE)]))
    }

    fn missing_keys(&self) -> Vec<&'static str> {
        let held = |kind| self.keystore.keys(kind).is_ok_and(|keys| !keys.is_empty());
        SESSION_KEYS.iter().filter(|(_, kind)| !held(*kind)).map(|(name, _)| *name).collect()
    }

    /// Nodes that may beat.
    fn admitted(&self, at: Hash) -> Option<u32> {
        let pages = u32::try_from(self.chain.link_revisions(at).ok()?.len()).ok()?;
        (0..pages).try_fold(0u32, |sum, page| {
            let nodes = self.chain.admitted(at, page).ok()?.len();
            sum.checked_add(u32::try_from(nodes).ok()?)
        })
    }
}

/// Bytes that users other than root may still fill where the node keeps its data.
fn disk_free(path: &std::path::Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    stat.f_bavail.checked_mul(stat.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_space_is_known_where_the_path_exists() {
        assert!(disk_free(std::path::Path::new("/")).is_some());
        assert_eq!(disk_free(std::path::Path::new("/no/such/path")), None);
    }

    #[test]
    fn board_and_metric_show_the_latest_finding() {
        let registry = prometheus_endpoint::Registry::new();
        let metrics = Metrics::new(Some(&registry)).expect("an empty registry");
        let board = Board::default();
        let finding =
            |ok| if ok { Condition::met("disk") } else { Condition::failed("disk", "full".into(), "clear it") };
        for ok in [false, true] {
            board.update(vec![finding(ok)], &metrics);
            assert_eq!(board.conditions(), [finding(ok)]);
            let families = registry.gather();
            let family = families.iter().find(|family| family.get_name() == "ratio1_condition").expect("it is there");
            let value = family.get_metric().first().expect("one condition").get_gauge().get_value();
            assert_eq!(value > 0.5, ok);
        }
    }
}
