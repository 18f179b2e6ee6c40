//! Why the pallet refuses, as a section of the pallet's module. Each tells its remedy.

use frame_support::pallet_macros::pallet_section;

/// The errors.
#[pallet_section]
mod errors {
    #[pallet::error]
    pub enum Error<T> {
        /// The account is a registrar already; nothing is left to do.
        AlreadyRegistrar,
        /// The account is no registrar; check the address.
        NoSuchRegistrar,
        /// Only registrars attest and revoke; ask governance to be appointed.
        NotRegistrar,
        /// A country is two upper-case letters (ISO 3166-1 alpha-2); correct it.
        MalformedCountry,
        /// The attestation would have expired already; give an epoch after the running one.
        ExpiryPassed,
        /// The country is on the prohibited list; its accounts cannot be attested while it is.
        CountryIsProhibited,
        /// The account belongs to another entity for good; attest another account of the new entity.
        EntityChanged,
        /// The entity's other accounts are of the other kind; correct the kind given here. A wrong kind can only be
        /// corrected while the entity has a single account.
        EntityKindMismatch,
        /// A person lives in one country, and this one's newest attestation names another; correct the country, or have
        /// one of the person's accounts renewed with the new country first.
        EntityCountryMismatch,
        /// The entity has as many accounts as one may have; attest one of those again.
        TooManyAccounts,
        /// Governance revoked the entity with all its accounts; ask governance to restore it.
        EntityIsRevoked,
        /// The account has no attestation; check the address.
        NotAttested,
        /// The attestation is revoked already; nothing is left to do.
        AlreadyRevoked,
        /// This account was attested by another registrar, who still serves, or by governance; ask the one who did, or
        /// governance, to renew or revoke.
        NotAttestor,
        /// Governance revoked this account's attestation; only governance can restore it, so ask there.
        RevokedByGovernance,
        /// The account owns an oracle; ask governance to revoke or shorten its attestation, or to remove the oracle
        /// first.
        OwnsOracle,
        /// This registrar revoked or shortened as many attestations as it may in one epoch; wait for the next epoch, or
        /// ask governance.
        RevocationCapReached,
        /// No account of this entity was ever attested; check the pseudonym.
        NoSuchEntity,
        /// The entity is revoked already; nothing is left to do.
        EntityAlreadyRevoked,
        /// The entity is not revoked; nothing is left to do.
        EntityNotRevoked,
        /// The country is on the list already; nothing is left to do.
        AlreadyProhibited,
        /// The country is not on the list; nothing is left to do.
        NotProhibited,
        /// The revocations per registrar and epoch must be 1 to 1000; choose a number in between.
        RevocationsOutOfBounds,
        /// The accounts per entity must be 1 to 256; choose a number in between.
        AccountsOutOfBounds,
    }
}
