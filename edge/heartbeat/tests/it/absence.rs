//! Which silent nodes are reported, slot by slot, with an intake and no clock but the slots.

use crate::{fakes::*, worker::Running as Worker};
use ratio1_heartbeat::{
    absence::AbsenceWatch, counts::EpochCounts, ports::InboundBatch, refresh::Refresh, relay::seal,
    service_byte::service_bytes, Bringer, Intake,
};
use ratio1_primitives::{
    api::Absence,
    ballot::Frozen,
    clock::{ABSENCE_SLOTS, ABSENCE_SPACING},
    heartbeat::{Heartbeat, ServiceState::Running},
    EpochIndex, LicenseId,
};
use sp_core::Pair;
use std::{
    sync::{atomic::Ordering, Arc},
    time::Duration,
};

/// A finalised block in every so many slots.
const FINALISE_EVERY: u32 = 6;

/// Oracle 1 of two, nodes 8 and 9, which serve slots of a job, and node 7, which does not.
struct Sim {
    chain: Arc<FakeChain>,
    intake: Intake,
    watch: AbsenceWatch,
    /// Slots since epoch 1 began.
    slot: u32,
    /// Who beats.
    beating: Vec<u8>,
    hears: bool,
    finalises: bool,
    /// Whether node 9 says that its service runs.
    serves: bool,
}

fn moment(slot: u32) -> u64 {
    at(1 + slot / PARAMS.slots, slot % PARAMS.slots)
}

impl Sim {
    fn new() -> Self {
        let chain = FakeChain::new(&[1, 7, 8, 9], &[1, 2]);
        chain.serve(&[term(0, 8, 0), term(1, 9, 1)]);
        let (intake, watch) = (Intake::new(GENESIS), AbsenceWatch::default());
        Self { chain, intake, watch, slot: 0, beating: vec![7, 8, 9], hears: true, finalises: true, serves: false }
    }

    /// One slot; what is reported in it.
    fn step(&mut self) -> Option<Absence> {
        let (epoch, slot, now) = (1 + self.slot / PARAMS.slots, self.slot % PARAMS.slots, moment(self.slot));
        let mut state = self.chain.state.lock();
        state.clock.current = EpochIndex(epoch);
        if self.finalises && self.slot.is_multiple_of(FINALISE_EVERY) {
            self.chain.blocks.finalise(self.chain.finalised().number + 1);
        }
        let quoted = self.chain.finalised();
        drop(state);
        let refresh = Refresh::read(&*self.chain, &FakeKeys(1), &self.intake.known()).unwrap();
        self.intake.apply_refresh(&refresh, now);
        if let Some(epoch) = self.intake.due_epoch(now) {
            self.intake.open_epoch(EpochCounts::new(epoch, PARAMS), now);
        }
        if self.hears {
            self.intake.hear_relay(&vote_pair(2).public(), now);
        }
        self.intake.tick(now);
        for n in &self.beating {
            let said = reporting(*n, epoch, slot, &[(1, Running)]).beat;
            let beat = if self.serves && *n == 9 { said } else { beat(*n, epoch, slot) };
            let beat = Heartbeat { block_number: quoted.number, block_hash: quoted.hash, ..beat };
            let counted = self.intake.count_beat(&sign(*n, beat), Bringer::Relay, now);
            assert!(counted.is_ok() || !self.intake.is_counting(), "{counted:?}");
        }
        self.slot += 1;
        self.watch.find_silent(&self.intake, now)
    }

    /// Several slots; what was reported, with the slot in which.
    fn run(&mut self, slots: u32) -> Vec<(u32, Vec<u32>)> {
        let mut reports = Vec::new();
        for _ in 0..slots {
            let slot = self.slot;
            if let Some(absence) = self.step() {
                assert_eq!(
                    absence.epoch.0 * PARAMS.slots + absence.slot + 1,
                    PARAMS.slots + slot,
                    "the newest that is over"
                );
                reports.push((slot, absence.licenses.iter().map(|license| license.0).collect()));
            }
        }
        reports
    }
}

