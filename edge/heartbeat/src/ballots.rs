//! Commit and reveal: what an oracle casts, and when.
//!
//! A [`Voter`] looks at the chain at each best block and says which votes to send now; whatever it says is derived from
//! the chain and the store, so that a restart at any moment goes on where it stopped. Rules:
//!
//! - Nothing is sent in the first two blocks of a window: a pool that is a block behind would ban an early vote for
//!   longer than the window.
//! - A ballot is built when the window has settled like that, and is on disk before its commit is sent. If the chain
//!   then turns out to have frozen something else (another fork), it is built anew, but only if no commit of it was ever
//!   submitted, of which the store keeps a mark. If the chain knows another commit, or one for which nothing is stored,
//!   or a ballot does not fit and may be out, the oracle abstains: it never votes twice.
//! - The header goes first; pages follow when the chain has it, 16 to a call, a few calls at a time.
//! - A vote that is not on chain after some blocks is sent again under another `retry`, and so another hash.
//! - Without a trace of the epoch in its records the oracle abstains.
//!
//! The price is what the operator's feed says at the moment the ballot is built. Services are measured by what beats
//! reported of them ([`service_byte`](crate::service_byte)), within the terms that the chain knows at the block at which
//! the ballot is built. Health is not probed by this crate.

use crate::{
    counts::EpochCounts,
    ports::{HeartbeatChain, PriceFeed, SubmitError, Telemetry, VoteKind},
    service_byte::service_bytes,
    store::{Store, StoreError},
};
use ratio1_ports::{BlockRef, ChainError, VoteKeys};
use ratio1_primitives::{
    api::{BallotStatus, RoundInfo, SignedVote},
    ballot::{Ballot, Phase, Summary, Vote, MAX_PAGES, MAX_REVEAL},
    width::as_usize,
    BlockNumber, ClockParams, EpochIndex, Hash,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// Blocks to wait at the beginning of a window.
pub const SETTLE_BLOCKS: u32 = 2;
/// Blocks after which a vote that is not on chain is sent again.
pub const RESEND_BLOCKS: u32 = 2;
/// Page calls under way at a time, so that a hundred oracles do not fill the pool at once.
pub const MAX_PAGE_CALLS: usize = 2;

/// One of the votes of a seat in an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct VoteRef {
    /// The epoch.
    pub epoch: EpochIndex,
    /// The seat in its frozen set.
    pub seat: u16,
    /// Which vote.
    pub part: VotePart,
}

/// Which of a seat's votes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum VotePart {
    /// The commit.
    Commit,
    /// The header.
    Header,
    /// The pages from this one.
    Pages(u32),
}

impl VotePart {
    /// Which metric it counts for.
    pub const fn kind(self) -> VoteKind {
        match self {
            Self::Commit => VoteKind::Commit,
            Self::Header => VoteKind::Header,
            Self::Pages(_) => VoteKind::Pages,
        }
    }
}

/// A vote to be submitted; tell [`Voter::note_outcome`] how it went.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Which vote.
    pub id: VoteRef,
    /// The block it was decided at.
    pub at: Hash,
    /// The vote.
    pub vote: SignedVote,
}

#[derive(Clone, Copy, Debug)]
struct Sent {
    block: u32,
    retry: u8,
    failed: bool,
}

