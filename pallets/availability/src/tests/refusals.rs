//! Every refusal has its own code and leaves the state untouched.

use super::*;
use codec::Encode;
use ratio1_primitives::{
    ballot::{Ballot, BallotHeader, Page},
    Hash,
};
use sp_runtime::{
    transaction_validity::{InvalidTransaction, TransactionValidityError},
    StateVersion,
};

/// What the pool hears of an error.
pub fn code(error: E) -> TransactionValidityError {
    InvalidTransaction::Custom(error.encode()[0]).into()
}

fn root() -> Vec<u8> {
    sp_io::storage::root(StateVersion::V1)
}

#[track_caller]
fn refused(call: RuntimeCall, error: E) {
    let before = root();
    assert_eq!(view(&call), Err(E::from_view(&error)));
    assert_eq!(send(call).unwrap_err(), code(error));
    assert_eq!(root(), before, "a refusal changed the state");
}

trait FromView {
    fn from_view(error: &E) -> sp_runtime::DispatchError;
}

impl FromView for E {
    fn from_view(error: &E) -> sp_runtime::DispatchError {
        let raw = error.encode();
        let sp_runtime::DispatchError::Module(mut module) = sp_runtime::DispatchError::from(E::UnknownEpoch) else {
            unreachable!("a pallet's error is a module error")
        };
        module.error[0] = raw[0];
        module.message = None;
        sp_runtime::DispatchError::Module(module)
    }
}

/// The view function's answer for a vote.
fn view(call: &RuntimeCall) -> Result<(), sp_runtime::DispatchError> {
    let RuntimeCall::Availability(call) = call.clone() else { unreachable!("votes only") };
    match call {
        Call::commit { epoch, seat, hash, retry, signature } => {
            Availability::can_commit(epoch, seat, hash, retry, signature)
        }
        Call::reveal_header { epoch, seat, header, retry, signature } => {
            Availability::can_reveal_header(epoch, seat, header, retry, signature)
        }
        Call::reveal_pages { epoch, seat, first, pages, retry, signature } => {
            Availability::can_reveal_pages(epoch, seat, first, pages, retry, signature)
        }
        _ => unreachable!("votes only"),
    }
}

fn pages_of(ballot: &Ballot, first: usize, count: usize) -> Vote {
    let pages = ballot.pages[first..first + count].to_vec();
    Vote::Pages { first: first as u32, pages: RevealedPages::try_from(pages).unwrap() }
}

#[test]
fn commit_is_refused_when_it_does_not_belong() {
    at_first_round(4, 5, || {
        let commit = |epoch, seat, i| call(epoch, seat, i, Vote::Commit(Hash::repeat_byte(1)));
        refused(commit(0, 0, 0), E::UnknownEpoch);
        refused(commit(2, 0, 0), E::UnknownEpoch);
        refused(commit(99, 0, 0), E::UnknownEpoch);
        refused(commit(1, 4, 4), E::NoSuchSeat);
        refused(commit(1, u16::MAX, 0), E::NoSuchSeat);
        refused(commit(1, 1, 0), E::BadSignature);
        refused(commit(1, 0, 77), E::BadSignature);
        assert_ok!(send(commit(1, 0, 0)));
        refused(commit(1, 0, 0), E::AlreadyCommitted);
        refused(call(1, 0, 0, Vote::Commit(Hash::repeat_byte(2))), E::AlreadyCommitted);
        run_to_phase(1, Some(Phase::Reveal));
        refused(commit(1, 1, 1), E::NotCommitWindow);
    });
}

#[test]
fn vote_is_refused_when_any_signed_part_changes() {
    at_first_round(2, 5, || {
        let hash = Hash::repeat_byte(1);
        let RuntimeCall::Availability(Call::commit { signature, .. }) = call(1, 0, 0, Vote::Commit(hash)) else {
            unreachable!("a commit")
        };
        let altered = |seat, hash, retry| Call::commit { epoch: e(1), seat, hash, retry, signature: signature.clone() };
        refused(altered(0, hash, 1).into(), E::BadSignature);
        refused(altered(0, Hash::zero(), 0).into(), E::BadSignature);
        refused(altered(1, hash, 0).into(), E::BadSignature);
        // The same vote for another chain.
        let vote = Vote::Commit(hash);
        let signature = sp_core::Pair::sign(&pair(0), &vote.payload(Hash::repeat_byte(9), e(1), 0, 0));
        refused(Call::commit { epoch: e(1), seat: 0, hash, retry: 0, signature }.into(), E::BadSignature);
    });
}

