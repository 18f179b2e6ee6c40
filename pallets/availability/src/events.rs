//! What the pallet tells, as a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The events.
#[pallet_section]
mod events {
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// An epoch began.
        EpochOpened { epoch: EpochIndex },
        /// These epochs, both included, are closed without a vote.
        EpochsVoided { first: EpochIndex, last: EpochIndex },
        /// An epoch ended; this is voted about.
        EpochFrozen { epoch: EpochIndex, oracles: u32, licenses: u32, services: u32 },
        /// A window opened for at most `blocks` blocks.
        WindowOpened { epoch: EpochIndex, phase: Phase, blocks: u32, reopened: u8 },
        /// A seat committed to its ballot.
        Committed { epoch: EpochIndex, seat: u16, hash: Hash },
        /// A seat revealed its header.
        HeaderRevealed { epoch: EpochIndex, seat: u16, coverage: u8 },
        /// A seat revealed pages.
        PagesRevealed { epoch: EpochIndex, seat: u16, first: u32, count: u32 },
        /// A seat's ballot is complete.
        BallotCompleted { epoch: EpochIndex, seat: u16 },
        /// No quorum; the windows reopen for ballots that are missing.
        EpochReopened { epoch: EpochIndex, reopened: u8, shortfall: Shortfall },
        /// No quorum in any window; governance may act after the delay.
        EpochUnresolved { epoch: EpochIndex, shortfall: Shortfall },
        /// Governance chose the bytes of a page.
        PageChosen { epoch: EpochIndex, page: u32 },
        /// The bytes of an epoch are final.
        EpochFinalised { epoch: EpochIndex, ending: Ending, licenses: u32, complete: u32, eligible: u32 },
        /// An epoch is closed without credits.
        EpochLapsed { epoch: EpochIndex, cause: LapseCause },
        /// No block was made after `from`, until one was; what is before `until` is no part of any epoch. In Unix
        /// milliseconds.
        TimeLost { from: u64, until: u64 },
        /// An oracle said that the nodes of so many licenses with slots are silent.
        AbsenceReported { epoch: EpochIndex, oracle: AccountId, slot: u32, licenses: u32 },
        /// Enough oracles said so of this one: the slots it serves move.
        NodeAbsent { epoch: EpochIndex, license: LicenseId },
        /// The next epoch that opens uses these.
        ParametersSet { parameters: Parameters },
    }
}