/// Why nothing could be decided at a block. The next one brings another try.
#[derive(Debug, thiserror::Error)]
pub enum VoterError {
    /// The chain could not be read.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// Counts or ballots could not be read or kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Casts the ballots of this node's seats.
pub struct Voter {
    chain: Arc<dyn HeartbeatChain>,
    keys: Arc<dyn VoteKeys>,
    store: Arc<Store>,
    prices: Arc<dyn PriceFeed>,
    telemetry: Arc<dyn Telemetry>,
    genesis: Hash,
    ballots: BTreeMap<EpochIndex, Ballot>,
    sent: BTreeMap<VoteRef, Sent>,
    said: BTreeSet<(EpochIndex, &'static str)>,
    /// Where `retry` begins: after a restart other nodes' pools may still remember what was sent before.
    first_retry: u8,
}

impl Voter {
    /// With the node's ports and its store.
    pub fn new(
        chain: Arc<dyn HeartbeatChain>,
        keys: Arc<dyn VoteKeys>,
        store: Arc<Store>,
        prices: Arc<dyn PriceFeed>,
        telemetry: Arc<dyn Telemetry>,
    ) -> Self {
        let genesis = chain.genesis();
        Self {
            chain,
            keys,
            store,
            prices,
            telemetry,
            genesis,
            ballots: BTreeMap::new(),
            sent: BTreeMap::new(),
            said: BTreeSet::new(),
            first_retry: rand::random(),
        }
    }

    /// What to send at `best`. `closed` are past epochs still in memory, `now` is in Unix milliseconds. Blocks the thread:
    /// it reads the chain and, once per epoch, builds and stores a ballot.
    pub fn next_votes(
        &mut self,
        best: BlockRef,
        closed: &[Arc<EpochCounts>],
        now: u64,
    ) -> Result<(Vec<Outgoing>, Vec<EpochIndex>), VoterError> {
        let rounds = self.chain.rounds(best.hash)?;
        let open: Vec<_> = rounds.iter().map(|round| round.epoch).collect();
        self.ballots.retain(|epoch, _| open.contains(epoch));
        self.sent.retain(|id, _| open.contains(&id.epoch));
        self.said.retain(|(epoch, _)| open.contains(epoch));
        let keys = self.keys.vote_keys();
        let mut votes = Vec::new();
        for round in &rounds {
            self.telemetry.phase(round.epoch, round.phase);
            for (index, seat) in (0u16..).zip(&round.frozen.seats) {
                if keys.contains(&seat.vote_key) {
                    // One round that cannot be voted on must not silence the others.
                    if let Err(error) = self.vote(best, round, index, closed, now, &mut votes) {
                        self.say(round.epoch, "the oracle cannot vote on the epoch", Some(&error));
                    }
                }
            }
        }
        Ok((votes, open))
    }

    /// How submitting went.
    pub fn note_outcome(&mut self, id: VoteRef, result: Result<(), SubmitError>) {
        match result {
            Ok(()) => self.telemetry.ballot_cast(id.part.kind()),
            Err(error) => {
                tracing::debug!(target: "ballots", ?id, %error, "a vote was not taken");
                // Also a refusal is tried again at the next block: a pool that has not taken on the new best block yet,
                // or prefers another one of its height, misses the header that the pages follow.
                if let Some(sent) = self.sent.get_mut(&id) {
                    sent.failed = true;
                }
            }
        }
    }

    fn vote(
        &mut self,
        best: BlockRef,
        round: &RoundInfo,
        seat: u16,
        closed: &[Arc<EpochCounts>],
        now: u64,
        votes: &mut Vec<Outgoing>,
    ) -> Result<(), VoterError> {
        if !matches!(round.phase, Phase::Commit | Phase::Reveal) || round.age >= round.length {
            return Ok(());
        }
        let status = self.chain.ballot_status(best.hash, round.epoch, seat)?.unwrap_or_default();
        if status.header && status.missing.is_empty() {
            return Ok(());
        }
        if round.age < SETTLE_BLOCKS {
            return Ok(());
        }
        let Some(ballot) = self.ballot(best, round, &status, closed, now)? else { return Ok(()) };
        let Some(voter) = round.frozen.seats.get(usize::from(seat)).map(|seat| &seat.vote_key) else { return Ok(()) };
        // ADR 0022: with the vote key in the hash, so that a copied commit cannot be revealed.
        let commitment = ballot.header.commitment(self.genesis, voter);
        match (round.phase, status.commit) {
            (_, Some(commit)) if commit != commitment => {
                self.say(round.epoch, "the chain has another commit than the ballot stored here: abstaining", None)
            }
            (Phase::Commit, None) => {
                // Before the first one leaves: from here on the ballot is never replaced.
                self.store.mark_submitted(round.epoch)?;
                self.send(best, round, seat, VotePart::Commit, Vote::Commit(commitment), votes)
            }
            (Phase::Reveal, Some(_)) if !status.header => {
                self.send(best, round, seat, VotePart::Header, Vote::Header(ballot.header), votes)
            }
            (Phase::Reveal, Some(_)) => self.send_pages(best, round, seat, &ballot, &status, votes),
            _ => {}
        }
        Ok(())
    }

