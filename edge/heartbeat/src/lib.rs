//! Heartbeats off chain: what nodes send, and oracles count, relay, vote (docs/protocol/availability.md#heartbeats).
//!
//! The crate knows neither sockets nor databases of the node around it: everything comes through [`ports`].
//!
//! - [`sender`]: signs one beat per interval and hands it to three oracles.
//! - [`probe`]: asks other oracles whether they count these beats.
//! - [`status`]: what a node says of itself to its operator.
//! - [`intake`]: the hot path of an oracle: cheap checks first, the signature last, one bit per beat.
//! - [`services`] and [`service_byte`]: which services beats report on, and how much of its term one of them ran.
//! - [`counts`] and [`coverage`]: what was counted, and how much of the epoch the oracle itself was receiving.
//! - [`notes`] and [`finality`]: what the counts mean, and what this oracle could know while the epoch ran.
//! - [`absence`]: which nodes that serve jobs went silent.
//! - [`store`]: keeps counts and ballots across a restart.
//! - [`relay`]: accepted beats, batched, to the other oracles, and back.
//! - [`door`]: the bounded channels of all this, and who may put how much into them.
//! - [`ballots`]: commit and reveal.
//! - [`worker`]: ties the oracle's parts together.
//!
//! # Invariants
//!
//! 1. Only a beat whose signature was verified marks a slot as counted, so a forged one never displaces a true one.
//! 2. Nothing grows with what the network sends: maps are bounded or keyed by what the chain admits, queues drop.
//! 3. A ballot is on disk before its commit is sent, and from then on there is one per epoch for good.
//! 4. What this oracle could not know is held against nobody: neither a gap, nor a stall of finality, nor that it was
//!    deaf, nor that it learned of a link or a service a moment before or after the others.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::as_conversions, clippy::arithmetic_side_effects))]

pub mod absence;
pub mod ballots;
mod bitmap;
pub mod counts;
pub mod coverage;
mod delivery;
pub mod door;
mod due;
pub mod finality;
pub mod intake;
pub mod notes;
mod open_slots;
pub mod ports;
pub mod probe;
pub mod rate;
pub mod refresh;
pub mod registry;
pub mod relay;
pub mod rendezvous;
mod saving;
pub mod sender;
pub mod service_byte;
pub mod services;
pub mod status;
pub mod store;
pub mod worker;

pub use door::{channels, Handles, Inputs};
pub use intake::{Bringer, Intake};
pub use rendezvous::{rendezvous, replicas};
pub use sender::{run_sender, SenderDeps};
pub use store::{Store, StoreError};
pub use worker::{run_oracle, OracleDeps, WorkerError};
