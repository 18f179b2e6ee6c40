//! What happened, with enough to rebuild it, as a section of the pallet's module. Amounts are base units.

use frame_support::pallet_macros::pallet_section;

/// The events.
#[pallet_section]
mod events {
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A job was asked for; its price and the fees of its further draws are held, one fee for each node is burned.
        Requested {
            job: JobId,
            /// Who pays.
            owner: AccountId,
            /// What was asked for.
            request: alloc::boxed::Box<JobRequest>,
            /// Per node and epoch.
            price: Balance,
            /// Put on hold.
            held: Balance,
            /// Burned for asking.
            fee: Balance,
        },
        /// A node was drawn for a slot, and may accept.
        Offered {
            slot: SlotRef,
            /// How, and whose node.
            drawn: Drawn,
            /// The polled block after which the offer lapses.
            until: u32,
        },
        /// A node did not accept in time. It is left out of draws for a while.
        OfferLapsed { slot: SlotRef, license: LicenseId },
        /// A node accepted a slot and serves it.
        Accepted {
            slot: SlotRef,
            license: LicenseId,
            /// Who is paid.
            payee: AccountId,
            index: u32,
            /// The first epoch after its end.
            ends: EpochIndex,
        },
        /// A node will leave a slot at the end of the running epoch.
        Resigned {
            slot: SlotRef,
            license: LicenseId,
            /// The last epoch it serves.
            last: EpochIndex,
        },
        /// A node serves a slot no more. What it earned stays its owner's.
        ServiceEnded {
            slot: SlotRef,
            license: LicenseId,
            index: u32,
            why: Leaving,
            /// The last epoch it served.
            last: EpochIndex,
        },
        /// A slot ends, since too many nodes have failed it or let its offer lapse.
        TriedOut {
            slot: SlotRef,
            /// Who, and why.
            tried: BoundedVec<Tried, ConstU32<MAX_TRIED>>,
        },
        /// No node will serve a slot any more; `returned` of what was held for it went back at once.
        SlotEnded {
            slot: SlotRef,
            why: SlotEnd,
            /// Given back.
            returned: Balance,
        },
        /// A job is in another state.
        JobStateChanged {
            job: JobId,
            /// Where it stands now.
            state: JobState,
        },
        /// Epochs were added to all slots of a job that have not ended.
        Extended {
            job: JobId,
            epochs: u32,
            /// Per node and epoch.
            price: Balance,
            /// Put on hold.
            held: Balance,
        },
        /// Slots were added to a job.
        NodesAdded {
            job: JobId,
            /// The first of them.
            first: u16,
            nodes: u16,
            /// For how many epochs each.
            epochs: u32,
            /// Per node and epoch.
            price: Balance,
            /// Put on hold.
            held: Balance,
            /// Burned for asking.
            fee: Balance,
        },
        /// A job was cancelled. Slots that are served end with the running epoch, the others at once.
        Cancelled {
            job: JobId,
            /// The last epoch that is served.
            last: EpochIndex,
            burned: Balance,
            /// Paid to the owners of the nodes that were drawn.
            paid: Balance,
            /// Given back at once.
            returned: Balance,
        },
        /// A lapsed epoch of a slot is made good at its end.
        EndPostponed {
            slot: SlotRef,
            /// The first epoch after its end.
            ends: EpochIndex,
        },
        /// What a service earned in a period was released. `burned` and `paid` add up to `gross`.
        Released {
            slot: SlotRef,
            license: LicenseId,
            index: u32,
            period: u32,
            gross: Balance,
            burned: Balance,
            paid: Balance,
            /// Who was paid.
            payee: AccountId,
        },
        /// The requester burned what a slot's services had earned in an epoch.
        Rejected {
            slot: SlotRef,
            epoch: EpochIndex,
            /// Of what was held, burned.
            burned: Balance,
            /// Of the requester's own, burned on top, up to an epoch's price.
            topped: Balance,
        },
        /// A service came to nothing, on a slot on which nothing was ever earned: that costs the requester an epoch's price, as
        /// far as the slot can spare it.
        CameToNothing {
            slot: SlotRef,
            license: LicenseId,
            index: u32,
            /// Of what was held, burned.
            burned: Balance,
        },
        /// Nothing is held for a job any more.
        JobClosed {
            job: JobId,
            /// How it ended.
            closing: Closing,
            /// Its money: what was deposited is what was paid, burned and returned.
            ledger: Ledger,
        },
        /// The parameters are these from now on.
        ParametersSet {
            /// All of them.
            parameters: Parameters,
        },
    }
}
