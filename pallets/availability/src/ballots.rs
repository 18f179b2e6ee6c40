//! Commits and reveals: what is refused and why, and what is stored.
//!
//! `authorize` is the boundary: a vote it passes is stored in the same block, with nothing in between, by an `apply`
//! that only fails if storage is corrupt. Checks go from cheap to dear; the signature is last.

use crate::{pallet::*, types::*, LOG_TARGET, MAX_BALLOT_BYTES};
use alloc::vec;
use codec::Encode;
use frame_support::{
    ensure,
    pallet_prelude::{InvalidTransaction, TransactionSource, TransactionValidityError, TransactionValidityWithRefund},
    weights::Weight,
};
use ratio1_pallet_support::{pool, Authorized};
use ratio1_primitives::{
    ballot::{page_hash, BallotHeader, Frozen, Page, Phase, RevealedPages, Seat, Vote, BALLOT_VERSION},
    width::{as_u32, as_usize},
    AccountId, EpochIndex, Hash, VoteSignature,
};
use sp_runtime::DispatchResult;

/// Nothing goes before a vote, whatever its tip: tips raise a priority without bound.
const VOTE_PRIORITY: u64 = u64::MAX;

/// A vote found good, as the pool needs to know it.
pub(crate) struct Accepted {
    call: &'static str,
    round: Round,
    first: u32,
}

impl<T: Config> Pallet<T> {
    /// The chain's identity, part of everything that is signed.
    pub fn genesis_hash() -> Hash {
        ratio1_pallet_support::genesis_hash::<T>()
    }

    fn round_in(epoch: EpochIndex, phase: Phase, otherwise: Error<T>) -> Result<Round, Error<T>> {
        let round = Rounds::<T>::get(epoch).ok_or(Error::<T>::UnknownEpoch)?;
        if round.phase == phase {
            Ok(round)
        } else {
            Err(otherwise)
        }
    }

    /// What is voted about in `epoch`.
    pub(crate) fn frozen_of(epoch: EpochIndex) -> Result<Frozen<AccountId>, Error<T>> {
        FrozenSets::<T>::get(epoch).ok_or_else(|| Self::corrupted(epoch, Inconsistency::NoFrozenSet))
    }

    /// A page of a complete ballot.
    pub(crate) fn ballot_page(epoch: EpochIndex, page: u32, seat: u16) -> Result<Page, Error<T>> {
        let missing = || Self::corrupted(epoch, Inconsistency::NoBallotPage);
        BallotPages::<T>::get((epoch, page, seat)).ok_or_else(missing)
    }

    /// The error of data that do not fit together, and a line in the log that says where.
    pub(crate) fn corrupted(epoch: EpochIndex, place: Inconsistency) -> Error<T> {
        log::error!(target: LOG_TARGET, "the ledger of epoch {epoch} is corrupted: {place:?}");
        Error::Corrupted(place)
    }

    fn seat_of(frozen: &Frozen<AccountId>, seat: u16) -> Result<&Seat<AccountId>, Error<T>> {
        frozen.seats.get(usize::from(seat)).ok_or(Error::<T>::NoSuchSeat)
    }

    fn check_signature(
        signer: &Seat<AccountId>,
        vote: &Vote,
        epoch: EpochIndex,
        seat: u16,
        retry: u8,
        signature: &VoteSignature,
    ) -> Result<(), Error<T>> {
        let signed = vote.is_signed_by(&signer.vote_key, Self::genesis_hash(), epoch, seat, retry, signature);
        if signed {
            Ok(())
        } else {
            Err(Error::<T>::BadSignature)
        }
    }

    /// Bytes this block can still take.
    fn room() -> u32 {
        let (block, taken) = Taken::<T>::get();
        let taken = if block == frame_system::Pallet::<T>::block_number() { taken } else { 0 };
        MAX_BALLOT_BYTES.saturating_sub(taken)
    }

    fn take(bytes: u32) {
        let taken = MAX_BALLOT_BYTES.saturating_sub(Self::room()).saturating_add(bytes);
        Taken::<T>::put((frame_system::Pallet::<T>::block_number(), taken));
    }

    fn size_of_pages(pages: &RevealedPages) -> u32 {
        pages.iter().fold(0, |sum: u32, page| sum.saturating_add(as_u32(page.len())))
    }