/// Slots 0 to 99 with everybody, then without node 9.
fn silenced() -> Sim {
    let mut sim = Sim::new();
    assert!(sim.run(100).is_empty());
    sim.beating = vec![7, 8];
    sim
}

#[test]
fn silent_node_is_reported_after_ninety_slots_and_again_later_over_the_border_of_an_epoch() {
    let mut sim = silenced();
    // Its last beat was for slot 99, so slots 100 to 189 are silent, and 120 is another epoch.
    assert_eq!(sim.run(91), [(100 + ABSENCE_SLOTS, vec![9])]);
    let again = sim.run(40);
    assert!(again.is_empty(), "{again:?}");
    // A new epoch knows nothing of what was said in the one before.
    let again = sim.run(60);
    assert!(again.iter().all(|(_, licenses)| *licenses == [9]) && !again.is_empty(), "{again:?}");
    let epoch = |slot: u32| slot / PARAMS.slots;
    let same = again.windows(2).filter(|pair| epoch(pair[0].0) == epoch(pair[1].0));
    assert!(same.into_iter().all(|pair| pair[1].0 - pair[0].0 >= ABSENCE_SPACING), "{again:?}");
    sim.beating.push(9);
    sim.run(1);
    assert!(sim.run(200).is_empty(), "it is back");
}

#[test]
fn node_is_named_again_in_the_same_epoch_only_after_a_while() {
    let mut sim = Sim::new();
    sim.run(130);
    sim.beating = vec![7];
    let reports: Vec<_> =
        sim.run(300).into_iter().map(|(slot, licenses)| (slot / PARAMS.slots, slot, licenses)).collect();
    assert!(reports.len() >= 3 && reports.iter().all(|(.., licenses)| *licenses == [8, 9]), "{reports:?}");
    for pair in reports.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
        assert!(pair[1].1 - pair[0].1 >= ratio1_heartbeat::absence::REPEAT_SLOTS, "{reports:?}");
    }
}

#[test]
fn report_that_did_not_get_out_is_made_again() {
    let mut sim = silenced();
    assert_eq!(sim.run(91).len(), 1);
    sim.watch.note_failed_report();
    let again = sim.run(ABSENCE_SPACING + 1);
    assert_eq!(again, [(100 + ABSENCE_SLOTS + ABSENCE_SPACING, vec![9])]);
}

#[test]
fn nobody_is_reported_right_after_a_start() {
    let mut sim = Sim::new();
    sim.beating.clear();
    assert!(sim.run(ABSENCE_SLOTS).is_empty());
    assert_eq!(sim.run(2).len(), 1, "after as long as it takes to know");
}

#[test]
fn nobody_is_reported_when_finality_stands_still() {
    let mut sim = silenced();
    sim.finalises = false;
    assert!(sim.run(150).is_empty());
    sim.finalises = true;
    let (resumed, reports) = (sim.slot, sim.run(100));
    assert_eq!(reports.len(), 1);
    assert!(reports[0].0 >= resumed + ABSENCE_SLOTS, "{reports:?}");
}

#[test]
fn nobody_is_reported_when_the_oracle_itself_was_deaf() {
    let mut sim = silenced();
    sim.run(40);
    sim.hears = false;
    sim.run(8);
    sim.hears = true;
    let (resumed, reports) = (sim.slot, sim.run(91));
    assert_eq!(reports.len(), 1);
    assert!(reports[0].0 + 2 >= resumed + ABSENCE_SLOTS, "{reports:?}");
}

#[test]
fn nobody_is_reported_while_and_after_the_node_syncs() {
    let mut sim = silenced();
    sim.chain.blocks.set_syncing(true);
    assert!(sim.run(100).is_empty());
    sim.chain.blocks.set_syncing(false);
    assert!(sim.run(ABSENCE_SLOTS).is_empty());
}

