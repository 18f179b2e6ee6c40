//! Governance: a council of three edges, its decisions and its delay.

use super::{Person, Shape, Sim};
use codec::Encode;
use frame_support::{assert_ok, traits::Bounded};
use ratio1_primitives::{EpochIndex, LicenseId};
use ratio1_runtime::{Governance, Preimage, RuntimeCall, RuntimeOrigin};
use sp_runtime::{
    traits::{BlakeTwo256, Dispatchable, Hash},
    BoundedVec, DispatchResult,
};

/// A chain whose council are three edges with some R1.
pub fn chain() -> (Sim, Vec<Person>) {
    chain_of(Shape { edges: 3, ..Shape::default() })
}

/// A chain of this shape, with three edges.
pub fn chain_of(shape: Shape) -> (Sim, Vec<Person>) {
    let mut sim = Sim::new(shape);
    settle(&mut sim, EpochIndex(1));
    let members = sim.edges.clone();
    for license in 0..3 {
        assert_ok!(sim.claim(LicenseId(1 + shape.oracles + license)).unwrap());
    }
    let new_members = members.iter().map(Person::id).collect();
    assert_ok!(sim.as_root(pallet_collective::Call::set_members { new_members, prime: None, old_count: 4 }.into()));
    (sim, members)
}

/// Everybody reports full availability of all nodes for `epoch`.
pub fn settle(sim: &mut Sim, epoch: EpochIndex) {
    sim.settle(epoch, None, |license| if license.0 == 0 { 0 } else { 255 });
}

/// Two of three members, without the motion: through the same filters.
pub fn capture(sim: &mut Sim, call: impl Into<RuntimeCall>) -> DispatchResult {
    let (call, origin) = (call.into(), pallet_collective::RawOrigin::Members(2, 3));
    sim.ext.execute_with(|| call.dispatch(origin.into())).map(|_| ()).map_err(|e| e.error)
}

/// The call, noted where it is too long to be given in place.
pub fn bounded(sim: &mut Sim, call: &RuntimeCall) -> Bounded<RuntimeCall, BlakeTwo256> {
    let bytes = call.encode();
    match BoundedVec::try_from(bytes.clone()) {
        Ok(short) => Bounded::Inline(short),
        Err(_) => {
            let (hash, len) = (BlakeTwo256::hash(&bytes), bytes.len() as u32);
            sim.ext.execute_with(|| Preimage::note_preimage(RuntimeOrigin::root(), bytes).expect("noted"));
            Bounded::Lookup { hash, len }
        }
    }
}

/// Decide a call.
pub fn schedule(sim: &mut Sim, call: impl Into<RuntimeCall>) -> DispatchResult {
    let call = bounded(sim, &call.into());
    capture(sim, pallet_governance::Call::schedule { call })
}

/// Run until everything that was decided is enacted, with a block every so many slots: in the first block with room after
/// what was decided last is due. The number of blocks that took.
pub fn run_delay_at(sim: &mut Sim, slots: u64) -> u32 {
    let (decided, due) = (sim.number, sim.ext.execute_with(Governance::pending).iter().map(|p| p.due.ms).max());
    let now = |sim: &mut Sim| sim.ext.execute_with(pallet_timestamp::Now::<ratio1_runtime::Runtime>::get);
    while sim.ext.execute_with(|| !Governance::pending().is_empty()) {
        assert!(sim.number < decided + 2_000, "still pending");
        sim.block_after(slots, vec![]);
    }
    assert!(due.is_none_or(|due| now(sim) > due), "enacted before the delay was over");
    sim.number - decided
}

/// As [`run_delay_at`], on a network in health.
pub fn run_delay(sim: &mut Sim) {
    run_delay_at(sim, 1);
}
