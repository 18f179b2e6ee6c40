//! Who may declare what, and when.

use super::*;
use codec::Encode;
use frame_support::pallet_prelude::{InvalidTransaction, TransactionValidityError};
use ratio1_primitives::NodeSignature;
use sp_runtime::traits::Dispatchable;

/// The code of a refusal, and what the view function says; they must agree.
fn assert_refused(license: LicenseId, profile: &NodeProfile, error: E) {
    let sequence = Nodes::next_sequence(license);
    assert_eq!(declare(license, profile), Err(error.encode()[0]));
    assert_eq!(Nodes::can_declare(license, sequence, profile.clone()), Err(error.into()));
}

fn rejected(license: LicenseId, sequence: u32, profile: &NodeProfile, signature: NodeSignature) -> u8 {
    match send(license, sequence, profile, signature) {
        Err(TransactionValidityError::Invalid(InvalidTransaction::Custom(code))) => code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn codes_of_refusals_are_those_documented() {
    let errors = [
        E::NotLinked,
        E::NotAdmitted,
        E::NotANodeDeed,
        E::WrongSequence,
        E::TooSoon,
        E::CapacityOutOfBounds,
        E::GpuMismatch,
        E::BadTags,
        E::BelowReserved,
        E::Unchanged,
        E::BadSignature,
        E::NoRoom,
    ];
    assert_eq!(errors.map(|error| error.encode()[0]), core::array::from_fn(|index| index as u8));
}

#[test]
fn declaration_is_stored_when_all_is_well() {
    run(|| {
        let offered = profile(capacity(4_000, 8_192, 100, 2), Some(Gpu::High), &["a-1", "ssd"]);
        assert_eq!(Nodes::can_declare(DEED, 1, offered.clone()), Ok(()));
        let valid = send(DEED, 1, &offered, sign(2, DEED, 1, &offered)).unwrap();
        assert_eq!(valid.provides, [("ratio1/nodes/declare", (DEED, 1u32)).encode()]);
        assert_eq!((valid.priority, valid.longevity, valid.propagate), (1, 64, true));
        let declared =
            Declared { node: node(2), profile: offered.clone(), since: 1, epoch: EpochIndex(1), before: None };
        assert_eq!(crate::Profiles::<Test>::get(DEED), Some(declared.clone()));
        assert_eq!(Nodes::next_sequence(DEED), 2);
        let info = Nodes::node_info(DEED);
        assert_eq!((info.declared, info.free), (Some(declared), offered.capacity));
        assert_eq!(events(), [Event::Declared { license: DEED, node: node(2), sequence: 1, profile: offered }]);
    });
}

#[test]
fn call_is_refused_when_its_origin_is_not_authorised() {
    run(|| {
        let signature = sign(2, DEED, 1, &plain(1));
        for origin in [RuntimeOrigin::root(), RuntimeOrigin::none(), RuntimeOrigin::signed([2; 32].into())] {
            assert_noop!(Nodes::declare(origin, DEED, 1, plain(1), signature), DispatchError::BadOrigin);
        }
    });
}

#[test]
fn call_is_judged_again_when_its_origin_was_made_up() {
    run(|| {
        let call: RuntimeCall = crate::Call::declare {
            license: DEED,
            sequence: 2,
            profile: plain(1),
            signature: sign(2, DEED, 2, &plain(1)),
        }
        .into();
        let refused = call.dispatch(frame_system::RawOrigin::Authorized.into()).unwrap_err();
        assert_eq!(refused.error, E::WrongSequence.into());
    });
}

#[test]
fn declaration_is_refused_when_the_license_is_not_linked() {
    run(|| {
        assert_eq!(Nodes::can_declare(LicenseId(5), 1, plain(1)), Err(E::NotLinked.into()));
        Deeds::link(DEED, None);
        assert_refused(DEED, &plain(1), E::NotLinked);
    });
}

#[test]
fn declaration_is_refused_when_the_owner_is_not_in_good_standing() {
    run(|| {
        Deeds::fall(DEED);
        assert_refused(DEED, &plain(1), E::NotAdmitted);
    });
}

#[test]
fn declaration_is_refused_when_the_deed_is_no_node_deed() {
    run(|| {
        assert_refused(LicenseId(0), &plain(1), E::NotANodeDeed);
        assert_refused(LicenseId(1), &plain(1), E::NotANodeDeed);
    });
}

#[test]
fn declaration_is_refused_when_its_number_is_not_the_next() {
    run(|| {
        for sequence in [0, 2, u32::MAX] {
            let code = rejected(DEED, sequence, &plain(1), sign(2, DEED, sequence, &plain(1)));
            assert_eq!(code, E::WrongSequence.encode()[0]);
            assert_eq!(Nodes::can_declare(DEED, sequence, plain(1)), Err(E::WrongSequence.into()));
        }
        // Numbers that are used up do not begin again.
        crate::Sequence::<Test>::insert(DEED, u32::MAX);
        for sequence in [0, 1, u32::MAX] {
            assert_eq!(Nodes::can_declare(DEED, sequence, plain(1)), Err(E::WrongSequence.into()));
        }
    });
}

#[test]
fn signature_does_not_work_again_when_the_license_returns_to_a_node() {
    run(|| {
        let first = sign(2, DEED, 1, &plain(1));
        send(DEED, 1, &plain(1), first).unwrap();
        Deeds::link(DEED, Some(node(9)));
        epochs(1);
        assert_ok!(declare(DEED, &plain(2)));
        Deeds::link(DEED, Some(node(2)));
        epochs(1);
        assert_eq!(rejected(DEED, 1, &plain(1), first), E::WrongSequence.encode()[0]);
    });
}

#[test]
fn declaration_is_refused_when_one_was_made_in_the_epoch() {
    run(|| {
        assert_ok!(declare(DEED, &plain(1)));
        assert_refused(DEED, &plain(2), E::TooSoon);
        Deeds::link(DEED, Some(node(9)));
        assert_refused(DEED, &plain(2), E::TooSoon);
        epochs(1);
        assert_ok!(declare(DEED, &plain(2)));
    });
}

#[test]
fn declaration_is_refused_when_the_capacity_is_beyond_the_most() {
    run(|| {
        let most = Capacity::MOST;
        let beyond = [
            Capacity { cpu_milli: most.cpu_milli + 1, ..most },
            Capacity { memory_mib: most.memory_mib + 1, ..most },
            Capacity { disk_gib: most.disk_gib + 1, ..most },
            Capacity { gpus: most.gpus + 1, ..most },
        ];
        for capacity in beyond {
            assert_refused(DEED, &profile(capacity, Some(Gpu::Entry), &[]), E::CapacityOutOfBounds);
        }
        assert_ok!(declare(DEED, &profile(most, Some(Gpu::Entry), &[])));
    });
}

#[test]
fn declaration_is_refused_when_gpus_and_their_class_do_not_match() {
    run(|| {
        assert_refused(DEED, &profile(capacity(1, 1, 1, 0), Some(Gpu::Entry), &[]), E::GpuMismatch);
        assert_refused(DEED, &profile(capacity(1, 1, 1, 1), None, &[]), E::GpuMismatch);
    });
}

#[test]
fn declaration_is_refused_when_tags_are_bad() {
    run(|| {
        let bad: [&[&str]; 6] = [&[""], &["A"], &["a_b"], &["b", "a"], &["a", "a"], &["a", "b", "\u{e9}"]];
        for tags in bad {
            assert_refused(DEED, &profile(capacity(1, 1, 1, 0), None, tags), E::BadTags);
        }
        let good = ["-", "0", "01234567890123456789012345678901", "a", "a-b", "aa", "b", "z"];
        assert_ok!(declare(DEED, &profile(capacity(1, 1, 1, 0), None, &good)));
    });
}

#[test]
fn declaration_is_refused_when_it_is_below_what_is_reserved() {
    run(|| {
        let need = capacity(2_000, 2_048, 20, 0);
        assert_ok!(declare(DEED, &plain(4_000)));
        assert_ok!(Nodes::reserve(DEED, &need));
        epochs(1);
        let less = [
            Capacity { cpu_milli: 1_999, ..need },
            Capacity { memory_mib: 2_047, ..need },
            Capacity { disk_gib: 19, ..need },
            Capacity::default(),
        ];
        for capacity in less {
            assert_refused(DEED, &profile(capacity, None, &[]), E::BelowReserved);
        }
        assert_ok!(declare(DEED, &profile(need, None, &[])));
        assert_eq!(Nodes::node_info(DEED).free, Capacity::default());
    });
}

#[test]
fn class_of_gpus_is_fixed_while_gpus_are_reserved() {
    run(|| {
        let offered = |gpus, gpu| profile(capacity(4_000, 4_000, 40, gpus), gpu, &[]);
        let need = capacity(1_000, 1_000, 10, 1);
        assert_ok!(declare(DEED, &offered(2, Some(Gpu::Med))));
        assert_ok!(Nodes::reserve(DEED, &Capacity { gpus: 0, ..need }));
        epochs(1);
        // Only slots with a GPU bind it.
        assert_ok!(declare(DEED, &offered(2, Some(Gpu::High))));
        assert_ok!(Nodes::reserve(DEED, &need));
        epochs(1);
        assert_refused(DEED, &offered(2, Some(Gpu::Med)), E::BelowReserved);
        assert_refused(DEED, &offered(2, Some(Gpu::Ultra)), E::BelowReserved);
        assert_refused(DEED, &offered(0, None), E::BelowReserved);
        assert_ok!(declare(DEED, &offered(1, Some(Gpu::High))));
        Nodes::free(DEED, &need);
        epochs(1);
        assert_ok!(declare(DEED, &offered(0, None)));
    });
}

#[test]
fn declaration_is_refused_when_it_changes_nothing() {
    run(|| {
        assert_ok!(declare(DEED, &plain(1)));
        epochs(1);
        assert_refused(DEED, &plain(1), E::Unchanged);
        // For another node the same is something new.
        Deeds::link(DEED, Some(node(9)));
        assert_ok!(declare(DEED, &plain(1)));
    });
}

#[test]
fn declaration_is_refused_when_it_is_not_signed_by_the_linked_node_for_just_this() {
    run(|| {
        let offered = plain(1);
        let other_chain = {
            use ratio1_primitives::{keys::profile_payload, Hash};
            use sp_core::Pair;
            pair(2).sign(&profile_payload(Hash::zero(), DEED, 1, &offered)).into()
        };
        let wrong = [
            sign(3, DEED, 1, &offered),
            sign(2, LicenseId(3), 1, &offered),
            sign(2, DEED, 2, &offered),
            sign(2, DEED, 1, &plain(2)),
            NodeSignature::from([0; 64]),
            other_chain,
        ];
        for signature in wrong {
            assert_eq!(rejected(DEED, 1, &offered, signature), E::BadSignature.encode()[0]);
        }
        // The view function asks for no signature.
        assert_eq!(Nodes::can_declare(DEED, 1, offered.clone()), Ok(()));
        send(DEED, 1, &offered, sign(2, DEED, 1, &offered)).unwrap();
    });
}

#[test]
fn cheaper_refusals_go_before_dearer_ones() {
    run(|| {
        // Everything is wrong with it; one after the other is mended.
        Deeds::link(DEED, None);
        Deeds::fall(DEED);
        let bad = profile(capacity(u32::MAX, 0, 0, 0), Some(Gpu::Entry), &["B"]);
        let none = NodeSignature::from([0; 64]);
        let code = |error: E| error.encode()[0];
        assert_eq!(rejected(DEED, 9, &bad, none), code(E::NotLinked));
        Deeds::link(DEED, Some(node(2)));
        assert_eq!(rejected(DEED, 9, &bad, none), code(E::NotAdmitted));
        assert_eq!(rejected(LicenseId(1), 9, &bad, none), code(E::NotANodeDeed));
        let deed = LicenseId(3);
        assert_eq!(rejected(deed, 9, &bad, none), code(E::WrongSequence));
        assert_ok!(declare(deed, &plain(1_000)));
        assert_ok!(Nodes::reserve(deed, &capacity(500, 0, 0, 0)));
        assert_eq!(rejected(deed, 2, &bad, none), code(E::TooSoon));
        epochs(1);
        assert_eq!(rejected(deed, 2, &bad, none), code(E::CapacityOutOfBounds));
        assert_eq!(rejected(deed, 2, &profile(capacity(1, 0, 0, 0), bad.gpu, &["B"]), none), code(E::GpuMismatch));
        assert_eq!(rejected(deed, 2, &profile(capacity(1, 0, 0, 0), None, &["B"]), none), code(E::BadTags));
        assert_eq!(rejected(deed, 2, &plain(1), none), code(E::BelowReserved));
        assert_eq!(rejected(deed, 2, &plain(1_000), none), code(E::Unchanged));
        assert_eq!(rejected(deed, 2, &plain(1_001), none), code(E::BadSignature));
    });
}

#[test]
fn offer_is_what_held_in_the_block() {
    run(|| {
        assert_eq!(Nodes::offer(DEED, &node(2), u32::MAX), None);
        System::set_block_number(10);
        assert_ok!(declare(DEED, &plain(1)));
        epochs(1);
        assert_ok!(declare(DEED, &plain(2)));
        let offer = |at| Nodes::offer(DEED, &node(2), at).map(|profile| profile.capacity.cpu_milli);
        assert_eq!([9, 10, 19, 20, 21].map(offer), [None, Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(Nodes::offer(DEED, &node(3), 21), None);
        // Of three, the first is no longer known.
        epochs(1);
        assert_ok!(declare(DEED, &plain(3)));
        assert_eq!([10, 19, 20, 29, 30].map(offer), [None, None, Some(2), Some(2), Some(3)]);
    });
}

#[test]
fn what_was_declared_is_forgotten_when_another_node_declares() {
    run(|| {
        assert_ok!(declare(DEED, &plain(1)));
        epochs(1);
        assert_ok!(declare(DEED, &plain(2)));
        Deeds::link(DEED, Some(node(9)));
        assert_eq!(Nodes::offer(DEED, &node(9), u32::MAX), None);
        epochs(1);
        assert_ok!(declare(DEED, &plain(3)));
        assert_eq!(crate::Profiles::<Test>::get(DEED).unwrap().before, None);
        assert_eq!(Nodes::offer(DEED, &node(9), 21), Some(plain(3)));
        assert_eq!(Nodes::offer(DEED, &node(9), 20), None);
        assert_eq!(Nodes::offer(DEED, &node(2), 21), None);
    });
}
