//! Formats that the edge and clients share, a feature each. Nothing here opens a file or a socket,
//! and nothing waits: whoever reads and writes hands bytes in and takes bytes out.
//!
//! | Feature | Module | |
//! |---|---|---|
//! | `unixfs` | [`unixfs`] | files and directories as blocks, as IPFS has them |
//! | `car` | [`car`] | blocks in a row, with a root: CARv1 |
//!
//! Both deal in [`block::Block`], whose bytes are known to be those of its CID.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
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

#[cfg(feature = "blocks")]
pub mod block;
#[cfg(feature = "car")]
pub mod car;
#[cfg(feature = "unixfs")]
pub mod unixfs;
#[cfg(feature = "blocks")]
mod varint;
