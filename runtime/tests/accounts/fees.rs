//! What a transaction costs, and who gets it.

use crate::common::{
    people::{fund, funded},
    Person, Shape, Sim, Step,
};
use codec::Encode;
use frame_support::{dispatch::GetDispatchInfo, traits::Get};
use pallet_transaction_payment::{Event as FeeEvent, Multiplier};
use ratio1_primitives::{
    economics::{
        price::{BOUNDS, USD},
        R1,
    },
    EpochIndex,
};
use ratio1_runtime::{
    configs::{tx_extension, MaximumMultiplier, MinimumMultiplier},
    facts, Authorship, Balance, Balances, Runtime, RuntimeCall, RuntimeEvent, SignedPayload, System,
    UncheckedExtrinsic,
};
use sp_core::Pair;
use sp_runtime::{
    traits::{Convert, TransactionExtension},
    transaction_validity::InvalidTransaction,
    ApplyExtrinsicResult, FixedPointNumber,
};

fn remark(n: usize) -> RuntimeCall {
    frame_system::Call::remark { remark: vec![n as u8; 64] }.into()
}

/// The author of every fourth block from now on, which is the next but three.
fn author(sim: &mut Sim) -> Person {
    let mut author = None;
    sim.steps_after(1, vec![], |_, _| author = Authorship::author());
    let author = author.expect("every block has an author");
    sim.oracles.iter().find(|oracle| oracle.id() == author).expect("the authors are the oracles").clone()
}

/// What a block says that has no room.
fn full() -> ApplyExtrinsicResult {
    Err(InvalidTransaction::ExhaustsResources.into())
}

/// Fee and tip of each transaction of the last block.
fn fees(sim: &mut Sim) -> Vec<(Balance, Balance)> {
    let events = sim.ext.execute_with(System::events);
    let paid = events.into_iter().filter_map(|record| match record.event {
        RuntimeEvent::TransactionPayment(FeeEvent::TransactionFeePaid { actual_fee, tip, .. }) => {
            Some((actual_fee, tip))
        }
        _ => None,
    });
    paid.collect()
}

#[test]
fn an_author_pays_when_it_fills_its_own_blocks() {
    let mut sim = funded(Shape::default());
    let author = author(&mut sim);
    fund(&mut sim, &author, 100 * R1);
    // Four authorities in turn: the next block of the same author.
    while self::author(&mut sim).id() != author.id() {}
    let (before, burned) = (sim.balance(&author.id()), sim.ext.execute_with(facts::supply).burned);
    let issued = sim.ext.execute_with(Balances::total_issuance);
    let steps = || (0..200).map(|n| Step::Signed(Box::new(author.account.clone()), remark(n))).collect();
    let mut in_block = None;
    // The last block of a session has no room.
    let results = loop {
        let results = sim.steps_after(4, steps(), |_, _| in_block = Authorship::author());
        if results[0] != full() {
            break results;
        }
    };
    assert_eq!(in_block, Some(author.id()));
    assert!(results.iter().all(|result| *result == Ok(Ok(()))));
    let fees = fees(&mut sim);
    assert_eq!(fees.len(), 200);
    // What it pays itself with the one hand, it loses half of with the other.
    let lost: Balance = fees.iter().map(|(fee, _)| fee / 2).sum();
    assert!(lost > 0);
    assert_eq!(before - sim.balance(&author.id()), lost);
    assert_eq!(sim.ext.execute_with(facts::supply).burned, burned + lost, "burned and counted");
    assert_eq!(sim.ext.execute_with(Balances::total_issuance), issued - lost);
}

