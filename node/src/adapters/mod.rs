//! The node's side of the ports that its workers have.

pub mod chain;
pub mod hardware;
pub mod keystore;
pub mod metrics;
pub mod pool;
pub mod price;
pub mod services;
pub mod transport;
mod watched_file;
