//! From what was seen to what is wrong: a pure function.

use crate::{operator_rpc::OperatorRpc, voting::Stage};
use ratio1_ports::{Admission, NodeRole, Part, Trouble};
use serde::Serialize;
use std::collections::BTreeMap;

/// With less free space than this the disk is low: a day of a busy chain, and time to act.
const LOW_DISK: u64 = 1 << 30;
/// A block that comes this much before its moment, in milliseconds, came by a clock that is behind.
const EARLY_MS: i64 = 500;
/// Slots without a block after which one is missed.
const SILENT_SLOTS: u64 = 20;
/// Blocks that may be open. With more of them block production slows down.
const OPEN_BLOCKS: u32 = 50;
/// Connections of edges that an oracle can hold, each node having three (`docs/operate/network.md`).
const EDGES_OF_AN_ORACLE: u64 = 9_000;
const RECEIVERS: u64 = 3;

/// Something that can be wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about: the metric's label.
    pub name: &'static str,
    /// Whether all is well.
    pub ok: bool,
    /// If not, what is wrong.
    pub condition: Option<String>,
    /// And what helps.
    pub remedy: Option<String>,
}

impl Condition {
    /// All is well.
    pub fn met(name: &'static str) -> Self {
        Self { name, ok: true, condition: None, remedy: None }
    }

    /// Something is wrong.
    pub fn failed(name: &'static str, condition: String, remedy: impl Into<String>) -> Self {
        Self { name, ok: false, condition: Some(condition), remedy: Some(remedy.into()) }
    }

    fn when(failed: bool, name: &'static str, condition: impl FnOnce() -> String, remedy: impl Into<String>) -> Self {
        if failed {
            Self::failed(name, condition(), remedy)
        } else {
            Self::met(name)
        }
    }

    /// Say that it changed.
    pub fn log(&self) {
        let Self { name, ok, condition, remedy } = self;
        match (ok, condition, remedy) {
            (false, Some(condition), Some(remedy)) => {
                tracing::warn!(target: "ratio1", "{name}: {condition}. Remedy: {remedy}")
            }
            _ => tracing::info!(target: "ratio1", "{name}: all is well"),
        }
    }
}

/// Whether a validator is an oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seating {
    /// Its keystore holds the vote key of one.
    Oracle,
    /// It does not.
    None,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What the node runs as.
    pub role: NodeRole,
    /// Whether the chain admits it.
    pub admission: Admission,
    /// Kinds of session keys of which its keystore has none.
    pub missing_keys: Vec<&'static str>,
    /// Whether it is an oracle.
    pub seating: Seating,
    /// Whether it votes on finality.
    pub stage: Stage,
    /// Whether it counts.
    pub counting: bool,
    /// Peers of its sync.
    pub peers: usize,
    /// Whether it is far behind them.
    pub syncing: bool,
    /// How old its newest block is; none at genesis.
    pub newest_age_ms: Option<u64>,
    /// Blocks that are not final.
    pub not_final: u32,
    /// How long a slot is.
    pub slot_ms: u64,
    /// How late blocks come.
    pub skew_ms: Option<i64>,
    /// Free bytes of its disk.
    pub disk_free: Option<u64>,
    /// Where the operator's methods listen.
    pub operator_rpc: OperatorRpc,
    /// Oracles.
    pub oracles: u32,
    /// Nodes that may beat.
    pub admitted: Option<u32>,
    /// What the workers say.
    pub troubles: BTreeMap<Part, Trouble>,
}

impl Facts {
    /// What is wrong, and what is not.
    pub fn conditions(&self) -> Vec<Condition> {
        let mut all = vec![self.connected(), self.blocks(), self.finality(), self.clock(), self.disk(), self.rpc()];
        if self.role != NodeRole::Full {
            all.push(self.admitted());
            all.extend(Part::ALL.iter().map(|part| self.part(*part)));
        }
        if self.role == NodeRole::Validator {
            all.extend([self.keys(), self.oracle(), self.voting(), self.counts(), self.room()]);
        }
        all
    }

    fn connected(&self) -> Condition {
        Condition::when(
            // The only oracle of a network has nobody to be connected with.
            self.peers == 0 && self.oracles != 1,
            "peers",
            || "no peer is connected".into(),
            "name one that can be dialled by --bootnodes, and see whether a firewall lets the node out",
        )
    }

