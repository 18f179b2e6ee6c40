//! Nodes that went silent lose their slots when enough oracles say so, and by no fewer.

use super::*;
use codec::Encode;
use frame_support::traits::Authorize;
use ratio1_primitives::{
    apbft,
    api::{Absence, MAX_ABSENT},
    ballot::Seat,
    clock::{ABSENCE_SLOTS, ABSENCE_SPACING},
};
use sp_core::Pair;
use sp_runtime::{
    traits::Dispatchable,
    transaction_validity::{TransactionSource, TransactionValidityError, ValidTransaction},
};

/// The beat slot of this block.
fn now() -> u32 {
    let clock = Availability::clock_info();
    clock.clock.unwrap().slot_at(clock.current, Now::get(), &clock.params).unwrap()
}

fn says(licenses: &[u32]) -> Absence {
    let licenses = licenses.iter().copied().map(LicenseId).collect::<Vec<_>>().try_into().unwrap();
    Absence { epoch: Availability::current(), slot: now(), licenses }
}

fn report(i: u8, absence: Absence) -> Call<Test> {
    let voter = pair(i).public();
    let signature = pair(i).sign(&absence.payload(Availability::genesis_hash(), &voter));
    Call::report_absence { voter, absence, signature }
}

/// As a transaction: authorise, then dispatch.
fn send(call: Call<Test>) -> Result<ValidTransaction, TransactionValidityError> {
    let call = RuntimeCall::from(call);
    let (valid, _) = call.authorize(TransactionSource::External).unwrap()?;
    call.dispatch(frame_system::RawOrigin::Authorized.into()).expect("an authorised report succeeds");
    Availability::do_try_state().unwrap();
    Ok(valid)
}

#[track_caller]
fn refused(call: Call<Test>, error: E) {
    let before = sp_io::storage::root(sp_runtime::StateVersion::V1);
    let Call::report_absence { voter, absence, signature } = call.clone() else { unreachable!("a report") };
    let view = Availability::can_report_absence(voter, absence, signature).unwrap_err();
    let sp_runtime::DispatchError::Module(module) = view else { panic!("{view:?}") };
    assert_eq!(module.error[0], error.encode()[0], "{module:?}");
    assert_eq!(send(call).unwrap_err(), refusals::code(error));
    assert_eq!(sp_io::storage::root(sp_runtime::StateVersion::V1), before, "a refusal changed the state");
}

/// A chain of `oracles` in the middle of epoch 2, where these licenses have slots.
fn with_work(oracles: u8, working: &[u32], test: impl FnOnce()) {
    at_first_round(oracles, 1_000, || {
        Working::set(working.iter().copied().map(LicenseId).collect());
        blocks(8);
        test();
        Availability::do_try_state().unwrap();
    });
}

fn moved() -> Vec<u32> {
    Moved::get().iter().map(|license| license.0).collect()
}

#[test]
fn slots_move_when_a_quorum_of_oracles_says_that_the_node_is_silent() {
    for oracles in [1u8, 2, 3, 4, 7, 10, 31, 100] {
        with_work(oracles, &[7, 9], || {
            let needed = apbft::quorum(oracles.into()) as u8;
            for i in 0..needed - 1 {
                send(report(i, says(&[7]))).unwrap();
            }
            block();
            assert_eq!(moved(), [] as [u32; 0], "{oracles}");
            send(report(needed - 1, says(&[7, 9]))).unwrap();
            assert!(events().contains(&Event::NodeAbsent { epoch: e(2), license: LicenseId(7) }));
            block();
            // Of the other one said so.
            assert_eq!(moved(), if oracles == 1 { vec![7, 9] } else { vec![7] }, "{oracles}");
            assert!(Absentees::<Test>::get().is_empty());
        });
    }
}

/// What faulty oracles can do: report everybody, as often as they may, for a whole epoch, while every honest one is
/// silent, or all but one mistaken.
#[test]
fn nobody_is_removed_when_only_the_faulty_say_so() {
    for oracles in [4u8, 7, 10, 31, 100] {
        let f = apbft::faults(oracles.into()) as u8;
        let everybody: Vec<u32> = (0..500).collect();
        with_work(oracles, &everybody, || {
            let mut taken = 0u32;
            run_to_epoch(3);
            for _ in 0..60 {
                for i in 0..f {
                    taken += u32::from(send(report(i, says(&everybody))).is_ok());
                }
                if Availability::current() == e(3) {
                    block();
                }
            }
            // Four times in the hundred and twenty slots of an epoch; twice in that which began.
            assert!(taken >= 4 * u32::from(f) && taken <= 6 * u32::from(f), "{oracles}: {taken}");
            // As many honest oracles as may be mistaken, or cut off, are not enough with them.
            let mistaken = apbft::quorum(oracles.into()) as u8 - 1 - f;
            (f..f + mistaken).for_each(|i| assert!(send(report(i, says(&everybody))).is_ok()));
            blocks(5);
            assert_eq!(moved(), [] as [u32; 0], "{oracles} oracles");
        });
    }
}

