//! Each helper alone.

use crate::{pool::code, *};
use codec::Encode;
use frame_support::{storage::unhashed, weights::Weight};
use sp_runtime::transaction_validity::{InvalidTransaction, TransactionValidityError};

const KEY: &[u8] = b"key";

fn in_storage(test: impl FnOnce()) {
    sp_io::TestExternalities::default().execute_with(test);
}

#[test]
fn attempt_keeps_what_succeeds_and_rolls_back_what_fails() {
    in_storage(|| {
        let kept: u32 = attempt("support", "a step", || {
            unhashed::put(KEY, &1u32);
            Ok(7)
        });
        assert_eq!((kept, unhashed::get(KEY)), (7, Some(1u32)));
        let failed: u32 = attempt("support", "a step", || {
            unhashed::put(KEY, &2u32);
            Err(DispatchError::Other("it fails"))
        });
        assert_eq!((failed, unhashed::get(KEY)), (0, Some(1u32)));
    });
}

/// A pallet's error with a nested one, whose index must not be taken for the code.
#[derive(Encode)]
enum Error {
    #[codec(index = 3)]
    Plain,
    #[codec(index = 9)]
    Nested(u8),
}

#[test]
fn refusal_carries_the_index_of_the_variant() {
    assert_eq!((code(Error::Plain), code(Error::Nested(5)), code(())), (3, 9, u8::MAX));
    let custom = |code| TransactionValidityError::Invalid(InvalidTransaction::Custom(code));
    assert_eq!(refusal(Error::Nested(5)), custom(9));
}

#[test]
fn authorized_calls_differ_in_the_pool_by_call_and_by_tag() {
    let valid = |call, tag: u32| {
        let authorized = Authorized { call, tag, priority: pool::PATIENT, longevity: pool::PATIENCE };
        authorized.refunding(Weight::from_parts(3, 0)).expect("it was found good")
    };
    let (one, unused) = valid("ratio1/rewards/claim", 1);
    assert_eq!((one.priority, one.longevity, one.propagate, unused.ref_time()), (1, 64, true, 3));
    assert_eq!(one.provides, [("ratio1/rewards/claim", 1u32).encode()]);
    assert_ne!(one.provides, valid("ratio1/rewards/claim", 2).0.provides);
    assert_ne!(one.provides, valid("ratio1/nodes/declare", 1).0.provides);
}

#[test]
fn bounds_include_both_ends() {
    let inside = |value: u32| within(value, (2, 4));
    assert_eq!([1, 2, 3, 4, 5].map(inside), [false, true, true, true, false]);
}
