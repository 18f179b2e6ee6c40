//! dAuth: whether the chain admits this node, and if not, why and what helps (docs/protocol/identity.md#dauth).
//!
//! It decides about heartbeats and work only, and only here: blocks and finality follow the on-chain set alone.

use crate::{
    adapters::{keys::KeystoreAdapter, metrics::Metrics},
    rpc::NodeRole,
};
use futures::StreamExt;
use parking_lot::Mutex;
use ratio1_heartbeat::ports::{Chain, ChainError};
use ratio1_primitives::{refusal::AdmissionRefusal, LicenseId, NodeId};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

/// How long nobody asks when no block is finalised.
const ASK_AGAIN: Duration = Duration::from_secs(180);

/// How this node stands with the chain, in finalised state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not asked yet.
    Unknown,
    /// The keystore has no node key, so there is nobody to admit.
    NoNodeKey,
    /// The keystore has several node keys, so there is no telling who this is.
    ManyNodeKeys(usize),
    /// The node key does not sign.
    CannotSign(NodeId, String),
    /// The chain refuses the node.
    Refused(NodeId, AdmissionRefusal),
    /// The chain could not be asked.
    Unanswered(NodeId, ChainError),
    /// The node may beat and work for this license.
    Admitted(NodeId, LicenseId),
}

/// A standing for people and scripts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Admission {
    /// Whether the node may send heartbeats and take work.
    pub admitted: bool,
    /// The license that counts them.
    pub license: Option<u32>,
    /// The condition that fails.
    pub condition: Option<String>,
    /// How to meet it.
    pub remedy: Option<String>,
}

impl Standing {
    /// Ask the chain. Blocks for a runtime call.
    pub fn ask(chain: &dyn Chain, keys: &KeystoreAdapter) -> Self {
        Self::judge(keys, |node| chain.admission(chain.finalised().hash, node))
    }

    fn judge(
        keys: &KeystoreAdapter,
        admission: impl FnOnce(NodeId) -> Result<Result<LicenseId, AdmissionRefusal>, ChainError>,
    ) -> Self {
        let all = keys.node_keys();
        let node = match all.as_slice() {
            [key] => NodeId::from(*key),
            [] => return Self::NoNodeKey,
            more => return Self::ManyNodeKeys(more.len()),
        };
        // A key that is there by name may still not sign, and then nothing else matters.
        if let Some(why) = keys.fault() {
            return Self::CannotSign(node, why);
        }
        match admission(node) {
            Ok(Ok(license)) => Self::Admitted(node, license),
            Ok(Err(refusal)) => Self::Refused(node, refusal),
            Err(error) => Self::Unanswered(node, error),
        }
    }

    /// This node, if its keystore names one.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::Unknown | Self::NoNodeKey | Self::ManyNodeKeys(_) => None,
            Self::CannotSign(node, _)
            | Self::Refused(node, _)
            | Self::Unanswered(node, _)
            | Self::Admitted(node, _) => Some(*node),
        }
    }

    /// Condition and remedy in words.
    pub fn admission(&self) -> Admission {
        let refused = |condition: String, remedy: &str| Admission {
            admitted: false,
            license: None,
            condition: Some(condition),
            remedy: Some(remedy.into()),
        };
        match self {
            Self::Admitted(_, license) => {
                Admission { admitted: true, license: Some(license.0), condition: None, remedy: None }
            }
            Self::Unknown => refused("the chain was not asked yet".into(), "wait for the next finalised block"),
            Self::NoNodeKey => {
                refused("the keystore holds no node key".into(), "make one with `ratio1-node key generate-node`")
            }
            Self::ManyNodeKeys(count) => refused(
                format!("the keystore holds {count} node keys"),
                "move the key files that are not this node's, named 72316e64.., out of the keystore",
            ),
            Self::CannotSign(node, why) => refused(
                format!("the key of node {node} does not sign: {why}"),
                "start with the password that the key was made with, and let this process read the key's file, named \
                 72316e64.., in the keystore",
            ),
            Self::Refused(node, refusal) => refused(
                match refusal {
                    AdmissionRefusal::NotLinked => format!("node {node} is linked to no license"),
                    AdmissionRefusal::Owner(why) => {
                        format!("the owner of the license linked to node {node} is not in good standing: {why:?}")
                    }
                },
                refusal.remedy(),
            ),
            Self::Unanswered(_, error) => refused(
                format!("the chain could not be asked: {error}"),
                "wait until the node has synced; if it has, update it",
            ),
        }
    }

    /// A plain full node needs no license, so what it lacks is no warning there.
    fn log(&self, role: NodeRole) {
        let Admission { admitted, license, condition, remedy } = self.admission();
        match (admitted, self.node()) {
            (true, Some(node)) => tracing::info!(
                target: "ratio1",
                "dAuth: node {node} is admitted with license {}",
                license.unwrap_or_default(),
            ),
            _ if role == NodeRole::Full => tracing::info!(
                target: "ratio1",
                "dAuth: a plain full node: {}. To take part: {}, and run with --edge",
                condition.unwrap_or_default(),
                remedy.unwrap_or_default(),
            ),
            _ => tracing::warn!(
                target: "ratio1",
                "dAuth: not admitted, no heartbeats are sent: {}. Remedy: {}",
                condition.unwrap_or_default(),
                remedy.unwrap_or_default(),
            ),
        }
    }
}