#[test]
fn a_tip_is_the_authors_alone() {
    let mut sim = funded(Shape::default());
    let (payer, author) = (Person::new("Payer"), author(&mut sim));
    fund(&mut sim, &payer, 100 * R1);
    while self::author(&mut sim).id() != author.id() {}
    let xt = sim.ext.execute_with(|| {
        let (call, ext) = (remark(1), tx_extension(System::account_nonce(payer.id()), 5 * R1));
        let payload = SignedPayload::new(call.clone(), ext.clone()).unwrap();
        let signature = payload.using_encoded(|bytes| payer.account.sign(bytes));
        UncheckedExtrinsic::new_signed(call, payer.id().into(), signature.into(), ext)
    });
    let (before, left) = (sim.balance(&author.id()), sim.balance(&payer.id()));
    let result = loop {
        let result = sim.block_after(4, vec![xt.clone()]);
        if result[0] != full() {
            break result;
        }
    };
    assert_eq!(result, [Ok(Ok(()))]);
    let [(paid, tip)] = fees(&mut sim)[..] else { panic!("one transaction") };
    assert_eq!(tip, 5 * R1);
    assert_eq!(left - sim.balance(&payer.id()), paid);
    let fee = paid - tip;
    assert_eq!(sim.balance(&author.id()) - before, tip + fee - fee / 2);
}

/// The least multiplier while an R1 costs so much.
fn least_at(price: u128) -> Multiplier {
    let rate = pallet_price::Rate {
        price,
        source: pallet_price::Source::Oracles,
        epoch: EpochIndex(0),
        posted: EpochIndex(0),
    };
    pallet_price::Posted::<Runtime>::put(pallet_price::Rates { last: rate, before: None });
    MinimumMultiplier::get()
}

#[test]
fn spam_costs_as_many_dollars_whatever_an_r1_costs() {
    sp_io::TestExternalities::new_empty().execute_with(|| {
        let tenth = Multiplier::saturating_from_rational(1, 10);
        assert_eq!(MinimumMultiplier::get(), tenth, "without a rate");
        assert_eq!(least_at(USD / 4), tenth);
        // Two and a half cents for a second of execution, between the bounds.
        for price in [USD / 10_000, USD / 100, USD / 4, USD, 25 * USD] {
            let second = least_at(price).saturating_mul_int(price);
            assert!(second.abs_diff(USD / 40) <= price / 1_000_000, "{second} at {price}");
        }
        assert_eq!(least_at(BOUNDS.0), Multiplier::from_u32(250));
        assert_eq!(least_at(BOUNDS.1), Multiplier::saturating_from_rational(1, 1_000));
        assert!(least_at(BOUNDS.0) < MaximumMultiplier::get());
    });
}

#[test]
fn fees_have_a_ceiling_and_a_floor_when_blocks_are_full_or_empty_for_ever() {
    type Update = <Runtime as pallet_transaction_payment::Config>::FeeMultiplierUpdate;
    let mut sim = Sim::new(Shape::default());
    sim.ext.execute_with(|| {
        let full = ratio1_runtime::configs::RuntimeBlockWeights::get().max_block;
        System::set_block_consumed_resources(full, 0);
        let most = MaximumMultiplier::get();
        assert_eq!(most, Multiplier::from_u32(1_000));
        assert!(Update::convert(Multiplier::from_u32(1)) > Multiplier::from_u32(1));
        assert_eq!(Update::convert(most), most);
        assert_eq!(Update::convert(Multiplier::from_u32(5_000)), most);
        // As soon as the rate falls, the floor rises.
        System::set_block_consumed_resources(Default::default(), 0);
        let floor = least_at(USD / 1_000);
        assert_eq!(floor, Multiplier::from_u32(25));
        assert_eq!(Update::convert(Multiplier::from_u32(1)), floor);
    });
}

#[test]
fn a_transfer_weighs_what_this_chains_database_costs() {
    sp_io::TestExternalities::new_empty().execute_with(|| {
        let dest = Person::new("Payee").id().into();
        let call = RuntimeCall::from(pallet_balances::Call::transfer_keep_alive { dest, value: 1 });
        let extensions = tx_extension(0, 0).weight(&call).ref_time();
        let own = call.get_dispatch_info().call_weight.ref_time();
        println!("a transfer weighs {own} + {extensions} picoseconds");
        // 552 million when the extensions were charged by another database.
        assert!(own + extensions < 420_000_000, "{own} + {extensions}");
        type Ours = <Runtime as frame_system::Config>::ExtensionsWeightInfo;
        use frame_system::ExtensionsWeightInfo as _;
        let (ours, another) =
            (Ours::check_nonce().ref_time(), <() as frame_system::ExtensionsWeightInfo>::check_nonce());
        assert!(ours < another.ref_time());
    });
}
