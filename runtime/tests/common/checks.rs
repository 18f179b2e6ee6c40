//! What must hold after every block.

use ratio1_runtime::{
    Availability, Balance, Balances, Draws, Governance, Jobs, Kyc, Licenses, Nodes, Oracles, Pools, Price, Rewards,
    Runtime, Sale,
};

/// Every invariant of our pallets, and that every base unit is on some account.
pub fn check_invariants() {
    Kyc::do_try_state().expect("kyc");
    Licenses::do_try_state().expect("licenses");
    Oracles::do_try_state().expect("oracles");
    Availability::do_try_state().expect("availability");
    Rewards::do_try_state().expect("rewards");
    Price::do_try_state().expect("price");
    Sale::do_try_state().expect("sale");
    Pools::do_try_state().expect("pools");
    Governance::do_try_state().expect("governance");
    Nodes::do_try_state().expect("nodes");
    Draws::do_try_state().expect("draws");
    Jobs::do_try_state().expect("jobs");
    check_conservation();
}

/// Issuance is what the accounts have, and what was minted less what was burned: counted here, not by the pallets.
fn check_conservation() {
    let everything: Balance =
        frame_system::Account::<Runtime>::iter().map(|(_, a)| a.data.free + a.data.reserved).sum();
    let issuance = Balances::total_issuance();
    assert_eq!(everything, issuance, "the accounts do not add up to issuance");
    let minted: Balance = pallet_rewards::Minted::<Runtime>::iter().map(|(_, amount)| amount).sum();
    assert_eq!(minted - pallet_rewards::Burned::<Runtime>::get(), issuance, "issuance is not minted less burned");
}
