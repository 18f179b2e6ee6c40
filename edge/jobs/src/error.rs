//! Why nothing was done, each with what helps.

use crate::{ports::CallError, TooMuch};
use ratio1_ports::{Admission, ChainError};
use ratio1_primitives::{jobs::SlotRef, NodeId};

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobsError {
    /// The chain does not admit the node.
    #[error("the node may not work: {}", explained(.0))]
    NotAdmitted(Admission),
    /// It is no edge node, so no heartbeat would report what it serves.
    #[error("only an edge node's heartbeats report what it serves: run it with --edge")]
    NoEdge,
    /// The keystore has no node key, or several.
    #[error("there is nobody to sign: {}", explained(.0))]
    Nobody(Admission),
    /// The node is linked to no license.
    #[error("node {0} is linked to no license: its owner links it with `licenses.link`")]
    NotLinked(NodeId),
    /// The keystore did not sign.
    #[error("the keystore did not sign: see `r1_status` for what it lacks")]
    NotSigned,
    /// More is declared than the machine has.
    #[error(transparent)]
    TooMuch(#[from] TooMuch),
    /// The slot is neither offered to this node nor served by it.
    #[error("{} is neither offered to this node nor served by it", named(.0))]
    NotAssigned(SlotRef),
    /// It is served already.
    #[error("{} is accepted already", named(.0))]
    AlreadyAccepted(SlotRef),
    /// It is offered and not served.
    #[error("{} is offered and not served: it goes to another node if it is not accepted", named(.0))]
    NotAccepted(SlotRef),
    /// The chain could not be asked.
    #[error("the chain could not be asked: {0}")]
    Chain(#[from] ChainError),
    /// The call was not taken.
    #[error(transparent)]
    Call(#[from] CallError),
}

fn explained(admission: &Admission) -> String {
    let Admission { condition, remedy, .. } = admission;
    format!("{}. Remedy: {}", condition.as_deref().unwrap_or_default(), remedy.as_deref().unwrap_or_default())
}

fn named(slot: &SlotRef) -> String {
    format!("slot {} of job {}", slot.slot, slot.job)
}
