//! The draw: which license serves (docs/protocol/jobs.md#the-draw). Pure, so that anyone can recompute it.
//!
//! A draw goes through *positions* 0, 1, 2 … of a permutation of the licenses, keyed by its seed; of a request with an
//! include list, of that list, so that finding one of sixteen does not take a walk through the network. The license at a
//! position is taken if it is eligible and its coin falls below its reputation. The permutation is a Feistel network
//! over the cells of a table, as square as can be, with hardly more cells than there are licenses: positions that map
//! beyond the last license are skipped. When all positions are through the next *pass* throws new coins.

use super::Reputation;
use crate::{width::as_usize, Hash, LicenseId};
use codec::Encode;

/// Rounds of the network. Four make a pseudo-random permutation of a large domain (Luby and Rackoff), but few licenses make
/// a small one, where four leave a bias of some percent. Each two rounds more leave a quarter of that or less.
const ROUNDS: u8 = 10;

/// The order of the licenses of one draw, or of the entries of its include list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permutation {
    seed: Hash,
    licenses: u32,
    rows: u32,
    columns: u32,
}

impl Permutation {
    /// The order that `seed` gives the first `licenses` licenses, or the entries of an include list of so many.
    pub fn new(seed: Hash, licenses: u32) -> Self {
        let root = licenses.isqrt();
        let rows = root.saturating_add(u32::from(root.saturating_mul(root) < licenses)).max(1);
        Self { seed, licenses, rows, columns: licenses.div_ceil(rows).max(1) }
    }

    /// Positions in one pass: the licenses, and less than their square root more, rounded up.
    pub fn positions(&self) -> u64 {
        u64::from(self.rows).saturating_mul(self.columns.into())
    }

    /// The license at a position; `None` for a position that is skipped.
    pub fn at(&self, position: u64) -> Option<LicenseId> {
        if position >= self.positions() {
            return None;
        }
        let columns = u64::from(self.columns);
        let mut row = u32::try_from(position.checked_div(columns)?).ok()?;
        let mut column = u32::try_from(position.checked_rem(columns)?).ok()?;
        for round in 0..ROUNDS {
            if round % 2 == 0 {
                row = shifted(row, self.round(round, column), self.rows);
            } else {
                column = shifted(column, self.round(round, row), self.columns);
            }
        }
        let value = u64::from(row).saturating_mul(columns).saturating_add(column.into());
        u32::try_from(value).ok().filter(|value| *value < self.licenses).map(LicenseId)
    }

    fn round(&self, round: u8, half: u32) -> u128 {
        let hash = sp_io::hashing::blake2_128(&(b"ratio1/draw/round", self.seed, round, half).encode());
        u128::from_le_bytes(hash)
    }
}

/// The license at a position of a draw: of its include list, if it goes through that, or of all licenses.
pub fn found(order: &Permutation, include: Option<&[LicenseId]>, position: u64) -> Option<LicenseId> {
    let entry = order.at(position)?;
    match include {
        Some(list) => list.get(usize::try_from(entry.0).ok()?).copied(),
        None => Some(entry),
    }
}

/// `value + by` modulo `size`, which is not zero.
fn shifted(value: u32, by: u128, size: u32) -> u32 {
    let size = u128::from(size);
    let by = by.checked_rem(size).unwrap_or(0);
    // The remainder is below `size`, a `u32`.
    u128::from(value).saturating_add(by).checked_rem(size).and_then(|sum| u32::try_from(sum).ok()).unwrap_or(0)
}

/// The seed of a draw: the VRF outputs of the blocks after the one that opened it, and what tells it from other draws of
/// that block.
pub fn seed(outputs: &[[u8; 32]; as_usize(super::SEED_BLOCKS)], draw: u64) -> Hash {
    sp_io::hashing::blake2_256(&(b"ratio1/draw/seed", outputs, draw).encode()).into()
}

/// Whether a license with this reputation is taken in this pass of a draw: with a probability of `reputation / 1000`.
pub fn is_taken(seed: Hash, pass: u32, license: LicenseId, reputation: Reputation) -> bool {
    coin(seed, pass, license) < reputation.0
}

/// A number below 1000.
pub fn coin(seed: Hash, pass: u32, license: LicenseId) -> u16 {
    let hash = sp_io::hashing::blake2_128(&(b"ratio1/draw/coin", seed, pass, license).encode());
    let value = u128::from_le_bytes(hash).checked_rem(u128::from(Reputation::MOST)).unwrap_or(0);
    u16::try_from(value).unwrap_or(Reputation::MOST)
}

#[cfg(test)]
mod tests;
