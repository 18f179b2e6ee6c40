//! Time and finality on the real runtime: governance on a network that is slow or stopped, and the way back when more than
//! a third of the oracles' GRANDPA keys are lost (`docs/operate/lost-finality.md`).
//!
//! What only nodes can show: that they follow the forced change, and that finality goes on with the new set.

use crate::common::{
    council::{capture, chain_of, run_delay_at, schedule},
    Person, Shape, Sim,
};
use codec::Decode;
use frame_support::assert_ok;
use pallet_governance::{Parameters, FLOOR_BLOCK_MS};
use ratio1_primitives::LicenseId;
use ratio1_runtime::{Governance, Grandpa, Kyc, Oracles, Runtime, Session, System, SLOT_MS};
use sp_consensus_grandpa::{AuthorityId, ConsensusLog, ScheduledChange, GRANDPA_ENGINE_ID};

/// Slots from one block to the next when finality is lost: nodes hold back, but never longer.
const SLOW: u64 = 4;

/// Sessions of twenty slots: five slow blocks.
fn chain() -> (Sim, Vec<Person>) {
    chain_of(Shape { edges: 3, session_blocks: 20, ..Shape::default() })
}

/// Let governance have a delay of so long.
fn set_delay(sim: &mut Sim, delay_ms: u64) {
    let parameters = Parameters { delay_ms, ..Parameters::default() };
    assert_ok!(sim.as_root(pallet_governance::Call::set_parameters { parameters }.into()));
}

#[test]
fn a_decision_takes_as_long_when_a_block_takes_twelve_seconds() {
    let (mut sim, _) = chain();
    set_delay(&mut sim, 1_200_000);
    let registrar = Person::new("NewRegistrar").id();
    assert_ok!(schedule(&mut sim, pallet_kyc::Call::add_registrar { registrar: registrar.clone() }));
    // Twenty minutes are a hundred blocks of twelve seconds, and were four hundred of them when blocks were counted.
    let blocks = run_delay_at(&mut sim, SLOW);
    assert!((100..=103).contains(&blocks), "{blocks} blocks");
    assert!(sim.ext.execute_with(|| pallet_kyc::Registrars::<Runtime>::contains_key(&registrar)));
    assert!(sim.ext.execute_with(|| Kyc::attestation_of(registrar)).is_none());
}

#[test]
fn a_decision_waits_for_blocks_when_no_block_was_made_for_days() {
    let (mut sim, _) = chain();
    set_delay(&mut sim, 1_200_000);
    let registrar = Person::new("NewRegistrar").id();
    let decide = |sim: &mut Sim| schedule(sim, pallet_kyc::Call::add_registrar { registrar: registrar.clone() });
    assert_ok!(decide(&mut sim));
    // Three days of silence, then a network in health.
    sim.block_after(3 * 24 * 3_600_000 / SLOT_MS, vec![]);
    let blocks = 1 + run_delay_at(&mut sim, 1);
    let floor = (1_200_000 / FLOOR_BLOCK_MS) as u32;
    assert!((floor..=floor + 3).contains(&blocks), "{blocks} blocks");
    // Within them a majority is in time to object.
    assert_ok!(decide(&mut sim));
    sim.block_after(3 * 24 * 3_600_000 / SLOT_MS, vec![]);
    let id = sim.ext.execute_with(|| Governance::pending()[0].id);
    assert_ok!(capture(&mut sim, pallet_governance::Call::cancel { id }));
}

/// The change of GRANDPA's authorities that the last block tells of, and the block that counts as finalised if it is forced.
fn change(sim: &mut Sim) -> Option<(Option<u32>, ScheduledChange<u32>)> {
    let digest = sim.ext.execute_with(System::digest);
    digest.logs().iter().find_map(|log| {
        let (engine, bytes) = log.as_consensus()?;
        if engine != GRANDPA_ENGINE_ID {
            return None;
        }
        match ConsensusLog::<u32>::decode(&mut &bytes[..]).expect("a log of GRANDPA") {
            ConsensusLog::ForcedChange(finalised, change) => Some((Some(finalised), change)),
            ConsensusLog::ScheduledChange(change) => Some((None, change)),
            _ => None,
        }
    })
}

/// Make slow blocks until one tells of a change.
fn run_to_change(sim: &mut Sim) -> (Option<u32>, ScheduledChange<u32>) {
    for _ in 0..40 {
        sim.block_after(SLOW, vec![]);
        if let Some(change) = change(sim) {
            return change;
        }
    }
    panic!("no change of authorities");
}

