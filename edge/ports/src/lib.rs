//! The ports that native workers share: what they need from the node around them, as traits. The node writes the
//! adapters, [`testing`] the fakes.
//!
//! - [`chain`]: the heads of the chain, and their streams. What a worker reads of the state is its own: it extends the
//!   trait, as `HeartbeatChain: Chain` does.
//! - [`keys`]: the node's key, and the vote keys.
//! - [`standing`]: who this node is to the chain, and if it is nobody, why.
//! - [`role`]: what it runs as.
//! - [`clock`]: the wall clock.
//! - [`machine`]: what it runs on.
//! - [`services`]: what runs on it.
//! - [`network`]: its peers, and why a message did not reach one.
//! - [`trouble`]: what is wrong with a part of it, for its operator.
//!
//! # Invariants
//!
//! 1. A port is here when two workers need it, or when one provides what another asks for: siblings never meet.
//! 2. No trait grows with the workers. Each of them is small enough that a worker which asks for it uses all of it.
//! 3. Nothing here opens a socket, a file or a database.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing))]
#![cfg_attr(not(test), deny(clippy::as_conversions, clippy::arithmetic_side_effects))]

pub mod chain;
pub mod clock;
pub mod keys;
pub mod machine;
pub mod network;
pub mod role;
pub mod services;
pub mod standing;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod trouble;

pub use chain::{BlockRef, Chain, ChainError};
pub use clock::{SystemClock, Wallclock};
pub use keys::{NoIdentity, NodeKeys, VoteKeys};
pub use machine::Hardware;
pub use network::{Source, TransportError};
pub use role::NodeRole;
pub use services::{NoServices, Services};
pub use standing::{Admission, Standing, StandingSource};
pub use trouble::{Part, Trouble, TroubleBook, Troubles};
