//! Why the pallet refuses, as a section of the pallet's module. Each tells its remedy.

use frame_support::pallet_macros::pallet_section;

#[pallet_section]
mod errors {
    /// The index of a variant is the code of a refused `accept` or `resign`.
    #[pallet::error]
    pub enum Error<T> {
        /// 0: there is no such job. Check its number.
        UnknownJob,
        /// 1: the job has no such slot. Slots are numbered from zero.
        UnknownSlot,
        /// 2: the slot is not offered to anybody now.
        NotOffered,
        /// 3: the offer has lapsed; the slot is drawn again.
        OfferOver,
        /// 4: the slot is offered to, or served by, another license's node.
        NotYours,
        /// 5: the node may not work now: it is not linked, or its owner not in good standing.
        NotAdmitted,
        /// 6: not signed by the node linked to the license, for this chain, slot and offer or service.
        BadSignature,
        /// 7: all places for services in ballots are taken. Try again when others have been paid out.
        NoIndex,
        /// 8: no node serves the slot now.
        NotServed,
        /// 9: the service ends with the running epoch anyway.
        AlreadyLeaving,
        /// Only the job's owner may do this.
        NotOwner,
        /// The account is not attested. Complete KYC/KYB with a registrar.
        NotAttested,
        /// The account's attestation has expired. Renew it with a registrar.
        AttestationExpired,
        /// The account's attestation was revoked. Ask the registrar why.
        AttestationRevoked,
        /// Accounts of this country cannot take part while it is on the prohibited list.
        CountryProhibited,
        /// Nobody has posted a rate yet, so that dollars cannot be told in R1. Try again later.
        RateMissing,
        /// The last rate is too old. Try again when the oracles have posted one.
        RateStale,
        /// A job has 1 to 64 nodes.
        NodesOutOfBounds,
        /// A job is paid for 1 to 1080 epochs in advance.
        EpochsOutOfBounds,
        /// The specification's identifier is none that the network stores: CIDv1, `raw` or `dag-pb`, sha2-256.
        BadCid,
        /// A specification has 1 byte to 1 MiB.
        SpecOutOfBounds,
        /// A tag has 1 to 32 of `a-z`, `0-9` and `-`.
        BadTag,
        /// A country is two upper-case letters (ISO 3166-1 alpha-2).
        BadCountry,
        /// A list of selectors names something twice, or includes what it excludes: no node could serve.
        ContradictorySelectors,
        /// The include list has fewer licenses than the job has nodes: they could never all be found.
        TooFewIncluded,
        /// A health check has a port other than zero, and a path that begins with a slash.
        BadHealthCheck,
        /// The price per node and epoch is above the maximum given. Raise it, or try again at another rate.
        PriceAboveMaximum,
        /// The account cannot pay. It needs nodes times epochs times the price, and for each node the fee and sixteen
        /// more of it, which come back if its node need not be drawn again.
        InsufficientFunds,
        /// Nodes would be looked for for more than 128 slots of the entity. Wait until some are found, or cancel.
        TooManyLookedFor,
        /// The job, or all its slots, has ended or is about to. Ask for a new one.
        JobEnded,
        /// The job is cancelled already.
        AlreadyCancelled,
        /// No node has accepted the job yet. Cancel it and ask for another, or wait.
        NotServedYet,
        /// The slot has had too many prices. Ask for a new job.
        TooManyTerms,
        /// The slot was not served in that epoch, or what it earned is released: nothing can be rejected any more.
        NothingToReject,
        /// The epoch is not finalised and settled yet. Try again when it is.
        NotSettled,
        /// Nothing was earned in that epoch, so there is nothing to reject.
        NothingEarned,
        /// That epoch was rejected already.
        AlreadyRejected,
        /// `creation_fee_milli` is out of bounds.
        FeeOutOfBounds,
        /// `accept_blocks` or `draw_blocks` is out of bounds.
        BlocksOutOfBounds,
        /// `start_allowance_ms` is out of bounds.
        AllowanceOutOfBounds,
        /// `probes` is out of bounds.
        ProbesOutOfBounds,
        /// `work_share` is out of bounds.
        ShareOutOfBounds,
        /// Stored data is missing that must be there, or money does not add up: a bug. Report it with what is named.
        Corrupted(Inconsistency),
    }
}