    /// The ballot of the round: stored and fitting, or built now if nothing can have been committed yet.
    fn ballot(
        &mut self,
        best: BlockRef,
        round: &RoundInfo,
        status: &BallotStatus,
        closed: &[Arc<EpochCounts>],
        now: u64,
    ) -> Result<Option<Ballot>, VoterError> {
        if let Some(ballot) = self.ballots.get(&round.epoch).filter(|ballot| fits(ballot, round)) {
            return Ok(Some(ballot.clone()));
        }
        let ballot = match self.store.ballot(round.epoch)? {
            Some(ballot) if fits(&ballot, round) => Some(ballot),
            Some(_) if status.commit.is_some() || self.store.is_submitted(round.epoch)? => {
                self.say(round.epoch, "the ballot committed to does not fit what the chain froze: abstaining", None);
                None
            }
            None if status.commit.is_some() => {
                self.say(round.epoch, "the chain has our commit but the ballot is not stored here: abstaining", None);
                None
            }
            _ if round.phase == Phase::Commit => self.build(best, round, closed, now)?,
            _ => None,
        };
        if let Some(ballot) = &ballot {
            self.ballots.insert(round.epoch, ballot.clone());
        }
        Ok(ballot)
    }

    fn build(
        &mut self,
        best: BlockRef,
        round: &RoundInfo,
        closed: &[Arc<EpochCounts>],
        now: u64,
    ) -> Result<Option<Ballot>, VoterError> {
        let clock = self.chain.clock(best.hash)?.clock.filter(|clock| clock.epoch_at(now) > round.epoch);
        let Some(clock) = clock else {
            self.say(round.epoch, "the epoch still runs by this machine's clock: synchronise it with NTP", None);
            return Ok(None);
        };
        let counts = match closed.iter().find(|counts| counts.epoch() == round.epoch) {
            Some(counts) => Some(counts.clone()),
            None => self.store.load(round.epoch)?.map(Arc::new),
        };
        let Some(counts) = counts.filter(|counts| !counts.is_empty()) else {
            self.say(round.epoch, "nothing was received in the epoch: abstaining", None);
            return Ok(None);
        };
        let frozen = &round.frozen;
        if frozen.pages() > MAX_PAGES {
            self.say(round.epoch, "the epoch has more than a ballot can hold: update this binary", None);
            return Ok(None);
        }
        let services = service_bytes(&*self.chain, best.hash, &clock, &counts, frozen)?;
        let (expected, gaps) = (frozen.params.expected, &frozen.gaps);
        let summary = Summary {
            epoch: round.epoch,
            salt: rand::random(),
            coverage: counts.coverage_byte(expected, gaps),
            price: self.prices.price(),
            finalised: finalised(&counts, &clock, self.chain.finalised()),
            beats_root: counts.beats_root(frozen.licenses),
        };
        let ballot = Ballot::new(summary, &counts.bytes(frozen.licenses, expected, gaps), &services);
        Ok(ballot.map(|ballot| self.store.replace_ballot(ballot)).transpose()?)
    }

    fn send_pages(
        &mut self,
        best: BlockRef,
        round: &RoundInfo,
        seat: u16,
        ballot: &Ballot,
        status: &BallotStatus,
        votes: &mut Vec<Outgoing>,
    ) {
        for (first, count) in runs(&status.missing).into_iter().take(MAX_PAGE_CALLS) {
            let pages: Vec<_> = ballot.pages.iter().skip(as_usize(first)).take(count).cloned().collect();
            if pages.len() < count {
                return self.say(round.epoch, "the chain asks for pages that the ballot does not have", None);
            }
            let Ok(pages) = pages.try_into() else { return };
            self.send(best, round, seat, VotePart::Pages(first), Vote::Pages { first, pages }, votes);
        }
    }

