//! How people come by an attestation and by R1, from a chain without any.

use super::{entity, Person, Shape, Sim, FOUNDATION, LIQUIDITY, REGISTRAR};
use frame_support::assert_ok;
use ratio1_primitives::{
    economics::{price::USD, R1},
    kyc::{Country, EntityKind},
    EpochIndex, LicenseId,
};
use ratio1_runtime::Balance;
use sp_runtime::DispatchError;

/// Far away.
pub const LATER: EpochIndex = EpochIndex(100_000);

/// A chain on which the Genesis deed mines, and the liquidity wallet has something to give.
pub fn funded(shape: Shape) -> Sim {
    let genesis = LicenseId(0);
    let mut sim = Sim::new(shape);
    let foundation = Person::new(FOUNDATION);
    sim.run_to_epoch(1);
    let link = sim.link_call(&foundation, genesis, &foundation);
    assert_ok!(sim.submit(&foundation, link).unwrap());
    let epoch = sim.current();
    let present = |license: LicenseId| if license.0 <= shape.oracles { 255 } else { 0 };
    sim.settle(epoch, Some(USD / 4), present);
    assert_ok!(sim.claim(genesis).unwrap());
    sim
}

/// The liquidity wallet pays somebody, without a fee.
pub fn fund(sim: &mut Sim, to: &Person, amount: Balance) {
    let purpose = b"market making".to_vec().try_into().unwrap();
    let call = pallet_pools::Call::disburse_liquidity { to: to.id(), amount, purpose };
    assert_ok!(sim.submit(&Person::new(LIQUIDITY), call).unwrap());
}

/// The registrar attests somebody, and pays for it.
pub fn attest(sim: &mut Sim, who: &Person, country: &[u8; 2], expires: EpochIndex) -> Result<(), DispatchError> {
    let (entity, country) = (entity(&who.id()).0, Country(*country));
    let call = pallet_kyc::Call::attest { who: who.id(), entity, kind: EntityKind::Individual, country, expires };
    sim.submit(&Person::new(REGISTRAR), call).unwrap()
}

/// Somebody attested with R1.
pub fn newcomer(sim: &mut Sim, name: &str, country: &[u8; 2], amount: Balance) -> Person {
    let person = Person::new(name);
    fund(sim, &Person::new(REGISTRAR), R1);
    fund(sim, &person, amount);
    assert_ok!(attest(sim, &person, country, LATER));
    person
}
