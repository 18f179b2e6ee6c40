//! Offers: accepting, and letting them lapse.

use super::*;
use frame_support::traits::Authorize;
use ratio1_primitives::jobs::{BARRED_EPOCHS, MAX_SERVICES, MAX_SLOTS_PER_NODE};
use sp_runtime::{traits::Dispatchable, transaction_validity::TransactionSource};

fn refused(call: RuntimeCall, error: E) {
    let root = sp_io::storage::root(sp_runtime::StateVersion::V1);
    assert_eq!(send(call), Err(code(error)));
    assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), root);
}

/// An offer, and to whom.
fn offer() -> (SlotRef, u32, u32) {
    let id = slot(ask(alice(), request()), 0);
    let license = draw(id);
    (id, license, System::block_number())
}

#[test]
fn node_accepts_its_offer() {
    run(5, || {
        let (id, license, at) = offer();
        blocks(3);
        assert_eq!(Jobs::can_accept(id), Ok(()));
        let before = money(&alice(), &operator(license));
        let valid = send(sign_accept(id, license, at, license)).unwrap();
        assert_eq!(valid.priority, u64::MAX - 1, "below votes alone");
        assert_eq!(valid.longevity, 64);
        assert!(valid.propagate);
        assert_eq!(valid.provides.len(), 1);
        assert!(valid.provides[0].ends_with(&codec::Encode::encode(&(b"accept", id, at))));
        assert!(valid.requires.is_empty());
        assert_eq!(money(&alice(), &operator(license)), before);
        let index = index_of(id);
        let ends = e(FIRST + 10);
        let (license, payee) = (LicenseId(license), operator(license));
        has_event(Event::Accepted { slot: id, license, payee: payee.clone(), index, ends });
        let now = Now::get();
        let stored = service(index);
        assert_eq!((stored.slot, stored.license, stored.payee.clone()), (id, license, payee));
        assert_eq!((stored.accepted, stored.expected), (now, now + 15_000));
        assert_eq!((stored.first, stored.ends), (e(FIRST), ends));
        assert_eq!((stored.leaving, stored.left, stored.counts), (false, None, true));
        assert_eq!((stored.recent.len(), stored.released), (0, 0));
        let stored = slot_of(id);
        assert_eq!((stored.started, stored.ends()), (Some(e(FIRST)), ends));
        assert_eq!(stored.services.to_vec(), vec![index]);
        assert_eq!(stored.held, 10 * PRICE + DRAWS);
        assert_eq!(states(id.job), vec![JobState::Running]);
        assert!(Deadlines::<Test>::iter().next().is_none(), "no deadline is left");
        assert_eq!(Assigned::<Test>::iter_prefix(license).map(|(id, ())| id).collect::<Vec<_>>(), vec![id]);
    });
}

#[test]
fn accept_is_refused_when_it_is_not_this_offers() {
    run(5, || {
        let (id, license, at) = offer();
        let other = (license + 1) % 5;
        refused(sign_accept(SlotRef { job: JobId(77), slot: 0 }, license, at, license), E::UnknownJob);
        refused(sign_accept(slot(id.job, 1), license, at, license), E::UnknownSlot);
        assert_eq!(Jobs::can_accept(slot(JobId(77), 0)), Err(E::UnknownJob.into()));
        assert_eq!(Jobs::can_accept(slot(id.job, 1)), Err(E::UnknownSlot.into()));
        // By another node, for another license, block, slot, chain, purpose.
        refused(sign_accept(id, license, at, other), E::BadSignature);
        refused(sign_accept(id, other, at, other), E::BadSignature);
        refused(sign_accept(id, license, at - 1, license), E::BadSignature);
        refused(sign_accept(id, license, at + 1, license), E::BadSignature);
        let sign = |payload: Vec<u8>| key::sign(license, &payload);
        let genesis = genesis_hash();
        for payload in [
            ratio1_primitives::keys::accept_payload([9; 32].into(), LicenseId(license), id, at),
            ratio1_primitives::keys::accept_payload(genesis, LicenseId(license), slot(id.job, 1), at),
            ratio1_primitives::keys::resign_payload(genesis, LicenseId(license), id, 0, u64::from(at)),
            Vec::new(),
        ] {
            refused(Call::accept { slot: id, signature: sign(payload) }.into(), E::BadSignature);
        }
        // Nobody may dispatch it without authorisation.
        let call = sign_accept(id, license, at, license);
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none(), origin(operator(license))] {
            assert_eq!(call.clone().dispatch(origin).unwrap_err().error, DispatchError::BadOrigin);
        }
        send(call.clone()).unwrap();
        refused(call, E::NotOffered);
        assert_eq!(Jobs::can_accept(id), Err(E::NotOffered.into()));
    });
}