#[test]
fn what_an_oracle_said_counts_for_two_periods_when_others_are_slower() {
    // Slots 0 to 239 of an epoch of two minutes, of which a period has 90.
    let slow = |later: u32| {
        let mut gone = vec![];
        new_test_ext(4, 10).execute_with(|| {
            EpochLength::<Test>::put(4 * EPOCH_MS);
            while Availability::current() < e(1) {
                block();
            }
            Working::set([LicenseId(7)].into());
            blocks(7);
            let first = now();
            assert_eq!(first, 42);
            (0..2).for_each(|i| assert!(send(report(i, says(&[7]))).is_ok()));
            while now() < first + later {
                block();
            }
            send(report(2, says(&[7]))).unwrap();
            block();
            gone = moved();
        });
        gone
    };
    assert_eq!(slow(30), [7]);
    assert_eq!(slow(2 * ABSENCE_SLOTS - 48), [7], "slot 174 is in the period after");
    assert_eq!(slow(2 * ABSENCE_SLOTS), [] as [u32; 0], "slot 222 is in the one after that");
}

#[test]
fn what_was_said_goes_with_the_epoch() {
    with_work(4, &[7], || {
        (0..2).for_each(|i| assert!(send(report(i, says(&[7]))).is_ok()));
        assert_eq!(Silences::<Test>::iter().count(), 1);
        run_to_epoch(3);
        send(report(2, says(&[7]))).unwrap();
        blocks(2);
        assert_eq!((moved(), Silences::<Test>::iter().count()), (vec![], 1));
        (0..2).for_each(|i| assert!(send(report(i, says(&[7]))).is_ok(), "it may say so again at once"));
        block();
        assert_eq!((moved(), Silences::<Test>::iter().count()), (vec![7], 0));
    });
}

#[test]
fn report_is_refused_when_it_does_not_belong() {
    with_work(4, &[7], || {
        let good = says(&[7]);
        let altered = |change: &dyn Fn(&mut Absence)| {
            let mut absence = good.clone();
            change(&mut absence);
            report(0, absence)
        };
        refused(altered(&|a| a.licenses = Default::default()), E::NobodyNamed);
        refused(report(0, says(&[7, 7])), E::NamedOutOfOrder);
        refused(report(0, says(&[8, 7])), E::NamedOutOfOrder);
        refused(altered(&|a| a.epoch = e(1)), E::EpochNotRunning);
        refused(altered(&|a| a.epoch = e(3)), E::EpochNotRunning);
        refused(altered(&|a| a.slot += ABSENCE_SPACING + 1), E::SlotNotNow);
        refused(altered(&|a| a.slot -= ABSENCE_SPACING + 1), E::SlotNotNow);
        refused(altered(&|a| a.slot = u32::MAX), E::SlotNotNow);
        refused(report(4, good.clone()), E::NotActive);
        // Signed by another, for another chain, or of something else.
        let voter = pair(0).public();
        let signed = |signature| Call::report_absence { voter: voter.clone(), absence: good.clone(), signature };
        let payload = good.payload(Availability::genesis_hash(), &voter);
        refused(signed(pair(1).sign(&payload)), E::BadReportSignature);
        refused(signed(pair(0).sign(&good.payload(sp_core::H256::repeat_byte(9), &voter))), E::BadReportSignature);
        refused(signed(pair(0).sign(&says(&[8]).payload(Availability::genesis_hash(), &voter))), E::BadReportSignature);
        Oracles::set_barred([account(0)]);
        refused(report(0, good.clone()), E::NotActive);
        Oracles::set_barred::<ratio1_primitives::AccountId>([]);
        send(report(0, good.clone())).unwrap();
        refused(report(0, good.clone()), E::ReportedLately);
        blocks(4);
        refused(report(0, says(&[7])), E::ReportedLately);
        block();
        send(report(0, says(&[7]))).unwrap();
    });
}

