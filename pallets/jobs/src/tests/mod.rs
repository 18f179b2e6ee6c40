//! Scenarios in the order of a job's life, a file for each subject.

mod blame;
mod cancelling;
mod changing;
mod corruption;
mod drawing;
mod fairness;
mod feeless;
mod indices;
mod leaving;
mod lifecycle;
mod model;
mod offers;
mod periods;
mod polling;
mod redrawing;
mod rejecting;
mod requesting;
mod settling;
mod turns;
mod validating;
mod views;
mod wasting;

use crate::{
    mock::{Jobs, *},
    *,
};
use alloc::{boxed::Box, vec, vec::Vec};
use frame_support::{assert_noop, assert_ok, weights::Weight};
use pallet_draws::Event as DrawEvent;
use ratio1_primitives::{
    economics::R1,
    jobs::{
        draw, Client, Drawn, Gpu, JobRequest, Outcome, Reputation, SlotRef, Tier, MAX_EPOCHS, MAX_LOOKED_FOR,
        MAX_NODES, REJECTION_EPOCHS,
    },
    kyc::{Country, EntityKind},
    refusal::{KycRefusal, PriceRefusal},
    AccountId, Balance, EpochIndex, JobId, LicenseClass, LicenseId,
};
use sp_runtime::{transaction_validity::InvalidTransaction, DispatchError};

type E = Error<Test>;

/// The price of a `Low2` node per epoch at [`QUARTER`].
const PRICE: Balance = 4 * R1;
/// The fee of a request.
const FEE: Balance = R1 / 100;
/// What is held for a slot's further draws.
const DRAWS: Balance = 16 * FEE;

/// What became of a call that says what it weighed.
fn plain(result: frame_support::dispatch::DispatchResultWithPostInfo) -> Result<(), DispatchError> {
    result.map(|_| ()).map_err(|refused| refused.error)
}

/// Short for an epoch's index.
fn e(n: u32) -> EpochIndex {
    EpochIndex(n)
}

/// The code of a refused transaction of a node.
fn code(error: E) -> sp_runtime::transaction_validity::TransactionValidityError {
    InvalidTransaction::Custom(codec::Encode::encode(&error)[0]).into()
}

/// Equation 12, counted here: `price * active / epoch * byte / 255`, rounded down once.
fn earns(price: Balance, active_ms: u64, byte: u8) -> Balance {
    price * Balance::from(active_ms) * Balance::from(byte) / (Balance::from(EPOCH_MS) * 255)
}

/// What is burned of a payment.
fn tax(gross: Balance) -> Balance {
    gross * 15 / 100
}

/// Milliseconds of the running epoch that are left.
fn rest_of_epoch() -> u64 {
    clock().epoch_start(running().plus(1)) - Now::get()
}

/// Where everybody's money is: free and held of the requester, what was burned, free of the node's owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Money {
    free: Balance,
    held: Balance,
    burned: Balance,
    operator: Balance,
}

fn money(requester: &AccountId, operator: &AccountId) -> Money {
    Money { free: free(requester), held: on_hold(requester), burned: Burned::get(), operator: free(operator) }
}

fn closed(job: JobId) -> Option<Closing> {
    match job_of(job).state {
        JobState::Closed(closing) => Some(closing),
        _ => None,
    }
}

/// What was paid and burned for the work of a job, by the events.
fn released(job: JobId) -> Vec<(u32, u32, Balance)> {
    let of = |event| match event {
        Event::Released { slot, license, period, gross, burned, paid, .. } if slot.job == job => {
            assert_eq!((burned, paid), (tax(gross), gross - tax(gross)));
            Some((license.0, period, gross))
        }
        _ => None,
    };
    events().into_iter().filter_map(of).collect()
}

/// A license that serves with the price of its slots, and a job of one node served from `FIRST` on.
struct Served {
    job: JobId,
    id: SlotRef,
    index: u32,
    /// Milliseconds of its first epoch in which it serves.
    first_ms: u64,
}

/// One node of a job of `epochs` epochs of Alice's, served.
fn served(epochs: u32) -> Served {
    let job = ask(alice(), JobRequest { epochs, ..request() });
    let id = slot(job, 0);
    let index = serve(id);
    assert_eq!(running(), e(FIRST));
    Served { job, id, index, first_ms: rest_of_epoch() }
}

/// The same, served well through a whole epoch: whoever leaves it from now on is to blame. The third epoch runs.
fn served_well(epochs: u32) -> Served {
    let served = served(epochs);
    for epoch in [FIRST, FIRST + 1] {
        run_to_epoch(epoch + 1);
        close_epoch(epoch, &[]);
    }
    next_block();
    assert!(slot_of(served.id).trial.fit);
    served
}

/// The service at an index.
fn service(index: u32) -> Service<AccountId> {
    Services::<Test>::get(index).expect("it is stored")
}

fn has_event(event: Event<Test>) {
    assert!(events().contains(&event), "{event:?} is not in {:#?}", events());
}

/// The states a job went through, by its events.
fn states(of: JobId) -> Vec<JobState> {
    let moved = |event| match event {
        Event::JobStateChanged { job, state } if job == of => Some(state),
        _ => None,
    };
    events().into_iter().filter_map(moved).collect()
}

fn has_draw_event(event: DrawEvent<Test>) {
    assert!(draw_events().contains(&event), "{event:?} is not in {:#?}", draw_events());
}

fn just_ask(who: AccountId, request: JobRequest) {
    ask(who, request);
}

fn absent(license: u32) {
    <Jobs as ratio1_primitives::traits::JobSlots>::absent(LicenseId(license));
}

/// What came to nothing, by the events: the slot, and what was burned for it.
fn wasted() -> Vec<(SlotRef, Balance)> {
    let of = |event| match event {
        Event::CameToNothing { slot, burned, .. } => Some((slot, burned)),
        _ => None,
    };
    events().into_iter().filter_map(of).collect()
}

/// What the fees of draws have burned.
fn fees(job: JobId) -> Balance {
    burned_for_draws(job).into_iter().sum()
}

/// Blocks until the slot is served by the one other license: `first` is not drawn for it any more.
fn served_by_another(id: SlotRef, first: u32) -> (u32, u32) {
    let index = serve(id);
    assert_ne!(server(id), first);
    (index, server(id))
}

/// A slot whose first node was found to provide nothing in its first epoch, and left; the second epoch runs.
fn failed(epochs: u32) -> (Served, u32) {
    let served = served(epochs);
    let license = server(served.id);
    run_to_epoch(FIRST + 1);
    close_epoch(FIRST, &[(served.index, 0)]);
    next_block();
    assert!(service(served.index).left.is_some());
    (served, license)
}

/// Close `epoch` once it is over, with the same byte for every service.
fn close_later(epoch: u32, byte: u8) {
    run_to_epoch(epoch + 1);
    let all: Vec<(u32, u8)> = (0..Indices::<Test>::get()).map(|index| (index, byte)).collect();
    close_epoch(epoch, &all);
    next_block();
}
