//! What runs on the node: a worker that runs it says so, and heartbeats report it.

use crate::Trouble;
use ratio1_primitives::heartbeat::Service;

/// What runs on this node.
pub trait Services: Send + Sync + 'static {
    /// Every service slot it knows of, and how it is. Asked for each beat, so it must answer at once. More than a beat
    /// can carry ([`MAX_SERVICES_PER_BEAT`](ratio1_primitives::heartbeat::MAX_SERVICES_PER_BEAT)) are cut off. A slot that
    /// is listed as running and as down does not count as running.
    fn service_states(&self) -> Vec<Service>;
    /// Why what it said last may be less than what runs.
    fn trouble(&self) -> Option<Trouble> {
        None
    }
}

/// For a node that runs no services.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoServices;

impl Services for NoServices {
    fn service_states(&self) -> Vec<Service> {
        Vec::new()
    }
}
