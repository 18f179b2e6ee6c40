//! That broken storage is found.

use super::*;

type Break = fn(JobId);

/// A draw of two slots by entity 1, whose seed is known and who finds nobody.
const BREAKS: [(&str, Break); 14] = [
    ("a draw that looks for nothing", |job| change(job, |draw| draw.slots.clear())),
    ("a draw looks for a slot twice", |job| change(job, |draw| draw.slots.try_push(0).unwrap())),
    ("a draw for a slot that needs none", |job| mock::Slots::insert(job, 1, Slot::GivenUp)),
    ("a slot that another draw looks for", |job| mock::Slots::insert(job, 1, Slot::Waits(77))),
    ("a draw of another's slot", |job| Stored::insert(entity(2), job.0, Stored::get(entity(1), job.0).unwrap())),
    ("a draw beyond the last number", |_| NextDraw::<Test>::put(0)),
    ("a draw of the future", |job| change(job, |draw| draw.opened = 1_000_000)),
    ("a draw through more licenses than there are", |job| change(job, |draw| draw.licenses = 1_000)),
    ("a draw that goes past the include list", |job| {
        change(job, |draw| (draw.included, draw.licenses) = (true, 0));
    }),
    ("a draw's seed is not that of its block", |job| change(job, |draw| draw.seed = Some(Hash::zero()))),
    ("a draw beyond its last position", |job| change(job, |draw| draw.position = 1_000_000)),
    ("draws of a block are miscounted", |_| assert!(OpenedAt::<Test>::drain().next().is_some())),
    ("a seed that no draw needs", |_| Seeds::<Test>::insert(1, [[0; 32]; 4])),
    ("what an entity looks for is miscounted", |_| {
        Turns::<Test>::mutate(entity(1), |looking| looking.as_mut().unwrap().slots += 1)
    }),
];

fn change(job: JobId, change: impl FnOnce(&mut Draw)) {
    Stored::mutate(entity(1), job.0, |draw| change(draw.as_mut().unwrap()));
}

#[test]
fn corruption_is_found_when_storage_is_broken() {
    run(5, || {
        (0..5).for_each(|id| Reputations::insert(id, Reputation(0)));
        let job = ask(1, 2);
        blocks(6);
        for (what, corrupt) in BREAKS {
            let run = || {
                corrupt(job);
                TransactionOutcome::Rollback(Ok::<_, DispatchError>(Draws::do_try_state()))
            };
            assert_eq!(with_transaction(run).unwrap(), Err(TryRuntimeError::Other(what)));
        }
    });
}
