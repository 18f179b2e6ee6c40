//! R1FS: a private, content-addressed file store inside the node, compatible with IPFS.
//!
//! - [`store`]: blocks, pins, leases, collection and scrubbing on the node's own disk.
//!
//! # Invariants
//!
//! 1. A block that is handed out has the content that its CID names. What is torn or damaged is absent.
//! 2. A pin that was acknowledged outlives a crash and a loss of power, with all of its blocks.
//! 3. Collection removes nothing that a pin reaches, and nothing that an operation in progress relies on.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::as_conversions,
        clippy::arithmetic_side_effects
    )
)]

pub mod store;