#[test]
fn node_is_not_reported_when_its_service_or_its_link_is_new_or_over() {
    // Node 8 is silent too, but its service was accepted, or ended, or its license was linked, lately.
    let changes: [fn(&FakeChain, u64); 4] = [
        |chain, now| chain.serve(&[ratio1_primitives::jobs::ServiceTerm { from: now, ..term(0, 8, 0) }, term(1, 9, 1)]),
        |chain, now| {
            chain.serve(&[ratio1_primitives::jobs::ServiceTerm { until: Some(now), ..term(0, 8, 0) }, term(1, 9, 1)])
        },
        |chain, _| chain.serve(&[term(1, 9, 1)]),
        |chain, _| {
            let mut state = chain.state.lock();
            state.admitted.retain(|(license, _)| *license != LicenseId(8));
            state.admitted.push((LicenseId(8), node_id(88)));
            state.revision += 1;
        },
    ];
    for (case, change) in changes.iter().enumerate() {
        let mut sim = silenced();
        sim.beating = vec![7];
        sim.run(60);
        change(&sim.chain, moment(sim.slot));
        let reports = sim.run(60);
        assert_eq!(reports, [(100 + ABSENCE_SLOTS, vec![9])], "{case}");
    }
}

/// A service of node 9 accepted in slot 10, while finality stands still from slot 6 to slot 66.
#[test]
fn service_that_became_final_late_is_not_held_against_its_node() {
    let mut sim = Sim::new();
    sim.chain.serve(&[]);
    sim.run(7);
    sim.finalises = false;
    sim.run(59);
    let accepted = ratio1_primitives::jobs::ServiceTerm { from: moment(10), ..term(1, 9, 1) };
    sim.finalises = true;
    sim.chain.serve(&[accepted]);
    let known = moment(sim.slot);
    sim.run(1);
    let expected = sim.intake.running().known(&accepted).unwrap();
    assert!(expected >= known && expected <= known + 60 * 500, "{expected} {known}");
    sim.run(3);
    sim.serves = true;
    sim.run(51);
    // It is measured from then on, and what it did not run before costs it nothing.
    let bytes = |sim: &Sim| {
        let seats = vec![seat(1)].try_into().unwrap();
        let frozen = Frozen { seats, licenses: 10, services: 2, params: PARAMS, gaps: Default::default() };
        let closed = sim.intake.closed();
        service_bytes(&*sim.chain, hash(1), &CLOCK, closed.last().unwrap(), &frozen).unwrap()
    };
    assert_eq!(bytes(&sim), [0, 255]);
    // In the next one it is expected from the beginning.
    sim.run(60);
    sim.serves = false;
    sim.run(60);
    let byte = bytes(&sim)[1];
    assert!((130..150).contains(&byte), "61 of 112: {byte}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn report_is_signed_by_the_vote_key_and_reaches_the_sink() {
    let dir = tempfile::tempdir().unwrap();
    let mut world = World::new(1, &[1, 9], &[1, 2]);
    world.chain.serve(&[term(1, 9, 1)]);
    world.clock.set(at(1, 0));
    world.me = 1;
    let worker = Worker::start(&world, dir.path()).await;
    for slot in 0..118 {
        world.clock.set(at(1, slot));
        world.chain.blocks.finalise(101 + slot);
        let (relay, to) = (vote_pair(2).public(), vote_pair(1).public());
        let bytes = seal(&FakeKeys(2), GENESIS, &relay, &to, at(1, slot), &[]).unwrap();
        let from = Source([3; 32]);
        while worker.handles.batches.try_send(InboundBatch { from, bytes: bytes.clone() }).is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        until("heard", || world.metrics.batches.load(Ordering::SeqCst) > u64::from(slot)).await;
    }
    until("a report", || !world.absences.taken.lock().is_empty()).await;
    let report = world.absences.taken.lock()[0].clone();
    assert_eq!(report.absence.licenses.to_vec(), [LicenseId(9)]);
    assert_eq!((report.absence.epoch, report.voter.clone()), (EpochIndex(1), vote_pair(1).public()));
    assert!(report.absence.is_signed_by(&report.voter, GENESIS, &report.signature));
    worker.stop().await;
}
