//! Calls that are free when they succeed: what is held may be all that somebody has.

use super::*;
use frame_support::{dispatch::CheckIfFeeless, traits::fungible::Mutate};

#[test]
fn cancel_is_free_when_it_succeeds_and_only_then() {
    run(1, || {
        let Served { job, .. } = served(10);
        let call = RuntimeCall::from(Call::cancel { job });
        let free_for = |who: &AccountId| call.is_feeless(&origin(who.clone()));
        let refusal = |who: AccountId| Jobs::can_cancel(who, job).err();
        assert!(!free_for(&bob()) && !call.is_feeless(&RuntimeOrigin::root()));
        assert_eq!(refusal(bob()), Some(E::NotOwner.into()));
        assert!(!RuntimeCall::from(Call::cancel { job: JobId(7) }).is_feeless(&origin(alice())));
        assert!(free_for(&alice()) && refusal(alice()).is_none());
        // Everything that is free is gone.
        let all = frame_support::traits::tokens::Preservation::Expendable;
        assert_ok!(<Balances as Mutate<_>>::transfer(&alice(), &carol(), free(&alice()), all));
        assert!(free_for(&alice()));
        assert_ok!(Jobs::cancel(origin(alice()), job));
        assert!(!free_for(&alice()), "once for each job");
        assert_eq!(refusal(alice()), Some(E::AlreadyCancelled.into()));
        assert!(free(&alice()) > 0);
        run_dry();
        assert_eq!(refusal(alice()), Some(E::JobEnded.into()));
    });
}

#[test]
fn cancel_and_extend_weigh_the_slots_there_are() {
    run(2, || {
        let job = ask(alice(), JobRequest { nodes: 2, ..request() });
        serve_all(job);
        let extended = Jobs::extend(origin(alice()), job, 1, Balance::MAX).unwrap();
        assert_eq!(extended.actual_weight, Some(<() as WeightInfo>::extend(2)));
        let refused = Jobs::cancel(origin(bob()), job).unwrap_err();
        assert_eq!(refused.error, E::NotOwner.into());
        assert_eq!(refused.post_info.actual_weight, Some(<() as WeightInfo>::cancel(2)));
        let cancelled = Jobs::cancel(origin(alice()), job).unwrap();
        assert_eq!(cancelled.actual_weight, Some(<() as WeightInfo>::cancel(2)));
    });
}

#[test]
fn rejection_is_free_when_it_succeeds_and_only_then() {
    run(1, || {
        let Served { id, .. } = served_well(10);
        let call = |epoch| RuntimeCall::from(Call::reject { slot: id, epoch: e(epoch) });
        assert!(call(FIRST + 1).is_feeless(&origin(alice())));
        assert!(!call(FIRST + 1).is_feeless(&origin(bob())));
        assert!(!call(FIRST + 2).is_feeless(&origin(alice())));
        assert_eq!(Jobs::can_reject(alice(), id, e(FIRST + 2)), Err(E::NotSettled.into()));
        // A whole price was earned: that needs nothing of what is free.
        let all = frame_support::traits::tokens::Preservation::Expendable;
        assert_ok!(<Balances as Mutate<_>>::transfer(&alice(), &carol(), free(&alice()), all));
        assert_eq!(Jobs::can_reject(alice(), id, e(FIRST)), Err(E::InsufficientFunds.into()), "the first was shorter");
        assert!(!call(FIRST).is_feeless(&origin(alice())));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
        assert!(!call(FIRST + 1).is_feeless(&origin(alice())));
        check();
    });
}

#[test]
fn rejection_tops_up_less_when_a_part_of_the_epoch_is_released() {
    run(2, || {
        let Served { job, id, index, .. } = served(40);
        let first = server(id);
        run_closing(FIRST + 1, &[]);
        blocks(7);
        absent(first);
        let left = service(index).left.unwrap().at - clock().epoch_start(e(FIRST + 1));
        let (second, _) = served_by_another(id, first);
        let rest = rest_of_epoch();
        assert_eq!(running(), e(FIRST + 1));
        // The first is paid for its part of the epoch; the second's period is not over.
        run_closing(FIRST + 6, &[]);
        assert!(!Services::<Test>::contains_key(index));
        assert_eq!(released(job).len(), 1);
        let before = money(&alice(), &operator(first));
        assert_ok!(Jobs::reject(origin(alice()), id, e(FIRST + 1)));
        let (paid, burned) = (earns(PRICE, left, 255), earns(PRICE, rest, 255));
        let topped = PRICE - paid - burned;
        assert!(topped > 0 && paid > 0);
        has_event(Event::Rejected { slot: id, epoch: e(FIRST + 1), burned, topped });
        let after = money(&alice(), &operator(first));
        assert_eq!(before.free - after.free, topped);
        assert_eq!(after.burned - before.burned, burned + topped + FEE, "and the next draw");
        assert!(service(second).left.is_some());
        run_dry();
    });
}
