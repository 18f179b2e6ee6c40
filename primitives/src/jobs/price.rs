//! What a node costs per epoch, and what it earns (docs/protocol/jobs.md#tiers-and-prices; eq. 12).

use super::Capacity;
use crate::{
    economics::price::{r1_for, Price, Usd, USD},
    width::as_u128,
    Balance,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_runtime::{helpers_128bit::multiply_by_rational_with_rounding, Perbill, Rounding};

/// The share of everything a job pays that is burned, rounded down.
pub const BURN: Perbill = Perbill::from_percent(15);

/// What one node of a job gets, and costs.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(missing_docs)]
pub enum Tier {
    Micro,
    Lite,
    Entry,
    Low1,
    Low2,
    Med1,
    Med2,
    High1,
    High2,
    Ultra1,
    Ultra2,
}

impl Tier {
    /// All of them, from the smallest.
    pub const ALL: [Self; 11] = [
        Self::Micro,
        Self::Lite,
        Self::Entry,
        Self::Low1,
        Self::Low2,
        Self::Med1,
        Self::Med2,
        Self::High1,
        Self::High2,
        Self::Ultra1,
        Self::Ultra2,
    ];

    /// Thousandths of a vCPU, MiB of memory, GiB of disk, and millionths of a dollar per node and epoch.
    const fn row(self) -> (u32, u32, u32, u32) {
        match self {
            Self::Micro => (250, 512, 2, 100_000),
            Self::Lite => (500, 1_024, 4, 166_666),
            Self::Entry => (1_000, 2_048, 8, 375_000),
            Self::Low1 => (2_000, 4_096, 16, 750_000),
            Self::Low2 => (2_000, 8_192, 32, 1_000_000),
            Self::Med1 => (3_000, 12_288, 48, 1_916_666),
            Self::Med2 => (6_000, 14_336, 56, 2_916_666),
            Self::High1 => (8_000, 22_528, 88, 3_750_000),
            Self::High2 => (12_000, 30_720, 120, 5_333_333),
            Self::Ultra1 => (16_000, 63_488, 248, 8_333_333),
            Self::Ultra2 => (22_000, 126_976, 496, 12_500_000),
        }
    }

    /// What a node must have free for it, without a GPU.
    pub const fn capacity(self) -> Capacity {
        let (cpu_milli, memory_mib, disk_gib, _) = self.row();
        Capacity { cpu_milli, memory_mib, disk_gib, gpus: 0 }
    }

    /// Dollars per node and epoch, without a GPU.
    pub const fn usd(self) -> Usd {
        as_u128(self.row().3).saturating_mul(USD / 1_000_000)
    }
}

/// Classes of GPUs, from the smallest. A larger one serves for a smaller.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(missing_docs)]
pub enum Gpu {
    Entry,
    Med,
    High,
    Ultra,
}

impl Gpu {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Entry, Self::Med, Self::High, Self::Ultra];

    /// Dollars per node and epoch for one.
    pub const fn usd(self) -> Usd {
        match self {
            Self::Entry => USD / 10 * 12,
            Self::Med => USD / 10 * 24,
            Self::High => USD / 10 * 48,
            Self::Ultra => USD * 30,
        }
    }
}

/// Base units per node and epoch at `rate`, rounded up: what is asked in dollars is what is paid. `None` for a rate of
/// zero, or a price that cannot be counted.
pub fn node_price(tier: Tier, gpu: Option<Gpu>, rate: Price) -> Option<Balance> {
    r1_for(tier.usd().saturating_add(gpu.map_or(0, Gpu::usd)), rate)
}

/// What a service earns for one epoch: `price * active / epoch * byte / 255`, rounded down once (eq. 12). `active_ms` is
/// the part of the epoch from its acceptance to its end, `epoch_ms` the epoch's length.
pub fn earned(price: Balance, active_ms: u64, epoch_ms: u64, byte: u8) -> Balance {
    let active = Balance::from(active_ms.min(epoch_ms)).saturating_mul(Balance::from(byte));
    let whole = Balance::from(epoch_ms).saturating_mul(255);
    if whole == 0 {
        return 0;
    }
    // `active <= whole`, so the result is at most the price.
    multiply_by_rational_with_rounding(price, active, whole, Rounding::Down).unwrap_or(0)
}

/// Cut what was earned into what is burned and what the node's owner gets; they add up to it.
pub fn split(gross: Balance) -> (Balance, Balance) {
    let burned = BURN.mul_floor(gross);
    (burned, gross.saturating_sub(burned))
}

#[cfg(test)]
mod tests;
