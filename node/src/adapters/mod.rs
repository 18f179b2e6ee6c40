//! The node's side of the ports of `ratio1-heartbeat`.

pub mod chain;
pub mod hardware;
pub mod keys;
pub mod metrics;
pub mod price;
pub mod services;
pub mod transport;
pub mod work;
