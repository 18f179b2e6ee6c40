//! Why the pallet refuses, as a section of the pallet's module. Each tells its remedy.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// The index of a variant is the code of a refused vote or report.
    #[pallet::error]
    pub enum Error<T> {
        /// 0: no votes are awaited for this epoch. Vote for an epoch that `rounds` lists.
        UnknownEpoch,
        /// 1: the commit window is not open. Commit two blocks into the window, when it (re)opens.
        NotCommitWindow,
        /// 2: the reveal window is not open. Reveal two blocks into the window, when it (re)opens.
        NotRevealWindow,
        /// 3: the frozen set has no such seat. Only oracles active through the whole epoch vote.
        NoSuchSeat,
        /// 4: this seat committed already, and a commit cannot be changed. Reveal it.
        AlreadyCommitted,
        /// 5: this seat has no commit to reveal. Commit if the windows reopen.
        NotCommitted,
        /// 6: the header is not the one this seat's key committed to; nobody can reveal another's. Reveal your own.
        HeaderMismatch,
        /// 7: the header has another version than the chain speaks. Update the node.
        WrongVersion,
        /// 8: the header is for another epoch.
        WrongEpoch,
        /// 9: the header lists another number of pages than the frozen licenses and services fill.
        WrongPageCount,
        /// 10: this seat's header is revealed already. Go on with its pages.
        HeaderAlreadyRevealed,
        /// 11: pages cannot be checked before the header. Reveal it first.
        HeaderNotRevealed,
        /// 12: the reveal carries no page.
        NoPages,
        /// 13: a page's index is past the last page.
        PageOutOfRange,
        /// 14: a page is revealed already. Reveal those that `ballot_status` calls missing.
        PageAlreadyRevealed,
        /// 15: a page is longer or shorter than the frozen licenses and services ask.
        WrongPageLength,
        /// 16: a page does not have the hash its header lists.
        PageMismatch,
        /// 17: not signed by the seat's frozen vote key for this chain, epoch, seat and retry.
        BadSignature,
        /// 18, reported as `ExhaustsResources`: the block has taken all the ballots it can. It goes into a later one.
        BlockFull,
        /// 19: the report of absence names no license. Name those that are silent, or send none.
        NobodyNamed,
        /// 20: the report names licenses out of order, or one twice. Name each once, in ascending order.
        NamedOutOfOrder,
        /// 21: the report is not for the running epoch. Report anew.
        EpochNotRunning,
        /// 22: the report's slot is too far from that of this block. Report anew; if it is refused again, set the clock.
        SlotNotNow,
        /// 23: within the slots meant the chain made no blocks, or had only just begun to: nodes may still be finding each
        /// other. Report when so many slots have passed since.
        AfterOutage,
        /// 24: the key is no vote key of an oracle that was active when the epoch opened, still is, and is not barred.
        NotActive,
        /// 25: this oracle reported a short while ago. Wait until its slots have passed.
        ReportedLately,
        /// 26: the report is not signed by the key it names, for this chain.
        BadReportSignature,
        /// The epoch is not unresolved: there is nothing to choose and nothing to let lapse.
        NotUnresolved,
        /// The epoch has not been unresolved for the governance delay. Try again in a later epoch.
        TooEarly,
        /// Pages are chosen in order, each once. Choose the first that is missing.
        WrongPage,
        /// No ballot is complete, so there is no range to choose from. The epoch can only lapse.
        NothingRevealed,
        /// A value is not between the least and the greatest revealed byte.
        ValueOutOfRange,
        /// `beat_ms` is out of bounds.
        BeatOutOfBounds,
        /// The epoch is no multiple of `beat_ms`, or has too many slots.
        SlotsOutOfBounds,
        /// `grace_slots` leaves no beat to expect.
        GraceOutOfBounds,
        /// `threshold` must not be zero.
        ThresholdOutOfBounds,
        /// `max_quote_lag` is out of bounds.
        QuoteLagOutOfBounds,
        /// A window is too short or too long.
        WindowOutOfBounds,
        /// `reopenings` is out of bounds.
        ReopeningsOutOfBounds,
        /// All windows of a round take too many epochs. Shorten them, or reopen them less often.
        RoundOutOfBounds,
        /// `governance_delay` is out of bounds.
        DelayOutOfBounds,
        /// `settle_share` is out of bounds.
        ShareOutOfBounds,
        /// Stored data is missing that must be there, or does not fit together: a bug. Report it with what is named.
        Corrupted(Inconsistency),
    }
}