mod key {
    use crate::mock::node_pair;
    pub fn sign(key: u32, payload: &[u8]) -> ratio1_primitives::NodeSignature {
        use sp_core::Pair;
        node_pair(key).sign(payload).into()
    }
}

#[test]
fn accept_is_refused_when_nothing_is_offered_yet() {
    run(5, || {
        let id = slot(ask(alice(), request()), 0);
        refused(sign_accept(id, 0, System::block_number(), 0), E::NotOffered);
    });
}

#[test]
fn accept_is_refused_when_the_node_is_not_admitted_any_more() {
    run(5, || {
        let (id, license, at) = offer();
        let call = sign_accept(id, license, at, license);
        fall(license);
        refused(call.clone(), E::NotAdmitted);
        assert_eq!(Jobs::can_accept(id), Err(E::NotAdmitted.into()));
        rise(license);
        Deeds::change(LicenseId(license), |deed| deed.link = None);
        refused(call.clone(), E::NotAdmitted);
        let link = ratio1_primitives::Link { node: node(license), since: e(1) };
        Deeds::change(LicenseId(license), |deed| deed.link = Some(link));
        send(call).unwrap();
    });
}

#[test]
fn accept_is_refused_when_all_indices_are_taken() {
    run(5, || {
        let (id, license, at) = offer();
        let indices = Indices::<Test>::get();
        Indices::<Test>::put(MAX_SERVICES);
        refused(sign_accept(id, license, at, license), E::NoIndex);
        Indices::<Test>::put(indices);
        assert_eq!(accept(id), 0);
    });
}

#[test]
fn offer_stands_to_its_last_block_and_lapses_in_the_next() {
    let accept_blocks = Parameters::default().accept_blocks;
    run(1, || {
        let (id, ..) = offer();
        blocks(accept_blocks);
        accept(id);
    });
    run(1, || {
        let (id, license, at) = offer();
        blocks(accept_blocks);
        // The block in which it is over, without a poll that clears it away.
        PollLimit::set(<() as WeightInfo>::poll());
        next_block();
        if offered(id).is_some() {
            refused(sign_accept(id, license, at, license), E::OfferOver);
        }
        PollLimit::set(Weight::MAX);
        next_block();
        assert_eq!(offered(id), None);
        refused(sign_accept(id, license, at, license), E::NotOffered);
    });
}

#[test]
fn license_that_lets_an_offer_lapse_is_barred_and_the_slot_drawn_again() {
    run(1, || {
        let (id, license, _) = offer();
        let at = running();
        let before = money(&alice(), &operator(license));
        blocks(Parameters::default().accept_blocks + 1);
        has_event(Event::OfferLapsed { slot: id, license: LicenseId(license) });
        assert_eq!(noted(), vec![], "nobody has shown that the slot can be served");
        let waits = Suspect { license: LicenseId(license), outcome: Outcome::Missed, epoch: running() };
        assert_eq!(slot_of(id).trial.suspects.to_vec(), vec![waits]);
        assert_eq!(slot_of(id).state, SlotState::Drawing { draw: 1 });
        assert!(slot_of(id).drawn.is_none() || offered(id).is_none());
        let after = money(&alice(), &operator(license));
        assert_eq!(
            after,
            Money { held: before.held - FEE, burned: before.burned + FEE, ..before },
            "but for another draw"
        );
        let barred_until = BarredUntil::get(license).unwrap();
        assert!(barred_until >= at.plus(BARRED_EPOCHS), "for three epochs");
        // The only license is barred as long as its slot's second draw looks.
        blocks(45);
        assert_eq!(closed(id.job), Some(Closing::Unserved));
        assert_eq!(free(&alice()), FUNDS - 2 * FEE);
        // It is drawn again when that is over.
        run_closing(barred_until.0, &[]);
        blocks(3);
        serve(slot(ask(alice(), request()), 0));
    });
}

