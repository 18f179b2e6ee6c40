//! This machine's clock against that of others: a block is made at the beginning of its slot, and arrives soon after.

use std::collections::VecDeque;

/// Blocks that are remembered: some authors' clocks are wrong too, and more than half must not be.
const KEPT: usize = 15;
/// Blocks before anything is said.
const ENOUGH: usize = 5;

/// How late blocks come by this clock.
#[derive(Debug, Default)]
pub struct Skew(VecDeque<i64>);

impl Skew {
    /// A block came this many milliseconds after its moment, or before it if negative.
    pub fn add(&mut self, lateness: i64) {
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(lateness);
    }

    /// The middle of the last ones.
    pub fn median(&self) -> Option<i64> {
        let mut all: Vec<_> = self.0.iter().copied().collect();
        all.sort_unstable();
        all.get(all.len() / 2).copied().filter(|_| all.len() >= ENOUGH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_the_median_of_the_last_blocks() {
        let mut skew = Skew::default();
        (0..4).for_each(|_| skew.add(100));
        assert_eq!(skew.median(), None, "too few");
        skew.add(90_000);
        assert_eq!(skew.median(), Some(100), "one author's clock is wrong");
        (0..KEPT).for_each(|_| skew.add(-2_000));
        assert_eq!(skew.median(), Some(-2_000), "this clock was set");
    }
}
