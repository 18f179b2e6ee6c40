//! Who this node is to the chain: linked, admitted, and if not, why and what helps (docs/protocol/identity.md#dauth).

use crate::{ChainError, NoIdentity};
use ratio1_primitives::{refusal::AdmissionRefusal, LicenseId, NodeId};
use serde::Serialize;

/// How this node stands with the chain, in finalised state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not asked yet.
    Unknown,
    /// There is no telling who this is, so there is nobody to admit.
    Nobody(NoIdentity),
    /// The node key does not sign.
    CannotSign(NodeId, String),
    /// The chain refuses the node.
    Refused(NodeId, AdmissionRefusal),
    /// The chain could not be asked.
    Unanswered(NodeId, ChainError),
    /// The node may beat and work for this license.
    Admitted(NodeId, LicenseId),
}

/// Where a worker learns how its node stands.
pub trait StandingSource: Send + Sync + 'static {
    /// The latest.
    fn standing(&self) -> Standing;
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
    /// This node, if its keystore names one.
    pub fn node(&self) -> Option<NodeId> {
        match self {
            Self::Unknown | Self::Nobody(_) => None,
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
            Self::Nobody(NoIdentity::NoKey) => {
                refused("the keystore holds no node key".into(), "make one with `ratio1-node key generate-node`")
            }
            Self::Nobody(NoIdentity::ManyKeys(count)) => refused(
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratio1_primitives::refusal::KycRefusal;

    #[test]
    fn every_refusal_names_condition_and_remedy() {
        let node = NodeId([1; 32]);
        let refusals = [
            Standing::Unknown,
            Standing::Nobody(NoIdentity::NoKey),
            Standing::Nobody(NoIdentity::ManyKeys(2)),
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
}