#[test]
fn next_offer_goes_to_another_license_and_old_signatures_are_worth_nothing() {
    run(2, || {
        let (id, first, at) = offer();
        blocks(Parameters::default().accept_blocks + 1);
        let second = draw(id);
        assert_ne!(second, first);
        refused(sign_accept(id, first, at, first), E::BadSignature);
        accept(id);
        assert_eq!(server(id), second);
    });
}

#[test]
fn lapsed_offer_moves_no_reputation_when_it_does_not_count() {
    // With an include list.
    run(2, || {
        let mut chosen = request();
        chosen.selectors.include.try_push(LicenseId(0)).unwrap();
        let id = slot(ask(alice(), chosen), 0);
        draw(id);
        blocks(Parameters::default().accept_blocks + 1);
        has_event(Event::OfferLapsed { slot: id, license: LicenseId(0) });
        assert_eq!(noted(), vec![]);
        assert_eq!(BarredUntil::get(0), None, "an invitation keeps nobody from other jobs");
        assert!(slot_of(id).trial.suspects.is_empty());
    });
    // Of the requester's own entity.
    run(1, || {
        attest(&operator(0), 1, b"DE", EntityKind::Company);
        let id = slot(ask(alice(), request()), 0);
        draw(id);
        blocks(Parameters::default().accept_blocks + 1);
        has_event(Event::OfferLapsed { slot: id, license: LicenseId(0) });
        assert_eq!(noted(), vec![]);
    });
}

#[test]
fn many_offers_lapse_in_time_when_they_are_made_in_one_block() {
    run(64, || {
        let job = ask(alice(), JobRequest { nodes: 64, ..request() });
        blocks(10);
        assert!((0..64).all(|n| offered(slot(job, n)).is_some()));
        let offered_at = Polled::<Test>::get() - 5;
        while (0..64).any(|n| offered(slot(job, n)).is_some()) {
            next_block();
        }
        let late = Polled::<Test>::get() - (offered_at + Parameters::default().accept_blocks);
        assert!(late < 10, "{late} blocks late");
        let lapsed = events().into_iter().filter(|event| matches!(event, Event::OfferLapsed { .. })).count();
        assert_eq!((lapsed, noted()), (64, vec![]));
        blocks(50);
        assert_eq!(closed(job), Some(Closing::Unserved));
        assert_eq!(free(&alice()), FUNDS - 2 * 64 * FEE);
    });
}

#[test]
fn node_serves_no_more_slots_than_it_can_report_on() {
    let parameters = Parameters { draw_blocks: 10, ..Default::default() };
    with_parameters(1, parameters).execute_with(|| {
        Checked::set(false);
        Profiles::mutate(0, |declared| {
            declared.as_mut().unwrap().profile.capacity = ratio1_primitives::jobs::Capacity::MOST
        });
        let asked: Vec<JobId> = (0..70).map(|_| ask(alice(), JobRequest { tier: Tier::Micro, ..request() })).collect();
        let mut served = 0;
        for _ in 0..30 {
            next_block();
            for job in &asked {
                let id = slot(*job, 0);
                if Slots::<Test>::contains_key(*job, 0) && offered(id).is_some() {
                    accept(id);
                    served += 1;
                }
            }
        }
        assert_eq!(served, MAX_SLOTS_PER_NODE);
        assert_eq!(asked.iter().filter(|job| closed(**job) == Some(Closing::Unserved)).count(), 6);
        check();
    });
}

#[test]
fn slots_begin_with_their_own_first_acceptance() {
    run(3, || {
        let job = ask(alice(), JobRequest { nodes: 2, epochs: 2, ..request() });
        let (first, second) = (slot(job, 0), slot(job, 1));
        serve(first);
        assert_eq!(states(job), vec![JobState::Degraded]);
        blocks(15);
        assert_eq!(running(), e(FIRST + 1));
        serve(second);
        assert_eq!(states(job), vec![JobState::Degraded, JobState::Running]);
        assert_eq!(slot_of(first).ends(), e(FIRST + 2));
        assert_eq!(slot_of(second).ends(), e(FIRST + 3));
    });
}

#[test]
fn source_of_an_acceptance_does_not_matter() {
    run(1, || {
        let (id, license, at) = offer();
        for source in [TransactionSource::InBlock, TransactionSource::Local, TransactionSource::External] {
            assert!(sign_accept(id, license, at, license).authorize(source).unwrap().is_ok());
        }
    });
}