/// The latest standing, shared with the RPC.
#[derive(Clone)]
pub struct Watch(Arc<Mutex<Standing>>);

impl Default for Watch {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Standing::Unknown)))
    }
}

impl Watch {
    /// One that stays as it is.
    #[cfg(test)]
    pub fn at(standing: Standing) -> Self {
        Self(Arc::new(Mutex::new(standing)))
    }

    /// The latest.
    pub fn standing(&self) -> Standing {
        self.0.lock().clone()
    }

    /// Ask at start, after every finalised block and every few minutes without one, and log what changes. Ends with the
    /// node.
    pub async fn run(self, chain: Arc<dyn Chain>, keys: KeystoreAdapter, metrics: Arc<Metrics>, role: NodeRole) {
        let mut blocks = chain.finalised_blocks();
        loop {
            let (asked, held) = (chain.clone(), keys.clone());
            if let Ok(now) = tokio::task::spawn_blocking(move || Standing::ask(&*asked, &held)).await {
                metrics.set_admitted(matches!(now, Standing::Admitted(..)));
                self.update(now, role);
            }
            // No block in time: what the chain says stands, but the key is looked at again.
            if let Ok(None) = tokio::time::timeout(ASK_AGAIN, blocks.next()).await {
                return;
            }
        }
    }

    fn update(&self, now: Standing, role: NodeRole) {
        let mut last = self.0.lock();
        if *last != now {
            now.log(role);
            *last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::{keys::NODE_KEY_TYPE, refusal::KycRefusal};
    use sc_keystore::LocalKeystore;
    use sp_core::crypto::SecretString;
    use sp_keystore::Keystore;
    use std::str::FromStr;

    #[test]
    fn every_refusal_names_condition_and_remedy() {
        let node = NodeId([1; 32]);
        let refusals = [
            Standing::Unknown,
            Standing::NoNodeKey,
            Standing::ManyNodeKeys(2),
            Standing::CannotSign(node, "a wrong password".into()),
            Standing::Refused(node, AdmissionRefusal::NotLinked),
            Standing::Refused(node, AdmissionRefusal::Owner(KycRefusal::NotAttested)),
            Standing::Unanswered(node, ChainError::Runtime("gone".into())),
        ];
        for standing in refusals {
            let Admission { admitted, license, condition, remedy } = standing.admission();
            assert!(!admitted && license.is_none());
            assert!(condition.is_some_and(|c| !c.is_empty()), "{standing:?}");
            assert!(remedy.is_some_and(|r| !r.is_empty()), "{standing:?}");
        }
        let admitted = Standing::Admitted(node, LicenseId(3)).admission();
        assert_eq!((admitted.admitted, admitted.license, admitted.remedy), (true, Some(3), None));
    }

    #[test]
    fn node_is_not_admitted_when_its_key_does_not_sign() {
        let dir = tempfile::tempdir().expect("a folder");
        let open = |password: Option<&str>| {
            let password = password.map(|text| SecretString::from_str(text).expect("a password"));
            Arc::new(LocalKeystore::open(dir.path(), password).expect("a folder"))
        };
        let made = open(Some("right"));
        let node = NodeId::from(made.ed25519_generate_new(NODE_KEY_TYPE, None).expect("a key"));
        let judge = |store| Standing::judge(&KeystoreAdapter::new(store), |_| Ok(Ok(LicenseId(3))));
        assert_eq!(judge(made), Standing::Admitted(node, LicenseId(3)));
        let standing = judge(open(None));
        assert!(matches!(&standing, Standing::CannotSign(who, _) if *who == node), "{standing:?}");
        assert!(standing.admission().remedy.is_some_and(|remedy| remedy.contains("password")));
    }
}
