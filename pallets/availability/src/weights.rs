//! What calls and hook steps cost. The runtime's figures are benchmarked; those here are rough and for mocks.

use frame_support::weights::{constants::WEIGHT_REF_TIME_PER_MICROS, Weight};

/// Weights of calls, authorisations and hook steps.
pub trait WeightInfo {
    /// Store a commit.
    fn commit() -> Weight;
    /// Check a commit.
    fn authorize_commit() -> Weight;
    /// Store a header that lists `p` pages.
    fn reveal_header(p: u32) -> Weight;
    /// Check a header that lists `p` pages.
    fn authorize_reveal_header(p: u32) -> Weight;
    /// Store `p` pages.
    fn reveal_pages(p: u32) -> Weight;
    /// Check `p` pages.
    fn authorize_reveal_pages(p: u32) -> Weight;
    /// Choose a page within the range of `n` ballots.
    fn resolve_page(n: u32) -> Weight;
    /// Let an epoch lapse.
    fn lapse() -> Weight;
    /// Set the parameters.
    fn set_parameters() -> Weight;
    /// Every block, with `o` rounds open.
    fn poll(o: u32) -> Weight;
    /// Close an epoch with `n` oracles, open the next.
    fn roll_over(n: u32) -> Weight;
    /// Decide which of `n` ballots count.
    fn settle_eligibility(n: u32) -> Weight;
    /// The medians of one page of `n` ballots, without the hook.
    fn settle_page(n: u32) -> Weight;
    /// Hand on one chosen page, without the hook.
    fn settle_chosen() -> Weight;
    /// Remove one page of `n` ballots, or what else there is of them.
    fn prune_ballots(n: u32) -> Weight;
    /// Remove one page of history, or what else there is of an epoch.
    fn prune_history() -> Weight;
    /// Note a report that names `n` licenses.
    fn report_absence(n: u32) -> Weight;
    /// Check a report that names `n` licenses.
    fn authorize_report_absence(n: u32) -> Weight;
    /// Forget some of what was said of absence in an epoch.
    fn prune_silences() -> Weight;
}

const fn micros(n: u64) -> Weight {
    Weight::from_parts(WEIGHT_REF_TIME_PER_MICROS.saturating_mul(n), 0)
}

fn plus_each(base: u64, each: u64, n: u32) -> Weight {
    micros(base.saturating_add(each.saturating_mul(u64::from(n))))
}

impl WeightInfo for () {
    fn commit() -> Weight {
        micros(300)
    }
    fn authorize_commit() -> Weight {
        micros(250)
    }
    fn reveal_header(p: u32) -> Weight {
        plus_each(300, 1, p)
    }
    fn authorize_reveal_header(p: u32) -> Weight {
        plus_each(250, 1, p)
    }
    fn reveal_pages(p: u32) -> Weight {
        plus_each(200, 110, p)
    }
    fn authorize_reveal_pages(p: u32) -> Weight {
        plus_each(250, 40, p)
    }
    fn resolve_page(n: u32) -> Weight {
        plus_each(300, 40, n)
    }
    fn lapse() -> Weight {
        micros(300)
    }
    fn set_parameters() -> Weight {
        micros(200)
    }
    fn poll(o: u32) -> Weight {
        plus_each(100, 60, o)
    }
    fn roll_over(n: u32) -> Weight {
        plus_each(500, 10, n)
    }
    fn settle_eligibility(n: u32) -> Weight {
        plus_each(300, 40, n)
    }
    fn settle_page(n: u32) -> Weight {
        plus_each(300, 40, n)
    }
    fn settle_chosen() -> Weight {
        micros(300)
    }
    fn prune_ballots(n: u32) -> Weight {
        plus_each(200, 200, n)
    }
    fn prune_history() -> Weight {
        micros(300)
    }
    fn report_absence(n: u32) -> Weight {
        plus_each(300, 180, n)
    }
    fn authorize_report_absence(n: u32) -> Weight {
        plus_each(300, 1, n)
    }
    fn prune_silences() -> Weight {
        micros(8_000)
    }
}
