//! The machine under the node.

use ratio1_primitives::heartbeat::Resources;

/// The machine.
pub trait Hardware: Send + Sync + 'static {
    /// What it has, and what of it is free. What cannot be seen is zero.
    fn resources(&self) -> Resources;
}
