//! Our own request-response protocols inside the chain's network: beats from edge to oracle, batches between oracles,
//! and questions of edges how many of their beats an oracle counts.
//!
//! Bounded everywhere: sizes by the protocol, waiting requests by its queue, requests in the worker's hands by the
//! worker's channel. What does not fit is refused and counted, never stored.
//!
//! Batches come from oracles only, so from anybody else a few are looked at, for the addresses of an oracle may not be
//! known yet, and what goes beyond costs the sender its good name: it is disconnected, and not let in again for a
//! while.

mod doors;
mod entry;
mod inbound;
mod names;

pub use doors::Doors;
pub use inbound::{Hall, Inbound};
pub use names::{Protocols, MAX_ANSWER_BYTES};
