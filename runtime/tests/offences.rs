//! A real equivocation, reported to the real runtime: the offender is disabled at once and removed for good.

mod common;

use codec::Encode;
use common::{Shape, Sim};
use frame_support::{assert_ok, traits::KeyOwnerProofSystem};
use ratio1_primitives::{traits::OracleInspect, AccountId, LicenseId};
use ratio1_runtime::{facts, Header, Historical, Oracles, RuntimeCall, Session, UncheckedExtrinsic};
use sp_consensus_babe::{
    digests::{PreDigest, SecondaryPlainPreDigest},
    AuthorityPair, EquivocationProof, BABE_ENGINE_ID,
};
use sp_core::Pair;
use sp_runtime::{generic::DigestItem, traits::Header as _};

/// A header of slot 9 by the first authority, sealed with its key.
fn sealed(author: &AuthorityPair, state: u8) -> Header {
    let mut header = Header::new(9, Default::default(), [state; 32].into(), Default::default(), Default::default());
    let pre = PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index: 0, slot: 9.into() });
    header.digest_mut().push(DigestItem::PreRuntime(BABE_ENGINE_ID, pre.encode()));
    let seal = author.sign(header.hash().as_ref());
    header.digest_mut().push(DigestItem::Seal(BABE_ENGINE_ID, seal.encode()));
    header
}

fn report(sim: &mut Sim, author: &AuthorityPair) -> UncheckedExtrinsic {
    let proof = EquivocationProof {
        offender: author.public(),
        slot: 9.into(),
        first_header: sealed(author, 1),
        second_header: sealed(author, 2),
    };
    let key_owner_proof = sim
        .ext
        .execute_with(|| Historical::prove((sp_consensus_babe::KEY_TYPE, author.public())))
        .expect("the offender is an authority");
    let call = pallet_babe::Call::report_equivocation_unsigned { equivocation_proof: Box::new(proof), key_owner_proof };
    UncheckedExtrinsic::new_bare(RuntimeCall::from(call))
}

#[test]
fn an_oracle_that_equivocates_is_disabled_at_once_and_never_returns() {
    let mut sim = Sim::new(Shape::default());
    let offender: AccountId = sim.oracles[0].id();
    let author = AuthorityPair::from_string("//Oracle0", None).unwrap();
    assert_eq!(sim.ext.execute_with(Session::disabled_validators), Vec::<u32>::new());

    let reported = report(&mut sim, &author);
    assert_ok!(sim.include(reported).unwrap());
    assert_eq!(sim.ext.execute_with(Session::disabled_validators), [0]);
    assert!(sim.ext.execute_with(|| <Oracles as OracleInspect<AccountId>>::is_barred(&offender)));

    // Reported again: nothing more happens.
    let again = report(&mut sim, &author);
    assert!(sim.include(again).is_err());

    // Two rotations later it is no validator, and nobody can admit it.
    for _ in 0..3 * sim.shape.session_blocks {
        sim.block(vec![]);
    }
    assert!(!sim.ext.execute_with(Session::validators).contains(&offender));
    assert_eq!(sim.ext.execute_with(facts::oracles).len(), 3);
    let admit = RuntimeCall::from(pallet_oracles::Call::admit { license: LicenseId(1) });
    assert!(sim.as_root(admit).is_err());
}

#[test]
fn a_forged_report_harms_nobody() {
    let mut sim = Sim::new(Shape::default());
    let stranger = AuthorityPair::from_string("//Stranger", None).unwrap();
    let author = AuthorityPair::from_string("//Oracle0", None).unwrap();
    let proof = EquivocationProof {
        offender: author.public(),
        slot: 9.into(),
        first_header: sealed(&stranger, 1),
        second_header: sealed(&stranger, 2),
    };
    let key_owner_proof = sim
        .ext
        .execute_with(|| Historical::prove((sp_consensus_babe::KEY_TYPE, author.public())))
        .expect("an authority");
    let call = pallet_babe::Call::report_equivocation_unsigned { equivocation_proof: Box::new(proof), key_owner_proof };
    let result = sim.include(UncheckedExtrinsic::new_bare(RuntimeCall::from(call)));
    assert!(result.is_err() || result.is_ok_and(|r| r.is_err()));
    assert!(sim.ext.execute_with(Session::disabled_validators).is_empty());
}
