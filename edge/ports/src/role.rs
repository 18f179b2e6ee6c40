//! What a node runs as.

use serde::Serialize;

/// What the node runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum NodeRole {
    /// Makes blocks, counts and votes, and sends its own heartbeats.
    Validator,
    /// Sends heartbeats.
    Edge,
    /// Follows the chain.
    Full,
}