    /// Sign and send, unless it is under way.
    fn send(
        &mut self,
        best: BlockRef,
        round: &RoundInfo,
        seat: u16,
        part: VotePart,
        vote: Vote,
        votes: &mut Vec<Outgoing>,
    ) {
        let id = VoteRef { epoch: round.epoch, seat, part };
        let retry = match self.sent.get(&id) {
            None => self.first_retry,
            Some(sent) if sent.failed || best.number.saturating_sub(sent.block) >= RESEND_BLOCKS => {
                sent.retry.wrapping_add(1)
            }
            Some(_) => return,
        };
        let Some(key) = round.frozen.seats.get(usize::from(seat)).map(|seat| &seat.vote_key) else { return };
        let payload = vote.payload(self.genesis, round.epoch, seat, retry);
        let Some(signature) = self.keys.sign_vote(key, &payload) else {
            return self.say(round.epoch, "the keystore did not sign a vote", None);
        };
        self.sent.insert(id, Sent { block: best.number, retry, failed: false });
        let vote = SignedVote { epoch: round.epoch, seat, retry, vote, signature };
        votes.push(Outgoing { id, at: best.hash, vote });
    }

    /// Log once per epoch.
    fn say(&mut self, epoch: EpochIndex, what: &'static str, error: Option<&VoterError>) {
        if self.said.insert((epoch, what)) {
            match error {
                Some(error) => tracing::error!(target: "ballots", %epoch, %error, "{what}"),
                None => tracing::warn!(target: "ballots", %epoch, "{what}"),
            }
        }
    }
}

/// The height up to which this oracle could measure an epoch: its finalised head now, unless finality stood still when the
/// epoch ended. Then what became final later was not known while it ran, and nobody's byte may depend on it.
pub fn finalised(counts: &EpochCounts, clock: &ClockParams, head: BlockRef) -> BlockNumber {
    // ADR 0021: the chain puts the epoch off for services that became final after this height.
    let end = clock.epoch_start(counts.epoch()).saturating_add(clock.epoch_ms);
    let stuck = counts.seen().filter(|seen| seen.standstill(end, clock) > 0);
    stuck.map_or(head.number, |seen| seen.height.min(head.number))
}

/// Whether the ballot is one about what the chain froze: of the epoch, with as many pages, each as long.
fn fits(ballot: &Ballot, round: &RoundInfo) -> bool {
    let pages = round.frozen.pages();
    ballot.header.epoch == round.epoch
        && ballot.header.page_hashes.len() == as_usize(pages)
        && ballot.pages.len() == as_usize(pages)
        && (0..pages).zip(&ballot.pages).all(|(index, page)| page.len() == as_usize(round.frozen.page_len(index)))
}

/// Cut ascending page indices into runs of consecutive ones, as long as one call can carry.
fn runs(missing: &[u32]) -> Vec<(u32, usize)> {
    let mut runs: Vec<(u32, usize)> = Vec::new();
    for index in missing {
        match runs.last_mut() {
            Some((first, count))
                if *count < as_usize(MAX_REVEAL)
                    && u32::try_from(*count).ok().and_then(|count| first.checked_add(count)) == Some(*index) =>
            {
                *count = count.saturating_add(1)
            }
            _ => runs.push((*index, 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_consecutive_and_fit_a_call() {
        assert_eq!(runs(&[]), []);
        assert_eq!(runs(&[4]), [(4, 1)]);
        assert_eq!(runs(&[0, 1, 2, 5, 6, 9]), [(0, 3), (5, 2), (9, 1)]);
        let all: Vec<_> = (0..40).collect();
        assert_eq!(runs(&all), [(0, 16), (16, 16), (32, 8)]);
    }
}