    /// Whether a commit is to be accepted.
    pub(crate) fn check_commit(
        epoch: EpochIndex,
        seat: u16,
        hash: &Hash,
        retry: u8,
        signature: &VoteSignature,
    ) -> Result<Accepted, Error<T>> {
        let round = Self::round_in(epoch, Phase::Commit, Error::<T>::NotCommitWindow)?;
        let frozen = Self::frozen_of(epoch)?;
        let signer = Self::seat_of(&frozen, seat)?;
        ensure!(!Commits::<T>::contains_key(epoch, seat), Error::<T>::AlreadyCommitted);
        Self::check_signature(signer, &Vote::Commit(*hash), epoch, seat, retry, signature)?;
        Ok(Accepted { call: "ratio1/availability/commit", round, first: 0 })
    }

    /// Whether a header is to be accepted.
    pub(crate) fn check_header(
        epoch: EpochIndex,
        seat: u16,
        header: &BallotHeader,
        retry: u8,
        signature: &VoteSignature,
    ) -> Result<Accepted, Error<T>> {
        let round = Self::round_in(epoch, Phase::Reveal, Error::<T>::NotRevealWindow)?;
        let frozen = Self::frozen_of(epoch)?;
        let signer = Self::seat_of(&frozen, seat)?;
        let commit = Commits::<T>::get(epoch, seat).ok_or(Error::<T>::NotCommitted)?;
        ensure!(!Headers::<T>::contains_key(epoch, seat), Error::<T>::HeaderAlreadyRevealed);
        ensure!(header.version == BALLOT_VERSION, Error::<T>::WrongVersion);
        ensure!(header.epoch == epoch, Error::<T>::WrongEpoch);
        ensure!(as_u32(header.page_hashes.len()) == frozen.pages(), Error::<T>::WrongPageCount);
        // ADR 0022: with the seat's own key, so that a commit that was copied cannot be revealed.
        let own = header.commitment(Self::genesis_hash(), &signer.vote_key);
        ensure!(own == commit, Error::<T>::HeaderMismatch);
        ensure!(as_u32(header.encoded_size()) <= Self::room(), Error::<T>::BlockFull);
        Self::check_signature(signer, &Vote::Header(header.clone()), epoch, seat, retry, signature)?;
        Ok(Accepted { call: "ratio1/availability/reveal_header", round, first: 0 })
    }

    /// Whether pages are to be accepted: all of them or none.
    pub(crate) fn check_pages(
        epoch: EpochIndex,
        seat: u16,
        first: u32,
        pages: &RevealedPages,
        retry: u8,
        signature: &VoteSignature,
    ) -> Result<Accepted, Error<T>> {
        ensure!(!pages.is_empty(), Error::<T>::NoPages);
        let round = Self::round_in(epoch, Phase::Reveal, Error::<T>::NotRevealWindow)?;
        let frozen = Self::frozen_of(epoch)?;
        let signer = Self::seat_of(&frozen, seat)?;
        let header = Headers::<T>::get(epoch, seat).ok_or(Error::<T>::HeaderNotRevealed)?;
        for (index, page) in (first..=u32::MAX).zip(pages) {
            let listed = header.page_hashes.get(as_usize(index)).ok_or(Error::<T>::PageOutOfRange)?;
            ensure!(!BallotPages::<T>::contains_key((epoch, index, seat)), Error::<T>::PageAlreadyRevealed);
            ensure!(as_u32(page.len()) == frozen.page_len(index), Error::<T>::WrongPageLength);
            ensure!(page_hash(page) == *listed, Error::<T>::PageMismatch);
        }
        let last = u64::from(first).saturating_add(u64::from(as_u32(pages.len())));
        ensure!(last <= u64::from(frozen.pages()), Error::<T>::PageOutOfRange);
        ensure!(Self::size_of_pages(pages) <= Self::room(), Error::<T>::BlockFull);
        let vote = Vote::Pages { first, pages: pages.clone() };
        Self::check_signature(signer, &vote, epoch, seat, retry, signature)?;
        Ok(Accepted { call: "ratio1/availability/reveal_pages", round, first })
    }

    fn change_round(epoch: EpochIndex, change: impl FnOnce(&mut Round)) -> Result<(), Error<T>> {
        Rounds::<T>::try_mutate(epoch, |round| {
            let missing = || Self::corrupted(epoch, Inconsistency::NoRound);
            round.as_mut().map(change).ok_or_else(missing)
        })
    }

