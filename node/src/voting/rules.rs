//! When a validator without a record of its votes may vote: a pure function of what it sees.

/// Slots by which the clocks of two validators may differ.
const MARGIN: u64 = 2;
/// Slots in touch with others before anything is concluded from what they show: their height comes with their greeting.
const SETTLE: u64 = 2;
/// A chain with no more blocks than this has just begun: one minute.
const YOUNG: u32 = 20;
/// Slots of listening after which a node that was shown nothing final believes that nothing is. The newest commit is
/// the first thing a peer hands over.
const NOTHING_FINAL: u64 = 10;

/// Something that became final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proof {
    /// By the voters of this set, or of the one before.
    pub set: u64,
    /// In this round.
    pub round: u64,
    /// A block of this slot.
    pub slot: u64,
}

/// What a node sees.
#[derive(Clone, Copy, Debug, Default)]
pub struct View {
    /// The slot of its start.
    pub start: u64,
    /// The running slot.
    pub slot: u64,
    /// The height of its chain.
    pub best: u32,
    /// What of it is final.
    pub finalised: u32,
    /// Since when it is synced with at least one peer.
    pub settled: Option<u64>,
    /// Since when it follows the votes of others.
    pub listening: Option<u64>,
    /// What became final last.
    pub proof: Option<Proof>,
    /// The running set of voters.
    pub set: u64,
    /// The running round.
    pub round: u64,
}

/// What it does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Go on as it does.
    Wait,
    /// Follow the votes of others.
    Listen,
    /// Vote from the next round on.
    Vote,
}

/// Decide.
pub fn judge(view: &View) -> Verdict {
    if view.proof.is_some_and(|proof| proves(&proof, view)) {
        return Verdict::Vote;
    }
    let Some(settled) = view.settled else { return Verdict::Wait };
    let nothing_final = view.finalised == 0;
    match view.listening {
        None if view.slot.saturating_sub(settled) < SETTLE => Verdict::Wait,
        None if nothing_final && view.best <= YOUNG => Verdict::Vote,
        None => Verdict::Listen,
        Some(since) if nothing_final && view.slot.saturating_sub(since.max(settled)) >= NOTHING_FINAL => Verdict::Vote,
        Some(_) => Verdict::Wait,
    }
}

/// Whether every round from the next one on began after this node did.
fn proves(proof: &Proof, view: &View) -> bool {
    let later = view.set > proof.set || (view.set == proof.set && view.round >= proof.round);
    proof.slot > view.start.saturating_add(MARGIN) && later
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Synced with a chain on which things are final, and listening for long.
    const RESTORED: View = View {
        start: 1_000,
        slot: 1_100,
        best: 900,
        finalised: 890,
        settled: Some(1_010),
        listening: Some(1_014),
        proof: None,
        set: 3,
        round: 50,
    };

    fn after(proof: Proof) -> Verdict {
        judge(&View { proof: Some(proof), ..RESTORED })
    }

    #[test]
    fn restored_validator_watches_when_nothing_new_becomes_final() {
        assert_eq!(judge(&RESTORED), Verdict::Wait);
        assert_eq!(judge(&View { slot: u64::MAX, ..RESTORED }), Verdict::Wait, "however long it hangs");
        // What it gets while it catches up was final before its start.
        assert_eq!(after(Proof { set: 3, round: 50, slot: 999 }), Verdict::Wait);
        assert_eq!(after(Proof { set: 2, round: 50, slot: 999 }), Verdict::Wait, "a set that changed in the past");
        assert_eq!(after(Proof { set: 3, round: 50, slot: 1_000 + MARGIN }), Verdict::Wait, "clocks differ");
    }

    #[test]
    fn restored_validator_votes_when_a_block_made_after_its_start_is_final() {
        let proof = Proof { set: 3, round: 50, slot: 1_001 + MARGIN };
        assert_eq!(after(proof), Verdict::Vote);
        // Its own voter lags: the next round it begins may be one of its former life.
        assert_eq!(after(Proof { round: 51, ..proof }), Verdict::Wait);
        // A set that began with such a block is new whatever its round.
        assert_eq!(after(Proof { set: 2, round: 90, ..proof }), Verdict::Vote);
    }

    #[test]
    fn new_network_votes_when_it_has_just_begun() {
        let new = View { start: 10, slot: 12, best: 3, ..View::default() };
        assert_eq!(judge(&new), Verdict::Wait, "nobody there");
        let new = View { settled: Some(12), ..new };
        assert_eq!(judge(&new), Verdict::Wait);
        assert_eq!(judge(&View { slot: 12 + SETTLE, ..new }), Verdict::Vote);
        assert_eq!(judge(&View { slot: 12 + SETTLE, best: YOUNG + 1, ..new }), Verdict::Listen);
    }

    #[test]
    fn latecomer_votes_when_nothing_was_ever_final() {
        let late = View { start: 1_000, best: 300, settled: Some(1_001), listening: Some(1_005), ..View::default() };
        assert_eq!(judge(&View { slot: 1_005 + NOTHING_FINAL - 1, ..late }), Verdict::Wait);
        assert_eq!(judge(&View { slot: 1_005 + NOTHING_FINAL, ..late }), Verdict::Vote);
        assert_eq!(judge(&View { slot: 1_005 + NOTHING_FINAL, finalised: 1, ..late }), Verdict::Wait);
        assert_eq!(judge(&View { slot: 1_100, settled: None, ..late }), Verdict::Wait, "it lost touch");
        assert_eq!(
            judge(&View { slot: 1_100, settled: Some(1_099), ..late }),
            Verdict::Wait,
            "and just found it again"
        );
    }
}