    fn blocks(&self) -> Condition {
        let most = self.slot_ms.saturating_mul(SILENT_SLOTS);
        let age = self.newest_age_ms.unwrap_or(0);
        Condition::when(
            age > most && !self.syncing,
            "blocks",
            || format!("the newest block is {} s old", age / 1_000),
            "see that the node has peers and that its clock is right: blocks from the future are refused. If \
             others have none either, the network's oracles do not make blocks",
        )
    }

    fn finality(&self) -> Condition {
        Condition::when(
            self.not_final > OPEN_BLOCKS && !self.syncing,
            "finality",
            || format!("{} blocks are not final", self.not_final),
            "if other nodes say the same, more than a third of the oracles do not vote: docs/operate/lost-finality.md",
        )
    }

    fn clock(&self) -> Condition {
        let late = i64::try_from(self.slot_ms).unwrap_or(i64::MAX).saturating_add(1_000);
        let remedy = "set the clock by NTP: heartbeats of another slot do not count";
        match self.skew_ms {
            Some(skew) if skew < -EARLY_MS => {
                let condition =
                    format!("blocks come {} ms before their moment: this clock is behind", skew.saturating_abs());
                Condition::failed("skew", condition, remedy)
            }
            Some(skew) if skew > late => {
                let condition =
                    format!("blocks come {skew} ms after their moment: this clock is ahead, or the line is slow");
                Condition::failed("skew", condition, remedy)
            }
            _ => Condition::met("skew"),
        }
    }

    fn disk(&self) -> Condition {
        let remedy = "make room, or move the base path: without it a node can write neither blocks nor counts";
        match self.disk_free {
            Some(free) if free < LOW_DISK => {
                Condition::failed("disk", format!("only {} MiB of the disk are free", free >> 20), remedy)
            }
            Some(_) => Condition::met("disk"),
            None => Condition::failed("disk", "how much of the disk is free cannot be read".into(), remedy),
        }
    }

    fn rpc(&self) -> Condition {
        match self.operator_rpc {
            OperatorRpc::Taken(port) => Condition::failed(
                "operatorRpc",
                format!("port {port} is taken, so the operator's methods are not available"),
                "give this node a free one by --operator-rpc-port",
            ),
            OperatorRpc::None | OperatorRpc::On(_) => Condition::met("operatorRpc"),
        }
    }

    fn admitted(&self) -> Condition {
        let Admission { admitted, condition, remedy, .. } = &self.admission;
        Condition { name: "admission", ok: *admitted, condition: condition.clone(), remedy: remedy.clone() }
    }

    fn part(&self, part: Part) -> Condition {
        match self.troubles.get(&part) {
            Some(Trouble { condition, remedy }) => Condition::failed(part.label(), condition.clone(), remedy.clone()),
            None => Condition::met(part.label()),
        }
    }

    fn keys(&self) -> Condition {
        Condition::when(
            !self.missing_keys.is_empty(),
            "sessionKeys",
            || format!("the keystore has no session key for {}", self.missing_keys.join(", ")),
            "make them with `ratio1-node key session` and register them by `oracles.register_keys`, or run without \
             --validator",
        )
    }

    fn oracle(&self) -> Condition {
        Condition::when(
            self.seating == Seating::None,
            "oracle",
            || "no oracle of the running set has a vote key of this keystore".into(),
            "register this node's session keys; an oracle that was admitted, or registered new ones, is active from the \
             second session after it on",
        )
    }

    fn voting(&self) -> Condition {
        Condition::when(
            self.stage != Stage::Voting,
            "voting",
            || "does not vote on finality yet: the database holds no record of its votes".into(),
            "wait until a block is final that was made after the start. If nothing becomes final without this oracle \
             and others like it: --vote-without-record, when the old machine is sure to have cast no vote in the round that \
             hangs",
        )
    }

    fn counts(&self) -> Condition {
        let (condition, remedy) = match (self.seating, self.syncing) {
            _ if self.counting => return Condition::met("counting"),
            (Seating::None, _) => ("it is no oracle, so it counts nothing", "see the condition `oracle`"),
            (Seating::Oracle, true) => ("it counts nothing while it syncs", "wait until the node has synced"),
            (Seating::Oracle, false) => (
                "it counts nothing yet, or its worker fails",
                "wait a minute after a start; then look for the reason in the log",
            ),
        };
        Condition::failed("counting", condition.into(), remedy)
    }

