//! That broken storage is found.

use super::*;
use crate::{mock::Jobs as Pallet, pallet::Jobs};
use frame_support::{
    storage::with_transaction,
    traits::{fungible::MutateHold, tokens::Precision},
    BoundedVec,
};
use sp_runtime::{TransactionOutcome, TryRuntimeError};

type Break = fn(SlotRef);

/// What is found after `corrupt` broke the storage around a slot; then it is mended.
fn found(corrupt: Break, id: SlotRef) -> TryRuntimeError {
    let run = || {
        corrupt(id);
        TransactionOutcome::Rollback(Ok::<_, DispatchError>(Pallet::do_try_state()))
    };
    // Deeds and oracles are not in the chain's storage.
    let server = LicenseId(server(id));
    let deed = Deeds::state(server).expect("it exists");
    let found = with_transaction(run).expect("it can be rolled back").expect_err("it is found");
    Deeds::change(server, |changed| *changed = deed);
    unbind(server.0);
    found
}

fn change_job(id: SlotRef, change: fn(&mut Job<AccountId>)) {
    Jobs::<Test>::mutate(id.job, |job| change(job.as_mut().expect("there is a job")));
}

fn change_slot(id: SlotRef, change: fn(&mut Slot)) {
    Slots::<Test>::mutate(id.job, id.slot, |slot| change(slot.as_mut().expect("there is a slot")));
}

fn change_service(change: fn(&mut Service<AccountId>)) {
    Services::<Test>::mutate(0, |service| change(service.as_mut().expect("there is a service")));
}

/// The slot is running as service 0; the next one of its job is offered, and one of another job is drawn.
const BREAKS: [(&str, Break); 32] = [
    ("a slot's terms are out of order", |id| change_slot(id, |slot| assert!(slot.append(0, 1)))),
    ("a slot's service is another's", |_| change_service(|service| service.slot.slot = 1)),
    ("a slot holds less than it may have to pay", |id| change_slot(id, |slot| slot.held -= 1)),
    ("a service that runs on no running slot", |_| {
        change_service(|service| service.left = Some(ServiceEnd { at: 1, last: service.first }))
    }),
    ("a service ends without its slot", |_| change_service(|service| service.ends = service.ends.minus(1))),
    ("a slot that no draw looks for", |_| pallet_draws::Draws::<Test>::remove(entity(&bob()), 1)),
    ("a slot with more draws in hand than it can have", |id| change_slot(id, |slot| slot.draws += 1)),
    ("a license is left out of a slot twice", |id| {
        change_slot(id, |slot| (0..2).for_each(|_| slot.leave_out(LicenseId(1), Setback::Failed)))
    }),
    ("an offer that never lapses", |_| assert!(Deadlines::<Test>::drain().next().is_some())),
    ("a deadline of no offer", |id| Deadlines::<Test>::insert(1_000_000, id, ())),
    ("a slot its license misses", |_| assert!(Assigned::<Test>::drain().next().is_some())),
    ("a license has a slot that is not its own", |id| Assigned::<Test>::insert(LicenseId(7_000), id, ())),
    ("a slot of an oracle", |id| bind(server(id))),
    ("a slot of a license that is not linked, or banned", |id| {
        Deeds::change(LicenseId(server(id)), |deed| deed.link = None)
    }),
    ("a slot of another deed than a Node Deed", |id| {
        Deeds::change(LicenseId(server(id)), |deed| deed.class = LicenseClass::Master)
    }),
    ("what is held of an account is not what its slots hold", |_| {
        let released = Balances::release(&HoldReason::Job.into(), &alice(), 1, Precision::Exact);
        assert_eq!(released, Ok(1));
    }),
    ("a job's money does not add up", |id| change_job(id, |job| job.ledger.paid += 1)),
    ("the slots of a job are miscounted", |id| change_job(id, |job| job.running += 1)),
    ("a job's state is not what its slots say", |id| change_job(id, |job| job.state = JobState::Running)),
    ("a request is missing, or outlived its job", |id| Requests::<Test>::remove(id.job)),
    ("a job that its owner does not list", |id| JobsOf::<Test>::remove(alice(), id.job.0.to_be_bytes())),
    ("a service that is not on the agenda", |_| assert!(Agenda::<Test>::drain().next().is_some())),
    ("an entry of the agenda for no service", |_| Agenda::<Test>::insert(EpochIndex(1_000), 77, ())),
    ("an index is lost", |_| Indices::<Test>::put(2)),
    ("a spare index that is in use", |_| {
        Spare::<Test>::insert(0, 0);
        SpareCount::<Test>::put(1);
    }),
    ("an epoch settled that was not served", |_| {
        let period = Period { index: 0, accrued: 0, settled: 1 << 29, rejected: 0 };
        Services::<Test>::mutate(0, |service| {
            let periods = &mut service.as_mut().expect("there is a service").periods;
            assert!(periods.try_push(period).is_ok());
        });
    }),
    ("a license is blamed for nothing", |_| Blamed::<Test>::insert(LicenseId(1), Blames::default())),
    ("a license is blamed for what was covered", |_| {
        let blame = Blame { entity: [1; 32], outcome: Outcome::Failed, epoch: EpochIndex(1) };
        Blamed::<Test>::insert(LicenseId(1), Blames::truncate_from(vec![blame; 2]));
    }),
    ("a slot was served well, and nothing earned", |id| change_slot(id, |slot| slot.trial.fit = true)),
    ("an outcome waits for a slot that is known to be fit", |id| {
        change_slot(id, |slot| {
            let (license, outcome, epoch) = (LicenseId(1), Outcome::Failed, EpochIndex(1));
            (slot.trial.fit, slot.trial.earned) = (true, true);
            slot.trial.suspects = BoundedVec::truncate_from(vec![Suspect { license, outcome, epoch }]);
        })
    }),
    ("a closed epoch is missing, or settled and there", |_| Settled::<Test>::mutate(|cursor| cursor.tail += 1)),
    ("an epoch is closed before it has ended", |_| {
        Pallet::on_finalised(EpochIndex(1_000));
    }),
];

#[test]
fn corruption_is_found_when_storage_is_broken() {
    new_test_ext(8).execute_with(|| {
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        let id = slot(job, 0);
        assert_eq!(serve(id), 0);
        draw(slot(job, 1));
        ask(bob(), request());
        check();
        for (what, corrupt) in BREAKS {
            assert_eq!(found(corrupt, id), TryRuntimeError::Other(what));
        }
        check();
    });
}
