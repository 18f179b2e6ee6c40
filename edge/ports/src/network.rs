//! The chain's own network, as far as workers know of it.

/// Who handed something over: any 32 bytes that stand for one network peer, such as a hash of its peer id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(pub [u8; 32]);

/// Why a message did not reach an oracle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// Authority discovery knows no address of it yet.
    #[error("no address of the oracle is known yet")]
    NoAddress,
    /// No answer in time.
    #[error("the oracle did not answer in time")]
    Timeout,
    /// Could not connect, or the connection broke.
    #[error("the oracle could not be reached: {0}")]
    Unreachable(String),
}
