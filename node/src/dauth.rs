//! dAuth: asks the chain whether it admits this node (docs/protocol/identity.md#dauth).
//!
//! It decides about heartbeats and work only, and only here: blocks and finality follow the on-chain set alone.

use crate::adapters::{keystore::KeystoreAdapter, metrics::Metrics};
use futures::StreamExt;
use parking_lot::Mutex;
use ratio1_heartbeat::ports::HeartbeatChain;
use ratio1_ports::{Admission, ChainError, NodeKeys, NodeRole, Standing, StandingSource};
use ratio1_primitives::{refusal::AdmissionRefusal, LicenseId, NodeId};
use std::{sync::Arc, time::Duration};

/// How long nobody asks when no block is finalised.
const ASK_AGAIN: Duration = Duration::from_secs(180);

/// Ask the chain. Blocks for a runtime call.
fn ask_standing(chain: &dyn HeartbeatChain, keys: &KeystoreAdapter) -> Standing {
    judge_standing(keys, |node| chain.admission(chain.finalised().hash, node))
}

fn judge_standing(
    keys: &KeystoreAdapter,
    admission: impl FnOnce(NodeId) -> Result<Result<LicenseId, AdmissionRefusal>, ChainError>,
) -> Standing {
    let node = match keys.identity() {
        Ok(node) => node,
        Err(none) => return Standing::Nobody(none),
    };
    // A key that is there by name may still not sign, and then nothing else matters.
    if let Some(why) = keys.fault() {
        return Standing::CannotSign(node, why);
    }
    match admission(node) {
        Ok(Ok(license)) => Standing::Admitted(node, license),
        Ok(Err(refusal)) => Standing::Refused(node, refusal),
        Err(error) => Standing::Unanswered(node, error),
    }
}

/// A plain full node needs no license, so what it lacks is no warning there.
fn log_standing(standing: &Standing, role: NodeRole) {
    let Admission { admitted, license, condition, remedy } = standing.admission();
    match (admitted, standing.node()) {
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

/// The latest standing, for whoever asks.
#[derive(Clone)]
pub struct StandingWatch(Arc<Mutex<Standing>>);

impl Default for StandingWatch {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Standing::Unknown)))
    }
}

impl StandingSource for StandingWatch {
    fn standing(&self) -> Standing {
        self.0.lock().clone()
    }
}

impl StandingWatch {
    /// Ask at start, after every finalised block and every few minutes without one, and log what changes. Ends with the
    /// node.
    pub async fn run(
        self,
        chain: Arc<dyn HeartbeatChain>,
        keys: KeystoreAdapter,
        metrics: Arc<Metrics>,
        role: NodeRole,
    ) {
        let mut blocks = chain.finalised_blocks();
        loop {
            let (asked, held) = (chain.clone(), keys.clone());
            if let Ok(now) = tokio::task::spawn_blocking(move || ask_standing(&*asked, &held)).await {
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
            log_standing(&now, role);
            *last = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::keys::NODE_KEY_TYPE;
    use sc_keystore::LocalKeystore;
    use sp_core::crypto::SecretString;
    use sp_keystore::Keystore;
    use std::str::FromStr;

    #[test]
    fn node_is_not_admitted_when_its_key_does_not_sign() {
        let dir = tempfile::tempdir().expect("a folder");
        let open = |password: Option<&str>| {
            let password = password.map(|text| SecretString::from_str(text).expect("a password"));
            Arc::new(LocalKeystore::open(dir.path(), password).expect("a folder"))
        };
        let made = open(Some("right"));
        let node = NodeId::from(made.ed25519_generate_new(NODE_KEY_TYPE, None).expect("a key"));
        let judge = |store| judge_standing(&KeystoreAdapter::new(store), |_| Ok(Ok(LicenseId(3))));
        assert_eq!(judge(made), Standing::Admitted(node, LicenseId(3)));
        let standing = judge(open(None));
        assert!(matches!(&standing, Standing::CannotSign(who, _) if *who == node), "{standing:?}");
        assert!(standing.admission().remedy.is_some_and(|remedy| remedy.contains("password")));
    }
}
