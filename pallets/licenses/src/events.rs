//! What the pallet tells, as a section of the pallet's module.

use frame_support::pallet_macros::pallet_section;

/// The events.
#[pallet_section]
mod events {
    #[pallet::event]
    #[pallet::generate_deposit(pub(super) fn deposit_event)]
    pub enum Event<T: Config> {
        /// A deed was issued.
        Issued {
            license: LicenseId,
            class: LicenseClass,
            /// Its first owner.
            owner: AccountId,
        },
        /// A license was linked to a node.
        Linked {
            license: LicenseId,
            node: NodeId,
            /// The owner who linked it.
            owner: AccountId,
            /// The nonce the next link proof must carry.
            link_nonce: u32,
        },
        /// A license was unlinked, by its owner or by a ban.
        Unlinked {
            license: LicenseId,
            /// The node it was linked to.
            node: NodeId,
            /// The epoch in which, when it ends, the license is no longer linked.
            epoch: EpochIndex,
        },
        /// A deed moved.
        Transferred {
            license: LicenseId,
            /// Its former owner.
            from: AccountId,
            /// Its new owner.
            to: AccountId,
        },
        /// A license was barred from links, claims and transfer.
        Banned { license: LicenseId },
        /// A license was let in again.
        Unbanned { license: LicenseId },
        /// A Master deed was granted.
        MasterGranted {
            license: LicenseId,
            /// Its first owner.
            owner: AccountId,
            /// Whose sum it counts for.
            entity: EntityId,
            /// Base units it may mint in all.
            assigned: Balance,
            /// The epoch from which its release counts.
            granted: EpochIndex,
            /// What all Master deeds are assigned together from now on.
            total: Balance,
        },
        /// Governance approved that a Master deed moves to this account, once.
        MasterApproved {
            license: LicenseId,
            /// The one account that may receive it.
            to: AccountId,
        },
        /// The approval of a Master deed ended without a transfer.
        ApprovalWithdrawn {
            license: LicenseId,
            /// The account that may no longer receive it.
            to: AccountId,
        },
        /// A Master deed counts for another entity, to whose account it moved.
        GrantMoved {
            license: LicenseId,
            /// The entity whose sum became smaller.
            from: EntityId,
            /// The entity whose sum became larger.
            to: EntityId,
            /// By how much.
            assigned: Balance,
        },
        /// A deed was offered for sale, or its price or buyer changed.
        Listed {
            license: LicenseId,
            seller: AccountId,
            /// Base units of R1 it costs.
            price: Balance,
            /// The only account that may buy it; none if anyone admitted may.
            to: Option<AccountId>,
        },
        /// A deed is no longer for sale: its owner took it back, it was linked, moved or banned, or its approval ended.
        ListingCancelled { license: LicenseId },
        /// A listed deed was bought. `Transferred` came before.
        Sold {
            license: LicenseId,
            /// Who was paid.
            seller: AccountId,
            /// Who paid, and owns it now.
            buyer: AccountId,
            /// Base units of R1, all of which the seller got.
            price: Balance,
        },
    }
}
