//! Scenarios in lifecycle order.

mod enacting;
mod motions;
mod parameters;
mod pausing;

use crate::{mock::*, BoundedCallOf};
use codec::Encode;
use frame_support::traits::{Bounded, StorePreimage};
use sp_runtime::{traits::Dispatchable, DispatchResult};

/// A payment by root: moves 100 of ALICE's to BOB.
fn payment() -> RuntimeCall {
    pallet_balances::Call::force_transfer { source: ALICE, dest: BOB, value: 100 }.into()
}

fn in_place(call: impl Into<RuntimeCall>) -> BoundedCallOf<Test> {
    Bounded::Inline(call.into().encode().try_into().expect("a short call"))
}

/// The call as a preimage that ALICE noted.
fn noted(call: impl Into<RuntimeCall>) -> BoundedCallOf<Test> {
    let bytes = call.into().encode();
    assert!(bytes.len() <= Preimage::MAX_LENGTH);
    Preimage::note_preimage(RuntimeOrigin::signed(ALICE), bytes.clone()).expect("noted");
    let hash = sp_io::hashing::blake2_256(&bytes).into();
    // The mock hashes with BLAKE2, as the real runtime does.
    Bounded::Lookup { hash, len: bytes.len() as u32 }
}

/// Two thirds decide; returns the enactment's id.
fn decide(call: BoundedCallOf<Test>) -> u32 {
    let id = crate::NextId::<Test>::get();
    Governance::schedule(council(2), call).expect("scheduled");
    id
}

fn transfer() -> DispatchResult {
    let call: RuntimeCall = pallet_balances::Call::transfer_keep_alive { dest: BOB, value: 1 }.into();
    call.dispatch(RuntimeOrigin::signed(ALICE)).map(|_| ()).map_err(|e| e.error)
}

/// Everything of this pallet's that happened in this block.
fn events() -> Vec<crate::Event<Test>> {
    System::events()
        .into_iter()
        .filter_map(|r| match r.event {
            RuntimeEvent::Governance(e) => Some(e),
            _ => None,
        })
        .collect()
}