#[test]
fn header_is_refused_when_it_does_not_match() {
    at_first_round(4, 5, || {
        let good = ballot(1, &[255; 5]);
        let header = |epoch, seat, h: &BallotHeader| call(epoch, seat, seat as u8, Vote::Header(h.clone()));
        refused(header(1, 0, &good.header), E::NotRevealWindow);
        // Seats 0..2 commit to something that can never be revealed, seat 3 to a good ballot.
        let old = BallotHeader { version: 1, ..good.header.clone() };
        let foreign = BallotHeader { epoch: e(2), ..good.header.clone() };
        let long = ballot(1, &[255; 1025]).header;
        for (seat, h) in [(0, &old), (1, &foreign), (2, &long), (3, &good.header)] {
            assert_ok!(vote(1, seat, committing(seat, h)));
        }
        run_to_phase(1, Some(Phase::Reveal));
        refused(header(9, 0, &old), E::UnknownEpoch);
        refused(header(1, 4, &old), E::NoSuchSeat);
        refused(header(1, 0, &old), E::WrongVersion);
        refused(header(1, 1, &foreign), E::WrongEpoch);
        refused(header(1, 2, &long), E::WrongPageCount);
        let other = BallotHeader { coverage: 1, ..good.header.clone() };
        refused(header(1, 3, &other), E::HeaderMismatch);
        refused(call(1, 3, 0, Vote::Header(good.header.clone())), E::BadSignature);
        assert_ok!(vote(1, 3, Vote::Header(good.header.clone())));
        refused(header(1, 3, &good.header), E::HeaderAlreadyRevealed);
    });
    at_first_round(2, 5, || {
        let good = ballot(1, &[255; 5]);
        commit(1, 0, &good);
        run_to_phase(1, Some(Phase::Reveal));
        refused(call(1, 1, 1, Vote::Header(good.header.clone())), E::NotCommitted);
    });
}

/// A lazy oracle takes another's commit from the pool, and its ballot when that is revealed.
#[test]
fn copied_ballot_is_refused_when_it_is_revealed() {
    at_first_round(4, 5, || {
        let good = ballot(1, &[255; 5]);
        let Vote::Commit(hash) = committing(0, &good.header) else { unreachable!("a commit") };
        for seat in 0..2 {
            assert_ok!(vote(1, seat, Vote::Commit(hash)));
        }
        run_to_phase(1, Some(Phase::Reveal));
        assert_ok!(vote(1, 0, Vote::Header(good.header.clone())));
        refused(call(1, 1, 1, Vote::Header(good.header.clone())), E::HeaderMismatch);
        // Nor under its neighbour's key in its own seat, nor under its own in its neighbour's.
        refused(call(1, 1, 0, Vote::Header(good.header.clone())), E::HeaderMismatch);
        refused(call(1, 0, 1, Vote::Header(good.header.clone())), E::HeaderAlreadyRevealed);
        refused(call(1, 1, 1, pages_of(&good, 0, 1)), E::HeaderNotRevealed);
    });
}

