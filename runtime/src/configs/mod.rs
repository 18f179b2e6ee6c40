//! How each pallet is set up in this runtime.

mod balances;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod consensus;
mod governance;
mod nfts;
mod ratio1;
mod session;
mod system;

pub use nfts::{Deeds, DEEDS};
pub use system::{tx_extension, RuntimeBlockWeights};
