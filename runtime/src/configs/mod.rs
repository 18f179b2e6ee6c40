//! How each pallet is set up in this runtime.

mod balances;
#[cfg(feature = "runtime-benchmarks")]
#[allow(clippy::expect_used, reason = "benchmarks run for developers: where one fails, nothing else does")]
mod benchmarking;
mod consensus;
mod conveniences;
mod fees;
mod governance;
mod nfts;
mod proxies;
mod ratio1;
mod session;
mod system;

pub use fees::{MaximumMultiplier, MinimumMultiplier};
pub use governance::{
    check_council_business, is_protected, CouncilInstance, MAX_MEMBERS, PROTECTED_CALLS, PROTECTED_PALLETS,
};
pub use nfts::{Deeds, DEEDS};
pub use proxies::ProxyType;
pub use system::{tx_extension, RuntimeBlockWeights};