#[test]
fn pages_are_refused_when_they_do_not_match() {
    at_first_round(2, 2_500, || {
        let good = ballot(1, &[255; 2_500]);
        let send_pages = |v: Vote| call(1, 0, 0, v);
        refused(send_pages(pages_of(&good, 0, 1)), E::NotRevealWindow);
        (0..2).for_each(|seat| commit(1, seat, &good));
        run_to_phase(1, Some(Phase::Reveal));
        refused(send_pages(pages_of(&good, 0, 1)), E::HeaderNotRevealed);
        assert_ok!(vote(1, 0, Vote::Header(good.header.clone())));
        refused(send_pages(Vote::Pages { first: 0, pages: Default::default() }), E::NoPages);
        refused(call(7, 0, 0, pages_of(&good, 0, 1)), E::UnknownEpoch);
        refused(call(1, 2, 2, pages_of(&good, 0, 1)), E::NoSuchSeat);
        let at = |first, bytes: &[u8]| {
            let pages = vec![Page::try_from(bytes.to_vec()).unwrap()].try_into().unwrap();
            send_pages(Vote::Pages { first, pages })
        };
        refused(at(3, &[255; 1_024]), E::PageOutOfRange);
        refused(at(u32::MAX, &[255; 1_024]), E::PageOutOfRange);
        refused(at(0, &[255; 1_023]), E::WrongPageLength);
        refused(at(2, &[255; 1_024]), E::WrongPageLength);
        refused(at(1, &[254; 1_024]), E::PageMismatch);
        refused(call(1, 0, 1, pages_of(&good, 0, 1)), E::BadSignature);
        assert_ok!(send(send_pages(pages_of(&good, 1, 1))));
        refused(send_pages(pages_of(&good, 1, 1)), E::PageAlreadyRevealed);
        refused(send_pages(pages_of(&good, 0, 3)), E::PageAlreadyRevealed);
        let status = Availability::ballot_status(e(1), 0).unwrap();
        assert_eq!((status.header, status.missing), (true, vec![0, 2]));
        assert_eq!(Availability::ballot_status(e(1), 2), None);
        run_to_phase(1, Some(Phase::Unresolved));
        refused(send_pages(pages_of(&good, 0, 1)), E::NotRevealWindow);
    });
}

#[test]
fn reveal_goes_into_a_later_block_when_the_block_is_full() {
    // 80 pages each: with 13 oracles more than one block takes.
    at_first_round(13, 80 * 1_024, || {
        let b = ballot(1, &vec![255; 80 * 1_024]);
        (0..13).for_each(|seat| commit(1, seat, &b));
        block();
        let round = &Availability::rounds()[0];
        assert_eq!((round.phase, round.length), (Phase::Reveal, 6));
        (0..12).for_each(|seat| reveal(1, seat, &b));
        assert_ok!(vote(1, 12, Vote::Header(b.header.clone())));
        let mut first = 0;
        let error = loop {
            match vote(1, 12, pages_of(&b, first, 1)) {
                Ok(_) => first += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error, InvalidTransaction::ExhaustsResources.into());
        assert_eq!(view(&call(1, 12, 12, pages_of(&b, first, 1))), Err(E::from_view(&E::BlockFull)));
        assert!(Taken::<Test>::get().1 <= MAX_BALLOT_BYTES);
        block();
        (first..80).for_each(|page| assert!(vote(1, 12, pages_of(&b, page, 1)).is_ok()));
        run_to_phase(1, None);
        assert_eq!(state(1), EpochState::Finalised);
    });
}

#[test]
fn votes_are_tagged_once_for_each_kind_page_and_window() {
    at_first_round(2, 2_500, || {
        let b = ballot(1, &[255; 2_500]);
        let tags = |v: Vote| {
            let valid = vote(1, 0, v).unwrap();
            assert!(valid.priority > 1 << 60 && valid.propagate);
            assert!((1..=6).contains(&valid.longevity));
            assert_eq!((valid.requires.len(), valid.provides.len()), (0, 1));
            valid.provides
        };
        let a = tags(committing(0, &b.header));
        commit(1, 1, &b);
        block();
        let mut all = vec![a, tags(Vote::Header(b.header.clone())), tags(pages_of(&b, 0, 1)), tags(pages_of(&b, 1, 1))];
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 4);
    });
}

#[test]
fn call_is_refused_when_its_origin_is_not_authorised() {
    at_first_round(1, 1, || {
        use sp_runtime::traits::Dispatchable;
        let vote = call(1, 0, 0, Vote::Commit(Hash::zero()));
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(account(0)), RuntimeOrigin::none()] {
            assert_noop!(vote.clone().dispatch(origin).map_err(|e| e.error), sp_runtime::DispatchError::BadOrigin);
        }
    });
}