#[test]
fn oracle_reports_with_the_key_it_has_now_and_only_where_it_was_active_from_the_beginning() {
    with_work(4, &[7], || {
        Oracles::set_active([seat(0), seat(1), Seat { vote_key: pair(9).public(), ..seat(2) }, seat(5)]);
        refused(report(2, says(&[7])), E::NotActive);
        refused(report(5, says(&[7])), E::NotActive);
        refused(report(3, says(&[7])), E::NotActive);
        for i in [0, 1, 9] {
            send(report(i, says(&[7]))).unwrap();
        }
        block();
        assert_eq!(moved(), [7]);
    });
}

/// Nodes come back one after another after an outage: none of them is called absent for it.
#[test]
fn report_is_refused_when_the_chain_stood_still_within_its_slots() {
    with_work(4, &[7], || {
        send(report(0, says(&[7]))).unwrap();
        Now::mutate(|now| *now += 60_000);
        block();
        refused(report(1, says(&[7])), E::AfterOutage);
        // Fifteen seconds of allowance and 45 for as many slots as are meant.
        let until = LastOutage::<Test>::get().unwrap().until;
        let mut waited = 0;
        while send(report(1, says(&[7]))).is_err() {
            block();
            waited += 1;
        }
        assert!(waited >= 19 && Now::get() + 500 >= until + 45_000, "{waited} blocks");
    });
}

#[test]
fn licenses_without_slots_are_passed_over_when_they_are_reported() {
    with_work(1, &[7], || {
        send(report(0, says(&[1, 7, 999]))).unwrap();
        let oracle = account(0);
        let slot = now();
        assert!(events().contains(&Event::AbsenceReported { epoch: e(2), oracle, slot, licenses: 1 }));
        block();
        assert_eq!((moved(), Silences::<Test>::iter().count()), (vec![7], 0));
    });
}

#[test]
fn absent_nodes_wait_when_a_block_has_no_room_and_no_word_is_lost_when_too_many_do() {
    let many: Vec<u32> = (0..MAX_ABSENT).collect();
    with_work(1, &(0..600).collect::<Vec<_>>(), || {
        send(report(0, says(&many))).unwrap();
        assert_eq!(Absentees::<Test>::get().len(), MAX_ABSENTEES as usize);
        blocks(5);
        let first = moved();
        // A quarter of a second, and each takes 45 milliseconds.
        assert!(first.len() > 5 && first.len() <= 30, "{}", first.len());
        assert_eq!(first, many[..first.len()]);
        // More than find room.
        let (mut more, room) = (many[first.len()..].to_vec(), first.len());
        more.truncate(400);
        let fresh: Vec<u32> = (512..600).collect();
        send(report(0, says(&fresh))).unwrap();
        assert_eq!(Absentees::<Test>::get().len(), MAX_ABSENTEES as usize);
        assert!(room < fresh.len());
        blocks(5);
        send(report(0, says(&fresh))).unwrap();
        while !Absentees::<Test>::get().is_empty() {
            block();
        }
        assert!(moved().len() > 512 + room);
    });
}

#[test]
fn one_report_of_an_oracle_is_in_the_pool_whatever_it_names() {
    with_work(4, &[7], || {
        let valid = |i, absence| {
            let call = RuntimeCall::from(report(i, absence));
            call.authorize(TransactionSource::External).unwrap().unwrap().0
        };
        let a = valid(0, says(&[7]));
        let b = valid(0, Absence { slot: now() + 1, ..says(&[8]) });
        assert_eq!(a.provides, b.provides);
        assert_ne!(a.provides, valid(1, says(&[7])).provides);
        assert_eq!((a.priority, a.propagate, a.longevity), (u64::MAX - 1, true, 5));
    });
}

#[test]
fn call_is_refused_when_its_origin_is_not_authorised() {
    with_work(1, &[7], || {
        let call = RuntimeCall::from(report(0, says(&[7])));
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::signed(account(0)), RuntimeOrigin::none()] {
            assert_noop!(call.clone().dispatch(origin).map_err(|e| e.error), sp_runtime::DispatchError::BadOrigin);
        }
    });
}

#[test]
fn what_was_said_is_forgotten_a_little_in_every_block_when_the_epoch_is_over() {
    let everybody: Vec<u32> = (0..MAX_ABSENT).collect();
    with_work(4, &everybody, || {
        send(report(0, says(&everybody))).unwrap();
        assert_eq!(Silences::<Test>::iter().count(), 512);
        run_to_epoch(3);
        blocks(2);
        assert_eq!(Silences::<Test>::iter().count(), 0);
        assert_eq!(SilencesPruned::<Test>::get(), e(3));
    });
}
