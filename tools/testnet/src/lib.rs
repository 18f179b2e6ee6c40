//! Local networks of real `ratio1-node` processes on the `local` preset: started, watched, disturbed and stopped.
//!
//! - [`cast`]: who takes part, as the preset's genesis has it.
//! - [`launch`]: process control. Whatever ends the program, the nodes end with it.
//! - [`client`]: one node's RPC and metrics.
//! - [`facts`]: what the chain says, read at one block, and the checks on it that the demonstration and the network
//!   tests share.
//! - [`story`]: the demonstration.
//! - [`view`]: its tables.
//! - [`wait`]: waiting for a condition with a deadline.

pub mod cast;
pub mod client;
pub mod error;
pub mod facts;
pub mod launch;
pub mod metrics;
pub mod story;
pub mod view;
pub mod wait;

pub use cast::Who;
pub use client::Client;
pub use error::{Error, Result};
pub use launch::Network;
