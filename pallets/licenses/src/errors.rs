//! Why the pallet refuses, as a section of the pallet's module. Each tells its remedy.

use frame_support::pallet_macros::pallet_section;

/// The errors.
#[pallet_section]
mod errors {
    #[pallet::error]
    pub enum Error<T> {
        /// No such deed was issued; check the number.
        UnknownLicense,
        /// Only the deed's owner may do this; sign with the owner's account.
        NotOwner,
        /// The license is banned; ask governance to lift the ban.
        Banned,
        /// The license is linked already; unlink it first.
        AlreadyLinked,
        /// The license is not linked; nothing is left to do.
        NotLinked,
        /// The node is linked to another license; unlink that one first or use another node.
        NodeTaken,
        /// The license was linked in this epoch already; wait for the next epoch.
        LinkCooldown,
        /// The license was unlinked in this epoch, and no epoch counts the beats of two nodes for one license; wait for the
        /// next epoch (`link_from`).
        UnlinkCooldown,
        /// The proof is not the node's signature over this chain, license, owner and the license's current link nonce
        /// (`link_nonce`): wrong, made for somebody else, or used before. Have the node sign a new one.
        BadLinkProof,
        /// Too many epochs with changes wait to be closed; wait until the oldest is closed, or ask governance to
        /// settle it.
        TooManyOpenEpochs,
        /// The owner is not attested; complete KYC/KYB with a registrar.
        NotAttested,
        /// The owner's attestation expired; renew KYC/KYB with a registrar.
        AttestationExpired,
        /// The owner's attestation was revoked; ask the registrar.
        AttestationRevoked,
        /// The owner's country is prohibited; wait until it is permitted.
        CountryProhibited,
        /// The license's node is an oracle, or leaves the set only in a later session; have governance remove the
        /// oracle, then wait for two sessions.
        BoundAsOracle,
        /// The Genesis deed never moves.
        GenesisNeverMoves,
        /// A Master deed moves only with governance's approval of deed and receiver; ask governance for one.
        MasterNeedsApproval,
        /// The deed is linked to a node; unlink it first.
        StillLinked,
        /// An epoch at whose end the deed was linked is still open; wait until it is closed, so that its pay reaches you.
        LinkedEpochsOpen,
        /// The receiver owns the deed already.
        SameOwner,
        /// The receiver is not attested; it must complete KYC/KYB with a registrar.
        ReceiverNotAttested,
        /// The receiver's attestation expired; it must renew KYC/KYB with a registrar.
        ReceiverAttestationExpired,
        /// The receiver's attestation was revoked; it must ask its registrar.
        ReceiverAttestationRevoked,
        /// The receiver's country is prohibited; choose another receiver.
        ReceiverCountryProhibited,
        /// The license is banned already; nothing is left to do.
        AlreadyBanned,
        /// The license is not banned; nothing is left to do.
        NotBanned,
        /// All deeds of this class are issued; choose another class.
        ClassExhausted,
        /// The first deed, and no other, is the Genesis deed; issue it at genesis.
        GenesisComesFirst,
        /// A Master deed is assigned more than nothing; give an amount in base units.
        ZeroAssignment,
        /// No Master deed is assigned more than 2 % of the cap; assign less.
        AssignmentTooLarge,
        /// The Master deeds of one entity together are assigned no more than 2 % of the cap; the view function `grant`
        /// tells what is left. Assign less, or choose a receiver of another entity.
        EntityLimitExceeded,
        /// All Master deeds together are assigned no more than their share of the cap; assign less.
        ShareExceeded,
        /// Only Master deeds need an approval to move; nothing is left to do.
        NotMaster,
        /// The Master deed has no approval to withdraw; nothing is left to do.
        NoApproval,
        /// Governance approved another receiver of this Master deed; name that one, or ask governance to approve yours.
        ApprovedForAnother,
        /// A deed is not sold for nothing; give a price, or use `transfer`.
        ZeroPrice,
        /// The deed is not for sale; its owner must list it first.
        NotListed,
        /// The deed is kept for another buyer; ask its owner to list it for you or for anyone.
        ReservedForAnother,
        /// The deed costs more than the most you would pay; look up the listing and raise it.
        PriceAboveMaximum,
        /// You cannot spend what the deed costs; bring R1 into the account, or free some that is held.
        InsufficientFunds,
        /// The node is offered or serves slots of jobs; let the offers lapse, resign the slots and wait for the end of the
        /// epoch.
        HasSlots,
    }
}