fn authorities(sim: &mut Sim) -> Vec<AuthorityId> {
    sim.ext.execute_with(Grandpa::grandpa_authorities).into_iter().map(|(key, _)| key).collect()
}

fn keys(change: &ScheduledChange<u32>) -> Vec<AuthorityId> {
    change.next_authorities.iter().map(|(key, _)| key.clone()).collect()
}

/// Two of four oracles lost their GRANDPA keys. One has its account and registers new keys, the other one is removed.
#[test]
fn lost_finality_is_restored_when_governance_replaces_the_lost_keys_and_notes_the_stall() {
    let (mut sim, _) = chain();
    let lost: Vec<_> = sim.oracles[2..].iter().map(|oracle| oracle.grandpa.clone()).collect();
    let lost: Vec<AuthorityId> = lost.iter().map(sp_core::Pair::public).collect();
    assert!(lost.iter().all(|key| authorities(&mut sim).contains(key)));
    let finalised = sim.number;
    for _ in 0..20 {
        sim.block_after(SLOW, vec![]);
    }

    // 1. Who still has its account replaces its keys itself, for nothing and at once.
    let returning = sim.oracles[2].clone();
    assert_ok!(sim.register_new_keys(&returning, LicenseId(3), "//Again").unwrap());
    // 2. Governance decides to remove the other one.
    assert_ok!(schedule(&mut sim, pallet_oracles::Call::remove { license: LicenseId(4) }));
    run_delay_at(&mut sim, SLOW);
    assert_eq!(sim.ext.execute_with(Oracles::oracles).len(), 3);

    // The session after the next one begins with the new set; but what the chain tells GRANDPA then takes effect only once
    // it is final, and the old set makes nothing final any more.
    while sim.ext.execute_with(Session::validators).len() > 3 {
        sim.block_after(SLOW, vec![]);
    }
    let (forced, told) = loop {
        match change(&mut sim) {
            Some(change) => break change,
            None => sim.block_after(SLOW, vec![]),
        };
    };
    assert_eq!(forced, None);
    assert!(keys(&told).iter().all(|key| !lost.contains(key)));

    // 3. Governance notes the stall: the last final block, and a delay shorter than a session.
    let delay = 2;
    let note = pallet_grandpa::Call::note_stalled { delay, best_finalized_block_number: finalised };
    assert_ok!(schedule(&mut sim, note));
    run_delay_at(&mut sim, SLOW);
    let set = sim.ext.execute_with(Grandpa::current_set_id);
    let (forced, told) = run_to_change(&mut sim);
    assert_eq!(forced, Some(finalised), "the next session forces the change");
    assert_eq!(told.delay, delay);
    assert_eq!(keys(&told).len(), 3);
    assert!(keys(&told).iter().all(|key| !lost.contains(key)), "nobody waits for the lost keys any more");
    assert_eq!(sim.ext.execute_with(Grandpa::current_set_id), set + 1);
    for _ in 0..delay {
        sim.block_after(SLOW, vec![]);
    }
    assert_eq!(authorities(&mut sim), keys(&told));
    assert_eq!(sim.ext.execute_with(pallet_grandpa::Stalled::<Runtime>::get), None);

    // From now on a change is an ordinary one again.
    let rotating = sim.oracles[0].clone();
    assert_ok!(sim.register_new_keys(&rotating, LicenseId(1), "//Rotated").unwrap());
    let (forced, _) = run_to_change(&mut sim);
    assert_eq!(forced, None);
}

/// Why the order matters: noted in the same decision, the stall is answered with the set that is lost.
#[test]
fn finality_stays_lost_when_the_stall_is_noted_before_the_new_set_is_queued() {
    let (mut sim, _) = chain();
    let lost = sp_core::Pair::public(&sim.oracles[3].grandpa);
    let note = pallet_grandpa::Call::note_stalled { delay: 2, best_finalized_block_number: sim.number };
    let remove = pallet_oracles::Call::remove { license: LicenseId(4) };
    let both = pallet_utility::Call::batch_all { calls: vec![remove.into(), note.into()] };
    assert_ok!(schedule(&mut sim, both));
    run_delay_at(&mut sim, SLOW);
    let (forced, told) = run_to_change(&mut sim);
    assert!(forced.is_some());
    assert!(keys(&told).contains(&lost));
}
