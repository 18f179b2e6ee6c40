//! What a node does about jobs with its own key: it declares what it has for them, accepts slots and resigns them
//! (docs/protocol/jobs.md#offer-and-acceptance).
//!
//! Here on demand, for operators who run containers by their own means; the node around it offers the calls over RPC.
//!
//! - [`worker`]: reads the node's slots, decides whether one can be accepted or resigned, signs the call.
//! - [`capacity`]: whether the machine has what is declared.
//! - [`ports`]: what of the chain only this worker needs.
//!
//! # Invariants
//!
//! 1. A node acts on the best block: an offer runs out in blocks, final or not, so a stall of finality must not hide it.
//!    What it signs for a block that is reverted later does no harm: it names the offer or the service it is for.
//! 2. Nothing new is taken unless the node is admitted and sends heartbeats; what it has it can always give back.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::as_conversions, clippy::arithmetic_side_effects))]

pub mod capacity;
pub mod error;
pub mod ports;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod worker;

pub use capacity::TooMuch;
pub use error::JobsError;
pub use worker::JobsWorker;
