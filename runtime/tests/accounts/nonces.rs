//! An account that is reaped begins again at nonce zero, unless somebody attested it (`docs/operate/exchanges.md`).

use crate::common::{
    people::{fund, funded, newcomer},
    validity, Person, Shape, Sim,
};
use frame_support::assert_ok;
use ratio1_primitives::economics::R1;
use ratio1_runtime::{System, UncheckedExtrinsic};
use sp_runtime::transaction_validity::InvalidTransaction;

/// `who` pays 1 R1 in a transaction that never expires, and then everything it has; that transaction.
fn empty(sim: &mut Sim, who: &Person) -> UncheckedExtrinsic {
    let dest = Person::new("Carol").id();
    let pay = sim.signed(who, pallet_balances::Call::transfer_allow_death { dest: dest.into(), value: R1 });
    assert_ok!(sim.include(pay.clone()).unwrap());
    let dest = Person::new("Dora").id().into();
    assert_ok!(sim.submit(who, pallet_balances::Call::transfer_all { dest, keep_alive: false }).unwrap());
    // An account that stays may get back what its fee was too high.
    assert!(sim.balance(&who.id()) < R1 / 100);
    pay
}

#[test]
fn an_old_transaction_is_stale_when_the_account_was_attested() {
    let mut sim = funded(Shape::default());
    let alice = newcomer(&mut sim, "Alice", b"RO", 10 * R1);
    let pay = empty(&mut sim, &alice);
    fund(&mut sim, &alice, 10 * R1);
    assert_eq!(validity(&mut sim, pay), Err(InvalidTransaction::Stale.into()));
    assert_eq!(sim.ext.execute_with(|| System::account_nonce(alice.id())), 2);
}

/// What the documents warn of. A nonce that begins elsewhere would make the metadata's default depend on the block, and
/// break tools that compare it.
#[test]
fn an_old_transaction_runs_again_when_an_account_that_nobody_attested_was_emptied_and_paid_again() {
    let mut sim = funded(Shape::default());
    let bob = Person::new("Bob");
    fund(&mut sim, &bob, 10 * R1);
    let pay = empty(&mut sim, &bob);
    assert_eq!(sim.ext.execute_with(|| System::account_nonce(bob.id())), 0, "it is reaped");
    fund(&mut sim, &bob, 10 * R1);
    assert_ok!(sim.include(pay).unwrap());
    assert_eq!(sim.balance(&Person::new("Carol").id()), 2 * R1);
    // One that is never emptied keeps its nonce, attested or not: the advice to exchanges.
    let eve = Person::new("Eve");
    fund(&mut sim, &eve, 10 * R1);
    let pay = sim.signed(&eve, pallet_balances::Call::transfer_keep_alive { dest: bob.id().into(), value: R1 });
    assert_ok!(sim.include(pay.clone()).unwrap());
    let dest = Person::new("Dora").id().into();
    assert_ok!(sim.submit(&eve, pallet_balances::Call::transfer_all { dest, keep_alive: true }).unwrap());
    fund(&mut sim, &eve, 10 * R1);
    assert_eq!(validity(&mut sim, pay), Err(InvalidTransaction::Stale.into()));
}