    /// Store a commit that was authorised.
    pub(crate) fn apply_commit(epoch: EpochIndex, seat: u16, hash: Hash) -> DispatchResult {
        Self::change_round(epoch, |round| round.committed = round.committed.saturating_add(1))?;
        Commits::<T>::insert(epoch, seat, hash);
        Self::deposit_event(Event::Committed { epoch, seat, hash });
        Ok(())
    }

    /// Store a header that was authorised.
    pub(crate) fn apply_header(epoch: EpochIndex, seat: u16, header: BallotHeader) -> DispatchResult {
        let frozen = Self::frozen_of(epoch)?;
        let BallotHeader { coverage, price, finalised, .. } = header;
        let on_oracles = PerSeat::truncate_from(vec![0; frozen.seats.len()]);
        Casts::<T>::insert(epoch, seat, Cast { coverage, price, finalised, revealed: 0, on_oracles });
        Self::take(as_u32(header.encoded_size()));
        Headers::<T>::insert(epoch, seat, header);
        Self::deposit_event(Event::HeaderRevealed { epoch, seat, coverage });
        Ok(())
    }

    /// Store pages that were authorised.
    pub(crate) fn apply_pages(epoch: EpochIndex, seat: u16, first: u32, pages: RevealedPages) -> DispatchResult {
        let frozen = Self::frozen_of(epoch)?;
        let missing = || Self::corrupted(epoch, Inconsistency::NoCast);
        let mut cast = Casts::<T>::get(epoch, seat).ok_or_else(missing)?;
        Self::take(Self::size_of_pages(&pages));
        for (own, other) in cast.on_oracles.iter_mut().zip(&frozen.seats) {
            let page = other.license.page().checked_sub(first).and_then(|offset| pages.get(as_usize(offset)));
            if let Some(byte) = page.and_then(|page| page.get(as_usize(other.license.offset()))) {
                *own = *byte;
            }
        }
        let count = as_u32(pages.len());
        for (index, page) in (first..=u32::MAX).zip(pages) {
            BallotPages::<T>::insert((epoch, index, seat), page);
        }
        cast.revealed = cast.revealed.saturating_add(count);
        Self::deposit_event(Event::PagesRevealed { epoch, seat, first, count });
        if cast.is_complete(&frozen) {
            Self::change_round(epoch, |round| round.complete = round.complete.saturating_add(1))?;
            Self::deposit_event(Event::BallotCompleted { epoch, seat });
        }
        Casts::<T>::insert(epoch, seat, cast);
        Ok(())
    }

    pub(crate) fn authorize_commit(
        _: TransactionSource,
        epoch: &EpochIndex,
        seat: &u16,
        hash: &Hash,
        retry: &u8,
        signature: &VoteSignature,
    ) -> TransactionValidityWithRefund {
        Self::validity(epoch, seat, Self::check_commit(*epoch, *seat, hash, *retry, signature))
    }

    pub(crate) fn authorize_reveal_header(
        _: TransactionSource,
        epoch: &EpochIndex,
        seat: &u16,
        header: &BallotHeader,
        retry: &u8,
        signature: &VoteSignature,
    ) -> TransactionValidityWithRefund {
        Self::validity(epoch, seat, Self::check_header(*epoch, *seat, header, *retry, signature))
    }

    pub(crate) fn authorize_reveal_pages(
        _: TransactionSource,
        epoch: &EpochIndex,
        seat: &u16,
        first: &u32,
        pages: &RevealedPages,
        retry: &u8,
        signature: &VoteSignature,
    ) -> TransactionValidityWithRefund {
        Self::validity(epoch, seat, Self::check_pages(*epoch, *seat, *first, pages, *retry, signature))
    }

    /// One vote of a call, seat and first page at a time; it leaves the pool when its window closes.
    fn validity(epoch: &EpochIndex, seat: &u16, check: Result<Accepted, Error<T>>) -> TransactionValidityWithRefund {
        let Accepted { call, round, first } = check.map_err(refusal)?;
        let left = round.length.saturating_sub(round.age(Polled::<T>::get())).max(1);
        let tag = (epoch, seat, first, round.reopened);
        Authorized { call, tag, priority: VOTE_PRIORITY, longevity: u64::from(left) }.refunding(Weight::zero())
    }
}

/// How the pool and the author hear of a refusal. A full block is no fault of the vote.
fn refusal<T: Config>(error: Error<T>) -> TransactionValidityError {
    match error {
        Error::BlockFull => InvalidTransaction::ExhaustsResources.into(),
        error => pool::refusal(error),
    }
}