    /// Whether the network's edges find a place at its oracles.
    fn room(&self) -> Condition {
        let wanted = u64::from(self.admitted.unwrap_or(0)).saturating_mul(RECEIVERS);
        let room = u64::from(self.oracles).saturating_mul(EDGES_OF_AN_ORACLE);
        Condition::when(
            self.oracles > 0 && wanted > room,
            "room",
            || format!("{} oracles have no room for the beats of {} nodes", self.oracles, self.admitted.unwrap_or(0)),
            "admit more oracles: each holds the connections of 9 000 nodes, and a node has three",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn well() -> Facts {
        Facts {
            role: NodeRole::Validator,
            admission: Admission { admitted: true, license: Some(1), condition: None, remedy: None },
            missing_keys: Vec::new(),
            seating: Seating::Oracle,
            stage: Stage::Voting,
            counting: true,
            peers: 3,
            syncing: false,
            newest_age_ms: Some(2_000),
            not_final: 3,
            slot_ms: 3_000,
            skew_ms: Some(400),
            disk_free: Some(LOW_DISK),
            operator_rpc: OperatorRpc::On(9_955),
            oracles: 4,
            admitted: Some(12_000),
            troubles: BTreeMap::new(),
        }
    }

    /// The conditions that are not met, each of which must name cause and remedy.
    fn failing(facts: &Facts) -> Vec<&'static str> {
        let all = facts.conditions();
        let wrong = all.iter().filter(|condition| !condition.ok);
        wrong
            .map(|wrong| {
                assert!(wrong.condition.as_ref().is_some_and(|text| !text.is_empty()), "{wrong:?}");
                assert!(wrong.remedy.as_ref().is_some_and(|text| !text.is_empty()), "{wrong:?}");
                wrong.name
            })
            .collect()
    }

    #[test]
    fn nothing_fails_when_all_is_well_and_each_fault_fails_by_name() {
        assert_eq!(failing(&well()), [""; 0]);
        let refused =
            Admission { admitted: false, license: None, condition: Some("c".into()), remedy: Some("r".into()) };
        let faults = [
            ("peers", Facts { peers: 0, ..well() }),
            ("blocks", Facts { newest_age_ms: Some(61_000), ..well() }),
            ("finality", Facts { not_final: 51, ..well() }),
            ("skew", Facts { skew_ms: Some(-501), ..well() }),
            ("skew", Facts { skew_ms: Some(4_001), ..well() }),
            ("disk", Facts { disk_free: Some(LOW_DISK - 1), ..well() }),
            ("disk", Facts { disk_free: None, ..well() }),
            ("operatorRpc", Facts { operator_rpc: OperatorRpc::Taken(9_955), ..well() }),
            ("admission", Facts { admission: refused, ..well() }),
            ("sessionKeys", Facts { missing_keys: vec!["BABE"], ..well() }),
            ("voting", Facts { stage: Stage::Listening, ..well() }),
            ("counting", Facts { counting: false, ..well() }),
            ("store", Facts { troubles: BTreeMap::from([(Part::Store, Trouble::new("c", "r"))]), ..well() }),
            ("room", Facts { admitted: Some(12_001), ..well() }),
        ];
        for (name, facts) in faults {
            assert_eq!(failing(&facts), [name], "{facts:?}");
        }
        assert_eq!(failing(&Facts { seating: Seating::None, counting: false, ..well() }), ["oracle", "counting"]);
    }

    #[test]
    fn full_node_is_not_asked_for_what_only_others_need() {
        let facts = Facts {
            role: NodeRole::Full,
            admission: Admission {
                admitted: false,
                license: None,
                condition: Some("c".into()),
                remedy: Some("r".into()),
            },
            missing_keys: vec!["BABE"],
            counting: false,
            stage: Stage::Waiting,
            seating: Seating::None,
            ..well()
        };
        assert_eq!(failing(&facts), [""; 0]);
    }

    #[test]
    fn node_that_syncs_is_not_blamed_for_what_it_has_not_seen() {
        let facts = Facts { syncing: true, newest_age_ms: Some(u64::MAX), not_final: u32::MAX, ..well() };
        assert_eq!(failing(&facts), [""; 0]);
    }
}
