//! Commits and reveals: what is refused and why, and what is stored.
//!
//! `authorize` is the boundary: a vote it passes is stored in the same block, with nothing in between, by an `apply`
//! that only fails if storage is corrupt. Checks go from cheap to dear; the signature is last.

use crate::{pallet::*, types::*, MAX_BALLOT_BYTES};
use alloc::vec;
use codec::Encode;
use frame_support::{
    ensure,
    pallet_prelude::{
        InvalidTransaction, TransactionSource, TransactionValidityError, TransactionValidityWithRefund,
        ValidTransaction,
    },
    weights::Weight,
};
use ratio1_primitives::{
    ballot::{page_hash, BallotHeader, Frozen, Phase, RevealedPages, Seat, Vote, BALLOT_VERSION},
    AccountId, EpochIndex, Hash, VoteSignature,
};
use sp_runtime::{traits::Zero, DispatchResult};

/// Nothing goes before a vote, whatever its tip: tips raise a priority without bound.
const VOTE_PRIORITY: u64 = u64::MAX;

/// A vote found good, as the pool needs to know it.
pub(crate) struct Accepted {
    round: Round,
    kind: u8,
    first: u32,
}

impl<T: Config> Pallet<T> {
    /// The chain's identity, part of everything that is signed.
    pub fn genesis_hash() -> Hash {
        frame_system::Pallet::<T>::block_hash(frame_system::pallet_prelude::BlockNumberFor::<T>::zero())
    }

    fn round_in(epoch: EpochIndex, phase: Phase, otherwise: Error<T>) -> Result<Round, Error<T>> {
        let round = Rounds::<T>::get(epoch).ok_or(Error::<T>::UnknownEpoch)?;
        if round.phase == phase {
            Ok(round)
        } else {
            Err(otherwise)
        }
    }

    fn frozen_of(epoch: EpochIndex) -> Result<Frozen<AccountId>, Error<T>> {
        FrozenSets::<T>::get(epoch).ok_or(Error::<T>::Corrupted)
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
        pages.iter().fold(0, |sum: u32, page| sum.saturating_add(page.len() as u32))
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
        Ok(Accepted { round, kind: 0, first: 0 })
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
        ensure!(header.page_hashes.len() as u32 == frozen.pages(), Error::<T>::WrongPageCount);
        let own = header.commitment(Self::genesis_hash(), &signer.vote_key);
        ensure!(own == commit, Error::<T>::HeaderMismatch);
        ensure!(header.encoded_size() as u32 <= Self::room(), Error::<T>::BlockFull);
        Self::check_signature(signer, &Vote::Header(header.clone()), epoch, seat, retry, signature)?;
        Ok(Accepted { round, kind: 1, first: 0 })
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
            let listed = header.page_hashes.get(index as usize).ok_or(Error::<T>::PageOutOfRange)?;
            ensure!(!BallotPages::<T>::contains_key((epoch, index, seat)), Error::<T>::PageAlreadyRevealed);
            ensure!(page.len() as u32 == frozen.page_len(index), Error::<T>::WrongPageLength);
            ensure!(page_hash(page) == *listed, Error::<T>::PageMismatch);
        }
        let last = u64::from(first).saturating_add(pages.len() as u64);
        ensure!(last <= u64::from(frozen.pages()), Error::<T>::PageOutOfRange);
        ensure!(Self::size_of_pages(pages) <= Self::room(), Error::<T>::BlockFull);
        let vote = Vote::Pages { first, pages: pages.clone() };
        Self::check_signature(signer, &vote, epoch, seat, retry, signature)?;
        Ok(Accepted { round, kind: 2, first })
    }

    /// Store a commit that was authorised.
    pub(crate) fn apply_commit(epoch: EpochIndex, seat: u16, hash: Hash) -> DispatchResult {
        Rounds::<T>::try_mutate(epoch, |round| -> DispatchResult {
            let round = round.as_mut().ok_or(Error::<T>::Corrupted)?;
            round.committed = round.committed.saturating_add(1);
            Ok(())
        })?;
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
        Self::take(header.encoded_size() as u32);
        Headers::<T>::insert(epoch, seat, header);
        Self::deposit_event(Event::HeaderRevealed { epoch, seat, coverage });
        Ok(())
    }

    /// Store pages that were authorised.
    pub(crate) fn apply_pages(epoch: EpochIndex, seat: u16, first: u32, pages: RevealedPages) -> DispatchResult {
        let frozen = Self::frozen_of(epoch)?;
        let mut cast = Casts::<T>::get(epoch, seat).ok_or(Error::<T>::Corrupted)?;
        Self::take(Self::size_of_pages(&pages));
        for (own, other) in cast.on_oracles.iter_mut().zip(&frozen.seats) {
            let page = other.license.page().checked_sub(first).and_then(|offset| pages.get(offset as usize));
            if let Some(byte) = page.and_then(|page| page.get(other.license.offset() as usize)) {
                *own = *byte;
            }
        }
        let count = pages.len() as u32;
        for (index, page) in (first..=u32::MAX).zip(pages) {
            BallotPages::<T>::insert((epoch, index, seat), page);
        }
        cast.revealed = cast.revealed.saturating_add(count);
        Self::deposit_event(Event::PagesRevealed { epoch, seat, first, count });
        if cast.is_complete(&frozen) {
            Rounds::<T>::try_mutate(epoch, |round| -> DispatchResult {
                let round = round.as_mut().ok_or(Error::<T>::Corrupted)?;
                round.complete = round.complete.saturating_add(1);
                Ok(())
            })?;
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

    /// One vote of a kind, seat and first page at a time; it leaves the pool when its window closes.
    fn validity(epoch: &EpochIndex, seat: &u16, check: Result<Accepted, Error<T>>) -> TransactionValidityWithRefund {
        let Accepted { round, kind, first } = check.map_err(refusal)?;
        let left = round.length.saturating_sub(round.age(Polled::<T>::get())).max(1);
        let valid = ValidTransaction::with_tag_prefix("ratio1-vote")
            .priority(VOTE_PRIORITY)
            .and_provides((kind, epoch, seat, first, round.reopened))
            .longevity(u64::from(left))
            .propagate(true)
            .build()?;
        Ok((valid, Weight::zero()))
    }
}

/// How the pool and the author hear of a refusal. A full block is no fault of the vote.
fn refusal<T: Config>(error: Error<T>) -> TransactionValidityError {
    match error {
        Error::BlockFull => InvalidTransaction::ExhaustsResources.into(),
        error => InvalidTransaction::Custom(error.encode().first().copied().unwrap_or(u8::MAX)).into(),
    }
}
